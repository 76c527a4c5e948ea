"""Reads the wide termly extract: a row a pupil, a column a code, headed `T_Reason_I` or with the code itself."""

from __future__ import annotations

import re

import polars as pl

from families.reference import REFERENCE
from families.sources.census_terms import last_taught_day, term_in_name
from families.sources.shaping import Delivery, persons
from families.sources.tabular import UNNAMED, Made
from families.sources.values import FLAG_SCHEMA, doubt, first_reason, refuse, stack

SOURCE = "attendance_extract"
T_REASON = re.compile(r"^t[_ ]?reason[_ ]?(.+)$", re.IGNORECASE)
LEAVER = "LEAVER"


def make(frame: pl.DataFrame, raw: pl.DataFrame, headings: list[str], delivery: Delivery) -> Made:
    """Persons, enrolments and counts; the term is the one in the file's name."""
    year, term = term_in_name(delivery.file)
    stated_on = last_taught_day(year, term)
    rows = frame.with_columns(
        _school().alias("school"),
        pl.lit(stated_on, dtype=pl.Date).alias("stated_on"),
        pl.any_horizontal(pl.col("enrol_status", "nc_year").str.to_uppercase() == LEAVER)
        .fill_null(False)
        .alias("is_leaver"),
    )
    rejected = refuse(rows, pl.all_horizontal(pl.col("upn", "surname").is_null()), "unnamed", UNNAMED)
    rows = rows.join(rejected, on="row", how="anti", maintain_order="left").with_columns(
        ~pl.col("is_leaver").alias("is_on_roll"),
        *(
            pl.when(pl.col(name).str.to_uppercase() != LEAVER).then(name).alias(name)
            for name in ("enrol_status", "nc_year")
        ),
    )
    counts, unread = _counts(rows, raw, headings)
    counts = counts.with_columns(
        pl.lit(year).alias("academic_year"), pl.lit(term).alias("term"), pl.lit(None, dtype=pl.Int32).alias("half")
    )
    more = _more_than_possible(counts)
    tables = {"persons": persons(rows, role="pupil"), "enrolments": rows, "attendance_counts": counts}
    return Made(tables, first_reason([rejected]), stack([unread, more], FLAG_SCHEMA))


def _school() -> pl.Expr:
    """Seven digits where the file gives the authority too; else the four of the establishment, completed on reading."""
    number = pl.col("estab").str.replace(r"\.0+$", "").str.replace(r"^(\d{3})[/ -](\d{4})$", "${1}${2}")
    whole = (
        pl.when(pl.col("la").is_not_null() & (number.str.len_chars() <= 4))
        .then(pl.col("la").str.replace(r"\.0+$", "") + number.str.zfill(4))
        .otherwise(pl.when(number.str.len_chars() <= 4).then(number.str.zfill(4)).otherwise(number))
    )
    return pl.when(whole.str.contains(r"^(\d{3})?\d{4}$")).then(whole)


def _codes(headings: list[str]) -> dict[int, str]:
    """The place of each column that counts a code."""
    known = set(pl.read_csv((REFERENCE / "attendance_codes.csv").read_bytes(), infer_schema=False)["code"])
    found: dict[int, str] = {}
    for place, heading in enumerate(headings):
        match = T_REASON.match(heading.strip())
        code = (match[1] if match else heading).strip().upper()
        if code in known:
            found[place] = code
    return found


def _counts(rows: pl.DataFrame, raw: pl.DataFrame, headings: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row a pupil and code with sessions, and the totals stated; and doubts about what is no number."""
    totals = rows.select("row", "possible", "authorised", "unauthorised")
    coded = raw.select("row", *(pl.col(f"c{place}").alias(code) for place, code in _codes(headings).items()))
    coded = coded.join(rows.select("row"), on="row", how="semi", maintain_order="left")
    number = pl.exclude("row").str.strip_chars().str.replace(r"\.0+$", "")
    numbers = coded.with_columns(number.cast(pl.Int32, strict=False))
    flags = [
        doubt(
            coded.select("row", text=pl.col(code).str.strip_chars(), number=numbers[code]),
            (pl.col("text") != "") & pl.col("number").is_null(),
            code,
            "integer",
            "The number of sessions is not a whole number and was left out.",
        )
        for code in coded.columns[1:]
    ]
    long = pl.concat(
        [
            totals.unpivot(index="row", variable_name="code", value_name="sessions"),
            numbers.unpivot(index="row", variable_name="code", value_name="sessions").filter(pl.col("sessions") != 0),
        ]
    ).drop_nulls("sessions")
    keys = rows.select("row", "upn", "school")
    return long.join(keys, on="row").sort("row", "code"), stack(flags, FLAG_SCHEMA)


def _more_than_possible(counts: pl.DataFrame) -> pl.DataFrame:
    totals = ("possible", "authorised", "unauthorised")
    sums = counts.group_by("row").agg(
        pl.col("sessions").filter(pl.col("code") == "possible").max().alias("possible"),
        pl.col("sessions").filter(~pl.col("code").is_in(totals)).sum().alias("coded"),
    )
    return doubt(
        sums.sort("row"),
        pl.col("coded") > pl.col("possible"),
        "possible",
        "more_than_possible",
        "The sessions by code add up to more than the possible sessions.",
    )
