"""Two rulesets on the same facts: who is gained and lost, counted without giving anybody away."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_family import facts_of

from families.criteria.backtest import (
    ALL,
    CHANGES,
    ELIGIBLE,
    GROUPS,
    STRAND,
    backtest,
    compared,
    counted,
    equality_groups,
    without_small_numbers,
)
from families.criteria.case import Case
from families.criteria.case_facts import case_facts
from families.criteria.rulebook import load_ruleset
from families.criteria.small_numbers import FEWEST_SHOWN

AS_OF = dt.date(2012, 10, 1)


def assessed(*outcomes, strand=ELIGIBLE):
    return pl.DataFrame(
        [(f"F{number}", strand, outcome) for number, outcome in enumerate(outcomes) if outcome],
        schema=["family_id", "strand", "outcome"],
        orient="row",
    )


def test_a_change_is_named_by_what_each_ruleset_says():
    before = assessed("not_met", "unknown", "met", "met", "met", "not_met", "unknown", "not_met", None)
    after = assessed("met", "met", "not_met", "unknown", "met", "not_met", "unknown", "unknown", "met")
    assert compared(before, after)["change"].to_list() == [
        *("gained", "gained", "lost", "lost", "both", "neither", "neither", "unsettled", "gained"),
    ]


def child(name, born, **sessions):
    told = [{"term": "2011/12", "possible": 380, **sessions}]
    return {"name": name, "role": "child", "born": born, "sessions": told}


def people(*rows):
    return pl.DataFrame(rows, schema=["person_id", "sex"], orient="row")


@pytest.mark.parametrize(
    ("sexes", "children"),
    [
        ({"A": "F", "B": "F"}, "girls only"),
        ({"A": "F", "B": "M"}, "girls and boys"),
        ({"A": "M", "B": "M"}, "boys only"),
        ({"A": "M", "B": "U"}, "not known"),
        ({"A": None, "B": "F"}, "not known"),
    ],
)
def test_the_sex_of_the_children(sexes, children):
    ann = {"name": "Ann", "role": "parent", "born": dt.date(1970, 1, 1)}
    facts = facts_of(child("A", dt.date(2000, 1, 1)), child("B", dt.date(2006, 10, 1)), ann, as_of=AS_OF)
    told = {f"family/{name}": sex for name, sex in {**sexes, "Ann": "F"}.items()}
    found = equality_groups(facts, people(*told.items())).row(0, named=True)
    assert (found["sex_of_children"], found["sex_of_adults"]) == (children, "women only")


@pytest.mark.parametrize(
    ("born", "band"),
    [
        (dt.date(2007, 10, 2), "under 5"), (dt.date(2007, 10, 1), "5 to 10"), (dt.date(2001, 10, 2), "5 to 10"),
        (dt.date(2001, 10, 1), "11 and over"), (None, "not known"),
    ],
)  # fmt: skip
def test_the_age_of_the_youngest_child(born, band):
    facts = facts_of(child("A", dt.date(1997, 1, 1)), child("B", born), as_of=AS_OF)
    found = equality_groups(facts, people(("family/A", "F"))).row(0, named=True)
    assert found["youngest_child"] == band
    assert found["sex_of_adults"] == "not known"


def many(number):
    """The facts of so many families of a child with 56 of 380 sessions missed, and of one with none."""
    missed = {f"F{n}": 56 for n in range(number)} | {"other": 0}
    cases = {
        family: Case.model_validate(
            {"as_of": AS_OF, "person": [child("A", dt.date(2000, 1, 1), unauthorised=sessions)]}
        )
        for family, sessions in missed.items()
    }
    return case_facts(cases, as_of=AS_OF)


def test_a_switch_tried_gains_the_families_it_decides():
    plain, rounded = (load_ruleset("tf1-2012", switches=chosen).rules for chosen in ({}, {"rounding": "whole_percent"}))
    facts = many(7)
    groups = equality_groups(facts, people(*((f"F{n}/A", "F") for n in range(7))))
    found = backtest(rounded, against=plain, facts=facts, groups=groups)
    education = found.families.filter(pl.col("strand") == "education")
    assert education["change"].value_counts().sort("change").rows() == [("gained", 7), ("neither", 1)]
    numbers = {row[1:3]: row[3] for row in found.counts.rows() if row[0] == STRAND}
    assert numbers["education", ALL] == 8
    assert numbers["education", "lost"] == 0
    assert numbers["education", "neither"] is None  # one family only
    assert numbers["education", "gained"] is None  # or the one would be known from the total
    assert found.only_in_one == ()


def test_strands_of_one_ruleset_alone_are_named_and_not_compared():
    old, new = load_ruleset("tf1-2012").rules, load_ruleset("tf2-2015").rules
    facts = many(1)
    found = backtest(new, against=old, facts=facts, groups=equality_groups(facts, people(("F0/A", "F"))))
    assert {"local", "domestic_abuse"} <= set(found.only_in_one)
    assert found.counts.filter(pl.col("by") == STRAND)["value"].unique().sort().to_list() == ["education", ELIGIBLE]


changes = st.sampled_from([*CHANGES, "neither", "neither", "neither"])


@given(st.lists(st.tuples(changes, *[st.sampled_from("abc")] * 3), min_size=1, max_size=90), st.integers(1, 8))
@settings(max_examples=40, deadline=None)
def test_no_hidden_number_is_what_a_total_leaves(families, times):
    families = families * times
    rows = pl.DataFrame({"family_id": [str(n) for n in range(len(families))]}).with_columns(
        pl.lit(ELIGIBLE).alias("strand"), pl.Series("change", [each[0] for each in families])
    )
    groups = rows.select("family_id", *(pl.Series(g, [f[i + 1] for f in families]) for i, g in enumerate(GROUPS)))
    true = counted(rows, groups, strands=[ELIGIBLE])
    shown = without_small_numbers(true)
    assert shown.drop_nulls().join(true, on=true.columns, how="anti").is_empty()
    is_known = (shown["by"] == STRAND) & (shown["change"] == ALL)
    assert not shown["number"].is_between(1, FEWEST_SHOWN - 1).fill_null(False).filter(~is_known).any()
    hidden_in = [(rows.height, rows["number"].null_count()) for _, rows in shown.group_by("by", "value")]
    assert not [count for _, count in hidden_in if count == 1]
    for group in set(shown["by"]) - {STRAND}:
        columns = shown.filter((pl.col("by") == group) | (pl.col("value") == ELIGIBLE))
        for _, column in columns.group_by("change"):
            assert column["number"].null_count() != 1
