"""What is known of each person on a date, and of what nothing is known: the tables that criteria ask.

Facts come with the row that states them. A gap is a person of whom a kind of fact is not known for a window:
there silence means unknown, never no.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from families import dates
from families.criteria.ruleset import Asked
from families.dates import Term

if TYPE_CHECKING:
    from families.criteria.coding import Coded

EVIDENCE = ["source", "delivery", "row"]
RECORD = ["delivery", "row", "part"]
EXCLUDED = "(?i)exclu"
PRU = "pru"
SUMMER_HOLIDAYS_DAYS = 50
ATTACHED = {"person_id": pl.String, "attached_on": pl.Date}
SILENCES = {"person_id": pl.String, "table": pl.String, "why": pl.String}
REGISTERS = ("council_tax", "electoral_register", "housing")  # of who lives where, kept up by others than schools
SHORTEST_STAY_DAYS = 14  # a stay that meets a half term for less is not missed when no attendance is delivered


@dataclass(frozen=True)
class Facts:
    """Facts of people as of a day.

    `events`: by table, rows of person_id, on, until, the columns criteria filter by, and evidence.
    `absence`: the Absence table. `stays`: person_id, school, phase, starts, ends (blank where it goes on).
    `coverage`: the Coverage table. `benefit_checks`: person_id, stated_on of the newest match that answered for
    every address they live at, claimants (people named there), is_doubted (the answer is of others who live there now).
    `members`: family_id, person_id, role, is_resident, lives_with_parent, date_of_birth.
    `attached`: person_id, attached_on: when the programme began to work with their family.
    `silences`: person_id, table, why: people of whom a kind of fact is not known whatever was delivered.
    `is_whole_family`: nobody is missing from the members, as in a made-up case.
    """

    as_of: dt.date
    terms: tuple[Term, ...]
    members: pl.DataFrame
    events: Mapping[str, pl.DataFrame]
    absence: pl.DataFrame
    stays: pl.DataFrame
    coverage: pl.DataFrame
    benefit_checks: pl.DataFrame
    attached: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ATTACHED))
    silences: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SILENCES))
    is_whole_family: bool = False
    _worked_out: dict[tuple[object, ...], pl.DataFrame] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )
    _coded: list[Coded] = field(default_factory=list, init=False, compare=False, repr=False)

    def once(self, key: tuple[object, ...], work: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """A frame that several criteria need, worked out the first time one asks."""
        if key not in self._worked_out:
            self._worked_out[key] = work()
        return self._worked_out[key]

    def in_numbers(self, work: Callable[[Facts], Coded]) -> Coded:
        """The same facts with numbers for ids, worked out the first time a ruleset asks."""
        if not self._coded:
            self._coded.append(work(self))
        return self._coded[0]


@dataclass(frozen=True)
class EventTable:
    """How a record table becomes events: which rows, dated by which columns, with which columns to filter by."""

    table: str
    on: str
    keep: list[str]
    until: str | None = None
    kinds: tuple[str, ...] = ()


EVENTS = {
    "offences": EventTable("offences", "outcome_date", ["is_proven", "offence", "offence_on"]),
    "asb_measures": EventTable("asb_measures", "issued_on", ["kind", "ground"], until="ended_on"),
    "care_episodes": EventTable(
        "care_episodes", "started_on", ["kind", "category"], until="ended_on", kinds=("CIN", "CP", "LAC", "S47")
    ),
    "early_help": EventTable("care_episodes", "started_on", ["kind"], until="ended_on", kinds=("EH",)),
    "housing_statuses": EventTable("housing_statuses", "started_on", ["kind"], until="ended_on"),
    "sentences": EventTable("sentences", "started_on", ["kind", "has_parenting_responsibility"], until="ended_on"),
    "domestic_incidents": EventTable("domestic_incidents", "occurred_on", ["role", "is_marac", "risk"]),
    "service_flags": EventTable("service_flags", "started_on", ["service"], until="ended_on"),
    "destinations": EventTable("destinations", "started_on", ["status"], until="ended_on"),
    "nominations": EventTable("nominations", "nominated_on", ["need", "nominated_by"], until="ended_on"),
    "work_steps": EventTable(
        "work_steps", "started_on", ["kind", "benefit_left", "meets_earnings_floor"], until="ended_on"
    ),
}
PUPIL_EVENTS = ("exclusions", "roll", "provision", "benefits", "releases")


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
        rows = records[table].join(of_person, on=RECORD, how="inner")
        return rows.with_columns(pl.col("offence_date").alias("offence_on")) if table == "offences" else rows

    stays = _stays(told("enrolments"), records["schools"], absence, as_of=as_of)
    exclusions = _exclusions(told("exclusions"), as_of=as_of)
    statuses = told("education_statuses").filter(_started_by(as_of))
    events = {
        "exclusions": exclusions,
        "roll": _roll(statuses),
        "provision": _provision(statuses, stays, exclusions, as_of=as_of),
        "benefits": _dated(told("benefits"), on="stated_on", as_of=as_of, keep=["benefit"]),
        "releases": _releases(told("sentences"), as_of=as_of),
        **{
            name: _dated(
                _of_kind(told(event.table), event), on=event.on, until=event.until, as_of=as_of, keep=event.keep
            )
            for name, event in EVENTS.items()
        },
    }
    members = family_members.join(
        people.select("person_id", "date_of_birth"), on="person_id", how="left", maintain_order="left"
    ).select(
        "family_id",
        "person_id",
        "role",
        "is_resident",
        pl.lit(None, dtype=pl.Boolean).alias("lives_with_parent"),
        "date_of_birth",
    )
    return Facts(
        as_of=as_of,
        terms=dates.authority_terms(),
        members=with_parents(members),
        events=events,
        absence=absence,
        stays=stays,
        coverage=records["coverage"],
        benefit_checks=_benefit_checks(
            records["benefit_checks"], events["benefits"], address_of_record, residences, members, as_of=as_of
        ),
    )


def with_parents(members: pl.DataFrame) -> pl.DataFrame:
    """`lives_with_parent` where it is not given: whether a parent or carer lives with the family.

    Where no adult of the family is known at all, it is not known.
    """
    resident = pl.col("is_resident")
    parents = members.filter(resident & pl.col("role").is_in(["parent", "carer"])).select("family_id").unique()
    adults = members.filter(resident & (pl.col("role") != "child")).select("family_id").unique()
    lives = (
        pl.when(pl.col("family_id").is_in(parents["family_id"].implode()))
        .then(pl.lit(True))
        .when(pl.col("family_id").is_in(adults["family_id"].implode()))
        .then(pl.lit(False))
    )
    return members.with_columns(pl.coalesce("lives_with_parent", lives).alias("lives_with_parent"))


def _of_kind(rows: pl.DataFrame, event: EventTable) -> pl.DataFrame:
    return rows.filter(pl.col("kind").is_in(event.kinds)) if event.kinds else rows


def _releases(sentences: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """Releases from custody to come; one that a later row moved is told on its latest day."""
    return (
        sentences.filter(pl.col("release_on") >= as_of, pl.col("started_on").fill_null(as_of) <= as_of)
        .with_columns(pl.col("release_on").alias("on"), pl.lit(None, dtype=pl.Date).alias("until"))
        .sort("person_id", "on", "has_parenting_responsibility", *EVIDENCE, nulls_last=True)
        .unique("person_id", keep="last", maintain_order=True)
        .select("person_id", "on", "until", "has_parenting_responsibility", *EVIDENCE)
    )


def _started_by(as_of: dt.date) -> pl.Expr:
    return pl.col("started_on").fill_null(as_of) <= as_of


def _dated(
    rows: pl.DataFrame,
    *,
    on: str,
    as_of: dt.date,
    keep: list[str],
    until: str | None = None,
    told: list[str] | None = None,
) -> pl.DataFrame:
    """Events up to a day, the same event of one person counted once however often delivered.

    `keep` tells one event from another; `told` are further facts of it, as its last row has them.
    """
    told = told or []
    ended = pl.col(until) if until else pl.lit(None, dtype=pl.Date)
    return (
        rows.filter(pl.col(on).fill_null(as_of) <= as_of)
        .with_columns(pl.col(on).alias("on"), ended.alias("until"))
        .sort("person_id", "on", *keep, *told, "until", *EVIDENCE, nulls_last=True)
        .unique(["person_id", "on", *keep], keep="last", maintain_order=True)
        .select("person_id", "on", "until", *keep, *told, *EVIDENCE)
    )


def _exclusions(rows: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """Exclusions, each once: the feed and the census tell of the same one, FIXD before SUSP in their words."""
    fixed = pl.when(pl.col("category") == "SUSP").then(pl.lit("FIXD")).otherwise(pl.col("category"))
    return _dated(
        rows.with_columns(fixed.alias("category")), on="started_on", as_of=as_of, keep=["category"], told=["sessions"]
    )


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
    doubted = taken_over(residences, members).with_columns(pl.lit(True).alias("is_doubted"))
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


def taken_over(residences: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Members of families at addresses where the tax roll has others now, and no register one of the family.

    Gives person and address. Of a family whose carers nobody names, the one who pays may well be the carer; where a
    carer votes or holds the tenancy, the one who pays lives with them.
    """
    known_by = pl.col("sources").str
    living = residences.filter(pl.col("is_current")).select(
        "person_id",
        "address_id",
        known_by.contains("council_tax", literal=True).alias("is_billed"),
        known_by.contains_any(list(REGISTERS)).alias("is_registered"),
    )
    of_family = members.filter(pl.col("is_resident")).select("family_id", "person_id").unique()
    at = of_family.join(living, on="person_id")
    own = at.filter("is_registered").select("family_id", "address_id").unique()
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


def in_force(events: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Rows begun by a day and not ended before it."""
    return events.filter(pl.col("on").fill_null(day) <= day, pl.col("until").is_null() | (pl.col("until") >= day))


def fresh_from(asked: Asked, facts: Facts) -> dt.date:
    """The oldest day of which data may still be relied on for a question."""
    return dates.months_before(facts.as_of, asked.fresh_within_months or 0)
