"""School Census XML, one file a school and term, from the few schools that do not stand in the table extracts."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from families.synthetic.agencies.census import CODES, Census, carried_exclusions, censuses, returned
from families.synthetic.agencies.school_systems import SchoolSystems
from families.synthetic.agencies.xml_text import element, escaped, when_filled
from families.synthetic.dwelling import NEVER
from families.synthetic.schooling import XML
from families.synthetic.world import World, as_date
from families.synthetic.writing import LEDGER

_TERMS = {"spring": ("SPR", 1), "summer": ("SUM", 2), "autumn": ("AUT", 3)}


def write_census_xml(world: World, systems: SchoolSystems, inbox: Path) -> pl.DataFrame:
    """The returns of every census."""
    ledgers = [pl.DataFrame(schema=LEDGER)]
    (inbox / "census_xml").mkdir(parents=True, exist_ok=True)
    for census in censuses(world):
        pupils = returned(world, systems, census, delivers=(XML,))
        if pupils.is_empty():
            continue
        number = _TERMS[census.name][1]
        pupils = (
            pupils.sort(["laestab", "on_roll", "child", "spell"], descending=[False, True, False, False])
            .with_columns(
                row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("laestab"),
                file=pl.concat_str(
                    pl.lit("census_xml/"),
                    "laestab",
                    pl.lit(f"_SC{number}_881LL{census.calendar_year % 100:02d}_001.xml"),
                ),
            )
            .join(_exclusions(world, census), on="spell", how="left", maintain_order="left")
            .with_columns(pl.col("exclusions_xml").fill_null(""))
        )
        pupils = pupils.with_columns(text=_pupil(census))
        for (file,), school in pupils.group_by(["file"], maintain_order=True):
            _write_school(school, census, inbox / str(file))
        ledgers.append(pupils.select("file", "row", part=pl.lit("pupil"), person="child"))
    return pl.concat(ledgers)


def _exclusions(world: World, census: Census) -> pl.DataFrame:
    start = pl.col("start").cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m-%d")
    sessions = pl.when(pl.col("category") == "FIXD").then(pl.col("sessions").cast(pl.String)).otherwise(pl.lit(""))
    text = pl.concat_str(
        pl.lit("<TermlyExclusion>"),
        element("Category", pl.col("category")),
        element("StartDate", start),
        when_filled("ActualNumberOfSessions", sessions),
        element("Reason", pl.col("reason")),
        pl.lit("</TermlyExclusion>"),
    )
    return (
        carried_exclusions(world, census)
        .sort("spell", "start", "exclusion")
        .group_by("spell", maintain_order=True)
        .agg(exclusions_xml=pl.concat_str(pl.lit("<Exclusions>"), text.str.join(""), pl.lit("</Exclusions>")).first())
    )


def _attendance(tag: str, prefix: str) -> pl.Expr:
    details = pl.concat_str(
        [
            pl.when(pl.col(f"{prefix}_{code}").fill_null(0) > 0)
            .then(
                pl.concat_str(
                    pl.lit(f"<SessionDetail><AttendanceReason>{code}</AttendanceReason><AbsenceSessions>"),
                    pl.col(f"{prefix}_{code}").cast(pl.String),
                    pl.lit("</AbsenceSessions></SessionDetail>"),
                )
            )
            .otherwise(pl.lit(""))
            for code in CODES
        ]
    )
    whole = pl.concat_str(
        pl.lit(f"<{tag}>"),
        element("SessionsPossible", pl.col(f"{prefix}_possible").cast(pl.String)),
        when_filled("SessionDetails", details),
        pl.lit(f"</{tag}>"),
    )
    return pl.when(pl.col(f"{prefix}_possible").is_not_null()).then(whole).otherwise(pl.lit(""))


def _pupil(census: Census) -> pl.Expr:
    def date(column: str) -> pl.Expr:
        day = pl.when(pl.col(column) < NEVER).then(pl.col(column)).cast(pl.Int32).cast(pl.Date)
        return day.dt.strftime("%Y-%m-%d")

    year = pl.when(pl.col("nc_year") == 0).then(pl.lit("R")).otherwise(pl.col("nc_year").cast(pl.String))
    parts = [_attendance("TermlyAttendance", "first")]
    if census.name == "autumn":
        parts.append(_attendance("SummerHalfTerm2Attendance", "second"))
    tag = pl.when("on_roll").then(pl.lit("PupilOnRoll")).otherwise(pl.lit("PupilNoLongerOnRoll"))
    return pl.concat_str(
        pl.lit("<"), tag, pl.lit("><PupilIdentifiers>"),
        element("UPN", pl.col("upn")),
        element("Surname", escaped("surname")),
        element("Forename", escaped("forename")),
        when_filled("MiddleNames", escaped("middle_names")),
        when_filled("DOB", date("born")),
        element("Gender", pl.col("sex")),
        pl.lit("</PupilIdentifiers><PupilStatus>"),
        pl.when("on_roll").then(element("EnrolStatus", pl.col("status"))).otherwise(pl.lit("")),
        element("EntryDate", date("from")),
        pl.when("on_roll").then(pl.lit("")).otherwise(
            element("LeavingDate", date("to").fill_null(""))
        ),
        element("NCyearActual", year),
        pl.lit("</PupilStatus><HomeInformation><Addresses><Address>"),
        when_filled("SAON", pl.col("saon").str.to_titlecase()),
        element("PAON", pl.col("paon").str.to_titlecase()),
        element("Street", pl.col("street").str.to_titlecase()),
        element("Town", pl.col("town").str.to_titlecase()),
        when_filled("PostCode", pl.col("postcode")),
        pl.lit("</Address></Addresses></HomeInformation>"),
        "exclusions_xml",
        pl.lit("<Attendance>"), *parts, pl.lit("</Attendance></"), tag, pl.lit(">"),
    )  # fmt: skip


def _write_school(school: pl.DataFrame, census: Census, path: Path) -> None:
    on = "\n".join(school.filter("on_roll")["text"].to_list())
    off = "\n".join(school.filter(~pl.col("on_roll"))["text"].to_list())
    term, _ = _TERMS[census.name]
    day = as_date(census.reference_day)
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<Message><Header><CollectionDetails><Collection>SC</Collection>'
        f"<Term>{term}</Term><Year>{census.calendar_year}</Year><ReferenceDate>{day.isoformat()}</ReferenceDate>"
        f"</CollectionDetails><Source><SourceLevel>S</SourceLevel><LEA>881</LEA><Estab>{school['estab'][0]}</Estab>"
        f"<SoftwareCode>DEMO</SoftwareCode><Release>1</Release><SerialNo>1</SerialNo>"
        f"<DateTime>{day.isoformat()}T10:00:00</DateTime></Source></Header>\n<School/>\n<Pupils>\n"
        f"<PupilsOnRoll>\n{on}\n</PupilsOnRoll>\n<PupilsNoLongerOnRoll>\n{off}\n</PupilsNoLongerOnRoll>\n"
        "</Pupils></Message>\n",
        encoding="utf-8",
    )
