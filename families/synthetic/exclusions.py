"""Fixed period and permanent exclusions: who, how often, for how long and why, at the published rates."""

from __future__ import annotations

import csv
from functools import cache

import numpy as np
import polars as pl

from families.reference import REFERENCE
from families.synthetic import rates
from families.synthetic.population import People
from families.synthetic.school_days import SchoolYear
from families.synthetic.schooling import EXPELLED, IN_PRU, PHASES, Schooling
from families.synthetic.streams import Array, draw, mix, pick, stream


@cache
def _distribution(measure: str, phase: str) -> tuple[Array, Array]:
    with (REFERENCE / "synthetic" / "exclusion_counts.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if (row["measure"], row["phase"]) == (measure, phase)]
    return np.array([int(row["value"]) for row in rows]), np.array([float(row["pupils_or_exclusions"]) for row in rows])


def exclude(people: People, schooling: Schooling, years: list[SchoolYear], *, seed: int) -> pl.DataFrame:
    """One row an exclusion: child, spell, school, category, start and end day, sessions, reason."""
    frames = [_permanent(schooling, seed)]
    frames += [_fixed(people, schooling, year, seed) for year in years]
    return (
        pl.concat(frames)
        .sort("child", "start", "category")
        .with_columns(exclusion=pl.int_range(pl.len(), dtype=pl.Int64))
    )


def _frame(
    spells: pl.DataFrame, rows: Array, category: str, start: Array, end: Array, sessions: Array, reason: Array
) -> pl.DataFrame:
    chosen = spells[rows]
    return pl.DataFrame(
        {
            "child": chosen["child"],
            "spell": chosen["spell"],
            "school": chosen["school"],
            "category": [category] * len(rows),
            "start": start.astype(np.int64),
            "end": end.astype(np.int64),
            "sessions": sessions.astype(np.int64),
            "reason": reason.astype(str),
        },
        schema_overrides={"category": pl.String, "reason": pl.String},
    )


def _reasons(rng: np.random.Generator, size: int) -> Array:
    codes = np.array(list(rates.EXCLUSION_REASONS))
    return codes[draw(rng, np.array(list(rates.EXCLUSION_REASONS.values())), size)]


def _permanent(schooling: Schooling, seed: int) -> pl.DataFrame:
    """The permanent exclusions of the window, on the last day of the spell they ended."""
    rng = stream(seed, "permanent")
    events = schooling.events.filter(pl.col("kind") == EXPELLED).select("child", "day")
    spells = schooling.spells.join(events, on="child").filter(pl.col("to") == pl.col("day")).sort("child")
    day = spells["day"].to_numpy()
    rows = np.arange(spells.height)
    return _frame(spells, rows, "PERM", day, day, np.zeros(len(rows)), _reasons(rng, len(rows)))


def _fixed(people: People, schooling: Schooling, year: SchoolYear, seed: int) -> pl.DataFrame:
    rng = stream(seed, "fixed", str(year.start_year))
    spells = schooling.spells.join(schooling.schools.select("school", "phase", "strictness"), on="school")
    spells = spells.filter(
        (pl.col("from") <= int(year.days[-1]) - 20)
        & (pl.col("to") >= int(year.days[0]) + 20)
        & (pl.col("status") != "S")
    ).sort("spell")
    child = spells["child"].to_numpy()
    nc_year = year.start_year - schooling.start_year[child]
    # Boys 2.7 times girls, a peak at 14, and schools that differ (DfE 2015/16; Essex schools 2016/17).
    behaviour = mix(rng, people.trouble[child] + 0.5 * (people.sex[child] == "M") - 0.12 * np.abs(nc_year - 9), 0.75)
    behaviour = behaviour + spells["strictness"].to_numpy()
    in_trouble = np.isin(child, schooling.events.filter(pl.col("kind").is_in([EXPELLED, IN_PRU]))["child"].to_numpy())
    behaviour = behaviour + 1.5 * in_trouble
    frames = []
    phase = spells["phase"].to_numpy()
    for index, name in enumerate(PHASES):
        rows = np.flatnonzero((phase == index) & (nc_year >= 0))
        rows = rows[pick(behaviour[rows], rates.EXCLUDED_PUPILS[name], at_least=1 if name == "secondary" else 0)]
        if len(rows):
            frames.append(_fixed_of_phase(rng, spells, rows, name if name != "pru" else "secondary", year, behaviour))
    return pl.concat(frames)


def _fixed_of_phase(
    rng: np.random.Generator, spells: pl.DataFrame, rows: Array, phase: str, year: SchoolYear, behaviour: Array
) -> pl.DataFrame:
    values, weights = _distribution("number", phase)
    times = np.sort(values[draw(rng, weights, len(rows))])
    times = times[
        np.argsort(np.argsort(behaviour[rows] + rng.standard_normal(len(rows)), kind="stable"), kind="stable")
    ]
    rows = np.repeat(rows, times)
    start, end = spells["from"].to_numpy()[rows], spells["to"].to_numpy()[rows]
    low = np.searchsorted(year.days, np.maximum(start, year.days[0]))
    high = np.searchsorted(year.days, np.minimum(end, year.days[-1]), side="right") - 1
    first = low + (rng.random(len(rows)) * (high - low + 1)).astype(np.int64)
    lengths, weights = _distribution("days", phase)
    days = lengths[draw(rng, weights, len(rows))]
    half_day = (days == 1) & (rng.random(len(rows)) < 0.12)
    last = np.minimum(first + days - 1, high)
    sessions = np.where(half_day, 1, 2 * (last - first + 1))
    return _frame(spells, rows, "FIXD", year.days[first], year.days[last], sessions, _reasons(rng, len(rows)))
