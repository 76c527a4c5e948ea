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
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql
from sqlalchemy import Engine

from families.casebook.database import open_casebook
from families.casebook.migrations import migrate

# The same examples at each run, so that a red suite is red because of a change; `explore` draws new ones.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

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
    """The address of an empty database, dropped after the test; the key of its audit trail is the test's own."""
    monkeypatch.setenv("FAMILIES_AUDIT_KEY", "a key of the tests, as long as it has to be")
    name = f"casebook_{secrets.token_hex(6)}"
    _on_server(postgresql_server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield f"{postgresql_server.replace('postgresql:', 'postgresql+psycopg:')}/{name}"
    _on_server(postgresql_server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


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
    engine.dispose()


@pytest.fixture
def casebook(empty_casebook: Engine) -> Engine:
    """A casebook of each kind with its tables, and nothing published."""
    migrate(empty_casebook)
    return empty_casebook
