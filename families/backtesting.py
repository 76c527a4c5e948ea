"""A back-test of the published run's families: two rulesets side by side, and nothing published."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from rich.table import Table

from families.criteria.backtest import ALL, CHANGES, GROUPS, STRAND, BackTest, backtest, equality_groups
from families.criteria.rulebook import LoadedRuleset, check_in_force, load_ruleset
from families.criteria.small_numbers import FEWEST_SHOWN
from families.facts_of_run import facts_of_run
from families.home import Home

HEADINGS = {
    ALL: "Families", "gained": "Gained", "lost": "Lost", "both": "Unchanged: met by both",
    "neither": "Unchanged: met by neither", "unsettled": "Not known by one",
}  # fmt: skip
HIDDEN = "hidden"


@dataclass(frozen=True)
class Compared:
    """A back-test with what it was made of."""

    run_id: str
    as_of: dt.date
    families_as_of: dt.date
    tried: LoadedRuleset
    against: LoadedRuleset
    found: BackTest


def backtest_run(
    home: Home, *, ruleset: str, against: str, as_of: dt.date | None, switches: Mapping[str, str], anyway: bool
) -> Compared:
    """Try a ruleset with its switches against another on the published run. Raises Refused outside their years."""
    run = home.require_current()
    formed = dt.date.fromisoformat(run.manifest["as_of"])
    day = as_of or formed
    tried, other = load_ruleset(ruleset, switches=switches), load_ruleset(against)
    for each in (tried, other):
        check_in_force(each.rules, day, anyway=anyway)
    facts = facts_of_run(home, run, as_of=day)
    groups = equality_groups(facts, run.table("people"))
    found = backtest(tried.rules, against=other.rules, facts=facts, groups=groups)
    return Compared(run.run_id, day, formed, tried, other, found)


def notes(compared: Compared) -> list[str]:
    """What a reader must know before the numbers."""
    tried, against = named(compared.tried), named(compared.against)
    lines = [
        f"{tried} tried against {against}, on {compared.as_of}, by the facts of run {compared.run_id}.",
        f"Gained: met by {tried} and not by {against}. Lost: met by {against} and not by {tried}.",
    ]
    if compared.as_of != compared.families_as_of:
        lines.append(f"The families are those of {compared.families_as_of}, as the run formed them.")
    if compared.found.only_in_one:
        lines.append(f"Strands of one of the two alone are not compared: {', '.join(compared.found.only_in_one)}.")
    return lines


def closing_notes(compared: Compared) -> list[str]:
    """What the numbers mean, and what is not in them."""
    lines = ["Equality groups are read for this check only: no rule reads them."]
    if compared.found.counts["number"].null_count():
        lines.append(f"Numbers below {FEWEST_SHOWN} are hidden, and others from which they could be worked out.")
    return lines


def named(ruleset: LoadedRuleset) -> str:
    """A ruleset with what sets it apart: its authority, and the switches that are not at their defaults."""
    defaults = {switch.id: switch.default for switch in ruleset.rules.switch}
    chosen = [f"{name}={option}" for name, option in ruleset.switches.items() if option != defaults[name]]
    whose = [ruleset.overlay.authority] if ruleset.overlay else []
    apart = ", ".join([*whose, *chosen])
    return f"{ruleset.rules.id} ({apart})" if apart else ruleset.rules.id


def tables(compared: Compared) -> list[Table]:
    """The counts as tables: one by strand, one for each equality group."""
    labels = compared.against.rules.strand_labels | compared.tried.rules.strand_labels
    counts = compared.found.counts
    return [_table("By strand", counts.filter(pl.col("by") == STRAND), labels)] + [
        _table(f"Eligible, by group: {label}", counts.filter(pl.col("by") == name), {})
        for name, label in GROUPS.items()
        if name in counts["by"]
    ]


def _table(title: str, counts: pl.DataFrame, labels: Mapping[str, str]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for heading in HEADINGS.values():
        table.add_column(heading, justify="right")
    for value in counts["value"].unique(maintain_order=True):
        numbers = dict(counts.filter(pl.col("value") == value).select("change", "number").rows())
        table.add_row(labels.get(value, value), *(_shown(numbers[name]) for name in HEADINGS))
    return table


def _shown(number: int | None) -> str:
    return HIDDEN if number is None else f"{number:,}"


def as_json(compared: Compared) -> dict[str, Any]:
    """For machines: a hidden number is null."""
    found: dict[str, dict[str, dict[str, int | None]]] = {}
    for by, value, change, number in compared.found.counts.rows():
        found.setdefault(by, {}).setdefault(value, {})[change] = number
    return {
        "run": compared.run_id,
        "as_of": str(compared.as_of),
        "families_as_of": str(compared.families_as_of),
        "ruleset": _described(compared.tried),
        "against": _described(compared.against),
        "changes": dict(CHANGES),
        "strands": found.pop(STRAND),
        "groups": found,
        "not_compared": list(compared.found.only_in_one),
        "notes": closing_notes(compared),
    }


def _described(ruleset: LoadedRuleset) -> dict[str, Any]:
    return {"id": ruleset.rules.id, "sha256": ruleset.sha256, "switches": dict(ruleset.switches)}
