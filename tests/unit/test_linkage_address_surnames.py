"""Of several addresses written alike, a record means the one where others of its surname stand."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from linkage_makers import gazetteer, stated

from families.linkage.address_surnames import place_by_surname
from families.linkage.addresses import AddressReason, match_addresses

TWICE = pl.DataFrame({"uprn": ["7001", "7002"], "postcode": ["CM2 1AA", "CM3 1AA"]})


def placed(tmp_path: Path, rows: list[tuple[str, str | None, str]]) -> pl.DataFrame:
    """Where records of (address, postcode, surname) stand, in a gazetteer with 25 Acacia Road under two postcodes."""
    one = gazetteer().filter(pl.col("uprn") == "1001").drop("uprn", "postcode")
    twice = TWICE.join(one, how="cross").select(gazetteer().columns)
    twice = twice.with_columns(
        paon=pl.lit("25"), street=pl.lit("ACACIA ROAD"), address=pl.lit("25 ACACIA ROAD, CHELMSFORD")
    )
    listed = pl.concat([gazetteer(), twice])
    texts = stated([(text, postcode) for text, postcode, _ in rows])
    matched = match_addresses(texts, listed, work=tmp_path)
    named = texts.select("source", "delivery", "row", "part").with_columns(
        surname=pl.Series([surname for _, _, surname in rows])
    )
    return place_by_surname(*matched, named)[0].sort("row")


def test_the_surname_tells_one_house_from_another_written_alike(tmp_path: Path) -> None:
    found = placed(
        tmp_path,
        [
            ("25 Acacia Road, Chelmsford", "CM2 1AA", "Lowe"),
            ("25 Acacia Road, Chelmsford", "CM3 1AA", "Khan"),
            ("25 Acacia Road, Chelmsford", None, "Khan"),
            ("25 Accacia Road, Chelmsford", None, "LOWE"),
        ],
    )
    assert found["address_id"].to_list() == ["U7001", "U7002", "U7002", "U7001"]
    assert found["reason"][2] == AddressReason.SURNAME


@pytest.mark.parametrize(
    ("text", "surname"),
    [
        ("25 Acacia Road, Chelmsford", "Reed"),  # nobody of the name is known at either
        ("27 Acacia Road, Chelmsford", "Lowe"),  # another number is another house
        ("Flat 2, 25 Acacia Road, Chelmsford", "Lowe"),  # a unit is never lost
    ],
)
def test_where_the_surname_tells_nothing_the_doubt_stays(tmp_path: Path, text: str, surname: str) -> None:
    found = placed(tmp_path, [("25 Acacia Road, Chelmsford", "CM2 1AA", "Lowe"), (text, None, surname)])
    assert found["address_id"][1].startswith("A")


def test_a_surname_at_both_houses_tells_nothing(tmp_path: Path) -> None:
    text = "25 Acacia Road, Chelmsford"
    found = placed(tmp_path, [(text, "CM2 1AA", "Lowe"), (text, "CM3 1AA", "Lowe"), (text, None, "Lowe")])
    assert found["address_id"][2].startswith("A")
