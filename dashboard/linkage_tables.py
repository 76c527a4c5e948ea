"""The frames of the page on how well records are linked: counts that name nobody, and estimates with their bounds."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from dashboard import words
from dashboard.cells import said
from families.casebook.continuity import Proposal
from families.casebook.views import QualityCount, SampleCount
from families.linkage.clerical import Estimate, Measured
from families.tables.source_names import source_label

STATUS = {"open": "open", "accepted": "accepted", "undone": "undone"}
LINKED, NEAR = "Linked", "Near, not linked"


def counts(them: Iterable[QualityCount], figure: str, *, label: str, number: str) -> pl.DataFrame:
    """A figure without parts: what, how many, and its share in %."""
    rows = [(count.label, count.number) for count in them if count.figure == figure]
    shown = pl.DataFrame(rows, schema={label: pl.String, number: pl.Int64}, orient="row")
    return shown.with_columns((pl.col(number) * 100 / pl.col(number).sum()).round(1).alias("%"))


def parts(them: Iterable[QualityCount], figure: str, *, names: Iterable[str]) -> pl.DataFrame:
    """A figure by source, one column a part, in the order of the parts; sources by their labels."""
    rows = [(source_label(count.label), count.part, count.number) for count in them if count.figure == figure]
    shown = pl.DataFrame(rows, schema={"Source": pl.String, "part": pl.String, "number": pl.Int64}, orient="row")
    columns = [pl.col("number").filter(pl.col("part") == name).sum().alias(name.capitalize()) for name in names]
    return shown.group_by("Source").agg(columns).sort("Source")


def long(wide: pl.DataFrame) -> pl.DataFrame:
    """A figure by source for a chart: Source, Part, Records and the share of the source's records in %."""
    tall = wide.unpivot(index="Source", variable_name="Part", value_name="Records")
    share = (pl.col("Records") * 100 / pl.col("Records").sum().over("Source")).round(1)
    return tall.with_columns(share.alias("%")).sort("Source", maintain_order=True)


def strata(counted: Iterable[SampleCount]) -> pl.DataFrame:
    """What was answered, as the estimates take it."""
    rows = [(each.stratum, each.is_linked, each.pairs, each.answered, each.same) for each in counted]
    kinds = {"stratum": pl.String, "is_linked": pl.Boolean, "pairs": pl.Int64, "answered": pl.Int64, "same": pl.Int64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def estimates(counted: Iterable[SampleCount], found: Measured) -> pl.DataFrame:
    """Each kind of pair with what was drawn and answered, and the share that is of one person."""
    rows = [
        (LINKED if each.is_linked else NEAR, each.stratum, each.pairs, each.drawn, each.answered,
         *_shares(found.strata.get(each.stratum)))
        for each in sorted(counted, key=lambda each: (not each.is_linked, -each.pairs))
    ]  # fmt: skip
    names = ("Side", "Kind of pair", "Pairs", "Drawn", "Answered", "One person %", "From %", "To %")
    kinds = (pl.String, pl.String, pl.Int64, pl.Int64, pl.Int64, pl.Float64, pl.Float64, pl.Float64)
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")


def _shares(found: Estimate | None) -> tuple[float | None, float | None, float | None]:
    if found is None:
        return None, None, None
    return round(100 * found.share, 1), round(100 * found.low, 1), round(100 * found.high, 1)


def in_words(what: str, found: Estimate | None) -> str:
    """An estimate as a sentence."""
    if found is None:
        return f"{what}: not known yet, for nobody has answered enough pairs."
    return (
        f"{what}: {100 * found.share:.1f}%, between {100 * found.low:.1f}% and {100 * found.high:.1f}% "
        f"with 95% confidence, from {words.counted(found.answered, 'answered pair')}."
    )


def proposals(them: Iterable[Proposal], kinds: dict[str, str]) -> pl.DataFrame:
    """What became of families, newest first."""
    rows = [(each.family_id, kinds.get(each.kind, each.kind), each.sentence, each.effect, STATUS[each.status])
            for each in them]  # fmt: skip
    names = ("Family", "What", "Why", "Effect", "Decision")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def in_full(shown: pl.DataFrame) -> pl.DataFrame:
    """Numbers as people write them, and what is not known said so."""
    for name, kind in shown.schema.items():
        if kind.is_integer():
            shown = said(shown, name, lambda n: f"{n:,}")
        elif kind.is_float():
            shown = said(shown, name, lambda n: f"{n:g}").with_columns(pl.col(name).fill_null("not known"))
    return shown
