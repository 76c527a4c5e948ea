"""How long each stage takes on a made-up authority, beside what other engines need for the same in the same run."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from families.bench_linkage import linkage_lines
from families.bench_rules import rules_lines
from families.criteria import absence
from families.sources.store import receipts

REPORT = Path(__file__).parents[1] / "data" / "BENCHMARKS.md"
TRIES = 5
HALF_TERM = ["pupil", "school", "academic_year", "term", "half"]


@dataclass(frozen=True)
class Stage:
    """A command run as a process of its own."""

    name: str
    seconds: float
    peak_gib: float
    rows: int | None = None

    @property
    def line(self) -> str:
        """The stage as a row of a Markdown table."""
        speed = f"{self.rows / self.seconds:,.0f}" if self.rows else ""
        rows = f"{self.rows:,}" if self.rows else ""
        return f"| {self.name} | {self.seconds:.1f} | {rows} | {speed} | {self.peak_gib:.2f} |"


def run_bench(
    *,
    pupils: int,
    seed: int,
    keep: Path | None,
    write: bool,
    linkage: bool,
    tell: Callable[[str], None],
    show: Callable[[str], None],
) -> None:
    """Make an authority, take it through every stage, print times, rows a second, peak memory and the ratios.

    With `linkage` it is linkage, not the roll-up and the rules, that stands beside another engine.
    """
    title = f"{'Linkage at ' if linkage else ''}{pupils:,} pupils"
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        home = folder / "home"
        stages = _stages(folder, home, pupils=pupils, seed=seed, tell=tell)
        lines = [
            f"## {title}, seed {seed}",
            "",
            machine(),
            "",
            "| stage | seconds | rows | rows a second | peak memory, GiB |",
            "|---|---|---|---|---|",
            *(stage.line for stage in stages),
            "",
            *(
                linkage_lines(folder, tell=tell)
                if linkage
                else [*_ratios(folder, home, stages, tell), "", *rules_lines(home, tell=tell)]
            ),
        ]
    text = "\n".join(lines)
    show(text)
    if write:
        keep_figures(text, title=title)


def _stages(folder: Path, home: Path, *, pupils: int, seed: int, tell: Callable[[str], None]) -> list[Stage]:
    refresh = ["refresh", "--as-of", "2013-09-01", "--ruleset", "tf1-2012", "--sample"]
    stages = []
    if not (folder / "authority").exists():
        make = [
            "synthesise",
            str(folder / "authority"),
            "--pupils",
            str(pupils),
            "--seed",
            str(seed),
            "--format",
            "parquet",
        ]
        stages.append(_run("synthesise", make, home, tell))
    if not receipts(home):
        stages.append(_run("load", ["load", str(folder / "authority" / "inbox")], home, tell, counted=True))
    stages.append(_run("refresh, everything", [*refresh, "--afresh"], home, tell))
    stages.append(_run("refresh, nothing changed", refresh, home, tell))
    return stages


def _run(name: str, arguments: list[str], home: Path, tell: Callable[[str], None], *, counted: bool = False) -> Stage:
    tell(name)
    started = time.monotonic()
    environment = os.environ | {"FAMILIES_HOME": str(home)}
    environment.pop("FAMILIES_DATABASE_URL", None)
    command = [sys.executable, "-c", "from families.cli import main; main()", *arguments]
    with open(os.devnull, "wb") as nowhere:
        process = os.posix_spawn(
            sys.executable, command, environment, file_actions=[(os.POSIX_SPAWN_DUP2, nowhere.fileno(), 1)]
        )
        _, status, used = os.wait4(process, 0)
    seconds = time.monotonic() - started
    if status:
        raise RuntimeError(f"{name} ended with status {os.waitstatus_to_exitcode(status)}")
    rows = sum(receipt.rows_in for receipt in receipts(home)) if counted else None
    return Stage(name, seconds, used.ru_maxrss / 2**20, rows)


def _ratios(folder: Path, home: Path, stages: list[Stage], tell: Callable[[str], None]) -> list[str]:
    tell("ratios")
    marks = sorted(home.glob("deliveries/*/tables/marks.parquet"))
    with tempfile.TemporaryDirectory() as temporary:
        kept = Path(temporary) / "marks.parquet"
        pl.concat([pl.read_parquet(path) for path in marks]).with_columns(
            pl.concat_str("delivery", pl.col("row").cast(pl.String)).alias("pupil")
        ).sort("pupil", "academic_year", "term", "half").write_parquet(kept, compression="zstd")
        sessions, long = _one_row_a_session(kept, Path(temporary) / "long.duckdb")
        decode, ours, theirs = [], [], []
        for _ in range(TRIES):
            decode.append(_timed(lambda: pl.read_parquet(kept, columns=["marks"])))
            ours.append(_timed(lambda: _roll_up(kept)))
            theirs.append(_timed(lambda: _roll_up_in_duckdb(long)))
        same = _roll_up(kept).drop("pupil").sum().row(0)[-3:] == tuple(
            _roll_up_in_duckdb(long).drop("pupil").sum().row(0)[-3:]
        )
        long.close()
    scan = statistics.median(_timed(lambda: _scan(folder / "authority" / "inbox")) for _ in range(3))
    by_name = {stage.name: stage.seconds for stage in stages}
    everything, again = by_name["refresh, everything"], by_name["refresh, nothing changed"]
    d, o, t = (statistics.median(times) for times in (decode, ours, theirs))
    return [
        "Ratios, medians of runs taken in turn in one process:",
        "",
        f"- attendance roll-up over {sessions:,} marks: {o:.2f} s from the stored marks; {t:.2f} s in DuckDB "
        f"{duckdb.__version__} over one row a session: **{t / o:.1f} times as fast**"
        f"{'' if same else ' (the totals differ!)'}",
        f"- the roll-up against decoding its column ({d:.2f} s): **{o / d:.1f} times**",
        f"- the whole refresh against Polars' scan of its inputs ({scan:.2f} s): **{everything / scan:.1f} times**",
        f"- a refresh in which nothing changed against the whole refresh: **{again / everything:.3f}**",
    ]


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _roll_up(kept: Path) -> pl.DataFrame:
    """Absence by child, school and half term from the stored marks."""
    marks = pl.read_parquet(kept, columns=[*HALF_TERM, "marks"]).rename({"pupil": "person_id"})
    evidence = [pl.lit("").alias("source"), pl.lit("").alias("delivery"), pl.lit(0).alias("row")]
    return (
        absence.sessions_from_marks(marks.with_columns(evidence))
        .rename({"person_id": "pupil"})
        .select(*HALF_TERM, *absence.TOTALS)
    )


def _one_row_a_session(kept: Path, at: Path) -> tuple[int, duckdb.DuckDBPyConnection]:
    """The same marks as one row a session in DuckDB's own storage, in the order of children."""
    connection = duckdb.connect(str(at))
    connection.execute("SET memory_limit = '4GB'")
    columns = ", ".join(HALF_TERM)
    connection.execute(
        f"CREATE TABLE sessions AS SELECT {columns}, mark FROM ("  # noqa: S608 (our own constants)
        f" SELECT {columns}, unnest(string_split(marks, '')) AS mark FROM read_parquet('{kept}')) WHERE mark <> ' '"
    )
    codes = absence.codes_of(absence.ERAS[0]).select(
        "character", "counts_possible", "counts_authorised_absence", "counts_unauthorised"
    )
    connection.register("listed", codes.to_arrow())
    connection.execute("CREATE TABLE codes AS SELECT * FROM listed")
    counted = connection.execute("SELECT count(*) FROM sessions").fetchone()
    return int(counted[0]) if counted else 0, connection


