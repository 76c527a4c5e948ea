"""A referral from its form to its triage by two people with the keyboard alone; and the pictures of the help."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import made_up_casebook
import pytest
from casework import raise_alerts
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from serving import served
from test_dashboard_browser import PATIENCE, browser, enter, pictures, settled
from test_dashboard_browser import pytestmark as needs_chromium

from families.cases import demo

__all__ = ["browser"]
pytestmark = needs_chromium


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard on a casebook of its own with made-up casework at every stage."""
    engine = made_up_casebook.casebook(tmp_path_factory.mktemp("intake") / "casebook.sqlite")
    demo.add_demo_cases(engine)
    raise_alerts(engine)
    with served({"FAMILIES_DATABASE_URL": str(engine.url)}) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)
    window = context.new_page()
    window.goto(address)
    yield window
    context.close()


def open_as(page: Page, address: str, name: str, where: str, title: str) -> None:
    page.goto(f"{address}/{where}")
    enter(page, name)
    page.get_by_role("heading", level=1, name=title).wait_for()
    settled(page)


def picture(page: Page, folder: Path, name: str) -> None:
    """A picture of what is on the screen, in few colours: it is shipped, and is to stay small."""
    kept = pictures(folder) / name
    page.screenshot(path=kept)
    Image.open(kept).convert("RGB").quantize(64).save(kept, optimize=True)
    assert kept.stat().st_size < 120_000


def tab_until(page: Page, label: str) -> None:
    """Go on with the Tab key to what a screen reader calls so."""
    asked = "(name) => { let at = document.activeElement; while (at.shadowRoot) at = at.shadowRoot.activeElement;"
    asked += " const named = (at.labels && at.labels[0]?.innerText) || at.getAttribute('aria-label') ||"
    asked += " (at.matches('main, body') ? '' : at.innerText) || ''; return named.includes(name) }"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(asked, label):
            return
    pytest.fail(f"{label} cannot be reached with the Tab key")


def test_triage_with_the_keyboard_alone(page: Page, address: str, tmp_path: Path):
    open_as(page, address, "Gareth Pugh", "inbox", "Inbox and triage")
    expect(page.get_by_text("3 referrals, waiting for a decision.")).to_be_visible()
    tab_until(page, "Referral to look at")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.type("Harrow")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Is this family known already?")).to_be_visible()
    expect(page.get_by_role("heading", level=2, name="Harrow family")).to_be_visible()
    settled(page)
    picture(page, tmp_path, "inbox.png")
    tab_until(page, "Take into triage")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The referral of Harrow family is in triage.")).to_be_visible()
    settled(page)
    tab_until(page, "Accept the referral")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("Rationale (required)")).to_be_visible()
    settled(page)
    tab_until(page, "Needs are met by another service")
    page.keyboard.press("Space")
    tab_until(page, "Rationale (required)")
    page.keyboard.type("The health visitor works with them.")
    tab_until(page, "Decline the referral")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The referral of Harrow family is declined.")).to_be_visible()
    expect(page.get_by_text("2 referrals, waiting for a decision.")).to_be_visible()


def test_a_partner_writes_a_referral_that_outlives_the_window(page: Page, address: str, tmp_path: Path):
    open_as(page, address, "Bethan Lloyd", "new_referral", "New referral")
    page.get_by_label("Family name").fill("Quill family")
    page.get_by_label("Family name").press("Tab")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    picture(page, tmp_path, "new_referral.png")
    page.get_by_label("Name", exact=True).fill("Ivy Quill")
    page.get_by_label("Name", exact=True).press("Tab")
    settled(page)
    page.reload()
    enter(page, "Bethan Lloyd")
    expect(page.get_by_label("Family name")).to_have_value("Quill family")
    page.get_by_role("button", name="Send the referral").click()
    expect(page.get_by_text("Before this can be sent")).to_be_visible()
    expect(page.get_by_label("Family name")).to_have_value("Quill family")


@pytest.mark.parametrize(
    ("where", "title", "name"),
    [
        ("", "Families we may be able to help", "identified_families.png"),  # where this role begins
        ("overview", "Programme overview", "overview.png"),
    ],
)
def test_pictures_of_the_programme(page: Page, address: str, tmp_path: Path, where: str, title: str, name: str):
    open_as(page, address, "Priya Raman", where, title)
    expect(page.get_by_role("table").first).to_be_attached()
    settled(page)
    picture(page, tmp_path, name)


@pytest.mark.parametrize("where", ["", "inbox", "new_referral", "overview", "outcomes", "help"])
def test_nothing_runs_off_the_side_of_a_narrow_window(page: Page, address: str, where: str):
    page.set_viewport_size({"width": 320, "height": 800})
    page.goto(f"{address}/{where}")
    enter(page, "Priya Raman")
    page.get_by_role("heading", level=1).wait_for()
    settled(page)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 1
