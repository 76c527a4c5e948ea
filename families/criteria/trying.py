"""A made-up case in; strands, eligibility, results and amounts out, with their explanations. Behind `families try`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, TypeVar

import polars as pl

from families.criteria import money
from families.criteria.case import Case
from families.criteria.case_facts import case_casework, case_facts, claim_day, names_of
from families.criteria.evaluate import Evaluation, evaluate
from families.criteria.explain import explained
from families.criteria.results import Claiming, evaluate_results
from families.criteria.rulebook import LoadedRuleset, in_force_on, load_ruleset, programmes
from families.criteria.ruleset import Ruleset
from families.errors import Refused

ValueT = TypeVar("ValueT")
VERSION_SWITCH = "framework_version"
BY_DATE = "by_date"
OUTCOMES = {"met": "met", "not_met": "not met", "unknown": "not known"}


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
    findings: list[dict[str, str | None]] = field(default_factory=list)  # criterion, strand, person, outcome, sentence
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
    return try_cases([case])[0]


def try_cases(cases: Sequence[Case]) -> list[Verdict]:
    """Run cases through the real evaluator, those that ask alike together, as families of one authority."""
    loaded = [_of_case(case, ruleset_of) for case in cases]
    told: list[dict[str, Any]] = [
        {
            "id": case.id,
            "ruleset": each.rules.id,
            "as_of": str(case.as_of),
            "switches": dict(each.switches),
            "notes": list(_notes(case, each.rules)),
        }
        for case, each in zip(cases, loaded, strict=True)
    ]
    for case, each in zip(cases, loaded, strict=True):
        _of_case(case, partial(_refuse_unknown_names, rules=each.rules))
    for group in _alike(cases, loaded, lambda case: (case.as_of,)):
        for place, found in _eligibility(group, loaded[next(iter(group))].rules):
            told[place] |= found
    for group in _alike(cases, loaded, lambda case: (claim_day(case), case.authority, case.programme is not None)):
        if next(iter(group.values())).programme is not None:
            for place, found in _result(group, loaded[next(iter(group))].rules):
                told[place] |= found
    for place, case in enumerate(cases):
        if case.authority is not None:
            told[place]["authority"] = _authority(case, loaded[place].rules)
    return [Verdict(**each) for each in told]


def _of_case(case: Case, work: Callable[[Case], ValueT]) -> ValueT:
    """What a piece of work makes of a case; a refusal names the case."""
    try:
        return work(case)
    except Refused as mistake:
        raise Refused(f"case {case.id}: {mistake}" if case.id else str(mistake)) from None


def _alike(
    cases: Sequence[Case], loaded: Sequence[LoadedRuleset], day: Callable[[Case], tuple[object, ...]]
) -> list[dict[int, Case]]:
    """Cases with people in them, by their place, in groups that share rules and day."""
    groups: dict[tuple[object, ...], dict[int, Case]] = {}
    for place, (case, each) in enumerate(zip(cases, loaded, strict=True)):
        if case.person:
            groups.setdefault((each.sha256, *day(case)), {})[place] = case
    return list(groups.values())


def _families(group: Mapping[int, Case]) -> dict[str, Case]:
    """Each case of a group under a family id: its place among the cases."""
    return {str(place): case for place, case in group.items()}


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
        return claim_day(case)
    return started


def _notes(case: Case, rules: Ruleset) -> Iterator[str]:
    start, end = rules.in_force.from_, rules.in_force.to
    if not (start <= case.as_of and (end is None or case.as_of <= end)):
        yield f"{rules.id} was in force from {start} to {end or 'today'}; {case.as_of} is outside."


def _refuse_unknown_names(case: Case, *, rules: Ruleset) -> None:
    """A strand or route that the ruleset does not have is a slip of the case's author, told at once."""
    strands, routes = set(rules.strand_labels) - {"eligible"}, {route.id for route in rules.result_route}
    work = case.programme
    named = [("expected, strands", name, strands) for name in case.expected.strands]
    named += [("expected, routes", name, routes) for name in case.expected.routes]
    if work is not None:
        named += [("programme, problem, strand", problem.strand, strands) for problem in work.problem]
        named += [("programme, evidenced", name, strands) for name in work.evidenced or []]
        named += [
            (f"programme, earlier_claim of {claim.ruleset}, route", claim.route, _routes_of(claim.ruleset))
            for claim in work.earlier_claim
        ]
    wrong = [
        f"{place}: there is no {name}; there is {', '.join(sorted(known)) or 'none'}."
        for place, name, known in named
        if name not in known
    ]
    if wrong:
        raise Refused("\n".join(wrong))


def _routes_of(ruleset: str) -> set[str]:
    return {route.id for route in load_ruleset(ruleset).rules.result_route}


def _eligibility(group: Mapping[int, Case], rules: Ruleset) -> Iterator[tuple[int, dict[str, Any]]]:
    families = _families(group)
    as_of = next(iter(group.values())).as_of
    evaluation = evaluate(rules, case_facts(families, as_of=as_of))
    names = names_of(families, as_of=as_of)
    labels, order = rules.strand_labels, [strand.id for strand in rules.strand]
    assessments = _by_family(evaluation.assessments)
    findings = _by_family(_explained(evaluation.findings, rules, names, as_of))
    reviews = _by_family(evaluation.reviews.filter(pl.col("outcome") == "met"))
    for place in group:
        own = assessments.get(str(place), evaluation.assessments.clear())
        outcomes, reasons = (dict(own.select("strand", column).rows()) for column in ("outcome", "reason"))
        yield (
            place,
            {
                "strands": {name: outcomes.get(name, "not_met") for name in order},
                "eligible": outcomes.get("eligible", "not_met"),
                "why": [f"{labels[name]}: {reasons[name]}" for name in (*order, "eligible") if name in reasons],
                "findings": _findings(findings.get(str(place)), names),
                "reviews": list(dict.fromkeys(_column(reviews.get(str(place)), "criterion"))),
            },
        )


