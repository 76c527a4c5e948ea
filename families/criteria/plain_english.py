"""One question of a ruleset in plain English, made from its values alone: who, what, how much, over which time.

Pages, the reference and tests say a criterion, review or condition by these words; nothing here is typed for one rule.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Mapping
from functools import cache

from families.criteria.explain import day
from families.criteria.ruleset import Asked, Bound, MeasuredCondition, Review, WindowRule
from families.reference import REFERENCE

TABLES = {
    "absence": "sessions missed, by term",
    "exclusions": "exclusions and suspensions",
    "provision": "alternative provision",
    "roll": "where a child is educated",
    "offences": "offences",
    "asb_measures": "anti-social behaviour and what was done about it",
    "benefits": "benefit claims",
    "care_episodes": "children's social care",
    "early_help": "early help episodes",
    "housing_statuses": "housing",
    "sentences": "sentences being served",
    "releases": "releases from prison to come",
    "domestic_incidents": "domestic abuse incidents reported to the police",
    "service_flags": "who is with a health or treatment service",
    "destinations": "what young people do after 16",
    "nominations": "nominations by professionals",
    "work_steps": "steps to work",
}

# What a value of a filter means, where no code list says so.
VALUES: dict[tuple[str, str], dict[str, str]] = {
    ("provision", "status"): {"after_exclusion": "after an exclusion"},
    ("roll", "status"): {
        "off_roll": "on no school roll",
        "on_roll": "on a school roll",
        "home_educated": "lawfully educated at home",
    },
    ("offences", "is_proven"): {"True": "proven", "False": "not proven"},
    ("asb_measures", "kind"): {
        "ASBO": "anti-social behaviour order",
        "ASBI": "anti-social behaviour injunction",
        "ABC": "acceptable behaviour contract",
        "CBO": "criminal behaviour order",
        "NOSP": "notice of seeking possession",
        "injunction": "housing injunction",
        "demotion": "demoted tenancy",
        "eviction": "eviction",
        "warning": "warning",
        "incident": "incident",
    },
    ("asb_measures", "ground"): {"asb": "for anti-social behaviour", "arrears": "for arrears"},
    ("care_episodes", "kind"): {
        "CIN": "child in need",
        "CP": "child protection plan",
        "LAC": "looked after",
        "S47": "section 47 enquiry",
    },
    ("housing_statuses", "kind"): {
        "arrears": "rent arrears",
        "notice_arrears": "notice for arrears",
        "eviction_risk": "risk of eviction",
        "temporary_accommodation": "temporary accommodation",
        "homeless": "homeless",
        "unsuitable": "unsuitable home",
        "excluded_from_home": "excluded from the family home",
    },
    ("sentences", "kind"): {
        "custody": "custody",
        "licence": "licence or supervision after prison",
        "community_order": "community order",
        "suspended_sentence": "suspended sentence",
    },
    ("sentences", "has_parenting_responsibility"): {"True": "with parenting responsibilities"},
    ("releases", "has_parenting_responsibility"): {"True": "with parenting responsibilities"},
    ("domestic_incidents", "role"): {"victim": "victim", "suspect": "suspect", "child": "child affected"},
    ("domestic_incidents", "is_marac"): {"True": "taken to the multi-agency conference"},
    ("destinations", "status"): {
        "neet": "not in education, employment or training",
        "no_offer": "without an offer",
        "education": "in education",
        "training": "in training",
        "employment": "in employment",
    },
    ("work_steps", "kind"): {
        "employment": "a job",
        "work_programme": "Work Programme",
        "esf_provision": "European Social Fund provision",
    },
    ("work_steps", "meets_earnings_floor"): {"True": "earning the floor that the benefit's conditions set"},
}
PLAIN = {
    ("service_flags", "service"): (
        "mental_health", "drugs", "alcohol", "perinatal", "expectant_parent", "learning_disability", "physical_health",
        "early_years_development",
    ),
}  # fmt: skip
CODE_LISTS = {
    ("exclusions", "category"): "exclusion_categories.csv",
    ("benefits", "benefit"): "benefits.csv",
    ("work_steps", "benefit_left"): "benefits.csv",
    ("nominations", "need"): "nomination_needs.csv",
}
NAMES = ("benefits.csv",)  # whose labels are names, with a capital anywhere
BEFORE_VALUES = {"benefit_left": "after "}

NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}
WHO = {
    "child": "a child",
    "adult": "an adult of the family",
    "member": "a member of the family",
    "family": "the family as a whole",
}
THE_ONE = {"child": "child", "adult": "adult of the family", "member": "member of the family", "family": "family"}
TOGETHER = {
    "child": "all children of the family together",
    "adult": "all adults of the family together",
    "member": "all members of the family together",
    "family": "the family as a whole",
}


def criterion_in_words(asked: Asked) -> str:
    """The whole question in one sentence: who has what, against which bound, over which time."""
    return f"{capital(_statement(asked))}."


def _statement(asked: Asked) -> str:
    who, bound, window = who_in_words(asked), bound_in_words(asked), window_in_words(asked)
    has = "have" if _is_together(asked) and asked.asked_of != "family" else "has"
    match asked.measure:
        case "status":
            return f"{who} {_state(asked)} {_at_any_time(asked.window)}{window}"
        case "share":
            sessions = f"their {asked.denominator} sessions as {_absence(asked)}"
            return f"{who} {has} {bound} of {sessions}, {window}{_made(asked)}"
        case "reduction":
            return f"counted for {who}, {asked.what} are down by {bound} {window}, compared with {_before(asked)}"
        case _:
            return f"{who} {has} {bound} {asked.what} {window}"


def _state(asked: Asked) -> str:
    """A status is so, or must not be so; only a rule on how many says the number."""
    comparison = asked.bound[-1].comparison
    if comparison in (("at_least", 1), ("more_than", 0)):
        return asked.what
    return asked.what_not if comparison in (("at_most", 0), ("below", 1)) else f"{asked.what} ({bound_in_words(asked)})"


def _at_any_time(window: WindowRule) -> str:
    return "" if window.current or window.ever else "at any time "


def _absence(asked: Asked) -> str:
    return f"{' or '.join(asked.numerator)} absence"


def _made(asked: Asked) -> str:
    """How the terms' shares make one share, where they are not simply added up."""
    mean = ", as the mean of the terms' shares" if asked.averaging == "mean_of_terms" else ""
    rounded = ", rounded to a whole per cent" if asked.rounding == "whole_percent" else ""
    return f"{mean}{rounded}"


