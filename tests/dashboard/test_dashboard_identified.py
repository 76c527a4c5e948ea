"""Identified families by how they stand, through the page: what each tab lists, and what is decided there."""

from __future__ import annotations

import datetime as dt

import made_up_casebook
import pytest
from made_up import changed_run, made_up_run
from made_up_casebook import NEAR_MISS, on_both
from streamlit.testing.v1 import AppTest
from test_dashboard_pages import assert_described, assert_headings_skip_no_level, assert_keyed, everything_said, title

from families.casebook.database import open_casebook
from families.casebook.demo import add_demo_staff
from families.casebook.publish import publish
from families.casebook.reading import data_as_at
from families.casebook.views import Reader
from families.cases import opening, referrals
from families.cases.chronology import chronology
from families.cases.clock import casework_today
from families.cases.reading import my_families

MANAGER = Reader("demo-programme-manager", "programme_manager", "test")
TEAM_MANAGER = Reader("demo-team-manager", "team_manager", "test")
TABS = ["New", "Changed", "Near miss", "Already known", "Dropped"]


@pytest.fixture
def own(casebook_of):
    """A casebook of its own: engine and the day of casework in it."""
    engine = casebook_of(made_up_casebook.fill)
    return engine, casework_today(data_as_at(engine), dt.datetime.now(dt.UTC))


def listed(app: AppTest, column: str = "Known to") -> dict[str, dict[str, str]]:
    rows = [row for table in app.table if column in table.value for row in table.value.to_dict("records")]
    plain = [{name: str(cell).replace("\\", "").replace("\u2060", "") for name, cell in row.items()} for row in rows]
    return {row["Family"]: row for row in plain}


@pytest.mark.parametrize("tab", TABS)
def test_what_holds_on_every_tab(opened, tab):
    app = opened("programme_manager", tab=tab)
    assert title(app) == "Families we may be able to help"
    assert [each.label for each in app.get("tab") if each.children] == [tab]
    assert_described(app)
    assert_keyed(app)
    assert_headings_skip_no_level(app)


@on_both
def test_a_new_family_is_looked_at_and_confirmed(opened, own):
    engine, day = own
    app = opened("programme_manager", tab="New", url=engine.url)
    assert "12 families." in everything_said(app)
    app.selectbox(key="undecided_chosen").set_value("F01").run()
    said = everything_said(app)
    assert "In the casebook since,1 September 2013" in said
    assert "To be confirmed by,6 September 2013" in said
    assert "Known to,nobody" in said
    app.button(key="decide_F01_save").click().run()
    assert "Choose a decision" in app.error[0].value
    app.radio(key="decide_F01_decision").set_value("confirm")
    app.selectbox(key="decide_F01_team").set_value("demo-north")
    app.button(key="decide_F01_save").click().run()
    assert "Write the reason" in app.error[0].value
    app.text_area(key="decide_F01_reason").set_value("The records agree.")
    app.button(key="decide_F01_save").click().run()
    assert "confirm the family is recorded" in app.success[0].value
    assert "11 families." in everything_said(app)
    (case,) = my_families(engine, TEAM_MANAGER, today=day).cases
    assert (case.family_id, case.state) == ("F01", "confirmed")
    known = opened("programme_manager", tab="Already known", url=engine.url)
    assert [row["Known to"] for row in listed(known).values()] == ["casework: confirmed"]


def test_what_is_put_off_is_confirmed_later_and_what_was_decided_meanwhile_is_not(opened, own):
    engine, day = own
    said = {"reason": "After the holidays.", "today": day}
    opening.decide_identified(engine, MANAGER, "F01", decision="not_now", token="put-off-1", **said)
    app = opened("programme_manager", tab="Already known", url=engine.url)
    app.selectbox(key="known_chosen").set_value("F01").run()
    assert app.radio(key="decide_F01_decision").options == [
        "Confirm the family",
        "Not eligible",
        "Wrongly linked",
        "Already known",
    ]
    app.radio(key="decide_F01_decision").set_value("confirm")
    app.text_area(key="decide_F01_reason").set_value("They are back.")
    case = my_families(engine, MANAGER, today=day, with_past=True).cases[0]
    opening.decide_family(engine, MANAGER, case.case_id, decision="confirm", row_version=1, token="put-off-2", **said)
    app.button(key="decide_F01_save").click().run()
    assert app.error
    assert not app.success


