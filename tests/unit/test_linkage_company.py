"""The same adult at two addresses: what a list tells of someone whom no register has where the list puts them."""

import polars as pl

from families.linkage.company import company_links
from families.linkage.settle import Linked

SCHEMA = {
    "forename": pl.String,
    "surname": pl.String,
    "role": pl.String,
    "address_id": pl.String,
    "valid_to": pl.Date,
    "sex": pl.String,
    "is_child": pl.Boolean,
    "is_adult": pl.Boolean,
    "delivery": pl.String,
    "row": pl.Int64,
    "child_row": pl.String,
}
TOWN = [(f"Name{n}", f"Other{n % 700}", "liable", f"H{n}") for n in range(2100)]
NAMESAKES = [(f"First{n}", "Quill", "liable", f"N{n}") for n in range(20)]
LISTED, OTHERS_THERE = ("Zelda", "Quill", "contact", "U1"), ("Amy", "Ash", "liable", "U1")
REGISTERED = ("Zelda", "Quill", "elector", "U2")


def found(*people: tuple[str, str, str, str]) -> list[tuple[int, int]]:
    rows = [
        (*each, None, None, False, True, "d", number, None) for number, each in enumerate([*people, *NAMESAKES, *TOWN])
    ]
    records = pl.DataFrame(rows, schema=SCHEMA, orient="row").with_row_index("r")
    records = records.with_columns(pl.col("r").cast(pl.Int64))
    return company_links(records, Linked.apart(records), pl.Series([], dtype=pl.String)).select("a", "b").rows()


def test_who_is_on_no_register_where_others_are_billed_is_their_namesake_elsewhere():
    assert found(LISTED, REGISTERED, OTHERS_THERE) == [(0, 1)]


def test_where_nobody_else_is_billed_the_name_alone_is_not_enough():
    assert found(LISTED, REGISTERED) == []


def test_two_who_are_both_registered_stay_two():
    assert found((*LISTED[:2], "elector", "U1"), REGISTERED, OTHERS_THERE) == []


def test_two_whom_no_register_has_stay_two():
    assert found(LISTED, (*LISTED[:3], "U2"), OTHERS_THERE, ("Eve", "Elm", "liable", "U2")) == []
