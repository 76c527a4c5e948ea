"""What is true of the made-up authority, and what of it the delivered files can show.

Phase 1 outcomes are worked out from the simulation, never by the product's rules. A *knowable* outcome is what the
files show when every record is linked without error:

- a limb that a delivered row shows is met; a limb whose files cover the child and show nothing is not met; otherwise
  it is unknown, and unknown travels through "any of" and "at least k of n" by bounds;
- absence needs all three terms of every enrolment, from marks or census, unless what is missing could not change the
  answer; exclusions need them from the feed or census;
- a child who was not of compulsory school age in the three terms and on no roll cannot meet education: not met, where
  some delivered row names the child at all;
- children whom no delivered row names are left out of their family's knowable outcomes, and have unknown of their own;
  a family none of whose children is named cannot be known to be one: all unknown;
- nor can the second family of children with two homes be known where no delivered row gives the second home.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from families import dates
from families.synthetic.agencies import census, dwp
from families.synthetic.dwelling import NEVER
from families.synthetic.local_factors import befallen
from families.synthetic.population import day_number, school_start_year
from families.synthetic.school_days import TERMS
from families.synthetic.schooling import FEED, PRU
from families.synthetic.streams import Array
from families.synthetic.world import World, as_date

RULESET = "tf1-2012"
NOWHERE = r"^(looked_after|police_domestic)_"  # files that place no child at an address
SHORT_BREAK = "V4"
NO, MAYBE, YES = 0, 1, 2  # three values, ordered: any-of is the largest
_WORDS = {NO: "not_met", MAYBE: "unknown", YES: "met"}


def write_truth(world: World, records: pl.DataFrame, sent: pl.DataFrame, directory: Path) -> None:
    """The truth folder."""
    directory.mkdir(parents=True, exist_ok=True)
    _write(_people(world), directory, "people")
    _write(records.with_columns(_person("person")).rename({"person": "true_person_id"}), directory, "records")
    _write(_residence(world), directory, "residence")
    _write(_care(world), directory, "care")
    _write(_enrolments(world), directory, "enrolments")
    _write(_families(world), directory, "families")
    _write(outcomes(world, records, sent), directory, "outcomes")


def _write(frame: pl.DataFrame, directory: Path, name: str) -> None:
    frame.write_parquet(directory / f"{name}.parquet")


def _person(column: str) -> pl.Expr:
    return pl.concat_str(pl.lit("P"), pl.col(column).cast(pl.String).str.zfill(7)).alias(column)


def _day(column: str) -> pl.Expr:
    return pl.when(pl.col(column) < NEVER).then(pl.col(column)).cast(pl.Int32).cast(pl.Date).alias(column)


def _people(world: World) -> pl.DataFrame:
    return world.named.select(
        _person("person").alias("true_person_id"),
        "forename",
        "middle_names",
        "surname",
        "sex",
        _day("born").alias("date_of_birth"),
    )


def _residence(world: World) -> pl.DataFrame:
    return world.dwelling.stays.join(world.places.select("home", "uprn"), on="home", maintain_order="left").select(
        _person("person").alias("true_person_id"),
        pl.concat_str(pl.lit("U"), "uprn").alias("true_address_id"),
        _day("from"),
        _day("to"),
    )


def _care(world: World) -> pl.DataFrame:
    return world.dwelling.care.select(
        _person("child"), _person("adult"), "relation", "resident", _day("from"), _day("to")
    )


def _enrolments(world: World) -> pl.DataFrame:
    spells = world.schooling.spells.join(world.schooling.schools.select("school", "laestab"), on="school")
    return spells.sort("spell").select(
        _person("child").alias("true_person_id"), pl.col("laestab").alias("school"), "status", _day("from"), _day("to")
    )


def _family(column: str) -> pl.Expr:
    return pl.concat_str(pl.lit("F"), pl.col(column).cast(pl.String).str.zfill(7))


def _families(world: World) -> pl.DataFrame:
    return world.dwelling.families.select(
        _family("true_family").alias("true_family_id"),
        _person("person").alias("true_person_id"),
        "role",
        pl.lit(True).alias("resident"),
    )


def outcomes(world: World, records: pl.DataFrame, sent: pl.DataFrame) -> pl.DataFrame:
    """Education of each child, and every strand of each family, true and knowable."""
    named = np.zeros(len(world.people), dtype=bool)
    somewhere = ~pl.col("file").str.contains(NOWHERE)
    named[records.filter(somewhere)["person"].unique().to_numpy()] = True
    true_education, knowable_education = _education(world, named)
    members = world.dwelling.families
    child = members.filter(pl.col("role") == "child")["person"].unique().sort().to_numpy()
    frames = [
        _rows(world, "education", true_education[child], knowable_education[child], child=child),
        *_family_rows(
            world,
            members.with_columns(is_known=_home_is_given(world, members, records)),
            named,
            true_education,
            knowable_education,
            sent,
        ),
    ]
    return pl.concat(frames)


def _rows(
    world: World,
    criterion: str,
    true: Array,
    knowable: Array,
    *,
    child: Array | None = None,
    family: Array | None = None,
) -> pl.DataFrame:
    blank = np.full(len(true), None)
    frame = pl.DataFrame(
        {"child": blank if child is None else child, "family": blank if family is None else family},
        schema={"child": pl.Int64, "family": pl.Int64},
    )
    return frame.select(
        _person("child"),
        _family("family").alias("true_family_id"),
        pl.lit(RULESET).alias("ruleset"),
        pl.lit(criterion).alias("criterion"),
        pl.lit(world.as_of).alias("as_of"),
        pl.Series("true_outcome", [_WORDS[int(v)] for v in true], dtype=pl.String),
        pl.Series("knowable_outcome", [_WORDS[int(v)] for v in knowable], dtype=pl.String),
    )


# Education


def _education(world: World, named: Array) -> tuple[Array, Array]:
    """Education of every person (meaningful for children)."""
    count = len(world.people)
    terms = dates.completed_terms(world.as_of, 3)
    keys = [(int(t.academic_year[:4]), TERMS.index(t.name)) for t in terms]
    first, last = day_number(terms[0].first_day), day_number(terms[-1].last_day)
    as_of = world.last + 1
    spells = world.schooling.spells.join(world.schooling.schools, on="school").filter(
        (pl.col("from") <= last) & (pl.col("to") >= first)
    )
    counts = _window_counts(world, keys)
    absence_true, absence_known = _absence(world, spells, counts, keys)
    excluded_true, excluded_known = _exclusions(world, spells, keys, first, last)
    statuses = world.troubles.statuses.filter((pl.col("start") <= as_of) & (pl.col("end") >= as_of))
    delivered = statuses.filter(~pl.col("lost"))
    on_roll = _marked(count, world.schooling.spells.filter(pl.col("to") >= as_of)["child"])
    of_age = _compulsory(world.people.born, as_of)
    is_ehe = _marked(count, statuses.filter(pl.col("status") == "EHE")["person"])
    after_exclusion = (pl.col("status") == "AP") & (pl.col("reason") == "Permanently excluded")
    in_pru = _marked(count, statuses.filter(after_exclusion)["person"])
    off_roll = of_age & ~on_roll & ~is_ehe & (world.people.role == "child")
    true = np.where(absence_true | excluded_true | in_pru | off_roll, YES, NO)

    shown = _marked(count, delivered.filter(after_exclusion | (pl.col("status") == "CME"))["person"])
    shown |= _excluded_at_pru(world, spells, count)
    ehe_known = _marked(count, delivered.filter(pl.col("status") == "EHE")["person"])
    roll_known = _marked(count, _seen_on_roll(world, spells, last)["child"])
    on_some_roll = _marked(count, spells["child"])
    silent = ~on_some_roll & ~_ever_of_age(world.people.born, first, last)
    roll = np.where(roll_known | ehe_known | silent, NO, MAYBE)
    limbs = [absence_known, excluded_known, roll, np.where(shown, YES, NO)]
    knowable = np.maximum.reduce(limbs)
    return true, np.where(named, knowable, MAYBE)


def _marked(count: int, people: pl.Series) -> Array:
    out = np.zeros(count, dtype=bool)
    out[people.unique().to_numpy()] = True
    return out


def _window_counts(world: World, keys: list[tuple[int, int]]) -> pl.DataFrame:
    wanted = pl.DataFrame(keys, schema=["year", "term"], orient="row")
    return (
        world.counts.join(wanted, on=["year", "term"], how="semi")
        .group_by("spell", "year", "term")
        .agg(pl.col("possible", "unauthorised").sum())
        .join(world.schooling.spells.select("spell", "child", "school"), on="spell")
    )


def _absence(
    world: World, spells: pl.DataFrame, counts: pl.DataFrame, keys: list[tuple[int, int]]
) -> tuple[Array, Array]:
    """15% or more unauthorised over the three terms, pooled; known where the terms not covered cannot change it."""
    people = len(world.people)
    pooled = counts.group_by("child").agg(pl.col("possible", "unauthorised").sum())
    meets = pooled.filter((pl.col("possible") > 0) & (pl.col("unauthorised") * 100 >= 15 * pl.col("possible")))
    true = _marked(people, meets["child"])
    covered = _attendance_covered(world, keys)
    per_term = counts.join(covered, on=["school", "year", "term"], how="left").with_columns(
        pl.col("by_marks", "by_census").fill_null(False)
    )
    age = per_term["year"].to_numpy() - world.schooling.start_year[per_term["child"].to_numpy()] + 4
    per_term = per_term.with_columns(is_counted=pl.Series((age >= 5) & (age <= 15)))
    is_known = pl.col("by_marks") | (pl.col("by_census") & pl.col("is_counted"))
    pooled = per_term.group_by("child").agg(
        unauthorised=pl.col("unauthorised").filter(is_known).sum(),
        possible=pl.col("possible").sum(),
        missing=pl.col("possible").filter(~is_known).sum(),
    )
    # The bounds: no session of the missing terms unauthorised, or every one.
    surely = pooled.filter((pl.col("possible") > 0) & (pl.col("unauthorised") * 100 >= 15 * pl.col("possible")))
    perhaps = pooled.filter((pl.col("unauthorised") + pl.col("missing")) * 100 >= 15 * pl.col("possible"))
    seen = _marked(people, pooled.filter(pl.col("possible") > pl.col("missing"))["child"])
    known = np.where(_marked(people, surely["child"]), YES, np.where(_marked(people, perhaps["child"]), MAYBE, NO))
    # On a roll without a single possible session delivered, or on none though of school age: nothing to compute.
    of_age = _ever_of_age(world.people.born, day_number(_first_day(keys)), world.last)
    at_home = _marked(people, world.troubles.statuses.filter(pl.col("status").is_in(["EHE", "CME"]))["person"])
    return true, np.where(seen | ~of_age | at_home, known, MAYBE)


def _first_day(keys: list[tuple[int, int]]) -> dt.date:
    return next(
        t.first_day for t in dates.authority_terms() if (int(t.academic_year[:4]), TERMS.index(t.name)) == keys[0]
    )


def _attendance_covered(world: World, keys: list[tuple[int, int]]) -> pl.DataFrame:
    """For each school and term: whether marks cover it, whether a census does."""
    schools = world.schooling.schools.select("school", "delivers", "phase")
    carried = {c.attendance: c.calendar_year for c in census.censuses(world)}
    frames = []
    for year, term in keys:
        by_marks = (pl.col("delivers") == FEED) & (year == world.years[-1].start_year)
        in_census = carried.get((year, term), 0)
        by_census = (pl.col("phase") != PRU) | (in_census >= census.PRU_SINCE)
        frames.append(
            schools.select(
                "school",
                year=pl.lit(year),
                term=pl.lit(term),
                by_marks=by_marks,
                by_census=by_census & pl.lit(in_census > 0),
            )
        )
    return pl.concat(frames).with_columns(pl.col("year", "term").cast(pl.Int64))


def _exclusions(
    world: World, spells: pl.DataFrame, keys: list[tuple[int, int]], first: int, last: int
) -> tuple[Array, Array]:
    """A permanent exclusion, or three fixed ones, within the three terms."""
    people = len(world.people)
    inside = world.exclusions.filter(pl.col("start").is_between(first, last))
    carried = {c.exclusions: c for c in census.censuses(world)}
    schools = world.schooling.schools.select("school", "delivers", "phase")
    rows = inside.join(schools, on="school")
    windows = {key: census.term_window(*key) for key in keys}
    by_census = np.zeros(rows.height, dtype=bool)
    start, phase = rows["start"].to_numpy(), rows["phase"].to_numpy()
    for key, (since, until) in windows.items():
        if key in carried:
            returns = (phase != PRU) | (carried[key].calendar_year >= census.PRU_SINCE)
            by_census |= (start >= since) & (start <= until) & returns
    feed = ((rows["delivers"] == FEED) & ~rows["lost"]).to_numpy()
    shown = rows.filter(pl.Series(feed | by_census))
    is_covered = spells.select("child", "school", "from", "to", "delivers", "phase")
    gap = np.zeros(people, dtype=bool)
    for key, (since, until) in windows.items():
        here = is_covered.filter((pl.col("from") <= until) & (pl.col("to") >= since) & (pl.col("delivers") != FEED))
        if key not in carried:
            gap |= _marked(people, here["child"])
    return _met_by(inside, people), np.where(_met_by(shown, people), YES, np.where(gap, MAYBE, NO))


def _met_by(rows: pl.DataFrame, people: int) -> Array:
    totals = rows.group_by("child").agg(
        permanent=(pl.col("category") == "PERM").sum(), fixed=(pl.col("category") == "FIXD").sum()
    )
    return _marked(people, totals.filter((pl.col("permanent") >= 1) | (pl.col("fixed") >= 3))["child"])


def _excluded_at_pru(world: World, spells: pl.DataFrame, people: int) -> Array:
    """On the roll of a pupil referral unit at the end, with a permanent exclusion delivered."""
    at_pru = _marked(people, spells.filter((pl.col("phase") == PRU) & (pl.col("to") > world.last))["child"])
    feeds = world.schooling.schools.filter(pl.col("delivers") == FEED)["school"].to_list()
    shown = world.exclusions.filter((pl.col("category") == "PERM") & ~pl.col("lost") & pl.col("school").is_in(feeds))
    return at_pru & _marked(people, shown["child"])


def _seen_on_roll(world: World, spells: pl.DataFrame, last: int) -> pl.DataFrame:
    """Spells that delivered rows show on a roll at the end of the last term, or at the last census."""
    newest = max((c.reference_day for c in census.censuses(world)), default=-1)
    at_end = (pl.col("delivers") == FEED) & (pl.col("from") <= last) & (pl.col("to") >= last - 30)
    at_census = (pl.col("phase") != PRU) & (pl.col("from") <= newest) & (pl.col("to") >= newest)
    return spells.filter(at_end | at_census)


def _compulsory(born: Array, day: int) -> Array:
    """Of compulsory school age on a day: from the term after the fifth birthday to the last Friday in June."""
    begins = _term_after_fifth_birthday(born)
    return (begins <= day) & (_leaving_day(born) >= day)


def _ever_of_age(born: Array, first: int, last: int) -> Array:
    return (_term_after_fifth_birthday(born) <= last) & (_leaving_day(born) >= first)


def _term_after_fifth_birthday(born: Array) -> Array:
    date = born.astype("datetime64[D]")
    month = date.astype("datetime64[M]").astype(int) % 12 + 1
    year = date.astype("datetime64[Y]").astype(int) + 1970 + 5
    start_month = np.select([month <= 3, month <= 8], [4, 9], default=1)
    start_year = np.where(month > 8, year + 1, year)
    months = (start_year - 1970) * 12 + start_month - 1
    day: Array = months.astype("datetime64[M]").astype("datetime64[D]").astype(int)
    return day


def _leaving_day(born: Array) -> Array:
    months = (school_start_year(born) + 12 - 1970) * 12 + 6
    end = months.astype("datetime64[M]").astype("datetime64[D]").astype(int) - 1
    friday: Array = end - ((end + 3) % 7 - 4) % 7
    return friday


# Families


def _family_rows(
    world: World,
    members: pl.DataFrame,
    named: Array,
    true_education: Array,
    knowable_education: Array,
    sent: pl.DataFrame,
) -> list[pl.DataFrame]:
    person = members["person"].to_numpy()
    is_child = (members["role"] == "child").to_numpy()
    family, index = np.unique(members["true_family"].to_numpy(), return_inverse=True)
    true: dict[str, Array] = {}
    known: dict[str, Array] = {}

    def any_of(values: Array, rows: Array) -> Array:
        out = np.zeros(len(family), dtype=np.int64)
        np.maximum.at(out, index[rows], values[rows])
        return out

    seen_child = is_child & named[person] & members["is_known"].to_numpy()
    some_seen = any_of(np.full(len(person), YES), seen_child) > 0
    true["education"] = any_of(true_education[person], is_child)
    known["education"] = any_of(knowable_education[person], seen_child)
    for name, happened, delivered in (
        ("crime_asb", *_crime(world)),
        ("local", *_local(world)),
    ):
        who = np.ones(len(person), dtype=bool)
        true[name] = any_of(np.where(happened[person], YES, NO), who)
        known[name] = any_of(np.where(delivered[person], YES, NO), who)
    true["work"], known["work"] = _work(world, members, any_of, is_child, sent)
    for name in known:
        known[name] = np.where(some_seen, known[name], MAYBE)
    for outcome in (true, known):
        outcome["eligible"] = _eligible(outcome)
    order = ("education", "crime_asb", "work", "local", "eligible")
    return [_rows(world, name, true[name], known[name], family=family) for name in order]


def _home_is_given(world: World, members: pl.DataFrame, records: pl.DataFrame) -> pl.Series:
    """Whether some delivered row gives a child's second home, for the members of second families; true of others."""
    given = census.second_homes_given(world, records)
    is_second = pl.col("true_family") >= len(world.families)
    shown = (pl.col("role") == "child") & pl.col("person").is_in(given.implode())
    return members.select(~is_second | shown.any().over("true_family")).to_series()


