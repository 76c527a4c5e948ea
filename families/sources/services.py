"""The further services that later programmes ask: what each makes of its typed rows. One short function a source.

Only what a ruleset asks is kept: no remarks, no reason for a service, no franchise, no postcode of a placement.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from families.reference import REFERENCE
from families.sources import identifiers as ids
from families.sources.housing import housing
from families.sources.shaping import Delivery, inferred_coverage, persons, snapshot_coverage
from families.sources.tabular import BENEFITS, UNNAMED, Made, is_unnamed, kept, reference_words
from families.sources.values import FLAG_SCHEMA, doubt, first_reason, refuse, stack, words_to_values

YES_NO = {"y": True, "yes": True, "true": True, "1": True, "n": False, "no": False, "false": False, "0": False}
RISKS = {"high": "high", "medium": "medium", "standard": "standard"}
CHILDREN = (1, 2, 3, 4)  # named on one notification
SHORT_BREAKS = ("V1", "V2", "V3", "V4")  # legal statuses of a series of short breaks: respite, not care
LEFT = (*BENEFITS, "UC")
POSTCODE_AT_END = r"(?i)([A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2})$"
MONTH_FIRST, YEAR_FIRST = r"^(?:\d{1,2}/)?(\d{1,2})/(\d{4})$", r"^(\d{4})-(\d{1,2})(?:-\d{1,2})?$"
NOBODY_NAMED = (
    "The row has neither a name nor a usable UPN, so nobody can be found for it: it is kept and counted, not linked."
)
ENDS_FIRST = "The end is before the start."


def _yes_no(column: str) -> pl.Expr:
    return pl.col(column).str.to_lowercase().replace_strict(YES_NO, default=None, return_dtype=pl.Boolean)


def _neither(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Doubts about a yes or no that is neither."""
    wrong = pl.col(column).is_not_null() & _yes_no(column).is_null()
    return doubt(rows, wrong, column, "yes_no", "The value is neither yes nor no and was left out.")


def _ends_first(rows: pl.DataFrame) -> pl.DataFrame:
    return doubt(rows, pl.col("ended_on") < pl.col("started_on"), "ended_on", "ends_first", ENDS_FIRST)


