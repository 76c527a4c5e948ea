"""The casebook sends no statement made of values: literal SQL is constant, everything else is a bound parameter."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import families.casebook

ROOM = Path(families.casebook.__file__).parent
RAW = {"text", "execute", "exec_driver_sql"}
# Statements that SQLAlchemy compiles from a table, and constants kept in a tuple.
KNOWN = {"statement", "pragma"}


def raw_calls(path: Path) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in RAW:
                yield name, node.args[0]


@pytest.mark.parametrize("path", sorted(ROOM.rglob("*.py")), ids=lambda path: path.name)
def test_no_statement_is_put_together_from_strings(path: Path) -> None:
    for _, statement in raw_calls(path):
        parts = list(ast.walk(statement))
        assert not any(isinstance(part, ast.JoinedStr) for part in parts), path
        assert not any(isinstance(part, ast.BinOp) and isinstance(part.op, (ast.Add, ast.Mod)) for part in parts), path
        if isinstance(statement, ast.Name) and path.parent.name != "versions":
            assert statement.id in KNOWN | {"query"}, path


def test_only_the_casebook_speaks_to_its_database() -> None:
    others = [path for path in ROOM.parent.rglob("*.py") if ROOM not in path.parents]
    importing = {
        path.name
        for path in others
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (isinstance(node, ast.Import) and any(name.name in ("sqlite3", "psycopg", "alembic") for name in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("sqlite3", "psycopg", "sqlmodel")))
    }
    assert importing == set()
