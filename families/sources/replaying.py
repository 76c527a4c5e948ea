"""Rejected rows as a table to be corrected by hand, and the corrected ones loaded in their place.

The table has the source's own columns, and before them the row's number and why it was refused. What comes back is
read exactly as the delivery was, by the same rules, as a delivery of its own that says which rows it stands for. A code
that is not known is said once for all the rows that were refused for it: these come back as they were, read with it.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from families.errors import Refused
from families.home import Home
from families.sources.date_formats import YEAR_LAST, is_month_first
from families.sources.delimited import DELIMITERS, LONGEST_FIELD
from families.sources.layouts import CODED, fit, layouts
from families.sources.layouts import Mapping as ColumnMapping
from families.sources.marks import SOURCE as MARKS
from families.sources.opening import open_file
from families.sources.receipts import Receipt, Replaced
from families.sources.recognise import candidates, raw_rows, recognise
from families.sources.store import DELIVERIES, load_corrected, receipts
from families.sources.taking_back import delivery_of
from families.sources.taking_in import TABLES, XML_ROOTS

NUMBER, WHY, WHOLE = "Rejected row", "Why it was rejected", "Row as received"
RULE = "rule"  # of a rejected row; not written out
ACTS_AS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
LARGEST_CORRECTION = 25 << 20
COLUMN_OF_RULE = {"code": "mark", "episode_type_unknown": "kind"}  # else a rule is named after its column
FEWEST_OF_A_CODE, LONGEST_CODE = 3, 40
Rows = list[dict[str, str]]
Codes = Mapping[str, Mapping[str, str]]  # column: a value as the feed writes it, as it is read


@dataclass(frozen=True)
class Rejects:
    """The rejected rows of a delivery that no correction stands for yet: personal data."""

    headings: list[str]
    rows: Rows  # by heading, with NUMBER, WHY and, where a row could not be split into fields, WHOLE


def rejects_of(home_path: Path, delivery: str) -> Rejects:
    """The rejected rows of a delivery that still wait, in its source's own layout."""
    receipt = delivery_of(home_path, delivery)
    _require_rows(receipt)
    path = home_path / DELIVERIES / delivery / "tables" / "rejected.parquet"
    replaced = replaced_rows(home_path, delivery)
    kept = pl.read_parquet(path.read_bytes()) if path.is_file() else pl.DataFrame(schema={"row": pl.Int64})
    told = [row for row in kept.sort("row").iter_rows(named=True) if row["row"] not in replaced]
    raw = [json.loads(row["raw"]) for row in told]
    headings = _headings(receipt, raw)
    return Rejects(headings, [_row(row, values, headings) for row, values in zip(told, raw, strict=True)])


def _require_rows(receipt: Receipt) -> None:
    if receipt.source in (*XML_ROOTS.values(), TABLES):
        raise Refused(
            f"{receipt.file} is a return that is one whole: have it corrected where it is made, take this one back "
            "and load the corrected one."
        )


def _headings(receipt: Receipt, raw: Iterable[Mapping[str, object]]) -> list[str]:
    split = next((values for values in raw if values.keys() != {"text"}), None)
    if split is not None:
        return list(split)
    columns = (receipt.mapping or {}).get("columns", {})
    return list(columns.values()) or list(layouts()[receipt.source].columns)


def _row(row: Mapping[str, object], values: Mapping[str, object], headings: list[str]) -> dict[str, str]:
    told = {NUMBER: str(row["row"]), WHY: str(row["reason"]), RULE: str(row["rule"])}
    if values.keys() == {"text"} and headings != ["text"]:
        return told | dict.fromkeys(headings, "") | {WHOLE: str(values["text"])}
    return told | {name: str(values.get(name) or "") for name in headings} | {WHOLE: ""}


def replaced_rows(home_path: Path, delivery: str) -> dict[int, str]:
    """Rejected rows of a delivery for which corrected ones were loaded: each row, and the delivery that has it."""
    found = [each for each in receipts(home_path) if each.replaces and each.replaces.delivery == delivery]
    return {row: each.delivery for each in found if each.replaces for row in each.replaces.rows}


def waiting(home_path: Path, receipt: Receipt) -> int:
    """How many rejected rows of a delivery no correction stands for."""
    return receipt.rejected - len(replaced_rows(home_path, receipt.delivery))


