"""Today: what must I do now? Counts that open the lists behind them, and one list in the order in which it is due."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard import case_tables, frame, identity, words
from dashboard.record.at_work import KEPT
from families.cases.reading import today_of
from families.cases.views import Today, TodayLine
from families.errors import UserError

TITLE = "Today"
TO_WORK = "do today's work"
EVERYTHING = "all"
GO_ON = "draft_to_go_on_with"


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    day = identity.casework_day(visit)
    try:
        found = today_of(visit.engine, visit.reader(TO_WORK), today=day)
    except UserError as error:
        frame.refused(TITLE, error)
        return
    st.title(TITLE, anchor=False)
    st.caption(f"What there is to do on {words.long_date(day)}.")
    chosen = _chosen(found.counts)
    lines = [line for line in found.lines if chosen in (EVERYTHING, line.what)]
    if not found.counts["overdue"]:
        st.write(_nothing_overdue(found))
    if not lines:
        st.write("Nothing waits for you here.")
        return
    frame.plain_table(case_tables.today(lines, as_at=day), "What there is to do")
    _open(lines)
    _drafts([line for line in lines if line.what == "draft"])


def _chosen(counts: Mapping[str, int]) -> str:
    """The count that was opened; what there is none of cannot be."""
    kinds = [kind for kind, count in counts.items() if count]
    chosen = st.segmented_control(
        "What to show",
        [EVERYTHING, *kinds],
        format_func=lambda kind: (
            f"Everything: {sum(counts.values())}"
            if kind == EVERYTHING
            else f"{case_tables.KINDS[kind]}: {counts[kind]}"
        ),
        default=EVERYTHING,
        required=True,
        key="today_kind",
    )
    return str(chosen)


def _nothing_overdue(found: Today) -> str:
    if found.late:
        late = words.counted(found.late, "family has", "families have")
        return f"{late} something overdue: My families lists them first."
    if found.next_review_on is None:
        return "Nothing is overdue."
    return f"Nothing is overdue. Next review: {words.long_date(found.next_review_on)}."


def _drafts(lines: list[TodayLine]) -> None:
    """One's own drafts, each with the way to go on writing it."""
    if not lines:
        return
    st.header("My drafts", anchor=False)
    st.caption("Only you see them. A draft is kept until you complete it or throw it away.")
    for number, line in enumerate(lines):
        with st.container(horizontal=True, vertical_alignment="center", key=f"draft_{number}"):
            st.markdown(words.escape_markdown(f"{line.family_name}: {line.sentence}"), width="content")
            st.button("Go on writing", key=f"draft_open_{number}", on_click=_go_on, args=(line,))
    if line := st.session_state.pop(GO_ON, None):
        section = "Needs and plan" if line.draft_kind in KEPT.values() else "Notes"
        st.switch_page(frame.RECORD, query_params={"family": line.family_id, "section": section})


def _go_on(line: TodayLine) -> None:
    st.session_state[GO_ON] = line


def _open(lines: list[TodayLine]) -> None:
    """Open the record of one of the families listed."""
    names = {line.family_id: f"{words.plain(line.family_name)}, {line.family_id}" for line in lines}
    frame.open_record(names)


show()
