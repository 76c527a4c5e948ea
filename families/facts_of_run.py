"""The facts that criteria ask, from delivered records and a run's tables: the same for a refresh and a back-test."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from families.criteria.facts import Facts, gather
from families.errors import Refused
from families.home import Home, Run
from families.sources.store import read_records, receipts

FACT_RECORDS = (
    "enrolments", "schools", "exclusions", "education_statuses", "offences", "asb_measures", "care_episodes",
    "benefits", "benefit_checks", "coverage", "housing_statuses", "sentences", "domestic_incidents", "service_flags",
    "destinations", "nominations", "work_steps",
)  # fmt: skip
FACT_TABLES = ("person_of_record", "people", "address_of_record", "residences", "family_members", "absence")


def gather_facts(records: Mapping[str, pl.DataFrame], tables: Mapping[str, pl.DataFrame], *, as_of: dt.date) -> Facts:
    """Facts from the records of FACT_RECORDS and the run's tables."""
    return gather(records, as_of=as_of, **{name: tables[name] for name in FACT_TABLES})


def facts_of_run(home: Home, run: Run, *, as_of: dt.date) -> Facts:
    """The facts a whole run was evaluated on, or those of its families on another date.

    Only the run's own deliveries are read. Raises Refused where one of them has been taken back since.
    """
    wanted = {item["delivery"]: item["file"] for item in run.manifest["inputs"]}
    gone = sorted(wanted.keys() - {receipt.delivery for receipt in receipts(home.path)})
    if gone:
        raise Refused(
            f"Run {run.run_id} used {', '.join(wanted[each] for each in gone)}, taken back since: refresh first."
        )
    records = read_records(home.path, tables=FACT_RECORDS, deliveries=wanted)
    return gather_facts(records, {name: run.table(name) for name in FACT_TABLES}, as_of=as_of)
