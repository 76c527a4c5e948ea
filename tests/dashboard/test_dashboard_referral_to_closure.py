"""A family from a school's referral to the check after closure, in Chromium, by six people of different roles.

Everybody works through the pages. The sample's day is moved on between them, as casework on a sample counts from it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import made_up_casebook
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Locator, Page, TimeoutError, expect
from serving import served
from test_dashboard_browser import PATIENCE, browser, enter, is_elsewhere, settled
from test_dashboard_browser import pytestmark as needs_chromium

from families.casebook.views import Reader
from families.cases.demo_walk import MANAGER
from families.cases.record import case_of
from families.cases.views import CaseRecord

__all__ = ["browser"]
pytestmark = needs_chromium
FAMILY = "F20"
FIRST_DAY = made_up_casebook.AS_OF
TRIES, SOON = 5, 10_000  # milliseconds


@pytest.fixture
def engine(postgresql_casebook: sa.Engine) -> sa.Engine:
    """On PostgreSQL, behind both walls; the other browser tests have SQLite."""
    made_up_casebook.fill(postgresql_casebook)
    return postgresql_casebook


@pytest.fixture
def address(engine: sa.Engine, tmp_path: Path) -> Iterator[str]:
    url = engine.url.render_as_string(hide_password=False)
    with served({"FAMILIES_DATABASE_URL": url, "FAMILIES_HOME": str(tmp_path)}) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 1600})
    context.set_default_timeout(PATIENCE)
    elsewhere: list[str] = []
    context.on("request", lambda request: elsewhere.append(request.url) if is_elsewhere(request.url) else None)
    yield context.new_page()
    context.close()
    assert elsewhere == []


def test_from_a_referral_to_the_check_after_closure(page: Page, address: str, engine: sa.Engine) -> None:
    referred_and_confirmed(page, address)

    # The team manager offers the family to a worker, who accepts it.
    come(page, f"{address}/caseload", "Gareth Pugh")
    choose(page.get_by_test_id("stMain"), "Family", f"Begum family, {FAMILY}")
    page.get_by_test_id("stRadio").get_by_text("Funmi Adeyemi").click()
    page.get_by_role("button", name="Allocate", exact=True).click()
    said(page, "is offered to the worker")
    come(page, f"{address}/my_families", "Funmi Adeyemi")
    page.get_by_text("Accept: the assessment begins").click()
    page.get_by_role("button", name="Save", exact=True).click()
    said(page, "the assessment has begun")

    # Consent and the whole-family assessment, with a correction, and a need on which the worker clicks twice.
    record = f"{address}/family_record?family={FAMILY}&section=Needs+and+plan"
    come(page, record, "Funmi Adeyemi")
    consent = opened(page, "Record consent or a privacy notice")
    choose(consent, "Purpose", "Help from this programme")
    consent.get_by_text("Consent given").click()
    choose(consent, "Who said it", "Somebody else")
    consent.get_by_label("Their name, if it is somebody else").fill("Ms Begum")
    consent.get_by_label("How, as in person or by letter").fill("in person")
    save(consent)
    said(page, "What was said is recorded.")
    page.get_by_role("button", name="Start the assessment").click()
    said(page, "accept or correct each fact")
    facts = opened(page, "Accept or correct a fact")
    corrections = facts.get_by_label("If it is wrong, what is right")
    corrections.first.wait_for()
    for number in range(corrections.count()):
        facts.get_by_text("It is wrong" if number == 0 else "It is right", exact=True).nth(number).click()
    save(facts)
    expect(facts.get_by_text("This was not saved.")).to_be_visible()
    corrections.first.fill("She lives with her aunt.")
    save(facts)
    said(page, "Your answers are saved")
    need = opened(page, "Add a need")
    need.get_by_label("The need").fill("Getting to school")
    need.get_by_label("What the family says of it").fill("Mornings are hard.")
    need.get_by_label("How it stands now").fill("3")
    need.get_by_label("What shows it").fill("Said at the visit.")
    need.get_by_role("button", name="Save").dblclick()
    said(page, "The need is recorded with its baseline.")
    complete = opened(page, "Complete the assessment")
    complete.get_by_label("What the family says, in their own words").fill("Help us with mornings.")
    complete.get_by_label("Summary").fill("School comes first.")
    save(complete)
    said(page, "next comes the plan")
    assert [each.baseline for each in case(engine).needs] == [3]

    # The plan, handed in, and approved by the team manager.
    goal = opened(page, "Add a goal")
    goal.get_by_label("The goal").fill("In school every day")
    goal.get_by_label("Outcome it serves").fill("Attendance")
    goal.get_by_label("Whose goal it is").fill("The family")
    day(goal, "To be reached by", FIRST_DAY + dt.timedelta(days=80))
    save(goal)
    said(page, "The goal is in the plan")
    action = opened(page, "Add an action")
    choose(action, "Goal", "In school every day")
    action.get_by_label("What is to be done").fill("Agree a morning routine")
    action.get_by_label("Who does it").fill("Worker")
    day(action, "By", FIRST_DAY + dt.timedelta(days=30))
    save(action)
    said(page, "The action is in the plan.")
    page.get_by_role("button", name="Hand the plan in").click()
    said(page, "The plan is handed in")
    come(page, record, "Gareth Pugh")
    approve = opened(page, "Approve the plan")
    approve.get_by_role("button", name="Approve the plan").click()
    said(page, "The plan is approved.")
    assert case(engine).dates["attached_on"] == FIRST_DAY

    # A data analyst settles the correction; the programme manager steps the family up.
    come(page, f"{address}/quality", "Tom Whitlock")
    page.get_by_role("combobox", name="Correction").click()
    page.get_by_role("option").first.click()
    page.get_by_label("What came of it").fill("The school agrees.")
    page.get_by_role("button", name="Settle").click()
    said(page, "the worker is told")
    come(page, record, "Priya Raman")
    step = opened(page, "Step up or down")
    step.get_by_text("Targeted family help").click()
    step.get_by_label("Who works with the family there").fill("The same worker")
    step.get_by_label("Why").fill("More is needed.")
    save(step)
    said(page, "The family is at its new level.")

    # Eleven weeks on, a review; then closure, asked for by the worker and approved by the manager.
    move_on(engine, 77)
    come(page, record, "Funmi Adeyemi")
    expect(page.get_by_text("The school agrees.")).to_be_visible()
    review = opened(page, "Record a review")
    review.get_by_label("How it stands now").fill("8")
    review.get_by_label("What shows it").fill("The register.")
    review.get_by_label("What the review found").fill("In school for four weeks.")
    review.get_by_label("What the family says").fill("It is calmer.")
    save(review)
    said(page, "The review is recorded.")
    expect(
        page.locator("[aria-label^='Scores from 1 to 10 of 1 need: Getting to school 3 at the start and 8 now']")
    ).to_be_visible()
    closing = opened(page, "Ask for closure")
    choose(closing, "Reason", "The family's needs are met")
    for label in (
        "What has been achieved",
        "What becomes of 1 action",
        "That everybody is safe",
        "What the family says",
    ):
        closing.get_by_label(label).fill("So it is.")
    closing.get_by_label("Who supports the family from now on").fill("School")
    save(closing)
    said(page, "Closure is asked for")
    come(page, record, "Gareth Pugh")
    approve = opened(page, "Approve the closure")
    approve.get_by_role("button", name="Approve the closure").click()
    said(page, "case is closed")

    # Six months on the check is recorded, and the case stays closed.
    move_on(engine, 190)
    come(page, record, "Funmi Adeyemi")
    check = opened(page, "Record the six-month check")
    check.get_by_text("The change has lasted", exact=True).click()
    check.get_by_label("What shows it").fill("Two good terms.")
    save(check)
    said(page, "the case stays closed")
    ended = case(engine)
    assert (ended.line.state, ended.checks[0]["result"]) == ("closed", "sustained")


def referred_and_confirmed(page: Page, address: str) -> None:
    """A school refers, the team manager sees that the family is known and accepts, the programme manager confirms."""
    come(page, f"{address}/new_referral", "Bethan Lloyd")
    written = {
        "Family name": "Begum family",
        "Name": "Kacper Begum",
        "Reasons for the referral": "Late most days.",
        "Needs, one on each line": "Getting to school",
        "Your name": "A Teacher",
        "Your agency or team": "Ash Lane Primary School",
        "How to reach you": "01632 960 001",
    }
    for label, words in written.items():
        page.get_by_label(label, exact=True).fill(words)
        settled(page)
    day(page.get_by_test_id("stMain"), "Date of birth, if known", dt.date(1998, 5, 17))
    for choice in ("Within 1 working day", "The family agreed to it", "The family was given the privacy notice"):
        settled(page)
        page.get_by_test_id("stMain").get_by_text(choice).click()
    settled(page)
    page.get_by_role("button", name="Send the referral").click()
    said(page, "The referral of Begum family is sent")

    come(page, f"{address}/inbox", "Gareth Pugh")
    choose(page.get_by_test_id("stMain"), "Referral to look at", "Begum family")
    expect(page.get_by_role("table", name="Families and open work this referral may be about")).to_be_attached()
    page.get_by_role("button", name="Take into triage").click()
    said(page, "is in triage")
    page.get_by_test_id("stRadio").get_by_text("Accept the referral").click()
    page.get_by_text("Needs are met best by family help").click()
    choose(page.get_by_test_id("stMain"), "Which family it is", f"Family {FAMILY}")
    page.get_by_label("Rationale (required)").fill("Needs help.")
    settled(page)
    page.get_by_role("button", name="Accept the referral").click()
    said(page, "is accepted")

    come(page, address, "Priya Raman")  # whose first page has the families to confirm
    choose(page.get_by_test_id("stMain"), "Referred family", "Begum family")
    settled(page)
    page.get_by_test_id("stRadio").get_by_text("Confirm the family").click()
    page.get_by_label("Reason (required)").fill("Agreed with the school.")
    choose(page.get_by_test_id("stMain"), "Team, if you confirm", "North team")
    page.get_by_role("button", name="Save the decision").click()
    said(page, "is recorded")


def case(engine: sa.Engine) -> CaseRecord:
    return case_of(engine, Reader(MANAGER.staff_id, MANAGER.role, "test"), FAMILY, today=FIRST_DAY)


def move_on(engine: sa.Engine, days: int) -> None:
    """The sample's day, from which casework on it counts."""
    with engine.begin() as connection:
        now = connection.exec_driver_sql("SELECT as_of FROM publication").scalar_one()
        later = dt.date.fromisoformat(str(now)) + dt.timedelta(days=days)
        connection.execute(sa.text("UPDATE publication SET as_of = :day"), {"day": later.isoformat()})


