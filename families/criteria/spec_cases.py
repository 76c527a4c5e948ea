"""Finds the worked cases that lie beside the tests, and tries them: does the evaluator say what each expects?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from families.criteria.case import Case, read_cases
from families.criteria.trying import Verdict, differences, ruleset_of, told, try_cases

CHECKOUT = Path(__file__).parents[2] / "tests" / "spec"


@dataclass(frozen=True)
class WorkedCase:
    """A case with the ruleset that decides it, and the file it stands in by name and hash."""

    case: Case
    ruleset: str
    file: str
    sha256: str


@dataclass(frozen=True)
class Tried:
    """What came of a case: where it differs from what it expects, and the explanation line by line."""

    differs: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def passes(self) -> bool:
        """Whether everything is as the case expects."""
        return not self.differs


def worked_cases(folder: Path) -> list[WorkedCase]:
    """Every case of a folder's TOML files, those that state a basis first; none where the folder is not installed.

    Raises Refused for a file with mistakes.
    """
    files = sorted(folder.glob("*.toml"))
    state = tuple((file, file.stat().st_mtime_ns, file.stat().st_size) for file in files)
    return list(_read(state))


@lru_cache(maxsize=2)
def _read(state: tuple[tuple[Path, int, int], ...]) -> tuple[WorkedCase, ...]:
    """The files as they stand, read once for each state of them; nobody real is in them."""
    found = [
        WorkedCase(case, ruleset_of(case).rules.id, file.name, digest)
        for file, _, _ in state
        for digest in [hashlib.sha256(file.read_bytes()).hexdigest()]
        for case in read_cases(file)
    ]
    return tuple(sorted(found, key=lambda each: not each.case.basis))


def tried(cases: Sequence[Case]) -> list[Tried]:
    """Cases through the real evaluator, together."""
    return [_compared(case, verdict) for case, verdict in zip(cases, try_cases(cases), strict=True)]


def _compared(case: Case, verdict: Verdict) -> Tried:
    differs = differences(case, verdict)
    return Tried(tuple(differs), tuple(told(case, verdict, differs)))
