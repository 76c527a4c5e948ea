"""What became of families from run to run: each kind of change is told once, with its reason and without a name."""

from __future__ import annotations

import polars as pl

from families.continuity import KINDS, lines
from families.households.continuity import FamiliesOfRun, FamilyChange, all_changes, family_changes
from families.linkage.continuity import PersonChange, person_changes
from families.tables.run import FamilyMembers, Households, PersonOfRecord

NOBODY = pl.DataFrame(schema=dict.fromkeys(("kind", "old_id", "new_id", "sentence", "record_a", "record_b"), pl.String))
NOTHING_NEW = pl.DataFrame(schema={"person_id": pl.String, "files": pl.String})


def families(**of: str) -> FamiliesOfRun:
    """Families by id: `Ann=U1 Bo=U1 mum:parent`, each with role after a colon and address after an equals sign."""
    members, homes = [], []
    for family, told in of.items():
        for word in told.split():
            who, _, at = word.partition("=")
            person, _, role = who.partition(":")
            members.append((family, person, role or "child", True, f"Reason of {person}."))
            if at:
                homes.append((f"H{at}", at, person, "School census of 19 May 2013 gives this address."))
    columns = ["family_id", "person_id", "role", "is_resident", "reason"]
    frame = pl.DataFrame(members, schema=columns, orient="row")
    frame = frame.with_columns(member_from=pl.lit(None), member_to=pl.lit(None))
    at = pl.DataFrame(homes, schema=["household_id", "address_id", "person_id", "reason"], orient="row")
    at = at.cast(pl.String)
    return FamiliesOfRun(FamilyMembers.validate(frame, cast=True), Households.validate(at, cast=True))


def told(before: FamiliesOfRun, after: FamiliesOfRun, persons: pl.DataFrame = NOBODY, **why) -> list[tuple[str, ...]]:
    found = family_changes(before, after, persons=persons, delivered=why.pop("delivered", NOTHING_NEW), **why)
    assert all_changes(NOBODY, found).height == found.height
    return found.select("kind", "old_id", "new_id", "person_id").rows()


def test_families_put_together():
    before, after = families(F1="Ann Bo", F2="Cy"), families(F1="Ann Bo Cy")
    assert told(before, after) == [
        ("family_merged", "F2", "F1", ""),
        ("member_joined", "F1", "F1", "Cy"),
    ]


def test_a_family_taken_apart_says_which_children():
    found = family_changes(
        families(F1="Ann Bo Cy"), families(F1="Ann Bo", F9="Cy"), persons=NOBODY, delivered=NOTHING_NEW
    )  # fmt: skip
    assert found.select("kind", "new_id").rows() == [("family_split", "F9"), ("member_left", "F1")]
    assert found["sentence"][0].startswith("1 child of F1 is in a family of their own, F9, now")
    assert "the person is in F9 now" in found["sentence"][1]


def test_a_family_moves_only_where_no_address_is_left_and_both_are_known():
    assert told(families(F1="Ann=U1 Bo=U1"), families(F1="Ann=U2 Bo=U2")) == [("family_moved", "F1", "F1", "")]
    assert told(families(F1="Ann=U1 Bo=U1"), families(F1="Ann=U1 Bo=U2")) == []
    assert told(families(F1="Ann=U1"), families(F1="Ann")) == []


def test_a_family_ends_where_no_child_of_it_is_left():
    assert told(families(F1="Ann", F2="Bo"), families(F2="Bo")) == [("family_ended", "F1", "", "")]


def test_people_put_together_are_no_one_who_left_or_joined():
    persons = pl.DataFrame(
        {"kind": ["person_merged"], "old_id": ["Bo2"], "new_id": ["Bo"], "sentence": ["Bo2 is one person with Bo now."]}
    )
    before, after = families(F1="Ann Bo", F2="Bo2"), families(F1="Ann Bo")
    found = family_changes(before, after, persons=persons, delivered=NOTHING_NEW)
    assert found.select("kind", "old_id", "new_id").rows() == [("family_merged", "F2", "F1")]
    assert found["sentence"][0] == "F2 is part of F1 now, with 1 child: Bo2 is one person with Bo now."


def test_who_joined_and_left_with_the_reason():
    delivered = pl.DataFrame({"person_id": ["mum"], "files": ["tax.csv"]})
    before, after = families(F1="Ann dad:parent"), families(F1="Ann mum:parent")
    found = family_changes(before, after, persons=NOBODY, delivered=delivered, otherwise="taken back since: ctf.xml")
    assert found["sentence"].to_list() == [
        "A person joined F1 as parent: Reason of mum (delivered since: tax.csv).",
        "A person who was parent in F1 has left it: taken back since: ctf.xml.",
    ]


def of_record(**of: str) -> pl.DataFrame:
    rows = [
        ("s", record.split("_")[0], int(record.split("_")[1]), "", person, "same UPN", None)
        for record, person in of.items()
    ]
    return PersonOfRecord.validate(
        pl.DataFrame(rows, schema=list(PersonOfRecord.columns()), orient="row"), cast=True
    )  # fmt: skip


def test_people_are_told_with_the_file_that_did_it():
    before = of_record(d_1="P1", d_2="P2", d_3="P3", d_4="P3")
    after = of_record(d_1="P1", d_2="P1", e_1="P1", d_3="P3", d_4="P4")
    found = person_changes(before, after, files={"d": "old.csv", "e": "new.csv"}, otherwise="the software")
    assert found["record_a"].to_list() == ['["s", "d", 2, ""]', None]
    assert found["record_b"].to_list() == ['["s", "d", 1, ""]', None]
    assert found.select("kind", "old_id", "new_id", "sentence").rows() == [
        ("person_merged", "P2", "P1", "P2 is one person with P1 now, by same UPN: "
         "records delivered since in new.csv are of them."),
        ("person_split", "P3", "P4", "1 record of P3 now of another person, P4: the software."),
    ]  # fmt: skip
    moved = person_changes(of_record(d_1="P1", d_2="P1", d_3="P2"), of_record(d_1="P1", d_2="P2", d_3="P2"), files={})
    assert moved["kind"].to_list() == ["records_moved"]


def test_every_kind_has_its_words_and_is_counted():
    assert set(KINDS) == {kind.name.lower() for kind in (*PersonChange, *FamilyChange)}
    found = family_changes(families(F1="Ann", F2="Bo"), families(F2="Bo"), persons=NOBODY, delivered=NOTHING_NEW)
    said = lines(all_changes(NOBODY, found), counts_only=False)
    assert "Families that ended: 1" in said
    assert said[-1].startswith("F1 has ended")
