"""What a run knows of families that are followed: events, states and members, each told so that it is known again.

Frames only. A fact has the same key from run to run as long as it is the same, whichever delivery tells of it; what is
new, and what is no longer so, is decided by whoever publishes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping

import polars as pl

from families.casebook.following import FACTS
from families.casebook.selection import NO_NAME
from families.criteria import explain
from families.criteria.facts import EVIDENCE, Facts, in_force, on_roll
from families.criteria.ruleset import Ruleset
from families.dates import is_compulsory_school_age
from families.facts_of_run import gather_facts
from families.tables.source_names import source_label

KEYS = ["source", "delivery", "row", "part"]
MOST_ROWS = 3  # named of a fact that many rows tell
EXCLUDED = {"PERM": "was permanently excluded", "LNCH": "was excluded at lunchtimes"}
CHARACTERS = 24  # of a hash
Tables = Mapping[str, pl.DataFrame]


def followed_facts(
    tables: Tables,
    known: Facts,
    members: pl.DataFrame,
    *,
    rules: Ruleset,
    file_names: Mapping[str, str],
) -> pl.DataFrame:
    """The facts of some families, by family and key; `known` is what `known_of` says of their members."""
    as_of = known.as_of
    parts = [
        _suspensions(known), _offences(known), _asb(known), _off_roll(known, members, as_of=as_of),
        *_by_findings(tables, members, rules=rules, as_of=as_of, file_names=file_names),
    ]  # fmt: skip
    told = [_of_members(part, members) for part in parts]
    told += [_addresses(tables, members), _new_people(tables, members)]
    return _keyed(pl.concat([part.select(*FACTS) for part in told]), file_names)


def members_of_families(tables: Tables, wanted: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """Members of the families on the day, once each, with their names."""
    whole = pl.concat_str("forename", "surname", separator=" ", ignore_nulls=True).str.strip_chars()
    people = tables["people"].select("person_id", "date_of_birth", name=pl.when(whole != "").then(whole))
    return (
        tables["family_members"]
        .join(wanted, on="family_id", how="semi")
        .filter(pl.col("member_to").is_null() | (pl.col("member_to") >= as_of))
        .sort("family_id", "person_id", "role", "reason")
        .unique(["family_id", "person_id"], keep="first", maintain_order=True)
        .join(people, on="person_id", how="left", maintain_order="left")
        .with_columns(pl.col("name").fill_null(NO_NAME))
    )


def known_of(tables: Tables, records: Tables, members: pl.DataFrame, *, as_of: dt.date) -> Facts:
    """What criteria ask, of the members only; rolls are whole, for who is on none shows only by them."""
    of_rolls = records["enrolments"]["delivery"].unique()
    is_theirs = pl.col("person_id").is_in(members["person_id"].unique().implode())
    is_on_a_roll = pl.col("delivery").is_in(of_rolls.implode())
    theirs = {
        name: tables[name].filter(is_theirs)
        for name in ("people", "residences", "absence")
    }  # fmt: skip
    of_record = tables["person_of_record"].filter(is_theirs | is_on_a_roll)
    return gather_facts(
        records,
        {
            **theirs,
            "person_of_record": of_record,
            "address_of_record": tables["address_of_record"].join(of_record, on=KEYS, how="semi"),
            "family_members": tables["family_members"].join(members, on="family_id", how="semi"),
        },
        as_of=as_of,
    )


def _day(column: str) -> pl.Expr:
    return pl.col(column).dt.strftime("%-d %B %Y").fill_null("a day not known")


def _rows() -> pl.Expr:
    """The row of an event, as a list of one."""
    return pl.concat_list(pl.struct(EVIDENCE)).alias("rows")


def _fact(frame: pl.DataFrame, kind: str, *, key: Iterable[str], sentence: pl.Expr, on: str = "on") -> pl.DataFrame:
    parts = [pl.col(name).cast(pl.String).fill_null("") for name in key]
    return frame.select(
        "person_id",
        pl.lit(kind).alias("kind"),
        pl.concat_str([pl.lit(kind), *parts], separator="|").alias("key"),
        pl.col(on).alias("happened_on"),
        sentence.alias("sentence"),
        _rows(),
    )


def _suspensions(known: Facts) -> pl.DataFrame:
    what = pl.col("category").replace_strict(EXCLUDED, default="was suspended")
    length = (
        pl.when(pl.col("sessions").is_not_null()).then(pl.format(" for {} sessions", "sessions")).otherwise(pl.lit(""))
    )
    words = pl.format("{} on {}{}", what, _day("on"), length)
    return _fact(known.events["exclusions"], "suspension", key=("person_id", "on", "category"), sentence=words)


def _offences(known: Facts) -> pl.DataFrame:
    proven = pl.when("is_proven").then(pl.lit("proven")).otherwise(pl.lit("not said to be proven"))
    words = pl.format("has an offence on record, {}, with an outcome on {}", proven, _day("on"))
    key = ("person_id", "on", "offence", "offence_on")
    return _fact(known.events["offences"], "offence", key=key, sentence=words)


def _asb(known: Facts) -> pl.DataFrame:
    behaviour = known.events["asb_measures"].filter(pl.col("ground").fill_null("asb") == "asb")
    words = pl.format("is named in anti-social behaviour ({}) on {}", "kind", _day("on"))
    return _fact(behaviour, "offence", key=("person_id", "on", "kind", "ground"), sentence=words)


def _off_roll(known: Facts, members: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """Children on the register of those missing education, and those whom no school's roll names in term time."""
    children = members.filter(pl.col("role") == "child", pl.col("date_of_birth").is_not_null())
    of_age = [is_compulsory_school_age(day, as_of) for day in children["date_of_birth"]]
    children = children.filter(pl.Series(of_age, dtype=pl.Boolean)).select("person_id").unique()
    register = in_force(known.events["roll"], as_of).join(children, on="person_id", how="semi")
    missing = register.filter(pl.col("status") == "off_roll")
    elsewhere = pl.concat([register, in_force(known.events["provision"], as_of)], how="diagonal")
    left = (
        known.stays.join(children, on="person_id", how="semi")
        .join(on_roll(known.stays, as_of=as_of), on="person_id", how="anti")
        .join(elsewhere, on="person_id", how="anti")
        .sort("ends", "school", nulls_last=False)
        .unique("person_id", keep="last", maintain_order=True)
    )
    left = left.filter(pl.Series([_was_taught_since(day, known, as_of) for day in left["ends"]], dtype=pl.Boolean))
    on_register = _fact(
        missing.sort("on", nulls_last=False).unique("person_id", keep="last", maintain_order=True),
        "off_roll", key=("person_id",), sentence=pl.format("is registered as missing education since {}", _day("on")),
    )  # fmt: skip
    on_none = _fact(
        left.filter(pl.col("delivery").is_not_null()), "off_roll", key=("person_id",), on="ends",
        sentence=pl.format("is on no school's roll by the newest returns, and left the last one on {}", _day("ends")),
    )  # fmt: skip
    return pl.concat([on_register, on_none])


