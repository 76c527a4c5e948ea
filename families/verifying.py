"""The audit trail at the command line: whether it is whole, and an anchor of its end to keep elsewhere."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from families.casebook.verifying import Verdict, add_anchor, read_anchors, verify
from families.errors import Refused


def verified(engine: Engine, *, anchor_file: Path | None) -> list[str]:
    """Walk the trail; what to say of it. Raises Refused with the first break. A whole trail's end is anchored."""
    verdict = verify(engine, read_anchors(anchor_file) if anchor_file else ())
    if verdict.broken:
        raise Refused(f"The audit trail is broken. {verdict.broken}")
    lines = [f"The audit trail is whole: {verdict.events:,} events{_before(verdict)}."]
    if verdict.clock_went_back:
        first = verdict.clock_went_back[0]
        lines.append(f"The clock went back before event {first} ({len(verdict.clock_went_back):,} in all).")
    if anchor_file and verdict.end:
        add_anchor(anchor_file, verdict.end)
        lines.append(f"Event {verdict.end.event_id} is anchored in {anchor_file}: keep that file away from here.")
    return lines


def _before(verdict: Verdict) -> str:
    return f", {verdict.events_before:,} of them from before the chain" if verdict.events_before else ""
