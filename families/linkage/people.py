"""Records to people: which records are of one human being, and why; and the best of what they say.

A wrong link is worse than a missing one. `link_named` lists the steps, strongest evidence first; each proposes links
that `settle` takes only where they can be one person.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from families.linkage import splink_model
from families.linkage.company import company_links
from families.linkage.duck import digests
from families.linkage.identifiers import identifier_links, without_mistaken_upns
from families.linkage.prepare import KEYS, prepare
from families.linkage.reasons import LinkReason
from families.linkage.settle import Linked, settle
from families.linkage.tiers import (
    address_links,
    birth_links,
    child_links,
    family_links,
    forename_links,
    move_links,
    partner_links,
    without_second_homes,
)
from families.tables.run import People, PersonOfRecord

CROWDED_ADDRESS = 40  # surnames at one address, beyond which it is treated as communal
ROUNDS_OF_LISTS = 3  # of matching what is left of two lists: each leaves fewer rows to choose from
MANY_SURNAMES = 5  # surnames at one address, beyond which people there need not be one household


def link_people(
    persons: pl.DataFrame, address_of_record: pl.DataFrame, *, previous: pl.DataFrame | None, work: Path
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The person of each record with a sentence, and the table of people.

    Person ids are those of `previous` (the last run's person_of_record) wherever most of a person's records agree.
    """
    records = prepare(persons, address_of_record)
    is_named = pl.col("forename").is_not_null() | pl.col("surname").is_not_null()
    named = without_mistaken_upns(records.filter(is_named))
    linked = link_named(named, work=work)
    linked = _attach_unnamed(linked, named, records.filter(~is_named))
    of_record = _person_of_record(records, linked, previous)
    people = _people(records.join(of_record.select(*KEYS, "person_id"), on=KEYS, maintain_order="left"))
    return PersonOfRecord.validate(of_record, cast=True), People.validate(people, cast=True)


def link_named(records: pl.DataFrame, *, work: Path) -> Linked:
    """The steps of linkage over records that name someone."""
    crowded = _crowded_addresses(records, CROWDED_ADDRESS)
    mixed = _crowded_addresses(records, MANY_SURNAMES)
    linked = Linked.apart(records)
    linked = settle(linked, records, identifier_links(records))
    linked = settle(linked, records, birth_links(records, linked))
    linked = settle(linked, records, child_links(records, linked))
    linked = settle(linked, records, address_links(records, linked, crowded.clear()))
    linked = settle(linked, records, family_links(records, linked, crowded))
    linked = settle(linked, records, _alike(records, linked, crowded, work=work))
    for _ in range(ROUNDS_OF_LISTS):
        one_to_one = splink_model.one_to_one_links(records, linked, crowded, work=work)
        linked = settle(linked, records, one_to_one, births_may_differ=True)
    linked = settle(linked, records, family_links(records, linked, crowded))
    linked = settle(linked, records, move_links(records, linked))
    linked = settle(linked, records, company_links(records, linked, mixed))
    linked = settle(linked, records, partner_links(records, linked, mixed))
    return settle(linked, records, forename_links(records, linked, mixed))


def _alike(records: pl.DataFrame, linked: Linked, crowded: pl.Series, *, work: Path) -> pl.DataFrame:
    alike = splink_model.likeness_links(records, linked, crowded, work=work)
    return without_second_homes(alike, records, linked, but_rare_names=False)


def _crowded_addresses(records: pl.DataFrame, surnames: int) -> pl.Series:
    """Addresses where so many surnames are known that living there says little."""
    counted = records.drop_nulls("address_id").group_by("address_id").agg(pl.col("surname").n_unique())
    return counted.filter(pl.col("surname") > surnames)["address_id"].sort()


def _attach_unnamed(linked: Linked, named: pl.DataFrame, unnamed: pl.DataFrame) -> Linked:
    """Rows that give only an identifier join the person known by it, or each other."""
    upn_of = named.filter(pl.col("upn").is_not_null()).select("r", "upn").join(linked.clusters, on="r")
    upn_of = upn_of.join(linked.reasons.select("r", "reason"), on="r", how="left")
    usual = upn_of.group_by("upn", "c").len().sort("upn", "len", "c", descending=[False, True, False])
    usual = usual.unique(subset="upn", keep="first", maintain_order=True).select("upn", "c")
    rows = unnamed.select("r", "upn", "source", "source_person_id").join(usual, on="upn", how="left")
    by_upn = pl.when(pl.col("upn").is_not_null()).then(pl.col("r").min().over("upn"))
    by_id = pl.when(pl.col("source_person_id").is_not_null()).then(pl.col("r").min().over("source", "source_person_id"))
    rows = rows.with_columns(c=pl.coalesce("c", by_upn, by_id, "r"))
    reason = (
        pl.when(pl.col("upn").is_not_null())
        .then(pl.lit(LinkReason.SAME_UPN.value))
        .otherwise(pl.lit(LinkReason.SAME_SOURCE_ID.value))
    )
    alone = pl.len().over("c") == 1
    alone &= pl.col("c") == pl.col("r")
    why = rows.filter(~alone).select("r", reason=reason, weight=pl.lit(None, pl.Float64))
    return Linked(
        pl.concat([linked.clusters, rows.select("r", "c")]).sort("r"), pl.concat([linked.reasons, why]).sort("r")
    )


