"""Reads one delivered table of rows: recognised, split, converted, refused row by row where it must be, and counted."""

from __future__ import annotations

import json
from collections.abc import Callable

import polars as pl

from families.sources import attendance_extract, services, tabular
from families.sources.delimited import BadRow
from families.sources.layouts import Layout, Mapping, canonical
from families.sources.recognise import RawRows, Recognised, raw_rows
from families.sources.shaping import Delivery, Read, conform
from families.sources.tabular import Made
from families.sources.values import FLAG_SCHEMA, REJECT_SCHEMA, Typed, first_reason, stack, typed
from families.sources.written import how_written

MAKERS = tabular.MAKERS | services.MAKERS
REJECTED_SCHEMA = REJECT_SCHEMA | {"part": pl.String, "raw": pl.String}


def read_table(recognised: Recognised, delivery: Delivery, mapping: Mapping | None) -> Read:
    """The tables of a delivery of one row a record."""
    raw = raw_rows(recognised)
    distinct, duplicates = without_repeats(raw.frame)
    texts = canonical(distinct, recognised.found, recognised.layout, mapping)
    formats = mapping.formats if mapping else {}
    values = typed(texts, recognised.layout, formats=formats)
    made = _make(recognised, distinct, values, delivery)
    refused = first_reason([values.rejected, made.rejected])
    flags = stack([values.flags, made.flags], FLAG_SCHEMA).join(refused, on="row", how="anti", maintain_order="left")
    return Read(
        tables={name: conform(name, table, delivery=delivery) for name, table in made.tables.items()},
        rows_in=raw.count,
        duplicate=duplicates,
        rejected=rejected_rows(refused, distinct, raw),
        flags=flags,
        written=how_written(recognised, texts, formats=formats),
    )


def _make(recognised: Recognised, distinct: pl.DataFrame, values: Typed, delivery: Delivery) -> Made:
    if recognised.layout.source == attendance_extract.SOURCE:
        return attendance_extract.make(values.frame, distinct, recognised.header.headings, delivery)
    maker: Callable[[pl.DataFrame, Delivery], Made] = MAKERS[recognised.layout.source]
    return maker(values.frame, delivery)


def without_repeats(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The rows that are not word for word an earlier row of the file, and how many are."""
    distinct = frame.unique(frame.columns[1:], keep="first", maintain_order=True)
    return distinct, frame.height - distinct.height


def rejected_rows(refused: pl.DataFrame, frame: pl.DataFrame, raw: RawRows, *, part: str = "") -> pl.DataFrame:
    """Refused rows with their reason and the row itself as JSON: rows split into fields, and rows that could not be."""
    whole = frame.join(refused.select("row"), on="row", how="semi", maintain_order="left")
    names = _distinct_names(raw.headings)
    fields = whole.select("row", *(pl.col(f"c{place}").alias(name) for place, name in enumerate(names)))
    kept = pl.DataFrame(
        {"row": fields["row"], "raw": [json.dumps(row, ensure_ascii=False) for row in fields.drop("row").to_dicts()]},
        schema={"row": pl.Int64, "raw": pl.String},
    )
    told = refused.join(kept, on="row", how="left").with_columns(pl.lit(part).alias("part"))
    return stack([told.select(list(REJECTED_SCHEMA)), bad_rows(raw.bad, part=part)], REJECTED_SCHEMA).sort("row")


def bad_rows(bad: list[BadRow], *, part: str = "") -> pl.DataFrame:
    """Rows set aside before their fields were known, each kept as its text."""
    columns = {
        "row": [each.row for each in bad],
        "rule": [each.rule for each in bad],
        "reason": [each.reason for each in bad],
        "part": [part] * len(bad),
        "raw": [json.dumps({"text": each.text}, ensure_ascii=False) for each in bad],
    }
    return pl.DataFrame(columns, schema=REJECTED_SCHEMA)


def _distinct_names(headings: list[str]) -> list[str]:
    """Headings as they stand; one that is blank, `row` or met before gets its place added."""
    names: list[str] = []
    for place, heading in enumerate(headings, 1):
        taken = heading in names or heading in ("", "row")
        names.append(f"{heading} ({place})" if taken else heading)
    return names


def layout_values(frame: pl.DataFrame, found: Recognised, layout: Layout) -> Typed:
    """Converted rows of a table read as one of several of a group."""
    return typed(canonical(frame, found.found, layout, None), layout, formats={})