def come(page: Page, address: str, name: str) -> None:
    """Come to a page as one of the made-up staff."""
    page.goto(address)
    enter(page, name)


def opened(page: Page, label: str) -> Locator:
    """What stands behind a label, opened."""
    settled(page)
    expander = page.get_by_test_id("stExpander").filter(has=page.locator("summary").get_by_text(label, exact=True))
    if expander.locator("details[open]").count() == 0:
        expander.locator("summary").click()
    return expander


def choose(within: Locator, label: str, option: str) -> None:
    """Open a list and choose; a list that closes because the page is drawn again is opened again, as a person would."""
    wanted = within.page.get_by_role("option", name=option)
    for _ in range(TRIES):
        settled(within.page)
        within.get_by_role("combobox", name=label).click()
        try:
            wanted.click(timeout=SOON)
        except TimeoutError:
            continue
        return
    pytest.fail(f"{option} cannot be chosen from {label}")


def day(within: Locator, label: str, value: dt.date) -> None:
    """Type a date as a person does: day, month and year, each box giving way to the next."""
    boxes = within.get_by_role("group", name=label, exact=True).get_by_role("spinbutton")
    boxes.first.press_sequentially(f"{value:%d%m%Y}")
    boxes.last.press("Tab")


def save(within: Locator) -> None:
    settled(within.page)
    within.get_by_role("button", name="Save", exact=True).click()


def said(page: Page, sentence: str) -> None:
    expect(page.get_by_test_id("stAlert").get_by_text(sentence)).to_be_visible()
    settled(page)
