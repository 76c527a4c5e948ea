"""Links by equal names: with the same date of birth, at one address, or around one child.

A name is equal as stated, as another form of the same forename, by a former, preferred or part surname, or the other
way round; never by two such changes at once.
"""

from __future__ import annotations

import polars as pl

from families.linkage import identifiers, names
from families.linkage.likeness import likeness
from families.linkage.reasons import LinkReason
from families.linkage.settle import Linked

CROWDED = 30  # clusters under one name and key, beyond which the key is a default and no evidence
MOVE_DAYS = 14  # between the end of one liability and the start of the next
GROWN = 18
MISSPELT = 3  # letters of a forename, beyond which one letter may be a slip
REGISTER = "electoral_register"
ATTAINER = 17  # years between the years of birth and register of the youngest on it
_AT_HOME = ["forename", "surname", "address_id"]
CHILDREN_AT_ADDRESS = 12  # beyond which an address says nothing of who belongs together

Ways = tuple[LinkReason, LinkReason, LinkReason, LinkReason]
BIRTH: Ways = (
    LinkReason.NAME_AND_BIRTH,
    LinkReason.NICKNAME_AND_BIRTH,
    LinkReason.SURNAME_AND_BIRTH,
    LinkReason.SWAPPED_AND_BIRTH,
)
CHILD: Ways = (
    LinkReason.NAME_AND_CHILD,
    LinkReason.NICKNAME_AND_CHILD,
    LinkReason.SURNAME_AND_CHILD,
    LinkReason.SWAPPED_AND_CHILD,
)
ADDRESS: Ways = (
    LinkReason.NAME_AND_ADDRESS,
    LinkReason.NICKNAME_AND_ADDRESS,
    LinkReason.SURNAME_AND_ADDRESS,
    LinkReason.SWAPPED_AND_ADDRESS,
)
FAMILY: Ways = (
    LinkReason.NAME_AND_FAMILY,
    LinkReason.NICKNAME_AND_FAMILY,
    LinkReason.SURNAME_AND_FAMILY,
    LinkReason.SWAPPED_AND_FAMILY,
)
PARTNER: Ways = (
    LinkReason.NAME_AND_PARTNER,
    LinkReason.NICKNAME_AND_PARTNER,
    LinkReason.SURNAME_AND_PARTNER,
    LinkReason.SWAPPED_AND_PARTNER,
)


def birth_links(records: pl.DataFrame, linked: Linked) -> pl.DataFrame:
    """Same name and same date of birth."""
    dated = records.filter(pl.col("dob").is_not_null())
    statements = _statements(dated, linked, ["dob"])
    return _prefer_the_sure(_named_alike(statements, ["dob"], BIRTH), records, linked)


def address_links(records: pl.DataFrame, linked: Linked, communal: pl.Series) -> pl.DataFrame:
    """Same name at one address, where the years of birth can meet."""
    placed = records.select("r", *_NAMES, "address_id").drop_nulls("address_id")
    placed = placed.filter(~pl.col("address_id").is_in(communal.implode()))
    statements = _statements(placed, linked, ["address_id"])
    return _prefer_the_sure(_named_alike(statements, ["address_id"], ADDRESS), records, linked)


def child_links(records: pl.DataFrame, linked: Linked) -> pl.DataFrame:
    """Same name, contact of the same child."""
    statements = _statements(records, linked, ["child"], keyed=contact_of(records, linked))
    return _prefer_the_sure(_named_alike(statements, ["child"], CHILD), records, linked)


def family_links(records: pl.DataFrame, linked: Linked, crowded: pl.Series) -> pl.DataFrame:
    """Same name around one child: its contacts, and adults at any address where the child is known."""
    statements = _statements(records, linked, ["child"], keyed=around_children(records, linked, crowded))
    return _prefer_the_sure(_named_alike(statements, ["child"], FAMILY), records, linked)


def partner_links(records: pl.DataFrame, linked: Linked, crowded: pl.Series) -> pl.DataFrame:
    """Same name, and one and the same person beside them: at home at each address, or on the list of one child."""
    adults = records.select("r", "is_adult", "forename", "surname", "address_id").filter("is_adult")
    placed = adults.drop_nulls(["forename", "surname"]).filter(
        pl.col("address_id").is_not_null() & ~pl.col("address_id").is_in(crowded.implode())
    )
    placed = placed.join(linked.clusters, on="r").select("r", "c", "address_id")
    keyed = placed.join(placed.select("address_id", partner="c").unique(), on="address_id")
    listed = contact_of(records, linked).join(linked.clusters, on="r")
    beside = listed.join(listed.select("child", partner="c").unique(), on="child").select("r", "c", "partner")
    keyed = pl.concat([keyed.select("r", "c", "partner"), beside])
    keyed = keyed.filter(pl.col("c") != pl.col("partner")).select("r", "partner").unique()
    statements = _statements(records, linked, ["partner"], keyed=keyed)
    edges = _prefer_the_sure(_named_alike(statements, ["partner"], PARTNER), records, linked)
    return without_second_homes(edges, records, linked, but_rare_names=True)


