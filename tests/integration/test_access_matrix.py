"""Every role with every class of family by every read and act, against a table that was written down by hand."""

import dataclasses
import datetime as dt
import itertools
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from casework import OTHER, READERS, TODAY, given, with_staff
from sqlalchemy import Engine

from families.casebook import queries, reading, restricting
from families.casebook.access_log import access_log
from families.casebook.case_models import Allocation
from families.casebook.database import open_casebook, writing
from families.casebook.emergency import write_opening
from families.casebook.extended import extended_family
from families.casebook.models import table
from families.casebook.views import Reader
from families.cases import chronology, monitoring, noting, record
from families.cases import reading as cases
from families.cases.moving import Asked, Change, move
from families.cases.workflow import workflow
from families.errors import NotAllowed, Refused
from families.exports.record import Wanted, export

TABLE = tomllib.loads((Path(__file__).parents[1] / "data" / "access_matrix.toml").read_text("utf-8"))
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
NOW = dt.datetime.now(dt.UTC)
Cell = Callable[[Engine, Reader, str], object]


def an_export(what: str) -> Cell:
    def make(engine: Engine, reader: Reader, family_id: str) -> object:
        wanted = Wanted(what, family_id, "xlsx", "meeting")
        return export(engine, reader, wanted, made_by="X", today=TODAY, at=NOW)

    return make


def an_act(name: str) -> Cell:
    def never(*_: object) -> Change:
        raise Refused("It would have been done.")

    def act(engine: Engine, reader: Reader, family_id: str) -> object:
        asked = Asked(name, f"C-{family_id}", TODAY, "a-token-1", row_version=999)
        return move(engine, reader, asked, never)

    return act


def listed(engine: Engine, reader: Reader, family_id: str) -> object:
    if family_id not in {each.family_id for each in reading.list_families(engine, reader, page_size=50).families}:
        raise NotAllowed("It is not in the list.")
    return family_id


def in_cases(engine: Engine, reader: Reader, family_id: str) -> object:
    found = cases.my_families(engine, reader, today=TODAY, with_past=True, page_size=50)
    if family_id not in {case.family_id for case in found.cases}:
        raise NotAllowed("It is not in the list.")
    return family_id


def has_head(engine: Engine, reader: Reader, family_id: str) -> object:
    if record.case_head(engine, reader, family_id, today=TODAY) is None:
        raise NotAllowed("There is none.")
    return family_id


READS: dict[str, tuple[str, Cell]] = {
    "listed": ("i", listed),
    "queried": (
        "i",
        lambda engine, reader, family_id: queries.raise_query(
            engine, reader, family_id, person_id="nobody", code="other", reason="It looks wrong."
        ),
    ),
    "record": ("r", reading.family_record),
    "extended": ("r", extended_family),
    "in cases": ("k", in_cases),
    "head": ("c", has_head),
    "case": ("c", lambda engine, reader, family_id: record.case_of(engine, reader, family_id, today=TODAY)),
    "notes": ("c", record.notes_of),
    "alerts": (
        "c",
        lambda engine, reader, family_id: record.alerts_of(engine, reader, family_id, today=TODAY, waiting=True),
    ),
    "chronology": ("c", chronology.chronology),
    "outline": ("c", chronology.chronology_page),
    "monitoring": ("c", monitoring.monitoring_of),
    "plan": ("c", an_export("plan")),
    "file": ("c", an_export("chronology")),
    "draft": ("w", lambda engine, reader, family_id: noting.draft(engine, reader, family_id, "note")),
    "log": ("l", access_log),
}
ACTS = {name: an_act(name) for name in TABLE["acts"]}
ROLES = [*TABLE["roles"], *TABLE["none"]["roles"]]


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_casebook(f"sqlite:///{tmp_path_factory.mktemp('matrix') / 'casebook.sqlite'}")
    sa.event.listen(engine, "checkout", lambda connection, *_: connection.execute("PRAGMA synchronous = OFF"))
    with_staff(engine)
    with engine.begin() as connection:
        for staff_id, team_id in ((WORKER.staff_id, "north"), (MANAGER.staff_id, "north"), (SOUTH, "south")):
            statement = sa.text("UPDATE staff SET team_id = :team WHERE staff_id = :who")
            connection.execute(statement, {"team": team_id, "who": staff_id})
    for family_id, (worker, team_id) in CASES.items():
        given(engine, family_id, worker, team_id=team_id)
    once_accepted(engine, "C-F08")
    reading.list_families(engine, READERS["programme_manager"], page_size=50)
    protect(engine)
    with writing(engine) as connection:
        for reader in (WORKER, MANAGER):
            write_opening(connection, reader, "F20", cause="immediate_risk", words="It cannot wait.")
    with pytest.MonkeyPatch.context() as patch:
        # What each read and refusal writes down is proved elsewhere; thousands of them would take most of the time.
        patch.setattr("families.casebook.chain.append", lambda _connection, events: list(events))
        yield engine
    engine.dispose()


