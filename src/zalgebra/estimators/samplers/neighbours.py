"""The nearest items of the same class, in the latent space."""

from __future__ import annotations

import numpy as np

__all__ = ["nearest", "neighbours"]


def neighbours(Z: np.ndarray, k: int, /) -> np.ndarray:
    """Row numbers ``(n, k)`` of the k nearest others of each row of ``(n, D)``, nearest first.

    Where there are fewer than k others, k shrinks to ``n - 1``. An item is never its own
    neighbour, though its double may be.

    Examples
    --------
    >>> neighbours(np.array([[0.0], [1.0], [3.0], [3.0]]), 2).tolist()
    [[1, 2], [0, 2], [3, 1], [2, 1]]
    """
    from sklearn.neighbors import NearestNeighbors

    k = min(k, len(Z) - 1)
    if k < 1:
        return np.zeros((len(Z), 0), dtype=np.int64)
    # Asked without rows, it leaves each item out of its own list, also among doubles.
    return NearestNeighbors(n_neighbors=k).fit(Z).kneighbors(return_distance=False)


def nearest(Z: np.ndarray, to: np.ndarray, /) -> np.ndarray:
    """Of each row of ``to`` ``(m, D)``, the number of the nearest row of ``Z`` ``(n, D)``."""
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=1).fit(Z).kneighbors(to, return_distance=False)
    return found[:, 0]
