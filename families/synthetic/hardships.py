"""What later programmes ask of families: housing, sentences, abuse, health, destinations, help, nominations, work.

Each leans on the family's or the person's latent score, as the troubles do, and draws from streams of its own, so
that nothing of the earlier troubles is disturbed. `lost` marks what happened but never reached the agency's file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from families.synthetic import rates
from families.synthetic.dwelling import NEVER, Dwelling
from families.synthetic.population import FOSTER, RESIDENTIAL, YEAR, Families, People
from families.synthetic.schooling import Schooling
from families.synthetic.streams import Array, draw, mix, pick, stream
from families.synthetic.troubles import Troubles, lose

CARERS = ("carer1", "carer2")
YEAR_11 = 11  # school years after reception


@dataclass(frozen=True)
class Hardships:
    """Events of people; days are numbers, NEVER where still so."""

    sentences: pl.DataFrame  # person, kind, start, end, release, parenting, lost
    incidents: pl.DataFrame  # family, victim, suspect (null: not known), day, risk, marac, notified, lost
    flags: pl.DataFrame  # person, service, start, end, lost
    destinations: pl.DataFrame  # person, code, start, neet_start, offer, lost
    help: pl.DataFrame  # person, start, end, reason, lost
    care: pl.DataFrame  # person, start, end, status, need, lost
    nominations: pl.DataFrame  # person, need, by, day, end, lost
    steps: pl.DataFrame  # person, step, start, end, left, floor, lost
    behaviour: pl.DataFrame  # person, issued, lost
    tenancies: pl.DataFrame  # household, arrears, pence, and the days of arrears, notice, eviction, crowding
    applicants: pl.DataFrame  # person, situation, start, end, lost


def befall_further(
    families: Families,
    people: People,
    dwelling: Dwelling,
    schooling: Schooling,
    troubles: Troubles,
    *,
    seed: int,
    last: int,
    errors: float,
) -> Hardships:
    """Every hardship of the window."""

    def reached(frame: pl.DataFrame, name: str) -> pl.DataFrame:
        return lose(frame, seed, name, errors)

    return Hardships(
        sentences=reached(_sentences(people, seed, last), "sentences"),
        incidents=reached(_incidents(families, people, seed, last), "domestic incidents"),
        flags=reached(_flags(families, people, seed, last), "service flags"),
        destinations=reached(_destinations(people, schooling, seed, last), "destinations"),
        help=reached(_help(families, people, troubles, seed, last), "early help"),
        care=reached(_care(families, people, troubles, seed, last), "care"),
        nominations=reached(_nominations(families, people, seed, last), "nominations"),
        steps=reached(_steps(people, troubles, seed, last), "steps to work"),
        behaviour=reached(_behaviour(families, people, seed, last), "behaviour"),
        tenancies=_tenancies(families, people, dwelling, troubles, seed, last),
        applicants=reached(_applicants(families, people, dwelling, seed, last), "housing applicants"),
    )


def _age(people: People, last: int) -> Array:
    age: Array = (last - people.born) / YEAR
    return age


def _picked(rng: np.random.Generator, among: Array, score: Array, share: float, *, at_least: int = 2) -> Array:
    """The share of the people marked in `among` whose score, mixed with chance, is highest."""
    rows = np.flatnonzero(among)
    chosen: Array = rows[pick(mix(rng, score[rows], 0.7), share, at_least=at_least)]
    return chosen


def _spans(
    rng: np.random.Generator, people: People, person: Array, last: int, *, open_share: float, back: int = 700
) -> tuple[Array, Array]:
    """Start and end of something that began within `back` days, and goes on for some; nobody is served unborn."""
    start = np.maximum(last - rng.integers(8, back, len(person)), people.born[person] + 1)
    end = start + rng.integers(30, 400, len(person))
    still = (rng.random(len(person)) < open_share) | (end >= last)
    return start, np.where(still, NEVER, end)


def _words(rng: np.random.Generator, shares: dict[str, float], count: int) -> Array:
    words: Array = np.array(list(shares), dtype=object)[draw(rng, np.array(list(shares.values())), count)]
    return words


def _strings(*names: str) -> dict[str, type[pl.DataType]]:
    return dict.fromkeys(names, pl.String)


def _behaviour(families: Families, people: People, seed: int, last: int) -> pl.DataFrame:
    """Incidents of anti-social behaviour laid to a person: a youth of the family, or an adult."""
    rng = stream(seed, "behaviour")
    age = _age(people, last)
    rows = np.flatnonzero(pick(mix(rng, families.trouble, 0.7), rates.INCIDENT_FAMILIES, at_least=3))
    youth = _one_of(rng, people, len(families), (people.role == "child") & (age > 11) & (age < 25))
    adult = _one_of(rng, people, len(families), np.isin(people.role, CARERS))
    by_youth = (rng.random(len(rows)) < 0.7) & (youth[rows] >= 0)
    whom = np.where(by_youth, youth[rows], adult[rows])
    others = _picked(rng, (people.family < 0) & (age < 60), people.trouble, rates.INCIDENT_OTHERS)
    person = np.concatenate([whom[whom >= 0], others])
    person = np.repeat(person, rng.geometric(0.6, len(person)).clip(1, 6))
    return pl.DataFrame({"person": person, "issued": last - rng.integers(3, 720, len(person))}).sort("person", "issued")


def _one_of(rng: np.random.Generator, people: People, families: int, among: Array) -> Array:
    """One of the marked people of each family, or -1."""
    rows = rng.permutation(np.flatnonzero(among & (people.family >= 0)))
    out = np.full(families, -1)
    out[people.family[rows]] = rows
    return out


_AT_HOME = {"Community order": 0.5, "Suspended sentence order": 0.28, "Licence": 0.14, "Custody": 0.08}
_ELSEWHERE = {"Community order": 0.36, "Suspended sentence order": 0.2, "Licence": 0.22, "Custody": 0.22}
_LENGTH = {"Community order": 365, "Suspended sentence order": 540, "Licence": 400, "Custody": 900}


def _sentences(people: People, seed: int, last: int) -> pl.DataFrame:
    """Sentences being served within the last two years; custody is rarer of those who care for children."""
    rng = stream(seed, "sentences")
    age = _age(people, last)
    person = _picked(
        rng, (age >= 18.5) & (age < 65), people.trouble + 0.9 * (people.sex == "M"), rates.SENTENCED, at_least=4
    )
    cares = np.isin(people.role[person], CARERS)
    count = len(person)
    kind = np.where(cares, _words(rng, _AT_HOME, count), _words(rng, _ELSEWHERE, count))
    length = np.select([kind == name for name in _LENGTH], list(_LENGTH.values())) * rng.uniform(0.6, 1.5, count)
    start = np.maximum(last - rng.integers(10, 600, count), (people.born[person] + 18.1 * YEAR).astype(np.int64))
    end = start + length.astype(np.int64)
    release = start + (length / 2).astype(np.int64)
    is_out = (kind == "Custody") & (release <= last)
    kind = np.where(is_out, "Licence", kind)
    start = np.where(is_out, release, start)
    is_parent = cares | (people.role[person] == "other_parent")
    said = rng.random(count) >= 0.1
    return pl.DataFrame(
        {
            "person": person,
            "kind": kind,
            "start": start,
            "end": end,
            "release": np.where(kind == "Custody", release, NEVER),
            "parenting": np.where(~said, "", np.where(is_parent, "Yes", "No")),
        },
        schema_overrides=_strings("kind", "parenting"),
    ).sort("person", "start")


def _incidents(families: Families, people: People, seed: int, last: int) -> pl.DataFrame:
    """Domestic abuse the police were called to: of carers, of a parent who left, of couples without children."""
    rng = stream(seed, "domestic incidents")
    first = _first_of(people, "carer1", len(families))
    second = _first_of(people, "carer2", len(families))
    absent = _first_of(people, "other_parent", len(families))
    able = (first >= 0) & ~np.isin(families.kind, (FOSTER, RESIDENTIAL))
    apart = 0.5 * ((second < 0) & (absent >= 0))
    score = np.where(able, mix(rng, families.trouble, 0.65) + apart, -99)
    rows = np.flatnonzero(pick(score, rates.ABUSE_FAMILIES, at_least=4) & able)
    partner = np.where(second[rows] >= 0, second[rows], absent[rows])
    one, other = _of_two(rng, people, first[rows], partner)
    couple_one, couple_other = _abused_couples(rng, people, last)
    victim = np.concatenate([one, couple_one])
    suspect = np.concatenate([other, couple_other])
    family = np.concatenate([rows, np.full(len(couple_one), -1)])
    times = rng.geometric(0.55, len(victim)).clip(1, 6)
    victim, suspect, family = (np.repeat(values, times) for values in (victim, suspect, family))
    risk = _words(rng, rates.ABUSE_RISKS, len(victim))
    return (
        pl.DataFrame(
            {
                "family": family,
                "victim": victim,
                "suspect": suspect,
                "day": last - rng.integers(3, 730, len(victim)),
                "risk": risk,
                "marac": (risk == "High") & (rng.random(len(victim)) < rates.HEARD_BY_MARAC),
                "notified": (family >= 0) & (rng.random(len(victim)) < rates.CHILDREN_NOTIFIED),
            },
            schema_overrides=_strings("risk"),
        )
        .with_columns(suspect=pl.when(pl.col("suspect") >= 0).then("suspect"))
        .sort("victim", "day")
    )


def _first_of(people: People, role: str, families: int) -> Array:
    out = np.full(families, -1)
    rows = np.flatnonzero(people.role == role)
    out[people.family[rows]] = rows
    return out


def _of_two(rng: np.random.Generator, people: People, one: Array, other: Array) -> tuple[Array, Array]:
    """Victim and suspect of two people; the woman is the victim in most cases, and one without a partner always."""
    woman_suffers = rng.random(len(one)) < rates.ABUSE_VICTIM_WOMAN
    is_victim = (other < 0) | ((people.sex[one] == "F") == woman_suffers)
    return np.where(is_victim, one, other), np.where(is_victim, other, one)


def _abused_couples(rng: np.random.Generator, people: People, last: int) -> tuple[Array, Array]:
    single = np.flatnonzero((people.role == "single") & (_age(people, last) < 75))
    order = single[np.argsort(people.household[single], kind="stable")]
    pairs = np.flatnonzero(people.household[order[1:]] == people.household[order[:-1]])
    one, other = order[pairs], order[pairs + 1]
    chosen = pick(mix(rng, people.trouble[one], 0.6), rates.ABUSE_COUPLES, at_least=1)
    return _of_two(rng, people, one[chosen], other[chosen])


def _flags(families: Families, people: People, seed: int, last: int) -> pl.DataFrame:
    """Who is or was with which health service."""
    rng = stream(seed, "service flags")
    age = _age(people, last)
    grown, young = age >= 18, (people.role == "child") & (age < 18)
    woman = (people.sex == "F") & np.isin(people.role, CARERS) & (age < 45)
    newest = np.where(families.births >= 0, families.births, -(2**30)).max(axis=1)
    gave_birth = woman & (people.family >= 0) & (newest[people.family] > last - 2 * YEAR)
    asked: list[tuple[str, Array, float, float]] = [
        ("Adult mental health", grown, rates.MENTAL_HEALTH_ADULTS, 0.55),
        ("CAMHS", young & (age > 5), rates.MENTAL_HEALTH_CHILDREN, 0.5),
        ("Drug treatment", grown & (age < 65), rates.DRUG_TREATMENT, 0.6),
        ("Alcohol treatment", grown & (age < 75), rates.ALCOHOL_TREATMENT, 0.5),
        ("Learning disability", grown, rates.LEARNING_DISABILITY, 0.95),
        ("Community nursing", grown, rates.PHYSICAL_HEALTH, 0.6),
        ("Child development", young & (age < 5), rates.SLOW_TO_DEVELOP, 0.6),
        ("Perinatal", gave_birth, rates.PERINATAL, 0.5),
        ("Maternity", woman & ~gave_birth & (age < 40), rates.EXPECTANT, 1.0),
    ]
    frames = []
    for service, among, share, open_share in asked:
        person = _picked(rng, among, people.trouble, share, at_least=1)
        start, end = _spans(rng, people, person, last, open_share=open_share, back=190 if open_share == 1 else 700)
        frames.append(_flagged(person, service, start, end))
    mothers = np.flatnonzero(gave_birth & (rng.random(len(people)) < rates.MATERNITY_SHARED))
    born = newest[people.family[mothers]]
    frames.append(_flagged(mothers, "Maternity", born - 200, np.minimum(born + 12, last)))
    return pl.concat(frames).sort("person", "service", "start")


def _flagged(person: Array, service: str, start: Array, end: Array) -> pl.DataFrame:
    return pl.DataFrame(
        {"person": person, "service": [service] * len(person), "start": start, "end": end},
        schema_overrides=_strings("service") | dict.fromkeys(("person", "start", "end"), pl.Int64),
    )


_OTHERWISE = {"230": 0.7, "310": 0.11, "330": 0.09, "410": 0.07, "270": 0.03}


def _destinations(people: People, schooling: Schooling, seed: int, last: int) -> pl.DataFrame:
    """What year 11 and the three years above do on the last day, by the codes of the current activity."""
    rng = stream(seed, "destinations")
    day = np.array(last, dtype="datetime64[D]")
    this_year = int(day.astype("datetime64[Y]").astype(int)) + 1970
    start_of_year = this_year if int(day.astype("datetime64[M]").astype(int)) % 12 >= 8 else this_year - 1
    year = start_of_year - schooling.start_year
    person = np.flatnonzero((people.role == "child") & (year >= YEAR_11) & (year <= YEAR_11 + 3))
    year, count = year[person], len(person)
    on_roll = np.isin(person, schooling.spells.filter(pl.col("to") == NEVER)["child"].to_numpy())
    free = (year > YEAR_11) & ~on_roll
    score = np.where(free, mix(rng, people.trouble[person], 0.65), -99)
    above = max(1, int((year > YEAR_11).sum()))
    neet = pick(score, rates.NEET * above / max(1, count), at_least=2) & free
    unknown = (
        pick(np.where(free & ~neet, rng.random(count), -99), rates.NOT_KNOWN * above / max(1, count)) & free & ~neet
    )
    code = np.where(free, _words(rng, _OTHERWISE, count), np.where(year == YEAR_11, "110", "210"))
    code = np.where(
        neet, np.array(["619", "615", "630", "640"], dtype=object)[draw(rng, np.array([80, 8, 7, 5]), count)], code
    )
    code = np.where(unknown, "810", code)
    since = _september(start_of_year - (year - YEAR_11 - 1).clip(0))
    neet_start = last - rng.integers(20, 420, count)
    no_offer = (year == YEAR_11) & pick(
        np.where(year == YEAR_11, mix(rng, people.trouble[person], 0.6), -99),
        rates.NO_OFFER * float((year == YEAR_11).mean()) if count else 0.0,
        at_least=1,
    )
    return pl.DataFrame(
        {
            "person": person,
            "code": code,
            "start": np.where(neet, neet_start, since),
            "neet_start": np.where(neet, neet_start, NEVER),
            "offer": np.where(no_offer, "No offer", np.where(year == YEAR_11, "Offer made", "")),
        },
        schema_overrides=_strings("code", "offer"),
    )


def _september(year: Array) -> Array:
    months = (year - 1970) * 12 + 8
    day: Array = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return day


_REASONS = ("Family support", "Parenting", "School attendance", "Behaviour", "Child's health")


def _help(families: Families, people: People, troubles: Troubles, seed: int, last: int) -> pl.DataFrame:
    """Early help: the episodes social care knows of too, and those of schools and health visitors besides."""
    rng = stream(seed, "early help")
    known = troubles.episodes.filter(pl.col("kind") == "EH")
    child = (people.role == "child") & (_age(people, last) < 18)
    child &= ~np.isin(families.kind[people.family], (FOSTER, RESIDENTIAL))
    child[known["person"].to_numpy()] = False
    person = _picked(rng, child, people.trouble, rates.FURTHER_EARLY_HELP)
    start, end = _spans(rng, people, person, last, open_share=0.45)
    further = pl.DataFrame({"person": person, "start": start, "end": end})
    every = pl.concat([known.select("person", "start", "end").cast(pl.Int64), further.cast(pl.Int64)])
    reason = np.array(_REASONS, dtype=object)[rng.integers(0, len(_REASONS), every.height)]
    return every.with_columns(reason=pl.Series(reason, dtype=pl.String)).sort("person", "start")


def _care(families: Families, people: People, troubles: Troubles, seed: int, last: int) -> pl.DataFrame:
    """Looked-after children as the yearly return has them, and children with a series of short breaks."""
    rng = stream(seed, "care")
    looked_after = troubles.episodes.filter(pl.col("kind") == "LAC").select("person", "start", "end").cast(pl.Int64)
    child = (people.role == "child") & (_age(people, last) < 18) & (people.family >= 0)
    child &= ~np.isin(families.kind[people.family], (FOSTER, RESIDENTIAL))
    person = _picked(rng, child, 0 * people.trouble, rates.SHORT_BREAKS, at_least=1)
    start, end = _spans(rng, people, person, last, open_share=0.9)
    breaks = pl.DataFrame({"person": person, "start": start, "end": end}).cast(pl.Int64)
    status = _words(rng, {"C2": 0.6, "C1": 0.12, "V2": 0.28}, looked_after.height)
    need = _words(rng, {"N1": 0.62, "N5": 0.18, "N4": 0.12, "N2": 0.08}, looked_after.height)
    return pl.concat(
        [
            looked_after.with_columns(status=pl.Series(status, dtype=pl.String), need=pl.Series(need, dtype=pl.String)),
            breaks.with_columns(status=pl.lit("V4"), need=pl.lit("N2")),
        ]
    ).sort("person", "start", "status")


# Needs professionals nominate for: weight, of a child or an adult, youngest and oldest, and who nominates.
_NOMINATED: dict[str, tuple[int, bool, int, int, str]] = {
    "school_suitability": (8, True, 5, 16, "School"),
    "early_help": (10, True, 0, 18, "School"),
    "sen_unmet": (5, True, 4, 16, "School"),
    "young_carer": (4, True, 7, 18, "School"),
    "early_years_support": (5, True, 2, 5, "Health visitor"),
    "child_development": (4, True, 0, 6, "Health visitor"),
    "new_parent_support": (4, False, 17, 45, "Health visitor"),
    "yp_crime_risk": (6, True, 10, 18, "Police"),
    "gang_concern": (2, True, 11, 18, "Police"),
    "exploitation_concern": (2, True, 11, 18, "Social care"),
    "missing_episode": (3, True, 10, 18, "Police"),
    "police_call_outs": (5, False, 18, 70, "Police"),
    "domestic_abuse": (6, False, 18, 70, "Police"),
    "parental_conflict": (5, False, 18, 70, "Social care"),
    "parenting_support": (8, False, 18, 70, "Social care"),
    "mental_health": (6, False, 18, 70, "General practice"),
    "substance_misuse": (4, False, 18, 70, "Voluntary sector"),
    "unmanageable_debt": (6, False, 18, 70, "Citizens Advice"),
    "financial_exclusion": (5, False, 18, 70, "Landlord"),
    "housing_risk": (4, False, 18, 70, "Housing officer"),
    "worklessness_risk": (4, True, 14, 19, "School"),
}


def _nominations(families: Families, people: People, seed: int, last: int) -> pl.DataFrame:
    """Professionals' nominations: one to three needs of a family, each of a member it can be of."""
    rng = stream(seed, "nominations")
    age = _age(people, last)
    able = ~np.isin(families.kind, (FOSTER, RESIDENTIAL))
    rows = np.flatnonzero(
        pick(np.where(able, mix(rng, families.trouble, 0.6), -99), rates.NOMINATED_FAMILIES, at_least=4)
    )
    family = np.repeat(rows, 1 + draw(rng, np.array([60, 28, 12]), len(rows)))
    needs = list(_NOMINATED)
    number = draw(rng, np.array([_NOMINATED[need][0] for need in needs]), len(family))
    person = np.full(len(family), -1)
    for place, need in enumerate(needs):
        _, is_child, youngest, oldest, _ = _NOMINATED[need]
        fits = (people.role == "child") == is_child
        fits &= (age >= youngest) & (age < oldest) & (is_child | np.isin(people.role, CARERS))
        candidate = _one_of(rng, people, len(families), fits)
        here = number == place
        person[here] = candidate[family[here]]
    chosen = np.flatnonzero(person >= 0)
    day = last - rng.integers(3, 540, len(chosen))
    person, number = person[chosen], number[chosen]
    day = np.maximum(day, people.born[person] + 2)
    ends = day + rng.integers(20, 200, len(chosen))
    is_over = (rng.random(len(chosen)) < 0.3) & (ends < last)
    return (
        pl.DataFrame(
            {
                "person": person,
                "need": np.array(needs, dtype=object)[number],
                "by": np.array([_NOMINATED[need][4] for need in needs], dtype=object)[number],
                "day": day,
                "end": np.where(is_over, ends, NEVER),
            },
            schema_overrides=_strings("need", "by"),
        )
        .unique(["person", "need"], keep="first", maintain_order=True)
        .sort("day", "person", "need")
    )


