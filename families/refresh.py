"""The pipeline as a list of steps: from the deliveries to a published run.

Each step takes tables and returns tables. A step whose inputs are those of the published run is not done again: its
tables are linked from there. A run is written beside its place and renamed when whole; only then is it published.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from families.casebook.database import open_casebook
from families.casebook.publish import PublishedRun, RulesUsed, publish
from families.casebook.reading import data_as_at
from families.criteria import absence as sessions
from families.criteria import explain, facts
from families.criteria.evaluate import evaluate
from families.criteria.near_miss import near_misses
from families.criteria.rulebook import LoadedRuleset, as_kept, check_in_force, load_ruleset
from families.criteria.ruleset import Ruleset
from families.errors import Refused
from families.facts_of_run import FACT_RECORDS, gather_facts
from families.home import Home, Run, write_atomically, write_table
from families.households.form import form_families
from families.linkage.addresses import match_addresses
from families.linkage.people import link_people
from families.reference import REFERENCE
from families.sources.store import Receipt, read_records, receipts
from families.tables.run import RUN_TABLES

Tables = dict[str, pl.DataFrame]
STATED = ["source", "delivery", "row", "part", "uprn", "saon", "paon", "street", "town", "address", "postcode"]
FAMILY_RECORDS = ("persons", "contacts", "liabilities", "enrolments", "properties")


@dataclass(frozen=True)
class Asked:
    """What a run is asked for. `published_at` is the only clock, and stays out of the tables.

    `ruleset` is the id of a shipped one, or the path of a TOML file; `switches` the options chosen in it.
    """

    as_of: dt.date
    ruleset: str
    database_url: str
    published_at: dt.datetime
    is_sample: bool = False
    anyway: bool = False
    afresh: bool = False
    switches: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Progress:
    """What a run has done so far: told to the terminal as it happens, kept in the manifest."""

    tell: Callable[[str], None]
    steps: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str, key: str) -> Iterator[dict[str, Any]]:
        """Time one step; the body adds its counts."""
        self.tell(name)
        started = time.monotonic()
        done: dict[str, Any] = {"step": name, "key": key}
        yield done
        done["seconds"] = round(time.monotonic() - started, 3)
        self.steps.append(done)


@dataclass(frozen=True)
class Step:
    """A named step, the tables it makes, and what its result depends on."""

    name: str
    makes: tuple[str, ...]
    key: str
    work: Callable[[], Mapping[str, pl.DataFrame]]


def refresh(home: Home, asked: Asked, *, tell: Callable[[str], None] = lambda _: None) -> Run:
    """Link, form families, evaluate and publish. The run already there for the same inputs is published again.

    Raises Refused where nothing is loaded, or the ruleset was not in force on the date.
    """
    ruleset = load_ruleset(asked.ruleset, switches=asked.switches)
    check_in_force(ruleset.rules, asked.as_of, anyway=asked.anyway)
    delivered = receipts(home.path)
    if not delivered:
        raise Refused(f"Nothing is loaded in {home.path.name}: load files first with `families load`.")
    open_casebook(asked.database_url)  # a casebook that cannot be reached is told before the work, not after
    with home.only_one():
        return _refreshed(home, asked, ruleset=ruleset, delivered=delivered, tell=tell)


def _refreshed(
    home: Home, asked: Asked, *, ruleset: LoadedRuleset, delivered: list[Receipt], tell: Callable[[str], None]
) -> Run:
    sweep(home)
    key = run_key(delivered, ruleset, asked)
    run = Run(home.runs / f"{asked.as_of}-{ruleset.rules.id}-{key[:12]}")
    if asked.afresh or not run.is_whole:
        _make(home, run, asked=asked, ruleset=ruleset, delivered=delivered, key=key, tell=tell)
    if asked.afresh or not _is_published(run, asked):
        tell("publish to the casebook")
        _publish(run, asked=asked, ruleset=ruleset, delivered=delivered)
    home.make_current(run)
    return run


def _is_published(run: Run, asked: Asked) -> bool:
    """Whether the casebook already shows this very run; a run's id tells its inputs, rules and code."""
    try:
        shown = data_as_at(open_casebook(asked.database_url))
    except Refused:
        return False
    return (shown.run_id, shown.is_sample) == (run.run_id, asked.is_sample)


def run_key(delivered: list[Receipt], ruleset: LoadedRuleset, asked: Asked) -> str:
    """What a run's tables depend on: deliveries, rules, date, code."""
    return _key(
        "run",
        *(receipt.sha256 for receipt in _oldest_first(delivered)),
        ruleset.sha256,
        str(asked.as_of),
        code_version(),
    )


def _key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _oldest_first(delivered: list[Receipt]) -> list[Receipt]:
    return sorted(delivered, key=lambda receipt: (receipt.received_on, receipt.load, receipt.file, receipt.delivery))


