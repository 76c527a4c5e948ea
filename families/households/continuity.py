"""What became of each family since the run before, and why: split, merged, moved, ended, members joined and left.

Compares tables of two runs; knows nothing of rules. Nobody is named: ids only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from families.tables.run import Continuity, FormerFamilies

COLUMNS = ["kind", "old_id", "new_id", "person_id", "sentence"]
LAST_STOP = r"\.$"


class FamilyChange(StrEnum):
    """What may become of a family from run to run; the value is what pages call it."""

    FAMILY_MERGED = "families put together"
    FAMILY_SPLIT = "family taken apart"
    FAMILY_MOVED = "family moved"
    FAMILY_ENDED = "family ended"
    MEMBER_JOINED = "member joined"
    MEMBER_LEFT = "member left"


@dataclass(frozen=True)
class FamiliesOfRun:
    """The families of one run: their members, and who lives where."""

    members: pl.DataFrame
    households: pl.DataFrame


def family_changes(
    before: FamiliesOfRun,
    after: FamiliesOfRun,
    *,
    persons: pl.DataFrame,
    delivered: pl.DataFrame,
    otherwise: str = "",
) -> pl.DataFrame:
    """The Continuity rows of families.

    `persons` are the changes of people (old_id, new_id); `delivered` has the files delivered since that speak of a
    person (person_id, files); `otherwise` is why where no such file does.
    """
    was = _under_new_ids(before.members, after.members, persons)
    now = after.members
    parts = [
        _regrouped(was, now, persons=persons, delivered=delivered, otherwise=otherwise),
        _ended(was, now),
        _moved(before, after, was),
        _members(was, now, delivered=delivered, otherwise=otherwise),
    ]
    return pl.concat([part.select(COLUMNS) for part in parts]).sort(COLUMNS)


def all_changes(people: pl.DataFrame, families: pl.DataFrame) -> pl.DataFrame:
    """The table of what became of people and families."""
    of_people = people.with_columns(person_id=pl.lit("")).select(*COLUMNS, "record_a", "record_b")
    unsaid = [pl.lit(None, pl.String).alias(name) for name in ("record_a", "record_b")]
    whole = pl.concat([of_people, families.select(*COLUMNS, *unsaid)])
    return Continuity.validate(whole.sort(COLUMNS), cast=True)


def former_families(
    earlier: pl.DataFrame | None, before: pl.DataFrame | None, after: pl.DataFrame
) -> pl.DataFrame:  # fmt: skip
    """For each child the ids of families it was in and is not now, as far as they are remembered."""
    if earlier is None or before is None:
        return FormerFamilies.create_empty()
    was = before.filter(pl.col("role") == "child").select("person_id", "family_id")
    known = pl.concat([earlier.select("person_id", "family_id"), was]).unique()
    gone = known.join(after, on=["person_id", "family_id"], how="anti").join(
        after.filter(pl.col("role") == "child"), on="person_id", how="semi"
    )
    return FormerFamilies.validate(gone.sort("person_id", "family_id"), cast=True)


def _under_new_ids(was: pl.DataFrame, now: pl.DataFrame, persons: pl.DataFrame) -> pl.DataFrame:
    """Members before, people who were put together with another under that one's id."""
    merged = persons.filter(pl.col("kind") == "person_merged").sort("old_id", "new_id")
    merged = merged.unique("old_id", keep="first", maintain_order=True)
    renamed = was.join(merged.select(person_id="old_id", new_id="new_id"), on="person_id", how="left")
    return (
        renamed.with_columns(pl.coalesce("new_id", "person_id").alias("person_id"))
        .drop("new_id")
        .unique(["family_id", "person_id"], keep="first", maintain_order=True)
    )


def _children(members: pl.DataFrame, name: str) -> pl.DataFrame:
    return members.filter(pl.col("role") == "child").select("person_id", pl.col("family_id").alias(name)).unique()


def _regrouped(
    was: pl.DataFrame, now: pl.DataFrame, *, persons: pl.DataFrame, delivered: pl.DataFrame, otherwise: str
) -> pl.DataFrame:
    """Families that ended in another one, and families whose children are partly in a new one."""
    children = _children(was, "old_id").join(_children(now, "new_id"), on="person_id")
    pairs = children.filter(pl.col("old_id") != pl.col("new_id"))
    ended = ~pl.col("old_id").is_in(now["family_id"].unique().implode())
    is_new = ~pl.col("new_id").is_in(was["family_id"].unique().implode())
    kind = (
        pl.when(is_new)
        .then(pl.lit("family_split"))
        .when(ended)
        .then(pl.lit("family_merged"))
        .otherwise(pl.lit("moved_over"))
    )
    counted = pairs.with_columns(kind=kind).filter(pl.col("kind") != "moved_over")
    told = counted.group_by("kind", "old_id", "new_id").agg(pl.len().alias("children"))
    whole = pl.concat([now, was]).select("person_id", new_id="family_id").unique()
    told = _with_why(told, whole, persons=persons, delivered=delivered, otherwise=otherwise)
    children_of = _counted("children", "child", "children")
    verb = pl.when(pl.col("children") == 1).then(pl.lit("is")).otherwise(pl.lit("are"))
    sentence = (
        pl.when(pl.col("kind") == "family_merged")
        .then(pl.format("{} is part of {} now, with {}: {}.", "old_id", "new_id", children_of, "why"))
        .otherwise(pl.format("{} of {} {} in a family of their own, {}, now: {}.",
                             children_of, "old_id", verb, "new_id", "why"))
    )  # fmt: skip
    return told.with_columns(sentence=sentence, person_id=pl.lit(""))


