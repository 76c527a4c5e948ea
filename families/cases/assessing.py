"""The whole-family assessment: pre-filled from what is published, each fact accepted or corrected, and needs.

A correction goes back to the source as a query and never overwrites what the source says.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine

from families.casebook import audit, case_store
from families.casebook.case_store import RowValues, Transaction
from families.casebook.case_work_models import AssessedFact, Assessment, CorrectionQuery, Need, NeedScore
from families.casebook.database import writing
from families.casebook.refusals import refusals_noted
from families.casebook.views import ADDRESS_WITHHELD, Reader
from families.cases.moving import (
    MOST_IN_LINE,
    Asked,
    Change,
    made_id,
    move,
    plain,
    said,
    within,
    written,
)
from families.cases.people import chosen
from families.cases.workflow import clock
from families.errors import NotAllowed, Refused
from families.working_days import add_working_days

MEMBER_SOURCES = "family_members"
SETTLE_CORRECTIONS = frozenset({"data_analyst"})
SCORES = range(1, 11)


def start_assessment(engine: Engine, by: Reader, case_id: str, *, today: dt.date, token: str) -> str:
    """Begin the assessment, filled with the members and findings that are published of the family."""
    assessment_id = made_id(token)

    def write(transaction: Transaction, case: RowValues) -> Change:
        if case_store.one(transaction, Assessment, case_id=case_id) is not None:
            raise Refused("The assessment of this family was started already: go on with it.")
        published = case_store.publication(transaction)
        row = {**written(by, today), "assessment_id": assessment_id, "case_id": case_id, "words": "", "summary": ""}
        case_store.add(transaction, Assessment, row | {"data_as_of": published and published["as_of"]})
        facts = _facts(transaction, case["family_id"])
        case_store.add(
            transaction,
            AssessedFact,
            *(fact | {"assessment_id": assessment_id, "place": place} for place, fact in enumerate(facts)),
        )
        return Change(result=assessment_id)

    return move(engine, by, Asked("start_assessment", case_id, today, token), write)


def _facts(transaction: Transaction, family_id: str) -> list[RowValues]:
    members = [
        {
            **{"person_id": member["person_id"], "name": member["name"], "fact": "member", "label": "In this family"},
            **{"said": _member_said(member), "sources": MEMBER_SOURCES},
        }
        for member in case_store.members_of(transaction, family_id)
    ]
    findings = [
        {
            **{"person_id": found["person_id"], "name": found["name"], "fact": found["criterion"]},
            **{"label": found["label"], "said": found["sentence"], "sources": ", ".join(found["sources"])},
            **{"outcome": found["outcome"], "dated_on": found["newest_on"]},
        }
        for found in case_store.findings_of(transaction, family_id)
    ]
    return members + findings


def _member_said(member: RowValues) -> str:
    born = member["date_of_birth"]
    parts = [
        member["role"],
        f"born {born.day} {born:%B %Y}" if born else "date of birth not known",
        "lives here" if member["is_resident"] else "lives elsewhere",
        member["school"] or "",
        member["why"],
    ]
    return "; ".join(part for part in parts if part)


def without_address(fact: Mapping[str, Any]) -> RowValues:
    """A fact, or a correction of one, without the words of why somebody belongs, which may say where they live."""
    if fact["sources"] != MEMBER_SOURCES:
        return dict(fact)
    who_born_lives = fact["said"].split("; ")[:3]
    return dict(fact) | {"said": "; ".join([*who_born_lives, ADDRESS_WITHHELD])}


def answer_fact(
    engine: Engine, by: Reader, case_id: str, place: int, *, correction: str, today: dt.date, token: str
) -> str:
    """Accept a pre-filled fact, or where there is a correction ask it back to the source; the fact itself stays."""
    return answer_facts(engine, by, case_id, {place: correction}, today=today, token=token)


def answer_facts(
    engine: Engine, by: Reader, case_id: str, corrections: Mapping[int, str], *, today: dt.date, token: str
) -> str:
    """Answer several facts at once, by their places: blank accepts a fact, words correct it."""
    told = {place: within(correction, what="the correction") for place, correction in corrections.items()}
    if not told:
        raise Refused("Accept or correct at least one fact.")

    def write(transaction: Transaction, case: RowValues) -> Change:
        assessment = _assessment(transaction, case_id)
        for place, words in sorted(told.items()):
            _answer(transaction, by, case, (assessment["assessment_id"], place), words, today, token)
        asked = [place for place, words in told.items() if words]
        return Change(result=made_id(token, str(asked[0])) if asked else assessment["assessment_id"])

    return move(engine, by, Asked("answer_fact", case_id, today, token), write)


def _answer(
    transaction: Transaction,
    by: Reader,
    case: RowValues,
    key: tuple[str, int],
    words: str,
    today: dt.date,
    token: str,
) -> None:
    of_fact: RowValues = dict(zip(("assessment_id", "place"), key, strict=True))
    fact = case_store.one(transaction, AssessedFact, locked=True, **of_fact)
    if fact is None:
        raise Refused("This fact is not in the assessment: open it again.")
    if fact["answer"] == "corrected":
        raise Refused("This fact was corrected already, and its source is asked about it.")
    values = {"answer": "corrected" if words else "accepted", "correction": words or None, "answered_by": by.staff_id}
    case_store.change(transaction, AssessedFact, values, **of_fact)
    if words:
        _ask_source(transaction, by, case, fact, words, today, token)


def _ask_source(
    transaction: Transaction, by: Reader, case: RowValues, fact: RowValues, words: str, today: dt.date, token: str
) -> None:
    case_store.add(
        transaction,
        CorrectionQuery,
        {
            **written(by, today),
            **{
                "query_id": made_id(token, str(fact["place"])),
                "case_id": case["case_id"],
                "family_id": case["family_id"],
            },
            **{name: fact[name] for name in ("assessment_id", "place", "sources", "label", "said")},
            **{"correction": words, "due_on": add_working_days(today, clock("correction"))},
        },
    )


def settle_correction(engine: Engine, by: Reader, query_id: str, *, told: str, today: dt.date) -> None:
    """Say what came of a correction, once the source was asked; the worker is told in these words."""
    words = said(told, what="what came of it")
    with refusals_noted(engine, by, "settle_correction"):
        if by.role not in SETTLE_CORRECTIONS or not by.purpose.strip():
            raise NotAllowed("Corrections are settled with their source by a data analyst: ask one of them.")
        with writing(engine, by) as transaction:
            row = case_store.one(transaction, CorrectionQuery, locked=True, query_id=query_id)
            if row is None or row["settled_on"] is not None:
                raise Refused("There is no open correction of this number: somebody may have settled it.")
            values = {"settled_by": by.staff_id, "settled_on": today, "told": words}
            case_store.change(transaction, CorrectionQuery, values, query_id=query_id)
            detail = {"query": query_id, "before": {"settled_on": None}, "after": plain({"settled_on": today})}
            audit.note(transaction, by, action="settle_correction", family_ids=[row["family_id"]], detail=detail)


def add_need(
    engine: Engine,
    by: Reader,
    case_id: str,
    *,
    label: str,
    own_words: str,
    score: int,
    evidence: str,
    evidence_on: dt.date,
    today: dt.date,
    token: str,
    strand: str | None = None,
    person_id: str | None = None,
) -> str:
    """Record a need in the family's own words, with its baseline: a score and dated evidence."""
    need_id = made_id(token)
    words = {
        "label": said(label, what="the need", most=MOST_IN_LINE),
        "own_words": said(own_words, what="what the family says of it"),
    }
    baseline = score_row(score, evidence, evidence_on, today)

    def write(transaction: Transaction, case: RowValues) -> Change:
        (who,) = chosen(transaction, case, [person_id]) if person_id else (None,)
        about = {"person_id": who.person_id, "name": who.name} if who else {}
        row = {**written(by, today), **words, **about, "need_id": need_id, "case_id": case_id, "strand": strand}
        case_store.add(transaction, Need, row)
        first = {"score_id": made_id(token, "score"), "need_id": need_id, "case_id": case_id}
        case_store.add(transaction, NeedScore, {**written(by, today), **baseline, **first})
        return Change(result=need_id)

    return move(engine, by, Asked("add_need", case_id, today, token), write)


