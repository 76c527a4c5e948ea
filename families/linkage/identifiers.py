"""Links by identifier: UPN, former UPN, NHS number, National Insurance number, ULN, the source's own number.

An identifier is checked before it is trusted: where names and dates of birth both disagree it says nothing.
"""

from __future__ import annotations

import polars as pl

from families.linkage import names
from families.linkage.likeness import likeness
from families.linkage.reasons import STRENGTH, LinkReason
from families.linkage.settle import EDGES

ALIKE = 0.84  # Jaro-Winkler of two spellings of one name


def identifier_links(records: pl.DataFrame) -> pl.DataFrame:
    """Links between records that share an identifier and do not contradict each other."""
    upn = _same(records, ["upn"], LinkReason.SAME_UPN, strict=False)
    former = _former_upn(records)
    strict = [
        _same(records, ["nhs_number"], LinkReason.SAME_NHS_NUMBER),
        _same(records, ["nino"], LinkReason.SAME_NINO),
        _same(records, ["uln"], LinkReason.SAME_ULN),
        _same(records, ["source", "source_person_id"], LinkReason.SAME_SOURCE_ID),
    ]
    return pl.concat([upn, former, *strict])


def _same(records: pl.DataFrame, keys: list[str], reason: LinkReason, *, strict: bool = True) -> pl.DataFrame:
    """Each record with the record that stands for its identifier: the one whose name and birth are most frequent."""
    held = records.filter(pl.col(keys[-1]).is_not_null())
    held = held.filter(pl.len().over(keys) > 1)
    frequent = pl.len().over([*keys, "forename", "surname", "dob"])
    named = pl.col("forename").is_not_null() & pl.col("surname").is_not_null()
    ranked = held.with_columns(often=frequent, named=named & pl.col("dob").is_not_null())
    standing = ranked.sort("named", "often", "r", descending=[True, True, False]).unique(
        subset=keys, keep="first", maintain_order=True
    )
    pairs = held.join(standing, on=keys, suffix="_b").filter(pl.col("r") != pl.col("r_b"))
    checked = with_agreement(pairs)
    other_name = ~pl.col("name_agrees") & ~pl.col("unnamed")
    clash = other_name & (pl.lit(strict) | ~pl.col("birth_agrees") | pl.col("surname_differs"))
    clash |= pl.lit(strict) & ~pl.col("birth_agrees")
    return edges(checked.filter(~clash), reason)


def _former_upn(records: pl.DataFrame) -> pl.DataFrame:
    later = records.filter(pl.col("former_upn").is_not_null() & (pl.col("former_upn") != pl.col("upn")).fill_null(True))
    earlier = records.filter(pl.col("upn").is_not_null()).unique(subset="upn", keep="first", maintain_order=True)
    pairs = later.join(earlier, left_on="former_upn", right_on="upn", suffix="_b")
    return edges(with_agreement(pairs).filter(pl.col("name_agrees") | pl.col("unnamed")), LinkReason.FORMER_UPN)


def edges(pairs: pl.DataFrame, reason: LinkReason) -> pl.DataFrame:
    """Links between the records `r` and `r_b` of pairs, for one reason."""
    return pairs.select(
        a="r",
        b="r_b",
        reason=pl.lit(reason.value),
        weight=pl.lit(None, pl.Float64),
        strength=pl.lit(STRENGTH[reason.value], pl.Float64),
    ).cast(EDGES)


def with_agreement(pairs: pl.DataFrame) -> pl.DataFrame:
    """Whether forenames, surnames and births of two records (`_b`) may be one person's; missing does not disagree."""
    pairs = likeness(likeness(pairs, "forename", "forename_b", name="fore"), "surname", "surname_b", name="sur")
    variants = names.nicknames().rename({"variant": "forename_b"}).with_columns(is_variant=True)
    pairs = pairs.join(variants, on=["forename", "forename_b"], how="left", maintain_order="left")
    swapped = (pl.col("forename") == pl.col("surname_b")) | (pl.col("surname") == pl.col("forename_b"))
    initial = (pl.col("forename").str.len_chars() == 1) | (pl.col("forename_b").str.len_chars() == 1)
    initial &= pl.col("forename").str.slice(0, 1) == pl.col("forename_b").str.slice(0, 1)
    forename = (pl.col("fore") >= ALIKE) | pl.col("is_variant").fill_null(False) | swapped | initial
    missing = pl.col("forename").is_null() | pl.col("forename_b").is_null()
    day, month = pl.col("dob").dt.day(), pl.col("dob").dt.month()
    same_year = pl.col("dob").dt.year() == pl.col("dob_b").dt.year()
    turned = same_year & (day == pl.col("dob_b").dt.month()) & (month == pl.col("dob_b").dt.day())
    pairs = pairs.with_columns(born=pl.col("dob").dt.to_string("%Y%m%d"), born_b=pl.col("dob_b").dt.to_string("%Y%m%d"))
    pairs = likeness(pairs, "born", "born_b", name="birth")
    birth = (pl.col("dob") == pl.col("dob_b")) | turned | (pl.col("birth_edits") <= 1)
    years_meet = (pl.col("born_low") <= pl.col("born_high_b")) & (pl.col("born_low_b") <= pl.col("born_high"))
    undated = pl.col("dob").is_null() | pl.col("dob_b").is_null()
    return pairs.with_columns(
        name_agrees=forename.fill_null(False),
        unnamed=missing,
        surname_differs=((pl.col("sur") < ALIKE) & undated).fill_null(False),
        birth_agrees=pl.when(undated).then(years_meet.fill_null(True)).otherwise(birth).fill_null(True),
    )
