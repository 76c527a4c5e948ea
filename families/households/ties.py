"""Ties between people, strongest evidence first: each is a row with its reason, source, dates and strength.

The order of evidence: (1) parental responsibility or a contact living at the pupil's address; (2) a social-care
relationship; (3) a benefit claim naming partner or child; (4) council-tax liability or tenancy at the same address;
(5) same surname there; (6) same address only. No delivered source states (2) or (3) yet.
"""

from __future__ import annotations

import datetime as dt
from enum import Enum, IntEnum

import polars as pl

from families.households.residence import RECORD
from families.households.wording import RELATION_WORDS, fill, forename_or, said_by

CHILDHOOD = 18
PARENT_CODES = ("PAM", "PAF")
STEP_CODES = ("STM", "STF", "STP")
FOSTER_CODES = ("CAR", "FOM", "FOF")
KIN_CODES = ("REL", "FAM", "OTH")
LONE_ADULT_DISCOUNT = "SPD"
TENANCIES = "housing"  # tenants stand beside those liable for council tax
BILLED_AT_MOST = 2  # people on one bill
LATE_REGISTER_DAYS = 550  # a register silent for longer than this before a contact list does not contradict it


class Strength(IntEnum):
    """The order of evidence, strongest first."""

    PARENTAL_RESPONSIBILITY = 1
    SOCIAL_CARE = 2
    BENEFIT_CLAIM = 3
    LIABILITY = 4
    SURNAME = 5
    ADDRESS = 6


class TieReason(Enum):
    """Why two people belong together; the value is the sentence people read."""

    RESPONSIBLE_CONTACT = "{relation} of {child} with parental responsibility, living at the pupil's address ({said})."
    LIVING_CONTACT = "{relation} of {child}, living at the pupil's address ({said})."
    RESPONSIBLE_ELSEWHERE = "{relation} of {child} with parental responsibility, living at another address ({said})."
    CONTACT_ELSEWHERE = "{relation} of {child}, living at another address ({said})."
    CONTACT_LEFT = (
        "{relation} of {child}, listed at the pupil's address ({said}) but at another address by newer or "
        "firmer evidence ({other})."
    )
    CONTACT_DISCOUNTED = (
        "{relation} of {child}, listed at the pupil's address ({said}) although council tax there has a single person "
        "discount in another name ({other})."
    )
    CONTACT_NOT_BILLED = (
        "{relation} of {child}, listed at the pupil's address ({said}) although the bill or tenancy there names two "
        "other adults ({other})."
    )
    DECIDED = "A person decided that {adult} belongs to the family of {child}."
    RULED_OUT = "A person decided that {adult} does not belong to the family of {child}."
    SAME_PARENT = "{a} and {b} have {parent} as a parent or carer in common ({said})."
    CO_PARENTS = "{a} and {b} are both parents or carers of {child} ({said})."
    JOINT_LIABILITY = "{a} and {b} are named together on one bill or tenancy ({said})."
    LIABLE_AT_HOME = "{b} is named on the bill or tenancy where {a} lives ({said})."
    SAME_SURNAME = "{a} and {b} have the same surname at the same address ({said})."
    SAME_ADDRESS = "{a} and {b} are at the same address, where no other family is known ({said})."


CONTACT_REASONS = (
    TieReason.RESPONSIBLE_CONTACT,
    TieReason.LIVING_CONTACT,
    TieReason.RESPONSIBLE_ELSEWHERE,
    TieReason.CONTACT_ELSEWHERE,
    TieReason.CONTACT_LEFT,
    TieReason.CONTACT_DISCOUNTED,
    TieReason.CONTACT_NOT_BILLED,
)

LINK_COLUMNS = [
    "person_a",
    "person_b",
    "tie",
    "strength",
    "is_resident",
    "relation",
    "valid_from",
    "valid_to",
    "source",
    "delivery",
    "row",
    "reason",
]


