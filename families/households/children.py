"""Where each child lives: by its own records, corrected by those it is said to live with; sometimes two homes.

Schools often keep an old or mistyped address for years, and every return of that school repeats it. A contact list
says who the child lives with; where none of them is known at the child's address and a register has them together
at another, the child is there.
"""

from __future__ import annotations

import polars as pl

from families.households.evidence import Evidence, is_matched
from families.households.members import NOWHERE
from families.households.residence import STAY

HOME_COLUMNS = [*STAY, "lived_from", "last_seen", "source", "home_basis"]  # basis: stated, with carer, second


def child_homes(evidence: Evidence) -> pl.DataFrame:
    """The homes of every child: one, or two where evidence says so."""
    children = evidence.people.filter("is_child").select("person_id")
    stated = _stated_homes(evidence, children=children)
    with_carers = _go_with_carers(stated, evidence=evidence)
    with_siblings = _go_with_siblings(with_carers, evidence=evidence)
    followed = _follow_siblings(with_siblings, stated=stated, evidence=evidence)
    main = _follow_namesakes(followed, stated=stated, evidence=evidence)
    second = _second_homes_of_siblings(_second_homes(main, evidence=evidence), main=main, evidence=evidence)
    return pl.concat([main, second]).sort("person_id", "address_id")


def go_with_siblings_of_carers(homes: pl.DataFrame, *, placed: pl.DataFrame) -> pl.DataFrame:
    """A child all of whose listed carers turn out to live with another of their children lives with them there.

    Its own stated address is behind, or ahead of what the others state: an adult lives at one address.
    """
    listed = placed.filter("lives_with_pupil", "is_main")
    away = (
        listed.group_by("child", "address_id")
        .agg(
            pl.col("is_with_other_child").all(),
            pl.col("chosen_address").unique().sort(),
            pl.col("listed_on").max(),
        )
        .filter("is_with_other_child", pl.col("chosen_address").list.len() == 1)
    )
    there = homes.select("address_id", "lived_from", "source").sort("address_id", "lived_from", "source")
    moved = (
        away.select(person_id="child", address_id=pl.col("chosen_address").list.first(), last_seen="listed_on")
        .join(there.unique("address_id", keep="first", maintain_order=True), on="address_id")
        .with_columns(home_basis=pl.lit("with sibling"))
        .select(HOME_COLUMNS)
    )
    mains = homes.filter(pl.col("home_basis") != "second")
    changed = _replaced(mains, by=moved)
    second = homes.filter(pl.col("home_basis") == "second").join(changed, on=STAY, how="anti")
    return pl.concat([changed, second]).sort("person_id", "address_id")


def listed_together(evidence: Evidence) -> pl.DataFrame:
    """Adults listed at a child's address, with the home that a register has for them."""
    adults = evidence.people.filter(~pl.col("is_child")).select(adult="person_id")
    registered = evidence.registered.filter("is_firm").select(
        adult="person_id", address_id="address_id", register_from="lived_from", register_source="source"
    )
    return (
        evidence.contacts.filter("lives_with_pupil")
        .join(_listed_elsewhere(evidence), on=["child", "adult"], how="anti")
        .join(adults, on="adult", how="semi")
        .join(registered, on="adult", how="left")
        .select("child", "adult", "listed_on", "source", "address_id", "register_from", "register_source")
    )


def _listed_elsewhere(evidence: Evidence) -> pl.DataFrame:
    """Contacts listed with a child, whom a list as new puts elsewhere for another child at the same stated address."""
    stated = evidence.registered.select(child="person_id", own_address="address_id")
    listed = evidence.contacts.select("child", "adult", "listed_on", "lives_with_pupil").join(stated, on="child")
    away = listed.filter(~pl.col("lives_with_pupil")).select("adult", "own_address", away_on="listed_on")
    return (
        listed.filter("lives_with_pupil")
        .join(away, on=["adult", "own_address"])
        .filter((pl.col("away_on") >= pl.col("listed_on")).fill_null(True))
        .select("child", "adult")
        .unique()
    )


