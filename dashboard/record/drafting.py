"""A note while it is written: saved as a draft by itself after each pause, and found again after whatever happens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from dashboard import conflicts, identity, keeping, submitting, words, writing_pad
from dashboard.keeping import TO_WRITE, Held
from families.cases import noting
from families.cases.moving import MOST_WORDS
from families.cases.noting import SUPERVISION, NoteForm
from families.cases.views import CaseHead, NoteView
from families.cases.workflow import workflow

NOTE = "note"
FIELDS = {
    "kind": "Kind of contact",
    "contact_on": "Day of the contact",
    "person_ids": "Whom it is about",
    "child_seen": "A child was seen",
    "seen_alone": "A child was seen alone",
    "action_id": "Action of the plan",
    "criterion": "Criterion it is evidence for",
    "corrects": "Note it corrects",
    "words": "Words",
}
OF_SUPERVISION = ("contact_on", "words")


@dataclass(frozen=True)
class Page:
    """What a draft is written about: the case, and what can be chosen."""

    head: CaseHead
    day: dt.date
    actions: Mapping[str, str] = field(default_factory=dict)
    criteria: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[NoteView] = ()
    draft_kind: str = NOTE

    @property
    def place(self) -> str:
        """Where this draft's boxes and answers are."""
        return f"{self.draft_kind}_{self.head.line.case_id}"

    @property
    def draft(self) -> keeping.Draft:
        """Where it is kept."""
        labels = {name: FIELDS[name] for name in (FIELDS if self.draft_kind == NOTE else OF_SUPERVISION)}
        return keeping.Draft(
            self.place, self.head.line.family_id, self.draft_kind, labels, lambda body: _told(self, body)
        )


def show(visit: identity.Visit, page: Page) -> None:
    """The draft as it was last saved, in boxes that save themselves."""
    at = (visit.engine, visit.reader(TO_WRITE), page.draft.family_id, page.draft_kind)
    keeping.take_up(page.draft, noting.draft(*at))
    st.session_state.pop(f"{page.place}_done", None)  # the whole page is being drawn: it need not be drawn again
    _writing(page)


@st.fragment
def _writing(page: Page) -> None:
    held = keeping.held(page.draft)
    if held is None or st.session_state.pop(f"{page.place}_done", False):
        st.rerun(scope="app")  # completed, or the session is over: the whole page is another one
        return
    submitting.say(page.place)
    keeping.choose_version(page.draft, lambda: _body(page, held))
    if page.draft_kind == SUPERVISION:
        _day(page, held)
    else:
        _boxes(page, held)
    pad = writing_pad.Pad(
        number=held.number,
        label="What happened and what it means" if page.draft_kind == NOTE else "What was discussed and decided",
        hint=f"Up to {MOST_WORDS:,} characters. No address that must be kept safe. Saved as you write.",
        most=MOST_WORDS,
        text=str(held.body.get("words", "")),
        said=held.said,
        is_refused=bool(held.refused),
    )
    writing_pad.draw(pad, key=_key(page, held, "words"), on_change=lambda: _save(page))
    for warning in noting.address_warnings(str(held.body.get("words", ""))):
        st.warning(warning)
    with st.container(horizontal=True, key=f"{page.place}_buttons"):
        st.button(
            "Complete", type="primary", key=_key(page, held, "complete"), on_click=_complete, args=(page, held.number)
        )
        if held.version:
            st.button("Throw the draft away", key=_key(page, held, "discard"), on_click=_discard, args=(page,))
    st.caption("A completed note is never changed: a mistake is put right by another note that names it.")


def _key(page: Page, held: Held, name: str) -> str:
    return f"{page.place}_{name}_{held.number}"


def _day(page: Page, held: Held) -> None:
    told = held.body.get("contact_on")
    day = dt.date.fromisoformat(str(told)) if told else page.day
    key = _key(page, held, "contact_on")
    label = FIELDS["contact_on"] if page.draft_kind == NOTE else "Day of the supervision"
    st.date_input(label, day, max_value=page.day, key=key, format="DD/MM/YYYY", on_change=_save, args=(page,))


def _boxes(page: Page, held: Held) -> None:
    kinds = {kind: said for kind, said in workflow().words["note_kinds"].items() if kind != SUPERVISION}
    people = distinct(page.head.people)
    saves: dict[str, Any] = {"on_change": _save, "args": (page,)}
    with st.container(horizontal=True, key=f"{page.place}_first"):
        _choice(page, held, "kind", kinds, width=260)
        _day(page, held)
    st.multiselect(
        FIELDS["person_ids"],
        list(people),
        [each for each in held.body.get("person_ids", ()) if each in people],
        format_func=people.__getitem__,
        key=_key(page, held, "person_ids"),
        **saves,
    )
    with st.container(horizontal=True, key=f"{page.place}_seen"):
        for name in ("child_seen", "seen_alone"):
            st.checkbox(FIELDS[name], bool(held.body.get(name)), key=_key(page, held, name), **saves)
    with st.container(horizontal=True, key=f"{page.place}_linked"):
        _choice(page, held, "action_id", page.actions, width=320)
        _choice(page, held, "criterion", page.criteria, width=320)
        _choice(page, held, "corrects", {note.note_id: called(note) for note in page.notes}, width=320)


