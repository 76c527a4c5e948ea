"""Names as they can be compared: upper case, no accents, titles, hyphens or apostrophes; placeholders are missing.

Vectorised polars expressions; nothing here knows of sources or decides who is who. Short forms and spellings of
forenames: data/reference/nicknames.csv (from the sdglinkage package of Public Health Wales, MIT, with common
British short forms and transliterations added).
"""

from __future__ import annotations

from functools import cache

import polars as pl

from families.reference import REFERENCE

TITLES = r"^(?:MR|MRS|MISS|MS|MX|DR|REV|PROF|SIR|LADY|MASTER|MSTR)\s+"
SUFFIXES = r"\s+(?:JNR|JUNIOR|SNR|SENIOR|JR|SR)$"
PREFIXES = r"\b(MC|MAC|O|DE|DI|DA|DU|DEL|DER|DEN|LE|LA|DELA|VAN|VANDER|VANDEN|VON|AL|EL|ABU|BIN|BINT|ST|FITZ)\s+(\p{L})"
PLACEHOLDERS = (
    *("UNKNOWN", "NOT KNOWN", "NOTKNOWN", "NK", "NA", "N A", "NONE", "NULL", "TEST", "TBC", "TBA", "X", "XX", "XXX"),
    *("BABY", "INFANT", "CHILD", "MALE", "FEMALE", "MOTHER", "FATHER", "MUM", "DAD", "PARENT", "GUARDIAN", "CARER"),
    *("OCCUPIER", "THE OCCUPIER", "OWNER", "THE OWNER", "RESIDENT", "TENANT", "LANDLORD", "EXECUTORS", "ESTATE"),
    *("MR", "MRS", "MISS", "MS", "NO NAME", "NO FORENAME", "NO SURNAME", "UNNAMED", "WITHHELD", "ANON", "NOT GIVEN"),
)


def plain(text: pl.Expr) -> pl.Expr:
    """Upper case letters and single spaces only; accents folded, apostrophes dropped, hyphens to spaces."""
    folded = text.str.normalize("NFKD").str.to_uppercase().str.replace_all(r"\p{M}", "")
    folded = folded.str.replace_all("Ø", "O").str.replace_all("Ł", "L").str.replace_all("ß", "SS")
    joined = folded.str.replace_all(r"['’‘`´.]", "")
    spaced = joined.str.replace_all(r"[^\p{L}]+", " ").str.strip_chars()
    return blank_is_null(spaced)


def blank_is_null(text: pl.Expr) -> pl.Expr:
    """Nothing where the text is empty."""
    return pl.when(text.str.len_chars() > 0).then(text)


def real(text: pl.Expr) -> pl.Expr:
    """The text, unless it only holds a place for one: UNKNOWN, BABY, THE OCCUPIER."""
    return pl.when(~text.is_in(list(PLACEHOLDERS))).then(text)


def normal_forenames(text: pl.Expr) -> pl.Expr:
    """All given forenames in order, without title: `ANNE MARIE`."""
    return real(blank_is_null(plain(text).str.replace(TITLES, "").str.replace(SUFFIXES, "")))


def first_forename(forenames: pl.Expr) -> pl.Expr:
    """The first forename; an initial only where nothing longer follows (`J PETER` is known as Peter)."""
    words = forenames.str.split(" ")
    first = words.list.get(0, null_on_oob=True)
    second = words.list.get(1, null_on_oob=True)
    return pl.when((first.str.len_chars() == 1) & (second.str.len_chars() > 1)).then(second).otherwise(first)


def surname_words(text: pl.Expr) -> pl.Expr:
    """The parts of a surname, prefixes joined to what follows: `OBRIEN`, `MCDONALD`, `SMITH JONES`."""
    cleaned = plain(text).str.replace(TITLES, "").str.replace(SUFFIXES, "")
    joined = cleaned
    for _ in range(2):  # VAN DER BERG: the first pass joins VANDER
        joined = joined.str.replace_all(PREFIXES, "${1}${2}")
    return real(blank_is_null(joined.str.replace_all(r"\bMAC(\p{L}{4,})", "MC${1}")))


def normal_surname(text: pl.Expr) -> pl.Expr:
    """One key for a surname; the parts of a double-barrelled one in alphabetical order, so that either order agrees."""
    return surname_words(text).str.split(" ").list.sort().list.join("")


def surname_parts(text: pl.Expr) -> pl.Expr:
    """Parts of a surname long enough to stand for it alone; a list."""
    return surname_words(text).str.split(" ").list.eval(pl.element().filter(pl.element().str.len_chars() > 2))


@cache
def nicknames() -> pl.DataFrame:
    """Pairs of forenames that may name one person, both ways round: `forename`, `variant`."""
    listed = pl.read_csv(REFERENCE / "nicknames.csv").with_columns(pl.col("variants").str.split(" "))
    one_way = listed.explode("variants", empty_as_null=False).rename({"variants": "variant"})
    other_way = one_way.select(forename="variant", variant="forename")
    return pl.concat([one_way, other_way]).unique().sort("forename", "variant")
