"""Row-level security on PostgreSQL: who reads is said by each transaction, signed, and rows of others are kept back.

What the application's conditions say is said here again and on its own, so that either wall stands without the other.
`casebook_claims` checks who the transaction says it is for; the rest asks it. Sets of ids are made once a statement, by
functions that see everything while they work: they put a context of their own in place of the reader's, which only
they can sign. Rows of a table whose policy asks another table are decided by that table's policy.
"""

from collections.abc import Iterator

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return  # SQLite has no such thing: there the conditions of the queries are the one wall
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    for statement in _statements(schema):
        op.execute(statement)


def _statements(schema: str) -> Iterator[str]:
    yield from KEY
    # Names are sought in our own schema and never first in the temporary one, in which anybody may make tables.
    path = f"STABLE SET search_path = {schema}, pg_temp"
    yield from (f"{function} {path}" for function in SIGNING)
    yield "REVOKE EXECUTE ON FUNCTION casebook_signature, casebook_sealed FROM PUBLIC"
    for function in FUNCTIONS:
        yield f"{function} {path} SECURITY DEFINER COST 10" + (" ROWS 50" if "SETOF" in function else "")
    for table, policies in _policies():
        yield from policies
        yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"


# The key as two blocks, filled up and masked as HMAC asks (RFC 2104): PostgreSQL has SHA-256 without any extension.
KEY = (
    """CREATE TABLE row_security_key (
        only_one integer CONSTRAINT pk_row_security_key PRIMARY KEY
            CONSTRAINT ck_row_security_key_one CHECK (only_one = 1),
        inner_pad bytea NOT NULL,
        outer_pad bytea NOT NULL
    )""",
    "REVOKE ALL ON row_security_key FROM PUBLIC",
)

