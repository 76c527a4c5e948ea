"""Every question of every ruleset, with each option of each switch, is said in plain words made from its values."""

import datetime as dt

import pytest

from families.criteria import plain_english as words
from families.criteria.askable import ASKABLE
from families.criteria.rulebook import load_ruleset, shipped
from families.criteria.ruleset import Asked, Criterion

ABSENCE = {
    "id": "made_up",
    "label": "Absence",
    "strand": "education",
    "asked_of": "child",
    "measure": "share",
    "table": "absence",
    "numerator": "unauthorised",
    "denominator": "possible",
    "window": {"terms": 3},
    "bound": {"at_least_percent": 15},
    "what": "sessions of unauthorised absence",
    "settled_by": "session marks",
    "source": "made up",
    "confidence": "I",
}


def question(**changed) -> Criterion:
    return Criterion.model_validate(ABSENCE | changed)


def every_question() -> list[Asked]:
    """Those of every shipped ruleset, as it stands and with each option chosen in turn."""
    found = []
    for name in shipped():
        rules = load_ruleset(name).rules
        choices = [{}, *({switch.id: option.id} for switch in rules.switch for option in switch.option)]
        found += [asked for chosen in choices for asked in load_ruleset(name, switches=chosen).rules.asked().values()]
    return found


def test_unauthorised_absence_as_a_council_would_say_it():
    asked = load_ruleset("tf1-2012").rules.asked()["unauthorised_absence"]
    assert words.criterion_in_words(asked) == (
        "A child has 15% or more of their possible sessions as unauthorised absence, over the last three completed terms."
    )


@pytest.mark.parametrize(
    ("ruleset", "asked", "said"),
    [
        ("tf1-2012", "fixed_exclusions", "A child has 3 or more fixed-term exclusions over the last three completed terms."),
        ("tf1-2012", "not_on_roll", "A child of compulsory school age is on no school roll on the day asked about."),
        (
            "tf1-2012",
            "less_offending",
            "Counted for all children of the family together, proven offences are down by 33% or more in the last "
            "6 months, compared with the 6 months before.",
        ),
        (
            "tf1-2012",
            "employed_after_jsa",
            "At least one adult of the family has 26 or more weeks in work in the last 30 weeks.",
        ),
        (
            "tf2-2015",
            "persistent_absence",
            "A child has 10% or more (15% or more until 31 August 2015) of their possible sessions as authorised or "
            "unauthorised absence, over the last three completed terms.",
        ),
        (
            "tf2-2015",
            "suitable_education",
            "Every child of compulsory school age is on a school roll or otherwise educated on the day asked about.",
        ),
        (
            "tf2-2015",
            "prison_release",
            "An adult of the family has 1 or more releases from prison to come in the next 12 months.",
        ),
    ],
)  # fmt: skip
def test_questions_in_words(ruleset, asked, said):
    assert words.criterion_in_words(load_ruleset(ruleset).rules.asked()[asked]) == said


def test_no_question_of_any_ruleset_shows_a_code_or_a_blank():
    for asked in every_question():
        said = [words.criterion_in_words(asked), words.table_in_words(asked), *words.fine_print(asked)]
        assert not [text for text in said if "_" in text or "None" in text or "  " in text or "True" in text], said


def test_every_value_that_a_shipped_rule_filters_by_has_words_of_its_own():
    unsaid = {
        (asked.table, column, value)
        for asked in every_question()
        for where in (asked.where, asked.unless)
        for column, values in where.items()
        for value in values
        if str(value) not in words.known_values(asked.table, column)
    }
    assert unsaid == set()


def test_every_table_has_words():
    assert set(words.TABLES) == set(ASKABLE)


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ({"terms": 1}, "over the last completed term"),
        ({"terms": 3, "including_current_term": True}, "over the term in progress and the two before it"),
        ({"terms": 2, "since_attachment": True}, "over the last two completed terms that were not over when the work with the family began"),
        ({"academic_years": 2}, "over the last two completed school years"),
        ({"months": 12}, "in the last 12 months"),
        ({"months_ahead": 12}, "in the next 12 months"),
        ({"weeks": 30}, "in the last 30 weeks"),
        ({"current": True}, "on the day asked about"),
        ({"ever": True}, "at any time until the day asked about"),
    ],
)  # fmt: skip
def test_windows(window, said):
    assert words.window_in_words(question(window=window)) == said


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        ({"at_least_percent": 15}, "15% or more"),
        ({"more_than_percent": 10}, "more than 10%"),
        ({"below_percent": 15}, "less than 15%"),
        ({"at_most_percent": 10}, "10% or less"),
        ({"below": 3}, "fewer than 3"),
        ({"at_most": 2}, "2 or fewer"),
        (
            [
                {"at_least": 1, "from": dt.date(2014, 1, 1), "to": dt.date(2014, 12, 31)},
                {"at_least": 2, "from": dt.date(2015, 1, 1)},
            ],
            "2 or more (1 or more from 1 January 2014 to 31 December 2014)",
        ),
    ],
)
def test_bounds(bound, said):
    assert words.bound_in_words(question(bound=bound)) == said


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ({"asked_of": "member"}, "a member of the family"),
        ({"asked_of": "child", "ages": {"to": 5}}, "a child aged 5 or under"),
        ({"asked_of": "child", "ages": {"from": 15, "to": 16}}, "a child aged 15 or 16"),
        ({"asked_of": "member", "ages": {"from": 16, "to": 18}}, "a member of the family aged 16 to 18"),
        ({"asked_of": "member", "ages": {"from": 6}}, "a member of the family aged 6 or over"),
        ({"compulsory_school_age": True}, "a child of compulsory school age"),
    ],
)
def test_who_is_asked(who, said):
    assert words.who_in_words(question(**who)) == said


def test_how_terms_are_put_together():
    mean = words.criterion_in_words(question(averaging="mean_of_terms", rounding="whole_percent"))
    each = words.criterion_in_words(question(averaging="each_term"))
    assert mean.endswith("terms, as the mean of the terms' shares, rounded to a whole per cent.")
    assert each.endswith("unauthorised absence, in each of the last three completed terms.")


def test_a_changed_value_changes_the_words():
    assert words.criterion_in_words(question()) != words.criterion_in_words(question(bound={"at_least_percent": 16}))
