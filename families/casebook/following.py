"""What is known of families from publication to publication, and what of it is new: the ground of alerts.

Of families that somebody works with, the facts are kept in words; of others only that they are known, by a hash, so
that what happened before the work began raises no alert once it begins.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine, inspect, select

from families.casebook.case_models import FamilyCase
from families.casebook.database import reading
from families.casebook.models import (
    Publication,
    PublishedAbsence,
    PublishedFact,
    PublishedFollowedAbsence,
    PublishedRuleset,
    PublishedSchooling,
    PublishedSchoolTest,
    table,
)
from families.casebook.row_security import WHOLE

FACTS = ("family_id", "key", "kind", "person_id", "name", "happened_on", "sentence", "rows")
IN_WORDS = ("person_id", "name", "happened_on", "sentence", "rows")
BY_RULES = ("threshold", "another_child")
FACT, CASE = table(PublishedFact), table(FamilyCase)
PUBLICATION, RULES = table(Publication), table(PublishedRuleset)
FACT_SCHEMA = {name: pl.Date if name == "happened_on" else pl.String for name in FACTS}
ABSENCE = [column.name for column in table(PublishedAbsence).columns]
ABSENCE_SCHEMA = {name: pl.Int64 if name in ("place", *ABSENCE[4:]) else pl.String for name in (*ABSENCE, "name")}
OF_CHILD = {"family_id": pl.String, "person_id": pl.String}
SCHOOLING = {**OF_CHILD, "place": pl.Int64, "suspensions": pl.Int64, "told": pl.String}
SCHOOL_TEST = {
    **OF_CHILD, "condition": pl.String, "place": pl.Int64, "label": pl.String, "what": pl.String, "bound": pl.String,
    "is_share": pl.Boolean, "since_work": pl.Boolean, "term": pl.String, "first_day": pl.Date, "last_day": pl.Date,
    "outcome": pl.String, "value": pl.Int64, "out_of": pl.Int64, "detail": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Followed:
    """What a run knows of the families that may be followed: facts, and how their children go to school."""

    facts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FACT_SCHEMA))
    absence: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ABSENCE_SCHEMA))
    schooling: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SCHOOLING))
    school_tests: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SCHOOL_TEST))


@dataclass(frozen=True)
class News:
    """Of families with an open case, the facts that were not known before, and those that no longer are.

    `new` has the facts and `case_id`, and of each family's facts known before the `kinds_before`; `gone` has family_id,
    key, kind and case_id.
    """

    new: pl.DataFrame
    gone: pl.DataFrame


def open_families(engine: Engine) -> tuple[str, ...]:
    """The families that somebody works with now; none in a casebook from before there was casework."""
    with reading(engine, WHOLE) as connection:
        if not inspect(connection).has_table(CASE.name):
            return ()
        return tuple(_open_cases(connection))


def has_unfollowed(engine: Engine) -> bool:
    """Whether somebody works with a family of which, since nobody did when it was published, no fact is in words."""
    with reading(engine, WHOLE) as connection:
        if not (inspect(connection).has_table(CASE.name) and inspect(connection).has_table(FACT.name)):
            return False
        is_open = FACT.c.family_id.in_(select(CASE.c.family_id).where(CASE.c.is_open))
        return (
            connection.execute(select(FACT.c.key).where(is_open, FACT.c.sentence.is_(None)).limit(1)).first()
            is not None
        )


def _open_cases(connection: Connection) -> dict[str, str]:
    """The open case of each family that has one."""
    query = select(CASE.c.family_id, CASE.c.case_id).where(CASE.c.is_open).order_by(CASE.c.family_id)
    return {row.family_id: row.case_id for row in connection.execute(query)}


@dataclass(frozen=True)
class Before:
    """What was known when the publication began, and the open case of each family then."""

    known: pl.DataFrame
    cases: pl.DataFrame
    rules: str | None = None  # the hash of the rules it was made by
    as_of: dt.date | None = None


def before(connection: Connection) -> Before:
    """What is known now, before it is replaced."""
    rows = connection.execute(select(FACT.c.family_id, FACT.c.key, FACT.c.kind)).all()
    schema = {"family_id": pl.String, "key": pl.String, "kind": pl.String}
    cases = [*_open_cases(connection).items()]
    query = select(RULES.c.sha256, PUBLICATION.c.as_of).join(PUBLICATION, PUBLICATION.c.publication_id == 1)
    rules, as_of = connection.execute(query).one_or_none() or (None, None)
    return Before(
        pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row"),
        pl.DataFrame(cases, schema={"family_id": pl.String, "case_id": pl.String}, orient="row"),
        rules,
        as_of,
    )


def rows_of(followed: Followed, known: Before, published: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The rows to publish; `published` has the families that are published, whose absence is there anyway."""
    is_open = pl.col("family_id").is_in(known.cases["family_id"].implode())
    facts = followed.facts.with_columns(pl.when(is_open).then(pl.col(name)).alias(name) for name in IN_WORDS)
    others = followed.absence.filter(is_open).join(published, on="family_id", how="anti")
    return {
        table(PublishedFact).name: facts.sort("family_id", "key"),
        table(PublishedFollowedAbsence).name: others.sort("family_id", "person_id", "place"),
        table(PublishedSchooling).name: followed.schooling.sort("family_id", "person_id", "place"),
        table(PublishedSchoolTest).name: followed.school_tests.sort("family_id", "person_id", "condition", "place"),
    }


