"""The Loads page: what arrived, a file in five steps, one taken back, rejected rows corrected; and the export's route."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import threading
import time

import made_up_casebook
import pytest
from deliveries import write
from made_up_casebook import on_both
from starlette.requests import Request
from starlette.responses import Response
from streamlit.testing.v1 import AppTest
from test_dashboard_pages import ROLES, assert_described, assert_keyed, everything_said, title

from dashboard import exporting, identity
from families import load_job, mappings
from families.casebook.access import MAY_LOAD
from families.casebook.views import Reader
from families.home import Home
from families.sources import apart
from families.sources.layouts import layouts
from families.sources.replaying import NUMBER, waiting
from families.sources.store import load, receipts
from families.sources.taking_back import taken_back
from families.sources.taking_in import take_in

LOADS = "pages_/loads.py"
ANALYST = Reader("demo-data-analyst", "data_analyst", "load what is delivered")
ASB = (
    "CaseRef,Surname,Forename,DOB,Address,Postcode,Measure,Ground,IssuedDate,EndDate\n"
    "1,Canaryson,Amy,,,,ASBO,,25/02/2013,\n2,,Quillfeather,,,,,,26/02/2013,\n"
)
OWN = "Ref,Second,First,What,When\n1,Ash,Amy,ASBO,25/02/2013\n"


def fetch(link: str) -> Response:
    """What the route answers; its own server is tried in the browser."""
    (route,) = exporting.ROUTES
    scope = {"type": "http", "method": "GET", "path": link, "headers": [], "query_string": b"", "root_path": ""}
    match, found = route.matches(scope)
    assert match.name == "FULL"
    return exporting.given(Request(scope | found))


def link_of(app: AppTest) -> str:
    (link,) = app.get("link_button")
    return str(link.proto.url)


def upload(app: AppTest, name: str, content: str | bytes) -> None:
    """Put a file into the first of the page's two places for one."""
    held = content if isinstance(content, bytes) else content.encode()
    app.file_uploader[0].set_value((name, held, "text/csv")).run()


@pytest.fixture
def at_home(casebook_of, tmp_path, monkeypatch):
    """A home with one delivery, and a casebook of its own; files are read in this process, for speed."""
    monkeypatch.setattr(apart.Reader, "take_in", lambda _reader, request: take_in(request))
    monkeypatch.setattr(load_job, "ANSWERS_WITHIN", 60)
    monkeypatch.setenv("FAMILIES_HOME", str(tmp_path / "home"))
    (receipt,) = load(tmp_path / "home", [write(tmp_path, "asb_2013-08.csv", ASB)], received_on=dt.date(2013, 8, 31))
    return tmp_path / "home", casebook_of(made_up_casebook.fill).url, receipt


@pytest.mark.parametrize("role", ROLES)
def test_who_has_the_page(opened, at_home, role):
    if role not in MAY_LOAD:
        with pytest.raises(ValueError, match="loads"):
            opened(role, page=LOADS, url=at_home[1])
        return
    app = opened(role, page=LOADS, url=at_home[1])
    assert title(app) == "Loads"
    assert_described(app)
    assert_keyed(app)
    said = everything_said(app)
    assert "Anti-social behaviour" in said
    assert "1 delivery" in said
    assert not [name for name in ("Canaryson", "Quillfeather") if name in said]


def test_a_dashboard_without_a_home_says_so(opened, at_home, monkeypatch):
    monkeypatch.setenv("FAMILIES_HOME", "/nowhere/at/all")
    app = opened("data_analyst", page=LOADS, url=at_home[1])
    assert "has no home of deliveries" in everything_said(app)


@on_both
def test_a_file_is_checked_and_then_loaded_and_nothing_before(opened, at_home):
    home, url, _ = at_home
    app = opened("data_analyst", page=LOADS, url=url)
    upload(app, "asb_2013-09.csv", ASB.replace("Amy", "Ann"))
    app.button(key="load_check").click().run()
    assert "2 rows read" in app.success[0].value
    assert "the same" in str([table.value for table in app.table])
    assert len(receipts(home)) == 1
    app.button(key="load_commit").click().run()
    assert "is loaded" in app.success[0].value
    assert len(receipts(home)) == 2
    assert app.button(key="load_check").disabled
    upload(app, "again.csv", ASB.replace("Amy", "Ann"))
    app.button(key="load_check").click().run()
    assert "was loaded before" in app.error[0].value
    assert "Canaryson" not in everything_said(app)


