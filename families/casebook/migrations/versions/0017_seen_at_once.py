"""On PostgreSQL a search asks for the families that somebody sees once a table, and not by a policy within a policy.

Members and words are asked by every search, and members by every condition that leaves hidden families out, several
times in one statement. Their policies asked the policy of the family each time, with all that this asks in its turn:
the database was longer planning such a statement than running it. They name the same families as before. Of the other
tables a statement asks for a few families, which by the family's own policy is quicker.
"""

from alembic import op

revision = "0017"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLES = ("published_member", "published_word")

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
SEEN = (
    "(SELECT casebook_is_whole()) OR ((SELECT casebook_sees_all_published())"
    " OR family_id IN (SELECT casebook_seen())) AND family_id NOT IN (SELECT casebook_hidden())"
)


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    for function in FUNCTIONS:
        op.execute(f"{function} STABLE SET search_path = {schema}, pg_temp SECURITY DEFINER COST 10 ROWS 50")
    for table in TABLES:
        op.execute(f"ALTER POLICY seen ON {table} USING ({SEEN})")
