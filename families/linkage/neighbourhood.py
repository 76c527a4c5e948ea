"""The same adult at two addresses of one neighbourhood, told by a name that few there can have.

Addresses are matched wrongly, and people move nearby. Two adults of one name in one postcode sector are taken for one
where no source lists both, and where so few of the name live in the authority that another in the sector is unlikely.
"""

from __future__ import annotations

import polars as pl

from families.linkage.reasons import LinkReason
from families.linkage.settle import Linked
from families.linkage.tiers import links_between

UNLIKELY = 0.15  # namesakes expected in a sector by chance: two addresses in ten then are one person's in nine cases
SECTOR = r"^[A-Z0-9]+ [0-9]"


def neighbourhood_links(records: pl.DataFrame, linked: Linked) -> pl.DataFrame:
    """Links between the only two adults of one name in one postcode sector, as above."""
    named = _named(records, linked)
    people = named["c"].n_unique()
    two = named.filter(pl.col("c").n_unique().over("forename", "surname", "sector") == 2)
    pairs = two.join(two, on=["forename", "surname", "sector"], suffix="_b").filter(pl.col("c") < pl.col("c_b"))
    apart = pairs["sources"].list.set_intersection(pairs["sources_b"]).list.len() == 0
    expected = (pl.col("namesakes") - 1) * pl.col("neighbours") / max(people, 1)
    chosen = pairs.filter(apart & (expected <= UNLIKELY))
    return links_between(chosen, LinkReason.NAME_AND_NEIGHBOURHOOD)


def _named(records: pl.DataFrame, linked: Linked) -> pl.DataFrame:
    """Each name of each adult in each sector, the sources that know the adult, and how many share name and sector."""
    held = records.select("r", "source", "forename", "surname", "postcode", "is_child")
    held = held.join(linked.clusters, on="r").filter(~pl.col("is_child").any().over("c"))
    held = held.filter(pl.col("forename").str.len_chars() > 1, pl.col("surname").is_not_null())
    held = held.with_columns(sector=pl.col("postcode").str.extract(f"({SECTOR})"))
    sources = held.group_by("c").agg(sources=pl.col("source").unique())
    named = held.group_by("c", "forename", "surname", "sector").agg(pl.col("r").min())
    counted = named.with_columns(
        namesakes=pl.col("c").n_unique().over("forename", "surname"), neighbours=pl.col("c").n_unique().over("sector")
    )
    return counted.drop_nulls("sector").join(sources, on="c").sort("c", "r")
