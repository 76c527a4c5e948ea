"""Needs and plan without a browser: each act by whoever may do it, what is refused and kept, and both versions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import made_up_casebook
import pytest
from directly import directly
from made_up_casebook import FULL, NAUGHTY, on_both
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest
from test_dashboard_pages import (
    assert_described,
    assert_headings_skip_no_level,
    assert_keyed,
    everything_said,
    title,
    wrongly_read,
)

from dashboard import words
from dashboard.record import glance, transferring
from families.casebook.database import open_casebook
from families.casebook.reading import data_as_at
from families.casebook.staff import disable_staff
from families.casebook.views import Reader
from families.cases import agreeing, assessing, noting, planning, reviewing
from families.cases.demo_walk import MANAGER, TEAM_MANAGER, WEEK, WEEKS_AGO, WORKERS, Walk, take
from families.cases.reading import today_of
from families.cases.record import case_of, open_corrections
from families.cases.views import CaseRecord
from families.cases.workflow import workflow
from families.errors import NotAllowed

TAB = "Needs and plan"
WORKER = WORKERS[0]
STAGES = {
    **{FULL: "assessing", NAUGHTY: "reviewing", "F20": "assessed", "F26": "handed_in", "F08": "reviewing"},
    **{"F14": "closing", "F02": "checked"},
}


def fill_with_stages(engine: Engine) -> None:
    """A family of one worker at each stage that the tab has forms for."""
    made_up_casebook.fill(engine)
    day = data_as_at(engine).as_of
    for place, (family, stage) in enumerate(STAGES.items()):
        take(Walk(engine, family, 2 * place, day - WEEKS_AGO[stage] * WEEK, "demo-north"), stage)


@pytest.fixture
def url(casebook_of):
    return casebook_of(fill_with_stages).url.render_as_string(hide_password=False)


def record(url: str, family: str) -> CaseRecord:
    engine = open_casebook(url)
    try:
        return case_of(engine, MANAGER, family, today=data_as_at(engine).as_of)
    finally:
        engine.dispose()


def box(app: AppTest, kind: str, start: str) -> Any:
    """The one box or button whose key begins so; keys end in the form's number."""
    (one,) = (each for each in app.get(kind) if str(each.key).startswith(start))
    return one


def offered(app: AppTest) -> set[str]:
    """The acts that stand on the page, by the names that the workflow gives them."""
    labels = {act.label: name for name, act in workflow().acts.items()}
    shown = [each.label for kind in ("expander", "button") for each in app.get(kind)]
    return {labels[label] for label in shown if label in labels}


def write(app: AppTest, form: str, name: str, words: str) -> None:
    """What a pad does when somebody has stopped typing: AppTest draws no component of ours."""
    number = app.session_state[f"draft_{form}"].number
    app.session_state[f"{form}_{name}_{number}"] = {"written": {"text": words, "number": number, "count": 1}}


def draft_of(url: str, family: str, kind: str) -> noting.SavedDraft | None:
    engine = open_casebook(url)
    try:
        return noting.draft(engine, WORKER, family, kind)
    finally:
        engine.dispose()


def fill(app: AppTest, form: str, **boxes: tuple[str, Any]) -> AppTest:
    """Write in the boxes of a form, each given with its kind, and save."""
    for name, (kind, value) in boxes.items():
        if kind == "pad":
            write(app, form, name, value)
        else:
            box(app, kind, f"{form}_{name}_").set_value(value)
    return box(app, "button", f"{form}_save_").click().run()


OFFERED = {
    FULL: {"record_consent", "add_helper", "change_helper", "answer_fact", "complete_assessment", "add_need", "ask_closure"},
    "F20": {"record_consent", "add_helper", "change_helper", "add_need", "add_goal", "ask_closure"},
    "F26": {"record_consent", "add_helper", "change_helper", "add_need", "add_goal", "add_action", "change_action", "ask_closure"},
    NAUGHTY: {"record_consent", "add_helper", "change_helper", "add_need", "add_goal", "add_action", "change_action", "reach_goal", "submit_plan", "hold_review", "ask_closure"},
    "F14": {"record_consent", "add_helper", "change_helper"},
    "F02": set(),
}  # fmt: skip


