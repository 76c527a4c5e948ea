"""One dated version of a programme as values: criteria, strands, routes, results, money, each with source and grade.

Types and allowed words only; what must hold between the parts is in `ruleset_checks`, reading a file in `rulebook`.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Confidence = Literal["V", "C", "M", "I"]
GRADES = {
    "V": "read in an official source",
    "C": "corroborated by councils or press",
    "M": "recalled, not verified",
    "I": "interpretation",
}
Fraction = Annotated[tuple[int, int], Field(strict=False)]  # of a list, as TOML has it: one third is [1, 3]
Role = Literal["child", "parent", "carer", "adult", "linked"]
Measure = Literal["count", "total", "share", "status", "reduction", "duration"]
OPERATORS = ("at_least", "more_than", "below", "at_most")


class Part(BaseModel):
    """A part of a ruleset: nothing unknown in it, and nothing changed after it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, dict | str) else value


class InForce(Part):
    """The days on which a ruleset may be used without being told to."""

    from_: Annotated[dt.date, Field(alias="from")]
    to: dt.date | None = None


class Dependent(Part):
    """Which children are dependent: the young ones, and older ones living with a parent who do one of these things."""

    under: int  # years: dependent whatever they do
    until: int  # years, inclusive: dependent where they do one of `when` and live with a parent or carer
    when: list[str]
    source: str
    confidence: Confidence


class FamilyUnit(Part):
    """Which members count as the family, from what age one is an adult, and who must be in it."""

    members: list[Role]
    adult_from: int
    requires: list[Literal["child", "dependent_child", "expectant_parent"]]  # any one of these
    dependent: Dependent | None = None
    linked_strands_at_most: int = 0  # strands that only people linked, not resident, account for


class Strand(Part):
    """A problem, need or criterion of the programme: a group of criteria of which any one is enough."""

    id: str
    label: str
    headline: str = ""
    headline_alias: str = ""  # another official spelling of the headline; only shown, never counted
    if_nobody_asked: Literal["unknown", "not_met"]
    nobody_asked: str = "nobody in the family is asked this"
    is_near_miss: bool = False  # met, it may bring a family to the programme team's notice though not eligible


class WindowRule(Part):
    """The stretch of time asked about: exactly one of these."""

    terms: int | None = None
    including_current_term: bool = False
    since_attachment: bool = False  # only terms that end after the programme began to work with the family
    academic_years: int | None = None
    months: int | None = None
    months_ahead: int | None = None
    weeks: int | None = None
    current: bool = False
    ever: bool = False


class Bound(Part):
    """What a measure must reach: one comparison with a number or a whole per cent, for a stretch of as-of dates."""

    at_least: int | None = None
    more_than: int | None = None
    below: int | None = None
    at_most: int | None = None
    at_least_percent: int | None = None
    more_than_percent: int | None = None
    below_percent: int | None = None
    at_most_percent: int | None = None
    reduced_by_percent: int | None = None
    reduced_by: Fraction | None = None
    from_: Annotated[dt.date | None, Field(alias="from")] = None
    to: dt.date | None = None

    def holds_on(self, day: dt.date) -> bool:
        """Whether this is the bound in force on a day."""
        return (self.from_ is None or self.from_ <= day) and (self.to is None or day <= self.to)

    @property
    def is_percent(self) -> bool:
        """Whether shares are compared."""
        return self._percent is not None

    @property
    def _percent(self) -> tuple[str, int] | None:
        given = ((name, getattr(self, f"{name}_percent")) for name in OPERATORS)
        return next(((name, number) for name, number in given if number is not None), None)

    @property
    def comparison(self) -> tuple[str, int]:
        """The operator and the number compared with."""
        numbers = ((name, getattr(self, name)) for name in OPERATORS)
        plain = next(((name, number) for name, number in numbers if number is not None), None)
        return plain or self._percent or ("at_least", self.reduced_by_percent or 0)

    @property
    def reduction(self) -> tuple[int, int]:
        """The least reduction as a fraction."""
        return self.reduced_by or (self.reduced_by_percent or 0, 100)

    @property
    def words(self) -> str:
        """The bound as people say it."""
        if self.reduced_by is not None:
            return f"a reduction of {self.reduced_by[0]}/{self.reduced_by[1]} or more"
        if self.reduced_by_percent is not None:
            return f"a reduction of {self.reduced_by_percent}% or more"
        operator, number = self.comparison
        figure = f"{number}%" if self.is_percent else str(number)
        return {
            "at_least": f"{figure} or more",
            "more_than": f"more than {figure}",
            "below": f"less than {figure}",
            "at_most": f"{figure} or {'less' if self.is_percent else 'fewer'}",
        }[operator]


