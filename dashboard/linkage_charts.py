"""Charts of how well records are linked: each with the words that stand in for it, made from the same frame."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.cells import said
from dashboard.charts import DARK_BLUE, DARK_GREY, INK, LILAC, PALE_YELLOW, WHITE, Drawing, _axis, _plain

COLOURS = (DARK_BLUE, LILAC, PALE_YELLOW, WHITE)
ROW = 30  # pixels


def bars(frame: pl.DataFrame, *, label: str, number: str, what: str) -> Drawing:
    """One bar a row, its number at the end."""
    order = frame[label].to_list()
    known = said(frame, number, lambda n: f"{n:,}", to="shown")
    base = alt.Chart(known).encode(
        y=alt.Y(f"{label}:N", sort=order, title=None, axis=_axis(labelLimit=420)),
        x=alt.X(f"{number}:Q", title=None, axis=None),
        tooltip=[f"{label}:N", alt.Tooltip("shown:N", title=number)],
    )
    texts = base.mark_text(align="left", dx=4, fontSize=13, color=INK).encode(text="shown:N")
    chart = _plain(alt.layer(base.mark_bar(color=DARK_BLUE), texts).properties(height=ROW * len(order) + 10))
    told = "; ".join(f"{row[label]}: {row[number]:,} ({row['%']:g}%)" for row in frame.iter_rows(named=True))
    return Drawing(chart, f"Bar chart: {what}. {told}.")


def stacked(frame: pl.DataFrame, *, what: str) -> Drawing:
    """Shares of each source's records, stacked to 100%; columns Source, Part, Records, %."""
    sources, kinds = frame["Source"].unique(maintain_order=True), frame["Part"].unique(maintain_order=True)
    colours = list(COLOURS[: len(kinds)])
    colour = alt.Color(
        "Part:N",
        sort=kinds.to_list(),
        scale=alt.Scale(domain=kinds.to_list(), range=colours),
        legend=alt.Legend(orient="top", title=None, labelFontSize=14, labelLimit=320, symbolStrokeColor=DARK_GREY),
    )
    place = frame.with_row_index("place")
    bar = (
        alt.Chart(place)
        .mark_bar(stroke=DARK_GREY, strokeWidth=0.5)
        .encode(
            y=alt.Y("Source:N", sort=sources.to_list(), title=None, axis=_axis(labelLimit=320)),
            x=alt.X("%:Q", stack="zero", scale=alt.Scale(domain=[0, 100]), title="% of records", axis=_axis(grid=True)),
            color=colour,
            order="place:Q",
            tooltip=["Source:N", "Part:N", "Records:Q", "%:Q"],
        )
    )
    told = [
        f"{source}: " + ", ".join(f"{row['Part'].lower()} {row['%']:g}%" for row in part.iter_rows(named=True))
        for (source,), part in frame.group_by("Source", maintain_order=True)
    ]
    chart = _plain(alt.layer(bar).properties(height=ROW * len(sources) + 60))
    return Drawing(chart, f"Stacked bars, {what}, {words.counted(len(sources), 'source')}. {'. '.join(told)}.")


def intervals(frame: pl.DataFrame, *, what: str) -> Drawing:
    """The share of each kind of pair that is of one person, as a point on the line of its bounds."""
    known = frame.filter(pl.col("Answered") > 0).with_columns(
        pl.format("{} ({} answered)", "Kind of pair", "Answered").alias("Label")
    )
    order = known["Label"].to_list()
    base = alt.Chart(known).encode(y=alt.Y("Label:N", sort=order, title=None, axis=_axis(labelLimit=460)))
    axis = alt.X(
        "From %:Q", scale=alt.Scale(domain=[0, 100]), title="% of pairs that are one person", axis=_axis(grid=True)
    )
    lines = base.mark_rule(strokeWidth=3, color=DARK_GREY).encode(x=axis, x2="To %:Q")
    points = base.mark_point(filled=True, size=110, color=DARK_BLUE, opacity=1).encode(
        x="One person %:Q",
        shape=alt.Shape("Side:N", legend=alt.Legend(orient="top", title=None, labelFontSize=14)),
        tooltip=["Side:N", "Kind of pair:N", "Answered:Q", "One person %:Q", "From %:Q", "To %:Q"],
    )
    told = "; ".join(
        f"{row['Kind of pair']} ({row['Side'].lower()}): {row['One person %']:g}%, between {row['From %']:g}% and "
        f"{row['To %']:g}%"
        for row in known.iter_rows(named=True)
    )
    chart = _plain(alt.layer(lines, points).properties(height=ROW * len(order) + 60))
    return Drawing(chart, f"Chart of intervals: {what}. {told or 'Nothing is answered yet'}.")
