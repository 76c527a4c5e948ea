"""Search by beginnings of words, what it says of families outside one's own, and the hour of an emergency."""

import datetime as dt
import json
import time
from typing import Any

import pytest
import sqlalchemy as sa
from casework import MANAGER, READERS, TEAM_MANAGER, TODAY, WORKER, given, with_staff
from directly import directly
from made_up import made_up_run, upns
from sqlalchemy import Engine

from families.casebook import emergency, restricting
from families.casebook.folding import indexed_words, search_words
from families.casebook.publish import publish
from families.casebook.reading import family_record, list_families
from families.casebook.search import Sought, open_in_emergency, search, whom_to_ask
from families.casebook.views import Reader
from families.cases.reading import my_families
from families.cases.record import case_head, notes_of
from families.errors import NotAllowed, Refused
from families.working_days import add_working_days

OFFICER = READERS["ig_officer"]
NOW = dt.datetime.now(dt.UTC)
CAUSE = {"cause": "immediate_risk", "words": "Police are at the door."}


@pytest.fixture
def worked(casebook: Engine) -> Engine:
    """The worker has F01; F02 and F03, a near miss, are other people's; F04, a near miss, and F07 are nobody's."""
    with_staff(casebook)
    given(casebook, "F01", WORKER.staff_id)
    given(casebook, "F02", "s-caseworker-2", team_id="south")
    given(casebook, "F03", "s-caseworker-2", team_id="south")
    return casebook


def found(engine: Engine, reader: Reader, text: str = "", born_on: dt.date | None = None) -> list[str]:
    return [each.name for each in search(engine, reader, Sought(text, born_on)).found]


def test_words_are_found_however_they_are_written() -> None:
    for name, typed in {
        "o'neill": ("O’Neill", "oneill", "neill", "O'NEI"),
        "hughes-jones": ("Hughes", "jones", "Hughes Jones", "hughesjones"),
        "mcdonald": ("MacDonald", "McDon", "mcdonald"),
        "macdonald": ("mcdonald", "MACDONALD"),
        "muller": ("Müller", "mul"),
    }.items():
        words = indexed_words(name)
        for text in typed:
            assert all(any(word.startswith(each) for word in words) for each in search_words(text)), (name, text)
    assert search_words("% _ * '") == []


def test_children_come_first_and_the_youngest_of_them_first(worked: Engine) -> None:
    result = search(worked, MANAGER, Sought("okafor"))
    born = [each.date_of_birth for each in result.found if each.role == "child"]
    roles = [each.role == "child" for each in result.found]
    assert born == sorted(born, reverse=True)  # type: ignore[type-var]
    assert roles == sorted(roles, reverse=True)
    zoe = next(each for each in result.found if each.name == "Zoë Okafor")
    assert (zoe.age, zoe.school, zoe.family) == (14, "Bourne Park Academy", "Okafor family")
    assert zoe.address == "1 MILL ROAD, BOURNE, CM9 5AB"
    assert zoe.not_found_in == ("DWP benefit match", "Session marks", "Youth justice")
    assert zoe.known_to == f"Name of {WORKER.staff_id}"


def test_any_order_any_beginning_a_day_an_address_a_upn_and_an_id(worked: Engine) -> None:
    for text in ("zoe okafor", "OKAFOR Zoë", "oka zo"):
        assert found(worked, MANAGER, text) == ["Zoë Okafor"], text
    assert "Zoë Okafor" in found(worked, MANAGER, born_on=dt.date(1999, 5, 17))
    assert found(worked, MANAGER, "okafor", dt.date(1999, 5, 17)) == ["Zoë Okafor"]
    at_home = found(worked, MANAGER, "1 mill road")
    assert {"Zoë Okafor", "Niamh Okafor"} <= set(at_home)
    assert not any("Elsewhere" in name for name in at_home), "a father elsewhere does not live there"
    assert "Zoë Okafor" in found(worked, MANAGER, "F01")
    assert "Zoë Okafor" in found(worked, MANAGER, "C-F01")
    now, before = upns("P010").values()
    for text in (now, before, f" {now[:4].lower()} {now[4:]}\t", f"okafor {now}", f"{now} {before}"):
        assert found(worked, MANAGER, text) == ["Zoë Okafor"], text
    for text in (now[:-1], f"{now}0", now.replace("X", "%"), f"{now} {upns('P020')['upn']}"):
        assert found(worked, MANAGER, text) == [], text
    for text in ("%%", "", "  ", "_"):
        with pytest.raises(Refused):
            search(worked, MANAGER, Sought(text))
    assert found(worked, MANAGER, "' OR 1=1 --") == []


