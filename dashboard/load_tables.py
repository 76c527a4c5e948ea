"""The frames of the Loads page: counts, names of files and rules in words; nobody's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from dashboard import words
from families.load_job import Doing, Job
from families.loading import Register
from families.sources.layouts import Layout
from families.sources.receipts import Against, Receipt, Written
from families.sources.replaying import UnknownCode
from families.sources.taking_back import TakenBack
from families.tables.source_names import source_label

COUNTS = {"rows_in": "Rows", "accepted": "Accepted", "duplicate": "Duplicate", "superseded": "Superseded",
          "rejected": "Rejected"}  # fmt: skip


def register(found: Register, page: Sequence[Receipt]) -> pl.DataFrame:
    """A row a delivery, the newest first."""
    rows = [
        (
            words.short_date(each.received_on), source_label(each.source), words.plain(each.file),
            *(getattr(each, name) for name in COUNTS), found.waiting.get(each.delivery, 0),
            "waits for the next refresh" if each.delivery in found.not_yet_used else "in use", each.delivery,
        )
        for each in page
    ]  # fmt: skip
    names = ("Received", "Source", "File", *COUNTS.values(), "To correct", "Stands", "Delivery")
    numbers = (*COUNTS.values(), "To correct")
    return pl.DataFrame(rows, schema={name: pl.Int64 if name in numbers else pl.String for name in names}, orient="row")


def taken_back(gone: Sequence[TakenBack], names: Mapping[str, str]) -> pl.DataFrame:
    """Deliveries that count no more, and why."""
    rows = [
        (
            words.short_date(each.at.date()), source_label(each.receipt.source), words.plain(each.receipt.file),
            each.receipt.rows_in, words.plain(names.get(each.by, each.by)), words.plain(each.reason),
        )
        for each in gone
    ]  # fmt: skip
    columns = ("Taken back", "Source", "File", "Rows", "By", "Why")
    return pl.DataFrame(
        rows, schema={name: pl.Int64 if name == "Rows" else pl.String for name in columns}, orient="row"
    )


def under_way_in_words(job: Job) -> str:
    """What is done with a file just now, and how much there is to do."""
    if job.doing is Doing.CHECK or job.checked is None:
        return f"is being checked ({size_in_words(job.size or 0)})."
    rows, seconds = words.counted(job.checked.rows_in, "row"), words.counted(round(job.checked.seconds), "second")
    return f"is being loaded: {rows}, which took {seconds} to check."


def size_in_words(size: int) -> str:
    """The size of a file; a small one has one."""
    return f"{max(size / 1_000_000, 0.1):,.1f} MB"


def counts(receipt: Receipt, before: Receipt | None) -> pl.DataFrame:
    """What became of a file's rows, beside the delivery of the same source before it."""
    rows = [(label, getattr(receipt, name), before and getattr(before, name)) for name, label in COUNTS.items()]
    shown = pl.DataFrame(rows, schema={"Of the file": pl.String, "Rows": pl.Int64, "before": pl.Int64}, orient="row")
    change = [_change(now, earlier) for _, now, earlier in rows]
    return shown.drop("before").with_columns(pl.Series("Against the one before", change, pl.String))


MOST_NAMED = 20
ENCODINGS = {
    "utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16",
    "utf-32": "UTF-32", "cp1252": "Windows-1252",
}  # fmt: skip
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def written_in_words(written: Written) -> str:
    """How a file was found to be written."""
    if written.encoding is None or written.delimiter is None:
        return "It is a workbook."
    return f"Its text is {ENCODINGS[written.encoding]}, with {DELIMITERS[written.delimiter]} between values."


def dates(written: Written) -> pl.DataFrame:
    """The forms of dates under each heading, and whether they leave anything in doubt."""
    rows = [
        (words.plain(each.heading), "; or ".join(each.forms) or "in no form that is known",
         "in doubt" if each.is_doubtful else "settled")
        for each in written.dates
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=dict.fromkeys(("Heading", "Read as", "Order"), pl.String), orient="row")


