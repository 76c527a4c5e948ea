"""What holds for any records: row order changes nothing, ids stay, every record has one person and one sentence."""

import datetime as dt
import tempfile
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from linkage_makers import people

from families.linkage.components import components
from families.linkage.continuity import PeopleBefore
from families.linkage.people import link_people
from families.linkage.reasons import LinkReason
from families.linkage.settle import near_births
from families.tables.run import FormerPeople, People

KEYS = ["source", "delivery", "row", "part"]
FORENAMES = ("Ada", "Adam", "Ben", "Benjamin", "Kate", "Catherine", "J")
SURNAMES = ("Lowe", "Love", "Reed", "Lowe-Reed", "Ada")
BORN = ("", "born=2001-05-04", "born=2001-04-05", "born=1999-11-23", "born=2001-01-01")
UPNS = ("", "upn=W881200115001", "upn=K881200115002")
HOMES = ("", "at=U1", "at=U2")


@st.composite
def lines(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(("census", "contact", "tax", "dwp", "yj", "care")))
    facts = [draw(st.sampled_from(FORENAMES)), draw(st.sampled_from(SURNAMES)), draw(st.sampled_from(HOMES))]
    if kind in ("census", "care"):
        facts += [draw(st.sampled_from(UPNS)), draw(st.sampled_from(BORN))]
    return " ".join([kind, *filter(None, facts)])


def link(persons: pl.DataFrame, of_record: pl.DataFrame, previous: pl.DataFrame | None = None) -> pl.DataFrame:
    with tempfile.TemporaryDirectory() as work:
        linked, described = link_people(persons, of_record, previous=_before(previous, of_record), work=Path(work))
        assert list(Path(work).iterdir()) == []
    assert set(described["person_id"]) == set(linked["person_id"])
    assert described["records"].sum() == persons.height
    return linked


def _before(previous: pl.DataFrame | None, of_record: pl.DataFrame) -> PeopleBefore | None:
    if previous is None:
        return None
    return PeopleBefore(previous, People.create_empty(), of_record, FormerPeople.create_empty())


@settings(max_examples=8, deadline=None)
@given(st.lists(lines(), min_size=2, max_size=12), st.integers(0, 99))
def test_row_order_changes_nothing(records: list[str], seed: int) -> None:
    persons, of_record = people(records)
    linked = link(persons, of_record)
    shuffled = link(persons.sample(fraction=1, shuffle=True, seed=seed), of_record.reverse())
    assert linked.equals(shuffled)
    assert linked.select(KEYS).equals(persons.select(KEYS).sort(KEYS))
    assert set(linked["reason"]) <= {reason.value for reason in LinkReason}


@settings(max_examples=5, deadline=None)
@given(st.lists(lines(), min_size=2, max_size=10))
def test_two_upns_or_two_rows_of_one_return_are_never_one_person(records: list[str]) -> None:
    persons, of_record = people(records)
    joined = persons.join(link(persons, of_record).select(*KEYS, "person_id"), on=KEYS)
    upns = joined.group_by("person_id").agg(pl.col("upn").drop_nulls().n_unique())
    assert upns["upn"].max() <= 1
    claimants = joined.filter(pl.col("source") == "dwp_match")
    assert claimants["person_id"].n_unique() == claimants.height


@settings(max_examples=5, deadline=None)
@given(st.lists(lines(), min_size=3, max_size=10))
def test_ids_stay_when_the_same_records_come_again(records: list[str]) -> None:
    persons, of_record = people(records)
    first = link(persons, of_record)
    renamed = first.with_columns(person_id="X" + pl.col("person_id"))
    assert link(persons, of_record, renamed)["person_id"].equals(renamed["person_id"])


def test_a_split_keeps_the_id_where_most_records_are() -> None:
    persons, of_record = people(["tax Ada Lowe at=U1", "contact Ada Lowe at=U1", "dwp Omar Khan at=U9 age=40"])
    previous = link(persons, of_record).with_columns(person_id=pl.lit("Pold"))
    now = link(persons, of_record, previous)
    old = now.filter(pl.col("person_id") == "Pold")
    assert sorted(old["source"]) == ["common_transfer_file", "council_tax"]
    assert now["person_id"].n_unique() == 2


@given(st.integers(1, 30), st.data())
def test_components_name_their_smallest_node(nodes: int, data: st.DataObject) -> None:
    ends = st.lists(st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)), max_size=30)
    edges = data.draw(ends)
    label = components(nodes, [a for a, _ in edges], [b for _, b in edges])
    assert all(label[a] == label[b] for a, b in edges)
    assert all(label[label[node]] == label[node] <= node for node in range(nodes))


@given(st.dates(dt.date(1990, 1, 1), dt.date(2012, 12, 31)), st.dates(dt.date(1990, 1, 1), dt.date(2012, 12, 31)))
def test_near_births_is_symmetric_and_holds_for_swapped_dates(one: dt.date, other: dt.date) -> None:
    a, b = ((day - dt.date(1970, 1, 1)).days for day in (one, other))
    assert near_births(a, b) == near_births(b, a)
    if one.day <= 12:
        swapped = one.replace(month=one.day, day=one.month)
        assert near_births(a, (swapped - dt.date(1970, 1, 1)).days)
