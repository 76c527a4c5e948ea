"""What became of families from run to run and what people decided of it; counts of linkage and pairs to measure it."""

import sqlalchemy as sa
from alembic import op

from families.casebook.models import EventNumber, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ONLY_GROW = ("continuity_proposal", "continuity_answer", "sample_answer")
KEYS = {"continuity_proposal": "proposal_id", "continuity_answer": "answer_id", "sample_answer": "answer_id"}


def upgrade() -> None:
    _published()
    _proposals()
    _answers("continuity_answer", _text("proposal_id"), _text("reason"), answers=("accepted", "undone"))
    op.create_index("ix_continuity_answer_proposal_id", "continuity_answer", ["proposal_id"])
    _answers("sample_answer", _text("pair_id"), answers=("same", "different", "cannot_tell"))
    op.create_index("ix_sample_answer_pair_id", "sample_answer", ["pair_id"])
    for table in ONLY_GROW:
        _only_grows(table)


def _published() -> None:
    op.create_table(
        "published_quality",
        *(_text(name) for name in ("figure", "label", "part")),
        *(_number(name) for name in ("place", "number")),
        sa.PrimaryKeyConstraint("figure", "label", "part", name=op.f("pk_published_quality")),
    )
    op.create_table(
        "published_sample_pair",
        *(_text(name) for name in ("pair_id", "stratum")),
        sa.Column("is_linked", sa.Boolean(), nullable=False),
        *(_number(name) for name in ("stratum_pairs", "place")),
        _text("sides"),
        sa.PrimaryKeyConstraint("pair_id", name=op.f("pk_published_sample_pair")),
    )


def _proposals() -> None:
    op.create_table(
        "continuity_proposal",
        *(_text(name) for name in ("proposal_id", "family_id", "family_status", "kind", "old_id", "new_id")),
        *(_text(name) for name in ("person_id", "sentence", "effect")),
        *(_text(f"{what}_{when}", nullable=True) for what in ("eligible", "strands") for when in ("before", "after")),
        *(_text(name) for name in ("members_before", "members_after")),
        *(_text(name, nullable=True) for name in ("record_a", "record_b")),
        *(_text(name) for name in ("run_before", "run_after")),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_continuity_proposal")),
    )
    op.create_index("ix_continuity_proposal_family_id", "continuity_proposal", ["family_id"])


def _answers(table: str, *columns: sa.Column[str], answers: tuple[str, ...]) -> None:
    known = ", ".join(f"'{answer}'" for answer in answers)
    of_proposal = sa.ForeignKeyConstraint(
        ["proposal_id"], ["continuity_proposal.proposal_id"], name=op.f("fk_continuity_answer_continuity_proposal")
    )
    op.create_table(
        table,
        sa.Column("answer_id", EventNumber, nullable=False),
        *columns,
        *(_text(name) for name in ("answer", "staff_id", "role")),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(f"answer IN ({known})", name=op.f(f"ck_{table}_answer_known")),
        *((of_proposal,) if table == "continuity_answer" else ()),
        sa.PrimaryKeyConstraint("answer_id", name=op.f(f"pk_{table}")),
        sqlite_autoincrement=True,
    )


def _only_grows(table: str) -> None:
    """As the audit trail: rows are added, and never changed, deleted or replaced."""
    for statement in _triggers(table, KEYS[table], dialect=op.get_bind().dialect.name):
        op.execute(statement)


def _triggers(table: str, key: str, *, dialect: str) -> list[str]:
    """The triggers of one of this file's tables; nothing in them comes from anywhere else."""
    refused = f"rows of {table} are never changed or deleted"
    if dialect == "postgresql":
        return [
            f"""CREATE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '{refused}'; END $$""",
            f"""CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION {table}_only_grows()""",
        ]
    there = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"  # noqa: S608
    return [
        f"CREATE TRIGGER {table}_no_{name} {when} BEGIN SELECT RAISE(ABORT, '{refused}'); END"
        for name, when in (
            ("update", f"BEFORE UPDATE ON {table}"),
            ("delete", f"BEFORE DELETE ON {table}"),
            ("replace", f"BEFORE INSERT ON {table} {there}"),
        )
    ]


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), autoincrement=False, nullable=False)
