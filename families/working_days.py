"""Working days of an English council: Monday to Friday, without the bank holidays of England and Wales.

The days follow the Banking and Financial Dealings Act 1971, schedule 1, with Good Friday and Christmas Day at common
law and New Year's Day and the early May holiday by yearly proclamation; what was moved or added is in a data file.
"""

from __future__ import annotations

import csv
import datetime as dt
from functools import cache

from families.dates import easter_sunday
from families.reference import REFERENCE

DAY = dt.timedelta(days=1)
MONDAY, SATURDAY = 0, 5


@cache
def bank_holidays(year: int) -> frozenset[dt.date]:
    """The weekdays of a year on which English councils are closed."""
    easter = easter_sunday(year)
    days = {easter - 2 * DAY, easter + DAY}
    days |= {_first_monday(year, 5), _last_monday(year, 5), _last_monday(year, 8)}
    for fixed in (dt.date(year, 1, 1), dt.date(year, 12, 25), dt.date(year, 12, 26)):
        day = fixed
        while day.weekday() >= SATURDAY or day in days:
            day += DAY  # a holiday at a weekend is kept on the next weekday that is none
        days.add(day)
    for day, change in _moved():
        if day.year == year:
            days = days | {day} if change == "added" else days - {day}
    return frozenset(days)


def _first_monday(year: int, month: int) -> dt.date:
    first = dt.date(year, month, 1)
    return first + (MONDAY - first.weekday()) % 7 * DAY


def _last_monday(year: int, month: int) -> dt.date:
    last = dt.date(year, month + 1, 1) - DAY
    return last - last.weekday() * DAY


@cache
def _moved() -> tuple[tuple[dt.date, str], ...]:
    lines = (REFERENCE / "bank_holidays_moved.csv").read_text("utf-8").splitlines()
    return tuple((dt.date.fromisoformat(row["day"]), row["change"]) for row in csv.DictReader(lines))


def is_working_day(day: dt.date) -> bool:
    """Whether the council works on a day."""
    return day.weekday() < SATURDAY and day not in bank_holidays(day.year)


def add_working_days(day: dt.date, count: int) -> dt.date:
    """The working day that is `count` working days after a day."""
    while count > 0:
        day += DAY
        count -= is_working_day(day)
    return day


def working_days_between(day: dt.date, until: dt.date) -> int:
    """How many working days lie after a day up to another one; negative where that one is past."""
    if until < day:
        return -working_days_between(until, day)
    return sum(is_working_day(day + number * DAY) for number in range(1, (until - day).days + 1))
