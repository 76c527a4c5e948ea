"""The sources of one row a record: what each makes of its typed rows. One short function a source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from families.reference import REFERENCE
from families.sources.layouts import layouts
from families.sources.shaping import Delivery, Tables, inferred_coverage, one_line, persons, with_address
from families.sources.values import FLAG_SCHEMA, doubt, first_reason, refuse, stack, words_to_values

BENEFITS = ("JSA", "ESA", "IS", "IB", "SDA", "CA")
CARE_KINDS = {
    "CIN": "CIN", "CINP": "CIN", "CP": "CP", "CPP": "CP", "LAC": "LAC", "CLA": "LAC", "S47": "S47", "EH": "EH",
}  # fmt: skip
SPOKEN_OF = frozenset({"dwp", "school_census", "school_census_tables", "common_transfer_file"})  # besides layouts
STATUSES = ("CME", "EHE", "AP")
EXCLUSION_WORDS = {"perm": "PERM", "fixd": "FIXD", "susp": "SUSP", "lnch": "LNCH", "permanent": "PERM", "fixed": "FIXD",
                   "suspension": "SUSP", "suspended": "SUSP", "lunchtime": "LNCH", "lunch": "LNCH"}  # fmt: skip
NO_ADDRESS_FOUND = ("NONE", "N", "NO MATCH", "NOMATCH", "NO")
UNNAMED = "The row names nobody: give a surname or forename, or leave the row out."


@dataclass(frozen=True)
class Made:
    """The tables a source's rows make, with further refusals (row, rule, reason) and doubts."""

    tables: Tables
    rejected: pl.DataFrame = field(default_factory=lambda: first_reason([]))
    flags: pl.DataFrame = field(default_factory=lambda: stack([], FLAG_SCHEMA))


def kept(frame: pl.DataFrame, rejected: pl.DataFrame) -> pl.DataFrame:
    """The rows that are not refused."""
    return frame.join(rejected, on="row", how="anti", maintain_order="left")


def is_unnamed(*columns: str) -> pl.Expr:
    """Whether none of the columns by which somebody could be found is filled."""
    return pl.all_horizontal(pl.col(columns).is_null())


def reference_words(name: str) -> dict[str, str]:
    """A list of words and what each means, in the order in which they are looked for."""
    listed = pl.read_csv((REFERENCE / f"{name}.csv").read_bytes(), infer_schema=False)
    return dict(listed.select("word", "means").rows())


