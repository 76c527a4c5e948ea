"""Which families of a run enter the casebook, and the rows published of them. Frames in, frames out; no database.

Least data: a family enters because it is eligible, or because a strand that brings families in (education, crime) is
met though it is not eligible yet. Work alone never brings a family in. Nothing is said of anybody who is in no such
family.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from families.casebook.folding import folded, indexed_words
from families.casebook.views import AbsenceRule
from families.dates import compulsory_age_starts, reporting_half_terms, school_leaving_date
from families.tables.records import RECORD_TABLES
from families.tables.run import RUN_TABLES
from families.tables.source_names import source_label

ELIGIBLE = "eligible"
ROLES_IN_ORDER = ("child", "parent", "carer", "adult", "linked")
MAIN_ENROLMENTS = ("C", "M")  # single or main registration, before a subsidiary or guest one
MOST_DOUBTS = 2_000  # questions published: more than anybody answers before the next refresh
NO_NAME = "Name not known"


@dataclass(frozen=True)
class RulesUsed:
    """The rules of a run as JSON: the ruleset whole, the option of each switch, the overlay where there is one."""

    sha256: str
    rules: str
    switches: str
    overlay: str | None = None


@dataclass(frozen=True)
class PublishedRun:
    """What the casebook says of the run it shows."""

    run_id: str
    as_of: dt.date
    ruleset: str
    rules_used: RulesUsed
    is_sample: bool
    published_at: dt.datetime
    absence_rule: AbsenceRule | None
    inputs: str = ""  # a hash of the deliveries the run was made of
    near_miss_strands: tuple[str, ...] = ()  # met, they bring in a family that is not eligible yet


def rows_to_publish(
    tables: Mapping[str, pl.DataFrame],
    *,
    explained: pl.DataFrame,
    strands: Mapping[str, str],
    run: PublishedRun,
    file_names: Mapping[str, str],
) -> dict[str, pl.DataFrame]:
    """The rows of every published table, by table name, in an order that does not depend on that of the input."""
    entering = families_entering(_table(tables, "assessments"), near_miss_strands=run.near_miss_strands)
    members = _members(tables, entering, as_of=run.as_of)
    entering = entering.join(members, on="family_id", how="semi").sort("family_id")
    strand_rows = _strands(tables, strands)
    outcomes = _table(tables, "assessments").join(entering, on="family_id", how="semi").sort("family_id", "strand")
    findings = _findings(explained, entering, members, strand_rows)
    families = _families(entering, members, outcomes, findings, strand_rows, _address_labels(tables, members))
    families = families.join(_near_misses(tables, entering), on="family_id", how="left", maintain_order="left")
    return {
        "publication": _publication(run, families, _table(tables, "assessments")).with_columns(
            inputs=pl.lit(run.inputs, pl.String), doubts_left_out=_doubts_left_out(_table(tables, "doubts"))
        ),
        "published_ruleset": _ruleset(run),
        "published_absence_rule": _absence_rule(run),
        "published_strand": strand_rows,
        "published_coverage": coverage_lines(_table(tables, "coverage"), schools=_table(tables, "schools")),
        "published_family": families,
        "published_member": _with_records(members.drop("surname"), _table(tables, "person_of_record")),
        "published_word": _words(families, members),
        "published_upn": _upns(_table(tables, "persons"), _table(tables, "person_of_record"), members),
        "published_outcome": outcomes.select("family_id", "strand", "outcome", "reason"),
        "published_finding": findings.drop("evidence"),
        "published_evidence": _evidence(findings, file_names),
        "published_absence": absence_by_half_term(_table(tables, "absence"), members=members, as_of=run.as_of),
        "published_tie": _ties(_table(tables, "links"), members),
        "published_doubt": _with_people(
            _table(tables, "doubts").sort("place", "doubt_id").head(MOST_DOUBTS), _table(tables, "person_of_record")
        ),
        "published_quality": pl.concat(
            [_table(tables, "linkage_quality"), _table(tables, "delivery_quality")], how="vertical_relaxed"
        ).sort("figure", "place", "label", "part"),
        "published_sample_pair": _with_people(
            _table(tables, "sample_pairs").sort("place"), _table(tables, "person_of_record")
        ).select(_SAMPLE),
    }


_SAMPLE = ["pair_id", "stratum", "is_linked", "stratum_pairs", "place", "sides", "person_a", "person_b"]
RECORD = ("source", "delivery", "row", "part")


def _table(tables: Mapping[str, pl.DataFrame], name: str) -> pl.DataFrame:
    """A table of the run; empty where the run has none of that name."""
    if name in tables:
        return tables[name]
    declared = RUN_TABLES.get(name) or RECORD_TABLES[name]
    return declared.create_empty()


def families_entering(assessments: pl.DataFrame, *, near_miss_strands: Sequence[str]) -> pl.DataFrame:
    """family_id and status of the families that may enter the casebook."""
    met = assessments.filter(pl.col("outcome") == "met")
    eligible = met.filter(pl.col("strand") == ELIGIBLE).select("family_id").unique()
    near = met.filter(pl.col("strand").is_in(near_miss_strands)).select("family_id").unique()
    near = near.join(eligible, on="family_id", how="anti")
    return pl.concat(
        [eligible.with_columns(status=pl.lit("eligible")), near.with_columns(status=pl.lit("near_miss"))]
    ).sort("family_id")


def _members(tables: Mapping[str, pl.DataFrame], entering: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    role_place = pl.col("role").replace_strict(
        {role: i for i, role in enumerate(ROLES_IN_ORDER)}, return_dtype=pl.Int64
    )
    present = (
        _table(tables, "family_members")
        .join(entering, on="family_id", how="semi")
        .filter(pl.col("member_to").is_null() | (pl.col("member_to") >= as_of))
    )
    people = _table(tables, "people").select("person_id", "forename", "surname", "sex", "date_of_birth")
    return (
        present.join(people, on="person_id", how="left")
        .join(schools_attended(tables, present, as_of=as_of), on="person_id", how="left")
        .with_columns(_name(), role_place=role_place)
        .sort(
            ["family_id", "role_place", "is_resident", "date_of_birth", "name", "person_id", "reason"],
            descending=[False, False, True, True, False, False, False],
            nulls_last=True,
        )
        .unique(["family_id", "person_id"], keep="first", maintain_order=True)
        .select(
            "family_id",
            "person_id",
            pl.int_range(pl.len()).over("family_id").alias("place"),
            "name",
            folded(pl.col("name")).alias("name_folded"),
            "sex",
            "date_of_birth",
            age_in_years(pl.col("date_of_birth"), as_of).alias("age"),
            "role",
            "is_resident",
            "school",
            pl.col("reason").alias("why"),
            "surname",
        )
    )


def _with_records(members: pl.DataFrame, of_record: pl.DataFrame) -> pl.DataFrame:
    """Members with the key of their first record, and the sources that have any of theirs, as JSON."""
    keys = list(RECORD)
    held = of_record.join(members, on="person_id", how="semi").sort(keys)
    first = held.unique("person_id", keep="first", maintain_order=True)
    written = [json.dumps(key) for key in first.select(keys).iter_rows()]
    records = first.select("person_id", record=pl.Series(written, dtype=pl.String))
    return members.join(records, on="person_id", how="left", maintain_order="left").join(
        _sources(held), on="person_id", how="left", maintain_order="left"
    )


def _sources(held: pl.DataFrame) -> pl.DataFrame:
    of_person = held.group_by("person_id").agg(pl.col("source").unique().sort()).sort("person_id")
    written = [json.dumps(sources) for sources in of_person["source"].to_list()]
    return of_person.select("person_id", sources=pl.Series(written, dtype=pl.String))


def _with_people(pairs: pl.DataFrame, of_record: pl.DataFrame) -> pl.DataFrame:
    """Pairs of records with who the run says each is of: whoever is hidden is hidden here too."""
    for end in ("a", "b"):
        keys = [f"{name}_{end}" for name in RECORD]
        people = of_record.unique(list(RECORD), keep="first", maintain_order=True)
        people = people.select(
            *(pl.col(name).alias(f"{name}_{end}") for name in RECORD), **{f"person_{end}": "person_id"}
        )
        pairs = pairs.join(people, on=keys, how="left", maintain_order="left")
    return pairs


def _words(families: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """The words that people are found by: of their names and, without a person, of where their family lives."""
    named = members.filter(pl.col("name") != NO_NAME).select("family_id", "person_id", text="name_folded")
    lives = families.select("family_id", person_id=pl.lit(""), text=folded(pl.col("address")))
    texts = pl.concat([named, lives]).drop_nulls("text")
    known = texts["text"].unique().sort().to_list()
    words = pl.DataFrame(
        {"text": known, "word": [indexed_words(text) for text in known]},
        schema={"text": pl.String, "word": pl.List(pl.String)},
    )
    found = texts.join(words, on="text").explode("word").drop_nulls("word")
    return found.select("word", "family_id", "person_id").unique().sort(pl.all())


def _upns(persons: pl.DataFrame, of_record: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """The UPNs that the records of members state, former ones too."""
    stated = persons.select(*RECORD, upn=pl.concat_list("upn", "former_upn")).explode("upn").drop_nulls("upn")
    held = of_record.select(*RECORD, "person_id").join(members.select("family_id", "person_id"), on="person_id")
    return held.join(stated, on=RECORD).select("upn", "family_id", "person_id").unique().sort(pl.all())


def _name() -> pl.Expr:
    whole = pl.concat_str("forename", "surname", separator=" ", ignore_nulls=True).str.strip_chars()
    return pl.when(whole == "").then(pl.lit(NO_NAME)).otherwise(whole).alias("name")


def age_in_years(born: pl.Expr, day: dt.date) -> pl.Expr:
    """Whole years on a day, as `dates.age_on` counts them."""
    birthday_to_come = (
        born.dt.month().cast(pl.Int32) * 100 + born.dt.day()
    ) > day.month * 100 + day.day  # Int8 would overflow
    return day.year - born.dt.year() - birthday_to_come.cast(pl.Int32)


def schools_attended(tables: Mapping[str, pl.DataFrame], of: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """person_id and the name of the school that the newest return up to the as-of date has them on roll at.

    `of` holds the people asked about.
    """
    enrolments = _table(tables, "enrolments")
    if "person_id" not in enrolments.columns:
        keys = ["delivery", "row", "part"]
        records = _table(tables, "person_of_record").join(of, on="person_id", how="semi")
        enrolments = enrolments.join(records.select(*keys, "person_id").unique(), on=keys)
    names = (
        _table(tables, "schools").sort("school", "delivery", "row").unique("school", keep="last", maintain_order=True)
    )
    newest = (
        enrolments.join(of, on="person_id", how="semi")
        .filter(pl.col("stated_on").is_null() | (pl.col("stated_on") <= as_of))
        .with_columns(is_main=pl.col("enrol_status").fill_null("C").is_in(MAIN_ENROLMENTS))
        .sort(
            ["person_id", "stated_on", "is_on_roll", "is_main", "entry_date", "school"],
            descending=[False, True, True, True, True, False],
            nulls_last=True,
        )
        .unique("person_id", keep="first", maintain_order=True)
        .filter(pl.col("is_on_roll").fill_null(value=True))
    )
    return (
        newest.select("person_id", "school")
        .join(names.select("school", "name"), on="school", how="left")
        .select("person_id", school=pl.coalesce("name", pl.lit("School ") + pl.col("school")))
    )


def _address_labels(tables: Mapping[str, pl.DataFrame], members: pl.DataFrame) -> pl.DataFrame:
    """family_id and address: where most of its resident members live."""
    label, postcode = pl.col("label"), pl.col("postcode")
    has_postcode = label.str.contains(postcode, literal=True).fill_null(value=False)
    shown = (
        pl.when(has_postcode).then(label).otherwise(pl.concat_str(label, postcode, separator=", ", ignore_nulls=True))
    )
    homes = (
        members.filter("is_resident")
        .join(_table(tables, "households").select("person_id", "address_id").unique(), on="person_id")
        .group_by("family_id", "address_id")
        .len()
        .sort(["family_id", "len", "address_id"], descending=[False, True, False])
        .unique("family_id", keep="first", maintain_order=True)
    )
    addresses = _table(tables, "addresses").select("address_id", address=shown)
    return homes.join(addresses, on="address_id", how="left").select("family_id", pl.col("address").replace("", None))


def _strands(tables: Mapping[str, pl.DataFrame], strands: Mapping[str, str]) -> pl.DataFrame:
    assessed = set(_table(tables, "assessments")["strand"].unique().to_list())
    labels = dict(strands) | {
        strand: strand.replace("_", " ").capitalize() for strand in sorted(assessed - strands.keys())
    }
    return pl.DataFrame(
        {"strand": list(labels), "place": list(range(len(labels))), "label": list(labels.values())},
        schema={"strand": pl.String, "place": pl.Int64, "label": pl.String},
    )


def _findings(
    explained: pl.DataFrame, entering: pl.DataFrame, members: pl.DataFrame, strands: pl.DataFrame
) -> pl.DataFrame:
    places = members.select("family_id", "person_id", member_place="place")
    return (
        explained.join(entering, on="family_id", how="semi")
        .join(strands.select("strand", strand_place="place"), on="strand", how="left")
        .join(places, on=["family_id", "person_id"], how="left")
        .sort("family_id", "strand_place", "strand", "criterion", "member_place", "person_id", "sentence")
        .select(
            pl.int_range(1, pl.len() + 1).alias("finding_id"),
            *("family_id", "person_id", "strand", "criterion", "label", "outcome", "sentence", "newest_on", "evidence"),
        )
    )


def _evidence(findings: pl.DataFrame, file_names: Mapping[str, str]) -> pl.DataFrame:
    cited = pl.col("evidence").list
    files = pl.DataFrame(
        {"delivery": list(file_names), "file": list(file_names.values())},
        schema={"delivery": pl.String, "file": pl.String},
    )
    return (
        findings.select("finding_id", pl.col("evidence").str.json_decode(pl.List(pl.List(pl.String))))
        .explode("evidence")
        .select(
            "finding_id",
            source=cited.get(0, null_on_oob=True),
            delivery=cited.get(1, null_on_oob=True),
            row=cited.get(2, null_on_oob=True).cast(pl.Int64),
        )
        .drop_nulls()
        .unique()
        .sort("finding_id", "source", "delivery", "row")
        .join(files, on="delivery", how="left", maintain_order="left")
        .select(
            "finding_id",
            pl.int_range(pl.len()).over("finding_id").alias("place"),
            "source",
            "delivery",
            pl.col("file").fill_null(pl.col("delivery")),
            "row",
        )
    )


def _families(
    entering: pl.DataFrame,
    members: pl.DataFrame,
    outcomes: pl.DataFrame,
    findings: pl.DataFrame,
    strands: pl.DataFrame,
    addresses: pl.DataFrame,
) -> pl.DataFrame:
    facts = members.group_by("family_id").agg(
        pl.col("is_resident").sum().cast(pl.Int64).alias("size"),
        pl.col("date_of_birth").filter(pl.col("role") == "child").max().alias("youngest_born_on"),
    )
    newest = (
        findings.filter(pl.col("outcome") == "met")
        .group_by("family_id")
        .agg(pl.col("newest_on").max().alias("newest_evidence_on"))
    )
    return (
        entering.join(family_names(members), on="family_id", how="left")
        .join(facts, on="family_id", how="left")
        .join(newest, on="family_id", how="left")
        .join(_unknowns(outcomes, strands), on="family_id", how="left")
        .join(addresses, on="family_id", how="left")
        .with_columns(folded(pl.col("name")).alias("name_folded"), pl.col("unknown").fill_null(""))
        .sort("name_folded", "family_id")
        .select(
            "family_id",
            "status",
            "name",
            "name_folded",
            pl.int_range(pl.len()).alias("name_place"),
            "address",
            "size",
            "youngest_born_on",
            "newest_evidence_on",
            "unknown",
        )
    )


def _near_misses(tables: Mapping[str, pl.DataFrame], entering: pl.DataFrame) -> pl.DataFrame:
    """family_id and near_miss: what the near misses among those that enter lack."""
    near = entering.filter(pl.col("status") == "near_miss")
    return (
        _table(tables, "near_misses").join(near, on="family_id", how="semi").select("family_id", near_miss="sentence")
    )


def family_names(members: pl.DataFrame) -> pl.DataFrame:
    """family_id and name: the children's most common surname, the adults' where no child has one."""
    named = (
        members.filter(pl.col("surname").is_not_null() & (pl.col("role") != "linked"))
        .group_by("family_id", "surname", is_child=pl.col("role") == "child")
        .len()
        .sort(["family_id", "is_child", "len", "surname"], descending=[False, True, True, False])
        .unique("family_id", keep="first", maintain_order=True)
    )
    return (
        members.select("family_id")
        .unique()
        .join(named, on="family_id", how="left")
        .select("family_id", name=pl.col("surname").fill_null("Unnamed") + " family")
    )


def _unknowns(outcomes: pl.DataFrame, strands: pl.DataFrame) -> pl.DataFrame:
    said = pl.col("label") + ": " + pl.col("reason").str.strip_chars_end(".") + "."
    return (
        outcomes.filter((pl.col("outcome") == "unknown") & (pl.col("strand") != ELIGIBLE))
        .join(strands, on="strand", how="left")
        .sort("family_id", "place")
        .group_by("family_id", maintain_order=True)
        .agg(said.str.join(" ").alias("unknown"))
    )


def _doubts_left_out(doubts: pl.DataFrame) -> pl.Expr:
    """Questions that the run found beyond those that are put to anybody."""
    found = doubts.select("asks", "found").unique("asks")["found"].sum()
    return pl.lit(found - min(doubts.height, MOST_DOUBTS), pl.Int64)


def _ruleset(run: PublishedRun) -> pl.DataFrame:
    row = {"publication_id": 1, "ruleset": run.ruleset, **vars(run.rules_used)}
    return pl.DataFrame([row], schema_overrides={"overlay": pl.String})


def _absence_rule(run: PublishedRun) -> pl.DataFrame:
    rules = [run.absence_rule] if run.absence_rule else []
    rows = [(1, rule.label, json.dumps(rule.counted)) for rule in rules]
    return pl.DataFrame(
        rows, schema={"publication_id": pl.Int64, "label": pl.String, "counted": pl.String}, orient="row"
    )


def _publication(run: PublishedRun, families: pl.DataFrame, assessments: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "publication_id": [1],
            "run_id": [run.run_id],
            "as_of": [run.as_of],
            "ruleset": [run.ruleset],
            "published_at": [run.published_at.astimezone(dt.UTC)],
            "is_sample": [run.is_sample],
            "absence_threshold_percent": [run.absence_rule.percent if run.absence_rule else None],
            "families_assessed": [assessments["family_id"].n_unique()],
            "eligible": [(families["status"] == "eligible").sum()],
            "near_misses": [(families["status"] == "near_miss").sum()],
        },
        schema_overrides={"absence_threshold_percent": pl.Int64},
    )


def coverage_lines(coverage: pl.DataFrame, *, schools: pl.DataFrame) -> pl.DataFrame:
    """One line and one sentence for each source that says what it covers."""
    known = schools["school"].n_unique()
    lines = (
        coverage.group_by("source")
        .agg(
            pl.col("covers_from").min(),
            pl.col("covers_to").max(),
            schools=pl.when(pl.col("school").is_null().any()).then(None).otherwise(pl.col("school").n_unique()),
            is_inferred=(pl.col("basis") == "inferred").all(),
        )
        .sort("source")
    )
    sentences = [_coverage_sentence(**line, known=known) for line in lines.to_dicts()]
    return lines.drop("is_inferred").with_columns(pl.Series("sentence", sentences, dtype=pl.String))


def _coverage_sentence(
    *, source: str, covers_from: dt.date, covers_to: dt.date, schools: int | None, is_inferred: bool, known: int
) -> str:
    of_known = f" of {known}" if known else ""
    where = "the whole authority" if schools is None else f"{schools}{of_known} schools"
    basis = "inferred from its earliest and latest entries" if is_inferred else "as stated with the delivery"
    return f"{source_label(source)}: {where}, {_day(covers_from)} to {_day(covers_to)}, {basis}."


def _day(day: dt.date) -> str:
    return f"{day.day} {day:%B %Y}"


def absence_by_half_term(absence: pl.DataFrame, *, members: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Sessions of each child by half term, summed over schools, with a blank row where nothing was supplied.

    A gap is a finished half term, within the years the run has attendance for, in which the child was of
    compulsory school age. A term of which some school states only the whole is shown whole.
    """
    children = members.filter(pl.col("role") == "child").select("family_id", "person_id", "name", "date_of_birth")
    calendar = _half_terms(absence["academic_year"])
    supplied = _sums(absence.join(children, on="person_id", how="semi"), calendar, as_of=as_of)
    whole_terms = supplied.filter("is_whole_term").select("person_id", "term_place")
    gaps = (
        _at_school(children, calendar, as_of=as_of)
        .join(supplied, on=["person_id", "place"], how="anti")
        .join(whole_terms, on=["person_id", "term_place"], how="anti")
    )
    columns = ["person_id", "place", "half_term", "possible", "authorised", "unauthorised"]
    blank = gaps.with_columns(pl.lit(None, pl.Int64).alias(name) for name in columns[3:])
    rows = pl.concat([supplied.select(columns), blank.select(columns)])
    named = children.select("family_id", "person_id", "name")
    return named.join(rows, on="person_id").sort("family_id", "person_id", "place")


