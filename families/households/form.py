"""Households and families from who is who and who is where: the children, and the adults who live with and care
for them. Others with parental responsibility are linked, not resident. Knows tables, not rules of any programme.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from families.households import groups, ties
from families.households.groups import PLACE
from families.households.identity import hashed, name_families
from families.households.residence import (
    RECORD,
    STAY,
    UNDATED,
    homes,
    residences,
    stated_addresses,
    stays,
)
from families.households.ties import CHILDHOOD, Strength, TieReason
from families.households.wording import capitalised, fill, said_by
from families.tables.run import FamilyMembers, Households, Links, Residences

NOWHERE = "?"  # stands before the id of the person around whom people without an address are gathered


@dataclass(frozen=True)
class FormedFamilies:
    """What this layer hands on; each frame as its schema in `families.tables.run`."""

    residences: pl.DataFrame
    links: pl.DataFrame
    households: pl.DataFrame
    family_members: pl.DataFrame


@dataclass(frozen=True)
class Evidence:
    """What the records say, before anyone is put together with anyone."""

    people: pl.DataFrame  # with is_child, born_low, born_high
    stated: pl.DataFrame
    all_stays: pl.DataFrame
    registered: pl.DataFrame  # one home for each person, from records that state an address of their own
    contacts: pl.DataFrame
    accounts: pl.DataFrame
    addresses: pl.DataFrame


def form_families(
    records: dict[str, pl.DataFrame],
    *,
    as_of: dt.date,
    person_of_record: pl.DataFrame,
    people: pl.DataFrame,
    address_of_record: pl.DataFrame,
    addresses: pl.DataFrame,
    previous: pl.DataFrame | None = None,
) -> FormedFamilies:
    """Who lives where, who is tied to whom and why, and the families that follow from it on the as-of date."""
    evidence = read_evidence(
        records,
        as_of=as_of,
        person_of_record=person_of_record,
        people=people,
        address_of_record=address_of_record,
        addresses=addresses,
    )
    child_homes, standing = settle(evidence)
    placed = ties.worded_contacts(standing, names=evidence.people)
    surnames = surname_keys(records["persons"], person_of_record=person_of_record)
    places = current_places(evidence, child_homes=child_homes, placed=placed)
    gathered = gather_places(places, placed=placed, evidence=evidence, surnames=surnames)
    links = tie_people(gathered, placed=placed, evidence=evidence, surnames=surnames)
    members = family_members(gathered, links=links, placed=placed, evidence=evidence, child_homes=child_homes)
    named = name_families(members, previous=previous)
    return FormedFamilies(
        residences=Residences.validate(_residences(evidence, places=places, placed=placed), cast=True),
        links=Links.validate(links.select(ties.LINK_COLUMNS), cast=True),
        households=Households.validate(_households(gathered, evidence=evidence), cast=True),
        family_members=FamilyMembers.validate(_named(members, named=named), cast=True),
    )


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
        registered=homes(all_stays, stated=own),
        contacts=ties.listings(records, as_of=as_of, person_of_record=person_of_record),
        accounts=ties.open_accounts(records, as_of=as_of, person_of_record=person_of_record, stated=stated),
        addresses=addresses,
    )


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


def settle(evidence: Evidence) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The homes of children (one, or two where both hold), and where each contact stands to each of them."""
    children = evidence.people.filter("is_child").select("person_id")
    child_stays = evidence.all_stays.join(children, on="person_id", how="semi")
    main = _main_homes(evidence, children=children)
    contacts = evidence.contacts.join(children, left_on="child", right_on="person_id", how="semi").join(
        children, left_on="adult", right_on="person_id", how="anti"
    )
    adults = evidence.registered.join(children, on="person_id", how="anti")
    second = _second_homes(main, contacts=contacts, child_stays=child_stays, registered=adults)
    child_homes = pl.concat([main, second]).sort("person_id", "address_id")
    placed = ties.place_contacts(contacts, child_homes=child_homes, child_stays=child_stays, registered=adults)
    with_discounts = ties.apply_discount(placed, accounts=evidence.accounts)
    return child_homes, ties.one_home_each(ties.without_idle_kin(with_discounts))


