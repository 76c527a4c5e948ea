"""The key of the audit trail, which lies outside the database, and from which other keys are derived.

It is `FAMILIES_AUDIT_KEY`, or a file made at first use: beside a SQLite casebook, else in the home. It is never made a
second time for a trail that has begun.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from sqlalchemy import URL

from families.errors import Refused
from families.settings import Settings

SHORTEST_KEY = 32
KEY_FILE = "audit.key"


def audit_key(url: URL, *, has_begun: bool = True) -> bytes:
    """The key of this casebook's trail; a new one only where the trail has not begun."""
    given = Settings().audit_key
    if given is not None:
        if len(given.get_secret_value()) < SHORTEST_KEY:
            raise Refused(f"FAMILIES_AUDIT_KEY is too short: give it at least {SHORTEST_KEY} random characters.")
        return given.get_secret_value().encode()
    file = _key_file(url)
    if not file.is_file():
        if has_begun:
            raise Refused(
                f"The key of the audit trail is not in {file.name} any more, and nothing can be written down without "
                "it: put the file back from where it is kept, or set FAMILIES_AUDIT_KEY."
            )
        _make_key(file)
    return file.read_bytes().strip()


def _key_file(url: URL) -> Path:
    is_file = url.get_backend_name() == "sqlite" and url.database
    return (Path(str(url.database)).parent if is_file else Settings().home) / KEY_FILE


def _make_key(file: Path) -> None:
    """A new key that nobody else may read; of two made at once the first stays."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as handle:
        handle.write(secrets.token_hex(32) + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    try:
        os.link(temporary, file)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
