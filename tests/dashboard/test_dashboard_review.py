"""Match review without a browser: who finds it, what a question shows, and what an answer does."""

import made_up_casebook
import pytest
from directly import directly
from made_up_casebook import FULL, on_both
from test_dashboard_pages import (
    assert_described,
    assert_headings_skip_no_level,
    assert_keyed,
    everything_said,
    title,
)

from dashboard import charts, tables
from families.casebook import access
from families.casebook.demo import MADE_UP_STAFF
from families.casebook.views import DoubtView

PAGE = "pages_/review.py"
ANSWERS = ["answer_same", "answer_different", "answer_cannot_tell"]


@pytest.fixture
def review(opened, casebook_of):
    """The page as a data analyst opens it, on a casebook of the test's own."""
    engine = casebook_of(made_up_casebook.fill)
    app = opened("data_analyst", page=PAGE, url=engine.url)
    app.engine = engine
    return app


def told(app) -> str:
    """What became of the last answer."""
    return app.success[0].value.replace("\\", "")


@pytest.mark.parametrize("role", sorted({role for _, _, role in MADE_UP_STAFF}))
def test_only_those_who_settle_doubts_find_the_page(opened, role):
    if role in access.MAY_REVIEW:
        assert title(opened(role, page=PAGE)) == "Match review"
        return
    app = opened(role)
    with pytest.raises(ValueError, match="review"):
        app.switch_page(PAGE)


def test_a_question_shows_both_sides_in_words_and_what_would_follow(review):
    said = everything_said(review)
    assert title(review) == "Match review"
    assert "Question 1 of 2." in said
    assert "The run found 3 more that are not asked." in said
    assert "Are Amir Okafor and Amira Okafor one person?" in said
    assert "Could make a family eligible" in said
    assert "not of people" in said
    sides = next(table for table in review.table if "Both sides" in table.proto.alt).value
    assert sides["Agreement"].to_list() == ["Differs", "Missing", "Match"]
    assert "change from not met to met" in said


def test_what_holds_on_every_page_holds_here(review):
    assert_described(review)
    assert_keyed(review)
    assert_headings_skip_no_level(review)
    assert not review.query_params


@on_both
def test_an_answer_needs_a_reason_and_then_the_next_question_comes(review):
    review.button(key="answer_same").click().run()
    assert "Give a reason" in review.error[0].value
    review.text_area(key="reason").set_value("one birth certificate")
    review.button(key="answer_same").click().run()
    assert "Decision 1: same person" in told(review)
    said = everything_said(review)
    assert "Question 1 of 1." in said
    assert "Does Grace Smith belong to the family of Lily Smith?" in said
    assert review.text_area(key="reason").value == ""
    assert "one birth certificate" in said
    with directly(review.engine) as connection:
        rows = connection.exec_driver_sql("SELECT answer, decided_by, role FROM linkage_decision").all()
    assert rows == [("same", "demo-data-analyst", "data_analyst")]


@on_both
def test_the_queue_ends_and_an_answer_is_taken_back(review):
    for answer in ("answer_different", "answer_belongs"):
        review.text_area(key="reason").set_value("seen the papers")
        review.button(key=answer).click().run()
    assert "No question waits" in everything_said(review)
    review.button(key="withdraw_now").click().run()
    assert "Give a reason" in review.error[0].value
    review.selectbox(key="to_withdraw").set_value(1)
    review.text_input(key="withdraw_reason").set_value("the papers were of another")
    review.button(key="withdraw_now").click().run()
    assert "Decision 1 is taken back" in told(review)
    assert next(table for table in review.table if "Recent" in table.proto.alt).value["Stands"].to_list() == [
        "no",
        "yes",
        "no",
    ]


def test_the_last_question_answered_shows_the_one_before(review):
    review.pagination[0].set_value(2).run()
    assert "Question 2 of 2." in everything_said(review)
    review.text_area(key="reason").set_value("a lodger")
    review.button(key="answer_does_not_belong").click().run()
    assert "Question 1 of 1." in everything_said(review)


def test_answers_have_keys_of_their_own(review):
    shortcuts = [review.button(key=key).proto.shortcut for key in ANSWERS]
    assert shortcuts == ["alt+1", "alt+2", "alt+3"]


def made_up_doubt(steps) -> DoubtView:
    return DoubtView("D", "pair", "alike", "A", "B", "", "none", "", sum(bits for _, bits in steps), tuple(steps), ())


@pytest.mark.parametrize("steps", [[("any two records", -19.93), ("same forename", 8.2)], [("any two records", -3.0)]])
def test_the_waterfall_and_its_words_come_from_one_frame(steps):
    shown = tables.waterfall(made_up_doubt(steps))
    drawn = charts.waterfall(shown)
    assert shown["To"][-2] == pytest.approx(shown["Bits"][-1])
    assert drawn.alt.endswith(f"in all {sum(bits for _, bits in steps):+.1f}.")
    for what, bits in steps:
        assert f"{what} {bits:+.1f}" in drawn.alt
    assert tables.waterfall_in_words(shown).height == len(steps) + 1
    assert drawn.chart.to_dict()


@on_both
def test_a_worker_says_that_something_is_wrong_and_is_told_the_result(opened, casebook_of):
    url = casebook_of(made_up_casebook.fill).url
    record = opened("programme_manager", family=FULL, url=url)
    record.button(key="query_send").click().run()
    assert "Give a reason" in record.error[0].value
    record.selectbox(key="query_who").set_value("P0000013")
    record.selectbox(key="query_code").set_value("not_here")
    record.text_area(key="query_words").set_value("she moved to Leeds")
    record.button(key="query_send").click().run()
    said = everything_said(record)
    assert "Sent as query 1" in said or "Sent as query 1" in told(record)
    assert "Disputed: a worker says that this is wrong." in said
    assert "cannot support a new claim" in said

    page = opened("data_analyst", page=PAGE, url=url)
    assert "she moved to Leeds" in everything_said(page)
    page.text_area(key="settle_words").set_value("council tax says she is there")
    page.selectbox(key="settle_result").set_value("right")
    page.button(key="settle_now").click().run()
    assert "Report 1 is settled" in told(page)
    again = everything_said(opened("programme_manager", family=FULL, url=url))
    assert "It is right: council tax says she is there" in again
    assert "Disputed" not in again
