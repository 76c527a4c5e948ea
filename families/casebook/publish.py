"""Publishing a run: one transaction replaces every `published_*` table whole and touches nothing else.

Killed at any instant, the casebook still shows the last publication, whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl
from sqlalchemy import (
    JSON,
    Connection,
    Engine,
    String,
    Table,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    select,
    text,
)  # fmt: skip

from families.casebook import audit, continuity, family_changes, following, restricting
from families.casebook.database import wait_for_turn, writing_at_length
from families.casebook.following import Followed, News
from families.casebook.migrations import migrate
from families.casebook.models import PUBLISHED, Publication, table
from families.casebook.review import unanswered
from families.casebook.row_security import WHOLE
from families.casebook.selection import PublishedRun, RulesUsed, rows_to_publish
from families.errors import Refused

__all__ = ["PublishedCounts", "PublishedRun", "RulesUsed", "publish"]

AT_ONCE = 20_000  # rows of one statement
PUBLISHERS_ONE_AT_A_TIME = 7_305_002  # key of a PostgreSQL advisory lock; SQLite has one writer anyway


@dataclass(frozen=True)
class PublishedCounts:
    """What a refresh published, for its manifest and its last line; nobody is named."""

    families_assessed: int
    eligible: int
    near_misses: int
    members: int
    findings: int
    evidence: int


def publish(
    engine: Engine,
    *,
    tables: Mapping[str, pl.DataFrame],
    explained: pl.DataFrame,
    strands: Mapping[str, str],
    run: PublishedRun,
    file_names: Mapping[str, str],
    changes: pl.DataFrame | None = None,
    followed: Followed | None = None,
    tell: Callable[[Connection, News], object] = lambda _connection, _news: None,
) -> PublishedCounts:
    """Replace what the casebook publishes by the families of this run that may enter it.

    `explained` has a row for each finding: family_id, person_id, criterion, label, strand, outcome, sentence,
    newest_on, evidence (JSON list of [source, delivery, row]). `strands` gives each strand's label, in page order;
    `file_names` each delivery's file. The same run again leaves identical rows. `changes` is the Continuity table since
    the run that is published now: each family of the casebook that it touches gets a proposal, and no more.
    `followed` is what is known of families that somebody works with, or may soon; `tell` is handed, in this very
    transaction, what of it is new and what is gone: published and untold, a change would never be told.
    """
    rows = rows_to_publish(tables, explained=explained, strands=strands, run=run, file_names=file_names)
    counts = _counts(rows)
    migrate(engine)
    with writing_at_length(engine, WHOLE) as connection:
        _wait_for_turn(connection)
        before = connection.execute(select(table(Publication))).one_or_none()
        if before is not None and run.is_sample and not before.is_sample:
            raise Refused(
                "This casebook holds real families, so the sample authority is not published into it: "
                "give the sample a home or a FAMILIES_DATABASE_URL of its own."
            )
        if before is not None and before.run_id == run.run_id:
            rows["publication"] = rows["publication"].with_columns(published_at=pl.lit(before.published_at))
        rows["published_doubt"] = unanswered(connection, rows["published_doubt"], inputs=run.inputs)
        shown, faces = continuity.families_shown(connection), family_changes.faces(connection)
        known, watched = following.before(connection), followed or Followed()
        rows |= following.rows_of(watched, known, rows["published_family"])
        _replace(connection, rows)
        if before is None or before.run_id != run.run_id:
            asked = set(shown) if changes is None else {*shown, *changes["old_id"], *changes["new_id"]}
            coming = continuity.families_coming(tables, rows, asked=asked)
            _keep_changes(connection, shown, faces, coming, run=run, labels=strands)
            if before is not None and changes is not None:
                runs = (before.run_id, run.run_id)
                continuity.propose(connection, shown, coming, changes, runs=runs, labels=strands, at=run.published_at)
        wait_for_turn(connection)  # before any row of casework is touched: people's acts take their turn first, too
        if changes is not None:
            restricting.keep_hidden(connection, changes)
        tell(connection, following.news(watched, known, rules=run.rules_used.sha256))
        audit.note(
            connection,
            audit.SYSTEM,
            action="publish",
            family_ids=[None],
            detail={"run_id": run.run_id, "eligible": counts.eligible, "near_misses": counts.near_misses},
        )
    return counts


def _keep_changes(
    connection: Connection,
    shown: continuity.Families,
    faces: Mapping[str, family_changes.Face],
    coming: continuity.Families,
    *,
    run: PublishedRun,
    labels: Mapping[str, str],
) -> None:
    now = family_changes.faces(connection)
    before = {family_id: (known, faces[family_id]) for family_id, known in shown.items()}
    after = {family_id: (known, now.get(family_id)) for family_id, known in coming.items()}
    family_changes.keep(connection, before, after, run=run, labels=labels)


def _counts(rows: Mapping[str, pl.DataFrame]) -> PublishedCounts:
    publication = rows["publication"].row(0, named=True)
    return PublishedCounts(
        families_assessed=publication["families_assessed"],
        eligible=publication["eligible"],
        near_misses=publication["near_misses"],
        members=rows["published_member"].height,
        findings=rows["published_finding"].height,
        evidence=rows["published_evidence"].height,
    )


def _wait_for_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": PUBLISHERS_ONE_AT_A_TIME})


def _replace(connection: Connection, rows: Mapping[str, pl.DataFrame]) -> None:
    for model in reversed(PUBLISHED):
        connection.execute(delete(table(model)))
    for model in PUBLISHED:
        write_rows(connection, table(model), rows[table(model).name])


def write_rows(connection: Connection, into: Table, frame: pl.DataFrame) -> None:
    """Write a frame's rows into the table of the same columns, by the fastest way of each database."""
    frame = frame.select(column.name for column in into.columns).with_columns(
        pl.col(pl.String).str.replace_all("\0", "", literal=True)  # PostgreSQL holds no NUL
    )
    if connection.dialect.name == "postgresql":
        _insert(connection, into, frame)
    elif frame.height:
        statement = str(insert(into).compile(dialect=connection.dialect))
        connection.exec_driver_sql(statement, _as_sqlite(frame).rows())


def _as_sqlite(frame: pl.DataFrame) -> pl.DataFrame:
    """Dates and instants as SQLAlchemy stores them in SQLite, which has neither."""
    instants = pl.col(pl.Datetime).dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%d %H:%M:%S%.6f")
    return frame.with_columns(pl.col(pl.Date).dt.strftime("%Y-%m-%d"), instants)


def _insert(connection: Connection, into: Table, frame: pl.DataFrame) -> None:
    """COPY is refused where row-level security is; a list of rows as JSON comes near to it."""
    columns = [column(each.name, each.type) for each in into.columns]
    rows = func.json_to_recordset(cast(bindparam("rows", type_=String()), JSON)).table_valued(*columns)
    typed = select(rows.render_derived(with_types=True))
    statement = insert(into).from_select([each.name for each in columns], typed)
    instants = pl.col(pl.Datetime).dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%d %H:%M:%S%.6fZ")
    for some in frame.with_columns(instants).iter_slices(AT_ONCE):
        connection.execute(statement, {"rows": some.write_json()})
