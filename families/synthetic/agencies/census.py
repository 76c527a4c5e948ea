"""School census returns as the authority downloads them: COLLECT table extracts, and XML from a few schools.

A census of one term carries the attendance of the term before and the exclusions of two terms before. Columns are
those of the time: gender (sex since 2023), absencesessions (sessions since 2020), one reason (three since 2021).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from families import dates
from families.synthetic.agencies.school_systems import SchoolSystems, on_day
from families.synthetic.attendance import AUTHORISED, UNAUTHORISED
from families.synthetic.dwelling import NEVER
from families.synthetic.population import day_number
from families.synthetic.schooling import FEED, PRU, TABLES
from families.synthetic.world import World
from families.synthetic.writing import LEDGER, collect_date, write_csv

CODES = AUTHORISED + UNAUTHORISED
PRU_SINCE = 2014  # pupil referral units have been in the school census since 2014


@dataclass(frozen=True)
class Census:
    """One termly census: when it was, and which terms it carries."""

    calendar_year: int
    name: str  # autumn, spring, summer
    reference_day: int
    attendance: tuple[int, int]  # start year and term
    exclusions: tuple[int, int]

    @property
    def stem(self) -> str:
        """How its files begin."""
        return f"{self.calendar_year}_{self.name}"


def censuses(world: World) -> list[Census]:
    """Those held by the last day that carry attendance of the simulated years."""
    out = []
    for year in (y.start_year for y in world.years):
        spring = _nth_thursday(year + 1, 1, 3)
        summer = _nth_thursday(year + 1, 5, 3)
        autumn = _nth_thursday(year + 1, 10, 1)
        out += [
            Census(year + 1, "spring", spring, (year, 0), (year - 1, 2)),
            Census(year + 1, "summer", summer, (year, 1), (year, 0)),
            Census(year + 1, "autumn", autumn, (year, 2), (year, 1)),
        ]
    return [census for census in out if census.reference_day <= world.last]


def _nth_thursday(year: int, month: int, nth: int) -> int:
    first = dt.date(year, month, 1)
    return day_number(first + dt.timedelta(days=(3 - first.weekday()) % 7 + 7 * (nth - 1)))


def term_window(start_year: int, term: int) -> tuple[int, int]:
    """First and last day of a term as the census reports it."""
    halves = [
        window
        for name, _, window in dates.reporting_half_terms(start_year)
        if name == ("autumn", "spring", "summer")[term]
    ]
    return day_number(halves[0].first_day), day_number(halves[1].last_day)


def returned(world: World, systems: SchoolSystems, census: Census, *, delivers: tuple[int, ...]) -> pl.DataFrame:
    """The pupils of a census, one row for each spell it reports: as held, with the sessions it carries."""
    schools = world.schooling.schools.filter(
        pl.col("delivers").is_in(delivers) & ((pl.col("phase") != PRU) | (census.calendar_year >= PRU_SINCE))
    )
    day = census.reference_day
    spells = world.schooling.spells.join(schools.select("school", "laestab", "estab", "urn"), on="school")
    since, until = term_window(*census.exclusions)
    excluded = world.exclusions.filter(pl.col("start").is_between(since, until))["spell"]
    taught = world.counts.filter((pl.col("year") == census.attendance[0]) & (pl.col("term") == census.attendance[1]))
    in_term = pl.col("spell").is_in(taught["spell"].unique().to_list())
    on_roll = (pl.col("from") <= day) & (pl.col("to") >= day)
    spells = spells.with_columns(on_roll=on_roll).filter(
        pl.col("on_roll") | ((pl.col("to") < day) & (in_term | pl.col("spell").is_in(excluded.to_list())))
    )
    start = pl.Series(world.schooling.start_year[spells["child"].to_numpy()])
    nc_year = _academic_start(day) - start
    age = census.attendance[0] - start + 4  # on 31 August before the attendance
    spells = spells.with_columns(nc_year=nc_year, is_counted=(age >= 5) & (age <= 15))
    sessions = _sessions(world, census)
    out = spells.join(sessions, on="spell", how="left").join(on_day(systems, day), left_on="child", right_on="person")
    counted = [c for c in out.columns if c.startswith(("first_", "second_"))]
    return out.with_columns(
        [pl.when(pl.col("is_counted")).then(pl.col(c)).otherwise(None).alias(c) for c in counted]
    ).sort("laestab", "child", "spell")


def _academic_start(day: int) -> int:
    date = dt.date(1970, 1, 1) + dt.timedelta(days=day)
    return date.year if date.month >= 9 else date.year - 1


def _sessions(world: World, census: Census) -> pl.DataFrame:
    """Sessions of the term carried: the whole term, but for summer each half by itself."""
    year, term = census.attendance
    counts = world.counts.filter((pl.col("year") == year) & (pl.col("term") == term))
    columns = ["possible", "authorised", "unauthorised", *CODES]
    if term < 2:
        whole = counts.group_by("spell").agg(pl.col(columns).sum())
        return whole.rename({c: f"first_{c}" for c in columns}).sort("spell")
    first = counts.filter(pl.col("half") == 1).select("spell", *columns).rename({c: f"first_{c}" for c in columns})
    second = counts.filter(pl.col("half") == 2).select("spell", *columns).rename({c: f"second_{c}" for c in columns})
    return first.join(second, on="spell", how="full", coalesce=True).sort("spell")


def write_tables(world: World, systems: SchoolSystems, inbox: Path) -> pl.DataFrame:
    """The COLLECT extract of every census."""
    ledgers = [pl.DataFrame(schema=LEDGER)]
    for census in censuses(world):
        pupils = returned(world, systems, census, delivers=(FEED, TABLES))
        pupils = pupils.with_columns(
            key=pl.concat_str(
                pl.lit(f"{census.calendar_year % 100:02d}{census.name[:2]}"),
                pl.col("spell").cast(pl.String).str.zfill(8),
            ),
            census_id=pl.concat_str(pl.lit("c"), pl.col("urn")),
        )
        _write_header(pupils, census, inbox)
        for on_roll in (True, False):
            part = pupils.filter(pl.col("on_roll") == on_roll)
            ledgers.append(_write_roll(world, part, census, inbox, on_roll=on_roll))
    return pl.concat(ledgers)


def _write_header(pupils: pl.DataFrame, census: Census, inbox: Path) -> None:
    schools = pupils.unique("census_id", keep="first", maintain_order=True)
    write_csv(
        schools.select(
            schoolcensustableid="census_id",
            NativeId="laestab",
            collection=pl.lit("SC"),
            term=pl.lit({"spring": "SPR", "summer": "SUM", "autumn": "AUT"}[census.name]),
            year=pl.lit(str(census.calendar_year)),
            referencedate=pl.lit(census.reference_day),
            lea=pl.lit("881"),
            estab="estab",
            urn="urn",
        ).with_columns(collect_date("referencedate")),
        inbox,
        f"census/{census.stem}_schoolcensus.csv",
    )


def _float(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64)


def _write_roll(world: World, part: pl.DataFrame, census: Census, inbox: Path, *, on_roll: bool) -> pl.DataFrame:
    table = "pupilonroll" if on_roll else "pupilnolongeronroll"
    suffix = "onroll" if on_roll else "offroll"
    key = f"{table}tableid"
    has_details = pl.sum_horizontal([pl.col(f"first_{c}") for c in CODES]) > 0
    name = f"census/{census.stem}_{table}.csv"
    columns: dict[str, pl.Expr] = {
        key: pl.col("key"),
        "NativeId": pl.col("laestab"),
        "dob": pl.col("born"),
        "surname": pl.col("surname"),
        "forename": pl.col("forename"),
        "middlenames": pl.col("middle_names"),
        "preferredsurname": pl.lit(""),
        "formersurname": pl.lit(""),
        "upn": pl.col("upn"),
        "formerupn": pl.lit(""),
        "uniquelearnernumber": pl.lit(""),
        "gender": pl.col("sex"),
        "entrydate": pl.col("from"),
        f"{table}orderseqcolumn": pl.lit(1),
        "sourceid": pl.col("urn"),
        "schoolcensustableid": pl.col("census_id"),
        "parttime": pl.lit("False"),
        "termlysessionspossible": _float("first_possible"),
        # The exporter drops the totals where it gives the reasons.
        "termlysessionsauthorised": pl.when(~has_details).then(_float("first_authorised")),
        "termlysessionsunauthorised": pl.when(~has_details).then(_float("first_unauthorised")),
        "boarder": pl.lit("N"),
    }
    if census.name == "autumn":
        columns["summerhalfterm2sessionspossible"] = _float("second_possible")
    if on_roll:
        columns |= {
            "enrolstatus": pl.col("status"),
            "senprovision": pl.lit("N"),
            "ncyearactual": pl.when(pl.col("nc_year") == 0)
            .then(pl.lit("R"))
            .otherwise(pl.col("nc_year").cast(pl.String)),
        }
        part_dates = [collect_date("dob"), collect_date("entrydate")]
    else:
        columns |= {"leavingdate": pl.col("to"), "ncyearleaving": pl.col("nc_year").cast(pl.String)}
        part_dates = [collect_date("dob"), collect_date("entrydate"), collect_date("leavingdate")]
    write_csv(part.select(**columns).with_columns(part_dates), inbox, name)
    _write_addresses(world, part, census, inbox, key=key, on_roll=on_roll)
    _write_details(
        part,
        inbox,
        f"census/{census.stem}_termlysessiondetails{suffix}.csv",
        key,
        f"termlysessiondetails{suffix}",
        "first",
    )
    if census.name == "autumn":
        _write_details(
            part, inbox, f"census/{census.stem}_summerhalfterm2sessiondetails{suffix}.csv", key,
            f"summerhalfterm2sessiondetails{suffix}", "second",
        )  # fmt: skip
    _write_exclusions(world, part, census, inbox, key=key, suffix=suffix)
    return part.select(
        file=pl.lit(name),
        row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
        part=pl.lit(table),
        person="child",
    ).cast(LEDGER)  # type: ignore[arg-type]


def _write_addresses(world: World, part: pl.DataFrame, census: Census, inbox: Path, *, key: str, on_roll: bool) -> None:
    """An address row for each pupil; a second for half of those on roll who have two homes."""
    if not on_roll and census.name != "autumn":
        return
    table = {(True, True): "addressesonroll", (True, False): "addressesoffroll"}.get(
        (census.name == "autumn", on_roll), "addresses"
    )
    columns = ["key", "child", "laestab", "urn", "saon", "paon", "street", "locality", "town", "postcode"]
    rows = part.select(columns).with_columns(seq=pl.lit(1))
    if on_roll:
        rows = pl.concat([rows, _second_homes(world, part, columns)]).sort("key", "seq")
    named: dict[str, pl.Expr] = {
        key: pl.col("key"),
        "NativeId": pl.col("laestab"),
        f"{table}tableid": pl.concat_str(pl.col("key"), pl.lit("a"), pl.col("seq").cast(pl.String)),
        f"{table}orderseqcolumn": pl.col("seq"),
        "sourceid": pl.col("urn"),
    }
    # UPRN came into the census in autumn 2016.
    if not on_roll:
        named |= {"uniquepropertyreferencenumber": pl.lit(""), "postcode": pl.col("postcode")}
    else:
        titled = {c: pl.col(c).str.to_titlecase() for c in ("saon", "paon", "street", "locality", "town")}
        named |= {
            "postcode": pl.col("postcode"), **titled, "administrativearea": pl.lit("Essex"),
            "posttown": pl.col("town").str.to_titlecase(), "addressline1": pl.lit(""), "addressline2": pl.lit(""),
            "uniquepropertyreferencenumber": pl.lit(""),
        }  # fmt: skip
    write_csv(rows.select(**named), inbox, f"census/{census.stem}_{table}.csv")


def _second_homes(world: World, part: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """The other home of children with two, as every second school writes it down."""
    return (
        part.select("key", "child", "laestab", "urn")
        .join(_other_homes(world), on="child")
        .join(world.places, left_on="other", right_on="home")
        .select(columns)
        .with_columns(seq=pl.lit(2))
    )


def _other_homes(world: World) -> pl.DataFrame:
    """The children with two homes whose school writes down both: child, other."""
    stays = world.dwelling.stays.filter(pl.col("to") == NEVER).sort("person", "home")
    main = pl.DataFrame(
        {
            "child": np.arange(len(world.people)),
            "main": world.dwelling.home_of_household[world.people.household],
        }
    )
    return (
        stays.join(main, left_on="person", right_on="child")
        .filter((pl.col("home") != pl.col("main")) & (pl.col("person") % 2 == 0))
        .select(child="person", other="home")
    )


def second_homes_given(world: World, records: pl.DataFrame) -> pl.Series:
    """The children whose second home some row of the table extract gives."""
    tabled = records.filter(pl.col("part") == "pupilonroll")["person"].unique()
    return _other_homes(world).filter(pl.col("child").is_in(tabled.implode()))["child"].unique().sort()


def _write_details(part: pl.DataFrame, inbox: Path, name: str, key: str, table: str, prefix: str) -> None:
    long = (
        part.select("key", "laestab", "urn", **{c: pl.col(f"{prefix}_{c}") for c in CODES})
        .unpivot(on=list(CODES), index=["key", "laestab", "urn"], variable_name="code", value_name="n")
        .filter(pl.col("n") > 0)
        .sort("key", "code")
        .with_columns(seq=pl.int_range(1, pl.len() + 1).over("key"))
    )
    write_csv(
        long.select(
            pl.col("key").alias(key),
            pl.col("laestab").alias("NativeId"),
            pl.concat_str("key", "code").alias(f"{table}tableid"),
            pl.col("seq").alias(f"{table}orderseqcolumn"),
            pl.col("urn").alias("sourceid"),
            pl.col("n").cast(pl.Float64).alias("absencesessions"),
            pl.col("code").alias("attendancereason"),
        ),
        inbox,
        name,
    )


def carried_exclusions(world: World, census: Census) -> pl.DataFrame:
    """The exclusions of the term that a census carries."""
    since, until = term_window(*census.exclusions)
    return world.exclusions.filter(pl.col("start").is_between(since, until))


def _write_exclusions(world: World, part: pl.DataFrame, census: Census, inbox: Path, *, key: str, suffix: str) -> None:
    rows = (
        carried_exclusions(world, census)
        .join(part.select("spell", "key", "laestab", "urn"), on="spell")
        .sort("key", "start", "exclusion")
    )
    table = f"termlyexclusions{suffix}"
    write_csv(
        rows.select(
            pl.col("key").alias(key),
            pl.col("laestab").alias("NativeId"),
            pl.concat_str(pl.lit("x"), pl.col("exclusion").cast(pl.String)).alias(f"{table}tableid"),
            pl.int_range(1, pl.len() + 1).over("key").alias(f"{table}orderseqcolumn"),
            pl.col("urn").alias("sourceid"),
            pl.col("start").alias("startdate"),
            pl.when(pl.col("category") == "FIXD").then(pl.col("sessions").cast(pl.Float64)).alias("sessions"),
            pl.col("reason").alias("reason"),
            "category",
            pl.lit("N").alias("senprovision"),
        ).with_columns(collect_date("startdate")),
        inbox,
        f"census/{census.stem}_{table}.csv",
    )
