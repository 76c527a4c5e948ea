"""Small made-up records and properties for tests of linkage, written as short tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from families.tables.records import Persons, Properties
from families.tables.run import AddressOfRecord

TOWN = "CHELMSFORD"


def _frame(schema: Any, rows: list[dict[str, Any]]) -> pl.DataFrame:
    blank = dict.fromkeys(schema.columns())
    return schema.validate(pl.DataFrame([blank | row for row in rows], infer_schema_length=None), cast=True)


def stated(places: Sequence[tuple[str | None, str | None]], uprn: Sequence[str] | None = None) -> pl.DataFrame:
    """Addresses as records state them: (text, postcode), rows counted from 1."""
    rows = [
        {"source": "s", "delivery": "d", "row": place + 1, "part": "", "address": text, "postcode": postcode}
        | ({"uprn": uprn[place]} if uprn else {})
        for place, (text, postcode) in enumerate(places)
    ]
    columns = ["source", "delivery", "row", "part", "uprn", "saon", "paon", "street", "town", "address", "postcode"]
    return _frame(Persons, rows).select(columns)


def gazetteer() -> pl.DataFrame:
    """Two streets, a block of flats with its parent, a house of two flats without one, a hostel, an HMO."""
    rows = [_property(1000 + n, None, str(n), "HIGH STREET", "CM1 1AA") for n in range(1, 30)]
    rows += [_property(1050 + n, None, str(n), "MILL LANE", "CM1 1AB") for n in range(1, 30)]
    rows += [_property(2000, None, "ROSE COURT", "MILL LANE", "CM1 1AB", classification="PP")]
    rows += [_property(2000 + n, f"FLAT {n}", "ROSE COURT", "MILL LANE", "CM1 1AB", parent="2000") for n in range(1, 8)]
    rows += [_property(3000, None, "40", "MILL LANE", "CM1 1AB", classification="RI02")]
    rows += [_property(3001, None, "41", "MILL LANE", "CM1 1AB", classification="RH01")]
    rows += [_property(3101 + n, f"FLAT {unit}", "50", "MILL LANE", "CM1 1AB") for n, unit in enumerate("AB")]
    return _frame(Properties, [row | {"row": n + 1} for n, row in enumerate(rows)])


def _property(
    uprn: int,
    saon: str | None,
    paon: str,
    street: str,
    postcode: str,
    *,
    classification: str = "RD04",
    parent: str | None = None,
) -> dict[str, Any]:
    return {
        "delivery": "g",
        "part": "",
        "uprn": str(uprn),
        "parent_uprn": parent,
        "classification": classification,
        "saon": saon,
        "paon": paon,
        "street": street,
        "town": TOWN,
        "address": ", ".join(part for part in (saon, paon, street, TOWN) if part),
        "postcode": postcode,
        "logical_status": 1,
    }


KINDS = {
    "census": ("school_census_tables", "pupil"),
    "ctf": ("common_transfer_file", "pupil"),
    "contact": ("common_transfer_file", "contact"),
    "tax": ("council_tax", "liable"),
    "dwp": ("dwp_match", "claimant"),
    "yj": ("youth_justice", "subject"),
    "care": ("social_care", "child"),
    "asb": ("asb", "subject"),
    "elector": ("electoral_register", "elector"),
    "health": ("health_services", "patient"),
    "victim": ("police_domestic", "victim"),
    "suspect": ("police_domestic", "suspect"),
    "pupils": ("pupils", "pupil"),
    "adults": ("adults", "adult"),
}


DATES = {"born": "date_of_birth", "from": "valid_from", "to": "valid_to"}


def people(lines: Iterable[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records written as `kind[:delivery.row.part] Forename Surname key=value ...`, and the address of each.

    Keys are columns of Persons; `at` is an address id, `born` a date of birth, `from` and `to` the days of a liability.
    A dash is a missing name.
    """
    rows, places = [], []
    for number, line in enumerate(lines, 1):
        head, forename, surname, *facts = line.split()
        kind, _, where = head.partition(":")
        source, role = KINDS[kind]
        delivery, row, part = [*where.replace("_", " ").split("."), "", "", ""][:3]
        key = {
            "source": source,
            "delivery": delivery or f"{kind}1",
            "row": int(row or number),
            "part": part,
        }
        values: dict[str, Any] = dict(fact.split("=") for fact in facts)
        place = values.pop("at", None)
        for fact, column in DATES.items():
            if fact in values:
                values[column] = dt.date.fromisoformat(values.pop(fact))
        if age := values.pop("age", None):
            values["age"] = int(age)
        names = {"forename": forename.replace("_", " "), "surname": surname.replace("_", " ")}
        names = {name: None if value == "-" else value for name, value in names.items()}
        rows.append(key | {"role": role, "stated_on": dt.date(2013, 6, 30)} | names | values)
        if place:
            places.append(key | {"address_id": place, "reason": "made up"})
    blank = AddressOfRecord.create_empty()
    of_record = _frame(AddressOfRecord, places) if places else blank
    return _frame(Persons, rows), of_record
