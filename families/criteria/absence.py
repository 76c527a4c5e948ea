"""Sessions per child, school and half term, from wide marks and from the counts that returns state.

Sums over enrolments, never an average of percentages. What a code counts as depends on the date
(data/reference/attendance_codes.csv). Rates are never computed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from families.reference import REFERENCE
from families.tables.run import Absence, AbsenceCodes

TERM = ["person_id", "school", "academic_year", "term"]
HALF_TERM = [*TERM, "half"]
TOTALS = ["possible", "authorised", "unauthorised"]
EVIDENCE = ["source", "delivery", "row"]
ERAS = ("pre_2024-08-19", "covid", "from_2024-08-19")
COVID_YEARS = ("2020/21", "2021/22")  # X was a possible session and not an absence
FIRST_YEAR_OF_2024_CODES = "2024/25"
ROWS_AT_ONCE = 16_384  # strings whose bytes stay in the processor's cache


def roll_up(marks: pl.DataFrame, counts: pl.DataFrame, *, newest_first: list[str]) -> pl.DataFrame:
    """The Absence table.

    `marks` and `counts` are the Marks and AttendanceCounts tables with `person_id` and `source` added;
    `newest_first` lists delivery ids by the date received. Where several sources speak of a child's term at
    a school, the one that accounts for most sessions is used, and marks where they are equal.
    """
    both = pl.concat(
        [
            sessions_from_marks(latest_marks(marks, newest_first=newest_first)),
            sessions_from_counts(counts, newest_first=newest_first),
        ]
    )
    several = both.select(pl.col("source").n_unique().over(TERM) > 1).to_series()
    if not several.any():
        return both.sort(HALF_TERM)
    fullest = (
        both.filter(several)
        .group_by([*TERM, "source"])
        .agg(pl.col("possible").sum())
        .sort(
            [*TERM, "possible", pl.col("source") == "session_marks", "source"],
            descending=[False] * len(TERM) + [True, True, False],
        )
        .unique(TERM, keep="first", maintain_order=True)
    )
    chosen = both.filter(several).join(fullest, on=[*TERM, "source"], how="semi", nulls_equal=True)
    return pl.concat([both.filter(~several), chosen]).sort(HALF_TERM)


def latest_marks(marks: pl.DataFrame, *, newest_first: list[str]) -> pl.DataFrame:
    """One mark string per child, school and half term: a later delivery's mark wins, session by session."""
    several = marks.select(pl.struct(HALF_TERM).is_duplicated()).to_series()
    if not several.any():
        return marks
    overlapping = marks.filter(several).sort([*HALF_TERM, _rank(newest_first), "row", "marks"])
    merged = [_laid_over(rows) for _, rows in overlapping.group_by(HALF_TERM, maintain_order=True)]
    return pl.concat([marks.filter(~several), *merged])


def _rank(newest_first: list[str]) -> pl.Expr:
    places = {delivery: place for place, delivery in enumerate(newest_first)}
    return pl.col("delivery").replace_strict(places, default=len(places), return_dtype=pl.Int64)