def without_second_homes(
    edges: pl.DataFrame, records: pl.DataFrame, linked: Linked, *, but_rare_names: bool
) -> pl.DataFrame:
    """Links other than between two who both pay council tax elsewhere (but where nobody else has their name).

    A register is slow to close accounts, so one person may have two open; but two couples of common names do too.
    """
    columns = ["r", "forename", "surname", "role", "valid_to", "address_id"]
    held = records.select(columns).join(linked.clusters, on="r")
    is_open = (pl.col("role") == "liable") & pl.col("valid_to").is_null()
    facts = held.select(
        "r",
        name_is_rare=pl.col("c").n_unique().over("forename", "surname") <= 2,
        home=pl.col("address_id").filter(is_open).min().over("c"),
    )
    pairs = edges.join(facts.rename({"r": "a"}), on="a").join(facts.rename({"r": "b"}), on="b", suffix="_b")
    two_homes = (pl.col("home") != pl.col("home_b")).fill_null(False)
    rare = pl.col("name_is_rare") & pl.col("name_is_rare_b") & pl.lit(but_rare_names)
    return pairs.filter(~two_homes | rare).select(edges.columns)


def elector_links(records: pl.DataFrame, linked: Linked) -> pl.DataFrame:
    """Same name at one address: an elector of whom nothing else is known, and the only pupil old enough to be one.

    A register holds those who come of age within its year. A father of the same name is known by other records too.
    """
    held = records.select("r", *_AT_HOME, "source", "stated_on", "dob", "born_low", "is_child").join(
        linked.clusters, on="r"
    )
    held = (
        held.drop_nulls(["forename", "surname"])
        .with_columns(
            is_only_elector=(pl.col("source") == REGISTER).all().over("c"),
            has_been_child=pl.col("is_child").any().over("c"),
            born=pl.col("dob").dt.year().max().over("c"),
        )
        .drop_nulls("address_id")
    )
    columns = ["c", "r", *_AT_HOME]
    electors = held.filter("is_only_elector").select(*columns, year=pl.col("stated_on").dt.year())
    pupils = held.filter("has_been_child").select(*columns, "born", "born_low")
    pupils = pupils.with_columns(pl.coalesce("born", "born_low").alias("born")).unique(["c", *_AT_HOME], keep="any")
    pairs = electors.join(pupils, on=_AT_HOME, suffix="_b").filter(pl.col("year") - pl.col("born") >= ATTAINER)
    alone = (pl.col("c").n_unique().over(_AT_HOME) == 1) & (pl.col("c_b").n_unique().over(_AT_HOME) == 1)
    return links_between(pairs.filter(alone), LinkReason.OLD_ENOUGH_AND_ADDRESS)


def move_links(records: pl.DataFrame, linked: Linked) -> pl.DataFrame:
    """Same name, and a liability that began as another ended."""
    held = records.filter((pl.col("role") == "liable") & pl.col("forename").is_not_null()).join(linked.clusters, on="r")
    columns = ["c", "r", "forename", "surname"]
    left = held.filter(pl.col("valid_to").is_not_null()).select(*columns, "valid_to")
    right = held.filter(pl.col("valid_from").is_not_null()).select(*columns, "valid_from")
    pairs = left.join(right, on=["forename", "surname"], suffix="_b").filter(pl.col("c") != pl.col("c_b"))
    days = (pl.col("valid_from") - pl.col("valid_to")).dt.total_days()
    return links_between(pairs.filter(days.is_between(-MOVE_DAYS, MOVE_DAYS)), LinkReason.NAME_AND_MOVE)


