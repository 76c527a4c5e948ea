"""Made-up staff for the demo identity chooser, which exists only where the casebook holds the sample authority."""

from __future__ import annotations

from sqlalchemy import Engine, insert, select

from families.casebook.database import writing
from families.casebook.models import Staff, table
from families.casebook.reading import require_sample

STAFF = table(Staff)

MADE_UP_STAFF = (
    ("demo-programme-manager", "Priya Raman", "programme_manager"),
    ("demo-team-manager", "Gareth Pugh", "team_manager"),
    ("demo-caseworker", "Funmi Adeyemi", "caseworker"),
    ("demo-data-analyst", "Tom Whitlock", "data_analyst"),
    ("demo-returns-officer", "Helen Marsh", "returns_officer"),
    ("demo-auditor", "Stefan Nowak", "auditor"),
    ("demo-ig-officer", "Marian Keane", "ig_officer"),
    ("demo-administrator", "Asif Chaudhry", "administrator"),
)


def add_demo_staff(engine: Engine) -> None:
    """Put the made-up staff into a casebook marked as sample; a second time changes nothing."""
    with writing(engine) as connection:
        require_sample(connection)
        there = set(connection.execute(select(STAFF.c.staff_id)).scalars())
        rows = [
            {"staff_id": staff_id, "name": name, "role": role, "is_demo": True}
            for staff_id, name, role in MADE_UP_STAFF
            if staff_id not in there
        ]
        if rows:
            connection.execute(insert(STAFF), rows)
