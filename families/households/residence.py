"""Who lives where, and since when: stays of people at addresses, from every record that states an address.

The newest evidence wins, with four guards: a record that puts a person back where they had already left is taken
as out of date; an address that lost its flat or did not match is read as the person's own known address there; a house
number that one source alone has is read as the one that differs by a keystroke, where others have that; and "lives at
the pupil's address" is a tie to the child, not an address, so it is left to `ties`.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from families.households.wording import capitalised, fill, said_by
from families.linkage.likeness import likeness

RECORD = ["delivery", "row", "part"]
STAY = ["person_id", "address_id"]
UNDATED = dt.date(1, 1, 1)  # a row that states no date sorts before every dated one

NO_PROPERTIES = pl.DataFrame(schema={"uprn": pl.String, "parent_uprn": pl.String})


def stated_addresses(
    records: dict[str, pl.DataFrame],
    *,
    as_of: dt.date,
    person_of_record: pl.DataFrame,
    address_of_record: pl.DataFrame,
    addresses: pl.DataFrame,
) -> pl.DataFrame:
    """Every statement that a person is at an address, up to the as-of date, each with its record."""
    stated = (
        records["persons"]
        .select(*RECORD, "source", "role", "stated_on", "valid_from", "valid_to")
        .join(person_of_record.select(*RECORD, "person_id"), on=RECORD)
        .join(address_of_record.select(*RECORD, "address_id"), on=RECORD)
        .join(_with_pupil(records), on=RECORD, how="left")
        .join(_liability_dates(records), on=RECORD, how="left")
        .with_columns(
            pl.coalesce("valid_from", "liable_from").alias("valid_from"),
            pl.coalesce("valid_to", "liable_to").alias("valid_to"),
            pl.col("lives_with_pupil").fill_null(False),
        )
    )
    dated = stated.with_columns(
        seen_on=pl.coalesce("stated_on", "valid_to", "valid_from").fill_null(UNDATED),
    ).filter((pl.col("seen_on") <= as_of), (pl.col("valid_from") <= as_of).fill_null(True))
    spans = dated.select(
        *STAY,
        *RECORD,
        "source",
        "role",
        "lives_with_pupil",
        pl.min_horizontal(pl.coalesce("valid_from", "seen_on"), "seen_on").alias("seen_from"),
        pl.min_horizontal("valid_to", "seen_on").alias("seen_on"),
        (pl.col("valid_to") < as_of).fill_null(False).alias("has_ended"),
        pl.col("liable_from").is_not_null().alias("is_liable"),
    )
    properties = records.get("properties", NO_PROPERTIES)
    together = companions(records["contacts"], person_of_record=person_of_record)
    folded = fold_partial_addresses(spans, addresses=addresses, properties=properties, together=together)
    return fold_slips(folded, addresses=addresses).sort(*STAY, "seen_on", *RECORD)


def _with_pupil(records: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return records["contacts"].select(*RECORD, "lives_with_pupil").unique(RECORD, keep="first")


def _liability_dates(records: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return records["liabilities"].select(*RECORD, "liable_from", "liable_to").unique(RECORD, keep="first")


def fold_partial_addresses(
    stated: pl.DataFrame,
    *,
    addresses: pl.DataFrame,
    properties: pl.DataFrame,
    together: pl.DataFrame,
) -> pl.DataFrame:
    """Reads an unmatched address, or a building without its flat, as the one full address it can be.

    It can be the full address of the same postcode (or building) at which the person, or the pupil or contact said
    to live with them, is known; where two such addresses are known, nothing is folded.
    """
    graded = _graded_addresses(addresses, properties=properties)
    if graded["is_partial"].all():
        return stated
    at = stated.select(*STAY).unique().join(graded, on="address_id")
    partial = at.filter("is_partial")
    known = _known_addresses(at.filter(~pl.col("is_partial")), together=together)
    full = (
        partial.join(known, on="person_id", suffix="_full")
        .filter(
            (pl.col("building") == pl.col("building_full")).fill_null(False)
            | (pl.col("is_unmatched") & (pl.col("postcode") == pl.col("postcode_full"))).fill_null(False)
        )
        .group_by(STAY)
        .agg(pl.col("address_id_full").unique().sort())
        .filter(pl.col("address_id_full").list.len() == 1)
        .select(*STAY, pl.col("address_id_full").list.first())
    )
    return _read_as(stated, full)


def fold_slips(stated: pl.DataFrame, *, addresses: pl.DataFrame) -> pl.DataFrame:
    """Reads a number that one source alone gives as the number others give, in the same street, one keystroke away.

    The others are two sources or more that speak of the same person, one of them no older: whoever did move a few
    doors on is found there by the next to say where they live.
    """
    number = pl.col("label").str.extract(r"(\d+)")
    street = pl.col("label").str.replace(r"\d+", "#").alias("street")
    numbered = addresses.select("address_id", "postcode", number.alias("number"), street).drop_nulls()
    said = stated.group_by(STAY).agg(pl.col("source").n_unique().alias("sources"), pl.col("seen_on").max())
    known = said.join(numbered, on="address_id")
    pairs = known.filter(pl.col("sources") == 1).join(
        known.filter(pl.col("sources") > 1), on=["person_id", "postcode", "street"], suffix="_full"
    )
    near = likeness(pairs.filter(pl.col("seen_on_full") >= pl.col("seen_on")), "number", "number_full")
    meant = (
        near.filter(pl.col("likeness_edits") == 1)
        .group_by(STAY)
        .agg(pl.col("address_id_full").unique().sort())
        .filter(pl.col("address_id_full").list.len() == 1)
        .select(*STAY, pl.col("address_id_full").list.first())
    )
    return _read_as(stated, meant)


def _read_as(stated: pl.DataFrame, meant: pl.DataFrame) -> pl.DataFrame:
    """Statements with the address that some of them mean (`address_id_full`) in place of the one they give."""
    return (
        stated.join(meant, on=STAY, how="left")
        .with_columns(pl.coalesce("address_id_full", "address_id").alias("address_id"))
        .drop("address_id_full")
    )


def _graded_addresses(addresses: pl.DataFrame, *, properties: pl.DataFrame) -> pl.DataFrame:
    """Each address with its building, and whether it is only part of an address."""
    parents = properties.select("uprn", "parent_uprn").drop_nulls("uprn").unique("uprn", keep="first")
    buildings = parents.select(pl.col("parent_uprn").alias("uprn")).drop_nulls().unique().with_columns(has_flats=True)
    return (
        addresses.join(parents, on="uprn", how="left")
        .join(buildings, on="uprn", how="left")
        .select(
            "address_id",
            "postcode",
            pl.coalesce("parent_uprn", "uprn").alias("building"),
            pl.col("uprn").is_null().alias("is_unmatched"),
            (pl.col("uprn").is_null() | pl.col("has_flats").fill_null(False)).alias("is_partial"),
        )
    )


def companions(contacts: pl.DataFrame, *, person_of_record: pl.DataFrame) -> pl.DataFrame:
    """Pairs of people of whom a file says that one lives at the other's address, both ways round."""
    people = person_of_record.select(*RECORD, "person_id")
    pairs = (
        contacts.filter("lives_with_pupil")
        .select(*RECORD, "pupil_part")
        .join(people, on=RECORD)
        .join(
            people.select("delivery", "row", pupil_part="part", companion="person_id"),
            on=["delivery", "row", "pupil_part"],
        )
        .select("person_id", "companion")
    )
    return pl.concat([pairs, pairs.select(person_id="companion", companion="person_id")]).unique()


