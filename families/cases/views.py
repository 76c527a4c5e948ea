"""What casework hands to a page: plain frozen values, already cut to what the reader may see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from families.casebook.views import Days
from families.cases.attendance import AttendanceNow


@dataclass(frozen=True)
class CaseLine:
    """A case on a list."""

    case_id: str
    family_id: str
    family_name: str
    state: str
    state_label: str
    state_since: dt.date
    worker: str | None
    worker_name: str | None
    team_id: str
    children: int
    level: str
    priority: str | None
    next_due_on: dt.date | None
    next_due: str  # what is due, in words
    is_overdue: bool
    last_step_on: dt.date
    may_change: bool
    row_version: int


@dataclass(frozen=True)
class CaseList:
    """One page of cases, with the count of all that match."""

    cases: tuple[CaseLine, ...]
    total: int
    attendance: Mapping[str, AttendanceNow] = field(default_factory=dict)  # by case, where the list shows it


@dataclass(frozen=True)
class ReferralLine:
    """A referral on a list; of a partner's own only what they may know of it."""

    referral_id: str
    kind: str
    state: str
    state_label: str
    family_id: str | None
    family_name: str
    agency: str
    urgency: str
    urgency_label: str
    received_on: dt.date
    due_on: dt.date
    time_left: str  # in working days; while the clock stands still, why
    is_overdue: bool
    told: str | None
    asked: str | None
    made_by: str
    row_version: int


@dataclass(frozen=True)
class ReferralRecord:
    """A referral, whole."""

    line: ReferralLine
    people: tuple[tuple[str, dt.date | None, str], ...]
    reporter: str
    contact: str
    basis: str
    notice_given: bool
    reasons: str
    needs: tuple[str, ...]
    answered: str | None
    outcome_label: str | None
    rationale: str | None
    decided_by: str | None
    decided_on: dt.date | None
    case_id: str | None


@dataclass(frozen=True)
class WorkerLoad:
    """What one worker has; nobody is ranked by what came of it."""

    worker: str
    name: str
    team_id: str
    families: int
    children: int
    overdue_reviews: int
    new: int  # in the last 30 days
    due_soon_reviews: int = 0  # within 7 days
    later_reviews: int = 0
    leave: tuple[Days, ...] = ()  # that is not over, the first first

    @property
    def without_review(self) -> int:
        """Families that have no plan yet, and so no day of a review."""
        return self.families - self.overdue_reviews - self.due_soon_reviews - self.later_reviews


@dataclass(frozen=True)
class Stage:
    """A step of the pipeline: how many families are in it now, how that changed, and how long they have been there."""

    stage: str
    label: str
    means: str
    count: int
    change: int  # since the same day last month
    median_days: int | None


@dataclass(frozen=True)
class StageTime:
    """How long families stayed in a stage, of stays that ended in one quarter and in the one before it."""

    stage: str
    label: str
    days: tuple[int, ...]
    days_before: tuple[int, ...]


@dataclass(frozen=True)
class NeedOutcome:
    """One need as it stood at the baseline and as it was scored last; nothing where it was scored once."""

    case_id: str
    strand: str | None
    baseline: int
    now: int | None
    best: int  # of all its scores
    checked: str | None  # what the check after closure found
    is_met_again: bool  # the strand's criterion is met by something newer than the closure


@dataclass(frozen=True)
class ScoredFamilies:
    """What families with a scored need are grouped by: for counts alone, never for a page."""

    cases: tuple[Mapping[str, Any], ...]  # case_id, family_id, came_as, address
    members: tuple[Mapping[str, Any], ...]  # family_id, role, is_resident, sex, date_of_birth


@dataclass(frozen=True)
class TodayLine:
    """Something to do."""

    what: str  # overdue, due_soon, allocation, alert, draft, approval
    sentence: str
    family_id: str
    case_id: str
    family_name: str
    due_on: dt.date | None
    draft_kind: str = ""


@dataclass(frozen=True)
class Today:
    """What somebody must do, counted and listed; and when nothing is overdue, what comes next.

    `late`: of the families they answer for those of which something is overdue, also where the day's list is not made
    of what is due.
    """

    counts: Mapping[str, int]
    lines: tuple[TodayLine, ...]
    next_review_on: dt.date | None
    late: int


@dataclass(frozen=True)
class NeedView:
    """A need with its scores, oldest first: the baseline, then one for each review."""

    need_id: str
    label: str
    strand: str | None
    name: str | None
    own_words: str
    scores: tuple[tuple[dt.date, int, str], ...]  # day of the evidence, score, evidence

    @property
    def baseline(self) -> int:
        """The score it began with."""
        return self.scores[0][1]

    @property
    def previous(self) -> int | None:
        """The score before the last one."""
        return self.scores[-2][1] if len(self.scores) > 1 else None

    @property
    def now(self) -> int:
        """The last score."""
        return self.scores[-1][1]


