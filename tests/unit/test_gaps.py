"""What is not delivered is unknown: feeds with holes, homes DWP did not answer for, children of whom only a name is known."""

import datetime as dt
import re
from dataclasses import replace
from functools import partial

import one_family
import polars as pl
import pytest

from families.criteria.askable import ASKABLE
from families.criteria.evaluate import evaluate
from families.criteria.facts import Facts, taken_over
from families.criteria.results import EARLIER, FAMILIES, PROBLEMS, Casework, evaluate_results
from families.criteria.rulebook import load_ruleset

AS_OF = dt.date(2012, 10, 1)
LAST_MONTH = dt.date(2012, 9, 1)
RULES = load_ruleset("tf1-2012").rules
CHILD = {"name": "Ria", "role": "child", "age": 13}
PARENT = {"name": "Dawn", "role": "parent", "age": 36}


facts_of = partial(one_family.facts_of, as_of=AS_OF)


def outcomes(facts: Facts) -> dict[str, str]:
    return dict(evaluate(RULES, facts).assessments.select("strand", "outcome").rows())


def finding(facts: Facts, criterion: str) -> dict:
    return evaluate(RULES, facts).findings.row(by_predicate=pl.col("criterion") == criterion, named=True)


@pytest.mark.parametrize(
    ("source", "criterion"),
    [
        (source, criterion.id)
        for criterion in RULES.criterion
        for source in (ASKABLE[criterion.table].sources or ("exclusions",) * (criterion.table == "exclusions"))
    ],
)
def test_a_source_not_delivered_leaves_its_criteria_unknown(source, criterion):
    facts = facts_of(CHILD, PARENT)
    without = replace(facts, coverage=facts.coverage.filter(pl.col("source") != source))
    found = evaluate(RULES, without).findings.filter(pl.col("criterion") == criterion)
    assert set(found["outcome"]) == {"unknown"}


def test_a_hole_in_a_feed_is_not_covered():
    facts = facts_of(CHILD, PARENT)
    own = facts.coverage.filter(pl.col("source") == "youth_justice")
    parts = [
        own.with_columns(covers_from=pl.lit(first), covers_to=pl.lit(last))
        for first, last in ((dt.date(2011, 9, 1), dt.date(2011, 12, 31)), (dt.date(2012, 8, 1), AS_OF))
    ]
    others = facts.coverage.filter(pl.col("source") != "youth_justice")
    found = finding(replace(facts, coverage=pl.concat([others, *parts])), "youth_offence")
    assert found["outcome"] == "unknown"
    assert "without a hole only to 2012-08-01" in found["detail"]


@pytest.mark.parametrize(
    ("answered", "claimants", "expected"),
    [
        (None, 0, "unknown"),
        (LAST_MONTH, 0, "not_met"),
        (LAST_MONTH, 1, "unknown"),
        (dt.date(2012, 4, 1), 0, "not_met"),
        (dt.date(2012, 3, 31), 0, "unknown"),
    ],
)
def test_a_family_of_whom_no_adult_is_known_goes_by_what_dwp_answered_for_its_address(answered, claimants, expected):
    facts = facts_of(CHILD)
    checks = facts.benefit_checks.with_columns(
        stated_on=pl.lit(answered, dtype=pl.Date), claimants=pl.lit(claimants, dtype=pl.Int64)
    ).drop_nulls("stated_on")
    assert outcomes(replace(facts, is_whole_family=False, benefit_checks=checks))["work"] == expected


def test_a_family_of_whom_everybody_is_known_and_nobody_is_asked_does_not_meet():
    assert outcomes(facts_of(CHILD))["work"] == "not_met"


def test_old_benefit_data_is_named_with_its_date():
    found = finding(facts_of(CHILD, PARENT, benefit_data_on=dt.date(2012, 3, 31)), "out_of_work_benefit")
    assert found["outcome"] == "unknown"
    assert "2012-03-31, too old" in found["detail"]


@pytest.mark.parametrize("born", [{"age": 13}, {}])
def test_a_child_of_whom_only_the_name_was_delivered_is_unknown_in_every_limb_of_education(born):
    facts = facts_of({"name": "Ria", "role": "child", "school": "not_known", **born})
    education = evaluate(RULES, facts).findings.filter(pl.col("strand") == "education")
    assert set(education["outcome"]) == {"unknown"}
    assert education.height == 5


def test_attendance_of_years_ago_does_not_place_a_child_now():
    facts = facts_of({**CHILD, "school_until": dt.date(2011, 7, 22)})
    assert facts.absence.height
    found = finding(facts, "unauthorised_absence")
    assert found["outcome"] == "unknown"
    assert "no school is known" in found["detail"]