HOME_COLUMNS = [*STAY, "lived_from", "last_seen", "source", "is_main"]


def _main_homes(evidence: Evidence, *, children: pl.DataFrame) -> pl.DataFrame:
    """Where each child lives by its own records; where none states an address, where those it lives with are."""
    own = evidence.registered.join(children, on="person_id", how="semi").with_columns(is_main=pl.lit(True))
    without = children.join(own, on="person_id", how="anti")
    listed = evidence.contacts.filter("lives_with_pupil").join(
        without, left_on="child", right_on="person_id", how="semi"
    )
    registered = evidence.registered.select(adult="person_id", address_id="address_id")
    of_siblings = (
        evidence.contacts.filter("lives_with_pupil")
        .join(own.select(child="person_id", sibling_address="address_id"), on="child")
        .group_by("adult")
        .agg(pl.col("sibling_address").min())
    )
    adopted = (
        listed.join(registered, on="adult", how="left")
        .join(of_siblings, on="adult", how="left")
        .with_columns(
            pl.coalesce("address_id", "sibling_address").alias("address_id"),
            is_known=pl.coalesce("address_id", "sibling_address").is_not_null(),
        )
        .with_columns(pl.coalesce("address_id", pl.lit(NOWHERE) + pl.col("adult")).alias("address_id"))
        .sort(["child", "is_known", "listed_on", "adult"], descending=[False, True, True, False], nulls_last=True)
        .unique("child", keep="first", maintain_order=True)
        .select("address_id", "source", person_id="child", lived_from="listed_on", last_seen="listed_on", is_main=True)
    )
    alone = without.join(adopted, on="person_id", how="anti").select(
        "person_id",
        address_id=pl.lit(NOWHERE) + pl.col("person_id"),
        lived_from=pl.lit(None, dtype=pl.Date),
        last_seen=pl.lit(None, dtype=pl.Date),
        source=pl.lit(""),
        is_main=pl.lit(True),
    )
    return pl.concat([part.select(HOME_COLUMNS) for part in (own, adopted, alone)]).sort("person_id")


def _second_homes(
    main: pl.DataFrame, *, contacts: pl.DataFrame, child_stays: pl.DataFrame, registered: pl.DataFrame
) -> pl.DataFrame:
    """Second homes: a parent with parental responsibility lives there, and the child is seen at both by turns."""
    parents = (
        contacts.filter("has_parental_responsibility")
        .join(registered.select(adult="person_id", address_id="address_id"), on="adult")
        .select(person_id="child", address_id="address_id")
        .unique()
    )
    first = main.select("person_id", main_address="address_id", main_from="lived_from", main_seen="last_seen")
    return (
        child_stays.join(parents, on=STAY, how="semi")
        .join(first, on="person_id")
        .filter(
            pl.col("address_id") != pl.col("main_address"),
            (pl.col("last_seen") >= pl.col("main_from")) & (pl.col("lived_from") <= pl.col("main_seen")),
            ~pl.col("has_ended"),
        )
        .with_columns(is_main=pl.lit(False))
        .select(HOME_COLUMNS)
        .sort(["person_id", "last_seen", "address_id"], descending=[False, True, False])
        .unique("person_id", keep="first", maintain_order=True)
    )


