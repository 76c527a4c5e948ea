"""Two plain lists that nobody here made up the rules of, loaded with a mapping and no gazetteer: who is who, whose child."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import two_lists

from families.households.form import form_families
from families.linkage.addresses import match_addresses
from families.linkage.people import link_people
from families.refresh import FAMILY_RECORDS
from families.sources.store import load_each, read_records

KEYS = ["source", "delivery", "row", "part"]
STATED = [*KEYS, "uprn", "saon", "paon", "street", "town", "address", "postcode"]


def load_lists(home: Path, *files: Path) -> tuple[dict[str, pl.DataFrame], dict[str, str]]:
    """The records of the files, and which delivery each file is."""
    deliveries = {}
    for file in files:
        loaded = load_each(
            home, [file], source=None, mapping=file.with_suffix(".toml"), dry_run=False, received_on=two_lists.AS_OF
        )
        assert not loaded.refusals
        deliveries[file.name] = loaded.receipts[0].delivery
    return read_records(home, tables=list(FAMILY_RECORDS)), deliveries


def link(records: dict[str, pl.DataFrame], *, work: Path) -> dict[str, pl.DataFrame]:
    of_address, addresses = match_addresses(records["persons"].select(STATED), records["properties"], work=work)
    of_record, people = link_people(records["persons"], of_address, previous=None, work=work)
    return {"address_of_record": of_address, "addresses": addresses, "person_of_record": of_record, "people": people}


def right_and_wrong_adults(folder: Path, *, seed: int) -> tuple[float, float]:
    """Shares of children with exactly the right adults, and with a wrong one."""
    town = two_lists.make_town(households=1500, seed=seed)
    pupils = two_lists.write_pupils(folder, town, seed=seed + 1)
    adults = two_lists.write_adults(folder, town.adults, seed=seed + 2)
    records, deliveries = load_lists(folder / "home", pupils, adults)
    linked = link(records, work=folder)
    formed = form_families(records, as_of=two_lists.AS_OF, previous=None, **linked)
    numbers = [
        pl.DataFrame({"row": range(1, len(people) + 1), "true": [person.number for person in people]}).with_columns(
            delivery=pl.lit(deliveries[file])
        )
        for people, file in ((town.children, pupils.name), (town.adults, adults.name))
    ]
    true = linked["person_of_record"].join(pl.concat(numbers), on=["delivery", "row"]).select("person_id", "true")
    members = formed.family_members.filter("is_resident").join(true, on="person_id")
    carers = members.filter(pl.col("role").is_in(["parent", "carer"])).select("family_id", adult="true")
    found = members.select("family_id", child="true").join(carers, on="family_id").group_by("child").agg("adult")
    by_child = {child: set(adults) for child, adults in found.iter_rows()}
    right = sum(by_child.get(child, set()) == carers for child, carers in town.carers.items())
    wrong = sum(bool(by_child.get(child, set()) - carers - {child}) for child, carers in town.carers.items())
    return right / len(town.carers), wrong / len(town.carers)


def test_children_have_their_adults(tmp_path: Path) -> None:
    right, wrong = right_and_wrong_adults(tmp_path, seed=301)
    assert right >= 0.85
    assert wrong <= 0.03


def f1_of_two_lists(folder: Path, *, seed: int) -> float:
    """Two lists of adults, nine in ten of each also in the other, relatives at one address."""
    town, dice = two_lists.make_town(households=1500, seed=seed), random.Random(seed)
    everybody = [*town.adults, *town.children]
    lists = [[person for person in everybody if dice.random() < 0.9] for _ in range(2)]
    for people in lists:
        dice.shuffle(people)
    files = [two_lists.write_adults(folder, people, seed=seed + n, name=f"list{n}") for n, people in enumerate(lists)]
    records, deliveries = load_lists(folder / "home", *files)
    linked = link(records, work=folder)["person_of_record"].select("delivery", "row", "person_id")
    sides = [linked.filter(pl.col("delivery") == deliveries[file.name]).select("person_id", "row") for file in files]
    pairs = sides[0].join(sides[1], on="person_id", suffix="_b").select("row", "row_b").rows()
    at = {person.number: place for place, person in enumerate(lists[1], 1)}
    true = {(place, at[person.number]) for place, person in enumerate(lists[0], 1) if person.number in at}
    return 2 * len(true & set(pairs)) / (len(true) + len(pairs))


def test_two_lists_of_the_same_people(tmp_path: Path) -> None:
    assert f1_of_two_lists(tmp_path, seed=311) >= 0.985
