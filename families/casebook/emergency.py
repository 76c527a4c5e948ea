"""A family outside one's own, opened in an emergency: one, for an hour, told at once, looked at the next working day.

It is found by a search that has shown no more than that there is one such family. It opens the record to read and not
to change, and no list; and it opens no restricted family, of which a search does not even say that it exists.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, false, func, insert, select, true, update

from families.casebook import audit, restricted
from families.casebook.access import (
    EMERGENCY,
    MAY_LOOK_AT_EMERGENCIES,
    ROLES,
    require_looking_at_emergencies,
)
from families.casebook.database import reading, writing
from families.casebook.models import Staff, table
from families.casebook.refusals import refusals_noted
from families.casebook.restriction_models import AccessAlert, EmergencyOpening
from families.casebook.review import given_reason
from families.casebook.staff_models import Team
from families.casebook.views import Reader
from families.errors import NotAllowed, Refused
from families.working_days import add_working_days

HOUR = dt.timedelta(minutes=60)
CAUSES = {
    "immediate_risk": "A child or grown-up is at immediate risk",
    "worker_away": "The family’s worker and manager cannot be reached, and it cannot wait",
    "court_or_police": "A court or the police needs an answer today",
    "health": "A hospital or doctor needs an answer now",
}
FINDINGS = {"justified": "Justified", "not_justified": "Not justified"}
OPENING, ALERT = table(EmergencyOpening), table(AccessAlert)
STAFF, TEAM = table(Staff), table(Team)
MOST_SHOWN = 200
NOT_SHOWN = "Not shown: the family is restricted now."


@dataclass(frozen=True)
class OpeningLine:
    """An emergency opening before whoever answers for it."""

    opening_id: str
    staff_id: str
    name: str
    role_label: str
    family_id: str
    cause: str
    words: str
    opened_at: dt.datetime
    ends_at: dt.datetime
    review_on: dt.date
    finding: str | None
    found_by: str | None
    found_words: str | None
    may_review: bool


def opened_families(reader: Reader) -> Any:
    """The families somebody has opened so and may still read, as part of a query."""
    stands = (OPENING.c.staff_id == reader.staff_id) & (OPENING.c.ends_at > dt.datetime.now(dt.UTC))
    return select(OPENING.c.family_id).where(stands if reader.role in EMERGENCY else false())


def opened_until(connection: Connection, reader: Reader, family_id: str) -> dt.datetime | None:
    """Until when a family is open to somebody by an emergency opening; nothing where none is in force."""
    mine = (OPENING.c.staff_id == reader.staff_id) & (OPENING.c.family_id == family_id)
    until: dt.datetime | None = connection.execute(select(func.max(OPENING.c.ends_at)).where(mine)).scalar_one()
    return until if until is not None and until > dt.datetime.now(dt.UTC) else None


def write_opening(connection: Connection, by: Reader, family_id: str, *, cause: str, words: str) -> dt.datetime:
    """Open one family, tell those who answer for it, and write it down; when the hour ends. In the search's own act."""
    if cause not in CAUSES:
        raise Refused("Choose what the emergency is: " + ", ".join(CAUSES.values()) + ".")
    why = given_reason(words)
    at = dt.datetime.now(dt.UTC)
    number = uuid.uuid4().hex[:20]
    row: dict[str, Any] = {
        "opening_id": number,
        "staff_id": by.staff_id,
        "role": by.role,
        "family_id": family_id,
        "cause": cause,
    }
    row |= {"words": why, "opened_at": at, "ends_at": at + HOUR, "review_on": add_working_days(at.date(), 1)}
    connection.execute(insert(OPENING).values(**row))
    told = _who_answers(connection, by)
    if told:
        alerts = [
            {"alert_id": uuid.uuid4().hex[:20], "opening_id": number, "staff_id": staff_id, "raised_at": at}
            for staff_id in told
        ]
        connection.execute(insert(ALERT), alerts)
    after = {"cause": cause, "ends_at": (at + HOUR).isoformat(), "told": told}
    detail = {"opening": number, "before": None, "after": after}
    audit.note(connection, by, action="open_in_emergency", family_ids=[family_id], detail=detail)
    return at + HOUR


def _who_answers(connection: Connection, by: Reader) -> list[str]:
    """The manager of the person's team, programme managers where there is none, and information governance."""
    query: Select[Any] = select(TEAM.c.manager_id).join(STAFF, STAFF.c.team_id == TEAM.c.team_id)
    query = query.where(STAFF.c.staff_id == by.staff_id, TEAM.c.manager_id != by.staff_id)
    found = set(connection.execute(query).scalars())
    works = STAFF.c.is_disabled == false()
    roles = ("ig_officer",) if found else ("ig_officer", "programme_manager")
    query = select(STAFF.c.staff_id).where(STAFF.c.role.in_(roles), works)
    return sorted((found | set(connection.execute(query).scalars())) - {by.staff_id})


