"""Typed values of pupils read from XML, by the same rules as columns of a table."""

from __future__ import annotations

from typing import Any

import polars as pl

from families.sources.layouts import Kind
from families.sources.values import FLAG_SCHEMA, WHY, convert, stack


def frame_of(rows: list[dict[str, Any]], columns: dict[str, Kind], *, also: dict[str, Any]) -> pl.DataFrame:
    """Rows of texts as a frame; `also` names the columns that are values already, with their types."""
    schema = dict(also) | dict.fromkeys(columns, pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def typed_columns(frame: pl.DataFrame, columns: dict[str, Kind]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The frame with its columns of texts converted, and doubts with `row` and `part`."""
    flags: list[pl.DataFrame] = []
    done: list[pl.Series] = []
    for name, kind in columns.items():
        converted = convert(frame[name], kind)
        done.append(converted.values.alias(name))
        flags += [
            frame.filter(doubt).select(
                "row",
                "part",
                pl.lit(name).alias("field"),
                pl.lit(rule).alias("rule"),
                pl.lit(WHY[rule]).alias("reason"),
            )
            for rule, doubt in converted.doubts.items()
            if doubt.any()
        ]
    return frame.with_columns(done), stack(flags, {"row": pl.Int64, "part": pl.String} | FLAG_SCHEMA)
