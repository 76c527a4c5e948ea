"""Referrals through the pages: written by whoever asks, kept until they are sent, triaged by somebody else."""

from __future__ import annotations

import datetime as dt

import made_up_casebook
import pytest
from made_up_casebook import on_both
from streamlit.testing.v1 import AppTest
from test_dashboard_pages import ROLES, assert_described, assert_headings_skip_no_level, assert_keyed, everything_said
from test_dashboard_pages import title as title_of

from families.casebook.reading import data_as_at, family_record
from families.casebook.views import Reader
from families.cases import inbox, referrals
from families.cases.clock import casework_today
from families.cases.inbox import TRIAGERS, referrers
from families.errors import NotAllowed

INBOX, NEW = "pages_/inbox.py", "pages_/new_referral.py"
PARTNER = Reader("demo-partner-referrer", "partner_referrer", "test")
MANAGER = Reader("demo-programme-manager", "programme_manager", "test")
FILLED = {
    "family_name": "Harrow family",
    "reporter": "Ann Fowler",
    "agency": "Ash Lane Primary School",
    "contact": "01632 960 018",
    "reasons": "Robin comes late most days.",
}


@pytest.fixture
def own(casebook_of):
    """A casebook of its own: engine and the day of casework in it."""
    engine = casebook_of(made_up_casebook.fill)
    return engine, casework_today(data_as_at(engine), dt.datetime.now(dt.UTC))


def refer(engine, day, *, name="Robin Harrow", born=dt.date(2004, 3, 1), number=1, **changes) -> str:
    intake = referrals.Intake(
        **{"kind": "partner", **FILLED, "basis": "The family’s consent", "notice_given": True, "needs": ["School"]}
        | {"people": [referrals.Person(name, born)], "urgency": "standard"}
        | changes
    )
    return referrals.refer(engine, PARTNER, intake, today=day, token=f"referral-{number}")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("page", "roles"), [(INBOX, TRIAGERS), (NEW, referrers())])
def test_who_has_the_page_and_what_holds_on_it(opened, role, page, roles):
    if role not in roles:
        with pytest.raises(ValueError, match=page.split("/")[1].split(".")[0]):
            opened(role, page=page)
        return
    app = opened(role, page=page)
    assert title_of(app) in ("Inbox and triage", "New referral")
    assert_described(app)
    assert_keyed(app)
    assert_headings_skip_no_level(app)


def test_the_data_refuses_whom_the_pages_do(own):
    engine, day = own
    for role in set(ROLES) - set(referrers()) - {"auditor", "ig_officer"}:
        for read in (inbox.inbox, inbox.decided, inbox.own_referrals):
            with pytest.raises(NotAllowed):
                read(engine, Reader("demo", role, "test"), today=day)


def write(app: AppTest, **values: str) -> AppTest:
    for box, value in values.items():
        key = f"referral_0_{box}"
        kinds = [app.text_area, app.text_input, app.radio]
        (found,) = [each for kind in kinds for each in kind if each.key == key]
        found.set_value(value)
    return app.run()


@on_both
def test_a_referral_is_kept_until_it_is_sent_and_only_its_outcome_comes_back(opened, own):
    engine, day = own
    url = engine.url
    app = opened("partner_referrer", page=NEW, url=url)
    write(app, **FILLED)
    app.button(key="referral_send").click().run()
    assert "name each person, or take them away, choose how soon" in app.error[0].value.replace("\\", "")
    assert "choose the basis for sharing" in app.error[0].value
    app = opened("partner_referrer", page=NEW, url=url)  # another window, later: nothing is lost
    assert app.text_area(key="referral_0_reasons").value == FILLED["reasons"]
    app.button(key="referral_add").click().run()
    app.date_input(key="referral_0_born_0").set_value(dt.date(2004, 3, 1))
    write(app, name_0="Robin Harrow", name_1="Alex Harrow", urgency="soon", basis="duty", basis_words="Care Act")
    app.selectbox(key="referral_0_relation_1").set_value("parent").run()
    app.button(key="referral_send").click().run()
    assert "is sent" in app.success[0].value
    assert app.text_input(key="referral_1_family_name").value == ""
    (line,) = inbox.inbox(engine, MANAGER, today=day)
    kept = inbox.referral(engine, MANAGER, line.referral_id, today=day)
    assert kept.people == (("Robin Harrow", dt.date(2004, 3, 1), "child"), ("Alex Harrow", None, "parent"))
    assert (kept.basis, kept.notice_given, line.kind, line.urgency) == ("Care Act", False, "partner", "soon")

    said = {"row_version": 1, "duplicates_seen": ()}
    referrals.begin_triage(engine, MANAGER, line.referral_id, **said, today=day, token="triage-1")
    why = {"outcome": "below_threshold", "rationale": "Between us: not now."}
    referrals.decline_referral(engine, MANAGER, line.referral_id, **why, row_version=2, today=day, token="decline-1")
    told = everything_said(opened("partner_referrer", page=NEW, url=url))
    assert "the services that all families use can meet the needs described" in told
    assert "Between us" not in told
    assert "Universal services" not in told


