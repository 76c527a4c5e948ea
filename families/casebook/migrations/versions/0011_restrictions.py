"""Who is hidden from whom, who looked in an emergency, and the words that people are found by.

The words are filled by the next refresh, as is everything that is published.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from families.casebook.models import UtcDateTime, Word

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _published()
    _restrictions()
    _emergencies()


def _published() -> None:
    op.add_column("published_member", _text("sources"))
    for table in ("published_doubt", "linkage_decision", "published_sample_pair"):
        for name in ("person_a", "person_b"):
            op.add_column(table, _text(name))
    for name in ("person_id", "date_of_birth"):
        op.create_index(f"ix_published_member_{name}", "published_member", [name])
    op.create_table(
        "published_word",
        sa.Column("word", Word, nullable=False),
        *(_text(name, nullable=False) for name in ("family_id", "person_id")),
        sa.PrimaryKeyConstraint("word", "family_id", "person_id", name=op.f("pk_published_word")),
    )


def _restrictions() -> None:
    op.create_table(
        "restriction",
        *(_text(name, nullable=False) for name in ("restriction_id", "family_id", "kind", "reason", "set_by")),
        _moment("set_at", nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        *(_text(name) for name in ("person_id", "lifted_by", "lifted_why")),
        _moment("lifted_at"),
        sa.CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name=op.f("ck_restriction_lifted_whole")),
        sa.PrimaryKeyConstraint("restriction_id", name=op.f("pk_restriction")),
    )
    for name in ("family_id", "lifted_at"):
        op.create_index(f"ix_restriction_{name}", "restriction", [name])
    op.create_table(
        "restricted_person",
        *(_text(name, nullable=False) for name in ("person_id", "restriction_id")),
        _of("restricted_person", "restriction"),
        sa.PrimaryKeyConstraint("person_id", "restriction_id", name=op.f("pk_restricted_person")),
    )
    op.create_table(
        "restriction_grant",
        *(_text(name, nullable=False) for name in ("grant_id", "restriction_id", "staff_id", "reason", "granted_by")),
        sa.Column("sees_address", sa.Boolean(), nullable=False),
        *(_moment(name, nullable=False) for name in ("granted_at", "ends_at")),
        _text("ended_by"),
        _moment("ended_at"),
        _of("restriction_grant", "restriction"),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_restriction_grant")),
    )
    op.create_index("ix_restriction_grant_staff_id_restriction_id", "restriction_grant", ["staff_id", "restriction_id"])


def _emergencies() -> None:
    op.create_table(
        "emergency_opening",
        *(_text(name, nullable=False) for name in ("opening_id", "staff_id", "role", "family_id", "cause", "words")),
        *(_moment(name, nullable=False) for name in ("opened_at", "ends_at")),
        sa.Column("review_on", sa.Date(), nullable=False),
        *(_text(name) for name in ("finding", "found_by", "found_words")),
        _moment("found_at"),
        sa.CheckConstraint(
            "finding IN ('justified', 'not_justified')", name=op.f("ck_emergency_opening_finding_known")
        ),
        sa.PrimaryKeyConstraint("opening_id", name=op.f("pk_emergency_opening")),
    )
    whose = ["staff_id", "family_id", "ends_at"]
    op.create_index("ix_emergency_opening_staff_id_family_id_ends_at", "emergency_opening", whose)
    op.create_table(
        "access_alert",
        *(_text(name, nullable=False) for name in ("alert_id", "opening_id", "staff_id")),
        _moment("raised_at", nullable=False),
        _moment("seen_at"),
        sa.ForeignKeyConstraint(
            ["opening_id"], ["emergency_opening.opening_id"], name=op.f("fk_access_alert_emergency_opening")
        ),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_access_alert")),
    )
    op.create_index("ix_access_alert_staff_id_seen_at", "access_alert", ["staff_id", "seen_at"])


def _of(table: str, other: str) -> sa.ForeignKeyConstraint:
    key = f"{other}_id"
    return sa.ForeignKeyConstraint([key], [f"{other}.{key}"], name=op.f(f"fk_{table}_{other}"))


def _text(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, UtcDateTime(), nullable=nullable)
