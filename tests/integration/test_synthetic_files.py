"""The made-up authority as files: the same every time, small enough to commit, and laid out as agreed."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import polars as pl
import pytest

from families.errors import UserError
from families.sources.store import load, load_each, read_records
from families.synthetic import synthesise
from families.synthetic.schooling import check_letter

RECORDS = {"file": pl.String, "row": pl.Int64, "part": pl.String, "true_person_id": pl.String}
OUTCOMES = ["child", "true_family_id", "ruleset", "criterion", "as_of", "true_outcome", "knowable_outcome"]
PARTNERS = (
    "electoral_register_2012-12.csv", "housing_2013-08.csv", "probation_2013-08.csv", "police_domestic_2013-08.csv",
    "health_services_2013-08.csv", "destinations_2013-08.csv", "early_help_2013-08.csv", "looked_after_2013-08.csv",
    "nominations_2013-08.csv", "employment_2013-08.csv", "asb_incidents_2013-08.csv",
)  # fmt: skip


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample")
    synthesise(directory, pupils=600, seed=1, file_format="parquet", report=lambda _: None)
    return directory


def _digests(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def _truth(sample: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(sample / "truth" / f"{name}.parquet")


def test_same_seed_and_size_give_the_same_bytes(sample: Path, tmp_path: Path) -> None:
    synthesise(tmp_path, pupils=600, seed=1, file_format="parquet", report=lambda _: None)
    assert _digests(tmp_path) == _digests(sample)


def test_another_seed_gives_another_authority(sample: Path, tmp_path: Path) -> None:
    synthesise(tmp_path, pupils=600, seed=2, file_format="parquet", report=lambda _: None)
    assert not _truth(tmp_path, "people").equals(_truth(sample, "people"))


def test_the_sample_is_small_enough_to_commit(sample: Path) -> None:
    assert sum(path.stat().st_size for path in sample.rglob("*") if path.is_file()) < 5_000_000


def test_every_kind_of_file_is_there(sample: Path) -> None:
    names = {path.relative_to(sample / "inbox").as_posix() for path in (sample / "inbox").rglob("*") if path.is_file()}
    for name in (
        "schools.csv", "delivery_note.csv", "gazetteer.csv", "council_tax_2013-04.csv", "dwp_match_2013-06.csv",
        "dwp_nomatch_2013-06.csv", "youth_justice_2013-08.csv", "asb_2013-08.csv", "social_care_2013-08.csv",
        "education_status_2013-08.csv", "attendance_2012_autumn.csv", "census/2013_summer_pupilonroll.csv",
        "census/2012_autumn_summerhalfterm2sessiondetailsonroll.csv", "marks/marks_2012-13_autumn.parquet",
        "exclusions/exclusions_2012-13_summer.csv", "ctf/8812001_CTF_881LLLL_001.xml", *PARTNERS,
        "delivery_note_partners.csv",
    ):  # fmt: skip
        assert name in names
    assert any(name.startswith("census_xml/") for name in names)


def test_truth_has_the_agreed_columns(sample: Path) -> None:
    assert dict(_truth(sample, "records").schema) == RECORDS
    assert _truth(sample, "people").columns[0] == "true_person_id"
    assert _truth(sample, "residence").columns == ["true_person_id", "true_address_id", "from", "to"]
    assert _truth(sample, "care").columns == ["child", "adult", "relation", "resident", "from", "to"]
    assert _truth(sample, "families").columns == ["true_family_id", "true_person_id", "role", "resident"]
    outcomes = _truth(sample, "outcomes")
    assert outcomes.columns == OUTCOMES
    assert set(outcomes["true_outcome"]) | set(outcomes["knowable_outcome"]) == {"met", "not_met", "unknown"}
    assert set(outcomes["criterion"]) == {"education", "crime_asb", "work", "local", "eligible"}
    assert (outcomes["child"].is_null() != outcomes["true_family_id"].is_null()).all()


def test_each_named_row_is_in_its_file(sample: Path) -> None:
    records = _truth(sample, "records")
    assert records.select("file", "row", "part").is_unique().all()
    for (file,), rows in records.filter(pl.col("file").str.ends_with(".csv")).group_by(["file"]):
        height = pl.scan_csv(sample / "inbox" / str(file), infer_schema=False).select(pl.len()).collect().item()
        assert rows["row"].min() >= 1  # type: ignore[operator]
        assert rows["row"].max() <= height  # type: ignore[operator]


@pytest.mark.parametrize("file", PARTNERS)
def test_a_partners_file_is_read_whole_and_names_whom_truth_says(sample: Path, tmp_path: Path, file: str) -> None:
    (receipt,) = load(tmp_path, [sample / "inbox" / file], received_on=dt.date(2013, 9, 1), is_apart=False)
    assert file.startswith(receipt.source)
    assert (receipt.accepted, receipt.rejected) == (receipt.rows_in, 0)
    said = _truth(sample, "records").filter(pl.col("file") == file).select("row", "part")
    read = read_records(tmp_path, ["persons", "flags"])
    nobody = read["flags"].filter(pl.col("rule") == "nobody_named").select("row")
    expected = said.join(nobody, on="row", how="anti")
    assert read["persons"].select("row", "part").sort("row", "part").equals(expected.sort("row", "part"))
    assert expected.height > 0


def test_what_the_partners_cover_is_stated(sample: Path, tmp_path: Path) -> None:
    files = [sample / "inbox" / name for name in (*PARTNERS, "delivery_note_partners.csv")]
    load(tmp_path, files, received_on=dt.date(2013, 9, 1), is_apart=False)
    coverage = read_records(tmp_path, ["coverage"])["coverage"]
    stated = coverage.filter(pl.col("basis") == "stated")
    assert set(stated["source"]) == {"housing", "probation", "police_domestic", "health_services", "destinations",
                                     "early_help", "looked_after", "nominations", "employment"}  # fmt: skip
    assert set(stated.select("covers_from", "covers_to").rows()) == {(dt.date(2011, 9, 1), dt.date(2013, 8, 31))}
    assert set(coverage["source"]) - set(stated["source"]) == {"electoral_register", "asb"}


def test_a_register_has_each_elector_once_and_no_child(sample: Path) -> None:
    electors = _truth(sample, "records").filter(pl.col("file") == PARTNERS[0])
    assert electors["true_person_id"].is_unique().all()
    born = electors.join(_truth(sample, "people"), on="true_person_id")["date_of_birth"]
    assert born.max() < dt.date(1995, 12, 1)  # type: ignore[operator]


def test_an_authority_may_reach_2016(tmp_path: Path) -> None:
    made = {"pupils": 100, "seed": 5, "file_format": "parquet", "report": lambda _: None}
    synthesise(tmp_path / "a", last_day=dt.date(2016, 8, 31), **made)  # type: ignore[arg-type]
    files = sorted((tmp_path / "a" / "inbox").glob("*.csv"))
    names = {path.name for path in files}
    assert {name.replace("2013-08", "2016-08").replace("2012-12", "2015-12") for name in PARTNERS} <= names
    loaded = load_each(tmp_path / "home", files, received_on=dt.date(2016, 9, 1), is_apart=False)
    assert loaded.refusals == []
    assert sum(receipt.rejected for receipt in loaded.receipts) == 0


def test_upns_of_the_census_have_their_check_letter(sample: Path) -> None:
    upn = pl.read_csv(sample / "inbox/census/2013_summer_pupilonroll.csv", infer_schema=False)["upn"]
    digits = upn.str.slice(1).str.split("").list.eval(pl.element().cast(pl.Int64)).to_list()
    assert check_letter(pl.Series(digits).list.to_array(12).to_numpy()).tolist() == upn.str.head(1).to_list()


def test_contacts_and_council_tax_have_no_date_of_birth(sample: Path) -> None:
    liable = pl.read_csv(sample / "inbox/council_tax_2013-04.csv", infer_schema=False)
    assert liable["Date of Birth 1"].null_count() == liable.height
    text = (sample / "inbox/ctf/8812001_CTF_881LLLL_001.xml").read_text("utf-8")
    assert "<DOB>" not in "".join(part.split("</Contact>")[0] for part in text.split("<Contact>")[1:])


def test_census_only_schools_send_no_feed(sample: Path) -> None:
    note = pl.read_csv(sample / "inbox/delivery_note.csv", infer_schema=False)
    feeding = set(note.filter(pl.col("source") == "session_marks")["school"])
    schools = pl.read_csv(sample / "inbox/schools.csv", infer_schema=False)
    every = set(schools.select(pl.col("LA (code)") + pl.col("EstablishmentNumber")).to_series())
    marks = pl.read_parquet(sample / "inbox/marks/marks_2012-13_summer.parquet")
    assert feeding < every
    assert set(marks["LAEstab"]) <= feeding


def test_an_authority_without_errors_states_only_what_is_true(tmp_path: Path) -> None:
    synthesise(tmp_path, pupils=300, seed=3, errors=0, file_format="csv", report=lambda _: None)
    pupils = pl.read_csv(tmp_path / "inbox/census/2013_summer_pupilonroll.csv", infer_schema=False)
    records = _truth(tmp_path, "records").filter(pl.col("file") == "census/2013_summer_pupilonroll.csv").sort("row")
    people = records.join(_truth(tmp_path, "people"), on="true_person_id", maintain_order="left")
    assert pupils["surname"].to_list() == people["surname"].to_list()
    assert pupils["dob"].str.slice(0, 4).to_list() == people["date_of_birth"].dt.strftime("%Y").to_list()


def test_without_a_gazetteer_there_is_none(tmp_path: Path) -> None:
    synthesise(tmp_path, pupils=200, seed=3, gazetteer=False, file_format="parquet", report=lambda _: None)
    assert not (tmp_path / "inbox/gazetteer.csv").exists()


def test_too_small_an_authority_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="at least 50 pupils"):
        synthesise(tmp_path, pupils=5, seed=1, report=lambda _: None)


def test_files_of_others_are_never_removed(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "real.csv").write_text("kept")
    with pytest.raises(UserError, match="name a new folder"):
        synthesise(tmp_path, pupils=100, seed=1, report=lambda _: None)
    assert (tmp_path / "inbox" / "real.csv").read_text() == "kept"
