"""Hidden families are nowhere for whoever is not let in by name: no list, count, graph, chronology, hint or export."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from casework import ANALYST, MANAGER, READERS, TEAM_MANAGER, TODAY, WORKER, Work, with_staff
from directly import directly
from sqlalchemy import Engine

from families.casebook import continuity, quality, queries, reading, restricting, review
from families.casebook.access_log import access_log
from families.casebook.case_work_models import AssessedFact, Need, NeedScore, NotePerson
from families.casebook.database import writing
from families.casebook.extended import extended_family
from families.casebook.models import (
    ContinuityProposal,
    FamilyChange,
    PublishedDoubt,
    PublishedMember,
    PublishedSamplePair,
    table,
)
from families.casebook.restriction_models import RestrictedPerson
from families.casebook.row_security import WHOLE
from families.casebook.views import ADDRESS_WITHHELD, Reader
from families.cases import alerts, assessing, chronology, identified, inbox, monitoring, noting, record, referrals
from families.cases import reading as cases
from families.errors import NotAllowed, Refused
from families.exports.record import Wanted, export

HIDDEN, OTHER = "F01", "F07"
OFFICER = READERS["ig_officer"]
NOW = dt.datetime.now(dt.UTC)
CANARIES = ("Zoë Okafor", "P010")
SOON = NOW.date() + dt.timedelta(days=30)


def restrict(engine: Engine, family_id: str = HIDDEN, **changes: Any) -> str:
    said = {"kind": "adoption", "reason": "A placement order.", "review_on": SOON, "at": NOW} | changes
    return restricting.restrict(engine, OFFICER, family_id, **said)


def let_in(engine: Engine, number: str, staff_id: str, **changes: Any) -> str:
    said = {"sees_address": False, "reason": "Works with them.", "ends_on": SOON, "at": NOW} | changes
    return restricting.let_in(engine, OFFICER, number, staff_id=staff_id, **said)


@pytest.fixture
def worked(casebook: Engine) -> Engine:
    """A caseworker helps the family that is to be hidden, and another; a referral of the first was accepted."""
    with_staff(casebook)
    for family_id in (HIDDEN, OTHER):
        Work(casebook, family_id).confirm().allocate().accept()
    return casebook


Read = Callable[[Engine, Reader], object]
OF_LISTS: dict[str, Read] = {
    "families": lambda engine, reader: reading.list_families(engine, reader, page_size=50),
    "by name": lambda engine, reader: reading.list_families(engine, reader, text="zoe okafor"),
    "cases": lambda engine, reader: cases.my_families(engine, reader, today=TODAY),
    "stage": lambda engine, reader: cases.pipeline_list(engine, reader, "assessing", today=TODAY),
    "stuck": lambda engine, reader: cases.not_progressing(engine, reader, today=TODAY, days=0),
    "today": lambda engine, reader: cases.today_of(engine, reader, today=TODAY),
    "loads": lambda engine, reader: cases.worker_loads(engine, reader, today=TODAY),
    "pipeline": lambda engine, reader: cases.pipeline(engine, reader, today=TODAY),
    "times": lambda engine, reader: cases.stage_times(engine, reader, today=TODAY),
    "needs": lambda engine, reader: cases.need_outcomes(engine, reader),
    "strands": lambda engine, reader: reading.strand_counts(engine, reader),
    "known": lambda engine, reader: reading.count_families(engine, reader, standing="known"),
    "inbox": lambda engine, reader: inbox.inbox(engine, reader, today=TODAY),
    "decided": lambda engine, reader: inbox.decided(engine, reader, today=TODAY),
    "queries": lambda engine, reader: queries.open_queries(engine, reader),
    "changes": lambda engine, reader: continuity.proposals(engine, reader, status=None),
}
OF_ONE: dict[str, Callable[[Engine, Reader, str], object]] = {
    "record": reading.family_record,
    "extended": extended_family,
    "log": access_log,
    "case": lambda engine, reader, family_id: record.case_of(engine, reader, family_id, today=TODAY),
    "notes": record.notes_of,
    "alerts": lambda engine, reader, family_id: record.alerts_of(engine, reader, family_id, today=TODAY, waiting=True),
    "chronology": chronology.chronology,
    "outline": chronology.chronology_page,
    "monitoring": monitoring.monitoring_of,
    "export": lambda engine, reader, family_id: export(
        engine, reader, Wanted("plan", family_id, "xlsx", "meeting"), made_by="X", today=TODAY, at=NOW
    ),
    "query": lambda engine, reader, family_id: queries.raise_query(
        engine, reader, family_id, person_id=None, code="other", reason="It looks wrong."
    ),
}


def said_of(read: Callable[..., object], *asked: object) -> str:
    try:
        return repr(read(*asked))
    except (NotAllowed, Refused) as refusal:
        return f"{type(refusal).__name__}: {refusal}"


def test_what_is_hidden_is_as_if_it_were_not_there(worked: Engine) -> None:
    queries.raise_query(worked, WORKER, HIDDEN, person_id=None, code="other", reason="It looks wrong.")
    restrict(worked)
    readers = (WORKER, TEAM_MANAGER, MANAGER, READERS["auditor"], ANALYST)
    without = {reader: {name: said_of(read, worked, reader) for name, read in OF_LISTS.items()} for reader in readers}
    for reader, answers in without.items():
        for name, answer in answers.items():
            assert not any(canary in answer for canary in CANARIES), (reader.role, name)
            assert f"'{HIDDEN}'" not in answer, (reader.role, name)
    assert "total=1" in without[WORKER]["cases"]
    assert "total=19" in without[MANAGER]["families"]
    assert without[MANAGER]["known"] == "1"
    (load,) = (load for load in cases.worker_loads(worked, TEAM_MANAGER, today=TODAY) if load.worker == WORKER.staff_id)
    assert (load.families, load.new) == (1, 1)


def test_each_part_of_its_record_answers_as_of_a_family_that_does_not_exist(worked: Engine) -> None:
    restrict(worked)
    for reader in (WORKER, TEAM_MANAGER, MANAGER, READERS["auditor"], READERS["returns_officer"]):
        for name, read in OF_ONE.items():
            hidden = said_of(read, worked, reader, HIDDEN)
            assert hidden == said_of(read, worked, reader, "F999"), (reader.role, name)
            assert hidden.startswith(("NotAllowed", "Refused")), (reader.role, name)


def test_who_is_let_in_by_name_sees_it_until_the_day_and_nobody_else_does(worked: Engine) -> None:
    number = restrict(worked)
    grant = let_in(worked, number, WORKER.staff_id)
    seen = reading.family_record(worked, WORKER, HIDDEN)
    assert seen.restrictions == ("adoption",)
    assert seen.address is not None
    assert cases.my_families(worked, WORKER, today=TODAY).total == 2
    with pytest.raises(NotAllowed):
        reading.family_record(worked, MANAGER, HIDDEN)
    assert reading.family_record(worked, OFFICER, HIDDEN).family_id == HIDDEN
    let_in(worked, number, "s-caseworker-2")  # past the restriction, and no further: the family is not theirs
    with pytest.raises(NotAllowed):
        reading.family_record(worked, Reader("s-caseworker-2", "caseworker", "x"), HIDDEN)

    restricting.shut_out(worked, OFFICER, grant, reason="Has moved.", at=NOW)
    assert cases.my_families(worked, WORKER, today=TODAY).total == 1
    let_in(worked, number, WORKER.staff_id)
    with directly(worked) as connection:
        connection.execute(sa.text("UPDATE restriction_grant SET ends_at = :at"), {"at": "2013-01-01 00:00:00"})
    assert cases.my_families(worked, WORKER, today=TODAY).total == 1

    (line,) = restricting.restrictions(worked, OFFICER, at=NOW)
    assert (line.family, line.kind_label, line.grants) == ("Okafor family", "Adoption", ())
    restricting.lift(worked, OFFICER, number, reason="The order was revoked.", at=NOW)
    assert reading.list_families(worked, MANAGER, page_size=50).total == 20
    assert restricting.restrictions(worked, OFFICER, at=NOW) == ()


def test_a_person_is_hidden_with_every_family_they_are_in(worked: Engine) -> None:
    member = table(PublishedMember)
    with directly(worked) as connection:
        row = dict(connection.execute(sa.select(member).where(member.c.person_id == "P010")).mappings().one())
        connection.execute(sa.insert(member), [row | {"family_id": "F02", "place": 90}])
    restrict(worked, person_id="P010", kind="witness_protection")
    for family_id in (HIDDEN, "F02"):
        with pytest.raises(NotAllowed):
            reading.family_record(worked, MANAGER, family_id)
    assert reading.list_families(worked, MANAGER, page_size=50).total == 18
    with pytest.raises(Refused):
        restrict(worked, person_id="P999")


def test_an_alert_of_another_family_does_not_name_whom_it_hides(worked: Engine) -> None:
    """She came into a family that somebody works with, was told there, and is in another now, which is hidden."""
    told = {"kind": "new_person", "sentence": "Zoë Okafor (child) is new in the family.", "run_id": "run-1"}
    about = {"person_id": "P010", "name": "Zoë Okafor", "raised_on": TODAY, "happened_on": TODAY}
    with writing(worked, WHOLE) as connection:
        assert alerts.raise_alerts(connection, [alerts.Raised(key="k1", family_id=OTHER, **told, **about)]) == 1

    def seen() -> list[str]:
        waits = [record.alerts_of(worked, WORKER, OTHER, today=TODAY, waiting=each) for each in (True, False)]
        head = record.case_head(worked, WORKER, OTHER, today=TODAY)
        mine = cases.my_families(worked, WORKER, today=TODAY)
        assert head
        counts = {
            head.waiting_alerts,
            len(waits[0].alerts),
            waits[0].total,
            cases.today_of(worked, WORKER, today=TODAY).counts["alert"],
        }
        assert {each.alerts for each in mine.attendance.values()} | counts <= {len(waits[0].alerts), 0}
        whole = [chronology.chronology(worked, WORKER, OTHER), chronology.chronology_page(worked, WORKER, OTHER)]
        case = record.case_of(worked, WORKER, OTHER, today=TODAY)
        return [repr(each) for each in (waits, head, cases.today_of(worked, WORKER, today=TODAY), case, whole)]

    assert sum("Zoë Okafor" in each for each in seen()) == 4  # the head counts alerts and names nobody
    number = restrict(worked, HIDDEN)
    assert not [each for each in seen() if "Zoë Okafor" in each]
    let_in(worked, number, WORKER.staff_id)
    assert sum("Zoë Okafor" in each for each in seen()) == 4


def test_a_note_of_another_family_does_not_name_whom_it_hides(worked: Engine) -> None:
    """A worker wrote about her while she was in a family; she is in another now, which is hidden."""
    case_id = record.case_of(worked, WORKER, OTHER, today=TODAY).line.case_id
    form = noting.NoteForm("visit", TODAY, "Zoë Okafor was here.", ["P070"])
    note_id = noting.write_note(worked, WORKER, case_id, form, today=TODAY, token="token-note")
    with directly(worked) as connection:
        row = {"note_id": note_id, "person_id": "P010", "name": "Zoë Okafor"}
        connection.execute(sa.insert(table(NotePerson)), [row])

    def seen() -> list[str]:
        return [repr(read(worked, WORKER, OTHER, today=TODAY)) for read in (record.case_head, record.case_of)] + [
            repr(record.notes_of(worked, WORKER, OTHER))
        ]

    assert all("Zoë Okafor" in each for each in seen())
    restrict(worked)
    assert not [each for each in seen() if "Zoë Okafor" in each]


def test_why_a_family_was_dropped_does_not_tell_of_whom_another_hides(worked: Engine) -> None:
    same = {"family_id": "F90", "family_status": "eligible"}
    gone = same | {"run_id": "run-9", "kind": "dropped", "family_name": "Gone", "size": 2, "strands": ""}
    gone |= {"sentence": "The run has no family of this id any more.", "as_of": TODAY, "noted_at": NOW}
    moved = same | {"proposal_id": "p1", "kind": "family_merged", "old_id": "F90", "new_id": HIDDEN, "person_id": ""}
    moved |= {"sentence": "Went on as another.", "effect": "", "members_before": "[]", "members_after": "[]"}
    moved |= {"run_before": "run-8", "run_after": "run-9", "proposed_at": NOW}
    with writing(worked, WHOLE) as connection:
        connection.execute(sa.insert(table(FamilyChange)), [gone])
        connection.execute(sa.insert(table(ContinuityProposal)), [moved])

    def why() -> str:
        ((line,), _) = identified.dropped(worked, MANAGER)
        return line.why

    assert why().endswith("Went on as another.")
    restrict(worked)
    assert why() == gone["sentence"]


def test_the_work_with_another_family_goes_on_without_naming_whom_it_hides(worked: Engine) -> None:
    """What was written of her while she was in a family keeps its place, and says neither who nor what."""
    case_id = record.case_of(worked, WORKER, OTHER, today=TODAY).line.case_id
    assessing.start_assessment(worked, WORKER, case_id, today=TODAY, token="token-assessment")
    before = record.case_of(worked, WORKER, OTHER, today=TODAY)
    hers = {"person_id": "P010", "name": "Zoë Okafor"}
    said = {"label": "Getting to school", "strand": "education", "own_words": "Zoë Okafor is afraid of it."}
    with directly(worked) as connection:
        fact = table(AssessedFact)
        connection.execute(sa.update(fact).where(fact.c.place == 1).values(said="Zoë Okafor: child", **hers))
        kept = {"case_id": case_id, "written_by": "s", "written_on": TODAY, "written_at": NOW}
        connection.execute(sa.insert(table(Need)), [{"need_id": "N1", **said, **hers, **kept}])
        score = {"score_id": "S1", "need_id": "N1", "score": 3, "evidence_on": TODAY, "evidence": "Seen.", **kept}
        connection.execute(sa.insert(table(NeedScore)), [score])

    def seen() -> list[str]:
        case = record.case_of(worked, WORKER, OTHER, today=TODAY)
        assert (len(case.facts), len(case.needs)) == (len(before.facts), len(before.needs) + 1)
        return [repr(part) for part in (case.facts, case.needs) if "Zoë Okafor" in repr(part)]

    assert len(seen()) == 2
    restrict(worked)
    assert seen() == []


def test_linkage_hides_whom_it_asks_about(worked: Engine) -> None:
    doubt, pair, member = table(PublishedDoubt), table(PublishedSamplePair), table(PublishedMember)
    with directly(worked) as connection:
        connection.execute(sa.update(doubt).where(doubt.c.doubt_id == "D01").values(person_a="P010"))
        connection.execute(sa.update(doubt).where(doubt.c.doubt_id == "D02").values(person_a="P020", person_b=None))
        connection.execute(sa.update(pair).where(pair.c.pair_id == "S1").values(person_b="P010"))
        connection.execute(sa.update(member).where(member.c.family_id == HIDDEN).values(sources='["dwp"]'))
    assert review.doubts(worked, ANALYST).total == 2
    restrict(worked)
    assert [each.doubt_id for each in review.doubts(worked, ANALYST).doubts] == ["D02"]
    with pytest.raises(Refused, match="no such question"):
        review.doubt(worked, ANALYST, "D01")
    with pytest.raises(Refused, match="no such question"):
        review.decide(worked, ANALYST, "D01", answer="same", reason="They are one.")
    shown = quality.next_sample_pair(worked, ANALYST)
    assert shown is not None
    assert shown.pair_id == "S2"


def test_a_withheld_address_is_shown_to_those_let_in_to_it(worked: Engine) -> None:
    number = restrict(worked, kind="withheld_address")
    grant = let_in(worked, number, WORKER.staff_id)
    seen = reading.family_record(worked, WORKER, HIDDEN)
    assert (seen.address, seen.is_address_withheld) == (None, True)
    assert {member.why for member in seen.members} | {tie.why for tie in seen.ties} == {ADDRESS_WITHHELD}
    at = {"today": TODAY, "token": "token-assessment"}
    case = record.case_of(worked, WORKER, HIDDEN, today=TODAY)
    assessing.start_assessment(worked, WORKER, case.line.case_id, **at)
    of_members = [
        fact["said"] for fact in record.case_of(worked, WORKER, HIDDEN, today=TODAY).facts if fact["fact"] == "member"
    ]
    assert all(said.endswith(f"; {ADDRESS_WITHHELD}") for said in of_members)
    assert of_members
    restricting.shut_out(worked, OFFICER, grant, reason="Needs more.", at=NOW)
    let_in(worked, number, WORKER.staff_id, sees_address=True)
    assert ADDRESS_WITHHELD not in str(record.case_of(worked, WORKER, HIDDEN, today=TODAY).facts)
    assert "MILL ROAD" in str(reading.family_record(worked, WORKER, HIDDEN).address)


def test_a_refresh_that_knows_somebody_by_another_id_hides_both(worked: Engine) -> None:
    restrict(worked, person_id="P010")
    columns = ("kind", "old_id", "new_id", "person_id", "sentence", "record_a", "record_b")
    changes = pl.DataFrame(
        [("person_merged", "P010", "P130", "", "Put together.", None, None)], schema=columns, orient="row"
    )
    with directly(worked) as connection:
        assert restricting.keep_hidden(connection, changes) == 1
        assert restricting.keep_hidden(connection, changes) == 0
    with directly(worked) as connection:
        assert set(connection.execute(sa.select(table(RestrictedPerson).c.person_id)).scalars()) == {"P010", "P130"}


def test_only_governance_restricts_and_each_act_is_written_down(worked: Engine) -> None:
    for role, reader in READERS.items():
        if role != "ig_officer":
            with pytest.raises(NotAllowed):
                restricting.restrict(worked, reader, HIDDEN, kind="adoption", reason="x", review_on=SOON, at=NOW)
            with pytest.raises(NotAllowed):
                restricting.restrictions(worked, reader, at=NOW)
    number = restrict(worked)
    with pytest.raises(NotAllowed):
        let_in(worked, number, OFFICER.staff_id)
    grant = let_in(worked, number, WORKER.staff_id)
    restricting.shut_out(worked, OFFICER, grant, reason="x", at=NOW)
    restricting.lift(worked, OFFICER, number, reason="x", at=NOW)
    for act in (
        lambda: restricting.lift(worked, OFFICER, number, reason="x", at=NOW),
        lambda: let_in(worked, number, "s"),
    ):
        with pytest.raises(Refused):
            act()
    for wrong in ({"kind": "famous"}, {"review_on": NOW.date()}, {"reason": " "}):
        with pytest.raises(Refused):
            restrict(worked, **wrong)
    with pytest.raises(Refused):
        restrict(worked, "F999")
    with directly(worked) as connection:
        query = "SELECT action FROM audit_event WHERE family_id = 'F01' AND staff_id = :who ORDER BY event_id"
        done = connection.execute(sa.text(query), {"who": OFFICER.staff_id}).scalars().all()
    assert done == ["restrict", "let_in", "shut_out", "lift_restriction"]


def test_a_check_for_duplicates_does_not_say_that_a_hidden_family_was_referred(worked: Engine) -> None:
    born = dt.date(2005, 3, 4)
    said = {"reporter": "R", "agency": "School", "contact": "1", "basis": "consent", "notice_given": True}
    form = said | {"family_name": "Okafor", "people": [referrals.Person("Ola Okafor", born)], "reasons": "Late."}
    form |= {"needs": [], "urgency": "standard"}
    earlier = referrals.Intake(kind="nominated", family_id=HIDDEN, **form)
    referrals.refer(worked, WORKER, earlier, today=TODAY, token="referral-earlier")
    later = referrals.Intake(kind="partner", **form)
    made = referrals.refer(worked, READERS["partner_referrer"], later, today=TODAY, token="referral-later")
    assert {each.what for each in referrals.duplicates(worked, MANAGER, made)} == {"same_person", "open_plan"}
    restrict(worked)
    assert referrals.duplicates(worked, MANAGER, made) == ()
