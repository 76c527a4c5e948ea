"""What Streamlit serves to anybody who asks for it: on real families, only to whom has signed in and still is.

Its files for the browser, and what is uploaded, are found by an address alone; without this, whoever reaches the server
could also fill its memory with uploads. What a browser needs to come as far as signing in stays open.
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
from families.casebook import reading, sessions
from families.errors import UserError

GUARDED = ("/media/", "/_stcore/upload_file", "/_stcore/metrics")  # whatever stands before them in the address
USER_COOKIE = "_streamlit_user"
NOT_SIGNED_IN = "Sign in first."


def session_of(request: Request, engine: Engine, at: dt.datetime) -> sessions.Session | None:
    """The session of the sign-in whose signed cookie a request carries; nothing where it is over."""
    kept = _get_signed_cookie_with_chunks(dict(request.cookies), USER_COOKIE)
    if not kept:
        return None
    token = identity.token_of(json.loads(kept))
    session = sessions.look(engine, token, limits=identity.limits(), at=at)
    return None if session is None or session.ended_how else session


def _may(request: Request) -> bool:
    try:
        engine = identity.casebook()
        is_open = reading.data_as_at(engine).is_sample
        return is_open or session_of(request, engine, identity.now()) is not None
    except UserError:  # nothing is published, or the cookie is not one of a whole sign-in
        return False


def guarded(app: ASGIApp) -> ASGIApp:
    """The same application behind the guard."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        is_guarded = scope["type"] == "http" and any(part in scope["path"] for part in GUARDED)
        if is_guarded and not await run_in_threadpool(_may, Request(scope)):
            await PlainTextResponse(NOT_SIGNED_IN, status_code=403)(scope, receive, send)
        else:
            await app(scope, receive, send)

    return answered


MIDDLEWARE = (Middleware(guarded),)
