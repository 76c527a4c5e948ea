"""What can be claimed for a made-up family, slow and obvious, with which the fast evaluator must agree."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from slow_evaluator import (
    MET,
    NOT_MET,
    UNKNOWN,
    Family,
    Judgement,
    added_up,
    all_of,
    any_of,
    bound_on,
    outcome,
)

from families import dates
from families.criteria.case import Case, Problem, Programme
from families.criteria.ruleset import MeasuredCondition, MoneyYear, ProgressCondition, ResultRoute, Ruleset

NEUTRAL = "neutral"
PAYS = ("claimable",)


@dataclass
class Claim:
    conditions: dict[str, str]
    routes: dict[str, str]
    status: str
    payable: int
    attachment: int
    total: int
    counts_as_result: bool
    claimable_from: dt.date | None


def claimed(case: Case, rules: Ruleset, *, programme_of: Mapping[str, str]) -> Claim:
    work = case.programme
    assert work is not None
    day = work.claim_on or case.as_of
    now, entry = Family(case, rules, day), Family(case, rules, work.attached_on or day).judged()
    work = work.model_copy(update={"problem": [p for p in work.problem if p.found_on is None or p.found_on <= day]})
    recorded = {problem.strand for problem in work.problem}
    conditions = {each.id: of_family(each, now, entry, recorded) for each in rules.condition}
    conditions |= {each.id: progress(each, work, entry, day) for each in rules.progress_condition}
    conditions |= {
        each.id: all_of(MET if getattr(work, name) else NOT_MET for name in each.shows)
        for each in rules.casework_condition
    }
    routes = {route.id: route_outcome(route, conditions) for route in rules.result_route}
    case = case.model_copy(update={"programme": work})
    return result(case, rules, now, routes, conditions, programme_of)


def of_family(condition: MeasuredCondition, family: Family, entry: Judgement, recorded: set[str]) -> str:
    asked = [p for p in family.members if family.is_asked(p, condition)]
    measures = [family.measured(condition, p) for p in asked]
    each = [family.outcome_for(condition, p, known) for p, known in zip(asked, measures, strict=True)]
    bound, together = bound_on(condition, family.day), added_up(measures)
    if not asked:
        found = NOT_MET if condition.of == "any" else NEUTRAL
    elif condition.of == "together":
        found = outcome(condition, bound, together)
    else:
        found = (any_of if condition.of == "any" else all_of)(each)
    if condition.where_relevant:
        found = where_relevant(condition, found, together.value + together.out_of, entry, recorded)
    wanted = condition.window.terms
    if condition.window.since_attachment and wanted and family.attached_on and found != NEUTRAL:
        over = [term for term in family.terms(condition) if term.last_day >= family.attached_on]
        return NOT_MET if len(over) < wanted else found
    return found


def where_relevant(condition: MeasuredCondition, found: str, events: int, entry: Judgement, recorded: set[str]) -> str:
    """Neutral where there was nothing to improve; what is not met now is a problem found since."""
    if condition.measure == "reduction":
        return NEUTRAL if events == 0 and found != UNKNOWN else found
    strand = condition.strand or ""
    was_none = entry.strands[strand] == NOT_MET and strand not in recorded
    return NEUTRAL if was_none and found == MET else found


def progress(rule: ProgressCondition, work: Programme, entry: Judgement, day: dt.date) -> str:
    judged = [of_problem(rule, problem, work, day) for problem in work.problem]
    recorded = {problem.strand for problem in work.problem}
    open_ = [
        UNKNOWN
        for strand, found in entry.strands.items()
        if found == MET and strand not in recorded and strand not in rule.leaves_out
    ]
    return all_of([*judged, *open_] or [UNKNOWN])


def of_problem(rule: ProgressCondition, problem: Problem, work: Programme, day: dt.date) -> str:
    is_met = problem.measure_met
    if is_met is None:
        is_met = problem.resolved_on is not None and lasted_by(problem.resolved_on, rule) <= day
    decided = problem.equivalent_progress
    if rule.accepts_equivalent_progress and decided is not None and decided.on <= day:
        is_met = True
    if rule.sustained_after == "closure":
        closed = work.closed_on
        is_met = is_met and closed is not None and lasted_by(closed, rule) <= day
    return MET if is_met else NOT_MET


def lasted_by(day: dt.date, rule: ProgressCondition) -> dt.date:
    """The day on which what began on a day has lasted as long as the rule asks."""
    return dates.months_before(day, -rule.sustained_months)


def route_outcome(route: ResultRoute, conditions: Mapping[str, str]) -> str:
    named = [*route.all_of, *route.any_of]
    if all(conditions[name] == NEUTRAL for name in named):
        return MET if route.claimable_if_nothing_relevant else NOT_MET
    parts = [conditions[name] for name in route.all_of if conditions[name] != NEUTRAL]
    if route.any_of:
        parts.append(any_of(conditions[name] for name in route.any_of))
    return all_of(parts)


def result(
    case: Case,
    rules: Ruleset,
    now: Family,
    routes: dict[str, str],
    conditions: dict[str, str],
    programme_of: Mapping[str, str],
) -> Claim:
    work = case.programme
    assert work is not None
    held = {route for review in rules.review if review.id in now.judged().reviews for route in review.holds}
    met = [name for name, found in routes.items() if found == MET and name not in held]
    earlier = {
        number: claim
        for number, claim in enumerate(work.earlier_claim)
        if claim.same_family and programme_of.get(claim.ruleset, rules.programme) == rules.programme
    }
    paid = sum(claim.amount for claim in earlier.values())
    began, counted = years(rules, work.attached_on, now.day)
    worth = 0
    if counted is not None and rules.money is not None and met and (rules.money.tops_up or not paid):
        named = {*met, *(claim.route for claim in earlier.values())}
        worth = max(0, min(counted.cap, sum(counted.results.get(name, 0) for name in named)) - paid)
    status = status_of(case, rules, now, routes, met, worth=worth)
    payable = worth if status in PAYS else 0
    attachment = began.attachment if began else 0
    counting = {route.id for route in rules.result_route if route.counts_as_result}
    return Claim(
        conditions,
        routes,
        status,
        payable,
        attachment,
        attachment + paid + payable,
        status in PAYS and bool(counting & set(met)),
        claimable_from(rules, work),
    )


def years(rules: Ruleset, attached: dt.date | None, day: dt.date) -> tuple[MoneyYear | None, MoneyYear | None]:
    """The year whose attachment fee is paid, and the year whose rates for results count."""
    if rules.money is None:
        return None, None
    began = year_of(rules.money.year, attached or day)
    return began, began if rules.money.rate_year == "attached" else year_of(rules.money.year, day)


def year_of(every: list[MoneyYear], day: dt.date) -> MoneyYear:
    def distance(year: MoneyYear) -> dt.timedelta:
        return max(year.from_ - day, day - year.to, dt.timedelta(0))

    return min(every, key=distance)


def status_of(case: Case, rules: Ruleset, now: Family, routes: dict[str, str], met: list[str], *, worth: int) -> str:
    work = case.programme
    assert work is not None
    here = {person.name for person in now.people}
    paid_elsewhere = {child for claim in work.earlier_claim if not claim.same_family for child in claim.children}
    if paid_elsewhere & here:
        return "blocked"
    if is_closed(case, rules, now, here):
        return "not_claimable"
    if work.evidenced is not None and not is_shown(rules, work.evidenced):
        return "invalid"
    if met and not worth:
        return "blocked"
    if met:
        return "ready" if work.internal_audit == "pending" else "claimable"
    if MET in routes.values():
        return "review"
    return "unknown" if UNKNOWN in routes.values() else "not_claimable"


def is_closed(case: Case, rules: Ruleset, now: Family, here: set[str]) -> bool:
    """Whether nothing can be claimed for the family, whatever its progress."""
    work, rule = case.programme, rules.result
    if rule is None or work is None or rules.money is None:
        return True
    if work.attached_on is not None and now.day < work.attached_on:
        return True
    started = set(work.children_at_attachment)
    by_results = case.authority is None or case.authority.payment_by_results_area
    return (
        (rule.claims_to is not None and now.day > rule.claims_to)
        or (rule.needs_payment_by_results_area and not by_results)
        or (rule.consent_needed and work.consent_withdrawn_on is not None and work.consent_withdrawn_on <= now.day)
        or (work.left_area_on is not None and work.left_area_on <= now.day)
        or (bool(started) and 2 * len(started & here) <= len(started))
    )


def is_shown(rules: Ruleset, evidenced: list[str]) -> bool:
    """Whether the strands whose evidence was found are enough for a route to eligibility."""

    def is_enough(at_least: int, of: list[str] | str, headlines: int) -> bool:
        found = [s for s in rules.strand if s.id in evidenced and (of == "all" or s.id in of)]
        return len(found) >= at_least and (headlines <= 1 or len({s.headline for s in found}) >= headlines)

    return any(
        all(is_enough(part.at_least, part.of, part.distinct_headlines) for part in route.conditions)
        for route in rules.route
    )


def claimable_from(rules: Ruleset, work: Programme) -> dt.date | None:
    days: list[dt.date | None] = []
    for rule in rules.progress_condition:
        ends = [problem.resolved_on for problem in work.problem if problem.measure_met is None]
        ends += [work.closed_on] if rule.sustained_after == "closure" else []
        days += [lasted_by(day, rule) if day else None for day in ends]
    known = [day for day in days if day is not None]
    return max(known) if known and len(known) == len(days) else None