# These two sign, and are for the functions below alone: nobody else may call them.
SIGNING = (
    """CREATE FUNCTION casebook_signature(told text) RETURNS text LANGUAGE sql AS $$
    SELECT encode(sha256(outer_pad || sha256(inner_pad || convert_to(told, 'UTF8'))), 'hex') FROM row_security_key
    $$""",
    # A context that sees everything.
    """CREATE FUNCTION casebook_sealed() RETURNS text LANGUAGE plpgsql AS $$
    DECLARE told text := json_build_object(
        'kind', 'whole', 'backend', pg_backend_pid(), 'at', floor(extract(epoch FROM now())))::text;
    BEGIN RETURN casebook_signature(told) || ' ' || told; END $$""",
)
FUNCTIONS = (
    # What the transaction says, where it was signed for this connection and not long before or after; else nothing.
    """CREATE FUNCTION casebook_claims() RETURNS jsonb LANGUAGE plpgsql AS $$
    DECLARE
        given text := current_setting('families.context', true);
        told text := substr(given, 66);
        claims jsonb;
    BEGIN
        IF coalesce(told, '') = '' THEN RETURN NULL; END IF;
        IF left(given, 64) IS DISTINCT FROM casebook_signature(told) THEN RETURN NULL; END IF;
        claims := told::jsonb;
        IF (claims->>'backend')::integer <> pg_backend_pid() THEN RETURN NULL; END IF;
        IF abs(extract(epoch FROM now()) - (claims->>'at')::numeric) > 600 THEN RETURN NULL; END IF;
        RETURN claims;
    END $$""",
    """CREATE FUNCTION casebook_is_whole() RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN RETURN coalesce(casebook_claims()->>'kind' = 'whole', false); END $$""",
    """CREATE FUNCTION casebook_staff() RETURNS text LANGUAGE plpgsql AS $$
    BEGIN RETURN casebook_claims()->>'staff'; END $$""",
    """CREATE FUNCTION casebook_role_is(VARIADIC roles text[]) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN RETURN coalesce(casebook_claims()->>'role' = ANY (roles), false); END $$""",
    # Whether a search or a triage asks, which learn of families outside somebody's own that they are known.
    """CREATE FUNCTION casebook_reaches_known() RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN RETURN coalesce(casebook_claims()->>'reach' = 'known', false) AND casebook_role_is(
        'caseworker', 'team_manager', 'programme_manager', 'returns_officer', 'ig_officer'); END $$""",
    # The published families that are seen by their status.
    """CREATE FUNCTION casebook_statuses() RETURNS text[] LANGUAGE plpgsql AS $$
    DECLARE statuses text[] := CASE casebook_claims()->>'role'
        WHEN 'programme_manager' THEN ARRAY['eligible', 'near_miss']
        WHEN 'returns_officer' THEN ARRAY['eligible']
        WHEN 'auditor' THEN ARRAY['eligible']
        WHEN 'ig_officer' THEN ARRAY['eligible']
        WHEN 'data_analyst' THEN ARRAY['near_miss']
        ELSE ARRAY[]::text[] END;
    BEGIN
        IF casebook_reaches_known() THEN RETURN statuses || 'eligible'::text; END IF;
        RETURN statuses;
    END $$""",
    """CREATE FUNCTION casebook_sees_all_published() RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN RETURN coalesce(casebook_statuses() @> ARRAY['eligible', 'near_miss'], false); END $$""",
    """CREATE FUNCTION casebook_sees_by_status() RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN RETURN cardinality(casebook_statuses()) > 0; END $$""",
    """CREATE FUNCTION casebook_reads_all_cases() RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN RETURN casebook_role_is('programme_manager', 'returns_officer', 'auditor', 'ig_officer')
        OR casebook_reaches_known(); END $$""",
    # The cases of whoever does not read all: a worker's and those once accepted, a manager's team's.
    """CREATE FUNCTION casebook_cases() RETURNS TABLE (case_id text, family_id text) LANGUAGE plpgsql AS $$
    DECLARE
        before text := current_setting('families.context', true);
        me text := casebook_staff();
        is_worker boolean := casebook_role_is('caseworker');
    BEGIN
        IF NOT is_worker AND NOT casebook_role_is('team_manager') THEN RETURN; END IF;
        PERFORM set_config('families.context', casebook_sealed(), true);
        IF is_worker THEN
            RETURN QUERY SELECT c.case_id::text, c.family_id::text FROM family_case c WHERE c.worker = me OR EXISTS (
                SELECT FROM allocation a WHERE a.case_id = c.case_id AND a.worker = me AND a.answer = 'accepted');
        ELSE
            RETURN QUERY SELECT c.case_id::text, c.family_id::text FROM family_case c
                WHERE c.team_id = coalesce((SELECT s.team_id FROM staff s WHERE s.staff_id = me), '');
        END IF;
        PERFORM set_config('families.context', before, true);
    END $$""",
    # The families somebody has opened in an emergency that is not over.
    """CREATE FUNCTION casebook_opened() RETURNS SETOF text LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT casebook_role_is('caseworker', 'team_manager') THEN RETURN; END IF;
        RETURN QUERY SELECT o.family_id::text FROM emergency_opening o
            WHERE o.staff_id = casebook_staff() AND o.ends_at > now();
    END $$""",
    # The families that are seen whatever their status, by a case, an opening or, where it is settled, a query.
    """CREATE FUNCTION casebook_families() RETURNS SETOF text LANGUAGE plpgsql AS $$
    DECLARE before text := current_setting('families.context', true);
    BEGIN
        IF casebook_is_whole() THEN RETURN; END IF;
        IF casebook_reads_all_cases() THEN
            PERFORM set_config('families.context', casebook_sealed(), true);
            RETURN QUERY SELECT DISTINCT c.family_id::text FROM family_case c;
        ELSIF casebook_role_is('data_analyst') AND casebook_claims()->>'reach' = 'queried' THEN
            PERFORM set_config('families.context', casebook_sealed(), true);
            RETURN QUERY SELECT DISTINCT q.family_id::text FROM linkage_query q WHERE q.settled_at IS NULL;
        ELSE
            RETURN QUERY SELECT c.family_id FROM casebook_cases() c UNION SELECT * FROM casebook_opened();
        END IF;
        PERFORM set_config('families.context', before, true);
    END $$""",
    # The restrictions in force that somebody is not let past.
    """CREATE FUNCTION casebook_shut() RETURNS SETOF text LANGUAGE plpgsql AS $$
    DECLARE me text := casebook_staff();
    BEGIN
        IF casebook_is_whole() OR casebook_role_is('ig_officer') THEN RETURN; END IF;
        RETURN QUERY SELECT r.restriction_id::text FROM restriction r WHERE r.lifted_at IS NULL AND NOT EXISTS (
            SELECT FROM restriction_grant g WHERE g.restriction_id = r.restriction_id AND g.staff_id = me
            AND g.ended_at IS NULL AND g.ends_at > now());
    END $$""",
    """CREATE FUNCTION casebook_hidden_people() RETURNS SETOF text LANGUAGE plpgsql AS $$
    BEGIN RETURN QUERY SELECT p.person_id::text FROM restricted_person p
        WHERE p.restriction_id IN (SELECT casebook_shut()); END $$""",
    """CREATE FUNCTION casebook_hidden() RETURNS SETOF text LANGUAGE plpgsql AS $$
    DECLARE
        before text := current_setting('families.context', true);
        shut text[] := ARRAY(SELECT casebook_shut());
        people text[];
    BEGIN
        IF cardinality(shut) = 0 THEN RETURN; END IF;
        people := ARRAY(SELECT casebook_hidden_people());
        PERFORM set_config('families.context', casebook_sealed(), true);
        RETURN QUERY SELECT r.family_id::text FROM restriction r WHERE r.restriction_id = ANY (shut)
            UNION SELECT m.family_id FROM published_member m WHERE m.person_id = ANY (people)
            UNION SELECT a.family_id FROM published_followed_absence a WHERE a.person_id = ANY (people);
        PERFORM set_config('families.context', before, true);
    END $$""",
)

