"""Access and restrictions: who was let in where, what was opened in an emergency, and who must be protected."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard import access_tables, frame, identity, submitting, words
from families.casebook import emergency, restricting
from families.casebook.access import MAY_RESTRICT
from families.casebook.emergency import OpeningLine
from families.casebook.restricting import KINDS, RestrictionLine
from families.casebook.review import MOST_WORDS
from families.errors import UserError

TITLE = "Access and restrictions"
TO_PROTECT = "see to it that people are protected"
RESTRICT, GRANT, LOOK = "restrict", "grant", "look"  # where on the page an answer is said


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    st.title(TITLE, anchor=False)
    st.caption("Each look at this page and each change is written down with your name.")
    try:
        _emergencies(visit)
        if visit.person.role in MAY_RESTRICT:
            _restrictions(visit)
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))


def _emergencies(visit: identity.Visit) -> None:
    st.header("Families opened in an emergency", anchor=False)
    lines = emergency.openings(visit.engine, visit.reader(TO_PROTECT))
    submitting.say(LOOK)
    if not lines:
        st.write("Nobody has opened a family so.")
        return
    frame.plain_table(access_tables.openings(lines), "Families opened in an emergency")
    waiting = [line for line in lines if line.may_review]
    if waiting:
        _look_at(waiting)


def _look_at(waiting: Sequence[OpeningLine]) -> None:
    names = {line.opening_id: f"{line.name}, {line.family_id}, {words.local_time(line.opened_at)}" for line in waiting}
    with st.form("look_at", border=True):
        st.selectbox("Opening to look at", list(names), format_func=names.__getitem__, key="look_which")
        findings = list(emergency.FINDINGS)
        st.radio("Was it justified?", findings, index=None, format_func=emergency.FINDINGS.get, key="look_finding")
        st.text_input("Why (required)", key="look_words", max_chars=MOST_WORDS)
        st.form_submit_button("Save", key="look_save", on_click=_looked)


def _looked() -> None:
    submitting.do(
        lambda visit: emergency.look_at(
            visit.engine,
            visit.reader(TO_PROTECT),
            submitting.written("look_which"),
            finding=submitting.written("look_finding"),
            words=submitting.written("look_words"),
            at=identity.now(),
        ),
        "It is kept with your name.",
        clear=("look_words",),
        at=LOOK,
    )


def _restrictions(visit: identity.Visit) -> None:
    lines = restricting.restrictions(visit.engine, visit.reader(TO_PROTECT), at=identity.now())
    st.header("Restrictions in force", anchor=False)
    submitting.say(RESTRICT)
    if lines:
        frame.plain_table(access_tables.restrictions(lines), "Restrictions in force")
        _end("lift", _named(lines))
    else:
        st.write("Nobody is hidden.")
    _restrict()
    st.header("Who is let in", anchor=False)
    submitting.say(GRANT)
    if any(line.grants for line in lines):
        frame.plain_table(access_tables.grants(lines), "Who is let in, and until when")
        _end("shut", _who_is_in(lines))
    if lines:
        _let_in(lines)


def _named(lines: Sequence[RestrictionLine]) -> dict[str, str]:
    return {line.restriction_id: f"{line.family_id}, {line.kind_label.lower()}" for line in lines}


def _who_is_in(lines: Sequence[RestrictionLine]) -> dict[str, str]:
    return {grant.grant_id: f"{grant.name}, {line.family_id}" for line in lines for grant in line.grants}


def _restrict() -> None:
    with st.form("restrict", border=True):
        st.text_input("Family id", key="restrict_family", max_chars=64)
        st.text_input("Person id, if it is about one person", key="restrict_person", max_chars=64)
        st.selectbox("Kind", list(KINDS), index=None, format_func=KINDS.get, key="restrict_kind")
        st.text_input("Reason (required)", key="restrict_reason", max_chars=MOST_WORDS)
        soon = identity.now().date() + dt.timedelta(days=90)
        st.date_input("To be looked at again on", value=soon, key="restrict_review", format="DD/MM/YYYY")
        st.form_submit_button("Hide from all who are not let in", key="restrict_save", on_click=_restricted)


def _restricted() -> None:
    submitting.do(
        lambda visit: restricting.restrict(
            visit.engine,
            visit.reader(TO_PROTECT),
            submitting.written("restrict_family").strip(),
            person_id=submitting.written("restrict_person").strip() or None,
            kind=submitting.written("restrict_kind"),
            reason=submitting.written("restrict_reason"),
            review_on=st.session_state["restrict_review"] or identity.now().date(),
            at=identity.now(),
        ),
        "It is hidden now.",
        clear=("restrict_family", "restrict_person", "restrict_reason"),
        at=RESTRICT,
    )


@dataclass(frozen=True)
class Ending:
    """Something that is ended with a reason: a restriction, or that somebody is let in."""

    what: str
    button: str
    act: Callable[..., None]
    said: str
    at: str


ENDINGS = {
    "lift": Ending(
        "Restriction to lift", "Lift", restricting.lift, "It is lifted: the family is shown as any other.", RESTRICT
    ),
    "shut": Ending("Access to end", "End access", restricting.shut_out, "Their access has ended.", GRANT),
}


def _end(key: str, names: Mapping[str, str]) -> None:
    ending = ENDINGS[key]
    with st.form(key, border=True):
        st.selectbox(ending.what, list(names), format_func=names.__getitem__, key=f"{key}_which")
        st.text_input("Why (required)", key=f"{key}_reason", max_chars=MOST_WORDS)
        st.form_submit_button(ending.button, key=f"{key}_save", on_click=_ended, args=(key,))


def _ended(key: str) -> None:
    ending = ENDINGS[key]
    submitting.do(
        lambda visit: ending.act(
            visit.engine,
            visit.reader(TO_PROTECT),
            submitting.written(f"{key}_which"),
            reason=submitting.written(f"{key}_reason"),
            at=identity.now(),
        ),
        ending.said,
        clear=(f"{key}_reason",),
        at=ending.at,
    )


def _let_in(lines: Sequence[RestrictionLine]) -> None:
    names = _named(lines)
    with st.form("let_in", border=True):
        st.selectbox("Restriction", list(names), format_func=names.__getitem__, key="grant_which")
        st.text_input("Staff id of who is let in", key="grant_staff", max_chars=64)
        st.checkbox("May see where they live", key="grant_address")
        until = identity.now().date() + dt.timedelta(days=14)
        st.date_input("Until the end of", value=until, key="grant_until", format="DD/MM/YYYY")
        st.text_input("Why (required)", key="grant_reason", max_chars=MOST_WORDS)
        st.form_submit_button("Let in", key="grant_save", on_click=_let_in_done)


def _let_in_done() -> None:
    submitting.do(
        lambda visit: restricting.let_in(
            visit.engine,
            visit.reader(TO_PROTECT),
            submitting.written("grant_which"),
            staff_id=submitting.written("grant_staff").strip(),
            sees_address=bool(st.session_state.get("grant_address")),
            reason=submitting.written("grant_reason"),
            ends_on=st.session_state["grant_until"] or identity.now().date(),
            at=identity.now(),
        ),
        "They are let in.",
        clear=("grant_staff", "grant_reason"),
        at=GRANT,
    )


show()
