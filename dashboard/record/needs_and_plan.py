"""Needs and plan: the work with a family in the order in which it is done, from consent to the six-month check."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from dashboard import exporting, frame, identity, keeping, words
from dashboard.record import assessing, closing, consent_and_team, planning, reviewing, transferring, work_tables
from dashboard.record.at_work import AtWork
from families.casebook.views import FamilyRecord
from families.cases import noting
from families.cases.record import case_of
from families.cases.views import CaseRecord
from families.errors import UserError

TO_UNDERSTAND = "understand the work with one family"


def open_tab(visit: identity.Visit, family_id: str, record: FamilyRecord | None) -> None:
    """The tab with the family's casework read for it, or a sentence why there is none."""
    day = identity.casework_day(visit)
    try:
        case = case_of(visit.engine, visit.reader(TO_UNDERSTAND), family_id, today=day)
    except UserError as error:
        st.write(words.escape_markdown(str(error)))
        return
    show(visit, record, case, day)


def show(visit: identity.Visit, record: FamilyRecord | None, case: CaseRecord, day: dt.date) -> None:
    """The tab, top to bottom."""
    drafts = None
    if case.line.may_change:
        drafts = noting.drafts_of(visit.engine, visit.reader(keeping.TO_WRITE), case.line.family_id)
    at = AtWork(record, case, day, visit.person, drafts)
    _where_it_stands(at)
    transferring.show(visit, at)
    consent_and_team.show(at)
    assessing.show(at)
    planning.show(at)
    exporting.offer(visit, "plan", case.line.family_id)
    reviewing.show(at)
    closing.show(at)


def _where_it_stands(at: AtWork) -> None:
    line = at.case.line
    st.header("Where the work stands", anchor=False)
    who = f" with {words.plain(line.worker_name)}" if line.worker_name else ""
    st.write(f"**{words.escape_markdown(line.state_label.capitalize() + who)}**, {_since(line.state_since)}.")
    frame.plain_table(work_tables.dates(at.case.dates), "Days of the work with this family")
    st.caption(
        "The attachment date is set by rule, once assessment, approved plan and lead worker are all there: nobody "
        "types it."
    )


def _since(day: dt.date) -> str:
    return f"since {words.long_date(day)}"