def covers_in_words(receipt: Receipt) -> str:
    """The dates that a file covers."""
    if receipt.covers_from is None or receipt.covers_to is None:
        return "It does not say which dates it covers."
    if receipt.covers_from == receipt.covers_to:
        return f"It covers {words.long_date(receipt.covers_from)}."
    return f"It covers {words.long_date(receipt.covers_from)} to {words.long_date(receipt.covers_to)}."


def differences(against: Against) -> pl.DataFrame:
    """What a file has that the delivery before had not, and the other way."""
    rows = [(each.what, each.now, each.new, each.gone) for each in against.differences]
    kinds = {"Of the file": pl.String, "Different ones": pl.Int64, "New": pl.Int64, "Gone": pl.Int64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def missing_in_words(against: Against) -> str:
    """Schools that the delivery before had and this one has not."""
    if not against.schools_missing:
        return "No school of the delivery before is missing."
    number = words.counted(len(against.schools_missing), "school")
    first = against.schools_missing[:MOST_NAMED]
    more = len(against.schools_missing) - len(first)
    named = words.listed([*first, *([f"{more} more"] if more else [])])
    return f"Of the delivery before, {number} missing: {named}."


def _change(now: int, before: int | None) -> str:
    if before is None:
        return "none before"
    if before == 0:
        return "the same" if now == 0 else "0 before"
    percent = round(100 * (now - before) / before, 1)
    return "the same" if now == before else f"{percent:+g}%"


def rules(receipt: Receipt) -> pl.DataFrame:
    """Why rows were refused or are in doubt, by rule, in words."""
    refused = [("Refused", _in_words(receipt, rule), count) for rule, count in receipt.rejected_by_rule.items()]
    doubts = [("Taken, in doubt", _plain(rule), count) for rule, count in receipt.flags_by_rule.items()]
    names = {"What": pl.String, "Why": pl.String, "Rows": pl.Int64}
    return pl.DataFrame([*refused, *doubts], schema=names, orient="row")


def _in_words(receipt: Receipt, rule: str) -> str:
    return words.plain(receipt.reasons.get(rule, _plain(rule)))


def _plain(rule: str) -> str:
    return rule.replace("_", " ").capitalize()


def codes(found: Sequence[UnknownCode]) -> pl.DataFrame:
    """Codes that rows were refused for, the most rows first."""
    rows = [(words.plain(each.heading), words.plain(each.value), each.rows, words.plain(each.reason)) for each in found]
    kinds = {"Heading": pl.String, "Code": pl.String, "Rows": pl.Int64, "Why": pl.String}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def mapping(layout: Layout, kept: Mapping[str, Mapping[str, str]]) -> pl.DataFrame:
    """A row a column of a source, with what a mapping says of it."""
    return pl.DataFrame(
        {
            "Column": list(layout.columns),
            "Needed": ["needed" if name in layout.needed else "" for name in layout.columns],
            "Heading in the file": [kept.get("columns", {}).get(name, "") for name in layout.columns],
            "Date format": [kept.get("formats", {}).get(name, "") for name in layout.columns],
            "The same for all rows": [kept.get("constants", {}).get(name, "") for name in layout.columns],
        },
        schema=dict.fromkeys(("Column", "Needed", *FIELDS), pl.String),
    )


FIELDS = {"Heading in the file": "columns", "Date format": "formats", "The same for all rows": "constants"}


def mapped(
    source: str, layout: Layout, edits: Mapping[int, Mapping[str, str]], kept: Mapping[str, Mapping[str, str]]
) -> dict[str, object]:
    """A mapping as its table was filled in; only what is in the table's own rows and columns is taken."""
    names = list(layout.columns)
    made: dict[str, dict[str, str]] = {part: dict(kept.get(part, {})) for part in FIELDS.values()}
    for row, values in edits.items():
        for heading, value in values.items():
            if heading in FIELDS and 0 <= int(row) < len(names):
                made[FIELDS[heading]][names[int(row)]] = str(value or "").strip()
    filled = {part: {name: value for name, value in told.items() if value} for part, told in made.items()}
    return {"source": source, **filled, "codes": kept.get("codes", {})}