def score_row(score: int, evidence: str, evidence_on: dt.date, today: dt.date) -> RowValues:
    """A score of a need, checked: 1 to 10, with evidence of a day that has come."""
    if isinstance(score, bool) or score not in SCORES:
        raise Refused("A score is a whole number from 1 to 10.")
    if evidence_on > today:
        raise Refused("Evidence cannot be of a day to come: correct its date.")
    return {"score": score, "evidence": said(evidence, what="what shows the score"), "evidence_on": evidence_on}


def complete_assessment(
    engine: Engine,
    by: Reader,
    case_id: str,
    *,
    words: str,
    summary: str,
    row_version: int,
    today: dt.date,
    token: str,
) -> str:
    """Complete the assessment: every fact answered, at least one need with its baseline, the family's own words."""
    kept = {
        "words": said(words, what="what the family says of itself"),
        "summary": said(summary, what="the summary of the assessment"),
    }

    def write(transaction: Transaction, case: RowValues) -> Change:
        assessment = _assessment(transaction, case_id)
        assessment_id = assessment["assessment_id"]
        waiting = case_store.every(transaction, AssessedFact, assessment_id=assessment_id, answer=None)
        if waiting:
            raise Refused(f"Accept or correct every fact first: {len(waiting)} wait for an answer.")
        if not case_store.every(transaction, Need, case_id=case_id):
            raise Refused("Record at least one need with its baseline first.")
        done = {"completed_by": by.staff_id, "completed_on": today}
        case_store.change(transaction, Assessment, kept | done, assessment_id=assessment_id)
        return Change({"assessed_on": today}, result=assessment_id)

    return move(engine, by, Asked("complete_assessment", case_id, today, token, row_version, yours=kept), write)


def _assessment(transaction: Transaction, case_id: str) -> RowValues:
    found = case_store.one(transaction, Assessment, case_id=case_id)
    if found is None:
        raise Refused("Start the assessment first.")
    return found
