"""Common Transfer Files: one for each school and the latest year, with every pupil's contacts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from families.synthetic import rates
from families.synthetic.agencies.school_systems import SchoolSystems
from families.synthetic.agencies.xml_text import element, escaped, when_filled
from families.synthetic.mistakes import as_held, first_lines
from families.synthetic.streams import pick, stream
from families.synthetic.world import World, as_date
from families.synthetic.writing import LEDGER

_CODES = {
    ("parent", "F"): "PAM", ("parent", "M"): "PAF", ("step_parent", "F"): "STM", ("step_parent", "M"): "STF",
    ("other_carer", "F"): "FOM", ("other_carer", "M"): "FOF", ("grandparent", "F"): "CAR", ("grandparent", "M"): "CAR",
}  # fmt: skip


def contacts(world: World) -> pl.DataFrame:
    """Who each child's school would call: child, adult, code, responsibility, lives_with, home of the adult."""
    rng = stream(world.seed, "contacts")
    # The state of care on the last day: one row a child and adult, the newest.
    care = (
        world.dwelling.care.sort("child", "adult", "from")
        .unique(["child", "adult"], keep="last", maintain_order=True)
        .filter(pl.col("from") <= world.last)
    )
    care = care.filter(~pl.Series(world.hidden[care["adult"].to_numpy()]))
    adult, child = care["adult"].to_numpy(), care["child"].to_numpy()
    home_of, household = world.dwelling.home_of_household, world.people.household
    with_child = home_of[household[adult]] == home_of[household[child]]
    resident = care["resident"].to_numpy()
    left = ~resident & (world.families.left_on[world.people.family[child]] >= 0)
    dice = rng.random(len(adult))
    missed = np.where(resident, dice < rates.CONTACT_MISSED * world.errors, dice < 0.38)
    # One in twenty of those who left is still down as living there: mostly those who left lately.
    kept_as_resident = ~resident & (dice > 1 - rates.CONTACT_KEPT * world.errors * np.where(left, 4.0, 0.5))
    own = pl.DataFrame(
        {
            "child": child,
            "adult": adult,
            "code": [
                _CODES[relation, sex]
                for relation, sex in zip(care["relation"].to_list(), world.people.sex[adult].tolist(), strict=True)
            ],
            "responsible": (care["relation"] == "parent").to_numpy()
            & ((world.people.sex[adult] == "F") | (rng.random(len(adult)) < 0.9)),
            "lives_with": with_child | kept_as_resident,
            "home": home_of[household[adult]],
        },
        schema_overrides={"code": pl.String},
    ).filter(~pl.Series(missed))
    return pl.concat([own, _others(world, rng)]).sort("child", "code", "adult")


def _others(world: World, rng: np.random.Generator) -> pl.DataFrame:
    """Relatives, friends and childminders elsewhere, whom a fifth of children have on their list."""
    child = world.schooling.spells["child"].unique().sort().to_numpy()
    child = child[pick(rng.random(len(child)), 0.22)]
    elsewhere = np.flatnonzero((world.people.family < 0) & (world.people.role == "single") & ~world.hidden)
    adult = elsewhere[rng.integers(0, len(elsewhere), len(child))]
    return pl.DataFrame(
        {
            "child": child,
            "adult": adult,
            "code": np.array(["REL", "REL", "FAM", "OTH", "CHM"])[rng.integers(0, 5, len(child))],
            "responsible": np.zeros(len(child), dtype=bool),
            "lives_with": np.zeros(len(child), dtype=bool),
            "home": world.dwelling.home_of_household[world.people.household[adult]],
        },
        schema_overrides={"code": pl.String},
    )


def write_transfer_files(world: World, systems: SchoolSystems, inbox: Path) -> pl.DataFrame:
    """One file a school, pupils in order of UPN."""
    june = int(world.years[-1].days[-1]) - 60
    pupils = (
        world.schooling.spells.filter((pl.col("from") <= world.last) & (pl.col("to") >= june))
        .sort("child", "from")
        .unique(["child", "school"], keep="last", maintain_order=True)
        .join(world.schooling.schools.select("school", "laestab", "estab", "name"), on="school")
        .join(systems.now, left_on="child", right_on="person")
        .sort("laestab", "upn", "child")
        .with_columns(row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("laestab"))
    )
    listed = _listed(world, pupils)
    year = world.years[-1].start_year
    file = pl.concat_str(pl.lit("ctf/"), "laestab", pl.lit("_CTF_881LLLL_001.xml"))
    pupils = pupils.with_columns(file=file)
    blocks = (
        listed.sort("child", "school", "place")
        .group_by("child", "school", maintain_order=True)
        .agg(contacts_xml=_contact_xml().str.join(""))
    )
    texts = (
        pupils.join(blocks, on=["child", "school"], how="left", maintain_order="left")
        .with_columns(pl.col("contacts_xml").fill_null(""))
        .with_columns(pupil_xml=_pupil_xml(world, year))
        .group_by("file", maintain_order=True)
        .agg(pl.col("laestab", "estab", "name").first(), body=pl.col("pupil_xml").str.join("\n"))
    )
    (inbox / "ctf").mkdir(parents=True, exist_ok=True)
    for name, _, estab, school, body in texts.rows():
        (inbox / name).write_text(_whole(world, str(estab), school, body, year), encoding="utf-8")
    return (
        pl.concat(
            [
                pupils.select("file", "row", part=pl.lit("pupil"), person="child"),
                listed.join(pupils.select("child", "school", "file", "row"), on=["child", "school"]).select(
                    "file",
                    "row",
                    part=pl.concat_str(pl.lit("contact "), pl.col("place").cast(pl.String)),
                    person=pl.col("adult").cast(pl.Int64),
                ),
            ]
        )
        .select(list(LEDGER))
        .sort("file", "row", "part")
    )


