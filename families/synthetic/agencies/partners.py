"""Files of the partners that later programmes ask: probation, health, careers, early help, care, nominations, work."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from families.synthetic.agencies.services import extract_month, held_by
from families.synthetic.mistakes import first_lines
from families.synthetic.population import YEAR
from families.synthetic.streams import stream
from families.synthetic.world import World, as_date
from families.synthetic.writing import iso_date, ledger, uk_date, write_csv

UPN_TOO_YOUNG = "UN1"  # SSDA903: not of school age, so no UPN yet


def _numbered(prefix: str, column: str = "number") -> pl.Expr:
    return pl.concat_str(pl.lit(prefix), pl.col(column).cast(pl.String).str.zfill(6))


def _words_of_sex() -> pl.Expr:
    return pl.col("sex").replace({"M": "Male", "F": "Female"})


def write_probation(world: World, inbox: Path) -> pl.DataFrame:
    """Sentences being served, with release from custody and parenting responsibilities."""
    rows = held_by(world, world.hardships.sentences, "probation")
    file = f"probation_{extract_month(world)}.csv"
    write_csv(
        rows.select(
            CRN=_numbered("X"),
            Surname=pl.col("surname").str.to_uppercase(),
            Forename="forename",
            DOB="born",
            Gender=_words_of_sex(),
            Address="address",
            Postcode="postcode",
            SentenceType="kind",
            SentenceDate="start",
            SentenceEnd="end",
            ReleaseDate="release",
            ParentingResponsibilities="parenting",
        ).with_columns(uk_date(name) for name in ("DOB", "SentenceDate", "SentenceEnd", "ReleaseDate")),
        inbox,
        file,
    )
    return ledger(rows, file=file)


def write_health_services(world: World, inbox: Path) -> pl.DataFrame:
    """Who is with which service, from when to when; nothing of why."""
    rows = held_by(world, world.hardships.flags, "health services")
    file = f"health_services_{extract_month(world)}.csv"
    write_csv(
        rows.select(
            PersonRef=_numbered("HS"),
            Surname="surname",
            Forename="forename",
            DOB="born",
            Gender="sex",
            Address="address",
            Postcode="postcode",
            Service="service",
            ServiceStart="start",
            ServiceEnd="end",
        ).with_columns(iso_date(name) for name in ("DOB", "ServiceStart", "ServiceEnd")),
        inbox,
        file,
    )
    return ledger(rows, file=file)


def write_destinations(world: World, inbox: Path) -> pl.DataFrame:
    """The client caseload of year 11 and the three years above: month of birth only, one row a person."""
    rows = held_by(world, world.hardships.destinations, "destinations")
    file = f"destinations_{extract_month(world)}.csv"
    born = pl.col("born").cast(pl.Int32).cast(pl.Date)
    first, second = first_lines(between=" ")
    write_csv(
        rows.select(
            YoungPersonsID=pl.concat_str(pl.lit("EX"), (pl.col("number") + 10_000_000_000).cast(pl.String)),
            CohortStatus=pl.lit("P"),
            GivenName="forename",
            MiddleName="middle_names",
            FamilyName="surname",
            AddressLine1=first,
            AddressLine2=second,
            Town="town",
            Postcode="postcode",
            Gender="sex",
            **{"moth/year of birth": born.dt.strftime("%m/%Y").fill_null("")},
            UniquePupilNumber="upn",
            GuaranteeStatusIndicator="offer",
            ActivityCode="code",
            StartDate="start",
            NEETStartDate="neet_start",
            PeriodEnd=pl.lit(as_date(world.last).isoformat()),
        ).with_columns(iso_date(name) for name in ("StartDate", "NEETStartDate")),
        inbox,
        file,
    )
    return ledger(rows, file=file)


def write_early_help(world: World, inbox: Path) -> pl.DataFrame:
    """Early help episodes; the UPN is known of half."""
    rows = held_by(world, world.hardships.help, "early help").with_columns(episode=pl.int_range(1, pl.len() + 1))
    knows_upn = stream(world.seed, "early help upn").random(len(world.people)) < 0.5
    file = f"early_help_{extract_month(world)}.csv"
    write_csv(
        rows.select(
            earl_episode_id=_numbered("EH", "episode"),
            earl_person_id=(pl.col("number") + 300000).cast(pl.String),
            pers_upn=pl.when(pl.Series(knows_upn[rows["person"].to_numpy()])).then("upn").otherwise(pl.lit("")),
            pers_forename="forename",
            pers_surname="surname",
            pers_sex="sex",
            pers_dob="born",
            addr_address_line="address",
            addr_address_postcode="postcode",
            earl_episode_start_date="start",
            earl_episode_end_date="end",
            earl_episode_reason="reason",
        ).with_columns(iso_date(name) for name in ("pers_dob", "earl_episode_start_date", "earl_episode_end_date")),
        inbox,
        file,
    )
    return ledger(rows, file=file)


def write_looked_after(world: World, inbox: Path) -> pl.DataFrame:
    """The yearly return on looked-after children, header and episodes joined: numbers, and nobody's name."""
    rows = held_by(world, world.hardships.care, "looked after")
    too_young = pl.Series(world.people.born[rows["person"].to_numpy()] > world.last - 5 * YEAR)
    file = f"looked_after_{extract_month(world)}.csv"
    blank = pl.lit("")
    write_csv(
        rows.select(
            CHILD=(pl.col("number") + 900000).cast(pl.String),
            SEX=pl.col("sex").replace({"M": "1", "F": "2"}),
            DOB="born",
            UPN=pl.when((pl.col("upn") == "") & too_young).then(pl.lit(UPN_TOO_YOUNG)).otherwise("upn"),
            DECOM="start",
            RNE=pl.lit("S"),
            LS="status",
            CIN="need",
            PLACE=blank,
            DEC="end",
            REC=blank,
            HOME_POST=blank,
        ).with_columns(uk_date(name) for name in ("DOB", "DECOM", "DEC")),
        inbox,
        file,
    )
    return ledger(rows, file=file)


def write_nominations(world: World, inbox: Path) -> pl.DataFrame:
    """The programme's register of nominations; what a professional remarked stays with the programme."""
    rows = held_by(world, world.hardships.nominations, "nominations")
    file = f"nominations_{extract_month(world)}.csv"
    write_csv(
        rows.select(
            NominationRef=pl.concat_str(pl.lit("N"), pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(5)),
            Surname="surname",
            Forename="forename",
            DOB="born",
            Address="address",
            Postcode="postcode",
            NeedCode="need",
            NominatedBy="by",
            NominatedOn="day",
            NominationEnded="end",
        ).with_columns(uk_date(name) for name in ("DOB", "NominatedOn", "NominationEnded")),
        inbox,
        file,
    )
    return ledger(rows, file=file)


def write_employment(world: World, inbox: Path) -> pl.DataFrame:
    """The authority's own record of steps to work."""
    rows = held_by(world, world.hardships.steps, "employment")
    file = f"employment_{extract_month(world)}.csv"
    write_csv(
        rows.select(
            ClientRef=_numbered("W"),
            Surname="surname",
            Forename="forename",
            DOB="born",
            Address="address",
            Postcode="postcode",
            StepToWork="step",
            StepStarted="start",
            StepEnded="end",
            BenefitLeft="left",
            MeetsEarningsFloor="floor",
        ).with_columns(uk_date(name) for name in ("DOB", "StepStarted", "StepEnded")),
        inbox,
        file,
    )
    return ledger(rows, file=file)
