"""A whole ruleset in plain English, part by part: frames for tables, sentences for text, made from the values alone.

One question of it is said by `plain_english`. Nothing here reads a file, evaluates anything or draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from families.criteria.explain import day
from families.criteria.overlay import Overlay
from families.criteria.plain_english import (
    both,
    bound_in_words,
    capital,
    criterion_in_words,
    either,
    fine_print,
    number_in_words,
    span_in_words,
    table_in_words,
    value_in_words,
    who_in_words,
    window_in_words,
)
from families.criteria.ruleset import (
    GRADES,
    Asked,
    Condition,
    Criterion,
    Dependent,
    MoneyYear,
    Release,
    ResultRoute,
    Ruleset,
)

ROLES = {
    "child": "children",
    "parent": "parents",
    "carer": "carers",
    "adult": "other adults of the household",
    "linked": "parents linked to the children who live elsewhere",
}
REQUIRED = {
    "child": "a child",
    "dependent_child": "a dependent child",
    "expectant_parent": "parents who expect a child",
}
SHOWS = {
    "whole_family_assessment": "an assessment of the whole family",
    "whole_family_plan": "a plan for the whole family",
    "lead_worker": "a lead worker",
    "plan_meets_outcomes_plan": "that the plan follows the outcomes plan",
}
RATE_YEARS = {"attached": "the year the work with the family began", "claimed": "the year of the claim"}


def grade_in_words(confidence: str) -> str:
    """A grade with what it means: `C: corroborated by councils or press`."""
    return f"{confidence}: {GRADES.get(confidence, 'not a grade')}"


def in_force_in_words(rules: Ruleset) -> str:
    """The days on which the ruleset is used without being told to."""
    return f"In force {span_in_words(rules.in_force.from_, rules.in_force.to)}"


def grades_counted(rules: Ruleset) -> pl.DataFrame:
    """How many criteria are of each grade: grade, meaning, criteria."""
    counts = [sum(criterion.confidence == grade for criterion in rules.criterion) for grade in GRADES]
    return pl.DataFrame(
        {"Grade": list(GRADES), "What it means": list(GRADES.values()), "Criteria": counts},
        schema={"Grade": pl.String, "What it means": pl.String, "Criteria": pl.Int64},
    )


def family_in_words(rules: Ruleset) -> list[str]:
    """Who counts as the family, whom it must have, and which children are dependent."""
    family = rules.family
    said = [
        f"The family is its {both(ROLES[role] for role in family.members)}. An adult is {family.adult_from} or over.",
        f"The programme is for a family that has {either(REQUIRED[each] for each in family.requires)}.",
    ]
    if family.dependent is not None:
        said.append(_dependent(family.dependent))
    if family.linked_strands_at_most:
        strands = "problem" if family.linked_strands_at_most == 1 else "problems"
        number = number_in_words(family.linked_strands_at_most)
        said.append(f"People who live elsewhere may account for {number} {strands} at most.")
    return said


def _dependent(rule: Dependent) -> str:
    doing = "; ".join(value_in_words("destinations", "status", each) for each in rule.when)
    return (
        f"A child is dependent when under {rule.under}, and at {rule.under} to {rule.until} when living with a parent "
        f"or carer and one of these: {doing}. Source: {rule.source}; grade {grade_in_words(rule.confidence)}."
    )


def strand_in_words(rules: Ruleset, strand: str) -> list[str]:
    """What holds of a strand beside its criteria."""
    found = next(each for each in rules.strand if each.id == strand)
    said = []
    if found.headline:
        alias = f" (also {found.headline_alias})" if found.headline_alias else ""
        said.append(f"Headline outcome: {found.headline}{alias}.")
    unknown = found.if_nobody_asked == "unknown"
    if unknown:
        said.append(f"Not known where {found.nobody_asked}.")
    if found.is_near_miss:
        said.append("Met, it brings a family to the programme team's notice though it is not eligible.")
    return said


def criteria_of(rules: Ruleset, strand: str) -> list[Criterion]:
    """The criteria of a strand, of which any one is enough."""
    return [criterion for criterion in rules.criterion if criterion.strand == strand]


def questions(asked: Iterable[Asked]) -> pl.DataFrame:
    """Criteria, reviews or measured conditions with their parameters, one row each."""
    return _texts(
        ("In words", "Needed", "Over which time", "Who is asked", "Data that counts", "Also", "Source", "Grade"),
        [(criterion_in_words(each), *parameters(each).values(), each.source, each.confidence) for each in asked],
    )


def parameters(asked: Asked) -> dict[str, str]:
    """What a question is made of, each in words: bound, time, who, data, and what else its values say."""
    return {
        "Needed": _needed(asked),
        "Over which time": capital(window_in_words(asked)),
        "Who is asked": capital(who_in_words(asked)),
        "Data that counts": capital(table_in_words(asked)),
        "Also": " ".join(fine_print(asked)),
    }


def _needed(asked: Asked) -> str:
    if asked.measure == "status":
        return "That it is so" if asked.bound[-1].comparison != ("at_most", 0) else "That it is not so"
    less = "Less by " if asked.measure == "reduction" else ""
    return capital(f"{less}{bound_in_words(asked)}")


def routes(rules: Ruleset) -> pl.DataFrame:
    """The ways to be eligible, each with what must hold."""
    return _texts(
        ("Route", "What must hold", "Source", "Grade"),
        [
            (
                capital(route.label),
                capital(f"{'; and '.join(_condition(each, rules) for each in route.conditions)}."),
                route.source,
                route.confidence,
            )
            for route in rules.route
        ],
    )


def _condition(condition: Condition, rules: Ruleset) -> str:
    labels = rules.strand_labels
    names = [] if condition.of == "all" else [labels[name] for name in condition.of]
    apart = f", under {number_in_words(condition.distinct_headlines)} different headline outcomes"
    under = apart if condition.distinct_headlines > 1 else ""
    if condition.of == "all":
        every = f"the {number_in_words(len(rules.strand))} problems or needs"
        return f"at least {number_in_words(condition.at_least)} of {every}{under}"
    some = "" if condition.at_least == len(names) else f"at least {number_in_words(condition.at_least)} of "
    return f"{some}{_with_commas(names)}{under}"


def _with_commas(names: Sequence[str]) -> str:
    """Names that may hold an `and` of their own."""
    return f"{', '.join(names[:-1])}, and {names[-1]}" if len(names) > 1 else names[0]


def result_in_words(rules: Ruleset) -> list[str]:
    """When a result can be claimed at all."""
    result = rules.result
    if result is None:
        return []
    said = [f"Results are taken until {day(result.claims_to)}."] if result.claims_to else []
    said += [f"{capital(result.programme_ended)}."] if result.programme_ended else []
    said += ["One result is counted for a family."] if result.one_result_per_family else []
    said += ["Only authorities that are paid by results may claim."] if result.needs_payment_by_results_area else []
    said += ["The family's consent is needed."] if result.consent_needed else []
    return [*said, f"Source: {result.source}; grade {grade_in_words(result.confidence)}."]


def result_routes(rules: Ruleset) -> pl.DataFrame:
    """The ways to a result, each with its conditions."""
    return _texts(
        ("Route", "What it is for", "What must hold", "Source", "Grade"),
        [
            (route.id, capital(route.label), _result(route, rules), route.source, route.confidence)
            for route in rules.result_route
        ],
    )


def _result(route: ResultRoute, rules: Ruleset) -> str:
    labels = rules.conditions()
    every = "; ".join(labels[name] for name in route.all_of)
    any_one = "; or ".join(labels[name] for name in route.any_of)
    said = [f"{capital(every)}." if every else "", f"{capital(any_one)}." if any_one else ""]
    if route.claimable_if_nothing_relevant:
        said.append("It can be claimed when nothing in it is relevant any more.")
    if not route.counts_as_result:
        said.append("Not counted as a result.")
    return " ".join(part for part in said if part)


def casework_conditions(rules: Ruleset) -> pl.DataFrame:
    """The conditions of a result that the casework decides and no file."""
    rows = [
        (capital(each.label), f"Shows {both(SHOWS[name] for name in each.shows)}.", each.source, each.confidence)
        for each in rules.casework_condition
    ]
    labels = rules.strand_labels
    for progress in rules.progress_condition:
        after = {"resolution": "the measure is first met", "closure": "the case is closed"}[progress.sustained_after]
        said = [f"Kept to for {progress.sustained_months} months after {after}."]
        if progress.leaves_out:
            said.append(f"Leaves out {both(labels[name] for name in progress.leaves_out)}.")
        if progress.accepts_equivalent_progress:
            said.append("A named manager may accept progress that is as good.")
        rows.append((capital(progress.label), " ".join(said), progress.source, progress.confidence))
    return _texts(("Condition", "What it asks", "Source", "Grade"), rows)


def money_in_words(rules: Ruleset) -> list[str]:
    """Whose year's rates count, what a second result is worth, and what an authority is funded for."""
    money = rules.money
    if money is None:
        return ["Nothing is paid for a family under this programme."]
    better = "paid up to the cap" if money.tops_up else "worth nothing more"
    said = [f"A result is paid at the rate of {RATE_YEARS[money.rate_year]}. A better result later is {better}."]
    if money.funding is not None:
        part, whole = money.funding.share
        said.append(
            f"An authority is funded for {part} of every {whole} of its families, over {money.funding.years} years. "
            f"Source: {money.funding.source}; grade {grade_in_words(money.funding.confidence)}."
        )
        released = "; ".join(_released(step) for step in money.funding.release)
        said += [f"Of the next year's attachment fees is released {released}."] if released else []
    return said


