"""Charts from frames: each function takes the frame shown and returns the drawing with its text equivalent.

Nothing here reads data or knows a rule; title, labels and `alt` come from the same frame, so they cannot disagree.
Colours: Government Analysis Function palette; meaning is never carried by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import polars as pl

from dashboard import tables, words
from families.casebook.views import Member, Tie

DARK_BLUE, LILAC, DARK_GREY, WHITE = "#12436D", "#A285D1", "#3D3D3D", "#FFFFFF"
INK, PALE_GREY, PALE_YELLOW, PALE_BLUE, EDGE = "#0B0C0C", "#F3F2F1", "#FFF7BF", "#E1E9F0", "#6F777B"

FILL = {"Met": DARK_BLUE, "Not met": WHITE, "Not known": PALE_YELLOW, "Not asked": PALE_GREY}
TEXT = {"Met": WHITE, "Not met": INK, "Not known": INK, "Not asked": DARK_GREY}

MOST_NODES = 25  # beyond this a graph is no longer read at a glance
_FONT = "Source Sans"


@dataclass(frozen=True)
class Drawing:
    """A chart, or Graphviz text, with the words that stand in for it."""

    chart: alt.LayerChart | str
    alt: str


def strands_matrix(frame: pl.DataFrame) -> Drawing:
    """Members by strands, the outcome written in each cell; columns Who, Strand, Outcome."""
    who, strands = frame["Who"].unique(maintain_order=True), frame["Strand"].unique(maintain_order=True)
    base = alt.Chart(frame).encode(
        x=alt.X("Strand:N", sort=strands.to_list(), title=None, axis=_axis(orient="top", labelAngle=0, labelLimit=260)),
        y=alt.Y("Who:N", sort=who.to_list(), title=None, axis=_axis(labelLimit=260)),
    )
    cells = base.mark_rect(stroke=EDGE, strokeWidth=1).encode(color=_by_outcome(FILL))
    texts = base.mark_text(fontSize=15, font=_FONT).encode(text="Outcome:N", color=_by_outcome(TEXT))
    chart = alt.layer(cells, texts).resolve_scale(color="independent")
    return Drawing(_plain(chart.properties(height=34 * len(who) + 10)), strands_alt(frame))


def _by_outcome(colours: dict[str, str]) -> alt.Color:
    return alt.Color("Outcome:N", scale=alt.Scale(domain=list(colours), range=list(colours.values())), legend=None)


def strands_alt(frame: pl.DataFrame) -> str:
    """The matrix in words, row by row."""
    rows = [
        f"{who[0]}: " + ", ".join(f"{row['Strand']} {row['Outcome'].lower()}" for row in part.iter_rows(named=True))
        for who, part in frame.group_by("Who", maintain_order=True)
    ]
    size = f"{words.counted(len(rows), 'row')} by {words.counted(frame['Strand'].n_unique(), 'strand')}"
    return f"Strands matrix, {size}. {'. '.join(rows)}."


def absence(frame: pl.DataFrame, *, child: str, threshold_percent: int | None) -> Drawing:
    """One child's absence by half term, with the threshold drawn and half terms without data outlined."""
    order = frame["Half term"].to_list()
    long = frame.select("Half term", Unauthorised="Unauthorised %", Authorised="Authorised %").unpivot(
        index="Half term", variable_name="Absence", value_name="Percent"
    )
    known = long.drop_nulls("Percent").with_columns(
        Label=pl.col("Percent").map_elements(_percent, return_dtype=pl.String)
    )
    top = _headroom(known["Percent"], threshold_percent)
    missing = frame.filter(pl.col("Unauthorised %").is_null()).select("Half term", Label=pl.lit(words.NOT_SUPPLIED))
    x = alt.X("Half term:N", sort=order, scale=alt.Scale(domain=order), title=None, axis=_half_term_axis())
    layers = [_bars(known, x=x, top=top), _bar_labels(known, x=x), *_gaps(missing, x=x, top=top)]
    if threshold_percent is not None:
        layers += _threshold(threshold_percent)
    chart = alt.layer(*layers).properties(height=250)
    return Drawing(_plain(chart), absence_alt(frame, child=child, threshold_percent=threshold_percent))


