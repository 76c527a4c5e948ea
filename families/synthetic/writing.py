"""Files written the same way every time, and the ledger of who each row is."""

from __future__ import annotations

from pathlib import Path

import polars as pl

LEDGER = {"file": pl.String, "row": pl.Int64, "part": pl.String, "person": pl.Int64}


def uk_date(column: str) -> pl.Expr:
    """A day number as dd/mm/yyyy; blank where null or never."""
    return _as_date(column).dt.strftime("%d/%m/%Y").fill_null("").alias(column)


def iso_date(column: str) -> pl.Expr:
    """A day number as an ISO date; blank where null or never."""
    return _as_date(column).dt.strftime("%Y-%m-%d").fill_null("").alias(column)


def collect_date(column: str) -> pl.Expr:
    """A day number as the COLLECT extract writes it: 2012-Oct-04 00:00:00."""
    return _as_date(column).dt.strftime("%Y-%b-%d 00:00:00").fill_null("").alias(column)


def _as_date(column: str) -> pl.Expr:
    never = 2**31 - 1
    return pl.when(pl.col(column) < never).then(pl.col(column)).cast(pl.Int32).cast(pl.Date)


def write_csv(frame: pl.DataFrame, inbox: Path, name: str) -> None:
    """Writes a CSV below the inbox, making its folder; blank text stays blank, without quotes."""
    path = inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    blank_as_null = pl.col(pl.String).replace("", None)
    frame.with_columns(blank_as_null).write_csv(path)


def ledger(frame: pl.DataFrame, *, file: str, part: str = "", person: str = "person") -> pl.DataFrame:
    """The ledger of a file whose rows are the frame's, in order; rows with a null person are nobody's."""
    return (
        frame.select(
            pl.lit(file).alias("file"),
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("row"),
            pl.lit(part).alias("part"),
            pl.col(person).cast(pl.Int64).alias("person"),
        )
        .filter(pl.col("person").is_not_null())
        .select(list(LEDGER))
    )
