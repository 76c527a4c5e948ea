"""Reads session marks, one row a mark, into one string a pupil, school and half term; tens of millions at a time.

The file is read in blocks; a mark becomes three numbers (pupil and school, session, code), and each half term is laid
out as a grid of bytes, one row a pupil and school. Only sessions marked twice are looked at one by one.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from families.dates import SESSIONS_A_WEEK, academic_year, reporting_half_terms
from families.errors import Refused
from families.reference import REFERENCE
from families.sources import delimited
from families.sources import identifiers as ids
from families.sources.date_formats import parse_dates
from families.sources.layouts import Layout, Mapping, fit, layouts, with_codes
from families.sources.opening import Opened, damage_as_sentence
from families.sources.reading import REJECTED_SCHEMA, bad_rows
from families.sources.recognise import Recognised
from families.sources.shaping import Delivery, Read, conform
from families.sources.values import WHY
from families.sources.written import how_written

SOURCE = "session_marks"
NO_MARK = "-"  # registers show it where no mark was made
SPACE = 32
SESSIONS = {"AM": 0, "PM": 1, "1": 0, "2": 1, "MORNING": 0, "AFTERNOON": 1, "AM SESSION": 0, "PM SESSION": 1}
FIRST_DAY, LAST_DAY = dt.date(1990, 8, 1), dt.date(2050, 7, 31)
EPOCH = dt.date(1970, 1, 1)
CLOCK = r"[ T](\d{1,2}):(\d{2})(?::(\d{2}))?"
HIERARCHY = ("present", "approved_educational_activity", "authorised_absence", "unauthorised_absence")
PARQUET_ROWS = 2_000_000
MOST_REJECTED_KEPT = 5_000_000
RULES = {
    "upn": "The UPN is blank or not one, so nobody can be found for the mark: fill it in at its source.",
    "school": "The school is blank or not a 7-digit number: correct it at its source.",
    "date": "The date is blank, impossible or outside 1990 to 2050: correct it at its source.",
    "session": "The session is neither AM nor PM: correct it at its source.",
    "weekend": "The date is a Saturday or Sunday, on which there is no session: correct it at its source.",
    "code": "The mark is not an attendance code (data/reference/attendance_codes.csv): correct it, or map the local "
    "code to a national one before export.",
}


@dataclass
class _Gathered:
    """Marks so far, as numbers; texts are kept once."""

    upns: dict[str, int] = field(default_factory=dict)
    schools: dict[str, int] = field(default_factory=dict)
    pupil: list[NDArray[np.uint32]] = field(default_factory=list)
    school: list[NDArray[np.uint16]] = field(default_factory=list)
    session: list[NDArray[np.int32]] = field(default_factory=list)  # days from 1970, times two, one more for PM
    code: list[NDArray[np.uint8]] = field(default_factory=list)
    row: list[NDArray[np.uint32]] = field(default_factory=list)
    received: list[NDArray[np.int64]] = field(default_factory=list)  # seconds from 1970, -1 where not stated
    rejected: list[pl.DataFrame] = field(default_factory=list)
    rows: int = 0


def read_marks(opened: Opened, recognised: Recognised | None, delivery: Delivery, mapping: Mapping | None) -> Read:
    """The tables of a file of session marks; `recognised` is given for text, not for Parquet."""
    gathered = _Gathered()
    layout = layouts()[SOURCE]
    frames = _from_parquet(opened, layout, mapping) if recognised is None else _from_text(recognised, gathered, mapping)
    formats = mapping.formats if mapping else {}
    told = None
    for frame in frames:
        if recognised is not None and told is None:  # the first block tells enough
            told = how_written(recognised, frame, formats=formats)
        _add(gathered, frame, formats=formats)
    return replace(_read(gathered, delivery), written=told)


def _from_parquet(opened: Opened, layout: Layout, mapping: Mapping | None) -> Iterator[pl.DataFrame]:
    sentence = f"{opened.name} is a damaged or cut short Parquet file: ask the sender for it again."
    with damage_as_sentence(sentence):
        file = pq.ParquetFile(opened.path)
        names = list(file.schema_arrow.names)
        found = fit(layout, names, mapping)
    if found.missing:
        raise Refused(
            f"{opened.name} lacks {', '.join(found.missing)}, which {SOURCE} needs (only session marks are read from "
            "Parquet): add the columns, or map them with --mapping."
        )
    first = 1
    with damage_as_sentence(sentence):
        batches = file.iter_batches(batch_size=PARQUET_ROWS, columns=[names[place] for place in found.places.values()])
    while True:
        with damage_as_sentence(sentence):
            batch = next(batches, None)
            if batch is None:
                return
            batch.validate(full=True)
            frame = _as_texts(batch, {column: names[place] for column, place in found.places.items()})
        numbers = pl.int_range(first, first + frame.height, dtype=pl.Int64, eager=True).alias("row")
        first += frame.height
        yield _complete(frame.insert_column(0, numbers), layout, mapping)


def _as_texts(batch: pa.RecordBatch, names: dict[str, str]) -> pl.DataFrame:
    frame = pl.DataFrame(pl.from_arrow(batch))
    return frame.select(pl.col(name).cast(pl.String).alias(column) for column, name in names.items())


def _from_text(recognised: Recognised, gathered: _Gathered, mapping: Mapping | None) -> Iterator[pl.DataFrame]:
    if recognised.text is None:
        raise Refused(f"{recognised.opened.name} is a workbook; session marks are read from CSV or Parquet: export so.")
    first = 1
    for block in delimited.blocks(recognised.text, recognised.header.data_starts):
        rows = delimited.read_rows(block, recognised.dialect, name=recognised.opened.name, first_row=first)
        first += rows.count
        gathered.rejected.append(bad_rows(rows.bad))
        gathered.rows += len(rows.bad)
        places = {column: f"c{place}" for column, place in recognised.found.places.items()}
        frame = rows.frame.select("row", *(pl.col(name).alias(column) for column, name in places.items()))
        yield _complete(frame, recognised.layout, mapping)


def _complete(frame: pl.DataFrame, layout: Layout, mapping: Mapping | None) -> pl.DataFrame:
    """Every column of the layout: from the file, else the mapping's constant, else blank; its codes read as mapped."""
    constants = mapping.constants if mapping else {}
    absent = [
        pl.lit(constants.get(name), dtype=pl.String).alias(name) for name in layout.columns if name not in frame.columns
    ]
    return with_codes(frame.with_columns(absent).select("row", *layout.columns), mapping)


