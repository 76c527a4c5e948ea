"""How well records are linked: counts that name nobody, pairs drawn to measure it by, and what people said of them.

An answer measures and changes no link: were it to correct the pairs it is about, these would soon be better than the
rest, and no measure of it. What must be corrected is decided elsewhere.
"""

from __future__ import annotations

import datetime as dt
import json

from sqlalchemy import Connection, Engine, func, insert, inspect, select

from families.casebook import audit, restricted
from families.casebook.access import require_quality, require_samples
from families.casebook.database import audited, reading, writing
from families.casebook.models import PublishedQuality, PublishedSamplePair, SampleAnswer, table
from families.casebook.row_security import WHOLE
from families.casebook.views import QualityCount, Reader, SampleCount, SamplePair
from families.errors import Refused

COUNTS, PAIRS, ANSWERS = table(PublishedQuality), table(PublishedSamplePair), table(SampleAnswer)
SAME, DIFFERENT, CANNOT_TELL = "same", "different", "cannot_tell"


def quality_counts(engine: Engine, reader: Reader) -> tuple[QualityCount, ...]:
    """The counts of the published run; none where an earlier version published it."""
    require_quality(reader)
    columns = (COUNTS.c.figure, COUNTS.c.label, COUNTS.c.part, COUNTS.c.number)
    with reading(engine) as connection:
        if not inspect(connection).has_table(COUNTS.name):
            return ()
        rows = connection.execute(
            select(*columns).order_by(COUNTS.c.figure, COUNTS.c.place, COUNTS.c.label, COUNTS.c.part)
        )
        return tuple(QualityCount(**row._mapping) for row in rows)


def sample_counts(engine: Engine, reader: Reader) -> tuple[SampleCount, ...]:
    """What was answered of each kind of pair drawn; one that nobody can tell is not answered."""
    require_quality(reader)
    with reading(engine, WHOLE) as connection:
        if not inspect(connection).has_table(PAIRS.name):
            return ()
        drawn = connection.execute(select(PAIRS.c.pair_id, PAIRS.c.stratum, PAIRS.c.is_linked, PAIRS.c.stratum_pairs))
        answers = _answers(connection)
        tally: dict[tuple[str, bool, int], list[str | None]] = {}
        for pair_id, stratum, is_linked, pairs in drawn:
            tally.setdefault((stratum, is_linked, pairs), []).append(answers.get(pair_id))
    return tuple(
        SampleCount(stratum, is_linked, pairs, len(told), sum(a in (SAME, DIFFERENT) for a in told), told.count(SAME))
        for (stratum, is_linked, pairs), told in sorted(tally.items())
    )


def _answers(connection: Connection) -> dict[str, str]:
    """The last answer to each pair."""
    last = select(func.max(ANSWERS.c.answer_id)).group_by(ANSWERS.c.pair_id).scalar_subquery()
    rows = connection.execute(select(ANSWERS.c.pair_id, ANSWERS.c.answer).where(ANSWERS.c.answer_id.in_(last)))
    return {row.pair_id: row.answer for row in rows}


def next_sample_pair(engine: Engine, reader: Reader) -> SamplePair | None:
    """The first drawn pair that nobody answered; whether it is linked is not said, so that nobody is led by it.

    Audited: two people are shown.
    """
    require_samples(reader)
    with audited(engine, reader) as connection:
        if not inspect(connection).has_table(PAIRS.name):
            return None
        answered = select(ANSWERS.c.pair_id)
        may = restricted.people_open_to(reader, PAIRS.c.person_a, PAIRS.c.person_b)
        query = select(PAIRS.c.pair_id, PAIRS.c.sides).where(PAIRS.c.pair_id.not_in(answered), may)
        query = query.order_by(PAIRS.c.place)
        row = connection.execute(query.limit(1)).one_or_none()
        shown = {"pair": row.pair_id if row else None}
        audit.note(connection, reader, action="read_sample_pair", family_ids=[None], detail=shown)
    if row is None:
        return None
    return SamplePair(row.pair_id, tuple((field, one, other) for field, one, other in json.loads(row.sides)))


def answer_sample_pair(engine: Engine, by: Reader, pair_id: str, *, answer: str) -> None:
    """Say whether the two records of a drawn pair are of one person. A later answer stands for an earlier one."""
    require_samples(by)
    if answer not in (SAME, DIFFERENT, CANNOT_TELL):
        raise Refused("Choose whether the two are the same person, different people, or that you cannot tell.")
    with writing(engine, by) as connection:
        if connection.execute(select(PAIRS.c.pair_id).where(PAIRS.c.pair_id == pair_id)).one_or_none() is None:
            raise Refused("This pair is not asked about any more: a newer run was published.")
        told = {"pair_id": pair_id, "answer": answer, "staff_id": by.staff_id, "role": by.role}
        connection.execute(insert(ANSWERS).values(**told, at=dt.datetime.now(dt.UTC)))
        detail = {"pair": pair_id, "answer": answer}
        audit.note(connection, by, action="answer_sample_pair", family_ids=[None], detail=detail)
