"""Lists of casework by indexed queries, each cut to what the reader may see. Audit and wording are the caller's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, literal, or_, select, true

from families.casebook import case_scope, restricted
from families.casebook.case_models import Alert, Allocation, CaseStep, Draft, FamilyCase, Referral
from families.casebook.case_work_models import (
    CorrectionQuery,
    Need,
    NeedScore,
    PlanAction,
    PlanVersion,
    SustainedCheck,
)
from families.casebook.family_scope import may_see
from families.casebook.models import PublishedFamily, PublishedFinding, PublishedMember, Staff, table
from families.casebook.views import Reader

CASE, ALLOCATION, ACTION, STAFF = table(FamilyCase), table(Allocation), table(PlanAction), table(Staff)
ALERT, DRAFT, PLAN, REFERRAL = table(Alert), table(Draft), table(PlanVersion), table(Referral)
STEP, FAMILY, CORRECTION = table(CaseStep), table(PublishedFamily), table(CorrectionQuery)
MEMBER = table(PublishedMember)
NEED, SCORE, CHECK, FINDING = table(Need), table(NeedScore), table(SustainedCheck), table(PublishedFinding)
ASSESSING, REVIEWED, CLOSED = ("accepted",), ("planned", "reviewing"), ("closed",)
RowValues = Mapping[str, Any]

# What is due next of a case: its clock, or an action of its plan where that is earlier.
CLOCK = case(
    (CASE.c.state.in_(ASSESSING), CASE.c.assessment_due_on),
    (CASE.c.state.in_(REVIEWED), CASE.c.next_review_on),
    (and_(CASE.c.state.in_(CLOSED), CASE.c.checked_on.is_(None)), CASE.c.check_due_on),
)
ACTION_DUE = (
    select(func.min(ACTION.c.due_on))
    .where(ACTION.c.case_id == CASE.c.case_id, ACTION.c.done_on.is_(None), CASE.c.is_open)
    .correlate(CASE)
    .scalar_subquery()
)
NEXT_DUE = case(
    (ACTION_DUE.is_(None), CLOCK),
    (CLOCK.is_(None), ACTION_DUE),
    (CLOCK <= ACTION_DUE, CLOCK),
    else_=ACTION_DUE,
)
SORTS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "next_due": (NEXT_DUE.asc().nulls_last(), CASE.c.case_id),
    "next_review": (CASE.c.next_review_on.asc().nulls_last(), CASE.c.case_id),
    "last_step": (CASE.c.last_step_on.asc(), CASE.c.case_id),
    "state_since": (CASE.c.state_since.asc(), CASE.c.case_id),
    "name": (CASE.c.family_name.asc(), CASE.c.case_id),
}


@dataclass(frozen=True)
class Wanted:
    """Which cases a list asks for."""

    states: Sequence[str] = ()
    worker: str | None = None
    family_id: str | None = None
    idle_since: dt.date | None = None  # no step since this day
    only_mine: bool = False  # those whose work is the reader's own to do, not those they may only read
    due_to: dt.date | None = None


def cases(
    connection: Connection, reader: Reader, wanted: Wanted, *, sort: str, limit: int, offset: int = 0
) -> tuple[list[RowValues], int]:
    """A page of cases, and how many there are in all."""
    condition = _wanted(reader, wanted)
    query: Any = select(func.count()).select_from(CASE).where(condition)
    total = connection.execute(query).scalar_one()
    if total and wanted.family_id is not None:
        restricted.require_recent_sign_in(connection, reader, wanted.family_id)
    query = (
        select(
            CASE,
            STAFF.c.name.label("worker_name"),
            CLOCK.label("clock_on"),
            NEXT_DUE.label("next_due_on"),
            case((case_scope.may_change(reader), literal(1)), else_=literal(0)).label("may_change"),
        )
        .outerjoin(STAFF, STAFF.c.staff_id == CASE.c.worker)
        .where(condition)
        .order_by(*SORTS[sort])
    )
    rows = connection.execute(query.limit(limit).offset(offset)).mappings()
    return [dict(row) for row in rows], int(total)


def _wanted(reader: Reader, wanted: Wanted) -> ColumnElement[bool]:
    conditions = [_scope(reader, wanted)]
    if wanted.states:
        conditions.append(CASE.c.state.in_(tuple(wanted.states)))
    if wanted.worker is not None:
        conditions.append(CASE.c.worker == wanted.worker)
    if wanted.family_id is not None:
        conditions.append(CASE.c.family_id == wanted.family_id)
    if wanted.idle_since is not None:
        conditions.append(CASE.c.last_step_on < wanted.idle_since)
    if wanted.due_to is not None:
        conditions.append(wanted.due_to >= NEXT_DUE)
    return and_(true(), *conditions)


def _scope(reader: Reader, wanted: Wanted) -> ColumnElement[bool]:
    if wanted.only_mine:
        return case_scope.may_change(reader)
    return case_scope.may_read(reader) if wanted.family_id is None else case_scope.may_open(reader)


def referrals(
    connection: Connection, reader: Reader, states: Sequence[str], *, newest: int | None = None, only_mine: bool = False
) -> list[RowValues]:
    """Referrals in some states, the first due first; or so many of the newest."""
    scope = case_scope.may_see_referral(reader)
    if only_mine:
        scope = and_(scope, REFERRAL.c.written_by == reader.staff_id)
    query = (
        select(REFERRAL, STAFF.c.name.label("written_name"))
        .outerjoin(STAFF, STAFF.c.staff_id == REFERRAL.c.written_by)
        .where(scope, REFERRAL.c.state.in_(tuple(states)))
    )
    if newest is None:
        query = query.order_by(REFERRAL.c.due_on, REFERRAL.c.received_on, REFERRAL.c.referral_id)
    else:
        query = query.order_by(
            REFERRAL.c.decided_on.desc().nulls_first(), REFERRAL.c.received_on.desc(), REFERRAL.c.referral_id
        ).limit(newest)
    return [dict(row) for row in connection.execute(query).mappings()]


def loads(
    connection: Connection, reader: Reader, today: dt.date, *, soon: dt.date, new_since: dt.date
) -> list[RowValues]:
    """What each caseworker has: open families, children, reviews by when they are due, families new to them."""
    is_shown = restricted.is_open_to(reader, CASE.c.family_id)
    is_theirs = and_(CASE.c.worker == STAFF.c.staff_id, CASE.c.is_open, is_shown)
    is_reviewed = CASE.c.state.in_(REVIEWED)
    is_overdue = and_(is_reviewed, CASE.c.next_review_on < today)
    is_due_soon = and_(is_reviewed, CASE.c.next_review_on >= today, CASE.c.next_review_on <= soon)
    is_later = and_(is_reviewed, CASE.c.next_review_on > soon)
    query: Any = (
        select(
            STAFF.c.staff_id,
            STAFF.c.name,
            case_scope.team_column().label("team_id"),
            func.count(CASE.c.case_id).label("families"),
            func.coalesce(func.sum(CASE.c.children), 0).label("children"),
            *(
                func.coalesce(func.sum(case((condition, 1), else_=0)), 0).label(name)
                for name, condition in (
                    ("overdue_reviews", is_overdue),
                    ("due_soon_reviews", is_due_soon),
                    ("later_reviews", is_later),
                )
            ),
        )
        .select_from(STAFF.outerjoin(CASE, is_theirs))
        .where(STAFF.c.role == "caseworker", case_scope.in_team(reader))
        .group_by(STAFF.c.staff_id, STAFF.c.name, case_scope.team_column())
        .order_by(STAFF.c.name, STAFF.c.staff_id)
    )
    rows = [dict(row) for row in connection.execute(query).mappings()]
    query = (
        select(ALLOCATION.c.worker, func.count().label("number"))
        .select_from(ALLOCATION.join(CASE, CASE.c.case_id == ALLOCATION.c.case_id))
        .where(
            is_shown,
            ALLOCATION.c.written_on > new_since,
            or_(ALLOCATION.c.answer.is_(None), ALLOCATION.c.answer != "declined"),
        )
        .group_by(ALLOCATION.c.worker)
    )
    new = {row.worker: row.number for row in connection.execute(query)}
    return [row | {"new": new.get(row["staff_id"], 0)} for row in rows]


def in_states(connection: Connection, reader: Reader) -> list[tuple[str, dt.date]]:
    """The state of every case somebody may read, and since when it is in it."""
    query = select(CASE.c.state, CASE.c.state_since).where(case_scope.may_read(reader))
    return [(state, since) for state, since in connection.execute(query)]


def moves_since(
    connection: Connection, reader: Reader, since: dt.date, *, acts: Iterable[str]
) -> list[tuple[str | None, str | None]]:
    """The states that cases left and came to after a day, by some acts: a referral's states are its own."""
    query = (
        select(STEP.c.state_from, STEP.c.state_to)
        .join(CASE, CASE.c.case_id == STEP.c.case_id)
        .where(case_scope.may_read(reader), STEP.c.written_on > since, STEP.c.act.in_(sorted(acts)))
    )
    return [(before, after) for before, after in connection.execute(query) if before != after]


