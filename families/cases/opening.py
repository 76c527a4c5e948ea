"""The first days of a case: a family is confirmed or set aside, allocated, transferred, accepted or declined."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine

from families.casebook import case_scope, case_store
from families.casebook.case_models import Allocation, FamilyCase
from families.casebook.case_store import RowValues, Transaction
from families.casebook.views import Reader
from families.cases.moving import Asked, Change, Step, keep_step, made_id, move, once, said, written
from families.cases.workflow import clock, require_state, workflow
from families.errors import NotAllowed, Refused
from families.working_days import add_working_days

DECISIONS = ("confirm", "not_now", "not_eligible", "wrong_linkage", "already_known")
FIRST_LEVEL = "early_help"
MOST_AT_ONCE = 200
PRIORITIES = {"high": "High", "normal": "Normal"}


def new_case(
    transaction: Transaction,
    by: Reader,
    *,
    case_id: str,
    family_id: str,
    name: str,
    children: int,
    came_as: str,
    today: dt.date,
) -> RowValues:
    """A case that waits to be confirmed; of the family it keeps the name and the number of children."""
    row = {
        **written(by, today),
        **{"case_id": case_id, "family_id": family_id, "family_name": name, "children": children, "came_as": came_as},
        **{"state": "identified" if came_as == "identified" else "nominated", "state_since": today, "is_open": True},
        **{"row_version": 1, "team_id": case_scope.NO_TEAM, "level": FIRST_LEVEL},
        **{"last_step_on": today, "identified_on": today},
    }
    case_store.add(transaction, FamilyCase, row)
    (added,) = case_store.every(transaction, FamilyCase, case_id=case_id)
    return added


def decide_family(
    engine: Engine,
    by: Reader,
    case_id: str,
    *,
    decision: str,
    reason: str,
    row_version: int,
    today: dt.date,
    token: str,
    team_id: str | None = None,
) -> str:
    """Confirm a family whose case waits, or set it aside; always with a reason."""
    _require_decision(decision)
    why = said(reason, what="the reason for the decision")

    def write(transaction: Transaction, row: RowValues) -> Change:
        return _decided(transaction, by, row, decision, today, why, team_id)

    return move(engine, by, Asked(decision, case_id, today, token, row_version, reason=why), write)


def decide_identified(
    engine: Engine,
    by: Reader,
    family_id: str,
    *,
    decision: str,
    reason: str,
    today: dt.date,
    token: str,
    team_id: str | None = None,
) -> str:
    """Confirm or set aside a family that a run has identified and that has no case yet; the id of its case."""
    return _decide_at_once(
        engine, by, [family_id], decision=decision, reason=reason, today=today, token=token, team_id=team_id
    )


def set_aside_known(
    engine: Engine, by: Reader, family_ids: Sequence[str], *, reason: str, today: dt.date, token: str
) -> str:
    """Say of several identified families that they are known already: the one decision that is made in bulk."""
    if not 1 <= len(set(family_ids)) <= MOST_AT_ONCE:
        raise Refused(f"Choose 1 to {MOST_AT_ONCE} families.")
    return _decide_at_once(
        engine, by, sorted(set(family_ids)), decision="already_known", reason=reason, today=today, token=token
    )


def _decide_at_once(
    engine: Engine,
    by: Reader,
    family_ids: Sequence[str],
    *,
    decision: str,
    reason: str,
    today: dt.date,
    token: str,
    team_id: str | None = None,
) -> str:
    _require_decision(decision)
    act = workflow().acts[decision]
    why = said(reason, what="the reason for the decision")

    def work(transaction: Transaction) -> Step:
        cases = []
        for family_id in family_ids:
            family = case_store.published_family(transaction, by, family_id)
            if family is None:
                raise NotAllowed("There is no family under this id that you may see.")
            if _waits(transaction, family_id):
                raise Refused("This family has a case: decide on that.")
            children = [each for each in case_store.members_of(transaction, family_id) if each["role"] == "child"]
            case = new_case(
                transaction,
                by,
                case_id=made_id(token, family_id),
                family_id=family_id,
                name=family["name"],
                children=len(children),
                came_as="identified",
                today=today,
            )
            require_state(act, case["state"])
            change = _decided(transaction, by, case, decision, today, why, team_id)
            values = {**change.values, "state": act.to[0], "is_open": act.to[0] in workflow().groups["open"]}
            case_store.change(transaction, FamilyCase, values, case_id=case["case_id"])
            cases.append(case["case_id"])
        became: dict[str, Any] = {"state_from": "identified", "state_to": act.to[0], "reason": why}
        if len(cases) > 1:  # each family's chronology has the step
            for case_id in cases:
                step = Step(case_id, today, family_ids=(), case_id=case_id, **became)
                keep_step(transaction, by, decision, made_id(token, f"step {case_id}"), step)
        return Step(
            cases[0] if len(cases) == 1 else ",".join(cases),
            today,
            family_ids=tuple(family_ids),
            case_id=cases[0] if len(cases) == 1 else None,
            before={"state": None},
            after={"state": act.to[0], "cases": cases},
            **became,
        )

    turns = [f"family {family_id}" for family_id in family_ids]
    return once(engine, by, decision, token, roles=act, work=work, turns=turns)


def _waits(transaction: Transaction, family_id: str) -> bool:
    """Whether a case of the family is open, or was put off and may still be confirmed."""
    states = [*workflow().acts["confirm"].states, *workflow().groups["open"]]
    return bool(case_store.every(transaction, FamilyCase, family_id=family_id, state=states))


def _require_decision(decision: str) -> None:
    if decision not in DECISIONS:
        raise Refused("Choose a decision: " + ", ".join(workflow().acts[name].label for name in DECISIONS) + ".")


def _decided(
    transaction: Transaction, by: Reader, row: RowValues, decision: str, today: dt.date, why: str, team_id: str | None
) -> Change:
    if decision == "wrong_linkage":
        due_on = add_working_days(today, clock("correction"))
        query = {"family_id": row["family_id"], "person_id": None, "code": "other", "words": why, "due_on": due_on}
        who = {"raised_by": by.staff_id, "raised_role": by.role, "raised_at": dt.datetime.now(dt.UTC)}
        case_store.write_linkage_query(transaction, query | who)
    if decision != "confirm":
        return Change()
    _require_no_other(transaction, row)
    return Change({"confirmed_on": today} | ({"team_id": team_id} if team_id is not None else {}))


def _require_no_other(transaction: Transaction, row: RowValues) -> None:
    case_store.take_turn(transaction, f"family {row['family_id']}")
    other = case_store.open_case_of(transaction, row["family_id"])
    if other is not None and other["case_id"] != row["case_id"]:
        raise Refused("This family has another case that is open: go on with that one.")


def allocate(
    engine: Engine,
    by: Reader,
    case_id: str,
    *,
    worker: str,
    priority: str,
    reason: str,
    row_version: int,
    today: dt.date,
    token: str,
) -> str:
    """Offer a family to a worker, who accepts or declines it."""
    if priority not in PRIORITIES:
        raise Refused("Choose the priority: " + ", ".join(PRIORITIES.values()) + ".")

    def write(transaction: Transaction, row: RowValues) -> Change:
        values = _offered(transaction, by, row, worker, reason.strip(), today, token)
        return Change(values | {"priority": priority, "allocated_on": today})

    yours = {"worker": worker, "priority": priority}
    asked = Asked("allocate", case_id, today, token, row_version, reason=reason.strip(), yours=yours)
    return move(engine, by, asked, write)


def transfer(
    engine: Engine, by: Reader, case_id: str, *, worker: str, reason: str, row_version: int, today: dt.date, token: str
) -> str:
    """Give a family to another worker at once. Who had it before stays on record, and may go on reading."""
    why = said(reason, what="the reason for the transfer")

    def write(transaction: Transaction, row: RowValues) -> Change:
        if worker == row["worker"]:
            raise Refused("This worker has the family already: choose another one.")
        case_store.change(transaction, Allocation, {"ended_on": today}, case_id=case_id, ended_on=None)
        values = _offered(transaction, by, row, worker, why, today, token)
        if row["state"] != "allocated":  # the work goes on: nobody is asked to start it again
            answered = {"answer": "accepted", "answered_on": today}
            case_store.change(transaction, Allocation, answered, allocation_id=made_id(token, "allocation"))
        return Change(values)

    return move(
        engine,
        by,
        Asked("transfer", case_id, today, token, row_version, reason=why, yours={"worker": worker}),
        write,
    )


def _offered(
    transaction: Transaction, by: Reader, row: RowValues, worker: str, reason: str, today: dt.date, token: str
) -> dict[str, Any]:
    staff = case_store.staff_member(transaction, worker)
    if staff is None or staff["role"] != "caseworker" or staff.get("is_disabled"):
        raise Refused("Families are given to caseworkers who work here: choose one of them.")
    team = case_scope.team_now(transaction, worker)
    if by.role == "team_manager" and team != case_scope.team_now(transaction, by.staff_id):
        raise NotAllowed("This worker is in another team: ask a programme manager.")
    case_store.add(
        transaction,
        Allocation,
        {
            **written(by, today),
            **{"allocation_id": made_id(token, "allocation"), "case_id": row["case_id"], "worker": worker},
            **{"team_id": team, "reason": reason},
        },
    )
    return {"worker": worker, "team_id": team}


def accept(engine: Engine, by: Reader, case_id: str, *, row_version: int, today: dt.date, token: str) -> str:
    """Accept a family: the clock of the assessment starts, and the worker is its keyworker from today."""

    def write(transaction: Transaction, row: RowValues) -> Change:
        _answer(transaction, row, "accepted", today)
        due_on = add_working_days(today, clock("assess"))
        return Change({"keyworker_from": today, "assessment_due_on": due_on})

    return move(engine, by, Asked("accept", case_id, today, token, row_version), write)


def decline(
    engine: Engine, by: Reader, case_id: str, *, reason: str, row_version: int, today: dt.date, token: str
) -> str:
    """Decline a family, with a reason; it goes back to the manager."""
    why = said(reason, what="the reason for declining")

    def write(transaction: Transaction, row: RowValues) -> Change:
        _answer(transaction, row, "declined", today, ended_on=today)
        return Change({"worker": None, "allocated_on": None})

    return move(engine, by, Asked("decline", case_id, today, token, row_version, reason=why), write)


def _answer(transaction: Transaction, row: RowValues, answer: str, today: dt.date, **more: Any) -> None:
    values = {"answer": answer, "answered_on": today} | more
    case_store.change(transaction, Allocation, values, case_id=row["case_id"], worker=row["worker"], answer=None)
