"""Settings of one installation, from FAMILIES_* environment variables."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where this authority's data lies and which casebook it uses."""

    model_config = SettingsConfigDict(env_prefix="FAMILIES_")

    home: Path = Field(default=Path("var"), description="FAMILIES_HOME: deliveries, runs and the default casebook")
    database: str | None = Field(
        default=None,
        alias="FAMILIES_DATABASE_URL",
        description="FAMILIES_DATABASE_URL: postgresql+psycopg://... where the casebook is not SQLite in the home",
    )

    @property
    def database_url(self) -> str:
        """The casebook's address, as SQLAlchemy writes it."""
        return self.database or f"sqlite:///{(self.home / 'casebook.sqlite').resolve()}"
