"""One file on its way in: uploaded, checked, then loaded, and nobody need wait for it.

The work is done by a thread of the server that belongs to no session, and the reading by the process with limits that
reads every delivery (sources/apart.py): it takes neither memory nor turns from whoever else uses the server. Where the
job stands lies in the home, in a file that says nothing of what the file holds, not even its name, and is found again
after a reload, on another page or after a restart. A lock that goes with the server's process, however that ends,
tells work that goes on from work that was stopped.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Protocol

from sqlalchemy import Engine

from families import mappings
from families.casebook.access import require_loads
from families.casebook.views import Reader
from families.errors import Refused, UserError
from families.home import Home, write_atomically
from families.loading import load_file
from families.sources import store
from families.sources.layouts import Mapping
from families.sources.receipts import Receipt, from_json

FOLDER, LOCK, STATE = "load", "lock", "job.json"
FILE, ASKED, CHECKED, REFUSAL = "file", "asked.json", "checked.json", "refusal.txt"  # of one job, in its own folder
LONGEST_NAME = 100
PIECE = 1 << 20
KEPT = dt.timedelta(days=1)  # a file that nobody loads by then is personal data that nobody needs
AN_INSTANT = 0.3  # seconds
ANSWERS_WITHIN = 2.0  # seconds that whoever clicks is kept waiting: most files are done by then
BUSY = "A file is being checked or loaded just now, and one is taken at a time: wait until that has ended."
ANOTHER = "The file is another than the one that was checked: check it first."


class Doing(StrEnum):
    """What is done with the file."""

    CHECK = "check"
    LOAD = "load"


class Stands(StrEnum):
    """How far that is."""

    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    STOPPED = "stopped"  # its server ended before it did


class Upload(Protocol):
    """A file as a browser sent it: its name, and its bytes to read."""

    name: str

    def seek(self, at: int, /) -> int:
        """Go to a byte."""
        ...

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        ...


@dataclass(frozen=True)
class Job:
    """The file of this home that was uploaded last, and where it stands."""

    job_id: str
    by: str
    at: dt.datetime  # when this was begun
    doing: Doing
    stands: Stands
    file: str
    size: int | None  # in bytes; nothing where it is here no more
    checked: Receipt | None
    loaded: Receipt | None
    refusal: str


@dataclass(frozen=True)
class _Kept:
    """A job as it is kept."""

    job_id: str
    by: str
    role: str
    at: str
    doing: Doing
    ended: Stands | None = None


# -- what people see -----------------------------------------------------------------------------------------------


def look(home: Home, by: Reader, *, at: dt.datetime) -> Job | None:
    """The job of this home; nothing where there is none, or what it loaded was taken back since."""
    require_loads(by)
    sweep(home, at=at)
    kept = _read(home)
    if kept is None:
        return None
    stands = kept.ended or (Stands.RUNNING if _is_claimed(home) else Stands.STOPPED)
    if stands is Stands.STOPPED and _read(home) != kept:  # it ended, or went on to the next step, just now
        return look(home, by, at=at)
    return _told(home, kept, stands)


def _told(home: Home, kept: _Kept, stands: Stands) -> Job | None:
    folder = home.path / FOLDER / kept.job_id
    checked, file = _receipt(folder / CHECKED), _file(folder)
    loaded = _receipt(_place(home, checked)) if checked and kept.doing is Doing.LOAD else None
    if stands is not Stands.RUNNING and loaded:  # what went wrong, went wrong once the delivery was whole
        stands = Stands.DONE
    if stands is Stands.DONE and kept.doing is Doing.LOAD and not loaded:
        return None
    return Job(
        job_id=kept.job_id,
        by=kept.by,
        at=dt.datetime.fromisoformat(kept.at),
        doing=kept.doing,
        stands=stands,
        file=file.name if file else checked.file if checked else "",
        size=_size(file) if file else None,
        checked=checked,
        loaded=loaded if stands is Stands.DONE else None,
        refusal=_text(folder / REFUSAL) if stands is Stands.REFUSED else "",
    )


def _place(home: Home, receipt: Receipt) -> Path:
    """Where the receipt lies once the file counts: a trial has the delivery's id already."""
    return home.path / store.DELIVERIES / receipt.delivery / "receipt.json"


