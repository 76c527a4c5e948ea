"""Lists that people work from. Each decides who may, reads, and writes down every family shown before giving any."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from statistics import median_low
from typing import Any

from sqlalchemy import Engine

from families.casebook import audit, case_reads, case_scope, case_store
from families.casebook.case_reads import SORTS, Wanted
from families.casebook.case_store import Transaction
from families.casebook.database import audited
from families.casebook.leave import leave_of
from families.casebook.refusals import refusals_noted
from families.casebook.row_security import Reach
from families.casebook.views import Reader
from families.cases.alerts import SHOWN_BY
from families.cases.attendance import attendance_now
from families.cases.noting import plain_kind
from families.cases.views import (
    CaseLine,
    CaseList,
    NeedOutcome,
    ScoredFamilies,
    Stage,
    StageTime,
    Today,
    TodayLine,
    WorkerLoad,
)
from families.cases.workflow import CountedStage, clock, in_words, state_label, workflow
from families.dates import months_before
from families.errors import NotAllowed, Refused

MOST_ON_A_PAGE = 200
MOST_ON_TODAY = 1000
SOON = dt.timedelta(days=7)
NEW = dt.timedelta(days=30)
HAVE_A_DAY = frozenset({"caseworker", "team_manager", "programme_manager"})  # for whom something may wait
DAILY = frozenset({"caseworker", "team_manager"})  # whose day is made of what is due
ALLOCATORS = frozenset({"team_manager", "programme_manager"})
OVERSEERS = frozenset({"team_manager", "programme_manager", "auditor", "ig_officer"})
ASK_OUTCOMES = frozenset({"programme_manager"})
IDENTIFIED = "identified"  # families of the run that nobody has decided on, and cases that wait
STAGES = {name: stage for name, stage in workflow().stages.items() if stage.states}
OF_CASES = frozenset(act.name for act in workflow().acts.values() if act.of == "case")
STAGE_OF = {state: name for name, stage in STAGES.items() for state in stage.states}
QUARTER = 3  # months
DUE = {
    "accepted": "assessment",
    "planned": "review",
    "reviewing": "review",
    "closed": "six-month check",
}


@contextmanager
def shown(
    engine: Engine,
    reader: Reader,
    action: str,
    roles: frozenset[str] | None = None,
    *,
    reach: Reach = Reach.OWN,
) -> Iterator[Transaction]:
    """An audited read of casework by whoever may; a refusal is written down."""
    with refusals_noted(engine, reader, action):
        case_scope.require_cases(reader)
        if roles is not None and reader.role not in roles:
            raise NotAllowed(f"This list is for {in_words(roles)}: ask one of them.")
        with audited(engine, reader, reach) as transaction:
            yield transaction


def noted(transaction: Transaction, reader: Reader, action: str, families: Iterable[str | None], **detail: Any) -> None:
    """Write down who was shown which families."""
    ids: list[str | None] = list(dict.fromkeys(families))
    audit.note(transaction, reader, action=action, family_ids=ids or [None], detail=detail)


def _list(
    engine: Engine,
    reader: Reader,
    wanted: Wanted,
    *,
    action: str,
    today: dt.date,
    sort: str,
    page: int,
    page_size: int,
    roles: frozenset[str] | None = None,
    with_attendance: bool = False,
) -> CaseList:
    if sort not in SORTS:
        raise Refused(f"Cases cannot be sorted so; choose one of {', '.join(SORTS)}.")
    if page < 1 or not 1 <= page_size <= MOST_ON_A_PAGE:
        raise Refused(f"A page shows 1 to {MOST_ON_A_PAGE} families, and pages are counted from 1.")
    with shown(engine, reader, action, roles) as transaction:
        rows, total = case_reads.cases(
            transaction, reader, wanted, sort=sort, limit=page_size, offset=(page - 1) * page_size
        )
        attendance = attendance_now(transaction, reader, rows, today) if with_attendance else {}
        noted(transaction, reader, action, (row["family_id"] for row in rows), page=page, sort=sort)
    return CaseList(tuple(case_line(row, today) for row in rows), total, attendance)


def case_line(row: Any, today: dt.date) -> CaseLine:
    """A case as lists show it."""
    due = row["next_due_on"]
    is_clock = due is not None and due == row["clock_on"]
    what = DUE.get(row["state"], "action") if is_clock else "action"
    names = ("case_id", "family_id", "family_name", "state", "state_since", "worker", "worker_name", "team_id")
    more = ("children", "level", "priority", "last_step_on", "row_version")
    return CaseLine(
        **{name: row[name] for name in (*names, *more)},
        state_label=state_label("case", row["state"]),
        next_due_on=due,
        next_due="" if due is None else f"The {what} is due." if what != "action" else "An action of the plan is due.",
        is_overdue=due is not None and due < today,
        may_change=bool(row["may_change"]),
    )


def my_families(
    engine: Engine,
    reader: Reader,
    *,
    today: dt.date,
    states: Iterable[str] = (),
    worker: str | None = None,
    with_past: bool = False,
    sort: str = "next_due",
    page: int = 1,
    page_size: int = 25,
) -> CaseList:
    """The open cases of somebody's scope; with their past ones, those they closed or handed on."""
    asked = tuple(states)
    if not asked and not with_past:
        asked = tuple(sorted(workflow().groups["open"]))
    return _list(
        engine,
        reader,
        Wanted(states=asked, worker=worker),
        action="list_cases",
        today=today,
        sort=sort,
        page=page,
        page_size=page_size,
        with_attendance=True,
    )


