"""Each page that somebody has says on PostgreSQL, behind the second wall, what it says on SQLite."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import made_up_casebook
import pytest
from directly import Filling, OnPostgresql
from sqlalchemy import URL
from streamlit.testing.v1 import AppTest
from test_dashboard_pages import ROLES, everything_said, title

from dashboard import navigation

FAMILY, WORK_WITH_IT = "F08", ("caseworker", "programme_manager")


@pytest.fixture(scope="module")
def urls(
    filled_on_sqlite: Callable[[Filling], Path],
    casebook_on_postgresql: OnPostgresql,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, URL]]:
    """The same casework at every stage on each, where nobody has looked yet: pages say who did."""
    fill = made_up_casebook.fill_with_work
    on_sqlite = made_up_casebook.copied(filled_on_sqlite(fill), tmp_path_factory.mktemp("both"))
    with casebook_on_postgresql(fill) as engine:
        yield on_sqlite, engine.url


def told(app: AppTest) -> str:
    """What stands on a page, with what can be chosen and what charts say, without what is another each minute."""
    assert title(app)
    charts = [chart.proto.alt for kind in ("vega_lite_chart", "graphviz_chart") for chart in app.get(kind)]
    chosen = [[*box.options, str(box.value)] for box in app.selectbox]
    return re.sub(r"\d\d?:\d\d|[0-9a-f]{32}", "", f"{everything_said(app)}\n{charts}\n{chosen}")


def walked(app: AppTest, role: str) -> Iterator[tuple[str, str]]:
    """Every page of a role, and the family's record: its first part, or for whoever works with it each of them."""
    entries = navigation.entries(role)
    for name in [entry.name for entry in entries if not entry.is_hidden]:
        app.switch_page(f"pages_/{name}.py")
        yield name, told(app.run())
    if any(entry.name == "family_record" for entry in entries):
        app.query_params["family"] = FAMILY
        app.switch_page("pages_/family_record.py")
        yield "record", told(app.run())
        parts = [tab.label for tab in app.get("tab")][1:] if role in WORK_WITH_IT else []
        assert bool(parts) == (role in WORK_WITH_IT)
        for part in parts:
            app.query_params["section"] = part
            yield part, told(app.run())
            assert [tab.label for tab in app.get("tab") if tab.children] == [part]


@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_a_role_says_the_same(opened, urls, role):
    on_sqlite, on_postgresql = (dict(walked(opened(role, url=url), role)) for url in urls)
    assert list(on_postgresql) == list(on_sqlite)
    assert [name for name, said in on_sqlite.items() if on_postgresql[name] != said] == []
