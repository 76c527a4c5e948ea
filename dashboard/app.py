"""The dashboard's entry: settings, who is looking, and the pages that their role may open."""

from __future__ import annotations

import streamlit as st

from dashboard import frame, identity
from families.casebook import access, reading
from families.errors import UserError


def pages(role: str | None) -> list[st.Page]:
    """One file a page; a role that may see no family has none of those that show families.

    While nobody has said who they are, the addresses stay known, so that a link still leads there afterwards.
    """
    if role is not None and not access.MAY_SEE.get(role):
        return [st.Page("pages_/no_pages.py", title="No pages", url_path="no_pages", default=True)]
    return [
        st.Page("pages_/identified_families.py", title="Identified families", icon=":material/groups:", default=True),
        st.Page("pages_/family_record.py", title="Family record", url_path="family_record", visibility="hidden"),
    ]


def main() -> None:
    """One run of the script: nothing is shown before it is known who is looking."""
    st.set_page_config(page_title="Families we may be able to help", page_icon=":material/groups:", layout="wide")
    try:
        engine = identity.casebook()
        data = reading.data_as_at(engine)
        visit = identity.visit()
    except UserError as error:
        st.navigation(pages(None), position="hidden")
        frame.nothing_to_show(error)
        return
    person = visit.person if visit else None
    page = st.navigation(pages(person.role if person else None), position="top" if person else "hidden")
    frame.banner(person, data)
    if person is None:
        identity.ask(engine, data)
        frame.data_line(engine, data)
    else:
        page.run()


main()
