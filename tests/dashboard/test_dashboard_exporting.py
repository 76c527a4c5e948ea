"""Files through our own route: made at the click, written down first, and opened by nobody else."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re

import fastexcel
import made_up_casebook
import polars as pl
import pytest
import sqlalchemy as sa
from directly import directly
from made_up_casebook import FULL, on_both
from starlette.requests import Request
from starlette.responses import Response

from dashboard import exporting, identity
from families import board_report, programme
from families.casebook import restricting, sessions
from families.casebook.reading import data_as_at
from families.casebook.verifying import verify
from families.casebook.views import Reader
from families.cases import curating, noting
from families.cases.chronology import Filter
from families.cases.clock import casework_today
from families.cases.record import case_head
from families.exports.record import Wanted, export

CHRONOLOGY = Wanted("chronology", FULL, "pdf", "meeting", Filter(kinds=("act",)))


@pytest.fixture
def engine(casebook_of, monkeypatch):
    engine = casebook_of(made_up_casebook.fill_with_accepted_family)
    monkeypatch.setenv("FAMILIES_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("FAMILIES_COUNCIL", "Wessex")
    return engine


def asked(url: str) -> Response:
    """What the route gives for a link, asked for without any cookie."""
    ticket = url.removeprefix(f"{exporting.PATH}/")
    scope = {"type": "http", "method": "GET", "path": url, "headers": [], "path_params": {"ticket": ticket}}
    return exporting.given(Request(scope))


def session_of(engine, staff_id: str) -> sessions.Session:
    return sessions.start_demo(
        engine, f"token of {staff_id}", staff_id, limits=identity.limits(), at=dt.datetime.now(dt.UTC)
    )


def exports(engine) -> list[tuple[str, str, dict]]:
    with directly(engine) as connection:
        query = sa.text(
            "SELECT staff_id, action, detail FROM audit_event WHERE action LIKE 'export%' ORDER BY event_id"
        )
        return [(row.staff_id, row.action, json.loads(row.detail)) for row in connection.execute(query)]


@pytest.mark.parametrize("form", ["pdf", "xlsx"])
@pytest.mark.parametrize("what", ["chronology", "plan"])
@on_both
def test_a_file_is_made_at_the_click_and_written_down_with_its_hash(engine, what, form):
    session = session_of(engine, "demo-caseworker")
    url = exporting.link(session.session_id, Wanted(what, FULL, form, "meeting"))
    assert exports(engine) == []
    answer = asked(url)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    name = answer.headers["content-disposition"]
    assert (f"{what}_{FULL}_" in name, "Okafor" in name, "Okafor" in url) == (True, False, False)
    assert answer.body[:4] in (b"%PDF", b"PK\x03\x04")
    ((who, action, detail),) = exports(engine)
    assert (who, action, detail["form"]) == ("demo-caseworker", f"export_{what}", form)
    assert detail["sha256"] == hashlib.sha256(answer.body).hexdigest()
    assert verify(engine).broken is None


SILENT = ("asb", "council_tax", "dwp_match", "electoral_register", "housing", "looked_after", "nominations",
          "police_domestic", "probation", "social_care", "early_help", "employment")  # fmt: skip


def sheets(content: bytes) -> dict[str, pl.DataFrame]:
    book = fastexcel.read_excel(content)
    return {name: book.load_sheet(name, header_row=None, dtypes="string").to_polars() for name in book.sheet_names}


@on_both
def test_the_report_to_the_board_is_one_page_and_a_workbook_of_the_same_numbers_and_names_nobody(engine):
    session = session_of(engine, "demo-programme-manager")
    row = "VALUES (:source, '2012-09-01', '2013-03-31', NULL, 'Said of the whole authority.')"
    with directly(engine) as connection:
        connection.execute(sa.text("DELETE FROM published_coverage WHERE source = 'council_tax'"))
        insert = sa.text(f"INSERT INTO published_coverage (source, covers_from, covers_to, schools, sentence) {row}")
        connection.execute(insert, [{"source": source} for source in SILENT])
        names = connection.scalars(sa.text("SELECT name FROM published_member UNION SELECT name FROM staff")).all()
        names += connection.scalars(sa.text("SELECT family_name FROM family_case")).all()
    paper, book = (asked(exporting.board_link(session.session_id, form)) for form in ("pdf", "xlsx"))
    assert (paper.status_code, book.status_code) == (200, 200)
    assert (paper.headers["cache-control"], paper.body[:4]) == ("no-store", b"%PDF")
    assert b"pdfuaid" in paper.body
    assert len(re.findall(rb"/Type/Page\b", paper.body)) == 1
    told = sheets(bytes(book.body))
    cover = dict(told["About"].iter_rows())
    assert (cover["Title"], cover["Council"]) == ("Report to the board", "Wessex")
    assert "Nothing is known after 31 March 2013: Anti-social behaviour, Council tax, " in cover["Known gaps"]
    assert "as at 1 September 2013" in cover["Data"]
    reader = Reader("demo-programme-manager", "programme_manager", "report to the board")
    stages = programme.stages(engine, reader, today=dt.date(2013, 9, 1))
    rows = {row[0]: row[1] for row in told["1 Families at each stage"].iter_rows()}
    assert [*rows] == ["Stage", *(stage.label for stage in stages), "In all"]
    assert {rows[stage.label] for stage in stages if stage.count} <= {board_report.NOT_SHOWN, *map(str, range(6, 99))}
    meanings = [name for name in told if name.endswith("What the words mean")]
    assert dict(told[meanings[0]].iter_rows())["Closed"] == {each.label: each.means for each in stages}["Closed"]
    said = " ".join(str(cell) for sheet in told.values() for row in sheet.iter_rows() for cell in row)
    assert not [name for name in names if name in said]
    events = exports(engine)
    assert [(who, action, detail["form"]) for who, action, detail in events] == [
        ("demo-programme-manager", "export_board_report", "pdf"),
        ("demo-programme-manager", "export_board_report", "xlsx"),
    ]
    assert events[1][2]["sha256"] == hashlib.sha256(book.body).hexdigest()


def test_the_report_to_the_board_is_made_by_a_programme_manager_alone(engine):
    session = session_of(engine, "demo-caseworker")
    answer = asked(exporting.board_link(session.session_id, "pdf"))
    assert (answer.status_code, b"programme manager" in answer.body) == (403, True)
    assert [action for _, action, _ in exports(engine)] == ["export_board_report_refused"]


def test_a_link_of_somebody_who_may_not_see_the_family_gives_nothing(engine):
    session = session_of(engine, "demo-caseworker-2")
    answer = asked(exporting.link(session.session_id, CHRONOLOGY))
    assert answer.status_code == 403
    assert "Okafor" not in answer.body.decode()
    assert exports(engine) == []


def test_a_link_opens_nothing_once_its_session_is_over(engine):
    session = session_of(engine, "demo-caseworker")
    url = exporting.link(session.session_id, CHRONOLOGY)
    sessions.sign_out(engine, "token of demo-caseworker", at=dt.datetime.now(dt.UTC))
    assert asked(url).status_code == 403


def test_a_changed_or_old_link_opens_nothing(engine, monkeypatch):
    session = session_of(engine, "demo-caseworker")
    url = exporting.link(session.session_id, CHRONOLOGY)
    told, signature = url.removeprefix("/export/").split(".")
    other = exporting.link(session.session_id, Wanted("plan", FULL, "pdf", "meeting")).split(".")[1]
    for changed in (f"{told}.{other}", told, f"{told[:-4]}AAAA.{signature}", "x.y", "é.é"):
        assert asked(f"/export/{changed}").status_code == 403
    later = dt.datetime.now(dt.UTC) + exporting.GROWS_OLD + dt.timedelta(minutes=1)
    monkeypatch.setattr(identity, "now", lambda: later)
    assert asked(url).status_code == 403
    assert exports(engine) == []


def test_on_a_real_casebook_the_link_alone_is_not_enough(engine):
    """Whoever got hold of a link has not the cookie of the sign-in it was made in."""
    session = session_of(engine, "demo-caseworker")
    with directly(engine) as connection:
        connection.execute(sa.text("UPDATE publication SET is_sample = false"))
        connection.execute(sa.text("UPDATE staff SET is_demo = false WHERE staff_id = 'demo-caseworker'"))
    assert asked(exporting.link(session.session_id, CHRONOLOGY)).status_code == 403


@on_both
def test_a_chronology_has_the_days_and_people_asked_for_and_counts_what_is_restricted(engine):
    """Tom is restricted and his worker is let in: what is about him stays inside, as supervision does."""
    at = dt.datetime.now(dt.UTC)
    day = casework_today(data_as_at(engine), at)
    worker, manager, officer = (
        Reader(f"demo-{role.replace('_', '-')}", role, "test") for role in ("caseworker", "team_manager", "ig_officer")
    )
    ria, tom = "P0000010", "P0000011"
    case = case_head(engine, worker, FULL, today=day).line.case_id
    entries = (("Ria began at a club.", [ria], 3), ("Tom was seen.", [tom], 2), ("Both went.", [ria, tom], 1))
    for number, (words, people, days) in enumerate((*entries, ("Ria long ago.", [ria], 300))):
        told = {"words": words, "impact": "", "is_significant": True, "person_ids": people}
        when = day - dt.timedelta(days=days)
        curating.add_entry(engine, worker, case, happened_on=when, **told, today=day, token=f"the-entry-{number}")
    noting.supervise(engine, manager, case, held_on=day, words="We spoke.", today=day, token="supervised-1")
    review = dt.date.today() + dt.timedelta(days=30)
    told = {"person_id": tom, "kind": "police_investigation", "reason": "The police ask for it.", "review_on": review}
    number = restricting.restrict(engine, officer, FULL, **told, at=at)
    let_in = {"staff_id": worker.staff_id, "sees_address": True, "reason": "Works with them.", "ends_on": review}
    restricting.let_in(engine, officer, number, **let_in, at=at)
    since = Filter(("curated", "note"), (ria, tom), day - dt.timedelta(days=30), day)

    def given(chosen: Filter) -> tuple[list[str], str | None]:
        wanted = Wanted("chronology", FULL, "xlsx", "meeting", chosen)
        made = export(engine, worker, wanted, made_by="A", today=day, at=at).content
        book = fastexcel.read_excel(made)
        about = dict(book.load_sheet(0, header_row=None).to_polars().iter_rows())
        return book.load_sheet(1).to_polars()["What"].to_list(), about.get("Left out")

    assert given(since) == (["Ria began at a club."], "2 entries are left out.")
    assert exports(engine)[-1][2]["left_out"] == 2
    assert given(Filter(("curated",), (ria,))) == (["Ria long ago.", "Ria began at a club."], "1 entry is left out.")
    assert given(Filter(("note",))) == ([], "1 entry is left out.")
    restricting.lift(engine, officer, number, reason="It is over.", at=at)
    assert given(since) == (["Ria began at a club.", "Tom was seen.", "Both went."], None)
