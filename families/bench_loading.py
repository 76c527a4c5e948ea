"""One large file through the work of the Loads page: an absence extract of so many rows, checked and then loaded."""

from __future__ import annotations

import datetime as dt
import io
import resource
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from families import load_job
from families.bench import keep_figures, machine
from families.casebook.database import open_casebook
from families.casebook.migrations import migrate
from families.casebook.views import Reader
from families.home import Home
from families.synthetic.schooling import check_letter

NAME = "attendance_2012_autumn.csv"  # the term of an extract stands in its name
ANALYST = Reader("bench", "data_analyst", "measure a load")
DAY = dt.date(2012, 12, 21)
PATIENCE = 3600.0  # seconds


class Sent(io.BytesIO):
    """The extract as a browser sends it."""

    name = NAME


def run_loading_bench(*, rows: int, write: bool, tell: Callable[[str], None], show: Callable[[str], None]) -> None:
    """Make the extract, check it and load it as the page does, and print how long each took."""
    tell("make the extract")
    content = absence_extract(rows)
    with tempfile.TemporaryDirectory() as temporary:
        home, engine = Home(Path(temporary) / "home"), open_casebook(f"sqlite:///{temporary}/casebook.sqlite")
        migrate(engine)
        job_id, lines = uuid.uuid4().hex, []
        asked: dict[str, Any] = {"received_on": DAY, "at": dt.datetime.now(dt.UTC), "wait": PATIENCE}
        for step in load_job.Doing:
            tell(step)
            started = time.monotonic()
            if step is load_job.Doing.CHECK:
                load_job.begin_check(
                    home, engine, ANALYST, job_id, upload=Sent(content), source=None, mapping=None, **asked
                )
            else:
                load_job.begin_load(home, engine, ANALYST, job_id, **asked)
            lines.append(_line(home, step, time.monotonic() - started))
        engine.dispose()
    told = f"An absence extract of {len(content) / 1e6:,.0f} MB, a row a pupil, from the upload on."
    head = "| step | seconds | rows | rows a second | peak memory of the reader, GiB |\n|---|---|---|---|---|"
    text = "\n".join([f"## Loads page, {rows:,} rows", "", machine(), "", told, "", head, *lines])
    show(text)
    if write:
        keep_figures(text, title="Loads page")


def _line(home: Home, step: str, seconds: float) -> str:
    """A step as a row of a Markdown table."""
    job = load_job.look(home, ANALYST, at=dt.datetime.now(dt.UTC))
    if job is None or job.stands is not load_job.Stands.DONE or job.checked is None:
        raise RuntimeError(f"the {step} failed: {job.refusal if job else 'there is no job'}")
    rows = job.checked.rows_in
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    return f"| {step} | {seconds:.1f} | {rows:,} | {rows / seconds:,.0f} | {peak:.2f} |"


def absence_extract(rows: int) -> bytes:
    """A termly extract of pupils who were never born, as CSV: a row a pupil, a column a code."""
    number = np.arange(rows)
    upn = 881_200_500_000 + number
    letters = check_letter((upn[:, None] // 10 ** np.arange(11, -1, -1)) % 10)
    made = pl.DataFrame({"number": number, "upn": upn, "letter": letters})
    absent = pl.col("number") % 23
    return (
        made.select(
            (2000 + pl.col("number") % 400).alias("Estab"),
            pl.concat_str("letter", "upn").alias("UPN"),
            pl.format("Surname{}", pl.col("number") % 9973).alias("Surname"),
            pl.format("Forename{}", pl.col("number") % 997).alias("Forename"),
            pl.when(pl.col("number") % 2 == 0).then(pl.lit("F")).otherwise(pl.lit("M")).alias("Gender"),
            (pl.lit(dt.date(2000, 1, 1)) + pl.duration(days=pl.col("number") % 4000)).dt.date().alias("DoB"),
            pl.lit("C").alias("EnrolStatus"),
            pl.lit(dt.date(2011, 9, 1)).alias("EntryDate"),
            (1 + pl.col("number") % 11).alias("NCyearActual"),
            pl.lit(148).alias("TermlySessionsPossible"),
            absent.alias("TermlySessionsAuthorised"),
            pl.lit(0).alias("TermlySessionsUnauthorised"),
            absent.alias("T_Reason_I"),
        )
        .write_csv()
        .encode()
    )
