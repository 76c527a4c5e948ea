"""Files that leave the casebook: through a route of our own, never through Streamlit's store of media.

A link is signed, names the session it was made in and soon grows old. At each request the session, the person and the
right are looked at anew; where a sign-in service says who people are, the request must be of that very sign-in too, so
that a link that somebody else got hold of opens nothing. The file is made then, written down, and kept nowhere.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import secrets

import streamlit as st
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dashboard import guarding, identity
from families import loading
from families.board_report import board_report
from families.casebook import reading, sessions
from families.casebook.views import DataAsAt
from families.cases.chronology import Filter
from families.cases.clock import casework_today
from families.errors import NotAllowed, UserError
from families.exports.document import PURPOSES
from families.exports.record import Export, Wanted, as_json, export, from_json
from families.home import Home
from families.settings import Settings

PATH = "/export"
KEY = secrets.token_bytes(32)  # of this run of the server: a link made before means nothing afterwards
GROWS_OLD = dt.timedelta(minutes=60)
TO_EXPORT, TO_CORRECT, TO_REPORT = "export: ", "correct rejected rows", "report to the board"
RECORD, REJECTS, BOARD = "record", "rejects", "board"
OLD = "This link is too old or is not yours: go back to the page and follow the link there."
FORMS = {"pdf": "PDF, to read and print", "xlsx": "Excel workbook"}
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


def offer(visit: identity.Visit, what: str, family_id: str, chosen: Filter | None = None) -> None:
    """A choice of purpose, and a link for each form once there is one; nothing is made before somebody follows it."""
    with st.popover(f"Export the {what}", key=f"export_{what}"):
        purpose = st.selectbox(
            "What it is for (required)",
            list(PURPOSES),
            index=None,
            format_func=PURPOSES.__getitem__,
            placeholder="Choose",
            key=f"export_purpose_{what}",
        )
        st.caption(
            "What is exported, by whom and for what is written down. What you may not see is not in it; what is "
            "restricted, and supervision, is left out and counted."
        )
        if not visit.is_recent:
            identity.ask_again(visit, identity.EXPORT)
            return
        identity.say_sample_is_not_asked(visit)
        if purpose is None:
            return
        for form, label in FORMS.items():
            wanted = Wanted(what, family_id, form, purpose, chosen or Filter())
            st.link_button(label, link(visit.session.session_id, wanted), key=f"export_{what}_{form}")


def offer_board_report(visit: identity.Visit) -> None:
    """A link for each form of the report to the board; nothing is made before somebody follows it."""
    st.header("Report to the board", anchor=False)
    st.write("The numbers of this page and of Outcomes, with what the data covers and lacks. Nobody is named.")
    with st.container(horizontal=True, key="board_report"):
        for form, label in FORMS.items():
            st.link_button(label, board_link(visit.session.session_id, form), key=f"board_{form}")
    st.caption("That it was made, and by whom, is written down.")


def board_link(session_id: str, form: str) -> str:
    """The address of the report to the board, for one session."""
    return _link(session_id, BOARD, form)


def link(session_id: str, wanted: Wanted) -> str:
    """The address of a document from a family's record, for one session."""
    return _link(session_id, RECORD, as_json(wanted))


def rejects_link(session_id: str, delivery: str) -> str:
    """The address of a delivery's rejected rows that wait to be corrected, for one session."""
    return _link(session_id, REJECTS, delivery)


def _link(session_id: str, kind: str, wanted: str) -> str:
    until = int((identity.now() + GROWS_OLD).timestamp())
    told = json.dumps([session_id, until, kind, wanted], separators=(",", ":")).encode()
    return f"{PATH}/{_text(told)}.{_text(_signature(told))}"


def _signature(told: bytes) -> bytes:
    return hmac.digest(KEY, told, hashlib.sha256)


def _text(these: bytes) -> str:
    return base64.urlsafe_b64encode(these).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _read(ticket: str) -> tuple[str, str, str]:
    """The session, the kind of file and what is wanted, of a link that we signed and that is not old."""
    try:
        told, signature = (_bytes(part) for part in ticket.split("."))
    except ValueError as error:
        raise NotAllowed(OLD) from error
    if not hmac.compare_digest(signature, _signature(told)):
        raise NotAllowed(OLD)
    session_id, until, kind, wanted = json.loads(told)
    if identity.now().timestamp() > until:
        raise NotAllowed(OLD)
    return session_id, kind, wanted


def given(request: Request) -> Response:
    """The file of a link, or the sentence why there is none."""
    try:
        made = _made(request, *_read(request.path_params["ticket"]))
    except UserError as refusal:
        return PlainTextResponse(str(refusal), status_code=403, headers=HEADERS)
    shown = {"Content-Disposition": f'attachment; filename="{made.file_name}"'}
    return Response(made.content, media_type=made.media_type, headers=HEADERS | shown)


def _made(request: Request, session_id: str, kind: str, wanted: str) -> Export:
    engine, at = identity.casebook(), identity.now()
    data = reading.data_as_at(engine)
    session = sessions.standing(engine, session_id, limits=identity.limits(), at=at)
    if session is None or (not data.is_sample and not _is_of_this_sign_in(request, session, engine, at)):
        raise NotAllowed(OLD)
    return {RECORD: _record, REJECTS: _rejects, BOARD: _board}[kind](engine, session, wanted, data, at)


def _record(engine: Engine, session: sessions.Session, told: str, data: DataAsAt, at: dt.datetime) -> Export:
    wanted, person = from_json(told), session.person
    purpose = TO_EXPORT + PURPOSES.get(wanted.purpose, "not said").lower()
    reader = identity.reader(session, data, purpose, at)
    return export(engine, reader, wanted, made_by=person.name, today=casework_today(data, at), at=at)


def _rejects(engine: Engine, session: sessions.Session, delivery: str, data: DataAsAt, at: dt.datetime) -> Export:
    reader = identity.reader(session, data, TO_CORRECT, at)
    rows = loading.rejects_file(Home(Settings().home), engine, reader, delivery)
    return Export(f"official-sensitive_rejected_rows_{delivery}.csv", "text/csv; charset=utf-8", rows)


def _board(engine: Engine, session: sessions.Session, form: str, data: DataAsAt, at: dt.datetime) -> Export:
    reader = identity.reader(session, data, TO_REPORT, at)
    return board_report(engine, reader, form, today=casework_today(data, at), at=at)


def _is_of_this_sign_in(request: Request, session: sessions.Session, engine: Engine, at: dt.datetime) -> bool:
    """Whether the request carries the signed cookie of the sign-in that the session is of."""
    theirs = guarding.session_of(request, engine, at)
    return theirs is not None and theirs.session_id == session.session_id


ROUTES = [Route(f"{PATH}/{{ticket}}", given, methods=["GET"])]
