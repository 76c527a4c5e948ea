"""What stands around every page: who is looking, what the data is and what it covers, and the page when none can be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl
import streamlit as st
from sqlalchemy import Engine

from dashboard import identity, tables, words
from families.casebook import emergency, reading, sessions
from families.casebook.views import CoverageLine, DataAsAt
from families.errors import UserError

RECORD, ACCESS = "pages_/family_record.py", "pages_/access.py"
TO_BE_TOLD = "be told of emergencies"
LOOKED_AT_EVERY = 30  # seconds
WARNED_BEFORE = dt.timedelta(minutes=3)  # seen at the latest two and a half minutes before the end


def banner(engine: Engine, data: DataAsAt, visit: identity.Visit | None) -> None:
    """The line above every page: whether the data is made up, as at when, what it covers, and who is looking."""
    with st.container(horizontal=True, vertical_alignment="center", key="banner"):
        if data.is_sample:
            st.badge("Made-up data", icon=":material/science:", color="gray")
        st.markdown(f"**Data as at {words.long_date(data.as_of)}**", width="content")
        lines = reading.coverage(engine)
        with st.popover(words.coverage_in_short(lines), key="coverage_open"):
            _coverage(lines, data)
        if visit is not None:
            st.space("stretch")
            _alerts(visit)
            _who(visit)
    if visit is not None:
        _time_left(engine)


def _alerts(visit: identity.Visit) -> None:
    """That a family was opened in an emergency, at once and on every page, for those who answer for it."""
    waiting = emergency.waiting_alerts(visit.engine, visit.reader(TO_BE_TOLD))
    if waiting:
        told = words.counted(waiting, "emergency opening to look at", "emergency openings to look at")
        st.page_link(ACCESS, label=told, icon=":material/warning:", width="content")


def _who(visit: identity.Visit) -> None:
    """Who is looking, and the ways out."""
    person = visit.person
    who = f"**{words.escape_markdown(person.name)}**, {words.escape_markdown(person.role_label.lower())}"
    st.markdown(who, width="content")
    if person.is_demo:
        st.button("Change person", key="change_person", on_click=identity.leave)
        return
    with st.popover("Sign out", key="sign_out_open"):
        st.button("Sign out here", key="sign_out", type="primary", on_click=identity.leave)
        st.button("Sign out everywhere", key="sign_out_everywhere", on_click=identity.leave_everywhere)
        st.caption("Everywhere ends your sessions on other computers too.")


@st.fragment(run_every=LOOKED_AT_EVERY)
def _time_left(engine: Engine) -> None:
    """Say that the session is about to end, and let it go on; looking is not doing, and keeps no session alive."""
    session = sessions.look(engine, identity.token(), limits=identity.limits(), at=identity.now())
    if session is None or session.ended_how:
        st.rerun(scope="app")
    if session.first_end - identity.now() > WARNED_BEFORE:
        return
    at = words.clock(session.first_end)
    if session.ends_at <= session.idle_ends_at:
        st.warning(f"You will be signed out at {at}: save what you are writing, then sign in again.")
        return
    st.warning(f"You will be signed out at {at}, because nothing has been done here for a while.")
    st.button("Stay signed in", key="stay_signed_in", on_click=identity.stay)


def _coverage(lines: Sequence[CoverageLine], data: DataAsAt) -> None:
    plain_table(tables.coverage(lines), "What each source covers")
    st.caption(
        "Outside what a source covers, nothing recorded means not known. "
        f"Rules: {words.escape_markdown(data.ruleset)}. "
        f"Published {words.local_time(data.published_at)}, run {words.escape_markdown(data.run_id)}."
    )


def plain_table(shown: pl.DataFrame, what: str, *, icons: Mapping[str, Sequence[str]] | None = None) -> None:
    """A real table, read cell by cell by a screen reader, with its cells exactly as written.

    `icons` stand before the words of a column's cells, and say nothing that the words do not.
    """
    cells = tables.for_markdown(shown)
    for column, before in (icons or {}).items():
        cells = cells.with_columns(pl.concat_str(pl.Series(column, before), column, separator=" "))
    st.table(cells, hide_index=True, border="horizontal", alt=tables.alt(shown, what))


def facts(shown: pl.DataFrame, what: str) -> None:
    """A summary list: what is asked in the first column, the answer in the second."""
    cells = tables.for_markdown(shown)
    st.table(cells, hide_index=True, hide_header=True, border="horizontal", alt=tables.alt(shown, what))


def open_record(names: Mapping[str, str]) -> None:
    """Choose one of the families listed above, by id and what it is called, and open its record."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="open_one"):
        chosen = st.selectbox(
            "Open the record of", list(names), format_func=names.__getitem__, key="to_open", width=360
        )
        if st.button("Open record", key="open", type="primary") and chosen:
            st.switch_page(RECORD, query_params={"family": chosen})


def refused(title: str, error: UserError | str) -> None:
    """A page in place of the one asked for, with the sentence that says why and what to do."""
    st.title(title, anchor=False)
    st.warning(words.escape_markdown(str(error)))


def nothing_to_show(error: UserError) -> None:
    """The page where no casebook can be read, or none has been published: the sentence, and how to look around."""
    refused("There are no families to show yet", error)
    st.write("To look around with a made-up authority, run `families demo`.")
