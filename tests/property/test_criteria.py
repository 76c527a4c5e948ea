"""Whatever the family and the ruleset: the order of rows changes nothing, and less data only makes things unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from made_up_families import DAYS, SOURCES, Village, villages

from families.criteria.case import Case, Person
from families.criteria.evaluate import evaluate
from families.criteria.results import evaluate_results

FEW = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
GROWING = ("at_least", "more_than")


def outcomes(village: Village) -> dict[tuple[str, str], str]:
    """Strands and eligibility of each family."""
    assessments = evaluate(village.rules, village.facts(village.day)).assessments
    return {(family, strand): outcome for family, strand, outcome in assessments.drop("reason").rows()}


def with_people(village: Village, change: Callable[[Person], Person]) -> Village:
    cases = [case.model_copy(update={"person": [change(person) for person in case.person]}) for case in village.cases]
    return replace(village, cases=tuple(cases))


@pytest.mark.parametrize("ruleset", DAYS)
@given(st.data(), st.randoms(use_true_random=False))
@FEW
def test_the_order_of_rows_changes_nothing(ruleset, data, random):
    def shuffled(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.sample(fraction=1, shuffle=True, seed=random.randrange(2**32))

    village = data.draw(villages(ruleset, families=8))
    facts, casework = village.facts(village.day), village.casework()
    frames = {name: value for name, value in vars(facts).items() if isinstance(value, pl.DataFrame)}
    mixed = replace(
        facts,
        **{name: shuffled(frame) for name, frame in frames.items()},
        events={name: shuffled(rows) for name, rows in facts.events.items()},
    )
    first, second = evaluate(village.rules, facts), evaluate(village.rules, mixed)
    for name in vars(first):
        assert getattr(first, name).equals(getattr(second, name)), name
    other = replace(casework, **{name: shuffled(frame) for name, frame in vars(casework).items()})
    told = [
        evaluate_results(village.rules, each, work, entry=first) for each, work in ((facts, casework), (mixed, other))
    ]
    for name in vars(told[0]):
        assert getattr(told[0], name).equals(getattr(told[1], name)), name


@pytest.mark.parametrize("ruleset", DAYS)
@given(st.data())
@FEW
def test_a_source_taken_away_only_makes_things_unknown(ruleset, data):
    """What was met or not met becomes unknown or stays, and what was unknown stays unknown."""
    village = data.draw(villages(ruleset, families=8, not_known=False))
    lost = data.draw(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=4, unique=True))
    of_all = data.draw(st.booleans())

    def without(person: Person) -> Person:
        return person.model_copy(update={"not_known": lost})

    less = (
        replace(village, cases=tuple(_silent(case, lost) for case in village.cases))
        if of_all
        else with_people(village, without)
    )
    before, after = outcomes(village), outcomes(less)
    assert {key: (before[key], after[key]) for key in before if after[key] not in (before[key], "unknown")} == {}


def _silent(case: Case, sources: list[str]) -> Case:
    return case.model_copy(update={"not_known": sources})


@pytest.mark.parametrize("ruleset", DAYS)
@given(st.data())
@FEW
def test_more_absence_never_undoes_an_absence_criterion(ruleset, data):
    village = data.draw(villages(ruleset, families=8))
    more = data.draw(st.integers(1, 60))

    def worse(person: Person) -> Person:
        if person.sessions is None:
            return person
        told = [
            term.model_copy(update={"unauthorised": min(term.unauthorised + more, term.possible - term.authorised)})
            for term in person.sessions
        ]
        return person.model_copy(update={"sessions": told})

    before, after = (_absence_met(each) for each in (village, with_people(village, worse)))
    assert before - after == set()


def _absence_met(village: Village) -> set[tuple[str, str]]:
    """Who meets which criterion of absence."""
    growing = [
        asked.id
        for asked in village.rules.criterion
        if asked.table == "absence" and asked.bound_on(village.day).comparison[0] in GROWING
    ]
    assert growing
    findings = evaluate(village.rules, village.facts(village.day)).findings
    met = findings.filter(pl.col("criterion").is_in(growing), pl.col("outcome") == "met")
    return set(met.select("person_id", "criterion").rows())


@pytest.mark.parametrize("ruleset", DAYS)
@given(st.data())
@FEW
def test_neighbours_change_nothing(ruleset, data):
    """A family is judged alike alone and in its village."""
    village = data.draw(villages(ruleset, families=6))
    alone = replace(village, cases=village.cases[:1])
    together = outcomes(village)
    assert {key: together[key] for key in outcomes(alone)} == outcomes(alone)