# -- ids that stay ------------------------------------------------------------------------------------------------


def _person_of_record(records: pl.DataFrame, linked: Linked, previous: pl.DataFrame | None) -> pl.DataFrame:
    keyed = records.select("r", *KEYS).join(linked.clusters, on="r").join(linked.reasons, on="r", how="left")
    ids = _person_ids(keyed, previous)
    whole = keyed.join(ids, on="c", maintain_order="left").with_columns(
        pl.col("reason").fill_null(LinkReason.ONLY_RECORD.value)
    )
    return whole.select(*KEYS, "person_id", "reason", "weight").sort(KEYS)


def _person_ids(keyed: pl.DataFrame, previous: pl.DataFrame | None) -> pl.DataFrame:
    """An id for each cluster: the one most of its records had, else one made from its smallest record key."""
    smallest = keyed.sort("r").unique(subset="c", keep="first", maintain_order=True)
    key = pl.format("{}|{}|{}|{}", *KEYS)
    fresh = smallest.select("c", key=key)
    fresh = fresh.select("c", "key", person_id=pl.Series(digests(fresh["key"], "P"), dtype=pl.String))
    if previous is None or previous.is_empty():
        return fresh.select("c", "person_id")
    carried = _carried(keyed, previous)
    taken = set(previous["person_id"])
    again = fresh.join(carried, on="c", how="anti", maintain_order="left")
    ids = [
        digests([f"{key}|apart"], "P")[0] if person in taken else person
        for key, person in again.select("key", "person_id").iter_rows()
    ]
    return pl.concat([carried, again.select("c", person_id=pl.Series(ids, dtype=pl.String))]).sort("c")


def _carried(keyed: pl.DataFrame, previous: pl.DataFrame) -> pl.DataFrame:
    """Old ids kept: each by the cluster that holds most of its records, and by one cluster only."""
    shared = keyed.select(*KEYS, "c").join(previous.select(*KEYS, "person_id"), on=KEYS)
    overlap = shared.group_by("c", "person_id").len().sort("len", "person_id", "c", descending=[True, False, False])
    kept = []
    while not overlap.is_empty():
        best = overlap.unique(subset="c", keep="first", maintain_order=True)
        best = best.unique(subset="person_id", keep="first", maintain_order=True)
        kept.append(best.select("c", "person_id"))
        overlap = overlap.join(best, on="c", how="anti", maintain_order="left")
        overlap = overlap.join(best, on="person_id", how="anti", maintain_order="left")
    return pl.concat(kept) if kept else pl.DataFrame(schema={"c": pl.Int64, "person_id": pl.String})


# -- the best of what records say ---------------------------------------------------------------------------------


def _people(records: pl.DataFrame) -> pl.DataFrame:
    """One row per person: for each fact the value most records give, ties by the newest and then the first in order."""
    base = records.group_by("person_id").agg(
        birth_year_low=pl.col("born_low").max(),
        birth_year_high=pl.col("born_high").min(),
        is_pupil=pl.col("is_child").any(),
        records=pl.len().cast(pl.Int64),
    )
    stated = {
        "forename": pl.col("given"),
        "surname": pl.col("family_name"),
        "sex": pl.col("sex"),
        "date_of_birth": pl.coalesce("dob", "dob_weak"),
        "upn": pl.col("upn"),
    }
    for name, value in stated.items():
        base = base.join(_best(records, name, value), on="person_id", how="left")
    year = pl.col("date_of_birth").dt.year()
    low, high = pl.col("birth_year_low"), pl.col("birth_year_high")
    base = base.with_columns(
        birth_year_low=pl.coalesce(year, low),
        birth_year_high=pl.coalesce(year, high),
    )
    return base.select(list(People.columns())).sort("person_id")


def _best(records: pl.DataFrame, name: str, value: pl.Expr) -> pl.DataFrame:
    held = records.select("person_id", "stated_on", value.alias(name)).drop_nulls(name)
    counted = held.group_by("person_id", name).agg(pl.len().alias("often"), pl.col("stated_on").max().alias("newest"))
    ordered = counted.sort("person_id", "often", "newest", name, descending=[False, True, True, False], nulls_last=True)
    return ordered.unique(subset="person_id", keep="first", maintain_order=True).select("person_id", name)
