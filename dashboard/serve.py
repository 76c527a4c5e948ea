"""What `families serve` runs: the dashboard with the sign-in of our settings, refused where it is set up unsafely."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st
from streamlit import config

from dashboard import exporting, guarding, startup
from families.casebook import reading
from families.casebook.database import open_casebook
from families.errors import Refused, UserError
from families.settings import Settings


def sign_in() -> dict[str, object]:
    """The sign-in's settings; before anything is served, all settings are looked through."""
    try:
        settings = Settings()
        startup.require_safe_options(config.get_option, is_sample=_is_sample(settings.database_url))
        return startup.sign_in_secrets(settings)
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def _is_sample(database_url: str) -> bool:
    """Whether the casebook is the sample's; an empty one may hold real families tomorrow."""
    try:
        return reading.data_as_at(open_casebook(database_url)).is_sample
    except Refused:
        return False


app = st.App(
    Path(__file__).parent / "app.py", secrets=sign_in(), routes=exporting.ROUTES, middleware=guarding.MIDDLEWARE
)
startup.settle()
