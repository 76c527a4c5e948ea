"""What people read of casework: counts and lists that agree, cut to what each role may see, and written down."""

import datetime as dt
import statistics
import time

import pytest
import sqlalchemy as sa
from casework import MANAGER, OTHER, READERS, TEAM_MANAGER, TODAY, WORKER, Work, raise_alerts, with_staff
from directly import directly
from made_up import made_up_run
from sqlalchemy import Engine

from families.casebook.case_models import FamilyCase
from families.casebook.database import writing
from families.casebook.demo import add_demo_staff
from families.casebook.models import table
from families.casebook.publish import publish
from families.casebook.row_security import WHOLE
from families.casebook.views import Reader
from families.cases import reading
from families.cases.demo import add_demo_cases
from families.cases.inbox import DECIDED, OPEN, inbox
from families.cases.moving import made_id
from families.cases.record import case_of
from families.errors import NotAllowed, Refused

READ_ALL = {"programme_manager", "returns_officer", "auditor", "ig_officer"}


def test_counts_and_lists_agree_and_each_role_sees_what_is_its_own(casebook: Engine) -> None:
    engine = with_staff(casebook)
    Work(engine, "F01").confirm().allocate().accept().assess().plan().approve()
    Work(engine, "F02").confirm().allocate(OTHER)
    Work(engine, "F07").confirm()
    later = TODAY + dt.timedelta(days=40)
    stages = reading.pipeline(engine, MANAGER, today=later)
    assert {stage.stage: stage.count for stage in stages if stage.count} == {
        "confirmed": 1,
        "allocated": 1,
        "planned": 1,
    }
    for stage in stages:
        assert reading.pipeline_list(engine, MANAGER, stage.stage, today=later).total == stage.count
    assert next(stage for stage in stages if stage.stage == "planned").median_days == 40
    families, total = reading.identified_families(engine, MANAGER)
    assert (len(families), total) == (17, 17)
    assert not {"F01", "F02", "F07"} & {family_id for family_id, _ in families}

    for role, reader in READERS.items():
        if role in READ_ALL | {"caseworker", "team_manager"}:
            seen = {case.family_id for case in reading.my_families(engine, reader, today=TODAY).cases}
            assert seen == ({"F01"} if role == "caseworker" else {"F01", "F02", "F07"})
            acts = case_of(engine, reader, "F01", today=TODAY).acts
            assert bool(acts) == (role in ("caseworker", "team_manager", "programme_manager"))
        else:
            for read in (reading.my_families, reading.today_of, reading.not_progressing):
                with pytest.raises(NotAllowed):
                    read(engine, reader, today=TODAY)
            with pytest.raises(NotAllowed):
                case_of(engine, reader, "F01", today=TODAY)
    with pytest.raises(NotAllowed, match="no case"):
        case_of(engine, WORKER, "F02", today=TODAY)

    loads = {load.worker: load for load in reading.worker_loads(engine, TEAM_MANAGER, today=later)}
    assert [(loads[w.staff_id].families, loads[w.staff_id].children) for w in (WORKER, OTHER)] == [(1, 3), (1, 1)]
    after = reading.load_after(loads[OTHER.staff_id], children=4)
    assert (after.families, after.children) == (2, 5)
    idle = reading.not_progressing(engine, MANAGER, today=later)
    assert idle.total == 3
    assert reading.not_progressing(engine, MANAGER, today=later, days=40).total == 0
    today = reading.today_of(engine, WORKER, today=later)
    assert (today.counts["overdue"], today.counts["due_soon"], today.lines[0].due_on < later) == (1, 0, True)
    assert today.next_review_on == TODAY + dt.timedelta(weeks=12)
    with pytest.raises(Refused, match="sorted"):
        reading.my_families(engine, WORKER, today=TODAY, sort="risk")
    _every_family_shown_is_written_down(engine)