def _half_terms(years: pl.Series) -> pl.DataFrame:
    """The half terms of the years the run has attendance for, with their days and their place in order."""
    starts = [int(str(year)[:4]) for year in years.unique().drop_nulls()]
    rows = [
        (f"{start}/{(start + 1) % 100:02d}", term, half, start * 10 + place, window.first_day, window.last_day)
        for start in range(min(starts, default=0), max(starts, default=-1) + 1)
        for place, (term, half, window) in enumerate(reporting_half_terms(start), start=1)
    ]
    columns = ["academic_year", "term", "half", "place", "first_day", "last_day"]
    types = [pl.String(), pl.String(), pl.Int32(), pl.Int64(), pl.Date(), pl.Date()]
    return pl.DataFrame(rows, schema=dict(zip(columns, types, strict=True)), orient="row").with_columns(
        term_place=pl.col("place").min().over("academic_year", "term"),
        half_term=pl.concat_str("academic_year", "term", "half", separator=" "),
    )


def _sums(absence: pl.DataFrame, calendar: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    term = ["person_id", "academic_year", "term"]
    halves = calendar.select("academic_year", "term", "half", "place", "term_place", "half_term", "first_day")
    return (
        absence.with_columns(is_whole_term=pl.col("half").is_null().any().over(term))
        .with_columns(half=pl.when("is_whole_term").then(pl.lit(1, pl.Int32)).otherwise("half"))
        .group_by(*term, "half", "is_whole_term")
        .agg(pl.col("possible", "authorised", "unauthorised").sum().cast(pl.Int64))
        .join(halves, on=["academic_year", "term", "half"])
        .filter(pl.col("first_day") <= as_of)
        .with_columns(
            half_term=pl.when("is_whole_term")
            .then(pl.concat_str("academic_year", "term", separator=" "))
            .otherwise("half_term")
        )
    )


def _at_school(children: pl.DataFrame, calendar: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """Every finished half term of every child of compulsory school age in it."""
    born = children["date_of_birth"].drop_nulls().unique().sort()
    at_school = pl.DataFrame(
        {
            "date_of_birth": born,
            "starts": [compulsory_age_starts(day) for day in born],
            "leaves": [school_leaving_date(day) for day in born],
        },
        schema={"date_of_birth": pl.Date, "starts": pl.Date, "leaves": pl.Date},
    )
    finished = calendar.filter(pl.col("last_day") < as_of)
    return (
        children.select("person_id", "date_of_birth")
        .unique()
        .join(at_school, on="date_of_birth")
        .join(finished, how="cross")
        .filter((pl.col("starts") <= pl.col("last_day")) & (pl.col("leaves") >= pl.col("first_day")))
        .select("person_id", "place", "term_place", "half_term")
    )


def _ties(links: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    person = members.select("family_id", "person_id")
    return (
        links.filter(pl.col("person_a") != pl.col("person_b"))
        .join(person.rename({"person_id": "person_a"}), on="person_a")
        .join(person.rename({"person_id": "person_b"}), on=["family_id", "person_b"], how="semi")
        .sort(
            ["family_id", "strength", "person_a", "person_b", "tie", "is_resident", "valid_from", "source", "reason"],
            descending=[False, False, False, False, False, True, True, False, False],
            nulls_last=True,
        )
        .unique(["family_id", "person_a", "person_b", "tie"], keep="first", maintain_order=True)
        .select(
            "family_id",
            "person_a",
            "person_b",
            "tie",
            "strength",
            "relation",
            "is_resident",
            pl.col("reason").alias("why"),
        )
    )
