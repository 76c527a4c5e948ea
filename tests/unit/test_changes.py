"""What became of each family between two runs, and why."""

import datetime as dt
import json
from dataclasses import replace

import polars as pl
import pytest

from families.criteria.changes import Compared, changes

FILES = {"d1": "census.csv", "d2": "marks.csv"}
LATER = FILES | {"d3": "youth_justice.csv"}
STRANDS = {"education": "Education", "crime_asb": "Crime", "eligible": "Eligible"}
MEMBER = {"family_id": pl.String, "person_id": pl.String, "role": pl.String, "is_resident": pl.Boolean}
RECORD = {"source": pl.String, "delivery": pl.String, "row": pl.Int64, "part": pl.String, "person_id": pl.String}
FINDING = {
    "family_id": pl.String, "person_id": pl.String, "criterion": pl.String, "strand": pl.String, "outcome": pl.String,
    "value": pl.Int64, "out_of": pl.Int64, "detail": pl.String, "evidence": pl.String,
}  # fmt: skip


def run(families, *, records, outcomes=None, shown=(), files=FILES, **more):
    """A run: {family: {person: role}}, {person: [(delivery, row)]}, {family: {strand: outcome}}, rows that show crime."""
    outcomes = outcomes or {}
    members = [(f, p, role, True) for f, people in families.items() for p, role in people.items()]
    assessed = [
        (family, strand, outcomes.get(family, {}).get(strand, "not_met")) for family in families for strand in STRANDS
    ]
    findings = [
        (f, p, "youth_offence", "crime_asb", "met", 1, None, None, json.dumps([["youth_justice", delivery, row]]))
        for f, p, delivery, row in shown
    ]
    of_people = [("census", d, row, "", p) for p, places in records.items() for d, row in places]
    made = Compared(
        assessments=pl.DataFrame(assessed, schema=["family_id", "strand", "outcome"], orient="row"),
        findings=pl.DataFrame(findings, schema=FINDING, orient="row"),
        family_members=pl.DataFrame(members, schema=MEMBER, orient="row"),
        person_of_record=pl.DataFrame(of_people, schema=RECORD, orient="row"),
        files=files,
        as_of=dt.date(2013, 9, 1),
        ruleset="tf1-2012",
        rules_sha256="a",
        code="c",
        switches={"rounding": "none"},
        strand_labels=STRANDS,
    )
    return replace(made, **more)


HOME = {"F1": {"ria": "child", "ann": "parent"}, "F2": {"tom": "child"}}
RECORDS = {"ria": [("d1", 1), ("d2", 1)], "ann": [("d1", 2)], "tom": [("d1", 3)]}
BEFORE = run(HOME, records=RECORDS)
CRIME = {"F1": {"crime_asb": "met"}}


def told(before, after):
    return {row["family_id"]: row for row in changes(before, after).to_dicts()}


def test_nothing_changed():
    found = told(BEFORE, BEFORE)
    assert {(row["change"], row["reason"], row["sentence"]) for row in found.values()} == {("unchanged", None, None)}


def test_a_new_delivery_in_the_evidence_is_the_reason():
    after = run(HOME, records=RECORDS, outcomes=CRIME, shown=[("F1", "ria", "d3", 7)], files=LATER)
    found = told(BEFORE, after)
    assert (found["F1"]["change"], found["F1"]["reason"]) == ("changed", "new data")
    assert found["F1"]["sentence"] == "F1: Crime from not met to met; new data: youth_justice.csv."
    assert found["F2"]["change"] == "unchanged"
    back = told(after, BEFORE)["F1"]
    assert (back["reason"], back["sentence"]) == (
        *("new data", "F1: Crime from met to not met; new data: youth_justice.csv."),
    )


def test_a_feed_that_says_nothing_of_the_family_but_settles_it_is_new_data():
    before = run(HOME, records=RECORDS, outcomes={"F1": {"crime_asb": "unknown"}})
    found = told(before, replace(BEFORE, files=LATER))["F1"]
    assert found["reason"] == "new data"
    assert found["sentence"].endswith("new data: what the deliveries cover is another.")


@pytest.mark.parametrize(
    ("differs", "says"),
    [
        ({"rules_sha256": "b", "switches": {"rounding": "whole_percent"}}, "rounding is whole_percent, was none"),
        ({"rules_sha256": "b"}, "rule: tf1-2012 reads otherwise"),
        ({"rules_sha256": "b", "ruleset": "tf2-2015"}, "rule: tf2-2015, was tf1-2012"),
        ({"as_of": dt.date(2013, 10, 1)}, "the date asked about is 2013-10-01, was 2013-09-01"),
    ],
)
def test_the_rules_are_the_reason(differs, says):
    after = run(HOME, records=RECORDS, outcomes=CRIME, **differs)
    found = told(BEFORE, after)["F1"]
    assert found["reason"] == "rule"
    assert says in found["sentence"]


