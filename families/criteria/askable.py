"""What a rule may ask: the tables of facts, the columns it may filter and add up, and whose silence means no.

Ethnicity, sex, religion and language are in no table, and no ruleset can bring them in.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

from families.reference import REFERENCE

NEVER = ("ethnicity", "sex", "gender", "religion", "language", "nationality")


@dataclass(frozen=True)
class Askable:
    """A table of facts: its columns by what they may be used for, and the sources that speak for it.

    `filters` are columns a rule may filter by, `numbers` those it may add up, `days` those an event may be dated by.
    `sources` are the feeds that cover the whole authority; without them silence is decided row by row.
    """

    filters: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    days: tuple[str, ...] = ("on",)
    sources: tuple[str, ...] = ()

    @property
    def columns(self) -> set[str]:
        """Every column a ruleset may list under `reads`."""
        return {*self.filters, *self.numbers}


ASKABLE = {
    "absence": Askable(numbers=("possible", "authorised", "unauthorised")),
    "exclusions": Askable(filters=("category",), numbers=("sessions",)),
    "provision": Askable(filters=("status",)),
    "roll": Askable(filters=("status",)),
    "offences": Askable(filters=("is_proven",), days=("on", "offence_on"), sources=("youth_justice",)),
    "asb_measures": Askable(filters=("kind", "ground"), sources=("asb",)),
    "benefits": Askable(filters=("benefit",)),
    "care_episodes": Askable(filters=("kind", "category"), sources=("social_care",)),
    "early_help": Askable(filters=("kind",), sources=("early_help",)),
    "housing_statuses": Askable(filters=("kind",), numbers=("amount_pence",), sources=("housing",)),
    "sentences": Askable(filters=("kind", "has_parenting_responsibility"), sources=("probation",)),
    "releases": Askable(filters=("has_parenting_responsibility",), sources=("probation",)),
    "domestic_incidents": Askable(filters=("role", "is_marac", "risk"), sources=("police_domestic",)),
    "service_flags": Askable(filters=("service",), sources=("health_services",)),
    "destinations": Askable(filters=("status",), sources=("destinations",)),
    "nominations": Askable(filters=("need", "nominated_by"), sources=("nominations",)),
    "work_steps": Askable(filters=("kind", "benefit_left", "meets_earnings_floor"), sources=("employment",)),
}

YES_OR_NO = (True, False)
# What a column may hold: a shipped code list (its `code`, or what its words mean), or the words themselves.
VALUES: dict[tuple[str, str], str | tuple[str | bool, ...]] = {
    ("exclusions", "category"): "exclusion_categories.csv",
    ("provision", "status"): ("after_exclusion", "other_reason"),
    ("roll", "status"): ("off_roll", "home_educated"),
    ("offences", "is_proven"): YES_OR_NO,
    ("asb_measures", "kind"): "asb_measures.csv",
    ("asb_measures", "ground"): ("asb", "arrears", "other"),
    ("benefits", "benefit"): "benefits.csv",
    ("care_episodes", "kind"): ("CIN", "CP", "LAC", "S47"),
    ("early_help", "kind"): ("EH",),
    ("housing_statuses", "kind"): (
        "arrears", "notice_arrears", "eviction_risk", "temporary_accommodation", "homeless", "unsuitable",
        "excluded_from_home",
    ),
    ("sentences", "kind"): "sentences.csv",
    ("sentences", "has_parenting_responsibility"): YES_OR_NO,
    ("releases", "has_parenting_responsibility"): YES_OR_NO,
    ("domestic_incidents", "role"): ("victim", "suspect", "child"),
    ("domestic_incidents", "is_marac"): YES_OR_NO,
    ("domestic_incidents", "risk"): ("standard", "medium", "high"),
    ("service_flags", "service"): "health_services.csv",
    ("destinations", "status"): "destination_statuses.csv",
    ("nominations", "need"): "nomination_needs.csv",
    ("nominations", "nominated_by"): "nominating_agencies.csv",
    ("work_steps", "kind"): "work_steps.csv",
    ("work_steps", "benefit_left"): "benefits.csv",
    ("work_steps", "meets_earnings_floor"): YES_OR_NO,
}  # fmt: skip


def allowed_values(table: str, column: str) -> tuple[str | bool, ...]:
    """What a column may hold; nothing where any text may stand in it."""
    found = VALUES.get((table, column), ())
    return codes(found) if isinstance(found, str) else found


@cache
def codes(file: str) -> tuple[str, ...]:
    """The codes of a shipped code list, or what the words of a list of words mean."""
    rows = list(csv.DictReader((REFERENCE / file).read_text("utf-8").splitlines()))
    key = "code" if "code" in rows[0] else "means"
    return tuple(dict.fromkeys(row[key] for row in rows))