def _listed(world: World, pupils: pl.DataFrame) -> pl.DataFrame:
    """Contacts of the pupils of each file, as the school holds them, in the order to call."""
    rng = stream(world.seed, "contact order")
    rows = pupils.select("child", "school").join(contacts(world), on="child").sort("child", "school", "adult")
    held = as_held(world, rows.select("home", person="adult"), source="contacts")
    first = {"PAM": 0.0, "FOM": 0.0, "PAF": 0.7, "STM": 1.2, "STF": 1.2, "FOF": 0.7, "CAR": 0.5}
    urgency = rows["code"].replace_strict(first, default=3.0).to_numpy() + rng.random(rows.height)
    phone = stream(world.seed, "phones").integers(0, 100000, len(world.people))
    adult = rows["adult"].to_numpy()
    has_phone = stream(world.seed, "has phone").random(len(world.people)) < 0.8
    numbers = np.where(has_phone[adult], np.char.add("077009", np.char.zfill(phone[adult].astype(str), 5)), "")
    return rows.with_columns(
        pl.Series("urgency", urgency),
        pl.Series("phone", numbers, dtype=pl.String),
        *[
            held[c]
            for c in ("forename", "surname", "sex", "saon", "paon", "street", "locality", "town", "postcode", "form")
        ],
    ).with_columns(place=pl.col("urgency").rank("ordinal").over("child", "school").cast(pl.Int64))


def _contact_xml() -> pl.Expr:
    yes = pl.when("responsible").then(pl.lit("T")).otherwise(pl.lit("F"))
    first, second = first_lines(between=", ")
    own_address = pl.concat_str(
        pl.lit("<AddressLines>"),
        element("AddressLine1", first.str.to_titlecase()),
        when_filled("AddressLine2", second.str.to_titlecase()),
        element("AddressLine3", pl.col("town").str.to_titlecase()),
        pl.lit("</AddressLines>"),
        when_filled("PostCode", pl.col("postcode")),
    )
    address = pl.when("lives_with").then(pl.lit("<AddressAsPupil>T</AddressAsPupil>")).otherwise(own_address)
    return pl.concat_str(
        pl.lit("<Contact>"),
        element("Order", pl.col("place").cast(pl.String)),
        element("Title", pl.when(pl.col("sex") == "M").then(pl.lit("Mr")).otherwise(pl.lit("Mrs"))),
        element("Surname", escaped("surname")),
        element("Forename", escaped("forename")),
        element("Gender", pl.col("sex")),
        element("Relationship", pl.col("code")),
        element("Responsibility", yes),
        element("Address", address),
        pl.when(pl.col("phone") != "")
        .then(
            pl.concat_str(
                pl.lit("<Phones><Phone><TelephoneType>M</TelephoneType><PhoneNo>"),
                "phone",
                pl.lit("</PhoneNo></Phone></Phones>"),
            )
        )
        .otherwise(pl.lit("")),
        pl.lit("</Contact>"),
    )


def _pupil_xml(world: World, year: int) -> pl.Expr:
    born = pl.col("born").cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m-%d").fill_null("")
    titled = {name: pl.col(name).str.to_titlecase() for name in ("saon", "paon", "street", "town")}
    return pl.concat_str(
        pl.lit("<Pupil>"),
        when_filled("UPN", pl.col("upn_elsewhere")),
        element("Surname", escaped("surname")),
        element("Forename", escaped("forename")),
        when_filled("DOB", born),
        element("Gender", pl.col("sex")),
        pl.lit("<BasicDetails>"),
        when_filled("MiddleNames", escaped("middle_names")),
        element("EnrolStatus", pl.col("status")),
        pl.lit("</BasicDetails><Address><BS7666Address>"),
        when_filled("SAON", titled["saon"]),
        element("PAON", titled["paon"]),
        element("Street", titled["street"]),
        element("Town", titled["town"]),
        pl.when(pl.col("child") % 5 < 2)
        .then(element("UniquePropertyReferenceNumber", pl.col("uprn")))
        .otherwise(pl.lit("")),
        pl.lit("</BS7666Address>"),
        when_filled("PostCode", pl.col("postcode")),
        pl.lit("</Address><Contacts>"),
        "contacts_xml",
        pl.lit("</Contacts></Pupil>"),
    )


def _whole(world: World, estab: str, school: str, body: str, year: int) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<CTfile><Header><DocumentName>Common Transfer File</DocumentName>'
        f"<CTFversion>13.0</CTFversion><DateTime>{as_date(world.last).isoformat()}T10:00:00</DateTime>"
        "<DocumentQualifier>full</DocumentQualifier><SupplierID>DEMO</SupplierID>"
        f"<SourceSchool><LEA>881</LEA><Estab>{estab}</Estab><SchoolName>{school}</SchoolName>"
        f"<AcademicYear>{year}</AcademicYear></SourceSchool>"
        "<DestSchool><LEA>881</LEA><Estab>LLLL</Estab></DestSchool></Header>\n<CTFpupilData>\n"
        f"{body}\n</CTFpupilData></CTfile>\n"
    )
