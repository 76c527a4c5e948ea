"""Casework: referrals, cases, what is done with a family, consent, alerts and the curated chronology."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from families.casebook.models import EventNumber, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Rows of these are never changed, deleted or replaced; by table, the columns that tell one row from another.
ONLY_GROW = {
    "case_step": ["step_id"],
    "consent": ["consent_id"],
    "alert_answer": ["answer_id"],
    "need": ["need_id"],
    "need_score": ["score_id"],
    "case_note": ["note_id"],
    "review": ["review_id"],
    "level_change": ["change_id"],
    "sustained_check": ["check_id"],
    "note_person": ["note_id", "person_id"],
    "chronology_version": ["entry_id", "version"],
}
KINDS = {"text": sa.String, "day": sa.Date, "number": sa.Integer, "flag": sa.Boolean, "instant": UtcDateTime}


def upgrade() -> None:
    _table(
        "case_step",
        key="step_id",
        numbered=True,
        text="token act role reason people result",
        text_or_blank="referral_id case_id state_from state_to",
        written=True,
        unique=["token"],
        indexed=["case_id written_on", "referral_id"],
    )
    _table(
        "draft", key="author family_id kind", text="author family_id kind body", number="version", instant="saved_at"
    )
    _table(
        "family_case",
        key="case_id",
        text="case_id family_id family_name came_as state team_id level",
        number="children row_version",
        text_or_blank="referral_id worker priority",
        day="state_since last_step_on identified_on",
        flag="is_open",
        day_or_blank="confirmed_on allocated_on keyworker_from assessment_due_on assessed_on "
        "plan_approved_on attached_on next_review_on closed_on check_due_on checked_on",
        written=True,
        indexed=["family_id", "state last_step_on", "team_id state", "worker state"],
    )
    _table(
        "referral",
        key="referral_id",
        text="referral_id kind state family_name reporter agency contact basis reasons needs urgency",
        number="row_version",
        text_or_blank="family_id stop_reason asked answered outcome rationale told decided_by case_id",
        flag="notice_given",
        day="received_on due_on",
        day_or_blank="stopped_on decided_on",
        written=True,
        checks={"kind_known": "kind IN ('identified', 'nominated', 'partner')"},
        indexed=["family_id", "state due_on"],
    )
    _table(
        "alert",
        key="alert_id",
        text="alert_id key case_id family_id kind sentence run_id",
        text_or_blank="person_id name answer",
        day_or_blank="happened_on snoozed_until",
        day="raised_on",
        refers={"case_id": "family_case"},
        unique=["key"],
        indexed=["case_id answer"],
    )
    _table(
        "allocation",
        key="allocation_id",
        text="allocation_id worker team_id reason",
        text_or_blank="answer",
        day_or_blank="answered_on ended_on",
        written=True,
        of_case=True,
        indexed=["worker case_id"],
    )
    _table(
        "assessment",
        key="assessment_id",
        text="assessment_id words summary",
        text_or_blank="completed_by",
        day_or_blank="completed_on",
        written=True,
        of_case=True,
    )
    _table(
        "case_note",
        key="note_id",
        text="note_id kind words role",
        day="contact_on",
        flag="child_seen seen_alone",
        text_or_blank="action_id criterion corrects",
        written=True,
        of_case=True,
    )
    _table(
        "chronology_entry",
        key="entry_id",
        text="entry_id event",
        day="happened_on",
        flag="is_significant is_finished",
        number="version",
        written=True,
        of_case=True,
    )
    _table(
        "closure",
        key="closure_id",
        text="closure_id state_before reason outcomes open_actions safety step_down_to family_view",
        text_or_blank="decision decided_by decided_reason",
        day_or_blank="decided_on",
        written=True,
        of_case=True,
    )
    _table(
        "consent",
        key="consent_id",
        text="consent_id purpose answer name how",
        text_or_blank="person_id",
        written=True,
        of_case=True,
        checks={"answer_known": "answer IN ('notice_given', 'given', 'refused', 'withdrawn')"},
    )
    _table(
        "correction_query",
        key="query_id",
        text="query_id family_id assessment_id sources label said correction",
        number="place",
        day="due_on",
        text_or_blank="settled_by told",
        day_or_blank="settled_on",
        written=True,
        of_case=True,
        indexed=["settled_on due_on"],
    )
    _table(
        "helper",
        key="helper_id",
        text="helper_id name agency job phone email",
        number="row_version",
        flag="is_lead",
        day_or_blank="last_contact_on ended_on",
        written=True,
        of_case=True,
    )
    _table(
        "level_change", key="change_id", text="change_id level_from level_to to_whom reason", written=True, of_case=True
    )
    _table(
        "need",
        key="need_id",
        text="need_id label own_words",
        text_or_blank="strand person_id name",
        written=True,
        of_case=True,
    )
    _table(
        "plan_version",
        key="plan_id",
        text="plan_id goals authors",
        number="number",
        text_or_blank="decision decided_by reason",
        day_or_blank="decided_on",
        written=True,
        of_case=True,
    )
    _table(
        "referral_person",
        key="referral_id place",
        text="referral_id name name_folded relation",
        number="place",
        day_or_blank="date_of_birth",
        refers={"referral_id": "referral"},
        indexed=["name_folded date_of_birth"],
    )
    _table(
        "review", key="review_id", text="review_id words family_view", day="held_on next_on", written=True, of_case=True
    )
    _table(
        "sustained_check",
        key="check_id",
        text="check_id result words",
        written=True,
        of_case=True,
        checks={"result_known": "result IN ('sustained', 'partly', 'not_sustained', 'unknown')"},
    )
    _table(
        "alert_answer",
        key="answer_id",
        text="answer_id alert_id answer reason",
        day_or_blank="until",
        written=True,
        of_case=True,
        refers={"alert_id": "alert"},
        checks={"answer_known": "answer IN ('acknowledged', 'snoozed')"},
        indexed=["alert_id"],
    )
    _table(
        "assessed_fact",
        key="assessment_id place",
        text="assessment_id fact label said sources",
        number="place",
        text_or_blank="person_id name answer correction answered_by",
        refers={"assessment_id": "assessment"},
        checks={"answer_known": "answer IN ('accepted', 'corrected')"},
    )
    _table(
        "chronology_version",
        key="entry_id version",
        text="entry_id words impact people",
        number="version",
        written=True,
        of_case=True,
        refers={"entry_id": "chronology_entry"},
    )
    _table(
        "goal",
        key="goal_id",
        text="goal_id words outcome owner",
        text_or_blank="need_id",
        day="due_on",
        day_or_blank="reached_on",
        written=True,
        of_case=True,
        refers={"need_id": "need"},
    )
    _table(
        "need_score",
        key="score_id",
        text="score_id need_id evidence",
        text_or_blank="review_id",
        number="score",
        day="evidence_on",
        written=True,
        of_case=True,
        refers={"need_id": "need"},
        checks={"score_known": "score BETWEEN 1 AND 10"},
        unique=["need_id review_id"],
    )
    _table("note_person", key="note_id person_id", text="note_id person_id name", refers={"note_id": "case_note"})
    _table(
        "plan_action",
        key="action_id",
        text="action_id goal_id words owner",
        number="row_version",
        day="due_on",
        day_or_blank="done_on",
        written=True,
        of_case=True,
        refers={"goal_id": "goal"},
        indexed=["done_on due_on"],
    )
    op.create_index(
        "uq_family_case_open",
        "family_case",
        ["family_id"],
        unique=True,
        sqlite_where=sa.text("is_open"),
        postgresql_where=sa.text("is_open"),
    )
    for name, keys in ONLY_GROW.items():
        _only_grows(name, " AND ".join(f"{key} = NEW.{key}" for key in keys))


def _table(
    name: str,
    *,
    key: str,
    written: bool = False,
    of_case: bool = False,
    numbered: bool = False,
    refers: Mapping[str, str] | None = None,
    checks: Mapping[str, str] | None = None,
    unique: Sequence[str] = (),
    indexed: Sequence[str] = (),
    **columns: str,
) -> None:
    """Create a table; columns are listed by kind, separated by blanks, those of a kind `_or_blank` may be null."""
    by_kind = dict(columns)
    referred, indexes = dict(refers or {}), list(indexed)
    for kind, more in (("text", "written_by"), ("day", "written_on"), ("instant", "written_at")):
        by_kind[kind] = f"{by_kind.get(kind, '')} {more}" if written else by_kind.get(kind, "")
    if of_case:
        by_kind["text"] += " case_id"
        referred["case_id"] = "family_case"
        indexes.append("case_id")
    made = [sa.Column(key, EventNumber, nullable=False)] if numbered else []
    for kind, names in by_kind.items():
        type_, is_null = KINDS[kind.removesuffix("_or_blank")], kind.endswith("_or_blank")
        made += [sa.Column(column, type_(), nullable=is_null, autoincrement=False) for column in names.split()]
    op.create_table(
        name,
        *made,
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{name}_{said}")) for said, rule in (checks or {}).items()),
        *(
            sa.ForeignKeyConstraint([column], [f"{other}.{_key_of(other)}"], name=op.f(f"fk_{name}_{other}"))
            for column, other in referred.items()
        ),
        *(sa.UniqueConstraint(*names.split(), name=op.f(f"uq_{name}_{names.replace(' ', '_')}")) for names in unique),
        sa.PrimaryKeyConstraint(*key.split(), name=op.f(f"pk_{name}")),
        sqlite_autoincrement=numbered,
    )
    for names in indexes:
        op.create_index(f"ix_{name}_{names.replace(' ', '_')}", name, names.split())


def _key_of(table: str) -> str:
    return {"family_case": "case_id", "chronology_entry": "entry_id", "case_note": "note_id"}.get(table, f"{table}_id")


def _only_grows(table: str, is_same: str) -> None:
    """As the audit trail: rows are added, and never changed, deleted or replaced."""
    for statement in _triggers(table, is_same, dialect=op.get_bind().dialect.name):
        op.execute(statement)


def _triggers(table: str, is_same: str, *, dialect: str) -> list[str]:
    """The triggers of one of this file's tables; nothing in them comes from anywhere else."""
    refused = f"rows of {table} are never changed or deleted"
    if dialect == "postgresql":
        return [
            f"""CREATE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '{refused}'; END $$""",
            f"""CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION {table}_only_grows()""",
        ]
    there = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {is_same})"  # noqa: S608
    return [
        f"CREATE TRIGGER {table}_no_{name} {when} BEGIN SELECT RAISE(ABORT, '{refused}'); END"
        for name, when in (
            ("update", f"BEFORE UPDATE ON {table}"),
            ("delete", f"BEFORE DELETE ON {table}"),
            ("replace", f"BEFORE INSERT ON {table} {there}"),
        )
    ]
