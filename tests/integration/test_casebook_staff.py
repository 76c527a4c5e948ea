"""Staff, their sessions and who looked at a family, on both databases."""

import datetime as dt
import json
from typing import Any

import casework
import pytest
import sqlalchemy as sa
from directly import directly
from made_up import made_up_run
from sqlalchemy import Engine

from families.casebook import sessions, staff
from families.casebook.access import MAY_READ_ACCESS, ROLES
from families.casebook.access_log import access_log
from families.casebook.demo import MADE_UP_STAFF, add_demo_staff
from families.casebook.publish import publish
from families.casebook.reading import demo_staff, family_record, list_families
from families.casebook.verifying import verify
from families.casebook.views import Reader
from families.errors import NotAllowed, Refused

ADMINISTRATOR = Reader(staff_id="adm", role="administrator", purpose="look after staff")
OPERATOR = Reader(staff_id="operator:root", role="system", purpose="look after staff")
ISSUER, WHY = "https://login.example.org", "new in post"
NINE = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
LIMITS = sessions.Limits(idle=dt.timedelta(minutes=15), absolute=dt.timedelta(hours=8))


def later(**of: float) -> dt.datetime:
    return NINE + dt.timedelta(**of)


def events(engine: Engine, action: str) -> list[Any]:
    with directly(engine) as connection:
        query = sa.text("SELECT * FROM audit_event WHERE action = :action ORDER BY event_id")
        return list(connection.execute(query, {"action": action}).all())


@pytest.fixture
def real(casebook: Engine) -> Engine:
    """A real casebook with an administrator, whom the operator let in, a team, and a caseworker."""
    publish(casebook, **made_up_run(is_sample=False).for_publish())
    staff.add_staff(
        casebook, OPERATOR, "adm", name="Ada M", role="administrator", issuer=ISSUER, subject="1", reason="first"
    )
    staff.save_team(casebook, ADMINISTRATOR, "north", name="North team", manager_id=None, reason=WHY)
    add(casebook, "cw", subject="2", team_id="north")
    return casebook


def add(engine: Engine, staff_id: str, *, by: Reader = ADMINISTRATOR, **other: Any) -> None:
    given = {"name": "Carys W", "role": "caseworker", "issuer": ISSUER, "subject": "x", "reason": WHY} | other
    staff.add_staff(engine, by, staff_id, **given)


def enter(engine: Engine, token: str = "token", *, subject: str = "2", at: dt.datetime = NINE) -> sessions.Session:
    return sessions.sign_in(engine, token, issuer=ISSUER, subject=subject, limits=LIMITS, at=at)


def seen(engine: Engine, at: dt.datetime, token: str = "token") -> sessions.Session | None:
    return sessions.seen(engine, token, limits=LIMITS, at=at)


def test_staff_are_added_changed_and_disabled_each_with_before_after_and_reason(real: Engine) -> None:
    staff.change_staff(real, ADMINISTRATOR, "cw", role="team_manager", team_id=None, reason="promoted")
    staff.save_team(real, ADMINISTRATOR, "north", name="North", manager_id="cw", reason=WHY)
    staff.disable_staff(real, ADMINISTRATOR, "cw", reason="left", at=NINE)
    listed = {line.staff_id: line for line in staff.staff_list(real, ADMINISTRATOR)}
    assert (listed["cw"].role_label, listed["cw"].team, listed["cw"].is_disabled) == ("Team manager", None, True)
    assert [(team.name, team.manager) for team in staff.team_list(real, ADMINISTRATOR)] == [("North", "Carys W")]
    (changed,) = events(real, "change_staff")
    assert json.loads(changed.detail) == {
        "staff": "cw",
        "before": {"role": "caseworker", "team_id": "north"},
        "after": {"role": "team_manager", "team_id": None},
        "reason": "promoted",
    }
    staff.enable_staff(real, ADMINISTRATOR, "cw", reason="came back")
    assert enter(real).person.role == "team_manager"
    assert verify(real).broken is None


