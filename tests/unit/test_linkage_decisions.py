"""What a person decides of two records binds linkage; what nobody decided stays in doubt."""

import json

import polars as pl
import pytest
from linkage_makers import people

from families.linkage.decisions import DECISIONS
from families.linkage.people import link_and_doubt
from families.linkage.prepare import KEYS

HAYDEN_AND_JAYDEN = [
    "pupils:a.1 Jayden Reed born=2001-05-04 at=U1",
    "care:b.1 Hayden Reed born=2001-05-04 at=U1",
    "census Jayden Khan born=2002-09-14",
    "census Jayden Cole born=2000-03-24",
    "census Hayden Webb born=1999-11-30",
    "census Hayden Ford born=2003-01-15",
]
ONE_UPN = [
    "census:a.1 Ada Lowe upn=W881200115001 born=2001-05-04 at=U1",
    "ctf:b.1 Ada Lowe upn=W881200115001 born=2001-05-04 at=U1",
]


@pytest.fixture
def linked(tmp_path):
    """Links records written as lines, with decisions as (place, place, answer), the newest last."""

    def link(lines, *decisions, shuffled=None):
        persons, of_address = people(lines)
        keys = persons.select(KEYS)
        decided = pl.DataFrame([_decision(keys, *each, n) for n, each in enumerate(decisions)], schema=DECISIONS)
        if shuffled is not None:
            persons = persons.sample(fraction=1, shuffle=True, seed=shuffled)
        of_record, _, doubts = link_and_doubt(persons, of_address, previous=None, work=tmp_path, decisions=decided)
        return keys.join(of_record, on=KEYS, maintain_order="left")["person_id"].to_list(), doubts

    return link


def _decision(keys, one, other, answer, number):
    ends = {"a": keys.row(one, named=True), "b": keys.row(other, named=True)}
    stated = {f"{name}_{end}": value for end, row in ends.items() for name, value in row.items()}
    return stated | {"answer": answer, "decision": number}


def test_twins_stay_two_and_a_person_is_asked(linked):
    ids, doubts = linked(HAYDEN_AND_JAYDEN)
    assert ids[0] != ids[1]
    assert doubts.filter(kind="twins").select("person_a", "person_b").rows() == [(ids[0], ids[1])]


def test_a_third_record_that_is_like_both_twins_does_not_join_them(linked):
    ids, _ = linked([*HAYDEN_AND_JAYDEN, "asb Ayden Reed born=2001-05-04 at=U1"])
    assert ids[0] != ids[1]


def test_a_slip_of_the_pen_makes_no_twin(linked):
    lines = [HAYDEN_AND_JAYDEN[0], "care:b.1 Jaydn Reed born=2001-05-04 at=U1", *HAYDEN_AND_JAYDEN[2:]]
    ids, doubts = linked(lines)
    assert ids[0] == ids[1]
    assert doubts.is_empty()


def test_twins_are_one_once_a_person_says_so(linked):
    ids, doubts = linked(HAYDEN_AND_JAYDEN, (0, 1, "same"))
    assert ids[0] == ids[1]
    assert doubts.is_empty()


def test_two_upns_are_one_child_once_a_person_says_so(linked):
    lines = [
        "census:a.1 Ada Lowe upn=W881200115001 born=2001-05-04 at=U1",
        "ctf:b.1 Ada Lowe upn=K881200115002 born=2001-05-04 at=U1",
        "yj:c.1 Ada Lowe upn=K881200115002 born=2001-05-04",
    ]
    before, doubts = linked(lines)
    assert [before[0] == before[1], before[1] == before[2]] == [False, True]
    assert doubts["kind"].to_list() == ["twins"]
    after, doubts = linked(lines, (0, 1, "same"))
    assert len(set(after)) == 1
    assert doubts.is_empty()


def test_a_decision_that_they_are_two_holds_against_one_upn(linked):
    assert len(set(linked(ONE_UPN)[0])) == 1
    ids, doubts = linked(ONE_UPN, (0, 1, "different"))
    assert len(set(ids)) == 2
    assert doubts.is_empty()


