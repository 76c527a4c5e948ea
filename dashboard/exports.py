"""Files that hold personal data, by a route of our own: made when asked for, kept nowhere, and never in a cache.

A page gives out a ticket, which is random, good once and for two minutes, and says nothing. The route asks anew whether
the session that got it still stands and what its person may do; the act that makes the file writes it down.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard import identity
from families.casebook import sessions
from families.casebook.views import Reader
from families.errors import UserError

PATH = "file"
GOOD_FOR = dt.timedelta(minutes=2)
MOST_TICKETS = 1_000
KINDS = {"csv": "text/csv; charset=utf-8", "pdf": "application/pdf", "html": "text/html; charset=utf-8"}
PRIVATE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Referrer-Policy": "no-referrer",
}
TOO_LATE = "This link was good once and for two minutes: go back to the page and ask for the file again."


@dataclass(frozen=True)
class Ticket:
    """What a page lets somebody fetch: a file's name, and the act that makes it for whoever is asked to be."""

    session_token: str
    purpose: str
    file_name: str
    make: Callable[[Reader], bytes]
    given_at: dt.datetime


@st.cache_resource(show_spinner=False)
def _tickets() -> dict[str, Ticket]:
    """The tickets of this process; they name nobody."""
    return {}


def offer(make: Callable[[Reader], bytes], *, file_name: str, purpose: str) -> str:
    """The address of a file that is made when it is fetched. `file_name` says what it is, and names nobody."""
    tickets, now = _tickets(), identity.now()
    for old in [name for name, ticket in tickets.items() if now - ticket.given_at > GOOD_FOR][:MOST_TICKETS]:
        tickets.pop(old, None)
    name = secrets.token_urlsafe(32)
    tickets[name] = Ticket(identity.token(), purpose, file_name, make, now)
    return f"/{PATH}/{name}"


def fetched(request: Request) -> Response:
    """The file of a ticket, for whoever the session is of now."""
    ticket = _tickets().pop(str(request.path_params["ticket"]), None)
    if ticket is None or identity.now() - ticket.given_at > GOOD_FOR:
        return PlainTextResponse(TOO_LATE, status_code=404, headers=PRIVATE)
    try:
        session = sessions.look(identity.casebook(), ticket.session_token, limits=identity.limits(), at=identity.now())
        if session is None or session.ended_how:
            return PlainTextResponse("You are signed out: sign in again.", status_code=403, headers=PRIVATE)
        person = session.person
        reader = Reader(person.staff_id, role=person.role, purpose=ticket.purpose, session_id=session.session_id)
        content = ticket.make(reader)
    except UserError as refusal:
        return PlainTextResponse(str(refusal), status_code=403, headers=PRIVATE)
    kind = KINDS[ticket.file_name.rpartition(".")[2]]
    given = {"Content-Disposition": f'attachment; filename="{ticket.file_name}"'}
    return Response(content, media_type=kind, headers=PRIVATE | given)


def routes() -> list[BaseRoute]:
    """What the dashboard serves beside its pages."""
    return [Route(f"/{PATH}/{{ticket}}", fetched, methods=["GET"])]
