"""Which days a school census speaks of: its reference date, the attendance it carries, the exclusions it carries.

Autumn brings the summer term's attendance (in two halves) and the spring term's exclusions; spring brings autumn
attendance and summer exclusions; summer brings spring attendance and autumn exclusions (DfE school census guide). The
windows are those of data/reference/census_schedule.csv, and by the same rule outside its years.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from dataclasses import dataclass
from functools import cache

from families.dates import Window, authority_terms, reporting_half_terms
from families.errors import Refused
from families.reference import REFERENCE

TERM_CODES = {"autumn": "AUT", "spring": "SPR", "summer": "SUM"}
TERM_IN_NAME = re.compile(r"(?<!\d)(\d{4})(?:[-_/](\d{2}))?[-_ ](autumn|spring|summer)", re.IGNORECASE)
FIRST_SIXTH_HALF_TERM = 2012  # attendance of the sixth half term was not collected before the autumn census of 2012


@dataclass(frozen=True)
class Counted:
    """A period whose sessions a census counts."""

    academic_year: str
    term: str
    half: int | None
    window: Window


@dataclass(frozen=True)
class CensusTerm:
    """What one census speaks of."""

    reference_date: dt.date
    attendance: Counted
    second_half: Counted | None
    exclusions: Window


@cache
def census_term(year: int, code: str) -> CensusTerm:
    """The census of a calendar year and term code (AUT, SPR, SUM)."""
    halves = {
        (start, term, half): window
        for start in (year - 2, year - 1, year)
        for term, half, window in reporting_half_terms(start)
    }
    last = year - 1
    name = f"{last}/{(last + 1) % 100:02d}"
    if code == "AUT":
        first = Counted(name, "summer", 1, halves[last, "summer", 1])
        second = Counted(name, "summer", 2, halves[last, "summer", 2]) if year >= FIRST_SIXTH_HALF_TERM else None
        census = CensusTerm(_thursday(year, 10, 1), first, second, _whole(halves, last, "spring"))
    elif code == "SPR":
        first = Counted(name, "autumn", None, _whole(halves, last, "autumn"))
        census = CensusTerm(_thursday(year, 1, 3), first, None, _whole(halves, year - 2, "summer"))
    else:
        first = Counted(name, "spring", None, _whole(halves, last, "spring"))
        census = CensusTerm(_thursday(year, 5, 3), first, None, _whole(halves, last, "autumn"))
    return _as_scheduled(census, year, code)


def _as_scheduled(census: CensusTerm, year: int, code: str) -> CensusTerm:
    rows = [row for row in _schedule() if row["calendar_year"] == str(year) and row["term_code"] == code]
    if not rows:
        return census
    first, *rest = rows
    counted = [
        Counted(each.academic_year, each.term, each.half, _window(row, "attendance"))
        for each, row in zip((census.attendance, census.second_half or census.attendance), rows, strict=False)
    ]
    day = dt.date.fromisoformat(first["computed_reference_date"])
    second = counted[1] if rest and census.second_half else None
    return CensusTerm(day, counted[0], second, _window(first, "exclusions"))


def _window(row: dict[str, str], what: str) -> Window:
    return Window(dt.date.fromisoformat(row[f"{what}_from"]), dt.date.fromisoformat(row[f"{what}_to"]))


@cache
def _schedule() -> list[dict[str, str]]:
    return list(csv.DictReader((REFERENCE / "census_schedule.csv").read_text("utf-8").splitlines()))


def _whole(halves: dict[tuple[int, str, int], Window], start: int, term: str) -> Window:
    return Window(halves[start, term, 1].first_day, halves[start, term, 2].last_day)


def _thursday(year: int, month: int, count: int) -> dt.date:
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(3 - first.weekday()) % 7 + 7 * (count - 1))


def last_taught_day(academic_year: str, term: str) -> dt.date | None:
    """The last day of the taught term an extract of attendance is of, which is the day it can speak of."""
    for each in authority_terms():
        if (each.academic_year, each.name) == (academic_year, term):
            return each.last_day
    return None


def term_in_name(name: str) -> tuple[str, str]:
    """Academic year and term of an extract from its file name: `attendance_2012_autumn` is autumn of 2012/13."""
    match = TERM_IN_NAME.search(name)
    if match is None:
        raise Refused(
            f"{name} does not say which term it is of: name it with year and term, as attendance_2012_autumn.csv."
        )
    term = match[3].lower()
    start = int(match[1]) if match[2] or term == "autumn" else int(match[1]) - 1
    return f"{start}/{(start + 1) % 100:02d}", term
