"""Opens what was delivered: says what kind of file it is by its first bytes, and unpacks one zipped or gzipped member.

Knows nothing of what the file is about. A file whose name promises another kind than it holds is refused.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from families.errors import Refused

MIB = 1 << 20
LARGEST_FILE = 8 << 30
LARGEST_MEMBER = 4 << 30
LARGEST_WORKBOOK = 512 * MIB
HIGHEST_RATIO = 200  # plain text rarely packs better than 40 to 1, a bomb better than 1,000 to 1
RATIO_MATTERS_FROM = 16 * MIB
MOST_MEMBERS = 1_000
TEXT_SUFFIXES = ("", ".csv", ".txt", ".tsv", ".tab", ".psv", ".dat")
SUFFIXES = {"text": TEXT_SUFFIXES, "xml": (".xml",), "workbook": (".xlsx", ".xlsm"), "parquet": (".parquet", ".pq")}
PACKED_SUFFIXES = {"zip": (".zip",), "gzip": (".gz", ".gzip")}
READABLE = sorted(
    {suffix for suffixes in (*SUFFIXES.values(), *PACKED_SUFFIXES.values()) for suffix in suffixes} - {""}
)
KIND_WORDS = {"text": "plain text", "xml": "XML", "workbook": "an Excel workbook", "parquet": "Parquet"}
MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"II*\x00", "an image"),
    (b"MM\x00*", "an image"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file (save it as .xlsx or .csv)"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"SQLite format 3", "a database"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"{\\rtf", "a word-processor document"),
)


@dataclass(frozen=True)
class Opened:
    """A readable file: its name as delivered, its kind, and where its bytes now lie."""

    name: str
    kind: str  # text, xml, workbook or parquet
    path: Path
    sha256: str  # of the unpacked bytes

    def head(self, size: int) -> bytes:
        """The first bytes."""
        with self.path.open("rb") as file:
            return file.read(size)

    def read(self) -> bytes:
        """All bytes."""
        return self.path.read_bytes()


def hash_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Refused(f"{path.name} cannot be read: {error.strerror or 'unknown fault'}.") from None


def open_file(path: Path, *, work: Path) -> Opened:
    """Find out what a file is and unpack it into `work` where it is packed; Refused where it cannot be read."""
    with _as_sentence(path.name):
        size = path.stat().st_size
        if size == 0:
            raise Refused(f"{path.name} is empty (0 bytes): ask the sender for it again.")
        if size > LARGEST_FILE:
            raise Refused(f"{path.name} is larger than {LARGEST_FILE >> 30} GiB: deliver it in parts.")
        packed = _packing(path)
        if packed is None:
            return _checked(path, name=path.name, suffix=path.suffix)
        _require_suffix(path.name, path.suffix, packed, PACKED_SUFFIXES[packed])
        member = _unpacked_zip(path, work) if packed == "zip" else _unpacked_gzip(path, work)
        if _packing(member[1]) is not None:
            raise Refused(f"{path.name} holds another archive: unpack it and load the file itself.")
        return _checked(member[1], name=path.name, suffix=Path(member[0]).suffix)


@contextmanager
def damage_as_sentence(sentence: str) -> Iterator[None]:
    """Whatever a reading library raises on a damaged file, polars' panics too, becomes the sentence."""
    try:
        yield
    except Refused:
        raise
    except BaseException as error:
        if isinstance(error, MemoryError) or not (
            isinstance(error, Exception) or type(error).__name__ == "PanicException"
        ):
            raise
        raise Refused(sentence) from None


