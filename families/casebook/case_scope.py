"""Whose cases somebody may read and change, compiled into the query. The one place that knows of teams.

A caseworker reads the families allocated to them, and those they once accepted, and changes only the first; a team
manager has those of the team; a programme manager has all; returns officer, auditor and information governance read.
Nobody has those of a family that is hidden from them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, false, func, or_, select, true

from families.casebook import emergency, restricted
from families.casebook.access import ROLES
from families.casebook.case_models import Allocation, FamilyCase, Referral
from families.casebook.models import Staff, table
from families.casebook.views import Reader
from families.errors import NotAllowed

CASE, ALLOCATION, REFERRAL, STAFF = table(FamilyCase).c, table(Allocation).c, table(Referral).c, table(Staff).c
NO_TEAM = ""  # of staff and cases in a council that keeps no teams
READ_ALL = frozenset({"programme_manager", "returns_officer", "auditor", "ig_officer"})
READ_CASES = READ_ALL | {"caseworker", "team_manager"}
READ_REFERRALS = frozenset({"team_manager", "programme_manager", "auditor", "ig_officer"})
DECIDE_REFERRALS = frozenset({"team_manager", "programme_manager"})
REFER = frozenset({"caseworker", "partner_referrer"})


def require_cases(reader: Reader) -> None:
    """Refuse whoever has no business with cases."""
    _require(reader, READ_CASES, "Cases are")


def require_referrals(reader: Reader) -> None:
    """Refuse whoever neither makes referrals nor decides them."""
    _require(reader, READ_REFERRALS | REFER, "Referrals are")


def _require(reader: Reader, roles: frozenset[str], what: str) -> None:
    if not reader.purpose.strip():
        raise NotAllowed("Say for what purpose you are looking before any family is shown.")
    if reader.role not in roles:
        who = ", ".join(ROLES[role].lower() for role in sorted(roles))
        raise NotAllowed(f"{what} opened by: {who}. Ask one of them.")


def team_of(staff_id: str) -> ColumnElement[str]:
    """The team somebody is in, as part of a query."""
    return func.coalesce(select(STAFF.team_id).where(STAFF.staff_id == staff_id).scalar_subquery(), NO_TEAM)


def team_now(connection: Connection, staff_id: str) -> str:
    """The team somebody is in."""
    return str(connection.execute(select(team_of(staff_id))).scalar_one())


def may_change(reader: Reader) -> ColumnElement[bool]:
    """The cases whose work is this person's to do."""
    return and_(restricted.is_open_to(reader, CASE.family_id), _theirs(reader))


def _theirs(reader: Reader) -> ColumnElement[bool]:
    if reader.role == "programme_manager":
        return true()
    if reader.role == "team_manager":
        return CASE.team_id == team_of(reader.staff_id)
    if reader.role == "caseworker":
        return CASE.worker == reader.staff_id
    return false()


def may_read(reader: Reader) -> ColumnElement[bool]:
    """The cases this person may see in lists."""
    return and_(restricted.is_open_to(reader, CASE.family_id), _read(reader))


def may_open(reader: Reader) -> ColumnElement[bool]:
    """The cases this person may open one by one: those of an emergency opening too."""
    opened = CASE.family_id.in_(emergency.opened_families(reader))
    return and_(restricted.is_open_to(reader, CASE.family_id), or_(_read(reader), opened))


def _read(reader: Reader) -> ColumnElement[bool]:
    if reader.role in READ_ALL:
        return true()
    if reader.role == "caseworker":
        return or_(_theirs(reader), _accepted_before(reader))
    return _theirs(reader)


def _accepted_before(reader: Reader) -> ColumnElement[bool]:
    mine = and_(ALLOCATION.worker == reader.staff_id, ALLOCATION.answer == "accepted")
    return exists().where(ALLOCATION.case_id == CASE.case_id, mine)


def may_see_referral(reader: Reader) -> ColumnElement[bool]:
    """Referrals: all, for whoever decides or audits them; their own, for whoever makes them."""
    return and_(restricted.is_open_to(reader, REFERRAL.family_id), _referral(reader, READ_REFERRALS))


def may_decide_referral(reader: Reader) -> ColumnElement[bool]:
    """Referrals that somebody may act on."""
    return and_(restricted.is_open_to(reader, REFERRAL.family_id), _referral(reader, DECIDE_REFERRALS))


def _referral(reader: Reader, see_all: frozenset[str]) -> ColumnElement[bool]:
    if reader.role in see_all:
        return true()
    return REFERRAL.written_by == reader.staff_id if reader.role in REFER else false()


def found(connection: Connection, model: Any, condition: ColumnElement[bool], **equal: Any) -> bool:
    """Whether a row is within a scope."""
    columns = table(model).c
    query = select(exists().where(condition, *(columns[name] == value for name, value in equal.items())))
    return bool(connection.execute(query).scalar_one())


def team_column() -> ColumnElement[str]:
    """The team of a member of staff, as a column."""
    return func.coalesce(STAFF.team_id, NO_TEAM)


def in_team(reader: Reader) -> ColumnElement[bool]:
    """Staff whose work a manager allocates: the team's, or everybody's."""
    return true() if reader.role == "programme_manager" else team_column() == team_of(reader.staff_id)
