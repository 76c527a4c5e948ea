"""Made-up cases as the Facts and Casework that the evaluator takes: the same way in as delivered files have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from families import dates
from families.criteria.case import Case, Person, Programme, Sessions, named_terms
from families.criteria.facts import ATTACHED, SILENCES, Facts, with_parents
from families.criteria.results import Casework
from families.dates import Term
from families.tables.records import Coverage
from families.tables.run import Absence

SCHOOL = "A"
CASE = "case"
LONG_AGO = dt.date(1980, 1, 1)
TERM_SESSIONS = 126  # of a term of which a case says nothing
YEARS_BACK = 6
EVENT = {"person_id": pl.String, "on": pl.Date, "until": pl.Date, "offence_on": pl.Date}
COLUMNS: dict[str, dict[str, Any]] = {
    "exclusions": {"category": pl.String, "sessions": pl.Int64},
    "roll": {"status": pl.String},
    "provision": {"status": pl.String},
    "offences": {"is_proven": pl.Boolean},
    "asb_measures": {"kind": pl.String, "ground": pl.String},
    "benefits": {"benefit": pl.String},
    "care_episodes": {"kind": pl.String, "category": pl.String},
    "early_help": {"kind": pl.String},
    "housing_statuses": {"kind": pl.String, "amount_pence": pl.Int64},
    "sentences": {"kind": pl.String, "has_parenting_responsibility": pl.Boolean},
    "releases": {"has_parenting_responsibility": pl.Boolean},
    "domestic_incidents": {"role": pl.String, "is_marac": pl.Boolean, "risk": pl.String},
    "service_flags": {"service": pl.String},
    "destinations": {"status": pl.String},
    "nominations": {"need": pl.String, "nominated_by": pl.String},
    "work_steps": {"kind": pl.String, "benefit_left": pl.String, "meets_earnings_floor": pl.Boolean},
}
TOLD_BY = {
    "attendance": ("absence",),
    "exclusions": ("exclusions",),
    "school_roll": ("roll", "provision"),
    "youth_justice": ("offences",),
    "asb": ("asb_measures",),
    "social_care": ("care_episodes",),
    "early_help": ("early_help",),
    "benefits": ("benefits",),
    "housing": ("housing_statuses",),
    "probation": ("sentences", "releases"),
    "police_domestic": ("domestic_incidents",),
    "health_services": ("service_flags",),
    "destinations": ("destinations",),
    "nominations": ("nominations",),
    "employment": ("work_steps",),
}
EXCLUSIONS = {"fixed": "FIXD", "permanent": "PERM", "lunchtime": "LNCH"}


@dataclass(frozen=True)
class Member:
    """A person of a case on the day asked about, with an id of their own among the people of every case."""

    id: str
    family: str
    person: Person
    case: Case
    born: dt.date | None


def case_facts(cases: Mapping[str, Case], *, as_of: dt.date) -> Facts:
    """The families of cases on a day, each case a family of the given id. Raises Refused for a term there is not."""
    people = [
        Member(f"{family}/{person.name}", family, person, case, _born(person, case.as_of))
        for family, case in cases.items()
        for person in case.person
        if _is_member(person, as_of)
    ]
    pupils = [each for each in people if _is_pupil(each, as_of)]
    started = [(each.id, each.case.programme.attached_on) for each in people if each.case.programme is not None]
    return Facts(
        as_of=as_of,
        terms=dates.authority_terms(),
        members=with_parents(_members(people)).with_columns(pl.col("lives_with_parent").fill_null(False)),
        events={table: _events(table, people, as_of=as_of) for table in COLUMNS},
        absence=_absence(people, as_of=as_of),
        stays=_stays(pupils, as_of=as_of),
        coverage=_coverage(as_of=as_of),
        benefit_checks=_checks(people, as_of=as_of),
        attached=pl.DataFrame([row for row in started if row[1] is not None], schema=ATTACHED, orient="row"),
        silences=pl.DataFrame(list(_silences(people)), schema=SILENCES, orient="row"),
        is_whole_family=True,
    )


def names_of(cases: Mapping[str, Case], *, as_of: dt.date) -> pl.DataFrame:
    """person_id, forename and date_of_birth of everybody in the cases, for sentences."""
    rows = [
        (f"{family}/{person.name}", person.name, _born(person, case.as_of))
        for family, case in cases.items()
        for person in case.person
        if _is_member(person, as_of)
    ]
    schema = {"person_id": pl.String, "forename": pl.String, "date_of_birth": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _is_member(person: Person, day: dt.date) -> bool:
    joined, left = person.joined_on or dt.date.min, person.left_on or dt.date.max
    return joined <= day < left


def _born(person: Person, as_of: dt.date) -> dt.date | None:
    """The date of birth; of an age alone, the day half way between two birthdays."""
    if person.age is None:
        return person.born
    return dates.months_before(as_of, person.age * 12 + 6)


def _is_pupil(member: Member, as_of: dt.date) -> bool:
    person = member.person
    if person.school in ("off_roll", "home_educated", "not_known"):
        return False
    if person.school is not None or person.sessions:
        return True
    return person.role == "child" and member.born is not None and dates.compulsory_age_starts(member.born) <= as_of


def _members(people: list[Member]) -> pl.DataFrame:
    rows = [
        (
            each.family,
            each.id,
            each.person.role,
            each.person.role != "linked" if each.person.lives_here is None else each.person.lives_here,
            each.person.lives_with_parent,
            each.born,
        )
        for each in people
    ]
    schema = {
        "family_id": pl.String, "person_id": pl.String, "role": pl.String, "is_resident": pl.Boolean,
        "lives_with_parent": pl.Boolean, "date_of_birth": pl.Date,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _stays(pupils: list[Member], *, as_of: dt.date) -> pl.DataFrame:
    rows = [
        (each.id, SCHOOL, LONG_AGO, _left_school(each, as_of), CASE, CASE, number, "secondary")
        for number, each in enumerate(pupils, 1)
    ]
    schema = {
        "person_id": pl.String, "school": pl.String, "starts": pl.Date, "ends": pl.Date,
        "source": pl.String, "delivery": pl.String, "row": pl.Int64, "phase": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _left_school(member: Member, as_of: dt.date) -> dt.date | None:
    """The last day on a roll. Who has left by the case's day left at the end of school age, or before that day."""
    person = member.person
    if person.school_until is not None:
        return person.school_until
    leaving = dates.school_leaving_date(member.born) if member.born else None
    if person.school == "left":
        return min(leaving or dt.date.max, member.case.as_of - dt.timedelta(days=1))
    return leaving if person.school is None and leaving is not None and leaving < as_of else None


