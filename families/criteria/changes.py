"""What became of each family between two runs, and why: new data, linkage, the rules, or the software. Frames only.

A family is the same in both where its id is, or where it carries its children under another one. Ids, never names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

NEW, DROPPED, CHANGED, UNCHANGED = "new", "dropped", "changed", "unchanged"
DATA, LINKAGE, RULE, SOFTWARE = "new data", "linkage", "rule", "software"
NOT_FOUND = "not found"
IN_WORDS = {"met": "met", "not_met": "not met", "unknown": "not known"}
RECORD = ["delivery", "row", "part"]
MEMBER = ["family_id", "person_id", "role", "is_resident"]
FINDING = ["family_id", "person_id", "criterion", "strand", "outcome", "value", "out_of", "detail", "evidence"]
MOST_FILES = 3  # named in a sentence; of more the number is given


@dataclass(frozen=True)
class Compared:
    """What of a run is compared: four of its tables, and of its manifest the deliveries, rules, date and code."""

    assessments: pl.DataFrame
    findings: pl.DataFrame
    family_members: pl.DataFrame
    person_of_record: pl.DataFrame
    files: Mapping[str, str]  # by delivery
    as_of: dt.date
    ruleset: str
    rules_sha256: str
    code: str
    switches: Mapping[str, str] = field(default_factory=dict)
    strand_labels: Mapping[str, str] = field(default_factory=dict)


def changes(before: Compared, after: Compared) -> pl.DataFrame:
    """A row a family: family_id (the later one where it has two), change, reason, sentence."""
    pairs = carried_ids(before.family_members, after.family_members)
    before = _under_later_ids(before, pairs)
    moved = changed_strands(before, after)
    families = _families(before, after, moved)
    told = (
        families.join(_strand_words(moved, after), on="family_id", how="left")
        .join(_data_of(before, after, moved), on="family_id", how="left")
        .join(_linkage_of(before, after), on="family_id", how="left")
        .with_columns(pl.col("is_regrouped", "has_other_members", "has_own_data", "is_in_evidence").fill_null(False))
    )
    return _with_reasons(told, before, after).sort("family_id").select("family_id", "change", "reason", "sentence")


def carried_ids(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """The later id of each earlier family that goes by another one: before_id, family_id. Most children in common."""
    children = pl.col("role") == "child"
    gone = before.filter(children).join(after, on="family_id", how="anti").select("person_id", before_id="family_id")
    come = after.filter(children).join(before, on="family_id", how="anti").select("person_id", "family_id")
    common = gone.join(come, on="person_id").group_by("before_id", "family_id").len()
    ranked = common.sort(["len", "before_id", "family_id"], descending=[True, False, False])
    best = ranked.unique("before_id", keep="first", maintain_order=True)
    return best.unique("family_id", keep="first", maintain_order=True).select("before_id", "family_id")


def _under_later_ids(before: Compared, pairs: pl.DataFrame) -> Compared:
    later = dict(pairs.rows())

    def renamed(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.col("family_id").replace(later)) if later else frame

    return Compared(
        **vars(before)
        | {name: renamed(getattr(before, name)) for name in ("assessments", "findings", "family_members")}
    )


def changed_strands(before: Compared, after: Compared) -> pl.DataFrame:
    """Strands that both runs ask about whose outcome differs: family_id, strand, was, now."""
    was, now = (
        run.assessments.select("family_id", "strand", pl.col("outcome").alias(name))
        for run, name in ((before, "was"), (after, "now"))
    )
    return was.join(now, on=["family_id", "strand"]).filter(pl.col("was") != pl.col("now")).sort("family_id", "strand")


def _families(before: Compared, after: Compared, moved: pl.DataFrame) -> pl.DataFrame:
    was, now = (run.assessments.select("family_id").unique() for run in (before, after))
    both = now.join(was, on="family_id", how="semi")
    kinds = {
        NEW: now.join(was, on="family_id", how="anti"),
        DROPPED: was.join(now, on="family_id", how="anti"),
        CHANGED: both.join(moved, on="family_id", how="semi"),
        UNCHANGED: both.join(moved, on="family_id", how="anti"),
    }
    return pl.concat([frame.with_columns(pl.lit(kind).alias("change")) for kind, frame in kinds.items()])


def _strand_words(moved: pl.DataFrame, after: Compared) -> pl.DataFrame:
    places = {name: place for place, name in enumerate(after.strand_labels)}
    label = pl.col("strand").replace(dict(after.strand_labels))
    return (
        moved.sort("family_id", pl.col("strand").replace_strict(places, default=len(places), return_dtype=pl.Int64))
        .group_by("family_id", maintain_order=True)
        .agg(
            pl.format("{} from {} to {}", label, pl.col("was").replace(IN_WORDS), pl.col("now").replace(IN_WORDS))
            .str.join(", ")
            .alias("strand_words")
        )
    )


def _data_of(before: Compared, after: Compared, moved: pl.DataFrame) -> pl.DataFrame:
    """By family the files of one run alone that are in the evidence of what changed, or that its members stand in.

    family_id, is_in_evidence, evidence_files, has_own_data, own_files.
    """
    shown, own = _evidence_of_changes(before, after, moved), _own_records(before, after)
    files = {**before.files, **after.files}
    one_sided = pl.col("delivery").is_in(sorted(set(before.files) ^ set(after.files)))
    in_evidence, of_members = (
        rows.filter(one_sided)
        .with_columns(pl.col("delivery").replace(files).alias("file"))
        .group_by("family_id")
        .agg(_listed(pl.col("file")).alias(name), pl.lit(True).alias(flag))
        for rows, name, flag in ((shown, "evidence_files", "is_in_evidence"), (own, "own_files", "has_own_data"))
    )
    return in_evidence.join(of_members, on="family_id", how="full", coalesce=True)


def _listed(file: pl.Expr) -> pl.Expr:
    names = file.unique().sort()
    shown = names.head(MOST_FILES).str.join(", ")
    more = pl.format(" and {} more", names.len() - MOST_FILES)
    return pl.when(names.len() > MOST_FILES).then(pl.concat_str(shown, more)).otherwise(shown)


def _evidence_of_changes(before: Compared, after: Compared, moved: pl.DataFrame) -> pl.DataFrame:
    """What shows the findings that differ in a strand that changed: family_id, delivery."""
    was, now = (
        run.findings.select(FINDING).join(moved, on=["family_id", "strand"], how="semi") for run in (before, after)
    )
    differing = [one.join(other, on=FINDING, how="anti", nulls_equal=True) for one, other in ((was, now), (now, was))]
    return (
        pl.concat(differing)
        .select("family_id", pl.col("evidence").str.json_decode(pl.List(pl.List(pl.String))))
        .explode("evidence", empty_as_null=True, keep_nulls=True)
        .select("family_id", pl.col("evidence").list.get(1, null_on_oob=True).alias("delivery"))
        .drop_nulls()
        .unique()
    )


def _own_records(before: Compared, after: Compared) -> pl.DataFrame:
    """The records of everybody who is in a family in either run: family_id and delivery, row, part."""
    members = pl.concat([run.family_members.select("family_id", "person_id") for run in (before, after)]).unique()
    records = pl.concat([run.person_of_record.select("person_id", *RECORD) for run in (before, after)]).unique()
    return members.join(records, on="person_id").select("family_id", *RECORD).unique()


def _linkage_of(before: Compared, after: Compared) -> pl.DataFrame:
    """By family whether its people's records are put together in another way, and whether its members are others.

    family_id, is_regrouped, has_other_members; `elsewhere`, of new and dropped families those in which their people
    are in the other run.
    """
    was, now = (run.family_members.select(MEMBER) for run in (before, after))
    others = _differing(was, now).with_columns(pl.lit(True).alias("has_other_members"))
    members = pl.concat([was, now]).select("family_id", "person_id")
    regrouped = members.join(_regrouped(before, after), on="person_id", how="semi").select("family_id").unique()
    elsewhere = pl.concat([_elsewhere(was, now), _elsewhere(now, was)])
    return (
        others.join(
            regrouped.with_columns(pl.lit(True).alias("is_regrouped")), on="family_id", how="full", coalesce=True
        )
    ).join(elsewhere, on="family_id", how="left")


def _regrouped(before: Compared, after: Compared) -> pl.DataFrame:
    """People one of whose records, of a delivery of both runs, is of somebody else in the other run: person_id."""
    keys = ["source", *RECORD]
    was, now = (run.person_of_record.select(*keys, "person_id") for run in (before, after))
    both = was.join(now, on=keys, suffix="_now").filter(pl.col("person_id") != pl.col("person_id_now"))
    return pl.concat([both.select("person_id"), both.select(person_id="person_id_now")]).unique()


def _differing(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    rows = [a.join(b, on=a.columns, how="anti", nulls_equal=True) for a, b in ((one, other), (other, one))]
    return pl.concat(rows).select("family_id").unique()


def _elsewhere(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """For families of one run alone, those in which their people are in the other."""
    alone = one.join(other, on="family_id", how="anti").select("family_id", "person_id")
    return (
        alone.join(other.select("person_id", pl.col("family_id").alias("other_id")), on="person_id")
        .group_by("family_id")
        .agg(_listed(pl.col("other_id")).alias("elsewhere"))
    )


def _with_reasons(told: pl.DataFrame, before: Compared, after: Compared) -> pl.DataFrame:
    """Every reason that holds. The date and the software explain only what nothing else does.

    Families are formed as of the date: where it differs, other members alone are no other linkage.
    """
    rules = (before.ruleset, before.rules_sha256) != (after.ruleset, after.rules_sha256)
    rules = rules or before.switches != after.switches
    is_kept = pl.col("change") == CHANGED
    is_same_day = pl.lit(before.as_of == after.as_of)
    has_others = pl.col("has_other_members") | pl.col("elsewhere").is_not_null()
    is_data = (is_kept & pl.col("is_in_evidence")) | (
        pl.col("has_own_data") & (has_others | pl.col("is_regrouped") | ~is_kept)
    )
    is_linkage = (pl.col("is_regrouped") | (has_others & is_same_day)) & ~pl.col("has_own_data")
    by_rule = pl.lit(rules) & (is_kept | ~(is_data | is_linkage))
    by_date = ~is_same_day & ~(is_data | is_linkage | by_rule)
    by_code = pl.lit(before.code != after.code) & ~(is_data | is_linkage | by_rule | by_date)
    by_coverage = pl.lit(before.files.keys() != after.files.keys()) & ~(
        is_data | is_linkage | by_rule | by_date | by_code
    )
    reasons = [
        (DATA, is_data | by_coverage), (LINKAGE, is_linkage), (RULE, by_rule | by_date), (SOFTWARE, by_code),
    ]  # fmt: skip
    words = [
        (is_data, pl.format("new data: {}", pl.coalesce(pl.when(is_kept).then("evidence_files"), "own_files"))),
        (by_coverage, pl.lit("new data: what the deliveries cover is another")),
        (is_linkage, _linkage_words()),
        (by_rule, pl.lit(_rule_words(before, after))),
        (by_date, pl.lit(f"rule: the date asked about is {after.as_of}, was {before.as_of}")),
        (by_code, pl.lit("the software is of another version")),
    ]
    what = (
        pl.when(is_kept)
        .then(pl.format("{}: {}", "family_id", "strand_words"))
        .when(pl.col("change") == NEW)
        .then(pl.format("{} is new", "family_id"))
        .otherwise(pl.format("{} is gone", "family_id"))
    )
    is_same = pl.col("change") == UNCHANGED
    return told.with_columns(
        reason=pl.when(~is_same).then(_joined([(holds, pl.lit(name)) for name, holds in reasons], " and ")),
        why=_joined(words, "; "),
    ).with_columns(
        sentence=pl.when(~is_same).then(pl.format("{}; {}.", what, "why")),
    )


def _joined(parts: list[tuple[pl.Expr, pl.Expr]], separator: str) -> pl.Expr:
    held = pl.concat_str([pl.when(holds).then(words) for holds, words in parts], separator=separator, ignore_nulls=True)
    return pl.when(held == "").then(pl.lit(f"reason {NOT_FOUND}")).otherwise(held)


def _linkage_words() -> pl.Expr:
    return (
        pl.when((pl.col("change") == NEW) & pl.col("elsewhere").is_not_null())
        .then(pl.format("linkage: its people were in {}", "elsewhere"))
        .when(pl.col("elsewhere").is_not_null())
        .then(pl.format("linkage: its people are in {} now", "elsewhere"))
        .when("is_regrouped")
        .then(pl.lit("linkage: the same records are put together to other people"))
        .otherwise(pl.lit("linkage: the same people are put together to another family"))
    )


def _rule_words(before: Compared, after: Compared) -> str:
    if before.ruleset != after.ruleset:
        return f"rule: {after.ruleset}, was {before.ruleset}"
    switched = [
        f"{name} is {after.switches.get(name)}, was {before.switches.get(name)}"
        for name in sorted(before.switches.keys() | after.switches.keys())
        if before.switches.get(name) != after.switches.get(name)
    ]
    return f"rule: {', '.join(switched) or f'{after.ruleset} reads otherwise'}"