def test_nobody_changes_themselves_and_only_an_administrator_changes_anybody(real: Engine) -> None:
    for act in (
        lambda by: staff.change_staff(real, by, by.staff_id, role="caseworker", team_id=None, reason=WHY),
        lambda by: staff.disable_staff(real, by, by.staff_id, reason=WHY, at=NINE),
        lambda by: staff.enable_staff(real, by, by.staff_id, reason=WHY),
    ):
        with pytest.raises(NotAllowed, match="Nobody changes their own"):
            act(ADMINISTRATOR)
    for role in [*ROLES, "cleaner"]:
        if role == "administrator":
            continue
        reader = Reader(staff_id="cw", role=role, purpose="curiosity")
        with pytest.raises(NotAllowed, match="an administrator"):
            staff.staff_list(real, reader)
        with pytest.raises(NotAllowed, match="an administrator"):
            staff.change_staff(real, reader, "adm", role="caseworker", team_id=None, reason=WHY)
    assert len(events(real, "change_staff_refused")) == len(ROLES) + 1
    for opens in (list_families, lambda engine, by: family_record(engine, by, "F01")):
        with pytest.raises(NotAllowed, match="does not open families"):
            opens(real, ADMINISTRATOR)


def test_what_cannot_be_is_refused_in_a_sentence(real: Engine) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"staff_id": "cw"}, "already"),
        ({"staff_id": "a b"}, "staff id has"),
        ({"subject": "2"}, "somebody's already"),
        ({"role": "king"}, "no such role"),
        ({"team_id": "east"}, "no such team"),
        ({"name": "  "}, "Give a name"),
        ({"name": "a\u202eb"}, "Give a name"),
        ({"reason": " "}, "reason"),
    ]
    for given, told in wrong:
        with pytest.raises(Refused, match=told):
            add(real, **({"staff_id": "new"} | given))
    with pytest.raises(Refused, match="nobody with this staff id"):
        staff.disable_staff(real, ADMINISTRATOR, "nobody", reason=WHY, at=NINE)
    with pytest.raises(Refused, match="already"):
        staff.enable_staff(real, ADMINISTRATOR, "cw", reason=WHY)
    assert len(staff.staff_list(real, ADMINISTRATOR)) == 2


def test_a_session_goes_on_while_something_is_done_and_ends_when_idle_or_old(real: Engine) -> None:
    session = enter(real)
    assert (session.person.staff_id, session.team_id, session.first_end) == ("cw", "north", later(minutes=15))
    assert enter(real).session_id == session.session_id  # two windows of one sign-in
    assert seen(real, later(seconds=10)).first_end == later(minutes=15)  # type: ignore[union-attr]
    for minutes in range(14, 8 * 60, 14):
        still = seen(real, later(minutes=minutes))
        assert still is not None
        assert still.ended_how is None
    assert still.first_end == later(hours=8)
    assert seen(real, later(hours=8)).ended_how == "absolute"  # type: ignore[union-attr]

    enter(real, "other")
    assert sessions.look(real, "other", limits=LIMITS, at=later(minutes=15)).ended_how == "idle"  # type: ignore[union-attr]
    assert seen(real, later(minutes=15), "other").ended_how == "idle"  # type: ignore[union-attr]
    assert seen(real, later(minutes=1), "other").ended_how == "idle"  # type: ignore[union-attr]
    assert enter(real, "other", at=later(minutes=16)).ended_how == "idle"  # the same sign-in opens nothing again
    assert [json.loads(event.detail)["how"] for event in events(real, "sign_out")] == ["absolute", "idle"]
    assert {event.session_id for event in events(real, "sign_in")} >= {session.session_id}


def test_signing_out_here_and_everywhere_and_being_disabled(real: Engine) -> None:
    for token in ("one", "two", "three"):
        enter(real, token)
    sessions.sign_out(real, "one", at=NINE)
    assert [seen(real, later(seconds=1), token).ended_how for token in ("one", "two")] == ["signed_out", None]  # type: ignore[union-attr]
    sessions.sign_out_everywhere(real, "two", at=NINE)
    assert seen(real, later(seconds=1), "three").ended_how == "signed_out_everywhere"  # type: ignore[union-attr]

    enter(real, "four")
    assert staff.sign_out_staff(real, ADMINISTRATOR, "cw", reason="laptop lost", at=NINE) == 1
    enter(real, "five")
    staff.disable_staff(real, ADMINISTRATOR, "cw", reason="left", at=NINE)
    assert seen(real, later(seconds=1), "five").ended_how == "disabled"  # type: ignore[union-attr]
    with pytest.raises(NotAllowed, match="access has ended"):
        enter(real, "six")
    assert seen(real, NINE, "no such token") is None


