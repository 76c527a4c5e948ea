"""What pages may read, and the trace each read leaves, on both databases."""

import datetime as dt
import itertools
import json
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from directly import directly
from made_up import AS_OF, made_up_run
from sqlalchemy import Engine

from families.casebook.access import MAY_READ_RULES, MAY_SEE, ROLES
from families.casebook.database import CasebookFault
from families.casebook.demo import add_demo_staff
from families.casebook.publish import publish
from families.casebook.reading import (
    SORTS,
    coverage,
    data_as_at,
    demo_staff,
    family_record,
    list_families,
    published_rules,
    staff_by_id,
    strand_labels,
)
from families.casebook.views import AbsenceRule, ChildBrief, Evidence, FamilySummary, Reader
from families.criteria.rulebook import from_kept, load_ruleset
from families.errors import NotAllowed, Refused

MANAGER = Reader(staff_id="s1", role="programme_manager", purpose="identification")
CASEWORKER = Reader(staff_id="s2", role="caseworker", purpose="direct work")
ELIGIBLE, NEAR_MISS, OUTSIDE = "F01", "F03", "F05"


@pytest.fixture
def published(casebook: Engine) -> Engine:
    publish(casebook, **made_up_run().for_publish())
    return casebook


def events(engine: Engine, **having: Any) -> list[dict[str, Any]]:
    with directly(engine) as connection:
        rows = connection.execute(sa.text("SELECT * FROM audit_event ORDER BY event_id")).mappings()
        return [dict(row) for row in rows if all(row[name] == value for name, value in having.items())]


def test_every_page_can_say_what_its_data_is(published: Engine) -> None:
    as_at = data_as_at(published)

    assert (as_at.run_id, as_at.as_of, as_at.ruleset, as_at.is_sample) == ("run-1", AS_OF, "tf1-2012", True)
    assert as_at.published_at == dt.datetime(2013, 9, 2, 8, 30, tzinfo=dt.UTC)
    assert [line.source for line in coverage(published)] == ["dwp", "session_marks", "youth_justice"]
    assert list(strand_labels(published)) == ["education", "crime_asb", "work", "local", "eligible"]


def test_the_rules_of_the_publication_are_read_back_as_they_were_used(published: Engine) -> None:
    kept = published_rules(published, MANAGER)
    assert kept is not None
    assert kept.ruleset == "tf1-2012"
    read = from_kept(sha256=kept.sha256, rules=kept.rules, switches=kept.switches, overlay=kept.overlay)
    assert read == load_ruleset("tf1-2012")


@pytest.mark.parametrize("role", ROLES)
def test_only_those_who_work_with_the_rules_may_read_them(published: Engine, role: str) -> None:
    reader = Reader(staff_id="s9", role=role, purpose="read the rules")
    if role in MAY_READ_RULES:
        assert published_rules(published, reader) is not None
    else:
        with pytest.raises(NotAllowed, match="a data analyst or a programme manager"):
            published_rules(published, reader)


def test_a_casebook_published_before_rules_were_kept_says_nothing_of_them(published: Engine) -> None:
    with directly(published) as connection:
        connection.execute(sa.text("DELETE FROM published_ruleset"))
    assert published_rules(published, MANAGER) is None
    with directly(published) as connection:
        connection.execute(sa.text("DROP TABLE published_ruleset"))
    assert published_rules(published, MANAGER) is None


def test_an_empty_casebook_says_what_to_do(empty_casebook: Engine) -> None:
    for read in (data_as_at, coverage, demo_staff, lambda engine: list_families(engine, MANAGER)):
        with pytest.raises(Refused, match="families refresh"):
            read(empty_casebook)


def test_a_casebook_with_nothing_published_says_what_to_do(casebook: Engine) -> None:
    with pytest.raises(Refused, match="Nothing has been published"):
        data_as_at(casebook)
    assert list_families(casebook, MANAGER).total == 0


def test_a_row_of_the_list(published: Engine) -> None:
    listed = list_families(published, MANAGER, text="okafor", sort="name")
    okafor = next(family for family in listed.families if family.family_id == ELIGIBLE)

    assert okafor.name == "Okafor family"
    assert okafor.status == "eligible"
    assert okafor.children[-1] == ChildBrief(name="Zoë Okafor", age=14)
    assert {strand.strand: strand.outcome for strand in okafor.strands}["work"] == "met"
    assert okafor.newest_evidence_on == dt.date(2013, 6, 30)
    assert okafor.size == 6


def names(families: tuple[FamilySummary, ...]) -> list[str]:
    return [family.name for family in families]


