"""A council's own rules: one proposes, another signs, and a refresh uses what counts on its day; on both databases."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import pytest
import sqlalchemy as sa
from casework import ANALYST, MANAGER, READERS, with_staff
from directly import directly
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from families import own_rules
from families.casebook import signing
from families.casebook.access import MAY_READ_RULES, MAY_SIGN_RULES, ROLES
from families.casebook.models import AuditEvent, table
from families.casebook.rules_models import RulesVersion
from families.casebook.verifying import verify
from families.criteria.rulebook import LoadedRuleset, ruleset_of
from families.errors import NotAllowed, Refused, SignInTooOld

MAY, JULY = dt.date(2013, 5, 1), dt.date(2013, 7, 1)
OTHER_MANAGER = dataclasses.replace(MANAGER, staff_id=READERS["data_analyst"].staff_id)  # of another id, in the role


def file_of(rounding: str = "whole_percent") -> bytes:
    return f'extends = "tf1-2012"\nauthority = "Borough"\nswitches = {{ rounding = "{rounding}" }}\n'.encode()


def loaded(content: bytes, **switches: str) -> LoadedRuleset:
    return ruleset_of(content, "ours.toml", switches=switches)


def propose(engine: Engine, content: bytes, *, counts_from: dt.date = MAY) -> str:
    return own_rules.propose(engine, ANALYST, content, name="ours.toml", counts_from=counts_from, reason="board of May")


@pytest.fixture
def engine(casebook: Engine) -> Engine:
    return with_staff(casebook)


def test_what_one_proposed_another_signs_and_it_counts_from_its_day(engine: Engine) -> None:
    content = file_of()
    with pytest.raises(Refused, match="Nobody has signed"):
        own_rules.require_signed(engine, loaded(content), as_of=JULY)
    version = propose(engine, content)
    with pytest.raises(Refused, match="Nobody has signed"):
        own_rules.require_signed(engine, loaded(content), as_of=JULY)
    own_rules.sign(engine, MANAGER, version)
    own_rules.require_signed(engine, loaded(content), as_of=MAY)
    with pytest.raises(Refused, match="count from 2013-05-01"):
        own_rules.require_signed(engine, loaded(content), as_of=MAY - dt.timedelta(days=1))
    with pytest.raises(Refused, match="Nobody has signed"):
        own_rules.require_signed(engine, loaded(content, offence_date="offence"), as_of=JULY)
    (line,) = signing.versions(engine, ANALYST)
    assert (line.proposed_by, line.signed_by, line.is_mine) == (
        "Name of s-data_analyst",
        f"Name of {MANAGER.staff_id}",
        True,
    )
    assert signing.signed_by(engine, MANAGER, loaded(content).sha256) == dataclasses.replace(line, is_mine=False)
    signing.withdraw(engine, MANAGER, version)
    with pytest.raises(Refused, match="Nobody has signed"):
        own_rules.require_signed(engine, loaded(content), as_of=JULY)
    event = table(AuditEvent).c
    with directly(engine) as connection:
        told = connection.execute(sa.select(event.action, event.detail).where(event.action.contains("rules"))).all()
    assert [action for action, _ in told] == ["propose_rules", "sign_rules", "withdraw_rules"]
    assert {json.loads(detail)["sha256"] for _, detail in told} == {loaded(content).sha256}
    assert verify(engine).broken is None


def test_days_before_the_next_version_keep_the_one_that_counted(engine: Engine) -> None:
    first, second = file_of(), file_of("none")
    for content, day in ((first, MAY), (second, JULY)):
        own_rules.sign(engine, MANAGER, propose(engine, content, counts_from=day))
    own_rules.require_signed(engine, loaded(first), as_of=JULY - dt.timedelta(days=1))
    own_rules.require_signed(engine, loaded(second), as_of=JULY)
    with pytest.raises(Refused, match="other rules of tf1-2012 count, signed to count from 2013-07-01"):
        own_rules.require_signed(engine, loaded(first), as_of=JULY)


def test_nobody_signs_their_own_and_nobody_else_signs(engine: Engine) -> None:
    version = propose(engine, file_of())
    with pytest.raises(NotAllowed, match="somebody else signs"):
        own_rules.sign(engine, OTHER_MANAGER, version)
    with pytest.raises(SignInTooOld):
        own_rules.sign(engine, dataclasses.replace(MANAGER, session_id="long ago"), version)
    for role in ROLES.keys() - MAY_SIGN_RULES:
        for act in (own_rules.sign, signing.withdraw):
            with pytest.raises(NotAllowed, match="signed by a programme manager"):
                act(engine, READERS[role], version)
    for role in ROLES.keys() - MAY_READ_RULES:
        with pytest.raises(NotAllowed):
            signing.versions(engine, READERS[role])
        with pytest.raises(NotAllowed):
            own_rules.propose(engine, READERS[role], file_of("none"), name="f", counts_from=MAY, reason="r")
    (line,) = signing.versions(engine, MANAGER)
    assert line.waits
    own = sa.update(table(RulesVersion)).values(signed_by=ANALYST.staff_id, signed_at=dt.datetime.now(dt.UTC))
    with directly(engine) as connection, pytest.raises(DBAPIError):
        connection.execute(own)


def test_what_cannot_be_used_is_not_proposed(engine: Engine) -> None:
    with pytest.raises(Refused, match=r"(?s)ours.toml has 2 mistakes.*roundng"):
        propose(engine, b'extends = "tf1-2012"\nauthority = 881\nswitches = { roundng = "none" }\n')
    with pytest.raises(Refused, match="not TOML"):
        propose(engine, b"\xff\xfe nonsense")
    with pytest.raises(Refused, match="Say why"):
        own_rules.propose(engine, ANALYST, file_of(), name="ours.toml", counts_from=MAY, reason="  ")
    with pytest.raises(Refused, match="1 MB at most"):
        propose(engine, b"#" * (own_rules.MOST_BYTES + 1))
    version = propose(engine, file_of())
    with pytest.raises(Refused, match="proposed already"):
        propose(engine, file_of())
    own_rules.sign(engine, MANAGER, version)
    with pytest.raises(Refused, match="signed already"):
        own_rules.sign(engine, MANAGER, version)
    with pytest.raises(Refused, match="no such rules"):
        own_rules.sign(engine, MANAGER, "another")
