"""Who is in which family: each kind of household as a few facts and the family expected."""

import datetime as dt

import polars as pl
import pytest
from households_town import CTF, Town


def two_parents() -> Town:
    return Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True), ("Ben Cole", "PAF", True)])


def test_two_parents_listed_at_the_pupils_address():
    assert two_parents().family_of("Ria Cole") == {"Ria Cole": "child", "Anna Cole": "parent", "Ben Cole": "parent"}


def test_membership_is_explained_in_one_sentence():
    expected = "Mother of Ria with parental responsibility, living at the pupil's address (Common Transfer File, 12 July 2013)."
    assert two_parents().reason("Anna Cole") == expected
    assert two_parents().reason("Ria Cole") == "Child living at this address (Common Transfer File, 12 July 2013)."


def test_lone_parent():
    town = Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True)]).council_tax("1 Elm", "Anna Cole")
    assert town.family_of("Ria Cole") == {"Ria Cole": "child", "Anna Cole": "parent"}


def test_a_separated_parent_is_linked_not_resident():
    town = Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True), ("Ben Hill", "PAF", True, "9 Oak")])
    assert town.family_of("Ria Cole") == {"Ria Cole": "child", "Anna Cole": "parent", "Ben Hill": "linked"}
    assert "living at another address" in town.reason("Ben Hill")


def test_step_family_is_one_family():
    town = (
        Town()
        .transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True), ("Sam Hill", "STF", False)])
        .transfer("Tom Hill", "1 Elm", [("Sam Hill", "PAF", True), ("Anna Cole", "STM", False)])
    )
    expected = {"Ria Cole": "child", "Tom Hill": "child", "Anna Cole": "parent", "Sam Hill": "parent"}
    assert town.families() == [expected]


def test_a_grandparent_with_parental_responsibility_is_the_carer():
    town = Town().transfer("Ria Cole", "1 Elm", [("Gwen Cole", "REL", True), ("Anna Cole", "PAM", True, "9 Oak")])
    assert town.family_of("Ria Cole") == {"Ria Cole": "child", "Gwen Cole": "carer", "Anna Cole": "linked"}


def test_a_relative_without_responsibility_is_a_carer_only_where_there_is_no_other():
    alone = Town().transfer("Ria Cole", "1 Elm", [("Gwen Cole", "REL", False)])
    assert alone.family_of("Ria Cole")["Gwen Cole"] == "carer"
    beside = Town().transfer("Ria Cole", "1 Elm", [("Gwen Hall", "REL", False), ("Anna Cole", "PAM", True)])
    assert beside.family_of("Ria Cole") == {"Ria Cole": "child", "Anna Cole": "parent"}


def test_professionals_are_nobodys_family():
    town = Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True), ("Sue Cole", "SWR", True)])
    assert "Sue Cole" not in town.family_of("Ria Cole")


def test_houses_in_multiple_occupation_hold_several_families():
    town = (
        Town()
        .transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True)])
        .transfer("Tom Hill", "1 Elm", [("Sue Hill", "PAM", True)])
        .council_tax("1 Elm", "Max Lord")
    )
    town.shared.add("1 Elm")
    assert town.families() == [
        {"Anna Cole": "parent", "Ria Cole": "child"},
        {"Sue Hill": "parent", "Tom Hill": "child"},
    ]


def test_two_sisters_with_children_in_one_house_stay_two_families():
    town = (
        Town()
        .transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True)])
        .transfer("Tom Cole", "1 Elm", [("Beth Cole", "PAM", True)])
        .council_tax("1 Elm", "Anna Cole", "Beth Cole")
    )
    assert len(town.families()) == 2
    assert town.family_of("Ria Cole") == {"Ria Cole": "child", "Anna Cole": "parent"}


def test_a_hostel_ties_nobody_but_parents_to_their_children():
    town = (
        Town()
        .transfer("Ria Cole", "Hostel", [("Anna Cole", "PAM", True)])
        .pupil("Tom Cole", "Hostel")
        .benefit("Bob Cole", "Hostel")
    )
    town.communal.add("Hostel")
    assert town.family_of("Ria Cole") == {"Ria Cole": "child", "Anna Cole": "parent"}
    assert town.family_of("Tom Cole") == {"Tom Cole": "child"}


