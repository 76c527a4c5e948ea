"""Every refresh tells workers what is new of their families: once, no later than its load, and closed when taken back."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest
import sqlalchemy as sa
from casework import OTHER, WORKER, Work, with_staff
from directly import directly
from following import RULES, Feeds, followed_of, published
from made_up import AS_OF, made_up_run
from sqlalchemy import Engine

from families.casebook.case_models import FamilyCase
from families.casebook.database import writing
from families.casebook.following import as_news, facts_of, has_unfollowed
from families.casebook.models import PublishedFact, PublishedFinding, table
from families.casebook.row_security import WHOLE
from families.cases import alerts
from families.cases.attendance import Sessions
from families.cases.monitoring import half_terms_between, monitoring_of
from families.cases.reading import my_families, today_of
from families.cases.record import alerts_of
from families.errors import NotAllowed, Refused

ABSENCE = next(each.id for each in RULES.criterion if each.table == "absence" and each.asked_of == "child")
DAY = dt.date(2013, 6, 3)
SUSPENDED = {"school": "8814001", "category": "SUSP", "started_on": DAY, "sessions": 4}


@pytest.fixture
def work(casebook: Engine) -> Work:
    """A family somebody works with, followed since the run before."""
    with_staff(casebook)
    done = Work(casebook).confirm().allocate().accept()
    published(casebook, Feeds(), run_id="run-2")
    return done


def told(work: Work) -> list[dict[str, Any]]:
    return [dict(alert) for alert in work.record().alerts]


def test_a_family_taken_on_since_is_not_known_until_the_next_refresh_which_has_to_publish_again(
    casebook: Engine,
) -> None:
    with_staff(casebook)
    feeds = Feeds().of("exclusions", "P010", **SUSPENDED)
    published(casebook, feeds, run_id="run-1")
    assert not has_unfollowed(casebook)
    Work(casebook).confirm().allocate().accept()
    assert has_unfollowed(casebook)
    zoe = next(child for child in monitoring_of(casebook, WORKER, "F01").children if child.name == "Zoë Okafor")
    assert (zoe.suspensions, zoe.is_over_threshold) == (None, None)
    published(casebook, feeds, run_id="run-1")
    assert not has_unfollowed(casebook)
    zoe = next(child for child in monitoring_of(casebook, WORKER, "F01").children if child.name == "Zoë Okafor")
    assert (zoe.suspensions, zoe.is_over_threshold) == (0, None)  # no day has gone by; the rules say nothing of her
    with writing(casebook, WHOLE) as transaction:
        (told,) = (fact for fact in facts_of(transaction, "F01") if fact["kind"] == "suspension")
        assert as_news(transaction, [told]).new["kinds_before"].to_list() == [["suspension"]]


def test_nothing_that_was_known_before_raises_an_alert(work: Work) -> None:
    assert told(work) == []
    published(work.engine, Feeds(), run_id="run-3")
    assert told(work) == []


CASES = {
    "suspension": (Feeds().of("exclusions", "P010", **SUSPENDED), "Zoë Okafor was suspended on 3 June 2013"),
    "offence": (
        Feeds().of("offences", "P010", offence="Theft", offence_date=DAY, outcome_date=DAY, is_proven=True),
        "Zoë Okafor has an offence on record, proven, with an outcome on 3 June 2013",
    ),
    "asb": (
        Feeds().of("asb_measures", "P014", kind="ABC", ground="asb", issued_on=DAY),
        "is named in anti-social behaviour (ABC) on 3 June 2013",
    ),
    "off_roll": (
        Feeds().of("education_statuses", "P010", status="CME", started_on=DAY),
        "Zoë Okafor is registered as missing education since 3 June 2013",
    ),
    "threshold": (Feeds().met("F01", "P010", ABSENCE, DAY), "Zoë Okafor is over a threshold: "),
    "new_person": (
        Feeds()
        .with_row("people", person_id="PNEW", forename="Ray", surname="Dale", is_pupil=False, records=1)
        .with_row(
            "family_members", family_id="F01", person_id="PNEW", role="adult", is_resident=True, member_from=DAY,
            reason="lives at the same address",
        ),
        "Ray Dale (adult) is new in the family: lives at the same address",
    ),
    "address": (
        Feeds()
        .with_row(
            "addresses", address_id="UNEW", label="9 HIGH STREET, BOURNE", postcode="CM9 9ZZ", is_communal=False,
            is_shared=False,
        )
        .with_row("households", household_id="HNEW", address_id="UNEW", person_id="P010", reason="listed"),
        "The address of the family changed: 1 of its children live at one not seen before",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CASES)
def test_what_a_load_brings_is_told_once_and_closed_when_it_is_taken_back(work: Work, what: str) -> None:
    feeds, sentence = CASES[what]
    published(work.engine, feeds, run_id="run-3")
    (alert,) = told(work)
    assert (alert["kind"], alert["run_id"]) == ("offence" if what == "asb" else what, "run-3")
    assert sentence in alert["sentence"]
    assert alert["raised_on"] == AS_OF
    assert (alert["person_id"] is None) == (what == "address")
    if what == "suspension":
        assert alert["sentence"].endswith("Shown by Exclusions and suspensions, exclusions_2013.csv row 1.")
        assert (alert["happened_on"], alert["name"]) == (DAY, "Zoë Okafor")
    assert "HIGH STREET" not in alert["sentence"]
    for run_id in ("run-3", "run-4"):
        published(work.engine, feeds, run_id=run_id)
    assert len(told(work)) == 1
    assert today_of(work.engine, WORKER, today=work.today).counts["alert"] == 1
    published(work.engine, Feeds(), run_id="run-5")
    (closed,) = told(work)
    assert closed["closed_on"] == AS_OF
    assert closed["closed_why"]
    assert today_of(work.engine, WORKER, today=work.today).counts["alert"] == 0
    pages = [
        alerts_of(work.engine, WORKER, "F01", today=work.today, waiting=waiting).alerts for waiting in (True, False)
    ]
    assert (len(pages[0]), pages[1][0].closed_why) == (0, closed["closed_why"])
    with pytest.raises(Refused, match="waits for no answer"):
        alerts.acknowledge(*work.at(WORKER), alert["alert_id"], reason="Seen.", **work.adds())
    published(work.engine, feeds, run_id="run-6")
    (again,) = told(work)
    assert (again["alert_id"], again["closed_on"], again["run_id"]) == (alert["alert_id"], None, "run-6")


def test_another_child_who_starts_a_difficulty_is_told_and_the_first_is_not(work: Work) -> None:
    first = Feeds().met("F01", "P010", "fixed_exclusions", DAY)
    published(work.engine, first, run_id="run-3")
    assert told(work) == []
    published(work.engine, first.met("F01", "P011", "fixed_exclusions", DAY), run_id="run-4")
    (alert,) = told(work)
    assert (alert["kind"], alert["person_id"]) == ("another_child", "P011")


def test_what_is_long_past_is_no_news(work: Work) -> None:
    old = {**SUSPENDED, "started_on": dt.date(2012, 6, 3)}
    published(work.engine, Feeds().of("exclusions", "P010", **old), run_id="run-3")
    assert told(work) == []


def test_other_rules_are_no_news_of_a_child(work: Work) -> None:
    run = made_up_run()
    rules = type(run.run.rules_used)(**{**vars(run.run.rules_used), "sha256": "other"})
    published(work.engine, Feeds().met("F01", "P010", ABSENCE, DAY), run_id="run-3", rules_used=rules)
    assert told(work) == []


def test_a_family_that_is_published_no_longer_is_followed_all_the_same(work: Work) -> None:
    assessed = made_up_run()
    no_longer = assessed.without("F01")
    kept = {name: assessed.tables[name] for name in ("family_members", "people")}
    run = type(assessed)(no_longer.tables | kept, no_longer.explained, assessed.run)
    published(work.engine, CASES["suspension"][0], run_id="run-3", run=run)
    assert [alert["kind"] for alert in told(work)] == ["suspension"]
    schooling = monitoring_of(work.engine, WORKER, "F01").schooling
    assert {each.suspensions for each in schooling.half_terms if each.half_term == "2012/13 summer 1"} == {None}
    assert [(each.suspensions, each.person_id) for each in schooling.half_terms if each.suspensions] == [(1, "P010")]
    assert {each.condition for each in schooling.tests} == {"fewer_exclusions", "less_absence"}


def test_alerts_and_publication_are_one(work: Work) -> None:
    """Killed between the two, neither has happened; the next refresh does both."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        published(work.engine, CASES["suspension"][0], run_id="run-3", tell=killed)
    assert told(work) == []
    published(work.engine, CASES["suspension"][0], run_id="run-3")
    assert len(told(work)) == 1


