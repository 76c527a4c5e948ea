"""Whom a case may speak of: members published now, those a referral named, and whoever an earlier note was about."""

from __future__ import annotations

from collections.abc import Iterable

from families.casebook import case_record_reads, case_store
from families.casebook.case_models import ReferralPerson
from families.casebook.case_store import RowValues, Transaction
from families.cases.moving import Named
from families.errors import Refused


def people_of(transaction: Transaction, case: RowValues) -> dict[str, str]:
    """The people of a case by id, with their names; those of a family that is no longer published stay."""
    known = case_record_reads.people_of_notes(transaction, [case["case_id"]])
    if case["referral_id"]:
        for person in case_store.every(transaction, ReferralPerson, "place", referral_id=case["referral_id"]):
            known[f"{person['referral_id']}-{person['place']}"] = person["name"]
    for person in case_store.members_of(transaction, case["family_id"]):
        known[person["person_id"]] = person["name"]
    return known


def chosen(transaction: Transaction, case: RowValues, person_ids: Iterable[str]) -> tuple[Named, ...]:
    """People of a case by id; refused where one is nobody's."""
    known = people_of(transaction, case)
    wanted = list(dict.fromkeys(person_ids))
    if any(person_id not in known for person_id in wanted):
        raise Refused("Somebody chosen is not of this family: open the record again.")
    return tuple(Named(person_id, known[person_id]) for person_id in wanted)
