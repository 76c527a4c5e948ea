"""Who lives where, since when; who cares for which child; which families these make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from families.synthetic import homes as homes_of
from families.synthetic import rates
from families.synthetic.population import (
    COUPLE,
    FOSTER,
    GRANDPARENTS,
    LONE_FATHER,
    LONE_MOTHER,
    RESIDENTIAL,
    STEP_FATHER,
    STEP_MOTHER,
    YEAR,
    Families,
    People,
)
from families.synthetic.streams import Array, draw, pick, stream

NEVER = 2**31 - 1  # a day that does not come: "still so"


@dataclass(frozen=True)
class Dwelling:
    """Homes, and the stays of people in them; days are numbers, NEVER where a stay goes on."""

    homes: pl.DataFrame
    home_of_household: Array
    previous_home: Array  # of each family, or -1
    stays: pl.DataFrame  # person, home, from, to
    care: pl.DataFrame  # child, adult, relation, resident, from, to
    families: pl.DataFrame  # true_family, person, role, home


def settle(families: Families, people: People, *, seed: int, areas: int, last: int) -> Dwelling:
    """Houses everybody."""
    rng = stream(seed, "dwelling")
    count = int(people.household.max()) + 1
    area, trouble, first_role = _households(rng, families, people, count, areas)
    group, kind = _grouped(rng, families, area, trouble, first_role)
    places = int(group.max()) + 1
    place_area, place_kind, place_trouble = np.zeros(places, np.int64), np.zeros(places, np.int64), np.zeros(places)
    place_area[group], place_kind[group], place_trouble[group] = area, kind, trouble
    spare = np.maximum(3, np.bincount(place_area, minlength=areas) * rates.VACANT_HOMES).astype(int)
    needed = np.bincount(place_area, minlength=areas) + spare
    homes = homes_of.lay_out(stream(seed, "homes"), towns=homes_of.areas(areas), homes_by_area=needed)
    home_of_place = _assign(rng, homes, place_area, place_kind, place_trouble)
    homes = _mark_special(homes, home_of_place, place_kind)
    home = home_of_place[group]
    previous, arrived = _previous_homes(rng, families, area, home, kind, count, areas)
    stays = _stays(rng, families, people, home, previous, arrived, last)
    return Dwelling(
        homes=homes,
        home_of_household=home,
        previous_home=previous,
        stays=stays,
        care=_care(families, people, last),
        families=_true_families(families, people, home, last),
    )


ORDINARY, SHARED, HOSTEL, CHILDRENS_HOME = range(4)


def _households(
    rng: np.random.Generator, families: Families, people: People, count: int, areas: int
) -> tuple[Array, Array, Array]:
    area = draw(rng, 1 / np.arange(2, areas + 2) ** 0.3, count)
    f = len(families)
    area[:f] = families.area
    others = np.flatnonzero(families.other_parent)
    near = (rng.random(len(others)) < 0.7) | families.two_homes[others]
    area[f : f + len(others)] = np.where(near, families.area[others], area[f : f + len(others)])
    trouble = np.zeros(count)
    trouble[people.household] = people.trouble
    trouble[:f] = families.trouble
    role = np.empty(count, dtype=object)
    role[people.household] = people.role
    return area, trouble, role


def _grouped(
    rng: np.random.Generator, families: Families, area: Array, trouble: Array, role: Array
) -> tuple[Array, Array]:
    """Which households share one address, and of what kind it is."""
    count, f = len(area), len(families)
    kind = np.zeros(count, dtype=np.int64)
    kind[:f][families.kind == RESIDENTIAL] = CHILDRENS_HOME
    lone = np.zeros(count, dtype=bool)
    lone[:f] = (families.kind == LONE_MOTHER) & ~families.two_homes
    noise = rng.standard_normal(count)
    kind[pick(np.where(lone, trouble + noise, -99), rates.IN_HOSTEL * f / count, at_least=3)] = HOSTEL
    free = (kind == ORDINARY) & (lone | (role == "single"))
    free[:f] &= ~families.two_homes
    chosen = pick(np.where(free, 0.5 * trouble + noise, -99), rates.IN_SHARED_HOUSES, at_least=12) & free
    kind[chosen] = SHARED
    group = np.arange(count)
    for a_kind, size in ((SHARED, 4), (HOSTEL, 12), (CHILDRENS_HOME, 6)):
        rows = np.flatnonzero(kind == a_kind)
        rows = rows[np.lexsort((rng.random(len(rows)), area[rows]))]
        leader = rows[(np.arange(len(rows)) // size) * size]
        area[rows] = area[leader]
        group[rows] = leader
    _, group = np.unique(group, return_inverse=True)
    return group, kind


def _assign(rng: np.random.Generator, homes: pl.DataFrame, area: Array, kind: Array, trouble: Array) -> Array:
    """A home for each place in its area: troubled households towards the same postcodes, special places in houses."""
    postcodes, code = np.unique(homes["postcode"].to_numpy(), return_inverse=True)
    need = rng.standard_normal(len(postcodes))[code] + 0.3 * rng.standard_normal(homes.height)
    is_house = ((homes["saon"] == "") & (homes["block"] == -1)).to_numpy()
    home_area = homes["area"].to_numpy()
    out = np.full(len(area), -1)
    for index in range(int(area.max()) + 1):
        places = np.flatnonzero(area == index)
        special = places[kind[places] != ORDINARY]
        ordinary = places[kind[places] == ORDINARY]
        here = np.flatnonzero(home_area == index)
        houses = rng.permutation(here[is_house[here]])[: len(special)]
        out[special] = houses
        rest = np.setdiff1d(here, houses)
        rest = np.sort(rng.permutation(rest)[: len(ordinary)])
        rank = np.argsort(trouble[ordinary] + 1.2 * rng.standard_normal(len(ordinary)), kind="stable")
        out[ordinary[rank]] = rest[np.argsort(need[rest], kind="stable")]
    return out


def _mark_special(homes: pl.DataFrame, home_of_place: Array, kind: Array) -> pl.DataFrame:
    organisation = np.full(homes.height, "", dtype=object)
    classification = homes["classification"].to_numpy().astype(object)
    for a_kind, code, name in (
        (SHARED, "RH03", ""),
        (HOSTEL, "RI02", "HARBOUR HOSTEL"),
        (CHILDRENS_HOME, "RI01", "LARKFIELD CHILDRENS HOME"),
    ):
        rows = home_of_place[kind == a_kind]
        classification[rows] = code
        organisation[rows] = name
    return homes.with_columns(
        classification=pl.Series(classification, dtype=pl.String),
        organisation=pl.Series(organisation, dtype=pl.String),
    )


def _previous_homes(
    rng: np.random.Generator, families: Families, area: Array, home: Array, kind: Array, count: int, areas: int
) -> tuple[Array, Array]:
    """Families that moved came from homes where a childless household has since moved in."""
    previous = np.full(len(families), -1)
    arrived = np.full(count, -1)
    movers = np.flatnonzero((families.moved_on >= 0) & (kind[: len(families)] == ORDINARY))
    target = np.where(rng.random(len(movers)) < 0.75, families.area[movers], rng.integers(0, areas, len(movers)))
    first_childless = len(families) + int(families.other_parent.sum())
    childless = np.arange(first_childless, count)
    childless = rng.permutation(childless[kind[childless] == ORDINARY])
    for index in range(areas):
        those = movers[target == index]
        pool = childless[area[childless] == index][: len(those)]
        those = those[: len(pool)]
        previous[those] = home[pool]
        arrived[pool] = families.moved_on[those] + 7
    return previous, arrived


def _stays(
    rng: np.random.Generator,
    families: Families,
    people: People,
    home: Array,
    previous: Array,
    arrived: Array,
    last: int,
) -> pl.DataFrame:
    f = len(families)
    since = (last - rng.gamma(2.0, 4.5, len(home)).clip(0.3, 45) * YEAR).astype(np.int64)
    moved = np.flatnonzero(previous >= 0)
    since[moved] = families.moved_on[moved]
    since[arrived >= 0] = arrived[arrived >= 0]
    others = np.flatnonzero(families.other_parent)
    left = families.left_on[others]
    since[f : f + len(others)] = np.where(left >= 0, left, since[f : f + len(others)])
    person = np.arange(len(people))
    start = np.maximum(since[people.household], people.born)
    parts = [(person, home[people.household], start, np.full(len(person), NEVER))]
    mover = np.flatnonzero((people.family >= 0) & np.isin(people.role, ("carer1", "carer2", "child")))
    mover = mover[previous[people.family[mover]] >= 0]
    moved_on = families.moved_on[people.family[mover]]
    before = people.born[mover] < moved_on
    mover, moved_on = mover[before], moved_on[before]
    earlier = (since[people.household[mover]] - rng.integers(400, 2500, f)[people.family[mover]]).astype(np.int64)
    parts.append((mover, previous[people.family[mover]], np.maximum(earlier, people.born[mover]), moved_on - 1))
    parts.extend(_second_stays(families, people, home, since, last))
    return pl.DataFrame(
        {
            "person": np.concatenate([p[0] for p in parts]),
            "home": np.concatenate([p[1] for p in parts]),
            "from": np.concatenate([p[2] for p in parts]),
            "to": np.concatenate([p[3] for p in parts]),
        }
    ).sort("person", "from", "home")


def _second_stays(
    families: Families, people: People, home: Array, since: Array, last: int
) -> list[tuple[Array, Array, Array, Array]]:
    """Children with two homes, and absent parents who left the family's home within the window."""
    other = _other_household(families)
    child = np.flatnonzero((people.role == "child") & shared_with_other_parent(families, people))
    child = child[families.two_homes[people.family[child]] & (people.born[child] > last - 18 * YEAR)]
    at = other[people.family[child]]
    second = (child, home[at], np.maximum(since[at], people.born[child]), np.full(len(child), NEVER))
    gone = np.flatnonzero((people.role == "other_parent") & (families.left_on[people.family] >= 0))
    row = people.family[gone]
    first = (gone, home[row], np.minimum(since[row], families.left_on[row] - 400), families.left_on[row] - 1)
    return [second, first]


