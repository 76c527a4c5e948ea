"""Records to people: which records are of one human being, and why; and the best of what they say.

A wrong link is worse than a missing one. `link_named` lists the steps, strongest evidence first; each proposes links
that `settle` takes only where they can be one person.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from families.linkage import splink_model
from families.linkage.company import company_links
from families.linkage.continuity import PeopleBefore, person_ids
from families.linkage.decisions import NO_DECISIONS, kept_apart, of_records, taken_first
from families.linkage.doubts import doubtful_pairs
from families.linkage.identifiers import identifier_links, without_mistaken_upns
from families.linkage.neighbourhood import neighbourhood_links
from families.linkage.prepare import KEYS, prepare
from families.linkage.reasons import LinkReason
from families.linkage.settle import Linked, settle
from families.linkage.spellings import spelling_links
from families.linkage.tiers import (
    address_links,
    birth_links,
    child_links,
    elector_links,
    family_links,
    forename_links,
    move_links,
    partner_links,
    without_second_homes,
)
from families.linkage.twins import twins_apart
from families.tables.run import DoubtfulPairs, People, PersonOfRecord

CROWDED_ADDRESS = 40  # surnames at one address, beyond which it is treated as communal
ROUNDS_OF_LISTS = 3  # of matching what is left of two lists: each leaves fewer rows to choose from
MANY_SURNAMES = 5  # surnames at one address, beyond which people there need not be one household


def link_people(
    persons: pl.DataFrame | pl.LazyFrame,
    address_of_record: pl.DataFrame,
    *,
    previous: PeopleBefore | None,
    work: Path,
    parameters: Path | None = None,
    decisions: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The person of each record with a sentence, and the table of people; see `link_and_doubt`."""
    found = link_and_doubt(
        persons, address_of_record, previous=previous, work=work, parameters=parameters, decisions=decisions
    )
    return found[:2]