@cache
def _characters() -> tuple[dict[str, int], dict[int, int]]:
    """The byte of each code (sub-codes as their parent's) and each byte's place in the published hierarchy."""
    listed = pl.read_csv((REFERENCE / "attendance_codes.csv").read_bytes(), infer_schema=False)
    own = pl.read_csv((REFERENCE / "mark_characters.csv").read_bytes(), infer_schema=False)
    single = dict(own.select("code", "character").rows())
    codes: dict[str, int] = {}
    rank: dict[int, int] = {SPACE: len(HIERARCHY) + 1}
    for code, category in listed.select("code", "statistical_category").rows():
        character = single.get(code, code if len(code) == 1 else code[0])
        if code == "+":
            continue  # an authority's own mapping; not to be guessed
        codes[code] = SPACE if code == NO_MARK else ord(character)
        place = HIERARCHY.index(category) if category in HIERARCHY else len(HIERARCHY)
        rank[codes[code]] = min(place, rank.get(codes[code], place))
    rank[SPACE] = len(HIERARCHY) + 1
    return codes, rank


def _add(gathered: _Gathered, frame: pl.DataFrame, *, formats: dict[str, str]) -> None:
    """One block: texts become numbers by their distinct values; rows that cannot be are set aside."""
    gathered.rows += frame.height
    pupil = _numbered(frame["upn"], gathered.upns, _upn)
    school = _numbered(frame["school"], gathered.schools, ids.laestab)
    days = _by_value(frame["date"], lambda texts: _days(texts, formats.get("date")), pl.Int32)
    half = _by_value(frame["session"], _session, pl.Int32)
    codes = _by_value(frame["mark"], _code, pl.Int32)
    is_weekend = (days + 3) % 7 >= 5
    wrong = pl.DataFrame(
        {
            "upn": pupil.is_null(),
            "school": school.is_null(),
            "date": days.is_null(),
            "session": half.is_null(),
            "weekend": is_weekend.fill_null(False),
            "code": codes.is_null(),
        }
    )
    is_wrong = wrong.select(pl.any_horizontal(pl.all())).to_series()
    if is_wrong.any():
        gathered.rejected.append(_set_aside(frame, wrong, is_wrong))
        _check_count(gathered)
    good = ~is_wrong
    gathered.pupil.append(pupil.filter(good).to_numpy().astype(np.uint32))
    gathered.school.append(school.filter(good).to_numpy().astype(np.uint16))
    gathered.session.append((days.filter(good) * 2 + half.filter(good)).to_numpy().astype(np.int32))
    gathered.code.append(codes.filter(good).to_numpy().astype(np.uint8))
    gathered.row.append(frame["row"].filter(good).to_numpy().astype(np.uint32))
    received = _by_value(frame["received"], lambda texts: _seconds(texts, formats.get("received")), pl.Int64)
    gathered.received.append(received.filter(good).fill_null(-1).to_numpy())


