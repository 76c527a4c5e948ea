"""What is known of families from publication to publication, and alerts that close when their cause is gone."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "published_followed_absence",
        *(_text(name, nullable=False) for name in ("family_id", "person_id")),
        sa.Column("place", sa.Integer(), nullable=False),
        *(_text(name, nullable=False) for name in ("name", "half_term")),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("possible", "authorised", "unauthorised")),
        sa.PrimaryKeyConstraint("family_id", "person_id", "place", name=op.f("pk_published_followed_absence")),
    )
    op.create_table(
        "published_fact",
        *(_text(name, nullable=False) for name in ("family_id", "key", "kind")),
        *(_text(name) for name in ("person_id", "name")),
        sa.Column("happened_on", sa.Date(), nullable=True),
        *(_text(name) for name in ("sentence", "rows")),
        sa.PrimaryKeyConstraint("family_id", "key", name=op.f("pk_published_fact")),
    )
    op.add_column("alert", sa.Column("closed_on", sa.Date(), nullable=True))
    op.add_column("alert", _text("closed_why"))


def _text(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=nullable)
