"""A PostgreSQL server of the tests' own, and an empty casebook on each database."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest
from directly import Filling, OnPostgresql
from hypothesis import settings
from psycopg import sql
from sqlalchemy import Engine

from families.casebook.database import open_casebook, owning
from families.casebook.migrations import migrate

# The same examples at each run, so that a red suite is red because of a change; `explore` draws new ones.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

OWNER, USER = "casebook_owner", "casebook_user"  # who makes the tables, and who works with them
STARTS_WITHIN = 60  # seconds, on a busy machine


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a PostgreSQL on loopback, without a database name; stopped by its process id."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="families-postgresql-"))
    password, port = secrets.token_hex(16), _free_port()
    (folder / "password").write_text(password, "utf-8")
    _give_to_server(folder)
    initdb = [binaries / "initdb", "-D", folder / "data", "-U", "families", "--auth=scram-sha-256"]
    _run([*initdb, f"--pwfile={folder / 'password'}", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"])
    log = folder / "log"
    command = [binaries / "postgres", "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1", "-k", ""]
    with log.open("wb") as errors:
        server = subprocess.Popen([*_as_server(), *command, "-F"], stdout=errors, stderr=errors, cwd=folder)
    address = f"postgresql://families:{password}@127.0.0.1:{port}"
    try:
        _wait_until_it_answers(address, server, log)
        for role in (OWNER, USER):
            statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
            _on_server(address, statement)
        yield address
    finally:
        server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        server.wait(timeout=STARTS_WITHIN)
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.fail("The tests need PostgreSQL: install Debian's package `postgresql` and run them again.")
    return found[-1].parent


def _as_server() -> list[str]:
    """PostgreSQL refuses to run as root; setpriv replaces itself, so the process id stays the server's.

    The server is told to stop if this process dies before it can stop it.
    """
    setpriv = ["setpriv", "--pdeathsig=INT"]
    return [*setpriv, *(["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []), "--"]


def _give_to_server(folder: Path) -> None:
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        for path in (folder, *folder.iterdir()):
            os.chown(path, owner.pw_uid, owner.pw_gid)


def _run(command: list[str | Path]) -> None:
    done = subprocess.run([*_as_server(), *command], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"PostgreSQL's initdb failed: {done.stderr}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_it_answers(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and server.poll() is None:
        try:
            psycopg.connect(f"{address}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"PostgreSQL did not start: {log.read_text('utf-8')}")


@pytest.fixture
def postgresql_url(postgresql_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty database, dropped after the test; the key of its audit trail is the test's own.

    It is that of the role a casebook is worked with; its tables are made by another, who owns the database.
    """
    with _database(postgresql_server) as name:
        yield _worked_with(postgresql_server, name, monkeypatch)


@pytest.fixture(scope="session")
def filled_on_postgresql(postgresql_server: str) -> Iterator[Callable[[Filling], str]]:
    """Databases that were filled once, of which copies are made: that is quicker than to fill others."""
    with ExitStack() as kept:

        @cache
        def filled(by: Filling) -> str:
            template = "template1" if by is migrate else filled(migrate)
            name = kept.enter_context(_database(postgresql_server, template))
            with pytest.MonkeyPatch.context() as patch:
                engine = open_casebook(_worked_with(postgresql_server, name, patch))
                by(engine)
                _let_go(engine)
            return name

        yield filled


@contextmanager
def _database(server: str, template: str = "template1") -> Iterator[str]:
    name = f"casebook_{secrets.token_hex(6)}"
    parts = (sql.Identifier(part) for part in (name, OWNER, template))
    _on_server(server, sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(*parts))
    yield name
    _on_server(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _worked_with(server: str, database: str, patch: pytest.MonkeyPatch) -> str:
    """The address at which a database is worked with, with the settings that go with it."""
    patch.setenv("FAMILIES_AUDIT_KEY", "a key of the tests, as long as it has to be")
    patch.setenv("FAMILIES_DATABASE_OWNER_URL", _address(server, OWNER, database))
    return _address(server, USER, database)


def _address(server: str, role: str, database: str) -> str:
    return f"{server.replace('postgresql://families:', f'postgresql+psycopg://{role}:')}/{database}"


def _let_go(engine: Engine) -> None:
    for each in {engine, owning(engine)}:
        each.dispose()


def _on_server(address: str, statement: sql.Composed) -> None:
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a casebook file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'casebook.sqlite'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def casebook_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind in turn."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def empty_casebook(casebook_url: str) -> Iterator[Engine]:
    """A casebook of each kind without any table."""
    engine = open_casebook(casebook_url)
    yield engine
    _let_go(engine)


@pytest.fixture(params=["sqlite", "postgresql"])
def casebook(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A casebook of each kind with its tables, and nothing published."""
    if request.param == "sqlite":
        engine = open_casebook(request.getfixturevalue("sqlite_url"))
        migrate(engine)
        yield engine
        engine.dispose()
    else:
        yield request.getfixturevalue("postgresql_casebook")


@pytest.fixture
def postgresql_casebook(casebook_on_postgresql: OnPostgresql) -> Iterator[Engine]:
    """A casebook on PostgreSQL with its tables, and nothing published."""
    with casebook_on_postgresql() as engine:
        yield engine


@pytest.fixture(scope="session")
def casebook_on_postgresql(postgresql_server: str, filled_on_postgresql: Callable[[Filling], str]) -> OnPostgresql:
    """Makes such casebooks, or copies of one that was filled, for fixtures that live longer than a test."""

    @contextmanager
    def there(by: Filling = migrate) -> Iterator[Engine]:
        with _database(postgresql_server, filled_on_postgresql(by)) as name, pytest.MonkeyPatch.context() as patch:
            engine = open_casebook(_worked_with(postgresql_server, name, patch))
            yield engine
            _let_go(engine)

    return there
