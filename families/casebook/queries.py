"""What workers say is wrong in a family as linked: raised from the record, settled within five working days.

Until it is settled the fact is disputed. That somebody does not belong to a family, once found true, becomes a decision
that binds every later refresh.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, insert, inspect, select, update

from families.casebook import audit, restricted
from families.casebook.database import audited, writing
from families.casebook.family_scope import may_see
from families.casebook.models import (
    LinkageQuery,
    Publication,
    PublishedFamily,
    PublishedMember,
    Staff,
    table,
)
from families.casebook.refusals import refusals_noted
from families.casebook.review import KEYS, allowed, given_reason, write_decision
from families.casebook.row_security import Reach
from families.casebook.views import QueryView, Reader
from families.errors import NotAllowed, Refused
from families.working_days import add_working_days

QUERY = table(LinkageQuery).c
FAMILY = table(PublishedFamily).c
MEMBER = table(PublishedMember).c
STAFF = table(Staff).c
DAYS = 5  # working days within which an analyst is to settle a query
NOT_IN_FAMILY = "not_in_family"
CODES = {
    NOT_IN_FAMILY: "does not belong to this family",
    "not_here": "does not live here",
    "mixed_up": "is mixed up with somebody else",
    "missing": "somebody is missing from this family",
    "other": "something else is wrong",
}
CORRECTED, RIGHT, NOT_SETTLED = "corrected", "right", "not_settled"
RESULTS = (CORRECTED, RIGHT, NOT_SETTLED)


def raise_query(
    engine: Engine, reader: Reader, family_id: str, *, person_id: str | None, code: str, reason: str
) -> int:
    """Say that something is wrong in a family one may see; the number of the query."""
    if code not in CODES:
        raise Refused(f"Choose what is wrong: {', '.join(CODES)}.")
    why = given_reason(reason)
    with refusals_noted(engine, reader, "raise_query"), writing(engine, reader) as connection:
        query = select(FAMILY.family_id).where(FAMILY.family_id == family_id, may_see(reader))
        if connection.execute(query).one_or_none() is None:
            raise NotAllowed("There is no family under this id that you may see.")
        if person_id is not None and _member(connection, family_id, person_id) is None:
            raise Refused("This person is not in the family as it is published: open the record again.")
        raised_at = dt.datetime.now(dt.UTC)
        due_on = add_working_days(_today(connection, raised_at), DAYS)
        values = {
            **{"family_id": family_id, "person_id": person_id, "code": code, "words": why, "raised_at": raised_at},
            **{"raised_by": reader.staff_id, "raised_role": reader.role},
            "due_on": due_on,
        }
        made = connection.execute(insert(table(LinkageQuery)).values(**values).returning(QUERY.query_id))
        number = int(made.scalar_one())
        detail = {"query": number, "before": None, "after": {"code": code, "due_on": due_on.isoformat()}}
        audit.note(connection, reader, action="raise_query", family_ids=[family_id], detail=detail)
    return number


def _today(connection: Connection, now: dt.datetime) -> dt.date:
    """The day that due dates count from: a sample's is its as-of date."""
    row = connection.execute(select(table(Publication).c.as_of, table(Publication).c.is_sample)).one()
    return row.as_of if row.is_sample else now.date()


def _member(connection: Connection, family_id: str, person_id: str) -> Row[Any] | None:
    query = select(table(PublishedMember)).where(MEMBER.family_id == family_id, MEMBER.person_id == person_id)
    return connection.execute(query).one_or_none()


def queries_of(connection: Connection, family_id: str) -> tuple[QueryView, ...]:
    """What was said to be wrong in a family, newest first; for a read that has been decided and audited."""
    if not inspect(connection).has_table(table(LinkageQuery).name):
        return ()  # published before workers could say so
    rows = connection.execute(_whole().where(QUERY.family_id == family_id).order_by(QUERY.query_id.desc()))
    return tuple(map(_view, rows))


