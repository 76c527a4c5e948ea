"""Free-text addresses to properties by likeness, through uk_address_matcher; the only file that knows that package."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import warnings
from importlib.metadata import version
from pathlib import Path

import duckdb
import polars as pl

from families.linkage.duck import duck

MATCH_WEIGHT = 5.0  # log2; below it the best candidate is not taken
HASHED_AT_ONCE = 100_000
DISTINGUISHABILITY = 5.0  # log2 by which the best must lead the second best

_FOUND = {"text_id": pl.UInt32, "property_id": pl.Int64, "weight": pl.Float64}


def most_alike(
    texts: pl.DataFrame, properties: pl.DataFrame, *, work: Path, prepared: Path | None = None
) -> pl.DataFrame:
    """For texts (`text_id`, `address`, `postcode`) the property that is clearly the most alike, where one is.

    `properties` has `property_id`, `address` and `postcode`. Whether numbers and units agree is for the caller.
    `prepared` is a folder in which the gazetteer's index is kept under a hash of the gazetteer.
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
        index = _prepared_index(properties, prepared, connection=connection) if prepared else None
        connection.register("messy", _relation(texts, "text_id"))
        matcher = AddressMatcher(
            canonical_addresses=index or connection.table("canonical"),
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


def _prepared_index(properties: pl.DataFrame, folder: Path, *, connection: duckdb.DuckDBPyConnection) -> Path:
    """The folder of the gazetteer's index: made once for each gazetteer, written aside and renamed when whole."""
    from uk_address_matcher import prepare_canonical_folder

    index = folder / _hash_of(properties)
    if index.is_dir():
        return index
    making = folder / f".making-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    making.mkdir(parents=True)
    prepare_canonical_folder(
        connection.table("canonical"), making, con=connection, num_of_chunks=1, overwrite=True, show_progress="off"
    )
    making.rename(index)
    return index


def _hash_of(properties: pl.DataFrame) -> str:
    """A hash of the addresses in their order, and of the package that makes the index."""
    written = properties.select("property_id", "address", "postcode").sort("property_id")
    digest = hashlib.sha256(version("uk-address-matcher").encode())
    for part in written.iter_slices(HASHED_AT_ONCE):
        digest.update(part.write_csv().encode())
    return digest.hexdigest()[:16]


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
