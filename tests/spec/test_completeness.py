"""Every bound of every ruleset has its four cases beside this file: on it, beside it, outside what is asked, unknown.

Which case serves for what is read off its findings (value against bound, rows that do not count), never off its id.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import pytest
from slow_evaluator import (
    LONG_AGO,
    MET,
    NOT_MET,
    UNKNOWN,
    Family,
    Known,
    added_up,
    bound_on,
    outcome,
)

from families.criteria.case import Case, Person, read_cases
from families.criteria.rulebook import load_ruleset, shipped
from families.criteria.ruleset import Asked, Bound, MeasuredCondition

FOUR = ("on it", "just beside it", "outside what is asked", "not known")
CASES = [case for file in sorted(Path(__file__).parent.glob("*.toml")) for case in read_cases(file) if case.person]


@dataclass(frozen=True)
class Answer:
    """What a question came to, of one person or of a family together."""

    asked: Asked
    bound: Bound
    known: Known
    outcome: str


@pytest.mark.parametrize("ruleset", shipped())
def test_every_bound_has_its_four_cases(ruleset):
    shown = _shown(ruleset)
    lacking = [
        f"{asked.id}, {_bound_in_words(bound)}: no case {which}"
        for asked in _asked(ruleset)
        for bound in asked.bound
        for which in FOUR
        if not shown[asked.id, _bound_in_words(bound), which]
    ]
    assert lacking == [], f"{ruleset} lacks cases:\n" + "\n".join(lacking)


def test_a_bound_without_its_cases_is_told():
    """The test itself: with one criterion's cases taken away, what lacks is named."""
    kept = [case for case in CASES if not case.id.startswith("tf1-2012 high_cost")]
    shown = _shown("tf1-2012", [case for case in kept if not any(person.nominations for person in case.person)])
    assert not shown["high_cost", "1 or more", "on it"]
    assert shown["youth_offence", "1 or more", "on it"]


def _asked(ruleset: str) -> list[Asked]:
    rules = load_ruleset(ruleset).rules
    return [*rules.criterion, *rules.condition]


def _bound_in_words(bound: Bound) -> str:
    dates_ = [f"{word} {day}" for word, day in (("from", bound.from_), ("to", bound.to)) if day]
    return " ".join([bound.words, *dates_])


def _shown(ruleset: str, cases: list[Case] | None = None) -> Counter[tuple[str, str, str]]:
    """How often each bound is shown in each of the four ways, by cases that leave the question as it stands."""
    shown: Counter[tuple[str, str, str]] = Counter()
    standing = load_ruleset(ruleset).rules.asked()
    for case in cases or CASES:
        if case.ruleset != ruleset:
            continue
        rules = load_ruleset(ruleset, switches=case.switches).rules
        claim_on = (case.programme.claim_on if case.programme else None) or case.as_of
        for asked in (*rules.criterion, *rules.condition):
            if asked != standing[asked.id]:
                continue
            of_result = isinstance(asked, MeasuredCondition)
            if of_result and case.programme is None:
                continue
            family = Family(case, rules, claim_on if of_result else case.as_of)
            bound = bound_on(asked, family.day)
            for which in set(_ways(asked, bound, family)):
                shown[asked.id, _bound_in_words(bound), which] += 1
    return shown


def _ways(asked: Asked, bound: Bound, family: Family) -> Iterator[str]:
    people = [person for person in family.members if family.is_asked(person, asked)]
    measures = [family.measured(asked, person) for person in people]
    if isinstance(asked, MeasuredCondition) and asked.of == "together" and measures:
        measures = [added_up(measures)]
    for known in measures:
        found = outcome(asked, bound, known)
        if found == UNKNOWN:
            yield "not known"
        elif not known.has_gap:
            if _is_on(asked, bound, known):
                yield "on it"
            if _is_beside(asked, bound, known, found):
                yield "just beside it"
    if any(_has_outside(asked, bound, family, person) for person in family.people):
        yield "outside what is asked"


