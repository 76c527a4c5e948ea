"""Attendance of a family's children against a baseline: what a list of families and one family's page both show.

The baseline is the last three terms' worth of half terms that ended before the assessment was complete or, until then,
before the family was confirmed; now is the newest half term with data. Both are of what is delivered today: an old
register corrected corrects the baseline too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from families.casebook import case_reads, following
from families.casebook.case_store import Transaction
from families.casebook.views import Reader
from families.dates import Window, reporting_half_terms

BASELINE_HALF_TERMS = 6  # three terms
HALF_TERMS = 6  # in a school year
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Sessions:
    """Sessions of a child, or of a family's children together, in some half terms; nothing where none is known."""

    possible: int
    authorised: int
    unauthorised: int

    @property
    def attended_percent(self) -> float:
        """The share of possible sessions attended, to one decimal, cut and not rounded."""
        return (self.possible - self.authorised - self.unauthorised) * 1000 // self.possible / 10

    @property
    def unauthorised_percent(self) -> float:
        """The share of possible sessions missed without leave."""
        return self.unauthorised * 1000 // self.possible / 10


@dataclass(frozen=True)
class AttendanceNow:
    """A family's children together: the newest half term with data, and the baseline."""

    baseline: Sessions | None
    now: Sessions | None
    by_half_term: tuple[float, ...] = ()  # attended, in per cent, oldest first
    alerts: int = 0


def baseline_day(case: Row) -> tuple[dt.date, str]:
    """The day that a baseline ends before, and what happened on it."""
    if case["assessed_on"]:
        return case["assessed_on"], "the assessment"
    return case["confirmed_on"] or case["identified_on"], "confirmation" if case["confirmed_on"] else "identification"


def baseline_places(on: dt.date) -> frozenset[int]:
    """The places of the three terms' worth of half terms that ended before a day."""
    ended = sorted({place for start in (on.year - 2, on.year - 1, on.year) for place in _ended(start, on)})
    return frozenset(ended[-BASELINE_HALF_TERMS:])


def baseline_rows(rows: Iterable[Row], on: dt.date) -> list[Row]:
    """The rows of the baseline before a day, supplied or not."""
    wanted = baseline_places(on)
    return [row for row in rows if row["place"] in wanted]


def _ended(start: int, on: dt.date) -> list[int]:
    return [start * 10 + n for n, (_, _, days) in enumerate(reporting_half_terms(start), 1) if days.last_day < on]


def last_day(row: Row) -> dt.date:
    """The last day of a row's half term, or of its term where only the whole is known."""
    start, number = divmod(int(row["place"]), 10)
    windows: list[Window] = [days for _, _, days in reporting_half_terms(start)]
    return windows[min(number - 1 + is_whole_term(row["half_term"]), HALF_TERMS - 1)].last_day


def is_whole_term(half_term: str) -> bool:
    """Whether what is called so is a term of which only the whole is known: "2012/13 autumn"."""
    return len(half_term.split()) == 2


def summed(rows: Iterable[Row]) -> Sessions | None:
    """The sessions of some half terms together; nothing where none is known."""
    known = [row for row in rows if row["possible"]]
    if not known:
        return None
    return Sessions(*(sum(int(row[name]) for row in known) for name in ("possible", "authorised", "unauthorised")))


def attendance_now(
    transaction: Transaction, reader: Reader, cases: Sequence[Row], today: dt.date
) -> dict[str, AttendanceNow]:
    """For a page of open cases, the attendance of each family's children together, and its alerts; by case."""
    families = tuple(case["family_id"] for case in cases)
    rows: dict[str, list[Row]] = {}
    for row in following.absence_of(transaction, families):
        rows.setdefault(row["family_id"], []).append(row)
    alerts = case_reads.alerts_waiting(transaction, reader, [case["case_id"] for case in cases], today)
    return {
        case["case_id"]: _now(rows.get(case["family_id"], []), baseline_day(case)[0], alerts.get(case["case_id"], 0))
        for case in cases
    }


def _now(rows: Sequence[Row], on: dt.date, alerts: int) -> AttendanceNow:
    known = sorted({row["place"] for row in rows if row["possible"]})
    by_place = [summed(row for row in rows if row["place"] == place) for place in known]
    told = [each for each in by_place if each]
    return AttendanceNow(
        summed(baseline_rows(rows, on)),
        told[-1] if told else None,
        tuple(each.attended_percent for each in told[-HALF_TERMS:]),
        alerts,
    )
