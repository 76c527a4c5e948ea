"""What was delivered, on the Quality page: each chart says what its table says, in words and numbers."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from made_up import AS_OF, _delivery_quality
from test_dashboard_pages import everything_said

from dashboard import coverage_charts, coverage_section
from families.casebook.views import CoverageLine, QualityCount
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
    found = delivery_counts(persons, rejected, [receipt, receipt])
    told = {(row["figure"], row["part"]): row["number"] for row in found.to_dicts()}
    assert told[Figure.PEOPLE, ""] == 2
    assert (told[Figure.FILLED, "forename"], told[Figure.FILLED, "surname"]) == (1, 2)
    assert told[Figure.REFUSED, "kind blank"] == 3
    assert (told[Figure.ROWS, "2013-08-31"], told[Figure.REFUSED_OF_LOAD, "2013-08-31"]) == (10, 6)
