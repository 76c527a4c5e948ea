"""Reads delimited text strictly: every field a text, every row either whole or set aside with the reason.

The structure is checked on the bytes themselves before polars splits them, so that a stray quote, a NUL byte or a row
of another length never changes what another row says. Knows nothing of what the columns mean.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from families.errors import Refused

Bytes = NDArray[np.uint8]

DELIMITERS = (",", ";", "\t", "|")
LONGEST_FIELD = 32_767  # characters, as in a workbook's cell
MOST_COLUMNS = 2_000
HEAD_BYTES = 1 << 18
HEAD_ROWS = 30
BLOCK_BYTES = 48 << 20
NEWLINE, RETURN, NUL = 10, 13, 0
UNDEFINED_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"
RAGGED = "ragged"
REASONS = {
    "quotes": "The row has a quotation mark that is never closed or stands in the wrong place, so its fields cannot be "
    "told apart: correct the row at its source.",
    "bytes": "The row holds a NUL byte or bytes that are not in the file's encoding: correct the row at its source.",
    "line_break": "The row holds a carriage return that does not end a line, so it may be two rows: correct it.",
}


@dataclass(frozen=True)
class BadRow:
    """A row set aside: its number, the rule it broke, the reason, and its text."""

    row: int
    rule: str
    reason: str
    text: str


@dataclass(frozen=True)
class Rows:
    """Data rows of one block: column 0 is `row`, then one text column a field; and the rows set aside."""

    frame: pl.DataFrame
    bad: list[BadRow]
    count: int


@dataclass(frozen=True)
class Dialect:
    """How a file's fields are told apart."""

    delimiter: str
    columns: int  # fields in a row
    surplus: int = 0  # empty fields every row ends with beyond the header
    quote: str = '"'


@dataclass(frozen=True)
class Text:
    """A file's text as UTF-8 bytes, and the encoding it came in."""

    utf8: Bytes
    encoding: str


def read_text(path: Path, *, name: str) -> Text:
    """A file's text; bytes that are no text become NUL. Plain files are mapped, not copied."""
    data: Bytes = np.memmap(path, dtype=np.uint8, mode="r").view(np.ndarray)
    encoding = _encoding(data, name)
    if encoding == "utf-8" and all((piece < 128).all() for piece in _pieces(data)):
        text = data
    else:
        decoded, encoding = _decoded(data, encoding, name)
        text = np.frombuffer(decoded.encode("utf-8"), dtype=np.uint8)
    if (text[:HEAD_BYTES] == RETURN).any() and not any((piece == NEWLINE).any() for piece in _pieces(text)):
        text = np.where(text == RETURN, np.uint8(NEWLINE), text)  # lines as an old Macintosh ends them
    return Text(text, encoding)


def _pieces(text: Bytes) -> Iterator[Bytes]:
    for start in range(0, text.size, BLOCK_BYTES):
        yield text[start : start + BLOCK_BYTES]


def _encoding(data: Bytes, name: str) -> str:
    start = data[:4].tobytes()
    for mark, encoding in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if start.startswith(mark):
            return encoding
    sample = data[:HEAD_BYTES]
    even, odd = (sample[0::2] == NUL).mean(), (sample[1::2] == NUL).mean() if sample.size > 1 else 0.0
    if odd > 0.4 and even < 0.1:
        return "utf-16-le"
    if even > 0.4 and odd < 0.1:
        return "utf-16-be"
    if (sample == NUL).mean() > 0.1:
        raise Refused(f"{name} is not text (it is full of NUL bytes): export the data as CSV and load that.")
    return "utf-8"


def _decoded(data: Bytes, encoding: str, name: str) -> tuple[str, str]:
    """The text, and the encoding that it turned out to be in."""
    raw = data.tobytes()
    try:
        return raw.decode(encoding), encoding
    except UnicodeDecodeError:
        if encoding.startswith(("utf-16", "utf-32")):
            raise Refused(
                f"{name} is damaged or cut short: its {encoding.upper()} text breaks off; ask for it again."
            ) from None
    raw = raw.removeprefix(codecs.BOM_UTF8)
    if encoding == "utf-8-sig" or _has_utf8_beyond_ascii(raw):
        return raw.decode("utf-8", errors="replace").replace("�", "\x00"), encoding
    raw = raw.translate(bytes.maketrans(UNDEFINED_IN_CP1252, b"\x00" * len(UNDEFINED_IN_CP1252)))
    return raw.decode("cp1252"), "cp1252"


