"""One family's record of casework: what stands over it, its long lists a page at a time, and size."""

import datetime as dt
import time

import pytest
import sqlalchemy as sa
from casework import MANAGER, OTHER, READERS, TEAM_MANAGER, TODAY, WORKER, Work, with_staff
from directly import directly
from sqlalchemy import Engine

from families.casebook.case_models import CaseStep
from families.casebook.case_work_models import CaseNote, NotePerson
from families.casebook.models import table
from families.cases import alerts, curating, noting
from families.cases.chronology import Filter, chronology, chronology_page
from families.cases.record import alerts_of, case_head, case_of, notes_of
from families.errors import NotAllowed, Refused


@pytest.fixture
def work(casebook: Engine) -> Work:
    return Work(with_staff(casebook), "F01").confirm().allocate().accept()


def note(work: Work, words: str, *, on: dt.date = TODAY) -> str:
    form = noting.NoteForm("visit", on, words, ["P010"], child_seen=True)
    return noting.write_note(*work.at(WORKER), form, **work.adds())


def actions_written(engine: Engine) -> list[str]:
    with directly(engine) as connection:
        return list(connection.execute(sa.text("SELECT action FROM audit_event ORDER BY event_id")).scalars())


def test_the_head_says_where_the_work_stands_and_is_written_down(work: Work) -> None:
    head = case_head(work.engine, WORKER, "F01", today=TODAY)
    assert (head.line.state, head.line.worker, head.line.next_due) == (
        "accepted",
        WORKER.staff_id,
        "The assessment is due.",
    )
    assert {"write_note", "curate"} <= set(head.acts)
    assert ("P010", "Zoë Okafor") in head.people
    assert actions_written(work.engine)[-1] == "read_case_head"


def test_a_head_is_for_those_who_may_read_the_case(work: Work) -> None:
    reads = {"caseworker", "team_manager", "programme_manager", "returns_officer", "auditor", "ig_officer"}
    for role, reader in READERS.items():
        found = case_head(work.engine, reader, "F01", today=TODAY)
        assert (found is not None) == (role in reads), role
        assert case_head(work.engine, reader, "F02", today=TODAY) is None
        for read in (notes_of, chronology_page):
            if found is not None:
                assert read(work.engine, reader, "F01").total is not None
                continue
            with pytest.raises(NotAllowed):
                read(work.engine, reader, "F01")
    assert case_head(work.engine, OTHER, "F01", today=TODAY) is None
    with pytest.raises(NotAllowed, match="no case"):
        notes_of(work.engine, OTHER, "F01")
    assert actions_written(work.engine)[-1] == "read_notes_refused"


def test_notes_come_a_page_at_a_time_the_newest_contact_first(work: Work) -> None:
    for day in range(5):
        note(work, f"Visit {day}", on=TODAY - dt.timedelta(days=day))
    first, last = (notes_of(work.engine, WORKER, "F01", page=page, page_size=2) for page in (1, 3))
    assert (first.total, [each.words for each in first.notes]) == (5, ["Visit 0", "Visit 1"])
    assert [each.words for each in last.notes] == ["Visit 4"]
    assert first.notes[0].people == (("P010", "Zoë Okafor"),)
    with pytest.raises(Refused, match="page"):
        notes_of(work.engine, WORKER, "F01", page=0)


def test_alerts_wait_until_they_are_answered_and_come_back_on_their_day(work: Work) -> None:
    with directly(work.engine) as connection:
        raised = [
            alerts.Raised(f"k{n}", "F01", "suspension", f"Suspended {n}.", TODAY, "run-1", "P010", "Zoë")
            for n in range(3)
        ]
        alerts.raise_alerts(connection, raised)
    waiting = alerts_of(work.engine, WORKER, "F01", today=TODAY, waiting=True)
    one, other, _ = (each.alert_id for each in waiting.alerts)
    alerts.acknowledge(*work.at(WORKER), one, reason="Met the school.", **work.adds())
    until = TODAY + dt.timedelta(days=7)
    alerts.snooze(*work.at(WORKER), other, reason="School is away.", until=until, **work.adds())

    def ids(day: dt.date, *, is_waiting: bool) -> set[str]:
        return {each.alert_id for each in alerts_of(work.engine, MANAGER, "F01", today=day, waiting=is_waiting).alerts}

    assert ids(TODAY, is_waiting=False) == {one, other}
    assert ids(until, is_waiting=False) == {one}
    answered = {
        each.alert_id: (each.answer, each.reason, each.answered_by)
        for each in alerts_of(work.engine, TEAM_MANAGER, "F01", today=TODAY, waiting=False).alerts
    }
    assert answered[one] == ("acknowledged", "Met the school.", "Name of s-caseworker")
    assert case_head(work.engine, WORKER, "F01", today=TODAY).waiting_alerts == 1
    assert case_head(work.engine, WORKER, "F01", today=until).waiting_alerts == 2
    assert len(case_of(work.engine, WORKER, "F01", today=TODAY).alerts) == 3


