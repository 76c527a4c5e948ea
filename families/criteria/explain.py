"""A finding in a sentence: the one place where page, command, export and test get their words from."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping

import polars as pl

from families import dates
from families.criteria.ruleset import Asked, Ruleset
from families.tables.source_names import source_label

OUTCOMES = {"met": "met", "not_met": "not met", "unknown": "not known"}


def explained(
    findings: pl.DataFrame, *, rules: Ruleset, people: pl.DataFrame, as_of: dt.date, file_names: Mapping[str, str]
) -> pl.DataFrame:
    """Findings with `label` and `sentence`, for the few families that are looked at.

    `people` gives person_id, forename, date_of_birth; `file_names` the name of each delivery.
    """
    asked = rules.asked()
    named = findings.join(
        people.select("person_id", "forename", "date_of_birth"), on="person_id", how="left", maintain_order="left"
    )
    sentences = [
        sentence(row, asked=asked[row["criterion"]], rules=rules, as_of=as_of, file_names=file_names)
        for row in named.iter_rows(named=True)
    ]
    labels = pl.col("criterion").replace_strict(
        {each.id: each.label for each in asked.values()}, return_dtype=pl.String
    )
    return findings.with_columns(labels.alias("label"), pl.Series("sentence", sentences, dtype=pl.String))


def sentence(
    finding: Mapping[str, object],
    *,
    asked: Asked,
    rules: Ruleset,
    as_of: dt.date,
    file_names: Mapping[str, str],
) -> str:
    """One finding in words: strand and outcome, who, what against which bound, when, from which rows, by which rule."""
    outcome = OUTCOMES[str(finding["outcome"])]
    who = _who(finding, as_of=as_of)
    body = _unknown(finding, asked, who) if outcome == "not known" else _known(finding, asked, who)
    parts = [
        f"{_heading(finding, rules)}: {outcome}.",
        body,
        _from(finding, file_names),
        f"{asked.source if asked.id in rules.local else rules.framework}, grade {asked.confidence}.",
    ]
    return " ".join(part for part in parts if part)


def _heading(finding: Mapping[str, object], rules: Ruleset) -> str:
    strand = str(finding["strand"])
    return rules.strand_labels.get(strand, {"review": "To look at", "result": "Result"}.get(strand, strand))


def day(value: dt.date) -> str:
    """A date as people write it: 20 July 2012."""
    return f"{value.day} {value:%B %Y}"


def _who(finding: Mapping[str, object], *, as_of: dt.date) -> str:
    if finding.get("person_id", "") is None:
        return "The family"
    name = str(finding.get("forename") or "This person")
    born = finding.get("date_of_birth")
    return f"{name}, {dates.age_on(born, as_of)}," if isinstance(born, dt.date) else name


def _known(finding: Mapping[str, object], asked: Asked, who: str) -> str:
    value, out_of, bound = _number(finding["value"]), _number(finding["out_of"]), finding["bound"]
    span = _span(finding, asked)
    match asked.measure:
        case "status":
            what = asked.what if value else asked.what_not
            newest = finding["newest_on"]
            when = f"by the data of {day(newest)}" if asked.snapshot and isinstance(newest, dt.date) else ""
            return f"{who} {what} {when or span}."
        case "share" if not out_of:
            return f"{who} had no possible sessions {span}."
        case "share":
            return f"{who} had {value} of {out_of} {asked.what} ({_tenths(value, out_of)}%; {bound} needed) {span}."
        case "reduction":
            things = counted_thing(asked.what, value)
            return f"{who} had {value or 'no'} {things} {span}, {out_of} before ({bound} needed)."
        case _:
            return f"{who} had {value or 'no'} {counted_thing(asked.what, value)} ({bound} needed) {span}."


def counted_thing(what: str, number: int) -> str:
    """`fixed-term exclusions`, and one `fixed-term exclusion`: the first plural word is the thing counted."""
    if number != 1:
        return what
    first, *rest = what.split(" of ")
    words = first.split(" ")
    place = next((i for i, word in enumerate(words) if word.endswith("s")), None)
    if place is not None:
        words[place] = words[place].removesuffix("s")
    return " of ".join([" ".join(words), *rest])


def _tenths(value: int, out_of: int) -> str:
    """A share in per cent to one decimal, cut and not rounded, so that 14.99 never reads as 15.0."""
    tenths = value * 100 * 10 // out_of
    return f"{tenths // 10}.{tenths % 10}"


def _unknown(finding: Mapping[str, object], asked: Asked, who: str) -> str:
    value, out_of = _number(finding["value"]), _number(finding["out_of"])
    so_far = ""
    if asked.measure == "share" and out_of:
        so_far = f" {value} of {out_of} {asked.what} are delivered so far."
    elif asked.measure in ("count", "total", "duration") and value:
        so_far = f" {value} known so far, {finding['bound']} needed."
    question = f"{who} {asked.label[0].lower()}{asked.label[1:]}?"
    return f"{question}{so_far} {_capital(str(finding['detail'] or ''))}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _span(finding: Mapping[str, object], asked: Asked) -> str:
    window, until = asked.window, _until(finding)
    if window.current:
        return f"on {until}"
    if window.ever:
        return f"at any time to {until}"
    if window.terms is not None:
        return f"in the {_count_word(window.terms)} terms to {until}"
    if window.academic_years is not None:
        return f"in the {_count_word(window.academic_years)} school years to {until}"
    if window.months_ahead is not None:
        return f"in the {window.months_ahead} months to {until}"
    if window.weeks is not None:
        return f"in the {window.weeks} weeks to {until}"
    return f"in the {window.months} months to {until}"


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
