"""One dated version of a programme, read from TOML: criteria, strands, routes, each number with source and grade."""

from __future__ import annotations

import datetime as dt
import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from families.errors import Refused

RULESETS = Path(__file__).parent / "rulesets"

# What a criterion may read, table by table. Ethnicity, sex, religion and language are in none.
READABLE = {
    "absence": {"possible", "authorised", "unauthorised"},
    "exclusions": {"category"},
    "provision": {"status"},
    "roll": {"status"},
    "offences": {"is_proven"},
    "asb_measures": {"kind", "ground"},
    "benefits": {"benefit"},
    "care_episodes": {"kind", "category"},
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InForce(_Part):
    """The days on which a ruleset may be used without being told to."""

    from_: Annotated[dt.date, Field(alias="from")]
    to: dt.date | None = None


class FamilyUnit(_Part):
    """Which members count as the family, and from what age one is an adult."""

    members: list[Literal["child", "parent", "carer", "adult", "linked"]]
    requires_child: bool
    adult_from: int


class Strand(_Part):
    """A group of criteria of which any one is enough."""

    id: str
    label: str
    if_nobody_asked: Literal["unknown", "not_met"]
    nobody_asked: str = "nobody in the family is asked this"


class WindowRule(_Part):
    """The stretch of time a criterion asks about: exactly one of the three."""

    terms: int | None = None
    months: int | None = None
    current: bool = False

    @model_validator(mode="after")
    def _one(self) -> WindowRule:
        if (self.terms is not None) + (self.months is not None) + self.current != 1:
            raise ValueError("give one of terms, months or current = true")
        return self


class Bound(_Part):
    """What the measure must reach: a number, or a share in whole per cent."""

    at_least: int | None = None
    at_least_percent: int | None = None

    @model_validator(mode="after")
    def _one(self) -> Bound:
        if (self.at_least is None) == (self.at_least_percent is None):
            raise ValueError("give one of at_least or at_least_percent")
        return self

    @property
    def words(self) -> str:
        """The bound as people say it."""
        return f"{self.at_least_percent}% or more" if self.at_least is None else f"{self.at_least} or more"


class Criterion(_Part):
    """A measure against a bound, for a child, an adult or any member."""

    id: str
    strand: str
    label: str
    asked_of: Literal["child", "adult", "member"]
    compulsory_school_age: bool = False
    measure: Literal["count", "share", "status"]
    table: str
    where: dict[str, list[str | bool]] = {}
    numerator: str | None = None
    denominator: str | None = None
    window: WindowRule
    bound: Bound
    what: str
    what_not: str = ""
    settled_by: str
    fresh_within_months: int | None = None
    snapshot: bool = False  # the data tells of the day it was drawn, and is said with that day
    source: str
    confidence: Literal["V", "C", "M", "I"]

    @model_validator(mode="after")
    def _reads_only_what_it_may(self) -> Criterion:
        if self.table not in READABLE:
            raise ValueError(f"table {self.table!r} is not one of {', '.join(sorted(READABLE))}")
        columns = set(self.where) | {name for name in (self.numerator, self.denominator) if name}
        if refused := sorted(columns - READABLE[self.table]):
            allowed = ", ".join(sorted(READABLE[self.table]))
            raise ValueError(f"may not read {', '.join(refused)} of {self.table}; allowed: {allowed}")
        if (self.measure == "share") != (self.numerator is not None and self.denominator is not None):
            raise ValueError("a share, and only a share, names a numerator and a denominator")
        if (self.measure == "share") != (self.bound.at_least_percent is not None):
            raise ValueError("a share has a bound in per cent; a count or status has at_least")
        if self.measure == "status" and not self.what_not:
            raise ValueError("a status says in what_not how it reads when not met")
        return self


class Condition(_Part):
    """At least k of these strands."""

    at_least: int
    of: list[str]


class Route(_Part):
    """One way to be eligible: every condition holds."""

    id: str
    label: str
    conditions: list[Condition]
    source: str
    confidence: Literal["V", "C", "M", "I"]


class Ruleset(_Part):
    """A whole programme version."""

    id: str
    title: str
    framework: str
    in_force: InForce
    family: FamilyUnit
    strand: list[Strand]
    criterion: list[Criterion]
    route: list[Route]

    @model_validator(mode="after")
    def _names_meet(self) -> Ruleset:
        strands = {strand.id for strand in self.strand}
        named = [(f"criterion {c.id}", c.strand) for c in self.criterion] + [
            (f"route {r.id}", name) for r in self.route for condition in r.conditions for name in condition.of
        ]
        if wrong := [f"{where} names strand {name!r}" for where, name in named if name not in strands]:
            raise ValueError(f"{'; '.join(wrong)}; strands are {', '.join(sorted(strands))}")
        return self

    @property
    def strand_labels(self) -> dict[str, str]:
        """Labels by strand id, and of eligibility itself."""
        return {strand.id: strand.label for strand in self.strand} | {"eligible": "Eligible"}

    def criteria(self) -> dict[str, Criterion]:
        """Criteria by id."""
        return {criterion.id: criterion for criterion in self.criterion}


@dataclass(frozen=True)
class LoadedRuleset:
    """A ruleset and the hash of the bytes it was read from."""

    rules: Ruleset
    sha256: str


def load_ruleset(name: str) -> LoadedRuleset:
    """Read a shipped ruleset by id. Raises Refused, naming those there are."""
    path = RULESETS / f"{name}.toml"
    known = sorted(file.stem for file in RULESETS.glob("*.toml"))
    if name not in known:
        raise Refused(f"There is no ruleset {name!r}; there is {', '.join(known)}.")
    return read_ruleset(path)


def read_ruleset(path: Path) -> LoadedRuleset:
    """Read a ruleset file. Raises Refused with every mistake at once, each with its place."""
    content = path.read_bytes()
    try:
        rules = Ruleset.model_validate(tomllib.loads(content.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{path.name} is not TOML: {error}.") from None
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise Refused(f"{path.name} has {len(lines)} mistakes:\n" + "\n".join(lines)) from None
    return LoadedRuleset(rules, hashlib.sha256(content).hexdigest())


def check_in_force(rules: Ruleset, as_of: dt.date, *, anyway: bool = False) -> None:
    """Refuse a date outside the ruleset's years unless told to go on."""
    start, end = rules.in_force.from_, rules.in_force.to
    if not anyway and not (start <= as_of and (end is None or as_of <= end)):
        raise Refused(
            f"{rules.id} was in force from {start} to {end or 'today'}, and {as_of} is outside: "
            "choose another ruleset, or give --anyway."
        )
