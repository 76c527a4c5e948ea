"""Hard names as cases: what is written, and what it is compared as."""

import polars as pl
import pytest

from families.linkage import names


def normal(expression, text):
    return pl.DataFrame({"x": [text]}, schema={"x": pl.String}).select(expression(pl.col("x"))).item()


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("O'Brien", "OBRIEN"),
        ("O Brien", "OBRIEN"),
        ("Mc Donald", "MCDONALD"),
        ("MacDonald", "MCDONALD"),
        ("Smith-Jones", "JONESSMITH"),
        ("Jones Smith", "JONESSMITH"),
        ("Núñez", "NUNEZ"),
        ("St. John", "STJOHN"),
        ("Van der Berg", "VANDERBERG"),
        ("Brown Jnr", "BROWN"),
        ("Unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_surnames(written, compared):
    assert normal(names.normal_surname, written) == compared


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("Mr John", "JOHN"),
        ("Anne-Marie", "ANNE"),
        ("J Peter", "PETER"),
        ("J", "J"),
        ("Zoë", "ZOE"),
        ("Baby", None),
        ("The Occupier", None),
    ],
)
def test_first_forenames(written, compared):
    assert normal(lambda text: names.first_forename(names.normal_forenames(text)), written) == compared


@pytest.mark.parametrize(("one", "other"), [("KATE", "CATHERINE"), ("BILL", "WILLIAM"), ("MOHAMMED", "MUHAMMAD")])
def test_nicknames_go_both_ways(one, other):
    pairs = set(names.nicknames().iter_rows())
    assert {(one, other), (other, one)} <= pairs


def test_brothers_are_not_forms_of_one_name():
    pairs = set(names.nicknames().iter_rows())
    assert not {("JAMES", "JOHN"), ("LAURA", "LAUREN"), ("THOMAS", "TIMOTHY")} & pairs
