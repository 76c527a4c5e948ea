"""What people decided of an adult and the family of a child: that they belong to it, or not; it binds every run."""

from __future__ import annotations

import polars as pl

from families.households.groups import PLACE
from families.households.ties import LINK_COLUMNS, Strength, TieReason
from families.households.wording import fill, forename_or

BELONGS, DOES_NOT = "belongs", "does_not_belong"
KEYS = ["source", "delivery", "row", "part"]
DECIDED = pl.Schema({"adult": pl.String, "child": pl.String, "answer": pl.String})


def of_people(decisions: pl.DataFrame | None, person_of_record: pl.DataFrame) -> pl.DataFrame:
    """Decisions about people who are here: `adult`, `child`, `answer`; the newest of each two."""
    if decisions is None or decisions.is_empty():
        return pl.DataFrame(schema=DECIDED)
    held = decisions.filter(pl.col("answer").is_in([BELONGS, DOES_NOT]))
    for end, name in (("a", "adult"), ("b", "child")):
        people = person_of_record.select(*KEYS, pl.col("person_id").alias(name))
        held = held.join(people, left_on=[f"{key}_{end}" for key in KEYS], right_on=KEYS)
    newest = held.sort("adult", "child", "decision").unique(["adult", "child"], keep="last", maintain_order=True)
    return newest.select(list(DECIDED))


def decide_contacts(placed: pl.DataFrame, decided: pl.DataFrame, *, names: pl.DataFrame) -> pl.DataFrame:
    """Contacts as decided: living with the child, or not."""
    told = placed.join(decided, on=["child", "adult"], how="left", maintain_order="left")
    belongs, not_so = pl.col("answer") == BELONGS, pl.col("answer") == DOES_NOT
    worded = _worded(told, names=names)
    return worded.with_columns(
        verdict=pl.when(belongs).then(pl.lit("resident")).when(not_so).then(pl.lit("elsewhere")).otherwise("verdict"),
        tie=_tie(otherwise=pl.col("tie")),
        reason=pl.coalesce("decided_reason", "reason"),
    ).select(placed.columns)


def _tie(*, otherwise: pl.Expr) -> pl.Expr:
    kinds = {BELONGS: TieReason.DECIDED.name.lower(), DOES_NOT: TieReason.RULED_OUT.name.lower()}
    return pl.coalesce(pl.col("answer").replace_strict(kinds, default=None, return_dtype=pl.String), otherwise)


def _worded(pairs: pl.DataFrame, *, names: pl.DataFrame) -> pl.DataFrame:
    """The pairs with the sentence of what was decided, if anything was (`decided_reason`)."""
    known = names.select("person_id", "forename")
    for end in ("adult", "child"):
        named = known.rename({"person_id": end, "forename": f"{end}_name"})
        pairs = pairs.join(named, on=end, how="left", maintain_order="left")
    values = {
        "adult": forename_or("this adult", forename=pl.col("adult_name")),
        "child": forename_or("the child", forename=pl.col("child_name")),
    }
    reason = (
        pl.when(pl.col("answer") == BELONGS)
        .then(fill(TieReason.DECIDED.value, **values))
        .when(pl.col("answer") == DOES_NOT)
        .then(fill(TieReason.RULED_OUT.value, **values))
    )
    return pairs.with_columns(decided_reason=reason).drop("adult_name", "child_name")


def decide_groups(gathered: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """The families with every adult in or out as decided."""
    if decided.is_empty():
        return gathered
    return _moved_in(_set_apart(gathered, decided), decided).sort(PLACE)


def _set_apart(gathered: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """Adults who were decided not to belong to a child's family, each on their own."""
    out = decided.filter(pl.col("answer") == DOES_NOT).join(
        gathered.select("group", child="person_id"), on="child"
    )  # fmt: skip
    marks = out.select("group", person_id="adult").unique().with_columns(is_out=pl.lit(True))
    told = gathered.join(marks, on=["group", "person_id"], how="left", maintain_order="left").sort(PLACE)
    is_out = pl.col("is_out").fill_null(False)
    alone = pl.col("group").max() + 1 + pl.int_range(pl.len())
    return told.with_columns(
        group=pl.when(is_out).then(alone).otherwise("group"),
        basis=pl.when(~is_out).then("basis"),
        through=pl.when(~is_out).then("through"),
    ).drop("is_out")


def _moved_in(gathered: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """Adults who were decided to belong to a child's family, with the child at its first address."""
    into = decided.filter(pl.col("answer") == BELONGS).join(
        gathered.select("address_id", "group", child="person_id"), on="child"
    )
    inside = gathered.select("group", adult="person_id")
    wanted = (
        into.join(inside, on=["group", "adult"], how="anti")
        .sort("adult", "child", "address_id")
        .unique("adult", keep="first", maintain_order=True)
        .select("address_id", person_id="adult", to_group="group", with_child="child")
    )
    places = gathered.join(wanted, on=PLACE, how="left", maintain_order="left").with_columns(
        group=pl.coalesce("to_group", "group"),
        basis=pl.when(pl.col("to_group").is_not_null()).then(pl.lit("adult")).otherwise("basis"),
        through=pl.coalesce("with_child", "through"),
    )
    elsewhere = wanted.join(gathered.select(PLACE), on=PLACE, how="anti")
    of_child = gathered.rename({"person_id": "with_child"}).join(
        elsewhere, on=["with_child", "address_id"], maintain_order="left"
    )
    added = of_child.with_columns(
        is_child=pl.lit(False),
        is_carer=pl.lit(False),
        is_liable=pl.lit(False),
        basis=pl.lit("adult"),
        through=pl.col("with_child"),
    )
    return pl.concat([places.select(gathered.columns), added.select(gathered.columns)])


def decided_links(decided: pl.DataFrame, *, names: pl.DataFrame) -> pl.DataFrame:
    """The decisions as ties, stronger than any other."""
    blank = pl.lit(None, pl.Date)
    return (
        _worded(decided, names=names)
        .with_columns(tie=_tie(otherwise=pl.lit("")))
        .select(
            "tie",
            person_a="child",
            person_b="adult",
            strength=pl.lit(int(Strength.PARENTAL_RESPONSIBILITY), dtype=pl.Int32),
            is_resident=pl.col("answer") == BELONGS,
            relation=pl.lit("adult"),
            valid_from=blank,
            valid_to=blank,
            source=pl.lit(""),
            delivery=pl.lit(None, pl.String),
            row=pl.lit(None, pl.Int64),
            reason="decided_reason",
        )
        .select(LINK_COLUMNS)
    )
