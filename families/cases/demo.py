"""Made-up casework for a sample casebook: some thirty families at every stage, made by the acts themselves.

It is the same each time: tokens and days are fixed, and families are taken in order. A casebook that is no sample, or
has cases already, is left alone.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Engine

from families.casebook import case_scope, case_store
from families.casebook.case_models import FamilyCase
from families.casebook.database import reading, writing
from families.casebook.following import as_news, facts_of, open_families
from families.casebook.reading import data_as_at, list_families
from families.casebook.row_security import WHOLE
from families.cases import alerts, referrals
from families.cases.demo_walk import MANAGER, PARTNER, STAGES, TEAM_MANAGER, WEEK, WEEKS_AGO, Walk, take
from families.errors import Refused

MOST_FAMILIES = 30
MOST_ALERTS = 8
TOLD = ("suspension", "offence", "threshold", "another_child")


def add_demo_cases(engine: Engine) -> int:
    """Fill a sample casebook with made-up casework; how many families it is about. A second time changes nothing."""
    publication = data_as_at(engine)
    if not publication.is_sample:
        raise Refused("Made-up casework goes into a casebook of the sample authority only.")
    with reading(engine, WHOLE) as transaction:
        if case_store.every(transaction, FamilyCase):
            return 0
        team_id = case_scope.team_now(transaction, TEAM_MANAGER.staff_id)
    found = list_families(engine, MANAGER, status="eligible", sort="name", page_size=200).families
    more = list_families(engine, MANAGER, status="near_miss", sort="name", page_size=200).families
    # Every other family, so that some stay for somebody to confirm.
    families = [family.family_id for family in (*found[::2], *more[::2])][:MOST_FAMILIES]
    for number, family_id in enumerate(families):
        stage = STAGES[number % len(STAGES)]
        start = publication.as_of - WEEKS_AGO[stage] * WEEK - dt.timedelta(days=number % 4)
        take(Walk(engine, family_id, number, start, team_id), stage)
    _referrals(engine, publication.as_of)
    return len(families)


def _referrals(engine: Engine, today: dt.date) -> None:
    """Referrals at every state, by a school and by a worker."""
    days = (today - dt.timedelta(days=number) for number in (1, 2, 4, 9, 10))
    made = [_referral(engine, number, day) for number, day in enumerate(days)]
    for number, referral_id in enumerate(made[1:], 1):
        day = today - dt.timedelta(days=1)
        seen = referrals.duplicates(engine, TEAM_MANAGER, referral_id)
        token = f"demo-referral-{number}-triage"
        referrals.begin_triage(
            engine, TEAM_MANAGER, referral_id, duplicates_seen=seen, row_version=1, today=day, token=token
        )

    def at(act: str) -> dict[str, Any]:
        return {"row_version": 2, "today": today, "token": f"demo-referral-{act}"}

    asked = "Does the family know that you made this referral?"
    referrals.ask_for_more(engine, TEAM_MANAGER, made[2], stop_reason="referrer_asked", question=asked, **at("more"))
    why = "Two services ask for the same help."
    referrals.accept_referral(engine, TEAM_MANAGER, made[3], outcome="family_help", rationale=why, **at("accept"))
    why = "The health visitor is working with the family."
    referrals.decline_referral(
        engine, TEAM_MANAGER, made[4], outcome="needs_met_elsewhere", rationale=why, **at("decline")
    )


def _referral(engine: Engine, number: int, day: dt.date) -> str:
    surname = ("Harrow", "Linden", "Marlow", "Sutton", "Tilbury")[number]
    intake = referrals.Intake(
        kind="partner",
        family_name=f"{surname} family",
        people=[
            referrals.Person(f"Robin {surname}", dt.date(2004, 3, number + 1)),
            referrals.Person(f"Alex {surname}", None, "parent"),
        ],
        reporter="Ann Fowler",
        agency="Ash Lane Primary School",
        contact="01632 960 018",
        basis="consent",
        notice_given=True,
        reasons="Robin comes late most days and is often tired.",
        needs=["Getting to school"],
        urgency=("standard", "soon", "standard", "immediate", "standard")[number],
    )
    return referrals.refer(engine, PARTNER, intake, today=day, token=f"demo-referral-{number}")


def add_demo_alerts(engine: Engine) -> int:
    """Tell workers of the newest thing on record of some of their families, as though the last load had brought it.

    What is on record is known in words once a refresh has followed the families. Gives how many alerts were raised.
    """
    publication = data_as_at(engine)
    families = open_families(engine)[:MOST_ALERTS]
    with writing(engine, WHOLE) as transaction:
        told = [[fact for fact in facts_of(transaction, family_id) if fact["kind"] in TOLD] for family_id in families]
        news = as_news(transaction, [newest for newest, *_ in filter(None, told)])
        return alerts.tell_workers(
            transaction, news, as_of=publication.as_of, is_sample=True, published_at=publication.published_at,
            run_id=publication.run_id,
        )  # fmt: skip
