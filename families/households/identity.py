"""Ids of households and families: the same from the same facts, and carried from run to run."""

from __future__ import annotations

import hashlib

import polars as pl

ID_DIGITS = 15


def hashed(prefix: str, *, texts: pl.Series) -> pl.Series:
    """An opaque id for each text, the same on every machine and in every run."""
    digests = (hashlib.sha256(text.encode()).hexdigest()[:ID_DIGITS] for text in texts)
    return pl.Series([prefix + digest for digest in digests], dtype=pl.String)


def name_families(
    members: pl.DataFrame, *, previous: pl.DataFrame | None, former: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Each `family` (a number) with its `family_id`: the previous one that it carries on, or a new one.

    A family carries on the previous family with which it has most children in common, then most members; each
    previous id is carried once. `members` has family, person_id, role and address_id. `former` has the ids that
    children were under before: what was one and is parted again gets its own back.
    """
    families = (
        members.filter(pl.col("role") == "child")
        .group_by("family")
        .agg(pl.col("person_id").min().alias("first_child"), pl.col("address_id").first())
        .sort("family")
    )
    if previous is None or previous.is_empty():
        return _new_ids(families, taken=pl.Series([], dtype=pl.String))
    carried = _carried(members, previous=previous, former=former)
    if former is not None:
        carried = pl.concat([carried, _again(members, carried, previous=previous, former=former)])
    new = families.join(carried, on="family", how="anti")
    return pl.concat(
        [carried, _new_ids(new, taken=pl.concat([previous["family_id"], carried["family_id"]]).unique())]
    ).sort("family")


def _new_ids(families: pl.DataFrame, *, taken: pl.Series) -> pl.DataFrame:
    """Ids from smallest child and address; where a previous family has taken that id, from the next number on."""
    texts = families.select(pl.concat_str("first_child", pl.lit("|"), "address_id")).to_series()
    named = families.select("family").with_columns(hashed("F", texts=texts).alias("family_id"))
    attempt = 1
    while (clash := named["family_id"].is_in(taken.implode())).any():
        attempt += 1
        again = hashed("F", texts=texts + f"|{attempt}")
        named = named.with_columns(pl.when(clash).then(again).otherwise("family_id").alias("family_id"))
    return named


def _carried(members: pl.DataFrame, *, previous: pl.DataFrame, former: pl.DataFrame | None) -> pl.DataFrame:
    """By children in common, first those who were never in another family, then by members."""
    elsewhere = former["person_id"].unique() if former is not None else pl.Series([], dtype=pl.String)
    is_child = (pl.col("role") == "child") & (pl.col("old_role") == "child")
    overlap = (
        members.select("family", "person_id", "role")
        .join(previous.select("person_id", "family_id", old_role="role"), on="person_id")
        .group_by("family", "family_id")
        .agg(
            is_child.sum().alias("children"),
            (is_child & ~pl.col("person_id").is_in(elsewhere.implode())).sum().alias("own"),
            ((pl.col("role") == "linked") == (pl.col("old_role") == "linked")).sum().alias("people"),
        )
        .filter(pl.col("children") > 0)
    )
    return _best_fit(overlap, by=["children", "own", "people"])


def _again(
    members: pl.DataFrame, carried: pl.DataFrame, *, previous: pl.DataFrame, former: pl.DataFrame
) -> pl.DataFrame:
    """Ids that ended and that children of a family without id were under."""
    ended = former.join(previous, on="family_id", how="anti").join(carried, on="family_id", how="anti")
    children = members.filter(pl.col("role") == "child").join(carried, on="family", how="anti")
    overlap = children.join(ended, on="person_id").group_by("family", "family_id").agg(pl.len().alias("children"))
    return _best_fit(overlap, by=["children"])


def _best_fit(overlap: pl.DataFrame, *, by: list[str]) -> pl.DataFrame:
    """Pairs that are the best of both, in turn: each family one id, each id one family."""
    ranked = overlap.sort(
        [*by, "family_id", "family"], descending=[*(True for _ in by), False, False]
    ).with_row_index("rank")  # fmt: skip
    kept = []
    while not ranked.is_empty():
        best = ranked.filter(
            (pl.col("rank") == pl.col("rank").min().over("family"))
            & (pl.col("rank") == pl.col("rank").min().over("family_id"))
        )
        kept.append(best.select("family", "family_id"))
        ranked = ranked.join(best, on="family", how="anti").join(best, on="family_id", how="anti")
    schema = {"family": overlap.schema["family"], "family_id": pl.String()}
    return pl.concat(kept) if kept else pl.DataFrame(schema=schema)
