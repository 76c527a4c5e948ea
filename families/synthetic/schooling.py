"""Schools, and each child's way through them: enrolments, moves, permanent exclusions, time off every roll."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from families.synthetic import rates
from families.synthetic.dwelling import NEVER
from families.synthetic.population import RESIDENTIAL, YEAR, Families, People, day_number, school_start_year
from families.synthetic.school_days import SchoolYear
from families.synthetic.streams import Array, draw, mix, pick, stream

PRIMARY, SECONDARY, SPECIAL, PRU = range(4)
PHASES = ("primary", "secondary", "special", "pru")
FEED, TABLES, XML = range(3)  # how a school delivers; all but the XML ones stand in the census tables
LA = 881

NOTHING, TRANSFER, EXPELLED, IN_PRU, PRU_MEDICAL, DUAL, MISSING, MISSING_ENDED, AT_HOME = range(9)

SAINTS = ("St Mary's", "St John's", "Holy Cross", "St Peter's", "All Saints'", "St Helena's")


@dataclass(frozen=True)
class Schooling:
    """Schools, enrolments (spells on a roll), and the children off it."""

    schools: pl.DataFrame  # school (index), laestab, urn, name, phase, area, delivers
    spells: pl.DataFrame  # spell, child, school, status, from, to, entry
    events: pl.DataFrame  # child, kind, day, until
    upn: Array  # of each person, "" where none
    start_year: Array  # September of reception, of each person


def enrol(
    families: Families,
    people: People,
    *,
    seed: int,
    areas: int,
    years: list[SchoolYear],
    first_day: dt.date,
    last_day: dt.date,
) -> Schooling:
    """Gives every child of school age its schools."""
    rng = stream(seed, "schooling")
    first, last = day_number(first_day), day_number(last_day)
    taught = np.concatenate([year.days for year in years])
    start = school_start_year(people.born)
    child = np.flatnonzero((people.role == "child") & (_september(start) <= last) & (_june(start + 14) > first - 2500))
    schools = _schools(rng, len(child), areas)
    careers = _careers(rng, families, people, child, start, schools)
    events = _events(rng, families, people, child, start, first, last, taught)
    spells = _with_events(rng, families, people, careers, events, schools)
    in_window = (pl.col("to") >= first) & (pl.col("from") <= last)
    spells = spells.filter(in_window).with_columns(
        to=pl.when(pl.col("to") >= last).then(NEVER).otherwise(pl.col("to")),
    )
    spells = spells.sort("child", "from", "status").with_columns(spell=pl.int_range(pl.len(), dtype=pl.Int64))
    schools = _deliveries(rng, schools, spells)
    never_here = (
        careers.group_by("child")
        .agg(pl.col("from").min())
        .join(events, on="child")
        .filter(pl.col("kind").is_in([MISSING, AT_HOME]) & (pl.col("day") <= pl.col("from")))
    )
    careers = careers.join(never_here.select("child"), on="child", how="anti", maintain_order="left")
    return Schooling(schools, spells, events, _upns(rng, people, careers, schools, start), start)


def _september(year: Array) -> Array:
    return (year.astype(str).astype("datetime64[Y]").astype("datetime64[M]") + 8).astype("datetime64[D]").astype(int)


def _june(year: Array) -> Array:
    """The last Friday in June, the school leaving date."""
    end = (year.astype(str).astype("datetime64[Y]").astype("datetime64[M]") + 6).astype("datetime64[D]").astype(int) - 1
    weekday = (end + 3) % 7  # day 0, 1 January 1970, was a Thursday
    friday: Array = end - (weekday - 4) % 7
    return friday


def _schools(rng: np.random.Generator, children: int, areas: int) -> pl.DataFrame:
    """Enough schools for the children, spread over the areas: small ones first in a small authority."""
    primaries = max(8, areas, round(children * 0.52 / rates.PRIMARY_SIZE))
    secondaries = max(3, areas, round(children * 0.46 / rates.SECONDARY_SIZE))
    special = max(1, round(children * rates.SPECIAL_SCHOOL / 110))
    pru = max(1, round(children / 33000))
    phase = np.repeat([PRIMARY, SECONDARY, SPECIAL, PRU], [primaries, secondaries, special, pru])
    number = np.concatenate([np.arange(n) for n in (primaries, secondaries, special, pru)])
    estab = np.array([2001, 4001, 7001, 1101])[phase] + number
    words = np.array(["Oakfield", "Riverside", "Hillside", "Meadow", "Highfield", "Park", "Abbey", "Bridge", "Manor"])
    kind = np.array(["Primary School", "School", "Special School", "Pupil Referral Unit"])[phase]
    church = (rng.random(len(phase)) < 0.25) & (phase == PRIMARY)
    base = np.where(church, np.array(SAINTS)[rng.integers(0, len(SAINTS), len(phase))], words[number % len(words)])
    suffix = np.where(number >= len(words), [f" {n // len(words) + 1}" for n in number.tolist()], "")
    return pl.DataFrame(
        {
            "school": np.arange(len(phase)),
            "estab": estab,
            "laestab": [f"{LA}{e}" for e in estab.tolist()],
            "urn": [str(115000 + i) for i in range(len(phase))],
            "name": [f"{b}{s} {k}" for b, s, k in zip(base, suffix, kind, strict=True)],
            "phase": phase,
            "area": number % areas,
            "strictness": rng.standard_normal(len(phase)) * 0.5,
            "delivers": np.zeros(len(phase), dtype=np.int64),
        }
    )


def _deliveries(rng: np.random.Generator, schools: pl.DataFrame, spells: pl.DataFrame) -> pl.DataFrame:
    """Which schools send no feed: at random, until a tenth of pupils is reached; some of them send XML."""
    pupils = spells.filter(pl.col("to") == NEVER)["school"].value_counts().sort("school")
    size = np.zeros(schools.height)
    size[pupils["school"].to_numpy()] = pupils["count"].to_numpy()
    target = rates.CENSUS_ONLY * size.sum()
    delivers = np.full(schools.height, FEED)
    phase = schools["phase"].to_numpy()
    ordinary = np.flatnonzero((phase == PRIMARY) | (phase == SECONDARY))
    so_far = 0.0
    for school in rng.permutation(ordinary).tolist():
        if size[school] and abs(so_far + size[school] - target) < abs(so_far - target):
            so_far += size[school]
            delivers[school] = TABLES
    census_only = np.flatnonzero(delivers == TABLES)
    delivers[census_only[: max(1, round(rates.XML_OF_CENSUS_ONLY * len(census_only)))]] = XML
    return schools.with_columns(delivers=pl.Series(delivers))


def _careers(
    rng: np.random.Generator, families: Families, people: People, child: Array, start: Array, schools: pl.DataFrame
) -> pl.DataFrame:
    """The usual way: a primary, a secondary, for some a sixth form; or one special school throughout."""
    phase, area = schools["phase"].to_numpy(), schools["area"].to_numpy()
    row = people.family[child]
    primary = _school_for(rng, phase, area, PRIMARY, families.area, row)
    secondary = _school_for(rng, phase, area, SECONDARY, families.area, row)
    special_schools = np.flatnonzero(phase == SPECIAL)
    is_special = pick(rng.standard_normal(len(child)) + (families.kind[row] == RESIDENTIAL), rates.SPECIAL_SCHOOL)
    year = start[child]
    sixth = people.born[child] % 100 < 100 * rates.SIXTH_FORM
    frames = [
        _career(child[~is_special], primary[~is_special], _september(year), _september(year + 7) - 1, ~is_special),
        _career(child[~is_special], secondary[~is_special], _september(year + 7), _june(year + 12), ~is_special),
        _career(
            child[sixth & ~is_special],
            secondary[sixth & ~is_special],
            _september(year + 12),
            _june(year + 14),
            sixth & ~is_special,
        ),
        _career(
            child[is_special],
            special_schools[rng.integers(0, len(special_schools), int(is_special.sum()))],
            _september(year),
            _june(year + 12),
            is_special,
        ),
    ]
    return pl.concat(frames).sort("child", "from")


def _career(child: Array, school: Array, start: Array, end: Array, rows: Array) -> pl.DataFrame:
    return pl.DataFrame({"child": child, "school": school, "from": start[rows], "to": end[rows]}).with_columns(
        status=pl.lit("C")
    )


def _school_for(
    rng: np.random.Generator, phase: Array, area: Array, kind: int, family_area: Array, row: Array
) -> Array:
    """Siblings mostly go to the same school of the family's area; one child in twelve goes elsewhere."""
    out = np.zeros(len(family_area), dtype=np.int64)
    for index in np.unique(family_area):
        here = np.flatnonzero((phase == kind) & (area == index))
        rows = np.flatnonzero(family_area == index)
        out[rows] = here[draw(rng, rng.gamma(4, 1, len(here)), len(rows))]
    chosen = out[row]
    other = rng.random(len(row)) < 0.08
    every = np.flatnonzero(phase == kind)
    chosen[other] = every[rng.integers(0, len(every), int(other.sum()))]
    return chosen


