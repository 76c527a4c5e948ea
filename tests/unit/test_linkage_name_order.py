"""Names the other way round: turned where the records leave no doubt, and left where either may be meant."""

import polars as pl

from families.linkage.name_order import in_usual_order

FORENAMES = [
    "Kate",
    "Ria",
    "James",
    "Anna",
    "Tom",
    "Ben",
    "Zoe",
    "Amy",
    "Ian",
    "Eve",
    "Joe",
    "Una",
    "Max",
    "Ivy",
    "Leo",
]
SURNAMES = ["Collins", "Taylor", "Cole", "Hill", "Page", "Reed", "Shah", "Khan", "Webb", "Pope", "Dale", "Nash", "Boyd"]
TOWN = [(forename, surname) for forename in FORENAMES for surname in SURNAMES]


def read(*rows: tuple[str | None, str | None], town: list[tuple[str, str]] = TOWN) -> list[tuple[str, str]]:
    schema = {"forename": pl.String, "surname": pl.String}
    return in_usual_order(pl.DataFrame([*town, *rows], schema=schema, orient="row")).rows()[len(town) :]


def test_a_forename_in_the_place_of_the_surname_is_turned():
    assert read(("Collins", "KATE"), ("collins", "Kate")) == [("KATE", "Collins"), ("Kate", "collins")]


def test_what_either_may_be_stays():
    of_both = TOWN + [("Taylor", surname) for surname in SURNAMES] + [(forename, "James") for forename in FORENAMES]
    assert read(("Taylor", "James"), town=of_both) == [("Taylor", "James")]


def test_names_in_order_unknown_or_missing_stay():
    rows = [
        ("Kate", "Collins"),
        ("Kate", "Nobody"),
        ("Nobody", "Kate"),
        (None, "Kate"),
        ("Collins", None),
        (None, None),
    ]
    assert read(*rows) == rows


def test_a_few_records_decide_nothing():
    assert read(("Collins", "Kate"), town=[("Kate", "Cole"), ("Anna", "Collins")]) == [("Collins", "Kate")]


def test_the_order_of_rows_changes_nothing():
    rows = [("Collins", "Kate"), ("Kate", "Collins"), ("Hill", "Ria"), ("Ria", "Hill")]
    assert read(*reversed(rows)) == list(reversed(read(*rows)))
