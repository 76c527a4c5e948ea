"""Whom a local factor of phase 1 befell within twelve months, and of whom a delivered file tells it."""

from __future__ import annotations

import numpy as np
import polars as pl

from families.synthetic.agencies import housing
from families.synthetic.dwelling import NEVER
from families.synthetic.streams import Array
from families.synthetic.world import World

HIGH_COST = (
    "police_call_outs", "high_cost_other", "gang_concern", "teenage_parent", "long_term_illness", "domestic_abuse",
    "housing_risk", "abuse_or_neglect", "mental_health", "substance_misuse",
)  # fmt: skip
SERVICES = ("Adult mental health", "CAMHS", "Drug treatment", "Alcohol treatment")
HOMELESS = ("Temporary accommodation", "Homelessness duty owed")


def befallen(world: World, *, since: int) -> tuple[Array, Array]:
    """People of whom a factor is true, and people of whom it is delivered, on the day after the last."""
    as_of = world.last + 1
    hidden = np.flatnonzero(world.hidden).tolist()
    hardships = world.hardships
    adult = np.flatnonzero(world.people.born <= _eighteen_years_before(as_of)).tolist()
    sentences = hardships.sentences.filter(_within(since, as_of) & pl.col("person").is_in(adult))
    flags = hardships.flags.filter(_within(since, as_of) & pl.col("service").is_in(SERVICES))
    nominations = hardships.nominations.filter(pl.col("day").is_between(since, as_of) & pl.col("need").is_in(HIGH_COST))
    events = pl.concat([frame.select("person", "lost") for frame in (sentences, flags, nominations)])
    there = ~pl.col("lost") & ~pl.col("person").is_in(hidden)
    abuse, told_abuse = _abuse(world, since, as_of, hidden)
    housed = housing_at_risk(world, since=since, as_of=as_of)
    true = pl.concat([events["person"].cast(pl.Int64), abuse, housed])
    told = pl.concat([events.filter(there)["person"].cast(pl.Int64), told_abuse, housed])
    return _marked(world, true), _marked(world, told)


def _eighteen_years_before(day: int) -> int:
    date = np.datetime64(day, "D")
    month = date.astype("datetime64[M]")
    return int(((month - 18 * 12).astype("datetime64[D]") + (date - month)).astype(int))


def _within(since: int, as_of: int) -> pl.Expr:
    return (pl.col("start") <= as_of) & (pl.col("end") >= since)


def _marked(world: World, people: pl.Series) -> Array:
    out = np.zeros(len(world.people), dtype=bool)
    out[people.unique().to_numpy()] = True
    return out


def _abuse(world: World, since: int, as_of: int, hidden: list[int]) -> tuple[pl.Series, pl.Series]:
    """Victims and suspects of incidents, and children named with them; and those of them a row of the police names."""
    incidents = world.hardships.incidents.filter(pl.col("day").is_between(since, as_of))
    true = pl.concat([incidents["victim"].cast(pl.Int64), incidents["suspect"].drop_nulls().cast(pl.Int64)])
    reached = incidents.filter(~pl.col("lost") & ~pl.col("victim").is_in(hidden))
    suspects = reached["suspect"].drop_nulls().cast(pl.Int64)
    told = pl.concat([reached["victim"].cast(pl.Int64), suspects.filter(~suspects.is_in(hidden))])
    return true, told


def housing_at_risk(world: World, *, since: int, as_of: int) -> pl.Series:
    """Tenants with arrears, a notice or a risk of eviction, and applicants without a home of their own."""
    rows = housing.current_tenants(world)
    owes = (pl.col("arrears") != "none") & (pl.col("arrears_day") <= as_of) & (pl.col("arrears_end") >= since)
    at_risk = (pl.col("notice_day") <= as_of) | (pl.col("eviction_day") <= as_of)
    homeless = housing.applicants(world).filter(
        pl.col("situation").is_in(HOMELESS), pl.col("since") <= as_of, pl.col("until").fill_null(NEVER) >= since
    )
    return pl.concat([rows.filter(owes | at_risk)["person"], homeless["person"]]).cast(pl.Int64)