def _released(step: Release) -> str:
    part, whole = step.at_least
    where = f"where {part} of {whole} families or more are worked with" if part else "otherwise"
    return f"{step.pays} {where}"


def money_by_year(rules: Ruleset) -> pl.DataFrame:
    """What one family is worth in each year, in pounds."""
    names = [route.id for route in rules.result_route]
    years = rules.money.year if rules.money else []
    paid = [name for name in names if any(name in year.results for year in years)]
    return _texts(
        ("Year", "From", "To", "Attachment", *(f"Result {name}" for name in paid), "At most", "Source", "Grade"),
        [_year(year, paid) for year in years],
    )


def _year(year: MoneyYear, paid: Sequence[str]) -> tuple[str, ...]:
    amounts = [pounds(year.results[name]) if name in year.results else "" for name in paid]
    days = (year.label, day(year.from_), day(year.to))
    return (*days, pounds(year.attachment), *amounts, pounds(year.cap), year.source, year.confidence)


def pounds(amount: int) -> str:
    """An amount as people write it: £3,200."""
    return f"£{amount:,}"


def claim_windows(rules: Ruleset) -> pl.DataFrame:
    """When claims were taken."""
    return _texts(
        ("Window", "Opens", "Closes", "Source", "Grade"),
        [
            (each.label, day(each.opens) if each.opens else "", day(each.closes), each.source, each.confidence)
            for each in rules.claim_window
        ],
    )