_LEFT = {"JSA": 0.52, "IS": 0.24, "ESA": 0.12, "CA": 0.04, "UC": 0.03, "": 0.05}


def _steps(people: People, troubles: Troubles, seed: int, last: int) -> pl.DataFrame:
    """Steps to work: jobs and European Social Fund provision of some, the Work Programme of some who still claim."""
    rng = stream(seed, "steps to work")
    age = _age(people, last)
    claims = np.zeros(len(people), dtype=bool)
    claims[troubles.benefits["person"].to_numpy()] = True
    able = (np.isin(people.role, CARERS) | (people.role == "child")) & (age >= 18.3) & (age < 62) & ~claims
    helped = _picked(rng, able, people.trouble, rates.STEPS_TO_WORK)
    seekers = troubles.benefits.filter(pl.col("benefit") == "JSA")["person"].to_numpy()
    placed = seekers[rng.random(len(seekers)) < rates.ON_WORK_PROGRAMME]
    person = np.concatenate([helped, placed])
    step = np.where(
        np.arange(len(person)) < len(helped),
        _words(rng, {"Employment": 0.78, "ESF provision": 0.22}, len(person)),
        "Work Programme",
    )
    start, end = _spans(rng, people, person, last, open_share=0.75, back=500)
    left = np.where(step == "Employment", _words(rng, _LEFT, len(person)), "")
    floor = np.where(left == "UC", np.where(rng.random(len(person)) < 0.7, "Yes", "No"), "")
    return pl.DataFrame(
        {"person": person, "step": step, "start": start, "end": end, "left": left, "floor": floor},
        schema_overrides=_strings("step", "left", "floor"),
    ).sort("person", "start")


