"""Files of the services: youth justice, anti-social behaviour, social care, education welfare."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from families.synthetic.mistakes import as_held, with_lines
from families.synthetic.streams import stream
from families.synthetic.world import World, as_date
from families.synthetic.writing import iso_date, ledger, uk_date, write_csv


def extract_month(world: World) -> str:
    """The month of the extracts: that of the last day."""
    return as_date(world.last).strftime("%Y-%m")


def held_by(world: World, events: pl.DataFrame, source: str) -> pl.DataFrame:
    """Events that reached the service, with the person as the service holds them: once per person, not per event."""
    events = events.filter(~pl.col("lost") & ~pl.col("person").is_in(np.flatnonzero(world.hidden).tolist()))
    person = events["person"].unique().sort()
    home = world.dwelling.home_of_household[world.people.household[person.to_numpy()]]
    held = with_lines(as_held(world, pl.DataFrame({"person": person, "home": home}), source=source))
    held = held.with_columns(number=pl.int_range(1, pl.len() + 1))
    return events.join(held.rename({"form": "address_form"}), on="person", how="left", maintain_order="left")


def write_youth_justice(world: World, inbox: Path) -> pl.DataFrame:
    """Outcomes of young people's offences."""
    rows = held_by(world, world.troubles.offences, "youth_justice")
    file = f"youth_justice_{extract_month(world)}.csv"
    write_csv(
        rows.select(
            YOTID=pl.concat_str(pl.lit("Y"), pl.col("number").cast(pl.String).str.zfill(6)),
            Surname=pl.col("surname").str.to_uppercase(),
            Forename="forename",
            DOB="born",
            Gender=pl.col("sex").replace({"M": "Male", "F": "Female"}),
            Address="address",
            Postcode="postcode",
            OffenceDate="offence_day",
            Offence="offence",
            OutcomeDate="outcome_day",
            Outcome="outcome",
        ).with_columns(uk_date("DOB"), uk_date("OffenceDate"), uk_date("OutcomeDate")),
        inbox,
        file,
    )
    return ledger(rows, file=file)


def write_asb(world: World, inbox: Path) -> pl.DataFrame:
    """Orders, injunctions, contracts and housing notices."""
    rows = held_by(world, world.troubles.measures, "asb")
    file = f"asb_{extract_month(world)}.csv"
    write_csv(
        rows.select(
            CaseRef=pl.concat_str(pl.lit("ASB"), pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(5)),
            Surname="surname",
            Forename="forename",
            DOB="born",
            Address="address",
            Postcode="postcode",
            Measure="measure",
            Ground="ground",
            IssuedDate="issued",
            EndDate="ends",
        ).with_columns(uk_date("DOB"), uk_date("IssuedDate"), uk_date("EndDate")),
        inbox,
        file,
    )
    return ledger(rows, file=file)


def write_social_care(world: World, inbox: Path) -> pl.DataFrame:
    """Episodes with children's social care; the UPN is known of 70%."""
    rows = held_by(world, world.troubles.episodes, "social_care")
    knows_upn = stream(world.seed, "social care upn").random(len(world.people)) < 0.7
    rows = rows.with_columns(
        upn=pl.when(pl.Series(knows_upn[rows["person"].to_numpy()])).then("upn").otherwise(pl.lit(""))
    )
    file = f"social_care_{extract_month(world)}.csv"
    write_csv(
        rows.select(
            pers_person_id=(pl.col("number") + 700000).cast(pl.String),
            pers_upn="upn",
            pers_forename="forename",
            pers_surname="surname",
            pers_sex="sex",
            pers_dob="born",
            addr_address_line="address",
            addr_address_postcode="postcode",
            episode_type="kind",
            start_date="start",
            end_date="end",
            category="category",
        ).with_columns(iso_date("pers_dob"), iso_date("start_date"), iso_date("end_date")),
        inbox,
        file,
    )
    return ledger(rows, file=file)


def write_education_status(world: World, inbox: Path) -> pl.DataFrame:
    """Children missing education, educated at home, or in alternative provision."""
    rows = held_by(world, world.troubles.statuses, "education_status")
    file = f"education_status_{extract_month(world)}.csv"
    write_csv(
        rows.select(
            UPN="upn",
            Surname="surname",
            Forename="forename",
            DOB="born",
            Address="address",
            Postcode="postcode",
            Status="status",
            Reason="reason",
            StartDate="start",
            EndDate="end",
        ).with_columns(uk_date("DOB"), uk_date("StartDate"), uk_date("EndDate")),
        inbox,
        file,
    )
    return ledger(rows, file=file)


def write_incidents(world: World, inbox: Path) -> pl.DataFrame:
    """Reported incidents of anti-social behaviour, laid to a person."""
    rows = held_by(world, world.hardships.behaviour, "asb incidents")
    file = f"asb_incidents_{extract_month(world)}.csv"
    write_csv(
        rows.select(
            CaseRef=pl.concat_str(pl.lit("INC"), pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(5)),
            Party=pl.lit("Perpetrator"),
            Surname="surname",
            Forename="forename",
            DOB="born",
            Address="address",
            Postcode="postcode",
            Measure=pl.lit("Incident"),
            IncidentDate="issued",
        ).with_columns(uk_date("DOB"), uk_date("IncidentDate")),
        inbox,
        file,
    )
    return ledger(rows, file=file)
