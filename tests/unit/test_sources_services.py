"""The services that later programmes ask, as each would send its file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from deliveries import taken_in

from families.errors import Refused
from families.reference import REFERENCE
from families.sources.receipts import Receipt

D = dt.date
REGISTER = (
    "Elector Number Prefix,Elector Number,Elector Number Suffix,Elector Markers,Elector DOB,Elector Surname,"
    "Elector Forename,PostCode,Address1,Address2,Address3,Address4,Address5,Address6\n"
)
PROBATION = (
    "CRN,Surname,Forename,DOB,Gender,Address,Postcode,SentenceType,SentenceDate,SentenceEnd,ReleaseDate,"
    "ParentingResponsibilities\n"
)
POLICE = (
    "incidentRef,date,ppuRef,arrestMade,victimSurname,victimForename,victimPersonSRN,victimDOB,currentRiskLevel,"
    "suspectSurname,suspectForename,suspectPersonSRN,suspectDOB,relationship,victimAddress,ccnFlag,incidentAddress,"
    "ppuOwningArea,initialRiskLevel,maracFlag,childSurname1,childForename1,childDOB1,childSurname2,childForename2,"
    "childDOB2\n"
)
HEALTH = "PersonRef,NHSNumber,Surname,Forename,DOB,Gender,Postcode,Service,ServiceStart,ServiceEnd\n"
CCIS = (
    "YoungPersonsID,GivenName,FamilyName,AddressLine1,AddressLine2,Town,Postcode,Gender,moth/year of birth,"
    "UniqueLearnerNo,UniquePupilNumber,PeriodEnd,ActivityCode,StartDate,NEETStartDate,GuaranteeStatusIndicator\n"
)
EARLY_HELP = (
    "earl_episode_id,earl_person_id,pers_upn,pers_forename,pers_surname,pers_dob,earl_episode_start_date,"
    "earl_episode_end_date,earl_episode_reason\n"
)
CARE = "CHILD,SEX,DOB,ETHNIC,UPN,DECOM,RNE,LS,CIN,PLACE,DEC,REC,HOME_POST\n"
NOMINATIONS = (
    "NominationRef,UPN,Surname,Forename,DOB,Address,Postcode,NeedCode,NominatedBy,NominatedOn,NominationEnded,Notes\n"
)
WORK = "ClientRef,Surname,Forename,DOB,NINO,StepToWork,StepStarted,StepEnded,BenefitLeft,MeetsEarningsFloor\n"
HOUSING = "personId,Tenant Status Flag,Surname,Forenames,DOB,Address1,Postcode,Tenancy Start,Tenancy End,rentArrears\n"

# A good row of each source, with the table of what it states.
GOOD = {
    "electoral_register": (REGISTER, "AB,12,0,,,Ash,Amy,CM1 1AA,1 Ash Road,Chelmsford,,,,\n", "persons"),
    "probation": (PROBATION, "X1,Ash,Al,01/02/1980,M,,,Community order,01/03/2013,,,Yes\n", "sentences"),
    "police_domestic": (POLICE, "I1,01/03/2013,,,Ash,Amy,,,High,,,,,,,,,,,,,,,,,\n", "domestic_incidents"),
    "health_services": (HEALTH, "7,,Ash,Amy,01/02/1980,F,CM1 1AA,Mental health,01/03/2013,\n", "service_flags"),
    "destinations": (CCIS, "8,Amy,Ash,,,,,F,02/1996,,,31/08/2013,619,01/07/2013,,\n", "destinations"),
    "early_help": (EARLY_HELP, "1,9,,Amy,Ash,2005-02-03,2013-03-01,,Family support\n", "care_episodes"),
    "looked_after": (CARE, "5,2,03/02/2001,,W881200115001,01/03/2013,S,C2,N1,U1,,,\n", "care_episodes"),
    "nominations": (NOMINATIONS, "N1,,Ash,Amy,,,,young_carer,School,01/03/2013,,\n", "nominations"),
    "employment": (WORK, "C1,Ash,Al,01/02/1980,,Employment,01/03/2013,,JSA,\n", "work_steps"),
    "housing": (HOUSING, "T1,C,Ash,Al,01/02/1980,1 Ash Road,CM1 1AA,01/03/2010,,open\n", "housing_statuses"),
}


def counted(receipt: Receipt) -> int:
    """Rows in, as the four fates of a row add up."""
    return receipt.accepted + receipt.duplicate + receipt.superseded + receipt.rejected


@pytest.mark.parametrize("source", sorted(GOOD))
def test_a_file_is_known_by_its_headings_and_states_what_it_covers(tmp_path: Path, source: str) -> None:
    header, row, table = GOOD[source]
    receipt, records = taken_in(tmp_path, f"{source}_2013-08.csv", header + row + row)
    assert (receipt.source, receipt.accepted, receipt.duplicate) == (source, 1, 1)
    assert records[table].height == 1
    keys = ["delivery", "row", "part"]
    assert records["persons"].join(records[table], on=keys, how="semi").height == 1
    told = records["coverage"].select("source", "basis").rows()
    assert told == [(source, "inferred")]


@pytest.mark.parametrize("source", sorted(GOOD))
def test_nothing_is_lost_of_rows_that_make_no_sense(tmp_path: Path, source: str) -> None:
    header, row, table = GOOD[source]
    width = len(header.split(","))
    nonsense = ["=cmd|' /C calc'!A0", "31/02/2013", "\U0001f600" * 50, "N/A", "99999999999999999999", "-1", "'; --"]
    lines = [",".join([word] * width) + "\n" for word in nonsense] + ["," * (width - 1) + "\n", "one,two\n", row]
    receipt, records = taken_in(tmp_path, f"{source}_2013-08.csv", header + "".join(lines), source=source)
    assert counted(receipt) == receipt.rows_in == len(lines)
    assert receipt.rejected >= 1
    assert records[table].filter(pl.col("row") == records[table]["row"].max()).height == 1
    assert all(reason.endswith(".") and "calc" not in reason for reason in records["rejected"]["reason"])


@pytest.mark.parametrize("source", sorted(GOOD))
def test_a_header_without_rows_is_an_empty_delivery(tmp_path: Path, source: str) -> None:
    header, _, _ = GOOD[source]
    receipt, records = taken_in(tmp_path, f"{source}_2013-08.csv", header)
    assert (receipt.source, receipt.rows_in) == (source, 0)
    assert records["coverage"].is_empty()


@pytest.mark.parametrize("source", sorted(GOOD))
def test_another_kind_of_file_is_refused_in_one_sentence(tmp_path: Path, source: str) -> None:
    with pytest.raises(Refused, match=f"which {source} needs"):
        taken_in(tmp_path, "x.csv", "Colour,Shape\nred,round\n", source=source)


def test_an_elector_is_an_adult_at_an_address_and_the_number_is_nobodys(tmp_path: Path) -> None:
    receipt, records = taken_in(
        tmp_path,
        "electoral_register_2012-12.csv",
        REGISTER
        + "AB,12,0,,,Ash,Amy,cm11aa,Flat 2,14 Mill Road,Chelmsford,,,Essex\n"
        + "AB,13,0,B,04/03/1995,Oak,Bo,CM1 1AA,15 Mill Road,,,,,\nAB,14,0,,,,,CM1 1AA,16 Mill Road,,,,,\n",
    )
    assert records["persons"].select(
        "role", "source_person_id", "date_of_birth", "address", "postcode", "stated_on"
    ).rows() == [
        ("elector", None, None, "Flat 2, 14 Mill Road, Chelmsford, Essex", "CM1 1AA", D(2012, 12, 31)),
        ("elector", None, D(1995, 3, 4), "15 Mill Road", "CM1 1AA", D(2012, 12, 31)),
    ]
    assert records["coverage"].select("covers_from", "covers_to").rows() == [(D(2012, 12, 31), D(2012, 12, 31))]
    assert receipt.rejected_by_rule == {"unnamed": 1}


def test_a_register_that_names_no_day_covers_none(tmp_path: Path) -> None:
    _, records = taken_in(tmp_path, "register.csv", REGISTER + GOOD["electoral_register"][1])
    assert records["coverage"].is_empty()


def test_sentences_by_their_words(tmp_path: Path) -> None:
    given = [
        ("Suspended Sentence Order", "", "suspended_sentence", None),
        ("Community Order", "Yes", "community_order", True),
        ("Imprisonment (18 months)", "No", "custody", False),
        ("Released on licence", "perhaps", "licence", None),
    ]
    lines = "".join(
        f"X{n},Ash,Al,01/02/1980,M,1 Ash Road,CM1 1AA,{sentence},01/03/2013,,01/12/2013,{parent}\n"
        for n, (sentence, parent, _, _) in enumerate(given)
    )
    receipt, records = taken_in(
        tmp_path, "probation_2013-08.csv", PROBATION + lines + "X9,Ash,Al,,,,,Bound over,01/03/2013,,,\n"
    )
    told = records["sentences"]
    assert told.select("kind", "has_parenting_responsibility").rows() == [(k, p) for _, _, k, p in given]
    assert set(told["release_on"]) == {D(2013, 12, 1)}
    assert receipt.rejected_by_rule == {"sentence_unknown": 1}
    assert receipt.flags_by_rule == {"yes_no": 1}


def test_a_release_before_the_sentence_is_doubted(tmp_path: Path) -> None:
    row = "X1,Ash,Al,,,,,Custody,01/03/2013,01/02/2013,01/01/2013,\n"
    receipt, _ = taken_in(tmp_path, "probation_2013-08.csv", PROBATION + row)
    assert receipt.flags_by_rule == {"ends_first": 1, "released_first": 1}


def test_victim_suspect_and_children_are_parts_of_one_incident(tmp_path: Path) -> None:
    receipt, records = taken_in(
        tmp_path,
        "police_domestic_2013-08.csv",
        POLICE
        + 'I1,01/03/2013,P1,Y,ASH,Amy,1001,01/02/1980,Medium,OAK,Bo,1002,02/03/1979,Partner,"1 Ash Road, Chelmsford '
        'CM1 1AA",Y,,West,High,Y,ASH,Di,03/04/2005,ASH,Ed,04/05/2007\n'
        + "I2,02/03/2013,P2,N,ASH,Amy,1001,01/02/1980,,,,,,Unknown,1 Ash Road,Y,,West,Standard,N,,,,,,\n"
        + "I3,,P3,N,ASH,Amy,1001,01/02/1980,,,,,,,,,,,,,,,,,,\nI4,03/03/2013,,,,,,,,,,,,,,,,,,,,,,,,\n",
    )
    assert records["domestic_incidents"].select("row", "part", "role", "risk", "is_marac").rows() == [
        (1, "child 1", "child", "medium", True),
        (1, "child 2", "child", "medium", True),
        (1, "suspect", "suspect", "medium", True),
        (1, "victim", "victim", "medium", True),
        (2, "victim", "victim", "standard", False),
    ]
    people = {(row["row"], row["part"]): row for row in records["persons"].to_dicts()}
    victim, suspect = people[1, "victim"], people[1, "suspect"]
    assert (victim["address"], victim["postcode"]) == ("1 Ash Road, Chelmsford", "CM1 1AA")
    assert (suspect["surname"], suspect["source_person_id"], suspect["address"]) == ("OAK", "1002", None)
    assert people[1, "child 2"]["date_of_birth"] == D(2007, 5, 4)
    assert receipt.rejected_by_rule == {"occurred_on_blank": 1, "unnamed": 1}
    assert receipt.flags_by_rule == {"children_not_named": 1}


def test_a_health_service_says_which_and_when_and_no_more(tmp_path: Path) -> None:
    given = {
        "CAMHS": "mental_health", "Drug and alcohol team": "drugs", "Alcohol service": "alcohol",
        "Perinatal mental health": "perinatal", "Maternity": "expectant_parent", "Portage": "early_years_development",
        "Community nursing": "physical_health", "Learning Disability team": "learning_disability",
    }  # fmt: skip
    lines = "".join(f"{n},,Ash,Amy,,,,{word},01/03/2013,\n" for n, word in enumerate(given))
    receipt, records = taken_in(
        tmp_path,
        "health_services_2013-08.csv",
        HEALTH + lines + "9,9434765919,,,,,,CAMHS,,\n10,,Ash,Amy,,,,Dentist,,\n",
    )
    assert records["service_flags"]["service"].to_list() == [*given.values(), "mental_health"]
    assert set(records["service_flags"].columns) == {"delivery", "row", "part", "service", "started_on", "ended_on"}
    assert receipt.rejected_by_rule == {"service_unknown": 1}
    assert receipt.flags_by_rule == {"nobody_named": 1}


def test_destinations_by_activity_code(tmp_path: Path) -> None:
    given = [("210", "education"), ("320", "employment"), ("450.0", "training"), ("619", "neet"), ("810", "unknown"),
             ("Not in education, employment or training", "neet")]  # fmt: skip
    lines = "".join(
        f'Y{n},Amy,Ash,1 Ash Road,,Chelmsford,CM1 1AA,F,02/1996,,,31/08/2013,"{code}",41456,01/06/2013,\n'
        for n, (code, _) in enumerate(given)
    )
    receipt, records = taken_in(
        tmp_path,
        "destinations_2013-08.csv",
        CCIS + lines + "Y8,Bo,Oak,,,,,M,1997-01-09,,,31/08/2013,110,01/09/2012,,No offer\nY9,Cy,Elm,,,,,,,,,,999,,,\n",
    )
    assert records["destinations"].select("row", "status", "started_on").rows() == [
        *((n, status, D(2013, 6, 1) if status == "neet" else D(2013, 7, 1)) for n, (_, status) in enumerate(given, 1)),
        (7, "education", D(2012, 9, 1)),
        (7, "no_offer", D(2013, 8, 31)),
    ]
    born = records["persons"].select("birth_year", "birth_month", "date_of_birth", "stated_on").rows()
    assert born[0] == (1996, 2, None, D(2013, 8, 31))
    assert born[-1] == (1997, 1, None, D(2013, 8, 31))
    assert receipt.rejected_by_rule == {"activity_unknown": 1}


def test_early_help_by_either_list(tmp_path: Path) -> None:
    _, named = taken_in(tmp_path / "a", "early_help_2013-08.csv", EARLY_HELP + GOOD["early_help"][1])
    assert named["care_episodes"].select("kind", "started_on", "category").rows() == [
        ("EH", D(2013, 3, 1), "Family support")
    ]
    receipt, unnamed = taken_in(
        tmp_path / "b",
        "annex_a_list2.csv",
        "Child Unique ID,Gender,Ethnicity,Date of Birth,Age,Assessment start date,Assessment completion date,"
        "Organisation completing assessment\n77,Male,,01/02/2004,9,01/03/2013,02/02/2013,School\n",
    )
    assert receipt.source == "early_help"
    assert receipt.flags_by_rule == {"ends_first": 1, "nobody_named": 1}
    assert (unnamed["care_episodes"].height, unnamed["persons"].height) == (1, 0)


def test_looked_after_children_are_found_by_upn_or_not_at_all(tmp_path: Path) -> None:
    receipt, records = taken_in(
        tmp_path,
        "looked_after_2013-03.csv",
        CARE
        + "1,2,03/02/2001,WBRI,W881200115001,01/03/2012,S,C2,N1,U1,01/02/2013,E4,CM1 1AA\n"
        + "2,1,04/02/2001,WBRI,UN3,02/03/2012,S,V2,N2,U1,,,\n3,1,04/02/2001,WBRI,,02/03/2012,S,V4,N2,U1,,,\n"
        + "4,1,04/02/2001,WBRI,,,S,C2,N2,U1,,,\n",
    )
    assert records["care_episodes"].select("kind", "started_on", "ended_on", "category").rows() == [
        ("LAC", D(2012, 3, 1), D(2013, 2, 1), "N1")
    ]
    assert records["persons"].select("upn", "sex", "date_of_birth", "surname", "postcode").rows() == [
        ("W881200115001", "F", D(2001, 2, 3), None, None)
    ]
    assert receipt.rejected_by_rule == {"started_on_blank": 1}
    assert receipt.flags_by_rule == {"nobody_named": 2, "short_break": 2, "upn_form": 1}


NEEDS = pl.read_csv(REFERENCE / "nomination_needs.csv")


@pytest.mark.parametrize("need", NEEDS["code"])
def test_every_listed_need_may_be_nominated(tmp_path: Path, need: str) -> None:
    words = need.replace("_", " ").capitalize()
    _, records = taken_in(
        tmp_path, "n.csv", NOMINATIONS + f"N1,,Ash,Amy,,,,{words},Health Visitor,01/03/2013,,told in confidence\n"
    )
    assert records["nominations"].select("need", "nominated_by").rows() == [(need, "health_visitor")]
    assert "confidence" not in str(records["nominations"].rows())


def test_a_need_that_is_not_listed_is_refused_with_those_that_are(tmp_path: Path) -> None:
    receipt, records = taken_in(
        tmp_path,
        "nominations.csv",
        NOMINATIONS
        + "N1,,Ash,Amy,,,,bad_manners,School,01/03/2013,,\nN2,,Ash,Amy,,,,young_carer,The vicar,01/03/2013,,\n"
        + "N3,,Ash,Amy,,,,young_carer,,01/03/2013,01/02/2013,\n",
    )
    assert receipt.rejected_by_rule == {"need_unknown": 1}
    assert all(code in records["rejected"]["reason"][0] for code in NEEDS["code"])
    assert records["nominations"]["nominated_by"].to_list() == ["other", None]
    assert receipt.flags_by_rule == {"ends_first": 1}


def test_steps_to_work(tmp_path: Path) -> None:
    given = [
        ("Self-employed", "UC", "y", "employment", "UC", True),
        ("Work Programme", "Dole", "n", "work_programme", None, False),
        ("ESF provision", "", "", "esf_provision", None, None),
    ]
    lines = "".join(
        f"C{n},Ash,Al,01/02/1980,,{step},01/03/2013,,{left},{floor}\n"
        for n, (step, left, floor, *_) in enumerate(given)
    )
    receipt, records = taken_in(tmp_path, "employment_2013-08.csv", WORK + lines + "C9,Ash,Al,,,Yoga,01/03/2013,,,\n")
    assert records["work_steps"].select("kind", "benefit_left", "meets_earnings_floor").rows() == [
        tuple(each[3:]) for each in given
    ]
    assert receipt.rejected_by_rule == {"step_unknown": 1}
    assert receipt.flags_by_rule == {"benefit_unknown": 1}


def test_incidents_of_behaviour_are_laid_to_who_did_it_only(tmp_path: Path) -> None:
    receipt, records = taken_in(
        tmp_path,
        "asb_incidents_2013-08.csv",
        "Case Reference,complainant/perpetrator flag,Surname,Forename,DOB,Address,Measure,Incident Date\n"
        "1,Perpetrator,Ash,Al,01/02/1998,1 Ash Road,Incident,01/03/2013\n"
        "2,Complainant,Oak,Bo,,2 Ash Road,Incident,02/03/2013\n",
    )
    assert receipt.source == "asb"
    assert records["asb_measures"].select("kind", "issued_on").rows() == [("incident", D(2013, 3, 1))]
    assert records["persons"]["surname"].to_list() == ["Ash"]
    assert receipt.rejected_by_rule == {"not_perpetrator": 1}


@pytest.mark.parametrize(
    "day", ["2013-03-01", "01/03/2013", "01.03.2013", "20130301", "01-Mar-2013", "41334", "41334.5"]
)
def test_dates_in_the_listed_forms(tmp_path: Path, day: str) -> None:
    _, records = taken_in(tmp_path, "n.csv", NOMINATIONS + f"N1,,Ash,Amy,,,,young_carer,School,{day},,\n")
    assert records["nominations"]["nominated_on"].to_list() == [D(2013, 3, 1)]


MAPPING = """
source = "probation"
[columns]
surname = "Last"
forename = "First"
sentence = "Order"
started_on = "Made"
[formats]
started_on = "%m/%d/%Y"
"""


def test_a_mapping_reads_a_layout_nobody_foresaw(tmp_path: Path) -> None:
    receipt, records = taken_in(
        tmp_path, "offenders.txt", "Last|First|Order|Made\nAsh|Al|Community order|03/01/2013\n", mapping=MAPPING
    )
    assert receipt.source == "probation"
    assert records["sentences"].select("kind", "started_on").rows() == [("community_order", D(2013, 3, 1))]