def _seconds(texts: pl.Series, form: str | None) -> pl.Series:
    """Days and times of receipt as seconds from 1970; a day without a time counts as its start."""
    days = parse_dates(texts, form=form).cast(pl.Int64)
    time = texts.alias("text").to_frame().select(pl.col("text").str.extract_groups(CLOCK).alias("time")).unnest("time")
    hours, minutes, seconds = (time.to_series(place).cast(pl.Int64, strict=False).fill_null(0) for place in range(3))
    return days * 86_400 + hours * 3600 + minutes * 60 + seconds


def _check_count(gathered: _Gathered) -> None:
    if sum(part.height for part in gathered.rejected) > MOST_REJECTED_KEPT:
        raise Refused(
            f"More than {MOST_REJECTED_KEPT:,} rows of the marks file cannot be read: see that its columns are what "
            "their headings say, and load it again."
        )


def _by_value(texts: pl.Series, convert: object, kind: type[pl.DataType]) -> pl.Series:
    """A column converted through its distinct values."""
    coded = texts.cast(pl.Categorical)
    distinct = coded.unique()
    values = convert(distinct.cast(pl.String))  # type: ignore[operator]
    lookup = pl.DataFrame({"code": distinct.to_physical(), "value": values.cast(kind)}).drop_nulls("code")
    size = int(lookup["code"].max() or 0) + 1  # type: ignore[arg-type]
    table = np.full(size, -1, dtype=np.int64)
    known = lookup.drop_nulls("value")
    table[known["code"].to_numpy()] = known["value"].to_numpy()
    codes = coded.to_physical()
    found = pl.Series(table[codes.fill_null(0).to_numpy()]) if len(coded) else pl.Series([], dtype=pl.Int64)
    frame = pl.DataFrame({"value": found, "is_blank": codes.is_null()})
    return frame.select(
        pl.when((pl.col("value") >= 0) & ~pl.col("is_blank")).then(pl.col("value").cast(kind))
    ).to_series()


def _numbered(texts: pl.Series, known: dict[str, int], normalise: object) -> pl.Series:
    """A number for each distinct normalised text, the same in every block."""

    def convert(distinct: pl.Series) -> pl.Series:
        names = distinct.alias("text").to_frame().select(normalise(pl.col("text"))).to_series()  # type: ignore[operator]
        return pl.Series(
            [None if name is None else known.setdefault(name, len(known)) for name in names], dtype=pl.Int64
        )

    return _by_value(texts, convert, pl.Int64)


