"""The frames that pages show, built from what the casebook hands over: only columns that appear on the screen.

A chart and its table come from the same frame. Cells are plain text; `for_markdown` escapes them for `st.table`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from itertools import accumulate

import polars as pl

from dashboard import words
from dashboard.cells import said
from families.casebook.staff import StaffLine, TeamLine
from families.casebook.views import (
    CoverageLine,
    DecisionView,
    DoubtView,
    Evidence,
    FamilyRecord,
    FamilySummary,
    FindingView,
    HalfTermAbsence,
    Member,
    QueryView,
    StrandOutcome,
    Tie,
)
from families.tables.source_names import source_label

ELIGIBLE = "eligible"  # the assessment that is no strand
NEAR_MISS = "Near miss"
FAMILY_ROW = "Whole family"
UNSEEN = "a person not shown"


def for_markdown(frame: pl.DataFrame) -> pl.DataFrame:
    """The same cells, such that a table which reads Markdown shows them exactly as written."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    for name in texts:
        frame = said(frame, name, words.escape_markdown)
    return frame


def families(them: Sequence[FamilySummary], *, in_full: bool) -> pl.DataFrame:
    """A page of the list; what is not known as the strands' names, or in full with what would settle it.

    What near misses lack has a column where there is one on the page.
    """
    shown = pl.DataFrame(
        {
            "Family": [words.plain(family.name) for family in them],
            "Children and ages": [words.children(family.children, family=family.name) for family in them],
            "Strands met": [strands_that_are("met", family.strands) for family in them],
            "Not known": [_not_known(family, in_full=in_full) for family in them],
            "Newest evidence": [words.short_date(family.newest_evidence_on) for family in them],
            "People": [family.size for family in them],
        },
        schema=dict.fromkeys(("Family", "Children and ages", "Strands met", "Not known", "Newest evidence"), pl.String)
        | {"People": pl.Int64},
    )
    lacking = pl.Series(NEAR_MISS, [family.near_miss for family in them], dtype=pl.String)
    return shown.with_columns(lacking) if any(lacking) else shown


def strands_that_are(outcome: str, strands: Iterable[StrandOutcome]) -> str:
    """The strands of one outcome, by name."""
    return ", ".join(s.label for s in strands if s.outcome == outcome and s.strand != ELIGIBLE) or "none"


def strand_reasons(strands: Iterable[StrandOutcome]) -> pl.DataFrame:
    """Each strand, what was found of it and why."""
    rows = [(strand.label, words.outcome(strand.outcome), strand.reason) for strand in strands]
    return _text_frame(("Strand", "Outcome", "Why"), rows)


def _not_known(family: FamilySummary, *, in_full: bool) -> str:
    return family.unknown or "none" if in_full else strands_that_are("unknown", family.strands)


def coverage(lines: Iterable[CoverageLine]) -> pl.DataFrame:
    """What each source speaks for."""
    labelled = [(source_label(line.source), line.sentence) for line in lines]
    rows = [(label, _capital(said.removeprefix(f"{label}: "))) for label, said in labelled]
    return _text_frame(("Source", "What it covers"), rows)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


DISPUTED = "Disputed: a worker says that this is wrong."


def members(them: Iterable[Member], *, disputed: Set[str] = frozenset()) -> pl.DataFrame:
    """Who is in the family, and why each of them; `disputed` are those of whom somebody says that it is wrong."""
    return _text_frame(
        ("Name", "Age", "Born", "Role", "Lives here", "School", "Why in this family"),
        [
            (
                words.plain(member.name),
                words.age(member.age),
                words.short_date(member.date_of_birth),
                words.role(member.role),
                "yes" if member.is_resident else "no, elsewhere",
                member.school or ("not supplied" if member.role == "child" else ""),
                f"{DISPUTED} {member.why}" if member.person_id in disputed else member.why,
            )
            for member in them
        ],
    )


def strands(record: FamilyRecord) -> pl.DataFrame:
    """Each member by each strand: met where any criterion of the strand is met for that person; long form."""
    asked = [strand for strand in record.strands if strand.strand != ELIGIBLE]
    family = [(FAMILY_ROW, strand.label, words.outcome(strand.outcome)) for strand in asked]
    people = [
        (name, strand.label, _any_of(record.findings, member.person_id, strand.strand))
        for member, name in zip(record.members, distinct_names(record.members), strict=True)
        for strand in asked
    ]
    return _text_frame(("Who", "Strand", "Outcome"), family + people)


