"""The dashboard as a person meets it: Debian's Chromium against `streamlit run` on a loopback port."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from serving import served

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LIST = "Families we may be able to help"
PATIENCE = 60_000  # milliseconds: two cores may be busy with other tests

expect.set_options(timeout=PATIENCE)
pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium comes from Debian's packages")


@pytest.fixture(scope="module")
def address(casebook_url: str) -> Iterator[str]:
    with served({"FAMILIES_DATABASE_URL": casebook_url}) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A new window of 1280 by 800 that may speak to this machine only, and says so if it tries another."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)
    elsewhere: list[str] = []
    context.on("request", lambda request: elsewhere.append(request.url) if is_elsewhere(request.url) else None)
    window = context.new_page()
    window.goto(address)
    yield window
    context.close()
    assert elsewhere == []


def is_elsewhere(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).hostname != "127.0.0.1"


def enter(page: Page, name: str) -> None:
    page.get_by_text(name).click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", level=1, name="Choose who you are").wait_for(state="detached")
    settled(page)


def settled(page: Page) -> None:
    """Wait until what was done is drawn: a click on what is about to be drawn again is lost."""
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()


def whole_list(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(LIST)
    page.get_by_role("tab", name="All", exact=True).click()


def query(page: Page) -> str:
    return urlsplit(page.url).query


def look_for(page: Page, text: str) -> None:
    page.get_by_label("Search by name").fill(text)
    page.get_by_label("Search by name").press("Enter")


def test_from_the_chooser_to_the_reasons(page: Page):
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose who you are")
    enter(page, "Priya Raman")
    whole_list(page)
    expect(page.get_by_text("22 families.")).to_be_visible()
    expect(page.get_by_text("Data as at 1 September 2013")).to_be_visible()

    look_for(page, "okafor-reilly")
    expect(page.get_by_text("Applied filters: name has: okafor-reilly.")).to_be_visible()
    assert "okafor" not in page.url.lower()

    open_first_family(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Okafor-Reilly family")
    assert query(page) == "family=FULL1"
    expect(page.get_by_text("Mother of Ria with parental responsibility").first).to_be_visible()

    page.get_by_role("tab", name="Reasons and evidence").click()
    expect(page.get_by_text("had 66 of 374 sessions of unauthorised absence")).to_be_visible()
    page.get_by_text("Evidence: 4 rows, newest 19 July 2013").click()
    expect(page.get_by_role("cell", name="marks_2012-13_summer.csv").first).to_be_visible()
    expect(page.get_by_role("cell", name="2210")).to_be_visible()


def open_first_family(page: Page) -> None:
    """Click the name in the first row; the grid is a canvas, so it is found by its place."""
    grid = page.get_by_test_id("stDataFrame").locator("canvas").first
    grid.wait_for()
    page.wait_for_timeout(500)  # the grid takes a moment to draw after it is there
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 60, box["y"] + 36 + 20)


def test_filters_stand_in_the_address_and_a_shared_address_restores_them(page: Page, address: str):
    enter(page, "Priya Raman")
    whole_list(page)
    page.get_by_role("combobox", name="Strand met").click()
    page.get_by_role("option", name="Crime and anti-social behaviour").click()
    page.get_by_role("radio", name="Near miss").click(force=True)
    expect(page.get_by_text("strand met: Crime and anti-social behaviour")).to_be_visible()
    assert set(query(page).split("&")) == {"tab=All", "strand=Crime+and+anti-social+behaviour", "status=Near+miss"}

    shared = page.url
    page.goto(shared)
    enter(page, "Priya Raman")
    expect(page.get_by_text("5 families. Applied filters: status: near miss; strand met: Crime")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_text("22 families. Applied filters: none.")).to_be_visible()
    assert query(page) == "tab=All"


def test_pages_turn_and_the_list_comes_back_as_it_was_left(page: Page):
    enter(page, "Priya Raman")
    whole_list(page)
    page.get_by_role("button", name="Page 3").click()
    page.get_by_text("Plain table").click()
    rows = page.get_by_test_id("stTable").last.get_by_role("row")
    expect(rows).to_have_count(3)
    name = rows.nth(1).get_by_role("cell").first.inner_text()
    page.get_by_role("button", name="Open record").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.get_by_text("Back to the list").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(LIST)
    expect(page.get_by_test_id("stTable").last.get_by_role("cell").first).to_have_text(name)


def test_charts_and_graph_are_drawn_and_described(page: Page, address: str):
    page.goto(f"{address}/family_record?family=FULL1")
    enter(page, "Helen Marsh")
    expect(page.locator("[aria-label^='Strands matrix, 7 rows by 4 strands']")).to_be_visible()
    page.get_by_role("tab", name="Absence").click()
    expect(page.locator("[aria-label^='Bar chart of absence by half term for Ria']")).to_be_visible()
    page.get_by_role("tab", name="Who is linked to whom").click()
    expect(page.locator("[aria-label^='Graph of 6 people']")).to_be_visible()
    expect(page.get_by_test_id("stGraphVizChart").get_by_text("Chidi Okafor").first).to_be_visible()


def test_names_full_of_markup_stay_text(page: Page, address: str):
    page.goto(f"{address}/family_record?family=NAUGHTY1")
    enter(page, "Helen Marsh")
    expect(page.get_by_role("heading", level=1)).to_contain_text("*Bold*")
    shown = page.get_by_role("heading", level=1).inner_text().replace("\u2060", "")
    assert shown == "[Wm](https://example.org/x) *Bold* :red[o] <b> family"
    assert page.locator("a[href*='example.org']").count() == 0


def test_a_role_without_families_is_told_so(page: Page):
    enter(page, "Yusuf Demir")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here for your role yet")


def test_everything_can_be_reached_with_the_keyboard(page: Page):
    page.get_by_role("radiogroup").wait_for()
    tab_to(page, "input[type=radio]")
    chosen = page.get_by_role("radio", name="Priya Raman")
    while not chosen.is_checked():
        page.keyboard.press("ArrowDown")
    settled(page)
    tab_to(page, "button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(LIST)
    settled(page)
    tab_to(page, "[role=tab]")
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="All", exact=True, selected=True)).to_be_visible()
    page.get_by_test_id("stDataFrame").wait_for()
    tab_to(page, "[role=switch]")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Open record")).to_be_visible()
    page.get_by_role("button", name="Open record").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Overview")).to_be_visible()


def tab_to(page: Page, selector: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if is_on(page, selector):
            return
    pytest.fail(f"nothing that is {selector} can be reached with the Tab key")


def is_on(page: Page, selector: str) -> bool:
    return bool(page.evaluate("selector => document.activeElement.matches(selector)", selector))


def turn_to(page: Page, name: str) -> None:
    """Go on to a tab with the arrow keys, each tab drawn before the next.

    What Streamlit 1.67 draws of an earlier tab turns a later choice back. While it draws them it also disables the tabs
    for a moment, and where messages come slowly the focus is lost by that: Shift and Tab fetch it back.
    """
    for _ in range(2 * page.get_by_role("tab").count()):
        if page.get_by_role("tab", name=name, exact=True, selected=True).count():
            return
        if not is_on(page, "[role=tab]"):
            page.keyboard.press("Shift+Tab")
        if not is_on(page, "[role=tab]"):
            tab_to(page, "[role=tab]")
        page.keyboard.press("ArrowRight")
        page.locator("[role=tabpanel]:visible").get_by_role("heading").first.wait_for()
        settled(page)
    pytest.fail(f"the tab {name} cannot be reached with the arrow keys")


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_runs_off_the_side(page: Page, address: str, width: int):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{address}/family_record?family=FULL1")
    enter(page, "Helen Marsh")
    page.get_by_role("heading", level=1, name="Okafor-Reilly family").wait_for()
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 1


def test_the_rules_are_read_and_a_case_is_tried(page: Page, address: str, tmp_path: Path):
    page.goto(f"{address}/rules?ruleset=tf1-2012")
    enter(page, "Priya Raman")
    expect(page.get_by_role("heading", level=1)).to_have_text("Rules")
    absence = "A child has 15% or more of their possible sessions as unauthorised absence"
    expect(page.get_by_role("listitem").filter(has_text=absence)).to_be_visible()
    assert page.screenshot(path=pictures(tmp_path) / "rules_top.png")
    page.get_by_text("Parameters, data and sources").first.click()
    expect(page.get_by_role("cell", name="Over the last three completed terms").first).to_be_visible()
    assert page.screenshot(path=pictures(tmp_path) / "rules.png", full_page=True)

    turn_to(page, "Worked cases")
    page.get_by_role("button", name="Try these 10").click()
    expect(page.get_by_text("10 of 10 tried pass")).to_be_visible()
    page.get_by_text("P1-01, passes").click()
    expect(page.get_by_text("As the case expects.").first).to_be_visible()
    assert page.screenshot(path=pictures(tmp_path) / "rules_cases.png", full_page=True)


def pictures(otherwise: Path) -> Path:
    """Where screenshots go: a folder of one's own choice, to look at them, or one that is thrown away."""
    return Path(os.environ.get("FAMILIES_PICTURES", otherwise))


