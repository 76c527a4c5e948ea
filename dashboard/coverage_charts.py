"""Charts of what was delivered: what each source speaks for, how full its fields are, and load after load."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts import DARK_BLUE, DARK_GREY, EDGE, INK, PALE_BLUE, WHITE, Drawing, _axis, _plain

ROW = 32  # pixels
COLUMN = 190  # of the status text, beside the bars
TURNS_AT = 50  # per cent: above, text is white on the dark fill


def bars_of_coverage(frame: pl.DataFrame, *, as_at: str) -> Drawing:
    """A bar a source from its first day to its last, the day of the data as a line, and how it stands in words."""
    order = frame["Source"].to_list()
    y = alt.Y("Source:N", sort=order, title=None, axis=_axis(labelLimit=320))
    days = alt.Chart(frame.filter(pl.col("From").is_not_null()))
    x = alt.X("From:T", title=None, axis=_axis(grid=True, format="%b %Y", tickCount=6))
    bars = days.mark_bar(height=16, color=DARK_BLUE).encode(
        y=y, x=x, x2="To:T", tooltip=["Source:N", "From:T", "To:T", "Status:N"]
    )
    line = alt.Chart(pl.DataFrame({"day": [as_at], "Label": ["data as at"]})).encode(x="day:T")
    today = line.mark_rule(color=INK, strokeWidth=2, strokeDash=[6, 3])
    label = line.mark_text(align="right", baseline="bottom", dx=-4, fontSize=13, color=INK).encode(
        y=alt.value(-2), text="Label:N"
    )
    status = (
        alt.Chart(frame)
        .mark_text(align="left", dx=10, fontSize=13, color=INK)
        .encode(y=y, x=alt.value("width"), text="Status:N")
    )
    chart = alt.layer(bars, today, label, status).properties(
        height=ROW * len(order) + 20, padding={"right": COLUMN, "top": 18}
    )
    told = "; ".join(f"{row['Source']}: {row['In words']}" for row in frame.iter_rows(named=True))
    return Drawing(
        _plain(chart), f"Bars of what {words.counted(len(order), 'source')} cover, data as at {as_at}. {told}."
    )


def heat_map(frame: pl.DataFrame) -> Drawing:
    """Sources by fields, the share of people for whom each is filled written in the cell; columns Source, Field, %."""
    sources, fields = frame["Source"].unique(maintain_order=True), frame["Field"].unique(maintain_order=True)
    shown = frame.with_columns(pl.format("{}%", pl.col("%").cast(pl.Int64)).alias("Label"))
    base = alt.Chart(shown).encode(
        x=alt.X("Field:N", sort=fields.to_list(), title=None, axis=_axis(orient="top", labelAngle=0, labelLimit=120)),
        y=alt.Y("Source:N", sort=sources.to_list(), title=None, axis=_axis(labelLimit=320)),
        tooltip=["Source:N", "Field:N", "Label:N"],
    )
    scale = alt.Scale(domain=[0, 100], range=[WHITE, PALE_BLUE, DARK_BLUE])
    cells = base.mark_rect(stroke=EDGE).encode(color=alt.Color("%:Q", scale=scale, legend=None))
    ink = alt.when(alt.datum["%"] > TURNS_AT + 20).then(alt.value(WHITE)).otherwise(alt.value(INK))
    texts = base.mark_text(fontSize=13).encode(text="Label:N", color=ink)
    chart = alt.layer(cells, texts).properties(height=ROW * len(sources) + 10)
    told = [
        f"{source}: " + ", ".join(f"{row['Field'].lower()} {int(row['%'])}%" for row in part.iter_rows(named=True))
        for (source,), part in frame.group_by("Source", maintain_order=True)
    ]
    size = f"{words.counted(len(sources), 'source')} by {words.counted(len(fields), 'field')}"
    return Drawing(_plain(chart), f"Heat-map of how full fields are, {size}. {'. '.join(told)}.")


def trend(frame: pl.DataFrame, *, source: str) -> Drawing:
    """The share of rows refused of each load of a source, in order of the day it speaks of."""
    order = frame["Load"].to_list()
    shown = frame.with_columns(pl.format("{}%", "Refused %").alias("Label"))
    base = alt.Chart(shown).encode(
        x=alt.X("Load:N", sort=order, title=None, axis=_axis(labelAngle=-40, labelLimit=140)),
        y=alt.Y(
            "Refused %:Q",
            title="% of rows refused",
            scale=alt.Scale(domain=[0, max(1, *frame["Refused %"])]),  # where none was refused there is an axis too
            axis=_axis(grid=True, tickCount=4, format="~g"),
        ),
        tooltip=["Load:N", "Rows:Q", "Refused:Q", "Label:N"],
    )
    line = base.mark_line(color=DARK_GREY, strokeWidth=2)
    points = base.mark_point(filled=True, size=80, color=DARK_BLUE, opacity=1)
    texts = base.mark_text(dy=-12, fontSize=13, color=INK).encode(text="Label:N")
    told = "; ".join(
        f"{row['Load']}: {row['Refused']:,} of {row['Rows']:,} rows ({row['Refused %']:g}%)"
        for row in frame.iter_rows(named=True)
    )
    return Drawing(
        _plain(alt.layer(line, points, texts).properties(height=240)),
        f"Line of the share of rows refused of {words.counted(len(order), 'load')} of {source}. {told}.",
    )
