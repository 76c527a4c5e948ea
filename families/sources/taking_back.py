"""Takes deliveries back: the next refresh is as if they had never come, and the record says who, when and why.

A delivery counts by lying in `deliveries/`. It is taken back by one rename to `taken_back/`, so that a kill at any
instant leaves it there whole or here whole. Corrected rejects of it go first: they stand for its rows.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

from families.errors import Refused
from families.home import Home, sync_folder, write_atomically
from families.sources.receipts import Receipt, from_json
from families.sources.store import DELIVERIES, TAKEN_BACK, receipts

NOTE = "taken_back.json"


@dataclass(frozen=True)
class TakenBack:
    """A delivery that counts no more, and who took it back, when and why."""

    receipt: Receipt
    by: str
    at: dt.datetime
    reason: str


def delivery_of(home_path: Path, delivery: str) -> Receipt:
    """The receipt of a delivery that counts; a sentence where there is none, or it was taken back."""
    found = next((each for each in receipts(home_path) if each.delivery == delivery), None)
    if found is not None:
        return found
    gone = next((each for each in taken_back(home_path) if each.receipt.delivery == delivery), None)
    if gone is not None:
        raise Refused(f"Delivery {delivery} was taken back on {gone.at:%d/%m/%Y}: nothing was changed.")
    raise Refused("There is no delivery of this id: see `families deliveries` for those that are loaded.")


def corrections_of(home_path: Path, delivery: str) -> list[Receipt]:
    """Deliveries of corrected rows that stand for rejected rows of a delivery, and corrections of these."""
    found: list[Receipt] = []
    wanted = {delivery}
    for receipt in sorted(receipts(home_path), key=lambda each: each.load):
        if receipt.replaces and receipt.replaces.delivery in wanted:
            found.append(receipt)
            wanted.add(receipt.delivery)
    return found


def take_back(home_path: Path, delivery: str, *, by: str, at: dt.datetime, reason: str) -> list[TakenBack]:
    """Take a delivery back, and before it the corrected rows that stand for some of its own; the last to come first."""
    if not reason.strip():
        raise Refused("Say why: a delivery is taken back with a reason that stays in the record.")
    with Home(home_path).only_one():
        whole = [delivery_of(home_path, delivery), *corrections_of(home_path, delivery)]
        gone = [TakenBack(receipt, by, at, reason.strip()) for receipt in reversed(whole)]
        for each in gone:
            _move(home_path, each)
    return gone


def _move(home_path: Path, gone: TakenBack) -> None:
    place = home_path / DELIVERIES / gone.receipt.delivery
    told = {"by": gone.by, "at": gone.at.isoformat(), "reason": gone.reason}
    write_atomically(place / NOTE, json.dumps(told, indent=1).encode())  # says nothing until the folder is moved
    folder = home_path / TAKEN_BACK
    folder.mkdir(exist_ok=True, mode=0o700)
    place.rename(_free(folder, gone.receipt.delivery))
    sync_folder(folder)
    sync_folder(place.parent)


def _free(folder: Path, delivery: str) -> Path:
    """A place of its own: the same bytes may come, and be taken back, more than once."""
    number = 1
    while (place := folder / f"{delivery}-{number}").exists():
        number += 1
    return place


def taken_back(home_path: Path) -> list[TakenBack]:
    """Every delivery taken back, the last first."""
    found = [_read(path) for path in (home_path / TAKEN_BACK).glob("*/receipt.json")]
    return sorted(found, key=lambda each: (each.at, each.receipt.load), reverse=True)


def _read(path: Path) -> TakenBack:
    told = json.loads(path.with_name(NOTE).read_text("utf-8"))
    receipt = from_json(path.read_text("utf-8"))
    return TakenBack(receipt, told["by"], dt.datetime.fromisoformat(told["at"]), told["reason"])


def gone_since(home_path: Path, used: set[str]) -> list[TakenBack]:
    """Deliveries that a run used and that were taken back since; one that came again counts again."""
    there = {receipt.delivery for receipt in receipts(home_path)}
    newest: dict[str, TakenBack] = {}
    for each in taken_back(home_path):
        newest.setdefault(each.receipt.delivery, each)
    return [each for delivery, each in newest.items() if delivery in used - there]


def gone_in_words(gone: TakenBack) -> str:
    """What is to be said of a run that still shows a delivery taken back since."""
    return (
        f"{gone.receipt.file} was taken back on {gone.at:%d/%m/%Y} ({gone.reason.rstrip('.')}): what is shown still "
        "uses it, and the next refresh will not."
    )