def stays_ended(
    connection: Connection, reader: Reader, since: dt.date, *, stages: Mapping[str, str], acts: Iterable[str]
) -> list[tuple[str, dt.date, dt.date]]:
    """Stays in a stage that ended after a day: the stage, the day it began, the day it ended. `stages` is by state."""
    before, after = (
        case(*((column == state, stage) for state, stage in stages.items()), else_=column)
        for column in (STEP.c.state_from, STEP.c.state_to)
    )
    came_on = func.lag(STEP.c.written_on).over(partition_by=STEP.c.case_id, order_by=STEP.c.step_id)
    moves = (
        select(
            before.label("stage"),
            func.coalesce(came_on, CASE.c.identified_on).label("came_on"),
            STEP.c.written_on.label("went_on"),
        )
        .join(CASE, CASE.c.case_id == STEP.c.case_id)
        .where(case_scope.may_read(reader), STEP.c.act.in_(sorted(acts)), before != after)
        .subquery()
    )
    query = select(moves.c.stage, moves.c.came_on, moves.c.went_on).where(moves.c.went_on > since)
    return [(stage, came, went) for stage, came, went in connection.execute(query)]


def received_since(connection: Connection, reader: Reader, since: dt.date) -> list[dt.date]:
    """The days from one on at which referrals were received."""
    scope = case_scope.may_see_referral(reader)
    query = select(REFERRAL.c.received_on).where(scope, REFERRAL.c.received_on >= since)
    return list(connection.execute(query).scalars())