def test_a_page_of_the_chronology_is_a_part_of_the_whole(work: Work) -> None:
    for day in range(7):
        note(work, f"Visit {day}", on=TODAY - dt.timedelta(days=day))
    whole = chronology(work.engine, WORKER, "F01")
    pages = [chronology_page(work.engine, WORKER, "F01", page=page, page_size=4) for page in (1, 2, 3, 4)]
    assert [event for page in pages for event in page.events] == list(whole[:16])
    assert {page.total for page in pages} == {len(whole)}
    assert [event.key for event in pages[0].outline] == [event.key for event in whole]
    assert "Visit 0" in {event.words for event in whole}
    assert "" in {event.words for event in pages[0].outline if event.kind == "note"}
    assert ("P010", "Zoë Okafor") in pages[0].people


def test_an_event_taken_into_the_curated_chronology_is_shown_once(work: Work) -> None:
    key = f"note {note(work, 'He was seen alone and is well.')}"
    curating.add_entry(
        *work.at(WORKER),
        happened_on=TODAY,
        words="Seen alone, well.",
        impact="First time.",
        is_significant=True,
        event=key,
        **work.adds(),
    )
    page = chronology_page(work.engine, WORKER, "F01")
    assert key not in {event.key for event in page.outline}
    (entry,) = (event for event in page.events if event.kind == "curated")
    assert (entry.words, entry.case_id) == ("Seen alone, well.", work.case_id)


def test_phases_follow_each_other_without_a_gap(work: Work) -> None:
    phases = chronology_page(work.engine, WORKER, "F01").phases
    assert [phase.label for phase in phases] == ["identified", "confirmed", "allocated", "accepted by a worker"]
    assert [phase.to_day for phase in phases[:-1]] == [phase.from_day for phase in phases[1:]]
    assert phases[-1].to_day is None


def test_filters_of_a_page(work: Work) -> None:
    note(work, "Visit")
    note(work, "Old", on=TODAY - dt.timedelta(days=90))
    for wanted, words in (
        (Filter(kinds=["note"]), {"Visit", "Old"}),
        (Filter(kinds=["note"], from_day=TODAY), {"Visit"}),
        (Filter(kinds=["note"], to_day=TODAY - dt.timedelta(days=1)), {"Old"}),
        (Filter(kinds=["note"], person_ids=["P010"]), {"Visit", "Old"}),
        (Filter(kinds=["note"], person_ids=["P012"]), set()),
        (Filter(only_significant=True), set()),
    ):
        page = chronology_page(work.engine, WORKER, "F01", wanted)
        assert ({event.words for event in page.events}, page.total) == (words, len(words)), wanted


def test_thousands_of_events_take_a_page_no_longer_than_a_person_waits(work: Work) -> None:
    """Six thousand notes and steps, the notes of a length that real ones have."""
    at = dt.datetime(2013, 9, 1, tzinfo=dt.UTC)
    who = {"written_by": WORKER.staff_id, "written_at": at, "case_id": work.case_id, "role": "caseworker"}
    days = [TODAY - dt.timedelta(days=number % 1500) for number in range(3000)]
    notes = [
        {**who, "note_id": f"n{number}", "kind": "visit", "contact_on": day, "written_on": day}
        | {"child_seen": True, "seen_alone": False, "words": f"{number} " + "What was said. " * 100}
        for number, day in enumerate(days)
    ]
    people = [{"note_id": f"n{number}", "person_id": "P010", "name": "Zoë Okafor"} for number in range(3000)]
    steps = [
        {**who, "token": f"bulk-{number}", "act": "add_need", "written_on": day, "reason": "Why.", "people": "[]"}
        | {"result": "", "state_from": "accepted", "state_to": "accepted"}
        for number, day in enumerate(days)
    ]
    with directly(work.engine) as connection:
        connection.execute(sa.insert(table(CaseNote)), notes)
        connection.execute(sa.insert(table(NotePerson)), people)
        connection.execute(sa.insert(table(CaseStep)), steps)
    took = {
        "chronology": seconds(lambda: chronology_page(work.engine, WORKER, "F01", page=40)),
        "notes": seconds(lambda: notes_of(work.engine, WORKER, "F01", page=50)),
        "head": seconds(lambda: case_head(work.engine, WORKER, "F01", today=TODAY)),
        "case": seconds(lambda: case_of(work.engine, WORKER, "F01", today=TODAY)),
    }
    print({name: f"{each * 1000:.0f} ms" for name, each in took.items()})
    assert max(took.values()) < 1.0, took


def seconds(read) -> float:
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        read()
        taken.append(time.perf_counter() - start)
    return min(taken)
