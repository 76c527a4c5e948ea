"""A note while it is written: saved as a draft by itself after each pause, and found again after whatever happens.

The draft lies in the casebook, one for each author, family and kind. What is on the screen knows which version it came
from: where another window saved a later one, both are shown and the writer chooses.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from dashboard import conflicts, identity, submitting, words, writing_pad
from families.cases import noting
from families.cases.moving import MOST_WORDS, Changed
from families.cases.noting import SUPERVISION, NoteForm, SavedDraft
from families.cases.views import CaseHead, NoteView
from families.cases.workflow import workflow
from families.errors import UserError

NOTE = "note"
TO_WRITE = "write down work with this family"
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
class Held:
    """A draft as this window has it; the number names its boxes, and is the token of the note it becomes."""

    number: str
    version: int
    body: Mapping[str, Any]
    saved_at: dt.datetime | None = None
    refused: str = ""


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
    def family_id(self) -> str:
        """The family it is about."""
        return self.head.line.family_id


def show(visit: identity.Visit, page: Page) -> None:
    """The draft as it was last saved, in boxes that save themselves."""
    _take_up(visit, page)
    st.session_state.pop(f"{page.place}_done", None)  # the whole page is being drawn: it need not be drawn again
    _writing(page)


def _take_up(visit: identity.Visit, page: Page) -> None:
    """Hold the draft that lies in the casebook, unless what this window holds is newer or could not be saved."""
    saved = noting.draft(visit.engine, visit.reader(TO_WRITE), page.family_id, page.draft_kind)
    held: Held | None = st.session_state.get(page.place)
    if held is None or (not held.refused and (saved.version if saved else 0) != held.version):
        st.session_state[page.place] = _held(saved)


def _held(saved: SavedDraft | None) -> Held:
    if saved is None:
        return Held(uuid.uuid4().hex, 0, {})
    return Held(uuid.uuid4().hex, saved.version, dict(saved.body), saved.saved_at)


@st.fragment
def _writing(page: Page) -> None:
    held: Held | None = st.session_state.get(page.place)
    if held is None or st.session_state.pop(f"{page.place}_done", False):
        st.rerun(scope="app")  # completed, or the session is over: the whole page is another one
        return
    submitting.say(page.place)
    _choose_version(page, held)
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
        saved_at=held.saved_at,
        refused=held.refused,
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


def _save(page: Page, *, over: int | None = None) -> None:
    """Save what stands in the boxes as the draft; over another version where the writer chose so."""
    held: Held | None = st.session_state.get(page.place)
    visit = identity.visit()
    if held is None or visit is None:
        return
    body = _body(page, held)
    version = held.version if over is None else over
    try:
        saved = noting.save_draft(
            visit.engine, visit.reader(TO_WRITE), page.family_id, page.draft_kind, body=body, version=version
        )
    except Changed as changed:
        conflicts.keep(page.place, conflicts.Conflict(_told(page, body), _told(page, changed.theirs) | _at(changed)))
        st.session_state[page.place] = replace(held, refused="another window saved this draft.")
    except UserError as error:
        st.session_state[page.place] = replace(held, refused=str(error))
    else:
        conflicts.forget(page.place)
        st.session_state[page.place] = Held(held.number, saved.version, body, saved.saved_at)


def _at(changed: Changed) -> dict[str, Any]:
    return {"version": changed.theirs["version"], "body": {k: v for k, v in changed.theirs.items() if k != "version"}}


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


def _choose_version(page: Page, held: Held) -> None:
    """Both versions where another window was quicker; nothing of either is lost until the writer has chosen."""
    conflict = conflicts.kept(page.place)
    if conflict is None:
        return
    st.error("Another window saved this draft while you wrote here. Compare the two, then choose.")
    labels = {name: FIELDS[name] for name in (FIELDS if page.draft_kind == NOTE else OF_SUPERVISION)}
    conflicts.show(conflict, labels, {})
    with st.container(horizontal=True, key=f"{page.place}_choose"):
        st.button(
            "Keep what is in these boxes",
            key=_key(page, held, "mine"),
            on_click=_save,
            args=(page,),
            kwargs={"over": conflict.theirs["version"]},
        )
        st.button("Take the other one", key=_key(page, held, "theirs"), on_click=_take_theirs, args=(page, conflict))


def _take_theirs(page: Page, conflict: conflicts.Conflict) -> None:
    conflicts.forget(page.place)
    at = identity.now()
    st.session_state[page.place] = Held(uuid.uuid4().hex, conflict.theirs["version"], dict(conflict.theirs["body"]), at)


def _discard(page: Page) -> None:
    def act(visit: identity.Visit) -> None:
        noting.discard_draft(visit.engine, visit.reader(TO_WRITE), page.family_id, page.draft_kind)

    if submitting.do(act, "The draft is thrown away.", at=page.place):
        conflicts.forget(page.place)
        st.session_state[page.place] = _held(None)


def _complete(page: Page, number: str) -> None:
    """Make the note of the draft that was drawn; what is wrong is said, and stays written."""
    held: Held | None = st.session_state.get(page.place)
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
