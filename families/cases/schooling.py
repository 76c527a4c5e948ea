"""The school test of a result for the children of a family that is worked with: what counts, and what it comes to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from families.casebook.views import Schooling, SchoolTest

MET, NOT_MET, UNKNOWN, NOT_YET = "met", "not_met", "unknown", "not_yet"
WORST_FIRST = (NOT_MET, UNKNOWN, NOT_YET, MET)


@dataclass(frozen=True)
class ChildTest:
    """One condition of one child: the window as a whole, its terms in order, and how many of them count so far."""

    person_id: str
    whole: SchoolTest
    terms: tuple[SchoolTest, ...]
    counted: frozenset[str]  # the terms that count

    @property
    def outcome(self) -> str:
        """What the rules make of the window; not yet where too few terms are over since the work began."""
        return NOT_YET if len(self.counted) < len(self.terms) else self.whole.outcome


def child_tests(schooling: Schooling, dates: Mapping[str, dt.date | None] | None) -> tuple[ChildTest, ...]:
    """Each condition of each child asked. `dates` are those of the case; without one every term counts."""
    found = []
    for (person_id, _), rows in groupby(schooling.tests, key=lambda each: (each.person_id, each.condition)):
        whole, *terms = rows
        found.append(ChildTest(person_id, whole, tuple(terms), _counted(whole, terms, dates)))
    return tuple(found)


def _counted(
    whole: SchoolTest, terms: Iterable[SchoolTest], dates: Mapping[str, dt.date | None] | None
) -> frozenset[str]:
    if not whole.since_work or dates is None:
        return frozenset(each.term for each in terms)
    began = dates.get("attached_on") or dt.date.max
    return frozenset(each.term for each in terms if each.last_day >= began)


def outcome_of_child(tests: Iterable[ChildTest]) -> str:
    """All conditions of one child together."""
    found = {each.outcome for each in tests}
    return next(outcome for outcome in WORST_FIRST if outcome in found)
