"""Caseload and allocation: who has room, and which families wait for a worker. Nobody is ranked by what came of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import streamlit as st

from dashboard import case_tables, frame, identity, leave, programme_charts, programme_tables, submitting, words
from families.casebook.access import MAY_KEEP_LEAVE
from families.cases import opening
from families.cases.reading import load_after, my_families, worker_loads
from families.cases.views import CaseLine, CaseList, WorkerLoad
from families.errors import UserError

TITLE = "Caseload and allocation"
TO_ALLOCATE = "allocate families to workers"
MOST_WAITING = 100


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    day, reader = identity.casework_day(visit), visit.reader(TO_ALLOCATE)
    st.title(TITLE, anchor=False)
    try:
        loads = worker_loads(visit.engine, reader, today=day)
        waiting = my_families(
            visit.engine, reader, today=day, states=("confirmed",), sort="state_since", page_size=MOST_WAITING
        )
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))
        return
    st.header("Workers", anchor=False)
    if loads:
        _loads(loads, day)
    else:
        st.write("No caseworker is in your team yet: an administrator sets teams.")
    _waiting(waiting, loads, day)
    if visit.person.role in MAY_KEEP_LEAVE:
        leave.show(visit, day)


def _loads(loads: Sequence[WorkerLoad], day: dt.date) -> None:
    """Families by when their review is due: whose hands are full, and not who works well."""
    drawing = programme_charts.stacked(
        programme_tables.reviews(loads),
        label="Worker",
        part="Review",
        number="Families",
        colours=programme_charts.REVIEWS,
        what="open families of each worker by when their review is due",
    )
    st.altair_chart(drawing.chart, theme=None, width="stretch", alt=drawing.alt, key="chart_loads")
    st.caption("The longest bar first. How many families somebody has says nothing about how well they work.")
    frame.plain_table(case_tables.loads(loads, as_at=day), "What each worker has now")


def _waiting(waiting: CaseList, loads: Sequence[WorkerLoad], day: dt.date) -> None:
    st.header("Families waiting for a worker", anchor=False)
    submitting.say()
    if not waiting.cases:
        st.write("No family waits for a worker.")
        return
    st.write(f"**{words.counted(waiting.total, 'family', 'families')}**, the longest wait first.")
    frame.plain_table(case_tables.waiting(waiting.cases, as_at=day), "Families waiting for a worker")
    if loads:
        _allocate(waiting.cases, loads, day)


def _allocate(waiting: Sequence[CaseLine], loads: Sequence[WorkerLoad], day: dt.date) -> None:
    """Choose a family, see what each worker would then have, and offer it to one."""
    cases = {case.case_id: case for case in waiting}
    workers = {load.worker: load for load in loads if not load.is_disabled}
    st.header("Allocate", anchor=False)
    chosen = st.selectbox(
        "Family",
        list(cases),
        index=None,
        format_func=lambda case_id: f"{words.plain(cases[case_id].family_name)}, {cases[case_id].family_id}",
        key="allocate_case",
    )
    if chosen is None:
        return
    case = cases[chosen]
    with st.form(f"allocate_{chosen}", border=False):
        st.radio(
            "Worker",
            list(workers),
            index=None,
            format_func=lambda name: words.escape_markdown(workers[name].name),
            captions=[_then(load_after(load, children=case.children), day) for load in workers.values()],
            key=f"allocate_worker_{chosen}",
        )
        st.selectbox(
            "Priority",
            list(opening.PRIORITIES),
            index=list(opening.PRIORITIES).index("normal"),
            format_func=opening.PRIORITIES.__getitem__,
            key=f"allocate_priority_{chosen}",
        )
        st.text_area("What the worker should know (optional)", max_chars=1000, key=f"allocate_reason_{chosen}")
        st.form_submit_button(
            "Allocate", type="primary", key=f"allocate_save_{chosen}", on_click=_offer, args=(case, day)
        )


def _offer(case: CaseLine, day: dt.date) -> None:
    if not submitting.is_still("allocate_case", case.case_id):
        return
    worker = submitting.written(f"allocate_worker_{case.case_id}")
    if not worker:
        submitting.refuse("Choose a worker before you allocate.")
        return
    submitting.do_once(
        f"allocate_{case.case_id}",
        lambda visit, token: opening.allocate(
            visit.engine,
            visit.reader(TO_ALLOCATE),
            case.case_id,
            worker=worker,
            priority=submitting.written(f"allocate_priority_{case.case_id}"),
            reason=submitting.written(f"allocate_reason_{case.case_id}"),
            row_version=case.row_version,
            today=day,
            token=token,
        ),
        f"{case.family_name} is offered to the worker, who accepts or declines it.",
    )


def _then(load: WorkerLoad, day: dt.date) -> str:
    families = words.counted(load.families, "family", "families")
    away = case_tables.away(load.leave, day)
    return f"would have {families} and {words.counted(load.children, 'child', 'children')}{away and f'; {away}'}"


show()
