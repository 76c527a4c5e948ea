"""Reads a Common Transfer File: pupils with their contacts, parental responsibility and addresses.

Contacts named as living at the pupil's address get the pupil's address, which is what the file says.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import polars as pl

from families.errors import Refused
from families.sources.date_formats import parse_dates
from families.sources.layouts import Kind
from families.sources.opening import Opened
from families.sources.pupil_values import frame_of, typed_columns
from families.sources.reading import REJECTED_SCHEMA
from families.sources.shaping import Delivery, Read, conform, persons
from families.sources.tabular import UNNAMED
from families.sources.xml_files import Element, child_of, children_of, elements, first_of, local_name, text_of, texts_of

ROOT = "CTfile"
WANTED = frozenset({"Header", "Pupil"})
PART = "pupil"
PERSON: dict[str, Kind] = {
    "title": "text", "surname": "name", "forename": "name", "middle_names": "name", "preferred_surname": "name",
    "preferred_forename": "name", "former_surname": "name", "sex": "sex", "date_of_birth": "date", "upn": "upn",
    "former_upn": "upn", "uln": "uln", "phone": "text", "email": "text", "uprn": "uprn", "saon": "text",
    "paon": "text", "street": "text", "locality": "text", "town": "text", "post_town": "text",
    "address_line_1": "text", "address_line_2": "text", "address_line_3": "text", "address_line_4": "text",
    "address_line_5": "text", "postcode": "postcode", "nc_year": "text", "enrol_status": "code",
    "leaving_date": "date",
}  # fmt: skip
TAGS = {
    "title": ("Title",), "surname": ("Surname",), "forename": ("Forename",), "middle_names": ("MiddleNames",),
    "sex": ("Sex", "Gender"), "date_of_birth": ("DOB",), "upn": ("UPN",),
    "uln": ("UniqueLearnerNumber", "ULN"), "email": ("Email",),
}  # fmt: skip
BASIC = {
    "former_upn": ("FormerUPN",), "preferred_surname": ("PreferredSurname",),
    "preferred_forename": ("PreferredForename",), "former_surname": ("FormerSurname",),
    "nc_year": ("NCyearActual",), "enrol_status": ("EnrolStatus",), "leaving_date": ("LeavingDate",),
}  # fmt: skip
ADDRESS = {
    "saon": "SAON", "paon": "PAON", "street": "Street", "locality": "Locality", "town": "Town",
    "post_town": "PostTown", "uprn": "UniquePropertyReferenceNumber", "postcode": "PostCode",
    **{f"address_line_{n}": f"AddressLine{n}" for n in range(1, 6)},
}  # fmt: skip
CONTACT: dict[str, Any] = {
    "row": pl.Int64, "part": pl.String, "pupil_part": pl.String, "relationship": pl.String,
    "has_parental_responsibility": pl.Boolean, "lives_with_pupil": pl.Boolean, "priority": pl.String,
}  # fmt: skip
TRUE_WORDS, FALSE_WORDS = ("T", "TRUE", "1", "Y", "YES"), ("F", "FALSE", "0", "N", "NO")


def read_transfer_file(opened: Opened, delivery: Delivery) -> Read:
    """The tables of one file."""
    school: str | None = None
    stated_on: dt.date | None = None
    pupils: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    repeats = 0
    has_header = False
    for name, element in elements(opened, root=ROOT, wanted=WANTED):
        if name == "Header":
            school, stated_on = _header(element)
            has_header = True
            continue
        pupil = _pupil(element) | {"row": len(pupils) + repeats + 1}
        content = json.dumps({key: value for key, value in pupil.items() if key != "row"}, sort_keys=True)
        if content in seen:
            repeats += 1
            continue
        seen[content] = pupil["row"]
        pupils.append(pupil)
    if not has_header:
        raise Refused(f"{opened.name} has no header, so its school and date are not known: ask for the file again.")
    return _read(pupils, repeats, school=school, stated_on=stated_on, delivery=delivery)


def _header(header: Element) -> tuple[str | None, dt.date | None]:
    source = child_of(header, "SourceSchool")
    la, estab = text_of(source, "LEA"), text_of(source, "Estab")
    number = f"{la}{(estab or '').zfill(4)}"
    day = parse_dates(pl.Series([text_of(header, "DateTime")], dtype=pl.String)).item()
    return (number if len(number) == 7 and number.isdigit() else None), day


def _pupil(element: Element) -> dict[str, Any]:
    texts = texts_of(element)
    basic = texts_of(child_of(element, "BasicDetails"))
    person = {column: first_of(texts, *tags) for column, tags in TAGS.items()}
    person |= {column: first_of(basic, *tags) for column, tags in BASIC.items()}
    person["middle_names"] = person["middle_names"] or basic.get("MiddleNames")
    address, _ = _address(element)
    contacts = children_of(child_of(element, "Contacts"), "Contact")
    return {
        "person": person | address | {"phone": _phone(element)},
        "contacts": [_contact(each, address) for each in contacts],
    }


def _contact(element: Element, pupils_address: dict[str, str | None]) -> dict[str, Any]:
    texts = texts_of(element)
    person = {column: first_of(texts, *tags) for column, tags in TAGS.items()}
    address, is_pupils = _address(element)
    return {
        "person": person | (pupils_address if is_pupils else address) | {"phone": _phone(element)},
        "relationship": texts.get("Relationship"),
        "has_parental_responsibility": _truth(texts.get("Responsibility")),
        "lives_with_pupil": True if is_pupils else (False if any(address.values()) else None),
        "priority": texts.get("Order"),
    }


def _truth(text: str | None) -> bool | None:
    word = (text or "").upper()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def _address(element: Element) -> tuple[dict[str, str | None], bool]:
    """The address in either shape, and whether it is said to be the pupil's."""
    home = child_of(element, "Address")
    texts: dict[str, str] = {}
    if home is not None:
        for each in home.iter():
            if each.text and (text := " ".join(each.text.split())):
                texts.setdefault(local_name(each), text)
    is_pupils = bool(_truth(texts.get("AddressAsPupil")))
    return {column: texts.get(tag) for column, tag in ADDRESS.items()}, is_pupils


