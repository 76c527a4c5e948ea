"""Restrictions are set, lifted and opened to people by name; each act with its reason, in one transaction.

What kind of restriction is over a family, and why, is told to nobody but information governance and those let in.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine, Row, insert, select, update

from families.casebook import audit
from families.casebook.access import ROLES, require_restricting
from families.casebook.case_models import FamilyCase
from families.casebook.database import audited, writing
from families.casebook.models import PublishedFamily, PublishedMember, Staff, table
from families.casebook.restricted import WITHHELD_ADDRESS
from families.casebook.restriction_models import RestrictedPerson, Restriction, RestrictionGrant
from families.casebook.review import given_reason
from families.casebook.views import Reader
from families.errors import NotAllowed, Refused

KINDS = {
    WITHHELD_ADDRESS: "Withheld address",
    "adoption": "Adoption",
    "confidential_placement": "Confidential placement of a looked-after child",
    "staff_family": "Family of somebody who works here or is a councillor",
    "witness_protection": "Witness protection",
    "police_investigation": "Police investigation",
    "parental_contact": "Contact of a parent is restricted",
}
LONGEST_GRANT = dt.timedelta(days=184)  # an involved worker; then it is asked for again
FURTHEST_REVIEW = dt.timedelta(days=366)
RESTRICTION, PERSON, GRANT = table(Restriction), table(RestrictedPerson), table(RestrictionGrant)
FAMILY, MEMBER, CASE, STAFF = table(PublishedFamily), table(PublishedMember), table(FamilyCase), table(Staff)
NONE = "There is no restriction in force under this id."


@dataclass(frozen=True)
class GrantLine:
    """Somebody who is let in, until when and why."""

    grant_id: str
    restriction_id: str
    staff_id: str
    name: str
    role_label: str
    sees_address: bool
    reason: str
    ends_at: dt.datetime


@dataclass(frozen=True)
class RestrictionLine:
    """A restriction in force, with those let in."""

    restriction_id: str
    family_id: str
    family: str
    person_id: str | None
    person: str | None
    kind_label: str
    reason: str
    set_by: str
    set_at: dt.datetime
    review_on: dt.date
    grants: tuple[GrantLine, ...]


def restrict(
    engine: Engine,
    by: Reader,
    family_id: str,
    *,
    person_id: str | None = None,
    kind: str,
    reason: str,
    review_on: dt.date,
    at: dt.datetime,
) -> str:
    """Hide a family, or every family that has one of its people, from all who are not let in; the restriction's id."""
    if kind not in KINDS:
        raise Refused("Choose the kind of restriction: " + ", ".join(KINDS.values()) + ".")
    if not at.date() < review_on <= at.date() + FURTHEST_REVIEW:
        raise Refused("Choose a day within the next year on which the restriction is looked at again.")
    why = given_reason(reason)
    number = uuid.uuid4().hex[:20]
    with _governed(engine, by, "restrict") as connection:
        people = _people(connection, family_id, person_id)
        row: dict[str, Any] = {
            "restriction_id": number,
            "family_id": family_id,
            "person_id": person_id,
            "kind": kind,
            "reason": why,
        }
        row |= {"set_by": by.staff_id, "set_at": at, "review_on": review_on}
        connection.execute(insert(RESTRICTION).values(**row))
        if people:
            connection.execute(insert(PERSON), [{"person_id": each, "restriction_id": number} for each in people])
        after = {"class": kind, "people": len(people), "review_on": review_on.isoformat()}
        _note(connection, by, "restrict", family_id, number, before=None, after=after)
    return number


def _people(connection: Connection, family_id: str, person_id: str | None) -> list[str]:
    """Whom a restriction is about; of a family that is in the casebook by its case alone nobody is known by an id."""
    query = select(MEMBER.c.person_id).where(MEMBER.c.family_id == family_id).order_by(MEMBER.c.place)
    members = list(connection.execute(query).scalars())
    if person_id is not None and person_id not in members:
        raise Refused("This person is not in the family as it is published: open the record again.")
    if not members and connection.execute(select(CASE.c.case_id).where(CASE.c.family_id == family_id)).first() is None:
        raise Refused("There is no family under this id.")
    return members if person_id is None else [person_id]


