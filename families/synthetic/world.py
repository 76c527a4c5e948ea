"""The whole made-up authority in memory: people, homes, schools, troubles and the calendar they share."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from families.errors import UserError
from families.synthetic import attendance, exclusions, rates
from families.synthetic.dwelling import NEVER, Dwelling, settle
from families.synthetic.hardships import Hardships, befall_further
from families.synthetic.population import Families, People, day_number, draw_families, people_of
from families.synthetic.school_days import SchoolYear, school_years
from families.synthetic.schooling import Schooling, enrol
from families.synthetic.streams import Array, pick, stream
from families.synthetic.troubles import Troubles, befall


@dataclass(frozen=True)
class World:
    """Everything that is true of the authority, before any agency writes it down."""

    seed: int
    errors: float
    first: int
    last: int
    families: Families
    people: People
    dwelling: Dwelling
    schooling: Schooling
    exclusions: pl.DataFrame
    years: list[SchoolYear]
    counts: pl.DataFrame  # sessions by spell, year, term and half
    marks: attendance.YearMarks  # of the last academic year
    troubles: Troubles
    hardships: Hardships
    hidden: Array  # adults who are in no file
    named: pl.DataFrame  # person, forename, middle_names, surname, other_surname, sex, born, upn
    places: pl.DataFrame  # home, saon, paon, street, locality, town, postcode, uprn
    previous: pl.DataFrame  # person, old_home

    @property
    def as_of(self) -> dt.date:
        """The day after the last, on which truth is told."""
        return as_date(self.last + 1)


def as_date(day: int) -> dt.date:
    """A day number as a date."""
    return dt.date(1970, 1, 1) + dt.timedelta(days=day)


def make(*, pupils: int, seed: int, errors: float, first_day: dt.date, last_day: dt.date) -> World:
    """Simulates the authority."""
    first, last = day_number(first_day), day_number(last_day)
    areas = int(np.clip(round(pupils / 2200), 3, 30))
    families = draw_families(pupils=pupils, seed=seed, areas=areas, first_day=first_day, last_day=last_day)
    people = people_of(families, seed=seed, pupils=pupils, last_day=last_day)
    dwelling = settle(families, people, seed=seed, areas=areas, last=last)
    years = [year for year in school_years(first_day, last_day) if len(year.days)]
    if not years:
        raise UserError("There is no school day between the two days; give a --from and --to with some term between.")
    schooling = enrol(families, people, seed=seed, areas=areas, years=years, first_day=first_day, last_day=last_day)
    excluded = exclusions.exclude(people, schooling, years, seed=seed)
    lost = stream(seed, "lost", "exclusions").random(excluded.height) < rates.ROW_LOST * errors
    excluded = excluded.with_columns(lost=pl.Series(lost))
    counts = []
    for year in years:
        marks = attendance.marks_of_year(people, schooling, excluded, year, seed=seed)
        counts.append(attendance.counts(marks))
    troubles = befall(families, people, schooling, seed=seed, first=first, last=last, errors=errors)
    return World(
        seed=seed,
        errors=errors,
        first=first,
        last=last,
        families=families,
        people=people,
        dwelling=dwelling,
        schooling=schooling,
        exclusions=excluded,
        years=years,
        counts=pl.concat(counts),
        marks=marks,
        troubles=troubles,
        hardships=befall_further(families, people, dwelling, schooling, troubles, seed=seed, last=last, errors=errors),
        hidden=_hidden(people, seed, errors),
        named=_named(people, schooling),
        places=_places(dwelling.homes),
        previous=dwelling.stays.filter(pl.col("to") != NEVER)
        .sort("person", "to")
        .unique("person", keep="last", maintain_order=True)
        .select("person", old_home="home"),
    )


def _hidden(people: People, seed: int, errors: float) -> Array:
    adult = (people.role != "child") & (people.role != "sharer")
    score = np.where(adult, stream(seed, "hidden").random(len(people)), -1)
    hidden: Array = pick(score, rates.IN_NO_FILE * errors * float(adult.mean())) & adult
    return hidden


def _named(people: People, schooling: Schooling) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "person": np.arange(len(people)),
            "forename": people.forename,
            "middle_names": people.middle,
            "surname": people.surname,
            "other_surname": people.other_surname,
            "sex": people.sex,
            "born": people.born,
            "upn": schooling.upn,
        },
        schema_overrides=dict.fromkeys(
            ("forename", "middle_names", "surname", "other_surname", "sex", "upn"), pl.String
        ),
    )


def _places(homes: pl.DataFrame) -> pl.DataFrame:
    return homes.select(
        pl.col("home").cast(pl.Int64),
        "saon",
        pl.when(pl.col("pao_text") != "").then("pao_text").otherwise("pao_number").alias("paon"),
        "street",
        "locality",
        "town",
        "postcode",
        "uprn",
    )
