"""Checks numbers that name a person, a place or a school; by arithmetic where there is a check digit, else by form.

Each rule is a polars expression over a column of texts, with a scalar twin of the same name for one value. A failed
check says that a value is doubtful, never that the person does not exist.
Sources: DfE CBDS and UPN guidance (letter values, weights 2 to 13, modulo 23); Learning Records Service (ULN, modulo
11); NHS Data Dictionary (NHS number, modulo 11); HMRC NIM39110 (NINO); GovTalk Bulk Data Transfer (postcode).
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

CHECK_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"  # no I, O or S; the position is the value
UPN_FORM = r"^[A-HJ-NP-RT-Z][0-9]{11}[0-9A-HJ-NP-RT-Z]$"
UPN_LIKE = r"^[A-Z][0-9]{11}[0-9A-Z]$"
NINO_FORM = r"^[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][0-9]{6}[A-D]?$"
NINO_NEVER_ISSUED = r"^(BG|GB|KN|NK|NT|TN|ZZ)"
POSTCODE_FORM = (
    r"^(GIR ?0AA|([A-Z][0-9]{1,2}|[A-Z][A-HJ-Y][0-9]{1,2}|[A-Z][0-9][A-Z]|[A-Z][A-HJ-Y][0-9][A-Z]?)\s?[0-9][A-Z]{2})$"
)
SCIENTIFIC = r"^[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+$"
_LETTER_VALUES = {letter: value for value, letter in enumerate(CHECK_LETTERS)}
_CHARACTER_VALUES = _LETTER_VALUES | {str(digit): digit for digit in range(10)}


def upn(text: pl.Expr) -> pl.Expr:
    """A UPN upper-cased and without spaces; blank becomes null."""
    return _blank_to_null(text.str.to_uppercase().str.replace_all(r"\s", ""))


def is_upn_formed(normalised: pl.Expr) -> pl.Expr:
    """Whether a normalised text looks like a UPN: a letter, eleven digits, a digit or letter."""
    return normalised.str.contains(UPN_LIKE).fill_null(False)


def is_valid_upn(normalised: pl.Expr) -> pl.Expr:
    """Whether a normalised UPN, permanent or temporary, has its right check letter."""
    total = sum(
        (_value(normalised, place, _CHARACTER_VALUES) * weight for place, weight in enumerate(range(2, 14), 1)),
        start=pl.lit(0),
    )
    return (normalised.str.contains(UPN_FORM) & (total % 23 == _value(normalised, 0, _LETTER_VALUES))).fill_null(False)


def is_temporary_upn(normalised: pl.Expr) -> pl.Expr:
    """Whether a normalised UPN is temporary: its last character is a letter."""
    return normalised.str.contains(r"^[A-Z][0-9]{11}[A-Z]$").fill_null(False)


def digits(text: pl.Expr) -> pl.Expr:
    """An identifier of digits without spaces, hyphens and the `.0` a spreadsheet leaves; blank becomes null."""
    return _blank_to_null(text.str.replace_all(r"[\s-]", "").str.replace(r"\.0+$", ""))


def is_valid_uln(normalised: pl.Expr) -> pl.Expr:
    """Whether ten digits are a Unique Learner Number: 10 less the weighted sum modulo 11; 0 is never issued."""
    remainder = _weighted(normalised) % 11
    formed = normalised.str.contains(r"^[1-9][0-9]{9}$") & (normalised != "9999999999")
    return (formed & (remainder != 0) & (_digit(normalised, 9) == 10 - remainder)).fill_null(False)


def is_valid_nhs_number(normalised: pl.Expr) -> pl.Expr:
    """Whether ten digits are an NHS number: 11 less the weighted sum modulo 11, 11 counting as 0, 10 never issued."""
    check = (11 - _weighted(normalised) % 11) % 11
    formed = normalised.str.contains(r"^[0-9]{10}$") & (normalised != "0000000000")
    return (formed & (_digit(normalised, 9) == check)).fill_null(False)


def nino(text: pl.Expr) -> pl.Expr:
    """A National Insurance number upper-cased and without spaces; blank becomes null."""
    return upn(text)


def is_valid_nino(normalised: pl.Expr) -> pl.Expr:
    """Whether a normalised text has the form of a NINO; the suffix letter may be missing."""
    return (normalised.str.contains(NINO_FORM) & ~normalised.str.contains(NINO_NEVER_ISSUED)).fill_null(False)


def postcode(text: pl.Expr) -> pl.Expr:
    """A postcode in upper case with one space before its last three characters where the form is right.

    Anything else is kept as delivered, upper-cased, with its spaces squeezed.
    """
    squeezed = _blank_to_null(text.str.to_uppercase().str.replace_all(r"\s+", " ").str.strip_chars())
    packed = squeezed.str.replace_all(" ", "")
    spaced = pl.concat_str(packed.str.head(-3), pl.lit(" "), packed.str.tail(3))
    return pl.when(packed.str.contains(POSTCODE_FORM)).then(spaced).otherwise(squeezed)


def is_valid_postcode(text: pl.Expr) -> pl.Expr:
    """Whether a text has the form of a postcode, in any case, with at most one space before the last three."""
    return text.str.to_uppercase().str.contains(POSTCODE_FORM).fill_null(False)


def uprn(text: pl.Expr) -> pl.Expr:
    """A UPRN without leading zeros and `.0`; null where the form is wrong, a placeholder or in Excel notation."""
    trimmed = text.str.strip_chars().str.replace(r"\.0+$", "").str.strip_chars_start("0")
    return pl.when(trimmed.str.contains(r"^[1-9][0-9]{0,11}$") & (trimmed != "1")).then(trimmed)


def is_valid_uprn(text: pl.Expr) -> pl.Expr:
    """Whether a text has the form of a UPRN: 1 to 12 digits, not zero, perhaps with leading zeros or `.0`."""
    trimmed = text.str.strip_chars().str.replace(r"\.0+$", "").str.strip_chars_start("0")
    return trimmed.str.contains(r"^[1-9][0-9]{0,11}$").fill_null(False)


def laestab(text: pl.Expr) -> pl.Expr:
    """A school's number as 7 digits, from 8812001, 881/2001, 881 2001 or 8812001.0; null where it is not one."""
    packed = text.str.strip_chars().str.replace(r"\.0+$", "").str.replace(r"^([0-9]{3})[/ -]([0-9]{4})$", "${1}${2}")
    return pl.when(packed.str.contains(r"^[0-9]{7}$")).then(packed)


def one(rule: Callable[[pl.Expr], pl.Expr], text: str | None) -> str | bool | None:
    """The answer of a rule of this file for a single text."""
    answer = pl.select(rule(pl.lit(text, dtype=pl.String)).alias("answer")).item()
    return answer if answer is None or isinstance(answer, bool) else str(answer)


def _value(text: pl.Expr, place: int, values: dict[str, int]) -> pl.Expr:
    return text.str.slice(place, 1).replace_strict(values, default=None, return_dtype=pl.Int32)


def _digit(text: pl.Expr, place: int) -> pl.Expr:
    return text.str.slice(place, 1).cast(pl.Int32, strict=False)


def _weighted(text: pl.Expr) -> pl.Expr:
    return sum((_digit(text, place) * (10 - place) for place in range(9)), start=pl.lit(0))


def _blank_to_null(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)
