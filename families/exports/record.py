"""A family's chronology and plan to hand over. Whoever may read them may export them, and it is written down first."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy import Engine

from families.casebook import audit, reading
from families.casebook.access import require_recent
from families.casebook.database import audited
from families.casebook.refusals import refusals_noted
from families.casebook.views import Reader
from families.cases.chronology import KINDS, Filter, chronology
from families.cases.planning import NOT_APPROVED, added_since_approval
from families.cases.record import case_head, case_of
from families.cases.views import CaseRecord, Event
from families.errors import NotAllowed, Refused
from families.exports.document import PURPOSES, Document, Part, header, long_day, made_at
from families.exports.pdf import pdf
from families.exports.workbook import workbook
from families.settings import Settings

FORMATS: Mapping[str, tuple[Callable[[Document], bytes], str]] = {
    "pdf": (pdf, "application/pdf"),
    "xlsx": (workbook, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


Made: TypeAlias = tuple[str, list[Part], int, int]  # title, parts, entries in it, entries left out


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to take out, in which form and for what."""

    what: str  # chronology, plan
    family_id: str
    form: str  # pdf, xlsx
    purpose: str
    chosen: Filter = field(default_factory=Filter)


@dataclass(frozen=True)
class Export:
    """A file as it is handed over; its name has an id and no name of a person."""

    file_name: str
    media_type: str
    content: bytes


def export(engine: Engine, reader: Reader, wanted: Wanted, *, made_by: str, today: dt.date, at: dt.datetime) -> Export:
    """Make a document and write down that it was made, for whom and of what; only then is it given."""
    if wanted.form not in FORMATS or wanted.what not in DOCUMENTS or wanted.purpose not in PURPOSES:
        raise Refused("There is no such export: open the record again.")
    with refusals_noted(engine, reader, f"export_{wanted.what}"):
        require_recent(reader)
    number = uuid.uuid4().hex[:12]
    head = case_head(engine, reader, wanted.family_id, today=today)
    if head is None:
        raise NotAllowed("There is no case of this family that you may see.")
    title, parts, count, left_out = DOCUMENTS[wanted.what](engine, reader, wanted, today)
    data = reading.data_as_at(engine)
    told = header(
        council=Settings().council,
        is_sample=data.is_sample,
        as_of=data.as_of,
        made_by=made_by,
        made_at=made_at(at, number),
        purpose=wanted.purpose,
    )
    family = ("Family", f"{head.line.family_name}, {wanted.family_id}")
    over = [family, *told, *([("Left out", _left_out(left_out))] if left_out else [])]
    document = Document(f"{title}: {head.line.family_name}", made_by, over, parts, wanted.what != "plan")
    make, media_type = FORMATS[wanted.form]
    content = make(document)
    _write_down(engine, reader, wanted, number=number, content=content, count=count, left_out=left_out)
    file_name = f"official-sensitive_{wanted.what}_{wanted.family_id}_{number}.{wanted.form}"
    return Export(file_name, media_type, content)


def _left_out(number: int) -> str:
    """That something is not in it, and nothing of what or of whom."""
    return "1 entry is left out." if number == 1 else f"{number} entries are left out."


def _write_down(
    engine: Engine, reader: Reader, wanted: Wanted, *, number: str, content: bytes, count: int, left_out: int
) -> None:
    chosen = wanted.chosen
    detail = {
        **{"export": number, "form": wanted.form, "for": wanted.purpose, "left_out": left_out},
        "sha256": hashlib.sha256(content).hexdigest(),
        "filter": {
            "kinds": sorted(chosen.kinds),
            "people": sorted(chosen.person_ids),
            "from": chosen.from_day.isoformat() if chosen.from_day else None,
            "to": chosen.to_day.isoformat() if chosen.to_day else None,
            "only_significant": chosen.only_significant,
        },
    }
    with audited(engine, reader) as transaction:
        action = f"export_{wanted.what}"
        audit.note(transaction, reader, action=action, family_ids=[wanted.family_id], detail=detail, result_count=count)


def _chronology(engine: Engine, reader: Reader, wanted: Wanted, today: dt.date) -> Made:
    events = chronology(engine, reader, wanted.family_id, wanted.chosen)
    given = [event for event in events if not event.stays_inside]
    rows = [_event(event) for event in reversed(given)]  # on paper a life is read forwards
    columns = ("When", "Kind", "What", "What it meant", "Who", "By")
    none = "No event is within what was chosen."
    return "Chronology", [Part("Events", columns, rows, (2, 2, 8, 4, 3, 2), none)], len(rows), len(events) - len(given)


