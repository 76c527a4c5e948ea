"""The report to the board: one page, and a workbook of the same numbers. Nobody is named, and small numbers are hidden.

It begins with what the data covers and lacks. What it counts is what the programme's pages count, in their words.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence

from sqlalchemy import Engine

from families import programme
from families.casebook import audit, reading
from families.casebook.database import audited
from families.casebook.views import CoverageLine, DataAsAt, Reader
from families.cases.reading import ASK_OUTCOMES, referrals_by_week
from families.cases.views import Stage
from families.cases.workflow import in_words
from families.criteria.small_numbers import FEWEST_SHOWN, Sum, hidden
from families.errors import NotAllowed, Refused
from families.exports.document import Cell, Document, Part, long_day
from families.exports.record import FORMATS, Export
from families.programme import Outcomes, StrandCount, StrandOutcomes, TimeInStage
from families.settings import Settings
from families.tables.source_names import source_label

TITLE = "Report to the board"
HANDLING = "OFFICIAL: numbers of a whole council, in which nobody is named."
SMALL = f"Numbers below {FEWEST_SHOWN}, and those that would give them away, are not shown."
NOT_SHOWN = "not shown"
WEEKS = 13
ACTION = "export_board_report"


def board_report(engine: Engine, reader: Reader, form: str, *, today: dt.date, at: dt.datetime) -> Export:
    """Make the report and write down that it was made; only then is it given.

    Unlike exports of records it asks for no recent sign-in: what it says stands on the pages, and names nobody.
    """
    if form not in FORMATS:
        raise Refused("There is no such export: open the overview again.")
    if reader.role not in ASK_OUTCOMES:
        _note(engine, reader, f"{ACTION}_refused", form=form)
        raise NotAllowed(f"The report to the board is made by {in_words(ASK_OUTCOMES)}: ask one of them.")
    number = uuid.uuid4().hex[:12]
    made = f"{long_day(at.date())} at {at:%H:%M} UTC, export {number}"
    make, media_type = FORMATS[form]
    content = make(_document(engine, reader, made=made, today=today))
    _note(engine, reader, ACTION, form=form, export=number, sha256=hashlib.sha256(content).hexdigest())
    return Export(f"board_report_{number}.{form}", media_type, content)


def _note(engine: Engine, reader: Reader, action: str, **detail: str) -> None:
    with audited(engine, reader) as transaction:
        audit.note(transaction, reader, action=action, family_ids=[None], detail=detail)


def _document(engine: Engine, reader: Reader, *, made: str, today: dt.date) -> Document:
    data, covered = reading.data_as_at(engine), reading.coverage(engine)
    stages, found = programme.stages(engine, reader, today=today), programme.outcomes(engine, reader)
    return Document(
        TITLE,
        Settings().council or "Families",
        _cover(data, covered, made=made),
        [
            _pipeline(stages, programme.times_in_stages(engine, reader, today=today)),
            _referrals(referrals_by_week(engine, reader, today=today, weeks=2 * WEEKS)),
            _strands(programme.strands(engine, reader)),
            _outcomes("Outcomes", "Strand", found.strands),
        ],
        is_dense=True,
        handling=HANDLING,
        annex=[_coverage(covered, data.as_of), _meanings(stages), *_splits(found)],
    )


def _cover(data: DataAsAt, covered: Sequence[CoverageLine], *, made: str) -> list[tuple[str, str]]:
    """What stands first: whose numbers these are, as at when, what they rest on and what is missing."""
    current = [source_label(each.source) for each in covered if each.covers_to and each.covers_to >= data.as_of]
    return [
        ("Council", Settings().council or "not named in the settings"),
        ("Data", f"{'Made up: nobody in it is real' if data.is_sample else 'Real'}, as at {long_day(data.as_of)}"),
        ("Made", f"{made}, by {in_words(ASK_OUTCOMES)}"),
        ("Covered to that day", f"{'; '.join(current)}." if current else "No source."),
        ("Known gaps", _gaps(covered, data.as_of) or "None: every source covers that day."),
        ("What is not covered", "It is not known, and counted as that."),
        ("Change is not impact", programme.CAVEAT),
        ("Small numbers", SMALL),
        ("Handling", HANDLING),
    ]


def _gaps(covered: Sequence[CoverageLine], as_of: dt.date) -> str:
    """What is not covered on the day the data speaks of, the longest silence first."""
    silent: dict[dt.date | None, list[str]] = {}
    for line in programme.silent(covered, as_of=as_of):
        silent.setdefault(line.covers_to, []).append(source_label(line.source))
    said = {
        day: f"Nothing is known after {long_day(day)}" if day else "It is not said what is covered" for day in silent
    }
    return " ".join(f"{said[day]}: {', '.join(labels)}." for day, labels in silent.items())


def _told(number: int | None) -> Cell:
    return NOT_SHOWN if number is None else number


def _pipeline(stages: Sequence[Stage], times: Sequence[TimeInStage]) -> Part:
    """Families at each stage and in all; of a number that is not shown neither change nor median."""
    counts = [stage.count for stage in stages]
    hide = hidden([*counts, sum(counts)], [Sum(len(counts), tuple(range(len(counts))))])
    left = {each.label: _median(each.days, each.families) for each in times}
    rows: list[Sequence[Cell]] = [
        (
            stage.label,
            NOT_SHOWN if is_hidden else stage.count,
            "" if is_hidden else _change(stage),
            left.get(stage.label, ""),
        )
        for stage, is_hidden in zip(stages, hide, strict=False)
    ]
    rows.append(("In all", NOT_SHOWN if hide[-1] else sum(counts), "", ""))
    columns = ("Stage", "Families", "Change in a month", "Median days, of those that left it in three months")
    return Part("Families at each stage", columns, rows, (4, 2, 2, 3))


def _change(stage: Stage) -> str:
    """How many more or fewer than a month ago; nothing where that would tell of a small number then."""
    before = stage.count - stage.change
    is_told = stage.stage != programme.UNDECIDED and (before == 0 or before >= FEWEST_SHOWN)
    return f"{stage.change:+d}" if is_told else ""


def _median(days: int | None, families: int | None) -> Cell:
    if families == 0:
        return "none left it"
    return NOT_SHOWN if days is None else days


def _referrals(weeks: Sequence[tuple[dt.date, int]]) -> Part:
    counts = [number for _, number in weeks]
    parts = (("before", counts[:-WEEKS]), ("last", counts[-WEEKS:]))
    sums = {name: sum(numbers) for name, numbers in parts}
    shown = {name: number if number == 0 or number >= FEWEST_SHOWN else None for name, number in sums.items()}
    rows = [(f"The {WEEKS} weeks before", _told(shown["before"])), (f"The last {WEEKS} weeks", _told(shown["last"]))]
    return Part("Referrals received", ("When", "Referrals"), rows, (4, 7))


def _strands(them: Sequence[StrandCount]) -> Part:
    rows = [(each.label, _told(each.met), _told(each.not_met), _told(each.unknown)) for each in them]
    columns = ("Strand", "Met", "Not met", "Not known")
    return Part("Strands of families that meet the criteria", columns, rows, (4, 2, 2, 3), "No family is published.")


def _outcomes(heading: str, first: str, them: Sequence[StrandOutcomes]) -> Part:
    steps = programme.STEP_LABELS
    rows = [(found.label, *(_told(getattr(found, name)) for name in steps)) for found in them]
    return Part(heading, (first, *steps.values()), rows, (2, *(1 for _ in steps)), "No need was scored yet.")


def _coverage(lines: Sequence[CoverageLine], as_of: dt.date) -> Part:
    rows = [(source_label(each.source), each.covers_from, each.covers_to, each.sentence) for each in lines]
    return Part(f"Covered at {as_of:%d %b %Y}", ("Source", "From", "To", "In words"), rows, (2, 1, 1, 4))


def _meanings(stages: Sequence[Stage]) -> Part:
    rows = [*((stage.label, stage.means) for stage in stages), ("Outcomes", programme.MEANT)]
    return Part("What the words mean", ("What", "What it means"), rows, (2, 4))


def _splits(found: Outcomes) -> list[Part]:
    return [
        Part(
            f"{split.strand}, {split.by}",
            (split.by, *programme.STEP_LABELS.values()),
            _outcomes("", "", split.values).rows,
            (2, *(1 for _ in programme.STEP_LABELS)),
        )
        for split in found.splits
    ]