# -- what people do ------------------------------------------------------------------------------------------------


def begin_check(
    home: Home,
    engine: Engine,
    by: Reader,
    job_id: str,
    *,
    upload: Upload | None,
    source: str | None,
    mapping: Mapping | None,
    received_on: dt.date,
    at: dt.datetime,
    wait: float | None = None,
) -> None:
    """Begin to find out what would become of a file: of an upload, or else of the one that is here already.

    `job_id` is of the form that was sent: sent a second time, it begins nothing. `wait` is for how many seconds whoever
    asks is kept waiting.
    """
    require_loads(by)
    if (there := _read(home)) and there.job_id == job_id:
        return
    with ExitStack() as claim:
        claim.enter_context(_only_one(home))
        folder = home.path / FOLDER / job_id
        _stage(home, folder, upload)
        asked = {"source": source, "mapping": mapping.model_dump() if mapping else None}
        write_atomically(folder / ASKED, json.dumps(asked).encode())
        kept = _Kept(job_id, by.staff_id, by.role, at.isoformat(), Doing.CHECK)
        _keep(home, kept)
        _clear(home, but=folder)

        def check() -> None:
            receipt = _loaded(home, engine, by, folder, received_on, dry_run=True)
            write_atomically(folder / CHECKED, receipt.as_json().encode())

        _begin(home, kept, check, claim.pop_all(), wait=wait)


def begin_load(
    home: Home,
    engine: Engine,
    by: Reader,
    job_id: str,
    *,
    received_on: dt.date,
    at: dt.datetime,
    wait: float | None = None,
) -> None:
    """Begin to load the file that was checked, as it was checked; asked a second time, it begins nothing."""
    require_loads(by)
    job = look(home, by, at=at)
    if job is None or job.job_id != job_id or job.checked is None:
        raise Refused(ANOTHER)
    if job.doing is Doing.LOAD and job.stands in (Stands.RUNNING, Stands.DONE):
        return
    with ExitStack() as claim:
        claim.enter_context(_only_one(home))
        folder = home.path / FOLDER / job_id
        if _file(folder) is None:  # by now somebody else has begun with another, or has loaded this one
            raise Refused(ANOTHER)
        kept = _Kept(job_id, by.staff_id, by.role, at.isoformat(), Doing.LOAD)
        _keep(home, kept)

        def load() -> None:
            _loaded(home, engine, by, folder, received_on, dry_run=False)
            if mapping := _asked(folder)[1]:
                mappings.keep(home, mapping)
            shutil.rmtree(folder / FILE)  # the delivery has it

        _begin(home, kept, load, claim.pop_all(), wait=wait)


def let_go(home: Home, by: Reader, job_id: str) -> None:
    """Delete a file that is not to be loaded, and what was found out about it."""
    require_loads(by)
    _let_go(home, job_id)


def sweep(home: Home, *, at: dt.datetime) -> None:
    """Delete a file that nobody loaded in time; whoever looks does so, and each refresh."""
    kept = _read(home)
    if kept is not None and at - dt.datetime.fromisoformat(kept.at) > KEPT:
        with suppress(Refused):  # it is being worked on
            _let_go(home, kept.job_id)


def _let_go(home: Home, job_id: str) -> None:
    with _only_one(home):
        if (kept := _read(home)) and kept.job_id == job_id:
            (home.path / FOLDER / STATE).unlink()
            _clear(home)


# -- the work ------------------------------------------------------------------------------------------------------


def _begin(home: Home, kept: _Kept, act: Callable[[], None], claim: ExitStack, *, wait: float | None) -> None:
    """Do it in a thread that holds the lock until it is done; where the server ends, it ends as well."""
    thread = threading.Thread(target=_do, args=(home, kept, act, claim), daemon=True)
    thread.start()
    thread.join(ANSWERS_WITHIN if wait is None else wait)


