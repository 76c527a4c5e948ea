"""A family is given to another worker at once, with what each would then have; who had it goes on reading."""

from __future__ import annotations

import streamlit as st

from dashboard import case_tables, forms, identity, words
from dashboard.forms import Field
from dashboard.record.at_work import AtWork
from families.cases import opening
from families.cases.reading import load_after, worker_loads
from families.cases.views import WorkerLoad

TO_TRANSFER = "give a family to another worker"
NOBODY = "There is no other worker to whom you could give this family."


def show(visit: identity.Visit, at: AtWork) -> None:
    """The form, for a manager while a worker has the family."""
    if not at.may("transfer"):
        return
    loads = worker_loads(visit.engine, visit.reader(TO_TRANSFER), today=at.day)
    others = {
        load.worker: _then(at, load) for load in loads if load.worker != at.case.line.worker and not load.is_disabled
    }
    with forms.section("transfer", "Who works with this family"):
        st.write(f"**{words.escape_markdown(words.plain(at.case.line.worker_name or 'Nobody yet'))}**")
        if not others:
            st.write(NOBODY)
            return
        fields = [Field("worker", "To worker", "radio", others), Field("reason", "Why", "text", most=1000)]
        told = "The family is with the other worker: both are told on their pages."
        form = at.form("transfer/give", opening.transfer, fields, told, version=at.version, button=at.label("transfer"))
        forms.act(form, at.label("transfer"))


def _then(at: AtWork, load: WorkerLoad) -> str:
    after, away = load_after(load, children=at.case.line.children), case_tables.away(load.leave, at.day)
    would = f"would have {words.counted(after.families, 'family', 'families')}"
    return f"{words.plain(load.name)}: {would}{away and f'; {away}'}"
