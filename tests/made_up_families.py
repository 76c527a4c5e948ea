"""Families for Hypothesis, as cases of one village: everything a case can say, often on the days where a rule turns.

A village shares its day, ruleset and switches, so that one evaluation over whole tables judges all of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from families import dates
from families.criteria.case import Case, codes
from families.criteria.case_facts import case_casework, case_facts
from families.criteria.facts import Facts
from families.criteria.results import Casework
from families.criteria.rulebook import load_ruleset
from families.criteria.ruleset import Ruleset
from families.dates import Term

SOURCES = (
    "attendance", "exclusions", "school_roll", "youth_justice", "asb", "social_care", "early_help", "benefits",
    "housing", "probation", "police_domestic", "health_services", "destinations", "nominations", "employment",
)  # fmt: skip
DAYS = {
    "tf1-2012": (dt.date(2012, 4, 1), dt.date(2015, 6, 30)),
    "tf2-2015": (dt.date(2014, 9, 1), dt.date(2016, 12, 31)),
    "tf2-2020": (dt.date(2020, 4, 1), dt.date(2022, 10, 2)),
    "sf-2022": (dt.date(2022, 10, 3), dt.date(2025, 4, 30)),
    "ffp-2025": (dt.date(2025, 4, 1), dt.date(2026, 7, 31)),
}


@dataclass(frozen=True, repr=False)
class Village:
    """Cases that share all but their families."""

    rules: Ruleset
    switches: Mapping[str, str]
    cases: tuple[Case, ...]

    def __repr__(self) -> str:
        return f"Village({self.rules.id}, {self.day}, {dict(self.switches)}, {len(self.cases)} families)"

    @property
    def day(self) -> dt.date:
        return self.cases[0].as_of

    @property
    def attached_on(self) -> dt.date:
        work = self.cases[0].programme
        return (work.attached_on if work else None) or self.day

    @property
    def families(self) -> dict[str, Case]:
        """Its cases by the id of the family."""
        return {str(number): case for number, case in enumerate(self.cases)}

    def facts(self, day: dt.date) -> Facts:
        """The facts of all its families."""
        return case_facts(self.families, as_of=day)

    def casework(self) -> Casework:
        """The casework of all its families."""
        return case_casework(self.families)


@st.composite
def villages(draw: st.DrawFn, ruleset: str, *, families: int = 12, not_known: bool = True) -> Village:
    """So many families of one day, under random options of the ruleset's switches."""
    switches = {
        switch.id: draw(st.sampled_from([option.id for option in switch.option]))
        for switch in load_ruleset(ruleset).rules.switch
        if draw(st.booleans())
    }
    rules = load_ruleset(ruleset, switches=switches).rules
    day = draw(st.dates(*DAYS[ruleset]) | st.sampled_from(_turns_of_bounds(rules, *DAYS[ruleset])))
    attached = draw(st.none() | st.sampled_from([30, 200, 340, 420, 700]).map(lambda days: day - dt.timedelta(days)))
    shared: dict[str, Any] = {"ruleset": ruleset, "as_of": day, "switches": switches}
    cases = [
        Case.model_validate({**shared, **draw(_families(rules, day, attached, not_known))}) for _ in range(families)
    ]
    return Village(rules, switches, tuple(cases))


def _turns_of_bounds(rules: Ruleset, first: dt.date, last: dt.date) -> list[dt.date]:
    """The last and first days of dated bounds; the first day of all where there are none."""
    days = {day for asked in rules.asked().values() for bound in asked.bound for day in (bound.from_, bound.to) if day}
    return sorted(day for day in days if first <= day <= last) or [first]


def telling_days(day: dt.date) -> st.SearchStrategy[dt.date]:
    """Days of the last years and the next, often those on which windows begin and end, or one before or after."""
    terms = dates.completed_terms(day, 5)
    edges = [dates.months_before(day, months) for months in (-12, 0, 6, 12, 24)]
    edges += [edge for term in terms for edge in (term.first_day, term.last_day)]
    edges.append(day - dt.timedelta(days=30 * 7 - 1))
    near = [edge + dt.timedelta(days=by) for edge in edges for by in (-1, 0, 1)]
    return st.sampled_from(near) | st.dates(day - dt.timedelta(days=900), day + dt.timedelta(days=400))


