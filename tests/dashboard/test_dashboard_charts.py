import datetime as dt
import json
import re
from dataclasses import replace

import polars as pl
import pytest
from colour_contrast import contrast

from dashboard import charts, tables
from dashboard.record import monitoring, work_tables
from families.casebook.views import (
    AbsenceRule,
    FamilyRecord,
    FindingView,
    HalfTermAbsence,
    Member,
    Schooling,
    StrandOutcome,
    Tie,
)
from families.cases.monitoring import ChildSince, Monitoring

pytestmark = pytest.mark.usefixtures("held_to_schema")


def member(person_id: str, name: str, age: int | None, role: str, *, is_resident: bool = True) -> Member:
    return Member(
        person_id=person_id, name=name, sex=None, date_of_birth=None, age=age, role=role,
        is_resident=is_resident, school=None, why="why",
    )  # fmt: skip


def finding(person_id: str | None, strand: str, outcome: str) -> FindingView:
    return FindingView(
        person_id=person_id, person_name=None, strand=strand, criterion="c", label="l", outcome=outcome,
        sentence="s", newest_on=None, evidence=(),
    )  # fmt: skip


MEMBERS = (
    member("p1", "Ria Reilly", 9, "child"),
    member("p2", "Tom Reilly", 13, "child"),
    member("p3", 'Niamh "Neve" Reilly', 34, "parent"),
    member("p4", "Chidi Okafor", None, "linked", is_resident=False),
)
TIES = (
    Tie("p1", "p3", "responsible_contact", "Mother of Ria."),
    Tie("p2", "p3", "responsible_contact", "Mother of Tom."),
    Tie("p1", "p4", "responsible_elsewhere", "Father of Ria."),
    Tie("p1", "p2", "same_parent", "Both have Niamh."),
    Tie("p1", "p3", "same_surname", "Same surname."),
)
RULE = AbsenceRule(15, "15% or more unauthorised absence across the last three terms", ("unauthorised",))
RECORD = FamilyRecord(
    family_id="F1",
    name="Reilly family",
    status="eligible",
    address=None,
    members=MEMBERS,
    strands=(
        StrandOutcome("education", "Education", "met", "."),
        StrandOutcome("work", "Work", "unknown", "."),
        StrandOutcome("eligible", "Eligible", "unknown", "."),
    ),
    findings=(
        finding("p1", "education", "not_met"),
        finding("p1", "education", "met"),
        finding("p2", "education", "not_met"),
        finding("p2", "education", "unknown"),
        finding("p3", "work", "not_met"),
    ),
    schooling=Schooling(
        half_terms=(
            HalfTermAbsence("p1", "2012/13 autumn 1", 100, 3, 15, 20121, suspensions=2),
            HalfTermAbsence("p1", "2012/13 autumn 2", None, None, None, 20122, told="On no school’s roll."),
            HalfTermAbsence("p1", "2012/13 spring 1", 1000, 0, 149, 20123, suspensions=0),
            HalfTermAbsence("p1", "2012/13 spring 2", 0, 0, 0, 20124, suspensions=1),
            HalfTermAbsence("p2", "2012/13 autumn 1", 70, 0, 0),
        ),
        rule=RULE,
    ),
    ties=TIES,
)


def test_the_matrix_says_met_where_any_criterion_is_and_not_asked_where_none_was():
    wide = tables.strands_wide(tables.strands(RECORD))
    assert wide.rows() == [
        ("Whole family", "Met", "Not known"),
        ("Ria Reilly (9)", "Met", "Not asked"),
        ("Tom Reilly (13)", "Not known", "Not asked"),
        ('Niamh "Neve" Reilly (34)', "Not asked", "Not met"),
        ("Chidi Okafor (age not known)", "Not asked", "Not asked"),
    ]


def test_the_matrix_and_its_words_come_from_one_frame():
    frame = tables.strands(RECORD)
    drawing = charts.strands_matrix(frame)
    assert drawing.alt.startswith("Strands matrix, 5 rows by 2 strands. Whole family: Education met, Work not known.")
    drawn = next(iter(drawing.chart.to_dict()["datasets"].values()))
    assert [tuple(row.values()) for row in drawn] == frame.rows()


def test_every_outcome_has_a_fill_and_a_text_that_can_be_read_on_it():
    for outcome, fill in charts.FILL.items():
        assert contrast(fill, charts.TEXT[outcome]) >= 4.5, outcome


def test_bars_stand_out_from_the_page_and_from_each_other():
    for colour in charts.KINDS.values():
        assert contrast(colour, charts.WHITE) >= 3
    assert contrast(*charts.KINDS.values()) >= 3


def shown(person_id: str = "p1", **more: object) -> pl.DataFrame:
    return tables.absence(RECORD.schooling.half_terms, person_id=person_id, **more)


def test_absence_keeps_gaps_and_never_rounds_up_to_the_threshold():
    frame = shown()
    assert frame["Unauthorised %"].to_list() == [15.0, None, 14.9, None]
    said = tables.absence_in_words(frame)
    assert said.row(1) == ("Autumn 2, 2012/13", *["not supplied"] * 5, "not known", "", "On no school’s roll.")
    assert said.row(0)[-4:] == ("15.0%", "2", "", "")


def test_absence_in_words_counts_what_reaches_the_threshold():
    drawing = charts.absence(shown(), child="Ria (9)", rule=RULE)
    assert "Autumn 2, 2012/13: not supplied" in drawing.alt
    assert "Spring 1, 2012/13: 14.9% unauthorised" in drawing.alt
    assert drawing.alt.endswith(
        " The threshold is 15%: 15% or more unauthorised absence across the last three terms. "
        "1 of 2 half terms with data reach it."
    )
    assert "15%\\nthreshold" in json.dumps(drawing.chart.to_dict())