def test_outside_ones_own_there_is_only_a_number_until_a_purpose_is_given(
    worked: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Sought("smith")
    result = search(worked, WORKER, other)
    assert (result.found, result.total, result.outside) == ((), 0, 1)
    assert search(worked, WORKER, Sought("o'neill")).outside == 1  # F19; F04 is a near miss that nobody works with
    by_upn = Sought(upns("P020")["former_upn"])
    assert (search(worked, WORKER, by_upn), search(worked, MANAGER, by_upn).total) == (result, 1)
    assert search(worked, WORKER, Sought(upns("P040")["upn"])).outside == 0
    (near,) = whom_to_ask(worked, WORKER, Sought("F03"), purpose="contact")
    assert near.worked_with_by == "Name of s-caseworker-2"
    assert "Smith" not in repr(whom_to_ask(worked, WORKER, other, purpose="contact"))
    with pytest.raises(Refused):
        whom_to_ask(worked, WORKER, other, purpose="curiosity")
    monkeypatch.setenv("FAMILIES_SEARCH_OUTSIDE", "closed")
    with pytest.raises(NotAllowed, match="managers"):
        whom_to_ask(worked, WORKER, other, purpose="contact")
    assert search(worked, MANAGER, other).outside == 0


def test_a_search_is_written_down_with_what_was_looked_for(worked: Engine) -> None:
    search(worked, WORKER, Sought("okafor"))
    search(worked, WORKER, Sought("nobody of that name"))
    for role in ("data_analyst", "auditor", "statistician", "administrator", "approver", "partner_referrer"):
        with pytest.raises(NotAllowed):
            search(worked, READERS[role], Sought("okafor"))
    with directly(worked) as connection:
        query = "SELECT action, family_id, detail FROM audit_event WHERE staff_id = :who ORDER BY event_id"
        events = connection.execute(sa.text(query), {"who": WORKER.staff_id}).all()
        refused = connection.scalar(sa.text("SELECT count(*) FROM audit_event WHERE action = 'search_refused'"))
    assert [(action, family) for action, family, _ in events] == [("search", "F01"), ("search", None)]
    assert json.loads(events[0][2])["text"] == "okafor"
    assert refused == 6


def in_team(engine: Engine, **teams: str) -> None:
    with directly(engine) as connection:
        connection.execute(
            sa.text("INSERT INTO team VALUES ('north', 'North team', :who)"), {"who": TEAM_MANAGER.staff_id}
        )
        for staff_id, team_id in teams.items():
            statement = sa.text("UPDATE staff SET team_id = :team WHERE staff_id = :who")
            connection.execute(statement, {"team": team_id, "who": f"s-{staff_id}"})


def test_one_family_is_open_for_an_hour_to_read_and_in_no_list(worked: Engine) -> None:
    in_team(worked, caseworker="north", team_manager="north")
    with pytest.raises(Refused, match="One family"):
        open_in_emergency(worked, WORKER, Sought("mill road"), **CAUSE)
    with pytest.raises(Refused, match="emergency"):
        open_in_emergency(worked, WORKER, Sought("F02"), cause="curious", words="x")
    with pytest.raises(NotAllowed):
        open_in_emergency(worked, MANAGER, Sought("F02"), **CAUSE)
    before = dt.datetime.now(dt.UTC)
    assert open_in_emergency(worked, WORKER, Sought("F02"), **CAUSE) == "F02"
    after = dt.datetime.now(dt.UTC)

    record = family_record(worked, WORKER, "F02")
    assert record.opened_until is not None
    assert before <= record.opened_until - emergency.HOUR <= after
    head = case_head(worked, WORKER, "F02", today=TODAY)
    assert head is not None
    assert head.acts == ()
    assert notes_of(worked, WORKER, "F02").total == 0
    assert my_families(worked, WORKER, today=TODAY).total == 1
    assert list_families(worked, WORKER).total == 1
    with pytest.raises(NotAllowed):
        family_record(worked, WORKER, "F08")
    with pytest.raises(NotAllowed):
        family_record(worked, Reader("s-caseworker-3", "caseworker", "x"), "F02")

    assert emergency.waiting_alerts(worked, TEAM_MANAGER) == 1
    assert emergency.waiting_alerts(worked, OFFICER) == 1
    with directly(worked) as connection:
        connection.execute(sa.text("UPDATE emergency_opening SET ends_at = :at"), {"at": "2013-01-01 00:00:00"})
    with pytest.raises(NotAllowed):
        family_record(worked, WORKER, "F02")


def test_an_opening_is_looked_at_once_and_never_by_oneself(worked: Engine) -> None:
    in_team(worked, caseworker="north", team_manager="north")
    open_in_emergency(worked, WORKER, Sought("F02"), **CAUSE)
    open_in_emergency(worked, TEAM_MANAGER, Sought("F02"), **CAUSE)
    mine, theirs = emergency.openings(worked, TEAM_MANAGER)
    assert (mine.staff_id, mine.may_review, theirs.may_review) == (TEAM_MANAGER.staff_id, False, True)
    assert theirs.review_on == add_working_days(theirs.opened_at.date(), 1)
    assert emergency.waiting_alerts(worked, TEAM_MANAGER) == 0
    said: dict[str, Any] = {"finding": "justified", "words": "A child was in danger.", "at": NOW}
    with pytest.raises(NotAllowed, match="own opening"):
        emergency.look_at(worked, TEAM_MANAGER, mine.opening_id, **said)
    emergency.look_at(worked, TEAM_MANAGER, theirs.opening_id, **said)
    with pytest.raises(Refused, match="already"):
        emergency.look_at(worked, OFFICER, theirs.opening_id, **said)
    emergency.look_at(worked, OFFICER, mine.opening_id, **said)
    for role in ("caseworker", "data_analyst", "auditor", "administrator"):
        with pytest.raises(NotAllowed):
            emergency.openings(worked, READERS[role])
    assert emergency.waiting_alerts(worked, WORKER) == 0
    soon = NOW.date() + dt.timedelta(days=30)
    restricting.restrict(worked, OFFICER, "F02", kind="staff_family", reason="A colleague.", review_on=soon, at=NOW)
    for reader, words in ((TEAM_MANAGER, emergency.NOT_SHOWN), (OFFICER, CAUSE["words"])):
        assert {each.words for each in emergency.openings(worked, reader)} == {words}


def test_a_hidden_family_is_found_by_nobody_and_opened_in_no_emergency(worked: Engine) -> None:
    soon = NOW.date() + dt.timedelta(days=30)
    restricting.restrict(worked, OFFICER, "F02", kind="staff_family", reason="A colleague.", review_on=soon, at=NOW)
    for text in ("F02", upns("P020")["upn"]):
        assert search(worked, WORKER, Sought(text)).outside == 0
        assert found(worked, MANAGER, text) == []
        assert found(worked, OFFICER, text) != []
    for said in (Sought("F02"), Sought("F999")):
        with pytest.raises(Refused, match="One family"):
            open_in_emergency(worked, WORKER, said, **CAUSE)


def test_nobody_is_found_by_an_address_that_is_withheld_from_the_reader(worked: Engine) -> None:
    soon = NOW.date() + dt.timedelta(days=30)
    said = {"kind": "withheld_address", "reason": "A refuge.", "review_on": soon, "at": NOW}
    number = restricting.restrict(worked, OFFICER, "F01", **said)  # type: ignore[arg-type]
    let = {"reason": "Theirs.", "ends_on": soon, "at": NOW}
    grant = restricting.let_in(worked, OFFICER, number, staff_id=WORKER.staff_id, sees_address=False, **let)  # type: ignore[arg-type]
    assert found(worked, WORKER, "mill road") == []
    assert search(worked, WORKER, Sought("zoe okafor")).found[0].address is None
    restricting.shut_out(worked, OFFICER, grant, reason="More.", at=NOW)
    restricting.let_in(worked, OFFICER, number, staff_id=WORKER.staff_id, sees_address=True, **let)  # type: ignore[arg-type]
    assert "Zoë Okafor" in found(worked, WORKER, "mill road")


def test_a_casebook_of_before_is_not_searched_before_it_is_renewed(worked: Engine) -> None:
    with directly(worked) as connection:
        connection.execute(sa.text("DROP TABLE published_upn"))
    with pytest.raises(Refused, match="of an earlier version: run `families refresh`"):
        search(worked, MANAGER, Sought("zoe okafor"))


def test_search_is_quick_among_thousands_and_by_an_index(casebook: Engine) -> None:
    publish(casebook, **made_up_run(copies=250).for_publish())
    with directly(casebook) as connection:
        if casebook.dialect.name == "postgresql":
            connection.execute(sa.text("ANALYZE"))
    for text in ("zoe okafor", "smith", "mill road", upns("P010")["upn"], "zzzz"):
        started = time.monotonic()
        search(casebook, MANAGER, Sought(text))
        search(casebook, WORKER, Sought(text))
        assert time.monotonic() - started < 2, text
    with directly(casebook) as connection:
        explain = "EXPLAIN QUERY PLAN" if casebook.dialect.name == "sqlite" else "EXPLAIN"
        query = f"{explain} SELECT family_id FROM published_word WHERE word >= 'okaf' AND word < 'okaf~'"
        plan = str(connection.execute(sa.text(query)).all())
    assert "pk_published_word" in plan or "USING" in plan
