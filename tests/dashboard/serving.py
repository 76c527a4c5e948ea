"""The dashboard as a process of its own, for the tests that meet it through a browser or a socket."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Real:
    """A served dashboard on a casebook that holds no sample; its staff sign in at a provider, by their staff ids."""

    address: str
    engine: sa.Engine
    provider: str
    home: Path
    log: Path


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(
    settings: Mapping[str, str], *, script: str = "app.py", port: int | None = None, log: Path = Path(os.devnull)
) -> Iterator[str]:
    """The address of a dashboard with these settings (FAMILIES_*); ended by its process id."""
    at = port or free_port()
    with log.open("wb") as said:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", f"dashboard/{script}", "--server.port", str(at)],
            cwd=PROJECT,
            env=os.environ | settings,
            stdout=said,
            stderr=said,
        )
    try:
        wait_until_served(f"http://127.0.0.1:{at}/_stcore/health", server)
        yield f"http://127.0.0.1:{at}"
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:  # many sessions are long in closing, and the casebook is the test's own
            server.kill()
            server.wait(timeout=20)


@contextmanager
def sign_in_service() -> Iterator[str]:
    """The address of a real provider of OpenID Connect, on loopback."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_served(f"{address}/.well-known/openid-configuration", server)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


@contextmanager
def served_for_real(
    database_url: str, provider: str, *, log: Path = Path(os.devnull), **settings: str
) -> Iterator[str]:
    """The address of a dashboard whose people sign in at a provider."""
    port = free_port()
    signing_in = {
        "FAMILIES_DATABASE_URL": database_url,
        "FAMILIES_OIDC_METADATA_URL": f"{provider}/.well-known/openid-configuration",
        "FAMILIES_OIDC_CLIENT_ID": "families",
        "FAMILIES_OIDC_CLIENT_SECRET": "from the provider",
        "FAMILIES_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "FAMILIES_COOKIE_SECRET": os.urandom(32).hex(),
    }
    with served(signing_in | settings, script="serve.py", port=port, log=log) as address:
        yield address


def wait_until_served(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(120):
        assert server.poll() is None, "the dashboard stopped before it was ready"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail("the dashboard did not answer within a minute")
