"""Who may see which families: roles and statuses side by side. Decided where data is read, never in a page."""

from __future__ import annotations

from families.casebook.views import Reader
from families.errors import NotAllowed, SignInTooOld

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

# The published families a role sees whoever works with them; beside them it sees those of its cases, and where the set
# is empty only those.
MAY_SEE: dict[str, frozenset[str]] = {
    "caseworker": frozenset(),
    "team_manager": frozenset(),
    "programme_manager": frozenset({"eligible", "near_miss"}),
    "returns_officer": frozenset({"eligible"}),
    "data_analyst": frozenset({"near_miss"}),
    "auditor": frozenset({"eligible"}),
    "ig_officer": frozenset({"eligible"}),
}


MAY_READ_RULES = frozenset({"data_analyst", "programme_manager"})
MAY_SIGN_RULES = frozenset({"programme_manager"})
MAY_READ_QUALITY = frozenset({"data_analyst", "programme_manager"})
MAY_ANSWER_SAMPLES = frozenset({"data_analyst"})
MAY_DECIDE_CONTINUITY = frozenset({"programme_manager"})


def require_rules(reader: Reader) -> None:
    """Refuse who may not read the rules; they name nobody, so no purpose is asked for and no trace is kept."""
    if reader.role not in MAY_READ_RULES:
        raise NotAllowed(f"The rules are shown to {_one_of(MAY_READ_RULES)}: ask one of them.")


def require_signing_rules(reader: Reader) -> None:
    """Refuse who may not sign or withdraw the council's own rules."""
    if reader.role not in MAY_SIGN_RULES:
        raise NotAllowed(f"The council's own rules are signed by {_one_of(MAY_SIGN_RULES)}: ask one of them.")


def require_quality(reader: Reader) -> None:
    """Refuse who may not read how well records are linked; counts, which name nobody."""
    if reader.role not in MAY_READ_QUALITY:
        raise NotAllowed(f"The quality of linkage is shown to {_one_of(MAY_READ_QUALITY)}: ask one of them.")


def require_samples(reader: Reader) -> None:
    """Refuse who may not see records side by side to say whether they are of one person."""
    _require_purpose(reader)
    if reader.role not in MAY_ANSWER_SAMPLES:
        raise NotAllowed(f"Records are compared by {_one_of(MAY_ANSWER_SAMPLES)}: ask one of them.")


def require_continuity(reader: Reader) -> None:
    """Refuse who may not decide what becomes of families that were split, put together or moved."""
    _require_purpose(reader)
    if reader.role not in MAY_DECIDE_CONTINUITY:
        raise NotAllowed(f"Changes to families are decided by {_one_of(MAY_DECIDE_CONTINUITY)}: ask one of them.")


def _one_of(roles: frozenset[str]) -> str:
    labels = [ROLES[role].lower() for role in sorted(roles)]
    return " or ".join(f"{'an' if label[0] in 'aeiou' else 'a'} {label}" for label in labels)


def _require_purpose(reader: Reader) -> None:
    if not reader.purpose.strip():
        raise NotAllowed("Say for what purpose you are looking before any family is shown.")


MAY_REVIEW = frozenset({"data_analyst"})


def require_review(reader: Reader) -> None:
    """Refuse who may not see or settle doubts of linkage: they name people of families nobody has confirmed."""
    if not reader.purpose.strip():
        raise NotAllowed("Say for what purpose you are looking before anybody is shown.")
    if reader.role not in MAY_REVIEW:
        who = " or ".join(f"a {ROLES[role].lower()}" for role in sorted(MAY_REVIEW))
        raise NotAllowed(f"Doubts about who is who are settled by {who}: ask one of them.")


LIST_PUBLISHED = frozenset(role for role, statuses in MAY_SEE.items() if statuses)


def require_families(reader: Reader) -> None:
    """Refuse who opens no family at all, with a sentence why."""
    _require_purpose(reader)
    if reader.role not in ROLES:
        raise NotAllowed("Your role is not one this casebook knows: ask an administrator to set it.")
    if reader.role not in MAY_SEE:
        raise NotAllowed(f"The role {ROLES[reader.role].lower()} does not open families: ask a programme manager.")


