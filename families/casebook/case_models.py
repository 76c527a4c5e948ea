"""The tables of casework: referrals, cases and what happened to them, and what is kept of consent, alerts, chronology.

A case refers to a family by its id and never by a foreign key: a refresh may change or drop the family, and the case
stays readable. Of the family it keeps its name at confirmation and the names of people it is about, and no more. Which
tables only grow is said in each: triggers refuse every change of them.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from families.casebook.models import Base, EventNumber, UtcDateTime


class Written(SQLModel):
    """Who wrote a row, on which day of casework, and when in real time."""

    written_by: str
    written_on: dt.date
    written_at: dt.datetime = Field(sa_type=UtcDateTime)


class OfCase(Written):
    """What belongs to one case."""

    case_id: str = Field(foreign_key="family_case.case_id", index=True)


class Referral(Written, Base, table=True):
    """A request that a family be helped, whoever makes it, until it is decided."""

    __tablename__ = "referral"
    __table_args__ = (
        CheckConstraint("kind IN ('identified', 'nominated', 'partner')", name="kind_known"),
        Index(None, "state", "due_on"),
    )

    referral_id: str = Field(primary_key=True)
    kind: str
    state: str
    row_version: int
    family_id: str | None = Field(default=None, index=True)
    family_name: str
    reporter: str
    agency: str
    contact: str
    basis: str
    notice_given: bool
    reasons: str
    needs: str  # JSON list
    urgency: str
    received_on: dt.date
    due_on: dt.date
    stopped_on: dt.date | None = None
    stop_reason: str | None = None
    asked: str | None = None  # what the referrer was asked, and what they said
    answered: str | None = None
    outcome: str | None = None
    rationale: str | None = None
    told: str | None = None  # to the referrer, in standard wording
    decided_by: str | None = None
    decided_on: dt.date | None = None
    case_id: str | None = None


class ReferralPerson(Base, table=True):
    """Somebody a referral names, as search folds names."""

    __tablename__ = "referral_person"
    __table_args__ = (Index(None, "name_folded", "date_of_birth"),)

    referral_id: str = Field(primary_key=True, foreign_key="referral.referral_id")
    place: int = Field(primary_key=True)
    name: str
    name_folded: str
    date_of_birth: dt.date | None
    relation: str


class FamilyCase(Written, Base, table=True):
    """Work with one family, from the day it was identified or nominated to its closure and the check after it."""

    __tablename__ = "family_case"
    __table_args__ = (
        Index(None, "worker", "state"),
        Index(None, "team_id", "state"),
        Index(None, "state", "last_step_on"),
        Index(
            "uq_family_case_open",
            "family_id",
            unique=True,
            sqlite_where=text("is_open"),
            postgresql_where=text("is_open"),
        ),
    )

    case_id: str = Field(primary_key=True)
    family_id: str = Field(index=True)
    family_name: str
    children: int
    came_as: str  # identified, nominated, partner
    referral_id: str | None = None
    state: str
    state_since: dt.date
    is_open: bool  # of a family at most one case is open
    row_version: int
    team_id: str
    worker: str | None = None
    level: str
    priority: str | None = None
    last_step_on: dt.date
    identified_on: dt.date
    confirmed_on: dt.date | None = None
    allocated_on: dt.date | None = None
    keyworker_from: dt.date | None = None
    assessment_due_on: dt.date | None = None
    assessed_on: dt.date | None = None
    plan_approved_on: dt.date | None = None
    attached_on: dt.date | None = None  # by rule: assessment, approved plan and lead worker; never typed
    next_review_on: dt.date | None = None
    closed_on: dt.date | None = None
    check_due_on: dt.date | None = None
    checked_on: dt.date | None = None


class CaseStep(Written, Base, table=True):
    """An act: who did what to a referral or a case. Its token makes a double submit one act. Only grows."""

    __tablename__ = "case_step"
    __table_args__ = (Index(None, "case_id", "written_on"), Index(None, "referral_id"), {"sqlite_autoincrement": True})

    step_id: int | None = Field(default=None, primary_key=True, sa_type=EventNumber)
    token: str = Field(unique=True)
    act: str
    referral_id: str | None = None
    case_id: str | None = None
    state_from: str | None = None
    state_to: str | None = None
    role: str
    reason: str
    people: str  # JSON list of [person_id, name]: whom it is about
    result: str  # the id of what the act made


class Allocation(OfCase, Base, table=True):
    """A worker's time with a case: offered, answered, ended; transfers add a row and end the one before."""

    __tablename__ = "allocation"
    __table_args__ = (Index(None, "worker", "case_id"),)

    allocation_id: str = Field(primary_key=True)
    worker: str
    team_id: str
    answer: str | None = None  # accepted, declined
    answered_on: dt.date | None = None
    reason: str
    ended_on: dt.date | None = None


