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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from families import load_job
from families.casebook.database import open_casebook
from families.casebook.following import has_unfollowed
from families.casebook.migrations import migrate
from families.casebook.review import Decisions, decisions_in_force
from families.continuity import kept_continuity, people_before
from families.criteria import absence as sessions
from families.criteria import facts
from families.criteria.evaluate import evaluate
from families.criteria.near_miss import near_misses
from families.criteria.rulebook import LoadedRuleset, check_in_force, load_ruleset
from families.criteria.ruleset import Ruleset
from families.doubts import ASKED, ask
from families.errors import Refused
from families.facts_of_run import FACT_RECORDS, gather_facts
from families.home import Home, Run, write_atomically, write_table
from families.households.evidence import PERSON_COLUMNS
from families.households.form import form_families
from families.incremental import addresses_seen, holding
from families.linkage.address_surnames import place_by_surname
from families.linkage.addresses import match_addresses
from families.linkage.clerical import SAMPLED, sample_pairs
from families.linkage.people import link_and_doubt
from families.linkage.quality import linkage_counts
from families.linkage.training import train
from families.own_rules import require_signed
from families.publishing import is_published, publish_run
from families.reference import REFERENCE
from families.sources.counting import FIELDS, delivery_counts
from families.sources.store import Receipt, read_records, receipts, scan_records
from families.tables.run import RUN_TABLES

Tables = dict[str, pl.DataFrame]
STATED = ["source", "delivery", "row", "part", "uprn", "saon", "paon", "street", "town", "address", "postcode"]
ENGINES = ("polars", "duckdb", "splink", "uk-address-matcher", "networkx", "scipy")
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
    unsigned: bool = False  # use a council's own rules though nobody has signed them
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


class _TablesMade(Mapping[str, pl.DataFrame]):
    """The tables of a run so far, read where they lie whenever one is asked for: between steps none is in memory."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __getitem__(self, name: str) -> pl.DataFrame:
        if not self._run.has_table(name):
            raise KeyError(name)
        return self._run.table(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name in RUN_TABLES if self._run.has_table(name))

    def __len__(self) -> int:
        return sum(1 for _ in self)


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
    with home.only_one():
        casebook = open_casebook(asked.database_url)
        migrate(casebook)  # one that cannot be reached is told before the work, not after
        if asked.ruleset.endswith(".toml") and not (asked.is_sample or asked.unsigned):
            require_signed(casebook, ruleset, as_of=asked.as_of)
        return _refreshed(home, asked, ruleset=ruleset, delivered=delivered, tell=tell)


def _refreshed(
    home: Home, asked: Asked, *, ruleset: LoadedRuleset, delivered: list[Receipt], tell: Callable[[str], None]
) -> Run:
    sweep(home)
    load_job.sweep(home, at=asked.published_at)
    decisions = decisions_in_force(open_casebook(asked.database_url))
    key = _with_decisions(run_key(delivered, ruleset, asked, model=_hash_of_model(home)), decisions.all)
    run = Run(home.runs / f"{asked.as_of}-{ruleset.rules.id}-{key[:12]}")
    if asked.afresh or not run.is_whole:
        _make(home, run, asked=asked, ruleset=ruleset, delivered=delivered, key=key, decisions=decisions, tell=tell)
    stands = is_published(run, database_url=asked.database_url, is_sample=asked.is_sample)
    if asked.afresh or not stands or has_unfollowed(open_casebook(asked.database_url)):
        tell("publish to the casebook")
        publish_run(
            home,
            run,
            database_url=asked.database_url,
            as_of=asked.as_of,
            ruleset=ruleset,
            is_sample=asked.is_sample,
            published_at=asked.published_at,
            file_names={receipt.delivery: receipt.file for receipt in delivered},
            inputs=_key("inputs", *(receipt.sha256 for receipt in _oldest_first(delivered))),
        )
    home.make_current(run)
    return run


def train_linkage(home: Home) -> Path:
    """Train the linkage model on the records of the home, and keep it there for the refreshes to come."""
    delivered = receipts(home.path)
    if not delivered:
        raise Refused(f"Nothing is loaded in {home.path.name}: load files first with `families load`.")
    read = read_records(home.path, tables=["persons", "properties", "benefit_checks"])
    with home.only_one(), home.work() as work:
        of_record, _ = matched_addresses(read, work=work, prepared=home.gazetteer)
        trained = train(read["persons"], of_record, work=work)
        path = home.path / "linkage_model.json"
        write_atomically(path, json.dumps(trained, indent=1).encode())
    return path


def _hash_of_model(home: Home) -> str:
    """Which linkage model: of the authority's own training, or the one that ships with the code."""
    model = home.linkage_model
    return hashlib.sha256(model.read_bytes()).hexdigest() if model else "shipped"


