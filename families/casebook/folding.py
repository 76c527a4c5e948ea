"""Names as search compares them: lower case, without accents or strokes, one kind of apostrophe, single spaces.

Columns and what a person types are folded alike.
"""

from __future__ import annotations

import polars as pl

# Letters that no decomposition takes apart: Łukasz is found by lukasz, O’Neill by o'neill.
LETTERS = {"đ": "d", "ł": "l", "ø": "o", "ħ": "h", "ı": "i", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss"}
LETTERS |= dict.fromkeys("’‘`´ʼ", "'") | dict.fromkeys("‐‑–—", "-")


def fold(words: str) -> str:
    """What a person typed, folded by the very engine that folds columns: Python knows another edition of Unicode."""
    whole = words.encode("utf-8", "ignore").decode("utf-8")
    return str(pl.select(folded(pl.lit(whole))).item())


def folded(words: pl.Expr) -> pl.Expr:
    """A column of names, folded."""
    plain = words.str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()
    plain = plain.str.replace_all(r"\p{Cc}", " ").str.replace_many(LETTERS)
    return plain.str.replace_all(r"\s+", " ").str.strip_chars()
