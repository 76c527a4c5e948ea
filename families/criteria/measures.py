"""The closed set of measures, each over whole tables: what a criterion counts, and for whom it cannot be known.

A measure returns one row a person: person_id, value, out_of, newest_on, evidence (JSON list of [source, delivery,
row]). A gap returns person_id, missing (sessions not delivered, where that is the measure), why.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from families import dates
from families.criteria import facts as known
from families.criteria.facts import EVIDENCE, Facts
from families.criteria.ruleset import Criterion
from families.dates import Window
from families.errors import Refused

FEEDS = {
    "offences": "youth_justice",
    "asb_measures": "asb",
    "care_episodes": "social_care",
}


def window_of(criterion: Criterion, facts: Facts) -> Window:
    """The days a criterion asks about. Terms are completed ones; months run to the as-of date, both days included."""
    rule = criterion.window
    if rule.terms is not None:
        terms = _terms(criterion, facts)
        return Window(terms[0].first_day, terms[-1].last_day)
    if rule.months is not None:
        return Window(dates.months_before(facts.as_of, rule.months), facts.as_of)
    return Window(facts.as_of, facts.as_of)


def _terms(criterion: Criterion, facts: Facts) -> list[dates.Term]:
    wanted = criterion.window.terms or 0
    terms = dates.completed_terms(facts.as_of, wanted, facts.terms)
    if len(terms) < wanted:
        raise Refused(f"The calendar holds no {wanted} completed terms before {facts.as_of}: choose a later date.")
    return terms


def measured(criterion: Criterion, facts: Facts) -> pl.DataFrame:
    """The criterion's measure for every person of whom any row tells."""
    window = window_of(criterion, facts)
    if criterion.measure == "share":
        return _share(criterion, facts)
    rows = _wanted(criterion, facts)
    if criterion.measure == "count":
        return _tally(rows.filter(pl.col("on").is_between(window.first_day, window.last_day)))
    begun = pl.col("on").fill_null(window.first_day) <= window.last_day
    return _tally(rows.filter(begun, pl.col("until").is_null() | (pl.col("until") >= window.first_day)))


def _wanted(criterion: Criterion, facts: Facts) -> pl.DataFrame:
    rows = facts.events[criterion.table].filter(
        pl.all_horizontal(pl.col(name).is_in(values) for name, values in criterion.where.items())
        if criterion.where
        else pl.lit(True)
    )
    if criterion.table == "benefits":
        return rows.filter(pl.col("on") >= _oldest_fresh_day(criterion, facts))
    return rows


def _oldest_fresh_day(criterion: Criterion, facts: Facts) -> dt.date:
    return dates.months_before(facts.as_of, criterion.fresh_within_months or 0)


def _evidence() -> pl.Expr:
    """Rows as JSON, in a fixed order."""
    item = pl.format('["{}","{}",{}]', *EVIDENCE)
    return pl.format("[{}]", item.sort().unique(maintain_order=True).str.join(",")).alias("evidence")


def _tally(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("person_id").agg(
        pl.len().cast(pl.Int64).alias("value"),
        pl.lit(None, dtype=pl.Int64).alias("out_of"),
        pl.col("on").max().alias("newest_on"),
        _evidence(),
    )


def _share(criterion: Criterion, facts: Facts) -> pl.DataFrame:
    """Sessions of the last completed terms, pooled over terms and schools: sums, never a mean of rates."""
    terms = _terms(criterion, facts)
    asked = pl.DataFrame(
        [(term.academic_year, term.name, term.last_day) for term in terms],
        schema={"academic_year": pl.String, "term": pl.String, "last_day": pl.Date},
        orient="row",
    )
    return (
        facts.absence.join(asked, on=["academic_year", "term"])
        .group_by("person_id")
        .agg(
            pl.col(criterion.numerator or "").sum().cast(pl.Int64).alias("value"),
            pl.col(criterion.denominator or "").sum().cast(pl.Int64).alias("out_of"),
            pl.col("last_day").max().alias("newest_on"),
            _evidence(),
        )
    )


def gaps(criterion: Criterion, facts: Facts) -> pl.DataFrame:
    """People of whom the criterion's facts are not, or not wholly, known."""
    window = window_of(criterion, facts)
    match criterion.table:
        case "absence":
            return known.attendance_gaps(facts, _terms(criterion, facts))
        case "exclusions":
            return known.exclusion_gaps(facts, window)
        case "roll":
            return known.roll_gaps(facts)
        case "provision":
            return known.provision_gaps(facts)
        case "benefits":
            return _benefit_gaps(criterion, facts)
        case table:
            return _feed_gaps(FEEDS[table], criterion, facts)


def _benefit_gaps(criterion: Criterion, facts: Facts) -> pl.DataFrame:
    """People whose address DWP did not answer for, or not lately; an old answer is named with its date."""
    fresh = fresh_benefit_checks(criterion, facts)
    return (
        facts.members.select("person_id")
        .unique()
        .join(fresh, on="person_id", how="anti")
        .join(facts.benefit_checks.select("person_id", "stated_on", "is_doubted"), on="person_id", how="left")
        .sort("person_id")
        .select(
            "person_id",
            pl.lit(None, dtype=pl.Int64).alias("missing"),
            pl.when(pl.col("is_doubted"))
            .then(pl.lit("others pay council tax at the address, and nobody of the family"))
            .when(pl.col("stated_on").is_null())
            .then(pl.lit("DWP has not answered for the address"))
            .otherwise(pl.format("the newest benefit data is of {}, too old to rely on", "stated_on"))
            .alias("why"),
        )
    )


def _nobody(everybody: pl.DataFrame) -> pl.DataFrame:
    none = everybody.clear()
    return none.with_columns(pl.lit(None, dtype=pl.Int64).alias("missing"), pl.lit("").alias("why"))


def fresh_benefit_checks(criterion: Criterion, facts: Facts) -> pl.DataFrame:
    """The benefit checks that are not too old to rely on."""
    return facts.benefit_checks.filter(pl.col("stated_on") >= _oldest_fresh_day(criterion, facts))


def _feed_gaps(source: str, criterion: Criterion, facts: Facts) -> pl.DataFrame:
    """Everybody, where the authority's feed does not reach over the window; else nobody."""
    window = window_of(criterion, facts)
    spoken = known.unbroken(facts.coverage.filter(pl.col("source") == source))
    everybody = facts.members.select("person_id").unique().sort("person_id")
    if spoken is None:
        why = "nothing was delivered"
    elif spoken.last_day < _oldest_fresh_day(criterion, facts):
        why = f"the newest data reaches to {spoken.last_day}"
    elif not criterion.window.current and spoken.first_day > window.first_day:
        why = f"data reaches back without a hole only to {spoken.first_day}"
    else:
        return _nobody(everybody)
    return everybody.with_columns(pl.lit(None, dtype=pl.Int64).alias("missing"), pl.lit(why).alias("why"))
