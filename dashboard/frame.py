"""What stands around every page: who is looking, what the data is and what it covers, and the page when none can be."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import streamlit as st
from sqlalchemy import Engine

from dashboard import identity, tables, words
from families.casebook import reading
from families.casebook.views import CoverageLine, DataAsAt, StaffMember
from families.errors import UserError


def banner(engine: Engine, data: DataAsAt, person: StaffMember | None) -> None:
    """The line above every page: whether the data is made up, as at when, what it covers, and who is looking."""
    with st.container(horizontal=True, vertical_alignment="center", key="banner"):
        if data.is_sample:
            st.badge("Made-up data", icon=":material/science:", color="gray")
        st.markdown(f"**Data as at {words.long_date(data.as_of)}**", width="content")
        lines = reading.coverage(engine)
        with st.popover(words.coverage_in_short(lines), key="coverage_open"):
            _coverage(lines, data)
        if person is not None:
            st.space("stretch")
            who = f"**{words.escape_markdown(person.name)}**, {words.escape_markdown(person.role_label.lower())}"
            st.markdown(who, width="content")
            st.button("Change person", key="change_person", on_click=identity.leave)


def _coverage(lines: Sequence[CoverageLine], data: DataAsAt) -> None:
    plain_table(tables.coverage(lines), "What each source covers")
    st.caption(
        "Outside what a source covers, nothing recorded means not known. "
        f"Rules: {words.escape_markdown(data.ruleset)}. "
        f"Published {words.local_time(data.published_at)}, run {words.escape_markdown(data.run_id)}."
    )


def plain_table(shown: pl.DataFrame, what: str) -> None:
    """A real table, read cell by cell by a screen reader, with its cells exactly as written."""
    st.table(tables.for_markdown(shown), hide_index=True, border="horizontal", alt=tables.alt(shown, what))


def refused(title: str, error: UserError | str) -> None:
    """A page in place of the one asked for, with the sentence that says why and what to do."""
    st.title(title, anchor=False)
    st.warning(words.escape_markdown(str(error)))


def nothing_to_show(error: UserError) -> None:
    """The page where no casebook can be read, or none has been published: the sentence, and how to look around."""
    refused("There are no families to show yet", error)
    st.write("To look around with a made-up authority, run `families demo`.")
