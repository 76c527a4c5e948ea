"""The part of the Quality page on what was delivered: coverage, how full fields are, rows refused, load after load."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import polars as pl
import streamlit as st

from dashboard import coverage_charts, frame, identity, linkage_charts, linkage_tables, words
from dashboard.charts import Drawing
from families.casebook import reading
from families.casebook.views import CoverageLine, QualityCount
from families.shortfalls import shortfalls
from families.sources.counting import FIELDS, Figure
from families.tables.source_names import source_label

MOST_RULES = 20


def fall_short(visit: identity.Visit, counts: Sequence[QualityCount]) -> None:
    """An alert for each source that falls short of what is asked of it, above all else."""
    found = shortfalls(reading.coverage(visit.engine), counts, as_of=visit.data.as_of)
    if not found:
        return
    st.header("Sources that fall short", anchor=False)
    listed = "\n".join(f"- {words.escape_markdown(each.sentence)}" for each in found)
    st.warning(f"Ask whoever sends them. What they leave out is not known.\n\n{listed}", icon=":material/warning:")


def show(visit: identity.Visit, counts: Sequence[QualityCount]) -> None:
    """The part, top to bottom."""
    st.header("What each source covers", anchor=False)
    lines = covered(reading.coverage(visit.engine), as_at=visit.data.as_of)
    if lines.is_empty():
        st.write("No source says what it covers, so nothing it leaves out can be read as no.")
    else:
        as_at = visit.data.as_of.isoformat()
        _drawn(coverage_charts.bars_of_coverage(lines, as_at=as_at), "coverage")
        _twin(lines.select("Source", "In words", "Status"), "What each source covers", "coverage")
    if not any(each.figure == Figure.ROWS for each in counts):
        st.write("The published run was made before deliveries were counted; the next refresh counts them.")
        return
    _completeness(counts)
    _refused(counts)
    _trend(counts)


def _drawn(drawing: Drawing, key: str) -> None:
    st.altair_chart(drawing.chart, width="stretch", alt=drawing.alt, key=f"chart_{key}")


def _twin(shown: pl.DataFrame, what: str, key: str) -> None:
    with st.expander("The same as a table", key=f"{key}_table"):
        frame.plain_table(linkage_tables.in_full(shown), what)


def covered(lines: Iterable[CoverageLine], *, as_at: dt.date) -> pl.DataFrame:
    """What each source speaks for, and how far behind the data it is."""
    rows = [
        (
            source_label(line.source), line.covers_from, line.covers_to,
            line.sentence.removeprefix(f"{source_label(line.source)}: ").rstrip("."), status(line.covers_to, as_at),
        )
        for line in lines
    ]  # fmt: skip
    kinds = {"Source": pl.String, "From": pl.Date, "To": pl.Date, "In words": pl.String, "Status": pl.String}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def status(covers_to: dt.date | None, as_at: dt.date) -> str:
    """How far behind a source is, in words."""
    if covers_to is None:
        return "not known"
    days = (as_at - covers_to).days
    if days <= 0:
        return "up to date"
    if days < 14:
        return f"{words.counted(days, 'day')} behind"
    return f"{days // 7} weeks behind" if days < 90 else f"{days // 30} months behind"


def completeness(counts: Iterable[QualityCount]) -> pl.DataFrame:
    """For how many of a source's people each field is filled, in per cent, cut and not rounded."""
    told = list(counts)
    people = {each.label: each.number for each in told if each.figure == Figure.PEOPLE}
    filled = {(each.label, each.part): each.number for each in told if each.figure == Figure.FILLED}
    rows = [
        (source_label(source), label, 100 * filled.get((source, field), 0) // people[source])
        for source in sorted(people, key=source_label)
        if people[source]
        for field, label in FIELDS.items()
    ]
    return pl.DataFrame(rows, schema={"Source": pl.String, "Field": pl.String, "%": pl.Int64}, orient="row")


def _completeness(counts: Sequence[QualityCount]) -> None:
    st.header("How full the fields are", anchor=False)
    shown = completeness(counts)
    if shown.is_empty():
        st.write("No source names people.")
        return
    st.caption("Of the people that each source names. A source that does not have a field is not at fault.")
    _drawn(coverage_charts.heat_map(shown), "completeness")
    wide = shown.with_columns(pl.format("{}%", "%").alias("%")).pivot("Field", index="Source", values="%")
    _twin(wide, "How full the fields are", "completeness")


def refused(counts: Iterable[QualityCount]) -> pl.DataFrame:
    """Rows refused by source and rule, the most first."""
    rows = [
        (f"{source_label(each.label)}: {each.part}", each.number) for each in counts if each.figure == Figure.REFUSED
    ]
    shown = pl.DataFrame(rows, schema={"Rule": pl.String, "Rows": pl.Int64}, orient="row")
    share = (pl.col("Rows") * 100 / pl.col("Rows").sum()).round(1).alias("%")
    return shown.sort(["Rows", "Rule"], descending=[True, False]).with_columns(share)


def _refused(counts: Sequence[QualityCount]) -> None:
    st.header("Rows refused, by rule", anchor=False)
    shown = refused(counts)
    if shown.is_empty():
        st.write("No row was refused.")
        return
    first = shown.head(MOST_RULES)
    _drawn(linkage_charts.bars(first, label="Rule", number="Rows", what="rows refused by source and rule"), "refused")
    _twin(shown, "Rows refused by source and rule", "refused")


def trend(counts: Iterable[QualityCount], source: str) -> pl.DataFrame:
    """Each load of a source by the day it speaks of, with the rows refused."""
    told = [each for each in counts if each.label == source]
    bad = {each.part: each.number for each in told if each.figure == Figure.REFUSED_OF_LOAD}
    loads = {each.part: each.number for each in told if each.figure == Figure.ROWS}
    rows = [
        (
            words.short_date(dt.date.fromisoformat(day)),
            number,
            bad.get(day, 0),
            round(100 * bad.get(day, 0) / number, 1),
        )
        for day, number in sorted(loads.items())
        if number
    ]
    kinds = {"Load": pl.String, "Rows": pl.Int64, "Refused": pl.Int64, "Refused %": pl.Float64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def _trend(counts: Sequence[QualityCount]) -> None:
    st.header("Load after load", anchor=False)
    sources = sorted({each.label for each in counts if each.figure == Figure.ROWS}, key=source_label)
    chosen = st.selectbox("Source", sources, format_func=source_label, key="trend_of")
    shown = trend(counts, chosen)
    _drawn(coverage_charts.trend(shown, source=source_label(chosen)), "trend")
    _twin(shown, f"Loads of {source_label(chosen)}", "trend")
