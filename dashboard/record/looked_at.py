"""Access log: who looked at this family, for those who answer for it."""

from __future__ import annotations

import streamlit as st

from dashboard import frame, identity, words
from dashboard.record import record_tables
from families.casebook.access_log import MOST_SHOWN, access_log

TO_ACCOUNT = "see who looked at one family"
BEFORE = "looked_before"
ON_PAGE = 50


def show(visit: identity.Visit, family_id: str) -> None:
    """The tab, top to bottom."""
    st.header("Who looked at this family", anchor=False)
    st.caption("Every time somebody was shown this family or did something about it, the newest first.")
    before = st.session_state.get(BEFORE, {}).get(family_id)
    found = access_log(visit.engine, visit.reader(TO_ACCOUNT), family_id, before=before)
    if not found:
        st.write("Nobody before that.")
    else:
        pages = max(1, -(-len(found) // ON_PAGE))
        page = min(int(st.session_state.get("looked_page", 1)), pages)
        shown = found[(page - 1) * ON_PAGE : page * ON_PAGE]
        frame.plain_table(record_tables.looked(shown), "Who looked at this family")
        st.pagination(pages, key="looked_page")
    with st.container(horizontal=True, key="looked_further"):
        if len(found) == MOST_SHOWN:
            label = f"Earlier than {words.local_time(found[-1].at)}"
            st.button(label, key="looked_earlier", on_click=_from, args=(family_id, found[-1].event_id))
        if before is not None:
            st.button("Back to the newest", key="looked_newest", on_click=_from, args=(family_id, None))


def _from(family_id: str, event_id: int | None) -> None:
    st.session_state[BEFORE] = {family_id: event_id}
