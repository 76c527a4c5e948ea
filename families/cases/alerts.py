"""Alerts: raised by a refresh, once for each fact, and closed by one whose data has it no more; answered by people."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from families.casebook import case_store
from families.casebook.case_models import Alert, AlertAnswer
from families.casebook.case_store import RowValues, Transaction
from families.casebook.following import News
from families.casebook.views import Reader
from families.cases.clock import casework_day
from families.cases.moving import Asked, Change, made_id, move, said, written
from families.cases.workflow import clock, one_of
from families.dates import months_before
from families.errors import Refused

ACKNOWLEDGED, SNOOZED = "acknowledged", "snoozed"
SHOWN_BY = " Shown by "  # what of an alert's sentence tells the rows
MOST_SNOOZED = dt.timedelta(days=90)


@dataclass(frozen=True)
class Raised:
    """Something that a load brought to light; `key` is the same for the same fact, load after load."""

    key: str
    family_id: str
    kind: str
    sentence: str
    raised_on: dt.date
    run_id: str
    person_id: str | None = None
    name: str | None = None
    happened_on: dt.date | None = None


def raise_alerts(transaction: Transaction, rows: Sequence[Raised]) -> int:
    """Add what is new of families with an open case, in the transaction of the refresh; how many alerts were added."""
    for row in rows:
        one_of("alert_kinds", row.kind, what="the kind of alert")
    names = ("key", "family_id", "kind", "sentence", "raised_on", "run_id", "person_id", "name", "happened_on")
    values = [{name: getattr(row, name) for name in names} | {"alert_id": made_id("alert", row.key)} for row in rows]
    return case_store.add_alerts(transaction, values) if values else 0


def tell_workers(
    transaction: Transaction,
    news: News,
    *,
    as_of: dt.date,
    is_sample: bool,
    published_at: dt.datetime,
    run_id: str,
) -> int:
    """Raise what is new of open families, and close what the data has no more; how many were raised.

    In the transaction that publishes the run: killed before its end neither happens, and the next refresh does both.
    """
    on = casework_day(is_sample=is_sample, as_of=as_of, now=published_at)
    since = months_before(as_of, clock("alerts_look_back_months"))
    raised = [_raised(row, on, run_id) for row in news.new.iter_rows(named=True) if _is_news(row, since)]
    gone = {_alert_key(row): GONE.get(row["kind"], NO_LONGER) for row in news.gone.iter_rows(named=True)}
    case_store.close_alerts(transaction, gone, on=on)
    return raise_alerts(transaction, raised)


GONE = dict.fromkeys(
    ("suspension", "offence"),
    "The newest data has this no more: the delivery that told it was corrected or taken back.",
)
NO_LONGER = "By the newest data this is no longer so."


def _is_news(row: Mapping[str, Any], since: dt.date) -> bool:
    """Whether a worker is told: not of what is long past, a first address, or the first child with a difficulty."""
    if row["kind"] in ("address", "another_child"):
        return row["kind"] in (row["kinds_before"] or ())
    return row["happened_on"] is None or row["happened_on"] >= since or row["kind"] in STATES


STATES = ("threshold", "off_roll", "new_person")  # true now, however old the evidence


def _alert_key(row: Mapping[str, Any]) -> str:
    return f"{row['case_id']}|{row['key']}"


def _raised(row: Mapping[str, Any], on: dt.date, run_id: str) -> Raised:
    where = "; ".join(f"{source}, {file} row {number}" for source, file, number in json.loads(row["rows"] or "[]"))
    return Raised(
        key=_alert_key(row),
        family_id=row["family_id"],
        kind=row["kind"],
        sentence=f"{row['sentence']}.{f'{SHOWN_BY}{where}.' if where else ''}",
        raised_on=on,
        run_id=run_id,
        person_id=row["person_id"],
        name=row["name"],
        happened_on=row["happened_on"],
    )


def acknowledge(
    engine: Engine, by: Reader, case_id: str, alert_id: str, *, reason: str, today: dt.date, token: str
) -> str:
    """Say that an alert was seen, and what is done about it."""
    return _answer(engine, by, case_id, alert_id, ACKNOWLEDGED, reason, None, today, token)


def snooze(
    engine: Engine,
    by: Reader,
    case_id: str,
    alert_id: str,
    *,
    reason: str,
    until: dt.date,
    today: dt.date,
    token: str,
) -> str:
    """Put an alert off, with a reason; on its day it comes back."""
    if not today < until <= today + MOST_SNOOZED:
        raise Refused(f"An alert is put off to a day within the next {MOST_SNOOZED.days} days.")
    return _answer(engine, by, case_id, alert_id, SNOOZED, reason, until, today, token)


def _answer(
    engine: Engine,
    by: Reader,
    case_id: str,
    alert_id: str,
    answer: str,
    reason: str,
    until: dt.date | None,
    today: dt.date,
    token: str,
) -> str:
    why = said(reason, what="the reason", most=1000)

    def write(transaction: Transaction, case: RowValues) -> Change:
        row = case_store.one(transaction, Alert, locked=True, alert_id=alert_id, case_id=case_id)
        if row is None or row["answer"] == ACKNOWLEDGED or row["closed_on"] is not None:
            raise Refused("This alert waits for no answer: somebody may have given one.")
        kept = {"answer_id": made_id(token), "case_id": case_id, "alert_id": alert_id, "answer": answer}
        case_store.add(transaction, AlertAnswer, {**written(by, today), **kept, "until": until, "reason": why})
        case_store.change(transaction, Alert, {"answer": answer, "snoozed_until": until}, alert_id=alert_id)
        return Change(result=made_id(token))

    return move(engine, by, Asked("answer_alert", case_id, today, token, reason=why), write)
