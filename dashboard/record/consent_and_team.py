"""Consent and privacy notices by purpose, and the team around the family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import forms, frame
from dashboard.forms import Field
from dashboard.record import work_tables
from dashboard.record.at_work import AtWork, begun_for, chosen_one
from families.cases import agreeing
from families.cases.workflow import workflow

SOMEBODY_ELSE = "somebody else"


def show(at: AtWork) -> None:
    """Both parts."""
    with forms.section("consent", "Consent and privacy notice"):
        _consents(at)
    with forms.section("team", "Team around the family"):
        _team(at)


def _consents(at: AtWork) -> None:
    if at.case.consents:
        frame.plain_table(work_tables.consents(at.case.consents), "Consent and privacy notices by purpose")
    else:
        st.write("No consent and no privacy notice is recorded yet.")
    if at.may("record_consent"):
        forms.act(_consent_form(at), at.label("record_consent"))


def _consent_form(at: AtWork) -> forms.Form:
    fields = [
        Field("purpose", "Purpose", "choice", workflow().words["consent_purposes"]),
        Field("answer", "What was said", "radio", agreeing.ANSWERS),
        Field("person_id", "Who said it", "choice", at.people | {SOMEBODY_ELSE: "Somebody else"}),
        Field("name", "Their name, if it is somebody else", is_required=False),
        Field("how", "How, as in person or by letter"),
    ]
    told = "What was said is recorded."
    return at.form("consent/record", agreeing.record_consent, fields, told, give=_who_said, check=_is_named)


def _who_said(values: forms.Values) -> Mapping[str, Any]:
    said = {name: values[name] for name in ("purpose", "answer", "how", "name")}
    return said | {"person_id": None if values["person_id"] == SOMEBODY_ELSE else values["person_id"]}


def _is_named(values: forms.Values) -> Mapping[str, str]:
    if values["person_id"] == SOMEBODY_ELSE and not values["name"]:
        return {"name": "write who it is"}
    return {}


def _team(at: AtWork) -> None:
    helpers = at.case.helpers
    if helpers:
        frame.plain_table(work_tables.helpers(helpers), "Team around the family")
    else:
        st.write("Nobody else is known to be around this family.")
    if at.may("add_helper"):
        told = "They are in the team around the family now."
        form = at.form("team/add", agreeing.add_helper, _professional({}), told, give=_as_professional)
        forms.act(form, at.label("add_helper"))
    if at.may("change_helper") and helpers:
        names = {helper["helper_id"]: f"{helper['name']}, {helper['agency']}" for helper in helpers}
        begun = at.begun("team/change", names)
        with forms.opened(at.label("change_helper"), "change_helper", begun_for(begun)):
            _change(at, chosen_one("Whom to change", names, key="helper_chosen", begun=begun))


def _change(at: AtWork, chosen: str | None) -> None:
    if chosen is None:
        return
    helper = next(each for each in at.case.helpers if each["helper_id"] == chosen)
    ended = Field("ended_on", "Left the team on", "day", start=helper["ended_on"], is_required=False)
    form = at.form(
        "team/change",
        agreeing.change_helper,
        [*_professional(helper), ended],
        "What is known of them is changed.",
        of=[chosen],
        give=lambda values: {**_as_professional(values), "ended_on": values["ended_on"]},
        version=helper["row_version"],
        is_prefilled=True,
    )
    forms.show(form)


def _professional(now: Mapping[str, Any]) -> list[Field]:
    return [
        Field("name", "Name", start=now.get("name")),
        Field("agency", "Agency", start=now.get("agency")),
        Field("job", "Role", start=now.get("job")),
        Field("phone", "Telephone", start=now.get("phone"), is_required=False),
        Field("email", "E-mail", start=now.get("email"), is_required=False),
        Field("is_lead", "Leads the team around the family", "tick", start=now.get("is_lead")),
        Field("last_contact_on", "Last contact on", "day", start=now.get("last_contact_on"), is_required=False),
    ]


def _as_professional(values: forms.Values) -> Mapping[str, Any]:
    names = ("name", "agency", "job", "phone", "email", "is_lead", "last_contact_on")
    return {"beside": agreeing.Professional(**{name: values[name] for name in names})}
