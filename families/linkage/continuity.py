"""Who stays who from run to run: ids of people carried over, and what was put together or taken apart, with its reason.

An id goes with most of its records. Where people are put together, the ids that end are remembered record by record,
so that taking them apart again gives each its own id back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from families.linkage.duck import digests
from families.linkage.prepare import KEYS
from families.tables.run import FormerPeople

BY_FACTS = (["upn"], ["forename", "surname", "date_of_birth"], ["forename", "surname", "address_id"])
MOST_FILES = 3  # named in a sentence; of more the number is given


class PersonChange(StrEnum):
    """What may become of a person from run to run; the value is what pages call it."""

    PERSON_MERGED = "put together"
    PERSON_SPLIT = "taken apart"
    RECORDS_MOVED = "records moved"


@dataclass(frozen=True)
class PeopleBefore:
    """What the run published before knew of people."""

    person_of_record: pl.DataFrame
    people: pl.DataFrame
    address_of_record: pl.DataFrame
    former: pl.DataFrame


def person_ids(keyed: pl.DataFrame, described: pl.DataFrame, before: PeopleBefore | None) -> pl.DataFrame:
    """The `person_id` of each cluster `c`: that of most of its records, one it had, that of the person whose file was
    replaced, or one made from its smallest record key.

    `keyed` has each record's key and `c`; `described` what a cluster is known by: `c`, names, date of birth, UPN and
    `address_ids`.
    """
    fresh = _fresh(keyed)
    if before is None or before.person_of_record.is_empty():
        return fresh.select("c", "person_id")
    shared = keyed.select(*KEYS, "c").join(before.person_of_record.select(*KEYS, "person_id"), on=KEYS)
    carried = _best_fit(_overlap(shared, before))
    carried = _also(carried, _best_fit(_formerly(keyed, before.former, carried)))
    carried = _also(carried, _of_replaced(described, shared, before, carried))
    return _with_fresh(carried, fresh, in_use=before.person_of_record["person_id"])


def _fresh(keyed: pl.DataFrame) -> pl.DataFrame:
    smallest = keyed.sort(KEYS).unique(subset="c", keep="first", maintain_order=True)
    keys = smallest.select("c", key=pl.format("{}|{}|{}|{}", *KEYS))
    return keys.with_columns(person_id=pl.Series(digests(keys["key"], "P"), dtype=pl.String))


def _with_fresh(carried: pl.DataFrame, fresh: pl.DataFrame, *, in_use: pl.Series) -> pl.DataFrame:
    """The rest by ids of their own; where somebody has or had that id, by another."""
    taken = {*in_use, *carried["person_id"]}
    rest = fresh.join(carried, on="c", how="anti", maintain_order="left")
    ids = []
    for key, person in rest.select("key", "person_id").iter_rows():
        again = ""
        while person in taken:
            again += "|apart"
            person = digests([key + again], "P")[0]
        ids.append(person)
        taken.add(person)
    return pl.concat([carried, rest.select("c", person_id=pl.Series(ids, dtype=pl.String))]).sort("c")


def _overlap(shared: pl.DataFrame, before: PeopleBefore) -> pl.DataFrame:
    """How many records of an earlier person each cluster holds, how many of them never were of anybody whose id
    ended and could come back, and how many never of anybody else.
    """
    ended = ~pl.col("person_id").is_in(before.person_of_record["person_id"].unique().implode())
    elsewhere = before.former.group_by(KEYS).agg(could_go_back=ended.any(), was_elsewhere=pl.lit(True))
    own = shared.join(elsewhere, on=KEYS, how="left")
    return own.group_by("c", "person_id").agg(
        pl.len(),
        staying=(~pl.col("could_go_back").fill_null(False)).sum(),
        own=(~pl.col("was_elsewhere").fill_null(False)).sum(),
    )


def _formerly(keyed: pl.DataFrame, former: pl.DataFrame, carried: pl.DataFrame) -> pl.DataFrame:
    """The ids that ended, with the clusters without id that hold records they once had."""
    left = keyed.select(*KEYS, "c").join(carried, on="c", how="anti")
    ended = former.join(carried, on="person_id", how="anti")
    return left.join(ended, on=KEYS).group_by("c", "person_id").agg(pl.len(), staying=pl.lit(0), own=pl.lit(0))


def _best_fit(overlap: pl.DataFrame) -> pl.DataFrame:
    """Each id by the cluster that holds most of its records, and by one cluster only."""
    left = overlap.sort("len", "staying", "own", "person_id", "c", descending=[True, True, True, False, False])
    kept = []
    while not left.is_empty():
        best = left.unique(subset="c", keep="first", maintain_order=True)
        best = best.unique(subset="person_id", keep="first", maintain_order=True)
        kept.append(best.select("c", "person_id"))
        left = left.join(best, on="c", how="anti", maintain_order="left")
        left = left.join(best, on="person_id", how="anti", maintain_order="left")
    return pl.concat(kept) if kept else pl.DataFrame(schema={"c": pl.Int64, "person_id": pl.String})


def _also(carried: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([carried, more.select("c", "person_id")])


def _of_replaced(
    described: pl.DataFrame, shared: pl.DataFrame, before: PeopleBefore, carried: pl.DataFrame
) -> pl.DataFrame:
    """Ids of people all of whose records are gone, such as those of a file replaced by a corrected one.

    They go to somebody of whom no record was known, by what both alone are known by, one kind of fact after the other.
    """
    gone = before.people.join(shared.select("person_id").unique(), on="person_id", how="anti")
    new = described.join(shared.select("c").unique(), on="c", how="anti")
    new = new.join(carried, on="c", how="anti")
    at = before.person_of_record.join(before.address_of_record.select(*KEYS, "address_id"), on=KEYS)
    lived = at.select("person_id", "address_id").unique()
    found = pl.DataFrame(schema={"c": pl.Int64, "person_id": pl.String})
    for facts in BY_FACTS:
        old_facts = gone.join(found, on="person_id", how="anti")
        new_facts = new.join(found, on="c", how="anti")
        if "address_id" in facts:
            old_facts = old_facts.join(lived, on="person_id")
            new_facts = new_facts.explode("address_ids", empty_as_null=True).rename({"address_ids": "address_id"})
        found = pl.concat([found, _the_only_two(old_facts, new_facts, facts)])
    return found.sort("c")


def _the_only_two(old: pl.DataFrame, new: pl.DataFrame, facts: list[str]) -> pl.DataFrame:
    """Pairs of whom nobody else has these facts on either side, and who differ in no UPN and no date of birth."""
    columns = [*facts, *(name for name in ("upn", "date_of_birth") if name not in facts)]
    pairs = old.drop_nulls(facts).select("person_id", *columns).join(
        new.drop_nulls(facts).select("c", *columns), on=facts
    )  # fmt: skip
    for name in ("upn", "date_of_birth"):
        if name not in facts:
            pairs = pairs.filter((pl.col(name) == pl.col(f"{name}_right")).fill_null(True))
    pairs = pairs.select("c", "person_id").unique()
    return pairs.filter(pl.col("c").is_unique() & pl.col("person_id").is_unique()).sort("c")


def former_people(before: PeopleBefore | None, person_of_record: pl.DataFrame) -> pl.DataFrame:
    """For each record the ids of people it was of and is not now, as far as they are remembered."""
    if before is None:
        return FormerPeople.create_empty()
    now = person_of_record.select(*KEYS, now="person_id")
    known = pl.concat([before.former, before.person_of_record.select(*KEYS, "person_id")])
    was = known.join(now, on=KEYS).filter(pl.col("person_id") != pl.col("now"))
    return FormerPeople.validate(was.select(*KEYS, "person_id").unique().sort(*KEYS, "person_id"), cast=True)


# -- what became of people -----------------------------------------------------------------------------------------


def person_changes(
    before: pl.DataFrame, after: pl.DataFrame, *, files: dict[str, str], otherwise: str = ""
) -> pl.DataFrame:
    """People put together or taken apart between two tables `person_of_record`: kind, old_id, new_id, sentence.

    Of people put together, `record_a` and `record_b` are a record of each, by which they can be kept apart.

    `files` names the deliveries of the later run; those that only it has give the reason, else `otherwise` does.
    """
    both = before.select(*KEYS, old_id="person_id").join(
        after.select(*KEYS, "reason", new_id="person_id"), on=KEYS
    )  # fmt: skip
    moved = both.filter(pl.col("old_id") != pl.col("new_id")).sort(*KEYS)
    pairs = moved.group_by("old_id", "new_id").agg(
        pl.len().alias("records"), pl.col("reason").first(), record_a=_key_as_json().first()
    )
    stayed = both.filter(pl.col("old_id") == pl.col("new_id")).sort(*KEYS)
    pairs = pairs.join(stayed.group_by("new_id").agg(record_b=_key_as_json().first()), on="new_id", how="left")
    ended = ~pl.col("old_id").is_in(after["person_id"].unique().implode())
    is_new = ~pl.col("new_id").is_in(before["person_id"].unique().implode())
    kind = (
        pl.when(is_new)
        .then(pl.lit(PersonChange.PERSON_SPLIT.name))
        .when(ended)
        .then(pl.lit(PersonChange.PERSON_MERGED.name))
        .otherwise(pl.lit(PersonChange.RECORDS_MOVED.name))
    ).str.to_lowercase()
    delivered = delivered_since(before, after, files=files)
    told = pairs.with_columns(kind=kind)
    for end in ("old_id", "new_id"):
        told = told.join(delivered.rename({"person_id": end, "files": f"{end}_files"}), on=end, how="left")
    since = pl.coalesce("new_id_files", "old_id_files")
    why = (
        pl.when(since.is_not_null())
        .then(pl.format("records delivered since in {} are of them", since))
        .otherwise(pl.lit(otherwise or "other records delivered since changed what is rare and what is common"))
    )
    is_merge = pl.col("kind") == "person_merged"
    records = [pl.when(is_merge).then(name).alias(name) for name in ("record_a", "record_b")]
    return told.select("kind", "old_id", "new_id", *records, sentence=_sentence(why)).sort("kind", "old_id", "new_id")


def _key_as_json() -> pl.Expr:
    """A record's key as a JSON list: source, delivery, row, part; none of these holds a quotation mark."""
    return pl.format('["{}", "{}", {}, "{}"]', *KEYS)


