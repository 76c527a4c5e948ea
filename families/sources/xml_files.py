"""Reads XML deliveries with entities, document types and the network off, one element at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from families.errors import Refused
from families.sources.delimited import LONGEST_FIELD
from families.sources.opening import Opened

Element = Any  # lxml's; it has no types of its own
DOCTYPE = "<!DOCTYPE"


def elements(opened: Opened, *, root: str, wanted: frozenset[str]) -> Iterator[tuple[str, Element]]:
    """Each wanted element when it is complete, with its name, in document order; then it is emptied.

    Raises Refused for a document type, another root, XML that is cut short, or a text longer than any field may be.
    """
    _refuse_document_type(opened)
    try:
        with opened.path.open("rb") as file:
            steps = etree.iterparse(
                file,
                events=("start", "end"),
                tag=[f"{{*}}{name}" for name in (root, *sorted(wanted))],
                resolve_entities=False,
                load_dtd=False,
                dtd_validation=False,
                no_network=True,
                huge_tree=False,
                remove_comments=True,
                remove_pis=True,
            )
            yield from _wanted(steps, opened, root, wanted)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 0
        raise Refused(
            f"{opened.name} is not whole XML (it breaks off or is damaged at line {line}): ask the sender for it again."
        ) from None
    except OSError as error:
        raise Refused(f"{opened.name} cannot be read: {error.strerror or 'it is damaged'}.") from None


def _wanted(steps: Any, opened: Opened, root: str, wanted: frozenset[str]) -> Iterator[tuple[str, Element]]:
    first, inside = True, 0
    for event, element in steps:
        if first:
            _check_root(opened, element.getroottree().getroot(), root)
            first = False
        name = local_name(element)
        if name not in wanted:
            continue
        inside += 1 if event == "start" else -1
        if event == "end" and inside == 0:
            _check_texts(opened, element)
            yield name, element
            _let_go(element)
    if first:
        _check_root(opened, steps.root, root)


def _refuse_document_type(opened: Opened) -> None:
    """A document type can only stand before the root, where the first bytes show it in any encoding."""
    start = opened.head(1 << 16).replace(b"\x00", b"").upper()
    if DOCTYPE.encode() in start:
        raise Refused(_document_type(opened))


def _document_type(opened: Opened) -> str:
    return (
        f"{opened.name} declares a document type (DOCTYPE), which can carry an attack and which no DfE return has: it "
        "was not read; ask the sender for a plain export."
    )


def _check_root(opened: Opened, element: Element, root: str) -> None:
    document = element.getroottree().docinfo
    if document.doctype or document.internalDTD is not None:
        raise Refused(_document_type(opened))
    if local_name(element) != root:
        raise Refused(
            f"{opened.name} is XML of another kind (its root is not {root}): School Census returns and Common Transfer "
            "Files are read; export one of these, or the data as CSV."
        )


def _check_texts(opened: Opened, element: Element) -> None:
    for each in element.iter():
        if not isinstance(each.tag, str):
            raise Refused(f"{opened.name} uses an entity of its own, which is not read: ask for a plain export.")
        if each.text is not None and len(each.text) > LONGEST_FIELD:
            raise Refused(
                f"{opened.name} has a text longer than {LONGEST_FIELD:,} characters (line {each.sourceline}), which no "
                "return holds: find out what was exported, correct it and load again."
            )


def _let_go(element: Element) -> None:
    """Empty an element and drop those before it, so that memory does not grow with the file."""
    element.clear()
    while element.getprevious() is not None:
        parent = element.getparent()
        if parent is None:
            break
        del parent[0]


def local_name(element: Element) -> str:
    """An element's name without its namespace."""
    tag = element.tag
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def texts_of(element: Element | None) -> dict[str, str]:
    """The trimmed text of each child that has one, by name; the first where a name comes twice; spaces squeezed."""
    texts: dict[str, str] = {}
    for child in () if element is None else element:
        if child.text and (text := " ".join(child.text.split())):
            texts.setdefault(local_name(child), text)
    return texts


def first_of(texts: dict[str, str], *names: str) -> str | None:
    """The text by the first of these names that there is."""
    return next((texts[name] for name in names if name in texts), None)


def text_of(element: Element | None, *names: str) -> str | None:
    """The text of the child by the first of these names that has one."""
    return first_of(texts_of(element), *names)


def child_of(element: Element, *path: str) -> Element | None:
    """The first descendant down a path of names, or None."""
    here: Element | None = element
    for name in path:
        if here is None:
            return None
        here = next((child for child in here if local_name(child) == name), None)
    return here


def children_of(element: Element | None, name: str) -> list[Element]:
    """Children by a name."""
    return [] if element is None else [child for child in element if local_name(child) == name]


def root_name(opened: Opened) -> str:
    """The name of the root element."""
    _refuse_document_type(opened)
    try:
        with opened.path.open("rb") as file:
            for _, element in etree.iterparse(file, events=("start",), resolve_entities=False, no_network=True):
                return local_name(element)
    except (etree.XMLSyntaxError, OSError):
        pass
    raise Refused(f"{opened.name} is not whole XML: ask the sender for it again.")
