"""A box for long words that hands over what is written after each short pause, without leaving the box.

Streamlit's own text area hands its words over only when it is left. The box is a real, labelled text area: a keyboard
and a screen reader know it, and what became of the words is said beside it as a status. No data is put in as HTML.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

PAUSE = 800  # milliseconds without a key, after which words are handed over

HTML = """
<div class="pad">
  <label for="box"></label>
  <p id="hint"></p>
  <textarea id="box" aria-describedby="hint"></textarea>
  <p class="line"><span role="status"></span><span class="left"></span></p>
</div>
"""

CSS = """
.pad { font-family: var(--st-font); color: var(--st-text-color); display: flex; flex-direction: column; gap: 0.25rem; }
label { font-size: 0.875rem; }
p { margin: 0; font-size: 0.875rem; }
textarea {
  box-sizing: border-box; width: 100%; resize: vertical; padding: 0.5rem 0.75rem;
  font: inherit; font-size: 1rem; line-height: 1.5; color: inherit; background: var(--st-secondary-background-color);
  border: 1px solid #6f777b; border-radius: var(--st-base-radius);
}
textarea:focus { outline: 3px solid var(--st-primary-color); outline-offset: 1px; }
.line { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.5rem; min-height: 1.5rem; }
"""

JS = """
export default function ({ data, parentElement, setStateValue }) {
  const box = parentElement.querySelector("textarea");
  const say = (text) => {
    const status = parentElement.querySelector("[role=status]");
    if (status.textContent !== text) status.textContent = text;
  };
  const count = () => {
    const left = data.most - box.value.length;
    parentElement.querySelector(".left").textContent = `${left.toLocaleString("en-GB")} characters left`;
  };
  const pad = (box.pad ??= { number: null, timer: 0, sent: "", count: 0, tries: 0 });
  const send = () => {
    clearTimeout(pad.timer);
    pad.timer = 0;
    pad.sent = box.value;
    pad.count += 1;
    say("Saving");
    setStateValue("written", { text: box.value, number: data.number, count: pad.count });
  };
  parentElement.querySelector("label").textContent = data.label;
  parentElement.querySelector("#hint").textContent = data.hint;
  box.maxLength = data.most;
  box.rows = data.rows;
  if (pad.number !== data.number) {
    clearTimeout(pad.timer);
    Object.assign(pad, { number: data.number, timer: 0, sent: data.text, tries: 0 });
    box.value = data.text;
  }
  box.oninput = () => {
    count();
    say("Not saved yet");
    pad.tries = 0;
    clearTimeout(pad.timer);
    pad.timer = setTimeout(send, data.pause);
  };
  box.onblur = () => {
    if (pad.timer) send();
  };
  count();
  if (!pad.timer) {
    const isKept = box.value === data.text;
    if (isKept || data.is_refused) say(data.said);
    if (!isKept && !data.is_refused && pad.tries < 5) {
      pad.tries += 1;
      pad.timer = setTimeout(send, 2 * data.pause);
    }
  }
}
"""

_mount = st.components.v2.component("families_writing_pad", html=HTML, css=CSS, js=JS)


@dataclass(frozen=True)
class Pad:
    """A pad as it is drawn; another number means other words, which then take the place of what is in the box."""

    number: str
    label: str
    hint: str
    most: int
    text: str  # as last saved
    said: str = ""  # what became of the words
    is_refused: bool = False
    rows: int = 9


def draw(pad: Pad, *, key: str, on_change: Callable[[], Any]) -> None:
    """Draw the pad; `on_change` is called each time that it has handed words over, and for nothing else it is sent."""

    def handed_over() -> None:
        if written(key, pad.number) is not None:
            on_change()

    _mount(
        key=key,
        data={
            **{"number": pad.number, "label": pad.label, "hint": pad.hint, "most": pad.most, "text": pad.text},
            **{"said": pad.said, "is_refused": pad.is_refused, "rows": pad.rows, "pause": PAUSE},
        },
        default={"written": None},
        on_written_change=handed_over,
    )


def written(key: str, number: str) -> str | None:
    """What the pad of this number handed over last; nothing where it has not."""
    state = st.session_state.get(key) or {}
    told = state.get("written") if hasattr(state, "get") else None
    if not isinstance(told, dict) or told.get("number") != number or not isinstance(told.get("text"), str):
        return None
    return str(told["text"])
