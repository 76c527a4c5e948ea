"""What is agreed with a family and who stands around it: consent by purpose, privacy notices, professionals."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass

from sqlalchemy import Engine

from families.casebook import case_store
from families.casebook.case_models import Consent, Helper
from families.casebook.case_store import RowValues, Transaction
from families.casebook.views import Reader
from families.cases.moving import MOST_IN_LINE, Asked, Change, Changed, made_id, move, said, within, written
from families.cases.people import people_of
from families.cases.workflow import one_of
from families.errors import Refused

ANSWERS = {
    "notice_given": "Privacy notice given",
    "given": "Consent given",
    "refused": "Consent refused",
    "withdrawn": "Consent withdrawn",
}
STANDS = frozenset({"given"})


def record_consent(
    engine: Engine,
    by: Reader,
    case_id: str,
    *,
    purpose: str,
    answer: str,
    how: str,
    today: dt.date,
    token: str,
    person_id: str | None = None,
    name: str = "",
) -> str:
    """Record consent for a purpose, that it was refused or withdrawn, or that the privacy notice was given."""
    one_of("consent_purposes", purpose, what="the purpose")
    if answer not in ANSWERS:
        raise Refused("Choose what was said: " + ", ".join(ANSWERS.values()) + ".")
    kept = said(how, what="how it was given, as in person or by letter", most=MOST_IN_LINE)

    def write(transaction: Transaction, case: RowValues) -> Change:
        who = people_of(transaction, case).get(person_id or "") or said(name, what="whose answer it is", most=200)
        if answer == "withdrawn" and not _stands(transaction, case_id, purpose, who):
            raise Refused("There is no consent for this purpose that could be withdrawn.")
        row = {
            **written(by, today),
            **{"consent_id": made_id(token), "case_id": case_id, "purpose": purpose, "answer": answer},
            **{"person_id": person_id, "name": who, "how": kept},
        }
        case_store.add(transaction, Consent, row)
        return Change(result=made_id(token))

    return move(engine, by, Asked("record_consent", case_id, today, token), write)


def _stands(transaction: Transaction, case_id: str, purpose: str, name: str) -> bool:
    kept = case_store.every(transaction, Consent, "-written_at", case_id=case_id, purpose=purpose, name=name)
    answers = [row["answer"] for row in kept if row["answer"] != "notice_given"]
    return bool(answers) and answers[0] in STANDS


@dataclass(frozen=True)
class Professional:
    """One of the team around the family, as the form has it."""

    name: str
    agency: str
    job: str
    phone: str = ""
    email: str = ""
    is_lead: bool = False
    last_contact_on: dt.date | None = None


def add_helper(
    engine: Engine, by: Reader, case_id: str, professional: Professional, *, today: dt.date, token: str
) -> str:
    """Put somebody into the team around the family."""
    values = _checked(professional)

    def write(transaction: Transaction, case: RowValues) -> Change:
        if professional.is_lead:
            _no_lead(transaction, case_id)
        row = {**written(by, today), **values, "helper_id": made_id(token), "case_id": case_id, "row_version": 1}
        case_store.add(transaction, Helper, row)
        return Change(result=made_id(token))

    return move(engine, by, Asked("add_helper", case_id, today, token), write)


def change_helper(
    engine: Engine,
    by: Reader,
    case_id: str,
    helper_id: str,
    professional: Professional,
    *,
    row_version: int,
    today: dt.date,
    token: str,
    ended_on: dt.date | None = None,
) -> str:
    """Change what is known of somebody around the family, or say that they left."""
    values = _checked(professional) | {"ended_on": ended_on}

    def write(transaction: Transaction, case: RowValues) -> Change:
        row = case_store.one(transaction, Helper, locked=True, helper_id=helper_id, case_id=case_id)
        if row is None:
            raise Refused("This person is not in the team around the family: open the record again.")
        if row["row_version"] != row_version:
            raise Changed(yours=values, theirs=row)
        if professional.is_lead and not row["is_lead"]:
            _no_lead(transaction, case_id)
        case_store.change(transaction, Helper, values | {"row_version": row_version + 1}, helper_id=helper_id)
        return Change(result=helper_id)

    return move(engine, by, Asked("change_helper", case_id, today, token), write)


def _checked(professional: Professional) -> RowValues:
    values = asdict(professional)
    for name, what in (("name", "the name"), ("agency", "the agency"), ("job", "the role")):
        values[name] = said(values[name], what=what, most=MOST_IN_LINE)
    for name in ("phone", "email"):
        values[name] = within(values[name], what=f"the {name}", most=MOST_IN_LINE)
    return values


def _no_lead(transaction: Transaction, case_id: str) -> None:
    case_store.change(transaction, Helper, {"is_lead": False}, case_id=case_id, is_lead=True)
