"""The groups that outcomes are split by: equality groups, the area, and how the family came. Read for counts alone.

Only what the casebook holds: sex, dates of birth, the address and the way in. What is not published any more is not
known. Areas of few families are counted together, so that they can be shown at all.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from families.cases.views import ScoredFamilies
from families.cases.workflow import workflow
from families.criteria.backtest import GROUPS, NOT_KNOWN, groups_of_members
from families.criteria.small_numbers import FEWEST_SHOWN

AREA, CAME = "Area", "How the family came"
ELSEWHERE = "areas of few families"
DISTRICT = re.compile(r"\b([A-Z]{1,2}\d[A-Z\d]?) ?\d[A-Z]{2}\s*$")
MEMBER = {
    "family_id": pl.String, "role": pl.String, "is_resident": pl.Boolean, "sex": pl.String, "date_of_birth": pl.Date,
}  # fmt: skip


@dataclass(frozen=True)
class Grouping:
    """One way to split families: its label, and the value of each case."""

    label: str
    of_case: Mapping[str, str]


def groupings(scored: ScoredFamilies, *, as_of: dt.date) -> tuple[Grouping, ...]:
    """Every way in which outcomes are split."""
    members = pl.DataFrame(list(scored.members), schema=MEMBER)
    groups = {row["family_id"]: row for row in groups_of_members(members, as_of=as_of).iter_rows(named=True)}
    family = {case["case_id"]: case["family_id"] for case in scored.cases}
    equality = tuple(
        Grouping(label, {case: groups.get(family_id, {}).get(name) or NOT_KNOWN for case, family_id in family.items()})
        for name, label in GROUPS.items()
    )
    ways = workflow().words["came_as"]
    came = {case["case_id"]: ways.get(case["came_as"], NOT_KNOWN) for case in scored.cases}
    return (*equality, Grouping(AREA, _areas(scored)), Grouping(CAME, came))


def _areas(scored: ScoredFamilies) -> dict[str, str]:
    """The postcode district of each case's family."""
    districts = {case["case_id"]: _district(case["address"]) for case in scored.cases}
    families = Counter(districts.values())
    return {
        case: district if district == NOT_KNOWN or families[district] >= FEWEST_SHOWN else ELSEWHERE
        for case, district in districts.items()
    }


def _district(address: str | None) -> str:
    found = DISTRICT.search((address or "").upper())
    return found[1] if found else NOT_KNOWN
