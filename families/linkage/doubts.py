"""Pairs of people of whom it is in doubt whether they are one: what linkage leaves for a person to decide.

Only pairs of which one side is a child, or an adult known around a child. Twins and swapped dates of birth are asked
about even where the model is sure that they are two.
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from families.linkage.decisions import DIFFERENT, SAME
from families.linkage.settle import PERMANENT_UPN, Linked
from families.linkage.splink_model import MATCH_WEIGHT, PARTS, comparison_levels
from families.linkage.tiers import around_children
from families.linkage.twins import like_twins

KINDS = ("twins", "refused", "swapped_birth", "alike")  # a pair of several kinds is told as the first
CROWD = 30  # people of one name, beyond which a swapped date is chance
PAIR = ["a", "b", "ca", "cb", "kind", "weight", *PARTS]
COMPARED = {"forename bits": "forename", "surname bits": "surname", "dob bits": "dob", "sex bits": "sex"}


def doubtful_pairs(
    records: pl.DataFrame,
    linked: Linked,
    weighed: pl.DataFrame,
    *,
    crowded: pl.Series,
    decided: pl.DataFrame,
    parameters: Path | None = None,
) -> pl.DataFrame:
    """The best pair of records of each two people in doubt: `a`, `b`, kind, weight and what it is made of."""
    held = records.select("r", "forename", "surname", "dob", "upn").join(linked.clusters, on="r")
    found = pl.concat([_twins(records, linked, crowded), _of_swapped_births(held), _weighed(weighed, linked)])
    found = found.filter(pl.col("ca") != pl.col("cb")).with_columns(
        low=pl.min_horizontal("ca", "cb"),
        high=pl.max_horizontal("ca", "cb"),
        place=pl.col("kind").replace_strict({kind: place for place, kind in enumerate(KINDS)}, return_dtype=pl.Int32),
    )
    best = (
        found.sort("low", "high", "weight", "a", "b", descending=[False, False, True, False, False], nulls_last=True)
        .with_columns(pl.col("place").min().over("low", "high"))
        .unique(["low", "high"], keep="first", maintain_order=True)
        .with_columns(kind=pl.col("place").replace_strict(dict(enumerate(KINDS)), return_dtype=pl.String))
    )
    near = _near_children(records, linked, crowded)
    asked = best.filter(pl.col("low").is_in(near.implode()) | pl.col("high").is_in(near.implode()))
    asked = asked.join(_ruled_out(held, decided), on=["low", "high"], how="anti").sort("a", "b")
    return asked.select("a", "b", "kind", "weight", waterfall=_waterfalls(asked, comparison_levels(parameters)))


def _near_children(records: pl.DataFrame, linked: Linked, crowded: pl.Series) -> pl.Series:
    """The children, and those known as their contacts or at their addresses."""
    around = around_children(records, linked, crowded).join(linked.clusters, on="r")["c"]
    children = records.filter("is_child").join(linked.clusters, on="r")["c"]
    return pl.concat([around, children]).unique()


def _ruled_out(held: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """Pairs of people of whom somebody has decided."""
    of = held.select("r", "c")
    both = decided.filter(pl.col("answer").is_in([SAME, DIFFERENT])).join(of.rename({"r": "a", "c": "ca"}), on="a")
    both = both.join(of.rename({"r": "b", "c": "cb"}), on="b")
    return both.select(low=pl.min_horizontal("ca", "cb"), high=pl.max_horizontal("ca", "cb")).unique()


def _weighed(weighed: pl.DataFrame, linked: Linked) -> pl.DataFrame:
    """Pairs as likely one as not that are still two: too little was known, or something speaks against it."""
    of = linked.clusters
    pairs = weighed.join(of.select(a="r", ca="c"), on="a").join(of.select(b="r", cb="c"), on="b")
    refused = pl.col("weight") >= MATCH_WEIGHT
    return pairs.with_columns(kind=pl.when(refused).then(pl.lit("refused")).otherwise(pl.lit("alike"))).select(PAIR)


def _said(held: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Each forename of each person under the keys, with the first record that says so and a permanent UPN."""
    upn = pl.col("upn").filter(pl.col("upn").str.contains(PERMANENT_UPN)).min().over("c")
    known = held.with_columns(permanent=upn).drop_nulls(["forename", *keys])
    return known.group_by("c", "forename", *keys, "permanent").agg(pl.col("r").min()).sort("c", "r")


def _twins(records: pl.DataFrame, linked: Linked, crowded: pl.Series) -> pl.DataFrame:
    """Two who may be twins or one child twice; two who each have a UPN only where their forenames are one name."""
    pairs = like_twins(records, linked, crowded)
    return _unweighed(pairs.filter(~pl.col("two_upns") | pl.col("is_one_name")), "twins")


def _of_swapped_births(held: pl.DataFrame) -> pl.DataFrame:
    """Two of one name of whom one's day of birth is the other's month, and the other way round."""
    said = _said(held, "surname", "dob").filter(pl.len().over("forename", "surname") <= CROWD)
    day, month = pl.col("dob").dt.day().cast(pl.Int32), pl.col("dob").dt.month().cast(pl.Int32)
    could = said.filter((day <= 12) & (day != month))
    swapped = could.with_columns(dob=pl.date(pl.col("dob").dt.year(), day, month))
    pairs = swapped.join(said, on=["forename", "surname", "dob"], suffix="_b").filter(pl.col("c") != pl.col("c_b"))
    two_upns = (pl.col("permanent") != pl.col("permanent_b")).fill_null(False)
    return _unweighed(pairs.filter(~two_upns), "swapped_birth")


def _unweighed(pairs: pl.DataFrame, kind: str) -> pl.DataFrame:
    swap = pl.col("r") > pl.col("r_b")
    ends = {"a": ("r", "r_b"), "b": ("r_b", "r"), "ca": ("c", "c_b"), "cb": ("c_b", "c")}
    return pairs.select(
        **{name: pl.when(swap).then(other).otherwise(one) for name, (one, other) in ends.items()},
        kind=pl.lit(kind),
        weight=pl.lit(None, pl.Float64),
        **{name: pl.lit(None, pl.Float64) for name in PARTS},
    ).select(PAIR)


def _waterfalls(pairs: pl.DataFrame, levels: dict[str, list[tuple[str, float]]]) -> pl.Series:
    """What each weight is made of, from the odds of any two records on: [what, bits], as JSON."""
    told = [
        None if row["weight"] is None else json.dumps([_prior(levels), *_steps(row, levels)])
        for row in pairs.select("weight", *PARTS).iter_rows(named=True)
    ]
    return pl.Series("waterfall", told, dtype=pl.String)


def _prior(levels: dict[str, list[tuple[str, float]]]) -> tuple[str, float]:
    what, bits = levels["prior"][0]
    return what, round(bits, 2)


def _steps(row: dict[str, float], levels: dict[str, list[tuple[str, float]]]) -> list[tuple[str, float]]:
    return [
        (
            _finding(levels[COMPARED[part]], row[part]) if part in COMPARED else part.removesuffix(" bits"),
            round(row[part], 2),
        )
        for part in PARTS
        if part in COMPARED or abs(row[part]) > 0.005
    ]


def _finding(levels: list[tuple[str, float]], bits: float) -> str:
    """What a comparison found, told from the bits that it added; the model counts a child as a home of its carers."""
    found = min(levels, key=lambda level: abs(level[1] - bits))[0]
    return found.replace("same home", "at one home or around one child")
