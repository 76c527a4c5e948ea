"""What became of families in the casebook from run to run: proposed when a run is published, decided by a person.

A refresh changes no casework. It adds a proposal for each family touched, with what it does to eligibility and strands;
accepting or undoing one is a person's act, in one transaction with its audit event.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, and_, func, insert, inspect, select

from families.casebook import audit, case_following, restricted, review
from families.casebook.access import require_continuity
from families.casebook.database import audited, writing
from families.casebook.family_scope import may_see
from families.casebook.models import (
    ContinuityAnswer,
    ContinuityProposal,
    PublishedFamily,
    PublishedMember,
    PublishedOutcome,
    table,
)
from families.casebook.refusals import refusals_noted
from families.casebook.views import Reader
from families.errors import NotAllowed, Refused
from families.tables.run import Continuity

PROPOSAL, ANSWER = table(ContinuityProposal), table(ContinuityAnswer)
ELIGIBLE = "eligible"
KEY = ("source", "delivery", "row", "part")
OF_PEOPLE = ("person_merged", "person_split", "records_moved")
OUTCOMES = {"met": "eligible", "not_met": "not eligible", "unknown": "not known whether eligible"}
ACCEPTED, UNDONE, OPEN = "accepted", "undone", "open"
MOST_SHOWN = 200
Families = dict[str, "Known"]


@dataclass(frozen=True)
class Known:
    """A family as one publication has it: its status in the casebook, outcomes and members."""

    status: str | None  # None: not in the casebook
    outcomes: Mapping[str, str]
    members: tuple[str, ...]

    @property
    def eligible(self) -> str | None:
        """Met, not_met or unknown; nothing where there is no such family."""
        return self.outcomes.get(ELIGIBLE)

    def strands_met(self, labels: Mapping[str, str]) -> str:
        """The strands met, in words."""
        met = [labels.get(name, name) for name, outcome in self.outcomes.items() if outcome == "met"]
        return ", ".join(sorted(set(met) - {labels.get(ELIGIBLE, ELIGIBLE)}))


@dataclass(frozen=True)
class Proposal:
    """What became of one family, as a page shows it."""

    proposal_id: str
    family_id: str
    kind: str
    old_id: str
    new_id: str
    sentence: str
    effect: str
    run_before: str
    run_after: str
    proposed_at: dt.datetime
    status: str  # open, accepted, undone
    decided_by: str | None
    decided_at: dt.datetime | None
    reason: str | None


def families_shown(connection: Connection) -> Families:
    """The families in the casebook as it is now."""
    family, outcome, member = table(PublishedFamily).c, table(PublishedOutcome).c, table(PublishedMember).c
    outcomes: dict[str, dict[str, str]] = {}
    for family_id, strand, found in connection.execute(select(outcome.family_id, outcome.strand, outcome.outcome)):
        outcomes.setdefault(family_id, {})[strand] = found
    members: dict[str, list[str]] = {}
    statement = select(member.family_id, member.person_id).order_by(member.family_id, member.person_id)
    for family_id, person_id in connection.execute(statement):
        members.setdefault(family_id, []).append(person_id)
    rows = connection.execute(select(family.family_id, family.status))
    return {
        family_id: Known(status, outcomes.get(family_id, {}), tuple(members.get(family_id, ())))
        for family_id, status in rows
    }


def families_coming(
    tables: Mapping[str, pl.DataFrame], rows: Mapping[str, pl.DataFrame], *, asked: set[str]
) -> Families:
    """The families asked about as the run to be published has them, whether they enter the casebook or not."""
    status = dict(rows["published_family"].select("family_id", "status").iter_rows())
    wanted = pl.col("family_id").is_in(sorted(asked | set(status)))
    assessed = tables["assessments"].filter(wanted).select("family_id", "strand", "outcome")
    outcomes: dict[str, dict[str, str]] = {}
    for family_id, strand, found in assessed.sort("family_id", "strand").iter_rows():
        outcomes.setdefault(family_id, {})[strand] = found
    members = tables["family_members"].filter(wanted).sort("family_id", "person_id").group_by("family_id")
    of_family = dict(members.agg("person_id").iter_rows())
    return {
        family_id: Known(status.get(family_id), outcomes.get(family_id, {}), tuple(of_family.get(family_id, ())))
        for family_id in outcomes
    }


def propose(
    connection: Connection,
    before: Families,
    after: Families,
    changes: pl.DataFrame,
    *,
    runs: tuple[str, str],
    labels: Mapping[str, str],
    at: dt.datetime,
) -> int:
    """Add a proposal for each family of the casebook, as it was or will be, that a change touches.

    `changes` is the Continuity table between the two `runs`. A proposal that is there already stays as it is.
    """
    rows = _proposals(before, after, changes, runs=runs, labels=labels, at=at)
    there = set(connection.execute(select(PROPOSAL.c.proposal_id)).scalars()) if rows else set()
    new = [row for row in rows if row["proposal_id"] not in there]
    if new:
        connection.execute(insert(PROPOSAL), new)
    return len(new)


def _proposals(
    before: Families,
    after: Families,
    changes: pl.DataFrame,
    *,
    runs: tuple[str, str],
    labels: Mapping[str, str],
    at: dt.datetime,
) -> list[dict[str, object]]:
    of_person: dict[str, set[str]] = {}
    for families in (before, after):
        for family_id, known in families.items():
            for person in known.members if known.status else ():
                of_person.setdefault(person, set()).add(family_id)
    rows = []
    for change in Continuity.validate(changes, cast=True).sort(pl.all()).iter_rows(named=True):
        ends = (change["old_id"], change["new_id"])
        touched = {f for end in ends for f in of_person.get(end, ())} if change["kind"] in OF_PEOPLE else set(ends)
        for family_id in sorted(touched):
            became = change["new_id"] if change["kind"] == "family_merged" else family_id
            was, now = before.get(family_id), after.get(family_id, after.get(became))
            status = (now and now.status) or (was and was.status)
            if status:
                rows.append(_row(family_id, status, change, was, now, runs=runs, labels=labels, at=at))
    return rows


def _row(
    family_id: str,
    status: str,
    change: Mapping[str, str],
    was: Known | None,
    now: Known | None,
    *,
    runs: tuple[str, str],
    labels: Mapping[str, str],
    at: dt.datetime,
) -> dict[str, object]:
    told = {
        name: change[name] for name in ("kind", "old_id", "new_id", "person_id", "sentence", "record_a", "record_b")
    }
    text = "|".join([family_id, *runs, *(str(told[name]) for name in ("kind", "old_id", "new_id", "person_id"))])
    return {
        "proposal_id": hashlib.sha256(text.encode()).hexdigest()[:16],
        "family_id": family_id,
        "family_status": status,
        **told,
        "effect": effect(was, now, labels),
        "eligible_before": was.eligible if was else None,
        "eligible_after": now.eligible if now else None,
        "strands_before": was.strands_met(labels) if was else None,
        "strands_after": now.strands_met(labels) if now else None,
        "members_before": json.dumps(was.members if was else ()),
        "members_after": json.dumps(now.members if now else ()),
        "run_before": runs[0],
        "run_after": runs[1],
        "proposed_at": at,
    }


def effect(was: Known | None, now: Known | None, labels: Mapping[str, str]) -> str:
    """What a change does to a family, in a sentence."""
    if was is None and now is not None:
        return f"It was not in the casebook, and is {_standing(now, labels)}."
    if was is not None and now is None:
        return f"It was {_standing(was, labels)}, and is in no record of families now."
    if was is None or now is None:
        return "It is in neither run."
    before, after = _standing(was, labels), _standing(now, labels)
    return f"It stays {after}." if before == after else f"It was {before}, and is {after}."


def _standing(known: Known, labels: Mapping[str, str]) -> str:
    met = known.strands_met(labels)
    where = "" if known.status else ", outside the casebook"
    return f"{OUTCOMES.get(known.eligible or 'unknown')} ({f'meets {met}' if met else 'meets no strand'}){where}"


# -- what people read and decide -----------------------------------------------------------------------------------


def proposals(engine: Engine, reader: Reader, *, status: str | None = OPEN) -> tuple[Proposal, ...]:
    """The newest proposals a reader may see, audited for each family shown."""
    seen = may_see(reader, PROPOSAL.c.family_id, PROPOSAL.c.family_status)
    with audited(engine, reader) as connection:
        if not inspect(connection).has_table(PROPOSAL.name):
            return ()
        query = (
            _with_answers()
            .where(seen, names_nobody_hidden(reader))
            .order_by(PROPOSAL.c.proposed_at.desc(), PROPOSAL.c.proposal_id)
        )
        found = [_proposal(row) for row in connection.execute(query)]
        shown = tuple(each for each in found if status in (None, each.status))[:MOST_SHOWN]
        ids: list[str | None] = [*dict.fromkeys(each.family_id for each in shown)]
        audit.note(connection, reader, action="list_continuity", family_ids=ids or [None], detail={"status": status})
    return shown


def names_nobody_hidden(reader: Reader) -> ColumnElement[bool]:
    """The proposals that tell of nobody, and of no family, that is hidden from somebody."""
    ends = (PROPOSAL.c.old_id, PROPOSAL.c.new_id)  # of people or of families
    families = (restricted.is_open_to(reader, end) for end in ends)
    return and_(restricted.people_open_to(reader, PROPOSAL.c.person_id, *ends), *families)


def _with_answers() -> Select[Any]:
    """Proposals with the last answer of each, where there is one."""
    last = select(func.max(ANSWER.c.answer_id)).group_by(ANSWER.c.proposal_id).scalar_subquery()
    answered = select(ANSWER).where(ANSWER.c.answer_id.in_(last)).subquery()
    columns = (answered.c.answer, answered.c.staff_id, answered.c.at, answered.c.reason)
    return select(PROPOSAL, *columns).outerjoin(answered, answered.c.proposal_id == PROPOSAL.c.proposal_id)


def _proposal(row: Row[Any]) -> Proposal:
    told = row._mapping
    names = ("proposal_id", "family_id", "kind", "old_id", "new_id", "sentence", "effect", "run_before", "run_after")
    return Proposal(
        **{name: told[name] for name in names},
        proposed_at=told["proposed_at"],
        status=told["answer"] or OPEN,
        decided_by=told["staff_id"],
        decided_at=told["at"],
        reason=told["reason"],
    )


def accept(engine: Engine, by: Reader, proposal_id: str, *, reason: str) -> None:
    """Say that a change is right: the family goes on as the newer run has it."""
    _answer(engine, by, proposal_id, answer=ACCEPTED, reason=reason)


def undo(engine: Engine, by: Reader, proposal_id: str, *, reason: str) -> None:
    """Say that a change is wrong. People who were put together wrongly are kept apart by the next refresh."""
    _answer(engine, by, proposal_id, answer=UNDONE, reason=reason)


def _answer(engine: Engine, by: Reader, proposal_id: str, *, answer: str, reason: str) -> None:
    if not reason.strip():
        raise Refused("Say why: a decision about a family is kept with its reason.")
    with _deciding(engine, by, f"continuity_{answer}") as connection:
        seen = may_see(by, PROPOSAL.c.family_id, PROPOSAL.c.family_status)
        query = _with_answers().where(PROPOSAL.c.proposal_id == proposal_id, seen, names_nobody_hidden(by))
        row = connection.execute(query).one_or_none()
        if row is None:
            raise NotAllowed("There is no such change that you may decide.")
        if (row.answer or OPEN) == answer:
            raise Refused(f"This change is {answer} already.")
        connection.execute(
            insert(ANSWER).values(
                proposal_id=proposal_id,
                answer=answer,
                reason=reason.strip(),
                staff_id=by.staff_id,
                role=by.role,
                at=dt.datetime.now(dt.UTC),
            )
        )
        audit.note(
            connection,
            by,
            action=f"continuity_{answer}",
            family_ids=[row.family_id],
            detail={
                **{"proposal": proposal_id, "kind": row.kind},
                **{"before": {"answer": row.answer or OPEN}, "after": {"answer": answer}},
            },
        )
        _keep_apart(connection, by, row, answer=answer, reason=reason.strip())
        case_following.follow(connection, by, row, is_accepted=answer == ACCEPTED, reason=reason.strip())


@contextmanager
def _deciding(engine: Engine, by: Reader, action: str) -> Iterator[Connection]:
    """The transaction of whoever may decide; a refusal is written down."""
    with refusals_noted(engine, by, action):
        require_continuity(by)
        with writing(engine, by) as connection:
            yield connection


def _keep_apart(connection: Connection, by: Reader, row: Row[Any], *, answer: str, reason: str) -> None:
    """Of people put together: undoing that is a decision that they are two, which accepting it again withdraws."""
    if not row.record_a or not row.record_b:
        return
    kept = {
        "doubt_id": "C" + hashlib.sha256(f"{row.record_a}|{row.record_b}".encode()).hexdigest()[:16],
        "asks": "pair",
        "name_a": row.old_id,
        "name_b": row.new_id,
        "person_a": row.old_id,
        "person_b": row.new_id,
        "sentence": row.sentence,
        "reason": reason,
        "run_id": row.run_after,
    }
    for end, key in (("a", row.record_a), ("b", row.record_b)):
        kept |= {f"{name}_{end}": value for name, value in zip(KEY, json.loads(key), strict=True)}
    standing = review.in_force_of(connection, kept["doubt_id"])
    if answer == UNDONE and not standing:
        review.write_decision(connection, by, kept | {"answer": "different"})
    for decision in standing if answer == ACCEPTED else ():
        review.write_decision(connection, by, kept | {"answer": review.WITHDRAWN, "withdraws": decision})
