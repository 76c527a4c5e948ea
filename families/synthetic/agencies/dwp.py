"""The out-of-work benefit match: the council sends addresses, DWP returns the adults who claim there, by age."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from families.synthetic import rates
from families.synthetic.agencies.school_systems import SchoolSystems
from families.synthetic.mistakes import as_held, first_lines
from families.synthetic.population import day_number
from families.synthetic.streams import stream
from families.synthetic.world import World, as_date
from families.synthetic.writing import LEDGER, iso_date, ledger, write_csv

_BENEFITS = ("JSA", "ESA", "IS", "IB", "SDA", "CA")


def reference_day(world: World) -> int:
    """The middle of the month two months before the last day."""
    last = as_date(world.last)
    month = last.month - 2
    return day_number(dt.date(last.year - (month < 1), month if month >= 1 else month + 12, 14))


def sent(world: World, systems: SchoolSystems) -> pl.DataFrame:
    """Addresses with children, as the council lists them from what schools hold; and whether DWP found each."""
    rng = stream(world.seed, "dwp")
    held = systems.now.unique("stated_home", keep="first", maintain_order=True).sort("stated_home")
    truth = world.places.select("home", true_saon="saon").rename({"home": "stated_home"})
    held = held.join(truth, on="stated_home", how="left", maintain_order="left")
    lost_unit = (held["true_saon"] != "") & (held["saon"] == "") & ~held["paon"].str.contains("/")
    chance = np.where(lost_unit.to_numpy(), 0.6, rates.ADDRESS_NOT_FOUND * world.errors)
    chance = np.where((held["postcode"] == "").to_numpy(), 0.3, chance)
    return held.with_columns(
        is_found=pl.Series(rng.random(held.height) >= chance),
        knows_uprn=pl.Series(rng.random(held.height) < 0.6),
    )


def claimants(world: World) -> pl.DataFrame:
    """Every adult who claims on the reference day, with the home where they then live; the hidden are in no file."""
    day = reference_day(world)
    hidden = np.flatnonzero(world.hidden).tolist()
    at = world.dwelling.stays.filter((pl.col("from") <= day) & (pl.col("to") >= day)).select("person", "home")
    return (
        world.troubles.benefits.filter((pl.col("start") <= day) & ~pl.col("person").is_in(hidden))
        .join(at, on="person")
        .sort("home", "person")
    )


def write_dwp(world: World, addresses: pl.DataFrame, inbox: Path) -> pl.DataFrame:
    """The match and the no-match return."""
    day = reference_day(world)
    month = as_date(day).strftime("%Y-%m")
    found = claimants(world).join(
        addresses.filter("is_found").select("stated_home"), left_on="home", right_on="stated_home", how="semi"
    )
    held = as_held(world, found.select("person", "home"), source="dwp", moves=False)
    adults = found.with_columns(
        forename=held["forename"],
        surname=held["surname"],
        sex=held["sex"],
        born=pl.Series(world.people.born[found["person"].to_numpy()]),
        number=pl.int_range(1, pl.len() + 1).over("home"),
    )
    lines = _lines(world, addresses, day)
    rows = adults.join(lines, left_on="home", right_on="stated_home", how="left", maintain_order="left")
    file = f"dwp_match_{month}.csv"
    columns = [c for c in lines.columns if c not in ("stated_home", "is_found")]
    write_csv(
        rows.select(
            *columns,
            adultNumber="number",
            title=pl.when(pl.col("sex") == "M").then(pl.lit("Mr")).otherwise(pl.lit("Ms")),
            forename=pl.col("forename").str.to_uppercase(),
            surname=pl.col("surname").str.to_uppercase(),
            age=((pl.lit(day) - pl.col("born")) / 365.2425).floor().cast(pl.Int64),
            **{
                f"startDate{name}": pl.when(pl.col("benefit") == name).then(pl.col("start")).otherwise(None)
                for name in _BENEFITS
            },
        ).with_columns([iso_date(f"startDate{name}") for name in _BENEFITS]),
        inbox,
        file,
    )
    named = found["home"].unique()
    rest = lines.filter(~pl.col("stated_home").is_in(named.to_list()))
    write_csv(rest.select(columns), inbox, f"dwp_nomatch_{month}.csv")
    return ledger(rows, file=file) if rows.height else pl.DataFrame(schema=LEDGER)


def _lines(world: World, addresses: pl.DataFrame, day: int) -> pl.DataFrame:
    """Both versions of each address: as sent, and (where found) as DWP's own system has it."""
    cis = world.places.rename({c: f"cis_{c}" for c in world.places.columns if c != "home"})
    joined = addresses.join(cis, left_on="stated_home", right_on="home", how="left", maintain_order="left")
    first, second = first_lines(between=", ")
    same = (pl.col("street") == pl.col("cis_street")) & (pl.col("paon") == pl.col("cis_paon"))
    same &= (pl.col("saon") == pl.col("cis_saon")) & (pl.col("postcode") == pl.col("cis_postcode"))
    found = pl.col("is_found")

    def cis_only(value: pl.Expr) -> pl.Expr:
        return pl.when(found).then(value).otherwise(pl.lit(""))

    return joined.select(
        "stated_home",
        "is_found",
        refDate=pl.lit(as_date(day).isoformat()),
        laName=pl.lit("Essex"),
        laMonth=pl.lit(as_date(day).strftime("%Y-%m-01")),
        uprn=pl.when("knows_uprn").then("uprn").otherwise(pl.lit("")),
        address1LA=first.str.to_titlecase(),
        address2LA=second.str.to_titlecase(),
        address3LA=pl.col("town").str.to_titlecase(),
        address4LA=pl.lit(""),
        postCodeLA="postcode",
        address1CIS=cis_only(pl.when(pl.col("cis_saon") != "").then("cis_saon").otherwise(pl.lit(""))),
        address2CIS=cis_only(pl.concat_str("cis_paon", pl.lit(" "), "cis_street")),
        address3CIS=cis_only(pl.col("cis_town")),
        address4CIS=pl.lit(""),
        postCodeCIS=cis_only(pl.col("cis_postcode")),
        addMatchType=pl.when(~found).then(pl.lit("NONE")).when(same).then(pl.lit("EXACT")).otherwise(pl.lit("FUZZY")),
    )
