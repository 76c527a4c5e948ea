"""Made-up staff and a short way through casework, for tests of the acts; everything is done by the acts themselves."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from directly import directly
from made_up import AS_OF, made_up_run
from sqlalchemy import Engine

from families.casebook import following
from families.casebook.access import ROLES
from families.casebook.case_models import FamilyCase
from families.casebook.database import writing
from families.casebook.models import Staff, table
from families.casebook.publish import publish
from families.casebook.row_security import WHOLE
from families.casebook.views import Reader
from families.cases import alerts, assessing, opening, planning, reviewing
from families.cases.record import case_of
from families.cases.views import CaseRecord

TODAY = AS_OF
READERS = {role: Reader(f"s-{role}", role, "casework") for role in ROLES}
WORKER, OTHER = READERS["caseworker"], Reader("s-caseworker-2", "caseworker", "casework")
TEAM_MANAGER, MANAGER = READERS["team_manager"], READERS["programme_manager"]
PARTNER, ANALYST = READERS["partner_referrer"], READERS["data_analyst"]
CHECKLIST = reviewing.Checklist("needs_met", "All in school.", "School goes on.", "Seen alone.", "School", "Glad.")


def given(engine: Engine, family_id: str, worker: str | None, **changes: Any) -> str:
    """A case as the acts leave it, of a family that a worker helps; the case's id."""
    blank = dict.fromkeys(column.name for column in table(FamilyCase).columns)
    row = blank | {
        **{"case_id": f"C-{family_id}", "family_id": family_id, "family_name": f"Family {family_id}", "children": 2},
        **{"came_as": "identified", "state": "accepted", "state_since": TODAY, "is_open": True, "row_version": 1},
        **{"team_id": "", "worker": worker, "level": "early_help", "last_step_on": TODAY, "identified_on": TODAY},
        **{"written_by": "s", "written_on": TODAY, "written_at": dt.datetime.now(dt.UTC)},
    }
    with writing(engine, WHOLE) as connection:
        connection.execute(sa.insert(table(FamilyCase)), [row | changes])
    return str((row | changes)["case_id"])


def with_staff(engine: Engine) -> Engine:
    """The made-up run, published, and somebody in each role."""
    publish(engine, **made_up_run().for_publish())
    rows = [
        {"staff_id": reader.staff_id, "name": f"Name of {reader.staff_id}", "role": reader.role, "is_demo": True}
        for reader in (*READERS.values(), OTHER)
    ]
    with directly(engine) as connection:
        connection.execute(sa.insert(table(Staff)), rows)
    return engine


@dataclass
class Work:
    """Work with one family: the day it has come to, and a token for each act."""

    engine: Engine
    family_id: str = "F01"
    today: dt.date = TODAY
    case_id: str = ""
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def record(self, reader: Reader = MANAGER) -> CaseRecord:
        return case_of(self.engine, reader, self.family_id, today=self.today)

    def adds(self) -> dict[str, Any]:
        return {"today": self.today, "token": f"token-{self.family_id}-{next(self.numbers)}"}

    def decides(self) -> dict[str, Any]:
        return {"row_version": self.record().line.row_version, **self.adds()}

    def at(self, reader: Reader) -> tuple[Engine, Reader, str]:
        return self.engine, reader, self.case_id

    def confirm(self) -> Work:
        said = {"decision": "confirm", "reason": "The records agree.", **self.adds()}
        self.case_id = opening.decide_identified(self.engine, MANAGER, self.family_id, **said)
        return self

    def allocate(self, worker: Reader = WORKER) -> Work:
        offered = {"worker": worker.staff_id, "priority": "normal", "reason": ""}
        opening.allocate(*self.at(TEAM_MANAGER), **offered, **self.decides())
        return self

    def accept(self) -> Work:
        opening.accept(*self.at(WORKER), **self.decides())
        return self

    def assess(self) -> Work:
        assessing.start_assessment(*self.at(WORKER), **self.adds())
        for fact in self.record().facts:
            assessing.answer_fact(*self.at(WORKER), fact["place"], correction="", **self.adds())
        self.need()
        assessing.complete_assessment(*self.at(WORKER), words="Help us.", summary="Two needs.", **self.decides())
        return self

    def need(self, **changes: Any) -> str:
        seen = {"score": 3, "evidence": "Said so.", "evidence_on": self.today}
        said = {"label": "Getting to school", "own_words": "Mornings are hard."} | seen | changes
        return assessing.add_need(*self.at(WORKER), **said, **self.adds())

    def plan(self) -> Work:
        due = {"owner": "Family", "due_on": self.today + dt.timedelta(days=30)}
        goal = planning.add_goal(*self.at(WORKER), words="In school", outcome="Attendance", **due, **self.adds())
        planning.add_action(*self.at(WORKER), goal, words="Agree a routine", **due, **self.adds())
        planning.submit_plan(*self.at(WORKER), **self.decides())
        return self

    def approve(self) -> Work:
        planning.approve_plan(*self.at(TEAM_MANAGER), **self.decides())
        return self

    def review(self) -> Work:
        scores = [reviewing.Score(need.need_id, 6, "Seen.", self.today) for need in self.record().needs]
        said = {"words": "Better.", "family_view": "Easier.", "next_on": self.today + dt.timedelta(weeks=8)}
        reviewing.hold_review(*self.at(WORKER), scores=scores, **said, **self.decides())
        return self

    def ask_closure(self) -> Work:
        reviewing.ask_closure(*self.at(WORKER), CHECKLIST, **self.decides())
        return self

    def close(self) -> Work:
        reviewing.approve_closure(*self.at(TEAM_MANAGER), **self.decides())
        return self


def raise_alerts(engine: Engine) -> None:
    """Alerts of three kinds that wait for an answer, each of another family that somebody works with."""
    kinds = {
        "suspension": "A child was suspended for two days.",
        "threshold": "A child's unauthorised absence came above the threshold.",
        "another_child": "Another child of the family has begun to miss school.",
    }
    told = zip(following.open_families(engine)[:8], itertools.cycle(kinds.items()), strict=False)
    raised = [alerts.Raised(f"made up {family}", family, *kind, TODAY, "run") for family, kind in told]
    with writing(engine, WHOLE) as transaction:
        alerts.raise_alerts(transaction, raised)