class Ages(Part):
    """Ages in whole years on the as-of date, both ends included."""

    from_: Annotated[int | None, Field(alias="from")] = None
    to: int | None = None


class Baseline(Part):
    """What a reduction is measured against: so many months that end where the window, or the work with it, begins."""

    months: int
    ends: Literal["window", "attachment"] = "window"


class Asked(Part):
    """What is asked, of whom, over which time, against which bound: a criterion, review or condition of a result."""

    id: str
    label: str
    asked_of: Literal["child", "adult", "member", "family"]
    ages: Ages | None = None
    compulsory_school_age: bool = False
    measure: Measure
    table: str
    where: dict[str, list[str | bool]] = {}
    unless: dict[str, list[str | bool]] = {}  # a duration leaves out spells that overlap such a row
    numerator: Annotated[list[str], BeforeValidator(_as_list)] = []
    denominator: str | None = None
    total_of: str | None = None
    consecutive: bool = False
    averaging: Literal["pooled", "mean_of_terms", "each_term"] = "pooled"
    rounding: Literal["none", "whole_percent"] = "none"
    dated_by: str = "on"
    age_at: Literal["as_of", "event"] = "as_of"
    window: WindowRule
    baseline: Baseline | None = None
    bound: Annotated[list[Bound], BeforeValidator(_as_list)]
    what: str
    what_not: str = ""
    settled_by: str
    fresh_within_months: int | None = None
    snapshot: bool = False  # the data tells of the day it was drawn, and is said with that day
    source: str
    confidence: Confidence

    def bound_on(self, day: dt.date) -> Bound:
        """The bound in force on a day; the nearest where the day lies outside all of them."""
        held = [bound for bound in self.bound if bound.holds_on(day)]
        if held:
            return held[0]
        later = [bound for bound in self.bound if bound.from_ is not None and bound.from_ > day]
        return later[0] if later else self.bound[-1]


class Criterion(Asked):
    """A measure against a bound that counts towards a strand."""

    strand: str


class Review(Asked):
    """Something a person must look at before the answer is relied on; it counts towards nothing."""

    holds: list[str] = []  # result routes that wait for a person where it is so


class Condition(Part):
    """At least k of these strands ("all" of the ruleset's), and in so many different headlines."""

    at_least: int
    of: list[str] | Literal["all"]
    distinct_headlines: int = 1


class Route(Part):
    """One way to be eligible: every condition holds."""

    id: str
    label: str
    conditions: list[Condition]
    source: str
    confidence: Confidence


class MeasuredCondition(Asked):
    """A condition of a result that facts decide: of every one asked, of any one, or of the family together."""

    of: Literal["each", "any", "together"]
    where_relevant: bool = False  # asked only where the strand was met at the start, or the baseline is not nought
    strand: str | None = None
    leavers: Literal["counted", "neutral"] = "counted"


class NamedCondition(Part):
    """A condition of a result that the casework decides."""

    id: str
    label: str
    source: str
    confidence: Confidence


class ProgressCondition(NamedCondition):
    """Every problem known, at the start or found later, has met its measure and kept to it."""

    leaves_out: list[str] = []  # strands that another condition decides
    sustained_months: int
    sustained_after: Literal["resolution", "closure"]
    accepts_equivalent_progress: bool = False


class CaseworkCondition(NamedCondition):
    """What the work with the family must show: each of these, with a sentence where it does not."""

    shows: list[Literal["whole_family_assessment", "whole_family_plan", "lead_worker", "plan_meets_outcomes_plan"]]


