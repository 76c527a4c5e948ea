"""What a column's cells say, one by one, in Python and never by Polars' threads (`map_elements`).

Those wait for Python's lock; another session's page may hold it while it waits for them, and then every page stands
still.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl


def said(frame: pl.DataFrame, name: str, say: Callable[[Any], str], *, to: str | None = None) -> pl.DataFrame:
    """The frame with what a column's cells say in its place, or in another (`to`); nothing of nothing."""
    cells = [None if each is None else say(each) for each in frame[name]]
    return frame.with_columns(pl.Series(to or name, cells, dtype=pl.String))