def _upn(text: pl.Expr) -> pl.Expr:
    normal = ids.upn(text)
    return pl.when(ids.is_upn_formed(normal)).then(normal)


def _days(texts: pl.Series, form: str | None) -> pl.Series:
    days = parse_dates(texts, form=form)
    return pl.select(pl.when(days.is_between(FIRST_DAY, LAST_DAY)).then(days)).to_series().cast(pl.Int32)


def _session(texts: pl.Series) -> pl.Series:
    return texts.str.strip_chars().str.to_uppercase().replace_strict(SESSIONS, default=None, return_dtype=pl.Int32)


def _code(texts: pl.Series) -> pl.Series:
    codes, _ = _characters()
    bare = texts.str.strip_chars().str.to_uppercase()
    return bare.replace_strict(codes, default=None, return_dtype=pl.Int32)


def _set_aside(frame: pl.DataFrame, wrong: pl.DataFrame, is_wrong: pl.Series) -> pl.DataFrame:
    rows = frame.filter(is_wrong)
    which = wrong.filter(is_wrong)
    rule = which.select(pl.coalesce(pl.when(pl.col(name)).then(pl.lit(name)) for name in RULES)).to_series()
    return pl.DataFrame(
        {
            "row": rows["row"],
            "rule": rule,
            "reason": rule.replace_strict(RULES, return_dtype=pl.String),
            "part": pl.Series([""]).new_from_index(0, rows.height),
            "raw": [json.dumps(row, ensure_ascii=False) for row in rows.drop("row").to_dicts()],
        },
        schema=REJECTED_SCHEMA | {"row": pl.Int64},
    ).select(list(REJECTED_SCHEMA))


def _read(gathered: _Gathered, delivery: Delivery) -> Read:
    rejected = pl.concat([pl.DataFrame(schema=REJECTED_SCHEMA), *gathered.rejected]).sort("row")
    pupil, school, session, code, row, received = _joined(gathered)
    keep, duplicate, superseded = _one_a_session(pupil, school, session, code, row, received)
    if keep is not None:
        pupil, school, session, code, row = pupil[keep], school[keep], session[keep], code[keep], row[keep]
    upns, schools = list(gathered.upns), list(gathered.schools)
    first_row = np.full(len(upns), np.iinfo(np.uint32).max, dtype=np.uint32)
    np.minimum.at(first_row, pupil, row)
    wide = [_half_term(part, pupil, school, session, code) for part in _half_terms(session)]
    marks = pl.concat([_NO_STRINGS, *wide])
    people = _people(upns, first_row)
    tables = {
        "marks": _with_texts(marks, people, schools),
        "persons": people.filter(pl.col("row").is_not_null()).with_columns(pl.lit("pupil").alias("role")),
        "coverage": _coverage(school, session, row, schools),
    }
    return Read(
        tables={name: conform(name, table, delivery=delivery) for name, table in tables.items()},
        rows_in=gathered.rows,
        duplicate=duplicate,
        superseded=superseded,
        rejected=rejected,
        flags=_flags(people, pupil, code),
    )


_NO_STRINGS = pl.DataFrame(
    schema={
        "pupil": pl.Int64,
        "school_number": pl.Int64,
        "academic_year": pl.String,
        "term": pl.String,
        "half": pl.Int32,
        "first_monday": pl.Date,
        "marks": pl.String,
    }
)


def _joined(gathered: _Gathered) -> tuple[NDArray[Any], ...]:
    """Each list of pieces as one array; the pieces are let go as they are joined."""
    joined = []
    kinds = {"pupil": np.uint32, "school": np.uint16, "session": np.int32, "code": np.uint8, "row": np.uint32,
             "received": np.int64}  # fmt: skip
    for name, kind in kinds.items():
        pieces = getattr(gathered, name)
        joined.append(np.concatenate(pieces) if pieces else np.empty(0, dtype=kind))
        pieces.clear()
    return tuple(joined)


