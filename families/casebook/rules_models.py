"""The table of a council's own rules: what somebody proposed, and who signed it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from families.casebook.models import Base, UtcDateTime


class RulesVersion(Base, table=True):
    """A council's own rules as they were proposed: the file whole, with the day they count from and who signed them.

    `sha256` is the ruleset's own: of the file, of the ruleset that it extends and of the options chosen in it.
    """

    __tablename__ = "rules_version"
    __table_args__ = (
        CheckConstraint("(signed_at IS NULL) = (signed_by IS NULL)", name="signed_whole"),
        CheckConstraint("signed_by <> proposed_by", name="signed_by_another"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_whole"),
    )

    version_id: str = Field(primary_key=True)
    sha256: str = Field(index=True)
    ruleset: str
    authority: str | None = None
    content: bytes
    counts_from: dt.date
    reason: str
    proposed_by: str
    proposed_at: dt.datetime = Field(sa_type=UtcDateTime)
    signed_by: str | None = None
    signed_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    withdrawn_by: str | None = None
    withdrawn_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
