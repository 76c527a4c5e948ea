"""Families first: who has children, of whom, when; then everybody else. Arrays only; nothing here knows of files.

A family is drawn with one latent `trouble` score, which leans on its area's; all that goes wrong later (absence,
exclusions, offending, benefits, social care) leans on that score, so that problems cluster in families.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np

from families.synthetic import names, rates
from families.synthetic.streams import Array, draw, mix, pick, stream

TYPES = tuple(rates.FAMILY_TYPES)
COUPLE, LONE_MOTHER, LONE_FATHER, STEP_FATHER, STEP_MOTHER, GRANDPARENTS, FOSTER, RESIDENTIAL = range(len(TYPES))
_MOST = 8  # children of a family at most
YEAR = 365.25


def day_number(day: dt.date) -> int:
    """Days since 1970."""
    return (day - dt.date(1970, 1, 1)).days


def years_of(days: Array) -> Array:
    """Calendar year of day numbers."""
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970


def school_start_year(days: Array) -> Array:
    """The year whose September a child born on that day starts reception: aged 4 on 31 August."""
    born = days.astype("datetime64[D]")
    month = born.astype("datetime64[M]").astype(int) % 12 + 1
    return years_of(days) + 4 + (month >= 9)


@dataclass
class Families:
    """Families with children: one row each in arrays of the same length."""

    kind: Array
    area: Array
    trouble: Array
    tradition: Array
    births: Array  # (families, _MOST) day numbers, or -1
    earlier: Array  # children of an earlier relationship (of step-families)
    mother_born: Array
    moved_on: Array  # day the whole family moved, or -1
    two_homes: Array
    other_parent: Array  # the absent parent lives in the authority
    left_on: Array  # day the absent parent left, or -1
    has_lodger: Array
    married: Array

    def __len__(self) -> int:
        """How many families."""
        return len(self.kind)

    def only(self, rows: Array) -> Families:
        """The families of these rows."""
        return Families(**{name: values[rows] for name, values in vars(self).items()})


@dataclass
class People:
    """Everybody, one row each; person number is the row."""

    family: Array  # row of Families, or -1
    role: Array  # carer1, carer2, child, other_parent, partner, lodger, single
    sex: Array
    born: Array
    tradition: Array
    trouble: Array
    forename: Array = field(default_factory=lambda: np.empty(0, dtype=object))
    middle: Array = field(default_factory=lambda: np.empty(0, dtype=object))
    surname: Array = field(default_factory=lambda: np.empty(0, dtype=object))
    other_surname: Array = field(default_factory=lambda: np.empty(0, dtype=object))
    household: Array = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    order: Array = field(default_factory=lambda: np.empty(0, dtype=np.int64))  # child's place among siblings

    def __len__(self) -> int:
        """How many people."""
        return len(self.family)


def draw_families(*, pupils: int, seed: int, areas: int, first_day: dt.date, last_day: dt.date) -> Families:
    """Families with a child under 18 on the last day, cut where they hold `pupils` children of school age."""
    rng = stream(seed, "families")
    count = int(pupils * 1.25) + 60
    families = _candidates(rng, count, areas, first_day=first_day, last_day=last_day)
    last = day_number(last_day)
    has_child = ((families.births >= 0) & (families.births > last - 18 * YEAR)).any(axis=1)
    families = families.only(np.flatnonzero(has_child))
    at_school = is_of_school_years(families.births, last_day=last_day) & (families.births >= 0)
    so_far = np.cumsum(at_school.sum(axis=1))
    return families.only(np.arange(min(len(families), int(np.searchsorted(so_far, pupils)) + 1)))


def is_of_school_years(births: Array, *, last_day: dt.date) -> Array:
    """Reception to year 11 in the academic year of the last day, and those of the sixth form."""
    start = last_day.year if last_day.month >= 9 else last_day.year - 1
    year = start - school_start_year(births)
    in_sixth_form = np.isin(year, (12, 13)) & (births % 100 < 100 * rates.SIXTH_FORM)
    return ((year >= 0) & (year <= 11)) | in_sixth_form


def _candidates(rng: np.random.Generator, count: int, areas: int, *, first_day: dt.date, last_day: dt.date) -> Families:
    area = draw(rng, 1 / np.arange(2, areas + 2) ** 0.3, count)
    trouble = mix(rng, rng.standard_normal(areas)[area], 0.35)
    trouble = (trouble - trouble.mean()) / trouble.std()
    weights = np.array([rates.FAMILY_TYPES[name] for name in TYPES])
    shift = np.array([rates.TYPE_SHIFT.get(name, 0.0) for name in TYPES])
    by_family = weights * np.exp(shift * trouble[:, None])
    edges = np.cumsum(by_family / by_family.sum(axis=1, keepdims=True), axis=1)
    kind = (rng.random(count)[:, None] > edges).sum(axis=1).clip(0, RESIDENTIAL)
    kind[:3] = RESIDENTIAL  # the children's home holds a few children, however small the authority
    kind[3:5], kind[5:7] = GRANDPARENTS, FOSTER
    last, first = day_number(last_day), day_number(first_day)
    births, earlier = _births(rng, kind, last)
    firstborn = births[:, 0]
    age = np.clip(rng.normal(28.3, 5.4, count) - 1.2 * trouble, 15.5, 42) + rng.random(count)
    births[births > (firstborn + (47 - age) * YEAR)[:, None]] = -1  # no mother is older
    moved = pick(rng.random(count), rates.MOVED_A_YEAR * (last - first) / YEAR, at_least=6)
    earlier_move = rng.random(count) < rates.MOVED_EARLIER
    within = rng.integers(first, last - 20, count)
    before = rng.integers(first - 7 * 365, first, count)
    moved_on = np.where(moved, within, np.where(earlier_move, before, -1))
    moved_on[(kind == RESIDENTIAL) | (kind == FOSTER)] = -1
    apart = np.isin(kind, (LONE_MOTHER, LONE_FATHER, STEP_FATHER, STEP_MOTHER))
    other = rng.random(count) < np.where(kind == COUPLE, 0, rates.OTHER_PARENT_IN_AUTHORITY)
    children = (births >= 0).sum(axis=1)
    could = apart & other
    share = (
        rates.TWO_HOMES * children.sum() / max(1, np.minimum(children, np.where(earlier > 0, earlier, 9))[could].sum())
    )
    two_homes = could & (rng.random(count) < share)
    lone = np.isin(kind, (LONE_MOTHER, LONE_FATHER)) & other
    left = lone & (rng.random(count) < rates.PARENT_LEFT)
    left_on = np.where(left, rng.integers(first + 30, last - 20, count), -1)
    moved_on[left & (moved_on >= first)] = -1
    return Families(
        kind=kind,
        area=area,
        trouble=trouble,
        tradition=draw(rng, np.array(names.TRADITION_SHARES), count),
        births=births,
        earlier=earlier,
        mother_born=(firstborn - age * YEAR).astype(np.int64),
        moved_on=moved_on,
        two_homes=two_homes,
        other_parent=other,
        left_on=left_on,
        has_lodger=(rng.random(count) < rates.LODGERS) & (kind != RESIDENTIAL),
        married=rng.random(count) < 0.66 - 0.08 * trouble,
    )


def _births(rng: np.random.Generator, kind: Array, last: int) -> tuple[Array, Array]:
    """Birth days, oldest first; a twin has the same one. And how many are of an earlier relationship."""
    count = len(kind)
    born = draw(rng, np.array(rates.OFFSPRING), count) + 1
    born[kind == RESIDENTIAL] = 1
    born[kind == FOSTER] = np.minimum(born[kind == FOSTER], 2)
    twin = rng.random((count, _MOST)) < rates.TWIN_BIRTHS
    twin[10 : 10 + max(1, count // 400), 1] = True  # so that even a small authority has twins
    twin[:, 0] = False
    born = np.minimum(born + (twin & (np.arange(_MOST) <= born[:, None])).sum(axis=1), _MOST)
    gaps = (1.05 + rng.gamma(2.2, 0.95, (count, _MOST))) * YEAR
    gaps[:, 0] = 0
    gaps[twin] = 0
    first = last - rng.random(count) * 26 * YEAR
    first[kind == RESIDENTIAL] = last - (8.5 + 8 * rng.random(int((kind == RESIDENTIAL).sum()))) * YEAR
    births = (first[:, None] + np.cumsum(gaps, axis=1)).astype(np.int64)
    births[(np.arange(_MOST) >= born[:, None]) | (births > last - 14)] = -1
    living = (births >= 0).sum(axis=1)
    stepped = np.isin(kind, (STEP_FATHER, STEP_MOTHER))
    earlier = np.where(stepped, np.maximum(1, np.round(living * rng.uniform(0.4, 1.0, count))), 0).astype(np.int64)
    # Twins are children of one father.
    rows = np.arange(count)
    splits = stepped & (earlier < _MOST) & (births[rows, earlier.clip(0, 7)] == births[rows, (earlier - 1).clip(0, 7)])
    return births, np.where(splits, living, earlier)


def people_of(families: Families, *, seed: int, pupils: int, last_day: dt.date) -> People:
    """Everybody: carers, children, absent parents and their partners, lodgers, and the childless."""
    rng = stream(seed, "people")
    last = day_number(last_day)
    blocks = [
        _carers(rng, families, last),
        _second_carers(rng, families, last),
        _children(rng, families, last),
        _other_parents(rng, families, last),
        _lodgers(rng, families, last),
    ]
    blocks.append(_other_partners(rng, blocks[3]))
    blocks.append(_childless(rng, round(rates.CHILDLESS_HOMES_A_PUPIL * pupils), last, families))
    people = People(**{name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]})
    _name(rng, people, families)
    return people


_Block = dict[str, Array]


def _block(
    families: Families, rows: Array, *, role: str, sex: Array, born: Array, household: Array | None = None
) -> _Block:
    return {
        "family": rows,
        "role": np.full(len(rows), role, dtype=object),
        "sex": sex,
        "born": born.astype(np.int64),
        "tradition": families.tradition[rows],
        "trouble": families.trouble[rows],
        "household": rows if household is None else household,
        "order": np.full(len(rows), -1),
    }


def _carers(rng: np.random.Generator, families: Families, last: int) -> _Block:
    rows = np.flatnonzero(families.kind != RESIDENTIAL)
    kind = families.kind[rows]
    sex = np.where(np.isin(kind, (LONE_FATHER, STEP_MOTHER)), "M", "F").astype(object)
    mother = families.mother_born[rows]
    born = mother - np.where(sex == "M", rng.normal(2.4, 3.5, len(rows)).clip(-5, 15) * YEAR, 0)
    born = np.where(kind == GRANDPARENTS, mother - rng.uniform(19, 31, len(rows)) * YEAR, born)
    born = np.where(kind == FOSTER, last - rng.uniform(34, 62, len(rows)) * YEAR, born)
    born = np.minimum(born, families.births[rows, 0] - 15.5 * YEAR)
    return _block(families, rows, role="carer1", sex=sex, born=born)


def _second_carers(rng: np.random.Generator, families: Families, last: int) -> _Block:
    kind = families.kind
    some = rng.random(len(kind))
    has = np.isin(kind, (COUPLE, STEP_FATHER, STEP_MOTHER)) | ((kind == GRANDPARENTS) & (some < 0.6))
    rows = np.flatnonzero(has | ((kind == FOSTER) & (some < 0.85)))
    kind = kind[rows]
    sex = np.where(kind == STEP_MOTHER, "F", "M").astype(object)
    mother = families.mother_born[rows]
    born = mother - rng.normal(2.4, 3.8, len(rows)).clip(-6, 16) * YEAR
    born = np.where(kind == GRANDPARENTS, mother - rng.uniform(20, 34, len(rows)) * YEAR, born)
    born = np.where(kind == FOSTER, last - rng.uniform(35, 64, len(rows)) * YEAR, born)
    firstborn = families.births[rows, 0]
    born = np.minimum(born, firstborn - 16.5 * YEAR)
    return _block(families, rows, role="carer2", sex=sex, born=born)


def _children(rng: np.random.Generator, families: Families, last: int) -> _Block:
    rows, order = np.nonzero(families.births >= 0)
    born = families.births[rows, order]
    age = (last - born) / YEAR
    stays = np.ones(len(rows))
    for from_age, share in rates.STILL_AT_HOME:
        stays = np.where(age >= from_age - 0.01, share, stays)
    in_care = np.isin(families.kind[rows], (FOSTER, RESIDENTIAL))
    keep = (age < 18) | ((rng.random(len(rows)) < stays) & ~in_care)
    rows, order, born = rows[keep], order[keep], born[keep]
    sex = np.where(rng.random(len(rows)) < 0.512, "M", "F").astype(object)
    block = _block(families, rows, role="child", sex=sex, born=born)
    block["trouble"] = mix(rng, families.trouble[rows], 0.65)
    block["order"] = order
    return block


def _other_parents(rng: np.random.Generator, families: Families, last: int) -> _Block:
    rows = np.flatnonzero(families.other_parent)
    sex = np.where(np.isin(families.kind[rows], (LONE_MOTHER, STEP_FATHER)), "M", "F").astype(object)
    gap = np.where(sex == "M", rng.normal(2.6, 4.0, len(rows)).clip(-6, 18) * YEAR, 0)
    born = np.minimum(families.mother_born[rows] - gap, families.births[rows, 0] - 15.5 * YEAR)
    return _block(
        families, rows, role="other_parent", sex=sex, born=born, household=len(families) + np.arange(len(rows))
    )


def _other_partners(rng: np.random.Generator, others: _Block) -> _Block:
    chosen = np.flatnonzero(rng.random(len(others["family"])) < rates.OTHER_PARENT_HAS_PARTNER)
    block = {name: values[chosen].copy() for name, values in others.items()}
    block["role"] = np.full(len(chosen), "partner", dtype=object)
    block["sex"] = np.where(block["sex"] == "M", "F", "M").astype(object)
    block["born"] = block["born"] + (rng.normal(0, 4, len(chosen)).clip(-9, 6) * YEAR).astype(np.int64)
    return block


def _lodgers(rng: np.random.Generator, families: Families, last: int) -> _Block:
    rows = np.flatnonzero(families.has_lodger)
    sex = np.where(rng.random(len(rows)) < 0.6, "M", "F").astype(object)
    block = _block(families, rows, role="lodger", sex=sex, born=last - rng.uniform(19, 45, len(rows)) * YEAR)
    block["tradition"] = draw(rng, np.array(names.TRADITION_SHARES), len(rows))
    return block


def _childless(rng: np.random.Generator, homes: int, last: int, families: Families) -> _Block:
    """One person (45%), a couple (48%) or sharers (7%); household numbers follow the absent parents'."""
    size = np.array([1, 2, 3])[draw(rng, np.array([0.45, 0.48, 0.07]), homes)]
    home = np.repeat(np.arange(homes), size)
    place = np.arange(len(home)) - np.searchsorted(home, home)
    age = rng.choice([24, 30, 38, 48, 58, 66, 74, 82], size=homes, p=[0.12, 0.12, 0.1, 0.13, 0.17, 0.15, 0.13, 0.08])
    first_sex = np.where(rng.random(homes) < 0.5, "M", "F")
    same = rng.random(homes) < 0.03
    flip = (place == 1) & ~same[home]
    sex = np.where(flip, np.where(first_sex[home] == "M", "F", "M"), first_sex[home]).astype(object)
    household = len(families) + int(families.other_parent.sum()) + home
    return {
        "family": np.full(len(home), -1),
        "role": np.where(size[home] == 3, "sharer", "single").astype(object),
        "sex": sex,
        "born": (last - (age[home] + rng.normal(0, 3.5, len(home))).clip(18.5, 99) * YEAR).astype(np.int64),
        "tradition": draw(rng, np.array(names.TRADITION_SHARES), homes)[home],
        "trouble": rng.standard_normal(homes)[home],
        "household": household,
        "order": place,
    }