def _has_utf8_beyond_ascii(raw: bytes) -> bool:
    """Whether some line is good UTF-8 beyond ASCII, so that the bad ones are the exception and not the encoding."""
    for line in raw.split(b"\n"):
        if not line.isascii():
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                continue
            return True
    return False


def _unix_lines(text: Bytes) -> Bytes:
    if not (text == RETURN).any():
        return text
    return np.frombuffer(text.tobytes().replace(b"\r\n", b"\n"), dtype=np.uint8)


@dataclass(frozen=True)
class HeadRow:
    """One of a file's first rows: its fields, the byte at which the next row starts, and how it stands in the file."""

    fields: list[str]
    ends: int
    raw: bytes


def first_rows(text: Bytes, delimiter: str, quote: str = '"') -> list[HeadRow]:
    """The first rows split by a delimiter; blank lines left out."""
    head = text[:HEAD_BYTES].tobytes()
    if text.size > HEAD_BYTES and (cut := head.rfind(b"\n")) > 0:
        head = head[: cut + 1]
    splitter = _Splitter.of(delimiter, quote)
    found: list[HeadRow] = []
    at = 0
    while at < len(head) and len(found) < HEAD_ROWS:
        end, fields = splitter.record(head, at, allow_stray=True)
        if any(field.strip() for field in fields or []):
            found.append(HeadRow(fields or [], end, head[at:end]))
        at = end
    return found


def uses_apostrophes(rows: list[HeadRow]) -> bool:
    """Whether first rows quote their fields with apostrophes: some heading is wrapped in them, and none in quotation
    marks."""
    cells = [field.strip() for field in rows[0].fields] if rows else []
    wrapped = any(len(cell) > 2 and cell[0] == cell[-1] == "'" for cell in cells)
    return wrapped and not any(b'"' in row.raw for row in rows[:1])


@dataclass(frozen=True)
class _Splitter:
    """Splits one record at a time.

    A field is quoted only where a quotation mark is its first character. Elsewhere a quotation mark is stray: it may
    be a plain character (6" nails) or the trace of a lost delimiter, so it is only let stand in files that quote
    nothing.
    """

    quote: bytes
    quoted: re.Pattern[bytes]
    plain: re.Pattern[bytes]

    @classmethod
    def of(cls, delimiter: str, quote: str) -> _Splitter:
        """A splitter of a dialect."""
        mark, wrap = re.escape(delimiter.encode()), re.escape(quote.encode())
        return cls(
            quote.encode(),
            re.compile(
                wrap + rb"((?:[^" + wrap + rb"]++|" + wrap * 2 + rb")*+)" + wrap + rb"(?=" + mark + rb"|\r?\n|\r?\Z)"
            ),
            re.compile(rb"[^\n" + mark + rb"]*"),
        )

    def record(self, raw: bytes, at: int, *, allow_stray: bool) -> tuple[int, list[str] | None]:
        """The record that starts at a byte: where the next starts, and its fields; None where its quotes are wrong."""
        fields: list[str] = []
        is_stray = False
        while True:
            if raw[at : at + 1] == self.quote:
                match = self.quoted.match(raw, at)
                if match is None:
                    return _next_line(raw, at), None
                text = match[1].replace(self.quote * 2, self.quote)
            else:
                match = self.plain.match(raw, at)
                text = match[0] if match else b""
                is_stray |= self.quote in text
            fields.append(text.decode("utf-8", errors="replace"))
            at = match.end() if match else at
            if raw[at : at + 2] == b"\r\n":
                at += 1
            if at >= len(raw) or raw[at] == NEWLINE:
                fields[-1] = fields[-1].removesuffix("\r")
                return at + 1, (None if is_stray and not allow_stray else fields)
            at += 1


def _next_line(raw: bytes, at: int) -> int:
    end = raw.find(b"\n", at)
    return len(raw) if end < 0 else end + 1


def blocks(text: Bytes, start: int) -> Iterator[Bytes]:
    """The text from a byte on in pieces that end at line ends; for files whose fields never hold a line break."""
    while start < text.size:
        stop = min(start + BLOCK_BYTES, text.size)
        if stop < text.size:
            line_ends = np.flatnonzero(text[start:stop] == NEWLINE)
            stop = start + int(line_ends[-1]) + 1 if line_ends.size else text.size
        yield text[start:stop]
        start = stop


