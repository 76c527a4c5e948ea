"""What a publication changed of families in the casebook: new, changed or dropped, kept beside what it replaces."""

import sqlalchemy as sa
from alembic import op

from families.casebook.models import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "family_change",
        sa.Column("family_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("family_status", sa.String(), nullable=False),
        sa.Column("family_name", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("strands", sa.String(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("noted_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("family_id", "run_id", "kind", name="pk_family_change"),
        sa.CheckConstraint("kind IN ('new', 'changed', 'dropped')", name="ck_family_change_kind_known"),
    )
    op.create_index("ix_family_change_kind_noted_at", "family_change", ["kind", "noted_at"])
