"""Session marks of an academic year, for every spell on a roll.

A child's share of authorised and of unauthorised sessions is read off the published distribution of its phase (DfE,
England 2012/13, one-point bands) at the rank of its own score, which gives the zero inflation and the long tail
exactly. Which days are missed comes in spells: whole weeks lean one way, so do terms.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from families.reference import REFERENCE
from families.synthetic import rates
from families.synthetic.population import People
from families.synthetic.school_days import SchoolYear
from families.synthetic.schooling import PHASES, PRU, Schooling
from families.synthetic.streams import Array, mix, stream

AUTHORISED = "IMHCRTSE"
UNAUTHORISED = "GUON"
NOT_POSSIBLE = "D"
_CHUNK = 20_000
_ASCII = {code: ord(code) for code in AUTHORISED + UNAUTHORISED + NOT_POSSIBLE + "/\\LBVW"}


@dataclass(frozen=True)
class YearMarks:
    """Marks of one academic year: a row for each spell, a byte for each session, 0 where not on roll."""

    year: SchoolYear
    spell: Array
    marks: Array


@cache
def _bands(phase: str, kind: str) -> tuple[Array, Array]:
    """Lower ends of the bands, in per cent, and the cumulative share of enrolments."""
    with (REFERENCE / "synthetic" / "absence_bands_2012_13.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["phase"] == phase]
    low = np.array([float(row["from_percent"]) for row in rows])
    count = np.array([float(row[kind]) for row in rows])
    return low, np.cumsum(count) / count.sum()


def _share(rank: Array, phase: str, kind: str) -> Array:
    """The share of sessions missed at a rank of the published distribution: falling within each band."""
    low, cumulative = _bands(phase, kind)
    band = np.searchsorted(cumulative, rank, side="right").clip(0, len(low) - 1)
    below = np.concatenate([[0.0], cumulative])[band]
    within = (rank - below) / np.maximum(cumulative[band] - below, 1e-12)
    high = np.append(low[1:], 100.0)
    share = np.where(band == 0, 0.0, (low[band] + within.clip(0, 1) ** 1.25 * (high[band] - low[band])) / 100)
    # The published extremes are mostly short enrolments; a child here is on roll all year, so they are drawn in.
    return np.where(share > 0.4, 0.4 + (share - 0.4) * 0.45, share)


def _rank(score: Array) -> Array:
    out = np.empty(len(score))
    out[np.argsort(score, kind="stable")] = (np.arange(len(score)) + 0.5) / max(1, len(score))
    return out


def shares_of(
    people: People, schooling: Schooling, child: Array, phase: Array, *, seed: int, year: int
) -> tuple[Array, Array]:
    """Authorised and unauthorised share of sessions for each child of a year."""
    steady = stream(seed, "absence")
    health = steady.standard_normal(len(people))[child]
    rng = stream(seed, "absence", str(year))
    trouble = people.trouble[child]
    nc_year = year - schooling.start_year[child]
    unauthorised_score = mix(rng, mix(rng, trouble, 0.62) + 0.05 * nc_year, 0.93)
    authorised_score = mix(rng, 0.45 * trouble + 0.89 * health, 0.8)
    authorised, unauthorised = np.zeros(len(child)), np.zeros(len(child))
    for index, name in enumerate(PHASES):
        rows = np.flatnonzero(phase == index)
        if index == PRU:
            for out, mean in zip((authorised, unauthorised), rates.PRU_ABSENCE, strict=True):
                out[rows] = rng.beta(1.1, 1.1 * (1 - mean) / mean, len(rows))
            continue
        unauthorised[rows] = _share(_rank(unauthorised_score[rows]), name, "unauthorised")
        authorised[rows] = _share(_rank(authorised_score[rows]), name, "authorised")
    return np.minimum(authorised, 0.97 - unauthorised.clip(0, 0.97)).clip(0, 0.97), unauthorised.clip(0, 1)


def marks_of_year(
    people: People, schooling: Schooling, exclusions: pl.DataFrame, year: SchoolYear, *, seed: int
) -> YearMarks:
    """The marks of every spell that has a school day in the year."""
    spells = schooling.spells.filter((pl.col("from") <= int(year.days[-1])) & (pl.col("to") >= int(year.days[0]))).join(
        schooling.schools.select("school", "phase"), on="school"
    )
    spells = spells.sort("child", "from", "status")
    child, index = np.unique(spells["child"].to_numpy(), return_inverse=True)
    main = np.flatnonzero(spells["status"].to_numpy() != "S")
    phase = np.zeros(len(child), dtype=np.int64)
    phase[index[main]] = spells["phase"].to_numpy()[main]
    shares = shares_of(people, schooling, child, phase, seed=seed, year=year.start_year)
    start, end = spells["from"].to_numpy(), spells["to"].to_numpy()
    out = np.zeros((spells.height, len(year.days) * 2), dtype=np.uint8)
    rng = stream(seed, "marks", str(year.start_year))
    for low in range(0, len(child), _CHUNK):
        high = min(low + _CHUNK, len(child))
        rows = np.flatnonzero((index >= low) & (index < high))
        on_roll = (year.days >= start[rows, None]) & (year.days <= end[rows, None])
        enrolled = np.zeros((high - low, len(year.days)), dtype=bool)
        np.logical_or.at(enrolled, index[rows] - low, on_roll)
        marks = _marks(rng, year, phase[low:high], shares[0][low:high], shares[1][low:high], enrolled)
        out[rows] = np.where(np.repeat(on_roll, 2, axis=1), marks[index[rows] - low], 0)
    _mark_exclusions(out, spells, exclusions, year)
    _mark_dual(out, spells, year)
    return YearMarks(year, spells["spell"].to_numpy(), out)


def _marks(
    rng: np.random.Generator, year: SchoolYear, phase: Array, authorised: Array, unauthorised: Array, enrolled: Array
) -> Array:
    children, days = enrolled.shape
    possible = 2 * enrolled.sum(axis=1)
    marks = np.empty((children, days, 2), dtype=np.uint8)
    marks[:, :, 0], marks[:, :, 1] = _ASCII["/"], _ASCII["\\"]
    dice = rng.integers(0, 1000, (children, days), dtype=np.uint16)
    marks[:, :, 0][dice < 14] = _ASCII["L"]
    visit = (dice >= 990) & (dice < 996)
    marks[visit] = _ASCII["V"]
    marks[(dice >= 996) & (dice < 998)] = _ASCII["B"]
    week = np.cumsum(np.diff(year.days, prepend=year.days[0]) > 1)
    free = enrolled.copy()
    for share, codes, weight in (
        (unauthorised, rates.UNAUTHORISED_CODES, rates.TERM_WEIGHT_UNAUTHORISED),
        (authorised, rates.AUTHORISED_CODES, rates.TERM_WEIGHT_AUTHORISED),
    ):
        sessions = np.round(share * possible).astype(np.int64)
        sessions = np.where((share > 0) & (possible > 0), np.maximum(sessions, 1), 0)
        rows = np.flatnonzero(sessions)
        _miss(rng, marks, rows, sessions[rows], free, phase, week, np.array(weight)[year.term], codes)
    return marks.reshape(children, days * 2)


def _miss(
    rng: np.random.Generator,
    marks: Array,
    rows: Array,
    sessions: Array,
    free: Array,
    phase: Array,
    week: Array,
    weight: Array,
    codes: dict[str, dict[str, float]],
) -> None:
    """Writes `sessions` missed sessions into the marks of each row, on days still free, in runs."""
    days = free.shape[1]
    half_days = np.where(sessions % 2, 1, 0) + 2 * rng.binomial(sessions // 2, 0.1)
    half_days = np.minimum(half_days, sessions)
    full_days = (sessions - half_days) // 2
    by_week = rng.random((len(rows), int(week[-1]) + 1), dtype=np.float32)
    key = (0.62 * by_week[:, week] + 0.38 * rng.random((len(rows), days), dtype=np.float32)) / weight.astype(np.float32)
    key[~free[rows]] = np.inf
    order = np.argsort(key, axis=1, kind="stable")
    room = free[rows].sum(axis=1)
    full_days = np.minimum(full_days, room)
    half_days = np.minimum(half_days, room - full_days)
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(days), order.shape), axis=1)
    is_full = place < full_days[:, None]
    is_half = ~is_full & (place < (full_days + half_days)[:, None])
    letters = _letters(rng, phase[rows], by_week.shape, codes)[:, week]
    short = _letters(rng, phase[rows], is_half.shape, _for_half_days(codes))
    afternoon = rng.random(is_half.shape, dtype=np.float32) < 0.45
    block = marks[rows]
    block[:, :, 0] = np.where(is_full, letters, np.where(is_half & ~afternoon, short, block[:, :, 0]))
    block[:, :, 1] = np.where(is_full, letters, np.where(is_half & afternoon, short, block[:, :, 1]))
    marks[rows] = block
    taken = free[rows]
    taken &= ~(is_full | is_half)
    free[rows] = taken


def _letters(
    rng: np.random.Generator, phase: Array, shape: tuple[int, ...], codes: dict[str, dict[str, float]]
) -> Array:
    dice = rng.random(shape, dtype=np.float32)
    out = np.zeros(shape, dtype=np.uint8)
    for index, name in enumerate(PHASES):
        rows = np.flatnonzero(phase == index)
        split = codes.get(name, codes["secondary"])
        edges = np.cumsum(list(split.values()))
        letters = np.array([_ASCII[code] for code in split], dtype=np.uint8)
        out[rows] = letters[np.searchsorted(edges / edges[-1], dice[rows], side="right").clip(0, len(letters) - 1)]
    return out


def _for_half_days(codes: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Half days are mostly appointments and late arrivals."""
    return {
        phase: {code: share * (3.2 if code in "MU" else 0.0 if code in "GH" else 0.6) for code, share in split.items()}
        for phase, split in codes.items()
    }