def test_a_flat_whose_number_was_lost_is_read_as_the_persons_own_flat():
    town = (
        Town()
        .transfer("Ria Cole", "Flat A, 1 Elm", [("Anna Cole", "PAM", True)])
        .council_tax("1 Elm", "Anna Cole")
        .pupil("Tom Hill", "Flat B, 1 Elm")
    )
    town.flats |= {"Flat A, 1 Elm": "1 Elm", "Flat B, 1 Elm": "1 Elm"}
    assert town.family_of("Ria Cole") == {"Ria Cole": "child", "Anna Cole": "parent"}
    assert town.family_of("Tom Hill") == {"Tom Hill": "child"}


def two_homes() -> Town:
    return (
        Town()
        .pupil("Ria Cole", "1 Elm", on="2012-10-04")
        .pupil("Ria Cole", "9 Oak", on="2013-01-17")
        .pupil("Ria Cole", "1 Elm", on="2013-05-16")
        .transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True), ("Ben Hill", "PAF", True, "9 Oak")])
    )


def test_a_child_with_two_homes_belongs_to_the_family_of_each():
    assert two_homes().families() == [
        {"Anna Cole": "linked", "Ben Hill": "parent", "Ria Cole": "child"},
        {"Anna Cole": "parent", "Ben Hill": "linked", "Ria Cole": "child"},
    ]


def test_a_home_left_behind_is_not_a_second_home():
    town = (
        Town()
        .pupil("Ria Cole", "9 Oak", on="2012-10-04")
        .pupil("Ria Cole", "1 Elm", on="2013-01-17")
        .transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True), ("Ben Hill", "PAF", True, "9 Oak")])
    )
    assert town.families() == [{"Anna Cole": "parent", "Ben Hill": "linked", "Ria Cole": "child"}]


def test_a_father_who_left_is_linked_although_the_contact_list_keeps_him():
    town = two_parents().council_tax("1 Elm", "Anna Cole").council_tax("9 Oak", "Ben Cole", since="2013-02-01")
    assert town.family_of("Ria Cole") == {"Ria Cole": "child", "Anna Cole": "parent", "Ben Cole": "linked"}
    assert "council tax, 30 April 2013" in town.reason("Ben Cole")


def test_a_child_whose_school_keeps_an_old_address_lives_with_those_it_is_listed_with():
    town = two_parents().council_tax("9 Oak", "Ben Cole", "Anna Cole", since="2013-02-01")
    assert town.family_of("Ria Cole") == {"Ria Cole": "child", "Anna Cole": "parent", "Ben Cole": "parent"}
    assert town.formed().households.filter(pl.col("person_id") == "Ria Cole")["address_id"].to_list() == ["9 Oak"]
    assert "listed as living with a contact who is at this address" in town.reason("Ria Cole")
    (home,) = town.formed().residences.filter("is_current", person_id="Ria Cole").to_dicts()
    assert (home["address_id"], "listed as living with a contact" in home["reason"]) == ("9 Oak", True)


def test_a_child_does_not_follow_a_parent_who_lives_alone_by_a_discount():
    town = two_parents().council_tax("9 Oak", "Ben Cole", discount="SPD")
    assert town.family_of("Ria Cole") == {"Ria Cole": "child", "Anna Cole": "parent", "Ben Cole": "linked"}


def test_siblings_listed_with_one_mother_live_at_one_address():
    town = (
        Town()
        .pupil("Ria Cole", "1 Elm", on="2012-10-04")
        .transfer("Ria Cole", "9 Oak", [("Anna Cole", "PAM", True)])
        .transfer("Abe Cole", "1 Elm", [("Anna Cole", "PAM", True)])
    )
    assert town.families() == [{"Abe Cole": "child", "Anna Cole": "parent", "Ria Cole": "child"}]


def test_two_addresses_in_one_row_are_two_homes():
    town = Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True), ("Ben Hill", "PAF", True, "9 Oak")])
    town.pupil("Ria Cole", "1 Elm", on="2013-05-16")
    town.record(
        "Ria Cole",
        source="school_census_tables",
        part="pupilonroll address 2",
        at="9 Oak",
        on="2013-05-16",
        role="pupil",
        row=town.persons[-1]["row"],
    )
    assert len(town.families()) == 2


