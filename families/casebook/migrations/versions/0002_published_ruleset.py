"""The rules a publication was made by: the ruleset whole, its switches and the authority's overlay."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "published_ruleset",
        sa.Column("publication_id", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("ruleset", "sha256", "rules", "switches")),
        sa.Column("overlay", sa.String(), nullable=True),
        sa.CheckConstraint("publication_id = 1", name=op.f("ck_published_ruleset_only_one")),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publication.publication_id"], name=op.f("fk_published_ruleset_publication")
        ),
        sa.PrimaryKeyConstraint("publication_id", name=op.f("pk_published_ruleset")),
    )
