"""What the programme comes to: counts from what was recorded, small ones hidden, on both databases."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
import sqlalchemy as sa
from casework import MANAGER, READERS, TODAY, WORKER, Work, with_staff
from sqlalchemy import Engine

from families import programme
from families.casebook.case_models import FamilyCase
from families.casebook.case_work_models import Need, NeedScore, SustainedCheck
from families.casebook.database import writing
from families.casebook.models import table
from families.casebook.row_security import WHOLE
from families.cases import reading, referrals
from families.cases.views import NeedOutcome, ScoredFamilies
from families.criteria.small_numbers import FEWEST_SHOWN
from families.errors import NotAllowed
from families.outcome_groups import groupings

# Scores of one family's only need, its check, whether it is met again, and how far that is.
CAME = [
    ((3,), None, "unknown"),
    ((3, 3), None, "not_improved"),
    ((3, 2), None, "not_improved"),
    ((3, 6), None, "not_known_yet"),
    ((3, 6), "unknown", "not_known_yet"),
    ((3, 6), "partly", "not_known_yet"),
    ((3, 6), "sustained", "sustained"),
    ((3, 6), "not_sustained", "relapsed"),
    ((3, 6, 3), None, "relapsed"),
    ((3, 6, 2), "sustained", "relapsed"),
]


def need(*scores: int, checked: str | None = None, again: bool = False) -> NeedOutcome:
    now = scores[-1] if len(scores) > 1 else None
    return NeedOutcome("C", "education", scores[0], now, max(scores), checked, again)


@pytest.mark.parametrize(("scores", "checked", "came"), CAME)
def test_how_far_one_need_came(scores, checked, came):
    assert programme.how_far([need(*scores, checked=checked)]) == came


def test_how_far_several_needs_came():
    assert programme.how_far([need(3, 6), need(4)]) == "unknown"
    assert programme.how_far([need(3, 6), need(4, 3)]) == "not_improved"
    assert programme.how_far([need(3, 6), need(4, 4)]) == "not_known_yet"
    assert programme.how_far([need(3, 6, checked="sustained"), need(4, 4, checked="sustained")]) == "sustained"
    assert programme.how_far([need(3, 6, again=True)]) == "relapsed"


def with_needs(
    engine: Engine, *, of: list[tuple[tuple[int, ...], str | None, str]], times: int, is_published: bool = False
) -> None:
    """Closed cases, each with one need of education scored so; of families of the run, and every third by a partner."""
    cases, needs, scores, checks = [], [], [], []
    blank = dict.fromkeys(column.name for column in table(FamilyCase).columns)
    who = {"written_by": "s", "written_on": TODAY, "written_at": dt.datetime.now(dt.UTC)}
    for number, (scored, checked, _) in enumerate(itertools.chain.from_iterable([of] * times)):
        case, family = f"C{number}", f"F{number % 20 + 1:02d}" if is_published else f"X{number}"
        cases.append(
            blank | who | {"case_id": case, "family_id": family, "family_name": f"Family {number}"}
            | {"children": 1, "came_as": "identified" if number % 3 or not is_published else "partner", "state": "closed", "state_since": TODAY, "is_open": False}
            | {"row_version": 1, "team_id": "", "level": "early_help", "last_step_on": TODAY}
            | {"identified_on": TODAY, "closed_on": TODAY}
        )  # fmt: skip
        said = {"label": "School", "strand": "education", "person_id": None, "name": None, "own_words": "Hard."}
        needs.append(who | said | {"need_id": f"N{number}", "case_id": case})
        for place, score in enumerate(scored):
            at = {"written_at": dt.datetime(2013, 1, 1 + place, tzinfo=dt.UTC)}
            key = {"score_id": f"S{number}-{place}", "need_id": f"N{number}", "case_id": case, "score": score}
            seen = {"evidence": "Seen.", "evidence_on": TODAY, "review_id": f"R{place}" if place else None}
            scores.append(who | at | key | seen)
        if checked:
            checks.append(who | {"check_id": f"K{number}", "case_id": case, "result": checked, "words": "Seen."})
    with writing(engine, WHOLE) as connection:
        for model, rows in ((FamilyCase, cases), (Need, needs), (NeedScore, scores), (SustainedCheck, checks)):
            connection.execute(sa.insert(table(model)), rows)


def test_outcomes_are_counted_and_add_up(casebook: Engine) -> None:
    engine = with_staff(casebook)
    with_needs(engine, of=CAME, times=6)
    found = programme.outcomes(engine, MANAGER)
    (education,) = found.strands
    assert education == programme.StrandOutcomes("Education", 60, 54, 42, 6, 18, 18, 12, 6)
    (distance,) = found.distances
    assert (distance.needs, distance.baseline, distance.now) == (54, 3, 6)
    assert (distance.change, distance.change_from, distance.change_to) == (3, 0, 3)


def test_small_numbers_cannot_be_worked_out(casebook: Engine) -> None:
    engine = with_staff(casebook)
    with_needs(engine, of=CAME, times=3)
    (education,) = programme.outcomes(engine, MANAGER).strands
    assert education.sustained is None
    assert education.unknown is None
    assert None in (education.baseline, education.complete)
    assert None in (education.relapsed, education.not_known_yet, education.improved)
    assert programme.outcomes(engine, MANAGER).too_few == ()


STEPS = ("baseline", "complete", "improved", "sustained", "relapsed", "not_known_yet", "not_improved", "unknown")


def test_outcomes_are_split_by_group_area_and_way_in_and_nothing_hidden_can_be_worked_out(casebook: Engine) -> None:
    engine = with_staff(casebook)
    with_needs(engine, of=CAME, times=12, is_published=True)
    found = programme.outcomes(engine, MANAGER)
    (education,) = found.strands
    assert (education.baseline, education.unknown) == (120, 12)
    splits = {split.by: {row.label: row for row in split.values} for split in found.splits}
    assert {"Sex of the children", "How the family came"} <= set(splits)
    assert set(splits["How the family came"]) == {"Found in the records", "Referred by a partner"}
    assert splits["How the family came"]["Referred by a partner"].complete == 36
    hidden = 0
    for split in found.splits:
        for step in STEPS:
            total, parts = getattr(education, step), [getattr(row, step) for row in split.values]
            blank = parts.count(None)
            hidden += blank
            assert all(part is None or part == 0 or part >= FEWEST_SHOWN for part in parts)
            if total is not None:
                assert blank != 1, (split.by, step)
                assert blank or sum(parts) == total
    assert hidden, "nothing was small enough to be hidden"


def test_few_families_are_shown_as_a_whole_and_no_part_of_them(casebook: Engine) -> None:
    engine = with_staff(casebook)
    with_needs(engine, of=CAME[6:7], times=7, is_published=True)
    found = programme.outcomes(engine, MANAGER)
    assert found.strands[0].baseline == 7
    assert all(row.baseline is None for split in found.splits for row in split.values)


def test_areas_are_postcode_districts_and_those_of_few_families_are_counted_together() -> None:
    addresses = ["1 High Street, Bourne, CM17 1SY"] * 6 + ["2 Low Street, CO1 9UU", None, "no postcode"]
    cases = tuple(
        {"case_id": f"C{place}", "family_id": f"F{place}", "came_as": "nominated", "address": address}
        for place, address in enumerate(addresses)
    )
    ways = {way.label: way.of_case for way in groupings(ScoredFamilies(cases, ()), as_of=TODAY)}
    assert list(ways["Area"].values()) == ["CM17"] * 6 + ["areas of few families", "not known", "not known"]
    assert set(ways["How the family came"].values()) == {"Nominated by the council's own staff"}
    assert set(ways["Age of the youngest child"].values()) == {"not known"}


def test_nothing_recorded_is_nothing_said(casebook: Engine) -> None:
    engine = with_staff(casebook)
    assert programme.outcomes(engine, MANAGER) == programme.Outcomes((), (), ())
    assert programme.times_in_stages(engine, MANAGER, today=TODAY) == ()


def test_strands_are_counted_with_what_is_not_known(casebook: Engine) -> None:
    engine = with_staff(casebook)
    found = {each.strand: each for each in programme.strands(engine, MANAGER)}
    assert next(iter(found)) in ("education", "work")
    assert (found["education"].met, found["education"].not_met, found["education"].unknown) == (10, 0, 0)
    assert (found["crime_asb"].met, found["crime_asb"].not_met) == (None, None)
    with pytest.raises(NotAllowed):
        programme.strands(engine, READERS["data_analyst"])


def test_days_in_a_stage_are_of_cases_and_not_of_referrals(casebook: Engine) -> None:
    """Both have a state that is called accepted."""
    engine = with_staff(casebook)
    work = Work(engine, "F01").confirm()
    work.today += dt.timedelta(days=4)
    work.allocate()
    work.today += dt.timedelta(days=2)
    work.accept()
    _accepted_referral(engine)
    times = {each.stage: each.days for each in reading.stage_times(engine, MANAGER, today=work.today)}
    assert {stage: days for stage, days in times.items() if days} == {
        "identified": (0,),
        "confirmed": (4,),
        "allocated": (2,),
    }
    later = reading.stage_times(engine, MANAGER, today=work.today + dt.timedelta(days=92))
    assert {each.stage: each.days_before for each in later if each.days_before}["confirmed"] == (4,)
    changes = {stage.stage: stage.change for stage in reading.pipeline(engine, MANAGER, today=work.today)}
    assert (changes["assessing"], changes["identified"]) == (1, 1)  # the referred family waits, the other went on
    assert programme.times_in_stages(engine, MANAGER, today=work.today)[0].days is None
    with pytest.raises(NotAllowed):
        reading.stage_times(engine, WORKER, today=TODAY)


def test_a_stage_goes_on_where_a_review_changes_the_state(casebook: Engine) -> None:
    engine = with_staff(casebook)
    work = Work(engine, "F01").confirm().allocate().accept().assess().plan().approve()
    work.today += dt.timedelta(days=20)
    work.review()
    later = work.today + dt.timedelta(days=5)
    stages = {stage.stage: stage for stage in reading.pipeline(engine, MANAGER, today=later)}
    assert (stages["planned"].count, stages["planned"].median_days, stages["planned"].change) == (1, 25, 1)


def _accepted_referral(engine: Engine) -> None:
    intake = referrals.Intake(
        **{"kind": "nominated", "family_name": "Harrow family", "reporter": "A", "agency": "B", "contact": "C"},
        **{"basis": "Consent", "notice_given": True, "reasons": "Help.", "needs": [], "urgency": "soon"},
        people=[referrals.Person("Robin Harrow")],
    )
    made = referrals.refer(engine, WORKER, intake, today=TODAY, token="referral-one")
    at = {"row_version": 1, "today": TODAY, "token": "triage-one"}
    referrals.begin_triage(engine, MANAGER, made, duplicates_seen=(), **at)
    why = {"outcome": "family_help", "rationale": "They ask."}
    referrals.accept_referral(engine, MANAGER, made, **why, **at | {"row_version": 2, "token": "accept-one"})


def test_referrals_are_counted_by_whole_weeks(casebook: Engine) -> None:
    engine = with_staff(casebook)
    _accepted_referral(engine)  # on a Sunday
    weeks = reading.referrals_by_week(engine, MANAGER, today=TODAY + dt.timedelta(days=1), weeks=4)
    assert [count for _, count in weeks] == [0, 0, 0, 1]
    assert weeks[-1][0] == dt.date(2013, 8, 26)
    assert all(monday.weekday() == 0 for monday, _ in weeks)
    assert sum(count for _, count in reading.referrals_by_week(engine, MANAGER, today=TODAY)) == 0


def test_a_workers_families_are_counted_by_when_their_review_is_due(casebook: Engine) -> None:
    engine = with_staff(casebook)
    Work(engine, "F01").confirm().allocate().accept().assess().plan().approve()
    Work(engine, "F02").confirm().allocate()
    for days, counts in ((0, (0, 0, 1)), (78, (0, 1, 0)), (85, (1, 0, 0))):
        loads = reading.worker_loads(engine, MANAGER, today=TODAY + dt.timedelta(days=days))
        (load,) = [each for each in loads if each.worker == WORKER.staff_id]
        assert (load.overdue_reviews, load.due_soon_reviews, load.later_reviews) == counts
        assert (load.families, load.without_review) == (2, 1)
