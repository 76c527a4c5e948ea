"""Tenancies, what stands against them, and households without a home, as a housing service would send them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from deliveries import RECEIVED, taken_in

from families.sources.housing import pence

D = dt.date
EXTRACT = D(2013, 8, 31)
HEADER = (
    "personId,Tenant Status Flag,Surname,Forenames,DOB,Address1,Address2,Postcode,Tenancy Start,Tenancy End,"
    "rentArrears,rentArrearsAmount,rentArrearsFrom,noticeSeekingPossession,noticeGround,noticeDate,eviction,"
    "evictionDate,antiSocialBehaviour,antiSocialBehaviourDate,housingSituation,situationFrom,situationTo\n"
)


def row(**cells: str) -> str:
    """A row with these cells (by heading without spaces), the rest blank; someone is named."""
    given = {"Surname": "Ash", "Forenames": "Al"} | cells
    return ",".join(given.get(name.replace(" ", ""), "") for name in HEADER.strip().split(",")) + "\n"


def test_a_tenant_is_liable_from_the_start_of_the_tenancy(tmp_path: Path) -> None:
    _, records = taken_in(
        tmp_path,
        "housing_2013-08.csv",
        HEADER
        + row(
            personId="T1",
            TenantStatusFlag="F",
            Address1="1 Ash Road",
            Address2="Chelmsford",
            TenancyStart="01/02/2010",
            TenancyEnd="31/12/2012",
        ),
    )
    assert records["persons"].select("role", "source_person_id", "address", "valid_from", "valid_to").rows() == [
        ("tenant", "T1", "1 Ash Road, Chelmsford", D(2010, 2, 1), D(2012, 12, 31))
    ]
    assert records["liabilities"].select("account", "liable_from", "liable_to", "discount").rows() == [
        ("T1", D(2010, 2, 1), D(2012, 12, 31), None)
    ]


def test_somebody_without_a_tenancy_applies_and_is_liable_for_nothing(tmp_path: Path) -> None:
    _, records = taken_in(
        tmp_path,
        "housing_2013-08.csv",
        HEADER + row(DOB="01/02/1996", housingSituation="Family no longer willing to keep", situationFrom="01/06/2013"),
    )
    assert records["persons"]["role"].to_list() == ["applicant"]
    assert records["liabilities"].is_empty()
    assert records["housing_statuses"].select("kind", "started_on", "ended_on").rows() == [
        ("excluded_from_home", D(2013, 6, 1), None)
    ]


STATUSES = {
    "arrears since a day": (
        {"rentArrears": "open", "rentArrearsAmount": '"£1,234.50"', "rentArrearsFrom": "01/02/2013"},
        ("arrears", 123450, D(2013, 2, 1), None),
    ),
    "open without a date holds on the day of the extract": (
        {"rentArrears": "Open"}, ("arrears", None, EXTRACT, None),
    ),
    "an amount alone is owed": ({"rentArrearsAmount": "12"}, ("arrears", 1200, EXTRACT, None)),
    "closed without an end had ended by then": ({"rentArrears": "closed"}, ("arrears", None, None, EXTRACT)),
    "a notice for arrears": (
        {"noticeSeekingPossession": "open", "noticeGround": "Rent arrears", "noticeDate": "01/03/2013"},
        ("notice_arrears", None, D(2013, 3, 1), None),
    ),
    "a notice of no stated ground": (
        {"noticeSeekingPossession": "open", "noticeDate": "01/03/2013"},
        ("eviction_risk", None, D(2013, 3, 1), None),
    ),
    "an eviction": ({"eviction": "open", "evictionDate": "01/04/2013"}, ("eviction_risk", None, D(2013, 4, 1), None)),
    "temporary accommodation": (
        {"housingSituation": "Bed and breakfast", "situationFrom": "01/04/2013", "situationTo": "01/05/2013"},
        ("temporary_accommodation", None, D(2013, 4, 1), D(2013, 5, 1)),
    ),
    "overcrowded": ({"housingSituation": "Overcrowded"}, ("unsuitable", None, EXTRACT, None)),
    "homeless": ({"housingSituation": "Homelessness duty owed"}, ("homeless", None, EXTRACT, None)),
}  # fmt: skip


@pytest.mark.parametrize("case", STATUSES)
def test_what_a_status_says(tmp_path: Path, case: str) -> None:
    cells, expected = STATUSES[case]
    _, records = taken_in(tmp_path, "housing_2013-08.csv", HEADER + row(TenantStatusFlag="C", **cells))
    told = records["housing_statuses"].select("kind", "amount_pence", "started_on", "ended_on").rows()
    assert told == [expected]


@pytest.mark.parametrize(
    "cells", [{"rentArrears": "none"}, {"rentArrearsAmount": "0.00"}, {"rentArrearsAmount": "-20"}]
)
def test_none_nothing_owed_and_credit_are_no_arrears(tmp_path: Path, cells: dict[str, str]) -> None:
    _, records = taken_in(tmp_path, "housing_2013-08.csv", HEADER + row(TenantStatusFlag="C", **cells))
    assert records["housing_statuses"].is_empty()
    assert records["coverage"].is_empty()


def test_behaviour_on_a_tenancy_is_an_incident_and_a_notice_for_it_is_one_of_possession(tmp_path: Path) -> None:
    _, records = taken_in(
        tmp_path,
        "housing_2013-08.csv",
        HEADER
        + row(
            TenantStatusFlag="C",
            antiSocialBehaviour="open",
            antiSocialBehaviourDate="01/02/2013",
            noticeSeekingPossession="open",
            noticeGround="Nuisance",
            noticeDate="01/03/2013",
        ),
    )
    assert records["asb_measures"].select("kind", "ground", "issued_on").rows() == [
        ("incident", None, D(2013, 2, 1)),
        ("NOSP", "asb", D(2013, 3, 1)),
    ]
    assert records["housing_statuses"]["kind"].to_list() == ["eviction_risk"]
    assert records["coverage"].select("covers_from", "covers_to", "basis").rows() == [
        (D(2013, 2, 1), D(2013, 3, 1), "inferred")
    ]


def test_words_that_say_nothing_are_doubted_and_the_row_is_kept(tmp_path: Path) -> None:
    receipt, records = taken_in(
        tmp_path,
        "housing_2013-08.csv",
        HEADER
        + row(TenantStatusFlag="C", rentArrears="perhaps", rentArrearsAmount="lots", housingSituation="a castle")
        + row(Surname="", Forenames="", TenantStatusFlag="C"),
    )
    assert receipt.flags_by_rule == {"amount": 1, "situation_unknown": 1, "status_unknown": 1}
    assert receipt.rejected_by_rule == {"unnamed": 1}
    assert (records["persons"].height, records["housing_statuses"].height) == (1, 0)


def test_an_extract_that_names_no_day_speaks_of_the_day_it_came(tmp_path: Path) -> None:
    _, records = taken_in(tmp_path, "housing.csv", HEADER + row(TenantStatusFlag="C", rentArrears="open"))
    assert records["housing_statuses"]["started_on"].to_list() == [RECEIVED]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("£1,234.5", 123450), ("0.07", 7), ("12", 1200), ("-3.10", -310), ("1.234", None), ("12 p", None), ("", None)],
)
def test_pounds_become_whole_pence(text: str, expected: int | None) -> None:
    assert pl.select(pence(pl.lit(text))).item() == expected
