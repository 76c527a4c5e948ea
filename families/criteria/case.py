"""A made-up family as a small TOML file: who, what happened when, what the programme did, and what is expected of it.

What is not mentioned is known not to have happened, unless the case says that a source is not known. The format is
described with an example for each ruleset in REFERENCE.md.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from families import dates
from families.criteria.askable import codes
from families.criteria.ruleset import Fraction, Part, Role
from families.criteria.ruleset_checks import did_you_mean, tables, wrong_shape
from families.dates import Term
from families.errors import Refused

SOURCES = Literal[
    "attendance", "exclusions", "school_roll", "youth_justice", "asb", "social_care", "early_help", "benefits",
    "housing", "probation", "police_domestic", "health_services", "destinations", "nominations", "employment",
]  # fmt: skip
Outcome = Literal["met", "not_met", "unknown"]
CODED = (
    ("benefits", "kind", "benefits.csv"),
    ("work", "benefit_left", "benefits.csv"),
    ("nominations", "need", "nomination_needs.csv"),
)


SPANS = (
    "provision", "benefits", "care", "early_help", "housing", "sentences", "services", "destinations", "work",
)  # fmt: skip
Count = Annotated[int, Field(ge=0)]
Number = Annotated[int, Field(gt=0)]


class Sessions(Part):
    """Sessions of one term (`autumn 2011`) or of one academic year (`2011/12`, shared evenly over its terms)."""

    term: str
    possible: Count
    unauthorised: Count = 0
    authorised: Count = 0


class Exclusion(Part):
    """An exclusion: fixed (suspension), permanent or lunchtime; its length in half days."""

    on: dt.date
    kind: Literal["fixed", "permanent", "lunchtime"] = "fixed"
    half_days: Count = 2
    number: Number = 1


class Span(Part):
    """Something that begins, and may end."""

    from_: Annotated[dt.date | None, Field(alias="from")] = None
    to: dt.date | None = None


class Provision(Span):
    """A place in a pupil referral unit or alternative provision."""

    because: Literal["excluded", "other"]


class Offence(Part):
    """An offence: the day of its outcome, and of the offence where that matters."""

    on: dt.date
    offence_on: dt.date | None = None
    proven: bool = True
    number: Number = 1


class Asb(Part):
    """An order, contract, notice or reported incident of anti-social behaviour."""

    kind: Literal[
        "ASBO", "ASBI", "ABC", "CBO", "NOSP", "injunction", "demotion", "eviction", "warning", "incident"
    ]  # fmt: skip
    on: dt.date
    to: dt.date | None = None
    ground: Literal["asb", "arrears", "other"] = "asb"
    number: Number = 1


class Benefit(Span):
    """A benefit or tax credit of a person."""

    kind: str  # a code of data/reference/benefits.csv


class Care(Span):
    """An episode with children's social care: in need, protection plan, looked after, section 47 enquiry."""

    kind: Literal["CIN", "CP", "LAC", "S47"]


class Housing(Span):
    """What a housing service has on record."""

    kind: Literal[
        "arrears", "notice_arrears", "eviction_risk", "temporary_accommodation", "homeless", "unsuitable",
        "excluded_from_home",
    ]  # fmt: skip


class Sentence(Span):
    """A sentence in custody or in the community."""

    kind: Literal["custody", "licence", "community_order", "suspended_sentence"]
    release_on: dt.date | None = None
    parenting: bool = True


class DomesticIncident(Part):
    """A person's part in an incident of domestic abuse."""

    on: dt.date
    role: Literal["victim", "suspect", "child"] = "victim"
    marac: bool = False
    risk: Literal["standard", "medium", "high"] = "standard"


class Service(Span):
    """That a person is with a service."""

    kind: Literal[
        "mental_health", "drugs", "alcohol", "perinatal", "expectant_parent", "learning_disability", "physical_health",
        "early_years_development",
    ]  # fmt: skip


class Destination(Span):
    """What a young person does after compulsory schooling, or is to do."""

    status: Literal["neet", "no_offer", "education", "training", "employment"]


class Nomination(Part):
    """A professional's nomination for a need."""

    need: str  # a code of data/reference/nomination_needs.csv
    on: dt.date
    to: dt.date | None = None
    by: Literal["school", "police", "health_visitor", "housing", "social_care", "voluntary", "other"] = "other"


class Work(Span):
    """A step to work: a job, the Work Programme, provision of the European Social Fund."""

    kind: Literal["employment", "work_programme", "esf_provision"] = "employment"
    benefit_left: str | None = None  # blank: the benefit that ended last before the work began
    meets_earnings_floor: bool | None = None


