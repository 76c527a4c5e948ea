"""The pages without a browser: who may open what, what each page says, and what holds on all of them."""

import re
from itertools import pairwise

import made_up_casebook
import pytest
from directly import directly
from made_up_casebook import FULL, NAUGHTY, NEAR_MISS, on_both
from streamlit.testing.v1 import AppTest

from families.casebook import access
from families.casebook.demo import MADE_UP_STAFF

ROLES = sorted({role for _, _, role in MADE_UP_STAFF})
LIST = "Families we may be able to help"
WIDGETS = ("button", "selectbox", "text_input", "toggle", "pagination", "button_group", "radio", "dataframe")


def title(app: AppTest) -> str:
    assert not app.exception
    assert len(app.title) == 1
    return app.title[0].value.replace("\\", "").replace("\u2060", "")


def everything_said(app: AppTest) -> str:
    kinds = ("title", "header", "subheader", "markdown", "caption", "warning", "error")
    said = [element.value for kind in kinds for element in app.get(kind)]
    frames = [element.value.to_csv() for kind in ("table", "dataframe") for element in app.get(kind)]
    return "\n".join(said + frames).replace("\\", "").replace("\u2060", "").replace("**", "")


@pytest.fixture(scope="module")
def empty_url(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('empty') / 'casebook.sqlite'}"


def test_nobody_is_anybody_until_they_choose(opened):
    app = opened(None)
    assert title(app) == "Choose who you are"
    assert app.radio[0].value is None
    assert "Okafor" not in everything_said(app)
    app.button(key="continue_as").click().run()
    assert app.error[0].value == "Choose a person before you continue."


def test_a_link_to_a_record_shows_nothing_before_someone_is_chosen(opened):
    app = opened(None, family=FULL)
    assert title(app) == "Choose who you are"
    assert "Okafor" not in everything_said(app)
    app.radio[0].set_value("demo-programme-manager")
    app.button(key="continue_as").click().run()
    assert title(app) == "Okafor-Reilly family"


def test_a_made_up_person_can_be_left_again(opened):
    app = opened("caseworker")
    app.button(key="change_person").click().run()
    assert title(app) == "Choose who you are"


@pytest.mark.parametrize("chosen", ["nobody", "demo-caseworker' OR 1=1 --", ""])
def test_an_id_that_is_no_ones_is_no_one(opened, chosen):
    app = opened(None)
    app.session_state["chosen_staff_id"] = chosen
    app.run()
    assert title(app) == "Choose who you are"


def test_a_real_casebook_offers_no_demo_staff_even_to_a_forged_choice(opened, tmp_path):
    path = tmp_path / "casebook.sqlite"
    made_up_casebook.casebook(path, is_sample=False)
    app = opened("programme_manager", url=f"sqlite:///{path}")
    assert title(app) == "Sign in"
    assert not app.radio
    assert "not configured" in app.warning[0].value
    assert "Made-up data" not in everything_said(app)


def test_an_empty_casebook_says_what_to_do(opened, empty_url):
    app = opened(None, url=empty_url)
    assert title(app) == "There are no families to show yet"
    assert "families refresh" in everything_said(app)


def test_a_casebook_that_cannot_be_opened_says_so_in_a_sentence(opened):
    app = opened(None, url="sqlite:////proc/nowhere/casebook.sqlite")
    assert title(app) == "There are no families to show yet"
    assert "cannot be opened" in app.warning[0].value


@pytest.mark.parametrize("role", ROLES)
def test_each_role_finds_the_pages_it_may_open_and_no_other(opened, role):
    app = opened(role)
    if role in access.MAY_SEE:
        assert title(app) == (LIST if role in access.LIST_PUBLISHED else "Today")
        app.switch_page("pages_/family_record.py")
    else:
        first = {"administrator": "Users and settings", "partner_referrer": "New referral"}
        assert title(app) == first.get(role, "There is nothing here for your role yet")
        with pytest.raises(ValueError, match="family_record"):
            app.switch_page("pages_/family_record.py")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("family", "status"), [(FULL, "eligible"), (NEAR_MISS, "near_miss")])
def test_each_role_opens_the_records_it_may_see(opened, role, family, status):
    if role not in access.MAY_SEE:
        return
    sees = access.MAY_SEE[role]
    app = opened(role, family=family)
    assert (title(app) != "This record cannot be opened") == (status in sees)
    if status not in sees:
        assert "There is no family under this id that you may see." in everything_said(app)


def test_near_misses_are_asked_for_only_by_those_who_may_see_them(opened):
    assert [group.key for group in opened("programme_manager", tab="All").get("button_group")].count("status") >= 1
    assert not opened("returns_officer", tab="All").get("button_group")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("family", [None, FULL, NAUGHTY, NEAR_MISS, "NOBODY"])
def test_what_holds_on_every_page(opened, role, family):
    if family is not None and role not in access.MAY_SEE:
        return
    app = opened(role, family=family)
    assert title(app)
    assert "Data as at 1 September 2013" in everything_said(app)
    assert "covers" in everything_said(app) or "Session marks" in everything_said(app)
    assert_described(app)
    assert_keyed(app)
    assert_headings_skip_no_level(app)
    assert set(app.query_params) <= {"family"}


