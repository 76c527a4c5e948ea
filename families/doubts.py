"""What is in doubt, as questions that a person can answer: are these two one person; is this adult of that family?

Each question shows both sides field by field, says in a sentence why it is asked and what would follow, and stands in
order of what would follow for eligibility: an order of work, not of people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from families.casebook.selection import family_names
from families.criteria.ruleset import Ruleset
from families.doubt_effects import effects, weighed_up
from families.households.ties import TieReason
from families.linkage.duck import digests
from families.linkage.prepare import KEYS
from families.tables.run import Doubts
from families.tables.source_names import source_label

MOST = 5_000  # questions of each kind weighed up; the strongest evidence first, the rest counted
PAIR, TIE = "pair", "tie"
WEAK_TIES = (TieReason.SAME_SURNAME, TieReason.SAME_ADDRESS)
CONTACTS_IN_DOUBT = (TieReason.CONTACT_LEFT, TieReason.CONTACT_DISCOUNTED, TieReason.CONTACT_NOT_BILLED)
WHY = {
    "twins": "They may be twins, or one child twice",
    "refused": "They are alike enough for one person, but something speaks for two",
    "swapped_birth": "Day and month of birth are swapped, and nothing else says that they are one person",
    "alike": "They are too alike for chance, and not alike enough to be sure",
    "weak_tie": "Nothing stronger than a surname or an address puts this adult into the family",
    "doubtful_contact": "A school lists this adult as living with the child, and other evidence speaks against it",
}
FIELDS = {
    "Forename": "forename",
    "Surname": "surname",
    "Date of birth": "date_of_birth",
    "Sex": "sex",
    "UPN": "upn",
    "Address": "address",
    "Known from": "known_from",
}
ASKED = [*KEYS, "forename", "surname", "date_of_birth", "sex", "upn"]  # of the persons table, all that is shown
NOT_COMPARED = {PAIR: ("Known from",), TIE: ("Forename", "Date of birth", "Sex", "UPN", "Known from")}
MATCH, DIFFERS, MISSING = "match", "differs", "missing"


def ask(
    rules: Ruleset, records: Mapping[str, pl.DataFrame], tables: Mapping[str, pl.DataFrame], *, facts_of: Any
) -> pl.DataFrame:
    """The Doubts table. `facts_of` gathers the facts of tables like the run's, in which people are put together."""
    pairs = _pairs(tables["doubtful_pairs"], tables["family_members"])
    ties = _ties(tables)
    asked = pl.concat([pairs, ties], how="diagonal_relaxed")
    if asked.is_empty():
        return Doubts.create_empty()
    keyed = _with_keys(asked, tables["person_of_record"])
    what_if = weighed_up(keyed, tables, _names_of_families(tables))
    found = effects(rules, what_if, keyed, tables, facts_of=facts_of)
    sides = _sides(keyed, records["persons"], tables)
    whole = keyed.join(found, on="doubt_id").join(sides, on="doubt_id")
    ordered = whole.sort("order", "asks", "weight", "doubt_id", descending=[False, False, True, False], nulls_last=True)
    return Doubts.validate(
        ordered.with_columns(pl.int_range(pl.len()).alias("place")).select(list(Doubts.columns())), cast=True
    )


