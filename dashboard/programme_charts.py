"""Charts of the programme: each with the words that stand in for it, made from the same frame."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts import DARK_BLUE, DARK_GREY, EDGE, INK, LILAC, PALE_GREY, WHITE, Drawing, _axis, _plain
from families.programme import TOO_SMALL

DARK_PINK, ORANGE = "#801650", "#F46A25"
ROW = 32  # pixels
FONT_SIZE = 14
REVIEWS = {"Overdue": DARK_PINK, "Due in 7 days": ORANGE, "Due later": DARK_BLUE, "No review yet": PALE_GREY}
ON_REVIEWS = {"Overdue": WHITE, "Due in 7 days": INK, "Due later": WHITE, "No review yet": INK}
OUTCOMES = {"Met": DARK_BLUE, "Not met": LILAC, "Not known": PALE_GREY}
RUN_IN_A_ROW = 8  # of one side of the median before anybody speaks of a shift


def bars(frame: pl.DataFrame, *, label: str, number: str, what: str, most: int | None = None) -> Drawing:
    """One bar a row, with its number at the end; a number that is too small stands as words, without a bar."""
    order = frame[label].to_list()
    shown = frame.with_columns(said=_said(number), length=pl.col(number).fill_null(0))
    highest = most or max([*(value or 0 for value in frame[number]), 1])
    base = alt.Chart(shown).encode(
        y=alt.Y(f"{label}:N", sort=order, title=None, axis=_axis(labelLimit=320)),
        x=alt.X("length:Q", title=None, axis=None, scale=alt.Scale(domain=[0, highest * 1.25])),
        tooltip=[f"{label}:N", alt.Tooltip("said:N", title=number)],
    )
    texts = base.mark_text(align="left", dx=5, fontSize=FONT_SIZE, color=INK).encode(text="said:N")
    chart = _plain(alt.layer(base.mark_bar(color=DARK_BLUE), texts).properties(height=ROW * len(order) + 10))
    told = "; ".join(f"{row[label]}: {row['said']}" for row in shown.iter_rows(named=True))
    return Drawing(chart, f"Bar chart: {what}. {told or 'nothing is counted'}.")


def _said(number: str) -> pl.Expr:
    return pl.col(number).cast(pl.String).fill_null(TOO_SMALL)


def run_chart(frame: pl.DataFrame) -> Drawing:
    """Referrals a week, with the median drawn and named; columns Week from, Referrals."""
    middle = float(frame["Referrals"].median() or 0)
    x = alt.X("Week from:T", title=None, axis=_axis(format="%d %b", labelAngle=0, tickCount=8))
    y = alt.Y("Referrals:Q", title="Referrals in the week", axis=_axis(grid=True, tickMinStep=1), scale={"zero": True})
    base = alt.Chart(frame).encode(x=x, y=y, tooltip=[alt.Tooltip("Week from:T", format="%d %b %Y"), "Referrals:Q"])
    line = alt.Chart(pl.DataFrame({"Referrals": [middle], "Label": [f"median {middle:g}"]})).encode(y="Referrals:Q")
    label = line.mark_text(align="left", dx=6, fontSize=FONT_SIZE, fontWeight="bold", color=INK)
    layers = [
        base.mark_line(color=DARK_BLUE, strokeWidth=2),
        base.mark_point(color=DARK_BLUE, filled=True, size=60, opacity=1),
        line.mark_rule(color=INK, strokeDash=[6, 3], strokeWidth=2),
        label.encode(x=alt.value("width"), text="Label:N"),
    ]
    weeks = [f"{words.short_date(row['Week from'])}: {row['Referrals']}" for row in frame.iter_rows(named=True)]
    told = f"Run chart of referrals a week, {words.counted(len(weeks), 'week')}. Median {middle:g}. {shift(frame)} "
    return Drawing(_plain(alt.layer(*layers).properties(height=260)), f"{told}{'; '.join(weeks)}.")


def shift(frame: pl.DataFrame) -> str:
    """Whether so many weeks running lie on one side of the median that chance is a poor account of it."""
    middle = float(frame["Referrals"].median() or 0)
    longest = {"above": 0, "below": 0}
    side, run = "", 0
    for number in frame["Referrals"]:
        if number == middle:
            continue  # a point on the median neither makes nor breaks a run
        now = "above" if number > middle else "below"
        run = run + 1 if now == side else 1
        side = now
        longest[side] = max(longest[side], run)
    runs = [f"{count} weeks running lie {side} the median" for side, count in longest.items() if count >= RUN_IN_A_ROW]
    return f"{words.listed(runs).capitalize()}." if runs else f"No {RUN_IN_A_ROW} weeks running lie on one side of it."


def stacked(frame: pl.DataFrame, *, label: str, part: str, number: str, colours: dict[str, str], what: str) -> Drawing:
    """One bar a row, its parts in order with a white gap and their counts in them; the longest bar first."""
    totals = frame.group_by(label).agg(pl.col(number).sum().alias("total"))
    order = totals.sort(["total", label], descending=[True, False])[label].to_list()
    ink = {name: WHITE if colour in (DARK_BLUE, DARK_PINK, DARK_GREY) else INK for name, colour in colours.items()}
    placed = frame.with_columns(
        pl.col(part).replace_strict({name: place for place, name in enumerate(colours)}).alias("place"),
        pl.col(number).cum_sum().over(label).alias("to"),
    ).with_columns(
        ((pl.col("to") * 2 - pl.col(number)) / 2).alias("middle"), (pl.col("to") - pl.col(number)).alias("from")
    )
    drawn = placed.filter(pl.col(number) > 0)
    y = alt.Y(f"{label}:N", sort=order, title=None, axis=_axis(labelLimit=320), scale=alt.Scale(domain=order))
    legend = alt.Legend(orient="top", title=None, labelFontSize=FONT_SIZE, symbolStrokeColor=DARK_GREY, labelLimit=320)
    colour = alt.Color(f"{part}:N", scale=alt.Scale(domain=list(colours), range=list(colours.values())), legend=legend)
    bars_ = (
        alt.Chart(drawn)
        .mark_bar(stroke=WHITE, strokeWidth=2)
        .encode(
            y=y,
            x=alt.X("from:Q", title=None, axis=_axis(grid=True, tickMinStep=1)),
            x2="to:Q",
            color=colour,
            tooltip=[f"{label}:N", f"{part}:N", f"{number}:Q"],
        )
    )
    texts = (
        alt.Chart(drawn)
        .mark_text(fontSize=FONT_SIZE)
        .encode(
            y=y,
            x="middle:Q",
            text=f"{number}:Q",
            color=alt.Color(f"{part}:N", scale=alt.Scale(domain=list(ink), range=list(ink.values())), legend=None),
        )
    )
    chart = alt.layer(bars_, texts).resolve_scale(color="independent").properties(height=ROW * len(order) + 60)
    told = [
        f"{name}: "
        + ", ".join(f"{row[part].lower()} {row[number]}" for row in frame.iter_rows(named=True) if row[label] == name)
        for name in order
    ]
    return Drawing(_plain(chart), f"Stacked bars, {what}. {'. '.join(told) or 'Nothing is counted'}.")


def dumbbell(frame: pl.DataFrame) -> Drawing:
    """From the median baseline, an open circle, to the median of now, a filled diamond; a fixed scale of 1 to 10."""
    order = frame["Need"].to_list()
    base = alt.Chart(frame).encode(y=alt.Y("Need:N", sort=order, title=None, axis=_axis(labelLimit=320)))
    scale = alt.Scale(domain=[1, 10])
    x = alt.X("Baseline:Q", scale=scale, title="Score, 1 to 10", axis=_axis(grid=True, tickMinStep=1))
    rule = base.mark_rule(color=EDGE, strokeWidth=4).encode(x=x, x2="Now:Q")
    was = base.mark_point(shape="circle", size=160, color=DARK_BLUE, fill=WHITE, strokeWidth=2, opacity=1).encode(x=x)
    is_now = base.mark_point(shape="diamond", size=200, color=DARK_BLUE, filled=True, opacity=1).encode(
        x=alt.X("Now:Q", scale=scale), tooltip=["Need:N", "Needs:Q", "Baseline:Q", "Now:Q"]
    )
    told = "; ".join(
        f"{row['Need']}, {words.counted(row['Needs'], 'need')}: from {row['Baseline']:g} to {row['Now']:g}, the middle "
        f"half of the changes between {row['From']:g} and {row['To']:g}"
        for row in frame.iter_rows(named=True)
    )
    chart = _plain(alt.layer(rule, was, is_now).properties(height=ROW * len(order) + 60))
    return Drawing(chart, f"Median score at the baseline and now, on a scale of 1 to 10. {told}.")
