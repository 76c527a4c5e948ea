"""The frames of search and of access: people found, restrictions, those let in, emergency openings."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dashboard import words
from families.casebook.emergency import FINDINGS, OpeningLine
from families.casebook.restricting import RestrictionLine
from families.casebook.search import Found, Outside


def people(found: Sequence[Found]) -> pl.DataFrame:
    """Whom a search found, in the order it gives: children first, the youngest first."""
    columns = ("Name", "Born", "Age", "In the family", "School", "Address", "Family", "Known to", "Not found in")
    return _texts(
        columns,
        [
            (
                words.plain(each.name),
                words.short_date(each.date_of_birth),
                words.age(each.age),
                words.role(each.role),
                each.school or (words.NOT_SUPPLIED if each.role == "child" else ""),
                each.address or words.NOT_KNOWN,
                words.plain(each.family),
                words.plain(each.known_to),
                ", ".join(each.not_found_in) or "none of the sources",
            )
            for each in found
        ],
    )


def outside(them: Sequence[Outside]) -> pl.DataFrame:
    """Whom to ask about families outside one's own."""
    return _texts(
        ("Family", "Worked with by"),
        [(f"Family {place}", words.plain(each.worked_with_by)) for place, each in enumerate(them, 1)],
    )


def restrictions(lines: Sequence[RestrictionLine]) -> pl.DataFrame:
    """The restrictions in force."""
    return _texts(
        ("Family", "Who", "Kind", "Why", "Set", "To be looked at again", "Let in"),
        [
            (
                f"{words.plain(line.family)}, {line.family_id}",
                words.plain(line.person or line.person_id or "the whole family"),
                line.kind_label,
                words.plain(line.reason),
                f"{words.short_date(line.set_at.date())} by {words.plain(line.set_by)}",
                words.short_date(line.review_on),
                ", ".join(words.plain(grant.name) for grant in line.grants) or "nobody",
            )
            for line in lines
        ],
    )


def grants(lines: Sequence[RestrictionLine]) -> pl.DataFrame:
    """Those let in, restriction by restriction."""
    return _texts(
        ("Name", "Role", "Family", "Address", "Until", "Why"),
        [
            (
                words.plain(grant.name),
                grant.role_label,
                line.family_id,
                "shown" if grant.sees_address else "not shown",
                words.local_time(grant.ends_at),
                words.plain(grant.reason),
            )
            for line in lines
            for grant in line.grants
        ],
    )


def openings(lines: Sequence[OpeningLine]) -> pl.DataFrame:
    """Emergency openings: those that wait to be looked at first."""
    return _texts(
        ("Who", "Family", "Opened", "Emergency", "In their words", "Looked at"),
        [
            (
                f"{words.plain(line.name)}, {line.role_label.lower()}",
                line.family_id,
                words.local_time(line.opened_at),
                line.cause,
                words.plain(line.words),
                _finding(line),
            )
            for line in lines
        ],
    )


def _finding(line: OpeningLine) -> str:
    if line.finding is None:
        return f"Waits: by {words.short_date(line.review_on)}"
    return f"{FINDINGS[line.finding]} ({words.plain(line.found_by or '')}): {words.plain(line.found_words or '')}"


def _texts(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
