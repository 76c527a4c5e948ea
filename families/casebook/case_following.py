"""The cases of a family that was put together with another go on under the id that is kept, once a person accepts that.

Each case that goes over leaves a step, by which undoing finds it again. Where both families are being worked with, or a
restriction hangs on the id that goes, a person has to act first: nothing is put together or laid open by itself.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, Row, exists, insert, select, update

from families.casebook import audit
from families.casebook.case_models import CaseStep, Draft, FamilyCase, Referral
from families.casebook.case_work_models import CorrectionQuery
from families.casebook.models import Publication, table
from families.casebook.restriction_models import Restriction
from families.casebook.row_security import seeing_all
from families.casebook.views import Reader
from families.errors import Refused

CASE, STEP, DRAFT, RESTRICTION = table(FamilyCase), table(CaseStep), table(Draft), table(Restriction)
MERGED, FOLLOWED = "family_merged", "follow_family"
BOTH_OPEN = "Both families are being worked with: close one of the two cases, then accept that they are one."
RESTRICTED = (
    "The record is restricted under the id that goes: have the family that is kept restricted first, then accept."
)


def follow(connection: Connection, by: Reader, change: Row[Any], *, is_accepted: bool, reason: str) -> None:
    """Take the cases over, or back to the id they were under; of any other change than a merger none moves.

    What a worker is writing moves too, though whoever accepts the merger may not read it.
    """
    if change.kind == MERGED:
        with seeing_all(connection):
            _follow(connection, by, change, is_accepted=is_accepted, reason=reason)


def _follow(connection: Connection, by: Reader, change: Row[Any], *, is_accepted: bool, reason: str) -> None:
    old, new = (change.old_id, change.new_id) if is_accepted else (change.new_id, change.old_id)
    query = select(CASE).where(CASE.c.family_id == old).order_by(CASE.c.case_id)
    if not is_accepted:
        query = query.where(CASE.c.case_id.in_(_moved_by(change.proposal_id)))
    cases = connection.execute(query).all()
    _require_room(connection, cases, old, new)
    for case in cases:
        _move(connection, by, case, new, change.proposal_id, reason)


def _moved_by(proposal_id: str) -> Any:
    of_proposal = STEP.c.token.startswith(f"{proposal_id}|", autoescape=True)
    return select(STEP.c.case_id).where(STEP.c.act == FOLLOWED, of_proposal)


def _require_room(connection: Connection, cases: Any, old: str, new: str) -> None:
    if not cases:
        return
    query = select(CASE.c.case_id).where(CASE.c.family_id == new, CASE.c.is_open)
    if any(case.is_open for case in cases) and connection.execute(query).first():
        raise Refused(BOTH_OPEN)
    in_force = select(RESTRICTION.c.kind).where(RESTRICTION.c.lifted_at.is_(None))
    before, after = (
        set(connection.execute(in_force.where(RESTRICTION.c.family_id == family_id)).scalars())
        for family_id in (old, new)
    )
    if before - after:
        raise Refused(RESTRICTED)


def _move(connection: Connection, by: Reader, case: Row[Any], to: str, proposal_id: str, reason: str) -> None:
    """The case with what is tied to it by the family's id: its referral, its questions to sources, its drafts."""
    values = {"family_id": to, "row_version": case.row_version + 1}
    connection.execute(update(CASE).where(CASE.c.case_id == case.case_id).values(**values))
    for model in (Referral, CorrectionQuery):
        tied = table(model)
        connection.execute(update(tied).where(tied.c.case_id == case.case_id).values(family_id=to))
    if case.is_open and case.worker:
        _move_drafts(connection, case, to)
    now = dt.datetime.now(dt.UTC)
    told = {"act": FOLLOWED, "case_id": case.case_id, "role": by.role, "reason": reason, "people": "[]"}
    written = {"written_by": by.staff_id, "written_on": _day(connection, now), "written_at": now, "result": to}
    token = f"{proposal_id}|{case.case_id}|{case.row_version}"
    connection.execute(insert(STEP).values(token=token, **told, **written))
    detail = {"case": case.case_id, "before": {"family": case.family_id}, "after": {"family": to}}
    audit.note(connection, by, action=FOLLOWED, family_ids=[case.family_id, to], detail=detail)


def _move_drafts(connection: Connection, case: Row[Any], to: str) -> None:
    """What the case's worker is writing, but for what they are writing there already."""
    there = DRAFT.alias("there")
    is_taken = exists().where(there.c.author == DRAFT.c.author, there.c.kind == DRAFT.c.kind, there.c.family_id == to)
    theirs = (DRAFT.c.family_id == case.family_id, DRAFT.c.author == case.worker)
    connection.execute(update(DRAFT).where(*theirs, ~is_taken).values(family_id=to))


def _day(connection: Connection, now: dt.datetime) -> dt.date:
    """The day of casework: in a sample the as-of date of its data."""
    row = connection.execute(select(table(Publication).c.as_of, table(Publication).c.is_sample)).one_or_none()
    day: dt.date = row.as_of if row and row.is_sample else now.date()
    return day
