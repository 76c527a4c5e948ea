"""The caseworker's home in a real browser: a note that saves itself, outlives a reload, and needs no mouse."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Locator, Page, expect
from serving import served
from test_dashboard_browser import PATIENCE, browser, enter, settled, tab_to
from test_dashboard_browser import pytestmark as needs_chromium

from dashboard import writing_pad
from families.casebook.database import open_casebook
from families.casebook.reading import data_as_at
from families.casebook.views import Reader
from families.cases import agreeing, assessing, curating, noting
from families.cases.clock import casework_today
from families.cases.record import case_head, notes_of

__all__ = ["browser"]
pytestmark = needs_chromium
WORKER = Reader("demo-caseworker", "caseworker", "test")
WORDS = "Everybody was at home. Tom was seen alone and says that mornings are better."


@pytest.fixture(scope="module")
def casebook(accepted: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("record")
    for path in accepted.parent.iterdir():
        shutil.copy(path, folder)
    url = f"sqlite:///{folder / accepted.name}"
    worked_with(url)
    return url


def worked_with(url: str) -> None:
    """What fills the first screen of a record: needs, a team around the family, significant events."""
    engine = open_casebook(url)
    day = casework_today(data_as_at(engine), dt.datetime.now(dt.UTC))
    at = (engine, WORKER, case_head(engine, WORKER, "FULL1", today=day).line.case_id)
    for number, (label, score) in enumerate((("Mornings and school", 3), ("Rent arrears", 4), ("Tom’s friends", 6))):
        said = {"own_words": "It is hard.", "evidence": "Seen at home.", "evidence_on": day, "score": score}
        assessing.add_need(*at, label=label, **said, today=day, token=f"the-need-{number}")
        person = agreeing.Professional(f"Person {number}", "Ash Lane Primary School", "Teacher", f"01206 55000{number}")
        agreeing.add_helper(*at, person, today=day, token=f"the-helper-{number}")
        told = {"words": f"Event {number}: she told us how it has been since the winter.", "impact": ""}
        happened_on = day - dt.timedelta(days=10 * number)
        curating.add_entry(
            *at, happened_on=happened_on, **told, is_significant=True, today=day, token=f"the-event-{number}"
        )
    engine.dispose()


@pytest.fixture(scope="module")
def address(casebook: str) -> Iterator[str]:
    with served({"FAMILIES_DATABASE_URL": casebook}, script="serve.py") as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    window = context.new_page()
    window.goto(f"{address}/family_record?family=FULL1&section=Notes")
    window.get_by_role("radiogroup").wait_for(timeout=3 * PATIENCE)  # the first of all loads every library
    enter(window, "Funmi Adeyemi")
    yield window
    context.close()


def test_a_note_saves_itself_outlives_a_reload_and_is_completed_with_the_keyboard_alone(page: Page, casebook: str):
    pad = page.get_by_role("textbox", name="What happened and what it means")
    pad.wait_for()
    expect(pad).to_have_value("")
    expect(pad).to_have_accessible_description(re.compile(f"Up to {noting.MOST_WORDS:,} characters. No address that"))
    expect(pad).to_have_attribute("maxlength", str(noting.MOST_WORDS))
    tab_to(page, "[role=combobox]")
    page.keyboard.type("Visit")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    for _ in range(20):  # on from box to box, until the words
        page.keyboard.press("Tab")
        if pad.evaluate("box => box.getRootNode().activeElement === box"):
            break
    page.keyboard.type(WORDS)
    expect(page.get_by_role("status").filter(has_text="Not saved yet")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Draft saved")).to_be_visible()
    assert pad.evaluate("box => box.getRootNode().activeElement === box"), "saving took the focus away"
    engine = open_casebook(casebook)
    assert noting.draft(engine, WORKER, "FULL1", "note").body["words"] == WORDS

    page.reload()
    enter(page, "Funmi Adeyemi")
    expect(pad).to_have_value(WORDS)
    expect(page.get_by_role("combobox", name="Kind of contact")).to_have_value("Visit")
    page.get_by_role("combobox", name="Whom it is about").focus()
    page.keyboard.type("Tom")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    pad.focus()
    page.keyboard.press("End")
    page.keyboard.type(" They want to go on.")
    tab_to(page, "button[kind=primary]")  # at once: what is not saved yet goes with it
    page.keyboard.press("Enter")
    expect(page.get_by_text("The note is complete.")).to_be_visible()
    (note,) = notes_of(engine, WORKER, "FULL1").notes
    assert (note.words, note.people) == (f"{WORDS} They want to go on.", (("P0000011", "Tom Okafor-Reilly"),))
    assert noting.draft(engine, WORKER, "FULL1", "note") is None
    expect(pad).to_have_value("")


def test_the_chronology_is_downloaded_and_its_link_opens_nothing_for_another(page: Page, address: str, casebook: str):
    page.get_by_role("tab", name="Chronology").click()
    page.get_by_role("button", name="Export the chronology").click()
    page.get_by_role("combobox", name="What it is for").click()
    page.get_by_role("option", name="A meeting about the family").click()
    pdf = page.get_by_role("link", name="PDF, to read and print")
    expect(pdf).to_be_visible()
    link = f"{address}{pdf.get_attribute('href')}"
    given = page.context.request.get(link)
    assert (given.status, given.body()[:5], given.headers["cache-control"]) == (200, b"%PDF-", "no-store")
    assert "Okafor" not in link
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Change person").click()
    page.get_by_role("radiogroup").wait_for()
    assert page.context.request.get(link).status == 403


def test_a_form_of_the_plan_outlives_a_reload_another_page_and_the_end_of_a_session(page: Page, casebook: str):
    """Without the box ever being left: what stands in it is kept after each pause."""
    page.get_by_role("tab", name="Needs and plan").click()
    page.get_by_text("Ask for closure").click()
    safety = page.get_by_role("textbox", name="That everybody is safe, and how you know")
    safety.click()
    page.keyboard.type("Both children were seen.")
    expect(page.get_by_text("Draft saved").first).to_be_visible()
    assert safety.evaluate("box => box.getRootNode().activeElement === box"), "saving took the focus away"
    page.keyboard.type(" At school.")
    expect(page.get_by_role("status").filter(has_text="Saving")).to_have_count(0)
    page.wait_for_timeout(writing_pad.PAUSE)
    expect(page.get_by_text("Draft saved").first).to_be_visible()

    def found_again() -> None:
        page.get_by_text("You have begun this, and it is kept").wait_for()
        page.get_by_text("Ask for closure").first.click()
        expect(safety).to_have_value("Both children were seen. At school.")

    page.reload()
    enter(page, "Funmi Adeyemi")
    found_again()
    page.get_by_role("tab", name="Notes").click()
    page.get_by_role("textbox", name="What happened and what it means").wait_for()
    page.get_by_role("tab", name="Needs and plan").click()
    found_again()
    engine = open_casebook(casebook)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE staff_session SET last_seen_at = '2026-01-01 00:00:00.000000'"))
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("r")  # Streamlit's own key to draw the page again; a tab may be gone before it is clicked
    page.get_by_text("because nothing was done here for a while").wait_for()
    expect(page.get_by_text("Funmi Adeyemi")).to_have_count(1)  # the choice, and no more the banner
    enter(page, "Funmi Adeyemi")
    page.get_by_role("tab", name="Needs and plan").click()
    found_again()


def test_the_family_is_understood_on_one_screen(page: Page):
    """At 1,280 by 800 and without scrolling: members, needs, plan and next review, who helps, what happened last."""
    page.get_by_role("tab", name="Overview").click()
    heading = page.get_by_role("heading", name="Alerts")
    expect(heading).to_be_visible()
    settled(page)
    for said in ("Bridget Reilly", "Bourne Park Academy", "elsewhere", "Person 2", "Event 2", "Rent arrears 4, now 4"):
        shown = page.get_by_text(said).first
        assert_on_screen(shown, said)
    for said in ("none is approved yet. Next review: none is set", "No second parent is known of Ella Reilly (3) and"):
        assert_on_screen(page.get_by_text(said).first, said)


def assert_on_screen(shown: Locator, what: str) -> None:
    box = shown.bounding_box()
    assert box is not None, what
    assert (box["x"] >= 0, box["y"] >= 0) == (True, True), what
    assert (box["x"] + box["width"] <= 1280, box["y"] + box["height"] <= 800) == (True, True), (what, box)
