"""The gazetteer, the list of schools, and the note that says what each feed speaks for."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from families.synthetic.schooling import FEED, PHASES
from families.synthetic.streams import stream
from families.synthetic.world import World, as_date
from families.synthetic.writing import write_csv

_TYPES = {"primary": "Community school", "secondary": "Academy converter", "special": "Community special school",
          "pru": "Pupil referral unit"}  # fmt: skip
_PHASE_NAMES = {"primary": "Primary", "secondary": "Secondary", "special": "Not applicable", "pru": "Not applicable"}
WHOLE_AUTHORITY = ("youth_justice", "asb", "social_care", "education_status", "council_tax", "dwp")
PARTNERS = ("housing", "probation", "police_domestic", "health_services", "destinations", "early_help", "looked_after",
            "nominations", "employment")  # fmt: skip


def write_gazetteer(world: World, inbox: Path) -> None:
    """Every address in AddressBase style: approved ones, the shells of blocks, and some historical ones."""
    homes = world.dwelling.homes
    shells = (
        homes.filter(pl.col("block") >= 0)
        .unique("block", keep="first", maintain_order=True)
        .with_columns(
            shell=(pl.col("uprn").cast(pl.Int64) + 50_000_000).cast(pl.String),
            saon=pl.lit(""),
            classification=pl.lit("PP"),
        )
    )
    flats = homes.join(shells.select("block", "shell"), on="block", how="left", maintain_order="left")
    rng = stream(world.seed, "gazetteer")
    historical = homes.filter(pl.Series(rng.random(homes.height) < 0.01)).with_columns(
        uprn=(pl.col("uprn").cast(pl.Int64) + 90_000_000).cast(pl.String),
        status=pl.lit(8),
        shell=pl.lit(None, pl.String),
    )
    every = pl.concat(
        [
            flats.with_columns(status=pl.lit(1)),
            shells.with_columns(status=pl.lit(1), uprn="shell", shell=pl.lit(None, pl.String)),
            historical.select(*flats.columns, "status"),
        ],
        how="diagonal",
    ).sort("uprn")
    blank = pl.lit("")
    write_csv(
        every.select(
            UPRN="uprn",
            PARENT_UPRN=pl.col("shell").fill_null(""),
            LOGICAL_STATUS="status",
            CLASSIFICATION_CODE="classification",
            ORGANISATION="organisation",
            SAO_TEXT="saon",
            SAO_START_NUMBER=blank,
            SAO_START_SUFFIX=blank,
            PAO_TEXT="pao_text",
            PAO_START_NUMBER="pao_number",
            PAO_START_SUFFIX=blank,
            STREET_DESCRIPTION="street",
            LOCALITY="locality",
            TOWN_NAME="town",
            POSTCODE_LOCATOR="postcode",
            X_COORDINATE="x",
            Y_COORDINATE="y",
        ),
        inbox,
        "gazetteer.csv",
    )


def write_schools(world: World, inbox: Path) -> None:
    """The schools, as Get Information About Schools lists them."""
    phase = pl.col("phase").replace_strict(dict(enumerate(PHASES)), return_dtype=pl.String)
    schools = world.schooling.schools.with_columns(phase_name=phase)
    write_csv(
        schools.select(
            URN="urn",
            **{"LA (code)": pl.lit("881")},
            EstablishmentNumber="estab",
            EstablishmentName="name",
            **{
                "TypeOfEstablishment (name)": pl.col("phase_name").replace_strict(_TYPES),
                "PhaseOfEducation (name)": pl.col("phase_name").replace_strict(_PHASE_NAMES),
            },
            OpenDate=pl.lit("01-09-1998"),
            CloseDate=pl.lit(""),
        ),
        inbox,
        "schools.csv",
    )


def write_delivery_note(world: World, inbox: Path) -> None:
    """What session marks, exclusions and the authority's own services cover."""
    feeding = world.schooling.schools.filter(pl.col("delivers") == FEED)["laestab"].to_list()
    year = world.marks.year.start_year
    first, last = as_date(world.first).isoformat(), as_date(world.last).isoformat()
    marks_from = max(f"{year}-09-01", first)
    rows = [("session_marks", school, marks_from, last) for school in feeding]
    rows += [("exclusions", school, first, last) for school in feeding]
    rows += [(source, "", first, last) for source in WHOLE_AUTHORITY]
    write_csv(
        pl.DataFrame(rows, schema=["source", "school", "covers_from", "covers_to"], orient="row"),
        inbox,
        "delivery_note.csv",
    )


def write_partners_note(world: World, inbox: Path) -> None:
    """What the partners' files cover; the electoral register says no more than the day in its name."""
    first, last = as_date(world.first).isoformat(), as_date(world.last).isoformat()
    rows = [(source, "", first, last) for source in PARTNERS]
    write_csv(
        pl.DataFrame(rows, schema=["source", "school", "covers_from", "covers_to"], orient="row"),
        inbox,
        "delivery_note_partners.csv",
    )