def _tenancies(
    families: Families, people: People, dwelling: Dwelling, troubles: Troubles, seed: int, last: int
) -> pl.DataFrame:
    """Households that rent from a social landlord, and what stands against the tenancy; NEVER where nothing does."""
    rng = stream(seed, "tenancies")
    count = len(dwelling.home_of_household)
    trouble = np.zeros(count)
    trouble[people.household] = people.trouble
    trouble[: len(families)] = families.trouble
    is_communal = dwelling.homes["organisation"].to_numpy()[dwelling.home_of_household] != ""
    notices = troubles.measures.filter(pl.col("measure").is_in(["NOSP", "Demotion", "Eviction"]))
    noted = np.zeros(count, dtype=bool)
    noted[people.household[notices["person"].to_numpy()]] = True
    score = mix(rng, trouble, 0.6) + 99 * noted - 999 * is_communal
    household = np.flatnonzero(pick(score, rates.SOCIAL_RENT) & ~is_communal)
    size = len(household)
    notice_day = _notice_days(people, troubles, count)[household]
    owes = pick(mix(rng, trouble[household], 0.6) + 99 * (notice_day < NEVER), rates.IN_ARREARS)
    cleared = ~owes & (rng.random(size) < rates.ARREARS_CLEARED)
    arrears_day = last - rng.integers(20, 700, size)
    arrears_day = np.where(notice_day < NEVER, np.minimum(arrears_day, notice_day - 30), arrears_day)
    evicted = pick(np.where(owes, mix(rng, trouble[household], 0.5), -99), rates.AT_RISK_OF_EVICTION) & owes
    crowded = rng.random(size) < rates.OVERCROWDED
    return pl.DataFrame(
        {
            "household": household,
            "arrears": np.where(owes, "open", np.where(cleared, "closed", "none")),
            "pence": np.where(owes, (rng.lognormal(6.0, 0.9, size) * 100).astype(np.int64).clip(500, 900_000), 0),
            "arrears_day": np.where(owes | cleared, arrears_day, NEVER),
            "arrears_end": np.where(cleared, np.minimum(arrears_day + 120, last - 1), NEVER),
            "notice_day": notice_day,
            "eviction_day": np.where(evicted, last - rng.integers(5, 150, size), NEVER),
            "crowded_day": np.where(crowded, last - rng.integers(30, 900, size), NEVER),
        },
        schema_overrides=_strings("arrears"),
    )


