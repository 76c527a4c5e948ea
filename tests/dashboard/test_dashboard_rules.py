"""The rules page without a browser: who may open it, what it says of each ruleset, and the cases it tries."""

import dataclasses
import re
from pathlib import Path

import made_up_casebook
import pytest
from made_up import made_up_run
from made_up_casebook import on_both
from test_dashboard_pages import (
    ROLES,
    assert_described,
    assert_headings_skip_no_level,
    assert_keyed,
    everything_said,
    title,
)

from families.casebook import access
from families.casebook.publish import RulesUsed, publish
from families.criteria import spec_cases
from families.criteria.plain_english import criterion_in_words
from families.criteria.rulebook import as_kept, load_ruleset, ruleset_of, shipped

RULES = "pages_/rules.py"
OWN = "Our own rules"
SECTIONS = (
    *("What is asked", "Results and money", "Switches and overlay", "Worked cases", "Version and changes"),
    OWN,
)
OVERLAY = """
extends = "tf1-2012"
authority = "Made-up *Borough*"
switches = { rounding = "whole_percent" }

[[setting]]
id = "high_cost"
window = { months = 6 }
source = "Made-up Borough, local list of 2013"

[outcomes_plan]
title = "Made-up Borough outcomes plan"
adopted_on = 2013-04-01
outcome = [{ strand = "education", goal = "At school", measure = "Under 10% absence", evidence = "Session marks" }]
"""
CASE = """
id = "X-01"
about = "Half of the sessions missed"
basis = "T"
ruleset = "tf1-2012"
as_of = 2012-10-01
expected.strands = { education = "OUTCOME" }
[[person]]
name = "Ria"
role = "child"
age = 12
sessions = [{ term = "2011/12", possible = 380, unauthorised = 190 }]
"""


def at(app, section: str):
    app.session_state["section"] = section
    return app.run()


@pytest.fixture
def cases(tmp_path, monkeypatch):
    """A folder of worked cases of one's own, in place of the checkout's."""

    def made(**files: str) -> Path:
        folder = tmp_path / "spec"
        folder.mkdir()
        for name, text in files.items():
            (folder / f"{name}.toml").write_text(text, "utf-8")
        monkeypatch.setattr(spec_cases, "CHECKOUT", folder)
        return folder

    return made


def fill_with_overlay(engine):
    """The made-up authority, whose run was made with an overlay that nobody has signed."""
    made_up_casebook.fill(engine)
    used = RulesUsed(**as_kept(ruleset_of(OVERLAY.encode(), "borough.toml")))
    made = made_up_run()
    publish(engine, **dataclasses.replace(made, run=dataclasses.replace(made.run, rules_used=used)).for_publish())


@pytest.fixture
def overlaid_url(casebook_of):
    return casebook_of(fill_with_overlay).url


@pytest.mark.parametrize("role", ROLES)
def test_only_those_who_work_with_the_rules_have_the_page(opened, role):
    if role in access.MAY_READ_RULES:
        assert title(opened(role, page=RULES)) == "Rules"
    else:
        with pytest.raises(ValueError, match="rules"):
            opened(role, page=RULES)


def test_the_rules_in_use_come_first_and_are_said_in_plain_words(opened):
    app = opened("data_analyst", page=RULES)
    assert app.selectbox(key="ruleset").value == "tf1-2012"
    said = everything_said(app)
    assert "The families shown here were found by it, with no overlay, all switches as usual." in said
    assert "In force from 1 April 2012 to 31 May 2015. Framework: DCLG financial framework, March 2012." in said
    assert "The programme is for a family that has a child." in said
    for criterion in load_ruleset("tf1-2012").rules.criterion:
        assert criterion_in_words(criterion) in said
        assert criterion.source in said.replace('""', '"')
    assert "corroborated by councils or press" in said


@pytest.mark.parametrize("ruleset", shipped())
def test_every_ruleset_has_every_section(opened, ruleset):
    app = opened("programme_manager", page=RULES, ruleset=ruleset)
    assert app.selectbox(key="ruleset").value == ruleset
    assert ("Not in use" in everything_said(app)) == (ruleset != "tf1-2012")
    for section in SECTIONS:
        if section != "Worked cases":
            at(app, section)
            assert title(app) == "Rules"
            assert_described(app)
            assert_keyed(app)
            assert_headings_skip_no_level(app)


def test_results_money_and_claim_windows(opened):
    said = everything_said(at(opened("programme_manager", page=RULES), "Results and money"))
    assert "Results are taken until 31 May 2015." in said
    assert "Every child of compulsory school age has fewer than 3 fixed-term exclusions" in said
    assert "2012-13,1 April 2012,31 March 2013,£3,200,£700" in said.replace('"', "")
    assert "July 2013" in said
    assert "An authority is funded for 5 of every 6 of its families" in said


def test_differences_are_those_of_the_two_rulesets(opened):
    app = at(opened("programme_manager", page=RULES, ruleset="tf2-2020"), "Version and changes")
    said = everything_said(app)
    assert load_ruleset("tf2-2020").sha256 in said
    assert "The ruleset before is tf2-2015." in said
    assert "Changed: needed,10% or more (15% or more until 31 August 2015),10% or more" in said
    first = at(opened("programme_manager", page=RULES), "Version and changes")
    assert "There is no ruleset before it." in everything_said(first)


@pytest.mark.parametrize("asked", ["nowhere", "../../etc/passwd", "<b>Ria Okafor</b>"])
def test_an_unknown_ruleset_in_the_address_is_not_repeated(opened, asked):
    app = opened("programme_manager", page=RULES, ruleset=asked)
    assert title(app) == "Rules"
    assert "The address names no ruleset that there is" in app.warning[0].value
    assert asked not in everything_said(app)
    assert app.selectbox(key="ruleset").value == "tf1-2012"