def test_suspensions_and_the_time_before_the_work_are_drawn_and_said_from_one_frame():
    frame = shown(baseline={20121, 20122})
    drawing = charts.absence(frame, child="Ria (9)", rule=RULE)
    drawn = json.dumps(drawing.chart.to_dict())
    for half_term, words in (("Autumn 1, 2012/13", "2 times"), ("Spring 2, 2012/13", "1 time")):
        assert f'{{"Half term": "{half_term}", "Label": "suspended\\n{words}"}}' in drawn
    assert "Autumn 1, 2012/13: 15% unauthorised, 3% authorised, suspended 2 times" in drawing.alt
    assert "Spring 2, 2012/13: not supplied, suspended 1 time" in drawing.alt
    assert "Before the work began: Autumn 1, 2012/13 and Autumn 2, 2012/13." in drawing.alt
    assert drawn.count(charts.BASELINE) == 3  # once a half term, and over the first of them
    assert tables.absence_in_words(frame)["Before the work"].to_list() == ["baseline", "baseline", "", ""]
    assert charts.BASELINE not in json.dumps(charts.absence(shown(), child="Ria (9)", rule=RULE).chart.to_dict())


def test_rules_that_count_both_kinds_of_absence_see_them_stacked_with_their_sum():
    both = AbsenceRule(18, "18% absence", ("authorised", "unauthorised"))
    drawing = charts.absence(shown(), child="Ria (9)", rule=both)
    assert drawing.alt.endswith("The threshold is 18%: 18% absence. 1 of 2 half terms with data reach it.")
    drawn = json.dumps(drawing.chart.to_dict())
    assert '"Percent": 18.0, "Label": "18%"' in drawn
    assert "xOffset" not in drawn


def test_absence_is_drawn_for_a_child_without_any_data_or_threshold():
    gap = (HalfTermAbsence("p9", "2012/13 autumn 1", None, None, None),)
    drawing = charts.absence(tables.absence(gap, person_id="p9"), child="A", rule=None)
    assert "not\\nsupplied" in json.dumps(drawing.chart.to_dict())
    assert "threshold" not in drawing.alt


def test_the_graph_draws_each_pair_once_by_its_first_tie_with_adults_above_children():
    dot = charts.family_graph(MEMBERS, TIES).chart
    assert dot.count(" -- ") == 3  # the two children are joined through their mother
    assert '[label="parental\\nresponsibility", constraint=true]' in dot
    assert "same surname" not in dot
    assert 'label="Niamh \\"Neve\\" Reilly\\nparent, age 34"' in dot
    home, _, away = dot.partition("\n  }\n")
    assert "Ria Reilly" in home
    assert "Chidi Okafor" not in home
    assert "dashed" in away


def test_children_without_a_common_adult_are_joined_themselves():
    assert charts.family_graph(MEMBERS[:2], TIES[3:4]).chart.count(" -- ") == 1


def test_the_graph_holds_no_more_than_can_be_read():
    many = [member(f"p{n}", f"Name {n}", n, "child") for n in range(40)]
    drawing = charts.family_graph(many, ())
    assert drawing.chart.count("shape=ellipse") == charts.MOST_NODES
    assert "The first 25 people are drawn." in drawing.alt


def test_the_graph_in_words_says_who_lives_elsewhere():
    assert "Linked but living elsewhere: Chidi Okafor (age not known)." in charts.family_graph(MEMBERS, TIES).alt


@pytest.mark.parametrize("name", ['"]; evil [label="x', "back\\slash", "line\nend", "<b>html</b>", "\\N"])
def test_a_name_cannot_break_out_of_its_label(name):
    dot = charts.family_graph([member("p1", name, 3, "child")], ()).chart
    nodes = [line for line in dot.splitlines() if "shape=" in line]
    assert len(nodes) == 1
    assert re.fullmatch(r' +p0 \[shape=\w+, style="filled", fillcolor="#\w+", label="([^"\\]|\\.)*"\]', nodes[0])


def test_two_people_who_read_alike_are_told_apart():
    twins = [member("p1", "Sam Lee", 9, "child"), member("p2", "Sam Lee", 9, "child")]
    assert tables.distinct_names(twins) == ["Sam Lee (9)", "Sam Lee (9), no. 2"]


def test_cells_for_a_table_that_reads_markdown_are_escaped():
    frame = tables.for_markdown(pl.DataFrame({"Name": ["[a](b)"], "Row": [1]}))
    assert frame.row(0) == (r"\[a\]\(b\)", 1)


def test_suspensions_since_are_a_number_only_where_all_would_have_been_told():
    child = ChildSince("p1", "Ria", (), None, None, "", None, (), None, False)
    shown = [replace(child, suspensions=number, are_all_told=is_all) for number, is_all in ((2, False), (0, True))]
    found = Monitoring(dt.date(2013, 6, 3), "confirmation", Schooling(), (child, *shown), (), True)
    told = monitoring.children(found)
    assert told["Suspensions since"].to_list() == ["not known", "at least 2", "0"]
    assert told["Threshold"].to_list() == ["not known"] * 3


def test_a_review_is_told_of_no_alert_whose_cause_the_records_have_no_more():
    alert = {"raised_on": dt.date(2013, 6, 3), "name": "Ria", "sentence": "Ria was suspended.", "closed_on": None}
    closed = alert | {"sentence": "Ria is off roll.", "closed_on": dt.date(2013, 6, 10)}
    shown = work_tables.since([], [alert, closed], dt.date(2013, 5, 1))
    assert shown["What the records say"].to_list() == ["Ria was suspended."]
