"""A finding in a sentence: the one place where page, command, export and test get their words from."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping

import polars as pl

from families import dates
from families.criteria.ruleset import Criterion, Ruleset
from families.tables.source_names import source_label

OUTCOMES = {"met": "met", "not_met": "not met", "unknown": "not known"}


def explained(
    findings: pl.DataFrame, *, rules: Ruleset, people: pl.DataFrame, as_of: dt.date, file_names: Mapping[str, str]
) -> pl.DataFrame:
    """Findings with `label` and `sentence`, for the few families that are looked at.

    `people` gives person_id, forename, date_of_birth; `file_names` the name of each delivery.
    """
    criteria = rules.criteria()
    named = findings.join(
        people.select("person_id", "forename", "date_of_birth"), on="person_id", how="left", maintain_order="left"
    )
    sentences = [
        sentence(row, criterion=criteria[row["criterion"]], rules=rules, as_of=as_of, file_names=file_names)
        for row in named.iter_rows(named=True)
    ]
    labels = pl.col("criterion").replace_strict({c.id: c.label for c in rules.criterion}, return_dtype=pl.String)
    return findings.with_columns(labels.alias("label"), pl.Series("sentence", sentences, dtype=pl.String))


def sentence(
    finding: Mapping[str, object],
    *,
    criterion: Criterion,
    rules: Ruleset,
    as_of: dt.date,
    file_names: Mapping[str, str],
) -> str:
    """One finding in words: strand and outcome, who, what against which bound, when, from which rows, by which rule."""
    strand = rules.strand_labels[criterion.strand]
    outcome = OUTCOMES[str(finding["outcome"])]
    who = _who(finding, as_of=as_of)
    body = _unknown(finding, criterion, who) if outcome == "not known" else _known(finding, criterion, who)
    parts = [
        f"{strand}: {outcome}.",
        body,
        _from(finding, file_names),
        f"{rules.framework}, grade {criterion.confidence}.",
    ]
    return " ".join(part for part in parts if part)


def day(value: dt.date) -> str:
    """A date as people write it: 20 July 2012."""
    return f"{value.day} {value:%B %Y}"


def _who(finding: Mapping[str, object], *, as_of: dt.date) -> str:
    if finding.get("person_id", "") is None:
        return "The family"
    name = str(finding.get("forename") or "This person")
    born = finding.get("date_of_birth")
    return f"{name}, {dates.age_on(born, as_of)}," if isinstance(born, dt.date) else name


def _known(finding: Mapping[str, object], criterion: Criterion, who: str) -> str:
    value, out_of = _number(finding["value"]), _number(finding["out_of"])
    if criterion.measure == "status":
        what = criterion.what if finding["outcome"] == "met" else criterion.what_not
        newest = finding["newest_on"]
        when = f"by the data of {day(newest)}" if criterion.snapshot and isinstance(newest, dt.date) else ""
        return f"{who} {what} {when or _span(finding, criterion)}."
    if criterion.measure == "share":
        if not out_of:
            return f"{who} had no possible sessions {_span(finding, criterion)}."
        share = f"{_tenths(value, out_of)}%; {criterion.bound.at_least_percent}% or more needed"
        return f"{who} had {value} of {out_of} {criterion.what} ({share}) {_span(finding, criterion)}."
    what = criterion.what.removesuffix("s") if value == 1 else criterion.what
    return f"{who} had {value or 'no'} {what} ({criterion.bound.words} needed) {_span(finding, criterion)}."


def _tenths(value: int, out_of: int) -> str:
    """A share in per cent to one decimal, cut and not rounded, so that 14.99 never reads as 15.0."""
    tenths = value * 100 * 10 // out_of
    return f"{tenths // 10}.{tenths % 10}"


def _unknown(finding: Mapping[str, object], criterion: Criterion, who: str) -> str:
    value, out_of = _number(finding["value"]), _number(finding["out_of"])
    so_far = ""
    if criterion.measure == "share" and out_of:
        so_far = f" {value} of {out_of} {criterion.what} are delivered so far."
    elif criterion.measure == "count" and value:
        so_far = f" {value} known so far, {criterion.bound.words} needed."
    return f"{who} {criterion.label[0].lower()}{criterion.label[1:]}?{so_far} {_capital(str(finding['detail'] or ''))}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _span(finding: Mapping[str, object], criterion: Criterion) -> str:
    if criterion.window.current:
        return f"on {_until(finding)}"
    if criterion.window.terms is not None:
        return f"in the {_count_word(criterion.window.terms)} terms to {_until(finding)}"
    return f"in the {criterion.window.months} months to {_until(finding)}"


def _count_word(number: int) -> str:
    return {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}.get(number, str(number))


def _until(finding: Mapping[str, object]) -> str:
    end = finding["window_to"]
    return day(end) if isinstance(end, dt.date) else ""


def _number(value: object) -> int:
    return int(str(value)) if value is not None else 0


def _from(finding: Mapping[str, object], file_names: Mapping[str, str]) -> str:
    """The files and rows, a few of each: `Session marks, marks_2012-13_autumn.csv rows 14, 61.`."""
    if not finding.get("evidence"):
        return ""
    rows = evidence_rows(str(finding["evidence"]))
    places: dict[str, list[int]] = {}
    for source, delivery, row in rows:
        file = file_names.get(delivery, delivery)
        places.setdefault(f"{source_label(source)}, {file}", []).append(row)
    return " ".join(f"{place} {_rows(numbers)}." for place, numbers in places.items())


def evidence_rows(evidence: str) -> list[tuple[str, str, int]]:
    """The rows of a finding's evidence: (source, delivery, row)."""
    return [(str(source), str(delivery), int(row)) for source, delivery, row in json.loads(evidence)]


def _rows(numbers: list[int]) -> str:
    shown = ", ".join(map(str, sorted(numbers)[:6]))
    more = f" and {len(numbers) - 6} more" if len(numbers) > 6 else ""
    return f"row{'s' if len(numbers) > 1 else ''} {shown}{more}"