def need_scores(connection: Connection, reader: Reader) -> list[RowValues]:
    """For each need its first and last score and the best between, with the check and the findings since closure."""
    order = (SCORE.c.review_id.is_not(None), SCORE.c.written_at, SCORE.c.score_id)
    need = SCORE.c.need_id
    ranked = select(
        SCORE.c.need_id,
        SCORE.c.score,
        func.row_number().over(partition_by=need, order_by=order).label("place"),
        func.count().over(partition_by=need).label("scores"),
        func.max(SCORE.c.score).over(partition_by=need).label("best"),
    ).subquery()
    first, last = ranked.alias("first"), ranked.alias("last")
    again = exists().where(
        FINDING.c.family_id == CASE.c.family_id,
        FINDING.c.strand == NEED.c.strand,
        FINDING.c.outcome == "met",
        FINDING.c.newest_on > CASE.c.closed_on,
    )
    check = (
        select(CHECK.c.result)
        .where(CHECK.c.case_id == CASE.c.case_id)
        .order_by(CHECK.c.written_at.desc(), CHECK.c.check_id)
        .limit(1)
        .correlate(CASE)
        .scalar_subquery()
    )
    query = (
        select(
            *(CASE.c.case_id, NEED.c.strand, first.c.scores, first.c.best),
            first.c.score.label("baseline"),
            last.c.score.label("now"),
            check.label("checked"),
            case((and_(CASE.c.closed_on.is_not(None), again), literal(1)), else_=literal(0)).label("is_met_again"),
        )
        .join(CASE, CASE.c.case_id == NEED.c.case_id)
        .join(first, and_(first.c.need_id == NEED.c.need_id, first.c.place == 1))
        .join(last, and_(last.c.need_id == NEED.c.need_id, last.c.place == last.c.scores))
        .where(case_scope.may_read(reader))
        .order_by(CASE.c.case_id, NEED.c.need_id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def scored_families(connection: Connection, reader: Reader) -> list[RowValues]:
    """Of each case with a need that was scored: its family, how it came, and where the family lives as published."""
    scored = exists().where(NEED.c.case_id == CASE.c.case_id)
    query = (
        select(CASE.c.case_id, CASE.c.family_id, CASE.c.came_as, FAMILY.c.address)
        .outerjoin(FAMILY, FAMILY.c.family_id == CASE.c.family_id)
        .where(case_scope.may_read(reader), scored)
        .order_by(CASE.c.case_id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def scored_members(connection: Connection, reader: Reader) -> list[RowValues]:
    """The members, as published, of families of which a need was scored: no names."""
    scored = exists().where(NEED.c.case_id == CASE.c.case_id)
    families = select(CASE.c.family_id).where(case_scope.may_read(reader), scored)
    columns = (MEMBER.c.family_id, MEMBER.c.role, MEMBER.c.is_resident, MEMBER.c.sex, MEMBER.c.date_of_birth)
    query = select(*columns).where(MEMBER.c.family_id.in_(families)).order_by(MEMBER.c.family_id, MEMBER.c.place)
    return [dict(row) for row in connection.execute(query).mappings()]


def identified(connection: Connection, reader: Reader, *, limit: int, offset: int = 0) -> tuple[list[RowValues], int]:
    """Published families that nobody has decided on yet: they have no case."""
    none = ~exists().where(CASE.c.family_id == FAMILY.c.family_id)
    condition = and_(may_see(reader), none)
    query: Any = select(func.count()).select_from(FAMILY).where(condition)
    total = connection.execute(query).scalar_one()
    query = select(FAMILY.c.family_id, FAMILY.c.name, FAMILY.c.size).where(condition).order_by(FAMILY.c.name_place)
    rows = connection.execute(query.limit(limit).offset(offset)).mappings()
    return [dict(row) for row in rows], int(total)


def due_actions(connection: Connection, reader: Reader, due_to: dt.date, *, limit: int) -> list[RowValues]:
    """Actions not done that are due by a day, of open cases whose work is the reader's."""
    query = (
        select(ACTION.c.words, ACTION.c.owner, ACTION.c.due_on, CASE.c.case_id, CASE.c.family_id, CASE.c.family_name)
        .join(CASE, CASE.c.case_id == ACTION.c.case_id)
        .where(case_scope.may_change(reader), CASE.c.is_open, ACTION.c.done_on.is_(None), ACTION.c.due_on <= due_to)
        .order_by(ACTION.c.due_on, ACTION.c.action_id)
    )
    return [dict(row) for row in connection.execute(query.limit(limit)).mappings()]


def new_allocations(connection: Connection, reader: Reader, *, since: dt.date) -> list[RowValues]:
    """Families offered to the reader, given to them by transfer, or taken from them by one, after a day."""
    is_mine = ALLOCATION.c.worker == reader.staff_id
    is_new = and_(ALLOCATION.c.ended_on.is_(None), or_(ALLOCATION.c.answer.is_(None), _transferred(since)))
    went = and_(ALLOCATION.c.ended_on > since, CASE.c.is_open, CASE.c.worker != reader.staff_id)
    query = (
        select(ALLOCATION.c.answer, ALLOCATION.c.ended_on, ALLOCATION.c.written_on, CASE)
        .join(CASE, CASE.c.case_id == ALLOCATION.c.case_id)
        .where(
            restricted.is_open_to(reader, CASE.c.family_id),
            is_mine,
            or_(is_new, and_(went, ALLOCATION.c.answer != "declined")),
        )
        .order_by(ALLOCATION.c.written_on, ALLOCATION.c.allocation_id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _transferred(since: dt.date) -> ColumnElement[bool]:
    """Given by transfer: it was the manager's word, and not the worker's, that accepted it."""
    before = ALLOCATION.alias("before")
    is_second = exists().where(before.c.case_id == ALLOCATION.c.case_id, before.c.ended_on == ALLOCATION.c.written_on)
    return and_(ALLOCATION.c.answer == "accepted", ALLOCATION.c.written_on > since, is_second)


def open_alerts(connection: Connection, reader: Reader, today: dt.date, *, limit: int) -> list[RowValues]:
    """Alerts that wait for an answer, and snoozed ones whose day has come."""
    query = (
        select(ALERT, CASE.c.family_name)
        .join(CASE, CASE.c.case_id == ALERT.c.case_id)
        .where(case_scope.may_change(reader), CASE.c.is_open, ALERT.c.closed_on.is_(None), _waits(today))
        .where(restricted.people_open_to(reader, ALERT.c.person_id))
        .order_by(ALERT.c.raised_on.desc(), ALERT.c.alert_id)
    )
    return [dict(row) for row in connection.execute(query.limit(limit)).mappings()]


def alerts_waiting(connection: Connection, reader: Reader, case_ids: Sequence[str], today: dt.date) -> dict[str, int]:
    """How many alerts of each of these cases wait for an answer."""
    query = (
        select(ALERT.c.case_id, func.count().label("number"))
        .where(ALERT.c.case_id.in_(tuple(case_ids)), ALERT.c.closed_on.is_(None), _waits(today))
        .where(restricted.people_open_to(reader, ALERT.c.person_id))
        .group_by(ALERT.c.case_id)
    )
    return {row.case_id: row.number for row in connection.execute(query)}


def _waits(today: dt.date) -> ColumnElement[bool]:
    return or_(ALERT.c.answer.is_(None), and_(ALERT.c.answer == "snoozed", ALERT.c.snoozed_until <= today))


def drafts(connection: Connection, reader: Reader) -> list[RowValues]:
    """What the reader is writing, of families that are still theirs."""
    query = (
        select(DRAFT.c.family_id, DRAFT.c.kind, DRAFT.c.saved_at, CASE.c.case_id, CASE.c.family_name)
        .join(CASE, and_(CASE.c.family_id == DRAFT.c.family_id, CASE.c.is_open))
        .where(DRAFT.c.author == reader.staff_id, case_scope.may_change(reader))
        .order_by(DRAFT.c.saved_at.desc(), DRAFT.c.family_id, DRAFT.c.kind)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def waiting_plans(connection: Connection, reader: Reader) -> list[RowValues]:
    """Plans handed in and not decided, with who wrote them."""
    query = (
        select(PLAN.c.written_on, PLAN.c.authors, CASE.c.case_id, CASE.c.family_id, CASE.c.family_name)
        .join(CASE, CASE.c.case_id == PLAN.c.case_id)
        .where(case_scope.may_change(reader), CASE.c.is_open, PLAN.c.decision.is_(None))
        .order_by(PLAN.c.written_on, PLAN.c.plan_id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def open_corrections(connection: Connection, reader: Reader) -> list[RowValues]:
    """Corrections whose source was not asked yet, the first due first."""
    is_shown = restricted.is_open_to(reader, CORRECTION.c.family_id)
    query = select(CORRECTION).where(CORRECTION.c.settled_on.is_(None), is_shown).order_by(CORRECTION.c.due_on)
    return [dict(row) for row in connection.execute(query).mappings()]
