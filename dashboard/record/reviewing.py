"""Reviews: how each need stood before and stands now, what the records say since, and steps up or down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import forms, frame, words
from dashboard.forms import Field
from dashboard.record import needs_chart, work_tables
from dashboard.record.at_work import AtWork
from families.cases import reviewing
from families.cases.moving import MOST_WORDS
from families.cases.workflow import clock, workflow


def show(at: AtWork) -> None:
    """Needs then and now, the reviews held, and the level of need."""
    if not at.case.needs and not at.case.reviews and not at.may("step"):
        return
    with forms.section("review", "Reviews"):
        _then_and_now(at)
        _held(at)
        if at.may("hold_review"):
            _since_last(at)
            forms.act(_review_form(at), at.label("hold_review"))
    with forms.section("level", "Level of need"):
        _level(at)


def _then_and_now(at: AtWork) -> None:
    shown = work_tables.then_and_now(at.case.needs)
    if shown.is_empty():
        return
    drawing = needs_chart.then_and_now(shown)
    st.altair_chart(drawing.chart, theme=None, key="needs_then_and_now", alt=drawing.alt)
    with st.expander("Show as a table", key="needs_as_table"):
        frame.plain_table(shown, "How each need stood at the start, at the last review but one, and stands now")


def _held(at: AtWork) -> None:
    if not at.case.reviews:
        st.write("No review has been held yet.")
        return
    frame.plain_table(work_tables.reviews(at.case.reviews), "Reviews, the last one beside the one before")


def _since_last(at: AtWork) -> None:
    """What the feeds brought since the last review, or since the assessment."""
    held = [review["held_on"] for review in at.case.reviews]
    since: dt.date | None = max(held) if held else at.case.dates["assessed_on"]
    if since is None:
        return
    st.subheader(f"What the records say since {words.long_date(since)}", anchor=False)
    shown = work_tables.since(at.record.findings if at.record else (), at.case.alerts, since)
    if shown.is_empty():
        st.write("Nothing new has come from the records.")
    else:
        frame.plain_table(shown, "What the records say since the last review")


def _review_form(at: AtWork) -> forms.Form:
    fields: list[Field] = []
    for need in at.case.needs:
        stood = f"**{words.escape_markdown(need.label)}**: {need.baseline} at the start, {need.now} at the last review"
        fields += [
            Field(f"said_{need.need_id}", stood, "said"),
            Field(f"score_{need.need_id}", "How it stands now, from 1 to 10", "number"),
            Field(f"evidence_{need.need_id}", "What shows it", most=1000),
            Field(f"day_{need.need_id}", "Day of the evidence", "day", start=at.day),
        ]
    fields += [
        Field("words", "What the review found", "text", most=MOST_WORDS),
        Field("family_view", "What the family says", "text", most=MOST_WORDS),
        Field("next_on", "Next review on", "day", start=at.day + dt.timedelta(weeks=clock("review_weeks"))),
    ]
    needs = [need.need_id for need in at.case.needs]

    def give(values: forms.Values) -> Mapping[str, Any]:
        scores = [
            reviewing.Score(need, values[f"score_{need}"], values[f"evidence_{need}"], values[f"day_{need}"])
            for need in needs
        ]
        return {"scores": scores, **{name: values[name] for name in ("words", "family_view", "next_on")}}

    return at.form(
        "review/hold", reviewing.hold_review, fields, "The review is recorded.", give=give, version=at.version
    )


def _level(at: AtWork) -> None:
    levels = workflow().words["levels"]
    st.write(f"**{words.escape_markdown(levels.get(at.case.line.level, at.case.line.level))}**")
    if at.case.levels:
        frame.plain_table(work_tables.levels(at.case.levels), "Steps up and down")
    if at.may("step"):
        others = {level: label for level, label in levels.items() if level != at.case.line.level}
        fields = [
            Field("level", "To level", "radio", others),
            Field("to_whom", "Who works with the family there"),
            Field("reason", "Why", "text", most=1000),
        ]
        told = "The family is at its new level."
        forms.act(at.form("level/step", reviewing.step, fields, told, version=at.version), at.label("step"))
