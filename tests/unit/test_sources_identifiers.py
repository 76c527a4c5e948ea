"""Identifiers against published test vectors."""

import polars as pl
import pytest

from families.sources import identifiers as ids

DATA = "tests/data"
RULES = {
    "ULN": lambda text: ids.is_valid_uln(ids.digits(text)),
    "NHS": lambda text: ids.is_valid_nhs_number(ids.digits(text)),
    "NINO": lambda text: ids.is_valid_nino(ids.nino(text)),
    "POSTCODE": ids.is_valid_postcode,
    "UPRN": ids.is_valid_uprn,
    "LAESTAB": lambda text: ids.laestab(text).is_not_null(),
}


def examples(name: str) -> pl.DataFrame:
    return pl.read_csv(f"{DATA}/{name}", infer_schema=False)


def test_every_upn_example_is_judged_as_published() -> None:
    judged = (
        examples("upn_check_examples.csv")
        .select("input", "expected", "normalised", seen=ids.upn(pl.col("input")))
        .with_columns(valid=ids.is_valid_upn(pl.col("seen")))
    )
    assert judged["seen"].to_list() == judged["normalised"].to_list()
    assert judged["valid"].to_list() == (judged["expected"] == "valid").to_list()


@pytest.mark.parametrize("identifier", sorted(RULES))
def test_every_other_example_is_judged_as_published(identifier: str) -> None:
    judged = examples("id_check_examples.csv").filter(pl.col("identifier") == identifier)
    valid = judged.select(valid=RULES[identifier](pl.col("input")))["valid"]
    wrong = judged.filter(valid != (judged["expected"] == "valid"))
    assert judged.height
    assert wrong.is_empty(), wrong["input"].to_list()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("100090123456.0", "100090123456"),
        ("010012345678", "10012345678"),
        ("1", None),
        ("1.0", None),
        ("-1.0", None),
        ("1.0001E+11", None),
        ("", None),
    ],
)
def test_uprn_placeholders_are_not_kept(text: str, kept: str | None) -> None:
    assert ids.one(ids.uprn, text) == kept


@pytest.mark.parametrize(
    ("text", "kept"), [("cm11qh", "CM1 1QH"), (" CM1  1QH ", "CM1 1QH"), ("zz99 3vz", "ZZ99 3VZ"), ("n/k", "N/K")]
)
def test_postcodes_are_spaced_where_the_form_is_right(text: str, kept: str) -> None:
    assert ids.one(ids.postcode, text) == kept


def test_temporary_upns_are_known_by_their_last_letter() -> None:
    assert ids.one(ids.is_temporary_upn, "X00180001701A") is True
    assert ids.one(ids.is_temporary_upn, "W881200115001") is False