def require_eligible(reader: Reader) -> None:
    """Refuse, beside those who open no family, who works with near misses alone."""
    require_families(reader)
    if MAY_SEE[reader.role] == {"near_miss"}:
        raise NotAllowed("Your role does not see families of this kind.")


MAY_MANAGE_STAFF = frozenset({"administrator"})
MAY_READ_ACCESS = frozenset({"team_manager", "programme_manager", "ig_officer", "auditor"})
OPERATOR = "system"  # who runs commands on the server: no role of a sign-in, and no family is shown to it


def require_staffing(reader: Reader) -> None:
    """Refuse who may not say who is who; whoever runs the server's commands must be able to name the first."""
    _require_purpose(reader)
    if reader.role not in MAY_MANAGE_STAFF | {OPERATOR}:
        raise NotAllowed(f"Staff and teams are looked after by {_one_of(MAY_MANAGE_STAFF)}: ask one of them.")


MAY_KEEP_LEAVE = frozenset({"team_manager", "administrator"})


def require_leave(reader: Reader) -> None:
    """Refuse who may not say when somebody is away."""
    _require_purpose(reader)
    if reader.role not in MAY_KEEP_LEAVE:
        raise NotAllowed(f"Days of leave are kept by {_one_of(MAY_KEEP_LEAVE)}: ask one of them.")


MAY_SEARCH = frozenset({"caseworker", "team_manager", "programme_manager", "returns_officer", "ig_officer"})
EMERGENCY = frozenset({"caseworker", "team_manager"})  # who sees families by their cases alone
MAY_LOOK_AT_EMERGENCIES = frozenset({"team_manager", "programme_manager", "ig_officer"})
MAY_RESTRICT = frozenset({"ig_officer"})


def require_search(reader: Reader) -> None:
    """Refuse who may not look for people."""
    _require_purpose(reader)
    if reader.role not in MAY_SEARCH:
        raise NotAllowed(f"People are looked for by {_one_of(MAY_SEARCH)}: ask one of them.")


def require_emergency(reader: Reader) -> None:
    """Refuse who may not open a family outside their own in an emergency."""
    _require_purpose(reader)
    if reader.role not in EMERGENCY:
        raise NotAllowed(f"Families are opened in an emergency by {_one_of(EMERGENCY)}: ask one of them.")


def require_looking_at_emergencies(reader: Reader) -> None:
    """Refuse who does not answer for what was opened in an emergency."""
    _require_purpose(reader)
    if reader.role not in MAY_LOOK_AT_EMERGENCIES:
        raise NotAllowed(f"Emergency openings are looked at by {_one_of(MAY_LOOK_AT_EMERGENCIES)}: ask one of them.")


def require_restricting(reader: Reader) -> None:
    """Refuse who may not say who is hidden from whom."""
    _require_purpose(reader)
    if reader.role not in MAY_RESTRICT:
        raise NotAllowed(f"Restrictions are set and lifted by {_one_of(MAY_RESTRICT)}: ask one of them.")


def require_recent(reader: Reader) -> None:
    """Refuse, of those who may, whose sign-in is long ago; whoever runs the server's commands has no session."""
    if reader.session_id is not None and not reader.is_recent:
        raise SignInTooOld(
            "This asks for a sign-in that is not long ago: sign in again, then come back here. Whoever sits at a "
            "screen that somebody left open cannot."
        )


MAY_LOAD = frozenset({"data_analyst"})


def require_loads(reader: Reader) -> None:
    """Refuse who may not load, correct or take back what is delivered; who runs the server's commands may."""
    _require_purpose(reader)
    if reader.role not in MAY_LOAD | {OPERATOR}:
        raise NotAllowed(f"Deliveries are looked after by {_one_of(MAY_LOAD)}: ask one of them.")


def require_access_log(reader: Reader) -> None:
    """Refuse who may not see who has looked at a family."""
    _require_purpose(reader)
    if reader.role not in MAY_READ_ACCESS:
        raise NotAllowed(f"Who looked at a family is shown to {_one_of(MAY_READ_ACCESS)}: ask one of them.")
