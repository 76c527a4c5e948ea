"""Dates as councils write them."""

import datetime as dt

import polars as pl
import pytest

from families.errors import Refused
from families.sources.date_formats import forms_in, has_no_order, parse_dates


@pytest.mark.parametrize(
    "text",
    [
        "2012-10-14",
        "2012-10-14 00:00:00",
        "2012-10-14T12:00:00Z",
        "14/10/2012",
        "14-10-2012",
        "14.10.2012",
        "20121014",
        "2012-Oct-14 00:00:00",
        "14-Oct-2012",
        "14 October 2012",
        "41196",
        "41196.5",
    ],
)
def test_forms_of_one_day(text: str) -> None:
    assert parse_dates(pl.Series([text])).to_list() == [dt.date(2012, 10, 14)]


@pytest.mark.parametrize("text", ["", "31/02/2012", "2012-13-01", "0000-00-00", "12/10/12", "soon", "29/02/2013", "5"])
def test_what_is_no_date(text: str) -> None:
    assert parse_dates(pl.Series([text])).to_list() == [None]


def test_slashes_are_day_first_where_nothing_settles_it() -> None:
    assert parse_dates(pl.Series(["03/04/2012", None])).to_list() == [dt.date(2012, 4, 3), None]


def test_a_column_that_can_only_be_month_first_is_read_so() -> None:
    assert parse_dates(pl.Series(["03/04/2012", "03/25/2012"])).to_list() == [dt.date(2012, 3, 4), dt.date(2012, 3, 25)]


def test_evidence_both_ways_leaves_day_first_and_the_impossible_unread() -> None:
    seen = parse_dates(pl.Series(["25/03/2012", "03/25/2012", "03/04/2012"])).to_list()
    assert seen == [dt.date(2012, 3, 25), None, dt.date(2012, 4, 3)]


@pytest.mark.parametrize(
    ("texts", "is_open"),
    [
        (["03/04/2012", "05/06/2012"], True),
        (["03/04/2012", "25/06/2012"], False),
        (["03/04/2012", "05/25/2012"], False),
        (["03/03/2012", "2012-04-03"], False),
        ([], False),
    ],
)
def test_a_column_has_no_order_where_another_date_stands_each_way(texts: list[str], is_open: bool) -> None:
    assert has_no_order(pl.Series(texts, dtype=pl.String)) == is_open


def test_the_forms_of_a_column_are_said() -> None:
    assert forms_in(pl.Series(["03/25/2012", "2012-03-25"])) == ("year, month, day", "month, day, year")
    assert forms_in(pl.Series(["41196", "14 October 2012"])) == (
        "day, name of the month, year",
        "days as Excel counts them",
    )


def test_a_stated_form_is_the_only_one() -> None:
    assert parse_dates(pl.Series(["14.10.2012", "2012-10-14"]), form="%d.%m.%Y").to_list() == [
        dt.date(2012, 10, 14),
        None,
    ]
    with pytest.raises(Refused, match="date format"):
        parse_dates(pl.Series(["x"]), form="%Q")
