"""What people decided of two records: of one person, or of two. It comes before any evidence, and holds against it.

A decision names its records by their keys, which stay; one about a record that is not here sleeps until it is.
"""

from __future__ import annotations

import polars as pl

from families.linkage.prepare import KEYS
from families.linkage.reasons import STRENGTH, LinkReason
from families.linkage.settle import EDGES, Linked, marked_apart, settle

SAME, DIFFERENT = "same", "different"
ENDS = ("a", "b")
KEY_TYPES = dict(zip(KEYS, (pl.String, pl.String, pl.Int64, pl.String), strict=True))
DECISIONS = pl.Schema(
    {f"{name}_{end}": kind for end in ENDS for name, kind in KEY_TYPES.items()}
    | {"answer": pl.String, "decision": pl.Int64}
)
NO_DECISIONS = pl.DataFrame(schema=DECISIONS)
APART = pl.List(pl.Struct({"key": pl.UInt64, "identity": pl.UInt64}))


def of_records(records: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Decisions about records that are here: the two records (`a`, `b`), the answer, the number of the decision."""
    held = decisions.filter(pl.col("answer").is_in([SAME, DIFFERENT]))
    for end in ENDS:
        keys = [f"{name}_{end}" for name in KEYS]
        held = held.join(records.select(*KEYS, pl.col("r").alias(end)), left_on=keys, right_on=KEYS)
    return held.select("a", "b", "answer", "decision").sort("decision", "a", "b")


def kept_apart(records: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """The records, those decided to be of two people marked so that no evidence can join them."""
    different = decided.filter(pl.col("answer") == DIFFERENT)
    if different.is_empty():
        return records
    pair = pl.format("decided|{}|{}", pl.min_horizontal("a", "b"), pl.max_horizontal("a", "b")).hash()
    marks = pl.concat(
        [
            different.select(r=end, mark=pl.struct(key=pair, identity=pl.lit(place, pl.UInt64)))
            for place, end in enumerate(ENDS)
        ]
    )
    of_record = marks.group_by("r").agg(pl.col("mark").unique()).sort("r")
    return marked_apart(records, of_record)


def taken_first(records: pl.DataFrame, decided: pl.DataFrame) -> Linked:
    """Every record its own person, but those decided to be of one; where decisions clash, the newer stands."""
    same = decided.filter(pl.col("answer") == SAME)
    apart = Linked.apart(records)
    if same.is_empty():
        return apart
    edges = same.select(
        "a",
        "b",
        reason=pl.lit(LinkReason.DECIDED.value),
        weight=pl.lit(None, pl.Float64),
        strength=STRENGTH[LinkReason.DECIDED.value] + pl.col("decision").cast(pl.Float64),
    ).cast(EDGES)
    joined = settle(apart, _nothing_but_decisions(records, decided), edges)
    return joined


def _nothing_but_decisions(records: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """The records decided upon, without anything else that speaks for two people."""
    ends = pl.concat([decided["a"], decided["b"]]).unique()
    blank = records.filter(pl.col("r").is_in(ends.implode())).with_columns(
        *(pl.lit(None, records.schema[name]).alias(name) for name in ("upn", "dob", "born_low", "born_high", "sex")),
        pl.lit([], APART).alias("exclusive"),
        is_child=pl.lit(False),
        is_adult=pl.lit(False),
    )
    return kept_apart(blank, decided)
