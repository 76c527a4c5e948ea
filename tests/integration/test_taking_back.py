"""A delivery taken back, and rejected rows corrected: whole or not at all, and the record says so."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from deliveries import RECEIVED, write

from families.errors import Refused
from families.sources.receipts import Receipt
from families.sources.replaying import (
    NUMBER,
    WHOLE,
    WHY,
    as_csv,
    rejects_of,
    replay,
    replay_code,
    unknown_codes,
    waiting,
)
from families.sources.store import load, read_records, receipts
from families.sources.taking_back import corrections_of, gone_in_words, gone_since, take_back, taken_back

AT = dt.datetime(2013, 9, 3, 9, 30, tzinfo=dt.UTC)
HEAD = "CaseRef,Surname,Forename,DOB,Address,Postcode,Measure,Ground,IssuedDate,EndDate\n"
GOOD = "1,Ash,Amy,,,,ASBO,,01/02/2013,\n"
BAD = "2,,,,,,ASBO,,03/04/2013,\n3,Elm,Eve,,,,,,05/06/2013,\n4,Oak\n"


def loaded(home: Path, name: str, content: str, **more: object) -> Receipt:
    (receipt,) = load(home, [write(home.parent, name, content)], received_on=RECEIVED, is_apart=False, **more)  # type: ignore[arg-type]
    return receipt


def corrected(home: Path, delivery: str, **values: dict[str, str]) -> bytes:
    """The rejects as written out, with values put right by row number; rows not named are left out."""
    rows = list(csv.DictReader(io.StringIO(as_csv(rejects_of(home, delivery)).decode("utf-8-sig"))))
    kept = [row | values[f"r{row[NUMBER]}"] for row in rows if f"r{row[NUMBER]}" in values]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(kept)
    return out.getvalue().encode()


def back(home: Path, delivery: str, **more: object) -> object:
    return take_back(home, delivery, **({"by": "a.jones", "at": AT, "reason": "The wrong month."} | more))  # type: ignore[arg-type]


def test_a_delivery_taken_back_counts_no_more_and_stays_in_the_record(tmp_path: Path) -> None:
    home = tmp_path / "home"
    kept = loaded(home, "a.csv", HEAD + GOOD)
    gone = loaded(home, "b.csv", HEAD + GOOD.replace("Amy", "Ann"))
    before = read_records(home, deliveries=[kept.delivery])
    back(home, gone.delivery)
    assert [receipt.delivery for receipt in receipts(home)] == [kept.delivery]
    assert all(before[name].equals(frame) for name, frame in read_records(home).items())
    (record,) = taken_back(home)
    assert (record.receipt, record.by, record.at, record.reason) == (gone, "a.jones", AT, "The wrong month.")
    (since,) = gone_since(home, {kept.delivery, gone.delivery})
    assert gone_in_words(since) == (
        "b.csv was taken back on 03/09/2013 (The wrong month): what is shown still uses it, and the next refresh will "
        "not."
    )


def test_what_was_taken_back_may_come_again_and_go_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = loaded(home, "a.csv", HEAD + GOOD)
    back(home, first.delivery)
    again = loaded(home, "a.csv", HEAD + GOOD)
    assert (again.delivery, again.load) == (first.delivery, first.load + 1)
    assert gone_since(home, {first.delivery}) == []
    back(home, again.delivery)
    assert [each.receipt.load for each in taken_back(home)] == [2, 1]


@pytest.mark.parametrize("reason", ["", "  "])
def test_taking_back_needs_a_reason_and_a_delivery(tmp_path: Path, reason: str) -> None:
    home = tmp_path / "home"
    receipt = loaded(home, "a.csv", HEAD + GOOD)
    with pytest.raises(Refused, match="Say why"):
        back(home, receipt.delivery, reason=reason)
    with pytest.raises(Refused, match="no delivery of this id"):
        back(home, "0" * 16)
    back(home, receipt.delivery)
    with pytest.raises(Refused, match="was taken back on 03/09/2013"):
        back(home, receipt.delivery)


def test_rejected_rows_are_written_out_in_their_own_layout_and_loaded_corrected(tmp_path: Path) -> None:
    home = tmp_path / "home"
    original = loaded(home, "asb_2013-08.csv", HEAD + GOOD + BAD)
    assert (original.accepted, original.rejected) == (1, 3)
    waits = rejects_of(home, original.delivery)
    assert waits.headings == HEAD.strip().split(",")
    assert [(row[NUMBER], row[WHOLE]) for row in waits.rows] == [("2", ""), ("3", ""), ("4", "4,Oak")]
    assert all(row[WHY] for row in waits.rows)
    file = corrected(home, original.delivery, r2={"Surname": "Fir"}, r3={"Surname": "Elm"})
    made = replay(home, original.delivery, file, by="a.jones", on=AT.date(), is_apart=False)
    assert (made.file, made.received_on) == ("asb_2013-08.csv (corrected)", original.received_on)
    assert made.replaces
    assert (made.replaces.delivery, made.replaces.rows, made.replaces.by) == (original.delivery, (2, 3), "a.jones")
    assert (made.rows_in, made.accepted, made.rejected) == (2, 1, 1)  # row 3 still has no measure
    people = read_records(home, ["persons", "asb_measures"])
    assert set(people["persons"]["surname"]) == {"Ash", "Fir"}
    assert dt.date(2013, 4, 3) in people["asb_measures"]["issued_on"].to_list()
    assert (waiting(home, original), waiting(home, made)) == (1, 1)
    assert [row[NUMBER] for row in rejects_of(home, original.delivery).rows] == ["4"]


def test_the_same_as_if_the_rows_had_been_right_at_first(tmp_path: Path) -> None:
    one, other = tmp_path / "one" / "home", tmp_path / "other" / "home"
    right = loaded(one, "asb_2013-08.csv", HEAD + GOOD + "2,Fir,Una,,,,ASBO,,03/04/2013,\n")
    wrong = loaded(other, "asb_2013-08.csv", HEAD + GOOD + "2,,,,,,ASBO,,03/04/2013,\n")
    file = corrected(other, wrong.delivery, r2={"Surname": "Fir", "Forename": "Una"})
    replay(other, wrong.delivery, file, by="a.jones", on=AT.date(), is_apart=False)
    columns = ["surname", "forename", "stated_on", "role"]
    found = [read_records(home, ["persons"])["persons"].select(columns).sort(columns) for home in (one, other)]
    assert found[0].equals(found[1])
    assert right.rows_in == 2


def test_dates_are_read_as_the_delivery_s_own_were(tmp_path: Path) -> None:
    home = tmp_path / "home"
    turned = HEAD + "1,Ash,Amy,,,,ASBO,,02/25/2013,\n2,,,,,,ASBO,,03/04/2013,\n"
    original = loaded(home, "us.csv", turned)
    file = corrected(home, original.delivery, r2={"Surname": "Fir"})
    replay(home, original.delivery, file, by="a.jones", on=AT.date(), is_apart=False)
    assert dt.date(2013, 3, 4) in read_records(home, ["asb_measures"])["asb_measures"]["issued_on"].to_list()
    british = loaded(home, "uk.csv", HEAD + GOOD.replace("01/02", "25/02") + "2,,,,,,ASBO,,03/25/2013,\n")
    file = corrected(home, british.delivery, r2={"Surname": "Fir"})
    with pytest.raises(Refused, match="cannot be read as day, month, year"):
        replay(home, british.delivery, file, by="a.jones", on=AT.date(), is_apart=False)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda file: file.replace(b"\r\n2,", b"\r\n7,"), "row 7 that is no rejected row"),
        (lambda file: file.replace(b"\r\n2,", b"\r\nx,"), "a number that is no rejected row"),
        (lambda file: file.replace(b"Surname", b"Name"), "lack the column Surname"),
        (lambda file: file + file.split(b"\r\n")[1] + b"\r\n", "stands twice"),
        (lambda file: file.split(b"\r\n")[0], "are none"),
        (lambda file: file + b"9,9\r\n", "more or fewer values"),
        (lambda _: b"\x00" * ((25 << 20) + 1), "larger than 25 MiB"),
        (lambda _: b"", "lack the columns"),
    ],
)
def test_what_cannot_stand_for_the_rejected_rows_is_refused(tmp_path: Path, change, told: str) -> None:
    home = tmp_path / "home"
    original = loaded(home, "asb.csv", HEAD + GOOD + BAD)
    file = corrected(home, original.delivery, r2={"Surname": "Fir"})
    with pytest.raises(Refused, match=told):
        replay(home, original.delivery, change(file), by="a.jones", on=AT.date(), is_apart=False)
    assert len(receipts(home)) == 1


def test_a_row_is_corrected_once_and_a_return_that_is_one_whole_never(tmp_path: Path) -> None:
    home = tmp_path / "home"
    original = loaded(home, "asb.csv", HEAD + GOOD + BAD)
    file = corrected(home, original.delivery, r2={"Surname": "Fir"})
    made = replay(home, original.delivery, file, by="a.jones", on=AT.date(), is_apart=False)
    with pytest.raises(Refused, match=f"corrected before, by delivery {made.delivery}"):
        replay(home, original.delivery, file + b"\r\n", by="a.jones", on=AT.date(), is_apart=False)
    back(home, original.delivery)
    assert receipts(home) == []
    assert {each.receipt.delivery for each in taken_back(home)} == {original.delivery, made.delivery}


def test_nothing_written_out_acts_as_a_formula_and_all_of_it_comes_back(tmp_path: Path) -> None:
    home = tmp_path / "home"
    original = loaded(home, "asb.csv", HEAD + "=1+1,,,,'=x,'t,ASBO,,01/02/2013,\n" + GOOD)
    written = as_csv(rejects_of(home, original.delivery)).decode("utf-8-sig")
    cells = [cell for line in csv.reader(io.StringIO(written)) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    file = corrected(home, original.delivery, r1={"Surname": "Fir"})
    made = replay(home, original.delivery, file, by="a.jones", on=AT.date(), is_apart=False)
    person = read_records(home, ["persons"], deliveries=[made.delivery])["persons"].row(0, named=True)
    assert (person["source_person_id"], person["address"]) == ("=1+1", "'=x")


MARKS = "UPN,LAEstab,Date,Session,Mark\n"
UPN_ROWS = "".join(
    f"B881200203003,8814001,{day:02d}/10/2012,AM,{mark}\n"
    for day, mark in ((15, "?1"), (16, "?1"), (17, "?1"), (18, "/"), (19, "?2"))
)


def test_a_code_is_said_once_for_all_rows_that_were_refused_for_it_and_remembered(tmp_path: Path) -> None:
    home = tmp_path / "home"
    original = loaded(home, "marks_2012-13_autumn.csv", MARKS + UPN_ROWS)
    assert (original.accepted, original.rejected_by_rule) == (1, {"code": 4})
    (found,) = unknown_codes(home, original.delivery)  # the other stands in one row, and is not shown
    assert (found.column, found.heading, found.value, found.rows) == ("mark", "mark", "?1", 3)
    asked = {"column": "mark", "by": "a.jones", "on": AT.date(), "is_apart": False}
    made = replay_code(home, original.delivery, value="?1", codes={"mark": {"?1": "O"}}, **asked)
    assert (made.rows_in, made.accepted, waiting(home, original)) == (3, 3, 1)
    (week,) = read_records(home, ["marks"], deliveries=[made.delivery])["marks"]["marks"].to_list()
    assert week.replace(" ", "").count("O") == 3
    assert made.mapping
    assert made.mapping["codes"] == {"mark": {"?1": "O"}}
    file = corrected(home, original.delivery, r5={})
    assert replay(home, original.delivery, file, by="a.jones", on=AT.date(), is_apart=False, dry_run=True).rejected == 1
    codes = {"mark": {"?2": "/"}}
    again = replay(home, original.delivery, file, by="a.jones", on=AT.date(), codes=codes, is_apart=False)
    assert (again.accepted, again.rejected) == (1, 0)
    with pytest.raises(Refused, match="waits for that code"):
        replay_code(home, original.delivery, value="?1", codes=codes, **asked)


TAKER = """
import datetime as dt, sys
from pathlib import Path
from families.sources.store import receipts
from families.sources.taking_back import take_back
home = Path(sys.argv[1])
print("ready", flush=True)
for receipt in receipts(home):
    take_back(home, receipt.delivery, by="x", at=dt.datetime(2013, 9, 3, tzinfo=dt.UTC), reason="test")
