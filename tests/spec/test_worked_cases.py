"""Every case of this folder through the real evaluator: the tables beside this file are the rules as a council reads them."""

from pathlib import Path

import pytest

from families.criteria.case import Case, read_cases
from families.criteria.trying import Verdict, differences, try_cases

CASES = [case for file in sorted(Path(__file__).parent.glob("*.toml")) for case in read_cases(file)]


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Verdict]:
    """All of them in one go, as families of one authority."""
    return {verdict.id: verdict for verdict in try_cases(CASES)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case: Case, verdicts: dict[str, Verdict]):
    assert differences(case, verdicts[case.id]) == []


def test_cases_come_out_alone_as_they_do_together(verdicts: dict[str, Verdict]):
    for case in CASES[:: len(CASES) // 12]:
        assert try_cases([case]) == [verdicts[case.id]]


def test_every_case_has_an_id_of_its_own_and_expects_something():
    assert len({case.id for case in CASES}) == len(CASES)
    assert [case.id for case in CASES if not case.expected.model_dump(exclude_defaults=True)] == []
