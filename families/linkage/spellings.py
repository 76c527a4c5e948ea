"""The same adult twice in one home, under names that are spelt alike: `Micah` and `Michhael`, `Gaz` and `Gareth`.

Father and son have like names too, so two are only taken for one where no source lists both of them at the home, and
nobody else there has a name as like. The forename may be a misspelt form of the other; the surname a spelling of it.
"""

from __future__ import annotations

import polars as pl

from families.linkage import names
from families.linkage.likeness import likeness
from families.linkage.reasons import LinkReason
from families.linkage.settle import Linked
from families.linkage.tiers import links_between

ALIKE = 0.8  # Jaro-Winkler of two forenames, or of one and a form of the other
SURNAME_ALIKE = 0.88
RIVAL = 0.6  # likeness from which another adult of the home is a rival
_PAIR = ["forename", "forename_b"]


def spelling_links(records: pl.DataFrame, linked: Linked, crowded: pl.Series) -> pl.DataFrame:
    """Links between adults of one home whose names are spelt alike, as above."""
    pairs = _alike(_at_home(records, linked, crowded))
    one, other = pl.len().over("c", "address_id") == 1, pl.len().over("c_b", "address_id") == 1
    chosen = pairs.filter(one & other & (pl.col("alike") >= ALIKE))
    return links_between(chosen, LinkReason.SPELLING_AND_ADDRESS)


def _at_home(records: pl.DataFrame, linked: Linked, crowded: pl.Series) -> pl.DataFrame:
    """Each name that an adult goes by at each home, with the sources that know the adult there."""
    held = records.select("r", "source", "forename", "surname", "address_id", "is_child")
    held = held.join(linked.clusters, on="r").filter(~pl.col("is_child").any().over("c"))
    placed = held.filter(
        pl.col("address_id").is_not_null() & ~pl.col("address_id").is_in(crowded.implode()),
        pl.col("forename").str.len_chars() > 1,
        pl.col("surname").is_not_null(),
    )
    known = placed.group_by("c", "address_id").agg(sources=pl.col("source").unique())
    named = placed.group_by("c", "address_id", "forename", "surname").agg(pl.col("r").min())
    return named.join(known, on=["c", "address_id"]).sort("c", "address_id", "r")


def _alike(named: pl.DataFrame) -> pl.DataFrame:
    """Pairs of adults of one home that no source lists both of, with how alike their forenames are; surnames agree."""
    pairs = named.join(named, on="address_id", suffix="_b").filter(pl.col("c") < pl.col("c_b"))
    pairs = pairs.filter(pl.col("sources").list.set_intersection("sources_b").list.len() == 0)
    pairs = likeness(pairs, "surname", "surname_b", name="sur").filter(pl.col("sur") >= SURNAME_ALIKE)
    pairs = likeness(pairs, *_PAIR, name="fore").join(_of_forms(pairs.select(_PAIR).unique()), on=_PAIR, how="left")
    pairs = pairs.with_columns(alike=pl.max_horizontal("fore", "form")).filter(pl.col("alike") >= RIVAL)
    ordered = pairs.sort("alike", "r", "r_b", descending=[True, False, False])
    return ordered.unique(["c", "c_b", "address_id"], keep="first", maintain_order=True)


def _of_forms(pairs: pl.DataFrame) -> pl.DataFrame:
    """How alike each pair's one forename is to the likest other form of its other."""
    measured = []
    for stated, other in (_PAIR, _PAIR[::-1]):
        forms = names.nicknames().rename({"forename": stated})
        near = likeness(pairs.join(forms, on=stated), "variant", other, name="form")
        measured.append(near.select(*_PAIR, "form"))
    return pl.concat(measured).group_by(_PAIR).agg(pl.col("form").max())
