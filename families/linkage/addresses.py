"""Which address a record states: a UPRN where the gazetteer has it without doubt, else a cluster of like addresses.

A unit is never lost and a house number never changed: FLAT A is not FLAT B, 2A is not 2. Where two properties would
do, neither is taken. Works on distinct texts; knows nothing of people.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import polars as pl

from families.linkage import uprn_matcher
from families.linkage.address_parts import TEXTS, split_addresses, street_key
from families.linkage.components import components
from families.linkage.duck import digests
from families.linkage.likeness import likeness
from families.tables.run import Addresses, AddressOfRecord

KEYS = ["source", "delivery", "row", "part"]

COMMUNAL = r"\b(?:HOSTEL|CHILDRENS HOME|REFUGE|BOARDING SCHOOL|FOYER|NIGHT SHELTER|CARE HOME)\b"
SIMILAR_STREET = 0.88


class AddressReason(StrEnum):
    """Why a record is at an address: the sentence people read."""

    STATED_UPRN = "the row gives the UPRN"
    EXACT = "same flat, number, street and postcode as in the gazetteer"
    NAMED_BUILDING = "same flat in the building of this name and postcode in the gazetteer"
    NO_STREET = "same flat, number and postcode as in the gazetteer, where no other street has them"
    NEAR_STREET = "same flat, number and postcode as in the gazetteer; street spelt differently"
    NO_POSTCODE = "same flat, number and street, the only such address in the gazetteer"
    OTHER_POSTCODE = "same flat, number and street, the only such address in the gazetteer; postcode differs"
    MATCHER = "most like this address of the gazetteer, and clearly more than any other"
    BUILDING = "the building is in the gazetteer, the flat in it is not stated"
    SURNAME = "of the addresses written like this, the only one where the surname is known"
    SOURCES = "addresses found in the sources, written alike"


def match_addresses(
    stated: pl.DataFrame,
    properties: pl.DataFrame,
    *,
    work: Path,
    prepared: Path | None = None,
    seen: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The address each record states, with a sentence, and the table of addresses so found.

    `stated` has the Persons columns of an address; `properties` is the gazetteer, and may be empty; `prepared` is
    where its index is kept from run to run; `seen` is what texts were found to name before in this very gazetteer, as
    `seen_addresses` gives it.
    """
    texts, row_text = _distinct_texts(stated)
    parsed = split_addresses(texts)
    gazetteer = _gazetteer(properties)
    again = _seen(texts, seen)
    fresh = parsed.join(again, on="text_id", how="anti", maintain_order="left")
    found = _find_properties(fresh, gazetteer, work=work, prepared=prepared).select(_CHOSEN)
    found = pl.concat([found, again.drop_nulls("address_id")])
    clustered = _cluster(parsed.join(found, on="text_id", how="anti"), gazetteer)
    chosen = pl.concat([found.select(_CHOSEN), clustered.select(_CHOSEN)])
    of_record = row_text.join(chosen, on="text_id").select(*KEYS, "address_id", "reason", "weight").sort(KEYS)
    addresses = _address_table(of_record, gazetteer, clustered)
    return AddressOfRecord.validate(of_record, cast=True), Addresses.validate(addresses, cast=True)


_CHOSEN = ["text_id", "address_id", "reason", "weight"]


def as_written(stated: pl.DataFrame) -> pl.DataFrame:
    """The records that state an address, by their keys, with its texts."""
    columns = [pl.col(name).cast(pl.String).str.strip_chars().replace("", None) for name in TEXTS]
    rows = stated.select(*KEYS, *columns)
    return rows.filter(pl.any_horizontal(pl.col("uprn", "address", "postcode", "street", "paon").is_not_null()))


def _seen(texts: pl.DataFrame, seen: pl.DataFrame | None) -> pl.DataFrame:
    """The texts that were looked up before, with what they name."""
    if seen is None:
        return pl.DataFrame(schema={"text_id": texts.schema["text_id"], **_FOUND})
    return texts.join(seen, on=TEXTS, nulls_equal=True).select(_CHOSEN).sort("text_id")


