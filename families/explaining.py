"""Why, in sentences, from a published run: who is in a family, what each criterion found, what ties two people."""

from __future__ import annotations

import datetime as dt

import polars as pl

from families.criteria.explain import explained
from families.criteria.ruleset import Ruleset
from families.errors import Refused
from families.home import Home, Run
from families.households.explain import why_together
from families.sources.taking_back import gone_in_words, gone_since

ORDER = {"child": 0, "parent": 1, "carer": 2, "adult": 3, "linked": 4}


def explain_family(home: Home, run: Run, family_id: str, *, criterion: str | None = None) -> list[str]:
    """Members with why each is one, then strands, then findings. Raises Refused for an id not in the run."""
    of_family = pl.col("family_id") == family_id
    members = run.table("family_members").filter(of_family)
    if members.height == 0:
        raise Refused(f"No family {family_id} is in run {run.run_id}: ids stand on the dashboard and in its tables.")
    manifest = run.manifest
    rules = rules_of(run)
    if criterion and criterion not in rules.criteria():
        raise Refused(f"{rules.id} has no criterion {criterion}; it has {', '.join(sorted(rules.criteria()))}.")
    findings = run.table("findings").filter(of_family)
    if criterion:
        findings = findings.filter(pl.col("criterion") == criterion)
    told = explained(
        findings,
        rules=rules,
        people=run.table("people"),
        as_of=dt.date.fromisoformat(manifest["as_of"]),
        file_names={item["delivery"]: item["file"] for item in manifest["inputs"]},
    )
    sentences = told.select(pl.col("sentence").unique(maintain_order=True)).to_series().to_list()
    if criterion:
        return sentences
    assessments = run.table("assessments").filter(of_family)
    labels = rules.strand_labels
    return [
        f"Family {family_id}, as at {manifest['as_of']}, by {rules.title}.",
        *(gone_in_words(gone) for gone in gone_since(home.path, {item["delivery"] for item in manifest["inputs"]})),
        "",
        *members.sort(pl.col("role").replace_strict(ORDER, default=9), "person_id")
        .select(pl.format("{} ({}): {}", "person_id", "role", "reason"))
        .to_series(),
        "",
        *(f"{labels[strand]}: {reason}" for strand, reason in assessments.select("strand", "reason").rows()),
        *_near_miss(run, family_id),
        "",
        *sentences,
    ]


def _near_miss(run: Run, family_id: str) -> list[str]:
    """What a family lacks to be eligible; nothing where it is, or is far from it."""
    if not run.has_table("near_misses"):
        return []  # a run of an earlier version
    own = run.table("near_misses").filter(pl.col("family_id") == family_id)
    return [
        f"Near miss: {sentence}{f' ({person})' if person else ''}"
        for sentence, person in own.select("sentence", "person_id").rows()
    ]


def rules_of(run: Run) -> Ruleset:
    """The rules as the run used them, with its switches set and its overlay in."""
    return Ruleset.from_json((run.path / "ruleset.json").read_bytes())


def explain_link(run: Run, a: str, b: str) -> list[str]:
    """The strongest path of ties between two people, a sentence each."""
    people = run.table("people")
    for person in (a, b):
        if people.filter(pl.col("person_id") == person).height == 0:
            raise Refused(f"No person {person} is in run {run.run_id}.")
    steps = why_together(run.table("links"), run.table("family_members"), people, a, b)
    return steps or [f"No tie leads from {a} to {b}: no source gives a reason to hold them together."]