def _by_family(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {str(key[0]): rows for key, rows in frame.partition_by("family_id", as_dict=True).items()}


def _column(frame: pl.DataFrame | None, name: str) -> list[str]:
    return [] if frame is None else frame[name].to_list()


def _findings(frame: pl.DataFrame | None, names: pl.DataFrame) -> list[dict[str, str | None]]:
    """Each finding with the name of whom it is of, for machines and for people."""
    if frame is None:
        return []
    named = frame.join(names.select("person_id", person="forename"), on="person_id", how="left", maintain_order="left")
    return named.select("criterion", "strand", "person", "outcome", "sentence").to_dicts()


def _explained(findings: pl.DataFrame, rules: Ruleset, names: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Findings with their sentence, in the ruleset's order; a case has no rows of files to point at."""
    place = {name: number for number, name in enumerate(rules.asked())}
    ordered = findings.sort("family_id", pl.col("criterion").replace_strict(place, return_dtype=pl.Int64), "person_id")
    told = ordered.with_columns(pl.lit(None, dtype=pl.String).alias("evidence"))
    return explained(told, rules=rules, people=names, as_of=as_of, file_names={})


def _result(group: Mapping[int, Case], rules: Ruleset) -> Iterator[tuple[int, dict[str, Any]]]:
    families = _families(group)
    first = next(iter(group.values()))
    day = claim_day(first)
    area = first.authority.payment_by_results_area if first.authority else True
    found = evaluate_results(
        rules,
        case_facts(families, as_of=day),
        case_casework(families),
        entry=_entry(families, rules),
        claiming=Claiming(is_payment_by_results_area=area, programme_of=programmes()),
    )
    findings = _by_family(_explained(found.findings, rules, names_of(families, as_of=day), day))
    routes, conditions = _by_family(found.routes), _by_family(found.conditions)
    for place in group:
        key = str(place)
        row = found.results.row(by_predicate=pl.col("family_id") == key, named=True)
        yield (
            place,
            {
                "routes": dict(routes[key].select("route", "outcome").rows()) if key in routes else {},
                "conditions": [
                    *_condition_lines(conditions.get(key), rules),
                    *_column(findings.get(key), "sentence"),
                ],
                "result": row["status"],
                "result_reason": row["reason"],
                "claimable_from": str(row["claimable_from"]) if row["claimable_from"] else None,
                "payable": row["payable"],
                "attachment": row["attachment"],
                "total": row["total"],
                "counts_as_result": row["counts_as_result"],
            },
        )


def _condition_lines(conditions: pl.DataFrame | None, rules: Ruleset) -> list[str]:
    labels = rules.conditions()
    words = OUTCOMES | {"neutral": "neutral"}
    place = {name: number for number, name in enumerate(labels)}
    rows = [] if conditions is None else conditions.select("condition", "outcome", "detail").rows()
    rows = sorted(rows, key=lambda row: place[row[0]])
    return [f"{labels[name]}: {words[outcome]}{f' ({detail})' if detail else ''}." for name, outcome, detail in rows]


def _entry(families: Mapping[str, Case], rules: Ruleset) -> Evaluation:
    """The evaluation of each family on the day the work with it began; of the claim where no day is told."""
    by_day: dict[dt.date, dict[str, Case]] = {}
    for family, case in families.items():
        began = (case.programme.attached_on if case.programme else None) or claim_day(case)
        by_day.setdefault(began, {})[family] = case
    made = [evaluate(rules, case_facts(group, as_of=day)) for day, group in by_day.items()]
    return Evaluation(
        pl.concat([each.findings for each in made]),
        pl.concat([each.assessments for each in made]),
        pl.concat([each.reviews for each in made]),
    )


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
        found["funding"] = asked.valid_outcomes * _worth_of_an_outcome(case, rules)
    return found


def _worth_of_an_outcome(case: Case, rules: Ruleset) -> int:
    """The most one family's results are worth; nothing where the authority or the day is not paid by results."""
    rule, asked = rules.result, case.authority
    if rule is None or rules.money is None or asked is None:
        return 0
    is_over = rule.claims_to is not None and case.as_of > rule.claims_to
    is_upfront = rule.needs_payment_by_results_area and not asked.payment_by_results_area
    return 0 if is_over or is_upfront else money.year_of(rules.money, case.as_of).cap


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


def told(case: Case, verdict: Verdict, differs: list[str], *, everything: bool = False) -> list[str]:
    """A verdict as lines for people, and whether it is as the case expects; what is not met only where asked for."""
    head = " ".join(part for part in (verdict.id, case.about) if part)
    lines = [f"{head or 'This family'}, by {verdict.ruleset} on {verdict.as_of}.", *verdict.notes]
    if verdict.eligible is not None:
        lines += ["", *verdict.why, "", *_told_findings(verdict, everything=everything)]
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


def _told_findings(verdict: Verdict, *, everything: bool) -> list[str]:
    shown = [each for each in verdict.findings if everything or each["outcome"] != "not_met"]
    hidden = len(verdict.findings) - len(shown)
    rest = [f"{hidden} findings are not met; --all lists them."] if hidden else []
    return [*(str(each["sentence"]) for each in shown), *rest]


def _amounts(verdict: Verdict) -> str:
    counted = "" if verdict.counts_as_result else "; not counted as a result"
    after = f"; claimable from {verdict.claimable_from}" if verdict.claimable_from else ""
    return (
        f"Payable now: £{verdict.payable:,}; attachment £{verdict.attachment:,}; altogether £{verdict.total:,}"
        f"{counted}{after}."
    )