def test_a_draft_is_nobody_elses(opened, own):
    engine, _ = own
    write(opened("partner_referrer", page=NEW, url=engine.url), **FILLED)
    app = opened("caseworker", page=NEW, url=engine.url)
    assert app.text_input(key="referral_0_family_name").value == ""


def choose(app: AppTest, referral_id: str) -> None:
    app.selectbox(key="inbox_referral").set_value(referral_id).run()


@on_both
def test_a_referral_is_triaged_asked_about_and_accepted(opened, own):
    engine, day = own
    made = refer(engine, day - dt.timedelta(days=10))
    app = opened("team_manager", page=INBOX, url=engine.url)
    assert "1 referral, waiting for a decision." in everything_said(app)
    (shown,) = [table.value for table in app.table if "Time left" in table.value]
    assert shown["Time left"][0].startswith(":material/warning: ")
    assert "working days over" in shown["Time left"][0]
    choose(app, made)
    assert "Nobody of this name and date of birth" in everything_said(app)
    app.button(key=f"triage_{made}").click().run()
    assert "is in triage" in app.success[0].value

    app.radio(key=f"decision_{made}").set_value("ask").run()
    app.button(key=f"decide_save_{made}").click().run()
    assert "Choose why the clock stops" in app.error[0].value
    app.radio(key=f"reason_{made}").set_value("referrer_asked")
    app.text_area(key=f"rationale_{made}").set_value("Does the family know?")
    app.button(key=f"decide_save_{made}").click().run()
    assert "The clock stands still" in everything_said(app)

    partner = opened("partner_referrer", page=NEW, url=engine.url)
    assert "Does the family know?" in everything_said(partner)
    partner.text_area(key=f"own_answer_{made}").set_value("They do.")
    partner.button(key=f"own_answer_{made}_send").click().run()
    assert "is sent" in partner.success[0].value

    app = opened("team_manager", page=INBOX, url=engine.url)
    choose(app, made)
    assert "They do." in everything_said(app)
    app.radio(key=f"decision_{made}").set_value("accept").run()
    app.radio(key=f"reason_{made}").set_value("family_help")
    app.button(key=f"decide_save_{made}").click().run()
    assert "Write the rationale" in app.error[0].value
    app.text_area(key=f"rationale_{made}").set_value("Two services ask for the same help.")
    app.button(key=f"decide_save_{made}").click().run()
    assert "is accepted" in app.success[0].value
    assert "No referral, waiting for a decision." in everything_said(app)
    assert [line.state for line in inbox.decided(engine, MANAGER, today=day)] == ["accepted"]


@on_both
def test_a_family_that_is_known_is_said_before_the_decision(opened, own):
    """A child of a published family is named: the check says so, leads to the record, and may be what is accepted."""
    engine, day = own
    child = next(member for member in family_record(engine, MANAGER, "F01").members if member.role == "child")
    made = refer(engine, day, name=child.name, born=child.date_of_birth)
    app = opened("programme_manager", page=INBOX, url=engine.url)
    choose(app, made)
    assert "is in a family that is known" in everything_said(app)
    assert [link.proto.page for link in app.get("page_link")] == ["family_record"]
    app.button(key=f"triage_{made}").click().run()
    app.radio(key=f"decision_{made}").set_value("accept").run()
    app.selectbox(key=f"family_{made}").set_value("F01")
    app.radio(key=f"reason_{made}").set_value("family_help")
    app.text_area(key=f"rationale_{made}").set_value("The same child.")
    app.button(key=f"decide_save_{made}").click().run()
    assert app.success
    assert inbox.referral(engine, MANAGER, made, today=day).line.family_id == "F01"


def test_a_referral_decided_meanwhile_by_somebody_else_is_not_decided_twice(opened, own):
    engine, day = own
    made = refer(engine, day)
    app = opened("programme_manager", page=INBOX, url=engine.url)
    choose(app, made)
    other = Reader("demo-team-manager", "team_manager", "test")
    said = {"duplicates_seen": (), "row_version": 1, "today": day, "token": "meanwhile"}
    referrals.begin_triage(engine, other, made, **said)
    app.button(key=f"triage_{made}").click().run()
    assert app.error
    assert not app.success


def test_nobody_decides_on_their_own_referral(opened, own):
    engine, day = own
    intake = referrals.Intake(
        **{"kind": "nominated", **FILLED, "basis": "Consent", "notice_given": True, "needs": [], "urgency": "soon"},
        people=[referrals.Person("Robin Harrow")],
    )
    made = referrals.refer(engine, MANAGER, intake, today=day, token="nominated-1")
    app = opened("programme_manager", page=INBOX, url=engine.url)
    choose(app, made)
    app.button(key=f"triage_{made}").click().run()
    assert "is not for whoever made the referral" in app.error[0].value
