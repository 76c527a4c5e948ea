"""What workers say is wrong: raised from a record, due in five working days, settled by an analyst, binding where it should."""

import datetime as dt
import json
from dataclasses import replace

import polars as pl
import pytest
import sqlalchemy as sa
from casework import given
from directly import directly
from made_up import AS_OF, MadeUpRun, made_up_run
from sqlalchemy import Engine

from families.casebook import queries, review
from families.casebook.publish import publish
from families.casebook.reading import family_record
from families.casebook.views import Reader
from families.errors import NotAllowed, Refused

WORKER = Reader(staff_id="w1", role="caseworker", purpose="visit")
ANALYST = Reader(staff_id="s7", role="data_analyst", purpose="settle who is who")
PARENT, CHILD = "P014", "P010"  # of family F01


def with_records() -> MadeUpRun:
    """The made-up run, in which council tax has a record of the parent."""
    run = made_up_run()
    held = run.tables["person_of_record"]
    row = {"source": "council_tax", "delivery": "d4tax", "row": 8, "part": "1", "person_id": PARENT, "reason": "only"}
    return replace(
        run, tables=run.tables | {"person_of_record": pl.concat([held, pl.DataFrame([row])], how="diagonal")}
    )


@pytest.fixture
def published(casebook: Engine) -> Engine:
    publish(casebook, **with_records().for_publish())
    given(casebook, "F01", WORKER.staff_id)
    return casebook


def raised(engine: Engine, **changes) -> int:
    asked = {"person_id": PARENT, "code": "not_in_family", "reason": "he is the landlord"} | changes
    return queries.raise_query(engine, WORKER, "F01", **asked)


def test_a_query_is_due_in_five_working_days_and_the_fact_is_disputed(published: Engine) -> None:
    raised(published)
    (found,) = family_record(published, WORKER, "F01").queries
    assert (found.person_id, found.words, found.result) == (PARENT, "he is the landlord", None)
    assert found.due_on == AS_OF + dt.timedelta(days=5)
    (waiting,) = queries.open_queries(published, ANALYST)
    assert waiting == found
    before_a_bank_holiday = dt.date(2013, 8, 23)
    publish(published, **with_records().named("run-2", as_of=before_a_bank_holiday).for_publish())
    raised(published, person_id=None)
    assert family_record(published, WORKER, "F01").queries[0].due_on == dt.date(2013, 9, 2)


def test_what_is_found_wrong_binds_the_next_refresh_and_the_worker_is_told(published: Engine) -> None:
    number = raised(published)
    decision = queries.settle_query(published, ANALYST, number, result="corrected", reason="the landlord, by tenancy")
    bound = review.decisions_in_force(published).ties
    keys = ["source_a", "delivery_a", "row_a", "part_a", "source_b", "answer", "decision"]
    assert bound.select(keys).rows() == [("council_tax", "d4tax", 8, "1", "school_census", "does_not_belong", decision)]
    (told,) = family_record(published, WORKER, "F01").queries
    assert (told.result, told.told) == ("corrected", "the landlord, by tenancy")
    assert queries.open_queries(published, ANALYST) == ()
    review.withdraw(published, ANALYST, decision, reason="the tenancy was another's")
    assert review.decisions_in_force(published).ties.is_empty()


@pytest.mark.parametrize(
    ("changes", "result"),
    [({}, "right"), ({}, "not_settled"), ({"code": "not_here"}, "corrected"), ({"person_id": CHILD}, "corrected"),
     ({"person_id": None}, "corrected")],
)  # fmt: skip
def test_other_results_are_told_and_bind_nothing(published: Engine, changes: dict[str, str], result: str) -> None:
    number = raised(published, **changes)
    assert queries.settle_query(published, ANALYST, number, result=result, reason="asked the school") is None
    assert review.decisions_in_force(published).all.is_empty()


def test_a_query_is_settled_once_and_by_an_analyst(published: Engine) -> None:
    number = raised(published)
    with pytest.raises(NotAllowed):
        queries.settle_query(published, WORKER, number, result="right", reason="x")
    with pytest.raises(NotAllowed):
        queries.open_queries(published, WORKER)
    queries.settle_query(published, ANALYST, number, result="right", reason="asked the school")
    with pytest.raises(Refused, match="no open query"):
        queries.settle_query(published, ANALYST, number, result="right", reason="again")


@pytest.mark.parametrize(
    ("reader", "family", "changes", "refusal"),
    [
        (WORKER, "F03", {}, NotAllowed),  # a near miss, which a caseworker does not see
        (WORKER, "F99", {}, NotAllowed),
        (Reader("a1", "administrator", "look"), "F01", {}, NotAllowed),
        (WORKER, "F01", {"reason": " "}, Refused),
        (WORKER, "F01", {"code": "ugly"}, Refused),
        (WORKER, "F01", {"person_id": "P024"}, Refused),
    ],
)
def test_what_cannot_be_raised(published: Engine, reader, family, changes, refusal) -> None:
    asked = {"person_id": PARENT, "code": "not_here", "reason": "seen there"} | changes
    with pytest.raises(refusal):
        queries.raise_query(published, reader, family, **asked)
    assert queries.open_queries(published, ANALYST) == ()
    with directly(published) as connection:
        written = connection.execute(sa.text("SELECT staff_id FROM audit_event WHERE action = 'raise_query_refused'"))
        assert written.scalars().all() == ([reader.staff_id] if refusal is NotAllowed else [])


def test_queries_outlive_a_refresh_and_are_written_down(published: Engine) -> None:
    number = raised(published)
    publish(published, **with_records().named("run-2").for_publish())
    assert [each.query_id for each in queries.open_queries(published, ANALYST)] == [number]
    queries.settle_query(published, ANALYST, number, result="right", reason="asked the school")
    with directly(published) as connection:
        rows = connection.execute(
            sa.text("SELECT action, staff_id, family_id, detail FROM audit_event WHERE action LIKE '%_query'")
        ).all()
    assert [(row.action, row.staff_id, row.family_id) for row in rows] == [
        ("raise_query", "w1", "F01"),
        ("settle_query", "s7", "F01"),
    ]
    assert all("landlord" not in json.dumps(row.detail) for row in rows)
    assert all({"before", "after"} <= json.loads(row.detail).keys() for row in rows)
