"""Whether everybody can use the dashboard: axe-core finds nothing serious on any page, and the keyboard is enough.

Each page is looked at as somebody who finds it full, with all that can be opened on it opened, by the rules of
WCAG 2.0, 2.1 and 2.2 at levels A and AA and by axe-core's own of good practice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import made_up_casebook
import pytest
from axe_playwright_python.sync_playwright import Axe
from casework import raise_alerts
from deliveries import write
from made_up import AS_OF
from playwright.sync_api import Browser, Page, expect
from serving import served
from test_dashboard_browser import LIST, PATIENCE, browser, enter, settled, tab_to, turn_to
from test_dashboard_browser import pytestmark as needs_chromium
from test_dashboard_intake_browser import tab_until
from test_dashboard_loads import ASB

from dashboard import navigation
from dashboard.navigation import Entry
from families.casebook.demo import MADE_UP_STAFF
from families.cases import demo
from families.cases.demo_walk import Walk, take
from families.sources.store import load

__all__ = ["browser"]
pytestmark = needs_chromium

AXE = Axe()
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"runOnly": LEVELS, "resultTypes": ["violations"]}
GRAVE = ("serious", "critical")
OVER = "[data-testid=stPopoverBody]"
FADED = """() => Promise.allSettled(document.getAnimations()
    .filter(each => each.effect.getComputedTiming().endTime !== Infinity).map(each => each.finished))"""


@dataclass(frozen=True)
class Excused:
    """What Streamlit 1.67 draws so by itself, and neither a setting nor words of ours can change."""

    rule: str
    selector: str
    why: str


EXCUSED = (
    Excused(
        "target-size",
        "[data-testid=stDateInput] [role=spinbutton]",
        "Day, month and year are parts of one field, 18 by 20 pixels each; the calendar and the keys reach the same.",
    ),
)


ENTRIES = {entry.name: entry for entry in navigation.ENTRIES}
ROLE_OF = {name: role for _, name, role in MADE_UP_STAFF}
# Who looks at which pages, beside the one that they begin at.
LOOKED_AT = {
    "Priya Raman": ("search", "my_families", "inbox", "overview", "caseload", "outcomes", "quality", "rules"),
    "Funmi Adeyemi": ("search", "my_families", "help"),
    "Tom Whitlock": ("loads", "quality", "review"),
    "Marian Keane": ("access",),
    "Asif Chaudhry": (),
    "Bethan Lloyd": (),
    "Yusuf Demir": (),
}
TITLES = {"identified_families": LIST, "overview": "Programme overview"}  # where it is not as the menu has it
SECTIONS = (
    *("Overview", "Reasons and evidence", "Absence", "Who is linked to whom", "Since the work began"),
    *("Chronology", "Notes", "Needs and plan"),
)
RULES_SECTIONS = ("Results and money", "Switches and overlay", "Worked cases", "Version and changes")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard on a casebook with casework at every stage, and a home with a delivery of which a row is refused."""
    folder = tmp_path_factory.mktemp("axe")
    engine = made_up_casebook.casebook(folder / "casebook.sqlite")
    demo.add_demo_cases(engine)
    raise_alerts(engine)
    take(Walk(engine, made_up_casebook.FULL, 100, AS_OF - dt.timedelta(weeks=26), "demo-north"), "reviewing")
    load(folder / "home", [write(folder, "asb_2013-08.csv", ASB)], received_on=AS_OF, is_apart=False)
    settings = {"FAMILIES_DATABASE_URL": str(engine.url), "FAMILIES_HOME": str(folder / "home")}
    with served(settings) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1600, "height": 1000}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    window = context.new_page()
    window.goto(address)
    window.get_by_role("radiogroup").wait_for(timeout=3 * PATIENCE)  # the first of all loads every library
    yield window
    context.close()


def looked_at(page: Page, where: str) -> list[str]:
    """What is serious on the whole page, with everything unfolded."""
    settled(page)
    page.evaluate("document.querySelectorAll('details:not([open]) > summary').forEach(each => each.click())")
    expect(page.locator("details:not([open])")).to_have_count(0)
    settled(page)
    return violations(page, where)


def over(page: Page, where: str, *, first: int = 0) -> list[str]:
    """What is serious in each thing that opens over the page; the first of all stands above every page."""
    found = []
    openers = page.get_by_test_id("stPopoverButton")
    for number in range(first, openers.count()):
        openers.nth(number).click()
        page.locator(OVER).wait_for()
        found += violations(page, f"{where}, over it", within=OVER)
        page.keyboard.press("Escape")
        page.locator(OVER).wait_for(state="detached")
    return found


