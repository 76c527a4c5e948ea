"""The school test of a result, term by term: each condition of absence or exclusions, of each child it is asked of.

A term is judged as if it were the whole window, with the rule's own bound; so is the window itself. The answer that
counts is the window's: a child may keep to the bound in every term and still miss it over all of them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl

from families.criteria.evaluate import asked_of_all, members_asked
from families.criteria.facts import Facts
from families.criteria.ruleset import Asked, MeasuredCondition, Ruleset
from families.criteria.windows import terms_of, window_of
from families.dates import Term

OF_SCHOOL = ("absence", "exclusions")
COLUMNS = pl.Schema({
    **dict.fromkeys(("family_id", "person_id", "condition"), pl.String), "place": pl.Int64,
    **dict.fromkeys(("label", "what", "bound"), pl.String), **dict.fromkeys(("is_share", "since_work"), pl.Boolean),
    "term": pl.String, "first_day": pl.Date, "last_day": pl.Date, "outcome": pl.String, "value": pl.Int64,
    "out_of": pl.Int64, "detail": pl.String,
})  # fmt: skip
WHOLE = 0  # the place of the window itself; its terms are 1, 2, 3


def school_tests(rules: Ruleset, facts: Facts) -> pl.DataFrame:
    """A row for each condition, child asked, and term of its window, and one for the window itself (place 0).

    family_id, person_id, condition, place, label, what, bound, is_share, since_work, term, first_day, last_day,
    outcome, value, out_of, detail.
    """
    found = [pl.DataFrame(schema=COLUMNS)]
    for condition in rules.condition:
        if condition.table in OF_SCHOOL and condition.asked_of == "child" and condition.of == "each":
            terms = terms_of(condition, facts)
            found.append(_judged(condition, rules, facts, place=WHOLE, term=None))
            found += [_of_term(condition, rules, facts, place, term) for place, term in enumerate(terms, 1)]
    told = pl.concat(found)
    asked_now = told.filter(pl.col("place") == WHOLE).select("family_id", "person_id", "condition")
    keys = ["family_id", "person_id", "condition"]
    return told.join(asked_now, on=keys, how="semi").sort(*keys, "place")


def _of_term(condition: MeasuredCondition, rules: Ruleset, facts: Facts, place: int, term: Term) -> pl.DataFrame:
    """The condition asked of a term alone on the day after it, against the bound of the window's own day."""
    is_over = term.last_day < facts.as_of
    alone = {"terms": 1, "academic_years": None, "including_current_term": not is_over}
    window = condition.window.model_copy(update=alone)
    of_term = condition.model_copy(update={"window": window, "bound": [condition.bound_on(facts.as_of)]})
    after = term.last_day + dt.timedelta(days=1) if is_over else facts.as_of
    return _judged(of_term, rules, replace(facts, as_of=after), place=place, term=term)


def _judged(asked: Asked, rules: Ruleset, facts: Facts, *, place: int, term: Term | None) -> pl.DataFrame:
    found = asked_of_all(asked, "", rules, facts, members_asked(rules, facts))
    window = window_of(asked, facts)
    return found.select(
        "family_id",
        "person_id",
        pl.lit(asked.id).alias("condition"),
        pl.lit(place, pl.Int64).alias("place"),
        pl.lit(asked.label).alias("label"),
        pl.lit(asked.what).alias("what"),
        "bound",
        pl.lit(asked.measure == "share").alias("is_share"),
        pl.lit(asked.window.since_attachment).alias("since_work"),
        pl.lit(term.key if term else "").alias("term"),
        pl.lit(window.first_day).alias("first_day"),
        pl.lit(window.last_day).alias("last_day"),
        "outcome",
        "value",
        "out_of",
        "detail",
    ).cast(COLUMNS)
