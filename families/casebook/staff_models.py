"""Tables about the people who look: teams, sessions, days of leave, and where the audit trail's chain has got to."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from families.casebook.models import Base, EventNumber, UtcDateTime


class Team(Base, table=True):
    """A team of staff and who manages it."""

    __tablename__ = "team"

    team_id: str = Field(primary_key=True)
    name: str
    manager_id: str | None = None  # staff_id


class StaffSession(Base, table=True):
    """One sign-in, from its start to its end. The token itself is never kept, only its SHA-256."""

    __tablename__ = "staff_session"
    __table_args__ = (
        CheckConstraint(
            "ended_how IN ('signed_out', 'signed_out_everywhere', 'idle', 'absolute', 'disabled')",
            name="ended_how_known",
        ),
        CheckConstraint("(ended_at IS NULL) = (ended_how IS NULL)", name="ended_whole"),
    )

    session_id: str = Field(primary_key=True)
    token_sha256: str = Field(unique=True)
    staff_id: str = Field(index=True)
    started_at: dt.datetime = Field(sa_type=UtcDateTime)
    last_seen_at: dt.datetime = Field(sa_type=UtcDateTime)
    # When they proved who they are, as the sign-in service says; blank where it does not say.
    signed_in_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_how: str | None = None


class StaffLeave(Base, table=True):
    """Days on which somebody is away, the first and the last. What was entered wrongly is withdrawn, and stays."""

    __tablename__ = "staff_leave"
    __table_args__ = (
        CheckConstraint("from_day <= to_day", name="forwards"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_whole"),
        Index(None, "staff_id", "to_day"),
    )

    leave_id: str = Field(primary_key=True)
    staff_id: str
    from_day: dt.date
    to_day: dt.date
    written_by: str
    written_at: dt.datetime = Field(sa_type=UtcDateTime)
    withdrawn_by: str | None = None
    withdrawn_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class AuditChain(Base, table=True):
    """The last event of the audit trail. Whoever adds an event locks this one row's table first."""

    __tablename__ = "audit_chain"
    __table_args__ = (CheckConstraint("chain_id = 1", name="only_one"),)

    chain_id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    event_id: int = Field(sa_type=EventNumber)
    hash: str | None = None  # blank until the first event that is chained
