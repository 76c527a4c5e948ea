"""Council tax: an account for each home, naming one or two liable adults and no child."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from families.synthetic import rates
from families.synthetic.dwelling import NEVER
from families.synthetic.mistakes import as_held, first_lines
from families.synthetic.population import day_number
from families.synthetic.streams import Array, stream
from families.synthetic.world import World, as_date
from families.synthetic.writing import LEDGER, uk_date, write_csv

_LIABLE = ("carer1", "carer2", "other_parent", "partner", "single", "sharer")


def write_council_tax(world: World, inbox: Path) -> pl.DataFrame:
    """The roll of April of the last year, with the accounts that movers closed (or forgot to)."""
    rng = stream(world.seed, "council tax")
    accounts = pl.concat([_current(world, rng), _former(world, rng)]).sort("home", "since", "first")
    first = as_held(world, accounts.select("home", person="first"), source="council tax", moves=False)
    second = as_held(
        world, accounts.select("home", person=pl.col("second").fill_null(0)), source="council tax 2", moves=False
    )
    has_second = accounts["second"].is_not_null()
    rows = accounts.with_columns(
        pl.int_range(pl.len()).alias("number"),
        **{c: first[c] for c in ("saon", "paon", "street", "locality", "town", "postcode", "uprn")},
        title1=_title(first),
        forename1=first["forename"],
        surname1=first["surname"],
        title2=pl.when(has_second).then(_title(second)).otherwise(pl.lit("")),
        forename2=pl.when(has_second).then(second["forename"]).otherwise(pl.lit("")),
        surname2=pl.when(has_second).then(second["surname"]).otherwise(pl.lit("")),
        knows_uprn=pl.Series(rng.random(accounts.height) < 0.85),
        band=pl.Series(np.array(list("ABCDEFG"))[rng.integers(0, 7, accounts.height)]),
    )
    file = f"council_tax_{_april(world).strftime('%Y-%m')}.csv"
    _write(rows, inbox, file)
    return _ledger(rows, file)


def _april(world: World) -> dt.date:
    last = as_date(world.last)
    return dt.date(last.year if last.month >= 4 else last.year - 1, 4, 30)


def _title(held: pl.DataFrame) -> pl.Series:
    return held.select(pl.when(pl.col("sex") == "M").then(pl.lit("Mr")).otherwise(pl.lit("Mrs"))).to_series()


def _current(world: World, rng: np.random.Generator) -> pl.DataFrame:
    """Of each household that has its home to itself, the first two adults nobody hides."""
    people, home_of = world.people, world.dwelling.home_of_household
    adult = np.isin(people.role, _LIABLE) & ~world.hidden
    person = np.flatnonzero(adult)
    household = people.household[person]
    order = np.lexsort((people.role[person].astype(str), people.order[person], household))
    person, household = person[order], household[order]
    place = np.arange(len(person)) - np.searchsorted(household, household)
    every = len(home_of)
    first, second = np.full(every, -1), np.full(every, -1)
    first[household[place == 0]] = person[place == 0]
    second[household[place == 1]] = person[place == 1]
    first, second = _often_only_one(rng, first, second)
    _keep_those_who_left(world, rng, first, second)
    shares = np.bincount(home_of, minlength=world.dwelling.homes.height)[home_of] > 1
    communal = world.dwelling.homes["organisation"].to_numpy()[home_of] != ""
    april = day_number(_april(world))
    since = _since(world, every)
    rows = np.flatnonzero((first >= 0) & ~shares & ~communal & (since <= april))
    adults = np.bincount(people.household[people.born < world.last - 18 * 365], minlength=every)
    return _accounts(
        home_of[rows], first[rows], second[rows], since[rows], np.full(len(rows), NEVER), adults[rows] == 1
    )


def _often_only_one(rng: np.random.Generator, first: Array, second: Array) -> tuple[Array, Array]:
    """In three of ten couples only one, of either, is on the bill."""
    only = rng.random(len(first)) < 0.3
    swap = only & (second >= 0) & (rng.random(len(first)) < 0.5)
    return np.where(swap, second, first), np.where(only, -1, second)


def _keep_those_who_left(world: World, rng: np.random.Generator, first: Array, second: Array) -> None:
    """A parent who left within the window and is still on the bill of the family's home, beside the other."""
    people, families = world.people, world.families
    gone = np.flatnonzero((people.role == "other_parent") & (families.left_on[people.family] >= 0) & ~world.hidden)
    gone = gone[rng.random(len(gone)) < rates.ON_BILL_AFTER_LEAVING * world.errors]
    row = people.family[gone]
    gone, row = gone[first[row] >= 0], row[first[row] >= 0]
    second[row] = gone