def _before(asked: Asked) -> str:
    base = asked.baseline
    if base is None:
        return "the time before"
    if base.ends == "attachment":
        return f"the {base.months} months before the work with the family began"
    as_long = "" if base.months == asked.window.months else ", brought to the same length of time"
    return f"the {base.months} months before{as_long}"


def who_in_words(asked: Asked) -> str:
    """Who is asked, by role, age and, for a condition of a result, how many of them: `every child of ... age`."""
    of = asked.of if isinstance(asked, MeasuredCondition) else None
    one = THE_ONE[asked.asked_of]
    if asked.asked_of == "family":
        return WHO["family"]
    who = {None: WHO[asked.asked_of], "each": f"every {one}", "any": f"at least one {one}", "together": ""}[of]
    who = who or TOGETHER[asked.asked_of]
    return " ".join(part for part in (who, _aged(asked)) if part)


def _is_together(asked: Asked) -> bool:
    return isinstance(asked, MeasuredCondition) and asked.of == "together"


def _aged(asked: Asked) -> str:
    parts = ["of compulsory school age"] if asked.compulsory_school_age else []
    if asked.ages is not None:
        first, last = asked.ages.from_, asked.ages.to
        if first is None and last is not None:
            parts.append(f"aged {last} or under")
        elif last is None:
            parts.append(f"aged {first} or over")
        else:
            between = "or" if first is not None and last == first + 1 else "to"
            parts.append(f"aged {first} {between} {last}" if first != last else f"aged {first}")
    return " ".join(parts)


def bound_in_words(asked: Asked) -> str:
    """What must be reached: the bound of today, and in brackets those of other dates."""
    *others, last = asked.bound
    earlier = "; ".join(f"{_figure(bound, asked)} {span_in_words(bound.from_, bound.to)}".strip() for bound in others)
    return f"{_figure(last, asked)} ({earlier})" if earlier else _figure(last, asked)


def _figure(bound: Bound, asked: Asked) -> str:
    if asked.measure == "reduction":
        part, whole = bound.reduction
        return f"{part}% or more" if bound.reduced_by is None else f"{part}/{whole} or more"
    operator, number = bound.comparison
    figure = f"{number}%" if bound.is_percent else f"{number:,}"
    fewer = "less" if bound.is_percent else "fewer"
    return {
        "at_least": f"{figure} or more",
        "more_than": f"more than {figure}",
        "below": f"{fewer} than {figure}",
        "at_most": f"{figure} or {fewer}",
    }[operator]


def span_in_words(start: dt.date | None, end: dt.date | None) -> str:
    """Days from and to, either open: `from 1 April 2012 to 31 May 2015`, `until 31 August 2015`."""
    if start is None:
        return f"until {day(end)}" if end else ""
    return f"from {day(start)} to {day(end)}" if end else f"from {day(start)}"


