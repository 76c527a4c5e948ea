"""Chronology: what the feeds found and casework did, with what workers curated; drawn, and the same as a table."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from dashboard import exporting, forms, frame, identity, submitting, words
from dashboard.record import chronology_chart, record_tables
from dashboard.record.drafting import distinct
from families.cases import curating
from families.cases.chronology import KINDS, Filter, chronology_page
from families.cases.moving import MOST_WORDS
from families.cases.views import CaseHead, ChronologyPage, Event

TO_READ = "read the chronology of one family"
TO_CURATE = "curate the chronology of one family"
SECTION = "chronology"
PAGE_SIZE = 25
FILTERS = ("chron_kinds", "chron_people", "chron_from", "chron_to", "chron_significant")
SIGNIFICANT = "It is significant"


def show(visit: identity.Visit, head: CaseHead, day: dt.date) -> None:
    """The tab, top to bottom."""
    wanted = _wanted()
    found = chronology_page(
        visit.engine,
        visit.reader(TO_READ),
        head.line.family_id,
        wanted,
        page=int(st.session_state.get("chron_page", 1)),
        page_size=PAGE_SIZE,
    )
    with forms.section(SECTION, "Chronology"):
        _filters(found)
        number = words.counted(found.total, "event")
        st.write(f"**{number}**, the newest first. Applied filters: {_applied(wanted, found)}.")
        if found.total:
            _drawn(found, day)
            frame.plain_table(record_tables.events(found.events), "Events of the chronology")
        st.pagination(max(1, -(-found.total // PAGE_SIZE)), key="chron_page")
        exporting.offer(visit, "chronology", head.line.family_id, wanted)
    if "curate" in head.acts:
        st.header("Curate", anchor=False)
        _take_in(head, found.events, day)
        _change(head, found.events, day)


def wanted_of(state: Mapping[str, object]) -> Filter:
    """What the filters ask for."""
    kinds, people = state.get("chron_kinds") or (), state.get("chron_people") or ()
    from_day, to_day = state.get("chron_from"), state.get("chron_to")
    return Filter(
        kinds=tuple(kinds) if isinstance(kinds, (list, tuple)) else (),
        person_ids=tuple(people) if isinstance(people, (list, tuple)) else (),
        from_day=from_day if isinstance(from_day, dt.date) else None,
        to_day=to_day if isinstance(to_day, dt.date) else None,
        only_significant=bool(state.get("chron_significant")),
    )


def _wanted() -> Filter:
    return wanted_of({name: st.session_state.get(name) for name in FILTERS})


def _filters(found: ChronologyPage) -> None:
    people = distinct(found.people)
    again = {"on_change": _first_page}
    with st.container(horizontal=True, vertical_alignment="bottom", key="chron_filters"):
        st.multiselect(
            "Kind",
            list(KINDS),
            format_func=KINDS.__getitem__,
            placeholder="All",
            width=260,
            key="chron_kinds",
            **again,
        )
        st.multiselect(
            "Person",
            list(people),
            format_func=people.__getitem__,
            placeholder="Everybody",
            width=260,
            key="chron_people",
            **again,
        )
        st.date_input("From", None, format="DD/MM/YYYY", width=160, key="chron_from", **again)
        st.date_input("To", None, format="DD/MM/YYYY", width=160, key="chron_to", **again)
        st.checkbox("Only significant", key="chron_significant", **again)
        st.button("Clear filters", key="chron_clear", on_click=_clear)


def _first_page() -> None:
    st.session_state["chron_page"] = 1


def _clear() -> None:
    _first_page()
    for name, blank in zip(FILTERS, ([], [], None, None, False), strict=True):
        st.session_state[name] = blank


def _applied(wanted: Filter, found: ChronologyPage) -> str:
    people = dict(found.people)
    said = [
        f"kind: {words.listed(KINDS[kind] for kind in wanted.kinds)}" if wanted.kinds else "",
        f"person: {words.listed(words.plain(people.get(each, 'somebody')) for each in wanted.person_ids)}"
        if wanted.person_ids
        else "",
        f"from {words.long_date(wanted.from_day)}" if wanted.from_day else "",
        f"to {words.long_date(wanted.to_day)}" if wanted.to_day else "",
        "only significant" if wanted.only_significant else "",
    ]
    return words.escape_markdown("; ".join(filter(None, said)) or "none")


def _drawn(found: ChronologyPage, day: dt.date) -> None:
    """The chart of a year and a half, with a choice of earlier ones."""
    times = chronology_chart.windows(found.outline, day)
    place = 0
    if len(times) > 1:
        place = st.selectbox(
            f"Time drawn ({chronology_chart.MONTHS_DRAWN} months)",
            range(len(times)),
            format_func=lambda number: times[number].said,
            width=320,
            key="chron_time",
        )
    window = times[min(int(place or 0), len(times) - 1)]
    outline = [replace(each, people=_named(each, found)) for each in found.outline]
    shown = chronology_chart.marks(outline, window)
    drawing = chronology_chart.draw(shown, chronology_chart.stages(found.phases, window), window)
    st.altair_chart(drawing.chart, theme=None, key="chron_chart", alt=drawing.alt)


def _named(event: Event, found: ChronologyPage) -> tuple[tuple[str, str], ...]:
    """The people of an event by the names that are theirs in the whole chronology: one lane for each person."""
    names = distinct(found.people)
    return tuple((who, names.get(who, name)) for who, name in event.people)


def _called(event: Event) -> str:
    what = event.words if event.kind == "curated" else event.title
    return words.plain(f"{words.short_date(event.on)}, {what[:80]}")


def _take_in(head: CaseHead, events: Sequence[Event], day: dt.date) -> None:
    """Add an entry, either of one's own or made of an event of the list above, whose day and words it begins with."""
    with st.expander("Add to the curated chronology", key="chron_add", on_change="rerun") as opened:
        if not opened.open:
            return
        system = {event.key: event for event in events if event.kind != "curated"}
        chosen = st.selectbox(
            "Take in an event of this page, or leave blank for one of your own",
            list(system),
            index=None,
            format_func=lambda key: _called(system[key]),
            placeholder="One of your own",
            key="chron_take",
        )
        forms.show(_adding(head, system.get(chosen or ""), day))


