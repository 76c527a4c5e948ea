"""The frames of Needs and plan: only what is on the screen, cells as plain text."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from dashboard import case_tables, tables, words
from families.casebook.views import FindingView
from families.cases import agreeing, planning, reviewing
from families.cases.assessing import MEMBER_SOURCES
from families.cases.views import GoalView, NeedView
from families.cases.workflow import workflow
from families.tables.source_names import source_label

DATES = {
    "identified_on": "Identified",
    "confirmed_on": "Confirmed",
    "allocated_on": "Allocated",
    "keyworker_from": "Worker accepted",
    "assessment_due_on": "Assessment due",
    "assessed_on": "Assessment completed",
    "plan_approved_on": "Plan approved",
    "attached_on": "Attached to the programme",
    "next_review_on": "Next review",
    "closed_on": "Closed",
    "check_due_on": "Six-month check due",
    "checked_on": "Six-month check done",
}
FACT_ANSWERS = {None: "not answered yet", "accepted": "accepted", "corrected": "corrected"}
DECISIONS = {None: "waits for a decision", "approved": "approved", "returned": "given back"}
OWN = ", on their own work as the council allows"
HERE = "This programme’s family record"


def _texts(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> pl.DataFrame:
    plain = [tuple(words.plain(str(cell)) for cell in row) for row in rows]
    return pl.DataFrame(plain, schema=dict.fromkeys(columns, pl.String), orient="row")


def _by(row: Mapping[str, Any], name: str = "written_by") -> str:
    return str(row.get(f"{name}_name") or row.get(name) or "")


def dates(days: Mapping[str, dt.date | None]) -> pl.DataFrame:
    """The days of the work that are known."""
    known = [(label, words.long_date(days[name])) for name, label in DATES.items() if days.get(name)]
    return _texts(("Step", "Day"), known)


def consents(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """What was said for each purpose, the newest first; the last answer of each counts."""
    purposes = workflow().words["consent_purposes"]
    newest = list(reversed(rows))
    counts = _last_answers(newest)
    return _texts(
        ("Purpose", "What was said", "Who", "How", "Day", "Recorded by", "Counts now"),
        [
            (
                purposes.get(row["purpose"], row["purpose"]),
                agreeing.ANSWERS[row["answer"]],
                row["name"],
                row["how"],
                words.short_date(row["written_on"]),
                _by(row),
                "yes" if row["consent_id"] in counts else "no, a later answer does",
            )
            for row in newest
        ],
    )


def _last_answers(newest: Sequence[Mapping[str, Any]]) -> set[str]:
    """Of each person and purpose the last notice, and the last answer."""
    last: dict[tuple[str, str, bool], str] = {}
    for row in newest:
        last.setdefault((row["purpose"], row["name"], row["answer"] == "notice_given"), row["consent_id"])
    return set(last.values())


def helpers(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Who else stands around the family, whoever leads first."""
    ordered = sorted(rows, key=lambda row: (row["ended_on"] is not None, not row["is_lead"], row["name"]))
    return _texts(
        ("Name", "Agency", "Role", "Telephone", "E-mail", "Leads", "Last contact", "Left"),
        [
            (
                *(row[name] for name in ("name", "agency", "job", "phone", "email")),
                "yes" if row["is_lead"] else "no",
                words.short_date(row["last_contact_on"]),
                words.short_date(row["ended_on"]) if row["ended_on"] else "",
            )
            for row in ordered
        ],
    )


def facts(rows: Sequence[Mapping[str, Any]], data_as_of: dt.date | None) -> pl.DataFrame:
    """Each fact with its source, its day, and what the worker found."""
    return _texts(
        ("Who", "What", "Answer", "What the records say", "Source", "As at", "Your answer"),
        [
            (
                row["name"] or tables.FAMILY_ROW,
                row["label"],
                words.outcome(row["outcome"]) if row["outcome"] else "",
                row["said"],
                source_of(row),
                words.short_date(row["dated_on"] or data_as_of),
                FACT_ANSWERS[row["answer"]] + (f": {row['correction']}" if row["correction"] else ""),
            )
            for row in rows
        ],
    )


