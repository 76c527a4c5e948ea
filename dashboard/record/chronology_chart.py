"""The chronology drawn: people by time, events by shape and word, stages as bars; its alt comes of the same frames."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import polars as pl

from dashboard import charts, words
from families.cases.chronology import KINDS
from families.cases.views import Event, Phase

MONTHS_DRAWN = 18
DRAWN = dt.timedelta(days=548)
WHOLE_FAMILY, OTHERS, STAGE = "Whole family", "Other people", "Stage of the work"
LETTERS_ACROSS = 140  # of the size of a stage's name, in a chart as wide as the page
MOST_LANES = 12
SHAPES = {"finding": "diamond", "alert": "triangle-up", "act": "square", "note": "circle", "curated": "cross"}
COLOURS = {"finding": "#801650", "alert": "#F46A25", "act": "#3D3D3D", "note": "#12436D", "curated": "#28A197"}


@dataclass(frozen=True)
class Window:
    """The time that is drawn."""

    from_day: dt.date
    to_day: dt.date

    @property
    def said(self) -> str:
        """In words."""
        return f"{words.short_date(self.from_day)} to {words.short_date(self.to_day)}"


def windows(outline: Sequence[Event], today: dt.date) -> list[Window]:
    """The times that can be drawn, the newest first: together they hold every event."""
    oldest = min((event.on for event in outline), default=today)
    end = max([today, *(event.on for event in outline)])
    found = [Window(end - DRAWN, end)]
    while found[-1].from_day > oldest:
        before = found[-1].from_day - dt.timedelta(days=1)
        found.append(Window(before - DRAWN, before))
    return found


def marks(outline: Sequence[Event], window: Window) -> pl.DataFrame:
    """A row for each person, day and kind with how many events there were; the first few lanes have most of them."""
    counted: Counter[tuple[str, dt.date, str]] = Counter()
    for event in outline:
        if window.from_day <= event.on <= window.to_day:
            for who in [words.plain(name) for _, name in event.people] or [WHOLE_FAMILY]:
                counted[who, event.on, KINDS[event.kind]] += 1
    lanes: Counter[str] = Counter()
    for (who, _, _), number in counted.items():
        lanes[who] += number
    kept = {who for who, _ in sorted(lanes.items(), key=lambda lane: (-lane[1], lane[0]))[:MOST_LANES]}
    merged: Counter[tuple[str, dt.date, str]] = Counter()
    for (who, day, kind), number in counted.items():
        merged[who if who in kept else OTHERS, day, kind] += number
    rows = [
        (who, day, kind, number, f"{words.counted(number, kind.lower())}, {words.short_date(day)}")
        for (who, day, kind), number in sorted(merged.items())
    ]
    schema = {"Who": pl.String, "Day": pl.Date, "Kind": pl.String, "Number": pl.Int64, "What": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def stages(phases: Sequence[Phase], window: Window) -> pl.DataFrame:
    """The stages of the work within the time that is drawn."""
    rows = [
        (STAGE, max(each.from_day, window.from_day), min(each.to_day or window.to_day, window.to_day), each.label)
        for each in phases
        if each.from_day <= window.to_day and (each.to_day or window.to_day) >= window.from_day
    ]
    schema = {"Who": pl.String, "From": pl.Date, "To": pl.Date, "Stage": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def draw(shown: pl.DataFrame, bars: pl.DataFrame, window: Window) -> charts.Drawing:
    """Both frames in one chart."""
    lanes = [STAGE, *sorted(set(shown["Who"]), key=lambda who: (who != WHOLE_FAMILY, who == OTHERS, who))]
    scale = alt.Scale(domain=[window.from_day.isoformat(), window.to_day.isoformat()])
    axis = alt.Axis(format="%b %Y", labelFontSize=14, titleFontSize=14, grid=True, tickCount=9, labelOverlap=True)
    x = {"scale": scale, "axis": axis, "title": None}
    y = alt.Y(
        "Who:N", sort=lanes, title=None, scale=alt.Scale(domain=lanes), axis=alt.Axis(labelFontSize=14, labelLimit=220)
    )
    drawn = alt.layer(*_bars(bars, _named(bars, window), y, x), _points(shown, y, x)).properties(
        height=36 * len(lanes) + 60
    )
    return charts.Drawing(drawn.configure_view(stroke=None), described(shown, bars, window))


def _named(bars: pl.DataFrame, window: Window) -> pl.DataFrame:
    """The stages whose names fit into their bars; the others are told by pointing at them, and by the list."""
    across = (window.to_day - window.from_day).days / LETTERS_ACROSS
    return bars.filter((pl.col("To") - pl.col("From")).dt.total_days() >= pl.col("Stage").str.len_chars() * across)


def _bars(bars: pl.DataFrame, named: pl.DataFrame, y: alt.Y, x: dict[str, object]) -> list[alt.Chart]:
    place = {"y": y, "x": alt.X("From:T", **x), "x2": "To:T"}
    spans = alt.Chart(bars).mark_bar(fill=charts.PALE_BLUE, stroke=charts.DARK_BLUE, strokeWidth=1, height=20)
    text = alt.Chart(named).mark_text(align="left", dx=4, fontSize=12, color=charts.INK, clip=True)
    return [spans.encode(**place, tooltip=["Stage:N"]), text.encode(**place, text="Stage:N")]


def _points(shown: pl.DataFrame, y: alt.Y, x: dict[str, object]) -> alt.Chart:
    there = [kind for kind in KINDS if KINDS[kind] in set(shown["Kind"])]
    named = [KINDS[kind] for kind in there]
    legend = alt.Legend(orient="top", title=None, labelFontSize=14, symbolSize=140)
    return (
        alt.Chart(shown)
        .mark_point(filled=True, size=110, opacity=0.9)
        .encode(
            x=alt.X("Day:T", **x),
            y=y,
            shape=alt.Shape("Kind:N", scale=alt.Scale(domain=named, range=[SHAPES[k] for k in there]), legend=legend),
            color=alt.Color("Kind:N", scale=alt.Scale(domain=named, range=[COLOURS[k] for k in there]), legend=legend),
            tooltip=["Who:N", "What:N"],
        )
    )


def described(shown: pl.DataFrame, bars: pl.DataFrame, window: Window) -> str:
    """The chart in words: each lane with what it holds, and the stages in order."""
    lanes = [
        f"{who}: "
        + words.listed(
            words.counted(int(kinds.filter(pl.col("Kind") == kind)["Number"].sum()), kind.lower(), f"{kind.lower()}s")
            for kind in kinds["Kind"].unique(maintain_order=True)
        )
        for (who,), kinds in shown.group_by("Who", maintain_order=True)
    ]
    in_order = [f"{row['Stage']} from {words.short_date(row['From'])}" for row in bars.iter_rows(named=True)]
    number = words.counted(int(shown["Number"].sum()), "mark")
    told = f" {'. '.join(lanes)}." if lanes else ""
    return f"Chronology of {window.said}, {number}.{told} Stages: {', '.join(in_order) or 'none'}."
