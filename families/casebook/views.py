"""What the casebook hands to a page: plain frozen values, never ORM objects, already cut to what the reader may see."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TypeAlias

Days: TypeAlias = tuple[dt.date, dt.date]  # the first and the last


@dataclass(frozen=True)
class Reader:
    """Who is asking, in which role and for what purpose; every read takes one, and is audited with it."""

    staff_id: str
    role: str
    purpose: str
    session_id: str | None = None
    is_recent: bool = False  # whether the session's sign-in is recent enough for what is most protected


@dataclass(frozen=True)
class StaffMember:
    """Someone who may open the casebook, as the demo chooser offers them."""

    staff_id: str
    name: str
    role: str
    role_label: str
    is_demo: bool


@dataclass(frozen=True)
class DataAsAt:
    """What a page must say of the data under it."""

    run_id: str
    as_of: dt.date
    ruleset: str
    published_at: dt.datetime
    is_sample: bool


@dataclass(frozen=True)
class PublishedRules:
    """The rules that what is shown was made by, as JSON: the ruleset whole and the overlay where there is one."""

    ruleset: str
    sha256: str
    rules: str
    switches: dict[str, str]
    overlay: str | None


@dataclass(frozen=True)
class CoverageLine:
    """What one source speaks for, said beside every list and record."""

    source: str
    covers_from: dt.date | None
    covers_to: dt.date | None
    schools: int | None
    sentence: str


@dataclass(frozen=True)
class StrandOutcome:
    """One strand, or eligibility, for one family."""

    strand: str
    label: str
    outcome: str  # met, not_met, unknown
    reason: str


@dataclass(frozen=True)
class ChildBrief:
    """A child on a list."""

    name: str
    age: int | None


@dataclass(frozen=True)
class FamilySummary:
    """A row of Identified families."""

    family_id: str
    name: str
    status: str  # eligible, near_miss
    children: tuple[ChildBrief, ...]
    strands: tuple[StrandOutcome, ...]
    newest_evidence_on: dt.date | None
    unknown: str  # what is unknown, in words; "" where nothing is
    size: int
    near_miss: str = ""  # what a near miss lacks to be eligible, in words; "" of eligible families


@dataclass(frozen=True)
class FamilyList:
    """One page of Identified families, with the count of all that match the filter."""

    families: tuple[FamilySummary, ...]
    total: int


ADDRESS_WITHHELD = "Not shown to you: it may say where somebody lives."


@dataclass(frozen=True)
class Member:
    """A member of a family and why they are in it."""

    person_id: str
    name: str
    sex: str | None
    date_of_birth: dt.date | None
    age: int | None
    role: str  # child, parent, carer, adult, linked
    is_resident: bool
    school: str | None
    why: str


@dataclass(frozen=True)
class Evidence:
    """A row that shows a finding: down to file and row."""

    source: str
    file: str
    row: int


@dataclass(frozen=True)
class FindingView:
    """One criterion for one person or the family, explained."""

    person_id: str | None
    person_name: str | None
    strand: str
    criterion: str
    label: str
    outcome: str
    sentence: str
    newest_on: dt.date | None
    evidence: tuple[Evidence, ...]
    is_safety: bool = False  # it asks whether somebody may be in danger


@dataclass(frozen=True)
class HalfTermAbsence:
    """Sessions of one child in one half term; possible is None where nothing was supplied."""

    person_id: str
    half_term: str  # "2012/13 autumn 1"
    possible: int | None
    authorised: int | None
    unauthorised: int | None
    place: int = 0  # its order; the first year of its school year and its number therein
    suspensions: int | None = None  # None where not known
    told: str = ""  # what sets the half term apart, in sentences


@dataclass(frozen=True)
class SchoolTest:
    """A condition of a result about school, of one child: of its whole window (place 0), or of one of its terms."""

    person_id: str
    condition: str
    place: int
    label: str
    what: str
    bound: str
    is_share: bool
    since_work: bool  # only terms count that end after the work with the family began
    term: str  # "2012/13 autumn"; blank of the whole window
    first_day: dt.date
    last_day: dt.date
    outcome: str  # met, not_met, unknown
    value: int
    out_of: int | None
    detail: str | None


@dataclass(frozen=True)
class AbsenceRule:
    """The share of absence that the rules in force ask about, as a chart draws it."""

    percent: int
    label: str
    counted: tuple[str, ...]  # authorised, unauthorised


@dataclass(frozen=True)
class Schooling:
    """How a family's children go to school: half terms, the school test of a result, and the rule a chart draws."""

    half_terms: tuple[HalfTermAbsence, ...] = ()
    tests: tuple[SchoolTest, ...] = ()
    rule: AbsenceRule | None = None


@dataclass(frozen=True)
class Tie:
    """A tie between two members, for the graph and its table twin."""

    person_a: str
    person_b: str
    tie: str
    why: str


@dataclass(frozen=True)
class QueryView:
    """What a worker says is wrong in a family as linked; disputed until there is a result."""

    query_id: int
    family_id: str
    family: str
    person_id: str | None
    person: str | None
    what: str
    words: str
    raised_by: str
    raised_at: dt.datetime
    due_on: dt.date
    result: str | None  # corrected, right, not_settled
    told: str | None


@dataclass(frozen=True)
class FamilyRecord:
    """Everything the Family record page shows."""

    family_id: str
    name: str
    status: str
    address: str | None
    members: tuple[Member, ...]
    strands: tuple[StrandOutcome, ...]
    findings: tuple[FindingView, ...]
    schooling: Schooling
    ties: tuple[Tie, ...]
    queries: tuple[QueryView, ...] = ()
    restrictions: tuple[str, ...] = ()  # the kinds over a family that the reader is let in to
    opened_until: dt.datetime | None = None  # of a family that the reader opened in an emergency
    is_address_withheld: bool = False


@dataclass(frozen=True)
class SideBySide:
    """One fact as either side of a doubt states it."""

    field: str
    one: str
    other: str
    agreement: str  # match, differs, missing; "" where it is not compared


@dataclass(frozen=True)
class DoubtView:
    """A question about linkage, with all that is needed to answer it."""

    doubt_id: str
    asks: str  # pair: are they one person; tie: does the one belong to the family of the other
    kind: str
    name_a: str
    name_b: str
    sentence: str
    effect: str  # eligible, not_eligible, strand, none
    if_so: str
    weight: float | None
    waterfall: tuple[tuple[str, float], ...]
    sides: tuple[SideBySide, ...]


@dataclass(frozen=True)
class DoubtList:
    """One page of the queue; how many wait, and how many more the run found and leaves out."""

    doubts: tuple[DoubtView, ...]
    total: int
    left_out: int


@dataclass(frozen=True)
class DecisionView:
    """What somebody decided, or that they took it back."""

    decision_id: int
    answer: str
    name_a: str
    name_b: str
    reason: str
    decided_by: str
    decided_at: dt.datetime
    withdraws: int | None
    is_in_force: bool


@dataclass(frozen=True)
class QualityCount:
    """A count about linkage in the published run."""

    figure: str  # links_by_reason, records_by_source, people_by_records, addresses_by_source
    label: str
    part: str
    number: int


@dataclass(frozen=True)
class SamplePair:
    """Two records drawn to measure linkage by, field by field: the field, what the one says, what the other says."""

    pair_id: str
    sides: tuple[tuple[str, str | None, str | None], ...]


@dataclass(frozen=True)
class SampleCount:
    """A kind of pair with what was answered: as many pairs of the kind, drawn, answered, and of one person."""

    stratum: str
    is_linked: bool
    pairs: int
    drawn: int
    answered: int
    same: int
