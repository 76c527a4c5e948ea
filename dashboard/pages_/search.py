"""Search: is this child or family known, and to whom? Children first, the youngest first; no URL has what is typed."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from dashboard import access_tables, frame, identity, submitting, words
from families.casebook import emergency, search
from families.casebook.access import EMERGENCY
from families.casebook.review import MOST_WORDS
from families.casebook.search import SearchResult, Sought
from families.cases.inbox import referrers
from families.errors import UserError

TITLE = "Search"
TO_FIND = "find out whether somebody is known"
ASKED, PURPOSE, OPENED = "search_asked", "search_purpose_given", "search_opened"
BORN = (dt.date(1900, 1, 1), dt.date(2100, 12, 31))


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    if family_id := st.session_state.pop(OPENED, None):
        st.switch_page(frame.RECORD, query_params={"family": family_id})
    st.title(TITLE, anchor=False)
    st.caption("What is looked for, by whom and what was found is written down.")
    _ask()
    sought = st.session_state.get(ASKED)
    if sought is None:
        return
    try:
        result = search.search(visit.engine, visit.reader(TO_FIND), sought)
        _found(result)
        if result.outside:
            _outside(visit, sought, result)
        if not result.found:
            _offer_nomination(visit)
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))


def _ask() -> None:
    with st.form("search_form", border=True):
        st.text_input(
            "Name, address, UPN or id",
            key="search_text",
            max_chars=80,
            help="Any part of a name by how it begins, in any order; accents and apostrophes do not matter; or a UPN.",
        )
        st.date_input(
            "Date of birth, if known",
            value=None,
            key="search_born",
            min_value=BORN[0],
            max_value=BORN[1],
            format="DD/MM/YYYY",
            width=260,
        )
        st.form_submit_button("Search", key="search_now", type="primary", on_click=_asked)


def _asked() -> None:
    st.session_state[ASKED] = Sought(submitting.written("search_text"), st.session_state.get("search_born"))
    st.session_state.pop(PURPOSE, None)


def _found(result: SearchResult) -> None:
    count = words.counted(result.total, "person", "people") if result.total else "Nobody"
    more = f", the first {len(result.found)} are shown" if len(result.found) < result.total else ""
    st.write(f"**{count} found in families you may see{more}.**")
    if not result.found:
        return
    frame.plain_table(access_tables.people(result.found), "People found, children first and the youngest first")
    frame.open_record({each.family_id: f"{words.plain(each.family)}, {each.family_id}" for each in result.found})


def _outside(visit: identity.Visit, sought: Sought, result: SearchResult) -> None:
    """That there are such families; whom to ask about them once a purpose is given; the one, in an emergency."""
    st.header("Outside your families", anchor=False)
    st.write(f"{words.counted(result.outside, 'family', 'families')} outside your families.")
    submitting.say()
    with st.form("search_outside", border=False):
        st.selectbox(
            "For what purpose do you ask?",
            list(search.PURPOSES),
            index=None,
            format_func=search.PURPOSES.__getitem__,
            key="search_purpose",
            width=420,
        )
        st.form_submit_button("Say whom to ask", key="search_whom", on_click=_give_purpose)
    if purpose := st.session_state.get(PURPOSE):
        known = search.whom_to_ask(visit.engine, visit.reader(TO_FIND), sought, purpose=purpose)
        frame.plain_table(access_tables.outside(known), "Whom to ask about families outside yours")
    if visit.person.role in EMERGENCY and result.outside == 1:
        _emergency(visit, sought)


def _give_purpose() -> None:
    st.session_state[PURPOSE] = st.session_state.get("search_purpose")


def _emergency(visit: identity.Visit, sought: Sought) -> None:
    with st.expander("Open this family in an emergency", key="search_emergency"):
        st.write(
            "The record is open to you for 60 minutes. Your manager and information governance are told at once, "
            "and it is looked at tomorrow."
        )
        if not visit.is_recent:
            identity.ask_again(visit, identity.EMERGENCY)
            return
        identity.say_sample_is_not_asked(visit)
        with st.form("emergency", border=False):
            st.selectbox(
                "What the emergency is (required)",
                list(emergency.CAUSES),
                index=None,
                format_func=emergency.CAUSES.__getitem__,
                key="emergency_cause",
            )
            st.text_area("Why it cannot wait (required)", key="emergency_words", max_chars=MOST_WORDS)
            st.form_submit_button("Open the record", key="emergency_open", on_click=_open, args=(sought,))


def _open(sought: Sought) -> None:
    def act(visit: identity.Visit) -> None:
        st.session_state[OPENED] = search.open_in_emergency(
            visit.engine,
            visit.reader(TO_FIND),
            sought,
            cause=submitting.written("emergency_cause"),
            words=submitting.written("emergency_words"),
        )

    submitting.do(act, "The record is open to you for 60 minutes.", clear=("emergency_words",))


def _offer_nomination(visit: identity.Visit) -> None:
    if visit.person.role in referrers():
        st.page_link("pages_/new_referral.py", label="Nominate a family", icon=":material/person_add:")


show()
