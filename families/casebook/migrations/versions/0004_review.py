"""Doubts of linkage that a person can settle, what was decided of them, which only grows, and what workers dispute."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEYS: dict[str, Any] = {"source": sa.String(), "delivery": sa.String(), "row": sa.Integer(), "part": sa.String()}


def upgrade() -> None:
    op.add_column("publication", sa.Column("inputs", sa.String(), nullable=True))
    op.add_column("publication", sa.Column("doubts_left_out", sa.Integer(), nullable=True))
    op.create_table(
        "published_doubt",
        *_two_records(),
        _text("doubt_id"),
        sa.Column("place", sa.Integer(), nullable=False),
        *(_text(name) for name in ("asks", "kind", "sentence", "effect", "if_so")),
        sa.Column("weight", sa.Float(), nullable=True),
        _text("waterfall", nullable=True),
        *(_text(name) for name in ("name_a", "name_b", "sides")),
        sa.CheckConstraint("asks IN ('pair', 'tie')", name=op.f("ck_published_doubt_asks_known")),
        sa.CheckConstraint(
            "effect IN ('eligible', 'not_eligible', 'strand', 'none')", name=op.f("ck_published_doubt_effect_known")
        ),
        sa.PrimaryKeyConstraint("doubt_id", name=op.f("pk_published_doubt")),
    )
    op.create_index("ix_published_doubt_place", "published_doubt", ["place"])
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "linkage_decision",
        *_two_records(),
        sa.Column("decision_id", number, nullable=False),
        *(_text(name) for name in ("doubt_id", "asks", "answer")),
        sa.Column("withdraws", number, nullable=True),
        *(_text(name) for name in ("name_a", "name_b", "sentence", "reason", "decided_by", "role")),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        _text("run_id"),
        _text("inputs", nullable=True),
        sa.CheckConstraint(
            "answer IN ('same', 'different', 'belongs', 'does_not_belong', 'cannot_tell', 'withdrawn')",
            name=op.f("ck_linkage_decision_answer_known"),
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_linkage_decision")),
        sa.UniqueConstraint("withdraws", name=op.f("uq_linkage_decision_withdraws")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_linkage_decision_doubt_id", "linkage_decision", ["doubt_id"])
    op.add_column("published_member", sa.Column("record", sa.String(), nullable=True))
    _queries(number)
    for statement in POSTGRESQL_TRIGGERS if op.get_bind().dialect.name == "postgresql" else SQLITE_TRIGGERS:
        op.execute(statement)


def _queries(number: Any) -> None:
    op.create_table(
        "linkage_query",
        sa.Column("query_id", number, nullable=False),
        _text("family_id"),
        _text("person_id", nullable=True),
        *(_text(name) for name in ("code", "words", "raised_by", "raised_role")),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        *(_text(name, nullable=True) for name in ("settled_by", "result", "told")),
        sa.Column("decision", number, nullable=True),
        sa.CheckConstraint(
            "result IN ('corrected', 'right', 'not_settled')", name=op.f("ck_linkage_query_result_known")
        ),
        sa.PrimaryKeyConstraint("query_id", name=op.f("pk_linkage_query")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_linkage_query_family_id", "linkage_query", ["family_id"])


SQLITE_TRIGGERS = (
    """CREATE TRIGGER linkage_decision_no_update BEFORE UPDATE ON linkage_decision
    BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END""",
    """CREATE TRIGGER linkage_decision_no_delete BEFORE DELETE ON linkage_decision
    BEGIN SELECT RAISE(ABORT, 'decisions are never deleted'); END""",
    """CREATE TRIGGER linkage_decision_no_replace BEFORE INSERT ON linkage_decision
    WHEN EXISTS (SELECT 1 FROM linkage_decision WHERE decision_id = NEW.decision_id)
    BEGIN SELECT RAISE(ABORT, 'decisions are never replaced'); END""",
)

POSTGRESQL_TRIGGERS = (
    """CREATE FUNCTION linkage_decision_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'decisions are never changed or deleted'; END $$""",
    """CREATE TRIGGER linkage_decision_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON linkage_decision
    FOR EACH STATEMENT EXECUTE FUNCTION linkage_decision_only_grows()""",
)


def _two_records() -> list[sa.Column[Any]]:
    return [sa.Column(f"{name}_{end}", kind, nullable=False) for end in ("a", "b") for name, kind in KEYS.items()]


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)
