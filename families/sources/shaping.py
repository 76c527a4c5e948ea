"""Puts values into the canonical tables: which columns a table has, how an address is composed."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

import polars as pl

from families.sources.census_terms import TERM_IN_NAME, last_taught_day, term_in_name
from families.sources.receipts import Written
from families.tables.records import RECORD_TABLES

Tables = dict[str, pl.DataFrame]
MONTH_IN_NAME = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_]?(0[1-9]|1[0-2])(?:[-_]?([0-3]\d))?(?!\d)")
NO_ROWS = pl.DataFrame()


@dataclass(frozen=True)
class Delivery:
    """What is being read: its id, source and file name, and when it was received."""

    id: str
    source: str
    file: str
    received_on: dt.date

    @property
    def stated_on(self) -> dt.date | None:
        """The day the file's name speaks of: the date in it, or the last day of the month in it."""
        return day_in_name(self.file)


@dataclass(frozen=True)
class Read:
    """What a reader made of a delivery: tables, refusals and doubts, and every data row counted once."""

    tables: Tables
    rows_in: int
    duplicate: int = 0
    superseded: int = 0
    rejected: pl.DataFrame = field(default_factory=pl.DataFrame)
    flags: pl.DataFrame = field(default_factory=pl.DataFrame)
    written: Written | None = None

    @property
    def accepted(self) -> int:
        """Rows that went into the tables."""
        return self.rows_in - self.duplicate - self.superseded - self.rejected.height


def day_in_name(name: str) -> dt.date | None:
    """The day a file name speaks of: the date in it, the last day of the month in it, or of the term in it.

    `exclusions_2011-12_autumn` is the autumn term of 2011/12, not December 2011.
    """
    if TERM_IN_NAME.search(name):
        return last_taught_day(*term_in_name(name))
    match = MONTH_IN_NAME.search(name)
    if match is None:
        return None
    year, month = int(match[1]), int(match[2])
    if match[3]:
        try:
            return dt.date(year, month, int(match[3]))
        except ValueError:
            return None
    return dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)


def schema_of(table: str) -> dict[str, pl.DataType]:
    """A canonical table's columns and types."""
    return dict(RECORD_TABLES[table].create_empty().schema)


def conform(table: str, frame: pl.DataFrame, *, delivery: Delivery) -> pl.DataFrame:
    """The canonical table: its columns in order and cast, absent ones blank, sorted by row and part."""
    schema = schema_of(table)
    if frame.width == 0:
        return pl.DataFrame(schema=schema)
    given = {"delivery": pl.lit(delivery.id), "part": pl.lit("")}
    if table in ("persons", "rejected", "flags"):
        given["source"] = pl.lit(delivery.source)
    columns = [
        (pl.col(name) if name in frame.columns else given.get(name, pl.lit(None))).cast(kind).alias(name)
        for name, kind in schema.items()
    ]
    return frame.select(columns).sort("row", "part", maintain_order=True)


def one_line(*parts: str) -> pl.Expr:
    """Address parts as one text, comma separated; blanks and an immediate repeat left out; null where all are blank."""
    if not parts:
        return pl.lit(None, dtype=pl.String)
    kept = [
        pl.when(pl.col(part).str.to_lowercase() != _before(parts, place).str.to_lowercase().fill_null("")).then(
            pl.col(part).str.strip_chars(" ,")
        )
        for place, part in enumerate(parts)
    ]
    line = pl.concat_str(kept, separator=", ", ignore_nulls=True)
    return pl.when(line != "").then(line)


def _before(parts: tuple[str, ...], place: int) -> pl.Expr:
    earlier = [pl.col(part) for part in reversed(parts[:place])]
    return pl.coalesce(earlier) if earlier else pl.lit(None, dtype=pl.String)


