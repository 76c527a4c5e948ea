"""One family's casework, whole: for its pages, audited as one read of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine

from families.casebook import case_reads, case_record_reads, case_scope, case_store, restricted
from families.casebook.case_models import Allocation, Consent, FamilyCase, Helper, Referral
from families.casebook.case_reads import Wanted
from families.casebook.case_store import RowValues, Transaction
from families.casebook.case_work_models import (
    AssessedFact,
    Assessment,
    Closure,
    CorrectionQuery,
    Goal,
    LevelChange,
    Need,
    NeedScore,
    NotePerson,
    PlanAction,
    PlanVersion,
    Review,
    SustainedCheck,
)
from families.casebook.database import audited
from families.casebook.refusals import refusals_noted
from families.casebook.views import Reader
from families.cases.assessing import SETTLE_CORRECTIONS, without_address
from families.cases.people import people_of
from families.cases.reading import MOST_ON_A_PAGE, case_line, noted, shown
from families.cases.views import (
    ActionView,
    AlertPage,
    AlertView,
    CaseHead,
    CaseRecord,
    GoalView,
    NeedView,
    NotePage,
    NoteView,
)
from families.cases.workflow import may_do, state_label, workflow
from families.errors import NotAllowed, Refused

DATES = (
    *("identified_on", "confirmed_on", "allocated_on", "keyworker_from", "assessment_due_on", "assessed_on"),
    *("plan_approved_on", "attached_on", "next_review_on", "closed_on", "check_due_on", "checked_on"),
)
PARTS: Mapping[str, tuple[Any, str]] = {
    "allocations": (Allocation, "written_at"),
    "consents": (Consent, "written_at"),
    "helpers": (Helper, "name"),
    "corrections": (CorrectionQuery, "due_on"),
    "plans": (PlanVersion, "number"),
    "reviews": (Review, "held_on"),
    "levels": (LevelChange, "written_at"),
    "closures": (Closure, "written_at"),
    "checks": (SustainedCheck, "written_at"),
}
NEWEST = 50  # of notes and alerts in a whole record: there may be thousands
MOST_CASES = 50
SOMEBODY, NOT_SHOWN = "Somebody not shown to you", "Not shown to you"
NONE = "There is no case of this family that you may see."


def case_of(engine: Engine, reader: Reader, family_id: str, *, today: dt.date) -> CaseRecord:
    """The casework of a family: its open case, or else the last one somebody may see."""
    with shown(engine, reader, "read_case") as transaction:
        rows = _cases(transaction, reader, family_id)
        if not rows:
            raise NotAllowed(NONE)
        row = _current(rows)
        record = _record(transaction, reader, row, rows, today)
        noted(transaction, reader, "read_case", [family_id], case=row["case_id"])
    return record


def case_head(engine: Engine, reader: Reader, family_id: str, *, today: dt.date) -> CaseHead | None:
    """What stands over the record of a family's casework; nothing where there is none that somebody may see."""
    if reader.role not in case_scope.READ_CASES:
        return None
    with shown(engine, reader, "read_case_head") as transaction:
        rows = _cases(transaction, reader, family_id)
        if not rows:
            return None
        row, hidden = _current(rows), restricted.people_hidden(transaction, reader)
        _, waiting = case_record_reads.alerts(transaction, reader, [row["case_id"]], today, waiting=True, limit=0)
        head = CaseHead(
            line=case_line(row, today),
            dates={name: row[name] for name in DATES},
            earlier=_earlier(rows, row),
            people=tuple((who, name) for who, name in people_of(transaction, dict(row)).items() if who not in hidden),
            waiting_alerts=waiting,
            acts=_acts(transaction, reader, row),
        )
        noted(transaction, reader, "read_case_head", [family_id], case=row["case_id"])
    return head


def notes_of(engine: Engine, reader: Reader, family_id: str, *, page: int = 1, page_size: int = 20) -> NotePage:
    """A page of the notes of a family, the newest contact first."""
    with _part(engine, reader, "read_notes", family_id, page, page_size) as (transaction, case_ids):
        rows, total = case_record_reads.notes(
            transaction, reader, case_ids, limit=page_size, offset=(page - 1) * page_size
        )
        found = _note_views(transaction, rows, case_store.staff_names(transaction))
        actions = case_store.every(transaction, PlanAction, "due_on", case_id=case_ids)
    return NotePage(found, total, tuple((action["action_id"], action["words"]) for action in actions))