def test_the_ruleset_chosen_stands_in_the_address_by_its_id(opened):
    app = opened("programme_manager", page=RULES)
    app.selectbox(key="ruleset").set_value("sf-2022").run()
    assert app.query_params["ruleset"] in ("sf-2022", ["sf-2022"])
    assert "Supporting Families, national outcomes framework" in everything_said(app)


def test_an_overlay_in_use_is_read_out_with_what_it_changes(opened, overlaid_url):
    app = opened("programme_manager", page=RULES, url=overlaid_url)
    said = everything_said(app)
    assert "with the overlay of Made-up *Borough*" in said
    assert "switches not as usual: Whether shares are rounded before they are compared" in said
    assert "over the last three completed terms, rounded to a whole per cent." in said
    at(app, "Switches and overlay")
    said = everything_said(app)
    assert "nominations as a cause for concern or of high cost in the last 6 months." in said
    assert "Rounded to a whole per cent, halves up (not the usual one)" in said
    assert "At school" in said
    assert "no mistake found" in app.success[0].value
    at(app, "Version and changes")
    assert "Changed: over which time,In the last 12 months,In the last 6 months" in everything_said(app)


@on_both
def test_a_file_of_rules_is_proposed_by_one_and_signed_by_another(opened, casebook_of):
    url = casebook_of(fill_with_overlay).url
    app = at(opened("data_analyst", page=RULES, url=url), OWN)
    said = everything_said(app)
    assert "None has been proposed." in said
    assert "Nobody has signed this overlay." in said
    app.file_uploader(key="own_file").set_value(("borough.toml", b'extends = "tf1-2012"', "text/plain"))
    app.text_input(key="own_why").set_value("The board of 14 May")
    app.button(key="own_save").click().run()
    assert "borough.toml has a mistake" in app.error[0].value.replace("\\", "")
    app.file_uploader(key="own_file").set_value(("borough.toml", OVERLAY.encode(), "text/plain"))
    app.button(key="own_save").click().run()
    assert "somebody else signs them" in app.success[0].value
    said = everything_said(app)
    assert "Waits to be signed,tf1-2012,Made-up *Borough*" in said.replace("\\", "")
    assert "Changed: over which time,In the last 12 months,In the last 6 months" in said
    assert not [each for each in app.button if each.key in ("own_sign", "own_withdraw")]
    manager = at(opened("programme_manager", page=RULES, url=url), OWN)
    assert_described(manager)
    assert_keyed(manager)
    manager.button(key="own_sign").click().run()
    assert "The rules are signed" in manager.success[0].value
    said = everything_said(manager)
    assert re.search(r"proposed this overlay and .* signed it; it counts from", said)
    assert not [each for each in manager.button if each.key == "own_sign"]
    manager.button(key="own_withdraw").click().run()
    assert "Withdrawn by" in everything_said(manager)
    assert "has withdrawn it since" in everything_said(manager)


def test_a_casebook_that_kept_no_rules_says_so_and_shows_the_shipped_ones(opened, casebook_of):
    engine = casebook_of(made_up_casebook.fill)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM published_ruleset")
    said = everything_said(opened("data_analyst", page=RULES, url=engine.url))
    assert "published before the rules were kept with it" in said
    assert "A child has 15% or more of their possible sessions as unauthorised absence" in said


def test_a_case_that_comes_out_as_expected_passes_and_explains_itself(opened, cases):
    cases(good=CASE.replace("OUTCOME", "met"))
    app = at(opened("data_analyst", page=RULES), "Worked cases")
    assert "None has been tried" in everything_said(app)
    app.button(key="try_these").click().run()
    assert app.success[0].value == "1 of 1 tried pass; 0 not tried yet."
    assert [each.label.replace("\\", "") for each in app.expander] == ["X-01, passes: Half of the sessions missed"]
    assert "had 190 of 380 sessions of unauthorised absence (50.0%; 15% or more needed)" in everything_said(app)
    assert_keyed(app)


def test_a_case_that_comes_out_otherwise_fails_and_says_how(opened, cases):
    cases(bad=CASE.replace("OUTCOME", "not_met"))
    app = at(opened("data_analyst", page=RULES), "Worked cases")
    app.button(key="try_all").click().run()
    assert "0 of 1 tried pass" in app.error[0].value
    said = everything_said(app)
    assert "These fail: X-01." in said
    assert "Differs: strands education: expected not_met, found met." in said


def test_a_folder_of_cases_with_mistakes_is_told_in_sentences(opened, cases):
    cases(broken=CASE.replace("OUTCOME", "maybe"))
    app = at(opened("data_analyst", page=RULES), "Worked cases")
    assert "broken.toml has a mistake" in everything_said(app)


def test_without_the_cases_the_page_says_where_they_are(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(spec_cases, "CHECKOUT", tmp_path / "nowhere")
    app = at(opened("data_analyst", page=RULES), "Worked cases")
    assert "The worked cases are not installed here" in everything_said(app)


def test_pages_of_cases_turn_and_all_can_be_tried_at_once(opened, cases):
    many = {f"case_{number:02}": CASE.replace("X-01", f"X-{number:02}") for number in range(1, 13)}
    cases(**{name: text.replace("OUTCOME", "met") for name, text in many.items()})
    app = at(opened("data_analyst", page=RULES), "Worked cases")
    app.button(key="try_all").click().run()
    assert app.success[0].value == "12 of 12 tried pass; 0 not tried yet."
    app.pagination[0].set_value(2).run()
    assert [each.key for each in app.expander] == ["case_X-11", "case_X-12"]
