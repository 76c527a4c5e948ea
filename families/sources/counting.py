"""What was delivered, in counts: how full each source's fields are, rows refused by rule, and load after load.

Nobody is named: only counts leave this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import polars as pl

from families.sources.receipts import Receipt
from families.sources.shaping import day_in_name
from families.tables.run import DeliveryQuality

FIELDS = {
    "forename": "Forename",
    "surname": "Surname",
    "date_of_birth": "Date of birth",
    "sex": "Sex",
    "upn": "UPN",
    "address": "Address",
    "postcode": "Postcode",
    "uprn": "UPRN",
}


class Figure(StrEnum):
    """What is counted."""

    PEOPLE = "people_of_source"
    FILLED = "fields_filled"
    REFUSED = "rows_refused"
    ROWS = "rows_of_load"
    REFUSED_OF_LOAD = "rows_refused_of_load"
    SCHOOLS = "schools_of_load"


def delivery_counts(
    persons: pl.DataFrame, rejected: pl.DataFrame, coverage: pl.DataFrame, delivered: Sequence[Receipt]
) -> pl.DataFrame:
    """The DeliveryQuality table of a run. A load is told by its source and the day it speaks of."""
    people = persons.group_by(label="source").agg(pl.len().alias("number"))
    filled = persons.group_by(label="source").agg(pl.col(name).is_not_null().sum().alias(name) for name in FIELDS)
    refused = rejected.group_by(label="source", part=pl.col("rule").str.replace_all("_", " ")).agg(number=pl.len())
    parts = [
        people.with_columns(figure=pl.lit(Figure.PEOPLE.value), part=pl.lit("")),
        filled.unpivot(index="label", variable_name="part", value_name="number").with_columns(
            figure=pl.lit(Figure.FILLED.value)
        ),
        refused.with_columns(figure=pl.lit(Figure.REFUSED.value)),
        _loads(delivered),
        _schools(coverage, delivered),
    ]
    kinds = {"figure": pl.String, "label": pl.String, "part": pl.String, "number": pl.Int64}
    whole = pl.concat([part.select(pl.col(name).cast(kind) for name, kind in kinds.items()) for part in parts])
    order = ["figure", "label", "part"]
    placed = whole.sort(order).with_columns(place=pl.int_range(pl.len()).over("figure"))
    return DeliveryQuality.validate(placed, cast=True)


def _day(receipt: Receipt) -> str:
    return str(day_in_name(receipt.file) or receipt.received_on)


def _schools(coverage: pl.DataFrame, delivered: Sequence[Receipt]) -> pl.DataFrame:
    """How many schools each load speaks for, of sources that come by school."""
    kinds = {"delivery": pl.String, "label": pl.String, "part": pl.String}
    loads = pl.DataFrame([(each.delivery, each.source, _day(each)) for each in delivered], schema=kinds, orient="row")
    told = coverage.drop_nulls("school").select("delivery", "school").join(loads, on="delivery")
    return (
        told.group_by("label", "part")
        .agg(number=pl.col("school").n_unique())
        .with_columns(figure=pl.lit(Figure.SCHOOLS.value))
    )


def _loads(delivered: Sequence[Receipt]) -> pl.DataFrame:
    days = [(each.source, _day(each), each) for each in delivered]
    rows = [(Figure.ROWS.value, source, day, each.rows_in) for source, day, each in days]
    rows += [(Figure.REFUSED_OF_LOAD.value, source, day, each.rejected) for source, day, each in days]
    kinds = {"figure": pl.String, "label": pl.String, "part": pl.String, "number": pl.Int64}
    told = pl.DataFrame(rows, schema=kinds, orient="row")
    return told.group_by("figure", "label", "part").agg(pl.col("number").sum())
