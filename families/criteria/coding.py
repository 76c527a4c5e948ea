"""People and families as numbers in the order of their ids: joins and sorts over numbers are several times as quick."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import polars as pl

from families.criteria.facts import Facts

CODE = pl.UInt32


@dataclass(frozen=True)
class Coded:
    """Facts of the families' members alone, with codes for ids, and the ids by code."""

    facts: Facts
    people: pl.Series
    families: pl.Series

    def decoded(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A frame of codes with the ids again, as texts that share their memory."""
        ids = {"person_id": self.people, "family_id": self.families}
        return frame.with_columns(
            pl.lit(values).gather(pl.col(name)).alias(name)
            for name, values in ids.items()
            if frame.schema.get(name) == CODE
        )


def coded(facts: Facts) -> Coded:
    """Facts in numbers. What is on record of people in no family is left out: nobody asks it."""
    people = facts.members["person_id"].unique().sort()
    families = facts.members["family_id"].unique().sort()
    of_people = (facts.members, facts.absence, facts.stays, facts.benefit_checks, facts.attached, facts.silences)
    members, absence, stays, benefit_checks, attached, silences, *events = _numbered(
        [*of_people, *facts.events.values()], people
    )
    in_numbers = replace(
        facts,
        members=members.with_columns(_codes(members["family_id"], families).alias("family_id")),
        absence=absence,
        stays=stays,
        benefit_checks=benefit_checks,
        attached=attached,
        silences=silences,
        events=dict(zip(facts.events, events, strict=True)),
    )
    return Coded(in_numbers, people, families)


def _numbered(frames: list[pl.DataFrame], people: pl.Series) -> list[pl.DataFrame]:
    """Frames with codes for people. They are looked up all at once: the table of ids is made for one lookup alone."""
    codes = _codes(pl.concat([frame["person_id"] for frame in frames]), people)
    starts = [0, *itertools.accumulate(frame.height for frame in frames)]
    found = []
    for frame, start in zip(frames, starts, strict=False):
        with_codes = frame.with_columns(codes.slice(start, frame.height).alias("person_id"))
        found.append(with_codes.drop_nulls("person_id"))
    return found


def _codes(ids: pl.Series, known: pl.Series) -> pl.Series:
    """The place of each id among those known, which are in order; blank where it is none of them."""
    codes = pl.DataFrame({"id": known, "code": pl.Series(range(len(known)), dtype=CODE)})
    return pl.DataFrame({"id": ids}).join(codes, on="id", how="left", maintain_order="left")["code"]