def _roll_up_in_duckdb(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    columns = ", ".join(HALF_TERM)
    return connection.execute(
        f"SELECT {columns}, sum(counts_possible)::INT AS possible,"  # noqa: S608 (our own constants)
        " sum(counts_authorised_absence)::INT AS authorised, sum(counts_unauthorised)::INT AS unauthorised"
        f" FROM sessions JOIN codes ON mark = character GROUP BY {columns}"
    ).pl()


def _scan(inbox: Path) -> None:
    """Read every input once, every column as text, and count what is there."""
    for path in sorted(path for path in inbox.rglob("*") if path.is_file()):
        if path.suffix == ".parquet":
            pl.scan_parquet(path).select(pl.all().count()).collect()
        elif path.suffix == ".csv":
            pl.scan_csv(path, infer_schema=False, truncate_ragged_lines=True).select(pl.all().count()).collect()
        else:
            path.read_bytes()


def machine() -> str:
    """What the figures were taken on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, Polars {pl.__version__}; shared and noisy."
    )


def keep_figures(text: str, *, title: str) -> None:
    """Put the figures in the place of those of the same size, and leave other sizes."""
    made = "Made by `families bench --pupils N --write`, and with `--loading`"
    head = f"# Benchmarks\n\n{made}; ratios are taken side by side in one run.\n\n"
    old = REPORT.read_text("utf-8").removeprefix(head) if REPORT.is_file() else ""
    others = [f"## {part}" for part in old.split("## ") if part.strip() and not part.startswith(f"{title},")]
    REPORT.write_text(head + "".join(f"{part.rstrip()}\n\n" for part in [*others, text]), "utf-8")