def _adding(head: CaseHead, event: Event | None, day: dt.date) -> forms.Form:
    people = distinct(head.people)
    start = [who for who, _ in event.people if who in people] if event else []
    told = f"{event.title}: {event.words}".removesuffix(": ") if event else ""
    fields = [
        forms.Field("happened_on", "Day it happened", "day", start=event.on if event else day),
        forms.Field("words", "What happened", "text", start=told, most=MOST_WORDS),
        forms.Field("impact", "What it meant for the family", "text", is_required=False, most=MOST_WORDS),
        forms.Field("person_ids", "Whom it is about", "many", people, start, is_required=False),
        forms.Field("is_significant", SIGNIFICANT, "tick", start=True),
    ]

    def act(visit: identity.Visit, values: forms.Values, token: str) -> None:
        given = {name: values[name] for name in ("happened_on", "words", "impact", "person_ids", "is_significant")}
        at = (visit.engine, visit.reader(TO_CURATE), head.line.case_id)
        curating.add_entry(*at, **given, event=event.key if event else "", today=day, token=token)

    key = hashlib.sha256((event.key if event else "").encode()).hexdigest()[:12]
    return forms.Form(f"{SECTION}/add_{head.line.case_id}_{key}", fields, act, "It is in the curated chronology.")


def _change(head: CaseHead, events: Sequence[Event], day: dt.date) -> None:
    """Give an entry other words, finish it or reopen it."""
    mine = {event.key: event for event in events if event.kind == "curated" and event.case_id == head.line.case_id}
    if not mine:
        return
    with st.expander("Change, finish or reopen an entry of this page", key="chron_edit", on_change="rerun") as opened:
        if not opened.open:
            return
        chosen = st.selectbox(
            "Entry",
            list(mine),
            index=None,
            format_func=lambda key: _called(mine[key]),
            placeholder="Choose",
            key="chron_entry",
        )
        if chosen is None:
            return
        entry = mine[chosen]
        if entry.is_finished:
            st.write("This entry is finished: reopen it to change it.")
        else:
            forms.show(_changing(head, entry, day))
        st.button(
            "Reopen" if entry.is_finished else "Finish",
            key=f"chron_finish_{entry.key}",
            on_click=_finish,
            args=(head.line.case_id, entry.key, not entry.is_finished, day),
        )


def _changing(head: CaseHead, entry: Event, day: dt.date) -> forms.Form:
    people = distinct(head.people)
    start = [who for who, _ in entry.people if who in people]
    fields = [
        forms.Field("words", "What happened", "text", start=entry.words, most=MOST_WORDS),
        forms.Field(
            "impact",
            "What it meant for the family",
            "text",
            start=entry.impact,
            is_required=False,
            most=MOST_WORDS,
        ),
        forms.Field("person_ids", "Whom it is about", "many", people, start, is_required=False),
        forms.Field("is_significant", SIGNIFICANT, "tick", start=entry.is_significant),
    ]

    def act(visit: identity.Visit, values: forms.Values, token: str) -> None:
        given = {name: values[name] for name in ("words", "impact", "person_ids", "is_significant")}
        at = (visit.engine, visit.reader(TO_CURATE), head.line.case_id, entry.key)
        curating.change_entry(*at, **given, version=values["row_version"], today=day, token=token)

    return forms.Form(
        f"{SECTION}/change_{entry.key}",
        fields,
        act,
        "Changed: the words before stay on record.",
        version=entry.version,
        is_prefilled=True,
    )


def _finish(case_id: str, entry_id: str, is_finished: bool, day: dt.date) -> None:
    submitting.do_once(
        f"finish_{entry_id}",
        lambda visit, token: curating.finish_entry(
            visit.engine,
            visit.reader(TO_CURATE),
            case_id,
            entry_id,
            is_finished=is_finished,
            today=day,
            token=token,
        ),
        "The entry is finished: nobody changes it now." if is_finished else "The entry is open again.",
        at=SECTION,
    )
