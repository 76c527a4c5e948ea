"""What the records say before anyone is put together with anyone: who may be a child, who is said to be where."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from families.households import ties
from families.households.residence import RECORD, homes, stated_addresses, stays
from families.households.ties import CHILDHOOD

OUT_OF_YEAR = 3  # years between a date of birth and a school year beyond which one of them is wrong
SERVICES = (
    *("youth_justice", "asb", "social_care", "education_status", "police_domestic", "health_services", "probation"),
    *("employment", "early_help", "looked_after", "nominations", "destinations"),
)
PERSON_COLUMNS = [  # of the persons table, all that this layer asks
    *("source", *RECORD, "role", "stated_on", "valid_from", "valid_to"),
    *("surname", "preferred_surname", "former_surname"),
]
REGISTERS_WITHOUT_AGES = ("electoral_register",)  # that name everyone of age, and so grown-up brothers and sisters


@dataclass(frozen=True)
class Evidence:
    """What the records say, before anyone is put together with anyone."""

    people: pl.DataFrame  # with is_child, born_low, born_high
    stated: pl.DataFrame
    all_stays: pl.DataFrame
    registered: pl.DataFrame  # one home for each person, from records that state an address of their own; `is_firm`
    contacts: pl.DataFrame
    accounts: pl.DataFrame  # open ones
    joint: pl.DataFrame  # pairs on one bill, open or closed
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
    births = school_year_births(records["enrolments"], as_of=as_of, person_of_record=person_of_record)
    own = stated.filter(~pl.col("lives_with_pupil"))
    all_stays = stays(own)
    contacts = ties.listings(records, as_of=as_of, person_of_record=person_of_record).join(
        stated.select(*RECORD, listed_address="address_id").unique(RECORD, keep="first"), on=RECORD, how="left"
    )
    joint = ties.joint_liabilities(records, as_of=as_of, person_of_record=person_of_record, stated=stated)
    return Evidence(
        people=with_ages(people, as_of=as_of, by_school_year=births),
        stated=stated,
        all_stays=all_stays,
        registered=_couples_move_together(
            _registered(own, all_stays=all_stays), all_stays=all_stays, joint=joint, contacts=contacts
        ),
        contacts=contacts,
        accounts=ties.open_accounts(records, as_of=as_of, person_of_record=person_of_record, stated=stated),
        joint=joint,
        addresses=addresses,
        surnames=surname_keys(records["persons"], person_of_record=person_of_record),
        asked=_asked(records, person_of_record=person_of_record),
    )


def _couples_move_together(
    registered: pl.DataFrame, *, all_stays: pl.DataFrame, joint: pl.DataFrame, contacts: pl.DataFrame
) -> pl.DataFrame:
    """Of two on one bill, the one left on it moved when the other did, if a child listed with both is there now.

    Old accounts are often never closed, and often only one of a couple is on the new one. Without such a child the
    two have rather parted.
    """
    home = registered.filter("is_firm").select("person_id", "address_id", "lived_from", "last_seen", "source")
    listed = contacts.filter("lives_with_pupil").select("child", "adult")
    children = home.select(child="person_id", new_address="address_id")
    parents = (
        listed.join(listed, on="child", suffix="_b")
        .join(children, on="child")
        .select("new_address", person_id="adult", partner="adult_b")
        .unique()
    )
    moved = (
        joint.select("person_id", "partner", "address_id")
        .join(home.select("person_id", "address_id", old_from="lived_from"), on=["person_id", "address_id"])
        .join(home.rename({"person_id": "partner", "address_id": "new_address"}), on="partner")
        .join(parents, on=["person_id", "partner", "new_address"], how="semi")
        .filter(pl.col("new_address") != pl.col("address_id"), pl.col("lived_from") > pl.col("old_from"))
        .join(
            all_stays.filter("is_liable").select(partner="person_id", new_address="address_id"),
            on=["partner", "new_address"],
            how="semi",
        )
        .sort("person_id", "lived_from", "partner")
        .unique("person_id", keep="last", maintain_order=True)
        .select("person_id", "new_address", "lived_from")
    )
    return (
        registered.join(moved, on="person_id", how="left", suffix="_new")
        .with_columns(
            pl.coalesce("new_address", "address_id").alias("address_id"),
            pl.coalesce("lived_from_new", "lived_from").alias("lived_from"),
        )
        .drop("new_address", "lived_from_new")
        .sort("person_id")
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


def with_ages(people: pl.DataFrame, *, as_of: dt.date, by_school_year: pl.DataFrame) -> pl.DataFrame:
    """People with the years they may be born in, and whether they are under 18 on the as-of date.

    A date of birth years away from what a pupil's school year says is a slip or a placeholder: the school year is
    believed. Without either, a person is a child if some record holds them as a pupil.
    """
    latest = pl.col("latest_birth")
    slips = (pl.col("date_of_birth").dt.year() - latest.dt.year()).abs() > OUT_OF_YEAR
    born = pl.when(slips.fill_null(False)).then(latest).otherwise(pl.coalesce("date_of_birth", latest))
    year = as_of.year - CHILDHOOD
    return (
        people.join(by_school_year, on="person_id", how="left")
        .sort("person_id")
        .with_columns(born=born)
        .with_columns(
            is_child=pl.when(pl.col("born").is_not_null())
            .then(pl.col("born").dt.offset_by(f"{CHILDHOOD}y") > as_of)
            .when(pl.col("birth_year_high") < year)
            .then(pl.lit(False))
            .when(pl.col("birth_year_low") > year)
            .then(pl.lit(True))
            .otherwise("is_pupil"),
            born_low=pl.coalesce(pl.col("born").dt.year(), "birth_year_low"),
            born_high=pl.coalesce(pl.col("born").dt.year(), "birth_year_high"),
        )
        .drop("born", "latest_birth")
    )


def school_year_births(enrolments: pl.DataFrame, *, as_of: dt.date, person_of_record: pl.DataFrame) -> pl.DataFrame:
    """The last day on which each pupil can be born, going by the newest school year stated of them.

    A child in year 1 turned five by the 31 August before; reception is the year before, nursery those before that.
    """
    years = pl.col("nc_year").replace_strict({"R": "0", "N2": "-1", "N1": "-2"}, default=pl.col("nc_year"))
    start = pl.col("stated_on").dt.offset_by("-8mo").dt.year()
    return (
        enrolments.filter(pl.col("stated_on") <= as_of)
        .with_columns(nc_year=years.cast(pl.Int32, strict=False))
        .drop_nulls("nc_year")
        .join(person_of_record.select(*RECORD, "person_id"), on=RECORD)
        .sort("person_id", "stated_on", "nc_year", *RECORD)
        .group_by("person_id")
        .agg(pl.date(start.last() - pl.col("nc_year").last() - 4, 8, 31).first().alias("latest_birth"))
    )


def surname_keys(persons: pl.DataFrame, *, person_of_record: pl.DataFrame) -> pl.DataFrame:
    """The surnames each person goes or went by, folded to letters; a double-barrelled name counts for each half."""
    stated = ["surname", "preferred_surname", "former_surname"]
    of_record = person_of_record.select(*RECORD, "person_id")
    whole = (
        persons.select(*RECORD, *stated)
        .join(of_record, on=RECORD)
        .select("person_id", *stated)
        .unique()
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