@pytest.mark.parametrize("family", [FULL, NAUGHTY])
@pytest.mark.parametrize("section", ["Reasons and evidence", "Absence", "Who is linked to whom"])
def test_what_holds_on_every_part_of_a_record(opened, family, section):
    app = opened("programme_manager", family=family, section=section)
    assert [tab.label for tab in app.get("tab") if tab.children] == [section]
    assert_described(app)
    assert_keyed(app)
    assert_headings_skip_no_level(app)
    assert not wrongly_read(app)


def assert_described(app: AppTest) -> None:
    """Every chart and table has its text equivalent."""
    for kind in ("vega_lite_chart", "graphviz_chart", "table", "dataframe"):
        for element in app.get(kind):
            assert element.proto.alt.strip(), kind


def assert_keyed(app: AppTest) -> None:
    for kind in WIDGETS:
        for widget in app.get(kind):
            is_plain = kind == "dataframe" and not widget.proto.id
            assert is_plain or "None" not in widget.proto.id.rsplit("-", 1)[-1], (kind, widget.proto.id)


def assert_headings_skip_no_level(app: AppTest) -> None:
    levels = [int(tag.tag[1]) for tag in app.main if tag.type in ("title", "header", "subheader")]
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_the_list_says_what_each_family_meets_and_what_is_not_known(opened):
    app = opened(role="programme_manager", tab="All")
    app.text_input(key="search").set_value("okafor-reilly").run()
    row = app.dataframe[0].value.iloc[0].to_dict()
    assert row["Family"] == "Okafor-Reilly family"
    assert "Ria (" in row["Children and ages"]
    assert row["Strands met"] == "Education, Crime and anti-social behaviour, Work"
    assert row["Not known"] == "Local factors"
    assert row["Newest evidence"] == "19 Jul 2013"
    assert row["People"] == 5


def test_filters_are_said_counted_and_cleared(opened):
    app = opened(role="programme_manager", tab="All")
    assert "22 families. Applied filters: none." in everything_said(app)
    app.selectbox(key="strand").set_value("work").run()
    app.text_input(key="search").set_value("O’Neill & [x]").run()
    said = everything_said(app)
    assert "No family found. Applied filters: strand met: Work; name has: O’Neill & [x]." in said
    app.button(key="clear").click().run()
    assert "22 families. Applied filters: none." in everything_said(app)
    assert app.text_input(key="search").value == ""


def test_pages_turn_and_a_new_filter_begins_at_the_first(opened):
    app = opened(role="programme_manager", tab="All")
    first = app.dataframe[0].value["Family"].to_list()
    app.pagination[0].set_value(3).run()
    assert len(app.dataframe[0].value) == 2
    app.selectbox(key="sort").set_value("size").run()
    assert app.pagination[0].value == 1
    app.selectbox(key="sort").set_value("newest_evidence").run()
    assert app.dataframe[0].value["Family"].to_list() == first


def test_the_plain_table_has_the_same_families_in_full_and_opens_records(opened):
    app = opened(role="programme_manager", tab="All")
    grid = app.dataframe[0].value["Family"].to_list()
    app.toggle(key="plain").set_value(True).run()
    assert not app.dataframe
    plain = next(table for table in app.table if LIST in table.proto.alt)
    assert [name.replace("\\", "") for name in plain.value["Family"]] == grid
    app.text_input(key="search").set_value("okafor-reilly").run()
    app.button(key="open").click().run()
    assert title(app) == "Okafor-Reilly family"
    assert app.query_params["family"] in (FULL, [FULL])


def test_a_record_gives_reasons_evidence_down_to_file_and_row_and_what_is_not_known(opened):
    sections = ("Overview", "Reasons and evidence", "Absence")
    said = "\n".join(
        everything_said(opened(role="programme_manager", family=FULL, section=section)) for section in sections
    )
    assert "Mother of Ria with parental responsibility, living at the pupil’s address" in said
    assert "had 66 of 374 sessions of unauthorised absence (17.6%; 15% or more needed)" in said
    assert "marks_2012-13_summer.csv,1203" in said
    assert "Local factors is not known: No return from children’s social care" in said
    assert "not supplied" in said


def test_a_record_without_a_family_or_with_an_unknown_one_is_friendly(opened):
    app = opened(role="programme_manager", family="")
    assert title(app) == "No family chosen"
    assert title(opened(role="programme_manager", family="../../etc/passwd")) == "This record cannot be opened"


def test_names_are_shown_as_written_and_never_as_markdown(opened):
    app = opened(role="programme_manager", family=NAUGHTY)
    assert made_up_casebook.NAUGHTY_SURNAME in title(app)
    assert not wrongly_read(app)


def wrongly_read(app: AppTest) -> list[str]:
    """Texts in which something of a name would be acted on as Markdown."""
    raw = [element.value for kind in ("title", "header", "subheader", "markdown") for element in app.get(kind)]
    raw += [cell for table in app.table for cell in table.value.astype(str).to_numpy().ravel()]
    return [text for text in raw if re.search(r"(?<!\\)\]\((?:https?|\\)|(?<!\\)<b>|(?<!\\):red", text)]


@on_both
def test_each_list_and_record_shown_is_written_down(opened, casebook_of):
    engine = casebook_of(made_up_casebook.fill)
    opened(role="programme_manager", family=FULL, url=engine.url)
    with directly(engine) as connection:
        events = connection.exec_driver_sql(
            "SELECT staff_id, purpose, family_id FROM audit_event WHERE action = 'read_family'"
        ).all()
    assert events == [("demo-programme-manager", "understand one family", FULL)]