def _mark_exclusions(marks: Array, spells: pl.DataFrame, exclusions: pl.DataFrame, year: SchoolYear) -> None:
    """E on each excluded session: authorised absence."""
    if exclusions.is_empty():
        return
    row = {spell: i for i, spell in enumerate(spells["spell"].to_list())}
    inside = exclusions.filter(pl.col("start").is_between(int(year.days[0]), int(year.days[-1])))
    for spell, start, sessions in inside.select("spell", "start", "sessions").rows():
        first = int(np.searchsorted(year.days, start)) * 2
        span = marks[row[spell], first : first + sessions]
        span[span > 0] = _ASCII["E"]


def _mark_dual(marks: Array, spells: pl.DataFrame, year: SchoolYear) -> None:
    """D where the child is due at its other school: two days a week at the subsidiary one."""
    weekday = np.repeat((year.days + 3) % 7, 2)
    second = spells.filter(pl.col("status") == "S")
    status = spells["status"].to_numpy()
    child, start, end = spells["child"].to_numpy(), spells["from"].to_numpy(), spells["to"].to_numpy()
    session_day = np.repeat(year.days, 2)
    for spell_child, day, until in second.select("child", "from", "to").rows():
        within = (session_day >= day) & (session_day <= until)
        for row in np.flatnonzero(child == spell_child).tolist():
            at_other = within & ((weekday < 2) if status[row] != "S" else (weekday >= 2))
            at_other &= marks[row] > 0
            marks[row, at_other & (session_day >= start[row]) & (session_day <= end[row])] = _ASCII["D"]


def counts(year_marks: YearMarks) -> pl.DataFrame:
    """Sessions by spell, term, half and code: one column a code, with possible, authorised and unauthorised."""
    frames = []
    year = year_marks.year
    for term in range(3):
        for half in (1, 2):
            columns = year.sessions(term, half)
            if not len(columns):
                continue
            part = year_marks.marks[:, columns[0] : columns[-1] + 1]
            rows = np.flatnonzero((part > 0).any(axis=1))
            part = part[rows]
            by_code = {code: (part == _ASCII[code]).sum(axis=1) for code in AUTHORISED + UNAUTHORISED + NOT_POSSIBLE}
            frames.append(
                pl.DataFrame(
                    {
                        "spell": year_marks.spell[rows],
                        "year": np.full(len(rows), year.start_year),
                        "term": np.full(len(rows), term),
                        "half": np.full(len(rows), half),
                        "possible": (part > 0).sum(axis=1) - by_code["D"],
                        "authorised": sum(by_code[code] for code in AUTHORISED),
                        "unauthorised": sum(by_code[code] for code in UNAUTHORISED),
                        **by_code,
                    }
                )
            )
    return pl.concat(frames)
