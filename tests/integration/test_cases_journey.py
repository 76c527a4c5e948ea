"""From a referral to the check six months after closure, by four people of different roles, through the acts only."""

import datetime as dt

import pytest
import sqlalchemy as sa
from casework import ANALYST, CHECKLIST, MANAGER, OTHER, PARTNER, TEAM_MANAGER, TODAY, WORKER, Work, with_staff
from directly import directly
from made_up import made_up_run
from sqlalchemy import Engine

from families.casebook.publish import publish
from families.cases import agreeing, alerts, assessing, curating, inbox, noting, opening, planning, referrals, reviewing
from families.cases.chronology import Filter, chronology
from families.cases.reading import my_families, today_of, worker_loads
from families.cases.record import open_corrections
from families.errors import NotAllowed, Refused

INTAKE = referrals.Intake(
    kind="partner",
    family_name="Okafor family",
    people=[referrals.Person("ZOE  OKAFOR", dt.date(1999, 5, 17)), referrals.Person("Amir Okafor", None, "child")],
    reporter="A Teacher",
    agency="Ash Lane Primary School",
    contact="01632 960 001",
    basis="consent",
    notice_given=True,
    reasons="Late most days.",
    needs=["Getting to school"],
    urgency="soon",
)


def test_from_referral_to_the_check_after_closure(casebook: Engine) -> None:
    engine = with_staff(casebook)
    work = Work(engine, "F01", TODAY)

    # A school refers; the manager sees that the child is known, asks, and accepts.
    referral = referrals.refer(engine, PARTNER, INTAKE, **work.adds())
    (line,) = inbox.inbox(engine, TEAM_MANAGER, today=TODAY)
    assert (line.referral_id, line.time_left) == (referral, "1 working day left")
    seen = referrals.duplicates(engine, TEAM_MANAGER, referral)
    assert [(each.what, each.family_id) for each in seen] == [("same_person", "F01")]
    with pytest.raises(Refused, match="look at the check"):
        referrals.begin_triage(engine, TEAM_MANAGER, referral, duplicates_seen=[], row_version=1, **work.adds())
    referrals.begin_triage(engine, TEAM_MANAGER, referral, duplicates_seen=seen, row_version=1, **work.adds())
    asked = {"stop_reason": "referrer_asked", "question": "Does the family know?"}
    referrals.ask_for_more(engine, TEAM_MANAGER, referral, **asked, row_version=2, **work.adds())
    assert inbox.inbox(engine, PARTNER, today=TODAY)[0].asked == "Does the family know?"
    work.today = dt.date(2013, 9, 5)
    referrals.give_more(engine, PARTNER, referral, answer="Yes, they do.", row_version=3, **work.adds())
    (line,) = inbox.inbox(engine, TEAM_MANAGER, today=work.today)
    assert line.due_on == dt.date(2013, 9, 6)  # four working days later: the clock stood still
    why = {"outcome": "family_help", "rationale": "Three services ask for the same.", "family_id": "F01"}
    work.case_id = referrals.accept_referral(engine, TEAM_MANAGER, referral, **why, row_version=4, **work.adds())
    told = inbox.referral(engine, PARTNER, referral, today=work.today)
    assert told.line.told.startswith("Your referral was accepted")
    assert (told.rationale, told.case_id, told.decided_by) == (None, None, None)

    # Confirmed, allocated, accepted: the worker sees it under new families, and the assessment's clock starts.
    decision = {"decision": "confirm", "reason": "Agreed with the school."}
    opening.decide_family(*work.at(MANAGER), **decision, **work.decides())
    assert my_families(engine, WORKER, today=work.today).total == 0
    work.allocate()
    assert today_of(engine, WORKER, today=work.today).counts["allocation"] == 1
    work.accept()
    line = work.record(WORKER).line
    assert (line.state, line.next_due_on, line.next_due) == (
        "accepted",
        dt.date(2013, 11, 7),
        "The assessment is due.",
    )
    (load,) = (load for load in worker_loads(engine, TEAM_MANAGER, today=work.today) if load.worker == WORKER.staff_id)
    assert (load.families, load.new) == (1, 1)

    # Consent, team around the family, assessment with one correction, needs, plan.
    family_help = {"purpose": "family_help", "how": "in person", "name": "Ms Okafor"}
    agreeing.record_consent(*work.at(WORKER), answer="given", **family_help, **work.adds())
    agreeing.record_consent(*work.at(WORKER), answer="withdrawn", **family_help, **work.adds())
    with pytest.raises(Refused, match="no consent"):
        agreeing.record_consent(*work.at(WORKER), answer="withdrawn", **family_help, **work.adds())
    lead = agreeing.Professional("A Nurse", "Health", "School nurse", "01632 960 002", is_lead=True)
    agreeing.add_helper(*work.at(WORKER), lead, **work.adds())
    assessing.start_assessment(*work.at(WORKER), **work.adds())
    facts = work.record(WORKER).facts
    assert {fact["fact"] for fact in facts} >= {"member", "tf1.education.absence"}
    with pytest.raises(Refused, match="Accept or correct every fact"):
        assessing.complete_assessment(*work.at(WORKER), words="x", summary="y", **work.decides())
    for fact in facts:
        wrong = "She was in hospital." if fact["fact"] == "tf1.education.absence" else ""
        assessing.answer_fact(*work.at(WORKER), fact["place"], correction=wrong, **work.adds())
    need = work.need()
    assessing.complete_assessment(*work.at(WORKER), words="Help us.", summary="Mornings.", **work.decides())
    work.plan()
    with pytest.raises(NotAllowed, match="for a programme manager or a team manager"):
        planning.approve_plan(*work.at(WORKER), **work.decides())
    assert work.record().dates["attached_on"] is None
    assert today_of(engine, TEAM_MANAGER, today=work.today).counts["approval"] == 1
    work.today += dt.timedelta(days=1)
    work.approve()
    assert work.record().dates["attached_on"] == work.today
    (correction, *_) = open_corrections(engine, ANALYST)
    assert correction["said"] == next(f["said"] for f in facts if f["fact"] == "tf1.education.absence")
    assessing.settle_correction(engine, ANALYST, correction["query_id"], told="The school agrees.", today=work.today)

    # A draft becomes a note; the family vanishes from what is published, and the work goes on.
    draft = noting.save_draft(engine, WORKER, "F01", "visit", body={"words": "All at"}, version=0)
    assert today_of(engine, WORKER, today=work.today).counts["draft"] == 1
    action = work.record().goals[0].actions[0]
    visit = noting.NoteForm("visit", work.today, "All at home.", ["P010"], True, True, action_id=action.action_id)
    noting.write_note(*work.at(WORKER), visit, draft_kind="visit", **work.adds())
    assert (draft.version, noting.draft(engine, WORKER, "F01", "visit")) == (1, None)
    with directly(casebook) as connection:
        raised = alerts.Raised("k1", "F01", "suspension", "Suspended.", work.today, "run-1", "P010", "Zoë")
        assert alerts.raise_alerts(connection, [raised, raised]) == 1
        assert alerts.raise_alerts(connection, [raised]) == 0
    publish(engine, **made_up_run().without("F01").named("run-2").for_publish())
    (alert,) = work.record(WORKER).alerts
    alerts.acknowledge(*work.at(WORKER), alert["alert_id"], reason="Met the school.", **work.adds())
    noting.supervise(*work.at(TEAM_MANAGER), held_on=work.today, words="Bring the school in.", **work.adds())
    reviewing.step(*work.at(MANAGER), level="targeted", to_whom="Us", reason="More is needed.", **work.decides())

    # A review beside the baseline, the chronology, closure, and the check.
    work.today += dt.timedelta(weeks=11)
    done = {"owner": "Family", "due_on": action.due_on, "done_on": work.today, "row_version": action.row_version}
    planning.change_action(*work.at(WORKER), action.action_id, **done, **work.adds())
    work.review()
    (shown,) = work.record().needs
    assert (shown.need_id, shown.baseline, shown.previous, shown.now) == (need, 3, 3, 6)
    told = {"happened_on": work.today, "words": "In school.", "impact": "First month.", "is_significant": True}
    entry = curating.add_entry(*work.at(WORKER), person_ids=["P010"], **told, **work.adds())
    curating.finish_entry(*work.at(WORKER), entry, is_finished=True, **work.adds())
    (event,) = chronology(engine, WORKER, "F01", Filter(only_significant=True, person_ids=["P010"]))
    assert (event.words, event.people, event.is_finished) == ("In school.", (("P010", "Zoë Okafor"),), True)
    work.ask_closure()
    with pytest.raises(NotAllowed):
        reviewing.approve_closure(*work.at(OTHER), **work.decides())
    work.close()
    closed = work.record(WORKER)
    assert (closed.line.state, closed.acts, closed.closures[0]["safety"]) == (
        "closed",
        ("record_check",),
        CHECKLIST.safety,
    )
    check = {"result": "sustained", "words": "Two good terms."}
    with pytest.raises(Refused, match="due six months after"):
        reviewing.record_check(*work.at(WORKER), **check, **work.decides())
    work.today = closed.dates["check_due_on"]
    reviewing.record_check(*work.at(WORKER), **check, **work.decides())
    record = work.record()
    assert (record.line.state, record.checks[0]["result"], record.line.family_name) == (
        "closed",
        "sustained",
        "Okafor family",
    )
    assert my_families(engine, WORKER, today=work.today).total == 0
    assert my_families(engine, WORKER, today=work.today, with_past=True).total == 1
    _every_act_is_audited_and_nothing_said_is_in_it(engine)


def _every_act_is_audited_and_nothing_said_is_in_it(engine: Engine) -> None:
    with directly(engine) as connection:
        steps = connection.execute(sa.text("SELECT act, written_by FROM case_step ORDER BY step_id")).all()
        events = connection.execute(sa.text("SELECT action, staff_id, detail FROM audit_event")).all()
        for statement in ("UPDATE case_note SET words = 'x'", "DELETE FROM case_step", "DELETE FROM need_score"):
            with pytest.raises(sa.exc.DBAPIError, match="never changed"), connection.begin_nested():
                connection.execute(sa.text(statement))
    assert {(act, who) for act, who in steps} <= {(event.action, event.staff_id) for event in events}
    details = " ".join(event.detail for event in events)
    assert not any(words in details for words in ("home", "hospital", "Mornings", "Zoë", "Teacher", "01632"))
    approved = next(event.detail for event in events if event.action == "approve_plan")
    assert '"before": {"attached_on": null' in approved
    assert '"state": "planned"' in approved