def test_a_register_that_still_has_the_familys_old_address_is_out_of_date():
    town = (
        Town()
        .pupil("Ria Cole", "9 Oak", on="2012-10-04")
        .pupil("Ria Cole", "1 Elm", on="2013-05-16")
        .transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True), ("Ben Cole", "PAF", True)])
        .council_tax("9 Oak", "Ben Cole")
    )
    assert town.family_of("Ria Cole")["Ben Cole"] == "parent"


def test_twins_are_two_children_of_one_family():
    town = two_parents().transfer("Rae Cole", "1 Elm", [("Anna Cole", "PAM", True)])
    assert town.families() == [{"Anna Cole": "parent", "Ben Cole": "parent", "Rae Cole": "child", "Ria Cole": "child"}]


def test_a_parent_missing_from_the_list_but_liable_with_the_other_is_inferred():
    town = Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True)])
    town.council_tax("1 Elm", "Anna Cole", "Ben Hill")
    assert town.family_of("Ria Cole")["Ben Hill"] == "parent"
    assert (
        town.reason("Ben Hill")
        == "Anna and Ben are named together on one bill or tenancy (council tax, 30 April 2013)."
    )


def test_a_parent_missing_from_the_list_is_inferred_from_the_surname():
    town = Town().transfer("Ria Cole", "1 Elm", [("Anna Hill", "PAM", True)]).council_tax("1 Elm", "Ben Cole")
    assert town.family_of("Ria Cole")["Ben Cole"] == "parent"
    assert "same surname at the same address" in town.reason("Ben Cole")


def test_a_lodger_is_no_member():
    town = two_parents().benefit("Max Lord", "1 Elm", born="1980-01-01")
    assert "Max Lord" not in town.family_of("Ria Cole")


def test_a_grown_up_sibling_is_an_adult_not_a_carer():
    town = Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True)])
    town.benefit("Joe Cole", "1 Elm", born="1993-05-05")
    assert town.family_of("Ria Cole")["Joe Cole"] == "adult"


def test_single_person_discount_rules_out_a_second_adult():
    town = two_parents().council_tax("1 Elm", "Anna Cole", discount="SPD")
    town.transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True), ("Ben Cole", "PAF", True)], on="2012-07-13")
    assert town.family_of("Ria Cole") == {"Ria Cole": "child", "Anna Cole": "parent", "Ben Cole": "linked"}
    assert "single person discount" in town.reason("Ben Cole")


def test_a_newer_list_may_add_an_adult_to_a_discounted_address():
    town = Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True)], on="2012-07-13")
    town.transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True), ("Sam Hill", "STF", False)])
    town.council_tax("1 Elm", "Anna Cole", discount="SPD")
    assert town.family_of("Ria Cole")["Sam Hill"] == "parent"


@pytest.mark.parametrize("is_shared", [False, True])
def test_names_and_addresses_alone_form_a_family_where_only_one_can_be_meant(is_shared):
    town = Town().pupil("Ria Cole", "1 Elm").adult("Anna Hill", "1 Elm")
    town.shared |= {"1 Elm"} if is_shared else set()
    assert town.family_of("Ria Cole").get("Anna Hill") == (None if is_shared else "parent")


def test_a_child_no_longer_under_eighteen_is_an_adult_of_the_family():
    town = two_parents().pupil("Joe Cole", "1 Elm", born="1995-08-31", on="2012-05-17")
    assert town.family_of("Ria Cole")["Joe Cole"] == "adult"


def test_the_newest_address_wins_and_a_stale_record_does_not_bring_a_child_back():
    town = Town().pupil("Ria Cole", "1 Elm", on="2012-05-17")
    for on in ("2012-10-04", "2013-01-17"):
        town.pupil("Ria Cole", "9 Oak", on=on)
    moved = town.formed().residences
    assert moved.filter("is_current")["address_id"].to_list() == ["9 Oak"]
    stale = town.pupil("Ria Cole", "1 Elm", on="2013-05-16").formed().residences
    assert stale.filter("is_current")["address_id"].to_list() == ["9 Oak"]


