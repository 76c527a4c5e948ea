"""A made-up case in; strands, eligibility, results and amounts out, with their explanations. Behind `families try`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from families.criteria import money
from families.criteria.case import Case
from families.criteria.case_facts import case_casework, case_facts
from families.criteria.evaluate import Evaluation, evaluate
from families.criteria.explain import explained
from families.criteria.facts import Facts
from families.criteria.results import Claiming, Results, evaluate_results
from families.criteria.rulebook import LoadedRuleset, in_force_on, load_ruleset, programmes
from families.criteria.ruleset import Ruleset
from families.errors import Refused

VERSION_SWITCH = "framework_version"
BY_DATE = "by_date"


@dataclass(frozen=True)
class Verdict:
    """What the rules make of a case; plain values, ready for JSON."""

    id: str
    ruleset: str
    as_of: str
    switches: dict[str, str]
    notes: list[str] = field(default_factory=list)
    strands: dict[str, str] = field(default_factory=dict)
    eligible: str | None = None
    why: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    reviews: list[str] = field(default_factory=list)
    routes: dict[str, str] = field(default_factory=dict)
    conditions: list[str] = field(default_factory=list)
    result: str | None = None
    result_reason: str | None = None
    claimable_from: str | None = None
    payable: int | None = None
    attachment: int | None = None
    total: int | None = None
    counts_as_result: bool | None = None
    authority: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def try_case(case: Case) -> Verdict:
    """Run one case through the real evaluator. Raises Refused for a ruleset, switch or term there is not."""
    loaded = ruleset_of(case)
    rules = loaded.rules
    verdict: dict[str, Any] = {
        "id": case.id,
        "ruleset": rules.id,
        "as_of": str(case.as_of),
        "switches": dict(loaded.switches),
        "notes": list(_notes(case, rules)),
    }
    if case.person:
        _refuse_unknown_names(case, rules)
        facts = case_facts(case, as_of=case.as_of)
        evaluation = evaluate(rules, facts)
        verdict |= _eligibility(evaluation, rules, facts)
        if case.programme is not None:
            verdict |= _result(case, rules)
    if case.authority is not None:
        verdict["authority"] = _authority(case, rules)
    return Verdict(**verdict)


def ruleset_of(case: Case) -> LoadedRuleset:
    """The ruleset the case names, or the one in force on the day that decides."""
    if case.ruleset != BY_DATE:
        return load_ruleset(case.ruleset, switches=case.switches)
    day = _deciding_day(case)
    found = in_force_on(day)
    if not found:
        raise Refused(f"No ruleset was in force on {day}: name one in the case.")
    known = {switch.id for switch in load_ruleset(found[0]).rules.switch}
    return load_ruleset(
        found[0], switches={k: v for k, v in case.switches.items() if k in known or k != VERSION_SWITCH}
    )


def _deciding_day(case: Case) -> dt.date:
    """The day the work began; where the switch says so, or no work is told of, the day of the claim."""
    started = case.programme.attached_on if case.programme else None
    if started is None or case.switches.get(VERSION_SWITCH) == "claim_date":
        return _claim_day(case)
    return started


def _claim_day(case: Case) -> dt.date:
    return (case.programme.claim_on if case.programme else None) or case.as_of


def _notes(case: Case, rules: Ruleset) -> Iterator[str]:
    start, end = rules.in_force.from_, rules.in_force.to
    if not (start <= case.as_of and (end is None or case.as_of <= end)):
        yield f"{rules.id} was in force from {start} to {end or 'today'}; {case.as_of} is outside."


def _refuse_unknown_names(case: Case, rules: Ruleset) -> None:
    """A strand or route that the ruleset does not have is a slip of the case's author, told at once."""
    strands, routes = set(rules.strand_labels) - {"eligible"}, {route.id for route in rules.result_route}
    work = case.programme
    named = [("expected, strands", name, strands) for name in case.expected.strands]
    named += [("expected, routes", name, routes) for name in case.expected.routes]
    if work is not None:
        named += [("programme, problem, strand", problem.strand, strands) for problem in work.problem]
        named += [("programme, evidenced", name, strands) for name in work.evidenced or []]
    wrong = [
        f"{place}: {rules.id} has no {name}; it has {', '.join(sorted(known)) or 'none'}."
        for place, name, known in named
        if name not in known
    ]
    if wrong:
        raise Refused("\n".join(wrong))


def _eligibility(evaluation: Evaluation, rules: Ruleset, facts: Facts) -> dict[str, Any]:
    outcomes = dict(evaluation.assessments.select("strand", "outcome").rows())
    reasons = dict(evaluation.assessments.select("strand", "reason").rows())
    labels = rules.strand_labels
    order = [strand.id for strand in rules.strand]
    reviews = evaluation.reviews.filter(pl.col("outcome") == "met")
    return {
        "strands": {name: outcomes.get(name, "not_met") for name in order},
        "eligible": outcomes.get("eligible", "not_met"),
        "why": [f"{labels[name]}: {reasons[name]}" for name in (*order, "eligible") if name in reasons],
        "findings": _sentences(evaluation.findings, rules, facts),
        "reviews": reviews["criterion"].unique(maintain_order=True).to_list(),
    }


def _sentences(findings: pl.DataFrame, rules: Ruleset, facts: Facts) -> list[str]:
    people = facts.members.select("person_id", pl.col("person_id").alias("forename"), "date_of_birth").unique(
        "person_id", keep="first", maintain_order=True
    )
    told = explained(
        findings.with_columns(pl.lit(None, dtype=pl.String).alias("evidence")),
        rules=rules,
        people=people,
        as_of=facts.as_of,
        file_names={},
    )
    return told["sentence"].to_list()


