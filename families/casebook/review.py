"""Doubts of linkage before a person: the queue, one question, the decision, and taking it back.

Every look and every decision is written down in its own transaction. A decision is never changed: withdrawing one adds
another. What is decided leaves the queue at once and binds every later refresh.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Connection, Engine, Row, delete, func, insert, inspect, select

from families.casebook import audit, restricted
from families.casebook.access import require_review
from families.casebook.database import audited, reading, writing
from families.casebook.models import LinkageDecision, Publication, PublishedDoubt, Staff, table
from families.casebook.row_security import WHOLE
from families.casebook.views import DecisionView, DoubtList, DoubtView, Reader, SideBySide
from families.errors import NotAllowed, Refused

DOUBT = table(PublishedDoubt).c
DECISION = table(LinkageDecision).c
STAFF = table(Staff).c
CANNOT_TELL, WITHDRAWN = "cannot_tell", "withdrawn"
ANSWERS = {"pair": ("same", "different", CANNOT_TELL), "tie": ("belongs", "does_not_belong", CANNOT_TELL)}
MOST_ON_A_PAGE = 200
MOST_WORDS = 1000
KEPT = dt.timedelta(days=90)
KEYS = [f"{name}_{end}" for end in ("a", "b") for name in ("source", "delivery", "row", "part")]
KEPT_OF_DOUBT = (*KEYS, "person_a", "person_b", "doubt_id", "asks", "name_a", "name_b", "sentence")
IN_FORCE = pl.Schema(
    {name: pl.Int64 if name.startswith("row") else pl.String for name in KEYS}
    | {"answer": pl.String, "decision": pl.Int64, "asks": pl.String, "doubt_id": pl.String, "inputs": pl.String}
)


@dataclass(frozen=True)
class Decisions:
    """The decisions in force: of pairs of people, of adults and families, and all with those who could not tell."""

    pairs: pl.DataFrame
    ties: pl.DataFrame
    all: pl.DataFrame


def doubts(engine: Engine, reader: Reader, *, page: int = 1, page_size: int = 20) -> DoubtList:
    """One page (from 1) of the questions that wait, in order of what would follow."""
    if page < 1 or not 1 <= page_size <= MOST_ON_A_PAGE:
        raise Refused(f"A page shows 1 to {MOST_ON_A_PAGE} questions, and pages are counted from 1.")
    allowed(engine, reader, action="list_doubts")
    with audited(engine, reader) as connection:
        publication = _fresh(connection)
        shown = _shown(reader)
        total = connection.execute(select(func.count()).select_from(table(PublishedDoubt)).where(shown)).scalar_one()
        query = select(table(PublishedDoubt)).where(shown).order_by(DOUBT.place, DOUBT.doubt_id)
        rows = connection.execute(query.limit(page_size).offset((page - 1) * page_size)).all()
        seen = {"page": page, "doubts": [row.doubt_id for row in rows]}
        audit.note(connection, reader, action="list_doubts", family_ids=[None], detail=seen)
    return DoubtList(tuple(map(_view, rows)), total=total, left_out=publication.doubts_left_out or 0)


def doubt(engine: Engine, reader: Reader, doubt_id: str) -> DoubtView:
    """One question, whole."""
    allowed(engine, reader, action="read_doubt")
    with audited(engine, reader) as connection:
        _fresh(connection)
        row = _doubt(connection, reader, doubt_id)
        detail = {"doubt": doubt_id[:64], "found": row is not None}
        audit.note(connection, reader, action="read_doubt", family_ids=[None], detail=detail)
    if row is None:
        raise Refused("There is no such question: it may have been answered, or the data has changed since.")
    return _view(row)


def decide(engine: Engine, reader: Reader, doubt_id: str, *, answer: str, reason: str) -> int:
    """Answer a question: the number of the decision, which binds every later refresh until it is withdrawn."""
    why = given_reason(reason)
    allowed(engine, reader, action="decide_doubt")
    with writing(engine, reader) as connection:
        publication = _fresh(connection)
        row = _doubt(connection, reader, doubt_id)
        if row is not None and answer not in ANSWERS[row.asks]:
            raise Refused(f"The answers to this question are {', '.join(ANSWERS[row.asks])}.")
        gone = connection.execute(delete(table(PublishedDoubt)).where(DOUBT.doubt_id == doubt_id)).rowcount
        if row is None or not gone:
            raise Refused("There is no such question: it may have been answered, or the data has changed since.")
        kept = {name: row._mapping[name] for name in KEPT_OF_DOUBT}
        return write_decision(
            connection,
            reader,
            kept | {"answer": answer, "reason": why, "run_id": publication.run_id, "inputs": publication.inputs},
        )


def withdraw(engine: Engine, reader: Reader, decision_id: int, *, reason: str) -> int:
    """Take a decision back, whoever made it: from the next refresh on it is as if it had not been made."""
    why = given_reason(reason)
    allowed(engine, reader, action="withdraw_decision")
    with writing(engine, reader) as connection:
        query = select(table(LinkageDecision)).where(DECISION.decision_id == decision_id, _decision_shown(reader))
        row = connection.execute(query).one_or_none()
        if row is None or row.answer == WITHDRAWN:
            raise Refused("There is no decision of this number.")
        query = select(DECISION.decision_id).where(DECISION.withdraws == decision_id)
        if connection.execute(query).scalar_one_or_none() is not None:
            raise Refused("This decision has been withdrawn already.")
        kept = {name: row._mapping[name] for name in KEPT_OF_DOUBT}
        run_id = connection.execute(select(table(Publication).c.run_id)).scalar_one_or_none() or row.run_id
        back = {"answer": WITHDRAWN, "withdraws": decision_id, "reason": why, "run_id": run_id, "inputs": row.inputs}
        return write_decision(connection, reader, kept | back)


def decisions(engine: Engine, reader: Reader, *, limit: int = 20) -> tuple[DecisionView, ...]:
    """What was decided of late, newest first."""
    allowed(engine, reader, action="list_decisions")
    with audited(engine, reader) as connection:
        query = select(table(LinkageDecision), STAFF.name).outerjoin(
            table(Staff), STAFF.staff_id == DECISION.decided_by
        )
        query = query.where(_decision_shown(reader)).order_by(DECISION.decision_id.desc())
        rows = connection.execute(query.limit(limit)).all()
        back = set(connection.execute(select(DECISION.withdraws).where(DECISION.withdraws.is_not(None))).scalars())
        seen = {"decisions": [row.decision_id for row in rows]}
        audit.note(connection, reader, action="list_decisions", family_ids=[None], detail=seen)
    return tuple(
        DecisionView(
            decision_id=row.decision_id,
            answer=row.answer,
            name_a=row.name_a,
            name_b=row.name_b,
            reason=row.reason,
            decided_by=row.name or row.decided_by,
            decided_at=row.decided_at,
            withdraws=row.withdraws,
            is_in_force=row.answer != WITHDRAWN and row.decision_id not in back,
        )
        for row in rows
    )


def _decision_shown(reader: Reader) -> ColumnElement[bool]:
    return restricted.people_open_to(reader, DECISION.person_a, DECISION.person_b)


def decisions_in_force(engine: Engine) -> Decisions:
    """What a refresh is bound by; nothing where the casebook is new."""
    with reading(engine, WHOLE) as connection:
        found = _in_force(connection) if inspect(connection).has_table(table(LinkageDecision).name) else []
    every = pl.DataFrame(found, schema=IN_FORCE).sort("decision")
    binding = every.filter(pl.col("answer") != CANNOT_TELL).drop("doubt_id", "inputs")
    return Decisions(
        pairs=binding.filter(asks="pair").drop("asks"), ties=binding.filter(asks="tie").drop("asks"), all=every
    )


def _in_force(connection: Connection) -> list[dict[str, Any]]:
    back = select(DECISION.withdraws).where(DECISION.withdraws.is_not(None))
    query = select(table(LinkageDecision)).where(DECISION.answer != WITHDRAWN, DECISION.decision_id.not_in(back))
    return [
        {name: row._mapping[name] for name in IN_FORCE if name != "decision"} | {"decision": row.decision_id}
        for row in connection.execute(query)
    ]


def in_force_of(connection: Connection, doubt_id: str) -> list[int]:
    """The numbers of the decisions in force about one question."""
    return sorted(held["decision"] for held in _in_force(connection) if held["doubt_id"] == doubt_id)


def unanswered(connection: Connection, rows: pl.DataFrame, *, inputs: str | None) -> pl.DataFrame:
    """Of the questions of a run those to publish: not the answered ones, nor where nobody could tell from this data."""
    settled = [
        held["doubt_id"] for held in _in_force(connection) if held["answer"] != CANNOT_TELL or held["inputs"] == inputs
    ]
    return rows.filter(~pl.col("doubt_id").is_in(settled))


def allowed(engine: Engine, reader: Reader, *, action: str) -> None:
    """Refuse who may not review, and write the refusal down."""
    try:
        require_review(reader)
    except NotAllowed as refusal:
        with audited(engine, reader) as connection:
            audit.note(connection, reader, action=f"{action}_refused", family_ids=[None], detail={"why": str(refusal)})
        raise


def _fresh(connection: Connection) -> Row[Any]:
    """The publication; its questions are deleted where it is more than 90 days old (a sample keeps to its own day)."""
    row = connection.execute(select(table(Publication))).one_or_none()
    if row is None:
        raise Refused("Nothing has been published yet: load files with `families load`, then `families refresh`.")
    if not row.is_sample and row.published_at < dt.datetime.now(dt.UTC) - KEPT:
        connection.execute(delete(table(PublishedDoubt)))
    return row


def _doubt(connection: Connection, reader: Reader, doubt_id: str) -> Row[Any] | None:
    query = select(table(PublishedDoubt)).where(DOUBT.doubt_id == doubt_id, _shown(reader))
    return connection.execute(query).one_or_none()


def _shown(reader: Reader) -> ColumnElement[bool]:
    """Questions about nobody who is hidden from whoever asks."""
    return restricted.people_open_to(reader, DOUBT.person_a, DOUBT.person_b)


def given_reason(reason: str) -> str:
    """The reason given, which there must be: whoever reads it later must understand what was done."""
    why = reason.strip()
    if not why:
        raise Refused("Give a reason: whoever looks at the decision later must understand it.")
    if len(why) > MOST_WORDS:
        raise Refused(f"A reason has up to {MOST_WORDS} characters.")
    return why


def write_decision(connection: Connection, reader: Reader, values: dict[str, Any]) -> int:
    """Add a decision, and the event that says who made it, to the transaction of the act."""
    who = {"decided_by": reader.staff_id, "role": reader.role, "decided_at": dt.datetime.now(dt.UTC)}
    made = connection.execute(insert(table(LinkageDecision)).values(**values, **who).returning(DECISION.decision_id))
    number = int(made.scalar_one())
    told: Iterable[str] = ("doubt_id", "answer", "withdraws")
    detail = {"decision": number} | {name: values[name] for name in told if name in values}
    audit.note(connection, reader, action="decide_doubt", family_ids=[None], detail=detail)
    return number


def _view(row: Row[Any]) -> DoubtView:
    return DoubtView(
        doubt_id=row.doubt_id,
        asks=row.asks,
        kind=row.kind,
        name_a=row.name_a,
        name_b=row.name_b,
        sentence=row.sentence,
        effect=row.effect,
        if_so=row.if_so,
        weight=row.weight,
        waterfall=tuple((what, bits) for what, bits in json.loads(row.waterfall or "[]")),
        sides=tuple(SideBySide(*each) for each in json.loads(row.sides)),
    )