def _is_on(asked: Asked, bound: Bound, known: Known) -> bool:
    """Whether the measure is exactly what the bound names."""
    if asked.measure == "share":
        return known.out_of > 0 and Fraction(100 * known.value, known.out_of) == bound.comparison[1]
    if asked.measure == "reduction":
        return known.out_of > 0 and _fall(asked, known) == Fraction(*bound.reduction)
    return known.value == bound.comparison[1]


def _fall(asked: Asked, known: Known) -> Fraction:
    assert asked.baseline is not None
    now = Fraction(known.value * asked.baseline.months, asked.window.months or 1)
    return (known.out_of - now) / known.out_of


def _is_beside(asked: Asked, bound: Bound, known: Known, found: str) -> bool:
    """Whether one more or one fewer would turn the answer, and the measure is not on the bound itself."""
    if _is_on(asked, bound, known):
        return False
    steps = [replace(known, value=known.value + by) for by in (1, -1) if known.value + by >= 0]
    if asked.measure == "share":
        steps = [step for step in steps if step.value <= step.out_of]
    return any(outcome(asked, bound, step) not in (found, UNKNOWN) for step in steps)


def _has_outside(asked: Asked, bound: Bound, family: Family, person: Person) -> bool:
    """Whether something on record would turn a known answer if its day, or whose it is, were asked about."""
    is_asked = person in family.members and family.is_asked(person, asked)
    known = family.measured(asked, person) if is_asked else Known()
    if known.has_gap:
        return False
    more = _outside(asked, family, person, is_asked=is_asked)
    if asked.measure == "reduction":
        return more.value > 0
    if more.value == 0 and more.out_of == 0:
        return False
    found = outcome(asked, bound, known if is_asked else Known(out_of=more.out_of))
    both = replace(known, value=known.value + more.value, out_of=known.out_of + more.out_of)
    return any({found, outcome(asked, bound, each)} == {MET, NOT_MET} for each in (both, more))


def _outside(asked: Asked, family: Family, person: Person, *, is_asked: bool) -> Known:
    """What is on record and does not count: of other days, or of somebody who is not asked."""
    if asked.measure == "share":
        return _sessions_outside(asked, family, person, is_asked=is_asked)
    if asked.table == "benefits":
        kinds = asked.where["benefit"]
        told = family.benefits_told_on()
        held = [b for b in person.benefits if b.kind in kinds and (b.from_ or told) <= told <= (b.to or told)]
        return Known(len([b for b in person.benefits if b.kind in kinds]) - (len(held) if is_asked else 0))
    rows = [
        row
        for row in family.rows(asked.table, person)
        if all(row.facts[name] in values for name, values in asked.where.items())
    ]
    counted = {id_of(row) for row in family.counted(asked, person)} if is_asked else set()
    if asked.measure == "duration":
        window = family.window(asked)
        ends = [(max(row.began, LONG_AGO), row.until or window.last_day) for row in rows]
        before = sum(
            (min(last, window.first_day - dt.timedelta(days=1)) - first).days + 1
            for first, last in ends
            if first < window.first_day
        )
        return Known(before // 7)
    left = [row for row in rows if id_of(row) not in counted]
    if asked.measure == "total":
        return Known(sum(int(str(row.facts[asked.total_of or ""])) for row in left))
    return Known(len(left))


def id_of(row: object) -> str:
    return repr(row)


def _sessions_outside(asked: Asked, family: Family, person: Person, *, is_asked: bool) -> Known:
    """Sessions of other terms."""
    order = {"possible": 0, "authorised": 1, "unauthorised": 2}
    asked_about = family.terms_counted(asked) if is_asked else []
    others = [counts for term, counts in family.sessions(person).items() if term not in asked_about]
    value = sum(counts[order[name]] for counts in others for name in asked.numerator)
    return Known(value, sum(counts[0] for counts in others)) if value else Known()
