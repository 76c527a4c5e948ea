"""What goes wrong, and who notices: offences, anti-social behaviour, benefits, social care, time off the roll.

Each leans on the family's or the child's latent score. `lost` marks what happened but never reached the agency's file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from families.synthetic import rates
from families.synthetic.dwelling import NEVER
from families.synthetic.population import FOSTER, LONE_MOTHER, RESIDENTIAL, YEAR, Families, People
from families.synthetic.schooling import (
    AT_HOME,
    DUAL,
    EXPELLED,
    IN_PRU,
    MISSING,
    MISSING_ENDED,
    PRU_MEDICAL,
    Schooling,
)
from families.synthetic.streams import Array, draw, mix, pick, stream

_OFFENCES = ("Theft - shoplifting", "Common assault", "Criminal damage", "Possession of cannabis", "Burglary dwelling",
             "Public order s.5", "Theft from vehicle", "Robbery")  # fmt: skip
_OFFENCE_WEIGHTS = (25, 22, 18, 12, 7, 9, 4, 3)
_PROVEN = ("Youth caution", "Final warning", "Reprimand", "Referral order", "Youth rehabilitation order",
           "Conditional discharge")  # fmt: skip
_NOT_PROVEN = ("No further action", "Dismissed", "Not guilty")
_NEEDS = ("N1 Abuse or neglect", "N2 Disability", "N4 Family in acute stress", "N5 Family dysfunction",
          "N6 Socially unacceptable behaviour")  # fmt: skip
_ABUSE = ("Neglect", "Emotional abuse", "Physical abuse", "Multiple")


@dataclass(frozen=True)
class Troubles:
    """Events of people; days are numbers, NEVER where still so."""

    offences: pl.DataFrame  # person, offence, offence_day, outcome, outcome_day, proven, lost
    measures: pl.DataFrame  # person, measure, ground, issued, ends, lost
    benefits: pl.DataFrame  # person, benefit, start
    episodes: pl.DataFrame  # person, kind, start, end, category, lost
    statuses: pl.DataFrame  # person, status, reason, start, end, lost


def befall(
    families: Families, people: People, schooling: Schooling, *, seed: int, first: int, last: int, errors: float
) -> Troubles:
    """Every trouble of the window."""
    return Troubles(
        offences=lose(_offences(people, seed, last), seed, "offences", errors),
        measures=lose(_measures(families, people, seed, last), seed, "measures", errors),
        benefits=_benefits(families, people, seed, last),
        episodes=lose(_episodes(families, people, seed, last), seed, "episodes", errors),
        statuses=lose(_statuses(schooling), seed, "statuses", errors),
    )


def lose(frame: pl.DataFrame, seed: int, name: str, errors: float) -> pl.DataFrame:
    """The events with `lost`, drawn from the stream of that name: what never reached the agency's file."""
    rng = stream(seed, "lost", name)
    return frame.with_columns(lost=pl.Series(rng.random(frame.height) < rates.ROW_LOST * errors))


def _offences(people: People, seed: int, last: int) -> pl.DataFrame:
    rng = stream(seed, "offences")
    age = (last - people.born) / YEAR
    young = np.flatnonzero((people.role == "child") & (age > 10.6) & (age < 18.6))
    score = mix(rng, people.trouble[young] + 0.6 * (people.sex[young] == "M") + 0.18 * (age[young] - 14), 0.72)
    chosen = young[pick(score, 1.9 * rates.OFFENDERS_A_YEAR, at_least=4)]
    person = np.repeat(chosen, 1 + rng.geometric(0.6, len(chosen)).clip(1, 5) - 1)
    outcome_day = last - rng.integers(5, 720, len(person))
    outcome_day = np.maximum(outcome_day, (people.born[person] + 10.2 * YEAR).astype(np.int64))
    keep = outcome_day < people.born[person] + 18 * YEAR
    person, outcome_day = person[keep], outcome_day[keep]
    proven = rng.random(len(person)) >= rates.NOT_PROVEN
    outcome = np.where(
        proven,
        np.array(_PROVEN)[draw(rng, np.array([30, 12, 10, 28, 14, 6]), len(person))],
        np.array(_NOT_PROVEN)[rng.integers(0, len(_NOT_PROVEN), len(person))],
    )
    return pl.DataFrame(
        {
            "person": person,
            "offence": np.array(_OFFENCES)[draw(rng, np.array(_OFFENCE_WEIGHTS), len(person))],
            "offence_day": outcome_day - rng.integers(10, 90, len(person)),
            "outcome": outcome,
            "outcome_day": outcome_day,
            "proven": proven,
        },
        schema_overrides={"offence": pl.String, "outcome": pl.String},
    ).sort("person", "outcome_day", "offence")