def forename_links(records: pl.DataFrame, linked: Linked, crowded: pl.Series) -> pl.DataFrame:
    """Same forename and another surname, contacts of one child or the only two adults of that forename in one home.

    People change surnames far more often than a home changes one adult for another of the same forename. Not taken:
    two who are both liable for council tax, or one whose liability there had ended.
    """
    columns = ["forename", "address_id", "role", "valid_to", "stated_on", "born_high", "is_adult", "is_child"]
    held = records.select("r", *columns).filter(pl.col("forename").str.len_chars() > 1).join(linked.clusters, on="r")
    held = held.with_columns(
        is_liable=(pl.col("role") == "liable").any().over("c"),
        is_over=(pl.col("valid_to") < pl.col("stated_on")).fill_null(False),
        is_grown=pl.col("is_adult") | (pl.col("stated_on").dt.year() - pl.col("born_high") >= GROWN).fill_null(False),
    ).filter(pl.col("is_grown") & ~pl.col("is_child"))
    at_home = held.filter(
        pl.col("address_id").is_not_null() & ~pl.col("address_id").is_in(crowded.implode()) & ~pl.col("is_over")
    )
    of_child = held.join(contact_of(records, linked), on="r")
    return pl.concat(
        [
            links_between(_only_two(at_home, "address_id"), LinkReason.FORENAME_AND_ADDRESS),
            links_between(_only_two_alike(at_home), LinkReason.FORENAME_LIKE_AND_ADDRESS),
            links_between(_only_two(of_child, "child"), LinkReason.FORENAME_AND_CHILD),
        ]
    )


def _only_two(held: pl.DataFrame, key: str) -> pl.DataFrame:
    """The pairs of clusters that alone share a forename under a key, as far as not both pay council tax."""
    first = held.group_by("c", "forename", key, "is_liable").agg(pl.col("r").min()).sort("c", "r")
    first = first.filter(pl.col("c").n_unique().over("forename", key) == 2)
    pairs = first.join(first, on=["forename", key], suffix="_b").filter(pl.col("c") < pl.col("c_b"))
    return pairs.filter(~(pl.col("is_liable") & pl.col("is_liable_b")))


def _only_two_alike(at_home: pl.DataFrame) -> pl.DataFrame:
    """The pairs of clusters in one home whose forenames alone there are forms or spellings of one, as `_only_two`."""
    first = at_home.group_by("c", "forename", "address_id", "is_liable").agg(pl.col("r").min()).sort("c", "r")
    pairs = first.join(first, on="address_id", suffix="_b").filter(
        (pl.col("c") < pl.col("c_b")) & (pl.col("forename") != pl.col("forename_b"))
    )
    pairs = likeness(pairs, "forename", "forename_b")
    forms = names.nicknames().rename({"variant": "forename_b"}).with_columns(is_form=True)
    pairs = pairs.join(forms, on=["forename", "forename_b"], how="left", maintain_order="left")
    shortest = pl.min_horizontal(pl.col("forename", "forename_b").str.len_chars())
    alike = pl.col("is_form").fill_null(False) | ((pl.col("likeness_edits") <= 1) & (shortest > MISSPELT))
    pairs = pairs.filter(alike)
    ends = pl.concat([pairs.select("address_id", "c"), pairs.select("address_id", c="c_b")])
    of_two = ends.unique().group_by("address_id").len().filter(pl.col("len") == 2).select("address_id")
    return pairs.join(of_two, on="address_id", how="semi").filter(~(pl.col("is_liable") & pl.col("is_liable_b")))


def around_children(records: pl.DataFrame, linked: Linked, crowded: pl.Series) -> pl.DataFrame:
    """The children (their clusters) whose contact a record is, or at whose address it stands: `r`, `child`."""
    return pl.concat([contact_of(records, linked), _at_address_of(records, linked, crowded)]).unique()


def contact_of(records: pl.DataFrame, linked: Linked) -> pl.DataFrame:
    """The child (its cluster) of each record that is a contact: `r`, `child`."""
    rows = records.select("r", "delivery", "row", "is_child", "child_row").join(linked.clusters, on="r")
    children = rows.filter(pl.col("is_child")).select(
        child_row=pl.format("{}|{}", "delivery", "row"), child=pl.col("c")
    )
    return (
        rows.filter(pl.col("child_row").is_not_null())
        .select("r", "child_row")
        .join(children.unique(), on="child_row")
        .select("r", "child")
    )


def _at_address_of(records: pl.DataFrame, linked: Linked, crowded: pl.Series) -> pl.DataFrame:
    """Adults and the children known at the same address, whenever; communal and crowded addresses say nothing."""
    placed = records.select("r", "address_id", "is_child").drop_nulls("address_id")
    placed = placed.filter(~pl.col("address_id").is_in(crowded.implode())).join(linked.clusters, on="r")
    children = placed.filter(pl.col("is_child")).select("address_id", child="c").unique()
    children = children.filter(pl.len().over("address_id") <= CHILDREN_AT_ADDRESS)
    return (
        placed.filter(~pl.col("is_child"))
        .select("r", "address_id")
        .join(children, on="address_id")
        .select("r", "child")
    )


_NAMES = ["forename", "other_forename", "surname", "other_surnames"]