def alerts_of(
    engine: Engine,
    reader: Reader,
    family_id: str,
    *,
    today: dt.date,
    waiting: bool,
    page: int = 1,
    page_size: int = 20,
) -> AlertPage:
    """A page of a family's alerts: those that wait for an answer, or those that have one."""
    with _part(engine, reader, "read_alerts", family_id, page, page_size) as (transaction, case_ids):
        rows, total = case_record_reads.alerts(
            transaction, reader, case_ids, today, waiting=waiting, limit=page_size, offset=(page - 1) * page_size
        )
        answers = case_record_reads.last_answers(transaction, [row["alert_id"] for row in rows])
    return AlertPage(tuple(_alert(row, answers.get(row["alert_id"], {})) for row in rows), total)


@contextmanager
def _part(
    engine: Engine, reader: Reader, action: str, family_id: str, page: int, page_size: int
) -> Iterator[tuple[Transaction, list[str]]]:
    """An audited read of one part of a family's casework: the transaction, and the cases somebody may see."""
    if page < 1 or not 1 <= page_size <= MOST_ON_A_PAGE:
        raise Refused(f"A page shows 1 to {MOST_ON_A_PAGE} lines, and pages are counted from 1.")
    with shown(engine, reader, action) as transaction:
        rows = _cases(transaction, reader, family_id)
        if not rows:
            raise NotAllowed(NONE)
        noted(transaction, reader, action, [family_id], page=page)
        yield transaction, [row["case_id"] for row in rows]


def _cases(transaction: Transaction, reader: Reader, family_id: str) -> list[Mapping[str, Any]]:
    rows, _ = case_reads.cases(transaction, reader, Wanted(family_id=family_id), sort="state_since", limit=MOST_CASES)
    return rows


