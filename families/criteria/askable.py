"""What a rule may ask: the tables of facts, the columns it may filter and add up, and whose silence means no.

Ethnicity, sex, religion and language are in no table, and no ruleset can bring them in.
"""

from __future__ import annotations

from dataclasses import dataclass

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
