"""Reads the tables of a school census as DfE's COLLECT portal gives them out: one CSV a table, joined by pupil keys.

All tables of one year, term and folder are one delivery. Every row of the tables read is counted; tables that say
nothing this product uses are named in the receipt as not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from families.errors import Refused
from families.sources.census_terms import TERM_CODES, CensusTerm, census_term
from families.sources.census_xml import Return, coverage, periods_named
from families.sources.layouts import canonical, layouts
from families.sources.opening import Opened
from families.sources.reading import REJECTED_SCHEMA, rejected_rows, without_repeats
from families.sources.recognise import RawRows, raw_rows, recognise
from families.sources.shaping import Delivery, Read, conform, persons
from families.sources.tabular import UNKNOWN_CATEGORY, UNNAMED, exclusion_category, joined_reasons
from families.sources.values import first_reason, refuse, stack, typed

FILE_NAME = re.compile(r"^(\d{4})_(autumn|spring|summer)_([a-z0-9]+)\.csv$", re.IGNORECASE)
PUPIL_TABLES = ("pupilonroll", "pupilnolongeronroll")
ADDRESSES = {"addressesonroll": "pupilonroll", "addresses": "pupilonroll", "addressesoffroll": "pupilnolongeronroll"}
SESSIONS = {
    "termlysessiondetailsonroll": ("pupilonroll", "1"),
    "termlysessiondetailsoffroll": ("pupilnolongeronroll", "1"),
    "summerhalfterm2sessiondetailsonroll": ("pupilonroll", "2"),
    "summerhalfterm2sessiondetailsoffroll": ("pupilnolongeronroll", "2"),
}
EXCLUSIONS = {"termlyexclusionsonroll": "pupilonroll", "termlyexclusionsoffroll": "pupilnolongeronroll"}
CHILDREN = {**ADDRESSES, **EXCLUSIONS, **{table: parent for table, (parent, _) in SESSIONS.items()}}
RETURNS = "schoolcensus"
LAYOUT_OF = (
    {table: f"collect_{table}" for table in (*PUPIL_TABLES, RETURNS)}
    | dict.fromkeys(ADDRESSES, "collect_addresses")
    | dict.fromkeys(SESSIONS, "collect_sessions")
    | dict.fromkeys(EXCLUSIONS, "collect_exclusions")
)
ORPHAN = "No pupil of the return has this key, so the row belongs to nobody: export the tables together again."
PART_FLAGS = {"row": pl.Int64, "part": pl.String, "field": pl.String, "rule": pl.String, "reason": pl.String}


@dataclass(frozen=True)
class Table:
    """One table of the return: its converted rows, and what was refused or met twice."""

    name: str
    frame: pl.DataFrame
    raw: RawRows
    distinct: pl.DataFrame
    refused: pl.DataFrame
    flags: pl.DataFrame
    duplicate: int

    def without(self, refused: pl.DataFrame) -> Table:
        """The table with more rows refused."""
        return replace(
            self,
            frame=self.frame.join(refused, on="row", how="anti", maintain_order="left"),
            refused=first_reason([self.refused, refused]),
        )


def group_key(path: Path) -> tuple[str, str, str] | None:
    """Folder, year and term of a COLLECT table's file name, or None where the name is not one."""
    match = FILE_NAME.match(path.name)
    known = match is not None and (match[3].lower() in LAYOUT_OF or match[3].lower() in OTHER_TABLES)
    return (str(path.parent), match[1], match[2].lower()) if match and known else None


OTHER_TABLES = frozenset(
    {
        "annualsessiondetailsoffroll", "annualsessiondetailsonroll", "approvisiondetailoffroll",
        "approvisiondetailonroll", "childcare", "classes", "fsmperiod", "fsmperiodsonroll", "fundingbasisitems",
        "learnerfamoffroll", "learnerfamonroll", "learnersupportoffroll", "learnersupportonroll",
        "learningaimsoffroll", "learningaimsonroll", "levels", "nationalitiesoffroll", "nationalitiesonroll",
        "programmeaimsoffroll", "programmeaimsonroll", "provisions", "school", "schoolarrangedapdetailoffroll",
        "schoolarrangedapdetailonroll", "senneeds", "workplaceentityoffroll", "workplaceentityonroll",
    }
)  # fmt: skip


def table_name(name: str) -> str:
    """The table a file holds."""
    match = FILE_NAME.match(name)
    return match[3].lower() if match else ""


def read_collect(files: list[Opened], delivery: Delivery) -> Read:
    """The tables of one return of many schools."""
    tables = {table_name(file.name): _table(file) for file in files if table_name(file.name) in LAYOUT_OF}
    if not any(name in tables for name in PUPIL_TABLES):
        raise Refused(
            f"{files[0].name} is one table of a school census extract, and the table of pupils is not beside it: load "
            "the folder with all tables of the term."
        )
    match = FILE_NAME.match(files[0].name)
    census = census_term(int(match[1]), TERM_CODES[match[2].lower()]) if match else None
    if census is None:
        raise Refused(f"{files[0].name} does not say year and term in its name: name it as COLLECT does.")
    return _read(tables, census, delivery)


