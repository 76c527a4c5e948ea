"""One made-up casebook for all dashboard tests, and the dashboard run on it without a browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from importlib import import_module
from pathlib import Path

import made_up_casebook
import pytest
import serving
import streamlit as st
from altair.utils import schemapi
from directly import Filling
from serving import Real
from sqlalchemy import URL, Engine
from streamlit.testing.v1 import AppTest

from families.casebook.database import open_casebook

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
Opened = Callable[..., AppTest]


@pytest.fixture
def held_to_schema() -> Iterator[None]:
    """Every chart that is drawn is held to Vega-Lite's schema, which the dashboard spares its readers."""
    import_module("dashboard.startup")  # which spares them
    with schemapi.debug_mode(True):
        yield


@pytest.fixture(scope="session")
def filled_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Filling], Path]:
    """Folders with a casebook that was filled once, closed, and the key of its audit trail; tests have copies of them."""

    @cache
    def filled(by: Filling) -> Path:
        folder = tmp_path_factory.mktemp("filled")
        engine = open_casebook(f"sqlite:///{folder / 'casebook.sqlite'}")
        by(engine)
        engine.dispose()
        return folder

    return filled


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database a test's casebooks lie in: SQLite, and for tests `on_both` PostgreSQL as well."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def casebook_of(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[Filling], Engine]]:
    """A casebook of the test's own, filled by a function whose work is done once."""
    with ExitStack() as kept:

        def copied(by: Filling) -> Engine:
            if database == "postgresql":
                engine: Engine = kept.enter_context(request.getfixturevalue("casebook_on_postgresql")(by))
                return engine
            engine = open_casebook(made_up_casebook.copied(request.getfixturevalue("filled_on_sqlite")(by), tmp_path))
            kept.callback(engine.dispose)
            return engine

        yield copied


@pytest.fixture(scope="session")
def casebook_url(filled_on_sqlite: Callable[[Filling], Path], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The made-up casebook, for tests that change nothing in it."""
    return made_up_casebook.copied(filled_on_sqlite(made_up_casebook.fill), tmp_path_factory.mktemp("casebook"))


@pytest.fixture(scope="session")
def worked_url(filled_on_sqlite: Callable[[Filling], Path], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The made-up casebook with made-up casework at every stage."""
    filled = filled_on_sqlite(made_up_casebook.fill_with_work)
    return made_up_casebook.copied(filled, tmp_path_factory.mktemp("worked"))


@pytest.fixture(scope="session")
def accepted(filled_on_sqlite: Callable[[Filling], Path]) -> Path:
    """A casebook in which a family is accepted and two alerts wait; each test has a copy of it."""
    return filled_on_sqlite(made_up_casebook.fill_with_accepted_family) / "casebook.sqlite"


@pytest.fixture(scope="module")
def real(accepted: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """A dashboard of the module's own that people sign in to, on a copy of the casebook in which a family is accepted."""
    folder = tmp_path_factory.mktemp("real")
    home, log = folder / "home", folder / "log"
    for each in (folder / "casebook", home, home / "tmp"):
        each.mkdir()
    for path in accepted.parent.iterdir():
        shutil.copy(path, folder / "casebook")
    with serving.sign_in_service() as provider:
        engine = made_up_casebook.made_real(folder / "casebook" / accepted.name, provider)
        settings = {"FAMILIES_HOME": str(home), "TMPDIR": str(home / "tmp")}
        with serving.served_for_real(str(engine.url), provider, log=log, **settings) as address:
            yield Real(address, engine, provider, home, log)
        engine.dispose()


@pytest.fixture
def opened(casebook_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """Open the dashboard as a made-up person, at the list or at a family's record."""

    def open_it(
        role: str | None = "programme_manager",
        *,
        family: str | None = None,
        page: str = "pages_/family_record.py",
        ruleset: str | None = None,
        section: str | None = None,
        tab: str | None = None,
        url: str | URL = casebook_url,
    ) -> AppTest:
        whole = url if isinstance(url, str) else url.render_as_string(hide_password=False)
        monkeypatch.setenv("FAMILIES_DATABASE_URL", whole)
        app = AppTest.from_file(APP, default_timeout=60)
        if role is not None:
            app.session_state["chosen_staff_id"] = f"demo-{role.replace('_', '-')}"
        if tab is not None:
            app.query_params["tab"] = tab
        app.run()
        for name, value in (("family", family), ("ruleset", ruleset), ("section", section)):
            if value is not None:
                app.query_params[name] = value
        if family is not None or page != "pages_/family_record.py":
            app.switch_page(page)
            app.run()
        return app

    yield open_it
    st.cache_resource.clear()
