"""What schools with a feed send: session marks and exclusions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from families.synthetic.agencies.census import term_window
from families.synthetic.agencies.school_systems import SchoolSystems, on_day
from families.synthetic.school_days import TERMS
from families.synthetic.schooling import FEED
from families.synthetic.streams import Array, stream
from families.synthetic.world import World
from families.synthetic.writing import LEDGER, ledger, uk_date, write_csv

_CHUNK = 10_000
_PUT_RIGHT = 0.012  # of absences first marked N, no reason yet


def write_marks(world: World, inbox: Path, *, file_format: str) -> None:
    """The marks of the last academic year, a file a term, streamed in chunks of spells."""
    year = world.marks.year
    spells = pl.DataFrame({"spell": world.marks.spell}).join(
        world.schooling.spells.select("spell", "child", "school"), on="spell", how="left", maintain_order="left"
    )
    schools = world.schooling.schools
    feeds = (schools["delivers"] == FEED).to_numpy()[spells["school"].to_numpy()]
    laestab = schools["laestab"].to_numpy().astype(object)[spells["school"].to_numpy()]
    upn = _as_typed(world, world.schooling.upn[spells["child"].to_numpy()])
    rows = np.flatnonzero(feeds)
    rows = rows[np.argsort(laestab[rows].astype(str), kind="stable")]
    (inbox / "marks").mkdir(parents=True, exist_ok=True)
    for term, name in enumerate(TERMS):
        columns = year.sessions(term)
        if not len(columns):
            continue
        path = inbox / "marks" / f"marks_{year.start_year}-{(year.start_year + 1) % 100:02d}_{name}.{file_format}"
        days = pl.Series((year.days[columns // 2]).astype(np.int32)).cast(pl.Date)
        chunks = (
            _chunk(world, rows[low : low + _CHUNK], columns, days, upn, laestab, f"{name} {low}")
            for low in range(0, len(rows), _CHUNK)
        )
        if file_format == "csv":
            with path.open("wb") as file:
                for index, chunk in enumerate(chunks):
                    chunk.write_csv(file, include_header=index == 0)
        else:
            _write_parquet(path, chunks)


def _write_parquet(path: Path, chunks: Iterable[pl.DataFrame]) -> None:
    writer = None
    for chunk in chunks:
        table = chunk.to_arrow()
        if writer is None:
            writer = pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table.cast(writer.schema))
    if writer is not None:
        writer.close()


def _as_typed(world: World, upn: Array) -> Array:
    """UPNs as the system types them: one in a hundred pupils with a stray blank or in lower case."""
    rng = stream(world.seed, "typed upn")
    out = upn.astype(object)
    rows = np.flatnonzero(rng.random(len(upn)) < 0.01)
    out[rows] = [value.lower() if i % 2 else f"{value} " for i, value in enumerate(out[rows].tolist())]
    return out


def _chunk(
    world: World, rows: Array, columns: Array, days: pl.Series, upn: Array, laestab: Array, name: str
) -> pl.DataFrame:
    """The marks of some spells; where a mark was put right later, both versions with the day each was received."""
    block = world.marks.marks[rows][:, columns]
    row, column = np.nonzero(block)
    mark = block[row, column]
    rng = stream(world.seed, "marks put right", name)
    later = np.flatnonzero((rng.random(len(mark)) < _PUT_RIGHT) & np.isin(mark, [ord(code) for code in "IOM"]))
    received = np.full(len(mark) + len(later), -1, dtype=np.int32)
    taken = days.cast(pl.Int32).to_numpy()[column[later]]
    received[later] = taken + rng.integers(2, 7, len(later))
    received[len(mark) :] = taken
    row, column = np.concatenate([row, row[later]]), np.concatenate([column, column[later]])
    mark = np.concatenate([mark, np.full(len(later), ord("N"), dtype=mark.dtype)])
    letters = pl.Series([chr(i) for i in range(128)], dtype=pl.String)
    text = pl.String
    return pl.DataFrame(
        {
            "UPN": pl.Series(upn[rows], dtype=text).gather(row),
            "LAEstab": pl.Series(laestab[rows], dtype=text).gather(row),
            "Date": days.gather(column),
            "Session": pl.Series(["AM", "PM"]).gather(columns[column] % 2),
            "Mark": letters.gather(mark),
            "Received": pl.Series(received),
        }
    ).with_columns(Received=pl.when(pl.col("Received") >= 0).then(pl.col("Received")).cast(pl.Date))


def write_exclusions(world: World, systems: SchoolSystems, inbox: Path) -> pl.DataFrame:
    """The exclusions of feeding schools, a file a term."""
    feeding = world.schooling.schools.filter(pl.col("delivers") == FEED).select("school", "laestab")
    rows = world.exclusions.filter(~pl.col("lost")).join(feeding, on="school")
    ledgers = [pl.DataFrame(schema=LEDGER)]
    for year in world.years:
        for term, name in enumerate(TERMS):
            first, last = term_window(year.start_year, term)
            held = on_day(systems, last)
            part = (
                rows.filter(pl.col("start").is_between(first, last))
                .join(held, left_on="child", right_on="person")
                .sort("laestab", "start", "exclusion")
            )
            if not len(year.sessions(term)):
                continue
            file = f"exclusions/exclusions_{year.start_year}-{(year.start_year + 1) % 100:02d}_{name}.csv"
            is_fixed = pl.col("category") == "FIXD"
            write_csv(
                part.select(
                    UPN="upn_elsewhere",
                    Surname="surname",
                    Forename="forename",
                    DOB="born",
                    LAEstab="laestab",
                    Category="category",
                    StartDate="start",
                    EndDate=pl.when(is_fixed).then(pl.col("end")),
                    Sessions=pl.when(is_fixed).then(pl.col("sessions")),
                    Reason1="reason",
                    Reason2=pl.lit(""),
                    Reason3=pl.lit(""),
                ).with_columns(uk_date("DOB"), uk_date("StartDate"), uk_date("EndDate")),
                inbox,
                file,
            )
            ledgers.append(ledger(part, file=file, person="child"))
    return pl.concat(ledgers)
