"""The criteria of a ruleset in pandas as an analyst would write them: the yardstick of the bench, and nothing else.

merge, groupby and true-or-false columns over whole frames. It makes outcomes by family and strand, and none of the
sentences, windows and evidence that a finding has. pandas is a tool of development: no other file may import this one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from families import dates
from families.criteria.askable import ASKABLE
from families.criteria.facts import PRU, SHORTEST_STAY_DAYS, SUMMER_HOLIDAYS_DAYS, Facts, fresh_from
from families.criteria.gaps import half_terms, unbroken
from families.criteria.outcomes import GROWING, MET, NOT_MET, UNKNOWN
from families.criteria.ruleset import Asked, Condition, Dependent, Ruleset, Strand
from families.criteria.windows import terms_of, window_of
from families.dates import Window
from families.errors import Refused

LINKED = "linked"
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "at_least": lambda a, b: a >= b,
    "more_than": lambda a, b: a > b,
    "below": lambda a, b: a < b,
    "at_most": lambda a, b: a <= b,
}
WHOLE = 100  # per cent
FEW = ["family_id", "person_id"]


@dataclass(frozen=True)
class Frames:
    """Facts as pandas frames; `worked_out` keeps what several criteria need, as `Facts.once` does."""

    facts: Facts
    as_of: pd.Timestamp
    members: pd.DataFrame
    events: dict[str, pd.DataFrame]
    absence: pd.DataFrame
    stays: pd.DataFrame
    benefit_checks: pd.DataFrame
    worked_out: dict[tuple[object, ...], pd.DataFrame] = field(default_factory=dict)

    def once(self, key: tuple[object, ...], work: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """A frame worked out the first time it is asked for."""
        if key not in self.worked_out:
            self.worked_out[key] = work()
        return self.worked_out[key]


def in_pandas(facts: Facts) -> Frames:
    """Facts as an analyst would have read them."""
    return Frames(
        facts=facts,
        as_of=pd.Timestamp(facts.as_of),
        members=facts.members.to_pandas(),
        events={table: rows.to_pandas() for table, rows in facts.events.items()},
        absence=facts.absence.to_pandas(),
        stays=facts.stays.to_pandas(),
        benefit_checks=facts.benefit_checks.to_pandas(),
    )


def evaluated_in_pandas(rules: Ruleset, frames: Frames) -> pd.DataFrame:
    """The outcome of each strand, and of eligibility, for every family: family_id, strand, outcome."""
    _refuse_what_is_not_written(rules, frames)
    members = _members(rules, frames)
    residents = members[members["role"] != LINKED]
    families = pd.DataFrame({"family_id": np.sort(residents["family_id"].unique())})
    members = members[members["family_id"].isin(families["family_id"])]
    found = {each.id: _answered(each, rules, frames, members) for each in rules.criterion}
    by_strand = {
        strand.id: pd.concat([found[each.id] for each in rules.criterion if each.strand == strand.id])
        for strand in rules.strand
    }
    decided = {strand.id: _any_of(by_strand[strand.id], strand, families) for strand in rules.strand}
    own = _of_residents(rules, by_strand, decided, members)
    is_met, is_unknown = _eligible(rules, decided, own, frames, families)
    columns = {name: (rows["is_met"], rows["is_unknown"]) for name, rows in decided.items()}
    columns["eligible"] = (is_met, is_unknown)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "family_id": families["family_id"],
                    "strand": name,
                    "outcome": np.select([met.to_numpy(), unknown.to_numpy()], [MET, UNKNOWN], NOT_MET),
                }
            )
            for name, (met, unknown) in columns.items()
        ],
        ignore_index=True,
    )


def _refuse_what_is_not_written(rules: Ruleset, frames: Frames) -> None:
    """The shipped rulesets' criteria as they stand are written; a measure or reading they do not use is not."""
    for each in rules.criterion:
        is_written = (
            each.measure in ("count", "total", "share", "status")
            and each.asked_of != "family"
            and each.averaging == "pooled"
            and each.age_at == "as_of"
            and not each.window.since_attachment
        )
        if not is_written or frames.facts.silences.height or frames.facts.is_whole_family:
            raise Refused(
                f"The bench has not written {each.id} of {rules.id} in pandas: leave the switch at its default."
            )


