"""A family that is offered to a worker: safety first, why it was found, and who else is involved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl
import streamlit as st

from dashboard import frame, identity, tables, words
from dashboard.record import work_tables
from families.casebook import reading, restricting
from families.casebook.views import FamilyRecord, FindingView
from families.cases.record import case_of
from families.cases.views import CaseLine, CaseRecord
from families.errors import UserError

TO_ANSWER = "answer the offer of a family"
NO_SAFETY = (
    "No criterion about safety is met or in doubt. That is what the records say, and not that nobody is at risk."
)
NOT_ASKED = "The rules in force ask nothing about safety: ask whoever knows the family."
NOT_PUBLISHED = "What the records say of this family is not published: ask whoever referred it about safety, too."


def show(visit: identity.Visit, line: CaseLine, day: dt.date) -> None:
    """The offer, top to bottom."""
    reader = visit.reader(TO_ANSWER)
    case = case_of(visit.engine, reader, line.family_id, today=day)
    try:
        record = reading.family_record(visit.engine, reader, line.family_id)
    except UserError:
        record = None  # a nominated family that no refresh publishes
    st.subheader("Safety", anchor=False)
    _safety(record)
    st.subheader("Why the family was found", anchor=False)
    _why(record, case)
    st.subheader("Who else is involved", anchor=False)
    shown = involved(case)
    if shown.is_empty():
        st.write("Nobody else is known to be involved.")
    else:
        frame.plain_table(shown, f"Who else is involved with {words.plain(line.family_name)}")


def _safety(record: FamilyRecord | None) -> None:
    if record is None:
        st.warning(NOT_PUBLISHED)
        return
    if record.restrictions:
        kinds = words.listed(restricting.KINDS[kind].lower() for kind in record.restrictions)
        st.warning(f"Restricted record: {kinds}. Nobody who is not let in by name knows of it.")
    asked = [each for each in record.findings if each.is_safety]
    told = [each for outcome in ("met", "unknown") for each in asked if each.outcome == outcome]
    if told:
        shown = found(told).with_columns(pl.Series("Outcome", [words.outcome(each.outcome) for each in told]))
        frame.plain_table(shown, f"Safety of the {words.plain(record.name)}")
    else:
        st.write(NO_SAFETY if asked else NOT_ASKED)


def _why(record: FamilyRecord | None, case: CaseRecord) -> None:
    st.write(f"Identified {words.long_date(case.dates['identified_on'])}.")
    if case.referrer:
        st.write(words.escape_markdown(f"Reasons of whoever referred it: {words.plain(case.referrer['reasons'])}"))
    met = [each for each in record.findings if each.outcome == "met"] if record else []
    if record is not None and met:
        labels = {each.strand: each.label for each in record.strands}
        strands = pl.Series("Strand", [labels.get(each.strand, each.strand) for each in met])
        frame.plain_table(found(met).insert_column(0, strands), f"Why the {words.plain(record.name)} was found")
    elif record is not None:
        st.write("Nothing is met on the data held now.")


def found(them: Sequence[FindingView]) -> pl.DataFrame:
    """What was found of whom, and how new it is."""
    rows = [
        (
            words.plain(each.person_name or tables.FAMILY_ROW),
            words.plain(each.sentence),
            words.short_date(each.newest_on) if each.newest_on else words.NOT_KNOWN,
        )
        for each in them
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(("Who", "What", "Newest evidence"), pl.String), orient="row")


def involved(case: CaseRecord) -> pl.DataFrame:
    """The team around the family with how to reach them, and whoever referred it."""
    team = work_tables.helpers([row for row in case.helpers if row["ended_on"] is None]).drop("Left")
    if not case.referrer:
        return team
    row = case.referrer
    told = {
        **{
            "Name": row["reporter"],
            "Agency": row["agency"],
            "Role": "Referred the family",
            "Telephone": row["contact"],
        },
        **{"E-mail": "", "Leads": "no", "Last contact": words.short_date(row["received_on"])},
    }
    return pl.concat([team, pl.DataFrame([{name: words.plain(str(said)) for name, said in told.items()}])])
