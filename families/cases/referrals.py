"""Referrals: made, checked for families already known, taken into triage, asked about, accepted or declined."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Engine

from families.casebook import audit, case_scope, case_store
from families.casebook.case_models import Draft, FamilyCase, Referral, ReferralPerson
from families.casebook.case_store import RowValues, Transaction
from families.casebook.database import audited
from families.casebook.folding import fold
from families.casebook.refusals import refusals_noted
from families.casebook.row_security import Reach
from families.casebook.views import Reader
from families.cases.moving import (
    MOST_IN_LINE,
    Asked,
    Change,
    Step,
    made_id,
    move,
    once,
    require_other,
    said,
    within,
    written,
)
from families.cases.noting import NEW_REFERRAL
from families.cases.opening import new_case
from families.cases.workflow import in_words, one_of, require_role, state_label, workflow
from families.errors import NotAllowed, Refused
from families.working_days import add_working_days, working_days_between

MOST_PEOPLE = 30


@dataclass(frozen=True)
class Person:
    """Somebody a referral names."""

    name: str
    date_of_birth: dt.date | None = None
    relation: str = "child"


@dataclass(frozen=True)
class Intake:
    """A referral as its form has it."""

    kind: str  # identified, nominated, partner
    family_name: str
    people: Sequence[Person]
    reporter: str
    agency: str
    contact: str
    basis: str  # on what the family's facts are shared: consent, or which duty or power
    notice_given: bool  # whether the family was given the privacy notice
    reasons: str
    needs: Sequence[str]
    urgency: str
    family_id: str | None = None


@dataclass(frozen=True)
class Duplicate:
    """A reason to think that a referral is of a family the programme knows."""

    what: str  # same_family, same_person, open_plan
    sentence: str
    family_id: str | None
    referral_id: str | None
    case_id: str | None
    may_open: bool = False  # whether the family's record is for whoever triages, or only that the family is known


def refer(engine: Engine, by: Reader, intake: Intake, *, today: dt.date, token: str, draft_kind: str = "") -> str:
    """Make a referral; its id. Its draft, if there is one, is gone with it."""
    referral_id = made_id(token)

    def work(transaction: Transaction) -> Step:
        row = _referral(transaction, by, intake, today) | {"referral_id": referral_id}
        people = [_person(referral_id, place, person) for place, person in enumerate(intake.people)]
        case_store.add(transaction, Referral, row)
        case_store.add(transaction, ReferralPerson, *people)
        if draft_kind:
            key: dict[str, Any] = {"author": by.staff_id, "family_id": NEW_REFERRAL, "kind": draft_kind}
            case_store.remove(transaction, Draft, **key)
        told = {name: row[name] for name in ("kind", "state", "urgency", "due_on", "notice_given")}
        return Step(
            referral_id,
            today,
            family_ids=(row["family_id"],),
            referral_id=referral_id,
            state_to=row["state"],
            after=told,
        )

    with refusals_noted(engine, by, "refer"):
        roles = workflow().refer.get(intake.kind, frozenset())
        if by.role not in roles:
            who = in_words(roles) if roles else "nobody"
            raise NotAllowed(f"Referrals of this kind are made by {who}: ask one of them.")
    return once(engine, by, "refer", token, roles=None, work=work)


def _referral(transaction: Transaction, by: Reader, intake: Intake, today: dt.date) -> RowValues:
    if intake.kind == "identified" and not intake.family_id:
        raise Refused("Say which of the identified families is referred.")
    # A partner is refused: they cannot know the id of a family.
    if intake.family_id is not None and case_store.published_family(transaction, by, intake.family_id) is None:
        raise NotAllowed("There is no family under this id that you may see.")
    if not 1 <= len(intake.people) <= MOST_PEOPLE:
        raise Refused(f"Name at least one person of the family, and at most {MOST_PEOPLE}.")
    if intake.urgency not in workflow().urgency:
        raise Refused("Choose how urgent it is: " + ", ".join(label for label, _ in workflow().urgency.values()) + ".")
    lines = {
        name: said(getattr(intake, name), what=what, most=MOST_IN_LINE)
        for name, what in (
            ("family_name", "the family's name"),
            ("reporter", "who makes the referral"),
            ("agency", "the agency of whoever makes the referral"),
            ("contact", "how to reach whoever makes the referral"),
            ("basis", "the basis on which the family's facts are shared"),
        )
    }
    return {
        **written(by, today),
        **lines,
        **{"kind": intake.kind, "state": "received", "row_version": 1, "family_id": intake.family_id},
        **{"notice_given": intake.notice_given, "reasons": said(intake.reasons, what="the reasons for the referral")},
        "needs": json.dumps([said(need, what="each need", most=MOST_IN_LINE) for need in intake.needs]),
        **{"urgency": intake.urgency, "received_on": today},
        "due_on": add_working_days(today, workflow().urgency[intake.urgency][1]),
    }


def _person(referral_id: str, place: int, person: Person) -> RowValues:
    name = said(person.name, what="the name of each person", most=MOST_IN_LINE)
    return {
        **{"referral_id": referral_id, "place": place, "name": name, "name_folded": fold(name)},
        **{"date_of_birth": person.date_of_birth},
        "relation": said(person.relation, what="what each person is in the family", most=MOST_IN_LINE),
    }


def duplicates(engine: Engine, by: Reader, referral_id: str) -> tuple[Duplicate, ...]:
    """Families and plans the programme knows already that this referral may be about; read before triage."""
    act = workflow().acts["begin_triage"]
    with refusals_noted(engine, by, "check_duplicates"):
        require_role(act, by.role)
        case_scope.require_referrals(by)
        with audited(engine, by, Reach.KNOWN) as transaction:
            row = case_store.one(transaction, Referral, referral_id=referral_id)
            if row is None:
                raise NotAllowed("There is no referral under this id that you may see.")
            found = _duplicates(transaction, by, row)
            shown = sorted({each.family_id for each in found if each.family_id})
            detail = {"referral": referral_id, "found": len(found)}
            audit.note(transaction, by, action="check_duplicates", family_ids=shown or [None], detail=detail)
    return found


def _duplicates(transaction: Transaction, by: Reader, row: RowValues) -> tuple[Duplicate, ...]:
    people = case_store.every(transaction, ReferralPerson, "place", referral_id=row["referral_id"])
    named = [(person["name"], person["date_of_birth"]) for person in people]
    found: dict[tuple[Any, ...], Duplicate] = {}
    for match in case_store.same_people(transaction, by, named, but=row["referral_id"]):
        where = "in a family that is known" if match["referral_id"] is None else "in another referral"
        words = f"{match['name']}, born on the same day, is {where}."
        found[(match["family_id"], match["referral_id"])] = Duplicate(
            "same_person", words, match["family_id"], match["referral_id"], None
        )
    if row["family_id"]:
        others = case_store.every(transaction, Referral, "received_on", family_id=row["family_id"])
        for other in others:
            if other["referral_id"] != row["referral_id"]:
                words = (
                    f"The same family was referred before; that referral is {state_label('referral', other['state'])}."
                )
                found[(row["family_id"], other["referral_id"])] = Duplicate(
                    "same_family", words, row["family_id"], other["referral_id"], None
                )
    families = {match.family_id for match in found.values() if match.family_id} | {row["family_id"]} - {None}
    for family_id in sorted(filter(None, families)):
        case = case_store.open_case_of(transaction, family_id)
        if case is not None:
            words = f"The family {family_id} has open work: it is {state_label('case', case['state'])}."
            found[(family_id, "case")] = Duplicate("open_plan", words, family_id, None, case["case_id"])
    return tuple(
        replace(each, may_open=bool(each.family_id and case_store.published_family(transaction, by, each.family_id)))
        for each in found.values()
    )


def begin_triage(
    engine: Engine,
    by: Reader,
    referral_id: str,
    *,
    duplicates_seen: Sequence[Duplicate],
    row_version: int,
    today: dt.date,
    token: str,
) -> str:
    """Take a referral into triage, having seen what families and plans it may be about."""

    def write(transaction: Transaction, row: RowValues) -> Change:
        require_other("begin_triage", by, [row["written_by"]])
        now = _duplicates(transaction, by, row)
        if {(d.what, d.family_id, d.referral_id) for d in now} - {
            (d.what, d.family_id, d.referral_id) for d in duplicates_seen
        }:
            raise Refused("This referral may be of a family that is known: look at the check before you go on.")
        return Change()

    return move(engine, by, Asked("begin_triage", referral_id, today, token, row_version), write)


def ask_for_more(
    engine: Engine,
    by: Reader,
    referral_id: str,
    *,
    stop_reason: str,
    question: str,
    row_version: int,
    today: dt.date,
    token: str,
) -> str:
    """Ask the referrer for information. The clock stops, for one of the listed reasons and no other."""
    one_of("clock_stops", stop_reason, what="why the clock stops")
    asked = said(question, what="what is asked")

    def write(_: Transaction, row: RowValues) -> Change:
        require_other("ask_for_more", by, [row["written_by"]])
        return Change({"stopped_on": today, "stop_reason": stop_reason, "asked": asked})

    return move(engine, by, Asked("ask_for_more", referral_id, today, token, row_version), write)


def give_more(
    engine: Engine, by: Reader, referral_id: str, *, answer: str, row_version: int, today: dt.date, token: str
) -> str:
    """Give what was asked for; the clock runs again, later by the working days it stood still."""
    words = said(answer, what="the answer")

    def write(_: Transaction, row: RowValues) -> Change:
        stood = max(0, working_days_between(row["stopped_on"], today))
        earlier = row["answered"]
        due_on = add_working_days(row["due_on"], stood)
        told = f"{earlier}\n\n{words}" if earlier else words
        return Change({"stopped_on": None, "due_on": due_on, "answered": told})

    return move(engine, by, Asked("give_more", referral_id, today, token, row_version), write)


def accept_referral(
    engine: Engine,
    by: Reader,
    referral_id: str,
    *,
    outcome: str,
    rationale: str,
    row_version: int,
    today: dt.date,
    token: str,
    family_id: str | None = None,
) -> str:
    """Accept a referral; the id of the case that waits to be confirmed, or of the open one it joins.

    `family_id` names the family where the referral did not. A family that no run has found gets an id of its own.
    """
    decided = _decided(by, "accepted", outcome, rationale, today)

    def write(transaction: Transaction, row: RowValues) -> Change:
        require_other("accept_referral", by, [row["written_by"]])
        family = family_id or row["family_id"] or f"referred-{referral_id}"
        if family_id and family_id not in _may_join(transaction, by, row, family_id):
            raise NotAllowed("There is no family under this id that you may see.")
        case_store.take_turn(transaction, f"family {family}")
        case = case_store.open_case_of(transaction, family)
        if outcome == "joins_open_work" and case is None:
            raise Refused("This family has no open work that the referral could join.")
        if outcome != "joins_open_work" and case is not None:
            raise Refused("This family has open work: let the referral join it.")
        if case is None:
            case = _opened(transaction, by, row, family, today, token)
        return Change({**decided, "family_id": family, "case_id": case["case_id"]}, result=case["case_id"])

    return move(engine, by, Asked("accept_referral", referral_id, today, token, row_version), write)


def _may_join(transaction: Transaction, by: Reader, row: RowValues, family_id: str) -> set[str | None]:
    """The families a referral may be said to be of: one that is published, and those the check for duplicates names.

    Of a family that no run has found the check knows by its earlier referral.
    """
    if case_store.is_known(transaction, by, family_id):
        return {family_id}
    return {each.family_id for each in _duplicates(transaction, by, row)}


def _opened(
    transaction: Transaction, by: Reader, row: RowValues, family_id: str, today: dt.date, token: str
) -> RowValues:
    people = case_store.every(transaction, ReferralPerson, "place", referral_id=row["referral_id"])
    case = new_case(
        transaction,
        by,
        case_id=made_id(token, "case"),
        family_id=family_id,
        name=row["family_name"],
        children=sum(person["relation"] == "child" for person in people),
        came_as=row["kind"],
        today=today,
    )
    case_store.change(transaction, FamilyCase, {"referral_id": row["referral_id"]}, case_id=case["case_id"])
    return case


def decline_referral(
    engine: Engine,
    by: Reader,
    referral_id: str,
    *,
    outcome: str,
    rationale: str,
    row_version: int,
    today: dt.date,
    token: str,
) -> str:
    """Decline a referral; the referrer is told in the standard words of the reason."""
    decided = _decided(by, "declined", outcome, rationale, today)

    def write(_: Transaction, row: RowValues) -> Change:
        require_other("decline_referral", by, [row["written_by"]])
        return Change(decided)

    return move(engine, by, Asked("decline_referral", referral_id, today, token, row_version), write)


def _decided(by: Reader, state: str, outcome: str, rationale: str, today: dt.date) -> dict[str, Any]:
    known = workflow().outcomes[state]
    if outcome not in known:
        raise Refused("Choose the reason: " + ", ".join(each.label for each in known.values()) + ".")
    why = within(said(rationale, what="the rationale"), what="the rationale")
    told = known[outcome].told
    return {"outcome": outcome, "rationale": why, "told": told, "decided_by": by.staff_id, "decided_on": today}