def _members(rules: Ruleset, frames: Frames) -> pd.DataFrame:
    members = frames.members
    here = members["is_resident"] & members["role"].isin(rules.family.members)
    linked = (members["role"] == LINKED) & (LINKED in rules.family.members)
    members = members[here | linked].copy()
    members["years"] = _years(members["date_of_birth"], frames.as_of)
    is_child = members["role"] == "child"
    members["is_adult"] = np.where(members["years"].isna(), ~is_child, members["years"] >= rules.family.adult_from)
    return members.merge(_school_ages(frames), on="person_id", how="left")


def _years(born: pd.Series, day: pd.Timestamp) -> pd.Series:
    to_come = born.dt.month * 100 + born.dt.day > day.month * 100 + day.day
    return day.year - born.dt.year - to_come


def _school_ages(frames: Frames) -> pd.DataFrame:
    def work() -> pd.DataFrame:
        births = frames.members[["person_id", "date_of_birth"]].dropna().drop_duplicates("person_id")
        days = {day: day.date() for day in births["date_of_birth"].unique()}
        starts = {day: pd.Timestamp(dates.compulsory_age_starts(date)) for day, date in days.items()}
        ends = {day: pd.Timestamp(dates.school_leaving_date(date)) for day, date in days.items()}
        births["school_age_from"] = births["date_of_birth"].map(starts)
        births["school_age_to"] = births["date_of_birth"].map(ends)
        return births.drop(columns="date_of_birth")

    return frames.once(("school ages",), work)


def _answered(asked: Asked, rules: Ruleset, frames: Frames, members: pd.DataFrame) -> pd.DataFrame:
    """One criterion of everybody it is asked of: family_id, person_id, is_met, is_unknown."""
    adult_from = rules.family.adult_from
    asked_people = members[_is_asked(asked, frames, members, adult_from=adult_from)]
    people = asked_people[FEW]
    gaps = _gaps_of(asked, frames).assign(has_gap=True)
    known = people.merge(_measured(asked, frames), on="person_id", how="left").merge(gaps, on="person_id", how="left")
    known["value"] = known["value"].fillna(0)
    known["has_gap"] = known["has_gap"].notna()
    least, most = _share(known, asked, frames) if asked.measure == "share" else _count(known, asked, frames)
    known["is_met"] = least & most
    known["is_unknown"] = least ^ most
    if _is_of_some_ages(asked, adult_from=adult_from):
        ageless = asked_people.loc[asked_people["years"].isna() & (asked_people["role"] == "child"), "person_id"]
        is_open = known["is_met"] & known["person_id"].isin(ageless)
        known["is_met"], known["is_unknown"] = known["is_met"] & ~is_open, known["is_unknown"] | is_open
    findings = known[[*FEW, "is_met", "is_unknown"]]
    if asked.table != "benefits":
        return findings
    return pd.concat([findings, _of_no_known_adult(asked, frames, members, people)])


def _is_of_some_ages(asked: Asked, *, adult_from: int) -> bool:
    """Whether some children are not asked for their age."""
    if asked.ages is None:
        return asked.compulsory_school_age
    every_child = (asked.ages.from_ or 0) == 0 and (asked.ages.to is None or asked.ages.to >= adult_from - 1)
    return asked.compulsory_school_age or not every_child


def _is_asked(asked: Asked, frames: Frames, members: pd.DataFrame, *, adult_from: int) -> pd.Series:
    wanted = pd.Series(True, index=members.index)
    if asked.asked_of != "member":
        wanted = members["is_adult"] == (asked.asked_of == "adult")
    if asked.ages is not None:
        first, last = asked.ages.from_ or 0, asked.ages.to if asked.ages.to is not None else np.inf
        of_age = members["years"].between(first, last)
        # without a date of birth a child may be of these ages; a grown-up is, where every adult is
        a_child_may_be = (members["role"] == "child") & (first < adult_from)
        every_adult_is = (members["role"] != "child") & (first <= adult_from and last == np.inf)
        wanted &= of_age | (members["years"].isna() & (a_child_may_be | every_adult_is))
    if asked.compulsory_school_age:
        wanted &= ~((members["school_age_from"] > frames.as_of) | (members["school_age_to"] < frames.as_of))
    return wanted


