"""Takes deliveries in, whole or not at all, and hands out their records.

A delivery is read into a folder beside its place, every row counted, every file flushed, and then renamed: killed at
any instant, it is there whole or not there. The same bytes are never taken twice.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from families.errors import Refused
from families.home import sync_folder
from families.sources import collect
from families.sources.apart import Reader
from families.sources.layouts import Mapping as SourceMapping
from families.sources.layouts import layouts, load_mapping
from families.sources.opening import keep_copy
from families.sources.parcels import Parcel, parcels_under
from families.sources.receipts import Receipt, Replaced, from_json
from families.sources.shaping import schema_of
from families.sources.taking_in import ID_LENGTH, TABLES, XML_ROOTS, Request, take_in
from families.tables.records import RECORD_TABLES

DELIVERIES, TAKEN_BACK = "deliveries", "taken_back"
INCOMING = ".incoming-"
COMPLETED = ("enrolments", "attendance_counts", "exclusions", "marks", "coverage")
READ_ONLY = stat.S_IRUSR
NOTE = "delivery_note"
DELIVERED_AS = {"dwp": ("dwp_match", "dwp_nomatch"), "school_census": ("school_census", "school_census_tables")}

__all__ = [
    "Loaded",
    "Receipt",
    "SomeRefused",
    "load",
    "load_corrected",
    "load_each",
    "read_records",
    "receipts",
    "scan_records",
    "sweep",
]


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


def load(
    home_path: Path,
    paths: list[Path],
    *,
    source: str | None = None,
    mapping: Path | None = None,
    dry_run: bool = False,
    received_on: dt.date,
    tell: Callable[[str], None] = lambda _: None,
    is_apart: bool = True,
) -> list[Receipt]:
    """Take files and folders in. Raises SomeRefused, with the receipts of the others, where any was not."""
    loaded = load_each(
        home_path,
        paths,
        source=source,
        mapping=mapping,
        dry_run=dry_run,
        received_on=received_on,
        tell=tell,
        is_apart=is_apart,
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
    saved: SourceMapping | None = None,
    dry_run: bool = False,
    received_on: dt.date,
    tell: Callable[[str], None] = lambda _: None,
    is_apart: bool = True,
    is_careful: bool = False,
) -> Loaded:
    """Take files and folders in, each by itself; a bad one gets its sentence and does not stop the others.

    `mapping` is a file that maps columns, `saved` the same as a value. `is_apart` reads them in a process with limits,
    as anything from outside should be; tests may do without. `is_careful` is for somebody who looks at each file: a
    trial is compared with the delivery before, and nothing is taken in whose dates could be either way round.
    """
    saved = load_mapping(mapping) if mapping else saved
    wanted = _wanted_source(source, saved)
    sweep(home_path)
    done: list[Receipt] = []
    refusals: list[str] = []
    known: dict[str, str] = {}
    for receipt in receipts(home_path):
        known |= _known_by(receipt)
    number = _next_load(home_path)
    befores = _last_tables(home_path) if is_careful and dry_run else {}
    with Reader() as reader:
        for parcel in parcels_under(paths, refusals):
            tell(parcel.name)
            try:
                request = _request(home_path, parcel, wanted, saved, received_on, dry_run=dry_run)
                request = replace(request, is_careful=is_careful, befores=befores)
                _refuse_known(parcel.name, [request.sha256], known)
                receipt = _taken_in(parcel, request, reader.take_in if is_apart else take_in, known, number=number)
            except Refused as refusal:
                refusals.append(str(refusal))
                continue
            known |= _known_by(receipt)
            done.append(receipt)
    return Loaded(done, refusals)


def _last_tables(home_path: Path) -> dict[str, str]:
    """The folder of the tables of each source's last delivery: of whole lists and feeds, not of returns by school."""
    last = sorted(
        (each for each in receipts(home_path) if each.source in layouts() and not each.replaces),
        key=lambda each: (each.received_on, each.load),
    )
    return {each.source: str((home_path / DELIVERIES / each.delivery / "tables").resolve()) for each in last}


def _next_load(home_path: Path) -> int:
    """The number of a new load; that of a delivery taken back is not given again."""
    found = [home_path.glob(f"{folder}/*/receipt.json") for folder in (DELIVERIES, TAKEN_BACK)]
    return 1 + max((from_json(path.read_text("utf-8")).load for paths in found for path in paths), default=0)