def test_lists_are_sorted_alike_on_both_databases(published: Engine) -> None:
    by_name = list_families(published, MANAGER, sort="name", page_size=50).families
    newest = [f.newest_evidence_on for f in list_families(published, MANAGER, page_size=50).families]
    sizes = [f.size for f in list_families(published, MANAGER, sort="size", page_size=50).families]
    youngest = [
        min(child.age or 0 for child in family.children)
        for family in list_families(published, MANAGER, sort="youngest_child", page_size=50).families
    ]

    assert names(by_name) == sorted(names(by_name), key=lambda name: name.replace("Ó", "O").replace("Đặng", "Dang"))
    assert newest == sorted(newest, key=lambda day: day or dt.date.min, reverse=True)
    assert sizes == sorted(sizes, reverse=True)
    assert youngest == sorted(youngest)


def test_pages_hold_every_family_once(published: Engine) -> None:
    for sort in SORTS:
        pages = [list_families(published, MANAGER, sort=sort, page=page, page_size=7) for page in (1, 2, 3, 4)]

        assert [len(page.families) for page in pages] == [7, 7, 6, 0]
        assert {page.total for page in pages} == {20}
        assert len({family.family_id for page in pages for family in page.families}) == 20


SEARCHES: dict[str, set[str] | None] = {
    "OKAFOR": {"F01", "F16"},
    "  okafor   family ": {"F01", "F16"},
    "zoe okafor": {"F01"},  # a child's name, without its accent
    "dang": {"F10", "F25"},
    "elsewhere": set(),  # a linked father is not a child
    "%": set(),
    "_": set(),
    "' OR 1=1 --": set(),
    "o'neill": {"F04", "F19"},
    "\\": set(),
    "\0": None,  # nothing is left to search for: every family
    "\ud800": None,
    "": None,
}


def test_search_by_name(published: Engine) -> None:
    for text, found in SEARCHES.items():
        listed = list_families(published, MANAGER, text=text, page_size=50)
        ids = {family.family_id for family in listed.families}

        assert ids == found if found is not None else listed.total == 20, text


def test_filters_by_status_and_strand(published: Engine) -> None:
    near = list_families(published, MANAGER, status="near_miss", page_size=50)
    work = list_families(published, MANAGER, strand="work", page_size=50)

    assert {family.status for family in near.families} == {"near_miss"}
    assert near.total == 10
    assert work.total == 10
    assert list_families(published, MANAGER, strand="work", status="near_miss").total == 0


NO_PAGE_ASKS: list[dict[str, Any]] = [
    {"sort": "risk"},
    {"page": 0},
    {"page_size": 0},
    {"page_size": 201},
    {"strand": "x' OR '1'='1"},
]


def test_what_no_page_asks_is_refused(published: Engine) -> None:
    for asked in NO_PAGE_ASKS:
        with pytest.raises(Refused):
            list_families(published, MANAGER, **asked)


def test_the_record_of_a_family(published: Engine) -> None:
    record = family_record(published, MANAGER, ELIGIBLE)
    finding = next(finding for finding in record.findings if finding.person_id == "P010")
    linked = record.members[-1]

    assert record.address == "1 MILL ROAD, BOURNE, CM9 5AB"
    assert record.schooling.rule == AbsenceRule(
        15, "15% or more unauthorised absence across the last three terms", ("unauthorised",)
    )
    assert finding.person_name == "Zoë Okafor"
    assert finding.evidence == (
        Evidence(source="school_census", file="2012_autumn_pupilonroll.csv", row=3),
        Evidence(source="session_marks", file="marks_2012-13_autumn.csv", row=1),
    )
    assert (linked.role, linked.is_resident, linked.why) == (
        "linked",
        False,
        "parental responsibility, and lives elsewhere",
    )
    assert record.members[0].school == "Ash Lane Primary School"
    gaps = [
        half.half_term for half in record.schooling.half_terms if half.person_id == "P010" and half.possible is None
    ]
    assert gaps == ["2012/13 spring 2", "2012/13 summer 2"]
    assert len(record.ties) == 9
    assert len({(tie.person_a, tie.person_b) for tie in record.ties}) == 9


def test_each_role_sees_its_families_and_no_other(published: Engine) -> None:
    families = ((ELIGIBLE, "eligible"), (NEAR_MISS, "near_miss"), (OUTSIDE, None))
    for role, (family_id, status) in itertools.product([*ROLES, "cleaner", "", "system"], families):
        reader = Reader(staff_id=f"{role}-{family_id}", role=role, purpose="test of access")
        may = status in MAY_SEE.get(role, ())

        assert (family_id in listed_to(published, reader)) == may, (role, family_id)
        assert opens(published, reader, family_id) == may, (role, family_id)
        assert len(events(published, action="read_family", staff_id=reader.staff_id)) == may


def listed_to(engine: Engine, reader: Reader) -> set[str]:
    try:
        return {family.family_id for family in list_families(engine, reader, page_size=50).families}
    except NotAllowed:
        return set()


def opens(engine: Engine, reader: Reader, family_id: str) -> bool:
    try:
        return family_record(engine, reader, family_id).family_id == family_id
    except NotAllowed:
        return False


