"""The closed set of measures, each over whole tables: count, total, share, status, reduction and duration.

A measure returns one row a person of whom any row tells: person_id, value, out_of, newest_on, evidence (JSON list of
[source, delivery, row]), and what its kind adds: a reduction its baseline, a share its terms.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from families.criteria.ages import age
from families.criteria.facts import EVIDENCE, Facts, fresh_from
from families.criteria.ruleset import Asked
from families.criteria.windows import DAYS_A_WEEK, baseline_of, terms_of, window_of

_MEASURED_BY = {
    "measure", "table", "where", "unless", "numerator", "denominator", "total_of", "consecutive", "averaging",
    "dated_by", "age_at", "window", "baseline", "fresh_within_months",
}  # fmt: skip
COLUMN_WORDS = {"on": "date", "offence_on": "date of the offence"}
Filters = dict[str, list[str | bool]]


def measured(asked: Asked, facts: Facts, *, adult_from: int) -> pl.DataFrame:
    """The measure for every person of whom any row tells. `adult_from` is the age at which one is no child.

    Worked out once for all who ask alike, whatever bound they compare it with.
    """
    key = ("measured", adult_from, asked.model_dump_json(include=_MEASURED_BY))
    return facts.once(key, lambda: _measured(asked, facts, adult_from=adult_from))


def _measured(asked: Asked, facts: Facts, *, adult_from: int) -> pl.DataFrame:
    match asked.measure:
        case "share":
            return _share(asked, facts)
        case "status":
            return _tally(_in_force_within(wanted_rows(asked, facts, adult_from=adult_from), asked, facts))
        case "duration":
            return _duration(asked, facts, adult_from=adult_from)
        case "reduction":
            return _reduction(asked, facts, adult_from=adult_from)
        case "total":
            return _tally(_happened_within(asked, facts, adult_from=adult_from), total_of=asked.total_of)
        case _:
            return _tally(_happened_within(asked, facts, adult_from=adult_from))


def wanted_rows(asked: Asked, facts: Facts, *, adult_from: int) -> pl.DataFrame:
    """The rows a question counts, dated by the day it goes by, whatever the window."""
    rows = _of_age(facts.events[asked.table].filter(passes(asked.where)), asked, facts, adult_from=adult_from)
    rows = rows.with_columns(pl.col(asked.dated_by).alias("on"))
    return rows.filter(pl.col("on") >= fresh_from(asked, facts)) if asked.table == "benefits" else rows


def doubtful_rows(asked: Asked, facts: Facts, *, adult_from: int) -> pl.DataFrame:
    """Rows of the window that would count if a column that is blank in them were known: person_id, column."""
    events, is_counted = facts.events.get(asked.table), asked.measure in ("count", "total", "reduction")
    needed = [*asked.where, *([asked.dated_by] if is_counted or asked.measure == "duration" else [])]
    if events is None or not any(events[name].null_count() for name in needed):
        return pl.DataFrame(schema={"person_id": pl.String, "column": pl.String})
    blank = pl.any_horizontal(pl.col(name).is_null() for name in needed)
    might = pl.all_horizontal(
        pl.lit(True), *(pl.col(name).is_in(values).fill_null(True) for name, values in asked.where.items())
    )
    rows = _of_age(events.filter(blank & might), asked, facts, adult_from=adult_from)
    names = pl.concat_str(
        [
            pl.when(pl.col(name).is_null()).then(pl.lit(COLUMN_WORDS.get(name, name.replace("_", " "))))
            for name in needed
        ],
        separator=" and ",
        ignore_nulls=True,
    )
    dated = rows.with_columns(pl.col(asked.dated_by).alias("on"), names.alias("column"))
    if is_counted:
        first, last = _first_day_asked(asked, facts), window_of(asked, facts).last_day
        may_begin = pl.col("on").is_null() & (pl.col("until").is_null() | (pl.col("until") >= first))
        within = dated.filter(may_begin | pl.col("on").is_between(first, last))
    else:
        within = _in_force_within(dated, asked, facts)
    return within.select("person_id", "column").unique("person_id", keep="first").sort("person_id")


def _first_day_asked(asked: Asked, facts: Facts) -> dt.date:
    """The first day of the window, or of the baseline before it."""
    first = window_of(asked, facts).first_day
    before = baseline_of(asked, facts)["base_from"].min() if asked.baseline is not None else None
    return min(first, before) if isinstance(before, dt.date) else first


def _of_age(rows: pl.DataFrame, asked: Asked, facts: Facts, *, adult_from: int) -> pl.DataFrame:
    """Where the age at the event counts: the rows of people who were no adults on the day it happened.

    Without a date of birth the role in the family decides.
    """
    if asked.age_at == "as_of":
        return rows
    people = facts.members.select("person_id", "date_of_birth", "role").unique(
        "person_id", keep="first", maintain_order=True
    )
    day = "offence_on" if "offence_on" in rows.columns else "on"
    young = (age(pl.col("date_of_birth"), pl.coalesce(day, "on")) < adult_from).fill_null(pl.col("role") == "child")
    named = rows.rename({"role": "role_in_event"}) if "role" in rows.columns else rows
    return rows.filter(named.join(people, on="person_id", how="left", maintain_order="left").select(young).to_series())


def passes(where: Filters) -> pl.Expr:
    """Whether a row has one of the values asked for in each column; a blank has none of them."""
    if not where:
        return pl.lit(True)
    return pl.all_horizontal(pl.col(name).is_in(values).fill_null(False) for name, values in where.items())


def _happened_within(asked: Asked, facts: Facts, *, adult_from: int) -> pl.DataFrame:
    return _dated_within(wanted_rows(asked, facts, adult_from=adult_from), asked, facts)


def _dated_within(rows: pl.DataFrame, asked: Asked, facts: Facts) -> pl.DataFrame:
    window = window_of(asked, facts)
    return rows.filter(pl.col("on").is_between(window.first_day, window.last_day))


def _in_force_within(rows: pl.DataFrame, asked: Asked, facts: Facts) -> pl.DataFrame:
    window = window_of(asked, facts)
    begun = pl.col("on").fill_null(window.first_day) <= window.last_day
    return rows.filter(begun, pl.col("until").is_null() | (pl.col("until") >= window.first_day))


def evidence() -> pl.Expr:
    """Rows as JSON, in a fixed order."""
    item = pl.format('["{}","{}",{}]', *EVIDENCE)
    return pl.format("[{}]", item.sort().unique(maintain_order=True).str.join(",")).alias("evidence")


def _tally(rows: pl.DataFrame, *, total_of: str | None = None) -> pl.DataFrame:
    amount = pl.len() if total_of is None else pl.col(total_of).sum()
    return rows.group_by("person_id").agg(
        amount.cast(pl.Int64).alias("value"),
        pl.lit(None, dtype=pl.Int64).alias("out_of"),
        pl.col("on").max().alias("newest_on"),
        evidence(),
    )


def _share(asked: Asked, facts: Facts) -> pl.DataFrame:
    """Sessions pooled over terms and schools, and the same by term for rules that ask for a mean or for each term.

    `mean_value` / `mean_out_of` is the mean of the terms' shares as one exact fraction; `terms` has value and out_of
    of each term.
    """
    terms = pl.DataFrame(
        [(term.academic_year, term.name, term.last_day) for term in terms_of(asked, facts)],
        schema={"academic_year": pl.String, "term": pl.String, "last_day": pl.Date},
        orient="row",
    )
    rows = facts.absence.join(terms, on=["academic_year", "term"])
    if asked.window.since_attachment:
        rows = rows.join(facts.attached, on="person_id", how="left").filter(
            pl.col("attached_on").is_null() | (pl.col("last_day") >= pl.col("attached_on"))
        )
    amounts = (
        pl.sum_horizontal(asked.numerator).cast(pl.Int64).alias("value"),
        pl.col(asked.denominator or "").cast(pl.Int64).alias("out_of"),
    )
    shown = facts.once(
        ("sessions shown", asked.window.model_dump_json()),
        lambda: rows.group_by("person_id").agg(pl.col("last_day").max().alias("newest_on"), evidence()),
    )
    pooled = (
        rows.select("person_id", *amounts)
        .group_by("person_id")
        .agg(pl.col("value").sum(), pl.col("out_of").sum())
        .join(shown, on="person_id")
    )
    if asked.averaging == "pooled":
        return pooled
    by_term = (
        rows.with_columns(amounts)
        .group_by("person_id", "last_day")
        .agg(pl.col("value").sum(), pl.col("out_of").sum())
        .filter(pl.col("out_of") > 0)
        .sort("person_id", "last_day")
        .group_by("person_id", maintain_order=True)
        .agg(
            (pl.col("value") * (pl.col("out_of").product() // pl.col("out_of"))).sum().alias("mean_value"),
            (pl.col("out_of").product() * pl.len()).cast(pl.Int64).alias("mean_out_of"),
            pl.struct("value", "out_of").alias("terms"),
        )
    )
    return pooled.join(by_term, on="person_id", how="left")


def _reduction(asked: Asked, facts: Facts, *, adult_from: int) -> pl.DataFrame:
    """Events in the window, and in the baseline before it (`baseline`, with the number of `base_months` it spans)."""
    rows, window = wanted_rows(asked, facts, adult_from=adult_from), window_of(asked, facts)
    now = pl.col("on").is_between(window.first_day, window.last_day)
    then = pl.col("on").is_between(pl.col("base_from"), pl.col("base_to"))
    spans = baseline_of(asked, facts)
    return (
        rows.join(spans, on="person_id", how="inner")
        .with_columns(now.alias("is_now"), then.fill_null(False).alias("is_then"))
        .filter(pl.col("is_now") | pl.col("is_then"))
        .group_by("person_id")
        .agg(
            pl.col("is_now").sum().cast(pl.Int64).alias("value"),
            pl.lit(None, dtype=pl.Int64).alias("out_of"),
            pl.col("is_then").sum().cast(pl.Int64).alias("baseline"),
            pl.col("on").max().alias("newest_on"),
            evidence(),
        )
    )


def _duration(asked: Asked, facts: Facts, *, adult_from: int) -> pl.DataFrame:
    """Whole weeks within the window covered by spells; the longest run of them where the rule says consecutive.

    Spells that overlap are counted once. Spells that overlap a row the rule excludes (`unless`) are left out, and those
    that began on a day not known.
    """
    window = window_of(asked, facts)
    wanted = _without_excluded(asked, facts, adult_from=adult_from).filter(pl.col("on").is_not_null())
    spells = _in_force_within(wanted, asked, facts).with_columns(
        pl.max_horizontal("on", pl.lit(window.first_day)).alias("from"),
        pl.min_horizontal(pl.col("until").fill_null(window.last_day), pl.lit(window.last_day)).alias("to"),
    )
    runs = (
        spells.sort("person_id", "from", "to", *EVIDENCE)
        .with_columns(pl.col("to").cum_max().over("person_id").alias("reached"))
        .with_columns(
            (pl.col("from") > pl.col("reached").shift(1).over("person_id").dt.offset_by("1d"))
            .fill_null(False)
            .cum_sum()
            .over("person_id")
            .alias("run")
        )
        .group_by("person_id", "run", maintain_order=True)
        .agg(((pl.col("to").max() - pl.col("from").min()).dt.total_days() + 1).alias("days"))
    )
    days = pl.col("days").max() if asked.consecutive else pl.col("days").sum()
    weeks = runs.group_by("person_id").agg((days // DAYS_A_WEEK).cast(pl.Int64).alias("value"))
    shown = spells.group_by("person_id").agg(
        pl.lit(None, dtype=pl.Int64).alias("out_of"), pl.col("to").max().alias("newest_on"), evidence()
    )
    return weeks.join(shown, on="person_id").select("person_id", "value", "out_of", "newest_on", "evidence")


def _without_excluded(asked: Asked, facts: Facts, *, adult_from: int) -> pl.DataFrame:
    spells = wanted_rows(asked, facts, adult_from=adult_from)
    if not asked.unless:
        return spells
    excluding = facts.events[asked.table].filter(passes(asked.unless))
    end, beginning = pl.lit(dt.date.max), pl.lit(dt.date.min)
    overlapping = (
        spells.join(excluding.select("person_id", "on", "until"), on="person_id", suffix="_other")
        .filter(
            pl.col("on").fill_null(beginning) <= pl.col("until_other").fill_null(end),
            pl.col("on_other").fill_null(beginning) <= pl.col("until").fill_null(end),
        )
        .select("person_id", "on", "until", *EVIDENCE)
        .unique()
    )
    return spells.join(overlapping, on=["person_id", "on", "until", *EVIDENCE], how="anti", nulls_equal=True)
