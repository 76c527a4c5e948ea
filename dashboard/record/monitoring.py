"""Since the work began: each child's attendance against baseline and threshold, and what the feeds have told since."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import streamlit as st

from dashboard import case_tables, frame, identity, words
from families.cases.attendance import Sessions
from families.cases.monitoring import ChildSince, Known, Monitoring, monitoring_of
from families.errors import UserError

TO_FOLLOW = "follow how one family does"


def show(visit: identity.Visit, family_id: str) -> None:
    """The part of the page, top to bottom; nothing but a sentence where the family has no open case."""
    st.header("Since the work began", anchor=False)
    try:
        found = monitoring_of(visit.engine, visit.reader(TO_FOLLOW), family_id)
    except UserError as error:
        st.write(words.escape_markdown(str(error)))
        return
    st.caption(_told(found))
    if not found.children:
        st.write("No child is known in this family.")
        return
    frame.plain_table(children(found), "Each child since the work began")
    told = events(found)
    if told.is_empty():
        st.write("No suspension, offence or change has been told since." if found.is_followed else NOT_YET)
    else:
        frame.plain_table(told, "What the feeds have told since, newest first")


NOT_KNOWN = "not known"
NOT_YET = "The next refresh begins to follow this family: what happened before is on its other tabs."


def _told(found: Monitoring) -> str:
    since = f"The baseline is the three terms before {found.baseline_what}, {words.long_date(found.baseline_on)}."
    rule = found.schooling.rule
    return since if rule is None else f"{since} The rules’ threshold: {words.escape_markdown(rule.label)}."


def children(found: Monitoring) -> pl.DataFrame:
    """A row a child: attendance and unauthorised absence at baseline and now, the threshold and suspensions since."""
    rows = [
        (
            words.plain(child.name), _both(child.baseline), _both(child.now), child.now_label or words.NOT_SUPPLIED,
            _threshold(child), NOT_KNOWN if child.suspensions is None else str(child.suspensions),
        )
        for child in found.children
    ]  # fmt: skip
    names = ("Child", "At baseline", "Now", "Now is", "Threshold", "Suspensions since")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _both(sessions: Sessions | None) -> str:
    if sessions is None:
        return words.NOT_SUPPLIED
    return f"{case_tables.attended(sessions)} attended, {sessions.unauthorised_percent:g}% unauthorised"


def _threshold(child: ChildSince) -> str:
    if child.is_over_threshold is None or (child.baseline is None and child.now is None):
        return NOT_KNOWN
    return "over it" if child.is_over_threshold else "not over it"


def events(found: Monitoring) -> pl.DataFrame:
    """What was told since, of children and of the family, with the rows that show it."""
    known: Sequence[Known] = [*(each for child in found.children for each in child.known), *found.family]
    newest = sorted(known, key=lambda each: (each.happened_on is not None, each.happened_on), reverse=True)
    rows = [
        (
            words.short_date(each.happened_on) if each.happened_on else NOT_KNOWN,
            words.plain(each.sentence),
            "; ".join(f"{source}, {file} row {row}" for source, file, row in each.rows),
        )
        for each in newest
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(("When", "What", "Shown by"), pl.String), orient="row")
