"""How a run compares with what is true of a made-up authority; never for real ones, of which no truth is known.

Definitions: person pairs are pairs of accepted records of named people within one person. A product person is matched
to the true person most of its records belong to. The resident adults of a child are, in truth, people of 18 and over
in `care` with resident true on the day; in the product, family members of 18 and over with role parent or carer and
resident. Outcomes are compared with what is knowable: what the delivered files can show when linked without error.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl

from families.errors import Refused
from families.home import Run

ADULT = 18
STRANDS = ("education", "crime_asb", "work", "eligible")


def score(run: Run, truth: Path, *, persons: pl.DataFrame) -> dict[str, Any]:
    """The figures of a run against `truth`, shares from 0 to 1.

    `persons` is the Persons table of the run's deliveries. Raises Refused where the truth's files are not there.
    """
    if not (truth / "records.parquet").is_file():
        raise Refused(f"{truth.name} holds no records.parquet: give the truth folder of a made-up authority.")
    as_of = dt.date.fromisoformat(run.manifest["as_of"])
    of_record = run.table("person_of_record")
    records = with_true_people(run, pl.read_parquet(truth / "records.parquet"), persons, of_record)
    matched = _true_person_of_person(records)
    care = pl.read_parquet(truth / "care.parquet")
    outcomes = pl.read_parquet(truth / "outcomes.parquet").filter(
        pl.col("as_of") == as_of, pl.col("ruleset") == run.manifest["ruleset"]["id"]
    )
    children = _on_roll(pl.read_parquet(truth / "enrolments.parquet"), as_of=as_of)
    if outcomes.is_empty() or records.is_empty():
        raise Refused(
            f"{truth.name} is not the truth of this run: it tells of other files, or of another day than {as_of}."
        )
    people = pl.read_parquet(truth / "people.parquet")
    members = _members(run, matched)
    return {
        "person_pairs": person_pairs(records),
        "children": _children(children, care, people, members, records, as_of=as_of),
        "outcomes": _outcomes(run, outcomes, members, children, truth),
    }


def _on_roll(enrolments: pl.DataFrame, *, as_of: dt.date) -> pl.Series:
    """The children on a school roll in the authority on the day."""
    goes_on = pl.col("to").is_null() | (pl.col("to") >= as_of)
    return enrolments.filter(pl.col("from") <= as_of, goes_on)["true_person_id"].unique().sort()


def with_true_people(run: Run, true: pl.DataFrame, persons: pl.DataFrame, of_record: pl.DataFrame) -> pl.DataFrame:
    """Accepted records of named people with their person, by `of_record`, and their true person."""
    deliveries = pl.DataFrame(
        [(file, item["delivery"]) for item in run.manifest["inputs"] for file in item["files"]],
        schema={"name": pl.String, "delivery": pl.String},
        orient="row",
    )
    places = (
        true.select(pl.col("file").unique())
        .with_columns(pl.col("file").str.split("/").list.last().alias("name"))
        .join(deliveries, on="name")
    )
    named = persons.filter(pl.col("forename").is_not_null() | pl.col("surname").is_not_null())
    return (
        true.join(places.select("file", "delivery"), on="file")
        .select("delivery", "row", "part", "true_person_id")
        .join(named.select("delivery", "row", "part", "source"), on=["delivery", "row", "part"])
        .join(of_record.select("delivery", "row", "part", "person_id"), on=["delivery", "row", "part"])
    )


def _true_person_of_person(records: pl.DataFrame) -> pl.DataFrame:
    return (
        records.group_by("person_id", "true_person_id")
        .len()
        .sort("person_id", "len", "true_person_id", descending=[False, True, False])
        .unique("person_id", keep="first", maintain_order=True)
        .select("person_id", "true_person_id")
    )


def _pairs(records: pl.DataFrame, by: list[str]) -> int:
    counts = records.group_by(by).len().select(pl.col("len").cast(pl.Int64))
    return int(counts.select((pl.col("len") * (pl.col("len") - 1) // 2).sum()).item())


def person_pairs(records: pl.DataFrame) -> dict[str, float]:
    """Precision, recall and F1, from 0 to 1, of the pairs of records within one person."""
    both = _pairs(records, ["person_id", "true_person_id"])
    linked, true = _pairs(records, ["person_id"]), _pairs(records, ["true_person_id"])
    precision, recall = _share(both, linked), _share(both, true)
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"precision": precision, "recall": recall, "f1": f1}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _members(run: Run, matched: pl.DataFrame) -> pl.DataFrame:
    """Family members with the true person each stands for; a person of no named record stands for nobody."""
    born = run.table("people").select("person_id", "date_of_birth")
    return (
        run.table("family_members")
        .join(born, on="person_id", how="left")
        .join(matched, on="person_id", how="left")
        .with_columns(pl.coalesce("true_person_id", pl.format("nobody {}", "person_id")).alias("true_person_id"))
    )


def _children(
    children: pl.Series,
    care: pl.DataFrame,
    people: pl.DataFrame,
    members: pl.DataFrame,
    records: pl.DataFrame,
    *,
    as_of: dt.date,
) -> dict[str, float]:
    of_age = pl.col("date_of_birth").dt.offset_by(f"{ADULT}y") <= as_of
    adults = people.filter(of_age).select(pl.col("true_person_id").alias("adult"))
    true_pairs = (
        care.filter(
            pl.col("resident"),
            pl.col("from").fill_null(dt.date.min) <= as_of,
            pl.col("to").is_null() | (pl.col("to") >= as_of),
            pl.col("child").is_in(children.implode()),
        )
        .join(adults, on="adult")
        .select("child", "adult")
        .unique()
    )
    resident = members.filter(pl.col("is_resident"))
    carers = resident.filter(pl.col("role").is_in(["parent", "carer"]), of_age.fill_null(True))
    product_pairs = (
        resident.select("family_id", pl.col("true_person_id").alias("child"))
        .filter(pl.col("child").is_in(children.implode()))
        .join(carers.select("family_id", pl.col("true_person_id").alias("adult")), on="family_id")
        .filter(pl.col("adult") != pl.col("child"))
        .select("child", "adult")
        .unique()
    )
    delivered = records.select(pl.col("true_person_id").alias("adult")).unique()
    unseen = true_pairs.join(delivered, on="adult", how="anti")["child"].unique()
    wrong = product_pairs.join(true_pairs, on=["child", "adult"], how="anti")["child"].unique()
    missing = true_pairs.join(product_pairs, on=["child", "adult"], how="anti")["child"].unique()
    askable = children.filter(~children.is_in(unseen.implode()))
    right = askable.filter(~askable.is_in(wrong.implode()) & ~askable.is_in(missing.implode()))
    return {
        "n": len(children),
        "exactly_right": _share(len(right), len(askable)),
        "wrong_adult": _share(len(wrong), len(children)),
        "missing_adult": _share(len(missing), len(children)),
    }


def _outcomes(
    run: Run, outcomes: pl.DataFrame, members: pl.DataFrame, children: pl.Series, truth: Path
) -> dict[str, float]:
    """Share of the children (education), and of their families (the rest), whose outcome is the knowable one."""
    education = run.table("findings").filter(pl.col("strand") == "education", pl.col("person_id").is_not_null())
    child_outcome = _any_of(education, "person_id").join(
        members.select("person_id", "true_person_id").unique(), on="person_id"
    )
    of_child = outcomes.filter(pl.col("criterion") == "education", pl.col("child").is_in(children.implode())).join(
        child_outcome.unique("true_person_id", keep="first", maintain_order=True),
        left_on="child",
        right_on="true_person_id",
        how="left",
    )
    found = {"education": _agreement(of_child)}
    true_families = pl.read_parquet(truth / "families.parquet")
    asked = true_families.filter(pl.col("true_person_id").is_in(children.implode())).select("true_family_id").unique()
    family_of = _family_of_true_family(members, true_families)
    assessments = run.table("assessments").join(family_of, on="family_id")
    for strand in STRANDS[1:]:
        of_family = outcomes.filter(
            pl.col("criterion") == strand, pl.col("true_family_id").is_in(asked["true_family_id"].implode())
        ).join(
            assessments.filter(pl.col("strand") == strand).select("true_family_id", "outcome"),
            on="true_family_id",
            how="left",
        )
        found[strand] = _agreement(of_family)
    return found


def _any_of(findings: pl.DataFrame, by: str) -> pl.DataFrame:
    outcome = pl.col("outcome")
    return (
        findings.group_by(by)
        .agg(
            pl.when((outcome == "met").any())
            .then(pl.lit("met"))
            .when((outcome == "unknown").any())
            .then(pl.lit("unknown"))
            .otherwise(pl.lit("not_met"))
            .alias("outcome")
        )
        .sort(by)
    )


def _agreement(compared: pl.DataFrame) -> float:
    """A child or family the product does not have is one it knows nothing of."""
    same = compared.filter(pl.col("outcome").fill_null("unknown") == pl.col("knowable_outcome")).height
    return _share(same, compared.height)


def _family_of_true_family(members: pl.DataFrame, true_families: pl.DataFrame) -> pl.DataFrame:
    """The product's family that holds most of a true family's members, children before adults; each stands for one.

    A child with two homes belongs to two true families. Where the product knows only one home, its family is that
    of the true family it shares most with, and it knows nothing of the other.
    """
    shared = (
        true_families.join(
            members.filter(pl.col("is_resident")).select("family_id", "true_person_id"), on="true_person_id"
        )
        .group_by("true_family_id", "family_id")
        .agg((pl.col("role") == "child").sum().alias("children"), pl.len().alias("people"))
        .sort("children", "people", "true_family_id", "family_id", descending=[True, True, False, False])
        .with_row_index("rank")
    )
    found = []
    while not shared.is_empty():
        is_best = pl.all_horizontal(pl.col("rank") == pl.col("rank").min().over(side) for side in _SIDES)
        best = shared.filter(is_best)
        found.append(best.select(_SIDES))
        for side in _SIDES:
            shared = shared.join(best, on=side, how="anti", maintain_order="left")
    return pl.concat(found) if found else shared.select(_SIDES)


_SIDES = ["true_family_id", "family_id"]
