"""What a family that is not eligible lacks, stated from its findings."""

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from made_up_facts import Person, facts_of

from families.criteria.evaluate import evaluate
from families.criteria.near_miss import gap_of, near_misses
from families.criteria.outcomes import outcome_of
from families.criteria.rulebook import load_ruleset
from families.criteria.ruleset import Bound
from families.tables.run import RUN_TABLES

D = dt.date
AS_OF = D(2012, 10, 1)
TERMS = ("2011/12 autumn", "2011/12 spring", "2011/12 summer")
LAST_MONTH = D(2012, 9, 1)
OFFENCE = ("offences", D(2012, 4, 1), None, {"is_proven": True})
CP_PLAN = ("care_episodes", D(2012, 1, 5), None, {"kind": "CP", "category": None})
JSA = ("benefits", LAST_MONTH, None, {"benefit": "JSA"})


def excluded(*days):
    return [("exclusions", day, None, {"category": "FIXD"}) for day in days]


def child(name="Ria", unauthorised=0, events=(), **more):
    sessions = {TERMS[0]: (unauthorised, 0, 180), TERMS[1]: (0, 0, 100), TERMS[2]: (0, 0, 100)}
    return Person(name, D(1999, 3, 4), sessions=sessions, events=tuple(events), **more)


def adult(*events, answered=LAST_MONTH):
    return Person("Ann", D(1975, 1, 1), role="parent", events=events, address_answered=answered)


def missed(people, *, ruleset="tf1-2012", switches=None, as_of=AS_OF, not_delivered=()):
    """The near misses of one family."""
    rules = load_ruleset(ruleset, switches=switches or {}).rules
    facts = facts_of(people, as_of=as_of, not_delivered=not_delivered)
    found = near_misses(rules, evaluate(rules, facts), facts)
    return RUN_TABLES["near_misses"].validate(found, cast=True)


def row(people, **more):
    (found,) = missed(people, **more).to_dicts()
    return found


def test_sessions_of_absence_are_counted_out_to_the_bound():
    found = row([child(unauthorised=45, events=[OFFENCE]), adult(JSA)])
    assert (found["route"], found["strand"], found["criterion"], found["person_id"], found["gap"]) == (
        *("all_three", "education", "unauthorised_absence", "Ria", 12),
    )
    assert found["sentence"] == (
        "One strand short of all three national criteria; Education would make it eligible; nearest is Education: "
        "12 more sessions of unauthorised absence of 380 for one child (45 so far, 15% or more needed)."
    )


def test_the_person_nearest_the_bound_is_found_and_one_is_said_in_the_singular():
    two = excluded(D(2012, 2, 1), D(2012, 5, 1))
    found = row([child("A", events=[OFFENCE, *excluded(D(2012, 2, 1))]), child("B", events=two), adult(JSA)])
    assert (found["criterion"], found["person_id"], found["gap"]) == ("fixed_exclusions", "B", 1)
    assert "1 more fixed-term exclusion for one child (2 so far, 3 or more needed)" in found["sentence"]


def test_what_is_not_known_says_what_would_settle_it_and_no_gap():
    found = row([child(unauthorised=57), adult(JSA)], not_delivered=("youth_justice",))
    assert (found["strand"], found["criterion"], found["gap"]) == ("crime_asb", "youth_offence", None)
    assert (
        "nearest is Crime and anti-social behaviour: not known: the youth offending service would settle it"
        in (found["sentence"])
    )


def test_a_status_is_so_of_nobody():
    found = row([child(unauthorised=57, events=[OFFENCE]), adult()])
    assert found["strand"] == "work"
    assert found["sentence"].endswith("nearest is Work: nobody asked claims an out-of-work benefit.")


def test_the_nearest_route_is_the_one_that_fewest_strands_are_wanting_for():
    found = row([child(events=[CP_PLAN]), adult(JSA)])
    assert found["route"] == "two_and_local"
    assert "Education or Crime and anti-social behaviour would make it eligible" in found["sentence"]


def test_a_strand_that_brings_to_notice_is_told_of_however_far_the_family_is():
    found = row([child(unauthorised=57), adult()])
    assert found["sentence"].startswith("2 strands short of all three national criteria; nearest is")


@pytest.mark.parametrize(
    "people",
    [
        [child(unauthorised=57, events=[OFFENCE]), adult(JSA)],  # eligible
        [child(), adult(JSA)],  # work alone, and two strands short
        [child(), adult()],
        [adult(JSA, OFFENCE)],  # no child: no strand would make it eligible
    ],
)
def test_others_are_not_told_of(people):
    assert missed(people).is_empty()


def test_where_no_adult_is_known_the_strand_says_so():
    found = row([child(unauthorised=57, events=[OFFENCE])])
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
    found = row([child(unauthorised=45, events=[OFFENCE]), adult(JSA)], switches=switches)
    assert (found["criterion"], found["gap"]) == (criterion, gap)


def test_the_order_of_rows_changes_nothing():
    people = [child("A", 45, [OFFENCE]), child("B", 45), adult(JSA)]
    assert missed(people).equals(missed(people[::-1]))
    assert missed(people)["person_id"].to_list() == ["A"]


def test_a_linked_parent_fills_no_gap():
    rules = load_ruleset("tf2-2015").rules
    day = D(2016, 10, 1)
    people = [child(events=[("offences", D(2016, 4, 1), None, {"is_proven": True})]), adult()]
    facts = facts_of(people, as_of=day)
    linked = Person("Far", D(1975, 1, 1), role="linked", events=(), address_answered=LAST_MONTH)
    with_linked = facts_of([*people, linked], as_of=day)
    members = with_linked.members.with_columns(is_resident=pl.col("role") != "linked")
    with_linked = replace(with_linked, members=members)
    found = near_misses(rules, evaluate(rules, with_linked), with_linked)
    assert "Far" not in found["person_id"].to_list()
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
