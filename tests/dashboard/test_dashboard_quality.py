"""The page on linkage without a browser: who may open it, what it counts and estimates, and what is decided there."""

import datetime as dt

import made_up_casebook
import polars as pl
import pytest
from made_up import made_up_run
from made_up_casebook import on_both
from test_dashboard_pages import (
    ROLES,
    assert_described,
    assert_headings_skip_no_level,
    assert_keyed,
    everything_said,
    title,
)

from families.casebook import access
from families.casebook.publish import publish
from families.tables.run import Continuity

pytestmark = pytest.mark.usefixtures("held_to_schema")

QUALITY = "pages_/quality.py"
KEYS = ('["s", "d", 1, ""]', '["s", "d", 2, ""]')


@pytest.fixture
def changed_url(casebook_of):
    """A casebook of its own in which F03 moved and two people were put together in F01."""
    return casebook_of(fill_with_changes).url


def fill_with_changes(engine):
    made_up_casebook.fill(engine)
    rows = [
        ("family_moved", "F03", "F03", "", "F03 lives at another *address* now.", None, None),
        ("person_merged", "P-gone", "P010", "", "P-gone is one person with P010 now.", *KEYS),
    ]
    found = Continuity.validate(pl.DataFrame(rows, schema=list(Continuity.columns()), orient="row"), cast=True)
    second = made_up_run().named("run-2", published_at=dt.datetime(2013, 10, 1, tzinfo=dt.UTC))
    publish(engine, **second.for_publish(), changes=found)


@pytest.mark.parametrize("role", ROLES)
def test_only_those_who_answer_for_the_data_have_the_page(opened, role):
    if role in access.MAY_READ_QUALITY:
        assert title(opened(role, page=QUALITY)) == "Quality and coverage"
    else:
        with pytest.raises(ValueError, match="quality"):
            opened(role, page=QUALITY)


@pytest.mark.parametrize("role", sorted(access.MAY_READ_QUALITY))
def test_what_holds_on_every_page(opened, role, changed_url):
    app = opened(role, page=QUALITY, url=changed_url)
    assert_described(app)
    assert_keyed(app)
    assert_headings_skip_no_level(app)
    assert not app.query_params


def test_charts_and_tables_say_the_same(opened):
    app = opened("programme_manager", page=QUALITY)
    alts = [chart.proto.alt for chart in app.get("vega_lite_chart")]
    assert any("same UPN: 60 (60%); same name at one address: 40 (40%)" in text for text in alts)
    assert any("Council tax: linked to another record 80%, the only record of its person 20%" in text for text in alts)
    assert any("in the gazetteer, exactly 90%" in text for text in alts)
    said = everything_said(app)
    assert "same UPN,60,60" in said
    assert "3 to 5,25,71.4" in said
    assert "Session marks,0,0,5" in said


def test_nothing_is_estimated_before_anybody_answered(opened):
    said = everything_said(opened("programme_manager", page=QUALITY))
    assert "Of linked pairs of records, those of one person: not known yet" in said
    assert "not known" in said


@on_both
def test_an_analyst_compares_pairs_and_the_estimate_follows(opened, changed_url):
    app = opened("data_analyst", page=QUALITY, url=changed_url)
    assert "Ada Lowe" not in everything_said(app)
    app.toggle(key="compare").set_value(True).run()
    assert "Name,Ada Lowe,Ada Love,differ" in everything_said(app)
    assert "Born,04/05/2001,missing,missing" in everything_said(app)
    app.button(key="sample_save").click().run()
    assert "Choose whether" in app.error[0].value
    app.radio(key="sample_choice").set_value("same")
    app.button(key="sample_save").click().run()
    assert "Your answer is saved" in app.success[0].value
    said = everything_said(app)
    assert "Ben *Reed*" in said
    assert "those of one person: 100.0%, between 20.7% and 100.0% with 95% confidence, from 1 answered pair" in said
    assert any("same UPN (linked): 100%, between 20.7% and 100%" in c.proto.alt for c in app.get("vega_lite_chart"))


@on_both
def test_a_manager_sees_no_pair_and_decides_changes_with_a_reason(opened, changed_url):
    app = opened("programme_manager", page=QUALITY, url=changed_url)
    assert not app.toggle
    said = everything_said(app)
    assert "F03 lives at another *address* now." in said
    app.button(key="change_save").click().run()
    assert "Choose a change" in app.error[0].value
    merged = app.selectbox(key="change_choice").options.index("F01, people put together")
    app.selectbox(key="change_choice").select_index(merged)
    app.radio(key="change_what").set_value("undo")
    app.button(key="change_save").click().run()
    assert "Say why" in app.error[0].value
    app.text_area(key="change_why").set_value("They are cousins")
    app.button(key="change_save").click().run()
    assert "The decision is saved" in app.success[0].value
    assert "undone" in everything_said(app)


def test_an_analyst_decides_nothing(opened, changed_url):
    app = opened("data_analyst", page=QUALITY, url=changed_url)
    assert "F03" in everything_said(app)
    assert "P-gone" not in everything_said(app)
    assert "change_choice" not in {box.key for box in app.selectbox}
