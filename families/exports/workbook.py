"""A document as an Excel workbook: words are never formulas or links, long numbers are words, days are days."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import xlsxwriter

from families.exports.document import Cell, Document, Part

OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
MOST_DIGITS = 15  # beyond which Excel rounds a number
WIDE, NARROW = 60, 18
NO_NAME = re.compile(r"[\[\]:*?/\\']")


def workbook(document: Document) -> bytes:
    """The document as bytes: a sheet that says what it is, and one for each part."""
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, OPTIONS) as book:
        book.set_properties({"title": document.title, "author": document.made_by})
        # The prefix keeps a cell words when somebody edits it, as an apostrophe does.
        looks = {
            "words": book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True}),
            "head": book.add_format({"bold": True, "text_wrap": True, "valign": "top"}),
            "day": book.add_format({"num_format": "dd/mm/yyyy", "valign": "top", "align": "left"}),
        }
        first = book.add_worksheet("About")
        first.set_column(0, 0, NARROW)
        first.set_column(1, 1, 2 * WIDE)
        for row, line in enumerate((("Title", document.title), *document.header)):
            first.write_string(row, 0, line[0], looks["head"])
            first.write_string(row, 1, line[1], looks["words"])
        for number, part in enumerate((*document.parts, *document.annex), 1):
            _write(book.add_worksheet(_sheet_name(part.heading, number)), part, looks)
    return held.getvalue()


def _sheet_name(heading: str, number: int) -> str:
    return f"{number} {NO_NAME.sub('', heading)}"[:31]


def _write(sheet: Any, part: Part, looks: dict[str, Any]) -> None:
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(part.columns):
        width = (part.widths or [1] * len(part.columns))[column]
        sheet.set_column(column, column, WIDE if width > 1 else NARROW)
        sheet.write_string(0, column, name, looks["head"])
    for row, cells in enumerate(part.rows, 1):
        for column, cell in enumerate(cells):
            _write_cell(sheet, row, column, cell, looks)


def _write_cell(sheet: Any, row: int, column: int, cell: Cell, looks: dict[str, Any]) -> None:
    if isinstance(cell, dt.date):
        sheet.write_datetime(row, column, dt.datetime(cell.year, cell.month, cell.day), looks["day"])
    elif isinstance(cell, int) and len(str(abs(cell))) <= MOST_DIGITS:
        sheet.write_number(row, column, cell)
    elif cell is not None:
        sheet.write_string(row, column, str(cell), looks["words"])
