"""Reads a School Census return in XML: pupils on roll and no longer on roll, attendance by code, exclusions."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from families.errors import Refused
from families.sources.census_terms import CensusTerm, census_term
from families.sources.date_formats import parse_dates
from families.sources.layouts import Kind
from families.sources.opening import Opened
from families.sources.pupil_values import frame_of, typed_columns
from families.sources.reading import REJECTED_SCHEMA
from families.sources.shaping import Delivery, Read, conform, persons
from families.sources.tabular import UNKNOWN_CATEGORY, UNNAMED, exclusion_category
from families.sources.xml_files import Element, child_of, children_of, elements, first_of, local_name, text_of, texts_of

ROOT = "Message"
ON_ROLL, OFF_ROLL = "PupilOnRoll", "PupilNoLongerOnRoll"
WANTED = frozenset({"Header", ON_ROLL, OFF_ROLL})
PART = "pupil"
ALSO: dict[str, Any] = {"row": pl.Int64, "part": pl.String, "is_on_roll": pl.Boolean}
COLUMNS: dict[str, Kind] = {
    "upn": "upn", "former_upn": "upn", "uln": "uln", "surname": "name", "forename": "name", "middle_names": "name",
    "preferred_surname": "name", "former_surname": "name", "date_of_birth": "date", "sex": "sex",
    "enrol_status": "code", "entry_date": "date", "leaving_date": "date", "nc_year": "text", "boarder": "code",
    "saon": "text", "paon": "text", "street": "text", "locality": "text", "town": "text", "post_town": "text",
    "address_line_1": "text", "address_line_2": "text", "address_line_3": "text", "address_line_4": "text",
    "address_line_5": "text", "uprn": "uprn", "postcode": "postcode",
}  # fmt: skip
IDENTIFIERS = {
    "upn": ("UPN",), "former_upn": ("FormerUPN",), "uln": ("UniqueLearnerNumber", "ULN"), "surname": ("Surname",),
    "forename": ("Forename",), "middle_names": ("MiddleNames", "MiddleName"),
    "preferred_surname": ("PreferredSurname",), "former_surname": ("FormerSurname",), "date_of_birth": ("DOB",),
    "sex": ("Sex", "Gender"),
}  # fmt: skip
STATUS = {
    "enrol_status": ("EnrolStatus",), "entry_date": ("EntryDate",), "leaving_date": ("LeavingDate",),
    "nc_year": ("NCyearActual", "NCyearLeaving"), "boarder": ("Boarder",),
}  # fmt: skip
ADDRESS = {
    "saon": ("SAON",), "paon": ("PAON",), "street": ("Street",), "locality": ("Locality",), "town": ("Town",),
    "post_town": ("PostTown",), "uprn": ("UniquePropertyReferenceNumber", "UPRN"),
    "postcode": ("PostCode", "Postcode"), **{f"address_line_{n}": (f"AddressLine{n}",) for n in range(1, 6)},
}  # fmt: skip
HOMES = ("HomeInformation", "Addresses", "Address")
TOTALS = {
    "possible": ("SessionsPossible", "TermlySessionsPossible"),
    "authorised": ("SessionsAuthorised",),
    "unauthorised": ("SessionsUnauthorised",),
}


@dataclass(frozen=True)
class Return:
    """What the header says: the school, the reference date, and what the census speaks of."""

    school: str
    stated_on: dt.date
    census: CensusTerm


@dataclass
class _Found:
    """Rows of each kind as texts, in document order."""

    header: Return | None
    on_roll: list[dict[str, Any]]
    off_roll: list[dict[str, Any]]


def read_census(opened: Opened, delivery: Delivery) -> Read:
    """The tables of one return."""
    found = _Found(None, [], [])
    for name, element in elements(opened, root=ROOT, wanted=WANTED):
        if name == "Header":
            found.header = _header(opened, element)
        else:
            (found.on_roll if name == ON_ROLL else found.off_roll).append(_pupil(element, name))
    if found.header is None:
        raise Refused(f"{opened.name} has no header, so its school and term are not known: ask for the return again.")
    pupils = [pupil | {"row": row, "part": PART} for row, pupil in enumerate(found.on_roll + found.off_roll, 1)]
    return _read(pupils, found.header, delivery)


def _header(opened: Opened, header: Element) -> Return:
    collection = child_of(header, "CollectionDetails")
    source = child_of(header, "Source")
    if collection is None or source is None:
        raise Refused(f"{opened.name} has no CollectionDetails or Source in its header: ask for the return again.")
    term, year = text_of(collection, "Term"), text_of(collection, "Year")
    la, estab = text_of(source, "LEA"), text_of(source, "Estab")
    day = parse_dates(pl.Series([text_of(collection, "ReferenceDate")], dtype=pl.String)).item()
    if (term or "")[:3].upper() not in ("AUT", "SPR", "SUM") or not (year or "").isdigit() or not la or not estab:
        raise Refused(
            f"{opened.name} does not state term, year, authority and establishment in its header: ask for it again."
        )
    if not 2000 <= int(year or 0) <= 2049:
        raise Refused(f"{opened.name} states a year outside 2000 to 2049 in its header: ask for it again.")
    census = census_term(int(year or 0), (term or "")[:3].upper())
    return Return(f"{la}{estab.zfill(4)}", day or census.reference_date, census)


def _pupil(element: Element, name: str) -> dict[str, Any]:
    """A pupil's texts; addresses, attendance and exclusions as lists."""
    pupil: dict[str, Any] = {"is_on_roll": name == ON_ROLL}
    for names, block in ((IDENTIFIERS, "PupilIdentifiers"), (STATUS, "PupilStatus")):
        texts = texts_of(child_of(element, block))
        pupil |= {column: first_of(texts, *tags) for column, tags in names.items()}
    first, *further = _addresses(element) or [dict.fromkeys(ADDRESS)]
    pupil |= first
    pupil["further_addresses"] = further
    pupil["sessions"] = _sessions(child_of(element, "Attendance"))
    pupil["exclusions"] = [_exclusion(each) for each in children_of(child_of(element, "Exclusions"), "TermlyExclusion")]
    return pupil


