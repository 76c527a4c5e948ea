"""Loading is whole or not at all, in any order, once."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from deliveries import RECEIVED, write

from families.errors import Refused
from families.sources.receipts import from_json
from families.sources.report import reasons, receipts_table
from families.sources.store import SomeRefused, load, load_each, read_records, receipts

ASB = (
    "CaseRef,Surname,Forename,DOB,Address,Postcode,Measure,Ground,IssuedDate,EndDate\n1,Ash,Amy,,,,ASBO,,01/02/2013,\n"
)
SCHOOLS = "LA (code),EstablishmentNumber,EstablishmentName\n881,2001,Ash Primary\n"
NOTE = "source,school,covers_from,covers_to\nasb,,2012-09-01,2013-08-31\n"


def inbox(folder: Path) -> Path:
    for name, content in {"asb_2013-08.csv": ASB, "deep/schools.csv": SCHOOLS, "delivery_note.csv": NOTE}.items():
        write(folder / "in", name, content)
    return folder / "in"


def test_good_files_of_a_folder_load_and_each_bad_one_gets_its_sentence(tmp_path: Path) -> None:
    folder = inbox(tmp_path)
    write(folder, "a.csv", "")
    write(folder, "b.pdf", "%PDF")
    write(folder, "README.md", "not a delivery")
    with pytest.raises(SomeRefused) as told:
        load(tmp_path / "home", [folder], received_on=RECEIVED)
    assert [receipt.source for receipt in told.value.receipts] == ["asb", "schools", "delivery_note"]
    assert len(told.value.refusals) == 2
    assert len(receipts(tmp_path / "home")) == 3


def test_a_note_on_a_file_that_never_came_covers_nothing(tmp_path: Path) -> None:
    """A file that is late, was refused or taken back is silent; with its note counted, silence would mean no."""
    home = tmp_path / "home"
    note = write(tmp_path, "delivery_note.csv", NOTE + "dwp,,2012-09-01,2013-08-31\n")

    def stated() -> list[str]:
        return read_records(home, ["coverage"])["coverage"].filter(basis="stated")["source"].to_list()

    load(home, [note], received_on=RECEIVED, is_apart=False)
    assert stated() == []
    (asb,) = load(home, [write(tmp_path, "asb.csv", ASB)], received_on=RECEIVED, is_apart=False)
    assert stated() == ["asb"]
    of_note = [receipt.delivery for receipt in receipts(home) if receipt.delivery != asb.delivery]
    assert read_records(home, ["coverage"], deliveries=of_note)["coverage"].is_empty()


def test_the_same_bytes_are_taken_once_whatever_they_are_called(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (first,) = load(home, [write(tmp_path, "asb.csv", ASB)], received_on=RECEIVED, is_apart=False)
    for path in (tmp_path / "asb.csv", write(tmp_path, "renamed.txt", ASB)):
        with pytest.raises(Refused, match=first.delivery):
            load(home, [path], received_on=RECEIVED, is_apart=False)
    assert len(receipts(home)) == 1


def test_order_of_loading_changes_no_record(tmp_path: Path) -> None:
    files = sorted(path for path in inbox(tmp_path).rglob("*.csv"))
    for name, order in (("a", files), ("b", files[::-1])):
        for file in order:
            load(tmp_path / name, [file], received_on=RECEIVED, is_apart=False)
    one, other = (read_records(tmp_path / name) for name in ("a", "b"))
    assert all(one[table].equals(other[table]) for table in one)


def test_a_trial_writes_nothing(tmp_path: Path) -> None:
    loaded = load_each(tmp_path / "home", [inbox(tmp_path)], received_on=RECEIVED, dry_run=True, is_apart=False)
    assert [receipt.rows_in for receipt in loaded.receipts] == [1, 1, 1]
    assert not (tmp_path / "home").exists()


def test_a_trial_is_compared_with_the_delivery_of_its_source_before(tmp_path: Path) -> None:
    head = "UPN,Surname,Forename,DOB,LAEstab,Category,StartDate,EndDate,Sessions,Reason1\n"
    rows = [
        f",Name{place},Amy,,{school},FIXD,1{place}/09/2012,,2,DA\n"
        for place, school in enumerate((8814001, 8814002, 8814002))
    ]
    home = tmp_path / "home"
    load(home, [write(tmp_path, "one.csv", head + "".join(rows))], received_on=RECEIVED, is_apart=False)
    other = write(tmp_path, "two.csv", head + rows[0] + rows[0].replace("Name0", "Name7").replace("10/09", "20/09"))
    asked = {"dry_run": True, "received_on": RECEIVED, "is_apart": False}
    (trial,) = load_each(home, [other], **asked, is_careful=True).receipts
    assert trial.against is not None
    assert trial.against.schools_missing == ("8814002",)
    told = {each.what: (each.now, each.new, each.gone) for each in trial.against.differences}
    assert told == {"People": (2, 1, 2), "Exclusions": (2, 1, 2)}
    assert (trial.covers_from, trial.covers_to) == (dt.date(2012, 9, 10), dt.date(2012, 9, 20))
    assert from_json(trial.as_json()) == trial
    assert load_each(home, [other], **asked).receipts[0].against is None


@pytest.mark.parametrize("name", ["missing.csv", "empty"])
def test_a_path_that_leads_nowhere_gets_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refused, match=name):
        load(tmp_path / "home", [tmp_path / name], received_on=RECEIVED, is_apart=False)


def test_names_are_never_read_as_patterns(tmp_path: Path) -> None:
    home = tmp_path / "ho[m]e*"
    load(home, [write(tmp_path, "a[s]b*.csv", ASB)], received_on=RECEIVED, is_apart=False)
    assert read_records(home)["persons"].height == 1


def test_a_wrong_source_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "asb.csv", ASB)
    with pytest.raises(Refused, match="There is no source"):
        load(tmp_path / "home", [file], source="asbestos", received_on=RECEIVED)
    with pytest.raises(Refused, match="exclusions needs"):
        load(tmp_path / "home", [file], source="exclusions", received_on=RECEIVED, is_apart=False)


def test_receipts_are_told_without_names(tmp_path: Path) -> None:
    (receipt,) = load(
        tmp_path / "home", [write(tmp_path, "asb.csv", ASB + "2,,,,,,ASBO,,,\n")], received_on=RECEIVED, is_apart=False
    )
    assert reasons(receipt) == "unnamed 1; read day first, though nothing settles it: IssuedDate"
    assert receipts_table([receipt]).row_count == 2


LOADER = """
import datetime as dt, sys
from pathlib import Path
from families.sources.store import load_each
print("ready", flush=True)
load_each(Path(sys.argv[1]), [Path(sys.argv[2])], received_on=dt.date(2013, 9, 1), is_apart=False)
"""


def test_killed_at_any_moment_a_delivery_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """SIGKILL at many moments, one after the other in one home; afterwards everything loads and nothing is left over."""
    home = tmp_path / "home"
    folder = tmp_path / "in"
    for number in range(40):
        write(folder, f"{number:02d}_asb.csv", ASB.replace("Amy", f"Amy{number}"))
    for wait in (0.0, 0.05, 0.15, 0.3, 0.6):
        loader = subprocess.Popen(
            [sys.executable, "-c", LOADER, str(home), str(folder)], stdout=subprocess.PIPE, start_new_session=True
        )
        assert loader.stdout is not None
        loader.stdout.readline()
        time.sleep(wait)
        os.kill(loader.pid, signal.SIGKILL)
        loader.wait()
        loader.stdout.close()
        whole = receipts(home)
        assert read_records(home)["persons"].height == len(whole)
    loaded = load_each(home, [folder], received_on=RECEIVED, is_apart=False)
    assert len(loaded.receipts) + len(loaded.refusals) == 40
    assert len(receipts(home)) == 40
    assert not list((home / "deliveries").glob(".*"))


def test_a_zip_of_what_is_loaded_is_known(tmp_path: Path) -> None:
    home = tmp_path / "home"
    load(home, [write(tmp_path, "asb.csv", ASB)], received_on=RECEIVED, is_apart=False)
    with pytest.raises(Refused, match="loaded before"):
        load(home, [write(tmp_path, "asb.csv.gz", gzip.compress(ASB.encode()))], received_on=RECEIVED, is_apart=False)
    assert len(receipts(home)) == 1