_MEASURES = ("ABC", "ASBO", "ASBI", "NOSP", "Injunction", "Demotion", "Eviction", "Warning letter")
_MEASURE_WEIGHTS = (30, 8, 7, 22, 8, 3, 3, 19)
_LENGTHS = {"ABC": 270, "ASBO": 730, "ASBI": 365, "Injunction": 365, "Demotion": 365}


def _measures(families: Families, people: People, seed: int, last: int) -> pl.DataFrame:
    rng = stream(seed, "measures")
    score = mix(rng, families.trouble, 0.75)
    in_trouble = np.flatnonzero(pick(score, rates.ASB_FAMILIES, at_least=4))
    in_arrears = np.flatnonzero(pick(mix(rng, families.trouble, 0.5), rates.ARREARS_NOTICES, at_least=2))
    age = (last - people.born) / YEAR
    adult = np.flatnonzero((people.family < 0) & (age < 60))
    others = adult[pick(mix(rng, people.trouble[adult], 0.5), rates.ASB_OTHERS, at_least=2)]
    measure = np.array(_MEASURES)[draw(rng, np.array(_MEASURE_WEIGHTS), len(in_trouble))]
    on_youth = np.isin(measure, ("ABC", "ASBO")) & (rng.random(len(in_trouble)) < 0.65)
    youth = _one_of(rng, people, len(families), (people.role == "child") & (age > 11))
    tenant = _one_of(rng, people, len(families), np.isin(people.role, ("carer1", "carer2")))
    whom = np.where(on_youth & (youth[in_trouble] >= 0), youth[in_trouble], tenant[in_trouble])
    person = np.concatenate([whom, tenant[in_arrears], others])
    measure = np.concatenate(
        [
            measure.astype(object),
            np.full(len(in_arrears), "NOSP"),
            np.array(_MEASURES[:3])[rng.integers(0, 3, len(others))],
        ]
    )
    is_notice = np.isin(measure, ("NOSP", "Injunction", "Demotion", "Eviction"))
    ground = np.where(is_notice, "ASB", "").astype(object)
    ground[len(in_trouble) : len(in_trouble) + len(in_arrears)] = "Rent arrears"
    issued = last - rng.integers(5, 800, len(person))
    length = np.select([measure == name for name in _LENGTHS], list(_LENGTHS.values()), default=0)
    length = np.where((measure == "ABC") & (rng.random(len(person)) < 0.4), 365, length)
    return (
        pl.DataFrame(
            {
                "person": person,
                "measure": measure,
                "ground": ground,
                "issued": issued,
                "ends": np.where(length > 0, issued + length, NEVER),
            },
            schema_overrides={"measure": pl.String, "ground": pl.String},
        )
        .filter(pl.col("person") >= 0)
        .sort("person", "issued", "measure")
    )


def _one_of(rng: np.random.Generator, people: People, families: int, among: Array) -> Array:
    """One of the family's people among those marked, or -1."""
    rows = rng.permutation(np.flatnonzero(among & (people.family >= 0)))
    out = np.full(families, -1)
    out[people.family[rows]] = rows
    return out


def _benefits(families: Families, people: People, seed: int, last: int) -> pl.DataFrame:
    rng = stream(seed, "benefits")
    age = (last - people.born) / YEAR
    lone = (families.kind == LONE_MOTHER) * 0.9
    out_of_work = pick(
        mix(rng, families.trouble + lone, 0.7) - 9.0 * (families.kind == RESIDENTIAL), rates.OUT_OF_WORK_FAMILIES
    )
    carer = np.isin(people.role, ("carer1", "carer2"))
    row = people.family
    dice = rng.random(len(people))
    both = rng.random(len(families)) < 0.3
    first = people.role == np.where(rng.random(len(families)) < 0.55, "carer1", "carer2")[row]
    has_second = np.zeros(len(families), dtype=bool)
    has_second[row[people.role == "carer2"]] = True
    claims = carer & (row >= 0) & out_of_work[row] & (first | both[row] | ~has_second[row])
    others = ~carer & (age >= 18.1) & (age < 65) & (people.role != "child")
    claims |= others & (dice < rates.OUT_OF_WORK_ADULTS * np.where(people.trouble > 0.8, 2.2, 0.8))
    claims |= (people.role == "child") & (age >= 18.3) & (dice < np.where(people.trouble > 0.5, 0.3, 0.07))
    person = np.flatnonzero(claims & (age < 66))
    weights = np.array(list(rates.BENEFITS.values()))
    benefit = np.array(list(rates.BENEFITS))[draw(rng, weights, len(person))]
    is_mother = np.isin(families.kind[row[person]], (LONE_MOTHER,)) & (row[person] >= 0)
    benefit = np.where(is_mother & (rng.random(len(person)) < 0.55), "IS", benefit)
    benefit = np.where((age[person] < 25) & (benefit != "IS"), "JSA", benefit)
    length = np.select([benefit == "JSA", benefit == "ESA"], [240, 700], default=1500)
    start = last - 95 - rng.exponential(length).astype(np.int64).clip(5, 5000)
    start = np.maximum(start, (people.born[person] + 18.05 * YEAR).astype(np.int64))
    return pl.DataFrame(
        {"person": person, "benefit": benefit, "start": start}, schema_overrides={"benefit": pl.String}
    ).sort("person")


