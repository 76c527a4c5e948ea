"""Crowded addresses cost no more than others, and a county of families keeps its ids from run to run."""

import time

import polars as pl
from households_town import Town

FAMILIES = 400


def crowded_town() -> Town:
    """One building without its flats that holds everybody, all of a few surnames."""
    town = Town()
    town.shared.add("Tower, 1 High Street")
    for number in range(FAMILIES):
        surname = ("Cole", "Hill", "Smith", "Khan")[number % 4]
        mother = f"Anna{number} {surname}"
        town.transfer(f"Ria{number} {surname}", "Tower, 1 High Street", [(mother, "PAM", True)])
        town.council_tax("Tower, 1 High Street", f"Ben{number} {surname}", since=f"20{number % 10 + 10}-04-01")
    return town


def test_a_building_without_its_flats_keeps_every_family_apart_and_costs_little() -> None:
    started = time.perf_counter()
    members = crowded_town().formed().family_members
    assert time.perf_counter() - started < 20
    assert members["family_id"].n_unique() == FAMILIES
    assert members.group_by("family_id").len()["len"].unique().to_list() == [2]


def test_ids_stay_from_run_to_run_and_no_two_families_share_one() -> None:
    town = crowded_town()
    first = town.formed().family_members
    again = town.shuffled(3).formed(previous=first).family_members
    assert again.equals(first)
    smaller = first.filter(pl.col("role") != "child").clear()
    assert town.formed(previous=smaller).family_members.equals(first)
