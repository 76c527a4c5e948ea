"""The `families` command: a user's mistake prints one sentence and exits 2; nothing prints a personal value unasked."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from families import delivering, staffing
from families.errors import Refused, UserError
from families.home import Home
from families.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Finds families who may need help out of a council's files, and shows why.",
)
app.add_typer(staffing.app, name="staff")
delivering.add_to(app)
out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)

DAY = typer.Option(formats=["%Y-%m-%d"])
SAMPLE = Path(__file__).parents[1] / "data" / "sample"
DASHBOARD = Path(__file__).parents[1] / "dashboard" / "serve.py"


def main() -> None:
    """Run the command; turn a user's mistake into a sentence."""
    try:
        app()
    except UserError as mistake:
        err.print(str(mistake), style="red", markup=False, highlight=False)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _home() -> Home:
    return Home(Settings().home)


def _tell(step: str) -> None:
    err.print(f"[dim]{dt.datetime.now():%H:%M:%S}[/dim] {step}", highlight=False)


@app.command(epilog="Example: families synthesise A --pupils 600 --seed 1")
def synthesise(
    directory: Annotated[Path, typer.Argument(help="Where to write inbox/ and truth/.")],
    pupils: Annotated[int, typer.Option(min=50, help="Pupils on roll, about.")] = 600,
    seed: Annotated[int, typer.Option(help="The same seed gives the same authority.")] = 1,
    errors: Annotated[float, typer.Option(min=0, help="Multiplies every rate of error; 2 doubles them.")] = 1.0,
    no_gazetteer: Annotated[bool, typer.Option("--no-gazetteer", help="Leave out the address gazetteer.")] = False,
    from_: Annotated[dt.datetime, typer.Option("--from", formats=["%Y-%m-%d"])] = dt.datetime(2011, 9, 1),
    to: Annotated[dt.datetime, DAY] = dt.datetime(2013, 8, 31),
    format: Annotated[Literal["csv", "parquet"], typer.Option(help="Format of the session marks.")] = "csv",
) -> None:
    """Write a made-up authority: files as a council holds them, and what is true of it."""
    from families.synthetic import synthesise as make

    if directory.exists() and any(directory.iterdir()):
        raise Refused(f"{directory} is not empty: name a new folder, so that nothing of yours is overwritten.")
    make(
        directory,
        pupils=pupils,
        seed=seed,
        errors=errors,
        gazetteer=not no_gazetteer,
        first_day=from_.date(),
        last_day=to.date(),
        file_format=format,
        report=out.print,
    )