@dataclass(frozen=True)
class ActionView:
    """An action of the plan."""

    action_id: str
    words: str
    owner: str
    due_on: dt.date
    done_on: dt.date | None
    row_version: int


@dataclass(frozen=True)
class GoalView:
    """A goal of the plan with its actions."""

    goal_id: str
    need_id: str | None
    words: str
    outcome: str
    owner: str
    due_on: dt.date
    reached_on: dt.date | None
    actions: tuple[ActionView, ...]


@dataclass(frozen=True)
class NoteView:
    """A note, complete."""

    note_id: str
    kind: str
    kind_label: str
    contact_on: dt.date
    people: tuple[tuple[str, str], ...]
    child_seen: bool
    seen_alone: bool
    words: str
    action_id: str | None
    criterion: str | None
    corrects: str | None
    author: str
    written_at: dt.datetime


@dataclass(frozen=True)
class NotePage:
    """A page of a family's notes, with the count of all, and the actions of its plan that a note may be tied to."""

    notes: tuple[NoteView, ...]
    total: int
    actions: tuple[tuple[str, str], ...] = ()  # id and words


@dataclass(frozen=True)
class AlertView:
    """An alert with the last answer to it, if it has one."""

    alert_id: str
    case_id: str
    kind_label: str
    sentence: str
    person_id: str | None
    person: str | None
    happened_on: dt.date | None
    raised_on: dt.date
    answer: str | None  # acknowledged, snoozed
    until: dt.date | None
    reason: str
    answered_by: str | None
    answered_on: dt.date | None
    closed_on: dt.date | None = None  # by a refresh whose data has the cause no more
    closed_why: str | None = None


@dataclass(frozen=True)
class AlertPage:
    """A page of a family's alerts, with the count of all that are asked for."""

    alerts: tuple[AlertView, ...]
    total: int


@dataclass(frozen=True)
class CaseHead:
    """What stands over every part of a family's record of its casework."""

    line: CaseLine
    dates: Mapping[str, dt.date | None]
    earlier: tuple[tuple[str, str, dt.date], ...]  # other cases of the family: id, state in words, since
    people: tuple[tuple[str, str], ...]  # whom notes and the chronology may be about: id and name
    waiting_alerts: int
    acts: tuple[str, ...]  # what the reader may do now


@dataclass(frozen=True)
class CaseRecord:
    """Everything the pages of one family show of its casework."""

    line: CaseLine
    dates: Mapping[str, dt.date | None]  # identified, confirmed, allocated, keyworker, assessed, plan, attached, ...
    earlier: tuple[tuple[str, str, dt.date], ...]  # other cases of the family: id, state in words, since
    allocations: tuple[Mapping[str, Any], ...]
    consents: tuple[Mapping[str, Any], ...]
    helpers: tuple[Mapping[str, Any], ...]
    assessment: Mapping[str, Any] | None
    facts: tuple[Mapping[str, Any], ...]
    corrections: tuple[Mapping[str, Any], ...]
    needs: tuple[NeedView, ...]
    goals: tuple[GoalView, ...]
    plans: tuple[Mapping[str, Any], ...]
    notes: tuple[NoteView, ...]  # the newest; all of them a page at a time in NotePage
    reviews: tuple[Mapping[str, Any], ...]
    levels: tuple[Mapping[str, Any], ...]
    closures: tuple[Mapping[str, Any], ...]
    checks: tuple[Mapping[str, Any], ...]
    alerts: tuple[Mapping[str, Any], ...]  # the newest; all of them a page at a time in AlertPage
    acts: tuple[str, ...]  # what the reader may do now
    referrer: Mapping[str, Any] | None = None  # who referred the family, how to reach them, when and why


@dataclass(frozen=True)
class Event:
    """An event of the chronology: of a feed, of casework, or curated by a worker."""

    key: str
    on: dt.date
    kind: str  # finding, alert, act, note, curated
    title: str
    words: str
    impact: str
    people: tuple[tuple[str, str], ...]
    by: str | None
    is_significant: bool
    is_finished: bool
    version: int
    case_id: str | None = None  # of a curated event: whose acts change it
    stays_inside: bool = False  # about somebody restricted, or a supervision: no export has it


@dataclass(frozen=True)
class Phase:
    """A time in which a case was in one state; without an end it still is."""

    case_id: str
    label: str
    from_day: dt.date
    to_day: dt.date | None


@dataclass(frozen=True)
class ChronologyPage:
    """A page of events, newest first; of all that match their outline without words, for a drawing."""

    events: tuple[Event, ...]
    total: int
    outline: tuple[Event, ...]
    phases: tuple[Phase, ...]
    people: tuple[tuple[str, str], ...]  # whoever any event of the family is about
