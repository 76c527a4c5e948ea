"""The workflow as data: states, acts, who may do them, clocks and the words for them; and whether an act fits."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from families.casebook.access import ROLES
from families.errors import NotAllowed, Refused
from families.settings import Settings

DATA = Path(__file__).with_name("workflow.toml")


@dataclass(frozen=True)
class Act:
    """Something that people do with a referral or a case."""

    name: str
    label: str
    of: str  # referral, case
    states: frozenset[str]
    to: tuple[str, ...]  # nothing: the state stays; several: the act says which
    roles: frozenset[str]
    locks: bool
    not_by: str | None
    own_roles: frozenset[str]  # who may do it to their own work, where the council allows self-approval
    otherwise: str


@dataclass(frozen=True)
class CountedStage:
    """A step that the programme is counted by: the states it is made of, and what it means."""

    label: str
    states: tuple[str, ...]
    means: str


@dataclass(frozen=True)
class Outcome:
    """A reason that a triage gives, and what the referrer is told."""

    label: str
    told: str


@dataclass(frozen=True)
class Workflow:
    """Everything the data file says."""

    states: Mapping[str, Mapping[str, str]]
    groups: Mapping[str, frozenset[str]]
    stages: Mapping[str, CountedStage]
    acts: Mapping[str, Act]
    refer: Mapping[str, frozenset[str]]
    clocks: Mapping[str, int]
    urgency: Mapping[str, tuple[str, int]]
    outcomes: Mapping[str, Mapping[str, Outcome]]
    words: Mapping[str, Mapping[str, str]]


WORDS = ("came_as", "clock_stops", "closure_reasons", "levels", "consent_purposes", "note_kinds", "alert_kinds")


@cache
def workflow() -> Workflow:
    """The workflow as shipped, checked as it is read."""
    told = tomllib.loads(DATA.read_text("utf-8"))
    made = Workflow(
        states=told["states"],
        groups={name: frozenset(states) for name, states in told["groups"].items()},
        stages={
            name: CountedStage(said["label"], tuple(said["states"]), said["means"])
            for name, said in told["stages"].items()
        },
        acts={name: _act(name, said) for name, said in told["acts"].items()},
        refer={kind: frozenset(roles) for kind, roles in told["refer"].items()},
        clocks=told["clocks"],
        urgency={name: (said["label"], said["working_days"]) for name, said in told["urgency"].items()},
        outcomes={
            name: {reason: Outcome(**said) for reason, said in reasons.items()}
            for name, reasons in told["outcomes"].items()
        },
        words={name: told[name] for name in WORDS},
    )
    _check(made)
    return made


def _act(name: str, said: Mapping[str, Any]) -> Act:
    return Act(
        name=name,
        label=said["label"],
        of=said.get("of", "case"),
        states=frozenset(said["from"]),
        to=tuple(said.get("to", ())),
        roles=frozenset(said["roles"]),
        locks=said.get("locks", False),
        not_by=said.get("not_by"),
        own_roles=frozenset(said.get("own_roles", ())),
        otherwise=said["otherwise"],
    )


def _check(made: Workflow) -> None:
    """A state or role that nobody knows would be an act that nobody can do, or that anybody can."""
    for act in made.acts.values():
        unknown = (act.states | set(act.to)) - set(made.states[act.of]) | (act.roles | act.own_roles) - set(ROLES)
        if unknown:
            raise Refused(f"The workflow's act {act.name} names what is not there: {', '.join(sorted(unknown))}.")
    for name, stage in made.stages.items():
        if strange := set(stage.states) - set(made.states["case"]):
            raise Refused(f"The workflow's stage {name} names what is not there: {', '.join(sorted(strange))}.")


def state_label(of: str, state: str) -> str:
    """A state in words."""
    return workflow().states[of].get(state, state)


def clock(name: str) -> int:
    """The length of a clock."""
    return workflow().clocks[name]


def may_do(act: Act, role: str) -> bool:
    """Whether a role may do an act, if only to its own work."""
    return role in act.roles or may_do_to_own(act, role)


def may_do_to_own(act: Act, role: str) -> bool:
    """Whether a role may do an act to its own work: never, unless the council's setting allows self-approval."""
    return role in act.own_roles and Settings().self_approval


def require_role(act: Act, role: str) -> None:
    """Refuse a role that may not do an act."""
    if not may_do(act, role):
        raise NotAllowed(f"“{act.label}” is for {in_words(act.roles)}: ask one of them.")


def require_state(act: Act, state: str) -> None:
    """Refuse an act that does not fit the state."""
    if state not in act.states:
        raise Refused(f"{act.otherwise} This one is {state_label(act.of, state)}.")


def next_state(act: Act, state: str, chosen: str | None) -> str:
    """The state that an act leads to."""
    if not act.to:
        return state
    to = chosen or (act.to[0] if len(act.to) == 1 else state)
    if to not in act.to:
        raise Refused(f"“{act.label}” does not lead to {state_label(act.of, to)}.")
    return to


def in_words(roles: frozenset[str]) -> str:
    """Roles as a person says them."""
    return " or ".join(f"a {ROLES[role].lower()}" for role in sorted(roles))


def one_of(choices: str, chosen: str, *, what: str) -> str:
    """A choice that must be among the workflow's own."""
    known = workflow().words[choices]
    if chosen not in known:
        raise Refused(f"Choose {what}: {', '.join(known.values())}.")
    return chosen