def not_progressing(
    engine: Engine, reader: Reader, *, today: dt.date, days: int | None = None, page: int = 1, page_size: int = 25
) -> CaseList:
    """Open cases of which no step was recorded for some days, the longest first."""
    since = today - dt.timedelta(days=clock("not_progressing_days") if days is None else days)
    wanted = Wanted(states=tuple(sorted(workflow().groups["open"])), idle_since=since)
    return _list(
        engine,
        reader,
        wanted,
        action="list_not_progressing",
        today=today,
        sort="last_step",
        page=page,
        page_size=page_size,
    )


def pipeline(engine: Engine, reader: Reader, *, today: dt.date) -> tuple[Stage, ...]:
    """How many families are in each stage; each count is that of the list which `pipeline_list` gives."""
    with shown(engine, reader, "read_pipeline", OVERSEERS) as transaction:
        where = case_reads.in_states(transaction, reader)
        moves = case_reads.moves_since(transaction, reader, months_before(today, 1), acts=OF_CASES)
        noted(transaction, reader, "read_pipeline", (), stages=len(STAGES))
    return tuple(_stage(name, counted, where, moves, today) for name, counted in STAGES.items())


def _stage(
    name: str,
    counted: CountedStage,
    where: list[tuple[str, dt.date]],
    moves: list[tuple[str | None, str | None]],
    today: dt.date,
) -> Stage:
    days = [(today - since).days for state, since in where if state in counted.states]
    came = sum(after in counted.states for _, after in moves)
    went = sum(before in counted.states for before, _ in moves)
    return Stage(name, counted.label, counted.means, len(days), came - went, median_low(days) if days else None)


def pipeline_list(
    engine: Engine, reader: Reader, stage: str, *, today: dt.date, page: int = 1, page_size: int = 25
) -> CaseList:
    """The families in one stage of the pipeline."""
    if stage not in STAGES:
        raise Refused("There is no such stage.")
    return _list(
        engine,
        reader,
        Wanted(states=STAGES[stage].states),
        action="list_stage",
        today=today,
        sort="state_since",
        page=page,
        page_size=page_size,
        roles=OVERSEERS,
    )


def stage_times(engine: Engine, reader: Reader, *, today: dt.date) -> tuple[StageTime, ...]:
    """How long families were in each stage that they left in the last quarter, and in the one before."""
    since, before = months_before(today, QUARTER), months_before(today, 2 * QUARTER)
    with shown(engine, reader, "read_stage_times", OVERSEERS) as transaction:
        stays = case_reads.stays_ended(transaction, reader, before, stages=STAGE_OF, acts=OF_CASES)
        noted(transaction, reader, "read_stage_times", (), stays=len(stays))
    return tuple(
        StageTime(
            name,
            counted.label,
            tuple(sorted((went - came).days for stage, came, went in stays if stage == name and went > since)),
            tuple(sorted((went - came).days for stage, came, went in stays if stage == name and went <= since)),
        )
        for name, counted in STAGES.items()
    )