def _was_taught_since(day: dt.date | None, known: Facts, as_of: dt.date) -> bool:
    """Whether school was on after a day: who left in July and begins in September has missed none."""
    after = day or dt.date.min
    return any(max(term.first_day, after) < min(term.last_day, as_of) for term in known.terms if term.last_day > after)


def _by_findings(
    tables: Tables, members: pl.DataFrame, *, rules: Ruleset, as_of: dt.date, file_names: Mapping[str, str]
) -> list[pl.DataFrame]:
    """Thresholds of attendance that a child has crossed, and children who have some difficulty that the rules count."""
    of_children = {each.id: each for each in rules.criterion if each.asked_of == "child"}
    met = (
        tables["findings"]
        .filter(pl.col("outcome") == "met", pl.col("criterion").is_in(list(of_children)))
        .join(members.filter(pl.col("role") == "child"), on=["family_id", "person_id"], how="semi")
        .sort("person_id", "criterion", "newest_on", nulls_last=False)
        .unique(["person_id", "criterion"], keep="last", maintain_order=True)
    )
    told = explain.explained(met, rules=rules, people=tables["people"], as_of=as_of, file_names=file_names)
    told = told.with_columns(rows=_evidence(told["evidence"]))
    attendance = [name for name, each in of_children.items() if each.table == "absence"]
    crossed = told.filter(pl.col("criterion").is_in(attendance)).select(
        "person_id", pl.lit("threshold").alias("kind"),
        pl.concat_str([pl.lit("threshold"), "person_id", "criterion"], separator="|").alias("key"),
        pl.col("newest_on").alias("happened_on"), pl.format("is over a threshold: {}", "label").alias("sentence"),
        "rows",
    )  # fmt: skip
    difficulty = (
        told.sort("person_id", "newest_on", "criterion", nulls_last=False)
        .group_by("person_id", maintain_order=True)
        .agg(pl.col("newest_on").max().alias("happened_on"), pl.col("label").unique().sort(), pl.col("rows").last())
        .select(
            "person_id", pl.lit("another_child").alias("kind"),
            pl.concat_str([pl.lit("another_child"), "person_id"], separator="|").alias("key"), "happened_on",
            pl.format("has a difficulty that the rules count: {}", pl.col("label").list.join("; ")).alias("sentence"),
            "rows",
        )
    )  # fmt: skip
    return [crossed, difficulty]


_ROWS = pl.List(pl.Struct({"source": pl.String, "delivery": pl.String, "row": pl.Int64}))


