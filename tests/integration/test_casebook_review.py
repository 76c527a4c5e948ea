"""Doubts before a person, on both databases: who may look, what an answer does, and what is written down."""

import datetime as dt
import json
from typing import Any

import pytest
import sqlalchemy as sa
from directly import directly
from made_up import MadeUpRun, made_up_run
from sqlalchemy import Engine

from families.casebook import review
from families.casebook.access import MAY_REVIEW, ROLES
from families.casebook.publish import publish
from families.casebook.views import Reader
from families.errors import NotAllowed, Refused

ANALYST = Reader(staff_id="s7", role="data_analyst", purpose="settle who is who")


@pytest.fixture
def queue(casebook: Engine) -> Engine:
    publish(casebook, **made_up_run().for_publish())
    return casebook


def events(engine: Engine) -> list[tuple[str, str, dict[str, Any]]]:
    with directly(engine) as connection:
        rows = connection.execute(sa.text("SELECT action, staff_id, detail FROM audit_event ORDER BY event_id")).all()
    return [(action, staff, json.loads(detail)) for action, staff, detail in rows]


def waiting(engine: Engine) -> list[str]:
    return [each.doubt_id for each in review.doubts(engine, ANALYST).doubts]


def again(engine: Engine, run: MadeUpRun, *, inputs: str = "") -> list[str]:
    """Publish a later run and say who waits."""
    publish(engine, **run.named("run-2", inputs=inputs).for_publish())
    return waiting(engine)


def test_the_queue_stands_in_order_of_what_would_follow(queue: Engine) -> None:
    listed = review.doubts(queue, ANALYST)
    assert [(each.doubt_id, each.effect) for each in listed.doubts] == [("D01", "eligible"), ("D02", "none")]
    assert (listed.total, listed.left_out) == (2, 3)
    assert review.doubts(queue, ANALYST, page=2, page_size=1).doubts == listed.doubts[1:]


def test_a_question_shows_both_sides_and_what_its_weight_is_made_of(queue: Engine) -> None:
    asked = review.doubt(queue, ANALYST, "D01")
    assert [(side.field, side.agreement) for side in asked.sides] == [
        ("Forename", "differs"),
        ("UPN", "missing"),
        ("Address", "match"),
    ]
    assert sum(bits for _, bits in asked.waterfall) == pytest.approx(asked.weight)


def test_every_look_is_written_down(queue: Engine) -> None:
    review.doubts(queue, ANALYST)
    review.doubt(queue, ANALYST, "D01")
    review.decisions(queue, ANALYST)
    assert [(action, staff) for action, staff, _ in events(queue)[1:]] == [
        ("list_doubts", "s7"),
        ("read_doubt", "s7"),
        ("list_decisions", "s7"),
    ]
    assert events(queue)[1][2]["doubts"] == ["D01", "D02"]


