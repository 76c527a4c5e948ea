"""Identified families: who meets the criteria and why. Whoever confirms them finds a tab for each way they stand;
everybody else one page of a filtered list at a time, which is the last of those tabs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import streamlit as st

from dashboard import frame, identified, identity, tables, words
from families.casebook import access, reading
from families.casebook.views import FamilyList, FamilySummary
from families.cases.identified import DECIDERS
from families.errors import UserError

PAGE_SIZE = 10
ONE_LINE_ROW, WRAPPED_ROW = 42, 66  # pixels; from 64 on the grid wraps its text instead of cutting it
LETTER, PADDING = 6.4, 18  # pixels, on the wide side
WIDTHS = {
    "Family": 175,
    "Children and ages": 240,
    "Strands met": 330,
    "Not known": 175,
    "Newest evidence": 125,
    "People": 75,
    tables.NEAR_MISS: 480,
}
ANY = "any"
LAST_TAB = "identified_last_tab"
LISTED = "Families we may be able to help"
TABS = {
    "New": "undecided",
    "Changed": "changed",
    "Near miss": "near_miss",
    "Already known": "known",
    "Dropped": "dropped",
    "All": None,
}
SORTS = {
    "newest_evidence": "Newest evidence first",
    "name": "Name, A to Z",
    "youngest_child": "Youngest child first",
    "size": "Largest family first",
}


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to, and its order."""

    status: str | None
    strand: str | None
    text: str
    sort: str


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    st.title(LISTED, anchor=False)
    if visit.person.role not in DECIDERS:
        _whole_list(visit)
        return
    try:
        _tabs(visit)
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))


def _tabs(visit: identity.Visit) -> None:
    """Only the open one is read and drawn."""
    if "tab" not in st.session_state and "tab" not in st.query_params and LAST_TAB in st.session_state:
        st.session_state["tab"] = st.session_state[LAST_TAB]  # who comes back from a record finds the tab they left
    opened = st.tabs(list(TABS), key="tab", bind="query-params", on_change="rerun")
    for tab, name in zip(opened, TABS, strict=True):
        if not tab.open:
            continue
        st.session_state[LAST_TAB] = name
        with tab:
            if TABS[name] is None:
                _whole_list(visit)
            elif TABS[name] == "dropped":
                identified.dropped(visit)
            else:
                identified.lists(visit, str(TABS[name]))


def _whole_list(visit: identity.Visit) -> None:
    labels = reading.strand_labels(visit.engine)
    strands = {strand: label for strand, label in labels.items() if strand != tables.ELIGIBLE}
    filters = _ask_filters(sorted(access.MAY_SEE.get(visit.person.role, ())), strands)
    try:
        found = _read(visit, filters)
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))
        return
    _applied(filters, strands, found.total)
    if found.families:
        _list(found.families)
    _turn_page(found)


def _ask_filters(statuses: Sequence[str], strands: Mapping[str, str]) -> Filters:
    with st.container(horizontal=True, vertical_alignment="top", key="filters"):
        strand = st.selectbox(
            "Strand met",
            [ANY, *strands],
            format_func=lambda strand: strands.get(strand, "Any strand"),
            key="strand",
            bind="query-params",
            on_change=_first_page,
            width=260,
        )
        # Not bound to the address: what is typed may be a name, and addresses are logged on their way.
        text = st.text_input(
            "Search by name",
            key="search",
            type="search",
            max_chars=80,
            on_change=_first_page,
            persist_state="session",
            width=260,
        )
        sort = st.selectbox(
            "Sort by",
            list(SORTS),
            format_func=lambda sort: SORTS[sort],
            key="sort",
            bind="query-params",
            on_change=_first_page,
            width=230,
        )
        status = _ask_status(statuses)
    return Filters(status, None if strand == ANY else strand, words.plain(text or ""), sort)


def _ask_status(statuses: Sequence[str]) -> str | None:
    if len(statuses) < 2:
        return None
    chosen = st.segmented_control(
        "Status",
        [ANY, *statuses],
        format_func=lambda status: "All" if status == ANY else words.status(status),
        default=ANY,
        required=True,
        key="status",
        bind="query-params",
        on_change=_first_page,
    )
    return None if chosen == ANY else chosen