def read_rows(text: Bytes, dialect: Dialect, *, name: str, first_row: int = 1) -> Rows:
    """Split a piece of text into rows of the dialect's columns, numbered from `first_row`; blank lines do not count."""
    if text.size == 0:
        return Rows(_frame([], [], dialect.columns), [], 0)
    text = _unix_lines(text)
    layout = _Lines.of(text, dialect.delimiter, dialect.quote)
    if layout is None:
        return _read_by_hand(text, dialect, name=name, first_row=first_row)
    wrong = _wrong_rows(text, layout, dialect)
    numbers = np.arange(first_row, first_row + layout.starts.size, dtype=np.int64)
    bad = [
        BadRow(int(numbers[index]), rule, _reason(rule, layout.fields[index], dialect), layout.text(text, index))
        for index, rule in wrong
    ]
    is_good = np.ones(layout.starts.size, dtype=np.bool_)
    is_good[[index for index, _ in wrong]] = False
    good = _joined(text, layout, is_good)
    frame = _split(good, dialect, has_quotes=layout.has_quotes)
    if frame.height != int(is_good.sum()):
        return _read_by_hand(text, dialect, name=name, first_row=first_row)
    frame = frame.insert_column(0, pl.Series("row", numbers[is_good]))
    check_lengths(frame, name)
    return Rows(frame, bad, layout.starts.size)