def test_near_misses_are_for_the_programme_team() -> None:
    assert {role for role, statuses in MAY_SEE.items() if "near_miss" in statuses} == {
        "programme_manager",
        "data_analyst",
    }


def test_nobody_is_listed_to_a_caseworker_without_a_case(published: Engine) -> None:
    assert list_families(published, CASEWORKER, status="near_miss").total == 0
    assert list_families(published, CASEWORKER, page_size=50).total == 0


def test_no_purpose_no_family(published: Engine) -> None:
    for purpose in ("", "  ", "\n"):
        reader = Reader(staff_id=f"s1{purpose}", role="programme_manager", purpose=purpose)
        with pytest.raises(NotAllowed, match="purpose"):
            list_families(published, reader)
        with pytest.raises(NotAllowed, match="purpose"):
            family_record(published, reader, ELIGIBLE)
        assert [event["action"] for event in events(published, staff_id=reader.staff_id)] == [
            "list_families_refused",
            "read_family_refused",
        ]


def test_a_missing_and_a_forbidden_family_answer_alike(published: Engine) -> None:
    answers = set()
    for family_id in (NEAR_MISS, OUTSIDE, "F99", "", "Zoë Okafor", "\0", "x" * 5000):
        with pytest.raises(NotAllowed) as refused:
            family_record(published, CASEWORKER, family_id)
        answers.add(str(refused.value))
    assert len(answers) == 1
    assert len(events(published, action="read_family_refused", family_id=None)) == 7


def test_each_family_shown_leaves_one_event(published: Engine) -> None:
    started = dt.datetime.now(dt.UTC)
    listed = list_families(published, MANAGER, text="a", page_size=5)
    family_record(published, MANAGER, ELIGIBLE)
    seen = events(published, staff_id="s1")

    assert [event["family_id"] for event in seen] == [*(f.family_id for f in listed.families), ELIGIBLE]
    assert {event["action"] for event in seen} == {"list_families", "read_family"}
    assert {(event["role"], event["purpose"]) for event in seen} == {("programme_manager", "identification")}
    assert json.loads(seen[0]["detail"])["text"] == "a"
    at = seen[0]["at"]
    at = dt.datetime.fromisoformat(at).replace(tzinfo=dt.UTC) if isinstance(at, str) else at
    assert started <= at <= dt.datetime.now(dt.UTC)


def test_a_search_that_finds_nobody_leaves_an_event(published: Engine) -> None:
    list_families(published, MANAGER, text="nobody of that name")
    assert [event["family_id"] for event in events(published, staff_id="s1")] == [None]


def test_nothing_is_shown_where_it_cannot_be_written_down(published: Engine) -> None:
    with directly(published) as connection:
        connection.execute(sa.text("DROP TABLE audit_event"))
    with pytest.raises(Refused):
        list_families(published, MANAGER)
    with pytest.raises(Refused):
        family_record(published, MANAGER, ELIGIBLE)


def test_a_fault_is_told_without_any_value(published: Engine) -> None:
    with pytest.raises(CasebookFault) as fault:
        list_families(published, Reader(staff_id=None, role="caseworker", purpose="Zoë Okafor"))  # type: ignore[arg-type]
    assert "Okafor" not in str(fault.value)
    assert fault.value.__cause__ is None


def test_made_up_staff_exist_only_in_a_sample(published: Engine) -> None:
    assert demo_staff(published) == []
    add_demo_staff(published)
    add_demo_staff(published)
    staff = demo_staff(published)
    roles = [member.role for member in staff]
    assert roles == sorted(roles, key=list(ROLES).index)
    assert set(roles) == set(ROLES)
    assert all(member.is_demo for member in staff)
    assert staff_by_id(published, staff[0].staff_id) == staff[0]
    assert staff_by_id(published, "nobody") is None

    publish(published, **made_up_run(is_sample=False).named("real").for_publish())

    with pytest.raises(NotAllowed):
        demo_staff(published)
    with pytest.raises(NotAllowed):
        add_demo_staff(published)
    assert staff_by_id(published, staff[0].staff_id) is None


def test_what_a_near_miss_lacks_is_listed_and_a_casebook_of_before_lists_on_without_it(casebook: Engine) -> None:
    run = made_up_run()
    near = pl.DataFrame({"family_id": ["F01", "F03"], "sentence": ["F01 lacks one.", "F03 lacks one."]})
    publish(casebook, **(run.for_publish() | {"tables": run.tables | {"near_misses": near}}))
    listed = list_families(casebook, MANAGER, page_size=50).families
    assert [family.near_miss for family in listed if family.near_miss] == ["F03 lacks one."]

    with directly(casebook) as connection:
        connection.execute(sa.text("ALTER TABLE published_family DROP COLUMN near_miss"))
    again = list_families(casebook, MANAGER, page_size=50).families
    assert [family.family_id for family in again] == [family.family_id for family in listed]
    assert not any(family.near_miss for family in again)
