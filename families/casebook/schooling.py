"""How the children of one family go to school, as published: read in the transaction of whoever may read the family."""

from __future__ import annotations

import json

from sqlalchemy import Connection, inspect, select

from families.casebook.following import absence_of
from families.casebook.models import (
    Publication,
    PublishedAbsenceRule,
    PublishedFinding,
    PublishedRuleset,
    PublishedSchooling,
    PublishedSchoolTest,
    table,
)
from families.casebook.views import AbsenceRule, HalfTermAbsence, Schooling, SchoolTest

OF_HALF_TERM, TEST = table(PublishedSchooling), table(PublishedSchoolTest)
RULE, PUBLICATION = table(PublishedAbsenceRule), table(Publication)
RULES, FINDING = table(PublishedRuleset), table(PublishedFinding)


def schooling_of(connection: Connection, family_id: str) -> Schooling:
    """Half terms in order, with what is known of each; a casebook of before has their sessions alone."""
    is_kept = inspect(connection).has_table(OF_HALF_TERM.name)
    return Schooling(
        _half_terms(connection, family_id, is_kept=is_kept),
        _tests(connection, family_id) if is_kept else (),
        _rule(connection) if is_kept else None,
    )


def _half_terms(connection: Connection, family_id: str, *, is_kept: bool) -> tuple[HalfTermAbsence, ...]:
    told: dict[tuple[str, int], tuple[int | None, str]] = {}
    if is_kept:
        query = select(OF_HALF_TERM).where(OF_HALF_TERM.c.family_id == family_id)
        told = {(row.person_id, row.place): (row.suspensions, row.told) for row in connection.execute(query)}
    names = ("person_id", "half_term", "possible", "authorised", "unauthorised", "place")
    found = []
    for row in absence_of(connection, (family_id,)):
        suspensions, said = told.get((row["person_id"], row["place"]), (None, ""))
        found.append(HalfTermAbsence(**{name: row[name] for name in names}, suspensions=suspensions, told=said))
    return tuple(found)


def _tests(connection: Connection, family_id: str) -> tuple[SchoolTest, ...]:
    columns = [column for column in TEST.c if column.name != "family_id"]
    query = select(*columns).where(TEST.c.family_id == family_id)
    query = query.order_by(TEST.c.person_id, TEST.c.condition, TEST.c.place)
    return tuple(SchoolTest(**row._mapping) for row in connection.execute(query))


def _rule(connection: Connection) -> AbsenceRule | None:
    """What the rules of the published run ask about absence; nothing where they ask nothing."""
    query = select(RULE.c.label, RULE.c.counted, PUBLICATION.c.absence_threshold_percent).join(
        PUBLICATION, PUBLICATION.c.publication_id == RULE.c.publication_id
    )
    row = connection.execute(query).one_or_none()
    return AbsenceRule(row.absence_threshold_percent, row.label, tuple(json.loads(row.counted))) if row else None


def not_over_threshold(connection: Connection, family_id: str) -> frozenset[str]:
    """Of whom every criterion of attendance that the published rules ask is known not to be met."""
    kept = connection.execute(select(RULES.c.rules)).scalar_one_or_none()
    of_absence = [each["id"] for each in json.loads(kept or "{}").get("criterion", ()) if each["table"] == "absence"]
    query = select(FINDING.c.person_id, FINDING.c.outcome).where(
        FINDING.c.family_id == family_id, FINDING.c.criterion.in_(of_absence)
    )
    asked = [(row.person_id, row.outcome) for row in connection.execute(query)]
    return frozenset({who for who, _ in asked} - {who for who, outcome in asked if outcome != "not_met"})
