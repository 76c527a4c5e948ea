"""Doubts of linkage at the command line: the queue, one question side by side, the answer and taking it back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from families.casebook import review
from families.casebook.reading import staff_by_id
from families.casebook.views import DoubtList, DoubtView, Reader, SideBySide
from families.errors import Refused

PURPOSE = "settle who is who"
QUESTIONS = {
    "pair": "Are {a} and {b} one person?",
    "tie": "Does {a} belong to the family of {b}?",
}
ANSWERS = {
    "same": "one person",
    "different": "two people",
    "belongs": "belongs to the family",
    "does_not_belong": "does not belong to the family",
    "cannot_tell": "cannot tell",
    "withdrawn": "withdrawn",
}
SAID = {("pair", "same"): "same", ("pair", "different"): "different"}
SAID |= {("tie", "same"): "belongs", ("tie", "different"): "does_not_belong"}
WIDEST = 48


def reader_of(engine: Engine, staff_id: str | None) -> Reader:
    """Who reviews, in the role that the casebook has for them."""
    person = staff_by_id(engine, staff_id) if staff_id else None
    if person is None:
        raise Refused("Say who you are with --by and your staff id: each look and each answer is kept with its name.")
    return Reader(staff_id=person.staff_id, role=person.role, purpose=PURPOSE)


def question(asked: DoubtView) -> str:
    """What is asked, in a sentence."""
    return QUESTIONS[asked.asks].format(a=asked.name_a, b=asked.name_b)


def queue_lines(listed: DoubtList) -> list[str]:
    """The questions that wait, one a line with its id, and how many there are."""
    if not listed.doubts:
        return ["No question waits."]
    rows = [f"{each.doubt_id}  {question(each)} {each.sentence} {each.if_so}" for each in listed.doubts]
    more = f"; the run found {listed.left_out} more that are not asked" if listed.left_out else ""
    shown = f"{len(listed.doubts)} of {listed.total} questions{more}."
    return [*rows, f"{shown} The order is one of work, not of people: first what would change who is eligible."]


def question_lines(asked: DoubtView) -> list[str]:
    """One question: both sides field by field, the sentence, what the weight is made of, and what would follow."""
    widths = [max(len(each.field) for each in asked.sides), *(_width(asked.sides, side) for side in ("one", "other"))]
    table = [
        "  ".join(("", *map(str.ljust, (each.field, _shown(each.one), _shown(each.other)), widths), each.agreement))
        for each in asked.sides
    ]
    weights = [f"  {bits:+7.2f}  {what}" for what, bits in asked.waterfall]
    total = [f"  {asked.weight:+7.2f}  in all, in bits"] if asked.weight is not None else []
    lines = [question(asked), asked.sentence, *table, *(["Weight:", *weights, *total] if weights else []), asked.if_so]
    return [line.rstrip() for line in lines]


def _width(sides: Sequence[SideBySide], side: str) -> int:
    return max(len(_shown(getattr(each, side))) for each in sides)


def _shown(text: str) -> str:
    return "-" if not text else text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def answered(engine: Engine, reader: Reader, doubt_id: str, *, answer: str, reason: str) -> str:
    """Answer a question; the sentence that says what follows."""
    asked = review.doubt(engine, reader, doubt_id)
    said = SAID.get((asked.asks, answer), answer)
    number = review.decide(engine, reader, doubt_id, answer=said, reason=reason)
    then = (
        "The next refresh keeps to it." if answer != "cannot_tell" else "It is asked again when the data has changed."
    )
    return f"Decision {number}: {ANSWERS[said]}. {then} Take it back with `families review --withdraw {number}`."


def taken_back(engine: Engine, reader: Reader, number: int, *, reason: str) -> str:
    """Withdraw a decision; the sentence that says what follows."""
    review.withdraw(engine, reader, number, reason=reason)
    return f"Decision {number} is withdrawn: the next refresh links as if it had not been made."
