"""A browser without a screen: it sends a served dashboard whatever it likes, and keeps every frame it is sent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect

PATIENCE = 240  # seconds: two cores may be busy with other tests
XSRF = "_streamlit_xsrf"


class Visitor:
    """One connection of a browser: what it was shown last, all that it was ever sent, and what went wrong."""

    def __init__(self, socket_: ClientConnection, address: str, cookies: httpx.Cookies) -> None:
        self.socket, self.address, self.cookies = socket_, address, cookies
        self.elements: list[Any] = []
        self.frames: list[bytes] = []
        self.pages: dict[str, str] = {}
        self.errors: list[str] = []
        self.sent_to = ""  # the address of a sign-in service
        self.query = ""  # what the page put last into its own address
        self.session_id = ""
        self.took: list[float] = []  # seconds, of each run

    def run(self, *widgets: WidgetState, page: str = "", query: str = "", fragment: str = "") -> Visitor:
        """One run of the script, or of a fragment, with these values of widgets; `page` is a name or a hash."""
        asked = BackMsg()
        asked.rerun_script.page_script_hash = self.pages.get(page, page)
        asked.rerun_script.query_string = query
        asked.rerun_script.fragment_id = fragment
        asked.rerun_script.widget_states.widgets.extend(widgets)
        return self.send(asked)

    def send(self, asked: BackMsg) -> Visitor:
        """Send a message that has the script run, and take in what comes until it has."""
        self.socket.send(asked.SerializeToString())
        self.elements, self.sent_to = [], ""
        started = time.monotonic()
        while True:
            frame = self.socket.recv(timeout=PATIENCE)
            assert isinstance(frame, bytes)
            self.frames.append(frame)
            if self._taken_in(ForwardMsg.FromString(frame)):
                self.took.append(time.monotonic() - started)
                return self

    def _taken_in(self, message: ForwardMsg) -> bool:
        """Whether this was the last message of a run."""
        kind = message.WhichOneof("type")
        if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._shown(message.delta.new_element)
        elif kind == "new_session":
            self.session_id = message.new_session.initialize.session_id
        elif kind == "navigation":
            self.pages = {each.url_pathname: each.page_script_hash for each in message.navigation.app_pages}
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auth_redirect":
            self.sent_to = message.auth_redirect.url
        elif kind == "session_event":
            self.errors.append(str(message.session_event.WhichOneof("type")))
        elif kind == "script_finished":
            if message.script_finished in (
                ForwardMsg.FINISHED_SUCCESSFULLY,
                ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
            ):
                return True
            if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                self.errors.append(f"script ended with {message.script_finished}")
                return True
            self.elements = []
        return False

    def _shown(self, element: Any) -> None:
        if element.WhichOneof("type") == "exception":
            self.errors.append(element.exception.type)
        self.elements.append(element)

    def all(self, kind: str) -> list[Any]:
        """What of a kind stands on the screen."""
        return [getattr(each, kind) for each in self.elements if each.WhichOneof("type") == kind]

    def id_of(self, key: str) -> str:
        """The id of the widget that was drawn with a key; blank where there is none."""
        drawn = (getattr(each, each.WhichOneof("type")) for each in self.elements)
        ids = (str(each.id) for each in drawn if hasattr(each, "id"))
        return next((each for each in ids if each.endswith(f"-{key}")), "")

    def press(self, key: str, *widgets: WidgetState, **at: str) -> Visitor:
        """Press a button, with what stands in the boxes around it."""
        assert self.id_of(key), f"there is no button {key}"
        return self.run(*widgets, WidgetState(id=self.id_of(key), trigger_value=True), **at)

    def says(self, key: str, value: str) -> WidgetState:
        """What somebody writes in a box, or chooses there."""
        assert self.id_of(key), f"there is no box {key}"
        return WidgetState(id=self.id_of(key), string_value=value)

    def text(self) -> str:
        """All that stands on the screen, as one text."""
        return " ".join(str(each) for each in self.elements)

    @property
    def title(self) -> str:
        """The heading of the page."""
        return next((each.body for each in self.all("heading") if each.tag == "h1"), "")

    def saw(self, *words: str) -> list[str]:
        """Those of some words that were in any frame."""
        return [word for word in words if any(word.encode() in frame for frame in self.frames)]


@contextmanager
def visitor(
    address: str, cookies: httpx.Cookies | None = None, *, origin: str | None = None, resumes: str = ""
) -> Iterator[Visitor]:
    """A connection of a browser that has these cookies; it may say that it comes from elsewhere, or was here before."""
    kept = cookies if cookies is not None else httpx.Cookies()
    with connect(
        f"ws://{urlsplit(address).netloc}/_stcore/stream",
        origin=origin or address,
        additional_headers={"Cookie": "; ".join(f"{each.name}={each.value}" for each in kept.jar)},
        subprotocols=["streamlit", *_tokens(kept, resumes)],
        max_size=None,
        ping_interval=None,
        open_timeout=PATIENCE,
        close_timeout=1,
    ) as connection:
        yield Visitor(connection, address, kept)


def _tokens(cookies: httpx.Cookies, resumes: str) -> Sequence[Any]:
    token = cookies.get(XSRF) or "none"
    return [token, resumes] if resumes else [token]


def signed_in(
    address: str, subject: str, *, cookies: httpx.Cookies | None = None, through: str = "sign_in"
) -> httpx.Cookies:
    """The cookies of somebody who has gone the whole way through the sign-in service, from a button of the dashboard."""
    with httpx.Client(base_url=address, cookies=cookies, timeout=PATIENCE) as client:
        client.get("/_stcore/health")  # which gives the token that a connection has to show beside its cookies
        with visitor(address, client.cookies) as coming:
            coming.run()
            coming.press(through)
            sent_to = coming.sent_to
        return proved(client, sent_to, subject)


def proved(client: httpx.Client, sent_to: str, subject: str) -> httpx.Cookies:
    """Go where a button sent somebody, say there who one is, and come back."""
    asks = client.get(sent_to)
    assert asks.status_code == 302, asks.text
    back = httpx.post(asks.headers["location"], data={"sub": subject})
    assert back.status_code == 302, back.text
    assert client.get(back.headers["location"]).status_code == 302
    return client.cookies


def enter(coming: Visitor, role: str) -> Visitor:
    """Choose, on a sample casebook, the first of its made-up staff who has a role, by the role's label."""
    coming.run()
    (radio,) = coming.all("radio")
    chosen = next(o for o, told in zip(radio.options, radio.captions, strict=True) if told.startswith(f"{role}:"))
    return coming.press("continue_as", WidgetState(id=radio.id, string_value=chosen))
