"""Staff and teams: who is who, in which role and team. Each change is one transaction with its audit event.

Nobody changes their own role, team or standing. A person disabled is signed out everywhere in the same transaction.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from families.casebook import audit
from families.casebook.access import ROLES, require_staffing
from families.casebook.database import audited, writing
from families.casebook.models import Staff, table
from families.casebook.review import given_reason
from families.casebook.sessions import close_sessions
from families.casebook.staff_models import StaffSession, Team
from families.casebook.views import Reader
from families.errors import NotAllowed, Refused

STAFF, TEAM, SESSION = table(Staff), table(Team), table(StaffSession)
AN_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
LONGEST = 200


@dataclass(frozen=True)
class StaffLine:
    """One member of staff, as whoever looks after staff sees them."""

    staff_id: str
    name: str
    role: str
    role_label: str
    team_id: str | None
    team: str | None
    issuer: str | None
    subject: str | None
    is_demo: bool
    is_disabled: bool
    last_seen_at: dt.datetime | None


@dataclass(frozen=True)
class TeamLine:
    """A team and who manages it."""

    team_id: str
    name: str
    manager_id: str | None
    manager: str | None


def staff_list(engine: Engine, reader: Reader) -> tuple[StaffLine, ...]:
    """Everybody who may open the casebook or once could, by name."""
    with _looked_after(engine, reader, "list_staff", writes=False) as connection:
        seen = select(SESSION.c.staff_id, func.max(SESSION.c.last_seen_at).label("last_seen_at"))
        last = seen.group_by(SESSION.c.staff_id).subquery()
        query = (
            select(STAFF, TEAM.c.name.label("team"), last.c.last_seen_at)
            .outerjoin(TEAM, TEAM.c.team_id == STAFF.c.team_id)
            .outerjoin(last, last.c.staff_id == STAFF.c.staff_id)
            .order_by(func.lower(STAFF.c.name), STAFF.c.staff_id)
        )
        rows = connection.execute(query).all()
        audit.note(connection, reader, action="list_staff", family_ids=[None], detail={}, result_count=len(rows))
    return tuple(StaffLine(**row._mapping, role_label=ROLES.get(row.role, row.role)) for row in rows)


def team_list(engine: Engine, reader: Reader) -> tuple[TeamLine, ...]:
    """Every team and who manages it, by name."""
    with _looked_after(engine, reader, "list_teams", writes=False) as connection:
        query = (
            select(TEAM, STAFF.c.name.label("manager"))
            .outerjoin(STAFF, STAFF.c.staff_id == TEAM.c.manager_id)
            .order_by(func.lower(TEAM.c.name), TEAM.c.team_id)
        )
        return tuple(TeamLine(**row._mapping) for row in connection.execute(query))


def add_staff(
    engine: Engine,
    by: Reader,
    staff_id: str,
    *,
    name: str,
    role: str,
    issuer: str,
    subject: str,
    team_id: str | None = None,
    reason: str,
) -> None:
    """Let somebody in: the sign-in service knows them by `issuer` and `subject`."""
    who = {"name": _said(name, "name"), "role": _role(role), "team_id": team_id}
    account = {"issuer": _said(issuer, "issuer").rstrip("/"), "subject": _said(subject, "subject")}
    if not AN_ID.fullmatch(staff_id):
        raise Refused("A staff id has up to 64 letters, digits, dots, hyphens and underscores.")
    why = given_reason(reason)
    with _looked_after(engine, by, "add_staff") as connection:
        _require_team(connection, team_id)
        if connection.execute(select(STAFF.c.staff_id).where(STAFF.c.staff_id == staff_id)).first():
            raise Refused("There is somebody with this staff id already: choose another.")
        same = (STAFF.c.issuer == account["issuer"]) & (STAFF.c.subject == account["subject"])
        if connection.execute(select(STAFF.c.staff_id).where(same)).first():
            raise Refused("This account of the sign-in service is somebody's already: disable or change that person.")
        row = {**who, **account, "staff_id": staff_id, "is_demo": False, "is_disabled": False}
        connection.execute(insert(STAFF), [row])
        _note(connection, by, "add_staff", staff_id, before=None, after=row, why=why)


def change_staff(
    engine: Engine, by: Reader, staff_id: str, *, role: str, team_id: str | None, name: str | None = None, reason: str
) -> None:
    """Give somebody another role, team or name."""
    new = {"role": _role(role), "team_id": team_id} | ({"name": _said(name, "name")} if name is not None else {})
    why = given_reason(reason)
    with _looked_after(engine, by, "change_staff") as connection:
        row = _another(connection, by, staff_id)
        _require_team(connection, team_id)
        _set(connection, by, "change_staff", row, new=new, why=why)


def disable_staff(engine: Engine, by: Reader, staff_id: str, *, reason: str, at: dt.datetime) -> None:
    """Let somebody in no more: signed out everywhere, and not let in again."""
    why = given_reason(reason)
    with _looked_after(engine, by, "disable_staff") as connection:
        row = _another(connection, by, staff_id)
        _set(connection, by, "disable_staff", row, new={"is_disabled": True}, why=why)
        close_sessions(connection, staff_id, how="disabled", at=at)


def enable_staff(engine: Engine, by: Reader, staff_id: str, *, reason: str) -> None:
    """Let somebody in again who was disabled."""
    why = given_reason(reason)
    with _looked_after(engine, by, "enable_staff") as connection:
        _set(connection, by, "enable_staff", _another(connection, by, staff_id), new={"is_disabled": False}, why=why)


def sign_out_staff(engine: Engine, by: Reader, staff_id: str, *, reason: str, at: dt.datetime) -> int:
    """Sign somebody out everywhere; how many sessions that ended."""
    why = given_reason(reason)
    with _looked_after(engine, by, "sign_out_staff") as connection:
        _person(connection, staff_id)
        ended = close_sessions(connection, staff_id, how="signed_out_everywhere", at=at)
        _note(connection, by, "sign_out_staff", staff_id, before={"sessions": ended}, after={"sessions": 0}, why=why)
    return ended


def save_team(engine: Engine, by: Reader, team_id: str, *, name: str, manager_id: str | None, reason: str) -> None:
    """Make a team, or give one another name or manager."""
    if not AN_ID.fullmatch(team_id):
        raise Refused("The id of a team has up to 64 letters, digits, dots, hyphens and underscores.")
    row = {"team_id": team_id, "name": _said(name, "name"), "manager_id": manager_id}
    why = given_reason(reason)
    with _looked_after(engine, by, "save_team") as connection:
        if manager_id is not None:
            _person(connection, manager_id)
        before = connection.execute(select(TEAM).where(TEAM.c.team_id == team_id)).one_or_none()
        if before is None:
            connection.execute(insert(TEAM), [row])
        else:
            connection.execute(update(TEAM).where(TEAM.c.team_id == team_id).values(**row))
        detail = {"before": dict(before._mapping) if before else None, "after": row, "reason": why}
        audit.note(connection, by, action="save_team", family_ids=[None], detail=detail)


@contextmanager
def _looked_after(engine: Engine, reader: Reader, action: str, *, writes: bool = True) -> Iterator[Connection]:
    """The transaction of whoever may look after staff; a refusal is written down."""
    try:
        require_staffing(reader)
        with (writing if writes else audited)(engine, reader) as connection:
            yield connection
    except NotAllowed as refusal:
        with audited(engine, reader) as connection:
            audit.note(connection, reader, action=f"{action}_refused", family_ids=[None], detail={"why": str(refusal)})
        raise


def _another(connection: Connection, by: Reader, staff_id: str) -> Row[Any]:
    if staff_id == by.staff_id:
        raise NotAllowed("Nobody changes their own role, team or standing: ask another administrator.")
    return _person(connection, staff_id)


def _person(connection: Connection, staff_id: str) -> Row[Any]:
    row = connection.execute(select(STAFF).where(STAFF.c.staff_id == staff_id)).one_or_none()
    if row is None:
        raise Refused("There is nobody with this staff id: see `families staff list`.")
    return row


def _set(connection: Connection, by: Reader, action: str, row: Row[Any], *, new: dict[str, Any], why: str) -> None:
    before = {column: row._mapping[column] for column in new}
    if before == new:
        raise Refused("That is so already: nothing was changed.")
    connection.execute(update(STAFF).where(STAFF.c.staff_id == row.staff_id).values(**new))
    _note(connection, by, action, row.staff_id, before=before, after=new, why=why)


def _note(connection: Connection, by: Reader, action: str, staff_id: str, *, before: Any, after: Any, why: str) -> None:
    detail = {"staff": staff_id, "before": before, "after": after, "reason": why}
    audit.note(connection, by, action=action, family_ids=[None], detail=detail)


def _require_team(connection: Connection, team_id: str | None) -> None:
    if team_id is None:
        return
    if connection.execute(select(TEAM.c.team_id).where(TEAM.c.team_id == team_id)).first() is None:
        raise Refused("There is no such team: make it first with `families staff team`.")


def _role(role: str) -> str:
    if role not in ROLES:
        raise Refused(f"There is no such role; choose one of {', '.join(ROLES)}.")
    return role


def _said(text: str, what: str) -> str:
    found = " ".join(text.split())
    if not found or len(found) > LONGEST or not found.isprintable():
        raise Refused(f"Give a {what} of up to {LONGEST} characters.")
    return found
