"""Days on which staff are away, for whoever gives them families: who, from when, to when, and no reason."""

import sqlalchemy as sa
from alembic import op

from families.casebook.models import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff_leave",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("leave_id", "staff_id")),
        *(sa.Column(name, sa.Date(), nullable=False) for name in ("from_day", "to_day")),
        sa.Column("written_by", sa.String(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("leave_id", name=op.f("pk_staff_leave")),
        sa.CheckConstraint("from_day <= to_day", name=op.f("ck_staff_leave_forwards")),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name=op.f("ck_staff_leave_withdrawn_whole")
        ),
    )
    op.create_index("ix_staff_leave_staff_id_to_day", "staff_leave", ["staff_id", "to_day"])
