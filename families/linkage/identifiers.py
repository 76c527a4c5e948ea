"""Links by identifier: UPN, former UPN, NHS number, National Insurance number, ULN, the source's own number.

An identifier is checked before it is trusted: where names and dates of birth both disagree it says nothing.
"""

from __future__ import annotations

import polars as pl

from families.linkage import names
from families.linkage.likeness import likeness
from families.linkage.reasons import STRENGTH, LinkReason
from families.linkage.settle import EDGES

COMPARED = ["r", "forename", "surname", "dob", "born_low", "born_high"]
ALIKE = 0.84  # Jaro-Winkler of two spellings of one name


IDENTIFIERS = {
    LinkReason.SAME_NHS_NUMBER: ["nhs_number"],
    LinkReason.SAME_NINO: ["nino"],
    LinkReason.SAME_ULN: ["uln"],
    LinkReason.SAME_SOURCE_ID: ["source", "source_person_id"],
}


def without_mistaken_upns(records: pl.DataFrame) -> pl.DataFrame:
    """The records, with no UPN where it is clearly another child's: names and dates of birth both disagree."""
    other_name = ~pl.col("name_agrees") & ~pl.col("unnamed")
    clash = other_name & (~pl.col("birth_agrees") | pl.col("surname_differs"))
    mistaken = with_agreement(_with_standing(records, ["upn"])).filter(clash)["r"].sort()
    return records.with_columns(upn=pl.when(~pl.col("r").is_in(mistaken.implode())).then("upn"))


def identifier_links(records: pl.DataFrame) -> pl.DataFrame:
    """Links between records that share an identifier and do not contradict each other."""
    upn = edges(_with_standing(records, ["upn"]), LinkReason.SAME_UPN)
    agree = pl.col("birth_agrees") & (pl.col("name_agrees") | pl.col("unnamed"))
    others = [
        edges(with_agreement(_with_standing(records, keys)).filter(agree), reason)
        for reason, keys in IDENTIFIERS.items()
    ]
    return pl.concat([upn, _former_upn(records), *others])


def _with_standing(records: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Each record with the one (`_b`) that stands for its identifier: the fullest, then the most frequent."""
    held = records.select(*COMPARED, *keys).filter(pl.col(keys[-1]).is_not_null())
    held = held.filter(pl.len().over(keys) > 1)
    frequent = pl.len().over([*keys, "forename", "surname", "dob"])
    full = pl.all_horizontal(pl.col("forename", "surname", "dob").is_not_null())
    ranked = held.with_columns(often=frequent, full=full).sort("full", "often", "r", descending=[True, True, False])
    standing = ranked.unique(subset=keys, keep="first", maintain_order=True)
    return held.join(standing, on=keys, suffix="_b").filter(pl.col("r") != pl.col("r_b"))


def _former_upn(records: pl.DataFrame) -> pl.DataFrame:
    held = records.select(*COMPARED, "upn", "former_upn")
    later = held.filter(pl.col("former_upn").is_not_null() & (pl.col("former_upn") != pl.col("upn")).fill_null(True))
    earlier = held.filter(pl.col("upn").is_not_null()).unique(subset="upn", keep="first", maintain_order=True)
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
