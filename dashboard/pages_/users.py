"""Users and settings: who may open the casebook, in which role and team. No family is shown here."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import frame, identity, leave, submitting, tables, words
from families.casebook import review, staff
from families.casebook.access import ROLES
from families.casebook.staff import StaffLine, TeamLine
from families.casebook.views import Reader
from families.errors import UserError
from families.settings import Settings
from families.staffing import issuer_of

TITLE = "Users and settings"
TO_MANAGE = "look after staff"
NO_TEAM = ""
ADD, TEAMS = "add", "teams"  # where on the page an answer is said


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    st.title(TITLE, anchor=False)
    st.caption("Who may open the casebook, in which role and team. Each change is kept with its reason and your name.")
    try:
        people = staff.staff_list(visit.engine, visit.reader(TO_MANAGE))
        teams = staff.team_list(visit.engine, visit.reader(TO_MANAGE))
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))
        return
    st.header("Staff", anchor=False)
    frame.plain_table(tables.staff(people), "Staff")
    _change(visit, people, teams)
    _add(teams)
    _teams(people, teams)
    leave.show(visit, identity.casework_day(visit))
    _settings()


def _change(visit: identity.Visit, people: Sequence[StaffLine], teams: Sequence[TeamLine]) -> None:
    """One person at a time; nobody changes themselves, so they are not offered."""
    others = {each.staff_id: each for each in people if each.staff_id != visit.person.staff_id}
    st.header("Change somebody’s access", anchor=False)
    submitting.say()
    if not others:
        st.write("There is nobody else yet.")
        return
    chosen = st.selectbox(
        "Person",
        list(others),
        format_func=lambda staff_id: f"{words.plain(others[staff_id].name)} ({staff_id})",
        key="user_chosen",
    )
    person = others[chosen]
    with st.form("change_user", border=True):
        roles = list(ROLES)
        place = roles.index(person.role) if person.role in roles else None
        st.selectbox("Role", roles, index=place, format_func=ROLES.get, key=f"user_role_{chosen}")
        _team_box(teams, key=f"user_team_{chosen}", now=person.team_id)
        st.text_input("Reason (required)", key="user_reason", max_chars=review.MOST_WORDS)
        with st.container(horizontal=True, key="user_acts"):
            args = (person,)
            st.form_submit_button("Save role and team", key="user_save", on_click=_save, args=args)
            if person.is_disabled:
                st.form_submit_button("Let in again", key="user_enable", on_click=_enable, args=args)
            else:
                st.form_submit_button("Disable", key="user_disable", on_click=_disable, args=args)
            st.form_submit_button("Sign out everywhere", key="user_sign_out", on_click=_sign_out, args=args)


def _team_box(teams: Sequence[TeamLine], *, key: str, now: str | None = None) -> None:
    names = {NO_TEAM: "No team"} | {team.team_id: words.plain(team.name) for team in teams}
    ids = list(names)
    place = ids.index(now) if now in names else 0
    st.selectbox("Team", ids, index=place, format_func=lambda team_id: names[team_id], key=key)


def _by(visit: identity.Visit) -> Reader:
    return visit.reader(TO_MANAGE)


def _save(person: StaffLine) -> None:
    if not submitting.is_still("user_chosen", person.staff_id):
        return
    role = submitting.written(f"user_role_{person.staff_id}")
    team_id = submitting.written(f"user_team_{person.staff_id}") or None
    submitting.do(
        lambda visit: staff.change_staff(
            visit.engine,
            _by(visit),
            person.staff_id,
            role=role,
            team_id=team_id,
            reason=submitting.written("user_reason"),
        ),
        f"{person.name} is {ROLES.get(role, role).lower()} now.",
        clear=["user_reason"],
    )


def _disable(person: StaffLine) -> None:
    if not submitting.is_still("user_chosen", person.staff_id):
        return
    submitting.do(
        lambda visit: staff.disable_staff(
            visit.engine, _by(visit), person.staff_id, reason=submitting.written("user_reason"), at=identity.now()
        ),
        f"{person.name} is signed out and may not sign in.",
        clear=["user_reason"],
    )


def _enable(person: StaffLine) -> None:
    if not submitting.is_still("user_chosen", person.staff_id):
        return
    submitting.do(
        lambda visit: staff.enable_staff(
            visit.engine, _by(visit), person.staff_id, reason=submitting.written("user_reason")
        ),
        f"{person.name} may sign in again.",
        clear=["user_reason"],
    )


def _sign_out(person: StaffLine) -> None:
    if not submitting.is_still("user_chosen", person.staff_id):
        return
    submitting.do(
        lambda visit: staff.sign_out_staff(
            visit.engine, _by(visit), person.staff_id, reason=submitting.written("user_reason"), at=identity.now()
        ),
        f"{person.name} is signed out everywhere.",
        clear=["user_reason"],
    )


NEW = ("new_id", "new_name", "new_subject", "new_reason")


def _add(teams: Sequence[TeamLine]) -> None:
    st.header("Add somebody", anchor=False)
    submitting.say(ADD)
    with st.form("add_user", border=True):
        st.text_input("Staff id", key="new_id", max_chars=64, help="As it stands in the audit trail: a.jones.")
        st.text_input("Name", key="new_name", max_chars=staff.LONGEST)
        st.selectbox("Role", list(ROLES), index=None, format_func=ROLES.get, key="new_role")
        _team_box(teams, key="new_team")
        issuer = issuer_of(Settings()) or ""
        st.text_input("Sign-in service (issuer)", value=issuer, key="new_issuer", max_chars=staff.LONGEST)
        st.text_input(
            "Account (subject)",
            key="new_subject",
            max_chars=staff.LONGEST,
            help="What the sign-in service calls them. Somebody who signs in without access is shown it.",
        )
        st.text_input("Reason (required)", key="new_reason", max_chars=review.MOST_WORDS)
        st.form_submit_button("Add", key="new_add", on_click=_added)


def _added() -> None:
    submitting.do(
        lambda visit: staff.add_staff(
            visit.engine,
            _by(visit),
            submitting.written("new_id"),
            name=submitting.written("new_name"),
            role=submitting.written("new_role"),
            issuer=submitting.written("new_issuer"),
            subject=submitting.written("new_subject"),
            team_id=submitting.written("new_team") or None,
            reason=submitting.written("new_reason"),
        ),
        f"{submitting.written('new_name')} may sign in now.",
        clear=NEW,
        at=ADD,
    )


def _teams(people: Sequence[StaffLine], teams: Sequence[TeamLine]) -> None:
    st.header("Teams", anchor=False)
    submitting.say(TEAMS)
    if teams:
        frame.plain_table(tables.teams(teams), "Teams")
    managers = {NO_TEAM: "Nobody"} | {each.staff_id: words.plain(each.name) for each in people if not each.is_disabled}
    with st.form("save_team", border=True):
        st.text_input(
            "Team id", key="team_id", max_chars=64, help="A new one makes a team; one that is there changes it."
        )
        st.text_input("Team name", key="team_name", max_chars=staff.LONGEST)
        st.selectbox("Manager", list(managers), format_func=lambda staff_id: managers[staff_id], key="team_manager")
        st.text_input("Reason (required)", key="team_reason", max_chars=review.MOST_WORDS)
        st.form_submit_button("Save team", key="team_save", on_click=_save_team)


def _save_team() -> None:
    submitting.do(
        lambda visit: staff.save_team(
            visit.engine,
            _by(visit),
            submitting.written("team_id"),
            name=submitting.written("team_name"),
            manager_id=submitting.written("team_manager") or None,
            reason=submitting.written("team_reason"),
        ),
        f"{submitting.written('team_name')} is saved.",
        clear=("team_id", "team_name", "team_reason"),
        at=TEAMS,
    )


def _settings() -> None:
    settings = Settings()
    st.header("Settings", anchor=False)
    st.write(
        f"A session ends after {settings.idle_minutes} minutes in which nothing is done, and after "
        f"{settings.session_hours} hours at most. Exports, emergency openings and restricted records ask for a sign-in "
        f"within the last {settings.sign_in_again_minutes} minutes. These are set where the dashboard is installed."
    )


show()
