"""Who may see which families: roles and statuses side by side. Decided where data is read, never in a page."""

from __future__ import annotations

from families.casebook.views import Reader
from families.errors import NotAllowed

ROLES = {
    "caseworker": "Caseworker",
    "team_manager": "Team manager",
    "programme_manager": "Programme manager",
    "returns_officer": "Returns officer",
    "approver": "Approver",
    "data_analyst": "Data analyst",
    "auditor": "Auditor",
    "ig_officer": "Information-governance officer",
    "statistician": "Statistician",
    "administrator": "Administrator",
    "partner_referrer": "Partner referrer",
}

MAY_SEE: dict[str, frozenset[str]] = {
    "caseworker": frozenset({"eligible"}),
    "team_manager": frozenset({"eligible"}),
    "programme_manager": frozenset({"eligible", "near_miss"}),
    "returns_officer": frozenset({"eligible"}),
    "data_analyst": frozenset({"near_miss"}),
    "auditor": frozenset({"eligible"}),
    "ig_officer": frozenset({"eligible"}),
}


MAY_READ_RULES = frozenset({"data_analyst", "programme_manager"})


def require_rules(reader: Reader) -> None:
    """Refuse who may not read the rules; they name nobody, so no purpose is asked for and no trace is kept."""
    if reader.role not in MAY_READ_RULES:
        who = " or ".join(f"a {ROLES[role].lower()}" for role in sorted(MAY_READ_RULES))
        raise NotAllowed(f"The rules are shown to {who}: ask one of them.")


def statuses_for(reader: Reader) -> frozenset[str]:
    """The statuses of family a reader may see, or a sentence why none."""
    if not reader.purpose.strip():
        raise NotAllowed("Say for what purpose you are looking before any family is shown.")
    if reader.role not in ROLES:
        raise NotAllowed("Your role is not one this casebook knows: ask an administrator to set it.")
    statuses = MAY_SEE.get(reader.role, frozenset())
    if not statuses:
        raise NotAllowed(f"The role {ROLES[reader.role].lower()} does not open families: ask a programme manager.")
    return statuses


def narrowed_to(statuses: frozenset[str], status: str | None) -> frozenset[str]:
    """The statuses a list was asked for, if the reader may see them."""
    if status is None:
        return statuses
    if status not in statuses:
        raise NotAllowed("Your role does not see families of this kind.")
    return frozenset({status})