def listings(records: dict[str, pl.DataFrame], *, as_of: dt.date, person_of_record: pl.DataFrame) -> pl.DataFrame:
    """The newest listing of each contact of each child, with when the contact was first listed at the address."""
    people = person_of_record.select(*RECORD, "person_id")
    dates = records["persons"].select(*RECORD, "source", "stated_on")
    pupil = people.join(dates, on=RECORD).select(
        "delivery", "row", "source", pupil_part="part", child="person_id", listed_on="stated_on"
    )
    rows = (
        records["contacts"]
        .filter(pl.col("relationship").is_in(RELATION_WORDS.keys()))
        .join(people.rename({"person_id": "adult"}), on=RECORD)
        .join(pupil, on=["delivery", "row", "pupil_part"])
        .filter((pl.col("child") != pl.col("adult")), (pl.col("listed_on") <= as_of).fill_null(True))
        .with_columns(
            pl.col("has_parental_responsibility").fill_null(False), pl.col("lives_with_pupil").fill_null(False)
        )
        .sort("child", "adult", "listed_on", *RECORD, nulls_last=False)
    )
    return (
        rows.group_by("child", "adult")
        .agg(
            pl.col("listed_on").filter("lives_with_pupil").min().alias("first_listed_on"),
            pl.col("listed_on", "relationship", "lives_with_pupil", "source", *RECORD).last(),
            pl.col("has_parental_responsibility").any(),
        )
        .with_columns(is_newly_listed=pl.col("first_listed_on") > pl.col("first_listed_on").min().over("child"))
        .sort("child", "adult")
    )


def is_carer_by_code() -> pl.Expr:
    """Whether the contact is a parent, step-parent or carer, or a relative with parental responsibility."""
    carers = pl.col("relationship").is_in([*PARENT_CODES, *STEP_CODES, *FOSTER_CODES])
    return carers | (pl.col("relationship").is_in(KIN_CODES) & pl.col("has_parental_responsibility"))


def relation_by_code() -> pl.Expr:
    """What the contact is to the child, in the words of the links table."""
    words = {
        **dict.fromkeys(PARENT_CODES, "parent"),
        **dict.fromkeys(STEP_CODES, "step_parent"),
        **dict.fromkeys(FOSTER_CODES, "carer"),
        **dict.fromkeys(KIN_CODES, "relative"),
    }
    return pl.col("relationship").replace_strict(words)


def place_contacts(
    contacts: pl.DataFrame,
    *,
    child_homes: pl.DataFrame,
    child_stays: pl.DataFrame,
    registered: pl.DataFrame,
    matched: pl.DataFrame,
) -> pl.DataFrame:
    """Where each contact stands to each home of the child: `address_id` if resident there, and `verdict`.

    A contact list says who lives with the child, and is often years old. A register (council tax, benefits, the
    contact's own stated address) that puts the adult elsewhere is believed, unless it names an address where the
    child lived before moving on: then the register is out of date, if the list is newer than the move. An address
    that no gazetteer has, or one in the same postcode, is rather the home miswritten than another home.
    """
    at_home = contacts.join(
        child_homes.select(
            child="person_id", address_id="address_id", home_from="lived_from", is_main=pl.col("home_basis") != "second"
        ),
        on="child",
    )
    elsewhere = registered.select(
        adult="person_id", own_address="address_id", own_seen="last_seen", own_source="source"
    )
    before = child_stays.select(child="person_id", own_address="address_id", lived_there_before=pl.lit(True))
    written = matched.select("postcode", own_address="address_id", is_known_address="is_matched")
    placed = (
        at_home.join(elsewhere, on="adult", how="left")
        .join(before, on=["child", "own_address"], how="left")
        .join(written, on="own_address", how="left")
        .join(matched.select("address_id", home_postcode="postcode"), on="address_id", how="left")
        .join(_listed_apart(contacts, child_stays=child_stays, matched=matched), on=["child", "adult"], how="left")
    )
    is_listed_apart = pl.col("apart_postcode").is_not_null() & (pl.col("apart_postcode") != pl.col("home_postcode"))
    is_miswritten = ~pl.col("is_known_address").fill_null(True) | (
        pl.col("postcode") == pl.col("home_postcode")
    ).fill_null(False)
    is_registered_here = (pl.col("own_address") == pl.col("address_id")).fill_null(False)
    is_elsewhere = pl.col("own_address").is_not_null() & ~is_registered_here
    list_knows_home = (pl.col("listed_on") >= pl.col("home_from")).fill_null(True)
    register_is_behind = pl.col("lived_there_before").fill_null(False) & (
        list_knows_home | (pl.col("own_seen") < pl.col("home_from"))
    )
    register_is_silent = (pl.col("own_seen") < pl.col("listed_on").dt.offset_by(f"-{LATE_REGISTER_DAYS}d")).fill_null(
        False
    )
    is_contradicted = is_elsewhere & ~register_is_behind & ~register_is_silent & ~is_miswritten
    is_listed_here = pl.col("lives_with_pupil") & pl.col("is_main")
    verdict = (
        pl.when((is_registered_here & ~is_listed_apart.fill_null(False)) | (is_listed_here & ~is_contradicted))
        .then(pl.lit("resident"))
        .when(is_listed_here)
        .then(pl.lit("left"))
        .otherwise(pl.lit("elsewhere"))
    )
    return placed.with_columns(verdict=verdict, is_registered_here=is_registered_here).drop(
        "lived_there_before", "is_known_address", "postcode", "home_postcode", "apart_postcode"
    )


