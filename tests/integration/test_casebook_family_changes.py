"""What a publication changed of families is kept in words, on both databases, and forgotten when it is old."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from directly import directly
from made_up import changed_run, made_up_run
from sqlalchemy import Engine

from families.casebook.continuity import Known
from families.casebook.family_changes import told
from families.casebook.models import FamilyChange, table
from families.casebook.publish import publish

CHANGE = table(FamilyChange)
LABELS = {"education": "Education", "work": "Work", "eligible": "Eligible"}
LATER = changed_run().run.published_at


def kept(casebook: Engine, run_id: str) -> dict[str, tuple[str, str]]:
    query = sa.select(CHANGE.c.family_id, CHANGE.c.kind, CHANGE.c.sentence).where(CHANGE.c.run_id == run_id)
    with directly(casebook) as connection:
        return {row.family_id: (row.kind, row.sentence) for row in connection.execute(query)}


def test_the_first_publication_is_all_new(casebook: Engine) -> None:
    publish(casebook, **made_up_run().for_publish())
    first = kept(casebook, made_up_run().run.run_id)
    assert len(first) == 20
    assert set(first.values()) == {("new", "New in the casebook.")}


@pytest.mark.parametrize("shuffled", [False, True])
def test_what_changed_is_said_and_nothing_of_what_did_not(casebook: Engine, shuffled: bool) -> None:
    publish(casebook, **made_up_run().for_publish())
    after = changed_run().shuffled(3) if shuffled else changed_run()
    publish(casebook, **after.for_publish())
    changes = kept(casebook, "run-2")
    assert changes == {
        "F01": ("changed", "Not known any more: Crime and anti-social behaviour."),
        "F02": ("dropped", "The run has no family of this id any more."),
        "F03": ("changed", "1 person fewer in the family."),
        "F07": (
            "dropped",
            "It no longer meets what brings a family in. Does not meet Crime and anti-social behaviour, Education, "
            "Out-of-work benefits.",
        ),
    }
    publish(casebook, **after.for_publish())
    assert kept(casebook, "run-2") == changes


def test_a_family_that_comes_back_is_new_again_and_old_changes_go(casebook: Engine) -> None:
    first = made_up_run()
    publish(casebook, **first.for_publish())
    publish(casebook, **changed_run().for_publish())
    publish(casebook, **first.named("run-3", published_at=LATER + dt.timedelta(days=1)).for_publish())
    assert kept(casebook, "run-3")["F02"] == ("new", "New in the casebook.")
    assert {kind for kind, _ in kept(casebook, "run-2").values()} == {"changed"}
    publish(casebook, **first.named("run-4", published_at=LATER + dt.timedelta(days=91)).for_publish())
    assert kept(casebook, "run-2") == {}
    assert len(kept(casebook, first.run.run_id)) == 20


def test_words_for_what_became_of_a_family() -> None:
    near = Known("near_miss", {"education": "met", "work": "unknown", "eligible": "unknown"}, ("P1",))
    met = Known("eligible", {"education": "met", "work": "met", "eligible": "met"}, ("P1", "P2", "P3"))
    assert told(near, met, LABELS) == "Meets the criteria now. Now meets Work. 2 people more in the family."
    assert told(met, near, LABELS) == "Is a near miss now. Not known any more: Work. 2 people fewer in the family."
    assert told(met, met, LABELS) == ""
    assert told(None, met, LABELS) == "New in the casebook."
