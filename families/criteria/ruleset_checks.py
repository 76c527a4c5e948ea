"""Everything that is wrong with a ruleset, at once, each in a sentence with its place and what is allowed.

Works on the TOML as read, so that one mistake never hides another.
"""

from __future__ import annotations

import datetime as dt
import difflib
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from families.criteria.askable import ASKABLE, NEVER, allowed_values
from families.criteria.ruleset import OPERATORS, Ruleset

Raw = Mapping[str, Any]
ASKING = ("criterion", "review", "condition")
WINDOWS = ("terms", "academic_years", "months", "months_ahead", "weeks", "current", "ever")
NUMBERS = OPERATORS
PERCENTS = tuple(f"{name}_percent" for name in OPERATORS)
REDUCTIONS = ("reduced_by_percent", "reduced_by")
REFUSED = "may not be read by any rule: nobody is found by ethnicity, sex, religion or language (Equality Act 2010)"


def mistakes(raw: Raw) -> list[str]:
    """Each mistake of a whole ruleset as a sentence, in the order of the file."""
    return [*wrong_shape(Ruleset, raw), *_wrong_meaning(raw)]


def wrong_shape(model: type[BaseModel], raw: Raw) -> list[str]:
    """Unknown keys, missing keys and wrong types, each in a sentence."""
    try:
        model.model_validate(raw)
    except ValidationError as error:
        return [_sentence(model, raw, each) for each in error.errors()]
    return []


def _sentence(model: type[BaseModel], raw: Raw, error: ErrorDetails) -> str:
    place, key = _place(raw, error["loc"]), str(error["loc"][-1])
    match error["type"]:
        case "missing":
            return f"{place} is missing; {_wanted(model, error['loc'])}."
        case "extra_forbidden":
            known = _known_keys(model, error["loc"])
            return f"{place} is not known{did_you_mean(key, known)}; allowed: {', '.join(known)}."
        case "literal_error":
            expected = str(error.get("ctx", {}).get("expected", "")).replace("'", "")
            return f"{place} is {_shown(error['input'])}; allowed: {expected}."
        case kind:
            return (
                f"{place} is {_shown(error['input'])}; {_TYPES.get(kind, error['msg'][:1].lower() + error['msg'][1:])}."
            )


def _wanted(model: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    """What a missing key must hold."""
    if isinstance(loc[-1], int):
        return "the list is too short"
    part: Any = model
    for step in loc[:-1]:
        if isinstance(step, str) and isinstance(part, type) and issubclass(part, BaseModel):
            part = _part_of(part, step)
    fields = {field.alias or name: field.annotation for name, field in part.model_fields.items()}
    annotation = fields.get(str(loc[-1]))
    if get_origin(annotation) is Literal:
        return f"allowed: {', '.join(get_args(annotation))}"
    if get_origin(annotation) is list:
        return _TYPES["list_type"]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"a table is needed, with {', '.join(_keys(annotation))}"
    return {str: _TYPES["string_type"], int: _TYPES["int_type"], dt.date: _TYPES["date_type"]}.get(
        annotation if isinstance(annotation, type) else object, "it is needed"
    )


_TYPES = {
    "int_type": "a whole number is needed",
    "int_from_float": "a whole number is needed",
    "int_parsing": "a whole number is needed",
    "string_type": "a text in quotation marks is needed",
    "bool_type": "true or false is needed",
    "bool_parsing": "true or false is needed",
    "list_type": "a list in square brackets is needed",
    "dict_type": "a table is needed",
    "model_type": "a table is needed",
    "date_type": "a date is needed, as 2012-04-01",
    "date_parsing": "a date is needed, as 2012-04-01",
    "date_from_datetime_parsing": "a date is needed, as 2012-04-01",
    "greater_than_equal": "a number of 0 or more is needed",
    "greater_than": "a number of 1 or more is needed",
}


def _shown(value: object) -> str:
    text = value.isoformat() if isinstance(value, dt.date) else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _place(raw: object, loc: Iterable[int | str]) -> str:
    """`criterion fixed_exclusions, bound.at_least` for the path criterion, 3, bound, at_least."""
    named: str = ""
    rest: list[str] = []
    for step in loc:
        if isinstance(raw, list) and isinstance(step, int):
            raw = raw[step] if step < len(raw) else None
            own = raw.get("id") or raw.get("label") if isinstance(raw, dict) else None
            if rest and own is not None:
                named, rest = f"{named}{', ' if named else ''}{'.'.join(rest)} {own}", []
            else:
                rest.append(str(step + 1))
        elif isinstance(raw, dict) and step in raw:
            raw = raw[step]
            rest.append(str(step))
        elif step not in ("Condition", "Option", "list[str]") and not str(step).startswith(
            ("literal", "list", "function")
        ):
            rest.append(str(step))
    return f"{named}{', ' if named and rest else ''}{'.'.join(rest)}"


def _known_keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The keys allowed beside an unknown one: those of the part that its path leads to."""
    part: Any = model
    for step in loc[:-1]:
        if isinstance(step, str) and isinstance(part, type) and issubclass(part, BaseModel):
            part = _part_of(part, step)
    return _keys(part) if isinstance(part, type) and issubclass(part, BaseModel) else []


def _part_of(model: type[BaseModel], key: str) -> Any:
    for name, field in model.model_fields.items():
        if key == (field.alias or name):
            return _model_in(field.annotation)
    return model


def _model_in(annotation: Any) -> Any:
    """The model inside `list[Bound]`, `Bound | None` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(inner) for inner in getattr(annotation, "__args__", ()))
    return next((each for each in found if each is not None), None)


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint in brackets where a word is nearly one of those known."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def tables(raw: Raw, name: str) -> list[Raw]:
    """The tables of a list, leaving out what is none: that mistake is told by its shape."""
    found = raw.get(name, [])
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def ids(raw: Raw, name: str) -> list[str]:
    """The ids of a list of tables."""
    return [str(each["id"]) for each in tables(raw, name) if "id" in each]


