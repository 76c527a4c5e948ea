"""A sample casebook made as large as a county's, to measure pages on: its families again and again, under other ids."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, insert, inspect, select
from sqlmodel import SQLModel

from families.casebook.case_models import FamilyCase
from families.casebook.database import reading, writing
from families.casebook.models import (
    Base,
    Publication,
    PublishedAbsence,
    PublishedEvidence,
    PublishedFact,
    PublishedFamily,
    PublishedFinding,
    PublishedMember,
    PublishedOutcome,
    PublishedTie,
    PublishedUpn,
    PublishedWord,
    Staff,
    table,
)
from families.casebook.row_security import WHOLE
from families.errors import Refused

COPIED: tuple[type[Base], ...] = (
    PublishedFamily,
    PublishedMember,
    PublishedOutcome,
    PublishedFinding,
    PublishedEvidence,
    PublishedAbsence,
    PublishedTie,
    PublishedFact,
    PublishedWord,
    PublishedUpn,
)
IDS = ("family_id", "person_id", "person_a", "person_b")
COUNTED: dict[str, type[SQLModel]] = {"finding_id": PublishedFinding, "name_place": PublishedFamily}


def require_empty(engine: Engine) -> None:
    """Refuse a database in which something is kept, where a casebook is to be made that nobody keeps."""
    with reading(engine) as connection:
        if inspect(connection).get_table_names():
            raise Refused("There is something in this database already: name an empty one.")


def enlarge(engine: Engine, *, families: int) -> int:
    """Copy what is published until so many families are, and give each an open case; how many there are then."""
    with reading(engine, WHOLE) as connection:
        if not connection.execute(select(table(Publication).c.is_sample)).scalar_one():
            raise Refused("Only a casebook of the sample authority is made larger.")
        there = connection.execute(select(func.count()).select_from(table(PublishedFamily))).scalar_one()
    with writing(engine, WHOLE) as connection:
        steps = {name: 1 + _highest(connection, table(model), name) for name, model in COUNTED.items()}
        first: dict[Any, list[dict[str, Any]]] = {model: _rows(connection, table(model)) for model in COPIED}
        for number in range(1, -(-families // max(there, 1))):
            for model, rows in first.items():
                if rows:
                    connection.execute(insert(table(model)), [_copy(row, number, steps) for row in rows])
        _open_cases(connection)
        return int(connection.execute(select(func.count()).select_from(table(PublishedFamily))).scalar_one())


def _highest(connection: Connection, of: Table, column: str) -> int:
    return int(connection.execute(select(func.max(of.c[column]))).scalar_one() or 0)


def _rows(connection: Connection, of: Table) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(select(of)).mappings()]


def _copy(row: dict[str, Any], number: int, steps: dict[str, int]) -> dict[str, Any]:
    ids = {name: f"{row[name]}-{number}" for name in IDS if row.get(name) is not None}
    counted = {name: row[name] + number * step for name, step in steps.items() if name in row}
    return {**row, **ids, **counted}


def _open_cases(connection: Connection) -> None:
    """An accepted case for each family that has none, shared out over the caseworkers by turns."""
    family, case, staff = table(PublishedFamily), table(FamilyCase), table(Staff).c
    workers = connection.execute(select(staff.staff_id, staff.team_id).where(staff.role == "caseworker")).all()
    as_of = connection.execute(select(table(Publication).c.as_of)).scalar_one()
    taken = select(case.c.family_id)
    rows = connection.execute(
        select(family.c.family_id, family.c.name).where(family.c.family_id.not_in(taken)).order_by(family.c.family_id)
    ).all()
    made = []
    for number, row in enumerate(rows):
        worker = workers[number % len(workers)]
        began = as_of - dt.timedelta(days=30 + number % 60)
        days = dict.fromkeys(
            ("state_since", "identified_on", "confirmed_on", "allocated_on", "keyworker_from", "written_on"), began
        )
        made.append(
            days
            | {
                **{"case_id": f"large-{row.family_id}", "family_id": row.family_id, "family_name": row.name},
                **{"children": 2, "came_as": "identified", "state": "accepted", "is_open": True, "row_version": 1},
                **{"team_id": worker.team_id or "", "worker": worker.staff_id, "level": "targeted"},
                **{"last_step_on": began, "assessment_due_on": as_of + dt.timedelta(days=number % 40 - 5)},
                **{"written_by": worker.staff_id, "written_at": dt.datetime.combine(began, dt.time(9), dt.UTC)},
            }
        )
    if made:
        connection.execute(insert(case), made)
