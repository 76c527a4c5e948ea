"""How each child goes to school: what of a half term is said, and the school test of a result, term by term."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest
from following import Feeds, followed_of, known_to
from made_up import MadeUpRun, made_up_run

from dashboard.record import school_test
from families.casebook.following import Followed
from families.casebook.views import Schooling, SchoolTest
from families.cases.schooling import MET, NOT_MET, NOT_YET, UNKNOWN, child_tests
from families.criteria.rulebook import load_ruleset
from families.criteria.school_tests import school_tests
from families.schooling import of_members

ZOE = "P010"  # at Ash Lane Primary School; spring 2 was not supplied
COVERED = {
    **{"delivery": "d-cover", "row": 1, "part": "", "source": "exclusions", "basis": "stated"},
    **{"covers_from": dt.date(2011, 9, 1), "covers_to": dt.date(2013, 8, 31)},
}
SCHOOL = "8814001"


STATED = {"stated_on": dt.date(2013, 5, 16), "is_on_roll": True}
ON_ROLL = Feeds().of("enrolments", ZOE, school=SCHOOL, entry_date=dt.date(2011, 9, 5), **STATED)


def covered() -> Feeds:
    return replace(ON_ROLL, records={**ON_ROLL.records, "coverage": [COVERED]})


def suspended(feeds: Feeds, day: dt.date, category: str = "SUSP") -> Feeds:
    return feeds.of("exclusions", ZOE, school=SCHOOL, category=category, started_on=day, sessions=2)


def known(feeds: Feeds, run: MadeUpRun | None = None) -> Followed:
    return followed_of(run or made_up_run(), feeds, ["F01"])


def half_term(feeds: Feeds, place: int, run: MadeUpRun | None = None) -> tuple[int | None, str]:
    rows = known(feeds, run).schooling.filter(person_id=ZOE, place=place)
    return rows.select("suspensions", "told").row(0)


SPRING, SUMMER = 20123, 20125
DAY = dt.date(2013, 2, 4)


@pytest.mark.parametrize(
    ("feeds", "found"),
    [
        (covered(), (0, "")),
        (suspended(suspended(covered(), DAY), DAY + dt.timedelta(days=7)), (2, "")),
        (ON_ROLL, (None, "")),
        (suspended(covered(), DAY, "PERM"), (0, "Permanently excluded on 4 February 2013.")),
        (suspended(covered(), DAY, "LNCH"), (0, "Excluded at lunchtime: 1.")),
    ],
    ids=["none", "two", "not known", "permanent", "lunchtime"],
)
def test_suspensions_are_counted_and_none_is_known_only_where_exclusions_are_delivered(feeds, found):
    assert half_term(feeds, SPRING) == found


def test_before_the_first_return_that_names_a_child_no_suspension_is_known_either():
    """She attended in autumn; the one return that names her is of May, and gives no day of entry."""
    assert half_term(Feeds(), 20121) == (None, "")
    assert half_term(Feeds(records={"coverage": [COVERED]}), 20121) == (0, "")


def test_what_is_delivered_of_suspensions_is_a_least_number_where_more_may_be():
    suspensions, told = half_term(suspended(ON_ROLL, DAY), SPRING)
    assert suspensions == 1
    assert told.startswith("There may be more suspensions")


@pytest.mark.parametrize(
    ("feeds", "place", "told"),
    [
        (
            covered().of("enrolments", ZOE, school="8811100", entry_date=dt.date(2013, 4, 15), **STATED),
            20126, "On the roll of more than one school: The Link PRU and Bourne Park Academy.",
        ),
        (
            covered().of("education_statuses", ZOE, status="CME", started_on=DAY, ended_on=dt.date(2013, 3, 1)),
            SPRING, "Registered as missing education from 4 February 2013 to 1 March 2013.",
        ),
        (covered().of("education_statuses", ZOE, status="EHE", started_on=DAY), SUMMER, "Educated at home from 4 February 2013."),
        (
            covered().with_row(
                "absence_codes", person_id=ZOE, school=SCHOOL, academic_year="2012/13", term="spring", half=1,
                code="C2", sessions=12,
            ),
            SPRING, "Part-time timetable: 12 sessions not at school.",
        ),
    ],
    ids=["two schools", "missing", "at home", "part time"],
)  # fmt: skip
def test_what_sets_a_half_term_apart_is_said(feeds, place, told):
    assert half_term(feeds, place)[1] == told
    assert half_term(feeds, 20121)[1] == ""


def test_weeks_that_most_pupils_of_the_school_had_and_this_child_has_not():
    run = made_up_run()
    is_theirs = (pl.col("person_id") == ZOE) & (pl.col("term") == "spring")
    fewer = run.tables["absence"].with_columns(possible=pl.when(is_theirs).then(40).otherwise("possible"))
    run = replace(run, tables=run.tables | {"absence": fewer.cast(dict(run.tables["absence"].schema))})
    told = "About 2 weeks of sessions missing: 40, where most pupils of the school had 60."
    assert half_term(covered(), SPRING, run)[1] == told
    assert half_term(covered(), SPRING)[1] == ""


def test_a_gap_with_no_school_known_says_so():
    run = made_up_run()
    none = {name: run.tables[name].filter(pl.lit(False)) for name in ("enrolments", "person_of_record")}
    absence = run.tables["absence"].filter(pl.col("person_id") != ZOE)
    run = replace(run, tables=run.tables | none | {"absence": absence})
    feeds = Feeds(records={"coverage": [COVERED]})
    assert half_term(feeds, SPRING, run) == (None, "On no school’s roll that was delivered.")


def test_the_order_of_rows_changes_nothing():
    feeds = suspended(suspended(covered(), DAY), dt.date(2013, 6, 3))
    one, other = (known(feeds, run) for run in (made_up_run(), made_up_run().shuffled(5)))
    assert one.schooling.equals(other.schooling)
    assert one.school_tests.sort(pl.all()).equals(other.school_tests.sort(pl.all()))


def judged(feeds: Feeds, condition: str) -> list[tuple[str, str, int]]:
    rows = known(feeds).school_tests.filter(person_id=ZOE, condition=condition).sort("place")
    return rows.select("term", "outcome", "value").rows()


def test_each_term_and_the_window_are_judged_by_the_rule():
    """Two suspensions a term keep to fewer than three in each, and miss it together; of spring half is not known."""
    feeds = covered()
    for day in ((2012, 10, 1), (2012, 11, 5), (2013, 6, 3), (2013, 6, 17)):
        feeds = suspended(feeds, dt.date(*day))
    assert judged(feeds, "fewer_exclusions") == [
        ("", NOT_MET, 4), ("2012/13 autumn", MET, 2), ("2012/13 spring", MET, 0), ("2012/13 summer", MET, 2),
    ]  # fmt: skip
    assert judged(ON_ROLL, "fewer_exclusions") == [
        ("", UNKNOWN, 0), ("2012/13 autumn", UNKNOWN, 0), ("2012/13 spring", UNKNOWN, 0), ("2012/13 summer", UNKNOWN, 0),
    ]  # fmt: skip
    whole, autumn, spring, _ = judged(feeds, "less_absence")
    assert autumn == ("2012/13 autumn", NOT_MET, 28)
    assert spring == ("2012/13 spring", UNKNOWN, 14)
    assert whole[1] in (NOT_MET, UNKNOWN)


@pytest.mark.parametrize(("ruleset", "terms"), [("tf2-2015", 3), ("tf2-2020", 3), ("sf-2022", 2), ("ffp-2025", 2)])
def test_every_ruleset_asks_its_own_terms_since_the_work_began(ruleset, terms):
    _, members, facts = known_to(made_up_run(), ON_ROLL, ["F01"])
    rows = school_tests(load_ruleset(ruleset).rules, of_members(facts, members)).filter(person_id=ZOE)
    assert rows["place"].to_list() == list(range(terms + 1))
    assert rows["since_work"].all()
    assert rows["outcome"].is_in(["not_met", "unknown"]).all()
    assert rows["bound"].n_unique() == 1


TERMS = {
    "2012/13 autumn": (dt.date(2012, 9, 4), dt.date(2012, 12, 21)),
    "2012/13 spring": (dt.date(2013, 1, 7), dt.date(2013, 3, 28)),
    "2012/13 summer": (dt.date(2013, 4, 15), dt.date(2013, 7, 23)),
}


def made(who: str, whole: tuple[str, int], *terms: tuple[str, int], since_work: bool = False) -> list[SchoolTest]:
    """A test as published: outcome and value of 100 sessions, of the window and of its three terms."""
    of = {
        **{"person_id": who, "condition": "less_absence", "label": "each child has less than 15% absence"},
        **{"what": "sessions of absence", "bound": "less than 15%", "is_share": True, "since_work": since_work},
    }
    detail = "no attendance from school 1 for spring 2012/13"
    parts = [("", (dt.date(2012, 9, 4), dt.date(2013, 7, 23))), *TERMS.items()]
    return [
        SchoolTest(
            **of, place=place, term=term, first_day=first, last_day=last, outcome=outcome, value=value, out_of=100,
            detail=detail if outcome == UNKNOWN else None,
        )
        for place, ((term, (first, last)), (outcome, value)) in enumerate(zip(parts, (whole, *terms), strict=True))
    ]  # fmt: skip


RIA = made("ria", (NOT_MET, 17), (MET, 14), (NOT_MET, 19), (NOT_MET, 18))
TOM = made("tom", (UNKNOWN, 3), (MET, 3), (UNKNOWN, 0), (MET, 3))
SAM, ANN = (made(who, (MET, 3), (MET, 3), (MET, 3), (MET, 4)) for who in ("sam", "ann"))
NAMES = {"ria": "Ria (9)", "tom": "Tom (13)", "sam": "Sam (8)", "ann": "Ann (7)"}


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ([*SAM, *ANN], "All 2 school-age children meet the education test."),
        (SAM, "Sam (8), the one school-age child, meets the education test."),
        ([], school_test.NOBODY),
        (
            [*RIA, *TOM, *SAM],
            "Ria (9) does not meet the education test: sessions of absence come to 17% over the 3 terms, where the "
            "test asks for less than 15%: 19% in Spring term, 2012/13; 18% in Summer term, 2012/13. "
            "Of Tom (13) it is not known: no attendance from school 1 for spring 2012/13. Sam (8) meets it.",
        ),
    ],
    ids=["all", "one", "nobody", "not all"],
)
def test_one_line_says_who_does_not_meet_the_test_and_of_whom_it_is_not_known(tests, said):
    assert school_test.line(child_tests(Schooling(tests=tuple(tests)), None), NAMES) == said


def test_three_terms_are_ticks_crosses_or_not_known_under_their_days():
    shown = school_test.table(child_tests(Schooling(tests=(*RIA, *TOM)), None), NAMES)
    assert shown.columns[2:] == [
        "Autumn term, 2012/13: 4 Sep 2012 to 21 Dec 2012",
        "Spring term, 2012/13: 7 Jan 2013 to 28 Mar 2013",
        "Summer term, 2012/13: 15 Apr 2013 to 23 Jul 2013",
        "Together",
    ]
    assert [row[2:] for row in shown.rows()] == [
        ("✓ Met, 14%", "✗ Not met, 19%", "✗ Not met, 18%", "✗ Not met, 17%"),
        ("✓ Met, 3%", "? Not known", "✓ Met, 3%", "? Not known"),
    ]


@pytest.mark.parametrize(
    ("attached_on", "outcome", "cells"),
    [
        (dt.date(2012, 9, 1), MET, ("✓ Met, 3%", "✓ Met, 3%", "✓ Met, 4%", "✓ Met, 3%")),
        (dt.date(2012, 12, 21), MET, ("✓ Met, 3%", "✓ Met, 3%", "✓ Met, 4%", "✓ Met, 3%")),
        (dt.date(2012, 12, 22), NOT_YET, (school_test.BEFORE, "✓ Met, 3%", "✓ Met, 4%", "Not yet")),
        (None, NOT_YET, (*[school_test.BEFORE] * 3, "Not yet")),
    ],
    ids=["before", "on the last day", "a day late", "not begun"],
)
def test_terms_that_ended_before_the_work_began_do_not_count_where_the_rule_says_so(attached_on, outcome, cells):
    rows = made("sam", (MET, 3), (MET, 3), (MET, 3), (MET, 4), since_work=True)
    (test,) = child_tests(Schooling(tests=tuple(rows)), {"attached_on": attached_on})
    assert test.outcome == outcome
    assert school_test.table([test], NAMES).row(0)[2:] == cells
    if outcome == NOT_YET:
        assert "it is too early: " in school_test.line([test], NAMES)
