"""The whole-family assessment: facts as their sources have them, each accepted or corrected, and the family's needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import forms, frame, tables, words
from dashboard.forms import Field
from dashboard.record import work_tables
from dashboard.record.at_work import AtWork
from families.cases import assessing
from families.cases.moving import MOST_WORDS

RIGHT, WRONG = "right", "wrong"
ANSWERS = {RIGHT: "It is right", WRONG: "It is wrong"}
WHOLE_FAMILY = "the whole family"


def show(at: AtWork) -> None:
    """Facts, needs, and the assessment's own words."""
    with forms.section("assessment", "Whole-family assessment"):
        if at.case.assessment is None:
            _not_started(at)
            return
        _facts(at, at.case.assessment)
        _corrections(at)
        _words(at, at.case.assessment)
    with forms.section("needs", "Needs"):
        _needs(at)


def _not_started(at: AtWork) -> None:
    st.write("The assessment has not been started.")
    if at.may("start_assessment"):
        told = "The assessment is filled with what the records say: accept or correct each fact."
        form = at.form("assessment/start", assessing.start_assessment, [], told, button=at.label("start_assessment"))
        forms.show(form)


def _facts(at: AtWork, assessment: Mapping[str, Any]) -> None:
    facts = at.case.facts
    waiting = [fact for fact in facts if fact["answer"] is None]
    st.subheader("What the records say", anchor=False)
    asked = f"{len(facts) - len(waiting)} of {words.counted(len(facts), 'fact')} answered."
    st.write(f"{asked} A correction goes to the source; what the source says stays as it is until it changes it.")
    shown = work_tables.facts(facts, assessment["data_as_of"])
    if waiting:
        frame.plain_table(shown, "Facts of the assessment")
    else:  # the plan beneath is what is worked with from now on
        with st.expander("The facts and their answers", key="facts_answered"):
            frame.plain_table(shown, "Facts of the assessment")
    if waiting and at.may("answer_fact"):
        forms.act(_answers(at, waiting), at.label("answer_fact"))


def _answers(at: AtWork, waiting: list[Mapping[str, Any]]) -> forms.Form:
    fields: list[Field] = []
    for fact in waiting:
        place, who = fact["place"], fact["name"] or tables.FAMILY_ROW
        said = f"**{words.escape_markdown(who)}: {words.escape_markdown(fact['label'])}**  \n"
        said += words.escape_markdown(f"{fact['said']} {work_tables.origin(fact, at.case.assessment)}")
        fields += [
            Field(f"said_{place}", said, "said"),
            Field(f"answer_{place}", "Is it so", "radio", ANSWERS, is_required=False),
            Field(f"correction_{place}", "If it is wrong, what is right", is_required=False, most=1000),
        ]
    places = [fact["place"] for fact in waiting]
    return at.form(
        "assessment/answer",
        assessing.answer_facts,
        fields,
        "Your answers are saved; each correction is on its way to a data analyst.",
        give=lambda values: {"corrections": _corrections_of(values, places)},
        check=lambda values: _contradictions(values, places),
    )


def _corrections_of(values: forms.Values, places: list[int]) -> dict[int, str]:
    """Blank accepts; what was left out waits."""
    return {
        place: values[f"correction_{place}"] if values[f"answer_{place}"] == WRONG else ""
        for place in places
        if values[f"answer_{place}"] is not None
    }


def _contradictions(values: forms.Values, places: list[int]) -> dict[str, str]:
    wrong = {
        f"correction_{place}": "write what is right instead"
        for place in places
        if values[f"answer_{place}"] == WRONG and not values[f"correction_{place}"]
    }
    unsaid = {
        f"answer_{place}": "say that it is wrong, or take the correction away"
        for place in places
        if values[f"answer_{place}"] != WRONG and values[f"correction_{place}"]
    }
    return wrong | unsaid


def _corrections(at: AtWork) -> None:
    if at.case.corrections:
        st.subheader("Corrections sent to their source", anchor=False)
        frame.plain_table(work_tables.corrections(at.case.corrections), "Corrections and what came of them")


def _words(at: AtWork, assessment: Mapping[str, Any]) -> None:
    if assessment["completed_on"] is not None:
        done = words.long_date(assessment["completed_on"])
        st.subheader(f"Completed on {done}", anchor=False)
        st.markdown(f"**What the family says:** {words.escape_markdown(assessment['words'])}")
        st.markdown(f"**Summary:** {words.escape_markdown(assessment['summary'])}")
    elif at.may("complete_assessment"):
        fields = [
            Field("words", "What the family says, in their own words", "text", most=MOST_WORDS),
            Field("summary", "Summary", "text", most=MOST_WORDS),
        ]
        told = "The assessment is completed: next comes the plan."
        form = at.form("assessment/complete", assessing.complete_assessment, fields, told, version=at.version)
        forms.act(form, at.label("complete_assessment"))


def _needs(at: AtWork) -> None:
    if at.case.needs:
        frame.plain_table(work_tables.needs(at.case.needs), "Needs with their baseline and the family’s words")
    else:
        st.write("No need is recorded yet.")
    if at.may("add_need"):
        forms.act(_need_form(at), at.label("add_need"))


def _need_form(at: AtWork) -> forms.Form:
    evaluated = at.record.strands if at.record else ()
    strands = {each.strand: each.label for each in evaluated if each.strand != tables.ELIGIBLE}
    fields = [
        Field("label", "The need"),
        Field("person_id", "Whose need", "choice", at.people | {WHOLE_FAMILY: "The whole family"}, WHOLE_FAMILY),
        Field("own_words", "What the family says of it, in their own words", "text", most=MOST_WORDS),
        Field("score", "How it stands now, from 1 (very hard) to 10 (as it should be)", "number"),
        Field("evidence", "What shows it", "text", most=MOST_WORDS),
        Field("evidence_on", "Day of the evidence", "day", start=at.day),
        Field("strand", "Strand of the programme", "choice", strands, is_required=False),
    ]
    told = "The need is recorded with its baseline."

    def give(values: forms.Values) -> Mapping[str, Any]:
        given = {field.name: values[field.name] for field in fields}
        return given | {"person_id": None if values["person_id"] == WHOLE_FAMILY else values["person_id"]}

    return at.form("needs/add", assessing.add_need, fields, told, give=give)
