"""The curated chronology: events marked as telling, with what they meant; every wording kept, finished and reopened."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

from sqlalchemy import Engine

from families.casebook import case_store
from families.casebook.case_models import ChronologyEntry, ChronologyVersion
from families.casebook.case_store import RowValues, Transaction
from families.casebook.views import Reader
from families.cases.moving import Asked, Change, Changed, made_id, move, people_json, said, within, written
from families.cases.people import chosen
from families.errors import Refused


def add_entry(
    engine: Engine,
    by: Reader,
    case_id: str,
    *,
    happened_on: dt.date,
    words: str,
    impact: str,
    is_significant: bool,
    person_ids: Sequence[str] = (),
    event: str = "",
    today: dt.date,
    token: str,
) -> str:
    """Take an event into the curated chronology: one of the system's, by its key, or one a worker writes."""
    if happened_on > today:
        raise Refused("The chronology tells what has happened: correct the date.")
    entry_id = made_id(token)

    def write(transaction: Transaction, case: RowValues) -> Change:
        if event and case_store.one(transaction, ChronologyEntry, case_id=case_id, event=event) is not None:
            raise Refused("This event is in the curated chronology already: change that entry.")
        row = {
            **written(by, today),
            **{"entry_id": entry_id, "case_id": case_id, "happened_on": happened_on, "event": event[:200]},
            **{"is_significant": is_significant, "is_finished": False, "version": 1},
        }
        case_store.add(transaction, ChronologyEntry, row)
        _add_version(transaction, by, case, entry_id, 1, words, impact, person_ids, today)
        return Change(result=entry_id)

    return move(engine, by, Asked("curate", case_id, today, token), write)


def change_entry(
    engine: Engine,
    by: Reader,
    case_id: str,
    entry_id: str,
    *,
    words: str,
    impact: str,
    is_significant: bool,
    person_ids: Sequence[str] = (),
    version: int,
    today: dt.date,
    token: str,
) -> str:
    """Give an entry other words; those before stay on record. A finished entry is reopened first."""

    def write(transaction: Transaction, case: RowValues) -> Change:
        row = _entry(transaction, case_id, entry_id)
        if row["is_finished"]:
            raise Refused("This entry is finished: reopen it to change it.")
        if row["version"] != version:
            raise Changed(
                yours={"words": words, "impact": impact, "version": version}, theirs=_as_it_stands(transaction, row)
            )
        _add_version(transaction, by, case, entry_id, version + 1, words, impact, person_ids, today)
        values = {"version": version + 1, "is_significant": is_significant}
        case_store.change(transaction, ChronologyEntry, values, entry_id=entry_id)
        return Change(result=entry_id)

    return move(engine, by, Asked("curate", case_id, today, token), write)


def finish_entry(
    engine: Engine, by: Reader, case_id: str, entry_id: str, *, is_finished: bool, today: dt.date, token: str
) -> str:
    """Finish an entry, so that nobody changes it, or reopen it."""

    def write(transaction: Transaction, case: RowValues) -> Change:
        if _entry(transaction, case_id, entry_id)["is_finished"] == is_finished:
            raise Refused("This entry is finished already." if is_finished else "This entry is open already.")
        case_store.change(transaction, ChronologyEntry, {"is_finished": is_finished}, entry_id=entry_id)
        return Change(result=entry_id)

    return move(engine, by, Asked("curate", case_id, today, token), write)


def _entry(transaction: Transaction, case_id: str, entry_id: str) -> RowValues:
    found = case_store.one(transaction, ChronologyEntry, locked=True, entry_id=entry_id, case_id=case_id)
    if found is None:
        raise Refused("This entry is not in the family's chronology: open the record again.")
    return found


def _as_it_stands(transaction: Transaction, row: RowValues) -> RowValues:
    """The wording that stands, with whom it is about, who wrote it and which version it is."""
    at = {"entry_id": row["entry_id"], "version": row["version"]}
    stands = case_store.one(transaction, ChronologyVersion, **at) or {}
    names = case_store.staff_names(transaction)
    return {
        **{name: stands.get(name) for name in ("words", "impact", "version")},
        "person_ids": [person_id for person_id, _ in json.loads(stands.get("people") or "[]")],
        "is_significant": row["is_significant"],
        "row_version": row["version"],
        "changed_by": names.get(stands.get("written_by", ""), "somebody"),
        "changed_at": stands.get("written_at"),
    }


def _add_version(
    transaction: Transaction,
    by: Reader,
    case: RowValues,
    entry_id: str,
    version: int,
    words: str,
    impact: str,
    person_ids: Sequence[str],
    today: dt.date,
) -> None:
    people = chosen(transaction, case, person_ids)
    row = {
        **written(by, today),
        **{"entry_id": entry_id, "version": version, "case_id": case["case_id"], "people": people_json(people)},
        **{"words": said(words, what="what happened"), "impact": within(impact, what="what it meant")},
    }
    case_store.add(transaction, ChronologyVersion, row)
