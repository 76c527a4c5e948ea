"""A child or grown-up looked for by name, date of birth, address, UPN or id; children first, the youngest first.

Of families outside somebody's own the answer is only how many there are, until they say for what purpose they ask; then
it is whom to ask about them. Near misses nobody works with are not among them, and restricted families are nowhere.
What is looked for is found by its beginnings in an index of words, never by a walk through all names; a UPN is found
whole or not at all, and is in no answer.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, func, or_, select, tuple_, union_all

from families.casebook import audit, emergency, restricted
from families.casebook.access import require_emergency, require_recent, require_search
from families.casebook.case_models import FamilyCase
from families.casebook.database import audited, writing
from families.casebook.family_scope import may_see
from families.casebook.folding import search_words
from families.casebook.models import (
    PublishedCoverage,
    PublishedFamily,
    PublishedMember,
    PublishedUpn,
    PublishedWord,
    Staff,
    table,
)
from families.casebook.refusals import refusals_noted
from families.casebook.row_security import Reach
from families.casebook.staff_models import Team
from families.casebook.views import Reader
from families.errors import NotAllowed, Refused
from families.settings import Settings
from families.tables.source_names import source_label

FAMILY, MEMBER = table(PublishedFamily), table(PublishedMember)
WORD, UPN = table(PublishedWord), table(PublishedUpn)
CASE, STAFF, TEAM, COVERAGE = table(FamilyCase), table(Staff), table(Team), table(PublishedCoverage)
MEMBERS = select(MEMBER.c.family_id, MEMBER.c.person_id)
PURPOSES = {
    "referral": "Somebody is about to refer this family",
    "contact": "Somebody of the family, or about them, has been in touch",
    "safeguarding": "Somebody may be at risk of harm",
    "joint_work": "Another service works with them and asks",
}
MOST_FOUND = 50
MOST_WORDS = 8
LAST = "\U0010ffff"
OF_ADDRESS = ""  # stands for the person of a word that is the family's address's


@dataclass(frozen=True)
class Sought:
    """What somebody typed: words of a name or an address, a UPN or an id, and a date of birth if they know one."""

    text: str = ""
    born_on: dt.date | None = None


@dataclass(frozen=True)
class Found:
    """Somebody of a family that the reader may see."""

    person_id: str
    name: str
    role: str
    date_of_birth: dt.date | None
    age: int | None
    school: str | None
    address: str | None
    family_id: str
    family: str
    known_to: str
    not_found_in: tuple[str, ...]  # sources that were delivered, in which there is no record of this person


@dataclass(frozen=True)
class SearchResult:
    """Whom a search found, how many that is in all, and how many families outside the reader's own it is about."""

    found: tuple[Found, ...]
    total: int
    outside: int


@dataclass(frozen=True)
class Outside:
    """Whom to ask about a family outside one's own; not what it is called, nor who is in it."""

    worked_with_by: str


def search(engine: Engine, reader: Reader, sought: Sought) -> SearchResult:
    """Whom somebody looks for; each family shown is audited with what was looked for, and so is a search in vain."""
    with _asked(engine, reader, "search", writes=False) as connection:
        matches = _matches(connection, reader, sought)
        rows, total = _within(connection, reader, matches)
        outside = len(_outside(connection, reader, matches))
        found = _found(connection, reader, rows)
        families: list[str | None] = list(dict.fromkeys(each.family_id for each in found))
        detail = _detail(sought) | {"outside": outside}
        audit.note(
            connection, reader, action="search", family_ids=families or [None], detail=detail, result_count=total
        )
    return SearchResult(found, total, outside)


def whom_to_ask(engine: Engine, reader: Reader, sought: Sought, *, purpose: str) -> tuple[Outside, ...]:
    """Of the families outside one's own that a search is about, whom to ask, for a purpose that is written down."""
    if purpose not in PURPOSES:
        raise Refused("Choose for what purpose you ask: " + ", ".join(PURPOSES.values()) + ".")
    with _asked(engine, reader, "search_outside", writes=False) as connection:
        if Settings().search_outside == "closed":
            raise NotAllowed("This council answers for other families only through their managers: ask one of them.")
        ids = _outside(connection, reader, _matches(connection, reader, sought))
        known = _known_to(connection, ids)
        shown: list[str | None] = [*ids]
        detail = _detail(sought) | {"for": purpose}
        audit.note(connection, reader, action="search_outside", family_ids=shown or [None], detail=detail)
    return tuple(Outside(known.get(family_id, NOBODY)) for family_id in ids)


def open_in_emergency(engine: Engine, reader: Reader, sought: Sought, *, cause: str, words: str) -> str:
    """Open, for an hour, the one family outside one's own that a search is about; the family's id.

    The search is made again: nobody opens a family that they have not found.
    """
    with _asked(engine, reader, "open_in_emergency", writes=True) as connection:
        require_emergency(reader)
        require_recent(reader)
        ids = _outside(connection, reader, _matches(connection, reader, sought))
        if len(ids) != 1:
            raise Refused(
                "One family is opened at a time: search until there is one, by a full name and date of birth."
            )
        emergency.write_opening(connection, reader, ids[0], cause=cause, words=words)
    return ids[0]


NOBODY = "Nobody works with this family: ask a programme manager"


@contextmanager
def _asked(engine: Engine, reader: Reader, action: str, *, writes: bool) -> Iterator[Connection]:
    with refusals_noted(engine, reader, action):
        require_search(reader)
        with (writing if writes else audited)(engine, reader, Reach.KNOWN) as connection:
            yield connection


def _detail(sought: Sought) -> dict[str, Any]:
    born_on = sought.born_on.isoformat() if sought.born_on else None
    return {"text": sought.text[:200], "born_on": born_on}


