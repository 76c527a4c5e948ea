"""Linkage over a made-up authority, against what is true of it: few links wrong, few missing, nobody left out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from families.linkage.addresses import match_addresses
from families.linkage.people import link_people
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
