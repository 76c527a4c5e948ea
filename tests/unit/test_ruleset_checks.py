"""A file of rules with many mistakes gets all of its sentences in one go, each with its place and what is allowed."""

from pathlib import Path

import pytest

from families.criteria.rulebook import RULESETS, file_mistakes, load_ruleset, shipped
from families.errors import Refused

FILES = Path(__file__).parents[1] / "data" / "rules"
MISTAKES = {
    "mistakes.toml": [
        "family.adult_from is '18'; a whole number is needed.",
        "strand education, if_nobody_asked is 'no'; allowed: unknown or not_met.",
        "criterion exclusions, source is missing; a text in quotation marks is needed.",
        "criterion exclusions, where.category is 'PERM'; a list in square brackets is needed.",
        "criterion exclusions, confidence is 'X'; allowed: V, C, M or I.",
        "colour is not known; allowed: id, title, framework,",
        "The id exclusions is given to 2 criteria, reviews or conditions; each needs its own.",
        "in_force ends on 2012-04-01, before it begins on 2015-05-31.",
        "reads, exclusions: ethnicity may not be read by any rule:",
        "reads, offences: is_provn may not be read (did you mean is_proven?); allowed: is_proven.",
        "reads: benefit is not a table of facts (did you mean benefits?); allowed: absence, asb_measures,",
        "criterion absence, table: absense is not a table of facts (did you mean absence?); allowed: absence,",
        "criterion absence, window: give one of terms, academic_years, months, months_ahead, weeks, current, ever; "
        "it has terms, months.",
        "criterion absence, bound: a share is compared by at_least_percent, more_than_percent, below_percent, "
        "at_most_percent, not at_least.",
        "criterion exclusions: ethnicity may not be read by any rule:",
        "criterion exclusions, window.terms is 0; a whole number of 1 or more is needed.",
        "criterion exclusions, bound: one bound must end the day before the next begins (2013-08-31, 2013-10-01).",
        "criterion exclusions, bound: give one of at_least, more_than, below, at_most; it has at_least, at_most.",
        "criterion exclusions, what_not: a status says how it reads when it is not so.",
        "criterion absence, strand: there is no eduction (did you mean education?); there is education, work.",
        "route three: there is no health; there is education, work.",
        "route three: at least 5 of 2 can never be met.",
        "strand work has no criterion, so nothing can ever meet it.",
        "family, dependent: a ruleset that requires a dependent child says which children are dependent.",
        "switch window, default: there is no lately; there is terms.",
        "switch window, option terms: there is no criterion.exclusion to change.",
    ],
    "overlay_mistakes.toml": [
        "authority is 881; a text in quotation marks is needed.",
        "setting health, source is missing; a text in quotation marks is needed.",
        "criterion domestic_abuse, asked_of is 'neighbour'; allowed: child, adult, member or family.",
        "payment_by_results_area is 'yes'; true or false is needed.",
        "outcomes_plan.adopted_on is 'May 2012'; a date is needed, as 2012-04-01.",
        "nickname is not known; allowed: extends, authority, switches,",
        "switches, rounding is 'half'; allowed: none, whole_percent.",
        "switches, term_windw is not a switch of tf1-2012 (did you mean term_window?); allowed: term_window,",
        "setting unauthorised_absence: its rule is of grade C and stands as it is; allowed: housing_asb,",
        "setting high_cosst: tf1-2012 has none of that id (did you mean high_cost?); allowed: housing_asb,",
        "setting health: sex may not be read by any rule:",
        "setting health, window: give one of terms, academic_years, months, months_ahead, weeks, current, ever; "
        "it has months, weeks.",
        "criterion domestic_abuse, where.need: there is no police_callouts (did you mean police_call_outs?); allowed:",
        "criterion domestic_abuse, bound: a count is compared by at_least, more_than, below, at_most, not "
        "at_least_percent.",
        "criterion domestic_abuse stands in tf1-2012 already; give the local one an id of its own.",
        "criterion domestic_abuse, strand: there is no locl (did you mean local?); allowed: education, crime_asb,",
        "leaves_out, fixed_exclusions is no local factor of tf1-2012; allowed: social_care,",
        "leaves_out, high_cots is no local factor of tf1-2012 (did you mean high_cost?); allowed: social_care,",
        "outcomes_plan, outcome, strand: there is no educaton (did you mean education?); allowed: education,",
    ],
}


@pytest.mark.parametrize("file", MISTAKES)
def test_every_mistake_is_told_at_once(file):
    found = file_mistakes(FILES / file)
    assert len(found) == len(MISTAKES[file])
    assert [
        sentence for sentence, start in zip(found, MISTAKES[file], strict=True) if not sentence.startswith(start)
    ] == []
    assert [sentence for sentence in found if not sentence.endswith(".")] == []


@pytest.mark.parametrize("file", MISTAKES)
def test_such_a_file_is_refused_with_all_of_them(file):
    with pytest.raises(Refused) as refused:
        load_ruleset(str(FILES / file))
    assert f"{file} has {len(MISTAKES[file])} mistakes:" in str(refused.value)


@pytest.mark.parametrize("ruleset", shipped())
def test_a_shipped_ruleset_has_none_whatever_its_switches(ruleset):
    assert file_mistakes(RULESETS / f"{ruleset}.toml") == []


def test_a_word_no_record_can_hold_is_told(tmp_path):
    text = (RULESETS / "tf1-2012.toml").read_text("utf-8").replace('"ESA", "IB"', '"ESAA", "IB"', 1)
    (tmp_path / "ours.toml").write_text(text, "utf-8")
    assert file_mistakes(tmp_path / "ours.toml")[0].startswith(
        "criterion out_of_work_benefit, where.benefit: there is no ESAA (did you mean ESA?); allowed: JSA, ESA,"
    )


def test_a_blank_source_is_told(tmp_path):
    text = (RULESETS / "tf1-2012.toml").read_text("utf-8").replace('source = "Recalled"', 'source = " "', 1)
    (tmp_path / "ours.toml").write_text(text, "utf-8")
    assert file_mistakes(tmp_path / "ours.toml") == [
        "claim_window February 2014, source is blank; say where the rule stands."
    ]
