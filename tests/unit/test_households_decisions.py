"""What a person decided of an adult and a family binds, whatever the records say."""

import pytest
from households_town import Town


def lodger_of_one_name() -> Town:
    """A man of the family's surname in council tax only: taken for the father."""
    return Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True)]).council_tax("1 Elm", "Ben Cole")


def left() -> Town:
    """A father whom the school still lists at home, and council tax has elsewhere."""
    listed = [("Anna Cole", "PAM", True), ("Ben Cole", "PAF", True)]
    town = Town().transfer("Ria Cole", "1 Elm", listed).council_tax("1 Elm", "Anna Cole")
    return town.council_tax("9 Oak", "Ben Cole", since="2013-02-01")


def test_an_adult_decided_not_to_belong_is_no_member_and_keeps_the_home():
    town, decided = lodger_of_one_name(), [("Ben Cole", "Ria Cole", "does_not_belong")]
    assert "Ben Cole" in town.family_of("Ria Cole")
    assert town.family_of("Ria Cole", decided=decided) == {"Ria Cole": "child", "Anna Cole": "parent"}
    assert "Ben Cole" in town.formed(decided=decided).households["person_id"].to_list()


def test_a_listed_parent_decided_not_to_belong_is_linked():
    town = Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True), ("Ben Cole", "PAF", True)])
    family = town.family_of("Ria Cole", decided=[("Ben Cole", "Ria Cole", "does_not_belong")])
    assert family == {"Ria Cole": "child", "Anna Cole": "parent", "Ben Cole": "linked"}


def test_a_contact_ruled_out_by_other_evidence_belongs_if_a_person_says_so():
    town, decided = left(), [("Ben Cole", "Ria Cole", "belongs")]
    assert town.family_of("Ria Cole")["Ben Cole"] == "linked"
    assert town.family_of("Ria Cole", decided=decided)["Ben Cole"] == "parent"


@pytest.mark.parametrize("home", ["1 Elm", "9 Oak"])
def test_an_adult_of_another_name_belongs_if_a_person_says_so(home):
    town = Town().transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True)]).adult("Sam Hill", home)
    assert "Sam Hill" not in town.family_of("Ria Cole")
    decided = [("Sam Hill", "Ria Cole", "belongs")]
    assert town.family_of("Ria Cole", decided=decided)["Sam Hill"] == "adult"
    members = town.formed(decided=decided).family_members
    reason = dict(members.select("person_id", "reason").iter_rows())["Sam Hill"]
    assert reason == "A person decided that Sam belongs to the family of Ria."


def test_the_newer_decision_stands():
    decided = [("Ben Cole", "Ria Cole", answer) for answer in ("does_not_belong", "belongs")]
    assert "Ben Cole" in lodger_of_one_name().family_of("Ria Cole", decided=decided)


def test_who_cannot_tell_changes_nothing():
    town = lodger_of_one_name()
    before = town.formed()
    after = town.formed(decided=[("Ben Cole", "Ria Cole", "cannot_tell")])
    assert after.family_members.equals(before.family_members)
    assert after.links.equals(before.links)


@pytest.mark.parametrize("seed", [1, 2])
def test_decisions_bind_in_whatever_order_rows_come(seed):
    decided = [("Ben Cole", "Ria Cole", "does_not_belong")]
    town = lodger_of_one_name()
    shuffled = town.shuffled(seed)
    shuffled_decisions = shuffled.formed(decided=decided)
    assert shuffled_decisions.family_members.equals(town.formed(decided=decided).family_members)
