"""What a form's button does: one act, said afterwards. Runs as the button's callback, before the page is drawn again.

A callback is given what its form was drawn with: which case, in which version. Read again after the click, a list may
have lost the case that was chosen, and its first line would be acted on instead. Who clicks is asked anew: since the
page was drawn they may have been signed out, disabled or given another role.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from dashboard import identity, words
from families.errors import UserError

SAID = "submitted_said"
PAGE = "page"  # where on the page the answer is said: each page puts it beside its form


def do(
    act: Callable[[identity.Visit], Any],
    told: str | Callable[[Any], str],
    *,
    clear: Sequence[str] = (),
    at: str = PAGE,
    refused_at: str = "",
) -> bool:
    """Do what was asked, and say what became of it; what was written stays where it could not be done.

    `told` may make its sentence of what the act gave. A refusal may have a place of its own to be said at.
    """
    visit = identity.visit()
    if visit is None:
        return False
    try:
        result = act(visit)
    except UserError as error:
        refuse(str(error), at=refused_at or at)
        return False
    for key in clear:
        st.session_state[key] = ""
    tell(told if isinstance(told, str) else told(result), at=at)
    return True


def do_once(form: str, act: Callable[[identity.Visit, str], Any], told: str, *, at: str = PAGE) -> bool:
    """The same with a token, which stays the form's through reruns and double clicks until the act is done."""
    key = f"token_{form}"
    token = st.session_state.setdefault(key, uuid.uuid4().hex)
    is_done = do(lambda visit: act(visit, token), told, at=at)
    if is_done:
        st.session_state.pop(key, None)
    return is_done


def tell(sentence: str, *, at: str = PAGE) -> None:
    """Say what was done."""
    st.session_state[SAID] = (at, "success", sentence)


def refuse(sentence: str, *, at: str = PAGE) -> None:
    """Say why nothing was done."""
    st.session_state[SAID] = (at, "error", sentence)


def is_still(key: str, drawn_for: object) -> bool:
    """Whether a box above the form still says what the form was drawn for; else nothing may be done with it."""
    if st.session_state.get(key) == drawn_for:
        return True
    refuse("You chose another one while this was drawn: look again, then save.")
    return False


def say(at: str = PAGE) -> None:
    """What the last act said here came to."""
    where, kind, sentence = st.session_state.get(SAID, ("", "", ""))
    if where != at:
        return
    del st.session_state[SAID]
    (st.error if kind == "error" else st.success)(words.escape_markdown(sentence))


def say_within(section: str) -> None:
    """What was to be said at a form of a section that is no longer there."""
    where = str(st.session_state.get(SAID, ("",))[0])
    if where.partition("/")[0] == section:
        say(where)


def written(key: str) -> str:
    """What stands in a box of the form."""
    return str(st.session_state.get(key) or "")