def _measured(asked: Asked, frames: Frames) -> pd.DataFrame:
    if asked.measure == "share":
        terms = pd.DataFrame(
            [(term.academic_year, term.name) for term in terms_of(asked, frames.facts)],
            columns=["academic_year", "term"],
        )
        rows = frames.absence.merge(terms, on=["academic_year", "term"])
        rows = pd.DataFrame(
            {
                "person_id": rows["person_id"],
                "value": rows[asked.numerator].sum(axis=1),
                "out_of": rows[asked.denominator],
            }
        )
        return rows.groupby("person_id", as_index=False).sum()
    events = frames.events[asked.table]
    rows = _within(events[_passes(events, asked)], asked, frames)
    by_person = rows.groupby("person_id")
    value = by_person[asked.total_of].sum() if asked.measure == "total" else by_person.size()
    return value.rename("value").reset_index()


def _passes(events: pd.DataFrame, asked: Asked) -> pd.Series:
    passes = pd.Series(True, index=events.index)
    for name, values in asked.where.items():
        passes &= events[name].isin(values)
    return passes


def _within(rows: pd.DataFrame, asked: Asked, frames: Frames) -> pd.DataFrame:
    """Rows in force within the window for a status, else those that happened in it; stale benefits do not count."""
    window, on = window_of(asked, frames.facts), rows[asked.dated_by]
    first, last = pd.Timestamp(window.first_day), pd.Timestamp(window.last_day)
    if asked.table == "benefits":
        rows = rows[on >= pd.Timestamp(fresh_from(asked, frames.facts))]
        on = rows[asked.dated_by]
    if asked.measure == "status":
        return rows[(on.isna() | (on <= last)) & (rows["until"].isna() | (rows["until"] >= first))]
    return rows[on.between(first, last)]


def _count(known: pd.DataFrame, asked: Asked, frames: Frames) -> tuple[pd.Series, pd.Series]:
    operator, number = asked.bound_on(frames.facts.as_of).comparison
    holds = COMPARE[operator](known["value"], number)
    return holds, holds.where(~known["has_gap"], operator in GROWING)


