"""Takes deliveries in, whole or not at all, and hands out their records.

A delivery is read into a folder beside its place, every row counted, every file flushed, and then renamed: killed at
any instant, it is there whole or not there. The same bytes are never taken twice.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from families.errors import Refused
from families.home import sync_folder
from families.sources import collect
from families.sources.census_xml import ROOT as CENSUS_ROOT
from families.sources.census_xml import read_census
from families.sources.collect import read_collect
from families.sources.layouts import Mapping, layouts, load_mapping
from families.sources.marks import SOURCE as MARKS
from families.sources.marks import read_marks
from families.sources.opening import READABLE, Opened, hash_of, keep_copy, open_file
from families.sources.reading import read_table
from families.sources.recognise import candidates, recognise
from families.sources.shaping import Delivery, Read, schema_of
from families.sources.transfer_file import ROOT as TRANSFER_ROOT
from families.sources.transfer_file import read_transfer_file
from families.sources.xml_files import root_name
from families.tables.records import RECORD_TABLES

CENSUS, TRANSFER, TABLES = "school_census", "common_transfer_file", "school_census_tables"
XML_ROOTS = {CENSUS_ROOT: CENSUS, TRANSFER_ROOT: TRANSFER}
INCOMING = ".incoming-"
NOT_DELIVERIES = ("readme", "licence", "license", "thumbs.db", "desktop.ini", "~$")
ID_LENGTH = 16
COMPLETED = ("enrolments", "attendance_counts", "exclusions", "marks", "coverage")


@dataclass(frozen=True)
class Receipt:
    """What became of a delivery: every data row counted once, and the tables made."""

    delivery: str
    source: str
    file: str
    sha256: str
    received_on: dt.date
    rows_in: int
    accepted: int
    duplicate: int
    superseded: int
    rejected: int
    rejected_by_rule: dict[str, int] = field(default_factory=dict)
    flags_by_rule: dict[str, int] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)  # each file's name and SHA-256 as unpacked
    not_read: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Loaded:
    """What a load did: receipts of what was taken in, and a sentence for each file that was not."""

    receipts: list[Receipt]
    refusals: list[str]


class SomeRefused(Refused):
    """Some files were not taken in; the others were. `receipts` has those; the message has a sentence a line."""

    def __init__(self, loaded: Loaded) -> None:
        """Keep what was loaded beside the sentences."""
        super().__init__("\n".join(loaded.refusals))
        self.receipts = loaded.receipts
        self.refusals = loaded.refusals


@dataclass(frozen=True)
class _Parcel:
    """Files that make one delivery."""

    paths: tuple[Path, ...]

    @property
    def name(self) -> str:
        """What the delivery is called: its file, or the common part of a group's names."""
        if len(self.paths) == 1 and collect.group_key(self.paths[0]) is None:
            return self.paths[0].name
        year, term = collect.FILE_NAME.match(self.paths[0].name).groups()[:2]  # type: ignore[union-attr]
        return f"{year}_{term.lower()}_*.csv"


def load(
    home_path: Path,
    paths: list[Path],
    *,
    source: str | None = None,
    mapping: Path | None = None,
    dry_run: bool = False,
    received_on: dt.date,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Receipt]:
    """Take files and folders in. Raises SomeRefused, with the receipts of the others, where any was not."""
    loaded = load_each(
        home_path, paths, source=source, mapping=mapping, dry_run=dry_run, received_on=received_on, tell=tell
    )
    if loaded.refusals:
        raise SomeRefused(loaded)
    return loaded.receipts


def load_each(
    home_path: Path,
    paths: list[Path],
    *,
    source: str | None = None,
    mapping: Path | None = None,
    dry_run: bool = False,
    received_on: dt.date,
    tell: Callable[[str], None] = lambda _: None,
) -> Loaded:
    """Take files and folders in, each by itself; a bad one gets its sentence and does not stop the others."""
    saved = load_mapping(mapping) if mapping else None
    wanted = _wanted_source(source, saved)
    sweep(home_path)
    done: list[Receipt] = []
    refusals: list[str] = []
    known = {sha: receipt for receipt in receipts(home_path) for sha in (receipt.sha256, *receipt.files.values())}
    for parcel in _parcels(paths, refusals):
        tell(parcel.name)
        try:
            receipt = _load_one(
                home_path, parcel, source=wanted, mapping=saved, dry_run=dry_run, received_on=received_on, known=known
            )
        except Refused as refusal:
            refusals.append(str(refusal))
            continue
        known |= dict.fromkeys((receipt.sha256, *receipt.files.values()), receipt)
        done.append(receipt)
    return Loaded(done, refusals)


