"""Reads one delivery into a folder: its tables and its receipt. Nothing here makes it count; the store does that.

Works from a request of plain values, so that it can be done in a process of its own (apart.py).
"""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from families.errors import Refused
from families.sources import collect
from families.sources.census_xml import ROOT as CENSUS_ROOT
from families.sources.census_xml import read_census
from families.sources.collect import read_collect
from families.sources.comparing import against
from families.sources.layouts import Mapping
from families.sources.marks import SOURCE as MARKS
from families.sources.marks import read_marks
from families.sources.opening import Opened, open_file
from families.sources.reading import read_table
from families.sources.receipts import Receipt
from families.sources.recognise import candidates, recognise
from families.sources.shaping import Delivery, Read, conform
from families.sources.transfer_file import ROOT as TRANSFER_ROOT
from families.sources.transfer_file import read_transfer_file
from families.sources.written import refuse_doubtful_dates
from families.sources.xml_files import root_name
from families.tables.records import RECORD_TABLES

CENSUS, TRANSFER, TABLES = "school_census", "common_transfer_file", "school_census_tables"
XML_ROOTS = {CENSUS_ROOT: CENSUS, TRANSFER_ROOT: TRANSFER}
ID_LENGTH = 16


@dataclass(frozen=True)
class Request:
    """A delivery to read: its files, what is said of them, and the folder to write to (none for a trial)."""

    paths: tuple[Path, ...]
    name: str
    sha256: str
    source: str | None
    mapping: Mapping | None
    received_on: dt.date
    folder: Path | None
    is_careful: bool = False  # stops where the order of dates is in doubt
    befores: dict[str, str] = field(default_factory=dict)  # for a trial: by source the last delivery's tables


def take_in(request: Request) -> Receipt:
    """Read the delivery, check that its rows add up, write its tables. Refused in one sentence where it cannot be."""
    started = time.monotonic()
    beside = request.folder.parent if request.folder else None  # in the home, where a killed load is swept away
    with tempfile.TemporaryDirectory(prefix="families-", dir=beside) as work:
        opened = [_open(path, Path(work) / str(number)) for number, path in enumerate(request.paths, 1)]
        source, reader = _reader(opened, request.source, request.mapping)
        delivery = Delivery(request.sha256[:ID_LENGTH], source, request.name, request.received_on)
        read = reader(delivery)
    _check_counts(read, request.name)
    if request.is_careful and request.folder is not None:
        refuse_doubtful_dates(read.written, request.name)
    tables = _all_tables(delivery, read)
    if request.folder is not None:
        _write(request.folder, tables)
    receipt = _receipt(delivery, read, request=request, opened=opened, seconds=time.monotonic() - started)
    before = request.befores.get(delivery.source)
    return replace(receipt, against=against(tables, Path(before))) if before else receipt


def _open(path: Path, work: Path) -> Opened:
    work.mkdir()
    return open_file(path, work=work)


def _reader(
    opened: list[Opened], source: str | None, mapping: Mapping | None
) -> tuple[str, Callable[[Delivery], Read]]:
    """The source a delivery is of, and what reads it."""
    file = opened[0]
    if collect.table_name(file.name) and source in (None, TABLES):
        return TABLES, lambda delivery: read_collect(opened, delivery)
    if file.kind == "xml":
        return _xml_reader(file, source, mapping)
    if source in (*XML_ROOTS.values(), TABLES):
        raise Refused(f"{file.name} is not a file of {source}: leave --source out, or give the right file.")
    if file.kind == "parquet":
        if source not in (None, MARKS):
            raise Refused(f"{file.name} is Parquet, and {source} is read from CSV or a workbook only: export it so.")
        return MARKS, lambda delivery: read_marks(file, None, delivery, mapping)
    recognised = recognise(file, candidates(source, mapping), mapping)
    if recognised.layout.source == MARKS:
        return MARKS, lambda delivery: read_marks(file, recognised, delivery, mapping)
    return recognised.layout.source, lambda delivery: read_table(recognised, delivery, mapping)


def _xml_reader(file: Opened, source: str | None, mapping: Mapping | None) -> tuple[str, Callable[[Delivery], Read]]:
    found = XML_ROOTS.get(root_name(file))
    if found is None:
        raise Refused(
            f"{file.name} is XML, but neither a School Census return nor a Common Transfer File: export one of these, "
            "or the data as CSV."
        )
    if mapping is not None or source not in (None, found):
        raise Refused(f"{file.name} is a file of {found}, not of {source}: leave --source and --mapping out for it.")
    if found == CENSUS:
        return found, lambda delivery: read_census(file, delivery)
    return found, lambda delivery: read_transfer_file(file, delivery)


def _check_counts(read: Read, name: str) -> None:
    """Every data row is accepted, duplicate, superseded or rejected, once."""
    counted = read.rejected.select("part", "row").unique().height if read.rejected.height else 0
    if counted != read.rejected.height or read.accepted < 0:
        raise Refused(f"{name} was not taken in: its rows do not add up, which is a fault of this software; report it.")


def _all_tables(delivery: Delivery, read: Read) -> dict[str, pl.DataFrame]:
    told = {"rejected": read.rejected, "flags": read.flags}
    every = read.tables | {name: conform(name, frame, delivery=delivery) for name, frame in told.items()}
    return {name: RECORD_TABLES[name].validate(table) for name, table in every.items()}


def _write(folder: Path, tables: dict[str, pl.DataFrame]) -> None:
    for name, table in tables.items():
        if table.height:
            table.write_parquet(folder / f"{name}.parquet", compression="zstd", compression_level=1)


def _receipt(delivery: Delivery, read: Read, *, request: Request, opened: list[Opened], seconds: float) -> Receipt:
    is_group = delivery.source == TABLES
    first, last = _covered(read)
    return Receipt(
        delivery=delivery.id,
        source=delivery.source,
        file=delivery.file,
        sha256=request.sha256,
        received_on=delivery.received_on,
        rows_in=read.rows_in,
        accepted=read.accepted,
        duplicate=read.duplicate,
        superseded=read.superseded,
        rejected=read.rejected.height,
        rejected_by_rule=_by_rule(read.rejected),
        flags_by_rule=_by_rule(read.flags),
        tables={name: table.height for name, table in sorted(read.tables.items()) if table.height},
        files={file.name: file.sha256 for file in opened},
        not_read=tuple(f.name for f in opened if is_group and collect.table_name(f.name) not in collect.LAYOUT_OF),
        seconds=round(seconds, 3),
        reasons=_reasons(read.rejected),
        mapping=request.mapping.model_dump() if request.mapping else None,
        written=read.written,
        covers_from=first,
        covers_to=last,
    )


def _covered(read: Read) -> tuple[dt.date | None, dt.date | None]:
    """The first and the last day that a delivery speaks of."""
    if "coverage" not in read.tables:
        return None, None
    first, last = read.tables["coverage"].select(pl.col("covers_from").min(), pl.col("covers_to").max()).row(0)
    return first, last


def _by_rule(frame: pl.DataFrame) -> dict[str, int]:
    return dict(frame.group_by("rule").len().sort("rule").rows()) if frame.height else {}


def _reasons(rejected: pl.DataFrame) -> dict[str, str]:
    """The sentence of each rule, as its first row has it; none holds a personal value."""
    if rejected.is_empty():
        return {}
    first = rejected.sort("part", "row").unique("rule", keep="first", maintain_order=True)
    return dict(first.select("rule", "reason").sort("rule").rows())
