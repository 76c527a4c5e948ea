"""The rates of a made-up authority beside the published ones."""

from __future__ import annotations

import numpy as np
import polars as pl
from rich.table import Table

from families.synthetic import rates
from families.synthetic.dwelling import NEVER
from families.synthetic.population import COUPLE, LONE_FATHER, LONE_MOTHER, YEAR
from families.synthetic.schooling import PHASES
from families.synthetic.world import World

Line = tuple[str, float, float | None, str]  # what, made up, published, source


def table(world: World) -> Table:
    """A table to print: each rate as generated, and as published."""
    shown = Table(title="The made-up authority beside published rates (per cent unless said)")
    for heading, justify in (("rate", "left"), ("made up", "right"), ("published", "right"), ("source", "left")):
        shown.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for what, made, published, source in lines(world):
        shown.add_row(what, f"{made:.2f}", "" if published is None else f"{published:.2f}", source)
    return shown


def lines(world: World) -> list[Line]:
    """Every rate measured from the simulation, with the published one and its source."""
    return [
        *_absence(world),
        *_terms(world),
        *_codes(world),
        *_exclusions(world),
        *_households(world),
        *_hardships(world),
    ]


def _by_spell(world: World) -> pl.DataFrame:
    year = world.years[-1].start_year
    phase = pl.col("phase").replace_strict(dict(enumerate(PHASES)), return_dtype=pl.String)
    return (
        world.counts.filter(pl.col("year") == year)
        .join(world.schooling.spells.select("spell", "school"), on="spell")
        .join(world.schooling.schools.select("school", phase=phase), on="school")
    )


def _absence(world: World) -> list[Line]:
    sums = (
        _by_spell(world)
        .group_by("spell", "phase")
        .agg(pl.col("possible", "authorised", "unauthorised").sum())
        .filter(pl.col("possible") > 0)
    )
    out: list[Line] = []
    for phase in ("primary", "secondary"):
        some = sums.filter(pl.col("phase") == phase)
        possible, authorised, unauthorised = (some[c].to_numpy() for c in ("possible", "authorised", "unauthorised"))
        made = {
            "authorised absence": 100 * float(authorised.sum() / possible.sum()),
            "unauthorised absence": 100 * float(unauthorised.sum() / possible.sum()),
            "enrolments with no unauthorised absence": 100 * float(np.mean(unauthorised == 0)),
            "enrolments with 15% or more unauthorised": 100 * float(np.mean(unauthorised * 100 >= 15 * possible)),
        }
        source = "DfE absence 2012/13, England"
        out += [(f"{what}, {phase}", made[what], rates.PUBLISHED_ABSENCE[phase][what], source) for what in made]
    return out


def _terms(world: World) -> list[Line]:
    some = _by_spell(world).filter(pl.col("phase") == "secondary").group_by("term")
    sums = some.agg(pl.col("possible", "unauthorised").sum()).sort("term")
    out: list[Line] = []
    for term, possible, unauthorised in sums.rows():
        name = ("autumn", "spring", "summer")[term]
        published = rates.PUBLISHED_TERMS[name]
        source = "DfE absence 2012/13, England"
        out.append((f"unauthorised, secondary, {name}", 100 * unauthorised / possible, published, source))
    return out


def _codes(world: World) -> list[Line]:
    some = _by_spell(world).filter(pl.col("phase") == "secondary")
    out: list[Line] = []
    for kind, codes in (("authorised", "IMC"), ("unauthorised", "OGN")):
        total = float(some[kind].sum())
        for code in codes:
            published = rates.PUBLISHED_CODES[code]
            made = 100 * float(some[code].sum()) / total
            out.append((f"code {code} of {kind}, secondary", made, published, "DfE absence 2012/13, England"))
    return out


def _exclusions(world: World) -> list[Line]:
    year = world.years[-1]
    inside = pl.col("start").is_between(int(year.days[0]), int(year.days[-1]))
    phase = pl.col("phase").replace_strict(dict(enumerate(PHASES)), return_dtype=pl.String)
    schools = world.schooling.schools.select("school", phase=phase)
    events = world.exclusions.filter(inside).join(schools, on="school")
    january = int(year.days[0]) + 136
    on_roll = world.schooling.spells.filter((pl.col("from") <= january) & (pl.col("to") >= january)).join(
        schools, on="school"
    )
    fixed = events.filter(pl.col("category") == "FIXD")
    out: list[Line] = []
    for name in ("primary", "secondary"):
        pupils = max(1, on_roll.filter(pl.col("phase") == name).height)
        some = fixed.filter(pl.col("phase") == name)
        source = "DfE exclusions 2012/13, Essex"
        rate = 100 * rates.EXCLUSION_RATES[name]
        out.append((f"fixed exclusions per 100 pupils, {name}", 100 * some.height / pupils, rate, source))
        share = 100 * some["child"].n_unique() / pupils
        out.append((f"pupils with one or more, {name}", share, 100 * rates.EXCLUDED_PUPILS[name], source))
    times = fixed.group_by("child").len()
    often = 100 * times.filter(pl.col("len") >= 3).height / max(1, times.height)
    out.append(("of those, three or more", often, 18.7, "DfE exclusions 2012/13, England"))
    a_day = 100 * fixed.filter(pl.col("sessions") <= 2).height / max(1, fixed.height)
    out.append(("fixed exclusions of one day or less", a_day, 46.6, "DfE exclusions 2016/17, England"))
    permanent = 100 * events.filter(pl.col("category") == "PERM").height / max(1, on_roll.height)
    out.append(("permanent exclusions per 100 pupils", permanent, 0.02, "DfE exclusions 2012/13, Essex"))
    return out


