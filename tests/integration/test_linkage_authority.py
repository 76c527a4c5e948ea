"""Linkage over a made-up authority, against what is true of it: few links wrong, few missing, nobody left out."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest

from families.linkage import clerical, splink_model
from families.linkage.address_surnames import place_by_surname
from families.linkage.addresses import match_addresses
from families.linkage.neighbourhood import SECTOR
from families.linkage.people import CROWDED_ADDRESS, crowded_addresses, link_exactly, link_people
from families.linkage.prepare import prepare
from families.linkage.training import train
from families.sources.store import load_each, read_records
from families.synthetic import synthesise

KEYS = ["source", "delivery", "row", "part"]
STATED = [*KEYS, "uprn", "saon", "paon", "street", "town", "address", "postcode"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """The records of an authority, and the true person of each that names someone."""
    place, home = tmp_path_factory.mktemp("authority"), tmp_path_factory.mktemp("home")
    days = {"first_day": dt.date(2011, 9, 1), "last_day": dt.date(2013, 8, 31)}
    made = {"errors": 1.0, "gazetteer": True, "file_format": "csv", "report": lambda *_: None}
    synthesise(place / "a", pupils=500, seed=404, **days, **made)
    kept = [path for path in sorted((place / "a" / "inbox").iterdir()) if path.name != "marks"]
    loaded = load_each(home, kept, source=None, mapping=None, dry_run=False, received_on=dt.date(2013, 9, 1))
    records = read_records(home, tables=["persons", "properties"])
    files = {receipt.delivery: receipt.file for receipt in loaded.receipts}
    return records, true_person(records["persons"], files, pl.read_parquet(place / "a" / "truth" / "records.parquet"))


def true_person(persons: pl.DataFrame, files: dict[str, str], truth: pl.DataFrame) -> pl.DataFrame:
    """A COLLECT table group is named `..._*.csv`; its part says which table."""
    named = persons.filter(pl.any_horizontal(pl.col("forename", "surname").is_not_null()))
    table = pl.col("part").str.replace(" address [0-9]+$", "")
    file = pl.col("delivery").replace_strict(files).str.replace("*", table, literal=True)
    asked = named.select(*KEYS, file=file, table=table)
    known = truth.select("row", pl.col("file").str.split("/").list.last(), table="part", true="true_person_id")
    return asked.join(known, on=["file", "row", "table"]).select(*KEYS, "true")


def pairs(of_record: pl.DataFrame, by: list[str]) -> int:
    size = of_record.group_by(by).len()["len"].cast(pl.Int64)
    return int((size * (size - 1)).sum() // 2)


@pytest.mark.parametrize("gazetteer", [True, False])
def test_pairs_against_truth(
    authority: tuple[dict[str, pl.DataFrame], pl.DataFrame], gazetteer: bool, tmp_path: Path
) -> None:
    records, truth = authority
    persons, properties = records["persons"], records["properties"]
    stated = persons.select(STATED)
    of_address, addresses = match_addresses(stated, properties if gazetteer else properties.clear(), work=tmp_path)
    linked, people = link_people(persons, of_address, previous=None, work=tmp_path)

    assert linked.select(KEYS).equals(persons.select(KEYS).sort(KEYS))
    assert set(of_address["address_id"]) == set(addresses["address_id"])
    assert people["records"].sum() == persons.height
    scored = linked.join(truth, on=KEYS)
    together = pairs(scored, ["person_id", "true"])
    precision, recall = together / pairs(scored, ["person_id"]), together / pairs(scored, ["true"])
    assert precision >= 0.998
    assert 2 * precision * recall / (precision + recall) >= 0.985


Authority = tuple[dict[str, pl.DataFrame], pl.DataFrame]


@pytest.fixture(scope="module")
def of_address(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    records, _ = authority
    work = tmp_path_factory.mktemp("addresses")
    matched = match_addresses(records["persons"].select(STATED), records["properties"], work=work)
    return place_by_surname(*matched, records["persons"])[0]


def namesakes_compared(records: pl.DataFrame) -> set[frozenset[int]]:
    named = records.select("c", "forename", "surname", sector=pl.col("postcode").str.extract(f"({SECTOR})")).unique()
    named = named.drop_nulls(["forename", "surname"])
    few = named.filter(pl.col("c").n_unique().over("forename", "surname") == 2)
    near = named.drop_nulls()
    pairs = [
        each.join(each, on=keys).select("c", "c_right").iter_rows()
        for each, keys in ((few, ["forename", "surname"]), (near, ["forename", "surname", "sector"]))
    ]
    return {frozenset(pair) for found in pairs for pair in found}


def test_true_pairs_are_compared(authority: Authority, of_address: pl.DataFrame, tmp_path: Path) -> None:
    """Of the pairs of records of one person, those joined exactly or compared by some step: at least 99%.

    Beside the model's pairs: namesakes in one postcode sector, and the only two of a name.
    """
    persons, truth = authority[0]["persons"], authority[1]
    records = prepare(persons, of_address).filter(pl.any_horizontal(pl.col("forename", "surname").is_not_null()))
    crowded = crowded_addresses(records, CROWDED_ADDRESS)
    linked = link_exactly(records, crowded)
    cluster = dict(linked.clusters.iter_rows())
    together = {
        frozenset((cluster[a], cluster[b]))
        for a, b in splink_model.compared(records, linked, crowded, work=tmp_path).iter_rows()
    }
    together |= namesakes_compared(records.join(linked.clusters, on="r"))
    true = records.select("r", *KEYS).join(truth, on=KEYS).sort("r").group_by("true").agg("r")["r"].to_list()
    asked = [(cluster[a], cluster[b]) for rows in true for n, a in enumerate(rows) for b in rows[:n]]
    found = sum(a == b or frozenset((a, b)) in together for a, b in asked)
    assert found / len(asked) >= 0.99


def test_a_model_trained_without_labels(authority: Authority, of_address: pl.DataFrame, tmp_path: Path) -> None:
    persons, truth = authority[0]["persons"], authority[1]
    trained = train(persons, of_address, work=tmp_path)
    assert trained == train(persons.sample(fraction=1, shuffle=True, seed=3), of_address, work=tmp_path)
    forename = trained["comparisons"][0]["comparison_levels"]
    assert forename[-1]["m_probability"] == 1e-9  # twins stay apart, whatever was seen
    path = tmp_path / "model.json"
    path.write_text(json.dumps(trained))
    linked, _ = link_people(persons, of_address, previous=None, work=tmp_path, parameters=path)
    scored = linked.join(truth, on=KEYS)
    together = pairs(scored, ["person_id", "true"])
    precision, recall = together / pairs(scored, ["person_id"]), together / pairs(scored, ["true"])
    assert precision >= 0.997
    assert 2 * precision * recall / (precision + recall) >= 0.985


def test_estimates_from_a_drawn_sample_hold_the_truth(
    authority: Authority, of_address: pl.DataFrame, tmp_path: Path
) -> None:  # fmt: skip
    """Pairs are drawn as for people, the truth answers them; what it is of all pairs lies within the intervals."""
    persons, truth = authority[0]["persons"], authority[1]
    linked, _ = link_people(persons, of_address, previous=None, work=tmp_path)
    drawn = clerical.sample_pairs(persons, of_address, linked)
    for end in ("a", "b"):
        keys = {name: f"{name}_{end}" for name in KEYS}
        drawn = drawn.join(truth.rename(keys | {"true": f"true_{end}"}), on=list(keys.values()), how="left")
    answered = drawn.with_columns(is_same=pl.col("true_a") == pl.col("true_b"))
    found = clerical.measured(clerical.counted(answered))
    scored = linked.join(truth, on=KEYS)
    together = pairs(scored, ["person_id", "true"])
    precision, recall = together / pairs(scored, ["person_id"]), together / pairs(scored, ["true"])
    assert found.precision
    assert found.precision.low <= precision <= found.precision.high
    assert found.precision.high - found.precision.low < 0.05
    assert found.recall
    assert found.recall.low <= recall <= found.recall.high
    # Without the near pairs nothing would be known of what is missed.
    assert answered.filter(~pl.col("is_linked"), pl.col("is_same")).height > 0
