"""What somebody is writing, kept as a draft by itself, and found again after whatever happens.

The draft lies in the casebook, one for each author, family and kind. What is on the screen knows which version it came
from: where another window saved a later one, both are shown and the writer chooses.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from dashboard import conflicts, identity, words
from families.cases import noting
from families.cases.moving import Changed
from families.cases.noting import SavedDraft
from families.errors import UserError

TO_WRITE = "write down work with this family"
Body = Mapping[str, Any]


@dataclass(frozen=True)
class Held:
    """A draft as this window has it; the number names its boxes, and is the token of the act it becomes."""

    number: str
    version: int
    body: Body
    saved_at: dt.datetime | None = None
    refused: str = ""

    @property
    def said(self) -> str:
        """What became of the words, in a few of our own."""
        if self.refused:
            return f"Not saved: {self.refused}"
        return f"Draft saved {words.clock(self.saved_at)}" if self.saved_at else ""


@dataclass(frozen=True)
class Draft:
    """A draft of a kind about a family: where its boxes and answers are, and how it is put in words."""

    place: str
    family_id: str
    kind: str
    labels: Mapping[str, str] = field(default_factory=dict)
    told: Callable[[Body], Body] = dict
    choices: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)


def held(draft: Draft) -> Held | None:
    """What this window holds; nothing where the session is over."""
    found: Held | None = st.session_state.get(draft.place)
    return found


def take_up(draft: Draft, saved: SavedDraft | None, filled: Body | None = None) -> Held:
    """Hold the draft that lies in the casebook, unless what this window holds is newer or could not be saved.

    Where none lies there, one begins with what its boxes are filled with.
    """
    now = held(draft)
    if now is None or (not now.refused and (saved.version if saved else 0) != now.version):
        now = begun(saved, filled)
        st.session_state[draft.place] = now
    return now


def begun(saved: SavedDraft | None, filled: Body | None = None) -> Held:
    """A draft as it was last saved, or a new one, under a number of its own."""
    if saved is None:
        return Held(uuid.uuid4().hex, 0, filled or {})
    return Held(uuid.uuid4().hex, saved.version, dict(saved.body), saved.saved_at)


def save(draft: Draft, body: Body, *, over: int | None = None) -> None:
    """Save what stands in the boxes as the draft; over another version where the writer chose so."""
    now, visit = held(draft), identity.visit()
    if now is None or visit is None:
        return
    version = now.version if over is None else over
    at = (visit.engine, visit.reader(TO_WRITE), draft.family_id, draft.kind)
    try:
        saved = noting.save_draft(*at, body=body, version=version)
    except Changed as changed:
        theirs = {name: value for name, value in changed.theirs.items() if name != "version"}
        both = {"version": changed.theirs["version"], "body": theirs}
        conflicts.keep(draft.place, conflicts.Conflict(draft.told(body), {**draft.told(theirs), **both}))
        st.session_state[draft.place] = replace(now, refused="another window saved this draft.")
    except UserError as error:
        st.session_state[draft.place] = replace(now, refused=str(error))
    else:
        conflicts.forget(draft.place)
        st.session_state[draft.place] = Held(now.number, saved.version, body, saved.saved_at)


def choose_version(draft: Draft, body: Callable[[], Body]) -> None:
    """Both versions where another window was quicker; nothing of either is lost until the writer has chosen."""
    conflict, now = conflicts.kept(draft.place), held(draft)
    if conflict is None or now is None:
        return
    st.error("Another window saved this draft while you wrote here. Compare the two, then choose.")
    conflicts.show(conflict, draft.labels, draft.choices)
    version = conflict.theirs["version"]
    with st.container(horizontal=True, key=f"{draft.place}_choose"):
        st.button(
            "Keep what is in these boxes",
            key=f"{draft.place}_mine_{now.number}",
            on_click=lambda: save(draft, body(), over=version),
        )
        st.button(
            "Take the other one",
            key=f"{draft.place}_theirs_{now.number}",
            on_click=_take_theirs,
            args=(draft, conflict),
        )


def _take_theirs(draft: Draft, conflict: conflicts.Conflict) -> None:
    conflicts.forget(draft.place)
    body = dict(conflict.theirs["body"])
    st.session_state[draft.place] = Held(uuid.uuid4().hex, conflict.theirs["version"], body, identity.now())


def discard(draft: Draft, visit: identity.Visit) -> None:
    """Throw one's own draft away, or take it out once it has become what it was for; the next one begins anew."""
    now = held(draft)
    if now is not None and now.version:
        noting.discard_draft(visit.engine, visit.reader(TO_WRITE), draft.family_id, draft.kind)
    conflicts.forget(draft.place)
    st.session_state.pop(draft.place, None)