def _listed_apart(contacts: pl.DataFrame, *, child_stays: pl.DataFrame, matched: pl.DataFrame) -> pl.DataFrame:
    """Contacts whom the list itself gives another address than any of the child's, with its postcode.

    Bills are often left in the name of a parent who has gone; a list that knows where to is believed.
    """
    stays = child_stays.select(child="person_id", listed_address="address_id")
    known = matched.filter("is_matched").select(listed_address="address_id", apart_postcode="postcode")
    return (
        contacts.filter(~pl.col("lives_with_pupil"))
        .join(known, on="listed_address")
        .join(stays, on=["child", "listed_address"], how="anti")
        .select("child", "adult", "apart_postcode")
    )


def one_home_each(placed: pl.DataFrame) -> pl.DataFrame:
    """An adult lives at one address: where the register has them, else by the newest list, else most children.

    A register last heard of before a child moved in elsewhere is behind: the family is where the child is.
    """
    resident = placed.filter(pl.col("verdict") == "resident").with_columns(
        is_moved_to=(~pl.col("is_registered_here") & (pl.col("home_from") > pl.col("own_seen"))).fill_null(False)
    )
    chosen = (
        resident.group_by("adult", "address_id")
        .agg(
            pl.col("is_registered_here").any(),
            pl.col("is_moved_to").any(),
            pl.col("listed_on").max(),
            pl.col("child").n_unique().alias("children"),
        )
        .sort(
            ["adult", "is_moved_to", "is_registered_here", "listed_on", "children", "address_id"],
            descending=[False, True, True, True, True, False],
            nulls_last=True,
        )
        .unique("adult", keep="first", maintain_order=True)
        .select("adult", chosen_address="address_id")
    )
    is_other = (pl.col("verdict") == "resident") & (pl.col("chosen_address") != pl.col("address_id"))
    return placed.join(chosen, on="adult", how="left").with_columns(
        pl.when(is_other).then(pl.lit("left")).otherwise("verdict").alias("verdict"),
        pl.when(is_other).then("listed_on").otherwise("own_seen").alias("own_seen"),
        pl.when(is_other).then("source").otherwise("own_source").alias("own_source"),
        is_with_other_child=is_other.fill_null(False),
    )


