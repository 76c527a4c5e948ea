"""What a result and an authority's programme are worth, from the amounts in a ruleset; rounded only at the end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from families.criteria.ruleset import Money, MoneyYear, Ruleset


@dataclass(frozen=True)
class Rates:
    """The attachment fee of the year the work began, and the results and cap of the year whose rate counts."""

    attachment: int
    results: dict[str, int]
    cap: int


def rates_of(rules: Ruleset, *, attached_on: dt.date | None, claim_on: dt.date) -> Rates | None:
    """The rates of one family; None where the programme pays nothing. Without a start the claim's year counts."""
    if rules.money is None:
        return None
    began = year_of(rules.money, attached_on or claim_on)
    counted = began if rules.money.rate_year == "attached" else year_of(rules.money, claim_on)
    return Rates(began.attachment, counted.results, counted.cap)


def year_of(money: Money, day: dt.date) -> MoneyYear:
    """The year a day falls in; the nearest where it falls in none."""
    inside = [year for year in money.year if year.from_ <= day <= year.to]
    if inside:
        return inside[0]
    return min(money.year, key=lambda year: min(abs(day - year.from_), abs(day - year.to)))


def payable(rules: Ruleset, rates: Rates | None, met: Sequence[str], *, earlier: Sequence[tuple[str, int]]) -> int:
    """What a family's results are worth now in pounds: together never above the cap, less what was paid before."""
    if rates is None or rules.money is None or not met:
        return 0
    paid = sum(amount for _, amount in earlier)
    if paid and not rules.money.tops_up:
        return 0
    routes = {*met, *(route for route, _ in earlier)}
    worth = min(rates.cap, sum(rates.results.get(route, 0) for route in sorted(routes)))
    return max(0, worth - paid)


@dataclass(frozen=True)
class AuthorityMoney:
    """An authority's funding; amounts in whole pounds, rounded only at the end."""

    funded: int
    attachment_year_one: int
    results_year_one: int
    funding: int


def authority_money(money: Money, *, families: int | None = None, funded: int | None = None) -> AuthorityMoney:
    """The families an authority is funded for (rounded down), the first year's fees and results, and all of it.

    Families are spread evenly over the years, in thirds that stay unrounded. Raises ValueError without a funding rule.
    """
    if money.funding is None:
        raise ValueError("the ruleset has no funding rule")
    part, whole = money.funding.share
    count = funded if funded is not None else (families or 0) * part // whole
    first = money.year[0]
    a_year = Fraction(count, money.funding.years)
    return AuthorityMoney(
        funded=count,
        attachment_year_one=_pounds(a_year * first.attachment),
        results_year_one=_pounds(a_year * first.cap),
        funding=count * (first.attachment + first.cap),
    )


def _pounds(amount: Fraction) -> int:
    """Whole pounds, halves up."""
    return int(amount + Fraction(1, 2))


def release_of(money: Money, *, worked_with: int, allocation: int) -> str:
    """How much of the next year's fees is released at a share of families worked with."""
    if money.funding is None:
        raise ValueError("the ruleset has no funding rule")
    for step in money.funding.release:
        part, whole = step.at_least
        if worked_with * whole >= part * allocation:
            return step.pays
    return ""
