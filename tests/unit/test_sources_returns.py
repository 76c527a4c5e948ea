"""School census returns in XML and as COLLECT tables, and Common Transfer Files."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from deliveries import RECEIVED, taken_in, write

from families.errors import Refused
from families.sources.census_terms import census_term
from families.sources.store import load, read_records

SAMPLES = Path("tests/data/samples")
D = dt.date


def census(term: str, year: int, pupils: str, gone: str = "") -> str:
    return (
        f"<Message><Header><CollectionDetails><Collection>SC</Collection><Term>{term}</Term><Year>{year}</Year>"
        "</CollectionDetails><Source><LEA>881</LEA><Estab>2001</Estab></Source></Header><School/><Pupils>"
        f"<PupilsOnRoll>{pupils}</PupilsOnRoll><PupilsNoLongerOnRoll>{gone}</PupilsNoLongerOnRoll></Pupils></Message>"
    )


def pupil(surname: str, inner: str = "", tag: str = "PupilOnRoll", status: str = "") -> str:
    return (
        f"<{tag}><PupilIdentifiers><UPN>W881200115001</UPN><Surname>{surname}</Surname><Forename>Amy</Forename>"
        f"<DOB>2001-02-03</DOB><Gender>F</Gender></PupilIdentifiers><PupilStatus>{status}</PupilStatus>{inner}</{tag}>"
    )


def test_an_autumn_return_counts_the_summer_in_two_halves(tmp_path: Path) -> None:
    inner = (
        "<HomeInformation><Addresses><Address><BS7666Address><SAON>Flat 1</SAON><PAON>2</PAON><Street>Ash Road</Street>"
        "<Town>Chelmsford</Town></BS7666Address><PostCode>CM1 1AA</PostCode></Address></Addresses></HomeInformation>"
        "<Exclusions><TermlyExclusion><Category>FIXD</Category><StartDate>2013-02-04</StartDate>"
        "<ActualNumberOfSessions>4</ActualNumberOfSessions><Reason>DB</Reason></TermlyExclusion></Exclusions>"
        "<Attendance><TermlyAttendance><SessionsPossible>60</SessionsPossible><SessionDetails><SessionDetail>"
        "<AttendanceReason>O</AttendanceReason><AbsenceSessions>9</AbsenceSessions></SessionDetail></SessionDetails>"
        "</TermlyAttendance><SummerHalfTerm2Attendance><SessionsPossible>70</SessionsPossible><SessionDetails>"
        "<SessionDetail><AttendanceReason>U</AttendanceReason><Sessions>3</Sessions></SessionDetail></SessionDetails>"
        "</SummerHalfTerm2Attendance></Attendance>"
    )
    gone = pupil("Oak", tag="PupilNoLongerOnRoll", status="<LeavingDate>2013-07-19</LeavingDate>")
    _, records = taken_in(tmp_path, "8812001_SC3_881LL13_001.xml", census("AUT", 2013, pupil("Ash", inner), gone))
    assert records["attendance_counts"].select("academic_year", "term", "half", "code", "sessions").sort(
        "half", "code"
    ).rows() == [
        ("2012/13", "summer", 1, "O", 9),
        ("2012/13", "summer", 1, "possible", 60),
        ("2012/13", "summer", 2, "U", 3),
        ("2012/13", "summer", 2, "possible", 70),
    ]
    assert records["enrolments"].select("row", "part", "school", "is_on_roll", "leaving_date").rows() == [
        (1, "pupil", "8812001", True, None),
        (2, "pupil", "8812001", False, D(2013, 7, 19)),
    ]
    assert records["persons"]["address"][0] == "Flat 1, 2 Ash Road, Chelmsford"
    assert records["exclusions"].select("category", "started_on", "sessions", "reasons").rows() == [
        ("FIXD", D(2013, 2, 4), 4, "DB")
    ]
    assert records["coverage"].select("source", "covers_from", "covers_to", "basis").rows() == [
        ("school_census", D(2013, 4, 1), D(2013, 7, 31), "stated"),
        ("exclusions", D(2013, 1, 1), D(2013, 3, 31), "stated"),
    ]
    assert records["enrolments"]["stated_on"][0] == D(2013, 10, 3)


@pytest.mark.parametrize(
    ("code", "counted", "exclusions_from"),
    [("SPR", ("2011/12", "autumn", None), D(2011, 4, 25)), ("SUM", ("2011/12", "spring", None), D(2011, 8, 1))],
)
def test_spring_and_summer_returns_count_the_term_before(
    code: str, counted: tuple[str, str, int | None], exclusions_from: dt.date
) -> None:
    census = census_term(2012, code)
    assert (census.attendance.academic_year, census.attendance.term, census.attendance.half) == counted
    assert census.exclusions.first_day == exclusions_from


def test_the_rule_and_the_schedule_agree_outside_the_schedule() -> None:
    assert census_term(2030, "AUT").attendance.window.first_day == D(2030, 4, 22)  # the day after Easter Sunday
    assert census_term(2011, "AUT").second_half is None


def test_an_identical_pupil_is_a_duplicate_and_a_nameless_one_rejected(tmp_path: Path) -> None:
    nameless = "<PupilOnRoll><PupilIdentifiers><DOB>2001-02-03</DOB></PupilIdentifiers></PupilOnRoll>"
    receipt, records = taken_in(tmp_path, "a.xml", census("SPR", 2013, pupil("Ash") * 2 + nameless))
    assert (receipt.rows_in, receipt.accepted, receipt.duplicate, receipt.rejected) == (3, 1, 1, 1)
    assert records["rejected"]["row"].to_list() == [3]


def test_a_transfer_file_gives_contacts_and_where_they_live(tmp_path: Path) -> None:
    content = (SAMPLES / "ctf_structure_only.xml").read_bytes()
    _, records = taken_in(tmp_path, "ctf.xml", content)
    assert records["contacts"].select(
        "part", "relationship", "has_parental_responsibility", "lives_with_pupil"
    ).rows() == [
        ("contact 1", "PAM", True, True),
        ("contact 2", "PAF", True, False),
    ]
    by_part = {row["part"]: row for row in records["persons"].to_dicts()}
    assert by_part["contact 1"]["address"] == by_part["pupil"]["address"] == "Flat 2, 14 Example Road, Chelmsford"
    assert by_part["contact 2"]["address"] == "3 Other Street, Colchester"
    assert by_part["pupil"]["former_surname"] == "Demo"
    assert records["enrolments"].select("school", "stated_on", "is_on_roll").rows() == [
        ("8812001", D(2025, 7, 1), None)
    ]


def test_the_sample_census_return_reads(tmp_path: Path) -> None:
    content = (SAMPLES / "census_xml_structure_only.xml").read_bytes()
    _, records = taken_in(tmp_path, "census.xml", content)
    counts = records["attendance_counts"]
    assert counts.select("academic_year", "term").unique().rows() == [("2024/25", "autumn")]
    assert counts.filter(pl.col("code") == "\\")["sessions"].to_list() == [66]


def test_collect_tables_are_one_delivery_and_every_row_is_counted(tmp_path: Path) -> None:
    folder = SAMPLES / "school_census_extract_2024_autumn"
    (receipt,) = load(tmp_path / "home", [folder], received_on=RECEIVED)
    assert receipt.source == "school_census_tables"
    assert receipt.rows_in == receipt.accepted + receipt.rejected + receipt.duplicate
    assert receipt.rejected_by_rule == {"orphan": 6, "sessions_blank": 20}
    records = read_records(tmp_path / "home")
    assert set(records["persons"]["part"]) >= {"pupilonroll", "pupilnolongeronroll"}
    first = records["persons"].filter(pl.col("part") == "pupilonroll", pl.col("row") == 1).to_dicts()[0]
    assert (first["surname"], first["date_of_birth"]) == ("SUR6864", D(2020, 4, 25))
    assert records["attendance_counts"].select("academic_year", "term", "half").unique().sort("half").rows() == [
        ("2023/24", "summer", 1),
        ("2023/24", "summer", 2),
    ]


def test_collect_schools_come_from_the_table_of_returns(tmp_path: Path) -> None:
    inbox = tmp_path / "in"
    write(
        inbox,
        "2013_spring_schoolcensus.csv",
        "schoolcensustableid,lea,estab,term,year,referencedate\nr1,881,2001,SPR,2013,2013-Jan-17 00:00:00\n",
    )
    write(
        inbox,
        "2013_spring_pupilonroll.csv",
        "pupilonrolltableid,NativeId,schoolcensustableid,upn,surname,forename,dob,gender,termlysessionspossible\n"
        "p1,881,r1,W881200115001,Ash,Amy,2001-Feb-03 00:00:00,F,132.0\n",
    )
    write(inbox, "2013_spring_addresses.csv",
          "addressesorderseqcolumn,pupilonrolltableid,paon,street,postcode,uniquepropertyreferencenumber\n"
          "2,p1,9,Oak Lane,CM1 1AB,-1.0\n1,p1,2,Ash Road,CM1 1AA,100090000001.0\n")  # fmt: skip
    write(
        inbox,
        "2013_spring_termlysessiondetailsonroll.csv",
        "pupilonrolltableid,absencesessions,attendancereason\np1,9.0,O\np2,1.0,O\n",
    )
    (receipt,) = load(tmp_path / "home", [inbox], received_on=RECEIVED)
    records = read_records(tmp_path / "home")
    assert records["persons"].select("part", "address", "uprn").rows() == [
        ("pupilonroll", "2 Ash Road", "100090000001"),
        ("pupilonroll address 2", "9 Oak Lane", None),
    ]
    assert records["attendance_counts"].select("part", "school", "term", "code", "sessions").rows() == [
        ("pupilonroll", "8812001", "autumn", "O", 9),
        ("pupilonroll", "8812001", "autumn", "possible", 132),
    ]
    assert receipt.rejected_by_rule == {"orphan": 1}
    assert records["enrolments"].select("school", "stated_on").rows() == [("8812001", D(2013, 1, 17))]


def test_a_table_without_its_pupils_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "2013_spring_addresses.csv", "pupilonrolltableid,postcode\np1,CM1 1AA\n")
    with pytest.raises(Refused, match="load the folder"):
        load(tmp_path / "home", [file], received_on=RECEIVED)
