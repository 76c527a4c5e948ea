"""Finds and reads rulesets: the shipped ones by id, an authority's own overlay, and the switches chosen."""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from families.criteria.overlay import Overlay, overlay_mistakes, with_overlay
from families.criteria.ruleset import Ruleset
from families.criteria.ruleset_checks import find_part, mistakes
from families.errors import Refused

RULESETS = Path(__file__).parent / "rulesets"


@dataclass(frozen=True)
class LoadedRuleset:
    """A ruleset as it is used: with its switches set, its overlay in, and the hash of all that went into it."""

    rules: Ruleset
    sha256: str
    switches: Mapping[str, str] = field(default_factory=dict)
    overlay: Overlay | None = None


@cache
def shipped() -> tuple[str, ...]:
    """The ids of the rulesets that come with the product, oldest programme first."""
    started = {path.stem: _parsed(path)["in_force"]["from"] for path in RULESETS.glob("*.toml")}
    return tuple(sorted(started, key=lambda name: (started[name], name)))


def load_ruleset(name: str, *, switches: Mapping[str, str] | None = None) -> LoadedRuleset:
    """A shipped ruleset by id, or a file (a whole ruleset, or an overlay that extends one) where `name` ends in .toml.

    Raises Refused: for an id there is not, for every mistake of a file at once, for a switch or option there is not.
    """
    if name.endswith(".toml"):
        return read_ruleset(Path(name), switches=switches)
    known = shipped()
    if name not in known:
        raise Refused(f"There is no ruleset {name!r}; there is {', '.join(known)}.")
    return _shipped_ruleset(name, tuple(sorted((switches or {}).items())))


@cache
def _shipped_ruleset(name: str, switches: tuple[tuple[str, str], ...]) -> LoadedRuleset:
    """The package's own files do not change while the program runs."""
    return read_ruleset(RULESETS / f"{name}.toml", switches=dict(switches))


def read_ruleset(path: Path, *, switches: Mapping[str, str] | None = None) -> LoadedRuleset:
    """A ruleset or overlay file. Raises Refused with every mistake at once, each with its place."""
    return ruleset_of(_bytes(path), path.name, switches=switches)


def ruleset_of(content: bytes, name: str, *, switches: Mapping[str, str] | None = None) -> LoadedRuleset:
    """A ruleset or overlay as the bytes of a file of that name. Raises Refused as `read_ruleset`."""
    raw = _toml(content, name)
    overlay: Overlay | None = None
    digest = hashlib.sha256(content)
    if "extends" in raw:
        _refuse(name, overlay_mistakes(raw, base=_base_of(raw), known=list(shipped())))
        overlay = Overlay.model_validate(raw)
        base = RULESETS / f"{overlay.extends}.toml"
        digest.update(base.read_bytes())
        raw = with_overlay(_parsed(base), overlay)
    else:
        _refuse(name, mistakes(raw))
    chosen = _chosen(raw, {**(overlay.switches if overlay else {}), **(switches or {})})
    switched = with_switches(raw, chosen)
    _refuse(name, mistakes(switched))
    for switch, option in sorted(chosen.items()):
        digest.update(f"\n{switch}={option}".encode())
    return LoadedRuleset(Ruleset.model_validate(switched), digest.hexdigest(), chosen, overlay)


def as_kept(loaded: LoadedRuleset) -> dict[str, Any]:
    """A ruleset as texts to be kept with what it was used for: sha256, rules, switches and overlay, as JSON."""
    overlay = loaded.overlay
    return {
        "sha256": loaded.sha256,
        "rules": loaded.rules.model_dump_json(by_alias=True),
        "switches": json.dumps(dict(loaded.switches), sort_keys=True),
        "overlay": overlay.model_dump_json(by_alias=True, exclude_defaults=True) if overlay else None,
    }


def from_kept(*, sha256: str, rules: str, switches: Mapping[str, str], overlay: str | None) -> LoadedRuleset:
    """The ruleset that `as_kept` kept. Raises Refused where another version of the software kept it."""
    try:
        kept = Overlay.model_validate_json(overlay, strict=False) if overlay else None
        return LoadedRuleset(Ruleset.from_json(rules), sha256, switches, kept)
    except ValidationError:
        raise Refused("These rules were kept by another version of the software: run `families refresh`.") from None


