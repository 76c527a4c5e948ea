"""What a refresh need not do again: which deliveries a step reads, and which addresses were looked up before.

Reused is only what is provably the same as done afresh. Linking weighs how common names are among all records, and so
is done whole whenever a record of a person came, changed or went.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import polars as pl

from families.home import Run
from families.linkage.seen_addresses import seen_addresses
from families.sources.store import COMPLETED, Receipt, read_records


def holding(delivered: Iterable[Receipt], tables: Iterable[str]) -> list[str]:
    """The deliveries, in the order given, that hold rows of some of these tables, or complete their school numbers."""
    wanted = set(tables)
    if wanted & set(COMPLETED):
        wanted.add("schools")
    return [receipt.delivery for receipt in delivered if wanted & receipt.tables.keys()]


def deliveries_still_there(published: Run | None, delivered: Sequence[Receipt], *, code: str) -> set[str] | None:
    """The deliveries of the published run, where all of them are still here and it was made by this very software."""
    if published is None or published.manifest["code"] != code:
        return None
    used = {item["delivery"] for item in published.manifest["inputs"]}
    return used if used <= {receipt.delivery for receipt in delivered} else None


def addresses_seen(
    home_path: Path,
    published: Run | None,
    delivered: Sequence[Receipt],
    *,
    code: str,
    stated: Callable[..., pl.DataFrame],
) -> pl.DataFrame | None:
    """What the published run found each address to name, where its gazetteer is the one that is loaded now.

    `stated` gathers the addresses that the records it is given state.
    """
    used = deliveries_still_there(published, delivered, code=code)
    gazetteer = set(holding(delivered, ["properties"]))
    if published is None or used is None or not gazetteer or not gazetteer <= used:
        return None
    read = read_records(home_path, tables=["persons", "benefit_checks"], deliveries=used)
    return seen_addresses(stated(**read), published.table("address_of_record"))
