"""Ids of people and families: putting two together and taking them apart again leaves everything as it was."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from families.households.continuity import former_families
from families.households.identity import name_families
from families.linkage.continuity import PeopleBefore, former_people, person_changes, person_ids
from families.linkage.prepare import KEYS
from families.tables.run import AddressOfRecord, FormerFamilies, FormerPeople, People, PersonOfRecord

Groups = list[list[int]]


@st.composite
def partitions(draw: st.DrawFn, most: int = 9) -> Groups:
    """Numbers from 0 in at least two groups."""
    size = draw(st.integers(2, most))
    label = draw(st.lists(st.integers(0, 4), min_size=size, max_size=size).filter(lambda found: len(set(found)) > 1))
    return [[n for n in range(size) if label[n] == group] for group in sorted(set(label))]


def records(of: dict[int, int]) -> pl.DataFrame:
    """The keys of numbered records and the cluster of each."""
    return pl.DataFrame(
        [("s", f"d{n % 3}", n, "", c) for n, c in of.items()], schema=[*KEYS, "c"], orient="row"
    ).with_columns(pl.col("row", "c").cast(pl.Int64))  # fmt: skip


def linked(groups: Groups, before: PeopleBefore | None) -> PeopleBefore:
    """A run in which these records are of one person each, after the one before."""
    keyed = records({n: min(group) for group in groups for n in group})
    nothing = [pl.lit(None, kind).alias(name) for name, kind in People.create_empty().schema.items()]
    described = keyed.select("c", *nothing, address_ids=pl.lit([], pl.List(pl.String))).unique("c")
    ids = person_ids(keyed, described, before)
    assert ids["c"].is_unique().all()
    assert ids["person_id"].is_unique().all()
    whole = keyed.join(ids, on="c").select(*KEYS, "person_id", reason=pl.lit("same UPN"), weight=pl.lit(None))
    of_record = PersonOfRecord.validate(whole.sort(KEYS), cast=True)
    return PeopleBefore(
        of_record, People.create_empty(), AddressOfRecord.create_empty(), former_people(before, of_record)
    )


def put_together(groups: Groups, first: int, second: int) -> Groups:
    rest = [group for n, group in enumerate(groups) if n not in (first, second)]
    return [sorted(groups[first] + groups[second]), *rest]


def test_who_could_be_called_otherwise_again_gives_way_to_who_could_not() -> None:
    """Both of two people once had an id that has gone to a third; only one has one that ended, and goes back to it."""
    for known in ([[0], [1, 2, 3]], [[3], [0, 1, 2]], [[1], [0, 2, 3]]):
        for one in ([[0, 1], [2], [3]], [[0, 3], [1], [2]], [[1, 2], [0], [3]]):
            original = linked(one, linked(known, None))
            merged = linked(put_together(one, 1, 2), original)
            assert linked(one, merged).person_of_record.equals(original.person_of_record)


@settings(max_examples=40, deadline=None)
@given(partitions(), partitions(), st.data())
def test_people_put_together_and_taken_apart_are_who_they_were(one: Groups, other: Groups, data: st.DataObject) -> None:
    """Whatever came before: people first known otherwise, put together, taken apart, and that twice."""
    known = linked(other, None)
    original = linked(one, known)
    first, second = data.draw(st.permutations(range(len(one))))[:2]
    again = original
    for _ in range(2):
        merged = linked(put_together(one, first, second), again)
        assert merged.person_of_record["person_id"].n_unique() == len(one) - 1
        again = linked(one, merged)
        assert again.person_of_record.equals(original.person_of_record)


@settings(max_examples=40, deadline=None)
@given(partitions())
def test_a_person_taken_apart_and_put_together_is_who_they_were(whole: Groups) -> None:
    together = put_together(whole, 0, 1)
    original = linked(together, None)
    again = original
    for _ in range(2):
        again = linked(together, linked(whole, again))
        assert again.person_of_record.equals(original.person_of_record)


@settings(max_examples=40, deadline=None)
@given(partitions())
def test_nothing_is_told_where_nothing_happened(groups: Groups) -> None:
    first = linked(groups, None)
    second = linked(groups, first)
    assert second.person_of_record.equals(first.person_of_record)
    assert person_changes(first.person_of_record, second.person_of_record, files={}).is_empty()
    assert second.former.is_empty()


@settings(max_examples=40, deadline=None)
@given(partitions())
def test_each_change_of_people_is_told_once_and_by_the_right_name(groups: Groups) -> None:
    apart = linked(groups, None)
    together = linked(put_together(groups, 0, 1), apart)
    told = person_changes(apart.person_of_record, together.person_of_record, files={})
    assert told["kind"].to_list() == ["person_merged"]
    assert told["new_id"][0] in set(together.person_of_record["person_id"])
    back = person_changes(together.person_of_record, linked(groups, together).person_of_record, files={})
    assert back["kind"].to_list() == ["person_split"]
    assert back.row(0)[1:3] == told.select("new_id", "old_id").row(0)


def family_members(groups: Groups, before: tuple[pl.DataFrame, pl.DataFrame] | None) -> tuple[pl.DataFrame, ...]:
    """Families of these children, each with a parent, after those before; and the ids children were under."""
    rows = [(n, f"C{child}", "child") for n, group in enumerate(groups) for child in group]
    rows += [(n, f"A{min(group)}", "parent") for n, group in enumerate(groups)]
    members = pl.DataFrame(rows, schema=["family", "person_id", "role"], orient="row").with_columns(
        address_id=pl.format("U{}", pl.col("family"))
    )  # fmt: skip
    named = name_families(members, previous=before and before[0], former=before and before[1])
    assert named["family_id"].is_unique().all()
    whole = members.join(named, on="family").select("family_id", "person_id", "role").sort(pl.all())
    earlier = before[1] if before else FormerFamilies.create_empty()
    return whole, former_families(earlier, before[0] if before else None, whole)


@settings(max_examples=40, deadline=None)
@given(partitions(), partitions(), st.data())
def test_families_put_together_and_taken_apart_are_who_they_were(
    one: Groups, other: Groups, data: st.DataObject
) -> None:  # fmt: skip
    original = family_members(one, family_members(other, None))
    first, second = data.draw(st.permutations(range(len(one))))[:2]
    again = original
    for _ in range(2):
        again = family_members(one, family_members(put_together(one, first, second), again))
        assert again[0].equals(original[0])


def test_ids_go_to_the_people_of_a_corrected_file() -> None:
    """All records of two people are in a file that is replaced; what both are known by gives them their ids."""
    of_record = records({0: 0, 1: 1, 2: 2}).select(*KEYS, "c").with_columns(person_id=pl.format("P{}", "c"))
    people = People.validate(
        pl.DataFrame(
            {
                "person_id": ["P0", "P1", "P2"],
                "forename": ["ADA", "BEN", "CAL"],
                "surname": ["LOWE", "LOWE", "REED"],
                "upn": ["W881200115001", None, None],
                "is_pupil": [True, False, False],
                "records": [1, 1, 1],
            }
        ).with_columns(sex=pl.lit(None), date_of_birth=pl.lit(None), birth_year_low=None, birth_year_high=None),
        cast=True,
    )
    at = of_record.select(*KEYS, address_id=pl.lit("U1"), reason=pl.lit(""), weight=pl.lit(None))
    before = PeopleBefore(of_record.drop("c"), people, at, FormerPeople.create_empty())
    keyed = records({7: 7, 8: 8, 9: 9})
    described = people.with_columns(c=pl.Series([7, 8, 9]), address_ids=pl.Series([["U5"], ["U1"], ["U2"]]))
    described = described.with_columns(forename=pl.Series(["ADAH", "BEN", "CAL"])).drop("person_id")
    ids = dict(person_ids(keyed, described, before).iter_rows())
    assert (ids[7], ids[8]) == ("P0", "P1")  # by UPN; by name and address
    assert ids[9] not in {"P0", "P1", "P2"}  # the name alone is not enough


def test_a_namesake_with_another_upn_is_given_nobodys_id() -> None:
    of_record = records({0: 0}).with_columns(person_id=pl.lit("P0"))
    facts = {"forename": ["ADA"], "surname": ["LOWE"], "date_of_birth": [None], "is_pupil": [True], "records": [1]}
    more = {"sex": [None], "birth_year_low": [None], "birth_year_high": [None]}
    people = People.validate(
        pl.DataFrame({"person_id": ["P0"], "upn": ["W881200115001"], **facts, **more}), cast=True
    )  # fmt: skip
    at = of_record.select(*KEYS, address_id=pl.lit("U1"), reason=pl.lit(""), weight=pl.lit(None))
    before = PeopleBefore(of_record.drop("c"), people, at, FormerPeople.create_empty())
    described = people.drop("person_id").with_columns(
        c=pl.Series([7]), upn=pl.lit("K881200115002"), address_ids=pl.Series([["U1"]])
    )
    assert person_ids(records({7: 7}), described, before)["person_id"][0] != "P0"
