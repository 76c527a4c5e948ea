"""Each source of one row a record, as an agency would send it."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from deliveries import taken_in

from families.errors import Refused
from families.sources.store import scan_records

D = dt.date


def test_schools_get_seven_digits_and_a_phase(tmp_path: Path) -> None:
    _, records = taken_in(
        tmp_path,
        "schools.csv",
        "URN,LA (code),EstablishmentNumber,EstablishmentName,TypeOfEstablishment (name),PhaseOfEducation (name),"
        "OpenDate,CloseDate\n"
        "1,881,2001,Ash Primary,Community school,Primary,01-09-1990,\n"
        "2,881,1103,The Bridge,Pupil referral unit,Not applicable,,31-08-2014\n"
        "3,881,7001,Oak,Community special school,Not applicable,,\n"
        "4,881,4001,Elm High,Foundation school,Secondary,,\n",
    )
    assert records["schools"].select("school", "phase").rows() == [
        ("8812001", "primary"),
        ("8811103", "pru"),
        ("8817001", "special"),
        ("8814001", "secondary"),
    ]
    assert records["schools"]["opened_on"][0] == D(1990, 9, 1)


def test_a_delivery_note_states_coverage(tmp_path: Path) -> None:
    receipt, _ = taken_in(
        tmp_path,
        "delivery_note.csv",
        "source,school,covers_from,covers_to\nasb,,2012-09-01,2013-08-31\nsession_marks,8812001,2012-09-01,2013-07-23\n"
        "asb,,2013-09-01,2012-08-31\n",
    )
    said = scan_records(tmp_path / "home", "coverage").collect()
    assert said.select("source", "school", "covers_to", "basis").rows() == [
        ("asb", None, D(2013, 8, 31), "stated"),
        ("session_marks", "8812001", D(2013, 7, 23), "stated"),
    ]
    assert receipt.rejected_by_rule == {"covers_backwards": 1}


def test_a_gazetteer_line_becomes_one_address(tmp_path: Path) -> None:
    _, records = taken_in(
        tmp_path,
        "gazetteer.csv",
        "UPRN,PARENT_UPRN,LOGICAL_STATUS,CLASSIFICATION_CODE,ORGANISATION,SAO_TEXT,SAO_START_NUMBER,SAO_START_SUFFIX,"
        "PAO_TEXT,PAO_START_NUMBER,PAO_START_SUFFIX,STREET_DESCRIPTION,LOCALITY,TOWN_NAME,POSTCODE_LOCATOR,"
        "X_COORDINATE,Y_COORDINATE\n"
        "100090000001,,1,RD04,,,,,,14,A,EXAMPLE ROAD,,CHELMSFORD,CM1 1AA,570000.5,206000\n"
        "100090000002,100090000009,1,RD06,,FLAT,2,,MILL HOUSE,,,THE GREEN,GREAT LEIGHS,CHELMSFORD,cm31aa,,\n",
    )
    assert records["properties"].select("saon", "paon", "address", "postcode", "x").rows() == [
        (None, "14A", "14A EXAMPLE ROAD, CHELMSFORD", "CM1 1AA", 570000.5),
        ("FLAT 2", "MILL HOUSE", "FLAT 2, MILL HOUSE, THE GREEN, GREAT LEIGHS, CHELMSFORD", "CM3 1AA", None),
    ]


EXCLUSIONS = "UPN,Surname,Forename,DOB,LAEstab,Category,StartDate,EndDate,Sessions,Reason1,Reason2,Reason3\n"


def test_exclusions(tmp_path: Path) -> None:
    receipt, records = taken_in(
        tmp_path,
        "exclusions_2012-13_autumn.csv",
        EXCLUSIONS + "W881200115001,Ash,Amy,04/03/2000,8814001,FIXD,01/10/2012,02/10/2012,4,DB,PP,\n"
        "W881200115001,Ash,Amy,04/03/2000,8814001,FIXD,01/10/2012,02/10/2012,4,DB,PP,\n"
        "E881201019042,Oak,Bo,31/02/2001,8814001,Permanent,12/11/2012,,,VA,,\n"
        "E881201019042,Oak,Bo,01/02/2001,8814001,FIXD,31/11/2012,,2,,,\n"
        ",,,,8814001,FIXD,01/12/2012,,2,,,\n",
    )
    assert (receipt.accepted, receipt.duplicate, receipt.rejected) == (2, 1, 2)
    assert receipt.rejected_by_rule == {"started_on_wrong": 1, "unnamed": 1}
    assert receipt.flags_by_rule == {"date": 1}
    assert records["exclusions"].select("category", "started_on", "sessions", "reasons").rows() == [
        ("FIXD", D(2012, 10, 1), 4, "DB,PP"),
        ("PERM", D(2012, 11, 12), None, "VA"),
    ]
    assert records["persons"]["date_of_birth"].to_list() == [D(2000, 3, 4), None]
    assert records["coverage"].select("school", "covers_from", "covers_to", "basis").rows() == [
        ("8814001", D(2012, 10, 1), D(2012, 11, 12), "inferred")
    ]
    assert '"Surname": "Oak"' in records["rejected"]["raw"][0]
    assert "Oak" not in "".join(records["rejected"]["reason"])


def test_council_tax_names_two_liable_people(tmp_path: Path) -> None:
    _, records = taken_in(
        tmp_path,
        "council_tax_2013-04.csv",
        "Account Reference,Property UPRN,Title 1,Forename 1,Surname 1,Date of Birth 1,Title 2,Forename 2,Surname 2,"
        "Date of Birth 2,Address Line 1,Address Line 2,Address Line 3,Address Line 4,Postcode,Liable From,Liable To,"
        "Discount Code,Band\n"
        "77,100090000001.0,Mr,Al,Ash,,Ms,Bea,Birch,,14 Example Road,Chelmsford,,,CM1 1AA,01/04/2010,,,B\n"
        "78,,Ms,Cy,Oak,,,,,,2 Mill Lane,,,,CM1 1AB,01/04/2011,31/12/2099,SPD,A\n",
    )
    assert records["persons"].select("row", "part", "surname", "uprn", "address", "stated_on").rows() == [
        (1, "liable 1", "Ash", "100090000001", "14 Example Road, Chelmsford", D(2013, 4, 30)),
        (1, "liable 2", "Birch", "100090000001", "14 Example Road, Chelmsford", D(2013, 4, 30)),
        (2, "liable 1", "Oak", None, "2 Mill Lane", D(2013, 4, 30)),
    ]
    assert records["liabilities"].select("account", "liable_from", "liable_to", "discount").rows()[2] == (
        "78",
        D(2011, 4, 1),
        None,
        "SPD",
    )


DWP = (
    "refDate,laName,laMonth,uprn,address1LA,address2LA,address3LA,address4LA,postCodeLA,address1CIS,address2CIS,"
    "address3CIS,address4CIS,postCodeCIS,addMatchType"
)


def test_dwp_match_gives_claims_and_checks(tmp_path: Path) -> None:
    _, records = taken_in(
        tmp_path,
        "dwp_match_2013-06.csv",
        f"{DWP},adultNumber,title,forename,surname,age,startDateJSA,startDateESA,startDateIS,startDateIB,startDateSDA,"
        "startDateCA\n"
        "2013-06-03,X,2013-06,1001,1 Ash Road,,,,CM1 1AA,,,,,,FULL,1,Ms,Amy,Ash,34,2012-01-09,,,,,2013-01-07\n"
        "2013-06-03,X,2013-06,1001,1 Ash Road,,,,CM1 1AA,,,,,,FULL,2,Mr,Bo,Ash,36,,2011-02-01,,,,\n",
    )
    assert records["benefits"].select("row", "benefit", "started_on").rows() == [
        (1, "CA", D(2013, 1, 7)),
        (1, "JSA", D(2012, 1, 9)),
        (2, "ESA", D(2011, 2, 1)),
    ]
    assert records["benefit_checks"].select("row", "is_matched", "address", "uprn").rows() == [
        (1, True, "1 Ash Road", "1001")
    ]
    assert records["persons"].select("forename", "age", "stated_on", "role").rows()[0] == (
        "Amy",
        34,
        D(2013, 6, 3),
        "claimant",
    )


def test_dwp_nomatch_tells_not_found_from_nobody_claiming(tmp_path: Path) -> None:
    receipt, records = taken_in(
        tmp_path,
        "dwp_nomatch_2013-06.csv",
        f"{DWP}\n"
        "2013-06-03,X,2013-06,1001,1 Ash Road,,,,CM1 1AA,1 Ash Rd,,,,CM1 1AA,FULL\n"
        "2013-06-03,X,2013-06,,2 Ash Road,,,,CM1 1AA,,,,,,NONE\n",
    )
    assert receipt.source == "dwp_nomatch"
    assert records["benefit_checks"]["is_matched"].to_list() == [True, False]
    assert records["persons"].is_empty()


def test_dwp_answers_for_the_address_it_found_not_the_one_it_was_sent(tmp_path: Path) -> None:
    _, records = taken_in(
        tmp_path,
        "dwp_nomatch_2013-06.csv",
        f"{DWP}\n"
        "2013-06-03,X,2013-06,,Ash House,Ash Road,,,CM1 1AB,FLAT 2,ASH HOUSE ASH ROAD,,,CM1 1AA,FUZZY\n"
        "2013-06-03,X,2013-06,,2 Ash Road,,,,CM1 1AA,,,,,,NONE\n",
    )
    assert records["benefit_checks"].select("address", "postcode", "is_matched").rows() == [
        ("FLAT 2, ASH HOUSE ASH ROAD", "CM1 1AA", True),
        ("2 Ash Road", "CM1 1AA", False),
    ]


def test_youth_justice_outcomes_prove_or_not(tmp_path: Path) -> None:
    outcomes = ["Youth Caution", "No further action", "Referral Order", "Found not guilty", "Something new", ""]
    lines = "".join(
        f'Y{n},Ash,Amy,01/02/1999,F,"1 Ash Road, Chelmsford",CM1 1AA,01/03/2013,Theft,02/04/2013,{outcome}\n'
        for n, outcome in enumerate(outcomes)
    )
    receipt, records = taken_in(
        tmp_path,
        "youth_justice_2013-08.csv",
        "YOTID,Surname,Forename,DOB,Gender,Address,Postcode,OffenceDate,Offence,OutcomeDate,Outcome\n" + lines,
    )
    assert records["offences"]["is_proven"].to_list() == [True, False, True, False, None, None]
    assert receipt.flags_by_rule == {"outcome_unknown": 2}
    assert records["persons"]["address"][0] == "1 Ash Road, Chelmsford"
    assert records["persons"]["source_person_id"][0] == "Y0"


def test_asb_measures_and_grounds(tmp_path: Path) -> None:
    given = [
        ("ASBO", "", "ASBO", None),
        ("NOSP", "Rent arrears", "NOSP", "arrears"),
        ("NOSP", "Anti-social behaviour", "NOSP", "asb"),
        ("Warning letter", "", "warning", None),
        ("Demotion", "Noise nuisance", "demotion", "asb"),
        ("Eviction", "Subletting", "eviction", "other"),
    ]
    lines = "".join(f"C{n},Ash,Amy,,1 Ash Road,,{m},{g},01/02/2013,\n" for n, (m, g, _, _) in enumerate(given))
    receipt, records = taken_in(
        tmp_path,
        "asb_2013-08.csv",
        "CaseRef,Surname,Forename,DOB,Address,Postcode,Measure,Ground,IssuedDate,EndDate\n"
        + lines
        + "C9,Ash,Amy,,,,Stern look,,01/02/2013,\n",
    )
    assert records["asb_measures"].select("kind", "ground").rows() == [(k, g) for _, _, k, g in given]
    assert receipt.rejected_by_rule == {"measure_unknown": 1}


def test_social_care_and_education_status(tmp_path: Path) -> None:
    _, care = taken_in(
        tmp_path / "a",
        "social_care_2013-08.csv",
        "pers_person_id,pers_upn,pers_forename,pers_surname,pers_sex,pers_dob,addr_address_line,addr_address_postcode,"
        "episode_type,start_date,end_date,category\n"
        "9,,Amy,Ash,Female,2001-02-03,1 Ash Road,CM1 1AA,CP,2013-01-02,,Neglect\n",
    )
    assert care["care_episodes"].select("kind", "started_on", "category").rows() == [("CP", D(2013, 1, 2), "Neglect")]
    assert care["persons"].select("sex", "role", "source_person_id").rows() == [("F", "child", "9")]
    receipt, status = taken_in(
        tmp_path / "b",
        "education_status_2013-08.csv",
        "UPN,Surname,Forename,DOB,Address,Postcode,Status,Reason,StartDate,EndDate\n"
        "Q207000016049,Ash,Amy,03/02/2001,,,CME,moved away,01/02/2013,\n",
    )
    assert status["education_statuses"].select("status", "reason").rows() == [("CME", "moved away")]
    assert status["persons"]["upn"].to_list() == ["Q207000016049"]
    assert receipt.flags_by_rule == {"upn_check": 1}


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("T_Reason_I,T_Reason_O,T_Reason_U", "6,10,"),
        ("I,O,/,\\", "6,10,50,48"),
    ],
)
def test_attendance_extracts_of_both_kinds(tmp_path: Path, header: str, cells: str) -> None:
    _, records = taken_in(
        tmp_path,
        "attendance_2012_autumn.csv",
        f"Estab,UPN,Surname,Forename,DoB,EnrolStatus,NCyearActual,TermlySessionsPossible,{header}\n"
        f"2001,W881200115001,Ash,Amy,41885.5,C,5,140,{cells}\n2001,E881201019042,Oak,Bo,41886,Leaver,5,20,{cells}\n",
    )
    counts = records["attendance_counts"]
    assert counts.select("academic_year", "term", "half").unique().rows() == [("2012/13", "autumn", None)]
    assert counts.filter(pl.col("row") == 1, pl.col("code").is_in(["possible", "I", "O"])).select(
        "code", "sessions"
    ).rows() == [("I", 6), ("O", 10), ("possible", 140)]
    assert records["enrolments"]["is_on_roll"].to_list() == [True, False]
    assert records["persons"]["date_of_birth"][0] == D(2014, 9, 3)


def test_an_establishment_number_is_completed_from_the_register_whatever_comes_first(tmp_path: Path) -> None:
    taken_in(
        tmp_path,
        "attendance_2012_autumn.csv",
        "Estab,UPN,Surname,TermlySessionsPossible,T_Reason_I\n2001,W881200115001,Ash,140,6\n",
    )
    _, records = taken_in(
        tmp_path,
        "schools.csv",
        "LA (code),EstablishmentNumber,EstablishmentName\n881,2001,Ash Primary\n",
    )
    assert records["attendance_counts"]["school"].unique().to_list() == ["8812001"]


MAPPING = """
source = "pupils"
[columns]
id = "Ref"
forename = "FirstNm"
surname = "LastNm"
date_of_birth = "Born"
street = "Rd"
number = "No"
postcode = "PC"
[formats]
date_of_birth = "%d.%m.%Y"
[constants]
school = "8814001"
"""


def test_a_mapping_reads_a_layout_nobody_foresaw(tmp_path: Path) -> None:
    receipt, records = taken_in(
        tmp_path,
        "weird.txt",
        "Ref;FirstNm;LastNm;Born;No;Rd;PC;Shoe size\nA1;Amy;Ash;03.02.2001;7;Mill Lane;cm11aa;4\nA2;;;;;;;\n;Bo;Oak;;;;;\n",
        mapping=MAPPING,
    )
    assert (receipt.accepted, receipt.rejected_by_rule) == (1, {"id_blank": 1, "unnamed": 1})
    assert records["persons"].select(
        "source_person_id", "date_of_birth", "address", "postcode", "birth_year"
    ).rows() == [("A1", D(2001, 2, 3), "7 Mill Lane", "CM1 1AA", 2001)]
    assert records["enrolments"].select("school", "is_on_roll").rows() == [("8814001", True)]


def test_adults_with_a_date_of_birth_in_parts(tmp_path: Path) -> None:
    _, records = taken_in(
        tmp_path,
        "adults.csv",
        "id,surname,forename,birth_day,birth_month,birth_year,address,postcode,valid_from\n"
        '1,Ash,Al,3,2,1970,"1 Ash Road, Chelmsford",CM1 1AA,01/02/2010\n2,Oak,Cy,,2,1970,,,\n',
        source="adults",
    )
    assert records["persons"].select("date_of_birth", "birth_year", "birth_month", "birth_day").rows() == [
        (D(1970, 2, 3), 1970, 2, 3),
        (None, 1970, 2, None),
    ]


def test_all_mistakes_of_a_mapping_are_told_at_once(tmp_path: Path) -> None:
    wrong = 'source = "pupils"\n[columns]\nid = "A"\nshoe = "B"\n[formats]\nsurname = "%d"\n[constants]\nfoo = "1"\n'
    with pytest.raises(Refused) as told:
        taken_in(tmp_path, "x.csv", "A,B\n1,2\n", mapping=wrong)
    for piece in ("shoe", "surname is not a date", "foo"):
        assert piece in str(told.value)
    with pytest.raises(Refused, match="not known"):
        taken_in(tmp_path, "x.csv", "A,B\n1,2\n", mapping='source = "pupils"\ncolour = "red"\n')


def test_an_unknown_layout_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"nearest are .*exclusions \(lacks Category"):
        taken_in(tmp_path, "x.csv", EXCLUSIONS.replace("Category", "Kind") + "1,2,3,4,5,6,7,8,9,10,11,12\n")