def lift(engine: Engine, by: Reader, restriction_id: str, *, reason: str, at: dt.datetime) -> None:
    """End a restriction: from now on the family is shown as any other."""
    why = given_reason(reason)
    with _governed(engine, by, "lift_restriction") as connection:
        row = _in_force(connection, restriction_id)
        values = {"lifted_by": by.staff_id, "lifted_at": at, "lifted_why": why}
        connection.execute(update(RESTRICTION).where(RESTRICTION.c.restriction_id == restriction_id).values(**values))
        told = {"lifted_at": at.isoformat()}
        _note(connection, by, "lift_restriction", row.family_id, restriction_id, before={"lifted_at": None}, after=told)


def let_in(
    engine: Engine,
    by: Reader,
    restriction_id: str,
    *,
    staff_id: str,
    sees_address: bool,
    reason: str,
    ends_on: dt.date,
    at: dt.datetime,
) -> str:
    """Let one member of staff see what a restriction hides, to the end of a day; the id of the grant.

    It lets them past the restriction and no further: whether the family is theirs is decided as ever.
    """
    if not at.date() <= ends_on <= at.date() + LONGEST_GRANT:
        raise Refused(f"Somebody is let in for up to {LONGEST_GRANT.days} days; then it is decided again.")
    why = given_reason(reason)
    number = uuid.uuid4().hex[:20]
    ends_at = dt.datetime.combine(ends_on + dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC)
    with _governed(engine, by, "let_in") as connection:
        row = _in_force(connection, restriction_id)
        staff = connection.execute(select(STAFF).where(STAFF.c.staff_id == staff_id)).one_or_none()
        if staff is None or staff.is_disabled:
            raise Refused("There is nobody with this staff id who may sign in.")
        if staff_id == by.staff_id:
            raise NotAllowed("Nobody lets themselves in: ask another information-governance officer.")
        given: dict[str, Any] = {
            "grant_id": number,
            "restriction_id": restriction_id,
            "staff_id": staff_id,
            "reason": why,
        }
        given |= {"sees_address": sees_address, "granted_by": by.staff_id, "granted_at": at, "ends_at": ends_at}
        connection.execute(insert(GRANT).values(**given))
        after = {"staff": staff_id, "sees_address": sees_address, "ends_at": ends_at.isoformat()}
        _note(connection, by, "let_in", row.family_id, restriction_id, before=None, after=after)
    return number


def shut_out(engine: Engine, by: Reader, grant_id: str, *, reason: str, at: dt.datetime) -> None:
    """End a grant before its day."""
    why = given_reason(reason)
    with _governed(engine, by, "shut_out") as connection:
        grant = connection.execute(select(GRANT).where(GRANT.c.grant_id == grant_id)).one_or_none()
        if grant is None or grant.ended_at is not None:
            raise Refused("There is no grant in force under this id.")
        connection.execute(update(GRANT).where(GRANT.c.grant_id == grant_id).values(ended_by=by.staff_id, ended_at=at))
        row = _in_force(connection, grant.restriction_id)
        after = {"staff": grant.staff_id, "ended_at": at.isoformat(), "reason": why}
        _note(connection, by, "shut_out", row.family_id, grant.restriction_id, before={"ended_at": None}, after=after)


def restrictions(engine: Engine, by: Reader, *, at: dt.datetime) -> tuple[RestrictionLine, ...]:
    """The restrictions in force, the first to be looked at again first, each with those let in."""
    with _governed(engine, by, "list_restrictions", writes=False) as connection:
        names = {row.staff_id: row.name for row in connection.execute(select(STAFF.c.staff_id, STAFF.c.name))}
        grants = _grants(connection, at)
        rows = connection.execute(_whole()).all()
        ids: list[str | None] = sorted({row.family_id for row in rows})
        audit.note(connection, by, action="list_restrictions", family_ids=ids or [None], detail={"shown": len(rows)})
    return tuple(
        RestrictionLine(
            **{name: row._mapping[name] for name in ("restriction_id", "family_id", "person_id", "person", "reason")},
            **{name: row._mapping[name] for name in ("set_at", "review_on")},
            family=row.family or row.case_name or row.family_id,
            kind_label=KINDS[row.kind],
            set_by=names.get(row.set_by, row.set_by),
            grants=tuple(grants.get(row.restriction_id, ())),
        )
        for row in rows
    )


