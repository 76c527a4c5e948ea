"""From facts to findings to strands to eligibility, in three values at every level, for all families at once."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from families.criteria import facts as known
from families.criteria.facts import Facts
from families.criteria.measures import fresh_benefit_checks, gaps, measured, window_of
from families.criteria.ruleset import Condition, Criterion, Ruleset, Strand

MET, NOT_MET, UNKNOWN = "met", "not_met", "unknown"
IN_WORDS = {MET: "met", NOT_MET: "not met", UNKNOWN: "not known"}
FINDING = [
    "family_id", "person_id", "criterion", "strand", "outcome", "value", "out_of",
    "bound", "window_from", "window_to", "newest_on", "detail", "evidence",
]  # fmt: skip


@dataclass(frozen=True)
class Evaluation:
    """The Findings and Assessments tables of one ruleset on one day."""

    findings: pl.DataFrame
    assessments: pl.DataFrame


def evaluate(rules: Ruleset, facts: Facts) -> Evaluation:
    """Ask every criterion of everybody it is asked of, then strands by any-of, then routes by at-least-k."""
    members = facts.members.filter(pl.col("role").is_in(rules.family.members), pl.col("is_resident"))
    findings = pl.concat([_findings(criterion, rules, facts, members) for criterion in rules.criterion]).sort(
        "family_id", "criterion", "person_id"
    )
    families = members.select("family_id").unique().sort("family_id")
    strands = pl.concat([_strand(strand, rules, findings, families) for strand in rules.strand])
    eligible = _eligible(rules, strands, members)
    return Evaluation(findings, pl.concat([strands, eligible]).sort("family_id", "strand"))


def _asked(criterion: Criterion, rules: Ruleset, facts: Facts, members: pl.DataFrame) -> pl.DataFrame:
    """The members a criterion is asked of. Without a date of birth the role in the family decides."""
    grown_up = (pl.col("date_of_birth").dt.offset_by(f"{rules.family.adult_from}y") <= facts.as_of).fill_null(
        pl.col("role") != "child"
    )
    asked = {"child": ~grown_up, "adult": grown_up, "member": pl.lit(True)}[criterion.asked_of]
    people = members.filter(asked)
    if criterion.compulsory_school_age:
        outside = known.school_ages(facts).filter(
            (pl.col("school_age_from") > facts.as_of) | (pl.col("school_age_to") < facts.as_of)
        )
        people = people.join(outside, on="person_id", how="anti")
    return people.select("family_id", "person_id")


def _findings(criterion: Criterion, rules: Ruleset, facts: Facts, members: pl.DataFrame) -> pl.DataFrame:
    window = window_of(criterion, facts)
    asked = _asked(criterion, rules, facts, members)
    findings = (
        asked.join(measured(criterion, facts), on="person_id", how="left")
        .join(gaps(criterion, facts).with_columns(pl.lit(True).alias("has_gap")), on="person_id", how="left")
        .with_columns(
            pl.col("value").fill_null(0),
            pl.col("out_of").fill_null(0) if criterion.measure == "share" else pl.col("out_of"),
            pl.col("has_gap").fill_null(False),
        )
        .with_columns(_outcome(criterion).alias("outcome"))
        .with_columns(
            pl.lit(criterion.id).alias("criterion"),
            pl.lit(criterion.strand).alias("strand"),
            pl.lit(criterion.bound.words).alias("bound"),
            pl.lit(window.first_day).alias("window_from"),
            pl.lit(window.last_day).alias("window_to"),
            pl.when(pl.col("outcome") == UNKNOWN)
            .then(pl.format("{}; {} would settle it", "why", pl.lit(criterion.settled_by)))
            .alias("detail"),
        )
        .select(FINDING)
    )
    if criterion.table != "benefits":
        return findings
    answered = fresh_benefit_checks(criterion, facts).select("person_id", "stated_on")
    findings = (
        findings.join(answered, on="person_id", how="left")
        .with_columns(pl.coalesce("newest_on", "stated_on").alias("newest_on"))
        .select(FINDING)
    )
    alone = members.join(asked, on="family_id", how="anti")
    return pl.concat([findings, _of_no_known_adult(criterion, facts, alone, template=findings)])


def _of_no_known_adult(
    criterion: Criterion, facts: Facts, members: pl.DataFrame, *, template: pl.DataFrame
) -> pl.DataFrame:
    """Families of whom no adult is known: where DWP answered for every home and named nobody there, nobody claims."""
    window = window_of(criterion, facts)
    checked = fresh_benefit_checks(criterion, facts)
    unanswered = f"no adult of the family is known, and DWP has not answered for the address; {criterion.settled_by}"
    somebody = "somebody claims at the address who is not known to be of the family; a record that ties them to a child"
    return (
        members.join(checked, on="person_id", how="left")
        .group_by("family_id")
        .agg(
            pl.col("stated_on").is_not_null().all().alias("answered"),
            pl.col("claimants").sum(),
            pl.col("stated_on").max().alias("newest_on"),
        )
        .with_columns(
            pl.when(pl.col("answered") & (pl.col("claimants") == 0))
            .then(pl.lit(NOT_MET))
            .otherwise(pl.lit(UNKNOWN))
            .alias("outcome"),
            pl.when(pl.col("answered") & (pl.col("claimants") > 0))
            .then(pl.lit(somebody))
            .otherwise(pl.lit(unanswered))
            .alias("why"),
        )
        .with_columns(
            pl.when(pl.col("outcome") == UNKNOWN).then(pl.format("{} would settle it", "why")).alias("detail"),
            pl.lit(criterion.id).alias("criterion"),
            pl.lit(criterion.strand).alias("strand"),
            pl.lit(0, dtype=pl.Int64).alias("value"),
            pl.lit(criterion.bound.words).alias("bound"),
            pl.lit(window.first_day).alias("window_from"),
            pl.lit(window.last_day).alias("window_to"),
            *(pl.lit(None, dtype=template.schema[name]).alias(name) for name in ("person_id", "out_of", "evidence")),
        )
        .select(FINDING)
    )


def _outcome(criterion: Criterion) -> pl.Expr:
    """Met, not met or unknown. Shares are compared as integers, and missing sessions by the two bounds they leave."""
    value, gap = pl.col("value"), pl.col("has_gap")
    if criterion.measure == "share":
        missing = pl.when(gap).then(pl.col("missing")).otherwise(0)
        percent = criterion.bound.at_least_percent or 0
        surely = (value * 100 >= (pl.col("out_of") + missing) * percent) & (pl.col("out_of") > 0)
        possibly = ((value + missing) * 100 >= (pl.col("out_of") + missing) * percent) & (missing > 0)
    else:
        surely, possibly = value >= (criterion.bound.at_least or 0), gap
    return pl.when(surely).then(pl.lit(MET)).when(possibly).then(pl.lit(UNKNOWN)).otherwise(pl.lit(NOT_MET))


def _strand(strand: Strand, rules: Ruleset, findings: pl.DataFrame, families: pl.DataFrame) -> pl.DataFrame:
    """Any one criterion of any one member is enough; one unknown among the unmet leaves it unknown."""
    labels = {criterion.id: criterion.label for criterion in rules.criterion}
    label = pl.col("criterion").replace_strict(labels, default="")
    words = pl.col("label").unique(maintain_order=True).str.join("; ")
    decided = (
        findings.filter(pl.col("strand") == strand.id)
        .with_columns(label.alias("label"))
        .sort("family_id", "criterion", "person_id")
        .group_by("family_id", maintain_order=True)
        .agg(
            _any_of(pl.col("outcome")).alias("outcome"),
            _labels_of(MET).alias("met_by"),
            pl.col("detail")
            .filter(pl.col("outcome") == UNKNOWN)
            .unique(maintain_order=True)
            .str.join("; ")
            .alias("gap"),
            words.alias("asked"),
        )
    )
    return families.join(decided, on="family_id", how="left", maintain_order="left").select(
        "family_id",
        pl.lit(strand.id).alias("strand"),
        pl.col("outcome").fill_null(strand.if_nobody_asked),
        pl.when(pl.col("outcome") == MET)
        .then(pl.format("Met: {}.", "met_by"))
        .when(pl.col("outcome") == UNKNOWN)
        .then(pl.format("Not known: {}.", "gap"))
        .when(pl.col("outcome") == NOT_MET)
        .then(pl.format("Not met: none of these holds: {}.", "asked"))
        .otherwise(pl.lit(f"{IN_WORDS[strand.if_nobody_asked].capitalize()}: {strand.nobody_asked}."))
        .alias("reason"),
    )


def _labels_of(outcome: str) -> pl.Expr:
    """The labels of the criteria with an outcome, each once."""
    return pl.col("label").filter(pl.col("outcome") == outcome).unique(maintain_order=True).str.join("; ")


def _any_of(outcome: pl.Expr) -> pl.Expr:
    return (
        pl.when((outcome == MET).any())
        .then(pl.lit(MET))
        .when((outcome == UNKNOWN).any())
        .then(pl.lit(UNKNOWN))
        .otherwise(pl.lit(NOT_MET))
    )


def _at_least(condition: Condition) -> pl.Expr:
    """At least k of n: met when enough are met, not met when even the unknown ones would not be enough."""
    met = pl.sum_horizontal((pl.col(name) == MET).cast(pl.Int32) for name in condition.of)
    open_ = pl.sum_horizontal((pl.col(name) == UNKNOWN).cast(pl.Int32) for name in condition.of)
    return (
        pl.when(met >= condition.at_least)
        .then(pl.lit(2))
        .when(met + open_ >= condition.at_least)
        .then(pl.lit(1))
        .otherwise(pl.lit(0))
    )


def _eligible(rules: Ruleset, strands: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Eligible by any route whose conditions all hold; 2 stands for met, 1 for unknown, 0 for not met."""
    wide = strands.pivot(on="strand", index="family_id", values="outcome", maintain_order=True)
    if missing := [strand.id for strand in rules.strand if strand.id not in wide.columns]:
        wide = wide.with_columns(pl.lit(UNKNOWN).alias(name) for name in missing)
    routes = [
        pl.min_horizontal(_at_least(condition) for condition in route.conditions).alias(f"route {route.id}")
        for route in rules.route
    ]
    with_child = members.filter(pl.col("role") == "child").select("family_id").unique()
    has_child = (
        pl.col("family_id").is_in(with_child["family_id"].implode()) if rules.family.requires_child else pl.lit(True)
    )
    names = [f"route {route.id}" for route in rules.route]
    labels = {strand.id: strand.label for strand in rules.strand}
    tally = pl.concat_str(
        [pl.format(f"{label}: {{}}", pl.col(name).replace_strict(IN_WORDS)) for name, label in labels.items()],
        separator="; ",
    )
    met_by = pl.coalesce(
        pl.when(pl.col(f"route {route.id}") == 2).then(pl.lit(f"Met by {route.label}")) for route in rules.route
    )
    best = pl.max_horizontal(names)
    return (
        wide.with_columns(routes)
        .with_columns(pl.when(has_child).then(best).otherwise(0).alias("best"), has_child.alias("has_child"))
        .select(
            "family_id",
            pl.lit("eligible").alias("strand"),
            pl.col("best").replace_strict({2: MET, 1: UNKNOWN, 0: NOT_MET}, return_dtype=pl.String).alias("outcome"),
            pl.when(~pl.col("has_child"))
            .then(pl.lit("Not met: there is no child in the family."))
            .when(pl.col("best") == 2)
            .then(pl.format("{}. {}.", met_by, tally))
            .when(pl.col("best") == 1)
            .then(pl.format("Not known: what is not known could decide it. {}.", tally))
            .otherwise(pl.format("Not met. {}.", tally))
            .alias("reason"),
        )
    )
