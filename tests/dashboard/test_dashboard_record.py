"""The family record as the caseworker's home, without a browser: parts by role, notes and drafts, alerts, access log."""

from __future__ import annotations

import datetime as dt

import made_up_casebook
import pytest
from made_up_casebook import FULL, on_both
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest
from test_dashboard_pages import assert_described, assert_headings_skip_no_level, assert_keyed, everything_said, title

from dashboard.record import chronology_chart
from families.casebook import restricting
from families.casebook.access import MAY_READ_ACCESS
from families.casebook.case_scope import READ_CASES
from families.casebook.reading import data_as_at
from families.casebook.views import Reader
from families.cases import curating, noting
from families.cases.chronology import chronology
from families.cases.clock import casework_today
from families.cases.record import case_head, notes_of
from families.cases.views import Event, Phase
from families.errors import Refused

CASE_TABS = ("Chronology", "Notes", "Needs and plan")
MANAGER, TEAM_MANAGER, WORKER = (
    Reader(f"demo-{role.replace('_', '-')}", role, "test")
    for role in ("programme_manager", "team_manager", "caseworker")
)


class Family:
    """One family that a worker has accepted, in a casebook of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.url = engine, engine.url
        self.day = casework_today(data_as_at(self.engine), dt.datetime.now(dt.UTC))
        self.case_id = case_head(self.engine, MANAGER, FULL, today=self.day).line.case_id

    def notes(self):
        return notes_of(self.engine, WORKER, FULL).notes

    def draft(self, kind="note"):
        return noting.draft(self.engine, WORKER, FULL, kind)


@pytest.fixture
def family(casebook_of):
    return Family(casebook_of(made_up_casebook.fill_with_accepted_family))


@pytest.fixture
def record(opened, family):
    """Open the family's record at one of its parts."""
    return lambda section="Overview", role="caseworker": opened(role, family=FULL, section=section, url=family.url)


def box(app: AppTest, kind: str, name: str):
    """The widget of a draft whose key has this name; its number is another each time."""
    (found,) = (each for each in app.get(kind) if f"_{name}_" in (each.key or ""))
    return found


def type_in(app: AppTest, family: Family, words: str, kind: str = "note") -> AppTest:
    """What the pad does when somebody has stopped typing: AppTest draws no component of ours."""
    held = app.session_state[f"{kind}_{family.case_id}"]
    key = f"{kind}_{family.case_id}_words_{held.number}"
    app.session_state[key] = {"written": {"text": words, "number": held.number, "count": 1}}
    return app


def test_the_bar_says_stage_worker_and_what_is_next(record):
    said = everything_said(record())
    assert title(record()) == "Okafor-Reilly family"
    assert "Accepted by a worker" in said
    assert "Lead worker: Funmi Adeyemi" in said
    assert "The assessment is due." in said
    assert "2 alerts wait" in said


def tabs(app: AppTest) -> list[str]:
    return [tab.label for tab in app.get("tab")]


@pytest.mark.parametrize("role", ["caseworker", "team_manager", "programme_manager", "auditor", "ig_officer"])
def test_each_role_has_the_parts_it_may_read(record, role):
    app = record(role=role)
    assert set(CASE_TABS) <= set(tabs(app)) or role not in READ_CASES
    assert ("Access log" in tabs(app)) == (role in MAY_READ_ACCESS)


def test_absence_says_who_misses_the_school_test_and_shades_the_time_before_the_work(record, opened):
    app = record("Absence")
    said = everything_said(app)
    assert (
        "Ria Okafor-Reilly (9) does not meet the education test: sessions of unauthorised absence come to 17.6% over "
        "the 3 terms, where the test asks for less than 15%: 16.9% in Autumn term, 2012/13; 20% in Spring term"
    ) in said
    assert "Shaded are the three terms before confirmation, 1 September 2013." in said
    test = next(table for table in app.table if "term by term" in table.proto.alt).value
    cells = [cell.replace("\\", "") for cell in test.iloc[-1]]
    assert cells[2:] == ["✓ Met, 0%", "? Not known", "? Not known", "? Not known"]
    assert "15% or more unauthorised absence across the last three terms" in said
    assert "Spring 2, 2012/13; Summer 1, 2012/13: On the roll of more than one school: The Link PRU" in said
    ria = app.get("vega_lite_chart")[0].proto.alt
    assert "suspended 1 time" in ria
    assert "Before the work began: Autumn 1, 2012/13" in ria
    assert "Shaded" not in everything_said(opened("programme_manager", family=FULL, section="Absence"))


def test_a_child_of_whom_one_parent_is_known_is_asked_about(record):
    asked = "No second parent is known of Ella Reilly (3) and Tom Okafor-Reilly (13): ask the family"
    assert asked in everything_said(record())


