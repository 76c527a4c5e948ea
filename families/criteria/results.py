"""Whether a result can be claimed for each family, by which route and why, in three values; and what it is worth.

Conditions are asked of facts on the day of the claim, and of the casework: what the programme did with the family.
A condition that is not relevant to a family is neutral: it neither helps nor hinders.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from families.criteria import money
from families.criteria.evaluate import (
    FINDING,
    Evaluation,
    as_findings,
    members_asked,
    people_asked,
    reviews_of,
    whys_together,
    with_knowledge,
)
from families.criteria.facts import Facts
from families.criteria.gaps import school_ages
from families.criteria.outcomes import MET, NOT_MET, UNKNOWN, all_of, any_of
from families.criteria.ruleset import (
    CaseworkCondition,
    Condition,
    MeasuredCondition,
    ProgressCondition,
    ResultRoute,
    Ruleset,
)
from families.criteria.windows import terms_of
from families.dates import months_before

NEUTRAL = "neutral"
RESULT = "result"
FAMILIES: dict[str, Any] = {
    "family_id": pl.String, "attached_on": pl.Date, "closed_on": pl.Date, "left_area_on": pl.Date,
    "consent_withdrawn_on": pl.Date, "whole_family_assessment": pl.Boolean, "whole_family_plan": pl.Boolean,
    "lead_worker": pl.Boolean, "plan_meets_outcomes_plan": pl.Boolean, "is_audited": pl.Boolean,
    "evidenced": pl.List(pl.String), "children_paid_for_elsewhere": pl.Int64, "has_most_of_its_children": pl.Boolean,
}  # fmt: skip
PROBLEMS: dict[str, Any] = {
    "family_id": pl.String, "strand": pl.String, "found_on": pl.Date, "resolved_on": pl.Date,
    "measure_met": pl.Boolean, "has_equivalent_progress": pl.Boolean,
}  # fmt: skip
EARLIER: dict[str, Any] = {
    "family_id": pl.String, "ruleset": pl.String, "route": pl.String, "claimed_on": pl.Date, "amount": pl.Int64,
}  # fmt: skip
SHOWN = {
    "whole_family_assessment": "the assessment does not take in the whole family",
    "whole_family_plan": "the plan does not take in everybody it should",
    "lead_worker": "there is no lead worker",
    "plan_meets_outcomes_plan": "the plan does not follow the outcomes plan",
}
CONDITION = ["family_id", "condition", "outcome", "detail"]


@dataclass(frozen=True)
class Casework:
    """What the programme did: a row a family, a row a problem, a row for each result claimed before."""

    families: pl.DataFrame
    problems: pl.DataFrame
    earlier_claims: pl.DataFrame

    @classmethod
    def of(
        cls,
        families: Iterable[Mapping[str, Any]],
        *,
        problems: Iterable[Mapping[str, Any]],
        earlier_claims: Iterable[Mapping[str, Any]],
    ) -> Casework:
        """From rows as dictionaries; columns as FAMILIES, PROBLEMS and EARLIER."""
        return cls(
            pl.DataFrame(list(families), schema=FAMILIES),
            pl.DataFrame(list(problems), schema=PROBLEMS),
            pl.DataFrame(list(earlier_claims), schema=EARLIER),
        )


@dataclass(frozen=True)
class Claiming:
    """Where and when results are claimed: whether the area is paid by results, and the programme of each ruleset."""

    is_payment_by_results_area: bool = True
    programme_of: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Results:
    """`findings` as in a run; `conditions`: family_id, condition, outcome (or neutral), detail; `routes`: family_id,
    route, outcome; `results`: family_id, status, reason, routes, payable, attachment, total, counts_as_result,
    claimable_from.
    """

    findings: pl.DataFrame
    conditions: pl.DataFrame
    routes: pl.DataFrame
    results: pl.DataFrame


def evaluate_results(
    rules: Ruleset, facts: Facts, casework: Casework, *, entry: Evaluation, claiming: Claiming | None = None
) -> Results:
    """Results claimable on `facts.as_of`. `entry` is the evaluation of the same families on the day work began."""
    findings, decided = _measured(rules, facts, casework, entry)
    for progress in rules.progress_condition:
        decided.append(_progress(progress, rules, facts.as_of, casework, entry))
    for shows in rules.casework_condition:
        decided.append(_casework(shows, casework))
    conditions = pl.concat(decided) if decided else pl.DataFrame(schema=dict.fromkeys(CONDITION, pl.String))
    families = casework.families.select("family_id").unique().sort("family_id")
    routes = _routes(rules, conditions, families)
    return Results(
        findings,
        conditions.sort("family_id", "condition"),
        routes,
        _results(rules, facts, casework, routes, entry, conditions, claiming or Claiming()),
    )


def _measured(
    rules: Ruleset, facts: Facts, casework: Casework, entry: Evaluation
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    members = members_asked(rules, facts).join(casework.families, on="family_id", how="semi")
    every, decided = [], []
    for condition in rules.condition:
        findings = _condition_findings(condition, rules, facts, members)
        every.append(findings)
        decided.append(_of_family(condition, rules, facts, members, findings, casework, entry))
    findings = pl.concat(every) if every else entry.findings.clear()
    return findings.sort("family_id", "criterion", "person_id"), decided


def _condition_findings(
    condition: MeasuredCondition, rules: Ruleset, facts: Facts, members: pl.DataFrame
) -> pl.DataFrame:
    people = people_asked(condition, rules, facts, members)
    known = with_knowledge(people, condition, rules, facts)
    if condition.of == "together":
        known = _added_up(known)
    return as_findings(known, condition, RESULT, rules, facts).select(FINDING)


def _added_up(known: pl.DataFrame) -> pl.DataFrame:
    texts = pl.col("evidence").drop_nulls().str.strip_chars("[]").str.join(",")
    return known.group_by("family_id", maintain_order=True).agg(
        pl.lit(None, dtype=pl.String).alias("person_id"),
        pl.col("value").sum(),
        pl.lit(None, dtype=pl.Int64).alias("out_of"),
        pl.col("newest_on").max(),
        pl.when(pl.col("evidence").is_not_null().any()).then(pl.format("[{}]", texts)).alias("evidence"),
        pl.col("has_gap").any(),
        pl.col("missing").sum(),
        whys_together(),
        *([pl.col("baseline").sum()] if "baseline" in known.columns else []),
    )


def _of_family(
    condition: MeasuredCondition,
    rules: Ruleset,
    facts: Facts,
    members: pl.DataFrame,
    findings: pl.DataFrame,
    casework: Casework,
    entry: Evaluation,
) -> pl.DataFrame:
    """A measured condition for each family: of each one asked, of any one, or of the family together."""
    outcome = any_of(pl.col("outcome")) if condition.of == "any" else all_of(pl.col("outcome"))
    told = pl.col("detail").drop_nulls().unique(maintain_order=True).cast(pl.String).str.join("; ")
    decided = findings.group_by("family_id", maintain_order=True).agg(
        outcome.cast(pl.String).alias("outcome"), told.alias("detail"), pl.col("value").sum(), pl.col("out_of").sum()
    )
    nobody, why = _nobody_asked(condition, rules)
    left = _leavers(condition, facts, members)
    frame = (
        casework.families.select("family_id", "attached_on")
        .join(decided, on="family_id", how="left", maintain_order="left")
        .join(left, on="family_id", how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("outcome").is_null() & pl.col("has_left").fill_null(False))
            .then(pl.lit("whoever was asked has left school"))
            .when(pl.col("outcome").is_null())
            .then(pl.lit(why))
            .otherwise("detail")
            .alias("detail"),
            pl.col("outcome").fill_null(nobody),
        )
    )
    frame = _not_yet(condition, facts, _where_relevant(condition, frame, casework, entry))
    return frame.select("family_id", pl.lit(condition.id).alias("condition"), "outcome", "detail")


def _nobody_asked(condition: MeasuredCondition, rules: Ruleset) -> tuple[str, str]:
    if condition.of == "any":
        return NOT_MET, "nobody in the family is asked this"
    return NEUTRAL, "nobody in the family is asked this"


def _leavers(condition: MeasuredCondition, facts: Facts, members: pl.DataFrame) -> pl.DataFrame:
    """Families with a child past compulsory school age, where that makes the condition neutral."""
    past = school_ages(facts).filter(pl.col("school_age_to") < facts.as_of).select("person_id")
    children = members.filter(pl.col("role") == "child").join(past, on="person_id", how="semi")
    wanted = children if condition.leavers == "neutral" else children.clear()
    return wanted.select("family_id").unique().with_columns(pl.lit(True).alias("has_left"))


def _where_relevant(
    condition: MeasuredCondition, frame: pl.DataFrame, casework: Casework, entry: Evaluation
) -> pl.DataFrame:
    """Neutral where there was nothing to improve: no event before or since, or no such problem of the family.

    What is not met now is a problem found since, and counts whatever there was at the start.
    """
    if not condition.where_relevant:
        return frame
    if condition.measure == "reduction":
        nothing = (pl.col("value").fill_null(0) == 0) & (pl.col("out_of").fill_null(0) == 0)
        neutral, why = nothing & (pl.col("outcome") != UNKNOWN), f"no {condition.what} before or since"
    else:
        not_at_start = entry.assessments.filter(pl.col("strand") == condition.strand, pl.col("outcome") == NOT_MET)
        recorded = casework.problems.filter(pl.col("strand") == condition.strand)
        nothing = pl.col("family_id").is_in(not_at_start["family_id"].implode())
        nothing &= ~pl.col("family_id").is_in(recorded["family_id"].implode())
        neutral, why = nothing & (pl.col("outcome") == MET), "not a problem when the work began, nor found since"
    return frame.with_columns(
        pl.when(neutral).then(pl.lit(NEUTRAL)).otherwise("outcome").alias("outcome"),
        pl.when(neutral).then(pl.lit(why)).otherwise("detail").alias("detail"),
    )


def _not_yet(condition: MeasuredCondition, facts: Facts, frame: pl.DataFrame) -> pl.DataFrame:
    """Where terms since the work began are asked for and too few are over, the condition is not met yet."""
    wanted = condition.window.terms
    if not condition.window.since_attachment or wanted is None:
        return frame
    ends = pl.Series([term.last_day for term in terms_of(condition, facts)], dtype=pl.Date)
    over = pl.sum_horizontal((pl.lit(end) >= pl.col("attached_on")).cast(pl.Int32) for end in ends)
    early = pl.col("attached_on").is_not_null() & (over < wanted) & (pl.col("outcome") != NEUTRAL)
    why = pl.format(f"not yet: {{}} of {wanted} terms are over since the work began", over)
    return frame.with_columns(
        pl.when(early).then(pl.lit(NOT_MET)).otherwise("outcome").alias("outcome"),
        pl.when(early).then(why).otherwise("detail").alias("detail"),
    )


def _progress(
    rule: ProgressCondition, rules: Ruleset, day: dt.date, casework: Casework, entry: Evaluation
) -> pl.DataFrame:
    """Every problem recorded, and every strand met at the start, has met its measure and kept to it."""
    label = pl.col("strand").replace(rules.strand_labels)
    recorded = casework.problems.join(casework.families.select("family_id", "closed_on"), on="family_id", how="left")
    started = (
        entry.assessments.filter(
            pl.col("outcome") == MET, pl.col("strand") != "eligible", ~pl.col("strand").is_in(rule.leaves_out)
        )
        .join(casework.families, on="family_id", how="semi")
        .join(recorded, on=["family_id", "strand"], how="anti")
        .select(
            "family_id",
            pl.lit(UNKNOWN).alias("outcome"),
            pl.format("{}: no outcome is recorded", label).alias("detail"),
        )
    )
    told = recorded.with_columns(_of_problem(rule, day).alias("outcome")).select(
        "family_id",
        "outcome",
        pl.when(pl.col("outcome") != MET)
        .then(pl.format("{}: not met, or not for long enough yet", label))
        .alias("detail"),
    )
    nothing = casework.families.select(
        "family_id", pl.lit(UNKNOWN).alias("outcome"), pl.lit("no problem and no outcome is recorded").alias("detail")
    )
    every = pl.concat([told, started])
    every = pl.concat([every, nothing.join(every, on="family_id", how="anti")])
    return _conditions(every, rule.id)


def _conditions(rows: pl.DataFrame, condition: str) -> pl.DataFrame:
    return (
        rows.group_by("family_id", maintain_order=True)
        .agg(
            all_of(pl.col("outcome")).cast(pl.String).alias("outcome"),
            pl.col("detail").drop_nulls().unique().sort().str.join("; "),
        )
        .select("family_id", pl.lit(condition).alias("condition"), "outcome", "detail")
    )


def _of_problem(rule: ProgressCondition, day: dt.date) -> pl.Expr:
    lasted = pl.col("resolved_on").dt.offset_by(f"{rule.sustained_months}mo") <= day
    is_met = pl.coalesce("measure_met", lasted).fill_null(False)
    if rule.accepts_equivalent_progress:
        is_met = is_met | pl.col("has_equivalent_progress").fill_null(False)
    if rule.sustained_after == "closure":
        is_met = is_met & _closed_long_enough(rule, day)
    return pl.when(is_met).then(pl.lit(MET)).otherwise(pl.lit(NOT_MET))


def _closed_long_enough(rule: ProgressCondition, day: dt.date) -> pl.Expr:
    return (pl.col("closed_on").dt.offset_by(f"{rule.sustained_months}mo") <= day).fill_null(False)


def _casework(rule: CaseworkCondition, casework: Casework) -> pl.DataFrame:
    rows = [
        casework.families.select(
            "family_id",
            pl.when(pl.col(name))
            .then(pl.lit(MET))
            .when(~pl.col(name))
            .then(pl.lit(NOT_MET))
            .otherwise(pl.lit(UNKNOWN))
            .alias("outcome"),
            pl.when(~pl.col(name).fill_null(False)).then(pl.lit(SHOWN[name])).alias("detail"),
        )
        for name in rule.shows
    ]
    return _conditions(pl.concat(rows), rule.id)


def _routes(rules: Ruleset, conditions: pl.DataFrame, families: pl.DataFrame) -> pl.DataFrame:
    """Each route for each family; one whose conditions are all neutral is met only where the rule says so."""
    wide = families.join(
        conditions.pivot(on="condition", index="family_id", values="outcome", maintain_order=True),
        on="family_id",
        how="left",
        maintain_order="left",
    )
    asked = set(rules.conditions())
    wide = wide.with_columns(pl.lit(UNKNOWN).alias(name) for name in sorted(asked - set(wide.columns)))
    frames = [
        wide.select("family_id", pl.lit(route.id).alias("route"), _route(route).cast(pl.String).alias("outcome"))
        for route in rules.result_route
    ]
    empty = pl.DataFrame(schema={"family_id": pl.String, "route": pl.String, "outcome": pl.String})
    return pl.concat(frames).sort("family_id", "route") if frames else empty


def _route(route: ResultRoute) -> pl.Expr:
    named = [pl.col(name) for name in (*route.all_of, *route.any_of)]
    relevant = pl.any_horizontal(each != NEUTRAL for each in named)
    parts = []
    if route.all_of:
        asked = [pl.when(pl.col(name) == NEUTRAL).then(pl.lit(MET)).otherwise(name) for name in route.all_of]
        parts.append(all_of(asked))
    if route.any_of:
        parts.append(any_of([pl.col(name) for name in route.any_of]))
    nothing = MET if route.claimable_if_nothing_relevant else NOT_MET
    return pl.when(relevant).then(all_of(parts)).otherwise(pl.lit(nothing))


def _results(
    rules: Ruleset,
    facts: Facts,
    casework: Casework,
    routes: pl.DataFrame,
    entry: Evaluation,
    conditions: pl.DataFrame,
    claiming: Claiming,
) -> pl.DataFrame:
    held = _held(rules, facts)
    rows = []
    for family in casework.families.sort("family_id").iter_rows(named=True):
        own = dict(routes.filter(pl.col("family_id") == family["family_id"]).select("route", "outcome").rows())
        earlier = casework.earlier_claims.filter(pl.col("family_id") == family["family_id"]).to_dicts()
        rows.append(
            _result_of(
                rules,
                family,
                own,
                earlier=_in_programme(rules, earlier, claiming),
                held=held.get(family["family_id"], []),
                is_evidenced=_is_evidenced(rules, family, entry),
                claim_on=facts.as_of,
                claiming=claiming,
            )
            | {"claimable_from": _claimable_from(rules, family, casework)}
        )
    return pl.DataFrame(rows, schema=_RESULT)


_RESULT: dict[str, Any] = {
    "family_id": pl.String, "status": pl.String, "reason": pl.String, "routes": pl.List(pl.String),
    "payable": pl.Int64, "attachment": pl.Int64, "total": pl.Int64, "counts_as_result": pl.Boolean,
    "claimable_from": pl.Date,
}  # fmt: skip


def _in_programme(rules: Ruleset, claims: list[dict[str, Any]], claiming: Claiming) -> list[dict[str, Any]]:
    """Earlier claims of the same programme; those of another stand beside it and change nothing."""
    known = claiming.programme_of or {}
    return [claim for claim in claims if known.get(claim["ruleset"], rules.programme) == rules.programme]


def _held(rules: Ruleset, facts: Facts) -> dict[str, list[tuple[str, str]]]:
    """By family, the routes that wait for a person, with the reason."""
    holding = {review.id: review for review in rules.review if review.holds}
    if not holding:
        return {}
    reviews = reviews_of(rules, facts, holding).filter(pl.col("outcome") == MET)
    found: dict[str, list[tuple[str, str]]] = {}
    for family, name in reviews.select("family_id", "criterion").unique().sort("family_id", "criterion").rows():
        found.setdefault(family, []).extend((route, holding[name].label) for route in holding[name].holds)
    return found


def _is_evidenced(rules: Ruleset, family: dict[str, Any], entry: Evaluation) -> bool:
    """Whether the strands whose evidence was found when the claim was sampled are enough to be eligible."""
    found = family["evidenced"]
    return found is None or any(
        all(_is_shown(part, found, rules) for part in route.conditions) for route in rules.route
    )


def _is_shown(part: Condition, found: list[str], rules: Ruleset) -> bool:
    """Whether so many of a condition's strands, under so many headlines, are among those found."""
    shown = [strand for strand in rules.strand if strand.id in found and (part.of == "all" or strand.id in part.of)]
    return len(shown) >= part.at_least and len({strand.headline for strand in shown}) >= part.distinct_headlines


