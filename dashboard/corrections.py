"""Corrections to settle: facts that workers found wrong; a data analyst asks their source and says what came of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import streamlit as st

from dashboard import forms, frame, identity
from dashboard.forms import Field
from dashboard.record import work_tables
from dashboard.record.at_work import chosen_one
from families.cases import assessing
from families.cases.moving import MOST_WORDS
from families.cases.record import open_corrections

TO_SETTLE = "settle what workers found wrong with its source"


def show(visit: identity.Visit, day: dt.date) -> None:
    """What waits, the first due first, and the form to settle one."""
    found = open_corrections(visit.engine, visit.reader(TO_SETTLE))
    with forms.section("corrections", "Corrections to settle"):
        st.write(
            "A worker found these facts wrong. Ask the source; the fact stays as it is until the source changes it."
        )
        if not found:
            st.write("No correction waits.")
            return
        frame.plain_table(work_tables.open_corrections(found, day), "Corrections whose source was not asked yet")
        names = {row["query_id"]: f"{row['family_id']}, {row['label']}: {row['correction']}" for row in found}
        chosen = chosen_one("Correction", names, key="correction_chosen")
        if chosen is not None:
            forms.show(_settle(chosen, day))


def _settle(query_id: str, day: dt.date) -> forms.Form:
    def act(visit: identity.Visit, values: forms.Values, token: str) -> Any:
        reader = visit.reader(TO_SETTLE)
        assessing.settle_correction(visit.engine, reader, query_id, told=values["told"], today=day)

    told = Field("told", "What came of it; the worker reads these words", "text", most=MOST_WORDS)
    return forms.Form(f"corrections/settle_{query_id}", [told], act, "Settled: the worker is told.", "Settle")
