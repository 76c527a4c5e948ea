"""Rules: what exactly is tested, by which values and sources, and whether the worked cases come out as expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import streamlit as st

from dashboard import frame, identity, own_rules, words
from families.casebook import reading, signing
from families.criteria import ruleset_changes, spec_cases
from families.criteria import ruleset_in_words as said
from families.criteria.rulebook import LoadedRuleset, from_kept, kept_overlay_mistakes, load_ruleset, shipped
from families.criteria.ruleset import Asked
from families.criteria.spec_cases import Tried, WorkedCase
from families.errors import UserError

TO_READ_RULES = "read the rules"
CASES_A_PAGE = 10
CASES_AT_A_TIME = 50
SECTIONS = (
    *("What is asked", "Results and money", "Switches and overlay", "Worked cases", "Version and changes"),
    "Our own rules",
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """The ruleset on the screen, and whether it is the one that the families shown were found by."""

    loaded: LoadedRuleset
    is_in_use: bool


def show() -> None:
    """The page, top to bottom."""
    visit = identity.visit()
    if visit is None:
        st.stop()
    try:
        published = _published(visit)
    except UserError as error:
        frame.refused("The rules cannot be shown", error)
        return
    st.title("Rules", anchor=False)
    names = [visit.data.ruleset, *(name for name in shipped() if name != visit.data.ruleset)]
    chosen = _ask_ruleset(names, in_use=names[0])
    try:
        choice = Choice(published if published and chosen == names[0] else load_ruleset(chosen), chosen == names[0])
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))
        return
    _programme(choice, visit, is_kept=published is not None)
    _sections(choice, visit)


def _published(visit: identity.Visit) -> LoadedRuleset | None:
    """The rules as the published run used them; nothing where they were not kept."""
    kept = reading.published_rules(visit.engine, visit.reader(TO_READ_RULES))
    if kept is None:
        return None
    return from_kept(sha256=kept.sha256, rules=kept.rules, switches=kept.switches, overlay=kept.overlay)


def _ask_ruleset(names: Sequence[str], *, in_use: str) -> str:
    """The ruleset chosen; the address names it by its id, and one that there is not is said to be none."""
    asked = st.query_params.get("ruleset", in_use)
    if asked not in names:
        st.warning("The address names no ruleset that there is, so the one in use is shown. Choose another below.")
    if "ruleset" not in st.session_state:
        st.session_state["ruleset"] = asked if asked in names else in_use
    return st.selectbox(
        "Ruleset",
        names,
        format_func=lambda name: f"{name}, in use" if name == in_use else name,
        key="ruleset",
        on_change=_to_address,
        width=300,
    )


def _to_address() -> None:
    st.query_params["ruleset"] = st.session_state["ruleset"]


def _programme(choice: Choice, visit: identity.Visit, *, is_kept: bool) -> None:
    rules = choice.loaded.rules
    with st.container(border=True, key="programme"):
        with st.container(horizontal=True, vertical_alignment="center", key="programme_line"):
            st.markdown(f"**{words.escape_markdown(rules.title)}**")
            if choice.is_in_use:
                st.badge("In use", icon=":material/check:", color="primary")
            else:
                st.badge("Not in use", color="gray")
        facts = f"{said.in_force_in_words(rules)}. Framework: {rules.framework}. Id: {rules.id}."
        st.write(words.escape_markdown(facts))
        if choice.is_in_use:
            st.write(words.escape_markdown(_use(choice.loaded) if is_kept else NOT_KEPT))
            if is_kept and choice.loaded.overlay:
                st.write(words.escape_markdown(_who_signed(choice.loaded, visit)))


NOT_KEPT = (
    "The casebook was published before the rules were kept with it, so the switches and overlay it was made with are "
    "not known. Shown are the rules as they come with the software; the next refresh keeps them."
)


def _use(loaded: LoadedRuleset) -> str:
    unusual = [s.label for s in loaded.rules.switch if loaded.switches.get(s.id, s.default) != s.default]
    switches = f"switches not as usual: {'; '.join(unusual)}" if unusual else "all switches as usual"
    overlay = f"with the overlay of {loaded.overlay.authority}" if loaded.overlay else "with no overlay"
    return f"The families shown here were found by it, {overlay}, {switches}."


def _who_signed(loaded: LoadedRuleset, visit: identity.Visit) -> str:
    signed = signing.signed_by(visit.engine, visit.reader(TO_READ_RULES), loaded.sha256)
    if signed is None:
        return "Nobody has signed this overlay."
    withdrawn = f" {signed.withdrawn_by} has withdrawn it since." if signed.withdrawn_at else ""
    return (
        f"{signed.proposed_by} proposed this overlay and {signed.signed_by} signed it; it counts from "
        f"{words.long_date(signed.counts_from)}.{withdrawn}"
    )


def _sections(choice: Choice, visit: identity.Visit) -> None:
    asked, results, switches, cases, version, own = st.tabs(
        SECTIONS, key="section", bind="query-params", on_change="rerun"
    )
    for tab, show_it in (
        (asked, _asked),
        (results, _results),
        (switches, _switches),
        (cases, _cases),
        (version, _version),
    ):
        if tab.open:
            with tab:
                show_it(choice)
    if own.open:
        with own:
            own_rules.show(visit, identity.casework_day(visit))


def _asked(choice: Choice) -> None:
    rules = choice.loaded.rules
    st.header("Who counts as the family", anchor=False)
    _sentences(said.family_in_words(rules))
    st.header("How a family is eligible", anchor=False)
    frame.plain_table(said.routes(rules), "Routes to eligibility")
    st.header("What is tested", anchor=False)
    _grades(choice)
    for strand in rules.strand:
        _strand(choice, strand.id, strand.label)
    if rules.review:
        st.header("What a person must look at", anchor=False)
        _questions(rules.review, "reviews", "Reviews", intro="None of these counts towards anything by itself.")


def _grades(choice: Choice) -> None:
    st.write(
        "Of each problem or need below, any one criterion is enough. Every criterion says how far its source can be "
        "trusted."
    )
    frame.plain_table(said.grades_counted(choice.loaded.rules), "Criteria by grade of their source")


def _strand(choice: Choice, strand: str, label: str) -> None:
    rules = choice.loaded.rules
    st.subheader(words.escape_markdown(label), anchor=False)
    for sentence in said.strand_in_words(rules, strand):
        st.caption(words.escape_markdown(sentence))
    _questions(said.criteria_of(rules, strand), f"strand_{strand}", f"Criteria of {label}")


def _questions(asked: Iterable[Asked], key: str, what: str, *, intro: str = "") -> None:
    if intro:
        st.write(intro)
    shown = said.questions(asked)
    lines = [
        f"- {words.escape_markdown(text)} *{said.grade_in_words(grade)}.*"
        for text, grade in shown.select("In words", "Grade").iter_rows()
    ]
    st.markdown("\n".join(lines))
    with st.expander("Parameters, data and sources", key=key):
        told = [name for name in shown.columns if any(shown[name])]  # nothing further said of any leaves no column
        frame.plain_table(shown.select(told).rename({"In words": "Criterion"}), what)


def _results(choice: Choice) -> None:
    rules = choice.loaded.rules
    st.header("Results", anchor=False)
    _sentences(said.result_in_words(rules))
    _table(said.result_routes(rules), "Routes to a result", none="No result is claimed under this ruleset.")
    if rules.condition:
        st.subheader("Conditions that facts decide", anchor=False)
        _questions(rules.condition, "conditions", "Conditions of a result")
    casework = said.casework_conditions(rules)
    if not casework.is_empty():
        st.subheader("Conditions that the casework decides", anchor=False)
        frame.plain_table(casework, "Conditions that the casework decides")
    st.header("Money", anchor=False)
    _sentences(said.money_in_words(rules))
    _table(said.money_by_year(rules), "What one family is worth by year", none="")
    st.header("When claims are taken", anchor=False)
    _table(said.claim_windows(rules), "Claim windows", none="No claim window is stated.")


def _switches(choice: Choice) -> None:
    loaded = choice.loaded
    st.header("What the text leaves open", anchor=False)
    _table(said.switches(loaded.rules, loaded.switches), "Switches", none="Nothing is left open.")
    st.header("The authority’s overlay", anchor=False)
    overlay = loaded.overlay
    if overlay is None:
        st.write("No overlay is in use: the values are those that come with the software.")
        return
    _sentences(said.overlay_in_words(overlay, loaded.rules))
    _table(said.overlay_settings(overlay, loaded.rules), "Values of the overlay", none="It sets no value of its own.")
    _table(said.outcomes_plan(overlay, loaded.rules), "Outcomes plan", none="It has no outcomes plan by strand.")
    found = kept_overlay_mistakes(overlay)
    if found:
        st.error("The overlay no longer fits the rules that are installed:\n\n" + _list(found))
    else:
        st.success("The overlay was checked against the rules that are installed: no mistake found.")


def _version(choice: Choice) -> None:
    loaded = choice.loaded
    st.header("Version", anchor=False)
    st.write(words.escape_markdown(f"Id {loaded.rules.id}, SHA-256 {loaded.sha256}."))
    if loaded.rules.id in shipped():
        _own_changes(loaded)
    before = _before(loaded.rules.id)
    st.header("Differences to the ruleset before", anchor=False)
    if before is None:
        st.write("There is no ruleset before it.")
        return
    found = ruleset_changes.changes(load_ruleset(before).rules, loaded.rules)
    st.write(words.escape_markdown(f"The ruleset before is {before}. {_counted(found)}"))
    _table(found, f"Differences to {before}", none="Nothing differs.")


def _own_changes(loaded: LoadedRuleset) -> None:
    """What switches and overlay make of the ruleset that comes with the software."""
    found = ruleset_changes.changes(load_ruleset(loaded.rules.id).rules, loaded.rules)
    if not found.is_empty():
        st.header("What switches and overlay change", anchor=False)
        frame.plain_table(found, "Differences that switches and overlay make")


def _before(name: str) -> str | None:
    names = shipped()
    place = names.index(name) if name in names else 0
    return names[place - 1] if place else None


def _counted(found: pl.DataFrame) -> str:
    kinds = [kind.split(":")[0].lower() for kind in found["Change"]]
    counts = [f"{kinds.count(kind)} {kind}" for kind in ("added", "removed", "changed")]
    return f"{words.counted(len(found), 'difference')}: {words.listed(counts)}."


def _cases(choice: Choice) -> None:
    st.header("Worked cases", anchor=False)
    if not spec_cases.CHECKOUT.is_dir():
        st.write("The worked cases are not installed here: they lie in tests/spec of the project’s source.")
        return
    try:
        mine = [each for each in spec_cases.worked_cases(spec_cases.CHECKOUT) if each.ruleset == choice.loaded.rules.id]
    except UserError as error:
        st.warning(words.escape_markdown(str(error)))
        return
    if not mine:
        st.write("No worked case is about this ruleset.")
        return
    _tried_cases(mine)


@st.fragment
def _tried_cases(mine: Sequence[WorkedCase]) -> None:
    st.write(
        f"{words.counted(len(mine), 'made-up case')} with what must come of each. Each is tried by the evaluator that "
        "finds families, with the ruleset as it comes with the software and the switches that the case names."
    )
    pages = -(-len(mine) // CASES_A_PAGE)
    page_key = f"cases_page_{mine[0].ruleset}"
    page = min(st.session_state.get(page_key, 1), pages)
    shown = mine[(page - 1) * CASES_A_PAGE : page * CASES_A_PAGE]
    with st.container(horizontal=True, key="try"):
        these = st.button(f"Try these {len(shown)}", key="try_these", type="primary")
        every = st.button(f"Try all {len(mine)}", key="try_all")
    if these or every:
        _try(mine if every else shown)
    known = _results_known(mine)
    _sum_up(mine, known)
    for each in shown:
        _case(each, known.get(_name(each)))
    with st.container(horizontal_alignment="right", key="turn_cases"):
        st.pagination(pages, key=page_key)


def _name(each: WorkedCase) -> str:
    return f"{each.sha256}/{each.case.id}"


def _try(cases: Sequence[WorkedCase]) -> None:
    """Try cases some at a time; those done stay done where the reader leaves in between."""
    results: dict[str, Tried] = st.session_state.setdefault("cases_tried", {})
    bar = st.progress(0.0, text="Trying the cases")
    for start in range(0, len(cases), CASES_AT_A_TIME):
        some = cases[start : start + CASES_AT_A_TIME]
        names = tuple(_name(each) for each in some)
        results.update(zip(names, spec_cases.tried([each.case for each in some]), strict=True))
        done = start + len(some)
        bar.progress(done / len(cases), text=f"Tried {done} of {len(cases)} cases")
    bar.empty()


def _results_known(cases: Sequence[WorkedCase]) -> Mapping[str, Tried]:
    results: dict[str, Tried] = st.session_state.get("cases_tried", {})
    return {_name(each): results[_name(each)] for each in cases if _name(each) in results}


def _sum_up(mine: Sequence[WorkedCase], known: Mapping[str, Tried]) -> None:
    fail = [each.case.id for each in mine if _name(each) in known and not known[_name(each)].passes]
    if not known:
        st.write("None has been tried in this visit.")
        return
    summary = f"{len(known) - len(fail)} of {len(known)} tried pass; {len(mine) - len(known)} not tried yet."
    if fail:
        st.error(words.escape_markdown(f"{summary} These fail: {', '.join(fail)}."))
    else:
        st.success(summary)


def _case(each: WorkedCase, result: Tried | None) -> None:
    outcome = "not tried yet" if result is None else "passes" if result.passes else "fails"
    label = words.escape_markdown(f"{each.case.id}, {outcome}: {each.case.about or each.file}")
    with st.expander(label, key=f"case_{each.case.id}"):
        basis = {"T": "the text of the framework", "I": "interpretation"}.get(each.case.basis, "not stated")
        about = f"Basis: {basis}. File: {each.file}. As of {words.long_date(each.case.as_of)}."
        st.caption(words.escape_markdown(about))
        if result is None:
            st.write("Try it to read its explanation.")
        else:
            st.markdown(_list([line for line in result.lines if line.strip()]))


def _table(shown: pl.DataFrame, what: str, *, none: str) -> None:
    if not shown.is_empty():
        frame.plain_table(shown, what)
    elif none:
        st.write(none)


def _sentences(sentences: Sequence[str]) -> None:
    for sentence in sentences:
        st.write(words.escape_markdown(sentence))


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {words.escape_markdown(line)}" for line in lines)


show()
