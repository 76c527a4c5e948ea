"""The fast evaluator agrees with a slow and obvious one on made-up families, and the slow one with the worked cases."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from made_up_families import DAYS, Village, villages
from slow_evaluator import Family
from slow_results import claimed

from families.criteria.case import Case, read_cases
from families.criteria.evaluate import Evaluation, evaluate
from families.criteria.results import Claiming, evaluate_results
from families.criteria.rulebook import load_ruleset, programmes
from families.criteria.trying import try_cases

VILLAGES = 3  # of each ruleset
QUICK = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # a village is too large to shrink; the family at fault is told instead
    suppress_health_check=list(HealthCheck),
)
WORKED = [
    case
    for file in sorted((Path(__file__).parents[1] / "spec").glob("*.toml"))
    for case in read_cases(file)
    if case.person and case.ruleset != "by_date"
]


@pytest.mark.parametrize("ruleset", DAYS)
@given(st.data())
@settings(QUICK, max_examples=VILLAGES)
def test_both_say_the_same_of_every_person_strand_and_family(ruleset, data):
    village = data.draw(villages(ruleset))
    evaluation = evaluate(village.rules, village.facts(village.day))
    entry = evaluate(village.rules, village.facts(village.attached_on))
    assert differences(village, evaluation, entry) == []


def differences(village: Village, evaluation: Evaluation, entry: Evaluation) -> list[str]:
    """Where the two disagree, in words: family, what, what the slow one says, what the fast one says."""
    fast = {**judged(evaluation), **results(village, entry)}
    slow = {}
    for number, case in enumerate(village.cases):
        slow |= slowly(case, village, str(number))
    return [
        f"{key}: slow {slow.get(key)}, fast {fast.get(key)}, in {village.cases[int(key[0])].model_dump_json(exclude_defaults=True)}"
        for key in sorted({*slow, *fast}, key=str)
        if slow.get(key) != fast.get(key)
    ]


def judged(evaluation: Evaluation) -> dict[tuple[str, ...], object]:
    findings = evaluation.findings.select("family_id", "criterion", "person_id", "outcome", "value", "out_of")
    found: dict[tuple[str, ...], object] = {
        (family, criterion, str(person).split("/")[-1]): (outcome, value, out_of)
        for family, criterion, person, outcome, value, out_of in findings.rows()
    }
    found |= {
        (f, s): outcome for f, s, outcome in evaluation.assessments.select("family_id", "strand", "outcome").rows()
    }
    looked_at = evaluation.reviews.filter(outcome="met").select("family_id", "criterion").unique()
    return found | {(family, "review", name): "met" for family, name in looked_at.rows()}


def results(village: Village, entry: Evaluation) -> dict[tuple[str, ...], object]:
    claiming = Claiming(programme_of=programmes())
    made = evaluate_results(
        village.rules, village.facts(village.day), village.casework(), entry=entry, claiming=claiming
    )
    found: dict[tuple[str, ...], object] = {
        (family, "condition", name): outcome
        for family, name, outcome in made.conditions.select("family_id", "condition", "outcome").rows()
    }
    found |= {(family, "route", name): outcome for family, name, outcome in made.routes.rows()}
    kept = ("status", "payable", "attachment", "total", "counts_as_result", "claimable_from")
    return found | {(row["family_id"], name): row[name] for row in made.results.iter_rows(named=True) for name in kept}


def slowly(case: Case, village: Village, family: str) -> dict[tuple[str, ...], object]:
    found: dict[tuple[str, ...], object] = {}
    on_the_day = Family(case, village.rules, village.day)
    judgement, claim = on_the_day.judged(), claimed(case, village.rules, programme_of=programmes())
    measures = {asked.id: asked.measure for asked in village.rules.criterion}
    for finding in judgement.findings:
        has_whole = measures[finding.question] in ("share", "reduction")
        measure = (finding.known.value, finding.known.out_of if has_whole else None)
        found[family, finding.question, str(finding.person)] = (finding.outcome, *measure)
    if any(person.role != "linked" for person in on_the_day.members):
        found |= {(family, strand): outcome for strand, outcome in judgement.strands.items()}
        found[family, "eligible"] = judgement.eligible
    found |= {(family, "review", name): "met" for name in judgement.reviews}
    found |= {(family, "condition", name): outcome for name, outcome in claim.conditions.items()}
    found |= {(family, "route", name): outcome for name, outcome in claim.routes.items()}
    kept = ("status", "payable", "attachment", "total", "counts_as_result", "claimable_from")
    return found | {(family, name): getattr(claim, name) for name in kept}


@given(st.sampled_from(list(DAYS)).flatmap(lambda ruleset: villages(ruleset, families=4)))
@settings(QUICK, max_examples=3)
def test_trying_cases_says_the_same(village):
    for case, verdict in zip(village.cases, try_cases(village.cases), strict=True):
        judgement = Family(case, village.rules, case.as_of).judged()
        claim = claimed(case, village.rules, programme_of=programmes())
        assert (verdict.strands, verdict.eligible) == (judgement.strands, judgement.eligible)
        assert (verdict.result, verdict.routes, verdict.payable) == (claim.status, claim.routes, claim.payable)


@pytest.mark.parametrize("case", WORKED, ids=lambda case: case.id)
def test_the_slow_evaluator_gives_what_a_worked_case_expects(case):
    rules = load_ruleset(case.ruleset, switches=case.switches).rules
    expected, judgement = case.expected, Family(case, rules, case.as_of).judged()
    assert {name: judgement.strands[name] for name in expected.strands} == expected.strands
    assert expected.eligible in (None, judgement.eligible)
    if case.programme is not None:
        claim = claimed(case, rules, programme_of=programmes())
        assert {name: claim.routes[name] for name in expected.routes} == expected.routes
        for name, wanted in (("status", expected.result), ("payable", expected.payable), ("total", expected.total)):
            assert wanted in (None, getattr(claim, name))