def _eligible(outcome: dict[str, Array]) -> Array:
    """All three, or two of them and a local factor; unknown where the bounds disagree."""
    three = np.stack([outcome[name] for name in ("education", "crime_asb", "work")])

    def holds(at_least: int) -> Array:
        met = (three >= at_least).sum(axis=0)
        enough: Array = (met == 3) | ((met >= 2) & (outcome["local"] >= at_least))
        return enough

    return np.where(holds(YES), YES, np.where(holds(MAYBE), MAYBE, NO))


def _crime(world: World) -> tuple[Array, Array]:
    """A proven offence of a member under 18, an order in force on any member, a housing notice; all in 12 months."""
    people, as_of = len(world.people), world.last + 1
    year_ago = day_number(dates.months_before(as_date(as_of), 12))
    under_18 = np.flatnonzero(_age_on(world.people.born, as_of) < 18).tolist()
    offences = world.troubles.offences.filter(
        pl.col("proven") & pl.col("outcome_day").is_between(year_ago, as_of) & pl.col("person").is_in(under_18)
    )
    orders = pl.col("measure").is_in(["ASBO", "ASBI", "ABC"]) & (pl.col("issued") <= as_of) & (pl.col("ends") >= as_of)
    notices = (
        pl.col("measure").is_in(["NOSP", "Injunction", "Demotion", "Eviction"])
        & (pl.col("ground") == "ASB")
        & pl.col("issued").is_between(year_ago, as_of)
    )
    measures = world.troubles.measures.filter(orders | notices)
    hidden = np.flatnonzero(world.hidden).tolist()
    happened = _marked(people, offences["person"]) | _marked(people, measures["person"])
    there = ~pl.col("lost") & ~pl.col("person").is_in(hidden)
    return happened, _marked(people, offences.filter(there)["person"]) | _marked(
        people, measures.filter(there)["person"]
    )