def _every_family_shown_is_written_down(engine: Engine) -> None:
    with writing(engine, WHOLE) as connection:
        before = connection.scalar(sa.text("SELECT max(event_id) FROM audit_event"))
    shown = reading.my_families(engine, MANAGER, today=TODAY)
    with directly(engine) as connection:
        query = sa.text("SELECT family_id FROM audit_event WHERE event_id > :before AND action = 'list_cases'")
        written = connection.execute(query, {"before": before}).scalars().all()
    assert sorted(written) == sorted(case.family_id for case in shown.cases)


def test_the_demo_has_cases_at_every_stage_the_same_each_time(casebook: Engine) -> None:
    publish(casebook, **made_up_run(copies=3).for_publish())
    add_demo_staff(casebook)
    assert add_demo_cases(casebook) == 30
    assert add_demo_cases(casebook) == 0
    raise_alerts(casebook)
    manager, team_manager, worker = (
        Reader(f"demo-{role.replace('_', '-')}", role, "look")
        for role in ("programme_manager", "team_manager", "caseworker")
    )
    stages = {stage.stage: stage.count for stage in reading.pipeline(casebook, manager, today=TODAY)}
    assert all(stages.values()), stages
    assert len(inbox(casebook, manager, today=TODAY, states=OPEN + DECIDED)) == 5
    assert reading.today_of(casebook, team_manager, today=TODAY).counts["approval"]
    counts = reading.today_of(casebook, worker, today=TODAY).counts
    assert counts["overdue"]
    assert counts["alert"]
    assert counts["allocation"]
    with directly(casebook) as connection:
        ids = connection.execute(sa.text("SELECT case_id FROM family_case")).scalars().all()
    assert len(ids) == 31
    assert made_id("demo-referral-accept", "case") in ids


def test_five_thousand_cases_are_listed_while_a_person_waits(casebook: Engine) -> None:
    engine = with_staff(casebook)
    states = ("confirmed", "allocated", "accepted", "assessed", "planned", "reviewing", "closing", "closed")
    rows = [_made_up_case(number, states[number % len(states)]) for number in range(5_000)]
    with writing(engine, WHOLE) as connection:
        connection.execute(sa.insert(table(FamilyCase)), rows)
    took: dict[str, list[float]] = {}
    for page in range(1, 9):
        for name, read in (
            ("my families", lambda p: reading.my_families(engine, WORKER, today=TODAY, page=p)),
            ("all families", lambda p: reading.my_families(engine, MANAGER, today=TODAY, page=p, sort="name")),
            ("not progressing", lambda p: reading.not_progressing(engine, MANAGER, today=TODAY, page=p)),
            ("pipeline", lambda _: reading.pipeline(engine, MANAGER, today=TODAY)),
            ("today", lambda _: reading.today_of(engine, WORKER, today=TODAY)),
            ("loads", lambda _: reading.worker_loads(engine, MANAGER, today=TODAY)),
        ):
            started = time.monotonic()
            read(page)
            took.setdefault(name, []).append(time.monotonic() - started)
    middle = {name: round(statistics.median(times), 3) for name, times in took.items()}
    print(f"{casebook.dialect.name}: {middle}, slowest {max(max(times) for times in took.values()):.3f} s")
    assert max(middle.values()) < 0.3


def _made_up_case(number: int, state: str) -> dict[str, object]:
    day = TODAY - dt.timedelta(days=number % 200)
    blank = dict.fromkeys(column.name for column in table(FamilyCase).columns)
    return blank | {
        **{"case_id": f"C{number}", "family_id": f"X{number}", "family_name": f"Family {number}", "children": 2},
        **{"came_as": "identified", "state": state, "state_since": day, "is_open": state != "closed", "row_version": 1},
        **{"team_id": "", "worker": WORKER.staff_id if number % 5 == 0 else None, "level": "early_help"},
        **{"last_step_on": day, "identified_on": day, "next_review_on": day, "assessment_due_on": day},
        **{"check_due_on": day, "written_by": "s", "written_on": day, "written_at": dt.datetime.now(dt.UTC)},
    }
