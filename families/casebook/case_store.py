"""Rows of casework: read, locked, added and changed inside the transaction of an act. Who may is decided by the act."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, and_, delete, insert, or_, select, text, true, update
from sqlmodel import SQLModel

from families.casebook import restricted
from families.casebook.case_models import Alert, CaseStep, FamilyCase, Referral, ReferralPerson
from families.casebook.family_scope import may_match, may_see
from families.casebook.folding import fold
from families.casebook.models import (
    LinkageQuery,
    Publication,
    PublishedEvidence,
    PublishedFamily,
    PublishedFinding,
    PublishedMember,
    Staff,
    table,
)
from families.casebook.row_security import seeing_all
from families.casebook.views import Reader

Transaction: TypeAlias = Connection
RowValues: TypeAlias = dict[str, Any]

CASE, STEP, REFERRAL = table(FamilyCase), table(CaseStep), table(Referral)
PERSON, ALERT, STAFF = table(ReferralPerson), table(Alert), table(Staff)
FAMILY, MEMBER, FINDING = table(PublishedFamily), table(PublishedMember), table(PublishedFinding)


def take_turn(transaction: Transaction, *keys: str) -> None:
    """Wait until no other transaction has one of these keys; SQLite has one writer anyway."""
    if transaction.dialect.name == "postgresql":
        for key in sorted(keys):
            transaction.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


def step_of_token(transaction: Transaction, token: str) -> RowValues | None:
    """The act that was done with a token, if it was, whoever did it and to whichever family."""
    query = select(STEP).where(STEP.c.token == token)
    with seeing_all(transaction):
        return _one(transaction.execute(query).mappings().one_or_none())


def one(transaction: Transaction, model: type[SQLModel], *, locked: bool = False, **equal: Any) -> RowValues | None:
    """The one row whose columns have these values; locked until the transaction ends where it is to be changed."""
    query = select(table(model)).where(_equal(model, equal))
    found = transaction.execute(query.with_for_update() if locked else query)
    return _one(found.mappings().one_or_none())


def every(transaction: Transaction, model: type[SQLModel], *order: str, **equal: Any) -> list[RowValues]:
    """All rows whose columns have these values, in the order of some columns; a column begun with - the other way."""
    columns = table(model).c
    by = [columns[name[1:]].desc() if name.startswith("-") else columns[name] for name in order]
    query = select(table(model)).where(_equal(model, equal)).order_by(*by, *table(model).primary_key.columns)
    return [dict(row) for row in transaction.execute(query).mappings()]


def add(transaction: Transaction, model: type[SQLModel], *rows: Mapping[str, Any]) -> None:
    """Add rows to a table; a column that no row names is left blank."""
    if rows:
        columns = [column.name for column in table(model).columns if not column.primary_key or column.name in rows[0]]
        transaction.execute(insert(table(model)), [{name: row.get(name) for name in columns} for row in rows])


def change(transaction: Transaction, model: type[SQLModel], values: Mapping[str, Any], **equal: Any) -> int:
    """Change the rows whose columns have these values; how many there were."""
    return transaction.execute(update(table(model)).where(_equal(model, equal)).values(**values)).rowcount


def remove(transaction: Transaction, model: type[SQLModel], **equal: Any) -> int:
    """Remove rows: for drafts only, since nothing else of casework is ever removed."""
    return transaction.execute(delete(table(model)).where(_equal(model, equal))).rowcount


def _equal(model: type[SQLModel], equal: Mapping[str, Any]) -> Any:
    columns = table(model).c
    conditions = [
        columns[name].in_(value) if isinstance(value, (list, tuple)) else columns[name] == value
        for name, value in equal.items()
    ]
    return and_(true(), *conditions)


def _one(row: Any) -> RowValues | None:
    return None if row is None else dict(row)


# -- what is published of a family, and who works here --------------------------------------------------------------


def publication(transaction: Transaction) -> RowValues | None:
    """The run whose families are published."""
    return one(transaction, Publication)


def published_family(transaction: Transaction, reader: Reader, family_id: str) -> RowValues | None:
    """A published family that somebody may see."""
    query = select(FAMILY).where(FAMILY.c.family_id == family_id, may_see(reader))
    return _one(transaction.execute(query).mappings().one_or_none())


def is_known(transaction: Transaction, reader: Reader, family_id: str) -> bool:
    """Whether a family is one that a check for duplicates may name to whoever triages."""
    query = select(FAMILY.c.family_id).where(FAMILY.c.family_id == family_id, may_match(reader))
    return transaction.execute(query).first() is not None


def members_of(transaction: Transaction, family_id: str) -> list[RowValues]:
    """The members of a family as published; nobody where it no longer is."""
    return every(transaction, PublishedMember, "place", family_id=family_id)


def findings_of(transaction: Transaction, family_id: str) -> list[RowValues]:
    """The findings of a published family, each with the sources that show it and the name of whom it is about."""
    named = and_(MEMBER.c.family_id == FINDING.c.family_id, MEMBER.c.person_id == FINDING.c.person_id)
    query = (
        select(FINDING, MEMBER.c.name.label("name"))
        .outerjoin(MEMBER, named)
        .where(FINDING.c.family_id == family_id)
        .order_by(FINDING.c.finding_id)
    )
    found = [dict(row) for row in transaction.execute(query).mappings()]
    shown = every(transaction, PublishedEvidence, "place", finding_id=[row["finding_id"] for row in found])
    for row in found:
        row["sources"] = sorted({each["source"] for each in shown if each["finding_id"] == row["finding_id"]})
    return found


def staff_member(transaction: Transaction, staff_id: str) -> RowValues | None:
    """Somebody who works here."""
    return one(transaction, Staff, staff_id=staff_id)


def staff_names(transaction: Transaction) -> dict[str, str]:
    """What everybody who works here is called."""
    query = select(STAFF.c.staff_id, STAFF.c.name)
    return {row.staff_id: row.name for row in transaction.execute(query)}


# -- what several acts ask -----------------------------------------------------------------------------------------


def open_case_of(transaction: Transaction, family_id: str) -> RowValues | None:
    """The case of a family that is open."""
    query = select(CASE).where(CASE.c.family_id == family_id, CASE.c.is_open)
    return _one(transaction.execute(query).mappings().one_or_none())


def same_people(
    transaction: Transaction, reader: Reader, people: Sequence[tuple[str, dt.date | None]], *, but: str
) -> list[RowValues]:
    """Families and other referrals in which somebody of this name and date of birth is, names folded as search does."""
    known = [(fold(name), born) for name, born in people if born is not None]
    if not known:
        return []
    as_member = or_(*((MEMBER.c.name_folded == name) & (MEMBER.c.date_of_birth == born) for name, born in known))
    query = (
        select(MEMBER.c.family_id, MEMBER.c.name)
        .join(FAMILY, FAMILY.c.family_id == MEMBER.c.family_id)
        .where(as_member, may_match(reader))
        .order_by(MEMBER.c.family_id, MEMBER.c.place)
    )
    found = [dict(row) | {"referral_id": None, "state": None} for row in transaction.execute(query).mappings()]
    as_named = or_(*((PERSON.c.name_folded == name) & (PERSON.c.date_of_birth == born) for name, born in known))
    query = (
        select(REFERRAL.c.family_id, PERSON.c.name, REFERRAL.c.referral_id, REFERRAL.c.state)
        .join(REFERRAL, REFERRAL.c.referral_id == PERSON.c.referral_id)
        .where(as_named, REFERRAL.c.referral_id != but, restricted.is_open_to(reader, REFERRAL.c.family_id))
        .order_by(REFERRAL.c.referral_id, PERSON.c.place)
    )
    return found + [dict(row) for row in transaction.execute(query).mappings()]


def write_linkage_query(transaction: Transaction, values: Mapping[str, Any]) -> None:
    """A household query raised by casework, for an analyst to settle."""
    transaction.execute(insert(table(LinkageQuery)).values(**values))


AT_ONCE = 5_000  # values of one statement: databases cap them
STATED_ANEW = ("sentence", "raised_on", "run_id", "happened_on", "name")


def add_alerts(transaction: Transaction, rows: Sequence[Mapping[str, Any]]) -> int:
    """Add the alerts whose keys are not there yet, for families with an open case; how many were added.

    One that was closed, for its cause was gone, and whose cause is back is open again, and counts as added.
    """
    query = select(CASE.c.family_id, CASE.c.case_id).where(CASE.c.is_open)
    cases = {row.family_id: row.case_id for row in transaction.execute(query)}
    there: dict[str, Any] = {}
    for keys in _batches([row["key"] for row in rows]):
        query = select(ALERT.c.key, ALERT.c.closed_on).where(ALERT.c.key.in_(keys))
        there |= {row.key: row.closed_on for row in transaction.execute(query)}
    wanted = {row["key"]: dict(row) for row in rows if row["family_id"] in cases}
    new = [row | {"case_id": cases[row["family_id"]]} for key, row in wanted.items() if key not in there]
    back = [row for key, row in wanted.items() if there.get(key) is not None]
    add(transaction, Alert, *new)
    blank = dict.fromkeys(("answer", "snoozed_until", "closed_on", "closed_why"))
    for row in back:
        change(transaction, Alert, {name: row[name] for name in STATED_ANEW} | blank, key=row["key"])
    return len(new) + len(back)


def close_alerts(transaction: Transaction, gone: Mapping[str, str], *, on: dt.date) -> int:
    """Close the alerts with these keys, each with the words why; how many were open."""
    closed = 0
    for why in sorted(set(gone.values())):
        for keys in _batches([key for key, words in gone.items() if words == why]):
            statement = update(ALERT).where(ALERT.c.key.in_(keys), ALERT.c.closed_on.is_(None))
            closed += transaction.execute(statement.values(closed_on=on, closed_why=why)).rowcount
    return closed


def _batches(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE))
