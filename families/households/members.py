"""Who is in each family, in what role, and the one sentence that says why."""

from __future__ import annotations

import polars as pl

from families.households import ties
from families.households.groups import PLACE
from families.households.residence import UNDATED
from families.households.ties import TieReason
from families.households.wording import fill, said_by

NOWHERE = "?"  # stands before the id of the person around whom people without an address are gathered
MEMBER_COLUMNS = ["family", "address_id", "person_id", "role", "is_resident", "member_from", "reason", "order"]


def family_members(
    gathered: pl.DataFrame,
    *,
    links: pl.DataFrame,
    placed: pl.DataFrame,
    homes: pl.DataFrame,
) -> pl.DataFrame:
    """Members of each family (still numbered): children, those who care for them, others there, and the linked."""
    families = gathered.filter(pl.col("is_child").any().over("group")).rename({"group": "family"})
    members = pl.concat(
        [
            _child_members(families, homes=homes),
            _carer_members(families, placed=placed),
            _inferred_members(families, links=links),
            _linked_members(families, placed=placed),
        ]
    )
    return members.sort("family", "person_id", "order").unique(
        ["family", "person_id"], keep="first", maintain_order=True
    )


def child_home_sentence() -> pl.Expr:
    """Why a child is said to live at one of the `child_homes`."""
    known = said_by(pl.col("source"), _known_day("last_seen"))
    return (
        pl.when(pl.col("address_id").str.starts_with(NOWHERE) & (pl.col("source") == ""))
        .then(pl.lit("Child of whom no record states an address."))
        .when(pl.col("address_id").str.starts_with(NOWHERE))
        .then(fill("Child listed with a contact at the same, unstated address ({said}).", said=known))
        .when(pl.col("home_basis") == "second")
        .then(fill("Child with a second home here, beside the main one ({said}).", said=known))
        .when(pl.col("home_basis") == "with carer")
        .then(fill("Child listed as living with a contact who is at this address ({said}).", said=known))
        .when(pl.col("home_basis") == "with sibling")
        .then(fill("Child listed as living with the same contact as another child here ({said}).", said=known))
        .when(pl.col("home_basis") == "with namesake")
        .then(
            fill("Child of the surname of adults who moved from its stated address to this one ({said}).", said=known)
        )
        .otherwise(fill("Child living at this address ({said}).", said=known))
    )


def _child_members(families: pl.DataFrame, *, homes: pl.DataFrame) -> pl.DataFrame:
    return (
        families.filter("is_child")
        .join(homes, on=PLACE)
        .select(
            "family",
            "address_id",
            "person_id",
            role=pl.lit("child"),
            is_resident=pl.lit(True),
            member_from=_known_day("lived_from"),
            reason=child_home_sentence(),
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