@pytest.mark.parametrize("width", [320, 1280])
def test_the_rules_do_not_run_off_the_side(page: Page, address: str, width: int):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{address}/rules")
    enter(page, "Priya Raman")
    page.get_by_role("heading", level=1, name="Rules").wait_for()
    page.get_by_role("heading", name="What is tested").wait_for()
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 1


@pytest.mark.parametrize("width", [320, 1280])
def test_match_review_does_not_run_off_the_side(page: Page, address: str, width: int):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{address}/review")
    enter(page, "Tom Whitlock")
    page.get_by_text("Question 1 of").wait_for()
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 1


def test_a_question_is_answered_with_the_keyboard_and_taken_back(page: Page, address: str, tmp_path: Path):
    page.goto(f"{address}/review")
    enter(page, "Tom Whitlock")
    expect(page.get_by_role("heading", name="Are Amir Okafor and Amira Okafor one person?")).to_be_visible()
    page.get_by_text("What the likeness is made of").click()
    expect(page.get_by_role("cell", name="any two records")).to_be_visible()
    assert page.screenshot(path=pictures(tmp_path) / "review.png", full_page=True)
    page.get_by_role("textbox", name="Reason (required)").fill("one birth certificate")
    page.keyboard.press("Alt+1")
    expect(page.get_by_text("Decision 1: same person, kept to from the next refresh.")).to_be_visible()
    expect(page.get_by_role("heading", name="Does Grace Smith belong to the family of Lily Smith?")).to_be_visible()
    page.get_by_label("Why it is taken back (required)").fill("the certificate was another's")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("Decision 1 is taken back")).to_be_visible()


def test_an_unknown_page_leads_back(page: Page, address: str):
    page.goto(f"{address}/nowhere")
    expect(page.get_by_role("dialog").get_by_text("Page not found")).to_be_visible()
    page.keyboard.press("Escape")
    enter(page, "Helen Marsh")
    expect(page.get_by_role("heading", level=1)).to_have_text(LIST)
