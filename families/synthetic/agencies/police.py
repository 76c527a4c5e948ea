"""Domestic abuse as the police have it: victim and suspect of each incident, and the children notified."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from families.synthetic.agencies.services import extract_month
from families.synthetic.mistakes import as_held, with_lines
from families.synthetic.population import YEAR
from families.synthetic.world import World
from families.synthetic.writing import LEDGER, uk_date, write_csv

_CHILDREN = (1, 2, 3, 4)


def write_incidents(world: World, inbox: Path) -> pl.DataFrame:
    """One row an incident. A person has one number in the police's system, and is held there in one way."""
    incidents = _with_children(world)
    parts = ["victim", "suspect", *(f"child{number}" for number in _CHILDREN)]
    person = pl.concat([incidents[part].cast(pl.Int64) for part in parts]).drop_nulls().unique().sort().alias("person")
    home = world.dwelling.home_of_household[world.people.household[person.to_numpy()]]
    held = with_lines(as_held(world, pl.DataFrame({"person": person, "home": home}), source="police domestic"))
    known = held.select(
        "person",
        surname=pl.col("surname").str.to_uppercase(),
        forename="forename",
        born="born",
        address=pl.concat_str("address", pl.lit(" "), "postcode").str.strip_chars(),
        number=pl.int_range(pl.len()) + 4_000_000,
    )
    rows = incidents
    for part in parts:
        of_part = known.rename({name: f"{part}_{name}" for name in known.columns if name != "person"})
        rows = rows.join(of_part, left_on=part, right_on="person", how="left", maintain_order="left")
    file = f"police_domestic_{extract_month(world)}.csv"
    blank = pl.lit("")
    write_csv(
        rows.select(
            incidentRef=pl.concat_str(pl.lit("42/"), pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(6)),
            date="day",
            ppuRef=blank,
            arrestMade=blank,
            victimSurname="victim_surname",
            victimForename="victim_forename",
            victimPersonSRN=pl.col("victim_number").cast(pl.String),
            victimDOB="victim_born",
            currentRiskLevel="risk",
            suspectSurname="suspect_surname",
            suspectForename="suspect_forename",
            suspectPersonSRN=pl.col("suspect_number").cast(pl.String).fill_null(""),
            suspectDOB="suspect_born",
            relationship=blank,
            victimAddress="victim_address",
            ccnFlag=pl.when(pl.col("child1").is_not_null()).then(pl.lit("Y")).otherwise(pl.lit("N")),
            incidentAddress="victim_address",
            ppuOwningArea=pl.lit("West"),
            initialRiskLevel="risk",
            maracFlag=pl.when("marac").then(pl.lit("Y")).otherwise(pl.lit("N")),
            **{f"childSurname{number}": f"child{number}_surname" for number in _CHILDREN},
            **{f"childForename{number}": f"child{number}_forename" for number in _CHILDREN},
            **{f"childDOB{number}": f"child{number}_born" for number in _CHILDREN},
        ).with_columns(
            uk_date(name) for name in ("date", "victimDOB", "suspectDOB", *(f"childDOB{n}" for n in _CHILDREN))
        ),
        inbox,
        file,
    )
    names = {"victim": "victim", "suspect": "suspect"} | {f"child{n}": f"child {n}" for n in _CHILDREN}
    return (
        pl.concat(
            rows.select(
                file=pl.lit(file),
                row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
                part=pl.lit(names[part]),
                person=pl.col(part).cast(pl.Int64),
            ).filter(pl.col("person").is_not_null())
            for part in parts
        )
        .select(list(LEDGER))
        .sort("row", "part")
    )


def _with_children(world: World) -> pl.DataFrame:
    """The incidents that reached the file, with up to four children of the family who were born by then."""
    hidden = np.flatnonzero(world.hidden).tolist()
    reached = world.hardships.incidents.filter(~pl.col("lost") & ~pl.col("victim").is_in(hidden)).with_columns(
        suspect=pl.when(~pl.col("suspect").is_in(hidden)).then("suspect"), incident=pl.int_range(pl.len())
    )
    people = world.people
    child = np.flatnonzero((people.role == "child") & (people.born > world.last - 18 * YEAR))
    children = pl.DataFrame({"family": people.family[child], "child": child, "born": people.born[child]}).cast(pl.Int64)
    named = (
        reached.filter("notified")
        .select("incident", pl.col("family").cast(pl.Int64), "day")
        .join(children, on="family")
        .filter(pl.col("born") <= pl.col("day"))
        .sort("incident", "born", "child")
        .group_by("incident", maintain_order=True)
        .agg(pl.col("child").head(len(_CHILDREN)))
    )
    rows = reached.join(named, on="incident", how="left", maintain_order="left")
    return rows.with_columns(
        pl.col("child").list.get(number - 1, null_on_oob=True).alias(f"child{number}") for number in _CHILDREN
    )
