"""Families for spec tests, written as an officer would: who, their sessions by term, and what happened on which day.

Facts not mentioned are known not to have happened, unless the test names the source as not delivered.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import polars as pl

from families import dates
from families.criteria.case_facts import COLUMNS
from families.criteria.evaluate import Evaluation, evaluate
from families.criteria.facts import Facts, with_parents
from families.criteria.rulebook import load_ruleset
from families.tables.records import Coverage

SCHOOL = "8812001"
FEEDS = ("youth_justice", "asb", "social_care", "exclusions")
LOCAL_FEEDS = ("police_domestic", "housing", "probation", "health_services", "nominations")
CHECKS = {"person_id": pl.String, "stated_on": pl.Date, "claimants": pl.Int64}
EVENT = {"on": pl.Date, "until": pl.Date, "source": pl.String, "delivery": pl.String, "row": pl.Int64}


@dataclass(frozen=True)
class Person:
    """A member: `sessions` is {term: (unauthorised, authorised, possible)}; events are (table, day, until, columns)."""

    name: str
    born: dt.date
    role: str = "child"
    sessions: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    events: tuple[tuple, ...] = ()
    at_school: bool = True
    address_answered: dt.date | None = None
    claimants_at_address: int = 0


def facts_of(people: list[Person], *, as_of: dt.date, not_delivered: tuple[str, ...] = ()) -> Facts:
    """The Facts of one family, FAM."""
    members = pl.DataFrame(
        [("FAM", p.name, p.role, True, None, p.born) for p in people],
        schema={
            "family_id": pl.String, "person_id": pl.String, "role": pl.String, "is_resident": pl.Boolean,
            "lives_with_parent": pl.Boolean, "date_of_birth": pl.Date,
        },
        orient="row",
    )  # fmt: skip
    pupils = [p for p in people if p.role == "child" and p.at_school]
    stays = pl.DataFrame(
        [(p.name, SCHOOL, dt.date(2000, 9, 1), None, "school_census", "c1", 1, "secondary") for p in pupils],
        schema={
            "person_id": pl.String, "school": pl.String, "starts": pl.Date, "ends": pl.Date,
            "source": pl.String, "delivery": pl.String, "row": pl.Int64, "phase": pl.String,
        },
        orient="row",
    )  # fmt: skip
    coverage = pl.DataFrame(
        [
            ("d", 1, "", source, None, dt.date(2005, 1, 1), as_of, "stated")
            for source in (*FEEDS, *LOCAL_FEEDS)
            if source not in not_delivered
        ]
        * ("exclusions" not in not_delivered),
        schema={name: column.dtype for name, column in Coverage.columns().items()},
        orient="row",
    )
    answered = [(p.name, p.address_answered, p.claimants_at_address) for p in people if p.address_answered]
    return Facts(
        as_of=as_of,
        terms=dates.authority_terms(),
        members=with_parents(members),
        events={table: _events(table, people) for table in COLUMNS},
        absence=_absence(pupils),
        stays=stays,
        coverage=coverage,
        benefit_checks=pl.DataFrame(answered, schema=CHECKS, orient="row"),
    )


def _events(table: str, people: list[Person]) -> pl.DataFrame:
    rows = [
        {"person_id": person.name, "on": on, "until": until, "source": "made_up", "delivery": "d", "row": number}
        | columns
        for person in people
        for number, (where, on, until, columns) in enumerate(person.events, 1)
        if where == table
    ]
    frame = pl.DataFrame(rows, schema={"person_id": pl.String} | EVENT | COLUMNS[table])
    return frame.with_columns(pl.col("on").alias("offence_on")) if table == "offences" else frame


def _absence(pupils: list[Person]) -> pl.DataFrame:
    rows = [
        (p.name, SCHOOL, *term.split(" "), None, possible, authorised, unauthorised, "school_census", "c1", number)
        for p in pupils
        for number, (term, (unauthorised, authorised, possible)) in enumerate(p.sessions.items(), 1)
    ]
    schema = {
        "person_id": pl.String, "school": pl.String, "academic_year": pl.String, "term": pl.String, "half": pl.Int32,
        "possible": pl.Int32, "authorised": pl.Int32, "unauthorised": pl.Int32,
        "source": pl.String, "delivery": pl.String, "row": pl.Int64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def outcome(people: list[Person], *, as_of: dt.date, not_delivered: tuple[str, ...] = ()) -> dict[str, str]:
    """Strands and eligibility of the family under tf1-2012."""
    made = evaluated(people, as_of=as_of, not_delivered=not_delivered)
    return dict(made.assessments.select("strand", "outcome").rows())


def evaluated(people: list[Person], *, as_of: dt.date, not_delivered: tuple[str, ...] = ()) -> Evaluation:
    """The whole evaluation of the family under tf1-2012."""
    return evaluate(load_ruleset("tf1-2012").rules, facts_of(people, as_of=as_of, not_delivered=not_delivered))
