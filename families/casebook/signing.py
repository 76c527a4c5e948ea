"""Versions of a council's own rules: one person proposes, another signs, and each counts from a day.

A version that was signed stays for the days before the next one counts.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, and_, insert, inspect, select, update

from families.casebook import audit
from families.casebook.access import require_recent, require_rules, require_signing_rules
from families.casebook.case_store import staff_names
from families.casebook.database import reading, writing
from families.casebook.models import table
from families.casebook.refusals import refusals_noted
from families.casebook.rules_models import RulesVersion
from families.casebook.views import Reader
from families.errors import NotAllowed, Refused

VERSION = table(RulesVersion)
V = VERSION.c
MOST_WORDS = 500


@dataclass(frozen=True)
class Proposed:
    """A file of rules that was checked: its hash as a ruleset, the ruleset it extends, and whose it is."""

    sha256: str
    ruleset: str
    authority: str | None
    content: bytes


@dataclass(frozen=True)
class VersionLine:
    """A version of the council's own rules, as pages list it; people by what they are called."""

    version_id: str
    sha256: str
    ruleset: str
    authority: str | None
    counts_from: dt.date
    reason: str
    proposed_by: str
    proposed_at: dt.datetime
    signed_by: str | None
    signed_at: dt.datetime | None
    withdrawn_by: str | None
    withdrawn_at: dt.datetime | None
    is_mine: bool

    @property
    def waits(self) -> bool:
        """Whether somebody has yet to sign it."""
        return self.signed_at is None and self.withdrawn_at is None


def versions(engine: Engine, reader: Reader) -> tuple[VersionLine, ...]:
    """Every version of the council's own rules, the last proposed first."""
    require_rules(reader)
    with reading(engine) as connection:
        if not inspect(connection).has_table(VERSION.name):
            return ()
        names = staff_names(connection)
        columns = [each for each in V if each.name != "content"]
        rows = connection.execute(select(*columns).order_by(V.proposed_at.desc(), V.version_id)).all()
    return tuple(_line(row, names, reader) for row in rows)


def _line(row: Row[Any], names: dict[str, str], reader: Reader) -> VersionLine:
    people = {
        name: names.get(given, given) if (given := getattr(row, name)) else None
        for name in ("proposed_by", "signed_by", "withdrawn_by")
    }
    return VersionLine(**{**row._mapping, **people}, is_mine=row.proposed_by == reader.staff_id)


def content_of(engine: Engine, reader: Reader, version_id: str) -> bytes:
    """The file of a version, as it was proposed."""
    require_rules(reader)
    with reading(engine) as connection:
        return bytes(_version(connection, version_id).content)


def propose(engine: Engine, by: Reader, proposed: Proposed, *, counts_from: dt.date, reason: str) -> str:
    """Keep a file of rules for whoever signs; its id."""
    with refusals_noted(engine, by, "propose_rules"):
        require_rules(by)
        if not reason.strip():
            raise Refused("Say why these rules are proposed: it is kept with them.")
        version_id = uuid.uuid4().hex
        row = {
            **{"version_id": version_id, "counts_from": counts_from, "reason": reason.strip()[:MOST_WORDS]},
            **{"proposed_by": by.staff_id, "proposed_at": dt.datetime.now(dt.UTC)},
        }
        with writing(engine, by) as connection:
            is_there = and_(V.sha256 == proposed.sha256, V.counts_from == counts_from, V.withdrawn_at.is_(None))
            if connection.execute(select(V.version_id).where(is_there)).first():
                raise Refused("These rules are proposed already, from the same day.")
            connection.execute(insert(VERSION), [row | asdict(proposed)])
            _note(connection, by, "propose_rules", version_id, proposed.sha256, counts_from)
    return version_id


