"""Days on which workers are away: the list, an entry, and one withdrawn. For a team manager and an administrator."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from dashboard import case_tables, frame, identity, submitting, words
from families.casebook import leave

TO_KEEP = "keep days of leave"
LEAVE = "leave"  # where on the page an answer is said


def show(visit: identity.Visit, day: dt.date) -> None:
    """The section, top to bottom."""
    st.header("Days of leave", anchor=False)
    submitting.say(LEAVE)
    people = leave.whose_leave(visit.engine, visit.reader(TO_KEEP))
    lines = leave.leave_to_come(visit.engine, visit.reader(TO_KEEP), today=day)
    if lines:
        frame.plain_table(case_tables.leave(lines), "Leave that is not over")
    else:
        st.write("Nobody’s leave is entered.")
    with st.form("leave", border=True):
        st.selectbox(
            "Who is away", list(people), index=None, key="leave_who",
            format_func=lambda staff_id: words.plain(people[staff_id]),
        )  # fmt: skip
        st.date_input("First day", value=day, key="leave_from", format="DD/MM/YYYY")
        st.date_input("Last day", value=day, key="leave_to", format="DD/MM/YYYY")
        st.caption("The days alone: a reason is nobody else’s business, and is not kept.")
        st.form_submit_button("Enter leave", key="leave_save", on_click=_add)
    if lines:
        _withdraw(lines)


def _withdraw(lines: tuple[leave.LeaveLine, ...]) -> None:
    names = {
        line.leave_id: f"{words.plain(line.name)}, {case_tables.days((line.from_day, line.to_day))}" for line in lines
    }
    with st.form("leave_withdraw", border=True):
        st.selectbox("Leave to withdraw", list(names), format_func=names.__getitem__, key="leave_which")
        st.form_submit_button("Withdraw", key="leave_withdraw_save", on_click=_withdrawn)


def _add() -> None:
    who = submitting.written("leave_who")
    first, last = st.session_state.get("leave_from"), st.session_state.get("leave_to")
    if not who or first is None or last is None:
        submitting.refuse("Choose who is away, and the first and the last day.", at=LEAVE)
        return
    submitting.do(
        lambda visit: leave.add_leave(visit.engine, visit.reader(TO_KEEP), who, from_day=first, to_day=last),
        "The leave is entered: whoever allocates families sees it.",
        at=LEAVE,
    )


def _withdrawn() -> None:
    which = submitting.written("leave_which")
    submitting.do(
        lambda visit: leave.withdraw_leave(visit.engine, visit.reader(TO_KEEP), which),
        "The leave is withdrawn.",
        at=LEAVE,
    )
