"""The parts of a written address: unit, number, street, town and postcode in normal form.

A unit is never lost and a house number never changed. Knows no gazetteer.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from families.reference import REFERENCE

TEXTS = ["uprn", "saon", "paon", "street", "town", "address", "postcode"]
PARTS = ["unit", "number", "street", "town", "postcode"]

UNIT_WORDS = "FLAT|UNIT|ROOM|STUDIO|MAISONETTE|BEDSIT|CARAVAN|PLOT|ANNEXE|SUITE"
ROAD_WORDS = (
    "ROAD|STREET|AVENUE|LANE|CLOSE|DRIVE|CRESCENT|GARDENS|PLACE|TERRACE|SQUARE|WAY|GROVE|WALK|MEWS|RISE|PARADE|"
    "BOULEVARD|APPROACH"
)
STREET_WORDS = (
    f"{ROAD_WORDS}|CHASE|HILL|GREEN|PARK|VIEW|END|ROW|CIRCUS|BROADWAY|BYWAY|QUAY|WHARF|ESPLANADE|PATH|DENE|DALE|"
    "CROFT|FIELD|FIELDS|MEADOW|MEADOWS|VALE|CAUSEWAY|COMMON|HEATH|LEAS|REACH|DRIFT|LEYS|COURT"
)
POSTCODE_IN_TEXT = r"\b([A-Z]{1,2}[0-9][0-9A-Z]?) ?([0-9][A-Z]{2})\s*$"
# Postcode areas of the United Kingdom, Jersey, Guernsey and Man (Royal Mail).
AREAS = (
    "AB|AL|B|BA|BB|BD|BH|BL|BN|BR|BS|BT|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|E|EC|EH|EN|EX|FK|FY|"
    "G|GL|GU|GY|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|L|LA|LD|LE|LL|LN|LS|LU|M|ME|MK|ML|N|NE|NG|NN|NP|"
    "NR|NW|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|S|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|TA|TD|TF|TN|TQ|TR|TS|TW|UB|"
    "W|WA|WC|WD|WF|WN|WR|WS|WV|YO|ZE"
)
OUTWARD, OUTWARD_OF_AREA = r"^[A-Z]{1,2}[0-9][0-9A-Z]?$", rf"^(?:{AREAS})[0-9][0-9A-Z]?$"
NO_FIXED_ABODE = r"\b(?:NO FIXED (?:ABODE|ADDRESS)|NFA|HOMELESS|UNKNOWN|NOT KNOWN|ADDRESS WITHHELD)\b"


@cache
def _abbreviations() -> dict[str, dict[str, str]]:
    listed = pl.read_csv(REFERENCE / "address_abbreviations.csv")
    return {
        where: dict(group.select("short", "long").iter_rows())
        for (where,), group in listed.sort("short").group_by("where", maintain_order=True)
    }


def plain_address(text: pl.Expr) -> pl.Expr:
    """Upper case; letters, digits, commas, slashes and hyphens between numbers; abbreviations written out."""
    upper = text.str.normalize("NFKD").str.to_uppercase().str.replace_all(r"\p{M}", "")
    upper = upper.str.replace_all(r"['’`.]", "").str.replace_all(r"[;|\n\r\t]+", ",").str.replace_all("&", " AND ")
    upper = upper.str.replace_all(r"(\d)\s*[-–]\s*(\d)", "${1}-${2}").str.replace_all(r"[^A-Z0-9,/-]+", " ")
    upper = upper.str.replace_all(r"([^\d])-|-([^\d])|^-|-$", "${1} ${2}")
    upper = upper.str.replace_all(r"\s*,[\s,]*", ", ").str.replace_all(r"\s+", " ").str.strip_chars(", ")
    return _written_out(upper)


def _written_out(text: pl.Expr) -> pl.Expr:
    words = _abbreviations()
    for short, long in words["any"].items():
        text = text.str.replace_all(rf"\b{short}\b", long)
    for short, long in words["start"].items():
        text = text.str.replace_all(rf"(^|, |\d[A-Z]? ){short} ([A-Z])", f"${{1}}{long} ${{2}}")
    for short, long in words["end"].items():
        text = text.str.replace_all(rf"([A-Z]) {short}( |,|$)", f"${{1}} {long}${{2}}")
    return text


def split_addresses(texts: pl.DataFrame) -> pl.DataFrame:
    """Adds `unit`, `number`, `street`, `town` and `postcode` in normal form to texts as stated."""
    bare_unit = pl.col("saon").str.strip_chars().str.contains(r"^(?i)(?:[0-9]+[A-Z]?|[A-Z])$")
    saon = pl.when(bare_unit).then("FLAT " + pl.col("saon")).otherwise("saon")
    joined = pl.concat_str([saon, "paon", "street", "town"], separator=", ", ignore_nulls=True)
    in_parts = pl.col("street").is_not_null() & (pl.col("paon").is_not_null() | pl.col("saon").is_not_null())
    written = plain_address(pl.when(in_parts).then(joined).otherwise("address"))
    frame = texts.with_columns(text=written, stated_pc=_postcode(pl.col("postcode"))).rename(
        {name: f"stated_{name}" for name in TEXTS}
    )
    tail = pl.col("text").str.extract_groups(POSTCODE_IN_TEXT)
    frame = frame.with_columns(
        text_pc=pl.when(tail.struct[0].is_not_null()).then(tail.struct[0] + " " + tail.struct[1]),
        text=pl.col("text").str.replace(POSTCODE_IN_TEXT, "").str.strip_chars(", "),
    ).with_columns(postcode=pl.coalesce("stated_pc", "text_pc"))
    frame = frame.with_columns(text=pl.when(~pl.col("text").str.contains(NO_FIXED_ABODE)).then(pl.col("text")))
    return _with_parts(_with_unit(frame)).select(
        "text_id", "stated_uprn", "stated_address", "text", *PARTS, "street_key"
    )


def _postcode(text: pl.Expr) -> pl.Expr:
    """`CM1 1AA`, with O for 0 and I or L for 1 put right where only a digit or letter can stand; else nothing.

    What is a postcode of an area that there is stays as written: the O of CO1 and the L of SL1 are letters.
    """
    packed = text.str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    groups = packed.str.extract_groups(r"^([A-Z0-9]{2,4})([0-9OIL])([A-Z0-9]{2})$")
    outward = groups.struct[0].str.replace(r"([0-9])O$", "${1}0").str.replace(r"([0-9])[IL]$", "${1}1")
    readings = [outward, _with_digits(outward, letters=2), _with_digits(outward, letters=1)]
    known = [pl.when(each.str.contains(OUTWARD_OF_AREA)).then(each) for each in readings]
    formed = [pl.when(each.str.contains(OUTWARD)).then(each) for each in readings]
    inward = groups.struct[1].str.replace("O", "0").str.replace("[IL]", "1")
    letters = groups.struct[2].str.replace_all("0", "O").str.replace_all("1", "I")
    whole = pl.coalesce(*known, *formed) + " " + inward + letters
    return pl.when(whole.str.contains(r" [0-9][A-Z]{2}$")).then(whole)


def _with_digits(outward: pl.Expr, *, letters: int) -> pl.Expr:
    """The first part of a postcode with a digit after so many letters."""
    area = f"^([A-Z]{{{letters}}})"
    return outward.str.replace(f"{area}O", "${1}0").str.replace(f"{area}[IL]", "${1}1")


UNIT = rf"\b(?:{UNIT_WORDS})\s*(?:NO|NUMBER)?\s*([0-9]+[A-Z]?|[A-Z][0-9]*)(?:\b|$)"
FLOOR = (
    r"\b(BASEMENT|GROUND FLOOR|LOWER GROUND FLOOR|FIRST FLOOR|SECOND FLOOR|THIRD FLOOR|TOP FLOOR|TOP|FRONT|REAR|GARDEN)"
    r" (?:FLAT|MAISONETTE|ROOM)\b"
)
SLASH = r"^([0-9]+[A-Z]?|[A-Z])\s*/\s*([0-9A-Z]+)\b"
PAIR = r"^([0-9]+[A-Z]?|[A-Z]), (?:[A-Z][A-Z ]+, )?([0-9]+[A-Z]?(?:-[0-9]+)?) [A-Z]"


def _with_unit(frame: pl.DataFrame) -> pl.DataFrame:
    """Takes the unit out of the text: FLAT 2, GROUND FLOOR FLAT, 2/14, or a first number before a second."""
    by_word = pl.col("text").str.extract(UNIT)
    by_floor = pl.col("text").str.extract(FLOOR)
    by_slash = pl.col("text").str.extract(SLASH)
    by_pair = pl.col("text").str.extract(PAIR)
    rest = (
        pl.when(by_word.is_not_null())
        .then(pl.col("text").str.replace(UNIT, ","))
        .when(by_floor.is_not_null())
        .then(pl.col("text").str.replace(FLOOR, ","))
        .when(by_slash.is_not_null())
        .then(pl.col("text").str.replace(SLASH, "${2}"))
        .when(by_pair.is_not_null())
        .then(pl.col("text").str.replace(r"^[0-9A-Z]+, ", ""))
        .otherwise(pl.col("text"))
    )
    rest = rest.str.replace_all(r"(?:\s*,\s*)+", ", ").str.strip_chars(", ")
    return frame.with_columns(unit=pl.coalesce(by_word, by_floor, by_slash, by_pair), rest=rest)


HOUSE_NUMBER = r"([0-9]+(?:-[0-9]+)?(?: ?[A-Z])?)"


def _with_parts(frame: pl.DataFrame) -> pl.DataFrame:
    """Number or building name, street and town of what is left once the unit is out."""
    starts = pl.col("rest").str.extract_groups(rf"(?:^|, )(?:NO )?{HOUSE_NUMBER}(?:,| )\s*(.*)$")
    inside = pl.col("rest").str.extract_groups(rf"^[A-Z][A-Z ]* {HOUSE_NUMBER} ([A-Z].*)$")
    last = pl.col("rest").str.extract_groups(r"^(.+?) ([0-9]+[A-Z]?)$")
    number = pl.coalesce(starts.struct[0], inside.struct[0], last.struct[1])
    line = pl.coalesce(starts.struct[1], inside.struct[1], last.struct[0])
    frame = frame.with_columns(number=number.str.replace_all(" ", ""), line=line)
    return _with_street(frame)


STREET = rf"^(.*?\b(?:{ROAD_WORDS})(?: (?:NORTH|SOUTH|EAST|WEST))?)\b[ ,]*(.*)$"
OTHER_STREET = rf"^(.*?\b(?:{STREET_WORDS})(?:\s+(?:{STREET_WORDS}))*)\b[ ,]*(.*)$"
BUILDING_WORDS = "HOUSE|COURT|LODGE|TOWER|TOWERS|HEIGHTS|MANSIONS|APARTMENTS|BUILDINGS|POINT|HALL|COTTAGE|FARM"
RUN_ON = rf"^((?:[A-Z]+ )+(?:{BUILDING_WORDS})) ([A-Z][^,]*)"


def _building_before_street(frame: pl.DataFrame) -> pl.DataFrame:
    """`NELSON HOUSE CRANBOURNE ROAD` and `2 PARK HOUSE MANOR CLOSE`: no comma parts flat, building and street."""
    line = pl.coalesce("line", "rest")
    run_on = line.str.extract_groups(RUN_ON)
    words = run_on.struct[1].str.contains(rf"^[A-Z]+ .*\b(?:{STREET_WORDS})$")
    is_flat = pl.col("unit").is_null() & pl.col("number").str.contains(r"^[0-9]+[A-Z]?$")
    parted = (pl.col("number").is_null() | is_flat) & words.fill_null(False)
    return frame.with_columns(
        unit=pl.when(parted).then(pl.coalesce("unit", "number")).otherwise("unit"),
        number=pl.when(parted).then(run_on.struct[0]).otherwise("number"),
        line=pl.when(parted).then(line.str.replace(RUN_ON, "${2}")).otherwise("line"),
    )


def _with_street(frame: pl.DataFrame) -> pl.DataFrame:
    """Street and town of the line after the number; a named building stands for a number where there is none."""
    frame = _building_before_street(frame)
    first, second = (pl.col("rest").str.split(", ").list.get(place, null_on_oob=True) for place in (0, 1))
    after = pl.col("rest").str.replace(r"^[^,]+, ", "")
    is_street = rf" (?:{STREET_WORDS})$"
    has_two = pl.col("number").is_null() & second.is_not_null()
    has_two &= second.str.contains(is_street) | ~first.str.contains(is_street)
    frame = frame.with_columns(
        number=pl.when(has_two).then(first).otherwise(pl.col("number")),
        line=pl.when(has_two).then(after).otherwise(pl.coalesce("line", "rest")),
    )
    segments = pl.col("line").str.split(", ")
    line = segments.list.get(0, null_on_oob=True)
    road, other = line.str.extract_groups(STREET), line.str.extract_groups(OTHER_STREET)
    street = pl.coalesce(road.struct[0], other.struct[0], line)
    after = pl.coalesce(road.struct[1], pl.when(road.struct[0].is_null()).then(other.struct[1]))
    town = pl.concat_str(
        [after.replace("", None), segments.list.slice(1).list.join(" ").replace("", None)],
        separator=" ",
        ignore_nulls=True,
    )
    frame = frame.with_columns(street=street.replace("", None), town=town.replace("", None))
    return frame.with_columns(street_key=street_key("street"))


def street_key(name: str) -> pl.Expr:
    """What a street, or a building written in its place, is compared by."""
    return pl.col(name).str.replace_all(" ", "").str.replace_all("SAINT", "ST")
