"""Twins, and who might be: two of one surname, date of birth and home whose forenames are like one another.

A slip of the pen makes a name that hardly anybody has; where both are names of their own here, two children are
meant, and only a person may say that they are one.
"""

from __future__ import annotations

import polars as pl

from families.linkage import names
from families.linkage.likeness import likeness
from families.linkage.settle import PERMANENT_UPN, Linked, marked_apart

LIKE = 0.88  # Jaro-Winkler of two forenames that may be one name
NAMESAKES = 3  # people of a forename, from which it is a name and no slip
AT_LEAST = 0.1  # of those who have the other name: one and the same slip is rarer
HOME = ["surname", "dob", "address_id"]


def like_twins(records: pl.DataFrame, linked: Linked, crowded: pl.Series) -> pl.DataFrame:
    """Pairs of people (`c`, `c_b`, by records `r`, `r_b`) of one surname, birth and home with like forenames.

    `two_upns` where each has a permanent one; `are_names` where both forenames are names of their own here.
    """
    stated = records.select("r", "forename", *HOME).drop_nulls()
    at_home = stated.filter(~pl.col("address_id").is_in(crowded.implode()))
    said = at_home.join(linked.clusters, on="r").group_by("c", "forename", *HOME).agg(pl.col("r").min()).sort("c", "r")
    crowd = said.filter(pl.len().over(HOME) > 1)
    pairs = crowd.join(crowd, on=HOME, suffix="_b").filter(pl.col("c") < pl.col("c_b"))
    pairs = likeness(pairs, "forename", "forename_b")
    forms = names.nicknames().rename({"variant": "forename_b"}).with_columns(is_form=pl.lit(True))
    pairs = pairs.join(forms, on=["forename", "forename_b"], how="left", maintain_order="left")
    equal, form = pl.col("forename") == pl.col("forename_b"), pl.col("is_form").fill_null(False)
    alike = equal | form | (pl.col("likeness") >= LIKE) | (pl.col("likeness_edits") <= 1)
    pairs = _with_upns(_with_namesakes(pairs.filter(alike), records), records, linked)
    fewer, more = pl.min_horizontal("people", "people_b"), pl.max_horizontal("people", "people_b")
    of_their_own = (fewer >= NAMESAKES) & (fewer >= AT_LEAST * more) & ~(equal | form)
    return pairs.filter(equal | ~pl.col("two_upns")).select(
        "c", "c_b", "r", "r_b", "two_upns", is_one_name=equal | form, are_names=of_their_own.fill_null(False)
    )


def _with_namesakes(pairs: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """How many there are of each forename: people of different surname or birth, however many records of each.

    Registers that state no date of birth are written by hand most, and do not count.
    """
    asked = pl.concat([pairs["forename"], pairs["forename_b"]]).unique()
    named = (
        records.select("forename", "surname", "dob")
        .filter(pl.col("forename").is_in(asked.implode()) & pl.col("dob").is_not_null())
        .unique()
    )
    counted = named.group_by("forename").agg(people=pl.len())
    with_one = pairs.join(counted, on="forename", how="left", maintain_order="left")
    other = counted.rename({"forename": "forename_b", "people": "people_b"})
    return with_one.join(other, on="forename_b", how="left", maintain_order="left")


def _with_upns(pairs: pl.DataFrame, records: pl.DataFrame, linked: Linked) -> pl.DataFrame:
    permanent = records.select("r", "upn").filter(pl.col("upn").str.contains(PERMANENT_UPN))
    upns = permanent.join(linked.clusters, on="r").group_by("c").agg(pl.col("upn").min())
    known = pairs.join(upns, on="c", how="left", maintain_order="left")
    known = known.join(upns.rename({"c": "c_b", "upn": "upn_b"}), on="c_b", how="left", maintain_order="left")
    return known.with_columns(two_upns=(pl.col("upn") != pl.col("upn_b")).fill_null(False)).drop("upn", "upn_b")


def twins_apart(records: pl.DataFrame, linked: Linked, crowded: pl.Series) -> pl.DataFrame:
    """The records, those of likely twins marked so that no further evidence joins the two."""
    pairs = like_twins(records, linked, crowded).filter("are_names").select("c", "c_b").unique().sort("c", "c_b")
    if pairs.is_empty():
        return records
    pair = pl.format("twins|{}|{}", "c", "c_b").hash()
    marks = pl.concat(
        [
            pairs.select(c=end, mark=pl.struct(key=pair, identity=pl.lit(place, pl.UInt64)))
            for place, end in enumerate(("c", "c_b"))
        ]
    )
    of_cluster = marks.group_by("c").agg(pl.col("mark").sort())
    return marked_apart(records, linked.clusters.join(of_cluster, on="c").select("r", "mark"))
