"""On PostgreSQL the second wall asks less for each statement; who sees which rows stays as it was.

Members, words and UPNs are asked by every search, and members by every condition that leaves hidden families out,
several times in one statement. Their policies asked the policy of the family each time, with all that this asks in its
turn: the database was longer planning such a statement than running it. They ask for one set of families now. Of the
other tables a statement asks for a few families, which by the family's own policy is quicker.

A case that is somebody's own or their team's is known by its own row, before all cases of theirs are sought: every
table of a record asks that of its case.
"""

from collections.abc import Iterator

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = ("published_member", "published_word", "published_upn")

FUNCTIONS = (
    # As before, without putting together what is named twice: who asks looks for a family in it.
    """CREATE OR REPLACE FUNCTION casebook_families() RETURNS SETOF text LANGUAGE plpgsql AS $$
    DECLARE before text := current_setting('families.context', true);
    BEGIN
        IF casebook_is_whole() THEN RETURN; END IF;
        IF casebook_reads_all_cases() THEN
            PERFORM set_config('families.context', casebook_sealed(), true);
            RETURN QUERY SELECT c.family_id::text FROM family_case c;
        ELSIF casebook_role_is('data_analyst') AND casebook_claims()->>'reach' = 'queried' THEN
            PERFORM set_config('families.context', casebook_sealed(), true);
            RETURN QUERY SELECT q.family_id::text FROM linkage_query q WHERE q.settled_at IS NULL;
        ELSE
            RETURN QUERY SELECT c.family_id FROM casebook_cases() c UNION ALL SELECT * FROM casebook_opened();
        END IF;
        PERFORM set_config('families.context', before, true);
    END $$""",
    # Those families, and the published ones that are seen by their status.
    """CREATE FUNCTION casebook_seen() RETURNS SETOF text LANGUAGE plpgsql AS $$
    DECLARE
        before text := current_setting('families.context', true);
        statuses text[] := casebook_statuses();
    BEGIN
        IF casebook_is_whole() THEN RETURN; END IF;
        RETURN QUERY SELECT * FROM casebook_families();
        IF cardinality(statuses) = 0 THEN RETURN; END IF;
        PERFORM set_config('families.context', casebook_sealed(), true);
        RETURN QUERY SELECT f.family_id::text FROM published_family f WHERE f.status = ANY (statuses);
        PERFORM set_config('families.context', before, true);
    END $$""",
)
TEAM = """CREATE FUNCTION casebook_team() RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT casebook_role_is('team_manager') THEN RETURN NULL; END IF;
        RETURN coalesce((SELECT s.team_id FROM staff s WHERE s.staff_id = casebook_staff()), '');
    END $$"""
SEEN = (
    "(SELECT casebook_is_whole()) OR ((SELECT casebook_sees_all_published())"
    " OR family_id IN (SELECT casebook_seen())) AND family_id NOT IN (SELECT casebook_hidden())"
)
MY_CASE = (
    "(SELECT casebook_is_whole()) OR ((SELECT casebook_reads_all_cases())"
    " OR (SELECT casebook_role_is('caseworker')) AND worker = (SELECT casebook_staff())"
    " OR team_id = (SELECT casebook_team())"
    " OR case_id IN (SELECT c.case_id FROM casebook_cases() c)"
    " OR family_id IN (SELECT casebook_opened())) AND family_id NOT IN (SELECT casebook_hidden())"
)


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    for statement in _statements(schema):
        op.execute(statement)


def _statements(schema: str) -> Iterator[str]:
    how = f"STABLE SET search_path = {schema}, pg_temp SECURITY DEFINER COST 10"
    yield from (f"{function} {how} ROWS 50" for function in FUNCTIONS)
    yield f"{TEAM} {how}"
    yield from (f"ALTER POLICY seen ON {table} USING ({SEEN})" for table in TABLES)
    yield f"ALTER POLICY kept ON family_case USING ({MY_CASE})"
