"""Whose families somebody reads: those of their cases, or of a status; every read of a family holds to the same."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from casework import READERS, TODAY, given, with_staff
from directly import directly
from sqlalchemy import Engine

from families.casebook.access_log import access_log
from families.casebook.case_models import Allocation
from families.casebook.extended import extended_family
from families.casebook.models import PublishedFamily, Staff, table
from families.casebook.queries import raise_query
from families.casebook.reading import count_families, family_record, list_families, strand_counts
from families.casebook.views import Reader
from families.cases import referrals
from families.errors import NotAllowed, Refused

NORTH, SOUTH = "s-caseworker", "s-caseworker-2"
OTHER_MANAGER = Reader("s-team_manager-2", "team_manager", "casework")
ELIGIBLE = {f"F{number:02}" for number in range(1, 31) if number % 6 in (1, 2)}
NEAR = {f"F{number:02}" for number in range(1, 31) if number % 6 in (3, 4)}
CASES = {"F01": (NORTH, "north"), "F03": (NORTH, "north"), "F02": (SOUTH, "south"), "F08": (SOUTH, "south")}
EXPECTED: dict[Reader, set[str]] = {
    READERS["caseworker"]: {"F01", "F03", "F08"},  # F03 is a near miss; F08 they once accepted
    Reader(SOUTH, "caseworker", "casework"): {"F02", "F08"},
    READERS["team_manager"]: {"F01", "F03"},
    OTHER_MANAGER: {"F02", "F08"},
    READERS["programme_manager"]: ELIGIBLE | NEAR,
    READERS["returns_officer"]: ELIGIBLE | {"F03"},
    READERS["auditor"]: ELIGIBLE | {"F03"},
    READERS["ig_officer"]: ELIGIBLE | {"F03"},
    READERS["data_analyst"]: NEAR,
    **{READERS[role]: set() for role in ("approver", "statistician", "administrator", "partner_referrer")},
    Reader("s", "cleaner", "casework"): set(),
    Reader("s", "programme_manager", " "): set(),
}


@pytest.fixture
def worked(casebook: Engine) -> Engine:
    with_staff(casebook)
    teams = {NORTH: "north", SOUTH: "south", "s-team_manager": "north", "s-team_manager-2": "south"}
    staff = table(Staff)
    with directly(casebook) as connection:
        row = {"staff_id": OTHER_MANAGER.staff_id, "name": "Other", "role": "team_manager", "is_demo": True}
        connection.execute(sa.insert(staff), [row])
        for staff_id, team_id in teams.items():
            connection.execute(sa.update(staff).where(staff.c.staff_id == staff_id).values(team_id=team_id))
    for family_id, (worker, team_id) in CASES.items():
        given(casebook, family_id, worker, team_id=team_id)
    accepted_once(casebook, "C-F08", NORTH)
    return casebook


def accepted_once(engine: Engine, case_id: str, worker: str) -> None:
    blank = dict.fromkeys(column.name for column in table(Allocation).columns)
    row = {"allocation_id": f"A-{case_id}", "case_id": case_id, "worker": worker, "team_id": "north", "reason": ""}
    row |= {"answer": "accepted", "answered_on": TODAY, "ended_on": TODAY, "written_by": "s", "written_on": TODAY}
    with directly(engine) as connection:
        connection.execute(sa.insert(table(Allocation)), [blank | row | {"written_at": dt.datetime.now(dt.UTC)}])


def families(engine: Engine) -> list[str]:
    with directly(engine) as connection:
        return sorted(connection.execute(sa.select(table(PublishedFamily).c.family_id)).scalars())


def those(ids: list[str], read: Callable[..., object], engine: Engine, reader: Reader, **said: object) -> Iterator[str]:
    """The families that a read does not refuse."""
    for family_id in ids:
        try:
            read(engine, reader, family_id, **said)
        except NotAllowed:
            continue
        yield family_id


def test_each_reads_the_families_of_their_scope_by_every_read(worked: Engine) -> None:
    some = ["F01", "F02", "F03", "F04", "F07", "F08"]
    for reader, expected in EXPECTED.items():
        try:
            listed = {each.family_id for each in list_families(worked, reader, page_size=50).families}
        except NotAllowed:
            listed = set()
        assert listed == expected, reader
        for read in (family_record, extended_family):
            seen = set(those(some, read, worked, reader))
            assert seen == expected & set(some), (reader, read)
        said = {"person_id": None, "code": "other", "reason": "It looks wrong."}
        asked = set(those(some, raise_query, worked, reader, **said))
        assert asked == expected & set(some), reader


def test_lists_narrow_and_counts_agree_within_the_scope(worked: Engine) -> None:
    worker, manager = READERS["caseworker"], READERS["programme_manager"]
    near = list_families(worked, worker, status="near_miss")
    assert [each.family_id for each in near.families] == ["F03"]
    assert count_families(worked, worker, standing="known") == 3
    assert count_families(worked, worker, standing="undecided") == 0
    assert count_families(worked, manager, standing="undecided") == len(ELIGIBLE - set(CASES))
    of_worker = {strand: sum(found.values()) for strand, _, found in strand_counts(worked, worker)}
    assert of_worker["education"] == 2
    with pytest.raises(Refused):
        list_families(worked, worker, status="everybody")


def test_who_looked_is_told_of_families_of_the_scope(worked: Engine) -> None:
    for family_id, role, may in (("F01", "team_manager", True), ("F02", "team_manager", False)):
        seen = list(those([family_id], access_log, worked, READERS[role]))
        assert bool(seen) == may
    given(worked, "referred-one", NORTH, team_id="north")  # in the casebook by its case alone
    for reader, may in ((READERS["team_manager"], True), (READERS["programme_manager"], True), (OTHER_MANAGER, False)):
        assert bool(list(those(["referred-one"], access_log, worked, reader))) == may


def test_whoever_triages_learns_that_a_family_is_known_and_no_more(worked: Engine) -> None:
    with directly(worked) as connection:
        query = "SELECT family_id, name, date_of_birth FROM published_member WHERE role = 'child' AND place = 0"
        born = {row[0]: row for row in connection.execute(sa.text(query))}
    people = []
    for family_id in ("F04", "F07", "F01"):  # a near miss without a case, an eligible one, and one of the team's
        _, name, day = born[family_id]
        day = day if not isinstance(day, str) else dt.date.fromisoformat(day)
        people.append(referrals.Person(name, day))
    intake = referrals.Intake(
        kind="partner", family_name="X", people=people, reporter="R", agency="School", contact="1", basis="consent",
        notice_given=True, reasons="Late.", needs=[], urgency="standard",
    )  # fmt: skip
    made = referrals.refer(worked, READERS["partner_referrer"], intake, today=TODAY, token="referral-1")
    found = {
        role: {each.family_id: each.may_open for each in referrals.duplicates(worked, READERS[role], made)}
        for role in ("team_manager", "programme_manager")
    }
    assert {"F07": False, "F01": True}.items() <= found["team_manager"].items()
    assert "F04" not in found["team_manager"]
    assert {"F04": True, "F07": True, "F01": True}.items() <= found["programme_manager"].items()
