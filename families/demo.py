"""A fresh home with the made-up sample authority, ready to look at."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

from families.casebook.database import open_casebook
from families.casebook.demo import add_demo_staff
from families.cases.demo import add_demo_alerts, add_demo_cases
from families.errors import Refused
from families.home import Home
from families.refresh import Asked, refresh
from families.settings import Settings
from families.sources.store import load_each

AS_OF = dt.date(2013, 9, 1)
MARKER = "made-up-sample"


def make_demo(home: Path, sample: Path, *, tell: Callable[[str], None], database: str | None = None) -> Settings:
    """Load the sample into a fresh home, refresh it and add made-up staff; its casebook lies there or in a database.

    A home is replaced only where this made it. Raises Refused where the folder holds anything else.
    """
    if home.exists() and any(home.iterdir()) and not (home / MARKER).is_file():
        raise Refused(f"{home} holds something that is not a demo: name another folder with --home.")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / MARKER).touch()
    settings = Settings(home=home, FAMILIES_DATABASE_URL=database)
    tell("load the sample authority's files")
    result = load_each(home, [sample / "inbox"], source=None, mapping=None, dry_run=False, received_on=AS_OF)
    if result.refusals:
        raise Refused(" ".join(result.refusals))
    asked = Asked(
        as_of=AS_OF,
        ruleset="tf1-2012",
        database_url=settings.database_url,
        published_at=dt.datetime.combine(AS_OF, dt.time(9), tzinfo=dt.UTC),
        is_sample=True,
    )
    refresh(Home(home), asked, tell=tell)
    engine = open_casebook(settings.database_url)
    add_demo_staff(engine)
    tell("make up cases at every stage")
    add_demo_cases(engine)
    refresh(Home(home), asked)  # which begins to follow the families
    add_demo_alerts(engine)
    return settings
