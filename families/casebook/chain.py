"""The chain of the audit trail: each event carries the hash of the one before, made with a key outside the database.

Who can change the database can therefore not change the trail unseen.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from families.casebook.keys import audit_key
from families.casebook.models import AuditEvent, table
from families.casebook.row_security import seeing_all
from families.casebook.staff_models import AuditChain
from families.errors import Refused

EVENT, CHAIN = table(AuditEvent), table(AuditChain)
TOLD = ("event_id", "at", "staff_id", "role", "purpose", "action", "family_id", "detail")
HASHED = (*TOLD, "session_id", "result_count", "prev_hash")
STARTED = "chain_started"  # the action of the event that speaks for those before the chain
NOTHING_BEFORE = ""
STREAMED = 1_000


def event_hash(key: bytes, event: Mapping[str, Any]) -> str:
    """The hash of an event with everything it says, its number and the hash of the one before."""
    return hmac.new(key, _as_text(event, HASHED).encode(), hashlib.sha256).hexdigest()


def _as_text(event: Mapping[str, Any], names: Iterable[str]) -> str:
    values = [event[name] for name in names]
    return json.dumps([_moment(value) if isinstance(value, dt.datetime) else value for value in values])


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


def append(connection: Connection, events: Iterable[Mapping[str, Any]]) -> None:
    """Add events at the end of the trail, in one statement; the transaction already keeps all others from doing so."""
    end = connection.execute(select(CHAIN.c.event_id, CHAIN.c.hash)).one_or_none()
    if end is None:
        raise Refused("The end of the audit trail is not known any more: run `families verify` and restore a backup.")
    key = audit_key(connection.engine.url, has_begun=end.hash is not None)
    number, previous, rows = end.event_id, end.hash or NOTHING_BEFORE, []
    for event in [*_for_those_before(connection, end.event_id, begun=end.hash is not None), *events]:
        number += 1
        row = {**event, "event_id": number, "prev_hash": previous}
        previous = row["hash"] = event_hash(key, row)
        rows.append(row)
    connection.execute(insert(EVENT), rows)
    connection.execute(update(CHAIN).values(event_id=number, hash=previous))


def _for_those_before(connection: Connection, last: int, *, begun: bool) -> list[dict[str, Any]]:
    """The event that the chain starts with where there were events before it."""
    if begun or not last:
        return []
    before = Digest()
    query = select(EVENT).order_by(EVENT.c.event_id).execution_options(yield_per=STREAMED)
    with seeing_all(connection):
        for row in connection.execute(query):
            before.add(row._asdict())
    system = {"staff_id": "system", "role": "system", "purpose": "keep the audit trail", "family_id": None}
    told = {"action": STARTED, "detail": before.as_detail(), "session_id": None, "result_count": before.events}
    return [{"at": dt.datetime.now(dt.UTC), **system, **told}]


class Digest:
    """What the events before the chain were: how many, and one hash over all of them."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.events = 0
        self._hash = hashlib.sha256()

    def add(self, event: Mapping[str, Any]) -> None:
        """The next event."""
        self.events += 1
        self._hash.update(_as_text(event, TOLD).encode() + b"\n")

    def as_detail(self) -> str:
        """As the event that starts the chain keeps it."""
        return json.dumps({"events_before": self.events, "sha256": self._hash.hexdigest()}, sort_keys=True)
