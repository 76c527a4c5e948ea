"""Help: a guide for each role, in the package with its pictures; and a menu under headings."""

from __future__ import annotations

import pytest
from test_dashboard_pages import ROLES, everything_said, title

from dashboard import guides, navigation
from families.casebook.access import ROLES as ALL_ROLES


@pytest.mark.parametrize("role", ROLES)
def test_each_role_finds_its_guide(opened, role):
    app = opened(role, page="pages_/help.py")
    assert title(app) == "Help"
    assert everything_said(app).count("## For ") == 2


def test_there_is_a_guide_for_every_role_and_each_picture_is_named_and_small():
    texts = {path.stem: path.read_text("utf-8") for path in guides.GUIDES.glob("*.md")}
    assert set(texts) == {*ALL_ROLES, guides.EVERYBODY}
    pictures = [picture for text in texts.values() for _, picture in guides.parts(text) if picture]
    made = list(guides.PICTURES.glob("*.png"))
    assert {path.name for path in made} <= {picture.name for picture in pictures}
    assert all(path.stat().st_size < 120_000 for path in made)
    assert not [
        words for text in texts.values() for words, picture in guides.parts(text) if not picture and "](" in words
    ]


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_a_menu_of_its_own_and_help_in_it(role):
    mine = navigation.entries(role)
    assert mine[-1].name == "help"
    assert navigation.begins_at(mine)
    assert all(role in entry.roles for entry in mine)
    assert {entry.name for entry in mine} <= {entry.name for entry in navigation.entries(None)} | {"no_pages"}