def _events(
    rng: np.random.Generator,
    families: Families,
    people: People,
    child: Array,
    start: Array,
    first: int,
    last: int,
    taught: Array,
) -> pl.DataFrame:
    """What happens to some children within the window, at most one thing each; troubles lean on the child's score."""
    years = (last - first) / YEAR
    age = (last - people.born[child]) / YEAR
    trouble = people.trouble[child]
    boy = people.sex[child] == "M"
    day = rng.integers(first + 20, last - 50, len(child))
    kind = np.zeros(len(child), dtype=np.int64)
    school_age = (age > 6.2) & (age < 15.9)

    def choose(code: int, share: float, at_least: int, weight: float, eligible: Array) -> None:
        score = mix(rng, trouble + 0.4 * boy, weight) if weight else rng.standard_normal(len(child))
        free = eligible & (kind == NOTHING)
        kind[pick(np.where(free, score, -99), share, at_least=at_least) & free] = code

    older = (age > 11.5) & (age < 15.9)
    choose(EXPELLED, rates.PERMANENT_A_YEAR * years, 2, 0.75, older)
    choose(IN_PRU, rates.IN_PRU_FROM_BEFORE, 1, 0.75, (age > 12.8) & (age < 15.9))
    choose(PRU_MEDICAL, rates.PRU_FOR_OTHER_REASONS, 1, 0.3, older)
    choose(DUAL, rates.DUAL_REGISTERED, 2, 0.6, older)
    choose(MISSING, rates.MISSING_EDUCATION, 2, 0.6, school_age)
    choose(MISSING_ENDED, rates.MISSING_EDUCATION_ENDED, 1, 0.6, school_age)
    choose(AT_HOME, rates.EDUCATED_AT_HOME, 2, 0.1, school_age)
    row = people.family[child]
    moved = families.moved_on[row]
    moving = (moved > first + 20) & (moved < last - 40) & (rng.random(len(families))[row] < rates.TRANSFER_ON_MOVE)
    kind[(kind == NOTHING) & moving] = TRANSFER
    choose(TRANSFER, rates.TRANSFER_A_YEAR * years, 2, 0.3, (age > 5) & (age < 15.9))
    day = np.where((kind == TRANSFER) & moving, moved, day)
    day = np.where(kind == IN_PRU, rng.integers(first - 700, first - 30, len(child)), day)
    day = np.where((kind == AT_HOME), rng.integers(first - 900, last - 60, len(child)), day)
    day = np.where(kind == EXPELLED, taught[np.searchsorted(taught, day).clip(0, len(taught) - 1)], _weekday(day))
    starts = _september(start[child])
    day = np.where(kind == AT_HOME, np.maximum(day, starts), day)
    # A third of the missing came to the authority without ever joining a school here.
    day = np.where((kind == MISSING) & (rng.random(len(child)) < 0.33), starts, day)
    until = np.where(kind == MISSING_ENDED, day + rng.integers(30, 110, len(child)), NEVER)
    until = np.where(kind == DUAL, day + rng.integers(50, 160, len(child)), until)
    rows = kind != NOTHING
    return pl.DataFrame({"child": child[rows], "kind": kind[rows], "day": day[rows], "until": until[rows]}).sort(
        "child"
    )


