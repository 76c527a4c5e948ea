"""Counts of linkage add up; pairs are drawn the same whatever the row order; estimates are the textbook's."""

from __future__ import annotations

import json

import polars as pl
import pytest
from linkage_makers import people

from families.linkage.clerical import LEAST, NEAR, counted, estimate, measured, sample_pairs, weighted
from families.linkage.people import link_people
from families.linkage.quality import ALONE, LINKED, UNNAMED, linkage_counts

LINES = [
    "census Ada Lowe born=2001-05-04 upn=W881200115001 at=U1",
    "ctf Ada Lowe born=2001-05-04 upn=W881200115001 at=A1",
    "census Adam Lowe born=2001-05-04 upn=K881200115002 at=U1",
    "tax Kate Lowe at=U1",
    "dwp Kate Lowe at=U1 age=40",
    "tax Kate Lowe at=U7",
    "census - - upn=Z881200115009",
]


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    persons, of_address = people(LINES)
    return persons, of_address, link_people(persons, of_address, previous=None, work=tmp_path_factory.mktemp("w"))[0]


def test_counts_add_up_and_name_nobody(linked: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]) -> None:
    persons, of_address, of_record = linked
    counts = linkage_counts(persons, of_record, of_address)
    by = {figure: frame["number"].sum() for (figure,), frame in counts.group_by("figure")}
    assert by["records_by_source"] == by["addresses_by_source"] == len(LINES)
    assert by["people_by_records"] == of_record["person_id"].n_unique()
    assert by["links_by_reason"] == of_record.filter(pl.len().over("person_id") > 1).height
    parts = dict(counts.filter(figure="records_by_source").group_by("part").agg(pl.col("number").sum()).iter_rows())
    assert parts == {LINKED: 4, ALONE: 2, UNNAMED: 1}
    assert not {"Ada", "Lowe", "ADA", "LOWE"} & {word for text in counts["label"] for word in text.split()}


def test_the_same_records_give_the_same_draw(linked: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]) -> None:
    drawn = sample_pairs(*(linked[n] for n in (0, 1, 2)))
    again = sample_pairs(*(linked[n].sample(fraction=1, shuffle=True, seed=5) for n in (0, 1, 2)))
    assert drawn.equals(again)
    assert drawn["pair_id"].is_unique().all()
    assert set(drawn.filter(pl.col("is_linked"))["stratum"]) == {"same UPN", "same name at one address"}
    assert set(drawn.filter(~pl.col("is_linked"))["stratum"]) <= set(NEAR)
    twins = drawn.filter(stratum="same surname and date of birth, not linked")
    assert twins.height == twins["stratum_pairs"][0] == 2
    sides = {field: (one, other) for field, one, other in json.loads(twins["sides"][0])}
    assert sides["Born"] == ("04/05/2001", "04/05/2001")


def test_a_stratum_is_drawn_by_its_size_and_never_whole_where_it_is_large() -> None:
    lines = [f"tax Kate L{chr(65 + n % 26)}{chr(65 + n // 26)} at=U{n}" for n in range(60)]
    lines += [line.replace("tax", "dwp") + " age=40" for line in lines]
    persons, of_address = people(lines)
    keys = ["source", "delivery", "row", "part"]
    of_record = persons.select(keys).with_columns(
        person_id=pl.format("P{}", (pl.col("row") - 1) % 60), reason=pl.lit("same name at one address"), weight=None
    )
    drawn = sample_pairs(persons, of_address, of_record).filter("is_linked")
    assert drawn["stratum_pairs"].unique().to_list() == [60]
    assert drawn.height == 60  # the share of the only stratum is bounded by its size alone
    assert drawn.height > LEAST


def test_wilson_as_in_the_textbook() -> None:
    """Brown, Cai and DasGupta (2001) and any table: 9 of 10 gives 0.596 to 0.982."""
    found = estimate(9, 10, pairs=1000)
    assert (round(found.low, 3), round(found.high, 3)) == (0.596, 0.982)
    whole = estimate(10, 10, pairs=10)
    assert (whole.low, whole.share, whole.high) == (1.0, 1.0, 1.0)


def test_strata_are_weighted_by_size() -> None:
    large, small = estimate(20, 20, pairs=9000), estimate(5, 10, pairs=1000)
    both = weighted([large, small])
    assert both.share == pytest.approx(0.95)
    assert 0.79 < both.low < both.share < both.high < 1.0
    one = weighted([estimate(9, 10, pairs=100)])
    assert (one.low, one.high) == pytest.approx((estimate(9, 10, pairs=100).low, estimate(9, 10, pairs=100).high))


def test_answers_give_precision_and_recall_and_say_what_nobody_answered() -> None:
    rows = [("a", True, 900, True)] * 18 + [("a", True, 900, False)] * 2 + [("b", True, 100, None)] * 3
    rows += [("c", False, 100, False)] * 18 + [("c", False, 100, True)] * 2
    answers = pl.DataFrame(rows, schema=["stratum", "is_linked", "stratum_pairs", "is_same"], orient="row")
    found = measured(counted(answers))
    assert found.unanswered == ("b",)
    assert found.precision
    assert found.precision.share == pytest.approx(0.9)
    assert found.recall
    assert found.recall.share == pytest.approx(810 / (810 + 10))
    assert found.recall.low < found.recall.share < found.recall.high
    nothing = measured(counted(answers.with_columns(is_same=pl.lit(None, pl.Boolean))))
    assert (nothing.precision, nothing.recall) == (None, None)
