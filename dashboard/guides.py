"""The guides of the help as the package has them: one for each role, one for everybody, and their pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

GUIDES = Path(__file__).parent / "help"
PICTURES = GUIDES / "pictures"
EVERYBODY = "everybody"
PICTURE = re.compile(r"^!\[(?P<alt>[^]]+)\]\((?P<file>[a-z_]+\.png)\)$", re.MULTILINE)


def guide(name: str) -> str:
    """The text of a guide."""
    return (GUIDES / f"{name}.md").read_text("utf-8")


def parts(text: str) -> Iterator[tuple[str, Path | None]]:
    """A guide in order: words, which have no picture, and pictures with the words that stand in for each."""
    end = 0
    for found in PICTURE.finditer(text):
        yield text[end : found.start()], None
        yield found["alt"], PICTURES / found["file"]
        end = found.end()
    yield text[end:], None
