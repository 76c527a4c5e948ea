"""A DuckDB of our own for one piece of work: one thread's order, bounded memory, spill files removed at start and end.

Spill files are personal data in clear: they lie only under the run's work directory, never in the system's.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

MEMORY_LIMIT = "2GB"
SPILL_LIMIT = "20GB"


@contextmanager
def duck(work: Path, name: str, *, threads: int = 2) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in memory that may spill to `work`/`name`, and leaves nothing there."""
    spill = work / f"{name}.spill"
    shutil.rmtree(spill, ignore_errors=True)
    spill.mkdir(parents=True)
    try:
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"set threads = {int(threads)}")
            connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
            connection.execute(f"set temp_directory = '{str(spill).replace(chr(39), chr(39) * 2)}'")
            connection.execute(f"set max_temp_directory_size = '{SPILL_LIMIT}'")
            yield connection
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def digests(texts: Iterable[str], prefix: str) -> list[str]:
    """Ids that depend on the texts alone: the prefix and the first 16 hex digits of SHA-256."""
    return [prefix + hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts]
