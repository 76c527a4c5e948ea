"""What became of a delivery: every data row counted once, and the tables made. Kept beside it as JSON."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Replaced:
    """The rejected rows of another delivery that a delivery of corrected rows stands for, and who corrected them."""

    delivery: str
    rows: tuple[int, ...]  # of that delivery, in the order of the rows that stand for them
    by: str
    on: dt.date


@dataclass(frozen=True)
class DatesRead:
    """In which forms the dates under one heading are written."""

    heading: str
    forms: tuple[str, ...]
    is_doubtful: bool = False  # every one could be day first or month first; read day first


@dataclass(frozen=True)
class Written:
    """How a file of rows was found to be written; a workbook has neither encoding nor delimiter."""

    encoding: str | None
    delimiter: str | None
    dates: tuple[DatesRead, ...]


@dataclass(frozen=True)
class Difference:
    """How many of something a file has, and of them how many the delivery before had not; and how many are gone."""

    what: str
    now: int
    new: int
    gone: int


@dataclass(frozen=True)
class Against:
    """A file in trial beside the delivery of its source before it."""

    delivery: str
    differences: tuple[Difference, ...]
    schools_missing: tuple[str, ...]


@dataclass(frozen=True)
class Receipt:
    """What became of a delivery; rows_in = accepted + duplicate + superseded + rejected."""

    delivery: str
    source: str
    file: str
    sha256: str
    received_on: dt.date
    rows_in: int
    accepted: int
    duplicate: int
    superseded: int
    rejected: int
    rejected_by_rule: dict[str, int] = field(default_factory=dict)
    flags_by_rule: dict[str, int] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)  # each file's name, and its SHA-256 once unpacked
    not_read: tuple[str, ...] = ()
    seconds: float = 0.0
    load: int = 0  # the how-manyth load of this home took it in; a later load of one day holds the newer version
    reasons: dict[str, str] = field(default_factory=dict)  # of each rule that rejected rows, in a sentence
    mapping: dict[str, Any] | None = None  # the mapping it was read with, for its rejects to be read with it again
    replaces: Replaced | None = None  # of corrected rejects, whose rows they stand for
    written: Written | None = None  # how it was found to be written; nothing of XML and Parquet
    covers_from: dt.date | None = None
    covers_to: dt.date | None = None
    against: Against | None = None  # of a trial, where there is a delivery before

    def as_json(self) -> str:
        """The receipt as it is kept."""
        return json.dumps(asdict(self), indent=1, default=dt.date.isoformat)


def from_json(text: str) -> Receipt:
    """A receipt as it was kept."""
    raw: dict[str, Any] = json.loads(text)
    raw["received_on"] = dt.date.fromisoformat(raw["received_on"])
    raw["not_read"] = tuple(raw["not_read"])
    for name in ("covers_from", "covers_to"):
        raw[name] = dt.date.fromisoformat(raw[name]) if raw.get(name) else None
    if told := raw.get("written"):
        dates = (DatesRead(each["heading"], tuple(each["forms"]), each["is_doubtful"]) for each in told["dates"])
        raw["written"] = Written(told["encoding"], told["delimiter"], tuple(dates))
    if told := raw.get("against"):
        differences = tuple(Difference(**each) for each in told["differences"])
        raw["against"] = Against(told["delivery"], differences, tuple(told["schools_missing"]))
    if told := raw.get("replaces"):
        on = dt.date.fromisoformat(told["on"])
        raw["replaces"] = Replaced(told["delivery"], tuple(told["rows"]), told["by"], on)
    return Receipt(**raw)
