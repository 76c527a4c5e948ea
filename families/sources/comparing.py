"""A file in trial beside the delivery of its source before it: what is new, what is gone, which schools are missing.

People are told apart by UPN, by the source's own id, or by name and date of birth; other rows by all they say. Only
counts and numbers of schools leave this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from families.sources.receipts import Against, Difference
from families.tables.records import RECORD_TABLES

BESIDE = ("coverage", "rejected", "flags")  # no records
PLACE = ("delivery", "row", "part", "stated_on")  # where a row stands, and when; not what it says
NAMES = ("surname", "forename", "date_of_birth")


def against(tables: Mapping[str, pl.DataFrame], before: Path) -> Against:
    """The tables of a file beside those that lie in the folder of the delivery before."""
    names = [name for name in RECORD_TABLES if name not in BESIDE]
    now = {name: tables[name] for name in names if name in tables and tables[name].height}
    files = {name: before / f"{name}.parquet" for name in names}
    then = {name: pl.read_parquet(path.read_bytes()) for name, path in files.items() if path.is_file()}
    differences = [
        _difference(name, now.get(name, _none(name)), then.get(name, _none(name)))
        for name in names
        if name in now or name in then
    ]
    missing = _schools(then) - _schools(now) if "school" in _columns(now) else set()
    return Against(before.parent.name, tuple(differences), tuple(sorted(missing)))


def _none(name: str) -> pl.DataFrame:
    return RECORD_TABLES[name].create_empty()


def _columns(tables: Mapping[str, pl.DataFrame]) -> set[str]:
    return {column for table in tables.values() for column in table.columns}


def _schools(tables: Mapping[str, pl.DataFrame]) -> set[str]:
    return {
        school
        for table in tables.values()
        if "school" in table.columns
        for school in table["school"].drop_nulls().unique()
    }


def _difference(name: str, now: pl.DataFrame, then: pl.DataFrame) -> Difference:
    what = "People" if name == "persons" else name.replace("_", " ").capitalize()
    shared = [column for column in now.columns if column in then.columns]  # an earlier version may have had fewer
    one, other = (_told_apart(name, table.select(shared)) for table in (now, then))
    new = one.join(other, on="it", how="anti").height
    gone = other.join(one, on="it", how="anti").height
    return Difference(what, one.height, new, gone)


def _told_apart(name: str, table: pl.DataFrame) -> pl.DataFrame:
    """One row for each person or thing that a table tells of."""
    if name == "persons":
        named = pl.concat_str(
            *(pl.col(column).cast(pl.String).str.to_lowercase().fill_null("") for column in NAMES), separator="|"
        )
        it = pl.coalesce("upn", "source_person_id", named)
    else:
        it = pl.struct(pl.exclude(PLACE)).hash(seed=0)
    return table.select(it.alias("it")).unique()
