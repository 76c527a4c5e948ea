"""How children go to school: suspensions by half term, and the school test of a result term by term."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "published_absence_rule",
        sa.Column("publication_id", sa.Integer(), autoincrement=False, nullable=False),
        *(_text(name) for name in ("label", "counted")),
        sa.CheckConstraint("publication_id = 1", name=op.f("ck_published_absence_rule_only_one")),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publication.publication_id"], name=op.f("fk_published_absence_rule_publication")
        ),
        sa.PrimaryKeyConstraint("publication_id", name=op.f("pk_published_absence_rule")),
    )
    op.create_table(
        "published_schooling",
        *(_text(name) for name in ("family_id", "person_id")),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("suspensions", sa.Integer(), nullable=True),
        _text("told"),
        sa.PrimaryKeyConstraint("family_id", "person_id", "place", name=op.f("pk_published_schooling")),
    )
    key = ("family_id", "person_id", "condition")
    op.create_table(
        "published_school_test",
        *(_text(name) for name in key),
        sa.Column("place", sa.Integer(), nullable=False),
        *(_text(name) for name in ("label", "what", "bound")),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in ("is_share", "since_work")),
        _text("term"),
        *(sa.Column(name, sa.Date(), nullable=False) for name in ("first_day", "last_day")),
        _text("outcome"),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("out_of", sa.Integer(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('met', 'not_met', 'unknown')", name=op.f("ck_published_school_test_outcome_known")
        ),
        sa.PrimaryKeyConstraint(*key, "place", name=op.f("pk_published_school_test")),
    )


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False)
