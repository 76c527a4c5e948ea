"""Which of several addresses written alike a record means: the one at which others of the same surname stand.

`25 Acacia Road, The Green` without its postcode may be two houses of one town, and a misspelt street none of the
gazetteer's for certain. Where records of a surname stand at just one of the houses it may be, it is that one. A unit
is never lost and a number never changed, as everywhere in matching addresses.
"""

from __future__ import annotations

import polars as pl

from families.linkage import names
from families.linkage.address_parts import POSTCODE_IN_TEXT, plain_address
from families.linkage.addresses import KEYS, AddressReason
from families.linkage.likeness import likeness

ALIKE = 0.94  # Jaro-Winkler of two lines with the same flat and number, street and town misspelt at most
CROWD = 200  # addresses of one surname and number, beyond which they are left alone
_PLACE = ["surname", "numbers"]


def place_by_surname(
    of_record: pl.DataFrame, addresses: pl.DataFrame, persons: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The address of each record and the table of addresses, as `match_addresses` gives them, with doubts settled.

    In doubt are addresses that no gazetteer has; where none is loaded, those without a postcode.
    """
    lines = _lines(addresses)
    doubtful = lines.filter("is_doubtful").select("address_id")
    in_doubt = _surnames(of_record.join(doubtful, on="address_id", how="semi"), persons)
    others = of_record.join(doubtful, on="address_id", how="anti")
    held = _surnames(others, persons, only=in_doubt["surname"].unique())
    sure = held.select("address_id", "surname").unique().join(lines.filter(~pl.col("is_doubtful")), on="address_id")
    meant = _meant(in_doubt.select("address_id", "surname").unique().join(lines, on="address_id"), sure)
    keyed = in_doubt.join(meant, on=["address_id", "surname"])
    found = keyed.select(*KEYS, "meant").unique(KEYS, keep="any")
    placed = of_record.join(found, on=KEYS, how="left", maintain_order="left")
    is_new = pl.col("meant").is_not_null()
    placed = placed.with_columns(
        pl.coalesce("meant", "address_id").alias("address_id"),
        pl.when(is_new).then(pl.lit(AddressReason.SURNAME.value)).otherwise("reason").alias("reason"),
        pl.when(is_new).then(None).otherwise("weight").alias("weight"),
    ).drop("meant")
    used = placed.select("address_id").unique()
    return placed, addresses.join(used, on="address_id", how="semi", maintain_order="left")


def _surnames(of_record: pl.DataFrame, persons: pl.DataFrame, *, only: pl.Series | None = None) -> pl.DataFrame:
    """The records with their surname in normal form, worked out once for each way it is stated; of `only` these."""
    stated = persons.select(stated=pl.col("surname").unique()).drop_nulls()
    ways = stated.with_columns(surname=names.normal_surname(pl.col("stated"))).drop_nulls()
    wanted = ways if only is None else ways.filter(pl.col("surname").is_in(only.implode()))
    named = persons.select(*KEYS, stated="surname").join(wanted, on="stated").drop("stated")
    return of_record.select(*KEYS, "address_id").join(named, on=KEYS)


def _lines(addresses: pl.DataFrame) -> pl.DataFrame:
    """Each address in one line without postcode, its numbers (flat and house), and whether it is in doubt."""
    line = plain_address(pl.col("label")).str.replace(POSTCODE_IN_TEXT, "").str.strip_chars(", ")
    line = line.str.replace_all(r"\bFLAT |,", "")
    known = addresses["uprn"].is_not_null().any()
    return addresses.select(
        "address_id",
        "postcode",
        line=line,
        numbers=line.str.extract_all(r"\b[0-9]+[A-Z]?\b|\b[A-Z]\b").list.join(" "),
        is_doubtful=pl.col("uprn").is_null() if known else pl.col("postcode").is_null(),
    ).filter(pl.col("numbers") != "")


def _meant(doubtful: pl.DataFrame, sure: pl.DataFrame) -> pl.DataFrame:
    """For an address in doubt and a surname the one sure address (`meant`) that is written most like it."""
    pairs = doubtful.filter(pl.len().over(_PLACE) <= CROWD).join(
        sure.filter(pl.len().over(_PLACE) <= CROWD), on=_PLACE, suffix="_sure"
    )
    pairs = likeness(pairs, "line", "line_sure").filter(pl.col("likeness") >= ALIKE)
    pairs = likeness(pairs, "postcode", "postcode_sure", name="code").with_columns(
        slips=pl.col("code_edits").fill_null(0)
    )
    keys = ["address_id", "surname"]
    near = pairs.filter(pl.col("slips") <= 2)
    best = near.filter(pl.col("likeness") == pl.col("likeness").max().over(keys))
    best = best.filter(pl.col("slips") == pl.col("slips").min().over(keys))
    only = best.filter(pl.col("address_id_sure").n_unique().over(keys) == 1)
    return only.select(*keys, meant="address_id_sure").unique()
