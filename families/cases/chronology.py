"""The chronology of a family: what the feeds found and casework did, merged with what workers curated."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Engine

from families.casebook import case_reads, case_record_reads, case_store, restricted
from families.casebook.case_following import FOLLOWED
from families.casebook.case_models import Alert, CaseStep
from families.casebook.case_reads import Wanted
from families.casebook.case_store import Transaction
from families.casebook.case_work_models import CaseNote
from families.casebook.views import Reader
from families.cases.noting import SUPERVISION
from families.cases.reading import MOST_ON_A_PAGE, noted, shown
from families.cases.views import ChronologyPage, Event, Phase
from families.cases.workflow import state_label, workflow
from families.errors import NotAllowed, Refused

KINDS = {"finding": "Criterion met", "alert": "Alert", "act": "Step", "note": "Contact", "curated": "Curated"}
QUIET = frozenset({"write_note", "supervise", "curate", "answer_fact"})  # shown by what they made, or not at all
OTHER_STEPS = {FOLLOWED: "The family goes on under another id"}  # of a refresh that somebody accepted, not of casework
CASE_ACTS = frozenset(act.name for act in workflow().acts.values() if act.of == "case")
ALL_ACTS = frozenset(workflow().acts)
# Where the words of an event lie, by what its key begins with; those of findings and curated events are in the outline.
WORDED: Mapping[str, tuple[type[Any], str, str]] = {
    "step": (CaseStep, "step_id", "reason"),
    "note": (CaseNote, "note_id", "words"),
    "alert": (Alert, "alert_id", "sentence"),
}


@dataclass(frozen=True)
class Filter:
    """What of a chronology somebody wants to see."""

    kinds: Collection[str] = ()
    person_ids: Collection[str] = ()
    from_day: dt.date | None = None
    to_day: dt.date | None = None
    only_significant: bool = False


def chronology(engine: Engine, reader: Reader, family_id: str, wanted: Filter | None = None) -> tuple[Event, ...]:
    """The events of a family, newest first. An event taken into the curated chronology is shown once, as curated."""
    with shown(engine, reader, "read_chronology") as transaction:
        cases = _cases(transaction, reader, family_id)
        kept = _kept(_outline(transaction, reader, family_id, cases), wanted)
        noted(transaction, reader, "read_chronology", [family_id], events=len(kept))
        return _in_words(transaction, kept, case_id=[case["case_id"] for case in cases])


def chronology_page(
    engine: Engine,
    reader: Reader,
    family_id: str,
    wanted: Filter | None = None,
    *,
    page: int = 1,
    page_size: int = 25,
) -> ChronologyPage:
    """A page of the same, in full, and of everything else that matches its outline only, without words."""
    if page < 1 or not 1 <= page_size <= MOST_ON_A_PAGE:
        raise Refused(f"A page shows 1 to {MOST_ON_A_PAGE} events, and pages are counted from 1.")
    with shown(engine, reader, "read_chronology") as transaction:
        cases = _cases(transaction, reader, family_id)
        outline = _outline(transaction, reader, family_id, cases)
        kept = _kept(outline, wanted)
        on_page = kept[(page - 1) * page_size : page * page_size]
        noted(transaction, reader, "read_chronology", [family_id], events=len(kept), page=page)
        return ChronologyPage(
            events=_in_words(transaction, on_page),
            total=len(kept),
            outline=kept,
            phases=_phases(transaction, cases),
            people=tuple({who: name for event in reversed(outline) for who, name in event.people}.items()),
        )


def _cases(transaction: Transaction, reader: Reader, family_id: str) -> list[Mapping[str, Any]]:
    cases, _ = case_reads.cases(transaction, reader, Wanted(family_id=family_id), sort="state_since", limit=50)
    if not cases:
        raise NotAllowed("There is no case of this family that you may see.")
    return cases


def _outline(
    transaction: Transaction, reader: Reader, family_id: str, cases: Sequence[Mapping[str, Any]]
) -> list[Event]:
    """Every event, without what is long about it; none about somebody who is hidden from the reader."""
    ids = [str(case["case_id"]) for case in cases]
    names = case_store.staff_names(transaction)
    entries = case_record_reads.curated(transaction, ids)
    told = {entry["event"] for entry in entries}
    system = [
        *_findings(transaction, family_id),
        *_alerts(transaction, ids),
        *_acts(transaction, ids, names),
        *_notes(transaction, ids, names),
    ]
    events = [*(_curated(entry, names) for entry in entries), *(event for event in system if event.key not in told)]
    hidden, inside = restricted.people_hidden(transaction, reader), restricted.people_under(transaction, family_id)
    return [
        replace(event, stays_inside=event.stays_inside or any(who in inside for who, _ in event.people))
        for event in events
        if not any(who in hidden for who, _ in event.people)
    ]


def _kept(events: Iterable[Event], wanted: Filter | None) -> tuple[Event, ...]:
    kept = (event for event in events if _is_wanted(event, wanted or Filter()))
    return tuple(sorted(kept, key=lambda event: (event.on, event.key), reverse=True))


def _in_words(transaction: Transaction, events: Sequence[Event], **of: Any) -> tuple[Event, ...]:
    """The same events with their words: those of some cases read whole, or of these events only."""
    words: dict[str, str] = {}
    for kind, (model, key, column) in WORDED.items():
        ids = [event.key.removeprefix(f"{kind} ") for event in events if event.key.startswith(f"{kind} ")]
        if ids:
            which = of or {key: [int(each) for each in ids] if kind == "step" else ids}
            rows = case_store.every(transaction, model, **which)
            words |= {f"{kind} {row[key]}": row[column] for row in rows}
    return tuple(replace(event, words=words.get(event.key, event.words)) for event in events)


def _phases(transaction: Transaction, cases: Sequence[Mapping[str, Any]]) -> tuple[Phase, ...]:
    """The times that each case was in one state, from the steps that led from one to the next."""
    phases: list[Phase] = []
    for case in cases:
        steps = case_record_reads.outline_of_steps(transaction, [case["case_id"]], but=ALL_ACTS)
        moves = [step for step in steps if step["act"] in CASE_ACTS and step["state_from"] != step["state_to"]]
        first = moves[0]["state_from"] if moves else case["state"]
        began = [(case["identified_on"], first), *((move["written_on"], move["state_to"]) for move in moves)]
        ends: list[dt.date | None] = [day for day, _ in began[1:]]
        phases += [
            Phase(case["case_id"], state_label("case", state), day, end)
            for (day, state), end in zip(began, [*ends, None], strict=True)
            if state is not None
        ]
    return tuple(phases)


def _is_wanted(event: Event, asked: Filter) -> bool:
    return (
        (not asked.kinds or event.kind in asked.kinds)
        and (not asked.person_ids or any(person_id in asked.person_ids for person_id, _ in event.people))
        and (asked.from_day is None or event.on >= asked.from_day)
        and (asked.to_day is None or event.on <= asked.to_day)
        and (event.is_significant or not asked.only_significant)
    )


def _event(**values: Any) -> Event:
    blank: dict[str, Any] = {"impact": "", "people": (), "by": None, "is_significant": False, "is_finished": False}
    return Event(**(blank | {"version": 0} | values))


def _findings(transaction: Transaction, family_id: str) -> list[Event]:
    return [
        _event(
            key=f"finding {found['criterion']} {found['person_id'] or ''} {found['newest_on']}",
            on=found["newest_on"],
            kind="finding",
            title=found["label"],
            words=found["sentence"],
            people=((found["person_id"], found["name"] or ""),) if found["person_id"] else (),
        )
        for found in case_store.findings_of(transaction, family_id)
        if found["newest_on"] is not None and found["outcome"] == "met"
    ]


def _alerts(transaction: Transaction, ids: list[str]) -> list[Event]:
    return [
        _event(
            key=f"alert {alert['alert_id']}",
            on=alert["happened_on"] or alert["raised_on"],
            kind="alert",
            title=workflow().words["alert_kinds"][alert["kind"]],
            words="",
            people=((alert["person_id"], alert["name"] or ""),) if alert["person_id"] else (),
        )
        for alert in case_record_reads.outline_of_alerts(transaction, ids)
    ]


def _acts(transaction: Transaction, ids: list[str], names: dict[str, str]) -> list[Event]:
    return [
        _event(
            key=f"step {step['step_id']}",
            on=step["written_on"],
            kind="act",
            title=workflow().acts[step["act"]].label if step["act"] in workflow().acts else OTHER_STEPS[step["act"]],
            words="",
            people=_people(step["people"]),
            by=names.get(step["written_by"], step["written_by"]),
        )
        for step in case_record_reads.outline_of_steps(transaction, ids, but=QUIET)
        if step["act"] not in QUIET
    ]


def _notes(transaction: Transaction, ids: list[str], names: dict[str, str]) -> list[Event]:
    notes, people = case_record_reads.outline_of_notes(transaction, ids)
    about: dict[str, list[tuple[str, str]]] = {}
    for each in people:
        about.setdefault(each["note_id"], []).append((each["person_id"], each["name"]))
    return [
        _event(
            key=f"note {note['note_id']}",
            on=note["contact_on"],
            kind="note",
            title=workflow().words["note_kinds"][note["kind"]],
            words="",
            people=tuple(about.get(note["note_id"], ())),
            by=names.get(note["written_by"], note["written_by"]),
            stays_inside=note["kind"] == SUPERVISION,
        )
        for note in notes
    ]


def _curated(entry: Mapping[str, Any], names: dict[str, str]) -> Event:
    return _event(
        key=entry["entry_id"],
        on=entry["happened_on"],
        kind="curated",
        title="Chronology",
        words=entry["words"],
        impact=entry["impact"],
        people=_people(entry["people"]),
        by=names.get(entry["written_by"], entry["written_by"]),
        is_significant=entry["is_significant"],
        is_finished=entry["is_finished"],
        version=entry["version"],
        case_id=entry["case_id"],
    )


def _people(kept: str) -> tuple[tuple[str, str], ...]:
    return tuple((person_id, name) for person_id, name in json.loads(kept))