def test_evidence_after_the_as_of_date_is_not_used():
    town = Town().pupil("Ria Cole", "1 Elm", on="2013-01-17").pupil("Ria Cole", "9 Oak", on="2013-05-16")
    before = town.formed(as_of=dt.date(2013, 3, 1)).residences
    assert before["address_id"].to_list() == ["1 Elm"]


def test_ids_are_carried_over_by_the_children_in_common():
    first = two_parents().formed().family_members
    moved = two_parents().pupil("Abe Cole", "2 Ash").pupil("Ria Cole", "2 Ash", on="2013-08-01")
    moved.transfer("Ria Cole", "2 Ash", [("Anna Cole", "PAM", True)], on="2013-08-01")
    moved.transfer("Abe Cole", "2 Ash", [("Anna Cole", "PAM", True)], on="2013-08-01")
    second = moved.formed(previous=first).family_members
    assert set(second["family_id"]) == set(first["family_id"])
    assert set(moved.formed().family_members["family_id"]) != set(first["family_id"])


def test_the_only_adult_is_not_taken_where_a_contact_list_names_nobody():
    town = Town().transfer("Ria Cole", "1 Elm", []).transfer("Tom Hill", "2 Ash", [("Sue Hill", "PAM", True)])
    town.council_tax("1 Elm", "Max Lord")
    assert town.family_of("Ria Cole") == {"Ria Cole": "child"}


def test_two_lists_that_each_leave_out_one_parent_make_one_family():
    town = Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True)])
    town.transfer("Abe Cole", "1 Elm", [("Ben Cole", "PAF", True)])
    expected = {"Abe Cole": "child", "Ria Cole": "child", "Anna Cole": "parent", "Ben Cole": "parent"}
    assert town.families() == [expected]


def test_a_newer_file_of_a_service_does_not_override_a_register():
    town = two_parents().council_tax("1 Elm", "Ben Cole").council_tax("1 Elm", "Anna Cole", since="2011-01-01")
    town.record("Ben Cole", source="asb", at="9 Oak", on="2013-08-31", role="person")
    assert town.family_of("Ria Cole")["Ben Cole"] == "parent"


def test_a_register_in_the_same_street_is_a_slip_of_the_pen_not_a_separation():
    town = two_parents().council_tax("11 Elm", "Ben Cole").council_tax("1 Elm", "Anna Cole")
    assert town.family_of("Ria Cole")["Ben Cole"] == "parent"


def homes_of(town: Town, name: str) -> list[str]:
    return town.formed().residences.filter("is_current", person_id=name)["address_id"].to_list()


def test_a_number_that_one_source_alone_has_is_read_as_the_one_the_others_have():
    town = two_parents()
    town.record("Anna Cole", source="electoral_register", at="1 Elm", on="2012-12-31", role="elector")
    town.council_tax("11 Elm", "Anna Cole", since="2011-04-01")
    assert homes_of(town, "Anna Cole") == homes_of(town, "Ria Cole") == ["1 Elm"]


@pytest.mark.parametrize(("number", "listed_on"), [("37 Elm", CTF), ("11 Oak", CTF), ("11 Elm", "2012-07-12")])
def test_another_number_or_street_or_a_newer_source_is_a_move(number, listed_on):
    town = Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True)], on=listed_on)
    town.record("Anna Cole", source="electoral_register", at="1 Elm", on="2011-12-31", role="elector")
    town.council_tax(number, "Anna Cole", since="2013-04-01", on="2013-07-12")
    assert homes_of(town, "Anna Cole") == [number]


def test_a_list_that_has_the_mother_elsewhere_for_a_brother_is_no_reason_to_move_a_child():
    town = Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True)])
    town.transfer("Abe Cole", "1 Elm", [("Anna Cole", "PAM", True, "9 Oak"), ("Ben Cole", "PAF", True)])
    town.council_tax("9 Oak", "Anna Cole", discount="SPD")
    expected = {"Abe Cole": "child", "Ria Cole": "child", "Ben Cole": "parent", "Anna Cole": "linked"}
    assert town.families() == [expected]


