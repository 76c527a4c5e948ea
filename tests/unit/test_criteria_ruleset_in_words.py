"""A whole ruleset in words, and what differs between two of them: made from the values, nothing left out."""

import pytest

from families.criteria import ruleset_in_words as said
from families.criteria.rulebook import load_ruleset, shipped
from families.criteria.ruleset_changes import changes


def rules(name, **switches):
    return load_ruleset(name, switches=switches).rules


@pytest.mark.parametrize("name", shipped())
def test_every_part_has_its_row_with_source_and_grade(name):
    whole = rules(name)
    parts = [
        (said.routes(whole), whole.route),
        (said.result_routes(whole), whole.result_route),
        (said.casework_conditions(whole), [*whole.casework_condition, *whole.progress_condition]),
        (said.claim_windows(whole), whole.claim_window),
        (said.switches(whole, {}), whole.switch),
        (said.money_by_year(whole), whole.money.year if whole.money else []),
        (said.questions(whole.criterion), whole.criterion),
        (said.questions(whole.review), whole.review),
        (said.questions(whole.condition), whole.condition),
    ]
    for frame, stated in parts:
        assert list(zip(frame["Source"], frame["Grade"], strict=True)) == [
            (part.source, part.confidence) for part in stated
        ]
    texts = [cell for frame, _ in parts for row in frame.iter_rows() for cell in row]
    texts += [*said.family_in_words(whole), *said.result_in_words(whole), *said.money_in_words(whole)]
    assert not [text for text in texts if "None" in text or "  " in text or "_" in text]


def test_grades_are_counted_over_all_criteria():
    counted = said.grades_counted(rules("tf1-2012"))
    assert counted["Criteria"].sum() == len(rules("tf1-2012").criterion)
    assert dict(counted.select("Grade", "Criteria").rows())["M"] == 5


def test_routes_name_what_must_hold():
    assert said.routes(rules("tf1-2012"))["What must hold"].to_list() == [
        "Education, Crime and anti-social behaviour, and Work.",
        "At least two of Education, Crime and anti-social behaviour, and Work; and Local factors.",
    ]
    strict = rules("sf-2022", distinct_headlines="three")
    assert said.routes(strict)["What must hold"].to_list() == [
        "At least three of the 34 problems or needs, under three different headline outcomes."
    ]


def test_money_is_said_in_pounds_by_year():
    first = said.money_by_year(rules("tf1-2012")).row(0, named=True)
    assert (first["Attachment"], first["Result A"], first["At most"]) == ("£3,200", "£700", "£800")
    assert said.money_in_words(rules("ffp-2025")) == ["Nothing is paid for a family under this programme."]
    assert any("all in the first quarter where 75 of 100 families or more" in text
               for text in said.money_in_words(rules("tf1-2012")))  # fmt: skip


def test_a_switch_that_is_not_as_usual_is_said_to_be_so():
    used = said.switches(rules("tf1-2012"), {"rounding": "whole_percent"})
    assert used.filter(used["Used here"].str.contains("not the usual one"))["Question"].to_list() == [
        "Whether shares are rounded before they are compared"
    ]


@pytest.mark.parametrize("name", shipped())
def test_nothing_differs_from_itself(name):
    assert changes(rules(name), rules(name)).is_empty()


@pytest.mark.parametrize("name", shipped())
def test_every_option_that_changes_the_rules_is_seen_as_a_difference(name):
    """But the options that decide which ruleset is asked, and change nothing in it."""
    unseen = [
        (switch.id, option.id)
        for switch in rules(name).switch
        for option in switch.option
        if option.id != switch.default
        and option.change
        and changes(rules(name), rules(name, **{switch.id: option.id})).is_empty()
    ]
    assert unseen == []


def test_a_changed_bound_is_told_before_and_after():
    found = changes(rules("tf2-2015"), rules("tf2-2020")).rows()
    assert (
        "Criterion",
        "Persistent absence on average across the last three terms (10% or more)",
        "Changed: needed",
        "10% or more (15% or more until 31 August 2015)",
        "10% or more",
    ) in found


def test_criteria_added_and_removed_are_each_told_once():
    before, after = rules("tf1-2012"), rules("tf2-2015")
    found = changes(before, after)
    told = {
        kind: found.filter((found["Part"] == "Criterion") & (found["Change"] == kind)).height
        for kind in ("Added", "Removed")
    }
    assert told == {
        "Added": len(set(after.criteria()) - set(before.criteria())),
        "Removed": len(set(before.criteria()) - set(after.criteria())),
    }


def test_a_renamed_strand_is_told_once_and_not_of_each_criterion():
    found = changes(rules("tf2-2015"), rules("tf2-2020"))
    assert found.filter(found["Change"] == "Changed: problem or need").is_empty()
    assert found.filter(found["Part"] == "Problem or need").height == 6
