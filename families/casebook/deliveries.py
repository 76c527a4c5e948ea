"""What the casebook knows of deliveries: which findings rest on one, and who did what with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, func, inspect, select

from families.casebook import audit
from families.casebook.access import require_loads
from families.casebook.case_models import FamilyCase
from families.casebook.case_store import staff_names
from families.casebook.database import audited, reading
from families.casebook.models import PublishedEvidence, PublishedFinding, table
from families.casebook.row_security import WHOLE
from families.casebook.views import Reader

EVIDENCE, FINDING, CASE = table(PublishedEvidence).c, table(PublishedFinding).c, table(FamilyCase).c


@dataclass(frozen=True)
class Cited:
    """How much of what is published rests on rows of some deliveries; nobody is named."""

    findings: int = 0
    families: int = 0
    open_families: int = 0  # of these, worked with now


def cited(engine: Engine, reader: Reader, deliveries: Sequence[str]) -> Cited:
    """How many findings, and families, show a row of these deliveries."""
    require_loads(reader)
    with reading(engine, WHOLE) as connection:
        if not inspect(connection).has_table(table(FamilyCase).name):
            return Cited()
        shown = select(EVIDENCE.finding_id).where(EVIDENCE.delivery.in_(deliveries)).distinct()
        of = FINDING.finding_id.in_(shown)
        query = select(func.count(), func.count(FINDING.family_id.distinct())).where(of)
        findings, families = connection.execute(query).one()
        is_open = CASE.family_id.in_(select(FINDING.family_id).where(of))
        worked_with = connection.execute(select(func.count()).where(is_open, CASE.is_open)).scalar_one()
    return Cited(findings, families, worked_with)


def noted(engine: Engine, by: Reader, action: str, detail: dict[str, Any], *, result_count: int | None = None) -> None:
    """Write down what somebody is about to do with a delivery."""
    with audited(engine, by) as connection:
        audit.note(connection, by, action=action, family_ids=[None], detail=detail, result_count=result_count)


@contextmanager
def traced(engine: Engine, by: Reader, action: str, detail: dict[str, Any]) -> Iterator[None]:
    """Write an act down before it is done, and that it was not where it could not be."""
    noted(engine, by, action, detail)
    try:
        yield
    except Exception:
        noted(engine, by, f"{action}_failed", detail)
        raise


def names_of_staff(engine: Engine, by: Reader) -> dict[str, str]:
    """What whoever did something with a delivery is called."""
    require_loads(by)
    with reading(engine) as connection:
        return staff_names(connection)
