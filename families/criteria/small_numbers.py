"""Hides small numbers in tables, and as many others as it takes that no hidden one can be worked out from the totals.

What is promised: the numbers shown leave at least two possible values for every number hidden, even to a reader who
knows that a nought is always shown. It holds for tables that share totals, for all of them are looked at together.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

FEWEST_SHOWN = 6  # inside the council; a nought tells of nobody and is shown


@dataclass(frozen=True)
class Sum:
    """A number that others add up to, all by their place."""

    total: int
    parts: tuple[int, ...]


def hidden(values: Sequence[int], sums: Sequence[Sum], *, known: Collection[int] = ()) -> list[bool]:
    """Whether each number is to be hidden. `known` are those that stand elsewhere and cannot be.

    Where the numbers are too few to hide one among them, all but the known ones are hidden.
    """
    hide = {place for place, value in enumerate(values) if 0 < value < FEWEST_SHOWN and place not in known}
    movable = [place for place, value in enumerate(values) if value and place not in known]
    safe: set[int] = set()
    for place in sorted(hide, key=lambda each: (values[each], each)):
        if place in safe:
            continue
        moved = _cheapest_move(place, values, sums, movable=movable, hide=hide)
        if moved is None:
            return [each not in known for each in range(len(values))]
        hide |= moved
        safe |= moved
    return [place in hide for place in range(len(values))]


def _cheapest_move(
    place: int, values: Sequence[int], sums: Sequence[Sum], *, movable: list[int], hide: set[int]
) -> set[int] | None:
    """The numbers that change in another table of the same sums in which this one differs; None where there is none.

    Of all such tables the one that changes least of what would otherwise be shown. A number that is not nought stays
    at least one, as a reader may know that it is.
    """
    found = []
    for step in (1, -1):
        moves = _move(place, step, values, sums, movable=movable, hide=hide)
        if moves is not None:
            found.append((sum(values[each] for each in moves - hide), sorted(moves)))
    return set(min(found)[1]) if found else None


def _move(
    place: int, step: int, values: Sequence[int], sums: Sequence[Sum], *, movable: list[int], hide: set[int]
) -> set[int] | None:
    """Integer programme over how much each number goes up and how much it goes down."""
    at = {each: number for number, each in enumerate(movable)}
    count = len(movable)
    weights = np.array([0 if each in hide else values[each] for each in movable], dtype=float)
    most_up, most_down = np.full(count, np.inf), np.array([values[each] - 1 for each in movable], dtype=float)
    least_up, least_down = np.zeros(count), np.zeros(count)
    up, down = (least_up, most_down) if step > 0 else (least_down, most_up)
    up[at[place]], down[at[place]] = 1, 0
    if step < 0 and values[place] < 2:
        return None
    balance = np.zeros((len(sums), count))
    for row, each in enumerate(sums):
        for part in each.parts:
            if part in at:
                balance[row, at[part]] += 1
        if each.total in at:
            balance[row, at[each.total]] -= 1
    solved = milp(
        np.concatenate([weights, weights]),
        integrality=np.ones(2 * count),
        bounds=Bounds(np.concatenate([least_up, least_down]), np.concatenate([most_up, most_down])),
        constraints=LinearConstraint(np.hstack([balance, -balance]), 0, 0),
    )
    if not solved.success:
        return None
    shift = np.rint(solved.x[:count] - solved.x[count:])
    return {each for each, change in zip(movable, shift, strict=True) if change}
