"""My families: how is each of my families? A caseworker's own, a manager's team's, with what comes next for each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard import case_tables, frame, identity, offered, submitting, words
from families.cases import opening
from families.cases.reading import my_families
from families.cases.views import CaseLine, CaseList
from families.errors import UserError

TITLE = "My families"
TO_FOLLOW = "follow the families I work with"
PAGE_SIZE = 25
ANSWERS = {"accept": "Accept: the assessment begins", "decline": "Decline: it goes back to the manager"}
SORTS = {"next_due": "What is due first", "last_step": "Longest without a step", "name": "Name"}


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    day = identity.casework_day(visit)
    st.title(TITLE, anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", key="cases_asked"):
        sort = st.selectbox("Order", list(SORTS), format_func=SORTS.__getitem__, key="cases_sort", width=260)
        with_past = st.toggle("With families whose work has ended", key="cases_past")
    try:
        found = my_families(
            visit.engine,
            visit.reader(TO_FOLLOW),
            today=day,
            sort=sort,
            with_past=with_past,
            page=st.session_state.get("cases_page", 1),
            page_size=PAGE_SIZE,
        )
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))
        return
    st.write(f"**{words.counted(found.total, 'family', 'families') if found.total else 'No family yet'}.**")
    if not found.cases:
        return
    frame.plain_table(case_tables.my_cases(found, as_at=day), "Families and what comes next for each")
    st.caption(
        "Attendance is of the children together: now in the newest half term with data, at baseline in the three terms "
        "before the assessment or, until then, before confirmation."
    )
    frame.open_record({case.family_id: f"{words.plain(case.family_name)}, {case.family_id}" for case in found.cases})
    _turn_page(found)
    if visit.person.role == "caseworker":
        _answer(visit, [case for case in found.cases if case.state == "allocated" and case.may_change], day)


def _answer(visit: identity.Visit, them: Sequence[CaseLine], day: dt.date) -> None:
    """Accept a family, which starts the assessment's clock, or decline it with a reason."""
    submitting.say()
    for case in them:
        st.header(f"A new family: {words.escape_markdown(words.plain(case.family_name))}", anchor=False)
        offered.show(visit, case, day)
        with st.form(f"offer_{case.case_id}", border=False):
            st.radio(
                "Your answer",
                list(ANSWERS),
                index=None,
                format_func=ANSWERS.__getitem__,
                key=f"offer_answer_{case.case_id}",
            )
            st.text_area("Why, if you decline", max_chars=1000, key=f"offer_reason_{case.case_id}")
            st.form_submit_button(
                "Save", type="primary", key=f"offer_save_{case.case_id}", on_click=_answered, args=(case, day)
            )


def _answered(case: CaseLine, day: dt.date) -> None:
    answer = submitting.written(f"offer_answer_{case.case_id}")
    at: dict[str, Any] = {"row_version": case.row_version, "today": day}
    if answer == "accept":
        submitting.do_once(
            f"accept_{case.case_id}",
            lambda visit, token: opening.accept(visit.engine, visit.reader(TO_FOLLOW), case.case_id, token=token, **at),
            f"You accepted {case.family_name}: the assessment has begun.",
        )
    elif answer == "decline":
        reason = submitting.written(f"offer_reason_{case.case_id}")
        submitting.do_once(
            f"decline_{case.case_id}",
            lambda visit, token: opening.decline(
                visit.engine, visit.reader(TO_FOLLOW), case.case_id, reason=reason, token=token, **at
            ),
            f"You declined {case.family_name}: it goes back to the manager.",
        )
    else:
        submitting.refuse("Choose your answer before you save.")


def _turn_page(found: CaseList) -> None:
    with st.container(horizontal_alignment="right", key="cases_turn"):
        st.pagination(max(1, -(-found.total // PAGE_SIZE)), key="cases_page", persist_state="session")


show()
