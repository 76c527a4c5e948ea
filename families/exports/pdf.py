"""A document as PDF with tags for screen readers. Words are data to the typesetter, never its markup; no network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import typst

from families.exports.document import Document, in_words

TEMPLATE = Path(__file__).with_name("document.typ")
ACCESSIBLE: Literal["ua-1"] = "ua-1"  # PDF/UA-1, ISO 14289-1


def pdf(document: Document) -> bytes:
    """The document as bytes: by the accessibility standard, or only tagged where no font has one of its letters."""
    told = json.dumps(_told(document), ensure_ascii=False)
    try:
        return _compiled(told, ACCESSIBLE)
    except typst.TypstError:
        # The standard forbids a letter that cannot be drawn; a name in another script must not keep a plan from people.
        return _compiled(told, None)


def _compiled(told: str, standard: Literal["ua-1"] | None) -> bytes:
    made = typst.compile(
        str(TEMPLATE), root=str(TEMPLATE.parent), sys_inputs={"document": told}, pdf_standards=standard
    )
    if not isinstance(made, bytes):
        raise TypeError("One document makes one file.")
    return made


def _told(document: Document) -> dict[str, Any]:
    return {
        "title": document.title,
        "made_by": document.made_by,
        "is_wide": document.is_wide,
        "is_dense": document.is_dense,
        "footer": document.handling.partition(":")[0],
        "header": [list(line) for line in document.header],
        "parts": [
            {
                "heading": part.heading,
                "columns": list(part.columns),
                "widths": list(part.widths or [1] * len(part.columns)),
                "rows": [[in_words(cell) for cell in row] for row in part.rows],
                "otherwise": part.otherwise,
            }
            for part in document.parts
        ],
    }