"""


def test_killed_at_any_moment_a_delivery_is_here_whole_or_taken_back_whole(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for number in range(12):
        loaded(home, f"{number:02d}.csv", HEAD + GOOD.replace("Amy", f"Amy{number}"))
    for wait in (0.0, 0.01, 0.03):
        taker = subprocess.Popen([sys.executable, "-c", TAKER, str(home)], stdout=subprocess.PIPE)
        assert taker.stdout is not None
        taker.stdout.readline()
        time.sleep(wait)
        os.kill(taker.pid, signal.SIGKILL)
        taker.wait()
        taker.stdout.close()
        there, gone = receipts(home), taken_back(home)
        assert len(there) + len(gone) == 12
        assert read_records(home)["persons"].height == len(there)
    for receipt in receipts(home):
        back(home, receipt.delivery)
    assert (len(receipts(home)), len(taken_back(home))) == (0, 12)


REPLAYER = """
import datetime as dt, sys
from pathlib import Path
from families.sources.replaying import replay
print("ready", flush=True)
corrected = Path(sys.argv[3]).read_bytes()
replay(Path(sys.argv[1]), sys.argv[2], corrected, by="x", on=dt.date(2013, 9, 3), is_apart=False)
"""


def test_a_replay_that_is_killed_leaves_the_rows_waiting_or_corrected(tmp_path: Path) -> None:
    home = tmp_path / "home"
    original = loaded(home, "asb.csv", HEAD + GOOD + BAD)
    file = write(tmp_path, "fixed.csv", corrected(home, original.delivery, r2={"Surname": "Fir"}))
    command = [sys.executable, "-c", REPLAYER, str(home), original.delivery, str(file)]
    for wait in (0.0, 0.05, 0.2):
        taker = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert taker.stdout is not None
        taker.stdout.readline()
        time.sleep(wait)
        os.kill(taker.pid, signal.SIGKILL)
        taker.wait()
        taker.stdout.close()
        is_done = len(receipts(home)) == 2
        assert waiting(home, original) == (2 if is_done else 3)
        assert len(corrections_of(home, original.delivery)) == is_done
        assert read_records(home)["persons"].height == 1 + is_done
