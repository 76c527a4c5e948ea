"""What people do with deliveries, by page or command: look, load, take back, write out rejects, load corrected ones.

Who may is decided here, and each act leaves its event in the audit trail before it is done: the store is no part of a
transaction of the casebook, and nothing may happen to it without a trace. The record beside the delivery says the rest.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from families import mappings
from families.casebook import deliveries as trail
from families.casebook.access import require_loads, require_recent
from families.casebook.deliveries import Cited
from families.casebook.refusals import refusals_noted
from families.casebook.views import Reader
from families.errors import Refused
from families.home import Home
from families.sources import store, taking_back
from families.sources.layouts import Mapping
from families.sources.receipts import Receipt
from families.sources.replaying import UnknownCode, as_csv, rejects_of, replay, replay_code, unknown_codes, waiting
from families.sources.taking_back import TakenBack, corrections_of, gone_since


@dataclass(frozen=True)
class Register:
    """The deliveries of a home: those that count, newest first, with rejects that wait; and those taken back."""

    deliveries: tuple[Receipt, ...]
    waiting: dict[str, int]
    taken_back: tuple[TakenBack, ...]
    gone_since_run: tuple[TakenBack, ...]  # used by the run that is published, and taken back since
    not_yet_used: tuple[str, ...]  # loaded after it


@dataclass(frozen=True)
class Consequences:
    """What taking a delivery back would do."""

    receipt: Receipt
    corrections: tuple[Receipt, ...]
    is_used: bool  # by the published run
    cited: Cited


def register(home: Home, by: Reader) -> Register:
    """What arrived and what was refused: counts and names of files, nobody's data."""
    require_loads(by)
    there = sorted(store.receipts(home.path), key=lambda each: (each.received_on, each.load), reverse=True)
    run = home.current()
    used = {item["delivery"] for item in run.manifest["inputs"]} if run else set()
    return Register(
        tuple(there),
        {each.delivery: waiting(home.path, each) for each in there if each.rejected},
        tuple(taking_back.taken_back(home.path)),
        tuple(gone_since(home.path, used)),
        tuple(each.delivery for each in there if each.delivery not in used),
    )


def load_file(
    home: Home,
    engine: Engine,
    by: Reader,
    file: Path,
    *,
    source: str | None,
    mapping: Mapping | None,
    received_on: dt.date,
    dry_run: bool,
) -> Receipt:
    """Take one file in, or only say what would become of it; read as `families load` does, in a process of its own.

    Where somebody is there to ask, dates that could be either way round are not taken to be day first.
    """
    require_loads(by)
    with home.one_load():
        if not dry_run:
            trail.noted(engine, by, "load_delivery", {"source": source})
        loaded = store.load_each(
            home.path,
            [file],
            source=source,
            saved=mapping,
            dry_run=dry_run,
            received_on=received_on,
            is_careful=True,
        )
    if loaded.refusals:
        raise Refused(" ".join(loaded.refusals))
    return loaded.receipts[0]


def consequences(home: Home, engine: Engine, by: Reader, delivery: str) -> Consequences:
    """What would follow if a delivery were taken back."""
    require_loads(by)
    receipt = taking_back.delivery_of(home.path, delivery)
    corrections = tuple(corrections_of(home.path, delivery))
    run = home.current()
    used = {item["delivery"] for item in run.manifest["inputs"]} if run else set()
    ids = [each.delivery for each in (receipt, *corrections)]
    return Consequences(receipt, corrections, not used.isdisjoint(ids), trail.cited(engine, by, ids))


def take_back(
    home: Home, engine: Engine, by: Reader, delivery: str, *, reason: str, at: dt.datetime
) -> list[TakenBack]:
    """Take a delivery back with its corrections: the next refresh is as if they had never come."""
    require_loads(by)
    taking_back.delivery_of(home.path, delivery)
    if not reason.strip():
        raise Refused("Say why: a delivery is taken back with a reason that stays in the record.")
    told = {"delivery": delivery, "reason": reason.strip()}
    with trail.traced(engine, by, "take_back_delivery", told):
        return taking_back.take_back(home.path, delivery, by=by.staff_id, at=at, reason=reason)


def rejects_file(home: Home, engine: Engine, by: Reader, delivery: str) -> bytes:
    """The rejected rows of a delivery that wait, as CSV; an export of personal data, and so written down first."""
    require_loads(by)
    with refusals_noted(engine, by, "export_rejects"):
        require_recent(by)
    rejects = rejects_of(home.path, delivery)
    if not rejects.rows:
        raise Refused("No rejected row of this delivery waits to be corrected.")
    trail.noted(engine, by, "export_rejects", {"delivery": delivery}, result_count=len(rejects.rows))
    return as_csv(rejects)


def replay_rejects(
    home: Home, engine: Engine, by: Reader, delivery: str, corrected: bytes, *, on: dt.date, dry_run: bool = False
) -> Receipt:
    """Load corrected rows in place of rejected ones, or only say what would become of them."""
    require_loads(by)
    codes = mappings.kept(home, taking_back.delivery_of(home.path, delivery).source).get("codes", {})
    with home.one_load():
        if dry_run:
            return replay(home.path, delivery, corrected, by=by.staff_id, on=on, codes=codes, dry_run=True)
        with trail.traced(engine, by, "replay_rejects", {"delivery": delivery}):
            return replay(home.path, delivery, corrected, by=by.staff_id, on=on, codes=codes)


def codes_not_known(home: Home, by: Reader, delivery: str) -> tuple[UnknownCode, ...]:
    """The codes that many rows of a delivery were refused for; what stands in a row alone is not among them."""
    require_loads(by)
    return unknown_codes(home.path, delivery)


def map_code(
    home: Home, engine: Engine, by: Reader, delivery: str, unknown: UnknownCode, *, read_as: str, on: dt.date
) -> Receipt:
    """Say once what a code stands for: the rows refused for it are loaded, and it is remembered for its source."""
    require_loads(by)
    source = taking_back.delivery_of(home.path, delivery).source
    if not read_as.strip():
        raise Refused("Say what the code stands for.")
    codes = mappings.kept(home, source).get("codes", {})
    codes |= {unknown.column: codes.get(unknown.column, {}) | {unknown.value: read_as.strip()}}

    def read(*, dry_run: bool) -> Receipt:
        column, value = unknown.column, unknown.value
        return replay_code(
            home.path, delivery, column=column, value=value, codes=codes, by=by.staff_id, on=on, dry_run=dry_run
        )

    with home.one_load():
        trial = read(dry_run=True)
        if not trial.accepted:
            raise Refused(
                f"Read as {read_as.strip()!r}, no row would be accepted: {' '.join(trial.reasons.values())} Nothing "
                "was changed."
            )
        with trail.traced(engine, by, "map_code", {"delivery": delivery, "column": unknown.column}):
            made = read(dry_run=False)
            mappings.keep_code(home, source, unknown.column, unknown.value, read_as.strip())
    return made