def load_corrected(
    home_path: Path,
    file: Path,
    original: Receipt,
    replaced: Replaced,
    *,
    mapping: SourceMapping | None,
    dry_run: bool = False,
    is_apart: bool = True,
) -> Receipt:
    """Take in corrected rows of another delivery, named after it and of the day it was received.

    `mapping` is the one that delivery was read with, or one that says more. What was said wrongly is to count as if it
    had been said rightly at first, so a newer delivery stays the newer one.
    """
    sweep(home_path)
    parcel = Parcel((file,))
    request = replace(
        _request(home_path, parcel, original.source, mapping, original.received_on, dry_run=dry_run),
        name=f"{original.file} (corrected)",
    )
    known = {sha256: words for receipt in receipts(home_path) for sha256, words in _known_by(receipt).items()}
    _refuse_known(request.name, [request.sha256], known)
    with Reader() as reader:
        read = reader.take_in if is_apart else take_in
        return _taken_in(parcel, request, read, known, number=_next_load(home_path), replaces=replaced)


def _known_by(receipt: Receipt) -> dict[str, str]:
    """The SHA-256 by which a delivery is known again, packed or unpacked, and the words for it."""
    words = f"delivery {receipt.delivery} ({receipt.file}, received {receipt.received_on:%d/%m/%Y})"
    return dict.fromkeys([receipt.sha256, *_unpacked(receipt)], words)


def _unpacked(receipt: Receipt) -> list[str]:
    """Files by which a delivery is known again; of census tables only the roll: empty tables are alike every term."""
    if receipt.source != TABLES:
        return list(receipt.files.values())
    return [sha256 for name, sha256 in receipt.files.items() if collect.table_name(name) == "pupilonroll"]


def _refuse_known(name: str, hashes: Iterable[str], known: dict[str, str]) -> None:
    for sha256 in hashes:
        if sha256 in known:
            raise Refused(f"{name} was loaded before, as {known[sha256]}: nothing was changed.")


def _wanted_source(source: str | None, mapping: SourceMapping | None) -> str | None:
    every = {*(name for name in layouts() if not name.startswith("collect_")), *XML_ROOTS.values(), TABLES}
    if source is not None and source not in every:
        raise Refused(f"There is no source {source!r}: sources are {', '.join(sorted(every))}.")
    if mapping is not None and source is not None and mapping.source != source:
        raise Refused(f"The mapping is for {mapping.source}, but --source says {source}: give one of them.")
    return mapping.source if mapping else source


def _request(
    home_path: Path,
    parcel: Parcel,
    source: str | None,
    mapping: SourceMapping | None,
    received_on: dt.date,
    *,
    dry_run: bool,
) -> Request:
    sha256 = parcel.sha256()
    place = home_path / DELIVERIES / f"{INCOMING}{os.getpid()}-{sha256[:ID_LENGTH]}"
    folder = None if dry_run else place
    return Request(parcel.paths, parcel.name, sha256, source, mapping, received_on, folder)


def _taken_in(
    parcel: Parcel,
    request: Request,
    read: Callable[[Request], Receipt],
    known: dict[str, str],
    *,
    number: int,
    replaces: Replaced | None = None,
) -> Receipt:
    """Read a delivery into the folder of the request, and make it count by renaming that."""
    if request.folder is None:
        receipt = replace(read(request), replaces=replaces)
        _refuse_known(parcel.name, _unpacked(receipt), known)
        return receipt
    try:
        _make(request.folder)
        (request.folder / "tables").mkdir()
        inner = Request(**{**vars(request), "folder": request.folder / "tables"})
        receipt = replace(read(inner), load=number, replaces=replaces)
        _refuse_known(parcel.name, _unpacked(receipt), known)
        _commit(parcel, request.folder, receipt)
    except OSError as error:
        raise Refused(
            f"{parcel.name} could not be stored ({error.strerror or 'unknown fault'}): nothing was changed."
        ) from None
    finally:
        shutil.rmtree(request.folder, ignore_errors=True)
    return receipt


