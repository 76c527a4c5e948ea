"""Search and Access without a browser: who has them, what they say, and that nothing typed is in an address."""

import datetime as dt

import made_up_casebook
import pytest
import sqlalchemy as sa
from directly import directly
from made_up_casebook import FULL, on_both
from test_dashboard_pages import (
    ROLES,
    assert_described,
    assert_headings_skip_no_level,
    assert_keyed,
    everything_said,
    title,
)

from families.casebook import restricting
from families.casebook.access import MAY_LOOK_AT_EMERGENCIES, MAY_SEARCH
from families.casebook.views import Reader

SEARCH, ACCESS = "pages_/search.py", "pages_/access.py"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("page", "roles"), [(SEARCH, MAY_SEARCH), (ACCESS, MAY_LOOK_AT_EMERGENCIES)])
def test_who_has_the_page(opened, role, page, roles):
    if role not in roles:
        with pytest.raises(ValueError, match=page.split("/")[1].split(".")[0]):
            opened(role, page=page)
        return
    app = opened(role, page=page)
    assert title(app) in ("Search", "Access and restrictions")
    for check in (assert_described, assert_keyed, assert_headings_skip_no_level):
        check(app)


def look_for(app, text="", born=None):
    app.text_input(key="search_text").set_value(text)
    if born:
        app.date_input(key="search_born").set_value(born)
    app.button(key="search_now").click().run()
    return app


@on_both
def test_somebody_is_found_and_opened_and_no_name_is_in_the_address(opened, casebook_of):
    url = casebook_of(made_up_casebook.fill).url
    app = look_for(opened("programme_manager", page=SEARCH, url=url), "okafor-reilly ri")
    (found,) = (table.value for table in app.table if "Known to" in table.value)
    (row,) = found.to_dict("records")
    told = {name: str(cell).replace("\\", "") for name, cell in row.items()}
    assert told["Name"] == "Ria Okafor-Reilly"
    assert told["Born"] == "4 Dec 2003"
    assert told["Known to"] == "Nobody yet"
    assert "Youth justice" in told["Not found in"]
    assert not dict(app.query_params)
    for check in (assert_described, assert_keyed, assert_headings_skip_no_level):
        check(app)
    app.button(key="open").click().run()
    assert title(app) == "Okafor-Reilly family"
    assert set(app.query_params) == {"family"}


def test_a_search_in_vain_offers_to_nominate(opened):
    app = look_for(opened("programme_manager", page=SEARCH), "nobody of this name")
    assert "Nobody found" in everything_said(app)
    assert any(link.proto.label == "Nominate a family" for link in app.get("page_link"))
    assert "two letters" in look_for(opened("caseworker", page=SEARCH), "%").warning[0].value


@on_both
def test_a_family_outside_is_a_number_then_whom_to_ask_then_open_for_an_hour(opened, casebook_of):
    url = casebook_of(made_up_casebook.fill).url
    app = look_for(opened("caseworker", page=SEARCH, url=url), "ria", dt.date(2003, 12, 4))
    said = everything_said(app)
    assert "1 family outside your families" in said
    assert "Okafor" not in said
    app.selectbox(key="search_purpose").select("contact")
    app.button(key="search_whom").click().run()
    assert "ask a programme manager" in everything_said(app)
    assert "Okafor" not in everything_said(app)
    app.button(key="emergency_open").click().run()
    assert "Choose what the emergency is" in app.error[0].value
    app.selectbox(key="emergency_cause").select("immediate_risk")
    app.text_area(key="emergency_words").set_value("The police are at the door.")
    app.button(key="emergency_open").click().run()
    assert title(app) == "Okafor-Reilly family"
    assert "You opened this record in an emergency" in app.warning[0].value

    manager = opened("team_manager", page=ACCESS, url=url)
    said = everything_said(manager)
    assert "The police are at the door." in said
    assert "Restrictions in force" not in said
    manager.radio(key="look_finding").set_value("justified")
    manager.text_input(key="look_words").set_value("Agreed with the police.")
    manager.button(key="look_save").click().run()
    assert "Justified (Gareth Pugh): Agreed with the police." in everything_said(manager)
    officer = opened("ig_officer", url=url)
    assert any("1 emergency opening" in link.proto.label for link in officer.get("page_link"))


@on_both
def test_governance_hides_lets_in_and_lifts_by_the_page(opened, casebook_of):
    url = casebook_of(made_up_casebook.fill).url
    app = opened("ig_officer", page=ACCESS, url=url)
    app.text_input(key="restrict_family").set_value(FULL)
    app.selectbox(key="restrict_kind").select("adoption")
    app.text_input(key="restrict_reason").set_value("A placement order.")
    app.button(key="restrict_save").click().run()
    assert "It is hidden now" in app.success[0].value.replace("\\", "")
    assert title(opened("programme_manager", family=FULL, url=url)) == "This record cannot be opened"
    app.text_input(key="grant_staff").set_value("demo-programme-manager")
    app.text_input(key="grant_reason").set_value("Decides on the family.")
    app.button(key="grant_save").click().run()
    assert "Priya Raman" in everything_said(app)
    for check in (assert_described, assert_keyed, assert_headings_skip_no_level):
        check(app)
    record = opened("programme_manager", family=FULL, url=url)
    assert "Restricted record: adoption" in record.warning[0].value
    app.text_input(key="shut_reason").set_value("Moved.")
    app.button(key="shut_save").click().run()
    assert title(opened("programme_manager", family=FULL, url=url)) == "This record cannot be opened"
    app.text_input(key="lift_reason").set_value("The order was revoked.")
    app.button(key="lift_save").click().run()
    assert "Nobody is hidden" in everything_said(app)


@on_both
def test_no_page_says_a_word_of_a_hidden_family(opened, casebook_of):
    engine = casebook_of(made_up_casebook.fill_with_accepted_family)
    at = dt.datetime.now(dt.UTC)
    officer = Reader("demo-ig-officer", "ig_officer", "test")
    soon = at.date() + dt.timedelta(days=9)
    restricting.restrict(engine, officer, FULL, kind="adoption", reason="x", review_on=soon, at=at)
    for role, pages in {
        "caseworker": ("today", "my_families", "search"),
        "team_manager": ("today", "my_families", "caseload", "overview", "access"),
        "programme_manager": ("identified_families", "my_families", "overview", "outcomes", "caseload"),
    }.items():
        for page in pages:
            app = opened(role, page=f"pages_/{page}.py", url=engine.url)
            if page == "search":
                look_for(app, "okafor-reilly")
            assert not app.exception
            said = everything_said(app) + str([box.options for box in app.selectbox])
            assert "Reilly" not in said, (role, page)
            assert FULL not in said, (role, page)
    with directly(engine) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM restriction")) == 1
