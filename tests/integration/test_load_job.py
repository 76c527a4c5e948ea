"""A file is checked and loaded while nobody waits: where the job stands, one at a time, once, and killed half way."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine
from test_loading_acts import ANALYST, ASB, AT, events

from families import load_job, mappings
from families.bench_loading import NAME, absence_extract
from families.casebook.database import open_casebook
from families.casebook.migrations import migrate
from families.casebook.views import Reader
from families.errors import Refused
from families.home import Home
from families.load_job import Doing, Job, Stands
from families.loading import take_back
from families.sources import apart
from families.sources.layouts import Mapping
from families.sources.store import INCOMING, receipts
from families.sources.taking_in import Request, take_in

OTHER = Reader("s-other", "data_analyst", "load deliveries")
PATIENCE = 240.0
ROWS = 50_000
SERVER = """
import datetime as dt, sys, time
from pathlib import Path
from families import load_job
from families.casebook.database import open_casebook
from families.casebook.views import Reader
from families.home import Home
home, by, at = Home(Path(sys.argv[1])), Reader("s-analyst", "data_analyst", "load"), dt.datetime.fromisoformat(sys.argv[3])
load_job.begin_load(home, open_casebook(sys.argv[2]), by, sys.argv[4], received_on=at.date(), at=at, wait=0)
time.sleep(600)
"""


class Sent(io.BytesIO):
    """A file as a browser sends it."""

    def __init__(self, content: bytes = ASB.encode(), name: str = "asb_2013-08.csv") -> None:
        super().__init__(content)
        self.name = name


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in this process, for speed."""
    monkeypatch.setattr(apart.Reader, "take_in", lambda _reader, request: take_in(request))


