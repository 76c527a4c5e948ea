"""The casebook's database: SQLite by default, PostgreSQL by setting; the two kinds of transaction everything uses."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from families.casebook.row_security import NOBODY, For, Reach, is_past_it, say
from families.errors import Refused
from families.settings import Settings

BUSY_SECONDS = 60  # longer than a refresh of a large county writes
# Fifty people may ask at the same moment, each over a connection; who finds none waits as long as for any other turn.
AT_ONCE: dict[str, Any] = {"pool_size": 10, "max_overflow": 40, "pool_timeout": BUSY_SECONDS}
CONNECT_SECONDS = 10
BUSY = (
    "The casebook's database is busy, full or has stopped answering: nothing was changed. See that its disk "
    "has room and that no refresh hangs, then try again."
)
UNDEFINED_TABLE, UNDEFINED_COLUMN, NO_RIGHT = "42P01", "42703", "42501"  # PostgreSQL's codes
PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL may lose the last commits, and with them audit events, at power loss
    "PRAGMA foreign_keys = ON",
)


class CasebookFault(Exception):
    """A mistake of the software itself, told without any value of a row."""


@cache
def open_casebook(url: str) -> Engine:
    """The casebook at a database address; one engine for each address, safe between threads."""
    engine = _opened(url)
    with engine.connect() as connection:
        sees_all = is_past_it(connection)
    if sees_all:
        engine.dispose()
        raise Refused(
            "FAMILIES_DATABASE_URL names a superuser, from whom the database keeps no family back: name a role "
            "without SUPERUSER and BYPASSRLS."
        )
    return engine


def owning(engine: Engine) -> Engine:
    """The casebook as the owner of its tables, who alone may change them; the same where there is one role for both."""
    owner = Settings().database_owner
    if owner is None or engine.dialect.name != "postgresql":
        return engine
    theirs = _opened_by_owner(owner)
    if any(getattr(theirs.url, part) != getattr(engine.url, part) for part in ("host", "port", "database")):
        raise Refused("FAMILIES_DATABASE_OWNER_URL and FAMILIES_DATABASE_URL are of two databases: name one in both.")
    return theirs


@cache
def _opened_by_owner(url: str) -> Engine:
    return _opened(url)


def _opened(url: str) -> Engine:
    address = _parse(url)
    engine = _sqlite(address) if address.get_backend_name() == "sqlite" else _postgresql(address)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except (DBAPIError, OSError) as error:
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
    engine = create_engine(address, hide_parameters=True, **AT_ONCE)

    def prepare(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver would begin late, and never IMMEDIATE
        for pragma in PRAGMAS:
            connection.execute(pragma)
        record.info["file"] = _file_number(path)

    def check_out(_connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        if record.info["file"] != _file_number(path):
            raise DisconnectionError  # the home was made afresh: what is written to the old file would be lost

    event.listen(engine, "do_connect", lambda *_: _make_private(path))
    event.listen(engine, "connect", prepare)
    event.listen(engine, "checkout", check_out)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(path: Path) -> None:
    """Personal data: nobody else on the machine may read the file, nor its log, which takes its rights from it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _file_number(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that writes later can fail at once with "database is locked", whatever the timeout.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(address: URL) -> Engine:
    # Short queries of many parts: the database would be longer compiling them than running them. A casebook fits into
    # memory, where a row costs little more by an index than as the next of all that are walked through.
    settings = {"connect_timeout": CONNECT_SECONDS, "options": "-c jit=off -c random_page_cost=1.1"}
    return create_engine(address, hide_parameters=True, pool_pre_ping=True, connect_args=settings, **AT_ONCE)


def _unreachable(address: URL) -> str:
    if address.get_backend_name() == "sqlite":
        return (
            f"The casebook {Path(address.database or '').name} cannot be opened: see that it is a casebook, "
            "and that its folder can be written to."
        )
    return (
        f"The casebook's database {address.database} on {address.host}:{address.port or 5432} does not answer: "
        "see that PostgreSQL runs there and that FAMILIES_DATABASE_URL names a user it lets in."
    )


@contextmanager
def reading(engine: Engine, whom: For = NOBODY) -> Iterator[Connection]:
    """A transaction that reads one state of the casebook and writes nothing; of families only what `whom` may see."""
    with _sentences(), _one_state(engine).connect() as connection, connection.begin():
        say(connection, whom)
        yield connection


@contextmanager
def audited(engine: Engine, whom: For, reach: Reach = Reach.OWN) -> Iterator[Connection]:
    """A transaction that reads one state of the casebook and writes down who read it; both or neither."""
    with _sentences(), _one_state(engine).execution_options(writes=True).connect() as connection, connection.begin():
        wait_for_turn(connection)
        say(connection, whom, reach)
        yield connection


@contextmanager
def writing(engine: Engine, whom: For, reach: Reach = Reach.OWN) -> Iterator[Connection]:
    """A transaction that changes the casebook, and writes down who changed it."""
    with _sentences(), engine.execution_options(writes=True).connect() as connection, connection.begin():
        wait_for_turn(connection)
        say(connection, whom, reach)
        yield connection


@contextmanager
def writing_at_length(engine: Engine, whom: For) -> Iterator[Connection]:
    """A long transaction that changes the casebook; it waits for its turn only before it writes down who changed it.

    On PostgreSQL people go on reading, each read audited, while a refresh publishes.
    """
    with _sentences(), engine.execution_options(writes=True).connect() as connection, connection.begin():
        say(connection, whom)
        yield connection


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """A transaction that changes the tables themselves, before which there may be none."""
    with _sentences(), engine.execution_options(writes=True).connect() as connection, connection.begin():
        yield connection


def wait_for_turn(connection: Connection) -> None:
    """One writer at a time, as SQLite has it.

    LOCK takes no snapshot, so that what is read after it is as new as any other's last commit: the chain of the audit
    trail needs that even at REPEATABLE READ.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE audit_chain IN EXCLUSIVE MODE")


def _one_state(engine: Engine) -> Engine:
    """Several queries must see one publication, even while a refresh replaces it; SQLite always does so."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine


@contextmanager
def _sentences() -> Iterator[None]:
    """Say what went wrong without the driver's own words, which may hold a whole row."""
    try:
        yield
    except NoneFree:
        raise Refused(BUSY) from None
    except (DBAPIError, psycopg.Error) as error:
        raise _told(error) from None


def _told(error: DBAPIError | psycopg.Error) -> Exception:
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    if state == UNDEFINED_TABLE or "no such table" in str(cause):
        return Refused("This casebook is empty, or of an earlier version: run `families refresh`, which renews it.")
    if state == UNDEFINED_COLUMN or "no such column" in str(cause) or "has no column named" in str(cause):
        return Refused("This casebook was written by an earlier version: run `families refresh`, which renews it.")
    if state == NO_RIGHT and "row-level security" not in str(cause):
        return Refused(
            "The database does not let this role do so. Where the casebook is to be renewed, set "
            "FAMILIES_DATABASE_OWNER_URL to the role that owns its tables."
        )
    if isinstance(cause, (psycopg.OperationalError, sqlite3.OperationalError)):
        return Refused(BUSY)
    column = cause.diag.column_name if isinstance(cause, psycopg.Error) else None
    return CasebookFault(
        f"The database refused a statement: {type(cause).__name__} {state or ''} {column or ''}".strip()
    )
