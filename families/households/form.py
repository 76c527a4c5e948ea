"""Households and families from who is who and who is where: the children, and the adults who live with and care
for them. Others with parental responsibility are linked, not resident. Knows tables, not rules of any programme.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from families.households import groups, ties
from families.households.children import child_homes, go_with_siblings_of_carers
from families.households.decisions import decide_contacts, decide_groups, decided_links, of_people
from families.households.evidence import REGISTERS_WITHOUT_AGES, Evidence, is_matched, read_evidence
from families.households.groups import PLACE
from families.households.identity import hashed, name_families
from families.households.members import NOWHERE, child_home_sentence, family_members
from families.households.residence import RECORD, STAY, UNDATED, residences
from families.households.ties import Strength, TieReason
from families.households.wording import capitalised, fill, said_by
from families.tables.run import FamilyMembers, Households, Links, Residences

GENDERS = {"PAM": "F", "STM": "F", "PAF": "M", "STF": "M"}


@dataclass(frozen=True)
class FormedFamilies:
    """What this layer hands on; each frame as its schema in `families.tables.run`."""

    residences: pl.DataFrame
    links: pl.DataFrame
    households: pl.DataFrame
    family_members: pl.DataFrame


def form_families(
    records: dict[str, pl.DataFrame],
    *,
    as_of: dt.date,
    person_of_record: pl.DataFrame,
    people: pl.DataFrame,
    address_of_record: pl.DataFrame,
    addresses: pl.DataFrame,
    previous: pl.DataFrame | None = None,
    decisions: pl.DataFrame | None = None,
    former: pl.DataFrame | None = None,
) -> FormedFamilies:
    """Who lives where, who is tied to whom and why, and the families that follow from it on the as-of date.

    `decisions` are those of people, of an adult and the family of a child.
    """
    evidence = read_evidence(
        records,
        as_of=as_of,
        person_of_record=person_of_record,
        people=people,
        address_of_record=address_of_record,
        addresses=addresses,
    )
    del records, address_of_record
    stated = child_homes(evidence)
    homes = go_with_siblings_of_carers(stated, placed=place_contacts(evidence, homes=stated))
    decided = of_people(decisions, person_of_record)
    names = evidence.people.select("person_id", "forename")
    placed = decide_contacts(place_contacts(evidence, homes=homes), decided, names=names)
    places = current_places(evidence, homes=homes, placed=placed)
    gathered = decide_groups(gather_places(places, placed=placed, evidence=evidence), decided)
    links = tie_people(gathered, placed=placed, evidence=evidence, decided=decided)
    members = family_members(gathered, links=links, placed=placed, homes=homes)
    named = name_families(members, previous=previous, former=former)
    lived = _residences(evidence, places=places, placed=placed, homes=homes)
    return FormedFamilies(
        residences=Residences.validate(lived, cast=True),
        links=Links.validate(links.select(ties.LINK_COLUMNS), cast=True),
        households=Households.validate(_households(gathered, evidence=evidence, residences=lived), cast=True),
        family_members=FamilyMembers.validate(_named(members, named=named), cast=True),
    )


def place_contacts(evidence: Evidence, *, homes: pl.DataFrame) -> pl.DataFrame:
    """Where each listed contact stands to each home of the child, in a word (`verdict`) and a sentence (`reason`)."""
    children = evidence.people.filter("is_child").select("person_id")
    contacts = evidence.contacts.join(children, left_on="child", right_on="person_id", how="semi").join(
        children, left_on="adult", right_on="person_id", how="anti"
    )
    placed = ties.place_contacts(
        contacts,
        child_homes=homes,
        child_stays=evidence.all_stays,
        registered=evidence.registered,
        matched=is_matched(evidence.addresses),
    )
    discounted = ties.apply_discount(placed, accounts=evidence.accounts)
    billed = ties.apply_full_bill(discounted, accounts=evidence.accounts)
    return ties.worded_contacts(ties.one_home_each(ties.without_idle_kin(billed)), names=evidence.people)


def current_places(evidence: Evidence, *, homes: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """Every person at every address where they live on the as-of date, with what grouping needs to know of it."""
    unsaid = pl.lit(None, dtype=pl.String)
    resident = (
        placed.filter(pl.col("verdict") == "resident")
        .sort("adult", "address_id", "relationship", "child")
        .unique(["adult", "address_id"], keep="first", maintain_order=True)
        .select("address_id", person_id="adult", gender=pl.col("relationship").replace_strict(GENDERS, default=None))
    )
    ruled_out = placed.filter(pl.col("verdict") != "resident").select("address_id", person_id="adult").unique()
    adults = evidence.people.filter(~pl.col("is_child")).select("person_id")
    by_record = (
        evidence.registered.join(adults, on="person_id", how="semi")
        .join(resident, on="person_id", how="anti")
        .join(ruled_out, on=["person_id", "address_id"], how="anti")
    )
    everyone = pl.concat(
        [
            homes.select(*PLACE, gender=unsaid, is_child=pl.lit(True), is_carer=pl.lit(False)),
            resident.select(*PLACE, "gender", is_child=pl.lit(False), is_carer=pl.lit(True)),
            by_record.select(*PLACE, gender=unsaid, is_child=pl.lit(False), is_carer=pl.lit(False)),
        ]
    )
    kinds = evidence.addresses.select("address_id", "is_communal", "is_shared")
    return (
        everyone.join(kinds, on="address_id", how="left")
        .join(_liable_places(evidence), on=PLACE, how="left")
        .join(_lone_addresses(evidence), on="address_id", how="left")
        .join(evidence.asked, on="person_id", how="left")
        .join(evidence.registered.select(*STAY, "last_seen", "is_firm"), on=STAY, how="left")
        .join(evidence.people.select("person_id", "born_high", "date_of_birth"), on="person_id", how="left")
        .join(evidence.all_stays.select(*STAY, known_by="sources"), on=STAY, how="left")
        .with_columns(
            pl.col("is_communal", "is_liable", "was_asked").fill_null(False),
            pl.col("is_shared").fill_null(True),
            is_barred=(
                (pl.col("lone_adult") != pl.col("person_id")) & (pl.col("last_seen") <= pl.col("discount_on"))
            ).fill_null(False)
            # Somebody of no known age whom only a service knows may be a baby.
            | (pl.col("born_high").is_null() & ~pl.col("is_firm").fill_null(True))
            | (pl.col("date_of_birth").is_null() & pl.col("known_by").is_in(REGISTERS_WITHOUT_AGES)).fill_null(False),
        )
        .drop("lone_adult", "discount_on", "last_seen", "is_firm", "born_high", "date_of_birth", "known_by")
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


def gather_places(places: pl.DataFrame, *, placed: pl.DataFrame, evidence: Evidence) -> pl.DataFrame:
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
        joint=_joint_accounts(evidence, places=places),
        surnames=evidence.surnames,
        ages=evidence.people.select("person_id", "born_low", "born_high"),
    )


def _joint_accounts(evidence: Evidence, *, places: pl.DataFrame) -> pl.DataFrame:
    """Pairs of people at one address who are, or at a former address were, liable on one bill; both ways round."""
    at = places.select(*PLACE)
    pairs = evidence.joint.drop("address_id", "liable_from", "liable_to")
    return (
        pairs.join(at, on="person_id")
        .join(at.rename({"person_id": "partner"}), on=["address_id", "partner"])
        .sort("address_id", "person_id", "partner")
    )


def tie_people(
    gathered: pl.DataFrame, *, placed: pl.DataFrame, evidence: Evidence, decided: pl.DataFrame
) -> pl.DataFrame:
    """All ties as rows of the links table, the strongest of each kind for each pair."""
    names = evidence.people.select("person_id", "forename")
    carers = placed.filter(ties.is_carer_by_code(), pl.col("verdict") == "resident")
    listed = (
        placed.filter(ties.is_carer_by_code())
        .select("child", "adult", "listed_on", "source", "delivery", "row")
        .unique(["child", "adult"], keep="first", maintain_order=True)
    )
    joint = _joint_accounts(evidence, places=gathered).filter(pl.col("person_id") < pl.col("partner"))
    strong = Strength.PARENTAL_RESPONSIBILITY
    parts = [
        decided_links(decided, names=names),
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
        _weak_links(gathered, evidence=evidence, names=names),
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


def _weak_links(gathered: pl.DataFrame, *, evidence: Evidence, names: pl.DataFrame) -> pl.DataFrame:
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
        stated.join(evidence.surnames.rename({"person_id": "person_a"}), on="person_a")
        .join(evidence.surnames.rename({"person_id": "person_b"}), on=["person_b", "surname"])
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


def _households(gathered: pl.DataFrame, *, evidence: Evidence, residences: pl.DataFrame) -> pl.DataFrame:
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
        .join(residences.select(*STAY, "reason"), on=STAY, how="left")
        .select(
            "household_id",
            "address_id",
            "person_id",
            pl.when(pl.col("source").is_not_null())
            .then(by_record)
            .otherwise(pl.coalesce("reason", pl.lit("Belongs to a family here, as a person has said.")))
            .alias("reason"),
        )
        .sort("household_id", "person_id")
    )


def _residences(evidence: Evidence, *, places: pl.DataFrame, placed: pl.DataFrame, homes: pl.DataFrame) -> pl.DataFrame:
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
    followed = homes.filter(~pl.col("address_id").str.starts_with(NOWHERE))
    moved = followed.select(*(name for name in tied.columns if name != "reason"), reason=child_home_sentence())
    return residences(evidence.all_stays, current=known, tied=pl.concat([tied, moved]))
