"""What people do with deliveries: who may, what leaves a trace, and the commands; on both databases."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from deliveries import write
from directly import directly
from sqlalchemy import Engine
from typer.testing import CliRunner

from families import load_job, loading
from families.casebook.access import ROLES
from families.casebook.models import AuditEvent, table
from families.casebook.views import Reader
from families.cli import app
from families.errors import NotAllowed, Refused, SignInTooOld
from families.home import Home
from families.sources.replaying import NUMBER, UnknownCode

ANALYST = Reader("s-analyst", "data_analyst", "load deliveries")
AT = dt.datetime(2013, 9, 3, 9, 30, tzinfo=dt.UTC)
ASB = (
    "CaseRef,Surname,Forename,DOB,Address,Postcode,Measure,Ground,IssuedDate,EndDate\n"
    "1,Ash,Amy,,,,ASBO,,25/02/2013,\n2,,,,,,ASBO,,26/02/2013,\n"
)
UNKNOWN = UnknownCode("measure", "Measure", "Yellow letter", 3, "")


def events(engine: Engine) -> list[tuple[str, str, int | None]]:
    event = table(AuditEvent).c
    with directly(engine) as connection:
        rows = connection.execute(sa.select(event.action, event.staff_id, event.result_count).order_by(event.event_id))
        return [tuple(row) for row in rows]  # type: ignore[misc]


def test_an_analyst_loads_corrects_and_takes_back_and_each_act_leaves_its_event(
    casebook: Engine, tmp_path: Path
) -> None:
    home, file = Home(tmp_path / "home"), write(tmp_path, "asb_2013-08.csv", ASB)
    asked = {"source": None, "mapping": None, "received_on": AT.date()}
    trial = loading.load_file(home, casebook, ANALYST, file, **asked, dry_run=True)
    assert (trial.rows_in, trial.rejected) == (2, 1)
    assert events(casebook) == []
    made = loading.load_file(home, casebook, ANALYST, file, **asked, dry_run=False)
    with pytest.raises(Refused, match="loaded before"):
        loading.load_file(home, casebook, ANALYST, file, **asked, dry_run=True)
    assert loading.register(home, ANALYST).waiting == {made.delivery: 1}
    with pytest.raises(SignInTooOld):
        loading.rejects_file(home, casebook, replace(ANALYST, session_id="of-this-morning"), made.delivery)
    rejects = loading.rejects_file(home, casebook, ANALYST, made.delivery).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(rejects))
    assert row[NUMBER] == "2"
    corrected = rejects.replace(",2,,", ",2,Fir,").encode()
    on = {"on": AT.date()}
    with pytest.raises(Refused, match="lack"):
        loading.replay_rejects(home, casebook, ANALYST, made.delivery, b"Surname\nFir\n", **on)
    loading.replay_rejects(home, casebook, ANALYST, made.delivery, corrected, **on)
    assert loading.register(home, ANALYST).waiting == {made.delivery: 0}
    follows = loading.consequences(home, casebook, ANALYST, made.delivery)
    assert (len(follows.corrections), follows.is_used, follows.cited.findings) == (1, False, 0)
    gone = loading.take_back(home, casebook, ANALYST, made.delivery, reason="The wrong month.", at=AT)
    assert [each.by for each in gone] == ["s-analyst", "s-analyst"]
    assert events(casebook) == [
        ("load_delivery", "s-analyst", None),
        ("export_rejects_refused", "s-analyst", None),
        ("export_rejects", "s-analyst", 1),
        ("replay_rejects", "s-analyst", None),
        ("replay_rejects_failed", "s-analyst", None),
        ("replay_rejects", "s-analyst", None),
        ("take_back_delivery", "s-analyst", None),
    ]


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"data_analyst"}))
def test_nobody_else_may(casebook: Engine, tmp_path: Path, role: str) -> None:
    home, by = Home(tmp_path / "home"), Reader("s", role, "look")
    acts = [
        lambda: loading.register(home, by),
        lambda: loading.consequences(home, casebook, by, "0"),
        lambda: loading.take_back(home, casebook, by, "0", reason="x", at=AT),
        lambda: loading.rejects_file(home, casebook, by, "0"),
        lambda: loading.replay_rejects(home, casebook, by, "0", b"", on=AT.date()),
        lambda: loading.codes_not_known(home, by, "0"),
        lambda: loading.map_code(home, casebook, by, "0", UNKNOWN, read_as="ABC", on=AT.date()),
        lambda: loading.load_file(
            home, casebook, by, tmp_path, source=None, mapping=None, received_on=AT.date(), dry_run=False
        ),
        lambda: load_job.look(home, by, at=AT),
        lambda: load_job.begin_check(
            home, casebook, by, "a", upload=None, source=None, mapping=None, received_on=AT.date(), at=AT
        ),
        lambda: load_job.begin_load(home, casebook, by, "a", received_on=AT.date(), at=AT),
        lambda: load_job.let_go(home, by, "a"),
    ]
    for act in acts:
        with pytest.raises(NotAllowed, match="a data analyst"):
            act()
    assert events(casebook) == []


def test_the_commands_take_back_and_correct(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAMILIES_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FAMILIES_DATABASE_URL", raising=False)
    run, file = CliRunner(), write(tmp_path, "asb_2013-08.csv", ASB)
    assert run.invoke(app, ["load", str(file)]).exit_code == 0
    (made,) = loading.register(Home(tmp_path / "home"), ANALYST).deliveries
    listed = run.invoke(app, ["deliveries"]).output
    assert made.delivery in listed
    to = tmp_path / "rejects.csv"
    assert run.invoke(app, ["rejects", made.delivery, "--to", str(to)]).exit_code == 0
    assert to.stat().st_mode & 0o077 == 0
    to.write_text(to.read_text("utf-8-sig").replace(",2,,", ",2,Fir,"), "utf-8")
    replayed = run.invoke(app, ["replay", made.delivery, "--rejects", str(to)])
    assert replayed.exit_code == 0, replayed.output
    gone = run.invoke(app, ["unload", made.delivery, "--reason", "the wrong month"])
    assert gone.exit_code == 0
    assert "asb_2013-08.csv is taken back" in gone.output
    assert "Ash" not in listed + gone.output
    assert "taken back" in run.invoke(app, ["deliveries"]).output
