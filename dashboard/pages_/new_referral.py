"""New referral: a family that help is asked for, kept as a draft until it is sent; and what became of one's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import case_tables, frame, identity, submitting, words
from families.cases import inbox, noting, referrals
from families.cases.moving import MOST_IN_LINE, MOST_WORDS, Changed
from families.cases.referrals import MOST_PEOPLE, Intake, Person
from families.cases.views import ReferralLine
from families.cases.workflow import workflow
from families.errors import UserError

TITLE = "New referral"
TO_REFER = "ask for help for a family"
DRAFT = "referral"
FORM, ANSWER = "referral_form", "referral_answer"  # where on the page is said what a form came to
CONSENT, DUTY = "consent", "duty"
BASES = {CONSENT: "The family agreed to it", DUTY: "A duty or power in law, named below"}
RELATIONS = {"child": "Child", "parent": "Parent", "carer": "Carer", "adult": "Other adult"}
FIRST_BORN = dt.date(1900, 1, 1)
ROUND, VERSION, SAVED, PEOPLE = "referral_round", "referral_version", "referral_saved", "referral_people"
LINES = {
    "family_name": "Family name",
    "reporter": "Your name",
    "agency": "Your agency or team",
    "contact": "How to reach you",
}
BOXES = (*LINES, "basis", "basis_words", "notice", "reasons", "needs", "urgency")
OF_PERSON = ("name", "born", "relation")


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    day = identity.casework_day(visit)
    st.title(TITLE, anchor=False)
    try:
        _take_up_draft(visit)
        mine = inbox.own_referrals(visit.engine, visit.reader(TO_REFER), today=day)
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))
        return
    st.write(
        "Give what you know: it is saved as you leave each box, and only you see it until you send it. "
        f"A long answer has up to {MOST_WORDS:,} characters, a short one {MOST_IN_LINE}."
    )
    _ask(visit, day)
    _own(mine, day)


def _key(box: str) -> str:
    """The key of a box; a form that was sent leaves none of its boxes to the next one."""
    return f"referral_{st.session_state.get(ROUND, 0)}_{box}"


def _take_up_draft(visit: identity.Visit) -> None:
    """What was being written when the page was last left, here or elsewhere."""
    state = st.session_state
    if VERSION in state:
        return
    kept = noting.draft(visit.engine, visit.reader(TO_REFER), noting.NEW_REFERRAL, DRAFT)
    state[VERSION] = kept.version if kept else 0
    body: Mapping[str, Any] = kept.body if kept else {}
    state[SAVED] = dict(body)
    state[PEOPLE] = max(1, int(body.get("people", 1)))
    for box, value in body.items():
        if box.startswith("born_"):
            state[_key(box)] = dt.date.fromisoformat(value) if value else None
        elif box != "people":
            state[_key(box)] = value


def _ask(visit: identity.Visit, day: dt.date) -> None:
    st.header("The family", anchor=False)
    kept: dict[str, Any] = {"persist_state": "session"}
    _line("family_name", kept)
    for number in range(_people()):
        _ask_person(number, day, kept)
    with st.container(horizontal=True, key="referral_more"):
        st.button("Add another person", key="referral_add", on_click=_change_people, args=(1,))
        if _people() > 1:
            st.button("Take the last person away", key="referral_take", on_click=_change_people, args=(-1,))
    st.header("Why help is asked for", anchor=False)
    st.text_area("Reasons for the referral", max_chars=MOST_WORDS, key=_key("reasons"), **kept)
    st.text_area("Needs, one on each line", max_chars=MOST_WORDS, key=_key("needs"), **kept)
    urgency = {name: label for name, (label, _) in workflow().urgency.items()}
    st.radio(
        "How soon it must be decided", list(urgency), index=None, format_func=urgency.get, key=_key("urgency"), **kept
    )
    st.header("What the family knows", anchor=False)
    st.radio(
        "On what basis the family’s facts are shared",
        list(BASES),
        index=None,
        format_func=BASES.get,
        key=_key("basis"),
        **kept,
    )
    st.text_input("Which duty or power, if it is one", max_chars=MOST_IN_LINE, key=_key("basis_words"), **kept)
    st.checkbox("The family was given the privacy notice", key=_key("notice"), **kept)
    st.header("Who asks", anchor=False)
    for box in ("reporter", "agency", "contact"):
        _line(box, kept)
    submitting.say(FORM)
    st.button("Send the referral", type="primary", key="referral_send", on_click=_send, args=(day,))
    _save_draft(visit)


def _line(box: str, kept: Mapping[str, Any]) -> None:
    st.text_input(LINES[box], max_chars=MOST_IN_LINE, key=_key(box), **kept)


def _ask_person(number: int, day: dt.date, kept: Mapping[str, Any]) -> None:
    st.subheader(f"Person {number + 1}", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"referral_person_{number}"):
        st.text_input("Name", max_chars=MOST_IN_LINE, key=_key(f"name_{number}"), width=320, **kept)
        st.date_input(
            "Date of birth, if known",
            value=None,
            min_value=FIRST_BORN,
            max_value=day,
            format="DD/MM/YYYY",
            key=_key(f"born_{number}"),
            width=200,
            **kept,
        )
        st.selectbox(
            "In the family",
            list(RELATIONS),
            format_func=RELATIONS.__getitem__,
            key=_key(f"relation_{number}"),
            width=180,
            **kept,
        )


def _people() -> int:
    return int(st.session_state.get(PEOPLE, 1))


def _change_people(by: int) -> None:
    st.session_state[PEOPLE] = min(MOST_PEOPLE, max(1, _people() + by))


def _body() -> dict[str, Any]:
    """The form as it stands, as a draft keeps it."""
    boxes = [*BOXES, *(f"{box}_{number}" for number in range(_people()) for box in OF_PERSON)]
    values = {box: st.session_state.get(_key(box)) for box in boxes}
    told = {box: value.isoformat() if isinstance(value, dt.date) else value for box, value in values.items()}
    return told | {"people": _people()}


def _is_begun(body: Mapping[str, Any]) -> bool:
    return any(value for box, value in body.items() if box != "people" and not box.startswith("relation_"))


def _save_draft(visit: identity.Visit) -> None:
    """Keep what is written, where it has changed since it was kept last."""
    state, body = st.session_state, _body()
    if body == state[SAVED] or not (_is_begun(body) or state[VERSION]):
        return
    try:
        kept = noting.save_draft(
            visit.engine,
            visit.reader(TO_REFER),
            noting.NEW_REFERRAL,
            DRAFT,
            body=body,
            version=state[VERSION],
        )
    except Changed:
        st.warning("You are writing this referral in another window too: only one of the two is kept as a draft.")
        return
    state[VERSION], state[SAVED] = kept.version, body
    st.caption(f"Draft saved {words.clock(kept.saved_at)}")


def _send(day: dt.date) -> None:
    body = _body()
    missing = _missing(body)
    if missing:
        submitting.refuse(f"Before this can be sent: {words.listed(missing)}.", at=FORM)
        return
    done = submitting.do_once(
        f"referral_{st.session_state.get(ROUND, 0)}",
        lambda visit, token: referrals.refer(
            visit.engine,
            visit.reader(TO_REFER),
            _intake(body, inbox.kind_for(visit.person.role)),
            today=day,
            token=token,
            draft_kind=DRAFT,
        ),
        f"The referral of {body['family_name']} is sent: below you see what becomes of it.",
        at=FORM,
    )
    if done:
        _begin_again()


def _begin_again() -> None:
    state = st.session_state
    state[ROUND] = state.get(ROUND, 0) + 1
    for name in (VERSION, SAVED, PEOPLE):
        state.pop(name, None)


def _missing(body: Mapping[str, Any]) -> list[str]:
    """All that a referral lacks, so that nobody has to find out one by one."""
    names = [body.get(f"name_{number}") for number in range(_people())]
    asked = {
        **{f"write {label[0].lower()}{label[1:]}": body[box] for box, label in LINES.items()},
        "name each person, or take them away": all(name and name.strip() for name in names),
        "write the reasons": body["reasons"],
        "choose how soon it must be decided": body["urgency"],
        "choose the basis for sharing": body["basis"],
        "name the duty or power": body["basis_words"] if body["basis"] == DUTY else True,
    }
    return [what for what, value in asked.items() if not (value.strip() if isinstance(value, str) else value)]


def _intake(body: Mapping[str, Any], kind: str) -> Intake:
    return Intake(
        kind=kind,
        **{box: body[box] for box in (*LINES, "reasons", "urgency")},
        people=[
            Person(
                body[f"name_{number}"],
                dt.date.fromisoformat(born) if (born := body[f"born_{number}"]) else None,
                body[f"relation_{number}"],
            )
            for number in range(body["people"])
        ],
        basis="The family’s consent" if body["basis"] == CONSENT else body["basis_words"],
        notice_given=bool(body["notice"]),
        needs=[line.strip() for line in (body["needs"] or "").splitlines() if line.strip()],
    )


def _own(mine: tuple[ReferralLine, ...], day: dt.date) -> None:
    st.header("Your referrals", anchor=False)
    submitting.say(ANSWER)
    if not mine:
        st.write("You have made no referral yet.")
        return
    frame.plain_table(case_tables.own_referrals(mine), "What you referred, and what became of it")
    for line in mine:
        if line.state == "more_information":
            _ask_answer(line, day)


def _ask_answer(line: ReferralLine, day: dt.date) -> None:
    st.subheader(f"Asked of you: {words.escape_markdown(words.plain(line.family_name))}", anchor=False)
    st.write(words.escape_markdown(line.asked or ""))
    key = f"own_answer_{line.referral_id}"
    with st.form(f"{key}_form", border=False):
        st.text_area("Your answer (required)", max_chars=MOST_WORDS, key=key)
        st.form_submit_button("Send the answer", key=f"{key}_send", on_click=_answered, args=(line, key, day))


def _answered(line: ReferralLine, key: str, day: dt.date) -> None:
    answer = submitting.written(key)
    submitting.do_once(
        key,
        lambda visit, token: referrals.give_more(
            visit.engine,
            visit.reader(TO_REFER),
            line.referral_id,
            answer=answer,
            row_version=line.row_version,
            today=day,
            token=token,
        ),
        f"Your answer about {line.family_name} is sent.",
        at=ANSWER,
    )


show()
