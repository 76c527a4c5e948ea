"""What the parts of Needs and plan are given: one family, its case as drawn, and the day; and what its acts need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import streamlit as st

from dashboard import forms, identity, keeping, tables, words
from families.casebook.views import FamilyRecord, StaffMember
from families.cases import noting
from families.cases.noting import SavedDraft
from families.cases.views import CaseRecord
from families.cases.workflow import may_do_to_own, workflow

TO_WORK = "work with this family"
KEPT = {  # forms that are kept as drafts while they are filled in, and the kind of the draft; one for each row changed
    "consent/record": "consent",
    "team/add": "helper",
    "team/change": "change_to_a_helper",
    "assessment/answer": "answers_to_facts",
    "assessment/complete": "assessment",
    "needs/add": "need",
    "plan/goal": "goal",
    "plan/action": "action",
    "plan/change": "change_to_an_action",
    "plan/reach": "goal_reached",
    "plan/approve_plan": "approval_of_the_plan",
    "plan/return_plan": "plan_given_back",
    "review/hold": "review",
    "level/step": "step_up_or_down",
    "closure/ask": "closure",
    "closure/approve_closure": "approval_of_closure",
    "closure/return_closure": "closure_given_back",
    "check/record": "check_after_six_months",
}


@dataclass(frozen=True)
class AtWork:
    """One family's casework as the page has it."""

    record: FamilyRecord | None  # nothing where no refresh publishes the family any more
    case: CaseRecord
    day: dt.date
    person: StaffMember
    drafts: Mapping[str, SavedDraft] | None  # what they have begun to fill in; nothing where they keep no drafts

    @property
    def people(self) -> dict[str, str]:
        """The family's members by id, each called so that no two read alike."""
        members = self.record.members if self.record else ()
        return dict(zip((each.person_id for each in members), tables.distinct_names(members), strict=True))

    def may(self, act: str) -> bool:
        """Whether the case allows the reader this act; the act decides again when it is done."""
        return act in self.case.acts

    def may_decide(self, act: str, authors: Collection[str]) -> bool:
        """Whether the reader may decide on work of these authors: not on their own, unless the council allows it."""
        rule, role = workflow().acts[act], self.person.role
        is_own = self.person.staff_id in authors
        return self.may(act) and (may_do_to_own(rule, role) if is_own else role in rule.roles)

    def label(self, act: str) -> str:
        """An act as the workflow calls it."""
        return workflow().acts[act].label

    def form(
        self,
        place: str,
        function: Callable[..., Any],
        fields: Sequence[forms.Field],
        told: str,
        *,
        give: Callable[[forms.Values], Mapping[str, Any]] | None = None,
        of: Sequence[Any] = (),
        version: int | None = None,
        is_prefilled: bool = False,
        button: str = "Save",
        check: Callable[[forms.Values], Mapping[str, str]] | None = None,
    ) -> forms.Form:
        """A form for an act of this case, done as of the day; `give` makes its arguments of what is written.

        Without a version the act only adds something, and names none.
        """
        case_id, day = self.case.line.case_id, self.day

        def act(visit: identity.Visit, values: forms.Values, token: str) -> Any:
            written = {each.name: values[each.name] for each in fields if each.kind != "said"}
            given = written if give is None else give(values)
            locked = {} if version is None else {"row_version": values["row_version"]}
            more = list(of)
            if "beside" in given:  # what the act takes whole, as a value of its own
                given, more = {name: each for name, each in given.items() if name != "beside"}, [*more, given["beside"]]
            at = (visit.engine, visit.reader(TO_WORK), case_id, *more)
            return function(*at, **given, **locked, today=day, token=token)

        name = f"{place}_{case_id}" + "".join(f"_{each}" for each in of)
        form = forms.Form(name, fields, act, told, button, version, is_prefilled, check)
        if place not in KEPT or self.drafts is None:
            return form
        kind = noting.kind_of(KEPT[place], *of)
        labels = {each.name: each.label for each in fields if each.kind != "said"}
        choices = {each.name: each.choices for each in fields}
        in_words = partial(forms.in_words, fields)
        draft = keeping.Draft(f"draft_{name}", self.case.line.family_id, kind, labels, in_words, choices)
        return replace(form, draft=draft, saved=self.drafts.get(kind))

    def begun(self, place: str, names: Mapping[str, str]) -> dict[str, str]:
        """Of the rows that a form changes, by id, those whose change is kept as a draft."""
        drafts = self.drafts or {}
        return {each: name for each, name in names.items() if noting.kind_of(KEPT[place], each) in drafts}

    @property
    def version(self) -> int:
        """The version of the case as drawn."""
        return self.case.line.row_version


def begun_for(begun: Mapping[str, str]) -> str:
    """That changes were begun, and of which of several."""
    return words.escape_markdown(f"{forms.BEGUN} Begun: {'; '.join(begun.values())}.") if begun else ""


def chosen_one(label: str, names: Mapping[str, str], *, key: str, begun: Iterable[str] = ()) -> str | None:
    """Choose which of several a form below is about; the first that was begun, until somebody chooses."""
    options = list(names)
    chosen: str | None = st.selectbox(
        label,
        options,
        index=next((options.index(each) for each in begun), None),
        format_func=lambda each: words.plain(names[each]),
        key=key,
        placeholder="Choose",
    )
    return chosen