def as_csv(rejects: Rejects) -> bytes:
    """The rows as CSV that a spreadsheet opens: nothing in it acts as a formula, and a replay reads it back."""
    out = io.StringIO(newline="")
    names = [NUMBER, WHY, *rejects.headings]
    names += [WHOLE] if any(row[WHOLE] for row in rejects.rows) else []
    writer = csv.writer(out)
    writer.writerow(map(_inert, names))
    writer.writerows([_inert(row[name]) for name in names] for row in rejects.rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _inert(text: str) -> str:
    return f"'{text}" if text.lstrip("'").startswith(ACTS_AS_FORMULA) else text


def _as_it_was(text: str) -> str:
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(ACTS_AS_FORMULA) else text


def replay(
    home_path: Path,
    delivery: str,
    corrected: bytes,
    *,
    by: str,
    on: dt.date,
    codes: Codes | None = None,
    dry_run: bool = False,
    is_apart: bool = True,
) -> Receipt:
    """Load corrected rows in place of rejected ones. What is refused of them again is told as in any load."""
    receipt = delivery_of(home_path, delivery)
    waits = rejects_of(home_path, delivery)
    rows = _corrected_rows(corrected, waits)
    numbers = _numbers(rows, {int(row[NUMBER]) for row in waits.rows}, replaced_rows(home_path, delivery))
    replaced = Replaced(delivery, numbers, by, on)
    mapping = _mapping(receipt, codes or {})
    rejects = Rejects(waits.headings, rows)
    return _again(home_path, receipt, mapping, rejects, replaced, dry_run=dry_run, is_apart=is_apart)


def _again(
    home_path: Path,
    receipt: Receipt,
    mapping: ColumnMapping | None,
    rejects: Rejects,
    replaced: Replaced,
    *,
    dry_run: bool,
    is_apart: bool,
) -> Receipt:
    """Read rows in place of those that were rejected, as their delivery was and with the codes that are known now."""
    rows = _with_plain_dates(home_path, receipt, mapping, rejects)
    with Home(home_path).scratch() as folder:
        file = folder / "corrected.csv"
        file.write_bytes(_own_layout(rejects.headings, rows))
        return load_corrected(home_path, file, receipt, replaced, mapping=mapping, dry_run=dry_run, is_apart=is_apart)


def _mapping(receipt: Receipt, codes: Codes) -> ColumnMapping | None:
    """The mapping a delivery was read with, and codes that were said since."""
    mapping = ColumnMapping(**receipt.mapping) if receipt.mapping else None
    if mapping and receipt.source == MARKS:
        mapping = mapping.model_copy(update={"columns": {}})  # rejected marks are kept under the layout's own names
    if not codes:
        return mapping
    mapping = mapping or ColumnMapping(source=receipt.source)
    names = sorted(mapping.codes.keys() | codes.keys())
    both = {name: {**mapping.codes.get(name, {}), **codes.get(name, {})} for name in names}
    return mapping.model_copy(update={"codes": both})


@dataclass(frozen=True)
class UnknownCode:
    """A value under one heading that many rows were refused for."""

    column: str
    heading: str
    value: str
    rows: int
    reason: str


def unknown_codes(home_path: Path, delivery: str) -> tuple[UnknownCode, ...]:
    """The codes for which rows of a delivery wait, the most rows first.

    Only what stands in several rows and is short: a value of one row may be anything, and of anybody.
    """
    receipt = delivery_of(home_path, delivery)
    waits = rejects_of(home_path, delivery)
    found = _refused_codes(receipt, waits)
    counted = Counter((column, heading, value.casefold()) for _, column, heading, value in found)
    first = {(column, value.casefold()): (row, value) for row, column, _, value in reversed(found)}
    return tuple(
        UnknownCode(column, heading, first[column, folded][1], number, first[column, folded][0][WHY])
        for (column, heading, folded), number in counted.most_common()
        if number >= FEWEST_OF_A_CODE and len(folded) <= LONGEST_CODE
    )


def _refused_codes(receipt: Receipt, waits: Rejects) -> list[tuple[dict[str, str], str, str, str]]:
    """Each row that was refused for a code: the row, the column, its heading, and the value."""
    layout = layouts()[receipt.source]
    places = fit(layout, waits.headings, _mapping(receipt, {})).places
    found = []
    for row in waits.rows:
        column = COLUMN_OF_RULE.get(row[RULE], row[RULE].removesuffix("_unknown"))
        if column in places and layout.columns[column].kind in CODED:
            heading = waits.headings[places[column]]
            if value := row.get(heading, "").strip():
                found.append((row, column, heading, value))
    return found


def replay_code(
    home_path: Path,
    delivery: str,
    *,
    column: str,
    value: str,
    codes: Codes,
    by: str,
    on: dt.date,
    dry_run: bool = False,
    is_apart: bool = True,
) -> Receipt:
    """Load all rows that were refused for one value, as they are, with the codes that are known now."""
    receipt = delivery_of(home_path, delivery)
    waits = rejects_of(home_path, delivery)
    rows = [
        row
        for row, found, _, refused in _refused_codes(receipt, waits)
        if found == column and refused.casefold() == value.strip().casefold()
    ]
    if not rows:
        raise Refused("No rejected row of this delivery waits for that code.")
    replaced = Replaced(delivery, tuple(int(row[NUMBER]) for row in rows), by, on)
    mapping = _mapping(receipt, codes)
    rejects = Rejects(waits.headings, rows)
    return _again(home_path, receipt, mapping, rejects, replaced, dry_run=dry_run, is_apart=is_apart)


def _corrected_rows(corrected: bytes, waits: Rejects) -> Rows:
    if len(corrected) > LARGEST_CORRECTION:
        raise Refused(f"The corrected rows are larger than {LARGEST_CORRECTION >> 20} MiB: correct them in parts.")
    names, rows = _table(corrected)
    if lacking := [name for name in (NUMBER, *waits.headings) if name not in names]:
        raise Refused(
            f"The corrected rows lack the column{'s' if len(lacking) > 1 else ''} {', '.join(lacking)}: keep the "
            "columns as the rejected rows were written out."
        )
    if not rows:
        raise Refused("The corrected rows are none: nothing was changed.")
    return rows


def _table(corrected: bytes) -> tuple[list[str], Rows]:
    """Headings and rows of a CSV as people's spreadsheets write it."""
    try:
        text = corrected.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = corrected.decode("cp1252", errors="replace")
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=lambda mark: len(next(csv.reader([first], delimiter=mark), [])))
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if line]
    except csv.Error:
        raise Refused("The corrected rows are not CSV: save them as CSV with a comma between values.") from None
    names = [_as_it_was(name.strip()) for name in lines[0]] if lines else []
    if any(len(line) != len(names) for line in lines):
        raise Refused("Some corrected rows have more or fewer values than the heading: nothing was changed.")
    if any(len(value) > LONGEST_FIELD for line in lines for value in line):
        raise Refused(f"A corrected value is longer than {LONGEST_FIELD:,} characters: nothing was changed.")
    return names, [dict(zip(names, map(_as_it_was, line), strict=True)) for line in lines[1:] if any(line)]