def _one_a_session(
    pupil: NDArray[Any],
    school: NDArray[Any],
    session: NDArray[Any],
    code: NDArray[Any],
    row: NDArray[Any],
    received: NDArray[Any],
) -> tuple[NDArray[np.bool_] | None, int, int]:
    """Which marks stand where a session is marked twice, how many repeat another, and how many are superseded.

    The later received stands; where that does not settle it, the published hierarchy (present, approved activity,
    authorised, unauthorised, not counted), then the earlier row.
    """
    if not pupil.size:
        return None, 0, 0
    low = int(session.min())
    span = int(session.max()) - low + 1
    place = (pupil.astype(np.int64) * (int(school.max()) + 1) + school) * span + (session.astype(np.int64) - low)
    again = _met_again(place)
    if not again.size:
        return None, 0, 0
    _, rank = _characters()
    ranks = np.full(256, len(HIERARCHY) + 1, dtype=np.int16)
    for byte, value in rank.items():
        ranks[byte] = value
    several = (
        pl.DataFrame(
            {
                "at": again,
                "place": place[again],
                "code": code[again],
                "row": row[again],
                "received": received[again],
                "rank": ranks[code[again]],
            }
        )
        .sort("place", "received", "rank", "row", descending=[False, True, False, False])
        .with_columns(
            (pl.int_range(pl.len()).over("place") == 0).alias("stands"),
            (pl.int_range(pl.len()).over("place", "code") > 0).alias("repeats"),
        )
    )
    losers = several.filter(~pl.col("stands"))
    keep = np.ones(pupil.size, dtype=np.bool_)
    keep[losers["at"].to_numpy()] = False
    duplicate = int(losers["repeats"].sum())
    return keep, duplicate, losers.height - duplicate


