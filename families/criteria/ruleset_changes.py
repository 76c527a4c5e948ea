"""What differs between two rulesets, in words and by part: made from the two values, so that no change is missed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from families.criteria.plain_english import criterion_in_words
from families.criteria.ruleset import Asked, Ruleset
from families.criteria.ruleset_in_words import (
    casework_conditions,
    claim_windows,
    family_in_words,
    grade_in_words,
    money_by_year,
    money_in_words,
    parameters,
    result_in_words,
    result_routes,
    routes,
    strand_in_words,
)

COLUMNS = ("Part", "Which", "Change", "Before", "After")
Row = tuple[str, str, str, str, str]
Facts = Mapping[str, str]


def changes(before: Ruleset, after: Ruleset) -> pl.DataFrame:
    """A row for everything added, removed or changed: its part, which one, and how it was and is."""
    labels = {**after.strand_labels, **before.strand_labels}  # so that a new name is told once, of the strand
    parts: dict[str, tuple[Mapping[str, Facts], Mapping[str, Facts]]] = {
        "Problem or need": (_strands(before), _strands(after)),
        "Criterion": (_questions(before.criterion, labels), _questions(after.criterion, labels)),
        "Review": (_questions(before.review, labels), _questions(after.review, labels)),
        "Condition of a result": (_questions(before.condition, labels), _questions(after.condition, labels)),
        "Condition of the casework": (_table(casework_conditions(before)), _table(casework_conditions(after))),
        "Route to eligibility": (_table(routes(before)), _table(routes(after))),
        "Route to a result": (_table(result_routes(before)), _table(result_routes(after))),
        "Money": (_table(money_by_year(before)), _table(money_by_year(after))),
        "Claim window": (_table(claim_windows(before)), _table(claim_windows(after))),
        "Whole ruleset": (_texts(before), _texts(after)),
    }
    rows = [row for part, (old, new) in parts.items() for row in _compared(part, old, new)]
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def _strands(rules: Ruleset) -> dict[str, Facts]:
    return {
        strand.id: {"": strand.label, "Name": strand.label, "Said of it": " ".join(strand_in_words(rules, strand.id))}
        for strand in rules.strand
    }


def _questions(asked: Iterable[Asked], labels: Facts) -> dict[str, Facts]:
    return {each.id: _question(each, labels) for each in asked}


def _question(asked: Asked, labels: Facts) -> Facts:
    strand = getattr(asked, "strand", None)
    return {
        "": criterion_in_words(asked),
        "Name": asked.label,
        **parameters(asked),
        "What is said": "; ".join(text for text in (asked.what, asked.what_not) if text),
        "Problem or need": labels.get(strand, "") if strand else "",
        "Grade": grade_in_words(asked.confidence),
    }


def _table(frame: pl.DataFrame) -> dict[str, Facts]:
    """The rows of a table by their first cell; sources are left out, since they change nothing that is tested."""
    shown = frame.drop("Source")
    return {row[shown.columns[0]]: {"": _whole(row), **row} for row in shown.iter_rows(named=True)}


def _whole(row: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in row.items() if value)


def _texts(rules: Ruleset) -> dict[str, Facts]:
    said = {
        "Family": " ".join(family_in_words(rules)),
        "Results": " ".join(result_in_words(rules)),
        "Payment": " ".join(money_in_words(rules)),
    }
    return {name: {"": text, "In words": text} for name, text in said.items()}


def _compared(part: str, old: Mapping[str, Facts], new: Mapping[str, Facts]) -> Iterator[Row]:
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            yield part, _name(old[name], name), "Removed", old[name][""], ""
        elif name not in old:
            yield part, _name(new[name], name), "Added", "", new[name][""]
        else:
            yield from _changed(part, name, old[name], new[name])


def _changed(part: str, name: str, old: Facts, new: Facts) -> Iterator[Row]:
    for fact in [*old, *(fact for fact in new if fact not in old)]:
        before, after = old.get(fact, ""), new.get(fact, "")
        if fact and before != after:
            yield part, _name(new, name), f"Changed: {fact.lower()}", before, after


def _name(facts: Facts, name: str) -> str:
    return facts.get("Name", name)