def _numbers(rows: Rows, waits: set[int], before: Mapping[int, str]) -> tuple[int, ...]:
    """The rejected rows that the corrected ones stand for."""
    told = [row[NUMBER].strip() for row in rows]
    numbers = [int(number) if number.isascii() and number.isdigit() else -1 for number in told]
    if again := [number for number in numbers if number in before]:
        raise Refused(f"Row {again[0]} was corrected before, by delivery {before[again[0]]}: leave it out.")
    if wrong := [number for number in numbers if number not in waits]:
        what = "a number" if wrong[0] < 0 else f"row {wrong[0]}"
        raise Refused(f"Under {NUMBER!r} stands {what} that is no rejected row of this delivery: nothing was changed.")
    if len(set(numbers)) != len(numbers):
        raise Refused(f"A row stands twice under {NUMBER!r}: keep one of each.")
    return tuple(numbers)


def _own_layout(headings: list[str], rows: Rows) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(headings)
    writer.writerows([row[name] for name in headings] for row in rows)
    return out.getvalue().encode()


def _with_plain_dates(home_path: Path, receipt: Receipt, mapping: ColumnMapping | None, rejects: Rejects) -> Rows:
    """Dates written year first, read day or month first as the delivery's own column was.

    A reader settles the order by the whole column; a few corrected rows alone could settle it the other way round.
    """
    headings, rows = rejects.headings, rejects.rows
    layout = layouts()[receipt.source]
    formats = mapping.formats if mapping else {}
    dates = {
        headings[place]: name
        for name, place in fit(layout, headings, mapping).places.items()
        if layout.columns[name].kind == "date" and name not in formats
    }
    turned = _month_first(home_path, receipt) if dates else set()
    for heading, name in dates.items():
        texts = pl.Series([row[heading].strip() for row in rows], dtype=pl.String)
        plain = _year_first(texts, month_first=name in turned)
        if is_month_first(plain) or (plain.str.contains(YEAR_LAST)).any():
            order = "month, day, year" if name in turned else "day, month, year"
            raise Refused(
                f"Under {heading!r} stands a date that cannot be read as {order}, as the rest of {receipt.file} is: "
                "write it year first, as 2013-03-25."
            )
        rows = [row | {heading: text} for row, text in zip(rows, plain, strict=True)]
    return rows


def _year_first(texts: pl.Series, *, month_first: bool) -> pl.Series:
    day, month = (1, 0) if month_first else (0, 1)
    parts = texts.str.extract_groups(YEAR_LAST).struct.unnest()
    numbers = [parts.to_series(place).str.zfill(2) for place in (2, month, day)]
    frame = pl.DataFrame([texts.alias("text"), *(part.alias(str(n)) for n, part in enumerate(numbers))])
    whole = pl.concat_str("0", "1", "2", separator="-")
    is_day = whole.str.to_date("%Y-%m-%d", strict=False).is_not_null()
    return frame.select(pl.when(is_day).then(whole).otherwise("text")).to_series()


def _month_first(home_path: Path, receipt: Receipt) -> set[str]:
    """The date columns that the delivery itself could only be read in month first."""
    if receipt.source == MARKS:
        return set()
    mapping = ColumnMapping(**receipt.mapping) if receipt.mapping else None
    received = sorted((home_path / DELIVERIES / receipt.delivery / "received").iterdir())
    with Home(home_path).scratch() as folder:
        opened = open_file(received[0], work=folder)
        recognised = recognise(opened, candidates(receipt.source, mapping), mapping)
        frame = raw_rows(recognised).frame
    columns = recognised.layout.columns
    return {
        name
        for name, place in recognised.found.places.items()
        if columns[name].kind == "date" and is_month_first(frame[f"c{place}"].str.strip_chars())
    }
