"""Joining clusters of records by proposed links, and refusing what cannot be one person.

Links are taken together by connected components; where a component holds two people who cannot be one (two permanent
UPNs, two dates of birth, two sexes under two forenames, two rows of one de-duplicated delivery), its links are taken
one by one, strongest first, each only if the two sides can be one person. So a component is cut at its weakest links.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from families.linkage.components import components

MONTH = 31  # days; two children of one mother are never born so near each other, but twins
PERMANENT_UPN = r"^[A-Z][0-9]{12}$"
TELLING = ["upn", "dob", "born_low", "born_high", "sex", "forename", "exclusive", "is_child", "is_adult"]
EDGES = pl.Schema({"a": pl.Int64, "b": pl.Int64, "reason": pl.String, "weight": pl.Float64, "strength": pl.Float64})


@dataclass(frozen=True)
class Linked:
    """What is settled so far: the cluster of each record, and why a record joined its cluster."""

    clusters: pl.DataFrame  # r, c: the smallest record of its cluster
    reasons: pl.DataFrame  # r, reason, weight

    @staticmethod
    def apart(records: pl.DataFrame) -> Linked:
        """Every record its own cluster."""
        none = pl.DataFrame(schema={"r": pl.Int64, "reason": pl.String, "weight": pl.Float64})
        return Linked(records.select("r", c="r"), none)


def marked_apart(records: pl.DataFrame, marks: pl.DataFrame) -> pl.DataFrame:
    """The records, in order of `r`, with what else nobody can share: `mark`, keys and identities of some of them."""
    held = records.select("r", "exclusive")
    marked = held.join(marks, on="r").select("r", pl.concat_list("exclusive", "mark"))
    others = held.join(marks, on="r", how="anti")
    return records.with_columns(pl.concat([others, marked]).sort("r")["exclusive"])


def settle(
    linked: Linked,
    records: pl.DataFrame,
    edges: pl.DataFrame,
    *,
    births_may_differ: bool = False,
    may_be_grown: bool = False,
) -> Linked:
    """The clusters after taking these links between records (`a`, `b`), as far as they can be one person.

    Links that have weighed two dates of birth against each other, or whether a pupil is of age, are not refused
    for these.
    """
    proposed = _between_clusters(linked, edges)
    if proposed.is_empty():
        return linked
    touched = pl.concat([proposed["ca"], proposed["cb"]]).unique().sort()
    label = _labels(touched, proposed)
    of_touched = linked.clusters.filter(pl.col("c").is_in(touched.implode()))
    facts = cluster_facts(records.select("r", *TELLING).join(of_touched, on="r"))
    if may_be_grown:
        facts = facts.with_columns(is_ageless=pl.lit(False))
    doubtful = _doubtful(label, facts)
    of_edge = proposed.join(label.select(ca="c", label="label"), on="ca")
    plain = of_edge.filter(~pl.col("label").is_in(doubtful.implode()))
    careful = of_edge.filter(pl.col("label").is_in(doubtful.implode()))
    if births_may_differ:
        facts = facts.with_columns(dob=pl.lit(None, pl.Date), low=pl.lit(None, pl.Int32), high=pl.lit(None, pl.Int32))
    taken = pl.concat([plain, _one_by_one(careful, facts)])
    return _take(linked, taken)


def _between_clusters(linked: Linked, edges: pl.DataFrame) -> pl.DataFrame:
    """The strongest link of each pair of clusters, in a fixed order."""
    of = linked.clusters
    both = edges.join(of.select(a="r", ca="c"), on="a").join(of.select(b="r", cb="c"), on="b")
    both = both.filter(pl.col("ca") != pl.col("cb")).with_columns(
        low=pl.min_horizontal("ca", "cb"), high=pl.max_horizontal("ca", "cb")
    )
    ordered = both.sort(
        "strength", "weight", "low", "high", "a", "b", descending=[True, True, *[False] * 4], nulls_last=True
    )
    return ordered.unique(subset=["low", "high"], keep="first", maintain_order=True)


def _labels(touched: pl.Series, proposed: pl.DataFrame) -> pl.DataFrame:
    place = pl.DataFrame({"c": touched}).with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    ends = proposed.select("ca", "cb").join(place.select(ca="c", left="place"), on="ca")
    ends = ends.join(place.select(cb="c", right="place"), on="cb")
    label = components(place.height, ends["left"].to_numpy(), ends["right"].to_numpy())
    return place.with_columns(label=pl.Series(label)).select("c", "label")


def cluster_facts(records: pl.DataFrame) -> pl.DataFrame:
    """What makes a cluster one person: its UPNs, date of birth, span of birth years, sex, forename, exclusive rows."""
    is_alone = pl.len().over("c") == 1
    is_permanent = pl.col("upn").str.contains(PERMANENT_UPN)
    none = pl.lit([], pl.List(pl.String))
    alone = records.filter(is_alone).select(
        "c",
        upns=pl.when(is_permanent).then(pl.concat_list("upn")).otherwise(none),
        dob="dob",
        low="born_low",
        high="born_high",
        sex="sex",
        forename="forename",
        exclusive="exclusive",
        is_child="is_child",
        is_ageless=pl.col("is_adult") & pl.col("born_low").is_null(),
    )
    several = (
        records.filter(~is_alone)
        .group_by("c")
        .agg(
            upns=pl.col("upn").filter(is_permanent).drop_nulls().unique().sort(),
            dob=_most_frequent("dob"),
            low=pl.col("born_low").max(),
            high=pl.col("born_high").min(),
            sex=_most_frequent("sex"),
            forename=_most_frequent("forename"),
            exclusive=pl.col("exclusive").explode(empty_as_null=True).drop_nulls().unique().sort(),
            is_child=pl.col("is_child").any(),
            is_ageless=pl.col("is_adult").any() & (pl.col("born_low").count() == 0),
        )
    )
    facts = pl.concat([alone, several])
    year = pl.col("dob").dt.year()
    return facts.with_columns(low=pl.coalesce(year, "low"), high=pl.coalesce(year, "high")).sort("c")


def _most_frequent(name: str) -> pl.Expr:
    return pl.col(name).drop_nulls().sort().mode(maintain_order=True).first()


def _doubtful(label: pl.DataFrame, facts: pl.DataFrame) -> pl.Series:
    """Components in which some two clusters might not be one person."""
    held = (
        label.join(facts, on="c")
        .group_by("label")
        .agg(
            upns=pl.col("upns").explode(empty_as_null=True).drop_nulls().n_unique(),
            births=pl.col("dob").drop_nulls().n_unique(),
            low=pl.col("low").max(),
            high=pl.col("high").min(),
            sexes=pl.col("sex").drop_nulls().n_unique(),
            rows=pl.col("exclusive").explode(empty_as_null=True).drop_nulls().n_unique(),
            roles=pl.col("is_child").any() & pl.col("is_ageless").any(),
            keys=pl.col("exclusive").explode(empty_as_null=True).struct.field("key").drop_nulls().n_unique(),
        )
    )
    wrong = (
        (pl.col("upns") > 1)
        | (pl.col("births") > 1)
        | (pl.col("low") > pl.col("high")).fill_null(False)
        | (pl.col("sexes") > 1)
        | pl.col("roles")
        | (pl.col("rows") > pl.col("keys"))
    )
    return held.filter(wrong)["label"].sort()


@dataclass
class _Group:
    """A growing cluster of a doubtful component."""

    upns: set[str]
    births: set[int]  # days since 1970
    low: int | None
    high: int | None
    sexes: set[str]
    forenames: set[str]
    exclusive: dict[int, int]  # identity by key
    is_child: bool
    is_ageless: bool  # in an adult's role, with no date of birth or age to tell father from son


def _one_by_one(edges: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Of doubtful components, the links that can stand, strongest first. Few enough to take one at a time."""
    if edges.is_empty():
        return edges
    used = pl.concat([edges["ca"], edges["cb"]]).unique()
    groups = dict(_groups(facts.filter(pl.col("c").is_in(used.implode()))))
    leader = {c: c for c in groups}
    kept = []
    ordered = edges.with_row_index("place").sort(
        "strength", "weight", "low", "high", descending=[True, True, False, False], nulls_last=True
    )
    for place, left, right in ordered.select("place", "ca", "cb").iter_rows():
        one, other = _leader(leader, left), _leader(leader, right)
        if one == other:
            continue
        if _can_be_one(groups[one], groups[other]):
            first, second = min(one, other), max(one, other)
            leader[second] = first
            _merge(groups[first], groups.pop(second))
            kept.append(place)
    return edges[sorted(kept)] if kept else edges.clear()


