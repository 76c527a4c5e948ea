"""A council's own rules: proposed by one person, signed by another, and counted from a day."""

import sqlalchemy as sa
from alembic import op

from families.casebook.models import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rules_version",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("version_id", "sha256", "ruleset")),
        sa.Column("authority", sa.String(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("counts_from", sa.Date(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("reason", "proposed_by")),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("signed_by", sa.String(), nullable=True),
        sa.Column("signed_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_rules_version")),
        sa.CheckConstraint("(signed_at IS NULL) = (signed_by IS NULL)", name=op.f("ck_rules_version_signed_whole")),
        sa.CheckConstraint("signed_by <> proposed_by", name=op.f("ck_rules_version_signed_by_another")),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name=op.f("ck_rules_version_withdrawn_whole")
        ),
    )
    op.create_index(op.f("ix_rules_version_sha256"), "rules_version", ["sha256"])
