"""Sign-in as a person meets it: Chromium, the dashboard as it is served, and a real provider of OpenID Connect."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import made_up_casebook
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect
from serving import PROJECT, free_port, served_for_real, sign_in_service
from test_dashboard_browser import LIST, PATIENCE, browser, settled
from test_dashboard_browser import pytestmark as needs_chromium

from families.casebook import staff
from families.casebook.database import open_casebook
from families.casebook.verifying import verify
from families.staffing import operator

__all__ = ["browser"]
pytestmark = needs_chromium
FILED = {"sub-worker": ("cw", "Carys Wyn", "returns_officer"), "sub-admin": ("adm", "Ada Marsh", "administrator")}


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with sign_in_service() as address:
        yield address


@pytest.fixture(scope="module")
def engine(provider: str, tmp_path_factory: pytest.TempPathFactory) -> sa.Engine:
    """A casebook that holds no sample, with two members of staff whom the provider knows."""
    engine = made_up_casebook.casebook(tmp_path_factory.mktemp("real") / "casebook.sqlite", is_sample=False)
    for subject, (staff_id, name, role) in FILED.items():
        given = {"name": name, "role": role, "issuer": provider, "subject": subject, "reason": "test"}
        staff.add_staff(engine, operator(), staff_id, **given)
    return engine


@pytest.fixture(scope="module")
def address(provider: str, engine: sa.Engine) -> Iterator[str]:
    with served_for_real(engine.url.render_as_string(hide_password=False), provider) as address:
        yield address


@pytest.fixture
def window(browser: Browser) -> Iterator[BrowserContext]:
    context = another_machine(browser)
    yield context
    context.close()


def another_machine(browser: Browser) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)
    # The provider's style sheet is on the internet.
    context.route(lambda url: "127.0.0.1" not in url, lambda route: route.abort())
    return context


def sign_in(window: BrowserContext, address: str, subject: str) -> Page:
    page = window.new_page()
    page.goto(address)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_placeholder("sub").fill(subject)
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(f"{address}/**")
    return page


def title(page: Page, text: str) -> None:
    # While a page is drawn anew, the heading of the one before may still stand beside it for a moment.
    expect(page.get_by_role("heading", level=1, name=text, exact=True)).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_count(1)


def asked(engine: sa.Engine, query: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def test_signing_in_staying_in_and_signing_out(window: BrowserContext, address: str, engine: sa.Engine) -> None:
    page = sign_in(window, address, "sub-worker")
    title(page, LIST)
    expect(page.get_by_text("Carys Wyn")).to_be_visible()
    page.reload()
    title(page, LIST)
    second = window.new_page()
    second.goto(address)
    title(second, LIST)
    assert asked(engine, "SELECT staff_id, ended_how FROM staff_session") == [("cw", None)]
    assert all("token" not in each.url and "sub-worker" not in each.url for each in (page, second))

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign out here").click()
    page.wait_for_url("**/oauth2/end_session*", timeout=PATIENCE)
    second.get_by_text("Plain table").click()
    title(second, "Sign in")
    second.goto(address)
    title(second, "Sign in")
    assert asked(engine, "SELECT ended_how FROM staff_session") == [("signed_out",)]


def test_a_cookie_outlives_its_session_and_opens_nothing(
    window: BrowserContext, address: str, engine: sa.Engine
) -> None:
    page = sign_in(window, address, "sub-worker")
    title(page, LIST)
    with engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE staff_session SET last_seen_at = '2026-01-01 00:00:00.000000' WHERE ended_at IS NULL")
        )
    page.reload()
    title(page, "Sign in")
    expect(page.get_by_text("nothing was done here for a while")).to_be_visible()
    page.reload()
    title(page, "Sign in")
    with engine.begin() as connection:  # as if our row had been lost, and the sign-in were old
        connection.execute(sa.text("DELETE FROM staff_session"))
    cookies = {cookie["name"]: cookie for cookie in window.cookies()}
    assert cookies["_streamlit_user"]["httpOnly"]


def test_sign_out_everywhere_ends_another_machines_session(
    browser: Browser, window: BrowserContext, address: str, engine: sa.Engine
) -> None:
    page = sign_in(window, address, "sub-worker")
    title(page, LIST)
    other = another_machine(browser)
    elsewhere = sign_in(other, address, "sub-worker")
    title(elsewhere, LIST)
    everywhere = page.get_by_role("button", name="Sign out everywhere")
    while not everywhere.is_visible():  # what is opened while the page is drawn closes again
        settled(page)
        page.get_by_role("button", name="Sign out", exact=True).click()
        page.wait_for_timeout(500)
    everywhere.click()
    page.wait_for_url("**/oauth2/end_session*", timeout=PATIENCE)
    elsewhere.get_by_text("Plain table").click()
    title(elsewhere, "Sign in")
    expect(elsewhere.get_by_text("You were signed out everywhere.")).to_be_visible()
    other.close()


def test_a_stranger_is_told_so_and_written_down(window: BrowserContext, address: str, engine: sa.Engine) -> None:
    page = sign_in(window, address, "sub-stranger")
    title(page, "Sign in")
    expect(page.get_by_text("nobody has given you access to this casebook yet")).to_be_visible()
    assert "sub-stranger" in page.get_by_text("To be given access").inner_text().replace("\u2060", "")
    refused = asked(engine, "SELECT staff_id, detail FROM audit_event WHERE action = 'sign_in_refused'")
    assert [who for who, _ in refused] == ["unknown"]
    assert len(asked(engine, "SELECT staff_id FROM staff")) == len(FILED)


def test_a_person_disabled_is_out_at_the_next_click(
    browser: Browser, window: BrowserContext, address: str, engine: sa.Engine, tmp_path: Path
) -> None:
    page = sign_in(window, address, "sub-worker")
    title(page, LIST)
    other = another_machine(browser)
    admin = sign_in(other, address, "sub-admin")
    title(admin, "Users and settings")
    assert admin.screenshot(path=Path(os.environ.get("FAMILIES_PICTURES", tmp_path)) / "users.png", full_page=True)
    form = admin.get_by_test_id("stForm").first
    form.get_by_label("Reason (required)").fill("left the council")
    form.get_by_role("button", name="Disable").click()
    expect(admin.get_by_text("Carys Wyn is signed out and may not sign in.")).to_be_visible()
    page.get_by_text("Plain table").click()
    title(page, "Sign in")
    expect(page.get_by_text("your access has ended")).to_be_visible()
    other.close()
    assert verify(open_casebook(engine.url.render_as_string(hide_password=False))).broken is None


def test_the_dashboard_does_not_start_with_a_secret_that_can_be_guessed(engine: sa.Engine) -> None:
    settings = {
        "FAMILIES_DATABASE_URL": str(engine.url),
        "FAMILIES_OIDC_METADATA_URL": "https://login.example.org/.well-known/openid-configuration",
        "FAMILIES_OIDC_CLIENT_ID": "families",
        "FAMILIES_OIDC_CLIENT_SECRET": "x",
        "FAMILIES_PUBLIC_URL": "https://families.example.gov.uk",
        "FAMILIES_COOKIE_SECRET": "changeme",
    }
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/serve.py", "--server.port", str(free_port())]
    done = subprocess.run(command, cwd=PROJECT, env=os.environ | settings, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "FAMILIES_COOKIE_SECRET can be guessed" in done.stderr
    assert "Traceback" not in done.stderr