def _any_of(findings: Iterable[FindingView], person_id: str, strand: str) -> str:
    outcomes = {finding.outcome for finding in findings if (finding.person_id, finding.strand) == (person_id, strand)}
    first = next((value for value in ("met", "unknown", "not_met") if value in outcomes), None)
    return words.OUTCOMES[first] if first else words.NOT_ASKED


def distinct_names(them: Sequence[Member]) -> list[str]:
    """Each member's name and age, and the same again with a number where two would read alike."""
    names: list[str] = []
    for member in them:
        name = words.person(member.name, member.age)
        alike = sum(1 for other in names if other == name or other.startswith(f"{name}, no. "))
        names.append(f"{name}, no. {alike + 1}" if alike else name)
    return names


def strands_wide(long: pl.DataFrame) -> pl.DataFrame:
    """The strands matrix as a table: one row a member, one column a strand."""
    if long.is_empty():
        return long
    return long.pivot("Strand", index="Who", values="Outcome", maintain_order=True)


def absence(rows: Iterable[HalfTermAbsence], *, person_id: str, baseline: Set[int] = frozenset()) -> pl.DataFrame:
    """One child's sessions by half term, in the order handed over; a half term without data stays in, as blank.

    `baseline` are the places of the half terms before the work began.
    """
    mine = [row for row in rows if row.person_id == person_id]
    return pl.DataFrame(
        {
            "Half term": [words.half_term(row.half_term) for row in mine],
            "Possible": [row.possible for row in mine],
            "Authorised": [row.authorised for row in mine],
            "Unauthorised": [row.unauthorised for row in mine],
            "Suspensions": [row.suspensions for row in mine],
            "Is baseline": [row.place in baseline for row in mine],
            "Told": [words.plain(row.told) for row in mine],
        },
        schema={
            "Half term": pl.String,
            **dict.fromkeys(("Possible", "Authorised", "Unauthorised", "Suspensions"), pl.Int64),
            "Is baseline": pl.Boolean,
            "Told": pl.String,
        },
    ).with_columns(
        _percent("Authorised").alias("Authorised %"),
        _percent("Unauthorised").alias("Unauthorised %"),
    )


