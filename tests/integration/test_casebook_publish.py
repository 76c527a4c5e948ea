"""What a refresh publishes, on both databases: whole or not at all, and nobody else's data."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from casework import given
from directly import directly
from following import Feeds, followed_of
from made_up import MadeUpRun, made_up_run
from sqlalchemy import Engine

from families.casebook import publish as publishing
from families.casebook.database import CasebookFault, open_casebook
from families.casebook.models import PUBLISHED, table
from families.casebook.publish import publish
from families.casebook.reading import data_as_at, family_record, list_families
from families.casebook.views import Reader
from families.errors import NotAllowed, Refused

MANAGER = Reader(staff_id="s1", role="programme_manager", purpose="identification")
WORKED_WITH = "F30"  # though nothing of it is published
TESTS = Path(__file__).parents[1]


def stored(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every published row, in order."""
    with directly(engine) as connection:
        tables = [table(model) for model in PUBLISHED]
        return {
            found.name: [
                tuple(row) for row in connection.execute(sa.select(found).order_by(*found.primary_key.columns))
            ]
            for found in tables
        }


def test_a_published_family_can_be_read_whole(casebook: Engine) -> None:
    counts = publish(casebook, **made_up_run().for_publish())

    listed = list_families(casebook, MANAGER, sort="name")
    record = family_record(casebook, MANAGER, "F01")

    assert (counts.families_assessed, counts.eligible, counts.near_misses) == (30, 10, 10)
    assert listed.total == 20
    assert record.name == "Okafor family"
    assert [member.role for member in record.members] == ["child"] * 3 + ["parent"] * 2 + ["adult", "linked"]


def test_both_databases_hold_the_same(sqlite_url: str, postgresql_url: str) -> None:
    engines = [open_casebook(sqlite_url), open_casebook(postgresql_url)]
    run = made_up_run()
    for engine in engines:
        publish(engine, **run.for_publish())
        given(engine, WORKED_WITH, None)
        families = sorted(run.tables["assessments"]["family_id"].unique())
        publish(engine, **run.for_publish(), followed=followed_of(run, Feeds(), families))
    one, other = engines
    shown = [list_families(engine, MANAGER, sort="name", page_size=50) for engine in engines]
    records = [[family_record(engine, MANAGER, family.family_id) for family in shown[0].families] for engine in engines]
    held = [stored(engine) for engine in engines]
    for engine in engines:
        engine.dispose()

    assert held[0] == held[1]
    assert all(held[0].values())
    assert shown[0] == shown[1]
    assert records[0] == records[1]
    assert one is not other


def test_the_same_run_again_leaves_identical_rows(casebook: Engine) -> None:
    run = made_up_run()
    publish(casebook, **run.for_publish())
    before = stored(casebook)
    later = run.run.published_at.replace(year=2014)

    publish(casebook, **run.shuffled(3).named("run-1", published_at=later).for_publish())

    assert stored(casebook) == before


def test_a_family_that_drops_out_disappears_and_casework_stays(casebook: Engine) -> None:
    publish(casebook, **made_up_run().for_publish())
    with directly(casebook) as connection:
        connection.execute(sa.text("CREATE TABLE notes_kept_elsewhere (family_id VARCHAR PRIMARY KEY, note VARCHAR)"))
        connection.execute(sa.text("INSERT INTO notes_kept_elsewhere VALUES ('F01', 'first visit on Monday')"))

    publish(casebook, **made_up_run().without("F01").named("run-2").for_publish())

    with pytest.raises(NotAllowed):
        family_record(casebook, MANAGER, "F01")
    assert data_as_at(casebook).run_id == "run-2"
    assert list_families(casebook, MANAGER).total == 19
    assert "F01" not in str(stored(casebook))
    with directly(casebook) as connection:
        assert connection.scalar(sa.text("SELECT note FROM notes_kept_elsewhere")) == "first visit on Monday"


def test_nothing_of_another_family_is_in_the_database(casebook: Engine) -> None:
    run = made_up_run()
    publish(casebook, **run.for_publish())
    entered = {row[0] for row in stored(casebook)["published_family"]}
    outside = run.tables["family_members"].filter(~pl.col("family_id").is_in(entered))
    held = str(stored(casebook))

    assert outside.height
    assert not [person for person in outside["person_id"] if person in held]


