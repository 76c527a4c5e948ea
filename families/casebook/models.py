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
    String,
    Table,
    false,
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


# Words are sought by how they begin: in the order of their letters' codes, whatever the database's own order is.
Word = String().with_variant(String(collation="C"), "postgresql")


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
    inputs: str | None = None  # which deliveries the run was made of: a hash
    doubts_left_out: int | None = None  # questions that the run found and nobody is asked


class OfPublication(Base):
    """The key of what is published of the one run in one row; the constraint on it is each table's own."""

    publication_id: int = Field(
        default=1,
        primary_key=True,
        foreign_key="publication.publication_id",
        sa_column_kwargs={"autoincrement": False},
    )


class PublishedRuleset(OfPublication, table=True):
    """The rules the published run was made by, whole, so that pages show them whatever is installed later."""

    __tablename__ = "published_ruleset"
    __table_args__ = (CheckConstraint("publication_id = 1", name="only_one"),)

    ruleset: str
    sha256: str
    rules: str  # JSON of the ruleset with its switches set and the overlay in
    switches: str  # JSON: the option of each switch
    overlay: str | None  # JSON of the authority's overlay, where one was in use


class PublishedAbsenceRule(OfPublication, table=True):
    """What the published run's rules ask about absence, beside the publication's threshold."""

    __tablename__ = "published_absence_rule"
    __table_args__ = (CheckConstraint("publication_id = 1", name="only_one"),)

    label: str
    counted: str  # JSON list: authorised, unauthorised


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
    __table_args__ = (
        CheckConstraint("role IN ('child', 'parent', 'carer', 'adult', 'linked')", name="role_known"),
        Index(None, "person_id"),
        Index(None, "date_of_birth"),
    )

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
    record: str | None = None  # JSON of a record's key: source, delivery, row, part; what a decision is tied to
    sources: str | None = None  # JSON list of the sources that have a record of them


class PublishedWord(Base, table=True):
    """A word that somebody is found by: of their name or, without a person, of where their family lives."""

    __tablename__ = "published_word"

    word: str = Field(primary_key=True, sa_type=Word)
    family_id: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True)


class PublishedUpn(Base, table=True):
    """A UPN that records state of a member, now or formerly: somebody is found by it, and it is shown to nobody."""

    __tablename__ = "published_upn"

    upn: str = Field(primary_key=True)
    family_id: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True)


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


class PublishedFollowedAbsence(Base, table=True):
    """The same of a child of a family that is in the casebook by its open case alone."""

    __tablename__ = "published_followed_absence"

    family_id: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True)
    place: int = Field(primary_key=True)
    name: str
    half_term: str
    possible: int | None
    authorised: int | None
    unauthorised: int | None


class PublishedSchooling(Base, table=True):
    """Of a half term that absence is shown of: suspensions, blank where not known, and what sets it apart in words."""

    __tablename__ = "published_schooling"

    family_id: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True)
    place: int = Field(primary_key=True)
    suspensions: int | None
    told: str


class PublishedSchoolTest(Base, table=True):
    """A condition of a result about school, of one child: of its whole window (place 0), or of one of its terms."""

    __tablename__ = "published_school_test"
    __table_args__ = (CheckConstraint("outcome IN ('met', 'not_met', 'unknown')", name="outcome_known"),)

    family_id: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True)
    condition: str = Field(primary_key=True)
    place: int = Field(primary_key=True)
    label: str
    what: str
    bound: str
    is_share: bool
    since_work: bool  # only terms count that end after the work with the family began
    term: str  # "2012/13 autumn"; blank of the whole window
    first_day: dt.date
    last_day: dt.date
    outcome: str
    value: int
    out_of: int | None
    detail: str | None


class PublishedFact(Base, table=True):
    """Something known of a family: an event, a state or a member. In words where somebody works with the family."""

    __tablename__ = "published_fact"

    family_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)  # a hash: the same for the same fact, run after run
    kind: str
    person_id: str | None = None
    name: str | None = None
    happened_on: dt.date | None = None
    sentence: str | None = None
    rows: str | None = None  # JSON list of [source, file, row]


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


