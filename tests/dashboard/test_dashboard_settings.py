"""The settings that keep a dashboard of personal data quiet and to itself, and the habits its code must keep."""

import ast
import gc
import re
import tomllib
from pathlib import Path

import pytest
from colour_contrast import contrast

from dashboard import startup

PROJECT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text("utf-8"))
CODE = {path: path.read_text("utf-8") for path in sorted((PROJECT / "dashboard").rglob("*.py"))}


@pytest.mark.parametrize(
    ("section", "setting", "value"),
    [
        ("server", "address", "127.0.0.1"),
        ("server", "enableXsrfProtection", True),
        ("server", "enableAgentApi", False),
        ("server", "enableStaticServing", False),
        ("server", "fileWatcherType", "none"),
        ("client", "showErrorDetails", "none"),
        ("client", "toolbarMode", "minimal"),
        ("client", "disableDataExport", True),
        ("browser", "gatherUsageStats", False),
        ("runner", "magicEnabled", False),
        ("theme", "base", "light"),
    ],
)
def test_the_baseline_of_settings(section, setting, value):
    assert SETTINGS[section][setting] == value


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ("textColor", "backgroundColor"),
        ("textColor", "secondaryBackgroundColor"),
        ("primaryColor", "backgroundColor"),
        ("linkColor", "backgroundColor"),
        ("blueTextColor", "blueBackgroundColor"),
        ("grayTextColor", "grayBackgroundColor"),
        ("yellowTextColor", "yellowBackgroundColor"),
        ("codeTextColor", "codeBackgroundColor"),
    ],
)
def test_text_can_be_read_on_what_lies_under_it(ink, paper):
    assert contrast(SETTINGS["theme"][ink], SETTINGS["theme"][paper]) >= 4.5


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.name)
def test_pages_hold_no_raw_html_no_shared_cache_of_data_and_no_sql(path):
    for banned in ("unsafe_allow_html", "cache_data", "st.html", "sqlalchemy.text", "SELECT "):
        assert banned not in CODE[path], banned


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.name)
def test_every_widget_has_a_key(path):
    widgets = {"button", "selectbox", "text_input", "toggle", "radio", "pagination", "segmented_control", "tabs"}
    widgets |= {"expander", "popover", "dataframe", "altair_chart", "form_submit_button"}
    for call in (node for node in ast.walk(ast.parse(CODE[path])) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr in widgets and ast.unparse(call.func.value) == "st":
            assert "key" in {keyword.arg for keyword in call.keywords}, ast.unparse(call)


def test_one_place_alone_takes_files_as_large_as_the_server_does():
    calls = [node for text in CODE.values() for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    places = [call for call in calls if ast.unparse(call.func).endswith("file_uploader")]
    assert len(places) > 1
    assert len([call for call in places if "max_upload_size" not in {each.arg for each in call.keywords}]) == 1


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.name)
def test_no_thread_of_polars_waits_for_python(path):
    """With two sessions at once it may wait for ever: see dashboard/cells.py."""
    asked = {node.attr for node in ast.walk(ast.parse(CODE[path])) if isinstance(node, ast.Attribute)}
    assert not asked & {"map_elements", "map_batches", "map_groups"}


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.name)
def test_words_for_people_do_not_blame(path):
    said = " ".join(
        node.value
        for node in ast.walk(ast.parse(CODE[path]))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    assert not re.search(r"\b(troubled|target(ed)?|flagged|chaotic|refuser|problem famil)", said, re.IGNORECASE)


def test_what_is_loaded_when_the_dashboard_starts_is_no_more_looked_through_for_what_is_unused():
    before = gc.get_freeze_count()
    try:
        startup.settle()
        assert gc.get_freeze_count() > before + 100_000  # Streamlit and its like
    finally:
        gc.unfreeze()
