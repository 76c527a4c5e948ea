"""Made-up staff for the demo identity chooser, which exists only where the casebook holds the sample authority."""

from __future__ import annotations

from sqlalchemy import Engine, insert, select

from families.casebook.database import writing
from families.casebook.models import Staff, table
from families.casebook.reading import require_sample
from families.casebook.row_security import NOBODY
from families.casebook.staff_models import Team

STAFF, TEAM = table(Staff), table(Team)

MADE_UP_STAFF = (
    ("demo-programme-manager", "Priya Raman", "programme_manager"),
    ("demo-team-manager", "Gareth Pugh", "team_manager"),
    ("demo-team-manager-2", "Ines Duarte", "team_manager"),
    ("demo-caseworker", "Funmi Adeyemi", "caseworker"),
    ("demo-caseworker-2", "Callum Reid", "caseworker"),
    ("demo-caseworker-3", "Sunita Rao", "caseworker"),
    ("demo-data-analyst", "Tom Whitlock", "data_analyst"),
    ("demo-returns-officer", "Helen Marsh", "returns_officer"),
    ("demo-approver", "Ruth Abbott", "approver"),
    ("demo-auditor", "Stefan Nowak", "auditor"),
    ("demo-ig-officer", "Marian Keane", "ig_officer"),
    ("demo-statistician", "Yusuf Demir", "statistician"),
    ("demo-administrator", "Asif Chaudhry", "administrator"),
    ("demo-partner-referrer", "Bethan Lloyd", "partner_referrer"),
)
MADE_UP_TEAMS = (
    ("demo-north", "North team", "demo-team-manager"),
    ("demo-south", "South team", "demo-team-manager-2"),
)
TEAM_OF = {
    "demo-team-manager": "demo-north",
    "demo-caseworker": "demo-north",
    "demo-caseworker-2": "demo-north",
    "demo-team-manager-2": "demo-south",
    "demo-caseworker-3": "demo-south",
}


def add_demo_staff(engine: Engine) -> None:
    """Put the made-up staff into a casebook marked as sample; a second time changes nothing."""
    with writing(engine, NOBODY) as connection:
        require_sample(connection)
        there = set(connection.execute(select(STAFF.c.staff_id)).scalars())
        rows = [
            {"staff_id": staff_id, "name": name, "role": role, "is_demo": True, "team_id": TEAM_OF.get(staff_id)}
            for staff_id, name, role in MADE_UP_STAFF
            if staff_id not in there
        ]
        if rows:
            connection.execute(insert(STAFF), rows)
        teams = set(connection.execute(select(TEAM.c.team_id)).scalars())
        new = [dict(zip(TEAM.c.keys(), row, strict=True)) for row in MADE_UP_TEAMS if row[0] not in teams]
        if new:
            connection.execute(insert(TEAM), new)
