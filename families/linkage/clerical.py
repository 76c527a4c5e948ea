"""Pairs of records drawn to measure linkage by, and the estimate that people's answers to them give.

Drawn by kind (stratum) and by a hash of the record keys: linked pairs by their weakest reason, and pairs that are near
and not linked, so that what is missed is measured and not only what is doubtful. The same records give the same draw.

Intervals: Wilson, E. B. (1927), Journal of the American Statistical Association 22, 209-212, for each stratum; put
together over strata by the method of variance estimates recovery (Zou and Donner 2008, Statistics in Medicine 27,
1693-1702), with the strata's shares as weights.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import ndtri

from families.linkage import names
from families.linkage.duck import digests
from families.linkage.prepare import KEYS
from families.linkage.reasons import STRENGTH, LinkReason
from families.tables.run import SamplePairs
from families.tables.source_names import source_label

LEAST, LEAST_NEAR, MOST = 12, 30, 120  # pairs drawn of each stratum; more where few of many are of one person
DRAWN = 800  # about; strata have their share by size between these bounds
CROWD = 40  # records that agree in a key, beyond which pairs under it are too common to be near
LEVEL = 0.95
MIXER = np.uint64(0x9E3779B97F4A7C15)
ENDS = ("a", "b")
SAMPLED = [  # of the persons table, all that is shown or compared here
    *KEYS,
    *("forename", "middle_names", "surname", "date_of_birth", "age", "sex", "address", "postcode", "role", "stated_on"),
]

NEAR = {
    "same surname and date of birth, not linked": ["surname", "dob"],
    "same forename and date of birth, not linked": ["forename", "dob"],
    "same name at one address, not linked": ["forename", "surname", "address_id"],
    "same name in one postcode, not linked": ["forename", "surname", "postcode"],
    "same name elsewhere, not linked": ["forename", "surname"],
    "same forename at one address, not linked": ["forename", "address_id"],
}


def sample_pairs(
    persons: pl.DataFrame, address_of_record: pl.DataFrame, person_of_record: pl.DataFrame
) -> pl.DataFrame:  # fmt: skip
    """The SamplePairs of a run."""
    records = _records(persons, address_of_record, person_of_record)
    mix = records["mix"]
    drawn = _drawn(pl.concat([_first_of_each(pairs, mix) for pairs in (_linked(records), *_near(records))]))
    keyed = records.select("r", *KEYS)
    for end in ENDS:
        of_end = {name: f"{name}_{end}" for name in KEYS}
        drawn = drawn.join(keyed.rename(of_end), left_on=end, right_on="r")
    whole = drawn.sort("order", *(f"{name}_{end}" for end in ENDS for name in KEYS)).with_row_index("place")
    return SamplePairs.validate(_side_by_side(whole, persons).select(list(SamplePairs.columns())), cast=True)


def _side_by_side(drawn: pl.DataFrame, persons: pl.DataFrame) -> pl.DataFrame:
    """Adds `pair_id`, a hash of the two keys, and `sides`: what each record says, field by field."""
    born = pl.coalesce(pl.col("date_of_birth").dt.strftime("%d/%m/%Y"), pl.format("aged {}", "age"))
    said = {
        "Name": pl.concat_str("forename", "middle_names", "surname", separator=" ", ignore_nulls=True),
        "Born": born,
        "Sex": pl.col("sex"),
        "Address": pl.col("address"),
        "Postcode": pl.col("postcode"),
        "Role": pl.col("role"),
        "Source": pl.col("source").replace({name: source_label(name) for name in persons["source"].unique()}),
        "Stated on": pl.col("stated_on").dt.strftime("%d/%m/%Y"),
    }
    told = persons.select(*KEYS, pl.struct(**said).alias("said"))  # type: ignore[call-overload]
    for end in ENDS:
        drawn = drawn.join(told.rename({name: f"{name}_{end}" for name in (*KEYS, "said")}),
                           on=[f"{name}_{end}" for name in KEYS], how="left", maintain_order="left")  # fmt: skip
    sides = [
        json.dumps([[field, one[field], other[field]] for field in said], ensure_ascii=False)
        for one, other in drawn.select("said_a", "said_b").iter_rows()
    ]
    keys = drawn.select(key=pl.format("|".join(["{}"] * 8), *(f"{name}_{end}" for end in ENDS for name in KEYS)))["key"]
    return drawn.with_columns(
        pair_id=pl.Series(digests(keys, "S"), dtype=pl.String), sides=pl.Series(sides, dtype=pl.String)
    )


def _records(
    persons: pl.DataFrame, address_of_record: pl.DataFrame, person_of_record: pl.DataFrame
) -> pl.DataFrame:  # fmt: skip
    """Records that name someone, with their person, reason and a number made from their key."""
    held = (
        persons.filter(pl.any_horizontal(pl.col("forename", "surname").is_not_null()))
        .select(*KEYS, "postcode", "forename", "surname", dob="date_of_birth")
        .join(person_of_record.select(*KEYS, "person_id", "reason"), on=KEYS)
        .join(address_of_record.select(*KEYS, "address_id"), on=KEYS, how="left")
        .sort(KEYS)
        .with_row_index("r")
    )
    for name, normal in (("forename", _first_forename), ("surname", names.normal_surname)):
        ways = held.select(name).unique().with_columns(normal=normal(pl.col(name)))
        held = held.join(ways, on=name, how="left", nulls_equal=True, maintain_order="left")
        held = held.drop(name).rename({"normal": name})
    keys = held.select(pl.format("{}|{}|{}|{}", *KEYS)).to_series()
    return held.with_columns(
        person=pl.col("person_id").rank("dense").cast(pl.Int64),
        strength=pl.col("reason").replace_strict(STRENGTH, return_dtype=pl.Float64),
        mix=pl.Series([_number(key) for key in keys], dtype=pl.UInt64),
    )


def _first_forename(text: pl.Expr) -> pl.Expr:
    return names.first_forename(names.normal_forenames(text))


def _number(key: str) -> int:
    """64 bits that depend on the key alone."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")


