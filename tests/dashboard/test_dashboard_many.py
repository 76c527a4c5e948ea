"""Many people at once: real sessions of a real server, each over its own connection, and no error in any."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import made_up_casebook
import pytest
import serving
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from families.cases import demo

PEOPLE = int(os.environ.get("FAMILIES_PEOPLE", "0"))  # fifty take a machine of their own
PATIENCE = 240  # seconds for all: two cores may be busy with other tests
PAGES = {
    "Caseworker": ("my_families", "my_families"),
    "Team manager": ("my_families", "caseload"),
    "Programme manager": ("my_families", "rules"),
    "Data analyst": ("review", "quality"),
    "Auditor": ("my_families", "my_families"),
}
ROLES = tuple(PAGES)
NO_HURRY = {"ping_interval": None, "open_timeout": PATIENCE, "close_timeout": 1}  # the test's own patience counts


@pytest.fixture
def served(tmp_path: Path):
    """The host and port of a dashboard on a casebook with made-up casework."""
    path = tmp_path / "casebook.sqlite"
    engine = made_up_casebook.casebook(path)
    demo.add_demo_cases(engine)
    engine.dispose()
    settings = {"FAMILIES_HOME": str(tmp_path), "FAMILIES_DATABASE_URL": f"sqlite:///{path}"}
    with serving.served(settings, script="serve.py") as address:
        yield address.removeprefix("http://")


class Visitor:
    """One connection of a browser: what it was shown last, and what went wrong."""

    def __init__(self, socket_: websockets.ClientConnection, role: str) -> None:
        self.socket, self.role = socket_, role
        self.elements: list[object] = []
        self.pages: dict[str, str] = {}
        self.errors: list[str] = []

    async def run(self, *, page: str = "", widgets: tuple[WidgetState, ...] = ()) -> None:
        asked = BackMsg()
        asked.rerun_script.page_script_hash = page
        asked.rerun_script.widget_states.widgets.extend(widgets)
        await self.socket.send(asked.SerializeToString())
        self.elements = []
        while True:
            message = ForwardMsg.FromString(await self.socket.recv())
            kind = message.WhichOneof("type")
            if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self._shown(message.delta.new_element)
            elif kind == "navigation":
                self.pages = {each.url_pathname: each.page_script_hash for each in message.navigation.app_pages}
            elif kind == "session_event":
                self.errors.append(str(message.session_event.WhichOneof("type")))
            elif kind == "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    return
                if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    self.errors.append(f"script ended with {message.script_finished}")
                    return
                self.elements = []

    def _shown(self, element: object) -> None:
        kind = element.WhichOneof("type")  # type: ignore[attr-defined]
        if kind == "exception":
            self.errors.append(element.exception.type)  # type: ignore[attr-defined]
        self.elements.append(element)

    def all(self, kind: str) -> list[object]:
        return [getattr(each, kind) for each in self.elements if each.WhichOneof("type") == kind]  # type: ignore[attr-defined]

    def text(self) -> str:
        return " ".join(str(each) for each in self.elements)


async def visit(host: str, role: str) -> Visitor:
    """Come in, say who one is, and open two pages."""
    address = f"ws://{host}/_stcore/stream"
    async with websockets.connect(address, subprotocols=["streamlit"], max_size=None, **NO_HURRY) as connection:
        visitor = Visitor(connection, role)
        await visitor.run()
        (radio,) = visitor.all("radio")
        chosen = next(o for o, told in zip(radio.options, radio.captions, strict=True) if told.startswith(f"{role}:"))
        (enter,) = (each for each in visitor.all("button") if each.is_form_submitter)
        choice = WidgetState(id=radio.id, string_value=chosen)
        await visitor.run(widgets=(choice, WidgetState(id=enter.id, trigger_value=True)))
        for page in PAGES[role]:
            await visitor.run(page=visitor.pages[page])
        return visitor


async def visits(host: str) -> list[Visitor]:
    coming = (visit(host, ROLES[number % len(ROLES)]) for number in range(PEOPLE))
    return await asyncio.wait_for(asyncio.gather(*coming), PATIENCE)


@pytest.mark.skipif(not PEOPLE, reason="FAMILIES_PEOPLE says how many; they want a machine of their own")
@pytest.mark.timeout(PATIENCE + 60)
def test_many_people_at_once_without_an_error(served: str) -> None:
    started = time.monotonic()
    people = asyncio.run(visits(served))
    print(f"{PEOPLE} people, four script runs each: {time.monotonic() - started:.1f} s")
    assert [error for each in people for error in each.errors] == []
    assert len(people) == PEOPLE
    for each in people:
        title = [heading.body for heading in each.all("heading") if heading.tag == "h1"]
        assert len(title) == 1
        assert "Choose who you are" not in title
