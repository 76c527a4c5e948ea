"""What a near miss lacks to be eligible, in a sentence."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("published_family", sa.Column("near_miss", sa.String(), nullable=True))
