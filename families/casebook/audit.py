"""Writing down who did or saw what. Events go into the transaction of the act itself, and use real time.

A change says in `detail` what was `before` and what is `after`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from families.casebook import chain
from families.casebook.views import Reader

SYSTEM = Reader(staff_id="system", role="system", purpose="refresh")


def note(
    connection: Connection,
    reader: Reader,
    *,
    action: str,
    family_ids: Iterable[str | None],
    detail: dict[str, Any],
    result_count: int | None = None,
) -> None:
    """One event for each family shown or acted on; None stands for an act that showed none."""
    shared = {
        "at": dt.datetime.now(dt.UTC),
        "staff_id": reader.staff_id,
        "role": reader.role,
        "purpose": reader.purpose.strip(),
        "action": action,
        "detail": json.dumps(detail, sort_keys=True),
        "session_id": reader.session_id,
        "result_count": result_count,
    }
    events = [shared | {"family_id": family_id} for family_id in family_ids]
    if events:
        chain.append(connection, events)
