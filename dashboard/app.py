"""The dashboard's entry: settings, who is looking, and the pages that their role may open."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard import frame, identity
from families.casebook import access, reading
from families.errors import UserError

HERE = Path(__file__).parent


def pages(role: str | None) -> list[st.Page]:
    """One file a page; a role that may see no family has none of those that show families.

    While nobody has said who they are, the addresses stay known, so that a link still leads there afterwards.
    """
    if role is not None and not access.MAY_SEE.get(role):
        return [st.Page("pages_/no_pages.py", title="No pages", url_path="no_pages", default=True)]
    shown = [
        st.Page("pages_/identified_families.py", title="Identified families", default=True),
        st.Page("pages_/family_record.py", title="Family record", url_path="family_record", visibility="hidden"),
    ]
    if role is None or role in access.MAY_READ_RULES:
        shown.append(st.Page("pages_/rules.py", title="Rules", url_path="rules"))
    return shown


def main() -> None:
    """One run of the script: nothing is shown before it is known who is looking."""
    st.set_page_config(page_title="Families we may be able to help", page_icon=str(HERE / "icon.svg"), layout="wide")
    try:
        engine = identity.casebook()
        data = reading.data_as_at(engine)
        visit = identity.visit()
    except UserError as error:
        st.navigation(pages(None), position="hidden")
        frame.nothing_to_show(error)
        return
    st.logo(str(HERE / "logo.svg"), size="large")
    person = visit.person if visit else None
    page = st.navigation(pages(person.role if person else None), position="top" if person else "hidden")
    frame.banner(engine, data, person)
    if person is None:
        identity.ask(engine, data)
    else:
        page.run()


main()