def once_accepted(engine: Engine, case_id: str) -> None:
    row = dict.fromkeys(column.name for column in table(Allocation).columns)
    row |= {"allocation_id": "A1", "case_id": case_id, "worker": WORKER.staff_id, "team_id": "north", "reason": ""}
    row |= {"answer": "accepted", "ended_on": TODAY, "written_by": "s", "written_on": TODAY, "written_at": NOW}
    with engine.begin() as connection:
        connection.execute(sa.insert(table(Allocation)), [row])


def protect(engine: Engine) -> None:
    soon = NOW.date() + dt.timedelta(days=30)
    said = {"kind": "adoption", "reason": "An order.", "review_on": soon, "at": NOW}
    restricting.restrict(engine, OFFICER, "F14", **said)  # type: ignore[arg-type]
    number = restricting.restrict(engine, OFFICER, "F19", **said)  # type: ignore[arg-type]
    for reader in (WORKER, MANAGER):
        let = {"staff_id": reader.staff_id, "sees_address": False, "reason": "Theirs.", "ends_on": soon, "at": NOW}
        restricting.let_in(engine, OFFICER, number, **let)  # type: ignore[arg-type]


def test_the_table_is_whole() -> None:
    assert all(list(cells) == list(FAMILIES) for cells in TABLE["roles"].values())
    assert set(TABLE["roles"]) | {role for role in TABLE["none"]["roles"] if role in READERS} == set(READERS)
    assert set(ACTS) == {act.name for act in workflow().acts.values() if act.of == "case"}
    assert len(ROLES) * len(FAMILIES) * (len(READS) + len(ACTS)) >= 5_000


def may(role: str, kind: str, letter: str) -> bool:
    return letter in TABLE["roles"].get(role, {}).get(kind, "")


def is_allowed(engine: Engine, reader: Reader, family_id: str, does: Cell) -> bool:
    try:
        does(engine, reader, family_id)
    except NotAllowed:
        return False
    except Refused:
        return True  # it was somebody's to do, and did not fit
    return True


@pytest.mark.parametrize("role", ROLES)
def test_every_cell(worked: Engine, role: str) -> None:
    reader = READERS.get(role, Reader(f"s-{role}", role, "test of access"))
    wrong = []
    for kind, family_id in FAMILIES.items():
        for name, (letter, does) in READS.items():
            if is_allowed(worked, reader, family_id, does) != may(role, kind, letter):
                wrong.append((kind, name))
        for act, does in ACTS.items():
            expected = role in TABLE["acts"][act] and may(role, kind, "h" if act == "record_check" else "w")
            if is_allowed(worked, reader, family_id, does) != expected:
                wrong.append((kind, act))
    assert wrong == []


@pytest.mark.parametrize(("role", "kind"), list(itertools.product(ROLES, FAMILIES)))
def test_without_a_purpose_nobody_is_shown_anything(worked: Engine, role: str, kind: str) -> None:
    reader = dataclasses.replace(READERS.get(role, Reader(f"s-{role}", role, "")), purpose=" ")
    assert not any(
        is_allowed(worked, reader, FAMILIES[kind], does) for does in (reading.family_record, record.notes_of)
    )
