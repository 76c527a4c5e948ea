"""Brings a casebook to the tables of this version, in one transaction, on either database."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, text

from families.casebook import row_security
from families.casebook.database import migrating, owning
from families.errors import Refused

ONE_AT_A_TIME = 7_305_001  # key of the PostgreSQL advisory lock under which a casebook is migrated


def migrate(engine: Engine) -> None:
    """Bring the casebook to the newest version; nothing happens where it is there already.

    On PostgreSQL the owner of its tables does so, and lets the role that it is used with in.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    owner = owning(engine)
    with migrating(owner) as connection:
        is_postgresql = connection.dialect.name == "postgresql"
        if is_postgresql:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise Refused(
                "This casebook was written by a newer version of the software: install that version to open it."
            ) from error
        if is_postgresql:
            row_security.keep_key(connection)
            if owner is not engine and engine.url.username:
                row_security.let_in(connection, engine.url.username)
