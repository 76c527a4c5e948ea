"""Opening a casebook: where it lies, who may read the file, and a sentence where it cannot be opened."""

import stat
from pathlib import Path

import pytest
from made_up import made_up_run
from sqlalchemy import Engine

from families.casebook import database
from families.casebook.database import open_casebook
from families.casebook.enlarging import require_empty
from families.casebook.migrations import migrate
from families.casebook.publish import publish
from families.casebook.reading import data_as_at
from families.errors import Refused


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://someone:secret@127.0.0.1:1/casebook",
        "postgresql+asyncpg://someone:secret@host/casebook",
        "mysql://someone:secret@host/casebook",
        "sqlite://",
        "secret",
        "",
    ],
)
def test_an_address_that_cannot_be_opened_gets_a_sentence_without_the_password(url: str) -> None:
    with pytest.raises(Refused) as refused:
        open_casebook(url)
    assert "secret" not in str(refused.value)
    assert str(refused.value).endswith(".")


def test_a_file_that_is_no_casebook_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "casebook.sqlite").write_bytes(b"not a database, but long enough to look like one " * 50)
    with pytest.raises(Refused, match="cannot be opened"):
        open_casebook(f"sqlite:///{tmp_path / 'casebook.sqlite'}")


def test_a_folder_that_cannot_be_made_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where a folder should be")
    with pytest.raises(Refused, match="cannot be opened"):
        open_casebook(f"sqlite:///{tmp_path / 'home' / 'casebook.sqlite'}")


def test_nobody_else_on_the_machine_reads_the_file(tmp_path: Path) -> None:
    engine = open_casebook(f"sqlite:///{tmp_path / 'new' / 'casebook.sqlite'}")
    publish(engine, **made_up_run().for_publish())
    with engine.connect():
        rights = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    engine.dispose()
    assert set(rights.values()) == {0o600}
    assert "casebook.sqlite-wal" in rights


def test_one_engine_for_each_address(sqlite_url: str) -> None:
    engine = open_casebook(sqlite_url)
    assert open_casebook(sqlite_url) is engine
    engine.dispose()


def test_a_casebook_made_afresh_is_noticed(sqlite_url: str, tmp_path: Path) -> None:
    engine = open_casebook(sqlite_url)
    publish(engine, **made_up_run().for_publish())
    for path in tmp_path.iterdir():
        path.unlink()

    with pytest.raises(Refused, match="families refresh"):
        data_as_at(engine)
    publish(engine, **made_up_run().named("run-2").for_publish())

    assert data_as_at(engine).run_id == "run-2"
    engine.dispose()


def test_who_finds_no_connection_free_is_told_in_a_sentence(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "AT_ONCE", {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.1})
    engine = open_casebook(sqlite_url)
    with engine.connect(), pytest.raises(Refused, match="is busy"), database.reading(engine):
        pass
    engine.dispose()


def test_only_an_empty_database_is_taken_for_a_casebook_that_nobody_keeps(empty_casebook: Engine) -> None:
    require_empty(empty_casebook)
    migrate(empty_casebook)
    with pytest.raises(Refused, match="name an empty one"):
        require_empty(empty_casebook)
