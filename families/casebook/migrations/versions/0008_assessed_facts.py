"""A fact of an assessment keeps what its source answered, and as of when: met, not met or not known, the newest row."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("assessed_fact", sa.Column("outcome", sa.String(), nullable=True))
    op.add_column("assessed_fact", sa.Column("dated_on", sa.Date(), nullable=True))
    op.add_column("assessment", sa.Column("data_as_of", sa.Date(), nullable=True))