class TwoRecords(SQLModel):
    """A record of either side of a doubt, by the keys that stay from run to run."""

    source_a: str
    delivery_a: str
    row_a: int
    part_a: str
    source_b: str
    delivery_b: str
    row_b: int
    part_b: str
    person_a: str | None = None  # who the run says they are of
    person_b: str | None = None


class PublishedDoubt(TwoRecords, Base, table=True):
    """A question about linkage that a person can answer; deleted once it is decided, or after 90 days."""

    __tablename__ = "published_doubt"
    __table_args__ = (
        CheckConstraint("asks IN ('pair', 'tie')", name="asks_known"),
        CheckConstraint("effect IN ('eligible', 'not_eligible', 'strand', 'none')", name="effect_known"),
    )

    doubt_id: str = Field(primary_key=True)
    place: int = Field(index=True)
    asks: str
    kind: str
    sentence: str
    effect: str
    if_so: str
    weight: float | None
    waterfall: str | None
    name_a: str
    name_b: str
    sides: str


class LinkageDecision(TwoRecords, Base, table=True):
    """What somebody decided of a doubt, or that they withdrew it. Append-only: triggers refuse every change."""

    __tablename__ = "linkage_decision"
    __table_args__ = (
        CheckConstraint(
            "answer IN ('same', 'different', 'belongs', 'does_not_belong', 'cannot_tell', 'withdrawn')",
            name="answer_known",
        ),
        {"sqlite_autoincrement": True},
    )

    decision_id: int | None = Field(default=None, primary_key=True, sa_type=EventNumber)
    doubt_id: str = Field(index=True)
    asks: str
    answer: str
    withdraws: int | None = Field(default=None, sa_type=EventNumber, unique=True)
    name_a: str
    name_b: str
    sentence: str
    reason: str
    decided_by: str
    role: str
    decided_at: dt.datetime = Field(sa_type=UtcDateTime)
    run_id: str
    inputs: str | None = None


class LinkageQuery(Base, table=True):
    """What a worker says is wrong in a family as linked, and what became of it."""

    __tablename__ = "linkage_query"
    __table_args__ = (
        CheckConstraint("result IN ('corrected', 'right', 'not_settled')", name="result_known"),
        {"sqlite_autoincrement": True},
    )

    query_id: int | None = Field(default=None, primary_key=True, sa_type=EventNumber)
    family_id: str = Field(index=True)
    person_id: str | None
    code: str
    words: str
    raised_by: str
    raised_role: str
    raised_at: dt.datetime = Field(sa_type=UtcDateTime)
    due_on: dt.date
    settled_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_by: str | None = None
    result: str | None = None
    told: str | None = None
    decision: int | None = Field(default=None, sa_type=EventNumber)


class PublishedQuality(Base, table=True):
    """A count about linkage in the published run; nobody is named."""

    __tablename__ = "published_quality"

    figure: str = Field(primary_key=True)
    label: str = Field(primary_key=True)
    part: str = Field(primary_key=True)
    place: int
    number: int


class PublishedSamplePair(Base, table=True):
    """Two records drawn to measure linkage by, side by side for whoever says whether they are of one person."""

    __tablename__ = "published_sample_pair"

    pair_id: str = Field(primary_key=True)
    stratum: str
    is_linked: bool
    stratum_pairs: int  # as many pairs of this kind the run has
    place: int
    sides: str  # JSON list of [field, what the one says, what the other says]
    person_a: str | None = None
    person_b: str | None = None


class SampleAnswer(Base, table=True):
    """What a person said of a drawn pair. It measures linkage and changes none of it. Append-only; the last one counts.

    Nothing of the two people is kept: the pair's id is a hash of its record keys.
    """

    __tablename__ = "sample_answer"
    __table_args__ = (
        CheckConstraint("answer IN ('same', 'different', 'cannot_tell')", name="answer_known"),
        Index(None, "pair_id"),
        {"sqlite_autoincrement": True},
    )

    answer_id: int | None = Field(default=None, primary_key=True, sa_type=EventNumber)
    pair_id: str
    answer: str
    staff_id: str
    role: str
    at: dt.datetime = Field(sa_type=UtcDateTime)


