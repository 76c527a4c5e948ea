"""The day casework counts from, and what is left of a clock in words."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from families.casebook.views import DataAsAt
from families.working_days import working_days_between

LONDON = ZoneInfo("Europe/London")


def casework_today(publication: DataAsAt | None, now: dt.datetime) -> dt.date:
    """Today in England; in a sample home the day its data speaks of, so that nothing made up is years overdue."""
    if publication is None:
        return now.astimezone(LONDON).date()
    return casework_day(is_sample=publication.is_sample, as_of=publication.as_of, now=now)


def casework_day(*, is_sample: bool, as_of: dt.date, now: dt.datetime) -> dt.date:
    """The same before a run is published, from what is to be."""
    return as_of if is_sample else now.astimezone(LONDON).date()


def time_left(due_on: dt.date, today: dt.date) -> str:
    """How long there is, in working days."""
    days = working_days_between(today, due_on)
    if due_on == today or days == 0:
        return "due today" if due_on >= today else "overdue since the last working day"
    number = f"{abs(days)} working day{'s' if abs(days) > 1 else ''}"
    return f"{number} left" if days > 0 else f"{number} over"
