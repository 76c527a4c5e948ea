"""People at one address, gathered into families in the order of evidence; several families may stay several.

A place is a person at an address (a child with two homes has two). Each round only adds people whom no stronger
evidence has put into a family, and only where exactly one family at the address can be meant.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

PLACE = ["address_id", "person_id"]
PARENT_AGE_GAPS = (15, 55)  # years between parent and child that are taken as possible without other evidence
PARENTS_AT_MOST = 2
GENERATION = 18  # years


def components(places: pl.DataFrame, *, ties: pl.DataFrame) -> pl.DataFrame:
    """The places with their `group`: the smallest set closed under ties (address_id, person_a, person_b)."""
    numbered = places.sort(PLACE).with_row_index("place")
    index = numbered.select("place", *PLACE)
    edges = (
        ties.select("address_id", "person_a", "person_b")
        .unique()
        .join(index.rename({"person_id": "person_a"}), on=["address_id", "person_a"])
        .join(index.rename({"person_id": "person_b"}), on=["address_id", "person_b"], suffix="_b")
    )
    size = numbered.height
    graph = coo_array(
        (np.ones(edges.height, dtype=np.int8), (edges["place"].to_numpy(), edges["place_b"].to_numpy())),
        shape=(size, size),
    )
    _, labels = connected_components(graph, directed=False)
    return (
        numbered.with_columns(pl.Series("label", labels, dtype=pl.Int64))
        .with_columns(pl.col("place").min().over("label").cast(pl.Int64).alias("group"))
        .drop("place", "label")
    )


def gather(
    places: pl.DataFrame,
    *,
    contacts: pl.DataFrame,
    joint: pl.DataFrame,
    surnames: pl.DataFrame,
    ages: pl.DataFrame,
) -> pl.DataFrame:
    """The families: every place with its `group`, and how it came there (`basis`).

    `places` has address_id, person_id, is_child, is_carer, gender (F or M of a mother or father by the contact list),
    was_asked (some file lists this child's contacts), is_liable, is_barred, is_communal and is_shared;
    `contacts` the ties of strength 1 inside an address, `joint` the accounts of two people there, `surnames` the
    surname keys of each person, `ages` the years in which each may be born.
    """
    gathered = components(places, ties=contacts).with_columns(
        basis=pl.when(pl.col("is_carer")).then(pl.lit("contact")).when("is_child").then(pl.lit("child"))
    )
    rounds = (
        _join_partners,
        _join_children_by_surname,
        _join_other_halves,
        _join_adults_by_surname,
        _join_partners,
        _join_by_address,
    )
    for one_round in rounds:
        gathered = one_round(gathered, joint=joint, surnames=surnames, ages=ages)
    return gathered.sort(PLACE)


def _summed(places: pl.DataFrame) -> pl.DataFrame:
    """Each place with what its group holds."""
    return places.with_columns(
        pl.col("is_child").any().over("group").alias("has_children"),
        _is_parent().sum().over("group").alias("parents"),
    )


def _attach(places: pl.DataFrame, *, candidates: pl.DataFrame, basis: str) -> pl.DataFrame:
    """Moves each candidate (address_id, person_id, to_group, through) to the one group it can mean."""
    certain = (
        candidates.group_by(PLACE)
        .agg(pl.col("to_group").unique().sort(), pl.col("through").min())
        .filter(pl.col("to_group").list.len() == 1)
        .select(*PLACE, pl.col("to_group").list.first(), pl.col("through").alias("new_through"))
    )
    joined = places.join(certain, on=PLACE, how="left")
    has_moved = pl.col("to_group").is_not_null()
    through = pl.col("through") if "through" in places.columns else pl.lit(None, dtype=pl.String)
    return joined.with_columns(
        pl.coalesce("to_group", "group").alias("group"),
        pl.when(has_moved & ~pl.col("is_child")).then(pl.lit(basis)).otherwise("basis").alias("basis"),
        pl.when(has_moved).then("new_through").otherwise(through).alias("through"),
    ).drop("to_group", "new_through")


def _lone_adults(places: pl.DataFrame) -> pl.DataFrame:
    """Adults whom nothing has put into a family, at addresses where weak evidence may speak."""
    return _summed(places).filter(~pl.col("is_child"), ~pl.col("has_children"), ~pl.col("is_communal"))


def _join_partners(
    places: pl.DataFrame, *, joint: pl.DataFrame, surnames: pl.DataFrame, ages: pl.DataFrame
) -> pl.DataFrame:
    """An adult liable together with a parent belongs to the parent's family."""
    of_families = _summed(places).filter(pl.col("has_children"), pl.col("basis").is_in(["contact", "parent"]))
    candidates = (
        joint.join(_lone_adults(places).select(*PLACE, is_barred="is_barred"), on=PLACE)
        .filter(~pl.col("is_barred"))
        .join(
            of_families.filter(pl.col("parents") < PARENTS_AT_MOST).select(
                "address_id", partner="person_id", to_group="group"
            ),
            on=["address_id", "partner"],
        )
        .select(*PLACE, "to_group", through="partner")
    )
    return _attach(places, candidates=candidates, basis="parent")


def _join_children_by_surname(
    places: pl.DataFrame, *, joint: pl.DataFrame, surnames: pl.DataFrame, ages: pl.DataFrame
) -> pl.DataFrame:
    """Children without a carer join each other, then the one family of their surname at the address."""
    held = _summed(places)
    lone = held.filter(pl.col("is_child"), pl.col("parents") == 0, ~pl.col("is_communal"))
    keyed = lone.select(*PLACE).join(surnames, on="person_id").sort("address_id", "surname", "person_id")
    first = keyed.with_columns(pl.col("person_id").first().over("address_id", "surname").alias("person_b"))
    ties = pl.concat(
        [
            first.select("address_id", person_a="person_id", person_b="person_b"),
            _within_groups(held),
        ]
    )
    through = pl.col("through") if "through" in places.columns else pl.lit(None, dtype=pl.String)
    sisters = components(places.drop("group").with_columns(through.alias("through")), ties=ties)
    held = _summed(sisters)
    lone = held.filter(pl.col("is_child"), pl.col("parents") == 0, ~pl.col("is_communal"))
    return _attach_groups(
        sisters,
        candidates=_same_surname(lone, others=held.filter(pl.col("parents") > 0, "has_children"), surnames=surnames),
    )


def _join_other_halves(
    places: pl.DataFrame, *, joint: pl.DataFrame, surnames: pl.DataFrame, ages: pl.DataFrame
) -> pl.DataFrame:
    """Two lists may each leave out one parent: a mother's children and a father's, of one surname, are one family."""
    held = _summed(places).filter("has_children", ~pl.col("is_communal"), ~pl.col("is_shared"))
    lone = held.filter(pl.col("parents") == 1)
    mothers = lone.filter((pl.col("gender").is_in(["F"])).any().over("group"))
    fathers = lone.filter((pl.col("gender").is_in(["M"])).any().over("group"))
    candidates = _same_surname(mothers, others=fathers, surnames=surnames)
    one_each = candidates.group_by("to_group").agg(pl.col("from_group").n_unique()).filter(pl.col("from_group") == 1)
    return _attach_groups(places, candidates=candidates.join(one_each.select("to_group"), on="to_group", how="semi"))


def _within_groups(places: pl.DataFrame) -> pl.DataFrame:
    """Ties that keep every group as it is: each member to the first."""
    return places.sort("group", "person_id").select(
        "address_id", person_a="person_id", person_b=pl.col("person_id").first().over("group")
    )


def _same_surname(some: pl.DataFrame, *, others: pl.DataFrame, surnames: pl.DataFrame) -> pl.DataFrame:
    """Pairs of places at one address with a surname in common, as candidates for the others' group."""
    left = some.select(*PLACE, from_group="group").join(surnames, on="person_id")
    right = others.select("address_id", through="person_id", to_group="group").join(
        surnames, left_on="through", right_on="person_id"
    )
    return (
        left.join(right, on=["address_id", "surname"])
        .filter(pl.col("from_group") != pl.col("to_group"))
        .select(*PLACE, "from_group", "to_group", "through")
        .unique()
    )


def _attach_groups(places: pl.DataFrame, *, candidates: pl.DataFrame) -> pl.DataFrame:
    """Moves whole groups of children to the one family that any of them can mean."""
    certain = (
        candidates.group_by("from_group")
        .agg(pl.col("to_group").unique().sort(), pl.col("through").min())
        .filter(pl.col("to_group").list.len() == 1)
        .select(group="from_group", to_group=pl.col("to_group").list.first(), new_through="through")
    )
    return (
        places.join(certain, on="group", how="left")
        .with_columns(
            pl.coalesce("to_group", "group").alias("group"), pl.coalesce("new_through", "through").alias("through")
        )
        .drop("to_group", "new_through")
    )


def _join_adults_by_surname(
    places: pl.DataFrame, *, joint: pl.DataFrame, surnames: pl.DataFrame, ages: pl.DataFrame
) -> pl.DataFrame:
    """An adult of the surname of one family there: a parent where one is wanting and age allows, else an adult."""
    families = _summed(places).filter("has_children")
    candidates = _same_surname(_lone_adults(places), others=families, surnames=surnames)
    judged = _judge_parents(candidates, places=places, ages=ages)
    as_parents = _attach(places, candidates=judged.filter("can_be_parent"), basis="parent")
    return _attach(as_parents, candidates=judged.filter(~pl.col("can_be_parent")), basis="adult")


def _judge_parents(candidates: pl.DataFrame, *, places: pl.DataFrame, ages: pl.DataFrame) -> pl.DataFrame:
    """Whether each candidate adult can be a parent in the group: a place wanting, an age that allows it, not barred.

    Somebody a generation older than a parent, or than another who could be one, is rather a grandparent.
    """
    held = _summed(places)
    youngest, oldest = PARENT_AGE_GAPS[1], PARENT_AGE_GAPS[0]
    with_ages = held.join(ages, on="person_id", how="left")
    of_group = with_ages.group_by(to_group="group").agg(
        pl.col("born_low").filter("is_child").min().alias("first_born"),
        pl.col("born_high").filter("is_child").max().alias("last_born"),
        pl.col("born_low").filter(_is_parent()).max().alias("parent_born"),
        pl.col("parents").first(),
    )
    barred = places.select(*PLACE, "is_barred", "is_liable")
    judged = (
        candidates.join(of_group, on="to_group", how="left")
        .join(barred, on=PLACE, how="left")
        .join(ages, on="person_id", how="left")
    )
    is_old_enough = (pl.col("born_low") + oldest <= pl.col("first_born")).fill_null(True)
    is_young_enough = (pl.col("born_high") + youngest >= pl.col("last_born")).fill_null(True)
    judged = judged.with_columns(is_able=is_old_enough & is_young_enough & ~pl.col("is_barred"))
    youngest_born = pl.max_horizontal(pl.col("born_low").filter("is_able").max().over("to_group"), "parent_born")
    is_older = (pl.col("born_high") + GENERATION <= youngest_born).fill_null(False)
    is_child_of = (pl.col("born_low") >= pl.col("parent_born") + GENERATION).fill_null(False)
    judged = judged.with_columns(is_able=pl.col("is_able") & ~is_older & ~is_child_of)
    rivals = pl.col("person_id").filter("is_able").n_unique().over("to_group")
    return judged.with_columns(can_be_parent=pl.col("is_able") & (pl.col("parents") + rivals <= PARENTS_AT_MOST))


def _is_parent() -> pl.Expr:
    return pl.col("basis").is_in(["contact", "parent"]).fill_null(False)


def _join_by_address(
    places: pl.DataFrame, *, joint: pl.DataFrame, surnames: pl.DataFrame, ages: pl.DataFrame
) -> pl.DataFrame:
    """At an unshared address with one family: the only other children, or the only adults where no carer is known."""
    open_places = places.filter(~pl.col("is_communal"), ~pl.col("is_shared"))
    held = _summed(open_places)
    families = held.filter("has_children")
    with_carers = families.filter(pl.col("parents") > 0).select("address_id", "group", through="person_id")
    only_family = _only_group(with_carers)
    stray = families.filter(pl.col("parents") == 0).select(*PLACE, from_group="group")
    moved = _attach_groups(
        places, candidates=stray.join(only_family, on="address_id").select(*PLACE, "from_group", "to_group", "through")
    )
    return _join_only_adults(moved, joint=joint, surnames=surnames, ages=ages)


def _only_group(families: pl.DataFrame) -> pl.DataFrame:
    """The addresses with exactly one such group, and that group."""
    return (
        families.group_by("address_id")
        .agg(pl.col("group").unique().sort().alias("to_group"), pl.col("through").min())
        .filter(pl.col("to_group").list.len() == 1)
        .with_columns(pl.col("to_group").list.first())
    )


def _join_only_adults(
    places: pl.DataFrame, *, joint: pl.DataFrame, surnames: pl.DataFrame, ages: pl.DataFrame
) -> pl.DataFrame:
    """The only adult or two at the address of children of whom no contact list was delivered.

    Where a list was and names nobody living with the child, its stated address is in doubt: a person decides. Two
    adults of whom neither is known for a parent need one surname, or a bill in both names.
    """
    held = _summed(places).filter(~pl.col("is_communal"), ~pl.col("is_shared"))
    families = held.filter("has_children")
    wanting = (
        families.group_by("address_id")
        .agg(pl.col("parents").max(), pl.col("was_asked").any())
        .filter(pl.col("parents") < PARENTS_AT_MOST, ~pl.col("was_asked"))
    )
    only_family = _only_group(
        families.filter("is_child")
        .join(wanting.select("address_id"), on="address_id", how="semi")
        .select("address_id", "group", through="person_id")
    )
    adults = held.filter(~pl.col("is_child"), ~pl.col("has_children")).select(PLACE)
    couples = joint.select("address_id", "person_id").unique().with_columns(is_joint=pl.lit(True))
    candidates = adults.join(couples, on=PLACE, how="left").join(only_family, on="address_id")
    judged = _judge_parents(candidates.select(*PLACE, "to_group", "through"), places=places, ages=ages)
    alone = (
        judged.filter("can_be_parent")
        .join(candidates.select(*PLACE, "is_joint"), on=PLACE)
        .join(_with_shared_surname(adults, surnames=surnames), on=PLACE, how="left")
        .with_columns(
            able_there=pl.len().over("address_id"),
            are_joint=pl.max_horizontal(pl.col("is_joint", "is_namesake").sum().over("address_id")),
        )
        .filter((pl.col("able_there") == 1) | ((pl.col("able_there") == 2) & (pl.col("are_joint") == 2)))
    )
    return _attach(places, candidates=alone, basis="only adult")


def _with_shared_surname(adults: pl.DataFrame, *, surnames: pl.DataFrame) -> pl.DataFrame:
    """Adults whose surname another adult at the address has too."""
    named = adults.join(surnames, on="person_id")
    shared = named.filter(pl.col("person_id").n_unique().over("address_id", "surname") > 1)
    return shared.select(*PLACE, is_namesake=pl.lit(True)).unique()