class Consent(OfCase, Base, table=True):
    """Consent for one purpose, or that a privacy notice was given; withdrawn too. Only grows; the last one counts."""

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint("answer IN ('notice_given', 'given', 'refused', 'withdrawn')", name="answer_known"),
    )

    consent_id: str = Field(primary_key=True)
    purpose: str
    answer: str
    person_id: str | None = None
    name: str
    how: str


class Helper(OfCase, Base, table=True):
    """One of the team around the family, from any agency."""

    __tablename__ = "helper"

    helper_id: str = Field(primary_key=True)
    row_version: int
    name: str
    agency: str
    job: str
    phone: str
    email: str
    is_lead: bool
    last_contact_on: dt.date | None = None
    ended_on: dt.date | None = None


class Draft(Base, table=True):
    """What somebody is writing: one for each author, family and kind, until it is completed or thrown away."""

    __tablename__ = "draft"

    author: str = Field(primary_key=True)
    family_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    version: int
    body: str  # JSON of the form's fields
    saved_at: dt.datetime = Field(sa_type=UtcDateTime)


class Alert(Base, table=True):
    """Something that a load brought to light of a family with an open case; answered by acts."""

    __tablename__ = "alert"
    __table_args__ = (Index(None, "case_id", "answer"),)

    alert_id: str = Field(primary_key=True)
    key: str = Field(unique=True)  # the same fact again raises no second alert
    case_id: str = Field(foreign_key="family_case.case_id")
    family_id: str
    person_id: str | None = None
    name: str | None = None
    kind: str
    sentence: str
    happened_on: dt.date | None = None
    raised_on: dt.date
    run_id: str
    answer: str | None = None  # acknowledged, snoozed; the last of AlertAnswer
    snoozed_until: dt.date | None = None
    closed_on: dt.date | None = None  # by a refresh whose data no longer has the cause; open again if it comes back
    closed_why: str | None = None


class AlertAnswer(OfCase, Base, table=True):
    """What somebody did about an alert. Only grows."""

    __tablename__ = "alert_answer"
    __table_args__ = (CheckConstraint("answer IN ('acknowledged', 'snoozed')", name="answer_known"),)

    answer_id: str = Field(primary_key=True)
    alert_id: str = Field(foreign_key="alert.alert_id", index=True)
    answer: str
    until: dt.date | None = None
    reason: str


class ChronologyEntry(OfCase, Base, table=True):
    """An event that somebody marked as telling in the family's life; its words are in its versions."""

    __tablename__ = "chronology_entry"

    entry_id: str = Field(primary_key=True)
    happened_on: dt.date
    event: str  # the key of the system event it is made of; blank of one a worker wrote
    is_significant: bool
    is_finished: bool
    version: int


class ChronologyVersion(OfCase, Base, table=True):
    """The words of a curated entry at one time. Only grows."""

    __tablename__ = "chronology_version"

    entry_id: str = Field(primary_key=True, foreign_key="chronology_entry.entry_id")
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    words: str
    impact: str
    people: str  # JSON list of [person_id, name]
