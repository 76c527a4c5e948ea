"""The tabs of Identified families, for whoever confirms them: a list, one family in detail, and what is decided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard import case_tables, frame, identity, submitting, tables, words
from families.casebook import reading
from families.casebook.views import FamilySummary
from families.cases import identified, opening
from families.cases.identified import Standing
from families.cases.moving import MOST_WORDS
from families.cases.reading import IDENTIFIED, pipeline_list
from families.cases.views import CaseLine
from families.cases.workflow import workflow

PAGE_SIZE = 15
TO_CONFIRM = "confirm families we may be able to help"
NO_TEAM = ""
SORTS = {
    "newest_evidence": "Newest evidence first",
    "strands": "Most strands met first",
    "name": "Name, A to Z",
    "youngest_child": "Youngest child first",
    "size": "Largest family first",
}
ABOUT = {
    "undecided": "Families that meet the criteria and on which nobody has decided yet.",
    "changed": "Families that a publication of the last 90 days changed, whatever was decided of them before.",
    "near_miss": "Families that would be decided by something that is not known: what, and whose, is said of each.",
    "known": "Families of which there is a case already: being worked with, closed, or set aside.",
}
IN_BULK = frozenset({"undecided", "near_miss"})  # lists of families without a case
MAY_DIFFER = "A family may stand in two lists: one that changed may wait for a decision as well."


def lists(visit: identity.Visit, standing: str) -> None:
    """One tab: the families that stand so, one of them in detail, and the decision."""
    st.write(f"{ABOUT[standing]} {MAY_DIFFER if standing == 'changed' else ''}")
    sort = st.selectbox("Order", list(SORTS), format_func=SORTS.__getitem__, key=f"{standing}_sort", width=260)
    found = reading.list_families(
        visit.engine,
        visit.reader(TO_CONFIRM),
        standing=standing,
        sort=sort,
        page=st.session_state.get(f"{standing}_page", 1),
        page_size=PAGE_SIZE,
    )
    count = words.counted(found.total, "family", "families") if found.total else "No family"
    st.write(f"**{count}.**")
    top = st.container(key=f"{standing}_said")
    if found.families:
        ids = [family.family_id for family in found.families]
        known = identified.standings_of(visit.engine, visit.reader(TO_CONFIRM), ids)
        shown = case_tables.identified(found.families, known, with_change=standing == "changed")
        frame.plain_table(shown, ABOUT[standing].partition(":")[0].removesuffix("."))
        _turn_page(found.total, f"{standing}_page")
        _one(visit, found.families, known, standing)
        if standing in IN_BULK:
            _set_aside(found.families, standing, identity.casework_day(visit))
    with top:  # where the form that was saved is gone with its family
        submitting.say(standing)
        submitting.say(f"{standing}_bulk")
    if standing == "undecided":
        _referred(visit)


def _turn_page(total: int, key: str) -> None:
    with st.container(horizontal_alignment="right", key=f"{key}_turn"):
        st.pagination(max(1, -(-total // PAGE_SIZE)), key=key, persist_state="session")


def _one(
    visit: identity.Visit, families: Sequence[FamilySummary], known: Mapping[str, Standing], standing: str
) -> None:
    """The family that was chosen, and the decisions that fit it."""
    st.header("One family", anchor=False)
    them = {family.family_id: family for family in families}
    chosen = st.selectbox(
        "Family to look at",
        list(them),
        index=None,
        format_func=lambda family_id: f"{words.plain(them[family_id].name)}, {family_id}",
        key=f"{standing}_chosen",
    )
    if chosen is None:
        return
    family, stands = them[chosen], known[chosen]
    frame.facts(case_tables.identified_facts(family, stands), f"What is known of the {words.plain(family.name)}")
    frame.plain_table(tables.strand_reasons(family.strands), "Each strand, what was found and why")
    st.page_link(frame.RECORD, label="Open the record", query_params={"family": chosen}, icon=":material/folder_open:")
    if stands.decisions:
        decision_form(visit, stands, family.name, at=standing)


def decision_form(visit: identity.Visit, stands: Standing, name: str, *, at: str) -> None:
    """Confirm the family or set it aside; always with a reason."""
    acts, key = workflow().acts, f"decide_{stands.family_id}"
    teams = {NO_TEAM: "No team yet"} | identified.teams(visit.engine, visit.reader(TO_CONFIRM))
    submitting.say(at)
    with st.form(key, border=False):
        st.radio(
            "Decision",
            list(stands.decisions),
            index=None,
            format_func=lambda decision: acts[decision].label,
            key=f"{key}_decision",
        )
        st.text_area("Reason (required)", max_chars=MOST_WORDS, key=f"{key}_reason")
        st.selectbox(
            "Team, if you confirm",
            list(teams),
            format_func=lambda team_id: words.plain(teams[team_id]),
            key=f"{key}_team",
            width=320,
        )
        st.form_submit_button(
            "Save the decision",
            type="primary",
            key=f"{key}_save",
            on_click=_decide,
            args=(stands, name, at, identity.casework_day(visit)),
        )


def _decide(stands: Standing, name: str, at: str, day: dt.date) -> None:
    key = f"decide_{stands.family_id}"
    decision = submitting.written(f"{key}_decision")
    if not decision:
        submitting.refuse("Choose a decision before you save.", at=at)
        return
    team_id = submitting.written(f"{key}_team")
    said: dict[str, Any] = {"decision": decision, "reason": submitting.written(f"{key}_reason"), "today": day}
    said |= {"team_id": team_id} if team_id else {}
    label = workflow().acts[decision].label.lower()

    def act(visit: identity.Visit, token: str) -> str:
        by = visit.reader(TO_CONFIRM)
        if stands.case_id is None:
            return opening.decide_identified(visit.engine, by, stands.family_id, token=token, **said)
        more = {"row_version": stands.row_version or 0, "token": token}
        return opening.decide_family(visit.engine, by, stands.case_id, **more, **said)

    submitting.do_once(key, act, f"{name}: {label} is recorded.", at=at)


def _set_aside(families: Sequence[FamilySummary], standing: str, day: dt.date) -> None:
    """The one decision that is made of several families at once."""
    st.header("Several families that are known already", anchor=False)
    submitting.say(f"{standing}_bulk")
    names = {family.family_id: f"{words.plain(family.name)}, {family.family_id}" for family in families}
    with st.form(f"{standing}_known", border=False):
        st.multiselect(
            "Families of this page", list(names), format_func=names.__getitem__, key=f"{standing}_known_families"
        )
        st.text_area("How are they known? (required)", max_chars=MOST_WORDS, key=f"{standing}_known_reason")
        st.form_submit_button(
            "Set aside as already known", key=f"{standing}_known_save", on_click=_known, args=(standing, day)
        )


def _known(standing: str, day: dt.date) -> None:
    chosen = list(st.session_state.get(f"{standing}_known_families") or ())
    reason = submitting.written(f"{standing}_known_reason")
    done = submitting.do_once(
        f"{standing}_known",
        lambda visit, token: opening.set_aside_known(
            visit.engine, visit.reader(TO_CONFIRM), chosen, reason=reason, today=day, token=token
        ),
        f"{words.counted(len(chosen), 'family', 'families')} set aside as already known.",
        at=f"{standing}_bulk",
    )
    if done:
        st.session_state[f"{standing}_known_families"] = []
        st.session_state[f"{standing}_known_reason"] = ""


def _referred(visit: identity.Visit) -> None:
    """Families whose referral was accepted: they wait to be confirmed like those the run has found."""
    day = identity.casework_day(visit)
    found = pipeline_list(
        visit.engine, visit.reader(TO_CONFIRM), IDENTIFIED, today=day, page_size=identified.MOST_ON_A_PAGE
    )
    if not found.cases:
        submitting.say("referred")
        return
    st.header("Referred families that wait to be confirmed", anchor=False)
    frame.plain_table(case_tables.waiting(found.cases, as_at=day), "Referred families that wait to be confirmed")
    cases = {case.case_id: case for case in found.cases}
    chosen = st.selectbox(
        "Referred family",
        list(cases),
        index=None,
        format_func=lambda case_id: words.plain(cases[case_id].family_name),
        key="referred_chosen",
    )
    if chosen is None:
        submitting.say("referred")
    else:
        decision_form(visit, _stands(cases[chosen]), cases[chosen].family_name, at="referred")


def _stands(case: CaseLine) -> Standing:
    decisions = identified.decisions_in(case.state)
    blank: dict[str, Any] = {"in_casebook_since": None, "confirm_by": None, "change": "", "changed_on": None}
    about: dict[str, Any] = {"case_id": case.case_id, "row_version": case.row_version, "decisions": decisions}
    return Standing(case.family_id, case.state_label, **blank, **about)


def dropped(visit: identity.Visit) -> None:
    """The tab of families that are no longer published."""
    st.write("Families that the last 90 days’ publications no longer have. Casework with them goes on as it was.")
    found, total = identified.dropped(
        visit.engine, visit.reader(TO_CONFIRM), page=st.session_state.get("dropped_page", 1), page_size=PAGE_SIZE
    )
    count = words.counted(total, "family", "families") if total else "No family"
    st.write(f"**{count}.**")
    if found:
        frame.plain_table(case_tables.dropped(found), "Families that are no longer published, and why")
        _turn_page(total, "dropped_page")
