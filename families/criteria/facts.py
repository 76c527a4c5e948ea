"""What is known of each person on a date, and of what nothing is known: the tables that criteria ask.

Facts come with the row that states them. A gap is a person of whom a kind of fact is not known for a window:
there silence means unknown, never no.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from families import dates
from families.dates import Term, Window

EVIDENCE = ["source", "delivery", "row"]
RECORD = ["delivery", "row", "part"]
EXCLUDED = "(?i)exclu"
PRU = "pru"
SUMMER_HOLIDAYS_DAYS = 50
SHORTEST_STAY_DAYS = 14  # a stay that meets a half term for less is not missed when no attendance is delivered


@dataclass(frozen=True)
class Facts:
    """Facts of people as of a day.

    `events`: by table, rows of person_id, on, until, the columns criteria filter by, and evidence.
    `absence`: the Absence table. `stays`: person_id, school, phase, starts, ends (blank where it goes on).
    `coverage`: the Coverage table. `benefit_checks`: person_id, stated_on of the newest match that answered for
    every address they live at, claimants (people named there).
    `members`: family_id, person_id, role, is_resident, date_of_birth.
    """

    as_of: dt.date
    terms: tuple[Term, ...]
    members: pl.DataFrame
    events: Mapping[str, pl.DataFrame]
    absence: pl.DataFrame
    stays: pl.DataFrame
    coverage: pl.DataFrame
    benefit_checks: pl.DataFrame


def gather(
    records: Mapping[str, pl.DataFrame],
    *,
    as_of: dt.date,
    person_of_record: pl.DataFrame,
    people: pl.DataFrame,
    address_of_record: pl.DataFrame,
    residences: pl.DataFrame,
    family_members: pl.DataFrame,
    absence: pl.DataFrame,
) -> Facts:
    """Put the delivered rows in terms of people; nothing dated after `as_of` is used."""
    of_person = person_of_record.select("source", *RECORD, "person_id")

    def told(table: str) -> pl.DataFrame:
        return records[table].join(of_person, on=RECORD, how="inner")

    stays = _stays(told("enrolments"), records["schools"], absence, as_of=as_of)
    exclusions = _exclusions(told("exclusions"), as_of=as_of)
    statuses = told("education_statuses").filter(_started_by(as_of))
    events = {
        "exclusions": exclusions,
        "roll": _roll(statuses),
        "provision": _provision(statuses, stays, exclusions, as_of=as_of),
        "offences": _dated(told("offences"), on="outcome_date", as_of=as_of, keep=["is_proven", "offence"]),
        "asb_measures": _dated(
            told("asb_measures"), on="issued_on", until="ended_on", as_of=as_of, keep=["kind", "ground"]
        ),
        "care_episodes": _dated(
            told("care_episodes"), on="started_on", until="ended_on", as_of=as_of, keep=["kind", "category"]
        ),
        "benefits": _dated(told("benefits"), on="stated_on", as_of=as_of, keep=["benefit"]),
    }
    members = family_members.join(
        people.select("person_id", "date_of_birth"), on="person_id", how="left", maintain_order="left"
    ).select("family_id", "person_id", "role", "is_resident", "date_of_birth")
    return Facts(
        as_of=as_of,
        terms=dates.authority_terms(),
        members=members,
        events=events,
        absence=absence,
        stays=stays,
        coverage=records["coverage"],
        benefit_checks=_benefit_checks(
            records["benefit_checks"], events["benefits"], address_of_record, residences, members, as_of=as_of
        ),
    )


def _started_by(as_of: dt.date) -> pl.Expr:
    return pl.col("started_on").fill_null(as_of) <= as_of


def _dated(rows: pl.DataFrame, *, on: str, as_of: dt.date, keep: list[str], until: str | None = None) -> pl.DataFrame:
    """Events up to a day, the same event of one person counted once however often delivered."""
    return (
        rows.filter(pl.col(on) <= as_of)
        .with_columns(pl.col(on).alias("on"), (pl.col(until) if until else pl.lit(None, dtype=pl.Date)).alias("until"))
        .sort("person_id", "on", *keep, "until", *EVIDENCE, nulls_last=True)
        .unique(["person_id", "on", *keep], keep="last", maintain_order=True)
        .select("person_id", "on", "until", *keep, *EVIDENCE)
    )


def _exclusions(rows: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """Exclusions, each once: the feed and the census tell of the same one, FIXD before SUSP in their words."""
    fixed = pl.when(pl.col("category") == "SUSP").then(pl.lit("FIXD")).otherwise(pl.col("category"))
    return _dated(rows.with_columns(fixed.alias("category")), on="started_on", as_of=as_of, keep=["category"])


def _stays(enrolments: pl.DataFrame, schools: pl.DataFrame, absence: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """When each child was on the roll of each school, as its returns tell.

    A child whom a school's newest return no longer names has left it, on a day not known after the last that did.
    """
    told = enrolments.filter(pl.col("school").is_not_null(), pl.col("stated_on").fill_null(as_of) <= as_of)
    newest_return = told.group_by("school").agg(pl.col("stated_on").max().alias("newest_return"))
    stays = (
        told.sort("person_id", "school", "stated_on", "is_on_roll", *EVIDENCE)
        .group_by("person_id", "school", maintain_order=True)
        .agg(
            pl.coalesce(pl.col("entry_date").min(), pl.col("stated_on").min()).alias("starts"),
            pl.col("leaving_date").last().alias("left"),
            pl.col("is_on_roll").last(),
            pl.col("stated_on").last().alias("last_seen"),
            *(pl.col(name).last() for name in EVIDENCE),
        )
        .join(newest_return, on="school", how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("is_on_roll").not_())
            .then(pl.coalesce("left", "last_seen"))
            .when(pl.col("last_seen") < pl.col("newest_return"))
            .then(pl.coalesce("left", "last_seen"))
            .otherwise(pl.col("left"))
            .alias("ends")
        )
        .select("person_id", "school", "starts", "ends", *EVIDENCE)
    )
    attended = _attended_without_enrolment(absence, stays)
    phases = schools.select("school", "phase").unique("school", keep="last", maintain_order=True)
    return pl.concat([stays, attended]).join(phases, on="school", how="left").sort("person_id", "school")


def _attended_without_enrolment(absence: pl.DataFrame, stays: pl.DataFrame) -> pl.DataFrame:
    """Stays known only because sessions were delivered: from the first such term on."""
    terms = pl.DataFrame(
        [(t.academic_year, t.name, t.first_day) for t in dates.authority_terms()],
        schema={"academic_year": pl.String, "term": pl.String, "starts": pl.Date},
        orient="row",
    )
    return (
        absence.filter(pl.col("school").is_not_null())
        .join(stays, on=["person_id", "school"], how="anti")
        .join(terms, on=["academic_year", "term"])
        .sort("person_id", "school", "starts", *EVIDENCE)
        .group_by("person_id", "school", maintain_order=True)
        .agg(pl.col("starts").first(), *(pl.col(name).last() for name in EVIDENCE))
        .select("person_id", "school", "starts", pl.lit(None, dtype=pl.Date).alias("ends"), *EVIDENCE)
    )


def _roll(statuses: pl.DataFrame) -> pl.DataFrame:
    """Children missing education, and children lawfully educated at home, as the register has them."""
    words = {"CME": "off_roll", "EHE": "home_educated"}
    return (
        statuses.filter(pl.col("status").is_in(list(words)))
        .with_columns(
            pl.col("status").replace_strict(words), pl.col("started_on").alias("on"), pl.col("ended_on").alias("until")
        )
        .select("person_id", "on", "until", "status", *EVIDENCE)
        .sort("person_id", "on", "status", *EVIDENCE, nulls_last=True)
    )


def _provision(
    statuses: pl.DataFrame, stays: pl.DataFrame, exclusions: pl.DataFrame, *, as_of: dt.date
) -> pl.DataFrame:
    """Who is in a pupil referral unit or alternative provision, after an exclusion or for another reason."""
    reason = pl.col("reason")
    placed = (
        statuses.filter(pl.col("status") == "AP", reason.is_not_null())
        .with_columns(pl.col("started_on").alias("on"), pl.col("ended_on").alias("until"))
        .select("person_id", "on", "until", _why_placed(reason.str.contains(EXCLUDED)), *EVIDENCE)
    )
    expelled = exclusions.filter(pl.col("category") == "PERM").select("person_id").unique()
    in_unit = (
        stays.filter(pl.col("phase") == PRU)
        .join(expelled, on="person_id", how="semi")
        .select(
            "person_id",
            pl.col("starts").alias("on"),
            pl.col("ends").alias("until"),
            _why_placed(pl.lit(True)),
            *EVIDENCE,
        )
    )
    return (
        pl.concat([placed, in_unit])
        .filter(pl.col("on").fill_null(as_of) <= as_of)
        .sort("person_id", "on", *EVIDENCE, nulls_last=True)
    )


def _why_placed(after_exclusion: pl.Expr) -> pl.Expr:
    """In alternative provision after an exclusion, or for another reason, which does not count."""
    return pl.when(after_exclusion).then(pl.lit("after_exclusion")).otherwise(pl.lit("other_reason")).alias("status")


def _benefit_checks(
    checks: pl.DataFrame,
    benefits: pl.DataFrame,
    address_of_record: pl.DataFrame,
    residences: pl.DataFrame,
    members: pl.DataFrame,
    *,
    as_of: dt.date,
) -> pl.DataFrame:
    """When DWP last answered for each address a person now lives at; people with an unanswered address are left out.

    Of an address at which others are registered and nobody of the family, the answer is of those others
    (`is_doubted`): schools keep addresses for years after a family has moved.
    """
    answered = (
        checks.filter(pl.col("is_matched"), pl.col("stated_on") <= as_of)
        .join(address_of_record.select(*RECORD, "address_id"), on=RECORD, how="inner")
        .group_by("address_id")
        .agg(pl.col("stated_on").max())
    )
    living = residences.filter(pl.col("is_current")).select("person_id", "address_id").unique()
    claiming = (
        living.join(benefits.select("person_id").unique(), on="person_id", how="semi")
        .group_by("address_id")
        .agg(pl.len().cast(pl.Int64).alias("claimants"))
    )
    doubted = _taken_over(residences, members).with_columns(pl.lit(True).alias("is_doubted"))
    return (
        living.join(answered, on="address_id", how="left")
        .join(claiming, on="address_id", how="left")
        .join(doubted, on=["person_id", "address_id"], how="left")
        .group_by("person_id")
        .agg(
            pl.when(pl.col("stated_on").is_not_null().all()).then(pl.col("stated_on").min()).alias("stated_on"),
            pl.col("claimants").sum(),
            pl.col("is_doubted").any().fill_null(False),
        )
        .filter(pl.col("stated_on").is_not_null())
        .with_columns(pl.when(~pl.col("is_doubted")).then("stated_on").alias("stated_on"))
        .sort("person_id")
    )


def _taken_over(residences: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Members of families at addresses where the tax roll has others now, and none of the family: person, address.

    Of a family whose carers nobody names, the one who pays may well be the carer.
    """
    living = residences.filter(pl.col("is_current")).select(
        "person_id", "address_id", pl.col("sources").str.contains("council_tax", literal=True).alias("is_billed")
    )
    of_family = members.filter(pl.col("is_resident")).select("family_id", "person_id").unique()
    at = of_family.join(living, on="person_id")
    own = at.filter("is_billed").select("family_id", "address_id").unique()
    carers = members.filter(pl.col("role").is_in(("parent", "carer"))).select("family_id").unique()
    others = living.filter("is_billed").select("address_id").unique()
    return (
        at.join(carers, on="family_id", how="semi")
        .join(own, on=["family_id", "address_id"], how="anti")
        .join(others, on="address_id", how="semi")
        .select("person_id", "address_id")
        .unique()
    )


