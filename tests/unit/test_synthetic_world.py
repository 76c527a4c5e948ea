"""The simulated population: it hangs together, and its rates are the published ones."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from families.synthetic import beside, rates
from families.synthetic.dwelling import NEVER
from families.synthetic.population import RESIDENTIAL, YEAR
from families.synthetic.schooling import FEED, PHASES
from families.synthetic.world import World, make


@pytest.fixture(scope="module")
def world() -> World:
    return make(pupils=6000, seed=11, errors=1.0, first_day=dt.date(2011, 9, 1), last_day=dt.date(2013, 8, 31))


def _made(world: World, what: str) -> tuple[float, float]:
    made, published = next((made, published) for name, made, published, _ in beside.lines(world) if name == what)
    assert published is not None
    return made, published


@pytest.mark.parametrize(
    ("what", "within"),
    [
        ("authorised absence, primary", 0.4),
        ("unauthorised absence, primary", 0.35),
        ("authorised absence, secondary", 0.5),
        ("unauthorised absence, secondary", 0.45),
        ("enrolments with no unauthorised absence, primary", 2.5),
        ("enrolments with no unauthorised absence, secondary", 2.5),
        ("enrolments with 15% or more unauthorised, primary", 0.35),
        ("enrolments with 15% or more unauthorised, secondary", 0.6),
        ("code I of authorised, secondary", 4),
        ("code O of unauthorised, secondary", 5),
        ("fixed exclusions per 100 pupils, secondary", 2),
        ("pupils with one or more, secondary", 0.5),
        ("fixed exclusions of one day or less", 9),
        ("families with one dependent child", 5),
        ("lone-parent families", 4),
        ("births that are twins", 0.6),
        ("households that rent from a social landlord", 0.5),
        ("adults serving a sentence", 0.25),
        ("adults with mental health services", 0.3),
        ("adults in drug treatment", 0.2),
        ("16 to 18 not in education, employment or training", 1.5),
    ],
)
def test_rates_are_near_the_published(world: World, what: str, within: float) -> None:
    made, published = _made(world, what)
    assert abs(made - published) <= within


def test_unauthorised_absence_rises_through_the_year(world: World) -> None:
    autumn, _, summer = (_made(world, f"unauthorised, secondary, {term}")[0] for term in ("autumn", "spring", "summer"))
    assert autumn < summer


def test_the_number_of_pupils_is_the_number_asked_for(world: World) -> None:
    year = world.years[-1]
    spells = world.schooling.spells.filter((pl.col("from") <= int(year.days[-1])) & (pl.col("to") >= int(year.days[0])))
    assert abs(spells["child"].n_unique() - 6000) < 120


def test_every_child_has_a_carer_who_lives_with_it(world: World) -> None:
    people, families = world.people, world.families
    child = np.flatnonzero((people.role == "child") & (people.born > world.last + 1 - 18 * YEAR))
    at_home = child[families.kind[people.family[child]] != RESIDENTIAL]
    cared_for = world.dwelling.care.filter(pl.col("resident") & (pl.col("to") == NEVER))["child"]
    assert set(at_home.tolist()) == set(cared_for.to_list())


def test_carers_are_grown_up_and_older_than_the_children(world: World) -> None:
    care = world.dwelling.care.filter(pl.col("relation") == "parent")
    gap = world.people.born[care["child"].to_numpy()] - world.people.born[care["adult"].to_numpy()]
    assert gap.min() > 14 * YEAR


def test_some_children_are_twins_and_share_family_and_birthday(world: World) -> None:
    births = world.families.births
    same = (births[:, 1:] == births[:, :-1]) & (births[:, 1:] >= 0)
    assert same.any()
    people = world.people
    child = np.flatnonzero(people.role == "child")
    names = pl.DataFrame({"family": people.family[child], "forename": people.forename[child].astype(str)})
    assert names.is_unique().mean() > 0.995  # siblings, twins too, have their own names


def test_everybody_lives_somewhere_now(world: World) -> None:
    now = world.dwelling.stays.filter(pl.col("to") == NEVER)
    assert now["person"].n_unique() == len(world.people)
    assert (world.dwelling.stays["from"] <= world.dwelling.stays["to"]).all()


def test_ordinary_homes_hold_one_household_and_shared_ones_several(world: World) -> None:
    household = pl.DataFrame({"home": world.dwelling.home_of_household}).with_row_index("household")
    crowd = (
        household["home"]
        .value_counts()
        .join(world.dwelling.homes.select(pl.col("home").cast(pl.Int64), "classification"), on="home")
    )
    ordinary = crowd.filter(pl.col("classification").str.starts_with("RD"))
    assert ordinary["count"].max() == 1
    assert set(crowd.filter(pl.col("count") > 1)["classification"]) == {"RH03", "RI01", "RI02"}


def test_about_one_child_in_thirty_has_two_homes(world: World) -> None:
    now = world.dwelling.stays.filter(pl.col("to") == NEVER)["person"].value_counts()
    two = now.filter(pl.col("count") == 2).height
    children = ((world.people.role == "child") & (world.people.born > world.last + 1 - 18 * YEAR)).sum()
    assert 0.015 < two / children < 0.045


def test_problems_cluster_in_families(world: World) -> None:
    people, families = world.people, world.families
    child = (people.role == "child") & (people.born > world.last - 18 * YEAR)
    offenders = world.troubles.offences["person"].unique().to_numpy()
    on_benefit = world.troubles.benefits["person"].to_numpy()
    workless = np.zeros(len(families), dtype=bool)
    workless[people.family[on_benefit][people.family[on_benefit] >= 0]] = True
    assert workless[people.family[offenders]].mean() > 1.5 * workless[people.family[child]].mean()


def _families_of(world: World, person: pl.Series) -> set[int]:
    return set(world.people.family[person.drop_nulls().to_numpy()].tolist()) - {-1}


@pytest.mark.parametrize("kind", ["sentences", "flags", "nominations", "behaviour", "help", "applicants"])
def test_hardships_cluster_where_the_troubles_are(world: World, kind: str) -> None:
    events = getattr(world.hardships, kind)
    struck = np.array(sorted(_families_of(world, events["person"])))
    assert world.families.trouble[struck].mean() > 0.2


def test_hardships_befall_whom_they_can(world: World) -> None:
    hard, people = world.hardships, world.people
    custody = hard.sentences.filter(pl.col("kind") == "Custody")
    assert custody.height > 0
    assert (custody["release"] > world.last).all()
    family = people.family[hard.incidents["victim"].to_numpy()]
    within = (hard.incidents["family"] >= 0).to_numpy()
    assert (family[within] == hard.incidents["family"].to_numpy()[within]).all()
    assert (hard.incidents["victim"] != hard.incidents["suspect"]).fill_null(True).all()
    infants = hard.flags.filter(pl.col("service") == "Child development")["person"].to_numpy()
    assert (people.born[infants] > world.last - 5 * YEAR).all()
    rent = hard.tenancies["household"]
    notices = world.troubles.measures.filter(pl.col("ground") == "Rent arrears")["person"].to_numpy()
    assert set(people.household[notices].tolist()) <= set(rent.to_list())
    owing = hard.tenancies.filter(pl.col("notice_day") < NEVER)
    assert set(owing["arrears"]) == {"open"}


def test_each_part_of_the_simulation_draws_from_a_stream_of_its_own() -> None:
    """A name used twice would let a new file disturb an old one of the same seed."""
    calls = [
        (match[1], path.name)
        for path in sorted(Path("families/synthetic").rglob("*.py"))
        for match in re.finditer(r"\bstream\([\w.]*seed, (\"[^)]*\")\)", path.read_text("utf-8"))
    ]
    assert len(calls) > 30
    assert sorted({name for name, _ in calls}) == sorted(name for name, _ in calls)


def test_a_tenth_of_pupils_are_known_by_census_only(world: World) -> None:
    now = world.schooling.spells.filter(pl.col("to") == NEVER).join(world.schooling.schools, on="school")
    assert abs(float((now["delivers"] != FEED).mean() or 0) - rates.CENSUS_ONLY) < 0.05


def test_careers_hold_what_befalls_some_children(world: World) -> None:
    spells = world.schooling.spells.join(world.schooling.schools.select("school", "phase"), on="school")
    expelled = world.exclusions.filter(pl.col("category") == "PERM")["child"]
    at_pru = spells.filter(pl.col("phase") == PHASES.index("pru"))["child"]
    assert len(expelled) > 0
    assert expelled.is_in(at_pru.implode()).all()
    assert {"M", "S"} <= set(spells["status"])
    overlapping = spells.filter(pl.col("status") == "C").sort("child", "from")
    same_child = overlapping["child"] == overlapping["child"].shift(1)
    assert (overlapping["from"] > overlapping["to"].shift(1)).filter(same_child).all()


def test_upns_are_nobody_elses(world: World) -> None:
    upns = world.schooling.upn[world.schooling.upn != ""]
    assert len(set(upns.tolist())) == len(upns)


def test_uprns_and_postcodes_are_well_formed(world: World) -> None:
    homes = world.dwelling.homes
    assert homes["uprn"].is_unique().all()
    assert homes["uprn"].str.contains(r"^\d{12}$").all()
    assert homes["postcode"].str.contains(r"^[A-Z]{1,2}\d{1,2} \d[A-Z]{2}$").all()
    per_postcode = homes["postcode"].value_counts()["count"]
    assert 14 < float(per_postcode.mean() or 0) <= 20


def test_errors_scale(world: World) -> None:
    from families.synthetic.agencies.school_systems import held_by_schools
    from families.synthetic.world import World as AnyWorld

    def wrong(errors: float) -> float:
        changed = AnyWorld(**{**vars(world), "errors": errors})
        held = held_by_schools(changed).now.join(world.named, on="person", suffix="_true")
        return float((held["forename"] != held["forename_true"]).mean() or 0)

    assert wrong(0.0) == 0
    assert 0.05 < wrong(1.0) < 0.1
    assert wrong(2.0) > 1.6 * wrong(1.0)
