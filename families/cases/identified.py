"""Identified families before whoever confirms them: to whom each is known, what changed, and what may be decided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from families.casebook import standings
from families.casebook.views import Reader
from families.cases.opening import DECISIONS
from families.cases.reading import noted, shown
from families.cases.workflow import clock, state_label, workflow
from families.errors import Refused
from families.working_days import add_working_days

DECIDERS = workflow().acts["confirm"].roles
MOST_ON_A_PAGE = 200
UNDECIDED = "identified"  # the state from which a family without a case is decided
NOBODY = "nobody"


@dataclass(frozen=True)
class Standing:
    """How one family stands: who knows it, what the last publications changed, and what may be decided now."""

    family_id: str
    known_to: str
    in_casebook_since: dt.date | None
    confirm_by: dt.date | None  # of a family on which nobody has decided
    change: str
    changed_on: dt.date | None
    case_id: str | None  # the case a decision is about, where there is one
    row_version: int | None
    decisions: tuple[str, ...]


@dataclass(frozen=True)
class Dropped:
    """A family that is no longer published."""

    family_id: str
    name: str
    strands: str
    size: int
    dropped_on: dt.date
    why: str
    known_to: str


def standings_of(engine: Engine, reader: Reader, family_ids: Sequence[str]) -> dict[str, Standing]:
    """How some families stand, by id; those that the reader may not see are left out."""
    with shown(engine, reader, "list_identified", DECIDERS) as transaction:
        family_ids = standings.seen_among(transaction, reader, family_ids)
        cases = standings.cases_of(transaction, family_ids)
        named = standings.referrals_of(transaction, family_ids)
        changes = standings.changes_of(transaction, family_ids)
        noted(transaction, reader, "list_identified", family_ids)
    return {
        family_id: _standing(family_id, cases.get(family_id, []), named.get(family_id, []), changes.get(family_id, []))
        for family_id in family_ids
    }


def _standing(
    family_id: str,
    cases: Sequence[Mapping[str, Any]],
    named: Sequence[Mapping[str, Any]],
    changes: Sequence[Mapping[str, Any]],
) -> Standing:
    case = cases[0] if cases else None
    changed = [each for each in changes if each["kind"] == "changed"]
    since = [each["as_of"] for each in changes if each["kind"] == "new"]
    return Standing(
        family_id,
        known_to=_known_to(case, named),
        in_casebook_since=max(since) if since else None,
        confirm_by=add_working_days(max(since), clock("confirm")) if since and not cases else None,
        change=changed[0]["sentence"] if changed else "",
        changed_on=changed[0]["as_of"] if changed else None,
        case_id=case["case_id"] if case else None,
        row_version=case["row_version"] if case else None,
        decisions=decisions_in(case["state"] if case else UNDECIDED),
    )


def _known_to(case: Mapping[str, Any] | None, named: Sequence[Mapping[str, Any]]) -> str:
    """Who knows a family, in words: its case and its worker, and the agencies that referred it."""
    said = []
    if case is not None:
        worker = f" ({case['worker_name']})" if case["worker_name"] else ""
        said.append(f"casework: {state_label('case', case['state'])}{worker}")
    said += [f"referral by {each['agency']}: {state_label('referral', each['state'])}" for each in named]
    return "; ".join(said) or NOBODY


def decisions_in(state: str) -> tuple[str, ...]:
    """The decisions that fit a state."""
    return tuple(name for name in DECISIONS if state in workflow().acts[name].states)


def dropped(engine: Engine, reader: Reader, *, page: int = 1, page_size: int = 25) -> tuple[tuple[Dropped, ...], int]:
    """Families that are no longer published, the newest first, and how many there are."""
    if page < 1 or not 1 <= page_size <= MOST_ON_A_PAGE:
        raise Refused(f"A page shows 1 to {MOST_ON_A_PAGE} families, and pages are counted from 1.")
    with shown(engine, reader, "list_dropped", DECIDERS) as transaction:
        rows, total = standings.dropped(transaction, reader, limit=page_size, offset=(page - 1) * page_size)
        ids = [row["family_id"] for row in rows]
        cases, named = standings.cases_of(transaction, ids), standings.referrals_of(transaction, ids)
        became = standings.proposals_of(transaction, reader, {row["family_id"]: row["run_id"] for row in rows})
        noted(transaction, reader, "list_dropped", ids, page=page)
    return tuple(_dropped(row, cases, named, became) for row in rows), total


def _dropped(
    row: Mapping[str, Any],
    cases: Mapping[str, Sequence[Mapping[str, Any]]],
    named: Mapping[str, Sequence[Mapping[str, Any]]],
    became: Mapping[str, Sequence[str]],
) -> Dropped:
    family_id = row["family_id"]
    case = next(iter(cases.get(family_id, ())), None)
    return Dropped(
        family_id,
        row["family_name"],
        row["strands"],
        row["size"],
        row["as_of"],
        " ".join([row["sentence"], *became.get(family_id, ())]),
        _known_to(case, named.get(family_id, ())),
    )


def teams(engine: Engine, reader: Reader) -> dict[str, str]:
    """The teams a confirmed family may be given to, by id."""
    with shown(engine, reader, "list_teams", DECIDERS) as transaction:
        found = standings.teams(transaction)
        noted(transaction, reader, "list_teams", (), teams=len(found))
    return found
