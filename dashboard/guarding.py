"""What Streamlit serves to anybody who asks for it: on real families, only to whom has signed in and still is.

Its files for the browser, and what is uploaded, are found by an address alone; without this, whoever reaches the server
could also fill its memory with uploads. What a browser needs to come as far as signing in stays open. An upload of a
whole extract is taken only from whom loads them: Streamlit has one limit for all pages.
"""

from __future__ import annotations

import datetime as dt
import json

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

from dashboard import identity
from families.casebook import access, reading, sessions
from families.errors import UserError

GUARDED = ("/media/", "/_stcore/upload_file", "/_stcore/metrics")  # whatever stands before them in the address
USER_COOKIE = "_streamlit_user"
UPLOADS = GUARDED[1]
FROM_ANYBODY = 25  # MB
FRAMING = 1 << 16  # bytes: a browser sends a file's name and the like beside it
NOT_SIGNED_IN, TOO_LARGE = "Sign in first.", f"Upload {FROM_ANYBODY} MB at most."


def session_of(request: Request, engine: Engine, at: dt.datetime) -> sessions.Session | None:
    """The session of the sign-in whose signed cookie a request carries; nothing where it is over."""
    kept = _get_signed_cookie_with_chunks(dict(request.cookies), USER_COOKIE)
    if not kept:
        return None
    token = identity.token_of(json.loads(kept))
    session = sessions.look(engine, token, limits=identity.limits(), at=at)
    return None if session is None or session.ended_how else session


def _refused(request: Request) -> PlainTextResponse | None:
    """Why whoever asks is not served; nothing where they are."""
    try:
        engine = identity.casebook()
        if reading.data_as_at(engine).is_sample:
            return None
        session = session_of(request, engine, identity.now())
    except UserError:  # nothing is published, or the cookie is not one of a whole sign-in
        session = None
    if session is None:
        return PlainTextResponse(NOT_SIGNED_IN, status_code=403)
    if UPLOADS in request.url.path and session.person.role not in access.MAY_LOAD and _is_large(request):
        return PlainTextResponse(TOO_LARGE, status_code=413)
    return None


def _is_large(request: Request) -> bool:
    """Whether it is more than anybody may upload, or does not say how much it is."""
    if "transfer-encoding" in request.headers:
        return True
    told = request.headers.get("content-length", "0")
    return not told.isdecimal() or int(told) > (FROM_ANYBODY << 20) + FRAMING


def guarded(app: ASGIApp) -> ASGIApp:
    """The same application behind the guard."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        is_guarded = scope["type"] == "http" and any(part in scope["path"] for part in GUARDED)
        refused = await run_in_threadpool(_refused, Request(scope)) if is_guarded else None
        await (refused or app)(scope, receive, send)

    return answered


MIDDLEWARE = (Middleware(guarded),)