def _phone(element: Element) -> str | None:
    phones = [text for each in children_of(child_of(element, "Phones"), "Phone") if (text := text_of(each, "PhoneNo"))]
    return phones[0] if phones else None


def _read(
    pupils: list[dict[str, Any]], repeats: int, *, school: str | None, stated_on: dt.date | None, delivery: Delivery
) -> Read:
    named = [pupil for pupil in pupils if _is_named(pupil["person"])]
    refused = [pupil for pupil in pupils if not _is_named(pupil["person"])]
    people, contacts = _people(named)
    frame = frame_of(people, PERSON, also={"row": pl.Int64, "part": pl.String, "role": pl.String})
    frame, flags = typed_columns(frame, PERSON)
    frame = frame.with_columns(
        pl.lit(school, dtype=pl.String).alias("school"), pl.lit(stated_on, dtype=pl.Date).alias("stated_on")
    )
    pupil_rows = frame.filter(pl.col("role") == "pupil")
    ties = pl.DataFrame(contacts, schema=CONTACT, orient="row").with_columns(
        pl.col("priority").cast(pl.Int32, strict=False)
    )
    tables = {
        "persons": pl.concat(
            [persons(frame.filter(pl.col("role") == role), role=role) for role in ("pupil", "contact")]
        ),
        "enrolments": pupil_rows.filter(pl.col("school").is_not_null()),
        "contacts": ties,
    }
    return Read(
        tables={name: conform(name, table, delivery=delivery) for name, table in tables.items()},
        rows_in=len(pupils) + repeats,
        duplicate=repeats,
        rejected=_unnamed(refused),
        flags=flags.sort("row", maintain_order=True),
    )


def _is_named(person: dict[str, str | None]) -> bool:
    return bool(person.get("surname") or person.get("forename") or person.get("upn"))


def _people(pupils: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A row for each pupil and each named contact, and the tie of each contact."""
    people: list[dict[str, Any]] = []
    ties: list[dict[str, Any]] = []
    for pupil in pupils:
        people.append(pupil["person"] | {"row": pupil["row"], "part": PART, "role": "pupil"})
        for number, contact in enumerate(pupil["contacts"], 1):
            if not _is_named(contact["person"]):
                continue
            key = {"row": pupil["row"], "part": f"contact {number}"}
            people.append(contact["person"] | key | {"role": "contact"})
            ties.append({**contact, **key, "pupil_part": PART})
    return people, [{name: tie.get(name) for name in CONTACT} for tie in ties]


def _unnamed(refused: list[dict[str, Any]]) -> pl.DataFrame:
    rows = [
        {
            "row": pupil["row"],
            "rule": "unnamed",
            "reason": UNNAMED,
            "part": PART,
            "raw": json.dumps(pupil["person"], ensure_ascii=False),
        }
        for pupil in refused
    ]
    return pl.DataFrame(rows, schema=REJECTED_SCHEMA, orient="row")