def _laid_over(rows: pl.DataFrame) -> pl.DataFrame:
    """One row for strings of the same half term, the newest on top; spaces let older marks through."""
    start = rows["first_monday"].to_list()
    first = min(start)
    padded = [" " * ((monday - first).days // 7 * 10) + text for monday, text in zip(start, rows["marks"], strict=True)]
    length = max(map(len, padded))
    layers = np.array([list(text.ljust(length)) for text in padded])
    top = layers[(layers != " ").argmax(axis=0), np.arange(length)]
    return rows.head(1).with_columns(pl.lit(first).alias("first_monday"), pl.lit("".join(top)).alias("marks"))


def sessions_from_marks(marks: pl.DataFrame) -> pl.DataFrame:
    """Absence rows from wide marks."""
    parts = [rows.select(*HALF_TERM, *_totals(rows["marks"], era), *EVIDENCE) for era, rows in _by_era(marks)]
    return pl.concat(parts) if parts else Absence.create_empty()


def _by_era(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """The rows of each era of codes; nothing is copied where all are of one."""
    years = rows.select(pl.col("academic_year").unique()).with_columns(_era(pl.col("academic_year")).alias("era"))
    present = [era for era in ERAS if era in years["era"]]
    for era in present:
        of_era = years.filter(pl.col("era") == era)["academic_year"]
        yield era, rows if len(present) == 1 else rows.filter(pl.col("academic_year").is_in(of_era.implode()))


def _era(year: pl.Expr) -> pl.Expr:
    return (
        pl.when(year >= FIRST_YEAR_OF_2024_CODES)
        .then(pl.lit(ERAS[2]))
        .when(year.is_in(COVID_YEARS))
        .then(pl.lit(ERAS[1]))
        .otherwise(pl.lit(ERAS[0]))
    )


def _totals(marks: pl.Series, era: str) -> list[pl.Series]:
    """The three totals of each string: one look-up a school day gives them packed in an integer, summed by row."""
    codes = codes_of(era)
    packed = np.zeros(256, dtype=np.uint32)
    packed[codes["byte"].to_numpy()] = (
        codes["counts_possible"].to_numpy().astype(np.uint32)
        + codes["counts_authorised_absence"].to_numpy().astype(np.uint32) * 256
        + codes["counts_unauthorised"].to_numpy().astype(np.uint32) * 65536
    )
    sums = np.empty(len(marks), dtype=np.uint32)

    by_day = (packed[:, None] + packed[None, :]).ravel()  # morning and afternoon in one look-up

    def add_up(data: NDArray[np.uint8], starts: NDArray[np.int64], rows: slice) -> None:
        if len(data) % 2 or (starts % 2).any():
            np.add.reduceat(packed[data], starts, out=sums[rows])
        else:
            np.add.reduceat(by_day[data.view(np.uint16)], starts // 2, out=sums[rows])

    over_bytes(marks, add_up)
    values = [(sums >> shift & 255).astype(np.int32) for shift in (0, 8, 16)]
    return [pl.Series(name, value) for name, value in zip(TOTALS, values, strict=True)]


def over_bytes(marks: pl.Series, work: Callable[[NDArray[np.uint8], NDArray[np.int64], slice], None]) -> None:
    """Call `work(bytes, start of each string in them, rows)` on slices of a column, on two threads.

    Strings are ASCII and never empty. numpy lets go of the interpreter's lock while it works.
    """
    text = marks.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets_buffer, bytes_buffer = text.buffers()
    if not len(text):
        return
    offsets = np.frombuffer(offsets_buffer, dtype=np.int64)[text.offset : text.offset + len(text) + 1]
    data = np.frombuffer(bytes_buffer, dtype=np.uint8)

    def one(start: int) -> None:
        stop = min(start + ROWS_AT_ONCE, len(text))
        first, last = offsets[start], offsets[stop]
        work(data[first:last], offsets[start:stop] - first, slice(start, stop))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(0, len(text), ROWS_AT_ONCE)))


def codes_from_marks(marks: pl.DataFrame) -> pl.DataFrame:
    """The AbsenceCodes rows of wide marks: only absences are looked at, about 7% of sessions."""
    parts = []
    for era, rows in _by_era(marks):
        codes = codes_of(era).filter(pl.col("is_absence") == 1)
        is_absence = np.zeros(256, dtype=np.uint8)
        is_absence[codes["byte"].to_numpy()] = 1
        cells: dict[int, NDArray[np.int64]] = {}

        def find(data: NDArray[np.uint8], starts: NDArray[np.int64], at: slice) -> None:
            flags = is_absence[data]  # noqa: B023 (used up before the loop goes on)
            per_row = np.add.reduceat(flags, starts, dtype=np.uint8)
            row = np.repeat(np.arange(at.start, at.stop, dtype=np.int64), per_row)
            cells[at.start] = (row << 8) + data[np.flatnonzero(flags)].astype(np.int64)  # noqa: B023

        over_bytes(rows["marks"], find)
        if not cells:
            continue
        found, sessions = np.unique(np.concatenate([cells[start] for start in sorted(cells)]), return_counts=True)
        parts.append(
            rows.select(HALF_TERM)[found // 256]
            .with_columns(
                pl.Series("byte", (found % 256).astype(np.uint8)), pl.Series("sessions", sessions.astype(np.int32))
            )
            .join(codes.select("byte", "code"), on="byte")
            .select(*HALF_TERM, "code", "sessions")
        )
    return pl.concat(parts).sort([*HALF_TERM, "code"]) if parts else AbsenceCodes.create_empty()


@cache
def codes_of(era: str) -> pl.DataFrame:
    """The attendance codes of an era: what each counts as, and the byte it is stored as in a mark string."""
    listed = pl.read_csv(REFERENCE / "attendance_codes.csv")
    characters = pl.read_csv(REFERENCE / "mark_characters.csv", schema_overrides={"character": pl.String})
    own = listed.filter(pl.col("era").str.starts_with(era))
    general = listed.filter(pl.col("era") == ERAS[0]) if era == ERAS[1] else own
    flags = ("counts_possible", "counts_authorised_absence", "counts_unauthorised")
    return (
        pl.concat([own, general])
        .unique("code", keep="first", maintain_order=True)
        .join(characters, on="code", how="left", maintain_order="left")
        .with_columns(pl.col("character").fill_null(pl.col("code")), pl.col(flags).cast(pl.UInt8))
        .filter(pl.col("character").str.len_bytes() == 1)
        .with_columns(
            pl.col("character").map_elements(ord, return_dtype=pl.Int64).cast(pl.UInt8).alias("byte"),
            (pl.col("counts_authorised_absence") + pl.col("counts_unauthorised")).alias("is_absence"),
        )
    )


def sessions_from_counts(counts: pl.DataFrame, *, newest_first: list[str]) -> pl.DataFrame:
    """Absence rows from termly counts, as DfE computes them.

    Authorised and unauthorised are the larger of the stated total and the sum of the codes. A period whose
    possible sessions are missing or zero, or fewer than its absences, is left out, and so stays unknown
    (DfE, pupil absence statistics methodology). Of several deliveries of one period the newest stands.
    """
    if counts.height == 0:
        return Absence.create_empty()
    rows = newest_counts(counts, newest_first=newest_first).join(_codes_of_all_eras(), on=["era", "code"], how="left")
    sessions, code = pl.col("sessions"), pl.col("code")
    has_present = pl.when(code.is_in(["/", "\\"]).any()).then(1)
    coded_possible = sessions.filter(pl.col("counts_possible") == 1).sum() * has_present
    return (
        rows.group_by([*HALF_TERM, "source"])
        .agg(
            pl.coalesce(sessions.filter(code == "possible").max(), coded_possible).alias("possible"),
            *(
                pl.max_horizontal(sessions.filter(code == total).max(), sessions.filter(pl.col(flag) == 1).sum()).alias(
                    total
                )
                for total, flag in (
                    ("authorised", "counts_authorised_absence"),
                    ("unauthorised", "counts_unauthorised"),
                )
            ),
            pl.col("delivery").sort_by("row").first(),
            pl.col("row").min(),
        )
        .filter(pl.col("possible") > 0, pl.col("authorised") + pl.col("unauthorised") <= pl.col("possible"))
        .select(*HALF_TERM, *(pl.col(total).cast(pl.Int32) for total in TOTALS), *EVIDENCE)
    )


def newest_counts(counts: pl.DataFrame, *, newest_first: list[str]) -> pl.DataFrame:
    """Of each child's half term at a school, the rows of each source's newest delivery, with their era."""
    rank = _rank(newest_first)
    return counts.filter(rank == rank.min().over([*HALF_TERM, "source"])).with_columns(
        _era(pl.col("academic_year")).alias("era")
    )


def codes_from_counts(counts: pl.DataFrame, *, newest_first: list[str]) -> pl.DataFrame:
    """The AbsenceCodes rows of termly counts, with their source: several may speak of one half term."""
    if counts.height == 0:
        return AbsenceCodes.create_empty().with_columns(pl.lit("").alias("source"))
    rows = newest_counts(counts, newest_first=newest_first).join(_codes_of_all_eras(), on=["era", "code"])
    absences = rows.filter(pl.col("is_absence") == 1, pl.col("sessions") > 0)
    return (
        absences.group_by([*HALF_TERM, "code", "source"])
        .agg(pl.col("sessions").sum())
        .select(*HALF_TERM, "code", "sessions", "source")
        .sort([*HALF_TERM, "code", "source"])
    )


def _codes_of_all_eras() -> pl.DataFrame:
    flags = ["code", "counts_possible", "counts_authorised_absence", "counts_unauthorised", "is_absence"]
    return pl.concat([codes_of(era).select(pl.lit(era).alias("era"), *flags) for era in ERAS])
