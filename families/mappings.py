"""Mappings of feeds that have headings of their own, remembered in the home by source; in form like a TOML file's."""

from __future__ import annotations

import json
from typing import Any

from families.home import Home, write_atomically
from families.sources.layouts import Mapping, check_mapping, layouts

FOLDER = "mappings"


def checked(told: dict[str, Any]) -> Mapping:
    """A mapping as it was filled in; Refused with all its mistakes."""
    mapping = Mapping(**told)
    check_mapping(mapping, "as filled in")
    return mapping


def keep(home: Home, mapping: Mapping) -> None:
    """Remember the mapping that a file of its source was loaded with."""
    path = home.path / FOLDER / f"{mapping.source}.json"
    write_atomically(path, mapping.model_dump_json(indent=1).encode())


def keep_code(home: Home, source: str, column: str, code: str, read_as: str) -> None:
    """Remember what a code of a feed's own stands for, beside what is remembered of it already."""
    told = kept(home, source)
    codes = told.get("codes", {})
    keep(home, checked({"source": source, **told, "codes": codes | {column: codes.get(column, {}) | {code: read_as}}}))


def kept(home: Home, source: str) -> dict[str, dict[str, Any]]:
    """The mapping last used for a source, part by part; nothing where there was none."""
    path = home.path / FOLDER / f"{source}.json"
    if source not in layouts() or not path.is_file():
        return {}
    told = json.loads(path.read_text("utf-8"))
    return {part: dict(told.get(part, {})) for part in ("columns", "formats", "constants", "codes")}
