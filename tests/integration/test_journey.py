"""The whole journey on a small made-up authority: files in, families with reasons out, and nothing lost on the way."""

import datetime as dt
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from families.casebook.database import open_casebook
from families.casebook.search import Sought, search
from families.casebook.views import Reader
from families.criteria.rulebook import shipped
from families.home import Home
from families.tables.records import RECORD_TABLES
from families.tables.run import RUN_TABLES

AS_OF = "2013-09-01"
REFRESH = ["refresh", "--as-of", AS_OF, "--ruleset", "tf1-2012", "--sample"]


def families(home: Path, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run(command(*arguments), env=environment(home), capture_output=True, text=True, **options)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from families.cli import main; main()", *arguments]


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAMILIES_")}
    return kept | {"FAMILIES_HOME": str(home), "COLUMNS": "200"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authority") / "A"
    done = families(folder.parent, "synthesise", str(folder), "--pupils", "400", "--seed", "11")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def home(authority, tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    loaded = families(folder, "load", str(authority / "inbox"))
    assert loaded.returncode == 0, loaded.stderr
    refreshed = families(folder, *REFRESH)
    assert refreshed.returncode == 0, refreshed.stderr
    return folder


pytestmark = pytest.mark.timeout(600)


def tables(home: Path) -> dict[str, pl.DataFrame]:
    run = Home(home).require_current()
    return {name: run.table(name) for name in RUN_TABLES}


def test_every_row_of_every_file_is_accounted_for(home):
    for item in Home(home).require_current().manifest["inputs"]:
        accounted = item["accepted"] + item["duplicate"] + item["superseded"] + item["rejected"]
        assert item["rows_in"] == accounted, item


def test_every_named_record_is_of_one_person(home):
    records = pl.concat(
        [pl.read_parquet(path) for path in sorted(home.glob("deliveries/*/tables/persons.parquet"))]
    ).select("delivery", "row", "part")
    linked = Home(home).require_current().table("person_of_record").select("delivery", "row", "part")
    assert linked.height == linked.unique().height == records.height
    assert linked.join(records, on=["delivery", "row", "part"], how="anti").height == 0


def test_the_run_is_in_the_declared_schemas(home):
    for name, frame in tables(home).items():
        RUN_TABLES[name].validate(frame)
    assert RECORD_TABLES


def test_families_are_found_for_each_strand_and_explained(home):
    found = tables(home)
    met = found["assessments"].filter(pl.col("outcome") == "met")["strand"].unique().to_list()
    assert {"education", "crime_asb", "work"} <= set(met)
    family = found["assessments"].filter(pl.col("outcome") == "met", pl.col("strand") == "education")["family_id"][0]
    told = families(home, "explain", family)
    assert told.returncode == 0, told.stderr
    assert "Education: met." in told.stdout
    assert "row" in told.stdout
    members = found["family_members"].filter(pl.col("family_id") == family)["person_id"].to_list()
    if len(members) > 1:
        assert families(home, "explain", "--link", members[0], members[1]).returncode == 0


def test_the_score_is_computed_and_better_than_guessing(home, authority):
    done = families(home, "score", "--truth", str(authority / "truth"), "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert set(figures) == {"person_pairs", "children", "outcomes"}
    assert set(figures["person_pairs"]) == {"precision", "recall", "f1"}
    assert set(figures["children"]) == {"n", "exactly_right", "wrong_adult", "missing_adult"}
    assert set(figures["outcomes"]) == {"education", "crime_asb", "work", "eligible"}
    assert figures["person_pairs"]["precision"] > 0.98
    assert figures["person_pairs"]["recall"] > 0.95
    assert figures["children"]["exactly_right"] > 0.85
    assert figures["children"]["wrong_adult"] < 0.04
    assert min(figures["outcomes"].values()) > 0.9


def test_who_is_in_the_casebook_is_found_by_their_upn(home):
    casebook, manager = home / "casebook.sqlite", Reader("s1", "programme_manager", "test")
    with closing(sqlite3.connect(casebook)) as connection:
        published = {row[0] for row in connection.execute("SELECT person_id FROM published_member")}
    people = tables(home)["people"].filter(pl.col("person_id").is_in(published)).drop_nulls("upn")
    engine = open_casebook(f"sqlite:///{casebook}")
    found = [search(engine, manager, Sought(upn)).found for upn in people["upn"]]
    engine.dispose()
    assert [[each.person_id for each in them] for them in found] == [[person] for person in people["person_id"]] != []


def test_made_afresh_the_tables_are_identical(home):
    before = tables(home)
    assert families(home, *REFRESH, "--afresh").returncode == 0
    for name, frame in tables(home).items():
        assert frame.equals(before[name]), name


def test_an_unchanged_refresh_does_no_step_again(home):
    run = Home(home).require_current()
    made = run.path.stat().st_mtime_ns
    assert families(home, *REFRESH).returncode == 0
    assert Home(home).require_current().path.stat().st_mtime_ns == made


def test_another_ruleset_date_reuses_the_linkage(home, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    assert families(copy, "refresh", "--as-of", "2013-08-15", "--sample").returncode == 0
    steps = {step["step"]: step["reused"] for step in Home(copy).require_current().manifest["steps"]}
    assert steps["link records to people"]
    assert not steps["evaluate the criteria"]


@pytest.mark.parametrize("after", [0.7, 2.0, 3.5, 5.0, 7.0])
def test_killed_anywhere_the_published_run_is_whole_and_the_next_refresh_succeeds(home, tmp_path, after):
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    before = Home(copy).require_current().run_id
    process = subprocess.Popen(
        command(*REFRESH[:2], "2013-08-20", *REFRESH[3:], "--afresh"),
        env=environment(copy),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()
    run = Home(copy).require_current()
    assert run.run_id == before or process.returncode == 0
    for name in RUN_TABLES:
        run.table(name)
    again = families(copy, *REFRESH[:2], "2013-08-20", *REFRESH[3:])
    assert again.returncode == 0, again.stderr
    assert Home(copy).require_current().run_id.startswith("2013-08-20")
    assert not list((copy / "runs").glob(".making-*"))
    assert not list((copy / "work").glob("*"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("refresh", "--as-of", "2019-01-01"), "in force"),
        (("refresh", "--as-of", AS_OF, "--ruleset", "tf9"), "no ruleset"),
        (("explain", "F000"), "No family"),
        (("explain",), "family's id"),
        (("score", "--truth", "nowhere"), "records.parquet"),
        (("load", "no-such-file.csv"), "no-such-file.csv"),
    ],
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(home, arguments, says):
    done = families(home, *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


MARKS = "UPN,LAEstab,Date,Session,Mark\n" + "".join(
    f"W881200115001,8812001,2012-09-{day},AM,{{0}}\n" for day in (10, 11, 12)
)


def test_a_correction_loaded_later_the_same_day_wins_whatever_its_name(tmp_path):
    for name, mark in (("b_marks.csv", "O"), ("a_marks.csv", "/")):
        (tmp_path / name).write_text(MARKS.format(mark))
        assert families(tmp_path / "home", "load", str(tmp_path / name)).returncode == 0
    assert families(tmp_path / "home", *REFRESH).returncode == 0
    absence = Home(tmp_path / "home").require_current().table("absence")
    assert absence.select("possible", "unauthorised").rows() == [(3, 0)]


def test_a_census_roll_loaded_alone_is_not_taken_again_with_its_folder(authority, tmp_path):
    census = authority / "inbox" / "census"
    assert families(tmp_path, "load", str(census / "2013_spring_pupilonroll.csv")).returncode == 0
    again = families(tmp_path, "load", str(census))
    assert again.returncode == 2
    assert "loaded before" in again.stderr


def test_a_second_refresh_at_the_same_time_is_kept_out(home):
    with Home(home).only_one():
        done = families(home, *REFRESH)
    assert done.returncode == 2
    assert "Another refresh" in done.stderr


def test_nothing_loaded_yet(tmp_path):
    done = families(tmp_path, *REFRESH)
    assert (done.returncode, dt.date.fromisoformat(AS_OF).year) == (2, 2013)
    assert "families load" in done.stderr


@pytest.mark.parametrize(
    "name", ["synthesise", "load", "refresh", "explain", "backtest", "diff", "score", "bench", "demo", "serve"]
)
def test_every_command_has_help_with_an_example(tmp_path, name):
    done = families(tmp_path, name, "--help")
    assert done.returncode == 0
    assert f"Example: families {name}" in done.stdout


def test_the_bench_prints_stages_and_ratios(tmp_path):
    done = families(tmp_path, "bench", "--pupils", "300")
    assert done.returncode == 0, done.stderr
    assert "| refresh, everything |" in done.stdout
    assert "times as fast" in done.stdout
    assert "totals differ" not in done.stdout
    for ruleset in shipped():
        assert f"| {ruleset} |" in done.stdout
    assert "the outcome of every strand of every family is the same in both" in done.stdout


def test_a_back_test_publishes_nothing_names_nobody_and_hides_small_numbers(home):
    before = Home(home).require_current()
    runs = sorted(path.name for path in (home / "runs").iterdir())
    tried = ("backtest", "--ruleset", "tf1-2012", "--against", "tf1-2012", "--switch", "rounding=whole_percent")
    done = families(home, *tried, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["strands"]["eligible"]["families"] == before.table("family_members")["family_id"].n_unique()
    assert found["strands"]["eligible"]["lost"] == 0  # rounding up takes nothing from anybody
    numbers = [number for row in found["groups"].values() for of in row.values() for number in of.values()]
    assert not [number for number in numbers if number and number < 6]
    people = before.table("people")
    shown = families(home, *tried).stdout
    assert "no rule reads them" in shown
    assert not [surname for surname in people["surname"].drop_nulls().unique() if f" {surname} " in shown]
    assert sorted(path.name for path in (home / "runs").iterdir()) == runs
    refused = families(home, "backtest", "--ruleset", "tf2-2015", "--against", "tf1-2012")
    assert (refused.returncode, "in force" in refused.stderr) == (2, True)


def test_a_near_miss_is_explained(home):
    found = Home(home).require_current().table("near_misses")
    eligible = tables(home)["assessments"].filter(pl.col("outcome") == "met", pl.col("strand") == "eligible")
    assert found.height > 0
    assert found.join(eligible, on="family_id").is_empty()
    told = families(home, "explain", found["family_id"][0])
    assert f"Near miss: {found['sentence'][0]}" in told.stdout


def test_a_diff_of_two_runs_counts_first_and_gives_each_family_its_reason(home, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    assert families(copy, *REFRESH, "--switch", "term_averaging=each_term").returncode == 0
    done = families(copy, "diff", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["families"]
    assert {row["reason"] for row in found["families"]} == {"rule"}
    assert not found["counts"]["new"]
    assert not found["counts"]["dropped"]
    of_social_care = [i["delivery"] for i in Home(copy).require_current().manifest["inputs"] if i["source"] == "social_care"]  # fmt: skip
    for delivery in of_social_care:
        shutil.rmtree(copy / "deliveries" / delivery)
    assert families(copy, "refresh", "--as-of", AS_OF, "--sample").returncode == 0
    runs = [Home(home).require_current().run_id, Home(copy).require_current().run_id]
    told = families(copy, "diff", *runs).stdout.splitlines()
    assert told[2].startswith("New: ")
    assert "Taken back: social_care" in "\n".join(told)
    assert [line for line in told if "Local factors from met to not known; new data: social_care" in line]
    refused = families(copy, "backtest", "--ruleset", "tf1-2012", "--against", "tf1-2012")
    assert refused.returncode == 0, refused.stderr
    unknown = families(copy, "diff", "no-such-run")
    assert (unknown.returncode, "no run" in unknown.stderr) == (2, True)
