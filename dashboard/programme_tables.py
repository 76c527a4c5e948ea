"""The frames of the programme's pages: a chart and its table come from the same one. Numbers too small stay blank."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from dashboard import words
from dashboard.cells import said
from families.cases.views import Stage, WorkerLoad
from families.criteria.small_numbers import FEWEST_SHOWN
from families.programme import STEP_LABELS, TOO_SMALL, Distance, Split, StrandCount, StrandOutcomes, TimeInStage

REVIEWS = {
    "Overdue": "overdue_reviews",
    "Due in 7 days": "due_soon_reviews",
    "Due later": "later_reviews",
    "No review yet": "without_review",
}


def pipeline(stages: Sequence[Stage]) -> pl.DataFrame:
    """Families in each stage, with the change and how long they have been there."""
    return pl.DataFrame(
        {
            "Stage": [stage.label for stage in stages],
            "Families": [stage.count for stage in stages],
            "Change in a month": [f"{stage.change:+d}" if stage.change else "none" for stage in stages],
            "Median days so far": [_days(stage.median_days) for stage in stages],
        },
        schema={
            "Stage": pl.String,
            "Families": pl.Int64,
            "Change in a month": pl.String,
            "Median days so far": pl.String,
        },
    )


def meanings(stages: Sequence[Stage]) -> pl.DataFrame:
    """What each stage means, as it is meant wherever families are counted."""
    rows = [(stage.label, stage.means) for stage in stages]
    return pl.DataFrame(rows, schema=dict.fromkeys(("Stage", "What it means"), pl.String), orient="row")


def _days(number: int | None) -> str:
    return "" if number is None else str(number)


def weeks(counts: Sequence[tuple[dt.date, int]]) -> pl.DataFrame:
    """Referrals in each whole week."""
    rows = [(monday, number) for monday, number in counts]
    return pl.DataFrame(rows, schema={"Week from": pl.Date, "Referrals": pl.Int64}, orient="row")


def weeks_in_words(frame: pl.DataFrame) -> pl.DataFrame:
    """The run chart's table."""
    return said(frame, "Week from", words.short_date)


def times(them: Sequence[TimeInStage]) -> pl.DataFrame:
    """Median days in each stage, this quarter and the one before, and of how many families each is."""
    return pl.DataFrame(
        [
            (each.label, _median(each.days, each.families), _median(each.days_before, each.families_before))
            for each in them
        ],
        schema=dict.fromkeys(("Stage", "Last three months", "Three months before"), pl.String),
        orient="row",
    )


def _median(days: int | None, families: int | None) -> str:
    if families == 0:
        return "no family left it"
    if days is None or families is None:
        return f"fewer than {FEWEST_SHOWN} families left it"
    return f"{words.counted(days, 'day')}, of {words.counted(families, 'family', 'families')}"


def strands(them: Sequence[StrandCount]) -> pl.DataFrame:
    """Families by what is known of each strand."""
    return pl.DataFrame(
        [(each.label, each.met, each.not_met, each.unknown) for each in them],
        schema={"Strand": pl.String} | dict.fromkeys(("Met", "Not met", "Not known"), pl.Int64),
        orient="row",
    )


def in_words(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame with counts in which those that are too small are said to be."""
    numbers = [name for name, kind in frame.schema.items() if kind == pl.Int64]
    return frame.with_columns(pl.col(numbers).cast(pl.String).fill_null(TOO_SMALL))


def steps(found: StrandOutcomes) -> pl.DataFrame:
    """Families with a need of one strand, step by step; those of whom it is not known always among them."""
    rows = [(label, getattr(found, name)) for name, label in STEP_LABELS.items()]
    return pl.DataFrame(rows, schema={"Step": pl.String, "Families": pl.Int64}, orient="row")


def all_steps(them: Sequence[StrandOutcomes]) -> pl.DataFrame:
    """The same of all strands side by side."""
    rows = [(found.label, *(getattr(found, name) for name in STEP_LABELS)) for found in them]
    return pl.DataFrame(
        rows, schema={"Strand": pl.String} | dict.fromkeys(STEP_LABELS.values(), pl.Int64), orient="row"
    )


def split(found: Split) -> pl.DataFrame:
    """The same of one strand by the values of a grouping."""
    return all_steps(found.values).rename({"Strand": found.by})


def distances(them: Sequence[Distance]) -> pl.DataFrame:
    """The distance travelled: median scores, and the middle half of the changes."""
    rows = [
        (each.label, each.needs, each.baseline, each.now, each.change, each.change_from, each.change_to)
        for each in them
    ]
    numbers = dict.fromkeys(("Baseline", "Now", "Change", "From", "To"), pl.Float64)
    return pl.DataFrame(rows, schema={"Need": pl.String, "Needs": pl.Int64} | numbers, orient="row")


def reviews(loads: Sequence[WorkerLoad]) -> pl.DataFrame:
    """Open families of each worker by when their review is due; by name, never by merit."""
    rows = [
        (words.plain(load.name), status, int(getattr(load, column)))
        for load in sorted(loads, key=lambda load: (load.name, load.worker))
        for status, column in REVIEWS.items()
    ]
    schema = {"Worker": pl.String, "Review": pl.String, "Families": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")
