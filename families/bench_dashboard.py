"""How long the dashboard's scripts take on a casebook as large as a county's: list pages and a family's record."""

from __future__ import annotations

import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from families.casebook.database import open_casebook
from families.casebook.enlarging import enlarge, require_empty
from families.casebook.reading import list_families
from families.casebook.search import Sought
from families.casebook.views import Reader
from families.demo import make_demo

APP = Path(__file__).parents[1] / "dashboard" / "app.py"
SAMPLE = Path(__file__).parents[1] / "data" / "sample"
RECORD, SEARCH = "pages_/family_record.py", "pages_/search.py"
SOUGHT = Sought("smith")
TRIES = 20
PAGES = (
    ("caseworker", "pages_/today.py"),
    ("caseworker", "pages_/my_families.py"),
    ("programme_manager", "pages_/my_families.py"),
    ("programme_manager", "pages_/identified_families.py"),
    ("returns_officer", "pages_/identified_families.py"),
    ("auditor", "pages_/my_families.py"),
    ("team_manager", "pages_/caseload.py"),
    ("caseworker", SEARCH),
    ("programme_manager", SEARCH),
    ("programme_manager", "pages_/inbox.py"),
    ("programme_manager", "pages_/overview.py"),
    ("programme_manager", "pages_/outcomes.py"),
    ("programme_manager", "pages_/quality.py"),
    ("caseworker", RECORD),
    ("programme_manager", RECORD),
)


@dataclass(frozen=True)
class Timed:
    """A page's reruns by one role, in milliseconds: waited for, and of this process's own work."""

    role: str
    page: str
    waited: list[float]
    worked: list[float]

    @property
    def line(self) -> str:
        """The page as a row of a Markdown table."""
        name = Path(self.page).stem.replace("_", " ")
        figures = [median_and_p95(each) for each in (self.waited, self.worked)]
        cells = " | ".join(f"{middle:.0f} | {high:.0f}" for middle, high in figures)
        return f"| {name}, {self.role.replace('_', ' ')} | {cells} |"


def median_and_p95(figures: list[float]) -> tuple[float, float]:
    """The middle figure, and that which 19 of 20 do not exceed (nearest rank)."""
    ordered = sorted(figures)
    return statistics.median(ordered), ordered[math.ceil(len(ordered) * 0.95) - 1]


def run_dashboard_bench(
    *, families: int, database: str | None, tell: Callable[[str], None], show: Callable[[str], None]
) -> list[Timed]:
    """Make a sample casebook of so many families with open cases, and time the pages' scripts on it.

    It lies in a file, or in a database of PostgreSQL that has to be empty, and is left there.
    """
    with tempfile.TemporaryDirectory() as temporary, _environment(FAMILIES_HOME=f"{temporary}/home"):
        if database is not None:
            require_empty(open_casebook(database))
        settings = make_demo(Path(temporary) / "home", SAMPLE, database=database, tell=tell)
        engine = open_casebook(settings.database_url)
        tell("make the casebook large")
        there = enlarge(engine, families=families)
        found = timed_pages(settings.database_url, tell=tell)
    on = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[engine.dialect.name]
    show(f"Script time on {there:,} families, each with an open case, {on}, {TRIES} reruns a page (milliseconds):")
    show("")
    show("| page, role | waited, median | p95 | worked, median | p95 |\n|---|---|---|---|---|")
    for each in found:
        show(each.line)
    return found


def timed_pages(url: str, *, tell: Callable[[str], None]) -> list[Timed]:
    """Every page of the bench, rerun by its role on a casebook of the sample."""
    from streamlit.testing.v1 import AppTest

    found = []
    with _environment(FAMILIES_DATABASE_URL=url):
        for role, page in PAGES:
            tell(f"time {Path(page).stem} as {role}")
            app = AppTest.from_file(APP, default_timeout=300)
            app.session_state["chosen_staff_id"] = f"demo-{role.replace('_', '-')}"
            if page == SEARCH:
                app.session_state["search_asked"] = SOUGHT
            app.run()
            if page == RECORD:
                app.query_params["family"] = _a_family(url, role)
            app.switch_page(page)
            found.append(_timed(app, role, page))
    return found


def _a_family(url: str, role: str) -> str:
    reader = Reader(f"demo-{role.replace('_', '-')}", role, "measure pages")
    return list_families(open_casebook(url), reader, status="eligible", sort="name").families[0].family_id


def _timed(app: Any, role: str, page: str) -> Timed:
    app.run()  # the first run of a page reads its code
    waited, worked = [], []
    for _ in range(TRIES):
        started, work = time.perf_counter(), time.process_time()
        app.run()
        waited.append(1000 * (time.perf_counter() - started))
        worked.append(1000 * (time.process_time() - work))
    if app.exception:
        raise RuntimeError(f"{page} failed while it was timed: {app.exception[0].message}")
    return Timed(role, page, waited, worked)


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
