"""Many people at once: real sessions of a real server, each over its own connection, and no error in any."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import made_up_casebook
import pytest
import serving
import visiting
from casework import raise_alerts
from visiting import PATIENCE

from families.cases import demo

PEOPLE = int(os.environ.get("FAMILIES_PEOPLE", "0"))  # fifty take a machine of their own
PAGES = {
    "Caseworker": ("my_families", "my_families"),
    "Team manager": ("my_families", "caseload"),
    "Programme manager": ("my_families", "rules"),
    "Data analyst": ("review", "quality"),
    "Auditor": ("my_families", "my_families"),
}
ROLES = tuple(PAGES)


@pytest.fixture
def served(tmp_path: Path):
    """The address of a dashboard on a casebook with made-up casework."""
    path = tmp_path / "casebook.sqlite"
    engine = made_up_casebook.casebook(path)
    demo.add_demo_cases(engine)
    raise_alerts(engine)
    engine.dispose()
    settings = {"FAMILIES_HOME": str(tmp_path), "FAMILIES_DATABASE_URL": f"sqlite:///{path}"}
    with serving.served(settings, script="serve.py") as address:
        yield address


def visit(address: str, role: str) -> visiting.Visitor:
    """Come in, say who one is, and open two pages."""
    with visiting.visitor(address) as coming:
        visiting.enter(coming, role)
        for page in PAGES[role]:
            coming.run(page=page)
        return coming


@pytest.mark.skipif(not PEOPLE, reason="FAMILIES_PEOPLE says how many; they want a machine of their own")
@pytest.mark.timeout(4 * PATIENCE)
def test_many_people_at_once_without_an_error(served: str) -> None:
    started = time.monotonic()
    with ThreadPoolExecutor(PEOPLE) as at_once:
        coming = [at_once.submit(visit, served, ROLES[number % len(ROLES)]) for number in range(PEOPLE)]
        people = [each.result() for each in coming]
    took = sorted(seconds for each in people for seconds in each.took)
    runs = f"{len(took)} script runs, median {median(took):.1f} s, slowest {took[-1]:.1f} s"
    print(f"{PEOPLE} people, {runs}: {time.monotonic() - started:.1f} s")
    assert [error for each in people for error in each.errors] == []
    assert len(people) == PEOPLE
    for each in people:
        assert len([heading for heading in each.all("heading") if heading.tag == "h1"]) == 1
        assert each.title != "Choose who you are"
