"""How a family that is worked with does since the work began: attendance against baseline and threshold, and events."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from families.casebook import case_reads, case_store, following
from families.casebook.case_reads import Wanted
from families.casebook.case_store import Transaction
from families.casebook.schooling import not_over_threshold, schooling_of
from families.casebook.views import Reader, Schooling
from families.cases.attendance import Sessions, baseline_day, baseline_rows, is_whole_term, last_day, summed
from families.cases.reading import noted, shown
from families.dates import reporting_half_terms
from families.errors import NotAllowed

EVENTS = ("suspension", "offence")
SCHOOL_BEGINS = (
    9,
    1,
)  # month and day: no school year begins before, though its first half term is reported from August


@dataclass(frozen=True)
class HalfTerm:
    """A half term of a child, or a term of which only the whole is known; nothing where no data was supplied."""

    label: str
    ended_on: dt.date
    sessions: Sessions | None
    is_baseline: bool


@dataclass(frozen=True)
class Known:
    """An event or state that the feeds tell, with the rows that show it: source, file and row."""

    kind: str
    sentence: str
    happened_on: dt.date | None
    rows: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class ChildSince:
    """How a child does since the work with the family began."""

    person_id: str
    name: str
    half_terms: tuple[HalfTerm, ...]
    baseline: Sessions | None
    now: Sessions | None
    now_label: str
    is_over_threshold: bool | None  # by the rules, and not by this half term alone; None where not known
    known: tuple[Known, ...]  # since the baseline, newest first
    suspensions: int | None  # since the baseline; None where none was told and it is not known that there was none
    are_all_told: bool  # whether exclusions are known of every half term since


@dataclass(frozen=True)
class Looked:
    """What the last refresh has looked at, so that what it did not tell is not so, and not only not known."""

    is_followed: bool
    over: frozenset[str | None]  # whom the rules find over a threshold of attendance
    not_over: frozenset[str]  # whom they find under every one
    half_terms: frozenset[int]  # since the baseline, by place


@dataclass(frozen=True)
class Monitoring:
    """A family's children, and what of the family itself is known."""

    baseline_on: dt.date
    baseline_what: str
    schooling: Schooling
    children: tuple[ChildSince, ...]
    family: tuple[Known, ...]  # of grown-ups and of the family as one, since the baseline
    is_followed: bool  # a refresh has looked at the family since its case was opened


def monitoring_of(engine: Engine, reader: Reader, family_id: str) -> Monitoring:
    """How each child of an open family does against its baseline and the threshold; audited as one read of it."""
    with shown(engine, reader, "read_monitoring") as transaction:
        cases, _ = case_reads.cases(transaction, reader, Wanted(family_id=family_id), sort="state_since", limit=50)
        case = next((each for each in cases if each["is_open"]), None)
        if case is None:
            raise NotAllowed("There is no open case of this family that you may see.")
        found = _monitoring(transaction, case)
        noted(transaction, reader, "read_monitoring", [family_id], case=case["case_id"])
    return found


def _monitoring(transaction: Transaction, case: Mapping[str, Any]) -> Monitoring:
    family_id = case["family_id"]
    facts = following.facts_of(transaction, family_id)
    absence = following.absence_of(transaction, (family_id,))
    names = _children(transaction, family_id, absence)
    on, what = baseline_day(case)
    since = [fact for fact in facts if fact["happened_on"] is None or fact["happened_on"] >= on]
    over = frozenset(fact["person_id"] for fact in facts if fact["kind"] == "threshold")
    under = not_over_threshold(transaction, family_id)
    looked = Looked(bool(facts), over, under, _half_terms_since(transaction, on))
    schooling = schooling_of(transaction, family_id)
    return Monitoring(
        baseline_on=on,
        baseline_what=what,
        schooling=schooling,
        children=tuple(_child(person, name, absence, since, on, schooling, looked) for person, name in names.items()),
        family=tuple(_known(fact) for fact in since if fact["person_id"] not in names and _is_told(fact)),
        is_followed=looked.is_followed,
    )


def _half_terms_since(transaction: Transaction, on: dt.date) -> frozenset[int]:
    """The places of the half terms since the baseline, as far as the data speaks."""
    published = case_store.publication(transaction)
    return half_terms_between(on, published["as_of"]) if published else frozenset()


def half_terms_between(on: dt.date, as_of: dt.date) -> frozenset[int]:
    """The places of the half terms of which a school day lies from one day to before another; in August is none."""
    return frozenset(
        start * 10 + number
        for start in range(on.year - 1, as_of.year + 1)
        for number, (_, _, days) in enumerate(reporting_half_terms(start), 1)
        if days.last_day >= on and max(days.first_day, dt.date(start, *SCHOOL_BEGINS), on) < as_of
    )


def _is_told(fact: Mapping[str, Any]) -> bool:
    return fact["kind"] in EVENTS


def _children(transaction: Transaction, family_id: str, absence: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The family's children as published; of a family that no longer is, those whose absence is known."""
    members = case_store.members_of(transaction, family_id)
    if members:
        return {row["person_id"]: row["name"] for row in members if row["role"] == "child"}
    return following.names_of_followed(transaction, family_id)


def _child(
    person_id: str,
    name: str,
    absence: Iterable[Mapping[str, Any]],
    since: Iterable[Mapping[str, Any]],
    on: dt.date,
    schooling: Schooling,
    looked: Looked,
) -> ChildSince:
    rows = [row for row in absence if row["person_id"] == person_id]
    base = {row["place"] for row in baseline_rows(rows, on)}
    half_terms = tuple(
        HalfTerm(row["half_term"], last_day(row), summed([row]), row["place"] in base)
        for row in sorted(rows, key=lambda row: row["place"])
    )
    supplied = [each for each in half_terms if each.sessions]
    own = tuple(_known(fact) for fact in since if fact["person_id"] == person_id and fact["kind"] != "new_person")
    suspensions = sum(each.kind == "suspension" for each in own)
    are_all_told = looked.is_followed and looked.half_terms <= _with_exclusions(schooling, person_id)
    return ChildSince(
        person_id,
        name,
        half_terms,
        summed(row for row in rows if row["place"] in base),
        supplied[-1].sessions if supplied else None,
        supplied[-1].label if supplied else "",
        True if person_id in looked.over else False if looked.is_followed and person_id in looked.not_over else None,
        own,
        suspensions if suspensions or are_all_told else None,
        are_all_told,
    )


def _with_exclusions(schooling: Schooling, person_id: str) -> set[int]:
    """The places of a child's half terms of which exclusions are known, each of a term that is told as a whole."""
    return {
        place
        for each in schooling.half_terms
        if each.person_id == person_id and each.suspensions is not None
        for place in (each.place, each.place + is_whole_term(each.half_term))
    }


def _known(fact: Mapping[str, Any]) -> Known:
    rows = tuple((str(source), str(file), int(row)) for source, file, row in json.loads(fact["rows"] or "[]"))
    return Known(fact["kind"], fact["sentence"], fact["happened_on"], rows)
