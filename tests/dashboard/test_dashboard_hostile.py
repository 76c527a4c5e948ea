"""A browser that does not keep to the page: it sends what it likes over its own connection, and nothing comes of it.

No mock: the dashboard is served, people sign in at a real provider, and what is sent is Streamlit's own messages. After
each attack the casebook is as it was, no frame had a name of a family that is not theirs, and the server runs on.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from made_up_casebook import FULL, NAUGHTY
from serving import Real
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from visiting import PATIENCE, XSRF, Visitor, signed_in, visitor
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from dashboard import guarding, load_tables
from families.casebook.views import Reader
from families.cases import assessing, noting
from families.cases.record import case_of
from families.sources.layouts import layouts

WORKER, OTHER, ANALYST, OFFICER = "demo-caseworker", "demo-caseworker-3", "demo-data-analyst", "demo-ig-officer"
OF_THE_FAMILY = ("Chidi", "Bridget", "Quayside", "Reilly")  # no other made-up family has any of them
TRACES = ("audit_event", "audit_chain", "staff_session")  # what was tried is written down; nothing else may change
HEADING = next(name for name, part in load_tables.FIELDS.items() if part == "columns")
NEEDS = {"page": "family_record", "query": f"family={FULL}&section=Needs and plan"}
CHRONOLOGY = {"page": "family_record", "query": f"family={FULL}&section=Chronology"}
NOTES = {"page": "family_record", "query": f"family={FULL}&section=Notes"}


@pytest.fixture(scope="module", autouse=True)
def assessed(real: Real) -> None:
    """The family's assessment has begun, so that there are forms to attack."""
    day = dt.date(2026, 1, 5)
    worker = Reader(WORKER, "caseworker", "test")
    case = case_of(real.engine, worker, FULL, today=day)
    assessing.start_assessment(real.engine, worker, case.line.case_id, today=day, token="started-1")


@pytest.fixture(scope="module")
def cookies(real: Real) -> dict[str, httpx.Cookies]:
    """What the browsers of four people keep."""
    return {each: signed_in(real.address, each) for each in (WORKER, OTHER, ANALYST, OFFICER)}


def contents(engine: sa.Engine) -> dict[str, str]:
    """Each table of the casebook, as the hash of its rows."""
    held = sa.MetaData()
    held.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: hashlib.sha256(
                "\n".join(sorted(map(repr, connection.execute(sa.select(table))))).encode()
            ).hexdigest()
            for table in held.sorted_tables
            if table.name not in TRACES
        }


@pytest.fixture(autouse=True)
def nothing_comes_of_it(real: Real, assessed: None, cookies: dict[str, httpx.Cookies]) -> Iterator[None]:
    """The casebook and the home are as before, the log says no name, and the server answers."""
    before, files = contents(real.engine), sorted(real.home.rglob("*"))
    yield
    assert contents(real.engine) == before
    assert sorted(real.home.rglob("*")) == files
    said = real.log.read_text()
    assert [word for word in OF_THE_FAMILY if word in said] == []
    assert httpx.get(f"{real.address}/_stcore/health").status_code == 200


def state(widget_id: str, **value: object) -> WidgetState:
    return WidgetState(id=widget_id, **value)  # type: ignore[arg-type]


def ids_of(coming: Visitor) -> list[str]:
    """The ids of all widgets on somebody's screen."""
    drawn = (getattr(each, each.WhichOneof("type")) for each in coming.elements)
    return [str(each.id) for each in drawn if getattr(each, "id", "")]


@pytest.fixture(scope="module")
def screens(real: Real, cookies: dict[str, httpx.Cookies]) -> dict[str, str]:
    """The widgets that two others have before them, by id, and the hash of the page they stand on; not the ways out."""
    found: dict[str, str] = {}
    seen_by = {WORKER: (NEEDS, NOTES), OFFICER: ({"page": "access"},)}
    for who, places in seen_by.items():
        with visitor(real.address, cookies[who]) as coming:
            coming.run()
            for place in places:
                coming.run(**place)
                found |= dict.fromkeys(ids_of(coming), coming.pages[place["page"]])
    assert len(found) > 20
    return {each: page for each, page in found.items() if "-sign_out" not in each}