class Person(Part):
    """A member of the family, and what is on record of them."""

    name: str
    role: Role
    born: dt.date | None = None
    age: Count | None = None
    lives_here: bool | None = None  # blank: everybody but linked people
    lives_with_parent: bool | None = None  # blank: a child does where a parent or carer lives here
    joined_on: dt.date | None = None
    left_on: dt.date | None = None
    school: Literal["on_roll", "off_roll", "home_educated", "left", "not_known"] | None = None
    school_until: dt.date | None = None
    not_known: list[SOURCES] = []
    sessions: list[Sessions] | None = None
    exclusions: list[Exclusion] = []
    provision: list[Provision] = []
    offences: list[Offence] = []
    asb: list[Asb] = []
    benefits: list[Benefit] = []
    care: list[Care] = []
    early_help: list[Span] = []
    housing: list[Housing] = []
    sentences: list[Sentence] = []
    domestic_incidents: list[DomesticIncident] = []
    services: list[Service] = []
    destinations: list[Destination] = []
    nominations: list[Nomination] = []
    work: list[Work] = []


class EquivalentProgress(Part):
    """A named person's decision that progress is as good as the measure asks."""

    by: str
    on: dt.date


class Problem(Part):
    """A problem or need of the family, known at the start or found later, and what became of it."""

    strand: str
    found_on: dt.date | None = None
    resolved_on: dt.date | None = None  # from when the plan's measure has been met without a break
    measure_met: bool | None = None  # the plan's measure, with the time it must last, is met or not
    equivalent_progress: EquivalentProgress | None = None


class EarlierClaim(Part):
    """A result claimed before for this family, or for the same children under another name."""

    ruleset: str
    route: str
    on: dt.date
    amount: Count
    same_family: bool = True
    children: list[str] = []  # of the other family, as named here


class Programme(Part):
    """What the programme did with the family, and what is claimed."""

    attached_on: dt.date | None = None
    closed_on: dt.date | None = None
    claim_on: dt.date | None = None  # blank: the as-of date
    left_area_on: dt.date | None = None
    consent_withdrawn_on: dt.date | None = None
    whole_family_assessment: bool = True
    whole_family_plan: bool = True
    lead_worker: bool = True
    plan_meets_outcomes_plan: bool = True
    internal_audit: Literal["validated", "pending", "not_stated"] = "not_stated"
    evidenced: list[str] | None = None  # strands whose evidence was found when the claim was sampled
    children_at_attachment: list[str] = []
    problem: list[Problem] = []
    earlier_claim: list[EarlierClaim] = []


class Authority(Part):
    """A question about an authority's funding, not about a family."""

    families: Count | None = None  # families the authority was told to turn around
    funded: Count | None = None  # or those it is funded for
    worked_with: Fraction | None = None  # families worked with, of the year's allocation
    valid_outcomes: Count | None = None
    payment_by_results_area: bool = True


class Expected(Part):
    """What the case expects; what it leaves out is not compared."""

    strands: dict[str, Outcome] = {}
    eligible: Outcome | None = None
    reviews: list[str] | None = None
    routes: dict[str, Outcome] = {}
    result: Literal["claimable", "ready", "not_claimable", "unknown", "review", "invalid", "blocked"] | None = None
    claimable_from: dt.date | None = None
    payable: int | None = None
    attachment: int | None = None
    total: int | None = None
    counts_as_result: bool | None = None
    ruleset: str | None = None
    funded: int | None = None
    attachment_year_one: int | None = None
    results_year_one: int | None = None
    funding: int | None = None
    release: str | None = None


class Case(Part):
    """A whole case."""

    id: str = ""
    about: str = ""
    basis: Literal["", "T", "I"] = ""
    ruleset: str = "by_date"  # by_date: the ruleset in force when the work began, or as the switch says
    as_of: dt.date
    switches: dict[str, str] = {}
    benefit_data_on: dt.date | None = None  # blank: the as-of date
    not_known: list[SOURCES] = []
    person: list[Person] = []
    programme: Programme | None = None
    authority: Authority | None = None
    expected: Expected = Expected()


def named_terms(name: str) -> list[Term]:
    """The term called `autumn 2011`, or the terms of the academic year `2011/12`. Raises Refused for any other."""
    every = dates.authority_terms()
    if "/" in name and " " not in name.strip():
        found = [term for term in every if term.academic_year == name.strip()]
    else:
        word, _, year = name.strip().lower().partition(" ")
        found = [term for term in every if term.name == word and str(term.first_day.year) == year]
    if not found:
        raise Refused(f"There is no term {name!r}: write it as `autumn 2011`, or a whole year as `2011/12`.")
    return found