def open_accounts(
    records: dict[str, pl.DataFrame], *, as_of: dt.date, person_of_record: pl.DataFrame, stated: pl.DataFrame
) -> pl.DataFrame:
    """Who is liable for council tax at which address, on accounts still open: newest extract of each person there."""
    return (
        records["liabilities"]
        .filter((pl.col("liable_to") >= as_of).fill_null(True), (pl.col("liable_from") <= as_of).fill_null(True))
        .join(person_of_record.select(*RECORD, "person_id"), on=RECORD)
        .join(stated.select(*RECORD, "address_id", "source", stated_on="seen_on"), on=RECORD)
        .sort("person_id", "address_id", "stated_on", *RECORD)
        .with_columns(_is_lone())
        .unique(["person_id", "address_id"], keep="last", maintain_order=True)
        .select(
            "person_id",
            "address_id",
            "account",
            "liable_from",
            "source",
            "delivery",
            "row",
            "stated_on",
            "is_lone",
        )
    )


def _is_lone() -> pl.Expr:
    """Whether the newest bill of a person at an address has the discount; a tenancy says nothing of it."""
    is_bill = pl.col("source") != TENANCIES
    newest = pl.col("discount").filter(is_bill).last().over("person_id", "address_id")
    return (newest == LONE_ADULT_DISCOUNT).fill_null(False).alias("is_lone")


def joint_liabilities(
    records: dict[str, pl.DataFrame], *, as_of: dt.date, person_of_record: pl.DataFrame, stated: pl.DataFrame
) -> pl.DataFrame:
    """Pairs of people named on one bill, both ways round, open or closed by now: the newest bill of each pair."""
    side = (
        records["liabilities"]
        .filter((pl.col("liable_from") <= as_of).fill_null(True))
        .join(person_of_record.select(*RECORD, "person_id"), on=RECORD)
        .join(stated.select(*RECORD, "address_id", "source", stated_on="seen_on"), on=RECORD)
        .select("person_id", "address_id", "liable_from", "liable_to", "source", "delivery", "row", "stated_on")
    )
    return (
        side.join(side.select("delivery", "row", partner="person_id"), on=["delivery", "row"])
        .filter(pl.col("person_id") != pl.col("partner"))
        .sort("person_id", "partner", "stated_on", "liable_from", "delivery", "row", nulls_last=False)
        .unique(["person_id", "partner"], keep="last", maintain_order=True)
    )


def apply_discount(placed: pl.DataFrame, *, accounts: pl.DataFrame) -> pl.DataFrame:
    """A single person discount of one carer says no second adult lives there, unless a later list added one."""
    lone = accounts.filter("is_lone").select("address_id", lone_adult="person_id", discount_on="stated_on")
    carers = placed.filter(pl.col("verdict") == "resident").select("child", "address_id", lone_adult="adult")
    claimed = (
        carers.join(lone, on=["address_id", "lone_adult"])
        .sort("child", "address_id", "discount_on", "lone_adult")
        .unique(["child", "address_id"], keep="last", maintain_order=True)
    )
    is_second = (
        (pl.col("verdict") == "resident")
        & pl.col("lone_adult").is_not_null()
        & (pl.col("lone_adult") != pl.col("adult"))
        & ~(pl.col("is_registered_here") & ~(pl.col("own_seen") < pl.col("discount_on")).fill_null(False))
        & ~(pl.col("is_newly_listed") & (pl.col("first_listed_on") > pl.col("discount_on"))).fill_null(False)
    ).fill_null(False)
    return (
        placed.join(claimed, on=["child", "address_id"], how="left")
        .with_columns(
            pl.when(is_second).then(pl.lit("discounted")).otherwise("verdict").alias("verdict"),
            pl.when(is_second).then("discount_on").otherwise("own_seen").alias("own_seen"),
            pl.when(is_second).then(pl.lit("council_tax")).otherwise("own_source").alias("own_source"),
        )
        .drop("lone_adult", "discount_on")
    )