def referrals_by_week(
    engine: Engine, reader: Reader, *, today: dt.date, weeks: int = 26
) -> tuple[tuple[dt.date, int], ...]:
    """How many referrals came in each whole week, by its Monday; weeks without any are among them."""
    this_week = today - dt.timedelta(days=today.weekday())
    mondays = [this_week - dt.timedelta(weeks=number) for number in range(weeks, 0, -1)]
    with shown(engine, reader, "read_referrals_by_week", OVERSEERS) as transaction:
        days = case_reads.received_since(transaction, reader, mondays[0])
        noted(transaction, reader, "read_referrals_by_week", (), weeks=weeks)
    counts = Counter(day - dt.timedelta(days=day.weekday()) for day in days)
    return tuple((monday, counts[monday]) for monday in mondays)


def need_outcomes(engine: Engine, reader: Reader) -> tuple[NeedOutcome, ...]:
    """Every need of the cases somebody may read, at its baseline and as it was scored last."""
    with shown(engine, reader, "read_outcomes", ASK_OUTCOMES) as transaction:
        rows = case_reads.need_scores(transaction, reader)
        noted(transaction, reader, "read_outcomes", (), needs=len(rows))
    return tuple(
        NeedOutcome(
            *(row["case_id"], row["strand"], row["baseline"]),
            now=row["now"] if row["scores"] > 1 else None,
            best=row["best"],
            checked=row["checked"],
            is_met_again=bool(row["is_met_again"]),
        )
        for row in rows
    )


def scored_families(engine: Engine, reader: Reader) -> ScoredFamilies:
    """Whose needs were scored: how each case came, where the family lives, and its members without their names."""
    with shown(engine, reader, "read_outcome_groups", ASK_OUTCOMES) as transaction:
        cases = case_reads.scored_families(transaction, reader)
        members = case_reads.scored_members(transaction, reader)
        noted(transaction, reader, "read_outcome_groups", (), cases=len(cases))
    return ScoredFamilies(tuple(cases), tuple(members))


def identified_families(
    engine: Engine, reader: Reader, *, page: int = 1, page_size: int = 25
) -> tuple[tuple[tuple[str, str], ...], int]:
    """Published families that nobody has decided on: id and name, and how many there are."""
    with shown(engine, reader, "list_identified", frozenset({"programme_manager"})) as transaction:
        rows, total = case_reads.identified(
            transaction, reader, limit=min(page_size, 200), offset=(page - 1) * page_size
        )
        noted(transaction, reader, "list_identified", (row["family_id"] for row in rows), page=page)
    return tuple((row["family_id"], row["name"]) for row in rows), total


def worker_loads(engine: Engine, reader: Reader, *, today: dt.date) -> tuple[WorkerLoad, ...]:
    """What each worker has: those of the team, or everybody's for a programme manager."""
    with shown(engine, reader, "read_loads", ALLOCATORS, reach=Reach.KNOWN) as transaction:
        rows = case_reads.loads(transaction, reader, today, soon=today + SOON, new_since=today - NEW)
        away = leave_of(transaction, {row["staff_id"] for row in rows}, today=today)
        noted(transaction, reader, "read_loads", (), workers=len(rows))
    return tuple(
        WorkerLoad(
            row["staff_id"],
            row["name"],
            row["team_id"],
            int(row["families"]),
            int(row["children"]),
            int(row["overdue_reviews"]),
            int(row["new"]),
            int(row["due_soon_reviews"]),
            int(row["later_reviews"]),
            away[row["staff_id"]],
        )
        for row in rows
    )


def load_after(load: WorkerLoad, *, children: int) -> WorkerLoad:
    """What a worker would have with one more family."""
    return replace(load, families=load.families + 1, children=load.children + children, new=load.new + 1)