def _stated_homes(evidence: Evidence, *, children: pl.DataFrame) -> pl.DataFrame:
    """Where each child's own records put it; a child without any is nowhere, alone or with those listed with it."""
    own = evidence.registered.join(children, on="person_id", how="semi").with_columns(home_basis=pl.lit("stated"))
    without = children.join(own, on="person_id", how="anti")
    listed = (
        listed_together(evidence)
        .join(without, left_on="child", right_on="person_id", how="semi")
        .sort("child", "listed_on", "adult", descending=[False, True, False], nulls_last=True)
        .unique("child", keep="first", maintain_order=True)
        .select(
            "source",
            person_id="child",
            address_id=pl.lit(NOWHERE) + pl.col("adult"),
            lived_from="listed_on",
            last_seen="listed_on",
            home_basis=pl.lit("stated"),
        )
    )
    alone = without.join(listed, on="person_id", how="anti").select(
        "person_id",
        source=pl.lit(""),
        address_id=pl.lit(NOWHERE) + pl.col("person_id"),
        lived_from=pl.lit(None, dtype=pl.Date),
        last_seen=pl.lit(None, dtype=pl.Date),
        home_basis=pl.lit("stated"),
    )
    return pl.concat([part.select(HOME_COLUMNS) for part in (own, listed, alone)]).sort("person_id")


def _go_with_carers(stated: pl.DataFrame, *, evidence: Evidence) -> pl.DataFrame:
    """A child listed with adults whom registers have at one other address, and none at its own, lives with them.

    Not where the child itself is known to have left that address; nor, if the registers know only some of them, where
    a discount says that the one known lives alone; nor where somebody registered at the child's own address may well
    be its carer.
    """
    own = stated.select(child="person_id", own_address="address_id", own_from="lived_from")
    listed = listed_together(evidence).join(own, on="child")
    agreed = (
        listed.group_by("child")
        .agg(
            pl.col("address_id").drop_nulls().unique().sort().alias("registered"),
            pl.col("address_id").is_null().any().alias("knows_some_only"),
            pl.col("own_address", "own_from").first(),
        )
        .filter(pl.col("registered").list.len() == 1)
        .with_columns(pl.col("registered").list.first().alias("address_id"))
        .filter(pl.col("address_id") != pl.col("own_address"))
    )
    lone = evidence.accounts.filter("is_lone").select("address_id").unique().with_columns(is_lone=pl.lit(True))
    left = _homes_left(stated, evidence=evidence).with_columns(has_left=pl.lit(True))
    kinds = evidence.addresses.select(own_address="address_id", is_shared=pl.col("is_shared") | pl.col("is_communal"))
    moved = (
        agreed.join(lone, on="address_id", how="left")
        .join(left, on=["child", "address_id"], how="left")
        .join(kinds, on="own_address", how="left")
        .join(_expected_at_home(own, evidence=evidence), on="child", how="anti")
        .join(is_matched(evidence.addresses).filter("is_matched"), on="address_id", how="semi")
        .filter(
            pl.col("has_left").is_null(),
            ~(pl.col("knows_some_only") & (pl.col("is_lone").fill_null(False) | pl.col("is_shared").fill_null(False))),
        )
        .select("child", "address_id")
    )
    newest = (
        listed.join(moved, on=["child", "address_id"], how="semi")
        .sort("child", "register_from", "adult", nulls_last=True)
        .unique("child", keep="first", maintain_order=True)
        .select(
            "address_id",
            person_id="child",
            lived_from="register_from",
            last_seen="listed_on",
            source="register_source",
            home_basis=pl.lit("with carer"),
        )
    )
    return _replaced(stated, by=newest)


def _homes_left(stated: pl.DataFrame, *, evidence: Evidence) -> pl.DataFrame:
    """Addresses that each child's own records say it has moved on from."""
    current = stated.select("person_id", own_address="address_id", own_from="lived_from")
    return (
        evidence.all_stays.join(current, on="person_id")
        .filter(pl.col("address_id") != pl.col("own_address"), pl.col("lived_from") <= pl.col("own_from"))
        .select("address_id", child="person_id")
    )


def _expected_at_home(own: pl.DataFrame, *, evidence: Evidence) -> pl.DataFrame:
    """Children at whose own address somebody is registered who may well be theirs: of their surname, or kin's carer."""
    adults = evidence.people.filter(~pl.col("is_child")).select("person_id")
    registered = evidence.registered.filter("is_firm").join(adults, on="person_id", how="semi")
    listed = listed_together(evidence).select("child", "adult").join(own.select("child", "own_address"), on="child")
    at_home = listed.join(
        registered.select(adult="person_id", own_address="address_id"), on=["adult", "own_address"], how="semi"
    )
    elsewhere = listed.join(at_home, on="adult", how="anti").select(person_id="adult")
    names_there = (
        registered.join(elsewhere, on="person_id", how="anti")
        .join(evidence.surnames, on="person_id")
        .select("surname", own_address="address_id")
    )
    of_surname = own.join(evidence.surnames, left_on="child", right_on="person_id").join(
        names_there, on=["own_address", "surname"], how="semi"
    )
    return pl.concat([of_surname.select("child"), _with_settled_kin(own, settled=at_home, evidence=evidence)]).unique()