def sign(engine: Engine, by: Reader, version_id: str, *, fits: Callable[[bytes], object]) -> None:
    """Sign what somebody else proposed. From its day on a refresh may use it. `fits` refuses a file that does not."""
    with _acting(engine, by, "sign_rules") as connection:
        require_recent(by)
        row = _waiting(connection, version_id)
        if row.proposed_by == by.staff_id:
            raise NotAllowed("You proposed these rules, so somebody else signs them.")
        fits(row.content)
        now = {"signed_by": by.staff_id, "signed_at": dt.datetime.now(dt.UTC)}
        connection.execute(update(VERSION).where(V.version_id == version_id).values(**now))
        _note(connection, by, "sign_rules", version_id, row.sha256, row.counts_from)


def withdraw(engine: Engine, by: Reader, version_id: str) -> None:
    """Say that a version is no longer to be used or signed; what was found by it stays as it was found."""
    with _acting(engine, by, "withdraw_rules") as connection:
        require_recent(by)
        row = _version(connection, version_id)
        if row.withdrawn_at is not None:
            raise Refused("These rules are withdrawn already.")
        now = {"withdrawn_by": by.staff_id, "withdrawn_at": dt.datetime.now(dt.UTC)}
        connection.execute(update(VERSION).where(V.version_id == version_id).values(**now))
        _note(connection, by, "withdraw_rules", version_id, row.sha256, row.counts_from)


def require_signed(engine: Engine, sha256: str, *, ruleset: str, as_of: dt.date) -> None:
    """Refuse a council's own rules that nobody signed, or that do not count on the day asked about."""
    with reading(engine) as connection:
        own = connection.execute(_signed().where(V.sha256 == sha256)).all()
        in_force = connection.execute(
            _signed().where(V.ruleset == ruleset, V.counts_from <= as_of).limit(1)
        ).one_or_none()
    if not own:
        raise Refused(
            "Nobody has signed these rules as they are, with the options chosen. On the page Rules one person "
            "proposes the file, and another signs it. To try them first, give --unsigned: the run then says so."
        )
    if in_force is None:
        first = min(row.counts_from for row in own)
        raise Refused(f"These rules count from {first}, and {as_of} is before: give --unsigned to try them.")
    if in_force.sha256 != sha256:
        raise Refused(
            f"On {as_of} other rules of {ruleset} count, signed to count from {in_force.counts_from}: use "
            "that file, or give --unsigned to try these."
        )


def signed_by(engine: Engine, reader: Reader, sha256: str) -> VersionLine | None:
    """The signed version that a ruleset is; nothing where nobody signed it."""
    return next((each for each in versions(engine, reader) if each.sha256 == sha256 and each.signed_at), None)


def _signed() -> Select[Any]:
    """Versions that are signed and not withdrawn, the one that counts last first."""
    kept = and_(V.signed_at.is_not(None), V.withdrawn_at.is_(None))
    return select(V.sha256, V.counts_from).where(kept).order_by(V.counts_from.desc(), V.signed_at.desc())


def _version(connection: Connection, version_id: str) -> Row[Any]:
    row = connection.execute(select(VERSION).where(V.version_id == version_id)).one_or_none()
    if row is None:
        raise Refused("There are no such rules.")
    return row


def _waiting(connection: Connection, version_id: str) -> Row[Any]:
    row = _version(connection, version_id)
    if row.withdrawn_at is not None:
        raise Refused("These rules are withdrawn: they cannot be signed.")
    if row.signed_at is not None:
        raise Refused("These rules are signed already.")
    return row


@contextmanager
def _acting(engine: Engine, by: Reader, action: str) -> Iterator[Connection]:
    """The transaction of whoever may sign; a refusal is written down."""
    with refusals_noted(engine, by, action):
        require_signing_rules(by)
        with writing(engine, by) as connection:
            yield connection


def _note(connection: Connection, by: Reader, action: str, version_id: str, sha256: str, counts_from: dt.date) -> None:
    detail = {"version": version_id, "sha256": sha256, "counts_from": counts_from.isoformat()}
    audit.note(connection, by, action=action, family_ids=[None], detail=detail)
