"""How a column is declared: beside its type, what it means, in what unit, how sensitive it is, how long it is kept.

Sensitivity classes: `ordinary`, `address`, `special` (UK GDPR Art 9), `criminal` (Art 10), `dwp` (Welfare Reform
Act 2012 s.131) and `key` (joins rows, means nothing by itself).
Retention classes: `run` (pruned with its run), `delivery` (with the file it came from).
"""

from __future__ import annotations

from typing import Any, TypeVar

import dataframely as dy

ColumnT = TypeVar("ColumnT", bound=dy.Column)

SENSITIVITIES = ("key", "ordinary", "address", "special", "criminal", "dwp")
RETENTIONS = ("delivery", "run")


def column(
    kind: type[ColumnT],
    label: str,
    *,
    unit: str = "",
    sensitivity: str = "ordinary",
    retention: str = "delivery",
    nullable: bool = True,
    **rules: Any,
) -> ColumnT:
    """A column of a canonical table, with the four facts every column must state."""
    return kind(
        nullable=nullable,
        metadata={"label": label, "unit": unit, "sensitivity": sensitivity, "retention": retention},
        **rules,
    )


def key(kind: type[ColumnT], label: str, *, retention: str = "delivery") -> ColumnT:
    """A column that only joins rows; never blank."""
    return column(kind, label, sensitivity="key", retention=retention, nullable=False)