def _blocked(rules: Ruleset, family: dict[str, Any], *, claim_on: dt.date, claiming: Claiming) -> str | None:
    """Why no result can be claimed for a family at all, whatever its progress; blank where it can."""
    rule = rules.result
    if rule is None or rules.money is None:
        return (rule and rule.programme_ended) or "the programme pays for no results"
    if family["attached_on"] is not None and claim_on < family["attached_on"]:
        return "the work with the family had not begun"
    if rule.claims_to is not None and claim_on > rule.claims_to:
        return rule.programme_ended or f"results were taken to {rule.claims_to}"
    if rule.needs_payment_by_results_area and not claiming.is_payment_by_results_area:
        return "the authority is funded upfront and not by results"
    if rule.consent_needed and _is_by(family["consent_withdrawn_on"], claim_on):
        return "the family has withdrawn its consent"
    if _is_by(family["left_area_on"], claim_on):
        return "the family has left the area"
    if family["has_most_of_its_children"] is False:
        return "most of the children the claim began with live elsewhere"
    return None


def _is_by(day: dt.date | None, claim_on: dt.date) -> bool:
    return day is not None and day <= claim_on


def _result_of(
    rules: Ruleset,
    family: dict[str, Any],
    routes: dict[str, str],
    *,
    earlier: list[dict[str, Any]],
    held: list[tuple[str, str]],
    is_evidenced: bool,
    claim_on: dt.date,
    claiming: Claiming,
) -> dict[str, Any]:
    """One family's result: its status, the sentence that says why, and what is payable now and altogether."""
    rates = money.rates_of(rules, attached_on=family["attached_on"], claim_on=claim_on)
    waiting = {route for route, _ in held}
    met = [name for name, outcome in routes.items() if outcome == MET and name not in waiting]
    paid = sum(claim["amount"] for claim in earlier)
    payable = money.payable(rules, rates, met, earlier=[(claim["route"], claim["amount"]) for claim in earlier])
    status, reason = _status(
        rules, family, routes, met=met, held=held, payable=payable, earlier=earlier, is_evidenced=is_evidenced,
        block=_blocked(rules, family, claim_on=claim_on, claiming=claiming),
    )  # fmt: skip
    payable = payable if status == "claimable" else 0
    attachment = rates.attachment if rates is not None else 0
    counting = {route.id for route in rules.result_route if route.counts_as_result}
    return {
        "family_id": family["family_id"],
        "status": status,
        "reason": reason,
        "routes": met if status in ("claimable", "ready") else [],
        "payable": payable,
        "attachment": attachment,
        "total": attachment + paid + payable,
        "counts_as_result": status == "claimable" and bool(counting & set(met)),
    }


