"""Who is looking. There is never a default person, and who they are is asked of the casebook at every run.

On a casebook marked as sample a visitor chooses among made-up staff. On any other the council's sign-in service says
who they are, and a staff row says what they may do. Both open a session of our own, which ends when it is idle, too
old, signed out or disabled. The secret that names a session never leaves the server, or is the signed cookie's own.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st
from sqlalchemy import Engine

from dashboard import coming_back, words
from families.casebook import access, reading, sessions
from families.casebook.database import open_casebook
from families.casebook.views import DataAsAt, Reader, StaffMember
from families.cases.clock import casework_today
from families.errors import NotAllowed
from families.settings import Settings

CHOSEN, TOKEN, SESSION, WHY_OUT = "chosen_staff_id", "session_token", "session_id", "why_signed_out"

TO_LIST = "find families we may be able to help"
TO_READ = "understand one family"

AGAIN = "again"  # the sign-in of our settings that asks for the proof anew
EXPORT, EMERGENCY, RESTRICTED, RULES = "export", "emergency", "restricted", "rules"
MOST_PROTECTED = {
    EXPORT: "An export",
    EMERGENCY: "An emergency opening",
    RESTRICTED: "A restricted record",
    RULES: "Signing rules",
}
FRESH = dt.timedelta(minutes=10)  # a sign-in opens a session so soon or never: the cookie itself lasts 30 days
NOT_FRESH = "Sign in again: this sign-in is too old to begin with."
NOT_WHOLE = "The sign-in service did not say who you are in the way this dashboard needs: ask an administrator."


@dataclass(frozen=True)
class Visit:
    """Where the data is, what it is, who is looking at it, and in which session."""

    engine: Engine
    data: DataAsAt
    person: StaffMember
    session: sessions.Session

    @property
    def is_recent(self) -> bool:
        """Whether they signed in so lately that they may do what is most protected."""
        return is_recent(self.session, self.data, now())

    def reader(self, purpose: str) -> Reader:
        """The person as the casebook wants them named at each read."""
        return reader(self.session, self.data, purpose, now())


def reader(session: sessions.Session, data: DataAsAt, purpose: str, at: dt.datetime) -> Reader:
    """Whose session this is, as the casebook wants them named at each read."""
    person, recent = session.person, is_recent(session, data, at)
    return Reader(person.staff_id, person.role, purpose, session.session_id, recent)


def is_recent(session: sessions.Session, data: DataAsAt, at: dt.datetime) -> bool:
    """Whether a sign-in is recent; made-up staff prove nothing when they are chosen, and are not asked again."""
    return data.is_sample or session.is_recent(signs_in_again_after(), at=at)


@st.cache_resource(show_spinner=False)
def _engine(url: str) -> Engine:
    return open_casebook(url)


def casebook() -> Engine:
    """The casebook of this installation."""
    return _engine(Settings().database_url)


def visit() -> Visit | None:
    """This run's visit, or nothing where no one has said who they are, or their session is over."""
    engine = casebook()
    data = reading.data_as_at(engine)
    try:
        session = _demo_session(engine) if data.is_sample else _signed_in_session(engine)
    except NotAllowed as refusal:
        _forget(str(refusal), keep_token=not data.is_sample)
        return None
    if session is None:
        return None
    if session.ended_how:
        _forget(sessions.HOW[session.ended_how], keep_token=not data.is_sample)
        return None
    if st.session_state.get(SESSION) not in (None, session.session_id):
        _forget("", keep_token=True)  # what is on the screen was another session's
    st.session_state[SESSION] = session.session_id
    return Visit(engine=engine, data=data, person=session.person, session=session)


def _demo_session(engine: Engine) -> sessions.Session | None:
    state = st.session_state
    if state.get(TOKEN) is not None:
        return sessions.seen(engine, state[TOKEN], limits=limits(), at=now())
    chosen = state.get(CHOSEN)
    if chosen is None:
        return None
    fresh = secrets.token_urlsafe(32)
    session = sessions.start_demo(engine, fresh, chosen, limits=limits(), at=now())
    state[TOKEN] = fresh
    state.pop(WHY_OUT, None)
    return session


def _signed_in_session(engine: Engine) -> sessions.Session | None:
    claims = st.user.to_dict()
    if not claims.get("is_logged_in"):
        return None
    of_claims = token_of(claims)
    if st.session_state.get(TOKEN) == of_claims and st.session_state.get(WHY_OUT):
        return None  # told so already
    st.session_state[TOKEN] = of_claims
    session = sessions.seen(engine, of_claims, limits=limits(), at=now())
    if session is not None:
        return session
    if abs(now().timestamp() - float(claims["iat"])) > FRESH.total_seconds():
        raise NotAllowed(NOT_FRESH)
    account = {"issuer": claims["iss"], "subject": claims["sub"]}
    session = sessions.sign_in(engine, of_claims, **account, limits=limits(), at=now(), proved_at=_proved_at(claims))
    if claims.get("provider") == AGAIN:
        coming_back.arrive(session.person.staff_id, at=now())
    return session


def _proved_at(claims: Mapping[str, object]) -> dt.datetime | None:
    """When the person proved to the sign-in service who they are; it may have let them in without, for hours."""
    told = claims.get("auth_time")
    if isinstance(told, bool) or not isinstance(told, (int, float)):
        return None
    return dt.datetime.fromtimestamp(told, dt.UTC)