def test_rules_and_data_may_both_be():
    after = run(HOME, records=RECORDS, outcomes=CRIME, shown=[("F1", "ria", "d3", 7)], files=LATER, rules_sha256="b")
    assert told(BEFORE, after)["F1"]["reason"] == "new data and rule"


def test_the_same_records_of_other_people_are_linkage():
    apart = RECORDS | {"ria": [("d1", 1)], "ria2": [("d2", 1)]}
    after = run(HOME, records=apart, outcomes={"F1": {"education": "unknown"}})
    found = told(BEFORE, after)["F1"]
    assert found["reason"] == "linkage"
    assert "the same records are put together to other people" in found["sentence"]


def test_the_same_people_in_another_family_are_linkage_and_on_another_date_the_date():
    alone = {"F1": {"ria": "child"}, "F2": {"tom": "child", "ann": "parent"}}
    after = run(alone, records=RECORDS, outcomes={"F1": {"education": "met"}})
    assert told(BEFORE, after)["F1"]["reason"] == "linkage"
    assert told(BEFORE, replace(after, as_of=dt.date(2013, 10, 1)))["F1"]["reason"] == "rule"


def test_members_brought_by_a_new_delivery_are_new_data():
    more = {**HOME, "F1": HOME["F1"] | {"bo": "child"}}
    after = run(more, records=RECORDS | {"bo": [("d3", 1)]}, outcomes={"F1": {"education": "met"}}, files=LATER)
    found = told(BEFORE, after)["F1"]
    assert (found["reason"], "youth_justice.csv" in found["sentence"]) == ("new data", True)


def test_a_family_of_a_new_file_is_new_and_one_taken_back_is_gone():
    after = run({**HOME, "F3": {"zoe": "child"}}, records=RECORDS | {"zoe": [("d3", 1)]}, files=LATER)
    assert told(BEFORE, after)["F3"] == {
        "family_id": "F3", "change": "new", "reason": "new data", "sentence": "F3 is new; new data: youth_justice.csv.",
    }  # fmt: skip
    assert (told(after, BEFORE)["F3"]["change"], told(after, BEFORE)["F3"]["reason"]) == ("dropped", "new data")


def test_a_family_split_off_is_linkage_and_says_from_where():
    two = {"F1": {"ria": "child", "bo": "child"}}
    records = {"ria": [("d1", 1)], "bo": [("d1", 2)]}
    before, after = (
        run(families, records=records) for families in (two, {"F1": {"ria": "child"}, "F9": {"bo": "child"}})
    )
    assert told(before, after)["F9"]["sentence"] == "F9 is new; linkage: its people were in F1."
    assert told(after, before)["F9"]["sentence"] == "F9 is gone; linkage: its people are in F1 now."


def test_a_family_that_goes_by_another_id_is_the_same_family():
    renamed = {"F7": HOME["F1"], "F2": HOME["F2"]}
    found = told(BEFORE, run(renamed, records=RECORDS, outcomes={"F7": {"education": "met"}}, rules_sha256="b"))
    assert {name: row["change"] for name, row in found.items()} == {"F7": "changed", "F2": "unchanged"}


def test_other_software_explains_what_nothing_else_does():
    after = run(HOME, records=RECORDS, outcomes=CRIME, code="d")
    assert told(BEFORE, after)["F1"]["reason"] == "software"
    assert told(BEFORE, replace(after, code="c"))["F1"]["reason"] == "reason not found"


def test_strands_that_one_run_alone_asks_about_are_no_change():
    after = replace(
        BEFORE, assessments=BEFORE.assessments.with_columns(pl.col("strand").replace("crime_asb", "crime")),
        rules_sha256="b", ruleset="tf2-2015",
    )  # fmt: skip
    assert {row["change"] for row in told(BEFORE, after).values()} == {"unchanged"}


def test_the_order_of_rows_changes_nothing():
    after = run(HOME, records=RECORDS, outcomes=CRIME, shown=[("F1", "ria", "d3", 7)], files=LATER)
    tables = ("assessments", "findings", "family_members", "person_of_record")
    mixed = replace(after, **{name: getattr(after, name).reverse() for name in tables})
    assert changes(BEFORE, mixed).equals(changes(BEFORE, after))
