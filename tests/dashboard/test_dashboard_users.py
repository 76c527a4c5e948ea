"""Who is who on the screen, without a browser: sessions that end, the administrator's page, and settings refused."""

import datetime as dt
from typing import Any

import made_up_casebook
import pytest
import sqlalchemy as sa
from directly import directly
from made_up_casebook import on_both
from streamlit import config
from test_dashboard_pages import assert_described, assert_headings_skip_no_level, assert_keyed, everything_said, title

from dashboard import identity, startup
from families.errors import Refused
from families.settings import Settings

PAGE = "pages_/users.py"
SECRET = "0f5c3b7a9e1d24688b6f0a1c2d3e4f50"


@pytest.fixture
def own(opened, casebook_of):
    """The dashboard on a casebook of the test's own."""
    engine = casebook_of(made_up_casebook.fill)

    def open_it(role: str, **how: Any):
        app = opened(role, url=engine.url, **how)
        app.engine = engine
        return app

    return open_it


def change(app, statement: str, **values: Any) -> None:
    with directly(app.engine) as connection:
        connection.execute(sa.text(statement), values)


def last_seen(app, ago: dt.timedelta) -> None:
    at = (dt.datetime.now(dt.UTC) - ago).replace(tzinfo=None).isoformat(" ", "microseconds")
    change(app, "UPDATE staff_session SET last_seen_at = :at", at=at)


@on_both
def test_a_session_warns_before_it_ends_and_forgets_the_screen(own):
    app = own("caseworker")
    assert not app.warning
    last_seen(app, dt.timedelta(minutes=13))
    app.session_state["draft"] = "what the family said"
    token = app.session_state[identity.TOKEN]
    assert identity.sessions.look(app.engine, token, limits=identity.limits(), at=identity.now()).ended_how is None
    last_seen(app, dt.timedelta(minutes=15))
    app.run()
    assert title(app) == "Choose who you are"
    assert "nothing was done here" in app.info[0].value
    assert "draft" not in app.session_state
    app.radio[0].set_value("demo-caseworker-2")
    app.button(key="continue_as").click().run()
    assert "Callum Reid" in everything_said(app)
    assert app.session_state[identity.TOKEN] != token
    with directly(app.engine) as connection:
        assert (
            connection.scalar(sa.text("SELECT count(DISTINCT session_id) FROM audit_event WHERE action = 'sign_in'"))
            == 2
        )
        shown = connection.execute(sa.text("SELECT session_id FROM audit_event WHERE action = 'read_today'"))
        assert None not in shown.scalars().all()


def test_a_role_taken_away_is_away_at_the_next_click(own):
    app = own("programme_manager")
    change(app, "UPDATE staff SET role = 'statistician' WHERE staff_id = 'demo-programme-manager'")
    app.run()
    assert title(app) == "There is nothing here for your role yet"
    change(app, "UPDATE staff SET is_disabled = true WHERE staff_id = 'demo-programme-manager'")
    app.run()
    assert title(app) == "Choose who you are"
    assert "ask an administrator" in app.info[0].value


@on_both
def test_the_administrator_looks_after_staff_and_sees_no_family(own):
    app = own("administrator")
    said = everything_said(app)
    assert title(app) == "Users and settings"
    assert "Funmi Adeyemi" in said
    assert "North team" in said
    assert "Okafor" not in said
    assert "demo-administrator" not in app.selectbox(key="user_chosen").options
    for check in (assert_described, assert_keyed, assert_headings_skip_no_level):
        check(app)

    app.selectbox(key="user_chosen").select("demo-caseworker").run()
    app.selectbox(key="user_role_demo-caseworker").select("auditor")
    app.button(key="user_save").click().run()
    assert "Give a reason" in app.error[0].value
    assert app.selectbox(key="user_role_demo-caseworker").value == "auditor"
    app.text_input(key="user_reason").set_value("moved")
    app.button(key="user_save").click().run()
    assert app.success[0].value == "Funmi Adeyemi is auditor now\\."
    assert app.text_input(key="user_reason").value == ""
    for act, told in (("user_sign_out", "signed out everywhere"), ("user_disable", "may not sign in")):
        app.text_input(key="user_reason").set_value("laptop lost")
        app.button(key=act).click().run()
        assert told in app.success[0].value
    assert "Disabled" in everything_said(app)
    app.text_input(key="user_reason").set_value("found")
    app.button(key="user_enable").click().run()
    assert "may sign in again" in app.success[0].value