def _wrong_meaning(raw: Raw) -> Iterator[str]:
    yield from _said_twice(raw)
    yield from without_source(raw)
    yield from _wrong_dates(raw)
    yield from _wrong_reads(raw)
    for kind in ASKING:
        for asked in tables(raw, kind):
            yield from wrong_question(asked, kind=kind, reads=raw.get("reads", {}))
    yield from _names_of_nothing(raw)
    yield from _wrong_family(raw)
    yield from _wrong_switches(raw)


def without_source(raw: Raw) -> Iterator[str]:
    """Every part that says nothing where it says its source."""
    for kind in raw:
        for part in tables(raw, kind):
            if isinstance(part.get("source"), str) and not part["source"].strip():
                yield f"{kind} {part.get('id', part.get('label', ''))}, source is blank; say where the rule stands."


def _said_twice(raw: Raw) -> Iterator[str]:
    asked = Counter(each for kind in ASKING for each in ids(raw, kind))
    for kind in ("strand", "route", "result_route", "switch"):
        for name, times in Counter(ids(raw, kind)).items():
            if times > 1:
                yield f"{kind} {name} stands {times} times; an id is given once."
    for name, times in asked.items():
        if times > 1:
            yield f"The id {name} is given to {times} criteria, reviews or conditions; each needs its own."


def _wrong_dates(raw: Raw) -> Iterator[str]:
    force = raw.get("in_force", {})
    if isinstance(force, dict) and _is_before(force.get("to"), force.get("from")):
        yield f"in_force ends on {force['to']}, before it begins on {force['from']}."
    for year in tables(raw.get("money", {}) if isinstance(raw.get("money"), dict) else {}, "year"):
        if _is_before(year.get("to"), year.get("from")):
            yield f"money, year {year.get('label', '')} ends on {year['to']}, before it begins on {year['from']}."


def _is_before(end: object, start: object) -> bool:
    return isinstance(end, dt.date) and isinstance(start, dt.date) and end < start


def _wrong_reads(raw: Raw) -> Iterator[str]:
    reads = raw.get("reads", {})
    if not isinstance(reads, dict):
        return
    for table, columns in reads.items():
        if table not in ASKABLE:
            known = sorted(ASKABLE)
            yield f"reads: {table} is not a table of facts{did_you_mean(table, known)}; allowed: {', '.join(known)}."
            continue
        for column in columns if isinstance(columns, list) else []:
            yield from _wrong_column(f"reads, {table}", str(column), sorted(ASKABLE[table].columns))


def _wrong_column(place: str, column: str, allowed: Iterable[str]) -> Iterator[str]:
    allowed = list(allowed)
    if column.lower() in NEVER:
        yield f"{place}: {column} {REFUSED}."
    elif column not in allowed:
        hint = did_you_mean(column, allowed)
        yield f"{place}: {column} may not be read{hint}; allowed: {', '.join(allowed) or 'none'}."


def wrong_question(asked: Raw, *, kind: str, reads: object) -> Iterator[str]:
    """What is wrong with one criterion, review or condition, beyond the shape of its parts."""
    place = f"{kind} {asked.get('id', '(no id)')}"
    table = asked.get("table")
    if isinstance(table, str) and table not in ASKABLE:
        known = sorted(ASKABLE)
        hint = did_you_mean(table, known)
        yield f"{place}, table: {table} is not a table of facts{hint}; allowed: {', '.join(known)}."
    elif isinstance(table, str):
        yield from _wrong_columns(asked, place, table, reads if isinstance(reads, dict) else {})
    yield from _wrong_window(asked, place)
    yield from _wrong_bounds(asked, place)
    if asked.get("measure") == "status" and not asked.get("what_not"):
        yield f"{place}, what_not: a status says how it reads when it is not so."