@pytest.mark.parametrize("family", OFFERED)
def test_a_worker_is_offered_what_the_case_allows_and_no_more(opened, url, family):
    app = opened("caseworker", family=family, section=TAB, url=url)
    assert offered(app) == OFFERED[family]
    assert_described(app)
    assert_keyed(app)
    assert_headings_skip_no_level(app)
    assert not [text for text in wrongly_read(app) if not text.startswith(":red-badge[:material/")]  # the bar's own


@pytest.mark.parametrize(
    ("role", "family", "acts"),
    [
        ("team_manager", "F26", {"approve_plan", "return_plan"}),
        ("team_manager", "F14", {"approve_closure", "return_closure"}),
        ("programme_manager", "F08", {"step", "transfer"}),
    ],
)
def test_a_manager_is_offered_the_decisions(opened, url, role, family, acts):
    shown = offered(opened(role, family=family, section=TAB, url=url))
    assert acts <= shown
    assert not shown & {"add_goal", "add_need", "hold_review", "ask_closure", "answer_fact"}


def test_who_may_only_read_is_offered_nothing(opened, url):
    app = opened("auditor", family="F08", section=TAB, url=url)
    assert "Where the work stands" in everything_said(app)
    assert not offered(app)
    assert not [each for each in app.get("button") if "_save_" in str(each.key)]


def test_somebody_elses_family_shows_none_of_its_work(opened, url):
    app = opened("caseworker_2", family="F08", section=TAB, url=url)
    assert TAB not in [tab.label for tab in app.get("tab")]
    assert "Getting to school" not in everything_said(app)
    engine = open_casebook(url)
    case = record(url, "F08").line
    given = {"purpose": "family_help", "answer": "given", "how": "x", "name": "A", "token": "not-my-family"}
    with pytest.raises(NotAllowed):
        agreeing.record_consent(engine, WORKERS[1], case.case_id, today=dt.date(2013, 9, 1), **given)
    engine.dispose()


def test_without_a_case_or_a_role_in_casework_there_is_no_such_tab(opened, url):
    app = opened("programme_manager", family="F01", section=TAB, url=url)
    assert TAB not in [tab.label for tab in app.get("tab")]
    analyst = opened("data_analyst", family="F03", url=url)
    assert TAB not in [tab.label for tab in analyst.get("tab")]
    said = "\n".join(str(each.value) for each in analyst.get("markdown"))
    assert glance.NOT_TOLD in said
    assert glance.NO_CASE not in said


@on_both
def test_facts_are_shown_with_source_and_day_and_answered_together(opened, url):
    app = opened("caseworker", family=FULL, section=TAB, url=url)
    facts = next(table.value for table in app.table if "Your answer" in table.value)
    absence = facts[facts["What the records say"].str.contains("66 of 374")].iloc[0]
    assert (absence["Source"], absence["As at"], absence["Answer"]) == ("Session marks", "19 Jul 2013", "Met")
    unknown = facts[facts["Answer"] == "Not known"].iloc[0]
    assert unknown["Source"] == "not supplied"

    form = f"assessment/answer_{record(url, FULL).line.case_id}"
    fill(app, form, answer_0=("radio", "wrong"), answer_1=("radio", "right"))
    assert "write what is right instead" in app.error[0].value
    assert box(app, "radio", f"{form}_answer_0_").value == "wrong"
    fill(app, form, correction_0=("text_input", "Ella lives with her aunt."))
    assert "Your answers are saved" in app.success[0].value
    case = record(url, FULL)
    assert [fact["answer"] for fact in case.facts[:3]] == ["corrected", "accepted", None]
    assert case.facts[0]["said"].startswith("child;")  # what the source says stays
    (sent,) = case.corrections
    assert (sent["correction"], sent["settled_on"]) == ("Ella lives with her aunt.", None)
    assert "Ella lives with her aunt." in everything_said(app)
    engine = open_casebook(url)
    assert len(open_corrections(engine, Reader("demo-data-analyst", "data_analyst", "test"))) == 1
    engine.dispose()


