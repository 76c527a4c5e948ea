"""The genogram: who is whose parent or carer, with the conventions that social workers know, and its table twin.

Squares, circles and diamonds stand for the sex as recorded: male, female, not known. A doubled outline is the child at
the centre, a dashed one somebody who lives elsewhere; a dashed line a parent elsewhere, a dotted one two adults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from dashboard import charts, tables, words
from families.casebook.views import Member, Tie

SHAPES = {"M": "square", "F": "circle"}
PARENT_HERE = frozenset({"responsible_contact", "living_contact"})
PARENT_AWAY = frozenset({"responsible_elsewhere", "contact_elsewhere", "contact_left"})
COUPLE = frozenset({"co_parents", "joint_liability"})
CHILD = "child"


def draw(members: Sequence[Member], ties: Sequence[Tie], centre: str | None) -> charts.Drawing:
    """The genogram as Graphviz text, generations in rows, with its words."""
    shown = members[: charts.MOST_NODES]
    names = dict(zip((each.person_id for each in members), tables.distinct_names(members), strict=True))
    nodes = {each.person_id: f"g{number}" for number, each in enumerate(shown)}
    people = {each.person_id: each for each in shown}
    rows: dict[bool, list[str]] = {True: [], False: []}  # children below, everybody else above
    for each in shown:
        rows[each.role == CHILD].append(nodes[each.person_id])
    dot = [
        "graph genogram {",
        "  graph [rankdir=TB, nodesep=0.5, ranksep=0.9, bgcolor=transparent, splines=ortho]",
        f'  node [fontname="Source Sans", fontsize=14, color="{charts.DARK_BLUE}", penwidth=1.5, fixedsize=false]',
        f'  edge [color="{charts.EDGE}", penwidth=1.5]',
        *(_node(each, nodes[each.person_id], names[each.person_id], centre) for each in shown),
        *(f"  {{ rank=same; {'; '.join(row)} }}" for row in rows.values() if row),
        *_lines(ties, nodes, people),
        "}",
    ]
    return charts.Drawing("\n".join(dot), described(members, ties, centre))


def _node(each: Member, node: str, name: str, centre: str | None) -> str:
    outline = 2 if each.person_id == centre else 1
    style = "solid" if each.is_resident else "dashed"
    label = charts.quoted(name)
    shape = SHAPES.get(each.sex or "", "diamond")
    return f'  {node} [shape={shape}, peripheries={outline}, style={style}, label="{label}"]'


def _lines(ties: Sequence[Tie], nodes: Mapping[str, str], people: Mapping[str, Member]) -> list[str]:
    lines: dict[frozenset[str], str] = {}
    for tie in ties:
        pair = frozenset((tie.person_a, tie.person_b))
        if pair in lines or not pair <= people.keys():
            continue
        above, below = sorted(pair, key=lambda person: people[person].role == CHILD)
        ends = f"  {nodes[above]} -- {nodes[below]}"
        if tie.tie in PARENT_HERE | PARENT_AWAY and people[below].role == CHILD and people[above].role != CHILD:
            style = "solid" if tie.tie in PARENT_HERE else "dashed"
            lines[pair] = f"{ends} [style={style}]"
        elif tie.tie in COUPLE and CHILD not in (people[above].role, people[below].role):
            lines[pair] = f"{ends} [style=dotted, constraint=false]"
    return list(lines.values())


def relations(members: Sequence[Member], ties: Sequence[Tie], centre: str | None) -> pl.DataFrame:
    """The genogram as a table: each person with what is drawn of them."""
    names = dict(zip((each.person_id for each in members), tables.distinct_names(members), strict=True))
    people = {each.person_id: each for each in members}
    rows = [
        (
            names[each.person_id] + (", at the centre" if each.person_id == centre else ""),
            words.sex(each.sex),
            words.role(each.role),
            "yes" if each.is_resident else "no, elsewhere",
            words.listed(_of(each, ties, people, names, PARENT_HERE | PARENT_AWAY)) if each.role == CHILD else "",
            words.listed(_of(each, ties, people, names, COUPLE)) if each.role != CHILD else "",
        )
        for each in members
    ]
    columns = ("Name and age", "Sex recorded", "Role", "Lives here", "Parents or carers", "Together with")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def _of(
    each: Member,
    ties: Sequence[Tie],
    people: Mapping[str, Member],
    names: Mapping[str, str],
    kinds: frozenset[str],
) -> list[str]:
    found: dict[str, str] = {}
    for tie in ties:
        if tie.tie in kinds and each.person_id in (tie.person_a, tie.person_b):
            other = tie.person_b if tie.person_a == each.person_id else tie.person_a
            if other in people and people[other].role != CHILD:
                found.setdefault(other, names[other] + (" (elsewhere)" if tie.tie in PARENT_AWAY else ""))
    return list(found.values())


def described(members: Sequence[Member], ties: Sequence[Tie], centre: str | None) -> str:
    """The genogram in words, from the same table."""
    shown = relations(members, ties, centre)
    told = [
        f"{row['Name and age']}: " + (row["Parents or carers"] or "no parent or carer recorded")
        for row, each in zip(shown.iter_rows(named=True), members, strict=True)
        if each.role == CHILD
    ]
    cut = f" The first {charts.MOST_NODES} people are drawn." if len(members) > charts.MOST_NODES else ""
    number = words.counted(len(members), "person", "people")
    return f"Genogram of {number}. Children and their parents or carers. {'; '.join(told) or 'None'}.{cut}"
