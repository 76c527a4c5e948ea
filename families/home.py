"""What lies on disk in $FAMILIES_HOME, and how a run is written so that a kill leaves the last one whole.

Layout: `deliveries/<id>/` as received, `runs/<run-id>/manifest.json` and `tables/*.parquet`, `runs/current` naming
the published run, `casebook.sqlite`. Every write goes to a temporary name beside its place, is flushed, then renamed.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from families.errors import Refused


@dataclass(frozen=True)
class Run:
    """One complete evaluation on disk; immutable once it has a manifest."""

    path: Path

    @property
    def run_id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def manifest(self) -> dict[str, Any]:
        """Inputs, switches, counts, timings."""
        return dict(json.loads((self.path / "manifest.json").read_text("utf-8")))

    @property
    def is_whole(self) -> bool:
        """Whether the manifest, written last, is there."""
        return (self.path / "manifest.json").is_file()

    def table(self, name: str) -> pl.DataFrame:
        """A table of the run, whole."""
        return pl.read_parquet((self.path / "tables" / f"{name}.parquet").read_bytes())

    def has_table(self, name: str) -> bool:
        """Whether the run holds a table of that name."""
        return (self.path / "tables" / f"{name}.parquet").is_file()


@dataclass(frozen=True)
class Home:
    """$FAMILIES_HOME."""

    path: Path

    @property
    def runs(self) -> Path:
        """Where runs lie."""
        return self.path / "runs"

    def current(self) -> Run | None:
        """The published run, or None where nothing has been published."""
        pointer = self.runs / "current"
        if not pointer.is_file():
            return None
        run = Run(self.runs / pointer.read_text("utf-8").strip())
        return run if run.is_whole else None

    def whole_runs(self) -> list[Run]:
        """Every whole run kept, in the order in which they were made."""
        found = [Run(path.parent) for path in self.runs.glob("[!.]*/manifest.json")]
        return sorted(found, key=lambda run: ((run.path / "manifest.json").stat().st_mtime_ns, run.run_id))

    def require_current(self) -> Run:
        """The published run; a sentence where there is none."""
        run = self.current()
        if run is None:
            raise Refused("No run has been published yet: load files with `families load`, then `families refresh`.")
        return run

    def make_current(self, run: Run) -> None:
        """Publish a whole run by renaming one small file."""
        write_atomically(self.runs / "current", f"{run.run_id}\n".encode())

    @property
    def linkage_model(self) -> Path | None:
        """The linkage model trained on this home's records, where one was."""
        path = self.path / "linkage_model.json"
        return path if path.is_file() else None

    @property
    def gazetteer(self) -> Path:
        """Where the address matcher keeps its index of the gazetteer."""
        return self.path / "gazetteer"

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Keep a second refresh of this home out; the lock goes with the process, however it ends."""
        self.runs.mkdir(parents=True, exist_ok=True)
        with (self.path / "refresh.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refused("Another refresh of this home is running: wait until it has ended.") from None
            yield

    @contextmanager
    def one_load(self) -> Iterator[None]:
        """Keep a second load by the same process out: each sweeps what its process left behind."""
        (self.path / "deliveries").mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.path / "load.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refused("Somebody else is loading a file just now: try again in a minute.") from None
            yield

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder of one's own for a file in clear; where the process is killed, it is swept with the process's."""
        beside = self.path / "work" / str(os.getpid())
        beside.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=beside) as folder:
            yield Path(folder)

    @contextmanager
    def work(self) -> Iterator[Path]:
        """A folder for temporary files, which are personal data in clear: emptied before and after."""
        folder = self.path / "work" / str(os.getpid())
        for left in (self.path / "work").glob("*"):
            if not is_alive(left.name):
                shutil.rmtree(left, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def is_alive(name: str) -> bool:
    """Whether the process of a folder named by its id still runs."""
    try:
        os.kill(int(name), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that any reader sees the old bytes or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_table(folder: Path, name: str, frame: pl.DataFrame) -> None:
    """Write one table of a run; the manifest comes later and makes it count."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{name}.{os.getpid()}"
    frame.write_parquet(temporary, compression="zstd", compression_level=1, statistics=True)
    temporary.replace(folder / f"{name}.parquet")