def _wrong_columns(asked: Raw, place: str, table: str, reads: Raw) -> Iterator[str]:
    listed = reads.get(table)
    if listed is None:
        yield f"{place}, table: {table} is not listed under reads."
    numerators = asked.get("numerator", [])
    numbers = [
        *([numerators] if isinstance(numerators, str) else numerators),
        asked.get("denominator"),
        asked.get("total_of"),
    ]
    parts = [asked.get(part) for part in ("where", "unless")]
    filters = [column for part in parts if isinstance(part, dict) for column in part]
    declared = set(listed) if isinstance(listed, list) else set()
    for column, able in (
        *((each, ASKABLE[table].filters) for each in filters),
        *((str(each), ASKABLE[table].numbers) for each in numbers if each),
    ):
        wrong = list(_wrong_column(place, column, able))
        yield from wrong
        if not wrong and listed is not None and column not in declared:
            yield f"{place}: {column} of {table} is not listed under reads."
    yield from _wrong_values(asked, place, table)
    day = asked.get("dated_by", "on")
    if day not in ASKABLE[table].days:
        yield f"{place}, dated_by: {table} has no day {day}; allowed: {', '.join(ASKABLE[table].days)}."


def _wrong_values(asked: Raw, place: str, table: str) -> Iterator[str]:
    """Words that no record can hold: a criterion that asks for one is met by nobody."""
    for part in ("where", "unless"):
        filters = asked.get(part)
        for column, values in filters.items() if isinstance(filters, dict) else ():
            allowed = allowed_values(table, column) if column in ASKABLE[table].filters else ()
            for value in values if isinstance(values, list) and allowed else ():
                if value not in allowed:
                    hint = did_you_mean(str(value), [str(each) for each in allowed])
                    listed = ", ".join(
                        "true" if each is True else str(each).lower() if each is False else each for each in allowed
                    )
                    yield f"{place}, {part}.{column}: there is no {value}{hint}; allowed: {listed}."


def _wrong_window(asked: Raw, place: str) -> Iterator[str]:
    window = asked.get("window")
    if not isinstance(window, dict):
        return
    given = [name for name in WINDOWS if window.get(name) is not None and window[name] is not False]
    if len(given) != 1:
        yield f"{place}, window: give one of {', '.join(WINDOWS)}; it has {', '.join(given) or 'none'}."
    for name in given:
        if isinstance(window[name], int) and window[name] < 1:
            yield f"{place}, window.{name} is {window[name]}; a whole number of 1 or more is needed."
    needs = {"share": ("terms", "academic_years"), "duration": ("weeks", "months")}.get(str(asked.get("measure")))
    if needs and len(given) == 1 and given[0] not in needs:
        yield f"{place}, window: a {asked['measure']} is asked over {' or '.join(needs)}, not {given[0]}."


def _wrong_bounds(asked: Raw, place: str) -> Iterator[str]:
    measure, bounds = asked.get("measure"), asked.get("bound")
    bounds = [bounds] if isinstance(bounds, dict) else bounds
    if not isinstance(bounds, list):
        return
    if not bounds:
        yield f"{place}, bound: at least one is needed."
    kinds = {"share": PERCENTS, "reduction": REDUCTIONS}.get(str(measure), NUMBERS)
    for bound in (each for each in bounds if isinstance(each, dict)):
        given = [name for name in (*NUMBERS, *PERCENTS, *REDUCTIONS) if bound.get(name) is not None]
        if len(given) != 1:
            yield f"{place}, bound: give one of {', '.join(kinds)}; it has {', '.join(given) or 'none'}."
        elif given[0] not in kinds:
            yield f"{place}, bound: a {measure} is compared by {', '.join(kinds)}, not {given[0]}."
        yield from _wrong_number(bound, given, place)
        if _is_before(bound.get("to"), bound.get("from")):
            yield f"{place}, bound ends on {bound['to']}, before it begins on {bound['from']}."
    yield from _wrong_parts(asked, place)
    yield from _overlapping(bounds, place)


def _wrong_number(bound: Raw, given: list[str], place: str) -> Iterator[str]:
    for name in given:
        number = bound[name]
        if isinstance(number, int) and (number < 0 or ("percent" in name and number > 100)):
            wanted = "0 to 100" if "percent" in name else "0 or more"
            yield f"{place}, bound.{name} is {number}; a whole number of {wanted} is needed."