def test_a_file_with_headings_of_its_own_is_mapped_and_the_mapping_remembered(opened, at_home):
    home, url, _ = at_home
    app = opened("data_analyst", page=LOADS, url=url)
    app.selectbox(key="load_source").set_value("asb").run()
    upload(app, "ours.csv", OWN)
    app.toggle(key="map_asb").set_value(True).run()
    names = list(layouts()["asb"].columns)
    told = {"id": "Ref", "surname": "Second", "forename": "First", "measure": "What", "issued_on": "When"}
    edits = {names.index(name): {"Heading in the file": heading} for name, heading in told.items()}
    app.session_state["mapping_asb"] = {"edited_rows": edits, "added_rows": [], "deleted_rows": []}
    app.run()
    app.button(key="load_check").click().run()
    assert not app.error, app.error[0].value
    app.button(key="load_commit").click().run()
    assert len(receipts(home)) == 2
    assert (home / "mappings" / "asb.json").is_file()


def test_how_a_file_is_written_is_found_out_and_doubtful_dates_stop_the_load_until_they_are_said(opened, at_home):
    home, url, _ = at_home
    app = opened("data_analyst", page=LOADS, url=url)
    app.selectbox(key="load_source").set_value("asb").run()
    file = "CaseRef;Surname;Measure;IssuedDate\n1;Canaryson;ASBO;01/02/2013\n9;Quillé;ASBO;03/04/2013\n"
    upload(app, "asb.csv", file.encode("cp1252"))
    app.button(key="load_check").click().run()
    said = everything_said(app)
    assert "Windows-1252, with semicolons between values" in said
    assert "It covers 1 February 2013 to 3 April 2013." in said
    (dates,) = [table.value for table in app.table if "Order" in table.value]
    assert dates.to_numpy().tolist() == [["IssuedDate", "day\\, month\\, year", "in doubt"]]
    (new,) = [table.value for table in app.table if "Gone" in table.value]
    assert new.set_index("Of the file").loc["People"].tolist() == [2, 1, 0]
    app.button(key="load_commit").click().run()
    assert "could be day first or month first" in app.error[0].value
    assert len(receipts(home)) == 1
    app.toggle(key="map_asb").set_value(True).run()
    edits = {list(layouts()["asb"].columns).index("issued_on"): {"Date format": "%m/%d/%Y"}}
    app.session_state["mapping_asb"] = {"edited_rows": edits, "added_rows": [], "deleted_rows": []}
    app.run()
    app.button(key="load_check").click().run()
    assert "It covers 2 January 2013 to 4 March 2013." in everything_said(app)
    app.button(key="load_commit").click().run()
    assert len(receipts(home)) == 2


def test_the_page_can_be_left_while_a_file_is_read_and_another_has_to_wait(opened, at_home, monkeypatch):
    home, url, _ = at_home
    go_on = threading.Event()

    def read(_reader, request):
        assert go_on.wait(240)
        return take_in(request)

    monkeypatch.setattr(apart.Reader, "take_in", read)
    monkeypatch.setattr(load_job, "ANSWERS_WITHIN", 0)
    app = opened("data_analyst", page=LOADS, url=url)
    upload(app, "asb_2013-09.csv", ASB.replace("Amy", "Ann"))
    app.button(key="load_check").click().run()
    assert "asb\\_2013\\-09\\.csv is being checked" in app.info[0].value
    assert "You can leave this page" in app.info[0].value
    assert app.button(key="load_check").disabled
    app.switch_page("pages_/quality.py").run()
    assert title(app) == "Quality and coverage"
    again = opened("data_analyst", page=LOADS, url=url)  # another browser: nothing was kept in the session
    assert "is being checked" in again.info[0].value
    assert again.file_uploader[0].disabled
    go_on.set()
    monkeypatch.setattr(load_job, "ANSWERS_WITHIN", 60)
    while load_job.look(Home(home), ANALYST, at=identity.now()).stands is load_job.Stands.RUNNING:
        time.sleep(0.02)
    app.switch_page(LOADS).run()
    assert "2 rows read, nothing written" in app.success[0].value
    assert not app.info
    app.button(key="load_commit").click().run()
    assert "is loaded" in app.success[0].value
    assert len(receipts(home)) == 2
    again.run()
    assert "is loaded" in again.success[0].value


