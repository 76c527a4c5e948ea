"""How long the shipped rulesets take over a run, beside the same criteria in pandas, and the memory they need.

One process measures memory, with nothing else in it; another takes the times of both engines in turn.
"""

from __future__ import annotations

import datetime as dt
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from families.criteria.evaluate import Evaluation, evaluate
from families.criteria.facts import Facts
from families.criteria.rulebook import load_ruleset, shipped
from families.facts_of_run import facts_of_run
from families.home import Home

TRIES = 3
MEMORY, TIMES = "memory", "times"
NO_PANDAS = "pandas is not installed, so nothing stands beside the rules: `uv sync` installs it for development"
OUTCOMES = ["family_id", "strand", "outcome"]


@dataclass(frozen=True)
class OfRuleset:
    """What one ruleset took: medians in seconds, or the peak memory of the process, its facts included."""

    ruleset: str
    criteria: int = 0
    findings: int = 0
    seconds: float = 0
    pandas_seconds: float | None = None
    outcomes_that_differ: int | None = None
    peak_gib: float = 0


def rules_lines(home: Path, *, tell: Callable[[str], None]) -> list[str]:
    """The rulesets over the published run of a home, as lines of Markdown."""
    tell("the rules: memory")
    peaks = {each.ruleset: each.peak_gib for each in _in_a_process(home, MEMORY)}
    tell("the rules: times")
    times = [replace(each, peak_gib=peaks[each.ruleset]) for each in _in_a_process(home, TIMES)]
    return [
        f"The rules over the run, facts gathered; medians of {TRIES} runs afresh, taken in turn in one process. Ours "
        "makes findings with evidence, strands and eligibility with reasons; pandas (`families/rules_in_pandas.py`) "
        "the outcomes of the same criteria, strands and routes alone.",
        "",
        "| ruleset | criteria | findings | seconds | pandas, seconds | times as fast | peak memory, GiB |",
        "|---|---|---|---|---|---|---|",
        *(_line(each) for each in [*times, _together(times)]),
        "",
        f"- {_agreement(times)}",
        "",
    ]


def _line(each: OfRuleset) -> str:
    beside = ["", ""]
    if each.pandas_seconds is not None:
        beside = [f"{each.pandas_seconds:.2f}", f"**{each.pandas_seconds / each.seconds:.1f}**"]
    cells = [each.ruleset, f"{each.criteria}", f"{each.findings:,}", f"{each.seconds:.2f}", *beside]
    return f"| {' | '.join([*cells, f'{each.peak_gib:.2f}'])} |"


def _together(times: list[OfRuleset]) -> OfRuleset:
    beside = [each.pandas_seconds for each in times if each.pandas_seconds is not None]
    return OfRuleset(
        "all, one after another",
        criteria=sum(each.criteria for each in times),
        findings=sum(each.findings for each in times),
        seconds=sum(each.seconds for each in times),
        pandas_seconds=sum(beside) if beside else None,
        peak_gib=max(each.peak_gib for each in times),
    )


def _agreement(times: list[OfRuleset]) -> str:
    differing = [each.outcomes_that_differ for each in times if each.outcomes_that_differ is not None]
    if not differing:
        return NO_PANDAS
    if not any(differing):
        return "the outcome of every strand of every family is the same in both"
    return f"{sum(differing):,} outcomes of families and strands differ!"


def _in_a_process(home: Path, what: str) -> list[OfRuleset]:
    command = [sys.executable, "-m", "families.bench_rules", str(home), what]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 (our own command)
    return [OfRuleset(**json.loads(line)) for line in done.stdout.splitlines()]


def facts_to_ask(home: Path) -> Facts:
    """The facts of the published run, on its day."""
    run = Home(home).require_current()
    return facts_of_run(Home(home), run, as_of=dt.date.fromisoformat(run.manifest["as_of"]))


def memory_of(name: str, facts: Facts) -> OfRuleset:
    """The peak of this process while it evaluates one ruleset, whatever years that was in force."""
    rules = load_ruleset(name).rules
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here (man 5 proc)
    _afresh(name, facts)
    return OfRuleset(name, criteria=len(rules.criterion), peak_gib=peak_gib())


def peak_gib() -> float:
    """The most memory this process has held, in GiB (man 5 proc)."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 2**20


def times_of(name: str, facts: Facts) -> OfRuleset:
    """The times of one ruleset in both engines, taken in turn, and whether they say the same."""
    rules = load_ruleset(name).rules
    in_pandas = _outcomes_in_pandas(name, facts) if find_spec("pandas") else None
    ours, theirs, differing = [], [], None
    for _ in range(TRIES):
        started = time.perf_counter()
        made = _afresh(name, facts)
        ours.append(time.perf_counter() - started)
        if in_pandas is not None:
            seconds, outcomes = in_pandas()
            theirs.append(seconds)
            differing = differences(made.assessments, outcomes)
    return OfRuleset(
        name,
        criteria=len(rules.criterion),
        findings=made.findings.height,
        seconds=statistics.median(ours),
        pandas_seconds=statistics.median(theirs) if theirs else None,
        outcomes_that_differ=differing,
    )


def differences(assessments: pl.DataFrame, outcomes: pl.DataFrame) -> int:
    """How many families and strands have another outcome in the one than in the other, or none there."""
    here, there = assessments.select(OUTCOMES), outcomes.select(OUTCOMES)
    return here.join(there, on=OUTCOMES, how="anti").height + there.join(here, on=OUTCOMES, how="anti").height


def _afresh(name: str, facts: Facts) -> Evaluation:
    """An evaluation that finds nothing worked out by an earlier one."""
    return evaluate(load_ruleset(name).rules, replace(facts))


def _outcomes_in_pandas(name: str, facts: Facts) -> Callable[[], tuple[float, pl.DataFrame]]:
    from families.rules_in_pandas import evaluated_in_pandas, in_pandas

    frames, rules = in_pandas(facts), load_ruleset(name).rules

    def work() -> tuple[float, pl.DataFrame]:
        started = time.perf_counter()
        outcomes = evaluated_in_pandas(rules, replace(frames, worked_out={}))
        return time.perf_counter() - started, pl.from_pandas(outcomes)

    return work


if __name__ == "__main__":
    _facts = facts_to_ask(Path(sys.argv[1]))
    for _name in shipped():
        print(json.dumps(asdict({MEMORY: memory_of, TIMES: times_of}[sys.argv[2]](_name, _facts))), flush=True)
