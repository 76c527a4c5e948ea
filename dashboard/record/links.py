"""Who is linked to whom: the family's graph and its genogram, each with a table that says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from dashboard import charts, frame, identity, tables, words
from dashboard.record import genogram
from families.casebook.extended import Extended, extended_family
from families.casebook.views import FamilyRecord, Member, Tie

NOBODY = Extended((), (), 0)


def show(visit: identity.Visit, record: FamilyRecord) -> None:
    """The tab, top to bottom."""
    st.header("Who is linked to whom", anchor=False)
    beyond = _beyond(visit, record)
    here = {member.person_id for member in record.members}
    added = [replace(kin.member, role="linked", is_resident=False) for kin in beyond.people]
    members: Sequence[Member] = [*record.members, *(each for each in added if each.person_id not in here)]
    ties = [*record.ties, *beyond.ties]
    _graph(members, ties)
    _genogram(record.members, record.ties)


def _beyond(visit: identity.Visit, record: FamilyRecord) -> Extended:
    """One hop more where somebody asks for it: only people of families that the reader may read."""
    if not st.toggle("Show extended family", key="extended"):
        return NOBODY
    beyond = extended_family(visit.engine, visit.reader(identity.TO_READ), record.family_id)
    if not beyond.people:
        st.caption("Nobody more is known in a family that you may see.")
        return beyond
    added = words.listed(f"{words.plain(kin.member.name)} ({words.plain(kin.family)})" for kin in beyond.people)
    more = words.counted(beyond.left_out, "more person is", "more people are")
    left = f" {more} not shown." if beyond.left_out else ""
    st.caption(words.escape_markdown(f"Added from other families: {added}.{left}"))
    return beyond


def _graph(members: Sequence[Member], ties: Sequence[Tie]) -> None:
    drawing = charts.family_graph(members, ties)
    st.graphviz_chart(drawing.chart, alt=drawing.alt)
    st.caption(
        "Ellipse: child. Box: parent or carer. Octagon: other adult. Dashed outline: linked to the family but living "
        "elsewhere. Each line names the strongest tie between two people; the table has them all."
    )
    shown = tables.ties(ties, members=members)
    if shown.is_empty():
        st.write("No tie between members has been found.")
    else:
        frame.plain_table(shown, "Ties in this family")


def _genogram(members: Sequence[Member], ties: Sequence[Tie]) -> None:
    st.header("Genogram", anchor=False)
    children = {
        each.person_id: name
        for each, name in zip(members, tables.distinct_names(members), strict=True)
        if each.role == genogram.CHILD
    }
    centre = None
    if children:
        centre = st.selectbox(
            "Child at the centre", list(children), format_func=children.__getitem__, width=360, key="centre"
        )
    drawing = genogram.draw(members, ties, centre)
    st.graphviz_chart(drawing.chart, alt=drawing.alt)
    st.caption(
        "Square: male, circle: female, diamond: sex not known, as recorded. Doubled outline: the child at the centre. "
        "Dashed outline: lives elsewhere. Solid line: parent or carer at home; dashed: elsewhere; dotted: together. "
        "It shows what records say: draw it again with the family."
    )
    frame.plain_table(genogram.relations(members, ties, centre), "Who is whose parent or carer")
