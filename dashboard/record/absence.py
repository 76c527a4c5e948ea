"""Absence and exclusions: each child's half terms against the rule's threshold, and the school test of a result."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

import polars as pl
import streamlit as st

from dashboard import charts, frame, identity, tables, words
from dashboard.record import school_test
from dashboard.record.monitoring import TO_FOLLOW
from families.casebook.views import FamilyRecord, Schooling
from families.cases.attendance import baseline_day, baseline_places
from families.cases.monitoring import monitoring_of
from families.cases.schooling import child_tests
from families.cases.views import CaseHead

NOT_TOLD_APART = "Sessions of half terms before the autumn of 2024 do not tell a part-time timetable from other leave."
FIRST_OF_NEW_CODES = 2024


@dataclass(frozen=True)
class Children:
    """The children shown, by id as they are called, with how they go to school."""

    names: Mapping[str, str]
    schooling: Schooling


def show(visit: identity.Visit, record: FamilyRecord | None, head: CaseHead | None) -> None:
    """The tab, top to bottom; of a family that is no longer published, what is followed of its open case."""
    st.header("Absence and exclusions by half term", anchor=False)
    shown = _of_record(record) if record else _of_case(visit, head)
    if not shown.names:
        st.write("No child is known in this family.")
        return
    _school_test(shown, head)
    _what_is_drawn(shown, head)
    for number, who in enumerate(shown.names):
        _absence_of(shown, who, baseline=_baseline(head), number=number)


def _of_record(record: FamilyRecord) -> Children:
    children = [member for member in record.members if member.role == "child"]
    called = dict(zip((child.person_id for child in children), tables.distinct_names(children), strict=True))
    return Children(called, record.schooling)


def _of_case(visit: identity.Visit, head: CaseHead | None) -> Children:
    if head is None:
        return Children({}, Schooling())
    found = monitoring_of(visit.engine, visit.reader(TO_FOLLOW), head.line.family_id)
    return Children({child.person_id: words.plain(child.name) for child in found.children}, found.schooling)


def _school_test(shown: Children, head: CaseHead | None) -> None:
    tests = [
        each for each in child_tests(shown.schooling, head.dates if head else None) if each.person_id in shown.names
    ]
    st.markdown(f"**{words.escape_markdown(school_test.line(tests, shown.names))}**")
    if tests:
        frame.plain_table(school_test.table(tests, shown.names), "The education test, term by term")


def _baseline(head: CaseHead | None) -> Set[int]:
    return baseline_places(baseline_day(head.dates)[0]) if head else frozenset()


def _what_is_drawn(shown: Children, head: CaseHead | None) -> None:
    rule = shown.schooling.rule
    said = []
    if rule is not None:
        said.append(
            f"The line is the rule’s threshold: {rule.label}. The rule adds up the sessions of its whole window, so "
            f"one half term above the line is not enough by itself. It counts {words.listed(rule.counted)} absence."
        )
    if head is not None:
        on, what = baseline_day(head.dates)
        said.append(f"Shaded are the three terms before {what}, {words.long_date(on)}.")
    if any(int(each.half_term[:4]) < FIRST_OF_NEW_CODES for each in shown.schooling.half_terms):
        said.append(NOT_TOLD_APART)
    st.caption(words.escape_markdown(" ".join(said)))


def _absence_of(shown: Children, who: str, *, baseline: Set[int], number: int) -> None:
    name = shown.names[who]
    st.subheader(words.escape_markdown(name), anchor=False)
    half_terms = tables.absence(shown.schooling.half_terms, person_id=who, baseline=baseline)
    if half_terms.is_empty():
        st.write("No attendance was supplied for this child, so absence is not known.")
        return
    drawing = charts.absence(half_terms, child=name, rule=shown.schooling.rule)
    st.altair_chart(drawing.chart, theme=None, key=f"absence_{number}", alt=drawing.alt)
    for sentence in _told(half_terms):
        st.markdown(f"- {words.escape_markdown(sentence)}")
    with st.expander("Show as a table", key=f"absence_table_{number}"):
        frame.plain_table(tables.absence_in_words(half_terms), f"Sessions of {name} by half term")


def _told(half_terms: pl.DataFrame) -> list[str]:
    """What sets half terms apart, once for all that it is said of: two schools, off roll, missing weeks."""
    said = half_terms.filter(pl.col("Told") != "").group_by("Told", maintain_order=True).agg("Half term")
    return [f"{'; '.join(those)}: {told}" for told, those in said.rows()]
