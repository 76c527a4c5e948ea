"""Forms as data: every field is drawn one way, and what is wrong is said above the form and again at its field.

A form's boxes are named by a number. What is refused stays written in them; once the act is done the form has a new
number, and empty boxes. The number is the token of the act too: a second click on the same form is the same act.
A form may be kept as a draft: then it saves itself while it is filled in, as a note does, until its act is done. The
draft of a form that was filled from a row has all its boxes and the row's version, whatever becomes of the row.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import streamlit as st

from dashboard import conflicts, identity, keeping, submitting, words, writing_pad
from families.cases.moving import Changed
from families.cases.noting import SavedDraft

Values: TypeAlias = Mapping[str, Any]
BEGUN = "You have begun this, and it is kept: open it to go on."
ROW_VERSION = "row_version"  # what an act finds it as, and a draft keeps it as
TEXT_ROWS, PAD_ROWS = 110, 4  # pixels, and lines, high
DAYS = (dt.date(1900, 1, 1), dt.date(2100, 12, 31))  # without bounds Streamlit takes ten years around the real day


@dataclass(frozen=True)
class Field:
    """A box of a form, its label in our words; of kind `said` it is only words between the boxes, as Markdown."""

    name: str
    label: str
    kind: str = "line"  # line, text, choice, radio, many, day, number, tick, said
    choices: Mapping[Any, str] = field(default_factory=dict)
    start: Any = None
    is_required: bool = True
    most: int = 200
    note: str = ""


@dataclass(frozen=True)
class Form:
    """Something a person does: the act is given who does it, what is written, and the form's own token."""

    name: str  # section/act: a form that is gone by then has its say at the section
    fields: Sequence[Field]
    act: Callable[[identity.Visit, Values, str], Any]
    told: str | Callable[[Any], str]
    button: str = "Save"
    version: int | None = None  # of the row it is about; the act finds it among the values
    is_prefilled: bool = False  # then the version is the one whose words are in the boxes, whatever is drawn since
    check: Callable[[Values], Mapping[str, str]] | None = None  # what else is wrong, by field
    draft: keeping.Draft | None = None  # where it is kept while it is filled in
    saved: SavedDraft | None = None  # as it was kept when the page was drawn

    @property
    def section(self) -> str:
        """Where on the page it stands."""
        return self.name.partition("/")[0]


@contextmanager
def section(name: str, heading: str) -> Iterator[None]:
    """A part of a page under its heading; says what its forms came to, even of a form that is no longer there."""
    st.header(heading, anchor=False)
    with st.container():  # always there, so that what follows keeps its place, and what was opened stays open
        submitting.say(name)
    yield
    submitting.say_within(name)


def show(form: Form) -> None:
    """Draw a form with what was wrong with it, and where somebody else was quicker, both versions."""
    if form.draft is None:
        _show(form)
        return
    keeping.take_up(form.draft, form.saved, _filled(form))
    st.session_state.pop(_done_key(form), None)  # the whole page is being drawn: it need not be drawn again
    _show_kept(form)


@st.fragment
def _show_kept(form: Form) -> None:
    """The form by itself, so that nothing else is drawn again when a box is left."""
    if _held(form) is None or st.session_state.pop(_done_key(form), False):
        st.rerun(scope="app")  # done, or the session is over: the whole page is another one
        return
    _show(form)


def _held(form: Form) -> keeping.Held | None:
    return keeping.held(form.draft) if form.draft is not None else None


def _show(form: Form) -> None:
    number, version = _begun(form)
    problems = st.session_state.pop(_problems_key(form), {})
    with st.container():
        if problems:
            _summary(form, problems)
        submitting.say(form.name)
        _show_conflict(form, number)
    key = f"{form.name}_save_{number}"
    pressed: dict[str, Any] = {"type": "primary", "on_click": _submitted, "args": (form, number, version)}
    if form.draft is None:
        with st.form(f"form_{form.name}_{number}", border=False):
            _draw_boxes(form, number, problems)
            st.form_submit_button(form.button, key=key, **pressed)
        return
    keeping.choose_version(form.draft, lambda: _body(form, number))
    with st.container(key=f"form_{form.name}_{number}"):
        _draw_boxes(form, number, problems)
        with st.container(horizontal=True, vertical_alignment="center", key=f"{form.name}_buttons_{number}"):
            st.button(form.button, key=key, **pressed)
            _draw_kept(form, number)


def _draw_boxes(form: Form, number: str, problems: Mapping[str, str]) -> None:
    held = _held(form)
    keeps: dict[str, Any] = {} if held is None else {"on_change": _keep, "args": (form, number)}
    for each in form.fields:
        key = f"{form.name}_{each.name}_{number}"
        if held is None:
            _draw(each, key, keeps)
        elif each.kind == "text":
            _draw_pad(form, each, key, held)
        else:
            _draw(replace(each, start=_start(each, held.body)), key, keeps)
        if each.name in problems:
            st.markdown(f":material/error: **Error:** {words.escape_markdown(problems[each.name])}")