def link_and_doubt(
    persons: pl.DataFrame | pl.LazyFrame,
    address_of_record: pl.DataFrame,
    *,
    previous: PeopleBefore | None,
    work: Path,
    parameters: Path | None = None,
    decisions: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The person of each record with a sentence, the table of people, and the pairs left in doubt.

    Persons may be still to be read: they are needed only at first. Person ids are those of `previous`, what the last
    run knew, wherever most of a person's records agree. `parameters` are the model's, trained on these records; else
    those that ship. `decisions` are those of people.
    """
    records = prepare(persons, address_of_record)
    decided = of_records(records, NO_DECISIONS if decisions is None else decisions)
    records = kept_apart(records, decided)
    is_named = pl.col("forename").is_not_null() | pl.col("surname").is_not_null()
    named = without_mistaken_upns(records.filter(is_named))
    unnamed, kept = records.filter(~is_named), work / "records.parquet"
    records.select(_KEPT).write_parquet(kept, compression="lz4")
    del persons, address_of_record, records
    linked, weighed = link_named(named, work=work, parameters=parameters, first=taken_first(named, decided))
    crowded = crowded_addresses(named, CROWDED_ADDRESS)
    doubts = doubtful_pairs(named, linked, weighed, crowded=crowded, decided=decided, parameters=parameters)
    linked = _attach_unnamed(linked, named, unnamed)
    del named
    records = pl.read_parquet(kept)
    kept.unlink()
    described = _people(records.join(linked.clusters, on="r", maintain_order="left"))
    of_record = _person_of_record(records, linked, _ids(records, linked, described, previous))
    people = described.join(of_record.select("person_id", "c").unique(), on="c").select(list(People.columns()))
    of_record, people = PersonOfRecord.validate(of_record.drop("c"), cast=True), people.sort("person_id")
    doubts = DoubtfulPairs.validate(_of_people(doubts, records, of_record), cast=True)
    return of_record, People.validate(people, cast=True), doubts


_KEPT = [  # of all records, what is asked once people are known; they wait on disk while the named are linked
    "r",
    *KEYS,
    *("given", "family_name", "sex", "dob", "dob_weak", "born_low", "born_high", "is_child"),
    *("upn", "address_id", "stated_on"),
]


def link_named(
    records: pl.DataFrame, *, work: Path, parameters: Path | None = None, first: Linked | None = None
) -> tuple[Linked, pl.DataFrame]:
    """The steps of linkage over records that name someone; and the pairs weighed on the way, linked or not."""
    crowded = crowded_addresses(records, CROWDED_ADDRESS)
    mixed = crowded_addresses(records, MANY_SURNAMES)
    linked = link_exactly(records, crowded, first=first)
    records = twins_apart(records, linked, crowded)
    weighed = splink_model.weighed_pairs(records, linked, crowded, work=work, parameters=parameters)
    alike = splink_model.likeness_links(weighed)
    linked = settle(linked, records, without_second_homes(alike, records, linked, but_rare_names=False))
    for _ in range(ROUNDS_OF_LISTS):
        one_to_one = splink_model.one_to_one_links(records, linked, crowded, work=work)
        linked = settle(linked, records, one_to_one, births_may_differ=True)
    linked = settle(linked, records, family_links(records, linked, crowded))
    linked = settle(linked, records, move_links(records, linked))
    linked = settle(linked, records, company_links(records, linked, mixed))
    linked = settle(linked, records, partner_links(records, linked, mixed))
    linked = settle(linked, records, forename_links(records, linked, mixed))
    linked = settle(linked, records, spelling_links(records, linked, mixed))
    linked = settle(linked, records, neighbourhood_links(records, linked))
    return settle(linked, records, elector_links(records, linked), may_be_grown=True), weighed


def link_exactly(records: pl.DataFrame, crowded: pl.Series, *, first: Linked | None = None) -> Linked:
    """The steps by identifiers and equal names, before any likeness is weighed; `first` is what people decided."""
    linked = first or Linked.apart(records)
    linked = settle(linked, records, identifier_links(records))
    linked = settle(linked, records, birth_links(records, linked))
    linked = settle(linked, records, child_links(records, linked))
    linked = settle(linked, records, address_links(records, linked, crowded.clear()))
    return settle(linked, records, family_links(records, linked, crowded))


def crowded_addresses(records: pl.DataFrame, surnames: int) -> pl.Series:
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


def _of_people(doubts: pl.DataFrame, records: pl.DataFrame, of_record: pl.DataFrame) -> pl.DataFrame:
    """Doubtful pairs by the keys of their records, and by their people."""
    keyed = records.select("r", *KEYS).join(of_record.select(*KEYS, "person_id"), on=KEYS)
    for end in ("a", "b"):
        names = {name: f"{name}_{end}" for name in (*KEYS, "r")} | {"person_id": f"person_{end}"}
        doubts = doubts.join(keyed.rename(names), left_on=end, right_on=f"r_{end}", maintain_order="left")
    return doubts.select(list(DoubtfulPairs.columns()))


def _ids(records: pl.DataFrame, linked: Linked, described: pl.DataFrame, previous: PeopleBefore | None) -> pl.DataFrame:
    keyed = records.select("r", *KEYS, "address_id").join(linked.clusters, on="r")
    lived = keyed.group_by("c").agg(address_ids=pl.col("address_id").drop_nulls().unique().sort())
    return person_ids(keyed.select(*KEYS, "c"), described.join(lived, on="c"), previous)


def _person_of_record(records: pl.DataFrame, linked: Linked, ids: pl.DataFrame) -> pl.DataFrame:
    keyed = records.select("r", *KEYS).join(linked.clusters, on="r").join(linked.reasons, on="r", how="left")
    whole = keyed.join(ids, on="c", maintain_order="left").with_columns(
        pl.col("reason").fill_null(LinkReason.ONLY_RECORD.value)
    )
    return whole.select(*KEYS, "person_id", "reason", "weight", "c").sort(KEYS)


# -- the best of what records say ---------------------------------------------------------------------------------


def _people(records: pl.DataFrame) -> pl.DataFrame:
    """One row per cluster `c`: each fact as most records give it, ties by the newest and then the first in order."""
    base = records.group_by("c").agg(
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
        base = base.join(_best(records, name, value), on="c", how="left")
    year = pl.col("date_of_birth").dt.year()
    low, high = pl.col("birth_year_low"), pl.col("birth_year_high")
    base = base.with_columns(
        birth_year_low=pl.coalesce(year, low),
        birth_year_high=pl.coalesce(year, high),
    )
    return base.sort("c")


def _best(records: pl.DataFrame, name: str, value: pl.Expr) -> pl.DataFrame:
    held = records.select("c", "stated_on", value.alias(name)).drop_nulls(name)
    counted = held.group_by("c", name).agg(pl.len().alias("often"), pl.col("stated_on").max().alias("newest"))
    ordered = counted.sort("c", "often", "newest", name, descending=[False, True, True, False], nulls_last=True)
    return ordered.unique(subset="c", keep="first", maintain_order=True).select("c", name)
