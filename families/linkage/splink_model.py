"""People who are too alike for chance, by Splink on DuckDB; the only file that knows Splink.

The model's parameters are data (data/reference/person_model.json, Splink's own format): shares of agreement among
records of one person follow the error rates published for such files, shares among records of two people the
frequencies of names, dates and households. Surname and home are compared together, because relatives share both.
"""

from __future__ import annotations

import json
import logging
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from families.linkage import names
from families.linkage.duck import duck
from families.linkage.reasons import STRENGTH, LinkReason
from families.linkage.settle import EDGES, Linked, cluster_facts
from families.linkage.tiers import around_children
from families.reference import REFERENCE

LISTS = ("pupils", "adults")  # lists of the council's own, in which each person stands once
PRIOR = 1e-6  # probability that two random records match, as in the model
MATCH_WEIGHT = 4.0  # log2 odds: 94% as the model counts them
PRIOR_PEOPLE, PRIOR_SHARE = 2000, 0.001  # of names: as if so many more people had been seen, with names so frequent
BLOCKS = (
    "l.dob = r.dob and l.forename = r.forename",
    "l.dob = r.dob and l.surname = r.surname",
    "l.dob = r.dob and l.forename = r.surname",
    "l.forename = r.forename and l.surname = r.surname and l.birth_year = r.birth_year",
    "l.forename = r.forename and l.surname = r.surname and l.postcode = r.postcode",
    "l.dob = r.dob and substr(l.forename, 1, 1) = substr(r.forename, 1, 1)"
    " and substr(l.surname, 1, 2) = substr(r.surname, 1, 2)",
    "l.dob = r.dob and l.postcode = r.postcode",
    "l.surname = r.surname and l.postcode = r.postcode and substr(l.forename, 1, 1) = substr(r.forename, 1, 1)",
)
BLOCKS_BY_PLACE = (
    "l.places = r.places and l.forename = r.forename",
    "l.places = r.places and l.dob = r.dob",
    "l.places = r.places and l.surname = r.surname and substr(l.forename, 1, 1) = substr(r.forename, 1, 1)",
    "l.places = r.places and l.surname = r.forename",
    "l.places = r.places and substr(l.forename, 1, 2) = substr(r.forename, 1, 2)"
    " and substr(l.surname, 1, 2) = substr(r.surname, 1, 2)",
)
BLOCKS_OF_LISTS = (
    "l.dob = r.dob",
    "l.forename = r.forename and l.surname = r.surname",
    "l.forename = r.surname and l.surname = r.forename",
    "l.forename = r.forename and l.postcode = r.postcode",
    "l.surname = r.surname and l.postcode = r.postcode",
    "l.postcode = r.postcode and substr(l.surname, 1, 2) = substr(r.surname, 1, 2)",
    "l.forename = r.forename and substr(l.surname, 1, 3) = substr(r.surname, 1, 3)",
    "l.surname = r.surname and substr(l.forename, 1, 3) = substr(r.forename, 1, 3)",
)
POSSIBLE = " and l.c <> r.c and (l.upn is null or r.upn is null or l.upn = r.upn)"


@dataclass(frozen=True)
class Model:
    """Parameters in Splink's format, and the rules by which pairs are picked for comparison."""

    parameters: str
    blocks: tuple[str, ...]


PEOPLE = Model("person_model.json", BLOCKS)
TWO_LISTS = Model("list_model.json", BLOCKS_OF_LISTS)  # of lists typed by hand, where whole fields are wrong or blank


def likeness_links(records: pl.DataFrame, linked: Linked, crowded: pl.Series, *, work: Path) -> pl.DataFrame:
    """Links between clusters that the model holds to be one person, with their weight."""
    return _above(MATCH_WEIGHT, records, linked, crowded, model=PEOPLE, work=work)


def one_to_one_links(records: pl.DataFrame, linked: Linked, crowded: pl.Series, *, work: Path) -> pl.DataFrame:
    """Links between rows of two lists that each hold a person once, of which neither has found its like yet.

    What a row is like is sought only among rows still without a match: the fewer these are, the less it takes.
    """
    lists = records.filter(pl.col("source").is_in(LISTS)).join(linked.clusters, on="r")
    deliveries = lists.select("source", "delivery").n_unique()
    if deliveries < 2:
        return pl.DataFrame(schema=EDGES)
    alone = lists.filter(pl.struct("source", "delivery").n_unique().over("c") < deliveries)
    left = alone.group_by("source", "delivery").agg(pl.col("c").n_unique())["c"].sort(descending=True)
    if len(left) < 2:
        return pl.DataFrame(schema=EDGES)
    enough = MATCH_WEIGHT + math.log2(PRIOR) + math.log2(left[0])
    rows = alone.drop("c")
    apart = Linked(linked.clusters.filter(pl.col("r").is_in(rows["r"].implode())), linked.reasons)
    return _above(min(enough, MATCH_WEIGHT), rows, apart, crowded, model=TWO_LISTS, work=work)


