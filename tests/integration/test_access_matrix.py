"""Every role with every class of family by every read and act, against a table that was written down by hand."""

import dataclasses
import datetime as dt
import itertools
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from casework import READERS, TODAY
from directly import OnPostgresql
from matrix import FAMILIES, work_with
from sqlalchemy import Engine

from families.casebook import queries, reading
from families.casebook.access_log import access_log
from families.casebook.database import open_casebook
from families.casebook.extended import extended_family
from families.casebook.views import Reader
from families.cases import chronology, monitoring, noting, record
from families.cases import reading as cases
from families.cases.moving import Asked, Change, move
from families.cases.workflow import workflow
from families.errors import NotAllowed, Refused
from families.exports.record import Wanted, export

TABLE = tomllib.loads((Path(__file__).parents[1] / "data" / "access_matrix.toml").read_text("utf-8"))
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


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def worked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, casebook_on_postgresql: OnPostgresql
) -> Iterator[Engine]:
    if request.param == "postgresql":
        with casebook_on_postgresql() as engine:
            yield work_with(engine)
        return
    engine = open_casebook(f"sqlite:///{tmp_path_factory.mktemp('matrix') / 'casebook.sqlite'}")
    sa.event.listen(engine, "checkout", lambda connection, *_: connection.execute("PRAGMA synchronous = OFF"))
    yield work_with(engine)
    engine.dispose()


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


def _turn(engine: Engine, place: int) -> tuple[int, None, int]:
    """Every act, and on PostgreSQL each with a class in four: there they take most of the time, and decide the same."""
    return (place % 4, None, 4) if engine.dialect.name == "postgresql" else (0, None, 1)


@pytest.mark.parametrize("role", ROLES)
def test_every_cell(worked: Engine, role: str) -> None:
    reader = READERS.get(role, Reader(f"s-{role}", role, "test of access"))
    wrong = []
    for place, (kind, family_id) in enumerate(FAMILIES.items()):
        for name, (letter, does) in READS.items():
            if is_allowed(worked, reader, family_id, does) != may(role, kind, letter):
                wrong.append((kind, name))
        for act, does in itertools.islice(ACTS.items(), *_turn(worked, place)):
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
