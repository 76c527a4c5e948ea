"""Why two people are together, in sentences."""

import pytest
from households_town import Town

from families.errors import UserError
from families.households.explain import why_together


@pytest.fixture
def town() -> Town:
    return (
        Town()
        .transfer("Ria Cole", "1 Elm", [("Anna Cole", "PAM", True), ("Ben Hill", "PAF", True, "9 Oak")])
        .transfer("Abe Cole", "1 Elm", [("Anna Cole", "PAM", True)])
        .transfer("Zoe Hill", "9 Oak", [("Ben Hill", "PAF", True)])
        .pupil("Far Away", "7 Fir")
    )


def ask(town: Town, *, a: str, b: str) -> list[str]:
    formed = town.formed()
    return why_together(formed.links, formed.family_members, town.people(), a, b)


def test_a_mother_and_child_take_one_step(town):
    assert ask(town, a="Anna Cole", b="Abe Cole") == [
        "Mother of Abe with parental responsibility, living at the pupil's address (Common Transfer File, 12 July 2013)."
    ]


def test_half_siblings_in_two_homes_are_joined_by_their_father(town):
    assert ask(town, a="Abe Cole", b="Zoe Hill") == [
        "Abe and Ria have Anna as a parent or carer in common (Common Transfer File, 12 July 2013).",
        "Ria and Zoe have Ben as a parent or carer in common (Common Transfer File, 12 July 2013).",
    ]


def test_nothing_leads_to_a_stranger(town):
    assert ask(town, a="Abe Cole", b="Far Away") == []


def test_an_unknown_person_is_the_askers_mistake(town):
    with pytest.raises(UserError, match="No person has the id Nobody"):
        ask(town, a="Abe Cole", b="Nobody")