def _table(file: Opened) -> Table:
    name = table_name(file.name)
    layout = layouts()[LAYOUT_OF[name]]
    found = recognise(file, [layout], None)
    raw = raw_rows(found)
    distinct, repeats = without_repeats(raw.frame)
    values = typed(canonical(distinct, found.found, layout, None), layout, formats={})
    return Table(name, values.frame, raw, distinct, values.rejected, values.flags, repeats)


def _with_whole_keys(tables: dict[str, Table]) -> None:
    """Where a pupil's key stands on several pupils of a table (it is only unique within a school's return in some
    extracts), the return it came from is made part of the key, there and in the tables that point to it."""
    for parent in PUPIL_TABLES:
        if parent not in tables:
            continue
        frame = tables[parent].frame
        shared = frame.filter(pl.col("pupil").is_duplicated())["pupil"].unique().implode()
        whole = pl.concat_str("pupil", pl.col("native").fill_null(""), pl.col("sent").fill_null(""), separator="|")
        key = pl.when(pl.col("pupil").is_in(shared)).then(whole).otherwise("pupil").alias("pupil")
        for name in (parent, *(child for child, of in CHILDREN.items() if of == parent and child in tables)):
            tables[name] = replace(tables[name], frame=tables[name].frame.with_columns(key))


def _read(tables: dict[str, Table], census: CensusTerm, delivery: Delivery) -> Read:
    returns = _returns(tables.get(RETURNS), census)
    _with_whole_keys(tables)
    for name in PUPIL_TABLES:
        if name in tables:
            tables[name] = _checked_pupils(tables[name])
    pupils = _pupils(tables, returns, census)
    keys = pupils.select("table", "pupil", pl.col("row").alias("pupil_row"), "upn", "school")
    for name, parent in CHILDREN.items():
        if name in tables:
            tables[name] = tables[name].without(_orphans(tables[name], keys.filter(pl.col("table") == parent)))
    for name in EXCLUSIONS:
        if name in tables:
            frame = tables[name].frame.with_columns(exclusion_category().alias("kind"))
            wrong = refuse(frame, pl.col("kind").is_null(), "category_unknown", UNKNOWN_CATEGORY)
            tables[name] = tables[name].without(wrong)
    made = {
        "persons": _persons(tables, pupils),
        "enrolments": pupils,
        "attendance_counts": _counts(tables, pupils, keys, census),
        "exclusions": _exclusions(tables, keys),
        "coverage": _coverage(pupils, census),
    }
    return Read(
        tables={name: conform(name, table, delivery=delivery) for name, table in made.items()},
        rows_in=sum(table.raw.count for table in tables.values()),
        duplicate=sum(table.duplicate for table in tables.values()),
        rejected=_rejected(tables.values()),
        flags=_flags(tables.values()),
    )


def _returns(table: Table | None, census: CensusTerm) -> pl.DataFrame:
    """School and reference date of each return."""
    schema = {"return": pl.String, "school": pl.String, "stated_on": pl.Date}
    if table is None:
        return pl.DataFrame(schema=schema)
    number = pl.col("la").str.replace(r"\.0+$", "") + pl.col("estab").str.replace(r"\.0+$", "").str.zfill(4)
    return table.frame.select(
        "return",
        pl.when(number.str.contains(r"^\d{7}$")).then(number).alias("school"),
        pl.coalesce("stated_on", pl.lit(census.reference_date)).alias("stated_on"),
    ).unique("return", keep="first", maintain_order=True)


def _checked_pupils(table: Table) -> Table:
    unnamed = refuse(table.frame, pl.all_horizontal(pl.col("surname", "forename", "upn").is_null()), "unnamed", UNNAMED)
    again = refuse(
        table.frame,
        pl.col("pupil").is_duplicated() & (pl.int_range(pl.len()).over("pupil") > 0),
        "key_twice",
        "The pupil's key stands on an earlier row too, so the other tables' rows could be either's: export again.",
    )
    return table.without(first_reason([unnamed, again]))


def _pupils(tables: dict[str, Table], returns: pl.DataFrame, census: CensusTerm) -> pl.DataFrame:
    """All pupils, with table, school and date."""
    parts = [
        tables[name].frame.with_columns(
            pl.lit(name).alias("table"), pl.lit(name).alias("part"), pl.lit(name == PUPIL_TABLES[0]).alias("is_on_roll")
        )
        for name in PUPIL_TABLES
        if name in tables
    ]
    native = pl.col("native").str.replace(r"\.0+$", "")
    return (
        pl.concat(parts)
        .join(returns, on="return", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("school", pl.when(native.str.contains(r"^\d{7}$")).then(native)).alias("school"),
            pl.coalesce("stated_on", pl.lit(census.reference_date)).alias("stated_on"),
        )
    )


