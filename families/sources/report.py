"""Prints receipts as a table: rows in, accepted, duplicate, superseded, rejected by reason."""

from __future__ import annotations

from collections.abc import Iterable

from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from families.sources.receipts import Receipt

COUNTS = ("rows_in", "accepted", "duplicate", "superseded", "rejected")


def receipts_table(receipts: Iterable[Receipt], *, title: str = "Loaded") -> Table:
    """A table of receipts with a total, fit for 80 columns; no personal value is in it."""
    listed = sorted(receipts, key=lambda receipt: (receipt.source, receipt.file))
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0), collapse_padding=True)
    table.add_column("source, file; why rows were rejected or doubted", overflow="fold", ratio=1)
    for name in COUNTS:
        table.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for receipt in listed:
        told = reasons(receipt)
        label = f"{receipt.source} {receipt.file}" + (f"\n  {told}" if told else "")
        table.add_row(escape(label), *(f"{getattr(receipt, name):,}" for name in COUNTS))
    table.add_section()
    totals = [f"{sum(getattr(receipt, name) for receipt in listed):,}" for name in COUNTS]
    table.add_row(f"{len(listed)} {'delivery' if len(listed) == 1 else 'deliveries'}", *totals)
    return table


def reasons(receipt: Receipt) -> str:
    """Why rows were rejected and what is doubtful, with counts; tables that were not read."""
    rejected = [f"{rule} {count:,}" for rule, count in receipt.rejected_by_rule.items()]
    doubts = [f"{rule} {count:,}" for rule, count in receipt.flags_by_rule.items()]
    told = [", ".join(rejected), f"doubts: {', '.join(doubts)}" if doubts else ""]
    doubtful = [each.heading for each in receipt.written.dates if each.is_doubtful] if receipt.written else []
    if doubtful:
        told.append(f"read day first, though nothing settles it: {', '.join(doubtful)}")
    if receipt.not_read:
        told.append(f"{len(receipt.not_read)} tables not read")
    return "; ".join(part for part in told if part)
