"""A council's own rules: checked when they are proposed and when they are signed, and used where they count.

What is signed is the ruleset as it is used: the file, the ruleset that it extends, and the options chosen. Where any of
them changes, it is signed again.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Engine

from families.casebook import signing
from families.casebook.signing import Proposed
from families.casebook.views import Reader
from families.criteria.rulebook import LoadedRuleset, ruleset_of
from families.errors import Refused

MOST_BYTES = 1_000_000
PROPOSED = "The file proposed"


def propose(engine: Engine, by: Reader, content: bytes, *, name: str, counts_from: dt.date, reason: str) -> str:
    """Propose a file of rules to whoever signs; its id. Raises Refused with every mistake of the file at once."""
    if len(content) > MOST_BYTES:
        raise Refused(f"{name} is larger than a file of rules can be: {MOST_BYTES // 1_000_000} MB at most.")
    loaded = ruleset_of(content, name)
    authority = loaded.overlay.authority if loaded.overlay else None
    proposed = Proposed(loaded.sha256, loaded.rules.id, authority, content)
    return signing.propose(engine, by, proposed, counts_from=counts_from, reason=reason)


def rules_of(engine: Engine, reader: Reader, version_id: str) -> LoadedRuleset:
    """A version as a ruleset. Raises Refused where it no longer fits the rules that are installed."""
    return ruleset_of(signing.content_of(engine, reader, version_id), PROPOSED)


def sign(engine: Engine, by: Reader, version_id: str) -> None:
    """Sign what somebody else proposed; what fitted when it was proposed may not fit now, and is not signed."""
    signing.sign(engine, by, version_id, fits=lambda content: ruleset_of(content, PROPOSED))


def require_signed(engine: Engine, ruleset: LoadedRuleset, *, as_of: dt.date) -> None:
    """Refuse a council's own rules that nobody signed, or that do not count on the day asked about."""
    signing.require_signed(engine, ruleset.sha256, ruleset=ruleset.rules.id, as_of=as_of)