def test_of_families_nobody_works_with_only_a_hash_is_kept(work: Work) -> None:
    published(work.engine, CASES["suspension"][0].of("exclusions", "P020", **SUSPENDED), run_id="run-3")
    fact = table(PublishedFact).c
    with directly(work.engine) as connection:
        rows = connection.execute(sa.select(fact.family_id, fact.name, fact.sentence, fact.rows)).all()
    assert {row.family_id for row in rows if row.sentence} == {"F01"}
    assert all(row[1:] == (None, None, None) for row in rows if row.family_id != "F01")


def test_facts_are_the_same_whatever_the_order_of_rows() -> None:
    run, feeds = made_up_run(), CASES["suspension"][0].met("F01", "P010", ABSENCE, DAY)
    families = ["F01", "F02", "F03"]
    found = [followed_of(each, feeds, families).facts for each in (run, run.shuffled(3))]
    assert found[0].equals(found[1])


def test_a_thousand_open_families_take_seconds(casebook: Engine) -> None:
    with_staff(casebook)
    run = made_up_run(copies=50)
    Work(casebook).confirm()
    _open_everywhere(casebook, run)
    published(casebook, Feeds(), run_id="run-2", run=run)
    everybody = Feeds()
    rows = [
        {"delivery": "d-exclusions", "row": number, "part": "", **SUSPENDED}
        for number in range(1, 1001)
    ]  # fmt: skip
    people = run.tables["family_members"].filter(role="child").unique("family_id", keep="first", maintain_order=True)
    ids = people["person_id"].to_list()[:1000]
    everybody.records["exclusions"] = rows[: len(ids)]
    everybody.tables["person_of_record"] = [
        {
            "delivery": "d-exclusions",
            "row": number,
            "part": "",
            "source": "exclusions",
            "person_id": person,
            "reason": "",
        }
        for number, person in enumerate(ids, 1)
    ]
    started = time.monotonic()
    published(casebook, everybody, run_id="run-3", run=run)
    took = time.monotonic() - started
    print(f"{casebook.dialect.name}: {took:.1f} s")
    assert took < 20


