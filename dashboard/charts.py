"""Charts from frames: each function takes the frame shown and returns the drawing with its text equivalent.

Nothing here reads data or knows a rule; title, labels and `alt` come from the same frame, so they cannot disagree.
Colours: Government Analysis Function palette; meaning is never carried by colour alone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl
from altair.utils import schemapi

from dashboard import tables, words
from dashboard.cells import said
from families.casebook.views import AbsenceRule, Member, Tie

# Parts of a chart would each be checked as they are made, a quarter of a page's time; the whole is checked when drawn.
schemapi.disable_debug_mode()

DARK_BLUE, LILAC, DARK_GREY, WHITE = "#12436D", "#A285D1", "#3D3D3D", "#FFFFFF"
INK, PALE_GREY, PALE_YELLOW, PALE_BLUE, EDGE = "#0B0C0C", "#F3F2F1", "#FFF7BF", "#E1E9F0", "#6F777B"
GROUND = "#DEE0E2"  # of half terms before the work began

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


def absence(frame: pl.DataFrame, *, child: str, rule: AbsenceRule | None) -> Drawing:
    """One child's absence by half term: the rule's threshold drawn, suspensions written, and half terms without data
    outlined; the half terms before the work began lie on a shaded ground.
    """
    order = frame["Half term"].to_list()
    known = (
        frame.select("Half term", Unauthorised="Unauthorised %", Authorised="Authorised %")
        .unpivot(index="Half term", variable_name="Absence", value_name="Percent")
        .drop_nulls("Percent")
        .pipe(said, "Percent", _percent, to="Label")
    )
    missing = frame.filter(pl.col("Unauthorised %").is_null()).select("Half term", Label=pl.lit("not\nsupplied"))
    threshold, is_stacked = (rule.percent, len(rule.counted) > 1) if rule else (None, False)
    top = _headroom(known["Percent"] if not is_stacked else _together(frame)["Percent"], threshold)
    x = alt.X("Half term:N", sort=order, scale=alt.Scale(domain=order), title=None, axis=_half_term_axis())
    layers = [
        *_baseline(frame, x=x),
        _bars(known, x=x, top=top, is_stacked=is_stacked),
        *_gaps(missing, x=x, top=top),
        *_threshold(threshold),
        *(_bar_labels(_together(frame), x=x, is_stacked=True) if is_stacked else _bar_labels(known, x=x)),
        *_suspended(frame, x=x),
    ]
    chart = _plain(alt.layer(*layers).properties(height=270))
    return Drawing(chart, absence_alt(frame, child=child, rule=rule))


def _together(frame: pl.DataFrame) -> pl.DataFrame:
    """Absence of both kinds, for rules that count them together: bars stand on each other and the sum is written."""
    both = 1000 * (pl.col("Authorised") + pl.col("Unauthorised")) // pl.col("Possible") / 10
    return (
        frame.filter(pl.col("Possible") > 0)
        .select("Half term", Percent=both)
        .pipe(said, "Percent", _percent, to="Label")
    )


BASELINE = "Shaded: before the work began"


def _baseline(frame: pl.DataFrame, *, x: alt.X) -> list[alt.Chart]:
    """The ground of the half terms before the work began, with its words over the first of them."""
    shaded = frame.filter("Is baseline").select("Half term", Label=pl.lit(BASELINE))
    if shaded.is_empty():
        return []
    base = alt.Chart(shaded).encode(x=x)
    ground = base.mark_bar(color=GROUND, width=alt.RelativeBandSize(1.0)).encode(y=alt.value(0), y2=alt.value("height"))
    said = alt.Chart(shaded.head(1)).mark_text(align="left", baseline="top", dx=-36, fontSize=13, font=_FONT, color=INK)
    return [ground, said.encode(x=x, y=alt.value(2), text="Label:N")]


def _suspended(frame: pl.DataFrame, *, x: alt.X) -> list[alt.Chart]:
    """How often a child was suspended, in words under the name of the half term, where no bar hides them."""
    suspended = frame.filter(pl.col("Suspensions") > 0)
    shown = said(suspended, "Suspensions", _times_suspended, to="Label").select("Half term", "Label")
    text = {"baseline": "top", "fontSize": 13, "font": _FONT, "lineBreak": "\n", "fontWeight": "bold"}
    base = alt.Chart(shown).encode(x=x, y=alt.value("height"), text="Label:N")
    return [base.mark_text(**text, dy=44, color=INK)] if len(shown) else []


def _times_suspended(times: int) -> str:
    return f"suspended\n{words.counted(times, 'time')}"


def _headroom(percents: pl.Series, threshold: int | None) -> float:
    highest = max(float(percents.max() or 0), float(threshold or 0), 10.0)
    return min(highest * 1.2, 112.0)


def _half_term_axis() -> alt.Axis:
    return _axis(labelAngle=0, labelLimit=120, labelExpr="split(datum.label, ', ')", labelLineHeight=16)


KINDS = {"Unauthorised": DARK_BLUE, "Authorised": LILAC}


def _bars(known: pl.DataFrame, *, x: alt.X, top: float, is_stacked: bool) -> alt.Chart:
    colour = alt.Color(
        "Absence:N",
        scale=alt.Scale(domain=list(KINDS), range=list(KINDS.values())),
        legend=alt.Legend(orient="top", title=None, labelFontSize=14, labelFont=_FONT, symbolSize=160),
    )
    y = alt.Y(
        "Percent:Q",
        scale=alt.Scale(domain=[0, top]),
        title="% of possible sessions",
        axis=_axis(grid=True, tickCount=4),
    )
    tooltip = ["Half term:N", "Absence:N", alt.Tooltip("Label:N", title="Share of sessions")]
    bars = alt.Chart(known).mark_bar(stroke=EDGE, strokeWidth=0.5)
    return bars.encode(x=x, y=y, color=colour, tooltip=tooltip, **({} if is_stacked else {"xOffset": _side_by_side()}))


def _side_by_side() -> alt.XOffset:
    return alt.XOffset("Absence:N", sort=list(KINDS))


def _bar_labels(known: pl.DataFrame, *, x: alt.X, is_stacked: bool = False) -> list[alt.Chart]:
    """The value over each bar, on a white edge that keeps it readable where the threshold passes behind it."""
    base = alt.Chart(known).encode(
        x=x, y="Percent:Q", text="Label:N", **({} if is_stacked else {"xOffset": _side_by_side()})
    )
    text = {"baseline": "bottom", "dy": -3, "fontSize": 13, "font": _FONT}
    return [
        base.mark_text(**text, stroke=WHITE, strokeWidth=5, strokeJoin="round"),
        base.mark_text(**text, color=INK),
    ]


def _gaps(missing: pl.DataFrame, *, x: alt.X, top: float) -> list[alt.Chart]:
    """An outlined, empty bar and the words, so that no data is never read as no absence."""
    base = alt.Chart(missing).encode(x=x)
    outline = base.mark_bar(fillOpacity=0, stroke=DARK_GREY, strokeDash=[4, 3], strokeWidth=1.5).encode(
        y=alt.value(4), y2=alt.value("height")
    )
    text = base.mark_text(fontSize=13, font=_FONT, color=INK, lineBreak="\n").encode(
        y=alt.datum(top / 3, type="quantitative"), text="Label:N"
    )
    return [outline, text] if len(missing) else []


def _threshold(percent: int | None) -> list[alt.Chart]:
    """The line across, named at its right end, outside the bars."""
    if percent is None:
        return []
    base = alt.Chart(pl.DataFrame({"Percent": [percent], "Label": [f"{percent}%\nthreshold"]})).encode(y="Percent:Q")
    label = {"align": "left", "baseline": "middle", "dx": 8, "lineBreak": "\n"}
    return [
        base.mark_rule(color=INK, strokeWidth=2, strokeDash=[6, 3]),
        base.mark_text(**label, fontSize=14, font=_FONT, fontWeight="bold", color=INK).encode(
            x=alt.value("width"), text="Label:N"
        ),
    ]


def absence_alt(frame: pl.DataFrame, *, child: str, rule: AbsenceRule | None) -> str:
    """The absence chart in words, half term by half term."""
    terms = "; ".join(map(_half_term_in_words, frame.iter_rows(named=True)))
    shaded = frame.filter("Is baseline")["Half term"].to_list()
    ground = f" Before the work began: {words.listed(shaded)}." if shaded else ""
    line = f" The threshold is {rule.percent}%: {rule.label}.{_above(frame, rule)}" if rule else ""
    return f"Bar chart of absence by half term for {child}. {terms}.{ground}{line}"


def _half_term_in_words(row: dict[str, Any]) -> str:
    times = row["Suspensions"]
    suspended = f", suspended {words.counted(times, 'time')}" if times else ""
    if row["Unauthorised %"] is None:
        return f"{row['Half term']}: {words.NOT_SUPPLIED}{suspended}"
    shares = f"{_percent(row['Unauthorised %'])} unauthorised, {_percent(row['Authorised %'])} authorised"
    return f"{row['Half term']}: {shares}{suspended}"


def _above(frame: pl.DataFrame, rule: AbsenceRule) -> str:
    counted = pl.sum_horizontal(name.capitalize() for name in rule.counted)
    known = frame.filter(pl.col("Possible") > 0)
    reached = known.filter(100 * counted >= rule.percent * pl.col("Possible"))
    return f" {len(reached)} of {words.counted(len(known), 'half term')} with data reach it."


def _percent(value: float) -> str:
    return f"{value:g}%"


SPEAKS = {"for": DARK_BLUE, "against": LILAC, "in all": DARK_GREY}


def waterfall(frame: pl.DataFrame) -> Drawing:
    """What a match weight is made of: each step from where the one before ended, its bits written beside it."""
    order = frame["What"].to_list()
    steps = (
        said(frame, "Bits", words.bits, to="Label")
        .with_row_index("Step")
        .with_columns(
            pl.col("Step").cast(pl.String),
            Right=pl.max_horizontal("From", "To"),
        )
    )
    names = "[" + ", ".join(f"'{name.replace(chr(39), chr(8217))}'" for name in order) + "][+datum.value]"
    lowest, highest = (float(each) for each in (frame["To"].min() or 0, frame["To"].max() or 0))
    room = 0.12 * (max(highest, 0) - min(lowest, 0) or 1)
    y = alt.Y(
        "Step:N",
        sort=steps["Step"].to_list(),
        title=None,
        axis=_axis(labelExpr=names, labelLimit=320, labelOverlap=False),
    )
    x = alt.X(
        "From:Q",
        title="Bits: to the right speaks for one person",
        scale=alt.Scale(domain=[min(lowest, 0), max(highest, 0) + room]),
        axis=_axis(grid=True, tickCount=6),
    )
    colour = alt.Color(
        "Speaks:N",
        scale=alt.Scale(domain=list(SPEAKS), range=list(SPEAKS.values())),
        legend=alt.Legend(orient="top", title=None, labelFontSize=14, labelFont=_FONT, symbolSize=160),
    )
    base = alt.Chart(steps).encode(y=y)
    bars = base.mark_bar(stroke=EDGE, strokeWidth=0.5).encode(x=x, x2="To:Q", color=colour)
    labels = base.mark_text(align="left", dx=5, fontSize=14, font=_FONT, color=INK).encode(x="Right:Q", text="Label:N")
    chart = alt.layer(bars, labels).properties(height=30 * len(order) + 110)
    return Drawing(_plain(chart), waterfall_alt(frame))


def waterfall_alt(frame: pl.DataFrame) -> str:
    """The waterfall in words, step by step."""
    *steps, total = (f"{row['What']} {words.bits(row['Bits'])}" for row in frame.iter_rows(named=True))
    return f"Waterfall of the match weight in bits: {'; '.join(steps)}; {total}."


def family_graph(members: Sequence[Member], ties: Sequence[Tie]) -> Drawing:
    """The family as Graphviz text: roles as shapes, those who live together in one box, ties as labelled lines."""
    shown = sorted(members, key=lambda member: not member.is_resident)[:MOST_NODES]
    nodes = {member.person_id: f"p{number}" for number, member in enumerate(shown)}
    drawn = [_node(nodes[member.person_id], member) for member in shown]
    home = [line for member, line in zip(shown, drawn, strict=True) if member.is_resident]
    away = [line for member, line in zip(shown, drawn, strict=True) if not member.is_resident]
    children = {member.person_id for member in shown if member.role == "child"}
    dot = [
        "graph family {",
        "  graph [rankdir=TB, nodesep=0.3, ranksep=0.8, bgcolor=transparent]",
        f'  node [fontname="{_FONT}", fontsize=16, color="{DARK_BLUE}", penwidth=1.5, margin="0.15,0.08"]',
        f'  edge [fontname="{_FONT}", fontsize=15, color="{EDGE}", fontcolor="{INK}"]',
        f'  subgraph cluster_home {{ label="Living together"; labeljust=l; fontname="{_FONT}"; fontsize=15;',
        f'    color="{EDGE}"; style=rounded; margin=16',
        *home,
        "  }",
        *away,
        *_edges(ties, nodes=nodes, children=children),
        "}",
    ]
    return Drawing("\n".join(dot), family_graph_alt(members, ties))


_SHAPES = {"child": "ellipse", "parent": "box", "carer": "box", "adult": "octagon", "linked": "box"}


def _node(node: str, member: Member) -> str:
    shape = _SHAPES.get(member.role, "octagon")
    style = "filled" if member.is_resident else "filled,dashed"
    fill = PALE_BLUE if member.role == "child" else "white"
    age = f"age {words.age(member.age)}"
    label = "\\n".join(quoted(line) for line in (member.name, f"{words.role(member.role)}, {age}"))
    return f'    {node} [shape={shape}, style="{style}", fillcolor="{fill}", label="{label}"]'


def _edges(ties: Sequence[Tie], *, nodes: Mapping[str, str], children: Set[str]) -> list[str]:
    """One line for each pair, named by its first tie (the strongest); adults stand above children."""
    first: dict[frozenset[str], Tie] = {}
    for tie in ties:
        if tie.person_a in nodes and tie.person_b in nodes:
            first.setdefault(frozenset((tie.person_a, tie.person_b)), tie)
    return [
        _edge(tie, nodes=nodes, children=children)
        for pair, tie in first.items()
        if not (pair <= children and _share_an_adult(pair, first.keys(), children=children))
    ]


def _share_an_adult(pair: Set[str], pairs: Collection[Set[str]], *, children: Set[str]) -> bool:
    """Whether two children are already joined through a drawn adult, so that a line between them says nothing new."""
    one, other = ({person for pair in pairs if child in pair for person in pair} - children for child in pair)
    return bool(one & other)


def _edge(tie: Tie, *, nodes: Mapping[str, str], children: Set[str]) -> str:
    above, below = sorted((tie.person_a, tie.person_b), key=lambda person: person in children)
    label = "\\n".join(quoted(line) for line in textwrap.wrap(words.tie(tie.tie), width=16))
    spans = (above in children) != (below in children)
    return f'  {nodes[above]} -- {nodes[below]} [label="{label}", constraint={"true" if spans else "false"}]'


def quoted(text: str) -> str:
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