def _since(world: World, households: int) -> Array:
    """The day each household came to its home."""
    stays = world.dwelling.stays.join(
        pl.DataFrame(
            {
                "person": np.arange(len(world.people)),
                "household": world.people.household,
                "adult": world.people.role != "child",
            }
        ),
        on="person",
    )
    home_of = pl.DataFrame(
        {"household": np.arange(households), "home": world.dwelling.home_of_household.astype(np.int64)}
    )
    since = (
        stays.filter("adult").join(home_of, on=["household", "home"]).group_by("household").agg(pl.col("from").min())
    )
    out = np.full(households, 2**30)
    out[since["household"].to_numpy()] = since["from"].to_numpy()
    return out


def _former(world: World, rng: np.random.Generator) -> pl.DataFrame:
    """Accounts of families that moved in the window: closed, but for one in seven that never told."""
    families, people = world.families, world.people
    april = day_number(_april(world))
    moved = (world.dwelling.previous_home >= 0) & (families.moved_on >= world.first) & (families.moved_on <= april)
    rows = np.flatnonzero(moved)
    first = np.full(len(families), -1)
    second = np.full(len(families), -1)
    for role, out in (("carer1", first), ("carer2", second)):
        those = np.flatnonzero((people.role == role) & ~world.hidden)
        out[people.family[those]] = those
    first, second = np.where(first >= 0, first, second), np.where(first >= 0, second, -1)
    rows = rows[first[rows] >= 0]
    started = families.moved_on[rows] - rng.integers(400, 2500, len(rows))
    ended = np.where(rng.random(len(rows)) < 0.14, NEVER, families.moved_on[rows] - 1)
    return _accounts(
        world.dwelling.previous_home[rows], first[rows], second[rows], started, ended, np.zeros(len(rows), dtype=bool)
    )


def _accounts(home: Array, first: Array, second: Array, since: Array, until: Array, alone: Array) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "home": home.astype(np.int64),
            "first": first,
            "second": [None if s < 0 else s for s in second.tolist()],
            "since": since,
            "until": until,
            "alone": alone,
        },
        schema_overrides={"second": pl.Int64},
    )


def _write(rows: pl.DataFrame, inbox: Path, file: str) -> None:
    blank = pl.lit("")
    first, second = first_lines(between=" ")
    columns: dict[str, pl.Expr | str] = {
        "Account Reference": (pl.col("number") + 30000001).cast(pl.String),
        "Property UPRN": pl.when("knows_uprn").then("uprn").otherwise(blank),
        "Title 1": "title1",
        "Forename 1": "forename1",
        "Surname 1": pl.col("surname1").str.to_uppercase(),
        "Date of Birth 1": blank,
        "Title 2": "title2",
        "Forename 2": "forename2",
        "Surname 2": pl.col("surname2").str.to_uppercase(),
        "Date of Birth 2": blank,
        "Address Line 1": first,
        "Address Line 2": second,
        "Address Line 3": "town",
        "Address Line 4": blank,
        "Postcode": "postcode",
        "Liable From": uk_date("since"),
        "Liable To": uk_date("until"),
        "Discount Code": pl.when("alone").then(pl.lit("SPD")).otherwise(blank),
        "Band": "band",
    }
    write_csv(rows.select(**columns), inbox, file)


def _ledger(rows: pl.DataFrame, file: str) -> pl.DataFrame:
    parts = [
        rows.select(
            file=pl.lit(file),
            row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
            part=pl.lit(part),
            person=pl.col(column).cast(pl.Int64),
        ).filter(pl.col("person").is_not_null())
        for part, column in (("liable 1", "first"), ("liable 2", "second"))
    ]
    return pl.concat(parts).select(list(LEDGER)).sort("row", "part")
