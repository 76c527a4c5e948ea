"""The workflow: every role, act and state, against a table written by hand; the words of clocks and the scanner."""

import datetime as dt

import pytest

from families.casebook.access import ROLES
from families.casebook.views import DataAsAt
from families.cases.clock import casework_today, time_left
from families.cases.noting import address_warnings
from families.cases.workflow import next_state, require_role, require_state, workflow
from families.errors import NotAllowed, Refused

C, T, P, R = "caseworker", "team_manager", "programme_manager", "partner_referrer"
WAITING, WITH_WORKER = "identified nominated", "allocated accepted assessed planned reviewing closing"
WORKING, PLANNED = "accepted assessed planned reviewing", "planned reviewing"
# act: who may, in which states, where it leads ("" stays)
EXPECTED = {
    "begin_triage": ({T, P}, "received", "in_triage"),
    "ask_for_more": ({T, P}, "in_triage", "more_information"),
    "give_more": ({C, T, P, R}, "more_information", "in_triage"),
    "accept_referral": ({T, P}, "in_triage", "accepted"),
    "decline_referral": ({T, P}, "in_triage", "declined"),
    "confirm": ({P}, f"{WAITING} not_now already_known", "confirmed"),
    "not_now": ({P}, WAITING, "not_now"),
    "not_eligible": ({P}, f"{WAITING} not_now", "not_eligible"),
    "wrong_linkage": ({P}, f"{WAITING} not_now", "wrong_linkage"),
    "already_known": ({P}, f"{WAITING} not_now", "already_known"),
    "allocate": ({T, P}, "confirmed", "allocated"),
    "transfer": ({T, P}, WITH_WORKER, ""),
    "accept": ({C}, "allocated", "accepted"),
    "decline": ({C}, "allocated", "confirmed"),
    "record_consent": ({C, T, P}, f"confirmed {WITH_WORKER}", ""),
    "start_assessment": ({C}, "accepted", ""),
    "answer_fact": ({C}, "accepted", ""),
    "add_need": ({C}, WORKING, ""),
    "complete_assessment": ({C}, "accepted", "assessed"),
    "add_goal": ({C}, "assessed planned reviewing", ""),
    "add_action": ({C}, "assessed planned reviewing", ""),
    "change_action": ({C}, "assessed planned reviewing", ""),
    "reach_goal": ({C}, PLANNED, ""),
    "submit_plan": ({C}, "assessed planned reviewing", ""),
    "approve_plan": ({T, P}, "assessed planned reviewing", PLANNED),
    "return_plan": ({T, P}, "assessed planned reviewing", ""),
    "add_helper": ({C, T, P}, f"confirmed {WITH_WORKER}", ""),
    "change_helper": ({C, T, P}, f"confirmed {WITH_WORKER}", ""),
    "write_note": ({C, T, P}, WITH_WORKER, ""),
    "supervise": ({T, P}, WITH_WORKER, ""),
    "hold_review": ({C}, PLANNED, "reviewing"),
    "step": ({T, P}, WORKING, ""),
    "ask_closure": ({C}, WORKING, "closing"),
    "approve_closure": ({T, P}, "closing", "closed"),
    "return_closure": ({T, P}, "closing", WORKING),
    "record_check": ({C, T, P}, "closed", ""),
    "answer_alert": ({C, T, P}, f"confirmed {WITH_WORKER}", ""),
    "curate": ({C, T, P}, WITH_WORKER, ""),
}


def test_every_act_is_in_the_table():
    assert set(EXPECTED) == set(workflow().acts)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_act_is_for_these_roles_in_these_states_and_leads_there(name):
    roles, states, to = EXPECTED[name]
    act = workflow().acts[name]
    assert set(act.to) == set(to.split())
    for role in ROLES:
        for state in workflow().states[act.of]:
            refusals = [
                refusal
                for check, value in ((require_role, role), (require_state, state))
                if (refusal := _refusal(check, act, value))
            ]
            assert (refusals == []) == (role in roles and state in states.split()), (role, state)
            assert all(sentence.endswith((".", "them.")) and len(sentence) > 30 for sentence in refusals)


def _refusal(check, act, value):
    try:
        check(act, value)
    except (Refused, NotAllowed) as refusal:
        return str(refusal)
    return None


def test_where_an_act_leads():
    acts = workflow().acts
    assert next_state(acts["accept"], "allocated", None) == "accepted"
    assert next_state(acts["add_need"], "planned", "closed") == "planned"
    assert next_state(acts["approve_plan"], "assessed", "planned") == "planned"
    with pytest.raises(Refused, match="does not lead"):
        next_state(acts["approve_plan"], "assessed", None)


def test_what_is_open_is_not_set_aside_and_nobody_approves_their_own_work():
    groups = workflow().groups
    assert groups["open"] | groups["set_aside"] | {"closed"} == set(workflow().states["case"])
    assert not groups["open"] & groups["set_aside"]
    deciding = {name for name in workflow().acts if name.startswith(("approve", "return"))}
    assert deciding | {"begin_triage", "ask_for_more", "accept_referral", "decline_referral"} == {
        name for name, act in workflow().acts.items() if act.not_by
    }


@pytest.mark.parametrize(
    ("due", "said"),
    [
        ("2013-08-23", "due today"),
        ("2013-08-27", "1 working day left"),
        ("2013-08-30", "4 working days left"),
        ("2013-08-21", "2 working days over"),
        ("2013-08-25", "due today"),
    ],
)
def test_time_left_is_told_in_working_days(due, said):
    assert time_left(dt.date.fromisoformat(due), dt.date(2013, 8, 23)) == said


def test_casework_counts_from_today_in_england_or_from_the_day_of_a_sample():
    late = dt.datetime(2013, 6, 30, 23, 30, tzinfo=dt.UTC)
    publication = DataAsAt("run", dt.date(2013, 5, 1), "tf1-2012", late, is_sample=False)
    assert casework_today(publication, late) == dt.date(2013, 7, 1)
    assert casework_today(None, late) == dt.date(2013, 7, 1)
    sample = DataAsAt("run", dt.date(2013, 5, 1), "tf1-2012", late, is_sample=True)
    assert casework_today(sample, late) == dt.date(2013, 5, 1)


@pytest.mark.parametrize(
    ("words", "warnings"),
    [
        ("They moved to 14 Mill Road last week.", 1),
        ("Now at cm95ab with her mother", 1),
        ("12b, St Anne's Close, CM9 5AB", 2),
        ("He missed 14 days and rode home.", 0),
        ("Reads on level 3 now; 2 of 4 goals met.", 0),
    ],
)
def test_text_that_looks_like_an_address_gives_a_warning(words, warnings):
    assert len(address_warnings(words)) == warnings
