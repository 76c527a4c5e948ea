"""When somebody last proved who they are: what is most protected asks for a sign-in that is not long ago."""

import sqlalchemy as sa
from alembic import op

from families.casebook.models import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff_session", sa.Column("signed_in_at", UtcDateTime(), nullable=True))
