"""The graph of nearest neighbours as a sparse matrix: what its edges cost, and its parts joined."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.neighbors import NearestNeighbors

__all__ = ["TINY", "joined", "powered"]

TINY = np.finfo(float).tiny  # for edges between equal latents: a sparse matrix forgets zeros


def powered(distances: Any, power: float, /) -> sparse.csr_array:
    """What the edges cost."""
    costs = sparse.csr_array(distances, copy=True)
    costs.data = np.maximum(costs.data**power, TINY)
    return costs


def joined(x: np.ndarray, distances: Any, /) -> tuple[Any, int]:
    """The graph with its parts joined by the shortest edges between them (Borůvka's rounds)."""
    added = 0
    while True:
        parts, label = connected_components(distances, directed=False)
        if parts == 1:
            return distances, added
        edges = set()
        for part in range(parts):
            inside, outside = (np.flatnonzero(label == part), np.flatnonzero(label != part))
            far, near = NearestNeighbors(n_neighbors=1).fit(x[outside]).kneighbors(x[inside])
            i = int(far.argmin())
            pair = sorted((int(inside[i]), int(outside[near[i, 0]])))
            edges.add((*pair, float(far[i, 0])))
        rows, columns, values = map(np.array, zip(*edges, strict=True))
        values = np.maximum(values, TINY)
        bridge = sparse.csr_array((values, (rows, columns)), shape=distances.shape)
        distances, added = distances.maximum(bridge + bridge.T), added + len(edges)
