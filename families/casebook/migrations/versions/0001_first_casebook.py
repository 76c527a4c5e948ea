"""What a refresh publishes, staff, and the audit trail that can only grow."""

import sqlalchemy as sa
from alembic import op

from families.casebook.models import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OUTCOMES = "outcome IN ('met', 'not_met', 'unknown')"


def upgrade() -> None:
    _publication()
    _families()
    _reasons()
    _people_who_look()
    _audit_only_grows()


def _publication() -> None:
    op.create_table(
        "publication",
        sa.Column("publication_id", sa.Integer(), autoincrement=False, nullable=False),
        _text("run_id"),
        _date("as_of", nullable=False),
        _text("ruleset"),
        sa.Column("published_at", UtcDateTime(timezone=True), nullable=False),
        _flag("is_sample"),
        _number("absence_threshold_percent", nullable=True),
        _number("families_assessed"),
        _number("eligible"),
        _number("near_misses"),
        sa.CheckConstraint("publication_id = 1", name=op.f("ck_publication_only_one")),
        _primary_key("publication", "publication_id"),
    )
    op.create_table(
        "published_strand",
        _text("strand"),
        _number("place"),
        _text("label"),
        _primary_key("published_strand", "strand"),
    )
    op.create_table(
        "published_coverage",
        _text("source"),
        _date("covers_from"),
        _date("covers_to"),
        _number("schools", nullable=True),
        _text("sentence"),
        _primary_key("published_coverage", "source"),
    )


def _families() -> None:
    op.create_table(
        "published_family",
        _text("family_id"),
        _text("status"),
        _text("name"),
        _text("name_folded"),
        _number("name_place"),
        _text("address", nullable=True),
        _number("size"),
        _date("youngest_born_on"),
        _date("newest_evidence_on"),
        _text("unknown"),
        sa.CheckConstraint("status IN ('eligible', 'near_miss')", name=op.f("ck_published_family_status_known")),
        _primary_key("published_family", "family_id"),
    )
    op.create_index("ix_published_family_status_name_place", "published_family", ["status", "name_place"])
    op.create_table(
        "published_member",
        _text("family_id"),
        _text("person_id"),
        _number("place"),
        _text("name"),
        _text("name_folded"),
        _text("sex", nullable=True),
        _date("date_of_birth"),
        _number("age", nullable=True),
        _text("role"),
        _flag("is_resident"),
        _text("school", nullable=True),
        _text("why"),
        sa.CheckConstraint(
            "role IN ('child', 'parent', 'carer', 'adult', 'linked')", name=op.f("ck_published_member_role_known")
        ),
        _of_family("published_member"),
        _primary_key("published_member", "family_id", "person_id"),
    )


def _reasons() -> None:
    op.create_table(
        "published_outcome",
        _text("family_id"),
        _text("strand"),
        _text("outcome"),
        _text("reason"),
        sa.CheckConstraint(OUTCOMES, name=op.f("ck_published_outcome_outcome_known")),
        _of_family("published_outcome"),
        sa.ForeignKeyConstraint(
            ["strand"], ["published_strand.strand"], name=op.f("fk_published_outcome_published_strand")
        ),
        _primary_key("published_outcome", "family_id", "strand"),
    )
    op.create_index("ix_published_outcome_strand_outcome", "published_outcome", ["strand", "outcome"])
    op.create_table(
        "published_finding",
        sa.Column("finding_id", sa.Integer(), autoincrement=False, nullable=False),
        _text("family_id"),
        _text("person_id", nullable=True),
        _text("strand"),
        _text("criterion"),
        _text("label"),
        _text("outcome"),
        _text("sentence"),
        _date("newest_on"),
        sa.CheckConstraint(OUTCOMES, name=op.f("ck_published_finding_outcome_known")),
        _of_family("published_finding"),
        _primary_key("published_finding", "finding_id"),
    )
    op.create_index("ix_published_finding_family_id", "published_finding", ["family_id"])
    op.create_table(
        "published_evidence",
        _number("finding_id"),
        _number("place"),
        _text("source"),
        _text("delivery"),
        _text("file"),
        _number("row"),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["published_finding.finding_id"], name=op.f("fk_published_evidence_published_finding")
        ),
        _primary_key("published_evidence", "finding_id", "place"),
    )
    op.create_table(
        "published_absence",
        _text("family_id"),
        _text("person_id"),
        _number("place"),
        _text("half_term"),
        _number("possible", nullable=True),
        _number("authorised", nullable=True),
        _number("unauthorised", nullable=True),
        sa.ForeignKeyConstraint(
            ["family_id", "person_id"],
            ["published_member.family_id", "published_member.person_id"],
            name=op.f("fk_published_absence_published_member"),
        ),
        _primary_key("published_absence", "family_id", "person_id", "place"),
    )
    op.create_table(
        "published_tie",
        _text("family_id"),
        _text("person_a"),
        _text("person_b"),
        _text("tie"),
        _number("strength"),
        _text("relation", nullable=True),
        _flag("is_resident"),
        _text("why"),
        _of_family("published_tie"),
        _primary_key("published_tie", "family_id", "person_a", "person_b", "tie"),
    )


def _people_who_look() -> None:
    op.create_table(
        "staff",
        _text("staff_id"),
        _text("name"),
        _text("role"),
        _flag("is_demo"),
        _primary_key("staff", "staff_id"),
    )
    op.create_table(
        "audit_event",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        _text("staff_id"),
        _text("role"),
        _text("purpose"),
        _text("action"),
        _text("family_id", nullable=True),
        _text("detail"),
        _primary_key("audit_event", "event_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_event_at", "audit_event", ["at"])
    op.create_index("ix_audit_event_staff_id", "audit_event", ["staff_id"])
    op.create_index("ix_audit_event_family_id_at", "audit_event", ["family_id", "at"])


def _audit_only_grows() -> None:
    statements = POSTGRESQL_TRIGGERS if op.get_bind().dialect.name == "postgresql" else SQLITE_TRIGGERS
    for statement in statements:
        op.execute(statement)


SQLITE_TRIGGERS = (
    """CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'audit events are never changed'); END""",
    """CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'audit events are never deleted'); END""",
    # INSERT OR REPLACE deletes without firing the trigger above.
    """CREATE TRIGGER audit_event_no_replace BEFORE INSERT ON audit_event
    WHEN EXISTS (SELECT 1 FROM audit_event WHERE event_id = NEW.event_id)
    BEGIN SELECT RAISE(ABORT, 'audit events are never replaced'); END""",
)

POSTGRESQL_TRIGGERS = (
    """CREATE FUNCTION audit_event_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'audit events are never changed or deleted'; END $$""",
    """CREATE TRIGGER audit_event_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_only_grows()""",
)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), autoincrement=False, nullable=nullable)


def _date(name: str, *, nullable: bool = True) -> sa.Column[sa.Date]:
    return sa.Column(name, sa.Date(), nullable=nullable)  # type: ignore[arg-type]


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _of_family(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["family_id"], ["published_family.family_id"], name=op.f(f"fk_{table}_published_family")
    )


def _primary_key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))
