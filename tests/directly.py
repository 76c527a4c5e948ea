"""A transaction of a test's own on the tables themselves, past what the casebook would show: all rows, every right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

from sqlalchemy import Connection, Engine

from families.casebook.database import owning
from families.casebook.row_security import WHOLE, say

Filling: TypeAlias = Callable[[Engine], object]  # puts tables and rows into a casebook
OnPostgresql: TypeAlias = Callable[..., AbstractContextManager[Engine]]  # a casebook there, for as long as it takes


@contextmanager
def directly(engine: Engine) -> Iterator[Connection]:
    """As who owns the tables, with the families of all."""
    with owning(engine).begin() as connection:
        say(connection, WHOLE)
        yield connection