def _nobody_named(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    return doubt(rows, is_unnamed(*columns), columns[-1], "nobody_named", NOBODY_NAMED)


def _with_id(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.rename({"id": "source_person_id"})


def electoral_register(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Who is registered to vote where. An elector's number changes with each register, so it identifies nobody."""
    rejected = refuse(frame, is_unnamed("surname", "forename"), "unnamed", UNNAMED)
    rows = kept(frame, rejected)
    tables = {
        "persons": persons(rows, role="elector", stated_on=delivery.stated_on),
        "coverage": snapshot_coverage(rows, source="electoral_register", stated_on=delivery.stated_on),
    }
    return Made(tables, rejected)


def probation(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Sentences in custody and in the community, with release and parenting responsibilities."""
    frame = frame.with_columns(
        words_to_values(pl.col("sentence"), reference_words("sentences")).alias("kind"),
        _yes_no("parenting").alias("has_parenting_responsibility"),
    )
    rejected = first_reason(
        [
            refuse(frame, is_unnamed("surname", "forename"), "unnamed", UNNAMED),
            refuse(
                frame,
                pl.col("kind").is_null(),
                "sentence_unknown",
                "The sentence is not in data/reference/sentences.csv: correct it, or add the word there.",
            ),
        ]
    )
    rows = kept(frame, rejected)
    early = doubt(
        rows,
        pl.col("release_on") < pl.col("started_on"),
        "release_on",
        "released_first",
        "The release is before the sentence.",
    )
    tables = {
        "persons": persons(_with_id(rows), role="offender", stated_on=delivery.stated_on),
        "sentences": rows,
        "coverage": inferred_coverage(rows, "started_on", source="probation", by_school=False),
    }
    return Made(tables, rejected, stack([_neither(rows, "parenting"), early, _ends_first(rows)], FLAG_SCHEMA))


def police_domestic(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Incidents of domestic abuse: victim, suspect and the children of the notification, each a part of the row."""
    names = [f"{part}_{name}" for part in ("victim", "suspect") for name in ("surname", "forename")]
    children = [f"child_{name}_{number}" for number in CHILDREN for name in ("surname", "forename")]
    rejected = refuse(frame, is_unnamed(*names, *children), "unnamed", UNNAMED)
    rows = kept(frame, rejected).with_columns(
        pl.coalesce(_risk("current_risk"), _risk("initial_risk")).alias("risk"), _yes_no("marac").alias("is_marac")
    )
    people = pl.concat([_party(rows, "victim"), _party(rows, "suspect"), *(_child(rows, each) for each in CHILDREN)])
    named = people.filter(~is_unnamed("surname", "forename"))
    by_role = [
        persons(named.filter(pl.col("role") == role), role=role, stated_on=delivery.stated_on)
        for role in ("victim", "suspect", "child")
    ]
    unread = pl.coalesce("current_risk", "initial_risk").is_not_null() & pl.col("risk").is_null()
    flags = [
        doubt(rows, unread, "current_risk", "risk_unknown", "The risk is none of standard, medium and high."),
        _neither(rows, "marac"),
        doubt(
            rows,
            _yes_no("child_notified").fill_null(False) & is_unnamed(*children),
            "child_notified",
            "children_not_named",
            "Children were notified, but the row names none, so none can be found for it.",
        ),
    ]
    tables = {
        "persons": pl.concat(by_role),
        "domestic_incidents": named,
        "coverage": inferred_coverage(rows, "occurred_on", source="police_domestic", by_school=False),
    }
    return Made(tables, rejected, stack(flags, FLAG_SCHEMA))


def _risk(column: str) -> pl.Expr:
    return words_to_values(pl.col(column), RISKS)


_INCIDENT = ("row", "occurred_on", "is_marac", "risk")


def _party(rows: pl.DataFrame, role: str) -> pl.DataFrame:
    """Victim or suspect. Only the victim's address is stated; a postcode at its end is read as one."""
    address = pl.col("victim_address") if role == "victim" else pl.lit(None, dtype=pl.String)
    return rows.select(
        *_INCIDENT,
        pl.lit(role).alias("part"),
        pl.lit(role).alias("role"),
        pl.col(f"{role}_id").alias("source_person_id"),
        *(pl.col(f"{role}_{name}").alias(name) for name in ("surname", "forename", "date_of_birth")),
        address.str.replace(POSTCODE_AT_END, "").str.strip_chars(" ,").alias("address"),
        ids.postcode(address.str.extract(POSTCODE_AT_END)).alias("postcode"),
    )


def _child(rows: pl.DataFrame, number: int) -> pl.DataFrame:
    blank = pl.lit(None, dtype=pl.String)
    return rows.select(
        *_INCIDENT,
        pl.lit(f"child {number}").alias("part"),
        pl.lit("child").alias("role"),
        blank.alias("source_person_id"),
        *(pl.col(f"child_{name}_{number}").alias(name) for name in ("surname", "forename", "date_of_birth")),
        blank.alias("address"),
        blank.alias("postcode"),
    )


def health_services(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Who is or was with which health service."""
    kind = words_to_values(pl.col("service"), reference_words("health_services"))
    frame = frame.with_columns(kind.alias("service"))
    rejected = first_reason(
        [
            refuse(frame, is_unnamed("surname", "forename", "nhs_number"), "unnamed", UNNAMED),
            refuse(
                frame,
                pl.col("service").is_null(),
                "service_unknown",
                "The service is not in data/reference/health_services.csv: correct it, or add the word there.",
            ),
        ]
    )
    rows = kept(frame, rejected)
    tables = {
        "persons": persons(_with_id(rows), role="patient", stated_on=delivery.stated_on),
        "service_flags": rows,
        "coverage": inferred_coverage(rows, "started_on", source="health_services", by_school=False),
    }
    flags = [_nobody_named(rows, "surname", "forename"), _ends_first(rows)]
    return Made(tables, rejected, stack(flags, FLAG_SCHEMA))


def destinations(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """What young people do after year 11, and who has no offer of a place."""
    means = reference_words("destination_statuses")
    month, year = (
        pl.col("month_of_birth").str.extract(MONTH_FIRST, 1),
        pl.col("month_of_birth").str.extract(MONTH_FIRST, 2),
    )
    frame = frame.with_columns(
        words_to_values(pl.col("activity"), means).alias("status"),
        pl.coalesce(month, pl.col("month_of_birth").str.extract(YEAR_FIRST, 2)).cast(pl.Int32).alias("birth_month"),
        pl.coalesce(year, pl.col("month_of_birth").str.extract(YEAR_FIRST, 1)).cast(pl.Int32).alias("birth_year"),
        pl.coalesce("stated_on", pl.lit(delivery.stated_on, dtype=pl.Date)).alias("stated_on"),
    )
    rejected = first_reason(
        [
            refuse(frame, is_unnamed("surname", "forename", "upn"), "unnamed", UNNAMED),
            refuse(
                frame,
                pl.col("status").is_null(),
                "activity_unknown",
                "The activity is not in data/reference/destination_statuses.csv: correct it, or add the code there.",
            ),
        ]
    )
    rows = kept(frame, rejected)
    began = (
        pl.when(pl.col("status") == "neet").then(pl.coalesce("neet_from", "activity_from")).otherwise("activity_from")
    )
    held = rows.with_columns(began.alias("started_on"))
    no_offer = rows.filter(words_to_values(pl.col("offer"), means) == "no_offer").with_columns(
        pl.lit("no_offer").alias("status"), pl.col("stated_on").alias("started_on")
    )
    columns = ["row", "status", "started_on", "ended_on"]
    tables = {
        "persons": persons(_with_id(rows), role="young_person"),
        "destinations": pl.concat([held.select(columns), no_offer.select(columns)]),
        "coverage": inferred_coverage(held, "started_on", source="destinations", by_school=False),
    }
    return Made(tables, rejected, _ends_first(held))


def early_help(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Early help episodes and assessments."""
    rows = frame.with_columns(pl.lit("EH").alias("kind"))
    tables = {
        "persons": persons(_with_id(rows), role="child", stated_on=delivery.stated_on),
        "care_episodes": rows,
        "coverage": inferred_coverage(rows, "started_on", source="early_help", by_school=False),
    }
    flags = [_nobody_named(rows, "surname", "forename", "upn"), _ends_first(rows)]
    return Made(tables, flags=stack(flags, FLAG_SCHEMA))


def looked_after(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Episodes of care. The return names nobody: a child is found by UPN, or not at all."""
    is_respite = pl.col("legal_status").is_in(SHORT_BREAKS).fill_null(False)
    care = frame.filter(~is_respite).with_columns(pl.lit("LAC").alias("kind"))
    respite = doubt(
        frame,
        is_respite,
        "legal_status",
        "short_break",
        "The legal status is of a short break, which is respite and not care: no episode is taken from the row.",
    )
    tables = {
        "persons": persons(_with_id(frame), role="child", stated_on=delivery.stated_on),
        "care_episodes": care,
        "coverage": inferred_coverage(frame, "started_on", source="looked_after", by_school=False),
    }
    return Made(tables, flags=stack([_nobody_named(frame, "upn"), respite, _ends_first(frame)], FLAG_SCHEMA))


def _needs() -> pl.DataFrame:
    return pl.read_csv((REFERENCE / "nomination_needs.csv").read_bytes(), infer_schema=False)


def nominations(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Nominations: who, for which need, by what kind of agency, and when."""
    codes = _needs()["code"].to_list()
    agency = words_to_values(pl.col("nominated_by"), reference_words("nominating_agencies"))
    frame = frame.with_columns(
        pl.col("need").str.to_lowercase().str.replace_all(r"[\s-]+", "_").alias("need"),
        pl.when(pl.col("nominated_by").is_not_null()).then(agency.fill_null("other")).alias("nominated_by"),
    )
    rejected = first_reason(
        [
            refuse(frame, is_unnamed("surname", "forename", "upn"), "unnamed", UNNAMED),
            refuse(
                frame,
                ~pl.col("need").is_in(codes),
                "need_unknown",
                f"The need is none of {', '.join(codes)}: name one of these.",
            ),
        ]
    )
    rows = kept(frame, rejected)
    backwards = doubt(rows, pl.col("ended_on") < pl.col("nominated_on"), "ended_on", "ends_first", ENDS_FIRST)
    tables = {
        "persons": persons(_with_id(rows), role="nominated", stated_on=delivery.stated_on),
        "nominations": rows,
        "coverage": inferred_coverage(rows, "nominated_on", source="nominations", by_school=False),
    }
    return Made(tables, rejected, backwards)


def employment(frame: pl.DataFrame, delivery: Delivery) -> Made:
    """Steps to work: what began and ended, and the benefit that was left for it."""
    stated = pl.col("benefit_left").str.to_uppercase()
    frame = frame.with_columns(
        words_to_values(pl.col("step"), reference_words("work_steps")).alias("kind"),
        pl.when(stated.is_in(LEFT)).then(stated).alias("left"),
        _yes_no("earnings_floor").alias("meets_earnings_floor"),
    )
    rejected = first_reason(
        [
            refuse(frame, is_unnamed("surname", "forename"), "unnamed", UNNAMED),
            refuse(
                frame,
                pl.col("kind").is_null(),
                "step_unknown",
                "The step is not in data/reference/work_steps.csv: correct it, or add the word there.",
            ),
        ]
    )
    rows = kept(frame, rejected)
    unread = doubt(
        rows,
        pl.col("benefit_left").is_not_null() & pl.col("left").is_null(),
        "benefit_left",
        "benefit_unknown",
        f"The benefit is none of {', '.join(LEFT)} and was left out.",
    )
    tables = {
        "persons": persons(_with_id(rows), role="adult", stated_on=delivery.stated_on),
        "work_steps": rows.with_columns(pl.col("left").alias("benefit_left")),
        "coverage": inferred_coverage(rows, "started_on", source="employment", by_school=False),
    }
    flags = [unread, _neither(rows, "earnings_floor"), _ends_first(rows)]
    return Made(tables, rejected, stack(flags, FLAG_SCHEMA))


MAKERS: dict[str, Callable[[pl.DataFrame, Delivery], Made]] = {
    "electoral_register": electoral_register,
    "housing": housing,
    "probation": probation,
    "police_domestic": police_domestic,
    "health_services": health_services,
    "destinations": destinations,
    "early_help": early_help,
    "looked_after": looked_after,
    "nominations": nominations,
    "employment": employment,
}
