"""JOURNEYS.md holds every criterion once, and each test it names exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ROW = re.compile(r"^\| ((?:C|CW|PM|DA)\d+(?: AC\d)?) \| (.+) \| (.+) \|$", re.MULTILINE)
ROWS = ROW.findall(Path(__file__).with_name("JOURNEYS.md").read_text("utf-8"))
PARTS = {
    **{f"CW{number}": count for number, count in enumerate((4, 3, 4, 4, 4, 5, 5, 4, 4, 3), 1)},
    **{f"PM{number}": count for number, count in enumerate((4, 4, 4, 4, 4, 4, 5, 3), 1)},
    **{"DA1": 5, "DA2": 2, "DA3": 3, "DA5": 3},
}


def test_every_criterion_is_there_once_and_in_order():
    common = [f"C{number}" for number in range(1, 11)]
    journeys = [f"{name} AC{number}" for name, count in PARTS.items() for number in range(1, count + 1)]
    assert [name for name, _, _ in ROWS] == common + journeys


@pytest.mark.parametrize(("name", "proof"), [(name, proof) for name, _, proof in ROWS])
def test_each_test_that_is_named_exists(name, proof):
    named = re.findall(r"`([\w.]+)::(\w+)`", proof)
    assert named or "not yet" in proof
    assert proof.count("`") == 2 * len(named)
    for file, test in named:
        assert test in _tests_of(file), f"{file} has no {test}"


@cache
def _tests_of(file: str) -> frozenset[str]:
    (path,) = TESTS.rglob(file)
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