def _wanted_source(source: str | None, mapping: Mapping | None) -> str | None:
    every = {*(name for name in layouts() if not name.startswith("collect_")), *XML_ROOTS.values(), TABLES}
    if source is not None and source not in every:
        raise Refused(f"There is no source {source!r}: sources are {', '.join(sorted(every))}.")
    if mapping is not None and source is not None and mapping.source != source:
        raise Refused(f"The mapping is for {mapping.source}, but --source says {source}: give one of them.")
    return mapping.source if mapping else source


def _parcels(paths: Iterable[Path], refusals: list[str]) -> list[_Parcel]:
    """Every delivery under the paths, in order of path; COLLECT tables of one folder, year and term together."""
    files: list[Path] = []
    for path in paths:
        try:
            files += _files_under(path)
        except Refused as refusal:
            refusals.append(str(refusal))
    groups: dict[tuple[str, str, str], list[Path]] = {}
    single: list[Path] = []
    for file in dict.fromkeys(files):
        key = collect.group_key(file)
        if key is None:
            single.append(file)
        else:
            groups.setdefault(key, []).append(file)
    parcels = [_Parcel((file,)) for file in single] + [_Parcel(tuple(sorted(group))) for group in groups.values()]
    return sorted(parcels, key=lambda parcel: str(parcel.paths[0]))


def _files_under(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.is_file() and _may_be_delivery(file, path))
        if not found:
            raise Refused(f"The folder {path.name or path} holds no files to load ({', '.join(READABLE)}).")
        return found
    if not path.exists():
        raise Refused(f"There is no file or folder {path.name or path}: check the path.")
    if not path.is_file():
        raise Refused(f"{path.name} is not a file: give a file or a folder.")
    return [path]


def _may_be_delivery(file: Path, root: Path) -> bool:
    parts = file.relative_to(root).parts
    hidden = any(part.startswith(".") for part in parts)
    return not hidden and not file.name.lower().startswith(NOT_DELIVERIES)


def _load_one(
    home_path: Path,
    parcel: _Parcel,
    *,
    source: str | None,
    mapping: Mapping | None,
    dry_run: bool,
    received_on: dt.date,
    known: dict[str, Receipt],
) -> Receipt:
    started = time.monotonic()
    sha256 = _sha256_of(parcel)
    _refuse_known(parcel.name, sha256, known)
    with tempfile.TemporaryDirectory(prefix="families-") as folder:
        work = Path(folder)
        opened = [open_file(path, work=_subfolder(work, number)) for number, path in enumerate(parcel.paths, 1)]
        for file in opened if len(opened) == 1 else []:
            _refuse_known(parcel.name, file.sha256, known)
        delivery, read = read_delivery(
            opened, sha256=sha256, name=parcel.name, source=source, mapping=mapping, received_on=received_on
        )
        receipt = _receipt(delivery, read, sha256=sha256, opened=opened, seconds=time.monotonic() - started)
        if not dry_run:
            _commit(home_path, parcel, delivery, read, receipt)
    return receipt


def _subfolder(work: Path, number: int) -> Path:
    folder = work / str(number)
    folder.mkdir()
    return folder


def _sha256_of(parcel: _Parcel) -> str:
    """A file's SHA-256; for a group, that of its sorted lines of name and SHA-256."""
    if len(parcel.paths) == 1 and collect.group_key(parcel.paths[0]) is None:
        return hash_of(parcel.paths[0])
    lines = sorted(f"{path.name} {hash_of(path)}" for path in parcel.paths)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _refuse_known(name: str, sha256: str, known: dict[str, Receipt]) -> None:
    if sha256 in known:
        earlier = known[sha256]
        raise Refused(
            f"{name} was loaded before, as delivery {earlier.delivery} ({earlier.file}, received "
            f"{earlier.received_on:%d/%m/%Y}): nothing was changed."
        )


def read_delivery(
    opened: list[Opened],
    *,
    sha256: str,
    name: str,
    source: str | None,
    mapping: Mapping | None,
    received_on: dt.date,
) -> tuple[Delivery, Read]:
    """Recognise and read the files of one delivery."""
    found, reader = _reader(opened, source, mapping)
    delivery = Delivery(sha256[:ID_LENGTH], found, name, received_on)
    read = reader(delivery)
    _check_counts(read, name)
    return delivery, read


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


def _receipt(delivery: Delivery, read: Read, *, sha256: str, opened: list[Opened], seconds: float) -> Receipt:
    return Receipt(
        delivery=delivery.id,
        source=delivery.source,
        file=delivery.file,
        sha256=sha256,
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
        not_read=tuple(
            file.name
            for file in opened
            if delivery.source == TABLES and collect.table_name(file.name) not in collect.LAYOUT_OF
        ),
        seconds=round(seconds, 3),
    )


def _by_rule(frame: pl.DataFrame) -> dict[str, int]:
    return dict(frame.group_by("rule").len().sort("rule").rows()) if frame.height else {}