@on_both
def test_several_families_are_set_aside_and_each_chronology_has_it(opened, own):
    engine, day = own
    app = opened("programme_manager", tab="New", url=engine.url)
    app.multiselect(key="undecided_known_families").set_value(["F01", "F02"])
    app.button(key="undecided_known_save").click().run()
    assert "Write the reason" in app.error[0].value
    app.text_area(key="undecided_known_reason").set_value("Social care is working with them.")
    app.button(key="undecided_known_save").click().run()
    assert "2 families set aside as already known" in app.success[0].value.replace("\\", "")
    for family in ("F01", "F02"):
        acts = [event for event in chronology(engine, MANAGER, family) if event.kind == "act"]
        assert [(act.title, act.words) for act in acts] == [("Already known", "Social care is working with them.")]
    assert {case.state for case in my_families(engine, MANAGER, today=day, with_past=True).cases} == {"already_known"}


def test_near_misses_say_what_is_missing(opened):
    app = opened("programme_manager", tab="Near miss")
    rows = listed(app)
    assert len(rows) == 10
    app.selectbox(key="near_miss_chosen").set_value(NEAR_MISS).run()
    assert "Work,Not known,Out-of-work benefits is unknown." in everything_said(app)


def test_what_changed_and_what_went_is_told(opened, tmp_path):
    engine = open_casebook(f"sqlite:///{tmp_path / 'changed.sqlite'}")
    publish(engine, **made_up_run().for_publish())
    add_demo_staff(engine)
    day = casework_today(data_as_at(engine), dt.datetime.now(dt.UTC))
    opening.decide_identified(
        engine, MANAGER, "F02", decision="confirm", reason="The records agree.", today=day, token="confirmed-F02"
    )
    publish(engine, **changed_run().for_publish())
    changed = listed(opened("programme_manager", tab="Changed", url=engine.url), "What changed")
    said = sorted(row["What changed"] for row in changed.values())
    assert said == [
        "1 Sep 2013: 1 person fewer in the family.",
        "1 Sep 2013: Not known any more: Crime and anti-social behaviour.",
    ]
    app = opened("programme_manager", tab="Dropped", url=engine.url)
    rows = listed(app, "Dropped")
    assert len(rows) == 2
    (gone,) = [row for name, row in rows.items() if name.endswith("F02")]
    assert gone["Known to"] == "casework: confirmed"
    assert gone["Met before"] == "Education, Local concern, Out-of-work benefits"


@on_both
def test_a_family_whose_referral_was_accepted_waits_among_the_new(opened, own):
    engine, day = own
    intake = referrals.Intake(
        **{"kind": "nominated", "family_name": "Harrow family", "reporter": "A", "agency": "B", "contact": "C"},
        **{"basis": "Consent", "notice_given": True, "reasons": "Help.", "needs": [], "urgency": "soon"},
        people=[referrals.Person("Robin Harrow")],
    )
    made = referrals.refer(engine, Reader("demo-caseworker", "caseworker", "test"), intake, today=day, token="made-one")
    at = {"today": day, "row_version": 1}
    referrals.begin_triage(engine, MANAGER, made, duplicates_seen=(), token="triage-one", **at)
    why = {"outcome": "family_help", "rationale": "They ask for help."}
    case = referrals.accept_referral(engine, MANAGER, made, **why, today=day, row_version=2, token="accept-one")
    app = opened("programme_manager", tab="New", url=engine.url)
    app.selectbox(key="referred_chosen").set_value(case).run()
    key = f"decide_referred-{made}"
    app.radio(key=f"{key}_decision").set_value("confirm")
    app.text_area(key=f"{key}_reason").set_value("The school agrees.")
    app.button(key=f"{key}_save").click().run()
    assert "is recorded" in app.success[0].value
    assert [each.state for each in my_families(engine, MANAGER, today=day).cases] == ["confirmed"]
