"""Inbox and triage: what came in, how long there is, whether the family is known, and what is decided of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard import case_tables, frame, identity, submitting, words
from families.cases import inbox, referrals
from families.cases.moving import MOST_WORDS
from families.cases.referrals import Duplicate
from families.cases.views import ReferralLine, ReferralRecord
from families.cases.workflow import workflow
from families.errors import UserError

TITLE = "Inbox and triage"
TO_TRIAGE = "decide on referrals"
WAITING, DECIDED = "waiting", "decided"
LISTS = {WAITING: "Waiting for a decision", DECIDED: "Decided"}
ORDERS = {"due": "The first due first", "received": "The first received first"}
DECISIONS = {
    "accept": "Accept the referral",
    "decline": "Decline the referral",
    "ask": "Ask for more information: the clock stands still",
}
NO_FAMILY = ""  # the referral is of a family that no run has found


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    day = identity.casework_day(visit)
    st.title(TITLE, anchor=False)
    chosen = st.segmented_control(
        "Referrals", list(LISTS), format_func=LISTS.__getitem__, default=WAITING, required=True, key="inbox_list"
    )
    order = st.selectbox("Order", list(ORDERS), format_func=ORDERS.__getitem__, key="inbox_order", width=260)
    read = inbox.inbox if chosen == WAITING else inbox.decided
    try:
        found = read(visit.engine, visit.reader(TO_TRIAGE), today=day)
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))
        return
    if order == "received":
        found = tuple(sorted(found, key=lambda line: (line.received_on, line.referral_id)))
    said = words.counted(len(found), "referral") if found else "No referral"
    st.write(f"**{said}**, {LISTS[str(chosen)].lower()}.")
    top = st.container(key="inbox_said")
    if found:
        _list_and_detail(visit, found, day)
    with top:
        submitting.say()  # where the form that was saved is gone with its referral


def _list_and_detail(visit: identity.Visit, found: Sequence[ReferralLine], day: dt.date) -> None:
    listed, detail = st.columns([2, 3], gap="medium")
    with listed:
        tags = {"Time left": [case_tables.time_left_icon(line) for line in found]}
        frame.plain_table(case_tables.referrals(found), "Referrals and how long there is for each", icons=tags)
        lines = {line.referral_id: line for line in found}
        chosen = st.selectbox(
            "Referral to look at",
            list(lines),
            index=None,
            format_func=lambda referral_id: _called(lines[referral_id]),
            key="inbox_referral",
        )
    with detail:
        if chosen is None:
            st.write("Choose a referral to see it here.")
            return
        try:
            record = inbox.referral(visit.engine, visit.reader(TO_TRIAGE), chosen, today=day)
        except UserError as error:
            st.warning(words.escape_markdown(str(error)))
            return
        _detail(visit, record, day)


def _called(line: ReferralLine) -> str:
    return f"{words.plain(line.family_name)}, received {words.short_date(line.received_on)}"


def _detail(visit: identity.Visit, record: ReferralRecord, day: dt.date) -> None:
    line = record.line
    st.header(words.escape_markdown(words.plain(line.family_name)), anchor=False)
    with st.container(horizontal=True, key="inbox_tags"):
        st.badge(words.capital(line.state_label), color="gray")
        st.badge(f"Urgency: {line.urgency_label.lower()}", color="gray")
        if line.time_left:
            colour = "orange" if line.is_overdue else "gray"
            st.badge(words.capital(line.time_left), icon=case_tables.time_left_icon(line), color=colour)
    frame.facts(case_tables.referral_facts(record), "What the referral says")
    if record.people:
        frame.plain_table(case_tables.referral_people(record), "People the referral names")
    if line.state in inbox.OPEN:
        seen = _known_already(visit, line)
        if seen is not None:
            _decide(record, seen, day)


def _known_already(visit: identity.Visit, line: ReferralLine) -> tuple[Duplicate, ...] | None:
    """What families and plans it may be about, read before anything is decided."""
    with st.container(border=True, key="inbox_known"):
        st.subheader("Is this family known already?", anchor=False)
        try:
            found = referrals.duplicates(visit.engine, visit.reader(TO_TRIAGE), line.referral_id)
        except UserError as error:
            st.warning(words.escape_markdown(str(error)))
            return None
        if not found:
            st.write("Nobody of this name and date of birth is in a family or a referral that is known.")
            return found
        frame.plain_table(case_tables.duplicates(found), "Families and open work this referral may be about")
        for family_id in dict.fromkeys(each.family_id for each in found if each.family_id and each.may_open):
            st.page_link(
                frame.RECORD,
                label=f"Open the record of family {family_id}",
                query_params={"family": family_id},
                icon=":material/folder_open:",
            )
    return found


def _decide(record: ReferralRecord, seen: Sequence[Duplicate], day: dt.date) -> None:
    line = record.line
    st.subheader("What is decided", anchor=False)
    submitting.say()
    if line.state == "received":
        st.write("You have seen above whether the family is known. Next, take the referral into triage.")
        st.button(
            "Take into triage",
            type="primary",
            key=f"triage_{line.referral_id}",
            on_click=_begin,
            args=(line, seen, day),
        )
    elif line.state == "more_information":
        _information(line, day)
    else:
        _decision(line, seen, day)


def _decision(line: ReferralLine, seen: Sequence[Duplicate], day: dt.date) -> None:
    """One form for each decision, since each has reasons of its own."""
    decision = st.radio(
        "Decision", list(DECISIONS), index=None, format_func=DECISIONS.__getitem__, key=f"decision_{line.referral_id}"
    )
    if decision is None:
        return
    with st.form(f"decide_{line.referral_id}", border=False):
        if decision == "ask":
            _ask_reason(line, workflow().words["clock_stops"], {})
            label = "What you ask the referrer (required)"
        else:
            outcomes = workflow().outcomes["accepted" if decision == "accept" else "declined"]
            told = {name: f"The referrer is told: {each.told}" for name, each in outcomes.items()}
            _ask_reason(line, {name: each.label for name, each in outcomes.items()}, told)
            label = "Rationale (required): for the record, the referrer is not shown it"
        if decision == "accept":
            _ask_family(line, seen)
        st.text_area(label, max_chars=MOST_WORDS, key=f"rationale_{line.referral_id}")
        st.form_submit_button(
            DECISIONS[decision].partition(":")[0],
            type="primary",
            key=f"decide_save_{line.referral_id}",
            on_click=_save,
            args=(line, decision, day),
        )


def _ask_reason(line: ReferralLine, reasons: Any, captions: dict[str, str]) -> None:
    st.radio(
        "Reason (required)",
        list(reasons),
        index=None,
        format_func=reasons.__getitem__,
        captions=list(captions.values()) or None,
        key=f"reason_{line.referral_id}",
    )


def _ask_family(line: ReferralLine, seen: Sequence[Duplicate]) -> None:
    known = [line.family_id, *(each.family_id for each in seen)]
    families = list(dict.fromkeys(family_id for family_id in known if family_id))
    st.selectbox(
        "Which family it is",
        [NO_FAMILY, *families],
        index=1 if line.family_id else 0,
        format_func=lambda family_id: f"Family {family_id}" if family_id else "A family that is not known yet",
        key=f"family_{line.referral_id}",
    )


def _information(line: ReferralLine, day: dt.date) -> None:
    st.write(f"Asked: {words.escape_markdown(line.asked or '')}")
    with st.form(f"answer_{line.referral_id}", border=False):
        st.text_area(
            "What the referrer answered (required)", max_chars=MOST_WORDS, key=f"answer_{line.referral_id}_text"
        )
        st.form_submit_button(
            "Save the answer", type="primary", key=f"answer_save_{line.referral_id}", on_click=_answer, args=(line, day)
        )


def _begin(line: ReferralLine, seen: Sequence[Duplicate], day: dt.date) -> None:
    if submitting.is_still("inbox_referral", line.referral_id):
        _do("triage", referrals.begin_triage, line, day, "is in triage", duplicates_seen=seen)


def _answer(line: ReferralLine, day: dt.date) -> None:
    if submitting.is_still("inbox_referral", line.referral_id):
        answer = submitting.written(f"answer_{line.referral_id}_text")
        _do("answer", referrals.give_more, line, day, "is in triage again: the clock runs", answer=answer)


def _save(line: ReferralLine, decision: str, day: dt.date) -> None:
    shown = submitting.is_still("inbox_referral", line.referral_id)
    if not shown or not submitting.is_still(f"decision_{line.referral_id}", decision):
        return
    reason = submitting.written(f"reason_{line.referral_id}")
    why = submitting.written(f"rationale_{line.referral_id}")
    if decision == "ask":
        _do("ask", referrals.ask_for_more, line, day, "waits for information", stop_reason=reason, question=why)
    elif decision == "decline":
        _do("decline", referrals.decline_referral, line, day, "is declined", outcome=reason, rationale=why)
    else:
        family_id = submitting.written(f"family_{line.referral_id}") or None
        said = {"outcome": reason, "rationale": why, "family_id": family_id}
        _do("accept", referrals.accept_referral, line, day, "is accepted", **said)


def _do(form: str, act: Any, line: ReferralLine, day: dt.date, became: str, **said: Any) -> None:
    submitting.do_once(
        f"{form}_{line.referral_id}",
        lambda visit, token: act(
            visit.engine,
            visit.reader(TO_TRIAGE),
            line.referral_id,
            row_version=line.row_version,
            today=day,
            token=token,
            **said,
        ),
        f"The referral of {line.family_name} {became}.",
    )


show()
