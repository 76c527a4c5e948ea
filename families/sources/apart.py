"""Reads deliveries in a process of its own, with caps on memory, time and file size: what is uploaded may be hostile.

One such process serves a whole load. Where it dies or takes too long, the file gets a sentence and the next file a new
process. Requests and answers are lines of JSON; nothing is unpickled.
"""

from __future__ import annotations

import contextlib
import ctypes
import datetime as dt
import json
import os
import resource
import selectors
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from families.errors import Refused
from families.sources.receipts import Receipt, from_json

MEMORY = 14 << 30  # of address space: about twice what the largest term of marks of a county fills
LARGEST_WRITE = 8 << 30
OPEN_FILES = 512
SECONDS = 300  # for any file, and
SECONDS_A_MIB = 2  # more for each MiB of it
PR_SET_PDEATHSIG = 1


class Reader:
    """A process that reads deliveries, one at a time; started when first needed."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Reader:
        """Use in a `with`, so that the process is stopped."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the process."""
        self.stop()

    def take_in(self, request: Any) -> Receipt:
        """As `taking_in.take_in`, but in the process."""
        size = sum(path.stat().st_size for path in request.paths if path.is_file())
        answer = self._asked(_as_json(request), seconds=SECONDS + SECONDS_A_MIB * size / (1 << 20))
        if answer is None:
            raise Refused(
                f"{request.name} could not be read within the memory and time a file may take (it is damaged, hostile "
                "or far too large): nothing was changed; check what was sent, or deliver it in parts."
            )
        if "refused" in answer:
            raise Refused(str(answer["refused"]))
        if "failed" in answer:
            raise Refused(
                f"{request.name} could not be read, by a fault of this software ({answer['failed']}): nothing was "
                "changed; report it."
            )
        return from_json(answer["receipt"])

    def _asked(self, line: str, *, seconds: float) -> dict[str, Any] | None:
        """The answer to a request; None where the process died or was too slow, and then it is gone."""
        process = self._started()
        if process.stdin is None or process.stdout is None:
            return None
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            with selectors.DefaultSelector() as waiting:
                waiting.register(process.stdout, selectors.EVENT_READ)
                answer = process.stdout.readline() if waiting.select(timeout=seconds) else ""
        except BrokenPipeError:
            answer = ""
        if not answer.endswith("\n"):
            self.stop()
            return None
        return dict(json.loads(answer))

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            command = [sys.executable, "-m", "families.sources.apart"]
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(  # noqa: S603 (our own module, no words of a user)
                command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, encoding="utf-8"
            )
        return self._process

    def stop(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        with contextlib.suppress(BrokenPipeError):
            process.communicate()


def _as_json(request: Any) -> str:
    plain = asdict(request) | {
        "paths": [str(path.resolve()) for path in request.paths],
        "received_on": request.received_on.isoformat(),
        "folder": str(request.folder.resolve()) if request.folder else None,
        "mapping": request.mapping.model_dump() if request.mapping else None,
    }
    return json.dumps(plain)


def _from_json(line: str) -> Any:
    from families.sources.layouts import Mapping
    from families.sources.taking_in import Request

    raw = json.loads(line)
    return Request(
        paths=tuple(Path(path) for path in raw["paths"]),
        name=raw["name"],
        sha256=raw["sha256"],
        source=raw["source"],
        mapping=Mapping(**raw["mapping"]) if raw["mapping"] else None,
        received_on=dt.date.fromisoformat(raw["received_on"]),
        folder=Path(raw["folder"]) if raw["folder"] else None,
        is_careful=raw["is_careful"],
        befores=raw["befores"],
    )


def _limit() -> None:
    """Cap this process, and end it when the one that started it ends."""
    for what, most in (
        (resource.RLIMIT_DATA, MEMORY),
        (resource.RLIMIT_FSIZE, LARGEST_WRITE),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (soft, soft if what == resource.RLIMIT_CORE else hard))
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _serve() -> None:
    """Answer each request in turn until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints does not reach the answers
    _limit()
    from families.sources.taking_in import take_in

    for line in sys.stdin:
        try:
            answer = {"receipt": take_in(_from_json(line)).as_json()}
        except Refused as refusal:
            answer = {"refused": str(refusal)}
        except MemoryError:
            break
        except (KeyboardInterrupt, SystemExit):
            break
        except BaseException as error:  # polars may panic; a fault of ours must not show what the file holds
            answer = {"failed": type(error).__name__}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
