"""Staff at the command line: who may open the casebook, in which role and team.

Whoever runs the command may name the first administrator, so each act is kept with the name of their account.
"""

from __future__ import annotations

import datetime as dt
import getpass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from families.casebook.access import OPERATOR, ROLES
from families.casebook.views import Reader
from families.errors import Refused
from families.settings import Settings

if TYPE_CHECKING:  # the other commands need not wait for the database's modules
    from sqlalchemy import Engine

    from families.casebook.staff import StaffLine

PURPOSE = "look after staff"
REASON = typer.Option(help="Why: it is kept with the change.")
METADATA = "/.well-known/openid-configuration"

app = typer.Typer(no_args_is_help=True, help="Who may open the casebook, in which role and team.")
out = Console(soft_wrap=True)


def operator() -> Reader:
    """Whoever runs the command, by the name of their account on this machine."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = "unknown"
    return Reader(staff_id=f"operator:{name}", role=OPERATOR, purpose=PURPOSE)


def issuer_of(settings: Settings) -> str | None:
    """The issuer of the sign-in service that is set up, as its metadata's address says it."""
    return settings.oidc_metadata_url.removesuffix(METADATA) if settings.oidc_metadata_url else None


def _casebook() -> Engine:
    from families.casebook.database import open_casebook
    from families.casebook.migrations import migrate

    engine = open_casebook(Settings().database_url)
    migrate(engine)
    return engine


@app.command(
    epilog='Example: families staff add a.jones --name "A. Jones" --role caseworker --subject 8f2c --reason new'
)
def add(
    staff_id: Annotated[str, typer.Argument(help="An id of your choice, as it stands in the audit trail.")],
    name: Annotated[str, typer.Option(help="The name that colleagues see.")],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")],
    subject: Annotated[str, typer.Option(help="What the sign-in service calls them (`sub`).")],
    reason: Annotated[str, REASON],
    issuer: Annotated[str | None, typer.Option(help="The sign-in service; else the one that is set up.")] = None,
    team: Annotated[str | None, typer.Option(help="The id of their team.")] = None,
) -> None:
    """Let somebody in."""
    from families.casebook import staff

    issuer = issuer or issuer_of(Settings())
    if issuer is None:
        raise Refused("Name the sign-in service with --issuer, or set FAMILIES_OIDC_METADATA_URL.")
    staff.add_staff(
        _casebook(),
        operator(),
        staff_id,
        name=name,
        role=role,
        issuer=issuer,
        subject=subject,
        team_id=team,
        reason=reason,
    )
    _say(f"{staff_id} may sign in as {ROLES[role].lower()}.")


@app.command(epilog="Example: families staff disable a.jones --reason left")
def disable(
    staff_id: Annotated[str, typer.Argument(help="Whom.")],
    reason: Annotated[str, REASON],
) -> None:
    """Let somebody in no more, and sign them out everywhere."""
    from families.casebook import staff

    staff.disable_staff(_casebook(), operator(), staff_id, reason=reason, at=dt.datetime.now(dt.UTC))
    _say(f"{staff_id} is signed out and may not sign in.")


@app.command("list", epilog="Example: families staff list")
def list_() -> None:
    """Everybody who may open the casebook or once could."""
    from families.casebook import staff

    for line in staff_lines(staff.staff_list(_casebook(), operator())):
        _say(line)


@app.command(epilog='Example: families staff team north --name "North team" --manager a.jones --reason "new team"')
def team(
    team_id: Annotated[str, typer.Argument(help="An id of your choice.")],
    name: Annotated[str, typer.Option(help="The name that colleagues see.")],
    reason: Annotated[str, REASON],
    manager: Annotated[str | None, typer.Option(help="The staff id of who manages it.")] = None,
) -> None:
    """Make a team, or give one another name or manager."""
    from families.casebook import staff

    staff.save_team(_casebook(), operator(), team_id, name=name, manager_id=manager, reason=reason)
    _say(f"{team_id} is {name}.")


def staff_lines(found: tuple[StaffLine, ...]) -> list[str]:
    """One line each, and how many there are."""
    rows = [
        (each.staff_id, each.name, each.role_label, each.team or "no team", "disabled" if each.is_disabled else "")
        for each in found
    ]
    widths = [max((len(row[place]) for row in rows), default=0) for place in range(5)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [*lines, f"{len(rows)} staff."]


def _say(line: str) -> None:
    out.print(line, markup=False, highlight=False)
