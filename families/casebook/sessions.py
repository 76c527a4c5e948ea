"""Our own sessions of staff: who is signed in, until when, and how a session ended. Real time, as audit.

A session is found by the SHA-256 of its token; the token itself is never kept. A page asks at each run; the role is
read from the staff row each time. What is idle, too old, disabled or signed out ends, and cannot be opened again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, insert, select, update

from families.casebook import audit
from families.casebook.access import ROLES
from families.casebook.database import CasebookFault, reading, writing
from families.casebook.models import Publication, Staff, table
from families.casebook.row_security import NOBODY
from families.casebook.staff_models import StaffSession
from families.casebook.views import Reader, StaffMember
from families.errors import NotAllowed

SESSION, STAFF = table(StaffSession), table(Staff)
PURPOSE = "sign in"
CLOCKS_DIFFER = dt.timedelta(minutes=1)  # between the sign-in service and this machine
NOTED_EVERY = dt.timedelta(seconds=20)  # being seen is written down no more often: it costs a write
HOW = {
    "signed_out": "You are signed out.",
    "signed_out_everywhere": "You were signed out everywhere.",
    "idle": "You were signed out because nothing was done here for a while.",
    "absolute": "You were signed out because you had been signed in for a working day.",
    "disabled": "You were signed out because your access has ended: ask an administrator.",
}
UNKNOWN = (
    "You are signed in at your council, and nobody has given you access to this casebook yet: ask an administrator."
)


@dataclass(frozen=True)
class Limits:
    """How long a session may be idle, and how long it lasts whatever is done."""

    idle: dt.timedelta
    absolute: dt.timedelta


@dataclass(frozen=True)
class Session:
    """A session as it stands: whose it is, and when it ends, or how it ended."""

    session_id: str
    person: StaffMember
    team_id: str | None
    idle_ends_at: dt.datetime
    ends_at: dt.datetime
    ended_how: str | None = None
    signed_in_at: dt.datetime | None = None

    def is_recent(self, within: dt.timedelta, *, at: dt.datetime) -> bool:
        """Whether the sign-in service said that they proved who they are within so long; not said is no."""
        return self.signed_in_at is not None and -CLOCKS_DIFFER <= at - self.signed_in_at <= within

    @property
    def first_end(self) -> dt.datetime:
        """When it ends if nothing more is done."""
        return min(self.idle_ends_at, self.ends_at)


def start_demo(engine: Engine, token: str, staff_id: str, *, limits: Limits, at: dt.datetime) -> Session:
    """A session of made-up staff, on a casebook that holds the sample authority and on no other."""
    with writing(engine, NOBODY) as connection:
        person = connection.execute(select(STAFF).where(STAFF.c.staff_id == staff_id)).one_or_none()
        if person is None or not person.is_demo or person.is_disabled or not _is_sample(connection):
            raise NotAllowed("There is no such made-up person in this casebook.")
        return _start(connection, token, person, limits=limits, at=at)


def sign_in(
    engine: Engine,
    token: str,
    *,
    issuer: str,
    subject: str,
    limits: Limits,
    at: dt.datetime,
    proved_at: dt.datetime | None = None,
) -> Session:
    """A session of whom the sign-in service names. Raises NotAllowed, and writes it down, where that is nobody here.

    `proved_at` is when they proved who they are there, which may be long before; blank where the service does not say.
    """
    same = (STAFF.c.issuer == issuer.rstrip("/")) & (STAFF.c.subject == subject)
    with writing(engine, NOBODY) as connection:
        person = connection.execute(select(STAFF).where(same)).one_or_none()
        there = _by_token(connection, token)
        if there is not None:
            return _session(there, limits=limits)
        if person is not None and not person.is_disabled and not person.is_demo:
            return _start(connection, token, person, limits=limits, at=at, proved_at=proved_at)
        why = "no such staff" if person is None else "disabled"
        stranger = Reader(staff_id=person.staff_id if person else "unknown", role="none", purpose=PURPOSE)
        detail = {"why": why, "issuer": issuer, "subject": subject}
        audit.note(connection, stranger, action="sign_in_refused", family_ids=[None], detail=detail)
    raise NotAllowed(UNKNOWN if person is None else HOW["disabled"])


def _start(
    connection: Connection,
    token: str,
    person: Row[Any],
    *,
    limits: Limits,
    at: dt.datetime,
    proved_at: dt.datetime | None = None,
) -> Session:
    row = {"session_id": uuid.uuid4().hex, "token_sha256": _hashed(token), "staff_id": person.staff_id}
    connection.execute(insert(SESSION), [row | {"started_at": at, "last_seen_at": at, "signed_in_at": proved_at}])
    started = _by_token(connection, token)
    if started is None:
        raise CasebookFault("A session that was just written cannot be read.")
    audit.note(connection, _reader(started), action="sign_in", family_ids=[None], detail={})
    return _session(started, limits=limits)


def look(engine: Engine, token: str, *, limits: Limits, at: dt.datetime) -> Session | None:
    """The session of a token as it stands, without being seen; nothing where there is none."""
    with reading(engine) as connection:
        row = _by_token(connection, token)
        return _session(row, limits=limits, at=at, is_sample=_is_sample(connection)) if row is not None else None


def standing(engine: Engine, session_id: str, *, limits: Limits, at: dt.datetime) -> Session | None:
    """A session by its id as it stands; nothing where there is none or it is over. For what a session handed out."""
    with reading(engine) as connection:
        row = _row(connection, SESSION.c.session_id == session_id)
        if row is None:
            return None
        session = _session(row, limits=limits, at=at, is_sample=_is_sample(connection))
    return None if session.ended_how else session


def seen(engine: Engine, token: str, *, limits: Limits, at: dt.datetime) -> Session | None:
    """The session of a token, which somebody is using now; one that is over is ended and says how."""
    with reading(engine) as connection:
        row = _by_token(connection, token)
        if row is None:
            return None
        session = _session(row, limits=limits, at=at, is_sample=_is_sample(connection))
    if session.ended_how and row.ended_how is None:
        _end(engine, row, how=session.ended_how, at=at)
    elif session.ended_how is None and at - row.last_seen_at >= NOTED_EVERY:
        with writing(engine, NOBODY) as connection:
            still = (SESSION.c.session_id == row.session_id) & SESSION.c.ended_at.is_(None)
            connection.execute(update(SESSION).where(still).values(last_seen_at=at))
        return look(engine, token, limits=limits, at=at)
    return session


def sign_out(engine: Engine, token: str, *, at: dt.datetime) -> None:
    """End the session of a token, in every window that uses it."""
    with reading(engine) as connection:
        row = _by_token(connection, token)
    if row is not None and row.ended_how is None:
        _end(engine, row, how="signed_out", at=at)


def sign_out_everywhere(engine: Engine, token: str, *, at: dt.datetime) -> None:
    """End every session of whose token this is."""
    with writing(engine, NOBODY) as connection:
        row = _by_token(connection, token)
        if row is None:
            return
        ended = close_sessions(connection, row.staff_id, how="signed_out_everywhere", at=at)
        detail = {"how": "signed_out_everywhere", "sessions": ended}
        audit.note(connection, _reader(row), action="sign_out", family_ids=[None], detail=detail)


def close_sessions(connection: Connection, staff_id: str, *, how: str, at: dt.datetime) -> int:
    """End all sessions of a member of staff, in the transaction of the act; how many there were."""
    standing = (SESSION.c.staff_id == staff_id) & SESSION.c.ended_at.is_(None)
    return connection.execute(update(SESSION).where(standing).values(ended_at=at, ended_how=how)).rowcount


def _end(engine: Engine, row: Row[Any], *, how: str, at: dt.datetime) -> None:
    with writing(engine, NOBODY) as connection:
        standing = (SESSION.c.session_id == row.session_id) & SESSION.c.ended_at.is_(None)
        if connection.execute(update(SESSION).where(standing).values(ended_at=at, ended_how=how)).rowcount:
            audit.note(connection, _reader(row), action="sign_out", family_ids=[None], detail={"how": how})


def _by_token(connection: Connection, token: str) -> Row[Any] | None:
    return _row(connection, SESSION.c.token_sha256 == _hashed(token))


def _row(connection: Connection, which: ColumnElement[bool]) -> Row[Any] | None:
    of_session = (column for column in SESSION.c if column.name not in ("staff_id", "token_sha256"))
    query = select(STAFF, *of_session).join(SESSION, SESSION.c.staff_id == STAFF.c.staff_id)
    return connection.execute(query.where(which)).one_or_none()


def _session(row: Row[Any], *, limits: Limits, at: dt.datetime | None = None, is_sample: bool | None = None) -> Session:
    idle_ends_at, ends_at = row.last_seen_at + limits.idle, row.started_at + limits.absolute
    how = row.ended_how
    if how is None and (row.is_disabled or (row.is_demo and is_sample is False)):
        how = "disabled"
    if how is None and at is not None and at >= min(idle_ends_at, ends_at):
        how = "absolute" if ends_at <= idle_ends_at else "idle"
    return Session(
        session_id=row.session_id,
        person=StaffMember(
            staff_id=row.staff_id,
            name=row.name,
            role=row.role,
            role_label=ROLES.get(row.role, row.role),
            is_demo=row.is_demo,
        ),
        team_id=row.team_id,
        idle_ends_at=idle_ends_at,
        ends_at=ends_at,
        ended_how=how,
        signed_in_at=row.signed_in_at,
    )


def _reader(row: Row[Any]) -> Reader:
    return Reader(staff_id=row.staff_id, role=row.role, purpose=PURPOSE, session_id=row.session_id)


def _is_sample(connection: Connection) -> bool:
    return bool(connection.execute(select(table(Publication).c.is_sample)).scalar_one_or_none())


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