def _percent(column: str) -> pl.Expr:
    """A share of possible sessions in percent; blank where nothing was possible, never NaN.

    Cut to a tenth and not rounded, so that no share seems to reach a bound it misses.
    """
    return pl.when(pl.col("Possible") > 0).then(1000 * pl.col(column) // pl.col("Possible") / 10)


def absence_in_words(frame: pl.DataFrame) -> pl.DataFrame:
    """The absence chart's table: the sessions behind each bar, suspensions, and what sets a half term apart."""
    is_baseline = pl.when("Is baseline").then(pl.lit("baseline")).otherwise(pl.lit(""))
    return frame.select(
        pl.col("Half term"),
        *(_or_not_supplied(column) for column in ("Possible", "Authorised", "Unauthorised")),
        *(
            pl.when(pl.col(column).is_null())
            .then(pl.lit(words.NOT_SUPPLIED))
            .otherwise(pl.col(column).cast(pl.String) + "%")
            .alias(column)
            for column in ("Authorised %", "Unauthorised %")
        ),
        pl.col("Suspensions").cast(pl.String).fill_null(words.NOT_KNOWN),
        is_baseline.alias("Before the work"),
        pl.col("Told").alias("What to know"),
    )


def _or_not_supplied(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).fill_null(words.NOT_SUPPLIED)


def findings(them: Iterable[FindingView]) -> pl.DataFrame:
    """Findings side by side: who, what was asked, and what was found."""
    return _text_frame(
        ("Who", "Criterion", "What was found"),
        [(words.plain(finding.person_name or FAMILY_ROW), finding.label, finding.sentence) for finding in them],
    )


def evidence_of_all(findings: Iterable[FindingView]) -> pl.DataFrame:
    """Each row that shows any of several findings."""
    rows = [
        (words.plain(finding.person_name or FAMILY_ROW), finding.label, source_label(item.source), item.file, item.row)
        for finding in findings
        for item in finding.evidence
    ]
    texts = dict.fromkeys(("Who", "Criterion", "Source", "File"), pl.String)
    return pl.DataFrame(rows, schema=texts | {"Row": pl.Int64}, orient="row")


def evidence(them: Iterable[Evidence]) -> pl.DataFrame:
    """Each row that shows a finding."""
    return pl.DataFrame(
        {
            "Source": [source_label(item.source) for item in them],
            "File": [item.file for item in them],
            "Row": [item.row for item in them],
        },
        schema={"Source": pl.String, "File": pl.String, "Row": pl.Int64},
    )


def ties(them: Iterable[Tie], *, members: Sequence[Member]) -> pl.DataFrame:
    """Who is tied to whom and why: the family graph in words, all that ties one pair together."""
    names = dict(zip((member.person_id for member in members), distinct_names(members), strict=True))
    place = {person_id: number for number, person_id in enumerate(names)}
    in_order = sorted(them, key=lambda tie: (place.get(tie.person_a, len(place)), place.get(tie.person_b, len(place))))
    return _text_frame(
        ("One", "Other", "Tie", "Why"),
        [
            (names.get(tie.person_a, UNSEEN), names.get(tie.person_b, UNSEEN), words.tie(tie.tie), tie.why)
            for tie in in_order
        ],
    )


def side_by_side(asked: DoubtView) -> pl.DataFrame:
    """What either side of a doubt says, and whether they agree, in words."""
    first, second = (
        (words.plain(asked.name_a), words.plain(asked.name_b))
        if words.plain(asked.name_a) != words.plain(asked.name_b)
        else ("One side", "Other side")
    )
    return _text_frame(
        ("Field", first, second, "Agreement"),
        [
            (side.field, side.one or "not stated", side.other or "not stated", words.AGREEMENTS[side.agreement])
            for side in asked.sides
        ],
    )


def waterfall(asked: DoubtView) -> pl.DataFrame:
    """What a weight is made of, step by step, with where each step starts and ends; the total last."""
    ends = list(accumulate(bits for _, bits in asked.waterfall))
    rows = [
        (what, bits, end - bits, end, "for" if bits > 0 else "against")
        for (what, bits), end in zip(asked.waterfall, ends, strict=True)
    ]
    total = (ends or [0.0])[-1]
    schema = {"What": pl.String, "Bits": pl.Float64, "From": pl.Float64, "To": pl.Float64, "Speaks": pl.String}
    return pl.DataFrame([*rows, ("in all", total, 0.0, total, "in all")], schema=schema, orient="row")


def waterfall_in_words(shown: pl.DataFrame) -> pl.DataFrame:
    """The waterfall's table: each step and its bits."""
    return said(shown.select("What", "Bits"), "Bits", words.bits)


def decisions(them: Iterable[DecisionView]) -> pl.DataFrame:
    """What was decided of late, by whom and why."""
    return _text_frame(
        ("Number", "About", "Answer", "Reason", "By", "When", "Stands"),
        [
            (
                str(each.decision_id),
                f"{words.plain(each.name_a)} and {words.plain(each.name_b)}",
                words.ANSWERS[each.answer] + (f": decision {each.withdraws}" if each.withdraws else ""),
                each.reason,
                words.plain(each.decided_by),
                words.local_time(each.decided_at),
                "yes" if each.is_in_force else "no",
            )
            for each in them
        ],
    )


def queries(them: Iterable[QueryView], *, with_family: bool) -> pl.DataFrame:
    """What workers say is wrong, when it is due, and what became of it."""
    first = ("Number", "Family") if with_family else ("Number",)
    return _text_frame(
        (*first, "What is wrong", "In their words", "By", "Due", "Result"),
        [
            (
                str(each.query_id),
                *((words.plain(each.family),) if with_family else ()),
                f"{words.plain(each.person)} {each.what}" if each.person else _capital(each.what),
                each.words,
                words.plain(each.raised_by),
                words.short_date(each.due_on),
                words.query_result(each),
            )
            for each in them
        ],
    )


def staff(them: Iterable[StaffLine]) -> pl.DataFrame:
    """Who may open the casebook, as whoever looks after staff sees them."""
    return _text_frame(
        ("Name", "Staff id", "Role", "Team", "Last seen", "Access"),
        [
            (
                words.plain(each.name),
                each.staff_id,
                each.role_label,
                words.plain(each.team) if each.team else "No team",
                words.local_time(each.last_seen_at) if each.last_seen_at else "Never",
                "Disabled" if each.is_disabled else "Made up" if each.is_demo else "May sign in",
            )
            for each in them
        ],
    )


def teams(them: Iterable[TeamLine]) -> pl.DataFrame:
    """The teams and who manages each."""
    rows = [(words.plain(each.name), each.team_id, words.plain(each.manager or "Nobody")) for each in them]
    return _text_frame(("Team", "Team id", "Manager"), rows)


def _text_frame(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def alt(frame: pl.DataFrame, what: str) -> str:
    """A table's text equivalent: what it lists, how many rows, and its columns."""
    return f"{what}: {words.counted(len(frame), 'row')}; columns {words.listed(frame.columns)}."
