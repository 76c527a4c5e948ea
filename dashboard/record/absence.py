"""Absence: each child's sessions by half term, against the rule's threshold."""

from __future__ import annotations

import streamlit as st

from dashboard import charts, frame, tables, words
from families.casebook.views import FamilyRecord, Member


def show(record: FamilyRecord) -> None:
    """The tab, top to bottom."""
    st.header("Absence by half term", anchor=False)
    threshold = record.absence_threshold_percent
    if threshold is not None:
        st.caption(
            f"The line is the rule’s threshold, {threshold}% unauthorised absence. The rule adds up the sessions of "
            "its whole window, so one half term above the line is not enough by itself. Authorised absence, such as "
            "illness, is shown beside it and does not count towards it."
        )
    children = [member for member in record.members if member.role == "child"]
    for number, child in enumerate(children):
        _absence_of(record, child, number=number)
    if not children:
        st.write("No child is known in this family.")


def _absence_of(record: FamilyRecord, child: Member, *, number: int) -> None:
    name = words.person(child.name, child.age)
    st.subheader(words.escape_markdown(name), anchor=False)
    shown = tables.absence(record.absence, person_id=child.person_id)
    if shown.is_empty():
        st.write("No attendance was supplied for this child, so absence is not known.")
        return
    drawing = charts.absence(shown, child=name, threshold_percent=record.absence_threshold_percent)
    st.altair_chart(drawing.chart, theme=None, key=f"absence_{number}", alt=drawing.alt)
    with st.expander("Show as a table", key=f"absence_table_{number}"):
        sessions = tables.absence_in_words(shown)
        frame.plain_table(sessions, f"Sessions of {name} by half term")
