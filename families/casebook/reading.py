"""What pages read. Each function decides access, writes down who saw which family, and only then gives plain values.

The event is in the same transaction as the read: if it cannot be written, nothing is shown. A family that does not
exist and one the reader may not see get the same answer.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, and_, exists, func, inspect, or_, select

from families.casebook import audit, emergency, restricted
from families.casebook.access import ROLES, require_eligible, require_rules
from families.casebook.case_models import FamilyCase
from families.casebook.database import audited, reading
from families.casebook.family_scope import STATUSES, may_open, may_see
from families.casebook.folding import fold
from families.casebook.models import (
    FamilyChange,
    Publication,
    PublishedCoverage,
    PublishedEvidence,
    PublishedFamily,
    PublishedFinding,
    PublishedMember,
    PublishedOutcome,
    PublishedRuleset,
    PublishedStrand,
    PublishedTie,
    Staff,
    table,
)
from families.casebook.queries import queries_of
from families.casebook.schooling import schooling_of
from families.casebook.views import (
    ADDRESS_WITHHELD,
    ChildBrief,
    CoverageLine,
    DataAsAt,
    Evidence,
    FamilyList,
    FamilyRecord,
    FamilySummary,
    FindingView,
    Member,
    PublishedRules,
    Reader,
    StaffMember,
    StrandOutcome,
    Tie,
)
from families.errors import NotAllowed, Refused

FAMILY = table(PublishedFamily).c
MEMBER = table(PublishedMember).c
OUTCOME = table(PublishedOutcome).c
STRAND = table(PublishedStrand).c
FINDING = table(PublishedFinding).c
EVIDENCE = table(PublishedEvidence).c
TIE = table(PublishedTie).c
STAFF = table(Staff).c
CASE = table(FamilyCase).c
CHANGE = table(FamilyChange).c

AN_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")  # anything else comes from no page, and may be a name
MOST_ON_A_PAGE = 200
OF_SAFETY = frozenset({"domestic_incidents", "care_episodes"})  # tables of what may put a worker or a child in danger
SORTS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "newest_evidence": (FAMILY.newest_evidence_on.desc().nulls_last(), FAMILY.name_place),
    "name": (FAMILY.name_place,),
    "size": (FAMILY.size.desc(), FAMILY.name_place),
    "youngest_child": (FAMILY.youngest_born_on.desc().nulls_last(), FAMILY.name_place),
    "strands": (
        select(func.count())
        .where(OUTCOME.family_id == FAMILY.family_id, OUTCOME.outcome == "met")
        .correlate(table(PublishedFamily))
        .scalar_subquery()
        .desc(),
        FAMILY.name_place,
    ),
}

_HAS_CASE = exists().where(CASE.family_id == FAMILY.family_id)
_HAS_CHANGED = exists().where(CHANGE.family_id == FAMILY.family_id, CHANGE.kind == "changed")
STANDINGS: dict[str, ColumnElement[bool]] = {
    "undecided": and_(FAMILY.status == "eligible", ~_HAS_CASE),
    "changed": _HAS_CHANGED,
    "near_miss": and_(FAMILY.status == "near_miss", ~_HAS_CASE),
    "known": _HAS_CASE,
}

ValueT = TypeVar("ValueT")


def data_as_at(engine: Engine) -> DataAsAt:
    """What every page says of the data under it."""
    with reading(engine) as connection:
        publication = _publication(connection)
    return DataAsAt(
        run_id=publication.run_id,
        as_of=publication.as_of,
        ruleset=publication.ruleset,
        published_at=publication.published_at,
        is_sample=publication.is_sample,
    )


def _publication(connection: Connection) -> Row[Any]:
    row = connection.execute(select(table(Publication))).one_or_none()
    if row is None:
        raise Refused("Nothing has been published yet: load files with `families load`, then `families refresh`.")
    return row


def published_rules(engine: Engine, reader: Reader) -> PublishedRules | None:
    """The rules that the published run was made by; nothing where it was published before they were kept."""
    require_rules(reader)
    rules = table(PublishedRuleset)
    with reading(engine) as connection:
        if not inspect(connection).has_table(rules.name):
            return None
        row = connection.execute(select(rules)).one_or_none()
    if row is None:
        return None
    return PublishedRules(
        ruleset=row.ruleset,
        sha256=row.sha256,
        rules=row.rules,
        switches=json.loads(row.switches),
        overlay=row.overlay,
    )


def coverage(engine: Engine) -> tuple[CoverageLine, ...]:
    """What each source speaks for; outside it, silence means unknown."""
    lines = table(PublishedCoverage)
    with reading(engine) as connection:
        return tuple(CoverageLine(**row._mapping) for row in connection.execute(select(lines).order_by(lines.c.source)))


def strand_labels(engine: Engine) -> dict[str, str]:
    """The strands of the published ruleset and their labels, in page order."""
    with reading(engine) as connection:
        rows = connection.execute(select(STRAND.strand, STRAND.label).order_by(STRAND.place))
        return {row.strand: row.label for row in rows}


def list_families(
    engine: Engine,
    reader: Reader,
    *,
    status: str | None = None,
    strand: str | None = None,
    text: str = "",
    standing: str | None = None,
    sort: str = "newest_evidence",
    page: int = 1,
    page_size: int = 25,
) -> FamilyList:
    """One page (from 1) of the families a reader may see.

    `strand` keeps families in which that strand is met; `text` those whose name, or a child's, has it in it; `standing`
    those that stand so towards casework or the publication before.
    Each family on the page is audited, with what was searched for; so is a search that finds nobody.
    """
    if sort not in SORTS:
        raise Refused(f"Families cannot be sorted so; choose one of {', '.join(SORTS)}.")
    if page < 1 or not 1 <= page_size <= MOST_ON_A_PAGE:
        raise Refused(f"A page shows 1 to {MOST_ON_A_PAGE} families, and pages are counted from 1.")
    if strand is not None and not AN_ID.fullmatch(strand):
        raise Refused("There is no such strand.")
    if standing is not None and standing not in STANDINGS:
        raise Refused(f"Families cannot be listed so; choose one of {', '.join(STANDINGS)}.")
    if status is not None and status not in STATUSES:
        raise Refused("Families are not listed by such a status.")
    asked = {"status": status, "strand": strand, "text": text, "standing": standing, "sort": sort, "page": page}
    seen = _decided(engine, reader, lambda: may_see(reader), action="list_families")
    wanted = _wanted(seen, status=status, strand=strand, text=text)
    if standing is not None:
        wanted = and_(wanted, STANDINGS[standing])
    with audited(engine, reader) as connection:
        total = connection.execute(select(func.count()).select_from(table(PublishedFamily)).where(wanted)).scalar_one()
        query = _families_kept(connection).where(wanted).order_by(*SORTS[sort])
        rows = connection.execute(query.limit(page_size).offset((page - 1) * page_size)).all()
        families = _summaries(connection, rows)
        shown: list[str | None] = [row.family_id for row in rows]
        ids = shown or [None]
        audit.note(connection, reader, action="list_families", family_ids=ids, detail=asked, result_count=total)
    return FamilyList(families=families, total=total)


def count_families(engine: Engine, reader: Reader, *, standing: str) -> int:
    """How many families a reader may see stand so; the number of the list that `list_families` gives."""
    seen = _decided(engine, reader, lambda: may_see(reader), action="count_families")
    wanted = and_(seen, STANDINGS[standing])
    with audited(engine, reader) as connection:
        total = connection.execute(select(func.count()).select_from(table(PublishedFamily)).where(wanted)).scalar_one()
        asked = {"standing": standing}
        audit.note(connection, reader, action="count_families", family_ids=[None], detail=asked, result_count=total)
    return int(total)


def strand_counts(engine: Engine, reader: Reader) -> tuple[tuple[str, str, dict[str, int]], ...]:
    """Of families seen that meet the criteria: each strand, its label, and how many there are of each outcome."""
    _decided(engine, reader, lambda: require_eligible(reader), action="count_strands")
    wanted = and_(may_see(reader), FAMILY.status == "eligible")
    with audited(engine, reader) as connection:
        query = (
            select(STRAND.strand, STRAND.label, OUTCOME.outcome, func.count().label("families"))
            .join(table(PublishedOutcome), OUTCOME.strand == STRAND.strand)
            .join(table(PublishedFamily), FAMILY.family_id == OUTCOME.family_id)
            .where(wanted)
            .group_by(STRAND.strand, STRAND.label, STRAND.place, OUTCOME.outcome)
            .order_by(STRAND.place, OUTCOME.outcome)
        )
        counts: dict[tuple[str, str], dict[str, int]] = {}
        for strand, label, outcome, families in connection.execute(query):
            counts.setdefault((strand, label), {})[outcome] = families
        audit.note(connection, reader, action="count_strands", family_ids=[None], detail={"strands": len(counts)})
    return tuple((strand, label, found) for (strand, label), found in counts.items())


def _decided(engine: Engine, reader: Reader, decide: Callable[[], ValueT], *, action: str) -> ValueT:
    """A decision of access; a refusal is written down before it is given."""
    try:
        return decide()
    except NotAllowed as refusal:
        with audited(engine, reader) as connection:
            audit.note(connection, reader, action=f"{action}_refused", family_ids=[None], detail={"why": str(refusal)})
        raise


def _families_kept(connection: Connection) -> Select[Any]:
    """The columns of families that this casebook has: one published by an earlier version lacks the newest."""
    kept = {column["name"] for column in inspect(connection).get_columns(PublishedFamily.__tablename__)}
    return select(*(column for column in FAMILY if column.name in kept))


def _wanted(seen: ColumnElement[bool], *, status: str | None, strand: str | None, text: str) -> ColumnElement[bool]:
    conditions = [seen]
    if status is not None:
        conditions.append(FAMILY.status == status)
    if strand is not None:
        of_family = OUTCOME.family_id == FAMILY.family_id
        conditions.append(exists().where(of_family, OUTCOME.strand == strand, OUTCOME.outcome == "met"))
    folded = fold(text)
    if folded:
        of_family = and_(MEMBER.family_id == FAMILY.family_id, MEMBER.role == "child")
        in_child = exists().where(of_family, MEMBER.name_folded.contains(folded, autoescape=True))
        conditions.append(or_(FAMILY.name_folded.contains(folded, autoescape=True), in_child))
    return and_(*conditions)


def _summaries(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[FamilySummary, ...]:
    ids = [row.family_id for row in rows]
    query = select(MEMBER.family_id, MEMBER.name, MEMBER.age).where(MEMBER.family_id.in_(ids), MEMBER.role == "child")
    children = _grouped(connection, query.order_by(MEMBER.family_id, MEMBER.place), by="family_id")
    strands = _strand_outcomes(connection, ids)
    return tuple(
        FamilySummary(
            family_id=row.family_id,
            name=row.name,
            status=row.status,
            children=tuple(ChildBrief(name=child.name, age=child.age) for child in children[row.family_id]),
            strands=strands[row.family_id],
            newest_evidence_on=row.newest_evidence_on,
            unknown=row.unknown,
            size=row.size,
            near_miss=row._mapping.get("near_miss") or "",
        )
        for row in rows
    )


def _grouped(connection: Connection, query: Select[Any], *, by: str) -> defaultdict[Hashable, list[Row[Any]]]:
    groups: defaultdict[Hashable, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(query):
        groups[row._mapping[by]].append(row)
    return groups


def _strand_outcomes(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[StrandOutcome, ...]]:
    query = (
        select(OUTCOME.family_id, OUTCOME.strand, STRAND.label, OUTCOME.outcome, OUTCOME.reason)
        .join(table(PublishedStrand), OUTCOME.strand == STRAND.strand)
        .where(OUTCOME.family_id.in_(ids))
        .order_by(OUTCOME.family_id, STRAND.place)
    )
    groups = _grouped(connection, query, by="family_id")
    return {
        family_id: tuple(
            StrandOutcome(strand=row.strand, label=row.label, outcome=row.outcome, reason=row.reason)
            for row in groups[family_id]
        )
        for family_id in ids
    }


def family_record(engine: Engine, reader: Reader, family_id: str) -> FamilyRecord:
    """Everything the record page shows of one family; audited as one read of it."""
    seen = _decided(engine, reader, lambda: may_open(reader), action="read_family")
    record = _decided(engine, reader, lambda: _read_family(engine, reader, family_id, seen), action="read_family")
    if record is None:
        raise NotAllowed("There is no family under this id that you may see.")
    return record


def _read_family(engine: Engine, reader: Reader, family_id: str, seen: ColumnElement[bool]) -> FamilyRecord | None:
    with audited(engine, reader) as connection:
        family = _family(connection, family_id, seen) if AN_ID.fullmatch(family_id) else None
        if family is not None:
            restricted.require_recent_sign_in(connection, reader, family_id)
        record = _record(connection, reader, family) if family else None
        audit.note(
            connection,
            reader,
            action="read_family" if record else "read_family_refused",
            family_ids=[family_id if record else None],
            detail={} if record else {"asked": family_id[:64], "why": "no such family, or not theirs to see"},
        )
    return record


def _family(connection: Connection, family_id: str, seen: ColumnElement[bool]) -> Row[Any] | None:
    columns = (FAMILY.family_id, FAMILY.name, FAMILY.status, FAMILY.address)
    query: Select[Any] = select(*columns).where(FAMILY.family_id == family_id, seen)
    return connection.execute(query).one_or_none()


def _record(connection: Connection, reader: Reader, family: Row[Any]) -> FamilyRecord:
    record = FamilyRecord(
        family_id=family.family_id,
        name=family.name,
        status=family.status,
        address=family.address,
        members=_members(connection, family.family_id),
        strands=_strand_outcomes(connection, [family.family_id])[family.family_id],
        findings=_findings(connection, family.family_id),
        schooling=schooling_of(connection, family.family_id),
        ties=_ties(connection, family.family_id),
        queries=queries_of(connection, family.family_id),
        restrictions=restricted.kinds_over(connection, family.family_id),
        opened_until=emergency.opened_until(connection, reader, family.family_id),
    )
    is_withheld = family.family_id in restricted.without_address(connection, reader, [family.family_id])
    return _address_withheld(record) if is_withheld else record


def _address_withheld(record: FamilyRecord) -> FamilyRecord:
    """Without the address, and without the words of why people belong together, which may say where they live."""
    members = tuple(replace(member, why=ADDRESS_WITHHELD) for member in record.members)
    ties = tuple(replace(tie, why=ADDRESS_WITHHELD) for tie in record.ties)
    return replace(record, address=None, members=members, ties=ties, is_address_withheld=True)


def _members(connection: Connection, family_id: str) -> tuple[Member, ...]:
    columns = (
        *(MEMBER.person_id, MEMBER.name, MEMBER.sex, MEMBER.date_of_birth, MEMBER.age),
        *(MEMBER.role, MEMBER.is_resident, MEMBER.school, MEMBER.why),
    )
    query = select(*columns).where(MEMBER.family_id == family_id).order_by(MEMBER.place)
    return tuple(Member(**row._mapping) for row in connection.execute(query))


def _findings(connection: Connection, family_id: str) -> tuple[FindingView, ...]:
    named = and_(MEMBER.family_id == FINDING.family_id, MEMBER.person_id == FINDING.person_id)
    query = (
        select(table(PublishedFinding), MEMBER.name.label("person_name"))
        .outerjoin(table(PublishedMember), named)
        .where(FINDING.family_id == family_id)
        .order_by(FINDING.finding_id)
    )
    evidence, of_safety = _evidence(connection, family_id), _safety_criteria(connection)
    return tuple(
        FindingView(
            person_id=row.person_id,
            person_name=row.person_name,
            strand=row.strand,
            criterion=row.criterion,
            label=row.label,
            outcome=row.outcome,
            sentence=row.sentence,
            newest_on=row.newest_on,
            evidence=tuple(evidence[row.finding_id]),
            is_safety=row.criterion in of_safety,
        )
        for row in connection.execute(query)
    )


def _safety_criteria(connection: Connection) -> frozenset[str]:
    """The criteria that ask about somebody's safety, by the ruleset of the published run; none where it is not kept."""
    rules = table(PublishedRuleset)
    if not inspect(connection).has_table(rules.name):
        return frozenset()
    kept = connection.execute(select(rules.c.rules)).scalar_one_or_none()
    return frozenset(each["id"] for each in json.loads(kept or "{}").get("criterion", ()) if each["table"] in OF_SAFETY)


