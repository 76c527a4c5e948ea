"""Brings a casebook to the tables of this version, in one transaction, on either database."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, text

from families.casebook.database import migrating
from families.errors import Refused

ONE_AT_A_TIME = 7_305_001  # key of the PostgreSQL advisory lock under which a casebook is migrated


def migrate(engine: Engine) -> None:
    """Bring the casebook to the newest version; nothing happens where it is there already."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    with migrating(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise Refused(
                "This casebook was written by a newer version of the software: install that version to open it."
            ) from error
