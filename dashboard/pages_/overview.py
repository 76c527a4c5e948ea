"""Programme overview: how many families are at each stage, how long they stay, what comes in, and what is not known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl
import streamlit as st

from dashboard import case_tables, exporting, frame, identity, programme_charts, programme_tables, words
from dashboard.charts import Drawing
from families import programme
from families.casebook import access, reading
from families.cases.reading import ASK_OUTCOMES, not_progressing, pipeline_list, referrals_by_week
from families.cases.views import CaseList, Stage
from families.cases.workflow import clock
from families.errors import UserError

TITLE = "Programme overview"
TO_OVERSEE = "see how the programme goes"
IDENTIFIED = "pages_/identified_families.py"
PAGE_SIZE = 25
STUCK = "stuck"
NOT_SUBSETS = (
    "A family stands in one stage at a time, so these are not all subsets of one another: a bar is not a share of the "
    "bar above it."
)


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    day = identity.casework_day(visit)
    st.title(TITLE, anchor=False)
    try:
        _coverage(visit)
        _pipeline(visit, day)
        _times(visit, day)
        _referrals(visit, day)
        _strands(visit)
        if visit.person.role in ASK_OUTCOMES:
            exporting.offer_board_report(visit)
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))


def _coverage(visit: identity.Visit) -> None:
    gaps = programme.gaps(reading.coverage(visit.engine), as_of=visit.data.as_of)
    if gaps:
        listed = "\n".join(f"- {words.escape_markdown(gap)}" for gap in gaps)
        st.warning(f"What is not covered is not known, and counted as that.\n\n{listed}", icon=":material/warning:")


def _pipeline(visit: identity.Visit, day: dt.date) -> None:
    st.header("Families at each stage", anchor=False)
    stages = programme.stages(visit.engine, visit.reader(TO_OVERSEE), today=day)
    shown = programme_tables.pipeline(stages)
    st.caption(NOT_SUBSETS)
    drawing = programme_charts.bars(shown, label="Stage", number="Families", what="families at each stage")
    _drawn(drawing, shown, "pipeline", "Families at each stage")
    with st.expander("What each stage means", key="meanings"):
        frame.plain_table(programme_tables.meanings(stages), "What each stage means")
    _open_stage(visit, stages, day)


def _open_stage(visit: identity.Visit, stages: Sequence[Stage], day: dt.date) -> None:
    """The list behind a bar, or the families of which no step was recorded for long."""
    counts = {stage.stage: f"{stage.label}: {stage.count}" for stage in stages}
    counts[STUCK] = f"Without a step for {clock('not_progressing_days')} days"
    chosen = st.selectbox(
        "List behind a bar",
        list(counts),
        index=None,
        format_func=counts.__getitem__,
        key="stage",
        bind="query-params",
        on_change=_first_page,
        width=420,
    )
    if chosen is None:
        return
    if chosen == programme.UNDECIDED:
        st.page_link(IDENTIFIED, label="Open Identified families", icon=":material/arrow_forward:")
        return
    asked = {"today": day, "page": st.session_state.get("stage_page", 1), "page_size": PAGE_SIZE}
    reader = visit.reader(TO_OVERSEE)
    if chosen == STUCK:
        found: CaseList = not_progressing(visit.engine, reader, **asked)
    else:
        found = pipeline_list(visit.engine, reader, chosen, **asked)
    st.write(f"**{words.counted(found.total, 'family', 'families') if found.total else 'No family'}.**")
    if found.cases:
        frame.plain_table(case_tables.cases(found.cases, as_at=day), counts[chosen])
        frame.open_record(
            {case.family_id: f"{words.plain(case.family_name)}, {case.family_id}" for case in found.cases}
        )
        with st.container(horizontal_alignment="right", key="stage_turn"):
            st.pagination(max(1, -(-found.total // PAGE_SIZE)), key="stage_page")


def _first_page() -> None:
    st.session_state.pop("stage_page", None)


def _times(visit: identity.Visit, day: dt.date) -> None:
    st.header("Days in each stage", anchor=False)
    times = programme.times_in_stages(visit.engine, visit.reader(TO_OVERSEE), today=day)
    if not times:
        st.write("No family has left a stage in the last six months.")
        return
    shown = programme_tables.times(times)
    frame.plain_table(shown, "Median days that families spent in the stages they left")
    st.caption("Of families that left the stage in those months. Half of them took longer than the median.")


def _referrals(visit: identity.Visit, day: dt.date) -> None:
    st.header("Referrals a week", anchor=False)
    shown = programme_tables.weeks(referrals_by_week(visit.engine, visit.reader(TO_OVERSEE), today=day))
    st.caption(f"Whole weeks from Monday. {programme_charts.shift(shown)}")
    _drawn(programme_charts.run_chart(shown), programme_tables.weeks_in_words(shown), "weeks", "Referrals a week")


def _strands(visit: identity.Visit) -> None:
    st.header("Strands of families that meet the criteria", anchor=False)
    shown = programme_tables.strands(programme.strands(visit.engine, visit.reader(TO_OVERSEE)))
    if shown.is_empty():
        st.write("No family is published yet.")
        return
    drawing = programme_charts.bars(shown, label="Strand", number="Met", what="families that meet each strand")
    _drawn(drawing, programme_tables.in_words(shown), "strands", "Families by what is known of each strand")
    st.caption("A family may meet several strands. Small numbers, and those that would give them away, are not shown.")
    if visit.person.role in access.LIST_PUBLISHED:
        st.page_link(IDENTIFIED, label="Families of each strand are listed here", icon=":material/arrow_forward:")


def _drawn(drawing: Drawing, table: pl.DataFrame, key: str, what: str) -> None:
    st.altair_chart(drawing.chart, theme=None, width="stretch", alt=drawing.alt, key=f"chart_{key}")
    with st.expander("The same as a table", key=f"{key}_table"):
        frame.plain_table(table, what)


show()
