"""How ties, stays and memberships are worded: templates filled column by column, never row by row."""

from __future__ import annotations

from string import Formatter

import polars as pl

from families.tables.source_names import SOURCES

SOURCE_WORDS = {source: label[0].lower() + label[1:] for source, label in SOURCES.items()} | {
    "school_census_tables": "school census",
    "session_marks": "attendance marks",
    "exclusions": "exclusions return",
    "common_transfer_file": "Common Transfer File",
    "dwp": "DWP out-of-work match",
    "dwp_match": "DWP out-of-work match",
    "dwp_nomatch": "DWP out-of-work match",
    "asb": "anti-social behaviour cases",
    "education_status": "education welfare",
    "pupils": "pupils file",
    "adults": "adults file",
}

RELATION_WORDS = {
    "PAM": "Mother",
    "PAF": "Father",
    "STM": "Step-mother",
    "STF": "Step-father",
    "STP": "Step-parent",
    "FOM": "Foster mother",
    "FOF": "Foster father",
    "CAR": "Carer",
    "REL": "Relative",
    "FAM": "Family member",
    "OTH": "Contact",
}


def fill(template: str, **values: pl.Expr) -> pl.Expr:
    """A sentence per row: the template with each `{name}` replaced by that column's value; never null."""
    pieces: list[pl.Expr] = []
    for text, name, _, _ in Formatter().parse(template):
        if text:
            pieces.append(pl.lit(text))
        if name:
            pieces.append(values[name].cast(pl.String).fill_null(""))
    return pl.concat_str(pieces)


def said_by(source: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Who says so and when: `school census, 16 May 2013`; the date is left out where none is known."""
    words = source.replace_strict(SOURCE_WORDS, default=source.str.replace_all("_", " "))
    dated = pl.concat_str(words, pl.lit(", "), day.dt.strftime("%-d %B %Y"))
    return dated.fill_null(words)


def forename_or(words: str, *, forename: pl.Expr) -> pl.Expr:
    """A forename to show, or other words where none is known."""
    return forename.fill_null(words)


def capitalised(text: pl.Expr) -> pl.Expr:
    """The text with its first letter in upper case."""
    return pl.concat_str(text.str.slice(0, 1).str.to_uppercase(), text.str.slice(1))
