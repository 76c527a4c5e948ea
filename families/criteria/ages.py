"""Ages in whole years, as expressions over whole tables; the same count as `families.dates.age_on`."""

from __future__ import annotations

import datetime as dt

import polars as pl


def age(born: pl.Expr, day: dt.date | pl.Expr) -> pl.Expr:
    """Whole years of age on a day; blank where the date of birth is. A 29 February birthday falls on 1 March."""
    on = pl.lit(day, dtype=pl.Date) if isinstance(day, dt.date) else day
    birthday_to_come = _month_and_day(born) > _month_and_day(on)
    return on.dt.year() - born.dt.year() - birthday_to_come.cast(pl.Int32)


def _month_and_day(day: pl.Expr) -> pl.Expr:
    return day.dt.month().cast(pl.Int32) * 100 + day.dt.day()  # a month as delivered is an Int8, and would overflow
