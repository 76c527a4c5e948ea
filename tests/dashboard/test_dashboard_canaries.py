"""A family that is not theirs is nowhere for whoever walks through all they may open; for whom it is, it is there.

No other family has the canaries' names and address. They are looked for in every frame that a browser is sent, in every
answer over HTTP, in the server's log and in what it leaves on disk. A child's UPN, which all of them type, is sent to
nobody at all.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence

import pytest
import sqlalchemy as sa
from made_up import upns
from made_up_casebook import FULL
from serving import Real
from visiting import Visitor, signed_in, visitor

from families.casebook import restricting, search
from families.casebook.views import Reader

CANARIES = ("Chidi", "Bridget", "Quayside", "Reilly")
UPN = upns("P0000010")["upn"]
SOUGHT = ("niamh reilly", "quayside court", UPN.lower(), FULL)
TABS = (
    *("Overview", "Reasons and evidence", "Who is linked to whom", "Chronology", "Notes", "Needs and plan"),
    "Access log",
)
OFFICER, WORKER = "demo-ig-officer", "demo-caseworker"
NOT_THEIRS = ("demo-caseworker-3", "demo-team-manager-2", "demo-partner-referrer", "demo-administrator")
NOW = dt.datetime.now(dt.UTC)


def walked(real: Real, subject: str, tabs: Sequence[str] = TABS[3:5]) -> Iterator[tuple[str, Visitor]]:
    """Somebody's way through every page they have, the family's record by its address, and searches for it."""
    with visitor(real.address, signed_in(real.address, subject)) as coming:
        coming.run()
        for name in coming.pages:
            yield name or "first", coming.run(page=coming.pages[name])
        if "search" in coming.pages:
            for text in SOUGHT:
                coming.run(page="search")
                yield f"search {text}", coming.press("search_now", coming.says("search_text", text), page="search")
        if "family_record" in coming.pages:
            for tab in tabs:
                yield tab, coming.run(page="family_record", query=f"family={FULL}&section={tab}")


def found_in(real: Real, subject: str, tabs: Sequence[str] = TABS[3:5]) -> set[str]:
    """The canaries that somebody was sent on their way; nothing may have gone wrong on it."""
    found: set[str] = set()
    for place, coming in walked(real, subject, tabs):
        assert coming.errors == [], place
        found |= set(coming.saw(*CANARIES, UPN))
        coming.frames.clear()
    return found


@pytest.fixture(scope="module")
def hidden(real: Real) -> None:
    officer, soon = Reader(OFFICER, "ig_officer", "test"), NOW.date() + dt.timedelta(days=30)
    restricting.restrict(real.engine, officer, FULL, kind="adoption", reason="A placement.", review_on=soon, at=NOW)


def test_whoever_works_with_the_family_is_sent_all_of_it(real: Real) -> None:
    assert found_in(real, WORKER, TABS) == set(CANARIES)


@pytest.mark.parametrize("subject", NOT_THEIRS)
def test_a_family_of_somebody_elses_is_nowhere(real: Real, subject: str) -> None:
    assert found_in(real, subject) == set()


@pytest.mark.parametrize("subject", ["demo-returns-officer", "demo-data-analyst", "demo-auditor"])
def test_a_restricted_family_is_nowhere(real: Real, hidden: None, subject: str) -> None:
    assert found_in(real, subject) == set()


def test_the_officer_is_sent_it_still(real: Real, hidden: None) -> None:
    assert found_in(real, OFFICER, TABS) == set(CANARIES)


def test_nothing_is_left_in_the_log_or_on_disk(real: Real) -> None:
    """After all these walks: in the log, in the home and in what stood for the machine's folder of temporary files."""
    left = [real.log, *(path for path in real.home.rglob("*") if path.is_file())]
    words = (*CANARIES, UPN, UPN.lower())
    assert [(path.name, word) for path in left for word in words if word.encode() in path.read_bytes()] == []
    assert real.log.stat().st_size > 0


def test_a_search_does_the_same_work_for_whom_is_hidden_as_for_nobody(real: Real, hidden: None) -> None:
    """So that no clock tells them apart: the same statements, each giving as many rows."""

    def asked(text: str) -> list[str]:
        said: list[str] = []
        listen = lambda conn, cursor, statement, *rest: said.append(statement)  # noqa: E731
        sa.event.listen(real.engine, "before_cursor_execute", listen)
        try:
            result = search.search(real.engine, Reader("demo-caseworker-3", "caseworker", "test"), search.Sought(text))
        finally:
            sa.event.remove(real.engine, "before_cursor_execute", listen)
        assert (result.total, result.outside) == (0, 0)
        return said

    assert asked("chidi okafor") == asked("nobody ofthatname")
    assert asked(UPN) == asked(UPN.replace("X", "Z"))


def test_every_page_is_as_if_a_restricted_family_did_not_exist(real: Real, hidden: None) -> None:
    """Its worker and a programme manager: counts, charts, choices and sentences, with it there and with all it has gone."""
    people = (WORKER, "demo-programme-manager")
    with_it = {who: {place: masked(coming) for place, coming in walked(real, who)} for who in people}
    assert [word for word in CANARIES if word in str(with_it)] == []
    take_away(real.engine)
    for who in people:
        for place, coming in walked(real, who):
            assert masked(coming) == with_it[who][place], place


def masked(coming: Visitor) -> list[str]:
    """What stands on a page, without what is another for each sign-in and each minute."""
    assert coming.errors == []
    return [re.sub(r"\d\d?:\d\d|[0-9a-f]{32}|/export/[\w.-]+", "", str(each)) for each in coming.elements]


def take_away(engine: sa.Engine) -> None:
    """Every row with the family's id or its case's, whatever keeps it there: no other test comes after this."""
    held = sa.MetaData()
    held.reflect(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        kept = connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        for trigger in kept:
            connection.execute(sa.text(f'DROP TRIGGER "{trigger}"'))
        case = held.tables["family_case"].c
        cases = connection.execute(sa.select(case.case_id).where(case.family_id == FULL)).scalars().all()
        gone = 0
        for table in (each for each in held.sorted_tables if not each.name.startswith("audit")):
            of_it = [table.c.family_id == FULL] if "family_id" in table.c else []
            of_it += [table.c.case_id.in_(cases)] if "case_id" in table.c else []
            if of_it:
                gone += connection.execute(table.delete().where(sa.or_(*of_it))).rowcount
        for row in connection.execute(sa.text("PRAGMA foreign_key_check")).all():
            connection.execute(sa.text(f'DELETE FROM "{row[0]}" WHERE rowid = :row'), {"row": row[1]})
    assert gone > 30
