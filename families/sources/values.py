"""Turns trimmed texts into values of their column's kind. A text that is no such value is flagged and left blank.

Where the row means nothing without the value (`need = "value"`), the row is rejected instead.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import polars as pl

from families.sources import identifiers as ids
from families.sources.date_formats import parse_dates
from families.sources.layouts import Layout

SEXES = {
    "f": "F", "female": "F", "girl": "F", "2": "F", "m": "M", "male": "M", "boy": "M", "1": "M",
    "u": "U", "x": "U", "i": "U", "0": "U", "9": "U", "unknown": "U", "not known": "U", "not specified": "U",
}  # fmt: skip
PLACEHOLDER_DATES = (dt.date(1900, 1, 1), dt.date(1901, 1, 1), dt.date(1899, 12, 31))
EARLIEST, LATEST = dt.date(1890, 1, 1), dt.date(2100, 1, 1)
OPEN_END = dt.date(2098, 1, 1)  # 31/12/2099 and 9999-12-31 stand for "no end"
END_COLUMNS = ("valid_to", "liable_to", "ended_on", "covers_to", "closed_on", "leaving_date")
WHY = {
    "upn_check": "The UPN fails its check letter, so it may be mistyped; it is kept and doubted.",
    "upn_temporary": "The UPN is temporary; the pupil may have another one elsewhere.",
    "upn_form": "The UPN is not 13 characters of the right kind and was left out.",
    "uln_check": "The ULN fails its check digit and was left out.",
    "nhs_check": "The NHS number fails its check digit and was left out.",
    "nino_form": "The National Insurance number has not the right form and was left out.",
    "uprn_form": "The UPRN is a placeholder, damaged by a spreadsheet or too long, and was left out.",
    "postcode_form": "The postcode has not the form of one; it is kept as delivered.",
    "date": "The date is impossible or in a form that is not known, and was left out.",
    "date_placeholder": "The date is one that systems put in where none is known.",
    "integer": "The value is not a whole number and was left out.",
    "sex": "The value is none of F, M and U and was left out.",
    "school": "The school number is not seven digits and was left out.",
}
NEEDED = {
    "blank": "{column} is blank, and the row means nothing without it: fill it in at its source.",
    "wrong": "{column} cannot be read as {kind}, and the row means nothing without it: correct it at its source.",
}
KIND_WORDS = {
    "date": "a date", "integer": "a whole number", "upn": "a UPN", "uprn": "a UPRN",
    "school": "a 7-digit school number", "sex": "a sex", "uln": "a ULN", "nhs": "an NHS number",
    "nino": "a National Insurance number",
}  # fmt: skip


@dataclass(frozen=True)
class Typed:
    """Rows with values of the right types; doubts as (row, field, rule, reason); refusals as (row, rule, reason)."""

    frame: pl.DataFrame
    flags: pl.DataFrame
    rejected: pl.DataFrame


FLAG_SCHEMA = {"row": pl.Int64, "field": pl.String, "rule": pl.String, "reason": pl.String}
REJECT_SCHEMA = {"row": pl.Int64, "rule": pl.String, "reason": pl.String}


@dataclass(frozen=True)
class Converted:
    """One column's values, and for each rule the rows in doubt."""

    values: pl.Series
    doubts: dict[str, pl.Series] = field(default_factory=dict)


def typed(frame: pl.DataFrame, layout: Layout, *, formats: dict[str, str]) -> Typed:
    """Convert every column of a canonical frame of texts."""
    columns: list[pl.Series] = [frame["row"]]
    flags: list[pl.DataFrame] = []
    rejected: list[pl.DataFrame] = []
    for name, column in layout.columns.items():
        converted = convert(frame[name], column.kind, form=formats.get(name), is_end=name in END_COLUMNS)
        columns.append(converted.values.alias(name))
        if column.need == "value":
            rejected.append(_needed(frame, converted.values, name, column.kind))
        flags += [
            _flag_rows(frame["row"].filter(doubt), name, rule)
            for rule, doubt in converted.doubts.items()
            if doubt.any()
        ]
    refused = first_reason(rejected)
    kept = pl.DataFrame(columns).join(refused, on="row", how="anti", maintain_order="left")
    told = stack(flags, FLAG_SCHEMA).join(refused, on="row", how="anti", maintain_order="left")
    return Typed(kept, told, refused)