def _weekday(day: Array) -> Array:
    """The Monday after, where a day falls on a weekend."""
    weekday = (day + 3) % 7
    return day + np.where(weekday >= 5, 7 - weekday, 0)


def _with_events(
    rng: np.random.Generator,
    families: Families,
    people: People,
    careers: pl.DataFrame,
    events: pl.DataFrame,
    schools: pl.DataFrame,
) -> pl.DataFrame:
    """Cuts and adds spells where something happened."""
    phase, area = schools["phase"].to_numpy(), schools["area"].to_numpy()
    spells = careers.join(events, on="child", how="left")
    cuts = pl.col("kind").is_not_null() & (pl.col("kind") != DUAL)
    gone_for_good = pl.col("kind").is_in([EXPELLED, IN_PRU, PRU_MEDICAL, MISSING, AT_HOME])
    kept = (
        spells.filter(~(gone_for_good & (pl.col("from") > pl.col("day"))).fill_null(False))
        .with_columns(
            to=pl.when(cuts & (pl.col("from") <= pl.col("day")) & (pl.col("to") >= pl.col("day")))
            .then(pl.col("day") - pl.when(pl.col("kind") == EXPELLED).then(0).otherwise(1))
            .otherwise(pl.col("to")),
            status=pl.when(
                (pl.col("kind") == DUAL) & (pl.col("from") <= pl.col("until")) & (pl.col("to") >= pl.col("day"))
            )
            .then(pl.lit("M"))
            .otherwise(pl.col("status")),
        )
        .select("child", "school", "from", "to", "status")
    )
    at = spells.filter((pl.col("from") <= pl.col("day")) & (pl.col("to") >= pl.col("day"))).sort("child")
    prus = np.flatnonzero(phase == PRU)
    any_pru = prus[rng.integers(0, len(prus), at.height)]
    another = _another_school(rng, at["school"].to_numpy(), phase, area)
    start = {EXPELLED: 9, IN_PRU: 9, PRU_MEDICAL: 0, TRANSFER: 0, DUAL: 0}
    kind, day = at["kind"].to_numpy(), at["day"].to_numpy()
    until = np.where(kind == DUAL, at["until"].to_numpy(), at["to"].to_numpy())
    joins = np.isin(kind, list(start)) | (kind == MISSING_ENDED)
    offset = np.select([kind == code for code in start], list(start.values()), default=0)
    begins = np.where(kind == MISSING_ENDED, at["until"].to_numpy(), day + offset)
    to_pru = np.isin(kind, (EXPELLED, IN_PRU, PRU_MEDICAL, DUAL))
    leaves = _june(school_start_year(people.born[at["child"].to_numpy()]) + 12)
    ends = np.where(np.isin(kind, (EXPELLED, IN_PRU, PRU_MEDICAL)), leaves, until)
    added = pl.DataFrame(
        {
            "child": at["child"],
            "school": np.where(to_pru, any_pru, another),
            "from": begins,
            "to": ends,
            "status": np.where(kind == DUAL, "S", "C"),
        },
        schema_overrides={"status": pl.String},
    ).filter(pl.Series(joins) & (pl.Series(begins) <= pl.Series(ends)))
    return pl.concat([kept, added.select(kept.columns)]).filter(pl.col("from") <= pl.col("to"))


