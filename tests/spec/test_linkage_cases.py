"""Hard names, addresses and people, as cases beside this file: one of a few lines for every failure seen."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from linkage_makers import gazetteer, people, stated

from families.linkage import names
from families.linkage.address_parts import PARTS, TEXTS, split_addresses
from families.linkage.addresses import match_addresses
from families.linkage.people import link_people
from families.linkage.prepare import KEYS

FOLDER = Path(__file__).parent / "linkage"
PEOPLE, NAMES, ADDRESSES = (
    tomllib.loads((FOLDER / f"{of}.toml").read_text("utf-8")) for of in ("people", "names", "addresses")
)
Case = dict[str, Any]


def normal(expression, text):
    return pl.DataFrame({"x": [text]}, schema={"x": pl.String}).select(expression(pl.col("x"))).item()


def written(case: Case) -> str:
    return case["written"] or "nothing"


@pytest.mark.parametrize("case", NAMES["surname"], ids=written)
def test_surname(case: Case) -> None:
    assert normal(names.normal_surname, case["written"]) == case.get("compared")


@pytest.mark.parametrize("case", NAMES["forename"], ids=written)
def test_first_forename(case: Case) -> None:
    first = normal(lambda text: names.first_forename(names.normal_forenames(text)), case["written"])
    assert first == case.get("compared")


@pytest.mark.parametrize("case", ADDRESSES["split"], ids=written)
def test_parts_of_an_address(case: Case) -> None:
    texts = pl.DataFrame({"text_id": [0]} | {name: [case["written"] if name == "address" else None] for name in TEXTS})
    split = split_addresses(texts.with_columns(pl.col(TEXTS).cast(pl.String)))
    assert split.select(PARTS[:4]).row(0) == tuple(case.get(part) for part in ("unit", "number", "street", "town"))


@pytest.fixture(scope="module")
def properties(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str | None]:
    """The property of each address, in order of the cases: matched together, as a file's addresses are."""
    work = tmp_path_factory.mktemp("addresses")
    rows = stated([(case["written"], case.get("postcode")) for case in ADDRESSES["property"]])
    of_record, addresses = match_addresses(rows, gazetteer(), work=work)
    assert list(work.iterdir()) == []
    found = of_record.join(addresses, on="address_id").select("row", "uprn").rows()
    return {id(case): dict(found)[place] for place, case in enumerate(ADDRESSES["property"], start=1)}


@pytest.mark.parametrize("case", ADDRESSES["property"], ids=written)
def test_the_property_named_and_no_other(case: Case, properties: dict[int, str | None]) -> None:
    assert properties[id(case)] == case.get("uprn")


@pytest.mark.parametrize("case", PEOPLE["case"], ids=lambda case: case["name"])
def test_who_is_who(case: Case, tmp_path: Path) -> None:
    persons, of_record = people(case["records"])
    order = {key: str(n + 1) for n, key in enumerate(persons.select(*KEYS).rows())}
    linked, _ = link_people(persons, of_record, previous=None, work=tmp_path)
    groups = linked.group_by("person_id").agg(*KEYS)
    found = sorted("".join(sorted(order[key] for key in zip(*keys, strict=True))) for _, *keys in groups.iter_rows())
    assert found == case["one"]
