"""The authority's own wide extract of one term: a row a pupil, a column a code, in the layout of the years to 2015.

Asked of schools without a feed, it repeats what their next census says of that term: two sources of one fact.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from families.synthetic.agencies.census import CODES, term_window
from families.synthetic.agencies.school_systems import SchoolSystems, on_day
from families.synthetic.schooling import FEED
from families.synthetic.world import World
from families.synthetic.writing import LEDGER, iso_date, ledger, write_csv

_SCHOOLS = 3


def write_extract(world: World, systems: SchoolSystems, inbox: Path) -> pl.DataFrame:
    """The autumn of the last academic year, for up to three schools; nothing where every school feeds."""
    year = world.years[-1].start_year
    schools = world.schooling.schools.filter(pl.col("delivers") != FEED).head(_SCHOOLS)
    counts = (
        world.counts.filter((pl.col("year") == year) & (pl.col("term") == 0))
        .group_by("spell")
        .agg(pl.col("possible", "authorised", "unauthorised", *CODES).sum())
    )
    if schools.is_empty() or counts.is_empty():
        return pl.DataFrame(schema=LEDGER)
    last = term_window(year, 0)[1]
    rows = (
        world.schooling.spells.join(schools.select("school", "estab"), on="school")
        .join(counts, on="spell")
        .join(on_day(systems, last), left_on="child", right_on="person")
        .sort("estab", "surname", "spell")
    )
    nc_year = year - pl.Series(world.schooling.start_year[rows["child"].to_numpy()])
    is_leaver = pl.col("to") <= last
    file = f"attendance_{year}_autumn.csv"
    noon = pl.lit(" 12:00:00")
    write_csv(
        rows.with_columns(nc_year=nc_year).select(
            Estab="estab",
            UPN="upn",
            Surname="surname",
            Forename="forename",
            Middlenames="middle_names",
            PreferredSurname=pl.lit(""),
            FormerSurname=pl.lit(""),
            Gender="sex",
            DoB=pl.when(pl.col("born").is_not_null()).then(iso_date("born") + noon),
            EnrolStatus=pl.when(is_leaver).then(pl.lit("Leaver")).otherwise(pl.col("status")),
            EntryDate=iso_date("from") + noon,
            NCyearActual=pl.when(pl.col("nc_year") == 0).then(pl.lit("R")).otherwise(pl.col("nc_year").cast(pl.String)),
            TermlySessionsPossible="possible",
            TermlySessionsAuthorised="authorised",
            TermlySessionsUnauthorised="unauthorised",
            **{f"T_Reason_{code}": pl.when(pl.col(code) > 0).then(pl.col(code)) for code in CODES},
        ),
        inbox,
        file,
    )
    return ledger(rows, file=file, person="child")
