"""The casebook's tables. What a refresh publishes is named `published_*` and is replaced whole by the next one;
casework refers to a family by its id and never by a foreign key, so that a refresh cannot touch it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, cast

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
)
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An instant: always with a zone in Python, always UTC in the database (SQLite has no zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Refuse an instant without a zone; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("An instant without a time zone cannot be stored: give it one.")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


# A council's lists make millions of events a year; SQLite numbers rows by itself only in a plain INTEGER.
EventNumber = BigInteger().with_variant(Integer(), "sqlite")


class Base(SQLModel):
    """Keeps the casebook's tables apart from any other SQLModel tables."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMES)


class Publication(Base, table=True):
    """The one run whose families are published."""

    __tablename__ = "publication"
    __table_args__ = (CheckConstraint("publication_id = 1", name="only_one"),)

    publication_id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    run_id: str
    as_of: dt.date
    ruleset: str
    published_at: dt.datetime = Field(sa_type=UtcDateTime)
    is_sample: bool
    absence_threshold_percent: int | None
    families_assessed: int  # whether published or not: a count, nobody named
    eligible: int
    near_misses: int


class PublishedRuleset(Base, table=True):
    """The rules the published run was made by, whole, so that pages show them whatever is installed later."""

    __tablename__ = "published_ruleset"
    __table_args__ = (CheckConstraint("publication_id = 1", name="only_one"),)

    publication_id: int = Field(
        default=1,
        primary_key=True,
        foreign_key="publication.publication_id",
        sa_column_kwargs={"autoincrement": False},
    )
    ruleset: str
    sha256: str
    rules: str  # JSON of the ruleset with its switches set and the overlay in
    switches: str  # JSON: the option of each switch
    overlay: str | None  # JSON of the authority's overlay, where one was in use


class PublishedStrand(Base, table=True):
    """A strand of the ruleset, in the order in which pages show it."""

    __tablename__ = "published_strand"

    strand: str = Field(primary_key=True)
    place: int
    label: str


class PublishedCoverage(Base, table=True):
    """What one source speaks for."""

    __tablename__ = "published_coverage"

    source: str = Field(primary_key=True)
    covers_from: dt.date | None
    covers_to: dt.date | None
    schools: int | None
    sentence: str


class PublishedFamily(Base, table=True):
    """A family that `decisions.md` lets into the casebook, with what lists sort and search by."""

    __tablename__ = "published_family"
    __table_args__ = (
        CheckConstraint("status IN ('eligible', 'near_miss')", name="status_known"),
        Index(None, "status", "name_place"),
    )

    family_id: str = Field(primary_key=True)
    status: str
    name: str
    name_folded: str  # lower case without accents: what search looks in
    name_place: int  # place in alphabetical order, so that both databases sort alike
    address: str | None
    size: int
    youngest_born_on: dt.date | None
    newest_evidence_on: dt.date | None
    unknown: str
    near_miss: str | None = None  # what a near miss lacks, in a sentence; blank of eligible families


class PublishedMember(Base, table=True):
    """A member of a published family."""

    __tablename__ = "published_member"
    __table_args__ = (CheckConstraint("role IN ('child', 'parent', 'carer', 'adult', 'linked')", name="role_known"),)

    family_id: str = Field(primary_key=True, foreign_key="published_family.family_id")
    person_id: str = Field(primary_key=True)
    place: int
    name: str
    name_folded: str
    sex: str | None
    date_of_birth: dt.date | None
    age: int | None
    role: str
    is_resident: bool
    school: str | None
    why: str


class PublishedOutcome(Base, table=True):
    """A strand, or eligibility, for one family."""

    __tablename__ = "published_outcome"
    __table_args__ = (
        CheckConstraint("outcome IN ('met', 'not_met', 'unknown')", name="outcome_known"),
        Index(None, "strand", "outcome"),
    )

    family_id: str = Field(primary_key=True, foreign_key="published_family.family_id")
    strand: str = Field(primary_key=True, foreign_key="published_strand.strand")
    outcome: str
    reason: str


class PublishedFinding(Base, table=True):
    """One criterion for one person or the family, with its sentence."""

    __tablename__ = "published_finding"
    __table_args__ = (CheckConstraint("outcome IN ('met', 'not_met', 'unknown')", name="outcome_known"),)

    finding_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    family_id: str = Field(foreign_key="published_family.family_id", index=True)
    person_id: str | None
    strand: str
    criterion: str
    label: str
    outcome: str
    sentence: str
    newest_on: dt.date | None


class PublishedEvidence(Base, table=True):
    """A row that shows a finding: source, delivery, file and row."""

    __tablename__ = "published_evidence"

    finding_id: int = Field(primary_key=True, foreign_key="published_finding.finding_id")
    place: int = Field(primary_key=True)
    source: str
    delivery: str
    file: str
    row: int


class PublishedAbsence(Base, table=True):
    """Sessions of a child in a half term; blank numbers where nothing was supplied."""

    __tablename__ = "published_absence"
    __table_args__ = (
        ForeignKeyConstraint(["family_id", "person_id"], ["published_member.family_id", "published_member.person_id"]),
    )

    family_id: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True)
    place: int = Field(primary_key=True)
    half_term: str
    possible: int | None
    authorised: int | None
    unauthorised: int | None


class PublishedTie(Base, table=True):
    """The strongest tie of each kind between two members of a published family."""

    __tablename__ = "published_tie"

    family_id: str = Field(primary_key=True, foreign_key="published_family.family_id")
    person_a: str = Field(primary_key=True)
    person_b: str = Field(primary_key=True)
    tie: str = Field(primary_key=True)
    strength: int
    relation: str | None
    is_resident: bool
    why: str


class Staff(Base, table=True):
    """Someone who may open the casebook."""

    __tablename__ = "staff"

    staff_id: str = Field(primary_key=True)
    name: str
    role: str
    is_demo: bool


class AuditEvent(Base, table=True):
    """Who did or saw what, in which role, why and when. Append-only: triggers refuse every change."""

    __tablename__ = "audit_event"
    __table_args__ = (Index(None, "family_id", "at"), {"sqlite_autoincrement": True})

    event_id: int | None = Field(default=None, primary_key=True, sa_type=EventNumber)
    at: dt.datetime = Field(sa_type=UtcDateTime, index=True)
    staff_id: str = Field(index=True)
    role: str
    purpose: str
    action: str
    family_id: str | None
    detail: str


def table(model: type[SQLModel]) -> Table:
    """The SQLAlchemy table behind a model, for queries on columns."""
    return cast(Table, cast(Any, model).__table__)


# Parents before children: the order in which a refresh writes them; it empties them in reverse.
PUBLISHED: tuple[type[SQLModel], ...] = (
    Publication,
    PublishedRuleset,
    PublishedStrand,
    PublishedCoverage,
    PublishedFamily,
    PublishedMember,
    PublishedOutcome,
    PublishedFinding,
    PublishedEvidence,
    PublishedAbsence,
    PublishedTie,
)