def read_cases(path: Path) -> list[Case]:
    """The cases of a file: one, or several under [[case]]. Raises Refused with every mistake at once."""
    try:
        raw = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise Refused(f"{path.name} cannot be read: {error.strerror or 'no such file'}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{path.name} is not TOML: {error}.") from None
    except RecursionError:
        raise Refused(f"{path.name} is nested too deeply to be read.") from None
    beside = sorted(set(raw) - {"case", "defaults"})
    if isinstance(raw.get("case"), list) and beside:
        raise Refused(
            f"{path.name} has [[case]] tables, and beside them {', '.join(beside)}: "
            "put what holds for every case under [defaults], or write the file as one case."
        )
    every = raw["case"] if isinstance(raw.get("case"), list) else [raw]
    defaults = raw.get("defaults", {}) if every is not raw else {}
    whole = [{**defaults, **each} if isinstance(each, dict) else each for each in every]
    found = [sentence for each in whole for sentence in case_mistakes(each)]
    if found:
        what = "a mistake" if len(found) == 1 else f"{len(found)} mistakes"
        raise Refused(f"{path.name} has {what}:\n" + "\n".join(found))
    return [Case.model_validate(each) for each in whole]


def case_mistakes(raw: dict[str, Any]) -> list[str]:
    """Every mistake of one case, each in a sentence."""
    name = raw.get("id")
    return [f"case {name}: {each}" if name else each for each in (*wrong_shape(Case, raw), *_wrong_meaning(raw))]


def _wrong_meaning(raw: dict[str, Any]) -> Iterator[str]:
    people = tables(raw, "person")
    names = [str(each.get("name")) for each in people]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"Two people are called {name}: give each a name of their own."
    for person in people:
        place = f"person {person.get('name')}"
        if "born" in person and "age" in person:
            yield f"{place}: give born or age, not both."
        for key, field, file in CODED:
            for each in tables(person, key):
                code = each.get(field)
                if isinstance(code, str) and code not in codes(file):
                    hint = did_you_mean(code, codes(file))
                    yield f"{place}, {key}: there is no {code}{hint}; allowed: {', '.join(codes(file))}."
        yield from _wrong_sessions(person, place)
        yield from _ends_before_it_begins(person, place)
        yield from _contradicted_person(person, place, last_day=_last_day(raw))
    yield from _contradicted_programme(raw, names)
    if not people and "authority" not in raw:
        yield "person: a case names at least one person, or asks about an authority."


def _wrong_sessions(person: Mapping[str, Any], place: str) -> Iterator[str]:
    for given in tables(person, "sessions"):
        term, possible = given.get("term"), given.get("possible")
        if isinstance(term, str):
            try:
                named_terms(term)
            except Refused as mistake:
                yield f"{place}, sessions: {mistake}"
        absent = [given.get(kind, 0) for kind in ("unauthorised", "authorised")]
        if isinstance(possible, int) and all(isinstance(each, int) for each in absent) and sum(absent) > possible:
            yield f"{place}, sessions of {term}: {sum(absent)} of absence are more than the {possible} possible."


def _ends_before_it_begins(person: Mapping[str, Any], place: str) -> Iterator[str]:
    for key in SPANS:
        for span in tables(person, key):
            first, last = span.get("from"), span.get("to")
            if isinstance(first, dt.date) and isinstance(last, dt.date) and last < first:
                yield f"{place}, {key}: it ends on {last}, before it begins on {first}."


def _last_day(raw: Mapping[str, Any]) -> dt.date | None:
    """The last day that a case asks about."""
    work = raw.get("programme")
    asked = [*_days(raw, "as_of"), *(_days(work, "claim_on") if isinstance(work, dict) else [])]
    return max((day for day in asked if day), default=None)


def _contradicted_person(person: Mapping[str, Any], place: str, *, last_day: dt.date | None) -> Iterator[str]:
    (born,) = _days(person, "born")
    if born and last_day and born > last_day:
        yield f"{place}: born {born} is after the last day asked about, {last_day}."
    joined, left = _days(person, "joined_on", "left_on")
    if joined and left and left <= joined:
        yield f"{place}: left_on {left} is not after joined_on {joined}, so they were never in the family."
    for offence in tables(person, "offences"):
        done, proven = _days(offence, "offence_on", "on")
        if done and proven and proven < done:
            yield f"{place}, offences: the outcome of {proven} is before the offence of {done}."


def _contradicted_programme(raw: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    """What cannot have happened in this order, and names of nobody in the case."""
    work = raw.get("programme")
    if not isinstance(work, dict):
        return
    began, closed = _days(work, "attached_on", "closed_on")
    if began and closed and closed < began:
        yield f"programme: closed_on {closed} is before attached_on {began}."
    claimed = _days(work, "claim_on")[0] or _days(raw, "as_of")[0]
    for claim in tables(work, "earlier_claim"):
        (on,) = _days(claim, "on")
        if on and claimed and on > claimed:
            yield f"programme, earlier_claim: {on} is after the claim of {claimed}, so it was not claimed before."
        for child in claim.get("children", []):
            if child not in names:
                yield f"programme, earlier_claim, children: nobody in the case is called {child}."


def _days(table: Mapping[str, Any], *keys: str) -> list[dt.date | None]:
    """The days under some keys; blank where there is none, or what stands there is no day."""
    return [table[key] if type(table.get(key)) is dt.date else None for key in keys]