def _distinct_texts(stated: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Each different way an address is written once, in a fixed order, and which record states which."""
    rows = as_written(stated)
    texts = rows.select(TEXTS).unique().sort(TEXTS, nulls_last=True).with_row_index("text_id")
    row_text = rows.join(texts, on=TEXTS, nulls_equal=True).select(*KEYS, "text_id").unique(subset=KEYS)
    return texts, row_text


# -- the gazetteer ------------------------------------------------------------------------------------------------


def _gazetteer(properties: pl.DataFrame) -> pl.DataFrame:
    """The properties in normal form, approved ones first, one row for each way the gazetteer writes one."""
    ranked = properties.with_columns(
        rank=pl.when(pl.col("logical_status") == 8).then(2).when(pl.col("logical_status") == 1).then(0).otherwise(1)
    )
    ranked = ranked.sort("rank", "uprn", "address", "delivery", "row").unique(
        subset=["uprn", "saon", "paon", "street", "town", "address", "postcode"], maintain_order=True
    )
    ranked = ranked.with_row_index("text_id")
    parsed = split_addresses(ranked.select("text_id", *TEXTS))
    kept = ranked.select("text_id", "uprn", "parent_uprn", "classification", "organisation", "rank", "address")
    whole = parsed.join(kept, on="text_id").rename({"text_id": "property_id"}).sort("property_id")
    return _with_building(whole).with_columns(address_id="U" + pl.col("uprn"))


def _with_building(properties: pl.DataFrame) -> pl.DataFrame:
    """Marks buildings: properties without a unit at whose number, street and postcode other properties have one."""
    place = ["number", "street_key", "postcode"]
    has_units = properties.filter(pl.col("unit").is_not_null()).select(place).unique().with_columns(is_site=True)
    parents = properties.select(uprn="parent_uprn").drop_nulls().unique().with_columns(is_parent=True)
    joined = properties.join(has_units, on=place, how="left").join(parents, on="uprn", how="left")
    is_building = pl.col("is_parent").fill_null(False) | (pl.col("is_site").fill_null(False) & pl.col("unit").is_null())
    return joined.with_columns(is_building=is_building).drop("is_site", "is_parent").sort("property_id")


def _find_properties(
    parsed: pl.DataFrame, gazetteer: pl.DataFrame, *, work: Path, prepared: Path | None
) -> pl.DataFrame:
    """The property each text names without doubt, by the steps below, each over what the last left."""
    if gazetteer.is_empty():
        return pl.DataFrame(schema={"text_id": pl.UInt32, **_FOUND})
    found = []
    left = parsed
    for step in (_by_uprn, _exact, _named_building, _near_street, _without_postcode, _other_postcode, _building):
        hit = step(left, gazetteer).select("text_id", *_FOUND).unique(subset="text_id", keep="none")
        found.append(hit.sort("text_id"))
        left = left.join(hit, on="text_id", how="anti", maintain_order="left")
    found.append(_by_matcher(left, gazetteer, work=work, prepared=prepared))
    return pl.concat(found)


_FOUND = {"address_id": pl.String, "reason": pl.String, "weight": pl.Float64}


def _found(reason: AddressReason) -> list[pl.Expr]:
    return [pl.lit(reason.value).alias("reason"), pl.lit(None, pl.Float64).alias("weight")]


def _unique(gazetteer: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """The one address that has these keys; approved properties before historical ones."""
    held = gazetteer.filter(pl.all_horizontal(pl.col(key).is_not_null() for key in keys if key != "unit"))
    best = held.filter(pl.col("rank") == pl.col("rank").min().over(keys))
    alone = best.group_by(keys).agg(pl.col("address_id").unique()).filter(pl.col("address_id").list.len() == 1)
    return alone.with_columns(pl.col("address_id").list.first())


def _by_uprn(texts: pl.DataFrame, gazetteer: pl.DataFrame) -> pl.DataFrame:
    uprn = pl.col("stated_uprn").str.strip_chars_start("0")
    known = gazetteer.select("uprn", "address_id").unique()
    return texts.with_columns(uprn=uprn).join(known, on="uprn").with_columns(_found(AddressReason.STATED_UPRN))


def _exact(texts: pl.DataFrame, gazetteer: pl.DataFrame) -> pl.DataFrame:
    keys = ["unit", "number", "street_key", "postcode"]
    hit = texts.join(_unique(gazetteer, keys), on=keys, nulls_equal=True)
    return hit.filter(_named()).with_columns(_found(AddressReason.EXACT))


def _named() -> pl.Expr:
    return pl.col("number").is_not_null()


def _named_building(texts: pl.DataFrame, gazetteer: pl.DataFrame) -> pl.DataFrame:
    """A building in a street's place: `3 Rose Court, Mill Lane`, `Flat 3, Rose Court Mill Lane`."""
    flats = gazetteer.filter(pl.col("unit").is_not_null(), pl.col("number").str.contains(r"^[A-Z ]+$"))
    with_street = flats.with_columns(number=pl.concat_str("number", "street", separator=" "))
    by_name = pl.concat([each.with_columns(street_key=street_key("number")) for each in (flats, with_street)])
    streets = gazetteer.select("street_key", "postcode").unique()
    named = _unique(by_name, ["unit", "street_key", "postcode"]).join(
        streets, on=["street_key", "postcode"], how="anti"
    )
    asked = texts.filter(pl.col("unit").is_null() | pl.col("number").is_null())
    asked = asked.with_columns(unit=pl.coalesce("unit", "number"))
    hit = asked.join(named, on=["unit", "street_key", "postcode"])
    return hit.with_columns(_found(AddressReason.NAMED_BUILDING))


def _near_street(texts: pl.DataFrame, gazetteer: pl.DataFrame) -> pl.DataFrame:
    """Same unit, number and postcode: the street may be misspelt or missing, never another one."""
    keys = ["unit", "number", "postcode"]
    wanted = texts.filter(_named() & pl.col("postcode").is_not_null())
    near = wanted.join(
        gazetteer.select(*keys, "address_id", "is_building", found_key="street_key").unique(), on=keys, nulls_equal=True
    )
    near = likeness(near, "street_key", "found_key").sort("text_id", "address_id")
    only = pl.col("address_id").n_unique().over("text_id") == 1
    missing = pl.col("street_key").is_null() & only
    same = (pl.col("likeness") >= SIMILAR_STREET) & (pl.col("likeness") == pl.col("likeness").max().over("text_id"))
    reason = (
        pl.when(missing).then(pl.lit(AddressReason.NO_STREET.value)).otherwise(pl.lit(AddressReason.NEAR_STREET.value))
    )
    return near.filter(missing | same).with_columns(reason=reason, weight=pl.lit(None, pl.Float64))


def _without_postcode(texts: pl.DataFrame, gazetteer: pl.DataFrame) -> pl.DataFrame:
    wanted = texts.filter(pl.col("postcode").is_null() & _named())
    by_street = wanted.join(_unique(gazetteer, _STREET), on=_STREET, nulls_equal=True)
    by_town = wanted.join(_unique(gazetteer, [*_STREET, "town"]), on=[*_STREET, "town"], nulls_equal=True)
    both = pl.concat([by_street, by_town.select(by_street.columns)]).unique(subset=["text_id", "address_id"])
    return both.with_columns(_found(AddressReason.NO_POSTCODE))


_STREET = ["unit", "number", "street_key"]


def _other_postcode(texts: pl.DataFrame, gazetteer: pl.DataFrame) -> pl.DataFrame:
    """Same unit, number and street under a postcode that differs by a slip, or in a town that agrees."""
    wanted = texts.filter(pl.col("postcode").is_not_null() & _named())
    candidates = gazetteer.select(*_STREET, "address_id", found_pc="postcode", found_town="town").unique()
    near = wanted.join(candidates, on=_STREET, nulls_equal=True)
    near = likeness(near, "postcode", "found_pc").filter(
        (pl.col("likeness_edits") <= 2) | (pl.col("town") == pl.col("found_town"))
    )
    closest = pl.col("likeness_edits") == pl.col("likeness_edits").min().over("text_id")
    near = near.filter(closest).unique(subset=["text_id", "address_id"])
    return near.with_columns(_found(AddressReason.OTHER_POSTCODE))


def _building(texts: pl.DataFrame, gazetteer: pl.DataFrame) -> pl.DataFrame:
    """A flat that is not in the gazetteer stays apart; a building without its flat is the building itself."""
    keys = ["number", "street_key", "postcode"]
    buildings = gazetteer.filter(pl.col("is_building") & pl.col("unit").is_null())
    hit = texts.filter(pl.col("unit").is_null()).join(_unique(buildings, keys), on=keys)
    return hit.with_columns(_found(AddressReason.BUILDING))


def _by_matcher(texts: pl.DataFrame, gazetteer: pl.DataFrame, *, work: Path, prepared: Path | None) -> pl.DataFrame:
    """What the likeness model finds, where number and unit are the same."""
    asked = texts.filter(_named() & pl.col("text").is_not_null())
    if asked.is_empty():
        return pl.DataFrame(schema={"text_id": pl.UInt32, **_FOUND})
    written = asked.select("text_id", "postcode", address=_one_line())
    listed = gazetteer.select("property_id", "postcode", address=_one_line())
    alike = uprn_matcher.most_alike(written, listed, work=work, prepared=prepared)
    agreed = alike.join(texts.select("text_id", "unit", "number"), on="text_id").join(
        gazetteer.select("property_id", "address_id", "unit", "number"), on="property_id", suffix="_found"
    )
    same = pl.col("number").eq(pl.col("number_found")) & pl.col("unit").eq_missing(pl.col("unit_found"))
    matched = agreed.filter(same).with_columns(reason=pl.lit(AddressReason.MATCHER.value))
    return matched.select("text_id", *_FOUND).sort("text_id")


def _one_line() -> pl.Expr:
    flat = "FLAT " + pl.col("unit")
    line = pl.concat_str([pl.col("number"), pl.col("street")], separator=" ", ignore_nulls=True)
    return pl.concat_str([flat, line, pl.col("town")], separator=", ", ignore_nulls=True)


# -- clusters of like addresses -----------------------------------------------------------------------------------


def _cluster(texts: pl.DataFrame, gazetteer: pl.DataFrame) -> pl.DataFrame:
    """Addresses no gazetteer settles, gathered where they are surely one; `text_id` with the cluster's facts."""
    named = texts.filter(_named() | pl.col("street").is_not_null()).with_columns(
        pl.coalesce("number", pl.lit("")).alias("number")
    )
    nodes = named.select(_NODE).unique().sort(_NODE, nulls_last=True).with_row_index("node")
    nodes = _like(nodes)
    shown = named.join(nodes, on=_NODE, nulls_equal=True)
    best = _cluster_label(shown)
    clusters = nodes.join(best, on="cluster").join(_sites(gazetteer), on=_SITE, how="left", nulls_equal=True)
    clusters = clusters.with_columns(is_building=pl.col("is_site").fill_null(False) & pl.col("unit").is_null())
    clusters = clusters.with_columns(is_building=pl.col("is_building").any().over("cluster"))
    whole = named.select("text_id", *_NODE).join(clusters, on=_NODE, nulls_equal=True)
    reason = (
        pl.when("is_building").then(pl.lit(AddressReason.BUILDING.value)).otherwise(pl.lit(AddressReason.SOURCES.value))
    )
    return whole.with_columns(reason=reason, weight=pl.lit(None, pl.Float64))


_NODE = ["unit", "number", "street_key", "town", "postcode"]
_SITE = ["number", "street_key", "postcode"]


def _sites(gazetteer: pl.DataFrame) -> pl.DataFrame:
    with_units = gazetteer.filter(pl.col("unit").is_not_null())
    return with_units.select(_SITE).unique().with_columns(is_site=True)


def _like(nodes: pl.DataFrame) -> pl.DataFrame:
    """Nodes with their `cluster`: postcode a slip away, street misspelt or town left out; then postcode missing."""
    numbered = nodes.filter(pl.col("number") != "")
    star = _star(nodes, ["unit", "number", "street_key", "postcode"])
    edges = pl.concat([star, _slipped_postcode(numbered), _misspelt_street(numbered)])
    nodes = _clustered(nodes, edges)
    return _clustered(nodes, pl.concat([edges, _missing_postcode(nodes.filter(pl.col("number") != ""))]))


def _clustered(nodes: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    label = components(nodes.height, edges["a"].to_numpy(), edges["b"].to_numpy())
    return nodes.with_columns(cluster=pl.Series(label, dtype=pl.UInt32))


def _star(nodes: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    held = nodes.filter(pl.col("postcode").is_not_null() & pl.col("street_key").is_not_null())
    return held.select(a=pl.col("node").min().over(keys), b="node").filter(pl.col("a") != pl.col("b"))


def _missing_postcode(nodes: pl.DataFrame) -> pl.DataFrame:
    """An address without postcode joins the only one with the same unit, number and street (and town, if several)."""
    bare = nodes.filter(pl.col("postcode").is_null() & pl.col("street_key").is_not_null())
    full = nodes.filter(pl.col("postcode").is_not_null())
    found = []
    for keys in (_STREET, [*_STREET, "town"]):
        alone = full.group_by(keys).agg(pl.col("cluster").n_unique().alias("places"), pl.col("node").min().alias("b"))
        hit = bare.join(alone.filter(pl.col("places") == 1), on=keys, nulls_equal=True)
        found.append(hit.select(a="node", b="b"))
    same = bare.select(a=pl.col("node").min().over([*_STREET, "town"]), b="node").filter(pl.col("a") != pl.col("b"))
    return pl.concat([*found, same, _without_any_postcode(nodes)])


def _without_any_postcode(nodes: pl.DataFrame) -> pl.DataFrame:
    """Two addresses without postcode that have one number, and streets and towns spelt alike."""
    bare = nodes.filter(pl.col("postcode").is_null() & pl.col("street_key").is_not_null())
    bare = bare.with_columns(start=pl.col("street_key").str.slice(0, 2))
    pairs = _pairs(bare, ["unit", "number", "start"])
    pairs = likeness(
        likeness(pairs, "street_key", "street_key_b", name="street_like"), "town", "town_b", name="town_like"
    )
    alike = (pl.col("street_like") >= SIMILAR_STREET) & (pl.col("town_like") >= SIMILAR_STREET)
    return pairs.filter(alike).select(a="node", b="node_b")


def _slipped_postcode(nodes: pl.DataFrame) -> pl.DataFrame:
    pairs = _pairs(nodes.filter(pl.col("postcode").is_not_null()), _STREET)
    pairs = likeness(pairs, "postcode", "postcode_b").filter(pl.col("likeness_edits").is_between(1, 2))
    agrees = (pl.col("town") == pl.col("town_b")) | (pl.col("likeness_edits") == 1)
    return pairs.filter(agrees).select(a="node", b="node_b")


def _misspelt_street(nodes: pl.DataFrame) -> pl.DataFrame:
    pairs = _pairs(nodes.filter(pl.col("postcode").is_not_null()), ["unit", "number", "postcode"])
    pairs = likeness(pairs, "street_key", "street_key_b")
    return pairs.filter(pl.col("likeness") >= SIMILAR_STREET).select(a="node", b="node_b")


def _pairs(nodes: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Pairs of nodes with the same keys, each once; keys with implausibly many ways to write them are left alone."""
    held = nodes.filter((pl.len().over(keys) <= 50) & (pl.len().over(keys) > 1))
    paired = held.join(held, on=keys, nulls_equal=True, suffix="_b")
    return paired.filter(pl.col("node") < pl.col("node_b"))


def _cluster_label(shown: pl.DataFrame) -> pl.DataFrame:
    """The fullest and most frequent way of writing each cluster, and the id made from it."""
    line = pl.concat_str([_one_line(), pl.col("postcode")], separator=", ", ignore_nulls=True)
    ways = shown.with_columns(line=line, parts=pl.sum_horizontal(pl.col("town", "postcode", "street").is_not_null()))
    ways = ways.group_by("cluster", "line", "parts", best_postcode="postcode").len()
    ways = ways.sort("cluster", "parts", "len", "line", descending=[False, True, True, False])
    first = ways.unique(subset="cluster", keep="first", maintain_order=True)
    ids = pl.Series(digests(first["line"], "A"), dtype=pl.String)
    return first.select("cluster", "best_postcode", label="line").with_columns(address_id=ids)


# -- the table of addresses ---------------------------------------------------------------------------------------


def _address_table(of_record: pl.DataFrame, gazetteer: pl.DataFrame, clustered: pl.DataFrame) -> pl.DataFrame:
    used = of_record.select("address_id").unique()
    return pl.concat([_known(gazetteer), _standing_in(clustered)]).join(used, on="address_id").sort("address_id")


def _known(gazetteer: pl.DataFrame) -> pl.DataFrame:
    first = gazetteer.sort("rank", "property_id").unique(subset="uprn", keep="first", maintain_order=True)
    held = pl.col("classification").fill_null("").str.to_uppercase()
    words = pl.concat_str(pl.col("organisation").fill_null("").str.to_uppercase().str.replace_all("'", ""))
    return first.select(
        "address_id",
        "uprn",
        pl.col("address").alias("label"),
        "postcode",
        "classification",
        is_communal=held.str.starts_with("RI") | words.str.contains(COMMUNAL),
        is_shared=held.str.starts_with("RH") | pl.col("is_building"),
    )


def _standing_in(clustered: pl.DataFrame) -> pl.DataFrame:
    first = clustered.sort("text_id").unique(subset="address_id", keep="first", maintain_order=True)
    return first.select(
        "address_id",
        pl.lit(None, pl.String).alias("uprn"),
        "label",
        pl.col("best_postcode").alias("postcode"),
        pl.lit(None, pl.String).alias("classification"),
        is_communal=pl.col("label").str.contains(COMMUNAL),
        is_shared=pl.col("is_building"),
    )