class ResultRoute(Part):
    """One way to a result: all of these conditions, and one of `any_of` where it names some."""

    id: str
    label: str
    all_of: list[str] = []
    any_of: list[str] = []
    claimable_if_nothing_relevant: bool = False
    counts_as_result: bool = True
    source: str
    confidence: Confidence


class ResultRules(Part):
    """When a result can be claimed at all."""

    claims_to: dt.date | None = None  # last day a result may be completed
    programme_ended: str = ""
    one_result_per_family: bool = True
    needs_payment_by_results_area: bool = False
    consent_needed: bool = False
    source: str
    confidence: Confidence


class MoneyYear(Part):
    """What one family is worth in a year of the programme, in pounds."""

    from_: Annotated[dt.date, Field(alias="from")]
    to: dt.date
    label: str
    attachment: int
    results: dict[str, int]
    cap: int  # all results of one family together
    source: str
    confidence: Confidence


class Release(Part):
    """How much of the next year's attachment fees is released at a share of families worked with."""

    at_least: Fraction
    pays: str


class Funding(Part):
    """What an authority is funded for: a share of its families, spread over years."""

    share: Fraction
    years: int
    release: list[Release] = []
    source: str
    confidence: Confidence


class Money(Part):
    """Amounts by year, and whose year counts."""

    rate_year: Literal["attached", "claimed"]
    tops_up: bool  # whether a second, better result is paid up to the cap
    year: list[MoneyYear]
    funding: Funding | None = None


class ClaimWindow(Part):
    """A stretch of days in which claims were taken."""

    label: str
    opens: dt.date | None = None
    closes: dt.date
    source: str
    confidence: Confidence


class Change(Part):
    """What an option changes: the part, as `criterion.permanent_exclusion`, and its new values."""

    at: str
    set: dict[str, Any]


class Option(Part):
    """One way to read what the text leaves open."""

    id: str
    label: str
    change: list[Change] = []


class Switch(Part):
    """A question the text leaves open, with the options and the one used where nobody chooses."""

    id: str
    label: str
    default: str
    option: list[Option]
    cases: list[str] = []
    source: str
    confidence: Confidence = "I"


class Ruleset(Part):
    """A whole programme version."""

    id: str
    title: str
    framework: str
    in_force: InForce
    programme: str  # families are paid for once in each programme
    reads: dict[str, list[str]]
    family: FamilyUnit
    strand: list[Strand]
    criterion: list[Criterion]
    review: list[Review] = []
    route: list[Route]
    result: ResultRules | None = None
    condition: list[MeasuredCondition] = []
    progress_condition: list[ProgressCondition] = []
    casework_condition: list[CaseworkCondition] = []
    result_route: list[ResultRoute] = []
    money: Money | None = None
    claim_window: list[ClaimWindow] = []
    switch: list[Switch] = []
    local: list[str] = []  # what an authority added or set itself, by id, with its own source

    @classmethod
    def from_json(cls, text: str | bytes) -> Ruleset:
        """A ruleset that was kept as JSON, where dates are texts. Raises ValidationError where it does not fit."""
        return cls.model_validate_json(text, strict=False)

    @property
    def strand_labels(self) -> dict[str, str]:
        """Labels by strand id, and of eligibility itself."""
        return {strand.id: strand.label for strand in self.strand} | {"eligible": "Eligible"}

    @property
    def near_miss_strands(self) -> list[str]:
        """Strands that may bring a family to the programme team's notice though it is not eligible."""
        return [strand.id for strand in self.strand if strand.is_near_miss]

    def asked(self) -> dict[str, Asked]:
        """Everything the ruleset asks of facts, by id: criteria, reviews and measured result conditions."""
        return {each.id: each for each in (*self.criterion, *self.review, *self.condition)}

    def conditions(self) -> dict[str, str]:
        """The label of every condition of a result, by id."""
        of_casework: list[NamedCondition] = [*self.progress_condition, *self.casework_condition]
        return {each.id: each.label for each in self.condition} | {each.id: each.label for each in of_casework}

    def criteria(self) -> dict[str, Criterion]:
        """Criteria by id."""
        return {criterion.id: criterion for criterion in self.criterion}
