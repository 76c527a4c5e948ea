"""A refresh after a new delivery gives what a refresh of everything gives; ids stay whatever comes, goes or is corrected."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import random
import shutil
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import Engine

from families.casebook.continuity import proposals, undo
from families.casebook.database import open_casebook, writing
from families.casebook.deliveries import cited
from families.casebook.reading import list_families
from families.casebook.review import write_decision
from families.casebook.row_security import WHOLE
from families.casebook.views import Reader
from families.errors import Refused
from families.home import Home, Run
from families.incremental import addresses_seen
from families.own_rules import propose, sign
from families.refresh import Asked, code_version, refresh, stated_addresses
from families.sources.store import load_each, receipts
from families.sources.taking_back import take_back
from families.synthetic import synthesise
from families.tables.run import RUN_TABLES

AS_OF = dt.date(2013, 9, 1)
KEYS = ["source", "delivery", "row", "part"]

DERIVED = (
    "person_of_record", "people", "residences", "links", "households", "family_members", "absence", "absence_codes",
    "findings", "assessments", "reviews", "near_misses", "linkage_quality",
)  # fmt: skip
MANAGER = Reader(staff_id="s1", role="programme_manager", purpose="look after families")

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("authority")
    days = {"first_day": dt.date(2012, 9, 1), "last_day": dt.date(2013, 8, 31)}
    made = {"errors": 1.0, "gazetteer": True, "file_format": "csv", "report": lambda *_: None}
    synthesise(place / "a", pupils=150, seed=31, **days, **made)
    return place / "a" / "inbox"


def parcels(inbox: Path) -> list[Path]:
    """Files as they would be delivered: folders by themselves, other files one by one."""
    return sorted(inbox.iterdir())


def without_gazetteer(inbox: Path) -> list[Path]:
    """Where addresses are beside the point; looking them up takes most of a small refresh."""
    return [path for path in parcels(inbox) if path.name != "gazetteer.csv"]


def loaded(home: Path, paths: list[Path]) -> Path:
    """Loaded; files of a quiet term are empty and alike, and refused as loaded before."""
    done = load_each(home, paths, received_on=AS_OF, is_apart=False)
    assert all("was loaded before" in sentence for sentence in done.refusals)
    return home


def refreshed(home: Path, *, afresh: bool = False) -> Run:
    asked = Asked(
        as_of=AS_OF,
        ruleset="tf1-2012",
        database_url=f"sqlite:///{home}/casebook.sqlite",
        published_at=dt.datetime(2013, 9, 2, tzinfo=dt.UTC),
        is_sample=True,
        afresh=afresh,
    )
    return refresh(Home(home), asked)


def assert_same(one: Run, other: Run) -> None:
    assert one.run_id == other.run_id
    assert_same_tables(one, other)


def assert_same_tables(one: Run, other: Run) -> None:
    for name in RUN_TABLES:
        assert_frame_equal(one.table(name), other.table(name))


def waited_for_too_long(home: Path) -> Path:
    """A file that was uploaded and checked long ago, and that nobody loaded."""
    folder = home / "load" / "a"
    folder.mkdir(parents=True)
    told = {"job_id": "a", "by": "s-analyst", "role": "data_analyst", "at": "2013-08-31T09:00+00:00", "doing": "check"}
    (home / "load" / "job.json").write_text(json.dumps(told | {"ended": "done"}))
    return folder


def reused(run: Run) -> set[str]:
    return {step["step"] for step in run.manifest["steps"] if step["reused"]}


@pytest.mark.parametrize(("seed", "gazetteer_first"), [(1, True), (2, False)])
def test_two_loads_and_a_refresh_between_are_as_one_afresh(
    inbox: Path, tmp_path: Path, seed: int, gazetteer_first: bool
) -> None:  # fmt: skip
    """The files parted by chance, but the gazetteer: where it was there before, addresses seen are not looked up."""
    chosen = random.Random(seed)
    is_first = {path: chosen.random() < 0.6 for path in without_gazetteer(inbox)}
    is_first[inbox / "gazetteer.csv"] = gazetteer_first
    home = loaded(tmp_path / "home", [path for path in is_first if is_first[path]])
    before = refreshed(home)
    loaded(home, [path for path in is_first if not is_first[path]])
    seen = addresses_seen(home, before, receipts(home), code=code_version(), stated=stated_addresses)
    assert (seen is not None) == gazetteer_first
    beside = Path(shutil.copytree(home, tmp_path / "beside"))
    assert_same(refreshed(home), refreshed(beside, afresh=True))


def test_a_delivery_without_people_links_nobody_again(inbox: Path, tmp_path: Path) -> None:
    late = inbox / "schools.csv"
    home = loaded(tmp_path / "home", [path for path in without_gazetteer(inbox) if path != late])
    first = refreshed(home)
    loaded(home, [late])
    beside = Path(shutil.copytree(home, tmp_path / "beside"))
    waits = waited_for_too_long(home)
    after = refreshed(home)
    assert not waits.exists()
    assert {"match addresses to the gazetteer", "link records to people", "measure linkage"} <= reused(after)
    assert first.run_id != after.run_id
    assert_same(after, refreshed(beside, afresh=True))
    assert after.table("continuity").is_empty()


def test_the_order_in_which_files_are_loaded_changes_nothing(inbox: Path, tmp_path: Path) -> None:
    paths = parcels(inbox)
    one, other = loaded(tmp_path / "one", paths), tmp_path / "other"
    for path in random.Random(5).sample(paths, len(paths)):
        loaded(other, [path])
    assert_same_tables(refreshed(one), refreshed(other))


def test_ids_stay_when_a_file_is_added_or_what_became_of_them_is_told(inbox: Path, tmp_path: Path) -> None:
    late = {"council_tax_2013-04.csv", "social_care_2013-08.csv"}
    home = loaded(tmp_path / "home", [path for path in without_gazetteer(inbox) if path.name not in late])
    before = refreshed(home)
    loaded(home, [path for path in without_gazetteer(inbox) if path.name in late])
    after = refreshed(home)
    told = after.table("continuity")
    was, now = before.table("person_of_record"), after.table("person_of_record")
    both = was.join(now, on=KEYS, suffix="_now").filter(pl.col("person_id") != pl.col("person_id_now"))
    pairs = both.select(old_id="person_id", new_id="person_id_now").unique()
    assert pairs.join(told, on=["old_id", "new_id"], how="anti").is_empty()
    merged = told.filter(kind="person_merged")
    assert merged.height > 0
    assert merged["sentence"].str.contains("council_tax_2013-04.csv|social_care_2013-08.csv").any()
    families = before.table("family_members").filter(role="child")["family_id"].unique()
    gone = set(families) - set(after.table("family_members")["family_id"])
    assert gone <= set(told.filter(pl.col("kind").is_in(["family_merged", "family_ended", "family_split"]))["old_id"])


def test_families_touched_by_a_delivery_taken_back_are_judged_again_and_others_stay(
    inbox: Path, tmp_path: Path
) -> None:  # fmt: skip
    home = loaded(tmp_path / "home", without_gazetteer(inbox))
    before = refreshed(home)
    (gone,) = [receipt for receipt in receipts(home) if receipt.file == "asb_2013-08.csv"]
    take_back(home, gone.delivery, by="a.jones", at=dt.datetime(2013, 9, 3, tzinfo=dt.UTC), reason="The wrong month.")
    after = refreshed(home)
    cites = pl.col("evidence").str.contains(gone.delivery, literal=True)
    touched = before.table("findings").filter(cites)
    families = touched["family_id"].unique()
    assert 0 < families.len() < before.table("assessments")["family_id"].n_unique()
    assert after.table("findings").filter(cites).is_empty()
    keys = ["family_id", "person_id", "criterion"]
    judged = touched.join(after.table("findings"), on=keys, how="left", suffix="_now", nulls_equal=True)
    assert judged.filter(pl.col("outcome").ne_missing(pl.col("outcome_now"))).height > 0
    for name in ("findings", "assessments", "family_members"):
        stay = [run.table(name).filter(~pl.col("family_id").is_in(families)) for run in (before, after)]
        assert_frame_equal(*stay, check_row_order=False)
    shown = open_casebook(f"sqlite:///{home}/casebook.sqlite")
    asked = Reader("s2", "data_analyst", "look after deliveries")
    assert cited(shown, asked, [gone.delivery]).findings == 0


def test_undoing_a_wrong_merge_gives_back_what_was_before(inbox: Path, tmp_path: Path) -> None:
    """Two adults are put together by a decision; a manager undoes it: every derived table is what it was."""
    home = loaded(tmp_path / "home", without_gazetteer(inbox))
    before = refreshed(home)
    engine = open_casebook(f"sqlite:///{home}/casebook.sqlite")
    one, other = two_adults(before, engine)
    decide_same(engine, before, one, other)
    merged = refreshed(home)
    assert merged.table("continuity").filter(kind="person_merged")["old_id"].to_list() in ([one], [other])
    (proposal, *_) = [each for each in proposals(engine, MANAGER) if each.kind == "person_merged"]
    undo(engine, MANAGER, proposal.proposal_id, reason="They are sisters")
    after = refreshed(home)
    assert after.table("continuity").filter(kind="person_split").height == 1
    for name in DERIVED:
        assert_frame_equal(before.table(name), after.table(name))
    assert not merged.table("person_of_record").equals(before.table("person_of_record"))


def two_adults(run: Run, engine: Engine) -> tuple[str, str]:
    """An adult of a family in the casebook, and a grown-up of one record elsewhere whom no fact tells from them."""
    shown = [family.family_id for family in list_families(engine, MANAGER, page_size=50).families]
    sources = run.table("person_of_record").group_by("person_id").agg(pl.col("source").unique())
    people = run.table("people").filter(~pl.col("is_pupil")).join(sources, on="person_id").sort("person_id")
    members = run.table("family_members").filter(pl.col("role").is_in(["parent", "carer"]))
    inside = members.filter(pl.col("family_id").is_in(shown)).select("person_id", "family_id")
    pairs = people.join(inside, on="person_id").join(people.filter(records=1), how="cross", suffix="_b")
    fit = pairs.filter(
        pl.col("person_id") != pl.col("person_id_b"),
        (pl.col("sex") == pl.col("sex_b")).fill_null(True),
        pl.any_horizontal(pl.col("birth_year_low", "birth_year_low_b").is_null()),
        pl.col("source").list.set_intersection("source_b").list.len() == 0,
    )
    return fit.select("person_id", "person_id_b").row(0)


def decide_same(engine: Engine, run: Run, one: str, other: str) -> None:
    first = run.table("person_of_record").sort(KEYS).unique("person_id", keep="first", maintain_order=True)
    keys = {
        f"{name}_{end}": value
        for end, person in (("a", one), ("b", other))
        for name, value in first.filter(person_id=person).select(KEYS).row(0, named=True).items()
    }
    told = dict.fromkeys(("doubt_id", "name_a", "name_b", "sentence"), "D1")
    with writing(engine, WHOLE) as connection:
        write_decision(
            connection,
            Reader("s2", "data_analyst", "review"),
            keys | told | {"asks": "pair", "answer": "same", "reason": "a mistake", "run_id": run.run_id},
        )


def test_ids_stay_when_a_file_is_replaced_by_a_corrected_one(inbox: Path, tmp_path: Path) -> None:
    home = loaded(tmp_path / "home", without_gazetteer(inbox))
    before = refreshed(home)
    (old,) = [receipt for receipt in receipts(home) if receipt.file == "council_tax_2013-04.csv"]
    text = (inbox / "council_tax_2013-04.csv").read_text("utf-8-sig").splitlines()
    corrected = tmp_path / "council_tax_2013-04_corrected.csv"
    corrected.write_text("\n".join([*text[:-1], text[-1] + " "]) + "\n", "utf-8")
    shutil.rmtree(home / "deliveries" / old.delivery)
    loaded(home, [corrected])
    after = refreshed(home)
    (new,) = [receipt for receipt in receipts(home) if receipt.file == corrected.name]
    rows = [
        run.table("person_of_record").filter(delivery=delivery).select("row", "part", "person_id")
        for run, delivery in ((before, old.delivery), (after, new.delivery))
    ]
    both = rows[0].join(rows[1], on=["row", "part"], suffix="_now")
    assert both.height == rows[0].height
    same = both.filter(pl.col("person_id") == pl.col("person_id_now")).height
    assert same / both.height > 0.99
    assert after.table("family_members")["family_id"].unique().sort().equals(
        before.table("family_members")["family_id"].unique().sort()
    )  # fmt: skip


def test_rules_of_ones_own_are_used_once_they_are_signed_or_on_request(inbox: Path, tmp_path: Path) -> None:
    home = loaded(tmp_path / "home", [path for path in without_gazetteer(inbox) if "session" not in path.name])
    ours = tmp_path / "ours.toml"
    ours.write_text('extends = "tf1-2012"\nauthority = "Borough"\nswitches = { rounding = "whole_percent" }\n')
    engine = open_casebook(f"sqlite:///{home}/casebook.sqlite")
    asked = Asked(
        as_of=AS_OF,
        ruleset=str(ours),
        database_url=str(engine.url),
        published_at=dt.datetime(2013, 9, 2, tzinfo=dt.UTC),
    )
    with pytest.raises(Refused, match="Nobody has signed these rules"):
        refresh(Home(home), asked)
    assert Home(home).current() is None
    tried = refresh(Home(home), dataclasses.replace(asked, unsigned=True))
    assert tried.manifest["ruleset"]["overlay"] == "Borough"
    analyst = Reader("a1", "data_analyst", "rules")
    version = propose(engine, analyst, ours.read_bytes(), name=ours.name, counts_from=AS_OF, reason="the board")
    sign(engine, MANAGER, version)
    assert refresh(Home(home), asked).run_id == tried.run_id