@on_both
def test_a_need_is_added_once_and_all_that_is_missing_is_said_at_once(opened, url):
    app = opened("caseworker", family=FULL, section=TAB, url=url)
    form = f"needs/add_{record(url, FULL).line.case_id}"
    number = app.session_state[f"draft_{form}"].number
    fill(app, form, label=("text_input", "Sleep"))
    for missing in ("What the family says of it", "How it stands now", "What shows it"):
        assert missing in app.error[0].value
    assert sum("Error:" in each.value for each in app.markdown) == 3
    assert box(app, "text_input", f"{form}_label_").value == "Sleep"  # what was typed stays
    boxes = {
        **{"own_words": ("pad", "Nobody sleeps."), "evidence": ("pad", "Seen."), "score": ("number_input", 2)},
        "person_id": ("selectbox", "P0000010"),
    }  # fmt: skip
    fill(app, form, **boxes)
    assert not app.error
    (need,) = record(url, FULL).needs
    assert (need.label, need.baseline, need.own_words, need.name) == ("Sleep", 2, "Nobody sleeps.", "Ria Okafor-Reilly")
    assert box(app, "text_input", f"{form}_label_").value == ""
    # A second click on the same form comes with the same number, and adds nothing.
    app.session_state[f"draft_{form}"] = replace(app.session_state[f"draft_{form}"], number=number)
    app.run()
    fill(app, form, label=("text_input", "Sleep"), **boxes)
    assert not app.error
    assert len(record(url, FULL).needs) == 1


@on_both
def test_a_form_is_kept_until_its_act_is_done_or_it_is_thrown_away(opened, url):
    app = opened("caseworker", family=FULL, section=TAB, url=url)
    form = f"needs/add_{record(url, FULL).line.case_id}"
    write(app, form, "own_words", "Nobody sleeps.")
    box(app, "number_input", f"{form}_score_").set_value(2).run()
    kept = {"own_words": "Nobody sleeps.", "score": 2}
    assert draft_of(url, FULL, "need").body == kept
    again = opened("caseworker", family=FULL, section=TAB, url=url)
    assert "You have begun this, and it is kept" in everything_said(again)
    assert box(again, "number_input", f"{form}_score_").value == 2
    box(again, "date_input", f"{form}_evidence_on_").set_value(dt.date(2013, 7, 1)).run()
    assert draft_of(url, FULL, "need").body == kept | {"evidence_on": "2013-07-01"}
    assert box(app, "date_input", f"{form}_evidence_on_").value != dt.date(2013, 7, 1)
    box(app, "number_input", f"{form}_score_").set_value(3).run()  # in the first window, which has not seen it
    assert "Another window saved this draft" in app.error[0].value
    box(app, "button", f"draft_{form}_theirs_").click().run()
    assert box(app, "date_input", f"{form}_evidence_on_").value == dt.date(2013, 7, 1)
    fill(app, form, label=("text_input", "Sleep"), evidence=("pad", "Seen."))
    (need,) = record(url, FULL).needs
    assert (need.own_words, need.baseline, draft_of(url, FULL, "need")) == ("Nobody sleeps.", 2, None)
    write(app, form, "own_words", "More.")
    box(app, "number_input", f"{form}_score_").set_value(4).run()
    box(app, "button", f"{form}_discard_").click().run()
    assert draft_of(url, FULL, "need") is None
    assert box(app, "number_input", f"{form}_score_").value is None


def test_changes_are_kept_for_each_row_with_the_version_they_began_from(opened, url):
    case = record(url, "F08")
    first, second = case.goals[0].actions[:2]
    of_first, of_second = (f"plan/change_{case.line.case_id}_{each.action_id}" for each in (first, second))
    app = opened("caseworker", family="F08", section=TAB, url=url)
    app.selectbox(key="action_chosen").set_value(second.action_id).run()
    box(app, "text_input", f"{of_second}_owner_").set_value("Her aunt").run()

    again = opened("caseworker", family="F08", section=TAB, url=url)
    assert f"and it is kept: open it to go on. Begun: {second.words}" in everything_said(again)
    assert again.selectbox(key="action_chosen").value == second.action_id
    assert box(again, "text_input", f"{of_second}_owner_").value == "Her aunt"
    again.selectbox(key="action_chosen").set_value(first.action_id).run()
    assert box(again, "text_input", f"{of_first}_owner_").value == first.owner  # a draft is of one action
    engine = open_casebook(url)
    at = {"row_version": second.row_version, "today": dt.date(2013, 9, 1), "token": "quicker-change"}
    given = {"owner": second.owner, "due_on": dt.date(2013, 12, 1), "done_on": None}
    planning.change_action(engine, WORKER, case.line.case_id, second.action_id, **given, **at)
    assert [line.draft_kind for line in today_of(engine, WORKER, today=at["today"]).lines if line.what == "draft"] == [
        "change_to_an_action"
    ]
    engine.dispose()

    late = opened("caseworker", family="F08", section=TAB, url=url)
    assert box(late, "date_input", f"{of_second}_due_on_").value == second.due_on  # as it was when this was begun
    fill(late, of_second)
    both = next(table.value for table in late.table if "Theirs" in table.value).set_index("What")
    assert list(both.loc["By"]) == [words.long_date(second.due_on), "1 December 2013"]
    box(late, "button", f"{of_second}_mine_").click().run()
    assert record(url, "F08").goals[0].actions[1].owner == "Her aunt"
    assert draft_of(url, "F08", noting.kind_of("change_to_an_action", second.action_id)) is None
    assert "and it is kept" not in everything_said(late)