def _choice(page: Page, held: Held, name: str, choices: Mapping[str, str], *, width: int) -> None:
    options = list(choices)
    index = options.index(held.body[name]) if held.body.get(name) in options else None
    is_required = name == "kind"
    if not options:
        return
    st.selectbox(
        FIELDS[name] if is_required else f"{FIELDS[name]} (optional)",
        options,
        index,
        format_func=lambda each: words.plain(choices[each]),
        placeholder="Choose",
        width=width,
        key=_key(page, held, name),
        on_change=_save,
        args=(page,),
    )


def distinct(people: Sequence[tuple[str, str]]) -> dict[str, str]:
    """People by id, each called so that no two read alike."""
    called: dict[str, str] = {}
    for person_id, name in people:
        plain = words.plain(name)
        alike = sum(each == plain or each.startswith(f"{plain}, no. ") for each in called.values())
        called[person_id] = f"{plain}, no. {alike + 1}" if alike else plain
    return called


def called(note: NoteView) -> str:
    """A note as others name it."""
    return f"{note.kind_label}, {words.short_date(note.contact_on)}, {words.plain(note.author)}"


def _body(page: Page, held: Held) -> dict[str, Any]:
    """What stands in the boxes; a box that was not drawn keeps what the draft has."""
    body: dict[str, Any] = {}
    for name in FIELDS if page.draft_kind == NOTE else OF_SUPERVISION:
        value = st.session_state.get(_key(page, held, name), held.body.get(name))
        if name == "words":
            pad = writing_pad.written(_key(page, held, name), held.number)
            value = held.body.get(name, "") if pad is None else pad
        body[name] = value.isoformat() if isinstance(value, dt.date) else value
    return {name: value for name, value in body.items() if value not in (None, "", False, [])}


def _save(page: Page) -> None:
    """Save what stands in the boxes as the draft."""
    held = keeping.held(page.draft)
    if held is not None:
        keeping.save(page.draft, _body(page, held))


def _told(page: Page, body: Mapping[str, Any]) -> dict[str, Any]:
    """A draft in words, for two of them side by side."""
    people, notes = dict(page.head.people), {note.note_id: called(note) for note in page.notes}
    named: dict[str, Callable[[Any], Any]] = {
        "kind": lambda each: workflow().words["note_kinds"].get(each, each),
        "contact_on": lambda each: words.long_date(dt.date.fromisoformat(str(each))),
        "person_ids": lambda them: words.listed(people.get(each, "somebody") for each in them),
        "action_id": lambda each: page.actions.get(each, "an action"),
        "criterion": lambda each: page.criteria.get(each, "a criterion"),
        "corrects": lambda each: notes.get(each, "a note"),
    }
    said = {name: body.get(name) for name in (FIELDS if page.draft_kind == NOTE else OF_SUPERVISION)}
    return {name: named[name](value) if value and name in named else value for name, value in said.items()}


def _discard(page: Page) -> None:
    submitting.do(lambda visit: keeping.discard(page.draft, visit), "The draft is thrown away.", at=page.place)


def _complete(page: Page, number: str) -> None:
    """Make the note of the draft that was drawn; what is wrong is said, and stays written."""
    held = keeping.held(page.draft)
    if held is None or held.number != number:
        return  # a second click: the first one has made the note
    body = _body(page, held)
    st.session_state[page.place] = replace(held, body=body)
    if problems := _problems(page, body):
        submitting.refuse(" ".join(problems), at=page.place)
        return
    said = {"at": "notes", "refused_at": page.place}  # once it is complete, this form is another one
    if submitting.do(lambda visit: _write(visit, page, body, number), "The note is complete.", **said):
        conflicts.forget(page.place)
        st.session_state.pop(page.place, None)
        st.session_state[f"{page.place}_done"] = True


def _problems(page: Page, body: Mapping[str, Any]) -> list[str]:
    needed = {"words": "Write what happened."}
    if page.draft_kind == NOTE:
        needed = {"kind": "Choose the kind of contact.", "person_ids": "Choose whom it is about."} | needed
    return [said for name, said in needed.items() if not body.get(name)]


def _write(visit: identity.Visit, page: Page, body: Mapping[str, Any], number: str) -> None:
    at = (visit.engine, visit.reader(TO_WRITE), page.head.line.case_id)
    on = dt.date.fromisoformat(str(body.get("contact_on", page.day)))
    if page.draft_kind == SUPERVISION:
        noting.supervise(*at, held_on=on, words=str(body["words"]), today=page.day, token=number)
        return
    form = NoteForm(
        kind=str(body["kind"]),
        contact_on=on,
        words=str(body["words"]),
        person_ids=[str(each) for each in body["person_ids"]],
        child_seen=bool(body.get("child_seen")),
        seen_alone=bool(body.get("seen_alone")),
        **{name: body.get(name) for name in ("action_id", "criterion", "corrects")},
    )
    noting.write_note(*at, form, today=page.day, token=number, draft_kind=NOTE)
