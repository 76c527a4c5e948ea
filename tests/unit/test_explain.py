import datetime as dt
from pathlib import Path

from families import criteria
from families.criteria.explain import sentence
from families.criteria.rulebook import load_ruleset, read_ruleset

RULES = load_ruleset("tf1-2012").rules
AS_OF = dt.date(2012, 10, 1)
BASE = {
    "forename": "Ria", "date_of_birth": dt.date(2000, 3, 4), "outcome": "met", "value": 57, "out_of": 380,
    "newest_on": dt.date(2012, 7, 20), "window_from": dt.date(2011, 9, 5), "window_to": dt.date(2012, 7, 20), "detail": None,
    "evidence": '[["school_census","c1",14],["school_census","c1",61]]',
}  # fmt: skip


def said(criterion: str, *, rules=RULES, **finding) -> str:
    asked = rules.criteria()[criterion]
    of_rule = {"strand": asked.strand, "bound": asked.bound_on(AS_OF).words}
    return sentence(BASE | of_rule | finding, asked=asked, rules=rules, as_of=AS_OF, file_names={"c1": "autumn.xml"})


def test_a_share_says_sessions_bound_terms_rows_and_grade():
    assert said("unauthorised_absence") == (
        "Education: met. Ria, 12, had 57 of 380 sessions of unauthorised absence (15.0%; 15% or more needed) in the "
        "three terms to 20 July 2012. School census, autumn.xml rows 14, 61. "
        "DCLG financial framework, March 2012, grade C."
    )


def test_a_share_just_under_its_bound_never_reads_as_reaching_it():
    assert "(14.9%; 15% or more needed)" in said("unauthorised_absence", value=1499, out_of=10_000, outcome="not_met")


def test_a_count_not_met():
    text = said("fixed_exclusions", outcome="not_met", value=1, out_of=None, evidence=None)
    assert text.startswith(
        "Education: not met. Ria, 12, had 1 fixed-term exclusion (3 or more needed) in the three terms"
    )


def test_unknown_says_what_would_settle_it():
    text = said(
        "unauthorised_absence", outcome="unknown", value=9, out_of=200,
        detail="no attendance from school 8812001 for summer 2011/12; session marks or the school census would settle it",
    )  # fmt: skip
    assert "Education: not known." in text
    assert "9 of 200" in text
    assert (
        "No attendance from school 8812001 for summer 2011/12; session marks or the school census would settle it"
        in text
    )


def test_a_snapshot_is_said_with_the_day_it_was_drawn():
    claims = said("out_of_work_benefit", value=1, out_of=None, newest_on=dt.date(2012, 6, 14), evidence=None)
    assert "Ria, 12, claims an out-of-work benefit by the data of 14 June 2012." in claims


def test_what_an_authority_added_or_set_is_cited_with_its_own_source():
    own = read_ruleset(Path(criteria.__file__).parent / "examples/overlays/tf1-2012.toml").rules
    board = "Northshire Troubled Families board, 14 May 2012, grade "
    counted = {"value": 3, "out_of": None, "evidence": None}
    assert said("frequent_call_outs", rules=own, **counted).endswith(f"{board}I.")
    assert said("high_cost", rules=own, **counted).endswith(f"{board}M.")
    assert said("unauthorised_absence", rules=own).endswith("DCLG financial framework, March 2012, grade C.")
