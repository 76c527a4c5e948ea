"""Help: a short guide for each role in plain words, with pictures that the browser tests made of made-up data."""

from __future__ import annotations

import streamlit as st

from dashboard import guides, identity
from families.casebook.access import ROLES


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    st.title("Help", anchor=False)
    for name in (visit.person.role, guides.EVERYBODY):
        for words, picture in guides.parts(guides.guide(name)):
            if picture is None:
                st.markdown(words, anchors=False)
            elif picture.exists():  # `make pictures` makes them
                st.image(picture, alt=words)
    st.caption(f"This guide is for the role {ROLES[visit.person.role].lower()}. The pictures show made-up families.")


show()
