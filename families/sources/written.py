"""How a file of rows is written, found out from itself: its encoding, its delimiter, and the forms of its dates.

Where every date under a heading could be day first or month first, the rest of the file may settle it; else it is
doubtful. Nothing of a row's own words is told.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from families.errors import Refused
from families.sources.date_formats import YEAR_LAST, forms_in, has_no_order, is_month_first
from families.sources.receipts import DatesRead, Written
from families.sources.recognise import Recognised


def how_written(recognised: Recognised, texts: pl.DataFrame, *, formats: Mapping[str, str]) -> Written:
    """How a recognised file is written; `texts` are its canonical columns before they are converted."""
    columns = recognised.layout.columns
    dates = {
        name: texts[name].unique().drop_nulls().str.strip_chars()
        for name in recognised.found.places
        if columns[name].kind == "date"
    }
    found = {name: each for name, each in dates.items() if name not in formats}
    doubtful = [name for name, each in found.items() if has_no_order(each)]
    decided = {is_month_first(each) for name, each in found.items() if name not in doubtful and _has_order(each)}
    doubtful = [] if decided == {False} else doubtful  # the rest of the file is day first, and so are these
    return Written(
        recognised.encoding,
        recognised.dialect.delimiter if recognised.sheet is None else None,
        tuple(
            DatesRead(
                recognised.header.headings[recognised.found.places[name]],
                (formats[name],) if name in formats else forms_in(each),
                name in doubtful,
            )
            for name, each in dates.items()
            if each.len()
        ),
    )


def _has_order(texts: pl.Series) -> bool:
    """Whether a column has dates whose day and month could be exchanged, were it not for the rest of it."""
    return bool(texts.str.contains(YEAR_LAST).any())


def refuse_doubtful_dates(written: Written | None, name: str) -> None:
    """Refuse a file until somebody says which way round its doubtful dates are."""
    doubtful = [each.heading for each in written.dates if each.is_doubtful] if written else []
    if doubtful:
        raise Refused(
            f"{name} was not loaded: every date under {', '.join(doubtful)} could be day first or month first. Say in "
            "a mapping how they are written, %d/%m/%Y or %m/%d/%Y."
        )