def switches(rules: Ruleset, chosen: Mapping[str, str]) -> pl.DataFrame:
    """What the text leaves open, the ways to read it, and which of them is used."""
    rows = []
    for switch in rules.switch:
        labels = {option.id: option.label for option in switch.option}
        used = chosen.get(switch.id, switch.default)
        note = "" if used == switch.default else " (not the usual one)"
        options = "; ".join(labels.values())
        rows.append(
            (switch.label, capital(options), f"{capital(labels[used])}{note}", switch.source, switch.confidence)
        )
    return _texts(("Question", "Ways to read it", "Used here", "Source", "Grade"), rows)


def overlay_in_words(overlay: Overlay, rules: Ruleset) -> list[str]:
    """What an authority's own file says, beside its tables."""
    said = [f"{overlay.authority} uses {overlay.extends} with values of its own."]
    labels = {switch.id: (switch.label, {o.id: o.label for o in switch.option}) for switch in rules.switch}
    for name, option in overlay.switches.items():
        question, options = labels.get(name, (name, {}))
        said.append(f"{question}: {options.get(option, option)}.")
    if overlay.leaves_out:
        said.append(f"Local factors it does not use: {both(name.replace('_', ' ') for name in overlay.leaves_out)}.")
    if overlay.payment_by_results_area is not None:
        said.append(f"It is {'' if overlay.payment_by_results_area else 'not '}paid by results.")
    if overlay.outcomes_plan is not None:
        plan = overlay.outcomes_plan
        said.append(f"Its outcomes plan is {plan.title}, adopted on {day(plan.adopted_on)}.")
    return said


def overlay_settings(overlay: Overlay, rules: Ruleset) -> pl.DataFrame:
    """The criteria and conditions whose values the authority set, and those it added."""
    asked = rules.asked()
    rows = [
        ("Own value", criterion_in_words(asked[each.id]), each.source) for each in overlay.setting if each.id in asked
    ]
    rows += [("Own criterion", criterion_in_words(each), each.source) for each in overlay.criterion]
    return _texts(("What", "In words", "Source"), rows)


def outcomes_plan(overlay: Overlay, rules: Ruleset) -> pl.DataFrame:
    """What the authority takes for success in each strand."""
    labels = rules.strand_labels
    planned = overlay.outcomes_plan.outcome if overlay.outcomes_plan else []
    return _texts(
        ("Problem", "Goal", "Measure", "Evidence"),
        [(labels.get(each.strand, each.strand), each.goal, each.measure, each.evidence) for each in planned],
    )


def _texts(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
