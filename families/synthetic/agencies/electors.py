"""The electoral register: most adults who may vote, where they lived when it was canvassed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from families.synthetic import rates
from families.synthetic.mistakes import as_held, first_lines
from families.synthetic.population import YEAR, day_number
from families.synthetic.streams import pick, stream
from families.synthetic.world import World, as_date
from families.synthetic.writing import ledger, uk_date, write_csv


def write_register(world: World, inbox: Path) -> pl.DataFrame:
    """The register of the last 1 December, canvassed on 15 October; one row an elector, in order of address."""
    rows = _entitled(world)
    held = as_held(world, rows, source="electoral register", moves=False)
    rng = stream(world.seed, "electoral register marks")
    first, second = first_lines(between=", ")
    blank = pl.lit("")
    listed = held.with_columns(
        attains=pl.Series(world.people.born[rows["person"].to_numpy()] + 18 * YEAR > _published(world)),
        marker=pl.Series(np.where(rng.random(held.height) < rates.FOREIGN_ELECTORS, "G", "")),
    ).sort("postcode", "street", "paon", "saon", "surname", "forename")
    file = f"electoral_register_{as_date(_published(world)).strftime('%Y-%m')}.csv"
    write_csv(
        listed.select(
            pl.concat_str(pl.lit("E"), pl.col("postcode").str.slice(0, 3).str.replace(" ", "")).alias(
                "Elector Number Prefix"
            ),
            pl.int_range(1, pl.len() + 1).cast(pl.String).alias("Elector Number"),
            pl.lit("0").alias("Elector Number Suffix"),
            pl.when("attains").then(blank).otherwise("marker").alias("Elector Markers"),
            pl.when("attains").then("born").alias("Elector DOB"),
            pl.col("surname").alias("Elector Surname"),
            pl.col("forename").alias("Elector Forename"),
            pl.col("postcode").alias("PostCode"),
            first.alias("Address1"),
            second.alias("Address2"),
            pl.col("town").alias("Address3"),
            *(blank.alias(f"Address{number}") for number in (4, 5, 6)),
        ).with_columns(uk_date("Elector DOB")),
        inbox,
        file,
    )
    return ledger(listed, file=file)


def _published(world: World) -> int:
    last = as_date(world.last)
    return day_number(dt.date(last.year if last.month == 12 else last.year - 1, 12, 1))


def _entitled(world: World) -> pl.DataFrame:
    """People of 17 and over where they lived on the day of the canvass; who registers is drawn, the settled first."""
    people, rng = world.people, stream(world.seed, "electoral register")
    canvass = _published(world) - 47
    at = world.dwelling.stays.filter((pl.col("from") <= canvass) & (pl.col("to") >= canvass))
    at = at.sort("person", "from").unique("person", keep="first", maintain_order=True)
    person, since = at["person"].to_numpy(), at["from"].to_numpy()
    age = (canvass - people.born[person]) / YEAR
    able = (age >= 17) & ~world.hidden[person]
    settled = rng.standard_normal(len(person)) - 0.6 * (age < 25) - 0.7 * (canvass - since < YEAR)
    settled -= 0.3 * people.trouble[person]
    share = rates.REGISTERED * float(able.mean()) if len(able) else 0.0
    registered = pick(np.where(able, settled, -999), share) & able
    return at.filter(pl.Series(registered)).select("person", "home")
