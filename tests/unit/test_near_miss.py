"""What a family that is not eligible lacks, stated from its findings."""

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from one_family import facts_of

from families.criteria.evaluate import evaluate
from families.criteria.near_miss import gap_of, near_misses
from families.criteria.outcomes import outcome_of
from families.criteria.rulebook import load_ruleset
from families.criteria.ruleset import Bound
from families.tables.run import RUN_TABLES

D = dt.date
AS_OF = D(2012, 10, 1)
OFFENCE = {"offences": [{"on": D(2012, 4, 1)}]}
CP_PLAN = {"care": [{"kind": "CP", "from": D(2012, 1, 5)}]}
JSA = {"benefits": [{"kind": "JSA", "from": D(2012, 1, 9)}]}


def excluded(*days):
    return {"exclusions": [{"on": day} for day in days]}


def child(name="Ria", unauthorised=0, **more):
    sessions = [
        {"term": "autumn 2011", "possible": 180, "unauthorised": unauthorised},
        {"term": "spring 2012", "possible": 100},
        {"term": "summer 2012", "possible": 100},
    ]
    return {"name": name, "role": "child", "born": D(1999, 3, 4), "sessions": sessions, **more}


def adult(**more):
    return {"name": "Ann", "role": "parent", "born": D(1975, 1, 1), **more}


def missed(people, *, switches=None, not_known=()):
    """The near misses of one family."""
    rules = load_ruleset("tf1-2012", switches=switches or {}).rules
    facts = facts_of(*people, as_of=AS_OF, not_known=list(not_known))
    found = near_misses(rules, evaluate(rules, facts), facts)
    return RUN_TABLES["near_misses"].validate(found, cast=True)


def row(people, **more):
    (found,) = missed(people, **more).to_dicts()
    return found


def test_sessions_of_absence_are_counted_out_to_the_bound():
    found = row([child(unauthorised=45, **OFFENCE), adult(**JSA)])
    assert (found["route"], found["strand"], found["criterion"], found["person_id"], found["gap"]) == (
        *("all_three", "education", "unauthorised_absence", "family/Ria", 12),
    )
    assert found["sentence"] == (
        "One strand short of all three national criteria; Education would make it eligible; nearest is Education: "
        "12 more sessions of unauthorised absence of 380 for one child (45 so far, 15% or more needed)."
    )


def test_the_person_nearest_the_bound_is_found_and_one_is_said_in_the_singular():
    two = excluded(D(2012, 2, 1), D(2012, 5, 1))
    found = row([child("A", **OFFENCE, **excluded(D(2012, 2, 1))), child("B", **two), adult(**JSA)])
    assert (found["criterion"], found["person_id"], found["gap"]) == ("fixed_exclusions", "family/B", 1)
    assert "1 more fixed-term exclusion for one child (2 so far, 3 or more needed)" in found["sentence"]


def test_what_is_not_known_says_what_would_settle_it_and_no_gap():
    found = row([child(unauthorised=57), adult(**JSA)], not_known=("youth_justice",))
    assert (found["strand"], found["criterion"], found["gap"]) == ("crime_asb", "youth_offence", None)
    assert (
        "nearest is Crime and anti-social behaviour: not known: the youth offending service would settle it"
        in (found["sentence"])
    )


def test_a_status_is_so_of_nobody():
    found = row([child(unauthorised=57, **OFFENCE), adult()])
    assert found["strand"] == "work"
    assert found["sentence"].endswith("nearest is Work: nobody asked claims an out-of-work benefit.")


def test_the_nearest_route_is_the_one_that_fewest_strands_are_wanting_for():
    found = row([child(**CP_PLAN), adult(**JSA)])
    assert found["route"] == "two_and_local"
    assert "Education or Crime and anti-social behaviour would make it eligible" in found["sentence"]


def test_a_strand_that_brings_to_notice_is_told_of_however_far_the_family_is():
    found = row([child(unauthorised=57), adult()])
    assert found["sentence"].startswith("2 strands short of all three national criteria; nearest is")


@pytest.mark.parametrize(
    "people",
    [
        [child(unauthorised=57, **OFFENCE), adult(**JSA)],  # eligible
        [child(), adult(**JSA)],  # work alone, and two strands short
        [child(), adult()],
        [adult(**JSA, **OFFENCE)],  # no child: no strand would make it eligible
    ],
)
def test_others_are_not_told_of(people):
    assert missed(people).is_empty()