def test_two_rows_of_one_list_are_one_pupil_once_a_person_says_so(linked):
    lines = ["pupils:a.1 Ada Lowe born=2001-05-04 at=U1", "pupils:a.2 Ada Lowe born=2001-05-04 at=U1"]
    assert len(set(linked(lines)[0])) == 2
    assert len(set(linked(lines, (0, 1, "same"))[0])) == 1


def test_a_third_record_joins_one_side_and_never_both(linked):
    third = "yj:c.1 Ada Lowe upn=W881200115001 born=2001-05-04 at=U1"
    ids, _ = linked([*ONE_UPN, third], (0, 1, "different"))
    assert ids[0] != ids[1]
    assert len(set(ids)) == 2


def test_of_two_decisions_that_clash_the_newer_stands(linked):
    ids, _ = linked(HAYDEN_AND_JAYDEN, (0, 1, "same"), (1, 2, "same"), (0, 2, "different"))
    assert [ids[0] == ids[1], ids[1] == ids[2], ids[0] == ids[2]] == [False, True, False]


def test_cannot_tell_changes_nothing(linked):
    assert linked(HAYDEN_AND_JAYDEN, (0, 1, "cannot_tell"))[0] == linked(HAYDEN_AND_JAYDEN)[0]


def test_a_decision_about_a_record_that_is_gone_sleeps(tmp_path):
    later = [HAYDEN_AND_JAYDEN[0], "care:later.1 Hayden Reed born=2001-05-04 at=U1", *HAYDEN_AND_JAYDEN[2:]]
    decided = pl.DataFrame([_decision(people(HAYDEN_AND_JAYDEN)[0].select(KEYS), 0, 1, "same", 0)], schema=DECISIONS)
    persons, of_address = people(later)
    linked, _, doubts = link_and_doubt(persons, of_address, previous=None, work=tmp_path, decisions=decided)
    assert linked["person_id"].n_unique() == len(later)
    assert doubts["kind"].to_list() == ["twins"]


SWAPPED = ["census:a.1 Ada Lowe born=2001-05-04 at=U1", "yj:b.1 Ada Lowe born=2001-04-05 at=U2"]


def test_swapped_dates_of_birth_alone_do_not_link_and_a_person_is_asked(linked):
    ids, doubts = linked(SWAPPED)
    assert len(set(ids)) == 2
    assert doubts["kind"].to_list() == ["swapped_birth"]


def test_swapped_dates_of_birth_link_with_other_evidence(linked):
    ids, doubts = linked([SWAPPED[0], SWAPPED[1].replace("at=U2", "at=U1")])
    assert len(set(ids)) == 1
    assert doubts.is_empty()


def test_the_weight_of_a_pair_is_told_part_by_part(linked):
    lines = ["pupils:a.1 Ada Lowe born=2001-05-04 at=U1", "pupils:a.2 Ada Lowe born=2001-05-04 at=U1"]
    _, doubts = linked(lines)
    weighed = doubts.filter(pl.col("weight").is_not_null())
    assert weighed.height == 1
    parts = json.loads(weighed["waterfall"][0])
    assert parts[0][0] == "any two records"
    assert sum(bits for _, bits in parts) == pytest.approx(weighed["weight"][0], abs=0.1)


def test_two_adults_far_from_any_child_are_nobodys_question(linked):
    lines = ["asb:a.1 Jon Lowe born=1971-05-04 at=U1", "asb:b.1 Jan Lowe born=1971-05-04 at=U1"]
    assert linked(lines)[1].is_empty()


@pytest.mark.parametrize("seed", [1, 2])
def test_doubts_do_not_depend_on_the_order_of_rows(linked, seed):
    lines = [*HAYDEN_AND_JAYDEN, *SWAPPED, "tax:t.1 Grace Lowe at=U1"]
    assert linked(lines, shuffled=seed)[1].equals(linked(lines)[1])
