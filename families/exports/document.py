"""A document to be handed over: its header, its parts as tables, and how it is to be handled. Knows no file format."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from families.cases.clock import LONDON

Cell: TypeAlias = str | int | dt.date | None

PURPOSES: Mapping[str, str] = {
    "meeting": "A meeting about the family",
    "family": "For the family itself",
    "handover": "Another worker or service that takes the family on",
    "legal": "Court or legal advice",
    "audit": "Supervision or audit",
}
HANDLING = (
    "OFFICIAL-SENSITIVE: personal data of a family. For the purpose named above only; keep it locked away, send it "
    "encrypted, and destroy it when the purpose is met."
)


@dataclass(frozen=True)
class Part:
    """A table under its heading; a day is a day and words are words, whatever they begin with."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    widths: Sequence[int] = ()  # beside each other; blank: all alike
    otherwise: str = "Nothing is on record."


@dataclass(frozen=True)
class Document:
    """A whole document."""

    title: str
    made_by: str
    header: Sequence[tuple[str, str]]
    parts: Sequence[Part] = field(default_factory=tuple)
    is_wide: bool = False
    is_dense: bool = False  # to fit one page
    handling: str = HANDLING
    annex: Sequence[Part] = field(default_factory=tuple)  # further sheets of a workbook; not on paper


def header(
    *, council: str, is_sample: bool, as_of: dt.date, made_by: str, made_at: str, purpose: str
) -> list[tuple[str, str]]:
    """What stands over every document."""
    return [
        ("Council", council or "not named in the settings"),
        ("Data", "Made up: nobody in it is real" if is_sample else "Real"),
        ("Data as at", long_day(as_of)),
        ("Made by", made_by),
        ("Made", made_at),
        ("Purpose", PURPOSES[purpose]),
        ("Handling", HANDLING),
    ]


def long_day(day: dt.date | None) -> str:
    """A day in words: 23 November 2026."""
    return f"{day.day} {day:%B %Y}" if day else ""


def made_at(at: dt.datetime, number: str) -> str:
    """When a document was made, by the clocks of England, and its number."""
    local = at.astimezone(LONDON)
    return f"{long_day(local.date())} at {local:%H:%M}, export {number}"


def in_words(cell: Cell) -> str:
    """A cell as paper shows it."""
    if isinstance(cell, dt.date):
        return f"{cell.day} {cell:%b %Y}"
    return "" if cell is None else str(cell)
