"""How every act is done: once for each token, by whoever may, in a state it fits, on the version it was decided on.

One transaction holds the change, the step that says who made it, and the audit event with what was before and after.
Whoever is refused is written down, and nothing else changes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from families.casebook import audit, case_scope, case_store
from families.casebook.case_models import CaseStep, FamilyCase, Referral
from families.casebook.case_store import RowValues, Transaction
from families.casebook.database import audited, writing
from families.casebook.row_security import Reach
from families.casebook.views import Reader
from families.cases.workflow import (
    Act,
    in_words,
    may_do_to_own,
    next_state,
    require_role,
    require_state,
    state_label,
    workflow,
)
from families.errors import NotAllowed, Refused

A_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
MOST_WORDS = 10_000  # characters of a free text; said beside the box before anybody types
MOST_IN_LINE = 200
UNTOLD = frozenset({"reasons", "asked", "answered", "rationale", "told", "contact", "reporter", "needs"})
TABLES: dict[str, tuple[type[Any], str]] = {"case": (FamilyCase, "case_id"), "referral": (Referral, "referral_id")}


class Changed(Refused):
    """Somebody changed the row since it was read; both versions, as plain values, for a page to show side by side."""

    def __init__(self, *, yours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
        """Keep what was to be written and what stands now."""
        super().__init__("Somebody changed this while you were looking at it: compare the two, then save again.")
        self.yours, self.theirs = dict(yours), dict(theirs)


@dataclass(frozen=True)
class Named:
    """Somebody something is about: the name is kept, since a refresh may change who is in the family."""

    person_id: str
    name: str


@dataclass(frozen=True)
class Asked:
    """What somebody asks to do: the act, on what, on which day of casework, and the token of the form."""

    act: str
    subject: str  # the id of the case or referral
    today: dt.date
    token: str
    row_version: int | None = None
    reason: str = ""
    people: tuple[Named, ...] = ()
    yours: Mapping[str, Any] = field(default_factory=dict)  # what the form says, for a page to show on conflict


@dataclass(frozen=True)
class Change:
    """What an act makes of the row: columns, where it leads if there is a choice, and the id of what it made."""

    values: Mapping[str, Any] = field(default_factory=dict)
    to: str | None = None
    result: str = ""
    is_own: bool = False  # the work it decides on is that of whoever decides


@dataclass(frozen=True)
class Step:
    """An act done, as it is kept and audited."""

    result: str
    today: dt.date
    family_ids: tuple[str | None, ...]
    case_id: str | None = None
    referral_id: str | None = None
    state_from: str | None = None
    state_to: str | None = None
    reason: str = ""
    people: tuple[Named, ...] = ()
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    is_own: bool = False


def move(engine: Engine, by: Reader, asked: Asked, write: Callable[[Transaction, RowValues], Change]) -> str:
    """Do an act on a case or referral; the id of what it made, the same again for the same token."""
    act = workflow().acts[asked.act]

    def work(transaction: Transaction) -> Step:
        row = _row_to_change(transaction, by, act, asked.subject)
        require_state(act, row["state"])
        _require_version(transaction, act, row, asked)
        change = write(transaction, row)
        return _write(transaction, act, row, asked, change)

    return once(engine, by, asked.act, asked.token, roles=act, work=work)


def once(
    engine: Engine,
    by: Reader,
    act: str,
    token: str,
    *,
    roles: Act | None,
    work: Callable[[Transaction], Step],
    turns: Iterable[str] = (),
) -> str:
    """Do something once for a token: a second submit changes nothing and gets the first one's result."""
    with refusals_noted(engine, by, act):
        _require_who(by, roles)
        if not A_TOKEN.fullmatch(token):
            raise Refused("This form has no token of its own: open it again.")
        with writing(engine, by, _reach(act, roles)) as transaction:
            case_store.take_turn(transaction, token, *turns)
            done = case_store.step_of_token(transaction, token)
            if done is not None:
                return _the_same(done, by, act)
            step = work(transaction)
            _keep(transaction, by, act, token, step)
            return step.result


def _reach(act: str, roles: Act | None) -> Reach:
    """An act that must not be done twice for a family looks for open work of others with it."""
    return Reach.KNOWN if roles is not None and (roles.of == "referral" or act == "confirm") else Reach.OWN


def _require_who(by: Reader, act: Act | None) -> None:
    if not by.purpose.strip():
        raise NotAllowed("Say for what purpose you are working before anything of a family is changed.")
    if act is not None:
        require_role(act, by.role)


def _the_same(done: RowValues, by: Reader, act: str) -> str:
    if (done["written_by"], done["act"]) != (by.staff_id, act):
        raise Refused("This form was used for something else already: open it again.")
    return str(done["result"])


def _row_to_change(transaction: Transaction, by: Reader, act: Act, subject: str) -> RowValues:
    model, key = TABLES[act.of]
    row = case_store.one(transaction, model, locked=True, **{key: subject})
    change, read = (
        (case_scope.may_change, case_scope.may_read)
        if act.of == "case"
        else (case_scope.may_decide_referral, case_scope.may_see_referral)
    )
    if row is not None and act.name == "record_check" and by.role == "caseworker":
        change = case_scope.may_read  # the family is closed: its last worker sees it as one they once had
    if row is not None and case_scope.found(transaction, model, change(by), **{key: subject}):
        return row
    if row is not None and case_scope.found(transaction, model, read(by), **{key: subject}):
        raise NotAllowed(f"You may read this {act.of} but not change it: it is with somebody else.")
    raise NotAllowed(f"There is no {act.of} under this id that you may see.")


