"""A casebook with a family of every class that access is decided by, on either database."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from casework import OTHER, READERS, TODAY, given, with_staff
from directly import directly
from sqlalchemy import Engine

from families.casebook import reading, restricting
from families.casebook.case_models import Allocation
from families.casebook.database import writing
from families.casebook.emergency import write_opening
from families.casebook.models import table

FAMILIES = {
    **{"own": "F01", "own_near_miss": "F03", "once_theirs": "F08", "of_the_team": "F13", "of_another_team": "F02"},
    **{"near_miss_of_another_team": "F04", "nobody_s": "F07", "near_miss_nobody_s": "F09", "hidden": "F14"},
    **{"let_in": "F19", "opened_in_emergency": "F20", "not_there": "F99"},
}
WORKER, MANAGER, OFFICER = READERS["caseworker"], READERS["team_manager"], READERS["ig_officer"]
MATE, SOUTH = "s-caseworker-3", OTHER.staff_id
CASES = {
    **{"F01": (WORKER.staff_id, "north"), "F03": (WORKER.staff_id, "north"), "F13": (MATE, "north")},
    **{"F14": (WORKER.staff_id, "north"), "F19": (WORKER.staff_id, "north")},
    **dict.fromkeys(("F02", "F04", "F08", "F20"), (SOUTH, "south")),
}


def work_with(engine: Engine) -> Engine:
    """Publish the families, and give each what makes it of its class."""
    with_staff(engine)
    with directly(engine) as connection:
        for staff_id, team_id in ((WORKER.staff_id, "north"), (MANAGER.staff_id, "north"), (SOUTH, "south")):
            statement = sa.text("UPDATE staff SET team_id = :team WHERE staff_id = :who")
            connection.execute(statement, {"team": team_id, "who": staff_id})
    for family_id, (worker, team_id) in CASES.items():
        given(engine, family_id, worker, team_id=team_id)
    _once_accepted(engine, "C-F08")
    reading.list_families(engine, READERS["programme_manager"], page_size=50)
    _protect(engine)
    for reader in (WORKER, MANAGER):
        with writing(engine, reader) as connection:
            write_opening(connection, reader, "F20", cause="immediate_risk", words="It cannot wait.")
    return engine


def _once_accepted(engine: Engine, case_id: str) -> None:
    now = dt.datetime.now(dt.UTC)
    row = dict.fromkeys(column.name for column in table(Allocation).columns)
    row |= {"allocation_id": "A1", "case_id": case_id, "worker": WORKER.staff_id, "team_id": "north", "reason": ""}
    row |= {"answer": "accepted", "ended_on": TODAY, "written_by": "s", "written_on": TODAY, "written_at": now}
    with directly(engine) as connection:
        connection.execute(sa.insert(table(Allocation)), [row])


def _protect(engine: Engine) -> None:
    now = dt.datetime.now(dt.UTC)
    soon = now.date() + dt.timedelta(days=30)
    said = {"kind": "adoption", "reason": "An order.", "review_on": soon, "at": now}
    restricting.restrict(engine, OFFICER, "F14", **said)  # type: ignore[arg-type]
    number = restricting.restrict(engine, OFFICER, "F19", **said)  # type: ignore[arg-type]
    for reader in (WORKER, MANAGER):
        let = {"staff_id": reader.staff_id, "sees_address": False, "reason": "Theirs.", "ends_on": soon, "at": now}
        restricting.let_in(engine, OFFICER, number, **let)  # type: ignore[arg-type]
