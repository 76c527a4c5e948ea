"""Of whom a kind of fact is not known for a window, and why: there silence means unknown, never no.

Each gap table has person_id, missing (sessions not delivered, where that is the measure) and why.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from families import dates
from families.criteria.askable import ASKABLE
from families.criteria.facts import (
    PRU,
    SHORTEST_STAY_DAYS,
    SUMMER_HOLIDAYS_DAYS,
    Facts,
    fresh_from,
    in_force,
    on_roll,
)
from families.criteria.measures import doubtful_rows
from families.criteria.ruleset import Asked
from families.criteria.windows import baseline_of, terms_of, window_of
from families.dates import Term, Window


def attendance_gaps(facts: Facts, terms: list[Term], *, since_attachment: bool = False) -> pl.DataFrame:
    """Half terms a child was on roll for with no sessions delivered: person_id, missing (sessions), why."""
    units = half_terms(terms).with_row_index("unit")
    expected = (
        facts.stays.select("person_id", "school", "starts", "ends")
        .join(units, how="cross")
        .with_columns(
            pl.max_horizontal(pl.col("starts").fill_null(dt.date.min), "first_day").alias("from"),
            pl.min_horizontal("ends", pl.lit(facts.as_of), "last_day").alias("to"),
        )
        .with_columns((pl.business_day_count("from", pl.col("to").dt.offset_by("1d"))).alias("days"))
        .filter(pl.col("to") >= pl.col("from").dt.offset_by(f"{SHORTEST_STAY_DAYS}d"))
        .join(school_ages(facts), on="person_id", how="left")
        .filter(
            pl.col("school_age_from").is_null()
            | pl.col("from").is_between(pl.col("school_age_from"), pl.col("school_age_to"))
        )
    )
    unit = ["person_id", "school", "unit"]
    known = facts.absence.select("person_id", "school", "academic_year", "term", "half")
    delivered = [
        known.drop_nulls("half").join(units, on=["academic_year", "term", "half"]).select(unit),
        known.filter(pl.col("half").is_null()).join(units, on=["academic_year", "term"]).select(unit),
    ]
    missing = expected.join(pl.concat(delivered), on=unit, how="anti")
    if since_attachment:
        missing = missing.join(facts.attached, on="person_id", how="left").filter(
            pl.col("attached_on").is_null() | (pl.col("term_ends") >= pl.col("attached_on"))
        )
    not_delivered = (
        missing.sort("person_id", "first_day", "school")
        .group_by("person_id", maintain_order=True)
        .agg(
            (pl.col("days").sum() * 2).cast(pl.Int64).alias("missing"),
            pl.format("no attendance from school {} for {} {}", "school", "term", "academic_year")
            .unique(maintain_order=True)
            .str.join("; ")
            .alias("why"),
        )
    )
    days = units.select((pl.business_day_count("first_day", pl.col("last_day").dt.offset_by("1d"))).sum()).item()
    nowhere = of_no_known_school(facts, Window(terms[0].first_day, terms[-1].last_day))
    return pl.concat([not_delivered, nowhere.with_columns(pl.lit(days * 2, dtype=pl.Int64).alias("missing"))])


def of_no_known_school(facts: Facts, window: Window) -> pl.DataFrame:
    """Children of school age, or of unknown age, whom no source places at a school in a window, nor at home."""
    at_school = facts.stays.filter(
        pl.col("starts").fill_null(window.first_day) <= window.last_day,
        pl.col("ends").fill_null(window.last_day) >= window.first_day,
    )
    placed = pl.concat([at_school.select("person_id"), facts.events["roll"].select("person_id")])
    of_age = pl.col("school_age_from").is_null() | (
        (pl.col("school_age_from") <= window.last_day) & (pl.col("school_age_to") >= window.first_day)
    )
    return (
        facts.members.filter(pl.col("role") == "child")
        .select("person_id")
        .unique()
        .join(school_ages(facts), on="person_id", how="left")
        .filter(of_age)
        .join(placed, on="person_id", how="anti")
        .join(_attending_within(facts, window), on="person_id", how="anti")
        .sort("person_id")
        .select(
            "person_id",
            pl.lit(None, dtype=pl.Int64).alias("missing"),
            pl.lit("no school is known").alias("why"),
        )
    )


def _attending_within(facts: Facts, window: Window) -> pl.DataFrame:
    """Of whom attendance is on record in terms that meet a window."""
    terms = [term for term in facts.terms if term.first_day <= window.last_day and term.last_day >= window.first_day]
    keys = pl.DataFrame(
        [(term.academic_year, term.name) for term in terms],
        schema={"academic_year": pl.String, "term": pl.String},
        orient="row",
    )
    on_record = facts.absence.select("person_id", "academic_year", "term")
    return on_record.join(keys, on=["academic_year", "term"], how="semi").select("person_id")


def half_terms(terms: list[Term]) -> pl.DataFrame:
    """The half terms of terms, cut to the days taught."""
    rows = [
        (
            term.academic_year,
            term.name,
            half,
            max(term.first_day, window.first_day),
            min(term.last_day, window.last_day),
            term.last_day,
        )
        for term in terms
        for name, half, window in dates.reporting_half_terms(int(term.academic_year[:4]))
        if name == term.name and window.first_day <= term.last_day and window.last_day >= term.first_day
    ]
    schema = {
        "academic_year": pl.String,
        "term": pl.String,
        "half": pl.Int32,
        "first_day": pl.Date,
        "last_day": pl.Date,
        "term_ends": pl.Date,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def school_ages(facts: Facts) -> pl.DataFrame:
    """First and last day of compulsory school age of each child with a date of birth."""
    return facts.once(("school ages",), lambda: _school_ages(facts))


def _school_ages(facts: Facts) -> pl.DataFrame:
    births = facts.members.select("person_id", "date_of_birth").drop_nulls().unique("person_id")
    days = births.select(pl.col("date_of_birth").unique().sort()).to_series()
    ages = pl.DataFrame(
        {
            "date_of_birth": days,
            "school_age_from": [dates.compulsory_age_starts(day) for day in days],
            "school_age_to": [dates.school_leaving_date(day) for day in days],
        },
        schema={"date_of_birth": pl.Date, "school_age_from": pl.Date, "school_age_to": pl.Date},
    )
    return births.join(ages, on="date_of_birth").drop("date_of_birth").sort("person_id")


def exclusion_gaps(facts: Facts, window: Window) -> pl.DataFrame:
    """Children at a school whose exclusions were not delivered for the whole window: person_id, missing, why."""
    covered = _covered(facts.coverage.filter(pl.col("source") == "exclusions"), facts.stays, window)
    at_school = facts.stays.filter(
        pl.col("starts").fill_null(window.first_day) <= window.last_day,
        pl.col("ends").fill_null(window.last_day) >= window.first_day,
    ).with_columns(
        pl.max_horizontal(pl.col("starts").fill_null(window.first_day), pl.lit(window.first_day)).alias("from"),
        pl.min_horizontal(pl.col("ends").fill_null(window.last_day), pl.lit(window.last_day)).alias("to"),
    )
    gaps = at_school.join(covered, on="school", how="left").filter(
        pl.col("covers_from").is_null()
        | (pl.col("covers_from") > pl.col("from"))
        | (pl.col("covers_to") < pl.col("to"))
    )
    not_delivered = (
        gaps.sort("person_id", "school")
        .group_by("person_id", maintain_order=True)
        .agg(
            pl.lit(None, dtype=pl.Int64).alias("missing"),
            pl.format("exclusions of school {} are not delivered for the whole time", "school")
            .unique(maintain_order=True)
            .str.join("; ")
            .alias("why"),
        )
    )
    return pl.concat([not_delivered, of_no_known_school(facts, window)])


def unbroken(coverage: pl.DataFrame) -> Window | None:
    """The latest stretch of days that an authority-wide feed covers without a hole; None where it covers none."""
    stretch: Window | None = None
    for first, last in coverage.select("covers_from", "covers_to").sort("covers_from", "covers_to").rows():
        if stretch is None or first > stretch.last_day + dt.timedelta(days=1):
            stretch = Window(first, last)
        else:
            stretch = Window(stretch.first_day, max(last, stretch.last_day))
    return stretch


def _covered(coverage: pl.DataFrame, stays: pl.DataFrame, window: Window) -> pl.DataFrame:
    """For each school with pupils, the latest unbroken stretch of days covered that meets the window.

    Stretches with no more than the summer holidays between them count as one: nobody is excluded then.
    """
    everywhere = coverage.filter(pl.col("school").is_null()).drop("school")
    schools = stays.select("school").drop_nulls().unique()
    own = coverage.drop_nulls("school")
    spread = pl.concat([own, everywhere.join(schools, how="cross").select(own.columns)])
    return (
        spread.sort("school", "covers_from", "covers_to")
        .with_columns(pl.col("covers_to").cum_max().over("school").alias("reached"))
        .with_columns(
            (pl.col("covers_from") > pl.col("reached").shift(1).over("school").dt.offset_by(f"{SUMMER_HOLIDAYS_DAYS}d"))
            .fill_null(False)
            .cum_sum()
            .over("school")
            .alias("stretch")
        )
        .group_by("school", "stretch", maintain_order=True)
        .agg(pl.col("covers_from").min(), pl.col("covers_to").max())
        .filter(pl.col("covers_from") <= window.last_day, pl.col("covers_to") >= window.first_day)
        .sort("school", "covers_to", "covers_from")
        .unique("school", keep="last", maintain_order=True)
        .drop("stretch")
    )


def roll_gaps(facts: Facts) -> pl.DataFrame:
    """Children of compulsory school age of whom it is not known where they are educated: person_id, missing, why."""
    settled = pl.concat(
        [
            on_roll(facts.stays, as_of=facts.as_of).select("person_id"),
            in_force(facts.events["roll"], facts.as_of).select("person_id"),
            in_force(facts.events["provision"], facts.as_of).select("person_id"),
        ]
    )
    last = facts.stays.sort("person_id", "ends", nulls_last=True).unique("person_id", keep="last", maintain_order=True)
    ageless = facts.members.filter(pl.col("role") == "child", pl.col("date_of_birth").is_null())
    return (
        school_ages(facts)
        .filter(pl.col("school_age_from") <= facts.as_of, pl.col("school_age_to") >= facts.as_of)
        .select("person_id")
        .vstack(ageless.select("person_id").unique().sort("person_id"))
        .join(settled, on="person_id", how="anti")
        .join(last.select("person_id", "school", "ends"), on="person_id", how="left", maintain_order="left")
        .select(
            "person_id",
            pl.lit(None, dtype=pl.Int64).alias("missing"),
            pl.when(pl.col("school").is_null())
            .then(pl.lit("no school is known"))
            .otherwise(pl.format("left school {} and no other is known", "school"))
            .alias("why"),
        )
    )


def provision_gaps(facts: Facts) -> pl.DataFrame:
    """As `roll_gaps`, and children on the roll of a unit of whom no exclusion is known: person_id, missing, why."""
    explained = in_force(facts.events["provision"], facts.as_of)
    in_unit = (
        on_roll(facts.stays, as_of=facts.as_of)
        .filter(pl.col("phase") == PRU)
        .join(explained, on="person_id", how="anti")
        .select("person_id")
        .unique(maintain_order=True)
    )
    why = pl.lit("is on the roll of a pupil referral unit; no exclusion is on record")
    unexplained = in_unit.with_columns(pl.lit(None, dtype=pl.Int64).alias("missing"), why.alias("why"))
    return pl.concat([roll_gaps(facts), unexplained]).unique("person_id", keep="first", maintain_order=True)


def gaps_of(asked: Asked, facts: Facts, *, adult_from: int) -> pl.DataFrame:
    """People of whom what a question asks is not, or not wholly, known: one row a person."""
    found = [facts.once(_gap_key(asked, facts), lambda: _gaps_of_table(asked, facts))]
    found.append(_doubtful(asked, facts, adult_from=adult_from))
    if facts.silences.height:
        found.append(_silent(asked, facts))
    if asked.baseline is not None:
        found.append(_without_baseline(asked, facts))
    several = [frame for frame in found if frame.height]
    if len(several) < 2:
        return several[0] if several else found[0]
    return (
        pl.concat(several)
        .group_by("person_id", maintain_order=True)
        .agg(pl.col("missing").max(), pl.col("why").unique(maintain_order=True).str.join("; "))
        .sort("person_id")
    )


def _gap_key(asked: Asked, facts: Facts) -> tuple[object, ...]:
    """What the gaps of a table depend on, so that they are worked out once for all who ask alike."""
    return (asked.table, _asked_window(asked, facts), asked.window, asked.fresh_within_months, asked.baseline)


def _gaps_of_table(asked: Asked, facts: Facts) -> pl.DataFrame:
    window = _asked_window(asked, facts)
    match asked.table:
        case "absence":
            return attendance_gaps(facts, terms_of(asked, facts), since_attachment=asked.window.since_attachment)
        case "exclusions":
            return exclusion_gaps(facts, window)
        case "roll":
            return roll_gaps(facts)
        case "provision":
            return provision_gaps(facts)
        case "benefits":
            return _benefit_gaps(asked, facts)
        case "destinations":
            return pl.concat([_feed_gaps(asked, facts, window), _destination_gaps(facts)]).unique(
                "person_id", keep="first", maintain_order=True
            )
        case _:
            return _feed_gaps(asked, facts, window)


def _asked_window(asked: Asked, facts: Facts) -> Window:
    """The window, and with it the baseline before it."""
    window = window_of(asked, facts)
    if asked.baseline is None:
        return window
    first = baseline_of(asked, facts)["base_from"].min()
    return Window(min(first, window.first_day) if isinstance(first, dt.date) else window.first_day, window.last_day)


def _doubtful(asked: Asked, facts: Facts, *, adult_from: int) -> pl.DataFrame:
    """People with a row that would count if a column blank in it were known."""
    return doubtful_rows(asked, facts, adult_from=adult_from).select(
        "person_id",
        pl.lit(None, dtype=pl.Int64).alias("missing"),
        pl.format("a record does not give the {}", "column").alias("why"),
    )


def _without_baseline(asked: Asked, facts: Facts) -> pl.DataFrame:
    """People of whom it is not known when the work began, where a reduction is measured from then."""
    return (
        baseline_of(asked, facts)
        .filter(pl.col("base_from").is_null())
        .sort("person_id")
        .select(
            "person_id",
            pl.lit(None, dtype=pl.Int64).alias("missing"),
            pl.lit("it is not known when the work with the family began").alias("why"),
        )
    )


def _silent(asked: Asked, facts: Facts) -> pl.DataFrame:
    return (
        facts.silences.filter(pl.col("table") == asked.table)
        .sort("person_id", "why")
        .unique("person_id", keep="first", maintain_order=True)
        .select("person_id", pl.lit(None, dtype=pl.Int64).alias("missing"), "why")
    )


def of_everybody(gaps: pl.DataFrame, facts: Facts) -> str | None:
    """Why a thing is not known of anybody, where it is for one reason and of everybody; else nothing."""
    if gaps.is_empty() or gaps.height != _everybody(facts).height or gaps["missing"].null_count() < gaps.height:
        return None
    return str(gaps["why"][0]) if gaps["why"].n_unique() == 1 else None


def _everybody(facts: Facts) -> pl.DataFrame:
    return facts.once(("everybody",), lambda: facts.members.select(pl.col("person_id").unique().sort()))


def _benefit_gaps(asked: Asked, facts: Facts) -> pl.DataFrame:
    """People whose address DWP did not answer for, or not lately; an old answer is named with its date."""
    return (
        _everybody(facts)
        .join(fresh_benefit_checks(asked, facts), on="person_id", how="anti")
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


def fresh_benefit_checks(asked: Asked, facts: Facts) -> pl.DataFrame:
    """The benefit checks that are not too old to rely on."""
    return facts.benefit_checks.filter(pl.col("stated_on") >= fresh_from(asked, facts))


def _destination_gaps(facts: Facts) -> pl.DataFrame:
    """People of whom no destination is on record and who are on no school roll."""
    placed = pl.concat(
        [
            in_force(facts.events["destinations"], facts.as_of).select("person_id"),
            on_roll(facts.stays, as_of=facts.as_of).select("person_id"),
        ]
    )
    return (
        _everybody(facts)
        .join(placed, on="person_id", how="anti")
        .select(
            "person_id",
            pl.lit(None, dtype=pl.Int64).alias("missing"),
            pl.lit("no destination is on record").alias("why"),
        )
    )


def _feed_gaps(asked: Asked, facts: Facts, window: Window) -> pl.DataFrame:
    """Everybody, where the authority's feed does not reach over the window; else nobody."""
    everybody = _everybody(facts)
    sources = list(ASKABLE[asked.table].sources)
    spoken = unbroken(facts.coverage.filter(pl.col("source").is_in(sources)))
    looks_back = not (asked.window.current or asked.window.months_ahead or asked.window.ever)
    if spoken is None:
        why = "nothing was delivered"
    elif spoken.last_day < fresh_from(asked, facts):
        why = f"the newest data reaches to {spoken.last_day}"
    elif looks_back and spoken.first_day > window.first_day:
        why = f"data reaches back without a hole only to {spoken.first_day}"
    else:
        everybody = everybody.clear()
        why = ""
    return everybody.with_columns(pl.lit(None, dtype=pl.Int64).alias("missing"), pl.lit(why).alias("why"))