def _absence(people: list[Member], *, as_of: dt.date) -> pl.DataFrame:
    """The sessions given; of a pupil of whom none are, every term on a roll attended in full."""
    taught = [term for term in dates.authority_terms() if term.first_day <= as_of]
    recent = [term for term in taught if term.first_day >= as_of - dt.timedelta(days=366 * YEARS_BACK)]
    rows = [
        (each.id, SCHOOL, term.academic_year, term.name, None, *counts, CASE, CASE, number)
        for each in people
        if "attendance" not in _not_known(each)
        for number, (term, counts) in enumerate(_by_term(each.person, _on_roll(each, recent, as_of)), 1)
    ]
    schema = {name: column.dtype for name, column in Absence.columns().items()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _on_roll(member: Member, terms: list[Term], as_of: dt.date) -> list[Term]:
    """Those of some terms that began while a pupil was on a roll."""
    left = _left_school(member, as_of) or as_of
    return [term for term in terms if term.first_day <= left] if _is_pupil(member, as_of) else []


def _by_term(person: Person, on_roll: list[Term]) -> Iterator[tuple[Term, tuple[int, int, int]]]:
    """Each term with (possible, authorised, unauthorised)."""
    if person.sessions is None:
        yield from ((term, (TERM_SESSIONS, 0, 0)) for term in on_roll)
        return
    for given in person.sessions:
        terms = named_terms(given.term)
        yield from zip(terms, _shared(given, len(terms)), strict=True)


def _shared(given: Sessions, parts: int) -> list[tuple[int, int, int]]:
    """A year's sessions shared evenly over its terms, what is left over going to the first ones."""

    def share(whole: int) -> list[int]:
        return [whole // parts + (place < whole % parts) for place in range(parts)]

    return list(zip(share(given.possible), share(given.authorised), share(given.unauthorised), strict=True))


def _coverage(*, as_of: dt.date) -> pl.DataFrame:
    """Every source speaks for everybody; what a case does not know is a silence of its own people."""
    rows = [(CASE, 1, "", source, None, LONG_AGO, as_of, "stated") for source in TOLD_BY]
    return pl.DataFrame(rows, schema={name: each.dtype for name, each in Coverage.columns().items()}, orient="row")


def _not_known(member: Member) -> set[str]:
    return {*member.case.not_known, *member.person.not_known}


def _benefit_day(case: Case, as_of: dt.date) -> dt.date:
    """The day that benefit data tells of: as the case says, and never a day to come."""
    return min(case.benefit_data_on or as_of, as_of)


def _checks(people: list[Member], *, as_of: dt.date) -> pl.DataFrame:
    """DWP's answer for everybody's address, on the day its data tells of."""
    rows = [
        (each.id, _benefit_day(each.case, as_of), 0, False) for each in people if "benefits" not in _not_known(each)
    ]
    schema = {"person_id": pl.String, "stated_on": pl.Date, "claimants": pl.Int64, "is_doubted": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _silences(people: list[Member]) -> Iterator[tuple[str, str, str]]:
    for each in people:
        for source in sorted(_not_known(each)):
            for table in TOLD_BY[source]:
                yield each.id, table, f"{source.replace('_', ' ')}: nothing is known"


def _events(table: str, people: list[Member], *, as_of: dt.date) -> pl.DataFrame:
    rows = [
        {"person_id": each.id, "source": CASE, "delivery": CASE, "row": number, **event}
        for each in people
        for number, event in enumerate(_of_person(table, each.person, each.case, as_of=as_of), 1)
    ]
    schema = {**EVENT, **COLUMNS[table], "source": pl.String, "delivery": pl.String, "row": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema)
    return frame if table == "offences" else frame.drop("offence_on")


def _of_person(table: str, person: Person, case: Case, *, as_of: dt.date) -> Iterable[dict[str, Any]]:
    match table:
        case "exclusions":
            for x in person.exclusions:
                for _ in range(x.number):
                    yield {"on": x.on, "category": EXCLUSIONS[x.kind], "sessions": x.half_days}
        case "roll":
            if person.school in ("off_roll", "home_educated"):
                yield {"status": person.school}
        case "provision":
            for place in person.provision:
                status = "after_exclusion" if place.because == "excluded" else "other_reason"
                yield {"on": place.from_, "until": place.to, "status": status}
        case "offences":
            for o in person.offences:
                for _ in range(o.number):
                    yield {"on": o.on, "offence_on": o.offence_on or o.on, "is_proven": o.proven}
        case "asb_measures":
            for measure in person.asb:
                for _ in range(measure.number):
                    yield {"on": measure.on, "until": measure.to, "kind": measure.kind, "ground": measure.ground}
        case "benefits":
            told = _benefit_day(case, as_of)
            for benefit in person.benefits:
                if (benefit.from_ or told) <= told <= (benefit.to or told):
                    yield {"on": told, "benefit": benefit.kind}
        case "sentences":
            for s in person.sentences:
                yield {"on": s.from_, "until": s.to, "kind": s.kind, "has_parenting_responsibility": s.parenting}
        case "releases":
            for s in person.sentences:
                if s.release_on is not None and s.release_on >= as_of:
                    yield {"on": s.release_on, "has_parenting_responsibility": s.parenting}
        case "domestic_incidents":
            for i in person.domestic_incidents:
                yield {"on": i.on, "role": i.role, "is_marac": i.marac, "risk": i.risk}
        case "nominations":
            for n in person.nominations:
                yield {"on": n.on, "until": n.to, "need": n.need, "nominated_by": n.by}
        case "work_steps":
            for step in person.work:
                yield {
                    "on": step.from_,
                    "until": step.to,
                    "kind": step.kind,
                    "benefit_left": step.benefit_left or _benefit_before(person, step.from_),
                    "meets_earnings_floor": step.meets_earnings_floor,
                }
        case _:
            yield from _spans(table, person)


def _spans(table: str, person: Person) -> Iterator[dict[str, Any]]:
    spans: dict[str, tuple[Iterable[Any], dict[str, str]]] = {
        "care_episodes": (person.care, {"kind": "kind"}),
        "early_help": (person.early_help, {}),
        "housing_statuses": (person.housing, {"kind": "kind"}),
        "service_flags": (person.services, {"service": "kind"}),
        "destinations": (person.destinations, {"status": "status"}),
    }
    given, columns = spans[table]
    for span in given:
        told = {column: getattr(span, field) for column, field in columns.items()}
        yield {"on": span.from_, "until": span.to, **told, **({"kind": "EH"} if table == "early_help" else {})}


def _benefit_before(person: Person, started_on: dt.date | None) -> str | None:
    """The benefit that ended last before a job began, where the case does not say which was left for it."""
    day = started_on or dt.date.max
    left = [(benefit.to, benefit.kind) for benefit in person.benefits if benefit.to is not None and benefit.to <= day]
    return max(left)[1] if left else None


def claim_day(case: Case) -> dt.date:
    """The day of the claim, or of what would be claimed."""
    return (case.programme.claim_on if case.programme else None) or case.as_of


def case_casework(cases: Mapping[str, Case]) -> Casework:
    """What the programme did with the families of cases, up to the day of the claim."""
    families = [_work_with(family, case) for family, case in cases.items() if case.programme is not None]
    problems = [
        {
            "family_id": family,
            "strand": problem.strand,
            "found_on": problem.found_on,
            "resolved_on": problem.resolved_on,
            "measure_met": problem.measure_met,
            "has_equivalent_progress": problem.equivalent_progress is not None
            and problem.equivalent_progress.on <= claim_day(case),
        }
        for family, case in cases.items()
        for problem in (case.programme or Programme()).problem
        if (problem.found_on or dt.date.min) <= claim_day(case)
    ]
    claims = [
        {
            "family_id": family,
            "ruleset": claim.ruleset,
            "route": claim.route,
            "claimed_on": claim.on,
            "amount": claim.amount,
        }
        for family, case in cases.items()
        for claim in (case.programme or Programme()).earlier_claim
        if claim.same_family
    ]
    return Casework.of(families, problems=problems, earlier_claims=claims)


def _work_with(family: str, case: Case) -> dict[str, Any]:
    work = case.programme or Programme()
    here = {person.name for person in case.person if _is_member(person, claim_day(case))}
    others = [claim for claim in work.earlier_claim if not claim.same_family]
    started = set(work.children_at_attachment)
    return {
        "family_id": family,
        "attached_on": work.attached_on,
        "closed_on": work.closed_on,
        "left_area_on": work.left_area_on,
        "consent_withdrawn_on": work.consent_withdrawn_on,
        "whole_family_assessment": work.whole_family_assessment,
        "whole_family_plan": work.whole_family_plan,
        "lead_worker": work.lead_worker,
        "plan_meets_outcomes_plan": work.plan_meets_outcomes_plan,
        "is_audited": {"validated": True, "pending": False}.get(work.internal_audit),
        "evidenced": work.evidenced,
        "children_paid_for_elsewhere": len({child for claim in others for child in claim.children} & here),
        "has_most_of_its_children": len(started & here) * 2 > len(started) if started else None,
    }
