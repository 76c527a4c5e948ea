"""What a housing file makes: tenants, what stands against their tenancy, and households without a home of their own.

A status is open, closed or none. An open one without a date is taken to hold on the day of the extract; a closed one
without an end to have ended by then: the file says no more.
"""

from __future__ import annotations

import polars as pl

from families.sources.shaping import Delivery, Tables, inferred_coverage, persons, with_address
from families.sources.tabular import UNNAMED, Made, is_unnamed, kept, reference_words
from families.sources.values import FLAG_SCHEMA, doubt, refuse, stack, words_to_values

SOURCE = "housing"
STATUS_WORDS = {
    "open": "open", "yes": "open", "y": "open", "current": "open", "live": "open",
    "closed": "closed", "past": "closed", "former": "closed", "none": "none", "no": "none", "n": "none",
}  # fmt: skip
STATUSES = ("arrears", "notice", "eviction", "asb")
POUNDS = r"^(-?)(\d{1,9})(?:\.(\d{1,2}))?$"
ASB_GROUND, ARREARS_GROUND = "asb", "arrears"


def housing(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Tenants and applicants, the statuses of each, and what says so of behaviour."""
    rejected = refuse(frame, is_unnamed("surname", "forename"), "unnamed", UNNAMED)
    day = pl.lit(delivery.stated_on or delivery.received_on, dtype=pl.Date)
    told = _told(with_address(kept(frame, rejected)))
    rows = told.with_columns(
        day.alias("day"),
        pl.col("id").alias("source_person_id"),
        pl.col("id").alias("account"),
        pl.col("liable_from").alias("valid_from"),
        pl.col("liable_to").alias("valid_to"),
    )
    is_tenant = pl.any_horizontal(pl.col("tenant_status", "liable_from", "liable_to").is_not_null())
    tenants, applicants = rows.filter(is_tenant), rows.filter(~is_tenant)
    named = [
        persons(some, role=role, stated_on=delivery.stated_on)
        for some, role in ((tenants, "tenant"), (applicants, "applicant"))
    ]
    statuses, behaviour = _housing_statuses(rows), _behaviour(rows)
    events = pl.concat([statuses.select("row", on="started_on"), behaviour.select("row", on="issued_on")])
    tables: Tables = {
        "persons": pl.concat(named),
        "liabilities": tenants,
        "housing_statuses": statuses,
        "asb_measures": behaviour,
        "coverage": inferred_coverage(events, "on", source=SOURCE, by_school=False),
    }
    return Made(tables, rejected, _doubts(rows))


def _told(frame: pl.DataFrame) -> pl.DataFrame:
    """Statuses as open, closed or none, the amount in pence, and what ground and situation mean."""
    status = {
        name: pl.col(name).str.to_lowercase().replace_strict(STATUS_WORDS, default=None, return_dtype=pl.String)
        for name in STATUSES
    }
    owes = (pence(pl.col("arrears_amount")) > 0).fill_null(False)
    return frame.with_columns(
        *(value.alias(f"{name}_status") for name, value in status.items()),
        pence(pl.col("arrears_amount")).alias("amount_pence"),
        words_to_values(pl.col("notice_ground"), reference_words("asb_grounds")).alias("ground"),
        words_to_values(pl.col("situation"), reference_words("housing_situations")).alias("situation_kind"),
    ).with_columns(
        pl.when(pl.col("arrears").is_null() & owes)
        .then(pl.lit("open"))
        .otherwise("arrears_status")
        .alias("arrears_status"),
        pl.when(pl.col("situation_kind").is_not_null()).then(pl.lit("open")).alias("situation_status"),
    )


def pence(text: pl.Expr) -> pl.Expr:
    """An amount in pounds as whole pence, without passing through a float: `£1,234.5` is 123450."""
    parts = text.str.replace_all(r"[£, ]", "").str.extract_groups(POUNDS).struct
    pounds, rest = parts[1].cast(pl.Int64), parts[2].str.pad_end(2, "0").cast(pl.Int64).fill_null(0)
    sign = pl.when(parts[0] == "-").then(-1).otherwise(1)
    return sign * (pounds * 100 + rest)


def _housing_statuses(rows: pl.DataFrame) -> pl.DataFrame:
    notice = pl.when(pl.col("ground") == ARREARS_GROUND).then(pl.lit("notice_arrears"))
    kinds = {
        "arrears": pl.lit("arrears"),
        "notice": notice.otherwise(pl.lit("eviction_risk")),
        "eviction": pl.lit("eviction_risk"),
        "situation": pl.col("situation_kind"),
    }
    every = pl.concat(
        _dated(rows, name).with_columns(
            kind.alias("kind"),
            pl.when(pl.lit(name == "arrears") & (pl.col("amount_pence") > 0))
            .then("amount_pence")
            .alias("amount_pence"),
        )
        for name, kind in kinds.items()
    )
    return every.select("row", "kind", "amount_pence", "started_on", "ended_on").sort(
        "row", "kind", maintain_order=True
    )


def _dated(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """The rows with an open or closed status of this name, with its days."""
    status = pl.col(f"{name}_status")
    return rows.filter(status.is_in(["open", "closed"])).with_columns(
        pl.coalesce(f"{name}_from", pl.when(status == "open").then("day")).alias("started_on"),
        pl.coalesce(f"{name}_to", pl.when(status == "closed").then("day")).alias("ended_on"),
    )


def _behaviour(rows: pl.DataFrame) -> pl.DataFrame:
    """Anti-social behaviour on the tenancy as an incident; a notice on that ground as the notice it is."""
    incidents = _dated(rows, "asb").with_columns(
        pl.lit("incident").alias("kind"), pl.lit(None, pl.String).alias("ground")
    )
    notices = (
        _dated(rows, "notice")
        .filter(pl.col("ground") == ASB_GROUND)
        .with_columns(pl.lit("NOSP").alias("kind"), pl.col("ground"))
    )
    columns = ["row", "kind", "ground", pl.col("started_on").alias("issued_on"), "ended_on"]
    return pl.concat([incidents.select(columns), notices.select(columns)]).sort("row", maintain_order=True)


def _doubts(rows: pl.DataFrame) -> pl.DataFrame:
    unread = [
        doubt(
            rows,
            pl.col(name).is_not_null() & pl.col(f"{name}_status").is_null(),
            name,
            "status_unknown",
            "The status is none of open, closed and none, so nothing is taken from it.",
        )
        for name in STATUSES
    ]
    amount = doubt(
        rows,
        pl.col("arrears_amount").is_not_null() & pl.col("amount_pence").is_null(),
        "arrears_amount",
        "amount",
        "The amount is no sum of pounds and pence and was left out.",
    )
    situation = doubt(
        rows,
        pl.col("situation").is_not_null() & pl.col("situation_kind").is_null(),
        "situation",
        "situation_unknown",
        "The situation is not in data/reference/housing_situations.csv, so nothing is taken from it.",
    )
    backwards = [
        doubt(
            rows,
            pl.col(f"{name}_to") < pl.col(f"{name}_from"),
            f"{name}_to",
            "ends_first",
            "The end is before the start.",
        )
        for name in (*STATUSES, "situation")
    ]
    return stack([*unread, amount, situation, *backwards], FLAG_SCHEMA)
