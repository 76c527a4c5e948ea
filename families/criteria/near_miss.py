"""How far a family that is not eligible is from being so: the nearest route, its nearest unmet strand, and the gap.

The gap is in the criterion's own units and is no score. Which criterion is nearest is settled within one family; no
family is compared with another.
"""

from __future__ import annotations

import polars as pl

from families.criteria.evaluate import (
    LINKED,
    Evaluation,
    counted,
    headlines,
    members_asked,
    strands_named,
    strands_of_families,
)
from families.criteria.explain import counted_thing
from families.criteria.facts import Facts
from families.criteria.outcomes import GROWING, MET, NOT_MET, UNKNOWN, WHOLE
from families.criteria.requirements import required_members
from families.criteria.ruleset import Asked, Bound, Condition, Criterion, Route, Ruleset

ELIGIBLE = "eligible"
NEAR_MISS = ["family_id", "route", "strand", "criterion", "person_id", "gap", "sentence"]
PARTS = 10_000  # nearness is compared in ten-thousandths of the bound still missing
MOST_NAMED = 3  # strands named in a sentence; of more the number is given
WHO = {"child": " for one child", "adult": " for one adult", "member": " for one member", "family": ""}


def near_misses(rules: Ruleset, found: Evaluation, facts: Facts) -> pl.DataFrame:
    """A row for each family that is not eligible, and one strand short or with a strand met that brings it to notice.

    Columns as the NearMisses table: the nearest route, of its unmet strands the nearest, of that the criterion and
    person, with the gap (blank where it is not known) and all of it in a sentence.
    """
    members = members_asked(rules, facts)
    linked = members.filter(pl.col("role") == LINKED).select("family_id", "person_id")
    strands = found.assessments.filter(pl.col("strand") != ELIGIBLE)
    wide = _not_eligible(rules, found, facts, strands_of_families(rules, strands, [found.findings], members))
    wanted = _nearest_route(rules, wide).explode("strand", empty_as_null=True, keep_nulls=True)
    is_wanted = pl.col("family_id").is_in(wanted["family_id"].unique().implode())  # few of many, so first
    unmet = (
        found.findings.filter(is_wanted)
        .filter(pl.col("outcome") != MET)
        .with_columns(pl.col("strand").cast(pl.String))
        .join(wanted, on=["family_id", "strand"], how="semi")
        .join(linked, on=["family_id", "person_id"], how="anti")
    )
    return (
        wanted.join(
            strands.filter(is_wanted).select("family_id", "strand", "outcome"), on=["family_id", "strand"], how="left"
        )
        .join(_with_gaps(rules, unmet, facts), on=["family_id", "strand"], how="left")
        .join(_of_strands(rules), on="strand", how="left")
        .sort(
            pl.coalesce("found", "outcome") != UNKNOWN,  # it may be met already
            pl.col("part").fill_null(PARTS + 1),
            "strand_place",
            "criterion_place",
            "person_id",
            nulls_last=True,
        )
        .unique("family_id", keep="first", maintain_order=True)
        .with_columns(_sentence())
        .sort("family_id")
        .select(NEAR_MISS)
    )


def _not_eligible(rules: Ruleset, found: Evaluation, facts: Facts, wide: pl.DataFrame) -> pl.DataFrame:
    """Families not eligible, and not because the programme is for no such family."""
    eligible = found.assessments.filter(pl.col("strand") == ELIGIBLE, pl.col("outcome") == MET)
    return (
        wide.join(eligible, on="family_id", how="anti")
        .join(required_members(rules, facts), on="family_id", how="left")
        .filter(pl.col("has_required").fill_null(NOT_MET) != NOT_MET)
        .with_columns(pl.when(pl.col("has_required") == UNKNOWN).then("required_why").alias("required_why"))
    )


def _nearest_route(rules: Ruleset, wide: pl.DataFrame) -> pl.DataFrame:
    """By family the route that fewest strands are wanting for, how many, and which unmet ones would count.

    Columns: family_id, route, route_label, short, strand (a list), helping (in words), required_why.
    """
    is_noticed = pl.any_horizontal([pl.col(name) == MET for name in rules.near_miss_strands] or [pl.lit(False)])
    labels = rules.strand_labels
    routes = [
        _wanting_of(route, rules, wide.filter(is_noticed | (_short_of(route, rules) <= 1))).with_columns(
            pl.lit(place).alias("place"),
            pl.lit(route.id).alias("route"),
            pl.lit(route.label).alias("route_label"),
        )
        for place, route in enumerate(rules.route)
    ]
    named = pl.col("strand").list.eval(pl.element().replace(labels)).list.join(" or ")
    several = pl.format("any one of {} further strands", pl.col("strand").list.len())
    return (
        pl.concat(routes)
        .sort("family_id", "short", "place")
        .unique("family_id", keep="first", maintain_order=True)
        .with_columns(pl.when(pl.col("strand").list.len() > MOST_NAMED).then(several).otherwise(named).alias("helping"))
        .drop("place")
    )


