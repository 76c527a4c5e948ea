"""Back to where somebody was when they were asked to sign in again: Streamlit's sign-in leads to the first page alone.

The place is the name of a page of ours, with ids. It is kept in this server's memory, for the person and for minutes,
and is used once; nothing that a browser sends with the sign-in says where it leads.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import streamlit as st

HERE, BACK = "here", "back_to"
SHOWN = {  # of what an address may say of a page, what is kept
    "family": re.compile(r"[A-Za-z0-9_-]{1,64}"),
    "ruleset": re.compile(r"[a-z0-9-]{1,40}"),
    "section": re.compile(r"[A-Za-z ]{1,40}"),
}
WITHIN = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class Place:
    """A page, and which family, ruleset and tab it showed."""

    page: str
    shown: Mapping[str, str]


@st.cache_resource(show_spinner=False)
def _left() -> dict[str, tuple[Place, dt.datetime]]:
    """The places that people left to sign in again, each person's last, and when."""
    return {}


def is_at(page: str) -> None:
    """Say which page this run draws."""
    st.session_state[HERE] = page


def here() -> Place:
    """Where this run is."""
    told = ((name, st.query_params.get(name, "")) for name in SHOWN)
    shown = {name: value for name, value in told if SHOWN[name].fullmatch(value)}
    return Place(st.session_state.get(HERE, ""), shown)


def leave(staff_id: str, place: Place, *, at: dt.datetime) -> None:
    """Keep where somebody was who goes to sign in again."""
    _left()[staff_id] = (place, at)


def arrive(staff_id: str, *, at: dt.datetime) -> None:
    """Somebody has signed in again: take up where they were, once and if it was not long ago."""
    place, left_at = _left().pop(staff_id, (None, at))
    if place is not None and at - left_at <= WITHIN:
        st.session_state[BACK] = place


def go(pages: Collection[str]) -> None:
    """Go where somebody was, if that is a page they still have."""
    place: Place | None = st.session_state.pop(BACK, None)
    if place is not None and place.page in pages:
        st.switch_page(f"pages_/{place.page}.py", query_params=place.shown)
