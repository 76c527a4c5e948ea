"""Names as search compares them: lower case, without accents or strokes, one kind of apostrophe, single spaces.

Columns and what a person types are folded alike.
"""

from __future__ import annotations

import re

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


_PARTS = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def search_words(words: str) -> list[str]:
    """What is looked for in a text, word by word, as the index of words has it; wildcards are letters of no word."""
    return list(dict.fromkeys(part.replace("'", "") for part in _PARTS.findall(fold(words))))


def indexed_words(folded_words: str) -> list[str]:
    """The words under which a folded name or address is found.

    Without apostrophes and with what follows them alone; each part of a double name and the parts as one; Mc as Mac.
    """
    parts = _PARTS.findall(folded_words)
    joined = ["".join(_PARTS.findall(name)) for name in folded_words.split(" ") if "-" in name]
    after = [part.rpartition("'")[2] for part in parts if "'" in part]
    plain = [word.replace("'", "") for word in (*parts, *joined, *after)]
    return list(dict.fromkeys([*plain, *(_other_spelling(word) for word in plain)]))


def _other_spelling(word: str) -> str:
    """Mc for Mac at the beginning of a name, and the other way round."""
    if word.startswith("mac"):
        return "mc" + word.removeprefix("mac")
    return "mac" + word.removeprefix("mc") if word.startswith("mc") else word
