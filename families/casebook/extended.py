"""One hop beyond a family: who is tied to its members in other families that the reader may read. Audited."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, Engine, exists, or_, select

from families.casebook import audit, restricted
from families.casebook.database import audited
from families.casebook.family_scope import may_open, may_see
from families.casebook.models import PublishedFamily, PublishedMember, PublishedTie, table
from families.casebook.views import ADDRESS_WITHHELD, Member, Reader, Tie
from families.errors import NotAllowed

FAMILY, MEMBER, TIE = table(PublishedFamily), table(PublishedMember), table(PublishedTie)
MOST_PEOPLE = 25  # on one drawing, the family's own members counted


@dataclass(frozen=True)
class Kin:
    """Somebody of another family who is tied to a member of this one."""

    member: Member
    family_id: str
    family: str


@dataclass(frozen=True)
class Extended:
    """What one hop adds: people, their ties to the members, and how many more there were than a drawing holds."""

    people: tuple[Kin, ...]
    ties: tuple[Tie, ...]
    left_out: int


def extended_family(engine: Engine, reader: Reader, family_id: str) -> Extended:
    """Who is tied to members of a family elsewhere; every family that is shown so is written down."""
    try:
        found = _read(engine, reader, family_id)
    except NotAllowed as refusal:
        _refused(engine, reader, str(refusal))
        raise
    return found


def _read(engine: Engine, reader: Reader, family_id: str) -> Extended:
    may, may_this = may_see(reader), may_open(reader)
    with audited(engine, reader) as connection:
        query = select(FAMILY.c.family_id).where(FAMILY.c.family_id == family_id, may_this)
        if connection.execute(query).first() is None:
            raise NotAllowed("There is no family under this id that you may see.")
        restricted.require_recent_sign_in(connection, reader, family_id)
        found = _found(connection, reader, family_id, may)
        families = dict.fromkeys([family_id, *(kin.family_id for kin in found.people)])
        detail = {"people": len(found.people), "left_out": found.left_out}
        audit.note(connection, reader, action="read_extended_family", family_ids=list(families), detail=detail)
    return found


def _refused(engine: Engine, reader: Reader, why: str) -> None:
    with audited(engine, reader) as connection:
        audit.note(connection, reader, action="read_extended_family_refused", family_ids=[None], detail={"why": why})


def _found(connection: Connection, reader: Reader, family_id: str, may: ColumnElement[bool]) -> Extended:
    mine = connection.execute(select(MEMBER.c.person_id).where(MEMBER.c.family_id == family_id)).scalars().all()
    shared, here = MEMBER.alias("shared"), or_(TIE.c.person_a.in_(mine), TIE.c.person_b.in_(mine))
    others = exists().where(shared.c.family_id == FAMILY.c.family_id, shared.c.person_id.in_(mine))
    query = (
        select(TIE.c.family_id, TIE.c.person_a, TIE.c.person_b, TIE.c.tie, TIE.c.why)
        .join(FAMILY, FAMILY.c.family_id == TIE.c.family_id)
        .where(may, others, here, FAMILY.c.family_id != family_id)
        .order_by(TIE.c.strength, TIE.c.person_a, TIE.c.person_b, TIE.c.tie)
    )
    found = connection.execute(query).all()
    withheld = restricted.without_address(connection, reader, sorted({row.family_id for row in found}))
    ties = [
        Tie(row.person_a, row.person_b, row.tie, ADDRESS_WITHHELD if row.family_id in withheld else row.why)
        for row in found
    ]
    tied = sorted({person for tie in ties for person in (tie.person_a, tie.person_b)} - set(mine))
    people = [
        replace(kin, member=replace(kin.member, why=ADDRESS_WITHHELD)) if kin.family_id in withheld else kin
        for kin in _people(connection, family_id, may, tied)
    ]
    kept = people[: max(0, MOST_PEOPLE - len(mine))]
    shown = {kin.member.person_id for kin in kept} | set(mine)
    return Extended(
        tuple(kept),
        tuple(dict.fromkeys(tie for tie in ties if {tie.person_a, tie.person_b} <= shown)),
        len(people) - len(kept),
    )


def _people(connection: Connection, family_id: str, may: ColumnElement[bool], tied: list[str]) -> list[Kin]:
    """Each once, in the first family they are found in."""
    of_member = ("person_id", "name", "sex", "date_of_birth", "age", "role", "is_resident", "school", "why")
    query = (
        select(*(MEMBER.c[name] for name in of_member), FAMILY.c.family_id, FAMILY.c.name.label("family"))
        .join(FAMILY, FAMILY.c.family_id == MEMBER.c.family_id)
        .where(may, MEMBER.c.person_id.in_(tied), FAMILY.c.family_id != family_id)
        .order_by(FAMILY.c.name_place, FAMILY.c.family_id, MEMBER.c.place)
    )
    found: dict[str, Kin] = {}
    for row in connection.execute(query).mappings():
        member = Member(**{name: row[name] for name in of_member})
        found.setdefault(member.person_id, Kin(member, row["family_id"], row["family"]))
    return list(found.values())
