"""At a glance: who is in the family, what it needs, what comes next, who helps and what happened last, on one screen.

The tables below it and on the other tabs say each of these in full.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl
import streamlit as st

from dashboard import case_tables, frame, tables, words
from dashboard.record.genogram import PARENT_AWAY, PARENT_HERE
from families.casebook.views import FamilyRecord, Member, Tie
from families.cases.planning import added_since_approval
from families.cases.views import CaseHead, CaseRecord, Event

MOST_MEMBERS, MOST_PEOPLE, MOST_NEEDS, MOST_CHARACTERS = 8, 3, 4, 70
NO_CASE = "Nobody works with this family yet."
NOT_TOLD = "Whether somebody works with this family is not shown to your role."


def show(
    record: FamilyRecord | None,
    head: CaseHead | None,
    case: CaseRecord | None,
    events: Sequence[Event],
    day: dt.date,
    *,
    no_case: str,
) -> None:
    """Members on the left, the work on the right, or what there is to say where no case is shown."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        who = members(record, head)
        frame.plain_table(who.head(MOST_MEMBERS), "Who is in the family, at a glance")
        if len(who) > MOST_MEMBERS:
            st.caption(f"And {len(who) - MOST_MEMBERS} more, in the table below.")
        if record is not None and (asked := second_parent(record.members, record.ties)):
            st.markdown(f":material/help: {words.escape_markdown(asked)}")
    with right:
        st.markdown("  \n".join(_lines(record, case, events, day, no_case)))


def members(record: FamilyRecord | None, head: CaseHead | None) -> pl.DataFrame:
    """Each person with age, relationship, where they live and school; of a family known by its case alone the names."""
    columns = ("Name", "Age", "Relationship", "Lives", "School")
    if record is None:
        people = head.people if head else ()
        rows = [(words.plain(name), *[words.NOT_KNOWN] * 4) for _, name in people]
    else:
        rows = [
            (
                words.plain(each.name),
                words.age(each.age),
                words.role(each.role),
                "here" if each.is_resident else "elsewhere",
                each.school or (words.NOT_SUPPLIED if each.role == "child" else ""),
            )
            for each in record.members
        ]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def second_parent(them: Sequence[Member], ties: Sequence[Tie]) -> str:
    """A prompt to ask, naming the children of whom fewer than two parents are known; blank where there are none."""
    children = [each for each in them if each.role == "child"]
    names = dict(zip((each.person_id for each in children), tables.distinct_names(children), strict=True))
    adults = {each.person_id for each in them if each.role != "child"}
    parents: dict[str, set[str]] = {who: set() for who in names}
    for tie in ties:
        if tie.tie in PARENT_HERE | PARENT_AWAY:
            for child, adult in ((tie.person_a, tie.person_b), (tie.person_b, tie.person_a)):
                if child in parents and adult in adults:
                    parents[child].add(adult)
    lacking = [names[who] for who, known in parents.items() if len(known) < 2]
    if not lacking:
        return ""
    return f"No second parent is known of {words.listed(lacking)}: ask the family who and where they are."


def _lines(
    record: FamilyRecord | None, case: CaseRecord | None, events: Sequence[Event], day: dt.date, no_case: str
) -> list[str]:
    met = tables.strands_that_are("met", record.strands) if record else words.NOT_KNOWN
    if case is None:
        return [_said("Strands met", met), no_case]
    return [
        _said("Needs", needs(case, met)),
        _said("Plan", plan(case, day)),
        "**People involved**",
        *(words.escape_markdown(line) for line in people_involved(case)),
        "**Last significant events**",
        *(words.escape_markdown(line) for line in last_events(events)),
    ]


def _said(what: str, told: str) -> str:
    return f"**{what}:** {words.escape_markdown(told)}"


def needs(case: CaseRecord, met: str) -> str:
    """The needs as scored, by strand where they have one; before the assessment the strands that are met."""
    if not case.needs:
        return f"not assessed yet; strands met: {met}"
    said = [f"{words.plain(each.label)} {each.baseline}, now {each.now}" for each in case.needs[:MOST_NEEDS]]
    more = [f"{len(case.needs) - MOST_NEEDS} more"] if len(case.needs) > MOST_NEEDS else []
    return f"{'; '.join([*said, *more])} (of 10)"


def plan(case: CaseRecord, day: dt.date) -> str:
    """The plan that is in force, its open actions, and the next review."""
    approved, review = case.dates["plan_approved_on"], case.dates["next_review_on"]
    said = f"approved {words.short_date(approved)}" if approved else "none is approved yet"
    if added := len(added_since_approval(case)):
        said += f", {words.counted(added, 'goal or action', 'goals or actions')} added since"
    open_actions = sum(each.done_on is None for goal in case.goals for each in goal.actions)
    actions = f", {words.counted(open_actions, 'open action')}" if case.goals else ""
    return f"{said}{actions}. Next review: {case_tables.due(review, day) if review else 'none is set'}"


def people_involved(case: CaseRecord) -> list[str]:
    """Whoever leads first: name, agency and how to reach them."""
    there = sorted((row for row in case.helpers if row["ended_on"] is None), key=lambda row: not row["is_lead"])
    shown = [
        _short(", ".join(filter(None, (row["name"], row["agency"], row["phone"] or row["email"]))))
        for row in there[:MOST_PEOPLE]
    ]
    more = [f"and {len(there) - MOST_PEOPLE} more"] if len(there) > MOST_PEOPLE else []
    return [*shown, *more] or ["nobody else is known"]


def last_events(events: Sequence[Event]) -> list[str]:
    """The newest significant events, a line each."""
    return [_short(f"{words.short_date(each.on)}: {words.plain(each.words or each.title)}") for each in events] or [
        "none is marked yet"
    ]


def _short(text: str) -> str:
    text = words.plain(text)
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1].rstrip()}…"