def _require_version(transaction: Transaction, act: Act, row: RowValues, asked: Asked) -> None:
    if not act.locks:
        return
    if asked.row_version is None:
        raise Refused("This form does not say which version it was decided on: open it again.")
    if asked.row_version != row["row_version"]:
        yours = {**asked.yours, "act": act.label, "reason": asked.reason, "row_version": asked.row_version}
        raise Changed(yours=yours, theirs=now_of(transaction, act.of, row))


def now_of(transaction: Transaction, of: str, row: RowValues) -> dict[str, Any]:
    """A row as it stands, with who changed it last, in plain values."""
    key = TABLES[of][1]
    steps = case_store.every(transaction, CaseStep, "-step_id", **{key: row[key]})
    last = steps[0] if steps else row
    names = case_store.staff_names(transaction)
    who = {"changed_by": names.get(last["written_by"], last["written_by"]), "changed_at": last["written_at"]}
    return {**row, "state": state_label(of, row["state"]), **who}


def _write(transaction: Transaction, act: Act, row: RowValues, asked: Asked, change: Change) -> Step:
    model, key = TABLES[act.of]
    to = next_state(act, row["state"], change.to)
    values: dict[str, Any] = {**change.values, "state": to}
    if act.of == "case":
        values |= {"last_step_on": max(asked.today, row["last_step_on"]), "is_open": to in workflow().groups["open"]}
        if to != row["state"]:
            values["state_since"] = asked.today
        values |= _attached(row | values)
    if act.locks:
        values["row_version"] = row["row_version"] + 1
    case_store.change(transaction, model, values, **{key: asked.subject})
    told = [name for name in values if values[name] != row[name] and name not in UNTOLD | {"row_version"}]
    return Step(
        result=change.result or asked.subject,
        today=asked.today,
        family_ids=((row | values)["family_id"],),
        case_id=(row | values)["case_id"],
        referral_id=row["referral_id"],
        state_from=row["state"],
        state_to=to,
        reason=asked.reason,
        people=asked.people,
        before={name: row[name] for name in told},
        after={name: values[name] for name in told},
        is_own=change.is_own,
    )


def _attached(row: RowValues) -> dict[str, dt.date]:
    """The attachment date follows from the assessment, the approved plan and the lead worker; nobody types it."""
    days = [row["assessed_on"], row["plan_approved_on"], row["keyworker_from"]]
    return {"attached_on": max(days)} if row["attached_on"] is None and None not in days else {}


def _keep(transaction: Transaction, by: Reader, act: str, token: str, step: Step) -> None:
    keep_step(transaction, by, act, token, step)
    detail: dict[str, Any] = {"before": plain(step.before), "after": plain(step.after), "result": step.result}
    detail |= {"own_approval": True} if step.is_own else {}
    detail |= {"case": step.case_id} if step.case_id else {"referral": step.referral_id}
    audit.note(transaction, by, action=act, family_ids=step.family_ids, detail=detail)


def keep_step(transaction: Transaction, by: Reader, act: str, token: str, step: Step) -> None:
    """The step alone, without its audit event: one for each family of an act that several share."""
    row = {
        **written(by, step.today),
        **{"token": token, "act": act, "case_id": step.case_id, "referral_id": step.referral_id, "role": by.role},
        **{"state_from": step.state_from, "state_to": step.state_to, "reason": step.reason, "result": step.result},
        "people": people_json(step.people),
    }
    case_store.add(transaction, CaseStep, row)


@contextmanager
def refusals_noted(engine: Engine, by: Reader, act: str) -> Iterator[None]:
    """Write down that somebody was refused, in a transaction of its own, before they are told."""
    try:
        yield
    except NotAllowed as refusal:
        with audited(engine, by) as transaction:
            audit.note(transaction, by, action=f"{act}_refused", family_ids=[None], detail={"why": str(refusal)})
        raise


def require_other(act: str, by: Reader, authors: Iterable[str | None]) -> bool:
    """Refuse whoever would decide on their own work; where the council allows it, whether it is their own."""
    rule, is_own = workflow().acts[act], by.staff_id in set(authors)
    if is_own and not may_do_to_own(rule, by.role):
        raise NotAllowed(f"“{rule.label}” is not for {rule.not_by}: ask another manager.")
    if not is_own and by.role not in rule.roles:
        raise NotAllowed(f"“{rule.label}” is for {in_words(rule.roles)}, unless the work is your own: ask one of them.")
    return is_own


def written(by: Reader, today: dt.date) -> dict[str, Any]:
    """Who writes a row, on which day of casework, and when in real time."""
    return {"written_by": by.staff_id, "written_on": today, "written_at": dt.datetime.now(dt.UTC)}


def made_id(token: str, part: str = "") -> str:
    """The id of what a form makes: opaque, and the same for the same token."""
    return hashlib.sha256(f"{token}|{part}".encode()).hexdigest()[:20]


def people_json(people: Iterable[Named]) -> str:
    """People as a row keeps them."""
    return json.dumps([[person.person_id, person.name] for person in people], ensure_ascii=False)


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON has them."""
    return {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in values.items()}


def said(words: str, *, what: str, most: int = MOST_WORDS) -> str:
    """Words that must be there, and not too many."""
    kept = words.strip()
    if not kept:
        raise Refused(f"Write {what}.")
    return within(kept, what=what, most=most)


def within(words: str, *, what: str, most: int = MOST_WORDS) -> str:
    """Words that may be blank, and not too many."""
    kept = words.strip()
    if len(kept) > most:
        raise Refused(f"Shorten {what}: it has up to {most:,} characters.")
    return kept
