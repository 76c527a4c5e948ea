"""The chain of the audit trail: gap-free whoever writes at once, and any change to it is found, on both databases."""

import concurrent.futures
import datetime as dt
import stat
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from directly import directly
from made_up import made_up_run
from sqlalchemy import Engine

from families.casebook import audit
from families.casebook.database import audited, open_casebook, writing
from families.casebook.migrations import migrate
from families.casebook.publish import publish
from families.casebook.reading import family_record, list_families
from families.casebook.row_security import WHOLE
from families.casebook.verifying import Anchor, verify
from families.casebook.views import Reader
from families.errors import Refused
from families.verifying import verified

READER = Reader(staff_id="s1", role="programme_manager", purpose="identification", session_id="a1b2")
WRITTEN = 8


@pytest.fixture
def trail(casebook: Engine) -> Engine:
    """Events 1 to 8, of three transactions."""
    for number, families in enumerate((["F1", "F2", "F3"], [None], ["F4", "F5", "F6", "F7"])):
        with writing(casebook, WHOLE) as connection:
            audit.note(connection, READER, action=f"act_{number}", family_ids=families, detail={}, result_count=number)
    return casebook


def rows(engine: Engine, columns: str = "*") -> list[Any]:
    with directly(engine) as connection:
        return list(connection.execute(sa.text(f"SELECT {columns} FROM audit_event ORDER BY event_id")).all())


def tampered(engine: Engine, *statements: str) -> str:
    """What is said of the trail after somebody with all rights over the database has changed it."""
    sqlite = engine.dialect.name == "sqlite"
    with directly(engine) as connection:
        if sqlite:
            for name in ("no_update", "no_delete", "no_replace"):
                connection.exec_driver_sql(f"DROP TRIGGER audit_event_{name}")
        else:
            connection.exec_driver_sql("ALTER TABLE audit_event DISABLE TRIGGER USER, NO FORCE ROW LEVEL SECURITY")
        for statement in statements:
            connection.exec_driver_sql(statement)
    return verify(engine).broken or ""


def test_a_trail_is_whole_and_says_its_end(trail: Engine, tmp_path: Path) -> None:
    verdict = verify(trail)
    assert (verdict.broken, verdict.events, verdict.events_before) == (None, WRITTEN, 0)
    events = rows(trail)
    assert [event.event_id for event in events] == list(range(1, WRITTEN + 1))
    assert verdict.end is not None
    assert verdict.end.hash == events[-1].hash
    assert {event.session_id for event in events} == {"a1b2"}
    assert events[-1].result_count == 2
    anchors = tmp_path / "anchors"
    assert verified(trail, anchor_file=anchors)[0] == "The audit trail is whole: 8 events."
    assert verified(trail, anchor_file=anchors)
    assert len(anchors.read_text().splitlines()) == 2


