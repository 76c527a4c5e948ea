"""What became of people and families from one run to the next: the tables a refresh keeps, and the list people read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl

from families.home import Run
from families.households.continuity import FamiliesOfRun, all_changes, family_changes, former_families
from families.linkage.continuity import PeopleBefore, delivered_since, former_people, person_changes
from families.tables.run import RUN_TABLES

Tables = Mapping[str, pl.DataFrame]
KINDS = {
    "person_merged": "People put together",
    "person_split": "People taken apart",
    "records_moved": "Records moved from one person to another",
    "family_merged": "Families put together",
    "family_split": "Families taken apart",
    "family_moved": "Families that moved",
    "family_ended": "Families that ended",
    "member_joined": "People who joined a family",
    "member_left": "People who left a family",
}


def table_of(run: Run, name: str) -> pl.DataFrame:
    """A table of a run; empty where an earlier version of the software made the run without it."""
    return run.table(name) if run.has_table(name) else RUN_TABLES[name].create_empty()


def people_before(published: Run | None) -> PeopleBefore | None:
    """What the published run knows of people, from which ids are carried over."""
    if published is None:
        return None
    return PeopleBefore(
        person_of_record=table_of(published, "person_of_record"),
        people=table_of(published, "people"),
        address_of_record=table_of(published, "address_of_record"),
        former=table_of(published, "former_people"),
    )


def kept_continuity(
    published: Run | None, told_from: Run | None, tables: Tables, *, files: Mapping[str, str], as_of: dt.date, code: str
) -> dict[str, pl.DataFrame]:
    """The tables that a run keeps of ids: those that are no longer in use, and what happened since `told_from`."""
    before = people_before(published)
    members = table_of(published, "family_members") if published else None
    earlier = table_of(published, "former_families") if published else None
    nothing: pl.DataFrame = RUN_TABLES["continuity"].create_empty()
    return {
        "continuity": changes(told_from, tables, files=files, as_of=as_of, code=code) if told_from else nothing,
        "former_people": former_people(before, tables["person_of_record"]),
        "former_families": former_families(earlier, members, tables["family_members"]),
    }


def changes(before: Run, tables: Tables, *, files: Mapping[str, str], as_of: dt.date, code: str) -> pl.DataFrame:
    """The Continuity table: what became of the people and families of a run in these tables."""
    manifest = before.manifest
    was, now = table_of(before, "person_of_record"), tables["person_of_record"]
    names = {item["delivery"]: item["file"] for item in manifest["inputs"]} | dict(files)
    inputs = _why_otherwise(manifest, files=files, code=code)
    date = f"the date asked about is {as_of}, was {manifest['as_of']}" if str(as_of) != manifest["as_of"] else ""
    people = person_changes(was, now, files=names, otherwise=inputs)
    families = family_changes(
        FamiliesOfRun(table_of(before, "family_members"), table_of(before, "households")),
        FamiliesOfRun(tables["family_members"], tables["households"]),
        persons=people,
        delivered=delivered_since(was, now, files=names),
        otherwise=date or inputs,
    )
    return all_changes(people, families)


def _why_otherwise(manifest: dict[str, Any], *, files: Mapping[str, str], code: str) -> str:
    """Why, where no record delivered since says it: files taken back, or software of another version."""
    gone = sorted(item["file"] for item in manifest["inputs"] if item["delivery"] not in files)
    if gone:
        return f"taken back since: {', '.join(gone[:3])}{f' and {len(gone) - 3} more' if len(gone) > 3 else ''}"
    return "the software is of another version" if manifest["code"] != code else ""


def between(before: Run, after: Run) -> pl.DataFrame:
    """What became of people and families between two runs on disk."""
    manifest = after.manifest
    tables = {name: table_of(after, name) for name in ("person_of_record", "family_members", "households")}
    files = {item["delivery"]: item["file"] for item in manifest["inputs"]}
    as_of = dt.date.fromisoformat(manifest["as_of"])
    return changes(before, tables, files=files, as_of=as_of, code=manifest["code"])


def lines(found: pl.DataFrame, *, counts_only: bool) -> list[str]:
    """Counts of each kind, then a sentence for each."""
    tally = dict(found.group_by("kind").len().rows())
    told = [f"{said}: {tally.get(kind, 0):,}" for kind, said in KINDS.items()]
    if counts_only or found.is_empty():
        return told
    place = pl.col("kind").replace_strict({kind: n for n, kind in enumerate(KINDS)}, return_dtype=pl.Int64)
    return [*told, "", *found.sort(place, "old_id", "new_id", "person_id")["sentence"]]
