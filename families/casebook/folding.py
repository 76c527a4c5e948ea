"""Names as search compares them: lower case, without accents or strokes, one kind of apostrophe, single spaces.

Once for a column, once for what a person types; a test holds the two alike.
"""

from __future__ import annotations

import unicodedata

import polars as pl

# Letters that no decomposition takes apart: Łukasz is found by lukasz, O’Neill by o'neill.
LETTERS = {"đ": "d", "ł": "l", "ø": "o", "ħ": "h", "ı": "i", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss"}
LETTERS |= dict.fromkeys("’‘`´ʼ", "'") | dict.fromkeys("‐‑–—", "-")


def fold(words: str) -> str:
    """What a person typed, folded."""
    letters = unicodedata.normalize("NFKD", words.encode("utf-8", "ignore").decode("utf-8"))
    plain = "".join(letter for letter in letters if not unicodedata.category(letter).startswith("M"))
    plain = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in plain.lower())
    return " ".join("".join(LETTERS.get(letter, letter) for letter in plain).split())


def folded(words: pl.Expr) -> pl.Expr:
    """A column of names, folded."""
    plain = words.str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()
    plain = plain.str.replace_all(r"\p{Cc}", " ").str.replace_many(LETTERS)
    return plain.str.replace_all(r"\s+", " ").str.strip_chars()