def _first_of_each(pairs: pl.DataFrame, mix: pl.Series) -> pl.DataFrame:
    """Of each stratum, `stratum_pairs` of them, the pairs that a draw can reach: the first by their number (`order`).

    `mix` has a number for each record `r`, which is its place.
    """
    numbered = pairs.with_columns(order=_mixed(mix.gather(pairs["a"]), mix.gather(pairs["b"])))
    order = pl.col("order")
    sized = numbered.group_by("stratum").agg(last=order.bottom_k(MOST).max(), stratum_pairs=pl.len().cast(pl.Int64))
    first = [
        numbered.filter((pl.col("stratum") == stratum) & (order <= last))
        for stratum, last in sized.select("stratum", "last").iter_rows()
    ]
    return pl.concat([numbered.clear(), *first]).join(sized.drop("last"), on="stratum")


def _mixed(mix_a: pl.Series, mix_b: pl.Series) -> pl.Series:
    """A number for each pair, the same whichever record comes first, in no order that data could follow."""
    with np.errstate(over="ignore"):
        one, other = mix_a.to_numpy(), mix_b.to_numpy()
        mixed = (one ^ other) + one * other * MIXER
        mixed = (mixed ^ (mixed >> np.uint64(31))) * MIXER
    return pl.Series(mixed ^ (mixed >> np.uint64(29)), dtype=pl.UInt64)


def _linked(records: pl.DataFrame) -> pl.DataFrame:
    """All pairs of records of one person, by the weaker of their two reasons."""
    held = records.select("r", "person", "strength").filter(pl.len().over("person") > 1)
    pairs = held.join(held, on="person", suffix="_b").filter(pl.col("r") < pl.col("r_b"))
    words = {STRENGTH[reason.value]: reason.value for reason in LinkReason}
    weaker = pl.min_horizontal("strength", "strength_b").replace_strict(words, return_dtype=pl.String)
    return pairs.select(a="r", b="r_b", stratum=weaker, is_linked=pl.lit(True))


