"""What a publication changed: families new in the casebook, changed in what they meet or who is in them, and dropped.

A refresh replaces what is published whole, so this is the only trace of what stood there before. It names families and
counts their members; nobody else is named.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, exists, insert, select

from families.casebook.continuity import ELIGIBLE, Known
from families.casebook.models import FamilyChange, PublishedFamily, table
from families.casebook.selection import PublishedRun

CHANGE, FAMILY = table(FamilyChange), table(PublishedFamily)
NEW, CHANGED, DROPPED = "new", "changed", "dropped"
KEPT = dt.timedelta(days=90)
STANDING = {"eligible": "Meets the criteria", "near_miss": "Is a near miss"}


@dataclass(frozen=True)
class Face:
    """What lists show of a published family."""

    name: str
    size: int


def faces(connection: Connection) -> dict[str, Face]:
    """The families that are published now, as lists show them."""
    query = select(FAMILY.c.family_id, FAMILY.c.name, FAMILY.c.size)
    return {row.family_id: Face(row.name, row.size) for row in connection.execute(query)}


def keep(
    connection: Connection,
    before: Mapping[str, tuple[Known, Face]],
    after: Mapping[str, tuple[Known, Face | None]],
    *,
    run: PublishedRun,
    labels: Mapping[str, str],
) -> int:
    """Keep what became of each family from one publication to the next, and forget what is old; how many were kept.

    `after` has every family that is published now, and as much as the run knows of those that are not.
    """
    # A run that was published before may be published again: what it changes now is what counts.
    connection.execute(delete(CHANGE).where(CHANGE.c.run_id == run.run_id))
    rows = list(_rows(before, after, run=run, labels=labels))
    if rows:
        connection.execute(insert(CHANGE), rows)
    _forget(connection, run.published_at)
    return len(rows)


def _rows(
    before: Mapping[str, tuple[Known, Face]],
    after: Mapping[str, tuple[Known, Face | None]],
    *,
    run: PublishedRun,
    labels: Mapping[str, str],
) -> Iterator[dict[str, Any]]:
    shown = {"run_id": run.run_id, "as_of": run.as_of, "noted_at": run.published_at}
    published = {family_id for family_id, (_, face) in after.items() if face is not None}
    for family_id in sorted(before.keys() | published):
        was, face = before.get(family_id, (None, None))
        now, new_face = after.get(family_id, (None, None))
        if now is not None and new_face is not None:
            kind, last, shape = NEW if was is None else CHANGED, now, new_face
        elif was is not None and face is not None:
            kind, last, shape = DROPPED, was, face
        else:
            continue
        sentence = told(was, now, labels)
        if not sentence:
            continue
        yield {
            **shown,
            **{"family_id": family_id, "kind": kind, "family_status": last.status or "", "family_name": shape.name},
            **{"size": shape.size, "strands": last.strands_met(labels), "sentence": sentence},
        }


def told(was: Known | None, now: Known | None, labels: Mapping[str, str]) -> str:
    """What became of a family, in sentences; nothing where lists show it as before."""
    if was is None:
        return "New in the casebook."
    if now is None:
        return "The run has no family of this id any more."
    return " ".join([*_standing(was, now), *_strands(was, now, labels), *_members(was, now)])


def _standing(was: Known, now: Known) -> Iterator[str]:
    if now.status is None:
        yield "It no longer meets what brings a family in."
    elif was.status != now.status:
        yield f"{STANDING[now.status]} now."


def _strands(was: Known, now: Known, labels: Mapping[str, str]) -> Iterator[str]:
    for outcome, words in (("met", "Now meets"), ("not_met", "Does not meet"), ("unknown", "Not known any more:")):
        changed = [
            labels.get(strand, strand)
            for strand, found in now.outcomes.items()
            if strand != ELIGIBLE and found == outcome and was.outcomes.get(strand) != outcome
        ]
        if changed:
            yield f"{words} {', '.join(sorted(changed))}."


def _members(was: Known, now: Known) -> Iterator[str]:
    came, went = set(now.members) - set(was.members), set(was.members) - set(now.members)
    for people, words in ((came, "more"), (went, "fewer")):
        if people:
            yield f"{len(people)} {'person' if len(people) == 1 else 'people'} {words} in the family."


def _forget(connection: Connection, at: dt.datetime) -> None:
    """Old changes, and that a family was dropped which has come back; since when a family is published stays."""
    is_published = exists().where(FAMILY.c.family_id == CHANGE.c.family_id)
    is_old = CHANGE.c.noted_at < at - KEPT
    connection.execute(delete(CHANGE).where(is_old, (CHANGE.c.kind != NEW) | ~is_published))
    connection.execute(delete(CHANGE).where(CHANGE.c.kind == DROPPED, is_published))