def _do(home: Home, kept: _Kept, act: Callable[[], None], claim: ExitStack) -> None:
    with claim:
        try:
            act()
        except UserError as refusal:
            _refuse(home, kept, str(refusal))
        except Exception as error:  # a fault of ours must not show what the file holds
            _refuse(
                home, kept, f"It could not be read, by a fault of this software ({type(error).__name__}): report it."
            )
        else:
            _keep(home, replace(kept, ended=Stands.DONE))


def _refuse(home: Home, kept: _Kept, sentence: str) -> None:
    write_atomically(home.path / FOLDER / kept.job_id / REFUSAL, sentence.encode())
    _keep(home, replace(kept, ended=Stands.REFUSED))


def _loaded(home: Home, engine: Engine, by: Reader, folder: Path, received_on: dt.date, *, dry_run: bool) -> Receipt:
    file = _file(folder)
    if file is None:
        raise Refused("The file is not here any more: upload it again.")
    source, mapping = _asked(folder)
    return load_file(home, engine, by, file, source=source, mapping=mapping, received_on=received_on, dry_run=dry_run)


# -- what lies in the home -----------------------------------------------------------------------------------------


@contextmanager
def _only_one(home: Home) -> Iterator[None]:
    (home.path / FOLDER).mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home.path / FOLDER / LOCK).open("a") as lock:
        if not _taken(lock):
            raise Refused(BUSY)
        yield


def _taken(lock: IO[str]) -> bool:
    """Whether the lock could be had: who looks at it, or has just ended, has it for an instant."""
    until = time.monotonic() + AN_INSTANT
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(AN_INSTANT / 10)
        else:
            return True


def _is_claimed(home: Home) -> bool:
    """Whether the work goes on, in this server or in another."""
    try:
        with (home.path / FOLDER / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _stage(home: Home, folder: Path, upload: Upload | None) -> None:
    """Put the upload into the job's folder in pieces, under its own name; without one, the file of the job before."""
    try:
        (folder / FILE).mkdir(parents=True, mode=0o700)
        if upload is not None:
            upload.seek(0)
            with (folder / FILE / (Path(upload.name).name[-LONGEST_NAME:] or "file.csv")).open("wb") as file:
                shutil.copyfileobj(upload, file, PIECE)
            return
        before = _read(home)
        there = _file(home.path / FOLDER / before.job_id) if before else None
        if there is None:
            raise Refused("Upload a file first.")
        there.rename(folder / FILE / there.name)
    except (OSError, Refused) as fault:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(fault, OSError):
            raise Refused(f"The file could not be stored ({fault.strerror or 'unknown fault'}): try again.") from None
        raise


def _file(folder: Path) -> Path | None:
    return next((folder / FILE).glob("*"), None)


def _size(file: Path) -> int | None:
    with suppress(FileNotFoundError):  # it is loaded just now, and deleted
        return file.stat().st_size
    return None


def _asked(folder: Path) -> tuple[str | None, Mapping | None]:
    told = json.loads(_text(folder / ASKED))
    return told["source"], Mapping(**told["mapping"]) if told["mapping"] else None


def _keep(home: Home, kept: _Kept) -> None:
    write_atomically(home.path / FOLDER / STATE, json.dumps(asdict(kept)).encode())


def _read(home: Home) -> _Kept | None:
    text = _text(home.path / FOLDER / STATE)
    if not text:
        return None
    told: dict[str, Any] = json.loads(text)
    ended = Stands(told["ended"]) if told["ended"] else None
    return _Kept(**told | {"doing": Doing(told["doing"]), "ended": ended})


def _clear(home: Home, *, but: Path | None = None) -> None:
    """Delete the files of other jobs, and what a killed server had begun to store."""
    for left in (home.path / FOLDER).iterdir():
        if left.is_dir() and left != but:
            shutil.rmtree(left, ignore_errors=True)


def _receipt(path: Path) -> Receipt | None:
    text = _text(path)
    return from_json(text) if text else None


def _text(path: Path) -> str:
    """What a file says; blank where there is none, as somebody may just have deleted it."""
    with suppress(FileNotFoundError):
        return path.read_text("utf-8")
    return ""
