"""The second wall on PostgreSQL: each transaction says, signed, for whom it is; the database keeps back the rest.

What a query asks for is decided in its WHERE; were that forgotten, row-level security would still give no row of a
family that the person may not see, and to a transaction that says nothing none at all. The signature is made with a
key derived from the audit trail's. The database checks it against a copy that only the owner of the tables can read,
so that whoever gets SQL of their own into a statement cannot become somebody else. SQLite has one wall.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, TypeAlias

import psycopg
from psycopg import sql
from sqlalchemy import Connection, text

from families.casebook.keys import audit_key
from families.casebook.views import Reader
from families.errors import Refused

SETTING = "families.context"
DERIVED_FOR = b"families: who reads, row by row"
BLOCK = 64  # bytes of SHA-256's block, to which HMAC fills a key up


class Whose(Enum):
    """Transactions that are not for one person: of families, one sees none and the other all."""

    NOBODY = "nobody"
    WHOLE = "whole"


NOBODY, WHOLE = Whose.NOBODY, Whose.WHOLE
For: TypeAlias = Reader | Whose


class Reach(Enum):
    """How far a person's transaction reaches: each role's own, or as far as one of two kinds of act must look."""

    OWN = "own"
    KNOWN = "known"  # that a family is known to the programme: for searches, triage and loads of work
    QUERIED = "queried"  # families in which a worker said that something is wrong: for who settles it


def say(connection: Connection, whom: For, reach: Reach = Reach.OWN) -> None:
    """Tell the database for whom this transaction reads; with the transaction it is forgotten."""
    if connection.dialect.name != "postgresql" or whom is NOBODY:
        return
    _set(connection, _signed(connection, whom, reach))
    if not connection.info.get("is_believed"):
        _require_belief(connection)


@contextmanager
def seeing_all(connection: Connection) -> Iterator[None]:
    """For a moment, the rows of all in a transaction that is for one person; it shows none of them."""
    if connection.dialect.name != "postgresql":
        yield
        return
    before = connection.execute(text("SELECT current_setting(:name, true)"), {"name": SETTING}).scalar()
    say(connection, WHOLE)
    yield
    _set(connection, before or "")


def _set(connection: Connection, told: str) -> None:
    connection.execute(text("SELECT set_config(:name, :told, true)"), {"name": SETTING, "told": told})


def _signed(connection: Connection, whom: For, reach: Reach) -> str:
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    said: dict[str, Any] = {"kind": "whole"}
    if isinstance(whom, Reader):
        said = {"kind": "reader", "staff": whom.staff_id, "role": whom.role, "reach": reach.value}
    told = json.dumps(said | {"backend": driver.info.backend_pid, "at": int(time.time())})
    if "key" not in connection.info:
        connection.info["key"] = _key(connection)
    return f"{hmac.new(connection.info['key'], told.encode(), hashlib.sha256).hexdigest()} {told}"


def _key(connection: Connection, *, has_begun: bool = True) -> bytes:
    return hmac.new(audit_key(connection.engine.url, has_begun=has_begun), DERIVED_FOR, hashlib.sha256).digest()


def _require_belief(connection: Connection) -> None:
    """Say at the first use of a connection that nothing will be seen, rather than show that nothing is there."""
    if connection.execute(text("SELECT to_regprocedure('casebook_claims()')")).scalar() is None:
        return  # a casebook from before, or an empty one
    if connection.execute(text("SELECT casebook_claims()")).scalar() is None:
        del connection.info["key"]
        raise Refused(
            "The casebook's database does not believe who is reading: see that FAMILIES_AUDIT_KEY is the key it was "
            "renewed with, that the clocks of both machines agree, and that no connection pooler stands between them."
        )
    connection.info["is_believed"] = True


def keep_key(connection: Connection) -> None:
    """Give the owner's copy of the key to the database, as two pads; for whoever owns the tables."""
    if not _is_owner(connection):
        return
    begun = connection.execute(text("SELECT hash IS NOT NULL FROM audit_chain")).scalar()
    key = _key(connection, has_begun=bool(begun)).ljust(BLOCK, b"\0")
    pads = {"inner_pad": bytes(byte ^ 0x36 for byte in key), "outer_pad": bytes(byte ^ 0x5C for byte in key)}
    connection.execute(
        text(
            "INSERT INTO row_security_key (only_one, inner_pad, outer_pad) VALUES (1, :inner_pad, :outer_pad) "
            "ON CONFLICT (only_one) DO UPDATE SET inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad "
            "WHERE row_security_key.inner_pad <> excluded.inner_pad"
        ),
        pads,
    )


def _is_owner(connection: Connection) -> bool:
    query = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('row_security_key')"
    return bool(connection.execute(text(query)).scalar())


RIGHTS = (
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    "REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}",
    "REVOKE UPDATE, DELETE ON audit_event FROM {role}",
    "REVOKE ALL ON row_security_key FROM {role}",
)


def let_in(connection: Connection, role: str) -> None:
    """Give the role that the casebook is used with its rights on rows, and none on tables, the key or past events."""
    query = """SELECT EXISTS (
        SELECT FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
        AND relname <> 'row_security_key' AND NOT has_table_privilege(:role, oid, 'SELECT'))"""
    if not connection.execute(text(query), {"role": role}).scalar():
        return
    schema = connection.execute(text("SELECT current_schema()")).scalar_one()
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    for right in RIGHTS:
        statement = sql.SQL(right).format(schema=sql.Identifier(schema), role=sql.Identifier(role))
        driver.execute(statement)


def is_past_it(connection: Connection) -> bool:
    """Whether row-level security keeps nothing back from whoever is connected."""
    query = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    return connection.dialect.name == "postgresql" and bool(connection.execute(text(query)).scalar())
