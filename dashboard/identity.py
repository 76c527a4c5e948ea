"""Who is looking. The one place to change when a council's sign-in is connected; there is never a default person.

On a casebook marked as sample a visitor chooses among made-up staff. On any other there is no way in here: sign-in
comes first. The choice is an id, looked up again in the casebook at every run, and access is decided there.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from sqlalchemy import Engine

from dashboard import words
from families.casebook import access, reading
from families.casebook.database import open_casebook
from families.casebook.views import DataAsAt, Reader, StaffMember
from families.settings import Settings

CHOSEN = "chosen_staff_id"

TO_LIST = "find families we may be able to help"
TO_READ = "understand one family"


@dataclass(frozen=True)
class Visit:
    """Where the data is, what it is, and who is looking at it."""

    engine: Engine
    data: DataAsAt
    person: StaffMember

    def reader(self, purpose: str) -> Reader:
        """The person as the casebook wants them named at each read."""
        return Reader(staff_id=self.person.staff_id, role=self.person.role, purpose=purpose)


@st.cache_resource(show_spinner=False)
def _engine(url: str) -> Engine:
    return open_casebook(url)


def casebook() -> Engine:
    """The casebook of this installation."""
    return _engine(Settings().database_url)


def visit() -> Visit | None:
    """This run's visit, or nothing where no one has said who they are."""
    engine = casebook()
    data = reading.data_as_at(engine)
    person = _person(engine, data)
    return Visit(engine=engine, data=data, person=person) if person else None


def _person(engine: Engine, data: DataAsAt) -> StaffMember | None:
    chosen = st.session_state.get(CHOSEN)
    if not data.is_sample or chosen is None:
        return None
    person = reading.staff_by_id(engine, chosen)
    return person if person is not None and person.is_demo else None


def ask(engine: Engine, data: DataAsAt) -> None:
    """The page before all pages: choose a made-up person, or learn that sign-in is not set up."""
    if data.is_sample:
        _ask_for_demo_person(engine)
    else:
        st.title("Sign in", anchor=False)
        st.warning("Sign-in is not configured on this installation, so no family can be shown.")
        st.write("Ask the administrator to connect the council’s sign-in service.")


def _ask_for_demo_person(engine: Engine) -> None:
    st.title("Choose who you are", anchor=False)
    st.write(
        "This casebook holds a made-up authority: no one in it is real. "
        "Choose one of its made-up staff to see what that person may see."
    )
    staff = {person.staff_id: person for person in reading.demo_staff(engine)}
    if not staff:
        st.warning("This casebook has no made-up staff. Run `families demo` to set it up.")
        return
    with st.form("choose_person", border=False):
        chosen = st.radio(
            "Made-up staff",
            list(staff),
            index=None,
            format_func=lambda staff_id: f"**{words.escape_markdown(staff[staff_id].name)}**",
            captions=[_what_they_see(person) for person in staff.values()],
            key="staff_choice",
        )
        if st.form_submit_button("Continue", type="primary", key="continue_as"):
            _enter(chosen)


def _what_they_see(person: StaffMember) -> str:
    sees = access.MAY_SEE.get(person.role, frozenset())
    kinds = [phrase for status, phrase in _KINDS.items() if status in sees]
    return f"{person.role_label}: sees {words.listed(kinds) if kinds else 'no family records'}"


_KINDS = {"eligible": "families that meet the criteria", "near_miss": "near misses"}


def _enter(staff_id: str | None) -> None:
    if staff_id is None:
        st.error("Choose a person before you continue.")
        return
    st.session_state[CHOSEN] = staff_id
    st.rerun()


def leave() -> None:
    """Forget who was looking, and everything they had on the screen."""
    st.session_state.clear()