def news(followed: Followed, known: Before, *, rules: str) -> News:
    """What is new and what is gone of open families that were followed before; of others everything is as it was.

    By other rules than before a child may be over another threshold without any news of the child: then only what newer
    data shows counts as new.
    """
    watched = known.cases.join(known.known.select("family_id").unique(), on="family_id", how="semi")
    kinds = known.known.group_by("family_id").agg(pl.col("kind").unique().sort().alias("kinds_before"))
    new = (
        followed.facts.join(watched, on="family_id")
        .join(known.known, on=["family_id", "key"], how="anti")
        .join(kinds, on="family_id", how="left")
        .sort("family_id", "kind", "key")
    )
    if known.rules not in (None, rules):
        is_newer = pl.col("happened_on") > (known.as_of or dt.date.min)
        new = new.filter(pl.col("kind").is_in(BY_RULES).not_() | is_newer.fill_null(False))
    gone = (
        known.known.join(watched, on="family_id")
        .join(followed.facts, on=["family_id", "key"], how="anti")
        .sort("family_id", "kind", "key")
    )
    return News(new, gone)


def as_news(connection: Connection, facts: Sequence[Mapping[str, Any]]) -> News:
    """Facts of open families as though they were new."""
    cases = _open_cases(connection)
    rows = [{**fact, "case_id": cases[fact["family_id"]], "kinds_before": [fact["kind"]]} for fact in facts]
    schema = {**FACT_SCHEMA, "case_id": pl.String, "kinds_before": pl.List(pl.String)}
    gone = {"family_id": pl.String, "key": pl.String, "kind": pl.String, "case_id": pl.String}
    return News(pl.DataFrame(rows, schema=schema), pl.DataFrame(schema=gone))


def facts_of(connection: Connection, family_id: str) -> list[Mapping[str, Any]]:
    """What is known in words of a family that is worked with, the newest first."""
    query = select(FACT).where(FACT.c.family_id == family_id, FACT.c.sentence.is_not(None))
    order = (FACT.c.happened_on.desc().nulls_last(), FACT.c.key)
    return [dict(row) for row in connection.execute(query.order_by(*order)).mappings()]


def absence_of(connection: Connection, family_ids: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """Sessions by half term of the children of some families, published or followed by a case alone."""
    found: list[Mapping[str, Any]] = []
    for model in (PublishedAbsence, PublishedFollowedAbsence):
        source = table(model)
        columns = [source.c[name] for name in ABSENCE]
        query = select(*columns).where(source.c.family_id.in_(family_ids))
        rows = connection.execute(query.order_by(source.c.family_id, source.c.person_id, source.c.place)).mappings()
        found += [dict(row) for row in rows]
    return found


def names_of_followed(connection: Connection, family_id: str) -> dict[str, str]:
    """The children of a family that is followed by its case alone, by id."""
    child = table(PublishedFollowedAbsence).c
    query = select(child.person_id, child.name).where(child.family_id == family_id).distinct().order_by(child.person_id)
    return {row.person_id: row.name for row in connection.execute(query)}