@contextmanager
def _as_sentence(name: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise Refused(f"{name} is a damaged, cut short or locked archive: ask the sender for it again.") from None
    except OSError as error:
        raise Refused(f"{name} cannot be read: {error.strerror or 'the archive is damaged'}.") from None


def _packing(path: Path) -> str | None:
    """Zip or gzip, or None; a workbook is a zip but not an archive."""
    with path.open("rb") as file:
        start = file.read(4)
    if start[:2] == b"\x1f\x8b":
        return "gzip"
    if start[:2] == b"PK":
        return None if _is_workbook(path) else "zip"
    return None


def _is_workbook(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names)


def _checked(path: Path, *, name: str, suffix: str) -> Opened:
    kind = _kind(path, name)
    _require_suffix(name, suffix, kind, SUFFIXES[kind])
    if kind == "workbook":
        _check_members(name, path, limit=LARGEST_WORKBOOK)
    return Opened(name, kind, path, hash_of(path))


def _kind(path: Path, name: str) -> str:
    with path.open("rb") as file:
        start = file.read(4096)
    if not start:
        raise Refused(f"{name} is empty: ask the sender for it again.")
    if start[:4] == b"PAR1":
        return "parquet"
    if start[:2] == b"PK":
        return "workbook"
    for magic, words in MAGIC:
        if start.startswith(magic):
            raise Refused(f"{name} is {words}, not a table of rows: export the data as CSV and load that.")
    return _kind_of_text(start, name)


def _kind_of_text(start: bytes, name: str) -> str:
    text = start.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or (
        text.startswith(b"<") and b"<html" in text
    ):
        raise Refused(f"{name} is a web page, perhaps a sign-in or error page: download the data again.")
    if text.startswith((b"<?xml", b"<!", b"<")):
        return "xml"
    if text.startswith((b'{"', b"[{", b"{\n", b"{\r")):
        raise Refused(f"{name} is JSON, which is not read here: export the data as CSV and load that.")
    return "text"


def _require_suffix(name: str, suffix: str, kind: str, allowed: tuple[str, ...]) -> None:
    if suffix.lower() in allowed:
        return
    words = KIND_WORDS.get(kind, f"a {kind} archive")
    known = any(suffix.lower() in suffixes for suffixes in (*SUFFIXES.values(), *PACKED_SUFFIXES.values()))
    if not known:
        raise Refused(
            f"{name} is of a kind that is not read here (files may end in {', '.join(READABLE)}): "
            "export the data as CSV and load that."
        )
    raise Refused(
        f"{name} ends in {suffix.lower() or 'nothing'} but holds {words}: find out what was really sent, "
        f"then name it {allowed[-1] if kind == 'gzip' else next(s for s in allowed if s)} or export it again."
    )


def _check_members(name: str, path: Path, *, limit: int) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MOST_MEMBERS:
        raise Refused(f"{name} holds more than {MOST_MEMBERS} files: unpack it and load the files themselves.")
    total = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    _check_size(name, total, packed, limit=limit)
    return members


def _check_size(name: str, unpacked: int, packed: int, *, limit: int) -> None:
    if unpacked > limit:
        raise Refused(f"{name} would unpack to more than {limit // MIB} MiB and was not opened.")
    if unpacked > RATIO_MATTERS_FROM and unpacked > HIGHEST_RATIO * max(packed, 1):
        raise Refused(
            f"{name} would unpack to more than {HIGHEST_RATIO} times its size, as a zip bomb does; it was not opened."
        )


def _unpacked_zip(path: Path, work: Path) -> tuple[str, Path]:
    members = _check_members(path.name, path, limit=LARGEST_MEMBER)
    wanted = [
        member
        for member in members
        if not member.filename.startswith("__MACOSX/") and not Path(member.filename).name.startswith(".")
    ]
    if len(wanted) != 1:
        what = "no file" if not wanted else f"{len(wanted)} files"
        raise Refused(f"{path.name} holds {what}, and one is expected: unpack it and load the files themselves.")
    if wanted[0].flag_bits & 1:
        raise Refused(f"{path.name} is locked with a password: unlock it and load the file inside.")
    with zipfile.ZipFile(path) as archive, archive.open(wanted[0]) as packed:
        return wanted[0].filename, _copied(path, packed, work)


def _unpacked_gzip(path: Path, work: Path) -> tuple[str, Path]:
    with gzip.open(path) as packed:
        name = path.stem if path.suffix.lower() in PACKED_SUFFIXES["gzip"] else path.name
        return name, _copied(path, packed, work)


def _copied(path: Path, packed: IO[bytes] | gzip.GzipFile, work: Path) -> Path:
    """Unpack piece by piece, and stop as soon as a cap is passed whatever the archive says of itself."""
    target = work / "unpacked"
    done, size = 0, path.stat().st_size
    with target.open("wb") as out:
        while piece := packed.read(4 * MIB):
            done += len(piece)
            _check_size(path.name, done, size, limit=LARGEST_MEMBER)
            out.write(piece)
    return target


def keep_copy(path: Path, folder: Path, number: int) -> Path:
    """Copy a file as received under a name of our own making."""
    target = folder / f"{number:03d}{path.suffix.lower()[:8] if path.suffix[1:].isalnum() else ''}"
    shutil.copyfile(path, target)
    return target
