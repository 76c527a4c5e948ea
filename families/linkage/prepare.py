"""Records as they can be compared: one row per record in a fixed order, names and dates in normal form.

Placeholders and defaults that many records share are missing values, not evidence. What a role says about age
becomes a span of birth years: a liable adult is not a child, a pupil not a pensioner.
"""

from __future__ import annotations

import polars as pl

from families.linkage import names
from families.linkage.name_order import in_usual_order

KEYS = ["source", "delivery", "row", "part"]
CHILD_ROLES = ("pupil", "child")
ADULT_ROLES = ("contact", "liable", "claimant", "adult", "parent", "carer", "tenant", "elector", "partner")
TITLE_SEX = {"MR": "M", "MASTER": "M", "SIR": "M", "MRS": "F", "MISS": "F", "MS": "F", "LADY": "F"}
ADULT_AGE = 18  # of people in an adult's role whose age no record gives
LEAVING_AGE = 20  # oldest of people held as pupils
UNIQUE_PUPILS = ("school_census", "school_census_tables", "common_transfer_file")
FURTHER_ADDRESS = r" address [0-9]+$"  # part of a further row that a census pupil's other address makes
ROWS_AT_ONCE = 200_000
EVENTS = ("police_domestic",)  # sources whose rows name several people of one event
UNIQUE_ROWS = ("dwp_match", "electoral_register", "destinations", "pupils", "adults")


def prepare(persons: pl.DataFrame | pl.LazyFrame, address_of_record: pl.DataFrame) -> pl.DataFrame:
    """Every record with `r`, its place in the order of keys, and everything linkage compares.

    Persons still to be read (a LazyFrame) are read here, and lie in memory no longer than it takes to prepare them.
    """
    ordered = in_order(in_usual_order(persons.lazy().select(READ).collect()), first=0)
    at = ordered.select(KEYS).join(address_of_record, on=KEYS, how="left", maintain_order="left")["address_id"]
    dated = _with_birth_dates(_at_address_of_event(ordered.with_columns(at)))
    del ordered, at
    slices = [_comparable(part) for part in dated.iter_slices(ROWS_AT_ONCE)]
    return _put_together(slices) if slices else _comparable(dated)


def _put_together(slices: list[pl.DataFrame]) -> pl.DataFrame:
    """The slices as one frame, column by column, so that a county never lies in memory twice."""
    columns = []
    for name in slices[0].columns:
        columns.append(pl.concat([part.get_column(name) for part in slices], rechunk=True))
        slices[:] = [part.drop(name) for part in slices]
    return pl.DataFrame(columns)


def _at_address_of_event(placed: pl.DataFrame) -> pl.DataFrame:
    """All whom one event names are compared at the address stated of one of them: they were there together.

    It says nothing of where they live, and no residence follows from it.
    """
    columns = ("address_id", "postcode")
    of_event = pl.col("source").is_in(EVENTS)
    stated = [pl.col(name).drop_nulls().min().over("source", "delivery", "row") for name in columns]
    events = placed.filter(of_event).select(
        "r", *(pl.coalesce(name, value) for name, value in zip(columns, stated, strict=True))
    )
    whole = pl.concat([placed.filter(~of_event).select("r", *columns), events]).sort("r")
    return placed.with_columns(whole.select(columns))


def _comparable(dated: pl.DataFrame) -> pl.DataFrame:
    """What is worked out row by row, some rows at a time: a county at once would need twice the memory."""
    return _with_exclusive(_with_birth_years(_with_names(dated))).select(
        "r", *KEYS, "role", *_NAMES, "sex", *_BIRTH, *_IDS, "address_id", "postcode", "stated_on", *_SPAN, *_ROLES
    )


def in_order(persons: pl.DataFrame, *, first: int) -> pl.DataFrame:
    """Records in the order of their keys, numbered `r` from `first`."""
    return persons.sort(KEYS).with_row_index("r", offset=first).with_columns(pl.col("r").cast(pl.Int64))


_NAMES = [
    "given",
    "family_name",
    "forename",
    "surname",
    "other_forename",
    "other_surnames",
]
_BIRTH = ["dob", "dob_weak", "born_low", "born_high"]
_IDS = ["upn", "former_upn", "uln", "nhs_number", "nino", "source_person_id"]
_SPAN = ["valid_from", "valid_to"]
_ROLES = ["is_child", "is_adult", "exclusive", "child_row"]


_STATED_NAMES = ["forename", "surname", "preferred_forename", "preferred_surname", "former_surname"]
_BORN = ["date_of_birth", "birth_year", "birth_month", "birth_day", "age"]
READ = [  # columns of persons
    *KEYS,
    "role",
    *_STATED_NAMES,
    "title",
    "sex",
    *_BORN,
    *_IDS,
    "postcode",
    "stated_on",
    "valid_from",
    "valid_to",
]


def _with_names(frame: pl.DataFrame) -> pl.DataFrame:
    """Names in normal form; worked out once for each different way of stating them."""
    ways = frame.select(_STATED_NAMES).unique(maintain_order=True).with_row_index("way")
    whole = frame.join(ways, on=_STATED_NAMES, nulls_equal=True, maintain_order="left")
    normal = whole.select("r", "way").join(_normal_names(ways), on="way", maintain_order="left").drop("way")
    title = names.plain(pl.col("title")).replace_strict(TITLE_SEX, default=None, return_dtype=pl.String)
    sex = pl.coalesce(pl.when(pl.col("sex").is_in(["F", "M"])).then("sex"), title)
    return whole.drop(*_STATED_NAMES, "way").with_columns(sex=sex).join(normal, on="r", maintain_order="left")


