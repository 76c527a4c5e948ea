"""Finds out which source a table of rows is, where its header is, and how its fields are told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from families.errors import Refused
from families.sources import delimited
from families.sources.delimited import BadRow, Bytes, Dialect, Rows
from families.sources.layouts import Fit, Layout, Mapping, best_fit, fit, known_headings, layouts, plain
from families.sources.opening import Opened
from families.sources.workbook import Sheet, read_sheets

NEAREST = 3


@dataclass(frozen=True)
class Header:
    """A header row: its headings, where the data starts after it, and the layouts it fits, best first."""

    headings: list[str]
    data_starts: int  # byte in a text, row in a sheet
    fits: list[Fit]


@dataclass(frozen=True)
class Recognised:
    """A delivered table whose layout and header are known; rows are read from it."""

    opened: Opened
    layout: Layout
    found: Fit
    header: Header
    dialect: Dialect
    text: Bytes | None = None
    encoding: str | None = None  # of a text
    sheet: Sheet | None = None


@dataclass(frozen=True)
class RawRows:
    """All data rows as delivered: `row`, c0, c1, ...; those set aside; and how many there are."""

    frame: pl.DataFrame
    bad: list[BadRow]
    count: int
    headings: list[str]


def candidates(source: str | None, mapping: Mapping | None) -> list[Layout]:
    """The layouts a file may have."""
    if mapping is not None:
        return [layouts()[mapping.source]]
    if source is not None:
        return [layouts()[source]]
    return [layout for layout in layouts().values() if layout.is_detected]


def recognise(opened: Opened, wanted: list[Layout], mapping: Mapping | None) -> Recognised:
    """The layout, header and dialect of a text or workbook; Refused with the nearest layouts where nothing fits."""
    if opened.kind == "workbook":
        return _of_workbook(opened, wanted, mapping)
    read = delimited.read_text(opened.path, name=opened.name)
    text = read.utf8
    if not text[:65536].tobytes().strip():
        raise Refused(f"{opened.name} holds no text at all: ask the sender for it again.")
    header, delimiter, quote = _best_header(opened.name, text, wanted, mapping)
    found = _the_one(opened.name, header, wanted)
    dialect = _dialect(text, header, delimiter, quote)
    return Recognised(opened, layouts()[found.source], found, header, dialect, text=text, encoding=read.encoding)


def _best_header(name: str, text: Bytes, wanted: list[Layout], mapping: Mapping | None) -> tuple[Header, str, str]:
    """The likeliest header, with the delimiter and quotation mark by which it was split."""
    options: list[tuple[Header, str, str]] = []
    for delimiter in delimited.DELIMITERS:
        rows, quote = delimited.first_rows(text, delimiter), '"'
        if delimited.uses_apostrophes(rows):
            rows, quote = delimited.first_rows(text, delimiter, "'"), "'"
        starts = [(row.ends, row.fields) for row in rows]
        options += [(header, delimiter, quote) for header in _headers(starts, wanted, mapping)]
    if not options:
        raise Refused(
            f"{name} has no header row with the columns of a known source in its first lines: see that its first row "
            "names the columns, separated by commas, semicolons, tabs or bars."
        )
    return min(options, key=lambda option: _rank(option[0]))


def _headers(rows: list[tuple[int, list[str]]], wanted: list[Layout], mapping: Mapping | None) -> list[Header]:
    return [
        Header(fields, end, _fits(fields, wanted, mapping))
        for end, fields in rows
        if len(fields) > 1 and len(fields) <= delimited.MOST_COLUMNS
    ]


def _fits(fields: list[str], wanted: list[Layout], mapping: Mapping | None) -> list[Fit]:
    if mapping is not None:
        return [fit(wanted[0], fields, mapping)]
    return best_fit(fields, wanted)


def _rank(header: Header) -> tuple[int, int, int]:
    best = header.fits[0]
    known = sum(plain(heading) in known_headings() for heading in header.headings)
    return (len(best.missing) if best.places else 99, -len(best.places), -known)


def _the_one(name: str, header: Header, wanted: list[Layout]) -> Fit:
    complete = [each for each in header.fits if not each.missing]
    if not complete:
        raise Refused(_nearest(name, header, wanted))
    best = complete[0]
    rivals = [each.source for each in complete[1:] if len(each.places) == len(best.places)]
    if rivals:
        raise Refused(f"{name} fits {', '.join([best.source, *rivals])} equally well: say which with --source.")
    if best.twice:
        raise Refused(
            f"{name} has the heading {best.twice[0]!r} twice, so it cannot be known which column is meant: rename or "
            "remove one."
        )
    return best


def _nearest(name: str, header: Header, wanted: list[Layout]) -> str:
    near = [each for each in header.fits if each.places][:NEAREST]
    if len(wanted) == 1:
        lacks = ", ".join(_heading(wanted[0], column) for column in header.fits[0].missing)
        return f"{name} lacks {lacks}, which {wanted[0].source} needs: add the column, or map it with --mapping."
    if not near:
        return (
            f"{name} has none of the columns of a known source: name its source with --source and map its columns with "
            "--mapping."
        )
    told = "; ".join(
        f"{each.source} (lacks {', '.join(_heading(layouts()[each.source], column) for column in each.missing)})"
        for each in near
    )
    return f"{name} fits no known layout; nearest are {told}: map its columns with --mapping, or correct its header."


def _heading(layout: Layout, column: str) -> str:
    headers = layout.columns[column].headers
    return headers[0] if headers else column


def _dialect(text: Bytes, header: Header, delimiter: str, quote: str) -> Dialect:
    """Columns as the header has them, and empty fields that every row has beyond it (a delimiter at each line's end).

    Nameless columns at the end of the header are dropped where no row has them.
    """
    columns = len(header.headings)
    rows = [row.fields for row in delimited.first_rows(text[header.data_starts :], delimiter, quote)]
    surplus = len(rows[0]) - columns if rows else 0
    named = columns - _blank_tail(header.headings)
    is_like = all(len(fields) == columns + surplus for fields in rows)
    if is_like and named <= columns + surplus < columns:
        return Dialect(delimiter, columns + surplus, quote=quote)
    if is_like and surplus > 0 and not any(field.strip() for fields in rows for field in fields[columns:]):
        return Dialect(delimiter, columns, surplus, quote=quote)
    return Dialect(delimiter, columns, quote=quote)


def _blank_tail(headings: list[str]) -> int:
    count = 0
    for heading in reversed(headings):
        if heading.strip():
            break
        count += 1
    return count


def _of_workbook(opened: Opened, wanted: list[Layout], mapping: Mapping | None) -> Recognised:
    sheets = read_sheets(opened)
    options: list[tuple[Header, Sheet]] = []
    for sheet in sheets:
        rows = [(index + 1, fields) for index, fields in enumerate(sheet.first_rows(delimited.HEAD_ROWS))]
        options += [(header, sheet) for header in _headers(rows, wanted, mapping)]
    if not options:
        raise Refused(f"{opened.name} has no sheet with a header row and data: check what was exported.")
    header, sheet = min(options, key=lambda option: _rank(option[0]))
    complete = {other.name for each, other in options if each.fits and not each.fits[0].missing}
    if len(complete) > 1:
        raise Refused(
            f"{opened.name} has {len(complete)} sheets that fit: save each as a file of its own and load those."
        )
    found = _the_one(opened.name, header, wanted)
    return Recognised(opened, layouts()[found.source], found, header, Dialect(",", len(header.headings)), sheet=sheet)


def raw_rows(recognised: Recognised) -> RawRows:
    """Every data row of a recognised table; rows that repeat the header are set aside."""
    headings = recognised.header.headings[: recognised.dialect.columns]
    if recognised.sheet is not None:
        frame = recognised.sheet.rows_from(recognised.header.data_starts)
        delimited.check_lengths(frame, recognised.opened.name)
        rows = Rows(frame, [], frame.height)
    else:
        text = recognised.text if recognised.text is not None else np.empty(0, dtype=np.uint8)
        start = recognised.header.data_starts
        rows = delimited.read_rows(text[start:], recognised.dialect, name=recognised.opened.name)
    return _without_headers(rows, headings)


def _without_headers(rows: Rows, headings: list[str]) -> RawRows:
    is_header = pl.all_horizontal(
        pl.col(f"c{place}").str.strip_chars() == heading.strip() for place, heading in enumerate(headings)
    )
    again = rows.frame.filter(is_header)
    if again.is_empty():
        return RawRows(rows.frame, rows.bad, rows.count, headings)
    bad = [
        BadRow(row, "header_again", "The row repeats the header, so it is no data: leave it out.", ",".join(headings))
        for row in again["row"]
    ]
    kept = rows.frame.filter(~is_header)
    return RawRows(kept, sorted([*rows.bad, *bad], key=lambda each: each.row), rows.count, headings)
