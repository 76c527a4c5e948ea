"""Working days of an English council, against the dates that gov.uk published."""

import datetime as dt

import pytest

from families.working_days import add_working_days, bank_holidays, working_days_between

PUBLISHED = {
    2012: "01-02 04-06 04-09 05-07 06-04 06-05 08-27 12-25 12-26",
    2013: "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26",
    2020: "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28",
    2022: "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27",
    2023: "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26",
    2027: "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28",
}


@pytest.mark.parametrize("year", PUBLISHED)
def test_bank_holidays_are_those_published(year: int) -> None:
    assert sorted(f"{day:%m-%d}" for day in bank_holidays(year)) == PUBLISHED[year].split()


def test_working_days_skip_weekends_and_holidays() -> None:
    friday, tuesday = dt.date(2013, 8, 23), dt.date(2013, 8, 27)
    assert add_working_days(friday, 1) == tuesday
    assert add_working_days(friday, 0) == friday
    assert working_days_between(friday, tuesday) == 1
    assert working_days_between(tuesday, friday) == -1
    assert add_working_days(dt.date(2013, 12, 24), 2) == dt.date(2013, 12, 30)
