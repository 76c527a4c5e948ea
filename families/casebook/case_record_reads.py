"""What one family's record asks of casework: notes and alerts a page at a time, and the chronology's outline.

The outline has no words: of a family with thousands of events only those on the page are read in full.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, not_, or_, select

from families.casebook import restricted
from families.casebook.case_models import Alert, AlertAnswer, CaseStep, ChronologyEntry, ChronologyVersion, FamilyCase
from families.casebook.case_work_models import CaseNote, NotePerson
from families.casebook.models import Staff, table
from families.casebook.views import Reader

RowValues = dict[str, Any]
CASE, STEP, NOTE, PERSON = table(FamilyCase), table(CaseStep), table(CaseNote), table(NotePerson)
ALERT, ANSWER, STAFF = table(Alert), table(AlertAnswer), table(Staff)
ENTRY, VERSION = table(ChronologyEntry), table(ChronologyVersion)


def people_of_notes(connection: Connection, case_ids: Sequence[str]) -> dict[str, str]:
    """Whom the notes of some cases are about, as their newest note names them."""
    query = (
        select(PERSON.c.person_id, PERSON.c.name)
        .join(NOTE, NOTE.c.note_id == PERSON.c.note_id)
        .where(NOTE.c.case_id.in_(case_ids))
        .group_by(PERSON.c.person_id, PERSON.c.name)
        .order_by(func.max(NOTE.c.written_at), PERSON.c.person_id, PERSON.c.name)
    )
    return {row.person_id: row.name for row in connection.execute(query)}


def notes(
    connection: Connection, reader: Reader, case_ids: Sequence[str], *, limit: int, offset: int = 0
) -> tuple[list[RowValues], int]:
    """A page of the notes of some cases, the newest contact first, and how many there are.

    As in the chronology there is none about somebody hidden from the reader, who may be in another family by now.
    """
    about = select(PERSON.c.note_id).where(not_(restricted.people_open_to(reader, PERSON.c.person_id)))
    condition = and_(NOTE.c.case_id.in_(case_ids), NOTE.c.note_id.not_in(about))
    query = select(NOTE).where(condition).order_by(NOTE.c.contact_on.desc(), NOTE.c.written_at.desc(), NOTE.c.note_id)
    return _page(connection, query, condition, NOTE, limit=limit, offset=offset)


def alerts(
    connection: Connection,
    reader: Reader,
    case_ids: Sequence[str],
    today: dt.date,
    *,
    waiting: bool,
    limit: int,
    offset: int = 0,
) -> tuple[list[RowValues], int]:
    """A page of alerts that wait for an answer, or of those that have one, the newest first, and how many there are.

    An alert names whom it is about in its words: of somebody hidden from the reader, who may be in another family by
    now, there is none.
    """
    waits = waits_for_answer(today)
    shown = restricted.people_open_to(reader, ALERT.c.person_id)
    condition = and_(ALERT.c.case_id.in_(case_ids), shown, waits if waiting else ~waits)
    query = select(ALERT).where(condition).order_by(ALERT.c.raised_on.desc(), ALERT.c.alert_id)
    return _page(connection, query, condition, ALERT, limit=limit, offset=offset)


def waits_for_answer(today: dt.date) -> ColumnElement[bool]:
    """Alerts nobody has answered, and snoozed ones whose day has come; none whose cause the data has no more."""
    asks = or_(ALERT.c.answer.is_(None), and_(ALERT.c.answer == "snoozed", ALERT.c.snoozed_until <= today))
    return and_(ALERT.c.closed_on.is_(None), asks)


def last_answers(connection: Connection, alert_ids: Sequence[str]) -> dict[str, RowValues]:
    """The last answer to each of some alerts, with the name of who gave it."""
    query = (
        select(ANSWER, STAFF.c.name.label("answered_by"))
        .outerjoin(STAFF, STAFF.c.staff_id == ANSWER.c.written_by)
        .where(ANSWER.c.alert_id.in_(alert_ids))
        .order_by(ANSWER.c.written_at, ANSWER.c.answer_id)
    )
    return {row["alert_id"]: dict(row) for row in connection.execute(query).mappings()}


def _page(
    connection: Connection, query: Any, condition: ColumnElement[bool], of: Any, *, limit: int, offset: int
) -> tuple[list[RowValues], int]:
    total = connection.execute(select(func.count()).select_from(of).where(condition)).scalar_one()
    rows = connection.execute(query.limit(limit).offset(offset)).mappings()
    return [dict(row) for row in rows], int(total)


# -- the chronology without its words --------------------------------------------------------------------------------


def outline_of_steps(connection: Connection, case_ids: Sequence[str], *, but: Collection[str]) -> list[RowValues]:
    """What was done with some cases, in order, but for some acts that changed no state."""
    columns = ("step_id", "case_id", "written_on", "act", "people", "written_by", "state_from", "state_to")
    moved = func.coalesce(STEP.c.state_from, "") != func.coalesce(STEP.c.state_to, "")
    shown = or_(STEP.c.act.not_in(tuple(but)), moved)
    query = select(*(STEP.c[name] for name in columns)).where(STEP.c.case_id.in_(case_ids), shown)
    return [dict(row) for row in connection.execute(query.order_by(STEP.c.step_id)).mappings()]


def outline_of_notes(connection: Connection, case_ids: Sequence[str]) -> tuple[list[RowValues], list[RowValues]]:
    """The notes of some cases without their words, and whom each is about."""
    of_cases = NOTE.c.case_id.in_(case_ids)
    query: Any = select(NOTE.c.note_id, NOTE.c.contact_on, NOTE.c.kind, NOTE.c.written_by).where(of_cases)
    found = [dict(row) for row in connection.execute(query.order_by(NOTE.c.note_id)).mappings()]
    query = select(PERSON).join(NOTE, NOTE.c.note_id == PERSON.c.note_id).where(of_cases)
    people = connection.execute(query.order_by(PERSON.c.note_id, PERSON.c.person_id)).mappings()
    return found, [dict(row) for row in people]


def outline_of_alerts(connection: Connection, case_ids: Sequence[str]) -> list[RowValues]:
    """The alerts of some cases without their sentences."""
    columns = ("alert_id", "happened_on", "raised_on", "kind", "person_id", "name")
    query = select(*(ALERT.c[name] for name in columns)).where(ALERT.c.case_id.in_(case_ids))
    return [dict(row) for row in connection.execute(query.order_by(ALERT.c.alert_id)).mappings()]


def curated(connection: Connection, case_ids: Sequence[str]) -> list[RowValues]:
    """The curated entries of some cases in the wording that stands."""
    stands = and_(VERSION.c.entry_id == ENTRY.c.entry_id, VERSION.c.version == ENTRY.c.version)
    mine = ("entry_id", "case_id", "happened_on", "event", "is_significant", "is_finished", "version")
    theirs = ("words", "impact", "people", "written_by", "written_at")
    query = (
        select(*(ENTRY.c[name] for name in mine), *(VERSION.c[name] for name in theirs))
        .join(VERSION, stands)
        .where(ENTRY.c.case_id.in_(case_ids))
        .order_by(ENTRY.c.entry_id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
