"""Of restrictions, people read what they need to leave hidden families out, and information governance the rest.

Each query of each person leaves out what is hidden from them, and so has to read which restrictions are in force, whom
they are about, and where that person is let in. What was lifted, and who else is let in, is no business of theirs; and
nobody but information governance sets, lifts or grants, whatever statement is made. A refresh adds people's new ids.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

GOVERNS = "((SELECT casebook_is_whole()) OR (SELECT casebook_role_is('ig_officer')))"
SIGNED = "(SELECT casebook_claims()) IS NOT NULL"
SEEN = {
    "restriction": f"{SIGNED} AND lifted_at IS NULL",
    "restricted_person": "EXISTS (SELECT FROM restriction o WHERE o.restriction_id = restricted_person.restriction_id)",
    "restriction_grant": "staff_id = (SELECT casebook_staff())",
}


WALL = tuple(
    statement
    for table, seen in SEEN.items()
    for statement in (
        f"DROP POLICY kept ON {table}",
        f"CREATE POLICY seen ON {table} FOR SELECT USING ({seen})",
        f"CREATE POLICY kept ON {table} USING {GOVERNS} WITH CHECK {GOVERNS}",
    )
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in WALL:
            op.execute(statement)
