"""Addresses and their properties, with and without a gazetteer. Hard ones stand as cases in tests/spec."""

from pathlib import Path

import polars as pl
from linkage_makers import gazetteer, stated

from families.linkage.addresses import AddressReason, match_addresses


def test_a_uprn_of_the_gazetteer_is_believed_and_another_is_not(tmp_path):
    rows = stated([("1 Anywhere", None), ("14 High Street", "CM1 1AA")], uprn=["1020", "999"])
    of_record, _ = match_addresses(rows, gazetteer(), work=tmp_path)
    assert of_record["address_id"].to_list() == ["U1020", "U1014"]
    assert of_record["reason"][0] == AddressReason.STATED_UPRN


def test_a_building_without_its_flat_is_shared(tmp_path):
    rows = stated([("Rose Court, Mill Lane", "CM1 1AB"), ("50 Mill Lane", "CM1 1AB"), ("14 High Street", "CM1 1AA")])
    of_record, addresses = match_addresses(rows, gazetteer(), work=tmp_path)
    shared = of_record.join(addresses, on="address_id").sort("row")
    assert shared["is_shared"].to_list() == [True, True, False]


def test_a_hostel_is_communal_and_a_house_in_multiple_occupation_shared(tmp_path):
    rows = stated([("40 Mill Lane", "CM1 1AB"), ("41 Mill Lane", "CM1 1AB")])
    of_record, addresses = match_addresses(rows, gazetteer(), work=tmp_path)
    found = of_record.join(addresses, on="address_id").sort("row")
    assert found.select("is_communal", "is_shared").rows() == [(True, False), (False, True)]


SAME_PLACE = [
    ("99 Nowhere Road, Harlow", "CM20 1AA"),
    ("99 Nowhere Rd", "CM20 1AA"),
    ("99 Nowhere Rd, Harlow", None),
    ("99 Nowhere Raod, Harlow", "CM20 1AA"),
    ("99 Nowhere Road, Harlow", "CM20 1AB"),
]
OTHER_PLACES = [
    ("99A Nowhere Road, Harlow", "CM20 1AA"),
    ("Flat A, 99 Nowhere Road, Harlow", "CM20 1AA"),
    ("Flat B, 99 Nowhere Road, Harlow", "CM20 1AA"),
    ("97 Nowhere Road, Harlow", "CM20 1AA"),
    ("99 Somewhere Road, Harlow", "CM20 2AA"),
]


def test_without_a_gazetteer_like_addresses_are_one_and_flats_are_not(tmp_path):
    rows = stated(SAME_PLACE + OTHER_PLACES)
    of_record, addresses = match_addresses(rows, gazetteer().clear(), work=tmp_path)
    ids = of_record.sort("row")["address_id"].to_list()
    assert len(set(ids[: len(SAME_PLACE)])) == 1
    assert len(set(ids)) == 1 + len(OTHER_PLACES) == addresses.height


def test_row_order_changes_nothing(tmp_path):
    rows = stated(SAME_PLACE + OTHER_PLACES + [("14 Hgh Street", None), ("Flat 3 Rose Court", "CM1 1AB")])
    one = match_addresses(rows, gazetteer(), work=tmp_path)
    other = match_addresses(rows.sample(fraction=1, shuffle=True, seed=3), gazetteer().reverse(), work=tmp_path)
    assert one[0].equals(other[0])
    assert one[1].equals(other[1])


def test_the_index_of_a_gazetteer_is_made_once(tmp_path: Path) -> None:
    asked = stated([("7 Hgih Streat, Chelmsfrd", "CM1 1AB"), ("Flat 2, Rose Court, Mill Lain", "CM1 1AB")])
    kept = tmp_path / "kept"
    first, _ = match_addresses(asked, gazetteer(), work=tmp_path, prepared=kept)
    (index,) = kept.iterdir()
    made = {file.name: file.stat().st_mtime_ns for file in index.rglob("*")}
    again, _ = match_addresses(asked, gazetteer(), work=tmp_path, prepared=kept)
    assert again.equals(first)
    assert {file.name: file.stat().st_mtime_ns for file in index.rglob("*")} == made
    match_addresses(asked, gazetteer().filter(pl.col("uprn") != "1005"), work=tmp_path, prepared=kept)
    (other,) = kept.iterdir()
    assert other != index