def test_a_role_counts_from_the_moment_it_is_changed(real: Engine) -> None:
    enter(real)
    staff.change_staff(real, ADMINISTRATOR, "cw", role="auditor", team_id=None, reason=WHY)
    now = seen(real, later(seconds=1))
    assert now is not None
    assert (now.person.role, now.team_id) == ("auditor", None)


def test_a_stranger_gets_a_sentence_and_leaves_an_event_and_no_row(real: Engine) -> None:
    for issuer, subject in ((ISSUER, "stranger"), ("https://elsewhere.example.org", "2")):
        with pytest.raises(NotAllowed, match="nobody has given you access"):
            sessions.sign_in(real, "t", issuer=issuer, subject=subject, limits=LIMITS, at=NINE)
    assert [event.staff_id for event in events(real, "sign_in_refused")] == ["unknown", "unknown"]
    assert len(staff.staff_list(real, ADMINISTRATOR)) == 2
    assert seen(real, NINE, "t") is None


def test_no_token_is_kept(real: Engine) -> None:
    enter(real, "a token that nobody may read")
    with directly(real) as connection:
        tables = [name for name in sa.inspect(real).get_table_names() if name in ("staff_session", "audit_event")]
        for name in tables:
            kept = connection.execute(sa.text(f"SELECT * FROM {name}")).all()
            assert "a token" not in str(kept)


def test_made_up_staff_are_of_every_role_and_two_teams_and_only_in_a_sample(casebook: Engine) -> None:
    publish(casebook, **made_up_run().for_publish())
    add_demo_staff(casebook)
    assert {role for _, _, role in MADE_UP_STAFF} == set(ROLES)
    assert [member.role for member in demo_staff(casebook)].count("caseworker") >= 2
    by = Reader(staff_id="demo-administrator", role="administrator", purpose="look after staff")
    assert [team.manager for team in staff.team_list(casebook, by)] == ["Gareth Pugh", "Ines Duarte"]
    session = sessions.start_demo(casebook, "demo", "demo-caseworker", limits=LIMITS, at=NINE)
    assert session.team_id == "demo-north"
    for nobody in ("nobody", ""):
        with pytest.raises(NotAllowed):
            sessions.start_demo(casebook, "other", nobody, limits=LIMITS, at=NINE)
    publish(casebook, **made_up_run(is_sample=False).named("real").for_publish())
    assert seen(casebook, later(seconds=1), "demo").ended_how == "disabled"  # type: ignore[union-attr]
    with pytest.raises(NotAllowed):
        sessions.start_demo(casebook, "third", "demo-caseworker", limits=LIMITS, at=NINE)


def test_who_looked_at_a_family_is_shown_to_those_who_answer_for_it(real: Engine) -> None:
    casework.given(real, "F01", "cw")
    worker = Reader(staff_id="cw", role="caseworker", purpose="direct work", session_id="s1")
    family_record(real, worker, "F01")
    list_families(real, Reader(staff_id="x9", role="programme_manager", purpose="identify"), text="okafor")
    manager = Reader(staff_id="tm", role="team_manager", purpose="oversight")
    looked = access_log(real, manager, "F01")
    assert [(each.name, each.role_label, each.action) for each in looked] == [
        ("x9", "Programme manager", "list_families"),
        ("Carys W", "Caseworker", "read_family"),
    ]
    assert [each.action for each in access_log(real, manager, "F01", before=looked[0].event_id)] == ["read_family"]
    assert access_log(real, manager, "F01")[0].action == "read_access_log"  # looking here is a look too
    for role in [*ROLES, "system"]:
        reader = Reader(staff_id="z", role=role, purpose="curiosity")
        if role not in MAY_READ_ACCESS:
            with pytest.raises(NotAllowed, match="Who looked at a family"):
                access_log(real, reader, "F01")
    family_record(real, Reader(staff_id="pm", role="programme_manager", purpose="identify"), "F03")
    with pytest.raises(NotAllowed, match="no family under this id"):
        access_log(real, manager, "F03")  # a near miss
    assert access_log(real, Reader(staff_id="ig", role="ig_officer", purpose="request"), "F03")
    for family_id in ("F99", "Zoë Okafor", ""):
        with pytest.raises(NotAllowed, match="no family under this id"):
            access_log(real, Reader(staff_id="au", role="auditor", purpose="audit"), family_id)