@dataclass(frozen=True)
class _Lines:
    """Where rows start and end, and how many fields each has."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    fields: NDArray[np.int64]
    has_quotes: bool

    @classmethod
    def of(cls, text: Bytes, delimiter: str, quote: str) -> _Lines | None:
        """The rows of a text, or None where its quotation marks do not follow the rules."""
        is_line_end, is_delimiter = text == NEWLINE, text == ord(delimiter)
        is_quote = text == ord(quote)
        has_quotes = bool(is_quote.any())
        if has_quotes:
            if not _quotes_are_regular(text, is_quote, (NEWLINE, ord(delimiter), ord(quote))):
                return None
            outside = (np.cumsum(is_quote, dtype=np.int32) & 1) == 0
            is_line_end &= outside
            is_delimiter &= outside
        ends = np.flatnonzero(is_line_end)
        if ends.size == 0 or ends[-1] != text.size - 1:
            ends = np.append(ends, text.size)
        starts = np.concatenate([np.zeros(1, dtype=np.int64), ends[:-1] + 1])
        delimiters_before = np.searchsorted(np.flatnonzero(is_delimiter), np.append(starts, text.size))
        fields = np.diff(delimiters_before) + 1
        is_row = _not_blank(text, starts, ends, fields)
        return cls(starts[is_row], ends[is_row], fields[is_row], has_quotes)

    def text(self, text: Bytes, index: int) -> str:
        """A row as received."""
        return text[self.starts[index] : self.ends[index]].tobytes().decode("utf-8", errors="replace")


def _not_blank(
    text: Bytes, starts: NDArray[np.int64], ends: NDArray[np.int64], fields: NDArray[np.int64]
) -> NDArray[np.bool_]:
    is_row = ends > starts
    for index in np.flatnonzero(is_row & (fields == 1)):
        is_row[index] = bool(text[starts[index] : ends[index]].tobytes().strip())
    return is_row


def _quotes_are_regular(text: Bytes, is_quote: NDArray[np.bool_], edges: tuple[int, int, int]) -> bool:
    """Whether every quotation mark opens a field, closes one, or is doubled inside one, and all are closed."""
    places = np.flatnonzero(is_quote)
    if places.size % 2:
        return False
    opening, closing = places[0::2], places[1::2]
    before = np.where(opening == 0, NEWLINE, text[np.maximum(opening - 1, 0)])
    after = np.where(closing == text.size - 1, NEWLINE, text[np.minimum(closing + 1, text.size - 1)])
    return bool(np.isin(before, edges).all() and np.isin(after, edges).all())


def _wrong_rows(text: Bytes, lines: _Lines, dialect: Dialect) -> list[tuple[int, str]]:
    """Rows that cannot be taken, by their place, each with the first rule it breaks."""
    wrong: dict[int, str] = {}
    for byte, rule in ((NUL, "bytes"), (RETURN, "line_break")):
        places = np.flatnonzero(text == byte)
        for index in np.unique(np.searchsorted(lines.starts, places, side="right") - 1):
            wrong.setdefault(int(index), rule)
    for index in np.flatnonzero(lines.fields != dialect.columns + dialect.surplus):
        wrong.setdefault(int(index), RAGGED)
    return sorted(wrong.items())


def _reason(rule: str, fields: int, dialect: Dialect) -> str:
    if rule != RAGGED:
        return REASONS[rule]
    return (
        f"The row has {fields} fields where the header has {dialect.columns}, so its values may have slipped into the "
        "wrong columns, or the file was cut short: correct the row at its source."
    )


def _joined(text: Bytes, lines: _Lines, is_good: NDArray[np.bool_]) -> bytes:
    """The good rows as one text: runs of rows that follow each other are taken in one piece."""
    starts, ends = lines.starts[is_good], lines.ends[is_good]
    if not starts.size:
        return b""
    is_break = starts[1:] != ends[:-1] + 1
    firsts = starts[np.append(True, is_break)]
    lasts = ends[np.append(is_break, True)]
    pieces = [text[start:end].tobytes() for start, end in zip(firsts, lasts, strict=True)]
    return pieces[0] if len(pieces) == 1 else b"\n".join(pieces)


def _split(raw: bytes, dialect: Dialect, *, has_quotes: bool) -> pl.DataFrame:
    names = [f"c{index}" for index in range(dialect.columns + dialect.surplus)]
    if not raw:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String)).select(names[: dialect.columns])
    frame = pl.read_csv(
        BytesIO(raw),
        has_header=False,
        separator=dialect.delimiter,
        quote_char=dialect.quote if has_quotes else None,
        schema=dict.fromkeys(names, pl.String),
        empty_string_is_null=False,
        glob=False,
    )
    return frame.select(names[: dialect.columns])


def _read_by_hand(text: Bytes, dialect: Dialect, *, name: str, first_row: int) -> Rows:
    """Row by row, for a text whose quotation marks are wrong somewhere: reading starts again at the next line."""
    raw = text.tobytes()
    splitter = _Splitter.of(dialect.delimiter, dialect.quote)
    allow_stray = dialect.quote == "'" or not _quotes_some_field(raw, dialect)
    numbers: list[int] = []
    good: list[list[str]] = []
    bad: list[BadRow] = []
    at, row = 0, first_row
    while at < len(raw):
        end, fields = splitter.record(raw, at, allow_stray=allow_stray)
        line = raw[at:end].rstrip(b"\n")
        at = end
        if not line.strip():
            continue
        rule = _rule_broken(line, fields, dialect)
        if rule:
            reason = _reason(rule, len(fields or []), dialect)
            bad.append(BadRow(row, rule, reason, line.decode("utf-8", errors="replace")))
        else:
            numbers.append(row)
            good.append((fields or [])[: dialect.columns])
        row += 1
    frame = _frame(numbers, good, dialect.columns)
    check_lengths(frame, name)
    return Rows(frame, bad, row - first_row)


def _quotes_some_field(raw: bytes, dialect: Dialect) -> bool:
    start = rb"(?:\A|\n|" + re.escape(dialect.delimiter.encode()) + rb") *" + re.escape(dialect.quote.encode())
    return re.search(start, raw) is not None


def _rule_broken(line: bytes, fields: list[str] | None, dialect: Dialect) -> str | None:
    if fields is None:
        return "quotes"
    if b"\x00" in line:
        return "bytes"
    if b"\r" in line:
        return "line_break"
    return RAGGED if len(fields) != dialect.columns + dialect.surplus else None


def _frame(numbers: list[int], rows: list[list[str]], columns: int) -> pl.DataFrame:
    data = {f"c{index}": [row[index] for row in rows] for index in range(columns)}
    schema = {"row": pl.Int64} | dict.fromkeys(data, pl.String)
    return pl.DataFrame({"row": numbers} | data, schema=schema)


def check_lengths(frame: pl.DataFrame, name: str) -> None:
    """Refuse a table with a field that is longer than any value can be."""
    longest = frame.select(pl.exclude("row").str.len_bytes().max())
    for column in longest.columns:
        if (longest[column].item() or 0) > LONGEST_FIELD:
            place = int(column[1:]) + 1
            row = frame.filter(pl.col(column).str.len_bytes() > LONGEST_FIELD)["row"][0]
            raise Refused(
                f"{name} has a field longer than {LONGEST_FIELD:,} bytes (row {row}, column {place}), which no list of "
                "people holds: find out what was exported, correct it and load again."
            )