def _make(folder: Path) -> None:
    """A folder that only its owner may look into: deliveries are personal data."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(mode=0o700)


def _commit(parcel: Parcel, incoming: Path, receipt: Receipt) -> None:
    """Put the files as received and the receipt beside the tables, flush all, and rename the folder to its place."""
    (incoming / "received").mkdir()
    copies = [keep_copy(path, incoming / "received", number) for number, path in enumerate(parcel.paths, 1)]
    if parcel.sha256(copies) != receipt.sha256:
        raise Refused(
            f"{parcel.name} changed while it was read: nothing was changed here; load it again when it is whole."
        )
    for copy in copies:
        copy.chmod(READ_ONLY)
    (incoming / "receipt.json").write_text(receipt.as_json(), "utf-8")
    _flush(incoming)
    place = incoming.with_name(receipt.delivery)
    if place.exists():
        raise Refused(f"{parcel.name} was loaded by someone else in the meantime: nothing was changed.")
    incoming.rename(place)
    sync_folder(place.parent)


def _flush(folder: Path) -> None:
    """Make files and folders survive a power cut."""
    for path in sorted(folder.rglob("*")):
        sync_folder(path)
    sync_folder(folder)


def sweep(home_path: Path) -> None:
    """Remove what a killed load left behind."""
    for left in (home_path / DELIVERIES).glob(f"{INCOMING}*"):
        if not _is_alive(left.name.removeprefix(INCOMING).split("-")[0]):
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
    found = sorted((home_path / DELIVERIES).glob("*/receipt.json"))
    return [from_json(path.read_text("utf-8")) for path in found if not path.parent.name.startswith(".")]


def read_records(
    home_path: Path,
    tables: Iterable[str] | None = None,
    deliveries: Iterable[str] | None = None,
    *,
    columns: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, pl.DataFrame]:
    """The canonical tables of all deliveries (or some), each under the other in order of delivery id.

    Of a table named in `columns` only these are read: a county's people take 3 GiB with all of theirs. What a
    delivery note says of a source counts only where a file of that source is among them.
    """
    names = list(RECORD_TABLES) if tables is None else list(tables)
    wanted = None if deliveries is None else set(deliveries)
    complete = _school_numbers(scan_records(home_path, "schools").collect())
    read = {}
    for name in names:
        scanned = scan_records(home_path, name, wanted)
        only = (columns or {}).get(name)
        frame = (scanned if only is None else scanned.select(only)).collect()
        read[name] = _with_whole_numbers(name, frame, complete)
    if "coverage" in read:
        among = [receipt for receipt in receipts(home_path) if wanted is None or receipt.delivery in wanted]
        read["coverage"] = _of_what_was_delivered(read["coverage"], among)
    return read


def _of_what_was_delivered(coverage: pl.DataFrame, delivered: list[Receipt]) -> pl.DataFrame:
    """Without notes on files that never came, were refused or taken back: their silence would be taken for a no."""
    there = {receipt.source for receipt in delivered}
    there |= {source for source, kinds in DELIVERED_AS.items() if there.intersection(kinds)}
    notes = [receipt.delivery for receipt in delivered if receipt.source == NOTE]
    return coverage.filter(~pl.col("delivery").is_in(notes) | pl.col("source").is_in(sorted(there)))


def scan_records(home_path: Path, table: str, deliveries: Iterable[str] | None = None) -> pl.LazyFrame:
    """One canonical table of all deliveries (or some), as delivered, for reading piece by piece."""
    ids = [receipt.delivery for receipt in receipts(home_path)] if deliveries is None else sorted(deliveries)
    paths = [home_path / DELIVERIES / delivery / "tables" / f"{table}.parquet" for delivery in ids]
    present = [path for path in paths if path.is_file()]
    if not present:
        return pl.LazyFrame(schema=schema_of(table))
    return pl.scan_parquet(present, glob=False, hive_partitioning=False)


def _school_numbers(schools: pl.DataFrame) -> dict[str, str]:
    """The one 7-digit number of each 4-digit establishment that only one school of the register has."""
    numbers = (
        schools.select("school")
        .unique()
        .with_columns(pl.col("school").str.slice(3).alias("estab"))
        .filter(pl.col("estab").is_unique())
    )
    return dict(numbers.select("estab", "school").sort("estab").rows())


def _with_whole_numbers(name: str, frame: pl.DataFrame, complete: dict[str, str]) -> pl.DataFrame:
    """Four-digit establishment numbers, as some extracts have them, completed from the schools register."""
    if name not in COMPLETED or not complete:
        return frame
    is_short = pl.col("school").str.len_chars() == 4
    return frame.with_columns(
        pl.when(is_short).then(pl.col("school").replace(complete)).otherwise("school").alias("school")
    )
