"""Terms, academic years, windows and ages. Nothing here asks what day it is: `as_of` is always passed in."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from families.reference import REFERENCE

SESSIONS_A_WEEK = 10  # Monday AM to Friday PM; a mark string has one character for each


@dataclass(frozen=True, order=True)
class Term:
    """One school term as it was taught, first and last day inclusive."""

    first_day: dt.date
    last_day: dt.date
    academic_year: str  # "2012/13"
    name: str  # autumn, spring or summer

    @property
    def key(self) -> str:
        """The term's name in tables: `2012/13 autumn`."""
        return f"{self.academic_year} {self.name}"


@dataclass(frozen=True)
class Window:
    """A stretch of days, both ends inclusive."""

    first_day: dt.date
    last_day: dt.date

    def __contains__(self, day: dt.date) -> bool:
        """Whether a day falls inside."""
        return self.first_day <= day <= self.last_day


def academic_year(day: dt.date) -> str:
    """The English academic year of a day, 1 September to 31 August: `2012/13`."""
    start = day.year if day.month >= 9 else day.year - 1
    return f"{start}/{(start + 1) % 100:02d}"


def age_on(date_of_birth: dt.date, day: dt.date) -> int:
    """Whole years of age on a day; a 29 February birthday falls on 1 March in common years."""
    had_birthday = (day.month, day.day) >= (date_of_birth.month, date_of_birth.day)
    return day.year - date_of_birth.year - (not had_birthday)


def months_before(day: dt.date, months: int) -> dt.date:
    """The same day of the month, `months` earlier; the last day of that month where it has no such day."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    month += 1
    last = (dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)).day
    return dt.date(year, month, min(day.day, last))


def is_compulsory_school_age(date_of_birth: dt.date, day: dt.date) -> bool:
    """Whether a child is of compulsory school age on a day.

    From the term start (1 September, 1 January, 1 April) after the fifth birthday, to the last Friday in
    June of the academic year in which the child turns 16. Source: Education Act 1996 s.8;
    SI 1997/1970 (school leaving date); SI 1998/1607 (start).
    """
    return compulsory_age_starts(date_of_birth) <= day <= school_leaving_date(date_of_birth)


def compulsory_age_starts(date_of_birth: dt.date) -> dt.date:
    """The first prescribed day (31 August, 31 December, 31 March) on or after the fifth birthday, plus one."""
    fifth = months_before(date_of_birth, -60)
    prescribed = [dt.date(fifth.year, 3, 31), dt.date(fifth.year, 8, 31), dt.date(fifth.year, 12, 31)]
    return next(day for day in prescribed if day >= fifth) + dt.timedelta(days=1)


def school_leaving_date(date_of_birth: dt.date) -> dt.date:
    """The last Friday in June of the academic year in which a child turns 16."""
    sixteen = date_of_birth.year + 16
    year = sixteen + 1 if date_of_birth.month >= 9 else sixteen
    day = dt.date(year, 6, 30)
    return day - dt.timedelta(days=(day.weekday() - 4) % 7)


def easter_sunday(year: int) -> dt.date:
    """Easter Sunday of the Gregorian calendar (anonymous computus, Nature 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    j = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * j) // 451
    month, day = divmod(h + j - 7 * m + 114, 31)
    return dt.date(year, month, day + 1)


def reporting_half_terms(start_year: int) -> list[tuple[str, int, Window]]:
    """The six half terms of an academic year as (term, half, days), covering 1 August to 31 July without gaps.

    The windows are those in which the school census collects attendance: autumn to 31 December, spring to
    Easter Sunday, summer split on the Sunday before the spring bank holiday (DfE school census guide).
    Autumn and spring are split on the last Sunday of October and the third Sunday of February.
    """
    year = start_year + 1
    easter = easter_sunday(year)
    ends = [
        ("autumn", 1, _last_weekday(start_year, 10, 6)),
        ("autumn", 2, dt.date(start_year, 12, 31)),
        ("spring", 1, _last_weekday(year, 2, 6, up_to=21)),
        ("spring", 2, easter),
        ("summer", 1, _last_weekday(year, 5, 0) - dt.timedelta(days=1)),
        ("summer", 2, dt.date(year, 7, 31)),
    ]
    starts = [dt.date(start_year, 8, 1)] + [end + dt.timedelta(days=1) for _, _, end in ends[:-1]]
    return [(term, half, Window(start, end)) for start, (term, half, end) in zip(starts, ends, strict=True)]


def _last_weekday(year: int, month: int, weekday: int, *, up_to: int | None = None) -> dt.date:
    """The last Monday (0) to Sunday (6) of a month, or the last one up to a day of it."""
    first_of_next = dt.date(year + month // 12, month % 12 + 1, 1)
    day = dt.date(year, month, up_to) if up_to else first_of_next - dt.timedelta(days=1)
    return day - dt.timedelta(days=(day.weekday() - weekday) % 7)


@cache
def authority_terms() -> tuple[Term, ...]:
    """The authority's terms in order: taught dates where the shipped calendar has them, else reporting windows."""
    taught = read_terms((REFERENCE / "term_dates.csv").read_text("utf-8").splitlines())
    years = {term.academic_year for term in taught}
    by_rule = [
        Term(halves[0].first_day, halves[1].last_day, academic_year(halves[0].last_day), name)
        for start in range(1990, 2050)
        for name, halves in _reporting_terms(start).items()
        if academic_year(halves[0].last_day) not in years
    ]
    return tuple(sorted(taught + by_rule))


def _reporting_terms(start_year: int) -> dict[str, list[Window]]:
    terms: dict[str, list[Window]] = {}
    for name, _, window in reporting_half_terms(start_year):
        terms.setdefault(name, []).append(window)
    return terms


def read_terms(lines: Iterable[str]) -> list[Term]:
    """Terms from CSV lines with columns academic_year, term, first_day, last_day."""
    return [
        Term(
            dt.date.fromisoformat(row["first_day"]),
            dt.date.fromisoformat(row["last_day"]),
            row["academic_year"],
            row["term"],
        )
        for row in csv.DictReader(lines)
    ]


def completed_terms(as_of: dt.date, count: int, terms: Iterable[Term] | None = None) -> list[Term]:
    """The last `count` terms that ended before `as_of`, oldest first."""
    ended = [term for term in sorted(terms or authority_terms()) if term.last_day < as_of]
    return ended[-count:]