def _groups(facts: pl.DataFrame) -> Iterator[tuple[int, _Group]]:
    columns = ["c", "upns", "dob", "low", "high", "sex", "forename", "exclusive", "is_child", "is_ageless"]
    rows = facts.with_columns(pl.col("dob").cast(pl.Int32)).select(columns)
    for c, upns, dob, low, high, sex, forename, exclusive, is_child, is_ageless in rows.iter_rows():
        births = set() if dob is None else {dob}
        yield (
            c,
            _Group(
                set(upns),
                births,
                low,
                high,
                {sex} - {None},
                {forename} - {None},
                {x["key"]: x["identity"] for x in exclusive},
                is_child,
                is_ageless,
            ),
        )


def _leader(leader: dict[int, int], c: int) -> int:
    while leader[c] != c:
        leader[c] = leader[leader[c]]
        c = leader[c]
    return c


def _can_be_one(one: _Group, other: _Group) -> bool:
    shared = one.exclusive.keys() & other.exclusive.keys()
    if any(one.exclusive[key] != other.exclusive[key] for key in shared):
        return False
    if (one.is_child and other.is_ageless) or (one.is_ageless and other.is_child):
        return False
    if one.upns and other.upns:
        return bool(one.upns & other.upns)
    if one.births and other.births and not any(near_births(a, b) for a in one.births for b in other.births):
        return False
    if _apart(one.low, other.high) or _apart(other.low, one.high):
        return bool(one.births and other.births)
    if one.sexes and other.sexes and not one.sexes & other.sexes:
        return bool(one.forenames & other.forenames)
    return True