def apply_full_bill(placed: pl.DataFrame, *, accounts: pl.DataFrame) -> pl.DataFrame:
    """A bill that names a carer and one other leaves no place for a third, unless a later list added one.

    Lists often keep a parent who has left; the new partner is on the bill and on no list.
    """
    billed = accounts.select("address_id", "delivery", "row", "person_id", bill_on="stated_on")
    full = billed.filter(pl.col("person_id").n_unique().over("delivery", "row") == BILLED_AT_MOST)
    carers = placed.filter(pl.col("verdict") == "resident").select("child", "address_id", person_id="adult").unique()
    known = carers.join(full, on=["address_id", "person_id"]).select("child", "address_id", "bill_on").unique()
    by_bill = (
        known.sort("child", "address_id", "bill_on")
        .unique(["child", "address_id"], keep="last", maintain_order=True)
        .with_columns(is_full=pl.lit(True))
    )
    named = billed.select("address_id", adult="person_id").unique().with_columns(is_billed=pl.lit(True))
    is_third = (
        (pl.col("verdict") == "resident")
        & pl.col("is_full").fill_null(False)
        & pl.col("is_billed").is_null()
        & ~pl.col("is_registered_here")
        & ~(pl.col("is_newly_listed") & (pl.col("first_listed_on") > pl.col("bill_on"))).fill_null(False)
    )
    return (
        placed.join(by_bill, on=["child", "address_id"], how="left")
        .join(named, on=["address_id", "adult"], how="left")
        .with_columns(
            pl.when(is_third).then(pl.lit("not billed")).otherwise("verdict").alias("verdict"),
            pl.when(is_third).then("bill_on").otherwise("own_seen").alias("own_seen"),
            pl.when(is_third).then(pl.lit("council_tax")).otherwise("own_source").alias("own_source"),
        )
        .drop("bill_on", "is_full", "is_billed")
    )


def without_idle_kin(placed: pl.DataFrame) -> pl.DataFrame:
    """Leaves out relatives and others without parental responsibility, but the one who lives with a child alone."""
    is_resident = pl.col("verdict") == "resident"
    has_carer = (is_resident & is_carer_by_code()).any().over("child", "address_id")
    return placed.filter(is_carer_by_code() | (is_resident & ~has_carer))


def worded_contacts(placed: pl.DataFrame, *, names: pl.DataFrame) -> pl.DataFrame:
    """The placed contacts with the kind of tie (`tie`) and its sentence (`reason`)."""
    forenames = names.select(child="person_id", child_name="forename")
    verdict, responsible = pl.col("verdict"), pl.col("has_parental_responsibility")
    kind = (
        pl.when((verdict == "resident") & responsible)
        .then(pl.lit(TieReason.RESPONSIBLE_CONTACT.name))
        .when(verdict == "resident")
        .then(pl.lit(TieReason.LIVING_CONTACT.name))
        .when(verdict == "left")
        .then(pl.lit(TieReason.CONTACT_LEFT.name))
        .when(verdict == "not billed")
        .then(pl.lit(TieReason.CONTACT_NOT_BILLED.name))
        .when(verdict == "discounted")
        .then(pl.lit(TieReason.CONTACT_DISCOUNTED.name))
        .when(responsible)
        .then(pl.lit(TieReason.RESPONSIBLE_ELSEWHERE.name))
        .otherwise(pl.lit(TieReason.CONTACT_ELSEWHERE.name))
    )
    values = {
        "relation": pl.col("relationship").replace_strict(RELATION_WORDS),
        "child": forename_or("the child", forename=pl.col("child_name")),
        "said": said_by(pl.col("source"), pl.col("listed_on")),
        "other": said_by(pl.col("own_source").fill_null("council_tax"), pl.col("own_seen")),
    }
    return (
        placed.join(forenames, on="child", how="left")
        .with_columns(kind=kind)
        .with_columns(tie=pl.col("kind").str.to_lowercase(), reason=_worded(pl.col("kind"), values=values))
        .drop("child_name", "kind")
    )


