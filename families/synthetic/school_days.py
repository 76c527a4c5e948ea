"""The school days of each academic year, from the authority's calendar less half terms and bank holidays."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from families import dates
from families.synthetic.streams import Array

TERMS = ("autumn", "spring", "summer")
_MAY_DAY = {2012: 7, 2013: 6, 2014: 5, 2015: 4, 2016: 2}  # the early May bank holiday falls within the summer term


@dataclass(frozen=True)
class SchoolYear:
    """The days taught in an academic year: day numbers, and the term (0 to 2) and half (1 or 2) of each."""

    start_year: int
    days: Array
    term: Array
    half: Array

    @property
    def name(self) -> str:
        """As tables write it: `2012/13`."""
        return f"{self.start_year}/{(self.start_year + 1) % 100:02d}"

    def sessions(self, term: int, half: int | None = None) -> Array:
        """Columns of a matrix of sessions (two a day) that belong to a term, or half of one."""
        days = np.flatnonzero((self.term == term) & ((half is None) | (self.half == half)))
        columns: Array = np.repeat(days * 2, 2) + np.tile([0, 1], len(days))
        return columns


def school_years(first_day: dt.date, last_day: dt.date) -> list[SchoolYear]:
    """The academic years that hold the days from first to last, cut at them."""
    start = int(dates.academic_year(first_day)[:4])
    end = int(dates.academic_year(last_day)[:4])
    return [_year(year, first_day, last_day) for year in range(start, end + 1)]


def _year(start_year: int, first_day: dt.date, last_day: dt.date) -> SchoolYear:
    terms = [t for t in dates.authority_terms() if t.academic_year.startswith(str(start_year))]
    splits = [window.last_day for _, half, window in dates.reporting_half_terms(start_year) if half == 1]
    days: list[int] = []
    term_of: list[int] = []
    half_of: list[int] = []
    for index, (term, split) in enumerate(zip(terms, splits, strict=True)):
        day = max(term.first_day, first_day)
        while day <= min(term.last_day, last_day):
            in_half_term = split < day <= split + dt.timedelta(days=7)
            is_may_day = day.month == 5 and day.day == _MAY_DAY.get(day.year, 0)
            if day.weekday() < 5 and not in_half_term and not is_may_day:
                days.append((day - dt.date(1970, 1, 1)).days)
                term_of.append(index)
                half_of.append(1 if day <= split else 2)
            day += dt.timedelta(days=1)
    return SchoolYear(start_year, np.array(days), np.array(term_of), np.array(half_of))
