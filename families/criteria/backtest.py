"""What would change if other rules were used: the same facts by two rulesets, counted by strand and by equality group.

The equality groups are read here for the check of fairness only, and never by a rule. Small numbers are hidden.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from families.criteria.ages import age
from families.criteria.evaluate import evaluate
from families.criteria.facts import Facts
from families.criteria.outcomes import MET, NOT_MET
from families.criteria.ruleset import Ruleset
from families.criteria.small_numbers import Sum, hidden

ELIGIBLE = "eligible"
STRAND = "strand"
ALL = "families"
CHANGES = {
    "gained": "met by the rules tried, and not by the others",
    "lost": "met by the others, and not by the rules tried",
    "both": "unchanged: met by both",
    "neither": "unchanged: met by neither",
    "unsettled": "met by neither; not known by one, not met by the other",
}
GROUPS = {"sex_of_children": "Sex of the children", "youngest_child": "Age of the youngest child",
          "sex_of_adults": "Sex of the adults in the home"}  # fmt: skip
NOT_KNOWN = "not known"
YOUNGEST, OLDEST = "under 5", "11 and over"
AGE_BANDS = {YOUNGEST: 5, "5 to 10": 11}  # below these ages


@dataclass(frozen=True)
class BackTest:
    """`families`: family_id, strand, against, tried, change: for the programme itself, never shown.

    `counts`: by (strand, or an equality group), value, change, number; blank where the number is hidden. The change
    `families` is the total of a row. `only_in_one` are strands that one ruleset alone has, which are not compared.
    """

    families: pl.DataFrame
    counts: pl.DataFrame
    only_in_one: tuple[str, ...]


def backtest(tried: Ruleset, *, against: Ruleset, facts: Facts, groups: pl.DataFrame) -> BackTest:
    """Compare two rulesets on the same facts. `groups` has family_id and a column for each of GROUPS."""
    before, after = (evaluate(rules, facts).assessments for rules in (against, tried))
    families = compared(before, after)
    strands = [ELIGIBLE, *(strand.id for strand in tried.strand)]
    shared = [name for name in strands if name in against.strand_labels]
    others = tuple(sorted(tried.strand_labels.keys() ^ against.strand_labels.keys()))
    return BackTest(families, without_small_numbers(counted(families, groups, strands=shared)), others)


def compared(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """By family and strand the outcome of each, and how they differ; a family that one leaves out is not met."""
    outcome = pl.col("outcome").alias
    both = before.select("family_id", "strand", outcome("against")).join(
        after.select("family_id", "strand", outcome("tried")), on=["family_id", "strand"], how="full", coalesce=True
    )
    known = both.with_columns(pl.col("against", "tried").fill_null(NOT_MET))
    return known.with_columns(_change().alias("change")).sort("family_id", "strand")


def _change() -> pl.Expr:
    was, now = pl.col("against"), pl.col("tried")
    return (
        pl.when((was == MET) & (now == MET))
        .then(pl.lit("both"))
        .when(now == MET)
        .then(pl.lit("gained"))
        .when(was == MET)
        .then(pl.lit("lost"))
        .when(was == now)
        .then(pl.lit("neither"))
        .otherwise(pl.lit("unsettled"))
    )


def equality_groups(facts: Facts, people: pl.DataFrame) -> pl.DataFrame:
    """Each family's groups: family_id and the columns of GROUPS. `people` gives person_id and sex.

    Only what the records hold: sex and date of birth. No rule reads any of it.
    """
    members = facts.members.join(people.select("person_id", "sex"), on="person_id", how="left")
    return groups_of_members(members, as_of=facts.as_of)


def groups_of_members(members: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """The groups of families whose members are given: family_id, role, is_resident, sex and date_of_birth."""
    is_child = pl.col("role") == "child"
    return (
        members.filter("is_resident")
        .group_by("family_id")
        .agg(
            _sexes(pl.col("sex").filter(is_child), "girls", "boys").alias("sex_of_children"),
            _band(pl.col("date_of_birth").filter(is_child), as_of).alias("youngest_child"),
            _sexes(pl.col("sex").filter(~is_child), "women", "men").alias("sex_of_adults"),
        )
        .sort("family_id")
    )


def _sexes(sex: pl.Expr, female: str, male: str) -> pl.Expr:
    has_female, has_male = (sex == "F").any(), (sex == "M").any()
    is_known = sex.is_in(["F", "M"]).fill_null(False).all() & (sex.len() > 0)
    return (
        pl.when(has_female & has_male)
        .then(pl.lit(f"{female} and {male}"))
        .when(~is_known)
        .then(pl.lit(NOT_KNOWN))
        .when(has_female)
        .then(pl.lit(f"{female} only"))
        .otherwise(pl.lit(f"{male} only"))
    )


def _band(born: pl.Expr, as_of: dt.date) -> pl.Expr:
    years = age(born.max(), as_of)
    bands = pl.coalesce(pl.when(years < below).then(pl.lit(label)) for label, below in AGE_BANDS.items())
    is_unknown = born.is_null().any() | years.is_null()
    return pl.when(is_unknown).then(pl.lit(NOT_KNOWN)).otherwise(bands.fill_null(OLDEST))


def counted(families: pl.DataFrame, groups: pl.DataFrame, *, strands: list[str]) -> pl.DataFrame:
    """Families by change: for each strand, and of eligibility for each value of each group, with the total of a row."""
    eligible = families.filter(pl.col("strand") == ELIGIBLE).join(groups, on="family_id", how="left")
    parts = [_tallied(families.filter(pl.col("strand") == name), by=STRAND, value=pl.lit(name)) for name in strands]
    parts += [_tallied(eligible, by=name, value=pl.col(name).fill_null(NOT_KNOWN)) for name in GROUPS]
    return pl.concat(parts)


def _tallied(rows: pl.DataFrame, *, by: str, value: pl.Expr) -> pl.DataFrame:
    return (
        rows.group_by(value.alias("value"))
        .agg(
            pl.len().cast(pl.Int64).alias(ALL),
            *((pl.col("change") == change).sum().cast(pl.Int64).alias(change) for change in CHANGES),
        )
        .sort(pl.col("value") == NOT_KNOWN, pl.col("value") != YOUNGEST, pl.col("value") == OLDEST, "value")
        .with_row_index("place")
        .unpivot([*CHANGES, ALL], index=["place", "value"], variable_name="change", value_name="number")
        .sort("place", maintain_order=True)
        .select(pl.lit(by).alias("by"), "value", "change", "number")
    )


def without_small_numbers(counts: pl.DataFrame) -> pl.DataFrame:
    """The counts with small ones blank, and those that would give them away; how many families there are is known.

    Of too few families to hide a number among the others, no group is told of at all.
    """
    places = {row: place for place, row in enumerate(counts.select("by", "value", "change").rows())}
    whole = (STRAND, ELIGIBLE)
    rows = dict.fromkeys((by, value) for by, value, _ in places)
    sums = [Sum(places[*row, ALL], tuple(places[*row, change] for change in CHANGES)) for row in rows]
    for group in GROUPS:
        own = [row for row in rows if row[0] == group]
        sums += [
            Sum(places[*whole, change], tuple(places[*row, change] for row in own)) for change in (*CHANGES, ALL) if own
        ]
    known = {places[by, value, ALL] for by, value in rows if by == STRAND}
    hide = hidden(counts["number"].to_list(), sums, known=known)
    if sum(hide) == len(hide) - len(known):
        counts = counts.filter(pl.col("by") == STRAND)  # these come first
        hide = hide[: counts.height]
    return counts.with_columns(
        pl.when(pl.Series(hide, dtype=pl.Boolean)).then(None).otherwise("number").alias("number")
    )
