"""Which published families somebody may read, compiled into the query: one condition, and the only one.

A caseworker reads the families whose cases are or once were theirs, a team manager those of the team's cases, whatever
a refresh says of them. Some roles read published families whoever works with them: those are told by status. Of every
other family there is nothing but its existence, and that only where a search or a check for duplicates asks for it;
of a family that is hidden from the reader there is not even that.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select

from families.casebook import case_scope, emergency, restricted
from families.casebook.access import MAY_SEE, require_families
from families.casebook.case_models import FamilyCase
from families.casebook.models import PublishedFamily, table
from families.casebook.views import Reader

FAMILY, CASE = table(PublishedFamily).c, table(FamilyCase).c
STATUSES = frozenset({"eligible", "near_miss"})
KNOWN_TO_TRIAGE = frozenset({"eligible"})  # near misses are the programme team's until somebody works with them


def may_see(reader: Reader, family_id: Any = FAMILY.family_id, status: Any = FAMILY.status) -> ColumnElement[bool]:
    """The families somebody may read, by the columns that have a family's id and its status; refuses who opens none."""
    require_families(reader)
    seen = _by_status_or_case(reader, MAY_SEE[reader.role], family_id, status)
    return and_(restricted.is_open_to(reader, family_id), seen)


def may_open(reader: Reader) -> ColumnElement[bool]:
    """The families somebody may open one by one: those they may see, and one that they opened in an emergency."""
    opened = FAMILY.family_id.in_(emergency.opened_families(reader))
    return or_(may_see(reader), and_(restricted.is_open_to(reader, FAMILY.family_id), opened))


def may_match(reader: Reader) -> ColumnElement[bool]:
    """The families that a check for duplicates looks among: whoever triages must learn that a family is known."""
    require_families(reader)
    known = _by_status_or_case(reader, MAY_SEE[reader.role] | KNOWN_TO_TRIAGE, FAMILY.family_id, FAMILY.status)
    return and_(restricted.is_open_to(reader, FAMILY.family_id), known)


def _by_status_or_case(reader: Reader, statuses: frozenset[str], family_id: Any, status: Any) -> ColumnElement[bool]:
    of_status: ColumnElement[bool] = status.in_(sorted(statuses)) if statuses else false()
    if statuses >= STATUSES or reader.role not in case_scope.READ_CASES:
        return of_status
    return or_(of_status, family_id.in_(_families_of_cases(reader)))


def _families_of_cases(reader: Reader) -> Any:
    return select(CASE.family_id).where(case_scope.may_read(reader))