def current_places(evidence: Evidence, *, child_homes: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """Every person at every address where they live on the as-of date, with what grouping needs to know of it."""
    resident = placed.filter(pl.col("verdict") == "resident").select("address_id", person_id="adult").unique()
    ruled_out = placed.filter(pl.col("verdict") != "resident").select("address_id", person_id="adult").unique()
    adults = evidence.people.filter(~pl.col("is_child")).select("person_id")
    by_record = (
        evidence.registered.join(adults, on="person_id", how="semi")
        .join(resident, on="person_id", how="anti")
        .join(ruled_out, on=["person_id", "address_id"], how="anti")
    )
    everyone = pl.concat(
        [
            child_homes.select(*PLACE, is_child=pl.lit(True), is_carer=pl.lit(False)),
            resident.select(*PLACE, is_child=pl.lit(False), is_carer=pl.lit(True)),
            by_record.select(*PLACE, is_child=pl.lit(False), is_carer=pl.lit(False)),
        ]
    )
    kinds = evidence.addresses.select("address_id", "is_communal", "is_shared")
    return (
        everyone.join(kinds, on="address_id", how="left")
        .join(_liable_places(evidence), on=PLACE, how="left")
        .join(_lone_addresses(evidence), on="address_id", how="left")
        .join(evidence.registered.select(*STAY, "last_seen"), on=STAY, how="left")
        .with_columns(
            pl.col("is_communal", "is_liable").fill_null(False),
            pl.col("is_shared").fill_null(True),
            is_barred=(
                (pl.col("lone_adult") != pl.col("person_id")) & (pl.col("last_seen") <= pl.col("discount_on"))
            ).fill_null(False),
        )
        .drop("lone_adult", "discount_on", "last_seen")
        .sort(PLACE)
    )


def _liable_places(evidence: Evidence) -> pl.DataFrame:
    return evidence.accounts.select(*PLACE, is_liable=pl.lit(True)).unique()


def _lone_addresses(evidence: Evidence) -> pl.DataFrame:
    """Addresses with a single person discount, in whose name and since which extract."""
    return (
        evidence.accounts.filter("is_lone")
        .sort("address_id", "stated_on", "person_id")
        .unique("address_id", keep="last", maintain_order=True)
        .select("address_id", lone_adult="person_id", discount_on="stated_on")
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


def gather_places(
    places: pl.DataFrame, *, placed: pl.DataFrame, evidence: Evidence, surnames: pl.DataFrame
) -> pl.DataFrame:
    """The places in their families; see `groups.gather`."""
    resident = placed.filter(pl.col("verdict") == "resident")
    with_carers = resident.select("address_id", person_a="child", person_b="adult")
    at = places.filter("is_child").select("address_id", "person_id")
    shared = placed.filter(ties.is_carer_by_code()).select("child", "adult").unique()
    siblings = (
        at.join(shared, left_on="person_id", right_on="child")
        .sort("address_id", "adult", "person_id")
        .select("address_id", person_a="person_id", person_b=pl.col("person_id").first().over("address_id", "adult"))
    )
    return groups.gather(
        places,
        contacts=pl.concat([with_carers, siblings]),
        joint=_joint_accounts(evidence),
        surnames=surnames,
        ages=evidence.people.select("person_id", "born_low", "born_high"),
    )


def _joint_accounts(evidence: Evidence) -> pl.DataFrame:
    """Pairs of people liable on one open account, both ways round."""
    side = evidence.accounts.filter(pl.col("account").is_not_null())
    return (
        side.join(side.select("address_id", "account", partner="person_id"), on=["address_id", "account"])
        .filter(pl.col("person_id") != pl.col("partner"))
        .select("address_id", "person_id", "partner", "source", "delivery", "row", "stated_on")
        .sort("address_id", "person_id", "partner")
    )


def tie_people(
    gathered: pl.DataFrame, *, placed: pl.DataFrame, evidence: Evidence, surnames: pl.DataFrame
) -> pl.DataFrame:
    """All ties as rows of the links table, the strongest of each kind for each pair."""
    names = evidence.people.select("person_id", "forename")
    carers = placed.filter(ties.is_carer_by_code(), pl.col("verdict") == "resident")
    listed = (
        placed.filter(ties.is_carer_by_code())
        .select("child", "adult", "listed_on", "source", "delivery", "row")
        .unique(["child", "adult"], keep="first", maintain_order=True)
    )
    joint = _joint_accounts(evidence).filter(pl.col("person_id") < pl.col("partner"))
    strong = Strength.PARENTAL_RESPONSIBILITY
    parts = [
        ties.contact_links(placed),
        _together(ties.shared_parents(listed), gathered=gathered).pipe(
            ties.pair_links, reason=TieReason.SAME_PARENT, strength=strong, relation="sibling", names=names
        ),
        _together(ties.co_parents(carers), gathered=gathered).pipe(
            ties.pair_links, reason=TieReason.CO_PARENTS, strength=strong, relation="co_parent", names=names
        ),
        joint.rename({"person_id": "person_a", "partner": "person_b"}).pipe(
            ties.pair_links,
            reason=TieReason.JOINT_LIABILITY,
            strength=Strength.LIABILITY,
            relation="partner",
            names=names,
        ),
        _liable_links(gathered, evidence=evidence, names=names),
        _weak_links(gathered, evidence=evidence, surnames=surnames, names=names),
    ]
    columns = ties.LINK_COLUMNS
    return (
        pl.concat([part.select(columns) for part in parts])
        .unique(["person_a", "person_b", "tie"], keep="first", maintain_order=True)
        .sort("person_a", "person_b", "strength", "tie")
    )


def _together(pairs: pl.DataFrame, *, gathered: pl.DataFrame) -> pl.DataFrame:
    """Pairs with whether both live in one family."""
    side = gathered.select("person_id", "group")
    both = (
        side.rename({"person_id": "person_a"})
        .join(side.rename({"person_id": "person_b"}), on="group")
        .select("person_a", "person_b", is_resident=pl.lit(True))
        .filter(pl.col("person_a") != pl.col("person_b"))
        .unique()
    )
    return pairs.join(both, on=["person_a", "person_b"], how="left").with_columns(
        pl.col("is_resident").fill_null(False)
    )


def _liable_links(gathered: pl.DataFrame, *, evidence: Evidence, names: pl.DataFrame) -> pl.DataFrame:
    """Children and the adults liable for council tax where they live, in one family."""
    inside = gathered.filter(~pl.col("is_communal"))
    pairs = (
        inside.filter("is_child")
        .select("address_id", "group", person_a="person_id")
        .join(
            inside.filter("is_liable").select("address_id", "group", person_b="person_id"), on=["address_id", "group"]
        )
        .join(evidence.accounts.rename({"person_id": "person_b"}), on=["address_id", "person_b"])
        .sort("person_a", "person_b", "stated_on", descending=[False, False, True])
    )
    return ties.pair_links(
        pairs, reason=TieReason.LIABLE_AT_HOME, strength=Strength.LIABILITY, relation="adult", names=names
    )


def _weak_links(
    gathered: pl.DataFrame, *, evidence: Evidence, surnames: pl.DataFrame, names: pl.DataFrame
) -> pl.DataFrame:
    """Ties by surname or by address alone, for those whom nothing stronger put into their family."""
    newest = evidence.registered.select(
        "source", "delivery", "row", person_a="person_id", address_id="address_id", stated_on="last_seen"
    ).with_columns(pl.when(pl.col("stated_on") > UNDATED).then("stated_on").alias("stated_on"))
    through = gathered.filter(pl.col("through").is_not_null()).select(
        "address_id", "basis", person_a="person_id", person_b="through"
    )
    stated = through.join(newest, on=["person_a", "address_id"], how="left").with_columns(
        pl.col("source").fill_null("")
    )
    shared = (
        stated.join(surnames.rename({"person_id": "person_a"}), on="person_a")
        .join(surnames.rename({"person_id": "person_b"}), on=["person_b", "surname"])
        .select("person_a", "person_b")
        .unique()
    )
    by_surname = stated.join(shared, on=["person_a", "person_b"], how="semi")
    by_address = stated.join(shared, on=["person_a", "person_b"], how="anti")
    return pl.concat(
        [
            ties.pair_links(
                by_surname, reason=TieReason.SAME_SURNAME, strength=Strength.SURNAME, relation="kin", names=names
            ),
            ties.pair_links(
                by_address, reason=TieReason.SAME_ADDRESS, strength=Strength.ADDRESS, relation="household", names=names
            ),
        ]
    )


def family_members(
    gathered: pl.DataFrame,
    *,
    links: pl.DataFrame,
    placed: pl.DataFrame,
    evidence: Evidence,
    child_homes: pl.DataFrame,
) -> pl.DataFrame:
    """Members of each family (still numbered): children, those who care for them, others there, and the linked."""
    families = gathered.filter(pl.col("is_child").any().over("group")).rename({"group": "family"})
    members = pl.concat(
        [
            _child_members(families, child_homes=child_homes),
            _carer_members(families, placed=placed),
            _inferred_members(families, links=links),
            _linked_members(families, placed=placed),
        ]
    )
    return members.sort("family", "person_id", "order").unique(
        ["family", "person_id"], keep="first", maintain_order=True
    )


MEMBER_COLUMNS = ["family", "address_id", "person_id", "role", "is_resident", "member_from", "reason", "order"]


def _child_members(families: pl.DataFrame, *, child_homes: pl.DataFrame) -> pl.DataFrame:
    known = said_by(pl.col("source"), _known_day("last_seen"))
    reason = (
        pl.when(pl.col("address_id").str.starts_with(NOWHERE) & (pl.col("source") == ""))
        .then(pl.lit("Child of whom no record states an address."))
        .when(pl.col("address_id").str.starts_with(NOWHERE))
        .then(fill("Child listed with a contact at the same, unstated address ({said}).", said=known))
        .when(pl.col("is_main"))
        .then(fill("Child living at this address ({said}).", said=known))
        .otherwise(fill("Child with a second home here, where a parent lives ({said}).", said=known))
    )
    return (
        families.filter("is_child")
        .join(child_homes, on=PLACE)
        .select(
            "family",
            "address_id",
            "person_id",
            role=pl.lit("child"),
            is_resident=pl.lit(True),
            member_from=_known_day("lived_from"),
            reason=reason,
            order=pl.lit(0, dtype=pl.Int32),
        )
        .select(MEMBER_COLUMNS)
    )


def _carer_members(families: pl.DataFrame, *, placed: pl.DataFrame) -> pl.DataFrame:
    """Adults whom a contact list puts with a child of the family: parents before carers, newest list first."""
    is_parent = pl.col("relationship").is_in([*ties.PARENT_CODES, *ties.STEP_CODES])
    return (
        placed.filter(pl.col("verdict") == "resident")
        .join(families.select("family", *PLACE), left_on=["adult", "address_id"], right_on=["person_id", "address_id"])
        .with_columns(order=pl.when(is_parent).then(1).otherwise(2).cast(pl.Int32))
        .sort("family", "adult", "order", "listed_on", "child", descending=[False, False, False, True, False])
        .unique(["family", "adult"], keep="first", maintain_order=True)
        .select(
            "family",
            "address_id",
            person_id="adult",
            role=pl.when(pl.col("order") == 1).then(pl.lit("parent")).otherwise(pl.lit("carer")),
            is_resident=pl.lit(True),
            member_from="first_listed_on",
            reason="reason",
            order="order",
        )
        .select(MEMBER_COLUMNS)
    )


def _inferred_members(families: pl.DataFrame, *, links: pl.DataFrame) -> pl.DataFrame:
    """Adults whom a shared account, surname or address puts into the family."""
    telling = links.filter(pl.col("tie") != TieReason.LIABLE_AT_HOME.name.lower())
    either_way = pl.concat(
        [
            telling.select(person_id="person_a", through="person_b", reason="reason", strength="strength"),
            telling.select(person_id="person_b", through="person_a", reason="reason", strength="strength"),
        ]
    ).sort("person_id", "through", "strength", "reason")
    best = either_way.unique(["person_id", "through"], keep="first", maintain_order=True)
    is_parent = pl.col("basis").is_in(["parent", "only adult"])
    return (
        families.filter(~pl.col("is_child"), pl.col("basis") != "contact")
        .join(best, on=["person_id", "through"])
        .select(
            "family",
            "address_id",
            "person_id",
            role=pl.when(is_parent).then(pl.lit("parent")).otherwise(pl.lit("adult")),
            is_resident=pl.lit(True),
            member_from=pl.lit(None, dtype=pl.Date),
            reason="reason",
            order=pl.lit(3, dtype=pl.Int32),
        )
        .select(MEMBER_COLUMNS)
    )


def _linked_members(families: pl.DataFrame, *, placed: pl.DataFrame) -> pl.DataFrame:
    """Parents, and others with parental responsibility, who do not live with the family."""
    matters = pl.col("has_parental_responsibility") | pl.col("relationship").is_in(ties.PARENT_CODES)
    return (
        placed.filter(matters)
        .join(families.filter("is_child").select("family", "address_id", child="person_id"), on=["child", "address_id"])
        .sort("family", "adult", "listed_on", "child", descending=[False, False, True, False])
        .unique(["family", "adult"], keep="first", maintain_order=True)
        .select(
            "family",
            "address_id",
            person_id="adult",
            role=pl.lit("linked"),
            is_resident=pl.lit(False),
            member_from="listed_on",
            reason="reason",
            order=pl.lit(9, dtype=pl.Int32),
        )
        .select(MEMBER_COLUMNS)
    )


def _known_day(name: str) -> pl.Expr:
    return pl.when(pl.col(name) > UNDATED).then(pl.col(name))


def _named(members: pl.DataFrame, *, named: pl.DataFrame) -> pl.DataFrame:
    return (
        members.join(named, on="family")
        .select(
            "family_id",
            "person_id",
            "role",
            "is_resident",
            "member_from",
            pl.lit(None, dtype=pl.Date).alias("member_to"),
            "reason",
        )
        .sort("family_id", "person_id")
    )


def _households(gathered: pl.DataFrame, *, evidence: Evidence) -> pl.DataFrame:
    """Everyone at every known address on the as-of date, family or not."""
    at = gathered.filter(~pl.col("address_id").str.starts_with(NOWHERE)).select(*PLACE)
    ids = at.select("address_id").unique().sort("address_id")
    ids = ids.with_columns(hashed("H", texts=ids["address_id"]).alias("household_id"))
    newest = evidence.stated.sort(*STAY, "seen_on", *RECORD).unique(STAY, keep="last", maintain_order=True)
    said = said_by(pl.col("source"), _known_day("seen_on"))
    by_record = fill("{said} gives this address.", said=capitalised(said))
    return (
        at.join(ids, on="address_id")
        .join(newest.select(*STAY, "source", "seen_on"), on=STAY, how="left")
        .select(
            "household_id",
            "address_id",
            "person_id",
            pl.when(pl.col("source").is_not_null())
            .then(by_record)
            .otherwise(pl.lit("Listed at the address of a pupil living here."))
            .alias("reason"),
        )
        .sort("household_id", "person_id")
    )


def _residences(evidence: Evidence, *, places: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    known = places.filter(~pl.col("address_id").str.starts_with(NOWHERE))
    said = said_by(pl.col("source"), pl.col("listed_on"))
    tied = (
        placed.filter(pl.col("verdict") == "resident", ~pl.col("address_id").str.starts_with(NOWHERE))
        .sort("adult", "address_id", "listed_on", "child", descending=[False, False, True, False], nulls_last=True)
        .unique(["adult", "address_id"], keep="first", maintain_order=True)
        .select(
            "address_id",
            "source",
            person_id="adult",
            lived_from=pl.coalesce("first_listed_on", "listed_on"),
            last_seen="listed_on",
            reason=fill("{said} lists this person at the address of a pupil living here.", said=capitalised(said)),
        )
    )
    return residences(evidence.all_stays, current=known, tied=tied)