def _notice_days(people: People, troubles: Troubles, households: int) -> Array:
    """The newest notice for arrears of each household, as the anti-social behaviour file has it too."""
    days = np.full(households, NEVER, dtype=np.int64)
    of_arrears = troubles.measures.filter((pl.col("measure") == "NOSP") & (pl.col("ground") == "Rent arrears"))
    rows = of_arrears.sort("issued")
    days[people.household[rows["person"].to_numpy()]] = rows["issued"].to_numpy()
    return days


def _applicants(families: Families, people: People, dwelling: Dwelling, seed: int, last: int) -> pl.DataFrame:
    """Households in the hostel, families accepted as homeless, and young people put out of their home."""
    rng = stream(seed, "housing applicants")
    age = _age(people, last)
    home = dwelling.home_of_household[people.household]
    in_hostel = dwelling.homes["organisation"].to_numpy()[home] == "HARBOUR HOSTEL"
    first = people.role == "carer1"
    lodged = np.flatnonzero(first & in_hostel)
    homeless = _picked(rng, first & ~in_hostel & (age < 60), people.trouble, rates.HOMELESS_FAMILIES)
    young = _picked(
        rng, (people.role == "child") & (age >= 16) & (age < 18), people.trouble, rates.PUT_OUT_AT_16, at_least=1
    )
    parts = (
        (lodged, "Temporary accommodation", 1.0),
        (homeless, "Homelessness duty owed", 0.4),
        (young, "Family no longer willing to accommodate", 0.6),
    )
    frames = []
    for person, situation, open_share in parts:
        start, end = _spans(rng, people, person, last, open_share=open_share, back=400)
        frames.append(
            pl.DataFrame(
                {"person": person, "situation": [situation] * len(person), "start": start, "end": end},
                schema_overrides=_strings("situation") | dict.fromkeys(("person", "start", "end"), pl.Int64),
            )
        )
    return pl.concat(frames).sort("person", "start")
