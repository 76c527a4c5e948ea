"""Overview: the family at a glance; what waits, where the work stands, who is in the family, what is met for whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl
import streamlit as st

from dashboard import charts, frame, identity, submitting, tables, words
from dashboard.record import alerts, glance, record_tables, work_tables
from families.casebook import queries, review
from families.casebook.case_scope import READ_CASES
from families.casebook.views import FamilyRecord
from families.cases.chronology import Filter, chronology_page
from families.cases.record import case_of
from families.cases.views import CaseHead, CaseRecord, Event

TO_UNDERSTAND = "understand the work with one family"
MOST_ACTIONS, MOST_EVENTS = 5, 3


def show(visit: identity.Visit, record: FamilyRecord | None, head: CaseHead | None, day: dt.date) -> None:
    """The tab, top to bottom: one screen of everything, then each part in full; what waits comes first."""
    case, events = _work(visit, head, day) if head is not None else (None, ())
    no_case = glance.NO_CASE if visit.person.role in READ_CASES else glance.NOT_TOLD
    glance.show(record, head, case, events, day, no_case=no_case)
    if head is not None and case is not None:
        alerts.show(visit, head, day)
        _in_full(head, case, day)
    if record is not None:
        _members(record)
        _strands(record)


def _work(visit: identity.Visit, head: CaseHead, day: dt.date) -> tuple[CaseRecord, Sequence[Event]]:
    """The work with the family, and what was telling of late."""
    reader, family_id = visit.reader(TO_UNDERSTAND), head.line.family_id
    case = case_of(visit.engine, reader, family_id, today=day)
    found = chronology_page(visit.engine, reader, family_id, Filter(only_significant=True), page_size=MOST_EVENTS)
    return case, found.events


def _in_full(head: CaseHead, case: CaseRecord, day: dt.date) -> None:
    """Where the work stands, what is next, and who is involved."""
    st.header("The work with this family", anchor=False)
    frame.plain_table(record_tables.standing(head, day), "Where the work stands")
    next_ones = record_tables.actions(case, day, most=MOST_ACTIONS)
    st.subheader("Next actions", anchor=False)
    _table_or(next_ones, "Next actions of the plan", "The plan has no open action.")
    st.subheader("People involved", anchor=False)
    _table_or(work_tables.helpers(case.helpers), "Team around the family", "Nobody else is known to be involved.")


def _table_or(shown: pl.DataFrame, what: str, otherwise: str) -> None:
    if shown.is_empty():
        st.write(otherwise)
    else:
        frame.plain_table(shown, what)


def _members(record: FamilyRecord) -> None:
    st.header("Who is in this family, and why", anchor=False)
    disputed = {each.person_id for each in record.queries if each.person_id and each.result is None}
    shown = tables.members(record.members, disputed=disputed)
    frame.plain_table(shown, "Members of the family")
    if any(each.result is None for each in record.queries):
        st.warning("Something here is disputed: until it is settled it cannot support a new claim.")
    submitting.say()
    with st.popover("Not right?", key="not_right"):
        _ask_what_is_wrong(record)
    if record.queries:
        frame.plain_table(tables.queries(record.queries, with_family=False), "What workers said is wrong")


def _ask_what_is_wrong(record: FamilyRecord) -> None:
    names = dict(
        zip((member.person_id for member in record.members), tables.distinct_names(record.members), strict=True)
    )
    with st.form("query", border=False):
        st.selectbox("Who", [None, *names], format_func=lambda who: names.get(who, "The whole family"), key="query_who")
        st.selectbox("What is wrong", list(queries.CODES), format_func=_what_is_wrong, key="query_code")
        st.text_area("How do you know? (required)", key="query_words", max_chars=review.MOST_WORDS)
        st.form_submit_button("Send", key="query_send", on_click=_send, args=(record.family_id,))


def _what_is_wrong(code: str) -> str:
    return queries.CODES[code].capitalize()


def _send(family_id: str) -> None:
    submitting.do(
        lambda visit: queries.raise_query(
            visit.engine,
            visit.reader(identity.TO_READ),
            family_id,
            person_id=st.session_state.get("query_who"),
            code=st.session_state.get("query_code", "other"),
            reason=submitting.written("query_words"),
        ),
        lambda number: f"Sent as query {number}: a data analyst settles it within {queries.DAYS} working days.",
        clear=["query_words"],
    )


def _strands(record: FamilyRecord) -> None:
    st.header("What is met, for whom", anchor=False)
    shown = tables.strands(record)
    if shown.is_empty():
        st.write("No strand has been evaluated for this family.")
        return
    matrix = charts.strands_matrix(shown)
    st.altair_chart(matrix.chart, theme=None, key="strands_matrix", alt=matrix.alt)
    _unknown_explained(record)
    with st.expander("Show as a table", key="strands_table"):
        wide = tables.strands_wide(shown)
        frame.plain_table(wide, "Strands by member")


def _unknown_explained(record: FamilyRecord) -> None:
    st.caption(
        "Not known means that no file speaks for it, so it is neither yes nor no. "
        "Not asked means that the rule does not ask it of this person."
    )
    for strand in record.strands:
        if strand.outcome == "unknown" and strand.strand != tables.ELIGIBLE:
            st.markdown(
                f"**{words.escape_markdown(strand.label)} is not known:** {words.escape_markdown(strand.reason)}"
            )
