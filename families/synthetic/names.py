"""Names of made-up people, drawn from UK frequencies with the mix of traditions they show.

Children: ONS baby names in England and Wales by five birth years. Adults born before 1996 draw 75% from the popular
names of their decade (falling with rank) and the rest from the 1996 to 2000 list with its weights flattened
(square root), because no counts for the older years are held.
"""

from __future__ import annotations

import csv
from functools import cache

import numpy as np

from families.reference import REFERENCE
from families.synthetic.streams import Array, draw

# Shares of tradition, about the 2011 census's mix for Essex and its borders.
TRADITIONS = ("british", "muslim", "hindu", "sikh", "african", "eastern_european", "chinese")
TRADITION_SHARES = (0.905, 0.027, 0.014, 0.008, 0.018, 0.02, 0.008)

_PERIODS = ((2011, "born_2011"), (2006, "born_2006"), (2001, "born_2001"), (1996, "born_1996"))
_DECADES = (1985, 1975, 1965, 1955, 1940)


@cache
def _table(name: str) -> tuple[dict[str, str], ...]:
    with (REFERENCE / "synthetic" / name).open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def _forenames(sex: str, tradition: str, period: str) -> tuple[Array, Array]:
    rows = [row for row in _table("forenames.csv") if row["sex"] == sex and row["tradition"] == tradition]
    counts = np.array([float(row[period]) for row in rows])
    return np.array([row["name"] for row in rows], dtype=object), counts


@cache
def _popular(sex: str, decade: int) -> tuple[Array, Array]:
    rows = [row for row in _table("forenames_before_1996.csv") if (row["sex"], row["born_about"]) == (sex, str(decade))]
    ranks = np.array([float(row["rank"]) for row in rows])
    return np.array([row["name"] for row in rows], dtype=object), 1 / (ranks + 6)


@cache
def _surnames(tradition: str) -> tuple[Array, Array]:
    rows = [row for row in _table("surnames.csv") if row["tradition"] == tradition]
    return np.array([row["surname"] for row in rows], dtype=object), np.array([float(r["per_million"]) for r in rows])


def _adult_forenames(rng: np.random.Generator, sex: str, tradition: str, decade: int, size: int) -> Array:
    names, counts = _forenames(sex, tradition, "born_1996")
    out = names[draw(rng, np.sqrt(counts + 1), size)]
    if tradition == "british":
        popular, weights = _popular(sex, decade)
        usual = rng.random(size) < 0.75
        out[usual] = popular[draw(rng, weights, int(usual.sum()))]
    return out


def draw_forenames(rng: np.random.Generator, sex: Array, tradition: Array, birth_year: Array) -> Array:
    """A forename for each person, by sex, tradition and year of birth."""
    out = np.empty(len(sex), dtype=object)
    period = np.select([birth_year >= start for start, _ in _PERIODS], range(len(_PERIODS)), default=-1)
    decade = np.select([birth_year >= year - 5 for year in _DECADES], range(len(_DECADES)), default=len(_DECADES) - 1)
    group = np.where(period >= 0, period, 10 + decade)
    for a_sex in ("F", "M"):
        for index, a_tradition in enumerate(TRADITIONS):
            for a_group in np.unique(group):
                rows = np.flatnonzero((sex == a_sex) & (tradition == index) & (group == a_group))
                if not len(rows):
                    continue
                if a_group >= 10:
                    out[rows] = _adult_forenames(rng, a_sex, a_tradition, _DECADES[a_group - 10], len(rows))
                else:
                    names, counts = _forenames(a_sex, a_tradition, _PERIODS[a_group][1])
                    out[rows] = names[draw(rng, counts + 0.5, len(rows))]
    return out


def draw_surnames(rng: np.random.Generator, tradition: Array) -> Array:
    """A surname for each person by tradition."""
    out = np.empty(len(tradition), dtype=object)
    for index, name in enumerate(TRADITIONS):
        rows = np.flatnonzero(tradition == index)
        names, counts = _surnames(name)
        out[rows] = names[draw(rng, counts, len(rows))]
    return out


@cache
def other_forms() -> dict[str, tuple[str, ...]]:
    """Short and variant forms of a forename."""
    forms: dict[str, list[str]] = {}
    for row in _table("forename_forms.csv"):
        forms.setdefault(row["forename"], []).append(row["form"])
    return {name: tuple(others) for name, others in forms.items()}
