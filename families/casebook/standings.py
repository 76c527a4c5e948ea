"""How families of the run stand towards casework and the publication before; access and audit are the caller's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, exists, func, select

from families.casebook.case_models import FamilyCase, Referral
from families.casebook.continuity import names_nobody_hidden
from families.casebook.family_scope import may_see
from families.casebook.models import ContinuityProposal, FamilyChange, PublishedFamily, Staff, table
from families.casebook.staff_models import Team
from families.casebook.views import Reader

CASE, CHANGE, REFERRAL, STAFF = table(FamilyCase), table(FamilyChange), table(Referral), table(Staff)
FAMILY, PROPOSAL, TEAM = table(PublishedFamily), table(ContinuityProposal), table(Team)
RowValues = Mapping[str, Any]


def seen_among(connection: Connection, reader: Reader, family_ids: Sequence[str]) -> list[str]:
    """Those of some published families that somebody may see, in the same order."""
    query = select(FAMILY.c.family_id).where(FAMILY.c.family_id.in_(tuple(family_ids)), may_see(reader))
    seen = set(connection.execute(query).scalars())
    return [family_id for family_id in family_ids if family_id in seen]


def cases_of(connection: Connection, family_ids: Sequence[str]) -> dict[str, list[RowValues]]:
    """The cases of families, the open one first and then the newest."""
    query = (
        select(
            *(CASE.c[name] for name in ("case_id", "family_id", "state", "is_open", "state_since", "row_version")),
            STAFF.c.name.label("worker_name"),
        )
        .outerjoin(STAFF, STAFF.c.staff_id == CASE.c.worker)
        .where(CASE.c.family_id.in_(tuple(family_ids)))
        .order_by(CASE.c.family_id, CASE.c.is_open.desc(), CASE.c.state_since.desc(), CASE.c.case_id)
    )
    return _by_family(connection.execute(query).mappings())


def referrals_of(connection: Connection, family_ids: Sequence[str]) -> dict[str, list[RowValues]]:
    """The referrals that name families, the newest first."""
    query = (
        select(*(REFERRAL.c[name] for name in ("referral_id", "family_id", "state", "agency", "received_on")))
        .where(REFERRAL.c.family_id.in_(tuple(family_ids)))
        .order_by(REFERRAL.c.family_id, REFERRAL.c.received_on.desc(), REFERRAL.c.referral_id)
    )
    return _by_family(connection.execute(query).mappings())


def changes_of(connection: Connection, family_ids: Sequence[str]) -> dict[str, list[RowValues]]:
    """What became of families, the newest first."""
    query = (
        select(CHANGE)
        .where(CHANGE.c.family_id.in_(tuple(family_ids)))
        .order_by(CHANGE.c.family_id, CHANGE.c.noted_at.desc(), CHANGE.c.kind)
    )
    return _by_family(connection.execute(query).mappings())


def dropped(connection: Connection, reader: Reader, *, limit: int, offset: int = 0) -> tuple[list[RowValues], int]:
    """Families that a publication dropped and none has brought back, the newest first, and how many there are."""
    is_published = exists().where(FAMILY.c.family_id == CHANGE.c.family_id)
    seen = may_see(reader, CHANGE.c.family_id, CHANGE.c.family_status)
    condition = (CHANGE.c.kind == "dropped") & seen & ~is_published
    newer = CHANGE.alias("newer")
    is_last = ~exists().where(
        newer.c.family_id == CHANGE.c.family_id, newer.c.kind == "dropped", newer.c.noted_at > CHANGE.c.noted_at
    )
    query: Any = select(func.count()).select_from(CHANGE).where(condition, is_last)
    total = connection.execute(query).scalar_one()
    query = select(CHANGE).where(condition, is_last).order_by(CHANGE.c.noted_at.desc(), CHANGE.c.family_id)
    rows = connection.execute(query.limit(limit).offset(offset)).mappings()
    return [dict(row) for row in rows], int(total)


def proposals_of(connection: Connection, reader: Reader, runs: Mapping[str, str]) -> dict[str, list[str]]:
    """What linkage says became of families in the run that each was dropped by, where it tells of nobody hidden."""
    query = (
        select(PROPOSAL.c.family_id, PROPOSAL.c.run_after, PROPOSAL.c.sentence)
        .where(PROPOSAL.c.family_id.in_(tuple(runs)), names_nobody_hidden(reader))
        .order_by(PROPOSAL.c.family_id, PROPOSAL.c.proposal_id)
    )
    said: dict[str, list[str]] = {}
    for family_id, run_after, sentence in connection.execute(query):
        if runs[family_id] == run_after:
            said.setdefault(family_id, []).append(sentence)
    return said


def teams(connection: Connection) -> dict[str, str]:
    """The teams by id, in order of their names."""
    query = select(TEAM.c.team_id, TEAM.c.name).order_by(TEAM.c.name, TEAM.c.team_id)
    return {row.team_id: row.name for row in connection.execute(query)}


def _by_family(rows: Any) -> dict[str, list[RowValues]]:
    grouped: dict[str, list[RowValues]] = {}
    for row in rows:
        grouped.setdefault(row["family_id"], []).append(dict(row))
    return grouped
