"""What would follow if a doubt were settled: the rules asked again of families put together as they would then be."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from families.criteria.evaluate import ELIGIBLE, IN_WORDS, evaluate
from families.criteria.facts import Facts
from families.criteria.outcomes import MET
from families.criteria.ruleset import Ruleset

Tables = Mapping[str, pl.DataFrame]
EFFECTS = ("eligible", "not_eligible", "strand", "none")  # the order of work
IF = {"pair": "If the two are one person", "weak_tie": "If not", "doubtful_contact": "If so"}
MEMBERS = [
    "supposed",
    "doubt_id",
    "family_id",
    "person_id",
    "role",
    "is_resident",
    "member_from",
    "member_to",
    "reason",
]


def weighed_up(asked: pl.DataFrame, tables: Tables, names: pl.DataFrame) -> pl.DataFrame:
    """The members of every family concerned as they would be: `supposed` stands for the family's id."""
    members = tables["family_members"]
    parts = [_as_one(asked, members), _without(asked, members), _with_contact(asked, members)]
    return pl.concat(parts).sort("supposed", "person_id").join(names, on="family_id", how="left")


def _supposed() -> pl.Expr:
    return pl.concat_str("doubt_id", "family_id", separator="|")


def _as_one(asked: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """The families of two people in which one person stands for both."""
    pairs = asked.filter(pl.col("asks") == "pair")
    sides = pl.concat([pairs.select("doubt_id", person_id=end) for end in ("person_a", "person_b")])
    families = members.select("family_id", "person_id").join(sides, on="person_id").select("doubt_id", "family_id")
    whole = families.unique().join(members, on="family_id")
    either = sides.with_columns(is_side=pl.lit(True))
    merged = whole.join(either, on=["doubt_id", "person_id"], how="left").with_columns(
        person_id=pl.when(pl.col("is_side").fill_null(False)).then("doubt_id").otherwise("person_id"),
        linked=pl.col("role") == "linked",
    )
    once = merged.sort("doubt_id", "family_id", "person_id", "linked", "role").unique(
        ["doubt_id", "family_id", "person_id"], keep="first", maintain_order=True
    )
    return once.with_columns(supposed=_supposed()).select(MEMBERS)


def _without(asked: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """The families without the adult whom only a surname or an address puts there."""
    weak = asked.filter(pl.col("kind") == "weak_tie").select("doubt_id", "family_id", person_id="person_a")
    whole = weak.select("doubt_id", "family_id").join(members, on="family_id")
    left = whole.join(weak, on=["doubt_id", "family_id", "person_id"], how="anti")
    return left.with_columns(supposed=_supposed()).select(MEMBERS)


def _with_contact(asked: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """The families with the contact living there."""
    listed = asked.filter(pl.col("kind") == "doubtful_contact").select("doubt_id", "family_id", person_id="person_a")
    whole = listed.select("doubt_id", "family_id").join(members, on="family_id")
    others = whole.join(listed, on=["doubt_id", "family_id", "person_id"], how="anti")
    blank = [pl.lit(None, members.schema[name]).alias(name) for name in ("member_from", "member_to")]
    joined = listed.with_columns(
        *blank,
        person_id=pl.col("doubt_id"),
        role=pl.lit("parent"),
        is_resident=pl.lit(True),
        reason=pl.lit("supposed"),
    )
    both = pl.concat([others.select(joined.columns), joined])
    return both.with_columns(supposed=_supposed()).select(MEMBERS)


def effects(
    rules: Ruleset, supposed: pl.DataFrame, asked: pl.DataFrame, tables: Tables, *, facts_of: Callable[[Tables], Facts]
) -> pl.DataFrame:
    """By question the effect on eligibility, its place in the order of work (`order`) and the sentence (`if_so`)."""
    made = evaluate(rules, facts_of(_tables_supposed(supposed, asked, tables))).assessments
    concerned = supposed.select("supposed", "doubt_id", "family_id", "name").unique()
    now = tables["assessments"].select("family_id", "strand", "outcome")
    then = made.select("strand", supposed="family_id", then="outcome").join(concerned, on="supposed")
    changed = then.join(now, on=["family_id", "strand"]).filter(pl.col("then") != pl.col("outcome"))
    is_eligible = pl.col("strand") == ELIGIBLE
    order = (
        pl.when(is_eligible & (pl.col("then") == MET))
        .then(0)
        .when(is_eligible & (pl.col("outcome") == MET))
        .then(1)
        .otherwise(2)
    )
    labels = {**rules.strand_labels, ELIGIBLE: "eligibility"}
    said = pl.format(
        "{} of the {} would change from {} to {}",
        pl.col("strand").replace(labels),
        "name",
        pl.col("outcome").replace(IN_WORDS),
        pl.col("then").replace(IN_WORDS),
    )
    by_doubt = (
        changed.with_columns(order=order, said=said)
        .sort("doubt_id", "order", "family_id", "strand")
        .group_by("doubt_id", maintain_order=True)
        .agg(pl.col("order").min(), pl.col("said").str.join("; "))
    )
    lead = pl.coalesce(
        pl.when(pl.col("asks") == "pair").then(pl.lit(IF["pair"])),
        pl.col("kind").replace_strict(IF, default=IF["weak_tie"], return_dtype=pl.String),
    )
    told = asked.select("doubt_id", lead=lead).join(by_doubt, on="doubt_id", how="left")
    return told.select(
        "doubt_id",
        order=pl.col("order").fill_null(3),
        effect=pl.col("order").fill_null(3).replace_strict(dict(enumerate(EFFECTS)), return_dtype=pl.String),
        if_so=pl.when(pl.col("said").is_null())
        .then(pl.format("{}, no strand of any family changes.", "lead"))
        .otherwise(pl.format("{}, {}.", "lead", "said")),
    )


def _tables_supposed(supposed: pl.DataFrame, asked: pl.DataFrame, tables: Tables) -> dict[str, pl.DataFrame]:
    """Tables like the run's, cut to the families concerned, with one person (by the doubt's id) for each supposed one.

    That person is told of whatever either side is, and lives where the family does.
    """
    pairs, contacts = asked.filter(asks="pair"), asked.filter(kind="doubtful_contact")
    told_of = pl.concat(
        [
            pairs.select(one="doubt_id", person_id="person_a"),
            pairs.select(one="doubt_id", person_id="person_b"),
            contacts.select(one="doubt_id", person_id="person_a"),
        ]
    )
    residents = tables["family_members"].filter("is_resident")["person_id"].unique()
    home = pl.when(pl.col("person_a").is_in(residents.implode())).then("person_a").otherwise("person_b")
    at_home = pl.concat(
        [pairs.select(one="doubt_id", person_id=home), contacts.select(one="doubt_id", person_id="person_b")]
    )
    people = supposed["person_id"].unique()

    def cut(name: str, sides: pl.DataFrame = told_of) -> pl.DataFrame:
        table = tables[name]
        own = table.filter(pl.col("person_id").is_in(people.implode()))
        of_supposed = table.join(sides, on="person_id").with_columns(person_id="one").select(table.columns)
        return pl.concat([own, of_supposed])

    held = cut("people").sort("person_id", "date_of_birth", "surname", "forename", nulls_last=True)
    return {
        "person_of_record": cut("person_of_record"),
        "people": held.unique("person_id", keep="first", maintain_order=True),
        "address_of_record": tables["address_of_record"],
        "residences": cut("residences", at_home).unique(["person_id", "address_id"], keep="first", maintain_order=True),
        "absence": cut("absence"),
        "family_members": supposed.with_columns(family_id="supposed").select(tables["family_members"].columns),
    }