def _name(rng: np.random.Generator, people: People, families: Families) -> None:
    year = years_of(people.born)
    people.forename = names.draw_forenames(rng, people.sex, people.tradition, year)
    middle = names.draw_forenames(rng, people.sex, people.tradition, year)
    middle[rng.random(len(people)) < 0.3] = ""
    people.middle = middle
    _part_siblings(people)
    people.surname, people.other_surname = _surnames(rng, people, families)


def _part_siblings(people: People) -> None:
    """Two children of a family never share a forename: the later takes the middle name, or a different one."""
    child = np.flatnonzero(people.role == "child")
    keys = np.array([f"{f} {n}" for f, n in zip(people.family[child], people.forename[child], strict=True)])
    _, first = np.unique(keys, return_index=True)
    later = np.setdiff1d(np.arange(len(child)), first)
    spare = {"M": ("Reuben", "Miles", "Conrad"), "F": ("Imogen", "Tabitha", "Beatrix")}
    for place in child[later].tolist():
        choices = spare[str(people.sex[place])]
        people.forename[place] = people.middle[place] or choices[int(people.order[place]) % len(choices)]
        people.middle[place] = ""


def _surnames(rng: np.random.Generator, people: People, families: Families) -> tuple[Array, Array]:
    """Surnames by relation: partners who married share one, children take either parent's or both."""
    count = len(families)
    mother = names.draw_surnames(rng, families.tradition)
    father = names.draw_surnames(rng, families.tradition)
    step = names.draw_surnames(rng, families.tradition)
    keeps = ~families.married | (families.tradition == names.TRADITIONS.index("muslim"))
    kind = families.kind
    was_married = rng.random(count) < 0.45
    her = np.where(keeps, mother, father)
    her = np.where(kind == LONE_MOTHER, np.where(was_married & (rng.random(count) < 0.6), father, mother), her)
    her = np.where(kind == STEP_FATHER, np.where(families.married, step, np.where(was_married, father, mother)), her)
    her = np.where(np.isin(kind, (LONE_FATHER, STEP_MOTHER)), np.where(was_married, father, mother), her)
    her = np.where(np.isin(kind, (GRANDPARENTS, FOSTER, RESIDENTIAL)), mother, her)
    her_other = np.where(her == mother, np.where(was_married | families.married, father, mother), mother)
    u = rng.random(count)
    double = np.array([f"{m}-{f}" if "-" not in m else f for m, f in zip(mother, father, strict=True)], dtype=object)
    child = np.where(keeps, np.where(u < 0.74, father, np.where(u < 0.9, mother, double)), father)
    child = np.where(
        kind == LONE_MOTHER, np.where(was_married | (u < 0.42), father, np.where(u < 0.9, mother, double)), child
    )
    child = np.where(np.isin(kind, (GRANDPARENTS, FOSTER, RESIDENTIAL)), np.where(u < 0.5, mother, father), child)
    other_kin = np.where(rng.random(count) < 0.6, mother, step)  # a grandmother with the mother's surname, or not
    surname, other = np.empty(len(people), dtype=object), np.empty(len(people), dtype=object)
    row, role = people.family, people.role
    own = names.draw_surnames(rng, people.tradition)
    surname[:], other[:] = own, own
    is_mother = (row >= 0) & np.isin(kind[row], (COUPLE, LONE_MOTHER, STEP_FATHER)) & (role == "carer1")
    _put(surname, other, is_mother, her[row], her_other[row])
    is_father = ((role == "carer2") & (kind[row] == COUPLE)) | (
        (role == "carer1") & np.isin(kind[row], (LONE_FATHER, STEP_MOTHER))
    )
    _put(surname, other, is_father, father[row], father[row])
    _put(surname, other, (role == "carer2") & (kind[row] == STEP_FATHER), step[row], step[row])
    _put(
        surname,
        other,
        (role == "carer2") & (kind[row] == STEP_MOTHER),
        np.where(families.married, father, step)[row],
        step[row],
    )
    kin = np.isin(role, ("carer1", "carer2")) & (kind[row] == GRANDPARENTS)
    _put(surname, other, kin, other_kin[row], mother[row])
    _put(surname, other, np.isin(role, ("carer1", "carer2")) & (kind[row] == FOSTER), step[row], own)
    absent = role == "other_parent"
    _put(surname, other, absent & (people.sex == "M"), father[row], father[row])
    _put(surname, other, absent & (people.sex == "F"), her[row], mother[row])
    is_child = role == "child"
    joint = is_child & (kind[row] == STEP_FATHER) & (people.order >= families.earlier[row])
    of_child = np.where(joint, step[row], child[row])
    alternative = np.where(her[row] != of_child, her[row], father[row])
    _put(surname, other, is_child, of_child, alternative)
    _share_in_couples(rng, people, surname, other)
    sikh = (people.tradition == names.TRADITIONS.index("sikh")) & (rng.random(len(people)) < 0.5)
    surname[sikh] = np.where(people.sex[sikh] == "M", "Singh", "Kaur")
    return surname, other


def _put(surname: Array, other: Array, rows: Array, value: Array, second: Array) -> None:
    surname[rows], other[rows] = value[rows], second[rows]


def _share_in_couples(rng: np.random.Generator, people: People, surname: Array, other: Array) -> None:
    """A childless couple (the second of two in a household) mostly shares a surname."""
    second = np.flatnonzero((people.role == "single") & (people.order == 1))
    marries = second[rng.random(len(second)) < 0.75]
    other[marries] = surname[marries]
    surname[marries] = surname[marries - 1]
    partner = np.flatnonzero(people.role == "partner")
    of = np.full(int(people.household.max()) + 1, -1)
    absent = np.flatnonzero(people.role == "other_parent")
    of[people.household[absent]] = absent
    marries = partner[rng.random(len(partner)) < 0.35]
    other[marries] = surname[marries]
    surname[marries] = surname[of[people.household[marries]]]