def _near(records: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Pairs of records of two people that agree in what often tells one, each under the first kind it is of."""
    seen = pl.DataFrame(schema={"a": pl.UInt32, "b": pl.UInt32})
    for stratum, keys in NEAR.items():
        held = records.select("r", "person", *keys).drop_nulls(keys).filter(pl.len().over(keys) <= CROWD)
        pairs = held.join(held, on=keys, suffix="_b").filter(
            (pl.col("r") < pl.col("r_b")) & (pl.col("person") != pl.col("person_b"))
        )
        new = pairs.select(a="r", b="r_b").join(seen, on=["a", "b"], how="anti")
        seen = pl.concat([seen, new])
        yield new.with_columns(stratum=pl.lit(stratum), is_linked=pl.lit(False))


def _drawn(pairs: pl.DataFrame) -> pl.DataFrame:
    """Of each stratum its share of the draw by size, within bounds, first by the number of each pair."""
    of_all = pairs.select("stratum", "stratum_pairs").unique()["stratum_pairs"].sum()
    least = pl.when("is_linked").then(LEAST).otherwise(LEAST_NEAR)
    share = pl.max_horizontal(pl.col("stratum_pairs") * DRAWN // max(of_all, 1), least).clip(upper_bound=MOST)
    ordered = pairs.sort("stratum", "order", "a", "b")
    return ordered.filter(pl.int_range(pl.len()).over("stratum") < share)


# -- what answers say ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Estimate:
    """A share with its interval; `answered` pairs of `pairs`."""

    share: float
    low: float
    high: float
    answered: int
    pairs: int


@dataclass(frozen=True)
class Measured:
    """What the answers say: linked pairs that are right, pairs of one person that are linked, and each stratum."""

    precision: Estimate | None
    recall: Estimate | None
    strata: dict[str, Estimate]
    unanswered: tuple[str, ...]  # strata without an answer, which the estimates leave out


def counted(answers: pl.DataFrame) -> pl.DataFrame:
    """Answers by stratum, from a row a pair: stratum, is_linked, stratum_pairs, `is_same` (blank: not answered)."""
    return (
        answers.group_by("stratum", "is_linked", pairs="stratum_pairs")
        .agg(answered=pl.col("is_same").count(), same=pl.col("is_same").sum())
        .sort("stratum", "is_linked")
    )


def measured(strata: pl.DataFrame) -> Measured:
    """Precision and recall from answers by stratum, as `counted` gives them.

    Precision is the share of linked pairs whose records are of one person. Recall counts as missed only pairs that are
    near; its bounds put the lower of what was found beside the upper of what was missed, and so are on the safe side.
    """
    told = strata.filter(pl.col("answered") > 0).sort("stratum", "is_linked")
    found = [
        (stratum, is_linked, estimate(same, answered, pairs=pairs))
        for stratum, is_linked, pairs, answered, same in told.select(
            "stratum", "is_linked", "pairs", "answered", "same"
        ).iter_rows()
    ]
    linked = [each for _, is_linked, each in found if is_linked]
    near = [each for _, is_linked, each in found if not is_linked]
    precision = weighted(linked) if linked else None
    recall = _recall(precision, weighted(near)) if precision and near else None
    unanswered = strata.filter(pl.col("answered") == 0)["stratum"].sort().to_list()
    return Measured(precision, recall, {stratum: each for stratum, _, each in found}, tuple(unanswered))


def estimate(same: int, answered: int, *, pairs: int) -> Estimate:
    """The share of pairs of one person, with Wilson's interval; where every pair is answered there is none to guess."""
    share = same / answered
    if answered >= pairs:
        return Estimate(share, share, share, answered, pairs)
    return Estimate(share, *_wilson(share, answered), answered, pairs)


def _wilson(share: float, answered: int) -> tuple[float, float]:
    """The bounds of a share (Wilson, 1927). `scipy.stats` has it too, and takes seconds to import at each refresh."""
    z = float(ndtri((1 + LEVEL) / 2))
    middle, scale = share + z * z / (2 * answered), 1 + z * z / answered
    half = z * math.sqrt(share * (1 - share) / answered + z * z / (4 * answered * answered))
    return max((middle - half) / scale, 0.0), min((middle + half) / scale, 1.0)


def weighted(strata: list[Estimate]) -> Estimate:
    """The share over strata by their sizes, its bounds recovered from theirs (MOVER)."""
    pairs = sum(each.pairs for each in strata)
    parts = [(each.pairs / pairs, each) for each in strata]
    share = min(math.fsum(each.pairs * each.share for each in strata) / pairs, 1.0)
    below = math.sqrt(sum((weight * (each.share - each.low)) ** 2 for weight, each in parts))
    above = math.sqrt(sum((weight * (each.high - each.share)) ** 2 for weight, each in parts))
    answered = sum(each.answered for each in strata)
    return Estimate(share, max(share - below, 0.0), min(share + above, 1.0), answered, pairs)


def _recall(linked: Estimate, near: Estimate) -> Estimate | None:
    def of(found: float, missed: float) -> float:
        return found * linked.pairs / (found * linked.pairs + missed * near.pairs)

    if not linked.share:
        return None
    return Estimate(
        of(linked.share, near.share),
        of(linked.low, near.high),
        of(linked.high, near.low),
        linked.answered + near.answered,
        linked.pairs + near.pairs,
    )
