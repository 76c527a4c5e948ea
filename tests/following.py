"""The made-up run with what feeds tell beside it, published as a refresh publishes it: for tests of alerts."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl
from made_up import MadeUpRun, _frame, made_up_run
from sqlalchemy import Connection, Engine

from families.casebook.following import Followed, News, open_families
from families.casebook.publish import publish
from families.casebook.selection import absence_by_half_term, families_entering
from families.cases.alerts import tell_workers
from families.criteria.facts import Facts
from families.criteria.rulebook import load_ruleset
from families.criteria.school_tests import school_tests
from families.facts_of_run import FACT_RECORDS
from families.following import followed_facts, known_of, members_of_families
from families.schooling import of_members, schooling
from families.tables.run import RUN_TABLES

RULES = load_ruleset("tf1-2012").rules
Rows = dict[str, list[dict[str, Any]]]


@dataclass
class Feeds:
    """What a load brings beside the made-up run: rows of records, and of the run's tables."""

    records: Rows = field(default_factory=dict)
    tables: Rows = field(default_factory=dict)

    def of(self, table: str, person_id: str, **values: Any) -> Feeds:
        """The same with one more row about somebody, in a delivery of its own."""
        row = {"delivery": f"d-{table}", "row": len(self.records.get(table, [])) + 1, "part": ""}
        of_person = {**row, "source": "exclusions" if table == "exclusions" else table, "person_id": person_id}
        more = replace(self, records={**self.records, table: [*self.records.get(table, []), row | values]})
        return more.with_row("person_of_record", **of_person, reason="same UPN")

    def with_row(self, table: str, **values: Any) -> Feeds:
        """The same with one more row in a table of the run."""
        return replace(self, tables={**self.tables, table: [*self.tables.get(table, []), values]})

    def met(self, family_id: str, person_id: str, criterion: str, on: dt.date) -> Feeds:
        """The same with a criterion that somebody meets."""
        evidence = json.dumps([["session_marks", "d0marks", 7]])
        return self.with_row(
            "findings", family_id=family_id, person_id=person_id, criterion=criterion, strand="education",
            outcome="met", value=20, out_of=100, bound="15% or more", window_from=on, window_to=on, newest_on=on,
            evidence=evidence,
        )  # fmt: skip


def followed_of(run: MadeUpRun, feeds: Feeds, families: list[str]) -> Followed:
    """What the made-up run with these feeds knows of some families."""
    tables, members, known = known_to(run, feeds, families)
    absence = absence_by_half_term(tables["absence"], members=members, as_of=known.as_of)
    own = of_members(known, members)
    return Followed(
        followed_facts(tables, known, members, rules=RULES, file_names={"d-exclusions": "exclusions_2013.csv"}),
        absence,
        schooling(absence, tables, own),
        school_tests(RULES, own),
    )


def known_to(run: MadeUpRun, feeds: Feeds, families: list[str]) -> tuple[dict[str, pl.DataFrame], pl.DataFrame, Facts]:
    """The tables of the made-up run with these feeds in it, the members of some families, and the facts of them."""
    tables = {name: declared.create_empty() for name, declared in RUN_TABLES.items()} | run.tables
    tables |= {name: pl.concat([tables[name], _frame(name, rows)]) for name, rows in feeds.tables.items()}
    records = {name: _frame(name, feeds.records.get(name, [])) for name in FACT_RECORDS}
    records |= {name: pl.concat([run.tables[name], records[name]]) for name in ("enrolments", "schools", "coverage")}
    members = members_of_families(tables, pl.DataFrame({"family_id": families}), as_of=run.run.as_of)
    return tables, members, known_of(tables, records, members, as_of=run.run.as_of)


def published(
    engine: Engine, feeds: Feeds, *, run_id: str, run: MadeUpRun | None = None, tell: Any = None, **changes: Any
) -> None:
    """Publish the made-up run with these feeds as a refresh does, and tell workers."""
    made = (run or made_up_run()).named(run_id, **changes)
    entering = families_entering(made.tables["assessments"], near_miss_strands=made.run.near_miss_strands)
    families = sorted({*entering["family_id"], *open_families(engine)})

    def told(connection: Connection, news: News) -> None:
        asked = {"is_sample": made.run.is_sample, "as_of": made.run.as_of, "published_at": made.run.published_at}
        tell_workers(connection, news, run_id=run_id, **asked)

    publish(engine, **made.for_publish(), followed=followed_of(made, feeds, families), tell=tell or told)