@app.command(epilog="Example: families load A/inbox")
def load(
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders of files.")],
    source: Annotated[str | None, typer.Option(help="What the file is, where it does not say so itself.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="A TOML file that maps the file's columns.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report; write nothing.")] = False,
) -> None:
    """Read deliveries: rows in, accepted, rejected by reason. A file already loaded is refused."""
    from families.sources.report import receipts_table
    from families.sources.store import load_each

    result = load_each(
        _home().path, paths, source=source, mapping=mapping, dry_run=dry_run, received_on=dt.date.today(), tell=_tell
    )
    if result.receipts:
        out.print(receipts_table(result.receipts))
    for sentence in result.refusals:
        err.print(sentence, style="red", markup=False, highlight=False)
    if result.refusals:
        sys.exit(2)


@app.command(epilog="Example: families refresh --as-of 2013-09-01 --ruleset tf1-2012")
def refresh(
    as_of: Annotated[dt.datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The day asked about.")],
    ruleset: Annotated[str, typer.Option(help="A version of the programme, or an overlay's TOML file.")] = "tf1-2012",
    switch: Annotated[list[str] | None, typer.Option(help="A choice the text leaves open, as NAME=OPTION.")] = None,
    anyway: Annotated[bool, typer.Option("--anyway", help="Even outside the years the ruleset was in force.")] = False,
    afresh: Annotated[bool, typer.Option("--afresh", help="Do every step again, even where nothing changed.")] = False,
    sample: Annotated[bool, typer.Option("--sample", help="Mark the casebook as a made-up authority's.")] = False,
    unsigned: Annotated[bool, typer.Option("--unsigned", help="Use an overlay that nobody has signed yet.")] = False,
) -> None:
    """Link, form families, evaluate the criteria, publish to the casebook."""
    from families.refresh import Asked
    from families.refresh import refresh as run_refresh

    asked = Asked(
        as_of=as_of.date(),
        ruleset=ruleset,
        database_url=Settings().database_url,
        published_at=dt.datetime.now(dt.UTC),
        is_sample=sample,
        anyway=anyway,
        afresh=afresh,
        unsigned=unsigned,
        switches=_switches(switch or []),
    )
    run = run_refresh(_home(), asked, tell=_tell)
    found = run.table("assessments")
    eligible = found.filter(strand="eligible")["outcome"].value_counts(sort=True)
    words = {"met": "eligible", "not_met": "not eligible", "unknown": "not known"}
    counts = ", ".join(f"{count} {words[outcome]}" for outcome, count in eligible.rows())
    out.print(f"Published run {run.run_id}: {found['family_id'].n_unique()} families; {counts}.", highlight=False)


def _switches(given: list[str]) -> dict[str, str]:
    """`NAME=OPTION` choices as a dictionary."""
    if wrong := [each for each in given if "=" not in each]:
        raise Refused(f"--switch {wrong[0]}: write it as NAME=OPTION.")
    return dict((part.strip() for part in each.split("=", 1)) for each in given)  # type: ignore[misc]


@app.command("try", epilog="Example: families try CASE.toml --json")
def try_(
    case: Annotated[Path, typer.Argument(help="A made-up family in TOML, or several as tables named case.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Findings that are not met as well.")] = False,
) -> None:
    """What the rules make of a made-up family: strands, eligibility, results and amounts, with the reasons."""
    from families.criteria.case import read_cases
    from families.criteria.trying import differences, told, try_cases

    cases = read_cases(case)
    verdicts = try_cases(cases)
    wrong = [differences(each, verdict) for each, verdict in zip(cases, verdicts, strict=True)]
    if as_json:
        found = [verdict.as_dict() | {"differences": each} for verdict, each in zip(verdicts, wrong, strict=True)]
        typer.echo(json.dumps(found[0] if len(found) == 1 else found, indent=1))
    else:
        for each, verdict, differs in zip(cases, verdicts, wrong, strict=True):
            for line in told(each, verdict, differs, everything=everything):
                out.print(line, markup=False, highlight=False)
    if any(wrong):
        sys.exit(1)


@app.command("check-rules", epilog="Example: families check-rules ours.toml")
def check_rules(file: Annotated[Path, typer.Argument(help="A ruleset, or an authority's overlay.")]) -> None:
    """Every mistake of a ruleset or overlay at once, each with its place and what is allowed."""
    from families.criteria.rulebook import file_mistakes, load_ruleset

    if found := file_mistakes(file):
        raise Refused("\n".join([f"{file.name} has {_count(len(found), 'mistake')}:", *found]))
    loaded = load_ruleset(str(file))
    out.print(f"{file.name} is sound: {loaded.rules.title}.", markup=False, highlight=False)
    for name, option in loaded.switches.items():
        out.print(f"  {name} = {option}", markup=False, highlight=False)


@app.command(epilog="Example: families diff --counts")
def diff(
    runs: Annotated[list[str] | None, typer.Argument(help="Two run ids, the earlier first; else the newest.")] = None,
    counts: Annotated[bool, typer.Option("--counts", help="Counts only, no sentence for each family.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """What became of each family from one run to another, and why: new data, linkage or the rules."""
    from families import diffing

    if len(runs or []) > 2:
        raise Refused("Two runs are compared: give two ids, one, or none.")
    found = diffing.difference(*diffing.runs_asked(_home(), runs or []))
    if as_json:
        typer.echo(json.dumps(diffing.as_json(found), indent=1))
        return
    for line in diffing.lines(found, counts_only=counts):
        out.print(line, markup=False, highlight=False)


@app.command(epilog="Example: families continuity --counts")
def continuity(
    runs: Annotated[list[str] | None, typer.Argument(help="Two run ids, the earlier first; else the newest.")] = None,
    counts: Annotated[bool, typer.Option("--counts", help="Counts only, no sentence for each.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """People and families split, put together, moved or ended from one run to another, each with its reason."""
    from families import continuity as continuing
    from families import diffing

    if len(runs or []) > 2:
        raise Refused("Two runs are compared: give two ids, one, or none.")
    before, after = diffing.runs_asked(_home(), runs or [])
    found = continuing.between(before, after)
    if as_json:
        typer.echo(json.dumps({"before": before.run_id, "after": after.run_id, "changes": found.to_dicts()}, indent=1))
        return
    out.print(f"{before.run_id} and then {after.run_id}.", markup=False, highlight=False)
    for line in continuing.lines(found, counts_only=counts):
        out.print(line, markup=False, highlight=False)


@app.command("backtest", epilog="Example: families backtest --ruleset ours.toml --against tf1-2012")
def backtest_(
    ruleset: Annotated[str, typer.Option(help="The rules to try: a version of the programme, or a TOML file.")],
    against: Annotated[str, typer.Option(help="The rules to compare them with: a version, or a TOML file.")],
    as_of: Annotated[dt.datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="As the run's.")] = None,
    switch: Annotated[list[str] | None, typer.Option(help="A choice of the rules to try, as NAME=OPTION.")] = None,
    home: Annotated[Path | None, typer.Option(help="Another home than FAMILIES_HOME.")] = None,
    anyway: Annotated[bool, typer.Option("--anyway", help="Even outside the years a ruleset was in force.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Families gained, lost and unchanged if other rules were used; by strand and equality group, nobody named."""
    from families import backtesting

    compared = backtesting.backtest_run(
        Home(home) if home else _home(),
        ruleset=ruleset,
        against=against,
        as_of=as_of.date() if as_of else None,
        switches=_switches(switch or []),
        anyway=anyway,
    )
    if as_json:
        typer.echo(json.dumps(backtesting.as_json(compared), indent=1))
        return
    for line in backtesting.notes(compared):
        out.print(line, markup=False, highlight=False)
    for table in backtesting.tables(compared):
        out.print(table)
    for line in backtesting.closing_notes(compared):
        out.print(line, markup=False, highlight=False)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


@app.command("train-linkage", epilog="Example: families train-linkage")
def train_linkage() -> None:
    """Train the linkage model on the records loaded, without labels; later refreshes link with it."""
    from families.refresh import train_linkage as train

    path = train(_home())
    out.print(f"The linkage model is in {path}; remove the file to link with the one that ships.", highlight=False)


@app.command(epilog="Example: families explain F1A2B3C4 --criterion unauthorised_absence")
def explain(
    family: Annotated[str | None, typer.Argument(help="The family's id.")] = None,
    link: Annotated[tuple[str, str] | None, typer.Option(help="Two person ids: why are they together?")] = None,
    criterion: Annotated[str | None, typer.Option(help="Only this criterion.")] = None,
) -> None:
    """Say why, in sentences: who is in a family, what each criterion found, what ties two people."""
    from families.explaining import explain_family, explain_link

    if (family is None) == (link is None):
        raise Refused("Give a family's id, or --link with two person ids.")
    run = _home().require_current()
    lines = explain_link(run, *link) if link else explain_family(_home(), run, family or "", criterion=criterion)
    for line in lines:
        out.print(line, markup=False, highlight=False)


@app.command(epilog='Example: families review D1A2 --same --reason "one birth certificate" --by a.jones')
def review(
    question: Annotated[str | None, typer.Argument(help="The id of one question; else those that wait.")] = None,
    by: Annotated[str | None, typer.Option(help="Your staff id: looks and answers are kept with it.")] = None,
    same: Annotated[bool, typer.Option("--same", help="One person; or the adult belongs to the family.")] = False,
    different: Annotated[bool, typer.Option("--different", help="Two people; or the adult does not belong.")] = False,
    cannot_tell: Annotated[bool, typer.Option("--cannot-tell", help="Ask again when the data has changed.")] = False,
    reason: Annotated[str, typer.Option(help="Why: required with an answer, and to withdraw one.")] = "",
    withdraw: Annotated[int | None, typer.Option(help="The number of a decision to take back.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Questions listed.")] = 20,
) -> None:
    """Settle who is who: the pairs and ties in doubt, one side by side, an answer, or taking an answer back."""
    from families import reviewing
    from families.casebook.database import open_casebook
    from families.casebook.review import doubt, doubts

    answers = {"same": same, "different": different, "cannot_tell": cannot_tell}
    given = [answer for answer, chosen in answers.items() if chosen]
    if len(given) > 1 or (given and question is None) or (withdraw is not None and (given or question)):
        raise Refused("Give one question and one answer, or --withdraw and the number of a decision.")
    engine = open_casebook(Settings().database_url)
    reader = reviewing.reader_of(engine, by)
    if withdraw is not None:
        lines = [reviewing.taken_back(engine, reader, withdraw, reason=reason)]
    elif question and given:
        lines = [reviewing.answered(engine, reader, question, answer=given[0], reason=reason)]
    elif question:
        lines = reviewing.question_lines(doubt(engine, reader, question))
    else:
        lines = reviewing.queue_lines(doubts(engine, reader, page_size=limit))
    for line in lines:
        out.print(line, markup=False, highlight=False)


@app.command(epilog="Example: families verify --anchor /mnt/elsewhere/anchors")
def verify(
    anchor: Annotated[Path | None, typer.Option(help="A file kept elsewhere: held against, and added to.")] = None,
) -> None:
    """Whether the audit trail is whole: nothing changed, taken out, put in or, against anchors, cut off."""
    from families.casebook.database import open_casebook
    from families.verifying import verified

    for line in verified(open_casebook(Settings().database_url), anchor_file=anchor):
        out.print(line, markup=False, highlight=False)


@app.command(epilog="Example: families score --truth A/truth --json")
def score(
    truth: Annotated[Path, typer.Option(help="The truth/ folder of a made-up authority.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Compare the published run with what is true of a made-up authority."""
    from families.score import score as compare
    from families.sources.store import read_records

    home = _home()
    figures = compare(home.require_current(), truth, persons=read_records(home.path, tables=["persons"])["persons"])
    if as_json:
        typer.echo(json.dumps(figures))
        return
    for group, values in figures.items():
        line = ", ".join(
            f"{name} {value:.4f}" if isinstance(value, float) else f"{name} {value}" for name, value in values.items()
        )
        out.print(f"{group.replace('_', ' ')}: {line.replace('_', ' ')}", highlight=False)


@app.command(epilog="Example: families bench --pupils 20000")
def bench(
    pupils: Annotated[int, typer.Option(min=200, help="Size of the made-up authority.")] = 20_000,
    seed: Annotated[int, typer.Option()] = 7,
    keep: Annotated[Path | None, typer.Option(help="Keep the authority and its home here, and use them again.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the figures into data/BENCHMARKS.md.")] = False,
    linkage: Annotated[bool, typer.Option("--linkage", help="Linkage beside one plain Splink model instead.")] = False,
    dashboard: Annotated[bool, typer.Option("--dashboard", help="Time the dashboard's pages instead.")] = False,
    families: Annotated[int, typer.Option(min=30, help="Families in the casebook, for --dashboard.")] = 5_000,
    database: Annotated[
        str | None, typer.Option(help="An empty database of PostgreSQL for that casebook, which stays there.")
    ] = None,
    loading: Annotated[
        bool, typer.Option("--loading", help="Time one large file through the Loads page's work.")
    ] = False,
    rows: Annotated[int, typer.Option(min=1, help="Rows of the file, for --loading.")] = 1_000_000,
) -> None:
    """Time every stage on a made-up authority, and the ratios that the design promises; or the dashboard's pages."""
    if loading:
        from families.bench_loading import run_loading_bench

        run_loading_bench(rows=rows, write=write, tell=_tell, show=typer.echo)
        return
    if dashboard:
        from families.bench_dashboard import run_dashboard_bench

        run_dashboard_bench(families=families, database=database, tell=_tell, show=typer.echo)
        return
    from families.bench import run_bench

    run_bench(pupils=pupils, seed=seed, keep=keep, write=write, linkage=linkage, tell=_tell, show=out.print)


@app.command(epilog="Example: families demo --no-serve")
def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop once everything is published.")] = False,
    home: Annotated[Path, typer.Option(help="The fresh home to make.")] = Path("var/demo"),
    port: Annotated[int, typer.Option(help="The dashboard's port.")] = 8501,
) -> None:
    """A fresh home with the sample authority: load, refresh, made-up staff, then the dashboard."""
    from families.demo import make_demo

    settings = make_demo(home, SAMPLE, tell=_tell)
    out.print(f"The sample authority is in {home}.", highlight=False)
    if not no_serve:
        _serve(settings, port=port)


@app.command(epilog="Example: families serve --port 8501")
def serve(port: Annotated[int, typer.Option(help="The dashboard's port.")] = 8501) -> None:
    """The dashboard."""
    _serve(Settings(), port=port)


def _serve(settings: Settings, *, port: int) -> None:
    environment = os.environ | {"FAMILIES_HOME": str(settings.home.resolve())}
    environment.pop("FAMILIES_DATABASE_URL", None)
    if settings.database:
        environment["FAMILIES_DATABASE_URL"] = settings.database
    out.print(f"The dashboard is at http://localhost:{port}; stop it with Ctrl+C.", highlight=False)
    command = [sys.executable, "-m", "streamlit", "run", str(DASHBOARD), "--server.port", str(port)]
    os.chdir(DASHBOARD.parents[1])
    os.execve(sys.executable, command, environment)  # noqa: S606 (our own interpreter, fixed arguments)