def _wanting_of(route: Route, rules: Ruleset, wide: pl.DataFrame) -> pl.DataFrame:
    """Of families how many strands a route wants, and which would count: family_id, required_why, short, strand."""
    counted_once = [
        (_short(condition, rules).alias(f"short {n}"), _headlines_wanting(condition, rules).alias(f"headlines {n}"))
        for n, condition in enumerate(route.conditions)
    ]
    return wide.with_columns(each for pair in counted_once for each in pair).select(
        "family_id", "required_why", _short_of(route, rules).alias("short"), _helping(route, rules).alias("strand")
    )


def _short_of(route: Route, rules: Ruleset) -> pl.Expr:
    """How many more strands a route wants; one that two of its conditions name is counted for each."""
    return pl.sum_horizontal(_short(condition, rules) for condition in route.conditions)


def _short(condition: Condition, rules: Ruleset) -> pl.Expr:
    """How many more strands a condition wants."""
    return pl.max_horizontal(_wanting(condition, rules), _headlines_wanting(condition, rules))


def _wanting(condition: Condition, rules: Ruleset) -> pl.Expr:
    return _not_negative(condition.at_least - counted(strands_named(condition, rules), [MET], rules))


def _headlines_wanting(condition: Condition, rules: Ruleset) -> pl.Expr:
    if condition.distinct_headlines <= 1:
        return pl.lit(0, dtype=pl.Int32)
    met = headlines(strands_named(condition, rules), [MET], rules)
    return _not_negative(condition.distinct_headlines - met)


def _not_negative(number: pl.Expr) -> pl.Expr:
    return number.cast(pl.Int32).clip(lower_bound=0)


def _helping(route: Route, rules: Ruleset) -> pl.Expr:
    """The unmet strands each of which, met, would leave one fewer to want."""
    helping = [
        pl.when(_helps(name, condition, rules, n)).then(pl.lit(name))
        for n, condition in enumerate(route.conditions)
        for name in strands_named(condition, rules)
    ]
    return pl.concat_list(helping).list.drop_nulls().list.unique(maintain_order=True)


def _helps(name: str, condition: Condition, rules: Ruleset, number: int) -> pl.Expr:
    helps = (pl.col(name) != MET) & (pl.col(f"short {number}") > 0)
    if condition.distinct_headlines <= 1:
        return helps
    headline = {strand.id: strand.headline for strand in rules.strand}
    alike = [other for other in strands_named(condition, rules) if headline[other] == headline[name]]
    is_new = pl.all_horizontal(pl.col(other) != MET for other in alike)
    return helps & (is_new | (pl.col(f"headlines {number}") < pl.col(f"short {number}")))


def _of_strands(rules: Ruleset) -> pl.DataFrame:
    """What a sentence needs of each strand."""
    return pl.DataFrame(
        [(strand.id, place, strand.label, strand.nobody_asked) for place, strand in enumerate(rules.strand)],
        schema={"strand": pl.String, "strand_place": pl.Int64, "strand_label": pl.String, "nobody_asked": pl.String},
        orient="row",
    )