# A sub-select that names no column is worked out once a statement, and only where the part before leaves it open.
WHOLE = "(SELECT casebook_is_whole())"
SIGNED = "(SELECT casebook_claims()) IS NOT NULL"
OPEN = "(family_id IS NULL OR family_id NOT IN (SELECT casebook_hidden()))"
BY_STATUS = (
    f"(status = ANY ((SELECT casebook_statuses())::text[]) OR family_id IN (SELECT casebook_families())) AND {OPEN}"
)
BY_OLD_STATUS = BY_STATUS.replace("status =", "family_status =", 1)
MY_CASE = (
    "((SELECT casebook_reads_all_cases()) OR case_id IN (SELECT c.case_id FROM casebook_cases() c)"  # noqa: S608
    f" OR family_id IN (SELECT casebook_opened())) AND {OPEN}"
)
MINE = "(SELECT casebook_staff())"


def _role(*roles: str) -> str:
    return f"(SELECT casebook_role_is({', '.join(map(repr, roles))}))"


def _people(*columns: str) -> str:
    return " AND ".join(f"({name} IS NULL OR {name} NOT IN (SELECT casebook_hidden_people()))" for name in columns)


def _by(other: str, table: str, key: str) -> str:
    return f"EXISTS (SELECT FROM {other} o WHERE o.{key} = {table}.{key})"


def _of_family(table: str, *, with_past: bool = False) -> str:
    """By the family's own policy, which is not asked row by row where the role or its cases say it already."""
    published = f"(SELECT casebook_sees_by_status()) AND {_by('published_family', table, 'family_id')}"
    seen = f"{published} OR family_id IN (SELECT casebook_families())"
    if with_past:
        return f"({seen} OR {_by('family_case', table, 'family_id')}) AND {OPEN}"
    return f"((SELECT casebook_sees_all_published()) OR {seen}) AND {OPEN}"