def test_a_load_whose_server_ended_is_said_to_have_stopped_and_the_file_can_be_removed(opened, at_home):
    home, url, _ = at_home
    app = opened("data_analyst", page=LOADS, url=url)
    upload(app, "asb_2013-09.csv", ASB.replace("Amy", "Ann"))
    app.button(key="load_check").click().run()
    state = home / "load" / "job.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"ended": None, "doing": "load"}))
    app.run()
    assert "stopped before it was done" in app.warning[0].value
    assert not app.button(key="load_commit").disabled
    app.button(key="load_let_go").click().run()
    assert not app.warning
    assert app.button(key="load_check").disabled
    assert list((home / "load").iterdir()) == [home / "load" / "lock"]


@on_both
def test_a_delivery_is_taken_back_with_its_consequences_and_a_reason(opened, at_home):
    home, url, receipt = at_home
    app = opened("data_analyst", page=LOADS, url=url)
    app.selectbox(key="unload_of").set_value(receipt.delivery).run()
    assert "1 accepted row will count no more" in everything_said(app)
    app.button(key=f"unload_save_{receipt.delivery}").click().run()
    assert "Say why" in app.error[0].value
    app.text_area(key=f"unload_why_{receipt.delivery}").set_value("The wrong month.")
    app.button(key=f"unload_save_{receipt.delivery}").click().run()
    assert "is taken back" in app.success[0].value
    (gone,) = taken_back(home)
    assert (gone.by, gone.reason) == ("demo-data-analyst", "The wrong month.")


def test_rejected_rows_are_fetched_corrected_and_loaded(opened, at_home):
    home, url, receipt = at_home
    app = opened("data_analyst", page=LOADS, url=url)
    link = link_of(app)
    answer = fetch(link)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "attachment" in answer.headers["content-disposition"]
    (row,) = csv.DictReader(io.StringIO(bytes(answer.body).decode("utf-8-sig")))
    assert (row[NUMBER], row["Forename"]) == ("2", "Quillfeather")
    out = io.StringIO()
    writer = csv.DictWriter(out, list(row))
    writer.writeheader()
    writer.writerow(row | {"Surname": "Fir", "Measure": "ABC"})
    app.file_uploader(key="correct_file").set_value(("corrected.csv", out.getvalue().encode(), "text/csv"))
    app.button(key="correct_save").click().run()
    assert "1 row accepted" in app.success[0].value
    assert waiting(home, receipt) == 0
    assert "No rejected row waits" in everything_said(app)
    assert fetch(link).status_code == 403


def test_a_code_is_mapped_once_for_all_rows_that_were_refused_for_it(opened, at_home, tmp_path):
    home, url, _ = at_home
    rows = "".join(f"{number},Canaryson{number},Amy,,,,Yellow letter,,2{number}/02/2013,\n" for number in range(3, 7))
    file = write(tmp_path, "asb_2013-09.csv", ASB.partition("\n")[0] + "\n" + rows)
    (receipt,) = load(home, [file], received_on=dt.date(2013, 9, 30))
    app = opened("data_analyst", page=LOADS, url=url)
    app.toggle(key="codes_open").set_value(True).run()
    (codes,) = [table.value for table in app.table if "Code" in table.value]
    assert (list(codes["Code"]), list(codes["Rows"])) == (["Yellow letter"], [4])
    for read_as, told in (("", "Say what"), ("Green letter", "no row would be accepted")):
        app.text_input(key="code_as").set_value(read_as)
        app.button(key="code_save").click().run()
        assert told in app.error[0].value
    assert waiting(home, receipt) == 4
    app.text_input(key="code_as").set_value("ABC")
    app.button(key="code_save").click().run()
    assert "4 rows accepted" in app.success[0].value
    assert waiting(home, receipt) == 0
    assert mappings.kept(Home(home), "asb")["codes"] == {"measure": {"Yellow letter": "ABC"}}
    assert "Canaryson" not in everything_said(app)


def test_a_link_to_rejected_rows_is_worth_nothing_once_the_session_is_over(opened, at_home, monkeypatch):
    app = opened("data_analyst", page=LOADS, url=at_home[1])
    link = link_of(app)
    assert fetch(link).status_code == 200
    now = identity.now()
    monkeypatch.setattr(identity, "now", lambda: now + exporting.GROWS_OLD + dt.timedelta(minutes=1))
    assert fetch(link).status_code == 403
    monkeypatch.setattr(identity, "now", lambda: now)
    app.button(key="change_person").click().run()
    assert fetch(link).status_code == 403
    assert fetch("/export/guessed").status_code == 403
