"""Reads dates as councils write them, without any locale: one column at a time, so that its own values settle doubt.

Forms read: 2012-10-04, with or without a time; 04/10/2012, 04-10-2012, 04.10.2012; 20121004; 2012-Oct-04 and
04-Oct-2012 (English months); Excel serial days (41186 or 41186.5). Two-digit years are not guessed at.
Where day and month could be either way round, the column is read day first, as in the United Kingdom, unless some
value can only be month first and none can only be day first.
"""

from __future__ import annotations

import polars as pl

from families.errors import Refused

TIME = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?(?:Z|[+-]\d{2}:?\d{2}))?)?"
YEAR_FIRST = rf"^(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){TIME}$"
YEAR_LAST = rf"^(\d{{1,2}})[-/. ](\d{{1,2}})[-/. ](\d{{4}}){TIME}$"
PACKED = r"^((?:18|19|20)\d{2})(\d{2})(\d{2})$"
YEAR_FIRST_NAMED = rf"^(\d{{4}})[- /]([A-Za-z]{{3,9}})[- /](\d{{1,2}}){TIME}$"
YEAR_LAST_NAMED = rf"^(\d{{1,2}})[- /]([A-Za-z]{{3,9}})[- /](\d{{4}}){TIME}$"
SERIAL = r"^([1-9]\d{3,4})(?:\.\d+)?$"
EXCEL_EPOCH_DAYS = -25569  # 30 December 1899, in days from 1970
DIRECTIVES = frozenset("dmYyHMSbBjf")
_NAMES = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
MONTHS = {form: number for number, name in enumerate(_NAMES, 1) for form in (name, name[:3])} | {"sept": 9}


def parse_dates(texts: pl.Series, *, form: str | None = None) -> pl.Series:
    """Dates of a column of texts; null where blank or not a date. `form` is a strptime form and then the only one."""
    distinct = texts.unique().drop_nulls().sort()
    if distinct.is_empty():
        return pl.Series(texts.name, [None] * len(texts), dtype=pl.Date)
    days = _by_form(distinct, form) if form else _by_shape(distinct)
    return texts.replace_strict(distinct, days, default=None, return_dtype=pl.Date)


def check_form(form: str) -> None:
    """Refuse a date form that has anything but the directives this reader knows."""
    pieces = form.split("%")[1:]
    if not pieces or any(not piece or piece[0] not in DIRECTIVES for piece in pieces):
        raise Refused(f"The date format {form!r} cannot be used: write it with %d, %m or %b, and %Y, as in %d/%m/%Y.")


def is_month_first(texts: pl.Series) -> bool:
    """Whether a column can only be month first: some value needs it and none speaks against it."""
    parts = texts.str.extract_groups(YEAR_LAST).struct
    first, second = parts[0].cast(pl.Int32, strict=False), parts[1].cast(pl.Int32, strict=False)
    needs_month_first = ((first <= 12) & (second > 12) & (second <= 31)).any()
    needs_day_first = ((first > 12) & (first <= 31) & (second <= 12)).any()
    return bool(needs_month_first) and not bool(needs_day_first)


def has_no_order(texts: pl.Series) -> bool:
    """Whether days and months of a column could be either way round, with another date each way."""
    parts = texts.str.extract_groups(YEAR_LAST).struct
    first, second = parts[0].cast(pl.Int32, strict=False), parts[1].cast(pl.Int32, strict=False)
    is_settled = ((first > 12) & (first <= 31)) | ((second > 12) & (second <= 31))
    return bool((first != second).any()) and not bool(is_settled.any())


def forms_in(texts: pl.Series) -> tuple[str, ...]:
    """The forms that dates of a column are written in, in words."""
    is_turned = is_month_first(texts)
    last = "month, day, year" if is_turned else "day, month, year"
    shapes = {
        YEAR_FIRST: "year, month, day",
        YEAR_LAST: last,
        PACKED: "year, month, day without a mark between",
        YEAR_FIRST_NAMED: "year, name of the month, day",
        YEAR_LAST_NAMED: "day, name of the month, year",
        SERIAL: "days as Excel counts them",
    }
    return tuple(words for shape, words in shapes.items() if texts.str.contains(shape).any())


def _by_form(texts: pl.Series, form: str) -> pl.Series:
    check_form(form)
    if any(f"%{letter}" in form for letter in "HMS"):
        return texts.str.to_datetime(form, strict=False).dt.date()
    return texts.str.to_date(form, strict=False)


def _by_shape(texts: pl.Series) -> pl.Series:
    frame = texts.str.strip_chars().alias("text").to_frame()
    day, month = (2, 1) if is_month_first(frame["text"]) else (1, 2)
    return frame.select(
        pl.coalesce(
            _date(YEAR_FIRST, year=1, month=2, day=3),
            _date(YEAR_LAST, year=3, month=month, day=day),
            _date(PACKED, year=1, month=2, day=3),
            _date(YEAR_FIRST_NAMED, year=1, month=2, day=3),
            _date(YEAR_LAST_NAMED, year=3, month=2, day=1),
            _serial(),
        )
    ).to_series()


def _date(shape: str, *, year: int, month: int, day: int) -> pl.Expr:
    """The date in a text of one shape, put together as ISO text so that an impossible day gives null."""
    text = pl.col("text")
    months = text.str.extract(shape, month).str.to_lowercase()
    number = pl.coalesce(
        months.cast(pl.Int32, strict=False), months.replace_strict(MONTHS, default=None, return_dtype=pl.Int32)
    )
    pieces = [
        text.str.extract(shape, year),
        number.cast(pl.String).str.zfill(2),
        text.str.extract(shape, day).str.zfill(2),
    ]
    return pl.concat_str(pieces, separator="-").str.to_date("%Y-%m-%d", strict=False)


def _serial() -> pl.Expr:
    days = pl.col("text").str.extract(SERIAL, 1).cast(pl.Int32, strict=False)
    return (days + EXCEL_EPOCH_DAYS).cast(pl.Date)