def _another_school(rng: np.random.Generator, school: Array, phase: Array, area: Array) -> Array:
    """A school of the same phase, elsewhere."""
    out = school.copy()
    for kind in (PRIMARY, SECONDARY, SPECIAL, PRU):
        every = np.flatnonzero(phase == kind)
        rows = np.flatnonzero(phase[school] == kind)
        shift = rng.integers(1, max(2, len(every)), len(rows))
        out[rows] = every[(np.searchsorted(every, school[rows]) + shift) % len(every)]
    return out


_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_OTHER_AUTHORITIES = (882, 883, 873, 919, 317, 935)


def check_letter(digits: Array) -> Array:
    """The first letter of a UPN from its twelve digits (rows of 12 numbers)."""
    letters: Array = np.array(list(_LETTERS))[(digits * np.arange(2, 14)).sum(axis=1) % 23]
    return letters


def _upns(
    rng: np.random.Generator, people: People, careers: pl.DataFrame, schools: pl.DataFrame, start: Array
) -> Array:
    """UPNs from the first school and year of entry; one in sixteen was issued by another authority."""
    upn = np.full(len(people), "", dtype=object)
    first = careers.unique("child", keep="first", maintain_order=True)
    child = first["child"].to_numpy()
    estab = schools["estab"].to_numpy()[first["school"].to_numpy()]
    elsewhere = rng.random(len(child)) < 0.06
    authority = np.where(elsewhere, np.array(_OTHER_AUTHORITIES)[rng.integers(0, 6, len(child))], LA)
    estab = np.where(elsewhere, 2000 + rng.integers(1, 400, len(child)), estab)
    year = start[child] % 100
    key = (authority * 10000 + estab) * 100 + year
    order = np.argsort(key, kind="stable")
    place = np.arange(len(key)) - np.searchsorted(key[order], key[order])
    serial = np.empty(len(key), dtype=np.int64)
    serial[order] = place + 1
    number = key * 1000 + serial % 1000
    digits = (number[:, None] // 10 ** np.arange(11, -1, -1)) % 10
    upn[child] = [f"{letter}{n:012d}" for letter, n in zip(check_letter(digits), number.tolist(), strict=True)]
    return upn
