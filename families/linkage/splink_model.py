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
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from families.linkage import names
from families.linkage.duck import duck
from families.linkage.reasons import STRENGTH, LinkReason
from families.linkage.settle import EDGES, TELLING, Linked, cluster_facts
from families.linkage.tiers import around_children
from families.reference import REFERENCE

LISTS = ("pupils", "adults")  # lists of the council's own, in which each person stands once
PRIOR = 1e-6  # probability that two random records match, as in the model
MATCH_WEIGHT = 3.0  # log2 odds: 89% as the model counts them
DOUBT_WEIGHT = 0.0  # even odds: from here on a person may look
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
    "l.places = r.places and l.surname = r.surname",
    "l.places = r.places and l.forename = r.forename",
    "l.places = r.places and l.dob = r.dob",
    "l.places = r.places and substr(l.forename, 1, 1) = substr(r.forename, 1, 1)",
    "l.places = r.places and l.surname = r.forename",
)
BLOCKS_OF_LISTS_BY_PLACE = (  # narrower: a whole field may be wrong, so kin of one home come near each other
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
PARTS = {  # what a pair's weight is made of, as bits
    "forename bits": "log2(bf_forename)",
    "how common the forename is bits": "log2(bf_tf_adj_forename)",
    "surname bits": "log2(bf_surname)",
    "how common the surname is bits": "log2(bf_tf_adj_surname)",
    "dob bits": "log2(bf_dob)",
    "sex bits": "log2(bf_sex)",
}
POSSIBLE = " and l.c <> r.c and (l.upn is null or r.upn is null or l.upn = r.upn)"


@dataclass(frozen=True)
class Model:
    """Parameters in Splink's format, and the rules by which pairs are picked for comparison."""

    parameters: str
    blocks: tuple[str, ...]
    by_place: tuple[str, ...]


PEOPLE = Model("person_model.json", BLOCKS, BLOCKS_BY_PLACE)
# Of lists typed by hand, where whole fields are wrong or blank.
TWO_LISTS = Model("list_model.json", BLOCKS_OF_LISTS, BLOCKS_OF_LISTS_BY_PLACE)


def weighed_pairs(
    records: pl.DataFrame, linked: Linked, crowded: pl.Series, *, work: Path, parameters: Path | None = None
) -> pl.DataFrame:
    """Pairs of clusters that are as likely one person as not, or likelier, with what each comparison adds (`* bits`).

    `parameters` are those trained on the authority's own records, where they have been.
    """
    model = replace(PEOPLE, parameters=str(parameters.resolve())) if parameters else PEOPLE
    return _above(DOUBT_WEIGHT, records, linked, crowded, model=model, work=work, in_parts=True)


def likeness_links(weighed: pl.DataFrame) -> pl.DataFrame:
    """Of weighed pairs the links that the model holds to be one person, with their weight."""
    return weighed.filter(pl.col("weight") >= MATCH_WEIGHT).select(list(EDGES))


def comparison_levels(parameters: Path | None = None) -> dict[str, list[tuple[str, float]]]:
    """What each comparison of the model can find, in words, with its bits; and the bits before any (`prior`)."""
    model = json.loads((parameters or REFERENCE / PEOPLE.parameters).read_text("utf-8"))
    share = model["probability_two_random_records_match"]
    levels = {
        each["output_column_name"]: [
            (str(level["label_for_charts"]), _bits(level)) for level in each["comparison_levels"]
        ]
        for each in model["comparisons"]
    }
    return {"prior": [("any two records", math.log2(share / (1 - share)))], **levels}


def _bits(level: Mapping[str, Any]) -> float:
    return 0.0 if level.get("is_null_level") else math.log2(level["m_probability"] / level["u_probability"])


def compared(records: pl.DataFrame, linked: Linked, crowded: pl.Series, *, work: Path) -> pl.DataFrame:
    """Every pair of clusters that the blocking rules bring together, however unlike: `a`, `b`, by their records."""
    return _above(-1e6, records, linked, crowded, model=PEOPLE, work=work).select("a", "b")


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
    in_parts: bool = False,
) -> pl.DataFrame:
    scored = _scored(
        statements_of(records, linked, crowded), threshold=weight, model=model, work=work, in_parts=in_parts
    )
    return scored.select(
        *(PARTS if in_parts else ()),
        a=pl.min_horizontal("r_l", "r_r").cast(pl.Int64),
        b=pl.max_horizontal("r_l", "r_r").cast(pl.Int64),
        reason=pl.lit(LinkReason.LIKENESS.value),
        weight=pl.col("match_weight").round(2),
        strength=pl.lit(STRENGTH[LinkReason.LIKENESS.value], pl.Float64),
    ).sort("a", "b")


_SAID = ["surname", "other_surnames", "other_forename", "address_id", "postcode"]


def statements_of(records: pl.DataFrame, linked: Linked, crowded: pl.Series) -> pl.DataFrame:
    """Each name and date of birth a cluster goes by, with all its homes, postcodes and forms of names."""
    placed = records.select("r", *_SAID, *TELLING).join(linked.clusters, on="r")
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


def _scored(
    statements: pl.DataFrame, *, threshold: float, model: Model, work: Path, in_parts: bool = False
) -> pl.DataFrame:
    """Pairs of statements above the threshold; with what each comparison and the frequency of its value add."""
    from splink import DuckDBAPI, Linker

    if statements.height < 2:
        weights = ["match_weight", *(PARTS if in_parts else ())]
        return pl.DataFrame(schema={"r_l": pl.Int64, "r_r": pl.Int64, **dict.fromkeys(weights, pl.Float64)})
    frequencies = {name: _frequencies(statements, name) for name in ("forename", "surname")}
    logging.getLogger("splink").setLevel(logging.ERROR)
    with duck(work, "people", threads=2) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        connection.register("statements_in", statements.to_arrow())
        connection.execute("create table statements as select * from statements_in order by r")
        connection.unregister("statements_in")
        del statements
        settings = _settings(model) | {"retain_intermediate_calculation_columns": in_parts}
        linker = Linker("statements", settings, DuckDBAPI(connection), set_up_basic_logging=False)
        for name, frequency in frequencies.items():
            tables: Any = linker.table_management
            tables.register_term_frequency_lookup(frequency.to_arrow(), name)
        found = linker.inference.predict(threshold_match_weight=threshold)
        parts = "".join(f', {factor} as "{name}"' for name, factor in PARTS.items()) if in_parts else ""
        query = f"select r_l, r_r, match_weight{parts} from {found.physical_name} order by r_l, r_r"  # noqa: S608
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
        for rule in model.by_place
    ]
    return {**parameters, "sql_dialect": "duckdb", "blocking_rules_to_generate_predictions": by_name + by_place}
