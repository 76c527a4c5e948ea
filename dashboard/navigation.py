"""Which pages each role finds, under which heading. The data decides again at every read; this is only the menu."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from families.casebook import access, case_scope
from families.cases.inbox import TRIAGERS, referrers
from families.cases.reading import ALLOCATORS, ASK_OUTCOMES, HAVE_A_DAY, OVERSEERS

MY_WORK, FAMILIES, REFERRALS, PROGRAMME = "My work", "Families", "Referrals", "Programme"
DATA, ASSURANCE, ADMIN, HELP = "Data", "Assurance", "Administration", "Help"
SEE_FAMILIES = frozenset(access.MAY_SEE)
IDENTIFIED, MY_FAMILIES, ACCESS = "identified_families", "my_families", "access"
EVERYBODY = frozenset(access.ROLES)


@dataclass(frozen=True)
class Entry:
    """A page of the menu, and the roles that find it there."""

    section: str
    name: str  # of its file, and its address
    title: str
    roles: Collection[str]
    is_hidden: bool = False


ENTRIES = (
    Entry(MY_WORK, "today", "Today", HAVE_A_DAY),
    Entry(MY_WORK, MY_FAMILIES, "My families", case_scope.READ_CASES),
    Entry(FAMILIES, "search", "Search", access.MAY_SEARCH),
    Entry(FAMILIES, "family_record", "Family record", SEE_FAMILIES, is_hidden=True),
    Entry(REFERRALS, "inbox", "Inbox and triage", TRIAGERS),
    Entry(REFERRALS, "new_referral", "New referral", referrers()),
    Entry(REFERRALS, IDENTIFIED, "Identified families", access.LIST_PUBLISHED),
    Entry(PROGRAMME, "overview", "Overview", OVERSEERS),
    Entry(PROGRAMME, "caseload", "Caseload and allocation", ALLOCATORS),
    Entry(PROGRAMME, "outcomes", "Outcomes", ASK_OUTCOMES),
    Entry(DATA, "loads", "Loads", access.MAY_LOAD),
    Entry(DATA, "quality", "Quality and coverage", access.MAY_READ_QUALITY),
    Entry(DATA, "review", "Match review", access.MAY_REVIEW),
    Entry(DATA, "rules", "Rules", access.MAY_READ_RULES),
    Entry(ASSURANCE, ACCESS, "Access and restrictions", access.MAY_LOOK_AT_EMERGENCIES),
    Entry(ADMIN, "users", "Users and settings", access.MAY_MANAGE_STAFF),
    Entry(HELP, "help", "Help", EVERYBODY),
)
FIRST = (IDENTIFIED, "today", "new_referral", "users")  # where a role begins: the first of these that it has
NOTHING = Entry(MY_WORK, "no_pages", "No pages", EVERYBODY)  # for a role that has none of them


def entries(role: str | None) -> tuple[Entry, ...]:
    """The pages of a role. While nobody has said who they are, every address stays known: a link leads there later."""
    if role is None:
        return ENTRIES
    mine = tuple(entry for entry in ENTRIES if role in entry.roles)
    return mine if begins_at(mine) else (NOTHING, *mine)


def list_of(role: str) -> str:
    """The file of the page that lists families for a role: those it works with, or all that it may see."""
    name = IDENTIFIED if role in access.LIST_PUBLISHED else MY_FAMILIES
    return f"pages_/{name}.py"


def begins_at(them: Collection[Entry]) -> str | None:
    """The page somebody begins at, among those they have."""
    names = {entry.name for entry in them}
    return next((name for name in (*FIRST, NOTHING.name) if name in names), None)
