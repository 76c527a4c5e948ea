"""Notes: what was written of contacts with the family, and the note that is being written."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from dashboard import frame, identity, submitting, words
from dashboard.record import drafting, record_tables
from families.casebook.views import FamilyRecord
from families.cases.noting import SUPERVISION
from families.cases.record import notes_of
from families.cases.views import CaseHead

TO_READ_NOTES = "read the notes of one family"
PAGE_SIZE = 10


def show(visit: identity.Visit, record: FamilyRecord | None, head: CaseHead, day: dt.date) -> None:
    """The tab, top to bottom."""
    page = st.session_state.get("notes_page", 1)
    reader = visit.reader(TO_READ_NOTES)
    found = notes_of(visit.engine, reader, head.line.family_id, page=int(page), page_size=PAGE_SIZE)
    submitting.say("notes")
    criteria = {each.criterion: each.label for each in record.findings} if record else {}
    _write(visit, drafting.Page(head, day, dict(found.actions), criteria, found.notes))
    st.header("Notes", anchor=False)
    if not found.total:
        st.write("No note has been completed yet.")
        return
    st.write(f"**{words.counted(found.total, 'note')}**, the newest contact first.")
    for note in found.notes:
        with st.container(border=True, key=f"note_{note.note_id}"):
            st.subheader(words.escape_markdown(f"{note.kind_label}, {words.long_date(note.contact_on)}"), anchor=False)
            frame.plain_table(record_tables.note(note, found, criteria), "What the note is about")
            st.text(note.words)
    st.pagination(max(1, -(-found.total // PAGE_SIZE)), key="notes_page")


def _write(visit: identity.Visit, page: drafting.Page) -> None:
    if "write_note" in page.head.acts:
        st.header("Write a note", anchor=False)
        drafting.show(visit, page)
    if "supervise" in page.head.acts:
        with st.expander("Write a supervision note", key="supervision_open", on_change="rerun") as opened:
            if opened.open:
                drafting.show(visit, drafting.Page(page.head, page.day, draft_kind=SUPERVISION))