def token_of(claims: Mapping[str, object]) -> str:
    """The secret of one sign-in, of its nonce, which only our signed cookie and the sign-in service know."""
    told = [claims.get(name) for name in ("iss", "sub", "iat", "nonce")]
    if not all(told) or not isinstance(claims["iat"], (int, float)) or len(str(claims["nonce"])) < 16:
        raise NotAllowed(NOT_WHOLE)
    return hashlib.sha256("\n".join(map(str, told)).encode()).hexdigest()


def _forget(why: str, *, keep_token: bool) -> None:
    """Clear what was on the screen: whoever comes next may be somebody else.

    The token of a sign-in that was refused or has ended is kept, so that it is not asked about again at each run.
    """
    kept = st.session_state.get(TOKEN)
    st.session_state.clear()
    st.session_state[WHY_OUT] = why
    if keep_token:
        st.session_state[TOKEN] = kept


def is_signed_in() -> bool:
    """Whether the sign-in service has said who this is."""
    return bool(st.user.to_dict().get("is_logged_in"))


def token() -> str:
    """The secret of this visit's session."""
    return str(st.session_state.get(TOKEN, ""))


def limits() -> sessions.Limits:
    """How long sessions last on this installation."""
    settings = Settings()
    return sessions.Limits(
        idle=dt.timedelta(minutes=settings.idle_minutes), absolute=dt.timedelta(hours=settings.session_hours)
    )


def signs_in_again_after() -> dt.timedelta:
    """How old a sign-in may be for what is most protected."""
    return dt.timedelta(minutes=Settings().sign_in_again_minutes)


def now() -> dt.datetime:
    """Real time: sessions know no other."""
    return dt.datetime.now(dt.UTC)


def casework_day(visit: Visit) -> dt.date:
    """The day that casework counts from."""
    return casework_today(visit.data, now())


def ask(engine: Engine, data: DataAsAt) -> None:
    """The page before all pages: choose a made-up person, or sign in."""
    if data.is_sample:
        _ask_for_demo_person(engine)
        return
    st.title("Sign in", anchor=False)
    if why := st.session_state.get(WHY_OUT):
        st.warning(words.escape_markdown(why))
    if not sign_in_is_set_up():
        st.warning("Sign-in is not configured on this installation, so no family can be shown.")
        st.write("Ask the administrator to connect the council’s sign-in service.")
        return
    st.write("Families’ records are shown to those whose work needs them. What you look at is written down.")
    st.button("Sign in", type="primary", key="sign_in", on_click=st.login)
    if is_signed_in():
        account = st.user.to_dict()
        st.caption(
            "To be given access, tell an administrator this: "
            f"{words.escape_markdown(str(account.get('iss')))}, {words.escape_markdown(str(account.get('sub')))}."
        )
        st.button("Sign out of the sign-in service", key="sign_out_there", on_click=st.logout)


def ask_again(visit: Visit, what: str) -> None:
    """In place of what is most protected: that a sign-in has to be recent, and the way to it."""
    minutes = words.counted(Settings().sign_in_again_minutes, "minute")
    asks = f"{MOST_PROTECTED[what]} asks for a sign-in within the last {minutes}"
    st.write(f"{asks}: sign in again, and you come back to this page. What you were writing is kept.")
    if visit.session.signed_in_at is None and st.user.to_dict().get("provider") == AGAIN:
        st.warning(
            "The sign-in service does not say when you signed in (the claim `auth_time`): an administrator has to set "
            "it up there."
        )
    went_from = (visit.person.staff_id, coming_back.here())
    st.button("Sign in again", key=f"sign_in_again_for_{what}", on_click=_to_sign_in_again, args=went_from)


def _to_sign_in_again(staff_id: str, place: coming_back.Place) -> None:
    coming_back.leave(staff_id, place, at=now())
    st.login(AGAIN)


def say_sample_is_not_asked(visit: Visit) -> None:
    """On made-up data, what would be asked of somebody here."""
    if visit.data.is_sample:
        minutes = words.counted(Settings().sign_in_again_minutes, "minute")
        st.caption(f"On real families this asks for a sign-in within the last {minutes}.")


def sign_in_is_set_up() -> bool:
    """Whether Streamlit was given a sign-in service when it started."""
    return "is_logged_in" in st.user.to_dict()


def _ask_for_demo_person(engine: Engine) -> None:
    st.title("Choose who you are", anchor=False)
    if why := st.session_state.get(WHY_OUT):
        st.info(words.escape_markdown(why))
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
    told = words.listed(kinds) if kinds else _BY_CASE.get(person.role, "no family records")
    return f"{person.role_label}: sees {told}"


_BY_CASE = {"caseworker": "the families they work with", "team_manager": "the families their team works with"}
_KINDS = {"eligible": "families that meet the criteria", "near_miss": "near misses"}


def _enter(staff_id: str | None) -> None:
    if staff_id is None:
        st.error("Choose a person before you continue.")
        return
    st.session_state[CHOSEN] = staff_id
    st.rerun()


def leave() -> None:
    """End this session, and forget everything that was on the screen."""
    sessions.sign_out(casebook(), token(), at=now())
    _out()


def leave_everywhere() -> None:
    """End all of this person's sessions, on every machine."""
    sessions.sign_out_everywhere(casebook(), token(), at=now())
    _out()


def stay() -> None:
    """Somebody is there, though they have clicked nothing else."""
    sessions.seen(casebook(), token(), limits=limits(), at=now())


def _out() -> None:
    signed_in = is_signed_in()
    st.session_state.clear()
    if signed_in:
        st.logout()