def _matches(connection: Connection, reader: Reader, sought: Sought) -> ColumnElement[bool]:
    """The members that fit all that was typed, hidden families left out; refuses a search for everybody."""
    conditions = [restricted.is_open_to(reader, MEMBER.c.family_id)]
    if sought.born_on is not None:
        conditions.append(MEMBER.c.date_of_birth == sought.born_on)
    words = search_words(sought.text)[:MOST_WORDS]
    key = tuple_(MEMBER.c.family_id, MEMBER.c.person_id)
    whole = _of_id(sought.text.strip())
    for word in words:
        of_upn = _of_upn(word, "".join(sought.text.split()))
        conditions.append(key.in_(union_all(*_of_word(reader, word), whole, of_upn)))
    if not words and sought.born_on is None:
        raise Refused("Write a name, an address, a UPN or an id of two letters or more, or a date of birth.")
    return and_(*conditions)


def _of_word(reader: Reader, word: str) -> tuple[Any, Any]:
    """Who has a word that begins so in their name, and who in where they live if that may be shown."""
    begins = WORD.c.word == word if len(word) == 1 else and_(WORD.c.word >= word, WORD.c.word < word + LAST)
    shown = restricted.address_shown(reader, WORD.c.family_id)
    lives = select(WORD.c.family_id).where(begins, WORD.c.person_id == OF_ADDRESS, shown)
    return (
        select(WORD.c.family_id, WORD.c.person_id).where(begins, WORD.c.person_id != OF_ADDRESS),
        MEMBERS.where(MEMBER.c.is_resident, MEMBER.c.family_id.in_(lives)),
    )


def _of_id(text: str) -> Any:
    """The members of the family that has this id, or whose case has."""
    of_case = select(CASE.c.family_id).where(CASE.c.case_id == text)
    ids = union_all(select(FAMILY.c.family_id).where(FAMILY.c.family_id == text), of_case)
    return MEMBERS.where(MEMBER.c.family_id.in_(ids))


def _of_upn(*texts: str) -> Any:
    """Who has a UPN that is one of these, whatever its case."""
    return select(UPN.c.family_id, UPN.c.person_id).where(UPN.c.upn.in_([text.upper() for text in texts]))


def _within(connection: Connection, reader: Reader, matches: ColumnElement[bool]) -> tuple[Sequence[Row[Any]], int]:
    """The people of families the reader may see: children before grown-ups, and of each the youngest first."""
    joined: Any = MEMBER.join(FAMILY, FAMILY.c.family_id == MEMBER.c.family_id)
    condition = and_(matches, may_see(reader))
    total = connection.execute(select(func.count()).select_from(joined).where(condition)).scalar_one()
    query = (
        select(MEMBER, FAMILY.c.name.label("family"), FAMILY.c.address)
        .select_from(joined)
        .where(condition)
        .order_by(
            MEMBER.c.role != "child",
            MEMBER.c.date_of_birth.desc().nulls_last(),
            FAMILY.c.name_place,
            MEMBER.c.place,
            MEMBER.c.person_id,
        )
    )
    return connection.execute(query.limit(MOST_FOUND)).all(), int(total)


def _outside(connection: Connection, reader: Reader, matches: ColumnElement[bool]) -> list[str]:
    """The families that match and are not the reader's, of which they may learn that the programme knows them."""
    is_known = or_(FAMILY.c.status == "eligible", FAMILY.c.family_id.in_(select(CASE.c.family_id)))
    query = (
        select(FAMILY.c.family_id)
        .join(MEMBER, MEMBER.c.family_id == FAMILY.c.family_id)
        .where(matches, is_known, ~may_see(reader))
        .distinct()
        .order_by(FAMILY.c.family_id)
    )
    return list(connection.execute(query).scalars())


def _found(connection: Connection, reader: Reader, rows: Sequence[Row[Any]]) -> tuple[Found, ...]:
    ids = list(dict.fromkeys(row.family_id for row in rows))
    known = _known_to(connection, ids)
    withheld = restricted.without_address(connection, reader, ids)
    delivered = list(connection.execute(select(COVERAGE.c.source).order_by(COVERAGE.c.source)).scalars())
    same = ("person_id", "name", "role", "date_of_birth", "age", "school", "family_id", "family")
    return tuple(
        Found(
            **{name: row._mapping[name] for name in same},
            address=row.address if row.is_resident and row.family_id not in withheld else None,
            known_to=known.get(row.family_id, "Nobody yet"),
            not_found_in=_not_found_in(row.sources, delivered),
        )
        for row in rows
    )


def _not_found_in(sources: str | None, delivered: Sequence[str]) -> tuple[str, ...]:
    """Delivered sources without a record of somebody; nothing is said where it was not kept who is in which."""
    if sources is None:
        return ()
    there = set(json.loads(sources))
    return tuple(dict.fromkeys(source_label(source) for source in delivered if source not in there))


def _known_to(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Who works with each of some families, in words: the worker and the team."""
    query = (
        select(CASE.c.family_id, CASE.c.is_open, STAFF.c.name, TEAM.c.name.label("team"))
        .outerjoin(STAFF, STAFF.c.staff_id == CASE.c.worker)
        .outerjoin(TEAM, TEAM.c.team_id == CASE.c.team_id)
        .where(CASE.c.family_id.in_(tuple(ids)))
        .order_by(CASE.c.is_open, CASE.c.state_since)
    )
    said = {}
    for row in connection.execute(query):
        who = ", ".join(filter(None, (row.name, row.team))) or "the programme team"
        said[row.family_id] = who if row.is_open else f"Not worked with now; last {who}"
    return said
