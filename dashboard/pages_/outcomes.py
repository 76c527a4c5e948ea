"""Outcomes: what changed, what lasted and what is not known, only from what was recorded; not what help caused."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard import frame, identity, programme_charts, programme_tables, words
from dashboard.charts import Drawing
from families import programme
from families.criteria.small_numbers import FEWEST_SHOWN
from families.errors import UserError
from families.programme import Outcomes

TITLE = "Outcomes"
TO_JUDGE = "see what changed for families"
SPLIT = (
    "Groups are read for this count alone: no rule reads them. A difference between groups is not explained by being "
    "seen: they differ in more than the help they had. Small numbers are hidden in all tables together."
)


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    st.title(TITLE, anchor=False)
    try:
        found = programme.outcomes(visit.engine, visit.reader(TO_JUDGE))
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))
        return
    st.info(f"**Change is not impact.** {programme.CAVEAT}", icon=":material/info:")
    if not found.strands:
        st.write("No need was scored yet.")
        return
    _steps(found)
    _splits(found)
    _distance(found)


def _steps(found: Outcomes) -> None:
    st.header("Families by strand of their needs", anchor=False)
    st.caption(f"{programme.MEANT} Numbers below {FEWEST_SHOWN}, and those that would give them away, are not shown.")
    most = max([strand.baseline or 0 for strand in found.strands] + [1])
    for number, strand in enumerate(found.strands):
        st.subheader(words.escape_markdown(strand.label), anchor=False)
        shown = programme_tables.steps(strand)
        what = f"families with a need of {strand.label}, step by step"
        _drawn(programme_charts.bars(shown, label="Step", number="Families", what=what, most=most), f"steps_{number}")
    _twin(programme_tables.in_words(programme_tables.all_steps(found.strands)), "steps", "Families by strand and step")


def _splits(found: Outcomes) -> None:
    st.header("By group, area and way in", anchor=False)
    st.caption(SPLIT)
    whole = [strand.label for strand in found.strands if strand.label not in {split.strand for split in found.splits}]
    if whole:
        st.write(f"Too few families to be split: {words.escape_markdown(words.listed(whole))}.")
    if not found.splits:
        return
    with st.container(horizontal=True, key="split_choice"):
        strands = list(dict.fromkeys(split.strand for split in found.splits))
        strand = st.selectbox("Strand", strands, key="split_strand", width=320)
        ways = {split.by: split for split in found.splits if split.strand == strand}
        by = st.selectbox("Split by", list(ways), key="split_by", width=320)
    if by in ways:
        shown = programme_tables.in_words(programme_tables.split(ways[by]))
        frame.plain_table(shown, f"Families with a need of {strand}, by {by.lower()} and step")


def _distance(found: Outcomes) -> None:
    st.header("Distance travelled", anchor=False)
    st.caption("Open circle: median score at the start. Filled diamond: median score now. 1 is worst, 10 is best.")
    if found.distances:
        shown = programme_tables.distances(found.distances)
        _drawn(programme_charts.dumbbell(shown), "distance")
        _twin(shown, "distance", "Median scores, and the middle half of the changes")
    if found.too_few:
        few = words.escape_markdown(words.listed(found.too_few))
        st.write(f"Not shown, as fewer than {FEWEST_SHOWN} needs were scored again: {few}.")


def _drawn(drawing: Drawing, key: str) -> None:
    st.altair_chart(drawing.chart, theme=None, width="stretch", alt=drawing.alt, key=f"chart_{key}")


def _twin(shown: pl.DataFrame, key: str, what: str) -> None:
    with st.expander("The same as a table", key=f"{key}_table"):
        frame.plain_table(shown, what)


show()
