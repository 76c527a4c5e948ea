"""Forms as data: every field is drawn one way, and what is wrong is said above the form and again at its field.

A form's boxes are named by a number. What is refused stays written in them; once the act is done the form has a new
number, and empty boxes. The number is the token of the act too: a second click on the same form is the same act.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import streamlit as st

from dashboard import conflicts, identity, submitting, words
from families.cases.moving import Changed

Values: TypeAlias = Mapping[str, Any]
TEXT_ROWS = 110  # pixels high
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
    version: int | None = None  # of the row it is about; the act finds it among the values as `row_version`
    is_prefilled: bool = False  # then the version is the one whose words are in the boxes, whatever is drawn since
    check: Callable[[Values], Mapping[str, str]] | None = None  # what else is wrong, by field

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
    number, version = _begun(form)
    problems = st.session_state.pop(_problems_key(form), {})
    with st.container():
        if problems:
            _summary(form, problems)
        submitting.say(form.name)
        _show_conflict(form, number)
    with st.form(f"form_{form.name}_{number}", border=False):
        for each in form.fields:
            _draw(each, f"{form.name}_{each.name}_{number}")
            if each.name in problems:
                st.markdown(f":material/error: **Error:** {words.escape_markdown(problems[each.name])}")
        st.form_submit_button(
            form.button,
            type="primary",
            key=f"{form.name}_save_{number}",
            on_click=_submitted,
            args=(form, number, version),
        )


def _begun(form: Form) -> tuple[str, int | None]:
    """The form's number, and the version of what its boxes were filled from."""
    if _number_key(form) not in st.session_state:
        st.session_state[_number_key(form)] = (uuid.uuid4().hex, form.version)
    number, version = st.session_state[_number_key(form)]
    return number, version if form.is_prefilled else form.version


def act(form: Form, label: str) -> None:
    """A form behind its label, so that a page says what can be done before it shows every box."""
    with st.expander(label, key=f"open_{form.name}"):
        show(form)


def _summary(form: Form, problems: Mapping[str, str]) -> None:
    labels = {each.name: each.label for each in form.fields}
    lines = [f"- {words.escape_markdown(f'{labels[name]}: {said}')}" for name, said in problems.items()]
    st.error("\n".join(["**This was not saved. Put this right first:**", "", *lines]))


def _draw(each: Field, key: str) -> None:
    label = each.label if each.is_required else f"{each.label} (optional)"
    note = each.note or None
    if each.kind == "said":
        st.markdown(each.label)
    elif each.kind == "text":
        st.text_area(label, each.start or "", max_chars=each.most, height=TEXT_ROWS, key=key, help=note)
    elif each.kind in ("choice", "radio", "many"):
        _draw_choice(each, label, key, note)
    elif each.kind == "day":
        st.date_input(label, each.start, *DAYS, key=key, format="DD/MM/YYYY", help=note)
    elif each.kind == "number":
        st.number_input(label, 1, 10, each.start, 1, key=key, help=note)
    elif each.kind == "tick":
        st.checkbox(label, bool(each.start), key=key, help=note)
    else:
        st.text_input(label, each.start or "", max_chars=each.most, key=key, help=note)


def _draw_choice(each: Field, label: str, key: str, note: str | None) -> None:
    options = list(each.choices)
    index = options.index(each.start) if each.start in options else None
    if each.kind == "radio":
        named = {option: words.escape_markdown(said) for option, said in each.choices.items()}
        st.radio(label, options, index, format_func=named.__getitem__, key=key, horizontal=True, help=note)
    elif each.kind == "many":
        plain = {option: words.plain(said) for option, said in each.choices.items()}
        st.multiselect(label, options, each.start or [], format_func=plain.__getitem__, key=key, help=note)
    else:
        plain = {option: words.plain(said) for option, said in each.choices.items()}
        st.selectbox(label, options, index, format_func=plain.__getitem__, key=key, placeholder="Choose", help=note)


def _submitted(form: Form, number: str, version: int | None) -> None:
    """Do the act once, with what stands in the boxes of this form."""
    values = {each.name: _value(each, f"{form.name}_{each.name}_{number}") for each in form.fields}
    problems = {each.name: _missing(each) for each in form.fields if _is_missing(each, values[each.name])}
    problems |= form.check(values) if form.check is not None and not problems else {}
    if problems:
        st.session_state[_problems_key(form)] = problems
        return
    clash: list[Changed] = []

    def once(visit: identity.Visit) -> Any:
        try:
            return form.act(visit, {**values, "row_version": version}, number)
        except Changed as changed:
            clash.append(changed)
            raise

    if submitting.do(once, form.told, at=form.section, refused_at=form.name):
        conflicts.forget(form.name)
        _next_number(form, number)
    elif clash:
        conflicts.keep(form.name, conflicts.Conflict(_said(form, values), clash[0].theirs))


def _show_conflict(form: Form, number: str) -> None:
    """Both versions beside each other, and the choice between them."""
    conflict = conflicts.kept(form.name)
    if conflict is None:
        return
    labels = {each.name: each.label for each in form.fields if each.kind != "said"}
    choices = {each.name: each.choices for each in form.fields}
    conflicts.show(conflict, labels, choices)
    theirs = conflict.theirs.get("row_version")
    with st.container(horizontal=True, key=f"choose_{form.name}"):
        st.button("Save my version", key=f"{form.name}_mine_{number}", on_click=_submitted, args=(form, number, theirs))
        st.button("Keep theirs", key=f"{form.name}_theirs_{number}", on_click=_keep_theirs, args=(form, number))


def _keep_theirs(form: Form, number: str) -> None:
    conflicts.forget(form.name)
    _next_number(form, number)
    submitting.tell("Nothing was changed: what is shown is how it stands.", at=form.section)


def _said(form: Form, values: Values) -> Values:
    return {each.name: values[each.name] for each in form.fields if each.kind != "said"}


def _value(each: Field, key: str) -> Any:
    value = st.session_state.get(key, each.start)
    return value.strip() if isinstance(value, str) else value


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
    if st.session_state.get(_number_key(form), ("",))[0] == number:
        del st.session_state[_number_key(form)]


def _number_key(form: Form) -> str:
    return f"number_{form.name}"


def _problems_key(form: Form) -> str:
    return f"problems_{form.name}"
