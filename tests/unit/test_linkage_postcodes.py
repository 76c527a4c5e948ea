"""Postcodes in normal form: what may be misread is put right, what is right is left alone."""

import polars as pl
import pytest
from linkage_makers import stated

from families.linkage.address_parts import AREAS, split_addresses
from families.linkage.addresses import TEXTS


def read(*written: str) -> list[str | None]:
    rows = stated([("14 Mill Road", each) for each in written]).select(TEXTS).with_row_index("text_id")
    return split_addresses(rows)["postcode"].to_list()


@pytest.mark.parametrize("area", AREAS.split("|"))
def test_a_postcode_of_any_area_is_left_as_it_is(area: str):
    """The O of CO1 and SO14, the L of SL1 and the I of IP1 are letters."""
    right = [f"{area}{district} 1AB" for district in ("1", "10", "1A")]
    assert read(*right) == right


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("CMI IAA", "CM1 1AA"),
        ("CMO 1AA", "CM0 1AA"),
        ("COI IAA", "CO1 1AA"),
        ("SLI 2AB", "SL1 2AB"),
        ("BI2 2AA", "B12 2AA"),
        ("LI 1AA", "L1 1AA"),
        ("SO1O 1AA", "SO10 1AA"),
        ("wc1a2b0", "WC1A 2BO"),
        ("CM1", None),
        ("not known", None),
    ],
)
def test_what_is_misread_is_put_right(written: str, meant: str | None):
    assert read(written) == [meant]


def test_there_are_the_areas_of_the_united_kingdom_and_the_islands():
    areas = pl.Series(AREAS.split("|"))
    assert (areas.len(), areas.n_unique()) == (124, 124)
