"""Walking the chain of the audit trail: whether anything was changed, taken out, put in or cut off since.

A shorter trail is still a trail: that its end was cut off shows only against an anchor, the number and hash of an event
kept elsewhere.
"""

from __future__ import annotations

import datetime as dt
import hmac
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from families.casebook.chain import CHAIN, EVENT, NOTHING_BEFORE, STARTED, STREAMED, Digest, event_hash
from families.casebook.database import reading
from families.casebook.keys import audit_key
from families.casebook.row_security import WHOLE
from families.errors import Refused

SAID = "{event_id} {hash} {at}\n"
CLOCKS_DIFFER_BY = dt.timedelta(seconds=2)


@dataclass(frozen=True)
class Anchor:
    """The end of the trail as it once was."""

    event_id: int
    hash: str
    at: str


@dataclass(frozen=True)
class Verdict:
    """What became of the trail: the first break in a sentence, or that it is whole."""

    events: int
    events_before: int  # written before there was a chain
    broken: str | None
    end: Anchor | None
    clock_went_back: tuple[int, ...] = ()  # the first events written at an earlier time than the one before


@dataclass
class _Walk:
    """Where a walk along the trail has got to; it holds one event at a time."""

    key: Callable[[], bytes]  # asked for at the first event that is chained
    before: Digest = field(default_factory=Digest)
    events: int = 0
    last: Mapping[str, Any] | None = None  # the last event that is chained
    went_back: list[int] = field(default_factory=list)

    def broken_at(self, event: Mapping[str, Any]) -> str | None:
        """Take one more step; what is wrong with it, if anything."""
        self.events += 1
        if event["hash"] is None:
            self.before.add(event)
            return f"Event {event['event_id']} is not chained: it was put in later." if self.last else None
        wrong = self._out_of_place(event) or self._changed(event)
        if self.last and event["at"] < self.last["at"] - CLOCKS_DIFFER_BY and len(self.went_back) < STREAMED:
            self.went_back.append(event["event_id"])
        self.last = event
        return wrong

    def _out_of_place(self, event: Mapping[str, Any]) -> str | None:
        number = event["event_id"]
        if self.last is None:
            return self._starts_wrong(event)
        due = self.last["event_id"] + 1
        if number != due:
            gone = f"Event {due} is" if number == due + 1 else f"Events {due} to {number - 1} are"
            return f"{gone} missing."
        if event["prev_hash"] != self.last["hash"]:
            return f"Event {number} does not follow event {number - 1}: one was changed, put in or put elsewhere."
        return None

    def _starts_wrong(self, event: Mapping[str, Any]) -> str | None:
        if event["prev_hash"] != NOTHING_BEFORE:
            return f"The events before event {event['event_id']} are missing."
        if event["action"] == STARTED:
            same = event["detail"] == self.before.as_detail()
            return None if same else "The events from before the chain are not those that it started with."
        if self.before.events or event["event_id"] != 1:
            return f"Event {event['event_id']} starts the chain, and does not say what was before it."
        return None

    def _changed(self, event: Mapping[str, Any]) -> str | None:
        if hmac.compare_digest(event_hash(self.key(), event), event["hash"]):
            return None
        key = "" if self.last else ", or the key is not the one it was written with"
        return f"Event {event['event_id']} was changed after it was written{key}."


def verify(engine: Engine, anchors: Iterable[Anchor] = ()) -> Verdict:
    """Walk the whole trail in one state of the casebook, and hold it against anchors where there are any."""
    held = {anchor.event_id: anchor for anchor in anchors}
    with reading(engine, WHOLE) as connection:
        end = connection.execute(select(CHAIN.c.event_id, CHAIN.c.hash)).one_or_none()
        walk = _Walk(cache(lambda: audit_key(engine.url)))
        query = select(EVENT).order_by(EVENT.c.event_id).execution_options(yield_per=STREAMED)
        broken = None
        with connection.execute(query) as rows:
            for row in rows:
                event = row._asdict()
                broken = walk.broken_at(event) or _not_as_anchored(event, held.pop(event["event_id"], None))
                if broken:
                    break
    broken = broken or _cut_off(walk, (end.event_id, end.hash) if end is not None else None, held)
    last = None
    if walk.last is not None and not broken:
        last = Anchor(walk.last["event_id"], walk.last["hash"], walk.last["at"].isoformat())
    return Verdict(walk.events, walk.before.events, broken, last, tuple(walk.went_back))


def _not_as_anchored(event: Mapping[str, Any], anchor: Anchor | None) -> str | None:
    if anchor is None or anchor.hash == event["hash"]:
        return None
    return f"Event {event['event_id']} is not the one that was anchored as of {anchor.at}."


def _cut_off(walk: _Walk, end: tuple[int, str | None] | None, not_found: Mapping[int, Anchor]) -> str | None:
    """Whether events are missing at the end."""
    reached = walk.last["event_id"] if walk.last else 0
    if not_found:
        number, anchor = min(not_found.items())
        return (
            f"The trail ends at event {reached}, though event {number} was anchored as of {anchor.at}: it was cut off."
        )
    if end is None:
        return "The casebook does not know any more where the trail ends."
    number, last_hash = end
    if (reached, walk.last["hash"] if walk.last else None) == (number, last_hash):
        return None
    if last_hash is None and walk.last is None:
        return None  # no event since the chain could have begun
    return f"The trail ends at event {reached}, though event {number} was written: events at its end are missing."


def read_anchors(file: Path) -> list[Anchor]:
    """The anchors kept in a file; none where there is no file yet."""
    if not file.exists():
        return []
    lines = [line.split() for line in file.read_text("utf-8").splitlines() if line.strip()]
    if any(len(line) != 3 or not line[0].isdecimal() for line in lines):
        raise Refused(f"{file.name} does not hold anchors: each line is the number of an event, its hash and a time.")
    return [Anchor(int(number), told, at) for number, told, at in lines]


def add_anchor(file: Path, anchor: Anchor) -> None:
    """Add the end of the trail to a file of anchors."""
    with os.fdopen(os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "w") as handle:
        handle.write(SAID.format(event_id=anchor.event_id, hash=anchor.hash, at=anchor.at))
        handle.flush()
        os.fsync(handle.fileno())