def _age_on(born: Array, day: int) -> Array:
    """Whole years of age on a day."""
    date, now = born.astype("datetime64[D]"), np.datetime64(day, "D")
    month = date.astype("datetime64[M]")
    now_month = now.astype("datetime64[M]")
    day_of_month = (date - month).astype(int)
    months: Array = (now_month - month).astype(int) - (int((now - now_month).astype(int)) < day_of_month)
    return months // 12


def _local(world: World) -> tuple[Array, Array]:
    """A child in need, on a plan or looked after, or another local factor of anybody, now or within 12 months."""
    people, as_of = len(world.people), world.last + 1
    year_ago = day_number(dates.months_before(as_date(as_of), 12))
    episodes = world.troubles.episodes.filter(
        pl.col("kind").is_in(["CIN", "CP", "LAC"]) & (pl.col("start") <= as_of) & (pl.col("end") >= year_ago)
    )
    delivered = _marked(people, episodes.filter(~pl.col("lost"))["person"]) | _returned_as_looked_after(world, year_ago)
    befell, told = befallen(world, since=year_ago)
    return _marked(people, episodes["person"]) | befell, delivered | told


def _returned_as_looked_after(world: World, since: int) -> Array:
    """Children whom the yearly return on looked-after children has, by a UPN that others have of them too."""
    care = world.hardships.care.filter(
        ~pl.col("lost")
        & (pl.col("status") != SHORT_BREAK)
        & (pl.col("start") <= world.last + 1)
        & (pl.col("end") >= since)
    )
    has_upn = world.schooling.upn != ""
    out: Array = _marked(len(world.people), care["person"]) & has_upn
    return out


def _work(
    world: World, members: pl.DataFrame, any_of: object, is_child: Array, sent: pl.DataFrame
) -> tuple[Array, Array]:
    """A resident adult on an out-of-work benefit; not met only where DWP found the home and named none of them."""
    people = len(world.people)
    day = dwp.reference_day(world)
    claims = _marked(people, world.troubles.benefits.filter(pl.col("start") <= day)["person"])
    found = sent.filter("is_found")["stated_home"].to_list()
    shown = _marked(people, dwp.claimants(world).filter(pl.col("home").is_in(found))["person"])
    person, home = members["person"].to_numpy(), members["home"].to_numpy()
    adult = ~is_child & (_age_on(world.people.born[person], world.last + 1) >= 18)
    is_found = np.isin(home, np.array(found, dtype=np.int64))
    true = any_of(np.where(claims[person], YES, NO), adult)  # type: ignore[operator]
    named = any_of(np.where(shown[person], YES, NO), adult)  # type: ignore[operator]
    doubt = any_of(np.where(is_found, NO, MAYBE), np.ones(len(person), dtype=bool))  # type: ignore[operator]
    return true, np.maximum(named, doubt)