def _headroom(percents: pl.Series, threshold: int | None) -> float:
    highest = max(float(percents.max() or 0), float(threshold or 0), 10.0)  # type: ignore[arg-type]
    return min(highest * 1.25, 118.0)


def _half_term_axis() -> alt.Axis:
    return _axis(labelAngle=0, labelLimit=120, labelExpr="split(datum.label, ', ')", labelLineHeight=16)


def _bars(known: pl.DataFrame, *, x: alt.X, top: float) -> alt.Chart:
    kinds = {"Unauthorised": DARK_BLUE, "Authorised": LILAC}
    return (
        alt.Chart(known)
        .mark_bar(stroke=EDGE, strokeWidth=0.5)
        .encode(
            x=x,
            xOffset=alt.XOffset("Absence:N", sort=list(kinds)),
            y=alt.Y(
                "Percent:Q",
                scale=alt.Scale(domain=[0, top]),
                title="% of possible sessions",
                axis=_axis(grid=True, tickCount=4),
            ),
            color=alt.Color(
                "Absence:N",
                scale=alt.Scale(domain=list(kinds), range=list(kinds.values())),
                legend=alt.Legend(orient="top", title=None, labelFontSize=14, labelFont=_FONT, symbolSize=160),
            ),
            tooltip=["Half term:N", "Absence:N", alt.Tooltip("Label:N", title="Share of sessions")],
        )
    )


def _bar_labels(known: pl.DataFrame, *, x: alt.X) -> alt.Chart:
    return (
        alt.Chart(known)
        .mark_text(baseline="bottom", dy=-3, fontSize=13, font=_FONT, color=INK)
        .encode(
            x=x, xOffset=alt.XOffset("Absence:N", sort=["Unauthorised", "Authorised"]), y="Percent:Q", text="Label:N"
        )
    )


def _gaps(missing: pl.DataFrame, *, x: alt.X, top: float) -> list[alt.Chart]:
    """An outlined, empty bar and the words, so that no data is never read as no absence."""
    base = alt.Chart(missing).encode(x=x, tooltip=["Half term:N", "Label:N"])
    outline = base.mark_bar(fill=WHITE, stroke=DARK_GREY, strokeDash=[4, 3], strokeWidth=1.5).encode(
        y=alt.value(4), y2=alt.value("height")
    )
    text = base.mark_text(fontSize=13, font=_FONT, color=INK).encode(y=alt.value(125), text="Label:N")
    return [outline, text] if len(missing) else []


def _threshold(percent: int) -> list[alt.Chart]:
    data = pl.DataFrame({"Percent": [percent], "Label": [f"{percent}% unauthorised: the threshold"]})
    rule = alt.Chart(data).mark_rule(color=INK, strokeWidth=2, strokeDash=[6, 3]).encode(y="Percent:Q")
    label = (
        alt.Chart(data)
        .mark_text(align="right", baseline="bottom", dy=-4, fontSize=13, font=_FONT, fontWeight="bold", color=INK)
        .encode(y="Percent:Q", x=alt.value("width"), text="Label:N")
    )
    return [rule, label]


def absence_alt(frame: pl.DataFrame, *, child: str, threshold_percent: int | None) -> str:
    """The absence chart in words, half term by half term."""
    terms = [
        f"{row['Half term']}: {words.NOT_SUPPLIED}"
        if row["Unauthorised %"] is None
        else f"{row['Half term']}: {_percent(row['Unauthorised %'])} unauthorised, "
        f"{_percent(row['Authorised %'])} authorised"
        for row in frame.iter_rows(named=True)
    ]
    line = "" if threshold_percent is None else f" The threshold for unauthorised absence is {threshold_percent}%."
    above = _above(frame, threshold_percent)
    return f"Bar chart of absence by half term for {child}. {'; '.join(terms)}.{line}{above}"


def _above(frame: pl.DataFrame, threshold: int | None) -> str:
    if threshold is None:
        return ""
    reached = frame.filter(100 * pl.col("Unauthorised") >= threshold * pl.col("Possible")).filter(
        pl.col("Possible") > 0
    )
    known = frame.filter(pl.col("Possible") > 0)
    return f" {len(reached)} of {words.counted(len(known), 'half term')} with data reach it."


def _percent(value: float) -> str:
    return f"{value:g}%"


