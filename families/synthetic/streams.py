"""Random numbers by name: each part of the simulation draws from its own stream, so that one cannot disturb another."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

EPOCH = np.datetime64("1970-01-01", "D")


def stream(seed: int, *name: str) -> np.random.Generator:
    """The generator of one named part; the same seed and name give the same numbers on every machine."""
    return np.random.default_rng([seed, *(zlib.crc32(word.encode()) for word in name)])


def pick(score: Array, share: float, *, at_least: int = 0) -> Array:
    """Marks the `share` of rows with the highest score (`at_least` so many), which fixes a rate exactly."""
    count = min(len(score), max(at_least, round(share * len(score))))
    chosen = np.zeros(len(score), dtype=bool)
    if count:
        chosen[np.argsort(-score, kind="stable")[:count]] = True
    return chosen


def draw(rng: np.random.Generator, weights: Array, size: int) -> Array:
    """Indices drawn with the given weights."""
    edges = np.cumsum(np.asarray(weights, dtype=float))
    place: Array = np.searchsorted(edges, rng.random(size) * edges[-1], side="right")
    return place.clip(0, len(edges) - 1)


def mix(rng: np.random.Generator, latent: Array, weight: float) -> Array:
    """A standard score that shares `weight` of its spread with `latent` and draws the rest afresh."""
    mixed: Array = weight * latent + np.sqrt(1 - weight**2) * rng.standard_normal(len(latent))
    return mixed