def test_without_a_case_the_record_is_as_before(opened):
    app = opened("programme_manager", family=FULL)
    assert not set(CASE_TABS) & set(tabs(app))
    assert "Lead worker" not in everything_said(app)


def test_a_withheld_address_is_said_to_be_not_shown_and_not_to_be_not_known(record, family):
    engine, now = family.engine, dt.datetime.now(dt.UTC)
    officer, soon = Reader("demo-ig-officer", "ig_officer", "protect"), now.date() + dt.timedelta(days=30)
    said = {"kind": "withheld_address", "reason": "They fled.", "review_on": soon, "at": now}
    number = restricting.restrict(engine, officer, FULL, **said)
    given = {"staff_id": WORKER.staff_id, "sees_address": False, "reason": "Works with them.", "ends_on": soon}
    restricting.let_in(engine, officer, number, **given, at=now)
    told = everything_said(record())
    assert "Address not shown to you" in told
    assert "Address not known" not in told


@pytest.mark.parametrize("section", ["Overview", "Chronology", "Notes", "Access log"])
def test_what_holds_on_every_part(record, section):
    app = record(section, role="team_manager")
    assert [tab.label for tab in app.get("tab") if tab.children] == [section]
    assert_described(app)
    assert_keyed(app)
    assert_headings_skip_no_level(app)
    assert set(app.query_params) <= {"family", "section"}


@on_both
def test_a_draft_is_saved_found_again_and_completed(record, family):
    app = record("Notes")
    box(app, "selectbox", "kind").set_value("visit").run()
    box(app, "multiselect", "person_ids").set_value(["Ria Okafor-Reilly"]).run()
    box(app, "checkbox", "child_seen").check().run()
    assert family.draft().body == {
        "kind": "visit",
        "contact_on": family.day.isoformat(),
        "person_ids": ["P0000010"],
        "child_seen": True,
    }
    again = record("Notes")
    assert box(again, "selectbox", "kind").value == "visit"
    assert box(again, "multiselect", "person_ids").value == ["P0000010"]
    box(again, "button", "complete").click().run()
    assert "Write what happened" in again.error[0].value
    type_in(again, family, "Ria was at home.")
    box(again, "button", "complete").click().run()
    assert "The note is complete" in again.success[0].value
    (note,) = family.notes()
    assert (note.words, note.child_seen, note.people) == (
        "Ria was at home.",
        True,
        (("P0000010", "Ria Okafor-Reilly"),),
    )
    assert family.draft() is None
    assert "Ria was at home." in [text.value for text in again.get("text")]


def test_a_note_is_evidence_for_a_criterion_asked_of_the_family_and_for_no_other(record, family):
    app = record("Notes")
    label = "15% or more unauthorised absence across the last three terms"
    box(app, "selectbox", "kind").set_value("visit").run()
    box(app, "multiselect", "person_ids").set_value(["Ria Okafor-Reilly"]).run()
    box(app, "selectbox", "criterion").set_value("unauthorised_absence").run()
    type_in(app, family, "Ria has been in school every day since Easter.")
    box(app, "button", "complete").click().run()
    (note,) = family.notes()
    assert note.criterion == "unauthorised_absence"
    (about,) = (table.value for table in app.table if "Evidence for" in table.value.iloc[:, 0].to_list())
    assert about.set_index("What").loc["Evidence for", "Which"].replace("\\", "") == label
    form = noting.NoteForm("visit", family.day, "Words.", ["P0000010"], criterion="no_such_criterion")
    with pytest.raises(Refused, match="not asked of the family"):
        noting.write_note(family.engine, WORKER, family.case_id, form, today=family.day, token="another-note")


def test_a_draft_that_another_window_saved_is_shown_beside_this_one(record, family):
    app = record("Notes")
    box(app, "selectbox", "kind").set_value("visit").run()
    noting.save_draft(family.engine, WORKER, FULL, "note", body={"kind": "call", "words": "Theirs."}, version=1)
    type_in(app, family, "Mine.")
    box(app, "checkbox", "child_seen").check().run()
    (both,) = (table.value for table in app.table if "Theirs" in table.value.columns)
    words = both[both["What"] == "Words"].iloc[0]
    assert (words["Yours"], words["Theirs"]) == ("Mine\\.", "Theirs\\.")
    assert family.draft().body["words"] == "Theirs."
    box(app, "button", "mine").click().run()
    assert (family.draft().body["words"], family.draft().body["kind"]) == ("Mine.", "visit")
    assert not [table for table in app.table if "Theirs" in table.value.columns]


