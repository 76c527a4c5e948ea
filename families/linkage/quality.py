"""How well records are linked, in counts: links by reason, records by source, people by size, addresses by kind.

Nobody is named: only counts leave this file.
"""

from __future__ import annotations

from enum import StrEnum

import polars as pl

from families.linkage.addresses import AddressReason
from families.linkage.prepare import KEYS
from families.linkage.reasons import LinkReason
from families.tables.run import LinkageQuality

BANDS = ((1, "1"), (2, "2"), (5, "3 to 5"), (10, "6 to 10"))  # largest of the band, and its words
LARGEST = "11 or more"


class Figure(StrEnum):
    """What is counted."""

    LINKS = "links_by_reason"
    RECORDS = "records_by_source"
    PEOPLE = "people_by_records"
    ADDRESSES = "addresses_by_source"


LINKED, ALONE, UNNAMED = "linked to another record", "the only record of its person", "without a name"
EXACT, ALIKE, CLUSTERED, NONE = "in the gazetteer, exactly", "in the gazetteer, by likeness", "not in it", "no address"
BY_LIKENESS = (
    AddressReason.NEAR_STREET,
    AddressReason.OTHER_POSTCODE,
    AddressReason.MATCHER,
    AddressReason.SURNAME,
)


def linkage_counts(
    persons: pl.DataFrame, person_of_record: pl.DataFrame, address_of_record: pl.DataFrame
) -> pl.DataFrame:  # fmt: skip
    """The LinkageQuality table of a run."""
    records = person_of_record.with_columns(size=pl.len().over("person_id"))
    parts = [_links(records), _records(persons, records), _people(records), _addresses(persons, address_of_record)]
    counts = pl.col("place", "number").cast(pl.Int64)
    whole = pl.concat([part.select(list(LinkageQuality.columns())).with_columns(counts) for part in parts])
    return LinkageQuality.validate(whole.sort("figure", "place", "label", "part"), cast=True)


def _links(records: pl.DataFrame) -> pl.DataFrame:
    place = {reason.value: n for n, reason in enumerate(LinkReason)}
    linked = records.filter(pl.col("size") > 1).group_by(label="reason").agg(number=pl.len())
    placed = pl.col("label").replace_strict(place, default=len(place), return_dtype=pl.Int64)
    return linked.with_columns(figure=pl.lit(Figure.LINKS.value), part=pl.lit(""), place=placed)


def _records(persons: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    is_named = pl.any_horizontal(pl.col("forename", "surname").is_not_null())
    both = records.join(persons.select(*KEYS, is_named=is_named), on=KEYS)
    part = pl.when(pl.col("size") > 1).then(pl.lit(LINKED)).when("is_named").then(pl.lit(ALONE)).otherwise(
        pl.lit(UNNAMED)
    )  # fmt: skip
    return _by_source(both.with_columns(part=part), Figure.RECORDS)


def _by_source(records: pl.DataFrame, figure: Figure) -> pl.DataFrame:
    counted = records.group_by("part", label="source").agg(number=pl.len())
    return counted.with_columns(figure=pl.lit(figure.value), place=pl.lit(0))


def _people(records: pl.DataFrame) -> pl.DataFrame:
    sizes = records.select("person_id", "size").unique("person_id")
    band, place = pl.lit(LARGEST), pl.lit(len(BANDS))
    for n, (largest, words) in reversed(list(enumerate(BANDS))):
        band = pl.when(pl.col("size") <= largest).then(pl.lit(words)).otherwise(band)
        place = pl.when(pl.col("size") <= largest).then(pl.lit(n)).otherwise(place)
    counted = sizes.group_by(label=band, place=place).agg(number=pl.len())
    return counted.with_columns(figure=pl.lit(Figure.PEOPLE.value), part=pl.lit(""))


def _addresses(persons: pl.DataFrame, address_of_record: pl.DataFrame) -> pl.DataFrame:
    found = address_of_record.select(*KEYS, "address_id", "reason")
    both = persons.select(KEYS).join(found, on=KEYS, how="left")
    part = (
        pl.when(pl.col("address_id").is_null())
        .then(pl.lit(NONE))
        .when(pl.col("address_id").str.starts_with("A"))
        .then(pl.lit(CLUSTERED))
        .when(pl.col("reason").is_in([reason.value for reason in BY_LIKENESS]))
        .then(pl.lit(ALIKE))
        .otherwise(pl.lit(EXACT))
    )
    return _by_source(both.with_columns(part=part), Figure.ADDRESSES)
