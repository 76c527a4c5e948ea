"""A made-up family on its way through the stages, act by act, as made-up staff would do it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from families.casebook.reading import family_record
from families.casebook.views import Reader
from families.cases import agreeing, assessing, curating, noting, opening, planning, reviewing
from families.cases.record import case_of

PURPOSE = "made-up casework"
MANAGER = Reader("demo-programme-manager", "programme_manager", PURPOSE)
TEAM_MANAGER = Reader("demo-team-manager", "team_manager", PURPOSE)
WORKERS = (Reader("demo-caseworker", "caseworker", PURPOSE), Reader("demo-caseworker-2", "caseworker", PURPOSE))
PARTNER = Reader("demo-partner-referrer", "partner_referrer", PURPOSE)
WEEK = dt.timedelta(weeks=1)
STAGES = (
    *("assessing", "planned", "reviewing", "confirmed", "allocated", "assessed", "handed_in", "reviewing"),
    *("closing", "planned", "closed", "not_now", "checked", "transferred", "already_known"),
)
# How many weeks ago the family was confirmed, so that what follows ends up before the day of the sample.
WEEKS_AGO = {
    **{"confirmed": 1, "allocated": 1, "assessing": 4, "assessed": 8, "handed_in": 9, "planned": 12, "reviewing": 26},
    **{"closing": 34, "closed": 36, "checked": 64, "transferred": 14, "not_now": 3, "already_known": 2},
}
NEEDS = (
    ("Getting to school", "We never get out of the door on time.", "education", 3),
    ("Calm at home", "There is shouting every evening.", None, 4),
    ("Finding work", "I want a job that fits around school.", "work", 2),
)
GOALS = (
    ("Every child is in school on time", "Attendance", "Agree a morning routine", "Visit the school together"),
    ("Evenings are calmer", "Parenting", "Start the parenting group", "Talk through the first three weeks"),
)


@dataclass
class Walk:
    """One made-up family on its way through the stages: the day it has come to, and a count for tokens."""

    engine: Engine
    family_id: str
    number: int
    today: dt.date
    team_id: str
    case_id: str = ""
    steps: int = 0

    @property
    def worker(self) -> Reader:
        """The worker this family is with."""
        return WORKERS[self.number % len(WORKERS)]

    def token(self) -> str:
        """The token of the next act."""
        self.steps += 1
        return f"demo-{self.number:03}-{self.steps:03}"

    def by(self, reader: Reader) -> tuple[Engine, Reader, str]:
        """Where an act is done, by whom and on what."""
        return self.engine, reader, self.case_id

    def written(self) -> dict[str, Any]:
        """The day and the token of an act that adds something."""
        return {"today": self.today, "token": self.token()}

    def decided(self) -> dict[str, Any]:
        """The same of an act that is decided on a version."""
        line = case_of(self.engine, MANAGER, self.family_id, today=self.today).line
        return {"row_version": line.row_version, **self.written()}

    def pass_days(self, days: int) -> None:
        """Go on in time."""
        self.today += dt.timedelta(days=days)


def take(walk: Walk, stage: str) -> None:
    """Take a family as far as its stage, and no further."""
    if stage in ("not_now", "already_known"):
        _decide(walk, stage, "The family asked us to wait until term starts." if stage == "not_now" else "Open work.")
        return
    _decide(walk, "confirm", "The records agree, and the family has nobody working with it.")
    for name, step in PATH:
        if name in REACHED[stage]:
            step(walk)


def _decide(walk: Walk, decision: str, reason: str) -> None:
    walk.case_id = opening.decide_identified(
        walk.engine, MANAGER, walk.family_id, decision=decision, reason=reason, team_id=walk.team_id, **walk.written()
    )


def _allocate(walk: Walk) -> None:
    walk.pass_days(2)
    opening.allocate(
        *walk.by(TEAM_MANAGER),
        worker=walk.worker.staff_id,
        priority="high" if walk.number % 5 == 0 else "normal",
        reason="Knows the school.",
        **walk.decided(),
    )


def _accept(walk: Walk) -> None:
    walk.pass_days(1)
    opening.accept(*walk.by(walk.worker), **walk.decided())
    for answer in ("notice_given", "given"):
        agreeing.record_consent(
            *walk.by(walk.worker),
            purpose="family_help",
            answer=answer,
            how="in person",
            name="Parent",
            **walk.written(),
        )
    school = agreeing.Professional("Ann Fowler", "School", "Family support adviser", phone="01632 960 018")
    agreeing.add_helper(
        *walk.by(walk.worker),
        school,
        **walk.written(),
    )
    assessing.start_assessment(
        *walk.by(walk.worker),
        **walk.written(),
    )
    walk.pass_days(5)
    _visit(walk, "First visit. Everybody was at home and wants help with mornings.")


def _visit(walk: Walk, words: str) -> None:
    people = [person.person_id for person in family_record(walk.engine, MANAGER, walk.family_id).members[:2]]
    form = noting.NoteForm("visit", walk.today, words, people, child_seen=True, seen_alone=walk.number % 2 == 0)
    noting.write_note(
        *walk.by(walk.worker),
        form,
        **walk.written(),
    )


def _assess(walk: Walk) -> None:
    walk.pass_days(14)
    facts = case_of(walk.engine, walk.worker, walk.family_id, today=walk.today).facts
    for fact in facts:
        is_wrong = walk.number % 6 == 1 and fact["place"] == len(facts) - 1
        assessing.answer_fact(
            *walk.by(walk.worker),
            fact["place"],
            correction="The family says that this ended last year." if is_wrong else "",
            **walk.written(),
        )
    for label, own_words, strand, score in NEEDS[: 2 + walk.number % 2]:
        assessing.add_need(
            *walk.by(walk.worker),
            label=label,
            own_words=own_words,
            strand=strand,
            score=score,
            evidence="Said at the visit and seen in the school's record.",
            evidence_on=walk.today,
            **walk.written(),
        )
    assessing.complete_assessment(
        *walk.by(walk.worker),
        words="We want mornings to work and evenings to be calm.",
        summary="Two parents who want help; school and evenings come first.",
        **walk.decided(),
    )


def _plan(walk: Walk) -> None:
    walk.pass_days(4)
    for place, (words, outcome, *actions) in enumerate(GOALS):
        due_on = walk.today + (8 + 2 * place) * WEEK
        goal_id = planning.add_goal(
            *walk.by(walk.worker), words=words, outcome=outcome, owner="Family", due_on=due_on, **walk.written()
        )
        for action in actions:
            planning.add_action(
                *walk.by(walk.worker), goal_id, words=action, owner="Keyworker", due_on=due_on, **walk.written()
            )
    planning.submit_plan(*walk.by(walk.worker), **walk.decided())


def _approve(walk: Walk) -> None:
    walk.pass_days(2)
    planning.approve_plan(*walk.by(TEAM_MANAGER), **walk.decided())
    noting.supervise(
        *walk.by(TEAM_MANAGER),
        held_on=walk.today,
        words="The plan is clear. Bring the school in early.",
        **walk.written(),
    )


def _transfer(walk: Walk) -> None:
    walk.pass_days(14)
    other = WORKERS[(walk.number + 1) % len(WORKERS)]
    opening.transfer(
        *walk.by(TEAM_MANAGER), worker=other.staff_id, reason="The worker changes district.", **walk.decided()
    )


def _review(walk: Walk) -> None:
    walk.pass_days(84)
    record = case_of(walk.engine, walk.worker, walk.family_id, today=walk.today)
    scores = [
        reviewing.Score(need.need_id, min(10, need.now + 2 + walk.number % 3), "Seen at the review.", walk.today)
        for need in record.needs
    ]
    _do_first_actions(walk)
    reviewing.hold_review(
        *walk.by(walk.worker),
        scores=scores,
        words="Mornings go better; evenings are still hard.",
        family_view="It is getting easier.",
        next_on=walk.today + 10 * WEEK,
        **walk.decided(),
    )
    curating.add_entry(
        *walk.by(walk.worker),
        happened_on=walk.today,
        words="Every child was in school for four weeks running.",
        impact="The first full month in two years.",
        is_significant=True,
        **walk.written(),
    )


def _do_first_actions(walk: Walk) -> None:
    for goal in case_of(walk.engine, walk.worker, walk.family_id, today=walk.today).goals:
        action = goal.actions[0]
        planning.change_action(
            *walk.by(walk.worker),
            action.action_id,
            owner=action.owner,
            due_on=action.due_on,
            done_on=walk.today,
            row_version=action.row_version,
            **walk.written(),
        )


def _ask_closure(walk: Walk) -> None:
    walk.pass_days(28)
    checklist = reviewing.Checklist(
        reason="needs_met",
        outcomes="All children attend; evenings are calm.",
        open_actions="The school goes on with the parenting group.",
        safety="Every child was seen alone and says they are safe.",
        step_down_to="School's family support adviser",
        family_view="We can manage now.",
    )
    reviewing.ask_closure(*walk.by(walk.worker), checklist, **walk.decided())


def _close(walk: Walk) -> None:
    walk.pass_days(3)
    reviewing.approve_closure(*walk.by(TEAM_MANAGER), **walk.decided())


def _check(walk: Walk) -> None:
    walk.pass_days(187)
    reviewing.record_check(
        *walk.by(walk.worker), result="sustained", words="Attendance has stayed good for two terms.", **walk.decided()
    )


PATH: tuple[tuple[str, Callable[[Walk], None]], ...] = (
    ("allocated", _allocate),
    ("assessing", _accept),
    ("assessed", _assess),
    ("handed_in", _plan),
    ("planned", _approve),
    ("transferred", _transfer),
    ("reviewing", _review),
    ("closing", _ask_closure),
    ("closed", _close),
    ("checked", _check),
)
ORDER = [name for name, _ in PATH]
# What a family at each stage has been through: all before it, and of those that are given over, the transfer.
REACHED = {
    stage: {name for name in ORDER[: ORDER.index(stage) + 1] if name != "transferred" or stage == "transferred"}
    for stage in ORDER
} | {"confirmed": set()}