def _other_household(families: Families) -> Array:
    """The household of each family's absent parent, or -1."""
    out = np.full(len(families), -1)
    rows = np.flatnonzero(families.other_parent)
    out[rows] = len(families) + np.arange(len(rows))
    return out


def shared_with_other_parent(families: Families, people: People) -> Array:
    """Whether the absent parent of the person's family is this child's parent."""
    row = people.family
    kind = families.kind[row]
    stepped = np.isin(kind, (STEP_FATHER, STEP_MOTHER))
    of_first = ~stepped | (people.order < families.earlier[row])
    shared: Array = families.other_parent[row] & (row >= 0) & (kind != COUPLE) & of_first
    return shared


def _first_of(people: People, role: str, families: int) -> Array:
    out = np.full(families, -1)
    rows = np.flatnonzero(people.role == role)
    out[people.family[rows]] = rows
    return out


def _care(families: Families, people: People, last: int) -> pl.DataFrame:
    """Each child under 18 with each adult who is or was its carer or parent."""
    child = np.flatnonzero((people.role == "child") & (people.born > last + 1 - 18 * YEAR))
    row, kind, f = people.family[child], families.kind[people.family[child]], len(families)
    born = people.born[child]
    stepped = np.isin(kind, (STEP_FATHER, STEP_MOTHER)) & (people.order[child] < families.earlier[row])
    first = np.select([kind == GRANDPARENTS, kind == FOSTER], ["grandparent", "other_carer"], default="parent")
    second = np.where(stepped, "step_parent", first)
    late = np.isin(kind, (GRANDPARENTS, FOSTER))
    since = np.where(late, born + (last - born) // 3, born)
    with_step = np.where(stepped, born + (last - born) // 2, since)
    frames = [
        _care_rows(child, _first_of(people, "carer1", f)[row], first, True, since, NEVER),
        _care_rows(child, _first_of(people, "carer2", f)[row], second, True, with_step, NEVER),
    ]
    absent = np.where(shared_with_other_parent(families, people)[child], _first_of(people, "other_parent", f)[row], -1)
    two, left = families.two_homes[row], families.left_on[row]
    parent = np.full(len(child), "parent")
    lived_with = left >= 0
    frames += [
        _care_rows(child, np.where(two & ~lived_with, absent, -1), parent, True, born, NEVER),
        _care_rows(child, np.where(~two & ~lived_with, absent, -1), parent, False, born, NEVER),
        _care_rows(child, np.where(lived_with, absent, -1), parent, True, born, np.where(two, NEVER, left - 1)),
        _care_rows(child, np.where(lived_with & ~two, absent, -1), parent, False, left, NEVER),
    ]
    partner = np.where(absent >= 0, _first_of(people, "partner", f)[row], -1)
    frames.append(
        _care_rows(child, np.where(two, partner, -1), np.full(len(child), "step_parent"), True, with_step, NEVER)
    )
    return pl.concat(frames).filter(pl.col("from") <= pl.col("to")).sort("child", "adult", "from")


def _care_rows(
    child: Array, adult: Array, relation: Array, resident: bool, start: Array, end: Array | int
) -> pl.DataFrame:
    rows = adult >= 0
    ends = np.broadcast_to(end, child.shape)
    return pl.DataFrame(
        {
            "child": child[rows],
            "adult": adult[rows],
            "relation": relation[rows].astype(str),
            "resident": np.full(int(rows.sum()), resident),
            "from": start[rows],
            "to": ends[rows].astype(np.int64),
        },
        schema_overrides={"relation": pl.String},
    )


def _true_families(families: Families, people: People, home: Array, last: int) -> pl.DataFrame:
    """Children and the adults who live with and care for them: one family for each home a child has."""
    child = (people.role == "child") & (people.born > last + 1 - 18 * YEAR)
    has_child = np.zeros(len(families), dtype=bool)
    has_child[people.family[child]] = True
    carer = np.isin(people.role, ("carer1", "carer2"))
    main = np.flatnonzero((child | carer) & has_child[people.family] & (people.family >= 0))
    other = _other_household(families)
    second_child = child & shared_with_other_parent(families, people) & families.two_homes[people.family]
    has_second = np.zeros(len(families), dtype=bool)
    has_second[people.family[second_child]] = True
    second_carer = np.isin(people.role, ("other_parent", "partner")) & has_second[people.family] & (people.family >= 0)
    second = np.flatnonzero(second_child | second_carer)
    rows = np.concatenate([main, second])
    number = np.concatenate([people.family[main], len(families) + people.family[second]])
    at = np.concatenate([home[people.family[main]], home[other[people.family[second]]]])
    return pl.DataFrame(
        {"true_family": number, "person": rows, "role": np.where(child[rows], "child", "carer"), "home": at},
        schema_overrides={"role": pl.String},
    ).sort("true_family", "person")


__all__ = ["LONE_FATHER", "NEVER", "Dwelling", "settle", "shared_with_other_parent"]