def waiting_alerts(engine: Engine, by: Reader) -> int:
    """How many emergency openings somebody was told of and has not looked at; nobody is named, so no trace is kept."""
    if by.role not in MAY_LOOK_AT_EMERGENCIES:
        return 0
    mine = (ALERT.c.staff_id == by.staff_id) & ALERT.c.seen_at.is_(None)
    with reading(engine, by) as connection:
        return int(connection.execute(select(func.count()).select_from(ALERT).where(mine)).scalar_one())


def openings(engine: Engine, by: Reader) -> tuple[OpeningLine, ...]:
    """The emergency openings somebody answers for: those that wait to be looked at first, then the newest.

    Looking at them says that the alerts about them were seen.
    """
    with _answered_for(engine, by, "list_emergency_openings") as connection:
        query = (
            select(OPENING, STAFF.c.name, restricted.is_open_to(by, OPENING.c.family_id).label("is_open"))
            .outerjoin(STAFF, STAFF.c.staff_id == OPENING.c.staff_id)
            .where(_answers_for(by))
            .order_by(OPENING.c.finding.is_not(None), OPENING.c.opened_at.desc(), OPENING.c.opening_id)
        )
        rows = connection.execute(query.limit(MOST_SHOWN)).all()
        names = {row.staff_id: row.name for row in connection.execute(select(STAFF.c.staff_id, STAFF.c.name))}
        mine = (ALERT.c.staff_id == by.staff_id) & ALERT.c.seen_at.is_(None)
        connection.execute(update(ALERT).where(mine).values(seen_at=dt.datetime.now(dt.UTC)))
        ids: list[str | None] = sorted({row.family_id for row in rows})
        audit.note(connection, by, action="list_emergency_openings", family_ids=ids or [None], detail={})
    return tuple(_line(row._mapping, names, by) for row in rows)


def _line(row: Any, names: dict[str, str], by: Reader) -> OpeningLine:
    same = ("opening_id", "staff_id", "family_id", "opened_at", "ends_at", "review_on", "finding")
    return OpeningLine(
        **{name: row[name] for name in same},
        name=row["name"] or row["staff_id"],
        role_label=ROLES.get(row["role"], row["role"]),
        cause=CAUSES[row["cause"]],
        found_by=names.get(row["found_by"], row["found_by"]),
        words=row["words"] if row["is_open"] else NOT_SHOWN,
        found_words=row["found_words"] if row["is_open"] or row["finding"] is None else NOT_SHOWN,
        may_review=row["finding"] is None and row["staff_id"] != by.staff_id,
    )


def look_at(engine: Engine, by: Reader, opening_id: str, *, finding: str, words: str, at: dt.datetime) -> None:
    """Say, once, whether an opening was justified; nobody says so of their own."""
    if finding not in FINDINGS:
        raise Refused("Say whether the opening was justified.")
    why = given_reason(words)
    with _answered_for(engine, by, "look_at_opening") as connection:
        query = select(OPENING).where(OPENING.c.opening_id == opening_id, _answers_for(by))
        row = connection.execute(query).one_or_none()
        if row is None:
            raise NotAllowed("There is no emergency opening under this id that you answer for.")
        if row.staff_id == by.staff_id:
            raise NotAllowed("Nobody says of their own opening whether it was justified: ask another manager.")
        if row.finding is not None:
            raise Refused("Somebody has looked at this opening already.")
        found = {"finding": finding, "found_by": by.staff_id, "found_at": at, "found_words": why}
        connection.execute(update(OPENING).where(OPENING.c.opening_id == opening_id).values(**found))
        detail = {"opening": opening_id, "before": {"finding": None}, "after": {"finding": finding}}
        audit.note(connection, by, action="look_at_opening", family_ids=[row.family_id], detail=detail)


def _answers_for(by: Reader) -> ColumnElement[bool]:
    """All, for governance and programme managers; of a team's manager, those of the team."""
    if by.role != "team_manager":
        return true()
    team = select(STAFF.c.team_id).where(STAFF.c.staff_id == by.staff_id).scalar_subquery()
    mine = OPENING.c.staff_id.in_(select(STAFF.c.staff_id).where(STAFF.c.team_id == team))
    told = OPENING.c.opening_id.in_(select(ALERT.c.opening_id).where(ALERT.c.staff_id == by.staff_id))
    return mine | told


@contextmanager
def _answered_for(engine: Engine, by: Reader, action: str) -> Iterator[Connection]:
    with refusals_noted(engine, by, action):
        require_looking_at_emergencies(by)
        with writing(engine, by) as connection:
            yield connection