def _statements(
    records: pl.DataFrame, linked: Linked, keys: list[str], *, keyed: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Each different name a cluster goes by under each key, with the first record that says so."""
    columns = [*_NAMES, *keys]
    held = records.select("r", *(name for name in columns if name in records.columns))
    named = held.filter(pl.col("forename").is_not_null() & pl.col("surname").is_not_null()).join(
        linked.clusters, on="r"
    )
    if keyed is not None:
        named = named.join(keyed, on="r")
    return named.group_by("c", *columns).agg(pl.col("r").min()).sort("c", "r")


def _named_alike(statements: pl.DataFrame, keys: list[str], ways: Ways) -> pl.DataFrame:
    """Links between clusters that go by one name under one key."""
    plain = statements.select("c", "r", "forename", "surname", *keys).unique(
        subset=["c", "forename", "surname", *keys], keep="first", maintain_order=True
    )
    crowd = pl.len().over("forename", "surname", *keys)
    plain = plain.filter(crowd <= CROWDED)
    known = plain.select("forename").unique()
    nick = plain.join(names.nicknames(), on="forename").drop("forename").rename({"variant": "forename"})
    preferred = statements.filter(
        pl.col("other_forename").is_not_null() & (pl.col("other_forename") != pl.col("forename"))
    ).select("c", "r", "surname", *keys, forename="other_forename")
    nick = pl.concat(
        [nick.join(known, on="forename", how="semi").select(plain.columns), preferred.select(plain.columns)]
    )
    other = statements.select("c", "r", "forename", *keys, surname="other_surnames").explode(
        "surname", empty_as_null=True
    )
    other = other.drop_nulls("surname").select(plain.columns)
    swapped = plain.rename({"forename": "surname", "surname": "forename"}).select(plain.columns)
    return pl.concat(
        [
            _links(left, plain, ["forename", "surname", *keys], reason)
            for left, reason in zip((plain, nick, other, swapped), ways, strict=True)
        ]
    )


def _links(left: pl.DataFrame, right: pl.DataFrame, keys: list[str], reason: LinkReason) -> pl.DataFrame:
    return links_between(left.join(right, on=keys, suffix="_b").filter(pl.col("c") != pl.col("c_b")), reason)


def links_between(pairs: pl.DataFrame, reason: LinkReason) -> pl.DataFrame:
    """Links between the records `r` and `r_b` of pairs, for one reason."""
    return (
        identifiers.edges(pairs, reason)
        .with_columns(a=pl.min_horizontal("a", "b"), b=pl.max_horizontal("a", "b"))
        .unique()
    )


def _prefer_the_sure(edges: pl.DataFrame, records: pl.DataFrame, linked: Linked) -> pl.DataFrame:
    """Links near in place come first; what fits two pupils of different UPN equally well joins neither."""
    if edges.is_empty():
        return edges
    of = linked.clusters
    pairs = edges.join(of.select(a="r", ca="c"), on="a").join(of.select(b="r", cb="c"), on="b")
    ends = pl.concat([pairs["ca"], pairs["cb"]]).unique()
    facts = records.select("r", "upn", "address_id", "postcode").join(of, on="r")
    facts = facts.filter(pl.col("c").is_in(ends.implode()))
    pairs = _nearer_first(pairs, facts)
    unsure = _unsure(pairs, facts)
    for end in ("ca", "cb"):
        pairs = pairs.join(unsure.rename({"c": end}), on=[end, "strength"], how="anti", maintain_order="left")
    return pairs.select(edges.columns)


def _nearer_first(pairs: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    places = pl.concat([facts.select("c", place=name).drop_nulls().unique() for name in ("address_id", "postcode")])
    near = pairs.select("ca", "cb").unique().join(places.rename({"c": "ca"}), on="ca")
    near = near.join(places.rename({"c": "cb"}), on=["cb", "place"]).select("ca", "cb").unique()
    joined = pairs.join(near.with_columns(bonus=pl.lit(0.5)), on=["ca", "cb"], how="left", maintain_order="left")
    return joined.with_columns(strength=pl.col("strength") + pl.col("bonus").fill_null(0.0)).drop("bonus")


def _unsure(pairs: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Clusters without UPN whose strongest links lead to several UPNs, with the strength of those links."""
    upns = facts.group_by("c").agg(upn=pl.col("upn").drop_nulls().min())
    both = pl.concat(
        [
            pairs.select(c="ca", other="cb", strength="strength"),
            pairs.select(c="cb", other="ca", strength="strength"),
        ]
    )
    both = both.join(upns.filter(pl.col("upn").is_null()).select("c"), on="c", how="semi")
    both = both.join(upns.select(other="c", upn="upn"), on="other")
    best = both.filter(pl.col("strength") == pl.col("strength").max().over("c"))
    return best.filter(pl.col("upn").n_unique().over("c") > 1).select("c", "strength").unique()