def schools(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Schools register."""
    school = pl.col("la") + pl.col("estab").str.replace(r"\.0+$", "").str.zfill(4)
    frame = frame.with_columns(school.alias("school"))
    rejected = refuse(
        frame,
        ~pl.col("school").str.contains(r"^\d{7}$"),
        "school_wrong",
        "LA and establishment number do not make seven digits: correct them at their source.",
    )
    words = pl.concat_str(pl.col("type").fill_null(""), pl.lit(" "), pl.col("phase").fill_null("")).str.to_lowercase()
    phase = (
        pl.when(words.str.contains(r"pupil referral|\bpru\b|alternative provision")).then(pl.lit("pru"))
        .when(words.str.contains("special")).then(pl.lit("special"))
        .when(words.str.contains(r"deemed primary|primary|infant|junior|nursery")).then(pl.lit("primary"))
        .when(words.str.contains(r"secondary|all-through|16 plus|post-16")).then(pl.lit("secondary"))
        .otherwise(pl.lit("other"))
    )  # fmt: skip
    return Made({"schools": kept(frame, rejected).with_columns(phase.alias("phase"))}, rejected)


def delivery_note(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """What each feed covers, as its sender states it."""
    rejected = refuse(
        frame,
        pl.col("covers_to") < pl.col("covers_from"),
        "covers_backwards",
        "covers_to is before covers_from: correct the dates at their source.",
    )
    rows = kept(frame, rejected).with_columns(pl.col("spoken_of").alias("source"), pl.lit("stated").alias("basis"))
    unknown = doubt(
        rows,
        ~pl.col("source").is_in(sorted(SPOKEN_OF | set(layouts()))),
        "source",
        "source_unknown",
        f"No source has this name, so the row covers nothing; besides feeds there are {', '.join(sorted(SPOKEN_OF))}.",
    )
    return Made({"coverage": rows}, rejected, unknown)


def gazetteer(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Addresses with their UPRN."""
    frame = frame.with_columns(
        _addressable("sao").alias("saon"),
        _addressable("pao").alias("paon"),
        *(pl.col(axis).cast(pl.Float64, strict=False) for axis in ("x", "y")),
    )
    return Made({"properties": with_address(frame)})


def _addressable(prefix: str) -> pl.Expr:
    """The text of an addressable object, then its number range: `Flat`, 2 and A give `Flat 2A`."""
    start = pl.concat_str(f"{prefix}_start_number", f"{prefix}_start_suffix", ignore_nulls=True)
    end = pl.concat_str(f"{prefix}_end_number", f"{prefix}_end_suffix", ignore_nulls=True)
    numbers = pl.concat_str(_filled(start), _filled(end), separator="-", ignore_nulls=True)
    return _filled(pl.concat_str(f"{prefix}_text", _filled(numbers), separator=" ", ignore_nulls=True))


def _filled(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


def exclusions(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Exclusions and suspensions."""
    frame = frame.with_columns(
        exclusion_category().alias("category"),
        pl.coalesce("sessions", (pl.col("days").cast(pl.Float64, strict=False) * 2).round().cast(pl.Int32)).alias(
            "sessions"
        ),
        joined_reasons().alias("reasons"),
    )
    rejected = first_reason(
        [
            refuse(frame, pl.col("category").is_null(), "category_unknown", UNKNOWN_CATEGORY),
            refuse(
                frame,
                is_unnamed("upn", "surname"),
                "unnamed",
                "The row has neither a usable UPN nor a surname, so nobody can be found for it: fill one in.",
            ),
        ]
    )
    rows = kept(frame, rejected)
    tables = {
        "persons": persons(rows, role="pupil", stated_on=delivery.stated_on),
        "exclusions": rows,
        "coverage": inferred_coverage(rows, "started_on", source="exclusions", by_school=True),
    }
    backwards = doubt(
        rows, pl.col("ended_on") < pl.col("started_on"), "ended_on", "ends_first", "The end is before the start."
    )
    return Made(tables, rejected, backwards)


UNKNOWN_CATEGORY = "The category is none of PERM, FIXD, SUSP and LNCH: correct it at its source."


def exclusion_category() -> pl.Expr:
    """PERM, FIXD, SUSP or LNCH from a code or words; null where it is none."""
    return words_to_values(pl.col("category"), EXCLUSION_WORDS)


def joined_reasons() -> pl.Expr:
    """Up to three reason codes, comma separated."""
    return _filled(pl.concat_str("reason1", "reason2", "reason3", separator=",", ignore_nulls=True))


def council_tax(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """The one or two people liable for council tax at an address."""
    rejected = refuse(frame, is_unnamed("surname_1", "forename_1", "surname_2", "forename_2"), "unnamed", UNNAMED)
    rows = with_address(kept(frame, rejected))
    people = pl.concat([_liable(rows, number) for number in (1, 2)])
    named = people.filter(pl.col("surname").is_not_null() | pl.col("forename").is_not_null())
    tables = {"persons": persons(named, role="liable", stated_on=delivery.stated_on), "liabilities": named}
    return Made(tables, rejected)


def _liable(rows: pl.DataFrame, number: int) -> pl.DataFrame:
    person = ["title", "forename", "surname", "date_of_birth"]
    return rows.select(
        "row",
        pl.lit(f"liable {number}").alias("part"),
        *(pl.col(f"{name}_{number}").alias(name) for name in person),
        *("account", "liable_from", "liable_to", "discount", "uprn", "address", "postcode"),
        pl.col("liable_from").alias("valid_from"),
        pl.col("liable_to").alias("valid_to"),
    )


def dwp_match(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Adults on out-of-work benefits at addresses the authority sent."""
    rejected = refuse(frame, is_unnamed("surname", "forename"), "unnamed", UNNAMED)
    rows = with_address(_where_found(kept(frame, rejected)))
    claims = rows.unpivot(
        list(BENEFITS), index=["row", "stated_on"], variable_name="benefit", value_name="started_on"
    ).drop_nulls("started_on")
    tables = {
        "persons": persons(rows, role="claimant"),
        "benefits": claims.sort("row", "benefit"),
        "benefit_checks": _checks(rows.with_columns(pl.lit(True).alias("is_matched"))),
        "coverage": _dwp_coverage(rows),
    }
    nothing = doubt(
        rows,
        is_unnamed(*BENEFITS),
        "JSA",
        "no_benefit",
        "The row has no start date of any benefit, so it shows no claim.",
    )
    return Made(tables, rejected, nothing)


def dwp_nomatch(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Addresses the authority sent at which nobody was found to claim, or that DWP did not find."""
    type_says_no = pl.col("match_type").fill_null("NONE").is_in(NO_ADDRESS_FOUND)
    rows = with_address(_where_found(frame)).with_columns(
        (_found_address().is_not_null() | ~type_says_no).alias("is_matched")
    )
    return Made({"benefit_checks": _checks(rows), "coverage": _dwp_coverage(rows)})


def _found_address() -> pl.Expr:
    return one_line("cis_line_1", "cis_line_2", "cis_line_3", "cis_line_4")


def _where_found(frame: pl.DataFrame) -> pl.DataFrame:
    """The address that DWP's own system has, where it gives one: there it looked, whatever was sent.

    A list made from what schools hold has flats without their number and numbers mistyped; the answer is of the
    address that DWP took it for.
    """
    lines = [f"address_line_{number}" for number in range(1, 5)]
    found = _found_address()
    return frame.with_columns(
        pl.coalesce(found, one_line(*lines)).alias("address"),
        pl.when(found.is_not_null())
        .then(pl.coalesce("cis_postcode", "postcode"))
        .otherwise("postcode")
        .alias("postcode"),
    )


def _checks(rows: pl.DataFrame) -> pl.DataFrame:
    """One check an address and day, at its first row."""
    return rows.sort("row").unique(["stated_on", "address", "postcode", "uprn"], keep="first", maintain_order=True)


def _dwp_coverage(rows: pl.DataFrame) -> pl.DataFrame:
    return (
        rows.group_by("stated_on")
        .agg(pl.col("row").min())
        .select(
            "row",
            pl.lit("dwp").alias("source"),
            pl.col("stated_on").alias("covers_from"),
            pl.col("stated_on").alias("covers_to"),
            pl.lit("stated").alias("basis"),
        )
        .sort("row")
    )


def youth_justice(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Outcomes of young people's offences."""
    rejected = refuse(frame, is_unnamed("surname", "forename"), "unnamed", UNNAMED)
    proven = words_to_values(pl.col("outcome"), reference_words("youth_justice_outcomes"))
    rows = kept(frame, rejected).with_columns((proven == "proven").alias("is_proven"))
    flags = doubt(
        rows,
        pl.col("is_proven").is_null(),
        "outcome",
        "outcome_unknown",
        "The outcome is blank or not in data/reference/youth_justice_outcomes.csv, so whether it proves the offence "
        "is not known.",
    )
    tables = {
        "persons": persons(rows.rename({"id": "source_person_id"}), role="young_person", stated_on=delivery.stated_on),
        "offences": rows,
        "coverage": inferred_coverage(rows, "outcome_date", source="youth_justice", by_school=False),
    }
    return Made(tables, rejected, flags)


def asb(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Anti-social behaviour measures, incidents laid to a person, and housing notices."""
    kind = words_to_values(pl.col("measure"), reference_words("asb_measures"))
    ground = words_to_values(pl.col("ground"), reference_words("asb_grounds"))
    frame = frame.with_columns(
        kind.alias("kind"),
        pl.when(pl.col("ground").is_not_null()).then(ground.fill_null("other")).alias("ground"),
    )
    rejected = first_reason(
        [
            refuse(frame, is_unnamed("surname", "forename"), "unnamed", UNNAMED),
            refuse(
                frame,
                pl.col("kind").is_null(),
                "measure_unknown",
                "The measure is not in data/reference/asb_measures.csv: correct it, or add the word there.",
            ),
            refuse(
                frame,
                pl.col("party").str.to_lowercase().str.contains(r"complain|victim|witness"),
                "not_perpetrator",
                "The row is of someone who complained, suffered or saw, not of who did it: leave such rows out.",
            ),
        ]
    )
    rows = kept(frame, rejected)
    tables = {
        "persons": persons(rows.rename({"id": "source_person_id"}), role="subject", stated_on=delivery.stated_on),
        "asb_measures": rows,
        "coverage": inferred_coverage(rows, "issued_on", source="asb", by_school=False),
    }
    return Made(tables, rejected)


def social_care(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Episodes with children's social care."""
    frame = frame.with_columns(pl.col("kind").replace_strict(CARE_KINDS, default=None, return_dtype=pl.String))
    rejected = first_reason(
        [
            refuse(frame, is_unnamed("surname", "forename", "upn"), "unnamed", UNNAMED),
            refuse(
                frame,
                pl.col("kind").is_null(),
                "episode_type_unknown",
                f"The episode type is none of {', '.join(CARE_KINDS)}: correct it at its source.",
            ),
        ]
    )
    rows = kept(frame, rejected)
    tables = {
        "persons": persons(rows.rename({"id": "source_person_id"}), role="child", stated_on=delivery.stated_on),
        "care_episodes": rows,
        "coverage": inferred_coverage(rows, "started_on", source="social_care", by_school=False),
    }
    return Made(tables, rejected)


def education_status(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Children missing education, educated at home, or in alternative provision."""
    rejected = first_reason(
        [
            refuse(frame, is_unnamed("surname", "forename", "upn"), "unnamed", UNNAMED),
            refuse(
                frame,
                ~pl.col("status").is_in(STATUSES),
                "status_unknown",
                f"The status is none of {', '.join(STATUSES)}: correct it at its source.",
            ),
        ]
    )
    rows = kept(frame, rejected)
    tables = {
        "persons": persons(rows, role="child", stated_on=delivery.stated_on),
        "education_statuses": rows,
        "coverage": inferred_coverage(rows, "started_on", source="education_status", by_school=False),
    }
    return Made(tables, rejected)


def pupils(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Pupils in a layout of the council's own."""
    made = _generic(frame, delivery, role="pupil")
    enrolled = made.tables["persons"].filter(pl.col("school").is_not_null())
    return Made(made.tables | {"enrolments": enrolled.with_columns(pl.lit(True).alias("is_on_roll"))}, made.rejected)


def adults(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Adults in a layout of the council's own."""
    return _generic(frame, delivery, role="adult")


def _generic(frame: pl.DataFrame, delivery: Delivery, *, role: str) -> Made:
    rejected = refuse(frame, is_unnamed("surname", "forename"), "unnamed", UNNAMED)
    rows = kept(frame, rejected).rename({"id": "source_person_id"})
    rows = rows.with_columns(
        pl.coalesce("paon", "number").alias("paon"),
        pl.coalesce("stated_on", pl.lit(delivery.stated_on, dtype=pl.Date)).alias("stated_on"),
    )
    return Made({"persons": persons(rows, role=role)}, rejected)


MAKERS: dict[str, Callable[[pl.DataFrame, Delivery], Made]] = {
    "schools": schools,
    "delivery_note": delivery_note,
    "gazetteer": gazetteer,
    "exclusions": exclusions,
    "council_tax": council_tax,
    "dwp_match": dwp_match,
    "dwp_nomatch": dwp_nomatch,
    "youth_justice": youth_justice,
    "asb": asb,
    "social_care": social_care,
    "education_status": education_status,
    "pupils": pupils,
    "adults": adults,
}