def today_of(engine: Engine, reader: Reader, *, today: dt.date) -> Today:
    """What somebody must do: overdue, due within a week, new families, new alerts, drafts, and what waits on them."""
    with shown(engine, reader, "read_today", HAVE_A_DAY) as transaction:
        lines = [
            *(_due(transaction, reader, today) if reader.role in DAILY else ()),
            *_allocations(transaction, reader, today),
            *(_alerts(transaction, reader, today) if reader.role in DAILY else ()),
            *_drafts(transaction, reader),
            *(_approvals(transaction, reader) if reader.role in ALLOCATORS else ()),
        ]
        reviewed = Wanted(states=("planned", "reviewing"), only_mine=True)
        coming, _ = case_reads.cases(transaction, reader, reviewed, sort="next_review", limit=1)
        overdue = Wanted(only_mine=True, due_to=today - dt.timedelta(days=1))
        _, late = case_reads.cases(transaction, reader, overdue, sort="next_due", limit=1)
        noted(transaction, reader, "read_today", (line.family_id for line in lines))
    counts = Counter(line.what for line in lines)
    reviews = [row["next_review_on"] for row in coming]
    return Today(
        {what: counts[what] for what in ("overdue", "due_soon", "allocation", "alert", "draft", "approval")},
        tuple(sorted(lines, key=_order)),
        reviews[0] if reviews else None,
        late,
    )


def _order(line: TodayLine) -> tuple[bool, dt.date, str]:
    return (line.due_on is None, line.due_on or dt.date.max, line.case_id)


def _due(transaction: Transaction, reader: Reader, today: dt.date) -> Iterator[TodayLine]:
    wanted = Wanted(only_mine=True, due_to=today + SOON)
    rows, _ = case_reads.cases(transaction, reader, wanted, sort="next_due", limit=MOST_ON_TODAY)
    for row in rows:
        if row["clock_on"] is not None and row["clock_on"] <= today + SOON:
            yield _line(row, row["clock_on"], today, f"The {DUE[row['state']]} is due.")
    for row in case_reads.due_actions(transaction, reader, today + SOON, limit=MOST_ON_TODAY):
        yield _line(row, row["due_on"], today, f"{row['owner']}: {row['words']}")


def _line(row: Any, due_on: dt.date, today: dt.date, sentence: str) -> TodayLine:
    what = "overdue" if due_on < today else "due_soon"
    return TodayLine(what, sentence, row["family_id"], row["case_id"], row["family_name"], due_on)


def _allocations(transaction: Transaction, reader: Reader, today: dt.date) -> Iterator[TodayLine]:
    names = case_store.staff_names(transaction)
    for row in case_reads.new_allocations(transaction, reader, since=today - SOON):
        if row["ended_on"] is not None:
            sentence = f"This family was given to {names.get(row['worker'] or '', 'another worker')}."
        else:
            sentence = "Accept or decline this family." if row["answer"] is None else "This family was given to you."
        yield TodayLine("allocation", sentence, row["family_id"], row["case_id"], row["family_name"], None)


def _alerts(transaction: Transaction, reader: Reader, today: dt.date) -> Iterator[TodayLine]:
    for row in case_reads.open_alerts(transaction, reader, today, limit=MOST_ON_TODAY):
        what = row["sentence"].partition(SHOWN_BY)[0]  # the rows are told in the record
        yield TodayLine("alert", what, row["family_id"], row["case_id"], row["family_name"], None)


def _drafts(transaction: Transaction, reader: Reader) -> Iterator[TodayLine]:
    for row in case_reads.drafts(transaction, reader):
        kind = plain_kind(row["kind"])
        sentence = f"A draft of {kind.replace('_', ' ')} is not completed."
        yield TodayLine("draft", sentence, row["family_id"], row["case_id"], row["family_name"], None, kind)


def _approvals(transaction: Transaction, reader: Reader) -> Iterator[TodayLine]:
    for row in case_reads.waiting_plans(transaction, reader):
        sentence = "A plan waits for your approval."
        yield TodayLine("approval", sentence, row["family_id"], row["case_id"], row["family_name"], None)
    waiting = {"closing": "Closure waits for your approval.", "confirmed": "This family waits for a worker."}
    wanted = Wanted(states=tuple(waiting), only_mine=True)
    rows, _ = case_reads.cases(transaction, reader, wanted, sort="state_since", limit=MOST_ON_TODAY)
    for row in rows:
        yield TodayLine("approval", waiting[row["state"]], row["family_id"], row["case_id"], row["family_name"], None)