def _with_settled_kin(own: pl.DataFrame, *, settled: pl.DataFrame, evidence: Evidence) -> pl.DataFrame:
    """Children who share a contact and the stated address with a child whose listed carer is registered there."""
    contacts = evidence.contacts.select("child", "adult")
    kin = settled.select("child", "own_address").unique().join(contacts, on="child").select("adult", "own_address")
    return own.join(contacts, on="child").join(kin, on=["adult", "own_address"], how="semi").select("child")


def _go_with_siblings(homes: pl.DataFrame, *, evidence: Evidence) -> pl.DataFrame:
    """Children listed with the same adult, whom no register knows, live at the address most of them have.

    An address that one of them has left is no candidate; where two are equal, the one come to last.
    """
    listed = listed_together(evidence)
    known = listed.filter(pl.col("address_id").is_not_null()).select("child").unique()
    left = _homes_left(homes, evidence=evidence)
    siblings = (
        listed.select("child", "adult", "listed_on")
        .join(homes.rename({"person_id": "child"}), on="child")
        .join(left.select("child", left_address="address_id"), on="child", how="left")
    )
    gone = evidence.all_stays.filter("has_ended").select("address_id", adult="person_id")
    of_one = siblings.select("adult", address_id="left_address").drop_nulls()
    was_left = pl.concat([of_one, gone.select("adult", "address_id")]).unique().with_columns(was_left=True)
    ranked = (
        siblings.unique(["adult", "child"], keep="first", maintain_order=True)
        .group_by("adult", "address_id")
        .agg(pl.len().alias("children"), pl.col("lived_from").min(), pl.col("last_seen").max())
        .join(was_left, on=["adult", "address_id"], how="left")
        .with_columns(pl.col("was_left").fill_null(False), is_nowhere=pl.col("address_id").str.starts_with(NOWHERE))
        .sort(
            ["adult", "was_left", "is_nowhere", "children", "lived_from", "address_id"],
            descending=[False, False, False, True, True, False],
            nulls_last=True,
        )
    )
    chosen = ranked.unique("adult", keep="first", maintain_order=True).select("adult", to_address="address_id")
    moved = (
        siblings.join(known, on="child", how="anti")
        .join(chosen, on="adult")
        .filter(pl.col("address_id") != pl.col("to_address"))
        .sort("child", "listed_on", "to_address", descending=[False, True, False], nulls_last=True)
        .unique("child", keep="first", maintain_order=True)
        .select(
            person_id="child",
            address_id="to_address",
            lived_from="lived_from",
            last_seen="listed_on",
            source=pl.lit("common_transfer_file"),
            home_basis=pl.lit("with sibling"),
        )
    )
    return _replaced(homes, by=moved)


def _follow_siblings(homes: pl.DataFrame, *, stated: pl.DataFrame, evidence: Evidence) -> pl.DataFrame:
    """A child listed with nobody goes where another child of its surname, held at the same address, went."""
    own = stated.select(child="person_id", own_address="address_id")
    followers = (
        own.join(listed_together(evidence), on="child", how="anti")
        .join(_expected_at_home(own, evidence=evidence), on="child", how="anti")
        .join(evidence.surnames, left_on="child", right_on="person_id")
    )
    went = (
        homes.filter(pl.col("home_basis") != "stated")
        .join(own.rename({"child": "person_id"}), on="person_id")
        .filter(pl.col("address_id") != pl.col("own_address"))
        .join(evidence.surnames, on="person_id")
    )
    moved = (
        followers.join(went, on=["own_address", "surname"])
        .sort("child", "person_id")
        .group_by("child")
        .agg(pl.col("address_id").n_unique().alias("ways"), pl.col(["address_id", "lived_from", "last_seen"]).first())
        .filter(pl.col("ways") == 1)
        .select(
            "address_id",
            "lived_from",
            "last_seen",
            person_id="child",
            source=pl.lit("common_transfer_file"),
            home_basis=pl.lit("with sibling"),
        )
    )
    return _replaced(homes, by=moved)


