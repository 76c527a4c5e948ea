"""Visits and notes: a draft while it is written, and once complete a note that is never changed; supervision beside."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from families.casebook import audit, case_scope, case_store
from families.casebook.case_models import Draft, FamilyCase
from families.casebook.case_store import RowValues, Transaction
from families.casebook.case_work_models import CaseNote, NotePerson, PlanAction
from families.casebook.database import audited, writing
from families.casebook.refusals import refusals_noted
from families.casebook.views import Reader
from families.cases.moving import (
    MOST_WORDS,
    Asked,
    Change,
    Changed,
    made_id,
    move,
    said,
    written,
)
from families.cases.people import chosen
from families.cases.workflow import one_of
from families.errors import NotAllowed, Refused

SUPERVISION = "supervision"
NEW_REFERRAL = "new"  # stands for the family of a referral that is still being written
MOST_IN_DRAFT = 4 * MOST_WORDS
A_KIND = re.compile(r"[a-z_]{1,40}(-[0-9a-f]{20})?")  # the second part is the id of a row that is changed
POSTCODE = re.compile(r"\b[A-Z]{1,2}[0-9][0-9A-Z]?\s*[0-9][A-Z]{2}\b", re.IGNORECASE)
WAYS = "road|rd|street|st|avenue|ave|lane|close|drive|way|court|crescent|gardens|place|terrace|grove|walk|hill|square"
ADDRESS = re.compile(rf"\b[0-9]{{1,4}}[a-z]?,?\s+(?:[a-z'’-]+\s+){{1,3}}(?:{WAYS})\b", re.IGNORECASE)


@dataclass(frozen=True)
class SavedDraft:
    """A draft as it was last saved."""

    kind: str
    family_id: str
    version: int
    body: Mapping[str, object]
    saved_at: dt.datetime


@dataclass(frozen=True)
class NoteForm:
    """A note as its form has it when somebody completes it."""

    kind: str  # visit, call, meeting, message
    contact_on: dt.date
    words: str
    person_ids: Sequence[str] = ()
    child_seen: bool = False
    seen_alone: bool = False
    action_id: str | None = None
    criterion: str | None = None
    corrects: str | None = None


def address_warnings(words: str) -> tuple[str, ...]:
    """What in a text looks like where somebody lives. It warns and never blocks, and repeats nothing of the text."""
    warnings = []
    if POSTCODE.search(words):
        warnings.append("This looks like a postcode: an address that must be kept safe does not belong in a note.")
    if ADDRESS.search(words):
        warnings.append("This looks like an address: an address that must be kept safe does not belong in a note.")
    return tuple(warnings)


def kind_of(kind: str, changed: str = "") -> str:
    """The kind of a draft; a change to a row that has others beside it has a draft of its own."""
    return f"{kind}-{changed}" if changed else kind


def plain_kind(kind: str) -> str:
    """The kind of a draft without the row it changes."""
    return kind.partition("-")[0]


def save_draft(
    engine: Engine, by: Reader, family_id: str, kind: str, *, body: Mapping[str, object], version: int
) -> SavedDraft:
    """Save what somebody is writing. `version` is the one it is based on, 0 of a draft that is new."""
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, default=str)
    if not A_KIND.fullmatch(kind) or len(text) > MOST_IN_DRAFT:
        raise Refused(f"A draft has up to {MOST_IN_DRAFT:,} characters: shorten it, or complete the first part.")
    with refusals_noted(engine, by, "save_draft"), writing(engine, by) as transaction:
        _require_own_family(transaction, by, family_id)
        case_store.take_turn(transaction, f"draft {by.staff_id}")
        key: dict[str, Any] = {"author": by.staff_id, "family_id": family_id, "kind": kind}
        there = case_store.one(transaction, Draft, **key)
        if (there["version"] if there else 0) != version:
            theirs = {"version": there["version"], **json.loads(there["body"])} if there else {"version": 0}
            raise Changed(yours={"version": version, **body}, theirs=theirs)
        saved_at = dt.datetime.now(dt.UTC)
        values = {"version": version + 1, "body": text, "saved_at": saved_at}
        if there:
            case_store.change(transaction, Draft, values, **key)
        else:
            case_store.add(transaction, Draft, {**key, **values})
        shown = None if family_id == NEW_REFERRAL else family_id
        detail = {"kind": kind, "before": {"version": version}, "after": {"version": version + 1}}
        audit.note(transaction, by, action="save_draft", family_ids=[shown], detail=detail)
    return SavedDraft(kind, family_id, version + 1, dict(body), saved_at)


def draft(engine: Engine, by: Reader, family_id: str, kind: str) -> SavedDraft | None:
    """One's own draft, where there is one and the family is still one's own."""
    with refusals_noted(engine, by, "read_draft"), audited(engine, by) as transaction:
        _require_own_family(transaction, by, family_id)
        row = case_store.one(transaction, Draft, author=by.staff_id, family_id=family_id, kind=kind)
        shown = None if family_id == NEW_REFERRAL else family_id
        audit.note(transaction, by, action="read_draft", family_ids=[shown], detail={"kind": kind, "found": bool(row)})
    return None if row is None else _draft(row)


def drafts_of(engine: Engine, by: Reader, family_id: str) -> dict[str, SavedDraft]:
    """All of one's own drafts about a family, by kind; in one read."""
    with refusals_noted(engine, by, "read_drafts"), audited(engine, by) as transaction:
        _require_own_family(transaction, by, family_id)
        rows = case_store.every(transaction, Draft, "kind", author=by.staff_id, family_id=family_id)
        kinds = [row["kind"] for row in rows]
        audit.note(transaction, by, action="read_drafts", family_ids=[family_id], detail={"kinds": kinds})
    return {row["kind"]: _draft(row) for row in rows}