def _orphans(table: Table, keys: pl.DataFrame) -> pl.DataFrame:
    known = keys["pupil"].implode()
    return refuse(table.frame, ~pl.col("pupil").is_in(known), "orphan", ORPHAN)


def _persons(tables: dict[str, Table], pupils: pl.DataFrame) -> pl.DataFrame:
    """Each pupil with the first address; each further address as the same pupil again, part `... address 2`."""
    parts = [
        tables[name].frame.with_columns(pl.lit(parent).alias("table")).drop("row")
        for name, parent in ADDRESSES.items()
        if name in tables
    ]
    if not parts:
        return persons(pupils, role="pupil")
    ordered = (
        pl.concat(parts)
        .sort("table", "pupil", "order", nulls_last=True, maintain_order=True)
        .unique(subset=[name for name in parts[0].columns if name != "order"], keep="first", maintain_order=True)
        .with_columns((pl.int_range(pl.len()).over("table", "pupil") + 1).alias("place"))
    )
    stated = pupils.join(ordered, on=["table", "pupil"], how="left", maintain_order="left")
    further = pl.concat_str("part", pl.lit(" address "), "place")
    return persons(
        stated.with_columns(pl.when(pl.col("place") > 1).then(further).otherwise("part").alias("part")), role="pupil"
    )


def _counts(tables: dict[str, Table], pupils: pl.DataFrame, keys: pl.DataFrame, census: CensusTerm) -> pl.DataFrame:
    schema = ["row", "part", "period", "code", "sessions"]
    totals = [_totals(pupils, period, suffix) for period, suffix in (("1", ""), ("2", "_2"))]
    coded = [
        tables[name]
        .frame.select("pupil", pl.col("code").str.to_uppercase(), "sessions")
        .join(keys.filter(pl.col("table") == parent), on="pupil", maintain_order="left")
        .with_columns(pl.col("pupil_row").alias("row"), pl.lit(parent).alias("part"), pl.lit(period).alias("period"))
        for name, (parent, period) in SESSIONS.items()
        if name in tables
    ]
    long = pl.concat([part.select(schema) for part in (*totals, *coded)])
    named = periods_named(long, census)
    return named.join(pupils.select("row", "part", "upn", "school"), on=["row", "part"], maintain_order="left").sort(
        "part", "row", "half", "code"
    )


def _totals(pupils: pl.DataFrame, period: str, suffix: str) -> pl.DataFrame:
    """The totals a pupil's row states for a period."""
    names = ("possible", "authorised", "unauthorised")
    stated = pupils.select("row", "part", *(pl.col(f"{name}{suffix}").alias(name) for name in names))
    long = stated.unpivot(index=["row", "part"], variable_name="code", value_name="sessions").drop_nulls("sessions")
    return long.with_columns(pl.lit(period).alias("period"))


def _exclusions(tables: dict[str, Table], keys: pl.DataFrame) -> pl.DataFrame:
    parts = [
        tables[name]
        .frame.drop("row")
        .join(keys.filter(pl.col("table") == parent), on="pupil", maintain_order="left")
        .with_columns(
            pl.col("pupil_row").alias("row"),
            pl.lit(parent).alias("part"),
            exclusion_category().alias("category"),
            joined_reasons().alias("reasons"),
        )
        for name, parent in EXCLUSIONS.items()
        if name in tables
    ]
    return pl.concat(parts) if parts else pl.DataFrame()


def _coverage(pupils: pl.DataFrame, census: CensusTerm) -> pl.DataFrame:
    """What each school's return speaks for."""
    schools = pupils.drop_nulls("school").group_by("school").agg(pl.col("row").min(), pl.col("stated_on").min())
    parts = [
        coverage(Return(school, day, census), row=row, part="")
        for school, row, day in schools.sort("school").select("school", "row", "stated_on").rows()
    ]
    return pl.concat(parts) if parts else pl.DataFrame()


def _rejected(tables: Iterable[Table]) -> pl.DataFrame:
    parts = [rejected_rows(table.refused, table.distinct, table.raw, part=table.name) for table in tables]
    return stack(parts, REJECTED_SCHEMA).sort("part", "row")


def _flags(tables: Iterable[Table]) -> pl.DataFrame:
    parts = [
        table.flags.join(table.refused.select("row"), on="row", how="anti", maintain_order="left").select(
            "row", pl.lit(table.name).alias("part"), "field", "rule", "reason"
        )
        for table in tables
    ]
    return stack(parts, PART_FLAGS).sort("part", "row", maintain_order=True)
