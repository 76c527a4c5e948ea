"""Two versions of one thing, where somebody saved theirs while another still wrote; both are shown, one is chosen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame, words

NOT_HERE = "not in theirs"


@dataclass(frozen=True)
class Conflict:
    """What was to be saved, and what stands now."""

    yours: Mapping[str, Any]
    theirs: Mapping[str, Any]


def keep(name: str, conflict: Conflict) -> None:
    """Keep both versions until somebody has chosen."""
    st.session_state[f"conflict_{name}"] = conflict


def kept(name: str) -> Conflict | None:
    """The two versions of a form that wait for a choice."""
    conflict: Conflict | None = st.session_state.get(f"conflict_{name}")
    return conflict


def forget(name: str) -> None:
    """The choice was made."""
    st.session_state.pop(f"conflict_{name}", None)


def show(conflict: Conflict, labels: Mapping[str, str], choices: Mapping[str, Mapping[Any, str]]) -> None:
    """Both versions side by side, with who changed it and when, as far as it is known."""
    frame.plain_table(side_by_side(conflict, labels, choices), "Your version and theirs")
    st.caption(words.escape_markdown(who_changed(conflict.theirs)))


def side_by_side(
    conflict: Conflict, labels: Mapping[str, str], choices: Mapping[str, Mapping[Any, str]]
) -> pl.DataFrame:
    """A row for each thing the form says; what the other version does not hold is said so."""
    rows = [
        (
            label,
            _said(conflict.yours.get(name), choices.get(name, {})),
            _said(conflict.theirs[name], choices.get(name, {})) if name in conflict.theirs else NOT_HERE,
        )
        for name, label in labels.items()
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(("What", "Yours", "Theirs"), pl.String), orient="row")


def _said(value: object, choices: Mapping[Any, str]) -> str:
    if value is None or value == "":
        return "blank"
    if isinstance(value, (list, tuple)):
        return words.listed(words.plain(choices.get(each, str(each))) for each in value) or "nobody"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.date):
        return words.long_date(value)
    return words.plain(choices.get(value, str(value)))


def who_changed(theirs: Mapping[str, Any]) -> str:
    """Who was quicker, when, and where the family stands now."""
    parts = []
    if theirs.get("changed_by"):
        parts.append(f"Changed by {theirs['changed_by']}, {words.local_time(theirs['changed_at'])}.")
    if theirs.get("state"):
        parts.append(f"The family is now {theirs['state']}.")
    return " ".join(parts) or "Somebody else saved theirs first."
