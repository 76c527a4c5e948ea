"""Teams, sign-in and sessions of staff, and the chain of the audit trail.

Events that are there already are not chained: the key lies outside the database, and whoever could bring a casebook up
to date could otherwise sign a history of their own making. The chain starts after them, with an event that says how
many there were and their digest.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from families.casebook.models import EventNumber, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _staff()
    _sessions()
    for column in (_text("session_id"), _number("result_count"), _text("prev_hash"), _text("hash")):
        op.add_column("audit_event", column)
    op.create_table(
        "audit_chain",
        sa.Column("chain_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", EventNumber, nullable=False),
        _text("hash"),
        sa.CheckConstraint("chain_id = 1", name=op.f("ck_audit_chain_only_one")),
        sa.PrimaryKeyConstraint("chain_id", name=op.f("pk_audit_chain")),
    )
    op.execute("INSERT INTO audit_chain (chain_id, event_id) SELECT 1, coalesce(max(event_id), 0) FROM audit_event")


def _staff() -> None:
    for column in (_text("issuer"), _text("subject"), _text("team_id")):
        op.add_column("staff", column)
    op.add_column("staff", sa.Column("is_disabled", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_staff_issuer_subject", "staff", ["issuer", "subject"], unique=True)
    op.create_index("ix_staff_team_id", "staff", ["team_id"])
    op.create_table(
        "team",
        _text("team_id", nullable=False),
        _text("name", nullable=False),
        _text("manager_id"),
        sa.PrimaryKeyConstraint("team_id", name=op.f("pk_team")),
    )


def _sessions() -> None:
    op.create_table(
        "staff_session",
        *(_text(name, nullable=False) for name in ("session_id", "token_sha256", "staff_id")),
        *(sa.Column(name, UtcDateTime(), nullable=False) for name in ("started_at", "last_seen_at")),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        _text("ended_how"),
        sa.CheckConstraint(
            "ended_how IN ('signed_out', 'signed_out_everywhere', 'idle', 'absolute', 'disabled')",
            name=op.f("ck_staff_session_ended_how_known"),
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_how IS NULL)", name=op.f("ck_staff_session_ended_whole")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_staff_session")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_staff_session_token_sha256")),
    )
    op.create_index("ix_staff_session_staff_id", "staff_session", ["staff_id"])


def _text(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=True)
