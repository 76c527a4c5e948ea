"""What the programme comes to, in numbers for a whole council: small ones are hidden before any page has them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from sqlalchemy import Engine

from families.casebook.reading import count_families, data_as_at, strand_counts, strand_labels
from families.casebook.views import CoverageLine, Reader
from families.cases.identified import DECIDERS
from families.cases.reading import need_outcomes, pipeline, scored_families, stage_times
from families.cases.views import NeedOutcome, Stage
from families.cases.workflow import workflow
from families.criteria.backtest import NOT_KNOWN
from families.criteria.small_numbers import FEWEST_SHOWN, Sum, hidden
from families.exports.document import long_day
from families.outcome_groups import Grouping, groupings
from families.tables.source_names import source_label

ELIGIBLE = "eligible"
NO_STRAND = ""
OTHER_NEEDS = "Needs outside the strands"
UNDECIDED = "undecided"
TOO_SMALL = "fewer than can be shown"
STEP_LABELS = {  # of StrandOutcomes, in its order
    "baseline": "With the need at the start",
    "complete": "Evidence complete",
    "improved": "Improved",
    "sustained": "Improved and lasted",
    "relapsed": "Improved and relapsed",
    "not_known_yet": "Improved, not known whether it lasts",
    "not_improved": "Not improved",
    "unknown": "Not known: evidence not complete",
}
STEPS = len(STEP_LABELS)
MEANT = (
    "The start is the first score of a need. Evidence is complete where every need of the strand was scored again at "
    "a review. Improved: one need stood better and none worse than at the start. Lasted: the check six months after "
    "closure says so. Relapsed: a need fell back, the check says that it did not last, or newer records meet the "
    "strand again."
)
CAVEAT = (
    "No group of families without this help is compared here: some of what changed would have changed anyhow, and "
    "families come at their worst. Scores are workers’ judgements."
)


@dataclass(frozen=True)
class StrandCount:
    """Families by what is known of a strand; nothing stands for a number that is too small to be shown."""

    strand: str
    label: str
    met: int | None
    not_met: int | None
    unknown: int | None


@dataclass(frozen=True)
class TimeInStage:
    """The median days in a stage, this quarter and the one before; nothing where too few families left it."""

    label: str
    days: int | None
    families: int | None
    days_before: int | None
    families_before: int | None


@dataclass(frozen=True)
class StrandOutcomes:
    """Families with a need of one strand at the baseline, and how far they came; nothing where a number is too small.

    Those with complete evidence improved or did not; those that improved were checked after closure and it had lasted,
    have relapsed, or are not known yet. Without complete evidence it is unknown whether anything changed.
    """

    label: str
    baseline: int | None
    complete: int | None
    improved: int | None
    sustained: int | None
    relapsed: int | None
    not_known_yet: int | None
    not_improved: int | None
    unknown: int | None


@dataclass(frozen=True)
class Split:
    """The same for one strand by the values of one grouping, each value under its own label."""

    strand: str
    by: str
    values: tuple[StrandOutcomes, ...]


@dataclass(frozen=True)
class Distance:
    """How far the needs of one strand moved: medians, and between which bounds the middle half of the changes lies."""

    label: str
    needs: int
    baseline: float
    now: float
    change: float
    change_from: float
    change_to: float


@dataclass(frozen=True)
class Outcomes:
    """Outcomes by strand and split, the distance travelled, and the needs whose distance is not shown, being too few.

    A strand of too few families to hide a number among the others is not split at all.
    """

    strands: tuple[StrandOutcomes, ...]
    distances: tuple[Distance, ...]
    too_few: tuple[str, ...]
    splits: tuple[Split, ...] = ()


def stages(engine: Engine, reader: Reader, *, today: dt.date) -> tuple[Stage, ...]:
    """Families at each stage, before them those of the run that nobody has decided on, for those who decide."""
    found = pipeline(engine, reader, today=today)
    if reader.role not in DECIDERS:
        return found
    counted = workflow().stages[UNDECIDED]
    number = count_families(engine, reader, standing=UNDECIDED)
    return (Stage(UNDECIDED, counted.label, counted.means, number, 0, None), *found)


def silent(lines: Sequence[CoverageLine], *, as_of: dt.date) -> list[CoverageLine]:
    """The sources that do not cover the day the data speaks of, the longest silence first."""
    found = (line for line in lines if line.covers_to is None or line.covers_to < as_of)
    return sorted(found, key=lambda line: (line.covers_to or dt.date.min, line.source))


def gaps(lines: Sequence[CoverageLine], *, as_of: dt.date) -> list[str]:
    """What is not covered on the day the data speaks of, the longest silence first.

    A sentence for each day after which some sources say nothing, with their names.
    """
    found: dict[dt.date | None, list[str]] = {}
    for line in silent(lines, as_of=as_of):
        found.setdefault(line.covers_to, []).append(source_label(line.source))
    return [
        f"{', '.join(sources)}: nothing is known after {long_day(last_day)}."
        if last_day
        else f"{', '.join(sources)}: it is not said what they cover."
        for last_day, sources in found.items()
    ]


def strands(engine: Engine, reader: Reader) -> tuple[StrandCount, ...]:
    """How many families meet each strand, the most first; small numbers hidden, and as many others as that takes."""
    counts = [each for each in strand_counts(engine, reader) if each[0] != ELIGIBLE]
    values: list[int] = []
    sums, known = [], []
    for _, _, found in counts:
        parts = [found.get(outcome, 0) for outcome in ("met", "not_met", "unknown")]
        place = len(values)
        values += [sum(parts), *parts]
        known.append(place)  # how many families there are stands on every list
        sums.append(Sum(place, (place + 1, place + 2, place + 3)))
    shown = _shown(values, hidden(values, sums, known=known))
    ordered = sorted(range(len(counts)), key=lambda number: (-values[4 * number + 1], counts[number][1]))
    return tuple(StrandCount(*counts[number][:2], *shown[4 * number + 1 : 4 * number + 4]) for number in ordered)


def times_in_stages(engine: Engine, reader: Reader, *, today: dt.date) -> tuple[TimeInStage, ...]:
    """Median days in each stage that families left, this quarter and the one before."""
    return tuple(
        TimeInStage(each.label, *_median_of(each.days), *_median_of(each.days_before))
        for each in stage_times(engine, reader, today=today)
        if each.days or each.days_before
    )


def _median_of(days: Sequence[int]) -> tuple[int | None, int | None]:
    """A median and of how many; nothing of a few, and that there is none where there is none."""
    if not days:
        return None, 0
    return (round(median(days)), len(days)) if len(days) >= FEWEST_SHOWN else (None, None)


def outcomes(engine: Engine, reader: Reader) -> Outcomes:
    """What changed for families, by the strand of their needs; only from what was recorded."""
    needs = need_outcomes(engine, reader)
    ways = groupings(scored_families(engine, reader), as_of=data_as_at(engine).as_of) if needs else ()
    labels = {strand: label for strand, label in strand_labels(engine).items() if strand != ELIGIBLE}
    labels |= {strand: strand for strand in sorted({need.strand or NO_STRAND for need in needs} - labels.keys())}
    labels[NO_STRAND] = OTHER_NEEDS
    by_strand = {strand: [need for need in needs if (need.strand or NO_STRAND) == strand] for strand in labels}
    there = {strand: mine for strand, mine in by_strand.items() if mine}
    moved = {strand: [need for need in mine if need.now is not None] for strand, mine in there.items()}
    steps = [_steps(labels[strand], mine, ways) for strand, mine in there.items()]
    return Outcomes(
        tuple(whole for whole, _ in steps),
        tuple(_distance(labels[strand], mine) for strand, mine in moved.items() if len(mine) >= FEWEST_SHOWN),
        tuple(labels[strand] for strand, mine in moved.items() if len(mine) < FEWEST_SHOWN),
        tuple(split for _, splits in steps for split in splits),
    )


def _steps(
    label: str, needs: Sequence[NeedOutcome], ways: Sequence[Grouping]
) -> tuple[StrandOutcomes, tuple[Split, ...]]:
    """One strand as a whole and by each grouping, hidden together, so that no table gives away what another hides."""
    parted = {way.label: _parted(needs, way) for way in ways}
    parted = {by: parts for by, parts in parted.items() if len(parts) > 1}
    rows = [needs, *(mine for parts in parted.values() for mine in parts.values())]
    values = [number for mine in rows for number in _counted(mine)]
    sums = [each for row in range(len(rows)) for each in _sums(STEPS * row)]
    first = 1
    for parts in parted.values():
        within = range(first, first + len(parts))
        sums += [Sum(step, tuple(STEPS * row + step for row in within)) for step in range(STEPS)]
        first += len(parts)
    hide = hidden(values, sums)
    if parted and all(hide):
        return _steps(label, needs, ())
    shown = _shown(values, hide)
    told = iter([shown[at : at + STEPS] for at in range(0, len(shown), STEPS)])
    whole = StrandOutcomes(label, *next(told))
    return whole, tuple(
        Split(label, by, tuple(StrandOutcomes(value, *next(told)) for value in parts)) for by, parts in parted.items()
    )


def _sums(at: int) -> list[Sum]:
    """What adds up to what within one row of steps, in the order of StrandOutcomes."""
    return [
        Sum(at, (at + 1, at + 7)),  # at the baseline: complete and unknown
        Sum(at + 1, (at + 2, at + 6)),  # complete: improved and not improved
        Sum(at + 2, (at + 3, at + 4, at + 5)),  # improved: sustained, relapsed, not known yet
    ]


def _parted(needs: Sequence[NeedOutcome], way: Grouping) -> dict[str, list[NeedOutcome]]:
    """The needs by the value of their case, what is not known last."""
    values = sorted({way.of_case.get(need.case_id, NOT_KNOWN) for need in needs}, key=lambda it: (it == NOT_KNOWN, it))
    return {value: [need for need in needs if way.of_case.get(need.case_id, NOT_KNOWN) == value] for value in values}


def _counted(needs: Iterable[NeedOutcome]) -> list[int]:
    """Families by how far they came, in the order of StrandOutcomes."""
    of_case: dict[str, list[NeedOutcome]] = {}
    for need in needs:
        of_case.setdefault(need.case_id, []).append(need)
    came = [how_far(mine) for mine in of_case.values()]
    ends = {name: came.count(name) for name in ("sustained", "relapsed", "not_known_yet", "not_improved", "unknown")}
    improved = ends["sustained"] + ends["relapsed"] + ends["not_known_yet"]
    complete = improved + ends["not_improved"]
    return [complete + ends["unknown"], complete, improved, *ends.values()]


def how_far(needs: Sequence[NeedOutcome]) -> str:
    """How far a family came with its needs of one strand.

    Improved: no need of it stands worse than at the baseline, and one stands or stood better. What had been better and
    is so no longer, is met again after closure, or was found not to have lasted, has relapsed.
    """
    if any(need.now is None for need in needs):
        return "unknown"
    now = [(need.now or 0) - need.baseline for need in needs]
    was_better = any(need.best > need.baseline for need in needs)
    if not was_better or (min(now) < 0 and max(now) > 0):
        return "not_improved"
    if max(now) <= 0 or any(need.is_met_again or need.checked == "not_sustained" for need in needs):
        return "relapsed"
    return "sustained" if all(need.checked == "sustained" for need in needs) else "not_known_yet"


def _distance(label: str, needs: Sequence[NeedOutcome]) -> Distance:
    changes = sorted((need.now or 0) - need.baseline for need in needs)
    return Distance(
        label,
        len(needs),
        median(need.baseline for need in needs),
        median(need.now or 0 for need in needs),
        median(changes),
        _quarter(changes, 0.25),
        _quarter(changes, 0.75),
    )


def _quarter(ordered: Sequence[int], share: float) -> float:
    """The value below which a share of them lies, between two neighbours where it falls between them."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _shown(values: Sequence[int], hide: Sequence[bool]) -> list[int | None]:
    return [None if is_hidden else value for value, is_hidden in zip(values, hide, strict=True)]
