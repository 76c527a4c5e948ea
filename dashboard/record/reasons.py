"""Reasons and evidence: what is met, not known and not met, each with the rows that show it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import frame, tables, words
from families.casebook.views import FamilyRecord, FindingView


def show(record: FamilyRecord) -> None:
    """The tab, top to bottom."""
    by_outcome = {
        outcome: [(number, finding) for number, finding in enumerate(record.findings) if finding.outcome == outcome]
        for outcome in words.OUTCOMES
    }
    st.header("Met", anchor=False)
    for strand in record.strands:
        if strand.strand == tables.ELIGIBLE:
            st.write(f"Eligibility: {words.escape_markdown(strand.reason)}")
    if not by_outcome["met"]:
        st.write("Nothing is met on the data held.")
    for number, finding in by_outcome["met"]:
        _finding(number, finding)
    for outcome, heading, none in (
        ("unknown", "Not known", "Nothing is left unknown."),
        ("not_met", "Not met", "Everything asked is met or not known."),
    ):
        st.header(heading, anchor=False)
        _findings_table([finding for _, finding in by_outcome[outcome]], heading=heading, none=none)


def _finding(number: int, finding: FindingView) -> None:
    with st.container(border=True, key=f"finding_{number}"):
        who = words.escape_markdown(finding.person_name or tables.FAMILY_ROW)
        st.subheader(f"{who}: {words.escape_markdown(finding.label)}", anchor=False)
        st.write(words.escape_markdown(finding.sentence))
        rows = words.counted(len(finding.evidence), "row")
        newest = f"newest {words.long_date(finding.newest_on)}" if finding.newest_on else "no date given"
        with st.expander(f"Evidence: {rows}, {newest}", key=f"evidence_{number}"):
            shown = tables.evidence(finding.evidence)
            frame.plain_table(
                shown, f"Rows that show the finding on {finding.person_name or tables.FAMILY_ROW}, {finding.label}"
            )


def _findings_table(findings: Sequence[FindingView], *, heading: str, none: str) -> None:
    if not findings:
        st.write(none)
        return
    shown = tables.findings(findings)
    frame.plain_table(shown, f"{heading}, findings")
    rows = tables.evidence_of_all(findings)
    if len(rows):
        with st.expander(f"Evidence: {words.counted(len(rows), 'row')}", key=f"evidence_{heading}"):
            frame.plain_table(rows, f"Rows that show what is {heading.lower()}")