def _evidence(connection: Connection, family_id: str) -> defaultdict[int, list[Evidence]]:
    query = (
        select(EVIDENCE.finding_id, EVIDENCE.source, EVIDENCE.file, EVIDENCE.row)
        .join(table(PublishedFinding), EVIDENCE.finding_id == FINDING.finding_id)
        .where(FINDING.family_id == family_id)
        .order_by(EVIDENCE.finding_id, EVIDENCE.place)
    )
    evidence: defaultdict[int, list[Evidence]] = defaultdict(list)
    for finding_id, source, file, number in connection.execute(query):
        evidence[finding_id].append(Evidence(source=source, file=file, row=number))
    return evidence


def _ties(connection: Connection, family_id: str) -> tuple[Tie, ...]:
    query = (
        select(TIE.person_a, TIE.person_b, TIE.tie, TIE.why)
        .where(TIE.family_id == family_id)
        .order_by(TIE.strength, TIE.person_a, TIE.person_b, TIE.tie)
    )
    return tuple(Tie(**row._mapping) for row in connection.execute(query))


def demo_staff(engine: Engine) -> list[StaffMember]:
    """Whom the demo chooser offers; refused on a casebook that is not a sample."""
    with reading(engine) as connection:
        require_sample(connection)
        rows = connection.execute(select(table(Staff)).where(STAFF.is_demo)).all()
    order = {role: place for place, role in enumerate(ROLES)}
    return sorted(map(_staff_member, rows), key=lambda member: (order.get(member.role, len(order)), member.name))


def staff_by_id(engine: Engine, staff_id: str) -> StaffMember | None:
    """A member of staff; made-up staff are nobody on a casebook that is not a sample."""
    with reading(engine) as connection:
        row = connection.execute(select(table(Staff)).where(STAFF.staff_id == staff_id)).one_or_none()
        if row is None or (row.is_demo and not _is_sample(connection)):
            return None
    return _staff_member(row)


def _is_sample(connection: Connection) -> bool:
    return bool(connection.execute(select(table(Publication).c.is_sample)).scalar_one_or_none())


def require_sample(connection: Connection) -> None:
    """Refuse what only a casebook with the sample authority may do."""
    if not _is_sample(connection):
        raise NotAllowed("Made-up staff exist only in a casebook that holds the sample authority.")


def _staff_member(row: Row[Any]) -> StaffMember:
    return StaffMember(
        staff_id=row.staff_id,
        name=row.name,
        role=row.role,
        role_label=ROLES.get(row.role, row.role),
        is_demo=row.is_demo,
    )