def violations(page: Page, where: str, *, within: str = "html") -> list[str]:
    """What is serious or critical and not excused, each with its place, once nothing fades in or out."""
    page.evaluate(FADED)
    found = AXE.run(page, context=within, options=OPTIONS).response["violations"]
    return [
        f"{where}: {each['id']} ({each['impact']}) at {node['target']}: {node['html'][:300]}"
        for each in found
        if each["impact"] in GRAVE
        for node in each["nodes"]
        if not is_excused(page, each["id"], node["target"])
    ]


def is_excused(page: Page, rule: str, target: list[str]) -> bool:
    selectors = [each.selector for each in EXCUSED if each.rule == rule]
    at = page.locator(target[-1])
    return any(at.evaluate("(element, selector) => element.matches(selector)", selector) for selector in selectors)


def go_to(page: Page, entry: Entry) -> None:
    page.get_by_role("button", name=entry.section, exact=True).click()
    page.get_by_role("menuitem", name=entry.title, exact=True).click()
    page.get_by_role("heading", level=1, name=TITLES.get(entry.name, entry.title)).wait_for()


def test_each_page_is_looked_at():
    begun = {navigation.begins_at(navigation.entries(ROLE_OF[name])) for name in LOOKED_AT}
    seen = {name for names in LOOKED_AT.values() for name in names}
    assert begun | seen | {"family_record"} == {*ENTRIES, navigation.NOTHING.name}


def test_the_choice_of_a_person_has_no_serious_violation(page: Page):
    found = looked_at(page, "the choice")
    page.get_by_role("button", name="Continue").click()
    page.get_by_test_id("stAlert").wait_for()
    assert not [*found, *looked_at(page, "the choice refused")]


@pytest.mark.parametrize("person", LOOKED_AT)
def test_no_page_has_a_serious_violation(page: Page, person: str):
    enter(page, person)
    page.get_by_role("heading", level=1).wait_for()
    found = looked_at(page, f"where {person} begins")
    for name in LOOKED_AT[person]:
        go_to(page, ENTRIES[name])
        found += looked_at(page, name)
    assert not [*found, *over(page, person)]


@pytest.mark.parametrize(
    ("person", "where", "sections"),
    [
        ("Funmi Adeyemi", "family_record?family=FULL1", SECTIONS),
        ("Marian Keane", "family_record?family=FULL1", (SECTIONS[0], "Access log")),
        ("Priya Raman", "rules", RULES_SECTIONS),
    ],
)
def test_no_tab_has_a_serious_violation(page: Page, address: str, person: str, where: str, sections: tuple[str, ...]):
    page.goto(f"{address}/{where}")
    enter(page, person)
    found = []
    for section in sections:
        page.get_by_role("tab", name=section, exact=True).click()
        page.get_by_role("tabpanel", name=section, exact=True).get_by_role("heading").first.wait_for()
        found += [*looked_at(page, section), *over(page, section, first=1)]
    assert not found


def test_the_keyboard_alone_takes_a_worker_from_signing_in_to_a_note_completed(page: Page):
    tab_to(page, "input[type=radio]")
    chosen = page.get_by_role("radio", name="Funmi Adeyemi")
    while not chosen.is_checked():
        page.keyboard.press("ArrowDown")
    tab_until(page, "Continue")
    page.keyboard.press("Enter")
    arrived(page, "Today")

    tab_until(page, "My work")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Today")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="My families")).to_be_focused()
    page.keyboard.press("Enter")
    arrived(page, "My families")

    tab_until(page, "Open the record of")
    page.keyboard.type("FULL1")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    settled(page)
    tab_until(page, "Open record")
    page.keyboard.press("Enter")
    arrived(page, "Okafor-Reilly family")

    turn_to(page, "Notes")
    tab_until(page, "Kind of contact")
    page.keyboard.type("Visit")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    settled(page)
    tab_until(page, "Whom it is about")
    page.keyboard.type("Tom")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    settled(page)
    tab_until(page, "What happened and what it means")
    page.keyboard.type("Everybody was at home, and mornings are better.")
    expect(page.get_by_role("status").filter(has_text="Draft saved")).to_be_visible()
    settled(page)
    tab_until(page, "Complete")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The note is complete.")).to_be_visible()
    expect(page.get_by_text("Everybody was at home, and mornings are better.", exact=True)).to_be_visible()


def arrived(page: Page, title: str) -> None:
    """Wait for a page by its title, and until it is drawn: a key pressed before is lost."""
    expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
    settled(page)
