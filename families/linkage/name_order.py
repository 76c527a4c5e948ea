"""Forename and surname the other way round, put right where the records themselves leave no doubt.

`Collins, Kate` on a bill is turned where Kate is a forename beside many surnames and hardly a surname, and Collins a
surname beside many forenames and hardly a forename, counted over all records. `Taylor, James` may be either and stays.
"""

from __future__ import annotations

import polars as pl

from families.linkage import names

CLEARLY = 200.0  # times likelier the other way round, by how many names each of the two stands beside
_STATED = ["forename", "surname"]


def in_usual_order(persons: pl.DataFrame) -> pl.DataFrame:
    """The records with forename and surname exchanged where they plainly stand the other way round."""
    first = names.first_forename(names.normal_forenames(pl.col("forename")))
    ways = persons.select(_STATED).drop_nulls().unique(maintain_order=True)
    forenames = ways.select(pl.col("forename").unique()).with_columns(first=first)
    surnames = ways.select(pl.col("surname").unique()).with_columns(last=names.normal_surname(pl.col("surname")))
    read = ways.join(forenames, on="forename", maintain_order="left").join(
        surnames, on="surname", maintain_order="left"
    )
    read = read.drop_nulls()
    turned = _turned(read.select("first", "last").unique())
    found = read.join(turned, on=["first", "last"], how="semi").select(_STATED, is_turned=pl.lit(True))
    marked = persons.select(_STATED).join(found, on=_STATED, how="left", maintain_order="left")
    return persons.with_columns(
        marked.select(
            pl.when("is_turned").then(other).otherwise(one).alias(one)
            for one, other in (("forename", "surname"), ("surname", "forename"))
        )
    )


def _turned(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs (`first`, `last`) likelier to be surname and forename, each counted without the pair itself."""
    forenames = pairs.group_by("first").agg(pl.len().alias("beside"))
    surnames = pairs.group_by("last").agg(pl.len().alias("beside"))
    counted = pairs
    for name in ("first", "last"):
        as_forename = forenames.rename({"first": name, "beside": f"{name}_as_forename"})
        as_surname = surnames.rename({"last": name, "beside": f"{name}_as_surname"})
        counted = counted.join(as_forename, on=name, how="left").join(as_surname, on=name, how="left")
    turned = pl.col("last_as_forename") * pl.col("first_as_surname")
    as_stated = (pl.col("first_as_forename") - 0.5) * (pl.col("last_as_surname") - 0.5)
    return counted.filter((turned / as_stated >= CLEARLY).fill_null(False)).select("first", "last")
