"""Referrals before people: the inbox of those who decide, and their own before those who made them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Engine

from families.casebook import audit, case_reads, case_scope, case_store
from families.casebook.case_models import Referral, ReferralPerson
from families.casebook.database import audited
from families.casebook.views import Reader
from families.cases.clock import time_left
from families.cases.moving import refusals_noted
from families.cases.views import ReferralLine, ReferralRecord
from families.cases.workflow import state_label, workflow
from families.errors import NotAllowed

TRIAGERS = workflow().acts["begin_triage"].roles
OPEN = ("received", "in_triage", "more_information")
DECIDED = ("accepted", "declined")
MOST_DECIDED = 100
OF_RUN = "identified"  # the kind that is made of a family of the run, and not written by hand


def referrers() -> frozenset[str]:
    """The roles that write referrals."""
    return frozenset(role for kind, roles in workflow().refer.items() if kind != OF_RUN for role in roles)


def kind_for(role: str) -> str:
    """The kind of referral that a role writes."""
    for kind, roles in workflow().refer.items():
        if kind != OF_RUN and role in roles:
            return kind
    raise NotAllowed("Your role makes no referrals: ask a caseworker or a manager.")


def inbox(engine: Engine, reader: Reader, *, today: dt.date, states: Iterable[str] = OPEN) -> tuple[ReferralLine, ...]:
    """Referrals in some states, the first due first; somebody who refers sees their own and no others."""
    return _shown(engine, reader, "list_referrals", today, tuple(states))


def decided(engine: Engine, reader: Reader, *, today: dt.date) -> tuple[ReferralLine, ...]:
    """The referrals that were decided last, the newest first."""
    return _shown(engine, reader, "list_referrals", today, DECIDED, newest=MOST_DECIDED)


def own_referrals(engine: Engine, reader: Reader, *, today: dt.date) -> tuple[ReferralLine, ...]:
    """What somebody referred themselves, the newest first, with what they were told of it."""
    return _shown(engine, reader, "list_own_referrals", today, OPEN + DECIDED, newest=MOST_DECIDED, only_mine=True)


def _shown(
    engine: Engine,
    reader: Reader,
    action: str,
    today: dt.date,
    states: tuple[str, ...],
    *,
    newest: int | None = None,
    only_mine: bool = False,
) -> tuple[ReferralLine, ...]:
    with refusals_noted(engine, reader, action):
        case_scope.require_referrals(reader)
        with audited(engine, reader) as transaction:
            rows = case_reads.referrals(transaction, reader, states, newest=newest, only_mine=only_mine)
            families = sorted({row["family_id"] for row in rows if row["family_id"]})
            detail = {"referrals": [row["referral_id"] for row in rows]}
            audit.note(transaction, reader, action=action, family_ids=families or [None], detail=detail)
    return tuple(_line(row, reader, today) for row in rows)


def referral(engine: Engine, reader: Reader, referral_id: str, *, today: dt.date) -> ReferralRecord:
    """One referral, whole; a partner is told the outcome and not the rationale."""
    with refusals_noted(engine, reader, "read_referral"):
        case_scope.require_referrals(reader)
        with audited(engine, reader) as transaction:
            scope = case_scope.may_see_referral(reader)
            row = case_store.one(transaction, Referral, referral_id=referral_id)
            if row is None or not case_scope.found(transaction, Referral, scope, referral_id=referral_id):
                raise NotAllowed("There is no referral under this id that you may see.")
            people = case_store.every(transaction, ReferralPerson, "place", referral_id=referral_id)
            names = case_store.staff_names(transaction)
            detail = {"referral": referral_id}
            audit.note(transaction, reader, action="read_referral", family_ids=[row["family_id"]], detail=detail)
    is_partner = reader.role == "partner_referrer"
    outcome = workflow().outcomes.get(row["state"], {}).get(row["outcome"] or "")
    return ReferralRecord(
        line=_line(row | {"written_name": names.get(row["written_by"])}, reader, today),
        people=tuple((person["name"], person["date_of_birth"], person["relation"]) for person in people),
        **{name: row[name] for name in ("reporter", "contact", "basis", "notice_given", "reasons", "answered")},
        needs=tuple(json.loads(row["needs"])),
        outcome_label=outcome.label if outcome and not is_partner else None,
        rationale=None if is_partner else row["rationale"],
        decided_by=None if is_partner else names.get(row["decided_by"], row["decided_by"]),
        decided_on=row["decided_on"],
        case_id=None if is_partner else row["case_id"],
    )


def _line(row: Any, reader: Reader, today: dt.date) -> ReferralLine:
    stopped, is_open = row["stopped_on"] is not None, row["state"] in OPEN
    left = time_left(row["due_on"], today) if is_open and not stopped else ""
    if stopped:
        left = f"The clock stands still: {workflow().words['clock_stops'][row['stop_reason']]}."
    names = ("referral_id", "kind", "state", "family_name", "agency", "urgency", "received_on", "due_on")
    more = ("told", "asked", "row_version")
    return ReferralLine(
        **{name: row[name] for name in (*names, *more)},
        state_label=state_label("referral", row["state"]),
        family_id=None if reader.role == "partner_referrer" else row["family_id"],
        urgency_label=workflow().urgency[row["urgency"]][0],
        time_left=left,
        is_overdue=is_open and not stopped and row["due_on"] < today,
        made_by=row["written_name"] or row["written_by"],
    )
