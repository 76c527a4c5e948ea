"""An authority's own file: switches, values where the grade is uncertain, local criteria, its outcomes plan.

Nothing else can be changed: what an official source settles stays as it is.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from families.criteria.ruleset import Criterion, Part
from families.criteria.ruleset_checks import did_you_mean, ids, tables, without_source, wrong_question, wrong_shape

OPEN_GRADES = ("M", "I")
SETTABLE = ("bound", "window", "where", "fresh_within_months", "averaging")


class Setting(Part):
    """New values for a criterion or condition whose rule is recalled or interpreted, with the source of them."""

    id: str
    bound: Any = None
    window: dict[str, Any] | None = None
    where: dict[str, list[str | bool]] | None = None
    fresh_within_months: int | None = None
    averaging: str | None = None
    sustained_months: int | None = None
    source: str


class PlannedOutcome(Part):
    """What the authority's outcomes plan takes for success in one strand, and how it is shown."""

    strand: str
    goal: str
    measure: str
    evidence: str


class OutcomesPlan(Part):
    """The authority's outcomes plan."""

    title: str
    adopted_on: dt.date
    outcome: list[PlannedOutcome] = []


class Overlay(Part):
    """The whole file."""

    extends: str
    authority: str
    switches: dict[str, str] = {}
    setting: list[Setting] = []
    criterion: list[Criterion] = []
    leaves_out: list[str] = []  # criteria of the local strand that the authority does not use
    payment_by_results_area: bool | None = None
    outcomes_plan: OutcomesPlan | None = None


def overlay_mistakes(raw: Mapping[str, Any], *, base: Mapping[str, Any] | None, known: list[str]) -> list[str]:
    """Every mistake of an overlay, each in a sentence. `base` is the ruleset it extends, where there is one."""
    found = wrong_shape(Overlay, raw)
    if base is None:
        name = raw.get("extends")
        return [*found, f"extends: there is no ruleset {name!r}; there is {', '.join(known)}."]
    return [
        *found,
        *without_source(raw),
        *_wrong_switches(raw, base),
        *_wrong_settings(raw, base),
        *_wrong_criteria(raw, base),
        *_wrong_plan(raw, base),
    ]


def _wrong_switches(raw: Mapping[str, Any], base: Mapping[str, Any]) -> Iterator[str]:
    options = {switch["id"]: ids(switch, "option") for switch in tables(base, "switch")}
    chosen = raw.get("switches", {})
    for name, option in chosen.items() if isinstance(chosen, dict) else ():
        if name not in options:
            allowed = ", ".join(options) or "none"
            yield f"switches, {name} is not a switch of {base['id']}{did_you_mean(name, options)}; allowed: {allowed}."
        elif option not in options[name]:
            near = did_you_mean(str(option), options[name])
            yield f"switches, {name} is {option!r}{near}; allowed: {', '.join(options[name])}."


def _wrong_settings(raw: Mapping[str, Any], base: Mapping[str, Any]) -> Iterator[str]:
    grades = {
        str(each["id"]): str(each["confidence"])
        for kind in ("criterion", "review", "condition", "progress_condition")
        for each in tables(base, kind)
    }
    open_ = [name for name, grade in grades.items() if grade in OPEN_GRADES]
    for setting in tables(raw, "setting"):
        name = str(setting.get("id"))
        if name not in grades:
            hint = did_you_mean(name, grades)
            yield f"setting {name}: {base['id']} has none of that id{hint}; allowed: {', '.join(open_)}."
        elif grades[name] not in OPEN_GRADES:
            yield (
                f"setting {name}: its rule is of grade {grades[name]} and stands as it is; "
                f"allowed: {', '.join(open_) or 'none'}."
            )
        else:
            part = next(
                each
                for kind in ("criterion", "review", "condition", "progress_condition")
                for each in tables(base, kind)
                if each["id"] == name
            )
            if "measure" in part:
                yield from wrong_question({**part, **_changes(setting)}, kind="setting", reads=base.get("reads", {}))


def _changes(setting: Mapping[str, Any]) -> dict[str, Any]:
    wanted = (*SETTABLE, "sustained_months", "source")
    return {name: value for name, value in setting.items() if name in wanted and value is not None}


def _wrong_criteria(raw: Mapping[str, Any], base: Mapping[str, Any]) -> Iterator[str]:
    strands, taken = ids(base, "strand"), ids(base, "criterion")
    for criterion in tables(raw, "criterion"):
        yield from wrong_question(criterion, kind="criterion", reads=base.get("reads", {}))
        name, strand = criterion.get("id"), criterion.get("strand")
        if name in taken:
            yield f"criterion {name} stands in {base['id']} already; give the local one an id of its own."
        if isinstance(strand, str) and strand not in strands:
            hint = did_you_mean(strand, strands)
            yield f"criterion {name}, strand: there is no {strand}{hint}; allowed: {', '.join(strands)}."
    local = [str(each["id"]) for each in tables(base, "criterion") if each.get("strand") == "local"]
    left = raw.get("leaves_out", [])
    for name in left if isinstance(left, list) else []:
        if name not in local:
            hint = did_you_mean(str(name), local)
            yield f"leaves_out, {name} is no local factor of {base['id']}{hint}; allowed: {', '.join(local) or 'none'}."


def _wrong_plan(raw: Mapping[str, Any], base: Mapping[str, Any]) -> Iterator[str]:
    plan, strands = raw.get("outcomes_plan"), ids(base, "strand")
    for outcome in tables(plan, "outcome") if isinstance(plan, dict) else ():
        strand = outcome.get("strand")
        if isinstance(strand, str) and strand not in strands:
            hint = did_you_mean(strand, strands)
            yield f"outcomes_plan, outcome, strand: there is no {strand}{hint}; allowed: {', '.join(strands)}."


def with_overlay(base: Mapping[str, Any], overlay: Overlay) -> dict[str, Any]:
    """The ruleset with the authority's values and criteria in it; its id stays, so that findings name the programme."""
    made = copy.deepcopy(dict(base))
    own = overlay.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)
    made["criterion"] = [each for each in made["criterion"] if each["id"] not in overlay.leaves_out] + own.get(
        "criterion", []
    )
    settings = {setting["id"]: _changes(setting) for setting in own.get("setting", [])}
    made["local"] = sorted([*settings, *(each["id"] for each in own.get("criterion", []))])
    for kind in ("criterion", "review", "condition", "progress_condition"):
        for part in made.get(kind, []):
            part.update(copy.deepcopy(settings.get(part["id"], {})))
    return made
