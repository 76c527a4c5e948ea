"""Who is hidden from whom, compiled into the query; nothing of what is read says that anything is hidden.

A restriction hides whole families: the one it was set from, and every other that has one of its people, since a family
shown without one of its members would show by its gaps that there is somebody to hide. So no list, count, search,
graph, chronology, export or hint has any of them, for whoever is not let in by name. Information governance, which sets
restrictions, sees all. An emergency opening opens none of them: who must see a restricted family is let in by a grant.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, true, union

from families.casebook.access import require_recent
from families.casebook.models import PublishedFollowedAbsence, PublishedMember, table
from families.casebook.restriction_models import RestrictedPerson, Restriction, RestrictionGrant
from families.casebook.views import Reader

HIDDEN, PERSON, GRANT = table(Restriction).c, table(RestrictedPerson).c, table(RestrictionGrant).c
MEMBER, CHILD = table(PublishedMember).c, table(PublishedFollowedAbsence).c
SEE_ALL = frozenset({"ig_officer"})
WITHHELD_ADDRESS = "withheld_address"


def is_open_to(reader: Reader, family_id: Any) -> ColumnElement[bool]:
    """The rows that are of no family hidden from somebody, by the column with the family's id; blank is of none."""
    if reader.role in SEE_ALL:
        return true()
    return or_(family_id.is_(None), family_id.not_in(_families(_hides(reader))))


def people_open_to(reader: Reader, *person_ids: Any) -> ColumnElement[bool]:
    """The rows that name nobody hidden from somebody, by the columns with people's ids; blank is nobody known."""
    if reader.role in SEE_ALL:
        return true()
    hidden = _people_hidden(reader)
    return and_(*(or_(person_id.is_(None), person_id.not_in(hidden)) for person_id in person_ids))


def people_hidden(connection: Connection, reader: Reader) -> frozenset[str]:
    """The people who are hidden from somebody, for rows that name several."""
    return frozenset() if reader.role in SEE_ALL else frozenset(connection.execute(_people_hidden(reader)).scalars())


def _people_hidden(reader: Reader) -> Any:
    people = select(PERSON.person_id).join(table(Restriction), HIDDEN.restriction_id == PERSON.restriction_id)
    return people.where(_hides(reader))


def kinds_over(connection: Connection, family_id: str) -> tuple[str, ...]:
    """The kinds of restriction that are over a family, for whoever may open it."""
    over = [HIDDEN.family_id == family_id, HIDDEN.restriction_id.in_(_over_its_people(family_id))]
    query = select(HIDDEN.kind).where(HIDDEN.lifted_at.is_(None), or_(*over)).distinct().order_by(HIDDEN.kind)
    return tuple(connection.execute(query).scalars())


def require_recent_sign_in(connection: Connection, reader: Reader, family_id: str) -> None:
    """Refuse to open a restricted family, to those let in, on a sign-in of long ago; nobody else learns of it."""
    if kinds_over(connection, family_id):
        require_recent(reader)


def people_under(connection: Connection, family_id: str) -> frozenset[str]:
    """Whom restrictions set on one person are about, of the people of a family that somebody may open."""
    query = (
        select(PERSON.person_id)
        .join(table(Restriction), HIDDEN.restriction_id == PERSON.restriction_id)
        .where(HIDDEN.lifted_at.is_(None), HIDDEN.person_id.is_not(None))
        .where(or_(HIDDEN.family_id == family_id, HIDDEN.restriction_id.in_(_over_its_people(family_id))))
    )
    return frozenset(connection.execute(query).scalars())


def _over_its_people(family_id: str) -> Any:
    of_people = select(PERSON.restriction_id).join(table(PublishedMember), MEMBER.person_id == PERSON.person_id)
    return of_people.where(MEMBER.family_id == family_id)


def without_address(connection: Connection, reader: Reader, family_ids: Sequence[str]) -> frozenset[str]:
    """Of families somebody may see, those whose address is withheld from them."""
    if reader.role in SEE_ALL or not family_ids:
        return frozenset()
    hides = and_(
        HIDDEN.kind == WITHHELD_ADDRESS, HIDDEN.lifted_at.is_(None), HIDDEN.restriction_id.not_in(_let_in(reader, True))
    )
    hidden = _families(hides).subquery()
    query = select(hidden.c.family_id).where(hidden.c.family_id.in_(tuple(family_ids)))
    return frozenset(connection.execute(query).scalars())


def address_shown(reader: Reader, family_id: Any) -> ColumnElement[bool]:
    """The rows of families whose address somebody may see; nothing else may be found by where it is."""
    if reader.role in SEE_ALL:
        return true()
    hides = and_(
        HIDDEN.kind == WITHHELD_ADDRESS, HIDDEN.lifted_at.is_(None), HIDDEN.restriction_id.not_in(_let_in(reader, True))
    )
    shown: ColumnElement[bool] = family_id.not_in(_families(hides))
    return shown


def _hides(reader: Reader) -> ColumnElement[bool]:
    return and_(HIDDEN.lifted_at.is_(None), HIDDEN.restriction_id.not_in(_let_in(reader)))


def _let_in(reader: Reader, to_address: bool = False) -> Any:
    stands = and_(GRANT.staff_id == reader.staff_id, GRANT.ended_at.is_(None), GRANT.ends_at > dt.datetime.now(dt.UTC))
    return select(GRANT.restriction_id).where(stands, GRANT.sees_address if to_address else true())


def _families(hides: ColumnElement[bool]) -> Any:
    """The families that some restrictions hide."""
    set_from = select(HIDDEN.family_id).where(hides)
    in_force = select(PERSON.person_id).join(table(Restriction), HIDDEN.restriction_id == PERSON.restriction_id)
    people = in_force.where(hides).scalar_subquery()
    return union(
        set_from,
        select(MEMBER.family_id).where(MEMBER.person_id.in_(people)),
        select(CHILD.family_id).where(CHILD.person_id.in_(people)),
    )
