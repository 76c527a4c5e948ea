"""The days and terms that a question asks about, from its window and the as-of date."""

from __future__ import annotations

import datetime as dt

import polars as pl

from families import dates
from families.criteria.facts import Facts
from families.criteria.ruleset import Asked
from families.dates import Term, Window
from families.errors import Refused

DAYS_A_WEEK = 7
_BEGINNING = dt.date(1900, 1, 1)


def window_of(asked: Asked, facts: Facts) -> Window:
    """The days asked about, both ends included. Terms are completed ones unless the rule takes in the current one."""
    rule, as_of = asked.window, facts.as_of
    if rule.terms is not None or rule.academic_years is not None:
        terms = terms_of(asked, facts)
        return Window(terms[0].first_day, min(terms[-1].last_day, as_of))
    if rule.months is not None:
        return Window(dates.months_before(as_of, rule.months), as_of)
    if rule.months_ahead is not None:
        return Window(as_of, dates.months_before(as_of, -rule.months_ahead))
    if rule.weeks is not None:
        return Window(as_of - dt.timedelta(days=rule.weeks * DAYS_A_WEEK - 1), as_of)
    return Window(_BEGINNING if rule.ever else as_of, as_of)


def terms_of(asked: Asked, facts: Facts) -> list[Term]:
    """The terms asked about, oldest first. Raises Refused where the calendar does not reach back so far."""
    rule = asked.window
    if rule.academic_years is not None:
        ended = dates.completed_terms(facts.as_of, len(facts.terms), facts.terms)
        years = sorted({term.academic_year for term in ended if term.name == "summer"})[-rule.academic_years :]
        terms, wanted = [term for term in ended if term.academic_year in years], rule.academic_years
        is_enough = len(years) == wanted
    else:
        wanted = rule.terms or 0
        terms = _last_terms(facts, wanted, including_current=rule.including_current_term)
        is_enough = len(terms) == wanted
    if not is_enough:
        raise Refused(f"The calendar holds too few completed terms before {facts.as_of}: choose a later date.")
    return terms


def _last_terms(facts: Facts, wanted: int, *, including_current: bool) -> list[Term]:
    if not including_current:
        return dates.completed_terms(facts.as_of, wanted, facts.terms)
    return [term for term in sorted(facts.terms) if term.first_day <= facts.as_of][-wanted:]


def baseline_of(asked: Asked, facts: Facts) -> pl.DataFrame:
    """The days a reduction is measured against, by person: person_id, base_from, base_to.

    They end the day before the window begins, or before the work with the family began; blank where that is not known.
    """
    window, people = window_of(asked, facts), facts.members.select("person_id").unique()
    months = asked.baseline.months if asked.baseline else 0
    if asked.baseline is None or asked.baseline.ends == "window":
        last = window.first_day - dt.timedelta(days=1)
        first = dates.months_before(window.first_day, months)
        return people.with_columns(base_from=pl.lit(first), base_to=pl.lit(last))
    return people.join(facts.attached, on="person_id", how="left").select(
        "person_id",
        pl.col("attached_on").dt.offset_by(f"-{months}mo").alias("base_from"),
        pl.col("attached_on").dt.offset_by("-1d").alias("base_to"),
    )
