"""Settings of one installation, from FAMILIES_* environment variables."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
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
    database_owner: str | None = Field(
        default=None,
        alias="FAMILIES_DATABASE_OWNER_URL",
        description="FAMILIES_DATABASE_OWNER_URL: the same PostgreSQL casebook by the role that owns its tables, and "
        "alone may change them; where it is not set, the role of FAMILIES_DATABASE_URL owns them",
    )

    council: str = Field(
        default="", description="FAMILIES_COUNCIL: the council's name, over everything that is exported"
    )
    audit_key: SecretStr | None = Field(
        default=None,
        description="FAMILIES_AUDIT_KEY: key of the audit trail's chain, where it is not the file audit.key",
    )
    idle_minutes: int = Field(
        default=15, ge=5, le=60, description="FAMILIES_IDLE_MINUTES: a session ends when nothing was done for so long"
    )
    session_hours: int = Field(
        default=8, ge=1, le=12, description="FAMILIES_SESSION_HOURS: a session ends after so long, whatever is done"
    )
    sign_in_again_minutes: int = Field(
        default=15,
        ge=1,
        le=60,
        description="FAMILIES_SIGN_IN_AGAIN_MINUTES: exports, emergency openings and restricted records ask for a "
        "sign-in no older than this",
    )
    self_approval: bool = Field(
        default=False,
        description="FAMILIES_SELF_APPROVAL: workers may approve their own plans and closures; each is marked as such",
    )
    search_outside: Literal["closed", "open_with_purpose"] = Field(
        default="open_with_purpose",
        description="FAMILIES_SEARCH_OUTSIDE: whether a search says, for a purpose, whom to ask about a family outside "
        "one's own (open_with_purpose), or never more than that there is one (closed)",
    )
    oidc_metadata_url: str | None = Field(
        default=None,
        description="FAMILIES_OIDC_METADATA_URL: the sign-in service's .../.well-known/openid-configuration",
    )
    oidc_client_id: str | None = Field(default=None, description="FAMILIES_OIDC_CLIENT_ID: our name at that service")
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="FAMILIES_OIDC_CLIENT_SECRET: our secret at that service"
    )
    public_url: str | None = Field(
        default=None, description="FAMILIES_PUBLIC_URL: the dashboard's address as people's browsers see it"
    )
    cookie_secret: SecretStr | None = Field(
        default=None, description="FAMILIES_COOKIE_SECRET: signs the sign-in cookie; 32 random characters or more"
    )

    @property
    def database_url(self) -> str:
        """The casebook's address, as SQLAlchemy writes it."""
        return self.database or f"sqlite:///{(self.home / 'casebook.sqlite').resolve()}"
