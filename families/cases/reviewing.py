"""Reviews of needs and plan, steps up and down, closure with its checklist, and the check six months later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Engine

from families.casebook import case_store
from families.casebook.case_models import Allocation
from families.casebook.case_store import RowValues, Transaction
from families.casebook.case_work_models import Closure, LevelChange, Need, NeedScore, PlanAction, Review, SustainedCheck
from families.casebook.views import Reader
from families.cases.assessing import score_row
from families.cases.moving import (
    MOST_IN_LINE,
    Asked,
    Change,
    made_id,
    move,
    require_other,
    said,
    within,
    written,
)
from families.cases.workflow import clock, one_of
from families.dates import months_before
from families.errors import Refused

CHECK_RESULTS = {
    "sustained": "The change has lasted",
    "partly": "Some of the change has lasted",
    "not_sustained": "The change has not lasted",
    "unknown": "Not known",
}


@dataclass(frozen=True)
class Score:
    """How a need stands at a review."""

    need_id: str
    score: int
    evidence: str
    evidence_on: dt.date


@dataclass(frozen=True)
class Checklist:
    """What must be said before a family's case is closed."""

    reason: str
    outcomes: str
    open_actions: str  # what becomes of each action that is not done
    safety: str
    step_down_to: str
    family_view: str


def hold_review(
    engine: Engine,
    by: Reader,
    case_id: str,
    *,
    scores: Sequence[Score],
    words: str,
    family_view: str,
    next_on: dt.date,
    row_version: int,
    today: dt.date,
    token: str,
) -> str:
    """Record a review: every need scored again, the family's view, and the day of the next one."""
    review_id = made_id(token)
    kept = {"words": said(words, what="the review"), "family_view": said(family_view, what="the family's view")}
    if next_on <= today:
        raise Refused("The next review is on a day to come: correct its date.")

    def write(transaction: Transaction, case: RowValues) -> Change:
        needs = {row["need_id"] for row in case_store.every(transaction, Need, case_id=case_id)}
        if {score.need_id for score in scores} != needs or len(scores) != len(needs):
            raise Refused("Score each need once: the review shows how every one of them stands.")
        ids = {"review_id": review_id, "case_id": case_id}
        case_store.add(transaction, Review, {**written(by, today), **kept, **ids, "held_on": today, "next_on": next_on})
        rows = [
            {
                **written(by, today),
                **score_row(score.score, score.evidence, score.evidence_on, today),
                **ids,
                **{"score_id": made_id(token, score.need_id), "need_id": score.need_id},
            }
            for score in scores
        ]
        case_store.add(transaction, NeedScore, *rows)
        return Change({"next_review_on": next_on}, result=review_id)

    return move(engine, by, Asked("hold_review", case_id, today, token, row_version, yours=kept), write)


def step(
    engine: Engine,
    by: Reader,
    case_id: str,
    *,
    level: str,
    to_whom: str,
    reason: str,
    row_version: int,
    today: dt.date,
    token: str,
) -> str:
    """Step a family up or down to another level of need, with who takes it on and why."""
    one_of("levels", level, what="the level")
    why = said(reason, what="the reason for the step")
    whom = said(to_whom, what="who works with the family at the new level", most=MOST_IN_LINE)

    def write(transaction: Transaction, case: RowValues) -> Change:
        if level == case["level"]:
            raise Refused("The family is at this level already: choose another one.")
        row = {
            **written(by, today),
            **{"change_id": made_id(token), "case_id": case_id, "level_from": case["level"], "level_to": level},
            **{"to_whom": whom, "reason": why},
        }
        case_store.add(transaction, LevelChange, row)
        return Change({"level": level}, result=made_id(token))

    asked = Asked("step", case_id, today, token, row_version, reason=why, yours={"level": level})
    return move(engine, by, asked, write)


