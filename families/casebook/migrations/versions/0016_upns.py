"""The UPNs that somebody is found by, behind the wall of their family as the words of names are.

They are filled by the next refresh, as is everything that is published: until then nobody is found by a UPN.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = ("upn", "family_id", "person_id")
    op.create_table(
        "published_upn",
        *(sa.Column(name, sa.String(), nullable=False) for name in key),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_published_upn")),
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in WALL:
            op.execute(statement)


# As 0014 has it of every published table: seen by the family's own policy, and written by a refresh alone.
WHOLE = "(SELECT casebook_is_whole())"
SEEN = """((SELECT casebook_sees_all_published())
    OR (SELECT casebook_sees_by_status())
        AND EXISTS (SELECT FROM published_family o WHERE o.family_id = published_upn.family_id)
    OR family_id IN (SELECT casebook_families()))
    AND family_id NOT IN (SELECT casebook_hidden())"""
WALL = (
    f"CREATE POLICY seen ON published_upn FOR SELECT USING ({WHOLE} OR {SEEN})",
    f"CREATE POLICY written ON published_upn FOR INSERT WITH CHECK ({WHOLE})",
    f"CREATE POLICY changed ON published_upn FOR UPDATE USING ({WHOLE})",
    f"CREATE POLICY deleted ON published_upn FOR DELETE USING ({WHOLE})",
    "ALTER TABLE published_upn ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
)