def test_a_pupil_of_unknown_age_is_missed_when_a_term_is_not_delivered():
    sessions = [{"term": "autumn 2011", "possible": 140}]
    found = finding(facts_of({"name": "Ria", "role": "child", "sessions": sessions}), "unauthorised_absence")
    assert (found["outcome"], found["out_of"]) == ("unknown", 140)
    assert "spring 2011/12" in found["detail"]


def test_sessions_after_leaving_school_are_none():
    facts = facts_of({**CHILD, "school_until": dt.date(2012, 2, 10)})
    assert facts.absence.filter(pl.col("academic_year") == "2011/12")["term"].to_list() == ["autumn", "spring"]


def test_an_event_of_no_known_day_may_have_been_in_the_window():
    facts = facts_of(CHILD | {"offences": [{"on": dt.date(2012, 5, 1)}]}, PARENT)
    undated = facts.events["offences"].with_columns(pl.lit(None, dtype=pl.Date).alias("on"))
    found = finding(replace(facts, events={**facts.events, "offences": undated}), "youth_offence")
    assert found["outcome"] == "unknown"
    assert "does not give the date" in found["detail"]


def test_sessions_to_come_are_not_missed_though_a_leaving_date_is_known():
    """The term in progress has a month behind it, whatever day the child is to leave."""
    given = {"sessions": [{"term": "spring 2013", "possible": 80, "unauthorised": 80}]}
    rules = load_ruleset("sf-2022", switches={"term_window": "including_current"}).rules
    for until in ({}, {"school_until": dt.date(2014, 6, 27)}):
        day = dt.date(2013, 5, 15)
        facts = one_family.facts_of({**CHILD, **given, **until}, as_of=day)
        found = evaluate(rules, facts).findings
        assert found.filter(pl.col("criterion") == "severe_absence")["outcome"].to_list() == ["met"]


def test_changed_facts_are_worked_out_anew():
    facts = facts_of(CHILD, PARENT)
    assert outcomes(facts)["crime_asb"] == "not_met"
    assert outcomes(replace(facts, coverage=facts.coverage.clear()))["crime_asb"] == "unknown"


def test_an_event_that_ended_before_the_window_did_not_begin_in_it():
    for until, expected in ((dt.date(2012, 3, 31), "not_met"), (dt.date(2012, 4, 1), "unknown")):
        facts = facts_of(CHILD, PARENT | {"work": [{"kind": "work_programme", "to": until}]}, programme={})
        assert condition(facts, "steps_to_work") == expected


def test_weeks_of_a_job_begun_on_a_day_not_known_are_not_known():
    facts = facts_of(CHILD, PARENT | {"work": [{"benefit_left": "JSA"}]}, programme={})
    assert condition(facts, "employed_after_jsa") == "unknown"


def condition(facts: Facts, name: str) -> str:
    families = pl.DataFrame({"family_id": [one_family.FAMILY]}, schema_overrides=FAMILIES)
    columns = [pl.lit(None, dtype=dtype).alias(column) for column, dtype in FAMILIES.items() if column != "family_id"]
    casework = Casework(families.with_columns(columns), pl.DataFrame(schema=PROBLEMS), pl.DataFrame(schema=EARLIER))
    found = evaluate_results(RULES, facts, casework, entry=evaluate(RULES, facts)).conditions
    return found.filter(pl.col("condition") == name)["outcome"].item()


HOMES = """
person  address  sources
mother  new      common_transfer_file
child   new      common_transfer_file, school_census
payer   new      council_tax
nurse   own      common_transfer_file, council_tax
son     own      school_census
voter   shared   common_transfer_file, electoral_register
girl    shared   school_census
lodger  shared   council_tax
alone   lent     school_census
lender  lent     council_tax
"""
ROLES = {"mother": "parent", "nurse": "carer", "voter": "parent"}
OF_FAMILY = {"mother": "A", "child": "A", "nurse": "B", "son": "B", "voter": "C", "girl": "C", "alone": "D"}


def test_an_address_is_taken_over_where_others_pay_and_no_register_has_one_of_the_family() -> None:
    """The voter's partner pays; of the child whom nobody names a carer for, the one who pays may be the carer."""
    rows = [re.split(r" {2,}", line) for line in HOMES.strip().splitlines()[1:]]
    residences = pl.DataFrame(rows, schema=["person_id", "address_id", "sources"], orient="row").with_columns(
        is_current=True
    )
    members = pl.DataFrame(
        [(family, person, ROLES.get(person, "child"), True) for person, family in OF_FAMILY.items()],
        schema=["family_id", "person_id", "role", "is_resident"],
        orient="row",
    )
    found = taken_over(residences, members).sort("person_id")
    assert found.rows() == [("child", "new"), ("mother", "new")]