def source_of(row: Mapping[str, Any]) -> str:
    """Where a fact comes from, as people call it; nothing speaks for what is not known."""
    if row["sources"] == MEMBER_SOURCES:
        return HERE
    named = [source_label(name) for name in row["sources"].split(", ") if name]
    return words.listed(named) if named else words.NOT_SUPPLIED


def origin(row: Mapping[str, Any], assessment: Mapping[str, Any] | None) -> str:
    """The source and day of a fact in a sentence."""
    day = row["dated_on"] or (assessment or {}).get("data_as_of")
    return f"(Source: {source_of(row)}, as at {words.long_date(day)}.)"


def corrections(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """What was asked back to its source, and what came of it."""
    return _texts(
        ("What", "What the records say", "Correction", "Sent", "Answer due", "What came of it"),
        [
            (
                row["label"],
                row["said"],
                row["correction"],
                words.short_date(row["written_on"]),
                words.short_date(row["due_on"]),
                f"{row['told']} ({_by(row, 'settled_by')})" if row["settled_on"] else "not settled yet",
            )
            for row in rows
        ],
    )


def open_corrections(rows: Sequence[Mapping[str, Any]], day: dt.date) -> pl.DataFrame:
    """What waits to be asked of its source, with the source and the day it is due."""
    return _texts(
        ("Family", "What", "What the records say", "Source", "Correction", "Due"),
        [
            (
                row["family_id"],
                row["label"],
                row["said"],
                source_of(row),
                row["correction"],
                case_tables.due(row["due_on"], day),
            )
            for row in rows
        ],
    )


def needs(them: Sequence[NeedView]) -> pl.DataFrame:
    """Each need with its baseline: a score, what shows it, and when."""
    return _texts(
        ("Need", "Whose", "In their own words", "Score at the start", "What shows it", "Day"),
        [
            (
                need.label,
                need.name or tables.FAMILY_ROW,
                need.own_words,
                need.baseline,
                need.scores[0][2],
                words.short_date(need.scores[0][0]),
            )
            for need in them
        ],
    )


def then_and_now(them: Sequence[NeedView]) -> pl.DataFrame:
    """Scores of each need; needs of the same name are told apart by whose they are."""
    labels = [need.label for need in them]
    names: list[str] = []
    for need in them:
        name = need.label if labels.count(need.label) == 1 else f"{need.label} ({need.name or tables.FAMILY_ROW})"
        names.append(f"{name}, no. {names.count(name) + 1}" if name in names else name)
    return pl.DataFrame(
        {
            "Need": [words.plain(name) for name in names],
            "At the start": [need.baseline for need in them],
            "Before": [need.baseline if need.previous is None else need.previous for need in them],
            "Now": [need.now for need in them],
            "What shows it now": [words.plain(need.scores[-1][2]) for need in them],
        },
        schema={"Need": pl.String, "At the start": pl.Int64, "Before": pl.Int64, "Now": pl.Int64}
        | {"What shows it now": pl.String},
    )


def plan(goals: Sequence[GoalView], day: dt.date, added: Collection[str]) -> pl.DataFrame:
    """Goals with the actions towards each; `added` are those that nobody has approved."""
    return _texts(
        ("Goal", "Outcome", "Action", "Who", "Due", "Done"),
        [
            row
            for goal in goals
            for row in [
                (
                    goal.words,
                    goal.outcome,
                    "",
                    goal.owner,
                    _due(goal.due_on, goal.reached_on, day),
                    _done(goal.reached_on, is_added=goal.goal_id in added),
                ),
                *(
                    (
                        "",
                        "",
                        action.words,
                        action.owner,
                        _due(action.due_on, action.done_on, day),
                        _done(action.done_on, is_added=action.action_id in added),
                    )
                    for action in goal.actions
                ),
            ]
        ],
    )


def _due(due_on: dt.date, done_on: dt.date | None, day: dt.date) -> str:
    return words.short_date(due_on) if done_on else case_tables.due(due_on, day)


def _done(done_on: dt.date | None, *, is_added: bool) -> str:
    said = words.short_date(done_on) if done_on else "not yet"
    return f"{said}; {planning.NOT_APPROVED}" if is_added else said


def handed_in(goals: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """A version of the plan as it was frozen when it was handed in."""

    def day(value: str) -> str:
        return words.short_date(dt.date.fromisoformat(value))

    return _texts(
        ("Goal", "Outcome", "Action", "Who", "Due"),
        [
            row
            for goal in goals
            for row in [
                (goal["words"], goal["outcome"], "", goal["owner"], day(goal["due_on"])),
                *(("", "", each["words"], each["owner"], day(each["due_on"])) for each in goal["actions"]),
            ]
        ],
    )


def plan_versions(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Each version handed in, the newest first, with what was decided."""
    return _texts(
        ("Version", "Handed in", "By", "Decision", "Decided by", "What was said"),
        [
            (
                row["number"],
                words.short_date(row["written_on"]),
                _by(row),
                DECISIONS[row["decision"]] + (f", {words.short_date(row['decided_on'])}" if row["decided_on"] else ""),
                _decider(row, json.loads(row["authors"])),
                row["reason"] or "",
            )
            for row in reversed(rows)
        ],
    )


def _decider(row: Mapping[str, Any], authors: Sequence[str]) -> str:
    """Who decided, and that it was their own work where it was."""
    return _by(row, "decided_by") + (OWN if row["decided_by"] in authors else "")


def reviews(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Reviews as columns, the last two side by side: what was found then and what is found now."""
    last, before = rows[-1], rows[-2] if len(rows) > 1 else None
    shown = {f"Last review, {words.short_date(last['held_on'])}": last}
    if before is not None:
        shown = {f"Before, {words.short_date(before['held_on'])}": before} | shown
    lines = (
        ("What was found", lambda row: row["words"]),
        ("What the family says", lambda row: row["family_view"]),
        ("Next review then set for", lambda row: words.long_date(row["next_on"])),
        ("Held by", _by),
    )
    return _texts(("What", *shown), [(label, *(said(row) for row in shown.values())) for label, said in lines])


def since(findings: Sequence[FindingView], alerts: Sequence[Mapping[str, Any]], day: dt.date) -> pl.DataFrame:
    """What came from the records after a day, the newest first."""
    found = [
        (each.newest_on, each.person_name or tables.FAMILY_ROW, each.label, each.sentence)
        for each in findings
        if each.newest_on is not None and each.newest_on > day
    ]
    raised = [
        (each["raised_on"], each["name"] or tables.FAMILY_ROW, "Alert", each["sentence"])
        for each in alerts
        if each["raised_on"] > day and each["closed_on"] is None  # a closed one is what the records say no more
    ]
    rows = sorted([*found, *raised], key=lambda row: row[0], reverse=True)
    return _texts(
        ("Day", "Who", "What", "What the records say"), [(words.short_date(row[0]), *row[1:]) for row in rows]
    )


def levels(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Steps up and down, the newest first."""
    names = workflow().words["levels"]
    return _texts(
        ("Day", "From", "To", "Who works with the family", "Why", "By"),
        [
            (
                words.short_date(row["written_on"]),
                names.get(row["level_from"], row["level_from"]),
                names.get(row["level_to"], row["level_to"]),
                row["to_whom"],
                row["reason"],
                _by(row),
            )
            for row in reversed(rows)
        ],
    )


def closure(row: Mapping[str, Any]) -> pl.DataFrame:
    """A closure checklist with what was decided of it."""
    reasons = workflow().words["closure_reasons"]
    decided = DECISIONS[row["decision"]]
    if row["decided_on"]:
        decided += f" on {words.long_date(row['decided_on'])} by {_decider(row, [row['written_by']])}"
    return _texts(
        ("What", "Said"),
        [
            ("Reason", reasons.get(row["reason"], row["reason"])),
            ("Outcomes", row["outcomes"]),
            ("Open actions", row["open_actions"] or "none"),
            ("Safety", row["safety"]),
            ("Support from now on", row["step_down_to"]),
            ("What the family says", row["family_view"]),
            ("Decision", decided),
            *([("What was said", row["decided_reason"])] if row["decided_reason"] else []),
        ],
    )


def checks(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """What was found six months after closure."""
    return _texts(
        ("Day", "What was found", "What shows it", "By"),
        [
            (words.short_date(row["written_on"]), reviewing.CHECK_RESULTS[row["result"]], row["words"], _by(row))
            for row in rows
        ],
    )