def kept_overlay_mistakes(overlay: Overlay) -> list[str]:
    """What is wrong with an overlay in use by the rulesets and checks of this version; nothing as a rule."""
    raw = overlay.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)
    base = _base_of(raw)
    return overlay_mistakes(raw, base=base, known=list(shipped())) or mistakes(with_overlay(base or {}, overlay))


def file_mistakes(path: Path) -> list[str]:
    """Every mistake of a ruleset or overlay file; each option of each switch is tried as well."""
    raw = _parsed(path)
    if "extends" in raw:
        found = overlay_mistakes(raw, base=_base_of(raw), known=list(shipped()))
        return found or mistakes(with_overlay(_base_of(raw) or {}, Overlay.model_validate(raw)))
    found = mistakes(raw)
    return found or [
        f"With switch {switch['id']} at {option['id']}: {sentence}"
        for switch in raw.get("switch", [])
        for option in switch["option"]
        for sentence in mistakes(with_switches(raw, {switch["id"]: option["id"]}))
    ]


def _parsed(path: Path) -> dict[str, Any]:
    return _toml(_bytes(path), path.name)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"{path.name} cannot be read: {error.strerror or 'no such file'}.") from None


def _toml(content: bytes, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{name} is not TOML: {error}.") from None
    except RecursionError:
        raise Refused(f"{name} is nested too deeply to be read.") from None


def _base_of(raw: Mapping[str, Any]) -> dict[str, Any] | None:
    name = raw.get("extends")
    return _parsed(RULESETS / f"{name}.toml") if isinstance(name, str) and name in shipped() else None


def _refuse(name: str, found: list[str]) -> None:
    if found:
        what = "a mistake" if len(found) == 1 else f"{len(found)} mistakes"
        raise Refused(f"{name} has {what}:\n" + "\n".join(found))


def _chosen(raw: Mapping[str, Any], asked: Mapping[str, str]) -> dict[str, str]:
    """Every switch with its option, the default where nobody chose. Raises Refused for what there is not."""
    options = {switch["id"]: [option["id"] for option in switch["option"]] for switch in raw.get("switch", [])}
    wrong = [
        f"There is no switch {name}; {raw['id']} has {', '.join(options) or 'none'}."
        if name not in options
        else f"Switch {name} has no option {option}; it has {', '.join(options[name])}."
        for name, option in asked.items()
        if option not in options.get(name, [])
    ]
    if wrong:
        raise Refused("\n".join(wrong))
    return {switch["id"]: asked.get(switch["id"], switch["default"]) for switch in raw.get("switch", [])}


def with_switches(raw: Mapping[str, Any], chosen: Mapping[str, str]) -> dict[str, Any]:
    """The ruleset with the changes of the options chosen made."""
    made = copy.deepcopy(dict(raw))
    for switch in made.get("switch", []):
        for option in switch["option"]:
            if chosen.get(switch["id"]) == option["id"]:
                for change in option.get("change", []):
                    part = find_part(made, change["at"])
                    if part is not None:
                        part.update(copy.deepcopy(change["set"]))
    return made


def check_in_force(rules: Ruleset, as_of: dt.date, *, anyway: bool = False) -> None:
    """Refuse a date outside the ruleset's years unless told to go on."""
    start, end = rules.in_force.from_, rules.in_force.to
    if not anyway and not (start <= as_of and (end is None or as_of <= end)):
        raise Refused(
            f"{rules.id} was in force from {start} to {end or 'today'}, and {as_of} is outside: "
            "choose another ruleset, or give --anyway."
        )


@cache
def in_force_on(day: dt.date) -> list[str]:
    """The shipped rulesets in force on a day, the oldest first: early starters of the next one chose it."""
    rulesets = {name: load_ruleset(name).rules.in_force for name in shipped()}
    return [name for name, force in rulesets.items() if force.from_ <= day and (force.to is None or day <= force.to)]


@cache
def programmes() -> dict[str, str]:
    """The programme of each shipped ruleset: a family is paid for once in each."""
    return {name: load_ruleset(name).rules.programme for name in shipped()}
