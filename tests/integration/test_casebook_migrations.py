"""Migrations make the tables the models declare, and an audit trail that can only grow, on both databases."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from directly import directly
from made_up import made_up_run
from sqlalchemy import Engine

from families.casebook.migrations import migrate
from families.casebook.models import Base
from families.casebook.publish import publish
from families.errors import Refused


def test_migrations_and_models_agree(casebook: Engine) -> None:
    with directly(casebook) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differ = compare_metadata(context, Base.metadata)
    assert [each for each in differ if getattr(each[1], "name", "") != "row_security_key"] == []  # PostgreSQL's alone


def test_migrating_twice_changes_nothing(casebook: Engine) -> None:
    publish(casebook, **made_up_run().for_publish())
    migrate(casebook)
    with directly(casebook) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM published_family")) == 20


def test_a_casebook_of_a_newer_version_is_left_alone(casebook: Engine) -> None:
    with directly(casebook) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Refused, match="newer version"):
        migrate(casebook)


def test_a_migration_that_fails_leaves_no_table(empty_casebook: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("families.casebook.models.UtcDateTime.load_dialect_impl", _break)
        with pytest.raises(ZeroDivisionError):
            migrate(empty_casebook)
    assert sa.inspect(empty_casebook).get_table_names() == []
    migrate(empty_casebook)
    assert "audit_event" in sa.inspect(empty_casebook).get_table_names()


def _break(*_: object) -> None:
    raise ZeroDivisionError


FORBIDDEN = [
    "UPDATE audit_event SET staff_id = 'nobody'",
    "UPDATE audit_event SET detail = detail WHERE event_id = 1",
    "DELETE FROM audit_event",
]
FORBIDDEN_ON = {
    "sqlite": [
        "INSERT OR REPLACE INTO audit_event (event_id, at, staff_id, role, purpose, action, detail) "
        "VALUES (1, '2013-09-01 00:00:00', 'x', 'x', 'x', 'x', '')",
        "UPDATE OR REPLACE audit_event SET event_id = 2",
    ],
    "postgresql": ["TRUNCATE audit_event", "TRUNCATE audit_event CASCADE"],
}


def test_audit_events_are_never_changed_or_deleted(casebook: Engine) -> None:
    publish(casebook, **made_up_run().for_publish())
    before = _events(casebook)
    for statement in FORBIDDEN + FORBIDDEN_ON[casebook.dialect.name]:
        with pytest.raises(sa.exc.DBAPIError, match="audit events are never"), directly(casebook) as connection:
            connection.execute(sa.text(statement))
    assert before
    assert _events(casebook) == before


def _events(casebook: Engine) -> list[tuple[object, ...]]:
    with directly(casebook) as connection:
        return [tuple(row) for row in connection.execute(sa.text("SELECT * FROM audit_event ORDER BY event_id"))]


def test_the_databases_are_set_to_lose_nothing(sqlite_url: str) -> None:
    from families.casebook.database import open_casebook

    engine = open_casebook(sqlite_url)
    with directly(engine) as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 60_000}
