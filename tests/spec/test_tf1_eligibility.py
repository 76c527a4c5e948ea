"""Phase 1 eligibility, case by case: reference date 1 October 2012, last three terms autumn 2011 to summer 2012."""

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest
from made_up_facts import Person, evaluated, facts_of, outcome

from families.criteria.evaluate import evaluate
from families.criteria.rulebook import load_ruleset

D = dt.date
AS_OF = D(2012, 10, 1)
TERMS = ("2011/12 autumn", "2011/12 spring", "2011/12 summer")
BORN_13 = D(1999, 3, 4)
BORN_37 = D(1975, 1, 1)
LAST_MONTH = D(2012, 9, 1)


def sessions(unauthorised: int, possible: int = 380, authorised: int = 0) -> dict[str, tuple[int, int, int]]:
    """A year's sessions, all in the first term but for what is possible in the others."""
    return {TERMS[0]: (unauthorised, authorised, possible - 200), TERMS[1]: (0, 0, 100), TERMS[2]: (0, 0, 100)}


def child(name="Ria", born=BORN_13, absent=None, events=(), **more) -> Person:
    return Person(name, born, sessions=sessions(0) if absent is None else absent, events=tuple(events), **more)


def adult(name="Ann", born=BORN_37, benefit=None, events=(), stated=LAST_MONTH) -> Person:
    claims = (("benefits", stated, None, {"benefit": benefit}),) if benefit else ()
    return Person(name, born, role="parent", events=claims + tuple(events), address_answered=stated)


def excluded(*days, category="FIXD"):
    return [("exclusions", day, None, {"category": category}) for day in days]


CP_PLAN = ("care_episodes", D(2012, 1, 5), None, {"kind": "CP", "category": None})


def offence(day):
    return ("offences", day, None, {"is_proven": True})


def asb(kind, day, until=None, ground="asb"):
    return ("asb_measures", day, until, {"kind": kind, "ground": ground})


CASES = {
    # id: (family, C, E, W, L, eligible)
    "P1-01": ([child(absent=sessions(57), events=[CP_PLAN]), adult(benefit="IS")], "no yes yes yes yes"),
    "P1-01 just under": ([child(absent=sessions(56), events=[CP_PLAN]), adult(benefit="IS")], "no no yes yes no"),
    "P1-03": ([child(absent=sessions(34, authorised=50), events=[CP_PLAN]), adult(benefit="IS")], "no no yes yes no"),
    "P1-04": (
        [child(events=[*excluded(D(2011, 10, 3), D(2012, 2, 1), D(2012, 5, 1)), CP_PLAN]), adult(benefit="JSA")],
        "no yes yes yes yes",
    ),
    "P1-05": ([child(events=excluded(D(2011, 7, 15), D(2012, 2, 1), D(2012, 5, 1))), adult()], "no no no no no"),
    "P1-08": (
        [child("A", events=excluded(D(2012, 2, 1), D(2012, 5, 1))), child("B", events=excluded(D(2012, 5, 2))), adult()],
        "no no no no no",
    ),
    "P1-09": ([child(events=excluded(D(2012, 2, 10), category="PERM")), adult()], "no yes no no no"),
    "P1-10": ([child(events=excluded(D(2010, 2, 10), category="PERM")), adult()], "no no no no no"),
    "P1-12": (
        [child(events=[("provision", D(2010, 3, 1), None, {"status": "after_exclusion"})]), adult()],
        "no yes no no no",
    ),
    "P1-13": (
        [child(born=D(1998, 3, 1), events=[("roll", D(2012, 6, 1), None, {"status": "off_roll"})], absent={}, at_school=False),
         adult()],
        "no yes no no no",
    ),
    "P1-14": (
        [child(born=D(1998, 3, 1), events=[("roll", D(2012, 6, 1), None, {"status": "home_educated"})], absent={}, at_school=False),
         adult()],
        "no no no no no",
    ),
    "P1-15 on the day": ([child(born=D(1996, 1, 1), events=[offence(D(2011, 10, 1))]), adult()], "yes no no no no"),
    "P1-15 a day before": ([child(born=D(1996, 1, 1), events=[offence(D(2011, 9, 30))]), adult()], "no no no no no"),
    "P1-16": ([child(born=D(1994, 3, 1), events=[offence(D(2012, 1, 10))], address_answered=LAST_MONTH), child("Bo"), adult()], "no no no no no"),
    "P1-18": ([child(), adult(events=[offence(D(2012, 3, 1))])], "no no no no no"),
    "P1-19": ([child(), adult(events=[asb("ABC", D(2011, 8, 1))])], "yes no no no no"),
    "P1-19 ended": ([child(), adult(events=[asb("ABC", D(2011, 8, 1), D(2012, 9, 30))])], "no no no no no"),
    "P1-21": ([child(), adult(events=[asb("NOSP", D(2012, 5, 1), ground="arrears")])], "no no no no no"),
    "P1-21 on ASB grounds": ([child(), adult(events=[asb("NOSP", D(2012, 5, 1))])], "yes no no no no"),
    "P1-22": (
        [child(events=[offence(D(2012, 4, 1)), ("provision", D(2012, 1, 9), None, {"status": "after_exclusion"})]),
         adult(benefit="ESA")],
        "yes yes yes no yes",
    ),
    "P1-23": ([child(absent=sessions(76), events=[offence(D(2012, 4, 1))]), adult()], "yes yes no no no"),
    "P1-25": ([child(events=[CP_PLAN]), adult(benefit="IS")], "no no yes yes no"),
    "P1-28": (
        [Person("Zoe", D(1995, 1, 1), role="parent", sessions=sessions(0), address_answered=D(2012, 9, 1),
                events=(("benefits", D(2012, 9, 1), None, {"benefit": "IS"}),)), child("Bo", born=D(2011, 1, 1)), adult()],
        "no no no no no",
    ),
    "P1-29": ([adult(benefit="JSA", events=[asb("ASBO", D(2012, 5, 1))])], "yes no yes no no"),
    "P1-56": (
        [child(absent={TERMS[0]: (20, 0, 200), TERMS[1]: (15, 0, 80), TERMS[2]: (18, 0, 100)}), adult()],
        "no no no no no",
    ),
}  # fmt: skip
WORDS = {"yes": "met", "no": "not_met", "?": "unknown"}