def _open_everywhere(engine: Engine, run: Any) -> None:
    """An open case for every family of the run, as rows: it is the size that is tried, not the acts."""
    case = table(FamilyCase)
    with directly(engine) as connection:
        one = dict(connection.execute(sa.select(case)).mappings().one())
        families = sorted({*run.tables["family_members"]["family_id"]} - {"F01"})[:1000]
        connection.execute(sa.insert(case), [one | {"case_id": f"C{each}", "family_id": each} for each in families])


@pytest.mark.parametrize(("outcome", "is_over"), [("not_met", False), ("unknown", None)])
def test_what_the_feeds_did_not_tell_is_not_so_only_where_they_would_have(
    work: Work, outcome: str, is_over: bool | None
) -> None:
    """Half terms have gone by since, of which no school delivered exclusions; the rules may not know of attendance."""
    finding, case = table(PublishedFinding), table(FamilyCase)
    with directly(work.engine) as connection:
        known = {"criterion": ABSENCE, "outcome": outcome}
        connection.execute(sa.update(finding).where(finding.c.person_id == "P010").values(**known))
        connection.execute(sa.update(case).values(confirmed_on=DAY))
    (zoe,) = (each for each in monitoring_of(work.engine, WORKER, "F01").children if each.person_id == "P010")
    assert (zoe.is_over_threshold, zoe.suspensions, zoe.are_all_told) == (is_over, None, False)


def test_how_each_child_does_against_baseline_and_threshold(work: Work) -> None:
    feeds = CASES["suspension"][0].met("F01", "P010", ABSENCE, DAY).of("exclusions", "P011", **SUSPENDED)
    late = {**SUSPENDED, "started_on": work.today}
    published(work.engine, feeds.of("exclusions", "P010", **late), run_id="run-3")
    found = monitoring_of(work.engine, WORKER, "F01")
    assert (found.baseline_on, found.baseline_what, found.schooling.rule.percent) == (work.today, "confirmation", 15)
    zoe = next(child for child in found.children if child.person_id == "P010")
    assert [(each.label, each.sessions is not None) for each in zoe.half_terms][-3:] == [
        ("2012/13 spring 2", False),
        ("2012/13 summer 1", True),
        ("2012/13 summer 2", False),
    ]
    assert all(each.is_baseline for each in zoe.half_terms)
    assert zoe.baseline == Sessions(70 + 68 + 60 + 56, 12, 56)
    assert (zoe.now, zoe.now_label) == (Sessions(56, 3, 14), "2012/13 summer 1")
    assert (zoe.now.attended_percent, zoe.now.unauthorised_percent) == (69.6, 25.0)
    assert (zoe.is_over_threshold, zoe.suspensions) == (True, 1)
    assert [each.happened_on for each in zoe.known if each.kind == "suspension"] == [work.today]
    assert next(child for child in found.children if child.person_id == "P011").is_over_threshold is None
    with pytest.raises(NotAllowed):
        monitoring_of(work.engine, OTHER, "F01")
    (line,) = my_families(work.engine, WORKER, today=work.today).attendance.values()
    assert line.baseline
    assert line.alerts == 4


def test_the_summer_holidays_are_no_half_term_of_which_something_is_not_known() -> None:
    assert half_terms_between(dt.date(2013, 3, 22), dt.date(2013, 9, 1)) == {20124, 20125, 20126}
    assert 20131 in half_terms_between(dt.date(2013, 3, 22), dt.date(2013, 9, 2))
    assert half_terms_between(dt.date(2013, 9, 1), dt.date(2013, 9, 1)) == frozenset()
