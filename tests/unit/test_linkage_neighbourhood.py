"""Two adults of one name in one postcode sector: one person where few of the name live in the authority."""

import polars as pl
import pytest

from families.linkage.neighbourhood import neighbourhood_links
from families.linkage.settle import Linked

OTHERS = [("dwp_match", f"Name{n}", "Other", "CM9 1AA", False) for n in range(40)]


def found(*people: tuple[str, str, str, str, bool], others=OTHERS) -> list[tuple[int, int]]:
    columns = ["source", "forename", "surname", "postcode", "is_child"]
    records = pl.DataFrame([*people, *others], schema=columns, orient="row").with_row_index("r")
    records = records.with_columns(pl.col("r").cast(pl.Int64))
    return sorted(neighbourhood_links(records, Linked.apart(records)).select("a", "b").rows())


def adult(source="council_tax", forename="Zelda", surname="Quill", postcode="CM1 1AA", is_child=False):
    return (source, forename, surname, postcode, is_child)


HERE, THERE = adult(), adult("dwp_match", postcode="CM1 1ZZ")


def test_a_rare_name_in_one_sector_is_one_person():
    assert found(HERE, THERE) == [(0, 1)]


@pytest.mark.parametrize(
    "other",
    [
        adult("dwp_match", postcode="CM2 1ZZ"),
        adult(postcode="CM1 1ZZ"),
        adult("dwp_match", forename="Z", postcode="CM1 1ZZ"),
        adult("dwp_match", postcode="CM1 1ZZ", is_child=True),
        adult("dwp_match", postcode=None),
    ],
    ids=["another sector", "both on one list", "an initial only", "a child", "no postcode"],
)
def test_otherwise_they_stay_two(other):
    assert found(HERE, other) == []


def test_a_common_name_or_a_third_of_the_name_tells_nothing():
    assert found(HERE, THERE, others=OTHERS[:5]) == []
    assert found(HERE, THERE, adult("housing", postcode="CM1 1YY")) == []
    assert found(HERE, THERE, others=[*OTHERS, *[adult("dwp_match", postcode=f"CM{n} 2AA") for n in range(2, 9)]]) == []