def test_a_change_to_a_helper_and_a_goal_reached_are_kept_too(opened, url):
    case = record(url, "F08")
    helper, goal = case.helpers[0], case.goals[0]
    change, reach = f"team/change_{case.line.case_id}_{helper['helper_id']}", f"plan/reach_{case.line.case_id}"
    app = opened("caseworker", family="F08", section=TAB, url=url)
    app.selectbox(key="helper_chosen").set_value(helper["helper_id"]).run()
    box(app, "text_input", f"{change}_phone_").set_value("01632 960 222").run()
    box(app, "text_input", f"{change}_job_").set_value("").run()
    box(app, "selectbox", f"{reach}_goal_id_").set_value(goal.goal_id).run()
    kept = draft_of(url, "F08", noting.kind_of("change_to_a_helper", helper["helper_id"])).body
    assert (kept["phone"], kept["job"], kept["name"]) == ("01632 960 222", "", helper["name"])

    again = opened("caseworker", family="F08", section=TAB, url=url)
    assert again.selectbox(key="helper_chosen").value == helper["helper_id"]
    assert box(again, "text_input", f"{change}_job_").value == ""  # what was taken away stays away
    assert box(again, "selectbox", f"{reach}_goal_id_").value == goal.goal_id
    box(again, "button", f"{change}_discard_").click().run()
    assert box(again, "text_input", f"{change}_job_").value == helper["job"]
    box(again, "button", f"{reach}_save_").click().run()
    assert record(url, "F08").goals[0].reached_on == dt.date(2013, 9, 1)
    assert record(url, "F08").helpers[0] == helper
    assert draft_of(url, "F08", "goal_reached") is None


def test_an_assessment_is_not_complete_before_every_fact_has_an_answer(opened, url):
    app = opened("caseworker", family=FULL, section=TAB, url=url)
    form = f"assessment/complete_{record(url, FULL).line.case_id}"
    fill(app, form, words=("pad", "Help us."), summary=("pad", "Mornings."))
    assert "Accept or correct every fact first" in app.error[0].value
    assert draft_of(url, FULL, "assessment").body["words"] == "Help us."
    assert record(url, FULL).line.state == "accepted"


def test_consent_is_recorded_by_purpose_and_the_last_answer_counts(opened, url):
    app = opened("caseworker", family="F20", section=TAB, url=url)
    form = f"consent/record_{record(url, 'F20').line.case_id}"
    said = {"purpose": ("selectbox", "family_help"), "how": ("text_input", "by telephone")}
    fill(app, form, **said, answer=("radio", "withdrawn"), person_id=("selectbox", "somebody else"))
    assert "write who it is" in app.error[0].value
    fill(app, form, name=("text_input", "Parent"))
    (withdrawn, *_) = reversed(record(url, "F20").consents)
    assert (withdrawn["answer"], withdrawn["name"], withdrawn["how"]) == ("withdrawn", "Parent", "by telephone")
    table = next(table.value for table in app.table if "Counts now" in table.value)
    assert [said.split("\\")[0] for said in table["Counts now"]] == ["yes", "no", "yes"]


