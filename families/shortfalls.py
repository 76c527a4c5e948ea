"""Which sources fall short: late, many rows refused, or far fewer rows or schools than the load before.

Counts of the published run beside limits that are data; nobody is named, and what falls short is said in a sentence.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from families.casebook.views import CoverageLine, QualityCount
from families.sources.counting import Figure
from families.tables.source_names import source_label

DATA = Path(__file__).with_suffix(".toml")
FEWER = {Figure.ROWS: ("rows", "fewer_rows_percent"), Figure.SCHOOLS: ("schools", "fewer_schools_percent")}


@dataclass(frozen=True)
class Shortfall:
    """In what a source falls short of what is asked of it."""

    source: str
    sentence: str


@cache
def _limits() -> Mapping[str, Mapping[str, Mapping[str, int]]]:
    told = tomllib.loads(DATA.read_text("utf-8"))
    return {"every": {"source": told["every_source"]}, "sources": told["sources"]}


def limit(name: str, source: str) -> int:
    """A limit of a source: its own, or that of every source."""
    limits = _limits()
    return limits["sources"].get(source, {}).get(name, limits["every"]["source"][name])


def shortfalls(
    coverage: Iterable[CoverageLine], counts: Iterable[QualityCount], *, as_of: dt.date
) -> tuple[Shortfall, ...]:
    """Everything in which a source of the published run falls short, source by source."""
    loads: dict[str, dict[Figure, dict[str, int]]] = {}
    for each in counts:
        if each.figure in (Figure.ROWS, Figure.REFUSED_OF_LOAD, Figure.SCHOOLS):
            loads.setdefault(each.label, {}).setdefault(Figure(each.figure), {})[each.part] = each.number
    found = [(line.source, told) for line in coverage if (told := _late(line, as_of))]
    for source, figures in loads.items():
        found += [(source, told) for told in (_refused(source, figures), *_fewer(source, figures)) if told]
    named = sorted({(source_label(source), source, told) for source, told in found})
    return tuple(Shortfall(source, f"{label}: {told}") for label, source, told in named)


def _late(line: CoverageLine, as_of: dt.date) -> str:
    if line.covers_to is None:
        return ""
    days, most = (as_of - line.covers_to).days, limit("late_days", line.source)
    return f"late: its last day is {days} days back, and {most} are allowed." if days > most else ""


def _refused(source: str, figures: Mapping[Figure, Mapping[str, int]]) -> str:
    rows = figures.get(Figure.ROWS, {})
    last = max(rows, default="")
    refused, most = figures.get(Figure.REFUSED_OF_LOAD, {}).get(last, 0), limit("refused_percent", source)
    if not last or refused * 100 <= most * rows[last]:
        return ""
    return f"{refused:,} of {rows[last]:,} rows of its last load were refused, and {most}% are allowed."


def _fewer(source: str, figures: Mapping[Figure, Mapping[str, int]]) -> Iterable[str]:
    """Where the last load has far less than the one before, which was no small one."""
    rows = figures.get(Figure.ROWS, {})
    if len(rows) < 2 or rows[sorted(rows)[-2]] < limit("fewest_rows", source):
        return
    before, last = sorted(rows)[-2:]
    for figure, (what, name) in FEWER.items():
        told, most = figures.get(figure, {}), limit(name, source)
        was, now = told.get(before, 0), told.get(last, 0)
        if (was - now) * 100 > most * was:
            yield f"{now:,} {what} in its last load after {was:,}, and a fall of {most}% is allowed."
