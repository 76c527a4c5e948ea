"""Pages of casework without a browser: who has them, what they say, and that counts and lists agree."""

from __future__ import annotations

import datetime as dt

import made_up_casebook
import pytest
from made_up import AS_OF
from made_up_casebook import FULL, on_both
from streamlit.testing.v1 import AppTest
from test_dashboard_pages import ROLES, assert_described, assert_keyed, everything_said, title

from dashboard import case_tables, words
from families.casebook.case_scope import READ_CASES
from families.casebook.database import open_casebook
from families.casebook.reading import data_as_at
from families.casebook.staff import disable_staff
from families.casebook.views import Reader
from families.cases import agreeing, opening
from families.cases.clock import casework_today
from families.cases.reading import ALLOCATORS, HAVE_A_DAY, my_families, today_of
from families.errors import NotAllowed
from families.working_days import add_working_days

TODAY, MY_FAMILIES, CASELOAD = "pages_/today.py", "pages_/my_families.py", "pages_/caseload.py"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("page", "roles"), [(TODAY, HAVE_A_DAY), (MY_FAMILIES, READ_CASES), (CASELOAD, ALLOCATORS)])
def test_who_has_the_page_and_what_holds_on_it(opened, worked_url, role, page, roles):
    if role not in roles:
        with pytest.raises(ValueError, match=page.split("/")[1].split(".")[0]):
            opened(role, page=page, url=worked_url)
        return
    app = opened(role, page=page, url=worked_url)
    assert title(app) in ("Today", "My families", "Caseload and allocation")
    assert_described(app)
    assert_keyed(app)


def test_each_count_opens_the_lines_that_make_it(opened, worked_url):
    app = opened("caseworker", page=TODAY, url=worked_url)
    control = app.get("button_group")[0]
    (whole,) = (table.value for table in app.table if "What" in table.value)
    assert len(control.options) > 2
    for label in control.options[1:]:
        kind, _, count = label.rpartition(": ")
        assert (whole["What"] == kind).sum() == int(count)
    assert f"Everything: {len(whole)}" in str(control.options[0])


def test_nothing_to_do_is_said(opened):
    app = opened("caseworker", page=TODAY)
    assert "Nothing is overdue." in everything_said(app)
    assert "Nothing waits for you here." in everything_said(app)


def test_whose_day_is_not_made_of_what_is_due_is_told_what_is_late_all_the_same(opened, worked_url):
    app = opened("programme_manager", page=MY_FAMILIES, url=worked_url)
    listed = [cell for table in app.table if "Worker" in table.value for cell in table.value["Next"]]
    number = sum("overdue" in cell for cell in listed)
    said = everything_said(opened("programme_manager", page=TODAY, url=worked_url))
    assert number
    assert f"{number} families have something overdue: My families lists them first." in said
    assert "Nothing is overdue" not in said


def test_a_worker_sees_their_own_and_a_programme_manager_all(opened, worked_url):
    def listed(role: str) -> set[str]:
        app = opened(role, page=MY_FAMILIES, url=worked_url)
        return {row for table in app.table for row in table.value.get("Worker", ())}

    assert listed("caseworker") == {"Funmi Adeyemi"}
    assert len(listed("programme_manager")) > 1


def test_words_of_a_day_that_something_is_due():
    at = dt.date(2013, 9, 1)
    said = [case_tables.due(at + dt.timedelta(days=days), at) for days in (-2, -1, 0, 1, 5)]
    assert [text.partition(" (")[2] for text in said] == [
        "2 days overdue)",
        "1 day overdue)",
        "today)",
        "in 1 day)",
        "in 5 days)",
    ]


MANAGER = Reader("demo-programme-manager", "programme_manager", "test")


@pytest.fixture
def confirmed(casebook_of):
    """A casebook of its own in which two families are confirmed and wait: engine, day, and the case of each."""
    engine = casebook_of(made_up_casebook.fill)
    day = casework_today(data_as_at(engine), dt.datetime.now(dt.UTC))
    said = {"decision": "confirm", "reason": "The records agree.", "today": day, "team_id": "demo-north"}
    ids = [
        opening.decide_identified(engine, MANAGER, family, token=f"confirmed-{family}", **said)
        for family in ("F01", FULL)
    ]
    return engine, day, ids


def choose(app: AppTest, family_id: str) -> None:
    box = app.selectbox(key="allocate_case")
    (place,) = (place for place, told in enumerate(box.options) if told.endswith(f", {family_id}"))
    box.select_index(place).run()


def test_the_data_refuses_whom_the_page_does(confirmed):
    engine, day, _ = confirmed
    for role in set(ROLES) - HAVE_A_DAY:
        with pytest.raises(NotAllowed):
            today_of(engine, Reader("demo", role, "test"), today=day)