def _current(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next((each for each in rows if each["is_open"]), rows[-1])


def _earlier(rows: Sequence[Mapping[str, Any]], current: Mapping[str, Any]) -> tuple[tuple[str, str, dt.date], ...]:
    return tuple(
        (each["case_id"], state_label("case", each["state"]), each["state_since"])
        for each in rows
        if each is not current
    )


def _alert(row: Mapping[str, Any], answer: Mapping[str, Any]) -> AlertView:
    same = (
        "alert_id",
        "case_id",
        "sentence",
        "person_id",
        "happened_on",
        "raised_on",
        "answer",
        "closed_on",
        "closed_why",
    )
    return AlertView(
        **{name: row[name] for name in same},
        kind_label=workflow().words["alert_kinds"][row["kind"]],
        person=row["name"],
        until=row["snoozed_until"],
        reason=answer.get("reason", ""),
        answered_by=answer.get("answered_by") or answer.get("written_by"),
        answered_on=answer.get("written_on"),
    )


def _record(transaction: Transaction, reader: Reader, row: Any, rows: Any, today: dt.date) -> CaseRecord:
    case_id, names = row["case_id"], case_store.staff_names(transaction)
    assessment = case_store.one(transaction, Assessment, case_id=case_id)
    facts = (
        case_store.every(transaction, AssessedFact, "place", assessment_id=assessment["assessment_id"])
        if assessment
        else []
    )
    hidden = restricted.people_hidden(transaction, reader)
    of_hidden = {fact["place"]: fact["person_id"] for fact in facts if fact["person_id"] in hidden}
    facts = [_unnamed(fact, hidden) for fact in facts]
    parts = {
        part: tuple(
            _named(_unnamed(each, hidden), names)
            for each in case_store.every(transaction, model, order, case_id=case_id)
        )
        for part, (model, order) in PARTS.items()
    }
    parts["corrections"] = tuple(
        _unnamed({"person_id": of_hidden.get(each["place"]), **each}, hidden) for each in parts["corrections"]
    )
    if restricted.without_address(transaction, reader, [row["family_id"]]):
        facts = [without_address(fact) for fact in facts]
        parts["corrections"] = tuple(without_address(each) for each in parts["corrections"])
    return CaseRecord(
        line=case_line(row, today),
        dates={name: row[name] for name in DATES},
        earlier=_earlier(rows, row),
        assessment=assessment and _named(assessment, names),
        facts=tuple(facts),
        needs=_needs(transaction, case_id, hidden),
        goals=_goals(transaction, case_id),
        notes=_note_views(transaction, case_record_reads.notes(transaction, reader, [case_id], limit=NEWEST)[0], names),
        alerts=_newest_alerts(transaction, reader, case_id, today),
        acts=_acts(transaction, reader, row),
        referrer=_referrer(transaction, row),
        **parts,
    )


def _referrer(transaction: Transaction, case: Mapping[str, Any]) -> RowValues | None:
    """Who referred the family; nobody where the records did."""
    if case["came_as"] == "identified" or not case["referral_id"]:
        return None
    row = case_store.one(transaction, Referral, referral_id=case["referral_id"])
    names = ("reporter", "agency", "contact", "received_on", "reasons")
    return {name: row[name] for name in names} if row else None


def _newest_alerts(transaction: Transaction, reader: Reader, case_id: str, today: dt.date) -> tuple[RowValues, ...]:
    """Those that wait before those that have an answer."""
    return tuple(
        row
        for waiting in (True, False)
        for row in case_record_reads.alerts(transaction, reader, [case_id], today, waiting=waiting, limit=NEWEST)[0]
    )


def _named(row: RowValues, names: Mapping[str, str]) -> RowValues:
    """A row with the names of those who wrote and decided it."""
    who = {
        f"{name}_name": names.get(row[name], row[name])
        for name in ("written_by", "decided_by", "worker", "settled_by")
        if row.get(name)
    }
    return row | who


def _unnamed(row: RowValues, hidden: Collection[str]) -> RowValues:
    """A row of somebody hidden from the reader, who may be in another family by now, without who they are or what of.

    It stays in its place: the work with the family counts it, and goes on.
    """
    if row.get("person_id") not in hidden:
        return row
    words = {name: NOT_SHOWN for name in ("said", "own_words", "correction") if row.get(name)}
    return row | {"name": SOMEBODY} | words


def _needs(transaction: Transaction, case_id: str, hidden: Collection[str]) -> tuple[NeedView, ...]:
    scores = case_store.every(transaction, NeedScore, "written_at", case_id=case_id)
    return tuple(
        NeedView(
            **{name: need[name] for name in ("need_id", "label", "strand", "name", "own_words")},
            scores=tuple(
                (score["evidence_on"], score["score"], score["evidence"])
                for score in scores
                if score["need_id"] == need["need_id"]
            ),
        )
        for need in (
            _unnamed(row, hidden) for row in case_store.every(transaction, Need, "written_at", case_id=case_id)
        )
    )


def _goals(transaction: Transaction, case_id: str) -> tuple[GoalView, ...]:
    actions = case_store.every(transaction, PlanAction, "due_on", case_id=case_id)
    of_action = ("action_id", "words", "owner", "due_on", "done_on", "row_version")
    of_goal = ("goal_id", "need_id", "words", "outcome", "owner", "due_on", "reached_on")
    return tuple(
        GoalView(
            **{name: goal[name] for name in of_goal},
            actions=tuple(
                ActionView(**{name: action[name] for name in of_action})
                for action in actions
                if action["goal_id"] == goal["goal_id"]
            ),
        )
        for goal in case_store.every(transaction, Goal, "due_on", case_id=case_id)
    )


def _note_views(transaction: Transaction, notes: Sequence[RowValues], names: Mapping[str, str]) -> tuple[NoteView, ...]:
    people = case_store.every(transaction, NotePerson, note_id=[note["note_id"] for note in notes])
    same = ("note_id", "kind", "contact_on", "child_seen", "seen_alone", "words", "action_id", "criterion", "corrects")
    return tuple(
        NoteView(
            **{name: note[name] for name in same},
            kind_label=workflow().words["note_kinds"][note["kind"]],
            people=tuple((each["person_id"], each["name"]) for each in people if each["note_id"] == note["note_id"]),
            author=names.get(note["written_by"], note["written_by"]),
            written_at=note["written_at"],
        )
        for note in notes
    )


def _acts(transaction: Transaction, reader: Reader, row: Any) -> tuple[str, ...]:
    """What the reader may do with the case as it stands; the acts decide again when they are done."""
    is_theirs = case_scope.found(transaction, FamilyCase, case_scope.may_change(reader), case_id=row["case_id"])
    return tuple(
        act.name
        for act in workflow().acts.values()
        if act.of == "case"
        and may_do(act, reader.role)
        and row["state"] in act.states
        and (is_theirs or act.name == "record_check")
    )


def open_corrections(engine: Engine, reader: Reader) -> tuple[Mapping[str, Any], ...]:
    """Facts that workers found wrong and whose source was not asked yet."""
    with refusals_noted(engine, reader, "list_corrections"):
        if reader.role not in SETTLE_CORRECTIONS or not reader.purpose.strip():
            raise NotAllowed("Corrections are settled with their source by a data analyst: ask one of them.")
        with audited(engine, reader) as transaction:
            rows = case_reads.open_corrections(transaction, reader)
            families = list(dict.fromkeys(row["family_id"] for row in rows))
            withheld = restricted.without_address(transaction, reader, families)
            noted(transaction, reader, "list_corrections", families)
    return tuple(without_address(row) if row["family_id"] in withheld else row for row in rows)