def contact_links(worded: pl.DataFrame) -> pl.DataFrame:
    """Ties of strength 1 between a child and each contact who cares for it, one for each pair."""
    is_resident = pl.col("verdict") == "resident"
    return (
        worded.select(
            person_a="child",
            person_b="adult",
            tie="tie",
            strength=pl.lit(int(Strength.PARENTAL_RESPONSIBILITY), dtype=pl.Int32),
            is_resident=is_resident,
            relation=relation_by_code(),
            valid_from="listed_on",
            valid_to=pl.when(pl.col("verdict") == "left").then("own_seen"),
            source="source",
            delivery="delivery",
            row="row",
            reason="reason",
            address_id="address_id",
        )
        .sort("person_a", "person_b", pl.col("is_resident").not_(), "address_id")
        .unique(["person_a", "person_b"], keep="first", maintain_order=True)
    )


def _worded(kind: pl.Expr, *, values: dict[str, pl.Expr]) -> pl.Expr:
    """The sentence of each contact's reason."""
    sentence = pl.lit(None, dtype=pl.String)
    for reason in CONTACT_REASONS:
        used = {name: value for name, value in values.items() if f"{{{name}}}" in reason.value}
        sentence = pl.when(kind == reason.name).then(fill(reason.value, **used)).otherwise(sentence)
    return sentence


def pair_links(
    pairs: pl.DataFrame, *, reason: TieReason, strength: Strength, relation: str, names: pl.DataFrame
) -> pl.DataFrame:
    """Ties of one kind between pairs (person_a, person_b), stated by (source, delivery, row, stated_on).

    `pairs` may have a `third` person, whom the sentence names as parent or child in common.
    """
    forenames = names.select("person_id", "forename")
    worded = pairs
    for column in ("person_a", "person_b", *(["third"] if "third" in pairs.columns else [])):
        named = forenames.rename({"person_id": column, "forename": f"{column}_name"})
        worded = worded.join(named, on=column, how="left")
    third = forename_or("one person", forename=pl.col("third_name")) if "third" in pairs.columns else pl.lit("")
    values = {
        "a": forename_or("one person", forename=pl.col("person_a_name")),
        "b": forename_or("another person", forename=pl.col("person_b_name")),
        "parent": third,
        "child": third,
        "said": said_by(pl.col("source"), pl.col("stated_on")),
    }
    used = {name: value for name, value in values.items() if f"{{{name}}}" in reason.value}
    return worded.select(
        "person_a",
        "person_b",
        tie=pl.lit(reason.name.lower()),
        strength=pl.lit(int(strength), dtype=pl.Int32),
        is_resident=pl.col("is_resident") if "is_resident" in pairs.columns else pl.lit(True),
        relation=pl.lit(relation),
        valid_from="stated_on",
        valid_to=pl.lit(None, dtype=pl.Date),
        source="source",
        delivery="delivery",
        row="row",
        reason=fill(reason.value, **used),
    )


def shared_parents(carers: pl.DataFrame) -> pl.DataFrame:
    """Pairs of children who have a parent or carer in common, with the newest listing that says so."""
    side = carers.select("child", "adult", "listed_on", "source", "delivery", "row")
    return (
        side.join(side, on="adult", suffix="_b")
        .filter(pl.col("child") < pl.col("child_b"))
        .sort("child", "child_b", "listed_on", "adult", descending=[False, False, True, False], nulls_last=True)
        .unique(["child", "child_b"], keep="first", maintain_order=True)
        .select("source", "delivery", "row", person_a="child", person_b="child_b", third="adult", stated_on="listed_on")
    )


def co_parents(carers: pl.DataFrame) -> pl.DataFrame:
    """Pairs of adults who are parents or carers of the same child."""
    side = carers.select("child", "adult", "listed_on", "source", "delivery", "row")
    return (
        side.join(side.select("child", "adult"), on="child", suffix="_b")
        .filter(pl.col("adult") < pl.col("adult_b"))
        .sort("adult", "adult_b", "listed_on", "child", descending=[False, False, True, False], nulls_last=True)
        .unique(["adult", "adult_b"], keep="first", maintain_order=True)
        .select("source", "delivery", "row", person_a="adult", person_b="adult_b", third="child", stated_on="listed_on")
    )