def _draw_pad(form: Form, each: Field, key: str, held: keeping.Held) -> None:
    pad = writing_pad.Pad(
        number=held.number,
        label=_label(each),
        hint=each.note,
        most=each.most,
        text=str(_start(each, held.body) or ""),
        said=held.said,
        is_refused=bool(held.refused),
        rows=PAD_ROWS,
    )
    writing_pad.draw(pad, key=key, on_change=lambda: _keep(form, held.number))


def _draw_kept(form: Form, number: str) -> None:
    """That the form is kept, and the way to throw it away."""
    held = _held(form)
    if held is None:
        return
    if held.version:
        key = f"{form.name}_discard_{number}"
        st.button("Throw the draft away", key=key, on_click=_discard, args=(form, number))
    st.caption(held.said, width="content")


def _start(each: Field, body: Values) -> Any:
    """What a box begins with: what a draft has for it, where it can still take that."""
    told = body.get(each.name, each.start)
    if each.kind == "day":
        return dt.date.fromisoformat(told) if isinstance(told, str) else told
    return _offered(each, told)


def in_words(fields: Sequence[Field], body: Values) -> Values:
    """What a draft of these boxes has, as the boxes would show it."""
    return {each.name: _start(each, body) for each in fields if each.kind != "said"}


def _body(form: Form, number: str) -> dict[str, Any]:
    """What stands in the boxes and did not at first, as a draft keeps it; all of it where a row filled them."""
    boxes = [each for each in form.fields if each.kind != "said"]
    told = {each.name: _kept(each, _value(form, each, number)) for each in boxes}
    if form.is_prefilled:
        return told | {ROW_VERSION: _begun(form)[1]}
    starts = {each.name: _kept(each, each.start) for each in boxes}
    return {name: value for name, value in told.items() if value not in ("", None, starts[name])}


def _filled(form: Form) -> dict[str, Any]:
    """What the draft of a form begins with: what a row filled its boxes with, and the row's version."""
    if not form.is_prefilled:
        return {}
    filled = {each.name: _kept(each, each.start) for each in form.fields if each.kind != "said"}
    return filled | {ROW_VERSION: form.version}


def _kept(each: Field, value: Any) -> Any:
    """What stands in a box, as a draft keeps it."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if each.kind == "tick":
        return bool(value)
    return value or "" if each.kind in ("line", "text") else value


def _keep(form: Form, number: str) -> None:
    """Keep the form that was drawn; one whose act is done by now has become what it was for."""
    held, body = _held(form), _body(form, number)
    if form.draft is not None and _is_still(form, number) and held is not None and (held.refused or body != held.body):
        keeping.save(form.draft, body)


def _is_still(form: Form, number: str) -> bool:
    held = _held(form)
    return held is not None and held.number == number


def _discard(form: Form, number: str) -> None:
    draft = form.draft
    if draft is None or not _is_still(form, number):
        return
    if submitting.do(lambda visit: keeping.discard(draft, visit), "The draft is thrown away.", at=form.name):
        st.session_state[_done_key(form)] = True


def _begun(form: Form) -> tuple[str, int | None]:
    """The form's number, and the version of what its boxes were filled from."""
    if form.draft is not None:
        held = _held(form)
        return (held.number, held.body.get(ROW_VERSION, form.version)) if held else ("", form.version)
    if _number_key(form) not in st.session_state:
        st.session_state[_number_key(form)] = (uuid.uuid4().hex, form.version)
    number, version = st.session_state[_number_key(form)]
    return number, version if form.is_prefilled else form.version


def act(form: Form, label: str) -> None:
    """A form behind its label, so that a page says what can be done before it shows every box."""
    with opened(label, form.name, BEGUN if form.saved is not None else ""):
        show(form)


@contextmanager
def opened(label: str, name: str, begun: str) -> Iterator[None]:
    """What is behind a label, and what is said beneath it while it is closed."""
    with st.expander(label, key=f"open_{name}"):
        yield
    with st.container():  # always there, as above
        if begun:
            st.caption(begun)


def _summary(form: Form, problems: Mapping[str, str]) -> None:
    labels = {each.name: each.label for each in form.fields}
    lines = [f"- {words.escape_markdown(f'{labels[name]}: {said}')}" for name, said in problems.items()]
    st.error("\n".join(["**This was not saved. Put this right first:**", "", *lines]))


def _label(each: Field) -> str:
    return each.label if each.is_required else f"{each.label} (optional)"


def _draw(each: Field, key: str, keeps: Mapping[str, Any]) -> None:
    label = _label(each)
    note = each.note or None
    if each.kind == "said":
        st.markdown(each.label)
    elif each.kind == "text":
        st.text_area(label, each.start or "", max_chars=each.most, height=TEXT_ROWS, key=key, help=note, **keeps)
    elif each.kind in ("choice", "radio", "many"):
        _draw_choice(each, label, key, note, keeps)
    elif each.kind == "day":
        st.date_input(label, each.start, *DAYS, key=key, format="DD/MM/YYYY", help=note, **keeps)
    elif each.kind == "number":
        st.number_input(label, 1, 10, each.start, 1, key=key, help=note, **keeps)
    elif each.kind == "tick":
        st.checkbox(label, bool(each.start), key=key, help=note, **keeps)
    else:
        st.text_input(label, each.start or "", max_chars=each.most, key=key, help=note, **keeps)