def family_graph(members: Sequence[Member], ties: Sequence[Tie]) -> Drawing:
    """The family as Graphviz text: roles as shapes, those who live together in one box, ties as labelled lines."""
    shown = sorted(members, key=lambda member: not member.is_resident)[:MOST_NODES]
    names = dict(zip((member.person_id for member in members), tables.distinct_names(members), strict=True))
    ids = {member.person_id: f"p{number}" for number, member in enumerate(shown)}
    home = [_node(ids[m.person_id], names[m.person_id], m) for m in shown if m.is_resident]
    away = [_node(ids[m.person_id], names[m.person_id], m) for m in shown if not m.is_resident]
    lines = [_edge(ids[a], ids[b], kinds) for (a, b), kinds in _joined(ties).items() if a in ids and b in ids]
    dot = "\n".join(
        [
            "graph family {",
            f'  graph [rankdir=LR, nodesep=0.35, ranksep=1.1, fontname="{_FONT}", fontsize=13, bgcolor=transparent]',
            f'  node [fontname="{_FONT}", fontsize=14, color="{DARK_BLUE}", penwidth=1.5]',
            f'  edge [fontname="{_FONT}", fontsize=12, color="{EDGE}", fontcolor="{INK}"]',
            f'  subgraph cluster_home {{ label="Living together"; labeljust=l; color="{EDGE}"; style=rounded',
            *home,
            "  }",
            *away,
            *lines,
            "}",
        ]
    )
    return Drawing(dot, family_graph_alt(members, ties))


_SHAPES = {"child": "ellipse", "parent": "box", "carer": "box", "adult": "hexagon", "linked": "box"}


def _node(node: str, name: str, member: Member) -> str:
    shape = _SHAPES.get(member.role, "hexagon")
    style = "filled" if member.is_resident else "filled,dashed"
    fill = PALE_BLUE if member.role == "child" else "white"
    label = f"{_quoted(name)}\\n{_quoted(words.role(member.role))}"
    return f'    {node} [shape={shape}, style="{style}", fillcolor="{fill}", label="{label}"]'


def _edge(a: str, b: str, kinds: Sequence[str]) -> str:
    return f'  {a} -- {b} [label="{_quoted(words.listed(kinds))}"]'


def _joined(ties: Sequence[Tie]) -> dict[tuple[str, str], list[str]]:
    """One line for each pair, with all that ties them."""
    joined: dict[tuple[str, str], list[str]] = {}
    for tie in ties:
        pair = (tie.person_b, tie.person_a) if (tie.person_b, tie.person_a) in joined else (tie.person_a, tie.person_b)
        kinds = joined.setdefault(pair, [])
        if tie.tie not in kinds:
            kinds.append(tie.tie)
    return joined


def _quoted(text: str) -> str:
    """A text inside double quotes of Graphviz: no quote, backslash or line end of its own."""
    return words.plain(text).replace("\\", "\\\\").replace('"', '\\"')


def family_graph_alt(members: Sequence[Member], ties: Sequence[Tie]) -> str:
    """The graph in words: how many people, where they live, and that the table below says the rest."""
    here = [name for name, m in zip(tables.distinct_names(members), members, strict=True) if m.is_resident]
    away = [name for name, m in zip(tables.distinct_names(members), members, strict=True) if not m.is_resident]
    rest = f" Linked but living elsewhere: {words.listed(away)}." if away else ""
    cut = f" The first {MOST_NODES} people are drawn." if len(members) > MOST_NODES else ""
    return (
        f"Graph of {words.counted(len(members), 'person', 'people')} and {words.counted(len(ties), 'tie')}. "
        f"Living together: {words.listed(here) or 'nobody'}.{rest}{cut} The table below has every tie with its reason."
    )


def _axis(**settings: object) -> alt.Axis:
    base: dict[str, object] = {
        "labelFontSize": 14,
        "labelFont": _FONT,
        "labelColor": INK,
        "titleFontSize": 14,
        "titleFont": _FONT,
        "titleFontWeight": "normal",
        "titleColor": INK,
        "ticks": False,
        "domain": False,
        "grid": False,
        "labelPadding": 8,
    }
    return alt.Axis(**(base | settings))


def _plain(chart: alt.LayerChart) -> alt.LayerChart:
    return chart.configure_view(stroke=None)
