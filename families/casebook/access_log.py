"""Who looked at a family, for those who answer for it: read out of the audit trail, and itself written down there."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select

from families.casebook import audit, case_scope, restricted
from families.casebook.access import ROLES, require_access_log
from families.casebook.case_models import FamilyCase
from families.casebook.database import audited
from families.casebook.family_scope import may_see
from families.casebook.models import AuditEvent, PublishedFamily, Staff, table
from families.casebook.views import Reader
from families.errors import NotAllowed

EVENT, STAFF, FAMILY = table(AuditEvent).c, table(Staff).c, table(PublishedFamily).c
AN_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
OF_ANY_FAMILY = frozenset({"auditor", "ig_officer"})  # of those no longer published too
MOST_SHOWN = 500


@dataclass(frozen=True)
class Looked:
    """One time somebody was shown a family, or did something about it."""

    event_id: int
    at: dt.datetime
    staff_id: str
    name: str
    role: str
    role_label: str
    purpose: str
    action: str


def access_log(engine: Engine, reader: Reader, family_id: str, *, before: int | None = None) -> tuple[Looked, ...]:
    """Who was shown this family, newest first; `before` an event's number, for the next page."""
    try:
        require_access_log(reader)
    except NotAllowed as refusal:
        with audited(engine, reader) as connection:
            _note(connection, reader, None, {"why": str(refusal)}, refused=True)
        raise
    with audited(engine, reader) as connection:
        may = AN_ID.fullmatch(family_id) is not None and _may_see(connection, reader, family_id)
        found = _looked(connection, family_id, before=before) if may else ()
        if may:
            _note(connection, reader, family_id, {}, count=len(found))
        else:
            _note(connection, reader, None, {"asked": family_id[:64]}, refused=True)
    if not may:
        raise NotAllowed("There is no family under this id that you may see.")
    return found


def _may_see(connection: Connection, reader: Reader, family_id: str) -> bool:
    if reader.role in OF_ANY_FAMILY:
        return (
            connection.execute(
                select(EVENT.event_id)
                .where(EVENT.family_id == family_id, restricted.is_open_to(reader, EVENT.family_id))
                .limit(1)
            ).first()
            is not None
        )
    query = select(FAMILY.family_id).where(FAMILY.family_id == family_id, may_see(reader))
    if connection.execute(query).first() is not None:
        return True
    return case_scope.found(connection, FamilyCase, case_scope.may_read(reader), family_id=family_id)


def _looked(connection: Connection, family_id: str, *, before: int | None) -> tuple[Looked, ...]:
    columns = (EVENT.event_id, EVENT.at, EVENT.staff_id, STAFF.name, EVENT.role, EVENT.purpose, EVENT.action)
    query = select(*columns).outerjoin(table(Staff), STAFF.staff_id == EVENT.staff_id)
    query = query.where(EVENT.family_id == family_id).order_by(EVENT.event_id.desc()).limit(MOST_SHOWN)
    rows = connection.execute(query if before is None else query.where(EVENT.event_id < before))
    return tuple(
        Looked(
            **{**row._mapping, "name": row.name or row.staff_id},
            role_label=ROLES.get(row.role, row.role),
        )
        for row in rows
    )


def _note(
    connection: Connection,
    reader: Reader,
    family_id: str | None,
    detail: dict[str, object],
    *,
    count: int | None = None,
    refused: bool = False,
) -> None:
    action = "read_access_log_refused" if refused else "read_access_log"
    audit.note(connection, reader, action=action, family_ids=[family_id], detail=detail, result_count=count)
