"""Layouts as data: which columns a source has, under which headings, and which must be there.

A layout is a TOML file in `layouts/`; headings are compared without case, spaces and punctuation, and the headings
seen in management information systems (data/reference/mis_column_aliases.csv) count as well. A saved mapping in TOML
stands in for the headings where a feed has its own; it may say as well how dates are written, and what codes of the
feed's own stand for.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from families.errors import Refused
from families.reference import REFERENCE
from families.sources.date_formats import check_form

LAYOUTS = Path(__file__).parent / "layouts"
Kind = Literal[
    "text", "name", "code", "upn", "uln", "nhs", "nino", "uprn", "postcode", "date", "integer", "sex", "school"
]

CODED = ("text", "code", "sex")  # kinds of column whose values a mapping may read as others


class Column(BaseModel):
    """One canonical column of a source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind = "text"
    headers: tuple[str, ...] = ()
    also: str | None = None  # canonical field of mis_column_aliases.csv whose headings count too
    need: Literal["", "column", "value"] = ""  # the heading must be there; and each row must have a value


class Layout(BaseModel):
    """What a source's file looks like."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    label: str
    is_detected: bool = True  # whether a file is taken for this source by its headings alone
    columns: dict[str, Column]

    def names(self, column: str) -> list[str]:
        """Headings a column is known by, likeliest first, in the form they are compared in."""
        return list(_names(self.source, column))

    @property
    def needed(self) -> list[str]:
        """Columns a file must have."""
        return [name for name, column in self.columns.items() if column.need]


class Mapping(BaseModel):
    """A saved mapping of one feed: canonical column to heading, date formats, values the file does not hold, and codes.

    Without any column it leaves the headings to the layout, and says the rest.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    columns: dict[str, str] = Field(default_factory=dict)
    formats: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict)
    codes: dict[str, dict[str, str]] = Field(
        default_factory=dict
    )  # column: a value as the feed writes it, as it is read


class Fit(BaseModel):
    """How a header row fits a layout: the place of each canonical column, and what is missing."""

    model_config = ConfigDict(frozen=True)

    source: str
    places: dict[str, int]
    missing: tuple[str, ...]
    twice: tuple[str, ...] = ()


@cache
def _names(source: str, column: str) -> tuple[str, ...]:
    known = layouts()[source].columns[column]
    aliases = mis_aliases().get(known.also or "", ())
    return tuple(dict.fromkeys(plain(name) for name in (*known.headers, column, *aliases)))


@lru_cache(maxsize=10_000)
def plain(heading: str) -> str:
    """A heading as it is compared: lower case, letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", heading.casefold())


@cache
def layouts() -> dict[str, Layout]:
    """Every layout by its source."""
    found = [Layout(**tomllib.loads(path.read_text("utf-8"))) for path in sorted(LAYOUTS.glob("*.toml"))]
    return {layout.source: layout for layout in found}


@cache
def mis_aliases() -> dict[str, tuple[str, ...]]:
    """Headings seen in management information systems, by canonical field."""
    rows = list(csv.DictReader((REFERENCE / "mis_column_aliases.csv").read_text("utf-8").splitlines()))
    fields = dict.fromkeys(row["canonical_field"] for row in rows)
    return {field: tuple(row["alias"] for row in rows if row["canonical_field"] == field) for field in fields}


def fit(layout: Layout, header: list[str], mapping: Mapping | None = None) -> Fit:
    """Find a layout's columns in a header row."""
    headings = [plain(heading) for heading in header]
    count = Counter(headings)
    wanted = {name: _wanted(layout, name, mapping) for name in layout.columns}
    places: dict[str, int] = {}
    twice: list[str] = []
    for name, names in wanted.items():
        heading = next((known for known in names if known in count), None)
        if heading is None:
            continue
        places[name] = headings.index(heading)
        if count[heading] > 1:
            twice.append(header[places[name]])
    constants = mapping.constants if mapping else {}
    missing = [name for name in layout.needed if name not in places and name not in constants]
    if mapping:
        missing += [name for name in mapping.columns if name not in places and name not in missing]
    return Fit(source=layout.source, places=places, missing=tuple(missing), twice=tuple(twice))


def _wanted(layout: Layout, name: str, mapping: Mapping | None) -> list[str]:
    if mapping is None or not mapping.columns:
        return [] if mapping and name in mapping.constants else layout.names(name)
    return [plain(mapping.columns[name])] if name in mapping.columns else []


