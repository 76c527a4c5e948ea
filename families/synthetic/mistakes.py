"""How an agency holds a person: the truth with that agency's own errors, at the rates of `rates.MISTAKES`.

`as_held` draws every error once per row given, so a source that repeats what it holds (a school's system feeding each
census) passes each person once and repeats the result. `errors` multiplies every rate.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from families.synthetic import names, rates
from families.synthetic.schooling import check_letter
from families.synthetic.streams import Array, stream
from families.synthetic.world import World

_SHORT = {
    "ROAD": "RD", "CLOSE": "CL", "AVENUE": "AVE", "DRIVE": "DR", "STREET": "ST", "LANE": "LN", "CRESCENT": "CRES",
    "GARDENS": "GDNS", "COURT": "CT", "GROVE": "GRV", "PLACE": "PL",
}  # fmt: skip


def as_held(
    world: World, rows: pl.DataFrame, *, source: str, upn_errors: bool = True, moves: bool = True
) -> pl.DataFrame:
    """The rows (person, home) with names, birth day, UPN and address as the source holds them.

    Adds forename, middle_names, surname, sex, born (a day number or null), upn, saon, paon, street, locality, town,
    postcode, uprn (of the home stated) and stated_home. Row order is kept.
    """
    rng = stream(world.seed, "held", source)
    held = rows.join(world.named, on="person", how="left", maintain_order="left")
    held = _names(rng, held, world.errors)
    held = _birth(rng, held, world.errors)
    held = _identifiers(rng, held, world.errors if upn_errors else 0.0)
    return _addresses(rng, held, world, moves=moves)


def _hits(
    rng: np.random.Generator, held: pl.DataFrame, error: str, errors: float, *, among: pl.Series | None = None
) -> Array:
    """The rows on which an error falls; its rate is over all rows even where only some can have it."""
    rate = rates.MISTAKES[error] * errors
    dice = rng.random(held.height)
    if among is None:
        return dice < rate
    able = among.to_numpy()
    share = max(float(able.mean()), 1e-9) if len(able) else 1.0
    return able & (dice < min(0.9, rate / share))


def _names(rng: np.random.Generator, held: pl.DataFrame, errors: float) -> pl.DataFrame:
    forms = names.other_forms()
    forename = held["forename"].to_numpy().astype(object)
    surname = held["surname"].to_numpy().astype(object)
    has_form = held["forename"].is_in(list(forms))
    for row in np.flatnonzero(_hits(rng, held, "forename_form", errors, among=has_form)).tolist():
        choices = forms[forename[row]]
        forename[row] = choices[int(rng.integers(0, len(choices)))]
    other = held["other_surname"]
    hits = _hits(rng, held, "other_surname", errors, among=other != held["surname"])
    surname[hits] = other.to_numpy()[hits]
    hits = np.flatnonzero(_hits(rng, held, "name_typing", errors))
    in_forename = rng.random(len(hits)) < 0.5
    forename[hits[in_forename]] = mistyped(rng, forename[hits[in_forename]])
    surname[hits[~in_forename]] = mistyped(rng, surname[hits[~in_forename]])
    _reorder(rng, forename, surname, _hits(rng, held, "name_order", errors))
    return held.with_columns(forename=pl.Series(forename, dtype=pl.String), surname=pl.Series(surname, dtype=pl.String))


def _reorder(rng: np.random.Generator, forename: Array, surname: Array, hits: Array) -> None:
    """A double surname reversed or without its hyphen; otherwise forename and surname swapped."""
    for row in np.flatnonzero(hits).tolist():
        first, _, second = str(surname[row]).partition("-")
        if second:
            surname[row] = f"{second}-{first}" if rng.random() < 0.5 else f"{first} {second}"
        else:
            forename[row], surname[row] = surname[row], forename[row]


def mistyped(rng: np.random.Generator, words: Array) -> Array:
    """Each word with one slip: two letters swapped, one dropped, doubled or replaced, or misread by a scanner."""
    if not len(words):
        return words
    length = np.array([len(word) for word in words.tolist()])
    frame = pl.DataFrame(
        {
            "word": pl.Series(words, dtype=pl.String),
            "at": 1 + (rng.random(len(words)) * np.maximum(length - 2, 1)).astype(np.int64),
            "kind": rng.integers(0, 5, len(words)),
            "letter": np.array(list("aeiounrstlmd"))[rng.integers(0, 12, len(words))],
        }
    )
    word, at = pl.col("word"), pl.col("at")
    before, here, after = word.str.slice(0, at), word.str.slice(at, 1), word.str.slice(at + 1)
    swapped = pl.concat_str(word.str.slice(0, at - 1), here, word.str.slice(at - 1, 1), after)
    scanned = (
        word.str.replace("rn", "m", literal=True)
        .str.replace("ll", "li", literal=True)
        .str.replace("cl", "d", literal=True)
        .str.replace("e", "c", literal=True)
    )
    out = frame.select(
        pl.when(pl.col("word").str.len_chars() < 3)
        .then(word + pl.col("letter"))
        .when(pl.col("kind") == 0)
        .then(swapped)
        .when(pl.col("kind") == 1)
        .then(before + after)
        .when(pl.col("kind") == 2)
        .then(before + here + here + after)
        .when(pl.col("kind") == 3)
        .then(before + pl.col("letter") + after)
        .otherwise(scanned)
    ).to_series()
    return out.to_numpy().astype(object)


def _birth(rng: np.random.Generator, held: pl.DataFrame, errors: float) -> pl.DataFrame:
    born = held["born"].to_numpy().astype("datetime64[D]")
    month = born.astype("datetime64[M]")
    day_of_month = (born - month).astype(int) + 1
    month_of_year = month.astype(int) % 12 + 1
    year = born.astype("datetime64[Y]")
    hits = _hits(rng, held, "birth_digits", errors)
    swaps = (day_of_month <= 12) & (day_of_month != month_of_year) & (rng.random(held.height) < 0.6)
    swapped = (year.astype("datetime64[M]") + (day_of_month.clip(1, 12) - 1)).astype("datetime64[D]") + (
        month_of_year - 1
    )
    slip = np.array([-1, 1, 2, -365, 365, -3652, 31, -30])[rng.integers(0, 8, held.height)]
    out = np.where(hits, np.where(swaps, swapped, born + slip), born).astype("datetime64[D]")
    placeholder = _hits(rng, held, "birth_placeholder", errors)
    is_1900 = rng.random(held.height) < 0.4
    out = np.where(placeholder, np.where(is_1900, np.datetime64("1900-01-01", "D"), year.astype("datetime64[D]")), out)
    missing = _hits(rng, held, "birth_missing", errors)
    days = pl.Series("born", out.astype("datetime64[D]").astype(np.int64))
    sex_wrong = _hits(rng, held, "sex_wrong", errors)
    sex = held["sex"].to_numpy().astype(object)
    sex[sex_wrong] = np.where(sex[sex_wrong] == "M", "F", "M")
    return held.with_columns(
        born=pl.when(pl.Series(missing)).then(None).otherwise(days), sex=pl.Series(sex, dtype=pl.String)
    )


def _identifiers(rng: np.random.Generator, held: pl.DataFrame, errors: float) -> pl.DataFrame:
    """A UPN missing, or a temporary one in its place."""
    hits = _hits(rng, held, "upn_missing", errors)
    upn = held["upn"].to_numpy().astype(object)
    temporary = hits & (upn != "") & (rng.random(held.height) < 0.4)
    upn[hits] = ""
    rows = np.flatnonzero(temporary)
    digits = rng.integers(0, 10, (len(rows), 12))
    digits[:, :3] = [8, 8, 1]
    digits[:, 11] = rng.integers(0, 23, len(rows))
    letters = np.array(list("ABCDEFGHJKLMNPQRTUVWXYZ"))
    upn[rows] = [
        f"{first}{''.join(map(str, number[:11]))}{letters[number[11]]}"
        for first, number in zip(check_letter(digits), digits.tolist(), strict=True)
    ]
    return held.with_columns(upn=pl.Series(upn, dtype=pl.String))


def _addresses(rng: np.random.Generator, held: pl.DataFrame, world: World, *, moves: bool) -> pl.DataFrame:
    errors = world.errors
    held = held.join(world.previous, on="person", how="left", maintain_order="left")
    able = held["old_home"].is_not_null() & (held["old_home"] != held["home"]).fill_null(False)
    old = _hits(rng, held, "old_address", errors if moves else 0.0, among=able)
    held = held.with_columns(stated_home=pl.when(pl.Series(old)).then("old_home").otherwise("home")).join(
        world.places, left_on="stated_home", right_on="home", how="left", maintain_order="left"
    )
    return distort_addresses(rng, held, errors=errors).drop("old_home", "other_surname")


def distort_addresses(rng: np.random.Generator, held: pl.DataFrame, *, errors: float) -> pl.DataFrame:
    """Addresses in another form, without their unit, mistyped, with a wrong postcode or none."""
    has_unit = held["saon"] != ""
    unit_missing = has_unit.to_numpy() & (rng.random(held.height) < rates.MISTAKES["unit_missing"] * errors)
    form = _hits(rng, held, "address_form", errors)
    style = rng.integers(0, 4, held.height)
    street = held["street"].to_numpy().astype(object)
    paon = held["paon"].to_numpy().astype(object)
    typing = _hits(rng, held, "street_typing", errors)
    in_number = typing & (rng.random(held.height) < 0.4) & held["paon"].str.contains(r"^\d+$").to_numpy()
    in_street = np.flatnonzero(typing & ~in_number)
    street[in_street] = [w.upper() for w in mistyped(rng, street[in_street]).tolist()]
    rows = np.flatnonzero(in_number)
    paon[rows] = [
        str(abs(int(n) + s) or 1) for n, s in zip(paon[rows], rng.choice([-2, 2, 10, -10, 1], len(rows)), strict=True)
    ]
    wrong = _hits(rng, held, "postcode_wrong", errors)
    missing = _hits(rng, held, "postcode_missing", errors)
    letter = np.array(list("ABDEFGHJLNPQRSTUWXYZ"))[rng.integers(0, 20, held.height)]
    held = held.with_columns(
        street=pl.Series(street, dtype=pl.String),
        paon=pl.Series(paon, dtype=pl.String),
        saon=pl.when(pl.Series(unit_missing)).then(pl.lit("")).otherwise("saon"),
        postcode=pl.when(pl.Series(missing))
        .then(pl.lit(""))
        .when(pl.Series(wrong))
        .then(pl.col("postcode").str.head(-1) + pl.Series(letter))
        .otherwise("postcode"),
        form=pl.Series(np.where(form, style, -1)),
    )
    word = pl.col("street").str.extract(r"(\S+)$", 1)
    short = pl.concat_str(pl.col("street").str.replace(r"\S+$", ""), word.replace(_SHORT))
    unit = pl.col("saon").str.replace("^FLAT ", "")
    styled, numbered = pl.col("form"), ~is_named_building()
    return held.with_columns(
        street=pl.when(styled.is_in([0, 1])).then(short).otherwise("street"),
        saon=pl.when((pl.col("saon") != "") & (styled == 1))
        .then(pl.lit("APT ") + unit)
        .when((pl.col("saon") != "") & (styled == 2))
        .then(unit)
        .when((pl.col("saon") != "") & (styled == 3) & numbered)
        .then(pl.lit(""))
        .otherwise("saon"),
        paon=pl.when((pl.col("saon") != "") & (styled == 3) & numbered)
        .then(unit + pl.lit("/") + pl.col("paon"))
        .otherwise("paon"),
        locality=pl.when(styled == 2).then(pl.lit("")).otherwise("locality"),
    )


def one_line(*, with_town: bool = True) -> pl.Expr:
    """The address without postcode as one line, as held: form 0 in capitals, 1 without commas, others as usual."""
    parts = ["saon", "paon_street", "locality", *(["town"] if with_town else [])]
    whole = pl.concat_str(
        [pl.when(pl.col(part) != "").then(pl.col(part) + ", ").otherwise(pl.lit("")) for part in parts]
    ).str.strip_suffix(", ")
    titled = whole.str.to_titlecase().str.replace_all("'S", "'s", literal=True)
    return (
        pl.when(pl.col("form") == 0)
        .then(whole)
        .when(pl.col("form") == 1)
        .then(titled.str.replace_all(", ", " ", literal=True))
        .otherwise(titled)
    )


def is_named_building() -> pl.Expr:
    """Whether the primary name is a name: Kings House, not 14."""
    return pl.col("paon").str.contains(r"^[A-Z ]+$")


def first_lines(*, between: str) -> tuple[pl.Expr, pl.Expr]:
    """First and second line of an address: a named building has a line to itself, and the street the next."""
    unit = pl.when(pl.col("saon") != "").then(pl.col("saon") + between).otherwise(pl.lit(""))
    whole = pl.concat_str(unit, "paon", pl.lit(" "), "street")
    first = pl.when(is_named_building()).then(pl.concat_str(unit, "paon")).otherwise(whole)
    return first, pl.when(is_named_building()).then("street").otherwise("locality")


def with_lines(held: pl.DataFrame) -> pl.DataFrame:
    """Adds `paon_street` and the single line `address`."""
    joint = pl.when(is_named_building()).then(pl.lit(", ")).otherwise(pl.lit(" "))
    return held.with_columns(paon_street=pl.concat_str(pl.col("paon"), joint, pl.col("street"))).with_columns(
        address=one_line()
    )
