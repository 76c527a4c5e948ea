"""Family record: who is in the family and why, what is met, and the work with it; an open tab reads what it shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import streamlit as st

from dashboard import case_tables, frame, identity, navigation, tables, words
from dashboard.record import absence, chronology, links, looked_at, monitoring, needs_and_plan, notes, overview, reasons
from families.casebook import reading, restricting
from families.casebook.access import MAY_READ_ACCESS
from families.casebook.views import FamilyRecord, Member
from families.cases.record import case_head
from families.cases.views import CaseHead
from families.errors import SignInTooOld, UserError

BADGES = {"met": "blue", "not_met": "gray", "unknown": "yellow"}  # the words say it; the colour helps the eye


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    family_id = st.query_params.get("family")
    if not family_id:
        frame.refused("No family chosen", "Choose a family in the list to open its record.")
        _back(visit)
        return
    day, reader = identity.casework_day(visit), visit.reader(identity.TO_READ)
    try:
        head = case_head(visit.engine, reader, family_id, today=day)
        record = _published(visit, family_id, head)
    except UserError as error:
        frame.refused("This record cannot be opened", error)
        if isinstance(error, SignInTooOld):
            identity.ask_again(visit, identity.RESTRICTED)
        _back(visit)
        return
    with st.container(horizontal=True, vertical_alignment="center", key="title_line"):
        name = record.name if record else head.line.family_name if head else family_id
        st.title(words.escape_markdown(name), width="content", anchor=False)
        st.space("stretch")
        _back(visit)
    _protected(record)
    _identity_bar(family_id, record, head, day)
    _sections(visit, family_id, record, head, day)


def _protected(record: FamilyRecord | None) -> None:
    """That the family is restricted, or open for an hour only; nothing of either is said of any other family."""
    if record is None:
        return
    if record.opened_until is not None:
        until = words.clock(record.opened_until)
        st.warning(
            f"You opened this record in an emergency: it is open to you until {until}. "
            "Your manager and information governance were told, and it is looked at tomorrow."
        )
    if record.restrictions:
        kinds = words.listed(restricting.KINDS[kind].lower() for kind in record.restrictions)
        address = " Where they live is not shown to you." if record.is_address_withheld else ""
        st.warning(f"Restricted record: {kinds}. Nobody who is not let in by name knows of it.{address}")


def _published(visit: identity.Visit, family_id: str, head: CaseHead | None) -> FamilyRecord | None:
    """What a refresh published of the family; a case stays readable where it no longer publishes anything."""
    try:
        return reading.family_record(visit.engine, visit.reader(identity.TO_READ), family_id)
    except UserError:
        if head is None:
            raise
        return None


def _back(visit: identity.Visit) -> None:
    st.page_link(navigation.list_of(visit.person.role), label="Back to the list", icon=":material/arrow_back:")


def _identity_bar(family_id: str, record: FamilyRecord | None, head: CaseHead | None, day: dt.date) -> None:
    with st.container(border=True, key="identity_bar"):
        if head is not None:
            _case_line(head, day)
        if record is None:
            st.markdown(f"Family id {words.escape_markdown(family_id)}")
            st.warning("Nothing that you may see is published of this family now: only the work with it is shown.")
            return
        with st.container(horizontal=True, vertical_alignment="center", key="identity_line"):
            st.badge(words.status(record.status), color="primary" if record.status == "eligible" else "gray")
            facts = [f"Family id {record.family_id}", _who(record.members), _address(record)]
            st.markdown("  ·  ".join(words.escape_markdown(fact) for fact in facts), width="content")
        with st.container(horizontal=True, key="strand_badges"):
            for strand in record.strands:
                if strand.strand != tables.ELIGIBLE:
                    said = f"{strand.label}: {words.outcome(strand.outcome).lower()}"
                    st.badge(words.escape_markdown(said), color=BADGES.get(strand.outcome, "gray"))


def _address(record: FamilyRecord) -> str:
    return "Address not shown to you" if record.is_address_withheld else record.address or "Address not known"


def _case_line(head: CaseHead, day: dt.date) -> None:
    """Stage, lead worker and what is due next, in one line of words."""
    line = head.line
    with st.container(horizontal=True, vertical_alignment="center", key="case_line"):
        st.badge(words.escape_markdown(line.state_label.capitalize()), color="primary")
        if line.is_overdue:
            st.badge("Overdue", icon=":material/schedule:", color="orange")
        if head.waiting_alerts:
            alerts = words.counted(head.waiting_alerts, "alert waits", "alerts wait")
            st.badge(alerts, icon=":material/notifications:", color="yellow")
        due = f"{line.next_due} {case_tables.due(line.next_due_on, day)}" if line.next_due_on else "Nothing is due."
        facts = [f"Lead worker: {words.plain(line.worker_name or 'nobody yet')}", due]
        st.markdown("  ·  ".join(words.escape_markdown(fact) for fact in facts), width="content")


def _who(members: Sequence[Member]) -> str:
    children = sum(member.role == "child" for member in members)
    adults = sum(member.role != "child" and member.is_resident for member in members)
    linked = sum(member.role != "child" and not member.is_resident for member in members)
    elsewhere = [f"{linked} linked elsewhere"] if linked else []
    return words.listed([words.counted(children, "child", "children"), words.counted(adults, "adult"), *elsewhere])


def _sections(
    visit: identity.Visit, family_id: str, record: FamilyRecord | None, head: CaseHead | None, day: dt.date
) -> None:
    """Each tab with what fills it; only the open one is read and drawn."""
    shown: dict[str, Callable[[], None]] = {"Overview": lambda: overview.show(visit, record, head, day)}
    if record is not None:
        shown["Reasons and evidence"] = lambda: reasons.show(record)
    shown["Absence"] = lambda: absence.show(visit, record, head)
    if record is not None:
        shown["Who is linked to whom"] = lambda: links.show(visit, record)
    if head is not None:
        shown["Since the work began"] = lambda: monitoring.show(visit, family_id)
        shown["Chronology"] = lambda: chronology.show(visit, head, day)
        shown["Notes"] = lambda: notes.show(visit, record, head, day)
        shown["Needs and plan"] = lambda: needs_and_plan.open_tab(visit, family_id, record)
    if visit.person.role in MAY_READ_ACCESS:
        shown["Access log"] = lambda: looked_at.show(visit, family_id)
    opened = st.tabs(list(shown), key="section", bind="query-params", on_change="rerun")
    for tab, fill in zip(opened, shown.values(), strict=True):
        with tab:
            if tab.open:
                _filled(fill)


def _filled(fill: Callable[[], None]) -> None:
    """Fill a tab, or say why it cannot be: the rest of the record stays."""
    try:
        fill()
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))


show()
