"""Which families enter the casebook, and what is said of them; frames only."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import AS_OF, MadeUpRun, made_up_run
from polars.testing import assert_frame_equal

from families.casebook.folding import fold, folded
from families.casebook.selection import (
    absence_by_half_term,
    age_in_years,
    coverage_lines,
    families_entering,
    family_names,
    rows_to_publish,
    schools_attended,
)
from families.dates import age_on


def rows(run: MadeUpRun) -> dict[str, pl.DataFrame]:
    return rows_to_publish(**run.for_publish())


@pytest.mark.parametrize(
    ("education", "crime_asb", "work", "eligible", "status"),
    [
        ("met", "met", "met", "met", "eligible"),
        ("met", "not_met", "not_met", "not_met", "near_miss"),
        ("unknown", "met", "unknown", "unknown", "near_miss"),
        ("not_met", "not_met", "met", "not_met", None),  # work alone never brings a family in
        ("unknown", "unknown", "unknown", "unknown", None),
        ("not_met", "not_met", "not_met", "not_met", None),
    ],
)
def test_who_enters(education: str, crime_asb: str, work: str, eligible: str, status: str | None) -> None:
    strands = {"education": education, "crime_asb": crime_asb, "work": work, "eligible": eligible}
    assessments = pl.DataFrame(
        [{"family_id": "F1", "strand": strand, "outcome": outcome} for strand, outcome in strands.items()]
    )

    entering = families_entering(assessments, near_miss_strands=("education", "crime_asb"))
    assert entering["status"].to_list() == ([status] if status else [])


def test_nothing_is_written_of_anybody_else() -> None:
    run = made_up_run()
    published = rows(run)
    entering = set(published["published_family"]["family_id"])
    others = run.tables["family_members"].filter(~pl.col("family_id").is_in(entering))["person_id"].to_list()
    named = [frame[name] for frame in published.values() for name in frame.columns if name.startswith("person")]

    assert len(entering) == 20
    assert others
    assert not set(others) & {person for column in named for person in column.to_list()}


def test_the_order_of_the_input_changes_nothing() -> None:
    straight = rows(made_up_run())
    for seed in range(5):
        for name, frame in rows(made_up_run().shuffled(seed)).items():
            assert_frame_equal(frame, straight[name])


def members(*rows: tuple[str, str | None, str, dt.date | None]) -> pl.DataFrame:
    columns = ["person_id", "surname", "role", "date_of_birth"]
    schema = {"person_id": pl.String, "surname": pl.String, "role": pl.String, "date_of_birth": pl.Date}
    return pl.DataFrame([dict(zip(columns, row, strict=True)) for row in rows], schema=schema).with_columns(
        family_id=pl.lit("F1")
    )


@pytest.mark.parametrize(
    ("surnames", "name"),
    [
        ([("Ward", "child"), ("Ward", "child"), ("Ali", "child"), ("Ali", "parent"), ("Ali", "parent")], "Ward family"),
        ([("Ward", "child"), ("Ali", "child")], "Ali family"),  # as many of each: the first in the alphabet
        ([(None, "child"), ("Price", "parent")], "Price family"),
        ([(None, "child"), ("Elsewhere", "linked")], "Unnamed family"),
    ],
)
def test_a_family_is_called_by_its_childrens_surname(surnames: list[tuple[str | None, str]], name: str) -> None:
    found = members(*((f"P{i}", surname, role, None) for i, (surname, role) in enumerate(surnames)))

    assert family_names(found)["name"].to_list() == [name]


ABSENCE = {
    "person_id": pl.String,
    "school": pl.String,
    "academic_year": pl.String,
    "term": pl.String,
    "half": pl.Int32,
    "possible": pl.Int32,
    "authorised": pl.Int32,
    "unauthorised": pl.Int32,
}


def half_terms(
    *rows: tuple[str, str, str, int | None, int, int, int], born: dt.date = dt.date(2000, 1, 1), as_of: dt.date = AS_OF
) -> dict[str, int | None]:
    """Half term -> unauthorised sessions, of one child."""
    absence = pl.DataFrame([("P1", *row) for row in rows], schema=ABSENCE, orient="row")
    found = absence_by_half_term(
        absence, members=members(("P1", "Ward", "child", born)).with_columns(name=pl.lit("Amy Ward")), as_of=as_of
    )
    return dict(zip(found["half_term"], found["unauthorised"], strict=True))


def test_absence_is_summed_over_schools_and_a_half_term_not_supplied_is_a_gap() -> None:
    assert half_terms(
        ("8812001", "2012/13", "autumn", 1, 40, 1, 5),
        ("8814001", "2012/13", "autumn", 1, 30, 0, 2),
        ("8814001", "2012/13", "spring", 1, 60, 0, 9),
    ) == {
        "2012/13 autumn 1": 7,
        "2012/13 autumn 2": None,
        "2012/13 spring 1": 9,
        "2012/13 spring 2": None,
        "2012/13 summer 1": None,
        "2012/13 summer 2": None,
    }


def test_a_term_that_some_school_states_whole_is_shown_whole() -> None:
    found = half_terms(
        ("8812001", "2012/13", "autumn", 1, 40, 1, 5),
        ("8814001", "2012/13", "autumn", None, 30, 0, 2),
    )
    assert found["2012/13 autumn"] == 7
    assert "2012/13 autumn 1" not in found
    assert "2012/13 autumn 2" not in found


def test_no_gap_before_school_age_nor_before_the_half_term_is_over() -> None:
    assert half_terms(
        ("8812001", "2012/13", "summer", 1, 50, 0, 0), born=dt.date(2008, 4, 10), as_of=dt.date(2013, 7, 1)
    ) == {"2012/13 summer 1": 0}


def test_what_lies_after_the_as_of_date_is_not_shown() -> None:
    found = half_terms(("8812001", "2012/13", "summer", 2, 50, 0, 4), as_of=dt.date(2013, 1, 10))
    assert found == {"2012/13 autumn 1": None, "2012/13 autumn 2": None}


def enrolments(*rows: tuple[str, dt.date, bool, str]) -> pl.DataFrame:
    columns = ["school", "stated_on", "is_on_roll", "enrol_status"]
    return pl.DataFrame([dict(zip(columns, row, strict=True)) for row in rows]).with_columns(
        person_id=pl.lit("P1"), entry_date=pl.lit(None, pl.Date)
    )


@pytest.mark.parametrize(
    ("rows", "school"),
    [
        ([("8812001", dt.date(2012, 10, 4), True, "C"), ("8814001", dt.date(2013, 5, 16), True, "C")], "Bourne"),
        ([("8814001", dt.date(2013, 5, 16), False, "C"), ("8812001", dt.date(2013, 5, 16), True, "C")], "Ash Lane"),
        ([("8812001", dt.date(2013, 5, 16), True, "S"), ("8814001", dt.date(2013, 5, 16), True, "M")], "Bourne"),
        ([("8812001", dt.date(2012, 10, 4), True, "C"), ("8812001", dt.date(2013, 5, 16), False, "C")], None),
        ([("8812001", dt.date(2013, 10, 3), True, "C")], None),  # after the as-of date
        ([("8819999", dt.date(2013, 5, 16), True, "C")], "School 8819999"),
    ],
)
def test_a_childs_school_is_the_newest_that_has_them_on_roll(
    rows: list[tuple[str, dt.date, bool, str]], school: str | None
) -> None:
    names = [("d", 1, "8812001", "Ash Lane"), ("d", 2, "8814001", "Bourne")]
    schools = pl.DataFrame(names, schema=["delivery", "row", "school", "name"], orient="row")
    tables = {"enrolments": enrolments(*rows), "schools": schools}

    found = schools_attended(tables, pl.DataFrame({"person_id": ["P1"]}), as_of=AS_OF)

    assert found["school"].to_list() == ([school] if school else [])


def test_coverage_says_how_many_schools_and_how_it_is_known() -> None:
    run = made_up_run()
    lines = coverage_lines(run.tables["coverage"], schools=run.tables["schools"])

    assert lines["sentence"].to_list() == [
        "DWP benefit match: the whole authority, 1 September 2012 to 31 July 2013, "
        "inferred from its earliest and latest entries.",
        "Session marks: 2 of 3 schools, 1 September 2012 to 31 July 2013, as stated with the delivery.",
        "Youth justice: the whole authority, 1 September 2012 to 31 July 2013, as stated with the delivery.",
    ]


def test_what_is_unknown_is_said_in_words() -> None:
    families = rows(made_up_run())["published_family"]
    unknown = dict(zip(families["family_id"], families["unknown"], strict=True))

    assert unknown["F01"] == ""
    assert unknown["F03"] == "Out-of-work benefits: Out-of-work benefits is unknown."


def test_what_a_near_miss_lacks_is_published_of_near_misses_alone() -> None:
    run = made_up_run()
    lacking = [(family, "all_three", f"{family} lacks one.") for family in ("F01", "F03", "F05")]
    near = pl.DataFrame(lacking, schema=["family_id", "route", "sentence"], orient="row")
    published = rows_to_publish(**(run.for_publish() | {"tables": run.tables | {"near_misses": near}}))
    families = published["published_family"]

    assert families.drop_nulls("near_miss").select("family_id", "near_miss").rows() == [("F03", "F03 lacks one.")]
    assert rows(run)["published_family"]["near_miss"].null_count() == 20


def test_a_run_without_optional_tables_is_published_with_what_there_is() -> None:
    run = made_up_run()
    kept = {name: run.tables[name] for name in ("people", "family_members", "assessments")}
    published = rows_to_publish(**(run.for_publish() | {"tables": kept}))

    assert published["published_family"].height == 20
    assert published["published_member"]["school"].null_count() == published["published_member"].height


@given(st.text())
def test_search_folds_what_is_typed_as_it_folds_names(words: str) -> None:
    column = pl.Series([words.encode("utf-8", "ignore").decode("utf-8"), "Zoë"])
    assert column.to_frame("name").select(folded(pl.col("name"))).to_series().to_list() == [fold(words), "zoe"]
    assert fold(fold(words)) == fold(words)


@pytest.mark.parametrize(
    ("name", "typed"), [("Łukasz", "LUKASZ"), ("Zoë", "zoe"), ("O’Neill", "o'neill"), ("Đặng", "dang")]
)
def test_a_name_is_found_without_its_accents(name: str, typed: str) -> None:
    assert fold(name) == fold(typed)


@given(st.dates(dt.date(1900, 1, 1), AS_OF))
def test_ages_are_those_of_the_calendar(born: dt.date) -> None:
    shown = pl.select(age_in_years(pl.lit(born), AS_OF)).item()
    assert shown == age_on(born, AS_OF)