def _addresses(element: Element) -> list[dict[str, str | None]]:
    """The pupil's addresses, wherever under HomeInformation or Addresses they stand and however deep their parts."""
    found = []
    for home in (child for child in element if local_name(child) in HOMES):
        blocks = [each for each in home.iter() if local_name(each) == "Address"] or [home]
        for block in blocks:
            texts = {local_name(each): " ".join(each.text.split()) for each in block.iter() if each.text}
            parts = {
                column: next((texts[tag] for tag in tags if texts.get(tag)), None) for column, tags in ADDRESS.items()
            }
            if any(parts.values()) and parts not in found:
                found.append(parts)
    return found


def _sessions(attendance: Element | None) -> list[tuple[str, str, str]]:
    """(period, code, sessions) as texts: period `1` for TermlyAttendance, `2` for SummerHalfTerm2Attendance."""
    found: list[tuple[str, str, str]] = []
    for period, tag in (("1", "TermlyAttendance"), ("2", "SummerHalfTerm2Attendance")):
        for block in children_of(attendance, tag):
            stated = texts_of(block)
            found += [(period, code, text) for code, tags in TOTALS.items() if (text := first_of(stated, *tags))]
            for detail in children_of(child_of(block, "SessionDetails"), "SessionDetail"):
                texts = texts_of(detail)
                code, text = texts.get("AttendanceReason"), first_of(texts, "AbsenceSessions", "Sessions")
                if code and text:
                    found.append((period, code.upper(), text))
    return found


def _exclusion(element: Element) -> dict[str, str | None]:
    reasons = [
        each.text.strip().upper() for each in element.iter() if _is_reason(each) and each.text and each.text.strip()
    ]
    return {
        "category": text_of(element, "Category"),
        "started_on": text_of(element, "StartDate"),
        "sessions": text_of(element, "ActualNumberOfSessions", "NumberOfSessions", "Sessions"),
        "reasons": ",".join(dict.fromkeys(reasons)) or None,
    }


def _is_reason(element: Element) -> bool:
    return local_name(element).startswith("Reason") and len(element) == 0


def _read(pupils: list[dict[str, Any]], header: Return, delivery: Delivery) -> Read:
    distinct, repeats = _without_repeats(pupils)
    refused = [pupil for pupil in distinct if not (pupil["surname"] or pupil["forename"] or pupil["upn"])]
    kept = [pupil for pupil in distinct if pupil["surname"] or pupil["forename"] or pupil["upn"]]
    stated = frame_of(_at_each_address(kept), COLUMNS, also=ALSO)
    stated, flags = typed_columns(stated, COLUMNS)
    stated = stated.with_columns(pl.lit(header.school).alias("school"), pl.lit(header.stated_on).alias("stated_on"))
    frame = stated.filter(pl.col("part") == PART)
    counts, more_flags = _counts(kept, frame, header)
    exclusions, exclusion_flags = _exclusions(kept, header)
    tables = {
        "persons": persons(stated, role="pupil"),
        "enrolments": frame,
        "attendance_counts": counts,
        "exclusions": exclusions,
        "coverage": coverage(header),
    }
    return Read(
        tables={name: conform(name, table, delivery=delivery) for name, table in tables.items()},
        rows_in=len(pupils),
        duplicate=repeats,
        rejected=_unnamed(refused),
        flags=pl.concat([flags, more_flags, exclusion_flags]).sort("row", maintain_order=True),
    )


