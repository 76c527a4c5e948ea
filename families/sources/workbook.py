"""Reads the sheets of an Excel workbook as texts, without types guessed. Formulas are never evaluated."""

from __future__ import annotations

from dataclasses import dataclass

import fastexcel
import polars as pl

from families.sources.opening import Opened, damage_as_sentence


@dataclass(frozen=True)
class Sheet:
    """One sheet: every row as texts, the first row included."""

    name: str
    cells: pl.DataFrame

    def first_rows(self, count: int) -> list[list[str]]:
        """The first rows, blanks as empty texts; trailing blank cells cut off the header later."""
        return [[cell or "" for cell in row] for row in self.cells.head(count).rows()]

    def rows_from(self, start: int) -> pl.DataFrame:
        """Rows from a place on as `row`, c0, c1, ...; rows without any value are left out and not counted."""
        names = {name: f"c{place}" for place, name in enumerate(self.cells.columns)}
        body = self.cells.slice(start).rename(names)
        body = body.filter(pl.any_horizontal(pl.all().fill_null("").str.strip_chars() != "")).fill_null("")
        return body.with_row_index("row", offset=1).with_columns(pl.col("row").cast(pl.Int64))


def read_sheets(opened: Opened) -> list[Sheet]:
    """Every sheet with cells in it."""
    sentence = f"{opened.name} is a damaged or locked workbook: open it in Excel, save it as CSV and load that."
    with damage_as_sentence(sentence):
        reader = fastexcel.read_excel(opened.read())
        sheets = [Sheet(name, _cells(reader, name)) for name in reader.sheet_names]
    return [sheet for sheet in sheets if sheet.cells.height and sheet.cells.width]


def _cells(reader: fastexcel.ExcelReader, name: str) -> pl.DataFrame:
    cells = reader.load_sheet(name, header_row=None, dtypes="string").to_polars()
    return cells.select(pl.all().cast(pl.String))
