"""Identified families: who meets the criteria and why, one page of a filtered list at a time."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard import frame, identity, tables, words
from families.casebook import access, reading
from families.casebook.views import FamilyList, FamilySummary
from families.errors import NotAllowed

PAGE_SIZE = 10
RECORD = "pages_/family_record.py"
ANY = "any"
SORTS = {
    "newest_evidence": "Newest evidence first",
    "name": "Name, A to Z",
    "youngest_child": "Youngest child first",
    "size": "Largest family first",
}


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to."""

    status: str | None
    strand: str | None
    text: str
    sort: str


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    st.title("Families we may be able to help")
    frame.data_line(visit.engine, visit.data)
    strands = {id_: label for id_, label in reading.strand_labels(visit.engine).items() if id_ != tables.ELIGIBLE}
    filters = _ask_filters(sorted(access.MAY_SEE.get(visit.person.role, ())), strands)
    try:
        found = _read(visit, filters)
    except NotAllowed as error:
        st.warning(words.escape_markdown(str(error)))
        return
    _applied(filters, strands, found.total)
    if found.families:
        _list(found)
        _turn_page(found.total)


def _ask_filters(statuses: list[str], strands: dict[str, str]) -> Filters:
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        status = _status(statuses)
        strand = st.selectbox(
            "Strand met",
            [ANY, *strands],
            format_func=lambda strand: strands.get(strand, "Any strand"),
            key="strand",
            bind="query-params",
            on_change=_first_page,
            width=250,
        )
        # Not bound to the address: what is typed may be a name, and addresses are logged on their way.
        text = st.text_input(
            "Search by name",
            key="search",
            type="search",
            max_chars=80,
            on_change=_first_page,
            persist_state="session",
            width=280,
        )
        sort = st.selectbox(
            "Sort by",
            list(SORTS),
            format_func=lambda sort: SORTS[sort],
            key="sort",
            bind="query-params",
            on_change=_first_page,
            width=220,
        )
        st.toggle("Plain table", key="plain", bind="query-params", help="A simple table, for screen readers and zoom")
    return Filters(status, None if strand == ANY else strand, words.plain(text or ""), sort)


def _status(statuses: list[str]) -> str | None:
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
    st.session_state["page"] = 1


def _clear() -> None:
    for key, value in {"status": ANY, "strand": ANY, "search": "", "page": 1}.items():
        if key in st.session_state:
            st.session_state[key] = value


def _read(visit: identity.Visit, filters: Filters) -> FamilyList:
    return reading.list_families(
        visit.engine,
        visit.reader(identity.TO_LIST),
        status=filters.status,
        strand=filters.strand,
        text=filters.text,
        sort=filters.sort,
        page=_page_asked_for(),
        page_size=PAGE_SIZE,
    )


def _page_asked_for() -> int:
    """The page chosen, or the one the address names before the page buttons have been drawn."""
    asked = str(st.session_state.get("page", st.query_params.get("page", "1")))
    return max(1, int(asked)) if asked.isascii() and asked.isdigit() else 1


def _applied(filters: Filters, strands: dict[str, str], total: int) -> None:
    named = [
        f"status {words.status(filters.status).lower()}" if filters.status else "",
        f"strand met {strands.get(filters.strand, filters.strand)}" if filters.strand else "",
        f"name has “{filters.text}”" if filters.text else "",
    ]
    applied = words.escape_markdown("; ".join(name for name in named if name))
    with st.container(horizontal=True, vertical_alignment="center", key="applied"):
        st.markdown(
            f"**{words.counted(total, 'family', 'families')}**  ·  Applied filters: {applied or 'none'}",
            width="content",
        )
        if applied:
            st.button("Clear filters", key="clear", type="tertiary", on_click=_clear)


def _list(found: FamilyList) -> None:
    shown = tables.families(found.families)
    alt = tables.alt(shown, "Families we may be able to help")
    if st.session_state.get("plain"):
        st.table(tables.for_markdown(shown), hide_index=True, border="horizontal", alt=alt)
        _open_from_plain_table(found.families)
        return
    picked = st.dataframe(
        shown,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        row_height=52,
        height="content",
        column_config=_columns(),
        key="families",
        alt=alt,
    )
    if picked.selection.rows:
        _open(found.families[picked.selection.rows[0]].family_id)


def _columns() -> dict[str, object]:
    text = st.column_config.TextColumn
    return {
        "Family": text(width=150),
        "Children and ages": text(width=230),
        "Strands met": text(width=260),
        "Newest evidence": text(width=125),
        "Not known": text(width=260),
        "People": st.column_config.NumberColumn(width=60),
    }


def _open_from_plain_table(families: tuple[FamilySummary, ...]) -> None:
    names = {family.family_id: f"{words.plain(family.name)}, {family.family_id}" for family in families}
    with st.container(horizontal=True, vertical_alignment="bottom", key="open_one"):
        chosen = st.selectbox(
            "Open the record of", list(names), format_func=lambda family_id: names[family_id], key="to_open", width=360
        )
        if st.button("Open record", key="open", type="primary") and chosen:
            _open(chosen)


def _open(family_id: str) -> None:
    st.switch_page(RECORD, query_params={"family": family_id})


def _turn_page(total: int) -> None:
    pages = max(1, -(-total // PAGE_SIZE))
    st.pagination(pages, key="page", bind="query-params")


show()