def with_address(frame: pl.DataFrame) -> pl.DataFrame:
    """`address` composed from parts where no single text was given; `town` from the post town where it is blank.

    Parts looked for: saon, paon, street, locality, town, post_town and address_line_1 to 6.
    """
    parts = ["saon", "paon", "street", "locality", "town", "post_town", "address"]
    lines = [f"address_line_{number}" for number in range(1, 7)]
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in (*parts, *lines) if name not in frame.columns]
    frame = frame.with_columns(absent)
    numbered = pl.col("paon").str.contains(r"^\d+[A-Za-z]?([-/]\d+[A-Za-z]?)?$") & pl.col("street").is_not_null()
    frame = frame.with_columns(
        pl.when(numbered).then(pl.concat_str("paon", "street", separator=" ")).alias("_numbered"),
        pl.when(~numbered.fill_null(False)).then("paon").alias("_paon"),
        pl.when(~numbered.fill_null(False)).then("street").alias("_street"),
    )
    parted = one_line("saon", "_paon", "_numbered", "_street", "locality", "town", "post_town")
    return frame.with_columns(
        pl.coalesce(pl.col("address"), parted, one_line(*lines)).alias("address"),
        pl.coalesce("town", "post_town").alias("town"),
    ).drop("_numbered", "_paon", "_street")


def full_birth_parts(frame: pl.DataFrame) -> pl.DataFrame:
    """Date of birth from its parts and the parts from the date, whichever were given; impossible days stay blank."""
    parts = ("birth_year", "birth_month", "birth_day")
    absent = [pl.lit(None, dtype=pl.Int32).alias(name) for name in parts if name not in frame.columns]
    frame = frame.with_columns(absent)
    built = pl.concat_str(
        [pl.col(part).cast(pl.String).str.zfill(width) for part, width in zip(parts, (4, 2, 2), strict=True)],
        separator="-",
    ).str.to_date("%Y-%m-%d", strict=False)
    whole = pl.coalesce(pl.col("date_of_birth").cast(pl.Date), built)
    return frame.with_columns(
        whole.alias("date_of_birth"),
        pl.coalesce(whole.dt.year(), "birth_year").alias("birth_year"),
        pl.coalesce(whole.dt.month().cast(pl.Int32), "birth_month").alias("birth_month"),
        pl.coalesce(whole.dt.day().cast(pl.Int32), "birth_day").alias("birth_day"),
    )


def persons(frame: pl.DataFrame, *, role: str, stated_on: dt.date | None = None) -> pl.DataFrame:
    """The people a frame of values names: those with a surname, a forename or a UPN."""
    wanted = [name for name in ("surname", "forename", "upn") if name in frame.columns]
    named = frame.filter(pl.any_horizontal(pl.col(wanted).is_not_null()))
    if "date_of_birth" not in named.columns:
        named = named.with_columns(pl.lit(None, dtype=pl.Date).alias("date_of_birth"))
    if "stated_on" not in named.columns:
        named = named.with_columns(pl.lit(stated_on, dtype=pl.Date).alias("stated_on"))
    return with_address(full_birth_parts(named)).with_columns(pl.lit(role).alias("role"))


def inferred_coverage(frame: pl.DataFrame, day: str, *, source: str, by_school: bool) -> pl.DataFrame:
    """What a feed of events may be taken to cover where nothing says so: from its earliest to its latest event."""
    dated = frame.filter(pl.col(day).is_not_null())
    keys = ["school"] if by_school else []
    if by_school:
        dated = dated.filter(pl.col("school").is_not_null())
    spans = dated.group_by(keys) if keys else dated.with_columns(pl.lit(1).alias("_all")).group_by("_all")
    return (
        spans.agg(pl.col("row").min(), pl.col(day).min().alias("covers_from"), pl.col(day).max().alias("covers_to"))
        .with_columns(pl.lit(source).alias("source"), pl.lit("inferred").alias("basis"))
        .drop("_all", strict=False)
        .sort("row")
    )


def snapshot_coverage(frame: pl.DataFrame, *, source: str, stated_on: dt.date | None) -> pl.DataFrame:
    """What a list of how things stand may be taken to cover: the day its name speaks of; nothing where it has none."""
    first = frame.select(pl.col("row").min()).filter(pl.col("row").is_not_null())
    day = pl.lit(stated_on, dtype=pl.Date)
    told = first.select(
        "row",
        pl.lit(source).alias("source"),
        day.alias("covers_from"),
        day.alias("covers_to"),
        pl.lit("inferred").alias("basis"),
    )
    return told.filter(pl.col("covers_from").is_not_null())