def _at_each_address(pupils: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each pupil, and again for each further address, as part `pupil address 2` and so on."""
    return [
        {name: value for name, value in (pupil | address).items() if name in COLUMNS or name in ALSO} | {"part": part}
        for pupil in pupils
        for part, address in [
            (PART, {}),
            *((f"{PART} address {place}", each) for place, each in enumerate(pupil["further_addresses"], 2)),
        ]
    ]


def _without_repeats(pupils: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """Pupils that are not in every value an earlier one, and how many are."""
    seen: set[str] = set()
    distinct = []
    for pupil in pupils:
        content = json.dumps({name: value for name, value in pupil.items() if name != "row"}, sort_keys=True)
        if content not in seen:
            seen.add(content)
            distinct.append(pupil)
    return distinct, len(pupils) - len(distinct)


def _unnamed(refused: list[dict[str, Any]]) -> pl.DataFrame:
    rows = [
        {
            "row": pupil["row"],
            "rule": "unnamed",
            "reason": UNNAMED,
            "part": PART,
            "raw": json.dumps({name: value for name, value in pupil.items() if value}, ensure_ascii=False),
        }
        for pupil in refused
    ]
    return pl.DataFrame(rows, schema=REJECTED_SCHEMA, orient="row")


def _counts(pupils: list[dict[str, Any]], frame: pl.DataFrame, header: Return) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = [
        {"row": pupil["row"], "part": PART, "period": period, "code": code, "sessions": text}
        for pupil in pupils
        for period, code, text in pupil["sessions"]
    ]
    long = frame_of(
        rows, {"sessions": "integer"}, also={"row": pl.Int64, "part": pl.String, "period": pl.String, "code": pl.String}
    )
    long, flags = typed_columns(long, {"sessions": "integer"})
    counts = periods_named(long.drop_nulls("sessions"), header.census)
    return counts.join(frame.select("row", "upn", "school"), on="row", maintain_order="left"), flags


def periods_named(long: pl.DataFrame, census: CensusTerm) -> pl.DataFrame:
    """Counts of period 1 and 2 with the academic year, term and half that the census says they are of."""
    second = census.second_half or census.attendance
    named = {"1": census.attendance, "2": second}
    periods = pl.DataFrame(
        {
            "period": list(named),
            "academic_year": [each.academic_year for each in named.values()],
            "term": [each.term for each in named.values()],
            "half": [each.half if key == "1" else 2 for key, each in named.items()],
        },
        schema={"period": pl.String, "academic_year": pl.String, "term": pl.String, "half": pl.Int32},
    )
    return (
        long.join(periods, on="period", maintain_order="left")
        .group_by("row", "part", "academic_year", "term", "half", "code", maintain_order=True)
        .agg(pl.col("sessions").sum())
    )


def _exclusions(pupils: list[dict[str, Any]], header: Return) -> tuple[pl.DataFrame, pl.DataFrame]:
    columns: dict[str, Kind] = {"category": "code", "started_on": "date", "sessions": "integer", "reasons": "text"}
    rows = [{"row": pupil["row"], "part": PART} | exclusion for pupil in pupils for exclusion in pupil["exclusions"]]
    frame = frame_of(rows, columns, also={"row": pl.Int64, "part": pl.String})
    frame, flags = typed_columns(frame, columns)
    frame = frame.with_columns(exclusion_category().alias("category"), pl.lit(header.school).alias("school"))
    is_usable = pl.col("category").is_not_null() & pl.col("started_on").is_not_null()
    unusable = frame.filter(~is_usable).select(
        "row",
        "part",
        pl.lit("exclusions").alias("field"),
        pl.lit("exclusion_unusable").alias("rule"),
        pl.lit(f"An exclusion was left out: it has no start date, or: {UNKNOWN_CATEGORY}").alias("reason"),
    )
    return frame.filter(is_usable), pl.concat([flags, unusable])


def coverage(header: Return, *, row: int = 1, part: str = PART) -> pl.DataFrame:
    """What the return speaks for at its school: attendance of one term, exclusions of the term before that."""
    counted = [header.census.attendance, *([header.census.second_half] if header.census.second_half else [])]
    spans = [
        ("school_census", counted[0].window.first_day, counted[-1].window.last_day),
        ("exclusions", header.census.exclusions.first_day, header.census.exclusions.last_day),
    ]
    return pl.DataFrame(
        {
            "row": [row] * 2,
            "part": [part] * 2,
            "source": [source for source, _, _ in spans],
            "school": [header.school] * 2,
            "covers_from": [start for _, start, _ in spans],
            "covers_to": [end for _, _, end in spans],
            "basis": ["stated"] * 2,
        },
        schema_overrides={"row": pl.Int64},
    )