def _known_addresses(full: pl.DataFrame, *, together: pl.DataFrame) -> pl.DataFrame:
    """Full addresses of each person and of those said to live with them."""
    of_others = together.join(full.rename({"person_id": "companion"}), on="companion").drop("companion")
    return pl.concat([full.select(of_others.columns), of_others]).unique()


_MOST = ["times_seen", "rows", "lived_from", "address_id"]


def stays(stated: pl.DataFrame) -> pl.DataFrame:
    """One row per person and address: first and last seen there, by how many returns, and by which newest record."""
    ordered = stated.sort(*STAY, "seen_on", "source", *RECORD)
    return (
        ordered.group_by(STAY)
        .agg(
            pl.col("seen_from").min().alias("lived_from"),
            pl.col("seen_on").max().alias("last_seen"),
            pl.struct("source", "seen_on").n_unique().alias("times_seen"),
            pl.len().alias("rows"),
            pl.col("has_ended").last(),
            pl.col("is_liable").any(),
            pl.col("source").unique().sort().str.join(", ").alias("sources"),
            pl.col("source").last(),
            pl.col("delivery").last(),
            pl.col("row").last(),
        )
        .sort(STAY)
    )


def homes(all_stays: pl.DataFrame, *, stated: pl.DataFrame) -> pl.DataFrame:
    """The one address of each person that the newest trustworthy evidence gives, with when it was first seen.

    Where the newest address was seen before the one it displaces, and only one return speaks for the return to it
    against two or more for the other, that return is out of date. Of two open accounts, the older was left open.
    """
    going_on = all_stays.filter(~pl.col("has_ended")).sort(
        ["person_id", "last_seen", pl.col("lived_from").filter("is_liable").max().over(STAY), *_MOST],
        descending=[False, True, True, True, True, True, False],
        nulls_last=True,
    )
    newest = going_on.group_by("person_id", maintain_order=True).agg(
        pl.col("address_id").first(),
        pl.col("lived_from").first(),
        pl.col("address_id").get(1, null_on_oob=True).alias("rival"),
        pl.col("lived_from").get(1, null_on_oob=True).alias("rival_from"),
        pl.col("last_seen").get(1, null_on_oob=True).alias("rival_seen"),
        pl.col("times_seen").get(1, null_on_oob=True).alias("rival_times"),
    )
    since = (
        stated.join(newest.select(*STAY, "rival_seen"), on=STAY)
        .filter(pl.col("seen_on") > pl.col("rival_seen"))
        .group_by(STAY)
        .agg(pl.struct("source", "seen_on").n_unique().alias("times_since"))
    )
    is_out_of_date = (
        (pl.col("lived_from") < pl.col("rival_from"))
        & (pl.col("rival_times") >= 2)
        & (pl.col("times_since").fill_null(0) <= 1)
    ).fill_null(False)
    return (
        newest.join(since, on=STAY, how="left")
        .select("person_id", pl.when(is_out_of_date).then("rival").otherwise("address_id").alias("address_id"))
        .join(all_stays.drop("rows"), on=STAY)
        .sort("person_id")
    )