def _follow_namesakes(homes: pl.DataFrame, *, stated: pl.DataFrame, evidence: Evidence) -> pl.DataFrame:
    """A child listed with nobody goes where adults of its surname, once registered at its address, have moved."""
    own = stated.select(child="person_id", own_address="address_id")
    alone = (
        own.join(listed_together(evidence), on="child", how="anti")
        .join(_expected_at_home(own, evidence=evidence), on="child", how="anti")
        .join(homes.filter(pl.col("home_basis") == "stated"), left_on="child", right_on="person_id", how="semi")
        .join(evidence.surnames, left_on="child", right_on="person_id")
    )
    adults = evidence.people.filter(~pl.col("is_child")).select("person_id")
    known = is_matched(evidence.addresses).filter("is_matched")
    now = evidence.registered.filter("is_firm").join(adults, on="person_id", how="semi")
    movers = (
        evidence.all_stays.filter("is_liable")
        .select("person_id", own_address="address_id", once_from="lived_from")
        .join(now.join(known, on="address_id", how="semi"), on="person_id")
        .filter(pl.col("own_address") != pl.col("address_id"), pl.col("once_from") <= pl.col("lived_from"))
        .join(evidence.surnames, on="person_id")
    )
    moved = (
        alone.join(movers, on=["own_address", "surname"])
        .sort("child", "person_id")
        .group_by("child")
        .agg(
            pl.col("address_id").n_unique().alias("ways"),
            pl.col(["address_id", "lived_from", "last_seen", "source"]).first(),
        )
        .filter(pl.col("ways") == 1)
        .select(
            "address_id", "lived_from", "last_seen", "source", person_id="child", home_basis=pl.lit("with namesake")
        )
    )
    return _replaced(homes, by=moved)


def _replaced(homes: pl.DataFrame, *, by: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([homes.join(by, on="person_id", how="anti").select(HOME_COLUMNS), by.select(HOME_COLUMNS)]).sort(
        "person_id"
    )


def _second_homes(main: pl.DataFrame, *, evidence: Evidence) -> pl.DataFrame:
    """Second homes: two addresses in one row, or a responsible parent's home at which the child is seen by turns."""
    registered = evidence.registered.select(adult="person_id", address_id="address_id")
    of_parents = (
        evidence.contacts.filter("has_parental_responsibility")
        .join(registered, on="adult")
        .select(person_id="child", address_id="address_id")
        .unique()
    )
    first = main.select("person_id", main_address="address_id", main_from="lived_from", main_seen="last_seen")
    other = (
        evidence.all_stays.join(first, on="person_id")
        .filter(pl.col("address_id") != pl.col("main_address"), ~pl.col("has_ended"))
        .filter((pl.col("last_seen") >= pl.col("main_from")) & (pl.col("lived_from") <= pl.col("main_seen")))
    )
    by_turns = other.join(of_parents, on=STAY, how="semi")
    in_one_row = other.join(_stated_twice(evidence, main=main), on=STAY, how="semi")
    return (
        pl.concat([in_one_row, by_turns])
        .with_columns(home_basis=pl.lit("second"))
        .select(HOME_COLUMNS)
        .sort(["person_id", "last_seen", "address_id"], descending=[False, True, False])
        .unique("person_id", keep="first", maintain_order=True)
    )


def _second_homes_of_siblings(second: pl.DataFrame, *, main: pl.DataFrame, evidence: Evidence) -> pl.DataFrame:
    """Where a child has a second home with a parent, so has another child of that parent at the same main home."""
    parents = evidence.contacts.filter("has_parental_responsibility").select("adult", person_id="child")
    at_home = main.select("person_id", main_address="address_id")
    registered = evidence.registered.select(adult="person_id", address_id="address_id")
    shared = (
        second.join(parents, on="person_id")
        .join(registered, on=["adult", "address_id"], how="semi")
        .join(at_home, on="person_id")
        .select("adult", "address_id", "main_address", "lived_from", "last_seen", "source")
    )
    of_siblings = (
        at_home.join(parents, on="person_id")
        .join(shared, on=["adult", "main_address"])
        .join(second, on="person_id", how="anti")
        .sort("person_id", "address_id", "last_seen")
        .unique("person_id", keep="last", maintain_order=True)
        .with_columns(home_basis=pl.lit("second"))
        .select(HOME_COLUMNS)
    )
    return pl.concat([second, of_siblings])


def _stated_twice(evidence: Evidence, *, main: pl.DataFrame) -> pl.DataFrame:
    """Addresses that the newest return to give them gives beside the child's main one."""
    of_children = evidence.stated.join(main.select("person_id"), on="person_id", how="semi")
    return (
        of_children.join(main.select(*STAY), on=STAY, how="semi")
        .select("person_id", "delivery", "row", main_address="address_id")
        .join(of_children, on=["person_id", "delivery", "row"])
        .filter(pl.col("address_id") != pl.col("main_address"))
        .select(STAY)
        .unique()
    )