def run_key(delivered: list[Receipt], ruleset: LoadedRuleset, asked: Asked, *, model: str = "shipped") -> str:
    """What a run's tables depend on: deliveries, rules, date, code, linkage model."""
    return _key(
        "run",
        *(receipt.sha256 for receipt in _oldest_first(delivered)),
        ruleset.sha256,
        str(asked.as_of),
        code_version(),
        model,
    )


def _key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _oldest_first(delivered: list[Receipt]) -> list[Receipt]:
    return sorted(delivered, key=lambda receipt: (receipt.received_on, receipt.load, receipt.file, receipt.delivery))


@cache
def code_version() -> str:
    """A hash of the code, reference data and engines that a run is made with."""
    package = Path(__file__).parent
    files = [*package.rglob("*.py"), *package.rglob("*.toml"), *REFERENCE.rglob("*.csv"), *REFERENCE.rglob("*.json")]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    for engine in ENGINES:
        digest.update(f"{engine} {version(engine)}".encode())
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
    decisions: Decisions,
    tell: Callable[[str], None],
) -> None:
    """Do every step into a folder beside the run's place, write the manifest last, and rename."""
    making = home.runs / f".making-{run.run_id}-{os.getpid()}"
    making.mkdir(parents=True)
    progress = Progress(tell)
    published = home.current()
    tables = _TablesMade(Run(making))
    with home.work() as work:
        for step in _steps(
            home,
            tables,
            asked=asked,
            ruleset=ruleset,
            delivered=delivered,
            published=published,
            run_id=run.run_id,
            work=work,
            decisions=decisions,
        ):
            with progress.step(step.name, step.key) as done:
                earlier = None if asked.afresh else _done_before(published, step)
                made = earlier if earlier is not None else _checked(step.work(), step)
                done["reused"] = earlier is not None
                done["rows"] = {name: made[name].height for name in step.makes}
                for name in step.makes:
                    write_table(making / "tables", name, made[name])
                del made, earlier
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
        "before": told_from.run_id if (told_from := _told_from(home, published, run.run_id)) else None,
        "inputs": [_input(receipt) for receipt in _oldest_first(delivered)],
        "decisions": decisions.all["decision"].to_list(),
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
    tables: Mapping[str, pl.DataFrame],
    *,
    asked: Asked,
    ruleset: LoadedRuleset,
    delivered: list[Receipt],
    published: Run | None,
    run_id: str,
    work: Path,
    decisions: Decisions,
) -> Iterator[Step]:
    """The pipeline, in order. `tables` fills up as the steps are done."""
    newest = list(reversed(_oldest_first(delivered)))
    newest_first = [receipt.delivery for receipt in newest]

    def made_from(*tables: str) -> str:
        return _key(code_version(), *holding(newest, tables))

    placed = made_from("persons", "benefit_checks", "properties")
    linked = _with_decisions(_key(placed, made_from("persons"), _hash_of_model(home)), decisions.pairs)
    formed = _with_decisions(_key(linked, made_from(*FAMILY_RECORDS), str(asked.as_of)), decisions.ties)
    attended = _key(linked, made_from("marks", "attendance_counts"))
    judged = _key(formed, attended, made_from(*FACT_RECORDS), ruleset.sha256, str(asked.as_of))

    def read(*names: str, persons: Sequence[str] | None = None) -> Tables:
        """The delivered records a step asks for, of people perhaps some columns; no step carries another's."""
        return read_records(home.path, tables=list(names), columns={"persons": persons} if persons else None)

    every = _key(code_version(), *newest_first)
    yield Step("account for every row", ("rejected", "coverage"), every, lambda: read("rejected", "coverage"))
    yield Step(
        "count what was delivered",
        ("delivery_quality",),
        every,
        lambda: {
            "delivery_quality": delivery_counts(
                read("persons", persons=["source", *FIELDS])["persons"],
                tables["rejected"],
                tables["coverage"],
                _oldest_first(delivered),
            )
        },
    )
    yield Step(
        "match addresses to the gazetteer",
        ("address_of_record", "addresses"),
        placed,
        lambda: _named(
            ("address_of_record", "addresses"),
            matched_addresses(
                read("persons", "benefit_checks", "properties", persons=[*STATED, "surname"]),
                work=work,
                prepared=home.gazetteer,
                seen=None
                if asked.afresh
                else addresses_seen(home.path, published, delivered, code=code_version(), stated=stated_addresses),
            ),
        ),
    )
    yield Step(
        "link records to people",
        ("person_of_record", "people", "doubtful_pairs"),
        linked,
        lambda: _named(
            ("person_of_record", "people", "doubtful_pairs"),
            link_and_doubt(
                scan_records(home.path, "persons"),
                tables["address_of_record"],
                previous=people_before(published),
                work=work,
                parameters=home.linkage_model,
                decisions=decisions.pairs,
            ),
        ),
    )
    yield Step(
        "form households and families",
        ("residences", "links", "households", "family_members"),
        formed,
        lambda: vars(
            form_families(
                read(*FAMILY_RECORDS, persons=PERSON_COLUMNS),
                as_of=asked.as_of,
                person_of_record=tables["person_of_record"],
                people=tables["people"],
                address_of_record=tables["address_of_record"],
                addresses=tables["addresses"],
                previous=_of_published(published, "family_members"),
                decisions=decisions.ties,
                former=_of_published(published, "former_families"),
            )
        ),
    )
    yield Step(
        "measure linkage",
        ("linkage_quality", "sample_pairs"),
        linked,
        lambda: measure_linkage(read("persons", persons=SAMPLED)["persons"], tables),
    )
    told_from = _told_from(home, published, run_id)
    yield Step(
        "say what became of people and families",
        ("continuity", "former_people", "former_families"),
        _key(formed, told_from.run_id if told_from else "", published.manifest["key"] if published else ""),
        lambda: kept_continuity(
            published,
            told_from,
            tables,
            files={receipt.delivery: receipt.file for receipt in delivered},
            as_of=asked.as_of,
            code=code_version(),
        ),
    )
    yield Step(
        "roll up attendance",
        ("absence", "absence_codes"),
        attended,
        lambda: roll_up_attendance(
            **read("marks", "attendance_counts"),
            person_of_record=tables["person_of_record"],
            newest_first=newest_first,
        ),
    )
    yield Step(
        "evaluate the criteria",
        ("findings", "assessments", "reviews", "near_misses"),
        judged,
        lambda: evaluated(ruleset.rules, gather_facts(read(*FACT_RECORDS), tables, as_of=asked.as_of)),
    )
    yield Step(
        "put doubts to a person",
        ("doubts",),
        judged,
        lambda: {
            "doubts": ask(
                ruleset.rules,
                read("persons", persons=ASKED),
                tables,
                facts_of=lambda supposed: gather_facts(read(*FACT_RECORDS), supposed, as_of=asked.as_of),
            )
        },
    )


