"""The matcher of free-text addresses, where its model has nothing left to weigh."""

import polars as pl

from families.linkage.uprn_matcher import most_alike

PROPERTIES = pl.DataFrame(
    {
        "property_id": [1, 2],
        "address": ["14 HIGH STREET, HARLOW", "16 HIGH STREET, HARLOW"],
        "postcode": ["CM20 1AA"] * 2,
    }
)


def test_addresses_that_all_match_exactly_have_a_property_and_no_weight(tmp_path):
    texts = pl.DataFrame({"text_id": [7], "address": ["14 HIGH STREET, HARLOW"], "postcode": ["CM20 1AA"]})
    found = most_alike(texts, PROPERTIES, work=tmp_path)
    assert found.rows() == [(7, 1, None)]