def test_nobody_who_has_not_signed_in_is_shown_or_can_do_anything(real: Real, screens: dict[str, str]) -> None:
    with visitor(real.address) as coming:
        coming.run()
        for page in [*set(screens.values()), coming.pages["users"], "no such page"]:
            coming.run(page=page, query=f"family={FULL}")
            assert (coming.title, coming.errors) == ("Sign in", [])
        for page in set(screens.values()):
            pressed = [state(each, trigger_value=True) for each, on in screens.items() if on == page]
            coming.run(*pressed, page=page, query=f"family={FULL}")
            assert coming.title == "Sign in"
        assert coming.saw(*OF_THE_FAMILY, "Funmi") == []


def test_a_cookie_that_was_changed_or_belongs_to_another_address_signs_nobody_in(
    real: Real, cookies: dict[str, httpx.Cookies]
) -> None:
    kept = cookies[WORKER]["_streamlit_user"]
    for changed in (kept[:-4] + "AAAA", kept.swapcase(), "e30=|1|x", json.dumps({"is_logged_in": True, "sub": WORKER})):
        forged = httpx.Cookies({XSRF: cookies[WORKER][XSRF], "_streamlit_user": changed.replace('"', "%22")})
        with visitor(real.address, forged) as coming:
            assert coming.run().title == "Sign in"
    without_token = httpx.Cookies({"_streamlit_user": kept})
    with visitor(real.address, without_token) as coming:
        assert coming.run().title == "Sign in"
    for origin in ("https://evil.example", real.address.replace("127.0.0.1", "127.0.0.1.evil.example")):
        with (
            pytest.raises((InvalidHandshake, ConnectionClosed)),
            visitor(real.address, cookies[WORKER], origin=origin) as coming,
        ):
            coming.run()


@pytest.mark.parametrize("who", [OTHER, ANALYST])
def test_a_page_of_another_role_is_not_opened_by_its_address(
    real: Real, cookies: dict[str, httpx.Cookies], screens: dict[str, str], who: str
) -> None:
    with visitor(real.address) as nobody:
        every = nobody.run().pages
    with visitor(real.address, cookies[who]) as coming:
        mine = coming.run().pages
        first = coming.title
        for name in {"access", "users", "loads", "review", "overview", "inbox", "caseload"} - set(mine):
            coming.run(page=every[name], query=f"family={FULL}")
            assert coming.title in (first, "Page not found"), name
        for page in set(screens.values()):
            pressed = [state(each, trigger_value=True) for each, on in screens.items() if on == page]
            coming.run(*pressed, page=page, query=f"family={FULL}")
        assert coming.saw(*OF_THE_FAMILY) == []
        assert coming.errors == []


def test_what_is_not_offered_is_not_taken(real: Real, cookies: dict[str, httpx.Cookies]) -> None:
    with visitor(real.address, cookies[WORKER]) as coming:
        coming.run().run(page="my_families")
        for forged in (f"Bold family, {NAUGHTY}", NAUGHTY, "", "x" * 10_000):
            coming.run().run(page="my_families")
            coming.press("open", coming.says("to_open", forged), page="my_families")
            assert "Bold" not in coming.title
        coming.run(page="family_record", query=f"family={NAUGHTY}")
        assert coming.title == "This record cannot be opened"
        for sort in ("no such order", "next_due; DROP TABLE staff"):
            coming.run(page="my_families")
            coming.run(coming.says("cases_sort", sort), page="my_families")
        assert coming.errors == []


def needed(coming: Visitor, **changes: object) -> list[WidgetState]:
    """The form of a need, filled in whole, with what is forged in it."""
    boxes = {
        name: next(each for each in ids_of(coming) if "needs/add" in each and f"_{name}_" in each) for name in NEED
    }
    values = NEED | changes
    return [
        state(boxes[name], **({"double_value": each} if isinstance(each, float) else {"string_value": each}))
        for name, each in values.items()
    ]


NEED: dict[str, object] = {
    "label": "Mornings",
    "person_id": "The whole family",
    "own_words": "Mornings are hard.",
    "score": 4.0,
    "evidence": "Seen at home.",
}


