"""Days of leave: who keeps whose, what is refused, and what whoever allocates families sees of it; on both databases."""

from __future__ import annotations

import datetime as dt
import json

import pytest
import sqlalchemy as sa
from casework import MANAGER, OTHER, READERS, TEAM_MANAGER, TODAY, WORKER, with_staff
from directly import directly
from sqlalchemy import Engine

from families.casebook import leave
from families.casebook.access import MAY_KEEP_LEAVE, ROLES
from families.casebook.database import open_casebook
from families.casebook.models import AuditEvent, Staff, table
from families.casebook.verifying import verify
from families.cases.reading import worker_loads
from families.errors import NotAllowed, Refused

ADMINISTRATOR = READERS["administrator"]
SOON = TODAY + dt.timedelta(days=10)
WEEK = dt.timedelta(days=6)


@pytest.fixture
def engine(casebook: Engine) -> Engine:
    """Staff in two teams: one worker in each, the manager in the first."""
    with_staff(casebook)
    staff = table(Staff)
    with casebook.begin() as connection:
        connection.execute(sa.update(staff).values(team_id="north"))
        connection.execute(sa.update(staff).where(staff.c.staff_id == OTHER.staff_id).values(team_id="south"))
    return casebook


def events(engine: Engine) -> list[tuple[str, dict]]:
    event = table(AuditEvent).c
    with directly(engine) as connection:
        query = sa.select(event.action, event.detail).where(event.action.contains("leave")).order_by(event.event_id)
        return [(action, json.loads(detail)) for action, detail in connection.execute(query)]


def test_leave_is_kept_seen_where_families_are_given_and_withdrawn(engine: Engine) -> None:
    first = leave.add_leave(engine, TEAM_MANAGER, WORKER.staff_id, from_day=SOON, to_day=SOON + WEEK)
    leave.add_leave(engine, ADMINISTRATOR, OTHER.staff_id, from_day=TODAY, to_day=TODAY)
    loads = {load.worker: load.leave for load in worker_loads(engine, MANAGER, today=TODAY)}
    assert loads == {WORKER.staff_id: ((SOON, SOON + WEEK),), OTHER.staff_id: ((TODAY, TODAY),)}
    assert [line.staff_id for line in leave.leave_to_come(engine, TEAM_MANAGER, today=TODAY)] == [WORKER.staff_id]
    assert len(leave.leave_to_come(engine, ADMINISTRATOR, today=TODAY)) == 2
    later = {load.worker: load.leave for load in worker_loads(engine, MANAGER, today=TODAY + dt.timedelta(days=1))}
    assert later[OTHER.staff_id] == ()
    with pytest.raises(Refused, match="entered already"):
        leave.add_leave(engine, TEAM_MANAGER, WORKER.staff_id, from_day=SOON + WEEK, to_day=SOON + 2 * WEEK)
    leave.withdraw_leave(engine, TEAM_MANAGER, first)
    leave.add_leave(engine, TEAM_MANAGER, WORKER.staff_id, from_day=SOON, to_day=SOON)
    with pytest.raises(Refused, match="no such entry"):
        leave.withdraw_leave(engine, TEAM_MANAGER, first)
    told = {"leave": first, "from": SOON.isoformat(), "to": (SOON + WEEK).isoformat()}
    found = [(action, detail["before"], detail["after"]) for action, detail in events(engine)]
    assert found[0] == ("add_leave", None, told)
    assert found[2] == ("withdraw_leave", told, None)
    assert verify(engine).broken is None


def test_a_manager_keeps_the_leave_of_the_team_alone_and_nobody_else_any(engine: Engine) -> None:
    assert set(leave.whose_leave(engine, TEAM_MANAGER)) == {WORKER.staff_id}
    assert set(leave.whose_leave(engine, ADMINISTRATOR)) == {WORKER.staff_id, OTHER.staff_id}
    theirs = leave.add_leave(engine, ADMINISTRATOR, OTHER.staff_id, from_day=SOON, to_day=SOON)
    for act in (
        lambda: leave.add_leave(engine, TEAM_MANAGER, OTHER.staff_id, from_day=TODAY, to_day=TODAY),
        lambda: leave.withdraw_leave(engine, TEAM_MANAGER, theirs),
    ):
        with pytest.raises(NotAllowed, match="your own team"):
            act()
    assert len(leave.leave_to_come(engine, ADMINISTRATOR, today=TODAY)) == 1
    for role in set(ROLES) - MAY_KEEP_LEAVE:
        for act in (
            lambda by: leave.whose_leave(engine, by),
            lambda by: leave.leave_to_come(engine, by, today=TODAY),
            lambda by: leave.add_leave(engine, by, WORKER.staff_id, from_day=SOON, to_day=SOON),
            lambda by: leave.withdraw_leave(engine, by, "0"),
        ):
            with pytest.raises(NotAllowed, match="an administrator or a team manager"):
                act(READERS[role])
    assert {action for action, _ in events(engine)} >= {"add_leave_refused", "withdraw_leave_refused"}


@pytest.mark.parametrize(("to_day", "told"), [(SOON - WEEK, "before the first"), (SOON + 62 * WEEK, "366 days")])
def test_days_that_cannot_be_leave_are_refused(sqlite_url: str, to_day: dt.date, told: str) -> None:
    with pytest.raises(Refused, match=told):
        leave.add_leave(open_casebook(sqlite_url), TEAM_MANAGER, WORKER.staff_id, from_day=SOON, to_day=to_day)
