"""What the records say before anyone is put together with anyone: who may be a child, who is said to be where."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from families.households import ties
from families.households.residence import RECORD, homes, stated_addresses, stays
from families.households.ties import CHILDHOOD

SERVICES = ("youth_justice", "asb", "social_care", "education_status")


@dataclass(frozen=True)
class Evidence:
    """What the records say, before anyone is put together with anyone."""

    people: pl.DataFrame  # with is_child, born_low, born_high
    stated: pl.DataFrame
    all_stays: pl.DataFrame
    registered: pl.DataFrame  # one home for each person, from records that state an address of their own; `is_firm`
    contacts: pl.DataFrame
    accounts: pl.DataFrame
    addresses: pl.DataFrame
    surnames: pl.DataFrame  # the folded surnames of each person
    asked: pl.DataFrame  # children in some file that also lists contacts


def read_evidence(
    records: dict[str, pl.DataFrame],
    *,
    as_of: dt.date,
    person_of_record: pl.DataFrame,
    people: pl.DataFrame,
    address_of_record: pl.DataFrame,
    addresses: pl.DataFrame,
) -> Evidence:
    """Stays, contact lists and accounts up to the as-of date, and who is a child on it."""
    stated = stated_addresses(
        records,
        as_of=as_of,
        person_of_record=person_of_record,
        address_of_record=address_of_record,
        addresses=addresses,
    )
    own = stated.filter(~pl.col("lives_with_pupil"))
    all_stays = stays(own)
    return Evidence(
        people=with_ages(people, as_of=as_of),
        stated=stated,
        all_stays=all_stays,
        registered=_registered(own, all_stays=all_stays),
        contacts=ties.listings(records, as_of=as_of, person_of_record=person_of_record),
        accounts=ties.open_accounts(records, as_of=as_of, person_of_record=person_of_record, stated=stated),
        addresses=addresses,
        surnames=surname_keys(records["persons"], person_of_record=person_of_record),
        asked=_asked(records, person_of_record=person_of_record),
    )


def _registered(own: pl.DataFrame, *, all_stays: pl.DataFrame) -> pl.DataFrame:
    """One home for each person, from the most trusted kind of record that gives one (`is_firm` for the first).

    Registers and schools' returns first; then what services noted, whose files are newest but addresses often old;
    then what a contact list says of a contact's own address.
    """
    of_contact = (pl.col("role") == "contact").fill_null(False)
    of_service = pl.col("source").is_in(SERVICES)
    by_kind = [
        _homes_from(own.filter(~of_contact & ~of_service)).with_columns(is_firm=pl.lit(True)),
        _homes_from(own.filter(~of_contact & of_service)).with_columns(is_firm=pl.lit(False)),
        homes(all_stays, stated=own).with_columns(is_firm=pl.lit(False)),
    ]
    return pl.concat(by_kind).unique("person_id", keep="first", maintain_order=True).sort("person_id")


def _homes_from(stated: pl.DataFrame) -> pl.DataFrame:
    return homes(stays(stated), stated=stated)


def _asked(records: dict[str, pl.DataFrame], *, person_of_record: pl.DataFrame) -> pl.DataFrame:
    """Pupils of files that list contacts: if nobody is listed with one of them, weaker evidence is thin indeed."""
    listing = records["contacts"].select("delivery").unique()
    return (
        records["persons"]
        .filter(pl.col("role") == "pupil")
        .join(listing, on="delivery", how="semi")
        .select(*RECORD)
        .join(person_of_record.select(*RECORD, "person_id"), on=RECORD)
        .select("person_id", was_asked=pl.lit(True))
        .unique()
    )


def is_matched(addresses: pl.DataFrame) -> pl.DataFrame:
    """Whether each address can be told from another: it is in the gazetteer, or no gazetteer is loaded."""
    has_gazetteer = addresses["uprn"].is_not_null().any()
    return addresses.select("address_id", "postcode", is_matched=pl.col("uprn").is_not_null() | (not has_gazetteer))


def with_ages(people: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """People with the years they may be born in, and whether they are under 18 on the as-of date.

    Without a date or year of birth a person is a child if some record holds them as a pupil.
    """
    majority = pl.col("date_of_birth").dt.offset_by(f"{CHILDHOOD}y")
    year = as_of.year - CHILDHOOD
    return people.sort("person_id").with_columns(
        is_child=pl.when(pl.col("date_of_birth").is_not_null())
        .then(majority > as_of)
        .when(pl.col("birth_year_high") < year)
        .then(pl.lit(False))
        .when(pl.col("birth_year_low") > year)
        .then(pl.lit(True))
        .otherwise("is_pupil"),
        born_low=pl.coalesce(pl.col("date_of_birth").dt.year(), "birth_year_low"),
        born_high=pl.coalesce(pl.col("date_of_birth").dt.year(), "birth_year_high"),
    )


def surname_keys(persons: pl.DataFrame, *, person_of_record: pl.DataFrame) -> pl.DataFrame:
    """The surnames each person goes or went by, folded to letters; a double-barrelled name counts for each half."""
    named = persons.select(*RECORD, "surname", "preferred_surname", "former_surname").join(
        person_of_record.select(*RECORD, "person_id"), on=RECORD
    )
    whole = (
        named.select("person_id", "surname", "preferred_surname", "former_surname")
        .unpivot(index="person_id", value_name="name")
        .select("person_id", pl.col("name").str.to_lowercase().str.replace_all("['’.]", ""))
        .drop_nulls()
        .unique()
    )
    parts = whole.with_columns(pl.col("name").str.split("-")).explode("name")
    return (
        pl.concat([whole, parts])
        .select("person_id", surname=pl.col("name").str.replace_all(r"[^\p{L}]", ""))
        .filter(pl.col("surname").str.len_chars() > 1)
        .unique()
        .sort("person_id", "surname")
    )
