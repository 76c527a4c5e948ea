"""How each need stood at the start and stands now: an open circle and a filled diamond on one scale from 1 to 10."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts import DARK_BLUE, EDGE, INK, WHITE, Drawing

START, NOW = "At the start", "Now"
_FONT = "Source Sans"
SCORES = [1, 10]


def then_and_now(frame: pl.DataFrame) -> Drawing:
    """A line for each need from its first score to its last; columns Need, At the start, Now."""
    order = frame["Need"].to_list()
    long = frame.select("Need", START, NOW).unpivot(index="Need", variable_name="When", value_name="Score")
    y = alt.Y("Need:N", sort=order, title=None, axis=_axis(labelLimit=320))
    x = alt.X(
        "Score:Q",
        scale=alt.Scale(domain=SCORES, padding=24),
        title="From 1 (very hard) to 10 (as it should be)",
        axis=_axis(grid=True, values=list(range(1, 11))),
    )
    line = alt.Chart(frame).mark_rule(color=EDGE, strokeWidth=3).encode(y=y, x=alt.X(f"{START}:Q"), x2=f"{NOW}:Q")
    points = (
        alt.Chart(long)
        .mark_point(size=190, strokeWidth=2.5, stroke=DARK_BLUE, opacity=1)
        .encode(
            x=x,
            y=y,
            shape=alt.Shape(
                "When:N",
                scale=alt.Scale(domain=[START, NOW], range=["circle", "diamond"]),
                legend=alt.Legend(orient="top", title=None, labelFontSize=14, labelFont=_FONT, symbolSize=160),
            ),
            fill=alt.Fill("When:N", scale=alt.Scale(domain=[START, NOW], range=[WHITE, DARK_BLUE]), legend=None),
        )
    )
    labels = alt.Chart(long).mark_text(dy=-17, fontSize=14, font=_FONT, color=INK).encode(x=x, y=y, text="Score:Q")
    chart = alt.layer(line, points, labels).properties(height=56 * len(order) + 60)
    return Drawing(chart.configure_view(stroke=None), then_and_now_alt(frame))


def _axis(**settings: object) -> alt.Axis:
    base = {"labelFontSize": 14, "labelFont": _FONT, "labelColor": INK, "titleFontSize": 14, "titleFont": _FONT}
    return alt.Axis(**(base | {"titleFontWeight": "normal", "ticks": False, "domain": False, "grid": False} | settings))


def then_and_now_alt(frame: pl.DataFrame) -> str:
    """The same in words, need by need."""
    needs = [f"{row['Need']} {row[START]} at the start and {row[NOW]} now" for row in frame.iter_rows(named=True)]
    better = frame.filter(pl.col(NOW) > pl.col(START)).height
    worse = frame.filter(pl.col(NOW) < pl.col(START)).height
    return (
        f"Scores from 1 to 10 of {words.counted(len(needs), 'need')}: {'; '.join(needs)}. "
        f"{better} higher than at the start, {worse} lower."
    )