def test_a_stale_version_is_shown_beside_the_other_and_a_person_chooses(opened, url):
    """Somebody else changes the same professional while the form stands."""
    case = record(url, "F20")
    helper = case.helpers[0]
    form = f"team/change_{case.line.case_id}_{helper['helper_id']}"

    def quicker(phone: str) -> None:
        engine, now = open_casebook(url), record(url, "F20").helpers[0]
        person = agreeing.Professional(now["name"], now["agency"], now["job"], phone)
        at = {"today": dt.date(2013, 9, 1), "token": f"quicker-{phone.replace(' ', '')}"}
        agreeing.change_helper(
            engine, TEAM_MANAGER, case.line.case_id, helper["helper_id"], person, row_version=now["row_version"], **at
        )
        engine.dispose()

    app = opened("caseworker", family="F20", section=TAB, url=url)
    app.selectbox(key="helper_chosen").set_value(helper["helper_id"]).run()
    quicker("01632 960 111")
    app.run()  # drawn again meanwhile, the boxes still hold what they were filled with
    fill(app, form, phone=("text_input", "01632 960 222"))
    both = next(table.value for table in app.table if "Theirs" in table.value).set_index("What")
    assert list(both.loc["Telephone"]) == ["01632 960 222", "01632 960 111"]
    assert record(url, "F20").helpers[0]["phone"] == "01632 960 111"
    box(app, "button", f"{form}_mine_").click().run()
    assert app.success
    assert record(url, "F20").helpers[0]["phone"] == "01632 960 222"

    quicker("01632 960 333")
    fill(app, form, job=("text_input", "Head"))
    box(app, "button", f"{form}_theirs_").click().run()
    assert "Nothing was changed" in app.success[0].value
    assert box(app, "text_input", f"{form}_phone_").value == "01632 960 333"
    assert record(url, "F20").helpers[0]["job"] == helper["job"]


@on_both
def test_a_decision_on_a_case_that_went_on_is_not_taken(opened, url):
    """The level was changed between the drawing and the click."""
    case = record(url, "F26")
    form = f"plan/approve_plan_{case.line.case_id}"
    app = opened("team_manager", family="F26", section=TAB, url=url)
    engine = open_casebook(url)
    stepped = {"level": "targeted", "to_whom": "Us", "reason": "More.", "today": dt.date(2013, 9, 1)}
    reviewing.step(
        engine, MANAGER, case.line.case_id, **stepped, row_version=case.line.row_version, token="stepped-first"
    )
    engine.dispose()
    fill(app, form, reason=("pad", "Good."))
    assert "Somebody changed this" in app.error[0].value
    assert "Changed by Priya Raman" in everything_said(app)
    assert record(url, "F26").plans[0]["decision"] is None
    box(app, "button", f"{form}_mine_").click().run()
    assert record(url, "F26").plans[0]["decision"] == "approved"


@on_both
def test_a_plan_is_written_handed_in_and_given_back(opened, url):
    app = opened("caseworker", family="F20", section=TAB, url=url)
    case_id = record(url, "F20").line.case_id
    day = dt.date(2013, 10, 1)
    goal = {"words": ("pad", "In school"), "outcome": ("text_input", "Attendance"), "owner": ("text_input", "We")}
    fill(app, f"plan/goal_{case_id}", **goal, due_on=("date_input", day))
    box(app, "button", f"plan/submit_{case_id}_save_").click().run()
    assert "each goal at least one action" in app.error[0].value
    (made,) = record(url, "F20").goals
    action = {"goal_id": ("selectbox", made.goal_id), "words": ("pad", "Call"), "owner": ("text_input", "Me")}
    fill(app, f"plan/action_{case_id}", **action, due_on=("date_input", day))
    box(app, "button", f"plan/submit_{case_id}_save_").click().run()
    assert "The plan is handed in" in app.success[0].value
    assert not [each for each in app.button if str(each.key).startswith("plan/submit")]

    app = opened("team_manager", family="F20", section=TAB, url=url)
    assert "Version 1 waits for a decision" in everything_said(app)
    fill(app, f"plan/return_plan_{case_id}")
    assert "What is to be changed" in app.error[0].value
    fill(app, f"plan/return_plan_{case_id}", reason=("pad", "Name the school."))
    assert record(url, "F20").plans[0]["decision"] == "returned"


def test_actions_are_changed_and_goals_reached(opened, url):
    app = opened("caseworker", family="F08", section=TAB, url=url)
    case = record(url, "F08")
    action = case.goals[0].actions[1]
    app.selectbox(key="action_chosen").set_value(action.action_id).run()
    form = f"plan/change_{case.line.case_id}_{action.action_id}"
    fill(app, form, done_on=("date_input", dt.date(2013, 10, 1)))
    assert "not done on a day to come" in app.error[0].value
    fill(app, form, done_on=("date_input", dt.date(2013, 8, 30)))
    reach = f"plan/reach_{case.line.case_id}"
    fill(app, reach, goal_id=("selectbox", case.goals[0].goal_id))
    goal = record(url, "F08").goals[0]
    assert (goal.actions[1].done_on, goal.reached_on) == (dt.date(2013, 8, 30), dt.date(2013, 9, 1))