def ask_closure(
    engine: Engine, by: Reader, case_id: str, checklist: Checklist, *, row_version: int, today: dt.date, token: str
) -> str:
    """Ask for closure with the checklist filled in."""
    one_of("closure_reasons", checklist.reason, what="the reason for closure")
    kept = asdict(checklist)
    for name, what in (
        ("outcomes", "what has been achieved"),
        ("safety", "that everybody is safe, and how you know"),
        ("step_down_to", "who supports the family from now on"),
        ("family_view", "the family's view"),
    ):
        kept[name] = said(kept[name], what=what)
    kept["open_actions"] = within(kept["open_actions"], what="what becomes of open actions")

    def write(transaction: Transaction, case: RowValues) -> Change:
        left = case_store.every(transaction, PlanAction, case_id=case_id, done_on=None)
        if left and not kept["open_actions"]:
            raise Refused(f"Say what becomes of the {len(left)} actions that are not done.")
        row = {**written(by, today), **kept, "closure_id": made_id(token), "case_id": case_id}
        case_store.add(transaction, Closure, row | {"state_before": case["state"]})
        return Change(result=made_id(token))

    return move(engine, by, Asked("ask_closure", case_id, today, token, row_version, yours=kept), write)


def approve_closure(
    engine: Engine, by: Reader, case_id: str, *, reason: str = "", row_version: int, today: dt.date, token: str
) -> str:
    """Close a case: the check six months on is scheduled, and the worker's time with the family ends."""
    due_on = months_before(today, -clock("check_months"))

    def write(transaction: Transaction, case: RowValues) -> Change:
        closure, is_own = _decide(transaction, by, "approve_closure", case_id, "approved", reason, today)
        case_store.change(transaction, Allocation, {"ended_on": today}, case_id=case_id, ended_on=None)
        values = {"closed_on": today, "check_due_on": due_on, "next_review_on": None, "assessment_due_on": None}
        return Change(values, result=closure["closure_id"], is_own=is_own)

    return move(engine, by, Asked("approve_closure", case_id, today, token, row_version, reason=reason), write)


def return_closure(
    engine: Engine, by: Reader, case_id: str, *, reason: str, row_version: int, today: dt.date, token: str
) -> str:
    """Keep a family open, with the reason; the work goes on where it was."""
    why = said(reason, what="why the family stays open")

    def write(transaction: Transaction, case: RowValues) -> Change:
        closure, is_own = _decide(transaction, by, "return_closure", case_id, "returned", why, today)
        return Change(to=closure["state_before"], result=closure["closure_id"], is_own=is_own)

    return move(engine, by, Asked("return_closure", case_id, today, token, row_version, reason=why), write)


def _decide(
    transaction: Transaction, by: Reader, act: str, case_id: str, decision: str, reason: str, today: dt.date
) -> tuple[RowValues, bool]:
    (closure,) = case_store.every(transaction, Closure, case_id=case_id, decision=None)
    is_own = require_other(act, by, [closure["written_by"]])
    words = within(reason, what="the reason")
    values = {"decision": decision, "decided_by": by.staff_id, "decided_on": today, "decided_reason": words}
    case_store.change(transaction, Closure, values, closure_id=closure["closure_id"])
    return closure, is_own


def record_check(
    engine: Engine, by: Reader, case_id: str, *, result: str, words: str, row_version: int, today: dt.date, token: str
) -> str:
    """Record what was found six months after closure; the case stays closed."""
    if result not in CHECK_RESULTS:
        raise Refused("Choose what was found: " + ", ".join(CHECK_RESULTS.values()) + ".")
    kept = said(words, what="what shows it")

    def write(transaction: Transaction, case: RowValues) -> Change:
        if case["checked_on"] is not None:
            raise Refused("The check of this family is recorded already.")
        if today < case["check_due_on"]:
            raise Refused("The check is due six months after closure: record it then.")
        row = {**written(by, today), "check_id": made_id(token), "case_id": case_id, "result": result, "words": kept}
        case_store.add(transaction, SustainedCheck, row)
        return Change({"checked_on": today}, result=made_id(token))

    return move(engine, by, Asked("record_check", case_id, today, token, row_version), write)