def first_reason(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """One refusal a row: the first rule it breaks."""
    return stack(list(parts), REJECT_SCHEMA).unique("row", keep="first", maintain_order=True)


def stack(parts: list[pl.DataFrame], schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    """The parts one under another; an empty frame of the schema where there is none."""
    return pl.concat([pl.DataFrame(schema=schema), *parts])


def refuse(frame: pl.DataFrame, wrong: pl.Expr, rule: str, reason: str) -> pl.DataFrame:
    """Refusals for the rows of a frame that an expression picks."""
    rows = frame.filter(wrong.fill_null(False)).select("row")
    return rows.with_columns(pl.lit(rule).alias("rule"), pl.lit(reason).alias("reason"))


def doubt(frame: pl.DataFrame, doubtful: pl.Expr, field_name: str, rule: str, reason: str) -> pl.DataFrame:
    """Flags for the rows of a frame that an expression picks."""
    rows = frame.filter(doubtful.fill_null(False)).select("row")
    return rows.with_columns(
        pl.lit(field_name).alias("field"), pl.lit(rule).alias("rule"), pl.lit(reason).alias("reason")
    )


def _flag_rows(rows: pl.Series, name: str, rule: str) -> pl.DataFrame:
    return (
        rows.alias("row")
        .to_frame()
        .select("row", pl.lit(name).alias("field"), pl.lit(rule).alias("rule"), pl.lit(WHY[rule]).alias("reason"))
    )


def _needed(frame: pl.DataFrame, values: pl.Series, name: str, kind: str) -> pl.DataFrame:
    is_missing = values.is_null()
    rows = frame.select("row", was_blank=pl.col(name).is_null()).filter(is_missing)
    words = KIND_WORDS.get(kind, "what it should be")
    blank, wrong = (NEEDED[rule].format(column=name, kind=words) for rule in ("blank", "wrong"))
    return rows.select(
        "row",
        pl.when("was_blank").then(pl.lit(f"{name}_blank")).otherwise(pl.lit(f"{name}_wrong")).alias("rule"),
        pl.when("was_blank").then(pl.lit(blank)).otherwise(pl.lit(wrong)).alias("reason"),
    )


def convert(texts: pl.Series, kind: str, *, form: str | None = None, is_end: bool = False) -> Converted:
    """The values of a column of texts."""
    if kind == "date":
        return _dates(texts, form, is_end=is_end)
    if texts.null_count() == len(texts):
        return Converted(texts.cast(pl.Int32 if kind == "integer" else pl.String))
    return _CONVERTERS[kind](texts)


def _dates(texts: pl.Series, form: str | None, *, is_end: bool) -> Converted:
    days = parse_dates(texts, form=form)
    if is_end:
        days = pl.select(pl.when(days >= OPEN_END).then(None).otherwise(days)).to_series()
    is_sane = days.is_between(EARLIEST, LATEST)
    values = pl.select(pl.when(is_sane).then(days)).to_series()
    is_open = parse_dates(texts, form=form) >= OPEN_END if is_end else pl.Series([False]).new_from_index(0, len(texts))
    unread = texts.is_not_null() & values.is_null() & ~is_open.fill_null(False)
    return Converted(values, {"date": unread, "date_placeholder": values.is_in(PLACEHOLDER_DATES).fill_null(False)})


def _by_rule(texts: pl.Series, normalise: pl.Expr, is_valid: Callable[[pl.Expr], pl.Expr], rule: str) -> Converted:
    frame = texts.alias("text").to_frame().with_columns(normalise.alias("value"))
    frame = frame.with_columns(is_valid(pl.col("value")).alias("valid"))
    values = frame.select(pl.when("valid").then("value")).to_series()
    return Converted(values, {rule: texts.is_not_null() & ~frame["valid"]})


def _upns(texts: pl.Series) -> Converted:
    frame = (
        texts.alias("text")
        .to_frame()
        .with_columns(ids.upn(pl.col("text")).alias("value"))
        .with_columns(formed=ids.is_upn_formed(pl.col("value")), valid=ids.is_valid_upn(pl.col("value")))
    )
    frame = frame.with_columns(temporary=ids.is_temporary_upn(pl.col("value")) & pl.col("valid"))
    values = frame.select(pl.when("formed").then("value")).to_series()
    return Converted(
        values,
        {
            "upn_form": texts.is_not_null() & ~frame["formed"],
            "upn_check": frame["formed"] & ~frame["valid"],
            "upn_temporary": frame["temporary"],
        },
    )


def _uprns(texts: pl.Series) -> Converted:
    values = texts.alias("text").to_frame().select(ids.uprn(pl.col("text"))).to_series()
    return Converted(values, {"uprn_form": texts.is_not_null() & values.is_null()})


def _postcodes(texts: pl.Series) -> Converted:
    values = texts.alias("text").to_frame().select(ids.postcode(pl.col("text"))).to_series()
    valid = values.alias("text").to_frame().select(ids.is_valid_postcode(pl.col("text"))).to_series()
    return Converted(values, {"postcode_form": values.is_not_null() & ~valid})


def _integers(texts: pl.Series) -> Converted:
    values = texts.str.replace_all(",", "").str.replace(r"\.0+$", "").cast(pl.Int32, strict=False)
    return Converted(values, {"integer": texts.is_not_null() & values.is_null()})


def _sexes(texts: pl.Series) -> Converted:
    bare = texts.str.to_lowercase().str.replace(r"\.0+$", "")
    values = bare.replace_strict(SEXES, default=None, return_dtype=pl.String)
    return Converted(values, {"sex": texts.is_not_null() & values.is_null()})


def _schools(texts: pl.Series) -> Converted:
    values = texts.alias("text").to_frame().select(ids.laestab(pl.col("text"))).to_series()
    return Converted(values, {"school": texts.is_not_null() & values.is_null()})


def _codes(texts: pl.Series) -> Converted:
    return Converted(texts.str.to_uppercase())


_CONVERTERS: dict[str, Callable[[pl.Series], Converted]] = {
    "text": Converted,
    "name": Converted,
    "code": _codes,
    "upn": _upns,
    "uln": lambda texts: _by_rule(texts, ids.digits(pl.col("text")), ids.is_valid_uln, "uln_check"),
    "nhs": lambda texts: _by_rule(texts, ids.digits(pl.col("text")), ids.is_valid_nhs_number, "nhs_check"),
    "nino": lambda texts: _by_rule(texts, ids.nino(pl.col("text")), ids.is_valid_nino, "nino_form"),
    "uprn": _uprns,
    "postcode": _postcodes,
    "integer": _integers,
    "sex": _sexes,
    "school": _schools,
}


def words_to_values(texts: pl.Expr, words: dict[str, str]) -> pl.Expr:
    """The value of the first word, in the order given, that a text contains as a whole word; null where none does."""
    lowered = texts.str.to_lowercase()
    found = [
        pl.when(lowered.str.contains(rf"(^|[^a-z0-9]){word}($|[^a-z0-9])")).then(pl.lit(value))
        for word, value in words.items()
    ]
    return pl.coalesce(*found) if found else pl.lit(None, dtype=pl.String)