def on_roll(stays: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """Stays that go on as of a day."""
    return stays.filter(
        pl.col("starts").fill_null(as_of) <= as_of, pl.col("ends").is_null() | (pl.col("ends") >= as_of)
    )


def attendance_gaps(facts: Facts, terms: list[Term]) -> pl.DataFrame:
    """Half terms a child was on roll for with no sessions delivered: person_id, missing (sessions), why."""
    units = _half_terms(terms)
    expected = (
        facts.stays.join(units, how="cross")
        .with_columns(
            pl.max_horizontal(pl.col("starts").fill_null(dt.date.min), "first_day").alias("from"),
            pl.min_horizontal(pl.col("ends").fill_null(facts.as_of), "last_day").alias("to"),
        )
        .with_columns((pl.business_day_count("from", pl.col("to").dt.offset_by("1d"))).alias("days"))
        .filter(pl.col("to") >= pl.col("from").dt.offset_by(f"{SHORTEST_STAY_DAYS}d"))
        .join(school_ages(facts), on="person_id")
        .filter(pl.col("from") >= pl.col("school_age_from"), pl.col("from") <= pl.col("school_age_to"))
    )
    known = facts.absence.select("person_id", "school", "academic_year", "term", "half")
    whole = known.filter(pl.col("half").is_null()).drop("half")
    missing = expected.join(whole, on=["person_id", "school", "academic_year", "term"], how="anti").join(
        known.drop_nulls("half"), on=["person_id", "school", "academic_year", "term", "half"], how="anti"
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
        .join(facts.absence, on="person_id", how="anti")
        .sort("person_id")
        .select(
            "person_id",
            pl.lit(None, dtype=pl.Int64).alias("missing"),
            pl.lit("no school is known").alias("why"),
        )
    )


def _half_terms(terms: list[Term]) -> pl.DataFrame:
    """The half terms of terms, cut to the days taught."""
    rows = [
        (
            term.academic_year,
            term.name,
            half,
            max(term.first_day, window.first_day),
            min(term.last_day, window.last_day),
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
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def school_ages(facts: Facts) -> pl.DataFrame:
    """First and last day of compulsory school age of each child with a date of birth."""
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


def in_force(events: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Rows begun by a day and not ended before it."""
    return events.filter(pl.col("on").fill_null(day) <= day, pl.col("until").is_null() | (pl.col("until") >= day))