def _normal_names(ways: pl.DataFrame) -> pl.DataFrame:
    text = pl.col("text")
    first = names.first_forename(names.normal_forenames(text))
    given = _each_once(
        ways["forename"], forename=first, given=pl.when(first.is_not_null()).then(text.str.strip_chars())
    )
    family = _each_once(
        ways["surname"],
        surname=names.normal_surname(text),
        family_name=pl.when(names.normal_surname(text).is_not_null()).then(text),
        parts=names.surname_parts(text),
    )
    preferred = _each_once(ways["preferred_forename"], other_forename=first)
    others = [
        _each_once(ways[name], **{name: names.normal_surname(text)}) for name in ("former_surname", "preferred_surname")
    ]
    normal = pl.concat([ways.select("way"), given, family, preferred, *others], how="horizontal")
    stated = pl.concat_list("former_surname", "preferred_surname", pl.col("parts").fill_null([])).list.drop_nulls()
    other = stated.list.unique().list.set_difference(pl.concat_list("surname")).list.sort()
    return normal.with_columns(other_surnames=other).drop("parts", "former_surname", "preferred_surname")


def _each_once(texts: pl.Series, **normal: pl.Expr) -> pl.DataFrame:
    """Expressions over `text`, worked out once for each different text and laid out in the order of the texts."""
    asked = pl.DataFrame({"text": texts})
    known = asked.unique(maintain_order=True).with_columns(**normal)
    return asked.join(known, on="text", how="left", nulls_equal=True, maintain_order="left").drop("text")


def _with_birth_dates(frame: pl.DataFrame) -> pl.DataFrame:
    """`dob` where it is evidence; `dob_weak` where it may be a default: 1 January, or a date a source overuses."""
    parts = pl.date(pl.col("birth_year"), pl.col("birth_month"), pl.col("birth_day"))
    whole = pl.all_horizontal(pl.col("birth_year", "birth_month", "birth_day").is_not_null())
    stated = pl.coalesce("date_of_birth", pl.when(whole).then(parts))
    frame = frame.with_columns(stated=pl.when(stated.dt.year() > 1901).then(stated))
    often = pl.len().over("source", "stated")
    usual = pl.col("stated").count().over("source") / pl.col("stated").n_unique().over("source")
    shared = pl.when(pl.col("stated").is_not_null()).then((often > 20) & (often > 12 * usual)).fill_null(False)
    new_year = (pl.col("stated").dt.month() == 1) & (pl.col("stated").dt.day() == 1)
    doubtful = (new_year | shared).fill_null(False)
    return frame.with_columns(
        dob=pl.when(~doubtful).then("stated"), dob_weak=pl.when(doubtful & ~(shared & ~new_year)).then("stated")
    )


def _with_birth_years(frame: pl.DataFrame) -> pl.DataFrame:
    stated_year = pl.col("stated_on").dt.year()
    year = pl.coalesce(pl.col("dob").dt.year(), pl.col("dob_weak").dt.year(), "birth_year").cast(pl.Int32)
    child, adult = pl.col("role").is_in(CHILD_ROLES), pl.col("role").is_in(ADULT_ROLES)
    low = pl.coalesce(year, stated_year - pl.col("age") - 1, pl.when(child).then(stated_year - LEAVING_AGE))
    high = pl.coalesce(year, stated_year - pl.col("age"), pl.when(adult).then(stated_year - ADULT_AGE))
    return frame.with_columns(
        born_low=low.cast(pl.Int32),
        born_high=high.cast(pl.Int32),
        is_child=child.fill_null(False),
        is_adult=adult.fill_null(False),
    )


def _with_exclusive(frame: pl.DataFrame) -> pl.DataFrame:
    """`exclusive`: where two records have the same key and another identity, they are two people, whatever else agrees.

    Rows of one delivery of a de-duplicated source (the UPN or the source's own number tells whether two rows are one
    pupil twice), and the several people of one row. Both are hashes: they are only ever compared. `child_row` is the
    row whose child a contact belongs to.
    """
    part = pl.col("part").str.replace(FURTHER_ADDRESS, "")
    row, own = pl.format("{}|{}", "delivery", "row"), pl.format("{}|{}", "row", part)
    pupils = pl.col("source").is_in(UNIQUE_PUPILS) & pl.col("is_child")
    key = pl.when(pupils | pl.col("source").is_in(UNIQUE_ROWS)).then(pl.format("{}|{}", "delivery", "source"))
    identity = pl.when(pupils | pl.col("source").is_in(("pupils", "adults"))).then(
        pl.coalesce("upn", "source_person_id")
    )
    of_delivery = pl.struct(key=_hashed(key), identity=pl.coalesce(identity, own).hash())
    of_row = pl.struct(key=_hashed(pl.when(pl.col("part") != "").then(row)), identity=part.hash())
    none = pl.lit([], pl.List(pl.Struct({"key": pl.UInt64, "identity": pl.UInt64})))
    held = pl.concat_list(
        pl.when(struct.struct.field("key").is_not_null()).then(pl.concat_list(struct)).otherwise(none)
        for struct in (of_delivery, of_row)
    )
    return frame.with_columns(exclusive=held, child_row=pl.when(pl.col("role") == "contact").then(row))


def _hashed(text: pl.Expr) -> pl.Expr:
    return pl.when(text.is_not_null()).then(text.hash())