def _with_decisions(key: str, decisions: pl.DataFrame) -> str:
    """A step's key, which only decisions change."""
    return key if decisions.is_empty() else _key(key, decisions.write_json())


def _told_from(home: Home, published: Run | None, run_id: str) -> Run | None:
    """The run since which a new one tells what changed: the published one; of a run made again, that of the first."""
    if published is None or published.run_id != run_id:
        return published
    earlier = published.manifest.get("before")
    run = Run(home.runs / earlier) if earlier else None
    return run if run is not None and run.is_whole else None


def _named(names: tuple[str, ...], made: tuple[pl.DataFrame, ...]) -> Tables:
    return dict(zip(names, made, strict=True))


def _of_published(published: Run | None, table: str) -> pl.DataFrame | None:
    return published.table(table) if published and published.has_table(table) else None


def measure_linkage(persons: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> Tables:
    """Counts about linkage, and the pairs drawn for people to measure it by."""
    of_record, addresses = tables["person_of_record"], tables["address_of_record"]
    return {
        "linkage_quality": linkage_counts(persons, of_record, addresses),
        "sample_pairs": sample_pairs(persons, addresses, of_record),
    }


def matched_addresses(
    read: Tables, *, work: Path, prepared: Path, seen: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The address of each record and the table of addresses, by the gazetteer and then by surname."""
    stated = stated_addresses(read["persons"], read["benefit_checks"])
    matched = match_addresses(stated, read["properties"], work=work, prepared=prepared, seen=seen)
    return place_by_surname(*matched, read["persons"])


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