def test_where_no_adult_is_known_the_strand_says_so():
    facts = facts_of(child(unauthorised=57, **OFFENCE), as_of=AS_OF)
    facts = replace(facts, is_whole_family=False, benefit_checks=facts.benefit_checks.clear())
    rules = load_ruleset("tf1-2012").rules
    (found,) = near_misses(rules, evaluate(rules, facts), facts).to_dicts()
    assert (found["strand"], found["person_id"]) == ("work", None)
    assert "not known: a DWP match that finds the address would settle it" in found["sentence"]


@pytest.mark.parametrize(
    ("switches", "criterion", "gap"),
    [
        ({}, "unauthorised_absence", 12),
        ({"rounding": "whole_percent"}, "unauthorised_absence", 11),
        # no number of sessions follows from the total where each term is weighed by itself
        ({"term_averaging": "each_term"}, "fixed_exclusions", 3),
    ],
)
def test_the_gap_follows_the_switches(switches, criterion, gap):
    found = row([child(unauthorised=45, **OFFENCE), adult(**JSA)], switches=switches)
    assert (found["criterion"], found["gap"]) == (criterion, gap)


def test_the_order_of_rows_changes_nothing():
    people = [child("A", 45, **OFFENCE), child("B", 45), adult(**JSA)]
    assert missed(people).equals(missed(people[::-1]))
    assert missed(people)["person_id"].to_list() == ["family/A"]


def test_a_linked_parent_fills_no_gap():
    rules = load_ruleset("tf2-2015").rules
    day = D(2016, 10, 1)
    people = [child(offences=[{"on": D(2016, 4, 1)}]), adult()]
    facts = facts_of(*people, as_of=day)
    with_linked = facts_of(*people, {"name": "Far", "role": "linked", "born": D(1975, 1, 1)}, as_of=day)
    found = near_misses(rules, evaluate(rules, with_linked), with_linked)
    assert "family/Far" not in found["person_id"].to_list()
    assert found.drop("sentence").equals(near_misses(rules, evaluate(rules, facts), facts).drop("sentence"))


BOUNDS = st.sampled_from(["at_least", "more_than", "below", "at_most"])
ABSENCE = load_ruleset("tf1-2012").rules.criteria()["unauthorised_absence"]
EXCLUSIONS = load_ruleset("tf1-2012").rules.criteria()["fixed_exclusions"]


def holds(asked, bound, *, value, out_of):
    frame = pl.DataFrame({"value": [value], "out_of": [out_of], "has_gap": [False], "missing": [None]})
    return frame.cast({"missing": pl.Int64}).select(outcome_of(asked, bound)).item() == "met"


@given(BOUNDS, st.integers(1, 60), st.integers(1, 400), st.data(), st.sampled_from(["none", "whole_percent"]))
@settings(max_examples=200, deadline=None)
def test_the_gap_of_a_share_is_the_least_that_reaches_the_bound(operator, percent, out_of, data, rounding):
    asked, bound = ABSENCE.model_copy(update={"rounding": rounding}), Bound(**{f"{operator}_percent": percent})
    value = data.draw(st.integers(0, out_of))
    assume(not holds(asked, bound, value=value, out_of=out_of))
    _is_least(asked, bound, value=value, out_of=out_of)


@given(BOUNDS, st.integers(1, 30), st.integers(0, 60))
@settings(max_examples=100, deadline=None)
def test_the_gap_of_a_count_is_the_least_that_reaches_the_bound(operator, number, value):
    bound = Bound(**{operator: number})
    assume(not holds(EXCLUSIONS, bound, value=value, out_of=None))
    _is_least(EXCLUSIONS, bound, value=value, out_of=None)


def _is_least(asked, bound, *, value, out_of):
    frame = pl.DataFrame({"value": [value], "out_of": [out_of]}, schema={"value": pl.Int64, "out_of": pl.Int64})
    gap = frame.select(gap_of(asked, bound)).item()
    step = 1 if bound.comparison[0] in ("at_least", "more_than") else -1
    assert gap >= 1
    assert holds(asked, bound, value=value + step * gap, out_of=out_of)
    assert not holds(asked, bound, value=value + step * (gap - 1), out_of=out_of)


def test_a_reduction_lacks_the_events_that_would_have_to_fall_away():
    asked = load_ruleset("tf1-2012").rules.asked()["less_asb"]
    frame = pl.DataFrame({"value": [5, 5], "out_of": [10, 0]})
    assert frame.select(gap_of(asked, asked.bound_on(AS_OF))).to_series().to_list() == [1, None]