def _draw_choice(each: Field, label: str, key: str, note: str | None, keeps: Mapping[str, Any]) -> None:
    options = list(each.choices)
    index = options.index(each.start) if each.start in options else None
    if each.kind == "radio":
        named = {option: words.escape_markdown(said) for option, said in each.choices.items()}
        st.radio(label, options, index, format_func=named.__getitem__, key=key, horizontal=True, help=note, **keeps)
    elif each.kind == "many":
        plain = {option: words.plain(said) for option, said in each.choices.items()}
        st.multiselect(label, options, each.start or [], format_func=plain.__getitem__, key=key, help=note, **keeps)
    else:
        plain = {option: words.plain(said) for option, said in each.choices.items()}
        shown: dict[str, Any] = {"format_func": plain.__getitem__, "placeholder": "Choose", "help": note, **keeps}
        st.selectbox(label, options, index, key=key, **shown)


def _submitted(form: Form, number: str, version: int | None) -> None:
    """Do the act once, with what stands in the boxes of this form."""
    if form.draft is not None and not _is_still(form, number):
        return  # a second click: the first one has done it
    values = {each.name: _value(form, each, number) for each in form.fields}
    problems = {each.name: _missing(each) for each in form.fields if _is_missing(each, values[each.name])}
    problems |= form.check(values) if form.check is not None and not problems else {}
    if problems:
        _keep(form, number)
        st.session_state[_problems_key(form)] = problems
        return
    clash: list[Changed] = []

    def once(visit: identity.Visit) -> Any:
        try:
            result = form.act(visit, {**values, ROW_VERSION: version}, number)
        except Changed as changed:
            clash.append(changed)
            raise
        if form.draft is not None:
            keeping.discard(form.draft, visit)
        return result

    if submitting.do(once, form.told, at=form.section, refused_at=form.name):
        conflicts.forget(form.name)
        _next_number(form, number)
        return
    _keep(form, number)
    if clash:
        conflicts.keep(form.name, conflicts.Conflict(_said(form, values), clash[0].theirs))


def _show_conflict(form: Form, number: str) -> None:
    """Both versions beside each other, and the choice between them."""
    conflict = conflicts.kept(form.name)
    if conflict is None:
        return
    labels = {each.name: each.label for each in form.fields if each.kind != "said"}
    choices = {each.name: each.choices for each in form.fields}
    conflicts.show(conflict, labels, choices)
    theirs = conflict.theirs.get(ROW_VERSION)
    with st.container(horizontal=True, key=f"choose_{form.name}"):
        st.button("Save my version", key=f"{form.name}_mine_{number}", on_click=_submitted, args=(form, number, theirs))
        st.button("Keep theirs", key=f"{form.name}_theirs_{number}", on_click=_keep_theirs, args=(form, number))


def _keep_theirs(form: Form, number: str) -> None:
    conflicts.forget(form.name)
    told = "Nothing was changed: what is shown is how it stands."
    draft = form.draft
    if draft is None:
        submitting.tell(told, at=form.section)
    elif not submitting.do(lambda visit: keeping.discard(draft, visit), told, at=form.section):
        return
    _next_number(form, number)


def _said(form: Form, values: Values) -> Values:
    return {each.name: values[each.name] for each in form.fields if each.kind != "said"}


def _value(form: Form, each: Field, number: str) -> Any:
    key, held = f"{form.name}_{each.name}_{number}", _held(form)
    start = each.start if held is None else _start(each, held.body)
    if held is not None and each.kind == "text":
        handed_over = writing_pad.written(key, number)
        value = start or "" if handed_over is None else handed_over
    else:
        value = _offered(each, st.session_state.get(key, start))
    return value.strip() if isinstance(value, str) else value


def _offered(each: Field, value: Any) -> Any:
    """Of what was chosen, what is on offer: while a callback runs, Streamlit has not looked at it yet."""
    if each.kind == "many":
        return [one for one in value or () if one in each.choices]
    return None if each.kind in ("choice", "radio") and value not in each.choices else value


def _is_missing(each: Field, value: object) -> bool:
    return each.is_required and each.kind not in ("said", "tick") and value in (None, "", [])


def _missing(each: Field) -> str:
    asks = {
        "choice": "choose one",
        "radio": "choose one",
        "many": "choose one or more",
        "day": "give a day",
        "number": "give a number from 1 to 10",
    }
    return asks.get(each.kind, "write something here")


def _next_number(form: Form, number: str) -> None:
    if form.draft is not None:
        st.session_state[_done_key(form)] = True
    elif st.session_state.get(_number_key(form), ("",))[0] == number:
        del st.session_state[_number_key(form)]


def _done_key(form: Form) -> str:
    return f"done_{form.name}"


def _number_key(form: Form) -> str:
    return f"number_{form.name}"


def _problems_key(form: Form) -> str:
    return f"problems_{form.name}"
