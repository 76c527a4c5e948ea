"""Days on which workers are away: who, from when, to when. Kept for whoever gives them families; never the reason.

A team manager keeps those of the team, an administrator everybody's. What was entered wrongly is withdrawn, and stays.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, and_, false, insert, select, true, update

from families.casebook import audit
from families.casebook.access import MAY_MANAGE_STAFF, require_leave
from families.casebook.case_scope import in_team
from families.casebook.database import audited, writing
from families.casebook.models import Staff, table
from families.casebook.staff_models import StaffLeave
from families.casebook.views import Days, Reader
from families.errors import NotAllowed, Refused

LEAVE, STAFF = table(StaffLeave).c, table(Staff).c
LONGEST = dt.timedelta(days=366)


@dataclass(frozen=True)
class LeaveLine:
    """Days on which somebody is away."""

    leave_id: str
    staff_id: str
    name: str
    from_day: dt.date
    to_day: dt.date


def whose_leave(engine: Engine, reader: Reader) -> dict[str, str]:
    """Whose leave somebody may keep, by id: what they are called."""
    with _kept(engine, reader, "list_staff_for_leave", writes=False) as connection:
        query = select(STAFF.staff_id, STAFF.name).where(_whose(reader), STAFF.is_disabled == false())
        rows = connection.execute(query.order_by(STAFF.name, STAFF.staff_id))
        return {row.staff_id: row.name for row in rows}


def leave_to_come(engine: Engine, reader: Reader, *, today: dt.date) -> tuple[LeaveLine, ...]:
    """Leave that is not over, of those whose leave somebody keeps, the first first."""
    with _kept(engine, reader, "list_leave", writes=False) as connection:
        columns = (LEAVE.leave_id, LEAVE.staff_id, STAFF.name, LEAVE.from_day, LEAVE.to_day)
        query = (
            select(*columns)
            .join(table(Staff), STAFF.staff_id == LEAVE.staff_id)
            .where(_whose(reader), not_over(today))
            .order_by(LEAVE.from_day, STAFF.name, LEAVE.leave_id)
        )
        return tuple(LeaveLine(**row._mapping) for row in connection.execute(query))


def add_leave(engine: Engine, by: Reader, staff_id: str, *, from_day: dt.date, to_day: dt.date) -> str:
    """Enter the first and the last day on which somebody is away; the id of the entry."""
    if to_day < from_day:
        raise Refused("The last day of leave is before the first: correct the days.")
    if to_day - from_day > LONGEST:
        raise Refused(f"Leave is entered for up to {LONGEST.days} days at a time.")
    with _kept(engine, by, "add_leave") as connection:
        _require_theirs(connection, by, staff_id)
        overlaps = and_(LEAVE.withdrawn_at.is_(None), LEAVE.from_day <= to_day, LEAVE.to_day >= from_day)
        if connection.execute(select(LEAVE.leave_id).where(LEAVE.staff_id == staff_id, overlaps)).first():
            raise Refused("Some of these days are entered already: withdraw that entry first.")
        leave_id = uuid.uuid4().hex
        row = {"leave_id": leave_id, "staff_id": staff_id, "from_day": from_day, "to_day": to_day}
        written = {"written_by": by.staff_id, "written_at": dt.datetime.now(dt.UTC)}
        connection.execute(insert(table(StaffLeave)), [row | written])
        told = {"leave": leave_id, "from": from_day.isoformat(), "to": to_day.isoformat()}
        _note(connection, by, "add_leave", staff_id, before=None, after=told)
    return leave_id


def withdraw_leave(engine: Engine, by: Reader, leave_id: str) -> None:
    """Say that days of leave do not hold."""
    with _kept(engine, by, "withdraw_leave") as connection:
        row = connection.execute(select(table(StaffLeave)).where(LEAVE.leave_id == leave_id)).one_or_none()
        if row is None or row.withdrawn_at is not None:
            raise Refused("There is no such entry of leave that holds.")
        _require_theirs(connection, by, row.staff_id)
        gone = {"withdrawn_by": by.staff_id, "withdrawn_at": dt.datetime.now(dt.UTC)}
        connection.execute(update(table(StaffLeave)).where(LEAVE.leave_id == leave_id).values(**gone))
        told = {"leave": leave_id, "from": row.from_day.isoformat(), "to": row.to_day.isoformat()}
        _note(connection, by, "withdraw_leave", row.staff_id, before=told, after=None)


def leave_of(connection: Connection, staff_ids: set[str], *, today: dt.date) -> dict[str, tuple[Days, ...]]:
    """The days, not over, on which each of some staff is away; for whoever has decided who may know."""
    query = select(LEAVE.staff_id, LEAVE.from_day, LEAVE.to_day).where(not_over(today)).order_by(LEAVE.from_day)
    found: dict[str, tuple[Days, ...]] = dict.fromkeys(staff_ids, ())
    for staff_id, from_day, to_day in connection.execute(query):
        if staff_id in found:
            found[staff_id] = (*found[staff_id], (from_day, to_day))
    return found


def not_over(today: dt.date) -> ColumnElement[bool]:
    """Entries that hold and of which a day is still to come."""
    return and_(LEAVE.withdrawn_at.is_(None), LEAVE.to_day >= today)


def _whose(reader: Reader) -> ColumnElement[bool]:
    return and_(STAFF.role == "caseworker", true() if reader.role in MAY_MANAGE_STAFF else in_team(reader))


def _require_theirs(connection: Connection, by: Reader, staff_id: str) -> None:
    if connection.execute(select(STAFF.staff_id).where(STAFF.staff_id == staff_id, _whose(by))).first() is None:
        raise NotAllowed("You keep the leave of your own team's workers: ask their manager or an administrator.")


@contextmanager
def _kept(engine: Engine, reader: Reader, action: str, *, writes: bool = True) -> Iterator[Connection]:
    """The transaction of whoever may keep leave; a refusal is written down."""
    try:
        require_leave(reader)
        with (writing if writes else audited)(engine, reader) as connection:
            yield connection
    except NotAllowed as refusal:
        with audited(engine, reader) as connection:
            audit.note(connection, reader, action=f"{action}_refused", family_ids=[None], detail={"why": str(refusal)})
        raise


def _note(connection: Connection, by: Reader, action: str, staff_id: str, *, before: object, after: object) -> None:
    detail = {"staff": staff_id, "before": before, "after": after}
    audit.note(connection, by, action=action, family_ids=[None], detail=detail)
