"""The school test of a result in words: one line for the family, and each child's terms with their days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from dashboard import words
from families.casebook.views import SchoolTest
from families.cases.schooling import MET, NOT_MET, NOT_YET, UNKNOWN, ChildTest, outcome_of_child

NOBODY = "No child of this family is asked an education test by the rules in force."
MARKS = {MET: "✓ Met", NOT_MET: "✗ Not met", UNKNOWN: "? Not known", NOT_YET: "Not yet"}
BEFORE = "Before the work began: does not count"


def line(tests: Sequence[ChildTest], names: Mapping[str, str]) -> str:
    """Whether all children meet the test, or who does not and by how much, and of whom it is not known."""
    of_child = {who: [each for each in tests if each.person_id == who] for who in names}
    asked = {who: (outcome_of_child(mine), mine) for who, mine in of_child.items() if mine}
    if not asked:
        return NOBODY
    met = [names[who] for who, (outcome, _) in asked.items() if outcome == MET]
    if len(met) == len(asked):
        return (
            f"All {len(asked)} school-age children meet the education test."
            if len(asked) > 1
            else f"{met[0]}, the one school-age child, meets the education test."
        )
    said = [_short_of(names[who], outcome, mine) for who, (outcome, mine) in asked.items() if outcome != MET]
    return " ".join([*said, *([f"{words.listed(met)} {'meets' if len(met) == 1 else 'meet'} it."] if met else [])])


def _short_of(name: str, outcome: str, tests: Sequence[ChildTest]) -> str:
    those = [each for each in tests if each.outcome == outcome]
    if outcome == NOT_MET:
        return f"{name} does not meet the education test: {'. Also, '.join(map(_by_how_much, those))}."
    if outcome == UNKNOWN:
        whys = dict.fromkeys(each.whole.detail or "no record tells" for each in those)
        return f"Of {name} it is not known: {'; '.join(whys)}."
    over = ", ".join(dict.fromkeys(f"{len(each.counted)} of {len(each.terms)}" for each in those))
    return f"For {name} it is too early: {over} terms are over since the work began."


def _by_how_much(test: ChildTest) -> str:
    """The measure over the whole window, and in each term that misses the bound by itself."""
    whole = test.whole
    terms = [f"{amount(each)} in {words.half_term(each.term)}" for each in test.terms if each.outcome == NOT_MET]
    alone = f": {'; '.join(terms)}" if terms else ""
    together = f"{whole.what} come to {amount(whole)} over the {len(test.terms)} terms"
    return f"{together}, where the test asks for {whole.bound}{alone}"


def amount(test: SchoolTest) -> str:
    """A measure as people say it: a share cut to a tenth and not rounded, or a number."""
    if not test.is_share:
        return str(test.value)
    return f"{test.value * 1000 // test.out_of / 10:g}%" if test.out_of else words.NOT_KNOWN


def table(tests: Sequence[ChildTest], names: Mapping[str, str]) -> pl.DataFrame:
    """A row for each child and condition: a tick, a cross or not known for each term, under its days, and the whole."""
    days = sorted({(each.first_day, each.last_day, each.term) for test in tests for each in test.terms})
    columns = {
        term: f"{words.half_term(term)}: {words.short_date(first)} to {words.short_date(last)}"
        for first, last, term in days
    }
    rows = [
        (
            names[test.person_id],
            words.capital(test.whole.label),
            *(_cell(test, term) for term in columns),
            _marked(test.outcome, test.whole),
        )
        for who in names
        for test in tests
        if test.person_id == who
    ]
    return pl.DataFrame(
        rows, schema=dict.fromkeys(("Who", "Test", *columns.values(), "Together"), pl.String), orient="row"
    )


def _cell(test: ChildTest, term: str) -> str:
    mine = next((each for each in test.terms if each.term == term), None)
    if mine is None:
        return words.NOT_ASKED
    return _marked(mine.outcome, mine) if term in test.counted else BEFORE


def _marked(outcome: str, test: SchoolTest) -> str:
    return f"{MARKS[outcome]}, {amount(test)}" if outcome in (MET, NOT_MET) else MARKS[outcome]
