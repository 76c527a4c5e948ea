"""Match review: one question at a time about who is who, with both sides, what would follow, and the answer."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import charts, frame, identity, submitting, tables, words
from families.casebook import queries, review
from families.casebook.views import DecisionView, DoubtView
from families.errors import UserError

TITLE = "Match review"
TO_SETTLE = "settle who is who"
SHORTCUTS = ("alt+1", "alt+2", "alt+3")
NUMBER, REASON = "question_number", "reason"


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    st.title(TITLE, anchor=False)
    st.caption(
        "Questions about who is who that the records leave open. Their order is one of work, not of people: "
        "first those whose answer could change which family is eligible, then those that could change a strand."
    )
    submitting.say()
    try:
        _queue(visit)
        _reported(visit)
        _decisions(visit)
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))


def _queue(visit: identity.Visit) -> None:
    reader = visit.reader(TO_SETTLE)
    number = st.session_state.get(NUMBER, 1)
    found = review.doubts(visit.engine, reader, page=number, page_size=1)
    if not found.doubts and found.total:
        number = found.total
        st.session_state[NUMBER] = number
        found = review.doubts(visit.engine, reader, page=number, page_size=1)
    if not found.doubts:
        st.header("No question waits", anchor=False)
        st.write("The next refresh may ask more.")
        return
    (asked,) = found.doubts
    more = f" The run found {found.left_out:,} more that are not asked." if found.left_out else ""
    st.markdown(f"**Question {number:,} of {found.total:,}.**{more}")
    _question(asked)
    _answer(asked)
    st.pagination(found.total, key=NUMBER, persist_state="session")


def _question(asked: DoubtView) -> None:
    st.header(words.escape_markdown(words.question(asked)), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", key="question_line"):
        st.badge(words.EFFECTS.get(asked.effect, words.EFFECTS["none"]), color="gray")
        st.markdown(words.escape_markdown(asked.sentence), width="content")
    frame.plain_table(tables.side_by_side(asked), "Both sides, field by field")
    st.markdown(words.escape_markdown(asked.if_so))
    if asked.waterfall:
        _weight(asked)


def _weight(asked: DoubtView) -> None:
    with st.expander("What the likeness is made of", key="weight_open"):
        shown = tables.waterfall(asked)
        drawn = charts.waterfall(shown)
        st.altair_chart(drawn.chart, theme=None, key="waterfall", alt=drawn.alt)
        frame.plain_table(tables.waterfall_in_words(shown), "What the likeness is made of")
        st.caption("One bit more doubles the odds that they are one person; at 0 they are even.")


def _answer(asked: DoubtView) -> None:
    """The three answers; the callback carries the question on the screen, whatever the queue has become meanwhile."""
    with st.form("answer", border=True):
        st.text_area(
            "Reason (required)",
            key=REASON,
            max_chars=review.MOST_WORDS,
            help="What you looked at, and what it showed. It is kept with your name.",
        )
        with st.container(horizontal=True, key="answers"):
            for answer, shortcut in zip(review.ANSWERS[asked.asks], SHORTCUTS, strict=True):
                st.form_submit_button(
                    words.ANSWERS[answer],
                    key=f"answer_{answer}",
                    shortcut=shortcut,
                    on_click=_decide,
                    args=(asked.doubt_id, answer),
                )


def _decide(doubt_id: str, answer: str) -> None:
    then = "asked again when the data has changed" if answer == review.CANNOT_TELL else "kept to from the next refresh"
    submitting.do(
        lambda visit: review.decide(
            visit.engine, visit.reader(TO_SETTLE), doubt_id, answer=answer, reason=submitting.written(REASON)
        ),
        lambda number: f"Decision {number}: {words.ANSWERS[answer].lower()}, {then}.",
        clear=[REASON],
    )


def _reported(visit: identity.Visit) -> None:
    waiting = queries.open_queries(visit.engine, visit.reader(TO_SETTLE))
    st.header("Reported by workers", anchor=False)
    if not waiting:
        st.write("Nothing that a worker reported waits.")
        return
    frame.plain_table(tables.queries(waiting, with_family=True), "Reported by workers")
    with st.form("settle", border=True):
        st.selectbox("Settle report", [each.query_id for each in waiting], key="to_settle")
        st.selectbox("Result", queries.RESULTS, format_func=lambda result: words.RESULTS[result], key="settle_result")
        st.text_area("What to tell the worker (required)", key="settle_words", max_chars=review.MOST_WORDS)
        st.form_submit_button("Settle", key="settle_now", on_click=_settle)


def _settle() -> None:
    number = st.session_state.get("to_settle") or 0
    said = f"Report {number} is settled, and the worker sees the result on the record."
    submitting.do(
        lambda visit: queries.settle_query(
            visit.engine,
            visit.reader(TO_SETTLE),
            number,
            result=submitting.written("settle_result"),
            reason=submitting.written("settle_words"),
        ),
        lambda decision: f"{said} Decision {decision} keeps the next refresh to it." if decision else said,
        clear=["settle_words"],
    )


def _decisions(visit: identity.Visit) -> None:
    made = review.decisions(visit.engine, visit.reader(TO_SETTLE))
    st.header("Recent decisions", anchor=False)
    if not made:
        st.write("Nobody has decided anything yet.")
        return
    frame.plain_table(tables.decisions(made), "Recent decisions")
    standing = [each for each in made if each.is_in_force]
    if standing:
        _withdraw(standing)


def _withdraw(standing: Sequence[DecisionView]) -> None:
    names = {each.decision_id: f"{each.decision_id}: {each.name_a} and {each.name_b}" for each in standing}
    with st.form("withdraw", border=True):
        st.selectbox("Take back decision", list(names), format_func=lambda number: names[number], key="to_withdraw")
        st.text_input("Why it is taken back (required)", key="withdraw_reason", max_chars=review.MOST_WORDS)
        st.form_submit_button("Take back", key="withdraw_now", on_click=_take_back)


def _take_back() -> None:
    number = st.session_state.get("to_withdraw") or 0
    reason = submitting.written("withdraw_reason")
    submitting.do(
        lambda visit: review.withdraw(visit.engine, visit.reader(TO_SETTLE), number, reason=reason),
        f"Decision {number} is taken back: the next refresh asks the question again.",
        clear=["withdraw_reason"],
    )


show()
