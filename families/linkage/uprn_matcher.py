"""Free-text addresses to properties by likeness, through uk_address_matcher; the only file that knows that package."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import polars as pl

from families.linkage.duck import duck

MATCH_WEIGHT = 5.0  # log2; below it the best candidate is not taken
DISTINGUISHABILITY = 5.0  # log2 by which the best must lead the second best

_FOUND = {"text_id": pl.UInt32, "property_id": pl.Int64, "weight": pl.Float64}


def most_alike(texts: pl.DataFrame, properties: pl.DataFrame, *, work: Path) -> pl.DataFrame:
    """For texts (`text_id`, `address`, `postcode`) the property that is clearly the most alike, where one is.

    `properties` has `property_id`, `address` and `postcode`. Whether numbers and units agree is for the caller.
    """
    if texts.is_empty() or properties.is_empty():
        return pl.DataFrame(schema=_FOUND)
    from uk_address_matcher import AddressMatcher, ExactMatchStage, SplinkStage

    logging.getLogger("uk_address_matcher").setLevel(logging.ERROR)
    stage = SplinkStage(
        final_match_weight_threshold=MATCH_WEIGHT,
        final_distinguishability_threshold=DISTINGUISHABILITY,
        include_full_postcode_block=True,
    )
    with duck(work, "addresses", threads=1) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        connection.register("canonical", _relation(properties, "property_id"))
        connection.register("messy", _relation(texts, "text_id"))
        matcher = AddressMatcher(
            canonical_addresses=connection.table("canonical"),
            addresses_to_match=connection.table("messy"),
            con=connection,
            stages=[ExactMatchStage(), stage],
            cleaning_num_chunks=1,
            show_progress="off",
        )
        found = pl.DataFrame(matcher.match().matches().to_arrow_table())
    # Where the exact stage settles every address, the package gives no weights at all.
    weight = pl.col("match_weight") if "match_weight" in found.columns else pl.lit(None)
    return (
        found.filter(pl.col("resolved_canonical_id").is_not_null())
        .select(
            text_id=pl.col("unique_id").cast(pl.UInt32),
            property_id=pl.col("resolved_canonical_id").cast(pl.Int64),
            weight=weight.cast(pl.Float64).round(2),
        )
        .unique()
        .sort("text_id", "property_id")
        .unique(subset="text_id", keep="none")
    )


def _relation(frame: pl.DataFrame, key: str) -> object:
    return (
        frame.sort(key)
        .select(
            unique_id=pl.col(key).cast(pl.String),
            address_concat=pl.col("address").fill_null(""),
            postcode=pl.col("postcode").fill_null(""),
        )
        .to_arrow()
    )