@pytest.mark.parametrize("role", [role for role in ROLES if role not in MAY_REVIEW] + ["nobody"])
def test_other_roles_see_and_settle_nothing_and_their_asking_is_written_down(queue: Engine, role: str) -> None:
    reader = Reader(staff_id="s1", role=role, purpose="curiosity")
    for act in (
        lambda: review.doubts(queue, reader),
        lambda: review.doubt(queue, reader, "D01"),
        lambda: review.decide(queue, reader, "D01", answer="same", reason="x"),
        lambda: review.withdraw(queue, reader, 1, reason="x"),
        lambda: review.decisions(queue, reader),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert len([event for event in events(queue) if event[0].endswith("_refused")]) == 5
    assert waiting(queue) == ["D01", "D02"]


def test_no_purpose_no_queue(queue: Engine) -> None:
    with pytest.raises(NotAllowed, match="purpose"):
        review.doubts(queue, Reader(staff_id="s7", role="data_analyst", purpose=" "))


def test_an_answer_leaves_the_queue_at_once_and_binds(queue: Engine) -> None:
    number = review.decide(queue, ANALYST, "D01", answer="same", reason=" One birth certificate. ")
    assert waiting(queue) == ["D02"]
    bound = review.decisions_in_force(queue)
    assert bound.pairs.select("row_a", "row_b", "answer", "decision").rows() == [(3, 9, "same", number)]
    assert bound.ties.is_empty()
    assert again(queue, made_up_run(), inputs="other data") == ["D02"]
    listed = review.decisions(queue, ANALYST)[0]
    assert (listed.reason, listed.decided_by, listed.is_in_force) == ("One birth certificate.", "s7", True)
    decided = [detail for action, _, detail in events(queue) if action == "decide_doubt"]
    assert decided == [{"decision": number, "doubt_id": "D01", "answer": "same"}]


def test_a_tie_is_answered_in_its_own_words(queue: Engine) -> None:
    with pytest.raises(Refused, match="belongs, does_not_belong, cannot_tell"):
        review.decide(queue, ANALYST, "D02", answer="same", reason="x")
    review.decide(queue, ANALYST, "D02", answer="does_not_belong", reason="a lodger")
    assert review.decisions_in_force(queue).ties["answer"].to_list() == ["does_not_belong"]


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 1001])
def test_an_answer_needs_a_reason(queue: Engine, reason: str) -> None:
    with pytest.raises(Refused, match="reason"):
        review.decide(queue, ANALYST, "D01", answer="same", reason=reason)
    assert waiting(queue) == ["D01", "D02"]


def test_a_question_is_answered_once(queue: Engine) -> None:
    review.decide(queue, ANALYST, "D01", answer="different", reason="two birth certificates")
    with pytest.raises(Refused, match="answered"):
        review.decide(queue, ANALYST, "D01", answer="same", reason="x")
    with pytest.raises(Refused, match="answered"):
        review.doubt(queue, ANALYST, "D01")


def test_who_cannot_tell_is_asked_again_when_the_data_has_changed(queue: Engine) -> None:
    review.decide(queue, ANALYST, "D01", answer="cannot_tell", reason="the school does not answer")
    assert review.decisions_in_force(queue).pairs.is_empty()
    assert again(queue, made_up_run(), inputs="") == ["D02"]
    assert again(queue, made_up_run(), inputs="other data") == ["D01", "D02"]


def test_a_decision_taken_back_is_as_if_never_made(queue: Engine) -> None:
    before = review.decisions_in_force(queue)
    number = review.decide(queue, ANALYST, "D01", answer="same", reason="one certificate")
    other = Reader(staff_id="s8", role="data_analyst", purpose="settle who is who")
    review.withdraw(queue, other, number, reason="it was her brother's")
    assert review.decisions_in_force(queue).all.equals(before.all)
    assert again(queue, made_up_run()) == ["D01", "D02"]
    back, made = review.decisions(queue, ANALYST)
    assert (back.answer, back.withdraws, back.decided_by) == ("withdrawn", number, "s8")
    assert not made.is_in_force
    for wrong in (number, back.decision_id, 99):
        with pytest.raises(Refused):
            review.withdraw(queue, ANALYST, wrong, reason="again")


@pytest.mark.parametrize(
    "statement", ["UPDATE linkage_decision SET answer = 'different'", "DELETE FROM linkage_decision"]
)
def test_decisions_only_grow(queue: Engine, statement: str) -> None:
    review.decide(queue, ANALYST, "D01", answer="same", reason="one certificate")
    with pytest.raises(sa.exc.DBAPIError, match="decisions are never"), directly(queue) as connection:
        connection.execute(sa.text(statement))


def test_questions_are_gone_after_ninety_days_but_not_in_a_sample(casebook: Engine) -> None:
    old = dt.datetime.now(dt.UTC) - dt.timedelta(days=91)
    publish(casebook, **made_up_run(is_sample=False).named("run-1", published_at=old).for_publish())
    assert waiting(casebook) == []
    with directly(casebook) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM published_doubt")) == 0


def test_a_new_casebook_binds_nothing(empty_casebook: Engine) -> None:
    assert review.decisions_in_force(empty_casebook).all.is_empty()