def _whole() -> Any:
    case_name = select(CASE.c.family_name).where(CASE.c.family_id == RESTRICTION.c.family_id).limit(1)
    of_member = (MEMBER.c.family_id == RESTRICTION.c.family_id) & (MEMBER.c.person_id == RESTRICTION.c.person_id)
    names = (FAMILY.c.name.label("family"), MEMBER.c.name.label("person"))
    return (
        select(RESTRICTION, *names, case_name.scalar_subquery().label("case_name"))
        .outerjoin(FAMILY, FAMILY.c.family_id == RESTRICTION.c.family_id)
        .outerjoin(MEMBER, of_member)
        .where(RESTRICTION.c.lifted_at.is_(None))
        .order_by(RESTRICTION.c.review_on, RESTRICTION.c.restriction_id)
    )


def _grants(connection: Connection, at: dt.datetime) -> Mapping[str, list[GrantLine]]:
    stands = GRANT.c.ended_at.is_(None) & (GRANT.c.ends_at > at)
    query = select(GRANT, STAFF.c.name, STAFF.c.role).join(STAFF, STAFF.c.staff_id == GRANT.c.staff_id).where(stands)
    found: dict[str, list[GrantLine]] = {}
    same = ("grant_id", "restriction_id", "staff_id", "name", "sees_address", "reason", "ends_at")
    for row in connection.execute(query.order_by(GRANT.c.ends_at, GRANT.c.grant_id)).mappings():
        line = GrantLine(**{name: row[name] for name in same}, role_label=ROLES.get(row["role"], row["role"]))
        found.setdefault(line.restriction_id, []).append(line)
    return found


def keep_hidden(connection: Connection, changes: pl.DataFrame) -> int:
    """Add the ids that a refresh knows restricted people by now, in its transaction; how many there were.

    `changes` is the Continuity table. Where somebody was put together with a restricted person, or parted from one,
    both are hidden until information governance has looked.
    """
    held: dict[str, list[str]] = {}
    for person_id, restriction_id in connection.execute(select(PERSON.c.person_id, PERSON.c.restriction_id)):
        held.setdefault(person_id, []).append(restriction_id)
    ends = changes.filter(pl.col("kind").str.starts_with("person_")).select("old_id", "new_id").unique().sort(pl.all())
    new = {
        (other, restriction_id)
        for one, other in [*ends.iter_rows(), *((new_id, old_id) for old_id, new_id in ends.iter_rows())]
        for restriction_id in held.get(one, ())
        if other and restriction_id not in held.get(other, ())
    }
    if new:
        rows = [{"person_id": person_id, "restriction_id": number} for person_id, number in sorted(new)]
        connection.execute(insert(PERSON), rows)
    return len(new)


@contextmanager
def _governed(engine: Engine, by: Reader, action: str, *, writes: bool = True) -> Iterator[Connection]:
    """The transaction of whoever decides who is hidden; a refusal is written down."""
    try:
        require_restricting(by)
        with (writing if writes else audited)(engine, by) as connection:
            yield connection
    except NotAllowed as refusal:
        with audited(engine, by) as connection:
            audit.note(connection, by, action=f"{action}_refused", family_ids=[None], detail={"why": str(refusal)})
        raise


def _in_force(connection: Connection, restriction_id: str) -> Row[Any]:
    query = select(RESTRICTION).where(RESTRICTION.c.restriction_id == restriction_id)
    row = connection.execute(query).one_or_none()
    if row is None or row.lifted_at is not None:
        raise Refused(NONE)
    return row


def _note(connection: Connection, by: Reader, action: str, family_id: str, number: str, **told: Any) -> None:
    audit.note(connection, by, action=action, family_ids=[family_id], detail={"restriction": number, **told})
