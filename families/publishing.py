"""What a refresh hands to the casebook: the families that may enter it, and all that pages show of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from families.casebook.database import open_casebook
from families.casebook.following import Followed, open_families
from families.casebook.publish import PublishedRun, RulesUsed, publish
from families.casebook.reading import data_as_at
from families.casebook.selection import RECORD, absence_by_half_term
from families.casebook.views import AbsenceRule
from families.cases.alerts import tell_workers
from families.continuity import between
from families.criteria import explain
from families.criteria.rulebook import LoadedRuleset, as_kept
from families.criteria.ruleset import Ruleset
from families.criteria.school_tests import school_tests
from families.errors import Refused
from families.facts_of_run import FACT_RECORDS
from families.following import followed_facts, known_of, members_of_families
from families.home import Home, Run
from families.schooling import of_members, schooling
from families.sources.store import read_records, scan_records
from families.tables.run import RUN_TABLES


def for_casebook(assessments: pl.DataFrame, rules: Ruleset) -> pl.DataFrame:
    """The families that may enter the casebook: eligible, or near misses on a strand that can bring one in."""
    entering = ["eligible", *rules.near_miss_strands]
    met = assessments.filter(pl.col("outcome") == "met", pl.col("strand").is_in(entering))
    return met.select("family_id").unique().sort("family_id")


def is_published(run: Run, *, database_url: str, is_sample: bool) -> bool:
    """Whether the casebook already shows this very run; a run's id tells its inputs, rules and code."""
    try:
        shown = data_as_at(open_casebook(database_url))
    except Refused:
        return False
    return (shown.run_id, shown.is_sample) == (run.run_id, is_sample)


def publish_run(
    home: Home,
    run: Run,
    *,
    database_url: str,
    as_of: dt.date,
    ruleset: LoadedRuleset,
    is_sample: bool,
    published_at: dt.datetime,
    file_names: dict[str, str],
    inputs: str,
) -> None:
    """Publish a run; `file_names` are those of its deliveries, `inputs` a hash of what was delivered."""
    rules = ruleset.rules
    tables = {name: run.table(name) for name in RUN_TABLES if run.has_table(name)}
    entering = for_casebook(tables["assessments"], rules)
    explained = explain.explained(
        tables["findings"].join(entering, on="family_id", how="semi"),
        rules=rules,
        people=tables["people"],
        as_of=as_of,
        file_names=file_names,
    )
    records = read_records(home.path, tables=FACT_RECORDS)
    publish(
        open_casebook(database_url),
        tables=tables | {name: records[name] for name in ("enrolments", "schools")} | {"persons": _with_upns(home)},
        followed=_followed(
            tables, records, entering, rules=rules, file_names=file_names, as_of=as_of, database_url=database_url
        ),
        tell=lambda connection, news: tell_workers(
            connection, news, is_sample=is_sample, as_of=as_of, published_at=published_at, run_id=run.run_id
        ),
        explained=explained,
        strands=rules.strand_labels,
        run=PublishedRun(
            run_id=run.run_id,
            as_of=as_of,
            ruleset=rules.id,
            rules_used=RulesUsed(**as_kept(ruleset)),
            is_sample=is_sample,
            published_at=published_at,
            absence_rule=_absence_rule(rules, as_of),
            near_miss_strands=tuple(rules.near_miss_strands),
            inputs=inputs,
        ),
        file_names=file_names,
        changes=_changes_since_published(home, run, database_url=database_url),
    )


def _with_upns(home: Home) -> pl.DataFrame:
    """Of the delivered records of people those that state a UPN, by their keys."""
    upns = ("upn", "former_upn")
    stated = scan_records(home.path, "persons").filter(pl.any_horizontal(pl.col(upns).is_not_null()))
    return stated.select(*RECORD, *upns).collect()


def _followed(
    tables: Mapping[str, pl.DataFrame],
    records: Mapping[str, pl.DataFrame],
    entering: pl.DataFrame,
    *,
    rules: Ruleset,
    file_names: dict[str, str],
    as_of: dt.date,
    database_url: str,
) -> Followed:
    """What the run knows of every family that is published, or that somebody works with though it is not."""
    worked_with = open_families(open_casebook(database_url))
    wanted = pl.DataFrame(
        {"family_id": sorted({*entering["family_id"], *worked_with})}, schema={"family_id": pl.String}
    )
    members = members_of_families(tables, wanted, as_of=as_of)
    known = known_of(tables, records, members, as_of=as_of)
    absence = absence_by_half_term(tables["absence"], members=members, as_of=as_of)
    own = of_members(known, members)
    return Followed(
        followed_facts(tables, known, members, rules=rules, file_names=file_names),
        absence,
        schooling(absence, {**tables, "schools": records["schools"]}, own),
        school_tests(rules, own),
    )


def _changes_since_published(home: Home, run: Run, *, database_url: str) -> pl.DataFrame | None:
    """What became of people and families since the run that the casebook shows; nothing where that is not kept."""
    try:
        shown = Run(home.runs / data_as_at(open_casebook(database_url)).run_id)
    except Refused:
        return None
    if shown.run_id == run.manifest.get("before"):
        return run.table("continuity")
    return between(shown, run) if shown.is_whole and shown.run_id != run.run_id else None


def _absence_rule(rules: Ruleset, as_of: dt.date) -> AbsenceRule | None:
    """The first criterion of absence with the bound in force on the day, to be drawn on the charts."""
    asked = next((each for each in rules.criterion if each.table == "absence"), None)
    if asked is None:
        return None
    return AbsenceRule(asked.bound_on(as_of).comparison[1], asked.label, tuple(asked.numerator))