def _apart(low: int | None, high: int | None) -> bool:
    return low is not None and high is not None and low > high


def near_births(one: int, other: int) -> bool:
    """Whether two dates (days since 1970) may be one date miswritten: day and month swapped, one digit wrong, a slip of
    up to a month (across its end several digits change), or the same day of the next year."""
    if abs(one - other) <= MONTH:
        return True
    a, b = _digits(one), _digits(other)
    if a[:4] == b[:4] and a[4:6] == b[6:] and a[6:] == b[4:6]:
        return True
    if a[4:] == b[4:] and abs(int(a[:4]) - int(b[:4])) == 1:
        return True
    different = [place for place in range(8) if a[place] != b[place]]
    if len(different) == 1:
        return True
    swapped = len(different) == 2 and different[1] == different[0] + 1
    return swapped and a[different[0]] == b[different[1]] and a[different[1]] == b[different[0]]


def _digits(days: int) -> str:
    return (dt.date(1970, 1, 1) + dt.timedelta(days=days)).strftime("%Y%m%d")


def _merge(one: _Group, other: _Group) -> None:
    one.upns |= other.upns
    one.births |= other.births
    one.low = max((x for x in (one.low, other.low) if x is not None), default=None)
    one.high = min((x for x in (one.high, other.high) if x is not None), default=None)
    one.sexes |= other.sexes
    one.forenames |= other.forenames
    one.exclusive |= other.exclusive
    one.is_child |= other.is_child
    one.is_ageless = one.low is None and (one.is_ageless or other.is_ageless)


def _take(linked: Linked, taken: pl.DataFrame) -> Linked:
    if taken.is_empty():
        return linked
    touched = pl.concat([taken["ca"], taken["cb"]]).unique().sort()
    label = _labels(touched, taken)
    joined = label.with_columns(new=pl.col("c").min().over("label")).select("c", "new")
    clusters = linked.clusters.join(joined, on="c", how="left").select("r", c=pl.coalesce("new", "c")).sort("r")
    ends = pl.concat([taken.select(r=end, reason="reason", weight="weight", strength="strength") for end in ("a", "b")])
    first = ends.sort("r", "strength", "weight", descending=[False, True, True], nulls_last=True).unique(
        subset="r", keep="first", maintain_order=True
    )
    new = first.join(linked.reasons, on="r", how="anti").select("r", "reason", "weight")
    return Linked(clusters, pl.concat([linked.reasons, new]).sort("r"))
