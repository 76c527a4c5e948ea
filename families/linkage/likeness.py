"""How alike two texts are, for columns of pairs: Jaro-Winkler, from 0 to 1, and Damerau-Levenshtein, in edits."""

from __future__ import annotations

import duckdb
import polars as pl


def likeness(pairs: pl.DataFrame, left: str, right: str, *, name: str = "likeness") -> pl.DataFrame:
    """The pairs with Jaro-Winkler likeness (`name`) and edits (`name`_edits) of two columns; nothing where one is."""
    distinct = pairs.select(a=left, b=right).drop_nulls().unique().sort("a", "b")
    measured = _measure(distinct).rename({"a": left, "b": right, "alike": name, "edits": f"{name}_edits"})
    return pairs.join(measured, on=[left, right], how="left", maintain_order="left")


def _measure(distinct: pl.DataFrame) -> pl.DataFrame:
    if distinct.is_empty():
        return distinct.with_columns(alike=pl.lit(None, pl.Float64), edits=pl.lit(None, pl.Int64))
    with duckdb.connect(":memory:") as con:
        con.execute("set threads = 1; set temp_directory = ''")  # never spills: these are names in clear
        con.register("pairs", distinct.to_arrow())
        query = "select a, b, jaro_winkler_similarity(a, b) alike, damerau_levenshtein(a, b) edits from pairs"
        return pl.DataFrame(con.execute(query).to_arrow_table()).with_columns(pl.col("edits").cast(pl.Int64))