def test_a_child_whom_no_list_names_follows_namesakes_who_moved():
    town = Town().pupil("Ria Cole", "1 Elm").council_tax("1 Elm", "Anna Cole", since="2008-04-01", until="2013-02-01")
    town.council_tax("9 Oak", "Anna Cole", since="2013-02-02")
    assert town.family_of("Ria Cole") == {"Ria Cole": "child", "Anna Cole": "parent"}
    assert "surname of adults who moved" in town.reason("Ria Cole")


def test_the_one_left_on_an_old_bill_moved_when_the_other_did():
    town = two_parents().council_tax("9 Oak", "Anna Cole", "Ben Cole", since="2008-04-01")
    town.council_tax("1 Elm", "Anna Cole", since="2013-02-02")
    assert town.family_of("Ria Cole")["Ben Cole"] == "parent"


def test_partners_on_an_earlier_bill_are_partners_still_at_one_address():
    town = Town().transfer("Ria Cole", "1 Elm", [("Sam Hill", "STF", False)])
    town.council_tax("9 Oak", "Anna Page", "Sam Hill", since="2008-04-01", until="2013-02-01")
    town.council_tax("1 Elm", "Anna Page", since="2013-02-02")
    assert town.family_of("Ria Cole")["Anna Page"] == "parent"


def test_a_placeholder_date_of_birth_does_not_make_a_pupil_an_adult():
    town = Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True)], born="1900-01-01")
    town.pupil("Ria Cole", "1 Elm", nc_year="7")
    assert town.family_of("Ria Cole")["Ria Cole"] == "child"


def test_one_who_moved_out_of_a_joint_bill_alone_has_parted():
    town = two_parents().council_tax("1 Elm", "Anna Cole", "Ben Cole", since="2008-04-01")
    town.council_tax("9 Oak", "Ben Cole", since="2013-02-02")
    assert town.family_of("Ria Cole") == {"Ria Cole": "child", "Anna Cole": "parent", "Ben Cole": "linked"}


def test_somebody_of_no_known_age_whom_only_a_service_knows_is_no_parent():
    town = Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True)])
    town.record("Joy Cole", source="social_care", at="1 Elm", on="2013-08-31", role="child")
    assert town.family_of("Ria Cole").get("Joy Cole") != "parent"


def test_somebody_whom_only_the_electoral_register_knows_is_no_parent():
    town = Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True)])
    town.record("Joe Cole", source="electoral_register", at="1 Elm", on="2012-12-31", role="elector")
    assert town.family_of("Ria Cole")["Joe Cole"] == "adult"


def test_a_discount_newer_than_the_register_that_has_the_father_is_believed():
    town = two_parents().council_tax("1 Elm", "Anna Cole", discount="SPD")
    town.record("Ben Cole", source="electoral_register", at="1 Elm", on="2012-12-31", role="elector")
    assert town.family_of("Ria Cole")["Ben Cole"] == "linked"


def test_a_tenancy_does_not_take_back_a_discount():
    town = two_parents().council_tax("1 Elm", "Anna Cole", discount="SPD")
    row = len(town.persons) + 1
    town.record("Anna Cole", source="housing", at="1 Elm", on="2013-08-31", role="tenant", row=row)
    town.liabilities.append({"delivery": "housing 2013-08-31", "row": row, "part": "", "account": "T1"})
    assert town.family_of("Ria Cole")["Ben Cole"] == "linked"


def test_of_two_open_accounts_the_older_was_left_open():
    town = two_parents().council_tax("9 Oak", "Anna Cole", since="2008-04-01").council_tax("9 Oak", "Anna Cole")
    town.council_tax("1 Elm", "Anna Cole", since="2012-10-16")
    assert town.family_of("Ria Cole")["Anna Cole"] == "parent"


def test_a_child_whose_carers_live_with_another_of_their_children_lives_there_too():
    parents = [("Anna Cole", "PAM", True), ("Ben Cole", "PAF", True)]
    town = Town().transfer("Ria Cole", "1 Elm", parents).transfer("Tom Cole", "9 Oak", parents, born="2005-06-01")
    town.transfer("Ida Cole", "1 Elm", parents, born="2007-06-01")
    assert town.family_of("Tom Cole").keys() == {"Ria Cole", "Tom Cole", "Ida Cole", "Anna Cole", "Ben Cole"}
