"""A coherent set of run tables for thirty made-up families, to publish without the pipeline.

    run = made_up_run()
    publish(engine, **run.for_publish())

Families F01 to F30 repeat six kinds, in this order: eligible by all three strands, eligible by two and local,
near miss by education, near miss by crime and ASB with the rest unknown, work alone, and nothing met. The last two
kinds may not enter the casebook. F01 is the Okafor family: two parents, a grown-up sister, Zoë and twins, and a
linked father elsewhere.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from families.casebook.publish import PublishedRun, RulesUsed
from families.criteria.rulebook import as_kept, load_ruleset
from families.dates import months_before
from families.tables.records import RECORD_TABLES
from families.tables.run import RUN_TABLES

AS_OF = dt.date(2013, 9, 1)
STRANDS = {
    "education": "Education",
    "crime_asb": "Crime and anti-social behaviour",
    "work": "Out-of-work benefits",
    "local": "Local concern",
    "eligible": "Eligible",
}
FILE_NAMES = {
    "d0marks": "marks_2012-13_autumn.csv",
    "d1census": "2012_autumn_pupilonroll.csv",
    "d2dwp": "dwp_match_2013-06.csv",
    "d3youth": "youth_justice_2013-08.csv",
    "d4tax": "council_tax_2013-04.csv",
}
KINDS = (
    {"education": "met", "crime_asb": "met", "work": "met", "local": "not_met", "eligible": "met"},
    {"education": "met", "crime_asb": "not_met", "work": "met", "local": "met", "eligible": "met"},
    {"education": "met", "crime_asb": "not_met", "work": "unknown", "local": "not_met", "eligible": "unknown"},
    {"education": "unknown", "crime_asb": "met", "work": "unknown", "local": "unknown", "eligible": "unknown"},
    {"education": "not_met", "crime_asb": "not_met", "work": "met", "local": "not_met", "eligible": "not_met"},
    {"education": "not_met", "crime_asb": "not_met", "work": "not_met", "local": "not_met", "eligible": "not_met"},
)
SURNAMES = (
    *("Okafor", "Smith", "Nowak", "O'Neill", "Begum", "Hughes-Jones", "Patel", "Müller"),
    *("Ward", "Đặng", "Clarke", "Ali", "Price", "Quinn", "Ó Briain"),
)
FORENAMES = (
    *("Zoë", "Amir", "Lily", "Kacper", "Niamh", "Tariq", "Grace", "Jayden"),
    *("Ffion", "Oliver", "Aisha", "Leon", "Maisie", "Dylan", "Chloe", "Ravi"),
)
SCHOOLS = (("8812001", "Ash Lane Primary School"), ("8814001", "Bourne Park Academy"), ("8811100", "The Link PRU"))
HALF_TERMS = [("autumn", 1, 70), ("autumn", 2, 68), ("spring", 1, 60), ("spring", 2, 58), ("summer", 1, 56)]
ID_COLUMNS = ("family_id", "person_id", "person_a", "person_b", "household_id", "address_id")


@dataclass(frozen=True)
class MadeUpRun:
    """What `publish` takes."""

    tables: dict[str, pl.DataFrame]
    explained: pl.DataFrame
    run: PublishedRun
    strands: dict[str, str] = field(default_factory=lambda: dict(STRANDS))
    file_names: dict[str, str] = field(default_factory=lambda: dict(FILE_NAMES))

    def for_publish(self) -> dict[str, Any]:
        return {
            "tables": self.tables,
            "explained": self.explained,
            "strands": self.strands,
            "run": self.run,
            "file_names": self.file_names,
        }

    def named(self, run_id: str, **changes: Any) -> MadeUpRun:
        return replace(self, run=replace(self.run, run_id=run_id, **changes))

    def without(self, *family_ids: str) -> MadeUpRun:
        """The same run in which these families no longer exist."""
        tables = {
            name: frame.filter(~pl.col("family_id").is_in(family_ids)) if "family_id" in frame.columns else frame
            for name, frame in self.tables.items()
        }
        return replace(self, tables=tables, explained=self.explained.filter(~pl.col("family_id").is_in(family_ids)))

    def shuffled(self, seed: int) -> MadeUpRun:
        tables = {
            name: frame.sample(fraction=1, shuffle=True, seed=seed) if frame.height else frame
            for name, frame in self.tables.items()
        }
        return replace(self, tables=tables, explained=self.explained.sample(fraction=1, shuffle=True, seed=seed))


def made_up_run(*, copies: int = 1, is_sample: bool = True) -> MadeUpRun:
    """Thirty families, or `copies` times thirty with ids made distinct."""
    rows: dict[str, list[dict[str, Any]]] = {
        name: []
        for name in (
            *("people", "family_members", "assessments", "findings", "absence", "links", "addresses"),
            *("residences", "households", "enrolments", "person_of_record"),
        )
    }
    explained: list[dict[str, Any]] = []
    for number in range(1, 31):
        _add_family(number, rows, explained)
    tables = {name: _frame(name, found) for name, found in rows.items()}
    tables["schools"] = _frame(
        "schools",
        [{"delivery": "d9", "row": i, "part": "", "school": s, "name": n} for i, (s, n) in enumerate(SCHOOLS)],
    )
    tables["coverage"] = _frame("coverage", _coverage())
    run = PublishedRun(
        run_id="run-1",
        as_of=AS_OF,
        ruleset="tf1-2012",
        rules_used=RulesUsed(**as_kept(load_ruleset("tf1-2012"))),
        is_sample=is_sample,
        published_at=dt.datetime(2013, 9, 2, 8, 30, tzinfo=dt.UTC),
        absence_threshold_percent=15,
        near_miss_strands=("education", "crime_asb"),
    )
    made_up = MadeUpRun(tables=tables, explained=pl.DataFrame(explained, infer_schema_length=None), run=run)
    return made_up if copies == 1 else _multiplied(made_up, copies)


def _frame(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = (RUN_TABLES.get(name) or RECORD_TABLES[name]).create_empty().schema
    full = [dict.fromkeys(schema) | row for row in rows]
    return pl.DataFrame(full, schema=schema, infer_schema_length=None)


def _coverage() -> list[dict[str, Any]]:
    term = {"covers_from": dt.date(2012, 9, 1), "covers_to": dt.date(2013, 7, 31), "basis": "stated", "part": ""}
    return [
        *(term | {"delivery": "d0marks", "row": i, "source": "session_marks", "school": SCHOOLS[i][0]} for i in (0, 1)),
        term | {"delivery": "d2dwp", "row": 1, "source": "dwp", "school": None, "basis": "inferred"},
        term | {"delivery": "d3youth", "row": 1, "source": "youth_justice", "school": None},
    ]


def _add_family(number: int, rows: dict[str, list[dict[str, Any]]], explained: list[dict[str, Any]]) -> None:
    family_id, surname = f"F{number:02}", SURNAMES[(number - 1) % len(SURNAMES)]
    outcomes = KINDS[(number - 1) % len(KINDS)]
    members = _members(number, surname)
    for place, member in enumerate(members):
        _add_person(family_id, place, member, rows)
    _add_home(number, members, rows)
    for strand, outcome in outcomes.items():
        reason = f"{STRANDS[strand]} is {outcome.replace('_', ' ')}."
        rows["assessments"].append({"family_id": family_id, "strand": strand, "outcome": outcome, "reason": reason})
    for child in (member for member in members if member["role"] == "child"):
        _add_child(family_id, child, outcomes, rows, explained, number)
    explained.append(_family_finding(family_id, "tf1.work.benefit", "work", outcomes["work"], "d2dwp", number))
    explained.append(_family_finding(family_id, "tf1.crime.asb", "crime_asb", outcomes["crime_asb"], "d3youth", number))


def _members(number: int, surname: str) -> list[dict[str, Any]]:
    """One to four children, one or two parents, and in some families a grandparent, a grown-up or a linked father."""

    def person(place: int, role: str, born: dt.date | None, **more: Any) -> dict[str, Any]:
        forename = FORENAMES[(number - 1 + place) % len(FORENAMES)]
        values = {"person_id": f"P{number:02}{place}", "role": role, "forename": forename, "surname": surname}
        return values | {"date_of_birth": born, "is_resident": True, "sex": "FM"[place % 2]} | more

    twins = dt.date(2003, 4, 9)
    members = [person(0, "child", dt.date(1998 + number % 4, 5, 17)), person(4, "parent", dt.date(1975, 2, 28))]
    if number % 2:
        members += [person(1, "child", twins), person(2, "child", twins, surname=surname if number % 5 else "Grey")]
    if number % 3 == 0:
        members.append(person(3, "child", dt.date(2011, 8, 30)))  # not yet at school
    if number % 4 == 1:
        members.append(person(5, "carer" if number % 8 == 5 else "parent", None))
    if number % 6 == 1:
        members.append(person(6, "linked", dt.date(1970, 12, 1), is_resident=False, surname="Elsewhere"))
        members.append(person(7, "adult", dt.date(1994, 1, 5)))
    return members


def _add_person(family_id: str, place: int, member: dict[str, Any], rows: dict[str, list[dict[str, Any]]]) -> None:
    facts = {name: member[name] for name in ("person_id", "forename", "surname", "sex", "date_of_birth")}
    rows["people"].append(facts | {"is_pupil": member["role"] == "child", "records": 2})
    why = {
        "child": "the school census puts this child at the family's address",
        "parent": "parental responsibility, and lives at the pupil's address",
        "carer": "grandparent liable for council tax at the child's address",
        "adult": "lives at the same address with the same surname",
        "linked": "parental responsibility, and lives elsewhere",
    }[member["role"]]
    rows["family_members"].append(
        {
            "family_id": family_id,
            "person_id": member["person_id"],
            "role": member["role"],
            "is_resident": member["is_resident"],
            "member_from": dt.date(2011, 9, 1),
            "reason": why,
        }
    )


def _add_home(number: int, members: list[dict[str, Any]], rows: dict[str, list[dict[str, Any]]]) -> None:
    address_id = f"U1000{number:02}"
    where = {"label": f"{number} MILL ROAD, BOURNE", "postcode": "CM9 5AB", "is_communal": False, "is_shared": False}
    rows["addresses"].append({"address_id": address_id, "uprn": address_id[1:]} | where)
    home = {"household_id": f"H{number:02}", "address_id": address_id, "reason": "listed at this address"}
    children = [member for member in members if member["role"] == "child"]
    for member in members:
        if member["is_resident"]:
            rows["households"].append(home | {"person_id": member["person_id"]})
            stay = {"person_id": member["person_id"], "address_id": address_id, "is_current": True}
            rows["residences"].append(stay | {"sources": "school_census,council_tax", "reason": "two sources agree"})
        if member["role"] in ("parent", "carer", "linked"):
            rows["links"] += [_tie(child, member) for child in children]
            rows["links"] += [_tie(child, member) for child in children]  # a second record says the same


def _tie(child: dict[str, Any], adult: dict[str, Any]) -> dict[str, Any]:
    return {
        "person_a": child["person_id"],
        "person_b": adult["person_id"],
        "tie": "parental_responsibility",
        "strength": 1,
        "is_resident": adult["is_resident"],
        "relation": "parent",
        "source": "common_transfer_file",
        "delivery": "d1census",
        "row": 7,
        "reason": "a contact with parental responsibility"
        + (" living at the pupil's address" if adult["is_resident"] else " living elsewhere"),
    }


def _add_child(
    family_id: str,
    child: dict[str, Any],
    outcomes: dict[str, str],
    rows: dict[str, list[dict[str, Any]]],
    explained: list[dict[str, Any]],
    number: int,
) -> None:
    if child["date_of_birth"].year >= 2009:
        return
    person_id, school = child["person_id"], SCHOOLS[child["date_of_birth"].year < 2001][0]
    enrolment = {"delivery": "d1census", "row": number * 10 + int(person_id[-1]), "part": "pupil"}
    rows["person_of_record"].append(
        enrolment | {"source": "school_census", "person_id": person_id, "reason": "same UPN"}
    )
    rows["enrolments"].append(
        enrolment | {"school": school, "stated_on": dt.date(2013, 5, 16), "is_on_roll": True, "enrol_status": "C"}
    )
    missed = 0 if outcomes["education"] == "not_met" else 14
    for term, half, possible in HALF_TERMS:
        if term == "spring" and half == 2 and number % 2:
            continue  # not supplied
        rows["absence"].append(
            {
                "person_id": person_id,
                "school": school,
                "academic_year": "2012/13",
                "term": term,
                "half": half,
                "possible": possible,
                "authorised": 3,
                "unauthorised": missed,
                "source": "session_marks",
                "delivery": "d0marks",
                "row": number,
            }
        )
    explained.append(
        {
            "family_id": family_id,
            "person_id": person_id,
            "criterion": "tf1.education.absence",
            "label": "Unauthorised absence of 15% or more",
            "strand": "education",
            "outcome": outcomes["education"],
            "sentence": f"Missed {missed * 5} of 312 sessions without authorisation over the last three terms.",
            "newest_on": months_before(dt.date(2013, 7, 19), number % 5),
            "evidence": json.dumps([["session_marks", "d0marks", number], ["school_census", "d1census", 3]]),
        }
    )


def _family_finding(
    family_id: str, criterion: str, strand: str, outcome: str, delivery: str, number: int
) -> dict[str, Any]:
    source = {"d2dwp": "dwp", "d3youth": "youth_justice"}[delivery]
    is_known = outcome != "unknown"
    return {
        "family_id": family_id,
        "person_id": None,
        "criterion": criterion,
        "label": STRANDS[strand],
        "strand": strand,
        "outcome": outcome,
        "sentence": f"{STRANDS[strand]}: {outcome.replace('_', ' ')}.",
        "newest_on": dt.date(2013, 6, 30) if outcome == "met" else None,
        "evidence": json.dumps([[source, delivery, number]] if is_known else []),
    }


def _multiplied(run: MadeUpRun, copies: int) -> MadeUpRun:
    tables = {name: _copied(frame, copies) for name, frame in run.tables.items()}
    return replace(run, tables=tables, explained=_copied(run.explained, copies))


def _copied(frame: pl.DataFrame, copies: int) -> pl.DataFrame:
    ids = [name for name in frame.columns if name in ID_COLUMNS]
    if not ids:
        return frame
    numbers = pl.DataFrame({"copy": [f"x{number}" for number in range(copies)]})
    renamed = [pl.concat_str(name, "copy") for name in ids]
    rows = pl.col("row") + pl.col("copy").str.slice(1).cast(pl.Int64) * 1000
    if "part" in frame.columns:
        renamed.append(rows)
    return frame.join(numbers, how="cross").with_columns(renamed).drop("copy")
