"""Quality and coverage: what the sources speak for, how well records are linked by people's answers, what changed."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import streamlit as st

from dashboard import corrections, coverage_section, frame, identity, linkage_charts, linkage_tables, submitting
from dashboard.charts import Drawing
from families import continuity as continuing
from families.casebook import access, continuity, quality
from families.casebook.continuity import Proposal
from families.casebook.views import QualityCount, SampleCount, SamplePair
from families.cases.assessing import SETTLE_CORRECTIONS
from families.errors import UserError
from families.linkage.clerical import measured
from families.linkage.quality import ALIKE, ALONE, CLUSTERED, EXACT, LINKED, NONE, UNNAMED, Figure

TO_READ = "see how well records are linked"
TO_MEASURE = "measure how well records are linked"
TO_DECIDE = "decide what became of families"
ANSWERS = {
    quality.SAME: "The same person",
    quality.DIFFERENT: "Different people",
    quality.CANNOT_TELL: "Cannot tell",
}
DECISIONS = {"accept": "The change is right", "undo": "The change is wrong: undo it"}


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    try:
        counts = quality.quality_counts(visit.engine, visit.reader(TO_READ))
        drawn = quality.sample_counts(visit.engine, visit.reader(TO_READ))
    except UserError as error:
        frame.refused("The quality of linkage cannot be shown", error)
        return
    st.title("Quality and coverage", anchor=False)
    if visit.person.role in SETTLE_CORRECTIONS:
        corrections.show(visit, identity.casework_day(visit))
    coverage_section.fall_short(visit, counts)
    coverage_section.show(visit, counts)
    if not counts:
        st.write("The published run was made before linkage was counted; the next refresh counts it.")
        return
    _links(counts)
    _sources(counts)
    _measured(drawn)
    if visit.person.role in access.MAY_ANSWER_SAMPLES:
        _compare(visit)
    _changes(visit)


def _links(counts: Sequence[QualityCount]) -> None:
    st.header("Why records were put together", anchor=False)
    by_reason = linkage_tables.counts(counts, Figure.LINKS, label="Reason", number="Records")
    _drawn(linkage_charts.bars(by_reason, label="Reason", number="Records", what="records by the reason of their link"),
           "links")  # fmt: skip
    with st.expander("The same as a table", key="links_table"):
        frame.plain_table(linkage_tables.in_full(by_reason), "Records by the reason of their link")
    st.header("People by number of records", anchor=False)
    by_size = linkage_tables.counts(counts, Figure.PEOPLE, label="Records of a person", number="People")
    _drawn(linkage_charts.bars(by_size, label="Records of a person", number="People", what="people by their records"),
           "people")  # fmt: skip
    with st.expander("The same as a table", key="people_table"):
        frame.plain_table(linkage_tables.in_full(by_size), "People by number of records")


def _sources(counts: Sequence[QualityCount]) -> None:
    for heading, figure, names, what, key in (
        ("Records by source", Figure.RECORDS, (LINKED, ALONE, UNNAMED), "records linked and not linked", "records"),
        ("Addresses by source", Figure.ADDRESSES, (EXACT, ALIKE, CLUSTERED, NONE), "addresses found", "addresses"),
    ):
        st.header(heading, anchor=False)
        wide = linkage_tables.parts(counts, figure, names=names)
        _drawn(linkage_charts.stacked(linkage_tables.long(wide), what=what), key)
        with st.expander("The same as a table", key=f"{key}_table"):
            frame.plain_table(linkage_tables.in_full(wide), heading)


def _measured(drawn: Sequence[SampleCount]) -> None:
    st.header("How good it is", anchor=False)
    found = measured(linkage_tables.strata(drawn))
    st.write(linkage_tables.in_words("Of linked pairs of records, those of one person", found.precision))
    st.write(linkage_tables.in_words("Of pairs of one person, those linked", found.recall))
    st.caption(
        "Pairs are drawn by kind and by chance, linked or near and not linked, and not only doubtful ones. Pairs that "
        "agree in nothing are taken to be of two people. An answer measures; it changes no link."
    )
    told = linkage_tables.estimates(drawn, found)
    if found.strata:
        _drawn(linkage_charts.intervals(told, what="share of each kind of pair that is of one person"), "intervals")
    with st.expander("Kinds of pair, drawn and answered", key="strata_table"):
        frame.plain_table(linkage_tables.in_full(told), "Kinds of pair, drawn and answered")


def _drawn(drawing: Drawing, key: str) -> None:
    st.altair_chart(drawing.chart, width="stretch", alt=drawing.alt, key=f"chart_{key}")


def _compare(visit: identity.Visit) -> None:
    st.header("Compare two records", anchor=False)
    submitting.say("sample")
    if not st.toggle("Show a pair of records to compare", key="compare"):
        return
    pair = quality.next_sample_pair(visit.engine, visit.reader(TO_MEASURE))
    if pair is None:
        st.write("Every pair that was drawn has an answer.")
        return
    _pair(pair)


def _pair(pair: SamplePair) -> None:
    rows = [(field, one or "missing", other or "missing", _agrees(one, other)) for field, one, other in pair.sides]
    sides = pl.DataFrame(rows, schema=["What", "One record", "The other", "They"], orient="row")
    frame.plain_table(sides, "Two records side by side")
    with st.form("sample_answer", border=False):
        st.radio(
            "Are they of one person?", list(ANSWERS), index=None, format_func=ANSWERS.__getitem__, key="sample_choice"
        )
        st.form_submit_button(
            "Save and show the next", type="primary", key="sample_save", on_click=_save, args=(pair.pair_id,)
        )


def _agrees(one: str | None, other: str | None) -> str:
    if not one or not other:
        return "missing"
    return "match" if one.casefold() == other.casefold() else "differ"


def _save(pair_id: str) -> None:
    answer = submitting.written("sample_choice")
    saved = submitting.do(
        lambda visit: quality.answer_sample_pair(visit.engine, visit.reader(TO_MEASURE), pair_id, answer=answer),
        "Your answer is saved.",
        at="sample",
    )
    if saved:
        st.session_state["sample_choice"] = None


def _changes(visit: identity.Visit) -> None:
    st.header("What became of families", anchor=False)
    st.write(
        "Since the run before, these families of the casebook were split, put together or moved, or their people are "
        "others. Nothing in the casebook changes by itself. Where families were put together and you accept it, the "
        "case goes on under the id that is kept."
    )
    submitting.say("change")
    found = continuity.proposals(visit.engine, visit.reader(TO_DECIDE), status=None)
    if not found:
        st.write("Nothing became of any family that you may see.")
        return
    frame.plain_table(linkage_tables.proposals(found, continuing.KINDS), "What became of families")
    if visit.person.role in access.MAY_DECIDE_CONTINUITY:
        _decide(found)


def _decide(found: Sequence[Proposal]) -> None:
    by_id = {each.proposal_id: each for each in found}
    with st.form("decide_change", border=False):
        st.selectbox(
            "Change", list(by_id), index=None, key="change_choice",
            format_func=lambda name: f"{by_id[name].family_id}, {continuing.KINDS[by_id[name].kind].lower()}",
        )  # fmt: skip
        st.radio("Decision", list(DECISIONS), index=None, format_func=DECISIONS.__getitem__, key="change_what")
        st.text_area("Why", key="change_why", max_chars=500)
        st.form_submit_button("Save the decision", type="primary", key="change_save", on_click=_save_decision)


def _save_decision() -> None:
    chosen, decision = submitting.written("change_choice"), submitting.written("change_what")
    if not chosen or not decision:
        submitting.refuse("Choose a change and a decision before you save.", at="change")
        return
    act = {"accept": continuity.accept, "undo": continuity.undo}[decision]
    reason = submitting.written("change_why")
    submitting.do(
        lambda visit: act(visit.engine, visit.reader(TO_DECIDE), chosen, reason=reason),
        "The decision is saved.",
        clear=["change_why"],
        at="change",
    )


show()
