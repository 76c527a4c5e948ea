"""A social landlord's tenancies with what stands against them, and the households without a home of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from families.synthetic import rates
from families.synthetic.agencies.services import extract_month
from families.synthetic.dwelling import NEVER
from families.synthetic.mistakes import as_held, first_lines
from families.synthetic.population import YEAR
from families.synthetic.streams import stream
from families.synthetic.world import World
from families.synthetic.writing import ledger, uk_date, write_csv

_DAYS = ("start", "stop", "arrears_day", "arrears_end", "notice_day", "eviction_day", "asb_day", "since", "until")


def write_housing(world: World, inbox: Path) -> pl.DataFrame:
    """One row a tenant of a tenancy, current or former, and one an applicant. Numbers are the tenant's own."""
    rows = pl.concat([current_tenants(world), _former(world), applicants(world)], how="diagonal")
    rows = rows.with_columns(pl.col(day).fill_null(NEVER) for day in _DAYS).sort("person", "status", "start")
    held = as_held(world, rows.select("person", "home"), source="housing", moves=False)
    columns = (
        "forename",
        "middle_names",
        "surname",
        "sex",
        "born",
        "saon",
        "paon",
        "street",
        "town",
        "locality",
        "postcode",
    )
    rows = rows.with_columns(held[column] for column in columns)
    first, second = first_lines(between=", ")
    file = f"housing_{extract_month(world)}.csv"
    blank = pl.lit("")

    def told(value: str) -> pl.Expr:
        return pl.when(pl.col("status") == "C").then(pl.col(value).fill_null("none")).otherwise(blank)

    write_csv(
        rows.select(
            pl.concat_str(pl.lit("H"), (pl.col("person") * 7 + 100003).cast(pl.String)).alias("personId"),
            pl.col("status").alias("Tenant Status Flag"),
            pl.when(pl.col("sex") == "M").then(pl.lit("Mr")).otherwise(pl.lit("Ms")).alias("Title"),
            pl.col("surname").str.to_uppercase().alias("Surname"),
            pl.col("forename").alias("Forenames"),
            pl.col("middle_names").alias("Middle Name"),
            first.alias("Address1"),
            second.alias("Address2"),
            pl.col("town").alias("Address3"),
            blank.alias("Address4"),
            pl.col("postcode").alias("Postcode"),
            blank.alias("Phone"),
            pl.col("born").alias("DOB"),
            blank.alias("NINO"),
            pl.col("start").alias("Tenancy Start"),
            pl.col("stop").alias("Tenancy End"),
            told("arrears").alias("rentArrears"),
            _pounds().alias("rentArrearsAmount"),
            pl.col("arrears_day").alias("rentArrearsFrom"),
            pl.col("arrears_end").alias("rentArrearsTo"),
            told("notice").alias("noticeSeekingPossession"),
            pl.when(pl.col("notice") == "open").then(pl.lit("Rent arrears")).otherwise(blank).alias("noticeGround"),
            pl.col("notice_day").alias("noticeDate"),
            told("eviction").alias("eviction"),
            pl.col("eviction_day").alias("evictionDate"),
            told("asb").alias("antiSocialBehaviour"),
            pl.col("asb_day").alias("antiSocialBehaviourDate"),
            pl.col("situation").fill_null("").alias("housingSituation"),
            pl.col("since").alias("situationFrom"),
            pl.col("until").alias("situationTo"),
        ).with_columns(
            uk_date(name)
            for name in (
                "DOB", "Tenancy Start", "Tenancy End", "rentArrearsFrom", "rentArrearsTo", "noticeDate", "evictionDate",
                "antiSocialBehaviourDate", "situationFrom", "situationTo",
            )
        ),
        inbox,
        file,
    )  # fmt: skip
    return ledger(rows, file=file)


