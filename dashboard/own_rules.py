"""The council's own rules: a file proposed by one person, read and signed by another, from a day on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl
import streamlit as st

from dashboard import frame, guarding, identity, submitting, words
from families import own_rules
from families.casebook import signing
from families.casebook.access import MAY_SIGN_RULES
from families.casebook.signing import VersionLine
from families.criteria import ruleset_changes
from families.criteria import ruleset_in_words as said
from families.criteria.rulebook import load_ruleset, shipped
from families.errors import Refused, UserError

TO_PROPOSE = "propose or sign the council's own rules"
OWN, FILE = "own_rules", "own_file"  # where an answer is said; where the file is kept


def show(visit: identity.Visit, day: dt.date) -> None:
    """The section, top to bottom."""
    st.header("The council’s own rules", anchor=False)
    st.write(
        "They are written in a file, an overlay, which `families check-rules` checks. One person proposes it here, a "
        "programme manager who is somebody else signs it, and from its day on a refresh may use it. What was signed "
        "before stays in force for the days before."
    )
    submitting.say(OWN)
    lines = signing.versions(visit.engine, visit.reader(TO_PROPOSE))
    if lines:
        frame.plain_table(_versions(lines), "Versions of the council’s own rules, the last proposed first")
    else:
        st.write("None has been proposed.")
    kept = {each.version_id: each for each in lines if each.withdrawn_at is None}
    if kept:
        _read(visit, kept)
    _propose(day)


def _versions(lines: Sequence[VersionLine]) -> pl.DataFrame:
    rows = [
        (
            _state(each), each.ruleset, words.plain(each.authority or ""), words.short_date(each.counts_from),
            words.plain(each.reason), _who(each.proposed_by, each.proposed_at), _who(each.signed_by, each.signed_at),
            each.sha256[:12],
        )
        for each in lines
    ]  # fmt: skip
    names = ("State", "Ruleset", "Authority", "Counts from", "Why", "Proposed", "Signed", "SHA-256 begins")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _state(line: VersionLine) -> str:
    if line.withdrawn_at is not None:
        return f"Withdrawn by {_who(line.withdrawn_by, line.withdrawn_at)}"
    return "Waits to be signed" if line.waits else "Signed"


def _who(name: str | None, at: dt.datetime | None) -> str:
    return f"{words.plain(name or '')}, {words.short_date(at.date())}" if at else ""


def _read(visit: identity.Visit, kept: dict[str, VersionLine]) -> None:
    """One version: what it changes, in words, and what may be done with it."""
    chosen = st.selectbox(
        "Read a version", list(kept), key="own_which",
        format_func=lambda name: f"{kept[name].ruleset}, counting from {words.short_date(kept[name].counts_from)}, "
        f"proposed by {_who(kept[name].proposed_by, kept[name].proposed_at)}",
    )  # fmt: skip
    line = kept[chosen]
    try:
        loaded = own_rules.rules_of(visit.engine, visit.reader(TO_PROPOSE), chosen)
    except UserError as error:
        st.error("It no longer fits the rules that are installed:\n\n" + words.escape_markdown(str(error)))
    else:
        if loaded.overlay:
            for sentence in said.overlay_in_words(loaded.overlay, loaded.rules):
                st.write(words.escape_markdown(sentence))
        if loaded.rules.id in shipped():
            changes = ruleset_changes.changes(load_ruleset(loaded.rules.id).rules, loaded.rules)
            if changes.is_empty():
                st.write("No rule is another than in the ruleset that comes with the software.")
            else:
                frame.plain_table(changes, "What it changes in the ruleset that comes with the software")
        st.caption("Whom it would find, and whom no longer, says `families backtest` on the server.")
    if visit.person.role not in MAY_SIGN_RULES:
        return
    if line.waits and line.is_mine:
        st.write("You proposed it, so somebody else signs it.")
    if not visit.is_recent:
        identity.ask_again(visit, identity.RULES)
        return
    with st.container(horizontal=True, key="own_acts"):
        if line.waits and not line.is_mine:
            st.button("Sign these rules", key="own_sign", type="primary", on_click=_sign, args=(line,))
        st.button("Withdraw these rules", key="own_withdraw", on_click=_withdraw, args=(line,))


def _propose(day: dt.date) -> None:
    st.subheader("Propose rules", anchor=False)
    with st.form("own_propose", border=True):
        st.file_uploader("File of rules (TOML)", key=FILE, type=["toml"], max_upload_size=guarding.FROM_ANYBODY)
        st.date_input("They count from", value=day, key="own_from", format="DD/MM/YYYY")
        st.text_input("Why (required)", key="own_why", max_chars=signing.MOST_WORDS)
        st.form_submit_button("Propose these rules", key="own_save", on_click=_proposed)


def _proposed() -> None:
    file, first = st.session_state.get(FILE), st.session_state.get("own_from")

    def act(visit: identity.Visit) -> str:
        if file is None or first is None:
            raise Refused("Choose a file, and the day from which its rules count.")
        return own_rules.propose(
            visit.engine, visit.reader(TO_PROPOSE), file.getvalue(), name=words.plain(file.name), counts_from=first,
            reason=submitting.written("own_why"),
        )  # fmt: skip

    submitting.do(act, "The rules are proposed: somebody else signs them.", clear=("own_why",), at=OWN)


def _sign(line: VersionLine) -> None:
    submitting.do(
        lambda visit: own_rules.sign(visit.engine, visit.reader(TO_PROPOSE), line.version_id),
        f"The rules are signed. They count from {words.short_date(line.counts_from)}, and a refresh may use the file.",
        at=OWN,
    )


def _withdraw(line: VersionLine) -> None:
    submitting.do(
        lambda visit: signing.withdraw(visit.engine, visit.reader(TO_PROPOSE), line.version_id),
        "The rules are withdrawn. What was found by them stays as it was found.",
        at=OWN,
    )
