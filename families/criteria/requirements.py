"""Whom a family must have for the programme to be for it: a child, a dependent child, or parents who expect one."""

from __future__ import annotations

import polars as pl

from families.criteria.ages import age
from families.criteria.askable import ASKABLE
from families.criteria.facts import Facts, in_force, on_roll
from families.criteria.gaps import unbroken
from families.criteria.outcomes import MET, NOT_MET, UNKNOWN, any_of
from families.criteria.ruleset import Dependent, Ruleset

AT_SCHOOL = "education"
NEEDED = {
    "child": "a child in the family",
    "dependent_child": "a dependent child living with the family",
    "expectant_parent": "parents who expect a child",
}


def required_members(rules: Ruleset, facts: Facts) -> pl.DataFrame:
    """Whether each family has any of those the ruleset requires: family_id, has_required, required_why."""
    families = facts.members.filter("is_resident").select(pl.col("family_id").unique().sort())
    found = {name: _having(name, rules, facts) for name in rules.family.requires}
    wide = families
    for name, frame in found.items():
        wide = wide.join(frame.rename({"outcome": name}), on="family_id", how="left", maintain_order="left")
    wide = wide.with_columns(pl.col(name).fill_null(NOT_MET) for name in found)
    needed = " or ".join(NEEDED[name] for name in found)
    return wide.with_columns(any_of([pl.col(name) for name in found]).alias("has_required")).select(
        "family_id",
        "has_required",
        pl.when(pl.col("has_required") == UNKNOWN)
        .then(pl.lit(f"it is not known whether there is {needed}"))
        .otherwise(pl.lit(f"there is not {needed}"))
        .alias("required_why"),
    )


def _having(name: str, rules: Ruleset, facts: Facts) -> pl.DataFrame:
    match name:
        case "dependent_child":
            assert rules.family.dependent is not None  # noqa: S101 (checked when the ruleset is read)
            return _of_families(_dependents(rules.family.dependent, facts))
        case "expectant_parent":
            return _expecting(facts)
        case _:
            years = age(pl.col("date_of_birth"), facts.as_of)
            young = (pl.col("role") == "child") & (years < rules.family.adult_from).fill_null(True)
            return _of_families(facts.members.filter(pl.col("is_resident") & young), outcome=pl.lit(MET))


def _of_families(people: pl.DataFrame, *, outcome: pl.Expr | None = None) -> pl.DataFrame:
    rows = people if outcome is None else people.with_columns(outcome.alias("outcome"))
    return rows.group_by("family_id").agg(any_of(pl.col("outcome")).alias("outcome")).sort("family_id")


def _dependents(rule: Dependent, facts: Facts) -> pl.DataFrame:
    """Each resident child or young person with whether they are dependent, in three values."""
    years = age(pl.col("date_of_birth"), facts.as_of)
    in_school = on_roll(facts.stays, as_of=facts.as_of).select("person_id").unique()
    doing = (
        in_force(facts.events["destinations"], facts.as_of)
        .filter(pl.col("status") != "unknown")
        .group_by("person_id")
        .agg(pl.col("status").is_in(rule.when).any().alias("does"))
    )
    at_school = pl.col("person_id").is_in(in_school["person_id"].implode()) & pl.lit(AT_SCHOOL in rule.when)
    older = (
        pl.when(~pl.col("lives_with_parent") | (~at_school & pl.col("does").eq(False)).fill_null(False))
        .then(pl.lit(NOT_MET))
        .when(pl.col("lives_with_parent") & (at_school | pl.col("does").fill_null(False)))
        .then(pl.lit(MET))
        .otherwise(pl.lit(UNKNOWN))
    )
    return (
        facts.members.filter(pl.col("is_resident") & pl.col("role").is_in(["child", "adult"]))
        .join(doing, on="person_id", how="left")
        .with_columns(
            pl.when((years < rule.under) | (years.is_null() & (pl.col("role") == "child")))
            .then(pl.lit(MET))
            .when(years.is_between(rule.under, rule.until))
            .then(older)
            .otherwise(pl.lit(NOT_MET))
            .alias("outcome")
        )
    )


def _expecting(facts: Facts) -> pl.DataFrame:
    """Families with a member whom the maternity service has as expecting; unknown where no service told anything."""
    expecting = in_force(facts.events["service_flags"], facts.as_of).filter(pl.col("service") == "expectant_parent")
    sources = list(ASKABLE["service_flags"].sources)
    is_told = unbroken(facts.coverage.filter(pl.col("source").is_in(sources))) is not None
    expects = pl.col("person_id").is_in(expecting["person_id"].implode())
    silent = facts.silences.filter(pl.col("table") == "service_flags")["person_id"]
    is_known = pl.lit(is_told) & ~pl.col("person_id").is_in(silent.implode())
    outcome = pl.when(expects).then(pl.lit(MET)).when(is_known).then(pl.lit(NOT_MET)).otherwise(pl.lit(UNKNOWN))
    return _of_families(facts.members.filter("is_resident"), outcome=outcome)