@pytest.mark.usefixtures("held_to_schema")
@on_both
def test_a_review_shows_before_and_now_and_scores_every_need(opened, url):
    app = opened("caseworker", family="F08", section=TAB, url=url)
    case = record(url, "F08")
    chart = app.get("vega_lite_chart")[0].proto
    shown = next(table.value for table in app.table if "At the start" in table.value)
    for _, row in shown.iterrows():
        assert f"{row['Need']} {row['At the start']} at the start and {row['Now']} now" in chart.alt
    form = f"review/hold_{case.line.case_id}"
    said = {"words": ("pad", "Good."), "family_view": ("pad", "Better.")}
    first, *rest = case.needs
    told = {f"evidence_{need.need_id}": ("text_input", "Seen.") for need in case.needs}
    fill(app, form, **said, **told, **{f"score_{first.need_id}": ("number_input", 8)})
    assert "give a number from 1 to 10" in app.error[0].value
    fill(app, form, **{f"score_{need.need_id}": ("number_input", 9) for need in rest})
    assert "The review is recorded" in app.success[0].value
    assert [need.now for need in record(url, "F08").needs] == [8, *([9] * len(rest))]
    reviews = next(
        table.value for table in app.table if any(name.startswith("Last review") for name in table.value.columns)
    )
    assert [name.split(",")[0] for name in reviews.columns] == ["What", "Before", "Last review"]


def test_a_family_is_stepped_up_with_a_reason(opened, url):
    app = opened("team_manager", family="F08", section=TAB, url=url)
    case = record(url, "F08")
    form = f"level/step_{case.line.case_id}"
    fill(app, form, level=("radio", "social_care"), to_whom=("text_input", "Social care"))
    assert "Why: write something here" in app.error[0].value.replace("\\", "")
    fill(app, form, reason=("pad", "Risk at home."))
    assert record(url, "F08").line.level == "social_care"
    assert "Risk at home." in everything_said(app)


def test_a_family_is_given_to_another_worker_who_works_here(opened, url):
    case, engine = record(url, "F08"), open_casebook(url)
    app = opened("team_manager", family="F08", section=TAB, url=url)
    form = f"transfer/give_{case.line.case_id}"
    offered = box(app, "radio", f"{form}_worker_").options
    assert not [each for each in offered if each.startswith(str(case.line.worker_name))]
    assert all("would have" in each for each in offered)
    (other,) = (each.staff_id for each in WORKERS if each.staff_id != case.line.worker)
    fill(app, form, worker=("radio", other))
    assert "Why: write something here" in app.error[0].value.replace("\\", "")
    fill(app, form, reason=("pad", "Long leave."))
    assert record(url, "F08").line.worker == other
    assert "both are told" in app.success[0].value
    administrator = Reader("demo-administrator", "administrator", "test")
    disable_staff(engine, administrator, case.line.worker, reason="Has left.", at=dt.datetime.now(dt.UTC))
    app = opened("team_manager", family="F08", section=TAB, url=url)
    assert len(offered) == 1
    assert transferring.NOBODY in everything_said(app)
    engine.dispose()


@on_both
def test_closure_is_asked_for_decided_by_somebody_else_and_checked(opened, url):
    app = opened("caseworker", family="F08", section=TAB, url=url)
    case_id = record(url, "F08").line.case_id
    form = f"closure/ask_{case_id}"
    names = ("outcomes", "safety", "family_view")
    said = dict.fromkeys(names, ("pad", "So.")) | {"step_down_to": ("text_input", "School")}
    fill(app, form, **said, reason=("selectbox", "needs_met"))
    assert "What becomes of" in app.error[0].value  # of actions not done
    fill(app, form, open_actions=("pad", "The school goes on."))
    assert record(url, "F08").line.state == "closing"

    app = opened("team_manager", family="F08", section=TAB, url=url)
    fill(app, f"closure/return_closure_{case_id}", reason=("pad", "One more review."))
    assert record(url, "F08").line.state == "reviewing"

    app = opened("team_manager", family="F14", section=TAB, url=url)
    fill(app, f"closure/approve_closure_{record(url, 'F14').line.case_id}")
    closed = record(url, "F14")
    assert (closed.line.state, closed.dates["check_due_on"]) == ("closed", dt.date(2014, 3, 1))
    assert "Due on 1 March 2014" in everything_said(app)
    assert "record_check" not in offered(app)


