"""The second wall on PostgreSQL: what the database gives by itself is what the casebook's own conditions give."""

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from casework import READERS
from directly import OnPostgresql, directly
from matrix import FAMILIES, MANAGER, WORKER, work_with
from sqlalchemy import Connection, Engine, Table

from families.casebook import case_scope, emergency, family_scope, restricted, row_security
from families.casebook.access import MAY_REVIEW, MAY_SEARCH
from families.casebook.case_models import FamilyCase, Referral
from families.casebook.database import CasebookFault, audited, open_casebook, reading, writing
from families.casebook.keys import audit_key
from families.casebook.models import (
    Base,
    PublishedFamily,
    PublishedFollowedAbsence,
    PublishedMember,
    PublishedUpn,
    PublishedWord,
    UtcDateTime,
    table,
)
from families.casebook.reading import list_families
from families.casebook.restriction_models import RestrictedPerson, Restriction, RestrictionGrant
from families.casebook.row_security import DERIVED_FOR, SETTING, WHOLE, Reach, say
from families.casebook.views import Reader
from families.errors import NotAllowed, Refused

FAMILY, CASE, REFERRAL = table(PublishedFamily), table(FamilyCase), table(Referral)
RESTRICTION, RESTRICTED, GRANT = table(Restriction), table(RestrictedPerson), table(RestrictionGrant)
# Of the tables that name a family, a person, a case or a referral, those without a wall: whoever works here is in them.
STRANGERS = [Reader("s-nobody", "no_such_role", "casework"), Reader("system", "system", "refresh")]
WHO = [*READERS.values(), *STRANGERS]
NAMES_SOMEBODY = {
    *("family_id", "person_id", "person_a", "person_b", "case_id", "referral_id", "finding_id", "note_id"),
    *("assessment_id", "proposal_id", "opening_id", "restriction_id"),
}
SOUGHT_IN = (PublishedMember, PublishedWord, PublishedUpn)
SINCE = dt.datetime(2013, 9, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def worked(casebook_on_postgresql: OnPostgresql) -> Iterator[Engine]:
    """The families of the matrix, and of each a row in every table that has rows of families."""
    with casebook_on_postgresql() as engine:
        work_with(engine)
        with directly(engine) as connection:
            _fill(connection)
        yield engine


def walled() -> list[Table]:
    return [each for each in Base.metadata.sorted_tables if NAMES_SOMEBODY & set(each.columns.keys())]


def _fill(connection: Connection) -> None:
    """A row of each family in each table, whatever else a row must be."""
    query = "SELECT conrelid::regclass, conname FROM pg_constraint WHERE conrelid <> 0 AND contype IN ('c', 'f')"
    query += " AND connamespace = current_schema()::regnamespace"
    for name, constraint in connection.execute(sa.text(query)).all():
        connection.execute(sa.text(f'ALTER TABLE {name} DROP CONSTRAINT "{constraint}"'))
    families = list(connection.execute(sa.select(FAMILY.c.family_id, FAMILY.c.status)))
    for of in walled():
        if of.name in ("published_family", "family_case", "audit_event", "emergency_opening", "access_alert"):
            continue
        if of.name.startswith("restrict"):
            continue
        rows = [_row(of, number, *family) for number, family in enumerate(families)]
        connection.execute(sa.insert(of), rows)
    # A restriction that was lifted, when two people had been let in.
    lifted = {"restriction_id": "lifted", "lifted_at": SINCE}
    connection.execute(sa.insert(RESTRICTION), [_row(RESTRICTION, 0, "F01", "") | lifted])
    connection.execute(sa.insert(RESTRICTED), [_row(RESTRICTED, 0, "F01", "") | {"restriction_id": "lifted"}])
    let_in = ({"grant_id": f"of {each.role}", "staff_id": each.staff_id} for each in (WORKER, MANAGER))
    grants = [_row(GRANT, 0, "", "") | {"restriction_id": "lifted"} | each for each in let_in]
    connection.execute(sa.insert(GRANT), grants)
    # Somebody of a restricted family is in another one too, and in one that only a case brings in.
    hidden = f"P-{FAMILIES['hidden']}"
    connection.execute(
        sa.text("INSERT INTO restricted_person SELECT :who, restriction_id FROM restriction WHERE family_id = 'F14'"),
        {"who": hidden},
    )
    for of, family_id in ((table(PublishedMember), "F15"), (table(PublishedFollowedAbsence), "F16")):
        connection.execute(sa.insert(of), [_row(of, 999, family_id, "") | {"person_id": hidden}])


def _row(of: Table, number: int, family_id: str, status: str) -> dict[str, Any]:
    """A row that belongs to a family by every column that can say so; the id of whatever it is of tells the family."""
    made: dict[str, Any] = {}
    for column in of.columns:
        if column.name == "family_id":
            made[column.name] = family_id
        elif column.name == "case_id":
            made[column.name] = f"C-{family_id}"
        elif column.name == "family_status":
            made[column.name] = status
        elif column.name.startswith("person_"):
            made[column.name] = f"P-{family_id}"
        elif column.name in ("referral_id", "assessment_id", "note_id", "proposal_id"):
            made[column.name] = f"{column.name}-{family_id}"
        elif column.name == "written_by" and of.name == "referral":
            made[column.name] = WORKER.staff_id if number % 2 else READERS["partner_referrer"].staff_id
        elif column.name == "author":
            made[column.name] = WORKER.staff_id if number % 2 else MANAGER.staff_id
        elif column.name in ("settled_at", "settled_on"):
            made[column.name] = None
        elif column.name in ("old_id", "new_id"):
            made[column.name] = ""
        else:
            made[column.name] = _value(column, f"{of.name}-{number}", number + 100_000)
    return made


def _value(column: Any, words: str, number: int) -> object:
    if isinstance(column.type, UtcDateTime):
        return SINCE
    of_kind = {sa.Boolean: False, sa.Integer: number, sa.Float: 0.5, sa.Date: SINCE.date()}
    return next((value for kind, value in of_kind.items() if isinstance(column.type, kind)), words)


def _bare(engine: Engine, statement: Any, told: str | None = None, **given: Any) -> list[Any]:
    """What the role of everyday gets for a statement of its own, having said something or nothing."""
    with engine.begin() as connection:
        if told is not None:
            connection.execute(sa.select(sa.func.set_config(SETTING, told, True)))
        return list(connection.execute(statement, given).all())


def _by_itself(engine: Engine, reader: Reader, reach: Reach, query: Any) -> set[tuple[Any, ...]]:
    with writing(engine, reader, reach) as connection:
        return {tuple(row) for row in connection.execute(query)}


def _expected(engine: Engine, query: Any) -> set[tuple[Any, ...]]:
    with reading(engine, WHOLE) as connection:
        return {tuple(row) for row in connection.execute(query)}


def _or_none(decide: Callable[[], Any]) -> Any:
    try:
        return decide()
    except NotAllowed:
        return sa.false()


def conditions(of: Table, reader: Reader) -> Any:
    """What the casebook's own conditions say of a table's rows."""
    name, columns = of.name, of.c
    is_open = restricted.is_open_to(reader, columns.family_id) if "family_id" in columns else sa.true()
    family = _or_none(lambda: family_scope.may_open(reader))
    case = case_scope.may_open(reader) if reader.role in case_scope.READ_CASES else sa.false()
    referral = _or_none(lambda: case_scope.may_see_referral(reader))
    is_analyst = sa.literal(reader.role in MAY_REVIEW)
    families = sa.select(FAMILY.c.family_id).where(family)
    of_cases = sa.select(CASE.c.family_id).where(case)
    if name == "published_family":
        return family
    if name == "family_case":
        return case
    if name == "referral":
        return referral
    if name == "draft":
        return sa.and_(columns.author == reader.staff_id, is_open)
    if name == "correction_query":
        return sa.and_(sa.or_(is_analyst, columns.case_id.in_(sa.select(CASE.c.case_id).where(case))), is_open)
    if name in ("published_doubt", "published_sample_pair"):
        return sa.and_(is_analyst, restricted.people_open_to(reader, columns.person_a, columns.person_b))
    if name == "linkage_decision":
        may = sa.literal(reader.role in MAY_REVIEW | {"programme_manager"})
        return sa.and_(may, restricted.people_open_to(reader, columns.person_a, columns.person_b))
    if name in ("continuity_proposal", "family_change"):
        seen = _or_none(lambda: family_scope.may_see(reader, columns.family_id, columns.family_status))
        opened = sa.and_(is_open, columns.family_id.in_(emergency.opened_families(reader)))
        if name == "family_change":
            return sa.or_(seen, opened)
        people = restricted.people_open_to(reader, columns.person_id, columns.old_id, columns.new_id)
        return sa.and_(sa.or_(seen, opened), people)
    if name == "linkage_query":
        theirs = sa.or_(columns.family_id.in_(families), columns.family_id.in_(of_cases))
        return sa.and_(sa.or_(is_analyst, theirs), is_open)
    if name in ("published_fact", "published_followed_absence"):
        return sa.or_(columns.family_id.in_(families), columns.family_id.in_(of_cases))
    if name == "case_step":
        cases = columns.case_id.in_(sa.select(CASE.c.case_id).where(case))
        return sa.or_(cases, columns.referral_id.in_(sa.select(REFERRAL.c.referral_id).where(referral)))
    if "case_id" in columns:
        return columns.case_id.in_(sa.select(CASE.c.case_id).where(case))
    if "family_id" in columns:
        return columns.family_id.in_(families)
    for key, parent in PARENTS.items():
        if key in columns:
            other = Base.metadata.tables[parent]
            return columns[key].in_(sa.select(other.c[key]).where(conditions(other, reader)))
    raise AssertionError(f"Nobody has said who may see {name}.")


PARENTS = {
    **{"finding_id": "published_finding", "assessment_id": "assessment", "note_id": "case_note"},
    **{"referral_id": "referral", "proposal_id": "continuity_proposal"},
}
OF_ACCESS = {
    "audit_event",
    "restriction",
    "restricted_person",
    "restriction_grant",
    "emergency_opening",
    "access_alert",
}


@pytest.mark.parametrize("reader", WHO, ids=lambda reader: reader.role)
def test_each_role_gets_of_each_table_by_itself_what_the_conditions_give(worked: Engine, reader: Reader) -> None:
    wrong, seen = {}, 0
    for of in walled():
        if of.name in OF_ACCESS:
            continue
        expected = _expected(worked, sa.select(*of.primary_key.columns).where(conditions(of, reader)))
        found = _by_itself(worked, reader, Reach.OWN, sa.select(*of.primary_key.columns))
        seen += len(found)
        if found != expected:
            wrong[of.name] = {"only by itself": found - expected, "only by the conditions": expected - found}
    assert wrong == {}
    assert bool(seen) == (reader.role in {*family_scope.MAY_SEE, "partner_referrer"})


@pytest.mark.parametrize("reader", WHO, ids=lambda reader: reader.role)
def test_a_search_reaches_families_that_are_known_and_no_further(worked: Engine, reader: Reader) -> None:
    """As far as a search counts families outside one's own, and a triage names those that are known."""
    mine = _or_none(lambda: family_scope.may_open(reader))
    if reader.role in MAY_SEARCH:
        known = sa.or_(FAMILY.c.status == "eligible", FAMILY.c.family_id.in_(sa.select(CASE.c.family_id)))
        mine = sa.or_(mine, sa.and_(restricted.is_open_to(reader, FAMILY.c.family_id), known))
    query = sa.select(FAMILY.c.family_id)
    found = _by_itself(worked, reader, Reach.KNOWN, query)
    assert found == _expected(worked, query.where(mine))
    assert (FAMILIES["hidden"],) not in found or reader.role == "ig_officer"
    for of in SOUGHT_IN:
        assert _by_itself(worked, reader, Reach.KNOWN, sa.select(table(of).c.family_id)) == found, of.__name__


def test_an_analyst_who_settles_what_workers_said_reaches_those_families(worked: Engine) -> None:
    analyst, query = READERS["data_analyst"], sa.select(FAMILY.c.family_id)
    is_open = restricted.is_open_to(analyst, FAMILY.c.family_id)
    assert _by_itself(worked, analyst, Reach.QUERIED, query) == _expected(worked, query.where(is_open))
    assert {(each,) for each in (FAMILIES["hidden"], "F15", "F16")} & _by_itself(
        worked, analyst, Reach.QUERIED, query
    ) == set()
    assert _by_itself(worked, MANAGER, Reach.QUERIED, query) == _by_itself(worked, MANAGER, Reach.OWN, query)


def test_who_looked_and_who_is_let_in_is_shown_to_whom_it_concerns(worked: Engine) -> None:
    with reading(worked, WORKER) as connection:
        assert set(connection.execute(sa.text("SELECT staff_id FROM audit_event")).scalars()) <= {WORKER.staff_id}
        assert set(connection.execute(sa.text("SELECT staff_id FROM emergency_opening")).scalars()) == {WORKER.staff_id}
        assert connection.execute(sa.text("SELECT * FROM access_alert")).all() == []
    with reading(worked, MANAGER) as connection:  # of the worker's team
        assert len(connection.execute(sa.text("SELECT * FROM emergency_opening")).all()) == 2
    with reading(worked, READERS["auditor"]) as connection:
        families = set(connection.execute(sa.text("SELECT family_id FROM audit_event")).scalars())
    assert families > {None, "F01"}
    assert FAMILIES["hidden"] not in families


@pytest.mark.parametrize("reader", WHO, ids=lambda reader: reader.role)
def test_of_restrictions_people_read_what_hides_and_governance_reads_all(worked: Engine, reader: Reader) -> None:
    """Conditions of queries read what is in force, and where oneself is let in; nobody else's grant, nothing lifted."""
    sees_all = reader.role in restricted.SEE_ALL
    in_force = sa.select(RESTRICTION.c.restriction_id).where(RESTRICTION.c.lifted_at.is_(None))
    theirs = {
        RESTRICTION: RESTRICTION.c.restriction_id.in_(in_force),
        RESTRICTED: RESTRICTED.c.restriction_id.in_(in_force),
        GRANT: GRANT.c.staff_id == reader.staff_id,
    }
    for of, which in theirs.items():
        query = sa.select(*of.primary_key.columns)
        found = _by_itself(worked, reader, Reach.OWN, query)
        assert found == _expected(worked, query if sees_all else query.where(which)), of.name
        assert (found == _expected(worked, query)) == sees_all, of.name


def test_only_governance_and_a_refresh_write_who_is_hidden(worked: Engine) -> None:
    grant = _row(GRANT, 0, "", "") | {"grant_id": "my own", "staff_id": WORKER.staff_id}
    with pytest.raises(CasebookFault, match="InsufficientPrivilege"), writing(worked, WORKER) as connection:
        connection.execute(sa.insert(GRANT), [grant])
    for reader, changed in ((WORKER, 0), (READERS["programme_manager"], 0), (READERS["ig_officer"], 2)):
        with writing(worked, reader) as connection:
            lifting = sa.update(RESTRICTION).where(RESTRICTION.c.lifted_at.is_(None)).values(lifted_at=SINCE)
            assert connection.execute(lifting).rowcount == changed, reader.role
            connection.rollback()


# -- the wall itself --------------------------------------------------------------------------------------------------


def test_every_table_with_families_in_it_is_behind_the_wall(worked: Engine) -> None:
    with directly(worked) as connection:
        query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity AND relforcerowsecurity"
        behind = set(connection.execute(sa.text(query)).scalars())
    assert behind == {of.name for of in walled()} | {"continuity_answer"}


def test_without_a_context_there_is_no_row(worked: Engine) -> None:
    for of in walled():
        assert _bare(worked, sa.select(sa.func.count()).select_from(of)) == [(0,)], of.name
    for write in ("DELETE FROM published_family", "UPDATE family_case SET worker = 'me'"):
        with worked.begin() as connection:
            assert connection.execute(sa.text(write)).rowcount == 0
    with pytest.raises(sa.exc.DBAPIError, match="row-level security"):
        _bare(
            worked, sa.text("INSERT INTO family_change SELECT * FROM json_populate_record(NULL::family_change, '{}')")
        )


def _forgeries(connection: Connection) -> Iterator[tuple[str, str]]:
    say(connection, MANAGER)
    true = connection.execute(sa.text("SELECT current_setting('families.context')")).scalar_one()
    signature, told = true.split(" ", 1)
    claims = json.loads(told)
    key = hmac.new(audit_key(connection.engine.url), DERIVED_FOR, hashlib.sha256).digest()

    def signed(changed: dict[str, Any], with_key: bytes = key) -> str:
        text = json.dumps(claims | changed)
        return f"{hmac.new(with_key, text.encode(), hashlib.sha256).hexdigest()} {text}"

    yield "nothing", ""
    yield "no signature", told
    yield "another's signature", f"{signature} {told.replace(MANAGER.role, 'ig_officer')}"
    yield "everybody's", f"{signature} {json.dumps({**claims, 'kind': 'whole'})}"
    yield "the trail's own key", signed({}, audit_key(connection.engine.url))
    yield "another connection", signed({"backend": claims["backend"] + 1})
    yield "too old", signed({"at": claims["at"] - 3_600})
    yield "not yet", signed({"at": claims["at"] + 3_600})


def test_a_context_that_was_not_signed_for_this_connection_now_shows_nothing(worked: Engine) -> None:
    count = sa.text("SELECT count(*) FROM published_family")
    with worked.begin() as connection:
        tried = list(_forgeries(connection))
        assert connection.execute(count).scalar_one() > 0
        for name, forged in tried:
            connection.execute(sa.select(sa.func.set_config(SETTING, forged, True)))
            assert connection.execute(count).scalar_one() == 0, name


def test_who_works_with_a_casebook_can_neither_sign_nor_take_the_wall_down(worked: Engine) -> None:
    for statement in (
        *("SELECT * FROM row_security_key", "SELECT casebook_sealed()", "SELECT casebook_signature('x')"),
        *("ALTER TABLE published_family DISABLE ROW LEVEL SECURITY", "DROP POLICY seen ON published_family"),
        *("CREATE TABLE mine (a integer)", "SET ROLE casebook_owner", "TRUNCATE published_family"),
        *(
            "UPDATE audit_event SET role = ''",
            "DELETE FROM audit_event",
            "UPDATE alembic_version SET version_num = '1'",
        ),
    ):
        with pytest.raises(sa.exc.DBAPIError, match=r"permission denied|must be owner"):
            _bare(worked, sa.text(statement))


def test_a_context_ends_with_its_transaction_whatever_becomes_of_the_connection(worked: Engine) -> None:
    which = sa.text("SELECT pg_backend_pid(), (SELECT count(*) FROM published_family)")
    with audited(worked, MANAGER) as connection:
        backend, seen = connection.execute(which).one()
    assert seen > 0
    assert _bare(worked, which) == [(backend, 0)]
    with pytest.raises(Refused), audited(worked, WHOLE):
        raise Refused("Something went wrong.")
    assert _bare(worked, which) == [(backend, 0)]
    with writing(worked, WORKER) as connection:  # a part that is taken back leaves the context of the whole
        with connection.begin_nested() as part:
            before = connection.execute(which).one()
            part.rollback()
        assert connection.execute(which).one() == before
        with row_security.seeing_all(connection):
            assert connection.execute(which).one()[1] > before[1]
        assert connection.execute(which).one() == before


def test_a_context_is_worked_out_once_for_a_statement(worked: Engine) -> None:
    with reading(worked, READERS["returns_officer"]) as connection:
        query = "EXPLAIN (VERBOSE) SELECT * FROM published_member WHERE family_id = 'F01'"
        plan = [row[0].strip() for row in connection.execute(sa.text(query))]
    assert any("Index" in line and "published_member" in line for line in plan), plan
    assert [line for line in plan if line.startswith(("Filter", "Index Cond")) and "casebook_" in line] == []
    assert "published_family" not in "".join(plan), "a search would be longer planned than run"


@pytest.mark.parametrize("reader", [WORKER, READERS["team_manager"]], ids=lambda reader: reader.role)
def test_a_case_of_one_s_own_is_known_without_seeking_all_of_them(worked: Engine, reader: Reader) -> None:
    """Every table of a record asks for its case, and somebody may have thousands."""
    with reading(worked, reader) as connection:
        case_id = connection.execute(sa.select(CASE.c.case_id).order_by(CASE.c.case_id).limit(1)).scalar_one()
        query = sa.text("EXPLAIN (ANALYZE) SELECT * FROM family_case WHERE case_id = :case_id")
        plan = [row[0] for row in connection.execute(query, {"case_id": case_id})]
    (sought,) = (line for line in plan if "casebook_cases" in line)
    assert "never executed" in sought


def test_a_casebook_that_does_not_believe_says_so(worked: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    worked.dispose()
    monkeypatch.setenv("FAMILIES_AUDIT_KEY", "another key than the one that it was renewed with")
    with pytest.raises(Refused, match="FAMILIES_AUDIT_KEY"):
        list_families(worked, READERS["programme_manager"])


def test_a_superuser_does_not_open_a_casebook(worked: Engine, postgresql_server: str) -> None:
    url = postgresql_server.replace("postgresql:", "postgresql+psycopg:")
    with pytest.raises(Refused, match="superuser") as refused:
        open_casebook(f"{url}/{worked.url.database}")
    assert str(url.split(":")[2].split("@")[0]) not in str(refused.value)


def test_one_role_for_everything_has_the_wall_before_it_too(worked: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAMILIES_DATABASE_OWNER_URL")
    owner = worked.url.set(username="casebook_owner")
    engine = open_casebook(owner.render_as_string(hide_password=False))
    assert _bare(engine, sa.text("SELECT count(*) FROM published_family")) == [(0,)]
    manager = READERS["programme_manager"]
    assert list_families(engine, manager).total == list_families(worked, manager).total
    engine.dispose()