@on_both
def test_somebody_and_a_team_are_added(own):
    app = own("administrator")
    app.text_input(key="team_id").set_value("east")
    app.text_input(key="team_name").set_value("East *team*")
    app.text_input(key="team_reason").set_value("new")
    app.button(key="team_save").click().run()
    assert "East *team*" in everything_said(app)
    for key, value in (("id", "a.jones"), ("name", "A. Jones"), ("subject", "sub-1"), ("reason", "new in post")):
        app.text_input(key=f"new_{key}").set_value(value)
    app.selectbox(key="new_team").select("east")
    app.text_input(key="new_issuer").set_value("https://login.example.org")
    app.button(key="new_add").click().run()
    assert "no such role" in app.error[0].value
    app.selectbox(key="new_role").select("caseworker")
    app.button(key="new_add").click().run()
    assert "A\\. Jones may sign in now" in app.success[0].value
    assert "a.jones" in everything_said(app)


def test_nobody_else_finds_the_page(own):
    for role in ("programme_manager", "ig_officer", "caseworker"):
        app = own(role)
        with pytest.raises(ValueError, match="users"):
            app.switch_page(PAGE)


def options(**other: Any):
    return lambda name: other.get(name.replace(".", "_"), config.get_option(name))


@pytest.mark.parametrize(
    "other",
    [
        {"client_showErrorDetails": "full"},
        {"server_enableAgentApi": True},
        {"server_xsrfCookieSameSite": "lax"},
        {"server_trustedUserHeaders": {"X-User": "sub"}},
        {"server_maxUploadSize": 251},
        {"server_address": "0.0.0.0"},
        {"server_address": None},
        {"server_allowedHosts": []},
        {"server_allowedHosts": ["*.example.org"]},
        {"browser_gatherUsageStats": True},
    ],
)
def test_real_families_are_not_shown_with_unsafe_options(other):
    option = options(**other)
    with pytest.raises(Refused, match=next(iter(other)).replace("_", ".", 1)):
        startup.require_safe_options(option, is_sample=False)
    startup.require_safe_options(option, is_sample=True)


def test_the_options_that_ship_are_safe():
    assert startup.differences(config.get_option) == []


def test_unsafe_options_are_refused_on_the_page_too(opened, tmp_path, monkeypatch):
    path = tmp_path / "casebook.sqlite"
    made_up_casebook.casebook(path, is_sample=False)
    monkeypatch.setitem(startup.REQUIRED, "client.showErrorDetails", "another")
    app = opened(None, url=f"sqlite:///{path}")
    assert "client.showErrorDetails" in app.warning[0].value.replace("\\", "")


WHOLE = {
    "oidc_metadata_url": "https://login.example.org/.well-known/openid-configuration",
    "oidc_client_id": "families",
    "oidc_client_secret": "from the service",
    "public_url": "https://families.example.gov.uk/",
    "cookie_secret": SECRET,
}


def test_sign_in_is_set_up_whole_or_not_at_all():
    assert startup.sign_in_secrets(Settings()) == {}
    auth = startup.sign_in_secrets(Settings(**WHOLE))["auth"]
    assert auth["redirect_uri"] == "https://families.example.gov.uk/oauth2callback"
    assert auth["client_kwargs"] == {"scope": "openid"}
    for name, value, told in (
        ("oidc_client_id", None, "FAMILIES_OIDC_CLIENT_ID"),
        ("cookie_secret", "short", "can be guessed"),
        ("cookie_secret", "a" * 64, "can be guessed"),
        ("cookie_secret", "changeme" + SECRET, "can be guessed"),
        ("public_url", "http://families.example.gov.uk", "must begin with https"),
        ("oidc_metadata_url", "http://login.example.org/x", "must begin with https"),
    ):
        with pytest.raises(Refused, match=told):
            startup.sign_in_secrets(Settings(**(WHOLE | {name: value})))
