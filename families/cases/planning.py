"""The family's plan: goals with the outcome they serve, actions with owner and day, handed in, approved by another."""

from __future__ import annotations

import datetime as dt
import json

from sqlalchemy import Engine

from families.casebook import case_store
from families.casebook.case_models import CaseStep
from families.casebook.case_store import RowValues, Transaction
from families.casebook.case_work_models import Goal, Need, PlanAction, PlanVersion
from families.casebook.views import Reader
from families.cases.moving import (
    MOST_IN_LINE,
    Asked,
    Change,
    Changed,
    made_id,
    move,
    plain,
    require_other,
    said,
    within,
    written,
)
from families.cases.views import CaseRecord
from families.cases.workflow import clock
from families.errors import Refused

WRITE = ("add_goal", "add_action", "change_action", "reach_goal")  # acts that write a plan
NOT_APPROVED = "added since the plan was approved"
UNWRITTEN = {"written_by", "written_on", "written_at", "case_id", "row_version"}


def add_goal(
    engine: Engine,
    by: Reader,
    case_id: str,
    *,
    words: str,
    outcome: str,
    owner: str,
    due_on: dt.date,
    today: dt.date,
    token: str,
    need_id: str | None = None,
) -> str:
    """Add a goal to the plan."""
    kept = _step(words, owner, due_on, today) | {"outcome": said(outcome, what="the outcome it serves", most=200)}

    def write(transaction: Transaction, case: RowValues) -> Change:
        if need_id and case_store.one(transaction, Need, need_id=need_id, case_id=case_id) is None:
            raise Refused("This need is not the family's: open the record again.")
        row = {**written(by, today), **kept, "goal_id": made_id(token), "case_id": case_id, "need_id": need_id}
        case_store.add(transaction, Goal, row)
        return Change(result=made_id(token))

    return move(engine, by, Asked("add_goal", case_id, today, token), write)


def add_action(
    engine: Engine,
    by: Reader,
    case_id: str,
    goal_id: str,
    *,
    words: str,
    owner: str,
    due_on: dt.date,
    today: dt.date,
    token: str,
) -> str:
    """Add an action towards a goal."""
    kept = _step(words, owner, due_on, today)

    def write(transaction: Transaction, case: RowValues) -> Change:
        if case_store.one(transaction, Goal, goal_id=goal_id, case_id=case_id) is None:
            raise Refused("This goal is not in the family's plan: open the record again.")
        ids = {"action_id": made_id(token), "goal_id": goal_id, "case_id": case_id, "row_version": 1}
        case_store.add(transaction, PlanAction, {**written(by, today), **kept, **ids})
        return Change(result=made_id(token))

    return move(engine, by, Asked("add_action", case_id, today, token), write)


def _step(words: str, owner: str, due_on: dt.date, today: dt.date) -> RowValues:
    if due_on < today:
        raise Refused("What is planned is due today or later: correct the date.")
    return {
        "words": said(words, what="what is to be done", most=1000),
        "owner": said(owner, what="who is to do it", most=MOST_IN_LINE),
        "due_on": due_on,
    }


def change_action(
    engine: Engine,
    by: Reader,
    case_id: str,
    action_id: str,
    *,
    owner: str,
    due_on: dt.date,
    done_on: dt.date | None,
    row_version: int,
    today: dt.date,
    token: str,
) -> str:
    """Give an action another owner or day, or say that it is done."""
    if done_on is not None and done_on > today:
        raise Refused("An action is not done on a day to come: correct the date.")
    values = {"owner": said(owner, what="who is to do it", most=MOST_IN_LINE), "due_on": due_on, "done_on": done_on}

    def write(transaction: Transaction, case: RowValues) -> Change:
        row = case_store.one(transaction, PlanAction, locked=True, action_id=action_id, case_id=case_id)
        if row is None:
            raise Refused("This action is not in the family's plan: open the record again.")
        if row["row_version"] != row_version:
            raise Changed(yours=values, theirs=row)
        case_store.change(transaction, PlanAction, values | {"row_version": row_version + 1}, action_id=action_id)
        return Change(result=action_id)

    return move(engine, by, Asked("change_action", case_id, today, token), write)


def reach_goal(
    engine: Engine, by: Reader, case_id: str, goal_id: str, *, reached_on: dt.date, today: dt.date, token: str
) -> str:
    """Say that a goal is reached, and on which day."""
    if reached_on > today:
        raise Refused("A goal is not reached on a day to come: correct the date.")

    def write(transaction: Transaction, case: RowValues) -> Change:
        if not case_store.change(
            transaction, Goal, {"reached_on": reached_on}, goal_id=goal_id, case_id=case_id, reached_on=None
        ):
            raise Refused("This goal is not in the plan, or was reached already: open the record again.")
        return Change(result=goal_id)

    return move(engine, by, Asked("reach_goal", case_id, today, token), write)