@pytest.mark.parametrize("case", CASES)
def test_worked_case(case):
    family, expected = CASES[case]
    found = outcome(family, as_of=AS_OF)
    strands = ("crime_asb", "education", "work", "local", "eligible")
    assert {strand: found[strand] for strand in strands} == dict(
        zip(strands, (WORDS[word] for word in expected.split()), strict=True)
    )


def test_no_rows_for_a_pupil_is_unknown_and_not_zero():
    """M-09."""
    assert outcome([child(absent={}), adult()], as_of=AS_OF)["education"] == "unknown"


def test_benefit_data_of_seven_months_ago_is_stale():
    """M-08."""
    made = evaluated([child(), adult(benefit="JSA", stated=D(2012, 2, 28))], as_of=AS_OF)
    work = made.findings.row(by_predicate=pl.col("criterion") == "out_of_work_benefit", named=True)
    assert work["outcome"] == "unknown"
    assert "2012-02-28, too old" in work["detail"]


def test_a_missing_term_leaves_a_child_unknown_until_it_cannot_change_the_answer():
    two_terms = {TERMS[0]: (30, 0, 140), TERMS[1]: (0, 0, 120)}
    assert outcome([child(absent=two_terms), adult()], as_of=AS_OF)["education"] == "unknown"
    hopeless = {TERMS[0]: (130, 0, 140), TERMS[1]: (100, 0, 120)}
    assert outcome([child(absent=hopeless), adult()], as_of=AS_OF)["education"] == "met"


@pytest.mark.parametrize(
    ("source", "strand"),
    [("youth_justice", "crime_asb"), ("asb", "crime_asb"), ("social_care", "local"), ("exclusions", "education")],
)
def test_a_source_not_delivered_makes_its_strand_unknown(source, strand):
    found = outcome([child(), adult()], as_of=AS_OF, not_delivered=(source,))
    assert found[strand] == "unknown"
    assert found["eligible"] in ("not_met", "unknown")


def test_met_stays_met_whatever_is_not_delivered():
    family = [child(absent=sessions(57), events=[CP_PLAN]), adult(benefit="IS")]
    assert outcome(family, as_of=AS_OF, not_delivered=("exclusions", "youth_justice"))["eligible"] == "met"


def test_two_of_three_known_and_local_unknown_leaves_eligibility_unknown():
    family = [child(absent=sessions(57)), adult(benefit="IS")]
    assert outcome(family, as_of=AS_OF, not_delivered=("social_care",))["eligible"] == "unknown"


@pytest.mark.parametrize(
    ("answered", "claimants", "expected"),
    [(None, 0, "unknown"), (LAST_MONTH, 0, "not_met"), (LAST_MONTH, 1, "unknown"), (D(2012, 2, 1), 0, "unknown")],
)
def test_a_family_of_whom_no_adult_is_known_goes_by_what_dwp_answered_for_its_address(answered, claimants, expected):
    family = [child(address_answered=answered, claimants_at_address=claimants)]
    assert outcome(family, as_of=AS_OF)["work"] == expected


def test_alternative_provision_for_another_reason_does_not_count():
    family = [child(events=[("provision", D(2012, 1, 1), None, {"status": "other_reason"})]), adult()]
    assert outcome(family, as_of=AS_OF)["education"] == "not_met"


@pytest.mark.parametrize("born", [BORN_13, None])
def test_a_child_of_whom_only_the_name_was_delivered_is_unknown_in_every_limb_of_education(born):
    made = evaluated([child(born=born, absent={}, at_school=False)], as_of=AS_OF)
    education = made.findings.filter(pl.col("strand") == "education")
    assert set(education["outcome"]) == {"unknown"}
    assert education.height == 5


def test_a_hole_in_a_feed_is_not_covered():
    facts = facts_of([child(), adult()], as_of=AS_OF)
    holed = pl.concat(
        [
            facts.coverage.filter(pl.col("source") != "youth_justice"),
            *(
                facts.coverage.filter(pl.col("source") == "youth_justice").with_columns(
                    covers_from=pl.lit(first), covers_to=pl.lit(last)
                )
                for first, last in ((D(2011, 9, 1), D(2011, 12, 31)), (D(2012, 8, 1), AS_OF))
            ),
        ]
    )
    made = evaluate(load_ruleset("tf1-2012").rules, replace(facts, coverage=holed))
    offences = made.findings.filter(pl.col("criterion") == "youth_offence")
    assert offences["outcome"].to_list() == ["unknown"]
    assert "without a hole only to 2012-08-01" in offences["detail"][0]