@pytest.fixture
def at_leisure(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Files are read once somebody says so."""
    go_on = threading.Event()

    def read(_reader: apart.Reader, request: Request) -> load_job.Receipt:
        assert go_on.wait(PATIENCE)
        return take_in(request)

    monkeypatch.setattr(apart.Reader, "take_in", read)
    yield go_on
    go_on.set()


def check(
    home: Home, engine: Engine, job_id: str = "a", *, sent: Sent | None = None, mapping: Mapping | None = None,
    by: Reader = ANALYST, wait: float = PATIENCE,
) -> Job | None:  # fmt: skip
    load_job.begin_check(
        home, engine, by, job_id, upload=sent, source=None, mapping=mapping, received_on=AT.date(), at=AT, wait=wait
    )
    return load_job.look(home, by, at=AT)


def load(home: Home, engine: Engine, job_id: str = "a", *, by: Reader = ANALYST) -> Job | None:
    load_job.begin_load(home, engine, by, job_id, received_on=AT.date(), at=AT, wait=PATIENCE)
    return load_job.look(home, by, at=AT)


def stands(home: Home) -> Stands | None:
    job = load_job.look(home, OTHER, at=AT)
    return job.stands if job else None


def until(is_so: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.usefixtures("read_here")
def test_a_file_is_checked_and_loaded_once_and_the_job_names_nobody(casebook: Engine, home: Home) -> None:
    assert load_job.look(home, ANALYST, at=AT) is None
    assert not home.path.exists(), "looking left something behind"
    mapping = Mapping(source="asb", codes={"measure": {"Yellow letter": "ABC"}})
    job = check(home, casebook, sent=Sent(name="Amy Ash.csv"), mapping=mapping)
    assert job is not None
    assert (job.doing, job.stands, job.file, job.by) == (Doing.CHECK, Stands.DONE, "Amy Ash.csv", "s-analyst")
    assert job.checked is not None
    assert (job.checked.rows_in, job.size) == (2, len(ASB))
    assert (receipts(home.path), events(casebook)) == ([], [])
    check(home, casebook, sent=Sent(b"x"))  # the same form again
    job = load(home, casebook, by=OTHER)
    load(home, casebook, by=OTHER)
    assert job is not None
    assert (job.stands, job.file, job.size, job.by) == (Stands.DONE, "Amy Ash.csv", None, "s-other")
    assert [job.loaded] == receipts(home.path)
    assert events(casebook) == [("load_delivery", "s-other", None)]
    assert mappings.kept(home, "asb")["codes"] == {"measure": {"Yellow letter": "ABC"}}
    kept = (home.path / "load" / "job.json").read_text()
    assert json.loads(kept)["role"] == "data_analyst"
    assert "Ash" not in kept
    assert not list((home.path / "load" / "a" / "file").glob("*"))
    take_back(home, casebook, ANALYST, receipts(home.path)[0].delivery, reason="The wrong month.", at=AT)
    assert load_job.look(home, ANALYST, at=AT) is None


@pytest.mark.usefixtures("read_here")
def test_what_is_refused_is_said_and_the_file_can_be_checked_again_without_a_second_upload(
    sqlite_url: str, home: Home
) -> None:
    engine = open_casebook(sqlite_url)
    with pytest.raises(Refused, match="Upload a file first"):
        check(home, engine)
    job = check(home, engine, sent=Sent(b"A,B\n1,2\n"))
    assert job is not None
    assert (job.stands, job.checked) == (Stands.REFUSED, None)
    assert "asb_2013-08.csv" in job.refusal
    with pytest.raises(Refused, match="check it first"):
        load(home, engine)
    mapping = Mapping(source="adults", columns={"id": "A", "surname": "B"})
    job = check(home, engine, "b", mapping=mapping)
    assert job is not None
    assert (job.stands, job.refusal, job.size) == (Stands.DONE, "", 8)
    assert [path.name for path in (home.path / "load").iterdir() if path.is_dir()] == ["b"]
    with pytest.raises(Refused, match="check it first"):
        load(home, engine)  # the one before
    load_job.let_go(home, ANALYST, "b")
    assert load_job.look(home, ANALYST, at=AT) is None
    assert [path.name for path in (home.path / "load").iterdir()] == ["lock"]


def test_a_fault_of_ours_is_said_without_what_the_file_holds(
    sqlite_url: str, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_reader: apart.Reader, _request: Request) -> None:
        raise KeyError("Canaryson")

    monkeypatch.setattr(apart.Reader, "take_in", fails)
    job = check(home, open_casebook(sqlite_url), sent=Sent())
    assert job is not None
    assert job.stands is Stands.REFUSED
    assert "fault of this software (KeyError)" in job.refusal
    assert "Canaryson" not in job.refusal


def test_one_at_a_time_and_everybody_who_may_sees_where_it_stands(
    sqlite_url: str, home: Home, at_leisure: threading.Event
) -> None:
    engine = open_casebook(sqlite_url)
    job = check(home, engine, sent=Sent(), wait=0)
    assert job is not None
    assert (job.stands, job.file) == (Stands.RUNNING, "asb_2013-08.csv")
    check(home, engine, sent=Sent(), wait=0)  # a second click of the same form
    for refused in (
        lambda: check(home, engine, "b", sent=Sent(), by=OTHER),
        lambda: load_job.let_go(home, OTHER, "a"),
    ):
        with pytest.raises(Refused, match="one is taken at a time"):
            refused()
    seen = load_job.look(home, OTHER, at=AT + 2 * load_job.KEPT)
    assert seen == job
    at_leisure.set()
    until(lambda: stands(home) is not Stands.RUNNING)
    assert stands(home) is Stands.DONE
    assert load_job.look(home, ANALYST, at=AT + load_job.KEPT + dt.timedelta(seconds=1)) is None
    assert not list((home.path / "load").glob("a"))


def test_a_server_killed_half_way_leaves_nothing_and_the_load_is_begun_again(
    sqlite_url: str, tmp_path: Path, home: Home
) -> None:
    engine = open_casebook(sqlite_url)
    migrate(engine)
    job = check(home, engine, sent=Sent(absence_extract(ROWS), NAME))
    assert job is not None
    assert job.checked is not None, job.refusal
    assert job.checked.accepted == ROWS
    arguments = [str(home.path), sqlite_url, AT.isoformat(), "a"]
    server = subprocess.Popen([sys.executable, "-c", SERVER, *arguments], env=os.environ | {"TMPDIR": str(tmp_path)})
    try:
        until(lambda: list((home.path / "deliveries").glob(f"{INCOMING}{server.pid}-*/tables")))
        until(lambda: readers(server.pid))
        (reader,) = readers(server.pid)
        os.kill(reader, signal.SIGSTOP)  # half way, however long the next lines take
        assert NAME.encode() not in Path(f"/proc/{reader}/cmdline").read_bytes()
        seen = load_job.look(home, OTHER, at=AT)
        assert seen is not None
        assert (seen.doing, seen.stands) == (Doing.LOAD, Stands.RUNNING)
    finally:
        server.kill()
        server.wait()
    with suppress(ProcessLookupError):  # it ends with its server, unless it was stopped before it had said so
        os.kill(reader, signal.SIGKILL)
    until(lambda: not runs(reader))
    seen = load_job.look(home, OTHER, at=AT)
    assert seen is not None
    assert (seen.doing, seen.stands, seen.file) == (Doing.LOAD, Stands.STOPPED, NAME)
    assert receipts(home.path) == []
    again = load(home, engine)
    assert again is not None
    assert again.loaded is not None
    assert (again.loaded.rows_in, again.loaded.accepted) == (ROWS, ROWS)
    assert [path.name for path in (home.path / "deliveries").iterdir()] == [again.loaded.delivery]
    assert [action for action, *_ in events(engine)] == ["load_delivery", "load_delivery"]
    killed_after_it_was_whole(home)
    assert load_job.look(home, OTHER, at=AT) == again


def killed_after_it_was_whole(home: Home) -> None:
    """As if the server had been killed between the delivery and the word that it is there."""
    path = home.path / "load" / "job.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"ended": None}))


def readers(server: int) -> list[int]:
    """The processes that a server's threads have started."""
    tasks = Path(f"/proc/{server}/task").glob("*/children")
    return [int(each) for task in tasks for each in task.read_text().split()]


def runs(process: int) -> bool:
    """Whether a process is there, and is no remains of one."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