@cache
def code_version() -> str:
    """A hash of the code and reference data that a run is made with."""
    package = Path(__file__).parent
    files = [*package.rglob("*.py"), *package.rglob("*.toml"), *REFERENCE.rglob("*.csv"), *REFERENCE.rglob("*.json")]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def sweep(home: Home) -> None:
    """Remove what a killed refresh left."""
    for left in home.runs.glob(".making-*"):
        shutil.rmtree(left, ignore_errors=True)


def _make(
    home: Home,
    run: Run,
    *,
    asked: Asked,
    ruleset: LoadedRuleset,
    delivered: list[Receipt],
    key: str,
    tell: Callable[[str], None],
) -> None:
    """Do every step into a folder beside the run's place, write the manifest last, and rename."""
    making = home.runs / f".making-{run.run_id}-{os.getpid()}"
    making.mkdir(parents=True)
    progress = Progress(tell)
    published = home.current()
    tables: Tables = {}
    with home.work() as work:
        for step in _steps(
            home, tables, asked=asked, ruleset=ruleset, delivered=delivered, published=published, work=work
        ):
            with progress.step(step.name, step.key) as done:
                earlier = None if asked.afresh else _done_before(published, step)
                tables.update(earlier if earlier is not None else _checked(step.work(), step))
                done["reused"] = earlier is not None
                done["rows"] = {name: tables[name].height for name in step.makes}
                for name in step.makes:
                    write_table(making / "tables", name, tables[name])
    manifest = {
        "run": run.run_id,
        "key": key,
        "as_of": str(asked.as_of),
        "ruleset": {
            "id": ruleset.rules.id,
            "sha256": ruleset.sha256,
            "switches": dict(ruleset.switches),
            "overlay": ruleset.overlay.authority if ruleset.overlay else None,
        },
        "code": code_version(),
        "inputs": [_input(receipt) for receipt in _oldest_first(delivered)],
        "steps": progress.steps,
    }
    write_atomically(making / "ruleset.json", ruleset.rules.model_dump_json(by_alias=True, indent=1).encode())
    write_atomically(making / "manifest.json", json.dumps(manifest, indent=1).encode())
    if run.path.exists():
        shutil.rmtree(run.path)
    making.rename(run.path)


def _input(receipt: Receipt) -> dict[str, Any]:
    return {
        "delivery": receipt.delivery,
        "source": receipt.source,
        "file": receipt.file,
        "files": sorted(receipt.files),
        "sha256": receipt.sha256,
        "received_on": str(receipt.received_on),
        "rows_in": receipt.rows_in,
        "accepted": receipt.accepted,
        "duplicate": receipt.duplicate,
        "superseded": receipt.superseded,
        "rejected": receipt.rejected,
    }


def _done_before(published: Run | None, step: Step) -> Tables | None:
    """The step's tables from the published run, where that run made them from the same inputs."""
    if published is None:
        return None
    keys = {done["step"]: done["key"] for done in published.manifest["steps"]}
    if keys.get(step.name) != step.key or not all(published.has_table(name) for name in step.makes):
        return None
    return {name: published.table(name) for name in step.makes}


def _checked(made: Mapping[str, pl.DataFrame], step: Step) -> Tables:
    """The step's tables in their declared schemas; a step that breaks its word stops the run."""
    return {name: RUN_TABLES[name].validate(made[name], cast=True) for name in step.makes}


def _steps(
    home: Home,
    tables: Tables,
    *,
    asked: Asked,
    ruleset: LoadedRuleset,
    delivered: list[Receipt],
    published: Run | None,
    work: Path,
) -> Iterator[Step]:
    """The pipeline, in order. `tables` fills up as the steps are done."""
    newest_first = [receipt.delivery for receipt in reversed(_oldest_first(delivered))]
    inputs = _key("inputs", code_version(), *newest_first)
    dated = _key(inputs, str(asked.as_of))

    def read(*names: str) -> Tables:
        """The delivered records a step asks for; read anew each time, so that no step carries another's."""
        return read_records(home.path, tables=list(names))

    yield Step("account for every row", ("rejected", "coverage"), inputs, lambda: read("rejected", "coverage"))
    yield Step(
        "match addresses to the gazetteer",
        ("address_of_record", "addresses"),
        inputs,
        lambda: _named(
            ("address_of_record", "addresses"),
            match_addresses(
                stated_addresses(**read("persons", "benefit_checks")),
                read("properties")["properties"],
                work=work,
                prepared=home.path / "gazetteer",
            ),
        ),
    )
    yield Step(
        "link records to people",
        ("person_of_record", "people"),
        inputs,
        lambda: _named(
            ("person_of_record", "people"),
            link_people(
                read("persons")["persons"],
                tables["address_of_record"],
                previous=_of_published(published, "person_of_record"),
                work=work,
            ),
        ),
    )
    yield Step(
        "form households and families",
        ("residences", "links", "households", "family_members"),
        dated,
        lambda: vars(
            form_families(
                read(*FAMILY_RECORDS),
                as_of=asked.as_of,
                person_of_record=tables["person_of_record"],
                people=tables["people"],
                address_of_record=tables["address_of_record"],
                addresses=tables["addresses"],
                previous=_of_published(published, "family_members"),
            )
        ),
    )
    yield Step(
        "roll up attendance",
        ("absence", "absence_codes"),
        inputs,
        lambda: roll_up_attendance(
            **read("marks", "attendance_counts"),
            person_of_record=tables["person_of_record"],
            newest_first=newest_first,
        ),
    )
    yield Step(
        "evaluate the criteria",
        ("findings", "assessments", "reviews", "near_misses"),
        _key(dated, ruleset.sha256),
        lambda: evaluated(ruleset.rules, gather_facts(read(*FACT_RECORDS), tables, as_of=asked.as_of)),
    )