def _above(
    weight: float,
    records: pl.DataFrame,
    linked: Linked,
    crowded: pl.Series,
    *,
    model: Model,
    work: Path,
) -> pl.DataFrame:
    statements = _statements(records, linked, crowded)
    if statements.height < 2:
        return pl.DataFrame(schema=EDGES)
    scored = _scored(statements, threshold=weight, model=model, work=work)
    return scored.select(
        a=pl.min_horizontal("r_l", "r_r").cast(pl.Int64),
        b=pl.max_horizontal("r_l", "r_r").cast(pl.Int64),
        reason=pl.lit(LinkReason.LIKENESS.value),
        weight=pl.col("match_weight").round(2),
        strength=pl.lit(STRENGTH[LinkReason.LIKENESS.value], pl.Float64),
    ).sort("a", "b")


def _statements(records: pl.DataFrame, linked: Linked, crowded: pl.Series) -> pl.DataFrame:
    """Each name and date of birth a cluster goes by, with all its homes, postcodes and forms of names."""
    placed = records.join(linked.clusters, on="r")
    facts = cluster_facts(placed).select(
        "c", "sex", "low", "high", upn=pl.col("upns").list.first(), grown=~pl.col("is_child")
    )
    homes = placed.filter(~pl.col("address_id").is_in(crowded.implode())).select("c", place="address_id")
    near = around_children(records, linked, crowded).join(linked.clusters, on="r")
    near = near.select("c", place=pl.format("child {}", "child"))
    places = pl.concat([homes, near]).drop_nulls().unique().sort("c", "place").group_by("c").agg(places="place")
    postcodes = placed.select("c", "postcode").drop_nulls().unique().sort("c", "postcode")
    postcodes = postcodes.group_by("c").agg(postcodes="postcode")
    said = placed.filter(pl.col("surname").is_not_null() | pl.col("forename").is_not_null()).with_columns(
        dob=pl.col("dob").dt.to_string("%Y%m%d")
    )
    said = said.group_by("c", "forename", "surname", "dob", "other_surnames", "other_forename").agg(
        pl.col("r").min(), pl.col("postcode").drop_nulls().min()
    )
    forms = names.nicknames().group_by("forename").agg(pl.col("variant").sort())
    said = said.join(forms, on="forename", how="left").join(facts, on="c").join(places, on="c", how="left")
    said = said.join(postcodes, on="c", how="left")
    said = said.with_columns(
        forename_forms=pl.concat_list(pl.concat_list("forename", "other_forename"), pl.col("variant").fill_null([])),
        surname_forms=pl.concat_list("surname", pl.col("other_surnames").fill_null([])),
        birth_year=pl.coalesce(pl.col("dob").str.slice(0, 4), pl.when(pl.col("low") == pl.col("high")).then("low")),
        places=pl.col("places").fill_null([]),
        postcodes=pl.col("postcodes").fill_null([]),
    )
    return said.drop("variant", "other_surnames", "other_forename").sort("r")


def _scored(statements: pl.DataFrame, *, threshold: float, model: Model, work: Path) -> pl.DataFrame:
    """Pairs of statements above the threshold."""
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    with duck(work, "people", threads=2) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        connection.register("statements_in", statements.to_arrow())
        connection.execute("create table statements as select * from statements_in order by r")
        linker = Linker("statements", _settings(model), DuckDBAPI(connection), set_up_basic_logging=False)
        for name in ("forename", "surname"):
            tables: Any = linker.table_management
            tables.register_term_frequency_lookup(_frequencies(statements, name).to_arrow(), name)
        found = linker.inference.predict(threshold_match_weight=threshold)
        query = f"select r_l, r_r, match_weight from {found.physical_name} order by r_l, r_r"  # noqa: S608
        return pl.DataFrame(connection.execute(query).to_arrow_table())


def _frequencies(statements: pl.DataFrame, name: str) -> pl.DataFrame:
    """How frequent each name is among these people, drawn towards an uncommon name where there are few people."""
    counted = statements.drop_nulls(name).group_by(name).len().sort(name)
    share = (pl.col("len") + PRIOR_PEOPLE * PRIOR_SHARE) / (statements.height + PRIOR_PEOPLE)
    return counted.select(name, share.alias(f"tf_{name}"))


def _settings(model: Model) -> dict[str, Any]:
    parameters: dict[str, Any] = json.loads((REFERENCE / model.parameters).read_text("utf-8"))
    by_name = [{"blocking_rule": f"{rule}{POSSIBLE}", "sql_dialect": "duckdb"} for rule in model.blocks]
    by_place = [
        {"blocking_rule": f"{rule}{POSSIBLE}", "sql_dialect": "duckdb", "arrays_to_explode": ["places"]}
        for rule in BLOCKS_BY_PLACE
    ]
    return {**parameters, "sql_dialect": "duckdb", "blocking_rules_to_generate_predictions": by_name + by_place}