# What a refresh replaces: it alone writes there.
PUBLISHED = {
    "published_family": BY_STATUS,
    **{
        table: _of_family(table)
        for table in (
            *("published_member", "published_word", "published_outcome", "published_finding", "published_absence"),
            "published_tie",
        )
    },
    **{
        table: _of_family(table, with_past=True)
        for table in ("published_followed_absence", "published_fact", "published_schooling", "published_school_test")
    },
    "published_evidence": _by("published_finding", "published_evidence", "finding_id"),
    "published_sample_pair": f"{_role('data_analyst')} AND {_people('person_a', 'person_b')}",
    "continuity_proposal": f"{BY_OLD_STATUS} AND {_people('person_id', 'old_id', 'new_id')}",
    "family_change": BY_OLD_STATUS,
}
OF_CASE = (
    *("allocation", "consent", "helper", "alert", "alert_answer", "chronology_entry", "chronology_version"),
    *("assessment", "need", "need_score", "goal", "plan_action", "plan_version", "case_note", "review"),
    *("level_change", "closure", "sustained_check"),
)
WORKED = {
    "family_case": MY_CASE,
    **{table: _by("family_case", table, "case_id") for table in OF_CASE},
    "assessed_fact": _by("assessment", "assessed_fact", "assessment_id"),
    "note_person": _by("case_note", "note_person", "note_id"),
    "case_step": f"(written_by = {MINE} OR {_by('family_case', 'case_step', 'case_id')}"
    f" OR {_by('referral', 'case_step', 'referral_id')})",
    "correction_query": f"({_role('data_analyst')} OR {_by('family_case', 'correction_query', 'case_id')}) AND {OPEN}",
    "draft": f"author = {MINE} AND {OPEN}",
    "referral": f"({_role('team_manager', 'programme_manager', 'auditor', 'ig_officer')}"
    f" OR written_by = {MINE} AND {_role('caseworker', 'partner_referrer')}) AND {OPEN}",
    "referral_person": _by("referral", "referral_person", "referral_id"),
    "linkage_query": f"({_role('data_analyst')} OR {_of_family('linkage_query', with_past=True)}) AND {OPEN}",
    "linkage_decision": f"{_role('data_analyst', 'programme_manager')} AND {_people('person_a', 'person_b')}",
    "continuity_answer": _by("continuity_proposal", "continuity_answer", "proposal_id"),
    # Who is hidden from whom is asked by the conditions of every query; who looked in an emergency is not.
    **dict.fromkeys(("restriction", "restricted_person", "restriction_grant"), SIGNED),
    "emergency_opening": f"(staff_id = {MINE} OR {_role('programme_manager', 'ig_officer')}"  # noqa: S608
    f" OR {_role('team_manager')} AND (opening_id IN (SELECT a.opening_id FROM access_alert a) OR staff_id IN"
    f" (SELECT s.staff_id FROM staff s JOIN staff mine ON mine.team_id = s.team_id WHERE mine.staff_id = {MINE})))",
    "access_alert": f"staff_id = {MINE}",
}
EVENTS = f"(staff_id = {MINE} OR {_role('team_manager', 'programme_manager', 'ig_officer', 'auditor')} AND {OPEN})"


def _policies() -> Iterator[tuple[str, tuple[str, ...]]]:
    for table, seen in PUBLISHED.items():
        yield table, (_seen(table, seen), *_written_by_refresh(table))
    doubts = f"{_role('data_analyst')} AND {_people('person_a', 'person_b')}"
    answered = f"CREATE POLICY answered ON published_doubt FOR DELETE USING ({_role('data_analyst')})"
    yield "published_doubt", (_seen("published_doubt", doubts), *_written_by_refresh("published_doubt"), answered)
    for table, seen in WORKED.items():
        kept = f"CREATE POLICY kept ON {table} USING ({WHOLE} OR {seen}) WITH CHECK ({SIGNED})"
        yield table, (kept,)
    # An event is written of whoever was refused, and of a sign-in before anybody is known.
    told = "CREATE POLICY told ON audit_event FOR INSERT WITH CHECK (true)"
    yield "audit_event", (_seen("audit_event", EVENTS), told)


def _seen(table: str, which: str) -> str:
    return f"CREATE POLICY seen ON {table} FOR SELECT USING ({WHOLE} OR {which})"


def _written_by_refresh(table: str) -> tuple[str, ...]:
    return (
        f"CREATE POLICY written ON {table} FOR INSERT WITH CHECK ({WHOLE})",
        f"CREATE POLICY changed ON {table} FOR UPDATE USING ({WHOLE})",
        f"CREATE POLICY deleted ON {table} FOR DELETE USING ({WHOLE})",
    )
