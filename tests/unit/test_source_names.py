"""Every source is called something in front of people, and says why the programme may use it."""

from __future__ import annotations

import pytest

from families.sources.layouts import layouts
from families.sources.taking_in import TABLES, XML_ROOTS
from families.tables.source_names import PURPOSES, SOURCES, source_label, source_purpose

LOADABLE = sorted({*(name for name in layouts() if not name.startswith("collect_")), *XML_ROOTS.values(), TABLES})


@pytest.mark.parametrize("source", LOADABLE)
def test_each_source_has_a_label_and_a_purpose(source: str) -> None:
    assert source in SOURCES, "give the source a label in families/tables/source_names.py"
    assert source_purpose(source).endswith("."), "state in families/tables/source_names.py why it may be used"


def test_labels_and_purposes_are_of_the_same_sources() -> None:
    assert set(SOURCES) == set(PURPOSES)
    assert set(SOURCES) - set(LOADABLE) == {"dwp"}  # what dwp_match and dwp_nomatch cover together


def test_an_unknown_source_is_shown_as_words() -> None:
    assert (source_label("fire_service"), source_purpose("fire_service")) == ("Fire service", "")