def test_the_check_after_six_months_is_shown_without_reopening(opened, url):
    app = opened("caseworker", family="F02", section=TAB, url=url)
    said = everything_said(app)
    assert "The change has lasted" in said
    assert "Closed with" in said


def test_nobody_is_offered_the_approval_of_their_own_work(opened, url):
    """A worker who wrote the plan and asked for closure, and is a manager by now."""
    engine = open_casebook(url)
    with directly(engine) as connection:
        connection.exec_driver_sql("UPDATE staff SET role = 'programme_manager' WHERE staff_id = 'demo-caseworker'")
    engine.dispose()
    for family, act in (("F26", "approve_plan"), ("F14", "approve_closure")):
        app = opened("caseworker", family=family, section=TAB, url=url)
        assert "somebody else" in everything_said(app)
        assert act not in offered(app)


def test_who_was_disabled_meanwhile_saves_nothing(opened, url):
    app = opened("caseworker", family="F20", section=TAB, url=url)
    engine = open_casebook(url)
    administrator = Reader("demo-administrator", "administrator", "test")
    disable_staff(engine, administrator, "demo-caseworker", reason="Has left.", at=dt.datetime.now(dt.UTC))
    engine.dispose()
    case = record(url, "F20")
    form = f"needs/add_{case.line.case_id}"
    boxes = {"label": ("text_input", "Sleep"), "own_words": ("pad", "A"), "evidence": ("pad", "B")}
    fill(app, form, **boxes, score=("number_input", 2))
    assert title(app) == "Choose who you are"
    assert len(record(url, "F20").needs) == len(case.needs)


@on_both
def test_an_analyst_settles_a_correction_and_the_worker_is_told(opened, url):
    engine = open_casebook(url)
    case_id, day = record(url, FULL).line.case_id, dt.date(2013, 9, 1)
    said = {"correction": "She moved.", "today": day, "token": "correction-1"}
    sent = assessing.answer_fact(engine, WORKER, case_id, 0, **said)
    app = opened("data_analyst", page="pages_/quality.py", url=url)
    assert "Corrections to settle" in everything_said(app)
    assert "6 Sep 2013 (in 5 days)" in everything_said(app)
    (query,) = record(url, FULL).corrections
    assert query["query_id"] == sent
    app.selectbox(key="correction_chosen").set_value(sent).run()
    form = f"corrections/settle_{sent}"
    fill(app, form)
    assert "write something here" in app.error[0].value
    fill(app, form, told=("text_area", "The school agrees and changes it."))
    assert "Settled" in app.success[0].value
    assert "No correction waits." in everything_said(app)
    assert record(url, FULL).corrections[0]["told"] == "The school agrees and changes it."
    assert "The school agrees" in everything_said(opened("caseworker", family=FULL, section=TAB, url=url))
    with pytest.raises(NotAllowed):
        assessing.settle_correction(engine, MANAGER, sent, told="Mine.", today=day)
    engine.dispose()


def test_a_council_may_allow_self_approval_and_it_is_marked(opened, url, monkeypatch):
    """Without the setting a worker who wrote a plan is not offered its approval, and is refused it; both are shown."""
    engine = open_casebook(url)
    line, day = record(url, "F26").line, dt.date(2013, 9, 1)
    at = {"row_version": line.row_version, "today": day}
    assert "approve_plan" not in offered(opened("caseworker", family="F26", section=TAB, url=url))
    with pytest.raises(NotAllowed, match="is for a programme manager or a team manager"):
        planning.approve_plan(engine, WORKER, line.case_id, **at, token="own-approval-1")
    monkeypatch.setenv("FAMILIES_SELF_APPROVAL", "true")
    with pytest.raises(NotAllowed, match="There is no case"):
        planning.approve_plan(engine, WORKERS[1], line.case_id, **at, token="own-approval-2")
    app = opened("caseworker", family="F26", section=TAB, url=url)
    assert "return_plan" not in offered(app)
    fill(app, f"plan/approve_plan_{line.case_id}")
    assert record(url, "F26").plans[0]["decision"] == "approved"
    assert "on their own work as the council allows" in everything_said(app)
    with directly(engine) as connection:
        (detail,) = connection.exec_driver_sql(
            "SELECT detail FROM audit_event WHERE action = 'approve_plan' AND staff_id = 'demo-caseworker'"
        ).one()
    assert '"own_approval": true' in detail
    engine.dispose()
