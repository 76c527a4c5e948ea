"""Every act on a casebook: who is refused, in which states, twice with one token, on an old version, by its author."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from casework import CHECKLIST, MANAGER, OTHER, PARTNER, READERS, TEAM_MANAGER, TODAY, WORKER, Work, with_staff
from directly import directly
from sqlalchemy import Engine

from families.casebook.case_models import FamilyCase, Referral
from families.casebook.models import Staff, table
from families.casebook.views import Reader
from families.cases import agreeing, alerts, assessing, curating, inbox, noting, opening, planning, referrals, reviewing
from families.cases.moving import Changed
from families.cases.reading import my_families, today_of
from families.cases.record import case_of
from families.cases.workflow import workflow
from families.errors import NotAllowed, Refused
from families.exports.record import Wanted, _plan

LATER = TODAY + dt.timedelta(days=20)
SOMEBODY = agreeing.Professional("A", "Health", "Nurse")
NOTE = noting.NoteForm("visit", TODAY, "Seen.", ["P010"])
DUE = {"owner": "Family", "due_on": LATER}
OUTCOME = {"rationale": "Because."}
DECISION = {"reason": "Because."}
# act: the function, and what it is given beside engine, reader, the row's id, version, day and token
CALLS: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {
    "begin_triage": (referrals.begin_triage, (), {"duplicates_seen": ()}),
    "ask_for_more": (referrals.ask_for_more, (), {"stop_reason": "referrer_asked", "question": "Who?"}),
    "give_more": (referrals.give_more, (), {"answer": "She."}),
    "accept_referral": (referrals.accept_referral, (), {"outcome": "family_help", **OUTCOME}),
    "decline_referral": (referrals.decline_referral, (), {"outcome": "below_threshold", **OUTCOME}),
    **{name: (opening.decide_family, (), {"decision": name, **DECISION}) for name in opening.DECISIONS},
    "allocate": (opening.allocate, (), {"worker": WORKER.staff_id, "priority": "high", "reason": ""}),
    "transfer": (opening.transfer, (), {"worker": OTHER.staff_id, "reason": "Leave."}),
    "accept": (opening.accept, (), {}),
    "decline": (opening.decline, (), {"reason": "Too far."}),
    "record_consent": (agreeing.record_consent, (), {"purpose": "family_help", "answer": "given", "how": "x", "name": "A"}),
    "start_assessment": (assessing.start_assessment, (), {}),
    "answer_fact": (assessing.answer_fact, (0,), {"correction": ""}),
    "add_need": (assessing.add_need, (), {"label": "A", "own_words": "B", "score": 5, "evidence": "C", "evidence_on": TODAY}),
    "complete_assessment": (assessing.complete_assessment, (), {"words": "A", "summary": "B"}),
    "add_goal": (planning.add_goal, (), {"words": "A", "outcome": "B", **DUE}),
    "add_action": (planning.add_action, ("goal",), {"words": "A", **DUE}),
    "change_action": (planning.change_action, ("action",), {"done_on": None, **DUE}),
    "reach_goal": (planning.reach_goal, ("goal",), {"reached_on": TODAY}),
    "submit_plan": (planning.submit_plan, (), {}),
    "approve_plan": (planning.approve_plan, (), {}),
    "return_plan": (planning.return_plan, (), {"reason": "Too long."}),
    "add_helper": (agreeing.add_helper, (SOMEBODY,), {}),
    "change_helper": (agreeing.change_helper, ("helper", SOMEBODY), {}),
    "write_note": (noting.write_note, (NOTE,), {}),
    "supervise": (noting.supervise, (), {"held_on": TODAY, "words": "Well."}),
    "hold_review": (reviewing.hold_review, (), {"scores": (), "words": "A", "family_view": "B", "next_on": LATER}),
    "step": (reviewing.step, (), {"level": "targeted", "to_whom": "Us", "reason": "More."}),
    "ask_closure": (reviewing.ask_closure, (CHECKLIST,), {}),
    "approve_closure": (reviewing.approve_closure, (), {}),
    "return_closure": (reviewing.return_closure, (), {"reason": "Not yet."}),
    "record_check": (reviewing.record_check, (), {"result": "partly", "words": "A"}),
    "answer_alert": (alerts.acknowledge, ("alert",), {"reason": "Seen."}),
    "curate": (curating.add_entry, (), {"happened_on": TODAY, "words": "A", "impact": "", "is_significant": True}),
}  # fmt: skip


def referred(engine: Engine, by: Reader = PARTNER, *, token: str = "token-referral", **changes: Any) -> str:
    told: dict[str, Any] = {
        **{"kind": "partner", "family_name": "Moss family", "people": [referrals.Person("Ada Moss")]},
        **{"reporter": "T", "agency": "School", "contact": "01632", "basis": "consent", "notice_given": True},
        **{"reasons": "Late.", "needs": ["School"], "urgency": "standard"},
    }
    return referrals.refer(engine, by, referrals.Intake(**(told | changes)), today=TODAY, token=token)


def do(engine: Engine, act: str, by: Reader, subject: str, *, token: str, version: int | None = None) -> str:
    function, more, told = CALLS[act]
    form = dict(told) | {"today": TODAY, "token": token}
    if "row_version" in inspect.signature(function).parameters:
        form["row_version"] = _version(engine, act, subject) if version is None else version
    return str(function(engine, by, subject, *more, **form))


def _row(engine: Engine, act: str, subject: str) -> Any:
    model, key = (FamilyCase, "case_id") if workflow().acts[act].of == "case" else (Referral, "referral_id")
    with directly(engine) as connection:
        return connection.execute(sa.select(table(model)).where(table(model).c[key] == subject)).one()


def _version(engine: Engine, act: str, subject: str) -> int:
    return int(_row(engine, act, subject).row_version)


@pytest.fixture
def on_sqlite(sqlite_url: str) -> Engine:
    from families.casebook.database import open_casebook
    from families.casebook.migrations import migrate

    engine = open_casebook(sqlite_url)
    migrate(engine)
    return with_staff(engine)


def test_every_act_refuses_each_role_and_state_that_the_workflow_does_not_name(on_sqlite: Engine) -> None:
    case_id = Work(on_sqlite).confirm().case_id
    subjects = {"case": case_id, "referral": referred(on_sqlite)}
    assert set(CALLS) == set(workflow().acts)
    refused = 0
    for name, act in workflow().acts.items():
        subject, model = subjects[act.of], FamilyCase if act.of == "case" else Referral
        for role, reader in READERS.items():
            if role not in act.roles:
                with pytest.raises(NotAllowed, match=r"is for a|Ask one of them|ask one of them"):
                    do(on_sqlite, name, reader, subject, token=f"role-{name}-{role}")
                refused += 1
        reader = READERS[sorted(act.roles)[-1]]
        for state in set(workflow().states[act.of]) - act.states:
            with on_sqlite.begin() as connection:
                put = {"state": state} | ({"worker": WORKER.staff_id} if act.of == "case" else {})
                connection.execute(sa.update(table(model)).values(put))
            with pytest.raises(Refused) as refusal:
                do(
                    on_sqlite,
                    name,
                    WORKER if act.roles == {"caseworker"} else reader,
                    subject,
                    token=f"s-{name}-{state}",
                )
            assert str(refusal.value).startswith(act.otherwise), name
    with on_sqlite.connect() as connection:
        done = connection.scalar(sa.text("SELECT count(*) FROM case_step"))
        written = connection.scalar(sa.text("SELECT count(*) FROM audit_event WHERE action LIKE '%_refused'"))
    assert (done, written) == (2, refused)


def test_one_token_makes_one_act_and_gives_its_result_again(casebook: Engine) -> None:
    work = Work(with_staff(casebook)).confirm().allocate()
    first = [do(casebook, "accept", WORKER, work.case_id, token="token-accept") for _ in range(2)]
    note = [do(casebook, "write_note", WORKER, work.case_id, token="token-note") for _ in range(2)]
    assert (len(set(first)), len(set(note)), len(work.record().notes)) == (1, 1, 1)
    for act, by in (("decline", WORKER), ("accept", OTHER)):
        with pytest.raises(Refused, match="used for something else"):
            do(casebook, act, by, work.case_id, token="token-accept")
    with pytest.raises(Refused, match="no token"):
        do(casebook, "write_note", WORKER, work.case_id, token="short")
    with pytest.raises(NotAllowed, match="purpose"):
        do(casebook, "write_note", Reader(WORKER.staff_id, "caseworker", " "), work.case_id, token="token-note-2")


def test_of_several_at_once_one_is_done(casebook: Engine) -> None:
    work = Work(with_staff(casebook)).confirm().allocate().accept()
    version = _version(casebook, "transfer", work.case_id)

    def transfer(number: int) -> str:
        try:
            return do(casebook, "transfer", MANAGER, work.case_id, token=f"token-at-once-{number}", version=version)
        except Changed:
            return "changed"

    with ThreadPoolExecutor(4) as people:
        notes = set(
            people.map(lambda _: do(casebook, "write_note", WORKER, work.case_id, token="token-note"), range(4))
        )
        done = list(people.map(transfer, range(4)))
    assert (len(notes), len(work.record().notes)) == (1, 1)
    assert (done.count("changed"), len(work.record().allocations)) == (3, 2)


def test_on_an_old_version_both_are_shown_and_nothing_changes(casebook: Engine) -> None:
    work = Work(with_staff(casebook)).confirm()
    version = _version(casebook, "allocate", work.case_id)
    do(casebook, "allocate", TEAM_MANAGER, work.case_id, token="token-first")
    do(casebook, "decline", WORKER, work.case_id, token="token-decline")
    with pytest.raises(Changed) as conflict:
        do(casebook, "allocate", MANAGER, work.case_id, token="token-late", version=version)
    assert conflict.value.yours["worker"] == WORKER.staff_id
    theirs = conflict.value.theirs
    assert (theirs["state"], theirs["worker"], theirs["changed_by"]) == ("confirmed", None, "Name of s-caseworker")
    assert theirs["row_version"] == version + 2


def test_nobody_decides_on_their_own_work(casebook: Engine) -> None:
    engine = with_staff(casebook)
    people = [referrals.Person("Ada Moss", dt.date(2005, 1, 2))]
    mine = referred(engine, TEAM_MANAGER, kind="nominated", people=people)
    for act, state in (("begin_triage", "received"), ("ask_for_more", "in_triage"), ("accept_referral", "in_triage"),
                       ("decline_referral", "in_triage")):  # fmt: skip
        with directly(engine) as connection:
            connection.execute(sa.update(table(Referral)).values(state=state))
        with pytest.raises(NotAllowed, match="whoever made the referral"):
            do(engine, act, TEAM_MANAGER, mine, token=f"token-{act}")
    work = Work(engine).confirm().allocate().accept().assess().plan()
    # Whoever wrote any of the plan, in whatever role they are now, does not approve it.
    promoted = Reader(WORKER.staff_id, "programme_manager", "casework")
    for act in ("approve_plan", "return_plan"):
        with pytest.raises(NotAllowed, match="whoever wrote any of the plan"):
            do(engine, act, promoted, work.case_id, token=f"token-{act}")
    work.approve().ask_closure()
    for act in ("approve_closure", "return_closure"):
        with pytest.raises(NotAllowed, match="whoever asked for closure"):
            do(engine, act, promoted, work.case_id, token=f"token-{act}")
    do(engine, "return_closure", MANAGER, work.case_id, token="token-back")
    assert work.record().line.state == "planned"


def test_whoever_changed_a_plan_does_not_approve_it_either(casebook: Engine) -> None:
    work = Work(with_staff(casebook)).confirm().allocate().accept().assess().plan().approve()
    (goal,) = work.record().goals
    (action,) = goal.actions
    opening.transfer(*work.at(MANAGER), worker=OTHER.staff_id, reason="Away.", **work.decides())
    later = {"owner": "School", "due_on": TODAY, "done_on": None, "row_version": 1}
    planning.change_action(*work.at(OTHER), action.action_id, **later, **work.adds())
    opening.transfer(*work.at(MANAGER), worker=WORKER.staff_id, reason="Back.", **work.decides())
    planning.submit_plan(*work.at(WORKER), **work.decides())
    promoted = Reader(OTHER.staff_id, "programme_manager", "casework")
    with pytest.raises(NotAllowed, match="whoever wrote any of the plan"):
        planning.approve_plan(*work.at(promoted), **work.decides())
    waits = [today_of(casebook, reader, today=TODAY).counts["approval"] for reader in (promoted, MANAGER)]
    assert waits == [0, 1]
    work.ask_closure()  # what waits is the closure: a plan is decided before it, or after it is given back
    assert [line.sentence for line in today_of(casebook, MANAGER, today=TODAY).lines] == [
        "Closure waits for your approval."
    ]


def test_what_is_added_to_an_approved_plan_is_said_to_be_approved_by_nobody(casebook: Engine) -> None:
    work = Work(with_staff(casebook)).confirm().allocate().accept().assess().plan()
    assert planning.added_since_approval(work.record()) == frozenset()  # none is approved at all
    work.approve()
    (goal,) = work.record().goals
    added = planning.add_action(*work.at(WORKER), goal.goal_id, words="Another", **DUE, **work.adds())
    assert planning.added_since_approval(work.record()) == {added}
    wanted = Wanted("plan", "F01", "xlsx", "meeting")
    result = {row[0]: row[4] for part in _plan(casebook, WORKER, wanted, TODAY)[1] for row in part.rows if len(row) > 4}
    assert (result["Another"], result["Agree a routine"]) == (f"open; {planning.NOT_APPROVED}", "open")
    planning.submit_plan(*work.at(WORKER), **work.decides())
    assert planning.added_since_approval(work.record()) == {added}
    work.approve()
    assert planning.added_since_approval(work.record()) == frozenset()


def test_a_family_is_decided_with_a_reason_and_in_bulk_only_as_already_known(casebook: Engine) -> None:
    engine = with_staff(casebook)
    said = {"reason": "Open work.", "today": TODAY}
    with pytest.raises(Refused, match="reason"):
        opening.decide_identified(engine, MANAGER, "F01", decision="confirm", reason=" ", today=TODAY, token="token-01")
    opening.set_aside_known(engine, MANAGER, ["F02", "F07"], token="token-bulk", **said)
    opening.set_aside_known(engine, MANAGER, ["F02", "F07"], token="token-bulk", **said)
    listed = my_families(engine, MANAGER, today=TODAY, states=["already_known"])
    assert sorted(case.family_id for case in listed.cases) == ["F02", "F07"]
    with pytest.raises(Refused, match="has a case"):
        opening.decide_identified(engine, MANAGER, "F02", decision="confirm", token="token-02", **said)
    opening.decide_identified(engine, MANAGER, "F08", decision="wrong_linkage", token="token-03", **said)
    with directly(engine) as connection:
        (query,) = connection.execute(sa.text("SELECT family_id, code, words FROM linkage_query")).all()
    assert tuple(query) == ("F08", "other", "Open work.")
    known = Work(engine, "F02")
    known.case_id = known.record().line.case_id
    do(engine, "confirm", MANAGER, known.case_id, token="token-04")
    assert known.record().line.state == "confirmed"
    for family in ("F05", "F99"):  # not in the casebook, or nobody's
        with pytest.raises(NotAllowed, match="no family"):
            opening.decide_identified(engine, MANAGER, family, decision="confirm", token=f"token-{family}", **said)


def test_a_transfer_keeps_who_had_the_family_and_tells_both(casebook: Engine) -> None:
    work = Work(with_staff(casebook)).confirm().allocate().accept()
    with pytest.raises(NotAllowed, match="no case"):
        case_of(casebook, OTHER, "F01", today=TODAY)
    do(casebook, "transfer", TEAM_MANAGER, work.case_id, token="token-over")
    assert [(a["worker"], a["answer"], a["ended_on"]) for a in work.record().allocations] == [
        (WORKER.staff_id, "accepted", TODAY),
        (OTHER.staff_id, "accepted", None),
    ]
    for reader, sentence in ((WORKER, "given to Name of s-caseworker-2"), (OTHER, "given to you")):
        (line,) = (line for line in today_of(casebook, reader, today=TODAY).lines if line.what == "allocation")
        assert sentence in line.sentence
    assert work.record(WORKER).acts == ()
    with pytest.raises(NotAllowed, match="read this case but not change"):
        do(casebook, "write_note", WORKER, work.case_id, token="token-note")
    do(casebook, "write_note", OTHER, work.case_id, token="token-note-2")
    for worker in ("nobody", TEAM_MANAGER.staff_id, OTHER.staff_id):
        with pytest.raises(Refused):
            opening.transfer(*work.at(MANAGER), worker=worker, reason="x", **work.decides())


def _in_teams(engine: Engine, teams: dict[str, str]) -> None:
    with directly(engine) as connection:
        for staff_id, team_id in teams.items():
            connection.execute(
                sa.update(table(Staff)).where(table(Staff).c.staff_id == staff_id).values(team_id=team_id)
            )


def test_a_team_manager_has_the_team_and_no_more(casebook: Engine) -> None:
    work = Work(with_staff(casebook)).confirm()
    _in_teams(casebook, {TEAM_MANAGER.staff_id: "north", WORKER.staff_id: "south"})
    with pytest.raises(NotAllowed, match="no case"):
        do(casebook, "allocate", TEAM_MANAGER, work.case_id, token="token-other-team")
    do(casebook, "allocate", MANAGER, work.case_id, token="token-manager")
    assert work.record().line.team_id == "south"
    with pytest.raises(NotAllowed, match="no case"):
        case_of(casebook, TEAM_MANAGER, "F01", today=TODAY)
    assert my_families(casebook, TEAM_MANAGER, today=TODAY).total == 0
    _in_teams(casebook, {TEAM_MANAGER.staff_id: "south"})
    assert my_families(casebook, TEAM_MANAGER, today=TODAY).total == 1


def test_a_referral_joins_open_work_or_is_told_in_standard_words(casebook: Engine) -> None:
    engine = with_staff(casebook)
    work = Work(engine).confirm().allocate().accept()
    first = referred(engine, WORKER, kind="nominated", family_id="F01")
    seen = referrals.duplicates(engine, TEAM_MANAGER, first)
    assert [each.what for each in seen] == ["open_plan"]
    form = {"duplicates_seen": seen, "row_version": 1, **work.adds()}
    referrals.begin_triage(engine, TEAM_MANAGER, first, **form)
    with pytest.raises(Refused, match="has open work"):
        do(engine, "accept_referral", TEAM_MANAGER, first, token="token-second")
    joined = {"outcome": "joins_open_work", "rationale": "Same needs.", "row_version": 2}
    assert referrals.accept_referral(engine, TEAM_MANAGER, first, **joined, **work.adds()) == work.case_id
    second = referred(engine, token="token-referral-2")
    assert inbox.inbox(engine, WORKER, today=TODAY, states=inbox.DECIDED)[0].referral_id == first
    assert [line.referral_id for line in inbox.inbox(engine, PARTNER, today=TODAY)] == [second]
    with pytest.raises(NotAllowed, match="no referral"):
        inbox.referral(engine, PARTNER, first, today=TODAY)
    for wrong in ({"kind": "identified"}, {"kind": "made_up"}, {"family_id": "F01"}):
        with pytest.raises(NotAllowed):
            referred(engine, token="token-wrong", **wrong)
    for wrong in ({"people": []}, {"urgency": "now"}, {"basis": " "}, {"reasons": "x" * 10_001}):
        with pytest.raises(Refused):
            referred(engine, token="token-wrong", **wrong)


def test_a_second_referral_of_a_family_that_no_run_has_found_joins_the_work_with_it(casebook: Engine) -> None:
    engine, cases = with_staff(casebook), set()
    for number in (1, 2):
        who = [referrals.Person("Ada Moss", dt.date(2006, 5, 4))]
        made = referred(engine, token=f"token-referral-{number}", people=who)
        seen = referrals.duplicates(engine, TEAM_MANAGER, made)
        at = {"today": TODAY, "row_version": 1, "token": f"token-triage-{number}"}
        referrals.begin_triage(engine, TEAM_MANAGER, made, duplicates_seen=seen, **at)
        known = {each.family_id for each in seen if each.family_id}
        form = {"outcome": "joins_open_work" if known else "family_help", "rationale": "Needs help."}
        form |= {"family_id": known.pop() if known else None}
        case_id = referrals.accept_referral(
            engine, TEAM_MANAGER, made, **form, today=TODAY, row_version=2, token=f"token-accept-{number}"
        )
        cases.add(case_id)
    assert (len(cases), {each.what for each in seen}) == (1, {"same_person", "open_plan"})
    third = referred(engine, token="token-referral-3", people=[referrals.Person("Somebody else")])
    at = {"today": TODAY, "row_version": 1, "token": "token-triage-3"}
    referrals.begin_triage(engine, TEAM_MANAGER, third, duplicates_seen=(), **at)
    form |= {"family_id": seen[0].family_id}
    with pytest.raises(NotAllowed, match="no family"):
        referrals.accept_referral(engine, TEAM_MANAGER, third, **form, today=TODAY, row_version=2, token="token-no")


def test_drafts_and_curated_words_show_both_versions_and_a_snoozed_alert_comes_back(casebook: Engine) -> None:
    work = Work(with_staff(casebook)).confirm().allocate().accept()
    noting.save_draft(casebook, WORKER, "F01", "visit", body={"words": "one"}, version=0)
    with pytest.raises(Changed) as conflict:
        noting.save_draft(casebook, WORKER, "F01", "visit", body={"words": "two"}, version=0)
    assert (conflict.value.theirs["words"], conflict.value.yours["words"]) == ("one", "two")
    with pytest.raises(NotAllowed):
        noting.save_draft(casebook, OTHER, "F01", "visit", body={}, version=0)
    noting.discard_draft(casebook, WORKER, "F01", "visit")
    entry = do(casebook, "curate", WORKER, work.case_id, token="token-entry")
    told = {"words": "B", "impact": "C", "is_significant": False}
    curating.change_entry(*work.at(WORKER), entry, version=1, **told, **work.adds())
    with pytest.raises(Changed, match="compare"):
        curating.change_entry(*work.at(WORKER), entry, version=1, **told, **work.adds())
    curating.finish_entry(*work.at(WORKER), entry, is_finished=True, **work.adds())
    with pytest.raises(Refused, match="reopen"):
        curating.change_entry(*work.at(WORKER), entry, version=2, **told, **work.adds())
    with directly(casebook) as connection:
        alerts.raise_alerts(connection, [alerts.Raised("k", "F01", "off_roll", "Off roll.", TODAY, "run-1")])
    (alert,) = work.record().alerts
    alerts.snooze(*work.at(WORKER), alert["alert_id"], reason="School is shut.", until=LATER, **work.adds())
    days = (TODAY, LATER)
    assert [today_of(casebook, WORKER, today=day).counts["alert"] for day in days] == [0, 1]


def test_facts_are_answered_together_or_not_at_all_and_keep_their_source_and_day(on_sqlite: Engine) -> None:
    work = Work(on_sqlite).confirm().allocate().accept()
    assessing.start_assessment(*work.at(WORKER), **work.adds())
    record = work.record()
    assert record.assessment is not None
    assert record.assessment["data_as_of"] == TODAY
    found = [fact for fact in record.facts if fact["fact"] != "member"]
    assert {fact["outcome"] for fact in found} <= {"met", "not_met", "unknown"}
    assert any(fact["dated_on"] and fact["sources"] for fact in found)
    with pytest.raises(Refused, match="not in the assessment"):
        assessing.answer_facts(*work.at(WORKER), {0: "", 1: "Wrong.", 999: ""}, **work.adds())
    assert {fact["answer"] for fact in work.record().facts} == {None}
    assert work.record().corrections == ()
    with pytest.raises(Refused, match="at least one"):
        assessing.answer_facts(*work.at(WORKER), {}, **work.adds())
    twice = work.adds()
    first = assessing.answer_facts(*work.at(WORKER), {0: "", 1: "Wrong.", 2: "Wrong too."}, **twice)
    assert assessing.answer_facts(*work.at(WORKER), {0: "", 1: "Wrong.", 2: "Wrong too."}, **twice) == first
    assert [fact["answer"] for fact in work.record().facts[:3]] == ["accepted", "corrected", "corrected"]
    assert {query["correction"] for query in work.record().corrections} == {"Wrong.", "Wrong too."}