@st.composite
def _spans(draw: st.DrawFn, day: dt.date) -> dict[str, Any]:
    first, last = draw(st.none() | telling_days(day)), draw(st.none() | telling_days(day))
    if first is not None and last is not None and last < first:
        first, last = last, first
    return {"from": first, "to": last}


def _terms(day: dt.date) -> list[Term]:
    begun = [term for term in dates.authority_terms() if term.first_day <= day]
    return begun[-4:]


@st.composite
def _sessions(draw: st.DrawFn, day: dt.date) -> list[dict[str, Any]]:
    found = []
    for term in _terms(day):
        if not draw(st.sampled_from([True, True, True, False])):
            continue
        possible = draw(st.sampled_from([0, 1, 20, 40, 80, 100, 120, 127, 140, 200]))
        telling = sorted({possible * percent // 100 for percent in (0, 9, 10, 14, 15, 16, 50, 51, 100)})
        unauthorised = min(possible, draw(st.sampled_from(telling)) + draw(st.sampled_from([0, 0, 1])))
        authorised = draw(st.sampled_from([0, 0, (possible - unauthorised) // 10, possible - unauthorised]))
        name = f"{term.name} {term.first_day.year}"
        found.append({"term": name, "possible": possible, "unauthorised": unauthorised, "authorised": authorised})
    return found


@st.composite
def _facts_of(draw: st.DrawFn, day: dt.date, needs: list[str]) -> tuple[str, dict[str, Any]]:
    """One thing on record: the key of a person it stands under, and what it says."""
    on, span, number = draw(telling_days(day)), draw(_spans(day)), draw(st.sampled_from([1, 1, 2, 3, 6]))

    def one_of(*words: Any) -> Any:
        return draw(st.sampled_from(words))

    key = one_of(
        "exclusions", "exclusions", "exclusions", "provision", "offences", "asb", "asb", "benefits", "care",
        "early_help", "housing", "sentences", "domestic_incidents", "services", "destinations", "nominations",
        "nominations", "work", "work",
    )  # fmt: skip
    match key:
        case "exclusions":
            kind = one_of("fixed", "fixed", "permanent", "lunchtime")
            return key, {"on": on, "kind": kind, "half_days": one_of(1, 2, 5, 10, 20), "number": number}
        case "provision":
            return key, {**span, "because": one_of("excluded", "other")}
        case "offences":
            earlier = on - dt.timedelta(days=one_of(0, 1, 40, 400))
            return key, {"on": on, "offence_on": earlier, "proven": one_of(True, True, False), "number": number}
        case "asb":
            kind = one_of("ASBO", "ABC", "NOSP", "injunction", "eviction", "warning", "incident", "incident")
            ground = one_of("asb", "asb", "arrears", "other")
            return key, {"kind": kind, "on": on, "to": span["to"], "ground": ground, "number": number}
        case "benefits":
            return key, {**span, "kind": one_of("JSA", "IS", "ESA", "UC", "WTC", "HB")}
        case "care":
            return key, {**span, "kind": one_of("CIN", "CP", "LAC", "S47")}
        case "housing":
            kinds = ("arrears", "notice_arrears", "eviction_risk", "temporary_accommodation", "excluded_from_home")
            return key, {**span, "kind": one_of(*kinds)}
        case "sentences":
            kind = one_of("custody", "licence", "community_order")
            return key, {**span, "kind": kind, "release_on": one_of(None, on), "parenting": one_of(True, True, False)}
        case "domestic_incidents":
            return key, {"on": on, "role": one_of("victim", "suspect", "child")}
        case "services":
            kinds = (
                "mental_health", "drugs", "perinatal", "expectant_parent", "learning_disability", "physical_health",
                "early_years_development",
            )  # fmt: skip
            return key, {**span, "kind": one_of(*kinds)}
        case "destinations":
            return key, {**span, "status": one_of("neet", "no_offer", "education", "employment")}
        case "nominations":
            return key, {"need": one_of(*needs), "on": on}
        case "work":
            return key, {
                **span,
                "kind": one_of("employment", "employment", "employment", "work_programme", "esf_provision"),
                "benefit_left": one_of(None, "JSA", "JSA", "IS", "UC"),
                "meets_earnings_floor": one_of(None, True, True, False),
            }
        case _:
            return key, span


@st.composite
def _people(draw: st.DrawFn, number: int, day: dt.date, needs: list[str], not_known: bool) -> dict[str, Any]:
    role = draw(st.sampled_from(["child", "child", "parent", "parent", "carer", "adult", "linked"]))
    if number == 0:
        role = "child"
    person: dict[str, Any] = {"name": f"{role} {number}", "role": role}
    grown = role != "child" and draw(st.sampled_from([True, True, True, False]))
    kind = draw(st.sampled_from(["age", "age", "born", "none"]))
    if kind == "age":
        person["age"] = draw(st.integers(19, 60) if grown else st.integers(0, 19))
    elif kind == "born":
        years = draw(st.sampled_from([18, 35] if grown else [5, 6, 11, 15, 16, 17, 18]))
        turned = dates.months_before(day, 12 * years)
        person["born"] = turned + dt.timedelta(days=draw(st.sampled_from([-200, -1, 0, 1, 100])))
    told = draw(st.lists(_facts_of(day, needs), max_size=4))
    for key, fact in told:
        person.setdefault(key, []).append(fact)
    if role == "child":
        states = [None, None, None, "on_roll", "off_roll", "home_educated", "left", "not_known"]
        person["school"] = draw(st.sampled_from(states))
        if draw(st.booleans()):
            person["sessions"] = draw(_sessions(day))
        if draw(st.sampled_from([False] * 5 + [True])):
            person["school_until"] = draw(telling_days(day))
    if draw(st.sampled_from([False] * 7 + [True])):
        person["lives_here"] = draw(st.booleans())
        person["lives_with_parent"] = draw(st.booleans())
    if draw(st.sampled_from([False] * 7 + [True])):
        person[draw(st.sampled_from(["joined_on", "left_on"]))] = draw(telling_days(day))
    if not_known and draw(st.sampled_from([False] * 4 + [True])):
        person["not_known"] = [draw(st.sampled_from(SOURCES))]
    return person


@st.composite
def _families(
    draw: st.DrawFn, rules: Ruleset, day: dt.date, attached: dt.date | None, not_known: bool
) -> dict[str, Any]:
    needs = list(codes("nomination_needs.csv"))
    count = draw(st.integers(1, 4))
    stale = draw(st.sampled_from([None, None, None, dates.months_before(day, 6), dates.months_before(day, 7)]))
    silent = [[]] * 20 + [[source] for source in SOURCES]
    return {
        "benefit_data_on": stale if not_known else None,
        "not_known": draw(st.sampled_from(silent)) if not_known else [],
        "person": [draw(_people(number, day, needs, not_known)) for number in range(count)],
        "programme": {**draw(_programmes(rules, day)), "attached_on": attached},
    }


@st.composite
def _programmes(draw: st.DrawFn, rules: Ruleset, day: dt.date) -> dict[str, Any]:
    strands, routes = [strand.id for strand in rules.strand], [route.id for route in rules.result_route]
    work: dict[str, Any] = {"problem": [], "earlier_claim": []}
    for strand in draw(st.lists(st.sampled_from(strands), max_size=3)):
        problem: dict[str, Any] = {"strand": strand, "measure_met": draw(st.sampled_from([None, None, True, False]))}
        problem["resolved_on"] = draw(st.none() | telling_days(day))
        if draw(st.sampled_from([False, False, True])):
            problem["equivalent_progress"] = {"by": "Head of Early Help", "on": day}
        work["problem"].append(problem)
    if draw(st.sampled_from([False] * 4 + [True])):
        claim = {"ruleset": rules.id, "route": draw(st.sampled_from(routes)), "on": day, "amount": 700}
        is_same = draw(st.booleans())
        work["earlier_claim"].append({**claim, "same_family": is_same, "children": [] if is_same else ["child 0"]})
    for key in ("closed_on", "left_area_on", "consent_withdrawn_on"):
        if draw(st.sampled_from([False] * 4 + [True])):
            work[key] = draw(telling_days(day))
    for key in ("whole_family_assessment", "whole_family_plan", "lead_worker", "plan_meets_outcomes_plan"):
        work[key] = draw(st.sampled_from([True] * 7 + [False]))
    work["internal_audit"] = draw(st.sampled_from(["not_stated", "validated", "pending"]))
    if draw(st.sampled_from([False] * 5 + [True])):
        work["evidenced"] = draw(st.lists(st.sampled_from(strands), max_size=4, unique=True))
    if draw(st.sampled_from([False] * 5 + [True])):
        work["children_at_attachment"] = draw(st.sampled_from([["child 0"], ["child 0", "Tom"], ["Tom", "Ann"]]))
    return work
