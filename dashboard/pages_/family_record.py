"""Family record: who is in the family, why, what is met, what is not known, and the rows that show it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import charts, frame, identity, tables, words
from families.casebook import reading
from families.casebook.views import FamilyRecord, FindingView, Member
from families.errors import UserError

BADGES = {"met": "blue", "not_met": "gray", "unknown": "yellow"}  # the words say it; the colour helps the eye
LIST = "pages_/identified_families.py"


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    family_id = st.query_params.get("family")
    if not family_id:
        frame.refused("No family chosen", "Choose a family in the list to open its record.")
        _back()
        return
    try:
        record = reading.family_record(visit.engine, visit.reader(identity.TO_READ), family_id)
    except UserError as error:
        frame.refused("This record cannot be opened", error)
        _back()
        return
    with st.container(horizontal=True, vertical_alignment="center", key="title_line"):
        st.title(words.escape_markdown(record.name), width="content", anchor=False)
        st.space("stretch")
        _back()
    _identity_bar(record)
    _sections(record)


def _back() -> None:
    st.page_link(LIST, label="Back to the list", icon=":material/arrow_back:")


def _identity_bar(record: FamilyRecord) -> None:
    with st.container(border=True, key="identity_bar"):
        with st.container(horizontal=True, vertical_alignment="center", key="identity_line"):
            st.badge(words.status(record.status), color="primary" if record.status == "eligible" else "gray")
            facts = [f"Family id {record.family_id}", _who(record.members), record.address or "Address not known"]
            st.markdown("  ·  ".join(words.escape_markdown(fact) for fact in facts), width="content")
        with st.container(horizontal=True, key="strand_badges"):
            for strand in record.strands:
                if strand.strand != tables.ELIGIBLE:
                    said = f"{strand.label}: {words.outcome(strand.outcome).lower()}"
                    st.badge(words.escape_markdown(said), color=BADGES.get(strand.outcome, "gray"))
        for strand in record.strands:
            if strand.strand == tables.ELIGIBLE:
                st.caption(f"Eligibility: {words.escape_markdown(strand.reason)}")


def _who(members: Sequence[Member]) -> str:
    children = sum(member.role == "child" for member in members)
    adults = sum(member.role != "child" and member.is_resident for member in members)
    linked = sum(member.role != "child" and not member.is_resident for member in members)
    elsewhere = [f"{linked} linked elsewhere"] if linked else []
    return words.listed([words.counted(children, "child", "children"), words.counted(adults, "adult"), *elsewhere])


def _sections(record: FamilyRecord) -> None:
    overview, reasons, absence, links = st.tabs(
        ["Overview", "Reasons and evidence", "Absence", "Who is linked to whom"],
        key="section",
        bind="query-params",
        on_change="rerun",
    )
    with overview:
        _members(record)
        _strands(record)
    with reasons:
        _findings(record)
    with absence:
        _absence(record)
    with links:
        _links(record)


def _members(record: FamilyRecord) -> None:
    st.header("Who is in this family, and why", anchor=False)
    shown = tables.members(record.members)
    frame.plain_table(shown, "Members of the family")


def _strands(record: FamilyRecord) -> None:
    st.header("What is met, for whom", anchor=False)
    shown = tables.strands(record)
    if shown.is_empty():
        st.write("No strand has been evaluated for this family.")
        return
    matrix = charts.strands_matrix(shown)
    st.altair_chart(matrix.chart, theme=None, key="strands_matrix", alt=matrix.alt)
    _unknown_explained(record)
    with st.expander("Show as a table", key="strands_table"):
        wide = tables.strands_wide(shown)
        frame.plain_table(wide, "Strands by member")


def _unknown_explained(record: FamilyRecord) -> None:
    st.caption(
        "Not known means that no file speaks for it, so it is neither yes nor no. "
        "Not asked means that the rule does not ask it of this person."
    )
    for strand in record.strands:
        if strand.outcome == "unknown" and strand.strand != tables.ELIGIBLE:
            st.markdown(
                f"**{words.escape_markdown(strand.label)} is not known:** {words.escape_markdown(strand.reason)}"
            )


def _findings(record: FamilyRecord) -> None:
    by_outcome = {
        outcome: [(number, finding) for number, finding in enumerate(record.findings) if finding.outcome == outcome]
        for outcome in words.OUTCOMES
    }
    st.header("Met", anchor=False)
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


def _absence(record: FamilyRecord) -> None:
    st.header("Absence by half term", anchor=False)
    threshold = record.absence_threshold_percent
    if threshold is not None:
        st.caption(
            f"The line is the rule’s threshold, {threshold}% unauthorised absence. The rule adds up the sessions of "
            "its whole window, so one half term above the line is not enough by itself. Authorised absence, such as "
            "illness, is shown beside it and does not count towards it."
        )
    children = [member for member in record.members if member.role == "child"]
    for number, child in enumerate(children):
        _absence_of(record, child, number=number)
    if not children:
        st.write("No child is known in this family.")


def _absence_of(record: FamilyRecord, child: Member, *, number: int) -> None:
    name = words.person(child.name, child.age)
    st.subheader(words.escape_markdown(name), anchor=False)
    shown = tables.absence(record.absence, person_id=child.person_id)
    if shown.is_empty():
        st.write("No attendance was supplied for this child, so absence is not known.")
        return
    drawing = charts.absence(shown, child=name, threshold_percent=record.absence_threshold_percent)
    st.altair_chart(drawing.chart, theme=None, key=f"absence_{number}", alt=drawing.alt)
    with st.expander("Show as a table", key=f"absence_table_{number}"):
        sessions = tables.absence_in_words(shown)
        frame.plain_table(sessions, f"Sessions of {name} by half term")


def _links(record: FamilyRecord) -> None:
    st.header("Who is linked to whom", anchor=False)
    drawing = charts.family_graph(record.members, record.ties)
    st.graphviz_chart(drawing.chart, alt=drawing.alt)
    st.caption(
        "Ellipse: child. Box: parent or carer. Octagon: other adult. Dashed outline: linked to the family but living "
        "elsewhere. Each line names the strongest tie between two people; the table has them all."
    )
    shown = tables.ties(record.ties, members=record.members)
    if shown.is_empty():
        st.write("No tie between members has been found.")
        return
    frame.plain_table(shown, "Ties in this family")


show()