def _commit(home_path: Path, parcel: _Parcel, delivery: Delivery, read: Read, receipt: Receipt) -> None:
    """Write the delivery beside its place, flush it, and rename it there."""
    deliveries = home_path / "deliveries"
    deliveries.mkdir(parents=True, exist_ok=True)
    place = deliveries / delivery.id
    incoming = deliveries / f"{INCOMING}{os.getpid()}-{delivery.id}"
    try:
        (incoming / "tables").mkdir(parents=True)
        (incoming / "received").mkdir()
        for number, path in enumerate(parcel.paths, 1):
            keep_copy(path, incoming / "received", number)
        for name, table in _all_tables(delivery, read).items():
            if table.height:
                table.write_parquet(incoming / "tables" / f"{name}.parquet", compression="zstd", compression_level=1)
        (incoming / "receipt.json").write_text(_as_json(receipt), "utf-8")
        _flush(incoming)
        incoming.rename(place)
        sync_folder(deliveries)
    except OSError as error:
        shutil.rmtree(incoming, ignore_errors=True)
        if place.exists():
            raise Refused(f"{delivery.file} is being loaded by someone else: nothing was changed.") from None
        raise Refused(
            f"{delivery.file} could not be stored in {home_path.name} ({error.strerror or 'unknown fault'}): "
            "nothing was changed."
        ) from None


def _all_tables(delivery: Delivery, read: Read) -> dict[str, pl.DataFrame]:
    from families.sources.shaping import conform

    told = {"rejected": read.rejected, "flags": read.flags}
    every = read.tables | {name: conform(name, frame, delivery=delivery) for name, frame in told.items()}
    return {name: RECORD_TABLES[name].validate(table) for name, table in every.items()}


def _as_json(receipt: Receipt) -> str:
    return json.dumps(asdict(receipt) | {"received_on": receipt.received_on.isoformat()}, indent=1)


def _flush(folder: Path) -> None:
    """Make files and folders survive a power cut."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        else:
            sync_folder(path)
    sync_folder(folder)


def sweep(home_path: Path) -> None:
    """Remove what a killed load left behind."""
    for left in (home_path / "deliveries").glob(f"{INCOMING}*"):
        owner = left.name.removeprefix(INCOMING).split("-")[0]
        if not _is_alive(owner):
            shutil.rmtree(left, ignore_errors=True)


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return int(process) != os.getpid()


def receipts(home_path: Path) -> list[Receipt]:
    """The receipt of every delivery, in order of id."""
    found = sorted((home_path / "deliveries").glob("*/receipt.json"))
    return [_from_json(path) for path in found if not path.parent.name.startswith(".")]


def _from_json(path: Path) -> Receipt:
    raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
    raw["received_on"] = dt.date.fromisoformat(raw["received_on"])
    raw["not_read"] = tuple(raw["not_read"])
    return Receipt(**raw)


def read_records(
    home_path: Path, tables: Iterable[str] | None = None, deliveries: Iterable[str] | None = None
) -> dict[str, pl.DataFrame]:
    """The canonical tables of all deliveries (or some), each under the other in order of delivery id."""
    names = list(RECORD_TABLES) if tables is None else list(tables)
    wanted = [*names, *(["schools"] if "schools" not in names else [])]
    found = {name: scan_records(home_path, name, deliveries).collect() for name in wanted}
    complete = _school_numbers(found["schools"])
    return {name: _with_whole_numbers(name, found[name], complete) for name in names}


def scan_records(home_path: Path, table: str, deliveries: Iterable[str] | None = None) -> pl.LazyFrame:
    """One canonical table of all deliveries, as delivered, for reading piece by piece."""
    ids = [receipt.delivery for receipt in receipts(home_path)] if deliveries is None else sorted(deliveries)
    paths = [home_path / "deliveries" / delivery / "tables" / f"{table}.parquet" for delivery in ids]
    present = [path for path in paths if path.is_file()]
    if not present:
        return pl.LazyFrame(schema=schema_of(table))
    return pl.scan_parquet(present, glob=False, hive_partitioning=False)


def _school_numbers(schools: pl.DataFrame) -> pl.DataFrame:
    """The one 7-digit number of each 4-digit establishment that only one loaded school has."""
    return (
        schools.select("school")
        .unique()
        .with_columns(pl.col("school").str.slice(3).alias("estab"))
        .filter(pl.col("estab").is_unique())
        .rename({"school": "whole"})
        .sort("whole")
    )


def _with_whole_numbers(name: str, frame: pl.DataFrame, complete: pl.DataFrame) -> pl.DataFrame:
    """Four-digit establishment numbers, as some extracts have them, completed from the schools register."""
    if name not in COMPLETED or complete.is_empty():
        return frame
    is_short = frame["school"].str.len_chars() == 4
    if not is_short.any():
        return frame
    numbers = dict(complete.select("estab", "whole").rows())
    return frame.with_columns(
        pl.when(pl.col("school").str.len_chars() == 4)
        .then(pl.col("school").replace(numbers))
        .otherwise("school")
        .alias("school")
    )