def test_my_drafts_on_today_lead_to_the_note(opened, family):
    noting.save_draft(family.engine, WORKER, FULL, "note", body={"words": "Half of it."}, version=0)
    app = opened("caseworker", page="pages_/today.py", url=family.url)
    assert "My drafts" in everything_said(app)
    app.button(key="draft_open_0").click().run()
    assert title(app) == "Okafor-Reilly family"
    assert app.session_state[f"note_{family.case_id}"].body == {"words": "Half of it."}


@on_both
def test_alerts_are_acknowledged_and_put_off_with_a_reason(record, family):
    app = record()
    form = next(each for each in app.get("selectbox") if "alert_id" in each.key)
    form.select_index(0)
    way = next(each for each in app.radio if "_way_" in each.key)
    way.set_value("acknowledge")
    save = next(each for each in app.button if "answer_" in (each.key or "") and "_save_" in each.key)
    save.click().run()
    assert "Put this right first" in everything_said(app)
    next(each for each in app.text_area if "_reason_" in each.key).set_value("Met the school.")
    next(each for each in app.button if "answer_" in (each.key or "") and "_save_" in each.key).click().run()
    assert "1 alert waits" in everything_said(app)
    assert case_head(family.engine, WORKER, FULL, today=family.day).waiting_alerts == 1


@pytest.mark.usefixtures("held_to_schema")
@on_both
def test_the_chronology_is_filtered_curated_and_changed(record, family):
    app = record("Chronology")
    said = everything_said(app)
    assert "Applied filters: none." in said
    drawn = next(each for each in app.get("vega_lite_chart")).proto.alt
    assert "Stages:" in drawn
    app.multiselect(key="chron_kinds").set_value(["Alert"]).run()
    assert "**2 events**".replace("**", "") in everything_said(app)
    app.button(key="chron_clear").click().run()
    app.session_state["chron_add"] = True
    app.run()
    next(each for each in app.text_area if "_words_" in each.key).set_value("He is in school every day.")
    next(each for each in app.button if "add_" in (each.key or "") and "_save_" in each.key).click().run()
    (entry,) = (each for each in events(family) if each.kind == "curated")
    assert (entry.words, entry.is_significant, entry.version) == ("He is in school every day.", True, 1)
    curating.change_entry(
        family.engine,
        WORKER,
        family.case_id,
        entry.key,
        words="Most days.",
        impact="",
        is_significant=True,
        version=1,
        today=family.day,
        token="somebody-else",
    )
    assert [each.words for each in events(family) if each.kind == "curated"] == ["Most days."]


def events(family):
    return chronology(family.engine, WORKER, FULL)


@on_both
def test_who_looked_is_told_and_told_of(record, family):
    record(role="caseworker")
    app = record("Access log", role="team_manager")
    (looked,) = (table.value for table in app.table if "Purpose" in table.value.columns)
    assert "Funmi Adeyemi" in set(looked["Who"])


def test_the_chart_s_words_come_from_its_frames():
    day = dt.date(2013, 9, 1)
    made = [
        Event(f"e{n}", day - dt.timedelta(days=n * 400), kind, "T", "", "", people, None, False, False, 0)
        for n, (kind, people) in enumerate([("note", (("p1", "Ria"), ("p2", "Tom"))), ("alert", ()), ("note", ())])
    ]
    newest, *older = chronology_chart.windows(made, day)
    shown = chronology_chart.marks(made, newest)
    assert dict(zip(shown["Who"], shown["Number"], strict=True)) == {"Ria": 1, "Tom": 1, "Whole family": 1}
    phases = [Phase("c", "confirmed", day - dt.timedelta(days=30), None)]
    bars = chronology_chart.stages(phases, newest)
    told = chronology_chart.draw(shown, bars, newest).alt
    assert "3 marks. Ria: 1 contact. Tom: 1 contact. Whole family: 1 alert. Stages: confirmed from 2 Aug 2013." in told
    drawn = sum(chronology_chart.marks(made, each)["Number"].sum() for each in (newest, *older))
    assert drawn == 4


def test_the_genogram_says_in_its_table_what_it_draws(opened):
    app = opened("programme_manager", family=FULL, section="Who is linked to whom")
    drawn = app.get("graphviz_chart")[1].proto
    shapes = {line.split("label=")[1][:5]: line for line in drawn.spec.splitlines() if "shape=" in line}
    assert "circle" in shapes['"Ria ']
    assert "square" in shapes['"Tom ']
    assert "dashed" in shapes['"Chid']
    assert sum("peripheries=2" in line for line in drawn.spec.splitlines()) == 1
    (table,) = (each.value for each in app.table if "Parents or carers" in each.value.columns)
    told = {row["Name and age"].split(" ")[0]: row["Parents or carers"] for _, row in table.iterrows()}
    assert "Niamh" in told["Ria"]
    assert "Chidi Okafor" in told["Ria"]
    assert "elsewhere" in told["Ria"]
    assert "Ria" in drawn.alt