def best_fit(header: list[str], candidates: Iterable[Layout]) -> list[Fit]:
    """Layouts in order of fit: complete ones first, then by the share of needed and the number of known columns."""
    fits = [fit(layout, header) for layout in candidates]
    return sorted(fits, key=lambda each: (len(each.missing), -len(each.places), each.source))


def load_mapping(path: Path) -> Mapping:
    """Read a saved mapping; all its mistakes are told at once."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise Refused(f"The mapping {path.name} cannot be read: {reason}.") from None
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"The mapping {path.name} is not TOML: {error}.") from None
    try:
        mapping = Mapping(**raw)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, each['loc']))}: {_words(each['type'])}" for each in error.errors())
        raise Refused(f"The mapping {path.name} cannot be used: {told}.") from None
    check_mapping(mapping, path.name)
    return mapping


def _words(kind: str) -> str:
    words = {
        "missing": "is missing",
        "extra_forbidden": "is not known (source, columns, formats, constants and codes are)",
        "string_type": "must be a text in quotation marks",
        "dict_type": "must be a table",
        "model_type": "must be a table",
    }
    return words.get(kind, "is wrong")


def check_mapping(mapping: Mapping, name: str) -> None:
    """Refuse a mapping with all its mistakes at once."""
    layout = layouts().get(mapping.source)
    if layout is None:
        known = ", ".join(sorted(source for source in layouts() if not source.startswith("collect_")))
        raise Refused(f"The mapping {name} names the source {mapping.source!r}, which is not one of {known}.")
    wrong = [
        f"[{table}] {key} is not a column of {layout.source}"
        for table, keys in (
            ("columns", mapping.columns),
            ("formats", mapping.formats),
            ("constants", mapping.constants),
            ("codes", mapping.codes),
        )
        for key in keys
        if key not in layout.columns
    ]
    wrong += [f"[formats] {key} is not a date" for key in mapping.formats if _is_not_date(layout, key)]
    wrong += [f"{key} is in [columns] and in [constants]" for key in mapping.columns if key in mapping.constants]
    wrong += [f"[columns] {key} is blank" for key, heading in mapping.columns.items() if not plain(heading)]
    wrong += [f"[codes] {key} holds no codes" for key in mapping.codes if not _holds_codes(layout, key)]
    wrong += [
        f"[codes] {key} has a blank" for key, codes in mapping.codes.items() if not all(map(plain, codes.values()))
    ]
    for key, form in mapping.formats.items():
        try:
            check_form(form)
        except Refused as error:
            wrong.append(f"[formats] {key}: {error}".rstrip("."))
    if wrong:
        columns = ", ".join(layout.columns)
        raise Refused(f"The mapping {name} cannot be used: {'; '.join(wrong)}; columns of {layout.source}: {columns}.")


def _is_not_date(layout: Layout, key: str) -> bool:
    return key in layout.columns and layout.columns[key].kind != "date"


def _holds_codes(layout: Layout, key: str) -> bool:
    return key not in layout.columns or layout.columns[key].kind in CODED


@cache
def known_headings() -> frozenset[str]:
    """Every heading any layout knows."""
    return frozenset(
        name for layout in layouts().values() for column in layout.columns for name in layout.names(column)
    )


def canonical(frame: pl.DataFrame, found: Fit, layout: Layout, mapping: Mapping | None) -> pl.DataFrame:
    """The layout's columns as trimmed texts, blanks as null, from a frame of columns c0, c1, ... and `row`."""
    constants = mapping.constants if mapping else {}
    frame = frame.select("row", *(_column(name, found.places.get(name), constants) for name in layout.columns))
    return with_codes(frame, mapping)


def _column(name: str, place: int | None, constants: dict[str, str]) -> pl.Expr:
    if place is None:
        return pl.lit(constants.get(name), dtype=pl.String).alias(name)
    text = pl.col(f"c{place}").str.replace_all(r"[\s\x{00A0}\x{FEFF}]+", " ").str.strip_chars()
    return pl.when(text != "").then(text).alias(name)


def with_codes(frame: pl.DataFrame, mapping: Mapping | None) -> pl.DataFrame:
    """Canonical columns with the codes of the feed's own read as its mapping says, however they are capitalised."""
    codes = {name: each for name, each in (mapping.codes if mapping else {}).items() if each}
    return frame.with_columns(_recoded(name, each).alias(name) for name, each in codes.items())


def _recoded(name: str, codes: dict[str, str]) -> pl.Expr:
    known = {code.strip().casefold(): value for code, value in codes.items()}
    bare = pl.col(name).str.strip_chars().str.to_lowercase()
    return bare.replace_strict(known, default=pl.col(name), return_dtype=pl.String)