COPY = "SELECT 99, at, staff_id, role, purpose, action, family_id, detail, session_id, result_count, prev_hash, hash"
ALL = "event_id, at, staff_id, role, purpose, action, family_id, detail, session_id, result_count, prev_hash, hash"
TAMPERING = {
    "edited": (["UPDATE audit_event SET family_id = 'F9' WHERE event_id = 3"], "Event 3 was changed"),
    "who": (["UPDATE audit_event SET staff_id = 's2' WHERE event_id = 1"], "Event 1 was changed"),
    "hash": (["UPDATE audit_event SET hash = prev_hash WHERE event_id = 5"], "Event 5 was changed"),
    "deleted": (["DELETE FROM audit_event WHERE event_id IN (4, 5)"], "Events 4 to 5 are missing."),
    "closed up": (
        ["DELETE FROM audit_event WHERE event_id = 4"]
        + [f"UPDATE audit_event SET event_id = {n - 1} WHERE event_id = {n}" for n in range(5, WRITTEN + 1)],
        "Event 4 does not follow event 3",
    ),
    "first deleted": (["DELETE FROM audit_event WHERE event_id = 1"], "events before event 2 are missing"),
    "inserted": ([f"INSERT INTO audit_event ({ALL}) {COPY} FROM audit_event WHERE event_id = 2"], "Events 9 to 98"),
    "unchained": (
        [
            f"INSERT INTO audit_event ({ALL}) {COPY} FROM audit_event WHERE event_id = 2",
            "UPDATE audit_event SET hash = NULL, event_id = 9 WHERE event_id = 99",
        ],
        "Event 9 is not chained",
    ),
    "reordered": (
        [f"UPDATE audit_event SET event_id = {new} WHERE event_id = {old}" for old, new in ((3, 99), (4, 3), (99, 4))],
        "Event 3 does not follow event 2",
    ),
    "cut": (["DELETE FROM audit_event WHERE event_id > 6"], "The trail ends at event 6, though event 8 was written"),
    "emptied": (["DELETE FROM audit_event"], "The trail ends at event 0, though event 8 was written"),
    "no end": (["DELETE FROM audit_chain"], "does not know any more where the trail ends"),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_found(trail: Engine, how: str) -> None:
    statements, told = TAMPERING[how]
    assert told in tampered(trail, *statements)
    with pytest.raises(Refused, match="The audit trail is broken"):
        verified(trail, anchor_file=None)


def test_a_trail_cut_off_with_its_end_put_right_is_found_by_an_anchor(trail: Engine, tmp_path: Path) -> None:
    anchors = tmp_path / "anchors"
    verified(trail, anchor_file=anchors)
    shorter = "UPDATE audit_chain SET event_id = 6, hash = (SELECT hash FROM audit_event WHERE event_id = 6)"
    assert tampered(trail, "DELETE FROM audit_event WHERE event_id > 6", shorter) == ""
    with pytest.raises(Refused, match="ends at event 6, though event 8 was anchored"):
        verified(trail, anchor_file=anchors)
    assert len(anchors.read_text().splitlines()) == 1
    assert "is not the one that was anchored" in str(verify(trail, [Anchor(2, "0" * 64, "then")]).broken)
    anchors.write_text("not an anchor\n")
    with pytest.raises(Refused, match="does not hold anchors"):
        verified(trail, anchor_file=anchors)


def test_a_clock_that_went_back_is_said_and_breaks_nothing(trail: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    class Earlier(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return dt.datetime(2001, 1, 1, tzinfo=tz)

    with monkeypatch.context() as changed, writing(trail, WHOLE) as connection:
        changed.setattr("families.casebook.audit.dt.datetime", Earlier)
        audit.note(connection, READER, action="late", family_ids=[None], detail={})
    assert verified(trail, anchor_file=None)[1] == "The clock went back before event 9 (1 in all)."


def test_the_chain_has_no_gap_and_no_fork_whoever_writes_at_once(casebook: Engine) -> None:
    publish(casebook, **made_up_run().for_publish())

    def look(worker: int) -> int:
        reader = Reader(staff_id=f"w{worker}", role="programme_manager", purpose="look")
        for turn in range(4):
            if turn % 2:
                family_record(casebook, reader, "F01")
            else:
                list_families(casebook, reader, page_size=5)
            try:
                with writing(casebook, WHOLE) as connection:
                    audit.note(connection, reader, action="given_up", family_ids=["F01"], detail={})
                    raise ZeroDivisionError
            except ZeroDivisionError:
                pass
        return 2 * (5 + 1)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        written = sum(pool.map(look, range(6)))
    verdict = verify(casebook)
    assert (verdict.broken, verdict.events) == (None, written + 1)
    assert [row.event_id for row in rows(casebook, "event_id")] == list(range(1, written + 2))


def test_a_list_of_25_is_written_down_in_as_few_statements_as_a_list_of_one(casebook: Engine) -> None:
    counts = []
    for families in (["F1"], [f"F{number}" for number in range(25)]):
        sent: list[str] = []

        def count(_c: Any, _cursor: Any, statement: str, *_: Any, into: list[str] = sent) -> None:
            into.append(statement)

        with audited(casebook, WHOLE) as connection:
            sa.event.listen(casebook, "before_cursor_execute", count)
            audit.note(connection, READER, action="list_families", family_ids=families, detail={})
            sa.event.remove(casebook, "before_cursor_execute", count)
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 3


def test_events_from_before_the_chain_are_counted_and_sealed_by_its_first(casebook: Engine) -> None:
    old = (
        "INSERT INTO audit_event (event_id, at, staff_id, role, purpose, action, detail) "
        "VALUES (:n, '2013-09-01 00:00:00', 's', 'r', 'p', 'old', '{}')"
    )
    with directly(casebook) as connection:
        connection.execute(sa.text(old), [{"n": 3}, {"n": 5}])
        connection.execute(sa.text("UPDATE audit_chain SET event_id = 5"))
    assert (verify(casebook).broken, verify(casebook).events_before) == (None, 2)
    with writing(casebook, WHOLE) as connection:
        audit.note(connection, READER, action="first", family_ids=[None], detail={})
    verdict = verify(casebook)
    assert (verdict.broken, verdict.events, verdict.events_before) == (None, 4, 2)
    assert [row.action for row in rows(casebook)] == ["old", "old", "chain_started", "first"]
    assert "from before the chain" in tampered(casebook, "UPDATE audit_event SET staff_id = 't' WHERE event_id = 3")


def test_the_key_is_made_once_and_lies_beside_the_casebook(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FAMILIES_AUDIT_KEY", raising=False)
    engine = open_casebook(sqlite_url)
    migrate(engine)
    key = tmp_path / "audit.key"
    assert not key.exists()
    for _ in range(2):
        with writing(engine, WHOLE) as connection:
            audit.note(connection, READER, action="act", family_ids=[None], detail={})
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert verify(engine).broken is None
    kept = key.read_text()
    key.write_text("another key altogether, and as long")
    assert "or the key is not the one" in str(verify(engine).broken)
    key.unlink()
    with pytest.raises(Refused, match="put the file back"), writing(engine, WHOLE) as connection:
        audit.note(connection, READER, action="act", family_ids=[None], detail={})
    key.write_text(kept)
    assert verify(engine).events == 2
    monkeypatch.setenv("FAMILIES_AUDIT_KEY", "short")
    with pytest.raises(Refused, match="too short"):
        verify(engine)
    engine.dispose()
