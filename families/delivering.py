"""Deliveries at the command line: which there are, taking one back, and correcting the rows that were refused."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from families.casebook.views import Reader
from families.errors import Refused
from families.home import Home
from families.settings import Settings
from families.staffing import operator

if TYPE_CHECKING:  # the other commands need not wait for the database's modules
    from sqlalchemy import Engine

PURPOSE = "look after deliveries"
out = Console(soft_wrap=True)
DELIVERY = typer.Argument(help="The delivery's id, as `families deliveries` lists it.")


def _at() -> tuple[Home, Engine, Reader]:
    """The home, the casebook, and whoever runs the command."""
    from families.casebook.database import open_casebook
    from families.casebook.migrations import migrate

    settings, who = Settings(), operator()
    engine = open_casebook(settings.database_url)
    migrate(engine)
    return Home(settings.home), engine, Reader(who.staff_id, who.role, PURPOSE)


def deliveries() -> None:
    """List deliveries: what arrived, what was refused, what was taken back."""
    from families.loading import register

    home, _, by = _at()
    found = register(home, by)
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0), collapse_padding=True)
    for name in ("delivery", "source, file", "received", "rows", "rejected", "wait"):
        table.add_column(name, overflow="fold", justify="left" if name in ("delivery", "source, file") else "right")
    for each in found.deliveries:
        counts = (each.rows_in, each.rejected, found.waiting.get(each.delivery, 0))
        what = escape(f"{each.source} {each.file}")
        table.add_row(each.delivery, what, f"{each.received_on:%d/%m/%Y}", *(f"{count:,}" for count in counts))
    out.print(table)
    for gone in found.taken_back:
        told = f"{gone.receipt.delivery} {gone.receipt.file}: taken back {gone.at:%d/%m/%Y} by {gone.by}: {gone.reason}"
        out.print(told, markup=False, highlight=False)


def unload(
    delivery: Annotated[str, DELIVERY],
    reason: Annotated[str, typer.Option(help="Why: it stays in the record.")] = "",
) -> None:
    """Take a delivery back: the next refresh is as if it had never come; the record keeps it."""
    from families.loading import consequences, take_back

    home, engine, by = _at()
    follows = consequences(home, engine, by, delivery)
    gone = take_back(home, engine, by, delivery, reason=reason, at=dt.datetime.now(dt.UTC))
    for each in reversed(gone):
        out.print(f"{each.receipt.file} is taken back.", markup=False, highlight=False)
    if follows.is_used:
        out.print(
            f"The published run still uses it, in {follows.cited.findings:,} findings of {follows.cited.families:,} "
            "families: run `families refresh`.",
            highlight=False,
        )


def rejects(
    delivery: Annotated[str, DELIVERY],
    to: Annotated[Path, typer.Option(help="The CSV to write. It holds personal data.")],
) -> None:
    """Write the rejected rows out in the source's own layout, each with the reason, to be corrected by hand."""
    from families.loading import rejects_file

    if to.exists():
        raise Refused(f"{to.name} is there already: name a new file, so that nothing of yours is overwritten.")
    home, engine, by = _at()
    content = rejects_file(home, engine, by, delivery)
    to.touch(mode=0o600)
    to.write_bytes(content)
    out.print(f"The rejected rows are in {to.name}; they hold personal data.", markup=False, highlight=False)


def replay(
    delivery: Annotated[str, DELIVERY],
    rejects: Annotated[Path, typer.Option(help="The corrected rows, as `families rejects` wrote them out.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report; write nothing.")] = False,
) -> None:
    """Load corrected rows in place of those that were rejected, by the same rules."""
    from families.loading import replay_rejects
    from families.sources.report import receipts_table

    try:
        content = rejects.read_bytes()
    except OSError as error:
        raise Refused(f"{rejects.name} cannot be read: {error.strerror or 'unknown fault'}.") from None
    home, engine, by = _at()
    receipt = replay_rejects(home, engine, by, delivery, content, on=dt.date.today(), dry_run=dry_run)
    out.print(receipts_table([receipt], title="Would be loaded" if dry_run else "Loaded"))
    if receipt.rejected:
        sys.exit(2)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the `families` command."""
    app.command(epilog="Example: families deliveries")(deliveries)
    app.command(epilog='Example: families unload 3f2a9c41d07be852 --reason "the wrong month"')(unload)
    app.command(epilog="Example: families rejects 3f2a9c41d07be852 --to to_correct.csv")(rejects)
    app.command(epilog="Example: families replay 3f2a9c41d07be852 --rejects corrected.csv")(replay)
