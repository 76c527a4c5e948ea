"""Every case of this folder through the real evaluator: the tables beside this file are the rules as a council reads them."""

from pathlib import Path

import pytest

from families.criteria.case import Case, read_cases
from families.criteria.trying import differences, try_case

CASES = [case for file in sorted(Path(__file__).parent.glob("*.toml")) for case in read_cases(file)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case: Case):
    assert differences(case, try_case(case)) == []


def test_every_case_has_an_id_of_its_own_and_expects_something():
    assert len({case.id for case in CASES}) == len(CASES)
    assert [case.id for case in CASES if not case.expected.model_dump(exclude_defaults=True)] == []
