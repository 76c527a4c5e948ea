"""How the dashboard says things: dates, outcomes, roles, sources. Nothing here draws, reads or decides."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from families.casebook.views import ChildBrief, CoverageLine, DoubtView, QueryView

NOT_SUPPLIED = "not supplied"
NOT_KNOWN = "not known"

OUTCOMES = {"met": "Met", "not_met": "Not met", "unknown": "Not known"}
NOT_ASKED = "Not asked"

STATUSES = {"eligible": "Meets the criteria", "near_miss": "Near miss"}

ROLES = {
    "child": "child",
    "parent": "parent",
    "carer": "carer",
    "adult": "other adult",
    "linked": "linked",
}

TIES = {
    "responsible_contact": "parental responsibility",
    "living_contact": "contact at home",
    "responsible_elsewhere": "parental responsibility, elsewhere",
    "contact_elsewhere": "contact elsewhere",
    "contact_left": "contact who has left",
    "contact_discounted": "contact, unless council tax is right",
    "same_parent": "same parent",
    "co_parents": "parents together",
    "joint_liability": "council tax together",
    "liable_at_home": "pays council tax here",
    "same_surname": "same surname here",
    "same_address": "same address",
    "decided": "decided by a person",
    "ruled_out": "ruled out by a person",
}

AGREEMENTS = {"match": "Match", "differs": "Differs", "missing": "Missing", "": "Not compared"}
QUESTIONS = {"pair": "Are {a} and {b} one person?", "tie": "Does {a} belong to the family of {b}?"}
ANSWERS = {
    "same": "Same person",
    "different": "Different people",
    "belongs": "Belongs to the family",
    "does_not_belong": "Does not belong",
    "cannot_tell": "Cannot tell",
    "withdrawn": "Taken back",
}
EFFECTS = {
    "eligible": "Could make a family eligible",
    "not_eligible": "Could take eligibility away",
    "strand": "Could change a strand",
    "none": "Changes no strand",
}

RESULTS = {"corrected": "It was wrong and is corrected", "right": "It is right", "not_settled": "It cannot be settled"}

SEXES = {"F": "female", "M": "male"}

# After Markdown is read, the browser still turns addresses into links, :words: into icons and -> into arrows in plain
# text; an invisible joiner keeps such text apart.
_JOINER = "\u2060"
_MADE_INTO_SOMETHING = re.compile(r"(:)(?=[\w+/-])|(www)(?=\.)|(?=@)|(?<=[<>~-])(?=[=>-])|(?<=<)(?=-)", re.IGNORECASE)
_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_LONDON = ZoneInfo("Europe/London")


def plain(text: str) -> str:
    """A text as it stands, on one line: no control characters."""
    return _CONTROL.sub(" ", text).strip()


def escape_markdown(text: str) -> str:
    """A text that Markdown shows exactly as written: names and notes may hold links, images or emphasis."""
    apart = _MADE_INTO_SOMETHING.sub(lambda found: found[0] + _JOINER, plain(text))
    return _MARKDOWN.sub(r"\\\1", apart)


def capital(text: str) -> str:
    """A text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def long_date(day: dt.date | None) -> str:
    """A date in running text: 23 November 2026."""
    return f"{day.day} {day:%B %Y}" if day else NOT_KNOWN


def short_date(day: dt.date | None) -> str:
    """A date in a table: 23 Nov 2026."""
    return f"{day.day} {day:%b %Y}" if day else NOT_KNOWN


def local_time(moment: dt.datetime) -> str:
    """A moment as a clock in England shows it; a time without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    here = aware.astimezone(_LONDON)
    return f"{long_date(here.date())} at {here:%H:%M}"


def clock(moment: dt.datetime) -> str:
    """The time of day of a moment, as a clock in England shows it."""
    return f"{moment.astimezone(_LONDON):%H:%M}"


def outcome(value: str) -> str:
    """The word for an outcome; what is not one of the three is said to be not known."""
    return OUTCOMES.get(value, OUTCOMES["unknown"])


def status(value: str) -> str:
    """The words for where a family stands."""
    return STATUSES.get(value, _spaced(value))


def role(value: str) -> str:
    """The words for a role in a family."""
    return ROLES.get(value, _spaced(value))


def sex(value: str | None) -> str:
    """The word for a sex."""
    return SEXES.get(value or "", NOT_KNOWN)


def _spaced(value: str) -> str:
    return value.replace("_", " ").capitalize()


def age(years: int | None) -> str:
    """An age in whole years."""
    return str(years) if years is not None else NOT_KNOWN


def person(name: str, years: int | None) -> str:
    """A name with an age: Ria (9)."""
    return f"{plain(name)} ({years})" if years is not None else f"{plain(name)} (age {NOT_KNOWN})"


def children(them: Iterable[ChildBrief], *, family: str = "") -> str:
    """The children of a family on one line, the family's own surname left out: Ria (9), Tom Grey (13)."""
    surname = f" {plain(family).removesuffix(' family')}"
    return ", ".join(person(plain(child.name).removesuffix(surname), child.age) for child in them) or "none known"


def listed(things: Iterable[str]) -> str:
    """Things in a sentence: a, b and c."""
    *most, last = list(things) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: 1 family, 2,310 families."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def half_term(key: str) -> str:
    """A half term named as people name it: `2012/13 autumn 1` is Autumn 1, 2012/13; a whole term says so."""
    year, _, term = key.partition(" ")
    if not term:
        return key
    whole = "" if term[-1].isdigit() else " term"
    return f"{term.capitalize()}{whole}, {year}"


def question(asked: DoubtView) -> str:
    """What is asked about two people, in a sentence."""
    return QUESTIONS[asked.asks].format(a=plain(asked.name_a), b=plain(asked.name_b))


def query_result(asked: QueryView) -> str:
    """What became of a query: not settled yet, or the result with the analyst's words."""
    return f"{RESULTS.get(asked.result, asked.result)}: {asked.told}" if asked.result else "not settled yet"


def bits(value: float) -> str:
    """A weight with its sign: +2.5."""
    return f"{value:+.1f}"


def coverage_in_short(lines: Sequence[CoverageLine]) -> str:
    """Coverage on a button: how many sources speak, and when the first of them falls silent."""
    ends = [line.covers_to for line in lines if line.covers_to]
    if not lines:
        return "Coverage: not stated"
    sources = counted(len(lines), "source")
    return f"Coverage: {sources}, the first ends {short_date(min(ends))}" if ends else f"Coverage: {sources}"


def tie(value: str) -> str:
    """A kind of tie in a few words, as a line of the graph carries it."""
    return TIES.get(value, value.replace("_", " "))
