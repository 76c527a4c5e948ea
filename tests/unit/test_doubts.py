"""What is asked of a person, and what would follow: the rules asked again of the family as it would be."""

import datetime as dt
import json

import polars as pl
import pytest

from families.criteria.evaluate import evaluate
from families.criteria.rulebook import load_ruleset
from families.doubts import ask
from families.facts_of_run import FACT_RECORDS, gather_facts
from families.tables.records import RECORD_TABLES
from families.tables.run import RUN_TABLES

AS_OF = dt.date(2013, 9, 1)
RULES = load_ruleset("tf1-2012").rules
CENSUS = {"source": "school_census", "delivery": "census", "part": ""}
CARE = {"source": "social_care", "delivery": "care", "part": ""}
BORN = dt.date(2001, 5, 4)


def frame(name, *rows):
    schema = (RUN_TABLES.get(name) or RECORD_TABLES[name]).create_empty().schema
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def member(person, role, **more):
    return {"family_id": "F1", "person_id": person, "role": role, "is_resident": True, "reason": "made up"} | more


def asked(*, episode_of, members, links=(), pairs=()):
    """The questions about a family in which somebody has an open episode with children's social care."""
    rows = {"child": CENSUS | {"row": 1}, "other": CENSUS | {"row": 2}, "adult": CENSUS | {"row": 3}}
    of_record = [keys | {"person_id": person, "reason": "only"} for person, keys in rows.items()]
    of_record.append(CARE | {"row": 1, "person_id": episode_of, "reason": "only"})
    records = {name: RECORD_TABLES[name].create_empty() for name in (*FACT_RECORDS, "persons")}
    named = [keys | {"forename": person.title(), "surname": "Reed", "sex": "M"} for person, keys in rows.items()]
    records["persons"] = frame("persons", *named)
    episode = {"delivery": "care", "row": 1, "part": "", "kind": "CP", "started_on": dt.date(2013, 6, 3)}
    records["care_episodes"] = frame("care_episodes", episode)
    people = [{"person_id": p, "surname": "Reed", "is_pupil": p != "adult", "records": 1} for p in rows]
    born = {"child": BORN, "other": BORN, "adult": dt.date(1975, 1, 5)}
    tables = {name: schema.create_empty() for name, schema in RUN_TABLES.items()} | {
        "person_of_record": frame("person_of_record", *of_record),
        "people": frame("people", *(row | {"date_of_birth": born[row["person_id"]]} for row in people)),
        "family_members": frame("family_members", *members),
        "links": frame("links", *links),
        "doubtful_pairs": frame("doubtful_pairs", *pairs),
    }

    def facts_of(supposed):
        return gather_facts(records, supposed, as_of=AS_OF)

    tables["assessments"] = evaluate(RULES, facts_of(tables)).assessments
    return ask(RULES, records, tables, facts_of=facts_of)


def pair(kind="alike", weight=1.5):
    keys = {f"{name}_a": value for name, value in (CENSUS | {"row": 1}).items()}
    keys |= {f"{name}_b": value for name, value in (CENSUS | {"row": 2}).items()}
    return keys | {"person_a": "child", "person_b": "other", "kind": kind, "weight": weight}


def tie(name, **more):
    values = {"person_a": "child", "person_b": "adult", "tie": name, "strength": 5, "is_resident": True}
    return values | {"source": "council_tax", "reason": "made up"} | more


def test_what_the_other_record_would_bring_into_the_family_is_told():
    found = asked(episode_of="other", members=[member("child", "child")], pairs=[pair()])
    (question,) = found.to_dicts()
    assert question["effect"] == "strand"
    assert question["if_so"].startswith("If the two are one person, ")
    assert "of the Reed family would change from" in question["if_so"]
    assert question["if_so"].endswith("to met.")


def test_nothing_follows_where_the_other_record_brings_nothing_new():
    found = asked(episode_of="child", members=[member("child", "child")], pairs=[pair()])
    assert found.select("effect", "if_so").rows() == [
        ("none", "If the two are one person, no strand of any family changes.")
    ]


def test_two_people_of_no_family_are_nobodys_question():
    assert asked(episode_of="other", members=[member("adult", "adult")], pairs=[pair()]).is_empty()


def test_both_sides_are_told_field_by_field():
    (question,) = asked(episode_of="other", members=[member("child", "child")], pairs=[pair()]).to_dicts()
    sides = {row[0]: row[1:] for row in json.loads(question["sides"])}
    assert sides["Forename"] == ["Child", "Other", "differs"]
    assert sides["Surname"] == ["Reed", "Reed", "match"]
    assert sides["UPN"] == ["", "", "missing"]
    assert "surname and sex agree; forename differs" in question["sentence"]


def test_an_adult_with_nothing_but_a_surname_is_asked_about():
    members = [member("child", "child"), member("adult", "adult")]
    found = asked(episode_of="other", members=members, links=[tie("same_surname")])
    assert found.select("asks", "kind", "name_a", "name_b").rows() == [("tie", "weak_tie", "Adult Reed", "Child Reed")]


@pytest.mark.parametrize("stronger", ["living_contact", "joint_liability", "decided"])
def test_an_adult_with_a_stronger_tie_is_not(stronger):
    members = [member("child", "child"), member("adult", "adult")]
    links = [tie("same_surname"), tie(stronger, strength=1)]
    assert asked(episode_of="other", members=members, links=links).is_empty()


def test_a_contact_whom_other_evidence_rules_out_is_asked_about_until_decided():
    left = tie("contact_discounted", strength=1, is_resident=False)
    found = asked(episode_of="other", members=[member("child", "child")], links=[left])
    assert found["kind"].to_list() == ["doubtful_contact"]
    settled = [left, tie("ruled_out", strength=1, is_resident=False)]
    assert asked(episode_of="other", members=[member("child", "child")], links=settled).is_empty()


def test_the_order_is_one_of_what_would_follow():
    members = [member("child", "child"), member("adult", "adult")]
    found = asked(episode_of="other", members=members, links=[tie("same_surname")], pairs=[pair()])
    assert found["asks"].to_list() == ["pair", "tie"]
    assert found["place"].to_list() == [0, 1]