def test_a_refresh_is_written_down_without_a_name(casebook: Engine) -> None:
    publish(casebook, **made_up_run().for_publish())
    with directly(casebook) as connection:
        rows = connection.execute(sa.text("SELECT action, family_id, detail FROM audit_event")).all()
    assert [tuple(row) for row in rows] == [("publish", None, '{"eligible": 10, "near_misses": 10, "run_id": "run-1"}')]


def test_the_sample_is_never_published_over_real_families(casebook: Engine) -> None:
    publish(casebook, **made_up_run(is_sample=False).for_publish())
    before = stored(casebook)
    with pytest.raises(Refused, match="real families"):
        publish(casebook, **made_up_run().named("sample").for_publish())
    assert stored(casebook) == before


def test_a_run_with_no_family_to_publish_empties_the_list(casebook: Engine) -> None:
    publish(casebook, **made_up_run().for_publish())
    nobody = made_up_run().without(*(f"F{number:02}" for number in range(1, 31))).named("run-2")
    publish(casebook, **nobody.for_publish())
    assert list_families(casebook, MANAGER).total == 0
    assert data_as_at(casebook).run_id == "run-2"


def broken(run: MadeUpRun) -> MadeUpRun:
    """A run whose findings cannot be stored: a sentence is missing."""
    return MadeUpRun(
        tables=run.tables,
        explained=run.explained.with_columns(sentence=pl.lit(None, pl.String)),
        run=run.named("run-2").run,
    )


def test_a_run_that_cannot_be_stored_changes_nothing_and_names_nobody(casebook: Engine) -> None:
    publish(casebook, **made_up_run().for_publish())
    before = stored(casebook)
    with pytest.raises(CasebookFault) as fault:
        publish(casebook, **broken(made_up_run()).for_publish())
    assert "F01" not in str(fault.value)
    assert "Missed" not in str(fault.value)
    assert stored(casebook) == before


def test_pages_are_read_while_a_refresh_publishes(casebook: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(casebook, **made_up_run().for_publish())
    write_rows, half_way, go_on = publishing.write_rows, threading.Event(), threading.Event()

    def pausing(connection: Any, into: Any, frame: pl.DataFrame) -> None:
        write_rows(connection, into, frame)
        if into.name == "published_member":
            half_way.set()
            assert go_on.wait(60)

    monkeypatch.setattr(publishing, "write_rows", pausing)
    thread = threading.Thread(
        target=publish, args=(casebook,), kwargs=made_up_run().without("F01").named("run-2").for_publish()
    )
    thread.start()
    try:
        assert half_way.wait(60)
        assert data_as_at(casebook).run_id == "run-1"
        if casebook.dialect.name == "postgresql":  # SQLite has one writer, so a read that is audited waits its turn
            assert family_record(casebook, MANAGER, "F01").members
    finally:
        go_on.set()
        thread.join(60)
    assert data_as_at(casebook).run_id == "run-2"
    assert list_families(casebook, MANAGER).total == 19


KILLED = """
import sys, time
sys.path.insert(0, {tests!r})
from made_up import made_up_run
from families.casebook import publish as publishing
from families.casebook.database import open_casebook

write_rows = publishing.write_rows
def stopping(connection, into, frame):
    write_rows(connection, into, frame)
    if into.name == sys.argv[2]:
        print("here", flush=True)
        time.sleep(120)
publishing.write_rows = stopping
publishing.publish(open_casebook(sys.argv[1]), **made_up_run().without("F01").named("run-2").for_publish())
"""


@pytest.mark.parametrize("at", ["publication", "published_member", "published_tie"])
def test_killed_while_publishing_the_old_publication_is_whole(casebook: Engine, at: str) -> None:
    publish(casebook, **made_up_run().for_publish())
    before = stored(casebook)
    url = casebook.url.render_as_string(hide_password=False)
    script = KILLED.format(tests=str(TESTS))
    with subprocess.Popen([sys.executable, "-c", script, url, at], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        os.kill(process.pid, signal.SIGKILL)

    assert stored(casebook) == before
    publish(casebook, **made_up_run().without("F01").named("run-2").for_publish())
    assert list_families(casebook, MANAGER).total == 19