class ContinuityProposal(Base, table=True):
    """What a refresh found to have become of a family in the casebook, with its effect; it changes nothing by itself.

    Append-only: what people make of it stands in `continuity_answer`.
    """

    __tablename__ = "continuity_proposal"
    __table_args__ = (Index(None, "family_id"),)

    proposal_id: str = Field(primary_key=True)
    family_id: str
    family_status: str  # eligible or near_miss, as the casebook has it or last had it: who may see this
    kind: str
    old_id: str
    new_id: str
    person_id: str
    sentence: str
    effect: str
    eligible_before: str | None
    eligible_after: str | None
    strands_before: str | None
    strands_after: str | None
    members_before: str  # JSON list of person ids
    members_after: str
    record_a: str | None  # of people put together, JSON of the key of a record of the one
    record_b: str | None
    run_before: str
    run_after: str
    proposed_at: dt.datetime = Field(sa_type=UtcDateTime)


class ContinuityAnswer(Base, table=True):
    """What a person decided of a proposal, and why. Append-only; the last one counts."""

    __tablename__ = "continuity_answer"
    __table_args__ = (
        CheckConstraint("answer IN ('accepted', 'undone')", name="answer_known"),
        {"sqlite_autoincrement": True},
    )

    answer_id: int | None = Field(default=None, primary_key=True, sa_type=EventNumber)
    proposal_id: str = Field(foreign_key="continuity_proposal.proposal_id", index=True)
    answer: str
    reason: str
    staff_id: str
    role: str
    at: dt.datetime = Field(sa_type=UtcDateTime)


class FamilyChange(Base, table=True):
    """What a publication changed of a family in the casebook; deleted after 90 days, or with a family that came back.

    Of a family that was dropped it is all that is left: what it was called and met, and why it went.
    """

    __tablename__ = "family_change"
    __table_args__ = (
        CheckConstraint("kind IN ('new', 'changed', 'dropped')", name="kind_known"),
        Index(None, "kind", "noted_at"),
    )

    family_id: str = Field(primary_key=True)
    run_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    family_status: str  # as published last: who may see this
    family_name: str
    size: int
    strands: str  # those met when it was published last
    sentence: str
    as_of: dt.date
    noted_at: dt.datetime = Field(sa_type=UtcDateTime)


class Staff(Base, table=True):
    """Someone who may open the casebook. A sign-in service knows them by issuer and subject; not made-up staff."""

    __tablename__ = "staff"
    __table_args__ = (Index(None, "issuer", "subject", unique=True),)

    staff_id: str = Field(primary_key=True)
    name: str
    role: str
    is_demo: bool
    issuer: str | None = None
    subject: str | None = None
    team_id: str | None = Field(default=None, index=True)
    is_disabled: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class AuditEvent(Base, table=True):
    """Who did or saw what, in which role, why and when. Append-only: triggers refuse every change.

    Each event is chained to the one before by its hash; those written before there was a chain have none.
    """

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
    session_id: str | None = None
    result_count: int | None = None
    prev_hash: str | None = None
    hash: str | None = None


def table(model: type[SQLModel]) -> Table:
    """The SQLAlchemy table behind a model, for queries on columns."""
    return cast(Table, cast(Any, model).__table__)


# Parents before children: the order in which a refresh writes them; it empties them in reverse.
PUBLISHED: tuple[type[SQLModel], ...] = (
    Publication,
    PublishedRuleset,
    PublishedAbsenceRule,
    PublishedStrand,
    PublishedCoverage,
    PublishedFamily,
    PublishedMember,
    PublishedWord,
    PublishedUpn,
    PublishedOutcome,
    PublishedFinding,
    PublishedEvidence,
    PublishedAbsence,
    PublishedFollowedAbsence,
    PublishedSchooling,
    PublishedSchoolTest,
    PublishedFact,
    PublishedTie,
    PublishedDoubt,
    PublishedQuality,
    PublishedSamplePair,
)