def open_queries(engine: Engine, reader: Reader) -> tuple[QueryView, ...]:
    """What waits to be settled, the first due first."""
    allowed(engine, reader, action="list_queries")
    with audited(engine, reader, Reach.QUERIED) as connection:
        query = _whole().where(QUERY.settled_at.is_(None), _shown(reader)).order_by(QUERY.due_on, QUERY.query_id)
        rows = connection.execute(query).all()
        families: list[str | None] = sorted({row.family_id for row in rows})
        audit.note(connection, reader, action="list_queries", family_ids=families or [None], detail={})
    return tuple(map(_view, rows))


def _shown(reader: Reader) -> ColumnElement[bool]:
    return restricted.is_open_to(reader, QUERY.family_id)


def settle_query(engine: Engine, reader: Reader, query_id: int, *, result: str, reason: str) -> int | None:
    """Settle a query; where somebody was found not to belong, the number of the decision that then binds."""
    if result not in RESULTS:
        raise Refused(f"A query is settled as {', '.join(RESULTS)}.")
    why = given_reason(reason)
    allowed(engine, reader, action="settle_query")
    with writing(engine, reader, Reach.QUERIED) as connection:
        query = select(table(LinkageQuery)).where(QUERY.query_id == query_id, _shown(reader))
        row = connection.execute(query).one_or_none()
        if row is None or row.settled_at is not None:
            raise Refused("There is no open query of this number: somebody may have settled it.")
        decision = _decide_not_in_family(connection, reader, row, why) if result == CORRECTED else None
        settled = {"settled_at": dt.datetime.now(dt.UTC), "settled_by": reader.staff_id, "result": result}
        connection.execute(
            update(table(LinkageQuery)).where(QUERY.query_id == query_id).values(**settled, told=why, decision=decision)
        )
        after = {"result": result, "decision": decision}
        detail = {"query": query_id, "before": {"result": None}, "after": after}
        audit.note(connection, reader, action="settle_query", family_ids=[row.family_id], detail=detail)
    return decision


def _decide_not_in_family(connection: Connection, reader: Reader, query: Row[Any], why: str) -> int | None:
    """The decision that a member does not belong, over a record of theirs and one of the family's first child."""
    if query.code != NOT_IN_FAMILY or query.person_id is None:
        return None
    adult = _member(connection, query.family_id, query.person_id)
    children = select(table(PublishedMember)).where(
        MEMBER.family_id == query.family_id,
        MEMBER.role == "child",
        MEMBER.record.is_not(None),
        MEMBER.person_id != query.person_id,
    )
    child = connection.execute(children.order_by(MEMBER.place)).first()
    if adult is None or adult.record is None or child is None or adult.role == "child":
        return None
    keys = dict(zip(KEYS, [*json.loads(adult.record), *json.loads(child.record)], strict=True))
    publication = connection.execute(select(table(Publication))).one()
    return write_decision(
        connection,
        reader,
        keys
        | {"doubt_id": f"Q{query.query_id}", "asks": "tie", "answer": "does_not_belong", "reason": why}
        | {"name_a": adult.name, "name_b": child.name, "sentence": f"A worker reported it: query {query.query_id}."}
        | {"person_a": adult.person_id, "person_b": child.person_id}
        | {"run_id": publication.run_id, "inputs": publication.inputs},
    )


def _whole() -> Select[Any]:
    """Queries with the names of those concerned, where they are still published."""
    of_family = FAMILY.family_id == QUERY.family_id
    of_member = (MEMBER.family_id == QUERY.family_id) & (MEMBER.person_id == QUERY.person_id)
    columns = (table(LinkageQuery), FAMILY.name.label("family"), MEMBER.name.label("person"))
    joined: Select[Any] = select(*columns, STAFF.name.label("by"))
    return (
        joined.outerjoin(table(PublishedFamily), of_family)
        .outerjoin(table(PublishedMember), of_member)
        .outerjoin(table(Staff), STAFF.staff_id == QUERY.raised_by)
    )


def _view(row: Row[Any]) -> QueryView:
    return QueryView(
        query_id=row.query_id,
        family_id=row.family_id,
        family=row.family or row.family_id,
        person_id=row.person_id,
        person=row.person,
        what=CODES.get(row.code, CODES["other"]),
        words=row.words,
        raised_by=row.by or row.raised_by,
        raised_at=row.raised_at,
        due_on=row.due_on,
        result=row.result,
        told=row.told,
    )