def _pairs(doubtful: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Pairs of which one at least is in a child's family."""
    inside = members["person_id"].unique()
    touching = doubtful.filter(
        pl.col("person_a").is_in(inside.implode()) | pl.col("person_b").is_in(inside.implode()),
        pl.col("person_a") != pl.col("person_b"),
    )
    best = touching.sort("weight", *_both(), descending=[True, *[False] * 8], nulls_last=False)
    return best.head(MOST).with_columns(asks=pl.lit(PAIR), found=pl.lit(touching.height, pl.Int64))


def _both() -> list[str]:
    return [f"{name}_{end}" for end in ("a", "b") for name in KEYS]


def _ties(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Adults of whom it is in doubt whether they belong to a family: the adult is `person_a`, a child `person_b`."""
    members = tables["family_members"]
    children = members.filter(pl.col("role") == "child").select("family_id", child="person_id")
    weak = _in_doubt(tables, WEAK_TIES)
    either = pl.concat([weak.select(person_id=one, other=other) for one, other in (_ENDS, _ENDS[::-1])])
    adults = members.filter(pl.col("is_resident") & (pl.col("role") != "child"))
    strong = tables["links"].filter(~pl.col("tie").is_in(_named(WEAK_TIES)) & pl.col("is_resident"))
    held = pl.concat([strong.select(person_id="person_a"), strong.select(person_id="person_b")]).unique()
    inside = members.select("family_id", other="person_id")
    by_weak = (
        adults.join(either.unique(), on="person_id")
        .join(inside, on=["family_id", "other"], how="semi")
        .join(held, on="person_id", how="anti")
        .join(children, on="family_id")
        .select("family_id", "child", person_a="person_id", kind=pl.lit("weak_tie"))
    )
    contacts = _in_doubt(tables, CONTACTS_IN_DOUBT).filter(~pl.col("is_resident"))
    listed = (
        contacts.select(child="person_a", person_a="person_b")
        .join(children, on="child")
        .join(adults.select("family_id", person_a="person_id"), on=["family_id", "person_a"], how="anti")
        .select("family_id", "child", "person_a", kind=pl.lit("doubtful_contact"))
    )
    found = pl.concat([by_weak, listed]).sort("family_id", "person_a", "kind", "child")
    found = found.unique(["family_id", "person_a"], keep="first", maintain_order=True)
    settled = _decided_ties(tables)
    found = found.join(settled, on=["family_id", "person_a"], how="anti")
    return found.head(MOST).select(
        "person_a",
        "family_id",
        "kind",
        person_b="child",
        asks=pl.lit(TIE),
        found=pl.lit(found.height, pl.Int64),
    )


_ENDS = ("person_a", "person_b")


def _named(reasons: Sequence[TieReason]) -> list[str]:
    return [reason.name.lower() for reason in reasons]


def _in_doubt(tables: Mapping[str, pl.DataFrame], reasons: Sequence[TieReason]) -> pl.DataFrame:
    return tables["links"].filter(pl.col("tie").is_in(_named(reasons)))


def _decided_ties(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Adults of whom somebody has decided already whether they belong to the family of a child."""
    decided = tables["links"].filter(pl.col("tie").is_in(_named([TieReason.DECIDED, TieReason.RULED_OUT])))
    children = tables["family_members"].filter(pl.col("role") == "child").select("family_id", child="person_id")
    return (
        decided.select(child="person_a", person_a="person_b")
        .join(children, on="child")
        .select("family_id", "person_a")
        .unique()
    )


def _with_keys(asked: pl.DataFrame, of_record: pl.DataFrame) -> pl.DataFrame:
    """Each question with a record of either side, and an id made of the two."""
    involved = pl.concat([asked["person_a"], asked["person_b"]]).unique()
    first = of_record.filter(pl.col("person_id").is_in(involved.implode())).sort(KEYS)
    first = first.unique("person_id", keep="first", maintain_order=True)
    for end in ("a", "b"):
        names = {name: f"first_{name}_{end}" for name in KEYS} | {"person_id": f"person_{end}"}
        asked = asked.join(first.select(*KEYS, "person_id").rename(names), on=f"person_{end}", how="left")
    for name in _both():
        stated = pl.col(name) if name in asked.columns else pl.lit(None)
        asked = asked.with_columns(pl.coalesce(stated, f"first_{name}").alias(name))
    text = pl.concat_str("asks", *(pl.col(name).cast(pl.String) for name in _both()), separator="|")
    texts = asked.select(text.alias("text"))["text"]
    return asked.with_columns(doubt_id=pl.Series(digests(texts, "D"), dtype=pl.String)).unique(
        "doubt_id", keep="first", maintain_order=True
    )


def _names_of_families(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    surnames = tables["people"].select("person_id", "surname")
    return family_names(tables["family_members"].join(surnames, on="person_id", how="left"))


# -- side by side --------------------------------------------------------------------------------------------------


def _sides(asked: pl.DataFrame, persons: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """By question what both sides say, field by field, whether they agree, and the sentence that sums it up."""
    involved = pl.concat([asked["person_a"], asked["person_b"]]).unique()
    said = _said(involved, persons, tables)
    rows = [
        _side_by_side(question, said.get(question["person_a"], {}), said.get(question["person_b"], {}))
        for question in asked.select("doubt_id", "asks", "kind", "person_a", "person_b").iter_rows(named=True)
    ]
    columns = ("doubt_id", "name_a", "name_b", "sides", "sentence")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def _said(
    involved: pl.Series, persons: pl.DataFrame, tables: Mapping[str, pl.DataFrame]
) -> dict[str, dict[str, list[str]]]:
    """What the records of each person say, each value once, the most frequent first."""
    of_record = tables["person_of_record"].filter(pl.col("person_id").is_in(involved.implode()))
    labels = tables["addresses"].select("address_id", address="label")
    placed = tables["address_of_record"].select(*KEYS, "address_id").join(labels, on="address_id")
    held = (
        of_record.select(*KEYS, "person_id")
        .join(persons.select(ASKED), on=KEYS)
        .join(placed.drop("address_id"), on=KEYS, how="left")
        .with_columns(
            pl.col("date_of_birth").dt.strftime("%d/%m/%Y"),
            known_from=pl.col("source").replace_strict(
                {source: source_label(source) for source in persons["source"].unique()}, return_dtype=pl.String
            ),
        )
    )
    long = held.select("person_id", *FIELDS.values()).unpivot(index="person_id", variable_name="field").drop_nulls()
    counted = long.group_by("person_id", "field", "value").len()
    ordered = counted.sort("person_id", "field", "len", "value", descending=[False, False, True, False])
    said: dict[str, dict[str, list[str]]] = {}
    grouped = ordered.group_by("person_id", "field", maintain_order=True).agg("value")
    for person, field, values in grouped.iter_rows():
        said.setdefault(person, {})[field] = values
    return said


def _side_by_side(
    question: dict[str, Any], one: dict[str, list[str]], other: dict[str, list[str]]
) -> tuple[str, str, str, str, str]:
    rows = [
        (
            label,
            " / ".join(one.get(field, [])),
            " / ".join(other.get(field, [])),
            "" if label in NOT_COMPARED[question["asks"]] else _agreement(one.get(field, []), other.get(field, [])),
        )
        for label, field in FIELDS.items()
    ]
    return (
        question["doubt_id"],
        _name(one),
        _name(other),
        json.dumps(rows, ensure_ascii=False),
        _sentence(WHY[question["kind"]], rows),
    )


def _agreement(one: Sequence[str], other: Sequence[str]) -> str:
    if not one or not other:
        return MISSING
    return MATCH if {each.casefold() for each in one} & {each.casefold() for each in other} else DIFFERS


def _name(said: dict[str, list[str]]) -> str:
    parts = [said[field][0] for field in ("forename", "surname") if said.get(field)]
    return " ".join(parts) or "Name not known"


def _sentence(why: str, rows: Sequence[tuple[str, str, str, str]]) -> str:
    said = [
        f"{_listed(labels)} {verb if len(labels) > 1 else singular}"
        for agreement, verb, singular in (
            (MATCH, "agree", "agrees"),
            (DIFFERS, "differ", "differs"),
            (MISSING, "are missing on a side", "is missing on a side"),
        )
        if (labels := [row[0] if row[0] == "UPN" else row[0].lower() for row in rows if row[3] == agreement])
    ]
    return f"{why}: {'; '.join(said)}."


def _listed(things: Sequence[str]) -> str:
    *most, last = things
    return f"{', '.join(most)} and {last}" if most else last
