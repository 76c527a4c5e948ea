"""The frames that pages show, built from what the casebook hands over: only columns that appear on the screen.

A chart and its table come from the same frame. Cells are plain text; `for_markdown` escapes them for `st.table`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from dashboard import words
from families.casebook.views import (
    CoverageLine,
    Evidence,
    FamilyRecord,
    FamilySummary,
    FindingView,
    HalfTermAbsence,
    Member,
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
    return frame.with_columns(pl.col(texts).map_elements(words.escape_markdown, return_dtype=pl.String))


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


def _not_known(family: FamilySummary, *, in_full: bool) -> str:
    return family.unknown or "none" if in_full else strands_that_are("unknown", family.strands)


def coverage(lines: Iterable[CoverageLine]) -> pl.DataFrame:
    """What each source speaks for."""
    labelled = [(source_label(line.source), line.sentence) for line in lines]
    rows = [(label, _capital(said.removeprefix(f"{label}: "))) for label, said in labelled]
    return _text_frame(("Source", "What it covers"), rows)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def members(them: Iterable[Member]) -> pl.DataFrame:
    """Who is in the family, and why each of them."""
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
                member.why,
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


def absence(rows: Iterable[HalfTermAbsence], *, person_id: str) -> pl.DataFrame:
    """One child's sessions by half term, in the order handed over; a half term without data stays in, as blank."""
    mine = [row for row in rows if row.person_id == person_id]
    return pl.DataFrame(
        {
            "Half term": [words.half_term(row.half_term) for row in mine],
            "Possible": [row.possible for row in mine],
            "Authorised": [row.authorised for row in mine],
            "Unauthorised": [row.unauthorised for row in mine],
        },
        schema={
            "Half term": pl.String,
            "Possible": pl.Int64,
            "Authorised": pl.Int64,
            "Unauthorised": pl.Int64,
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
    """The absence chart's table: the sessions behind each bar."""
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


def _text_frame(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def alt(frame: pl.DataFrame, what: str) -> str:
    """A table's text equivalent: what it lists, how many rows, and its columns."""
    return f"{what}: {words.counted(len(frame), 'row')}; columns {words.listed(frame.columns)}."
