"""What the repository promises about itself: imports run one way, columns are declared whole, numbers live in rulesets."""

import ast
import re
from pathlib import Path

import pytest

from families.criteria.rulebook import RULESETS, load_ruleset
from families.tables.columns import RETENTIONS, SENSITIVITIES
from families.tables.records import RECORD_TABLES
from families.tables.run import RUN_TABLES

ROOT = Path(__file__).parents[2]
GROUND = {"dates", "errors", "reference"}
LAYERS: dict[str, set[str]] = {
    "reference": set(),
    "errors": set(),
    "dates": {"reference"},
    "working_days": {"dates", "reference"},
    "settings": set(),
    "home": {"errors"},
    "tables": GROUND,
    "sources": {*GROUND, "tables", "home"},
    "linkage": {*GROUND, "tables", "sources"},
    "households": {*GROUND, "tables", "sources", "linkage"},
    "criteria": {*GROUND, "tables"},
    "casebook": {*GROUND, "tables", "settings", "working_days"},
    "cases": {*GROUND, "casebook", "settings", "working_days"},
    "exports": {*GROUND, "casebook", "cases", "settings"},
    "synthetic": {*GROUND},
}


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(file: Path) -> set[str]:
    """The parts of `families` that a file imports."""
    tree = ast.parse(file.read_text("utf-8"))
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules += [
        f"{node.module}.{name.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "families"
        for name in node.names
    ]
    modules += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    return {module.split(".")[1] for module in modules if module.startswith("families.")}


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_run_one_way(layer):
    files = python_files(f"families/{layer}") or [ROOT / f"families/{layer}.py"]
    allowed = LAYERS[layer] | {layer}
    wrong = {
        str(file.relative_to(ROOT)): sorted(imported(file) - allowed) for file in files if imported(file) - allowed
    }
    assert not wrong


def test_every_layer_is_listed():
    layers = {path.stem for path in (ROOT / "families").iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    assert layers - {"__pycache__"} <= set(LAYERS)


@pytest.mark.parametrize("name", [*RECORD_TABLES, *RUN_TABLES])
def test_every_column_states_label_sensitivity_and_retention(name):
    for column_name, column in ({**RECORD_TABLES, **RUN_TABLES})[name].columns().items():
        facts = column.metadata or {}
        assert facts.get("label"), f"{name}.{column_name} has no label"
        assert facts["sensitivity"] in SENSITIVITIES
        assert facts["retention"] in RETENTIONS


@pytest.mark.parametrize("file", sorted(RULESETS.glob("*.toml")), ids=lambda file: file.stem)
def test_shipped_rulesets_are_whole(file):
    rules = load_ruleset(file.stem).rules
    assert rules.id == file.stem
    assert all(criterion.source and criterion.confidence for criterion in rules.criterion)


def test_no_threshold_of_a_programme_stands_in_python():
    """Shares, benefit lists and amounts are in rulesets; a number of theirs in the rules' code is one in two places."""
    telling = re.compile(r"\b(15|0\.15|380|1000|3200|4000)\b|['\"](JSA|ESA|SDA)['\"]")
    found = [
        f"{file.name}:{number}"
        for file in python_files("families/criteria")
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if telling.search(line.split("#")[0]) and '"""' not in line
    ]
    assert found == []


def test_only_the_casebook_opens_a_database():
    allowed = {"casebook"}
    wrong = [
        str(file.relative_to(ROOT))
        for file in [*python_files("families"), *python_files("dashboard")]
        if re.search(
            r"^\s*(from|import) (sqlalchemy|sqlmodel|psycopg|sqlite3)\b(?! import Engine$)",
            file.read_text("utf-8"),
            re.M,
        )
        and file.relative_to(ROOT).parts[1] not in allowed
    ]
    assert wrong == []


def test_no_name_is_given_to_two_functions_of_a_file():
    """The second would be the only one, and nobody would notice."""
    twice = []
    for file in [path for folder in ("families", "dashboard", "tests") for path in python_files(folder)]:
        body = ast.parse(file.read_text("utf-8")).body
        names = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        twice += [f"{file}: {name}" for name in sorted({name for name in names if names.count(name) > 1})]
    assert twice == []
