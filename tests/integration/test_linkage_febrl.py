"""Febrl 4, a public pair of files of 5,000 people each, through the product's own loading and linkage.

Each record of the first file has one misspelt, incomplete or rearranged record in the second: `rec-1070-org` and
`rec-1070-dup-0`. Without its identifier only names, dates of birth and addresses tell who is who.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from families.linkage.addresses import match_addresses
from families.linkage.people import link_people
from families.sources.store import load_each, read_records

FEBRL = Path(__file__).parents[1] / "data" / "febrl4"
KEYS = ["source", "delivery", "row", "part"]
STATED = [*KEYS, "uprn", "saon", "paon", "street", "town", "address", "postcode"]
MAPPING = """
source = "adults"
[columns]
id = "{id}"
forename = "given_name"
surname = "surname"
date_of_birth = "date_of_birth"
postcode = "postcode"
number = "street_number"
street = "address_1"
locality = "address_2"
town = "suburb"
[formats]
date_of_birth = "%Y%m%d"
"""


def linked_pairs(home: Path, *, id_column: str) -> pl.DataFrame:
    """The pairs of rows, one of each file, that the product holds to be one person: `a`, `b`."""
    mapping = home / "febrl.toml"
    mapping.write_text(MAPPING.format(id=id_column))
    files = [FEBRL / "dataset4a.csv", FEBRL / "dataset4b.csv"]
    loaded = load_each(
        home / "home", files, source="adults", mapping=mapping, dry_run=False, received_on=dt.date(2013, 9, 1)
    )
    assert not loaded.refusals
    persons = read_records(home / "home", tables=["persons"])["persons"]
    properties = read_records(home / "home", tables=["properties"])["properties"]
    of_address, _ = match_addresses(persons.select(STATED), properties, work=home)
    linked, _ = link_people(persons, of_address, previous=None, work=home)
    first, second = (receipt.delivery for receipt in sorted(loaded.receipts, key=lambda receipt: receipt.file))
    side = linked.select("delivery", "row", "person_id")
    a = side.filter(pl.col("delivery") == first).select("person_id", a="row")
    return a.join(side.filter(pl.col("delivery") == second).select("person_id", b="row"), on="person_id")


def f1_of(pairs: pl.DataFrame) -> float:
    numbers = [
        pl.read_csv(FEBRL / f"dataset4{file}.csv", infer_schema=False)["rec_id"].str.extract(r"rec-(\d+)-")
        for file in "ab"
    ]
    people = [
        pl.DataFrame({"number": number}).with_row_index(side, offset=1).cast({side: pl.Int64})
        for number, side in zip(numbers, "ab", strict=True)
    ]
    true = people[0].join(people[1], on="number")
    assert true.height == 5000
    right = pairs.join(true, on=["a", "b"]).height
    return 2 * right / (pairs.height + true.height)


@pytest.mark.parametrize(("id_column", "least"), [("rec_id", 0.99), ("soc_sec_id", 0.99)])
def test_febrl4(id_column: str, least: float, tmp_path: Path) -> None:
    assert f1_of(linked_pairs(tmp_path, id_column=id_column)) >= least
