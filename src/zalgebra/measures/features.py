"""The border of the measures: anything in, checked rows of features in float64 out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from zalgebra.algebra._arrays import to_numpy
from zalgebra.types import Array, BadInput

__all__ = ["Features", "blocks", "labels_of", "rows", "two_sets"]

Features = Callable[[Any], Array]

BLOCK = 2**20  # entries of a block of distances: 8 MiB in float64


def rows(x: Array, name: str, /, *, features: Features | None = None, least: int = 2) -> np.ndarray:
    """Features ``(n, D)`` in float64 of the items ``x``: ``features(x)``, or ``x`` itself."""
    found = to_numpy(x if features is None else features(x))
    if found.dtype.kind not in "fiub" or found.ndim < 1:
        raise BadInput(
            f"`{name}` must be real numbers of shape (n, D), got {found.dtype} of {found.shape}"
        )
    if len(found) < least:
        raise BadInput(f"`{name}` must have at least {least} items, got {len(found)}")
    if found.size == 0:
        raise BadInput(f"`{name}` has no features, its shape is {found.shape}")
    flat = found.reshape(len(found), -1).astype(np.float64)
    if not np.isfinite(flat).all():
        raise BadInput(
            f"`{name}` must be finite, got {int((~np.isfinite(flat)).sum())} that are not"
        )
    return flat


def two_sets(
    real: Array, generated: Array, features: Features | None, /, *, least: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Features of both sets, of one width."""
    x = rows(real, "real", features=features, least=least)
    y = rows(generated, "generated", features=features, least=least)
    if x.shape[1] != y.shape[1]:
        raise BadInput(
            f"both sets must have as many features, got {x.shape[1]} (real) "
            f"and {y.shape[1]} (generated)"
        )
    return x, y


def labels_of(labels: Any, name: str, /, n: int | None = None) -> np.ndarray:
    """Labels ``(n,)`` as integers 0, 1, ... in the order of their values."""
    found = to_numpy(labels)
    if found.ndim != 1 or (n is not None and len(found) != n):
        wanted = "(n,)" if n is None else f"({n},)"
        raise BadInput(f"`{name}` must have shape {wanted}, got {found.shape}")
    return np.unique(found, return_inverse=True)[1]


def blocks(n: int, width: int, /) -> list[slice]:
    """Slices of ``n`` rows such that a block of rows times ``width`` stays in bounded memory."""
    step = max(1, BLOCK // max(1, width))
    return [slice(i, min(n, i + step)) for i in range(0, n, step)]
