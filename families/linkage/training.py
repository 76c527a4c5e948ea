"""The linkage model's parameters from an authority's own records, without labels: expectation maximisation by Splink.

Agreement among records of two people is counted over random pairs; agreement among records of one person is estimated
over pairs that share a date of birth, then over pairs that share a whole name, among what identifiers have not joined:
those the model is asked about. Pairs are bounded: blocks are narrow and over a sample of records. Levels that keep
brothers, sisters and twins apart stay as they ship; the others go half the way from there, as nobody checked a label.
"""

from __future__ import annotations

import json
import logging
import math
import warnings
from pathlib import Path
from typing import Any

import polars as pl

from families.linkage.duck import duck
from families.linkage.identifiers import identifier_links, without_mistaken_upns
from families.linkage.prepare import prepare
from families.linkage.settle import Linked, settle
from families.linkage.splink_model import PEOPLE, POSSIBLE, statements_of
from families.reference import REFERENCE

SAMPLE = 150_000  # statements
RANDOM_PAIRS = 2_000_000
SEED = 1
LEAST_PEOPLE = 500  # below which shares say little
KEPT = ("forename differs", "surname missing")  # how labels of levels begin that are never trained
BOUNDS = (1e-9, 0.9999)
BLOCKS = (
    "l.dob = r.dob and substr(l.postcode, 1, 4) = substr(r.postcode, 1, 4)",
    "l.forename = r.forename and l.surname = r.surname",
)


def train(persons: pl.DataFrame, address_of_record: pl.DataFrame, *, work: Path) -> dict[str, Any]:
    """The shipped parameters with shares of agreement as these records have them, in Splink's format."""
    records = prepare(persons, address_of_record)
    named = records.filter(pl.col("forename").is_not_null() | pl.col("surname").is_not_null())
    named = without_mistaken_upns(named)
    linked = settle(Linked.apart(named), named, identifier_links(named))
    statements = statements_of(named, linked, pl.Series([], dtype=pl.String))
    shipped: dict[str, Any] = json.loads((REFERENCE / PEOPLE.parameters).read_text("utf-8"))
    if statements["c"].n_unique() < LEAST_PEOPLE:
        return shipped
    return _with_shares(shipped, _estimated(shipped, _sampled(statements), work=work))


def _sampled(statements: pl.DataFrame) -> pl.DataFrame:
    """Whole blocks of people, not single records: those of some dates of birth, by a hash that stays."""
    if statements.height <= SAMPLE:
        return statements
    share = SAMPLE / statements.height
    key = pl.coalesce("dob", "postcode", pl.lit("")).hash(seed=SEED) % 1_000_000
    return statements.filter(key < int(share * 1_000_000))


def _estimated(shipped: dict[str, Any], statements: pl.DataFrame, *, work: Path) -> dict[str, Any]:
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    with duck(work, "training", threads=1) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        connection.register("statements_in", statements.to_arrow())
        connection.execute("create table statements as select * from statements_in order by r")
        settings = {
            **_with_kept_levels(shipped),
            "sql_dialect": "duckdb",
            "blocking_rules_to_generate_predictions": [BLOCKS[1]],
            "em_convergence": 0.001,
            "max_iterations": 15,
        }
        linker = Linker("statements", settings, DuckDBAPI(connection), set_up_basic_logging=False)
        training: Any = linker.training
        training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=SEED)
        for block in BLOCKS:
            training.estimate_parameters_using_expectation_maximisation(block + POSSIBLE, fix_u_probabilities=True)
        saved: dict[str, Any] = linker.misc.save_model_to_json(None)
        return saved


def _with_kept_levels(shipped: dict[str, Any]) -> dict[str, Any]:
    """The parameters with the levels that are never trained held fast."""
    comparisons = [
        {
            **comparison,
            "comparison_levels": [
                level | ({"fix_m_probability": True, "fix_u_probability": True} if _is_kept(level) else {})
                for level in comparison["comparison_levels"]
            ],
        }
        for comparison in shipped["comparisons"]
    ]
    return {**shipped, "comparisons": comparisons}


def _is_kept(level: dict[str, Any]) -> bool:
    return str(level["label_for_charts"]).startswith(KEPT)


def _with_shares(shipped: dict[str, Any], trained: dict[str, Any]) -> dict[str, Any]:
    """The shipped parameters with the trained shares, where training saw any; never without a doubt left."""
    found = {
        (comparison["output_column_name"], level["label_for_charts"]): level
        for comparison in trained["comparisons"]
        for level in comparison["comparison_levels"]
    }
    low, high = BOUNDS
    for comparison in shipped["comparisons"]:
        for level in comparison["comparison_levels"]:
            told = found.get((comparison["output_column_name"], level["label_for_charts"]), {})
            for share in ("m_probability", "u_probability"):
                value = told.get(share)
                if not _is_kept(level) and share in level and isinstance(value, int | float):
                    level[share] = float(f"{math.sqrt(level[share] * min(max(value, low), high)):.4g}")
    return shipped
