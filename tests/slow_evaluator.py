"""The rules once more, slow and obvious: one made-up family at a time in plain Python, with which the fast one must agree.

It knows the values of a ruleset and of a case and the calendar, and nothing else of how rules are evaluated.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from families import dates
from families.criteria.case import Case, Person
from families.criteria.ruleset import Asked, Bound, Condition, MeasuredCondition, Ruleset
from families.dates import Term, Window

MET, NOT_MET, UNKNOWN = "met", "not_met", "unknown"
LONG_AGO = dt.date(1900, 1, 1)  # when something began of which the case does not say when
DAY = dt.timedelta(days=1)
FULL_TERM = 126  # sessions attended of a term of which the case says nothing
SHORTEST_STAY = dt.timedelta(days=14)
SOURCE_OF = {
    "absence": "attendance", "exclusions": "exclusions", "roll": "school_roll", "provision": "school_roll",
    "offences": "youth_justice", "asb_measures": "asb", "care_episodes": "social_care", "early_help": "early_help",
    "benefits": "benefits", "housing_statuses": "housing", "sentences": "probation", "releases": "probation",
    "domestic_incidents": "police_domestic", "service_flags": "health_services", "destinations": "destinations",
    "nominations": "nominations", "work_steps": "employment",
}  # fmt: skip


def half_way(age: int, day: dt.date) -> dt.date:
    """A date of birth half a year before somebody of an age turned it."""
    return dates.months_before(day, 12 * age + 6)


def any_of(outcomes: Iterable[str]) -> str:
    found = list(outcomes)
    return MET if MET in found else UNKNOWN if UNKNOWN in found else NOT_MET


def all_of(outcomes: Iterable[str]) -> str:
    found = list(outcomes)
    return NOT_MET if NOT_MET in found else UNKNOWN if UNKNOWN in found else MET


@dataclass
class Row:
    """One thing on record of a person."""

    on: dt.date | None
    until: dt.date | None = None
    facts: dict[str, object] = field(default_factory=dict)

    @property
    def began(self) -> dt.date:
        return self.on or LONG_AGO

    def is_in_force(self, first: dt.date, last: dt.date) -> bool:
        return self.began <= last and (self.until is None or self.until >= first)


@dataclass
class Known:
    """A measure of one person, and how much of it is not known."""

    value: int = 0
    out_of: int = 0
    has_gap: bool = False
    missing: int | None = None  # sessions not delivered; blank where not even their number is known
    terms: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Finding:
    question: str
    strand: str
    person: str | None
    outcome: str
    known: Known


@dataclass
class Judgement:
    findings: list[Finding]
    strands: dict[str, str]
    eligible: str
    reviews: list[str]


class Family:
    """The family of a case on a day."""

    def __init__(self, case: Case, rules: Ruleset, day: dt.date) -> None:
        self.case, self.rules, self.day = case, rules, day
        self._terms: dict[tuple[object, ...], list[Term]] = {}
        self.births = {p.name: p.born if p.age is None else half_way(p.age, case.as_of) for p in case.person}
        self.people = [p for p in case.person if (p.joined_on or LONG_AGO) <= day < (p.left_on or dt.date.max)]
        self.members = [p for p in self.people if self.counts(p)]
        self.attached_on = case.programme.attached_on if case.programme else None

    # who

    def lives_here(self, person: Person) -> bool:
        return person.role != "linked" if person.lives_here is None else person.lives_here

    def counts(self, person: Person) -> bool:
        return person.role in self.rules.family.members and (self.lives_here(person) or person.role == "linked")

    def born(self, person: Person) -> dt.date | None:
        """The date of birth; of an age alone, the day half way between two birthdays."""
        return self.births[person.name]

    def age(self, person: Person, day: dt.date | None = None) -> int | None:
        born = self.born(person)
        return None if born is None else dates.age_on(born, day or self.day)

    def is_young(self, person: Person, day: dt.date | None = None) -> bool:
        years = self.age(person, day)
        return person.role == "child" if years is None else years < self.rules.family.adult_from

    def grown_up_ages(self) -> range:
        return range(self.rules.family.adult_from, 120)

    def is_doubted(self, person: Person, asked: Asked) -> bool:
        """Whether a child may be too old or too young to be asked, for want of a date of birth."""
        if self.born(person) is not None or person.role != "child":
            return False
        every = all(is_of_ages(asked, years) for years in range(self.rules.family.adult_from))
        return asked.compulsory_school_age or not every

    def may_be_of_school_age(self, person: Person, first: dt.date, last: dt.date) -> bool:
        born = self.born(person)
        if born is None:
            return True
        return dates.compulsory_age_starts(born) <= last and dates.school_leaving_date(born) >= first

    def is_asked(self, person: Person, asked: Asked) -> bool:
        fits = {"child": self.is_young(person), "adult": not self.is_young(person)}.get(asked.asked_of, True)
        if asked.age_at == "event":
            fits = fits or self.is_young(person, self.window(asked).first_day) or bool(self.counted(asked, person))
        years = self.age(person)
        if asked.ages is not None:
            possible = range(self.rules.family.adult_from) if person.role == "child" else self.grown_up_ages()
            of_age = [is_of_ages(asked, each) for each in (possible if years is None else [years])]
            fits = fits and (any(of_age) if person.role == "child" or years is not None else all(of_age))
        if asked.compulsory_school_age:
            fits = fits and self.may_be_of_school_age(person, self.day, self.day)
        return fits

    # school

    def is_pupil(self, person: Person) -> bool:
        if person.school in ("off_roll", "home_educated", "not_known"):
            return False
        if person.school is not None or person.sessions:
            return True
        born = self.born(person)
        return person.role == "child" and born is not None and dates.compulsory_age_starts(born) <= self.day

    def left_school(self, person: Person) -> dt.date:
        """The last day on a school roll."""
        if person.school_until is not None:
            return person.school_until
        born = self.born(person)
        leaving = dates.school_leaving_date(born) if born else dt.date.max
        if person.school == "left":
            return min(leaving, self.case.as_of - DAY)
        return leaving if person.school is None and leaving < self.day else dt.date.max

    def is_at_school(self, person: Person, first: dt.date, last: dt.date) -> bool:
        return self.is_pupil(person) and self.left_school(person) >= first

    def sessions(self, person: Person) -> dict[Term, tuple[int, int, int]]:
        """(possible, authorised, unauthorised) of each term on record."""
        if self.is_silent(person, "absence"):
            return {}
        if person.sessions is None:
            if not self.is_pupil(person):
                return {}
            since = self.day - dt.timedelta(days=366 * 6)
            left = self.left_school(person)
            terms = [t for t in dates.authority_terms() if since <= t.first_day <= min(self.day, left)]
            return dict.fromkeys(terms, (FULL_TERM, 0, 0))
        found: dict[Term, tuple[int, int, int]] = {}
        for given in person.sessions:
            terms = [
                t for t in dates.authority_terms() if given.term in (t.academic_year, f"{t.name} {t.first_day.year}")
            ]
            for place, term in enumerate(terms):
                counts = (given.possible, given.authorised, given.unauthorised)
                found[term] = tuple(n // len(terms) + (place < n % len(terms)) for n in counts)  # type: ignore[assignment]
        return found

    def missing_sessions(self, person: Person, terms: list[Term]) -> int:
        """Sessions of half terms on a roll of which no attendance is on record."""
        known, born, days = self.sessions(person), self.born(person), 0
        for term in terms:
            if term in known or not self.is_pupil(person):
                continue
            for name, _, half in dates.reporting_half_terms(int(term.academic_year[:4])):
                first = max(half.first_day, term.first_day)
                last = min(half.last_day, term.last_day, self.left_school(person), self.day)
                is_of_age = born is None or (
                    dates.compulsory_age_starts(born) <= first <= dates.school_leaving_date(born)
                )
                if name == term.name and is_of_age and last >= first + SHORTEST_STAY:
                    days += sum((first + n * DAY).weekday() < 5 for n in range((last - first).days + 1))
        return 2 * days

    def has_no_known_school(self, person: Person, window: Window) -> bool:
        return (
            person.role == "child"
            and self.may_be_of_school_age(person, window.first_day, window.last_day)
            and not self.is_at_school(person, window.first_day, window.last_day)
            and person.school not in ("off_roll", "home_educated")
            and not any(
                t.first_day <= window.last_day and t.last_day >= window.first_day for t in self.sessions(person)
            )
        )

    def is_placed_nowhere(self, person: Person) -> bool:
        """Of school age, and neither on a roll nor known to be on none."""
        return (
            (self.born(person) is not None or person.role == "child")
            and self.may_be_of_school_age(person, self.day, self.day)
            and not self.is_at_school(person, self.day, self.day)
            and person.school not in ("off_roll", "home_educated")
            and not any(row.is_in_force(self.day, self.day) for row in self.rows("provision", person))
        )

    # what is on record

    def is_silent(self, person: Person, table: str) -> bool:
        return SOURCE_OF[table] in (*person.not_known, *self.case.not_known)

    def benefits_told_on(self) -> dt.date:
        return min(self.case.benefit_data_on or self.day, self.day)

    def is_fresh(self, asked: Asked) -> bool:
        """Whether benefit data is young enough to rely on."""
        return self.benefits_told_on() >= dates.months_before(self.day, asked.fresh_within_months or 0)

    def rows(self, table: str, person: Person) -> list[Row]:
        match table:
            case "exclusions":
                words = {"fixed": "FIXD", "permanent": "PERM", "lunchtime": "LNCH"}
                return [
                    Row(x.on, None, {"category": words[x.kind], "sessions": x.half_days})
                    for x in person.exclusions
                    for _ in range(x.number)
                ]
            case "roll":
                is_off = person.school in ("off_roll", "home_educated")
                return [Row(None, None, {"status": person.school})] if is_off else []
            case "provision":
                words = {"excluded": "after_exclusion", "other": "other_reason"}
                return [Row(x.from_, x.to, {"status": words[x.because]}) for x in person.provision]
            case "offences":
                return [
                    Row(x.on, None, {"is_proven": x.proven, "offence_on": x.offence_on or x.on})
                    for x in person.offences
                    for _ in range(x.number)
                ]
            case "asb_measures":
                return [
                    Row(x.on, x.to, {"kind": x.kind, "ground": x.ground}) for x in person.asb for _ in range(x.number)
                ]
            case "benefits":
                told = self.benefits_told_on()
                had = [x for x in person.benefits if (x.from_ or told) <= told <= (x.to or told)]
                return [Row(told, None, {"benefit": x.kind}) for x in had]
            case "care_episodes":
                return [Row(x.from_, x.to, {"kind": x.kind}) for x in person.care]
            case "early_help":
                return [Row(x.from_, x.to, {"kind": "EH"}) for x in person.early_help]
            case "housing_statuses":
                return [Row(x.from_, x.to, {"kind": x.kind}) for x in person.housing]
            case "sentences":
                return [
                    Row(x.from_, x.to, {"kind": x.kind, "has_parenting_responsibility": x.parenting})
                    for x in person.sentences
                ]
            case "releases":
                return [
                    Row(x.release_on, None, {"has_parenting_responsibility": x.parenting})
                    for x in person.sentences
                    if x.release_on is not None
                ]
            case "domestic_incidents":
                return [
                    Row(x.on, None, {"role": x.role, "is_marac": x.marac, "risk": x.risk})
                    for x in person.domestic_incidents
                ]
            case "service_flags":
                return [Row(x.from_, x.to, {"service": x.kind}) for x in person.services]
            case "destinations":
                return [Row(x.from_, x.to, {"status": x.status}) for x in person.destinations]
            case "nominations":
                return [Row(x.on, x.to, {"need": x.need, "nominated_by": x.by}) for x in person.nominations]
            case "work_steps":
                return [
                    Row(
                        x.from_,
                        x.to,
                        {
                            "kind": x.kind,
                            "benefit_left": x.benefit_left or self.benefit_before(person, x.from_),
                            "meets_earnings_floor": x.meets_earnings_floor,
                        },
                    )
                    for x in person.work
                ]
        raise LookupError(table)

    def benefit_before(self, person: Person, started: dt.date | None) -> str | None:
        """The benefit that ended last of those that had ended when a job began."""
        day = started or dt.date.max
        ended = [(x.to, x.kind) for x in person.benefits if x.to is not None and x.to <= day]
        return max(ended)[1] if ended else None

    # when

    def terms(self, asked: Asked) -> list[Term]:
        key = (asked.window.terms, asked.window.academic_years, asked.window.including_current_term)
        if key not in self._terms:
            self._terms[key] = self._terms_of(asked)
        return self._terms[key]

    def _terms_of(self, asked: Asked) -> list[Term]:
        if asked.window.academic_years is not None:
            ended = [t for t in dates.authority_terms() if t.last_day < self.day]
            years = sorted({t.academic_year for t in ended if t.name == "summer"})[-asked.window.academic_years :]
            return [t for t in ended if t.academic_year in years]
        begun = [
            t
            for t in dates.authority_terms()
            if (t.first_day <= self.day if asked.window.including_current_term else t.last_day < self.day)
        ]
        return begun[-(asked.window.terms or 0) :]

    def terms_counted(self, asked: Asked) -> list[Term]:
        terms = self.terms(asked)
        if asked.window.since_attachment and self.attached_on is not None:
            terms = [term for term in terms if term.last_day >= self.attached_on]
        return terms

    def window(self, asked: Asked) -> Window:
        rule = asked.window
        if rule.terms is not None or rule.academic_years is not None:
            terms = self.terms(asked)
            return Window(terms[0].first_day, min(terms[-1].last_day, self.day))
        if rule.months is not None:
            return Window(dates.months_before(self.day, rule.months), self.day)
        if rule.months_ahead is not None:
            return Window(self.day, dates.months_before(self.day, -rule.months_ahead))
        if rule.weeks is not None:
            return Window(self.day - (7 * rule.weeks - 1) * DAY, self.day)
        return Window(LONG_AGO if rule.ever else self.day, self.day)

    def baseline(self, asked: Asked) -> Window | None:
        """The days a reduction is measured against; blank where it is not known when the work began."""
        assert asked.baseline is not None
        ends = self.window(asked).first_day if asked.baseline.ends == "window" else self.attached_on
        return None if ends is None else Window(dates.months_before(ends, asked.baseline.months), ends - DAY)

    # measures

    def counted(self, asked: Asked, person: Person, *, doubtful: bool = False) -> list[Row]:
        """The rows that count; or those that would if what is blank in them, their first day too, were known."""
        rows: list[Row] = []
        if asked.table == "benefits" and not self.is_fresh(asked):
            return rows
        for row in self.rows(asked.table, person):
            values = {name: row.facts[name] for name in asked.where}
            has_blank = None in values.values()
            fits = all(value is None or value in asked.where[name] for name, value in values.items())
            day = row.facts.get(asked.dated_by, row.on) if asked.dated_by != "on" else row.on
            moved = Row(day, row.until, row.facts)  # type: ignore[arg-type]
            if asked.age_at == "event" and not self.is_young(person, row.facts.get("offence_on", row.on)):  # type: ignore[arg-type]
                continue
            has_blank = has_blank or (moved.on is None and asked.measure != "status")
            if fits and has_blank == doubtful and self.is_within(asked, moved):
                rows.append(moved)
        return rows

    def is_within(self, asked: Asked, row: Row) -> bool:
        window = self.window(asked)
        if asked.measure in ("status", "duration"):
            return row.is_in_force(window.first_day, window.last_day)
        spans = [window]
        if asked.measure == "reduction" and (before := self.baseline(asked)) is not None:
            spans.append(before)
        if row.on is None:
            return row.until is None or row.until >= min(span.first_day for span in spans)
        return any(row.on in span for span in spans)

    def measured(self, asked: Asked, person: Person) -> Known:
        known = Known()
        rows = self.counted(asked, person) if asked.measure != "share" else []
        match asked.measure:
            case "share":
                of_term = self.sessions(person)
                order = {"possible": 0, "authorised": 1, "unauthorised": 2}
                for term in self.terms_counted(asked):
                    counts = of_term.get(term, (0, 0, 0))
                    known.terms.append(
                        (sum(counts[order[n]] for n in asked.numerator), counts[order[asked.denominator or ""]])
                    )
                known.value, known.out_of = sum(v for v, _ in known.terms), sum(o for _, o in known.terms)
            case "total":
                known.value = sum(int(str(row.facts[asked.total_of or ""])) for row in rows)
            case "reduction":
                window, before = self.window(asked), self.baseline(asked)
                known.value = sum(row.began in window for row in rows)
                known.out_of = sum(row.began in before for row in rows) if before else 0
            case "duration":
                known.value = self.weeks(asked, person, rows)
            case _:
                known.value = len(rows)
        known.has_gap, known.missing = self.gap(asked, person)
        return known

    def weeks(self, asked: Asked, person: Person, rows: list[Row]) -> int:
        window = self.window(asked)
        excluding = [
            row
            for row in self.rows(asked.table, person)
            if asked.unless and all(row.facts[name] in values for name, values in asked.unless.items())
        ]
        covered: set[dt.date] = set()
        for row in rows:
            if any(other.is_in_force(row.began, row.until or dt.date.max) for other in excluding):
                continue
            first, last = max(row.began, window.first_day), min(row.until or window.last_day, window.last_day)
            covered |= {first + n * DAY for n in range((last - first).days + 1)}
        if not asked.consecutive:
            return len(covered) // 7
        longest = run = 0
        for n in range((window.last_day - window.first_day).days + 1):
            run = run + 1 if window.first_day + n * DAY in covered else 0
            longest = max(longest, run)
        return longest // 7

    def gap(self, asked: Asked, person: Person) -> tuple[bool, int | None]:
        """Whether something of a measure is not known, and how many sessions where that is the measure."""
        if self.is_silent(person, asked.table):
            return True, None
        if asked.measure != "share" and self.counted(asked, person, doubtful=True):
            return True, None
        if asked.baseline is not None and self.baseline(asked) is None:
            return True, None
        match asked.table:
            case "absence":
                terms = self.terms(asked)
                if self.has_no_known_school(person, Window(terms[0].first_day, terms[-1].last_day)):
                    return True, None
                missing = self.missing_sessions(person, self.terms_counted(asked))
                return missing > 0, missing
            case "exclusions":
                return self.has_no_known_school(person, self.window(asked)), None
            case "roll" | "provision":
                return self.is_placed_nowhere(person), None
            case "benefits":
                return not self.is_fresh(asked), None
            case "destinations":
                told = any(row.is_in_force(self.day, self.day) for row in self.rows("destinations", person))
                return not told and not self.is_at_school(person, self.day, self.day), None
        return False, None

    # outcomes

    def findings(self, asked: Asked, strand: str) -> list[Finding]:
        found = {p.name: self.measured(asked, p) for p in self.members if self.is_asked(p, asked)}
        if asked.asked_of == "family":
            together = added_up(found.values())
            return [Finding(asked.id, strand, None, outcome(asked, bound_on(asked, self.day), together), together)]
        return [
            Finding(asked.id, strand, p.name, self.outcome_for(asked, p, found[p.name]), found[p.name])
            for p in self.members
            if p.name in found
        ]

    def outcome_for(self, asked: Asked, person: Person, known: Known) -> str:
        """What would count for or against the family is not known of a child who may not be of the ages asked."""
        found = outcome(asked, bound_on(asked, self.day), known)
        counts = NOT_MET if isinstance(asked, MeasuredCondition) and asked.of == "each" else MET
        return UNKNOWN if found == counts and self.is_doubted(person, asked) else found

    def judged(self) -> Judgement:
        criteria = [finding for each in self.rules.criterion for finding in self.findings(each, each.strand)]
        reviews = [finding for each in self.rules.review for finding in self.findings(each, "review")]
        if all(person.role == "linked" for person in self.members):
            criteria = []
        strands = {s.id: any_of(f.outcome for f in criteria if f.strand == s.id) for s in self.rules.strand}
        return Judgement(
            criteria,
            strands,
            self.eligible(strands, criteria),
            sorted({f.question for f in reviews if f.outcome == MET}),
        )

    # eligibility

    def eligible(self, strands: dict[str, str], findings: list[Finding]) -> str:
        if all(person.role == "linked" for person in self.members):
            return NOT_MET
        linked = {p.name for p in self.members if p.role == "linked"}
        own = {
            name: any_of(f.outcome for f in findings if f.strand == name and f.person not in linked) for name in strands
        }
        routes = [all_of(self.at_least(part, strands, own) for part in route.conditions) for route in self.rules.route]
        return all_of([any_of(routes), any_of(self.has(name) for name in self.rules.family.requires)])

    def at_least(self, condition: Condition, strands: dict[str, str], own: dict[str, str]) -> str:
        """At least k of n: try it with everything unknown as not met, and then as met."""
        return {(True, True): MET, (False, False): NOT_MET}.get(
            (self.is_enough(condition, strands, own, (MET,)), self.is_enough(condition, strands, own, (MET, UNKNOWN))),
            UNKNOWN,
        )

    def is_enough(
        self, condition: Condition, strands: dict[str, str], own: dict[str, str], taken: tuple[str, ...]
    ) -> bool:
        names = list(strands) if condition.of == "all" else condition.of
        of_residents = [name for name in names if own[name] in taken]
        of_linked = [name for name in names if strands[name] in taken and own[name] not in taken]
        counted = len(of_residents) + min(len(of_linked), self.rules.family.linked_strands_at_most)
        headlines = {s.headline for s in self.rules.strand if s.id in (*of_residents, *of_linked)}
        return counted >= condition.at_least and (
            condition.distinct_headlines <= 1 or len(headlines) >= condition.distinct_headlines
        )

    def has(self, required: str) -> str:
        residents = [person for person in self.people if self.lives_here(person)]
        match required:
            case "child":
                return MET if any(p.role == "child" and self.is_young(p) for p in residents) else NOT_MET
            case "dependent_child":
                return any_of(self.is_dependent(p) for p in residents if p.role in ("child", "adult"))
            case _:
                flags = [row for p in residents for row in self.rows("service_flags", p)]
                if any(r.facts["service"] == "expectant_parent" and r.is_in_force(self.day, self.day) for r in flags):
                    return MET
                return UNKNOWN if any(self.is_silent(p, "service_flags") for p in residents) else NOT_MET

    def is_dependent(self, person: Person) -> str:
        rule = self.rules.family.dependent
        assert rule is not None
        years = self.age(person)
        if years is None:
            return MET if person.role == "child" else NOT_MET
        if not rule.under <= years <= rule.until:
            return MET if years < rule.under else NOT_MET
        told = [r.facts["status"] for r in self.rows("destinations", person) if r.is_in_force(self.day, self.day)]
        is_doing = any(status in rule.when for status in told)
        is_at_school = "education" in rule.when and self.is_at_school(person, self.day, self.day)
        lives = self.lives_with_parent(person)
        does = MET if is_doing or is_at_school else NOT_MET if told else UNKNOWN
        return all_of([does, MET if lives else NOT_MET])

    def lives_with_parent(self, person: Person) -> bool:
        if person.lives_with_parent is not None:
            return person.lives_with_parent
        return any(p.role in ("parent", "carer") for p in self.people if self.lives_here(p))


def is_of_ages(asked: Asked, years: int) -> bool:
    ages = asked.ages
    return ages is None or (ages.from_ or 0) <= years <= (years if ages.to is None else ages.to)


def added_up(measures: Iterable[Known]) -> Known:
    every = list(measures)
    return Known(
        sum(k.value for k in every), sum(k.out_of for k in every), any(k.has_gap for k in every),
        sum(k.missing or 0 for k in every),
    )  # fmt: skip


def bound_on(asked: Asked, day: dt.date) -> Bound:
    """The bound of the day; before the first, the first; after the last, the last."""
    for bound in asked.bound:
        if bound.to is None or day <= bound.to:
            return bound
    return asked.bound[-1]


def compare(operator: str, value: Fraction | int, wanted: int) -> bool:
    return {
        "at_least": value >= wanted, "more_than": value > wanted, "below": value < wanted, "at_most": value <= wanted,
    }[operator]  # fmt: skip


def outcome(asked: Asked, bound: Bound, known: Known) -> str:
    """Met or not met where the least and the most that the measure can be agree; else unknown."""
    if asked.measure == "share":
        possible = share_outcomes(asked, bound, known)
    elif asked.measure == "reduction":
        possible = {None} if known.has_gap else {is_reduced(asked, bound, known)}
    else:
        operator, number = bound.comparison
        possible = {compare(operator, known.value, number)}
        if known.has_gap:
            possible.add(compare(operator, 10**9, number))
    return {(True,): MET, (False,): NOT_MET}.get(tuple(possible), UNKNOWN)  # type: ignore[arg-type]


def share_outcomes(asked: Asked, bound: Bound, known: Known) -> set[bool | None]:
    operator, percent = bound.comparison
    terms = [(value, out_of) for value, out_of in known.terms if out_of]
    if known.has_gap and (known.missing is None or asked.averaging != "pooled"):
        return {None}
    missing = (known.missing or 0) if known.has_gap else 0
    if known.out_of + missing == 0:  # no possible sessions: nothing reached, and nothing shown to be below
        return {False} if operator in ("at_least", "more_than") else {None}
    match asked.averaging:
        case "pooled":
            shares = {Fraction(known.value + more, known.out_of + missing) for more in (0, missing)}
            return {compare(operator, in_percent(share, asked), percent) for share in shares}
        case "mean_of_terms":
            mean = sum((Fraction(v, o) for v, o in terms), Fraction(0)) / len(terms)
            return {compare(operator, in_percent(mean, asked), percent)}
        case _:
            return {all(compare(operator, in_percent(Fraction(v, o), asked), percent) for v, o in terms)}


def in_percent(share: Fraction, asked: Asked) -> Fraction:
    whole = share * 100
    return Fraction((2 * whole + 1) // 2) if asked.rounding == "whole_percent" else whole


def is_reduced(asked: Asked, bound: Bound, known: Known) -> bool:
    """Events a month have fallen by the part asked for; from nothing, nothing falls."""
    assert asked.baseline is not None
    assert asked.window.months is not None
    before, now = Fraction(known.out_of, asked.baseline.months), Fraction(known.value, asked.window.months)
    return before > 0 and (before - now) / before >= Fraction(*bound.reduction)
