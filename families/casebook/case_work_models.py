"""The tables of what is done with a family: assessment, needs, plan, notes, reviews, closure and the check after it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from families.casebook.case_models import OfCase
from families.casebook.models import Base


class Assessment(OfCase, Base, table=True):
    """The whole-family assessment: pre-filled with facts, each accepted or corrected, and the family's own words."""

    __tablename__ = "assessment"

    assessment_id: str = Field(primary_key=True)
    words: str = ""
    summary: str = ""
    data_as_of: dt.date | None = None  # of the run whose facts fill it
    completed_by: str | None = None
    completed_on: dt.date | None = None


class AssessedFact(Base, table=True):
    """A fact as the casebook had it when the assessment began, and what the worker found. Never the source itself."""

    __tablename__ = "assessed_fact"
    __table_args__ = (CheckConstraint("answer IN ('accepted', 'corrected')", name="answer_known"),)

    assessment_id: str = Field(primary_key=True, foreign_key="assessment.assessment_id")
    place: int = Field(primary_key=True)
    person_id: str | None = None
    name: str | None = None
    fact: str  # the criterion, or what of a member
    label: str
    said: str
    sources: str
    outcome: str | None = None  # met, not_met, unknown; blank where it is no finding
    dated_on: dt.date | None = None  # of the newest row that shows it
    answer: str | None = None
    correction: str | None = None
    answered_by: str | None = None


class CorrectionQuery(OfCase, Base, table=True):
    """A fact that a worker found wrong, asked back to its source; it overwrites nothing."""

    __tablename__ = "correction_query"
    __table_args__ = (Index(None, "settled_on", "due_on"),)

    query_id: str = Field(primary_key=True)
    family_id: str
    assessment_id: str
    place: int
    sources: str
    label: str
    said: str
    correction: str
    due_on: dt.date
    settled_by: str | None = None
    settled_on: dt.date | None = None
    told: str | None = None


class Need(OfCase, Base, table=True):
    """A need of the family or one of its members, in their own words beside the worker's. Only grows."""

    __tablename__ = "need"

    need_id: str = Field(primary_key=True)
    label: str
    strand: str | None = None
    person_id: str | None = None
    name: str | None = None
    own_words: str


class NeedScore(OfCase, Base, table=True):
    """How a need stood on a day, 1 to 10, and what shows it; without a review it is the baseline. Only grows."""

    __tablename__ = "need_score"
    __table_args__ = (
        CheckConstraint("score BETWEEN 1 AND 10", name="score_known"),
        UniqueConstraint("need_id", "review_id"),
    )

    score_id: str = Field(primary_key=True)
    need_id: str = Field(foreign_key="need.need_id")
    review_id: str | None = None
    score: int
    evidence: str
    evidence_on: dt.date


class Goal(OfCase, Base, table=True):
    """What the plan is to achieve, and the outcome it serves."""

    __tablename__ = "goal"

    goal_id: str = Field(primary_key=True)
    need_id: str | None = Field(default=None, foreign_key="need.need_id")
    words: str
    outcome: str
    owner: str
    due_on: dt.date
    reached_on: dt.date | None = None


class PlanAction(OfCase, Base, table=True):
    """A step towards a goal: who does what by when."""

    __tablename__ = "plan_action"
    __table_args__ = (Index(None, "done_on", "due_on"),)

    action_id: str = Field(primary_key=True)
    row_version: int
    goal_id: str = Field(foreign_key="goal.goal_id")
    words: str
    owner: str
    due_on: dt.date
    done_on: dt.date | None = None


class PlanVersion(OfCase, Base, table=True):
    """The plan as it was handed in, frozen, and what the manager decided of it."""

    __tablename__ = "plan_version"

    plan_id: str = Field(primary_key=True)
    number: int
    goals: str  # JSON of goals and actions as handed in
    authors: str  # JSON list of staff ids: none of them approves it
    decision: str | None = None  # approved, returned
    decided_by: str | None = None
    decided_on: dt.date | None = None
    reason: str | None = None


class CaseNote(OfCase, Base, table=True):
    """A visit, call, meeting, message or supervision, complete. Only grows: a mistake is put right by another note."""

    __tablename__ = "case_note"

    note_id: str = Field(primary_key=True)
    kind: str
    contact_on: dt.date
    child_seen: bool
    seen_alone: bool
    words: str
    action_id: str | None = None
    criterion: str | None = None
    corrects: str | None = None
    role: str


class NotePerson(Base, table=True):
    """Somebody a note is about; the name as it was then. Only grows."""

    __tablename__ = "note_person"

    note_id: str = Field(primary_key=True, foreign_key="case_note.note_id")
    person_id: str = Field(primary_key=True)
    name: str


class Review(OfCase, Base, table=True):
    """A review of needs and plan; the scores it gave are in NeedScore. Only grows."""

    __tablename__ = "review"

    review_id: str = Field(primary_key=True)
    held_on: dt.date
    words: str
    family_view: str
    next_on: dt.date


class LevelChange(OfCase, Base, table=True):
    """A step up or down between levels of need. Only grows."""

    __tablename__ = "level_change"

    change_id: str = Field(primary_key=True)
    level_from: str
    level_to: str
    to_whom: str
    reason: str


class Closure(OfCase, Base, table=True):
    """The closure checklist, and what the manager decided of it."""

    __tablename__ = "closure"

    closure_id: str = Field(primary_key=True)
    state_before: str
    reason: str
    outcomes: str
    open_actions: str
    safety: str
    step_down_to: str
    family_view: str
    decision: str | None = None  # approved, returned
    decided_by: str | None = None
    decided_on: dt.date | None = None
    decided_reason: str | None = None


class SustainedCheck(OfCase, Base, table=True):
    """What was found six months after closure; the case stays closed. Only grows."""

    __tablename__ = "sustained_check"
    __table_args__ = (
        CheckConstraint("result IN ('sustained', 'partly', 'not_sustained', 'unknown')", name="result_known"),
    )

    check_id: str = Field(primary_key=True)
    result: str
    words: str
