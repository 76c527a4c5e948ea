"""Which forenames are forms of one name. Hard names stand as cases in tests/spec."""

import pytest

from families.linkage import names


@pytest.mark.parametrize(("one", "other"), [("KATE", "CATHERINE"), ("BILL", "WILLIAM"), ("MOHAMMED", "MUHAMMAD")])
def test_nicknames_go_both_ways(one, other):
    pairs = set(names.nicknames().iter_rows())
    assert {(one, other), (other, one)} <= pairs


def test_brothers_are_not_forms_of_one_name():
    pairs = set(names.nicknames().iter_rows())
    assert not {("JAMES", "JOHN"), ("LAURA", "LAUREN"), ("THOMAS", "TIMOTHY")} & pairs
