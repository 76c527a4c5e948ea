import datetime as dt

import polars as pl
import pytest

from families.criteria import absence
from families.tables.records import AttendanceCounts

PERIOD = {"person_id": "P1", "school": "8812001", "academic_year": "2012/13", "term": "autumn"}
MONDAY = dt.date(2012, 9, 3)


def marks(*rows: dict) -> pl.DataFrame:
    base = PERIOD | {"half": 1, "first_monday": MONDAY, "source": "session_marks", "delivery": "d1", "row": 1}
    return pl.DataFrame([base | row for row in rows], schema_overrides={"half": pl.Int32})


def counts(**codes: int) -> pl.DataFrame:
    base = PERIOD | {"half": None, "source": "school_census", "delivery": "c1", "row": 7}
    return pl.DataFrame(
        [base | {"code": code, "sessions": sessions} for code, sessions in codes.items()],
        schema_overrides={"half": pl.Int32, "sessions": pl.Int32},
    )


NO_COUNTS = counts(possible=1).clear()


def totals(frame: pl.DataFrame) -> list[tuple]:
    return frame.select("possible", "authorised", "unauthorised").rows()


@pytest.mark.parametrize(
    ("text", "year", "expected"),
    [
        ("/\\/\\/\\/\\/\\", "2012/13", (10, 0, 0)),
        ("/\\IIOO NUG", "2012/13", (9, 2, 5)),
        ("DDXXYY##ZZ", "2012/13", (0, 0, 0)),
        ("LLBJPVWW/\\", "2012/13", (10, 0, 0)),
        ("cdj1234567", "2024/25", (3, 3, 0)),
        ("KKQQ/\\JJHH", "2024/25", (8, 4, 0)),
        ("XX/\\", "2020/21", (4, 0, 0)),
        ("XX/\\", "2012/13", (2, 0, 0)),
        ("--//", "2012/13", (2, 0, 0)),
    ],
)
def test_codes_count_as_their_date_says(text, year, expected):
    assert totals(absence.sessions_from_marks(marks({"marks": text, "academic_year": year}))) == [expected]


def test_a_later_mark_wins_session_by_session_and_lets_older_ones_through():
    older = {"marks": "NN/\\", "delivery": "d1"}
    newer = {"marks": "I ", "delivery": "d2", "first_monday": MONDAY}
    latest = absence.latest_marks(marks(older, newer), newest_first=["d2", "d1"])
    assert latest["marks"].to_list() == ["IN/\\"]


def test_strings_that_start_on_different_mondays_are_aligned():
    second_week = {"marks": "OO", "delivery": "d2", "first_monday": MONDAY + dt.timedelta(weeks=1)}
    latest = absence.latest_marks(marks({"marks": "/\\"}, second_week), newest_first=["d2", "d1"])
    assert latest["marks"].to_list() == ["/\\        OO"]


def test_stated_totals_and_codes_the_larger_stands():
    frame = counts(possible=140, authorised=16, unauthorised=10, I=12, C=4, O=15, U=3, N=3)
    assert totals(absence.sessions_from_counts(frame, newest_first=["c1"])) == [(140, 16, 21)]


@pytest.mark.parametrize("codes", [{"possible": 0, "I": 0}, {"possible": 10, "I": 11}, {"I": 3}])
def test_counts_that_cannot_be_are_left_out_and_so_unknown(codes):
    assert absence.sessions_from_counts(counts(**codes), newest_first=["c1"]).height == 0


def test_where_marks_and_census_speak_of_one_term_the_fuller_is_used_once():
    two = marks({"marks": "/" * 100})
    census = counts(possible=140, O=14)
    assert totals(absence.roll_up(two, census, newest_first=["d1", "c1"])) == [(140, 0, 14)]
    assert totals(absence.roll_up(marks({"marks": "/" * 140}), census, newest_first=["d1", "c1"])) == [(140, 0, 0)]


def test_absence_codes_of_marks():
    codes = absence.codes_from_marks(marks({"marks": "/\\IIOO"}))
    assert codes.select("code", "sessions").rows() == [("I", 2), ("O", 2)]


def test_the_slices_of_a_long_column_give_the_same_as_one_string_at_a_time():
    texts = ["/\\IO" * (1 + number % 7) for number in range(40_000)]
    many = (
        marks({"marks": "/"}).select(pl.all().repeat_by(len(texts)).explode()).with_columns(pl.Series("marks", texts))
    )
    expected = [(4 * n, n, n) for n in (1 + number % 7 for number in range(40_000))]
    assert totals(absence.sessions_from_marks(many)) == expected


def test_no_marks_and_no_counts():
    empty = AttendanceCounts.create_empty().with_columns(person_id=pl.lit(""), source=pl.lit(""))
    assert absence.roll_up(marks({"marks": "/"}).clear(), empty, newest_first=[]).height == 0
