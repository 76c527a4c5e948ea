"""What becomes of families is proposed and never done; a person decides, with a reason, and may take it back."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
import sqlalchemy as sa
from casework import READERS, TODAY, Work, with_staff
from casework import WORKER as CASEWORKER
from directly import directly
from made_up import made_up_run
from sqlalchemy import Engine

from families.casebook import restricting
from families.casebook.continuity import accept, proposals, undo
from families.casebook.models import AuditEvent, table
from families.casebook.publish import publish
from families.casebook.quality import answer_sample_pair, next_sample_pair, quality_counts, sample_counts
from families.casebook.review import decisions_in_force
from families.casebook.views import Reader
from families.cases import noting
from families.cases.chronology import chronology
from families.cases.record import case_head
from families.errors import NotAllowed, Refused
from families.tables.run import Continuity

MANAGER = Reader(staff_id="s1", role="programme_manager", purpose="look after families")
ANALYST = Reader(staff_id="s2", role="data_analyst", purpose="measure linkage")
WORKER = Reader(staff_id="s3", role="caseworker", purpose="help a family")
ROWS = [
    ("family_merged", "F02", "F01", "", "F02 is part of F01 now."),
    ("family_moved", "F05", "F05", "", "F05 lives at another address now."),  # F05 is in no casebook
    ("family_moved", "F03", "F03", "", "F03 lives at another address now."),
]
OFFICER, DECIDER = READERS["ig_officer"], READERS["programme_manager"]
KEYS = ('["s", "d", 1, ""]', '["s", "d", 2, ""]')


def changes() -> pl.DataFrame:
    frame = pl.DataFrame(ROWS, schema=["kind", "old_id", "new_id", "person_id", "sentence"], orient="row")
    child = made_up_run().tables["family_members"].filter(family_id="F01", role="child")["person_id"].min()
    merged = {
        "kind": "person_merged",
        "old_id": "P-gone",
        "new_id": child,
        "person_id": "",
        "sentence": "Put together.",
    }
    whole = pl.concat([frame, pl.DataFrame([merged])]).with_columns(
        record_a=pl.when(pl.col("kind") == "person_merged").then(pl.lit(KEYS[0])),
        record_b=pl.when(pl.col("kind") == "person_merged").then(pl.lit(KEYS[1])),
    )
    return Continuity.validate(whole, cast=True)


@pytest.fixture
def changed(casebook: Engine) -> Engine:
    """A casebook in which a second run has put F02 into F01."""
    first = made_up_run()
    publish(casebook, **first.for_publish())
    second = first.without("F02").named("run-2", published_at=dt.datetime(2013, 10, 1, tzinfo=dt.UTC))
    publish(casebook, **second.for_publish(), changes=changes())
    return casebook


def events(casebook: Engine, action: str) -> list[tuple[str | None, str]]:
    audit = table(AuditEvent).c
    with directly(casebook) as connection:
        query = sa.select(audit.family_id, audit.detail).where(audit.action == action).order_by(audit.event_id)
        return [tuple(row) for row in connection.execute(query)]


def test_only_families_of_the_casebook_are_proposed_with_the_effect(changed: Engine) -> None:
    shown = {(each.kind, each.family_id): each for each in proposals(changed, MANAGER)}
    assert set(shown) == {
        ("family_merged", "F01"), ("family_merged", "F02"), ("family_moved", "F03"), ("person_merged", "F01"),
    }  # fmt: skip
    gone = shown["family_merged", "F02"]
    assert gone.effect == (
        "It was eligible (meets Education, Local concern, Out-of-work benefits), and is eligible (meets Crime and "
        "anti-social behaviour, Education, Out-of-work benefits)."
    )
    assert shown["family_moved", "F03"].effect == "It stays not known whether eligible (meets Education)."
    assert {each.status for each in shown.values()} == {"open"}
    assert [family for family, _ in events(changed, "list_continuity")] == [
        *dict.fromkeys(each.family_id for each in proposals(changed, MANAGER))
    ]


def test_near_misses_are_not_shown_to_who_may_not_see_them(changed: Engine) -> None:
    officer = Reader("s4", "returns_officer", "claim")
    assert {each.family_id for each in proposals(changed, officer)} == {"F01", "F02"}
    assert proposals(changed, WORKER) == ()
    assert {each.family_id for each in proposals(changed, ANALYST)} == {"F03"}


def test_publishing_again_proposes_nothing_again(changed: Engine) -> None:
    before = proposals(changed, MANAGER)
    second = made_up_run().without("F02").named("run-2", published_at=dt.datetime(2013, 11, 1, tzinfo=dt.UTC))
    publish(changed, **second.for_publish(), changes=changes())
    assert proposals(changed, MANAGER) == before


def test_a_change_is_accepted_and_undone_with_a_reason_and_a_trace(changed: Engine) -> None:
    (proposal,) = [each for each in proposals(changed, MANAGER) if each.kind == "person_merged"]
    accept(changed, MANAGER, proposal.proposal_id, reason="The school says so")
    assert proposal.proposal_id not in {each.proposal_id for each in proposals(changed, MANAGER)}
    assert decisions_in_force(changed).pairs.is_empty()
    undo(changed, MANAGER, proposal.proposal_id, reason="They are cousins")
    (again,) = proposals(changed, MANAGER, status="undone")
    assert (again.proposal_id, again.reason, again.decided_by) == (proposal.proposal_id, "They are cousins", "s1")
    (decided,) = decisions_in_force(changed).pairs.rows(named=True)
    assert (decided["row_a"], decided["row_b"], decided["answer"]) == (1, 2, "different")
    assert [family for family, _ in events(changed, "continuity_undone")] == ["F01"]
    assert "cousins" not in events(changed, "continuity_undone")[0][1]
    accept(changed, MANAGER, proposal.proposal_id, reason="No, they are one")
    assert decisions_in_force(changed).pairs.is_empty()


def test_no_one_decides_without_a_right_a_purpose_or_a_reason(changed: Engine) -> None:
    proposal = proposals(changed, MANAGER)[0].proposal_id
    for reader in (WORKER, ANALYST, Reader("s1", "programme_manager", " ")):
        with pytest.raises(NotAllowed):
            accept(changed, reader, proposal, reason="because")
    with pytest.raises(Refused, match="Say why"):
        accept(changed, MANAGER, proposal, reason="  ")
    with pytest.raises(NotAllowed, match="no such change"):
        undo(changed, MANAGER, "nothing", reason="because")
    with directly(changed) as connection:
        told = connection.execute(sa.text("SELECT action FROM audit_event WHERE action LIKE 'continuity_%_refused'"))
        assert told.scalars().all() == ["continuity_accepted_refused"] * 3 + ["continuity_undone_refused"]
    accept(changed, MANAGER, proposal, reason="because")
    with pytest.raises(Refused, match="accepted already"):
        accept(changed, MANAGER, proposal, reason="because")


@pytest.mark.parametrize("name", ["continuity_proposal", "continuity_answer", "sample_answer"])
def test_nothing_decided_is_changed_or_deleted(changed: Engine, name: str) -> None:
    accept(changed, MANAGER, proposals(changed, MANAGER)[0].proposal_id, reason="because")
    answer_sample_pair(changed, ANALYST, "S1", answer="same")
    with directly(changed) as connection:
        before = connection.execute(sa.text(f"SELECT * FROM {name}")).all()
    for statement in (
        f"DELETE FROM {name}",
        f"UPDATE {name} SET role = 'x'" if "answer" in name else f"UPDATE {name} SET kind = 'x'",
    ):
        with pytest.raises(sa.exc.DBAPIError, match="never changed or deleted"), directly(changed) as connection:
            connection.execute(sa.text(statement))
    with directly(changed) as connection:
        assert before
        assert connection.execute(sa.text(f"SELECT * FROM {name}")).all() == before


def test_pairs_are_asked_in_order_and_answers_counted(casebook: Engine) -> None:
    publish(casebook, **made_up_run().for_publish())
    assert sum(c.number for c in quality_counts(casebook, MANAGER) if c.figure == "links_by_reason") == 100
    first = next_sample_pair(casebook, ANALYST)
    assert first
    assert first.sides == (("Name", "Ada Lowe", "Ada Love"), ("Born", "04/05/2001", None))
    answer_sample_pair(casebook, ANALYST, first.pair_id, answer="same")
    second = next_sample_pair(casebook, ANALYST)
    assert second
    answer_sample_pair(casebook, ANALYST, second.pair_id, answer="cannot_tell")
    assert next_sample_pair(casebook, ANALYST) is None
    told = {count.stratum: (count.drawn, count.answered, count.same) for count in sample_counts(casebook, MANAGER)}
    assert told == {"same UPN": (1, 1, 1), "same name elsewhere, not linked": (1, 0, 0)}
    answer_sample_pair(casebook, ANALYST, first.pair_id, answer="different")
    assert {count.same for count in sample_counts(casebook, MANAGER)} == {0}


def test_pairs_are_for_analysts_and_counts_for_those_who_answer_for_the_data(casebook: Engine) -> None:
    publish(casebook, **made_up_run().for_publish())
    with pytest.raises(NotAllowed):
        next_sample_pair(casebook, MANAGER)
    with pytest.raises(NotAllowed):
        quality_counts(casebook, WORKER)
    with pytest.raises(Refused, match="Choose"):
        answer_sample_pair(casebook, ANALYST, "S1", answer="perhaps")
    with pytest.raises(Refused, match="not asked about any more"):
        answer_sample_pair(casebook, ANALYST, "S9", answer="same")


@pytest.fixture
def worked(casebook: Engine) -> Work:
    """Somebody works with F02, writes about it, and a second run has put F02 into F01."""
    with_staff(casebook)
    work = Work(casebook, "F02").confirm().allocate().accept()
    noting.save_draft(casebook, CASEWORKER, "F02", "note", body={"words": "Half of it."}, version=0)
    second = made_up_run().without("F02").named("run-2", published_at=dt.datetime(2013, 10, 1, tzinfo=dt.UTC))
    publish(casebook, **second.for_publish(), changes=changes())
    return work


def merged(engine: Engine) -> list[str]:
    found = proposals(engine, MANAGER, status=None)
    return [each.proposal_id for each in found if (each.kind, each.family_id) == ("family_merged", "F02")]


def test_the_case_follows_an_accepted_merger_and_goes_back_when_it_is_undone(worked: Work) -> None:
    engine, (proposal,) = worked.engine, merged(worked.engine)
    assert case_head(engine, CASEWORKER, "F01", today=TODAY) is None
    for number, (decide, here, gone) in enumerate(
        ((accept, "F01", "F02"), (undo, "F02", "F01"), (accept, "F01", "F02"))
    ):
        decide(engine, MANAGER, proposal, reason="The school says so")
        head = case_head(engine, CASEWORKER, here, today=TODAY)
        assert head
        assert (head.line.case_id, head.line.state) == (worked.case_id, "accepted")
        assert case_head(engine, CASEWORKER, gone, today=TODAY) is None
        assert noting.draft(engine, CASEWORKER, here, "note").body == {"words": "Half of it."}
        told = [each.title for each in chronology(engine, CASEWORKER, here) if each.kind == "act"]
        assert told.count("The family goes on under another id") == number + 1
    assert [family for family, _ in events(engine, "follow_family")] == ["F02", "F01", "F01", "F02", "F02", "F01"]


def test_two_families_that_are_both_worked_with_are_not_put_together_by_a_click(worked: Work) -> None:
    Work(worked.engine, "F01").confirm()
    (proposal,) = merged(worked.engine)
    with pytest.raises(Refused, match="close one of the two cases"):
        accept(worked.engine, MANAGER, proposal, reason="The school says so")
    assert case_head(worked.engine, CASEWORKER, "F02", today=TODAY)
    assert {each.status for each in proposals(worked.engine, MANAGER)} == {"open"}


def test_a_restriction_on_the_id_that_goes_is_set_on_the_other_before(worked: Work) -> None:
    """Whoever may not see a restricted family is not told that it was put together with another."""
    now = dt.datetime.now(dt.UTC)
    (proposal,) = merged(worked.engine)
    told = {"kind": "adoption", "reason": "A placement order.", "review_on": now.date() + dt.timedelta(days=30)}
    number = restricting.restrict(worked.engine, OFFICER, "F02", **told, at=now)
    assert "F02" not in {end for each in proposals(worked.engine, DECIDER) for end in (each.old_id, each.new_id)}
    until = {"sees_address": False, "reason": "Decides.", "ends_on": now.date() + dt.timedelta(days=5), "at": now}
    restricting.let_in(worked.engine, OFFICER, number, staff_id=DECIDER.staff_id, **until)
    with pytest.raises(Refused, match="have the family that is kept restricted first"):
        accept(worked.engine, DECIDER, proposal, reason="The school says so")
    both = restricting.restrict(worked.engine, OFFICER, "F01", **told, at=now)
    restricting.let_in(worked.engine, OFFICER, both, staff_id=DECIDER.staff_id, **until)
    accept(worked.engine, DECIDER, proposal, reason="The school says so")
    assert case_head(worked.engine, CASEWORKER, "F01", today=TODAY) is None  # she is let in to neither
