"""What was delivered, on the Quality page: each chart says what its table says, in words and numbers."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest
from made_up import AS_OF, _delivery_quality
from test_dashboard_pages import everything_said

from dashboard import coverage_charts, coverage_section
from families.casebook.views import CoverageLine, QualityCount
from families.shortfalls import limit, shortfalls
from families.sources.counting import Figure, delivery_counts
from families.sources.receipts import Receipt
from families.tables.records import RECORD_TABLES

pytestmark = pytest.mark.usefixtures("held_to_schema")

COUNTS = [
    QualityCount(**{name: row[name] for name in ("figure", "label", "part", "number")}) for row in _delivery_quality()
]


def test_the_page_shows_coverage_completeness_refusals_and_loads(opened):
    app = opened("programme_manager", page="pages_/quality.py")
    alts = " ".join(chart.proto.alt for chart in app.get("vega_lite_chart"))
    assert "Bars of what 3 sources cover, data as at 2013-09-01" in alts
    assert "surname 100%" in alts
    assert "date of birth 0%" in alts
    assert "postcode 97%" in alts
    assert "Youth justice: ragged: 6 (75%)" in alts
    assert "30 Apr 2013: 2 of 42 rows (4.8%)" in alts
    said = everything_said(app)
    assert "Youth justice: ragged,6,75" in said
    assert "30 Apr 2013,42,2,4.8" in said
    assert "100%" in said


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (AS_OF, "up to date"),
        (dt.date(2013, 8, 31), "1 day behind"),
        (dt.date(2013, 8, 2), "4 weeks behind"),
        (dt.date(2013, 3, 1), "6 months behind"),
        (None, "not known"),
    ],
)
def test_how_a_source_stands_in_words(day, told):
    line = CoverageLine("council_tax", dt.date(2012, 1, 1), day, None, "Council tax: the whole authority.")
    frame = coverage_section.covered([line], as_at=AS_OF)
    assert frame["Status"].to_list() == [told]
    assert "the whole authority" in coverage_charts.bars_of_coverage(frame, as_at="2013-09-01").alt


def test_charts_are_made_of_the_frames_beside_them():
    heat = coverage_section.completeness(COUNTS)
    assert heat.filter(Field="Postcode")["%"].to_list() == [97]  # cut, so that only all is 100%
    drawing = coverage_charts.heat_map(heat)
    assert drawing.chart.to_dict()
    loads = coverage_section.trend(COUNTS, "council_tax")
    assert loads["Refused %"].to_list() == [0.0, 4.8]
    assert coverage_charts.trend(loads, source="Council tax").chart.to_dict()


def test_what_is_counted_of_deliveries():
    persons = pl.concat([RECORD_TABLES["persons"].create_empty(), RECORD_TABLES["persons"].create_empty()])
    rows = [
        {"source": "asb", "forename": "Amy", "surname": "Ash"},
        {"source": "asb", "forename": None, "surname": "Elm"},
    ]
    persons = pl.DataFrame([dict.fromkeys(persons.columns) | row for row in rows], schema=persons.schema)
    rejected = pl.DataFrame([{"source": "asb", "rule": "kind_blank"}] * 3)
    receipt = Receipt("d", "asb", "asb_2013-08.csv", "s", AS_OF, 5, 2, 0, 0, 3)
    places = [{"delivery": "d", "school": school} for school in ("8814001", "8814001", "8814002", None)]
    found = delivery_counts(persons, rejected, pl.DataFrame(places), [receipt])
    told = {(row["figure"], row["part"]): row["number"] for row in found.to_dicts()}
    assert told[Figure.PEOPLE, ""] == 2
    assert (told[Figure.FILLED, "forename"], told[Figure.FILLED, "surname"]) == (1, 2)
    assert told[Figure.REFUSED, "kind blank"] == 3
    assert (told[Figure.ROWS, "2013-08-31"], told[Figure.REFUSED_OF_LOAD, "2013-08-31"]) == (5, 3)
    assert told[Figure.SCHOOLS, "2013-08-31"] == 2
    again = delivery_counts(persons, rejected, pl.DataFrame(places), [receipt, replace(receipt, delivery="e")])
    assert again.filter(figure=Figure.ROWS.value)["number"].to_list() == [10]


def load(*numbers: tuple[int, int, int]) -> list[QualityCount]:
    """Loads of a source, month after month: rows, rows refused, schools."""
    figures = (Figure.ROWS, Figure.REFUSED_OF_LOAD, Figure.SCHOOLS)
    return [
        QualityCount(figure, "exclusions", f"2013-0{month}-01", number)
        for month, each in enumerate(numbers, 1)
        for figure, number in zip(figures, each, strict=True)
    ]


LATE = dt.timedelta(days=limit("late_days", "exclusions"))


@pytest.mark.parametrize(
    ("covers_to", "counts", "told"),
    [
        (AS_OF - LATE, load((100, 5, 20), (60, 3, 19)), []),  # on each bound
        (AS_OF - LATE - dt.timedelta(days=1), [], ["late: its last day is 61 days back, and 60 are allowed."]),
        (None, load((100, 0, 20), (100, 6, 20)), ["6 of 100 rows of its last load were refused, and 5% are allowed."]),
        (None, load((100, 6, 20), (100, 0, 20)), []),
        (None, load((100, 0, 20), (59, 0, 20)), ["59 rows in its last load after 100, and a fall of 40% is allowed."]),
        (None, load((49, 0, 20), (1, 0, 20)), []),
        (
            None,
            load((100, 0, 20), (100, 0, 18)),
            ["18 schools in its last load after 20, and a fall of 5% is allowed."],
        ),
    ],
)
def test_a_source_falls_short_of_limits_that_are_data(covers_to, counts, told):
    line = CoverageLine("exclusions", None, covers_to, None, "")
    found = shortfalls([line], counts, as_of=AS_OF)
    assert [each.sentence.removeprefix("Exclusions and suspensions: ") for each in found] == told
    assert {each.source for each in found} <= {"exclusions"}


def test_an_analyst_sees_which_sources_fall_short(opened):
    said = everything_said(opened("data_analyst", page="pages_/quality.py"))
    assert "Sources that fall short" in said
    assert "6 of 8 rows of its last load were refused" in said.replace("\\", "")