def _wrong_parts(asked: Raw, place: str) -> Iterator[str]:
    measure = asked.get("measure")
    parts = {"share": ("numerator", "denominator"), "total": ("total_of",), "reduction": ("baseline",)}
    for name in ("numerator", "denominator", "total_of", "baseline"):
        is_needed = name in parts.get(str(measure), ())
        if is_needed and not asked.get(name):
            yield f"{place}, {name}: a {measure} needs one."
        elif asked.get(name) and not is_needed:
            owner = next(key for key, names in parts.items() if name in names)
            yield f"{place}, {name} belongs to a {owner}, not to a {measure}."


def _overlapping(bounds: list[Any], place: str) -> Iterator[str]:
    dated = [bound for bound in bounds if isinstance(bound, dict)]
    for first, second in itertools.pairwise(dated):
        end, start = first.get("to"), second.get("from")
        if not (isinstance(end, dt.date) and isinstance(start, dt.date)) or end + dt.timedelta(days=1) != start:
            ends = f"{end or 'no end'}, {start or 'no start'}"
            yield f"{place}, bound: one bound must end the day before the next begins ({ends})."


def _names_of_nothing(raw: Raw) -> Iterator[str]:
    strands, conditions = (
        ids(raw, "strand"),
        [each for kind in ("condition", "progress_condition", "casework_condition") for each in ids(raw, kind)],
    )
    for criterion in tables(raw, "criterion"):
        yield from _unknown_name(f"criterion {criterion.get('id')}, strand", criterion.get("strand"), strands)
    for condition in tables(raw, "condition"):
        if condition.get("strand") is not None:
            yield from _unknown_name(f"condition {condition.get('id')}, strand", condition["strand"], strands)
    for route in tables(raw, "route"):
        for part in tables(route, "conditions"):
            for name in part["of"] if isinstance(part.get("of"), list) else []:
                yield from _unknown_name(f"route {route.get('id')}", name, strands)
            wanted, of = part.get("at_least"), part.get("of")
            size = len(strands) if of == "all" else len(of) if isinstance(of, list) else 0
            if isinstance(wanted, int) and wanted > size:
                yield f"route {route.get('id')}: at least {wanted} of {size} can never be met."
    for progress in tables(raw, "progress_condition"):
        for name in progress["leaves_out"] if isinstance(progress.get("leaves_out"), list) else []:
            yield from _unknown_name(f"progress_condition {progress.get('id')}, leaves_out", name, strands)
    for review in tables(raw, "review"):
        for name in review["holds"] if isinstance(review.get("holds"), list) else []:
            yield from _unknown_name(f"review {review.get('id')}, holds", name, ids(raw, "result_route"))
    for route in tables(raw, "result_route"):
        for key in ("all_of", "any_of"):
            for name in route[key] if isinstance(route.get(key), list) else []:
                yield from _unknown_name(f"result_route {route.get('id')}, {key}", name, conditions)
    money = raw.get("money")
    for year in tables(money, "year") if isinstance(money, dict) else []:
        for name in year.get("results", {}) if isinstance(year.get("results"), dict) else []:
            yield from _unknown_name(f"money, year {year.get('label')}, results", name, ids(raw, "result_route"))
    for strand in strands:
        if strand not in {criterion.get("strand") for criterion in tables(raw, "criterion")}:
            yield f"strand {strand} has no criterion, so nothing can ever meet it."


def _unknown_name(place: str, name: object, known: list[str]) -> Iterator[str]:
    if isinstance(name, str) and name not in known:
        yield f"{place}: there is no {name}{did_you_mean(name, known)}; there is {', '.join(known) or 'none'}."


def _wrong_family(raw: Raw) -> Iterator[str]:
    family = raw.get("family")
    if isinstance(family, dict):
        asks = family.get("requires", [])
        if "dependent_child" in asks and "dependent" not in family:
            yield "family, dependent: a ruleset that requires a dependent child says which children are dependent."


def _wrong_switches(raw: Raw) -> Iterator[str]:
    for switch in tables(raw, "switch"):
        options = ids(switch, "option")
        yield from _unknown_name(f"switch {switch.get('id')}, default", switch.get("default"), options)
        for option in tables(switch, "option"):
            for change in tables(option, "change"):
                at = change.get("at")
                if isinstance(at, str) and find_part(raw, at) is None:
                    yield f"switch {switch.get('id')}, option {option.get('id')}: there is no {at} to change."


def find_part(raw: Raw, at: str) -> dict[str, Any] | None:
    """The table that a path as `family` or `criterion.youth_offence` names."""
    kind, _, name = at.partition(".")
    found = raw.get(kind)
    if not name:
        return found if isinstance(found, dict) else None
    if isinstance(found, dict):
        inner = found.get(name)
        return inner if isinstance(inner, dict) else None
    return next((each for each in tables(raw, kind) if each.get("id") == name), None)  # type: ignore[return-value]