def _with_gaps(rules: Ruleset, unmet: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """Unmet findings with the gap, the part of the bound that is missing, and both in words."""
    frames = [
        _gaps_of(criterion, place, unmet.filter(pl.col("criterion") == criterion.id), facts)
        for place, criterion in enumerate(rules.criterion)
    ]
    return pl.concat(frames)


def _gaps_of(criterion: Criterion, place: int, findings: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    bound = criterion.bound_on(facts.as_of)
    missing, whole = gap_of(criterion, bound), _whole_of(criterion, bound)
    return findings.with_columns(missing.cast(pl.Int64).alias("missing")).select(
        "family_id",
        "strand",
        "criterion",
        "person_id",
        pl.col("outcome").alias("found"),
        pl.lit(place).alias("criterion_place"),
        (pl.col("missing") * PARTS // pl.max_horizontal(whole, pl.lit(1))).alias("part"),
        pl.when(pl.col("outcome") == NOT_MET).then("missing").alias("gap"),
        _in_words(criterion, bound).alias("said"),
    )


def gap_of(asked: Asked, bound: Bound) -> pl.Expr:
    """How much more of the measure, or less, would just reach the bound; of a share, of the same sessions.

    Blank where the finding alone does not tell: no possible sessions, nothing before, or each term weighed by itself.
    """
    reaching, value = _reaching(asked, bound), pl.col("value")
    return reaching - value if _grows(asked, bound) else value - reaching


def _grows(asked: Asked, bound: Bound) -> bool:
    return asked.measure != "reduction" and bound.comparison[0] in GROWING


def _reaching(asked: Asked, bound: Bound) -> pl.Expr:
    """The value of the measure that just reaches the bound."""
    if asked.measure == "reduction":
        return _reduced(asked, bound)
    operator, number = bound.comparison
    if asked.measure == "share":
        return _of_sessions(asked, operator, number)
    return pl.lit(number + {"more_than": 1, "below": -1}.get(operator, 0), dtype=pl.Int64)


def _of_sessions(asked: Asked, operator: str, percent: int) -> pl.Expr:
    if asked.averaging != "pooled":
        return pl.lit(None, dtype=pl.Int64)
    above = operator in ("more_than", "at_most")
    least = _least_rounded(percent + above) if asked.rounding == "whole_percent" else _least(percent, above=above)
    return pl.when(pl.col("out_of") > 0).then(least if operator in GROWING else least - 1)


def _least(percent: int, *, above: bool) -> pl.Expr:
    """The fewest sessions that are this share, or above it."""
    share = pl.col("out_of") * percent
    return share // WHOLE + 1 if above else (share + WHOLE - 1) // WHOLE


def _least_rounded(percent: int) -> pl.Expr:
    """The fewest sessions whose share, rounded to a whole per cent with halves up, is this."""
    return (pl.col("out_of") * (2 * percent - 1) + 2 * WHOLE - 1) // (2 * WHOLE)


def _reduced(asked: Asked, bound: Bound) -> pl.Expr:
    part, whole = bound.reduction
    now, then = asked.baseline.months if asked.baseline else 1, asked.window.months or 1
    return pl.when(pl.col("out_of") > 0).then(pl.col("out_of") * then * (whole - part) // (whole * now))


def _whole_of(asked: Asked, bound: Bound) -> pl.Expr:
    """What the gap is a part of when criteria of one family are compared."""
    return _reaching(asked, bound) if _grows(asked, bound) else pl.col("value")


def _in_words(asked: Asked, bound: Bound) -> pl.Expr:
    unknown = pl.format("not known{}: {} would settle it", _so_far(asked, bound), pl.lit(asked.settled_by))
    return pl.when(pl.col("outcome") == UNKNOWN).then(unknown).otherwise(_gap_in_words(asked, bound))


def _so_far(asked: Asked, bound: Bound) -> pl.Expr:
    needed = pl.lit(bound.words)
    match asked.measure:
        case "share":
            told = pl.format(" ({} of {} {} so far, {} needed)", "value", "out_of", pl.lit(asked.what), needed)
            return pl.when(pl.col("out_of") > 0).then(told).otherwise(pl.lit(""))
        case "count" | "total" | "duration":
            told = pl.format(" ({} {} so far, {} needed)", "value", _things(asked, pl.col("value")), needed)
            return pl.when(pl.col("value") > 0).then(told).otherwise(pl.lit(""))
        case _:
            return pl.lit("")


def _gap_in_words(asked: Asked, bound: Bound) -> pl.Expr:
    if asked.measure == "status":
        return pl.lit(f"nobody asked {asked.what}")
    which, needed, who = "more" if _grows(asked, bound) else "fewer", pl.lit(bound.words), pl.lit(WHO[asked.asked_of])
    things = _things(asked, pl.col("missing"))
    match asked.measure:
        case "share" if asked.averaging != "pooled":
            whole = pl.format("{} of {} {} in all{}, each term weighed by itself", "value", "out_of", things, who)
            return pl.when(pl.col("out_of") > 0).then(whole).otherwise(pl.lit("no possible sessions"))
        case "share":
            whole = pl.format(
                f"{{}} {which} {{}} of {{}}{{}} ({{}} so far, {{}} needed)",
                *("missing", things, "out_of", who, "value", needed),
            )
            return pl.when(pl.col("out_of") > 0).then(whole).otherwise(pl.lit("no possible sessions"))
        case "reduction":
            whole = pl.format(
                f"{{}} {which} {{}}{{}} ({{}} now, {{}} before, {{}} needed)",
                *("missing", things, who, "value", "out_of", needed),
            )
            return pl.when(pl.col("out_of") > 0).then(whole).otherwise(pl.lit(f"no {asked.what} before"))
        case _:
            return pl.format(
                f"{{}} {which} {{}}{{}} ({{}} so far, {{}} needed)", "missing", things, who, "value", needed
            )


def _things(asked: Asked, number: pl.Expr) -> pl.Expr:
    """What is counted, in the singular for one."""
    return pl.when(number == 1).then(pl.lit(counted_thing(asked.what, 1))).otherwise(pl.lit(asked.what))


def _sentence() -> pl.Expr:
    """The whole in one sentence, without a name."""
    many = pl.format("{} strands short of {}", "short", "route_label")
    lead = (
        pl.when(pl.col("short") == 1)
        .then(pl.format("One strand short of {}; {} would make it eligible", "route_label", "helping"))
        .otherwise(many)
    )
    nobody = (
        pl.when(pl.col("outcome") == UNKNOWN)
        .then(pl.format("not known: {}", "nobody_asked"))
        .otherwise(pl.lit("nobody in the family is asked this"))
    )
    nearest = pl.format("; nearest is {}: {}", "strand_label", pl.coalesce("said", nobody))
    required = pl.when(pl.col("required_why").is_null()).then(pl.lit("")).otherwise(pl.format("; {}", "required_why"))
    return (
        pl.when(pl.col("short") == 0)
        .then(pl.format("Every strand of {} is met{}.", "route_label", required))
        .otherwise(pl.format("{}{}{}.", lead, nearest, required))
        .alias("sentence")
    )
