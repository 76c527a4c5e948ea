"""How linkage does beside one plain Splink model over the same records in the same run: seconds, memory and F1.

Each is a process of its own, with nothing else in it. A third process takes addresses, people and households together,
for the memory that they need at most.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from families.bench_rules import peak_gib
from families.home import Home
from families.households.evidence import PERSON_COLUMNS
from families.households.form import form_families
from families.linkage import names
from families.linkage.duck import duck
from families.linkage.people import link_people
from families.linkage.prepare import KEYS, READ
from families.refresh import FAMILY_RECORDS, STATED, matched_addresses
from families.score import person_pairs, with_true_people
from families.sources.store import read_records, scan_records

OURS, PLAIN, STAGE = "ours", "one plain Splink model", "addresses, people and households"
CLUSTERED_AT = 0.95  # probability
PLAIN_MEMORY = "12GB"
RANDOM_PAIRS = 2_000_000
AS_OF = dt.date(2013, 9, 1)


@dataclass(frozen=True)
class OfLinkage:
    """What one way of linking took, and how its pairs compare with the truth."""

    name: str
    records: int
    seconds: float
    peak_gib: float
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None

    @property
    def line(self) -> str:
        """A row of a Markdown table."""
        scored = [f"{part:.4f}" if part is not None else "" for part in (self.precision, self.recall, self.f1)]
        cells = [self.name, f"{self.records:,}", f"{self.seconds:.1f}", f"{self.peak_gib:.2f}", *scored]
        return f"| {' | '.join(cells)} |"


def linkage_lines(folder: Path, *, tell: Callable[[str], None]) -> list[str]:
    """The three processes over a loaded and refreshed home beside its authority, as lines of Markdown."""
    found = []
    for name in (OURS, PLAIN, STAGE):
        tell(f"linkage: {name}")
        command = [sys.executable, "-m", "families.bench_linkage", str(folder), name]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 (our own command)
        found.append(OfLinkage(**json.loads(done.stdout.splitlines()[-1])))
    ours, plain, _ = found
    return [
        "Linkage of named records to people, records read and addresses known beforehand, in processes of their own:",
        "",
        "| what | records | seconds | peak memory, GiB | precision | recall | F1 |",
        "|---|---|---|---|---|---|---|",
        *(each.line for each in found),
        "",
        f"- people are linked **{plain.seconds / ours.seconds:.1f} times as fast** as by the plain model",
        "",
    ]


def linked_by_us(folder: Path, work: Path) -> OfLinkage:
    """Our linkage of people, timed without reading, and scored."""
    run, persons = _run_and_persons(folder)
    addresses = run.table("address_of_record")
    started = time.perf_counter()
    of_record, _ = link_people(persons.select(READ), addresses, previous=None, work=work)
    return _scored(OURS, folder, persons, of_record, seconds=time.perf_counter() - started)


def linked_by_a_plain_model(folder: Path, work: Path) -> OfLinkage:
    """One Splink model with the library's own comparisons, trained on these records and clustered at 95%."""
    run, persons = _run_and_persons(folder)
    addresses = run.table("address_of_record").select(*KEYS, "address_id")
    started = time.perf_counter()
    named = persons.join(addresses, on=KEYS, how="left").with_row_index("unique_id")
    clusters = _plain_clusters(_plain_columns(named), work)
    of_record = named.select(*KEYS, "unique_id").join(clusters, on="unique_id").drop("unique_id")
    return _scored(PLAIN, folder, persons, of_record, seconds=time.perf_counter() - started)


def whole_stage(folder: Path, work: Path) -> OfLinkage:
    """Addresses, people and families from the records, for the memory the stage needs."""
    home = folder / "home"
    started = time.perf_counter()
    asked = {"persons": [*STATED, "surname"]}
    read = read_records(home, tables=["persons", "benefit_checks", "properties"], columns=asked)
    of_address, addresses = matched_addresses(read, work=work, prepared=Home(home).gazetteer)
    records = read["persons"].height
    read.clear()
    of_record, people = link_people(scan_records(home, "persons"), of_address, previous=None, work=work)
    form_families(
        read_records(home, tables=list(FAMILY_RECORDS), columns={"persons": PERSON_COLUMNS}),
        as_of=AS_OF,
        person_of_record=of_record,
        people=people,
        address_of_record=of_address,
        addresses=addresses,
    )
    return OfLinkage(STAGE, records, time.perf_counter() - started, peak_gib())


def _run_and_persons(folder: Path) -> tuple[Any, pl.DataFrame]:
    persons = read_records(folder / "home", tables=["persons"])["persons"]
    is_named = pl.col("forename").is_not_null() | pl.col("surname").is_not_null()
    return Home(folder / "home").require_current(), persons.filter(is_named)


def _scored(
    name: str, folder: Path, persons: pl.DataFrame, of_record: pl.DataFrame, *, seconds: float
) -> OfLinkage:  # fmt: skip
    peak, run = peak_gib(), Home(folder / "home").require_current()
    true = pl.read_parquet(folder / "authority" / "truth" / "records.parquet")
    pairs = person_pairs(with_true_people(run, true, persons, of_record))
    return OfLinkage(name, persons.height, seconds, peak, **pairs)


def _plain_columns(named: pl.DataFrame) -> pl.DataFrame:
    return named.select(
        "unique_id",
        names.first_forename(names.normal_forenames(pl.col("forename"))).alias("forename"),
        names.normal_surname(pl.col("surname")).alias("surname"),
        pl.col("date_of_birth").cast(pl.String).alias("dob"),
        "sex",
        "upn",
        "postcode",
        "address_id",
    )


def _plain_clusters(records: pl.DataFrame, work: Path) -> pl.DataFrame:
    """The cluster of each record (`unique_id`, `person_id`), as Splink's own guide builds a model."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.NameComparison("forename").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("sex"),
            cl.ExactMatch("upn"),
            cl.ExactMatch("address_id"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("upn"),
            block_on("forename", "surname", "postcode"),
            block_on("surname", "address_id"),
            block_on("forename", "address_id"),
            block_on("dob", "surname"),
            block_on("dob", "forename"),
        ],
    )
    with duck(work, "plain") as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        connection.execute(f"set memory_limit = '{PLAIN_MEMORY}'")
        connection.register("records_in", records.to_arrow())
        connection.execute("create table records as select * from records_in")
        linker = Linker("records", settings, DuckDBAPI(connection), set_up_basic_logging=False)
        training: Any = linker.training
        training.estimate_probability_two_random_records_match([block_on("upn")], recall=0.5)
        training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=1)
        for fields in (("forename", "surname"), ("dob", "address_id")):
            training.estimate_parameters_using_expectation_maximisation(block_on(*fields))
        pairs = linker.inference.predict(threshold_match_probability=CLUSTERED_AT)
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, CLUSTERED_AT)
        found = clusters.as_duckdbpyrelation().select("unique_id, cluster_id").pl()
    return found.select(pl.col("unique_id").cast(pl.UInt32), pl.col("cluster_id").cast(pl.String).alias("person_id"))


if __name__ == "__main__":
    _ways = {OURS: linked_by_us, PLAIN: linked_by_a_plain_model, STAGE: whole_stage}
    with tempfile.TemporaryDirectory(dir=sys.argv[1]) as _work:
        print(json.dumps(asdict(_ways[sys.argv[2]](Path(sys.argv[1]), Path(_work)))), flush=True)