def discard_draft(engine: Engine, by: Reader, family_id: str, kind: str) -> None:
    """Throw one's own draft away."""
    with writing(engine, by) as transaction:
        gone = case_store.remove(transaction, Draft, author=by.staff_id, family_id=family_id, kind=kind)
        shown = None if family_id == NEW_REFERRAL else family_id
        detail = {"kind": kind, "before": {"drafts": gone}, "after": {"drafts": 0}}
        audit.note(transaction, by, action="discard_draft", family_ids=[shown], detail=detail)


def _draft(row: RowValues) -> SavedDraft:
    return SavedDraft(row["kind"], row["family_id"], row["version"], json.loads(row["body"]), row["saved_at"])


def _require_own_family(transaction: Transaction, by: Reader, family_id: str) -> None:
    if family_id == NEW_REFERRAL:
        case_scope.require_referrals(by)
        return
    case_scope.require_cases(by)
    if not case_scope.found(transaction, FamilyCase, case_scope.may_change(by), family_id=family_id):
        raise NotAllowed("There is no case under this id that you may write in.")


def write_note(
    engine: Engine, by: Reader, case_id: str, form: NoteForm, *, today: dt.date, token: str, draft_kind: str = ""
) -> str:
    """Complete a note: from now on it is never changed. Its draft, if there is one, is gone with it."""
    one_of("note_kinds", form.kind, what="the kind of note")
    if form.kind == SUPERVISION:
        raise Refused("Supervision has a note of its own, which a manager writes.")
    return _note(engine, by, case_id, form, act="write_note", today=today, token=token, draft_kind=draft_kind)


def supervise(
    engine: Engine, by: Reader, case_id: str, *, held_on: dt.date, words: str, today: dt.date, token: str
) -> str:
    """Write a supervision note about a case."""
    form = NoteForm(kind=SUPERVISION, contact_on=held_on, words=words)
    return _note(engine, by, case_id, form, act="supervise", today=today, token=token, draft_kind=SUPERVISION)


def _note(
    engine: Engine,
    by: Reader,
    case_id: str,
    form: NoteForm,
    *,
    act: str,
    today: dt.date,
    token: str,
    draft_kind: str,
) -> str:
    words = said(form.words, what="the note")
    if form.contact_on > today:
        raise Refused("A contact cannot be on a day to come: correct its date.")
    if form.seen_alone and not form.child_seen:
        raise Refused("A child seen alone was seen: tick both.")
    note_id = made_id(token)

    def write(transaction: Transaction, case: RowValues) -> Change:
        people = chosen(transaction, case, form.person_ids)
        if act == "write_note" and not people:
            raise Refused("Choose whom the note is about.")
        _require_own(transaction, case, form)
        row = {
            **written(by, today),
            **{"note_id": note_id, "case_id": case_id, "role": by.role, "words": words},
            **{name: getattr(form, name) for name in ("kind", "contact_on", "child_seen", "seen_alone")},
            **{name: getattr(form, name) for name in ("action_id", "criterion", "corrects")},
        }
        case_store.add(transaction, CaseNote, row)
        rows = ({"note_id": note_id, "person_id": each.person_id, "name": each.name} for each in people)
        case_store.add(transaction, NotePerson, *rows)
        if draft_kind:
            key: dict[str, Any] = {"author": by.staff_id, "family_id": case["family_id"], "kind": draft_kind}
            case_store.remove(transaction, Draft, **key)
        return Change(result=note_id)

    return move(engine, by, Asked(act, case_id, today, token), write)


def _require_own(transaction: Transaction, case: RowValues, form: NoteForm) -> None:
    """What a note is tied to is the family's own: an action of its plan, a criterion asked of it, one of its notes."""
    of_case = {"case_id": case["case_id"]}
    if form.action_id and case_store.one(transaction, PlanAction, action_id=form.action_id, **of_case) is None:
        raise Refused("This action is not in the family's plan: open the record again.")
    if form.corrects and case_store.one(transaction, CaseNote, note_id=form.corrects, **of_case) is None:
        raise Refused("The note that this one corrects is not the family's: open the record again.")
    asked = {found["criterion"] for found in case_store.findings_of(transaction, case["family_id"])}
    if form.criterion and form.criterion not in asked:
        raise Refused("This criterion is not asked of the family now: choose another, or none.")
