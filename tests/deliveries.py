"""Writes a file as an agency would, loads it, and hands out the receipt and the records."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from families.sources.store import Receipt, load, read_records

RECEIVED = dt.date(2013, 9, 1)


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """A file with the content, in UTF-8 where it is text."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def taken_in(
    folder: Path, name: str, content: str | bytes, *, source: str | None = None, mapping: str | None = None
) -> tuple[Receipt, dict[str, pl.DataFrame]]:
    """Load one file into a home of its own; the counts must add up."""
    saved = write(folder, "mapping.toml", mapping) if mapping else None
    home = folder / "home"
    file = write(folder, name, content)
    (receipt,) = load(home, [file], source=source, mapping=saved, received_on=RECEIVED, is_apart=False)
    assert receipt.rows_in == receipt.accepted + receipt.duplicate + receipt.superseded + receipt.rejected
    return receipt, read_records(home)
