import datetime as dt
import itertools

import pytest

from families import dates

D = dt.date


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (D(2000, 3, 1), D(2012, 2, 29), 11),
        (D(2000, 3, 1), D(2012, 3, 1), 12),
        (D(2000, 2, 29), D(2013, 2, 28), 12),
        (D(2000, 2, 29), D(2013, 3, 1), 13),
    ],
)
def test_age_is_in_whole_years(born, day, age):
    assert dates.age_on(born, day) == age


def test_easter_of_years_in_published_tables():
    assert [dates.easter_sunday(year) for year in (2012, 2013, 2016, 2024, 2025)] == [
        D(2012, 4, 8), D(2013, 3, 31), D(2016, 3, 27), D(2024, 3, 31), D(2025, 4, 20),
    ]  # fmt: skip


def test_half_terms_of_a_year_leave_no_day_out():
    halves = [window for _, _, window in dates.reporting_half_terms(2012)]
    assert (halves[0].first_day, halves[-1].last_day) == (D(2012, 8, 1), D(2013, 7, 31))
    for earlier, later in itertools.pairwise(halves):
        assert later.first_day - earlier.last_day == dt.timedelta(days=1)


def test_last_completed_terms_leave_out_the_one_that_goes_on():
    keys = [term.key for term in dates.completed_terms(D(2012, 11, 15), 3)]
    assert keys == ["2011/12 autumn", "2011/12 spring", "2011/12 summer"]


def test_a_term_is_complete_the_day_after_its_last():
    assert dates.completed_terms(D(2012, 12, 21), 1)[0].key == "2011/12 summer"
    assert dates.completed_terms(D(2012, 12, 22), 1)[0].key == "2012/13 autumn"


def test_every_shipped_term_lies_in_the_reporting_windows_of_its_name():
    for term in dates.authority_terms():
        windows = [w for name, _, w in dates.reporting_half_terms(int(term.academic_year[:4])) if name == term.name]
        assert windows[0].first_day <= term.first_day < term.last_day <= windows[-1].last_day, term


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [(D(2012, 10, 1), 12, D(2011, 10, 1)), (D(2012, 3, 31), 1, D(2012, 2, 29)), (D(2012, 1, 15), 1, D(2011, 12, 15))],
)
def test_months_before(day, months, expected):
    assert dates.months_before(day, months) == expected


def test_compulsory_school_age_runs_from_a_term_start_to_the_last_friday_in_june():
    born = D(1997, 8, 31)
    assert not dates.is_compulsory_school_age(born, D(2002, 8, 31))
    assert dates.is_compulsory_school_age(born, D(2002, 9, 1))
    assert dates.is_compulsory_school_age(born, D(2013, 6, 28))
    assert not dates.is_compulsory_school_age(born, D(2013, 6, 29))
    assert dates.school_leaving_date(D(1997, 9, 1)) == D(2014, 6, 27)
