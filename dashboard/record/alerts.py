"""Alerts of one family: what a load brought to light, answered with a reason, and those that have an answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard import forms, frame, identity, words
from dashboard.record import record_tables
from families.cases import alerts
from families.cases.record import alerts_of
from families.cases.views import AlertView, CaseHead

TO_ANSWER = "answer alerts of one family"
SECTION = "alerts"
WAYS = {"acknowledge": "Acknowledge", "snooze": "Put off until a day"}
PAGE_SIZE = 10


def show(visit: identity.Visit, head: CaseHead, day: dt.date) -> None:
    """Those that wait first; answered ones are behind a label, for whoever wants to see what was done."""
    reader, family_id = visit.reader(TO_ANSWER), head.line.family_id
    with forms.section(SECTION, "Alerts"):
        waiting = alerts_of(visit.engine, reader, family_id, today=day, waiting=True, page_size=50)
        if not waiting.total:
            st.write("No alert waits for an answer.")
        else:
            said = words.counted(waiting.total, "alert waits", "alerts wait")
            st.warning(f"{said} for an answer.", icon=":material/notifications:")
            frame.plain_table(record_tables.alerts(waiting.alerts).drop("Answer"), "Alerts that wait for an answer")
            mine = [each for each in waiting.alerts if each.case_id == head.line.case_id]
            if "answer_alert" in head.acts and mine:
                forms.act(_answer(head, mine, day), "Answer an alert")
        _answered(visit, head, day)


def _answered(visit: identity.Visit, head: CaseHead, day: dt.date) -> None:
    with st.expander("Alerts that have an answer", key="answered_alerts", on_change="rerun") as opened:
        if not opened.open:
            return
        found = alerts_of(
            visit.engine,
            visit.reader(TO_ANSWER),
            head.line.family_id,
            today=day,
            waiting=False,
            page=int(st.session_state.get("answered_page", 1)),
            page_size=PAGE_SIZE,
        )
        if not found.total:
            st.write("None yet.")
            return
        frame.plain_table(record_tables.alerts(found.alerts), "Alerts that have an answer")
        st.pagination(max(1, -(-found.total // PAGE_SIZE)), key="answered_page")


def _answer(head: CaseHead, waiting: Sequence[AlertView], day: dt.date) -> forms.Form:
    called = {
        each.alert_id: f"{each.kind_label}, {words.plain(each.person or 'the family')}: {words.plain(each.sentence)}"
        for each in waiting
    }
    fields = [
        forms.Field("alert_id", "Alert", "choice", called),
        forms.Field("way", "Answer", "radio", WAYS),
        forms.Field(
            "until",
            f"If you put it off, until which day (at most {alerts.MOST_SNOOZED.days} days)",
            "day",
            is_required=False,
        ),
        forms.Field("reason", "What is done about it, or why it is put off", "text", most=1000),
    ]

    def act(visit: identity.Visit, values: forms.Values, token: str) -> None:
        at = (visit.engine, visit.reader(TO_ANSWER), head.line.case_id, values["alert_id"])
        said: dict[str, Any] = {"reason": values["reason"], "today": day, "token": token}
        if values["way"] == "snooze":
            alerts.snooze(*at, until=values["until"], **said)
        else:
            alerts.acknowledge(*at, **said)

    return forms.Form(f"{SECTION}/answer_{head.line.case_id}", fields, act, "The alert is answered.", check=_check)


def _check(values: forms.Values) -> Mapping[str, str]:
    if values["way"] == "snooze" and not values["until"]:
        return {"until": "give the day on which it comes back"}
    return {}