def _sentence(why: pl.Expr) -> pl.Expr:
    count = pl.when(pl.col("records") == 1).then(pl.lit("1 record")).otherwise(pl.format("{} records", "records"))
    return (
        pl.when(pl.col("kind") == "person_merged")
        .then(pl.format("{} is one person with {} now, by {}: {}.", "old_id", "new_id", "reason", why))
        .when(pl.col("kind") == "person_split")
        .then(pl.format("{} of {} now of another person, {}: {}.", count, "old_id", "new_id", why))
        .otherwise(pl.format("{} of {} now of {}, by {}: {}.", count, "old_id", "new_id", "reason", why))
    )


def delivered_since(before: pl.DataFrame, after: pl.DataFrame, *, files: dict[str, str]) -> pl.DataFrame:
    """The files delivered since that have records of a person: person_id, files in words."""
    new = after.join(before.select("delivery").unique(), on="delivery", how="anti")
    named = new.select("person_id", file=pl.col("delivery").replace(files)).unique()
    names = pl.col("file").sort()
    shown = names.head(MOST_FILES).str.join(", ")
    listed = pl.when(names.len() > MOST_FILES).then(
        pl.concat_str(shown, pl.format(" and {} more", names.len() - MOST_FILES))
    )
    return named.group_by("person_id").agg(files=listed.otherwise(shown))
