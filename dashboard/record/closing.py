"""Closure with its checklist, a manager's answer to it, and the check six months later, which reopens nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import forms, frame, words
from dashboard.forms import Field
from dashboard.record import work_tables
from dashboard.record.at_work import AtWork
from families.cases import reviewing
from families.cases.moving import MOST_WORDS
from families.cases.workflow import workflow

OWN = "You asked for this closure, so somebody else decides on it."


def show(at: AtWork) -> None:
    """What was asked and decided, and the check after it."""
    if not at.case.closures and not at.may("ask_closure"):
        return
    with forms.section("closure", "Closure"):
        for closure in at.case.closures:
            _asked(closure)
        if at.may("ask_closure"):
            forms.act(_checklist_form(at), at.label("ask_closure"))
        _decide(at)
    if at.case.dates["closed_on"] is not None:
        with forms.section("check", "Six-month check"):
            _check(at)


def _asked(closure: Mapping[str, Any]) -> None:
    on, by = words.long_date(closure["written_on"]), closure.get("written_by_name", closure["written_by"])
    st.subheader(words.escape_markdown(f"Asked for by {by} on {on}"), anchor=False)
    frame.plain_table(work_tables.closure(closure), f"Closure checklist of {on}")


def _checklist_form(at: AtWork) -> forms.Form:
    left = sum(action.done_on is None for goal in at.case.goals for action in goal.actions)
    open_actions = f"What becomes of {words.counted(left, 'action')} not done" if left else "Actions left open"
    fields = [
        Field("reason", "Reason", "choice", workflow().words["closure_reasons"]),
        Field("outcomes", "What has been achieved", "text", most=MOST_WORDS),
        Field("open_actions", open_actions, "text", is_required=left > 0, most=MOST_WORDS),
        Field("safety", "That everybody is safe, and how you know", "text", most=MOST_WORDS),
        Field("step_down_to", "Who supports the family from now on", most=1000),
        Field("family_view", "What the family says", "text", most=MOST_WORDS),
    ]

    def give(values: forms.Values) -> Mapping[str, Any]:
        return {"beside": reviewing.Checklist(**{field.name: values[field.name] for field in fields})}

    told = "Closure is asked for: a manager approves it or keeps the family open."
    return at.form("closure/ask", reviewing.ask_closure, fields, told, give=give, version=at.version)


def _decide(at: AtWork) -> None:
    waiting = next((closure for closure in at.case.closures if closure["decision"] is None), None)
    if waiting is None or not at.may("approve_closure"):
        return
    authors = [waiting["written_by"]]
    if not any(at.may_decide(act, authors) for act in ("approve_closure", "return_closure")):
        st.write(OWN)
        return
    for act, function, label, is_required, told in (
        (
            "approve_closure",
            reviewing.approve_closure,
            "What to say to the worker",
            False,
            "The family’s case is closed.",
        ),
        ("return_closure", reviewing.return_closure, "Why the family stays open", True, "The family stays open."),
    ):
        if at.may_decide(act, authors):
            fields = [Field("reason", label, "text", is_required=is_required, most=1000)]
            form = at.form(f"closure/{act}", function, fields, told, version=at.version, button=at.label(act))
            forms.act(form, at.label(act))


def _check(at: AtWork) -> None:
    due_on = at.case.dates["check_due_on"]
    if at.case.checks:
        frame.plain_table(work_tables.checks(at.case.checks), "What was found six months after closure")
        return
    st.write(f"Due on {words.long_date(due_on)}. The case stays closed whatever is found.")
    if due_on is not None and at.day >= due_on and at.may("record_check"):
        fields = [
            Field("result", "What was found", "radio", reviewing.CHECK_RESULTS),
            Field("words", "What shows it", "text", most=MOST_WORDS),
        ]
        told = "The check is recorded; the case stays closed."
        forms.act(
            at.form("check/record", reviewing.record_check, fields, told, version=at.version), at.label("record_check")
        )
