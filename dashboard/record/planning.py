"""The family's plan: goals and actions, handed in by the worker, approved or given back by somebody else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import forms, frame
from dashboard.forms import Field
from dashboard.record import work_tables
from dashboard.record.at_work import AtWork, begun_for, chosen_one
from families.cases import planning
from families.cases.views import ActionView, GoalView

OWN = "You wrote some of this plan, so somebody else approves it or gives it back."


def show(at: AtWork) -> None:
    """The plan as it stands, what can be done with it, and each version that was handed in."""
    with forms.section("plan", "Plan"):
        if at.case.goals:
            frame.plain_table(work_tables.plan(at.case.goals, at.day), "Goals and actions")
        else:
            st.write("The plan has no goal yet.")
        _write(at)
        if at.case.plans:
            st.subheader("Handed in", anchor=False)
            frame.plain_table(work_tables.plan_versions(at.case.plans), "Versions of the plan and what was decided")
        _decide(at)


def _write(at: AtWork) -> None:
    if at.may("add_goal"):
        forms.act(_goal_form(at), at.label("add_goal"))
    goals = {goal.goal_id: goal for goal in at.case.goals}
    if goals and at.may("add_action"):
        forms.act(_action_form(at, goals), at.label("add_action"))
    actions = {action.action_id: action for goal in at.case.goals for action in goal.actions}
    if actions and at.may("change_action"):
        names = {action_id: f"{action.words} ({action.owner})" for action_id, action in actions.items()}
        begun = at.begun("plan/change", names)
        with forms.opened(at.label("change_action"), "change_action", begun_for(begun)):
            _change(at, actions, chosen_one("Which action", names, key="action_chosen", begun=begun))
    open_goals = {goal.goal_id: goal.words for goal in at.case.goals if goal.reached_on is None}
    if open_goals and at.may("reach_goal"):
        forms.act(_reach_form(at, open_goals), at.label("reach_goal"))
    if at.case.goals and at.may("submit_plan") and not _waiting(at):
        told = "The plan is handed in: a manager approves it or gives it back."
        form = at.form(
            "plan/submit", planning.submit_plan, [], told, version=at.version, button=at.label("submit_plan")
        )
        forms.show(form)


def _goal_form(at: AtWork) -> forms.Form:
    needs = {need.need_id: need.label for need in at.case.needs}
    fields = [
        Field("words", "The goal", "text", most=1000),
        Field("outcome", "Outcome it serves"),
        Field("need_id", "Need it answers", "choice", needs, is_required=False),
        Field("owner", "Whose goal it is"),
        Field("due_on", "To be reached by", "day"),
    ]
    return at.form("plan/goal", planning.add_goal, fields, "The goal is in the plan: now say who does what by when.")


def _action_form(at: AtWork, goals: Mapping[str, GoalView]) -> forms.Form:
    fields = [
        Field("goal_id", "Goal", "choice", {goal_id: goal.words for goal_id, goal in goals.items()}),
        Field("words", "What is to be done", "text", most=1000),
        Field("owner", "Who does it"),
        Field("due_on", "By", "day"),
    ]

    def give(values: forms.Values) -> Mapping[str, Any]:
        return {"beside": values["goal_id"], **{name: values[name] for name in ("words", "owner", "due_on")}}

    return at.form("plan/action", planning.add_action, fields, "The action is in the plan.", give=give)


def _change(at: AtWork, actions: Mapping[str, ActionView], chosen: str | None) -> None:
    if chosen is None:
        return
    action = actions[chosen]
    fields = [
        Field("owner", "Who does it", start=action.owner),
        Field("due_on", "By", "day", start=action.due_on),
        Field("done_on", "Done on", "day", start=action.done_on, is_required=False),
    ]
    form = at.form(
        "plan/change",
        planning.change_action,
        fields,
        "The action is changed.",
        of=[chosen],
        version=action.row_version,
        is_prefilled=True,
    )
    forms.show(form)


def _reach_form(at: AtWork, goals: Mapping[str, str]) -> forms.Form:
    fields = [
        Field("goal_id", "Goal", "choice", goals),
        Field("reached_on", "Reached on", "day", start=at.day),
    ]

    def give(values: forms.Values) -> Mapping[str, Any]:
        return {"beside": values["goal_id"], "reached_on": values["reached_on"]}

    return at.form("plan/reach", planning.reach_goal, fields, "The goal is reached.", give=give)


def _waiting(at: AtWork) -> Mapping[str, Any] | None:
    """The version that waits for a manager."""
    return next((plan for plan in at.case.plans if plan["decision"] is None), None)


def _decide(at: AtWork) -> None:
    waiting = _waiting(at)
    if waiting is None or not at.may("approve_plan"):
        return
    handed_in = json.loads(waiting["goals"])
    st.subheader(f"Version {waiting['number']} waits for a decision", anchor=False)
    frame.plain_table(work_tables.handed_in(handed_in), "The plan as it was handed in")
    authors = json.loads(waiting["authors"])
    if not any(at.may_decide(act, authors) for act in ("approve_plan", "return_plan")):
        st.write(OWN)
        return
    for act, function, label, is_required, told in (
        ("approve_plan", planning.approve_plan, "What to say to the worker", False, "The plan is approved."),
        ("return_plan", planning.return_plan, "What is to be changed", True, "The plan is given back to the worker."),
    ):
        if at.may_decide(act, authors):
            fields = [Field("reason", label, "text", is_required=is_required, most=1000)]
            form = at.form(f"plan/{act}", function, fields, told, version=at.version, button=at.label(act))
            forms.act(form, at.label(act))