def test_a_number_or_text_beyond_its_bounds_is_not_taken(real: Real, cookies: dict[str, httpx.Cookies]) -> None:
    with visitor(real.address, cookies[WORKER]) as coming:
        coming.run().run(**NEEDS)
        for forged in (
            {"score": 11.0},
            {"score": 0.0},
            {"score": -1e300},
            {"label": " "},
            {"person_id": "P0000099"},
        ):
            button = next(each for each in ids_of(coming) if "needs/add" in each and "_save_" in each)
            coming.run(*needed(coming, **forged), state(button, trigger_value=True), **NEEDS)
            assert "This was not saved" in coming.text()
            assert coming.errors == []
        coming.run(*needed(coming, score=float("nan")), state(button, trigger_value=True), **NEEDS)
        assert (
            coming.text().count("The original error message is redacted") == 1
        )  # of this one window, and no more said
    worker = Reader(WORKER, "caseworker", "test")
    kept = noting.draft(real.engine, worker, FULL, "need")  # what the form could take is kept, as it is for anybody
    assert kept is not None
    assert kept.body == {"label": "Mornings", "score": 4}
    noting.discard_draft(real.engine, worker, FULL, "need")


def test_a_button_that_is_off_does_nothing(real: Real, cookies: dict[str, httpx.Cookies]) -> None:
    with visitor(real.address, cookies[ANALYST]) as coming:
        coming.run().run(page="loads")
        (check,) = (button for button in coming.all("button") if button.id.endswith("-load_check"))
        assert check.disabled
        coming.press("load_check", page="loads")
        assert coming.title == "Loads"
        assert "Upload a file first" not in coming.text(), "the button's act was begun"


def test_edits_of_cells_that_are_not_editable_are_not_taken() -> None:
    """Streamlit takes them, and rows that are not there; this is what the page makes of them."""
    layout = layouts()["council_tax"]
    first = next(iter(layout.columns))
    forged = {
        0: {"Column": "x", "Needed": "x", "columns": "x"},
        len(layout.columns): {HEADING: "x"},
        -1: {HEADING: "x"},
    }
    nothing = load_tables.mapped("council_tax", layout, {}, {})
    assert load_tables.mapped("council_tax", layout, forged, {}) == nothing
    taken = load_tables.mapped("council_tax", layout, {0: {HEADING: "x"}}, {})
    assert taken == nothing | {"columns": {first: "x"}}


def test_a_pad_takes_only_its_own_words(real: Real, cookies: dict[str, httpx.Cookies]) -> None:
    with visitor(real.address, cookies[WORKER]) as coming:
        coming.run().run(**NOTES)
        pad = next(each for each in ids_of(coming) if "_words_" in each)
        number = pad.rsplit("_", 1)[1]
        for forged in (
            {"written": {"text": "Not mine.", "number": "another", "count": 1}},
            {"written": {"text": {"words": "x"}, "number": number, "count": 1}},
            {"written": [number, "x"]},
            {"written": None, "no such": 1},
        ):
            coming.run(state(pad, json_value=json.dumps(forged)), **NOTES)
            assert coming.errors == []


def test_what_is_fetched_by_an_address_alone_is_for_whoever_signed_in(
    real: Real, cookies: dict[str, httpx.Cookies]
) -> None:
    with visitor(real.address, cookies[WORKER]) as coming:
        coming.run().run(page="help")
        pictures = {word.strip('"') for word in coming.text().split() if word.startswith('"/media/')}
        assert pictures
        uploads = f"/_stcore/upload_file/{coming.session_id}/a-file"
    token = cookies[OTHER][XSRF]
    for path in (*pictures, "/_stcore/metrics"):
        assert httpx.get(real.address + path).status_code == 403
        assert httpx.get(real.address + path, cookies=cookies[WORKER]).status_code == 200
    alone = httpx.Cookies({XSRF: token})
    for method in ("PUT", "DELETE"):
        sent = httpx.request(
            method,
            real.address + uploads,
            headers={"X-Xsrftoken": token},
            cookies=alone,
            files={"f": b"1"} if method == "PUT" else None,
        )
        assert sent.status_code == 403


def test_a_file_as_large_as_an_extract_is_taken_from_whom_loads_deliveries_alone(
    real: Real, cookies: dict[str, httpx.Cookies]
) -> None:
    small, large = b"1", bytes((guarding.FROM_ANYBODY << 20) + guarding.FRAMING)
    in_pieces = {"Transfer-Encoding": "chunked", "Content-Type": "multipart/form-data; boundary=x"}
    for who, taken in ((WORKER, 413), (ANALYST, 204)):
        with visitor(real.address, cookies[who]) as coming:
            coming.run()
            address = f"{real.address}/_stcore/upload_file/{coming.session_id}/a-file"
            asks = {"cookies": cookies[who], "headers": {"X-Xsrftoken": cookies[who][XSRF]}, "timeout": PATIENCE}
            assert httpx.put(address, **asks, files={"f": small}).status_code == 204
            assert httpx.put(address, **asks, files={"f": large}).status_code == taken
            unsaid = asks | {"headers": asks["headers"] | in_pieces}
            body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n1\r\n--x--\r\n'
            assert httpx.put(address, **unsaid, content=iter([body])).status_code == taken


