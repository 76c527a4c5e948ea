"""The facts of one made-up family, `family`, from its people as a case has them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from families.criteria.case import Case
from families.criteria.case_facts import case_facts
from families.criteria.facts import Facts

FAMILY = "family"


def facts_of(*people: dict[str, Any], as_of: dt.date, **case: Any) -> Facts:
    """As `families try` makes them; a person's id is `family/` and the name."""
    made = Case.model_validate({"as_of": as_of, "person": list(people), **case})
    return case_facts({FAMILY: made}, as_of=as_of)