def _met_again(place: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places in an array of all values that occur more than once."""
    order = np.sort(place)
    twice = order[1:][order[1:] == order[:-1]]
    if not twice.size:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(np.isin(place, np.unique(twice)))


@dataclass(frozen=True)
class _HalfTerm:
    academic_year: str
    term: str
    half: int
    first: int  # sessions from 1970, first and last inclusive
    last: int


def _half_terms(session: NDArray[Any]) -> list[_HalfTerm]:
    """The half terms in which there are marks."""
    if not session.size:
        return []
    first = EPOCH + dt.timedelta(days=int(session.min()) // 2)
    last = EPOCH + dt.timedelta(days=int(session.max()) // 2)
    return [
        _HalfTerm(academic_year(window.last_day), term, half, _number(window.first_day), _number(window.last_day) + 1)
        for start in range(first.year - 1, last.year + 1)
        for term, half, window in reporting_half_terms(start)
        if window.first_day <= last and window.last_day >= first
    ]


def _number(day: dt.date) -> int:
    return (day - EPOCH).days * 2


def _half_term(
    part: _HalfTerm,
    pupil: NDArray[Any],
    school: NDArray[Any],
    session: NDArray[Any],
    code: NDArray[Any],
) -> pl.DataFrame:
    """The strings of one half term: a grid of spaces with each mark in its place."""
    inside = np.flatnonzero((session >= part.first) & (session <= part.last))
    if not inside.size:
        return _NO_STRINGS
    schools = int(school.max()) + 1
    pair = pupil[inside].astype(np.int64) * schools + school[inside]
    pairs, line = np.unique(pair, return_inverse=True)
    days = session[inside] // 2
    monday = int(days.min()) - (int(days.min()) + 3) % 7
    week, weekday = np.divmod(days - monday, 7)
    slot = week * SESSIONS_A_WEEK + weekday * 2 + session[inside] % 2
    weeks = int(week.max()) + 1
    grid = np.full((pairs.size, weeks * SESSIONS_A_WEEK), SPACE, dtype=np.uint8)
    grid[line, slot] = code[inside]
    return pl.DataFrame(
        {
            "pupil": pairs // schools,
            "school_number": pairs % schools,
            "academic_year": [part.academic_year] * pairs.size,
            "term": [part.term] * pairs.size,
            "half": pl.Series([part.half], dtype=pl.Int32).new_from_index(0, pairs.size),
            "first_monday": pl.Series([EPOCH + dt.timedelta(days=monday)]).new_from_index(0, pairs.size),
            "marks": _strings(grid),
        },
        schema=_NO_STRINGS.schema,
    )


def _strings(grid: NDArray[np.uint8]) -> pl.Series:
    """Each row of a grid of bytes as one text."""
    rows, width = grid.shape
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int64)
    array = pa.LargeStringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(grid)))
    return pl.Series(pl.from_arrow(array))


def _people(upns: list[str], first_row: NDArray[np.uint32]) -> pl.DataFrame:
    """Each pupil of the file at the row of their first mark."""
    unseen = np.iinfo(np.uint32).max
    frame = pl.DataFrame(
        {
            "pupil": pl.Series(range(len(upns)), dtype=pl.Int64),
            "upn": pl.Series(upns, dtype=pl.String),
            "first": first_row,
        }
    )
    return frame.select(
        "pupil", "upn", pl.when(pl.col("first") != unseen).then(pl.col("first").cast(pl.Int64)).alias("row")
    )


def _with_texts(marks: pl.DataFrame, people: pl.DataFrame, schools: list[str]) -> pl.DataFrame:
    names = pl.DataFrame(
        {"school_number": pl.Series(range(len(schools)), dtype=pl.Int64), "school": pl.Series(schools, dtype=pl.String)}
    )
    return (
        marks.join(people.select("pupil", "row"), on="pupil")
        .join(names, on="school_number")
        .sort("row", "school", "first_monday", "half")
    )


def _coverage(school: NDArray[Any], session: NDArray[Any], row: NDArray[Any], schools: list[str]) -> pl.DataFrame:
    """Per school, from the first to the last marked day."""
    schema = {"row": pl.Int64, "source": pl.String, "school": pl.String, "covers_from": pl.Date, "covers_to": pl.Date,
              "basis": pl.String}  # fmt: skip
    rows = []
    for number, name in enumerate(schools):
        at = np.flatnonzero(school == number)
        if at.size:
            days = session[at] // 2
            first, last = (EPOCH + dt.timedelta(days=int(day)) for day in (days.min(), days.max()))
            rows.append((int(row[at].min()), SOURCE, name, first, last, "inferred"))
    return pl.DataFrame(rows, schema=schema, orient="row").sort("row")


def _flags(people: pl.DataFrame, pupil: NDArray[Any], code: NDArray[Any]) -> pl.DataFrame:
    """One doubt a pupil, not one a mark."""
    seen = people.drop_nulls("row")
    valid = seen.select(ids.is_valid_upn(pl.col("upn"))).to_series()
    unmarked = np.unique(pupil[np.flatnonzero(code == SPACE)])
    parts = [
        (seen.filter(~valid), "upn", "upn_check", WHY["upn_check"]),
        (seen.filter(ids.is_temporary_upn(pl.col("upn"))), "upn", "upn_temporary", WHY["upn_temporary"]),
        (
            seen.filter(pl.col("pupil").is_in(pl.Series(unmarked, dtype=pl.Int64).implode())),
            "mark",
            "no_mark",
            "Some sessions have `-`, no mark recorded; they are not counted until a mark is delivered.",
        ),
    ]
    return pl.concat(
        frame.select("row", pl.lit(name).alias("field"), pl.lit(rule).alias("rule"), pl.lit(reason).alias("reason"))
        for frame, name, rule, reason in parts
    ).sort("row", "rule")
