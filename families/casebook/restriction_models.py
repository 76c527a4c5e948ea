"""The tables of who is hidden from whom, and of who looked in an emergency: none of them is touched by a refresh.

But for one thing: where linkage puts a restricted person under another id, that id is added, so that nobody comes to
light because a refresh knows them by another name.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from families.casebook.models import Base, UtcDateTime


class Restriction(Base, table=True):
    """A decision that a family, or one of its people, is hidden from all but those who are let in by name."""

    __tablename__ = "restriction"
    __table_args__ = (
        CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="lifted_whole"),
        Index(None, "lifted_at"),
    )

    restriction_id: str = Field(primary_key=True)
    family_id: str = Field(index=True)  # from whose record it was set
    person_id: str | None = None  # blank where the whole family is meant
    kind: str
    reason: str
    set_by: str
    set_at: dt.datetime = Field(sa_type=UtcDateTime)
    review_on: dt.date
    lifted_by: str | None = None
    lifted_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    lifted_why: str | None = None


class RestrictedPerson(Base, table=True):
    """Somebody a restriction is about: the one it names, or all who were in the family when it was set."""

    __tablename__ = "restricted_person"

    person_id: str = Field(primary_key=True)
    restriction_id: str = Field(primary_key=True, foreign_key="restriction.restriction_id")


class RestrictionGrant(Base, table=True):
    """That somebody is let in, by name and for a time."""

    __tablename__ = "restriction_grant"
    __table_args__ = (Index(None, "staff_id", "restriction_id"),)

    grant_id: str = Field(primary_key=True)
    restriction_id: str = Field(foreign_key="restriction.restriction_id")
    staff_id: str
    sees_address: bool  # where somebody lives is shown to fewer than what is done with them
    reason: str
    granted_by: str
    granted_at: dt.datetime = Field(sa_type=UtcDateTime)
    ends_at: dt.datetime = Field(sa_type=UtcDateTime)
    ended_by: str | None = None
    ended_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class EmergencyOpening(Base, table=True):
    """That somebody opened one family outside theirs in an emergency, for an hour, and what came of the look at it."""

    __tablename__ = "emergency_opening"
    __table_args__ = (
        CheckConstraint("finding IN ('justified', 'not_justified')", name="finding_known"),
        Index(None, "staff_id", "family_id", "ends_at"),
    )

    opening_id: str = Field(primary_key=True)
    staff_id: str
    role: str
    family_id: str
    cause: str
    words: str
    opened_at: dt.datetime = Field(sa_type=UtcDateTime)
    ends_at: dt.datetime = Field(sa_type=UtcDateTime)
    review_on: dt.date
    finding: str | None = None
    found_by: str | None = None
    found_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    found_words: str | None = None


class AccessAlert(Base, table=True):
    """What somebody who answers for access is told at once; it waits until they have seen it."""

    __tablename__ = "access_alert"
    __table_args__ = (Index(None, "staff_id", "seen_at"),)

    alert_id: str = Field(primary_key=True)
    opening_id: str = Field(foreign_key="emergency_opening.opening_id")
    staff_id: str
    raised_at: dt.datetime = Field(sa_type=UtcDateTime)
    seen_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