def _evidence(kept: pl.Series) -> pl.Series:
    rows = [
        [{"source": source, "delivery": delivery, "row": row} for source, delivery, row in explain.evidence_rows(text)]
        if text
        else []
        for text in kept
    ]
    return pl.Series("rows", rows, dtype=_ROWS)


def _of_members(part: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Facts of people as facts of each family that they are members of, told with their names."""
    named = part.join(members.select("family_id", "person_id", "name"), on="person_id")
    return named.with_columns(pl.col("rows").cast(_ROWS), pl.format("{} {}", "name", "sentence").alias("sentence"))


def _addresses(tables: Tables, members: pl.DataFrame) -> pl.DataFrame:
    """The addresses at which a family's children live. Told apart by postcode and numbers: spellings come and go.

    The address itself is not told: whoever may see it sees it on the record.
    """
    children = members.filter(pl.col("role") == "child", pl.col("is_resident"))
    label = pl.concat_str("label", "postcode", separator=" ", ignore_nulls=True).str.to_uppercase()
    tokens = label.str.extract_all(r"[A-Z0-9]+")
    told = tokens.list.filter(pl.element().str.contains(r"\d"))
    place = pl.when(told.list.len() > 2).then(told).otherwise(tokens).list.unique().list.sort().list.join(" ")
    lived = (
        tables["residences"].filter("is_current").group_by("person_id", "address_id").agg(pl.col("lived_from").min())
    )
    rows = _address_rows(tables, children)
    return (
        children.select("family_id", "person_id")
        .join(tables["households"].select("person_id", "address_id").unique(), on="person_id")
        .join(tables["addresses"].select("address_id", place=place), on="address_id")
        .join(lived, on=["person_id", "address_id"], how="left")
        .join(rows, on=["person_id", "address_id"], how="left")
        .group_by("family_id", "place")
        .agg(
            pl.col("lived_from").max().alias("happened_on"),
            pl.col("person_id").n_unique().alias("children"),
            pl.col("rows").list.explode().drop_nulls().unique().sort(),
        )
        .select(
            "family_id", pl.lit(None, pl.String).alias("person_id"), pl.lit(None, pl.String).alias("name"),
            pl.lit("address").alias("kind"), pl.concat_str([pl.lit("address"), "place"], separator="|").alias("key"),
            "happened_on",
            pl.format("The address of the family changed: {} of its children live at one not seen before", "children")
            .alias("sentence"),
            pl.col("rows").cast(_ROWS),
        )
    )  # fmt: skip


def _address_rows(tables: Tables, people: pl.DataFrame) -> pl.DataFrame:
    held = tables["person_of_record"].join(people, on="person_id", how="semi").select(*KEYS, "person_id")
    return (
        held.join(tables["address_of_record"].select(*KEYS, "address_id"), on=KEYS)
        .group_by("person_id", "address_id")
        .agg(pl.struct(EVIDENCE).unique().sort().alias("rows"))
    )


def _new_people(tables: Tables, members: pl.DataFrame) -> pl.DataFrame:
    """Everybody who is in the family: who is there for the first time is new in it."""
    held = tables["person_of_record"].join(members, on="person_id", how="semi")
    rows = held.group_by("person_id").agg(pl.struct(EVIDENCE).unique().sort().alias("rows"))
    how = pl.col("role").replace_strict(
        {"linked": "linked, living elsewhere"}, default=pl.col("role"), return_dtype=pl.String
    )
    return members.join(rows, on="person_id", how="left").select(
        "family_id", "person_id", "name", pl.lit("new_person").alias("kind"),
        pl.concat_str([pl.lit("new_person"), "person_id"], separator="|").alias("key"),
        pl.col("member_from").alias("happened_on"),
        pl.format("{} ({}) is new in the family: {}", "name", how, pl.col("reason").str.strip_chars_end("."))
        .alias("sentence"),
        pl.col("rows").cast(_ROWS),
    )  # fmt: skip


def _keyed(told: pl.DataFrame, file_names: Mapping[str, str]) -> pl.DataFrame:
    """Facts once each, sentences with the rows that show them, keys as hashes: they hold ids and days."""
    once = told.sort("family_id", "key", "happened_on", "sentence", nulls_last=True).unique(
        ["family_id", "key"], keep="first", maintain_order=True
    )
    rows = [_named_rows(each, file_names) for each in once["rows"].to_list()]
    keys = [hashlib.sha256(key.encode()).hexdigest()[:CHARACTERS] for key in once["key"]]
    return once.with_columns(
        pl.Series("key", keys, dtype=pl.String),
        pl.Series("rows", [json.dumps(each, ensure_ascii=False) for each in rows], dtype=pl.String),
    )


def _named_rows(rows: list[dict[str, object]] | None, file_names: Mapping[str, str]) -> list[list[object]]:
    return [
        [source_label(str(row["source"])), file_names.get(str(row["delivery"]), str(row["delivery"])), row["row"]]
        for row in (rows or [])[:MOST_ROWS]
    ]
