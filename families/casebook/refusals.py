"""Who was refused what is written down, in a transaction of its own, before they are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from families.casebook import audit
from families.casebook.database import audited
from families.casebook.views import Reader
from families.errors import NotAllowed


@contextmanager
def refusals_noted(engine: Engine, by: Reader, action: str) -> Iterator[None]:
    """Write down that somebody was refused (`action`_refused), and why."""
    try:
        yield
    except NotAllowed as refusal:
        with audited(engine, by) as connection:
            audit.note(connection, by, action=f"{action}_refused", family_ids=[None], detail={"why": str(refusal)})
        raise