def _first_page() -> None:
    """Begin at page 1 again: page buttons of a new key, since those on the screen would keep their number."""
    st.session_state["listing"] = st.session_state.get("listing", 0) + 1


def _page_key() -> str:
    return f"page_{st.session_state.get('listing', 0)}"


def _clear() -> None:
    for key, value in {"status": ANY, "strand": ANY, "search": ""}.items():
        if key in st.session_state:
            st.session_state[key] = value
    _first_page()


def _read(visit: identity.Visit, filters: Filters) -> FamilyList:
    return reading.list_families(
        visit.engine,
        visit.reader(identity.TO_LIST),
        status=filters.status,
        strand=filters.strand,
        text=filters.text,
        sort=filters.sort,
        page=st.session_state.get(_page_key(), 1),
        page_size=PAGE_SIZE,
    )


def _applied(filters: Filters, strands: Mapping[str, str], total: int) -> None:
    named = [
        f"status: {words.status(filters.status).lower()}" if filters.status else "",
        f"strand met: {strands.get(filters.strand, filters.strand)}" if filters.strand else "",
        f"name has: {filters.text}" if filters.text else "",
    ]
    applied = words.escape_markdown("; ".join(name for name in named if name))
    count = words.counted(total, "family", "families") if total else "No family found"
    how = "" if st.session_state.get("plain") or not total else " Choose a family’s name to open its record."
    with st.container(horizontal=True, vertical_alignment="center", key="applied"):
        st.markdown(f"**{count}.** Applied filters: {applied or 'none'}.{how}", width="content")
        if applied:
            st.button("Clear filters", key="clear", on_click=_clear)
        st.toggle("Plain table", key="plain", bind="query-params", help="A simple table, for screen readers and zoom")


def _list(families: Sequence[FamilySummary]) -> None:
    is_plain = bool(st.session_state.get("plain"))
    shown = tables.families(families, in_full=is_plain)
    if is_plain:
        frame.plain_table(shown, LISTED)
        _open_from_plain_table(families)
        return
    st.dataframe(
        shown,
        hide_index=True,
        row_height=_row_height(shown),
        height="content",
        column_config=_columns(),
        key="families",
        alt=f"{tables.alt(shown, LISTED)} The button with a family’s name opens its record.",
    )
    clicked = st.session_state.get("family_clicked")
    if clicked and clicked["row"] in range(len(families)):
        _open(families[clicked["row"]].family_id)


def _columns() -> dict[str, object]:
    text = st.column_config.TextColumn
    family = st.column_config.ButtonColumn(
        type="tertiary", alignment="left", key="family_clicked", width=WIDTHS["Family"]
    )
    people = st.column_config.NumberColumn(width=WIDTHS["People"])
    return {name: text(width=width) for name, width in WIDTHS.items()} | {"Family": family, "People": people}


def _row_height(shown: pl.DataFrame) -> int:
    """Tall enough for text that has to wrap; low where every cell of the page fits on one line."""
    texts = [name for name, kind in shown.schema.items() if kind == pl.String]
    fits = [bool((shown[name].str.len_chars() * LETTER + PADDING <= WIDTHS[name]).all()) for name in texts]
    return ONE_LINE_ROW if all(fits) else WRAPPED_ROW


def _open_from_plain_table(families: Sequence[FamilySummary]) -> None:
    names = {family.family_id: f"{words.plain(family.name)}, {family.family_id}" for family in families}
    frame.open_record(names)


def _open(family_id: str) -> None:
    st.switch_page(frame.RECORD, query_params={"family": family_id})


def _turn_page(found: FamilyList) -> None:
    if not found.families and st.session_state.get(_page_key(), 1) > 1:
        _first_page()
        st.rerun()
    pages = max(1, -(-found.total // PAGE_SIZE))
    with st.container(horizontal_alignment="right", key="turn_page"):
        st.pagination(pages, key=_page_key(), persist_state="session")


show()
