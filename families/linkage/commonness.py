"""How common a forename is among those who might bear a surname: communities, and so namesakes, share forenames.

`Kajal Patel` is far less rare than the shares of `Kajal` and of `Patel` say. Which forenames belong together is read
off the records: from the other forenames of a surname, over the surnames these occur with, back to forenames.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import csr_array

OFTEN = 5  # people of a forename, from which it tells something of others
MORE_PEOPLE = 1000  # stand beside those known, so that names of few records are not held to be common
PRIOR = 2.0  # people of any surname that stand beside those of this one
AT_ONCE = 4000  # surnames


def forename_shares(people: pl.DataFrame) -> pl.DataFrame:
    """For each `forename` and `surname` the share of the forename among those who might have the surname."""
    cells = people.group_by("forename", "surname").len().sort("surname", "forename")
    everyone = float(cells["len"].sum() + MORE_PEOPLE)
    overall = cells.group_by("forename").agg(pl.col("len").sum().alias("people")).sort("forename")
    told = overall.filter(pl.col("people") >= OFTEN).with_row_index("column")
    surnames = cells.group_by("surname").agg(pl.col("len").sum().alias("people")).sort("surname").with_row_index("line")
    placed = cells.join(surnames.select("surname", "line"), on="surname").join(
        told.select("forename", "column"), on="forename"
    )
    placed = placed.sort("line", "column")
    if placed.is_empty():
        walked = placed.select("forename", "surname", walk=pl.lit(0.0))
    else:
        walked = placed.select("forename", "surname").with_columns(
            walk=pl.Series(_walk(placed, surnames["people"].to_numpy(), told["people"].to_numpy()))
        )
    whole = (
        cells.join(walked, on=["forename", "surname"], how="left")
        .join(overall, on="forename")
        .join(surnames.select("surname", of_surname="people"), on="surname")
    )
    share = pl.col("people") / everyone
    others = pl.col("of_surname") - pl.col("len")
    community = (others * pl.col("walk").fill_null(share) + PRIOR * share) / (others + PRIOR)
    return whole.select("forename", "surname", forename_share=pl.max_horizontal(share, community)).sort(
        "surname", "forename"
    )


def _walk(placed: pl.DataFrame, of_surname: np.ndarray, of_forename: np.ndarray) -> np.ndarray:
    """For each cell the share of its forename that the other forenames of its surname lead to."""
    line, column = placed["line"].to_numpy().astype(np.int64), placed["column"].to_numpy().astype(np.int64)
    counts = csr_array(
        (placed["len"].to_numpy().astype(np.float64), (line, column)), shape=(len(of_surname), len(of_forename))
    )
    by_surname = csr_array(counts.multiply((1.0 / np.maximum(of_surname, 1.0))[:, None]))
    by_forename = csr_array(counts.multiply((1.0 / np.maximum(of_forename, 1.0))[None, :]))
    beside = (by_forename.T @ by_surname).toarray()
    out = np.zeros(len(line))
    for first in range(0, len(of_surname), AT_ONCE):
        rows = slice(*np.searchsorted(line, [first, first + AT_ONCE]))
        led_to = by_surname[first : first + AT_ONCE] @ beside
        at, name = line[rows] - first, column[rows]
        own = np.asarray(by_surname[line[rows], name]).ravel()
        others = np.maximum(1.0 - own, 1e-9)
        out[rows] = np.where(own < 1.0, (led_to[at, name] - own * beside[name, name]) / others, 0.0)
    return np.clip(out, 0.0, 1.0)
