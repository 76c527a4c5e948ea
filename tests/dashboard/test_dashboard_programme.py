"""The programme's pages: bars lead to lists that agree, small numbers stay hidden, and every chart has its words."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from test_dashboard_pages import ROLES, assert_described, assert_headings_skip_no_level, assert_keyed, everything_said
from test_dashboard_pages import title as title_of

from dashboard import programme_charts, programme_tables
from families import programme
from families.casebook.views import CoverageLine
from families.cases.reading import ASK_OUTCOMES, OVERSEERS
from families.cases.views import WorkerLoad
from families.cases.workflow import workflow
from families.programme import Distance, Split, StrandCount, StrandOutcomes, TimeInStage

pytestmark = pytest.mark.usefixtures("held_to_schema")

OVERVIEW, OUTCOMES, CASELOAD = "pages_/overview.py", "pages_/outcomes.py", "pages_/caseload.py"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("page", "roles"), [(OVERVIEW, OVERSEERS), (OUTCOMES, ASK_OUTCOMES)])
def test_who_has_the_page_and_what_holds_on_it(opened, worked_url, role, page, roles):
    if role not in roles:
        with pytest.raises(ValueError, match=page.split("/")[1].split(".")[0]):
            opened(role, page=page, url=worked_url)
        return
    app = opened(role, page=page, url=worked_url)
    assert title_of(app) in ("Programme overview", "Outcomes")
    assert not app.warning or "What is not covered" in app.warning[0].value
    assert_described(app)
    assert_keyed(app)
    assert_headings_skip_no_level(app)


def test_each_bar_opens_the_families_that_make_it(opened, worked_url):
    app = opened("programme_manager", page=OVERVIEW, url=worked_url)
    (shown,) = [table.value for table in app.table if "Median days so far" in table.value]
    options = app.selectbox(key="stage").options
    assert len(options) == len(shown) + 1
    for (_, row), option in list(zip(shown.iterrows(), options, strict=False))[1:]:
        stage = row["Stage"].replace("\\", "")  # a cell is escaped for Markdown, an option is not
        assert option == f"{stage}: {row['Families']}"
    app.selectbox(key="stage").set_value("planned").run()
    count = int(shown[shown["Stage"] == "With an approved plan"]["Families"].iloc[0])
    (listed,) = [table.value for table in app.table if "Last step" in table.value]
    assert len(listed) == count > 0
    app.selectbox(key="stage").set_value("stuck").run()
    assert not app.exception


def test_what_a_stage_means_is_one_click_away_in_the_words_it_is_counted_by(opened, worked_url):
    app = opened("programme_manager", page=OVERVIEW, url=worked_url)
    tables = [table.value for table in app.table]
    (shown,) = [table for table in tables if "Median days so far" in table]
    (meanings,) = [table for table in tables if "What it means" in table]
    assert list(meanings["Stage"]) == list(shown["Stage"])
    means = [text.replace("\\", "") for text in meanings["What it means"]]
    assert means == [stage.means for stage in workflow().stages.values()]
    assert app.expander(key="meanings").label == "What each stage means"


def test_the_first_bar_is_of_families_nobody_has_decided_on_and_only_for_those_who_decide(opened, worked_url):
    app = opened("programme_manager", page=OVERVIEW, url=worked_url)
    (count,) = [text for text in app.selectbox(key="stage").options if text.startswith("Identified")]
    listed = opened("programme_manager", tab="New", url=worked_url)
    assert f"{count.split(': ')[1]} famil" in everything_said(listed)
    options = opened("team_manager", page=OVERVIEW, url=worked_url).selectbox(key="stage").options
    assert not [text for text in options if text.startswith("Identified")]


def test_outcomes_say_what_they_are_not_and_draw_what_is_not_known(opened, worked_url):
    app = opened("programme_manager", page=OUTCOMES, url=worked_url)
    assert "Change is not impact" in app.info[0].value
    alts = [chart.proto.alt for chart in app.get("vega_lite_chart")]
    assert alts
    assert all("Not known: evidence not complete" in alt for alt in alts if alt.startswith("Bar chart"))


def test_outcomes_are_split_where_enough_families_are_there_and_it_is_said_where_not(opened, worked_url):
    app = opened("programme_manager", page=OUTCOMES, url=worked_url)
    said = everything_said(app)
    assert "By group, area and way in" in said
    assert "no rule reads them" in said
    assert "Too few families to be split" in said or app.selectbox(key="split_by").options
    row = StrandOutcomes("girls only", 60, 54, 42, None, 18, 18, 12, 6)
    shown = programme_tables.in_words(programme_tables.split(Split("Education", "Sex of the children", (row,))))
    assert shown.columns[0] == "Sex of the children"
    assert shown.row(0)[:2] == ("girls only", "60")
    assert shown["Improved and lasted"].to_list() == ["fewer than can be shown"]


def test_caseload_is_drawn_by_review_and_listed_by_name(opened, worked_url):
    app = opened("programme_manager", page=CASELOAD, url=worked_url)
    (chart,) = app.get("vega_lite_chart")
    assert chart.proto.alt.startswith("Stacked bars, open families of each worker")
    (shown,) = [table.value for table in app.table if "Worker" in table.value and "Children" in table.value]
    assert list(shown["Worker"]) == sorted(shown["Worker"])
    parts = shown[["Overdue reviews", "Due in 7 days", "Due later", "No review yet"]].sum(axis=1)
    assert list(parts) == list(shown["Open families"])


def test_a_number_too_small_is_words_in_chart_and_table():
    shown = programme_tables.strands([StrandCount("a", "School", 8, None, 0), StrandCount("b", "Work", None, 7, 1)])
    drawing = programme_charts.bars(shown, label="Strand", number="Met", what="families that meet each strand")
    assert drawing.alt == ("Bar chart: families that meet each strand. School: 8; Work: fewer than can be shown.")
    assert programme_tables.in_words(shown)["Met"].to_list() == ["8", "fewer than can be shown"]
    assert programme_tables.in_words(shown)["Not known"].to_list() == ["0", "1"]


def test_steps_always_have_what_is_not_known():
    found = StrandOutcomes("Education", 60, 54, 42, None, 18, 18, 12, 6)
    assert programme_tables.steps(found).rows()[-1] == ("Not known: evidence not complete", 6)
    assert programme_tables.all_steps([found]).row(0) == ("Education", 60, 54, 42, None, 18, 18, 12, 6)


def test_a_dumbbell_says_median_and_spread():
    shown = programme_tables.distances([Distance("Work", 9, 3, 6.5, 3, 1, 4)])
    assert programme_charts.dumbbell(shown).alt == (
        "Median score at the baseline and now, on a scale of 1 to 10. Work, 9 needs: from 3 to 6.5, the middle half of "
        "the changes between 1 and 4."
    )


MONDAY = dt.date(2013, 1, 7)


def weeks(*counts: int) -> pl.DataFrame:
    return programme_tables.weeks([(MONDAY + dt.timedelta(weeks=place), count) for place, count in enumerate(counts)])


def test_a_run_chart_says_its_median_and_a_shift():
    drawing = programme_charts.run_chart(weeks(1, 2, 3))
    assert drawing.alt.startswith("Run chart of referrals a week, 3 weeks. Median 2. No 8 weeks running")
    assert drawing.alt.endswith("7 Jan 2013: 1; 14 Jan 2013: 2; 21 Jan 2013: 3.")
    assert programme_charts.shift(weeks(*[1] * 8, *[5] * 8)) == (
        "8 weeks running lie above the median and 8 weeks running lie below the median."
    )
    on_the_median = weeks(*[1] * 4, 5, *[1] * 3, *[5] * 6, 1)  # a week on it neither makes nor breaks a run
    assert programme_charts.shift(on_the_median).startswith("No 8 weeks")
    assert programme_charts.shift(weeks(2, 2, 2)).startswith("No 8 weeks")
    assert programme_charts.shift(weeks(*[1] * 4, 3, *[1] * 4, *[5] * 9)).startswith("9 weeks running lie above")


def test_stacked_bars_are_in_the_order_of_their_totals():
    loads = [WorkerLoad("a", "Ann", "", 3, 4, 1, 0, 0, 2), WorkerLoad("b", "Bo", "", 5, 9, 0, 0, 2, 1)]
    shown = programme_tables.reviews(loads)
    drawing = programme_charts.stacked(
        shown, label="Worker", part="Review", number="Families", colours=programme_charts.REVIEWS, what="families"
    )
    assert drawing.alt == (
        "Stacked bars, families. Bo: overdue 0, due in 7 days 2, due later 1, no review yet 2. "
        "Ann: overdue 1, due in 7 days 0, due later 2, no review yet 0."
    )


def test_days_in_a_stage_say_of_how_many_families():
    shown = programme_tables.times([TimeInStage("Confirmed", 4, 9, None, None), TimeInStage("Closed", None, 0, 1, 6)])
    assert shown.rows() == [
        ("Confirmed", "4 days, of 9 families", "fewer than 6 families left it"),
        ("Closed", "no family left it", "1 day, of 6 families"),
    ]


def test_what_is_not_covered_is_said_the_longest_silence_first():
    lines = [
        CoverageLine("school_census", None, dt.date(2013, 9, 1), 3, "whole"),
        CoverageLine("session_marks", None, dt.date(2013, 7, 19), 3, "marks"),
        CoverageLine("exclusions", None, dt.date(2013, 5, 1), 3, "exclusions"),
    ]
    said = programme.gaps(lines, as_of=dt.date(2013, 9, 1))
    assert [text.rpartition("after ")[2] for text in said] == ["1 May 2013.", "19 July 2013."]