def _counted(name: str, one: str, many: str) -> pl.Expr:
    return pl.when(pl.col(name) == 1).then(pl.lit(f"1 {one}")).otherwise(pl.format("{} " + many, name))


def _with_why(
    told: pl.DataFrame, members: pl.DataFrame, *, persons: pl.DataFrame, delivered: pl.DataFrame, otherwise: str
) -> pl.DataFrame:
    """Adds `why`: people put together or taken apart among the members, records delivered since, or `otherwise`."""
    ends = [persons.select("sentence", person_id=end) for end in ("old_id", "new_id")]
    of_people = members.join(pl.concat(ends), on="person_id").group_by("new_id").agg(pl.col("sentence").min())
    of_files = members.join(delivered, on="person_id").group_by("new_id").agg(pl.col("files").min())
    joined = told.join(of_people, on="new_id", how="left").join(of_files, on="new_id", how="left")
    why = (
        pl.when(pl.col("sentence").is_not_null())
        .then(pl.col("sentence").str.replace(LAST_STOP, ""))
        .when(pl.col("files").is_not_null())
        .then(pl.format("records delivered since in {} are of its members", "files"))
        .otherwise(pl.lit(otherwise or "what is known of others there is not what it was"))
    )
    return joined.with_columns(why=why).drop("sentence", "files")


def _ended(was: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Families none of whose children are in any family now: grown up, or in no record any more."""
    gone = was.join(now, on="family_id", how="anti").filter(pl.col("role") == "child")
    gone = gone.with_columns(pl.col("person_id").is_in(_children(now, "x")["person_id"].implode()).alias("is_there"))
    ended = gone.group_by("family_id").agg(pl.col("is_there").any()).filter(~pl.col("is_there"))
    said = pl.format("{} has ended: no record puts a child of it into a family on the date asked about.", "family_id")
    return ended.select(
        sentence=said, old_id="family_id", new_id=pl.lit(""), person_id=pl.lit(""), kind=pl.lit("family_ended")
    )


def _homes(run: FamiliesOfRun, members: pl.DataFrame) -> pl.DataFrame:
    """The addresses at which the resident children of each family live: family_id, address_id, reason."""
    children = members.filter(pl.col("role") == "child").select("family_id", "person_id")
    at = children.join(run.households.select("person_id", "address_id", "reason"), on="person_id")
    return at.group_by("family_id", "address_id").agg(pl.col("reason").min())


def _moved(before: FamiliesOfRun, after: FamiliesOfRun, was: pl.DataFrame) -> pl.DataFrame:
    """Families under one id with children at known addresses in both runs, and no address in common."""
    old, new = _homes(before, was), _homes(after, after.members)
    stayed = old.join(new, on=["family_id", "address_id"]).select("family_id")
    moved = new.join(old, on="family_id", how="semi").join(stayed, on="family_id", how="anti")
    told = moved.sort("family_id", "address_id").unique("family_id", keep="first", maintain_order=True)
    why = pl.col("reason").str.replace(LAST_STOP, "")
    return told.select(
        sentence=pl.format("{} lives at another address now: {}.", "family_id", why),
        old_id="family_id",
        new_id="family_id",
        person_id=pl.lit(""),
        kind=pl.lit("family_moved"),
    )


def _members(was: pl.DataFrame, now: pl.DataFrame, *, delivered: pl.DataFrame, otherwise: str) -> pl.DataFrame:
    """Who joined and who left the families of both runs."""
    key = ["family_id", "person_id"]
    joined = now.join(was, on=key, how="anti").join(was, on="family_id", how="semi")
    left = was.join(now, on=key, how="anti").join(now, on="family_id", how="semi")
    sources = joined.join(delivered, on="person_id", how="left")
    since = pl.when(pl.col("files").is_not_null()).then(
        pl.format("{} (delivered since: {})", pl.col("reason").str.replace(LAST_STOP, ""), "files")
    )
    why = pl.coalesce(since, pl.col("reason").str.replace(LAST_STOP, ""))
    joins = sources.select(
        sentence=pl.format("A person joined {} as {}: {}.", "family_id", "role", why),
        old_id="family_id",
        new_id="family_id",
        person_id="person_id",
        kind=pl.lit("member_joined"),
    )
    return pl.concat([joins, _who_left(left, now, delivered=delivered, otherwise=otherwise)])


def _who_left(left: pl.DataFrame, now: pl.DataFrame, *, delivered: pl.DataFrame, otherwise: str) -> pl.DataFrame:
    elsewhere = now.group_by("person_id").agg(pl.col("family_id").min().alias("elsewhere"))
    told = left.join(elsewhere, on="person_id", how="left").join(delivered, on="person_id", how="left")
    why = (
        pl.when(pl.col("elsewhere").is_not_null())
        .then(pl.format("the person is in {} now", "elsewhere"))
        .when(pl.col("files").is_not_null())
        .then(pl.format("records delivered since in {} put the person elsewhere", "files"))
        .otherwise(pl.lit(otherwise or "nothing says any more that the person belongs there"))
    )
    return told.select(
        sentence=pl.format("A person who was {} in {} has left it: {}.", "role", "family_id", why),
        old_id="family_id",
        new_id="family_id",
        person_id="person_id",
        kind=pl.lit("member_left"),
    )
