"""One made-up casebook for all dashboard tests, and the dashboard run on it without a browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import made_up_casebook
import pytest
import serving
import streamlit as st
from altair.utils import schemapi
from casework import raise_alerts
from serving import Real
from streamlit.testing.v1 import AppTest

from families.cases import demo

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
Opened = Callable[..., AppTest]


@pytest.fixture
def held_to_schema() -> Iterator[None]:
    """Every chart that is drawn is held to Vega-Lite's schema, which the dashboard spares its readers."""
    import_module("dashboard.startup")  # which spares them
    with schemapi.debug_mode(True):
        yield


@pytest.fixture(scope="session")
def casebook_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("casebook") / "casebook.sqlite"
    made_up_casebook.casebook(path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def worked_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The made-up casebook with made-up casework at every stage."""
    path = tmp_path_factory.mktemp("worked") / "casebook.sqlite"
    engine = made_up_casebook.casebook(path)
    assert demo.add_demo_cases(engine)
    raise_alerts(engine)
    engine.dispose()
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def accepted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A casebook in which a family is accepted and two alerts wait; each test has a copy of it."""
    return made_up_casebook.with_accepted_family(tmp_path_factory.mktemp("accepted") / "casebook.sqlite")


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
        url: str = casebook_url,
    ) -> AppTest:
        monkeypatch.setenv("FAMILIES_DATABASE_URL", url)
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