def _event(event: Event) -> tuple[dt.date, str, str, str, str, str]:
    told = event.words if event.kind == "curated" else ": ".join(filter(None, (event.title, event.words)))
    kind = KINDS[event.kind] + (", significant" if event.is_significant else "")
    return event.on, kind, told, event.impact, ", ".join(name for _, name in event.people), event.by or ""


def _plan(engine: Engine, reader: Reader, wanted: Wanted, today: dt.date) -> Made:
    case = case_of(engine, reader, wanted.family_id, today=today)
    parts = [_standing(case), _needs(case), _goals(case), _team(case), _reviews(case)]
    return "Family plan", parts, sum(len(part.rows) for part in parts[1:]), 0


def _standing(case: CaseRecord) -> Part:
    line, approved = case.line, case.dates["plan_approved_on"]
    rows = [
        ("Stage", f"{line.state_label.capitalize()}, since {long_day(line.state_since)}"),
        ("Lead worker", line.worker_name or "nobody yet"),
        ("Plan approved", long_day(approved) or "not approved: this is a draft"),
        ("Next review", long_day(case.dates["next_review_on"]) or "none is set"),
    ]
    return Part("Where the work stands", ("What", "How it stands"), rows, (1, 3))


def _needs(case: CaseRecord) -> Part:
    rows = [
        (need.label, need.name or "The family", need.own_words, f"{need.baseline} of 10", f"{need.now} of 10")
        for need in case.needs
    ]
    return Part("Needs", ("Need", "Whose", "In their own words", "At first", "Now"), rows, (3, 2, 5, 1, 1))


def _goals(case: CaseRecord) -> Part:
    rows: list[Sequence[str | dt.date | None]] = []
    added = added_since_approval(case)
    for goal in case.goals:
        reached = _done(goal.reached_on, "reached", is_added=goal.goal_id in added)
        rows.append((goal.words, f"Goal: {goal.outcome}", goal.owner, goal.due_on, reached))
        for each in goal.actions:
            done = _done(each.done_on, "done", is_added=each.action_id in added)
            rows.append((each.words, "Action", each.owner, each.due_on, done))
    return Part("Goals and actions", ("What", "Kind", "Who", "By when", "Result"), rows, (5, 2, 2, 2, 2))


def _done(day: dt.date | None, word: str, *, is_added: bool) -> str:
    said = f"{word} {long_day(day)}" if day else "open"
    return f"{said}; {NOT_APPROVED}" if is_added else said


def _team(case: CaseRecord) -> Part:
    rows = [
        (each["name"] + (" (lead)" if each["is_lead"] else ""), each["job"], each["agency"], each["phone"])
        for each in case.helpers
        if each["ended_on"] is None
    ]
    return Part("Team around the family", ("Name", "Job", "Agency", "Telephone"), rows, (2, 2, 2, 2))


def _reviews(case: CaseRecord) -> Part:
    rows = [(each["held_on"], each["words"], each["family_view"], each["next_on"]) for each in case.reviews]
    return Part("Reviews", ("Held", "What was found", "What the family says", "Next"), rows, (1, 4, 4, 1))


DOCUMENTS: Mapping[str, Callable[[Engine, Reader, Wanted, dt.date], Made]] = {
    "chronology": _chronology,
    "plan": _plan,
}


def as_json(wanted: Wanted) -> str:
    """What is wanted, as a link carries it: ids, days and codes, never a name."""
    chosen = wanted.chosen
    told = {
        **{name: getattr(wanted, name) for name in ("what", "family_id", "form", "purpose")},
        **{"kinds": list(chosen.kinds), "people": list(chosen.person_ids), "significant": chosen.only_significant},
        "from": chosen.from_day.isoformat() if chosen.from_day else None,
        "to": chosen.to_day.isoformat() if chosen.to_day else None,
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> Wanted:
    """What a link carries."""
    told = json.loads(text)
    chosen = Filter(
        kinds=tuple(told["kinds"]),
        person_ids=tuple(told["people"]),
        from_day=dt.date.fromisoformat(told["from"]) if told["from"] else None,
        to_day=dt.date.fromisoformat(told["to"]) if told["to"] else None,
        only_significant=bool(told["significant"]),
    )
    return Wanted(**{name: str(told[name]) for name in ("what", "family_id", "form", "purpose")}, chosen=chosen)