def _share(known: pd.DataFrame, asked: Asked, frames: Frames) -> tuple[pd.Series, pd.Series]:
    """Whether the share holds if every session not delivered was attended, and if none was."""
    operator, percent = asked.bound_on(frames.facts.as_of).comparison
    value, out_of = known["value"].astype("int64"), known["out_of"].fillna(0).astype("int64")
    missing = known["missing"].fillna(0).astype("int64")
    is_open = known["has_gap"] & known["missing"].isna()
    nothing = out_of + missing == 0

    def holds(value: pd.Series) -> pd.Series:
        whole = out_of + missing
        if asked.rounding == "whole_percent":
            return COMPARE[operator]((2 * WHOLE * value + whole) // (2 * whole).clip(lower=1), percent)
        return COMPARE[operator](value * WHOLE, whole * percent)

    least, most = holds(value), holds(value + missing)
    if operator in GROWING:
        return least & ~nothing & ~is_open, (most & ~nothing) | is_open
    return least & ~nothing, most | nothing


def _of_no_known_adult(asked: Asked, frames: Frames, members: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Families none of whom is asked: nobody claims where DWP answered for their home and named nobody there."""
    alone = members[(members["role"] != LINKED) & ~members["family_id"].isin(people["family_id"])]
    rows = alone[["family_id", "person_id"]].merge(_fresh_checks(asked, frames), on="person_id", how="left")
    rows["is_answered"] = rows["stated_on"].notna()
    found = rows.groupby("family_id").agg(is_answered=("is_answered", "any"), claimants=("claimants", "sum"))
    found["is_unknown"] = ~(found["is_answered"] & (found["claimants"] == 0))
    return found.reset_index()[["family_id", "is_unknown"]].assign(person_id=None, is_met=False)


def _gaps_of(asked: Asked, frames: Frames) -> pd.DataFrame:
    """Of whom what is asked is not wholly known: person_id, missing."""
    window = window_of(asked, frames.facts)
    key = (asked.table, window, asked.window, asked.fresh_within_months)
    gaps = frames.once(key, lambda: _gaps_of_table(asked, frames, window))
    doubtful = _doubtful(asked, frames)
    if doubtful.empty:
        return gaps
    return pd.concat([gaps, doubtful]).groupby("person_id", as_index=False)["missing"].max()


def _gaps_of_table(asked: Asked, frames: Frames, window: Window) -> pd.DataFrame:
    match asked.table:
        case "absence":
            return _attendance_gaps(asked, frames)
        case "exclusions":
            return _exclusion_gaps(frames, window)
        case "roll":
            return _people(_without_school(frames))
        case "provision":
            return _people(pd.concat([_without_school(frames), _unexplained(frames)]))
        case "benefits":
            everybody = frames.members["person_id"]
            return _people(everybody[~everybody.isin(_fresh_checks(asked, frames)["person_id"])])
        case "destinations":
            return _people(pd.concat([_feed_gaps(asked, frames, window), _without_destination(frames)]))
        case _:
            return _people(_feed_gaps(asked, frames, window))


def _people(ids: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"person_id": ids.drop_duplicates(), "missing": np.nan})


def _doubtful(asked: Asked, frames: Frames) -> pd.DataFrame:
    """People with a row that would count if a column blank in it were known."""
    events = frames.events.get(asked.table)
    if events is None or not asked.where:
        return _people(frames.members["person_id"].head(0))
    might = pd.Series(True, index=events.index)
    for name, values in asked.where.items():
        might &= events[name].isin(values) | events[name].isna()
    rows = events[might & events[list(asked.where)].isna().any(axis=1)]
    return _people(_within(rows, asked, frames)["person_id"])


def _attendance_gaps(asked: Asked, frames: Frames) -> pd.DataFrame:
    """Sessions of half terms a child was on roll for with none delivered."""
    terms = terms_of(asked, frames.facts)
    units = half_terms(terms).to_pandas()
    expected = frames.stays[["person_id", "school", "starts", "ends"]].merge(units, how="cross")
    expected["from"] = expected["first_day"].where(~(expected["starts"] > expected["first_day"]), expected["starts"])
    ends = expected["ends"].fillna(frames.as_of)
    expected["to"] = expected["last_day"].where(~(ends < expected["last_day"]), ends)
    expected = expected[expected["to"] >= expected["from"] + pd.Timedelta(days=SHORTEST_STAY_DAYS)]
    expected = expected.merge(_school_ages(frames), on="person_id", how="left")
    of_age = expected["from"].between(expected["school_age_from"], expected["school_age_to"])
    expected = expected[expected["school_age_from"].isna() | of_age]
    keys = ["person_id", "school", "academic_year", "term"]
    is_whole = frames.absence["half"].isna()
    whole = frames.absence[is_whole][keys].drop_duplicates()
    halves = frames.absence[~is_whole][[*keys, "half"]].astype({"half": "int32"}).drop_duplicates()
    missing = _without(_without(expected, whole, keys), halves, [*keys, "half"])
    missing = missing.assign(missing=2 * _business_days(missing["from"], missing["to"]))
    days = _business_days(units["first_day"], units["last_day"]).sum()
    nowhere = _people(_of_no_known_school(frames, Window(terms[0].first_day, terms[-1].last_day)))
    return pd.concat([missing.groupby("person_id", as_index=False)["missing"].sum(), nowhere.assign(missing=2 * days)])


def _without(rows: pd.DataFrame, known: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    merged = rows.merge(known, on=keys, how="left", indicator="found")
    return merged[merged["found"] == "left_only"].drop(columns="found")


def _business_days(first: pd.Series, last: pd.Series) -> Any:
    day = "datetime64[D]"
    return np.busday_count(first.to_numpy().astype(day), (last + pd.Timedelta(days=1)).to_numpy().astype(day))


def _at_school(frames: Frames, window: Window) -> pd.DataFrame:
    stays, first, last = frames.stays, pd.Timestamp(window.first_day), pd.Timestamp(window.last_day)
    return stays[~(stays["starts"] > last) & ~(stays["ends"] < first)]


def _of_no_known_school(frames: Frames, window: Window) -> pd.Series:
    """Children of school age, or of unknown age, whom no source places at a school in a window, nor at home."""
    terms = [t for t in frames.facts.terms if t.first_day <= window.last_day and t.last_day >= window.first_day]
    years = pd.DataFrame([(t.academic_year, t.name) for t in terms], columns=["academic_year", "term"])
    attended = frames.absence.merge(years, on=["academic_year", "term"])["person_id"]
    placed = pd.concat([_at_school(frames, window)["person_id"], frames.events["roll"]["person_id"], attended])
    children = frames.members[frames.members["role"] == "child"][["person_id"]].drop_duplicates()
    children = children.merge(_school_ages(frames), on="person_id", how="left")
    too_young = children["school_age_from"] > pd.Timestamp(window.last_day)
    too_old = children["school_age_to"] < pd.Timestamp(window.first_day)
    return children[~too_young & ~too_old & ~children["person_id"].isin(placed)]["person_id"]


def _exclusion_gaps(frames: Frames, window: Window) -> pd.DataFrame:
    """Children at a school whose exclusions were not delivered for the whole time."""
    first, last = pd.Timestamp(window.first_day), pd.Timestamp(window.last_day)
    stays = _at_school(frames, window)[["person_id", "school", "starts", "ends"]]
    stays = stays.merge(_covered(frames, first, last), on="school", how="left")
    starts, ends = stays["starts"].fillna(first).clip(lower=first), stays["ends"].fillna(last).clip(upper=last)
    is_covered = (stays["covers_from"] <= starts) & (stays["covers_to"] >= ends)
    return _people(pd.concat([stays[~is_covered]["person_id"], _of_no_known_school(frames, window)]))


def _covered(frames: Frames, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """For each school, the latest stretch of days covered, but for the summer holidays, that meets the window."""
    coverage = frames.facts.coverage.filter(pl.col("source") == "exclusions").to_pandas()
    coverage = coverage[["school", "covers_from", "covers_to"]]
    schools = frames.stays[["school"]].dropna().drop_duplicates()
    everywhere = coverage[coverage["school"].isna()].drop(columns="school").merge(schools, how="cross")
    spread = pd.concat([coverage.dropna(subset="school"), everywhere])
    spread = spread.sort_values(["school", "covers_from", "covers_to"])
    spread["reached"] = spread.groupby("school")["covers_to"].cummax()
    before = spread.groupby("school")["reached"].shift(1)
    spread["is_new"] = spread["covers_from"] > before + pd.Timedelta(days=SUMMER_HOLIDAYS_DAYS)
    spread["stretch"] = spread.groupby("school")["is_new"].cumsum()
    found = spread.groupby(["school", "stretch"], as_index=False).agg(
        covers_from=("covers_from", "min"), covers_to=("covers_to", "max")
    )
    found = found[(found["covers_from"] <= last) & (found["covers_to"] >= first)]
    return found.sort_values(["school", "covers_to", "covers_from"]).drop_duplicates("school", keep="last")


def _on_roll(frames: Frames) -> pd.DataFrame:
    stays = frames.stays
    return stays[~(stays["starts"] > frames.as_of) & ~(stays["ends"] < frames.as_of)]


def _in_force(events: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    return events[~(events["on"] > day) & ~(events["until"] < day)]


def _without_school(frames: Frames) -> pd.Series:
    """Children of school age of whom it is not known where they are educated."""
    settled = pd.concat(
        [
            _on_roll(frames)["person_id"],
            *(_in_force(frames.events[table], frames.as_of)["person_id"] for table in ("roll", "provision")),
        ]
    )
    ages, members = _school_ages(frames), frames.members
    of_age = ages[(ages["school_age_from"] <= frames.as_of) & (ages["school_age_to"] >= frames.as_of)]["person_id"]
    ageless = members[(members["role"] == "child") & members["date_of_birth"].isna()]["person_id"]
    asked = pd.concat([of_age, ageless])
    return asked[~asked.isin(settled)]


def _unexplained(frames: Frames) -> pd.Series:
    """Children on the roll of a pupil referral unit of whom no exclusion is known."""
    explained = _in_force(frames.events["provision"], frames.as_of)["person_id"]
    on_roll = _on_roll(frames)
    in_unit = on_roll[on_roll["phase"] == PRU]["person_id"]
    return in_unit[~in_unit.isin(explained)]


def _fresh_checks(asked: Asked, frames: Frames) -> pd.DataFrame:
    checks = frames.benefit_checks
    return checks[checks["stated_on"] >= pd.Timestamp(fresh_from(asked, frames.facts))]


def _without_destination(frames: Frames) -> pd.Series:
    placed = pd.concat(
        [
            _in_force(frames.events["destinations"], frames.as_of)["person_id"],
            _on_roll(frames)["person_id"],
        ]
    )
    everybody = frames.members["person_id"]
    return everybody[~everybody.isin(placed)]


def _feed_gaps(asked: Asked, frames: Frames, window: Window) -> pd.Series:
    """Everybody, where the authority's feed does not reach over the window; else nobody."""
    sources = list(ASKABLE[asked.table].sources)
    spoken = unbroken(frames.facts.coverage.filter(pl.col("source").is_in(sources)))
    looks_back = not (asked.window.current or asked.window.months_ahead or asked.window.ever)
    is_known = (
        spoken is not None
        and spoken.last_day >= fresh_from(asked, frames.facts)
        and not (looks_back and spoken.first_day > window.first_day)
    )
    return frames.members["person_id"].head(0) if is_known else frames.members["person_id"]


def _any_of(findings: pd.DataFrame, strand: Strand, families: pd.DataFrame) -> pd.DataFrame:
    """A strand of every family, in the order of families: is_met, is_unknown."""
    found = findings.groupby("family_id")[["is_met", "is_unknown"]].any().reindex(families["family_id"])
    nobody = {"is_met": False, "is_unknown": strand.if_nobody_asked == UNKNOWN}
    found = found.fillna(nobody).astype(bool).reset_index(drop=True)
    return found.assign(is_unknown=found["is_unknown"] & ~found["is_met"])


def _of_residents(
    rules: Ruleset, by_strand: dict[str, pd.DataFrame], decided: dict[str, pd.DataFrame], members: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """The strands as those who live with the family account for them."""
    if LINKED not in rules.family.members:
        return decided
    linked = members[members["role"] == LINKED][FEW].assign(is_linked=True)
    families = np.sort(members["family_id"].unique())
    has_linked = np.isin(families, linked["family_id"].unique())
    own = {}
    for name, findings in by_strand.items():
        mine = findings.merge(linked, on=FEW, how="left")
        mine = mine[mine["is_linked"].isna()]
        found = mine.groupby("family_id")[["is_met", "is_unknown"]].any().reindex(families)
        found = found.fillna(False).astype(bool).reset_index(drop=True)
        found["is_unknown"] &= ~found["is_met"]
        own[name] = found.where(pd.Series(has_linked), decided[name])
    return own


def _eligible(
    rules: Ruleset,
    decided: dict[str, pd.DataFrame],
    own: dict[str, pd.DataFrame],
    frames: Frames,
    families: pd.DataFrame,
) -> tuple[pd.Series, pd.Series]:
    """Whether each family is eligible, and whether that is not known."""
    surely, perhaps = (
        pd.concat([_route(route.conditions, rules, decided, own, could=could) for route in rules.route], axis=1).any(
            axis=1
        )
        for could in (False, True)
    )
    has, may_have = _required(rules, frames, families)
    return surely & has, perhaps & may_have & ~(surely & has)


def _route(
    conditions: list[Condition],
    rules: Ruleset,
    decided: dict[str, pd.DataFrame],
    own: dict[str, pd.DataFrame],
    *,
    could: bool,
) -> pd.Series:
    """Whether a family has enough strands for every condition, counting the unknown ones or not."""

    def counts(rows: pd.DataFrame) -> pd.Series:
        return rows["is_met"] | rows["is_unknown"] if could else rows["is_met"]

    holds = []
    for condition in conditions:
        names = [strand.id for strand in rules.strand] if condition.of == "all" else condition.of
        mine = pd.DataFrame({name: counts(own[name]) for name in names})
        any_member = pd.DataFrame({name: counts(decided[name]) for name in names})
        of_linked = (any_member & ~mine).sum(axis=1).clip(upper=rules.family.linked_strands_at_most)
        enough = mine.sum(axis=1) + of_linked >= condition.at_least
        if condition.distinct_headlines > 1:
            headline = {strand.id: strand.headline for strand in rules.strand}
            different = any_member.T.groupby(headline).any().sum()
            enough &= different >= condition.distinct_headlines
        holds.append(enough)
    return pd.concat(holds, axis=1).all(axis=1)


def _required(rules: Ruleset, frames: Frames, families: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Whether each family has one of those the ruleset requires, and whether it may have."""
    members = frames.members[frames.members["is_resident"]].copy()
    members["years"] = _years(members["date_of_birth"], frames.as_of)
    is_child, is_ageless = members["role"] == "child", members["years"].isna()
    members["has"], members["may"] = False, False
    for name in rules.family.requires:
        if name == "child":
            has = is_child & ((members["years"] < rules.family.adult_from) | is_ageless)
            may = has
        elif name == "expectant_parent":
            has, may = _expecting(frames, members)
        else:
            assert rules.family.dependent is not None  # noqa: S101 (checked when the ruleset is read)
            has, may = _dependent(rules.family.dependent, frames, members)
        members["has"] |= has
        members["may"] |= may
    found = members.groupby("family_id")[["has", "may"]].any().reindex(families["family_id"]).reset_index(drop=True)
    return found["has"], found["may"]


def _expecting(frames: Frames, members: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    flags = _in_force(frames.events["service_flags"], frames.as_of)
    has = members["person_id"].isin(flags[flags["service"] == "expectant_parent"]["person_id"])
    sources = list(ASKABLE["service_flags"].sources)
    is_told = unbroken(frames.facts.coverage.filter(pl.col("source").is_in(sources))) is not None
    return has, has if is_told else has | True


def _dependent(rule: Dependent, frames: Frames, members: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Young ones; and older ones who live with a parent and are at school or do one of the things named."""
    doing = _in_force(frames.events["destinations"], frames.as_of)
    doing = doing[doing["status"].notna() & (doing["status"] != "unknown")]
    does = members["person_id"].isin(doing[doing["status"].isin(rule.when)]["person_id"])
    does_else = members["person_id"].isin(doing["person_id"]) & ~does
    at_school = members["person_id"].isin(_on_roll(frames)["person_id"]) & ("education" in rule.when)
    lives = members["lives_with_parent"]
    is_away, is_home = lives.eq(False).fillna(False).astype(bool), lives.eq(True).fillna(False).astype(bool)
    is_older = members["years"].between(rule.under, rule.until) & members["role"].isin(["child", "adult"])
    is_young = (members["years"] < rule.under) & members["role"].isin(["child", "adult"])
    is_young |= members["years"].isna() & (members["role"] == "child")
    older_not = is_away | (~at_school & does_else)
    older_is = ~older_not & is_home & (at_school | does)
    return is_young | (is_older & older_is), is_young | (is_older & ~older_not)
