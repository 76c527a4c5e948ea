"""What became of every way an address was written in an earlier run, so that only new ones are looked up again.

Which property of one gazetteer a text names depends on nothing but the text, so the answer of before is the answer of
today. Addresses that no gazetteer has are gathered by likeness among all of them, and so are gathered anew each time.
"""

from __future__ import annotations

import polars as pl

from families.linkage.address_parts import TEXTS
from families.linkage.addresses import KEYS, AddressReason, as_written

PROPERTY = "U"  # what the id of an address of the gazetteer begins with


def seen_addresses(stated: pl.DataFrame, address_of_record: pl.DataFrame) -> pl.DataFrame:
    """Each text once, with the property it was found to name, or none: TEXTS, address_id, reason, weight."""
    by_text = pl.col("address_id").str.starts_with(PROPERTY) & (pl.col("reason") != AddressReason.SURNAME.value)
    found = address_of_record.filter(by_text).select(*KEYS, "address_id", "reason", "weight")
    both = as_written(stated).join(found, on=KEYS, how="left")
    return both.drop(KEYS).sort("address_id", nulls_last=True).unique(TEXTS, keep="first", maintain_order=True)
