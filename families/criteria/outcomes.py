"""Three values, and how a measure against a bound becomes one of them. Shares are compared as integers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from families.criteria.ruleset import Asked, Bound

MET, NOT_MET, UNKNOWN = "met", "not_met", "unknown"
OUTCOME = pl.Enum([MET, UNKNOWN, NOT_MET])  # the best first
WHOLE = 100  # per cent
_COMPARE: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "at_least": lambda a, b: a >= b,
    "more_than": lambda a, b: a > b,
    "below": lambda a, b: a < b,
    "at_most": lambda a, b: a <= b,
}
GROWING = ("at_least", "more_than")  # the more, the sooner met


def any_of(outcome: pl.Expr | Sequence[pl.Expr]) -> pl.Expr:
    """Met where one is; unknown where none is and one is unknown. Of a group's rows, or of several columns."""
    best = outcome.cast(OUTCOME).min() if isinstance(outcome, pl.Expr) else pl.min_horizontal(_outcomes(outcome))
    return best.fill_null(NOT_MET)


def all_of(outcome: pl.Expr | Sequence[pl.Expr]) -> pl.Expr:
    """Not met where one is not; unknown where one is unknown. Of a group's rows, or of several columns."""
    worst = outcome.cast(OUTCOME).max() if isinstance(outcome, pl.Expr) else pl.max_horizontal(_outcomes(outcome))
    return worst.fill_null(MET)


def _outcomes(columns: Sequence[pl.Expr]) -> list[pl.Expr]:
    """Columns as outcomes; a word that is none of the three says nothing."""
    return [each.cast(OUTCOME, strict=False) for each in columns]


def outcome_of(asked: Asked, bound: Bound) -> pl.Expr:
    """Met, not met or unknown, of the columns that `with_knowledge` gives.

    What is not known leaves two bounds, the least and the most the measure can be: it is known where both agree.
    """
    match asked.measure:
        case "share":
            least, most = _share(asked, bound)
        case "reduction":
            least, most = _reduction(asked, bound)
        case _:
            operator, number = bound.comparison
            holds = _COMPARE[operator](pl.col("value"), pl.lit(number))
            # what is not delivered can only add to a count
            with_more = pl.lit(operator in GROWING)
            least = holds
            most = pl.when("has_gap").then(with_more).otherwise(holds)
    return (
        pl.when(least & most)
        .then(pl.lit(MET, dtype=OUTCOME))
        .when(least | most)
        .then(pl.lit(UNKNOWN, dtype=OUTCOME))
        .otherwise(pl.lit(NOT_MET, dtype=OUTCOME))
    )


def _share(asked: Asked, bound: Bound) -> tuple[pl.Expr, pl.Expr]:
    """Whether the share holds if every session not delivered was attended, and if none was."""
    operator, percent = bound.comparison
    value, out_of = pl.col("value"), pl.col("out_of")
    missing = pl.when("has_gap").then(pl.col("missing").fill_null(0)).otherwise(0)
    if asked.averaging != "pooled":
        known = (
            _mean(operator, percent, asked) if asked.averaging == "mean_of_terms" else _each(operator, percent, asked)
        )
        open_ = pl.col("has_gap") | ((out_of == 0) & pl.lit(operator not in GROWING))
        return ~open_ & known, open_ | known
    least = _compared(operator, percent, value, out_of + missing, asked)
    most = _compared(operator, percent, value + missing, out_of + missing, asked)
    nothing = out_of + missing == 0
    # a child of no possible sessions meets no bound from above, and shows nothing below one
    if operator in GROWING:
        return least & ~nothing & ~_unbounded(), (most & ~nothing) | _unbounded()
    return pl.when(nothing).then(pl.lit(False)).otherwise(least), pl.when(nothing).then(pl.lit(True)).otherwise(most)


def _unbounded() -> pl.Expr:
    """A gap of which not even the number of sessions is known."""
    return pl.col("has_gap") & pl.col("missing").is_null()


def _compared(operator: str, percent: int, value: pl.Expr, out_of: pl.Expr, asked: Asked) -> pl.Expr:
    if asked.rounding == "whole_percent":
        rounded = (2 * WHOLE * value + out_of) // pl.max_horizontal(2 * out_of, pl.lit(1))
        return _COMPARE[operator](rounded, pl.lit(percent))
    return _COMPARE[operator](value * WHOLE, out_of * percent)


def _mean(operator: str, percent: int, asked: Asked) -> pl.Expr:
    value, out_of = pl.col("mean_value").fill_null(0), pl.col("mean_out_of").fill_null(0)
    return _compared(operator, percent, value, out_of, asked) & (out_of > 0)


def _each(operator: str, percent: int, asked: Asked) -> pl.Expr:
    term = _compared(operator, percent, pl.element().struct.field("value"), pl.element().struct.field("out_of"), asked)
    return pl.col("terms").list.eval(term).list.all().fill_null(False)


def _reduction(asked: Asked, bound: Bound) -> tuple[pl.Expr, pl.Expr]:
    """Whether the fall from the baseline, month for month, is enough; nothing before and nothing now is no fall."""
    part, whole = bound.reduction
    now = pl.col("value") * (asked.baseline.months if asked.baseline else 1)
    then = pl.col("baseline") * (asked.window.months or 1)
    holds = ((then - now) * whole >= then * part) & (then > 0)
    return (
        pl.when("has_gap").then(pl.lit(False)).otherwise(holds),
        pl.when("has_gap").then(pl.lit(True)).otherwise(holds),
    )
