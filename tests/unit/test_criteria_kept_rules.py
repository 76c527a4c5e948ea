"""Rules kept with a publication come back as they were used: every shipped one, with switches, with an overlay."""

import json

import pytest

from families.criteria.rulebook import (
    as_kept,
    from_kept,
    kept_overlay_mistakes,
    load_ruleset,
    read_ruleset,
    shipped,
)
from families.errors import Refused

OVERLAY = """
extends = "tf1-2012"
authority = "Made-up Borough"
switches = { rounding = "whole_percent" }

[[setting]]
id = "out_of_work_benefit"
fresh_within_months = 3
source = "Made-up Borough, data agreement of 2013"
"""


def restored(kept):
    return from_kept(**(kept | {"switches": json.loads(kept["switches"])}))


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_ruleset_comes_back_the_same(name):
    used = load_ruleset(name)
    back = restored(as_kept(used))
    assert as_kept(back) == as_kept(used)
    assert back.rules.asked() == used.rules.asked()


def test_switches_and_overlay_come_back_with_it(tmp_path):
    path = tmp_path / "borough.toml"
    path.write_text(OVERLAY, "utf-8")
    used = read_ruleset(path)
    back = restored(as_kept(used))
    assert back == used
    assert back.overlay is not None
    assert back.overlay.authority == "Made-up Borough"
    assert kept_overlay_mistakes(back.overlay) == []


def test_an_overlay_that_no_longer_fits_has_its_mistakes_told(tmp_path):
    path = tmp_path / "borough.toml"
    path.write_text(OVERLAY, "utf-8")
    overlay = read_ruleset(path).overlay
    assert overlay is not None
    told = kept_overlay_mistakes(overlay.model_copy(update={"switches": {"roundng": "whole_percent"}}))
    assert told == [
        "switches, roundng is not a switch of tf1-2012 (did you mean rounding?); allowed: "
        + ", ".join(switch.id for switch in load_ruleset("tf1-2012").rules.switch)
        + "."
    ]


def test_rules_of_another_version_are_refused_in_a_sentence():
    kept = as_kept(load_ruleset("tf1-2012")) | {"rules": "{}"}
    with pytest.raises(Refused, match="another version"):
        restored(kept)
