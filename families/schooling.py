"""What a run knows of how each child of the casebook's families goes to school: the ground of what a worker watches.

Frames only. Of each half term that absence is shown of, suspensions and what makes its sessions unlike others; of a
result's school test, each term. A child's school may not have delivered its exclusions: then none is not known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace

import polars as pl

from families.casebook.following import SCHOOLING
from families.criteria.facts import SHORTEST_STAY_DAYS, Facts
from families.criteria.gaps import exclusion_gaps
from families.dates import SESSIONS_A_WEEK, Window, reporting_half_terms

PART_TIME = "C2"  # told apart since August 2024; before it lay in the general code for leave
FEWEST_PUPILS = 5  # of a school's half term, to say what most of them had
SPAN = ["person_id", "place"]
Tables = Mapping[str, pl.DataFrame]


def of_members(known: Facts, members: pl.DataFrame) -> Facts:
    """The same facts without the stays of others, which are there for the rolls alone."""
    return replace(known, stays=known.stays.join(members, on="person_id", how="semi", maintain_order="left"))


def schooling(absence: pl.DataFrame, tables: Tables, known: Facts) -> pl.DataFrame:
    """A row for each half term in `absence`, the rows that are shown: suspensions, blank where not known, and words.

    `known` are the facts of the families' members.
    """
    spans, known = _spans(absence, known.as_of), _attending(known)
    if spans.is_empty():
        return pl.DataFrame(schema=SCHOOLING)
    names = _school_names(tables)
    said = [
        _two_schools(spans, known, names), _off_roll(spans, known), _part_time(spans, tables),
        _missing_weeks(spans, tables), _other_exclusions(spans, known),
    ]  # fmt: skip
    suspended = _suspensions(spans, known)
    words = pl.concat([*said, suspended.drop("suspensions").drop_nulls("said")])
    told = words.group_by(SPAN, maintain_order=True).agg(pl.col("said").str.join(" ").alias("told"))
    return (
        absence.select("family_id", *SPAN)
        .join(suspended.select(*SPAN, "suspensions"), on=SPAN, how="left")
        .join(told, on=SPAN, how="left")
        .with_columns(pl.col("told").fill_null(""))
        .select(SCHOOLING.keys())
        .sort("family_id", *SPAN)
    )


def _attending(known: Facts) -> Facts:
    """The same facts with stays that begin no later than the first term attended: a return may be younger than that."""
    terms = pl.DataFrame(
        [(term.academic_year, term.name, term.first_day) for term in known.terms],
        schema={"academic_year": pl.String, "term": pl.String, "attended_from": pl.Date},
        orient="row",
    )
    first = known.absence.join(terms, on=["academic_year", "term"])
    first = first.group_by("person_id", "school").agg(pl.col("attended_from").min())
    stays = known.stays.join(first, on=["person_id", "school"], how="left", maintain_order="left")
    starts = pl.min_horizontal("starts", "attended_from")
    return replace(known, stays=stays.with_columns(starts.alias("starts")).drop("attended_from"))


def _spans(absence: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """The days of each child's half terms, or of the term where only the whole is known; none after the as-of date."""
    halves = pl.DataFrame(
        [
            (start * 10 + number, f"{start}/{(start + 1) % 100:02d}", term, half, days.first_day, days.last_day)
            for start in sorted({place // 10 for place in absence["place"]})
            for number, (term, half, days) in enumerate(reporting_half_terms(start), 1)
        ],
        schema={"place": pl.Int64, "academic_year": pl.String, "term": pl.String, "half": pl.Int32}
        | {"first_day": pl.Date, "ends": pl.Date},
        orient="row",
    ).with_columns(term_ends=pl.col("ends").max().over("academic_year", "term"))
    is_whole = pl.col("half_term").str.count_matches(" ") == 1
    return (
        absence.select(*SPAN, "half_term", "possible")
        .unique(SPAN, keep="first", maintain_order=True)
        .join(halves, on="place", maintain_order="left")
        .with_columns(
            half=pl.when(is_whole.not_()).then("half"),
            last_day=pl.min_horizontal(pl.when(is_whole).then("term_ends").otherwise("ends"), pl.lit(as_of)),
        )
        .drop("half_term", "ends", "term_ends")
    )


def _school_names(tables: Tables) -> Callable[[pl.Expr], pl.Expr]:
    newest = tables["schools"].sort("school", "delivery", "row").unique("school", keep="last", maintain_order=True)
    names = dict(newest.select("school", "name").drop_nulls().rows())
    return lambda school: school.replace_strict(names, default=pl.lit("school ") + school, return_dtype=pl.String)


def _day(column: str) -> pl.Expr:
    return pl.col(column).dt.strftime("%-d %B %Y").fill_null("a day not known")


def _within(spans: pl.DataFrame, rows: pl.DataFrame, *, starts: str, ends: str) -> pl.DataFrame:
    """Rows of children beside each of their half terms that they meet, with the days they have in common."""
    return (
        spans.join(rows, on="person_id")
        .with_columns(
            pl.max_horizontal(pl.col(starts).fill_null(dt.date.min), "first_day").alias("from"),
            pl.min_horizontal(pl.col(ends).fill_null(dt.date.max), "last_day").alias("to"),
        )
        .filter(pl.col("from") <= pl.col("to"))
        .sort(*SPAN, "from", "to")
    )


def _two_schools(spans: pl.DataFrame, known: Facts, names: Callable[[pl.Expr], pl.Expr]) -> pl.DataFrame:
    """Half terms in which a child was on two rolls for longer than a move takes."""
    stays = _within(spans, known.stays.select("person_id", "school", "starts", "ends"), starts="starts", ends="ends")
    both = stays.select(*SPAN, "school", "from", "to").join(stays.select(*SPAN, "school", "from", "to"), on=SPAN)
    common = pl.min_horizontal("to", "to_right") - pl.max_horizontal("from", "from_right")
    several = both.filter(pl.col("school") != pl.col("school_right"), common.dt.total_days() >= SHORTEST_STAY_DAYS)
    return (
        several.sort(*SPAN, "school")
        .group_by(SPAN, maintain_order=True)
        .agg(names(pl.col("school")).unique(maintain_order=True).str.join(" and ").alias("schools"))
        .select(*SPAN, pl.format("On the roll of more than one school: {}.", "schools").alias("said"))
    )


def _off_roll(spans: pl.DataFrame, known: Facts) -> pl.DataFrame:
    """What the register says, and half terms in which no return has the child on any roll."""
    register = _within(spans, known.events["roll"], starts="on", ends="until")
    words = {"off_roll": "Registered as missing education", "home_educated": "Educated at home"}
    status = pl.col("status").replace_strict(words, return_dtype=pl.String)
    until = pl.when(pl.col("until").is_not_null()).then(pl.format(" to {}", _day("until"))).otherwise(pl.lit(""))
    registered = register.select(*SPAN, pl.format("{} from {}{}.", status, _day("on"), until).alias("said"))
    placed = pl.concat(
        [
            _within(spans, known.stays.select("person_id", "starts", "ends"), starts="starts", ends="ends").select(
                SPAN
            ),
            _within(spans, known.events["provision"], starts="on", ends="until").select(SPAN),
            register.select(SPAN),
        ]
    )
    nowhere = spans.filter(pl.col("possible").is_null()).join(placed, on=SPAN, how="anti")
    return pl.concat(
        [registered, nowhere.select(*SPAN, pl.lit("On no school’s roll that was delivered.").alias("said"))]
    )


def _part_time(spans: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    sessions = tables["absence_codes"].filter(pl.col("code") == PART_TIME)
    return (
        spans.join(sessions, on=["person_id", "academic_year", "term"])
        .filter(pl.col("half").is_null() | pl.col("half").eq_missing(pl.col("half_right")))
        .group_by(SPAN, maintain_order=True)
        .agg(pl.col("sessions").sum())
        .select(*SPAN, pl.format("Part-time timetable: {} sessions not at school.", "sessions").alias("said"))
    )


def _missing_weeks(spans: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Half terms that have whole weeks fewer than most pupils of the child's school had."""
    unit = ["school", "academic_year", "term", "half"]
    own = tables["absence"].join(spans.select("person_id").unique(), on="person_id", how="semi")
    usual = (
        tables["absence"]
        .join(own.select("school").unique(), on="school", how="semi")
        .group_by(unit)
        .agg(pl.col("possible").median().cast(pl.Int64).alias("usual"), pl.len().alias("pupils"))
        .filter(pl.col("pupils") >= FEWEST_PUPILS)
    )
    of_child = own.join(usual, on=unit, nulls_equal=True).group_by("person_id", "academic_year", "term", "half")
    weeks = (pl.col("usual") - pl.col("possible")) // SESSIONS_A_WEEK
    return (
        spans.join(
            of_child.agg(pl.col("usual").max()), on=["person_id", "academic_year", "term", "half"], nulls_equal=True
        )
        .with_columns(weeks.alias("weeks"))
        .filter(pl.col("weeks") >= 1)
        .sort(SPAN)
        .select(
            *SPAN,
            pl.format(
                "{} of sessions missing: {}, where most pupils of the school had {}.",
                pl.when(pl.col("weeks") == 1)
                .then(pl.lit("About a week"))
                .otherwise(pl.format("About {} weeks", "weeks")),
                "possible",
                "usual",
            ).alias("said"),
        )
    )


def _suspensions(spans: pl.DataFrame, known: Facts) -> pl.DataFrame:
    """Suspensions of each half term; where the school's exclusions are not all delivered, no number or at least one."""
    events = _dated(spans, known, category="FIXD").group_by(SPAN).len("suspensions")
    parts = [
        spans.filter(first_day=first, last_day=last).join(
            exclusion_gaps(known, Window(first, last)).select("person_id").unique(), on="person_id", how="semi"
        )
        for first, last in spans.select("first_day", "last_day").unique().sort("first_day", "last_day").rows()
    ]
    gaps = pl.concat(parts).select(*SPAN, pl.lit(True).alias("has_gap"))
    found = spans.select(SPAN).join(events, on=SPAN, how="left").join(gaps, on=SPAN, how="left")
    more = "There may be more suspensions: the school’s exclusions are not delivered for the whole time."
    return found.select(
        *SPAN,
        suspensions=pl.when(pl.col("has_gap").is_null())
        .then(pl.col("suspensions").fill_null(0))
        .otherwise("suspensions")
        .cast(pl.Int64),
        said=pl.when(pl.col("has_gap") & pl.col("suspensions").is_not_null()).then(pl.lit(more)),
    )


def _other_exclusions(spans: pl.DataFrame, known: Facts) -> pl.DataFrame:
    expelled = _dated(spans, known, category="PERM").select(
        *SPAN, pl.format("Permanently excluded on {}.", _day("on")).alias("said")
    )
    lunch = _dated(spans, known, category="LNCH").group_by(SPAN, maintain_order=True).len("times")
    return pl.concat([expelled, lunch.select(*SPAN, pl.format("Excluded at lunchtime: {}.", "times").alias("said"))])


def _dated(spans: pl.DataFrame, known: Facts, *, category: str) -> pl.DataFrame:
    rows = known.events["exclusions"].filter(pl.col("category") == category).select("person_id", "on")
    return spans.join(rows, on="person_id").filter(pl.col("on").is_between("first_day", "last_day")).sort(*SPAN, "on")
