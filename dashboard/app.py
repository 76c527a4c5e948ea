"""The dashboard's entry: settings, who is looking, and the pages that their role may open."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit import config

from dashboard import coming_back, frame, identity, navigation, startup
from families.casebook import reading
from families.errors import UserError

HERE = Path(__file__).parent


def pages(role: str | None) -> dict[str, list[st.Page]]:
    """The pages of a role under their headings, one file a page."""
    them = navigation.entries(role)
    first = navigation.begins_at(them)
    sections: dict[str, list[st.Page]] = {}
    for entry in them:
        page = st.Page(
            f"pages_/{entry.name}.py",
            title=entry.title,
            url_path=entry.name,
            default=entry.name == first,
            visibility="hidden" if entry.is_hidden else "visible",
        )
        sections.setdefault(entry.section, []).append(page)
    return sections


def main() -> None:
    """One run of the script: nothing is shown before it is known who is looking."""
    st.set_page_config(page_title="Families we may be able to help", page_icon=str(HERE / "icon.svg"), layout="wide")
    try:
        engine = identity.casebook()
        data = reading.data_as_at(engine)
        startup.require_safe_options(config.get_option, is_sample=data.is_sample)
        visit = identity.visit()
    except UserError as error:
        st.navigation(pages(None), position="hidden")
        frame.nothing_to_show(error)
        return
    st.logo(str(HERE / "logo.svg"), size="large")
    person = visit.person if visit else None
    page = st.navigation(pages(person.role if person else None), position="top" if person else "hidden")
    if person is not None:
        them = navigation.entries(person.role)
        coming_back.go({entry.name for entry in them})
        coming_back.is_at(page.url_path or str(navigation.begins_at(them)))
    frame.banner(engine, data, visit)
    if person is None:
        identity.ask(engine, data)
    else:
        page.run()


main()