def _status(
    rules: Ruleset,
    family: dict[str, Any],
    routes: dict[str, str],
    *,
    met: list[str],
    held: list[tuple[str, str]],
    payable: int,
    earlier: list[dict[str, Any]],
    is_evidenced: bool,
    block: str | None,
) -> tuple[str, str]:
    labels = {route.id: route.label for route in rules.result_route}
    if family["children_paid_for_elsewhere"]:
        return "blocked", "A result was paid for the same children as another family: refer it, and pay none twice."
    if block is not None:
        return "not_claimable", f"Not claimable: {block}."
    if not is_evidenced:
        return "invalid", "The claim was sampled and its evidence does not show that the family was eligible."
    if met and not payable:
        return "blocked", "A result was claimed for this family before, and nothing more is payable for it."
    if met:
        which = " and ".join(labels[name] for name in met)
        if family["is_audited"] is False:
            worth = f"; £{payable:,} once it has" if payable else ""
            return "ready", f"Ready by {which}; internal audit has not validated it yet{worth}."
        return "claimable", f"Claimable by {which}."
    waiting = [why for route, why in held if routes.get(route) == MET]
    if waiting:
        return "review", f"Held for a person to decide: {'; '.join(waiting)}."
    if UNKNOWN in routes.values():
        doubtful = "; ".join(labels[name] for name, outcome in routes.items() if outcome == UNKNOWN)
        return "unknown", f"Not claimable while what decides it is not known: {doubtful}."
    return "not_claimable", "Not claimable: no route to a result is met."


def _claimable_from(rules: Ruleset, family: dict[str, Any], casework: Casework) -> dt.date | None:
    """The first day on which what must last will have lasted long enough; blank where nothing is recorded to last."""
    days = []
    own = casework.problems.filter(pl.col("family_id") == family["family_id"])
    for rule in rules.progress_condition:
        if rule.sustained_after == "closure":
            days.append(_months_after(family["closed_on"], rule.sustained_months))
        days += [
            _months_after(day, rule.sustained_months)
            for day, is_met in own.select("resolved_on", "measure_met").rows()
            if is_met is None
        ]
    known = [day for day in days if day is not None]
    return max(known) if known and len(known) == len(days) else None


def _months_after(day: dt.date | None, months: int) -> dt.date | None:
    return months_before(day, -months) if day is not None else None