def _households(world: World) -> list[Line]:
    people, families = world.people, world.families
    child = (people.role == "child") & (people.born > world.last + 1 - 18 * YEAR)
    sizes = np.bincount(people.family[child], minlength=len(families))
    sizes = sizes[sizes > 0]
    source = "ONS families and households 2024, UK"
    kind = families.kind
    share = [100 * float(np.mean(sizes == n)) for n in (1, 2)]
    lone = 100 * float(np.mean(np.isin(kind, (LONE_MOTHER, LONE_FATHER))))
    twins = _twin_births(world)
    two_homes = 100 * float(families.two_homes[people.family[child]].mean())
    return [
        ("families with one dependent child", share[0], 44.6, source),
        ("with two", share[1], 41.0, source),
        ("lone-parent families", lone, 18.7, "2021 census, England and Wales (of all families)"),
        ("not headed by two parents of all the children", 100 * float(np.mean(kind != COUPLE)), None, "set"),
        ("births that are twins", twins, 1.5, "ONS birth characteristics"),
        ("children of families with a second home", two_homes, 3.0, "set"),
        ("adults in no file", 100 * float(world.hidden.sum() / (people.role != "child").sum()), 4.0, "set"),
        ("people to a home (number)", len(people) / world.dwelling.homes.height, 2.4, "2021 census"),
    ]


def _hardships(world: World) -> list[Line]:
    """What later programmes ask, each as a share of those it can befall."""
    people, hard = world.people, world.hardships
    age = (world.last - people.born) / YEAR
    adults = int((age >= 18).sum())
    services = hard.flags.group_by("service").agg(pl.col("person").n_unique())
    with_service = dict(services.rows())
    in_families = hard.incidents.filter(pl.col("family") >= 0)["family"].n_unique()
    above_16 = hard.destinations.filter(pl.col("code") != "110")
    neet = above_16.filter(pl.col("neet_start") < NEVER).height
    children = int(((people.role == "child") & (age < 18)).sum())
    households = len(world.dwelling.home_of_household)
    owing = hard.tenancies.filter(pl.col("arrears") == "open").height
    helped = 100 * hard.help["person"].n_unique() / max(1, children)
    steps = hard.steps.filter(pl.col("step") != "Work Programme").height

    def of_adults(count: int) -> float:
        return 100 * count / max(1, adults)

    return [
        ("households that rent from a social landlord", 100 * hard.tenancies.height / households, 17.6,
         "2011 census, England and Wales"),
        ("of those, in arrears", 100 * owing / max(1, hard.tenancies.height), None, "assumed"),
        ("adults serving a sentence", of_adults(hard.sentences["person"].n_unique()), 0.7,
         "MoJ offender management 2013 (recalled)"),
        ("families with a domestic incident in two years", 100 * in_families / len(world.families), None,
         "assumed; 838,026 incidents in a year, Home Office 2012/13"),
        ("adults with mental health services", of_adults(with_service.get("Adult mental health", 0)), 3.6,
         "HSCIC 2012/13 (recalled)"),
        ("adults in drug treatment", of_adults(with_service.get("Drug treatment", 0)), 0.5, "NDTMS 2012/13 (recalled)"),
        ("adults in alcohol treatment", of_adults(with_service.get("Alcohol treatment", 0)), 0.3,
         "NDTMS 2012/13 (recalled)"),
        ("16 to 18 not in education, employment or training", 100 * neet / max(1, above_16.height), 5.3,
         "DfE authority figures, end of 2013 (recalled)"),
        ("children with early help in two years", helped, None, "assumed"),
        ("families nominated", 100 * _families_of(world, hard.nominations) / len(world.families), None, "assumed"),
        ("families with behaviour laid to a member", 100 * _families_of(world, hard.behaviour) / len(world.families),
         None, "assumed"),
        ("adults with a step to work", of_adults(steps), None, "assumed"),
    ]  # fmt: skip


def _families_of(world: World, events: pl.DataFrame) -> int:
    family = world.people.family[events["person"].to_numpy()]
    return len(np.unique(family[family >= 0]))


def _twin_births(world: World) -> float:
    births = world.families.births
    living = births >= 0
    same = (births[:, 1:] == births[:, :-1]) & living[:, 1:]
    return 100 * float(same.sum()) / float(living.sum() - same.sum())
