"""The casebook's database: SQLite by default, PostgreSQL by setting; the two kinds of transaction everything uses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from families.errors import Refused

BUSY_SECONDS = 60  # longer than a refresh of a large county writes
CONNECT_SECONDS = 10
PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL may lose the last commits, and with them audit events, at power loss
    "PRAGMA foreign_keys = ON",
)


@cache
def open_casebook(url: str) -> Engine:
    """The casebook at a database address; one engine for each address, safe between threads."""
    address = _parse(url)
    engine = _sqlite(address) if address.get_backend_name() == "sqlite" else _postgresql(address)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        engine.dispose()
        raise Refused(_unreachable(address)) from error
    return engine


def _parse(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise Refused("FAMILIES_DATABASE_URL is not a database address: write it as " + _FORMS) from error
    if address.drivername not in ("sqlite", "postgresql+psycopg"):
        raise Refused("The casebook lies in SQLite or PostgreSQL: write FAMILIES_DATABASE_URL as " + _FORMS)
    if address.drivername == "sqlite" and not address.database:
        raise Refused("A casebook in memory would be lost: name a file, as sqlite:////path/to/casebook.sqlite.")
    return address


_FORMS = "postgresql+psycopg://user@host/database, or leave it out to use a file in the home."


def _sqlite(address: URL) -> Engine:
    path = Path(str(address.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # personal data: nobody else on the machine reads it
    except OSError as error:
        raise Refused(_unreachable(address)) from error
    engine = create_engine(address, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin late, and never IMMEDIATE
    for pragma in PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that writes later can fail at once with "database is locked", whatever the timeout.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(address: URL) -> Engine:
    return create_engine(
        address, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_SECONDS}
    )


def _unreachable(address: URL) -> str:
    if address.get_backend_name() == "sqlite":
        return (
            f"The casebook {address.database} cannot be opened: see that it is a casebook, "
            "and that its folder can be written to."
        )
    return (
        f"The casebook's database {address.database} on {address.host}:{address.port or 5432} does not answer: "
        "see that PostgreSQL runs there and that FAMILIES_DATABASE_URL names a user it lets in."
    )


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that reads one state of the casebook and writes nothing."""
    with _sentences(), _one_state(engine).connect() as connection, connection.begin():
        yield connection


@contextmanager
def audited(engine: Engine) -> Iterator[Connection]:
    """A transaction that reads one state of the casebook and writes down who read it; both or neither."""
    with _sentences(), _one_state(engine).execution_options(writes=True).connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that changes the casebook."""
    with _sentences(), engine.execution_options(writes=True).connect() as connection, connection.begin():
        yield connection


def _one_state(engine: Engine) -> Engine:
    """Several queries must see one publication, even while a refresh replaces it; SQLite always does so."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn what a person can put right into a sentence; the driver's own message may hold values."""
    try:
        yield
    except OperationalError as error:
        if _is_missing_table(error):
            raise Refused("This casebook is empty: run `families refresh` first.") from None
        raise Refused(
            "The casebook's database stopped answering or is busy: nothing was changed; try again, and if it goes on, "
            "see that its disk has room and that no refresh has hung."
        ) from error
    except DBAPIError as error:
        if _is_missing_table(error):
            raise Refused("This casebook is empty: run `families refresh` first.") from None
        raise


def _is_missing_table(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) == "42P01" or "no such table" in str(error.orig)
