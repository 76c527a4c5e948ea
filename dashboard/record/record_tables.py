"""The frames of the family record's casework: notes, alerts, chronology, next steps, who looked. Plain cells only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl

from dashboard import case_tables, words
from families.casebook.access_log import Looked
from families.cases.chronology import KINDS
from families.cases.views import AlertView, CaseHead, CaseRecord, Event, NotePage, NoteView

ANSWERS = {"acknowledged": "Acknowledged", "snoozed": "Put off"}


def standing(head: CaseHead, day: dt.date) -> pl.DataFrame:
    """Where the work stands, as what and how."""
    line = head.line
    due = f"{line.next_due} {case_tables.due(line.next_due_on, day)}" if line.next_due_on else "Nothing is due."
    dates = {"Assessed": "assessed_on", "Plan approved": "plan_approved_on", "Attached (set by rule)": "attached_on"}
    rows = [
        ("Stage", f"{line.state_label.capitalize()}, since {words.short_date(line.state_since)}"),
        ("Lead worker", words.plain(line.worker_name or "nobody yet")),
        ("Next", due),
        ("Last step", words.short_date(line.last_step_on)),
        *(
            (label, words.short_date(head.dates[name]) if head.dates[name] else "not yet")
            for label, name in dates.items()
        ),
        *((f"Earlier case, {state}", f"since {words.short_date(since)}") for _, state, since in head.earlier),
    ]
    return _texts(("What", "How it stands"), rows)


def actions(case: CaseRecord, day: dt.date, *, most: int) -> pl.DataFrame:
    """The next actions of the plan, the first due first."""
    open_ones = [each for goal in case.goals for each in goal.actions if each.done_on is None]
    rows = [
        (words.plain(each.words), words.plain(each.owner), case_tables.due(each.due_on, day))
        for each in sorted(open_ones, key=lambda each: (each.due_on, each.action_id))[:most]
    ]
    return _texts(("Action", "Who", "Due"), rows)


def alerts(them: Sequence[AlertView]) -> pl.DataFrame:
    """Alerts with the last answer to each."""
    rows = [
        (
            each.kind_label,
            words.plain(each.sentence),
            words.plain(each.person or "The family"),
            words.short_date(each.happened_on or each.raised_on),
            answer(each),
        )
        for each in them
    ]
    return _texts(("Alert", "What", "Who", "When", "Answer"), rows)


def answer(alert: AlertView) -> str:
    """What somebody did about an alert, in a sentence."""
    closed = f"Closed {words.short_date(alert.closed_on)}: {alert.closed_why}" if alert.closed_on else ""
    if alert.answer is None:
        return closed or "Waits for an answer"
    until = f" until {words.short_date(alert.until)}" if alert.until else ""
    who = f"{words.plain(alert.answered_by or 'somebody')}, {words.short_date(alert.answered_on)}"
    return f"{ANSWERS[alert.answer]}{until} by {who}: {words.plain(alert.reason)} {closed}".rstrip()


def note(each: NoteView, page: NotePage, criteria: Mapping[str, str]) -> pl.DataFrame:
    """What is known of a note beside its words."""
    others = {other.note_id: other for other in page.notes}
    seen = "Seen alone" if each.seen_alone else "Seen" if each.child_seen else "No child was seen"
    rows = [
        ("Who", words.listed(words.plain(name) for _, name in each.people) or "Nobody named"),
        ("Child", seen),
        ("Written by", f"{words.plain(each.author)}, {words.local_time(each.written_at)}"),
    ]
    if each.action_id:
        rows.append(("Action of the plan", words.plain(dict(page.actions).get(each.action_id, "an earlier action"))))
    if each.criterion:
        rows.append(("Evidence for", criteria.get(each.criterion, each.criterion)))
    if each.corrects:
        told = others.get(each.corrects)
        named = f"{told.kind_label}, {words.short_date(told.contact_on)}" if told else "an earlier note"
        rows.append(("Corrects", named))
    rows += [
        ("Corrected by", f"{other.kind_label}, {words.short_date(other.contact_on)}")
        for other in page.notes
        if other.corrects == each.note_id
    ]
    return _texts(("What", "Which"), rows)


def events(them: Sequence[Event]) -> pl.DataFrame:
    """Events of the chronology, in the order given."""
    rows = [
        (
            words.short_date(each.on),
            KINDS[each.kind] + (", significant" if each.is_significant else ""),
            words.plain(each.title) if each.kind != "curated" else "",
            words.plain(each.words),
            words.plain(each.impact),
            words.listed(words.plain(name) for _, name in each.people),
            words.plain(each.by or ""),
        )
        for each in them
    ]
    return _texts(("When", "Kind", "Event", "Words", "What it meant", "Who", "By"), rows)


def looked(them: Sequence[Looked]) -> pl.DataFrame:
    """Who was shown the family, when, in which role and what for."""
    rows = [
        (
            words.local_time(each.at),
            words.plain(each.name),
            each.role_label,
            words.plain(each.purpose),
            _done(each.action),
        )
        for each in them
    ]
    return _texts(("When", "Who", "Role", "Purpose", "What they did"), rows)


def _done(action: str) -> str:
    return action.replace("_", " ").capitalize()


def _texts(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