def test_a_link_of_an_export_opens_for_its_own_sign_in_alone(real: Real, cookies: dict[str, httpx.Cookies]) -> None:
    with visitor(real.address, cookies[WORKER]) as coming:
        coming.run().run(**CHRONOLOGY)
        coming.run(coming.says("export_purpose_chronology", "A meeting about the family"), **CHRONOLOGY)
        links = [real.address + each.url for each in coming.all("link_button")]
    assert len(links) == 2
    own = signed_in(real.address, WORKER)  # of the same person, and another sign-in
    for link in links:
        assert httpx.get(link, cookies=cookies[WORKER]).status_code == 200
        told, signature = link.rsplit("/", 1)[1].split(".")
        changed = [
            f"{real.address}/export/{told[:-6]}AAAAAA.{signature}",
            f"{real.address}/export/{told}.{signature[::-1]}",
        ]
        changed += [
            f"{real.address}/export/{told}",
            f"{real.address}/export/{signature}.{told}",
            f"{real.address}/export/%00.%00",
        ]
        refused = [httpx.get(each, cookies=cookies[WORKER]) for each in changed]
        refused += [httpx.get(link), httpx.get(link, cookies=cookies[OTHER]), httpx.get(link, cookies=own)]
        assert {answer.status_code for answer in refused} <= {400, 403}
        assert not [word for word in OF_THE_FAMILY for answer in refused if word.encode() in answer.content]
        for method in ("POST", "PUT", "DELETE"):
            assert httpx.request(method, link, cookies=cookies[WORKER]).status_code == 405


def test_somebody_elses_connection_is_not_taken_up(real: Real, cookies: dict[str, httpx.Cookies]) -> None:
    with visitor(real.address, cookies[WORKER]) as theirs:
        theirs.run().run(**NOTES)
        assert theirs.saw("Chidi") == ["Chidi"]
        pad = next(each for each in ids_of(theirs) if "_words_" in each)
        for who in (None, cookies[OTHER]):
            with visitor(real.address, who, resumes=theirs.session_id) as coming:
                coming.run(page=theirs.pages["family_record"], query=f"family={FULL}")
                assert coming.saw(*OF_THE_FAMILY) == []
    for who in (None, cookies[OTHER]):  # they are gone; for half a minute the server keeps what they had
        with visitor(real.address, who, resumes=theirs.session_id) as coming:
            coming.run(state(pad, json_value="{}"), page=theirs.pages["family_record"], query=f"family={FULL}")
            assert coming.saw(*OF_THE_FAMILY) == []


def answer_to(coming: Visitor, message: bytes | str) -> object:
    coming.socket.send(message)
    return coming.socket.recv(timeout=30)


def test_messages_that_are_none_end_their_own_connection_only(real: Real, cookies: dict[str, httpx.Cookies]) -> None:
    for nonsense in (b"\xff" * 100, "text", b"\x00" * 60_000_000):
        with visitor(real.address, cookies[OTHER]) as coming, pytest.raises(ConnectionClosed):
            answer_to(coming, nonsense)
    with visitor(real.address) as coming:
        coming.run()
        for name in ("debug_shutdown_runtime", "debug_disconnect_websocket", "clear_cache"):
            coming.socket.send(BackMsg(**{name: True}).SerializeToString())
        unknown = BackMsg()
        unknown.rerun_script.fragment_id = "no such fragment"
        coming.socket.send(unknown.SerializeToString())
        assert coming.run().title == "Sign in"


def test_no_page_lets_anybody_edit_a_table_but_the_one_of_headings() -> None:
    """Streamlit takes edits of columns that are not editable; a page that has such a table has to look at each."""
    pages = Path(__file__).parents[2] / "dashboard"
    assert [each.name for each in pages.rglob("*.py") if "data_editor(" in each.read_text()] == ["loads.py"]
