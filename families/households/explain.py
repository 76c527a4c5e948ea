"""Why two people are together: the strongest path of ties between them, each step in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import networkx as nx
import polars as pl

from families.errors import UserError

FARTHEST = 6  # steps; beyond them a path of ties says nothing about a family
AWAY = 0.5  # what a tie that does not say "they live together" adds to the length of a path


def why_together(links: pl.DataFrame, members: pl.DataFrame, people: pl.DataFrame, a: str, b: str) -> list[str]:
    """The sentences that lead from person `a` to person `b` along the strongest ties; empty where nothing does.

    The graph is cut to the surroundings of `a` before networkx sees it, so that a county's links cost nothing.
    """
    for person in (a, b):
        if people.filter(pl.col("person_id") == person).is_empty():
            raise UserError(f"No person has the id {person}; take ids from the Family record page or the run's tables.")
    near = _surroundings(links, start=a)
    graph = nx.Graph()
    graph.add_nodes_from([a, b])
    for edge in _edges(near):
        _keep_strongest(graph, edge=edge)
    _add_memberships(graph, members=members, start=a, end=b)
    if not nx.has_path(graph, a, b):
        return []
    path = nx.shortest_path(graph, a, b, weight="length")
    return [graph.edges[step]["reason"] for step in pairwise(path)]


def _surroundings(links: pl.DataFrame, *, start: str) -> pl.DataFrame:
    """The ties that can be reached from a person in a few steps."""
    reached = pl.DataFrame({"person_id": [start]})
    near = links.clear()
    for _ in range(FARTHEST):
        found = pl.concat(
            [
                links.join(reached, left_on="person_a", right_on="person_id", how="semi"),
                links.join(reached, left_on="person_b", right_on="person_id", how="semi"),
            ]
        ).unique(["person_a", "person_b", "tie"])
        if found.height == near.height:
            break
        near = found
        reached = pl.concat([near.select(person_id="person_a"), near.select(person_id="person_b")]).unique()
    return near.sort("person_a", "person_b", "strength", "tie")


def _edges(links: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for row in links.iter_rows(named=True):
        length = float(row["strength"]) + (0 if row["is_resident"] else AWAY)
        yield {"ends": (row["person_a"], row["person_b"]), "length": length, "reason": row["reason"]}


def _keep_strongest(graph: nx.Graph, *, edge: dict[str, Any]) -> None:
    one, other = edge["ends"]
    if not graph.has_edge(one, other) or graph.edges[one, other]["length"] > edge["length"]:
        graph.add_edge(one, other, length=edge["length"], reason=edge["reason"])


def _add_memberships(graph: nx.Graph, *, members: pl.DataFrame, start: str, end: str) -> None:
    """Where no tie leads on, being members of one family is the last answer."""
    of_start = members.filter(pl.col("person_id") == start).select("family_id", one="reason")
    of_end = members.filter(pl.col("person_id") == end).select("family_id", other="reason")
    for family in of_start.join(of_end, on="family_id").sort("family_id").iter_rows(named=True):
        reason = f"Both are members of one family: {family['one']} {family['other']}"
        _keep_strongest(graph, edge={"ends": (start, end), "length": 100.0, "reason": reason})