def _named(names: tuple[str, ...], made: tuple[pl.DataFrame, ...]) -> Tables:
    return dict(zip(names, made, strict=True))


def _of_published(published: Run | None, table: str) -> pl.DataFrame | None:
    return published.table(table) if published and published.has_table(table) else None


def stated_addresses(persons: pl.DataFrame, benefit_checks: pl.DataFrame) -> pl.DataFrame:
    """Every address a record states: of people, and of the addresses submitted to DWP."""
    blank = [pl.lit(None, dtype=pl.String).alias(name) for name in ("saon", "paon", "street", "town")]
    checks = benefit_checks.with_columns(pl.lit("dwp").alias("source"), *blank).select(STATED)
    return pl.concat([persons.select(STATED), checks])


def roll_up_attendance(
    marks: pl.DataFrame, attendance_counts: pl.DataFrame, *, person_of_record: pl.DataFrame, newest_first: list[str]
) -> Tables:
    """The absence tables, from marks and counts of linked children."""
    of_person = person_of_record.select("source", "delivery", "row", "part", "person_id")
    of_children, counts = (
        rows.join(of_person, on=["delivery", "row", "part"], how="inner") for rows in (marks, attendance_counts)
    )
    latest = sessions.latest_marks(of_children, newest_first=newest_first)
    absence = sessions.roll_up(latest, counts, newest_first=newest_first)
    codes = pl.concat(
        [
            sessions.codes_from_marks(latest).with_columns(pl.lit("session_marks").alias("source")),
            sessions.codes_from_counts(counts, newest_first=newest_first),
        ]
    ).join(
        absence.select(*sessions.HALF_TERM, "source"), on=[*sessions.HALF_TERM, "source"], how="semi", nulls_equal=True
    )
    return {"absence": absence, "absence_codes": codes.drop("source").sort(*sessions.HALF_TERM, "code")}


def evaluated(rules: Ruleset, known: facts.Facts) -> Tables:
    """The tables of the rules: findings, strands and eligibility, what to look at, and what near misses lack."""
    found = evaluate(rules, known)
    return {**vars(found), "near_misses": near_misses(rules, found, known)}


def for_casebook(assessments: pl.DataFrame, rules: Ruleset) -> pl.DataFrame:
    """The families that may enter the casebook: eligible, or near misses on a strand that can bring one in."""
    entering = ["eligible", *rules.near_miss_strands]
    met = assessments.filter(pl.col("outcome") == "met", pl.col("strand").is_in(entering))
    return met.select("family_id").unique().sort("family_id")


def _publish(run: Run, *, asked: Asked, ruleset: LoadedRuleset, delivered: list[Receipt]) -> None:
    rules = ruleset.rules
    names = {receipt.delivery: receipt.file for receipt in delivered}
    tables = {name: run.table(name) for name in RUN_TABLES if run.has_table(name)}
    entering = for_casebook(tables["assessments"], rules)
    explained = explain.explained(
        tables["findings"].join(entering, on="family_id", how="semi"),
        rules=rules,
        people=tables["people"],
        as_of=asked.as_of,
        file_names=names,
    )
    publish(
        open_casebook(asked.database_url),
        tables=tables | read_records(run.path.parents[1], tables=["enrolments", "schools"]),
        explained=explained,
        strands=rules.strand_labels,
        run=PublishedRun(
            run_id=run.run_id,
            as_of=asked.as_of,
            ruleset=rules.id,
            rules_used=RulesUsed(**as_kept(ruleset)),
            is_sample=asked.is_sample,
            published_at=asked.published_at,
            absence_threshold_percent=_absence_threshold(rules, asked.as_of),
            near_miss_strands=tuple(rules.near_miss_strands),
        ),
        file_names=names,
    )


def _absence_threshold(rules: Ruleset, as_of: dt.date) -> int | None:
    """The share of absence that the ruleset asks about on the day, to be drawn on the charts."""
    shares = [asked.bound_on(as_of).comparison[1] for asked in rules.criterion if asked.table == "absence"]
    return shares[0] if shares else None
