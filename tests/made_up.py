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
from families.casebook.views import AbsenceRule
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
            *("residences", "households", "enrolments", "persons", "person_of_record"),
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
    tables["doubts"] = _frame("doubts", _doubts())
    tables["linkage_quality"] = _frame("linkage_quality", _quality())
    tables["delivery_quality"] = _frame("delivery_quality", _delivery_quality())
    tables["sample_pairs"] = _frame("sample_pairs", _sample_pairs())
    run = PublishedRun(
        run_id="run-1",
        as_of=AS_OF,
        ruleset="tf1-2012",
        rules_used=RulesUsed(**as_kept(load_ruleset("tf1-2012"))),
        is_sample=is_sample,
        published_at=dt.datetime(2013, 9, 2, 8, 30, tzinfo=dt.UTC),
        absence_rule=AbsenceRule(15, "15% or more unauthorised absence across the last three terms", ("unauthorised",)),
        near_miss_strands=("education", "crime_asb"),
    )
    made_up = MadeUpRun(tables=tables, explained=pl.DataFrame(explained, infer_schema_length=None), run=run)
    return made_up if copies == 1 else _multiplied(made_up, copies)


def changed_run() -> MadeUpRun:
    """A later run: F02 is gone, F01 no longer meets crime, F03 has lost somebody, F07 meets work no longer and drops out."""
    run = made_up_run().without("F02").named("run-2", published_at=dt.datetime(2013, 10, 1, tzinfo=dt.UTC))
    of = {("F01", "crime_asb"): "unknown", ("F07", "education"): "not_met", ("F07", "crime_asb"): "not_met"}
    of |= {("F07", "eligible"): "not_met", ("F07", "work"): "not_met"}
    rows = run.tables["assessments"].rows(named=True)
    changed = [row | {"outcome": of.get((row["family_id"], row["strand"]), row["outcome"])} for row in rows]
    members = run.tables["family_members"]
    lost = members.filter(family_id="F03", role="child")["person_id"].min()
    tables = run.tables | {
        "assessments": pl.DataFrame(changed, schema=run.tables["assessments"].schema),
        "family_members": members.filter(pl.col("person_id") != lost),
    }
    return replace(run, tables=tables)


def _frame(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = (RUN_TABLES.get(name) or RECORD_TABLES[name]).create_empty().schema
    full = [dict.fromkeys(schema) | row for row in rows]
    return pl.DataFrame(full, schema=schema, infer_schema_length=None)


def _doubts() -> list[dict[str, Any]]:
    """Two children who may be one, and an adult who may not belong to the family."""
    keys = {
        f"{name}_{end}": value
        for end, row in (("a", 3), ("b", 9))
        for name, value in {"source": "school_census", "delivery": "d1census", "row": row, "part": "pupil"}.items()
    }
    address = ["Address", "1 MILL ROAD, BOURNE", "1 MILL ROAD, BOURNE", "match"]
    pair = {
        **{"doubt_id": "D01", "place": 0, "asks": "pair", "kind": "twins", "effect": "eligible", "weight": 2.5},
        **{"name_a": "Amir Okafor", "name_b": "Amira Okafor", "found": 1},
        "sentence": "They may be twins, or one child twice: surname and address agree; forename differs.",
        "if_so": "If the two are one person, eligibility of the Okafor family would change from not met to met.",
        "waterfall": json.dumps([["any two records", -19.93], ["same surname, same home", 20.0], ["same sex", 2.43]]),
        "sides": json.dumps([["Forename", "Amir", "Amira", "differs"], ["UPN", "", "K1", "missing"], address]),
    }
    tie = {
        **{"doubt_id": "D02", "place": 1, "asks": "tie", "kind": "weak_tie", "effect": "none", "row_a": 12},
        **{"name_a": "Grace Smith", "name_b": "Lily Smith", "found": 4},
        "sentence": "Nothing stronger than a surname or an address puts this adult into the family: surname agrees.",
        "if_so": "If not, no strand of any family changes.",
        "sides": json.dumps([["Surname", "Smith", "Smith", "match"]]),
    }
    return [keys | pair, keys | tie]


def _quality() -> list[dict[str, Any]]:
    """Counts of linkage such as a run makes them."""
    counts = [
        ("links_by_reason", "same UPN", "", 1, 60),
        ("links_by_reason", "same name at one address", "", 15, 40),
        ("records_by_source", "council_tax", "linked to another record", 0, 40),
        ("records_by_source", "council_tax", "the only record of its person", 0, 10),
        ("records_by_source", "session_marks", "without a name", 0, 5),
        ("people_by_records", "1", "", 0, 10),
        ("people_by_records", "3 to 5", "", 2, 25),
        ("addresses_by_source", "council_tax", "in the gazetteer, exactly", 0, 45),
        ("addresses_by_source", "council_tax", "not in it", 0, 5),
        ("addresses_by_source", "session_marks", "no address", 0, 5),
    ]
    return [dict(zip(("figure", "label", "part", "place", "number"), row, strict=True)) for row in counts]


def _delivery_quality() -> list[dict[str, Any]]:
    """Counts of what was delivered such as a run makes them."""
    counts = [
        ("people_of_source", "council_tax", "", 40),
        ("fields_filled", "council_tax", "surname", 40),
        ("fields_filled", "council_tax", "date_of_birth", 0),
        ("fields_filled", "council_tax", "postcode", 39),
        ("rows_refused", "council_tax", "surname blank", 2),
        ("rows_refused", "youth_justice", "ragged", 6),
        ("rows_of_load", "council_tax", "2012-04-30", 40),
        ("rows_of_load", "council_tax", "2013-04-30", 42),
        ("rows_refused_of_load", "council_tax", "2012-04-30", 0),
        ("rows_refused_of_load", "council_tax", "2013-04-30", 2),
        ("rows_of_load", "youth_justice", "2013-08-31", 8),
        ("rows_refused_of_load", "youth_justice", "2013-08-31", 6),
    ]
    names = ("figure", "label", "part", "number")
    return [dict(zip(names, row, strict=True)) | {"place": place} for place, row in enumerate(counts)]


def _sample_pairs() -> list[dict[str, Any]]:
    """Two pairs to answer: one linked, one near."""
    pairs = [
        ("S1", "same UPN", True, 12, [["Name", "Ada Lowe", "Ada Love"], ["Born", "04/05/2001", None]]),
        (
            "S2",
            "same name elsewhere, not linked",
            False,
            40,
            [["Name", "Ben *Reed*", "Ben Reed"], ["Born", None, None]],
        ),
    ]
    keys = {
        f"{name}_{end}": 0 if name == "row" else "" for end in "ab" for name in ("source", "delivery", "row", "part")
    }
    return [
        keys
        | {"pair_id": pair, "place": place, "stratum": kind, "is_linked": is_linked, "stratum_pairs": size}
        | {"sides": json.dumps(sides)}
        for place, (pair, kind, is_linked, size, sides) in enumerate(pairs)
    ]


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
    rows["persons"].append(enrolment | {"source": "school_census", "role": "pupil"} | upns(person_id))
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


def upns(person_id: str) -> dict[str, str]:
    """The UPN of a made-up child, and the temporary one they had before."""
    return {"upn": f"X881{person_id[1:]:9<9}", "former_upn": f"Y881{person_id[1:]:9<8}A"}


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