def submit_plan(engine: Engine, by: Reader, case_id: str, *, row_version: int, today: dt.date, token: str) -> str:
    """Hand the plan in, frozen as it is, for somebody else to approve."""

    def write(transaction: Transaction, case: RowValues) -> Change:
        goals = case_store.every(transaction, Goal, "due_on", case_id=case_id)
        actions = case_store.every(transaction, PlanAction, "due_on", case_id=case_id)
        if not goals or {goal["goal_id"] for goal in goals} - {action["goal_id"] for action in actions}:
            raise Refused("A plan has at least one goal, and each goal at least one action.")
        versions = case_store.every(transaction, PlanVersion, "number", case_id=case_id)
        if versions and versions[-1]["decision"] is None:
            raise Refused("The plan was handed in already and waits for the manager.")
        row = {
            **written(by, today),
            **{"plan_id": made_id(token), "case_id": case_id, "number": len(versions) + 1},
            "goals": json.dumps([_frozen(goal, actions) for goal in goals], ensure_ascii=False),
            "authors": json.dumps(sorted({by.staff_id, *_authors(transaction, case_id)})),
        }
        case_store.add(transaction, PlanVersion, row)
        return Change(result=made_id(token))

    return move(engine, by, Asked("submit_plan", case_id, today, token, row_version), write)


def _authors(transaction: Transaction, case_id: str) -> set[str]:
    """Whoever wrote or changed any of the plan: a step each."""
    return {str(step["written_by"]) for step in case_store.every(transaction, CaseStep, case_id=case_id, act=WRITE)}


def _frozen(goal: RowValues, actions: list[RowValues]) -> RowValues:
    of_goal = [_told(action) for action in actions if action["goal_id"] == goal["goal_id"]]
    return _told(goal) | {"actions": of_goal}


def _told(row: RowValues) -> RowValues:
    return plain({name: value for name, value in row.items() if name not in UNWRITTEN})


def approve_plan(
    engine: Engine, by: Reader, case_id: str, *, reason: str = "", row_version: int, today: dt.date, token: str
) -> str:
    """Approve the plan that was handed in; the first approval counts towards the attachment date."""

    def write(transaction: Transaction, case: RowValues) -> Change:
        plan_id, is_own = _decide(transaction, by, "approve_plan", case_id, "approved", reason.strip(), today)
        to = "reviewing" if case["state"] == "reviewing" else "planned"
        return Change(
            {"plan_approved_on": case["plan_approved_on"] or today} | _review(case, today), to, plan_id, is_own
        )

    asked = Asked("approve_plan", case_id, today, token, row_version, reason=reason.strip())
    return move(engine, by, asked, write)


def return_plan(
    engine: Engine, by: Reader, case_id: str, *, reason: str, row_version: int, today: dt.date, token: str
) -> str:
    """Give the plan back with what is to be changed."""
    why = said(reason, what="what is to be changed")

    def write(transaction: Transaction, case: RowValues) -> Change:
        plan_id, is_own = _decide(transaction, by, "return_plan", case_id, "returned", why, today)
        return Change(result=plan_id, is_own=is_own)

    return move(engine, by, Asked("return_plan", case_id, today, token, row_version, reason=why), write)


def added_since_approval(case: CaseRecord) -> frozenset[str]:
    """The ids of the goals and actions that the plan as it was approved last does not have; none of one never approved.

    A worker goes on writing an approved plan: what nobody else has approved is said to be so wherever it stands.
    """
    approved = [plan for plan in case.plans if plan["decision"] == "approved"]
    if not approved:
        return frozenset()
    goals = json.loads(approved[-1]["goals"])
    there = {goal["goal_id"] for goal in goals} | {each["action_id"] for goal in goals for each in goal["actions"]}
    return (
        frozenset(
            {goal.goal_id for goal in case.goals} | {each.action_id for goal in case.goals for each in goal.actions}
        )
        - there
    )


def _decide(
    transaction: Transaction, by: Reader, act: str, case_id: str, decision: str, reason: str, today: dt.date
) -> tuple[str, bool]:
    waiting = case_store.every(transaction, PlanVersion, "number", case_id=case_id, decision=None)
    if not waiting:
        raise Refused("No plan waits to be approved.")
    plan = waiting[-1]
    is_own = require_other(act, by, json.loads(plan["authors"]))
    words = within(reason, what="the reason")
    values = {"decision": decision, "decided_by": by.staff_id, "decided_on": today, "reason": words}
    case_store.change(transaction, PlanVersion, values, plan_id=plan["plan_id"])
    return str(plan["plan_id"]), is_own


def _review(case: RowValues, today: dt.date) -> RowValues:
    if case["next_review_on"] is not None:
        return {}
    return {"next_review_on": today + dt.timedelta(weeks=clock("review_weeks"))}