def _result(case: Case, rules: Ruleset) -> dict[str, Any]:
    work = case.programme
    assert work is not None  # noqa: S101 (asked by the caller)
    facts = case_facts(case, as_of=_claim_day(case))
    began = work.attached_on or _claim_day(case)
    entry = evaluate(rules, case_facts(case, as_of=began))
    area = case.authority.payment_by_results_area if case.authority else True
    claiming = Claiming(is_payment_by_results_area=area, programme_of=programmes())
    found = evaluate_results(rules, facts, case_casework(case), entry=entry, claiming=claiming)
    return _told(found, rules, facts)


def _told(found: Results, rules: Ruleset, facts: Facts) -> dict[str, Any]:
    row = found.results.row(0, named=True)
    labels = rules.conditions()
    words = {"met": "met", "not_met": "not met", "unknown": "not known", "neutral": "neutral"}
    conditions = [
        f"{labels[name]}: {words[outcome]}{f' ({detail})' if detail else ''}."
        for name, outcome, detail in found.conditions.select("condition", "outcome", "detail").rows()
    ]
    return {
        "routes": dict(found.routes.select("route", "outcome").rows()),
        "conditions": [*conditions, *_sentences(found.findings, rules, facts)],
        "result": row["status"],
        "result_reason": row["reason"],
        "claimable_from": str(row["claimable_from"]) if row["claimable_from"] else None,
        "payable": row["payable"],
        "attachment": row["attachment"],
        "total": row["total"],
        "counts_as_result": row["counts_as_result"],
    }


def _authority(case: Case, rules: Ruleset) -> dict[str, Any]:
    """Answers about an authority's funding."""
    asked = case.authority
    found: dict[str, Any] = {}
    assert asked is not None  # noqa: S101 (asked by the caller)
    if rules.money is None:
        return {}
    if asked.families is not None or asked.funded is not None:
        if rules.money.funding is None:
            raise Refused(f"{rules.id} has no rule on what an authority is funded for.")
        found |= asdict(money.authority_money(rules.money, families=asked.families, funded=asked.funded))
    if asked.worked_with is not None:
        worked, allocation = asked.worked_with
        found["release"] = money.release_of(rules.money, worked_with=worked, allocation=allocation)
    if asked.valid_outcomes is not None:
        year = money.year_of(rules.money, case.as_of)
        found["funding"] = asked.valid_outcomes * year.cap
    return found


def differences(case: Case, verdict: Verdict) -> list[str]:
    """Where a verdict is not what its case expects; nothing where all of it is."""
    expected, found = case.expected, verdict.as_dict()
    wrong = [
        f"{kind} {name}: expected {wanted}, found {found[kind].get(name)}"
        for kind in ("strands", "routes")
        for name, wanted in getattr(expected, kind).items()
        if found[kind].get(name) != wanted
    ]
    for name in ("eligible", "result", "payable", "attachment", "total", "counts_as_result", "ruleset"):
        wanted = getattr(expected, name)
        if wanted is not None and found[name] != wanted:
            wrong.append(f"{name}: expected {wanted}, found {found[name]}")
    if expected.claimable_from is not None and found["claimable_from"] != str(expected.claimable_from):
        wrong.append(f"claimable_from: expected {expected.claimable_from}, found {found['claimable_from']}")
    if expected.reviews is not None and sorted(expected.reviews) != sorted(found["reviews"]):
        wrong.append(f"reviews: expected {expected.reviews}, found {found['reviews']}")
    for name in ("funded", "attachment_year_one", "results_year_one", "funding", "release"):
        wanted = getattr(expected, name)
        if wanted is not None and found["authority"].get(name) != wanted:
            wrong.append(f"{name}: expected {wanted}, found {found['authority'].get(name)}")
    return wrong


OUTCOMES = {"met": "met", "not_met": "not met", "unknown": "not known"}


def told(case: Case, verdict: Verdict, differs: list[str]) -> list[str]:
    """A verdict as lines for people; where the case expects something, whether it came out so."""
    head = " ".join(part for part in (verdict.id, case.about) if part)
    lines = [f"{head or 'This family'}, by {verdict.ruleset} on {verdict.as_of}.", *verdict.notes]
    if verdict.eligible is not None:
        lines += ["", *verdict.why, "", *verdict.findings]
        lines += [f"To look at: {name.replace('_', ' ')}." for name in verdict.reviews]
    if verdict.result is not None:
        lines += ["", f"Result: {verdict.result_reason}"]
        lines += [f"  route {name}: {OUTCOMES[outcome]}" for name, outcome in verdict.routes.items()]
        lines += [f"  {line}" for line in verdict.conditions]
        lines.append(_amounts(verdict))
    lines += [f"{name.replace('_', ' ').capitalize()}: {value}" for name, value in verdict.authority.items()]
    if case.expected.model_dump(exclude_defaults=True):
        lines += ["", *(f"Differs: {each}." for each in differs)] if differs else ["", "As the case expects."]
    return lines


def _amounts(verdict: Verdict) -> str:
    counted = "" if verdict.counts_as_result else "; not counted as a result"
    after = f"; claimable from {verdict.claimable_from}" if verdict.claimable_from else ""
    return (
        f"Payable now: £{verdict.payable:,}; attachment £{verdict.attachment:,}; altogether £{verdict.total:,}"
        f"{counted}{after}."
    )