def residences(all_stays: pl.DataFrame, *, current: pl.DataFrame, tied: pl.DataFrame) -> pl.DataFrame:
    """The residence table: every stay, closed where it is over, and the homes known only through a tie.

    `current` has the (person_id, address_id) lived at on the as-of date; `tied` those of them that stand on a tie
    between a child and whom it is listed with, with `reason`, `source` and `last_seen`.
    """
    by_record = all_stays.join(current.select(*STAY, is_current=pl.lit(True)), on=STAY, how="left").select(
        *STAY,
        _dated("lived_from"),
        pl.when(pl.col("is_current").fill_null(False)).then(None).otherwise(_dated("last_seen")).alias("lived_to"),
        pl.col("is_current").fill_null(False),
        pl.col("sources"),
        _stay_sentence().alias("reason"),
    )
    by_tie = tied.join(all_stays, on=STAY, how="anti").select(
        *STAY,
        _dated("lived_from"),
        pl.lit(None, dtype=pl.Date).alias("lived_to"),
        pl.lit(True).alias("is_current"),
        pl.col("source").alias("sources"),
        pl.col("reason"),
    )
    return pl.concat([by_record, by_tie]).unique(STAY, keep="first", maintain_order=True).sort(STAY)


def _stay_sentence() -> pl.Expr:
    newest = said_by(pl.col("source"), _dated("last_seen"))
    once = fill("{who} gives this address.", who=capitalised(newest))
    often = fill(
        "{who}, the newest of {n} records, gives this address.", who=capitalised(newest), n=pl.col("times_seen")
    )
    return pl.when(pl.col("times_seen") > 1).then(often).otherwise(once)


def _dated(name: str) -> pl.Expr:
    """The date, or nothing where the record stated none."""
    return pl.when(pl.col(name) > UNDATED).then(pl.col(name)).alias(name)