def window_in_words(asked: Asked) -> str:
    """The time asked about: `over the last three completed terms`, `in the last 12 months`."""
    window = asked.window
    over = "in each of" if asked.averaging == "each_term" else "over"
    since = " that were not over when the work with the family began" if window.since_attachment else ""
    if window.terms is not None and window.including_current_term:
        return f"{over} the term in progress and the {number_in_words(window.terms - 1)} before it{since}"
    if window.terms is not None:
        return f"{over} the last {_counted(window.terms, 'completed term')}{since}"
    if window.academic_years is not None:
        return f"{over} the last {_counted(window.academic_years, 'completed school year')}{since}"
    if window.months is not None:
        return f"in the last {window.months} months"
    if window.months_ahead is not None:
        return f"in the next {window.months_ahead} months"
    if window.weeks is not None:
        return f"in the last {window.weeks} weeks"
    return "at any time until the day asked about" if window.ever else "on the day asked about"


def _counted(number: int, what: str) -> str:
    return what if number == 1 else f"{number_in_words(number)} {what}s"


def number_in_words(number: int) -> str:
    """Small numbers as words, others in figures."""
    return NUMBERS.get(number, f"{number:,}")


def table_in_words(asked: Asked) -> str:
    """Which data is asked, and which rows of it count."""
    share = f"{_absence(asked)} out of {asked.denominator} sessions" if asked.measure == "share" else ""
    wanted = share or filter_in_words(asked.table, asked.where)
    left_out = filter_in_words(asked.table, asked.unless)
    said = f"{TABLES[asked.table]}: {wanted}" if wanted else TABLES[asked.table]
    return f"{said}; spells that overlap {left_out} are left out" if left_out else said


def filter_in_words(table: str, where: Mapping[str, Iterable[str | bool]]) -> str:
    """The values that count, column by column: `housing injunction or eviction, for anti-social behaviour`."""
    return ", ".join(
        f"{BEFORE_VALUES.get(column, '')}{either(value_in_words(table, column, value) for value in values)}"
        for column, values in where.items()
    )


def value_in_words(table: str, column: str, value: str | bool) -> str:
    """What one value of a column means; the value itself where nobody wrote it down."""
    return known_values(table, column).get(str(value), str(value).replace("_", " "))


def known_values(table: str, column: str) -> Mapping[str, str]:
    """The values of a column that have words, with them."""
    file = CODE_LISTS.get((table, column))
    return _labels(file) if file else {**_plain(table, column), **VALUES.get((table, column), {})}


def _plain(table: str, column: str) -> dict[str, str]:
    """Values that are words already, with spaces."""
    return {value: value.replace("_", " ") for value in PLAIN.get((table, column), ())}


@cache
def _labels(file: str) -> Mapping[str, str]:
    rows = csv.DictReader((REFERENCE / file).read_text("utf-8").splitlines())
    return {row["code"]: row["label"] if file in NAMES else _uncapital(row["label"]) for row in rows}


def _uncapital(text: str) -> str:
    return text[:1].lower() + text[1:]


def fine_print(asked: Asked) -> list[str]:
    """What else the values say: sentences on days, ages and freshness; none for most questions."""
    said = []
    if asked.averaging == "mean_of_terms":
        said.append("The share is the mean of the terms' shares.")
    if asked.rounding == "whole_percent":
        said.append("It is rounded to a whole per cent before it is compared.")
    if asked.baseline is not None:
        said.append(f"It is compared with {_before(asked)}.")
    if asked.dated_by != "on":
        said.append(f"The {asked.dated_by.removesuffix('_on')} counts by the day it happened.")
    if asked.age_at == "event":
        said.append("The age counts on the day of the event.")
    if asked.consecutive:
        said.append("It must follow on without a break.")
    if asked.fresh_within_months is not None:
        said.append(f"Data more than {asked.fresh_within_months} months old leaves it not known.")
    if isinstance(asked, MeasuredCondition) and asked.where_relevant:
        where = "there was any, before or since" if asked.measure == "reduction" else "it was met when the work began"
        said.append(f"Asked only where {where}.")
    if isinstance(asked, MeasuredCondition) and asked.leavers == "neutral":
        said.append("A child past compulsory school age neither helps nor hinders.")
    if isinstance(asked, Review) and asked.holds:
        said.append(f"A result by {either(f'route {name}' for name in asked.holds)} waits for a person.")
    return said


def either(things: Iterable[str]) -> str:
    """Things of which one is enough: a, b or c."""
    return _joined(things, "or")


def both(things: Iterable[str]) -> str:
    """Things that all hold: a, b and c."""
    return _joined(things, "and")


def _joined(things: Iterable[str], last_word: str) -> str:
    *most, last = list(things) or [""]
    return f"{', '.join(most)} {last_word} {last}" if most else last


def capital(text: str) -> str:
    """The text with its first letter as a capital."""
    return text[:1].upper() + text[1:]
