"""The reference is what the rulesets and cases make it, and every file it shows works as it says."""

import re
import tomllib
from pathlib import Path

import pytest

from families.criteria.case import read_cases
from families.criteria.reference import EXAMPLES, OVERLAY_EXAMPLE, REFERENCE_PAGE, main, reference
from families.criteria.rulebook import file_mistakes, load_ruleset, shipped
from families.criteria.spec_cases import worked_cases
from families.criteria.trying import differences, try_cases

SPEC = Path(__file__).parents[1] / "spec"


def test_the_reference_is_fresh():
    assert REFERENCE_PAGE.read_text("utf-8") == reference(worked_cases(SPEC)), "run `make reference`"


def test_there_is_an_example_for_each_ruleset_and_it_comes_out_as_it_says():
    assert {path.stem for path in EXAMPLES.glob("*.toml")} == set(shipped())
    cases = [case for name in shipped() for case in read_cases(EXAMPLES / f"{name}.toml")]
    assert [case.ruleset for case in cases] == list(shipped())
    for case, verdict in zip(cases, try_cases(cases), strict=True):
        assert case.expected.model_dump(exclude_defaults=True)
        assert differences(case, verdict) == []


def test_the_examples_together_use_every_key_that_a_person_may_have():
    told = [case.person for name in shipped() for case in read_cases(EXAMPLES / f"{name}.toml")]
    used = {key for people in told for person in people for key in person.model_dump(exclude_defaults=True)}
    wanted = set(read_cases(EXAMPLES / "tf1-2012.toml")[0].person[0].model_dump())
    assert wanted - used <= {"lives_here", "left_on"}


def test_the_example_overlay_is_sound_and_changes_what_it_says():
    assert file_mistakes(OVERLAY_EXAMPLE) == []
    loaded = load_ruleset(str(OVERLAY_EXAMPLE))
    assert loaded.switches["rounding"] == "whole_percent"
    criteria = loaded.rules.criteria()
    assert "frequent_call_outs" in criteria
    assert "housing_at_risk" not in criteria
    assert criteria["high_cost"].window.months == 6


def test_every_file_it_shows_can_be_read(tmp_path):
    blocks = re.findall(r"```toml\n(.*?)```", REFERENCE_PAGE.read_text("utf-8"), flags=re.DOTALL)
    assert len(blocks) == len(shipped()) + 2
    for block in blocks:
        (tmp_path / "shown.toml").write_text(block, "utf-8")
        if "extends" in tomllib.loads(block):
            assert file_mistakes(tmp_path / "shown.toml") == []
        else:
            read_cases(tmp_path / "shown.toml")


@pytest.mark.parametrize("arguments", [[], ["no such folder"], ["one", "two"]])
def test_it_asks_for_the_folder_of_cases(arguments, capsys):
    assert main(arguments) == 2
    assert "tests/spec" in capsys.readouterr().err