def _episodes(families: Families, people: People, seed: int, last: int) -> pl.DataFrame:
    rng = stream(seed, "episodes")
    child = np.flatnonzero((people.role == "child") & (people.born > last - 18.5 * YEAR))
    row = people.family[child]
    base = 0.6 * people.trouble[child] + 0.6 * families.trouble[row]
    settled = np.isin(families.kind[row], (FOSTER, RESIDENTIAL))
    score = np.where(settled, -9, mix(rng, base, 0.8))
    frames = []
    for kind, share, open_share, labels in (
        ("CIN", 1.6 * rates.IN_NEED, 0.6, _NEEDS),
        ("CP", 1.7 * rates.ON_PLAN, 0.58, _ABUSE),
        ("S47", rates.ENQUIRIES, 0.05, _ABUSE),
        ("EH", rates.EARLY_HELP, 0.4, ("Family support",)),
    ):
        chosen = child[pick(score + 0.55 * rng.standard_normal(len(child)), share, at_least=2)]
        frames.append(_episode(rng, people, chosen, kind, open_share, labels, last))
    looked_after = settled & ((families.kind[row] == RESIDENTIAL) | (rng.random(len(child)) < 0.85))
    frames.append(_episode(rng, people, child[looked_after], "LAC", 1.0, ("N1 Abuse or neglect",), last))
    return pl.concat(frames).sort("person", "start", "kind")


def _episode(
    rng: np.random.Generator,
    people: People,
    person: Array,
    kind: str,
    open_share: float,
    labels: tuple[str, ...],
    last: int,
) -> pl.DataFrame:
    start = last - rng.integers(8, 900, len(person))
    start = np.maximum(start, people.born[person] + 1)
    end = np.minimum(start + rng.integers(30, 420, len(person)), last - 1)
    still = rng.random(len(person)) < open_share
    return pl.DataFrame(
        {
            "person": person,
            "kind": [kind] * len(person),
            "start": start,
            "end": np.where(still, NEVER, end),
            "category": np.array(labels)[rng.integers(0, len(labels), len(person))],
        },
        schema_overrides={"kind": pl.String, "category": pl.String},
    ).filter(pl.col("start") <= pl.col("end"))


def _statuses(schooling: Schooling) -> pl.DataFrame:
    """Missing education, home education and alternative provision as the education welfare service knows them."""
    labels = {
        MISSING: ("CME", "Whereabouts known, no school place"),
        MISSING_ENDED: ("CME", "Moved within the area"),
        AT_HOME: ("EHE", "Parental choice"),
        EXPELLED: ("AP", "Permanently excluded"),
        IN_PRU: ("AP", "Permanently excluded"),
        PRU_MEDICAL: ("AP", "Medical needs"),
        DUAL: ("AP", "Behaviour support placement"),
    }
    events = schooling.events.filter(pl.col("kind").is_in(list(labels))).sort("child")
    kind = events["kind"].to_numpy()
    start = events["day"].to_numpy() + np.where(np.isin(kind, (EXPELLED, IN_PRU)), 9, 0)
    leaves = schooling.spells.group_by("child").agg(pl.col("to").max().alias("left"))
    left = events.join(leaves, on="child", how="left", maintain_order="left")["left"].fill_null(NEVER).to_numpy()
    end = np.where(np.isin(kind, (EXPELLED, IN_PRU, PRU_MEDICAL)), left, events["until"].to_numpy())
    return pl.DataFrame(
        {
            "person": events["child"],
            "status": [labels[k][0] for k in kind.tolist()],
            "reason": [labels[k][1] for k in kind.tolist()],
            "start": start,
            "end": end,
        },
        schema_overrides={"status": pl.String, "reason": pl.String},
    )
