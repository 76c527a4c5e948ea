"""Session marks: wide strings, corrections, and what is no mark."""

import datetime as dt
import io
from pathlib import Path

import polars as pl
import pytest
from deliveries import taken_in
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from families.errors import Refused

A, B = "W881200115001", "E881201019042"
HEADER = "UPN,LAEstab,Date,Session,Mark,Received\n"


def test_marks_become_one_string_a_half_term(tmp_path: Path) -> None:
    receipt, records = taken_in(
        tmp_path,
        "marks_2012-13_autumn.csv",
        HEADER + f"{A},8814001,2012-09-04,AM,/,\n{A},8814001,2012-09-04,PM,\\,\n{A},881/4001,2012-09-10,AM,C1,\n"
        f"{A},8814001,2012-11-05,PM,I,\n{B},8814001,2012-09-05,AM,L,\n",
    )
    assert records["marks"].select("row", "academic_year", "term", "half", "first_monday", "marks").rows() == [
        (1, "2012/13", "autumn", 1, dt.date(2012, 9, 3), "  /\\      c         "),
        (1, "2012/13", "autumn", 2, dt.date(2012, 11, 5), " I        "),
        (5, "2012/13", "autumn", 1, dt.date(2012, 9, 3), "    L               "),
    ]
    assert records["persons"].select("row", "upn").rows() == [(1, A), (5, B)]
    assert records["coverage"].select("school", "covers_from", "covers_to", "basis").rows() == [
        ("8814001", dt.date(2012, 9, 4), dt.date(2012, 11, 5), "inferred")
    ]
    assert receipt.accepted == 5


def test_the_later_received_mark_wins_else_the_hierarchy_and_each_loser_is_counted(tmp_path: Path) -> None:
    receipt, records = taken_in(
        tmp_path,
        "m.csv",
        HEADER + f"{A},8814001,2012-09-03,AM,I,2012-09-10 09:30\n{A},8814001,2012-09-03,AM,/,2012-09-10 09:15\n"
        f"{A},8814001,2012-09-03,PM,O,\n{A},8814001,2012-09-03,PM,\\,\n"  # present beats unauthorised
        f"{A},8814001,2012-09-04,AM,O,\n{A},8814001,2012-09-04,AM,O,\n"  # word for word the same
        f"{A},8814001,2012-09-04,PM,O,\n{A},8814001,2012-09-04,PM,-,\n",  # a mark beats none
    )
    assert records["marks"]["marks"].to_list() == ["I\\OO      "]
    assert (receipt.accepted, receipt.duplicate, receipt.superseded) == (4, 1, 3)


def test_what_is_no_mark_is_set_aside_with_its_reason(tmp_path: Path) -> None:
    receipt, records = taken_in(
        tmp_path,
        "m.csv",
        HEADER + f"{A},8814001,2012-09-03,AM,/,\nUnknown,8814001,2012-09-03,AM,/,\n{A},4001,2012-09-03,AM,/,\n"
        f"{A},8814001,2012-02-30,AM,/,\n{A},8814001,2012-09-08,AM,/,\n{A},8814001,2012-09-04,EV,/,\n"
        f"{A},8814001,2012-09-04,AM,?,\n{A},8814001,2012-09-04,AM,+,\n{A},8814001,2012-09-04,AM\n",
    )
    assert receipt.rejected_by_rule == {
        "code": 2, "date": 1, "ragged": 1, "school": 1, "session": 1, "upn": 1, "weekend": 1,
    }  # fmt: skip
    assert records["rejected"]["row"].to_list() == list(range(2, 10))


def test_no_mark_recorded_is_accepted_and_flagged(tmp_path: Path) -> None:
    receipt, records = taken_in(
        tmp_path, "m.csv", HEADER + f"{A},8814001,2012-09-03,AM,-,\n{A},8814001,2012-09-03,PM,\\,\n"
    )
    assert records["marks"]["marks"].to_list() == [" \\        "]
    assert receipt.flags_by_rule == {"no_mark": 1}


def test_parquet_and_csv_give_the_same_tables(tmp_path: Path) -> None:
    text = HEADER + f"{A},8814001,2012-09-03,AM,/,\n{B},8814001,2013-01-09,PM,C2,\n"
    buffer = io.BytesIO()
    frame = pl.read_csv(text.encode(), schema_overrides={"LAEstab": pl.Int64}, try_parse_dates=True)
    frame.write_parquet(buffer)
    _, from_csv = taken_in(tmp_path / "a", "m.csv", text)
    _, from_parquet = taken_in(tmp_path / "b", "m.parquet", buffer.getvalue())
    for table in ("marks", "persons", "coverage"):
        assert from_csv[table].drop("delivery").equals(from_parquet[table].drop("delivery"))


def test_a_cut_short_parquet_file_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    pl.DataFrame(
        {"UPN": [A], "LAEstab": ["8814001"], "Date": ["2012-09-03"], "Session": ["AM"], "Mark": ["/"]}
    ).write_parquet(buffer)
    with pytest.raises(Refused, match="cut short"):
        taken_in(tmp_path, "m.parquet", buffer.getvalue()[:-20])


MARKS = st.lists(
    st.tuples(
        st.sampled_from([A, B]),
        st.sampled_from(["8814001", "8812001"]),
        st.dates(dt.date(2012, 12, 17), dt.date(2013, 1, 11)).filter(lambda day: day.weekday() < 5),
        st.sampled_from(["AM", "PM"]),
        st.sampled_from(["/", "I", "O", "C1", "X", "-"]),
    ),
    min_size=1,
    max_size=60,
)


@given(marks=MARKS, data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_changes_nothing_but_row_numbers(
    tmp_path_factory: pytest.TempPathFactory, marks: list, data: st.DataObject
) -> None:  # type: ignore[type-arg]
    """The grid against the plainest reading: a dictionary; and any order of rows gives the same strings."""
    rank = {"/": 0, "C1": 2, "I": 2, "O": 3, "X": 4, "-": 5}
    plain: dict[tuple[str, ...], str] = {}
    for upn, school, day, session, mark in marks:
        key = (upn, school, day.isoformat(), session)
        if key not in plain or rank[mark] < rank[plain[key]]:
            plain[key] = mark
    shuffled = data.draw(st.permutations(marks))
    lines = "".join(f"{u},{s},{d},{h},{m},\n" for u, s, d, h, m in shuffled)
    receipt, records = taken_in(tmp_path_factory.mktemp("m"), "m.csv", HEADER + lines)
    told: dict[tuple[str, ...], str] = {}
    people = records["marks"].join(records["persons"].select("row", "upn"), on="row")
    for upn, school, monday, text in people.select("upn", "school", "first_monday", "marks").rows():
        for place, mark in enumerate(text):
            day = monday + dt.timedelta(days=place // 10 * 7 + place % 10 // 2)
            if mark != " ":
                told[upn, school, day.isoformat(), "AM" if place % 2 == 0 else "PM"] = mark
    ties = {key: mark for key, mark in plain.items() if mark != "-"}
    assert told.keys() == ties.keys()
    assert all(rank[{"c": "C1"}.get(told[key], told[key])] == rank[ties[key]] for key in ties)
    assert receipt.accepted == len(plain)
