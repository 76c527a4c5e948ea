"""Prints receipts as a table: rows in, accepted, duplicate, superseded, rejected by reason."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from families.sources.receipts import Receipt

COUNTS = ("rows_in", "accepted", "duplicate", "superseded", "rejected")


def receipts_table(receipts: Iterable[Receipt], *, title: str = "Loaded") -> Table:
    """A table of receipts with a total; no personal value is in it."""
    listed = sorted(receipts, key=lambda receipt: (receipt.source, receipt.file))
    table = Table(title=title)
    for heading in ("delivery", "source", "file"):
        table.add_column(heading, overflow="fold")
    for heading in ("rows in", "accepted", "duplicate", "superseded", "rejected"):
        table.add_column(heading, justify="right")
    table.add_column("rejected because; doubts", overflow="fold")
    for receipt in listed:
        counts = [f"{getattr(receipt, name):,}" for name in COUNTS]
        table.add_row(receipt.delivery[:8], receipt.source, receipt.file, *counts, reasons(receipt))
    totals = [f"{sum(getattr(receipt, name) for receipt in listed):,}" for name in COUNTS]
    table.add_section()
    table.add_row("", "", f"{len(listed)} deliveries", *totals, "")
    return table


def reasons(receipt: Receipt) -> str:
    """Why rows were rejected and what is doubtful, with counts; tables that were not read."""
    rejected = [f"{rule} {count:,}" for rule, count in receipt.rejected_by_rule.items()]
    doubts = [f"{rule} {count:,}" for rule, count in receipt.flags_by_rule.items()]
    told = [", ".join(rejected), f"doubts: {', '.join(doubts)}" if doubts else ""]
    if receipt.not_read:
        told.append(f"{len(receipt.not_read)} tables not read")
    return "; ".join(part for part in told if part)
