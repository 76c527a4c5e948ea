"""What schools hold of their pupils in their own systems, from which they answer every request."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from families.synthetic.mistakes import as_held
from families.synthetic.world import World

_ADDRESS = ["saon", "paon", "street", "locality", "town", "postcode", "uprn", "form", "stated_home"]


@dataclass(frozen=True)
class SchoolSystems:
    """Pupils as their school holds them, now and (for families that moved in the window) before the move."""

    now: pl.DataFrame
    before: pl.DataFrame  # the same columns, with moved_on


def held_by_schools(world: World) -> SchoolSystems:
    """One row for each child with a spell on a roll."""
    child = world.schooling.spells["child"].unique().sort().to_numpy()
    people, families = world.people, world.families
    row = people.family[child]
    pupils = pl.DataFrame({"person": child, "home": world.dwelling.home_of_household[people.household[child]]})
    now = _with_both_upns(world, as_held(world, pupils, source="school systems"))
    previous = world.dwelling.previous_home[row]
    moved = np.flatnonzero((previous >= 0) & (families.moved_on[row] >= world.first))
    earlier = pl.DataFrame({"person": child[moved], "home": previous[moved]})
    before = as_held(world, earlier, source="school systems before", moves=False)
    names = now.drop(*_ADDRESS, "home")
    before = (
        before.select("person", "home", *_ADDRESS)
        .join(names, on="person", maintain_order="left")
        .select(now.columns)
        .with_columns(moved_on=pl.Series(families.moved_on[row[moved]]))
    )
    return SchoolSystems(now, before)


def _with_both_upns(world: World, held: pl.DataFrame) -> pl.DataFrame:
    """The census has the right UPN of every pupil; what else leaves the school may lack it (`upn_elsewhere`)."""
    true = world.named.select("person", true_upn="upn")
    return (
        held.join(true, on="person", how="left", maintain_order="left")
        .with_columns(upn_elsewhere="upn", upn="true_upn")
        .drop("true_upn")
    )


def on_day(systems: SchoolSystems, day: int) -> pl.DataFrame:
    """Pupils as held on a day: a family that had not yet moved is at its old address."""
    stale = systems.before.filter(pl.col("moved_on") > day).drop("moved_on")
    current = systems.now.join(stale.select("person"), on="person", how="anti", maintain_order="left")
    return pl.concat([current, stale]).sort("person")