@on_both
def test_a_family_is_allocated_accepted_and_counted(opened, confirmed):
    """By a team manager and a worker, each through the pages."""
    engine, day, (_, case) = confirmed
    url = engine.url
    app = opened("team_manager", page=CASELOAD, url=url)
    (waits,) = (table.value["Allocate by"] for table in app.table if "Allocate by" in table.value)
    assert words.short_date(add_working_days(day, 5)) in waits[0]
    choose(app, FULL)
    app.button(key=f"allocate_save_{case}").click().run()
    assert app.error[0].value == "Choose a worker before you allocate\\."
    assert "would have 1 family" in app.radio(key=f"allocate_worker_{case}").proto.captions[0]
    app.radio(key=f"allocate_worker_{case}").set_value("demo-caseworker")
    app.button(key=f"allocate_save_{case}").click().run()
    assert "is offered to the worker" in app.success[0].value
    assert "1 family" in everything_said(app)

    teacher = agreeing.Professional("Ann Lee", "Ash Lane", "Teacher", "01206 550001", "a.lee@example.org", False, day)
    agreeing.add_helper(engine, MANAGER, case, teacher, today=day, token="the-helper-1")
    app = opened("caseworker", page=MY_FAMILIES, url=url)
    offer = [each.value for each in app.subheader]
    assert offer == ["Safety", "Why the family was found", "Who else is involved"]
    safety, why, involved = (table.value for table in app.table[-3:])
    assert safety[["Who", "Outcome"]].to_numpy().tolist() == [["Ria Okafor\\-Reilly", "Not known"]]
    assert "social care covers the last three months" in safety["What"][0]
    assert why["Strand"].tolist() == ["Education", "Education", "Crime and anti\\-social behaviour", "Work"]
    assert (why["Newest evidence"][1], "66 of 374" in why["What"][1]) == ("19 Jul 2013", True)
    row = involved.iloc[0].replace(r"\\", "", regex=True)
    assert (row["Name"], row["Telephone"], row["E-mail"].replace("\u2060", "")) == (
        "Ann Lee", "01206 550001", "a.lee@example.org",
    )  # fmt: skip
    assert row["Last contact"]
    app.radio(key=f"offer_answer_{case}").set_value("decline")
    app.button(key=f"offer_save_{case}").click().run()
    assert app.error
    app.radio(key=f"offer_answer_{case}").set_value("accept")
    app.button(key=f"offer_save_{case}").click().run()
    assert "the assessment has begun" in app.success[0].value
    assert "The assessment is due." in everything_said(app)


@on_both
def test_days_of_leave_are_shown_in_the_table_and_where_a_family_is_offered(opened, confirmed):
    engine, day, (_, case) = confirmed
    url = engine.url
    app = opened("team_manager", page=CASELOAD, url=url)
    app.button(key="leave_save").click().run()
    assert "Choose who is away" in app.error[0].value
    app.selectbox(key="leave_who").set_value("demo-caseworker")
    app.date_input(key="leave_to").set_value(day + dt.timedelta(days=4))
    app.button(key="leave_save").click().run()
    assert "The leave is entered" in app.success[0].value
    told = f"away until {words.short_date(day + dt.timedelta(days=4))}"
    (shown,) = [table.value for table in app.table if "Open families" in table.value]
    assert list(shown["Leave"]).count(told) == 1
    choose(app, FULL)
    assert [told in caption for caption in app.radio(key=f"allocate_worker_{case}").proto.captions].count(True) == 1
    assert "Days of leave" not in everything_said(opened("programme_manager", page=CASELOAD, url=url))
    app = opened("administrator", page="pages_/users.py", url=url)
    app.button(key="leave_withdraw_save").click().run()
    assert "The leave is withdrawn" in app.success[0].value
    assert "Nobody’s leave is entered" in everything_said(app)


def test_a_family_that_somebody_else_allocated_meanwhile_is_not_another_one(opened, confirmed):
    """The list has lost the family that was chosen by the time of the click: nothing is done with the one now first."""
    engine, day, (first, other) = confirmed
    app = opened("team_manager", page=CASELOAD, url=engine.url)
    choose(app, "F01")
    app.radio(key=f"allocate_worker_{first}").set_value("demo-caseworker")
    given = {"worker": "demo-caseworker-2", "priority": "normal", "reason": "", "row_version": 1}
    opening.allocate(engine, MANAGER, first, **given, today=day, token="somebody-else")
    app.button(key=f"allocate_save_{first}").click().run()
    assert app.error
    assert not app.success
    cases = {case.case_id: case for case in my_families(engine, MANAGER, today=day).cases}
    assert cases[first].worker == "demo-caseworker-2"
    assert (cases[other].state, cases[other].worker) == ("confirmed", None)


def test_who_may_no_longer_come_in_does_nothing_with_a_page_that_still_stands(opened, confirmed):
    """Disabled between the drawing of the form and the click: the act is not done, and the page is gone."""
    engine, day, (_, case) = confirmed
    app = opened("team_manager", page=CASELOAD, url=engine.url)
    choose(app, FULL)
    app.radio(key=f"allocate_worker_{case}").set_value("demo-caseworker")
    administrator = Reader("demo-administrator", "administrator", "test")
    now = dt.datetime.now(dt.UTC)
    disable_staff(engine, administrator, "demo-team-manager", reason="Has left.", at=now)
    app.button(key=f"allocate_save_{case}").click().run()
    assert title(app) == "Choose who you are"
    assert {each.state for each in my_families(engine, MANAGER, today=day).cases} == {"confirmed"}


def test_my_families_show_attendance_now_and_before_in_numbers_and_the_alerts_that_wait(opened, worked_url):
    app = opened("caseworker", page=MY_FAMILIES, url=worked_url)
    (table,) = (table.value for table in app.table if "Attendance now" in table.value)
    assert set(table["Change"]) <= {"the same", "not supplied", "no baseline"} | {
        change for change in table["Change"] if change.endswith(" points")
    }
    assert any(told.endswith("%") for told in table["Attendance now"])
    assert any("alert" in told for told in table["Alerts"])


def test_how_a_family_does_since_the_work_began_has_a_tab_of_its_own(opened, worked_url):
    engine = open_casebook(worked_url)
    mine = Reader("demo-caseworker", "caseworker", "test")
    case = next(each for each in my_families(engine, mine, today=AS_OF).cases if each.state == "reviewing")
    said = everything_said(opened("caseworker", family=case.family_id, section="Since the work began", url=worked_url))
    assert "The baseline is the three terms before the assessment" in said
    assert "The next refresh begins to follow this family" in said
    assert "% unauthorised" in said
