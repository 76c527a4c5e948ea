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

    def as_json(self) -> str:
        """The receipt as it is kept."""
        return json.dumps(asdict(self), indent=1, default=dt.date.isoformat)


def from_json(text: str) -> Receipt:
    """A receipt as it was kept."""
    raw: dict[str, Any] = json.loads(text)
    raw["received_on"] = dt.date.fromisoformat(raw["received_on"])
    raw["not_read"] = tuple(raw["not_read"])
    if told := raw.get("replaces"):
        on = dt.date.fromisoformat(told["on"])
        raw["replaces"] = Replaced(told["delivery"], tuple(told["rows"]), told["by"], on)
    return Receipt(**raw)
