"""Two runs on disk side by side: what differs in what they were made from, and what became of each family."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import polars as pl

from families.criteria.changes import CHANGED, DROPPED, NEW, UNCHANGED, Compared, changes
from families.errors import Refused
from families.explaining import rules_of
from families.home import Home, Run

ORDER = (NEW, DROPPED, CHANGED, UNCHANGED)


@dataclass(frozen=True)
class Difference:
    """The families of two runs with their changes, and the runs themselves."""

    before: Run
    after: Run
    families: pl.DataFrame


def runs_asked(home: Home, names: list[str]) -> tuple[Run, Run]:
    """The runs of these ids; of one, that against the published one; of none, the newest two. Earlier first.

    Raises Refused where there is no such run, or there are not two.
    """
    whole = home.whole_runs()
    by_id = {run.run_id: run for run in whole}
    if wrong := [name for name in names if name not in by_id]:
        raise Refused(f"There is no run {wrong[0]}; there is {', '.join(by_id) or 'none'}.")
    if len(names) == 1:
        return by_id[names[0]], home.require_current()
    asked = [by_id[name] for name in names] or whole[-2:]
    if len(asked) < 2:
        raise Refused("There are not two runs to compare: refresh again with other files, another date or other rules.")
    return asked[0], asked[1]


def difference(before: Run, after: Run) -> Difference:
    """Every family of either run with what became of it."""
    return Difference(before, after, changes(_compared(before), _compared(after)))


def _compared(run: Run) -> Compared:
    manifest = run.manifest
    return Compared(
        assessments=run.table("assessments"),
        findings=run.table("findings"),
        family_members=run.table("family_members"),
        person_of_record=run.table("person_of_record"),
        files={item["delivery"]: item["file"] for item in manifest["inputs"]},
        as_of=dt.date.fromisoformat(manifest["as_of"]),
        ruleset=manifest["ruleset"]["id"],
        rules_sha256=manifest["ruleset"]["sha256"],
        code=manifest["code"],
        switches=manifest["ruleset"]["switches"],
        strand_labels=rules_of(run).strand_labels,
    )


def counts(found: Difference) -> dict[str, dict[str, int]]:
    """Families by change, and of each change by reason."""
    told: dict[str, dict[str, int]] = {change: {} for change in ORDER}
    tally = found.families.group_by("change", "reason").len().sort("len", "reason", descending=[True, False])
    for change, reason, number in tally.rows():
        told[change][reason or ""] = number
    return told


def lines(found: Difference, *, counts_only: bool) -> list[str]:
    """Counts first, then what the runs were made from, then a sentence for each family that is not as it was."""
    told = [f"{found.before.run_id} and then {found.after.run_id}.", ""]
    for change, by_reason in counts(found).items():
        why = "; ".join(f"{reason}: {number:,}" for reason, number in by_reason.items() if reason)
        told.append(f"{change.capitalize()}: {sum(by_reason.values()):,}{f' ({why})' if why else ''}")
    told += ["", *_made_from(found)]
    if counts_only:
        return told
    place = pl.col("change").replace_strict({change: n for n, change in enumerate(ORDER)}, return_dtype=pl.Int64)
    sentences = found.families.drop_nulls("sentence").sort(place, "family_id")["sentence"].to_list()
    return [*told, *([""] if sentences else []), *sentences]


def _made_from(found: Difference) -> list[str]:
    was, now = found.before.manifest, found.after.manifest
    files = [{item["delivery"]: item["file"] for item in manifest["inputs"]} for manifest in (was, now)]
    added, taken = (sorted(a[each] for each in a.keys() - b.keys()) for a, b in (files[::-1], files))
    pairs = [
        ("As-of date", was["as_of"], now["as_of"]),
        ("Ruleset", was["ruleset"]["id"], now["ruleset"]["id"]),
        ("Rules' hash", was["ruleset"]["sha256"][:12], now["ruleset"]["sha256"][:12]),
        ("Code", was["code"], now["code"]),
    ]
    return [
        *(f"Delivered since: {name}" for name in added),
        *(f"Taken back: {name}" for name in taken),
        *(f"{what}: {one}, then {other}" for what, one, other in pairs if one != other),
    ] or ["Made from the same files, rules, date and code."]


def as_json(found: Difference) -> dict[str, Any]:
    """For machines: unchanged families are counted, and not listed."""
    listed = found.families.filter(pl.col("change") != UNCHANGED)
    return {
        "before": found.before.run_id,
        "after": found.after.run_id,
        "counts": counts(found),
        "made_from": _made_from(found),
        "families": listed.to_dicts(),
    }