def _pounds() -> pl.Expr:
    """Pence as pounds with two decimals; blank where nothing is owed."""
    owed = pl.col("pence")
    whole, rest = (owed // 100).cast(pl.String), (owed % 100).cast(pl.String).str.zfill(2)
    return pl.when(owed > 0).then(pl.concat_str(whole, pl.lit("."), rest)).otherwise(pl.lit(""))


def current_tenants(world: World) -> pl.DataFrame:
    """The tenants of each tenancy: the first adult of the household, and often the second."""
    people, tenancies = world.people, world.hardships.tenancies
    rng = stream(world.seed, "tenants")
    adult = (people.born < world.last - 18 * YEAR) & ~world.hidden & (people.role != "child")
    person = np.flatnonzero(adult & np.isin(people.household, tenancies["household"].to_numpy()))
    household = people.household[person]
    order = np.lexsort((people.role[person].astype(str), people.order[person], household))
    person, household = person[order], household[order]
    place = np.arange(len(person)) - np.searchsorted(household, household)
    joint = rng.random(len(world.dwelling.home_of_household)) < rates.JOINT_TENANTS
    named = (place == 0) | ((place == 1) & joint[household])
    tenants = pl.DataFrame(
        {
            "person": person[named],
            "household": household[named],
            "home": world.dwelling.home_of_household[household[named]],
        }
    ).cast(pl.Int64)
    stays = world.dwelling.stays.filter(pl.col("to") == NEVER).select("person", "home", start="from")
    rows = tenants.join(stays, on=["person", "home"], how="left", maintain_order="left").join(
        tenancies.with_columns(pl.col("household").cast(pl.Int64)), on="household", how="left", maintain_order="left"
    )
    reported = world.hardships.behaviour.filter(~pl.col("lost"))
    disturbed = (
        reported.with_columns(household=pl.Series(people.household[reported["person"].to_numpy()]).cast(pl.Int64))
        .group_by("household")
        .agg(asb_day=pl.col("issued").max())
    )
    rows = rows.join(disturbed, on="household", how="left", maintain_order="left")
    crowded = pl.col("crowded_day") < NEVER

    def stands(day: str) -> pl.Expr:
        return pl.when(pl.col(day) < NEVER).then(pl.lit("open")).otherwise(pl.lit("none"))

    return rows.select(
        "person",
        "home",
        "start",
        "arrears",
        "pence",
        "arrears_day",
        "arrears_end",
        "notice_day",
        "eviction_day",
        "asb_day",
        status=pl.lit("C"),
        notice=stands("notice_day"),
        eviction=stands("eviction_day"),
        asb=pl.when(pl.col("asb_day").is_not_null()).then(pl.lit("open")).otherwise(pl.lit("none")),
        situation=pl.when(crowded).then(pl.lit("Overcrowded")),
        since="crowded_day",
    )


def _former(world: World) -> pl.DataFrame:
    """Tenancies of families that moved within the window from one social home to another."""
    people, families = world.people, world.families
    social = np.zeros(len(world.dwelling.home_of_household), dtype=bool)
    social[world.hardships.tenancies["household"].to_numpy()] = True
    moved = (world.dwelling.previous_home >= 0) & (families.moved_on >= world.first) & social[: len(families)]
    person = np.flatnonzero((people.role == "carer1") & ~world.hidden & (people.family >= 0))
    person = person[moved[people.family[person]]]
    left = world.dwelling.stays.filter(pl.col("to") != NEVER).select("person", "home", start="from", stop="to")
    rows = pl.DataFrame({"person": person, "home": world.dwelling.previous_home[people.family[person]]}).cast(pl.Int64)
    return rows.join(left, on=["person", "home"], maintain_order="left").with_columns(status=pl.lit("F"))


def applicants(world: World) -> pl.DataFrame:
    """Those who have no tenancy: in the hostel, owed a duty, or put out of the family's home."""
    hidden = np.flatnonzero(world.hidden).tolist()
    rows = world.hardships.applicants.filter(~pl.col("lost") & ~pl.col("person").is_in(hidden))
    home = world.dwelling.home_of_household[world.people.household[rows["person"].to_numpy()]]
    return rows.select(
        "person",
        "situation",
        home=pl.Series(home).cast(pl.Int64),
        since="start",
        until="end",
        status=pl.lit(""),
    )
